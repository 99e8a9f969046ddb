"""The window by what the harmed have in common: when they were exposed. Pure.

A scan statistic over exposures: every pair (T1, T2) is weighed by how well it parts harmed from unharmed wallets (`scan_grid`),
and the bounds are the 2.5 and 97.5 % points of what remains. Where more than that lies beyond what the data can tell, there is
no bound: before the first exposure, after the last one, or after the last theft where thefts come long after exposure.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import polars as pl

from exposure.assess.bounds import Bound, Pair, stamp
from exposure.assess.intervals import LEVEL
from exposure.assess.scan_grid import UNKNOWN, Floats, Ints, Rates, Spells, fit
from exposure.assess.scan_split import Span, find_spans
from exposure.assess.waits import show_by_now

# With fewer their range says next to nothing.
HARMED_LEAST = 3
_SIDE = (1 - LEVEL) / 2
_MICRO = 1_000_000
_DAY = 86_400 * _MICRO
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Scan:
    """The windows found, in time order, and their hull, which is what may be published."""

    pairs: tuple[Pair, ...]
    hull: Pair


@dataclass(frozen=True, slots=True)
class Exposures:
    """Exposures on the scale of their distinct times, in microseconds; `harmed_at` is each wallet's, 0 where it is unharmed."""

    times: Ints
    harmed_at: Ints
    spells: Spells

    @property
    def span(self) -> float:
        """Give the seconds from the first exposure to the last, at least one."""
        return max(1.0, float(self.times[-1] - self.times[0]) / _MICRO)

    def gaps(self) -> tuple[Floats, Floats]:
        """Give the seconds before each time, and after it; beyond the data as much again as they span.

        T1 is as likely to lie before the first exposure as after it, until the data speak.
        """
        steps = np.diff(self.times) / _MICRO
        return np.concatenate([[self.span], steps]), np.concatenate([steps, [self.span]])


def scan_bounds(exposures: pl.DataFrame, rates: Rates = UNKNOWN) -> Scan:
    """Give T1 and T2 of each window from exposures (address, time, harmed_at: null = unharmed), times in UTC.

    The unit is the wallet: it is inside if any of its exposures is; of the harmed only exposures before their harm may be
    given. `rates` is what is known of the rates of harm. Fewer than three harmed wallets, or no exposures, give no window.
    """
    told = read_exposures(exposures)
    if told is None or told.spells.sizes()[0] < HARMED_LEAST:
        return Scan((), Pair(None, None))
    gaps = told.gaps()
    spans = find_spans(told.spells, gaps, fit(told.spells, gaps, rates), rates)
    first, *others = (_pair(told, *_wait(told, span, gaps, rates)) for span in spans)
    pairs = (_from_earlier(told, spans[0], first, gaps, rates), *others)
    return Scan(pairs, _hull(pairs))


def _from_earlier(told: Exposures, span: Span, pair: Pair, gaps: tuple[Floats, Floats], rates: Rates) -> Pair:
    """Let the first window's earliest beginning lie before those who were robbed before it.

    Lost lines explain why a harmed wallet is seen outside alone; they explain no theft that came before the exposure that was
    lost. So few are no window of their own, and the thief may have robbed them elsewhere: they only widen. How long before
    them it may have begun is read off those spared before, at the rate of harm that the window shows.
    """
    inside = span.spells.inside(*span.posterior.best)
    hits = len(np.intersect1d(inside, span.spells.wallet[span.spells.harmed]))
    alike = replace(rates, inside=(rates.inside[0] + hits, rates.inside[1] + len(inside) - hits))
    start, spells = pair.t1, told.spells
    earliest = start.earliest if start else None
    count = 0
    while earliest is not None:
        bound = round(earliest.timestamp() * _MICRO)
        early = np.flatnonzero((told.harmed_at > 0) & (told.harmed_at < bound))
        mine = spells.where((told.times[spells.at] < bound) & (~spells.harmed | np.isin(spells.wallet, early)))
        robbed = len(np.unique(mine.wallet[mine.harmed]))
        if not robbed:
            break
        count += robbed
        before = _pair(told, Span(mine, fit(mine, gaps, alike)), len(told.times) - 1).t1
        earliest = before.earliest if before else None
    if start is None or not count:
        return pair
    text = f"; before {stamp(start.earliest)} {count:,} who had done it were robbed already: it may have begun by then"
    return replace(pair, t1=replace(start, earliest=earliest, reason=start.reason + text))


def _wait(told: Exposures, span: Span, gaps: tuple[Floats, Floats], rates: Rates) -> tuple[Span, int]:
    """Take into account how far harm shows by now; gives the index from which on exposures tell nothing of T2 as well.

    T1 stays as it is: harm of the first exposures shows. Where thieves came once for all, how long they waited with each is
    not to be told apart from when they came, and the weights would make the rate inside too high for T1.
    """
    wait = show_by_now(told.times, told.harmed_at, span.spells, span.posterior.best)
    if wait.until is None:
        return span, len(told.times) - 1
    spells = replace(span.spells, weight=wait.weight)
    until = min(int(np.searchsorted(told.times, wait.until)), len(told.times) - 1)
    start, end = span.posterior, fit(spells, gaps, rates, until)
    best = (start.best[0], max(start.best[1], end.best[1]))
    beyond = start.beyond[0], end.beyond[1]
    both = replace(end, start=start.start, start_mass=start.start_mass, best=best, beyond=beyond)
    return Span(spells, both), until


