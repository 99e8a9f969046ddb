"""A digest <-> bytes: what one process found in a block, for another one that takes it in.

The bytes are Arrow's file format: a table of named tables, each in Arrow's stream format. They hold what a digest holds, so no
secret. Numbers of text (clients, files) are the same wherever this machine's polars runs;
`PROBE` tells whether another machine's are.
"""

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from exposure.errors import ExposureError
from exposure.logs.digest import Digest, Unread
from exposure.logs.formats.mixed import Others
from exposure.logs.formats.records import shape
from exposure.logs.secrets.openings import Opener
from exposure.tables import TIME

# What polars makes of a text and a number here: where another process makes something else, its numbers name other things.
PROBE = f"{pl.__version__} {pl.Series(['exposure']).hash().item():016x} {pl.Series([1]).hash().item():016x}"

_FRAMES = ("jumps", "cells", "fetches", "files", "paths", "requests", "mentions", "named", "replaced", "lines")
_COUNTS = shape(kind=pl.String, source=pl.UInt32, name=pl.String, number=pl.UInt64)
_ADDRESSES = shape(source=pl.UInt32, line=pl.UInt64, address=pl.String)
_OPENINGS = shape(source=pl.UInt32, line=pl.UInt64, time=TIME, client=pl.UInt64, action=pl.String, mark=pl.Binary)
_OPENERS = shape(
    mark=pl.Binary,
    kind=pl.String,
    named=pl.Boolean,
    published=pl.Boolean,
    addresses=pl.List(pl.Struct({"address": pl.String, "first": pl.Boolean})),
)
# Counts by source, and counts by source and a name.
_PLAIN = ("rejected", "others", "with_address")
_NAMED = ("reasons", "read", "alike")


def pack(digest: Digest) -> bytes:
    """Give a digest as bytes."""
    tables = {name: frame for name in _FRAMES if (frame := getattr(digest, name)) is not None}
    tables |= {
        "unread": digest.unread.rows,
        "counts": _counts(digest),
        "addresses": pl.DataFrame(digest.unread.addresses, schema=_ADDRESSES, orient="row"),
        "openings": pl.DataFrame(digest.openings, schema=_OPENINGS, orient="row"),
        "openers": _openers(digest.openers),
    }
    held = [(PROBE, name, _stream(frame)) for name, frame in tables.items()]
    out = io.BytesIO()
    pl.DataFrame(held, schema=["probe", "name", "rows"], orient="row").write_ipc(out, compression="zstd")
    return out.getvalue()


def unpack(data: bytes) -> Digest:
    """Give the digest that `pack` made bytes of. Raises ExposureError where it is damaged, or another polars numbered it."""
    try:
        held = pl.read_ipc(io.BytesIO(data), use_pyarrow=False)
        probes = set(held.get_column("probe"))
        tables = {name: pl.read_ipc_stream(io.BytesIO(rows)) for name, rows in held.select("name", "rows").iter_rows()}
        counted = tables["counts"]
        unread = tables["unread"]
    except (pl.exceptions.PolarsError, OSError, KeyError, ValueError):
        why = "it is not what was written, or was cut"
        raise ExposureError("a part of the logs' digest cannot be read", why, "delete it, and read again") from None
    if probes != {PROBE}:
        raise ExposureError(
            "a part of the logs' digest cannot be used",
            "it was made by another version of polars, or on another kind of processor: its numbers name other things",
            "install the same versions on all machines, or delete the parts and read again",
        )
    plain = {kind: _of_kind(counted, kind) for kind in ("parsed", *_PLAIN)}
    named = {kind: _named_of_kind(counted, kind) for kind in _NAMED}
    return Digest(
        parsed=plain["parsed"],
        second=Others(named["read"], named["alike"]),
        unread=Unread(
            rows=unread,
            addresses=tables["addresses"].rows(),
            reasons=named["reasons"],
            **{kind: plain[kind] for kind in _PLAIN},
        ),
        openings=tables["openings"].rows(),
        openers={opener.mark: opener for opener in _read_openers(tables["openers"])},
        **{name: tables.get(name) for name in _FRAMES},  # type: ignore[arg-type]
    )


