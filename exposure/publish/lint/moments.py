"""Clock times and dates in running text: where they stand, which zone and date belong to them, and the windows they make. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from exposure.publish.lint.draft import Draft, Sentence

_I = re.IGNORECASE
_MONTH = (
    r"(?P<{0}>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = r"(?:(?P<{0}>(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?)\.?,?\s+(?:the\s+)?)?"
_DATES = (
    # 4 March 2026, Wednesday 4th of March
    re.compile(
        rf"\b{_DAY.format('wa')}(?P<da>\d{{1,2}})(?:st|nd|rd"
        rf"|th)?\s+(?:of\s+)?{_MONTH.format('ma')}\b(?:,?\s+(?P<ya>\d{{4}})\b)?",
        _I,
    ),
    # March 4, 2026
    re.compile(
        rf"\b{_DAY.format('wa')}{_MONTH.format('ma')}\s+(?P<da>\d{{1,2}})(?:st|nd|rd"
        rf"|th)?\b(?!:)(?:,?\s+(?P<ya>\d{{4}})\b)?",
        _I,
    ),
    # 2026-03-04
    re.compile(rf"\b{_DAY.format('wa')}(?P<ya>\d{{4}})-(?P<ma>\d{{2}})-(?P<da>\d{{2}})(?![0-9-])", _I),
)
_CLOCK = re.compile(
    r"(?<![\d:.])(?<!\d[+−-])(?<!(?:UTC|GMT)[+−-])(?<!(?:UTC|GMT)\s[+−-])(?P<h>[01]?\d"
    r"|2[0-4])[:.](?P<m>[0-5]\d)(?::(?P<s>[0-5]\d)(?:\.\d+)?)?(?![\d:%])\s?(?P<half>[ap]\.?m\b\.?)?"
    r"|(?<![\d:.])(?P<h2>1[0-2]|0?[1-9])\s?(?P<half2>[ap]\.?m\b\.?)",
    _I,
)
_PLACES = {
    "EST": "America/New_York", "EDT": "America/New_York", "CDT": "America/Chicago", "MST": "America/Denver",
    "MDT": "America/Denver", "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles", "CET": "Europe/Berlin",
    "CEST": "Europe/Berlin", "EET": "Europe/Helsinki", "EEST": "Europe/Helsinki", "WET": "Europe/Lisbon", "WEST": "Europe/Lisbon",
    "AEST": "Australia/Sydney", "AEDT": "Australia/Sydney", "NZST": "Pacific/Auckland", "NZDT": "Pacific/Auckland",
    "BST": "Europe/London", "JST": "Asia/Tokyo", "KST": "Asia/Seoul", "SGT": "Asia/Singapore", "HKT": "Asia/Hong_Kong",
    "MSK": "Europe/Moscow", "AKST": "America/Anchorage", "AKDT": "America/Anchorage", "HST": "Pacific/Honolulu",
    "HDT": "America/Adak", "ADT": "America/Halifax", "NST": "America/St_Johns", "NDT": "America/St_Johns", "IDT": "Asia/Jerusalem",
    "ACST": "Australia/Adelaide", "ACDT": "Australia/Adelaide", "AWST": "Australia/Perth", "PKT": "Asia/Karachi",
    "WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "SAST": "Africa/Johannesburg", "ChST": "Pacific/Guam",
}  # fmt: skip
# Words, too: zones where they stand right behind a time.
_WORDLIKE = {"EAT": "Africa/Nairobi", "CAT": "Africa/Maputo", "WAT": "Africa/Lagos", "WIT": "Asia/Jayapura"}
# Each of these names several zones, or none at a given date.
AMBIGUOUS = ("ET", "PT", "CT", "MT", "CST", "IST", "BST", "AST", "SST", "local time", "our time")
_ZONE = re.compile(
    r"\b(?P<utc>UTC|GMT)\s?(?P<off>[+−-]\d{1,2}(?::?\d{2})?)?(?!\w)|(?P<z>(?<=\d)Z\b)"
    r"|(?P<num>(?<=\d)[+-]\d{2}:?\d{2}\b)"
    rf"|\b(?P<abbr>{'|'.join([*_PLACES, 'ET', 'PT', 'CT', 'MT', 'CST', 'IST', 'AST', 'SST'])})\b"
    rf"|(?<=\d )(?P<word>{'|'.join(_WORDLIKE)})\b"
)
# Between a time and the date that belongs to it: "23:40 UTC on Tuesday 3 March".
_ON = re.compile(r"\s*\(?(?:[A-Z]{1,5}(?:\s?[+−-]\d{1,2}(?::?\d{2})?)?|Z)?\)?,?\s*(?:on )?")
_ALL_IN = re.compile(r"\b(?:all )?times (?:are |is |shown |given )*(?:in )?\(?(UTC|GMT)", _I)
_JOIN = re.compile(
    r"^\W*(?:UTC|GMT|Z|[A-Z]{2,4})?\W*[^.!?;]{0,40}?(?:\b(?:and|to|until|till|through|before)\b|[-–—→])[^.!?;]{0,30}$",
    _I,
)
_SINCE = re.compile(r"\b(?:since|after|starting(?: at| from)?|from|as of|beginning(?: at)?|past)\b[^.!?;]{0,25}$", _I)
# How far words reach to a time that they belong to, and a date to the next one of the same stretch.
_NEAR = 160
_STRETCH = 40
_AFTER_THAT = re.compile(
    r"\b(?:after (?:that|this|then)|since (?:then|that)|from (?:then|that (?:time"
    r"|moment)) on)\b",
    _I,
)
_UNTIL = re.compile(r"\b(?:until|till|up to|before|by|to|ended(?: at)?)\b[^.!?;]{0,25}$", _I)
OTHER_TIMES = re.compile(
    r"\b(?:next (?:update|one|message)|update (?:again|you)|will (?:update|post|share|publish)|written|as of\b"
    r"|last updated|posted|checked at|no later"
    r"|regained|took (?:it|the site|control))",
    _I,
)
DETECTED = re.compile(
    r"\b(?:detect(?:ed|ion)|discover(?:ed|y)|noticed|identified|became aware|made aware|were alerted"
    r"|was reported|learned of|were (?:informed|notified)"
    r"|reports? (?:started|came|reached)|found out|spotted)\b",
    _I,
)


@dataclass(frozen=True, slots=True)
class Day:
    """A date in the text: `value` is None where there is no such day; `weekday` as written (0 = Monday), `year` where given."""

    start: int
    end: int
    month: int
    day: int
    year: int | None
    weekday: int | None
    value: date | None


@dataclass(frozen=True, slots=True)
class Moment:
    """A clock time in the text. `half`: am, pm or "". `zone` as written; `utc` where zone and date are known."""

    start: int
    end: int
    hour: int
    minute: int
    half: str
    zone: str
    day: Day | None
    utc: datetime | None
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch that a sentence names; one bound may be missing."""

    first: Moment | None
    last: Moment | None
    sentence: Sentence


