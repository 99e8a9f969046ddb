"""What needs all lines: sessions, links, states of files -> the tables requests and sightings, a part at a time.

Millions of kept rows do not fit into memory at once. People are told apart by their client, so that all that belongs together
lies in one stretch of client numbers: such stretches are worked on one after the other, and what they give is piled up again in
the order of the tables.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl

from exposure.logs.assets import Found, asset_states
from exposure.logs.digest import KEPT
from exposure.logs.formats.records import shape
from exposure.logs.intake import Intake
from exposure.logs.secrets.proofs import Proven
from exposure.logs.secrets.redaction import MARK
from exposure.logs.sessions import UNREAD, find_sessions, known_addresses, link_sightings, name_sessions
from exposure.logs.spill import Spill
from exposure.tables import TABLES

# Rows of requests or sightings that are worked on together: with all that is joined to them 200 megabytes.
TOGETHER = 150_000
_CLIENTS = 1 << 64
# Place of a request in its table: the rank of its source, then its line.
_LINES = 1 << 44


@dataclass(frozen=True, slots=True)
class Finished:
    """The piles of both tables' rows, and how many rows of requests each source has."""

    requests: Spill
    sightings: Spill
    kept: dict[int, int]
    cuts: Mapping[str, list[object]]

    def parts(self, table: str) -> Iterator[pl.DataFrame]:
        """Give the rows of a table in parts whose order is that of its key."""
        pile, by = (self.requests, "place") if table == "requests" else (self.sightings, "address")
        cuts: list[object] = [None, *self.cuts[table], None]
        for low, high in pairwise(cuts):
            rows = pile.scan()
            rows = rows if low is None else rows.filter(pl.col(by) >= pl.lit(low))
            rows = rows if high is None else rows.filter(pl.col(by) < pl.lit(high))
            yield rows.select(TABLES[table].schema.names()).collect()


def finish(
    intake: Intake,
    found: Found,
    ids: Mapping[int, str],
    gap: timedelta,
    scratch: Path,
    together: int = TOGETHER,
    events: Sequence[int] = (),
    proven: Proven | None = None,
) -> Finished:
    """Name the sessions of all kept rows, tie addresses to actions, and pile up both tables' rows.

    `events` are the numbers of the sources whose lines are events; `proven` are the wallets that secrets in lines open.
    """
    places = {number: rank * _LINES for rank, (number, _) in enumerate(sorted(ids.items(), key=lambda item: item[1]))}
    requests = Spill(scratch, "out-requests", shape(**TABLES["requests"].schema, place=pl.UInt64), "place", TOGETHER)
    sightings = Spill(scratch, "out-sightings", TABLES["sightings"].schema, "address", TOGETHER)
    famous = known_addresses(intake.mentions.scan())
    kept: dict[int, int] = {}
    for low, high in _stretches(intake.requests.rows + found.watched.height, together):
        rows, mentions = _of_clients(intake, found, low, high)
        states = asset_states(rows.filter(pl.col("action").is_not_null()), found.watched)
        opened = _opened(proven, _between(low, high)) if proven else None
        clients = rows.get_column("client") if opened is None else pl.concat([rows["client"], opened["client"]])
        sessions = find_sessions(intake.spans.scan(), clients.drop_nulls(), gap)
        named = name_sessions(rows, sessions).join(states, on=["source", "line"], how="left")
        if proven is not None and opened is not None:
            sightings.add(_sightings(name_sessions(opened, sessions), ids))
            named = _hide(named, proven.guessed)
        for source, number in named.group_by("source").len().iter_rows():
            kept[source] = kept.get(source, 0) + number
        sightings.add(_sightings(link_sightings(named, mentions, famous, events), ids))
        place = pl.col("source").replace_strict(places, return_dtype=pl.UInt64) + pl.col("line")
        requests.add(with_ids(named.with_columns(place=place), ids))
    sightings.add(_sightings(_alone(intake), ids))
    cuts = {"requests": _cuts(requests, "place", together), "sightings": _cuts(sightings, "address", together)}
    return Finished(requests, sightings, kept, cuts)


