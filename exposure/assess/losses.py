"""Moves -> what went to the attackers, and what only looks like it. Pure."""

import polars as pl

from exposure.amounts import NATIVE
from exposure.assess.intake import plain
from exposure.assess.moves import SMART_KINDS, TX
from exposure.tables import TABLES

# The attacker sends this much for gas at most; a wallet that got more from the attacker is the attacker's.
GAS_MOST = 0.05


def takings(
    moves: pl.DataFrame, transfers: pl.DataFrame, takers: pl.DataFrame, delegated: pl.DataFrame
) -> pl.DataFrame:
    """Give the moves that are losses, with `attacker` (who got it, else who moved it) and `confirmed`.

    `takers` has the columns address and confirmed; `delegated` says whose account runs an attacker's code (chain_id, wallet,
    delegate, since): what others move out of it then is moved by that code. Everything that left the wallet in the
    transaction of a theft for nothing in return belongs to it: drainers split what they take, and the operator's share goes
    to an address of its own. Dust counts where the wallet lost more than dust, so that sums are exact.
    """
    moves = _add_delegate(moves, delegated)
    touched = _touched(moves, takers).filter("authorised")
    taken = _add_paid_for(touched, transfers, takers).filter(_plausible(takers)).drop("paid_for")
    taken = taken.join(_own_side(moves, transfers, takers), on="wallet", how="anti")
    thefts = taken.filter(~pl.col("dust"))
    beside = (
        moves.filter(pl.col("authorised") & ~pl.col("back"))
        .join(taken.select("row"), on="row", how="anti")
        .join(
            thefts.group_by("wallet", *TX).agg(pl.col("attacker").min(), pl.col("confirmed").any()), on=["wallet", *TX]
        )
    )
    every = pl.concat([taken, beside.select(taken.columns)])
    return every.filter((pl.col("value") != "0") & ~pl.col("message")).join(
        thefts.select("wallet").unique(), on="wallet", how="semi"
    )


def pretences(moves: pl.DataFrame, taken: pl.DataFrame, takers: pl.DataFrame) -> pl.DataFrame:
    """Give the moves of watched wallets towards attackers that are no losses: nothing of worth, or without authority."""
    touched = _touched(moves, takers).filter("watched")
    return touched.join(taken.select("row"), on="row", how="anti").filter(pl.col("dust") | ~pl.col("authorised"))


def _touched(moves: pl.DataFrame, takers: pl.DataFrame) -> pl.DataFrame:
    """Add `attacker` and `confirmed` to moves that went to an attacker, or that an attacker made."""
    known = takers.get_column("address").implode()
    to, called, sender = pl.col("to"), pl.col("transaction_to"), pl.col("transaction_from")
    attacker: pl.Expr = (
        pl.when(to.is_in(known)).then(to).when(called.is_in(known)).then(called).when(sender.is_in(known)).then(sender)
    )
    if "delegate" in moves.columns:
        attacker = pl.coalesce(attacker, "delegate")
        called = pl.coalesce("delegate", called)
    rows = moves.with_columns(attacker=attacker).filter(pl.col("attacker").is_not_null())
    sure = takers.filter("confirmed").get_column("address").implode()
    return rows.with_columns(
        confirmed=(to.is_in(sure) | called.is_in(sure) | sender.is_in(sure)).fill_null(value=False)
    )


def _add_delegate(moves: pl.DataFrame, delegated: pl.DataFrame) -> pl.DataFrame:
    """Add the attacker's delegate whose code ran as the wallet when somebody else sent the transaction; null where none did."""
    foreign = (pl.col("transaction_from") != pl.col("wallet")).fill_null(value=False)
    ran = moves.filter(foreign).join(delegated, on=["chain_id", "wallet"]).filter(pl.col("time") >= pl.col("since"))
    by_move = ran.group_by("row").agg(pl.col("delegate").min())
    return moves.join(by_move, on="row", how="left")


def _add_paid_for(touched: pl.DataFrame, transfers: pl.DataFrame, takers: pl.DataFrame) -> pl.DataFrame:
    """Add whether the attackers gave anything in the same transaction: then they traded, as they do with what they took."""
    known = takers.get_column("address").implode()
    gave = transfers.filter(pl.col("from_address").is_in(known) & (pl.col("value") != "0")).select(TX).unique()
    marked = touched.join(gave.with_columns(paid_for=pl.lit(value=True)), on=TX, how="left")
    return marked.with_columns(pl.col("paid_for").fill_null(value=False))


def _plausible(takers: pl.DataFrame) -> pl.Expr:
    """Tell a victim from the others whose assets reach an attacker: pools and bridges that serve them, exchanges that pay them.

    A wallet that logs or reports show is a victim unless it is a contract without an approval. One that only the chain
    shows must look like one: it signed, or it approved, or it runs no code.
    """
    known = takers.get_column("address").implode()
    runs_code = (pl.col("kind") == "contract").fill_null(value=False)
    person = pl.col("kind").is_in(["eoa", *SMART_KINDS]).fill_null(value=False)
    own = pl.col("own").fill_null(value=False)
    signer = (pl.col("transaction_from") == pl.col("wallet")).fill_null(value=True)
    inside = (pl.col("token") == NATIVE) & ~signer  # ether sent by code: only a contract can do that
    by_attacker = (pl.col("transaction_to").is_in(known) | pl.col("transaction_from").is_in(known)).fill_null(
        value=False
    )
    moved_by_others = (
        pl.col("approved") | person | (~runs_code & ~pl.col("paid_for") & (pl.col("watched") | by_attacker))
    )
    seen = pl.when(own).then(~inside | person | pl.col("watched")).otherwise(moved_by_others)
    service = runs_code | pl.col("busy").fill_null(value=False)
    # What an attacker moved on behalf of a stranger towards a third party: a theft only where the stranger had approved it.
    towards = pl.col("to").is_in(known) | pl.col("watched") | pl.col("approved")
    return seen & towards & (pl.col("watched") | pl.col("approved") | ~service)


