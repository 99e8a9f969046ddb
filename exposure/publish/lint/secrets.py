"""Secrets that were pasted into a draft: where they stand. Pure.

In logs whatever looks like most of a phrase is replaced. A draft is prose, and a third of its words stand in the English word list:
here a phrase is ten words of a list in a row, eleven of twelve, or any row whose checksum is right.
"""

import re
from collections.abc import Iterator
from functools import cache

from exposure.logs.hints import PHRASE_WORDS
from exposure.logs.secrets.encodings import decode
from exposure.logs.secrets.phrases import composed, find_phrases, phrase_spans
from exposure.logs.secrets.redaction import redact

_LONG_HEX = re.compile(r"(?:0[xX])?[0-9a-fA-F]{41,}")
_EXTENDED_KEY = re.compile(r"[xyztuvYZUVXT]prv[1-9A-HJ-NP-Za-km-z]{50,}")
# The word that stands nearest before it says what it is: "the transaction is 0x...", "signed with the key 0x...".
_NAMED = re.compile(r"(?i)\b(transactions?|tx|txs|hash(?:es)?|blocks?|keys?|secrets?|seeds?|mnemonics?|pk|privkey)\b")
_HASH = re.compile(r"(?i)t|hash|block")
_WORD = re.compile(r"[^\W\d_]+")
_ROW, _NEARLY, _OF = 10, 11, 12
_MOST_SMALL = 3
_SMALL = frozenset((
    "about", "above", "again", "all", "also", "any", "can", "during", "end", "ever", "final", "first", "found",
    "have", "into", "just", "later", "like", "more", "much", "must", "need", "never", "next", "now", "only", "open",
    "other", "over", "page", "people", "possible", "say", "should", "some", "still", "than", "that", "then", "there",
    "they", "this", "time", "under", "until", "use", "used", "very", "wait", "way", "what", "when", "where", "will",
    "with", "you", "your",
))  # fmt: skip


def secret_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Give where secrets stand; a line that hides one in an encoding counts whole, and a text whose length changes with it, too."""
    found = _hex(text)
    plain = composed(text)
    spans = list(_phrases(plain))
    if len(plain) == len(text):
        found += spans
    elif spans:
        return ((0, len(text)),)
    place = 0
    for line in text.splitlines(keepends=True):
        bare = composed(decode(line))
        if bare.strip() != composed(line).strip() and (_hex(bare) or list(_phrases(bare))):
            found.append((place, place + len(line)))
        place += len(line)
    return _merged(found)


def _hex(text: str) -> list[tuple[int, int]]:
    found = [match.span() for match in _EXTENDED_KEY.finditer(text)]
    for match in _LONG_HEX.finditer(text):
        # What stands before says whether it is a hash: judged as in the logs.
        around = text[max(0, match.start() - 40) : match.end() + 24]
        named = _NAMED.findall(text[max(0, match.start() - 60) : match.start()])
        if redact(around)[1] and not (named and _HASH.match(named[-1])):
            found.append(match.span())
    return found


def _phrases(text: str) -> Iterator[tuple[int, int]]:
    proven = [phrase.words for phrase in find_phrases(text)]
    for start, end in phrase_spans(text, PHRASE_WORDS):
        tokens = list(_WORD.finditer(text, start, end))
        words = [token[0].lower() for token in tokens]
        for mine in proven:
            for place in range(len(words) - len(mine) + 1):
                if tuple(words[place : place + len(mine)]) == mine:
                    yield tokens[place].start(), tokens[place + len(mine) - 1].end()
        if not text[start:end].isascii() or any(
            set(mine) <= set(words) and not _stands(mine, words) for mine in proven
        ):
            yield start, end
            continue
        known = [word in _english() for word in words]
        # A sentence is full of these; of twelve words drawn by lot hardly one is among them.
        small = [word in _SMALL for word in words]
        for place in range(len(known)):
            if sum(small[place : place + _OF]) > _MOST_SMALL:
                continue
            if all(known[place : place + _ROW]) and len(known) - place >= _ROW:
                yield tokens[place].start(), tokens[place + _ROW - 1].end()
            if sum(known[place : place + _OF]) >= _NEARLY and len(known) - place >= _OF:
                yield tokens[place].start(), tokens[place + _OF - 1].end()


def _stands(phrase: tuple[str, ...], words: list[str]) -> bool:
    """Tell whether a phrase stands there with nothing between its words."""
    return any(tuple(words[place : place + len(phrase)]) == phrase for place in range(len(words) - len(phrase) + 1))


@cache
def _english() -> frozenset[str]:
    from mnemonic import Mnemonic

    return frozenset(Mnemonic("english").wordlist)


def _merged(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        # What stands between two pieces of one phrase goes with them.
        if merged and start <= merged[-1][1] + 3:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return tuple(merged)
