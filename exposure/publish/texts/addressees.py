"""Who a text is for, first and testably: the condition, those it does not describe, and those who are not sure. Pure."""

from datetime import datetime

from exposure.publish import times
from exposure.publish.markdown import inert
from exposure.publish.texts.remedies import UNKNOWN_WORDS
from exposure.publish.texts.sentences import Sentence, Speaker, show_count, show_when, show_words


def lead(speaker: Speaker) -> list[Sentence]:
    """Say who is affected, first and testably: one sentence for each condition, with the local times beside."""
    if not speaker.facts.conditions:
        return _lead_unknown(speaker)
    found = []
    conditions = speaker.facts.conditions
    for place, condition in enumerate(conditions):
        checks = ("condition", condition.x_check, condition.window_check, "remedy")
        who = f"If you {show_words(condition)}{speaker.where(condition.hosts)} {show_when(condition)}"
        text = f"**{who}, {danger(condition.exposure, sure=speaker.proven(*checks))} Act now.**"
        if not speaker.facts.attack_shown:
            # Nothing but the team's word shows an attack: calm, and no less careful.
            later = " until we know more" if speaker.facts.status == "ongoing" else ", to be on the safe side"
            text = f"**{who}, we believe that your wallet may not be safe. Act as if you are affected{later}.**"
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
        text = f"**If your wallet has approved {where}, {danger('approval', sure=False)} Act now.**"
        found.append(speaker.say(text, "the data shows signatures that were taken", "enemies", "condition"))
    if "key" in speaker.facts.shown - named:
        text = f"**If you {UNKNOWN_WORDS['key']}{speaker.where() or ' there'}, {danger('key', sure=False)} Act now.**"
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


def danger(exposure: str, *, sure: bool = True) -> str:
    """Say what it means to be affected."""
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
    return [speaker.say(text, f"{len(rows)} confirmed victims lie outside the condition", "outside")]


def unsure(speaker: Speaker) -> Sentence:
    """Say the sentence that every text holds."""
    return speaker.say("**If you are not sure, act as if you are affected.**", "advice")
