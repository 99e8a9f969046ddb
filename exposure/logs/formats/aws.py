"""Access logs of AWS: load balancers (application and classic) and S3. Pure."""

import re

import polars as pl

from exposure.incident import LogSource
from exposure.logs.formats.layouts import CLF, NO_SHAPE, QUOTED, SIZE, STATUS, match_lines, read_groups
from exposure.logs.formats.records import Parsed, join, reject, set_aside
from exposure.logs.formats.times import localise, parse_clf

_STAMP = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,18}Z?"
# The type in front came with the application load balancer; all from the target group on, too, field by field.
_FRONT = tuple(
    rf"(?s)^(?:[a-z][a-z0-9]* )?(?<ended>{_STAMP}) [^ ]+ (?<remote_addr>[^ ]+) [^ ]+ [^ ]+ [^ ]+ [^ ]+"
    rf' (?<status>{STATUS}) [^ ]+ [^ ]+ (?<bytes_sent>{SIZE}) "(?<request>{text})" "(?<http_user_agent>{text})" [^ ]+ [^ ]+'
    for text in QUOTED
)
_FURTHER = tuple(rf' [^ ]+ "{text}" "{text}" "{text}" [^ ]+ (?<created>{_STAMP})' for text in QUOTED)
_END = "(?: .*)?$"
_BALANCER = tuple(
    front + further + _END for front, more in zip(_FRONT, _FURTHER, strict=True) for further in (more, "")
)
_BALANCED = re.compile(
    r"(?:(?:https?|h2|grpcs?|wss?) )?\d{4}-\d\d-\d\dT[\d:.]{8,18}Z? \S+ \S+:\d+ \S+ [\d.-]+ [\d.-]+ [\d.-]+ [\d-]+ [\d-]+ "
    r'\d+ \d+ "'
)

_OBJECT = tuple(
    rf"(?s)^[^ ]+ [^ ]+ \[(?<time_local>{CLF})\] (?<remote_addr>[^ ]+) [^ ]+ (?<request_id>[^ ]+) [^ ]+ [^ ]+"
    rf' (?:"(?<request>{text})"|-) (?<status>{STATUS}) [^ ]+ (?<body_bytes_sent>{SIZE}) [^ ]+ [^ ]+ [^ ]+'
    rf' (?:"(?<http_referer>{text})"|-) (?:"(?<http_user_agent>{text})"|-)'
    for text in QUOTED
)
_HOST = " [^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+ (?<host>[^ ]+)"
_S3 = tuple(front + further + _END for front in _OBJECT for further in (_HOST, ""))
_STORED = re.compile(r"[0-9a-f-]{1,64} [^ ]+ \[[^\]]{26}\] [^ ]+ [^ ]+ [^ ]+ [A-Z0-9]+\.[A-Z0-9_.]+ ")

# Network load balancers and connection logs, which teams export into the same folder: they know no request.
_CONNECTION = rf"^(?:tls [0-9.]+ |{_STAMP} [0-9a-fA-F.:]+ [0-9]+ [0-9]+ )"

CONNECTION = "the line is of a connection, and says nothing of requests"
NO_REQUEST = "S3 did this itself: no client asked for it"


def parse_balancer(lines: pl.DataFrame, _log: LogSource | None = None) -> Parsed:
    """Read lines (LINES) of a load balancer. No lines give no records.

    The time is when the request came (`request_creation_time`); older lines only say when the answer was sent, which for
    websockets is when they were closed.
    """
    found, rest = match_lines(lines, _BALANCER)
    found = found.with_columns(remote_addr=pl.col("remote_addr").str.replace(r":[0-9]{1,5}$", ""))
    parsed = read_groups(found, pl.coalesce(_utc(pl.col("created")), _utc(pl.col("ended"))))
    connection = pl.col("text").str.contains(_CONNECTION)
    return join([parsed, set_aside(rest.filter(connection), CONNECTION), reject(rest.filter(~connection), NO_SHAPE)])


def _utc(stamp: pl.Expr) -> pl.Expr:
    # old classic balancers leave out the Z; the time is UTC all the same
    time = stamp.str.strip_suffix("Z").str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
    return localise(time, None)


def is_balancer(text: str) -> bool:
    """Tell whether a line is a load balancer's."""
    return _BALANCED.match(text) is not None


def parse_s3(lines: pl.DataFrame, _log: LogSource | None = None) -> Parsed:
    """Read lines (LINES) of S3 server access logs. What S3 did itself (lifecycle, batches) is no request."""
    found, rest = match_lines(lines, _S3)
    asked = found.get_column("request").is_not_null() & (found.get_column("request") != "-")
    parsed = read_groups(found.filter(asked), parse_clf(pl.col("time_local"), None))
    return join([parsed, set_aside(found.filter(~asked), NO_REQUEST), reject(rest, NO_SHAPE)])


def is_s3(text: str) -> bool:
    """Tell whether a line is one of S3's."""
    return _STORED.match(text) is not None
