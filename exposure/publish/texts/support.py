"""The answer sheet of a support team: what people ask, and what may be answered, word for word. Pure.

Whoever answers is tired, in a hurry and wants to comfort: the sheet says what must not be promised, and what never to ask for.
"""

from dataclasses import dataclass

from exposure.publish.texts.addressees import lead, outliers, unsure
from exposure.publish.texts.closings import both, cleared, no_secrets, nobody_else, stay_away, updates
from exposure.publish.texts.known import addresses, control, going_on, over
from exposure.publish.texts.sentences import Sentence, Speaker


@dataclass(frozen=True, slots=True)
class Answer:
    """One question as people ask it, and the sentences that answer it."""

    question: str
    sentences: tuple[Sentence, ...]


def answers(speaker: Speaker) -> tuple[Answer, ...]:
    """Give the questions in the order in which they come; the steps of the remedy stand between, in the template."""
    found = (
        Answer("Am I affected?", (*lead(speaker), *outliers(speaker), unsure(speaker))),
        Answer("I did that, but nothing is missing. Am I safe?", (_not_yet(speaker),)),
        Answer("I did something else there, or I just visited. Am I safe?", (*cleared(speaker), nobody_else(speaker))),
        Answer("I use a hardware wallet. Am I safe?", tuple(_hardware(speaker))),
        Answer("Is the site safe to use now?", tuple(_site(speaker))),
        Answer("Can you get my assets back?", tuple(_money(speaker))),
        Answer("Somebody offers to help me, or asks for my phrase.", (no_secrets(speaker), _impostors(speaker))),
        Answer("Which addresses are the attacker's?", tuple(addresses(speaker, always=True))),
        Answer("Where do I hear more?", updates(speaker)),
    )
    return tuple(answer for answer in found if answer.sentences)


def first_steps(speaker: Speaker) -> tuple[Sentence, ...]:
    """Say what to do where both remedies may be meant."""
    return both(speaker)


def rules(speaker: Speaker) -> tuple[Sentence, ...]:
    """Say what the team asks for, writes down, and never says."""
    ask = "Ask for the wallet's address (0x…), what was done there, when (with time zone), which transactions are not theirs, "
    never = "Never ask for a recovery phrase, private key, keystore file or password. If somebody sends one, delete it unread, "
    texts = (
        f"{ask}and how you can reach them.",
        f"{never}and tell them to treat it as given away.",
        "Never say that somebody is safe, or that assets will come back. Say what this sheet says.",
        "Never send a link that is not in this sheet. None of us writes to people first in private messages.",
        "Write each report into the reports file of the case: address, time, did, tx, source (the ticket's number).",
        "Help those first who can still save something: if assets are leaving a wallet now, pass the case on at once.",
    )
    return tuple(speaker.say(text, "how the team works") for text in texts)


def _not_yet(speaker: Speaker) -> Sentence:
    text = (
        "No. That nothing was taken so far does not show that a wallet is safe: attackers wait, and come "
        "back. Do all of the steps "
    )
    return speaker.say(text + "now.", "safe is never concluded from data")


def _hardware(speaker: Speaker) -> list[Sentence]:
    if speaker.proven("hardware"):
        text = "A hardware wallet is not affected, unless you typed its recovery phrase."
        return [speaker.say(text, "every exposure is key", "hardware")]
    text = (
        "We cannot say that you are. A hardware wallet protects a phrase that was never typed; it does not protect "
        "you from a signature that you "
    )
    return [speaker.say(text + "confirmed on it. If what is described above is what you did, do the steps.", "advice")]


def _site(speaker: Speaker) -> list[Sentence]:
    ongoing = speaker.facts.status == "ongoing"
    state = going_on(speaker) if ongoing else over(speaker)
    return [state, *control(speaker), *stay_away(speaker)]


def _money(speaker: Speaker) -> list[Sentence]:
    text = "We cannot promise that. A transaction cannot be called back; keep the transaction hashes, and report the theft to "
    text += "the police where you live."
    return [speaker.say(text, "no promise")]


def _impostors(speaker: Speaker) -> Sentence:
    text = (
        "After each theft, people who pose as helpers, lawyers or recovery services write to those who lost "
        "something. Do not pay, do "
    )
    return speaker.say(text + "not open their links, and do not install anything.", "advice")
