# mypy: disable-error-code="untyped-decorator, no-any-return, return-value"
# ruff: noqa: C901, PLR0912, PLR0915, SIM109 - one pass over the bytes, each way of not being plain a way out
"""Plain lists of logs and transactions, read in machine code (numba). Pure: arrays in, arrays filled.

Where everybody's logs are asked for each block is hundreds of kilobytes of hex, and a Python object a text is most of what a pull
costs. A plain list holds objects that all have what they must, in any order and beside anything else, without escapes. Any other
list is left to msgspec, which reads plain ones alike: nothing is judged here that is not judged there.
"""

from typing import Any

import numpy as np
from numba import njit

from exposure.chain.wire_scan import BYTES, CONTENT, NOT_PLAIN, NUMBER, PADDING, REMOVED, TOPICS, WORD

_QUOTE, _COMMA, _COLON, _ESCAPE, _ZERO, _X, _DELETE = 34, 44, 58, 92, 48, 120, 127
_OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST, _NULL, _TRUE, _FALSE = 123, 125, 91, 93, 110, 116, 102
_MOST_TOPICS, _WORD_BYTES = 4, 32
_NO_DIGIT = 255


def _values() -> Any:
    values = np.full(256, _NO_DIGIT, dtype=np.uint8)
    for digit in b"0123456789abcdefABCDEF":
        values[digit] = int(chr(digit), 16)
    return values


_DIGITS = _values()


@njit(nogil=True, cache=True)
def scan(
    data: Any,
    names: Any,
    name_ends: Any,
    kinds: Any,
    slots: Any,
    sizes: Any,
    needed: int,
    row: int,
    filled: int,
    numbers: Any,
    fixed: Any,
    there: Any,
    content: Any,
    content_ends: Any,
    noted: Any,
) -> Any:
    """Read one list of objects, which PADDING NUL bytes follow, into the columns from `row` on; valid JSON, but any bytes are safe.

    Of each field: its name (`names` up to `name_ends`), kind, column and length (of a number: its bits); `needed` has a bit for
    each that must be there. `numbers` (columns, rows) and `fixed` (columns, rows * 32) are filled, with `there` (columns, rows) for
    the latter, `content` up to `content_ends`, and `noted` with the places of objects that hold authorizations.
    Gives the next row, the bytes in `content`, how many objects were left out, and how many noted; NOT_PLAIN as the row otherwise.
    """
    bad = (NOT_PLAIN, 0, 0, 0)
    left_out = notes = 0
    at = _blank(data, 0)
    if data[at] != _OPEN_LIST:
        return bad
    at = _blank(data, at + 1)
    if data[at] == _CLOSE_LIST:
        return (row, filled, 0, 0) if _blank(data, at + 1) == len(data) - PADDING else bad
    while True:
        if data[at] != _OPEN or row >= numbers.shape[1]:
            return bad
        begin = at
        seen = guess = 0
        keep, note = True, False
        there[:, row] = False
        numbers[:, row] = 0
        filled = content_ends[row]
        at = _blank(data, at + 1)
        while True:
            if data[at] != _QUOTE:
                return bad
            end = _text_end(data, at + 1)
            if end < 0:
                return bad
            field = _field(data, at + 1, end, names, name_ends, guess)
            at = _blank(data, end + 1)
            if data[at] != _COLON:
                return bad
            at = _blank(data, at + 1)
            if field < 0:
                at = _skip(data, at)
            else:
                if seen >> field & 1:
                    return bad
                seen |= 1 << field
                guess = field + 1
                kind, slot, size = kinds[field], slots[field], sizes[field]
                if kind == NUMBER:
                    at = _number(data, at, size, numbers, slot, row)
                elif kind == BYTES:
                    if data[at] == _NULL and not needed >> field & 1:
                        at = _skip(data, at)
                    else:
                        at = _bytes(data, at, size, fixed[slot], row * size)
                        there[slot, row] = True
                elif kind == CONTENT:
                    at, filled = _content(data, at, content, filled)
                elif kind == WORD:
                    at = _word(data, at, fixed[slot], row * _WORD_BYTES)
                    there[slot, row] = True
                elif kind == TOPICS:
                    at = _topics(data, at, fixed, slot, there, row)
                    keep = keep and there[slot, row]
                elif kind == REMOVED:
                    if data[at] != _TRUE and data[at] != _FALSE:
                        return bad
                    keep = keep and data[at] == _FALSE
                    at = _skip(data, at)
                else:
                    if data[at] != _NULL and data[at] != _OPEN_LIST:
                        return bad
                    note = data[at] == _OPEN_LIST
                    at = _skip(data, at)
            if at < 0:
                return bad
            at = _blank(data, at)
            if data[at] == _CLOSE:
                break
            if data[at] != _COMMA:
                return bad
            at = _blank(data, at + 1)
        if seen & needed != needed:
            return bad
        if note:
            noted[notes, 0], noted[notes, 1] = begin, at + 1
            notes += 1
        if keep:
            row += 1
            content_ends[row] = filled
        else:
            left_out += 1
            filled = content_ends[row]
        at = _blank(data, at + 1)
        if data[at] == _CLOSE_LIST:
            break
        if data[at] != _COMMA:
            return bad
        at = _blank(data, at + 1)
    return (row, filled, left_out, notes) if _blank(data, at + 1) == len(data) - PADDING else bad


@njit(nogil=True, cache=True, inline="always")
def _blank(data: Any, at: int) -> int:
    """Give the next place that is not blank."""
    while data[at] == 32 or data[at] == 10 or data[at] == 13 or data[at] == 9:
        at += 1
    return at


