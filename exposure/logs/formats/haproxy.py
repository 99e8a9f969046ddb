"""HAProxy's HTTP log (`option httplog` and `httpslog`), with or without the syslog prefix. Pure.

    … haproxy[14389]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0
    {1wt.eu} {} "GET /index.html HTTP/1.1"

Captured headers stand between braces by their position, which only the configuration knows: each is told by its look.
"""

import re

import polars as pl

from exposure.incident import LogSource
from exposure.logs.formats.escapes import unhash_column
from exposure.logs.formats.layouts import NO_SHAPE, match_lines, read_groups, zone_of
from exposure.logs.formats.records import Parsed, join, reject, set_aside
from exposure.logs.formats.times import parse_clf

_PREFIX = r"^.*?haproxy\[[0-9]+\]: "
_CLIENT = (
    r"(?s)^(?<remote_addr>[^ ]+) "
    r"\[(?<time_local>[0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[0-9:]{8}(?:\.[0-9]{1,6})?(?: [+-][0-9]{4})?)\] [^ ]+ [^ /]+/[^ ]+ "
)
_ANSWER = (
    r"[0-9/+-]+ (?<status>[0-9]{3}|-1) \+?(?<bytes_sent>[0-9]{1,18}) [^ ]+ [^ ]+ [^ ]{4} [0-9/+]+ [0-9/]+ "
    r"(?<captured>(?:\{[^}]*\} ){0,2})"
)
# whole; with a quote inside; cut off where syslog's longest line ends
_ASKED = ('"(?<request>[^"]*)"(?: [^"]*)?$', '"(?<request>.*)"(?: [^"]*)?$', '"(?<request>[^"]*)$')
# Some configurations write one field more behind the server.
_PATTERNS = tuple(_CLIENT + more + _ANSWER + asked for more in ("", "[^ ]+ ") for asked in _ASKED)
_REQUEST = re.compile(
    r"(?:^| )[^ ]+ \[[^\]]{20,33}\] [^ ]+ [^ /]+/[^ ]+ (?:[^ ]+ )?[\d/+-]+ (?:\d{3}|-1) \+?\d+ \S+ \S+ \S{4} "
    r"[\d/+]+ [\d/]+ [{\"]"
)

# What it says of itself; an error of a connection; the TCP log, whose two letters of state tell it from HTTP's four.
_MESSAGE = (
    r"haproxy\[[0-9]+\]: (?:Proxy|Server|Connect from|Backup|backend|Health|Stopping|Pausing|Enabling|Disabling|Reloading"
    r"|Loading|New worker|Current worker|Former worker|Exiting|Resuming|\[?(?:NOTICE|WARNING|ALERT))\b"
    r"|(?:^|\]: )[^ ]+ \[[^\]]+\] (?:[^ ]+: |[^ ]+ [^ ]+ [0-9/+-]+ \+?[0-9]+ [^ ]{2} )"
)

NO_REQUEST = "HAProxy says something of itself or of a connection: no request"

_PART = r"(?:^|[{{|]){}(?:[|}}]|$)"
_LOOKS = {
    "http_user_agent": _PART.format(r"((?:[A-Za-z][A-Za-z0-9_.-]*/[0-9]|Mozilla)[^|}]*)"),
    "http_referer": _PART.format(r"(https?://[^|}]*)"),
    "http_x_forwarded_for": _PART.format(r"([0-9a-fA-F:., ]*[0-9a-fA-F][.:][0-9a-fA-F:][0-9a-fA-F:., ]*)"),
    "host": _PART.format(r"([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z][A-Za-z0-9-]+(?::[0-9]{1,5})?)"),
}


def parse_haproxy(lines: pl.DataFrame, log: LogSource | None = None) -> Parsed:
    """Read lines (LINES) of HAProxy. Messages that are no requests are set apart; no lines give no records."""
    found, rest = match_lines(lines, _PATTERNS, lambda column: column, pl.col("text").str.replace(_PREFIX, ""))
    found = found.with_columns(remote_addr=pl.col("remote_addr").str.replace(r":[0-9]{1,5}$", ""))
    told = found.with_columns(pl.col("captured").str.extract(look, 1).alias(name) for name, look in _LOOKS.items())
    plain = told.with_columns(unhash_column(told.get_column(name)) for name in ("request", *_LOOKS))
    parsed = read_groups(plain, parse_clf(pl.col("time_local"), zone_of(log) or "UTC"))
    message = pl.col("text").str.contains(_MESSAGE)
    return join([parsed, set_aside(rest.filter(message), NO_REQUEST), reject(rest.filter(~message), NO_SHAPE)])


def is_haproxy(text: str) -> bool:
    """Tell whether a line is a request in HAProxy's HTTP log."""
    return _REQUEST.search(text[:2048]) is not None
