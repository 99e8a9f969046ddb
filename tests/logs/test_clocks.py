"""A clock that jumps is said; servers that are a little out of order are not."""

from datetime import timedelta

import polars as pl

from exposure.logs.noticing.clocks import count_jumps, tell_jumps
from exposure.tables import TIME
from tests.logs.logbook import NOON


def told(*blocks: list[float]) -> list[str]:
    """Give what is said of blocks of times, in hours after noon."""
    counted = []
    number = 0
    for hours in blocks:
        rows = [(0, number + place, NOON + timedelta(hours=hour)) for place, hour in enumerate(hours)]
        number += len(rows)
        frame = pl.DataFrame(rows, schema={"source": pl.UInt32, "line": pl.UInt64, "time": TIME}, orient="row")
        counted.append(count_jumps(frame.reverse()))
    return tell_jumps(counted, {0: number}).get(0, [])


def test_a_clock_that_runs_on_is_not_mentioned() -> None:
    """Nor one that is seconds out of order, or whose log has a long pause."""
    assert [] == told([0, 1, 2], [50, 51]) == told([0, 0.001, 0, 0.001, 0.01, 0.009]) == told([])


def test_times_that_go_back_in_many_lines_are_counted() -> None:
    """Two nodes write into one file, one with a wrong clock."""
    assert ["the time goes back by more than a minute at 2 of 8 lines"] == told([0, 1, 0.5, 1.5], [0, 1, 0.5, 1.5])


def test_a_leap_and_return_is_counted() -> None:
    """A clock that was set, and set back; a rare one is told by its size."""
    steady = [number / 100 for number in range(50)]
    assert ["the time leaps by more than a day and comes back, once"] == told([*steady, 100, 100.1, *steady[40:]])
    assert [] == told([*steady, 100, 100.1])


def test_sources_are_not_neighbours() -> None:
    """The end of one file and the start of the next are no step."""
    rows = [(source, 1, NOON - timedelta(days=9 * source)) for source in range(3)]
    frame = pl.DataFrame(rows, schema={"source": pl.UInt32, "line": pl.UInt64, "time": TIME}, orient="row")
    assert {} == tell_jumps([count_jumps(frame)], {0: 1, 1: 1, 2: 1})
