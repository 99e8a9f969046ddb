"""Lines that hold what opens a wallet, and the wallets that it opens.

Proof is an address: what a number in a line opens is reported where that address is seen in the logs, which cannot be chance, or
where a person's key or phrase is named as such and the chain knows its wallet (the assessment looks, see sightings.strength).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from exposure.logs.formats.records import shape
from exposure.logs.secrets.openings import MOST_NUMBERS, MOST_PHRASES, Opener, Opening
from exposure.logs.sessions import DERIVED, OPENED
from exposure.logs.spill import Spill
from exposure.tables import TIME

# Derived addresses that are asked about on chain though no log shows them; of more, only the first of each path.
MOST_ASKED = 1_000

# A secret in a line, by its number.
_LINES = shape(source=pl.UInt32, line=pl.UInt64, time=TIME, client=pl.UInt64, action=pl.String, number=pl.UInt32)
_OPENED = shape(
    number=pl.UInt32, kind=pl.String, named=pl.Boolean, published=pl.Boolean, address=pl.String, first=pl.Boolean
)


@dataclass(frozen=True, slots=True)
class Proven:
    """What opens wallets. `lines`: source, line, time, client, action, number; `wallets`: number, kind, address, strength.

    `secrets`: source, line, kind and address (of `wallets`; null where there is none) of every line with a secret. `guessed` are
    the lines whose secret only its address gave away.
    """

    lines: pl.LazyFrame
    wallets: pl.DataFrame
    secrets: pl.DataFrame
    guessed: pl.DataFrame


@dataclass(slots=True)
class Proofs:
    """What was found so far. Feed it every batch. `published` counts, by source, what is nobody's secret."""

    scratch: Path
    published: Counter[int]
    passed_over: Counter[str] = field(default_factory=Counter)
    _lines: Spill = field(init=False)
    _numbers: dict[bytes, int | None] = field(default_factory=dict)
    _opened: list[tuple[int, str, bool, bool, str | None, bool]] = field(default_factory=list)
    _met: Counter[bool] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._lines = Spill(self.scratch, "proofs", _LINES, "client")

    def take(self, openings: Sequence[Opening], openers: Mapping[bytes, Opener]) -> None:
        """Note the lines of secrets, by the number of the secret; `openers` say by mark what each of them opens."""
        rows: dict[tuple[object, ...], None] = {}
        for opening in openings:
            number = self._number(openers[opening[-1]], opening[0])
            if number is not None:
                rows[*opening[:-1], number] = None
        if rows:
            self._lines.add(pl.DataFrame(list(rows), schema=_LINES, orient="row"))

    def settle(self, seen: pl.LazyFrame) -> Proven:
        """Say what is proof, now that all addresses of the logs (`seen`: address) are known."""
        opened = pl.DataFrame(self._opened, schema=_OPENED, orient="row")
        mine = opened.lazy().select("address").drop_nulls().unique()
        known = seen.select("address").join(mine, on="address", how="semi").unique().collect(engine="streaming")
        # published keys stand where hashes stand, too
        opened = opened.filter(pl.col("named") | ~pl.col("published")).with_columns(
            seen=pl.col("address").is_in(known.get_column("address").implode())
        )
        hidden = opened.filter("named", ~pl.col("seen"))
        asked = hidden if hidden.height <= MOST_ASKED else hidden.filter("first")
        wallets = pl.concat(
            [
                opened.filter("seen").with_columns(strength=pl.lit(OPENED)),
                asked.with_columns(strength=pl.lit(DERIVED)),
            ]
        ).select("number", "kind", "address", "strength")
        proven = opened.filter(pl.col("named") | pl.col("seen"))
        lines = self._lines.scan().join(proven.lazy().select("number").unique(), on="number", how="semi")
        named = wallets.select("number", "kind", "address")
        rest = proven.select("number", "kind").unique().join(named, on="number", how="anti")
        shown = pl.concat([named, rest.with_columns(address=pl.lit(None, pl.String))])
        secrets = lines.select("source", "line", "number").join(shown.lazy(), on="number").drop("number").unique()
        guessed = lines.join(proven.lazy().filter(~pl.col("named")), on="number", how="semi").select("source", "line")
        return Proven(lines, wallets, secrets.collect(), guessed.unique().collect())

    def limits(self) -> Iterator[str]:
        """Say what was more than could be looked at."""
        for kind, number in sorted(self.passed_over.items()):
            yield (
                f"{number:,} {kind} beyond the first {MOST_PHRASES if kind == _PHRASES else MOST_NUMBERS:,} were not tried: "
                "whose wallets they open is not known. To go on: read the logs in parts, each as a case of its own"
            )

    def _number(self, opener: Opener, source: int) -> int | None:
        """Give the number of a secret; None where it is nobody's, or one too many."""
        if opener.mark not in self._numbers:
            if opener.named and opener.published:
                self._numbers[opener.mark] = None
            elif opener.addresses is None or self._met[opener.slow] >= (MOST_PHRASES if opener.slow else MOST_NUMBERS):
                self.passed_over[_PHRASES if opener.slow else _KEYS] += 1
                return None
            else:
                self._met[opener.slow] += 1
                number = self._numbers[opener.mark] = len(self._numbers)
                known = (number, opener.kind, opener.named, opener.published)
                self._opened += [(*known, address, first) for address, first in opener.addresses] or [
                    (*known, None, False)
                ]
        if self._numbers[opener.mark] is None:
            self.published[source] += 1
        return self._numbers[opener.mark]


_PHRASES, _KEYS = "recovery phrases and extended keys", "numbers that may be private keys"
