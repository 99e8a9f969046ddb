"""Tables -> what each of those who can help needs, and nothing beyond: no log, client, session, note, balance or chance. Pure.

Every function gives a frame whose columns are the file's. Addresses are checksummed, times UTC, amounts exact; rows are in an
order that ranks nobody.
"""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from exposure.amounts import NATIVE, NATIVE_DECIMALS, show, sum_by
from exposure.incident import Incident
from exposure.publish.enemies import Enemy
from exposure.publish.handoff.issuers import ISSUERS, OTHERS
from exposure.publish.sheet.columns import CHOICES
from exposure.publish.sheet.text import checksum
from exposure.publish.tallies import chain_name, plain_symbol
from exposure.tables import TIME

Tables = Mapping[str, pl.DataFrame]
# What a handoff reads; what holds log lines, clients or sessions is not among it.
READS = ("attackers", "sinks", "losses", "takings", "transfers", "tokens", "wallets", "people", "coverage")
MUST_ACT = ("compromised", "probable", "exposed")
# Below this a payment is dust: poisoners send it in the attacker's name as well.
_DUST = 1e-5


class Assets:
    """How tokens and chains are called."""

    def __init__(self, tables: Tables, incident: Incident) -> None:
        rows = tables["tokens"].select("chain_id", "token_address", "symbol", "decimals").iter_rows()
        self._known = {(chain, token): (plain_symbol(symbol), decimals) for chain, token, symbol, decimals in rows}
        self._incident = incident

    def chain(self, chain_id: int) -> str:
        """Name a chain."""
        return chain_name(self._incident, chain_id)

    def symbol(self, chain_id: int, token: str) -> str:
        """Give the symbol where it is a plain word; anybody can claim any, so the contract always stands beside it."""
        symbol = self._known.get((chain_id, token), ("", None))[0]
        return symbol or ("native asset" if token == NATIVE else "unnamed token")

    def amount(self, chain_id: int, token: str, value: int, token_id: str | None = None) -> str:
        """Write an amount exactly, in whole tokens."""
        symbol, decimals = self.symbol(chain_id, token), self._known.get((chain_id, token), ("", None))[1]
        if token_id is not None:
            return f"{symbol} #{token_id}" + (f" x{value}" if value != 1 else "")
        return show(value, NATIVE_DECIMALS if token == NATIVE else decimals, symbol)


def hostile(tables: Tables) -> pl.DataFrame:
    """Give the attacker's addresses that are worth acting on: address, confirmed, since (their first taking; null: none seen).

    One that unharmed wallets use as well is an exchange or a router whatever it was named: nobody is asked to block that.
    """
    tested = tables["sinks"].group_by("address").agg(ordinary=(pl.col("verdict") == "ordinary").all())
    took = tables["losses"].group_by(address="attacker").agg(since=pl.col("time").min())
    known = tables["attackers"].join(tested.filter("ordinary"), on="address", how="anti")
    by_address = known.group_by("address").agg(pl.col("confirmed").fill_null(value=False).any())
    return by_address.join(took, on="address", how="left").sort("address")


def onward(tables: Tables) -> pl.DataFrame:
    """Give what the attackers sent on after their first taking, to addresses that are neither theirs nor a victim's.

    Of assets that were stolen, and of the native asset, which the others are sold for; no dust. Rows of `transfers`, with
    `confirmed` of the sender. A wallet of which no more is known than that somebody looked at it stays in: thieves look, too.
    """
    enemies = hostile(tables)
    first = enemies.get_column("since").min()
    if not isinstance(first, datetime):
        return tables["transfers"].clear().with_columns(confirmed=pl.lit(value=False))
    victims = tables["wallets"].filter(pl.col("verdict").is_in(MUST_ACT)).get_column("address")
    own = pl.concat(
        [tables["attackers"].get_column("address"), tables["losses"].get_column("address"), victims]
    ).unique()
    sent = tables["transfers"].join(enemies, left_on="from_address", right_on="address")
    stolen = _stolen(tables).with_columns(stolen=pl.lit(value=True))
    sent = sent.join(stolen, left_on=["chain_id", "token_address"], right_on=["chain_id", "token"], how="left")
    native = pl.col("standard") == "native"
    own_hand = (pl.col("transaction_from") == pl.col("from_address")).fill_null(value=True) | native
    worth = (pl.col("value") != "0") & ((pl.col("value_f64") >= _DUST) | pl.col("token_id").is_not_null())
    later = pl.col("timestamp") >= pl.col("since").fill_null(first)
    asset = pl.col("stolen").fill_null(value=False) | native
    kept = sent.filter(own_hand & worth & later & asset & ~pl.col("to_address").is_in(own.implode())).drop("stolen")
    return kept.sort("timestamp", "chain_id", "transaction_hash", "log_index", "token_id", nulls_last=True)


