"""Balances and approvals -> what each wallet still holds, what of it is at risk, and where most of it went. Pure."""

from dataclasses import dataclass

import polars as pl

from exposure.amounts import NATIVE
from exposure.assess.intake import Intake, plain
from exposure.assess.moves import DUST_TOKEN, TX
from exposure.tables import TABLES

# What a rescue's own transaction costs at a busy hour: less than this is not left to save.
LEFT_LEAST_NATIVE = 1e-3
# "Most of it": so much of a wallet's assets, each counting the same, since there are no prices.
MOST = 0.6
# Who flees with tokens may leave what was there for gas.
GAS_LEFT = 0.01

ASSET = ["chain_id", "address", "token"]


def balances_now(balances: pl.DataFrame) -> pl.DataFrame:
    """Give the latest balance of each wallet and asset above zero: chain_id, address, token, amount, amount_f64, worth.

    `worth` says that it is more than dust.
    """
    last = (
        balances.sort("block_number")
        .group_by("chain_id", "address", "token_address")
        .agg(pl.col("balance", "balance_f64").last())
    )
    held = last.filter(pl.col("balance") != "0").select(
        "chain_id", "address", token=pl.col("token_address"), amount="balance", amount_f64="balance_f64"
    )
    least = pl.when(pl.col("token") == NATIVE).then(LEFT_LEAST_NATIVE).otherwise(DUST_TOKEN)
    return held.with_columns(worth=(pl.col("amount_f64") >= least).fill_null(value=True))


