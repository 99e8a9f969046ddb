# mypy: disable-error-code="untyped-decorator, no-any-return, call-arg, assignment"
# ruff: noqa: C901, PLR0912, PLR0915 - one pass over the bytes, each way of not being plain a way out
"""Plain combined and common lines, read in machine code (numba). Pure: arrays in, arrays filled.

Every line of every log is looked at, so this is the one place where a regular expression a line is too slow. A plain line has no
escapes, a known method and a whole time; all others are left to combined.py, which reads plain ones alike.

Text is not copied: what a field gives is a view of the block, as Arrow lays out string views: the length, and either all bytes
(up to twelve) or the first four and the place in the block.
"""

from typing import Any

import numpy as np
from numba import njit
from numba.cpython.unsafe.numbers import trailing_zeros
from numpy.typing import NDArray

from exposure.logs.hints import ADDRESS, PHRASE, PHRASE_WORDS, SECRET
from exposure.logs.reading.lines import LONGEST_LINE

Bytes = NDArray[np.uint8]

# The columns that are views, in the order in which they are written.
VIEWS = ("text", "ip", "host", "method", "target", "referer", "ua", "forwarded")
_TEXT, _IP, _HOST, _METHOD, _TARGET, _REFERER, _UA, _FORWARDED = range(len(VIEWS))
# The columns that are numbers for texts (records.NUMBERED).
NUMBERS = ("who", "ask")
_WHO, _ASK = range(len(NUMBERS))

_QUOTE, _SPACE, _DASH, _ESCAPE, _FEED, _RETURN, _PERCENT = 34, 32, 45, 92, 10, 13, 37
_ZERO, _AND, _SEMICOLON, _NUMBER_SIGN = 48, 38, 59, 35
# What a byte may be, as bits of its kind.
_IS_QUOTE, _IS_FEED, _IS_ESCAPE, _IS_MARK, _IS_HEX = 1, 2, 4, 8, 16
_EACH = 0x0101010101010101
_TELLING = np.uint64(_EACH * (_IS_QUOTE | _IS_FEED | _IS_ESCAPE | _IS_MARK))
# Eight hex digits in a word, four words on end: true of every row of 41 digits, wherever it begins.
_ALL_HEX, _LONG_HEX = np.uint64(_EACH * _IS_HEX), 4
_SPACES, _ONES, _TOPS = np.uint64(_EACH * _SPACE), np.uint64(_EACH), np.uint64(_EACH * 128)

KINDS = 1 << 16  # bytes that are classified at a time: they stay in the processor's cache
_MOST_QUOTES = 6
_TIME = 26  # bytes of 04/Mar/2026:09:12:00 +0000
_NO_TIME = -(1 << 62)
_SHORT = 12
_DOT, _SLASH, _COLON, _OPEN, _CLOSE = 46, 47, 58, 91, 93
_LONGEST_USER = 256
_ADDRESS_DIGITS = 40
_LONG_WORD = 52  # an extended key is a word of 111
_SHORTEST_ODD = 4 * PHRASE_WORDS - 1  # so many words of three letters, and what parts them
_IN_TARGET, _IN_REFERER, _IN_AGENT = 0, 1, 2
_KNOWN = 1 << 12
_ODD_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_NOT_PLAIN = -1
_METHODS = (b"GET", b"POST", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"PATCH")
_METHOD_WORDS = tuple(int.from_bytes(name, "little") for name in _METHODS)
_HTTP = int.from_bytes(b"HTTP/", "little")
_NAMES = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_MONTHS = tuple(int.from_bytes(name.encode(), "little") for name in _NAMES.split())
_DAYS_OF = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_EPOCH = 719_162  # days from the year 1 to 1970


