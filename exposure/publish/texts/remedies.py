"""What to do after each kind of exposure, in full (design, section 1). Pure.

Key and signature have opposite remedies, and the wrong one costs everything: revoking does nothing for a phrase that was typed,
and a new account under the old phrase is the attacker's too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from exposure.incident import Exposure
from exposure.publish.facts import Condition
from exposure.publish.markdown import inert, join_or
from exposure.publish.texts.sentences import Sentence, Speaker, show_enemies, show_when

UNKNOWN_WORDS: dict[Exposure, str] = {
    "key": "entered a recovery phrase, private key or keystore file",
    "approval": "confirmed a signature or a transaction",
}


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do after one kind of exposure: a heading where there are two kinds, and the steps in order."""

    heading: str
    steps: tuple[Sentence, ...]


def remedies(speaker: Speaker) -> tuple[Remedy, ...]:
    """Give the remedy of each exposure in full, under headings where there are two."""
    told = speaker.facts.remedies
    found = []
    for exposure in told:
        steps = _key_steps(speaker) if exposure == "key" else _approval_steps(speaker)
        found.append(Remedy(heading(speaker, exposure) if len(told) > 1 else "", tuple(steps)))
    return tuple(found)


def heading(speaker: Speaker, exposure: Exposure) -> str:
    """Name those whom the remedy of one exposure is for, where there are two."""
    conditions = speaker.facts.condition_of(exposure)
    words = list(dict.fromkeys(word for condition in conditions for word in condition.words))
    return f"If you {join_or(map(inert, words)) if words else UNKNOWN_WORDS[exposure]}"


def _key_steps(speaker: Speaker) -> list[Sentence]:
    away = f", and not{speaker.where()}" if speaker.facts.sites else ""
    support = f" and write to {speaker.facts.links.support}" if speaker.facts.links.support else ""
    guide = f" How to do it: {speaker.facts.links.guide}" if speaker.facts.links.guide else ""
    new = f"Make a wallet with a **new recovery phrase**, in software that this incident does not affect{away}"
    steps = (
        f"{new}. A new account under the old phrase is not safe.{guide}",
        "Move everything to it, from every account of the old phrase or key and on every chain. Start with what is worth most.",
        "Nothing can be revoked: the phrase or key itself is known. Never use it again, even if the old wallet is empty now.",
        f"If gas that you send to the old wallet disappears, stop{support}: someone is watching that wallet.",
    )
    return [speaker.say(step, "the remedy for a key that was given away", "remedy") for step in steps]


def _approval_steps(speaker: Speaker) -> list[Sentence]:
    steps = _revoke(speaker)
    given = " there" if speaker.facts.sites else " at that time" if _when_of(speaker.facts.conditions) else ""
    outlives = (
        f"Check every chain that you use, and revoke whatever else you approved{given} and do not recognise: more addresses may be "
        "found. An approval stands until it is revoked; closing the page or disconnecting does not end it."
    )
    unseen = (
        f"If you signed a message{given} (a permit, an order, a listing), or do not remember: move those tokens and NFTs to "
        "another wallet. A signed message does not show on the chain until it is used, and revoking an approval does not cancel it."
    )
    steps.append(speaker.say(outlives, "approvals outlive the visit, and the list may grow", "remedy"))
    steps.append(speaker.say(unseen, "signatures may exist that the chain does not show yet", "remedy"))
    text = "Revoking does not bring back what was taken"
    if "key" in speaker.facts.remedies:
        text += ", and it does not help a wallet whose recovery phrase or key was given away: do the other steps first"
    steps.append(speaker.say(f"{text}.", "the remedy for approvals is not one for keys", "remedy"))
    return steps


def _revoke(speaker: Speaker) -> list[Sentence]:
    """Name exactly what to revoke, in full and per chain; what nobody has confirmed is said to be believed."""
    revocable = speaker.facts.revocable
    sure = [enemy for enemy in revocable if enemy.confirmed and not enemy.ordinary]
    believed = [enemy for enemy in revocable if enemy not in sure]
    delegates = any(enemy.role == "delegate" for enemy in revocable)
    what = "every approval and delegation" if delegates else "every approval"
    how = f" How to do it: {speaker.facts.links.guide}" if speaker.facts.links.guide else ""
    whole = "(compare the whole address: look-alikes share its beginning and end)"
    steps = []
    if sure:
        text = f"Revoke {what} that your wallet has given to these addresses {whole}:{show_enemies(sure)}"
        steps.append(
            speaker.say(text + (f"\n\n{how.strip()}" if how else ""), "these are the attacker's spenders", "remedy")
        )
    if believed:
        text = f"We believe that these are the attacker's too; revoke {what} to them as well:{show_enemies(believed)}"
        steps.append(speaker.say(text, "discovered, or doubtful: not confirmed by a person", "enemies"))
    if not sure:
        given = f"{speaker.where()}{_when_of(speaker.facts.condition_of('approval'))}"
        given = given or " and do not recognise"
        text = f"Revoke every approval that you gave{given}. We do not know all of the attacker's addresses yet.{how}"
        steps.insert(0, speaker.say(text, "no spender is confirmed", "remedy"))
    return steps


def _when_of(conditions: Sequence[Condition]) -> str:
    bounded = [condition for condition in conditions if condition.t1 or condition.t2]
    return f" {join_or(dict.fromkeys(map(show_when, bounded)))}" if bounded and len(bounded) == len(conditions) else ""
