"""Blocks of lines as they were read -> records. Pure.

A format that is read in machine code takes the bytes; what it leaves, and all other formats, go by lines.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from exposure.incident import LogSource
from exposure.logs.formats.known import Format, parse
from exposure.logs.formats.records import LINES, Parsed, join
from exposure.logs.reading.lines import clean_text, to_lines

# Smaller blocks are read by lines before the machine code is loaded.
_LARGE = 1 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines of one file: `source` is its number, `first` the number of the first line, `header` what names its columns."""

    source: int
    first: int
    data: bytes
    lines: int
    header: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """Pieces of one format, of one or more files of one [[logs]] entry; `lines` is the number of their lines."""

    log: LogSource
    format: Format
    pieces: Sequence[Piece]
    lines: int


def parse_block(block: Block) -> Parsed:
    """Read a block. Every line is in the records, the rejects or the others."""
    scan = block.format.scan
    if scan is None or sum(len(piece.data) for piece in block.pieces) < _LARGE:
        lines = pl.concat([_with_header(piece) for piece in block.pieces])
        return parse(lines, block.format, block.log)
    parts: list[Parsed] = []
    left: list[pl.DataFrame] = []
    for piece in block.pieces:
        text = clean_text(piece.data, piece.first)
        if b"\0" in text:
            left.append(to_lines(piece.data, piece.source, piece.first))
            continue
        records, others = scan(text, piece.source, piece.first, piece.lines)
        parts.append(Parsed(records))
        left.append(others)
    if any(lines.height for lines in left):
        parts.append(parse(pl.concat(left), block.format, block.log))
    return join(parts) if len(parts) > 1 else parts[0]


def _with_header(piece: Piece) -> pl.DataFrame:
    """Repeat above the lines, as lines 0, those further up that name the columns."""
    lines = to_lines(piece.data, piece.source, piece.first)
    if not piece.header:
        return lines
    above = pl.DataFrame([(piece.source, 0, text) for text in piece.header], schema=LINES, orient="row")
    return pl.concat([above, lines])