def _stolen(tables: Tables) -> pl.DataFrame:
    return tables["losses"].select("chain_id", "token").unique()


def recipients(tables: Tables) -> pl.DataFrame:
    """Give table `losses` with `to_address`, who got it in truth: thieves split, and whoever moved it is not always who got it."""
    place = ["chain_id", "transaction_hash", "log_index", "from_address", "token_address", "token_id"]
    moves = tables["transfers"].select(*place, "to_address").unique(place, keep="first", maintain_order=True)
    keys = ["chain_id", "transaction_hash", "log_index", "address", "token", "token_id"]
    found = tables["losses"].join(moves, left_on=keys, right_on=place, how="left", nulls_equal=True)
    return found.with_columns(pl.coalesce("to_address", "attacker").alias("to_address"))


def exchange_rows(tables: Tables, assets: Assets) -> pl.DataFrame:
    """Give, for exchanges: which address got what was stolen, by which transaction, when.

    What the attackers sent on, and what went from a wallet straight to an address that is not known as theirs. The wallet is not
    named: an exchange needs its own address.
    """
    enemies = hostile(tables)
    known = tables["attackers"].get_column("address").implode()
    mine = tables["losses"].filter(pl.col("address").is_in(acting(tables).implode()))
    straight = recipients({**tables, "losses": mine}).filter(~pl.col("to_address").is_in(known))
    sent = onward(tables).select(
        "chain_id", "transaction_hash", "token_id", "to_address", "confirmed",
        token=pl.col("token_address"), amount="value", time="timestamp", sent_by="from_address",
    )  # fmt: skip
    straight = straight.join(enemies.select("confirmed", attacker="address"), on="attacker").with_columns(
        sent_by=pl.lit(None, pl.String)
    )
    every = pl.concat([sent, straight.select(sent.columns)])
    rows = [
        {
            "chain": assets.chain(row["chain_id"]),
            "deposit_address": checksum(row["to_address"]),
            "transaction_hash": row["transaction_hash"],
            "asset": assets.symbol(row["chain_id"], row["token"]),
            "token_contract": None if row["token"] == NATIVE else checksum(row["token"]),
            "amount": assets.amount(row["chain_id"], row["token"], int(row["amount"]), row["token_id"]),
            "amount_base_units": row["amount"],
            "time": row["time"],
            "sent_by": row["sent_by"] and checksum(row["sent_by"]),
            "sender": _said(confirmed=row["confirmed"])
            if row["sent_by"]
            else "taken from a victim, straight to this address",
        }
        for row in every.sort("time", "chain_id", "transaction_hash", "to_address", "token", "token_id").iter_rows(
            named=True
        )
    ]
    names = "chain deposit_address transaction_hash asset token_contract amount amount_base_units time sent_by sender"
    return pl.DataFrame(rows, schema=_schema(names))


def acting(tables: Tables) -> pl.Series:
    """Give the wallets whose owners must act."""
    return tables["wallets"].filter(pl.col("verdict").is_in(MUST_ACT)).get_column("address")


def _schema(names: str) -> pl.Schema:
    """Give columns of text, and of times where they are called so."""
    return pl.Schema({name: TIME if name in ("time", "as_of") else pl.String() for name in names.split()})


def _said(*, confirmed: bool) -> str:
    return "attacker, confirmed by the team" if confirmed else "attacker by the data, not confirmed by a person"


def issuer_rows(tables: Tables, assets: Assets) -> dict[str, pl.DataFrame]:
    """Give, by issuer: which of the attacker's addresses holds how much of its token, as far as what was read shows it.

    The amount is what came in less what went out over all blocks read: the issuer sees the balance itself.
    """
    enemies = hostile(tables)
    erc20 = tables["transfers"].filter((pl.col("standard") == "erc20") & (pl.col("value") != "0"))
    erc20 = erc20.join(
        _stolen(tables), left_on=["chain_id", "token_address"], right_on=["chain_id", "token"], how="semi"
    )
    keys = ["chain_id", "token_address", "holder"]
    sides = []
    for side, sign in (("to_address", ""), ("from_address", "-")):
        mine = erc20.join(enemies, left_on=side, right_on="address", how="semi")
        mine = mine.filter(pl.col("from_address") != pl.col("to_address"))
        sides.append(mine.select("chain_id", "token_address", holder=side, value=pl.lit(sign) + pl.col("value")))
    last = (
        tables["coverage"].filter(pl.col("layer") == "logs").select(pl.col("source").str.strip_prefix("chain:"), "last")
    )
    until = dict(last.iter_rows())
    confirmed = dict(enemies.select("address", "confirmed").iter_rows())
    found: dict[str, list[dict[str, object]]] = {}
    for row in sum_by(pl.concat(sides), keys, "value").iter_rows(named=True):
        chain_id, token = row["chain_id"], row["token_address"]
        if int(row["value"]) <= 0:
            continue
        found.setdefault(ISSUERS.get((chain_id, token), OTHERS), []).append(
            {
                "chain": assets.chain(chain_id),
                "asset": assets.symbol(chain_id, token),
                "token_contract": checksum(token),
                "holder": checksum(row["holder"]),
                "holder_is": _said(confirmed=confirmed[row["holder"]]),
                "amount": assets.amount(chain_id, token, int(row["value"])),
                "amount_base_units": row["value"],
                "as_of": until.get(str(chain_id)),
            }
        )
    schema = _schema("chain asset token_contract holder holder_is amount amount_base_units as_of")
    return {name: pl.DataFrame(rows, schema=schema) for name, rows in sorted(found.items())}


