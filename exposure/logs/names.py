"""ENS names in kept requests, and the sightings that follow once they are resolved. Pure."""

import polars as pl

from exposure.logs.secrets.encodings import decode
from exposure.logs.sessions import link_sightings
from exposure.tables import TABLES

_NAME = r"(?i)[\p{L}\p{N}_.-]+\.eth(?:$|[^\p{L}\p{N}._-])"
_LONGEST = 255
# Names are resolved once an hour: they seldom change, and each time costs calls.
RESOLVED_EVERY = "1h"


def names_in(requests: pl.LazyFrame) -> pl.DataFrame:
    """Find the names in the paths of table `requests`: source, line, name (lowercase), time (the hour that it is resolved at).

    A line without a time is left out: a name stands for different people at different times.
    """
    likely = requests.filter(pl.col("path").str.contains("(?i)eth") & pl.col("time").is_not_null())
    rows = likely.select("source", "line", "path", "time").collect(engine="streaming")
    texts = pl.Series("path", [decode(path) for path in rows.get_column("path")], dtype=pl.String)
    found = rows.with_columns(name=texts.str.extract_all(_NAME)).explode("name").drop_nulls("name")
    name = pl.col("name").str.to_lowercase().str.extract(r"^(.*\.eth)")
    hour = pl.col("time").dt.truncate(RESOLVED_EVERY)
    named = found.select("source", "line", name=name, time=hour).filter(pl.col("name").str.len_bytes() <= _LONGEST)
    return named.unique().sort("source", "line", "name")


def named_sightings(requests: pl.LazyFrame, found: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Give the sightings of addresses whose names stood in requests, linked as addresses in the same places would be.

    `found` is what `names_in` gave, `names` the table. No names give no rows.
    """
    mentions = (
        found.join(names, on=["name", "time"])
        .select("source", "line", "address", in_target=pl.lit(value=True))
        .unique()
    )
    lines = requests.join(mentions.lazy(), on=["source", "line"], how="semi")
    near = requests.join(lines.select("session").drop_nulls().unique(), on="session", how="semi")
    columns = ("source", "line", "time", "client", "session", "action")
    told = pl.concat([lines.select(columns), near.select(columns)]).unique().collect()
    nobody = pl.DataFrame(schema={"address": pl.String, "shares": pl.UInt32})
    linked = link_sightings(told, mentions, nobody)
    ref = pl.format("log:{}:{}", "source", "line")
    return TABLES["sightings"].check(linked.with_columns(ref=ref).drop("source", "line"))