@njit(nogil=True, cache=True)
def scan(
    data: Bytes,
    kinds: Bytes,
    seed: Any,
    vhost: bool,
    views: Any,
    there: Any,
    numbers: Any,
    times: Any,
    status: Any,
    sizes: Any,
    sized: Any,
    lines: Any,
    hints: Any,
    others: Any,
) -> tuple[int, int]:
    """Read a block; gives how many plain lines and how many others there are.

    Of the plain ones row by row: `views` (one of VIEWS, row, 2) and `there` (false: null), `numbers` (one of NUMBERS, row; they
    depend on `seed`, a uint64), `times` in seconds since 1970, `status`, `sizes` and `sized` (false: null), `lines` (from 0),
    `hints`. Of the others: line, first byte, end. `kinds` is room to work in, of KINDS bytes.
    """
    length = len(data)
    words = kinds.view(np.uint64)
    quotes = np.zeros(_MOST_QUOTES, dtype=np.int64)
    # what texts that were met before hold: the number of a text, and whether it is odd
    known, known_odd = np.zeros(_KNOWN, dtype=np.uint64), np.zeros(_KNOWN, dtype=np.bool_)
    found = left = number = begin = count = in_a_row = hint = 0
    escaped = long_hex = False
    for window in range(0, length + 1, KINDS):
        _classify(data[window : window + KINDS + 1], kinds)
        if window <= length < window + KINDS and (length == 0 or data[length - 1] != _FEED):
            kinds[length - window] = _IS_FEED  # the last line ends as well
        for place in range(len(words)):
            word = words[place]
            if word & _ALL_HEX == _ALL_HEX:
                in_a_row += 1
                long_hex |= in_a_row >= _LONG_HEX
            else:
                in_a_row = 0
            if word & _TELLING == 0:
                continue
            telling = word & _TELLING
            while telling:
                at = place * 8 + (trailing_zeros(telling) >> 3)
                telling &= telling - np.uint64(1)
                position = window + at
                kind = kinds[at] & 15
                if kind == _IS_QUOTE:
                    if count < _MOST_QUOTES:
                        quotes[count] = position
                    count += 1
                elif kind == _IS_MARK:
                    hint |= ADDRESS
                    if data[position] != _ZERO:
                        hint |= SECRET  # it may hide anything
                elif kind == _IS_ESCAPE:
                    escaped = True
                else:
                    end = position
                    if end > begin and data[end - 1] == _RETURN and position < length:
                        end -= 1
                    more = _NOT_PLAIN
                    if (
                        not escaped
                        and (count == 2 or (count >= _MOST_QUOTES and count % 2 == 0))
                        and end - begin <= LONGEST_LINE
                    ):
                        more = _read(
                            data, begin, end, count, quotes, seed, known, known_odd, vhost, found, views, there, numbers,
                            times, status, sizes, sized,
                        )  # fmt: skip
                    if more != _NOT_PLAIN:
                        hint |= more
                        if long_hex and _holds_long_hex(data, begin, end):
                            hint |= SECRET
                        lines[found], hints[found] = number, hint
                        found += 1
                    else:
                        others[left, 0], others[left, 1], others[left, 2] = number, begin, end
                        left += 1
                    number += 1
                    begin = position + 1
                    count = hint = 0
                    escaped = long_hex = False
    return found, left


@njit(nogil=True)
def _classify(data: Bytes, kinds: Bytes) -> None:
    """Say what each byte may be, of as many as `kinds` has room for; the compiler makes vector instructions of it.

    `data` has one byte more, unless the block ends there.
    """
    size = min(len(kinds), len(data))
    for place in range(min(size, len(data) - 1)):
        byte = data[place]
        digit = np.uint8(byte - np.uint8(48))
        letter = np.uint8((byte | np.uint8(32)) - np.uint8(97))
        # 0x; % and &# which may hide it, and ;# of &amp;#
        following = data[place + 1]
        mark = (
            np.uint8(byte == _ZERO) & np.uint8((following | np.uint8(32)) == 120)
            | np.uint8(byte == _PERCENT)
            | (np.uint8(byte == _AND) | np.uint8(byte == _SEMICOLON)) & np.uint8(following == _NUMBER_SIGN)
        )
        kinds[place] = (
            np.uint8(byte == _QUOTE)
            | np.uint8(byte == _FEED) << 1
            | np.uint8(byte == _ESCAPE) << 2
            | mark << 3
            | (np.uint8(digit < 10) | np.uint8(letter < 6)) << 4
        )
    if 0 < size == len(data):
        byte = data[size - 1]
        kinds[size - 1] = np.uint8(byte == _QUOTE) | np.uint8(byte == _FEED) << 1 | np.uint8(byte == _ESCAPE) << 2
    kinds[size:] = 0


