"""Bytes of a gz file -> its content, as far as it can be read. Pure: chunks in, chunks out."""

from collections.abc import Iterator

from isal import isal_zlib

_GZIP = 31  # zlib's name for: a gzip header and trailer, and the widest window
# What was unpacked in a call that ends in an error is lost, so that each call gets little.
_SLICE = 16 << 10
# Yet a slice of packed zeros holds a thousand times its size.
_PIECE = 4 << 20


class DamagedError(Exception):
    """The rest of the file cannot be read; everything before it was given. The text says why, in words."""


def gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack gz of one or several members (logs that were appended or joined).

    Raises DamagedError after the last readable byte, where the file is cut off or broken. Zeros after the end are padding.
    """
    stream = isal_zlib.decompressobj(wbits=_GZIP)
    begun = False
    for packed in _slices(chunks):
        waiting = packed
        while waiting := waiting if begun else waiting.lstrip(b"\0"):
            begun = True
            try:
                piece = stream.decompress(waiting, max_length=_PIECE)
            except isal_zlib.IsalError:  # type: ignore[misc]  # its stub calls it an instance
                raise DamagedError("the gz data is damaged") from None
            if piece:
                yield piece
            waiting = stream.unconsumed_tail
            if stream.eof:
                waiting = stream.unused_data
                stream = isal_zlib.decompressobj(wbits=_GZIP)
                begun = False
    if begun:
        raise DamagedError("the gz data ends in the middle")


def _slices(chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), _SLICE):
            yield chunk[start : start + _SLICE]
