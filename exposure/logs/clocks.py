"""Clocks that jump: times that go back within a file, or leap a day ahead and return. Pure."""

from collections.abc import Sequence

import polars as pl

from exposure.logs.records import shape

# Steps between neighbouring lines of a source; those over the end of a block are not looked at.
JUMPS = shape(source=pl.UInt32, steps=pl.UInt32, back=pl.UInt32, leaps=pl.UInt32, returns=pl.UInt32)
_BACK, _LEAP = pl.duration(minutes=1), pl.duration(days=1)
# Servers that write when they answer, or from several threads, are out of order by seconds; formats without any order (S3,
# CDNs) by hours, in a good part of their lines.
_MANY = 0.05


def count_jumps(records: pl.DataFrame) -> pl.DataFrame:
    """Count the steps of each source that go back by more than a minute, and those of more than a day in each direction."""
    same = pl.col("source") == pl.col("source").shift()
    step = pl.col("time") - pl.col("time").shift()
    ordered = records.lazy().select("source", "line", "time").sort("source", "line")
    return (
        ordered.select("source", step=pl.when(same).then(step))
        .group_by("source")
        .agg(
            steps=pl.col("step").count(),
            back=(pl.col("step") < -_BACK).sum(),
            leaps=(pl.col("step") > _LEAP).sum(),
            returns=(pl.col("step") < -_LEAP).sum(),
        )
        .cast(JUMPS)
        .collect()
    )


def tell_jumps(counted: Sequence[pl.DataFrame]) -> dict[int, list[str]]:
    """Say of each source how its clock jumps, from all its blocks; a source whose times run on is not in it."""
    total = pl.concat([JUMPS.to_frame(), *counted]).group_by("source").agg(pl.all().cast(pl.Int64).sum())
    told: dict[int, list[str]] = {}
    for source, steps, back, leaps, returns in total.sort("source").iter_rows():
        if back > _MANY * steps:
            told[source] = [f"the time goes back by more than a minute at {back:,} of {steps:,} lines"]
        elif both := min(leaps, returns):
            often = "once" if both == 1 else f"{both:,} times"
            told[source] = [f"the time leaps by more than a day and comes back, {often}"]
    return told
