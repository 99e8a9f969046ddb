"""Requests by minute, host and client: what traffic, coverage and sessions are made of, whatever else is kept. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from exposure.logs.formats.records import shape
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
# A silence is a hole where chance hardly leaves so many minutes in a row without a request. How often a minute of that source
# has one, two hours on each side of the silence tell; requests come in bursts, so chance gets a wide margin (e to the minus 30).
_AROUND = timedelta(hours=2)
_SURPRISE = 30.0
_SHORTEST = timedelta(minutes=5)


def count_cells(records: pl.DataFrame) -> pl.DataFrame:
    """Count records (with `client`) into CELLS. No records give no cells."""
    return records.group_by(pl.col("time").dt.truncate("1m").alias("minute"), "source", "host", "client").agg(
        requests=pl.len().cast(pl.UInt32),
        bytes=pl.col("bytes").sum(),
        errors=(pl.col("status") >= _ERROR).sum().cast(pl.UInt32),
        first=pl.col("time").min(),
        last=pl.col("time").max(),
    )


def without_lines(cells: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Take lines out of the cells (CELLS) in which they were counted. First and last of a cell that remains stay as they were."""
    by = ["minute", "source", "host", "client"]
    less = count_cells(lines).drop("first", "last")
    joined = cells.join(less, on=by, how="left", nulls_equal=True, suffix="_less", maintain_order="left")
    counted = ("requests", "bytes", "errors")
    reduced = joined.with_columns(pl.col(name) - pl.col(f"{name}_less").fill_null(0) for name in counted)
    return reduced.select(CELLS.names()).filter(pl.col("requests") > 0)


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
    """Give for each source first and last time, and its holes. A source without requests is not in it."""
    spans = cells.group_by("source").agg(first=pl.col("first").min(), last=pl.col("last").max()).collect()
    minutes = cells.select("source", "minute").unique().collect().sort("source", "minute")
    of_source = {source: rows.get_column("minute") for (source,), rows in minutes.group_by("source")}
    return {source: Times(first, last, *_holes(of_source[source])) for source, first, last in spans.iter_rows()}


def _holes(minutes: pl.Series) -> tuple[int, datetime | None, int | None]:
    """Count the holes between minutes with requests (sorted), and give start and minutes of the longest."""
    one = timedelta(minutes=1)
    steps = pl.DataFrame({"end": minutes, "start": minutes.shift() + one}).with_row_index("after").drop_nulls()
    silent = steps.filter(pl.col("end") - pl.col("start") >= _SHORTEST)
    since = minutes.search_sorted(silent.get_column("start") - _AROUND)
    until = minutes.search_sorted(silent.get_column("end") + _AROUND)
    looked = silent.select(
        pl.min_horizontal(pl.col("start") - minutes[0], _AROUND)
        + pl.min_horizontal(minutes[-1] + one - pl.col("end"), _AROUND)
    ).to_series()
    silent = silent.with_columns(
        length=(pl.col("end") - pl.col("start")).dt.total_minutes(),
        busy=(until - since) / (looked.dt.total_minutes() + 1),
    )
    holes = silent.filter(pl.col("length") * -(1 - pl.col("busy")).log() >= _SURPRISE)
    if holes.is_empty():
        return 0, None, None
    longest = holes.sort("length", "start", descending=[True, False]).row(0, named=True)
    return holes.height, longest["start"], longest["length"]
