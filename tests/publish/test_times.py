"""Times as people read them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from exposure.publish.times import (
    ceil_quarter,
    floor_quarter,
    show_abbreviation,
    show_clock_beside,
    show_locally,
    show_span,
    show_time,
    show_when,
)


def utc(day: int, hour: int, minute: int = 0, second: int = 0, month: int = 3, year: int = 2026) -> datetime:
    """Give a time in UTC, by default in March 2026."""
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def test_a_quarter_hour_stays_and_everything_else_moves_outward() -> None:
    """Rounding never cuts off a second of what is published."""
    assert floor_quarter(utc(4, 9, 12, 37)) == utc(4, 9, 0)
    assert ceil_quarter(utc(4, 10, 45, 1)) == utc(4, 11, 0)
    assert floor_quarter(utc(4, 9, 15)) == utc(4, 9, 15) == ceil_quarter(utc(4, 9, 15))


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (utc(14, 0, month=5, year=2022), "00:00 UTC on Saturday 14 May 2022"),  # the real advisory said Friday
        (utc(3, 20, 5, month=12, year=2024), "20:05 UTC on Tuesday 3 December 2024"),
        (utc(29, 23, 59, month=2, year=2028), "23:59 UTC on Tuesday 29 February 2028"),
    ],
)
def test_the_weekday_is_that_of_the_date(time: datetime, text: str) -> None:
    """Two of the advisories read for this had a weekday that was not the date's."""
    assert show_time(time) == text


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (utc(4, 9), utc(4, 10, 45), "between 09:00 and 10:45 UTC on Wednesday 4 March 2026"),
        (
            utc(3, 23, 45),
            utc(4, 2, 15),
            "between 23:45 UTC on Tuesday 3 March and 02:15 UTC on Wednesday 4 March 2026",
        ),
        (
            utc(31, 23, 45, month=12, year=2025),
            utc(1, 0, 15, month=1),
            "between 23:45 UTC on Wednesday 31 December 2025 and 00:15 UTC on Thursday 1 January 2026",
        ),
    ],
)
def test_a_change_of_day_or_year_is_plain(start: datetime, end: datetime, text: str) -> None:
    """Over midnight both dates stand there, over New Year both years."""
    assert show_span(start, end) == text


def test_an_open_end_says_since_or_up_to() -> None:
    """What is not bounded is not made up."""
    assert show_when(utc(4, 9), None) == "at any time since 09:00 UTC on Wednesday 4 March 2026"
    assert show_when(None, utc(4, 9)) == "at any time up to 09:00 UTC on Wednesday 4 March 2026"
    assert show_when(None, None) == "at any time"


def test_local_times_have_the_abbreviation_of_that_date() -> None:
    """EST in winter, EDT in summer; a zone without letters shows its offset; UTC is not repeated."""
    zones = ["America/New_York", "Asia/Kathmandu", "Etc/UTC", "America/Argentina/Buenos_Aires"]
    assert show_locally(utc(4, 9), utc(4, 10, 45), zones) == [
        ("New York", "between 04:00 and 05:45 EST on Wednesday 4 March 2026"),
        ("Kathmandu", "between 14:45 and 16:30 UTC+5:45 on Wednesday 4 March 2026"),
        ("Buenos Aires", "between 06:00 and 07:45 UTC-3 on Wednesday 4 March 2026"),
    ]
    assert show_abbreviation(datetime(2026, 7, 4, tzinfo=ZoneInfo("America/New_York"))) == "EDT"


def test_the_hour_that_comes_twice_names_both_zones() -> None:
    """On the night that summer time ends, 01:30 comes twice: the abbreviations tell them apart."""
    found = show_locally(utc(1, 5, 30, month=11), utc(1, 6, 30, month=11), ["America/New_York"])
    assert found == [("New York", "between 01:30 EDT and 01:30 EST on Sunday 1 November 2026")]


def test_the_other_day_is_said_beside_the_clock() -> None:
    """Nine in the morning UTC is the evening before on Hawaii."""
    text = show_clock_beside(utc(4, 9), ["Pacific/Honolulu", "Europe/London"])
    assert text == "09:00 UTC on Wednesday 4 March 2026 (23:00 HST on Tuesday 3 March)"
