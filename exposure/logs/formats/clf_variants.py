"""Lines that hold a common or combined line among further fields: Traefik's CLF, and syslog as Fastly and nginx send it. Pure."""

import re

import polars as pl

from exposure.incident import LogSource
from exposure.logs.formats.layouts import (
    CLF,
    NO_SHAPE,
    QUOTED,
    SIZE,
    STATUS,
    match_lines,
    read_groups,
    read_layout,
    zone_of,
)
from exposure.logs.formats.records import Parsed, join, reject
from exposure.logs.formats.times import parse_clf

# So much of a line is looked at to tell its format: Python's patterns may try every part of a hostile one with every other.
_ENOUGH = 2048
# Of users whose name holds a bracket, the second takes all up to the time.
_USER = (r"[^\[]*", ".*? ")
# Older versions write a missing referer without quotes.
_TRAEFIK = tuple(
    rf'(?s)^(?<remote_addr>[^ ]+) {user}\[(?<time_local>{CLF})\] "(?<request>{text})" (?<status>{STATUS})'
    rf' (?<body_bytes_sent>{SIZE})(?: (?:"(?<http_referer>{text})"|-) (?:"(?<http_user_agent>{text})"|-)(?: .*)?)?$'
    for user, text in zip(_USER, QUOTED, strict=True)
)
_IS_TRAEFIK = re.compile(r'" (?:\d{3}|-) (?:\d+|-) (?:"|- ).*(?:"|-) (?:\d+|-) (?:"[^"]*"|-) (?:"[^"]*"|-) \d+ms$')

_MONTHS = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_PREFIX = rf"(?:<[0-9]{{1,3}}>(?:1 )?|{_MONTHS} [ 0-9][0-9] [0-9:]{{8}} )[^\"\[]*?(?:\[[0-9]+\])?: "
_HTTP_TIME = r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT"
_SYSLOG = tuple(
    rf'(?s)^(?<remote_addr>[^ ]+) {user}\[(?<time_local>{CLF})\] "(?<request>{text})" (?<status>{STATUS})'
    rf' (?<body_bytes_sent>{SIZE})(?: "(?<http_referer>{text})" "(?<http_user_agent>{text})"(?: .*)?)?$'
    for user, text in zip(_USER, QUOTED, strict=True)
)
_FASTLY = rf'(?s)^(?<remote_addr>[^ ]+) [^ ]+ [^ ]+ (?<time_http>{_HTTP_TIME}) "(?<request>.*?)" (?<status>{STATUS})'
_FASTLY += rf" (?<body_bytes_sent>{SIZE})(?: .*)?$"
_IS_SYSLOG = re.compile(rf'{_PREFIX}\S+ \S+ [^\["]{{0,255}}(?:"-" )?(?:\[[^\]]{{20,26}}\]|{_HTTP_TIME}) "')


def parse_traefik_clf(lines: pl.DataFrame, log: LogSource | None = None) -> Parsed:
    """Read lines (LINES) as Traefik writes them by default. No lines give no records."""
    return read_layout(lines, _TRAEFIK, parse_clf(pl.col("time_local"), zone_of(log)))


def is_traefik_clf(text: str) -> bool:
    """Tell Traefik's lines by what follows the user agent: a number, router, server, and how long it took."""
    return text.endswith("ms") and _IS_TRAEFIK.search(text[-_ENOUGH:]) is not None


def parse_syslog(lines: pl.DataFrame, log: LogSource | None = None) -> Parsed:
    """Read lines (LINES) of syslog that carry common or combined ones. The time is the request's, not syslog's."""
    bare = pl.col("text").str.replace(f"^{_PREFIX}", "")
    found, rest = match_lines(lines, _SYSLOG, text=bare)
    dated, rest = match_lines(rest, [_FASTLY], text=bare)
    stamp = pl.col("time_http").str.to_datetime("%a, %d %b %Y %H:%M:%S GMT", strict=False, time_unit="us")
    parts = [
        read_groups(found, parse_clf(pl.col("time_local"), zone_of(log))),
        read_groups(dated, stamp.dt.replace_time_zone("UTC")),
    ]
    return join([*parts, reject(rest, NO_SHAPE)])


def is_syslog(text: str) -> bool:
    """Tell whether a syslog prefix stands before a common or combined line."""
    return _IS_SYSLOG.match(text[:_ENOUGH]) is not None
