"""Rules on times: absolute, with date and zone, both ends, and true. Pure.

Each of these errors stood in a real advisory: "past few hours", 07:45 without its pm, a Friday that was a Saturday, "EST" in
September, the time of detection printed as the start.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from exposure.publish.lint.draft import Draft
from exposure.publish.lint.moments import (
    AMBIGUOUS,
    DETECTED,
    OTHER_TIMES,
    Moment,
    by_sentence,
    days,
    moments,
    named_zone,
    windows,
    wrong_season,
)
from exposure.publish.lint.rule import Hit, rule
from exposure.publish.times import show_date

_I = re.IGNORECASE
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SPAN = r"(?:second|minute|min|hour|hr|day|week|month)s?"
_NUMBER = (
    r"(?:\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|few|a few|several"
    r"|couple(?: of)?|a couple(?: of)?|many|some)"
)
_RELATIVE = re.compile(
    rf"\b(?:(?:in |within |over |during |for )?(?:the )?(?:past|last)\s+(?:(?:{_NUMBER})\s+)?{_SPAN}"
    rf"|(?:{_NUMBER})\s+{_SPAN}\s+(?:ago|earlier|before this)"
    r"|(?:earlier )?today|yesterday|tonight|last night|this (?:morning|afternoon|evening|week)"
    r"|earlier this (?:week|month|day)|recently"
    r"|just now|moments ago|overnight|as of (?:now|right now)|a while ago)\b",
    _I,
)
_DURATION = re.compile(
    rf"\b(?:for|lasted|took)\s+(?:about|around|approximately|approx\.?|roughly|nearly|almost|over|under"
    rf"|~)?\s*(?:{_NUMBER})\s+{_SPAN}\b",
    _I,
)
_ACT_NOW = re.compile(r"\b(?:act|move|revoke|do (?:it|this|so)|at the latest)\W+(?:\w+\W+){0,3}$", _I)
_OPEN = re.compile(
    r"\b(?:ongoing|still going on|going on|not over|still (?:open|active|live)|continues?|until we say"
    r"|at any time since|is not contained|under attack)\b",
    _I,
)
# Who can look for an address in their own wallet needs no time.
_BY_ADDRESS = re.compile(r"\bassets left your wallet for one of\b|\byour wallet has approved\b", _I)
# How far words reach to a time that they belong to.
_NEAR = 160
_NOT_KNOWN = re.compile(
    r"\b(?:(?:do not|don.t|cannot|can.t)(?: \w+){0,3} (?:know|say|tell|see)[^.!?]{0,40}(?:when|how long|exact"
    r"|start|end|began|before|after)"
    r"|(?:still )?(?:finding|working) out (?:when|how long)|start (?:time )?is (?:not|un)\s?known"
    r"|at any time\b(?! since))",
    _I,
)


@rule(
    "relative-time",
    "error",
    "Times are absolute",
    why='A post is read hours later and copied for days. "The past few hours" then means other hours, and nobody can tell.',
    section="times",
    bad="If you signed an approval on examplewallet[.]com in the past few hours, revoke it.",
    good="If you signed an approval there between 09:00 and 10:45 UTC on Wednesday 4 March 2026, revoke it.",
)
def relative_time(draft: Draft) -> Iterator[Hit]:
    """Look for times that depend on when they are read, and for durations that hang on nothing."""
    for sentence in draft.sentences:
        if re.search(r"\bnext (?:update|one|message)|\bupdate (?:again|within|in|every)\b", sentence.text, _I):
            continue
        for match in _RELATIVE.finditer(sentence.text):
            if _ACT_NOW.search(sentence.text[: match.start()]):
                continue
            start = sentence.start + match.start()
            yield Hit(start, start + len(match[0]), f'"{_plain(match[0])}" means other hours to each reader', _WRITE)
        if not moments(draft) and (lasted := _DURATION.search(sentence.text)):
            start = sentence.start + lasted.start()
            yield Hit(start, start + len(lasted[0]), "a length of time without a beginning says nothing", _WRITE)


_WRITE = 'write "between 09:00 and 10:45 UTC on Wednesday 4 March 2026"'


def _plain(text: str) -> str:
    return " ".join(text.split())


@rule(
    "no-time",
    "error",
    "It says when",
    why="Without a window everybody who ever used the site is affected, or nobody feels addressed.",
    section="times",
    bad="If you signed an approval on examplewallet[.]com, revoke it now and follow the updates.",
    good="If you signed an approval there between 09:00 and 10:45 UTC on Wednesday 4 March 2026, revoke it. "
    "Where it is not known: we do not know yet when it began.",
    not_for=("amplify", "support", "reply"),
)
def no_time(draft: Draft) -> Iterator[Hit]:
    """Look for a clock time or a date anywhere, or for a word that it is not known yet."""
    facts = draft.ground.facts
    bounds = (
        [(facts.unknown_span.t1, facts.unknown_span.t2), *((c.t1, c.t2) for c in facts.conditions)] if facts else []
    )
    unknown = facts is not None and not any(low or high for low, high in bounds)
    if unknown or _BY_ADDRESS.search(draft.seen):
        return
    if draft.sentences and not moments(draft) and not days(draft) and not _NOT_KNOWN.search(draft.seen):
        first = draft.sentences[0]
        yield Hit(
            first.start, first.end, "no time stands in the text", f'{_WRITE}, or "we do not know yet when it began"'
        )


@rule(
    "no-zone",
    "error",
    "Every time has its zone",
    why="Readers live in 24 zones. A time without one is wrong for 23 of them, by up to a day.",
    section="times",
    bad="If you signed an approval there between 09:00 and 10:45 on Wednesday 4 March 2026, revoke it.",
    good="If you signed an approval there between 09:00 and 10:45 UTC on Wednesday 4 March 2026, revoke it.",
)
def no_zone(draft: Draft) -> Iterator[Hit]:
    """Look for clock times in whose sentence no zone belongs to them."""
    for moment in moments(draft):
        if not moment.zone:
            yield Hit(moment.start, moment.end, "this time has no zone", "write it in UTC, and say so")


@rule(
    "no-date",
    "error",
    "Times have a date",
    why="A message is quoted on the next day, and in some zones it is the next day already.",
    section="times",
    bad="If you signed an approval there between 09:00 and 10:45 UTC, revoke it.",
    good="If you signed an approval there between 09:00 and 10:45 UTC on Wednesday 4 March 2026, revoke it.",
)
def no_date(draft: Draft) -> Iterator[Hit]:
    """Ask for one date where there are times."""
    first = next(iter(moments(draft)), None)
    if first is not None and not days(draft):
        yield Hit(first.start, first.end, "times, and no date", 'add it with its weekday: "on Wednesday 4 March 2026"')


@rule(
    "utc-first",
    "error",
    "UTC stands beside every local time",
    why="UTC is the one zone that everybody can convert from; PDT and CET are not known on the other side of the "
    "world.",
    section="times",
    bad="If you signed an approval there between 04:00 and 05:45 EST on Wednesday 4 March 2026, revoke it.",
    good="... between 09:00 and 10:45 UTC on Wednesday 4 March 2026 (New York: 04:00 to 05:45 EST).",
)
def utc_first(draft: Draft) -> Iterator[Hit]:
    """Look for local times where UTC is named nowhere."""
    local = [moment for moment in moments(draft) if moment.zone]
    if local and named_zone(draft) is None:
        yield Hit(
            local[0].start,
            local[0].end,
            f"a time in {local[0].zone}, and none in UTC",
            "write UTC first, the local time behind it",
        )


@rule(
    "ambiguous-zone",
    "warning",
    "No zone that has two meanings",
    why='"ET" is no zone at a given date, "CST" is in Chicago and in Shanghai, "IST" in three countries.',
    section="times",
    bad="Affected: approvals signed after 09:00 CST on Wednesday 4 March 2026.",
    good="Affected: approvals signed after 15:00 UTC on Wednesday 4 March 2026.",
)
def ambiguous_zone(draft: Draft) -> Iterator[Hit]:
    """Look for such zones in sentences that do not give UTC as well."""
    utc = named_zone(draft) is not None
    for moment in moments(draft):
        if moment.zone in AMBIGUOUS and not utc:
            yield Hit(moment.start, moment.end, f"{moment.zone} has more than one meaning", "write the time in UTC")
    for match in re.finditer(r"\b(?:local time|our time|your time)\b", draft.seen, _I):
        yield Hit(match.start(), match.end(), "whose local time?", "write the time in UTC")


@rule(
    "open-window",
    "error",
    "Both ends of the window stand there, or it is said to be open",
    why='"After 09:00" without an end makes people of the next week act; without "still going on" it hides that it is not over.',
    section="times",
    bad="If you signed an approval there after 09:00 UTC on Wednesday 4 March 2026, revoke it.",
    good="If you signed an approval there at any time since 09:00 UTC on Wednesday 4 March 2026, revoke it. The "
    "attack is still going on.",
    not_for=("amplify",),
)
def open_window(draft: Draft) -> Iterator[Hit]:
    """Look for a window with one end, where no other sentence gives both and nothing says that it is open."""
    named = windows(draft)
    if not named or any(window.first and window.last for window in named):
        return
    if _OPEN.search(draft.seen) or _NOT_KNOWN.search(draft.seen):
        return
    if any(window.first for window in named) and any(window.last for window in named):
        return
    moment = named[0].first or named[0].last
    assert moment is not None
    end = "end" if named[0].first else "beginning"
    yield Hit(
        moment.start, moment.end, f"the window has no {end}", 'give both ends, or say "the attack is still going on"'
    )


@rule(
    "twelve-hour",
    "warning",
    "24-hour clock",
    why="Whoever copies 07:45 pm loses the pm: it happened to an official message, and the window moved by half a day.",
    section="times",
    bad="Affected: approvals signed from 7:45 pm to 10:00 pm UTC on Wednesday 17 August 2022.",
    good="Affected: approvals signed from 19:45 to 22:00 UTC on Wednesday 17 August 2022.",
)
def twelve_hour(draft: Draft) -> Iterator[Hit]:
    """Look for am and pm."""
    for moment in moments(draft):
        if moment.half and moment.sentence.start not in _with_mixed(draft):
            shown = f"{moment.hour % 12 + 12 * (moment.half == 'pm'):02}:{moment.minute:02}"
            yield Hit(moment.start, moment.end, "a 12-hour time", f"write {shown}")


@rule(
    "lost-am-pm",
    "error",
    "am and pm are not lost on the way",
    why="Where one time of a window says pm and the other nothing, half of the readers take it for the morning. "
    "12 am is midnight to some, noon to others.",
    section="times",
    bad="Affected: approvals signed from 07:45 to 10:00 pm UTC on Wednesday 17 August 2022.",
    good="Affected: approvals signed from 19:45 to 22:00 UTC on Wednesday 17 August 2022.",
)
def lost_am_pm(draft: Draft) -> Iterator[Hit]:
    """Look for sentences in which some times carry am or pm and others could, and for 12 am and 12 pm."""
    for moment in moments(draft):
        if _mixed(draft, moment):
            text = (
                "12 o'clock am or pm is read both ways"
                if moment.half
                else "another time of this sentence has am or pm, this one has not"
            )
            yield Hit(moment.start, moment.end, text, "write both in 24 hours: 19:45 to 22:00")


def _mixed(draft: Draft, moment: Moment) -> bool:
    if moment.half:
        return moment.hour == 12 and moment.minute == 0
    return moment.hour <= 12 and moment.sentence.start in _with_half(draft)


@lru_cache(maxsize=8)
def _with_half(draft: Draft) -> frozenset[int]:
    """Give where the sentences start in which a time has am or pm."""
    return frozenset(moment.sentence.start for moment in moments(draft) if moment.half)


@lru_cache(maxsize=8)
def _with_mixed(draft: Draft) -> frozenset[int]:
    return frozenset(moment.sentence.start for moment in moments(draft) if _mixed(draft, moment))


@rule(
    "real-weekday",
    "error",
    "The date exists, and is that day of the week",
    why='"Friday, May 14" was a Saturday: one of the two is wrong, and readers cannot know which.',
    section="times",
    bad="Affected: approvals signed between 09:00 and 10:45 UTC on Tuesday 4 March 2026.",
    good="Affected: approvals signed between 09:00 and 10:45 UTC on Wednesday 4 March 2026.",
)
def real_weekday(draft: Draft) -> Iterator[Hit]:
    """Check each date against the calendar."""
    for day in days(draft):
        if day.year and day.value is None:
            yield Hit(day.start, day.end, "there is no such date", "look at the data again")
        elif day.value and day.weekday is not None and day.value.weekday() != day.weekday:
            text = f"that date is not a {_DAYS[day.weekday]}"
            yield Hit(
                day.start,
                day.end,
                text,
                f"if the date is right, write {show_date_of(day.value)}; else correct the date",
            )


def show_date_of(value: object) -> str:
    """Write a date with its weekday."""
    from datetime import UTC, date, datetime

    assert isinstance(value, date)
    return show_date(datetime(value.year, value.month, value.day, tzinfo=UTC))


@rule(
    "wrong-season",
    "error",
    "The zone's abbreviation fits the date",
    why='"EST" in September is an hour off from what New York\'s clocks show: the reader cannot know which was meant.',
    section="times",
    bad="First seen at 19:50 EST on Tuesday 19 September 2023 (the window in UTC follows).",
    good="First seen at 23:50 UTC on Tuesday 19 September 2023 (19:50 EDT).",
)
def wrong_season_rule(draft: Draft) -> Iterator[Hit]:
    """Check abbreviations of summer and winter time."""
    facts = draft.ground.facts
    for moment in moments(draft):
        real = wrong_season(moment, facts.zones if facts else ())
        if real:
            text = f"on that date the clocks there show {real}, not {moment.zone}"
            yield Hit(moment.start, moment.end, text, "write the time in UTC, from the data")


@rule(
    "detection-as-start",
    "error",
    "The time of detection is not the start",
    why="It began before anyone noticed. Who was robbed in between reads that they are not affected.",
    section="times",
    bad="We detected the attack at 10:54 UTC on Tuesday 9 July 2024. If you signed anything after that, revoke it.",
    good="It began at 08:15 UTC on Tuesday 9 July 2024; we noticed it at 10:54 UTC. Between the two: if you "
    "signed, revoke.",
)
def detection_as_start(draft: Draft) -> Iterator[Hit]:
    """Look for the time of detection where no window stands beside it."""
    facts = draft.ground.facts
    detected = {time for kind, time in facts.timeline if kind == "detected"} if facts else set()
    for window in windows(draft):
        if window.first and window.first.utc in detected:
            yield Hit(
                window.first.start,
                window.first.end,
                "the case says that this is when it was detected",
                "give the published start",
            )
    starts = [window.first or window.last for window in windows(draft)]
    if any(moment and not noticed(draft, moment) for moment in starts) or _NOT_KNOWN.search(draft.seen):
        return
    told = [
        moment
        for mine in by_sentence(draft).values()
        if not OTHER_TIMES.search(mine[0].sentence.text)
        for moment in mine
    ]
    if told and all(noticed(draft, moment) for moment in told):
        text = "the only time that the text gives is when it was noticed"
        yield Hit(told[0].start, told[0].end, text, "say when it began, or that this is not known yet")


def noticed(draft: Draft, moment: Moment) -> bool:
    """Tell whether the clause of a time says that something was noticed then."""
    start, end = max(moment.sentence.start, moment.start - _NEAR), min(moment.sentence.end, moment.end + _NEAR)
    before = re.split(r"[;(]|,(?!\s*\d{4})", draft.seen[start : moment.start])[-1]
    after = re.split(r"[;,.]", draft.seen[moment.end : end])[0]
    return bool(DETECTED.search(before) or DETECTED.search(after))
