"""Where the sources of the window contradict each other: a bound of one lies beyond what another has seen. Pure.

A wrong zone in one fact would tell victims that they are safe. So a bound that is contradicted is not used, which leaves the wider
one, until a person has settled which of the two is wrong.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import polars as pl

from exposure.assess.bounds import Bound, Pair, stamp
from exposure.assess.facts import fact_bounds
from exposure.incident import Incident

# People note whole minutes, and clocks differ: so little is no contradiction, and the wider of the two times holds.
SLACK = timedelta(minutes=5)
Seen = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class Clash:
    """A bound that is not used, by the source that gives it, and what a person must settle."""

    bound: Literal["T1", "T2"]
    method: str
    text: str


def find_clashes(pairs: Mapping[str, Pair], incident: Incident) -> tuple[Clash, ...]:
    """Give the bounds of `fact` and `asset` that lie beyond what facts, files or all harmed wallets show."""
    return (*_starts(pairs, incident), *(_ends(pairs, incident) if incident.status != "ongoing" else ()))


def clashes_of(windows: pl.DataFrame, incident: Incident) -> tuple[Clash, ...]:
    """Give the same from table `windows`; before there is one, from what incident.toml says."""
    if windows.is_empty():
        return find_clashes({"fact": fact_bounds(incident)}, incident)
    pairs = {method: Pair(_read(windows, method, "T1"), _read(windows, method, "T2")) for method in ("asset", "scan")}
    return find_clashes(pairs | {"fact": fact_bounds(incident)}, incident)


def _read(windows: pl.DataFrame, method: str, bound: str) -> Bound | None:
    """Give the hull of a method's bounds; unbounded where one of them is."""
    rows = list(windows.filter((pl.col("method") == method) & (pl.col("bound") == bound)).iter_rows(named=True))
    if not rows:
        return None
    first, last = [row["earliest"] for row in rows], [row["latest"] for row in rows]
    return Bound(None, None if None in first else min(first), None if None in last else max(last), "")


def _starts(pairs: Mapping[str, Pair], incident: Incident) -> Iterator[Clash]:
    good, file, scan = incident.fact("last_known_good"), _bound(pairs, "asset", "T1"), _bound(pairs, "scan", "T2")
    heard = [fact for fact in (incident.fact("detected"), incident.fact("public_notice")) if fact]
    begun = min(
        [*_bad(pairs, incident), *((fact.time, f"{fact.kind} {stamp(fact.time)}") for fact in heard)], default=None
    )
    bounds = [("fact", good.time, "last_known_good")] if good else []
    if file and file.earliest:
        bounds.append(("asset", file.earliest, _GOOD_FILE))
    for method, time, name in bounds:
        if begun and time > begun[0] + SLACK:
            yield Clash("T1", method, _settle(name, time, begun[1]))
        elif method == "fact" and scan and scan.latest and time >= scan.latest + incident.window.cache:
            yield Clash("T1", method, _settle(name, time, f"the harmed wallets, exposed until {stamp(scan.latest)}"))


def _ends(pairs: Mapping[str, Pair], incident: Incident) -> Iterator[Clash]:
    over, file, scan = incident.fact("first_known_good"), _bound(pairs, "asset", "T2"), _bound(pairs, "scan", "T1")
    until = max(_bad(pairs, incident), default=None)
    bounds = [("fact", over.time, "first_known_good")] if over else []
    if file and file.latest:
        bounds.append(("asset", file.latest, _GOOD_FILE))
    for method, time, name in bounds:
        if until and time < until[0] - SLACK:
            yield Clash("T2", method, _settle(name, time, until[1]))
        elif method == "fact" and scan and scan.earliest and time + incident.window.cache <= scan.earliest:
            yield Clash(
                "T2", method, _settle(name, time, f"the harmed wallets, exposed from {stamp(scan.earliest)} on")
            )


_GOOD_FILE = "the good file, fetched at"


def _bad(pairs: Mapping[str, Pair], incident: Incident) -> Iterator[Seen]:
    """Give the moments at which the site was bad, as somebody or a log saw it."""
    for fact in (incident.fact("first_bad"), incident.fact("last_bad")):
        if fact:
            yield fact.time, f"{fact.kind} {stamp(fact.time)}"
    start, end = _bound(pairs, "asset", "T1"), _bound(pairs, "asset", "T2")
    if start and start.latest:
        yield start.latest, f"the logs, where the malicious file was served from {stamp(start.latest)} on"
    if end and end.earliest:
        yield end.earliest, f"the logs, where the malicious file was served until {stamp(end.earliest)}"


def _bound(pairs: Mapping[str, Pair], method: str, name: Literal["T1", "T2"]) -> Bound | None:
    pair = pairs.get(method)
    return None if pair is None else pair.t1 if name == "T1" else pair.t2


def _settle(name: str, time: datetime, seen: str) -> str:
    fix = "one of the two is wrong (zone? date? timezone of [[logs]]? bytes of [[asset]]?): mend it in incident.toml"
    return (
        f"{name} {stamp(time)} contradicts {seen}: {fix}; until then it is no bound, and the texts take the wider one"
    )
