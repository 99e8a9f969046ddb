"""From the bytes of a log to digests, block by block: of one that grows what is new, of any other all of it.

What lies between two multiples of the block's size never changes once it is whole, so that it is digested once. The last block is
digested again whenever it grew.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING

from exposure.logs.ahead import cores, in_order, one_ahead
from exposure.logs.digest import Batch, Digest, Digester, Wanted, parse
from exposure.logs.formats.known import asked_for
from exposure.logs.reading.blocks import Block
from exposure.logs.reading.lines import block_limit, whole_lines
from exposure.logs.reading.places import Listener
from exposure.logs.reading.sources import SourceFile, choose, is_plain, pieces_of, read_blocks
from exposure.logs.reading.tabular import TELLING
from exposure.watch.files import Found, after_feed, between, hash_until, whole_lines_end
from exposure.watch.streams import HEAD, Section, Stream

if TYPE_CHECKING:
    from hashlib import _Hash

# Rows of any block may stand in another file, too: which files there will be is not known yet.
_ALL = Wanted(lines=True)


class RewrittenError(Exception):
    """What was read of a file is not what stands there now."""


# What is done with each section as soon as it is digested.
Take = Callable[[Section, Digest], None]


def kept_sections(stream: Stream, size: int) -> list[Section]:
    """Give the sections that are whole: nothing that is written later belongs to them."""
    whole = stream.sections
    if whole and stream.plain and whole[-1].end < block_limit(whole[-1].start, size):
        return whole[:-1]
    return whole


def read_growth(
    stream: Stream, file: SourceFile, handle: IO[bytes], end: int, known: "_Hash", digester: Digester, size: int
) -> "Iterator[tuple[Section, Digest, _Hash]]":
    """Digest a plain log behind its whole sections, up to `end`: gives each section, its digest, and the hash up to its end.

    `known` is the hash of the whole sections; `file` is told what goes before. Raises RewrittenError where the file does not hold
    any more what was read, ShrunkError where it is cut meanwhile, and ExposureError where its format is not known.
    """
    kept = kept_sections(stream, size)
    begin = kept[-1].end if kept else 0
    if hash_until(handle, stream.read, begin, known).hexdigest() != stream.sha256:
        raise RewrittenError
    file.lines = sum(section.lines for section in kept)
    file.header = kept[-1].header if kept else ()
    blocks = one_ahead(_plain_blocks(file, handle, begin, end, known.copy(), size))
    for section, batch, at in in_order(_parsed, blocks, lambda _: cores()):
        yield section, digester.digest(batch, _ALL), at


def growth_end(stream: Stream, handle: IO[bytes], length: int, size: int, *, settled: bool) -> int:
    """Give up to where a log of `length` bytes is read: a line that has no end yet waits for it, unless `settled`."""
    kept = kept_sections(stream, size)
    return length if settled else whole_lines_end(handle, kept[-1].end if kept else 0, length)


def _parsed(item: "tuple[Section, Block, _Hash]") -> "tuple[Section, Batch, _Hash]":
    return item[0], parse(item[1]), item[2]


def _plain_blocks(
    file: SourceFile, handle: IO[bytes], begin: int, end: int, running: "_Hash", size: int
) -> "Iterator[tuple[Section, Block, _Hash]]":
    at = begin
    while at < end:
        limit = block_limit(at, size)
        until = (after_feed(handle, limit - 1, end) or end) if limit <= end else end
        for chunk in between(handle, at, until):
            running.update(chunk)
        first = b"".join(whole_lines(between(handle, at, until), limit - at))
        for piece in pieces_of(file, [first]):
            assert file.format is not None
            name = f"{at}-{until}-{running.hexdigest()[:16]}.digest"
            section = Section(at, until, piece.lines, name, file.header)
            yield section, Block(file.log, file.format, [piece], piece.lines), running.copy()
        at = until


def format_changed(stream: Stream, file: SourceFile, handle: IO[bytes]) -> bool:
    """Tell whether the whole log shows another format than its start did, as a later reading of all of it would find."""
    if asked_for(file.log) is not None or not stream.sections:
        return False
    fresh = SourceFile(0, "", file.place, file.shown, file.log)
    first = stream.sections[0]
    block = b"".join(whole_lines(between(handle, first.start, first.end), max(1, first.end)))
    return choose(fresh, block).name != stream.format


def read_whole(
    file: SourceFile, digester: Digester, take: Take, *, size: int, stop: Callable[[], bool]
) -> tuple[list[Section], str, str] | None:
    """Digest all of a file that is packed, converted, a table, or an object of a bucket; None where it was stopped.

    Gives its sections, and the SHA-256 of its content and of the first HEAD bytes of that; all else of it is in `file`.
    """
    sections: list[Section] = []
    running, head = hashlib.sha256(), b""
    batches = in_order(parse, one_ahead(read_blocks([file], size, Listener())), lambda _: cores())
    for batch in batches:
        data = batch.block.pieces[0].data
        running.update(data)
        head += data[: HEAD - len(head)]
        start = sections[-1].end if sections else 0
        name = f"{start}-{start + len(data)}-{running.hexdigest()[:16]}.digest"
        sections.append(Section(start, start + len(data), batch.block.lines, name))
        take(sections[-1], digester.digest(batch, _ALL))
        if stop():
            return None
    return sections, running.hexdigest(), hashlib.sha256(head).hexdigest()


def reads_plain(one: Found, known: Stream | None) -> bool:
    """Tell whether a file's lines are its bytes. Of one that was told by enough bytes, the start stays what it is."""
    if known is not None and known.plain and known.read >= TELLING:
        return True
    assert one.file.path is not None
    try:
        with one.file.path.open("rb") as handle:
            return is_plain(handle.read(TELLING), one.file.log)
    except OSError:
        return True
