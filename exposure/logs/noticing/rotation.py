"""Rotated logs and exports by day or hour: which files are pieces of one, and which piece is missing. Pure: names only."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# access.log.2.gz; a set counts up from 1, and rarely beyond a year of days.
_NUMBERED = re.compile(r"^(?P<base>.{0,200}?[A-Za-z])\.(?P<number>[0-9]{1,3})(?:\.(?:gz|zst|bz2|xz|zip))?$")
_PACKED = re.compile(r"\.(?:gz|zst|bz2|xz|zip)$")
# access.log-20260304.gz, E2K2LNL5N3WR51.2026-03-04-09.a103fd5a.gz, 20260304T091200Z_20260304T091700Z_d1e2.log.gz
_DATED = re.compile(
    r"(?<![0-9])(?P<year>20[0-9]{2})(?P<sep>[-_.]?)(?P<month>[0-9]{2})(?P=sep)(?P<day>[0-9]{2})"
    r"(?:[-_.T]?(?P<hour>[0-9]{2})(?=[^0-9]|$|[0-9]{2}(?:[0-9]{2})?(?:Z|[^0-9]|$)))?(?![0-9]{9})"
)
# A server that nobody visits at night writes no file for that hour: a series that has most of its steps misses the others.
_LEAST = {"day": 5, "hour": 12}
_STEP = {"day": timedelta(days=1), "hour": timedelta(hours=1)}
_MOST_MISSING = 0.2
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Piece:
    """What a name says: the set it belongs to, and its number or its time there."""

    set: str
    number: int | None = None
    time: datetime | None = None
    step: str = ""


def piece(name: str) -> Piece:
    """Read a file's name. One that is in no series is a set of its own, number 0: access.log of access.log.1."""
    folder, slash, bare = name.rpartition("/")
    place = folder + slash
    dated = _DATED.search(bare)
    if dated and (time := _time(dated)) is not None:
        step = "hour" if dated["hour"] else "day"
        # what follows the time may be a hash or an end that differ by file; the folder may be named by the day
        return Piece(f"{_DATED.sub('*', place)}{bare[: dated.start()]}*", time=time, step=step)
    numbered = _NUMBERED.match(bare)
    if numbered:
        return Piece(place + numbered["base"], number=int(numbered["number"]))
    return Piece(place + _PACKED.sub("", bare), number=0)


def _time(found: re.Match[str]) -> datetime | None:
    try:
        return datetime(*(int(found[part] or 0) for part in ("year", "month", "day", "hour")), tzinfo=UTC)  # type: ignore[arg-type, misc]
    except ValueError:
        return None


def sets(names: Sequence[str]) -> dict[str, list[str]]:
    """Give the sets of more than one piece, with the names of their pieces as given."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(piece(name).set, []).append(name)
    return {name: pieces for name, pieces in found.items() if len(pieces) > 1}


def missing(names: Sequence[str]) -> dict[str, list[str]]:
    """Give for each set the pieces that lie between those that are there, and are not: numbers, days or hours."""
    gaps = {name: list(_missing([piece(one) for one in pieces])) for name, pieces in sets(names).items()}
    return {name: lost for name, lost in gaps.items() if lost}


def _missing(pieces: Sequence[Piece]) -> Iterator[str]:
    numbers = {one.number for one in pieces if one.number is not None}
    if numbers:
        # Not from 0: the present file may have any name, or stand in another [[logs]] entry.
        lost = sorted(set(range(max(min(numbers), 1), max(numbers))) - numbers)
        if len(lost) <= len(numbers):
            yield from (f".{number}" for number in lost)
    for step, length in _STEP.items():
        times = {one.time for one in pieces if one.time is not None and one.step == step}
        if len(times) < _LEAST[step]:
            continue
        count = (max(times) - min(times)) // length + 1
        gone = [time for number in range(count) if (time := min(times) + number * length) not in times]
        if len(gone) <= _MOST_MISSING * count:
            yield from (f"{time:%Y-%m-%d %H}:00" if step == "hour" else f"{time:%Y-%m-%d}" for time in gone)


def tell_missing(names: Sequence[str]) -> dict[str, str]:
    """Say for each set what is missing, in a few words."""
    told = {}
    for name, lost in missing(names).items():
        more = f" and {len(lost) - _SHOWN:,} more" if len(lost) > _SHOWN else ""
        told[name] = f"{', '.join(lost[:_SHOWN])}{more}"
    return told


def beside(named: str, there: Sequence[str], read: Sequence[str]) -> list[str]:
    """Give the pieces of the set of `named` that lie beside it (`there`) and are not `read`: rotated out, and forgotten."""
    own = piece(named)
    if own.number is None:
        return []
    known = set(read)
    return sorted(
        name
        for name in there
        if name != named and name not in known and (other := piece(name)).set == own.set and other.number
    )