@lru_cache(maxsize=8)
def days(draft: Draft) -> tuple[Day, ...]:
    """Give every date of the text; one without a year has that of another date, or of the case."""
    text = draft.seen
    found: list[tuple[int, int, str | None, str, str, str | None]] = []
    for pattern in _DATES:
        for match in pattern.finditer(text):
            if not any(start < match.end() and end > match.start() for start, end, *_ in found):
                found.append((match.start(), match.end(), match["wa"], match["ma"], match["da"], match["ya"]))
    found.sort(key=lambda one: one[0])
    named = [int(year) for *_, year in found if year]
    assumed = named[0] if len(set(named)) == 1 else None if named else draft.ground.year
    return tuple(_day(one, _year_behind(found, place) or assumed) for place, one in enumerate(found))


def _year_behind(found: list[tuple[int, int, str | None, str, str, str | None]], place: int) -> int | None:
    """Give the year that stands with the next date, where both are of one stretch: "on 30 December and ... 31 December 2025"."""
    following = found[place + 1] if place + 1 < len(found) else None
    if following is None or not following[5] or following[0] - found[place][1] > _STRETCH:
        return None
    return int(following[5])


def _day(found: tuple[int, int, str | None, str, str, str | None], assumed: int | None) -> Day:
    start, end, weekday, month, day, year = found
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1
    known = int(year) if year else assumed
    try:
        value = date(known, number, int(day)) if known else None
    except ValueError:
        value = None
    return Day(start, end, number, int(day), known, _DAYS.index(weekday[:3].lower()) if weekday else None, value)


