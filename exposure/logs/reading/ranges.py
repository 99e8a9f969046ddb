"""Large files in ranges: where one may be cut, and one range of it read by itself, the same as within the whole.

Cut are plain files, and zstd files of many frames that say what they hold; at multiples of a block of their content. What is packed
otherwise, converted, a table, or told by lines further up can only be read from its start.
"""

import mmap
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from exposure.errors import ExposureError
from exposure.logs.reading.blocks import Block, Piece
from exposure.logs.reading.lines import count_lines, whole_lines
from exposure.logs.reading.places import Listener
from exposure.logs.reading.sources import SourceFile, read_pieces
from exposure.logs.reading.unpack import ENOUGH, FREE, PACKINGS, RATIO, DamagedError, packing, unpack, zstd

_ZST = next(known for known in PACKINGS if known.name == "zst")
# A frame says within its first bytes what it holds.
_FRAME_HEAD = 18
# Of zstd files, those are looked into that hold a range if they are packed so many times.
_PACKED = 16


@dataclass(frozen=True, slots=True)
class Span:
    """A range of a file: the lines that begin within `begin` to `end` (None: its end) of its content.

    Reading begins at the byte `offset` of what is stored, where `content` bytes of content lie before. `stored`: its size.
    """

    begin: int
    end: int | None
    offset: int
    content: int
    stored: int


class TornError(Exception):
    """What is packed is damaged, and how much of it can be read depends on where one began: read from the start of the file."""


def find_spans(file: SourceFile, length: int, block: int) -> list[Span]:
    """Give the ranges that a file can be read in, each of about `length` (a multiple of `block`); none where it must be read whole.

    Finds the file's format, as reading it whole would. A file that cannot be read has none: whoever reads it says why.
    """
    try:
        stored = file.place.size()
        if stored is None or not _may_be_cut(file, stored, length):
            return []
        seen = replace(file, remarks=[])
        if next(read_pieces(seen, block, Listener()), None) is None or seen.format is None or seen.fault is not None:
            return []
        if seen.format.header or not seen.as_is:
            return []
        spans = _framed_spans(seen, stored, length) if seen.packing else _plain_spans(stored, length)
    except (OSError, ValueError, DamagedError, ExposureError):
        return []
    if len(spans) < 2:
        return []
    file.format, file.packing = seen.format, seen.packing
    return spans


def _may_be_cut(file: SourceFile, stored: int, length: int) -> bool:
    """Tell by its size and its first bytes whether a file is worth a look."""
    framed = file.path is not None  # every frame of an object would have to be asked for
    if stored <= (length // _PACKED if framed else length):
        return False
    known = packing(b"".join(file.place.part(0, min(ENOUGH, stored))))
    return stored > length if known is None else framed and known.name == _ZST.name


def _plain_spans(stored: int, length: int) -> list[Span]:
    """Cut what is not packed; one begins a byte ahead, which tells whether a line begins at its start."""
    begins = range(0, stored, length)
    ahead = [max(begin - 1, 0) for begin in begins]
    ends = [*begins[1:], None]
    return [Span(begin, end, at, at, stored) for begin, end, at in zip(begins, ends, ahead, strict=True)]


def _framed_spans(file: SourceFile, stored: int, length: int) -> list[Span]:
    """Cut between frames: each range begins in another one."""
    frames, total = _frames(file)
    starts = [content for _, content in frames]
    begins: list[tuple[int, int, int]] = []
    for begin in range(0, total, length):
        offset, content = frames[bisect_right(starts, max(begin - 1, 0)) - 1]
        if not begins or offset > begins[-1][1]:
            begins.append((begin, offset, content))
    ends = [begin for begin, _, _ in begins[1:]]
    return [
        Span(begin, end, offset, content, stored)
        for (begin, offset, content), end in zip(begins, [*ends, None], strict=True)
    ]


def _frames(file: SourceFile) -> tuple[list[tuple[int, int]], int]:
    """Give where each frame begins, in what is stored and in the content, and how long the content is.

    Raises ValueError where a frame does not say what it holds, or where all of them might be a bomb: one who reads from the start
    looks out for it.
    """
    assert file.path is not None
    frames: list[tuple[int, int]] = []
    at = content = 0
    with (
        file.path.open("rb") as handle,
        mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        memoryview(mapped) as view,
    ):
        while at < len(view):
            with view[at:] as rest, rest[:_FRAME_HEAD] as head:
                try:
                    size, holds = zstd.get_frame_size(rest), zstd.get_frame_info(head).decompressed_size
                except zstd.ZstdError:
                    raise ValueError("no whole frame") from None
            if holds is None or (content + holds > FREE and content + holds > RATIO * at):
                raise ValueError("a frame that does not say what it holds, or too much")
            frames.append((at, content))
            at, content = at + size, content + holds
    return [here for here, after in pairwise([*frames, (at, content)]) if after[1] > here[1]], content


def read_span(file: SourceFile, span: Span, size: int) -> Iterator[Block]:
    """Read a range of a file whose format is known, in blocks; its first line has number 1 at the file's start, else 2.

    A damaged end is noted. Raises TornError where the range must be read again `from_start`, else what places raise.
    """
    assert file.format is not None
    line = 2 if span.begin else 1
    for data in whole_lines(_content(file, span), size, span.begin, span.end):
        piece = Piece(file.number, line, data, count_lines(data))
        line += piece.lines
        file.lines += piece.lines
        yield Block(file.log, file.format, [piece], piece.lines)


def from_start(span: Span) -> Span:
    """Give the same range, to be reached by reading all before it."""
    return replace(span, offset=0, content=0)


def _content(file: SourceFile, span: Span) -> Iterator[bytes]:
    """Give the content from the byte before the range on."""
    chunks = file.place.part(span.offset, span.stored)
    skipped = max(span.begin - 1, 0) - span.content
    try:
        for chunk in unpack(chunks, _ZST) if file.packing else chunks:
            rest = chunk[skipped:]
            skipped = max(skipped - len(chunk), 0)
            if rest:
                yield rest
    except DamagedError as error:
        if file.packing and span.offset:
            raise TornError from None
        file.damage = str(error)
