"""The window by the served size of static files: one that appears and goes brackets T1 and T2 to the second. Pure.

An ordinary deploy changes a size too. A change is taken for the attack only where incident.toml names the file or its bad
sizes, or where who used it then and who was harmed go together so well that chance does not explain it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from exposure.assess.bounds import Bound, Pair, stamp
from exposure.incident import Incident

# A path whose size changes with every answer is no static file; this many of its sizes, and of all, are looked at.
SIZES_MOST, ALL_MOST = 50, 300
CHANCE = 0.05
# Sizes in some logs include headers, which differ by cookies and ages.
HEADERS = 64
GAPS = 7
# So many of those harmed must have been exposed while the size was served.
HARMED_LEAST = 0.5


@dataclass(frozen=True, slots=True)
class Served:
    """A size that was served for a while: the last fetch of another before, its own first and last, the first of another after.

    `back` says that the size before it came back after it; `named` that incident.toml names the file and no size; `miss` by
    how many bytes a size that it names differs (null: by more than headers).
    """

    host: str | None
    path: str
    encoding: str
    size: int
    hits: int
    before: datetime | None
    first: datetime
    last: datetime
    after: datetime | None
    back: bool
    named: bool = False
    miss: int | None = None


@dataclass(frozen=True, slots=True)
class Exposed:
    """Exposures as microseconds: one array a harmed wallet, and all those of unharmed wallets, sorted."""

    harmed: tuple[NDArray[np.int64], ...]
    unharmed: NDArray[np.int64]


def asset_bounds(assets: pl.DataFrame, incident: Incident, exposures: pl.DataFrame) -> Pair:
    """Give the bracket of T1 (last good fetch, first bad fetch] and T2 [last bad fetch, first good fetch).

    `exposures` has the columns address, time, harmed. No asset that can be told from a deploy gives neither bound; a bad size
    that is still being served has no first good fetch; where incident.toml does not name it, it gives no T2.
    """
    runs = list(_runs(assets, incident))
    found = _named(runs, incident)
    if not found:
        chosen = _best(runs, _arrays(exposures))
        found = [] if chosen is None else [chosen]
    if not found:
        return Pair(None, None)
    start, end = min(found, key=lambda run: run.first), max(found, key=lambda run: run.last)
    # Hosts and files that carried it changed together: the tightest bracket that they leave is the one that holds the moment.
    before = max((run.before for run in found if run.before and run.before < start.first), default=None)
    after = min((run.after for run in found if run.after and run.after > end.last), default=None)
    text = ", ".join(sorted({f"{run.size:,} bytes of {run.path}" for run in found}))
    t1 = Bound(
        start.first, before, start.first, f"first full fetch of {text}, last fetch of another size {stamp(before)}"
    )
    ended = any(run.after for run in found)
    t2 = Bound(end.last, end.last, after, f"last full fetch of {text}, first fetch of another size {stamp(after)}")
    sure = all(run.miss is not None for run in found)
    return Pair(t1, t2 if ended or sure else None)


def behind_bounds(assets: pl.DataFrame, incident: Incident, windows: pl.DataFrame) -> list[Served]:
    """Give the versions that are taken for the attack: what incident.toml names, else what the assessed asset bounds rest on.

    `windows` is the table: the one version that `asset_bounds` chose by who was harmed is told by its first and last fetch.
    """
    runs = list(_runs(assets, incident))
    named = _named(runs, incident)
    if named:
        return named
    bounds = windows.filter(pl.col("method") == "asset")
    ends = {row["bound"]: row["estimate"] for row in bounds.iter_rows(named=True)}
    if "T1" not in ends:
        return []
    return [run for run in runs if run.before and run.first == ends["T1"] and run.last == ends.get("T2", run.last)]


def changed_back(assets: pl.DataFrame, incident: Incident, most: int) -> list[Served]:
    """Give the versions that came and gave way to the old one again, commonest first: each is a guess at the attack's time."""
    back = [run for run in _runs(assets, incident) if run.back and run.before is not None and run.after is not None]
    return sorted(back, key=lambda run: (-run.hits, run.path, run.size))[:most]


def _runs(assets: pl.DataFrame, incident: Incident) -> Iterator[Served]:
    """Give every version of a file that appeared after another had been served.

    A file is a host and path; `encoding` and `size` together name one of its versions.
    """
    keys = ["host", "path"]
    versions = assets.group_by(*keys, "encoding", "size").agg(
        pl.col("start").min(), pl.col("end").max(), pl.col("hits").sum()
    )
    several = (pl.len().over(keys) > 1) & (pl.len().over(keys) <= SIZES_MOST)
    # A bad size that was served from the first line to the last has replaced nothing that these logs show.
    changed = versions.filter(several | pl.col("path").is_in([asset.path for asset in incident.assets]))
    ranked = changed.sort("hits", "path", "encoding", "size", descending=[True, False, False, False]).head(ALL_MOST)
    wanted = {asset.path: asset for asset in incident.assets}
    order = [*keys, "encoding", "size"]
    for host, path, encoding, size, first, last, hits in ranked.sort(*order, nulls_last=True).iter_rows():
        mine = pl.col("host").eq_missing(pl.lit(host, pl.String)) & (pl.col("path") == path)
        same = pl.col("encoding").eq_missing(pl.lit(encoding, pl.String)) & (pl.col("size") == size)
        others = assets.filter(mine & ~same)
        earlier, later = others.filter(pl.col("start") < first), others.filter(pl.col("end") > last)
        before, after = _last_before(earlier, first), _first_after(later, last)
        asset = wanted.get(path)
        miss = _miss(asset.bytes, size, encoding) if asset else None
        if before is None and miss != 0:
            continue  # the version that was there from the start
        back = bool(set(earlier.select("encoding", "size").rows()) & set(later.select("encoding", "size").rows()))
        named = asset is not None and not asset.bytes
        yield Served(host, path, encoding or "", size, hits, before, first, last, after, back, named, miss)


