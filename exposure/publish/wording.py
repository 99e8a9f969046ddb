"""Facts and checks -> sentences and messages. Pure. Sees nothing but `Facts` and `Checks`.

Every sentence carries its claim and the checks behind it. What is not proven is said with "we believe", or not at all.
The order is that of warning research: who it is for, what to do now, who need not act, what is not known, where updates come.
"""

from dataclasses import dataclass, field
from datetime import datetime

from exposure.incident import Exposure
from exposure.publish import times
from exposure.publish.claims import Checks
from exposure.publish.facts import Facts
from exposure.publish.known import addresses, control, counts, exact_times, lost, over, unknowns
from exposure.publish.markdown import break_host, inert, join_or
from exposure.publish.remedies import UNKNOWN_WORDS, Remedy, remedies
from exposure.publish.sentences import Sentence, Speaker, show_count, show_when, show_words


@dataclass(frozen=True, slots=True)
class Message:
    """One text by parts; `not_ready` says why it must not be posted, and what is missing."""

    name: str
    not_ready: tuple[str, ...] = ()
    parts: dict[str, tuple[Sentence, ...]] = field(default_factory=dict)
    remedies: tuple[Remedy, ...] = ()

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Give all sentences, in the order of the parts."""
        steps = tuple(step for remedy in self.remedies for step in remedy.steps)
        return tuple(sentence for part in self.parts.values() for sentence in part) + steps


Parts = dict[str, tuple[Sentence, ...]]


def write_messages(facts: Facts, checks: Checks) -> tuple[Message, ...]:
    """Write every message of this level; one whose time has not come says so instead."""
    speaker = Speaker(facts, checks)
    held = _held(facts)
    initial = Message("initial", held, _initial(speaker), remedies(speaker))
    if facts.status == "ongoing":
        waits = (*_NOT_OVER, *held)
        return initial, Message("resolved", waits), Message("followup", waits)
    return (
        initial,
        Message("resolved", held, _resolved(speaker), remedies(speaker)),
        Message("followup", held, _followup(speaker), remedies(speaker)),
    )


# A text that says "it is over" must not lie about ready for posting while it is not: it is not written at all.
_NOT_OVER = (
    "incident.toml says that the attack is ongoing",
    (
        'when it no longer is, set status = "contained" or "resolved", say when the first good version was served '
        '([[fact]] kind = "first_known_good"), and run `exposure advise` again'
    ),
)


def _held(facts: Facts) -> tuple[str, ...]:
    hold = facts.hold_until
    if hold is None or (facts.as_of is not None and facts.as_of >= hold):
        return ()
    return (f"[disclosure] of incident.toml holds it back until {times.show_time(hold)}",)


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


def _initial(speaker: Speaker) -> Parts:
    ongoing = speaker.facts.status == "ongoing"
    going_on = speaker.say("The attack is still going on.", "the attack is ongoing", "stated")
    return _frame(speaker) | {
        "state": (going_on if ongoing else over(speaker), *stay_away(speaker)),
        "known": (*counts(speaker), *addresses(speaker), *unknowns(speaker)),
    }


def _resolved(speaker: Speaker) -> Parts:
    text = "What was given away stays given away. If you are affected and have not acted yet, act now."
    still = speaker.say(text, "the remedy is needed after the end too", "remedy")
    return _frame(speaker) | {
        "state": (over(speaker), *control(speaker), *stay_away(speaker), still),
        "known": (*counts(speaker), *addresses(speaker), *unknowns(speaker)),
    }


def _followup(speaker: Speaker) -> Parts:
    return _frame(speaker) | {
        "state": (over(speaker), *control(speaker), *stay_away(speaker)),
        "times": exact_times(speaker),
        "known": (*counts(speaker), *lost(speaker), *addresses(speaker, always=True), *unknowns(speaker)),
    }


def lead(speaker: Speaker) -> list[Sentence]:
    """Say who is affected, first and testably: one sentence for each condition, with the local times beside."""
    if not speaker.facts.conditions:
        return _lead_unknown(speaker)
    found = []
    conditions = speaker.facts.conditions
    for place, condition in enumerate(conditions):
        checks = ("condition", condition.x_check, f"window:{condition.exposure}", "remedy")
        who = f"If you {show_words(condition)}{speaker.where(condition.hosts)} {show_when(condition)}"
        text = f"**{who}, {_danger(condition.exposure, sure=speaker.proven(*checks))} Act now.**"
        claim = (
            f"who {' or '.join(condition.actions)} in the published window is affected, and every confirmed victim did"
        )
        found.append(speaker.say(text, claim, *checks))
        bounds = condition.public_t1, condition.public_t2
        # Conditions of the same hours share one line of local times.
        if bounds not in [(later.public_t1, later.public_t2) for later in conditions[place + 1 :]]:
            found += _local(speaker, *bounds)
    return found + _lead_shown(speaker)


def _lead_shown(speaker: Speaker) -> list[Sentence]:
    """Say who else must act where the data shows a kind of harm that no action of incident.toml names."""
    named = {condition.exposure for condition in speaker.facts.conditions}
    found = []
    if "approval" in speaker.facts.shown - named:
        where = "one of the addresses below" if speaker.facts.revocable else "an address that you do not know"
        text = f"**If your wallet has approved {where}, {_danger('approval', sure=False)} Act now.**"
        found.append(speaker.say(text, "the data shows signatures that were taken", "enemies", "condition"))
    if "key" in speaker.facts.shown - named:
        text = f"**If you {UNKNOWN_WORDS['key']}{speaker.where() or ' there'}, {_danger('key', sure=False)} Act now.**"
        found.append(speaker.say(text, "the data shows keys that were taken", "condition"))
    return found


def _lead_unknown(speaker: Speaker) -> list[Sentence]:
    """Say what is dangerous as long as nobody knows what exactly was: both kinds of harm, and the attacker's addresses."""
    bounds, where = speaker.facts.unknown_span, speaker.where()
    low = times.floor_quarter(bounds.t1) if bounds.t1 else None
    high = times.ceil_quarter(bounds.t2) if bounds.t2 else None
    place = where or f" in the affected software ({inert(speaker.facts.title)})"
    when = f" {times.show_when(low, high)}" if low or high else ""
    found = []
    if speaker.facts.sites or not speaker.facts.enemies:
        did = f"{UNKNOWN_WORDS['key']}{place}, or {UNKNOWN_WORDS['approval']} there"
        text = f"**If you {did}{',' if when else ''}{when}, act as if you are affected: we believe that your wallet is not safe.**"
        found += [
            speaker.say(text, "nobody knows yet which action exposed people", "condition", "remedy"),
            *_local(speaker, low, high),
        ]
    if speaker.facts.enemies:
        text = "If assets left your wallet for one of the addresses below without your doing, or your wallet has approved one"
        text = f"**{text} of them, we believe that your wallet is not safe. Act now.**"
        found.append(speaker.say(text, "these addresses are the attacker's", "enemies", "condition"))
    return found