def placed(digest: Digest, sources: Mapping[int, tuple[int, int]]) -> Digest:
    """Give a digest other places: `sources` holds, by the number of a source in it, its number here and the lines before it."""
    moved = {name: _move(frame, sources) for name in _FRAMES if (frame := getattr(digest, name)) is not None}
    unread = digest.unread

    def sourced(counted: Counter[int]) -> Counter[int]:
        return Counter({sources[source][0]: number for source, number in counted.items()})

    def named(counted: Counter[tuple[int, str]]) -> Counter[tuple[int, str]]:
        return Counter({(sources[source][0], name): number for (source, name), number in counted.items()})

    def lines(rows: Sequence[tuple]) -> list[tuple]:  # type: ignore[type-arg]
        return [(sources[source][0], line + sources[source][1], *rest) for source, line, *rest in rows]

    return replace(
        digest,
        parsed=sourced(digest.parsed),
        second=Others(named(digest.second.read), named(digest.second.alike)),
        unread=Unread(
            rows=_move(unread.rows, sources),
            reasons=named(unread.reasons),
            addresses=lines(unread.addresses),
            **{kind: sourced(getattr(unread, kind)) for kind in _PLAIN},
        ),
        openings=lines(digest.openings),
        **moved,  # type: ignore[arg-type]
    )


def _move(frame: pl.DataFrame, sources: Mapping[int, tuple[int, int]]) -> pl.DataFrame:
    if "source" not in frame.columns or frame.is_empty():
        return frame
    numbers = {source: number for source, (number, _) in sources.items()}
    before = {source: lines for source, (_, lines) in sources.items()}
    moved = {"source": pl.col("source").replace_strict(numbers, return_dtype=pl.UInt32)}
    if "line" in frame.columns:
        moved["line"] = pl.col("line") + pl.col("source").replace_strict(before, return_dtype=pl.UInt64)
    return frame.with_columns(**moved)


def _stream(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    # one chunk: how the rows came together is no part of what they are
    frame.rechunk().write_ipc_stream(out, compat_level=pl.CompatLevel.oldest())
    return out.getvalue()


def _counts(digest: Digest) -> pl.DataFrame:
    unread = digest.unread
    plain = {"parsed": digest.parsed, **{kind: getattr(unread, kind) for kind in _PLAIN}}
    named = {"reasons": unread.reasons, "read": digest.second.read, "alike": digest.second.alike}
    rows: list[tuple[str, int, str | None, int]] = [
        (kind, source, None, number) for kind, counted in plain.items() for source, number in sorted(counted.items())
    ]
    rows += [
        (kind, source, name, number)
        for kind, counted in named.items()
        for (source, name), number in sorted(counted.items())
    ]
    return pl.DataFrame(rows, schema=_COUNTS, orient="row")


def _of_kind(counts: pl.DataFrame, kind: str) -> Counter[int]:
    return Counter(dict(counts.filter(pl.col("kind") == kind).select("source", "number").iter_rows()))


def _named_of_kind(counts: pl.DataFrame, kind: str) -> Counter[tuple[int, str]]:
    rows = counts.filter(pl.col("kind") == kind).select("source", "name", "number").iter_rows()
    return Counter({(source, name): number for source, name, number in rows})


def _openers(openers: Mapping[bytes, Opener]) -> pl.DataFrame:
    rows = [
        {
            "mark": opener.mark,
            "kind": opener.kind,
            "named": opener.named,
            "published": opener.published,
            "addresses": None
            if opener.addresses is None
            else [{"address": address, "first": first} for address, first in opener.addresses],
        }
        for opener in openers.values()
    ]
    return pl.DataFrame(rows, schema=_OPENERS)


def _read_openers(rows: pl.DataFrame) -> list[Opener]:
    return [
        Opener(
            row["mark"],
            row["kind"],
            row["named"],
            row["published"],
            None if row["addresses"] is None else tuple((one["address"], one["first"]) for one in row["addresses"]),
        )
        for row in rows.iter_rows(named=True)
    ]
