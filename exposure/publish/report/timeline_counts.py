"""What the report's timeline counts: requests, exposures by action, losses and gaps, in equal steps. Tables in, tables out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from exposure.incident import Incident
from exposure.publish.bounds import Bounds, bounds_of
from exposure.publish.facts import HARMED, Facts
from exposure.publish.report.gaps import Gap, find_gaps

# More actions than this are counted and not drawn.
ACTIONS = 4
_BINS = 90
_STEPS = tuple(
    timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080)
)
_SURE = 0.5


@dataclass(frozen=True, slots=True)
class View:
    """A stretch of time (UTC) in equal steps."""

    low: datetime
    high: datetime
    step: timedelta


@dataclass(frozen=True, slots=True)
class Deeds:
    """One action that exposes, or may: its words, whether a condition of the texts names it, who did it when and was harmed.

    `rows` are address, time, harmed. `is_x` as in table attack_rates, or "unknown".
    """

    action: str
    words: str
    is_x: str
    named: bool
    rows: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Shade:
    """The published window of all conditions (UTC), as Bounds has it: None = not bounded, or not known. `open`: no end yet."""

    start: datetime | None
    start_latest: datetime | None
    end: datetime | None
    end_earliest: datetime | None
    open: bool


def find_shade(tables: Mapping[str, pl.DataFrame], incident: Incident, facts: Facts) -> Shade | None:
    """Give the window from the first T1 to the last T2, each with its interval; no condition gives none."""
    if not facts.conditions:
        return None
    bounds: set[Bounds] = {
        found for condition in facts.conditions for found in bounds_of(tables, incident, condition.exposure)
    }
    starts = [condition.t1 for condition in facts.conditions]
    ends = [condition.t2 for condition in facts.conditions]
    is_open = any(condition.open for condition in facts.conditions)
    end = facts.as_of if is_open else None if None in ends else max(time for time in ends if time)
    return Shade(
        None if None in starts else min(time for time in starts if time),
        min((one.t1_latest for one in bounds if one.t1_latest), default=None),
        end,
        None if is_open else max((one.t2_earliest for one in bounds if one.t2_earliest), default=None),
        is_open,
    )


def find_deeds(tables: Mapping[str, pl.DataFrame], incident: Incident, facts: Facts) -> tuple[Deeds, ...]:
    """Give the actions that the conditions name, then the others that expose, each by how many wallets did it.

    Only sightings that make it likelier than not that the wallet's owner did it count.
    """
    named = {action: condition.is_x for condition in facts.conditions for action in condition.actions}
    harmed = tables["wallets"].filter(pl.col("verdict").is_in(HARMED)).get_column("address")
    sure = tables["sightings"].filter((pl.col("strength") >= _SURE) & pl.col("time").is_not_null())
    found = []
    for action in incident.actions:
        if action.name not in named and action.exposure == "none":
            continue
        rows = sure.filter(pl.col("action") == action.name)
        rows = rows.select("address", "time", harmed=pl.col("address").is_in(harmed.implode())).unique()
        if rows.height:
            ordered = rows.sort("time", "address")
            is_x = named.get(action.name, "no")
            found.append(Deeds(action.name, action.words, is_x, action.name in named, ordered))
    return tuple(sorted(found, key=lambda deeds: (not deeds.named, -deeds.rows["address"].n_unique(), deeds.action)))


def find_losses(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Give each loss of a harmed wallet: address, time."""
    harmed = tables["wallets"].filter(pl.col("verdict").is_in(HARMED)).get_column("address")
    mine = pl.col("address").is_in(harmed.implode()) & pl.col("time").is_not_null()
    return tables["losses"].filter(mine).select("address", "time").unique().sort("time", "address")


def choose_view(low: datetime, high: datetime, least: timedelta) -> View:
    """Choose whole steps, none shorter than `least`, around a stretch, with room on both sides."""
    room = max((high - low) * 0.08, timedelta(minutes=10))
    low, high = low - room, high + room
    steps = [step for step in _STEPS if step >= least]
    step = next((step for step in steps if (high - low) <= step * _BINS), steps[-1])
    epoch = datetime(1970, 1, 1, tzinfo=low.tzinfo)
    return View(low - (low - epoch) % step, high + (epoch - high) % step, step)


def count_steps(
    view: View, traffic: pl.DataFrame, deeds: Sequence[Deeds], lost: pl.DataFrame, gaps: Sequence[Gap]
) -> pl.DataFrame:
    """Count per step: start, end, requests, harmed0, unharmed0, harmed1 ... (wallets, by action), lost (wallets), gap (words)."""
    every = f"{int(view.step.total_seconds())}s"
    frame = pl.DataFrame({"start": pl.datetime_range(view.low, view.high, every, closed="left", eager=True)})
    frame = frame.with_columns(pl.col("start").dt.cast_time_unit("us"), end=pl.col("start") + view.step)
    counted = {"requests": traffic.select(time="minute", n="requests").group_by(_step(view)).agg(pl.col("n").sum())}
    for place, one in enumerate(deeds):
        counted[f"harmed{place}"] = _wallets(one.rows.filter("harmed"), view)
        counted[f"unharmed{place}"] = _wallets(one.rows.filter(~pl.col("harmed")), view)
    counted["lost"] = _wallets(lost, view)
    for name, counts in counted.items():
        renamed = counts.select("start", pl.col("n").cast(pl.Int64).alias(name))
        frame = frame.join(renamed, on="start", how="left").with_columns(pl.col(name).fill_null(0))
    said = [_said(gaps, start, end) for start, end in frame.select("start", "end").iter_rows()]
    return frame.with_columns(pl.Series("gap", said, dtype=pl.String)).sort("start")


def _said(gaps: Sequence[Gap], start: datetime, end: datetime) -> str:
    return ", ".join(dict.fromkeys(gap.kind for gap in gaps if gap.start < end and gap.end > start))


def _step(view: View) -> pl.Expr:
    seconds = int(view.step.total_seconds())
    return (
        pl.from_epoch(pl.col("time").dt.epoch("s") // seconds * seconds)
        .dt.replace_time_zone("UTC")
        .dt.cast_time_unit("us")
        .alias("start")
    )


def _wallets(rows: pl.DataFrame, view: View) -> pl.DataFrame:
    return rows.group_by(_step(view)).agg(n=pl.col("address").n_unique())


def gaps_in(tables: Mapping[str, pl.DataFrame], view: View) -> tuple[Gap, ...]:
    """Give the gaps of the logs in a view; none where no log was read, since the page says that by itself."""
    return find_gaps(tables, view.low, view.high) if tables["traffic"].height else ()
