"""Facts and checks -> sentences and messages. Pure. Sees nothing but `Facts`, `Checks` and what changed.

Every sentence carries its claim and the checks behind it. What is not proven is said with "we believe", or not at all.
The order is that of warning research: who it is for, what to do now, who need not act, what is not known, where updates come.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from exposure.publish import times
from exposure.publish.facts import Facts
from exposure.publish.texts import brief, postmortem, support
from exposure.publish.texts.addressees import lead, outliers, unsure
from exposure.publish.texts.brief import Blocks
from exposure.publish.texts.claims import Checks
from exposure.publish.texts.closings import both, cleared, no_secrets, nobody_else, signature, stay_away, updates
from exposure.publish.texts.known import addresses, control, counts, exact_times, going_on, lost, over, unknowns
from exposure.publish.texts.remedies import Remedy, remedies
from exposure.publish.texts.scope import Change
from exposure.publish.texts.sentences import Sentence, Speaker
from exposure.publish.texts.support import Answer

Parts = dict[str, tuple[Sentence, ...]]


@dataclass(frozen=True, slots=True)
class Message:
    """One text by parts; `not_ready` says why it must not be posted, and what is missing.

    `parts` and `remedies` make the long form, `blocks` the short one; `channels` names where it is posted, the first of them the
    one that people review.
    """

    name: str
    not_ready: tuple[str, ...] = ()
    parts: Parts = field(default_factory=dict)
    remedies: tuple[Remedy, ...] = ()
    blocks: Blocks = ()
    answers: tuple[Answer, ...] = ()
    channels: tuple[str, ...] = ("markdown",)
    speaker: Speaker | None = None

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Give all sentences, in the order of the parts; one that stands in the long and in the short form is given once."""
        steps = tuple(step for remedy in self.remedies for step in remedy.steps)
        said = tuple(sentence for answer in self.answers for sentence in answer.sentences)
        short = tuple(sentence for block in self.blocks for sentence in block)
        long = tuple(sentence for part in self.parts.values() for sentence in part)
        return tuple({(s.text, s.claim): s for s in (*long, *steps, *said, *short)}.values())


_ALL = ("markdown", "x", "discord", "telegram", "status", "cap")
_POSTS = ("markdown", "x", "discord", "telegram")
# A text that says "it is over" must not lie about ready for posting while it is not: it is not written at all.
_NOT_OVER = (
    "incident.toml says that the attack is ongoing",
    (
        'when it no longer is, set status = "contained" or "resolved", say when the first good version was served '
        '([[fact]] kind = "first_known_good"), and run `exposure advise` again'
    ),
)


def write_messages(facts: Facts, checks: Checks, changed: Sequence[Change] = ()) -> tuple[Message, ...]:
    """Write every message; one whose time has not come says so instead. `changed`: what differs from the last reviewed version."""
    held = _held(facts)
    made = []
    for name, (write, channels) in _MESSAGES.items():
        speaker = Speaker(replace(facts, links=facts.links.within(name)), checks)
        if facts.status == "ongoing" and name in _AFTERWARDS:
            made.append(Message(name, (*_NOT_OVER, *held), channels=channels, speaker=speaker))
            continue
        message = write(speaker, changed)
        made.append(replace(message, name=name, not_ready=held, channels=channels, speaker=speaker))
    return tuple(made)


def _held(facts: Facts) -> tuple[str, ...]:
    hold = facts.held_until
    return () if hold is None else (f"[disclosure] of incident.toml holds it back until {times.show_time(hold)}",)


def _frame(speaker: Speaker) -> Parts:
    """Give what every message holds."""
    return {
        "lead": (*lead(speaker), *outliers(speaker), unsure(speaker)),
        "others": (*cleared(speaker), nobody_else(speaker)),
        "first": both(speaker),
        "trust": (no_secrets(speaker),),
        "updates": updates(speaker),
        "signature": signature(speaker),
    }


def _standing(speaker: Speaker) -> tuple[Sentence, ...]:
    """Say whether it goes on."""
    return (going_on(speaker),) if speaker.facts.status == "ongoing" else (over(speaker), *control(speaker))


