"""The window by what the harmed have in common: when they were exposed. Pure.

If n exposures lie evenly in a window, first and last of them cover (n − 1)/(n + 1) of it on average; to hold the whole window
with 95 % each side is widened by 0.025^(−1/(n − 1)) − 1 times their range (1.48 for five, 0.21 for twenty). Exposures that did
no harm narrow that: so many in a row would not all have been spared inside.
"""

import math
from datetime import UTC, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from exposure.assess.bounds import Bound, Pair, stamp
from exposure.assess.intervals import LEVEL, wilson

# With fewer the range says next to nothing: two would be widened by 39 times their distance.
HARMED_LEAST = 3
_SIDE = (1 - LEVEL) / 2

Micros = NDArray[np.int64]


def scan_bounds(exposures: pl.DataFrame, harvest_end: datetime | None) -> Pair:
    """Give T1 and T2 from exposures (address, time, harmed); neither with fewer than three harmed wallets.

    The unit is the wallet: one that came daily was exposed once, at the moment nearest to the others'. `harvest_end` is the
    time of the last theft where a theft can come long after the exposure: who was exposed later may have been spared because
    the attacker had stopped, so that T2 is not bounded from there on. None where harm shows at once.
    """
    rows = exposures.drop_nulls("time").select("address", "harmed", at=pl.col("time").dt.epoch("us"))
    rows = rows.unique().sort("address", "at")
    by_wallet = [part.to_numpy() for part in _lists(rows.filter("harmed"))]
    if len(by_wallet) < HARMED_LEAST:
        return Pair(None, None)
    anchors = _anchors(by_wallet)
    first, last, count = int(anchors.min()), int(anchors.max()), len(anchors)
    slack = round((_SIDE ** (-1 / (count - 1)) - 1) * (last - first))
    spared = [part.to_numpy() for part in _lists(rows.filter(~pl.col("harmed")))]
    inside = sum(bool(((times >= first) & (times <= last)).any()) for times in spared)
    run = _run_length(count, inside)
    low = _spared_before(spared, first, last, run)
    earliest = first - slack if low is None else max(first - slack, low)
    until = None if harvest_end is None else round(harvest_end.timestamp() * 1_000_000)
    latest = _latest(spared, (first, last), slack, run, until)
    text = f"exposures of {count} harmed wallets, from {stamp(_time(first))} to {stamp(_time(last))}"
    tail = "" if latest is not None else "; the thefts end before exposure does, so that they do not bound T2"
    return Pair(
        Bound(_time(first), _time(earliest), _time(first), f"{text}, widened to hold the start with 95 %", LEVEL),
        Bound(_time(last), _time(last), _time(latest), f"{text}, widened to hold the end with 95 %{tail}", LEVEL),
    )


def _lists(rows: pl.DataFrame) -> pl.Series:
    return rows.group_by("address", maintain_order=True).agg("at").get_column("at")


def _time(micros: int | None) -> datetime | None:
    return None if micros is None else datetime.fromtimestamp(micros / 1_000_000, UTC)


def _anchors(by_wallet: list[Micros]) -> Micros:
    """Give one exposure a harmed wallet: its only one, or the one nearest to where the wallets with only one lie.

    A daily user's first visit lies weeks before the attack; taking it would stretch the window over weeks.
    """
    single = [int(times[0]) for times in by_wallet if len(times) == 1]
    if not single:
        # Each has several: the shortest stretch that meets them all lies between the first last and the last first.
        single = [int(min(times[-1] for times in by_wallet)), int(max(times[0] for times in by_wallet))]
    low, high = min(single), max(single)
    anchors = []
    for times in by_wallet:
        away = np.maximum(np.maximum(low - times, times - high), 0)
        anchors.append(int(times[int(np.argmin(away))]))
    return np.array(anchors, dtype=np.int64)


def _run_length(harmed: int, spared: int) -> int:
    """Give how many spared in a row are too many to lie inside, by the lowest attack rate that fits."""
    rate = min(wilson(harmed, harmed + spared)[0], 0.95)
    return max(2, math.ceil(math.log(_SIDE) / math.log(1 - rate)))


def _spared_before(spared: list[Micros], first: int, last: int, run: int) -> int | None:
    """Give the time before which a run of spared wallets lies; None where there are too few."""
    times = [
        int(part[part < first].max()) for part in spared if (part < first).any() and not _inside(part, first, last)
    ]
    times.sort(reverse=True)
    return times[run - 1] if len(times) >= run else None


def _latest(spared: list[Micros], ends: tuple[int, int], slack: int, run: int, until: int | None) -> int | None:
    """Give the end that the scan bounds, or None where thefts stopped too early to tell."""
    first, last = ends
    after = [int(part[part > last].min()) for part in spared if (part > last).any() and not _inside(part, first, last)]
    told = sorted(time for time in after if until is None or time < until)
    if len(told) >= run:
        return min(last + slack, told[run - 1])
    return last + slack if until is None or last + slack <= until else None


def _inside(part: Micros, first: int, last: int) -> bool:
    return bool(((part >= first) & (part <= last)).any())
