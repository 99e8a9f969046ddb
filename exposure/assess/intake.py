"""What the assessment reads of each table, and how it holds it: few columns, small types. Pure.

A million wallets have twenty million sightings and as many transfers; as text they would not fit. So addresses are
categories (a number a row; they compare, sort and join as their text does), names of clients, sessions and transactions are
64-bit hashes, since they are only matched, and what only an output needs stays in the table that it came from until the rows are
known that need it (`exact`). Two hashes that fall together by chance, one in 100,000 cases of that size, tie two sessions or
two transactions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl
import polars.selectors as cs

from exposure.assess.actions import action_frame
from exposure.assess.moves import kinds_of
from exposure.assess.reports import reported_transactions
from exposure.assess.shelf import Shelf
from exposure.incident import Incident
from exposure.logs.sessions import only_derived
from exposure.tables import TABLES

Given = Mapping[str, pl.DataFrame | pl.LazyFrame]

_ADDRESSES = ("address", "from_address", "to_address", "token_address", "transaction_from", "transaction_to")
# What this program itself writes has few values.
_WORD = pl.Categorical(pl.Categories("exposure.words", physical=pl.UInt16))
_WORDS = ("link", "standard", "kind", "reason")
# Tables that are read whole; the big ones have readers of their own, and the others are not read at all.
_SMALL = (
    *("accounts", "allowances", "approvals", "assets", "attackers", "balances"),
    *("candidates", "coverage", "delegations", "executions", "people", "secrets", "tokens", "traces", "traffic"),
)
# Of tables that have a row a wallet, what is asked for of all of them.
_NEEDED = {
    "accounts": ("chain_id", "block_number", "address", "kind", "nonce"),
    "balances": ("chain_id", "address"),
    "candidates": ("address", "reason"),
}
# Text holds no zero byte; a call's arguments are padded with them, and four bytes alone name a function.
_TEXT = (pl.col("input").str.len_bytes() > 10) & ~pl.col("input").str.contains(r"^0x(?:[0-9a-f]{2})*?00")


@dataclass(frozen=True, slots=True)
class Intake:
    """The tables as the assessment works on them, how it holds addresses, and the tables as they are stored.

    Of accounts and balances `tables` only holds whose were read (chain_id, address); `kinds` is what `kinds_of` makes of accounts.
    """

    tables: dict[str, pl.DataFrame]
    kinds: pl.DataFrame
    address: pl.DataType
    stored: dict[str, pl.LazyFrame]

    @property
    def word(self) -> pl.DataType:
        """Give how words of which there are few are held."""
        return _WORD

    def addresses(self, values: pl.Series | list[str]) -> pl.Series:
        """Hold addresses as the tables do."""
        return pl.Series("address", values, pl.String).cast(self.address)

    def encode(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Hold the addresses of a frame as the tables do."""
        return frame.with_columns(pl.col(name).cast(self.address) for name in _ADDRESSES if name in frame.columns)

    def encode_seen(self, seen: pl.LazyFrame) -> pl.LazyFrame:
        """Hold sightings that were laid down as text as the tables are held."""
        return seen.with_columns(
            pl.col("address", "action", "host", "asset_state").cast(self.address), pl.col("link").cast(_WORD)
        )

    def rows_where(self, table: str, wanted: pl.Expr) -> pl.DataFrame:
        """Read rows of a table that is too large to be held whole; `wanted` sees addresses as text."""
        return _encoded(self.stored[table].filter(wanted), self.address).collect(engine="streaming")

    def rows_of(self, table: str, wallets: pl.Series) -> pl.DataFrame:
        """Read the rows of some wallets, of a table with a column `address`."""
        return self.rows_where(table, pl.col("address").is_in(wallets.cast(pl.String).unique().implode()))

    def amounts_held(self) -> pl.DataFrame:
        """Read balances, whose exact text is "some" here where it is not "0"."""
        some = pl.when(pl.col("balance") != "0").then(pl.lit("some")).otherwise("balance")
        columns = ("chain_id", "block_number", "address", "token_address", "balance_f64")
        rows = self.stored["balances"].select(*columns, balance=some.cast(_WORD))
        return _encoded(rows, self.address).collect(engine="streaming")

    def read_transfers(self) -> None:
        """Read transfers into the tables: the largest of them, so that what else is built of large ones is built before."""
        read = _transfers(self.stored["transfers"], self.stored["transactions"], self.address)
        self.tables["transfers"] = by_their_own_act(read, self.tables["executions"])

    def forget_transfers(self) -> None:
        """Make room: nothing that is left to do asks for transfers."""
        self.tables["transfers"] = self.tables["transfers"].clear()

    def tokens(self) -> pl.Series:
        """Give the contracts of all tokens."""
        named = [
            self.stored[name].select(pl.col("token_address").cast(self.address)) for name in ("tokens", "transfers")
        ]
        return pl.concat(named).unique().collect(engine="streaming").to_series()

    def reported(self, incident: Incident) -> pl.DataFrame:
        """Give the transactions that reports name as the theft: address, tx, on every chain that was read."""
        named = reported_transactions(incident).with_columns(pl.col("address").cast(self.address))
        chains = self.tables["transfers"].select("chain_id").unique()
        return named.join(chains, how="cross").select("address", tx=tx_id())

    def sightings(self, incident: Incident) -> pl.LazyFrame:
        """Read sightings as text, later; `request` numbers the request, and `ref` names it where evidence may be made of it.

        Rows that tell no more than the one before them, an address seen again in its session, are left out.
        """
        quiet, named = _quiet(incident)
        same = ("address", "link", "client", "session", "action")
        again = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in same)
        kept = self._alive(self.stored["sightings"]).filter(~(quiet & again).fill_null(value=False))
        return kept.select(
            "address",
            "action",
            "link",
            "time",
            "strength",
            _number("client"),
            _number("session"),
            request=pl.when(~quiet).then(pl.col("ref").hash()),
            ref=pl.when(named).then("ref"),
        )

    def _alive(self, sightings: pl.LazyFrame) -> pl.LazyFrame:
        """Leave out wallets that were only derived from a secret, unless they hold or sent anything: most are never used."""
        derived = sightings.filter(only_derived()).select("address").unique().collect(engine="streaming")
        if derived.is_empty():
            return sightings
        mine = pl.col("address").is_in(derived.get_column("address").implode())
        moved, holds = pl.col("nonce") > 0, pl.col("balance") != "0"
        used = [
            self.stored["accounts"].filter(mine & moved).select("address").collect(engine="streaming"),
            self.stored["balances"].filter(mine & holds).select("address").collect(engine="streaming"),
            sightings.filter(~only_derived())
            .select("address")
            .join(derived.lazy(), on="address", how="semi")
            .collect(),
        ]
        dead = derived.join(pl.concat(used), on="address", how="anti")
        return sightings.join(dead.lazy(), on="address", how="anti", maintain_order="left")

    def with_requests(self, sightings: pl.LazyFrame, shelf: Shelf) -> pl.LazyFrame:
        """Add to sightings which host each asked, and which file its client had (host, asset_state), and lay them down.

        So many requests at a time as fit into memory: each sighting is in the part of its request.
        """
        requests = self.stored["requests"]
        given = requests.filter(pl.col("host").is_not_null() | pl.col("asset_state").is_not_null())
        found = given.select("host", "asset_state", request=pl.format("log:{}:{}", "source", "line").hash())
        count = requests.select(pl.len()).collect(engine="streaming").item() // shelf.looked_up + 1
        if count > 1:
            sightings, found = shelf.keep(sightings), shelf.keep(found)
        few = pl.col("host", "asset_state")
        parts = []
        for number in range(count):
            mine = (pl.col("request") % count == number).fill_null(value=number == 0)
            looked_up = _once(found.filter(mine).with_columns(few.cast(self.address)).collect(engine="streaming"))
            told = sightings.filter(mine).join(looked_up.lazy(), on="request", how="left", maintain_order="left")
            parts.append(shelf.keep(told.drop("request").with_columns(few.cast(pl.String))))
        return pl.concat(parts)

    def exact(self, rows: pl.Series) -> pl.DataFrame:
        """Read what names transfers and counts them exactly.

        Columns: row, transaction_hash, log_index, trace_address, token_id, value, ref.
        """
        tx = pl.format("tx:{}:{}", "chain_id", "transaction_hash")
        ref = pl.when(pl.col("log_index").is_null()).then(tx).otherwise(pl.format("{}:{}", tx, "log_index"))
        wanted = self.stored["transfers"].with_row_index("row").filter(pl.col("row").is_in(rows.unique().implode()))
        named = wanted.select("row", "transaction_hash", "log_index", "trace_address", "token_id", "value", ref=ref)
        return named.collect(engine="streaming")


