"""What was looked at and what was not, and which holes forbid to say "no sign". Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from exposure.assess.bounds import stamp
from exposure.assess.deeds import Window
from exposure.incident import Chain, Incident

# A silence counts where so many requests were to be expected by the hour before and after: with fewer, nobody may have come.
SILENCE, EXPECTED, AROUND = timedelta(minutes=10), 20.0, timedelta(hours=1)
# More unreadable lines than this are a part of the log that nobody has read.
REJECTED_MOST = 0.02
# A log that begins a minute after T1 holds the window as far as anyone can see.
EDGE = timedelta(minutes=1)
# What a chain must have been asked for, before "no loss was seen" means anything.
NEEDED = ("logs", "native")


@dataclass(frozen=True, slots=True)
class Coverage:
    """In words what was covered and what not; `log_holes` and `chain_holes` lower `no_sign` to `possible`.

    `state_read` (chain_id, address) says whose holdings are known.
    """

    covered: str
    covered_unasked: str
    not_covered: str
    not_covered_unasked: str
    log_holes: tuple[str, ...]
    chain_holes: tuple[str, ...]
    state_read: pl.DataFrame


def find_coverage(tables: Mapping[str, pl.DataFrame], incident: Incident, window: Window) -> Coverage:
    """Judge the coverage of the published window by logs, and of each chain by its layers."""
    logs = tables["coverage"].filter(~pl.col("source").str.starts_with("chain:"))
    log_holes = tuple(_log_holes(logs, tables["traffic"], incident, window))
    chain_holes = tuple(hole for chain in incident.chains for hole in _chain_holes(tables["coverage"], chain))
    if not incident.chains:
        chain_holes = ("no chain was asked",)
    notes = tuple(_notes(tables["coverage"], incident))
    read = [text for chain in incident.chains if (text := _layers(tables["coverage"], chain))]
    span = _span(logs)
    own = "its own history and holdings on chain: it was not drawn as a control"
    return Coverage(
        covered="; ".join(part for part in (span, *read) if part),
        covered_unasked="; ".join(part for part in (span, "what went to known attackers" if read else "") if part),
        not_covered="; ".join((*log_holes, *chain_holes, *notes)),
        not_covered_unasked="; ".join((own, *log_holes, *chain_holes, *notes)),
        log_holes=log_holes,
        chain_holes=chain_holes,
        state_read=_state_read(tables),
    )


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
    if window.t1 is not None and first > window.t1 + EDGE:
        yield f"the logs begin at {stamp(first)}, after T1"
    if window.t2 is not None and last < window.t2 - EDGE:
        yield f"the logs end at {stamp(last)}, before T2"
    for start, end in _silences(traffic, window):
        yield f"no request is logged from {stamp(start)} to {stamp(end)}"
    lost = logs.filter(pl.col("rejected") > REJECTED_MOST * pl.col("lines")).sort("source")
    for row in lost.iter_rows(named=True):
        yield f"{row['rejected']:,} of {row['lines']:,} lines of source {row['source']} could not be read"


def _silences(traffic: pl.DataFrame, window: Window) -> Iterator[tuple[datetime, datetime]]:
    """Give the stretches inside the window in which a host fell silent that was busy just before and after."""
    minute = timedelta(minutes=1)
    found = set()
    for _, rows in traffic.sort("host", "minute", nulls_last=True).group_by("host", maintain_order=True):
        minutes = rows.get_column("minute")
        gaps = rows.select(start=pl.col("minute").shift(1) + minute, end="minute").filter(
            pl.col("end") - pl.col("start") >= SILENCE
        )
        for start, end in gaps.iter_rows():
            near = rows.filter((minutes >= start - AROUND) & (minutes < end + AROUND))
            rate = float(near.get_column("requests").sum()) / (2 * AROUND / minute)
            inside = (window.t1 is None or end > window.t1) and (window.t2 is None or start < window.t2)
            if inside and rate * ((end - start) / minute) >= EXPECTED:
                found.add((start, end))
    yield from sorted(found)


def _chain_holes(coverage: pl.DataFrame, chain: Chain) -> Iterator[str]:
    rows = coverage.filter(pl.col("source") == f"chain:{chain.id}")
    layers = dict(rows.select("layer", pl.col("rejected").fill_null(0) + pl.col("gaps").fill_null(0)).iter_rows())
    missing = [layer for layer in NEEDED if layer not in layers]
    if missing:
        yield f"{chain.name}: {' and '.join(missing)} not pulled"
    for layer in NEEDED:
        if layers.get(layer):
            yield f"{chain.name}: a part of {layer} could not be pulled"


def _notes(coverage: pl.DataFrame, incident: Incident) -> Iterator[str]:
    """Give what else was not seen, and does not forbid anything: holdings, and what a layer's note says."""
    for chain in incident.chains:
        rows = coverage.filter(pl.col("source") == f"chain:{chain.id}").sort("layer")
        if not rows.is_empty() and "state" not in rows.get_column("layer").to_list():
            yield f"{chain.name}: holdings not read"
        for layer, note in rows.select("layer", "note").iter_rows():
            if note:
                yield f"{chain.name}, {layer}: {note}"


def _layers(coverage: pl.DataFrame, chain: Chain) -> str:
    layers = coverage.filter(pl.col("source") == f"chain:{chain.id}").get_column("layer").unique().sort()
    return f"{chain.name}: {', '.join(layers)}" if layers.len() else ""


def _state_read(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    parts = [tables["accounts"].select("chain_id", "address"), tables["balances"].select("chain_id", "address")]
    return pl.concat(parts).unique().sort("chain_id", "address")
