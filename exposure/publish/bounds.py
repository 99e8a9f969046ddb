"""The published bounds of each window: table `windows` where it was assessed, else incident.toml's own facts. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from exposure.assess.clashes import find_clashes
from exposure.assess.facts import fact_bounds
from exposure.incident import Exposure, Incident


@dataclass(frozen=True, slots=True)
class Bounds:
    """T1 and T2 of one window as published, to the second. None = not bounded, or (T2) still open.

    It had begun by `t1_latest` and went on until `t2_earliest` at least, where that is known.
    """

    t1: datetime | None
    t2: datetime | None
    first_sign: datetime | None = None
    t1_reason: str = ""
    t2_reason: str = ""
    action: str | None = None
    host: str | None = None
    t1_latest: datetime | None = None
    t2_earliest: datetime | None = None


def bounds_of(tables: Mapping[str, pl.DataFrame], incident: Incident, exposure: Exposure | None) -> tuple[Bounds, ...]:
    """Give the windows of one kind of exposure (None: of any), in time order; at least one, whose bounds may be None.

    While incident.toml says that the attack goes on there is no T2, whatever the data suggests.
    """
    rows = tables["windows"].filter(pl.col("method") == "published")
    if exposure is not None:
        # A window that was found before X was has no exposure yet: it holds for all kinds until one of its own is there.
        own = rows.filter(pl.col("exposure") == exposure)
        rows = own if own.height else rows.filter(pl.col("exposure").is_null() | (pl.col("exposure") == "none"))
    keys = rows.select("window_id", "action", "host").unique().sort("window_id", "action", "host", nulls_last=True)
    found = {_assessed(rows, key, incident) for key in keys.iter_rows()}
    return tuple(sorted(found, key=_order)) if found else (_from_facts(incident),)


def _order(bounds: Bounds) -> tuple[bool, float, str, str]:
    start = bounds.t1.timestamp() if bounds.t1 else 0.0
    return bounds.t1 is not None, start, bounds.action or "", bounds.host or ""


def _assessed(rows: pl.DataFrame, key: tuple[str, str | None, str | None], incident: Incident) -> Bounds:
    window, action, host = key
    mine = rows.filter(
        (pl.col("window_id") == window) & pl.col("action").eq_missing(action) & pl.col("host").eq_missing(host)
    )
    ends = {row["bound"]: row for row in mine.iter_rows(named=True)}
    t1, t2 = ends.get("T1"), ends.get("T2")
    return Bounds(
        t1=t1["earliest"] if t1 else None,
        t2=t2["latest"] if t2 and incident.status != "ongoing" else None,
        first_sign=(t1["estimate"] or t1["latest"]) if t1 and t1["earliest"] is None else None,
        t1_reason=t1["reason"] or "" if t1 else "",
        t2_reason=t2["reason"] or "" if t2 else "",
        action=action,
        host=host,
        t1_latest=t1["latest"] if t1 else None,
        t2_earliest=t2["earliest"] if t2 else None,
    )


def _from_facts(incident: Incident) -> Bounds:
    """Use what people found out. Detection is no start, and a first bad sighting bounds the start from one side only."""
    good, bad = incident.fact("last_known_good"), incident.fact("first_bad")
    last = incident.fact("last_bad")
    over = incident.fact("first_known_good") if incident.status != "ongoing" else None
    disputed = {clash.bound for clash in find_clashes({"fact": fact_bounds(incident)}, incident)}
    good, over = None if "T1" in disputed else good, None if "T2" in disputed else over
    return Bounds(
        t1=good.time if good else None,
        t2=over.time + incident.window.cache if over else None,
        first_sign=bad.time if bad and not good else None,
        t1_reason=f"last known good: {good.source}" if good else "",
        t2_reason=f"first known good, and cache: {over.source}" if over else "",
        t1_latest=bad.time if bad else None,
        t2_earliest=last.time if last else bad.time if bad else None,
    )
