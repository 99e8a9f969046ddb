"""Lines of JSON objects -> records, by a table that says under which paths each field stands. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from urllib.parse import unquote

import polars as pl

from exposure.incident import LogField, LogSource
from exposure.logs.formats.json_lines import decode_object, decode_paths, find
from exposure.logs.formats.records import Parsed, by_value, join, reject, set_aside, to_records
from exposure.logs.formats.times import localise, parse_clf, parse_time
from exposure.tables import TIME

NO_JSON = "the line is not a JSON object"
NO_TIME = "there is no time that can be read"
NO_ZONE = "the time names no zone: write timezone under [[logs]]"
BAD_ROW = "the row has more or fewer values than there are names of columns"
NAMES = "names of columns"
NO_REQUEST = "the line is no request"

# Fields of which the first path that says something counts. They are RECORD's but for `request`, which is a request line, `path`
# and `query`, which are joined, and `whole`, which is a size with headers.
_FIRST = (
    *("ip", "forwarded", "host", "method", "target", "request", "path", "query", "status", "bytes", "whole"),
    *("referer", "ua", "request_id", "session", "event", "version"),
)
# Fields whose values are all kept: addresses of one user may stand in several places.
_ALL = ("address", "body")
# What incident.toml calls a field (exposure.incident.LogField), where the table has another name for it.
_NAMED = {"user_agent": "ua"}
# Lines that are read together: a broken one sends its part the slow way, and short lines by the ten thousand take memory.
_TOGETHER = 16_384
_REQUEST_LINE = r"(?s)^([A-Z][A-Z_-]{0,31}) (.+?)(?: HTTP/[0-9.]+)?$"
_ZONELESS = r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{4,8}(?:[.,][0-9]+)?\s*$"
_NAIVE = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a format keeps its fields: a field's name -> paths (`json_lines`), tried in order.

    `marks`: of each group of paths a request has one; they tell the format, and a line without them is no request. `zone` is that
    of times without one, where the vendor says so. `encoded` fields are percent-encoded once more by the server. `event` is what
    all lines are, where they do not say. With `whole_line` the line itself is the body. `general`: its names are those
    that people choose, so that a line of another format may have them too. The others are as in `formats.Format`.
    """

    name: str
    title: str
    example: str
    fields: Mapping[str, Sequence[str]]
    marks: Sequence[Sequence[str]]
    zone: str | None = None
    encoded: Sequence[str] = ()
    event: str | None = None
    whole_line: bool = False
    general: bool = False
    request_ids: bool = False
    events: bool = False
    limits: str = ""

    @property
    def paths(self) -> list[str]:
        """Give all paths, each once."""
        named = [path for paths in self.fields.values() for path in paths]
        return list(dict.fromkeys([*named, *(path for group in self.marks for path in group)]))


def recognise_by(layout: Layout, text: str) -> bool:
    """Tell whether a line is an object with a path of every mark."""
    if not all(any(_opening(path) in text for path in group) for group in layout.marks):
        return False  # without reading it: every format looks at every line of a sample
    item = decode_object(text)
    return item is not None and all(any(find(item, path) is not None for path in group) for group in layout.marks)


@cache
def _opening(path: str) -> str:
    """Give what a line holds where a path's first key stands in it, be it flattened or not."""
    return '"' + re.split(r"[.\[]| ~ ", path, maxsplit=1)[0]


def parse_by(layout: Layout, lines: pl.DataFrame, log: LogSource) -> Parsed:
    """Read lines (LINES) that hold one object each. Fields that incident.toml maps are looked for there first."""
    mapped = _mapped(layout, log.fields or {})
    return join([_parse(mapped, part, log) for part in lines.iter_slices(_TOGETHER)])


def _parse(layout: Layout, lines: pl.DataFrame, log: LogSource) -> Parsed:
    known, values, broken = decode_paths(lines, layout.paths)
    rows = pl.concat([known, values.rename(_column)], how="horizontal")
    times = [_read_times(rows.get_column(_column(path)), log.timezone or layout.zone) for path in layout.fields["time"]]
    rows = rows.with_columns(time=pl.select(pl.coalesce(times)).to_series(), _marked=_marked(layout))
    timed = rows.filter(pl.col("time").is_not_null())
    untimed = rows.filter(pl.col("time").is_null())
    zoneless = pl.any_horizontal(pl.col(_column(path)).str.contains(_ZONELESS) for path in layout.fields["time"])
    zoneless = zoneless.fill_null(value=False)
    listed = pl.col("text").str.starts_with('["')
    return join(
        [
            Parsed(_records(timed.filter("_marked"), layout)),
            set_aside(timed.filter(~pl.col("_marked")), NO_REQUEST),
            set_aside(broken.filter(listed & (pl.col("line") == 1)), NAMES),
            reject(broken.filter(listed & (pl.col("line") != 1)), BAD_ROW),
            reject(broken.filter(~listed), NO_JSON),
            reject(untimed.filter(zoneless), NO_ZONE),
            reject(untimed.filter(~zoneless), NO_TIME),
        ]
    )


