"""Times as people read them: UTC first, absolute, with date, weekday and zone. Pure; no clock, no locale.

Real advisories printed 12-hour times without am or pm, "EST" in July, weekdays that did not fit the date and "the past few
hours". Everything here is written out, from tables that do not depend on the machine's language.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
# Abbreviations that zones far apart share.
_SHARED = frozenset(("CST", "CDT", "IST", "PST", "BST", "SST"))
_QUARTER = timedelta(minutes=15)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def floor_quarter(time: datetime) -> datetime:
    """Round down to the quarter hour (UTC): a start that is published lies never after the real one."""
    return time - (time - _EPOCH) % _QUARTER


def ceil_quarter(time: datetime) -> datetime:
    """Round up to the quarter hour (UTC): an end that is published lies never before the real one."""
    return time + (_EPOCH - time) % _QUARTER


def show_date(time: datetime, *, year: bool = True) -> str:
    """Write a date in the zone of `time`: `Wednesday 4 March 2026`."""
    text = f"{_DAYS[time.weekday()]} {time.day} {_MONTHS[time.month - 1]}"
    return f"{text} {time.year}" if year else text


def show_abbreviation(time: datetime) -> str:
    """Name the zone of `time` as it is called on that date: `EST` in March, `EDT` in July, `UTC+3` where it has no letters."""
    name = time.tzname() or "UTC"
    if name.lstrip("+-").isalpha():
        return name
    minutes = int((time.utcoffset() or timedelta(0)).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")


def show_time(time: datetime) -> str:
    """Write one time in its own zone: `09:15 UTC on Wednesday 4 March 2026`."""
    return f"{time:%H:%M} {show_abbreviation(time)} on {show_date(time)}"


def show_exact(time: datetime) -> str:
    """Write a time in UTC to the second, for tables: `2026-03-04 09:12:37 UTC`."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def show_span(start: datetime, end: datetime) -> str:
    """Write two times in the zone of `start`, and make a change of day, of year or of summer time plain.

    `between 09:15 and 10:45 UTC on Wednesday 4 March 2026`; over midnight:
    `between 23:40 UTC on Tuesday 3 March and 02:15 UTC on Wednesday 4 March 2026`.
    """
    zones = show_abbreviation(start), show_abbreviation(end)
    if start.date() != end.date():
        first = f"{start:%H:%M} {zones[0]} on {show_date(start, year=start.year != end.year)}"
        return f"between {first} and {show_time(end)}"
    if zones[0] != zones[1]:
        return f"between {start:%H:%M} {zones[0]} and {end:%H:%M} {zones[1]} on {show_date(end)}"
    return f"between {start:%H:%M} and {end:%H:%M} {zones[0]} on {show_date(end)}"


def show_when(start: datetime | None, end: datetime | None) -> str:
    """Write when it was, with whatever bound is known: between, since, up to, or at any time."""
    if start is not None and end is not None:
        return show_span(start, end)
    if start is not None:
        return f"at any time since {show_time(start)}"
    if end is not None:
        return f"at any time up to {show_time(end)}"
    return "at any time"


def show_locally(start: datetime | None, end: datetime | None, zones: Sequence[str]) -> list[tuple[str, str]]:
    """Write the same bounds in each zone: (city, when). Zones that are UTC anyway, and open bounds alone, give nothing."""
    found = []
    for key in zones:
        zone = ZoneInfo(key)
        local = [None if time is None else time.astimezone(zone) for time in (start, end)]
        known = [time for time in local if time is not None]
        if not known or all(show_abbreviation(time) in ("UTC", "GMT") and not time.utcoffset() for time in known):
            continue
        found.append((_city(key), show_when(local[0], local[1])))
    return found


def _city(key: str) -> str:
    return key.rsplit("/", 1)[-1].replace("_", " ")


def show_clock_beside(time: datetime, zones: Sequence[str]) -> str:
    """Write one time in UTC with the zones' clocks beside it: `11:15 UTC on Wednesday 4 March 2026 (06:15 EST)`."""
    beside = []
    for key in zones:
        local = time.astimezone(ZoneInfo(key))
        if not local.utcoffset():
            continue
        day = "" if local.date() == time.date() else f" on {show_date(local, year=False)}"
        name = show_abbreviation(local)
        # Chicago and Shanghai both say CST: the city tells which.
        city = f" in {_city(key)}" if name in _SHARED else ""
        beside.append(f"{local:%H:%M} {name}{city}{day}")
    return show_time(time) + (f" ({', '.join(beside)})" if beside else "")
