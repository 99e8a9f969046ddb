"""Cloudflare Logpush, dataset http_requests, as JSON lines. Pure. Fields are chosen by whoever set the job up."""

import polars as pl

from exposure.incident import LogSource
from exposure.logs.json_lines import decode_lines, decode_object
from exposure.logs.records import Parsed, by_value, join, reject, to_records
from exposure.logs.times import parse_time

_FIELDS = (
    "EdgeStartTimestamp",
    "EdgeEndTimestamp",
    "ClientIP",
    "ClientRequestHost",
    "ClientRequestMethod",
    "ClientRequestURI",
    "ClientRequestPath",
    "ClientRequestReferer",
    "ClientRequestUserAgent",
    "EdgeResponseStatus",
    "EdgeResponseBytes",
    "EdgeResponseBodyBytes",
    "RayID",
)

NO_JSON = "the line is not a JSON object"
NO_TIME = "there is no EdgeStartTimestamp that can be read"


def parse_cloudflare(lines: pl.DataFrame, _log: LogSource | None = None) -> Parsed:
    """Read lines (LINES) of Logpush with times as RFC 3339, unix or unixnano. No lines give no records."""
    decoded, broken = decode_lines(lines, _FIELDS, "RayID")
    start, end = (by_value(decoded.get_column(name), parse_time) for name in ("EdgeStartTimestamp", "EdgeEndTimestamp"))
    timed = decoded.with_columns(time=start.zip_with(start.is_not_null(), end))
    body = pl.col("EdgeResponseBodyBytes").cast(pl.Int64, strict=False)
    whole = pl.col("EdgeResponseBytes").cast(pl.Int64, strict=False)
    records = timed.filter(pl.col("time").is_not_null()).select(
        "source",
        "line",
        "time",
        "text",
        ip="ClientIP",
        host="ClientRequestHost",
        method="ClientRequestMethod",
        target=pl.coalesce("ClientRequestURI", "ClientRequestPath"),
        status=pl.col("EdgeResponseStatus").cast(pl.UInt16, strict=False),
        bytes=pl.coalesce(body, whole),
        headers=body.is_null() & whole.is_not_null(),
        referer="ClientRequestReferer",
        ua="ClientRequestUserAgent",
        request_id="RayID",
    )
    untimed = timed.filter(pl.col("time").is_null()).select("source", "line", "text")
    parsed = Parsed(to_records(records))
    return join([parsed, reject(broken, NO_JSON), reject(untimed, NO_TIME)])


def is_cloudflare(text: str) -> bool:
    """Tell whether a line is an object of Logpush."""
    found = decode_object(text) or {}
    return "EdgeStartTimestamp" in found or ("EdgeEndTimestamp" in found and "RayID" in found)