@njit(nogil=True)
def _read(
    data: Bytes,
    begin: int,
    end: int,
    count: int,
    quotes: Any,
    seed: Any,
    known: Any,
    known_odd: Any,
    vhost: bool,
    row: int,
    views: Any,
    there: Any,
    numbers: Any,
    times: Any,
    status: Any,
    sizes: Any,
    sized: Any,
) -> int:
    """Read one line into row `row` of the arrays; gives further hints, or _NOT_PLAIN."""
    closing = quotes[0] - 2  # a bracket and a space stand before the request
    time = closing - _TIME
    if time < begin + 2 or data[time - 1] != _OPEN or data[closing] != _CLOSE or data[closing + 1] != _SPACE:
        return _NOT_PLAIN
    seconds = _seconds(data, time)
    if seconds == _NO_TIME:
        return _NOT_PLAIN
    ip = begin
    if vhost:
        ip = _word_end(data, begin, time) + 1
    ip_end = _word_end(data, ip, time)
    user = _word_end(data, ip_end + 1, time) + 1  # after the ident
    user_end = time - 2
    if ip_end <= ip or user - ip_end < 3 or not 1 <= user_end - user <= _LONGEST_USER:
        return _NOT_PLAIN
    if data[user_end] != _SPACE or data[user_end - 1] == _SPACE or _holds(data, begin, ip_end, _OPEN):
        return _NOT_PLAIN
    method = quotes[0] + 1
    target = _word_end(data, method, quotes[1]) + 1
    if not _is_method(data, method, target - 1):
        return _NOT_PLAIN
    target_end = _word_end(data, target, quotes[1])
    version = target_end + 1
    # http://host/path and its like are taken apart in combined.py, and so are all that begin with no slash
    if target_end <= target or data[target] != 47 or not 6 <= quotes[1] - version <= 8:
        return _NOT_PLAIN
    if _load(data, version) & np.uint64(0xFFFFFFFFFF) != _HTTP or _word_end(data, version, quotes[1]) != quotes[1]:
        return _NOT_PLAIN
    after = end if count == 2 else quotes[2]
    code, size, there_is = _answer(data, quotes[1] + 1, after)
    if code < 0:
        return _NOT_PLAIN
    who, ask = _number_of(data, ip, ip_end, seed), _number_of(data, target, target_end, seed)
    hint = SECRET if _is_odd(data, target, target_end, ask, _IN_TARGET, known, known_odd) else 0
    if count == 2:
        for column in (_REFERER, _UA, _FORWARDED):
            _null(views, there, column, row)
    else:
        rest = quotes[5] + 1
        between = quotes[4] - quotes[3]
        if between != 2 or data[quotes[3] + 1] != _SPACE or (rest < end and data[rest] != _SPACE):
            return _NOT_PLAIN
        referer, agent = quotes[2] + 1, quotes[4] + 1
        _said(data, views, there, _REFERER, row, referer, quotes[3])
        if quotes[3] - referer >= _SHORTEST_ODD and _is_odd(
            data, referer, quotes[3], _number_of(data, referer, quotes[3], seed), _IN_REFERER, known, known_odd
        ):
            hint = SECRET
        _said(data, views, there, _UA, row, agent, quotes[5])
        if there[_UA, row]:
            number = _number_of(data, agent, quotes[5], seed)
            who = _mixed(who, number)
            if _is_odd(data, agent, quotes[5], number, _IN_AGENT, known, known_odd):
                hint = SECRET
        _view(data, views, there, _FORWARDED, row, rest, end)
    times[row], status[row], sizes[row], sized[row] = seconds, code, size, there_is
    _view(data, views, there, _TEXT, row, begin, end)
    _view(data, views, there, _IP, row, ip, ip_end)
    if vhost:
        _view(data, views, there, _HOST, row, begin, ip - 1)
        ask = _mixed(ask, _number_of(data, begin, ip - 1, seed))
    numbers[_WHO, row], numbers[_ASK, row] = who, ask
    _view(data, views, there, _METHOD, row, method, target - 1)
    _view(data, views, there, _TARGET, row, target, target_end)
    return hint


@njit(nogil=True)
def _answer(data: Bytes, begin: int, end: int) -> tuple[int, int, bool]:
    """Read ` 200 612`, be there a space behind it: status, size, whether there is a size; a status below 0 for all else."""
    if begin + 6 > end or data[begin] != _SPACE or data[begin + 4] != _SPACE:
        return -1, 0, False
    code = _number(data, begin + 1, begin + 4)
    if data[end - 1] == _SPACE:
        end -= 1
    place = begin + 5
    if end - place == 1 and data[place] == _DASH:
        return code, 0, False
    if not 1 <= end - place <= 18:
        return -1, 0, False
    size = _number(data, place, end)
    return (code, size, True) if size >= 0 else (-1, 0, False)