def _miss(sizes: Iterable[int], size: int, encoding: str | None) -> int | None:
    """Give by how much the named sizes miss this version's: its commonest, or one of its encodings'; None beyond headers."""
    mine = {size, *(int(part) for part in (encoding or "").split("+") if part.isdecimal())}
    least = min((abs(one - other) for one in sizes for other in mine), default=HEADERS + 1)
    return least if least <= HEADERS else None


def _last_before(earlier: pl.DataFrame, first: datetime) -> datetime | None:
    """Give the last fetch of another version before `first`.

    Where nodes went on serving the old file its run does not end there: then seven of its mean gaps before, since so long
    a silence comes by chance once in a thousand times.
    """
    gap = (pl.col("end") - pl.col("start")) / pl.col("hits").clip(1)
    inside = pl.max_horizontal("start", pl.lit(first) - GAPS * gap)
    return _time(earlier.select(pl.when(pl.col("end") < first).then("end").otherwise(inside)).to_series().max())


def _first_after(later: pl.DataFrame, last: datetime) -> datetime | None:
    """Give the first fetch of another version after `last`; see `_last_before`."""
    gap = (pl.col("end") - pl.col("start")) / pl.col("hits").clip(1)
    inside = pl.min_horizontal("end", pl.lit(last) + GAPS * gap)
    return _time(later.select(pl.when(pl.col("start") > last).then("start").otherwise(inside)).to_series().min())


def _time(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _named(runs: list[Served], incident: Incident) -> list[Served]:
    """Choose among the sizes of files that incident.toml names: bad sizes that it names, else what came and went.

    Of several that came and went the commonest whose old size came back: the others are errors and aborted
    answers. While the attack goes on, a size that came and stayed is the bad one.
    """
    exact = [run for run in runs if run.miss == 0]
    # Only where no size fits exactly: a payload of one line differs from the good file by no more than headers do.
    near = min((run.miss for run in runs if run.miss is not None), default=None)
    if exact or near is not None:
        return exact or [run for run in runs if run.miss == near]
    unsized = [run for run in runs if run.named]
    gone = [run for run in unsized if run.after is not None]
    if not gone and incident.status == "ongoing":
        gone = unsized
    best: dict[tuple[str | None, str], Served] = {}
    for run in sorted(gone, key=lambda run: (run.back, run.hits, run.size)):
        best[run.host, run.path] = run
    return list(best.values())


def _arrays(exposures: pl.DataFrame) -> Exposed:
    """Split the exposures of the harmed, wallet by wallet, from those of all others."""
    rows = (
        exposures.drop_nulls("time").select("address", "harmed", at=pl.col("time").dt.epoch("us")).sort("address", "at")
    )
    harmed = rows.filter("harmed").group_by("address", maintain_order=True).agg("at").get_column("at")
    unharmed = rows.filter(~pl.col("harmed")).get_column("at").sort().to_numpy()
    return Exposed(tuple(part.to_numpy() for part in harmed), unharmed)


def _best(runs: Iterable[Served], exposed: Exposed) -> Served | None:
    """Choose the run that best separates harmed from unharmed, if it does so beyond chance over all that were tried."""
    from exposure.assess.intervals import (
        fisher,
    )  # scipy takes a second to import: who only draws the files has no use for it

    tried = [run for run in runs if run.before is not None]
    total = len(exposed.harmed)
    if not total:
        return None
    scored = []
    for run in tried:
        low, high = _micros(run.first), _micros(run.after) if run.after else np.iinfo(np.int64).max
        hits = sum(bool(((times >= low) & (times <= high)).any()) for times in exposed.harmed)
        others = int(np.searchsorted(exposed.unharmed, high, "right") - np.searchsorted(exposed.unharmed, low, "left"))
        if hits < HARMED_LEAST * total:
            continue
        p_value = fisher(hits, total, others, len(exposed.unharmed))
        scored.append((p_value, run.after is None, not run.back, run.path, run.encoding, run.size, run))
    if not scored:
        return None
    best = min(scored, key=lambda row: row[:-1])
    return best[-1] if best[0] * len(tried) <= CHANCE else None


def _micros(time: datetime) -> int:
    return round(time.timestamp() * 1_000_000)
