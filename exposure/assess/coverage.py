"""What was looked at and what was not, and which holes forbid to say "no sign". Pure."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from exposure.assess.bounds import stamp
from exposure.assess.deeds import Window
from exposure.incident import Chain, Incident
from exposure.logs.noticing.dips import Dip, find_dips, tell_dip

# A silence is a hole where it is too long for that host at that hour of the day. Visits come in clusters, so that requests
# per minute say nothing on it; silences between visits are exponential enough: one so long would come once in a hundred logs.
SILENCE, AROUND, CHANCE = timedelta(minutes=10), timedelta(hours=3), 0.01
# So many silences at most are looked at: a log with more of them is one that nobody visits.
SILENCES_MOST = 500
# More unreadable lines than this are a part of the log that nobody has read.
REJECTED_MOST = 0.02
# A log that begins a minute after T1 holds the window as far as anyone can see.
EDGE = timedelta(minutes=1)
# What a chain must have been asked for, before "no loss was seen" means anything.
NEEDED = ("logs", "native")


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was covered of logs and chains; `log_holes` and `chain_holes` lower `no_sign` to `possible`.

    `span` says in words which time the logs span, `state_read` (chain_id, address) whose holdings are known.
    """

    span: str
    log_holes: tuple[str, ...]
    chain_holes: tuple[str, ...]
    state_read: pl.DataFrame


def find_coverage(tables: Mapping[str, pl.DataFrame], incident: Incident, window: Window) -> Coverage:
    """Judge the coverage of the published window by logs, and of each chain by its layers."""
    logs = tables["coverage"].filter(~pl.col("source").str.starts_with("chain:"))
    log_holes = tuple(_log_holes(logs, tables["traffic"], incident, window))
    chain_holes = tuple(hole for chain in incident.chains for hole in unread_parts(tables["coverage"], chain))
    if all(chain.look == "head" for chain in incident.chains):
        chain_holes = ("no chain was asked",)
    return Coverage(
        span=_span(logs),
        log_holes=log_holes,
        chain_holes=chain_holes,
        state_read=_state_read(tables),
    )


def read_until(coverage: pl.DataFrame, incident: Incident) -> datetime | None:
    """Give the time until which every chain's history was read; None where one was not."""
    lasts = []
    for chain in (chain for chain in incident.chains if chain.look == "all"):
        rows = coverage.filter((pl.col("source") == f"chain:{chain.id}") & pl.col("layer").is_in(NEEDED))
        if rows.get_column("layer").n_unique() < len(NEEDED):
            return None
        lasts.append(rows.get_column("last").min())
    known = [last for last in lasts if isinstance(last, datetime)]
    return min(known) if known and len(known) == len(lasts) else None


def _span(logs: pl.DataFrame) -> str:
    first, last = logs.get_column("first").min(), logs.get_column("last").max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return ""
    return f"logs from {stamp(first)} to {stamp(last)}"


def _log_holes(logs: pl.DataFrame, traffic: pl.DataFrame, incident: Incident, window: Window) -> Iterator[str]:
    if incident.vector == "dns":
        yield "a DNS hijack sends visitors elsewhere: what they did there is in nobody's logs"
    first, last = logs.get_column("first").min(), logs.get_column("last").max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        yield "no logs were read"
        return
    if window.t1 is None:
        yield f"T1 is not bounded: what was done before the logs begin at {stamp(first)} stands in no line"
    elif first > window.t1 + EDGE:
        yield f"the logs begin at {stamp(first)}, after T1"
    if window.t2 is None and incident.status != "ongoing":
        yield f"T2 is not bounded: what was done after the logs end at {stamp(last)} stands in no line"
    elif window.t2 is not None and last < window.t2 - EDGE:
        yield f"the logs end at {stamp(last)}, before T2"
    for start, end in sorted({(start, end) for _, start, end in silences(traffic, window.t1, window.t2)}):
        yield f"no request is logged from {stamp(start)} to {stamp(end)}"
    for host, dip in dips(traffic, window.t1, window.t2):
        yield tell_dip(dip).replace("traffic", f"the traffic of {host}" if host else "traffic", 1)
    lost = logs.filter(pl.col("rejected") > REJECTED_MOST * pl.col("lines")).sort("source")
    for row in lost.iter_rows(named=True):
        yield f"{row['rejected']:,} of {row['lines']:,} lines of source {row['source']} could not be read"


