"""The statistics, against scipy, statsmodels and worked cases."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from exposure.assess import intervals

CASES = [(0, 10), (1, 10), (10, 10), (7, 31), (123, 5000)]


@pytest.mark.parametrize(("hits", "total"), CASES)
def test_wilson_agrees_with_statsmodels(hits: int, total: int) -> None:
    """To twelve digits, with empty and full cells too."""
    assert proportion_confint(hits, total, method="wilson") == pytest.approx(intervals.wilson(hits, total), abs=1e-12)


def test_nothing_counted_bounds_nothing() -> None:
    """No exposed wallet: the rate may be anything."""
    assert (0.0, 1.0) == intervals.wilson(0, 0)


def test_fisher_agrees_with_scipy() -> None:
    """One-sided, that the first group is hit more often."""
    for a, n, c, m in [(3, 5, 0, 20), (0, 5, 3, 20), (5, 5, 20, 20), (9, 31, 14, 700)]:
        expected = stats.fisher_exact([[a, n - a], [c, m - c]], alternative="greater").pvalue
        assert expected == pytest.approx(intervals.fisher(a, n, c, m), rel=1e-9)


def test_an_empty_group_cannot_be_compared() -> None:
    """There is no relative risk, and p is 1."""
    assert (1.0, None) == (intervals.fisher(3, 5, 0, 0), intervals.relative_risk((3, 5, 0, 0)))


def test_relative_risk_is_finite_with_empty_cells() -> None:
    """0.5 is added to every cell (Walter): nobody of the others harmed still gives an interval."""
    ratio = intervals.relative_risk((8, 10, 0, 100))
    assert ratio is not None
    log = math.log((8.5 / 10.5) / (0.5 / 100.5))
    half = intervals.Z * math.sqrt(1 / 8.5 - 1 / 10.5 + 1 / 0.5 - 1 / 100.5)
    assert (math.exp(log - half), math.exp(log + half)) == pytest.approx((ratio.low, ratio.high))
    assert 1 < ratio.low < ratio.value < ratio.high < math.inf


def test_mantel_haenszel_agrees_with_statsmodels() -> None:
    """Pooled relative risk and test over strata, without continuity correction."""
    strata = [(8, 20, 3, 40), (15, 30, 9, 35), (2, 9, 1, 50)]
    tables = [np.array([[a, n - a], [c, m - c]]) for a, n, c, m in strata]
    expected = StratifiedTable([np.asarray(table, dtype=float) for table in tables])
    found = intervals.mantel_haenszel(strata)
    assert found is not None
    assert expected.riskratio_pooled == pytest.approx(found.value)
    two_sided = expected.test_null_odds(correction=False).pvalue
    assert two_sided / 2 == pytest.approx(found.p_value, rel=1e-9)
    assert found.low < found.value < found.high


def test_mantel_haenszel_stays_finite_where_no_other_was_harmed() -> None:
    """Empty cells in all strata get 0.5."""
    found = intervals.mantel_haenszel([(5, 10, 0, 20), (3, 8, 0, 30)])
    assert found is not None
    assert math.isfinite(found.high)


def test_strata_that_compare_nobody_say_nothing() -> None:
    """All did it, none did it, nobody was harmed: no answer instead of a wrong one."""
    assert intervals.mantel_haenszel([(5, 10, 0, 0), (0, 0, 3, 9)]) is None
    assert intervals.mantel_haenszel([(0, 10, 0, 20)]) is None


def test_benjamini_hochberg_agrees_with_statsmodels() -> None:
    """In the order of the p-values; none for none."""
    p_values = [0.5, 0.001, 0.03, 0.03, 1.0]
    assert multipletests(p_values, method="fdr_bh")[1] == pytest.approx(intervals.benjamini_hochberg(p_values))
    assert [] == intervals.benjamini_hochberg([])
