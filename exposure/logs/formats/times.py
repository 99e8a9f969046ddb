"""Times as logs write them -> UTC. Pure expressions."""

import polars as pl

from exposure.tables import TIME


def parse_time(time: pl.Expr) -> pl.Expr:
    """Read text that holds RFC 3339 (any offset, up to nanoseconds) or a count since 1970; null where it holds neither.

    Ten digits or fewer count seconds, up to 13 milliseconds, up to 16 microseconds, more nanoseconds: so the years 2001 to 2286
    are told apart without asking. Parts of a second may follow a point.
    """
    text = time.str.strip_chars()
    digits = text.str.contains(r"^[0-9]{1,19}(?:\.[0-9]+)?$")
    whole = text.str.extract(r"^([0-9]+)", 1)
    count = whole.cast(pl.Int64, strict=False)
    part = text.str.extract(r"\.([0-9]{1,6})", 1).str.pad_end(6, "0").cast(pl.Int64).fill_null(0)
    length = whole.str.len_bytes()
    since = (
        pl.when(length <= 10)
        .then(count * 1_000_000 + part)
        .when(length <= 13)
        .then(count * 1_000)
        .when(length <= 16)
        .then(count)
        .otherwise(count // 1_000)
    )
    # chrono reads at most nine digits of a second's part, and Z only as %#z
    stamp = text.str.replace(r"^(\d{4}-\d\d-\d\d) ", "${1}T").str.replace(r"(\.\d{9})\d+", "$1")
    zoned = stamp.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", strict=False, time_zone="UTC", time_unit="us")
    return pl.when(digits).then(since.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")).otherwise(zoned).cast(TIME)


def localise(time: pl.Expr, zone: str | None) -> pl.Expr:
    """Read times without a zone (Datetime) as a clock in `zone` showed them, UTC where that is None; only null gives null.

    An hour that the clock showed twice is taken for its first: an exposure too early widens a window, and hides nobody. An hour
    that the clock skipped is counted on from a day before.
    """
    if zone is None:
        return time.dt.replace_time_zone("UTC").cast(TIME)
    local, before = (
        moment.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
        for moment in (time, time.dt.offset_by("-24h"))
    )
    return pl.coalesce(local, before.dt.offset_by("24h"), time.dt.replace_time_zone("UTC")).cast(TIME)


def parse_clf(time: pl.Expr, zone: str | None) -> pl.Expr:
    """Read `04/Mar/2026:09:12:00 +0000`, with parts of a second or without.

    Where a time names no offset, `zone` counts; where that is None, the time is null.
    """
    tidy = time.str.replace(r"\.[0-9]+", "", n=1)
    zoned = tidy.str.to_datetime("%d/%b/%Y:%H:%M:%S %z", strict=False, time_zone="UTC", time_unit="us")
    if zone is None:
        return zoned.cast(TIME)
    naive = tidy.str.to_datetime("%d/%b/%Y:%H:%M:%S", strict=False, time_unit="us")
    return pl.coalesce(zoned, localise(naive, zone)).cast(TIME)
