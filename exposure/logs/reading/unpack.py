"""Packed bytes -> their content, as far as it can be read: gz, zstd, bzip2, xz. Pure: chunks in, chunks out."""

import bz2
import lzma
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from isal import igzip_lib

# The same module in both; the first is the standard library's.
zstd = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")

# What was unpacked in a call that ends in an error is lost, so that each call gets little.
_SLICE = 32 << 10
# Yet a slice of packed zeros may hold a million times its size.
_PIECE = 4 << 20
# `xz -9` asks for 65 MiB, `zstd --long=31` for 2 GiB; more than that no tool writes unasked.
_XZ_MEMORY = 2 << 30
_ZSTD_WINDOW = {zstd.DecompressionParameter.window_log_max: 31}
# So many bytes show what packed them.
ENOUGH = 16
# A flood of one line packs 1:250 by gzip and 1:7,000 by zstd (measured), so that a ratio alone cuts real logs. What a bomb costs
# here is time, never memory: so much content is read in a minute whatever it came from, and beyond it more than this is a bomb.
FREE = 4 << 30
RATIO = 1000


class DamagedError(Exception):
    """The rest of the file cannot be read; everything before it was given. The text says why, in words."""


@dataclass(frozen=True, slots=True)
class Packing:
    """A way to pack: its name, what tells it, and how one member (stream, frame) of it is unpacked."""

    name: str
    begins: Callable[[bytes], bool]
    open: Callable[[], Any]


PACKINGS = (
    Packing(
        "gz",
        lambda head: head.startswith(b"\x1f\x8b"),
        lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP),
    ),
    Packing(
        "zst",
        # pzstd begins with a frame that holds nothing (0x184D2A5?)
        lambda head: head[:4] == b"\x28\xb5\x2f\xfd" or (head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F),
        lambda: zstd.ZstdDecompressor(options=_ZSTD_WINDOW),
    ),
    Packing(
        "bz2",
        lambda head: head.startswith(b"BZh") and head[4:10] in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"),
        bz2.BZ2Decompressor,
    ),
    Packing(
        "xz",
        lambda head: head.startswith(b"\xfd7zXZ\x00"),
        lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY),
    ),
)
_BROKEN = (igzip_lib.IsalError, zstd.ZstdError, lzma.LZMAError, OSError, EOFError)


def packing(head: bytes) -> Packing | None:
    """Tell by the first bytes (ENOUGH of them) what packed a file; None where nothing did that is known."""
    return next((known for known in PACKINGS if known.begins(head)), None)


def unpack(chunks: Iterator[bytes], known: Packing) -> Iterator[bytes]:
    """Unpack one or several members (logs that were appended or joined).

    Raises DamagedError after the last readable byte, where the file is cut off or broken. Zeros after a member are padding.
    """
    stream = known.open()
    begun = False
    for packed in _slices(chunks):
        waiting = packed
        while waiting := waiting if begun else waiting.lstrip(b"\0"):
            begun = True
            yield from _pieces(stream, waiting, known)
            waiting = b""
            if stream.eof:
                waiting = stream.unused_data
                stream = known.open()
                begun = False
    if begun:
        raise DamagedError(f"the {known.name} data ends in the middle")


def inflate(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack bare deflate, as in a zip. Raises DamagedError like `unpack`."""
    return unpack(chunks, Packing("zip", bool, lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_DEFLATE)))


def _pieces(stream: Any, packed: bytes, known: Packing) -> Iterator[bytes]:
    """Feed a slice, and take what comes out piece by piece."""
    while True:
        try:
            piece = stream.decompress(packed, _PIECE)
        except _BROKEN:  # type: ignore[misc]  # isal's stub calls its error an instance
            raise DamagedError(f"the {known.name} data is damaged") from None
        except MemoryError:
            raise DamagedError(f"the {known.name} data asks for more memory than there is") from None
        if piece:
            yield piece
        if stream.eof or stream.needs_input:
            return
        packed = b""


def guarded(pieces: Iterator[bytes], stored: Callable[[], int], free: int = FREE) -> Iterator[bytes]:
    """Give the same pieces, up to where they are more than `free` and RATIO times what is stored so far: then DamagedError."""
    given = 0
    for piece in pieces:
        given += len(piece)
        if given > free and given > RATIO * stored():
            raise DamagedError(f"it holds more than {RATIO:,} times its size, as a zip bomb does")
        yield piece


def _slices(chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), _SLICE):
            yield chunk[start : start + _SLICE]
