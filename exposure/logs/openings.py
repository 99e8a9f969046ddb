"""Records and lines -> what stands in them that opens wallets, and which. Pure; nothing of it is written, see proofs.py."""

from collections.abc import Iterator
from datetime import datetime

import polars as pl

from exposure.logs.derive import addresses_of, is_published
from exposure.logs.encodings import decode
from exposure.logs.hints import SECRET, holds, may_open_wallet
from exposure.logs.keys import Secret, find_secrets

# A line that holds a secret: source, line, time, client, action (null where it is no request), and the secret.
Opening = tuple[int, int, datetime | None, int | None, str | None, Secret]
# The addresses that a secret controls; true for the first of each usual path.
Controlled = list[tuple[str, bool]]

IN_LINE = ("source", "line", "time", "client", "action")
_FIELDS = ("target", "referer", "body", "event", "version")
_SLOW = ("phrase", "extended_key")


def openings_in_records(judged: pl.DataFrame) -> Iterator[Opening]:
    """Look for secrets in all that judged records hold."""
    likely = judged.select(*IN_LINE, *_FIELDS, "ua", "hints").filter(holds(SECRET))
    if likely.is_empty():
        return
    for name in (*_FIELDS, "ua"):
        yield from _openings(likely.filter(may_open_wallet(name, agent=name == "ua")).select(*IN_LINE, name))


def openings_in_lines(lines: pl.DataFrame) -> Iterator[Opening]:
    """Look for secrets in lines that are no requests."""
    nothing = [pl.lit(None).alias(name) for name in ("time", "client", "action")]
    yield from _openings(lines.filter(may_open_wallet("text")).with_columns(nothing).select(*IN_LINE, "text"))


def _openings(texts: pl.DataFrame) -> Iterator[Opening]:
    for *line, text in texts.iter_rows():
        for secret in find_secrets(decode(text)):
            yield (*line, secret)


def is_slow(secret: Secret) -> bool:
    """Tell a secret whose addresses take milliseconds, not microseconds."""
    return secret.kind in _SLOW


class Derived:
    """Derives the addresses of secrets, each once, and of no more than so many (that are slow, that are not)."""

    def __init__(self, most_numbers: int, most_phrases: int) -> None:
        self._room = {False: most_numbers, True: most_phrases}
        self._known: dict[Secret, Controlled] = {}

    def of(self, secrets: set[Secret]) -> dict[Secret, Controlled]:
        """Give the addresses of those that there was room for; nobody's secrets control none."""
        for secret in secrets - self._known.keys():
            if secret.named and is_published(secret):
                self._known[secret] = []
            elif self._room[is_slow(secret)] > 0:
                self._room[is_slow(secret)] -= 1
                self._known[secret] = addresses_of(secret)
        return {secret: self._known[secret] for secret in secrets if secret in self._known}