@njit(nogil=True, cache=True)
def _text_end(data: Any, at: int) -> int:
    """Give the place of the quote that ends a text; -1 where the text is not plain ASCII."""
    place = np.uint64(at)
    while data[place] != _QUOTE:
        if data[place] < 32 or data[place] >= _DELETE or data[place] == _ESCAPE:
            return -1
        place += np.uint64(1)
    return np.int64(place)


@njit(nogil=True, cache=True)
def _field(data: Any, begin: int, end: int, names: Any, name_ends: Any, guess: int) -> int:
    """Say which field a name is, beginning with the one that it was in the last object; -1 for any other."""
    fields = len(name_ends)
    for step in range(fields):
        field = guess + step
        if field >= fields:
            field -= fields
        first = name_ends[field - 1] if field else 0
        length = name_ends[field] - first
        if length != end - begin:
            continue
        differs = np.uint8(0)
        for index in range(np.uint64(length)):
            differs |= data[np.uint64(begin) + index] ^ names[np.uint64(first) + index]
        if not differs:
            return field
    return -1


@njit(nogil=True, cache=True)
def _skip(data: Any, at: int) -> int:
    """Give the place after a value; -1 where it is not plain."""
    if data[at] == _QUOTE:
        end = _text_end(data, at + 1)
        return end + 1 if end >= 0 else -1
    depth = 0
    begin = at
    while True:
        byte = data[at]
        if byte == _QUOTE:
            at = _text_end(data, at + 1)
            if at < 0:
                return -1
        elif byte == _OPEN or byte == _OPEN_LIST:
            depth += 1
        elif depth == 0 and (byte == _COMMA or byte == _CLOSE or byte == _CLOSE_LIST or byte <= 32):
            return at if at > begin else -1
        elif byte == _CLOSE or byte == _CLOSE_LIST:
            depth -= 1
            if depth == 0:
                return at + 1
        elif byte == 0 or byte >= _DELETE:
            return -1
        at += 1


@njit(nogil=True, cache=True, inline="always")
def _begins_hex(data: Any, at: int) -> bool:
    return data[at] == _QUOTE and data[at + 1] == _ZERO and data[at + 2] == _X


@njit(nogil=True, cache=True)
def _number(data: Any, at: int, bits: int, numbers: Any, slot: int, row: int) -> int:
    """Read a quantity of up to fifteen digits; give the place after it, or -1."""
    if not _begins_hex(data, at):
        return -1
    at += 3
    begin, value = at, np.uint64(0)
    while _DIGITS[data[at]] != _NO_DIGIT:
        value = (value << np.uint64(4)) | np.uint64(_DIGITS[data[at]])
        at += 1
        if at - begin > 15:
            return -1
    if data[at] != _QUOTE or at == begin or value >> np.uint64(bits - 1) > np.uint64(1):
        return -1
    numbers[slot, row] = value
    return at + 1


@njit(nogil=True, cache=True)
def _bytes(data: Any, at: int, size: int, column: Any, place: int) -> int:
    """Read so many bytes of hex; give the place after them, or -1."""
    if not _begins_hex(data, at):
        return -1
    # Unsigned places need no look at whether they are counted from the end.
    begin, first = np.uint64(at + 3), np.uint64(place)
    wrong = np.uint8(0)
    for index in range(np.uint64(size)):
        high = _DIGITS[data[begin + index + index]]
        low = _DIGITS[data[begin + index + index + np.uint64(1)]]
        wrong |= high | low
        column[first + index] = high << 4 | low
    at += 3 + 2 * size
    return at + 1 if wrong < _NO_DIGIT and data[at] == _QUOTE else -1


@njit(nogil=True, cache=True)
def _content(data: Any, at: int, content: Any, filled: int) -> Any:
    """Read bytes of hex up to the quote; give the place after them, or -1, and how much is filled."""
    if not _begins_hex(data, at):
        return -1, filled
    place, next_one, one = np.uint64(at + 3), np.uint64(filled), np.uint64(1)
    while True:
        high = _DIGITS[data[place]]
        if high == _NO_DIGIT:
            return np.int64(place + one) if data[place] == _QUOTE else -1, np.int64(next_one)
        low = _DIGITS[data[place + one]]
        if low == _NO_DIGIT:
            return -1, filled
        content[next_one] = high << 4 | low
        next_one += one
        place += one + one


@njit(nogil=True, cache=True)
def _word(data: Any, at: int, column: Any, place: int) -> int:
    """Read a quantity of up to 64 digits into 32 bytes; give the place after it, or -1."""
    if not _begins_hex(data, at):
        return -1
    at += 3
    end = at
    while _DIGITS[data[end]] != _NO_DIGIT:
        end += 1
    if data[end] != _QUOTE or end == at or end - at > 2 * _WORD_BYTES:
        return -1
    column[place : place + _WORD_BYTES] = 0
    index = place + _WORD_BYTES - 1
    for digit in range(end - 1, at - 1, -1):
        value = _DIGITS[data[digit]]
        if (end - digit) % 2:
            column[index] = value
        else:
            column[index] |= value << 4
            index -= 1
    return end + 1


@njit(nogil=True, cache=True)
def _topics(data: Any, at: int, fixed: Any, slot: int, there: Any, row: int) -> int:
    """Read a list of topics into four columns; give the place after it, or -1."""
    if data[at] != _OPEN_LIST:
        return -1
    at = _blank(data, at + 1)
    if data[at] == _CLOSE_LIST:
        return at + 1
    for column in range(slot, slot + _MOST_TOPICS):
        at = _bytes(data, at, _WORD_BYTES, fixed[column], row * _WORD_BYTES)
        if at < 0:
            return -1
        there[column, row] = True
        at = _blank(data, at)
        if data[at] == _CLOSE_LIST:
            return at + 1
        if data[at] != _COMMA:
            return -1
        at = _blank(data, at + 1)
    return -1
