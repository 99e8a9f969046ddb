"""W3C extended log files: IIS, CloudFront's standard logs, and others. Pure.

    #Fields: date time cs-method cs-uri-stem cs-uri-query c-ip cs(User-Agent) sc-status
    2026-03-04 09:12:00 GET /static/app.js - 203.0.113.7 Mozilla/5.0+(X11) 200

`#Fields` names the columns of the lines below it, and may stand in a file again with others. Times are UTC by the standard.
CloudFront parts fields by tabs and percent-encodes them; IIS parts them by spaces and writes those inside a field as `+`.
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import unquote

import polars as pl

from exposure.incident import LogSource
from exposure.logs.formats.layouts import cookie, cookie_name, read_groups, zone_of
from exposure.logs.formats.records import LINES, Parsed, by_value, join, reject, set_aside
from exposure.logs.formats.times import localise
from exposure.tables import TIME

# Field -> the group that means the same.
_SAME = {
    "c-ip": "remote_addr",
    "x-forwarded-for": "http_x_forwarded_for",
    "cs(x-forwarded-for)": "http_x_forwarded_for",
    "x-host-header": "host",
    "cs-host": "http_host",
    "cs(host)": "server_name",
    "cs-method": "request_method",
    "cs-uri": "request_uri",
    "cs-uri-stem": "uri",
    "cs-uri-query": "query",
    "sc-status": "status",
    "sc-content-len": "body_bytes_sent",
    "sc-bytes": "bytes_sent",
    "cs(referer)": "http_referer",
    "cs(user-agent)": "http_user_agent",
    "cs(cookie)": "http_cookie",
    "x-edge-request-id": "request_id",
}
# Columns of the lines themselves, which no field may replace.
_OURS = {*LINES, "fields", "dated"}
_HEAD = 2048
_MOST_FIELDS = 256
_FIELDS = "#Fields:"
_DATE = "#Date:"
_LINE = re.compile(r"(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d (?=.* (?:GET|POST|HEAD|OPTIONS|PUT|DELETE|PATCH) )")
_EDGE = re.compile(r"\d{4}-\d\d-\d\d\t\d\d:\d\d:\d\d\t[A-Z]{3}[^\t]*\t(?:\d+|-)\t[^\t]*\t[A-Z-]+\t")

COMMENT = "the line names columns, or is a comment"
NO_FIELDS = "no line above names the columns (#Fields)"
TOO_MANY = "the line above names more columns than any server has"
OTHER_NUMBER = "the line has another number of fields than #Fields names"


def parse_w3c(lines: pl.DataFrame, log: LogSource | None = None) -> Parsed:
    """Read lines (LINES), with the `#Fields` and `#Date` of further up as lines 0. No lines give no records."""
    text = pl.col("text")
    headed = lines.with_columns(
        pl.when(text.str.starts_with(sign)).then(text).forward_fill().over("source").alias(name)
        for name, sign in (("fields", _FIELDS), ("dated", _DATE))
    )
    comment = text.str.starts_with("#")
    rows = headed.filter(~comment)
    parts = [
        set_aside(lines.filter(comment), COMMENT),
        reject(rows.filter(pl.col("fields").is_null()), NO_FIELDS),
    ]
    for (fields,), below in rows.drop_nulls("fields").group_by("fields", maintain_order=True):
        for tabbed in (True, False):
            some = below.filter(text.str.contains("\t", literal=True) == tabbed)
            if some.height:
                parts.append(_parse_below(str(fields), some, log, tabbed=tabbed))
    return join(parts)


def field_names(header: str) -> list[str]:
    """Give the names in a line `#Fields: …`, lowercase."""
    return header.removeprefix(_FIELDS).lower().split()


def _parse_below(header: str, rows: pl.DataFrame, log: LogSource | None, *, tabbed: bool) -> Parsed:
    """Read the lines of one set of columns."""
    names = field_names(header)
    if len(names) > _MOST_FIELDS:
        return reject(rows, TOO_MANY)
    text = pl.col("text")
    single = text if tabbed else text.str.strip_chars(" ").str.replace_all(" {2,}", " ")
    split = single.str.splitn("\t" if tabbed else " ", len(names) + 1)
    values = rows.select(split.alias("_")).unnest("_")
    # between tabs last fields may be missing or new; between spaces another number means that all have shifted
    exact = values[:, -1].is_null() & values[:, len(names) - 1].is_not_null()
    fit = exact | pl.repeat(tabbed, rows.height, dtype=pl.Boolean, eager=True)
    groups = {_SAME.get(name, name): place for place, name in reversed(list(enumerate(names)))}
    columns = [values[:, place].alias(group) for group, place in groups.items() if group not in _OURS]
    found = pl.concat([rows, pl.DataFrame(columns)], how="horizontal").filter(fit)
    parsed = read_groups(_plain(found, tabbed=tabbed), _time(found.columns, log), _session(found.columns, log))
    return join([parsed, reject(rows.filter(~fit), OTHER_NUMBER)])


def _plain(rows: pl.DataFrame, *, tabbed: bool) -> pl.DataFrame:
    """Undo how a browser's name is written; addresses of pages stay as they were asked for."""
    if "http_user_agent" not in rows.columns:
        return rows
    ua = rows.get_column("http_user_agent")
    return rows.with_columns(http_user_agent=by_value(ua, _unquoted if tabbed else _unplussed))