def add_exact(rows: pl.DataFrame, exact: pl.DataFrame) -> pl.DataFrame:
    """Add to transfers or moves what `Intake.exact` read of them."""
    return rows.drop("value").join(exact, on="row", how="left")


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Give categories back as text, as tables are written."""
    return frame.with_columns(cs.categorical().cast(pl.String))


def tx_id() -> pl.Expr:
    """Give the number of a transaction: the hash of its chain_id and transaction_hash."""
    return pl.struct("chain_id", "transaction_hash").hash()


def take_in(given: Given, now: datetime) -> Intake:
    """Read what the assessment needs. Missing tables are empty; rows dated after `now` do not count."""
    address = pl.Categorical(pl.Categories.random("addresses"))
    past = {
        name: _until(given[name].lazy() if name in given else table.empty().lazy(), now)
        for name, table in TABLES.items()
    }
    needed = {name: past[name].select(_NEEDED[name]) if name in _NEEDED else past[name] for name in _SMALL}
    tables = {name: _encoded(rows, address).collect(engine="streaming") for name, rows in needed.items()}
    approvals = tables["approvals"].with_columns(tx=tx_id())
    tables["approvals"] = by_their_own_act(approvals, tables["executions"]).drop("tx")
    kinds = kinds_of(tables["accounts"])
    for name in ("accounts", "balances"):
        tables[name] = tables[name].select("chain_id", "address").unique()
    return Intake(tables, kinds, address, past)


def by_their_own_act(rows: pl.DataFrame, executions: pl.DataFrame) -> pl.DataFrame:
    """Name an account as sender of what it moved, got or allowed by an execution of its own: a bundler or relayer only carries it.

    `rows` are transfers or approvals with `tx`. Plain payments are their sender's, whoever acts in the same transaction.
    """
    acts = executions.filter(pl.col("success").fill_null(value=True)).select(tx=tx_id(), actor="address").unique()
    if acts.is_empty():
        return rows
    numbered = rows.with_row_index("_at")
    plain_payment = pl.col("standard") == "native"
    near = numbered.filter(pl.col("tx").is_in(acts.get_column("tx").implode()) & ~plain_payment)
    found = [
        near.select("_at", "tx", actor=side).join(acts, on=["tx", "actor"], how="semi").select("_at", "actor")
        for side in ("from_address", "to_address")
    ]
    # Who lost or allowed something by their own act comes before who got it.
    actors = pl.concat(found).unique("_at", keep="first", maintain_order=True)
    named = numbered.join(actors, on="_at", how="left", maintain_order="left")
    sender = pl.coalesce("actor", "transaction_from")
    return named.with_columns(transaction_from=sender).drop("_at", "actor")


def _until(frame: pl.LazyFrame, now: datetime) -> pl.LazyFrame:
    """Leave out what is dated later than `now`: a clock that is off must not make the future. Nothing else is filtered by time."""
    names = frame.collect_schema().names()
    column = next((name for name in ("time", "timestamp") if name in names), None)
    return frame if column is None else frame.filter((pl.col(column) <= now).fill_null(value=True))


def _encoded(frame: pl.LazyFrame, address: pl.DataType) -> pl.LazyFrame:
    names = frame.collect_schema().names()
    return frame.drop("block_hash", strict=False).with_columns(
        [pl.col(name).cast(address) for name in _ADDRESSES if name in names]
        + [pl.col(name).cast(_WORD) for name in _WORDS if name in names]
    )


def _once(requests: pl.DataFrame) -> pl.DataFrame:
    """Keep the first row of each request."""
    ordered = requests.get_column("request").sort()
    twice = bool((ordered == ordered.shift(1)).any())
    return requests.unique("request", keep="first", maintain_order=True) if twice else requests


def _number(name: str) -> pl.Expr:
    """Give the number of a name, its hash; null stays null."""
    return pl.when(pl.col(name).is_not_null()).then(pl.col(name).hash()).alias(name)


def _quiet(incident: Incident) -> tuple[pl.Expr, pl.Expr]:
    """Tell which sightings only show an address, and of which evidence may be made."""
    actions = action_frame(incident)
    shown = actions.filter((pl.col("exposure") != "none") | pl.col("cleared")).get_column("action").implode()
    # Where the time is missing as well, the line was torn: what it names is told by its number of wallets.
    torn = pl.col("time").is_null()
    quiet = pl.col("action").is_null() & pl.col("link").is_in(["direct", "session", "event"]) & ~torn
    # Where no action exposes, everything that was seen may have.
    quiet = quiet & pl.lit((actions.get_column("exposure") != "none").any())
    return quiet.fill_null(value=False), pl.col("action").is_in(shown) | pl.col("link").is_in(["key", "report"]) | torn


def _transfers(transfers: pl.LazyFrame, transactions: pl.LazyFrame, address: pl.DataType) -> pl.DataFrame:
    """Read transfers.

    `row` is the place in the table as stored, `value` is "0" or "some", `several`: not alone in its transaction, `called`: ether
    that was sent with a call, `words`: with text, `inner`: told by a trace.
    """
    signer, called = pl.col("transaction_from"), pl.col("transaction_to")
    # Most are signed by who pays, and call the recipient or the token: what is known already need not be looked up again.
    sender = pl.when(signer == pl.col("from_address")).then(None).otherwise(signer)
    target = (
        pl.when((called == pl.col("to_address")) | (called == pl.col("token_address"))).then(None).otherwise(called)
    )
    frame = transfers.with_row_index("row").select(
        "row",
        "chain_id",
        "block_number",
        "timestamp",
        pl.col("from_address", "to_address", "token_address").cast(address),
        pl.col("standard").cast(_WORD),
        "value_f64",
        tx=tx_id(),
        value=pl.when(pl.col("value") != "0").then(pl.lit("some")).otherwise("value").cast(_WORD),
        transaction_from=sender.cast(address),
        transaction_to=target.cast(address),
        inner=pl.col("trace_address").is_not_null(),
        by_payer=signer == pl.col("from_address"),
        to_payee=called == pl.col("to_address"),
        to_token=called == pl.col("token_address"),
    )
    read = frame.collect(engine="streaming").with_columns(
        transaction_from=pl.when("by_payer").then("from_address").otherwise("transaction_from"),
        transaction_to=pl.when("to_payee")
        .then("to_address")
        .when("to_token")
        .then("token_address")
        .otherwise("transaction_to"),
    )
    ordered = read.get_column("tx").sort()
    shared = ordered.filter(ordered == ordered.shift(1)).unique()
    marked = _calls(read.filter(pl.col("standard") == "native"), transactions, address)
    return read.drop("by_payer", "to_payee", "to_token").with_columns(
        several=pl.col("tx").is_in(shared.implode()),
        called=pl.col("row").is_in(marked.get_column("row").implode()),
        words=pl.col("row").is_in(marked.filter("words").get_column("row").implode()),
    )


def _calls(native: pl.DataFrame, transactions: pl.LazyFrame, address: pl.DataType) -> pl.DataFrame:
    """Give the transfers of ether whose transaction carried data: row, and whether the data is text for the recipient."""
    data = transactions.filter(pl.col("input").str.len_bytes() > 2).select(
        "from_address", "to_address", tx=tx_id(), text=_TEXT
    )
    paid = native.select("row", "tx", one="from_address", other="to_address")
    found = data.join(paid.lazy(), on="tx").collect(engine="streaming")
    parties = (pl.col("from_address").cast(address) == pl.col("one")) & (
        pl.col("to_address").cast(address) == pl.col("other")
    )
    words = (pl.col("text") & parties).fill_null(value=False)
    return found.group_by("row").agg(words=words.any())
