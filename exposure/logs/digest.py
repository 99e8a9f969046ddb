"""A block of lines -> what is kept of it.

Pure: the same block gives the same digest, whatever came before. Kept are the rows that design section 6 names for `requests`;
of all other lines their counts by minute, host and client, and of fetches of static files their size. What depends on other
blocks (duplicates, limits) is intake.py's.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import polars as pl

from exposure.incident import Action, Asset
from exposure.logs.addresses import MENTIONS, find_in_text, find_mentions, lines_with_names
from exposure.logs.asks import Asks
from exposure.logs.assets import FETCHES, NAMES, file_names, full_fetches
from exposure.logs.clients import Pseudonyms
from exposure.logs.duplicates import name_lines
from exposure.logs.formats.mixed import Others, parse_mixed
from exposure.logs.formats.records import Parsed, compact, shape
from exposure.logs.hints import ADDRESS, MENTIONED, SECRET, holds, may_hold_address
from exposure.logs.noticing.clocks import JUMPS, count_jumps
from exposure.logs.reading.blocks import Block
from exposure.logs.secrets.openings import Opener, Openers, Opening, secrets_in_lines, secrets_in_records
from exposure.logs.secrets.redaction import excerpt, redact_column
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
# Where an address stands, and who asked.
SEEN = shape(**MENTIONS, client=pl.UInt64)
# `secrets` is how many were replaced in the excerpt.
UNREAD = shape(source=pl.UInt32, line=pl.UInt64, reason=pl.String, excerpt=pl.String, secrets=pl.UInt32)
REPLACED = shape(source=pl.UInt32, line=pl.UInt64, secrets=pl.UInt32)
NAMED = shape(source=pl.UInt32, line=pl.UInt64)
# Rejected lines of one source that are kept; all are counted. A file in the wrong format would be copied whole.
MOST_REJECTS = 10_000
# What is looked at of a record that may be kept: its path is `target` still.
_LOOKED_AT = [*dict.fromkeys([*(name for name in KEPT if name != "path"), *MENTIONED]), "watched", "hints"]


@dataclass(frozen=True, slots=True)
class Unread:
    """Lines that are no requests: rejected ones (`rows` by UNREAD are the first of them), and `others`, which the format knows.

    `addresses` (source, line, address) are those in both, and `with_address` counts their lines.
    """

    rows: pl.DataFrame = field(default_factory=UNREAD.to_frame)
    rejected: Counter[int] = field(default_factory=Counter)
    reasons: Counter[tuple[int, str]] = field(default_factory=Counter)
    others: Counter[int] = field(default_factory=Counter)
    addresses: list[tuple[int, int, str]] = field(default_factory=list)
    with_address: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Digest:
    """What is kept of a block.

    `parsed` counts the requests of each source, `second` those in another format. `cells` (CELLS), `fetches` (FETCHES), `files`
    (NAMES), `requests` (KEPT), `mentions` (SEEN), `named` (NAMED: lines with ENS names), `replaced` (REPLACED: secrets in what is
    kept), `jumps` (JUMPS). `openings` are lines with secrets, `openers` say by mark what these open. `lines` (what
    `name_lines` gives) only where duplicates are looked for.
    """

    parsed: Counter[int]
    second: Others
    unread: Unread
    jumps: pl.DataFrame
    cells: pl.DataFrame
    fetches: pl.DataFrame
    files: pl.DataFrame
    requests: pl.DataFrame
    mentions: pl.DataFrame
    named: pl.DataFrame
    replaced: pl.DataFrame
    openings: list[Opening]
    openers: Mapping[bytes, Opener]
    lines: pl.DataFrame | None


@dataclass(frozen=True, slots=True)
class Batch:
    """A block that was parsed; `second` counts what was in another format."""

    block: Block
    parsed: Parsed
    second: Others


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of a block. `lines`: it may hold what stands elsewhere, too; `rejects`: so many more of each source's."""

    lines: bool = False
    rejects: Mapping[int, int] = field(default_factory=dict)


def parse(block: Block) -> Batch:
    """Parse a block."""
    parsed, second = parse_mixed(block)
    return Batch(block, parsed, second)


class Digester:
    """Makes digests of blocks. It remembers only what it would find out again. `key` is the case's, for pseudonyms."""

    def __init__(self, actions: Sequence[Action], assets: Sequence[Asset], key: bytes) -> None:
        self._asks = Asks(actions, assets)
        self._key = key
        self._pseudonyms: dict[tuple[str, ...], Pseudonyms] = {}
        self._openers = Openers(key)

    def digest(self, batch: Batch, wanted: Wanted) -> Digest:
        """Give what is kept of a block. Its text is copied: views would hold the whole block in memory."""
        block, parsed = batch.block, batch.parsed
        records = self._of(block.log.trusted_proxies).attach(parsed.records)
        judged, asked = self._asks.judge(records)
        named, watched = _find_names(judged, asked)
        requests, mentions, replaced = _keep(judged, watched)
        openings, openers = self._openers.of(
            chain(
                secrets_in_records(judged),
                secrets_in_lines(parsed.rejects),
                secrets_in_lines(parsed.others),
            )
        )
        return Digest(
            parsed=count_by_source(records),
            second=batch.second,
            unread=_unread(parsed.rejects, parsed.others, wanted.rejects),
            jumps=count_jumps(records) if records.height else JUMPS.to_frame(),
            cells=compact(count_cells(records)),
            fetches=full_fetches(judged),
            files=compact(file_names(asked)),
            requests=compact(requests),
            mentions=compact(mentions),
            named=named,
            replaced=replaced,
            openings=openings,
            openers=openers,
            lines=name_lines(records, by_id=block.format.request_ids) if wanted.lines else None,
        )

    def _of(self, trusted: tuple[str, ...]) -> Pseudonyms:
        if trusted not in self._pseudonyms:
            self._pseudonyms[trusted] = Pseudonyms(self._key, trusted)
        return self._pseudonyms[trusted]