def _own_side(moves: pl.DataFrame, transfers: pl.DataFrame, takers: pl.DataFrame) -> pl.DataFrame:
    """Give wallets that no log shows and that got more than gas from the attackers before they sent them anything."""
    known = takers.get_column("address").implode()
    strangers = moves.filter(~pl.col("watched")).group_by("wallet").agg(first=pl.col("time").min())
    got = transfers.filter(
        pl.col("from_address").is_in(known)
        & (pl.col("value") != "0")
        & ~((pl.col("standard") == "native") & (pl.col("value_f64") <= GAS_MOST))
    ).select("timestamp", wallet="to_address")
    return strangers.join(got, on="wallet").filter(pl.col("timestamp") <= pl.col("first")).select("wallet").unique()


def delegations_to(delegations: pl.DataFrame, takers: pl.DataFrame) -> pl.DataFrame:
    """Give the wallets that delegated to an attacker's code: chain_id, wallet, delegate, since, confirmed, live, ref.

    `live` says that it was not cleared or replaced since. `ref` is null where the delegation was read from the code and no
    transaction of it is known.
    """
    order = delegations.sort("block_number", "transaction_hash", nulls_last=True)
    now = order.group_by("chain_id", "from_address").agg(now=pl.col("to_address").last())
    mine = order.join(takers.select("address", "confirmed"), left_on="to_address", right_on="address", how="inner")
    ref = pl.format("tx:{}:{}", "chain_id", "transaction_hash")
    rows = mine.join(now, on=["chain_id", "from_address"]).select(
        "chain_id",
        "confirmed",
        wallet="from_address",
        delegate="to_address",
        since="timestamp",
        live=(pl.col("now") == pl.col("to_address")).fill_null(value=False),
        ref=ref,
    )
    return rows.group_by("chain_id", "wallet", "delegate", "confirmed").agg(
        pl.col("since").min(), pl.col("live").any(), pl.col("ref").drop_nulls().min()
    )


def loss_table(taken: pl.DataFrame) -> pl.DataFrame:
    """Give table `losses`."""
    return TABLES["losses"].check(
        plain(taken).select(
            address="wallet",
            chain_id="chain_id",
            token=pl.col("token"),
            token_id=pl.col("token_id"),
            amount="value",
            amount_f64="value_f64",
            usd=pl.lit(None, pl.Float64),
            attacker="attacker",
            transaction_hash="transaction_hash",
            log_index="log_index",
            trace_address="trace_address",
            time="time",
        )
    )


def permissions(tables: dict[str, pl.DataFrame], takers: pl.DataFrame, read: pl.DataFrame) -> pl.DataFrame:
    """Give the approvals to attackers that stand now: one row each, with the event that gave it where it was seen.

    Columns: address, chain_id, token, spender, standard, token_id, value, unlimited, confirmed, time, ref. `read` (chain_id,
    address) says whose allowances were read: of others the last event speaks, since nobody can say that it was used up.
    """
    known = takers.get_column("address").implode()
    keys = ["chain_id", "address", "token", "spender", "standard", "token_id"]
    events = (
        tables["approvals"]
        .filter(pl.col("to_address").is_in(known))
        .sort("block_number", "transaction_index", "log_index")
    )
    ref = pl.format("tx:{}:{}:{}", "chain_id", "transaction_hash", "log_index")
    last = (
        events.select(
            "chain_id",
            "standard",
            "token_id",
            "value",
            "unlimited",
            address="from_address",
            token=pl.col("token_address"),
            spender="to_address",
            time="timestamp",
            ref=ref,
        )
        .group_by(keys)
        .agg(pl.col("value", "unlimited", "time", "ref").last())
    )
    stands = (
        tables["allowances"]
        .filter(pl.col("to_address").is_in(known))
        .sort("block_number")
        .select(
            "chain_id",
            "standard",
            "token_id",
            "value",
            "unlimited",
            address="from_address",
            token=pl.col("token_address"),
            spender="to_address",
        )
        .group_by(keys)
        .agg(pl.col("value", "unlimited").last())
        .filter(pl.col("value") != "0")
        .join(last.select(*keys, "time", "ref"), on=keys, how="left", nulls_equal=True)
    )
    guessed = last.filter(pl.col("value") != "0").join(read, on=["chain_id", "address"], how="anti")
    both = pl.concat([stands, guessed.select(stands.columns)]).unique(keys, keep="first", maintain_order=True)
    sure = takers.filter("confirmed").get_column("address").implode()
    return both.filter(~pl.col("address").is_in(known)).with_columns(
        confirmed=pl.col("spender").is_in(sure), unlimited=pl.col("unlimited").fill_null(value=False)
    )
