"""What the case knows of the wallets and transactions that reports name, looked up once for all of them. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from exposure.assess.coverage import NEEDED, unread_parts
from exposure.assess.intake import Given
from exposure.assess.naming import Names
from exposure.incident import Incident

Rows = Mapping[str, list[dict[str, Any]]]
_SMALL = ("attackers", "windows", "tokens", "coverage")


@dataclass(frozen=True, slots=True)
class Known:
    """Rows by wallet or by transaction.

    `read` is the time over which every chain of the case was read in full for each wallet of `asked`; None where one was not.
    `began` is the earliest published start; None = not bounded. `departures` are movements out of a wallet that
    are no known loss.
    """

    incident: Incident
    now: datetime
    names: Names
    wallets: Mapping[str, dict[str, Any]]
    losses: Rows
    deeds: Rows
    departures: Rows
    asked: frozenset[str]
    losses_by_tx: Rows
    moves_by_tx: Rows
    attackers: Mapping[str, bool]
    read: tuple[datetime, datetime] | None
    began: datetime | None
    tokens: Mapping[tuple[int, str], tuple[str, int | None]]


def look_up(
    tables: Given, incident: Incident, now: datetime, wallets: Iterable[str], transactions: Iterable[str]
) -> Known:
    """Read of each table what these wallets and transactions need."""
    mine, named = (
        pl.Series(sorted(set(wallets)), dtype=pl.String),
        pl.Series(sorted(set(transactions)), dtype=pl.String),
    )
    small = {name: tables[name].lazy().collect() for name in _SMALL}
    in_named = pl.col("transaction_hash").is_in(named.implode())
    losses = _of(tables, "losses", pl.col("address").is_in(mine.implode()) | in_named)
    transfers = _of(tables, "transfers", pl.col("from_address").is_in(mine.implode()) | in_named)
    transactions_ = _of(tables, "transactions", in_named)
    confirmed = small["attackers"].group_by("address").agg(pl.col("confirmed").fill_null(value=False).any())
    published = small["windows"].filter(pl.col("method") == "published")
    seen = (pl.col("link") != "report") & pl.col("action").is_not_null() & pl.col("time").is_not_null()
    wallet = pl.col("address").is_in(mine.implode())
    return Known(
        incident=incident,
        now=now,
        names=Names(small, incident, confirmed),
        wallets={row["address"]: row for row in _of(tables, "wallets", wallet).iter_rows(named=True)},
        losses=_by(losses.filter(wallet), "address"),
        deeds=_by(_of(tables, "sightings", wallet & seen).sort("time", "ref"), "address"),
        departures=_by(
            _departures(transfers.filter(pl.col("from_address").is_in(mine.implode())), losses),
            "from_address",
        ),
        asked=frozenset(_of(tables, "candidates", wallet).get_column("address")),
        losses_by_tx=_by(losses.filter(in_named), "transaction_hash"),
        moves_by_tx=_by(_moves(transfers.filter(in_named), transactions_), "transaction_hash"),
        attackers=dict(confirmed.iter_rows()),
        read=_read(small["coverage"], incident),
        began=_earliest(published.filter(pl.col("bound") == "T1").get_column("earliest")),
        tokens={
            (chain, token): (symbol or "", decimals)
            for chain, token, symbol, decimals in small["tokens"]
            .select("chain_id", "token_address", "symbol", "decimals")
            .iter_rows()
        },
    )


def _of(tables: Given, name: str, wanted: pl.Expr) -> pl.DataFrame:
    return tables[name].lazy().filter(wanted.fill_null(value=False)).collect()


def _by(rows: pl.DataFrame, key: str) -> Rows:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.iter_rows(named=True):
        found[row[key]].append(row)
    return dict(found)


def _moves(transfers: pl.DataFrame, transactions: pl.DataFrame) -> pl.DataFrame:
    """Give who moved what in the named transactions; one that moved nothing that was read has its sender and recipient."""
    keys = ["chain_id", "transaction_hash", "from_address", "to_address", "value"]
    return pl.concat([transfers.select(keys), transactions.select(keys)]).unique(maintain_order=True)


def _departures(transfers: pl.DataFrame, losses: pl.DataFrame) -> pl.DataFrame:
    """Give what left the wallets and is no known loss. Thieves pay into exchanges too: an ordinary recipient excuses nothing."""
    stolen = losses.select("chain_id", "transaction_hash", "address", "token").unique()
    place = ["chain_id", "transaction_hash", "from_address", "token_address"]
    kept = transfers.filter(pl.col("value") != "0").join(stolen, left_on=place, right_on=stolen.columns, how="anti")
    return kept.sort("timestamp", "transaction_hash")


def _earliest(times: pl.Series) -> datetime | None:
    """Give the earliest start; None where there is none, or one window is not bounded."""
    found = None if times.null_count() else times.min()
    return found if isinstance(found, datetime) else None


def _read(coverage: pl.DataFrame, incident: Incident) -> tuple[datetime, datetime] | None:
    """Give the stretch over which every chain was read without a hole; a chain of which the head alone is looked at is none."""
    rows = coverage.filter(
        pl.col("source").is_in([f"chain:{chain.id}" for chain in incident.chains]) & pl.col("layer").is_in(NEEDED)
    )
    whole = all(chain.look == "all" and not list(unread_parts(coverage, chain)) for chain in incident.chains)
    first, last = rows.get_column("first").max(), rows.get_column("last").min()
    if not incident.chains or not whole or rows.get_column("first").null_count():
        return None
    return (first, last) if isinstance(first, datetime) and isinstance(last, datetime) else None
