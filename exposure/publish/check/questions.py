"""The advisory's conditions -> the questions of the public page, and where each answer leads. Pure.

An answer is a link to the next step, so that the page needs no script: what was answered so far is in the step's name.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from exposure.incident import Exposure
from exposure.publish import times
from exposure.publish.facts import Condition
from exposure.publish.markdown import inert
from exposure.publish.texts.remedies import UNKNOWN_WORDS
from exposure.publish.texts.sentences import Speaker, show_words

# What a visitor may have given away, as it is written into the names of the steps.
_LETTERS: dict[str, str] = {"key": "k", "approval": "a"}


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that a visitor may have done. `said` (Markdown) is the statement; `start` and `end` are as published.

    `gave` is what they then gave away; a time that does not matter (`timed` false) is not asked for.
    """

    said: str
    gave: frozenset[str]
    start: datetime | None
    end: datetime | None
    timed: bool

    @property
    def when(self) -> str:
        """Give the time as the texts write it."""
        return times.show_when(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, and the step that it leads to."""

    text: str
    to: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the page: what is asked of one question in one state, and the answers."""

    name: str
    number: int
    about: str
    question: Question
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """Where the answers end: what was given away (nothing: no answer fits), as the remedies name it."""

    name: str
    gave: tuple[Exposure, ...]


def questions(speaker: Speaker) -> tuple[Question, ...]:
    """Ask what the texts name, and nothing else: their conditions, and what the data shows besides."""
    facts = speaker.facts
    if not facts.conditions:
        return _unknown(speaker)
    found: dict[tuple[object, ...], list[Condition]] = {}
    for condition in facts.conditions:
        # What is proven and what is not are two sentences for the reader of a text; to be asked about them once is enough.
        key = (condition.exposure, condition.hosts, condition.public_t1, condition.public_t2)
        found.setdefault(key, []).append(condition)
    asked = [_asked(speaker, group) for group in found.values()]
    named = {condition.exposure for condition in facts.conditions}
    if "approval" in facts.shown - named:
        asked.append(_approved(speaker))
    if "key" in facts.shown - named:
        said = f"You {UNKNOWN_WORDS['key']}{speaker.where() or ' there'}."
        asked.append(Question(said, frozenset({"key"}), None, None, timed=False))
    return tuple(asked)


def _asked(speaker: Speaker, group: list[Condition]) -> Question:
    first = group[0]
    words = ", or ".join(dict.fromkeys(show_words(condition) for condition in group))
    said = f"You {words}{speaker.where(first.hosts)}."
    gave = {"key", "approval"} if first.exposure == "none" else {first.exposure}
    start, end = first.public_t1, first.public_t2
    return Question(said, frozenset(gave), start, end, timed=bool(start or end))


def _approved(speaker: Speaker) -> Question:
    where = (
        "one of the addresses that this page names" if speaker.facts.revocable else "an address that you do not know"
    )
    return Question(f"Your wallet has approved {where}.", frozenset({"approval"}), None, None, timed=False)


def _unknown(speaker: Speaker) -> tuple[Question, ...]:
    """Ask about both kinds of harm as long as nobody knows which it was, and about the attackers' addresses."""
    facts, bounds = speaker.facts, speaker.facts.unknown_span
    start = times.floor_quarter(bounds.t1) if bounds.t1 else None
    end = times.ceil_quarter(bounds.t2) if bounds.t2 else None
    place = speaker.where() or f" in the affected software ({inert(facts.title)})"
    found = []
    if facts.sites or not facts.enemies:
        for exposure in ("key", "approval"):
            said = f"You {UNKNOWN_WORDS[exposure]}{place}."
            found.append(Question(said, frozenset({exposure}), start, end, timed=bool(start or end)))
    if facts.enemies:
        said = "Assets left your wallet for one of the addresses that this page names without your doing"
        said += ", or your wallet has approved one of them."
        found.append(Question(said, frozenset({"key", "approval"}), None, None, timed=False))
    return tuple(found)


def steps(asked: tuple[Question, ...], *, any_time: bool) -> tuple[tuple[Step, ...], tuple[Ending, ...]]:
    """Lay out every way through the questions: (steps, endings), each reachable from the first step.

    `any_time`: there are victims outside the published time, so that whoever did it at another time counts as affected, too.
    """
    whole = frozenset().union(*(question.gave for question in asked))
    made: dict[str, Step] = {}
    endings: dict[str, Ending] = {}

    def follow(number: int, gave: frozenset[str]) -> str:
        # Who already has to do everything is not asked any further.
        if number == len(asked) or (gave and gave == whole):
            name = f"end-{_letters(gave)}" if gave else "end"
            endings[name] = Ending(name, _exposures(gave))
            return name
        name = _name("did", number, gave)
        if name not in made:
            question = asked[number]
            no = follow(number + 1, gave)
            yes = follow(number + 1, gave | question.gave)
            if question.timed:
                timed = _name("when", number, gave)
                made[timed] = Step(timed, number + 1, "when", question, _when(yes, yes if any_time else no))
                made[name] = Step(name, number + 1, "did", question, _did(timed, no))
            else:
                made[name] = Step(name, number + 1, "did", question, _did(yes, no))
        return name

    follow(0, frozenset())
    order = sorted(made.values(), key=lambda step: (step.number, step.about, step.name))
    return tuple(order), tuple(sorted(endings.values(), key=lambda ending: ending.name))


def _did(yes: str, no: str) -> tuple[Answer, ...]:
    return (
        Answer("Yes, that is so", yes),
        Answer("I am not sure", yes),
        Answer("No, I never did that", no),
    )


def _when(then: str, other: str) -> tuple[Answer, ...]:
    return (
        Answer("Yes, or partly in that time", then),
        Answer("I am not sure when it was", then),
        Answer("No, certainly at another time", other),
    )


def _name(about: str, number: int, gave: frozenset[str]) -> str:
    return "-".join(part for part in (about, str(number + 1), _letters(gave)) if part)


def _letters(gave: Iterable[str]) -> str:
    mine = set(gave)
    return "".join(letter for exposure, letter in _LETTERS.items() if exposure in mine)


def _exposures(gave: frozenset[str]) -> tuple[Exposure, ...]:
    order: tuple[Exposure, ...] = ("key", "approval")
    return tuple(exposure for exposure in order if exposure in gave)
