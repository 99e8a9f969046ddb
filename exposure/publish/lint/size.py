"""Rules on size: it fits its channel, is short enough to be read, and plain enough to be understood. Pure."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from exposure.publish.lint.draft import MASK, Draft, Sentence
from exposure.publish.lint.rule import Hit, rule
from exposure.publish.texts.channels import CHANNELS

_POSTS = {name: CHANNELS[name.replace("twitter", "x")] for name in ("x", "twitter", "discord", "telegram")}
LIMITS = {name: channel.limit for name, channel in _POSTS.items()} | {"reddit": 40_000, "github": 65_536}
_COUNTS = {name: channel.count for name, channel in _POSTS.items()}
_LONG = 7000
_GRADE = 10.0
_ENOUGH = 40
# Links, hosts, mail addresses, times, addresses, what was masked.
_NO_WORD = re.compile(rf"://|@|\[\.\]|\d|{MASK}")
_THREAD = re.compile(r"\n[ \t]*(?:-{3,}|\*{3,}|={3,})[ \t]*\n")


@rule(
    "length",
    "error",
    "It fits its channel",
    why="What does not fit is cut off, and what stands last is what to do, or the one place for updates.",
    section="channels",
    bad="If you signed an approval on examplewallet[.]com between 09:00 and 10:45 UTC on Wednesday 4 March 2026, "
    "revoke it now. " * 3,
    good="If you signed an approval on examplewallet[.]com between 09:00 and 10:45 UTC on Wednesday 4 March "
    "2026, revoke it now.",
)
def length(draft: Draft) -> Iterator[Hit]:
    """Count as the channel counts; posts of one thread are parted by lines of dashes."""
    limit = LIMITS.get(draft.channel)
    if limit is None:
        return
    count = _COUNTS.get(draft.channel, len)
    posts = _THREAD.split(draft.raw)
    place = 0
    for post in posts:
        start = draft.raw.index(post, place)
        place = start + len(post)
        size = count(post.strip())
        if size > limit:
            text = f"{size:,} characters, and {draft.channel} takes {limit:,}"
            hint = (
                "cut it, or write a thread (posts parted by lines of ---)"
                if limit == LIMITS["x"]
                else "cut it, and link the rest"
            )
            yield Hit(start + len(post.rstrip()) - 1, place, text, hint, raw=True)


@rule(
    "too-long",
    "warning",
    "Short enough to be read",
    why="People read the beginning. Every sentence that is not who, what now and what else hides one that is.",
    section="channels",
    bad="If you signed an approval on examplewallet[.]com, revoke it. "
    + "We are grateful for the patience of our community in this time. " * 120,
    good="If you signed an approval on examplewallet[.]com, revoke it.",
    not_for=("postmortem", "support", "followup"),
)
def too_long(draft: Draft) -> Iterator[Hit]:
    """Look at the length where no channel is named."""
    size = len(draft.seen.strip())
    if not draft.channel and size > _LONG:
        yield Hit(
            _LONG,
            _LONG + 1,
            f"{size:,} characters: nobody reads that in an incident",
            "leave the story to the follow-up",
        )


@rule(
    "reading-level",
    "warning",
    "Plain sentences",
    why="Half of the readers read it in a second language, all of them in fear. Short sentences and short words "
    "reach them.",
    section="plain",
    bad="In consequence of unauthorised modifications to the authoritative configuration of our domain "
    "registration infrastructure, "
    "individuals who subsequently authenticated themselves utilising mnemonic credentials and authorised "
    "transactions through the "
    "aforementioned interface are strongly encouraged to expeditiously undertake comprehensive remediation, "
    "including the immediate "
    "reallocation of the entirety of their remaining cryptographic holdings towards independently generated "
    "alternative repositories.",
    good="If you entered your recovery phrase there, make a wallet with a new one and move everything to it.",
)
def reading_level(draft: Draft) -> Iterator[Hit]:
    """Look at the Flesch-Kincaid grade of the prose: links, addresses and times left out."""
    sentences = [(sentence, _words(sentence)) for sentence in draft.sentences if not sentence.heading]
    words = [word for _, mine in sentences for word in mine]
    counted = [(sentence, mine) for sentence, mine in sentences if len(mine) > 2]
    if len(words) < _ENOUGH or not counted:
        return
    level = grade(len(counted), words)
    if level > _GRADE:
        hardest, mine = max(counted, key=lambda one: grade(1, one[1]))
        text = (
            f"reads like grade {level:.0f} of school (aim for {_GRADE:.0f} or less); the hardest sentence has "
            f"{len(mine)} words"
        )
        yield Hit(hardest.start, hardest.end, text, "cut it in two, and take the everyday word")


def _words(sentence: Sentence) -> list[str]:
    plain = [token for token in sentence.text.split() if not _NO_WORD.search(token)]
    return re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", " ".join(plain))


@lru_cache(maxsize=1)
def _hyphens() -> Any:
    from pyphen import Pyphen

    return Pyphen(lang="en_US")


def grade(sentences: int, words: list[str]) -> float:
    """Give the Flesch-Kincaid grade (years of school); syllables by hyphenation, as textstat counts them without its word lists."""
    syllables = sum(1 + len(_hyphens().positions(word.lower()[:40])) for word in words)
    return 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59