def _danger(exposure: Exposure, *, sure: bool) -> str:
    if exposure == "key":
        text = "your wallet is no longer safe, even if nothing is missing yet."
    elif exposure == "none":
        text = "your wallet may not be safe, even if nothing is missing yet."
    else:
        text = "someone else may be able to take your tokens and NFTs, even if nothing is missing yet."
    return text if sure else f"we believe that {text}"


def _local(speaker: Speaker, start: datetime | None, end: datetime | None) -> list[Sentence]:
    local = times.show_locally(start, end, speaker.facts.zones)
    if not local:
        return []
    lines = [f"In {city}: {when}." for city, when in local]
    text = lines[0] if len(lines) == 1 else "\n".join(f"- {line}" for line in lines)
    return [speaker.say(text, "the same times in the incident's zones")]


def outliers(speaker: Speaker) -> list[Sentence]:
    """Say that there are victims whom the condition does not describe, where there are."""
    rows = speaker.checks["condition"].rows
    if not rows:
        return []
    more = show_count(len(rows), "affected wallet")
    text = (
        f"**We know of at least {more} that this does not describe, and are looking into it.** If you did the same at "
    )
    text += "another time, or something else there worries you, act as if you are affected."
    return [speaker.say(text, f"{len(rows)} confirmed victims lie outside the condition", "condition")]


