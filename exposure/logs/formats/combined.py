"""nginx's and Apache's combined and common lines, with or without the virtual host in front. Pure.

    IP IDENT USER [25/Oct/2016:14:49:33 +0200] "GET /path HTTP/1.1" 200 612 "REFERER" "USER AGENT" ...

Every line is read here: escaped quotes, spaces in a path, a handshake in place of a request. What follows the user agent is kept
as `forwarded`.
"""

import re

import polars as pl

from exposure.incident import LogSource
from exposure.logs.formats.escapes import unescape
from exposure.logs.formats.layouts import NO_TIME
from exposure.logs.formats.records import LINES, RECORD, Parsed, join, reject, to_records
from exposure.logs.formats.times import parse_clf

# A user name is short: without a limit, a hostile line would be tried from each of its brackets on.
_IP = r"(?P<ip>[^ \[]+|\[[0-9a-fA-F:.]{2,45}\]:[0-9]{1,5})"
_FRONT = _IP + r" (?P<ident>[^ ]+) (?P<user>.{0,255}?[^ ]) \[(?P<time>[^\[\]]{20}(?:[^\[\]]{6})?)\] "
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

# What one line gives, in this order.
_GIVEN = ("time", "ip", "forwarded", "host", "method", "target", "status", "bytes", "referer", "ua")
FIELDS = pl.Schema({name: RECORD[name] for name in _GIVEN})
_COLUMNS = [*LINES, *FIELDS]

NO_SHAPE = "the line is not in the common or combined layout"
NO_ZONE = "the time names no zone: write timezone under [[logs]]"


def parse_combined(lines: pl.DataFrame, log: LogSource | None = None, *, vhost: bool = False) -> Parsed:
    """Read lines (LINES) of one of these layouts; `vhost` is Apache's vhost_combined. No lines give no records.

    All go through a regular expression, a hundred thousand a second. Plain lines of large logs come another way (combined_scan.py).
    A time without an offset (CherryPy writes so) is refused unless `timezone` is given: all others of these lines name theirs.
    """
    zone = log.timezone if log else None
    fields = [parse_line(text, vhost=vhost) for text in lines.get_column("text")]
    shaped = pl.Series([one is not None for one in fields], dtype=pl.Boolean)
    known = lines.filter(shaped)
    read = pl.DataFrame([one for one in fields if one is not None], schema={**FIELDS, "time": pl.String}, orient="row")
    bare = read.get_column("time").str.len_bytes() == len("04/Mar/2026:09:12:00")
    read = read.with_columns(parse_clf(pl.col("time"), zone))
    timed = read.get_column("time").is_not_null()
    zoneless = bare & pl.Series([zone is None])
    records = pl.concat([known, read], how="horizontal").filter(timed).select(_COLUMNS)
    parts = [Parsed(to_records(records))]
    parts += [reject(lines.filter(~shaped), NO_SHAPE), reject(known.filter(~timed & ~zoneless), NO_TIME)]
    return join([*parts, reject(known.filter(zoneless), NO_ZONE)])


def parse_line(text: str, *, vhost: bool = False) -> tuple[object, ...] | None:
    """Read one line into FIELDS, the time as text; None where the line has another layout."""
    found = next((match for pattern in _LINES[vhost] if (match := pattern.match(text))), None)
    if found is None:
        return None
    request = unescape(found["request"])
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
    referer, ua = (None if text is None else unescape(text) for text in match.group(1, 2))
    return referer, ua, match[3]
