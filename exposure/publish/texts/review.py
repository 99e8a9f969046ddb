"""Has a second person read this text, as it stands now, with the facts as they are now? Pure.

A review holds for one text and one set of facts, by their hashes: another word, or another fact behind the words, voids it.
"""

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

from exposure.publish.facts import Facts

State = Literal["reviewed", "void", "unreviewed"]
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Review:
    """One reading: of which file, who read it, who wrote it, when (UTC), and the hashes (SHA-256, hex) of text and facts."""

    file: str
    by: str
    author: str
    time: datetime
    text_sha256: str
    facts_sha256: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a text stands: its state, the last review if there is one, and what has changed since."""

    file: str
    state: State
    last: Review | None = None
    changed: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """Say it in one line."""
        if self.last is None:
            return f"{self.file}: not reviewed"
        read = f"by {self.last.by} at {self.last.time:%Y-%m-%d %H:%M} UTC"
        if self.state == "reviewed":
            return f"{self.file}: reviewed {read}"
        changed = " and ".join(self.changed)
        return f"{self.file}: its review {read} is void, since the {changed} changed: it must be read again"


def hash_text(text: str) -> str:
    """Give the hash of a text as it is posted."""
    return hashlib.sha256(text.encode()).hexdigest()


def hash_facts(facts: Facts) -> str:
    """Give the hash of everything that a text may use; the same facts give the same hash."""
    return hashlib.sha256(json.dumps(asdict(facts), sort_keys=True, default=_plain).encode()).hexdigest()


def _plain(value: object) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def standing(file: str, text: str, facts_sha256: str, reviews: Sequence[Review]) -> Standing:
    """Tell where a text stands by its last review; `reviews` in the order of their making, of any file."""
    last = next((review for review in reversed(reviews) if review.file == file), None)
    if last is None:
        return Standing(file, "unreviewed")
    same = {"text": last.text_sha256 == hash_text(text), "facts behind it": last.facts_sha256 == facts_sha256}
    changed = tuple(what for what, kept in same.items() if not kept)
    return Standing(file, "void" if changed else "reviewed", last, changed)


def by_message(found: Iterable[Standing]) -> list[Standing]:
    """Give one standing a message, the worst of its files': void before not reviewed before reviewed."""
    order: tuple[State, ...] = ("void", "unreviewed", "reviewed")
    worst: dict[str, Standing] = {}
    for one in found:
        message = one.file.split(".")[0]
        known = worst.get(message)
        if known is None or order.index(one.state) < order.index(known.state):
            worst[message] = replace(one, file=message)
    return list(worst.values())


def same_person(left: str, right: str) -> bool:
    """Tell whether two names are one: case, spaces, dots and accents do not tell people apart."""
    return _bare(left) == _bare(right) != ""


def _bare(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    return "".join(char for char in decomposed if char.isalnum())


def wrote_it(by: str, authors: Iterable[str]) -> bool:
    """Tell whether the reviewer is one of those who wrote the text."""
    return any(same_person(by, author) for author in authors)


def usable_name(name: str) -> str:
    """Give a person's name on one line. Raises ValueError with what is wrong."""
    plain = " ".join(name.split())
    if not _bare(plain):
        raise ValueError("a name has letters")
    if len(plain) > LONGEST_NAME:
        raise ValueError(f"a name has at most {LONGEST_NAME} characters")
    if any(unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp") for char in plain):
        raise ValueError("it holds invisible characters")
    return plain
