"""What every format is read into: one record a line, and the lines that could not be read. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from exposure.tables import TIME


def shape(**columns: pl.DataType | type[pl.DataType]) -> pl.Schema:
    """Name the columns of a frame and their types."""
    return pl.Schema(columns)


# A line as it came: `source` is the number of the file in this run, `line` counts from 1 as `sed -n` does.
LINES = shape(source=pl.UInt32, line=pl.UInt64, text=pl.String)

# `target` is path and query as sent; `forwarded` what follows the known fields (there nginx writes X-Forwarded-For);
# `headers` tells that `bytes` counts headers too; `request_id` is the server's own id of the request, where it has one.
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
    text=pl.String,
)
REJECT = shape(source=pl.UInt32, line=pl.UInt64, text=pl.String, reason=pl.String)

# Labels as DNS has them; so long a row of hex digits is a key that someone put there.
_LABEL = "[a-z0-9_-]{1,63}"
_HOST = rf"^{_LABEL}(?:\.{_LABEL})*$"
_KEY = "[0-9a-f]{41}"
_METHOD = "^[A-Za-z_-]{1,32}$"
_IP_HOST = r"^\[?[0-9a-f:]*:[0-9a-f:.]*\]?$|^[0-9]{1,3}(?:\.[0-9]{1,3}){3}$"


@dataclass(frozen=True, slots=True)
class Parsed:
    """Lines read: `records` by RECORD, `rejects` by REJECT. Together they hold every line exactly once."""

    records: pl.DataFrame
    rejects: pl.DataFrame


def join(parts: Sequence[Parsed]) -> Parsed:
    """Put what several ways of reading gave into one."""
    return Parsed(
        pl.concat([RECORD.to_frame(), *(part.records for part in parts)]),
        pl.concat([REJECT.to_frame(), *(part.rejects for part in parts)]),
    )


def reject(lines: pl.DataFrame, reason: str) -> Parsed:
    """Refuse all these lines for one reason. The reason is a fixed text: a parser's message may quote a secret."""
    return Parsed(RECORD.to_frame(), lines.select(*LINES, pl.lit(reason).alias("reason")))


def tidy(records: pl.DataFrame) -> pl.DataFrame:
    """Bring fields that any client may write as it likes into one form.

    `-` becomes null; `http://host/path` gives its host and path; hosts are lowercase, without port, and null where they are
    no host; a method that is none is null. An IP address as host is not written anywhere.
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
    if records.get_column("host").null_count() < records.height:
        records = records.with_columns(host=by_value(records.get_column("host"), _clean_host))
    said = (pl.when(~pl.col(name).is_in(["-", ""])).then(name) for name in ("referer", "ua", "request_id"))
    return records.with_columns(*said, method=pl.when(pl.col("method").str.contains(_METHOD)).then("method"))


def by_value(column: pl.Series, change: Callable[[pl.Expr], pl.Expr]) -> pl.Series:
    """Change a column that holds few different values: each is worked on once."""
    values = pl.DataFrame({"old": column.unique()}).with_columns(new=change(pl.col("old")))
    return column.to_frame("old").join(values, on="old", how="left", maintain_order="left", nulls_equal=True)["new"]


def _clean_host(host: pl.Expr) -> pl.Expr:
    bare = host.str.to_lowercase().str.replace(r"^.*@", "").str.replace(r":[0-9]+$", "").str.strip_chars_end(".")
    known = bare.str.contains(_HOST) & ~bare.str.contains(_KEY)
    return pl.when(bare.str.contains(_IP_HOST)).then(pl.lit("[ip]")).when(known).then(bare)
