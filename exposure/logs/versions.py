"""Served sizes of one file over time -> its versions, and the runs in which each was served. Pure.

A file is served in several sizes at once (gzip, brotli, plain): sizes that alternate are one version. A new version is a size
that appears, holds, and replaces what was there, or gives way to it again. Short bodies of downloads that were broken off,
nodes that keep the old file for minutes, and single odd answers are neither.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import polars as pl

# Fewer fetches, or all of one client, are no version: downloads that break off have sizes of their own.
_LEAST_HITS = 3
_LEAST_CLIENTS = 2
# But what one uptime check got so often was there.
_OFTEN = 30
# A size that keeps at least this much of its usual part of all fetches was not replaced.
_USUAL_PART = 0.3
# So much of an encoding of the malicious version is served while the listed sizes are.
_NEARLY_ALL = 0.9
# Fetches from which on a size's life has a middle.
_MIDDLE = 8
# The few fetches before the first and after the last of a size hold none of it by definition: they tell nothing of the others.
_EDGES = 10
# Versions that come and go several times take turns, too, but in long stretches.
_LEAST_MIXING = 0.05
# A version has the traffic of its time. Three fetches within seconds of a file that is asked for twice an hour are one program's.
_LEAST_EXPECTED = 1.0
# Nodes serve the old file for minutes after a change: fetches of a version within this time of its run belong to it.
_SETTLING = timedelta(minutes=15)
# Sizes that include headers differ by cookies and ages: up to this step they are one size.
_HEADER_STEP = 64
# A path with more sizes than this is made anew for each request: it has no versions.
_MOST_SIZES = 200


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a file: all its sizes, the commonest, and the runs in which it was served.

    `encoding` names the sizes that differ by more than headers, such as 104992+128411; empty where there is one.
    """

    sizes: frozenset[int]
    size: int
    encoding: str
    runs: tuple["Run", ...]


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch in which a version was served: first and last full fetch (UTC), and how many there were."""

    start: datetime
    end: datetime
    hits: int


def find_versions(fetches: pl.DataFrame, known: Sequence[int] = ()) -> list[Version]:
    """Find the versions of one path and their runs, by their first fetch.

    `fetches` are its full fetches: time, line, size, client, headers (whether sizes include them). `known` are sizes of a
    malicious version, which count however rare they are. Empty where there is nothing, or where every answer has its own size.
    """
    if fetches.is_empty():
        return []
    units = _units(fetches, known)
    if len(units) > _MOST_SIZES:
        return []
    sizes = {size: number for number, unit in enumerate(units) for size in unit}
    hits = fetches.filter(pl.col("size").is_in(list(sizes))).sort("time", "line")
    hits = hits.with_columns(unit=pl.col("size").replace_strict(sizes, return_dtype=pl.UInt32))
    version_of = _cluster(hits, [number for number, unit in enumerate(units) if not unit.isdisjoint(known)])
    hits = hits.filter(pl.col("unit").is_in(list(version_of)))
    hits = hits.with_columns(version=pl.col("unit").replace_strict(version_of, return_dtype=pl.UInt32))
    blocks = _blocks(hits)
    rate = hits.height / hits.get_column("time").dt.truncate("1m").n_unique()
    segments = _segments(blocks, penalty=max(1.0, rate))
    counts = hits.group_by("version", "unit", "size").len().sort("len", "size", descending=[True, False])
    found = []
    for number in sorted(set(version_of.values())):
        of_it = counts.filter(pl.col("version") == number)
        main = of_it.unique("unit", keep="first", maintain_order=True).get_column("size").to_list()
        encoding = "+".join(str(size) for size in sorted(main)) if len(main) > 1 else ""
        runs = tuple(_runs(blocks, segments, number))
        found.append(Version(frozenset(of_it.get_column("size")), main[0], encoding, runs))
    return sorted(found, key=lambda version: (version.runs[0].start, version.size))


def judge(versions: Sequence[Version], known: Sequence[int] = ()) -> list[str]:
    """Say of each version whether it was malicious: bad, good or unknown.

    Sizes that are `known` decide: any other version is good if it was served at other times as well. Without them, a version
    that appeared between two runs of another one and went away again is suspected, which counts as bad, and that other one is
    good. A last change that stays may be an update or the attack.
    """
    if any(not version.sizes.isdisjoint(known) for version in versions):
        return _judge_by_size(versions, known)
    runs = sorted((run.start, number) for number, version in enumerate(versions) for run in version.runs if _holds(run))
    order = [number for _, number in runs]
    verdicts = ["unknown"] * len(versions)
    for number in range(len(versions)):
        if number not in order:
            continue
        before = order[: order.index(number)]
        after = order[len(order) - order[::-1].index(number) :]
        if before and after and before[-1] == after[0]:
            verdicts[number] = "bad"
    for place, number in enumerate(order):
        around = {verdicts[near] for near in order[max(place - 1, 0) : place + 2]}
        if verdicts[number] == "unknown" and "bad" in around:
            verdicts[number] = "good"
    return verdicts


def _judge_by_size(versions: Sequence[Version], known: Sequence[int]) -> list[str]:
    bad = [not version.sizes.isdisjoint(known) for version in versions]
    main = max(
        (run for version, is_bad in zip(versions, bad, strict=True) if is_bad for run in version.runs), key=_by_hits
    )
    verdicts = []
    for version, is_bad in zip(versions, bad, strict=True):
        first, last = version.runs[0].start, max(run.end for run in version.runs)
        elsewhere = first < main.start - _SETTLING or last > main.end + _SETTLING
        verdicts.append("bad" if is_bad else "good" if elsewhere else "unknown")
    return verdicts


def _by_hits(run: Run) -> tuple[int, datetime]:
    return run.hits, run.start


def _holds(run: Run) -> bool:
    """Tell a run from stragglers."""
    return run.hits >= _LEAST_HITS


def _units(fetches: pl.DataFrame, known: Sequence[int]) -> list[frozenset[int]]:
    """Give what counts as one size, commonest first: equal sizes, or close ones where headers are counted too."""
    counted = fetches.group_by("size", "headers").len().sort("size")
    close = (pl.col("size").diff() <= _HEADER_STEP) & pl.col("headers") & pl.col("headers").shift()
    counted = counted.with_columns(unit=(~close.fill_null(value=False)).cast(pl.UInt32).cum_sum())
    joined = fetches.join(counted.select("size", "headers", "unit"), on=["size", "headers"])
    units = joined.group_by("unit").agg(
        sizes=pl.col("size").unique(),
        hits=pl.len(),
        clients=pl.col("client").n_unique(),
        first=pl.col("time").min(),
        life=pl.col("time").max() - pl.col("time").min(),
    )
    units = units.sort("hits", "first", "unit", descending=[True, False, False])
    whole = fetches.select(pl.col("time").max() - pl.col("time").min()).item()
    usual = pl.col("life") * fetches.height >= whole * _LEAST_EXPECTED
    several = (pl.col("clients") >= _LEAST_CLIENTS) | (pl.col("hits") >= _OFTEN)
    often = (pl.col("hits") >= _LEAST_HITS) & several & usual
    named = pl.col("sizes").list.eval(pl.element().is_in(list(known))).list.any()
    # a file that was hardly asked for still has its one version
    commonest = pl.int_range(pl.len()) == 0
    return [frozenset(sizes) for sizes in units.filter(often | named | commonest).get_column("sizes")]


def _cluster(hits: pl.DataFrame, bad: Collection[int]) -> dict[int, int]:
    """Put units that alternate into one version: unit -> version. Units that go with two versions belong to none."""
    spans = hits.group_by("unit").agg(first=pl.col("time").min(), last=pl.col("time").max())
    span = {unit: (first, last) for unit, first, last in spans.iter_rows()}
    leaders: list[int] = []
    version_of: dict[int, int] = {}
    for unit in sorted(span, key=lambda unit: (unit not in bad, unit)):
        if unit in bad:  # all sizes that are named as malicious are one version
            friends = [lead for lead in leaders if lead in bad]
        else:
            friends = [lead for lead in leaders if _side_by_side(hits, span, unit, lead)]
            friends = [lead for lead in friends if lead not in bad or _only_then(hits, unit, bad)]
        if len(friends) > 1:
            continue
        if not friends:
            leaders.append(unit)
        version_of[unit] = leaders.index(friends[0]) if friends else len(leaders) - 1
    return version_of


def _only_then(hits: pl.DataFrame, unit: int, bad: Collection[int]) -> bool:
    """Tell whether a unit was served only while the malicious ones were: then it is one of their encodings.

    Where they were served to some people only, the good version alternates with them; it was there before or after, too.
    """
    times = hits.filter(pl.col("unit").is_in(list(bad))).get_column("time")
    edge = len(times) // 20  # stragglers and the attacker's own tests
    inside = pl.col("time").is_between(times[edge] - _SETTLING, times[-1 - edge] + _SETTLING)
    mine, all_ = hits.filter(pl.col("unit") == unit).select(inside), hits.select(inside)
    return bool(mine.to_series().mean() >= _NEARLY_ALL) and bool(all_.to_series().mean() <= 1 / 2)  # type: ignore[operator]


def _side_by_side(hits: pl.DataFrame, span: dict[int, tuple[datetime, datetime]], one: int, other: int) -> bool:
    """Tell whether two units were served side by side, rather than one in the place of the other.

    Looked at is the unit of the shorter life: while it was served, the other one had its usual part of all fetches, or not.
    """
    short, long = sorted((one, other), key=lambda unit: span[unit][1] - span[unit][0])
    if span[short][1] < span[long][0] or span[long][1] < span[short][0]:
        return False
    unit, time = pl.col("unit"), pl.col("time")
    times = hits.filter(unit == short).get_column("time")
    # around a change both are served for minutes: the middle half of the shorter life tells
    edge = len(times) // 4 if len(times) >= _MIDDLE else 0
    inside = hits.filter(time.is_between(times[edge], times[-1 - edge])).get_column("unit")
    outside = hits.filter(~time.is_between(*span[short])).get_column("unit")
    if len(outside) * len(times) < _EDGES * hits.height:
        outside = hits.get_column("unit")
    part = _part(inside, long)
    return part > 0 and part >= _USUAL_PART * _part(outside, long) and _mixing(hits, short, long) >= _LEAST_MIXING


def _part(units: pl.Series, unit: int) -> float:
    return units.filter(units == unit).len() / len(units)


def _mixing(hits: pl.DataFrame, one: int, other: int) -> float:
    """Say how often two units take turns, as a part of how often chance would let them."""
    both = hits.filter(pl.col("unit").is_in([one, other])).get_column("unit")
    turns = both.rle_id().last()
    first = both.filter(both == one).len()
    assert isinstance(turns, int)
    return turns * len(both) / (2 * first * (len(both) - first))


@dataclass(frozen=True, slots=True)
class _Block:
    """Fetches of one version with none of another between them."""

    version: int
    start: datetime
    end: datetime
    hits: int


def _blocks(hits: pl.DataFrame) -> list[_Block]:
    blocks = hits.group_by(pl.col("version").rle_id().alias("block"), maintain_order=True).agg(
        pl.col("version").first(), start=pl.col("time").min(), end=pl.col("time").max(), hits=pl.len()
    )
    return [_Block(*row) for row in blocks.select("version", "start", "end", "hits").iter_rows()]


def _segments(blocks: Sequence[_Block], penalty: float) -> list[int]:
    """Say for each block which version was the current one.

    The cheapest story wins: a fetch of another version costs 1, a change of the current one costs `penalty` (what a minute
    brings), so that stragglers at a change do not make changes of their own.
    """
    versions = sorted({block.version for block in blocks})
    costs = dict.fromkeys(versions, 0.0)
    came_from: list[dict[int, int]] = []
    for block in blocks:
        cheapest = min(versions, key=lambda version: (costs[version], version))
        change = costs[cheapest] + penalty
        came_from.append({version: version if costs[version] <= change else cheapest for version in versions})
        costs = {
            version: min(costs[version], change) + (0 if version == block.version else block.hits)
            for version in versions
        }
    current = min(versions, key=lambda version: (costs[version], version))
    path = []
    for step in reversed(came_from):
        path.append(current)
        current = step[current]
    return path[::-1]


def _runs(blocks: Sequence[_Block], current: Sequence[int], version: int) -> Iterator[Run]:
    """Join a version's blocks to runs: one for each time that it was the current one, with its stragglers.

    Stragglers go to the nearer run, if they come within the settling time; others are runs of their own, since that file was
    served then, too.
    """
    segment = 0
    mine: list[tuple[_Block, int | None]] = []
    for number, block in enumerate(blocks):
        segment += number > 0 and current[number] != current[number - 1]
        if block.version == version:
            mine.append((block, segment if current[number] == version else None))
    for group in _split(mine):
        yield Run(group[0].start, max(block.end for block in group), sum(block.hits for block in group))


def _split(mine: Sequence[tuple[_Block, int | None]]) -> Iterator[list[_Block]]:
    gaps = [after.start - before.end for (before, _), (after, _) in pairwise(mine)]
    cuts = set()
    for number, gap in enumerate(gaps):
        inside = mine[number][1] is not None and mine[number][1] == mine[number + 1][1]
        if gap > _SETTLING and not inside:
            cuts.add(number)
    firm = [number for number, (_, segment) in enumerate(mine) if segment is not None]
    for left, right in pairwise(firm):
        if mine[left][1] != mine[right][1]:
            cuts.add(max(range(left, right), key=lambda number: gaps[number]))
    group: list[_Block] = []
    for number, (block, _) in enumerate(mine):
        group.append(block)
        if number in cuts:
            yield group
            group = []
    yield group