@lru_cache(maxsize=8)
def moments(draft: Draft) -> tuple[Moment, ...]:
    """Give every clock time of the text with its zone and date."""
    return tuple(moment for sentence in draft.sentences for moment in _moments(draft, sentence))


def _moments(draft: Draft, sentence: Sentence) -> Iterator[Moment]:
    text = sentence.text
    zones = list(_ZONE.finditer(text))
    clocks = [
        match
        for match in _CLOCK.finditer(text)
        if "." not in match[0][:5] or match["half"] or match["half2"] or _near(zones, match)
    ]
    whole = _ALL_IN.search(draft.seen) if clocks else None
    for match in clocks:
        hour = int(match["h"] or match["h2"])
        half = (match["half"] or match["half2"] or "").replace(".", "").lower()
        zone = _zone_of(zones, match) or (whole[1] if whole else "")
        day = _day_of(draft, sentence, sentence.start + match.start(), sentence.start + match.end())
        shown = hour % 12 + 12 * (half == "pm") if half else hour
        facts = draft.ground.facts
        utc = _utc(day, shown, int(match["m"] or 0), int(match["s"] or 0), zone, facts.zones if facts else ())
        place = sentence.start + match.start(), sentence.start + match.end()
        yield Moment(*place, hour, int(match["m"] or 0), half, zone, day, utc, sentence)


def _near(zones: list[re.Match[str]], clock: re.Match[str]) -> bool:
    """Tell whether a zone follows: 2.68 is a version, 14.30 UTC a time."""
    return any(0 <= zone.start() - clock.end() <= 2 for zone in zones)


def _zone_of(zones: list[re.Match[str]], clock: re.Match[str]) -> str:
    """Give the zone that belongs to a time: the next one in its sentence, else the one before it."""
    after = next((zone for zone in zones if zone.start() >= clock.end() - 1), None)
    if after is not None and after.start() - clock.end() <= 80:
        return after[0]
    before = [zone for zone in zones if zone.end() <= clock.start()]
    return before[-1][0] if before else ""


def _day_of(draft: Draft, sentence: Sentence, start: int, end: int) -> Day | None:
    """Give the date that a time stands "on"; else the nearest in its sentence; else the only date of the text."""
    everywhere = days(draft)
    mine = [day for day in everywhere if sentence.start <= day.start < sentence.end]
    follows = next((day for day in mine if day.start >= end), None)
    if follows is not None and _ON.fullmatch(draft.seen[end : follows.start]):
        return follows
    if mine:
        return min(mine, key=lambda day: day.start - end if day.start >= end else start - day.end)
    values = {(day.month, day.day, day.year) for day in everywhere}
    return everywhere[0] if len(values) == 1 else None


def _utc(day: Day | None, hour: int, minute: int, second: int, zone: str, zones: Sequence[str] = ()) -> datetime | None:
    if day is None or day.value is None:
        return None
    at = datetime(day.value.year, day.value.month, day.value.day, tzinfo=UTC) + timedelta(
        hours=hour, minutes=minute, seconds=second
    )
    offset = next((ZoneInfo(key) for key in zones if zone in _names(at, key)), None) or offset_of(zone)
    if offset is None:
        return None
    if isinstance(offset, ZoneInfo):
        return at.replace(tzinfo=offset).astimezone(UTC)
    return at - offset


