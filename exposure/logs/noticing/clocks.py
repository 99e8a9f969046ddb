"""Clocks that jump: times that go back within a file, or leap a day ahead and return. Pure."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from exposure.logs.formats.records import shape

# Steps between neighbouring lines of a source; those over the end of a block are not looked at.
JUMPS = shape(source=pl.UInt32, back=pl.UInt32, leaps=pl.UInt32, returns=pl.UInt32)
_MINUTE, _DAY = 60_000_000, 86_400_000_000
# Servers that write when they answer, or from several threads, are out of order by seconds; formats without any order (S3,
# CDNs) by hours, in a good part of their lines.
_MANY = 0.05


def count_jumps(records: pl.DataFrame) -> pl.DataFrame:
    """Count the steps of each source that go back by more than a minute, and those of more than a day in each direction.

    A source whose clock runs on is not in it. Lines may come in any order.
    """
    source, line = records.get_column("source").to_numpy(), records.get_column("line").to_numpy()
    time = records.get_column("time").to_physical().to_numpy()
    if (np.diff(line.astype(np.int64))[source[1:] == source[:-1]] < 0).any():
        order = np.lexsort((line, source))
        source, time = source[order], time[order]
    step = np.diff(time)
    jump = np.flatnonzero(((step < -_MINUTE) | (step > _DAY)) & (source[1:] == source[:-1]))
    if not len(jump):
        return JUMPS.to_frame()
    return (
        pl.DataFrame({"source": source[1:][jump], "step": step[jump]})
        .group_by("source")
        .agg(
            back=(pl.col("step") < -_MINUTE).sum(),
            leaps=(pl.col("step") > _DAY).sum(),
            returns=(pl.col("step") < -_DAY).sum(),
        )
        .cast(JUMPS)
    )


def tell_jumps(counted: Sequence[pl.DataFrame], lines: Mapping[int, int]) -> dict[int, list[str]]:
    """Say of each source how its clock jumps, from all its blocks; one whose times run on is not in it. `lines` are those read."""
    total = pl.concat([JUMPS.to_frame(), *counted]).group_by("source").agg(pl.all().cast(pl.Int64).sum())
    told: dict[int, list[str]] = {}
    for source, back, leaps, returns in total.sort("source").iter_rows():
        if back > _MANY * lines[source]:
            told[source] = [f"the time goes back by more than a minute at {back:,} of {lines[source]:,} lines"]
        elif both := min(leaps, returns):
            often = "once" if both == 1 else f"{both:,} times"
            told[source] = [f"the time leaps by more than a day and comes back, {often}"]
    return told
