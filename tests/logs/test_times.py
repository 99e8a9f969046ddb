"""Times without a zone are read by the zone that is given, through both changes of the clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.logs.formats.times import localise, parse_clf


def wall(text: str) -> datetime:
    """Give what a clock on the wall shows."""
    return datetime.fromisoformat(text)


def utc(time: datetime, zone: str | None) -> datetime:
    """Localise one time."""
    frame = pl.DataFrame({"time": [time]}, schema={"time": pl.Datetime("us")})
    found = frame.select(localise(pl.col("time"), zone)).item()
    assert isinstance(found, datetime)
    return found


@pytest.mark.parametrize(
    ("time", "zone", "expected"),
    [
        (wall("2026-03-04T12:00"), None, datetime(2026, 3, 4, 12, tzinfo=UTC)),
        (wall("2026-03-04T12:00"), "Europe/Berlin", datetime(2026, 3, 4, 11, tzinfo=UTC)),
        (wall("2026-07-04T12:00"), "America/New_York", datetime(2026, 7, 4, 16, tzinfo=UTC)),
        (wall("2026-10-25T02:30"), "Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (wall("2026-03-29T02:30"), "Europe/Berlin", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        (wall("2026-10-04T02:15"), "Australia/Lord_Howe", datetime(2026, 10, 3, 15, 45, tzinfo=UTC)),
        (wall("2011-12-30T12:00"), "Pacific/Apia", datetime(2011, 12, 30, 22, tzinfo=UTC)),
    ],
    ids=["utc", "winter", "summer", "twice", "skipped", "half an hour", "a whole day"],
)
def test_a_clock_is_read_in_its_zone(time: datetime, zone: str | None, expected: datetime) -> None:
    """The hour shown twice is the first; the one that was skipped goes on from before."""
    assert expected == utc(time, zone)


ZONES = st.sampled_from(
    [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "America/Sao_Paulo",
        "Africa/Casablanca",
    ]
)


@settings(deadline=None)
@given(time=st.datetimes(wall("1990-01-01T00:00"), wall("2036-01-01T00:00")), zone=ZONES)
def test_no_time_is_lost_and_every_clock_reads_as_it_was(time: datetime, zone: str) -> None:
    """What the clock of that zone showed then is the time that was read; an hour at most where it never showed that."""
    shown = utc(time, zone).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert abs(shown - time) <= timedelta(hours=1)
    local = time.replace(tzinfo=ZoneInfo(zone))
    if local.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == time:
        assert (time, local.replace(fold=0).astimezone(UTC)) == (shown, utc(time, zone))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("04/Mar/2026:12:00:00 +0100", datetime(2026, 3, 4, 11, tzinfo=UTC)),
        ("04/Mar/2026:12:00:00", datetime(2026, 3, 4, 17, tzinfo=UTC)),
        ("04/Mar/2026:12:00:00.655", datetime(2026, 3, 4, 17, tzinfo=UTC)),
        ("04/Mar/2026:12:00:00.655 +0000", datetime(2026, 3, 4, 12, tzinfo=UTC)),
        ("yesterday", None),
    ],
)
def test_the_offset_of_a_line_counts_before_the_zone(text: str, expected: datetime | None) -> None:
    """`timezone` is for lines that carry none; without it they are not guessed."""
    frame = pl.DataFrame({"time": [text]})
    guessed = frame.select(parse_clf(pl.col("time"), None)).item()
    assert guessed == (expected if "+" in text else None)
    assert expected == frame.select(parse_clf(pl.col("time"), "America/New_York")).item()
