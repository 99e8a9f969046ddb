"""Losses -> exact sums of them, by attacker, wallet and hour: what SQL cannot add up, since amounts are exact text. Pure."""

import polars as pl

from exposure.amounts import NATIVE, NATIVE_DECIMALS, sum_by
from exposure.incident import Incident
from exposure.tables import TABLES

_KEYS = ("attacker", "address", "hour")
_GROUPS: tuple[tuple[str, ...], ...] = (("attacker",), ("address",), ("attacker", "address"), ("hour",), ())
_ASSET = ("chain_id", "token", "items")


def takings(losses: pl.DataFrame, tokens: pl.DataFrame) -> pl.DataFrame:
    """Give table `takings` of table `losses`; no losses give none.

    A loss with a token_id is an NFT and counts as items (ERC-1155: its amount). `usd` is null where one summand has none.
    """
    rows = losses.with_columns(hour=pl.col("time").dt.truncate("1h"), items=pl.col("token_id").is_not_null())
    sums = pl.concat([_sums(rows, [*group, *_ASSET]) for group in _GROUPS])
    return TABLES["takings"].check(_with_twin(sums, tokens))


def _sums(rows: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    exact = sum_by(rows, by, "amount")
    facts = rows.group_by(by).agg(
        usd=pl.when(pl.col("usd").is_null().any()).then(None).otherwise(pl.col("usd").sum()),
        losses=pl.len().cast(pl.UInt32),
        wallets=pl.col("address").n_unique().cast(pl.UInt32),
        first_loss=pl.col("time").min(),
        last_loss=pl.col("time").max(),
    )
    schema = TABLES["takings"].schema
    joined = facts.join(exact, on=by, how="left", nulls_equal=True).with_columns(pl.col("amount").fill_null("0"))
    missing = [pl.lit(None, schema[name]).alias(name) for name in _KEYS if name not in by]
    return joined.with_columns(missing).select(name for name in schema if name != "amount_f64")


def _with_twin(rows: pl.DataFrame, tokens: pl.DataFrame) -> pl.DataFrame:
    known = tokens.select("chain_id", pl.col("token_address").alias("token"), "decimals").unique(["chain_id", "token"])
    native = pl.when(pl.col("token") == NATIVE).then(NATIVE_DECIMALS).otherwise("decimals")
    places = pl.when("items").then(0).otherwise(native.fill_null(0))
    twin = pl.col("amount").cast(pl.Float64) / pl.lit(10.0).pow(places)
    return rows.join(known, on=["chain_id", "token"], how="left").with_columns(amount_f64=twin).drop("decimals")


def fact_table(incident: Incident) -> pl.DataFrame:
    """Give table `facts`: the [[fact]]s of incident.toml."""
    facts = incident.facts
    return TABLES["facts"].frame([{"kind": fact.kind, "time": fact.time, "source": fact.source} for fact in facts])
