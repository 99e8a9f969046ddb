r"""What servers do to the fields of a text line, undone: nginx writes a quote as \x22, Apache as \". Pure."""

import re
from collections.abc import Callable

import polars as pl

_ESCAPE = re.compile(rb'\\(?:x([0-9a-fA-F]{2})|(["\\bnrtv]))')
_HASHED = re.compile(rb"#([0-9A-F]{2})")
_SHORT = {b'"': b'"', b"\\": b"\\", b"b": b"\b", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


def unescape(text: str) -> str:
    """Undo the escapes of one field; bytes that are no UTF-8 are replaced."""
    if "\\" not in text:
        return text

    def plain(match: re.Match[bytes]) -> bytes:
        return bytes.fromhex(match[1].decode()) if match[1] else _SHORT[match[2]]

    return _ESCAPE.sub(plain, text.encode("utf-8", "replace")).decode("utf-8", "replace")


def unescape_column(column: pl.Series) -> pl.Series:
    """Undo the escapes of a column of text, line by line only where there are any."""
    return _each(column, "\\", unescape)


def unhash_column(column: pl.Series) -> pl.Series:
    """Undo what HAProxy does: it writes quotes, number signs and odd bytes as #22, and a backslash as it is."""
    return _each(column, "#", _unhash)


def _unhash(text: str) -> str:
    plain = _HASHED.sub(lambda match: bytes.fromhex(match[1].decode()), text.encode("utf-8", "replace"))
    return plain.decode("utf-8", "replace")


def _each(column: pl.Series, sign: str, undo: Callable[[str], str]) -> pl.Series:
    odd = column.str.contains(sign, literal=True).fill_null(value=False)
    if not odd.any():
        return column
    plain = [undo(text) for text in column.filter(odd)]
    return column.scatter(odd.arg_true(), pl.Series(plain, dtype=pl.String))