def vendor_rows(tables: Tables) -> pl.DataFrame:
    """Give, for makers of wallets: whom to warn, and what to tell them. By address: a ranked list is a list of targets."""
    rows = tables["wallets"].filter(pl.col("verdict").is_in(MUST_ACT)).sort("address")
    addresses = [checksum(address) for address in rows.get_column("address")]
    return pl.DataFrame({"address": pl.Series(addresses, dtype=pl.String), "tell_its_owner": rows.get_column("remedy")})


def blocklist_rows(enemies: tuple[Enemy, ...], incident: Incident) -> pl.DataFrame:
    """Give, for keepers of blocklists: the attacker's addresses that a person confirmed, and our hosts while others hold them.

    Funders are none: thieves are paid from exchanges too.
    """
    held = incident.control == "lost" or (incident.control == "unsure" and incident.status == "ongoing")
    note = "compromised site: take it off the list when its owners say so"
    rows = [("domain", host, "", note) for host in incident.site if held]
    rows += [
        (enemy.role, checksum(enemy.address), enemy.chain or "any", "confirmed by the team")
        for enemy in enemies
        if enemy.confirmed and not enemy.ordinary and enemy.role in ("sink", "spender", "delegate")
    ]
    return pl.DataFrame(
        sorted(set(rows)), schema=dict.fromkeys(("kind", "value", "chain", "note"), pl.String), orient="row"
    )


_STATUS = {
    "drained": "Impacted",
    "partly_drained": "Impacted",
    "at_risk": "At Risk",
    "moved_by_owner": "Saved",
    "empty": "Uncertain",
    "moved_unconfirmed": "Uncertain",
    "not_known": "Needs Review",
}


def seal_addresses(tables: Tables) -> pl.DataFrame:
    """Give, for SEAL 911's sheet, its columns Address, Status, Notes: the team's status where one was typed; no people's notes."""
    typed = tables["people"].filter(pl.col("status").is_in(CHOICES["status"])).select("address", "status")
    rows = (
        tables["wallets"]
        .filter(pl.col("verdict").is_in(MUST_ACT))
        .join(typed, on="address", how="left")
        .sort("address")
    )
    found = []
    for row in rows.iter_rows(named=True):
        note = (
            "harmed by the same attacker; nothing ties it to this site"
            if row["link_to_incident"] == "chain_only"
            else ""
        )
        found.append((checksum(row["address"]), row["status"] or _STATUS.get(row["harm"], "Needs Review"), note))
    return pl.DataFrame(found, schema=dict.fromkeys(("Address", "Status", "Notes"), pl.String), orient="row")


def seal_funds(tables: Tables, assets: Assets) -> pl.DataFrame:
    """Give, for SEAL 911's sheet, its columns of Funds Movement: losses, then what the attackers sent on."""
    mine = pl.col("address").is_in(acting(tables).implode())
    losses = recipients({**tables, "losses": tables["losses"].filter(mine)}).select(
        "chain_id", "transaction_hash", "token", "token_id", "amount", "time", origin="address", to="to_address"
    )
    losses = losses.sort("time", "chain_id", "transaction_hash", "origin", "token", "token_id", nulls_last=True)
    sent = onward(tables).select(
        "chain_id", "transaction_hash", "token_id",
        token=pl.col("token_address"), amount="value", time="timestamp", origin="from_address", to="to_address",
    )  # fmt: skip
    rows = []
    for frame, note in ((losses, ""), (sent, "; sent on by the attacker")):
        for row in frame.iter_rows(named=True):
            amount = assets.amount(row["chain_id"], row["token"], int(row["amount"]), row["token_id"])
            told = f"{assets.chain(row['chain_id'])}, {row['time']:%Y-%m-%d %H:%M:%S} UTC{note}"
            rows.append((checksum(row["origin"]), row["transaction_hash"], amount, checksum(row["to"]), None, told))
    names = ("Origin", "Tx", "Amount", "Destination", "Recovery Status", "Notes")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
