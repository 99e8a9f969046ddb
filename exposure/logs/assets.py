"""Full fetches of static files -> the table assets, and what file each client had when it acted. Pure but for its pile.

Only a file's served size is in the logs. It shows a change of the file, not what changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from exposure.incident import Asset
from exposure.logs.actions import path_of
from exposure.logs.formats.records import shape
from exposure.logs.secrets.redaction import redact_column
from exposure.logs.spill import Spill
from exposure.logs.versions import Version, find_versions, judge
from exposure.tables import TABLES, TIME

# A full fetch of a file that can carry an attack. `path` is the number of host and path, `ask` that of what NAMES spells out.
FETCHES = shape(
    path=pl.UInt64,
    time=TIME,
    source=pl.UInt32,
    line=pl.UInt64,
    client=pl.UInt64,
    ask=pl.UInt64,
    size=pl.Int64,
    headers=pl.Boolean,
)
# `ask` is a number for `host` and `target`; the latter is redacted here.
NAMES = shape(ask=pl.UInt64, path=pl.UInt64, host=pl.String, target=pl.String)
_OK = 200
# Fetches of changed paths that are looked at together.
_TOGETHER = 2_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """What the fetches show. `assets` is the table; `changed` holds the fetches of watched paths, with `verdict`."""

    assets: pl.DataFrame
    watched: pl.DataFrame
    changed_paths: int


def full_fetches(records: pl.DataFrame) -> pl.DataFrame:
    """Give the full fetches (FETCHES) among judged records: GET, 200, with a body, of a static path or of an [[asset]]."""
    full = (pl.col("static") | pl.col("watched")) & (pl.col("status") == _OK) & (pl.col("bytes") > 0)
    fetched = records.lazy().filter(full & (pl.col("method") == "GET"))
    return fetched.with_columns(path="file", ask="name", size="bytes").select(FETCHES.names()).collect()


def file_names(asked: pl.DataFrame) -> pl.DataFrame:
    """Spell out the files (NAMES) among what was asked; redacted, since the pile may be written to disk."""
    files = asked.filter(pl.col("static") | pl.col("watched")).with_columns(
        path="file", ask="name", source=pl.lit(0), line=pl.lit(0)
    )
    return redact_column(files, "target")[0].select(NAMES.names())


def study(fetches: Spill, names: Spill, assets: Sequence[Asset]) -> Found:
    """Find the runs of every static path, and the fetches of those that are watched: named by an [[asset]], or changed.

    The verdict of a fetch is bad, good or unknown; null where its path says nothing: where the team has named the file, other
    files that changed are kept in view, but decide nothing.
    """
    known = {asset.path: asset.bytes for asset in assets}
    spelt = names.scan().unique("ask").collect()
    named = _named_paths(spelt, known)
    tables = [_constant(fetches, spelt, named)]
    watched = [FETCHES.to_frame().with_columns(verdict=pl.lit(None, pl.String))]
    changed = 0
    for path, of_path in _by_path(fetches, named):
        sizes = known.get(named.get(path, ""), ())
        versions = find_versions(of_path, sizes)
        first = spelt.row(by_predicate=pl.col("ask") == of_path.item(0, "ask"), named=True)
        tables.append(TABLES["assets"].frame(list(_rows(first["host"], first["target"].split("?", 1)[0], versions))))
        changed += len(versions) > 1
        if path in named or len(versions) > 1:
            verdicts = judge(versions, sizes) if path in named or not named else None
            watched.append(of_path.with_columns(verdict=_verdicts(versions, verdicts)))
    spelt_out = pl.concat(watched).join(spelt.select("ask", "host", "target"), on="ask", how="left")
    return Found(TABLES["assets"].check(pl.concat(tables)), spelt_out, changed)


def _constant(fetches: Spill, spelt: pl.DataFrame, named: Mapping[int, str]) -> pl.DataFrame:
    """Give the table's rows of all paths that were served in one size only: nearly all, so they are not looked at one by one."""
    runs = (
        fetches.scan()
        .group_by("path")
        .agg(
            pl.col("ask").first(),
            sizes=pl.col("size").n_unique(),
            size=pl.col("size").first(),
            start=pl.col("time").min(),
            end=pl.col("time").max(),
            hits=pl.len().cast(pl.UInt64),
        )
        .filter((pl.col("sizes") == 1) & ~pl.col("path").is_in(list(named)))
        .collect()
    )
    told = runs.drop("path").join(spelt.select("ask", "host", "target"), on="ask", how="left")
    return told.with_columns(path=path_of(), encoding=pl.lit("")).select(TABLES["assets"].schema.names())


