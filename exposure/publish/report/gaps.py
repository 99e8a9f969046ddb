"""When the logs say nothing, or less than they should: for the texts' limits, and for the timeline. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import polars as pl

from exposure.assess.coverage import dips, silences

# Quiet minutes are ordinary on a small site; silence this long, on a site that is otherwise asked every minute, is not.
_SILENCE = timedelta(minutes=10)

Kind = Literal["no logs", "silence", "a host silent", "fewer visitors"]


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of time (UTC) without logs, without any request, without one host's, or with far fewer visitors than usual."""

    kind: Kind
    start: datetime
    end: datetime


def find_gaps(tables: Mapping[str, pl.DataFrame], low: datetime, high: datetime) -> tuple[Gap, ...]:
    """Give every gap between two times, by its start. Without any log all of it is one."""
    traffic = tables["traffic"]
    found = [
        *(Gap("no logs", start, end) for start, end in _outside(tables["coverage"], low, high)),
        *(Gap("silence", start, end) for start, end in silent(traffic)),
        *(Gap("a host silent", start, end) for _, start, end in silent_hosts(traffic, low, high)),
        *(Gap("fewer visitors", dip.start, dip.end) for _, dip in dips(traffic, low, high)),
    ]
    inside = {gap for gap in found if gap.end > low and gap.start < high}
    return tuple(sorted(inside, key=lambda gap: (gap.start, gap.end, gap.kind)))


def _outside(coverage: pl.DataFrame, low: datetime, high: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Give what lies before the first and after the last line of all logs."""
    logs = coverage.filter(~pl.col("source").str.starts_with("chain:"))
    first, last = logs.get_column("first").min(), logs.get_column("last").max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        yield low, high
        return
    if first > low:
        yield low, first
    if last < high:
        yield last, high


def silent(traffic: pl.DataFrame) -> Iterator[tuple[datetime, datetime]]:
    """Give the stretches without a request to any host, where at least every second minute has one."""
    minutes = traffic.get_column("minute").unique().sort()
    if minutes.len() < 2:
        return
    whole = int((minutes[-1] - minutes[0]).total_seconds() // 60) + 1
    if 2 * minutes.len() < whole:
        return
    steps = pl.DataFrame({"start": minutes[:-1], "end": minutes[1:]})
    steps = steps.with_columns(pl.col("start") + timedelta(minutes=1))
    yield from steps.filter(pl.col("end") - pl.col("start") >= _SILENCE).iter_rows()


def silent_hosts(
    traffic: pl.DataFrame, start: datetime | None, end: datetime | None
) -> Iterator[tuple[str | None, datetime, datetime]]:
    """Give the silences of one host while others go on: host (null: lines that name none), start, end."""
    others = traffic.get_column("minute").unique()
    for host, first, last in sorted(silences(traffic, start, end), key=lambda hole: hole[1:]):
        if others.is_between(first, last, closed="left").any():
            yield host, first, last