@njit(nogil=True)
def _number(data: Bytes, begin: int, end: int) -> int:
    """Read digits; below 0 where one is none."""
    value = 0
    for place in range(begin, end):
        digit = np.int64(data[place]) - 48
        if digit < 0 or digit > 9:
            return -1
        value = value * 10 + digit
    return value


@njit(nogil=True)
def _seconds(data: Bytes, at: int) -> int:
    """Read 04/Mar/2026:09:12:00 +0000 into seconds since 1970."""
    slashes = data[at + 2] == 47 and data[at + 6] == 47
    colons = data[at + 11] == 58 and data[at + 14] == 58 and data[at + 17] == 58
    if not slashes or not colons or data[at + 20] != _SPACE:
        return _NO_TIME
    day, year = _number(data, at, at + 2), _number(data, at + 7, at + 11)
    hour, minute, second = (
        _number(data, at + 12, at + 14),
        _number(data, at + 15, at + 17),
        _number(data, at + 18, at + 20),
    )
    zone_hours, zone_minutes = _number(data, at + 22, at + 24), _number(data, at + 24, at + 26)
    word = np.int64(_load(data, at + 3) & np.uint64(0xFFFFFF))
    month = -1
    for index in range(12):
        if _MONTHS[index] == word:
            month = index
    if month < 0 or year < 1 or not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        return _NO_TIME
    if not (0 <= zone_hours < 24 and 0 <= zone_minutes < 60):
        return _NO_TIME
    leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
    if not 1 <= day <= _DAYS_OF[month] + (month == 1 and leap):
        return _NO_TIME
    before = year - 1
    days = before * 365 + before // 4 - before // 100 + before // 400 + _DAYS_BEFORE[month] + day - 1
    if leap and month > 1:
        days += 1
    zone = zone_hours * 3600 + zone_minutes * 60
    if data[at + 21] == _DASH:
        zone = -zone
    elif data[at + 21] != 43:
        return _NO_TIME
    return (days - _EPOCH) * 86_400 + hour * 3600 + minute * 60 + second - zone


@njit(nogil=True)
def _holds(data: Bytes, begin: int, end: int, byte: int) -> bool:
    for place in range(np.uint64(begin), np.uint64(end)):  # noqa: SIM110 - numba has no generators
        if data[place] == byte:
            return True
    return False


@njit(nogil=True)
def _is_method(data: Bytes, begin: int, end: int) -> bool:
    if not 3 <= end - begin <= 7:
        return False
    word = np.int64(_load(data, begin) & ((np.uint64(1) << np.uint64(8 * (end - begin))) - np.uint64(1)))
    for known in _METHOD_WORDS:  # noqa: SIM110 - numba has no generators
        if word == known:
            return True
    return False


@njit(nogil=True)
def _holds_long_hex(data: Bytes, begin: int, end: int) -> bool:
    """Tell a line with 41 hex digits in a row, one more than an address has."""
    row = 0
    for place in range(np.uint64(begin), np.uint64(end)):
        digit, letter = np.int64(data[place]) - 48, (np.int64(data[place]) | 32) - 97
        row = row + 1 if 0 <= digit < 10 or 0 <= letter < 6 else 0
        if row > _ADDRESS_DIGITS:
            return True
    return False


@njit(nogil=True)
def _is_odd(data: Bytes, begin: int, end: int, number: Any, place: int, known: Any, known_odd: Any) -> bool:
    """Tell a field that may hold a secret. Most texts come again and again: `number` stands for the text."""
    name = number + np.uint64(place)
    slot = name % np.uint64(_KNOWN)
    if known[slot] != name:
        known[slot], known_odd[slot] = name, _odd(data, begin, end, place)
    return known_odd[slot]