def _column(path: str) -> str:
    """Name a path's column so that it meets none of ours."""
    return "@" + path


def _mapped(layout: Layout, mapping: Mapping[LogField, str]) -> Layout:
    """Put the paths that incident.toml names before the layout's own. Whoever maps a field knows what a line is: no marks."""
    if not mapping:
        return layout
    fields = dict(layout.fields)
    for named, path in mapping.items():
        name: str = _NAMED.get(named, named)
        # other addresses of a line may be anybody's; a path that was named is not to be had from other fields
        fields[name] = (path,) if name in ("address", "path") else (path, *fields.get(name, ()))
    if "path" in mapping:
        fields |= {"target": (), "request": (), "query": (mapping["query"],) if "query" in mapping else ()}
    return replace(layout, fields=fields, marks=())


def _marked(layout: Layout) -> pl.Expr:
    groups = (pl.any_horizontal(pl.col(_column(path)).is_not_null() for path in group) for group in layout.marks)
    return pl.all_horizontal(pl.lit(value=True), *groups)


def _read_times(times: pl.Series, zone: str | None) -> pl.Series:
    """Read a column of times in any of the ways that we know; those without a zone only where `zone` says theirs."""
    if times.null_count() == len(times):
        return pl.Series(times.name, [None], dtype=TIME).new_from_index(0, len(times))
    read = by_value(times, parse_time)
    left = times.is_not_null() & read.is_null()
    if not left.any():
        return read
    odd = by_value(times.filter(left), partial(_read_odd_time, zone=zone))
    return read.scatter(left.arg_true(), odd)


def _read_odd_time(time: pl.Expr, zone: str | None) -> pl.Expr:
    text = time.str.strip_chars()
    named = parse_time(text.str.replace(r"(?i) ?(?:utc|gmt)$", "Z"))
    clf = pl.when(text.str.contains(r"^[0-9]{1,2}/.* [+-][0-9]{4}$")).then(parse_clf(text, None))
    if zone is None:
        return pl.coalesce(named, clf)
    naive = [text.str.to_datetime(form, strict=False, time_unit="us") for form in _NAIVE]
    return pl.coalesce(named, clf, localise(pl.coalesce(naive), zone))


def _records(rows: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """Turn rows with a time and a column for every path into records."""
    first = {name: _first(layout, name) for name in _FIRST}
    request = first["request"]
    told = request.str.extract(_REQUEST_LINE, 2)
    query = first["query"].str.strip_prefix("?")
    asks = query.is_not_null() & ~first["path"].str.contains("?", literal=True)
    joined = pl.when(asks).then(pl.concat_str(first["path"], pl.lit("?"), query)).otherwise(first["path"])
    size, whole = (first[name].cast(pl.Int64, strict=False) for name in ("bytes", "whole"))
    texts = [pl.col(_column(path)) for name in _ALL for path in layout.fields.get(name, ())]
    body = pl.concat_str(texts, separator="\n", ignore_nulls=True) if texts else pl.lit(None, pl.String)
    event = first["event"] if layout.event is None else first["event"].fill_null(layout.event)
    plain = ("ip", "forwarded", "host", "referer", "ua", "request_id", "session", "version")
    records = rows.select(
        "source",
        "line",
        "time",
        "text",
        **{name: first[name] for name in plain},
        method=pl.coalesce(first["method"], request.str.extract(_REQUEST_LINE, 1)),
        target=pl.coalesce(first["target"], told, request, joined),
        status=first["status"].cast(pl.UInt16, strict=False),
        bytes=pl.coalesce(size, whole),
        headers=size.is_null() & whole.is_not_null(),
        body=pl.col("text") if layout.whole_line else body,
        event=event,
    )
    decoded = [by_value(records.get_column(name), _decode_percents).alias(name) for name in layout.encoded]
    return to_records(records.with_columns(decoded))


def _decode_percents(text: pl.Expr) -> pl.Expr:
    return text.map_elements(unquote, return_dtype=pl.String)


def _first(layout: Layout, name: str) -> pl.Expr:
    """Give the first of a field's paths that says something."""
    columns = [pl.col(_column(path)) for path in layout.fields.get(name, ())]
    said = [pl.when(~column.is_in(["", "-"])).then(column) for column in columns]
    return pl.coalesce(said) if said else pl.lit(None, pl.String)