def _rows(host: str | None, path: str, versions: Sequence[Version]) -> Iterator[dict[str, object]]:
    for version in versions:
        for run in version.runs:
            yield {
                "host": host,
                "path": path,
                "encoding": version.encoding,
                "size": version.size,
                "start": run.start,
                "end": run.end,
                "hits": run.hits,
            }


def _verdicts(versions: Sequence[Version], verdicts: Sequence[str] | None) -> pl.Expr:
    if verdicts is None:
        return pl.lit(None, pl.String)
    of_size = {size: verdict for version, verdict in zip(versions, verdicts, strict=True) for size in version.sizes}
    return pl.col("size").replace_strict(of_size, default="unknown", return_dtype=pl.String)


def _named_paths(spelt: pl.DataFrame, known: Mapping[str, object]) -> dict[int, str]:
    """Give number -> path of the paths that [[asset]] names."""
    plain = path_of()
    return dict(spelt.filter(plain.is_in(list(known))).select("path", plain=plain).unique().iter_rows())


def _by_path(fetches: Spill, named: Mapping[int, str]) -> Iterator[tuple[int, pl.DataFrame]]:
    """Give the fetches of each path that is named or was served in several sizes; several paths are read together."""
    several = (pl.col("size").n_unique() > 1) | pl.col("path").first().is_in(list(named))
    counted = fetches.scan().group_by("path").agg(hits=pl.len(), several=several).filter("several").collect()
    counted = counted.sort("hits", "path")
    counted = counted.with_columns(batch=pl.col("hits").cum_sum() // _TOGETHER)
    for _, batch in counted.group_by("batch", maintain_order=True):
        rows = fetches.scan().filter(pl.col("path").is_in(batch.get_column("path").implode())).collect()
        for (path,), of_path in rows.sort("path", "time", "source", "line").group_by("path", maintain_order=True):
            yield path, of_path


def asset_states(actions: pl.DataFrame, watched: pl.DataFrame) -> pl.DataFrame:
    """Say what file a client had when it acted: the verdicts of its last full fetches before.

    `actions` holds source, line, time, client (number); gives source, line, asset_state: bad, good, mixed (the last fetches
    contradict each other) or unknown (no fetch is known, or its size says nothing).
    """
    telling = watched.filter(pl.col("verdict").is_not_null() & pl.col("client").is_not_null())
    bad = telling.filter(pl.col("verdict") == "bad").get_column("path").unique()
    telling = telling.filter(pl.col("path").is_in(bad.implode()))
    states = [actions.select("source", "line", verdict=pl.lit(None, pl.String))]
    for path in bad.sort():
        of_path = telling.filter(pl.col("path") == path).group_by("client", "time").agg(verdict=_together())
        asked = actions.select("source", "line", "time", "client").sort("time")
        had = asked.join_asof(of_path.sort("time"), on="time", by="client", strategy="backward", check_sortedness=False)
        states.append(had.select("source", "line", "verdict"))
    joined = pl.concat(states).group_by("source", "line").agg(asset_state=_together())
    return joined.with_columns(pl.col("asset_state").fill_null("unknown"))


def _together() -> pl.Expr:
    """Put several verdicts into one."""
    has_bad, has_good = ((pl.col("verdict") == name).any() for name in ("bad", "good"))
    mixed = (has_bad & has_good) | (pl.col("verdict") == "mixed").any()
    return (
        pl.when(mixed)
        .then(pl.lit("mixed"))
        .when(has_bad)
        .then(pl.lit("bad"))
        .when(has_good)
        .then(pl.lit("good"))
        .when(pl.col("verdict").is_not_null().any())
        .then(pl.lit("unknown"))
    )
