"""Recovery phrases (BIP-39) in text, in any of the ten word lists: where one may stand, and which one is. Pure.

Two looks for two purposes. `phrase_spans` says what to replace: whatever looks like most of a phrase, typed wrong or cut off.
`find_phrases` says what is proof: 12 to 24 words in a row whose checksum is right.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

LANGUAGES = (
    "english",
    "chinese_simplified",
    "chinese_traditional",
    "czech",
    "french",
    "italian",
    "japanese",
    "korean",
    "portuguese",
    "spanish",
)
SIZES = (12, 15, 18, 21, 24)

# In Chinese each character is a word, and nothing need stand between them.
_HAN = "\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_HAN}]|[^\W\d_{_HAN}]+")
# No word of a list is without: words of Latin letters have three and more. Nearly all texts have too few.
_LIKE_WORD = re.compile(r"[A-Za-z]{3,}|[^\x00-\x7F]")
_CHINESE = {LANGUAGES.index(name) for name in LANGUAGES if name.startswith("chinese")}
# The lists hold the commonest characters, so that eight of them in a row are any sentence; with spaces between they are none.
_CHINESE_WORDS = 12
_GAP = 24
_OTHERS = 2
# Between the words of a form stand names of its fields, the same each time: seed[words][0]=…, {"index":0,"word":"…"}.
_MOST_FIELDS = 3
# Longer rows of words are lists of words, or several phrases; then they are cut where something else stands between two.
_LONG_ROW = 48
# Phrases that everybody knows: of tools (Hardhat, Foundry, Ganache, Truffle, MetaMask's tests) and of BIP-39's own tests.
PUBLISHED = (
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
    "test test test test test test test test test test test junk",
    "myth like bonus scare over problem client lizard pioneer submit female collect",
    "candy maple cake sugar pudding cream honey rich smooth crumble sweet treat",
    "spread raise short crane omit tent fringe mandate neglect detail suspect cradle",
)
_VECTORS = (
    "9e885d952ad362caeb4efe34a8e91bd2",
    "6610b25967cdcca9d59875f5cb50b0ea75433311869e930b",
    "68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c",
    "c0ba5a8e914111210f2bd131f3d5e08d",
    "6d9be1ee6ebd27a258115aad99b7317b9c8d28b6d76431c3",
    "9f6a2878b2520799a44ef18bc7df394e7061a224d2c33cd015b157d746869863",
    "23db8160a31d3e0dca3688ed941adbf3",
    "8197a4a47f0425faeaa69deebc05ca29c0a5b5cc76ceacc0",
    "066dca1a2bb7e8a1db2832148ce9933eea0f3ac9548d793112d9a95c9407efad",
    "f30f8c1da665478f49b001d94c5fc452",
    "c10ec20dc3cd9f652c7fac2f1230f7a3c828389a14392f05",
    "f585c11aec520db57dd353c69554b21a89b20fb0650966fa0a9d6f74fd989d8f",
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase whose checksum is right. Its words are shown nowhere, not even where it is printed by mistake."""

    words: tuple[str, ...] = field(repr=False)
    entropy: bytes = field(repr=False)

    @property
    def seed(self) -> bytes:
        """Give the seed that wallets derive their keys from (no passphrase)."""
        sentence = unicodedata.normalize("NFKD", " ".join(self.words)).encode()
        return hashlib.pbkdf2_hmac("sha512", sentence, b"mnemonic", 2048)

    @property
    def published(self) -> bool:
        """Tell whether everybody knows it: nobody's money is there, or everybody's."""
        same = len(set(self.words)) <= 2 or len(set(self.entropy)) == 1
        return same or " ".join(self.words) in PUBLISHED or self.entropy.hex() in _VECTORS


@cache
def word_list(language: str) -> tuple[str, ...]:
    """Give the words of a language in their order, composed. They are read as data: the package itself is not imported."""
    package = find_spec("mnemonic")
    assert package is not None
    assert package.origin is not None
    file = Path(package.origin).parent / "wordlist" / f"{language}.txt"
    return tuple(composed(file.read_text(encoding="utf-8")).split())