def unsure(speaker: Speaker) -> Sentence:
    """Say the sentence that every text holds."""
    return speaker.say("**If you are not sure, act as if you are affected.**", "advice")


def both(speaker: Speaker) -> tuple[Sentence, ...]:
    """Say what to do where there are two remedies, and a reader cannot tell which is theirs."""
    if len(speaker.facts.remedies) < 2:
        return ()
    text = "If both describe you, or you do not know which does, do all of it, in this order."
    return (speaker.say(text, "one incident can hold both kinds of harm", "remedy"),)


def cleared(speaker: Speaker) -> list[Sentence]:
    """Say what a person has vouched for; a veto of the data drops the sentence."""
    found = []
    for action in speaker.facts.cleared:
        if speaker.proven(f"cleared:{action.name}"):
            why = inert(action.why).rstrip(".")
            text = (
                f"If you {inert(action.words)}{speaker.where()}: that alone did not put your wallet at risk ({why}). "
            )
            text += "Whatever else you did there still counts."
            found.append(speaker.say(text, f"{action.name} is cleared by {action.by}", f"cleared:{action.name}"))
    if speaker.proven("hardware"):
        text = "A hardware wallet is not affected, unless you typed its recovery phrase."
        found.append(speaker.say(text, "every exposure is key", "hardware"))
    return found


def nobody_else(speaker: Speaker) -> Sentence:
    """Say that no other harm seen is no safety."""
    text = "We cannot say of anything else that it was safe, so follow the updates. That nothing was taken from a wallet so far "
    text += "does not show that it is safe."
    return speaker.say(text, "safe is never concluded from data")


def stay_away(speaker: Speaker) -> list[Sentence]:
    """Warn off the site while others may hold it."""
    safe = speaker.facts.control == "regained" and speaker.facts.status != "ongoing"
    if safe or not (speaker.facts.sites or speaker.facts.conditions):
        return []
    site = join_or(map(break_host, speaker.facts.sites)) if speaker.facts.sites else "the affected software"
    until = "the attack is over" if speaker.facts.control == "regained" else "it is ours again"
    text = f"Do not use {site}, whatever it shows you, until we say that {until}."
    return [speaker.say(text, "control is not regained, or the attack goes on", "stated")]


def no_secrets(speaker: Speaker) -> Sentence:
    """Take the impostors' first sentence from them."""
    text = "Nobody from our team will ask for your recovery phrase or private key, or for money to get assets back."
    return speaker.say(f"{text} Whoever does is not us.", "advice")


def updates(speaker: Speaker) -> tuple[Sentence, ...]:
    """Name the one place for updates, and when the next one comes."""
    links = speaker.facts.links
    place = f"Updates: {links.source}" if links.source else "We post updates where you read this."
    found = [speaker.say(place, "the one public place that is updated")]
    if links.next_update:
        due = times.show_clock_beside(times.ceil_quarter(links.next_update), speaker.facts.zones)
        found.append(speaker.say(f"The next one comes by {due}.", "when the next update comes"))
    elif links.update_every:
        minutes = int(links.update_every.total_seconds() // 60)
        text = f"The next one comes within {show_count(minutes, 'minute')} of this one."
        found.append(speaker.say(text, "when the next update comes"))
    if links.support:
        found.append(speaker.say(f"Questions: {links.support}", "whom to ask"))
    return tuple(found)


def signature(speaker: Speaker) -> tuple[Sentence, ...]:
    """Say who speaks, and as of when."""
    signer, as_of = speaker.facts.links.signer, speaker.facts.as_of
    found = [speaker.say(inert(signer), "who speaks")] if signer else []
    if as_of:
        known = f"Written with what we knew at {times.show_time(as_of)}."
        found.append(speaker.say(known, "as of when the data speaks"))
    return tuple(found)
