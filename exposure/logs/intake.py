"""Blocks of lines -> everything that is kept of them, block by block, in memory that does not grow with the logs.

Kept are the rows that design section 6 names for `requests`; of all other lines their counts by minute, host and client, and of
fetches of static files their size. Only the scratch folder is written to.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from exposure.incident import Incident, LogSource
from exposure.logs.addresses import MENTIONS, find_in_text, find_mentions, lines_with_names
from exposure.logs.asks import Asks
from exposure.logs.assets import FETCHES, NAMES, file_names, full_fetches
from exposure.logs.blocks import Block
from exposure.logs.clients import Pseudonyms
from exposure.logs.clocks import count_jumps
from exposure.logs.duplicates import SEEN, Duplicates
from exposure.logs.formats import Format
from exposure.logs.hints import ADDRESS, MENTIONED, SECRET, holds, may_hold_address
from exposure.logs.mixed import Others, parse_mixed
from exposure.logs.proofs import Proofs
from exposure.logs.records import Parsed, shape
from exposure.logs.secrets import excerpt, redact_column
from exposure.logs.sessions import SPANS
from exposure.logs.sources import SourceFile
from exposure.logs.spill import Spill
from exposure.logs.traffic import CELLS, count_cells
from exposure.tables import TIME

# A row of the table requests before its session is known. `client` is a number still.
KEPT = shape(
    source=pl.UInt32,
    line=pl.UInt64,
    time=TIME,
    client=pl.UInt64,
    host=pl.String,
    method=pl.String,
    path=pl.String,
    status=pl.UInt16,
    bytes=pl.Int64,
    event=pl.String,
    version=pl.String,
    action=pl.String,
)
# What is looked at of a record that may be kept: its path is `target` still.
_LOOKED_AT = [*dict.fromkeys([*(name for name in KEPT if name != "path"), *MENTIONED]), "watched", "hints"]
UNREAD = shape(source=pl.UInt32, line=pl.UInt64, reason=pl.String, excerpt=pl.String)
# Rejected lines of one source that are kept; all are counted. A file in the wrong format would be copied whole.
MOST_REJECTS = 10_000
# Kept rows that are held in memory; their text makes them larger than other rows.
_HELD = 200_000


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


@dataclass(frozen=True, slots=True)
class Batch:
    """A block that was parsed."""

    log: LogSource
    format: Format
    parsed: Parsed
    lines: int
    second: Others


def parse_blocks(blocks: Iterator[Block]) -> Iterator[Batch]:
    """Parse block after block."""
    for block in blocks:
        parsed, second = parse_mixed(block)
        yield Batch(block.log, block.format, parsed, block.lines, second)


class Intake:
    """What is kept of the logs of one incident. Feed it every batch, in order."""

    def __init__(self, incident: Incident, key: bytes, scratch: Path, files: Sequence[SourceFile]) -> None:
        self.counts = Counts()
        self.cells = Spill(scratch, "cells", CELLS, "minute")
        self.fetches = Spill(scratch, "fetches", FETCHES, "path")
        self.files = Spill(scratch, "files", NAMES, "ask")
        self.spans = Spill(scratch, "spans", SPANS, "client")
        self.requests = Spill(scratch, "requests", KEPT, "client", _HELD)
        self.mentions = Spill(scratch, "mentions", shape(**MENTIONS, client=pl.UInt64), "client", _HELD)
        self.proofs = Proofs(scratch, self.counts.published)
        self.unread: list[pl.DataFrame] = [UNREAD.to_frame()]
        self.jumps: list[pl.DataFrame] = []
        self.unread_addresses: list[tuple[int, int, str]] = []
        self._asks = Asks(incident.actions, incident.assets)
        self.scratch = scratch
        self._several = Counter(id(file.log) for file in files)
        proxies = {file.log.trusted_proxies for file in files}
        self._pseudonyms = {trusted: Pseudonyms(key, trusted) for trusted in proxies}
        self._duplicates: dict[object, Duplicates] = {}

    def add(self, batch: Batch) -> None:
        """Take in a batch."""
        _count(self.counts.parsed, batch.parsed.records)
        self.counts.second.update(batch.second)
        self.jumps.append(count_jumps(batch.parsed.records))
        self._reject(batch.parsed.rejects)
        self._set_aside(batch.parsed.others)
        fresh = self._merge(batch).drop("text", "request_id")
        records = self._pseudonyms[batch.log.trusted_proxies].attach(fresh)
        cells = count_cells(records)
        self.cells.add(cells)
        self.spans.add(cells.filter(pl.col("client").is_not_null()))
        judged, asked = self._asks.judge(records)
        self.fetches.add(full_fetches(judged))
        self.files.add(file_names(asked))
        self._keep(judged, self._find_names(judged, asked))
        self.proofs.look(judged)

    def seen(self) -> pl.LazyFrame:
        """Give the addresses that the logs name, typos left out: address."""
        unread = pl.LazyFrame({"address": [address for _, _, address in self.unread_addresses]}, {"address": pl.String})
        return pl.concat([self.mentions.scan().filter(~pl.col("typo")).select("address"), unread])

    def _merge(self, batch: Batch) -> pl.DataFrame:
        """Leave out what was delivered twice."""
        records, by_id = batch.parsed.records, batch.format.request_ids
        if not by_id and self._several[id(batch.log)] < 2:
            return records
        fresh = self._memory(batch.log, by_id=by_id).drop(records)
        if fresh.height < records.height:  # each export that holds a secret must be purged
            again = records.filter(holds(SECRET)).join(fresh, on=["source", "line"], how="anti")
            self.proofs.look_at_lines(again)
        _count(self.counts.duplicates, records)
        self.counts.duplicates.subtract(dict(fresh.group_by("source").len().iter_rows()))
        return fresh

    def _memory(self, log: LogSource, *, by_id: bool) -> Duplicates:
        """Give what was seen: an id names a request wherever it stands, a line only within its own set of files."""
        name: object = "ids" if by_id else id(log)
        if name not in self._duplicates:
            seen = Spill(self.scratch, f"seen-{len(self._duplicates)}", SEEN, "hour")
            self._duplicates[name] = Duplicates(seen, request_ids=by_id)
        return self._duplicates[name]

    def _keep(self, judged: pl.DataFrame, names: pl.DataFrame) -> None:
        """Keep requests with an address, an ENS name or an action, and for the files under suspicion."""
        if not names.is_empty():
            marked = judged.join(
                names.with_columns(ens=pl.lit(value=True)), on=["source", "line"], how="left", maintain_order="left"
            )
            judged = marked.with_columns(watched=pl.col("watched") | pl.col("ens").fill_null(value=False)).drop("ens")
        wanted = pl.col("action").is_not_null() | pl.col("watched")
        likely = judged.select(_LOOKED_AT).filter(wanted | holds(ADDRESS))
        mentions = find_mentions(likely.filter(holds(ADDRESS)).select("source", "line", *MENTIONED))
        named = mentions.select("source", "line").unique().with_columns(named=pl.lit(value=True))
        joined = likely.join(named, on=["source", "line"], how="left", maintain_order="left")
        kept = joined.filter(wanted | pl.col("named"))
        rows = kept.rename({"target": "path"}).select(*KEPT, "hints")
        clean = self._redacted(rows.filter(holds(SECRET)).select(KEPT.names()), "path")
        clean = pl.concat([rows.filter(~holds(SECRET)).select(KEPT.names()), clean])
        for column in ("event", "version"):  # of messages and releases: the hints are not about them
            clean = self._redacted(clean, column)
        self.requests.add(clean)
        clients = likely.select("source", "line", "client")
        self.mentions.add(mentions.join(clients, on=["source", "line"], how="left"))
        _count(self.counts.addressed, mentions)

    def _redacted(self, rows: pl.DataFrame, column: str) -> pl.DataFrame:
        """Redact a column, and count the secrets."""
        if rows.get_column(column).null_count() == rows.height:
            return rows
        clean, secrets = redact_column(rows, column)
        for source, number in secrets.iter_rows():
            self.counts.secrets[source] += number
        return clean

    def _find_names(self, judged: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """Give the lines that ask for something with an ENS name; count these and those with one in their bodies."""
        by_target = judged.select("source", "line", "ask").join(lines_with_names(asked, "target"), on="ask", how="semi")
        by_body = lines_with_names(judged.select("source", "line", "body").drop_nulls("body"), "body")
        _count(self.counts.named, pl.concat([one.select("source", "line") for one in (by_target, by_body)]).unique())
        return by_target.select("source", "line").unique()

    def _set_aside(self, others: pl.DataFrame) -> None:
        """Count lines that are no requests, and keep the addresses in them."""
        if others.is_empty():
            return
        _count(self.counts.parsed, others)
        _count(self.counts.others, others)
        self._keep_addresses(others)

    def _keep_addresses(self, lines: pl.DataFrame) -> None:
        """Keep what lines that are no requests tell all the same: addresses, and what secrets in them open."""
        self.proofs.look_at_lines(lines)
        for source, line, text in lines.filter(may_hold_address("text")).select("source", "line", "text").iter_rows():
            addresses = find_in_text(text)
            self.unread_addresses += [(source, line, address) for address in addresses]
            self.counts.unread_with_address[source] += bool(addresses)

    def _reject(self, rejects: pl.DataFrame) -> None:
        """Keep the first rejected lines of each source, redacted, and the addresses of all."""
        if rejects.is_empty():
            return
        self._keep_addresses(rejects)
        self.counts.reasons.update(
            {
                (source, reason): number
                for source, reason, number in rejects.group_by("source", "reason").len().iter_rows()
            }
        )
        rows = []
        for (source,), of_source in rejects.sort("source", "line").group_by("source", maintain_order=True):
            room = max(0, MOST_REJECTS - self.counts.rejected[source])
            self.counts.rejected[source] += of_source.height
            for _, line, text, reason in of_source.head(room).iter_rows():
                shown, secrets = excerpt(text)
                self.counts.secrets[source] += secrets
                rows.append((source, line, reason, shown))
        self.unread.append(pl.DataFrame(rows, schema=UNREAD, orient="row"))


def _count(counter: Counter[int], rows: pl.DataFrame) -> None:
    numbers = np.bincount(rows.get_column("source").to_numpy())
    counter.update({source: int(number) for source, number in enumerate(numbers) if number})