def _stretches(rows: int, together: int) -> Iterator[tuple[int, int]]:
    """Cut the numbers of clients, which are spread evenly, into stretches of about so many rows."""
    parts = rows // together + 1
    return pairwise([_CLIENTS * part // parts for part in range(parts + 1)])


def _of_clients(intake: Intake, found: Found, low: int, high: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give the kept rows (KEPT) and the mentions of a stretch of clients; rows without a client are in the first."""
    mine = _between(low, high)
    kept = intake.requests.scan().filter(mine).collect()
    more = found.watched.filter(mine).join(kept, on=["source", "line"], how="anti")
    fetched = more.with_columns(
        path="target",
        bytes="size",
        method=pl.lit("GET"),
        status=pl.lit(200, pl.UInt16),
        **{name: pl.lit(None, pl.String) for name in ("action", "event", "version")},
    )
    mentions = intake.mentions.scan().filter(mine & ~pl.col("typo")).drop("client").collect()
    return pl.concat([kept, fetched.select(KEPT.names())]), mentions


def _between(low: int, high: int) -> pl.Expr:
    """Tell the rows of a stretch of clients; those without a client are in the first."""
    mine = (pl.col("client") >= low) & (pl.col("client") <= high - 1)
    return mine | pl.col("client").is_null() if low == 0 else mine


def _opened(proven: Proven, mine: pl.Expr) -> pl.DataFrame:
    """Give the wallets that secrets in the lines of some clients open, each once a line, as sightings (client as number)."""
    lines = proven.lines.filter(mine).collect()
    rows = lines.join(proven.wallets, on="number").with_columns(link=pl.lit("key")).drop("number", "kind")
    return rows.unique().with_columns(pl.col("strength").max().over("source", "line", "address")).unique()


def _hide(requests: pl.DataFrame, guessed: pl.DataFrame) -> pl.DataFrame:
    """Replace the paths of lines whose secret looked like a hash until its wallet was seen."""
    if guessed.is_empty():
        return requests
    marked = requests.join(guessed.with_columns(hide=pl.lit(value=True)), on=["source", "line"], how="left")
    return marked.with_columns(path=pl.when("hide").then(pl.lit(MARK)).otherwise("path")).drop("hide")


def _alone(intake: Intake) -> pl.DataFrame:
    """Give the addresses of lines that could not be read: nothing else is known of them, no time, no client, no action."""
    schema = {"source": pl.UInt32, "line": pl.UInt64, "address": pl.String}
    unread = pl.DataFrame(intake.unread_addresses, schema=schema, orient="row")
    return unread.with_columns(link=pl.lit("direct"), strength=pl.lit(UNREAD))


def _sightings(linked: pl.DataFrame, ids: Mapping[int, str]) -> pl.DataFrame:
    seen = with_ids(linked, ids).with_columns(ref=pl.concat_str(pl.lit("log:"), "source", pl.lit(":"), "line"))
    empty = TABLES["sightings"].empty()
    return pl.concat([empty, seen.select(name for name in empty.columns if name in seen.columns)], how="diagonal")


def with_ids(rows: pl.DataFrame, ids: Mapping[int, str]) -> pl.DataFrame:
    """Put the ids of sources in the place of their numbers."""
    named = pl.DataFrame(list(ids.items()), schema={"source": pl.UInt32, "id": pl.String}, orient="row")
    return rows.join(named, on="source", how="left").drop("source").rename({"id": "source"})


def _cuts(pile: Spill, by: str, together: int) -> list[object]:
    """Give the values at which a pile is cut into parts of about so many rows; equal values stay together."""
    if pile.rows <= together:
        return []
    values = pile.scan().select(by).collect(engine="streaming").to_series().sort()
    return sorted(set(values.gather_every(together)[1:]))