def composed(text: str) -> str:
    """Write each character one way: accents and kana as one, full-width letters and spaces as plain ones."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def phrase_spans(text: str, enough: int) -> list[tuple[int, int]]:
    """Find what may be most of a phrase in a composed text: so many words of one list close together, few others between."""
    if len(_LIKE_WORD.findall(text)) < enough:
        return []
    tokens = list(_WORD.finditer(text))
    known = _indices(tokens)
    spans: list[tuple[int, int]] = []
    for language in _present(known, enough):
        mine = [language in of for of in known]
        if language in _CHINESE:
            spans += _close(tokens, mine, max(enough, _CHINESE_WORDS), 0)
            mine = [one and alone for one, alone in zip(mine, _alone(tokens), strict=True)]
        spans += _close(tokens, mine, enough, _OTHERS)
    return _merged(sorted(spans))


def find_phrases(text: str) -> list[Phrase]:
    """Find the phrases in a text, whatever stands between their words, if their checksum is right; each once.

    Of a row of words that is longer than a phrase (words before it may be of the list, too) every part with a right checksum
    is given: one in sixteen is so by chance, and then opens nobody's wallet.
    """
    text = composed(text)
    if len(_LIKE_WORD.findall(text)) < SIZES[0]:
        return []
    tokens = list(_WORD.finditer(text))
    known = _indices(tokens)
    found: dict[tuple[str, ...], Phrase] = {}
    for language in _present(known, SIZES[0]):
        for row in _rows(text, tokens, [of.get(language) for of in known]):
            found |= {phrase.words: phrase for phrase in _valid(row, language)}
    return list(found.values())


def _indices(tokens: Sequence[re.Match[str]]) -> list[dict[int, int]]:
    words, nothing = _words(), dict[int, int]()
    return [words.get(match[0].lower(), nothing) for match in tokens]


def _present(known: Sequence[dict[int, int]], enough: int) -> list[int]:
    """Give the languages of which there are so many words."""
    counted = Counter(language for of in known for language in of)
    return sorted(language for language, count in counted.items() if count >= enough)


def _alone(tokens: Sequence[re.Match[str]]) -> list[bool]:
    """Tell which words touch no other: no Chinese sentence has spaces between its characters."""
    apart = [one.end() < other.start() for one, other in pairwise(tokens)]
    return [before and after for before, after in zip([True, *apart], [*apart, True], strict=True)]


def _close(
    tokens: Sequence[re.Match[str]], known: Sequence[bool], enough: int, most_others: int
) -> list[tuple[int, int]]:
    """Find the spans of so many known words, close together, with few other words between."""
    spans: list[tuple[int, int]] = []
    count = others = start = end = 0
    for match, is_known in zip(tokens, known, strict=True):
        if count and (match.start() - end > _GAP or (others == most_others and not is_known)):
            spans += [(start, end)] if count >= enough else []
            count = others = 0
        if is_known:
            start = match.start() if not count else start
            count, others, end = count + 1, 0, match.end()
        elif count:
            others += 1
    return [*spans, (start, end)] if count >= enough else spans


def _merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    whole: list[tuple[int, int]] = []
    for start, end in spans:
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(end, whole[-1][1]))
        else:
            whole.append((start, end))
    return whole


def _rows(text: str, tokens: Sequence[re.Match[str]], known: Sequence[int | None]) -> Iterator[list[int]]:
    """Give rows of at least twelve known words: side by side, or with the same one to three other words between each two."""
    names = [match[0].lower() for match in tokens]
    for step in range(1, _MOST_FIELDS + 2):
        for first in range(step):
            row: list[int] = []
            for place in range(first, len(tokens), step):
                goes_on = row and tokens[place].start() - tokens[place - step].end() <= _GAP * step
                if goes_on and step > 1 and len(row) > 1:
                    between, before = slice(place - step + 1, place), slice(place - 2 * step + 1, place - step)
                    goes_on = names[between] == names[before]
                if row and (known[place] is None or not goes_on):
                    yield from _parts(text, tokens, known, row)
                    row = row[-1:] if known[place] is not None and step > 1 else []
                if known[place] is not None:
                    row.append(place)
            yield from _parts(text, tokens, known, row)


def _parts(
    text: str, tokens: Sequence[re.Match[str]], known: Sequence[int | None], row: list[int]
) -> Iterator[list[int]]:
    """Cut a row where something else stands between two words than between most, if it is long, or that gives a phrase."""
    if len(row) < SIZES[0]:
        return
    glue = [text[tokens[one].end() : tokens[other].start()] for one, other in pairwise(row)]
    usual = Counter(glue).most_common(1)[0][0]
    cuts = [0, *(place + 1 for place, between in enumerate(glue) if between != usual), len(row)]
    cut = [row[start:end] for start, end in pairwise(cuts) if end - start >= SIZES[0]]
    # seed=legal+winner+…: what the phrase is called may be of the list as well
    parts = (
        cut if len(row) > _LONG_ROW or (len(row) not in SIZES and any(len(part) in SIZES for part in cut)) else [row]
    )
    for part in parts:
        if len(part) <= _LONG_ROW:
            yield [index for place in part if (index := known[place]) is not None]


def _valid(row: Sequence[int], language: int) -> list[Phrase]:
    """Give the phrases among the parts of a row; the whole row alone where it is one."""
    if len(row) in SIZES and (whole := _phrase(row, language)):
        return [whole]
    parts = (row[start : start + size] for size in SIZES for start in range(len(row) - size + 1))
    return [phrase for part in parts if (phrase := _phrase(part, language))]


def _phrase(row: Sequence[int], language: int) -> Phrase | None:
    """Check the sum: the last bits are the first of the hash of all others."""
    number = 0
    for index in row:
        number = number << 11 | index
    check = len(row) // 3
    entropy = (number >> check).to_bytes(4 * check, "big")
    if hashlib.sha256(entropy).digest()[0] >> (8 - check) != number & ((1 << check) - 1):
        return None
    return Phrase(tuple(word_list(LANGUAGES[language])[index] for index in row), entropy)


@cache
def _words() -> dict[str, dict[int, int]]:
    """Give for each word of any list its languages, and its place in each."""
    words: dict[str, dict[int, int]] = {}
    for language, name in enumerate(LANGUAGES):
        for index, word in enumerate(word_list(name)):
            words.setdefault(word, {})[language] = index
    return words
