"""Requests by minute, host and client: what traffic, coverage and sessions are made of, whatever else is kept. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from exposure.logs.records import shape
from exposure.tables import TABLES, TIME

# What one client asked of one host in one minute of one source. Five times fewer than requests, and sessions are exact on it.
CELLS = shape(
    minute=TIME,
    source=pl.UInt32,
    host=pl.String,
    client=pl.UInt64,
    requests=pl.UInt32,
    bytes=pl.Int64,
    errors=pl.UInt32,
    first=TIME,
    last=TIME,
)
_ERROR = 500
# Cells that are looked at together when clients are counted.
_TOGETHER = 2_000_000
# A silence is a hole where it is long for that source: this many times what nearly all its silences are, and never below.
_HOLE = timedelta(minutes=10)
_UNUSUAL = 4


def count_cells(records: pl.DataFrame) -> pl.DataFrame:
    """Count records (with `client`) into CELLS. No records give no cells."""
    return records.group_by(pl.col("time").dt.truncate("1m").alias("minute"), "source", "host", "client").agg(
        requests=pl.len().cast(pl.UInt32),
        bytes=pl.col("bytes").sum(),
        errors=(pl.col("status") >= _ERROR).sum().cast(pl.UInt32),
        first=pl.col("time").min(),
        last=pl.col("time").max(),
    )


def make_traffic(cells: pl.LazyFrame) -> pl.DataFrame:
    """Make the table traffic: a minute of one host. Clients are counted once, however many sources hold them."""
    parts = [
        cells.filter(pl.col("minute").is_between(first, last))
        .group_by("minute", "host")
        .agg(
            requests=pl.col("requests").sum().cast(pl.UInt64),
            clients=pl.col("client").drop_nulls().n_unique().cast(pl.UInt64),
            bytes=pl.col("bytes").sum(),
            errors=pl.col("errors").sum().cast(pl.UInt64),
        )
        .collect()
        for first, last in _stretches(cells)
    ]
    return TABLES["traffic"].check(pl.concat([TABLES["traffic"].empty(), *parts]))


def _stretches(cells: pl.LazyFrame) -> Iterator[tuple[datetime, datetime]]:
    """Cut time into stretches of so many cells that they fit into memory; at least a minute each."""
    minutes = cells.group_by("minute").agg(cells=pl.len()).collect().sort("minute")
    minutes = minutes.with_columns(stretch=pl.col("cells").cum_sum() // _TOGETHER)
    bounds = minutes.group_by("stretch").agg(first=pl.col("minute").min(), last=pl.col("minute").max())
    yield from bounds.select("first", "last").iter_rows()


@dataclass(frozen=True, slots=True)
class Times:
    """When a source has lines (UTC), how many holes lie between, and the longest of them."""

    first: datetime | None = None
    last: datetime | None = None
    gaps: int = 0
    hole_start: datetime | None = None
    hole_minutes: int | None = None


def source_times(cells: pl.LazyFrame) -> dict[int, Times]:
    """Give for each source first and last time, and its holes. A source without requests is not in it.

    A hole is a silence of ten minutes or more that is four times longer than nearly all silences of that source.
    """
    spans = cells.group_by("source").agg(first=pl.col("first").min(), last=pl.col("last").max()).collect()
    minutes = cells.select("source", "minute").unique().collect().sort("source", "minute")
    steps = minutes.with_columns(step=pl.col("minute").diff().over("source")).drop_nulls("step")
    usual = pl.col("step").quantile(0.95, "lower").over("source")
    holes = steps.filter((pl.col("step") > _HOLE) & (pl.col("step") > usual * _UNUSUAL))
    holes = holes.with_columns(
        start=pl.col("minute") - pl.col("step") + timedelta(minutes=1), length=pl.col("step") - timedelta(minutes=1)
    )
    longest = pl.col("length") == pl.col("length").max()
    counted = holes.group_by("source").agg(
        gaps=pl.len().cast(pl.UInt32),
        hole_start=pl.col("start").filter(longest).min(),
        hole_minutes=pl.col("length").max().dt.total_minutes(),
    )
    joined = spans.join(counted, on="source", how="left").with_columns(pl.col("gaps").fill_null(0))
    rows = joined.select("source", "first", "last", "gaps", "hole_start", "hole_minutes").iter_rows()
    return {source: Times(*values) for source, *values in rows}
