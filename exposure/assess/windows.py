"""The window: facts, served sizes and the scan side by side, and what is published of them. Pure (design, section 7.3).

Facts and served sizes are physical: they bracket the moment itself. The scan is statistics: it bounds the window where nothing
else does, and widens it where harmed wallets lie outside; it never narrows it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from exposure.assess.actions import exposures_of
from exposure.assess.bounds import Bound, Pair, stamp
from exposure.assess.deeds import Window
from exposure.assess.facts import fact_bounds
from exposure.assess.scan import scan_bounds
from exposure.assess.served import asset_bounds
from exposure.incident import Incident
from exposure.tables import TABLES

WINDOW_ID = "w1"


@dataclass(frozen=True, slots=True)
class Windows:
    """Table windows, the published window, and whether the malicious file is known by its size."""

    table: pl.DataFrame
    published: Window
    bad_files: bool


def find_windows(
    assets: pl.DataFrame, incident: Incident, exposures: pl.DataFrame, harvest_end: datetime | None
) -> Windows:
    """Bound the window by every source, and publish it.

    `exposures` are exposing deeds that tell something (address, time, harmed), `harvest_end` as in `scan_bounds`. Sources
    that say nothing have no row; the published rows are always there, with nulls where nothing bounds that side.
    """
    pairs = {
        "fact": fact_bounds(incident),
        "asset": asset_bounds(assets, incident, exposures),
        "scan": scan_bounds(exposures, harvest_end),
    }
    start, end = _publish_t1(incident, pairs), _publish_t2(incident, pairs)
    pairs["published"] = Pair(start, end)
    kinds = exposures_of(incident)
    rows: list[dict[str, object]] = []
    for method, pair in pairs.items():
        for name, bound in (("T1", pair.t1), ("T2", pair.t2)):
            if bound is None:
                continue
            rows.append(
                {
                    "window_id": WINDOW_ID,
                    "exposure": kinds[0] if len(kinds) == 1 else None,
                    "bound": name,
                    "method": method,
                    "estimate": bound.estimate,
                    "earliest": bound.earliest,
                    "latest": bound.latest,
                    "level": bound.level,
                    "reason": bound.reason,
                }
            )
    cache = incident.window.cache
    served_until = end.latest - cache if end.latest is not None and cache > timedelta(0) else None
    published = Window(start.earliest, end.latest, served_until)
    known = pairs["asset"].t1 is not None or any(asset.bytes for asset in incident.assets)
    return Windows(TABLES["windows"].frame(rows), published, known)


def _publish_t1(incident: Incident, pairs: dict[str, Pair]) -> Bound:
    """Publish T1: the last known good, else the earliest that fact and asset allow, else the scan's."""
    firsts = {method: pair.t1 for method, pair in pairs.items() if pair.t1 is not None}
    latest = min((bound.latest for bound in firsts.values() if bound.latest), default=None)
    guess = min((bound.estimate for bound in firsts.values() if bound.estimate), default=None)
    scan = firsts.get("scan")
    good = incident.fact("last_known_good")
    if good is not None:
        conflict = bool(scan and scan.latest and scan.latest < good.time)
        text = f"last known good: {good.source}"
        text += (
            f"; but wallets that were exposed before, from {stamp(scan.latest)} on, were harmed"
            if scan and conflict
            else ""
        )
        return Bound(good.time, good.time, latest, text)
    physical = [bound.earliest for method, bound in firsts.items() if method != "scan" and bound.earliest]
    if physical:
        bound = min(physical)
        method = next(m for m, b in firsts.items() if m != "scan" and b.earliest == bound)
        if scan and scan.latest and scan.latest < bound:
            return Bound(
                scan.earliest, scan.earliest, latest, f"{scan.reason}; {method} alone would leave some of them out"
            )
        return Bound(bound, bound, latest, f"{method}: {firsts[method].reason}")
    if scan and scan.earliest:
        start = min(scan.earliest, guess) if guess else scan.earliest
        return Bound(start, start, latest, f"scan: {scan.reason}")
    return Bound(guess, None, latest, "T1 is not bounded: nothing says when the site was still good")


def _publish_t2(incident: Incident, pairs: dict[str, Pair]) -> Bound:
    """Publish T2: the first known good, else the latest that fact and asset allow, else the scan's; then the cache."""
    lasts = {method: pair.t2 for method, pair in pairs.items() if pair.t2 is not None}
    earliest = max((bound.earliest for bound in lasts.values() if bound.earliest), default=None)
    guess = max((bound.estimate for bound in lasts.values() if bound.estimate), default=None)
    cache = incident.window.cache
    kept = f", and {_hours(cache)} that a browser may have kept the file" if cache else ""
    over, scan = incident.fact("first_known_good"), lasts.get("scan")
    if incident.status == "ongoing":
        return Bound(None, earliest, None, "there is no T2: incident.toml says that the attack is ongoing")
    if over is not None:
        return Bound(over.time + cache, earliest, over.time + cache, f"first known good: {over.source}{kept}")
    physical = [bound.latest for method, bound in lasts.items() if method != "scan" and bound.latest]
    if physical:
        bound = max(physical)
        method = next(m for m, b in lasts.items() if m != "scan" and b.latest == bound)
        if scan and scan.earliest and scan.earliest > bound + cache:
            end = scan.latest + cache if scan.latest else None
            return Bound(end, earliest, end, f"{scan.reason}; {method} alone would leave some of them out{kept}")
        return Bound(bound + cache, earliest, bound + cache, f"{method}: {lasts[method].reason}{kept}")
    if scan and scan.latest:
        end = max(scan.latest, guess) + cache if guess else scan.latest + cache
        return Bound(end, earliest, end, f"scan: {scan.reason}{kept}")
    return Bound(guess, earliest, None, "T2 is not bounded: nothing says when the site was good again")


def _hours(cache: timedelta) -> str:
    hours = cache.total_seconds() / 3600
    return f"{hours:g} hours" if hours != 1 else "1 hour"
