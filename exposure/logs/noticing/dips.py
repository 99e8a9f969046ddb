"""Hours in which far less came than other days predict: visitors were sent elsewhere, or lines are missing. Pure.

What an hour should hold is what the same hour of each other day held, times how much busier this day's hours around it are than
that day's; the median over the days counts, so that a few odd days or hours do not matter. How far an hour strays by chance is
measured on all hours: requests come in clusters, so that Poisson's width alone would call every week odd.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

_Counts: TypeAlias = NDArray[np.float64]

# So many whole days are needed to know what is usual, and no more are compared.
_LEAST_DAYS, _MOST_DAYS = 4, 14
_DAY = 24
# The level of a day around an hour is that of these hours before and after; the next ones may be part of the same dip.
_AROUND = (2, 3, 4, 5, 6)
# Fewer than these expected in an hour tell nothing even when none comes.
_LEAST_EXPECTED = 12.0
# A dip is a drop below this part, and by so many widths. Measured: docs/logs.md says how often quiet weeks raise one.
_PART, _WIDTHS = 0.6, 4.0
_EDGE = 0.8
# Dips of a few hours are told better as a whole.
_LENGTHS = (1, 2, 4)
_MAD = 1.4826


@dataclass(frozen=True, slots=True)
class Dip:
    """Hours in a row with far less than expected. Times are UTC, `end` is the first hour after."""

    start: datetime
    end: datetime
    seen: int
    expected: int


def find_dips(hours: pl.DataFrame) -> list[Dip]:
    """Find the dips in counts by hour (columns `hour`, `count`; hours without a row are zero). Too few days give none."""
    if hours.is_empty():
        return []
    seconds = hours.get_column("hour").dt.epoch("s").to_numpy() // 3600
    first, last = int(seconds.min()), int(seconds.max())
    # The first and the last hour are cut.
    counts = np.zeros(max(last - first - 1, 0))
    inside = (seconds > first) & (seconds < last)
    np.add.at(counts, seconds[inside] - first - 1, hours.get_column("count").to_numpy()[inside])
    if len(counts) < _LEAST_DAYS * _DAY:
        return []
    expected = _expected(counts)
    low = np.zeros(len(counts), dtype=bool)
    for hours_long in _LENGTHS:
        found = _strange(_rolled(counts, hours_long), _rolled(expected, hours_long))
        for start in np.flatnonzero(found):
            low[start : start + hours_long] = True
    return [_dip(counts, expected, run, first + 1) for run in _runs(low, counts < _EDGE * expected)]


def tell_dip(dip: Dip) -> str:
    """Say when traffic dips, and to what part of the usual."""
    part = f"{100 * dip.seen / dip.expected:.0f} %" if dip.seen else "nothing"
    return f"traffic dips from {dip.start:%Y-%m-%d %H:%M} to {dip.end:%Y-%m-%d %H:%M} UTC to {part} of what is usual"


def _expected(counts: _Counts) -> _Counts:
    """Give for each hour the median over other days of the same hour, scaled by the hours around. NaN where no day can tell."""
    total = len(counts)
    days = min(_MOST_DAYS, total // _DAY)
    guesses = [_guess(counts, shift * _DAY) for day in range(1, days + 1) for shift in (-day, day)]
    with np.errstate(all="ignore"):
        table = np.array(guesses)
        enough = (~np.isnan(table)).sum(axis=0) >= _LEAST_DAYS - 1
        return np.where(enough, _nanmedian(table), np.nan)


def _guess(counts: _Counts, shift: int) -> _Counts:
    """Give what each hour should hold by the day that is `shift` hours away; NaN where that lies outside."""
    other = _shifted(counts, shift)
    around = [offset * sign for offset in _AROUND for sign in (-1, 1)]
    ratios = [(_shifted(counts, offset) + 0.5) / (_shifted(counts, shift + offset) + 0.5) for offset in around]
    return other * _nanmedian(np.array(ratios))


def _shifted(counts: _Counts, by: int) -> _Counts:
    """Give the counts so many hours later, NaN outside."""
    moved = np.full(len(counts), np.nan)
    if abs(by) < len(counts):
        target = slice(max(-by, 0), len(counts) - max(by, 0))
        moved[target] = counts[max(by, 0) : len(counts) + min(by, 0)]
    return moved


def _nanmedian(table: _Counts) -> _Counts:
    known = ~np.isnan(table).all(axis=0)
    result = np.full(table.shape[1], np.nan)
    if known.any():
        result[known] = np.nanmedian(table[:, known], axis=0)
    return result


def _strange(counts: _Counts, expected: _Counts) -> NDArray[np.bool_]:
    """Tell which hours hold less than chance explains: neither clusters of requests do nor the moods of a day.

    Clusters widen what is lost in proportion to its root, moods by a factor; each width is measured as if it explained all.
    """
    usable = expected >= _LEAST_EXPECTED  # NaN is not
    if not usable.any():
        return usable
    with np.errstate(all="ignore"):
        clusters = (expected - counts) / np.sqrt(expected)
        moods = np.log((expected + 0.5) / (counts + 0.5))
    # The median of a few days strays as well.
    wider = float(np.sqrt(1 + 2 / max(len(counts) // _DAY - 1, 1)))
    by_cluster = wider * max(1.0, _MAD * float(np.median(np.abs(clusters[usable]))))
    by_mood = wider * _MAD * float(np.median(np.abs(moods[usable])))
    low = counts < _PART * expected
    strange: NDArray[np.bool_] = usable & low & (clusters > _WIDTHS * by_cluster) & (moods > _WIDTHS * by_mood)
    return strange


def _rolled(counts: _Counts, length: int) -> _Counts:
    """Give the sums over so many hours from each hour on, where all are there."""
    return np.convolve(counts, np.ones(length), "valid")


def _runs(low: NDArray[np.bool_], lowish: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Give the runs of lowish hours that hold a low one."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], lowish, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True) if low[start:end].any()]


def _dip(counts: _Counts, expected: _Counts, run: tuple[int, int], first: int) -> Dip:
    start, end = run
    base = datetime.fromtimestamp(first * 3600, UTC)
    return Dip(
        base + timedelta(hours=start),
        base + timedelta(hours=end),
        int(counts[start:end].sum()),
        round(float(np.nansum(expected[start:end]))),
    )