def read_exposures(exposures: pl.DataFrame) -> Exposures | None:
    """Put exposures on the scale of their distinct times; None where there are none."""
    rows = exposures.drop_nulls("time").select(
        "address", at=pl.col("time").dt.epoch("us"), harmed_at=pl.col("harmed_at").dt.epoch("us")
    )
    rows = rows.unique(["address", "at"], keep="any").sort("address", "at")
    if rows.is_empty():
        return None
    wallet = rows.select(pl.col("address").rle_id()).to_series().cast(pl.Int64).to_numpy()
    times, at = np.unique(rows.get_column("at").to_numpy(), return_inverse=True)
    after = np.where(np.diff(wallet, prepend=-1) == 0, np.roll(at, 1), -1)
    harmed = rows.get_column("harmed_at").is_not_null().to_numpy()
    spells = Spells(wallet, after, at, np.ones(len(at)), _habits(wallet, times[at]), harmed)
    firsts = np.flatnonzero(after < 0)
    return Exposures(times, rows.get_column("harmed_at").fill_null(0).to_numpy()[firsts], spells)


def _habits(wallet: Ints, at: Ints) -> Floats:
    """Give for each row on how many days its wallet came against the mean of all, as a logarithm; rows sorted as in `Exposures`."""
    new = np.diff(wallet, prepend=-1) != 0
    days = np.bincount(wallet, new | (np.diff(at // _DAY, prepend=0) != 0))
    return np.asarray(np.log(days / days.mean())[wallet], dtype=np.float64)


def _pair(told: Exposures, span: Span, until: int) -> Pair:
    """Read both bounds off a window's posterior."""
    spells, found, times = span.spells, span.posterior, told.times
    start, end = found.start, found.end
    lead = np.concatenate([[times[0] - round(told.span * _MICRO)], times])
    tail = np.concatenate([times, [times[-1] + round(told.span * _MICRO)]])
    begins = lead[start.low], lead[start.high + 1]
    ends = tail[end.low], tail[end.high + 1]
    # How likely an end beyond the data is, nobody knows. Much opens the interval; for its other side it weighs as much as the
    # mean time between exposures, as if the data went on.
    gap = told.span / len(times)
    before = np.where(start.low > 0, 1.0, min(1.0, gap / found.beyond[0]))
    after = np.where(end.low < until, 1.0, min(1.0, gap / found.beyond[1]))
    low = _point(begins, found.start_mass, _SIDE)
    high = _point(begins, found.start_mass * before, 1 - _SIDE)
    least = _point(ends, found.end_mass * after, _SIDE)
    most = _point(ends, found.end_mass, 1 - _SIDE)
    earliest, latest = None if low < times[0] else low, None if most > times[until] else most
    inside = spells.inside(*found.best)
    hit = spells.harmed & np.isin(spells.wallet, inside)
    hit &= spells.weight > 0
    seen = spells.at[hit & (spells.at >= found.best[0]) & (spells.at <= found.best[1])]
    first, last = int(times[seen.min()]), int(times[seen.max()])
    # The pair that fits best lies at the edge of what is likely: just outside of it nobody was harmed.
    high, least = max(high, first), min(least, last)
    harmed, exposed = len(np.unique(spells.wallet[hit])), len(inside)
    text = (
        f"{harmed:,} of {exposed:,} wallets exposed from {stamp(_time(first))} to {stamp(_time(last))} were harmed, "
        f"and {spells.sizes()[0] - harmed:,} of {sum(spells.sizes()) - exposed:,} others"
    )
    open_start = "" if earliest else "; too few were exposed before to tell when it began"
    why = "the thefts end before exposure does" if until < len(times) - 1 else "too few were exposed after"
    open_end = "" if latest else f"; {why}, so that nothing tells when it ended"
    return Pair(
        Bound(_time(first), _time(earliest), _time(high), f"{text}{open_start}", LEVEL),
        Bound(_time(last), _time(least), _time(latest), f"{text}{open_end}", LEVEL),
    )


def _hull(pairs: tuple[Pair, ...]) -> Pair:
    """Give the bounds that hold all windows; an end that one of them does not bound is not bounded."""
    if len(pairs) < 2:
        return pairs[0] if pairs else Pair(None, None)
    start = min((pair.t1 for pair in pairs if pair.t1), key=lambda bound: bound.earliest or _FIRST)
    end = max((pair.t2 for pair in pairs if pair.t2), key=lambda bound: bound.latest or _LAST)
    text = f"the harmed were exposed in {len(pairs)} windows, of which this is the"
    return Pair(
        replace(start, reason=f"{text} first: {start.reason}"), replace(end, reason=f"{text} last: {end.reason}")
    )


def _point(cells: tuple[Ints, Ints], mass: Floats, share: float) -> int:
    """Give the moment up to which so much of the mass lies; within a cell every moment is as likely as the next."""
    upto = np.cumsum(mass) / mass.sum()
    index = min(int(np.searchsorted(upto, share)), len(mass) - 1)
    before = float(upto[index - 1]) if index else 0.0
    part = (share - before) / max(float(upto[index]) - before, 1e-300)
    low, high = int(cells[0][index]), int(cells[1][index])
    return low + round(min(max(part, 0.0), 1.0) * (high - low))


def _time(micros: int | None) -> datetime | None:
    return None if micros is None else datetime.fromtimestamp(micros / _MICRO, UTC)
