"""How likely a deed gave a key or a signature away: judgement first, corrected by how many who did alike were harmed. Pure.

Of those exposed an attacker takes only some: they skip the poor, wait, and are stopped. So harm seen among n who did the same is
binomial with the chance sought times `TAKE`, and the chance's posterior mean over a grid is what a deed gets. Whoever was not
harmed by now was exposed somewhat less likely than that: `spared_weight` is the log likelihood ratio of having been spared.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from exposure.assess.deeds import CLOCK_SLACK, STRONG

# Chance that the payload was served to a request: by what its client had fetched last. A client that had the good file may
# have fetched the bad one through another path or tab, so that it lowers and never clears.
SERVED = {"bad": 0.99, "mixed": 0.9, "unknown": 0.9, "good": 0.15}
SERVED_ELSE = 0.9
# Chance that the payload hooked this action. Attackers wait and skip the poor: no harm so far is little proof that it did not.
HOOKED = {"yes": 1.0, "cannot_tell": 0.8, "no": 0.2}
HOOKED_ELSE = 0.8
# So many wallets' worth of judgement stands against what was seen.
PRIOR_WALLETS = 2.0
# Part of those exposed whom an attacker has robbed when all is over: the rest were too poor, or warned in time.
TAKE = 0.7
# Where no harm shows how long thieves waited.
USUAL_WAIT = timedelta(hours=12)
_GRID = np.linspace(0.0025, 0.9975, 200)


def deed_chances(
    deeds: pl.DataFrame, harmed: pl.DataFrame, watched: pl.Series, is_x: Mapping[str, str], until: datetime | None
) -> pl.DataFrame:
    """Give one row an action and asset_state (null = unknown) of what exposes: action, asset_state, given.

    `deeds` are placed deeds, `harmed` (address, harmed_at), `until` is how far the chain was read (None: not at all, then
    judgement alone speaks). A wallet counts once an action, by the worst file that it had; those who also did an action that
    is X say nothing on another.
    """
    hit = deeds.filter("exposing").with_columns(pl.col("asset_state").fill_null("unknown"))
    groups = hit.select("action", "asset_state").unique().sort("action", "asset_state", nulls_last=True)
    told = hit.filter(
        pl.col("inside")
        & (pl.col("strength") >= STRONG)
        & pl.col("time").is_not_null()
        & ~pl.col("link").is_in(["report", "kin", "contract"])
        & pl.col("address").is_in(watched.implode())
    )
    x = [name for name, state in is_x.items() if state == "yes"]
    did_x = told.filter(pl.col("action").is_in(x)).get_column("address").unique()
    told = told.filter(pl.col("action").is_in(x) | ~pl.col("address").is_in(did_x.implode()))
    rank = pl.col("asset_state").replace_strict(["bad", "mixed", "unknown", "good"], range(4), default=2)
    once = told.sort(rank, "time").unique(["address", "action"], keep="first", maintain_order=True)
    seen = once.join(harmed, on="address", how="left").with_columns(
        hurt=(pl.col("harmed_at") >= pl.col("time") - CLOCK_SLACK).fill_null(value=False),
        taken=taken_by(pl.col("time"), until, typical_wait(deeds, harmed)),
    )
    counted = seen.group_by("action", "asset_state").agg(
        of=pl.len(),
        hits=pl.col("hurt").sum(),
        # Floats added in another order differ in their last digits, and two runs must give the same bytes.
        take=pl.col("taken").mean().round(9),
    )
    rows = groups.join(counted, on=["action", "asset_state"], how="left", nulls_equal=True)
    given = [
        _posterior(_judged(action, state, is_x), hits or 0, of or 0, take or 0.0)
        for action, state, of, hits, take in rows.select("action", "asset_state", "of", "hits", "take").iter_rows()
    ]
    return groups.with_columns(pl.Series("given", given, pl.Float64))


def _judged(action: str | None, state: str, is_x: Mapping[str, str]) -> float:
    """Give the chance by judgement alone."""
    hooked = HOOKED.get(is_x.get(action or "", ""), HOOKED_ELSE)
    return hooked * SERVED.get(state, SERVED_ELSE)


def _posterior(judged: float, hits: int, of: int, take: float) -> float:
    """Give the posterior mean of the chance that a deed gave something away."""
    if of == 0 or take <= 0:
        return judged
    first, second = PRIOR_WALLETS * judged, PRIOR_WALLETS * (1 - judged)
    log = (first - 1) * np.log(_GRID) + (second - 1) * np.log(1 - _GRID)
    log = log + hits * np.log(_GRID * take) + (of - hits) * np.log(1 - _GRID * take)
    weight = np.exp(log - log.max())
    return float((weight * _GRID).sum() / weight.sum())


def typical_wait(deeds: pl.DataFrame, harmed: pl.DataFrame) -> timedelta:
    """Give the median time from an exposing deed to harm; the usual one where nobody was harmed after one."""
    hit = deeds.filter(pl.col("exposing") & pl.col("inside")).drop_nulls("time").join(harmed, on="address")
    waits = (
        hit.filter(pl.col("time") <= pl.col("harmed_at"))
        .group_by("address")
        .agg(wait=(pl.col("harmed_at") - pl.col("time")).min())
    )
    median = waits.get_column("wait").median()
    return median if isinstance(median, timedelta) else USUAL_WAIT


def taken_by(time: pl.Expr, until: datetime | None, wait: timedelta) -> pl.Expr:
    """Give the part of those exposed at `time` who were robbed by `until`: half of `TAKE` after the typical wait, all after two."""
    if until is None:
        return pl.lit(0.0)
    whole = max(2 * wait, timedelta(minutes=10)) / timedelta(microseconds=1)
    passed = (pl.lit(until) - time).dt.total_microseconds() / whole
    return TAKE * passed.clip(0.0, 1.0).fill_null(1.0)


def spared_weight(taken: pl.Expr) -> pl.Expr:
    """Give the log likelihood ratio of not having been harmed, where so many of the exposed were by then."""
    return (1 - taken.clip(0.0, 0.99)).log()