@njit(nogil=True)
def _odd(data: Bytes, begin: int, end: int, place: int) -> bool:
    """Tell a field that may hold an extended key, most words of a recovery phrase, or (in a target) an IP address.

    A browser's name has many words, and numbers that look like addresses: there, a whole phrase counts (hints.may_open_wallet).
    """
    words = letters = dots = colons = run = 0
    for at in range(np.uint64(begin), np.uint64(end)):
        byte = data[at]
        letter = (np.int64(byte) | 32) - 97
        is_letter = 0 <= letter < 26
        if place != _IN_AGENT:
            letters = letters + 1 if is_letter else 0
            words += letters == 3
        elif is_letter:
            letters += 1
        else:
            words += letters >= 3 and byte != _SLASH
            letters = 0
        dots += byte == _DOT
        colons += byte == _COLON
        run = run + 1 if is_letter or 48 <= byte <= 57 else 0
        if run > _LONG_WORD:
            return True
    if place == _IN_AGENT:
        return words + (letters >= 3) >= PHRASE
    return words >= PHRASE_WORDS or (place == _IN_TARGET and (dots >= 3 or colons >= 2))


@njit(nogil=True)
def _number_of(data: Bytes, begin: int, end: int, seed: Any) -> Any:
    """Give a number for a text: other texts have others, by all odds (64 bits, and nobody outside knows the seed)."""
    number = seed ^ np.uint64(end - begin) * _ODD_FACTOR
    place = begin
    while place + 8 <= end:
        number = _mixed(number, _load(data, place))
        place += 8
    if place < end:
        number = _mixed(number, _load(data, place) & _low_bytes(end - place))
    return _mixed(number, seed)


@njit(nogil=True)
def _mixed(number: Any, word: Any) -> Any:
    number = (number ^ word) * _ODD_FACTOR
    return number ^ number >> np.uint64(29)


@njit(nogil=True)
def _load(data: Bytes, place: int) -> Any:
    """Give eight bytes as a number, the first one lowest. Fewer where the block ends: zeros stand for the rest."""
    if place + 8 <= len(data):
        # spelt out, with numbers that cannot be negative: the compiler makes one instruction of it
        at = np.uint64(place)
        return (
            np.uint64(data[at])
            | np.uint64(data[at + np.uint64(1)]) << np.uint64(8)
            | np.uint64(data[at + np.uint64(2)]) << np.uint64(16)
            | np.uint64(data[at + np.uint64(3)]) << np.uint64(24)
            | np.uint64(data[at + np.uint64(4)]) << np.uint64(32)
            | np.uint64(data[at + np.uint64(5)]) << np.uint64(40)
            | np.uint64(data[at + np.uint64(6)]) << np.uint64(48)
            | np.uint64(data[at + np.uint64(7)]) << np.uint64(56)
        )
    word = np.uint64(0)
    for step in range(len(data) - place):
        word |= np.uint64(data[place + step]) << np.uint64(8 * step)
    return word


@njit(nogil=True)
def _word_end(data: Bytes, begin: int, limit: int) -> int:
    """Give the place of the next space, or `limit`; eight bytes at a time."""
    place = begin
    while place < limit:
        word = _load(data, place) ^ _SPACES
        zero = (word - _ONES) & ~word & _TOPS
        if zero:
            return min(limit, place + (trailing_zeros(zero) >> 3))
        place += 8
    return limit


@njit(nogil=True)
def _said(data: Bytes, views: Any, there: Any, column: int, row: int, begin: int, end: int) -> None:
    """Write a field that is null where it is empty or a dash."""
    if end == begin or (end - begin == 1 and data[begin] == _DASH):
        _null(views, there, column, row)
    else:
        _view(data, views, there, column, row, begin, end)


@njit(nogil=True)
def _null(views: Any, there: Any, column: int, row: int) -> None:
    there[column, row] = False
    views[column, row, 0] = views[column, row, 1] = np.uint64(0)


@njit(nogil=True)
def _view(data: Bytes, views: Any, there: Any, column: int, row: int, begin: int, end: int) -> None:
    length = end - begin
    head = _load(data, begin) & np.uint64(0xFFFFFFFF)
    if length > _SHORT:
        tail = np.uint64(begin) << np.uint64(32)
    elif length > 4:
        tail = _load(data, begin + 4) & _low_bytes(length - 4)
    else:
        tail = np.uint64(0)
        head &= _low_bytes(length)
    there[column, row] = True
    views[column, row, 0] = np.uint64(length) | head << np.uint64(32)
    views[column, row, 1] = tail


@njit(nogil=True)
def _low_bytes(count: int) -> Any:
    """Give a mask of so many of the lowest bytes."""
    return np.uint64(0xFFFFFFFFFFFFFFFF) if count >= 8 else (np.uint64(1) << np.uint64(8 * count)) - np.uint64(1)