def silences(
    traffic: pl.DataFrame, t1: datetime | None, t2: datetime | None
) -> Iterator[tuple[str | None, datetime, datetime]]:
    """Give the stretches inside the window in which a host was silent for longer than it is at that time of day."""
    minute = timedelta(minutes=1)
    steps = (
        traffic.select("host", "minute")
        .unique()
        .sort("host", "minute")
        .select("host", start=pl.col("minute").shift(1).over("host") + minute, end="minute")
        .filter(pl.col("end") > pl.col("start"))
        .with_columns(length=(pl.col("end") - pl.col("start")) / minute, clock=_clock(pl.col("start")))
    )
    long = steps.filter((pl.col("end") - pl.col("start")) > SILENCE)
    if t1 is not None:
        long = long.filter(pl.col("end") > t1)
    if t2 is not None:
        long = long.filter(pl.col("start") < t2)
    for host, start, end, length, clock in long.sort("length", descending=True).head(SILENCES_MOST).iter_rows():
        away = (pl.col("clock") - clock).abs()
        near = pl.min_horizontal(away, 24 * 60 - away) <= AROUND / minute
        others = steps.filter(near & pl.col("host").eq_missing(pl.lit(host, pl.String)) & (pl.col("start") != start))
        usual = others.get_column("length").mean()
        mean = max(usual, 1.0) if isinstance(usual, float) else 1.0
        if max(others.height, 1) * math.exp(-length / mean) < CHANCE:
            yield (str(host) if host is not None else None), start, end


def dips(traffic: pl.DataFrame, t1: datetime | None, t2: datetime | None) -> Iterator[tuple[str | None, Dip]]:
    """Give the hours inside the window in which far fewer came to a host than other days predict: they were sent elsewhere."""
    # What a client does in a minute counts once: its requests come in clusters.
    hours = traffic.group_by("host", hour=pl.col("minute").dt.truncate("1h")).agg(count=pl.col("clients").sum())
    for (host,), rows in hours.sort("host", "hour").group_by("host", maintain_order=True):
        for dip in find_dips(rows):
            if (t1 is None or dip.end > t1) and (t2 is None or dip.start < t2):
                yield (str(host) if host is not None else None), dip


def _clock(time: pl.Expr) -> pl.Expr:
    """Give the minute of the day."""
    return time.dt.hour().cast(pl.Int32) * 60 + time.dt.minute().cast(pl.Int32)


def unread_parts(coverage: pl.DataFrame, chain: Chain) -> Iterator[str]:
    """Give what of a chain's history was not read; nothing for a chain of which the head alone is looked at."""
    if chain.look == "head":
        return
    rows = coverage.filter(pl.col("source") == f"chain:{chain.id}")
    # Rows that a node garbled are said in the layer's note; what makes a hole is blocks that nobody read.
    partly = (pl.col("gaps").fill_null(0) > 0) | (pl.col("parsed") < pl.col("lines")).fill_null(value=False)
    layers = dict(rows.select("layer", partly).iter_rows())
    missing = [layer for layer in NEEDED if layer not in layers]
    if missing:
        yield f"{chain.name}: {' and '.join(missing)} not pulled"
    for layer in NEEDED:
        if layers.get(layer):
            yield f"{chain.name}: a part of {layer} could not be pulled"


def _state_read(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([tables["accounts"], tables["balances"]]).unique().sort("chain_id", "address")
