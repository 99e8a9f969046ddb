"""nginx's and Apache's combined and common lines, with or without the virtual host in front. Pure.

    IP IDENT USER [25/Oct/2016:14:49:33 +0200] "GET /path HTTP/1.1" 200 612 "REFERER" "USER AGENT" ...

Every line is read here: escaped quotes, spaces in a path, a handshake in place of a request. What follows the user agent is kept
as `forwarded`.
"""

import re

import polars as pl

from exposure.incident import LogSource
from exposure.logs.records import LINES, Parsed, join, reject, shape, to_records
from exposure.tables import TIME

_TIME = "%d/%b/%Y:%H:%M:%S %z"
# A user name is short: without a limit, a hostile line would be tried from each of its brackets on.
_FRONT = r"(?P<ip>[^ \[]+) (?P<ident>[^ ]+) (?P<user>.{0,255}?[^ ]) \[(?P<time>[^\[\]]{26})\] "
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
# First as servers escape; else up to the first quote that a status follows, for servers that escape nothing.
_REQUESTS = (r'"(?P<request>(?:[^"\\]|\\.)*)"', r'"(?P<request>.*?)"')
_BACK = r" (?P<status>[0-9]{3}|-) (?P<bytes>[0-9]{1,18}|-)(?P<rest>| .*)$"
_LINES = {
    vhost: tuple(
        re.compile((r"(?P<host>[^ \[]+) " if vhost else "") + _FRONT + request + _BACK, re.DOTALL)
        for request in _REQUESTS
    )
    for vhost in (False, True)
}
_FURTHER = r'(| [^"]*(?:"(?:[^"\\]|\\.)*"[^"]*)*)'
_REST = re.compile(rf" {_QUOTED}(?: {_QUOTED}{_FURTHER})?", re.DOTALL)
_RAW_REST = re.compile(r' "(.*?)" "(.*)"([^"]*)', re.DOTALL)
_REQUEST_LINE = re.compile(r"([A-Z][A-Z_-]{0,31}) (.+?)(?: HTTP/[0-9.]+)?", re.DOTALL)
_ESCAPE = re.compile(rb'\\(?:x([0-9a-fA-F]{2})|(["\\bnrtv]))')
_SHORT = {b'"': b'"', b"\\": b"\\", b"b": b"\b", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}

# What one line gives, in this order.
FIELDS = shape(
    time=TIME,
    ip=pl.String,
    forwarded=pl.String,
    host=pl.String,
    method=pl.String,
    target=pl.String,
    status=pl.UInt16,
    bytes=pl.Int64,
    referer=pl.String,
    ua=pl.String,
)
_COLUMNS = [*LINES, *FIELDS]

NO_SHAPE = "the line is not in the common or combined layout"
NO_TIME = "the time cannot be read"


def parse_combined(lines: pl.DataFrame, _log: LogSource | None = None, *, vhost: bool = False) -> Parsed:
    """Read lines (LINES) of one of these layouts; `vhost` is Apache's vhost_combined. No lines give no records.

    All go through a regular expression, a hundred thousand a second. Plain lines of large logs come another way (combined_scan.py).
    """
    fields = [parse_line(text, vhost=vhost) for text in lines.get_column("text")]
    shaped = pl.Series([one is not None for one in fields], dtype=pl.Boolean)
    known = lines.filter(shaped)
    read = pl.DataFrame([one for one in fields if one is not None], schema={**FIELDS, "time": pl.String}, orient="row")
    read = read.with_columns(pl.col("time").str.to_datetime(_TIME, strict=False, time_zone="UTC").cast(TIME))
    timed = read.get_column("time").is_not_null()
    records = pl.concat([known, read], how="horizontal").filter(timed).select(_COLUMNS)
    parts = [Parsed(to_records(records))]
    return join([*parts, reject(lines.filter(~shaped), NO_SHAPE), reject(known.filter(~timed), NO_TIME)])


def parse_line(text: str, *, vhost: bool = False) -> tuple[object, ...] | None:
    """Read one line into FIELDS, the time as text; None where the line has another layout."""
    found = next((match for pattern in _LINES[vhost] if (match := pattern.match(text))), None)
    if found is None:
        return None
    request = _unescape(found["request"])
    words = _REQUEST_LINE.fullmatch(request)
    # Handshakes and noise on the port are logged as requests too, and answered with 400: they are no reason to refuse a line.
    method, target = (words[1], words[2]) if words else (None, request)
    status = None if found["status"] == "-" else int(found["status"])
    size = None if found["bytes"] == "-" else int(found["bytes"])
    referer, ua, forwarded = _after(found["rest"])
    host = found["host"] if vhost else None
    return found["time"], found["ip"], forwarded, host, method, target, status, size, referer, ua


def _after(rest: str) -> tuple[str | None, str | None, str | None]:
    """Split what follows the size into referer, user agent and the remainder."""
    match = _REST.fullmatch(rest) or _RAW_REST.fullmatch(rest)
    if match is None:
        return None, None, rest
    referer, ua = (None if text is None else _unescape(text) for text in match.group(1, 2))
    return referer, ua, match[3]


def _unescape(text: str) -> str:
    r"""Undo what servers do to a field: nginx writes a quote as \x22, Apache as \"."""
    if "\\" not in text:
        return text

    def plain(match: re.Match[bytes]) -> bytes:
        return bytes.fromhex(match[1].decode()) if match[1] else _SHORT[match[2]]

    return _ESCAPE.sub(plain, text.encode("utf-8", "replace")).decode("utf-8", "replace")
