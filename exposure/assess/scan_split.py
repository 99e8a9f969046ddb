"""Several windows: the harmed who cluster once more outside the first, and the time between two windows taken for one. Pure."""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln

from exposure.assess.scan_grid import Floats, Ints, Posterior, Rates, Spells, fit

# An attack that comes back is rare: the data must be so much likelier with another window, and harm several wallets in it.
ODDS = float(np.log(100.0))
HARMED_LEAST = 3
WINDOWS_MOST = 3
EDGES_MOST = 256


@dataclass(frozen=True, slots=True)
class Span:
    """A window: the wallets that are inside no other, and what they tell of it."""

    spells: Spells
    posterior: Posterior


def find_spans(spells: Spells, gaps: tuple[Floats, Floats], first: Posterior, rates: Rates) -> list[Span]:
    """Give the windows in time order, given the posterior of the one that fits best; at most three."""
    windows = [first.best]
    while len(windows) < WINDOWS_MOST:
        more = _elsewhere(spells, gaps, windows, rates) or _parted(spells, windows, rates)
        if more is None:
            break
        windows = sorted(more)
    if len(windows) == 1:
        return [Span(spells, first)]
    found = []
    for window in windows:
        others = [spells.inside(*other) for other in windows if other != window]
        mine = spells.without(np.concatenate(others))
        # Who was exposed in several windows tells of none: a window that only such wallets show is no second one.
        if mine.sizes()[0] < HARMED_LEAST:
            return [Span(spells, first)]
        found.append(Span(mine, fit(mine, gaps, rates)))
    return sorted(found, key=lambda span: span.posterior.best)


def _elsewhere(
    spells: Spells, gaps: tuple[Floats, Floats], windows: list[tuple[int, int]], rates: Rates
) -> list[tuple[int, int]] | None:
    """Add the window that those outside all others have in common, where chance does not explain it."""
    rest = spells.without(np.concatenate([spells.inside(*window) for window in windows]))
    if rest.sizes()[0] < HARMED_LEAST:
        return None
    found = fit(rest, gaps, rates)
    if found.evidence < ODDS or _harmed(rest, found.best) < HARMED_LEAST:
        return None
    return [*windows, found.best]


def _parted(spells: Spells, windows: list[tuple[int, int]], rates: Rates) -> list[tuple[int, int]] | None:
    """Cut a window in two where too many in a row were spared between two harmed."""
    for window in windows:
        gap = _spared_between(spells, window, rates)
        if gap is None:
            continue
        halves = [(window[0], gap[0] - 1), (gap[1] + 1, window[1])]
        if all(_harmed(spells, half) >= HARMED_LEAST for half in halves):
            return [other for other in windows if other != window] + halves
    return None


def _spared_between(spells: Spells, window: tuple[int, int], rates: Rates) -> tuple[int, int] | None:
    """Give the stretch inside a window that was spared beyond chance, first and last index; None where there is none."""
    rows = np.flatnonzero((spells.at >= window[0]) & (spells.at <= window[1]))
    rows = rows[np.lexsort((spells.at[rows], spells.wallet[rows]))]
    new = np.diff(spells.wallet[rows], prepend=-1) != 0
    starts = np.flatnonzero(new)
    first, last = spells.at[rows][starts], spells.at[rows][np.append(starts[1:], len(rows)) - 1]
    harmed, weight = spells.harmed[rows][starts], spells.weight[rows][starts]
    edges = np.unique(spells.at[rows][spells.harmed[rows]])
    edges = edges[np.unique(np.linspace(0, len(edges) - 1, min(len(edges), EDGES_MOST)).astype(np.int64))]
    if len(edges) < 2:
        return None
    lows, highs = edges[:-1] + 1, edges[1:] - 1
    spared = _within(first[~harmed], last[~harmed], weight[~harmed], lows, highs)
    struck = _within(first[harmed], last[harmed], weight[harmed], lows, highs)
    all_harmed, all_spared = float(harmed.sum()), float(weight[~harmed].sum())
    out = (
        rates.outside[0] + spells.sizes()[0] - all_harmed,
        rates.outside[1] + max(spells.sizes()[1] - all_spared, 0.0),
    )
    parted = betaln(rates.inside[0] + all_harmed - struck, rates.inside[1] + np.maximum(all_spared - spared, 0.0))
    parted += betaln(out[0] + struck, out[1] + spared) - betaln(*out)
    whole = float(betaln(rates.inside[0] + all_harmed, rates.inside[1] + all_spared))
    gain = np.where(lows[:, None] <= highs[None, :], parted - whole, -np.inf)
    row, column = np.unravel_index(int(gain.argmax()), gain.shape)
    # Each pair of harmed wallets was one more trial.
    if gain[row, column] < ODDS + 2 * np.log(len(edges)):
        return None
    return int(lows[row]), int(highs[column])


def _within(first: Ints, last: Ints, weight: Floats, lows: Ints, highs: Ints) -> Floats:
    """Sum the weights of those whose first and last index lie in each pair of `lows` and `highs` (both sorted)."""
    row = np.searchsorted(lows, first, "right") - 1
    column = np.searchsorted(highs, last, "left")
    told = (row >= 0) & (column < len(highs))
    flat = row[told] * len(highs) + column[told]
    grid = np.bincount(flat, weight[told], minlength=len(lows) * len(highs)).reshape(len(lows), len(highs))
    return np.asarray(np.cumsum(np.cumsum(grid[::-1], axis=0)[::-1], axis=1), dtype=np.float64)


def _harmed(spells: Spells, window: tuple[int, int]) -> int:
    """Count the harmed wallets inside."""
    rows = spells.harmed & (spells.at >= window[0]) & (spells.at <= window[1])
    return len(np.unique(spells.wallet[rows]))
