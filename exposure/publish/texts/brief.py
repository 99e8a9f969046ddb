"""The short form of a message, for posts and chats: the same claims in fewer words, who and what to do first. Pure.

A post is read alone: the first one says who is affected and what to do if in doubt, before anything else.
"""

from exposure.incident import Exposure
from exposure.publish.texts.addressees import lead, outliers, unsure
from exposure.publish.texts.closings import both, cleared, no_secrets, not_described, stay_away, updates
from exposure.publish.texts.known import addresses
from exposure.publish.texts.remedies import heading
from exposure.publish.texts.sentences import Sentence, Speaker, show_enemies

Blocks = tuple[tuple[Sentence, ...], ...]


def body(speaker: Speaker, *state: Sentence) -> Blocks:
    """Give the blocks of a short message: who, what is going on, what to do, who need not act, whom to trust, where next."""
    blocks = (
        *_who(speaker),
        (*state, *stay_away(speaker)),
        tuple(addresses(speaker)),
        both(speaker),
        *(tuple(_remedy(speaker, exposure)) for exposure in speaker.facts.remedies),
        (*cleared(speaker), _others(speaker)),
        (no_secrets(speaker), *updates(speaker)),
    )
    return tuple(block for block in blocks if block)


def gist(speaker: Speaker) -> Blocks:
    """Give the least that a text must hold which is read apart from our own posts: who, what to do, who need not act."""
    blocks = (
        *_who(speaker),
        tuple(addresses(speaker)),
        both(speaker),
        *(tuple(_remedy(speaker, exposure)) for exposure in speaker.facts.remedies),
        (*cleared(speaker), _others(speaker)),
    )
    return tuple(block for block in blocks if block)


def _who(speaker: Speaker) -> Blocks:
    """Give each condition a paragraph of its own, with what belongs to it; the advice for the unsure joins the last."""
    found: list[tuple[Sentence, ...]] = []
    for sentence in (*lead(speaker), *outliers(speaker)):
        if sentence.text.startswith("**") or not found:
            found.append((sentence,))
        else:
            found[-1] = (*found[-1], sentence)
    found[-1] = (*found[-1], unsure(speaker))
    return tuple(found)


def _remedy(speaker: Speaker, exposure: Exposure) -> list[Sentence]:
    several = len(speaker.facts.remedies) > 1
    first = f"{heading(speaker, exposure)}: " if several else "What to do now: "
    steps = _key(speaker, first) if exposure == "key" else _approval(speaker, first)
    guide = speaker.facts.links.guide
    if guide and exposure == speaker.facts.remedies[-1]:
        steps.append(speaker.say(f"How to do it: {guide}", "where the steps are explained"))
    return steps


def _key(speaker: Speaker, first: str) -> list[Sentence]:
    support = f" and write to {speaker.facts.links.support}" if speaker.facts.links.support else " and contact us"
    away = f", and not{speaker.where()}" if speaker.facts.sites else ""
    texts = (
        (
            f"{first}make a wallet with a new recovery phrase, in software that this incident does not affect{away}, and move "
            "everything to it, on every chain."
        ),
        "A new account under the old phrase is not safe. Nothing can be revoked. Never use the old phrase again.",
        f"If gas that you send to the old wallet disappears, stop{support}.",
    )
    return [speaker.say(text, "the remedy for a key that was given away", "remedy") for text in texts]


def _approval(speaker: Speaker, first: str) -> list[Sentence]:
    revocable = speaker.facts.revocable
    sure = [enemy for enemy in revocable if enemy.confirmed and not enemy.ordinary]
    believed = [enemy for enemy in revocable if enemy not in sure]
    found = []
    if sure:
        text = f"{first}revoke every approval that your wallet gave to these addresses:{show_enemies(sure)}\n"
        found.append(speaker.say(text, "these are the attacker's spenders", "remedy", "enemies"))
    else:
        text = (
            f"{first}revoke every approval that you gave{speaker.where() or ' and do not recognise'}, on every chain."
        )
        found.append(speaker.say(text, "no spender is confirmed", "remedy"))
    if believed:
        text = (
            f"We believe that these are the attacker's too; revoke approvals to them as well:{show_enemies(believed)}\n"
        )
        found.append(speaker.say(text, "discovered, or doubtful: not confirmed by a person", "enemies"))
    there = " there" if speaker.facts.sites else ""
    texts = [
        "An approval stands until it is revoked: disconnecting does not end it. More addresses may be found.",
        (
            f"If you signed a message{there}, or do not remember, move those tokens and NFTs to another wallet: revoking does not "
            "cancel a signed message."
        ),
    ]
    if "key" in speaker.facts.remedies:
        texts.append("Revoking does not help a wallet whose recovery phrase or key was given away.")
    return found + [speaker.say(text, "approvals outlive the visit", "remedy") for text in texts]


def _others(speaker: Speaker) -> Sentence:
    text, checks = not_described(speaker)
    return speaker.say(text, "safe is never concluded from data", *checks)


def thanks(speaker: Speaker) -> tuple[Sentence, ...]:
    """Answer somebody who reported it in public: thanks, it is ours, and no details in the open."""
    private = speaker.facts.links.support
    where = f"write to {private}" if private else "wait until we name a private way to reach us"
    texts = (
        "Thank you for reporting this. It is ours to solve, and we are working on it.",
        (
            f"Please do not post your wallet's address or anything secret here: {where}. "
            "Whoever offers help in a private message is not us."
        ),
    )
    return tuple(speaker.say(text, "thanks, and whose task it is") for text in texts)


def ask_to_share(speaker: Speaker) -> tuple[Sentence, ...]:
    """Ask others to point here, and not to speak for us."""
    source = speaker.facts.links.source
    text = "To help people who may be affected, please point them here instead of retelling it in your own words: times and "
    text += "steps may still change. Please do not link to the affected site."
    text += f" Share this: {source}" if source else " Share this post."
    return (speaker.say(text, "asks to be pointed to, not spoken for"),)
