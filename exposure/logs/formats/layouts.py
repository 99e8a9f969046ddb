"""Lines of text whose layout is a pattern -> records. Pure.

Patterns are Rust regular expressions, which polars matches in linear time whatever a line holds. Their groups bear nginx's names
of variables (`remote_addr`, `request`, `status` ...), so that all text formats share the way from there on.
"""

import re
from collections.abc import Callable, Iterable, Sequence

import polars as pl

from exposure.incident import LogSource
from exposure.logs.formats.escapes import unescape_column
from exposure.logs.formats.records import Parsed, join, reject, to_records

NO_SHAPE = "the line is not in the layout of its format"
NO_TIME = "the time cannot be read"

# Column of RECORD <- the groups that may say it; the first that does counts.
SAID: dict[str, tuple[str, ...]] = {
    "ip": ("remote_addr", "peer_addr", "realip_remote_addr", "proxy_protocol_addr"),
    # what proxies say of the client; believed only where `trusted_proxies` names them
    "forwarded": ("http_x_forwarded_for", "http_cf_connecting_ip", "http_true_client_ip", "http_x_real_ip"),
    "host": ("host", "http_host", "server_name"),
    "method": ("method", "request_method"),
    "target": ("target", "request_uri"),
    "status": ("status", "status_first"),
    "bytes": ("body_bytes_sent", "bytes_sent"),
    "referer": ("http_referer",),
    "ua": ("http_user_agent",),
    "request_id": ("request_id",),
    "session": ("session",),
    "body": ("request_body",),
}
CLIENT = SAID["ip"] + SAID["forwarded"]
# A field in quotes: first as servers escape; else up to the quote after which the line goes on as it should.
QUOTED = (r'(?:[^"\\]|\\.)*', ".*?")
CLF = r"[0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[0-9:]{8}(?: [+-][0-9]{4})?"
STATUS = "[0-9]{3}|-"
SIZE = "[0-9]{1,18}|-"
_HIT = "_hit"
_COOKIE = "cookie:"


def match_lines(
    lines: pl.DataFrame,
    patterns: Sequence[str],
    undo: Callable[[pl.Series], pl.Series] = unescape_column,
    text: pl.Expr | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Try patterns in turn on every line (LINES), or on `text` of it. Gives those that match, with their groups, and the others.

    The first pattern has all groups. `undo` takes the server's escapes out of them; what a line does not say is null. A pattern
    whose next step is always clear from the next character (no `.*?`, no two branches that begin alike) is three times faster.
    """
    text = pl.col("text") if text is None else text
    parts = []
    for pattern in patterns:
        groups = lines.select(text.str.extract_groups(f"{pattern}(?<{_HIT}>)").alias("_")).unnest("_")
        hit = groups.get_column(_HIT).is_not_null()
        found = pl.concat([lines, groups.drop(_HIT)], how="horizontal").filter(hit)
        parts.append(found.with_columns(undo(found.get_column(name)) for name in groups.columns[:-1]))
        lines = lines.filter(~hit)
        if lines.is_empty():
            break
    return pl.concat(parts, how="diagonal"), lines


def read_groups(found: pl.DataFrame, time: pl.Expr, session: pl.Expr | None = None) -> Parsed:
    """Make records of lines that match, by the names of their groups; `time` gives UTC, and lines without are refused."""
    rows = found.with_columns(time=time)
    if session is not None:
        rows = rows.with_columns(session=session)
    if "request" in rows.columns:
        rows = rows.with_columns(split_request(pl.col("request")))
    if "uri" in rows.columns and "request_uri" not in rows.columns:
        rows = rows.with_columns(target=_whole_target(rows.columns))
    timed = rows.get_column("time").is_not_null()
    said = {name: _first(groups, rows.columns) for name, groups in SAID.items()}
    if said["ip"] is None and said["forwarded"] is not None:
        # the last hop is what the nearest proxy saw; what stands before, anyone may have written
        said["ip"] = said["forwarded"].str.extract(r"([^, ]+)\s*$", 1)
    records = rows.filter(timed).select(
        "source",
        "line",
        "text",
        "time",
        **{name: expression for name, expression in said.items() if expression is not None},
        headers=_counts_headers(rows.columns),
    )
    numbers = {"status": pl.UInt16, "bytes": pl.Int64}
    records = records.with_columns(
        pl.col(name).cast(kind, strict=False) for name, kind in numbers.items() if name in records.columns
    )
    return join([Parsed(to_records(records)), reject(rows.filter(~timed), NO_TIME)])


def _counts_headers(columns: Sequence[str]) -> pl.Expr:
    """Tell where only the size of the whole answer is known."""
    body, whole = (pl.col(name) if name in columns else pl.lit("-") for name in SAID["bytes"])
    return body.fill_null("-").is_in(["-", ""]) & ~whole.fill_null("-").is_in(["-", ""])


def _first(groups: Iterable[str], columns: Sequence[str]) -> pl.Expr | None:
    """Give what the first of these groups says; a dash says nothing, but as the target of a request."""
    there = [name for name in groups if name in columns]
    if not there:
        return None
    said = [pl.col(name) if name == "target" else pl.when(~pl.col(name).is_in(["-", ""])).then(name) for name in there]
    return pl.coalesce(said)


def split_request(request: pl.Expr) -> list[pl.Expr]:
    """Split a request line into `method` and `target`. What is no request line (a handshake, noise) is the target whole."""
    parts = request.str.splitn(" ", 2)
    method, rest = (parts.struct.field(f"field_{number}") for number in range(2))
    known = method.str.contains(r"^[A-Z][A-Z_-]{0,31}$") & (rest.str.len_bytes() > 0)
    target = pl.when(known).then(rest.str.replace(r" HTTP/[0-9.]+$", "")).otherwise(request)
    return [pl.when(known).then(method).alias("method"), target.alias("target")]


def _whole_target(columns: Sequence[str]) -> pl.Expr:
    """Join path and query where a layout has them apart; where it has the request as well, that counts."""
    query = pl.lit(None, pl.String)
    for name in ("query", "args"):
        query = pl.coalesce(query, pl.col(name)) if name in columns else query
    bare = query.str.strip_prefix("?")
    asked = pl.when(~bare.is_in(["", "-"])).then(pl.lit("?") + bare).fill_null("")
    whole = pl.col("uri") + asked
    return pl.coalesce("target", whole) if "target" in columns else whole


def cookie(header: pl.Expr, name: str) -> pl.Expr:
    """Give one cookie of a Cookie header, be its spaces written as `+` or `%20`; null where it is not among them."""
    return header.str.extract(rf"(?:^|;)(?:\s|\+|%20)*{re.escape(name)}=([^;]*)", 1)


def cookie_name(session: str | None) -> str | None:
    """Give NAME of `session = "cookie:NAME"`."""
    return session.removeprefix(_COOKIE) if session and session.startswith(_COOKIE) else None


def read_layout(lines: pl.DataFrame, patterns: Sequence[str], time: pl.Expr, session: pl.Expr | None = None) -> Parsed:
    """Read lines (LINES) in one layout. No lines give no records."""
    found, rest = match_lines(lines, patterns)
    return join([read_groups(found, time, session), reject(rest, NO_SHAPE)])


def zone_of(log: LogSource | None) -> str | None:
    """Give the zone of lines that name none; None means UTC."""
    return log.timezone if log else None