def empty_digest(source: int, lines: int, reason: str) -> Digest:
    """Give the digest of lines that nobody could read, all for that reason."""
    nothing = {
        "jumps": JUMPS, "cells": CELLS, "fetches": FETCHES, "files": NAMES, "requests": KEPT, "mentions": SEEN,
        "named": NAMED, "replaced": REPLACED,
    }  # fmt: skip
    return Digest(
        parsed=Counter(),
        second=Others(),
        unread=Unread(rejected=Counter({source: lines}), reasons=Counter({(source, reason): lines})),
        openings=[],
        openers={},
        lines=None,
        **{name: schema.to_frame() for name, schema in nothing.items()},
    )


def count_by_source(rows: pl.DataFrame) -> Counter[int]:
    """Count the rows of each source."""
    numbers = np.bincount(rows.get_column("source").to_numpy())
    return Counter({source: int(number) for source, number in enumerate(numbers) if number})


def _find_names(judged: pl.DataFrame, asked: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give the lines with an ENS name (NAMED), and those of them that ask for something with one."""
    asks = lines_with_names(asked, "target").select("ask")
    by_target = judged.select(*NAMED, "ask").join(asks, on="ask", how="semi").select(NAMED.names())
    bodies = judged.select(*NAMED, "body").drop_nulls("body")
    by_body = lines_with_names(bodies, "body").select(NAMED.names())
    return pl.concat([by_target, by_body]).unique(), by_target.unique()


def _keep(judged: pl.DataFrame, named: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Keep requests with an address, an ENS name or an action, and for the files under suspicion: KEPT, SEEN, REPLACED."""
    if not named.is_empty():
        marked = judged.join(
            named.with_columns(ens=pl.lit(value=True)), on=["source", "line"], how="left", maintain_order="left"
        )
        judged = marked.with_columns(watched=pl.col("watched") | pl.col("ens").fill_null(value=False))
    wanted = pl.col("action").is_not_null() | pl.col("watched")
    likely = judged.select(_LOOKED_AT).filter(wanted | holds(ADDRESS))
    mentions = find_mentions(likely.filter(holds(ADDRESS)).select("source", "line", *MENTIONED))
    with_address = mentions.select("source", "line").unique().with_columns(named=pl.lit(value=True))
    joined = likely.join(with_address, on=["source", "line"], how="left", maintain_order="left")
    kept = joined.filter(wanted | pl.col("named")).rename({"target": "path"}).select(*KEPT, "hints")
    odd = kept.filter(holds(SECRET))
    clean, replaced = _redacted(odd.select(KEPT.names()), "path")
    rows, parts = pl.concat([kept.filter(~holds(SECRET)).select(KEPT.names()), clean]), [replaced]
    for column in ("event", "version"):  # of messages and releases: the hints are not about them
        rows, replaced = _redacted(rows, column)
        parts.append(replaced)
    seen = mentions.join(likely.select("source", "line", "client"), on=["source", "line"], how="left")
    return rows, seen.select(SEEN.names()), pl.concat(parts)


def _redacted(rows: pl.DataFrame, column: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Redact a column. Gives the rows, and what was replaced (REPLACED)."""
    if rows.get_column(column).null_count() == rows.height:
        return rows, REPLACED.to_frame()
    clean, replaced = redact_column(rows, column)
    return clean, replaced.select(REPLACED.names())


def _unread(rejects: pl.DataFrame, others: pl.DataFrame, room: Mapping[int, int]) -> Unread:
    """Take in lines that are no requests: the first rejected ones, redacted, and the addresses of all."""
    addresses: list[tuple[int, int, str]] = []
    with_address: Counter[int] = Counter()
    for lines in (others, rejects):
        for source, line, text in lines.filter(may_hold_address("text")).select("source", "line", "text").iter_rows():
            found = find_in_text(text)
            addresses += [(source, line, address) for address in found]
            with_address[source] += bool(found)
    counted = rejects.group_by("source", "reason").len().iter_rows()
    rows = []
    for (source,), of_source in rejects.sort("source", "line").group_by("source", maintain_order=True):
        for _, line, text, reason in of_source.head(room.get(source, MOST_REJECTS)).iter_rows():
            shown, secrets = excerpt(text)
            rows.append((source, line, reason, shown, secrets))
    return Unread(
        rows=pl.DataFrame(rows, schema=UNREAD, orient="row"),
        rejected=count_by_source(rejects),
        reasons=Counter({(source, reason): number for source, reason, number in counted}),
        others=count_by_source(others),
        addresses=addresses,
        with_address=with_address,
    )
