"""Intervals and tests for rates of harm. Pure numbers, no tables.

The sources are the textbook's: Wilson 1927 for a rate, Walter 1975 (0.5 added to every cell) for a relative risk whose interval
is finite with empty cells, Fisher's exact test, Mantel-Haenszel with the variance of Greenland and Robins 1985, and
Benjamini-Hochberg 1995. Tests check them against statsmodels and scipy.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

LEVEL = 0.95
Z = float(stats.norm.ppf(0.5 + LEVEL / 2))

Table = tuple[int, int, int, int]  # harmed and exposed, exposed, harmed and not exposed, not exposed


@dataclass(frozen=True, slots=True)
class Ratio:
    """A relative risk with its interval and the one-sided p that it is above 1. None where nothing can be compared."""

    value: float
    low: float
    high: float
    p_value: float


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Give the 95 % interval of a rate; (0, 1) where there is nothing to count."""
    if total == 0:
        return 0.0, 1.0
    rate, square = hits / total, Z * Z
    centre = (rate + square / (2 * total)) / (1 + square / total)
    half = Z / (1 + square / total) * math.sqrt(rate * (1 - rate) / total + square / (4 * total * total))
    # At the ends the formula is exactly 0 or 1; floats miss it by a hair.
    return (0.0 if hits == 0 else max(0.0, centre - half)), (1.0 if hits == total else min(1.0, centre + half))


def fisher(hits: int, total: int, other_hits: int, other_total: int) -> float:
    """Give the one-sided p that the first group is hit more often; 1 where one group is empty."""
    return float(fisher_many(np.array([hits]), total, np.array([other_hits]), other_total)[0])


def fisher_many(
    hits: NDArray[np.int64], total: int, other_hits: NDArray[np.int64], other_total: int
) -> NDArray[np.float64]:
    """Give Fisher's one-sided p of many tables whose groups are of one size."""
    if total == 0 or other_total == 0:
        return np.ones(len(hits))
    p_values = stats.hypergeom.sf(hits - 1, total + other_total, hits + other_hits, total)
    return np.asarray(np.clip(p_values, 0.0, 1.0), dtype=np.float64)


def odds_ratio(hits: int, total: int, other_hits: int, other_total: int) -> float:
    """Give the odds ratio with 0.5 added to every cell, so that it is finite with empty ones."""
    return (hits + 0.5) * (other_total - other_hits + 0.5) / ((total - hits + 0.5) * (other_hits + 0.5))


def relative_risk(table: Table) -> Ratio | None:
    """Give the risk of the exposed over that of the others, with 0.5 added; None where one group is empty."""
    hits, total, other_hits, other_total = table
    if total == 0 or other_total == 0:
        return None
    log = math.log((hits + 0.5) / (total + 0.5)) - math.log((other_hits + 0.5) / (other_total + 0.5))
    variance = 1 / (hits + 0.5) - 1 / (total + 0.5) + 1 / (other_hits + 0.5) - 1 / (other_total + 0.5)
    half = Z * math.sqrt(max(variance, 0.0))
    return Ratio(
        math.exp(log), math.exp(log - half), math.exp(log + half), fisher(hits, total, other_hits, other_total)
    )


def mantel_haenszel(strata: Sequence[Table]) -> Ratio | None:
    """Give the relative risk over strata, one-sided p by the Cochran-Mantel-Haenszel test without continuity correction.

    Strata in which one group is empty say nothing and are left out. None where none is left, or where nobody or everybody
    was harmed. Where the others of all strata were never harmed the ratio is not finite: 0.5 is then added to every cell.
    """
    told = [table for table in strata if table[1] and table[3]]
    excess, spread = 0.0, 0.0
    for hits, total, other_hits, other_total in told:
        harmed, size = hits + other_hits, total + other_total
        excess += hits - total * harmed / size
        if size > 1:
            spread += total * other_total * harmed * (size - harmed) / (size * size * (size - 1))
    if not told or spread <= 0:
        return None
    p_value = float(stats.norm.sf(excess / math.sqrt(spread)))
    if not any(table[0] for table in told) or not any(table[2] for table in told):
        return _pooled(told, p_value, 0.5)
    return _pooled(told, p_value, 0.0)


def _pooled(strata: Sequence[Table], p_value: float, add: float) -> Ratio:
    """Pool relative risks with Mantel-Haenszel's weights and Greenland and Robins' variance."""
    upper, lower, variance = 0.0, 0.0, 0.0
    for hits, total, other_hits, other_total in strata:
        a, n = hits + add, total + 2 * add
        c, m = other_hits + add, other_total + 2 * add
        size = n + m
        upper += a * m / size
        lower += c * n / size
        variance += (n * m * (a + c) - a * c * size) / (size * size)
    log, half = math.log(upper / lower), Z * math.sqrt(max(variance / (upper * lower), 0.0))
    return Ratio(math.exp(log), math.exp(log - half), math.exp(log + half), p_value)


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Give q-values in the order of the p-values; none for none."""
    if not p_values:
        return []
    return [float(q) for q in stats.false_discovery_control(np.clip(p_values, 0.0, 1.0), method="bh")]
