"""nginx's and Apache's combined and common lines, with or without the virtual host in front. Pure.

    IP IDENT USER [25/Oct/2016:14:49:33 +0200] "GET /path HTTP/1.1" 200 612 "REFERER" "USER AGENT" ...

Plain lines are split by columns at three million a second; the others (escaped quotes, spaces in a path, a handshake in place
of a request) go line by line through a regular expression. What follows the user agent is kept as `forwarded`.
"""

import re

import polars as pl

from exposure.incident import LogSource
from exposure.logs.escapes import unescape
from exposure.logs.records import LINES, Parsed, join, reject, shape, to_records
from exposure.logs.times import parse_clf
from exposure.tables import TIME

_TIME = "%d/%b/%Y:%H:%M:%S %z"
# Every further method is read by the slow way.
_METHODS = ["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"]
_AFTER = r'^$|^ [^"]*(?:"[^"]*"[^"]*)*$'  # an odd quote means that one of them stands inside a field
_TAIL = r"^ [0-9]{3} (?:[0-9]{1,18}|-) ?$"

# A user name is short: without a limit, a hostile line would be tried from each of its brackets on.
_FRONT = r"(?P<ip>[^ \[]+) (?P<ident>[^ ]+) (?P<user>.{0,255}?[^ ]) \[(?P<time>[^\[\]]{20}(?:[^\[\]]{6})?)\] "
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
NO_ZONE = "the time names no zone: write timezone under [[logs]]"


def parse_combined(lines: pl.DataFrame, log: LogSource | None = None, *, vhost: bool = False) -> Parsed:
    """Read lines (LINES) of one of these layouts; `vhost` is Apache's vhost_combined. No lines give no records.

    A time without an offset (CherryPy writes so) is refused unless `timezone` is given: all others of these lines name theirs.
    """
    split = _split(lines, vhost=vhost)
    plain = split.filter("plain")
    others = split.filter(~pl.col("plain")).select("source", "line", "text")
    fast = Parsed(to_records(plain.select(_COLUMNS)))
    return join([fast, _parse_slowly(others, log.timezone if log else None, vhost=vhost)]) if others.height else fast


def _split(lines: pl.DataFrame, *, vhost: bool) -> pl.DataFrame:
    """Split every line by its quotes. `plain` is true where that was right; the other rows hold nonsense."""
    part = [pl.col("parts").struct.field(f"field_{number}") for number in range(7)]
    front = part[0].str.splitn(" ", 3 if vhost else 2)
    request = part[1].str.splitn(" ", 3)
    version = pl.col("request").struct.field("field_2")
    time = part[0].str.tail(28).str.head(26).str.to_datetime(_TIME, strict=False, time_zone="UTC")
    plain = (
        ~pl.col("text").str.contains("\\", literal=True)
        & pl.col("time").is_not_null()
        & pl.col("method").is_in(_METHODS)
        & version.str.starts_with("HTTP/")
        & (version.str.len_bytes() <= len("HTTP/1.1"))
        & part[2].str.contains(_TAIL)
        & (part[3].is_null() | ((part[4] == " ") & part[6].str.contains(_AFTER)))
    )
    split = lines.lazy().with_columns(pl.col("text").str.splitn('"', 7).alias("parts"))
    split = split.with_columns(request.alias("request"), front.alias("front"))
    split = split.select(
        "source",
        "line",
        "text",
        "parts",
        "request",
        time=time.cast(TIME),
        ip=pl.col("front").struct.field("field_1" if vhost else "field_0"),
        host=pl.col("front").struct.field("field_0") if vhost else pl.lit(None, pl.String),
        method=pl.col("request").struct.field("field_0"),
        target=pl.col("request").struct.field("field_1"),
        status=part[2].str.slice(1, 3).cast(pl.UInt16, strict=False),
        bytes=part[2].str.slice(5).str.strip_chars(" ").cast(pl.Int64, strict=False),
        referer=part[3],
        ua=part[5],
        forwarded=part[6],
    )
    return split.with_columns(plain=plain.fill_null(value=False)).collect()


def _parse_slowly(lines: pl.DataFrame, zone: str | None, *, vhost: bool) -> Parsed:
    """Read line by line what columns cannot."""
    fields = [parse_line(text, vhost=vhost) for text in lines.get_column("text")]
    shaped = pl.Series([one is not None for one in fields], dtype=pl.Boolean)
    known = lines.filter(shaped)
    read = pl.DataFrame([one for one in fields if one is not None], schema={**FIELDS, "time": pl.String}, orient="row")
    zoned = read.get_column("time").str.len_bytes() == len("04/Mar/2026:09:12:00 +0000")
    read = read.with_columns(parse_clf(pl.col("time"), zone))
    dated = read.get_column("time").is_not_null()
    timed = dated if zone else dated & zoned
    records = pl.concat([known, read], how="horizontal").filter(timed).select(_COLUMNS)
    parts = [Parsed(to_records(records))]
    parts += [reject(lines.filter(~shaped), NO_SHAPE), reject(known.filter(~dated), NO_TIME)]
    return join([*parts, reject(known.filter(dated & ~timed), NO_ZONE)])


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
