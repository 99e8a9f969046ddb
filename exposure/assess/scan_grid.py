"""How well each pair (T1, T2) explains who was harmed: counts and posterior over a grid. Pure numbers, no tables.

A wallet is inside [T1, T2] if any of its exposures is. Inside it is harmed at a rate p, outside at a rate q; both are unknown
and integrated out (beta-binomial). p may be anything. q is small: logs lose exposures, so that some who were exposed inside are
seen outside alone, and some harm is not the attacker's. T1 and T2 may lie at any moment, each as likely as the next.

The grid is found by branch and bound: cells whose best conceivable pair is hopeless are dropped, the others split, until
every cell is one gap between two exposures, or so many remain plausible that their likelihood is smooth.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Cells an axis: at first, and at most. Pairs e^-25 as likely as the best do not add up to anything, however many they are.
FIRST, MOST = 96, 320
HOPELESS = 25.0
# Seconds: shorter windows are no likelier.
SHORTEST = 60.0
_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Rates:
    """What is known beforehand of the rates of harm inside and outside: a Beta prior each.

    By default any rate inside is as likely as another; outside the median is 1 % and the upper 95 % end 7 %.
    """

    inside: tuple[float, float] = (1.0, 1.0)
    outside: tuple[float, float] = (0.5, 25.0)


UNKNOWN = Rates()


@dataclass(frozen=True, slots=True)
class Spells:
    """When wallets are inside: a row an exposure, in any order.

    An exposure makes its wallet inside for `after` < T1's index <= `at` <= T2's index, where indices count the distinct times
    of exposures, `after` is the wallet's exposure before it (-1: none) and T1's index is the first time not before T1.
    `weight` (0 to 1) says how much of the harm that it would have done shows by now. `habit` is its wallet's: how often that
    comes against the mean, as a logarithm; a daily user whose exposure inside was lost is still seen outside.
    """

    wallet: Ints
    after: Ints
    at: Ints
    weight: Floats
    habit: Floats
    harmed: NDArray[np.bool_]

    def where(self, rows: NDArray[np.bool_]) -> "Spells":
        """Give some of the rows."""
        return Spells(*(getattr(self, part.name)[rows] for part in fields(self)))

    def inside(self, first: int, last: int) -> Ints:
        """Give the wallets that are inside a pair of indices, each once."""
        return np.unique(self.wallet[(self.at >= first) & (self.at <= last)])

    def without(self, wallets: Ints) -> "Spells":
        """Give the rows of all other wallets."""
        return self.where(~np.isin(self.wallet, wallets))

    def sizes(self) -> tuple[int, int]:
        """Give how many wallets are harmed, and how many are not."""
        starts = self.after < 0
        harmed = int((starts & self.harmed).sum())
        return harmed, int(starts.sum()) - harmed


@dataclass(frozen=True, slots=True)
class Cells:
    """One end's cells: each holds the indices from `low` to `high`, both included; sorted, without overlap."""

    low: Ints
    high: Ints

    @property
    def exact(self) -> bool:
        """Tell whether every cell is a single index."""
        return bool((self.low == self.high).all())

    @property
    def middle(self) -> Ints:
        """Give one index of each cell."""
        return (self.low + self.high) // 2

    def lengths(self, gaps: Floats) -> Floats:
        """Give each cell's length in time, from the length at every index."""
        total = np.concatenate([[0.0], np.cumsum(gaps)])
        return np.asarray(total[self.high + 1] - total[self.low], dtype=np.float64)

    def split(self, keep: NDArray[np.bool_], most: int) -> "Cells":
        """Split the cells to keep into equal parts, at most so many in all."""
        low, high = self.low[keep], self.high[keep]
        sizes = high - low + 1
        parts = np.minimum(sizes, max(1, most // len(sizes)))
        # Cells that are single indices already leave their share to the others.
        left = most - int(parts.sum())
        wide = int((parts < sizes).sum())
        if wide and left > 0:
            parts = np.minimum(sizes, parts + np.where(parts < sizes, left // wide, 0))
        owner = np.repeat(np.arange(len(low)), parts)
        nth = np.arange(len(owner)) - np.repeat(np.cumsum(parts) - parts, parts)
        starts = low[owner] + nth * sizes[owner] // parts[owner]
        ends = low[owner] + (nth + 1) * sizes[owner] // parts[owner] - 1
        return Cells(starts, ends)


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is known of the pair: each end's cells with their probabilities, the pair that fits best, and the evidence.

    `beyond` are the seconds that T1 may lie before the data, and T2 after what they tell, in which nothing speaks against it.
    `evidence` is the logarithm of how much better a window explains who was harmed than none, averaged over windows of all
    lengths: one of minutes is as likely as one of days.
    """

    start: Cells
    end: Cells
    start_mass: Floats
    end_mass: Floats
    best: tuple[int, int]
    beyond: tuple[float, float]
    evidence: float


def fit(spells: Spells, gaps: tuple[Floats, Floats], rates: Rates, until: int | None = None) -> Posterior:
    """Give the posterior of (T1, T2).

    `gaps` say for each index how much time lies between it and the one before (T1 may be anywhere there), and between it and
    the next one, in seconds. From the index `until` on (None: from the last) the data tell nothing of T2. At least one index is
    needed.
    """
    count = len(gaps[0])
    until = count - 1 if until is None else min(until, count - 1)
    edges = np.unique(spells.at[spells.harmed])
    start = _first_cells(count, edges + 1, 1)
    end = _first_cells(count, edges, until)
    size = -1
    for _ in range(_ROUNDS):
        keep = _plausible(spells, (start, end), gaps, rates)
        rows, columns = np.asarray(keep.any(axis=1)), np.asarray(keep.any(axis=0))
        if start.exact and end.exact:
            start, end = start.split(rows, count), end.split(columns, count)
            break
        start, end = start.split(rows, MOST), end.split(columns, MOST)
        left = int((start.high - start.low + 1).sum() + (end.high - end.low + 1).sum())
        if size == left and not (start.exact and end.exact):
            break
        size = left
    return _finish(spells, (start, end), gaps, until, rates)


@dataclass(frozen=True, slots=True)
class Tally:
    """For every pair of indices: how many inside were harmed, how many were not, and the sum of the habits of the harmed."""

    harmed: Floats
    unharmed: Floats
    habit: Floats


def tally(spells: Spells, first: Ints, last: Ints) -> Tally:
    """Count who is inside every pair of an index of `first` and one of `last` (both sorted)."""
    low = np.searchsorted(first, spells.after, "right")
    high = np.searchsorted(first, spells.at, "right")
    column = np.searchsorted(last, spells.at, "left")
    told = (low < high) & (column < len(last)) & (spells.weight > 0)

    def total(rows: NDArray[np.bool_], weight: Floats) -> Floats:
        mine = told & rows
        flat = np.concatenate([low[mine], high[mine]]) * len(last) + np.tile(column[mine], 2)
        both = np.concatenate([weight[mine], -weight[mine]])
        grid = np.bincount(flat, both, minlength=(len(first) + 1) * len(last)).reshape(len(first) + 1, len(last))
        return np.asarray(np.cumsum(np.cumsum(grid, axis=0), axis=1)[:-1], dtype=np.float64)

    return Tally(
        total(spells.harmed, spells.weight),
        total(~spells.harmed, spells.weight),
        total(spells.harmed, spells.habit),
    )


def log_likelihood(harmed: Tally, unharmed: Tally, sizes: tuple[int, int], rates: Rates) -> Floats:
    """Give every pair's log likelihood, both rates integrated out; the harmed by one tally, the others by another.

    A pair inside of which fewer were harmed than outside is no window but the time between two, or after one: minus infinity.
    """
    hits, spared = np.maximum(harmed.harmed, 0.0), np.maximum(unharmed.unharmed, 0.0)
    others = np.maximum(sizes[0] - hits, 0.0), np.maximum(sizes[1] - spared, 0.0)
    value = betaln(rates.inside[0] + hits, rates.inside[1] + spared) - betaln(*rates.inside)
    value += betaln(rates.outside[0] + others[0], rates.outside[1] + others[1])
    worse = hits * (others[0] + others[1]) > others[0] * (hits + spared)
    everyone = others[0] + others[1] < 0.5
    return np.asarray(np.where(worse | everyone, value - harmed.habit, -np.inf), dtype=np.float64)


def _first_cells(count: int, edges: Ints, edge: int) -> Cells:
    """Cut at even steps, at `edge` and, so far as they are few, at the harmed: between those the likelihood is smooth.

    The first and the last index stand alone: there an end lies outside all data.
    """
    steps = np.linspace(0, count, min(count, FIRST) + 1).astype(np.int64)
    cuts = np.unique(np.concatenate([steps, [0, 1, edge, count - 1, count], edges if len(edges) <= FIRST else []]))
    cuts = cuts[(cuts >= 0) & (cuts <= count)].astype(np.int64)
    return Cells(cuts[:-1], cuts[1:] - 1)


def _plausible(
    spells: Spells, cells: tuple[Cells, Cells], gaps: tuple[Floats, Floats], rates: Rates
) -> NDArray[np.bool_]:
    """Tell which pairs of cells may hold a pair worth counting."""
    start, end = cells
    sizes = spells.sizes()
    most, least = tally(spells, start.low, end.high), tally(spells, start.high, end.low)
    area = np.add.outer(np.log(start.lengths(gaps[0])), np.log(end.lengths(gaps[1])))
    bound = log_likelihood(most, least, sizes, rates) + area
    wide = log_likelihood(most, most, sizes, rates)
    wide += np.add.outer(np.log(gaps[0][start.low]), np.log(gaps[1][end.high]))
    tight = log_likelihood(least, least, sizes, rates)
    tight += np.add.outer(np.log(gaps[0][start.high]), np.log(gaps[1][end.low]))
    possible = np.less_equal.outer(start.low, end.high) & (most.harmed > 0.5)
    tight = np.where(np.less_equal.outer(start.high, end.low) & (least.harmed > 0.5), tight, -np.inf)
    best = max(float(wide[possible].max()), float(tight.max()))
    return np.asarray(possible & (bound >= best - HOPELESS), dtype=np.bool_)


def _finish(
    spells: Spells, cells: tuple[Cells, Cells], gaps: tuple[Floats, Floats], until: int, rates: Rates
) -> Posterior:
    start, end = cells
    first, last = start.middle, end.middle
    sizes = spells.sizes()
    counts = tally(spells, first, last)
    # A window in which nobody was harmed is none.
    possible = np.less_equal.outer(first, last) & (counts.harmed > 0.5)
    value = np.where(possible, log_likelihood(counts, counts, sizes, rates), -np.inf)
    # Of equals the shortest: a daily user's other visits do not stretch it.
    rows, columns = np.nonzero(value >= value.max() - 1e-9)
    row, column = max(zip(rows, columns, strict=True), key=lambda cell: (cell[0] - cell[1], cell[0]))
    at = np.cumsum(gaps[0])
    length = max(float(at[last[column]] - at[first[row]]), SHORTEST)
    beyond = _scale_free(float(gaps[0][0]), length), _scale_free(float(gaps[1][until:].sum()), length)
    lengths = start.lengths(gaps[0]), end.lengths(gaps[1])
    lengths[0][start.low == 0] = beyond[0]
    lengths[1][end.low >= until] *= beyond[1] / float(gaps[1][until:].sum())
    value += np.add.outer(np.log(lengths[0]), np.log(lengths[1]))
    top = float(value.max())
    mass = np.exp(value - top)
    total = float(mass.sum())
    whole = max(float(gaps[0].sum() + gaps[1][-1]), np.e * SHORTEST)
    short = np.maximum(-np.subtract.outer(at[first], at[last]), SHORTEST)
    nothing = float(betaln(rates.outside[0] + sizes[0], rates.outside[1] + sizes[1]))
    return Posterior(
        start,
        end,
        mass.sum(axis=1) / total,
        mass.sum(axis=0) / total,
        (int(first[row]), int(last[column])),
        beyond,
        top + float(np.log((mass / short).sum()) - np.log(whole * np.log(whole / SHORTEST))) - nothing,
    )


def _scale_free(room: float, length: float) -> float:
    """Give how much an end may lie where the data tell nothing: twice the length is as likely as four times, up to all the room."""
    return length * float(np.log1p(room / length))
