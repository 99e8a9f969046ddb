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
from exposure.assess.intervals import fisher
from exposure.incident import Incident

# A path whose size changes with every answer is no static file; this many of its sizes, and of all, are looked at.
SIZES_MOST, ALL_MOST = 50, 300
CHANCE = 0.05
# So many of those harmed must have been exposed while the size was served.
HARMED_LEAST = 0.5


@dataclass(frozen=True, slots=True)
class Served:
    """A size that was served for a while: the last fetch of another before, its own first and last, the first of another after.

    `back` says that the size before it came back after it.
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


@dataclass(frozen=True, slots=True)
class Exposed:
    """Exposures as microseconds: one array a harmed wallet, and all those of unharmed wallets, sorted."""

    harmed: tuple[NDArray[np.int64], ...]
    unharmed: NDArray[np.int64]


def asset_bounds(assets: pl.DataFrame, incident: Incident, exposures: pl.DataFrame) -> Pair:
    """Give the bracket of T1 (last good fetch, first bad fetch] and T2 [last bad fetch, first good fetch).

    `exposures` has the columns address, time, harmed. No asset that can be told from a deploy gives neither bound; a bad size
    that is still being served gives no T2.
    """
    runs = list(_runs(assets, incident))
    found = _named(runs, incident)
    if not found:
        chosen = _best(runs, _arrays(exposures))
        found = [] if chosen is None else [chosen]
    if not found:
        return Pair(None, None)
    start, end = min(found, key=lambda run: run.first), max(found, key=lambda run: run.last)
    # Encodings of one file change together: the tightest bracket that they leave is the one that holds the moment.
    before = max((run.before for run in found if run.before and run.before < start.first), default=None)
    after = min((run.after for run in found if run.after and run.after > end.last), default=None)
    text = ", ".join(sorted({f"{run.size:,} bytes of {run.path}" for run in found}))
    t1 = Bound(
        start.first, before, start.first, f"first full fetch of {text}, last fetch of another size {stamp(before)}"
    )
    ended = any(run.after for run in found)
    t2 = Bound(end.last, end.last, after, f"last full fetch of {text}, first fetch of another size {stamp(after)}")
    return Pair(t1, t2 if ended else None)


def _runs(assets: pl.DataFrame, incident: Incident) -> Iterator[Served]:
    """Give every size that appeared after another had been served."""
    keys = ["host", "path", "encoding"]
    sizes = assets.group_by(*keys, "size").agg(pl.col("start").min(), pl.col("end").max(), pl.col("hits").sum())
    changed = sizes.filter((pl.len().over(keys) > 1) & (pl.len().over(keys) <= SIZES_MOST))
    ranked = changed.sort("hits", "path", "encoding", "size", descending=[True, False, False, False]).head(ALL_MOST)
    wanted = {asset.path: asset for asset in incident.assets}
    for host, path, encoding, size, first, last, hits in ranked.sort(*keys, "size", nulls_last=True).iter_rows():
        others = assets.filter(
            pl.col("host").eq_missing(pl.lit(host, pl.String))
            & (pl.col("path") == path)
            & pl.col("encoding").eq_missing(pl.lit(encoding, pl.String))
            & (pl.col("size") != size)
        )
        earlier, later = others.filter(pl.col("end") < first), others.filter(pl.col("start") > last)
        before, after = _time(earlier.get_column("end").max()), _time(later.get_column("start").min())
        asset = wanted.get(path)
        sized = asset is not None and size in asset.bytes
        if before is None and not sized:
            continue  # the size that was there from the start
        named = sized or (asset is not None and not asset.bytes)
        back = bool(set(earlier.get_column("size")) & set(later.get_column("size")))
        yield Served(host, path, encoding or "", size, hits, before, first, last, after, back, named)


def _time(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _named(runs: list[Served], incident: Incident) -> list[Served]:
    """Choose among the sizes of files that incident.toml names: bad sizes that it names, else what came and went.

    Of several that came and went in one encoding the commonest whose old size came back: the others are errors and aborted
    answers. While the attack goes on, a size that came and stayed is the bad one.
    """
    bad = {(asset.path, size) for asset in incident.assets for size in asset.bytes}
    sized = [run for run in runs if (run.path, run.size) in bad]
    if sized:
        return sized
    unsized = [run for run in runs if run.named]
    gone = [run for run in unsized if run.after is not None]
    if not gone and incident.status == "ongoing":
        gone = unsized
    best: dict[tuple[str | None, str, str], Served] = {}
    for run in sorted(gone, key=lambda run: (run.back, run.hits, run.size)):
        best[run.host, run.path, run.encoding] = run
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
