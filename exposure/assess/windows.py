"""The window: facts, served sizes and the scan side by side, and what is published of them. Pure (design, section 7.3).

Facts and served sizes are physical: they bracket the moment itself. The scan is statistics: it bounds the window where nothing
else does, and widens it where harmed wallets lie outside; it never narrows it. A bound that another source contradicts is none.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl

from exposure.assess.actions import exposures_of
from exposure.assess.bounds import Bound, Pair, stamp
from exposure.assess.clashes import Clash, find_clashes
from exposure.assess.deeds import Window
from exposure.assess.facts import fact_bounds
from exposure.assess.scan import Scan, scan_bounds
from exposure.assess.served import asset_bounds
from exposure.incident import Incident
from exposure.tables import TABLES


@dataclass(frozen=True, slots=True)
class Windows:
    """Table windows, the published window, what of it facts and files alone bound, and whether the bad file's size is known."""

    table: pl.DataFrame
    published: Window
    physical: Window
    bad_files: bool


# Harmed wallets outside what facts and files bracket: with fewer the logs have lost their exposure, as logs do.
OUTSIDE_LEAST, OUTSIDE_SHARE = 2, 0.1


def find_windows(assets: pl.DataFrame, incident: Incident, exposures: pl.DataFrame) -> Windows:
    """Bound the window by every source, and publish it.

    `exposures` are exposing deeds that tell something (address, time, harmed, harmed_at). Sources that say nothing have no row;
    the published rows are always there, with nulls where nothing bounds that side. Several windows that the scan finds have a
    row each, and one published window holds them all, so that nobody is left out.
    """
    scan = scan_bounds(exposures)
    pairs = {
        "fact": fact_bounds(incident),
        "asset": asset_bounds(assets, incident, exposures),
        "scan": scan.hull,
    }
    clashes = find_clashes(pairs, incident)
    bare, nobody = {**pairs, "scan": Pair(None, None)}, exposures.clear()
    both = _publish(incident, bare, nobody, clashes)
    physical = _window(both.t1, both.t2, incident)
    both = _publish(incident, pairs, exposures, clashes)
    published = _window(both.t1, both.t2, incident)
    pairs["published"] = Pair(both.t1, both.t2)
    known = pairs["asset"].t1 is not None or any(asset.bytes for asset in incident.assets)
    return Windows(_table(incident, pairs, scan), published, physical, known)


@dataclass(frozen=True, slots=True)
class _Published:
    t1: Bound
    t2: Bound


def _publish(
    incident: Incident, pairs: dict[str, Pair], exposures: pl.DataFrame, clashes: tuple[Clash, ...]
) -> _Published:
    """Publish both ends; bounds that `clashes` names are not used."""
    off = {name: {clash.method for clash in clashes if clash.bound == name} for name in ("T1", "T2")}
    start = _told(_publish_t1(incident, pairs, exposures, off["T1"]), "T1", clashes)
    end = _told(_publish_t2(incident, pairs, exposures, off["T2"]), "T2", clashes)
    if start.earliest is not None and end.latest is not None and start.earliest >= end.latest:
        text = f"T1 {stamp(start.earliest)} does not lie before T2 {stamp(end.latest)}, so that neither is a bound: "
        start = replace(start, earliest=None, reason=text + start.reason)
        end = replace(end, latest=None, reason=text + end.reason)
    return _Published(start, end)


def _told(bound: Bound, name: str, clashes: tuple[Clash, ...]) -> Bound:
    aside = "".join(f"; {clash.text}" for clash in clashes if clash.bound == name)
    return replace(bound, reason=bound.reason + aside)


def _window(start: Bound, end: Bound, incident: Incident) -> Window:
    cache = incident.window.cache
    served_until = end.latest - cache if end.latest is not None and cache > timedelta(0) else None
    return Window(start.earliest, end.latest, served_until)


