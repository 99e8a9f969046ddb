"""A draft as a reader sees it: markup taken off, invisible characters gone, secrets masked, every place known. Pure.

Drafts are hostile text: people paste log lines, recovery phrases and characters that hide or turn words around. Rules look at
`Draft.seen` alone, so that what was masked can stand in no finding.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from exposure.console import escape
from exposure.publish.lint.secrets import secret_spans

if TYPE_CHECKING:
    from exposure.publish.facts import Facts
    from exposure.publish.texts.claims import Checks

# What stands in the place of a masked character: no letter, no digit, nothing that a rule looks for.
MASK = "\u2588"
EXCERPT = 80
# Posts of this length hold who, when and what to do; a link to the one place stands for the rest.
BRIEF = 280

_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_DROPPED = re.compile(
    r"<(script|style)\b.{0,20000}?</\1\s*>|<!--.{0,20000}?-->|</?[A-Za-z!?][^<>]{0,2000}>|[*`]|\\(?=[^\w\s])"
    r"|(?m:^[ \t]*>[ \t]?)"
    "|" + _HIDDEN.pattern,
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""\b(?:href|src)\s*=\s*["']?([^"'\s>]{1,2000})""", re.IGNORECASE)
# Of pages, and of the machine form (CAP).
_BLOCK_END = re.compile(
    r"</(?:p|li|h\d|div|section|title|td|tr|headline|description|instruction|event|senderName|web|contact|value(?:Name)?)\b|<br",
    re.IGNORECASE,
)
_END = re.compile(r"[.!?…][\"')\]”’]*(?=\s|$)")
_ITEM = re.compile(r"\s*(?:[-•–]\s|\d{1,2}[.)]\s|#{1,6}\s|\|)")
_THE_REST = re.compile(
    r"\b(?:updates?|details?|more|(?:all|everything) else|the rest|what to do|full (?:text|message|list"
    r"|story))\b[^.!?]{0,30}https?://",
    re.IGNORECASE,
)
_LONGEST = 1500
_SPACES = re.compile(r"\s+")
_NO_END = re.compile(r"\b(?:e\.g|i\.e|approx|no|vs|a\.m|p\.m|etc|mr|ms|dr)\.$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a draft: its text, and where it stands in `Draft.seen`."""

    text: str
    start: int
    heading: bool = False

    @property
    def end(self) -> int:
        """Give the place after its last character."""
        return self.start + len(self.text)


@dataclass(frozen=True, eq=False, slots=True)
class Ground:
    """What a draft is held against: the case's facts and checks, where there is a case, and the affected hosts.

    `year` is that of dates which name none. `allowed` are links that [advice] names and that were checked.
    """

    sites: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    year: int | None = None
    facts: "Facts | None" = None
    checks: "Checks | None" = None
    wallets: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Draft:
    """A text to judge. `kind` is the message that it is to be (initial, reply ...), "" where nobody said."""

    raw: str
    ground: Ground = field(default_factory=Ground)
    kind: str = ""
    channel: str = ""

    @cached_property
    def secrets(self) -> tuple[tuple[int, int], ...]:
        """Give where secrets stand in `raw`."""
        return secret_spans(self.raw)

    @cached_property
    def hidden(self) -> tuple[int, ...]:
        """Give where invisible, control and direction-changing characters stand in `raw`."""
        return tuple(match.start() for match in _HIDDEN.finditer(self.raw) if not _joins(self.raw, match.start()))

    @cached_property
    def _seen(self) -> tuple[str, list[int]]:
        text = self.raw
        for start, end in self.secrets:
            text = text[:start] + re.sub(r"\S", MASK, text[start:end]) + text[end:]
        kept: list[str] = []
        places: list[int] = []

        def keep(piece: str, start: int) -> None:
            for offset, char in enumerate(piece):
                # Full-width letters and other costumes of a plain one read like it.
                for plain in char if char.isascii() else unicodedata.normalize("NFKC", char):
                    kept.append(plain)
                    places.append(start + offset)

        last = 0
        for match in _DROPPED.finditer(text):
            keep(text[last : match.start()], last)
            if match[0].startswith("<"):
                # A link in a tag is a link: what it leads to is judged as if it were read.
                for link in _ATTRIBUTE.finditer(match[0]):
                    keep(f" {link[1]} ", match.start())
                keep("\n" if _BLOCK_END.match(match[0]) else " ", match.start())
            last = match.end()
        keep(text[last:], last)
        return _unwrapped("".join(kept), places)

    @property
    def seen(self) -> str:
        """Give the text as a reader sees it."""
        return self._seen[0]

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """Give the sentences in order; headings are marked."""
        return tuple(_sentences(self.seen))

    @cached_property
    def _lines(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.raw))]

    def place(self, seen: int) -> tuple[int, int]:
        """Give line and column (from 1) of a place in `seen`."""
        places = self._seen[1]
        raw = places[min(seen, len(places) - 1)] if places else 0
        return self.place_raw(raw)

    def place_raw(self, raw: int) -> tuple[int, int]:
        """Give line and column (from 1) of a place in `raw`."""
        line = bisect_right(self._lines, raw)
        return line, raw - self._lines[line - 1] + 1

    def excerpt(self, start: int, end: int) -> str:
        """Show a stretch of `seen` on one line; secrets in it are masked already."""
        # The lengths of masked words would say something of the words.
        text = re.sub(f"{MASK}[{MASK}\\s]*", "[secret] ", self.seen[start:end])
        text = " ".join(text.split())
        return escape(text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…")

    @cached_property
    def brief(self) -> bool:
        """Tell whether it is a short post that links to where the rest stands."""
        return len(self.seen.strip()) <= BRIEF and bool(_THE_REST.search(self.seen))


def _joins(text: str, place: int) -> bool:
    """Tell whether a zero-width joiner holds an emoji together, or a mark at the start says how the file is encoded."""
    if text[place] == "\ufeff":
        return place == 0
    return text[place] == "\u200d" and place > 0 and ord(text[place - 1]) > 0x2000


def _unwrapped(text: str, places: list[int]) -> tuple[str, list[int]]:
    """Join lines that were broken for their width, and make one space of several: rules look for words side by side."""
    kept: list[str] = []
    mine: list[int] = []
    for start, end, _ in _blocks(text):
        last = start
        for match in _SPACES.finditer(text, start, end):
            kept.append(text[last : match.start()])
            mine += places[last : match.start()]
            space = match[0] if match.end() == end else " "
            kept.append(space)
            mine += places[match.start() : match.start() + len(space)]
            last = match.end()
        kept.append(text[last:end])
        mine += places[last:end]
    return "".join(kept), mine


def _sentences(text: str) -> Iterator[Sentence]:
    for start, end, heading in _blocks(text):
        last = start
        for match in _END.finditer(text, start, end):
            if _NO_END.search(text, max(start, match.start() - 8), match.start() + 1):
                continue
            yield from _trimmed(text, last, match.end(), heading)
            last = match.end()
        yield from _trimmed(text, last, end, heading)


def _trimmed(text: str, start: int, end: int, heading: bool) -> Iterator[Sentence]:
    # No sentence is that long: a wall of text is cut, so that no rule looks at all of it for every word.
    for place in range(start, end, _LONGEST):
        piece = text[place : min(end, place + _LONGEST)]
        bare = piece.strip()
        if bare:
            yield Sentence(bare, place + piece.index(bare[0]), heading)


def _blocks(text: str) -> Iterator[tuple[int, int, bool]]:
    """Give paragraphs, items of lists and headings: lines that were broken for their width belong together."""
    start, place, width = 0, 0, 0
    for line in text.splitlines(keepends=True):
        # A line that was broken for its width is long, and does not end a sentence.
        new = not line.strip() or bool(_ITEM.match(line)) or width < 55
        if new and place > start:
            yield start, place, _heading(text[start:place])
            start = place
        place += len(line)
        width = len(line.strip()) if not _END.search(line.rstrip()[-3:]) else 0
    if place > start:
        yield start, place, _heading(text[start:place])


def _heading(block: str) -> bool:
    bare = block.strip()
    if bare.startswith("#"):
        return True
    return (
        bool(bare)
        and len(bare.split()) <= 9
        and bare[-1] not in ".!?:…"
        and not re.search(r"\bif\b", bare, re.IGNORECASE)
    )
