"""What is kept of all blocks, in their order, in memory that does not grow with the logs. Only the scratch folder is written to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from exposure.incident import LogSource
from exposure.logs.assets import FETCHES, NAMES
from exposure.logs.digest import KEPT, MOST_REJECTS, SEEN, UNREAD, Digest, Unread, Wanted, count_by_source
from exposure.logs.duplicates import SEEN as LINES_SEEN
from exposure.logs.duplicates import Duplicates
from exposure.logs.formats.known import Format
from exposure.logs.formats.mixed import Others
from exposure.logs.reading.blocks import Block
from exposure.logs.reading.sources import SourceFile
from exposure.logs.secrets.proofs import Proofs
from exposure.logs.sessions import SPANS
from exposure.logs.spill import Spill
from exposure.logs.traffic import CELLS, without_lines

# Kept rows that are held in memory; their text makes them larger than other rows.
_HELD = 200_000
_LINE = ["source", "line"]


@dataclass(slots=True)
class Counts:
    """What happened to the lines of each source: parsed + rejected is every line.

    Duplicates and kept are among parsed, and so are `others`: lines that the format knows and that are no requests. `addressed`
    counts the addresses found, `named` the lines with ENS names. `secrets` were replaced in what is kept; `opening` counts by
    kind the lines whose secret opens a wallet, `published` phrases and keys that tools print.
    """

    parsed: Counter[int] = field(default_factory=Counter)
    rejected: Counter[int] = field(default_factory=Counter)
    duplicates: Counter[int] = field(default_factory=Counter)
    kept: Counter[int] = field(default_factory=Counter)
    secrets: Counter[int] = field(default_factory=Counter)
    typos: Counter[int] = field(default_factory=Counter)
    unread_with_address: Counter[int] = field(default_factory=Counter)
    others: Counter[int] = field(default_factory=Counter)
    opening: dict[int, dict[str, int]] = field(default_factory=dict)
    published: Counter[int] = field(default_factory=Counter)
    addressed: Counter[int] = field(default_factory=Counter)
    named: Counter[int] = field(default_factory=Counter)
    reasons: Counter[tuple[int, str]] = field(default_factory=Counter)
    second: Others = field(default_factory=Others)


class Intake:
    """What is kept of the logs of one incident. Feed it every block's digest, in order."""

    def __init__(self, scratch: Path, files: Sequence[SourceFile]) -> None:
        self.counts = Counts()
        self.cells = Spill(scratch, "cells", CELLS, "minute")
        self.fetches = Spill(scratch, "fetches", FETCHES, "path")
        self.files = Spill(scratch, "files", NAMES, "ask")
        self.spans = Spill(scratch, "spans", SPANS, "client")
        self.requests = Spill(scratch, "requests", KEPT, "client", _HELD)
        self.mentions = Spill(scratch, "mentions", SEEN, "client", _HELD)
        self.proofs = Proofs(scratch, self.counts.published)
        self.unread: list[pl.DataFrame] = [UNREAD.to_frame()]
        self.jumps: list[pl.DataFrame] = []
        self.unread_addresses: list[tuple[int, int, str]] = []
        self.scratch = scratch
        self._several = Counter(id(file.log) for file in files)
        self._duplicates: dict[object, Duplicates] = {}

    def wanted(self, block: Block) -> Wanted:
        """Say what is wanted of a block."""
        sources = {piece.source for piece in block.pieces}
        return Wanted(
            lines=self.compares(block.log, block.format),
            rejects={source: max(0, MOST_REJECTS - self.counts.rejected[source]) for source in sources},
        )

    def compares(self, log: LogSource, known: Format) -> bool:
        """Tell whether what is read of a [[logs]] entry in some format may stand elsewhere, too."""
        return known.request_ids or self._several[id(log)] > 1

    def add(self, file: SourceFile, digest: Digest) -> None:
        """Take in what was kept of a block; `file` is any of its files."""
        self.counts.parsed.update(digest.parsed)
        self.counts.second.update(digest.second)
        self.jumps.append(digest.jumps)
        self._take_unread(digest.unread)
        digest = self._merge(file, digest)
        self.cells.add(digest.cells)
        self.spans.add(digest.cells.filter(pl.col("client").is_not_null()))
        self.fetches.add(digest.fetches)
        self.files.add(digest.files)
        self.requests.add(digest.requests)
        self.mentions.add(digest.mentions)
        self.counts.addressed.update(count_by_source(digest.mentions))
        self.counts.named.update(count_by_source(digest.named))
        for source, _, secrets in digest.replaced.iter_rows():
            self.counts.secrets[source] += secrets
        self.proofs.take(digest.openings, digest.openers)

    def seen(self) -> pl.LazyFrame:
        """Give the addresses that the logs name, typos left out: address."""
        unread = pl.LazyFrame({"address": [address for _, _, address in self.unread_addresses]}, {"address": pl.String})
        return pl.concat([self.mentions.scan().filter(~pl.col("typo")).select("address"), unread])

    def _merge(self, file: SourceFile, digest: Digest) -> Digest:
        """Leave out what was delivered twice."""
        if digest.lines is None:
            return digest
        fresh = self._memory(file).drop(digest.lines)
        again = digest.lines.join(fresh, on=_LINE, how="anti")
        if again.is_empty():
            return digest
        self.counts.duplicates.update(count_by_source(again))
        places = set(again.select(_LINE).iter_rows())

        def fresh_of(rows: pl.DataFrame) -> pl.DataFrame:
            return rows.join(again, on=_LINE, how="anti")

        return replace(
            digest,
            cells=without_lines(digest.cells, again),
            fetches=fresh_of(digest.fetches),
            requests=fresh_of(digest.requests),
            mentions=fresh_of(digest.mentions),
            named=fresh_of(digest.named),
            replaced=fresh_of(digest.replaced),
            # each export that holds a secret must be purged, but nobody did it twice
            openings=[
                (*opening[:2], None, None, None, opening[-1]) if opening[:2] in places else opening
                for opening in digest.openings
            ],
        )

    def _memory(self, file: SourceFile) -> Duplicates:
        """Give what was seen: an id names a request wherever it stands, a line only within its own set of files."""
        assert file.format is not None
        by_id = file.format.request_ids
        name: object = "ids" if by_id else id(file.log)
        if name not in self._duplicates:
            seen = Spill(self.scratch, f"seen-{len(self._duplicates)}", LINES_SEEN, "hour")
            self._duplicates[name] = Duplicates(seen, request_ids=by_id)
        return self._duplicates[name]

    def _take_unread(self, unread: Unread) -> None:
        """Count lines that are no requests, and keep the addresses in them and the first rejected ones of each source."""
        self.counts.parsed.update(unread.others)
        self.counts.others.update(unread.others)
        self.unread_addresses += unread.addresses
        self.counts.unread_with_address.update(unread.with_address)
        self.counts.reasons.update(unread.reasons)
        for (source,), rows in unread.rows.group_by("source", maintain_order=True):
            room = max(0, MOST_REJECTS - self.counts.rejected[int(source)])
            self.counts.secrets[source] += int(rows.head(room).get_column("secrets").sum())
            self.unread.append(rows.head(room))
        self.counts.rejected.update(unread.rejected)
