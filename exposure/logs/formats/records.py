"""What every format is read into: one record a line, and the lines that could not be read. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl

from exposure.logs.hints import PHRASE_WORDS, hint_expr, odd_agent
from exposure.tables import TIME


def shape(**columns: pl.DataType | type[pl.DataType]) -> pl.Schema:
    """Name the columns of a frame and their types."""
    return pl.Schema(columns)


# A line as it came: `source` is the number of the file in this run, `line` counts from 1 as `sed -n` does. Line 0 is none of the
# block: it repeats the line further up that names the columns (`Format.header`), and is not counted again.
LINES = shape(source=pl.UInt32, line=pl.UInt64, text=pl.String)

# `target` is path and query as sent; `forwarded` what follows the known fields (there nginx writes X-Forwarded-For);
# `headers` tells that `bytes` counts headers too; `request_id` is the server's own id of the request, where it has one.
# `session` is the user's session or id as the site knows it, `body` further text that may name addresses (a request's body, an
# event's own fields); `event` and `version` (of the app) come from events. `hints` says what is worth a closer look (hints.py).
# `who` and `ask` are numbers for what NUMBERED columns hold together: where the number is the same, the text is. They are compared
# within a run, and never written.
RECORD = shape(
    source=pl.UInt32,
    line=pl.UInt64,
    time=TIME,
    ip=pl.String,
    forwarded=pl.String,
    host=pl.String,
    method=pl.String,
    target=pl.String,
    status=pl.UInt16,
    bytes=pl.Int64,
    headers=pl.Boolean,
    referer=pl.String,
    ua=pl.String,
    request_id=pl.String,
    session=pl.String,
    body=pl.String,
    event=pl.String,
    version=pl.String,
    text=pl.String,
    hints=pl.UInt8,
    who=pl.UInt64,
    ask=pl.UInt64,
)
NUMBERED = {"who": ("ip", "ua", "session"), "ask": ("host", "target")}
REJECT = shape(source=pl.UInt32, line=pl.UInt64, text=pl.String, reason=pl.String)

_SAID = ("referer", "ua", "request_id", "session", "body", "event", "version")
# Labels as DNS has them; so long a row of hex digits is a key that someone put there, so many words are a phrase.
_LABEL = "[a-z0-9_-]{1,63}"
_HOST = rf"^{_LABEL}(?:\.{_LABEL})*$"
_KEY = "[0-9a-f]{41}"
_WORD = "[a-z]{3}[a-z]*"
_METHOD = "^[A-Za-z_-]{1,32}$"
_PORTED = r"^[^:]*:[0-9]|\]:"
_PORT = r"^(?:\[([^\]]*)\]|([^:]*)):[0-9]{1,5}$"
_IP_HOST = r"^\[?[0-9a-f:]*:[0-9a-f:.]*\]?$|^[0-9]{1,3}(?:\.[0-9]{1,3}){3}$"


@dataclass(frozen=True, slots=True)
class Parsed:
    """Lines read: `records` by RECORD, `rejects` by REJECT. Together with `others` they hold every line exactly once.

    `others` (by REJECT) are lines that the format knows and that are no requests: names of columns, comments, messages of the
    server. Line 0 is in none of them.
    """

    records: pl.DataFrame
    rejects: pl.DataFrame = field(default_factory=REJECT.to_frame)
    others: pl.DataFrame = field(default_factory=REJECT.to_frame)


def join(parts: Sequence[Parsed]) -> Parsed:
    """Put what several ways of reading gave into one."""
    return Parsed(
        pl.concat([RECORD.to_frame(), *(part.records for part in parts)]),
        pl.concat([REJECT.to_frame(), *(part.rejects for part in parts)]),
        pl.concat([REJECT.to_frame(), *(part.others for part in parts)]),
    )


def reject(lines: pl.DataFrame, reason: str) -> Parsed:
    """Refuse all these lines for one reason. The reason is a fixed text: a parser's message may quote a secret."""
    return Parsed(RECORD.to_frame(), lines.select(*LINES, pl.lit(reason).alias("reason")))


def set_aside(lines: pl.DataFrame, reason: str) -> Parsed:
    """Put lines that are no requests aside; the reason is a fixed text."""
    rows = lines.filter(pl.col("line") > 0).select(*LINES, pl.lit(reason).alias("reason"))
    return Parsed(RECORD.to_frame(), REJECT.to_frame(), rows)


