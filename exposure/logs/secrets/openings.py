"""Records and lines -> what stands in them that opens wallets, and which. Pure.

Secrets go no further than this: what is given on are the addresses that they control, and a mark that tells one from another.
"""

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from exposure.logs.hints import SECRET, holds, may_open_wallet
from exposure.logs.secrets.derive import addresses_of, is_published
from exposure.logs.secrets.encodings import decode
from exposure.logs.secrets.keys import Secret, find_secrets
from exposure.logs.secrets.phrases import Phrase

# Different secrets whose addresses are derived. A number takes 30 microseconds, a phrase with its 39 addresses 12 milliseconds.
MOST_NUMBERS, MOST_PHRASES = 200_000, 10_000

# A line that holds a secret: source, line, time, client, action (null where it is no request), and the mark of the secret.
Opening = tuple[int, int, datetime | None, int | None, str | None, bytes]
_Found = tuple[int, int, datetime | None, int | None, str | None, Secret]
_MARK_BYTES = 16


@dataclass(frozen=True, slots=True)
class Opener:
    """A secret, by what it opens: nothing of it is in here.

    `mark` is its keyed hash under the case's key. `named` as in keys.Secret. `published`: tools print it, so that it is nobody's.
    `addresses` are those that it controls, true for the first of each usual path; None where more secrets came before it
    than are looked at.
    """

    mark: bytes
    kind: str
    named: bool
    published: bool
    addresses: tuple[tuple[str, bool], ...] | None

    @property
    def slow(self) -> bool:
        """Tell a secret whose addresses take milliseconds, not microseconds."""
        return self.kind in _SLOW


IN_LINE = ("source", "line", "time", "client", "action")
_FIELDS = ("target", "referer", "body", "event", "version")
_SLOW = ("phrase", "extended_key")


def secrets_in_records(judged: pl.DataFrame) -> Iterator[_Found]:
    """Look for secrets in all that judged records hold."""
    likely = judged.select(*IN_LINE, *_FIELDS, "ua", "hints").filter(holds(SECRET))
    if likely.is_empty():
        return
    for name in (*_FIELDS, "ua"):
        yield from _find(likely.filter(may_open_wallet(name, agent=name == "ua")).select(*IN_LINE, name))


def secrets_in_lines(lines: pl.DataFrame) -> Iterator[_Found]:
    """Look for secrets in lines that are no requests."""
    nothing = [pl.lit(None).alias(name) for name in ("time", "client", "action")]
    yield from _find(lines.filter(may_open_wallet("text")).with_columns(nothing).select(*IN_LINE, "text"))


def _find(texts: pl.DataFrame) -> Iterator[_Found]:
    for *line, text in texts.iter_rows():
        for secret in find_secrets(decode(text)):
            yield (*line, secret)


class Openers:
    """Finds out what secrets open, each once, and of no more than so many numbers and phrases. `key` is the case's."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._room = {False: MOST_NUMBERS, True: MOST_PHRASES}
        self._known: dict[bytes, Opener] = {}

    def of(self, found: Iterable[_Found]) -> tuple[list[Opening], dict[bytes, Opener]]:
        """Give the lines of secrets, in the order in which they come, and what these open, by their marks."""
        openings: list[Opening] = []
        openers: dict[bytes, Opener] = {}
        for *line, secret in found:
            mark = hmac.digest(self._key, _spell(secret), "sha256")[:_MARK_BYTES]
            openings.append((*line, mark))  # type: ignore[arg-type]
            if mark not in openers:
                openers[mark] = self._opener(mark, secret)
        return openings, openers

    def _opener(self, mark: bytes, secret: Secret) -> Opener:
        if mark in self._known:
            return self._known[mark]
        published = is_published(secret)
        addresses: tuple[tuple[str, bool], ...] | None = ()
        slow = secret.kind in _SLOW
        if not (secret.named and published):
            addresses = tuple(addresses_of(secret)) if self._room[slow] > 0 else None
            self._room[slow] -= addresses is not None
        opener = Opener(mark, secret.kind, secret.named, published, addresses)
        if addresses is not None:
            self._known[mark] = opener
        return opener


def _spell(secret: Secret) -> bytes:
    """Give what tells a secret from all others."""
    value = " ".join(secret.value.words) if isinstance(secret.value, Phrase) else secret.value
    return b"%s\n%d\n" % (secret.kind.encode(), secret.named) + (value.encode() if isinstance(value, str) else value)