@dataclass(frozen=True, slots=True)
class Left:
    """What wallets hold now: `held` (chain_id, wallet, token, left_f64), and whose holdings were read (chain_id, wallet)."""

    held: pl.DataFrame
    read: pl.DataFrame

    def of(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Add `left_f64` to rows of a wallet and token: 0 where the wallet has none, null where its holdings were not read."""
        asked = rows.join(self.read.with_columns(asked=pl.lit(value=True)), on=["chain_id", "wallet"], how="left")
        found = asked.join(self.held, on=["chain_id", "wallet", "token"], how="left")
        return found.with_columns(left_f64=pl.when("asked").then(pl.col("left_f64").fill_null(0.0))).drop("asked")


def what_is_left(intake: Intake) -> Left:
    """Gather what wallets hold now, without the exact amounts."""
    balances = intake.amounts_held()
    held = balances_now(balances).select("chain_id", "token", wallet="address", left_f64="amount_f64")
    return Left(held, balances.select("chain_id", wallet="address").unique())


def at_risk(held: pl.DataFrame, key: pl.DataFrame, unseen: pl.DataFrame, permissions: pl.DataFrame) -> pl.DataFrame:
    """Give what the attacker can still take: chain_id, address, token, amount, amount_f64, worth.

    Everything that wallets in `key` (address) hold; all tokens of those in `unseen` (address), whose signature may lie unused in
    the attacker's hands (no signature moves ether); of the others what a live approval to an attacker covers, at most the
    balance. An approval for all of a collection covers all of it.
    """
    stolen = pl.col("address").is_in(key.get_column("address").implode())
    signed = pl.col("address").is_in(unseen.get_column("address").implode()) & (pl.col("token") != NATIVE)
    everything, others = held.filter(stolen | signed), held.filter(~(stolen | signed))
    whole = pl.col("unlimited") | (pl.col("standard") != "erc20") & (pl.col("standard") != "permit2")
    allowed = permissions.select("chain_id", "address", "token", "value", whole=whole)
    both = others.join(allowed, on=ASSET)
    covered = []
    for row in both.sort(*ASSET, "value").iter_rows(named=True):
        amount, allowance = int(row["amount"]), int(row["value"])
        least = amount if row["whole"] else min(amount, allowance)
        part = row["amount_f64"] if least == amount else row["amount_f64"] * (least / amount)
        covered.append((row["chain_id"], row["address"], row["token"], str(least), part, row["worth"]))
    limited = pl.DataFrame(covered, schema=held.schema, orient="row")
    # Two spenders may both be allowed: the greater of the two is at risk.
    best = limited.sort("amount_f64").group_by(ASSET).agg(pl.col("amount", "amount_f64", "worth").last())
    return pl.concat([everything, best.select(everything.columns)]).filter(pl.col("amount") != "0")


def holding_table(held: pl.DataFrame, risk: pl.DataFrame, listed: pl.DataFrame) -> pl.DataFrame:
    """Give table `holdings` of the wallets in `listed` (address)."""
    marked = held.join(listed.select("address"), on="address", how="semi").join(
        risk.select(*ASSET, at_risk=pl.lit(value=True)), on=ASSET, how="left"
    )
    return TABLES["holdings"].check(
        plain(marked).select(
            "address",
            "chain_id",
            "token",
            "amount",
            "amount_f64",
            pl.col("at_risk").fill_null(value=False),
            usd=pl.lit(None, pl.Float64),
        )
    )


def departures(moves: pl.DataFrame, since: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    """Give what wallets themselves sent away after their exposure (`since`: address, since), thefts left out.

    Only moves of worth that the wallet signed and that brought nothing back: chain_id, wallet, token, to, value_f64, time, ref.
    """
    own = moves.filter(pl.col("own").fill_null(value=False) & ~pl.col("back") & ~pl.col("dust") & pl.col("real"))
    later = own.join(since, left_on="wallet", right_on="address").filter(pl.col("time") >= pl.col("since"))
    rest = later.join(taken.select(*TX, "wallet").unique(), on=[*TX, "wallet"], how="anti")
    return rest.select("chain_id", "wallet", "token", "to", "value_f64", "time", "ref")


def unshared(departed: pl.DataFrame, moves: pl.DataFrame, owners: pl.DataFrame, others: pl.Series) -> pl.DataFrame:
    """Keep departures to addresses that no other owner pays, and that are nobody known (`others`: attackers, services)."""
    asked = pl.col("to").is_in(departed.get_column("to").unique().implode())
    mine = moves.lazy().filter(pl.col("watched") & asked).select("wallet", "to").unique().collect(engine="streaming")
    by_owner = mine.join(owners, left_on="wallet", right_on="address", how="left")
    payers = by_owner.group_by("to").agg(payers=pl.col("owner").n_unique())
    alone = payers.filter(pl.col("payers") <= 1).select("to")
    return departed.join(alone, on="to", how="semi").filter(~pl.col("to").is_in(others.implode()))


def moved_most(departed: pl.DataFrame, held: pl.DataFrame, real: pl.DataFrame) -> pl.DataFrame:
    """Give the wallets that sent most of what they had to such addresses: address, ref (the first of it).

    Each asset counts the same. What is left counts where it is of worth and others use it: counterfeits that were sent to a
    wallet cannot be moved and must not make its rescue look half done.
    """
    sent = departed.group_by("chain_id", "wallet", "token").agg(sent=pl.col("value_f64").sum())
    sent = sent.rename({"wallet": "address"})
    names = real.select("chain_id", token=pl.col("token_address"))
    left = held.filter((pl.col("token") == NATIVE) & (pl.col("amount_f64") >= GAS_LEFT))
    left = pl.concat([left, held.filter("worth").join(names, on=["chain_id", "token"], how="semi")]).unique(ASSET)
    both = sent.join(left.select(*ASSET, "amount_f64"), on=ASSET, how="full", coalesce=True)
    both = both.join(sent.select("address").unique(), on="address", how="semi").with_columns(
        pl.col("sent", "amount_f64").fill_null(0.0)
    )
    share = both.group_by("address").agg(share=(pl.col("sent") / (pl.col("sent") + pl.col("amount_f64"))).mean())
    first = departed.sort("time", "ref").group_by("wallet").agg(pl.col("ref").first()).rename({"wallet": "address"})
    return share.filter(pl.col("share") >= MOST).join(first, on="address").select("address", "ref")