def to_records(rows: pl.DataFrame) -> pl.DataFrame:
    """Give rows that hold some of RECORD's columns all of them, tidied: what a format does not say is null."""
    return with_hints(tidy(fill(rows)))


def with_hints(records: pl.DataFrame) -> pl.DataFrame:
    """Give records their hints and numbers."""
    numbers = {name: number_of(columns) for name, columns in NUMBERED.items()}
    return records.with_columns(hints=hint_expr(by_value(records.get_column("ua"), odd_agent)), **numbers)


def fill(rows: pl.DataFrame) -> pl.DataFrame:
    """Give rows that hold some of RECORD's columns all of them: what a format does not say is null."""
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in RECORD.items() if name not in rows.columns]
    return rows.with_columns(missing).with_columns(pl.col("headers").fill_null(value=False)).select(list(RECORD))


def compact(rows: pl.DataFrame) -> pl.DataFrame:
    """Copy the text of rows that are kept: views of a block would hold all of it in memory."""
    return pl.DataFrame(rows.to_arrow(compat_level=pl.CompatLevel.oldest()))


def number_of(columns: Sequence[str]) -> pl.Expr:
    """Give one number for what several columns hold together; rows that hold the same have the same, here and in every block."""
    number = pl.lit(0, pl.UInt64)
    for name in columns:
        number = number * 31 + pl.col(name).hash()
    return number


def tidy(records: pl.DataFrame) -> pl.DataFrame:
    """Bring fields that any client may write as it likes into one form.

    `-` becomes null; `http://host/path` gives its host and path; hosts are lowercase, without port, and null where they are
    no host; a method that is none is null. An IP address as host is not written anywhere. The client's port is left out: it changes
    with every connection.
    """
    absolute = pl.col("target").str.contains(r"^(?i:https?)://")
    if records.select(absolute.any()).item():
        inside = pl.col("target").str.extract(r"^(?i:https?)://([^/?#]*)", 1)
        rest = pl.col("target").str.replace(r"^(?i:https?)://[^/?#]*", "")
        slashed = pl.when(rest.str.starts_with("/")).then(rest).otherwise(pl.lit("/") + rest)
        records = records.with_columns(
            host=pl.when(absolute).then(pl.coalesce("host", inside)).otherwise("host"),
            target=pl.when(absolute).then(slashed).otherwise("target"),
        )
    records = tidy_clients(tidy_hosts(records))
    said = (pl.when(~pl.col(name).is_in(["-", ""])).then(name) for name in _SAID)
    return records.with_columns(*said, method=pl.when(pl.col("method").str.contains(_METHOD)).then("method"))


def tidy_hosts(records: pl.DataFrame) -> pl.DataFrame:
    """Bring hosts into one form."""
    hosts = records.get_column("host")
    return records if hosts.null_count() == len(hosts) else records.with_columns(host=by_value(hosts, _clean_host))


def tidy_clients(records: pl.DataFrame) -> pl.DataFrame:
    """Leave out the client's port, which changes with every connection; a dash is no client."""
    ip = records.get_column("ip")
    if ip.str.contains(":", literal=True).any() and ip.str.contains(_PORTED).any():
        ip = ip.str.replace(_PORT, "${1}${2}")
    if (ip == "-").any():
        return records.with_columns(ip=pl.when(ip != "-").then(ip))
    return records.with_columns(ip)


def by_value(column: pl.Series, change: Callable[[pl.Expr], pl.Expr]) -> pl.Series:
    """Change a column that holds few different values: each is worked on once."""
    values = pl.DataFrame({"old": column.unique()}).with_columns(new=change(pl.col("old")))
    return column.to_frame("old").join(values, on="old", how="left", maintain_order="left", nulls_equal=True)["new"]


def _clean_host(host: pl.Expr) -> pl.Expr:
    bare = host.str.to_lowercase().str.replace(r"^.*@", "").str.replace(r":[0-9]+$", "").str.strip_chars_end(".")
    known = bare.str.contains(_HOST) & ~bare.str.contains(_KEY) & (bare.str.count_matches(_WORD) < PHRASE_WORDS)
    return pl.when(bare.str.contains(_IP_HOST)).then(pl.lit("[ip]")).when(known).then(bare)
