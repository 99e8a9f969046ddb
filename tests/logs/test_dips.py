"""A dip is said where visitors were sent elsewhere, and quiet weeks are left alone."""

from datetime import timedelta

import numpy as np
import polars as pl

from exposure.logs.noticing.dips import Dip, find_dips
from exposure.tables import TIME
from tests.logs.logbook import NOON
from tests.logs.traffic_days import Counts, clustered, course


def hours(counts: Counts) -> pl.DataFrame:
    """Give counts by hour from noon on; hours without any are left out, as in a log."""
    rows = [(NOON + timedelta(hours=place), int(count)) for place, count in enumerate(counts) if count]
    return pl.DataFrame(rows, schema={"hour": TIME, "count": pl.Int64}, orient="row")


def test_quiet_weeks_raise_at_most_one_alarm_in_a_hundred() -> None:
    """Measured on simulated sources of 3 to 20,000 requests an hour, over 5 to 14 days."""
    dice = np.random.default_rng(2026)
    alarms = 0
    for _ in range(500):
        means = course(dice, 24 * int(dice.choice([5, 7, 10, 14])), float(np.exp(dice.uniform(1, 10))), moods=0.25)
        alarms += bool(find_dips(hours(clustered(dice, means))))
    assert alarms <= 5


def test_visitors_who_were_sent_elsewhere_leave_a_dip() -> None:
    """A DNS hijack of four hours takes nearly all of them, on the fifth day, at a time of moderate traffic."""
    dice = np.random.default_rng(7)
    found = 0
    for _ in range(100):
        counts = dice.poisson(course(dice, 24 * 7, 400, moods=0.1))
        counts[100:104] //= 10
        found += any(dip.start <= NOON + timedelta(hours=101) <= dip.end for dip in find_dips(hours(counts)))
    assert found >= 90


def test_a_dip_says_when_and_how_deep() -> None:
    """The hours are whole ones, and what was expected is what the other days had."""
    counts = np.tile(np.array([100] * 12 + [200] * 12), 7)
    counts[60:62] = 0
    assert [Dip(NOON + timedelta(hours=60), NOON + timedelta(hours=62), 0, 400)] == find_dips(hours(counts)[1:])


def test_nights_and_logs_of_a_few_days_are_no_dips() -> None:
    """Every night is low, and three days are not enough to know."""
    counts = np.tile(np.array([2] * 8 + [300] * 16), 7)
    assert [] == find_dips(hours(counts))
    short = np.full(72, 300)
    short[40:44] = 0
    assert [] == find_dips(hours(short)) == find_dips(hours(short[:0]))
