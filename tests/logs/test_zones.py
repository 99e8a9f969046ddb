"""A log in the wrong zone is noticed by its traffic, and no other log is accused."""

from datetime import timedelta

import numpy as np
import pytest

from exposure.logs.noticing.zones import Shift, blame, shift_between
from tests.logs.traffic_days import Counts, course

HALF = 48  # half hours a day


def rooted(counts: Counts, first: int = 0) -> tuple[int, "np.ndarray[tuple[int], np.dtype[np.float64]]"]:
    """Give a course as zones.py has it."""
    return first, np.sqrt(counts).astype(np.float64)


@pytest.mark.parametrize("kind", ["unrelated", "same host", "flat", "short", "in step"])
def test_false_alarms_are_rare(kind: str) -> None:
    """Measured on 1,000 pairs of each kind: other crowds, flat traffic, short logs, and logs that agree as they stand."""
    dice = np.random.default_rng(3)
    alarms = 0
    for _ in range(1000):
        spans = [10, 20] if kind == "short" else [24, 48, 72, 168]
        span, rate = int(dice.choice(spans)), float(np.exp(dice.uniform(1, 8)))
        one = course(dice, span, rate, a_day=HALF)
        other = one / 3 if kind == "in step" else course(dice, span, rate, a_day=HALF)
        if kind == "flat":
            one, other = np.full(span * 2, rate), np.full(span * 2, rate)
        pair = rooted(dice.poisson(one)), rooted(dice.poisson(other))
        alarms += bool(shift_between(*pair, same_host=kind != "unrelated"))
    assert alarms <= 10


@pytest.mark.parametrize("late", [-16, -10, 2, 7, 11])
def test_a_log_of_the_same_requests_is_placed_to_the_half_hour(late: int) -> None:
    """A CDN and the server behind it, which sees half of what the CDN does, over two days."""
    dice = np.random.default_rng(late + 100)
    found = []
    for _ in range(50):
        seen = dice.poisson(course(dice, 48, 300, a_day=HALF))
        found.append(shift_between(rooted(seen), rooted(dice.binomial(seen, 0.5), late), same_host=False))
    assert set(found) <= {0, late}
    assert found.count(late) >= 40


def test_a_daily_course_alone_is_enough_where_the_host_is_the_same() -> None:
    """A week of it; with an unknown host it may be another continent's crowd, and nothing is said."""
    day = 2000 * np.exp(0.8 * np.cos(2 * np.pi * np.arange(HALF * 7) / HALF))
    dice = np.random.default_rng(1)
    one, other = rooted(dice.poisson(day)), rooted(dice.poisson(day), 14)
    assert (14, 0) == (shift_between(one, other, same_host=True), shift_between(one, other, same_host=False))


def test_the_one_that_differs_from_most_is_off() -> None:
    """Of two alone, the smaller."""
    hours = timedelta(hours=5)
    sizes = {"cdn": 10, "origin": 90, "api": 50}
    assert [("cdn", "origin", hours)] == blame([Shift("origin", "cdn", hours), Shift("api", "cdn", hours)], sizes)
    assert [("cdn", "origin", -hours)] == blame([Shift("cdn", "origin", hours)], sizes)
    assert [] == blame([], sizes)
