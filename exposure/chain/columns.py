"""Columns of hex text, as a node writes it -> checked columns of numbers and bytes, a whole column at a time. Pure.

Where all texts of a column fit they are read as one text, in a tenth of the time that one by one takes; where one does not, each
is looked at, and null stands in place of what cannot be read.
"""

import re
from binascii import unhexlify
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

Texts = Sequence[str | None]

# So few digits are always less than 2^60: larger block numbers and indexes no chain has.
_INDEX = re.compile(r"0x[0-9a-fA-F]{1,15}")
_PREFIX = np.frombuffer(b"0x", dtype=np.uint8)
_WORD = 32


def octets(text: object, length: int | None = None) -> bytes | None:
    """Read hex bytes of the given length; None where it is not that."""
    if not isinstance(text, str) or not text.startswith("0x"):
        return None
    try:
        value = bytes.fromhex(text[2:])
    except ValueError:
        return None
    # bytes.fromhex also takes blanks between the digits
    return value if 2 * len(value) == len(text) - 2 and length in (None, len(value)) else None


def indexes(texts: Sequence[str], bits: int) -> pl.Series:
    """Read quantities into a column of unsigned numbers of 32 or 64 bits; null where one does not fit."""
    # Blocks and places come again and again: each text is read once.
    known = {text: _index(text, bits) for text in set(texts)}
    numbers = map(known.__getitem__, texts)
    dtype = pl.UInt32 if bits == 32 else pl.UInt64
    if None in known.values():
        return pl.Series(list(numbers), dtype=dtype)
    return pl.Series(np.fromiter(numbers, dtype=f"u{bits // 8}", count=len(texts)), dtype=dtype)


def _index(text: str, bits: int) -> int | None:
    number = int(text, 16) if _INDEX.fullmatch(text) else None
    return number if number is not None and number < 2**bits else None


def words(texts: Sequence[str]) -> pl.Series:
    """Read uint256 quantities into 32 bytes each; null where one is larger or no quantity."""
    padded = [f"0x{text[2:]:0>64}" if len(text) > 2 and text.startswith("0x") else None for text in texts]
    return binary(padded, _WORD)


def binary(texts: Texts, length: int | None = None) -> pl.Series:
    """Read hex bytes, of one length or of any, into a binary column; null where there is none or it does not fit."""
    there = texts if None not in texts else [text for text in texts if text is not None]
    read = _at_once(there, length)  # type: ignore[arg-type]
    if read is None:
        return pl.Series([octets(text, length) for text in texts], dtype=pl.Binary)
    sizes, content = read
    present = None
    if len(there) < len(texts):
        present = np.array([text is not None for text in texts], dtype=np.bool_)
        some, sizes = sizes, np.zeros(len(texts), dtype=np.int64)
        sizes[present] = some
    return of_bytes(content, np.concatenate([[0], np.cumsum(sizes)]), present)


def of_bytes(
    content: bytes | NDArray[np.uint8], ends: NDArray[np.int64], present: NDArray[np.bool_] | None
) -> pl.Series:
    """Make a binary column, without copying it, of bytes and the places that part its values; `present` tells them from null."""
    valid = None if present is None else pa.py_buffer(np.packbits(present, bitorder="little"))
    buffers = [valid, pa.py_buffer(ends), pa.py_buffer(content)]
    return pl.Series(pa.Array.from_buffers(pa.large_binary(), len(ends) - 1, buffers), dtype=pl.Binary)


def _at_once(texts: Sequence[str], length: int | None) -> tuple[NDArray[np.int64], bytes] | None:
    """Read the texts as one; give how many bytes each has, and the bytes. None where a single one does not fit."""
    sizes = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    if not texts:
        return sizes, b""
    most = int(sizes.max())
    if sizes.min() < 2 or (sizes % 2).any() or (length is not None and (sizes != 2 + 2 * length).any()):
        return None
    try:
        raw = np.frombuffer("".join(texts).encode("ascii"), dtype=np.uint8)
        if len(raw) == most * len(texts):
            table = raw.reshape(len(texts), most)
            heads, digits = table[:, :2], table[:, 2:].tobytes()
        else:
            starts = np.cumsum(sizes) - sizes
            places = np.stack([starts, starts + 1], axis=1)
            heads, digits = raw[places], np.delete(raw, places.ravel()).tobytes()
        return ((sizes - 2) // 2, unhexlify(digits)) if (heads == _PREFIX).all() else None
    except ValueError:
        return None


def readable(columns: Mapping[str, pl.Series], texts: Mapping[str, Texts]) -> pl.DataFrame:
    """Give the rows in which all of `texts` that was there could be read; what has no text there is not looked at."""
    frame = pl.DataFrame(columns)
    for name, given in texts.items():
        column = columns[name]
        if column.null_count() and column.null_count() != given.count(None):
            break
    else:
        return frame
    lost = np.zeros(frame.height, dtype=np.bool_)
    for name, given in texts.items():
        lost |= columns[name].is_null().to_numpy() & np.array([text is not None for text in given], dtype=np.bool_)
    return frame.filter(pl.Series(~lost))


def ascends(frame: pl.DataFrame, outer: str, inner: str) -> bool:
    """Tell whether each row stands after the one before it by two numbers: then the frame is sorted, and no row is there twice."""
    one, two = frame[outer].to_numpy(), frame[inner].to_numpy()
    return bool(((one[1:] > one[:-1]) | ((one[1:] == one[:-1]) & (two[1:] > two[:-1]))).all())
