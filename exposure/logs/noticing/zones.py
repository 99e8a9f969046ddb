"""A log in the wrong time zone: its traffic rises and falls as the others' does, whole or half hours apart. Pure.

Two signs, either of which is enough, and neither of which two unrelated logs show by chance:

- The small ups and downs of half an hour agree at one shift and at no other. Logs of the same requests (a CDN and the server
  behind it), or of one crowd, share them; a daily course that only looks alike does not.
- Both name the same host, and their whole course over days agrees far better shifted than as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

_Course: TypeAlias = NDArray[np.float64]

BIN = timedelta(minutes=30)
# Zones lie between -12 and +14 hours from UTC.
_FURTHEST = 28
_LEAST_BINS = 48
# Ups and downs are what is left when a smooth course over five and a half hours is taken away.
_SMOOTH, _DEGREE = 11, 3
_AGREE, _CHANCES, _APART = 0.3, 6.0, 0.5
# The whole course: three days, nearly the same shape, and a clearly worse fit as it stands.
_LEAST_COURSE, _SAME, _OTHER = 144, 0.985, 0.7
# A course that hardly moves has no shape; in widths of chance of a half hour's count.
_MOVES = 3.0


@dataclass(frozen=True, slots=True)
class Shift:
    """`late` shows the same traffic so much later than `early`, as their times are read now."""

    early: str
    late: str
    by: timedelta


def find_shifts(bins: pl.DataFrame, hosts: dict[str, frozenset[str]]) -> list[Shift]:
    """Compare logs pairwise; `bins` has `log`, `bin` (its start, UTC) and `count`, `hosts` what hosts each log names."""
    courses = {log: _course(rows) for (log,), rows in bins.sort("log").group_by("log", maintain_order=True)}
    found = []
    for (first, one), (second, other) in combinations(courses.items(), 2):
        named = hosts.get(str(first), frozenset()), hosts.get(str(second), frozenset())
        shared = bool(named[0] & named[1])
        if all(named) and not shared:
            continue  # other hosts have other visitors
        late = shift_between(one, other, same_host=shared)
        if late:
            pair = (str(first), str(second)) if late > 0 else (str(second), str(first))
            found.append(Shift(*pair, abs(late) * BIN))
    return found


def blame(shifts: Sequence[Shift], sizes: dict[str, int]) -> list[tuple[str, str, timedelta]]:
    """Say which log is off against which, and by how much (positive: its times are too late).

    Where more than two logs are compared, the one that differs from most is off; of two, the smaller one is taken for it.
    """
    told: list[tuple[str, str, timedelta]] = []
    left = list(shifts)
    while left:
        differs = {log: sum(log in (shift.early, shift.late) for shift in left) for log in sizes}
        off = max(sizes, key=lambda log: (differs[log], -sizes[log], log))
        mine = [shift for shift in left if off in (shift.early, shift.late)]
        against = max((shift.late if shift.early == off else shift.early for shift in mine), key=lambda log: sizes[log])
        shift = next(shift for shift in mine if against in (shift.early, shift.late))
        told.append((off, against, shift.by if shift.late == off else -shift.by))
        left = [shift for shift in left if shift not in mine]
    return told


def shift_between(one: tuple[int, _Course], other: tuple[int, _Course], *, same_host: bool) -> int:
    """Give by how many half hours `other` is later than `one`; 0 where nothing strong says so. A course has its first bin."""
    ripples = (one[0], _ripples(one[1])), (other[0], _ripples(other[1]))
    found = _by_ripples(*ripples)
    if found is None and same_host:
        found = _by_course(one, other)
    return found or 0


def _course(rows: pl.DataFrame) -> tuple[int, _Course]:
    """Give the first bin and the roots of the counts (their chance is the same at any height); cut ends are left out."""
    numbers = rows.get_column("bin").dt.epoch("s").to_numpy() // int(BIN.total_seconds())
    first, last = int(numbers.min()), int(numbers.max())
    counts = np.zeros(last - first + 1)
    np.add.at(counts, numbers - first, rows.get_column("count").to_numpy())
    return first + 1, np.sqrt(counts[1:-1])


def _ripples(course: _Course) -> _Course:
    if len(course) < _LEAST_BINS:
        return course[:0]
    from scipy.signal import savgol_filter  # half a second to import: only where several logs are compared

    left: _Course = course - savgol_filter(course, _SMOOTH, _DEGREE)
    # One burst must not stand for all hours.
    width = 3 * float(np.median(np.abs(left))) * 1.4826
    return np.clip(left, -width, width)


def _correlation(one: tuple[int, _Course], other: tuple[int, _Course], lag: int) -> tuple[float, int]:
    """Give the correlation of `one` with `other` moved back by `lag` bins, and on how many bins."""
    start = max(one[0], other[0] - lag)
    end = min(one[0] + len(one[1]), other[0] - lag + len(other[1]))
    if end - start < _LEAST_BINS:
        return 0.0, 0
    mine, theirs = one[1][start - one[0] : end - one[0]], other[1][start + lag - other[0] : end + lag - other[0]]
    if mine.std() == 0 or theirs.std() == 0:
        return 0.0, 0
    return float(np.corrcoef(mine, theirs)[0, 1]), end - start


def _by_ripples(one: tuple[int, _Course], other: tuple[int, _Course]) -> int | None:
    """Give the shift at which ups and downs agree, 0 where they do as they stand; None where they agree nowhere."""
    fits = {lag: _correlation(one, other, lag) for lag in range(-_FURTHEST, _FURTHEST + 1)}
    best = max(fits, key=lambda lag: fits[lag][0])
    fit, bins = fits[best]
    if fit < _AGREE or fit * np.sqrt(bins) < _CHANCES:
        return None
    # Something that comes every hour agrees at many shifts.
    rival = max(fits[lag][0] for lag in fits if abs(lag - best) > 1 or (lag == 0 and best))
    return best if rival <= _APART * fit else None


def _by_course(one: tuple[int, _Course], other: tuple[int, _Course]) -> int | None:
    if min(len(one[1]), len(other[1])) < _LEAST_COURSE or min(one[1].std(), other[1].std()) < _MOVES * 0.5:
        return None
    fits = {lag: _correlation(one, other, lag) for lag in range(-_FURTHEST, _FURTHEST + 1)}
    best = max(fits, key=lambda lag: fits[lag][0])
    fit, bins = fits[best]
    return best if fit >= _SAME and fits[0][0] <= _OTHER and bins >= _LEAST_COURSE - _FURTHEST else None