def _long(
    speaker: Speaker, *, more: Sequence[Sentence] = (), news: Sequence[Sentence] = (), every: bool = False
) -> Message:
    known = (*counts(speaker), *(lost(speaker) if every else ()), *addresses(speaker, always=every), *unknowns(speaker))
    parts = _frame(speaker) | {
        "news": tuple(news),
        "state": (*_standing(speaker), *stay_away(speaker), *more),
        "known": known,
    }
    first = [tuple(sentence for sentence in news)] if news else []
    blocks = (*first, *brief.body(speaker, *_standing(speaker), *more))
    return Message("", (), parts, remedies(speaker), blocks)


def _initial(speaker: Speaker, _changed: Sequence[Change]) -> Message:
    return _long(speaker)


def _update(speaker: Speaker, changed: Sequence[Change]) -> Message:
    """Say what is known now; first of all, to whom we said something that was wrong."""
    return _revised(speaker, changed)


def _revised(
    speaker: Speaker, changed: Sequence[Change], *, more: Sequence[Sentence] = (), every: bool = False
) -> Message:
    """Write the long form: whom we wrongly told that they were safe comes first, other changes after who is affected."""
    loud = [_news(speaker, change) for change in changed if change.wrongly_safe]
    quiet = [_news(speaker, change) for change in changed if not change.wrongly_safe]
    return _long(speaker, more=(*more, *quiet), news=loud, every=every)


def _news(speaker: Speaker, change: Change) -> Sentence:
    loud = f"**{change.text}**" if change.wrongly_safe and "\n" not in change.text else change.text
    claim = "corrects what was said" + (", for those who were told that they were safe" if change.wrongly_safe else "")
    return speaker.say(loud, claim, "scope")


def _resolved(speaker: Speaker, changed: Sequence[Change]) -> Message:
    text = "What was given away stays given away. If you are affected and have not acted yet, act now."
    still = (
        (speaker.say(text, "the remedy is needed after the end too", "remedy"),) if speaker.facts.attack_shown else ()
    )
    return _revised(speaker, changed, more=still)


def _followup(speaker: Speaker, changed: Sequence[Change]) -> Message:
    message = _revised(speaker, changed, every=True)
    return replace(message, parts=message.parts | {"times": exact_times(speaker)})


def _reply(speaker: Speaker, _changed: Sequence[Change]) -> Message:
    return Message("", blocks=(brief.thanks(speaker), *brief.gist(speaker), (no_secrets(speaker), *updates(speaker))))


def _amplify(speaker: Speaker, _changed: Sequence[Change]) -> Message:
    return Message(
        "", blocks=(*brief.gist(speaker), brief.ask_to_share(speaker), (no_secrets(speaker), *updates(speaker)))
    )


def _banner(speaker: Speaker, _changed: Sequence[Change]) -> Message:
    return Message("", blocks=brief.body(speaker, *_standing(speaker)))


def _email(speaker: Speaker, changed: Sequence[Change]) -> Message:
    return _revised(speaker, changed)


def _support(speaker: Speaker, changed: Sequence[Change]) -> Message:
    parts = {
        "news": tuple(_news(speaker, change) for change in changed),
        "rules": support.rules(speaker),
        "first": support.first_steps(speaker),
        "signature": signature(speaker),
    }
    return Message("", (), parts, remedies(speaker), answers=support.answers(speaker))


def _postmortem(speaker: Speaker, _changed: Sequence[Change]) -> Message:
    parts = _frame(speaker) | {
        "state": postmortem.happened(speaker),
        "timeline": postmortem.timeline(speaker),
        "learned": postmortem.learned(speaker),
        "harm": postmortem.harm(speaker),
        "known": postmortem.open_questions(speaker),
        "thanks": postmortem.thanks(speaker),
    }
    return Message("", (), parts, remedies(speaker))


_Writer = Callable[[Speaker, Sequence[Change]], Message]
_MESSAGES: dict[str, tuple[_Writer, tuple[str, ...]]] = {
    "initial": (_initial, _ALL),
    "update": (_update, _ALL),
    "reply": (_reply, _POSTS),
    "amplify": (_amplify, _POSTS),
    "resolved": (_resolved, _ALL),
    "followup": (_followup, _ALL),
    "banner": (_banner, ("html",)),
    "email": (_email, ("email",)),
    "support": (_support, ("markdown",)),
    "postmortem": (_postmortem, ("markdown",)),
}
_AFTERWARDS = ("resolved", "followup", "postmortem")
MESSAGES = tuple(_MESSAGES)