def _unquoted(ua: pl.Expr) -> pl.Expr:
    return ua.map_batches(
        lambda values: pl.Series([text and unquote(text) for text in values], dtype=pl.String), pl.String
    )


def _unplussed(ua: pl.Expr) -> pl.Expr:
    return ua.str.replace_all("+", " ", literal=True)


def _time(columns: Sequence[str], log: LogSource | None) -> pl.Expr:
    """Read date and time. Without a date that of `#Date` counts, and a time before it is of the next day."""
    if "time" not in columns:
        return pl.lit(None, TIME)
    headed = pl.col("dated").str.strip_prefix(_DATE).str.strip_chars(" ")
    day, since = headed.str.head(10), headed.str.slice(11, 8)
    late = pl.when(pl.col("time") < since).then(timedelta(days=1)).otherwise(timedelta())
    if "date" in columns:
        day, late = pl.col("date"), pl.lit(timedelta())
    stamp = pl.concat_str([day, pl.col("time").str.head(8)], separator=" ")
    return localise(stamp.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us") + late, zone_of(log))


def _session(columns: Sequence[str], log: LogSource | None) -> pl.Expr | None:
    asked = log.session if log else None
    group = session_field(asked, columns)
    if group is None:
        return None
    name = cookie_name(asked)
    return cookie(pl.col(group), name) if name else pl.col(group)


def session_field(session: str | None, names: Sequence[str]) -> str | None:
    """Find the column that gives `session` of [[logs]]; None where none does."""
    if session is None:
        return None
    bare = session.lower()
    asked = ["http_cookie"] if cookie_name(session) else [_SAME.get(bare, bare), f"cs({bare})"]
    return next((name for name in asked if name in names), None)


def gives_session(session: str, sample: Sequence[str]) -> bool:
    """Tell whether a file's lines say what `session` asks for."""
    named = [name for text in sample if text.startswith(_FIELDS) for name in field_names(text)]
    return session_field(session, [_SAME.get(name, name) for name in named]) is not None


def is_w3c(text: str) -> bool:
    """Tell whether a line is one of IIS, or names columns as all of them do but CloudFront."""
    if text.startswith(_FIELDS):
        return "x-edge-" not in text
    return "\t" not in text[:_HEAD] and _LINE.match(text[:_HEAD]) is not None


def is_cloudfront(text: str) -> bool:
    """Tell whether a line is one of CloudFront's standard logs, or names their columns."""
    return (text.startswith(_FIELDS) and "x-edge-" in text) or _EDGE.match(text) is not None
