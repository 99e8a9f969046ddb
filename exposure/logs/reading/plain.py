"""Bytes of text in any dress -> UTF-8 with line feeds, as the rest of logs/ reads it. Pure: chunks in, chunks out."""

import codecs
from collections.abc import Iterator

from exposure.logs.reading.unpack import DamagedError

# So many bytes show how lines end.
HEAD = 64 << 10
# The longer mark comes first: UTF-32 little endian begins as UTF-16 does.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def peek(chunks: Iterator[bytes], least: int) -> tuple[bytes, Iterator[bytes]]:
    """Give the first bytes (`least`, or all there are), and all chunks again. An early DamagedError comes in its place."""
    parts: list[bytes] = []
    damage: DamagedError | None = None
    try:
        while sum(map(len, parts)) < least and (chunk := next(chunks, None)) is not None:
            parts.append(chunk)
    except DamagedError as error:
        damage = error
    head = b"".join(parts)
    return head[:least], _again(head, chunks, damage)


def _again(head: bytes, rest: Iterator[bytes], damage: DamagedError | None) -> Iterator[bytes]:
    if head:
        yield head
    if damage is not None:
        raise damage
    yield from rest


def dress(head: bytes) -> str:
    """Tell what must be converted: `utf-16` and `utf-32` by their mark, `cr` where the first lines end so, else nothing."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    return "cr" if b"\n" not in head and head.count(b"\r") > 1 else ""


def to_plain(chunks: Iterator[bytes], worn: str) -> Iterator[bytes]:
    """Convert what `dress` told; what is no text in that encoding is replaced, and no line is lost."""
    if worn.startswith("utf"):
        plain = _decoded(chunks, worn)
        head, plain = peek(plain, HEAD)
        return to_plain(plain, dress(head))
    return _line_feeds(chunks) if worn == "cr" else chunks


def _decoded(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for chunk in chunks:
        yield decoder.decode(chunk).encode()
    yield decoder.decode(b"", final=True).encode()


def _line_feeds(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Turn carriage returns into line feeds; further down a file may go on with both."""
    held = b""
    for chunk in chunks:
        whole = held + chunk
        held = whole[-1:] if whole.endswith(b"\r") else b""
        yield whole[: len(whole) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    yield held.replace(b"\r", b"\n")