def offset_of(zone: str) -> timedelta | ZoneInfo | None:
    """Give what a zone's name means; None where it means several things or nothing."""
    match = _ZONE.fullmatch(zone) if not zone.startswith(("Z", "+", "-")) else None
    if zone == "Z" or (match and match["utc"] and not match["off"]):
        return timedelta(0)
    digits = (
        (match["off"] if match and match["off"] else zone if zone.startswith(("+", "-")) else "")
        .replace("−", "-")
        .replace(":", "")
    )
    if digits:
        hours, minutes = (digits[1:-2], digits[-2:]) if len(digits) > 3 else (digits[1:], "0")
        span = timedelta(hours=int(hours), minutes=int(minutes))
        return -span if digits[0] == "-" else span
    place = None if zone == "BST" else _PLACES.get(zone) or _WORDLIKE.get(zone)
    return ZoneInfo(place) if place else None


def wrong_season(moment: Moment, zones: Sequence[str]) -> str:
    """Give the abbreviation that its place has at that time, where the text writes the other one; else "".

    `zones` are those of the incident: in Jamaica it is EST in July, too.
    """
    place = _PLACES.get(moment.zone)
    if place is None or moment.day is None or moment.day.value is None:
        return ""
    hour = moment.hour % 12 + 12 * (moment.half == "pm") if moment.half else moment.hour % 24
    day = moment.day.value
    at = datetime(day.year, day.month, day.day, hour, moment.minute, tzinfo=UTC)
    real = _names(at, place)
    return "" if any(moment.zone in _names(at, key) for key in (place, *zones)) else real[0]


def _names(at: datetime, key: str) -> tuple[str, str]:
    """Give what a zone is called when its clocks show what `at` shows: two names in the hour that comes twice."""
    local = at.replace(tzinfo=ZoneInfo(key))
    return local.tzname() or "", local.replace(fold=1).tzname() or ""


@lru_cache(maxsize=8)
def by_sentence(draft: Draft) -> dict[int, list[Moment]]:
    """Give the clock times of each sentence, by the place where it starts."""
    found: dict[int, list[Moment]] = {}
    for moment in moments(draft):
        found.setdefault(moment.sentence.start, []).append(moment)
    return found


@lru_cache(maxsize=8)
def windows(draft: Draft) -> tuple[Window, ...]:
    """Give the stretches that the text names: between, from ... to, since, until."""
    found = []
    for sentence in draft.sentences:
        if OTHER_TIMES.search(sentence.text):
            continue
        mine = by_sentence(draft).get(sentence.start, [])
        if not mine and _AFTER_THAT.search(sentence.text):
            earlier = [moment for moment in moments(draft) if moment.end <= sentence.start]
            found += [Window(earlier[-1], None, sentence)] if earlier else []
        taken = 0
        while taken < len(mine):
            moment, rest = mine[taken], mine[taken + 1 : taken + 2]
            before = draft.seen[max(sentence.start, moment.start - _NEAR) : moment.start]
            if rest and rest[0].start - moment.end < _NEAR and _JOIN.search(draft.seen[moment.end : rest[0].start]):
                found.append(Window(moment, rest[0], sentence))
                taken += 2
                continue
            if _SINCE.search(before):
                found.append(Window(moment, None, sentence))
            elif _UNTIL.search(before):
                found.append(Window(None, moment, sentence))
            taken += 1
    return tuple(found)


def named_zone(draft: Draft) -> timezone | None:
    """Give UTC where the text names it anywhere; else None."""
    return UTC if re.search(r"\b(?:UTC|GMT)\b(?!\s?[+−-]\d)|\dZ\b|\+00:?00\b", draft.seen) else None