def _table(incident: Incident, pairs: dict[str, Pair], scan: Scan) -> pl.DataFrame:
    """Give every bound a row; the scan's windows are numbered in time order, all else is about the first or about all."""
    kinds = exposures_of(incident)
    rows: list[dict[str, object]] = []
    for method, hull in pairs.items():
        for number, pair in enumerate(scan.pairs if method == "scan" else (hull,), start=1):
            for name, bound in (("T1", pair.t1), ("T2", pair.t2)):
                if bound is None:
                    continue
                rows.append(
                    {
                        "window_id": f"w{number}",
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
    return TABLES["windows"].frame(rows)


def _publish_t1(incident: Incident, pairs: dict[str, Pair], exposures: pl.DataFrame, off: Collection[str]) -> Bound:
    """Publish T1: the last known good, else the earliest that fact and asset allow, else the scan's; none of `off`."""
    scan = pairs["scan"].t1
    physical = {method: bound for method in _PHYSICAL if (bound := pairs[method].t1) is not None}
    begun = min((bound.latest for bound in physical.values() if bound.latest), default=None)
    latest = begun or (scan.latest if scan else None)
    # A time noted to the minute may lie after what a log shows to the second: the earlier of the two holds.
    firsts = {
        method: min(bound.earliest, begun or bound.earliest)
        for method, bound in physical.items()
        if bound.earliest and method not in off
    }
    guess = min((bound.estimate for bound in physical.values() if bound.estimate), default=None)
    guess = min(guess, begun) if guess and begun else guess
    good = incident.fact("last_known_good")
    if good is not None and "fact" not in off:
        start = firsts["fact"]
        # Statistics do not contradict a fact: who was harmed before it is counted in the reason.
        latest = latest if latest and latest >= start else None
        return Bound(start, start, latest, f"last known good: {good.source}" + _left_out(exposures, start=start))
    if firsts:
        method = min(firsts, key=lambda name: firsts[name])
        start, aside = firsts[method], _left_out(exposures, start=firsts[method])
        if scan and _too_many(exposures, start=start) and (scan.earliest is None or scan.earliest < start):
            return Bound(scan.earliest, scan.earliest, latest, f"scan: {scan.reason}; by {method} alone {aside[2:]}")
        return Bound(start, start, latest, f"{method}: {physical[method].reason}{aside}")
    # Statistics that see it begin after it was found out see something else.
    if scan and scan.earliest and not (latest and scan.earliest > latest):
        start = min(scan.earliest, guess) if guess else scan.earliest
        return Bound(start, start, latest, f"scan: {scan.reason}")
    return Bound(guess, None, latest, "T1 is not bounded: nothing says when the site was still good")


def _publish_t2(incident: Incident, pairs: dict[str, Pair], exposures: pl.DataFrame, off: Collection[str]) -> Bound:
    """Publish T2 with its cache: the first known good, else the latest of fact and asset, else the scan's; none of `off`."""
    scan = pairs["scan"].t2
    physical = {method: bound for method in _PHYSICAL if (bound := pairs[method].t2) is not None}
    still = max((bound.earliest for bound in physical.values() if bound.earliest), default=None)
    earliest = still or (scan.earliest if scan else None)
    guess = max((bound.estimate for bound in physical.values() if bound.estimate), default=None)
    guess = max(guess, still) if guess and still else guess
    lasts = {
        method: max(bound.latest, still or bound.latest)
        for method, bound in physical.items()
        if bound.latest and method not in off
    }
    cache = incident.window.cache
    kept = f", and {_span(cache)} that a browser may have kept the file" if cache else ""
    over = incident.fact("first_known_good")
    if incident.status == "ongoing":
        return Bound(None, earliest, None, "there is no T2: incident.toml says that the attack is ongoing")
    if over is not None and "fact" not in off:
        end = lasts["fact"] + cache
        earliest = earliest if earliest and earliest <= end else None
        return Bound(end, earliest, end, f"first known good: {over.source}{kept}" + _left_out(exposures, end=end))
    if lasts:
        method = max(lasts, key=lambda name: lasts[name])
        end, aside = lasts[method] + cache, _left_out(exposures, end=lasts[method] + cache)
        wide = scan.latest + cache if scan and scan.latest else None
        if scan and _too_many(exposures, end=end) and (wide is None or wide > end):
            return Bound(wide, earliest, wide, f"scan: {scan.reason}{kept}; by {method} alone {aside[2:]}")
        return Bound(end, earliest, end, f"{method}: {physical[method].reason}{kept}{aside}")
    if scan and scan.latest:
        # What people found at that time was there at that time, as far as anybody says.
        heard = incident.fact("detected")
        late = heard is not None and heard.time > max(scan.latest, guess or scan.latest)
        found = (
            f"; it was detected at {stamp(heard.time)}, and nothing says that it was over before"
            if heard and late
            else ""
        )
        end = max(time for time in (scan.latest, guess, heard.time if heard else None) if time) + cache
        return Bound(end, earliest, end, f"scan: {scan.reason}{found}{kept}")
    return Bound(guess, earliest, None, "T2 is not bounded: nothing says when the site was good again")


_PHYSICAL = ("fact", "asset")


def _outside(exposures: pl.DataFrame, start: datetime | None, end: datetime | None) -> tuple[int, int]:
    """Give how many harmed wallets have all their exposures before `start`, or after `end`, and of how many."""
    spans = exposures.filter("harmed").group_by("address").agg(first=pl.col("time").min(), last=pl.col("time").max())
    out = spans.filter(pl.col("last") < start) if start is not None else spans.filter(pl.col("first") > end)
    return out.height, spans.height


def _left_out(exposures: pl.DataFrame, start: datetime | None = None, end: datetime | None = None) -> str:
    """Say how many harmed wallets a bound leaves out; nothing where it holds them all."""
    count, of = _outside(exposures, start, end)
    side = "before" if start is not None else "after"
    seen = "was seen only" if count == 1 else "were seen only"
    return f"; {count:,} of {of:,} harmed wallets {seen} {side} it" if count else ""


def _too_many(exposures: pl.DataFrame, start: datetime | None = None, end: datetime | None = None) -> bool:
    count, of = _outside(exposures, start, end)
    return count >= OUTSIDE_LEAST and count >= OUTSIDE_SHARE * of


def _span(time: timedelta) -> str:
    """Write a time in the largest unit of which it is a whole number: 4 hours, 5 minutes, 90 seconds."""
    seconds = round(time.total_seconds())
    unit, name = next((unit, name) for unit, name in _UNITS if seconds % unit == 0)
    return f"{seconds // unit:,} {name}" + ("s" if seconds != unit else "")


_UNITS = ((3600, "hour"), (60, "minute"), (1, "second"))
