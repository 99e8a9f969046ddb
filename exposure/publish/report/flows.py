"""Where the money went, token by token: from the wallets to the attackers' addresses, and up to three hops on. Pure.

A link is what went from one address to another in all. What left an address after the attackers' money came there is counted
whole, as table `onward` has it: the chain does not tell which of it was theirs.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from exposure.chain.worth import with_usd
from exposure.incident import Incident
from exposure.publish.facts import HARMED, Facts, tied_wallets
from exposure.publish.tallies import Tally, tally, token_facts

# Few tokens have a price, so they are not added up: the most frequent have a flow each.
TOKENS = 3
# Addresses of one column that are drawn each for itself; the rest are counted.
MOST = 5
OURS, ELSEWHERE, REST = "wallets of this incident", "other wallets", "more"


@dataclass(frozen=True, slots=True)
class Link:
    """What went from one place to another: `column` is the sender's (0: wallets, 1: attackers, 2 and more: hops).

    `source` and `target` are addresses, OURS, ELSEWHERE or REST. `value` is in base units, `usd` the worth of what has a price
    (None: nothing has), `unpriced` the number of movements without one, `sent` the transactions, `wallets` who lost it (column 0).
    `ends` says in one word why the trail stops at the target; empty where it goes on, or is not told.
    """

    column: int
    source: str
    target: str
    value: int
    usd: float | None
    unpriced: int
    sent: int
    ends: str = ""
    wallets: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Flow:
    """One token's way. `token` holds what was taken in all; `addresses` counts those of each column, `merged` those behind REST.

    `unsure` are the attackers' addresses that nobody confirmed.
    """

    token: Tally
    links: tuple[Link, ...]
    addresses: Mapping[int, int]
    merged: Mapping[int, int]
    unsure: frozenset[str]


def find_flows(
    tables: Mapping[str, pl.DataFrame], incident: Incident, facts: Facts, *, public: bool = False
) -> tuple[Flow, ...]:
    """Give the flows of the few tokens that most wallets lost; NFTs are not among them. No loss gives none.

    To the public all addresses of a column are one, and only what left confirmed attackers' addresses is said.
    """
    losses = tables["losses"].filter(pl.col("token_id").is_null())
    onward = tables["onward"].filter(pl.col("token_id").is_null())
    if public:
        sure = [one.address.lower() for one in facts.enemies if one.confirmed and not one.ordinary]
        losses = losses.filter(pl.col("attacker").is_in(sure))
        onward = onward.filter((pl.col("hop") == 1) & pl.col("from_address").is_in(sure))
    harmed = tied_wallets(tables).filter(pl.col("verdict").is_in(HARMED)).get_column("address")
    ours = pl.when(pl.col("address").is_in(harmed.implode())).then(pl.lit(OURS)).otherwise(pl.lit(ELSEWHERE))
    taken = losses.with_columns(source=ours)
    priced = onward.rename({"token_address": "token", "value": "amount", "value_f64": "amount_f64", "first": "time"})
    priced = with_usd(priced.lazy().with_columns(usd=pl.lit(None, pl.Float64)), tables["prices"]).collect()
    known = {one.address.lower() for one in facts.enemies if one.confirmed}
    unsure = frozenset(taken.get_column("attacker").drop_nulls().unique()) - known
    found = []
    for token in [one for one in tally(losses, token_facts(tables, incident), incident) if not one.items][:TOKENS]:
        mine = (pl.col("chain_id") == token.chain_id) & (pl.col("token") == token.token)
        links = [*_taken(taken.filter(mine)), *_moved(priced.filter(mine))]
        found.append(_merge(token, links, 0 if public else MOST, unsure))
    return tuple(found)


def _taken(rows: pl.DataFrame) -> Iterator[Link]:
    for (source, attacker), mine in rows.group_by("source", "attacker", maintain_order=True):
        wallets, sent = frozenset(mine.get_column("address")), mine.get_column("transaction_hash").n_unique()
        places = 0, str(source), str(attacker)
        yield Link(*places, _sum(mine), _usd(mine), mine["usd"].null_count(), sent, wallets=wallets)


def _moved(rows: pl.DataFrame) -> Iterator[Link]:
    for (hop, source, target), mine in rows.group_by("hop", "from_address", "to_address", maintain_order=True):
        sent, ends = int(mine.get_column("transactions").fill_null(0).sum()), str(mine.item(0, "stop") or "")
        places = int(str(hop)), str(source), str(target)
        yield Link(*places, _sum(mine), _usd(mine), mine["usd"].null_count(), sent, ends)


def _sum(rows: pl.DataFrame) -> int:
    return sum(int(value) for value in rows.get_column("amount").drop_nulls())


def _usd(rows: pl.DataFrame) -> float | None:
    priced = rows.get_column("usd").drop_nulls()
    return float(priced.sum()) if priced.len() else None


def _merge(token: Tally, links: list[Link], most: int, unsure: frozenset[str]) -> Flow:
    """Keep the `most` largest addresses of each column after the first; all others of it become one."""
    through: dict[int, dict[str, int]] = {}
    into: dict[tuple[int, str], int] = {}
    out: dict[tuple[int, str], int] = {}
    for link in links:
        into[link.column + 1, link.target] = into.get((link.column + 1, link.target), 0) + link.value
        out[link.column, link.source] = out.get((link.column, link.source), 0) + link.value
    for place in into.keys() | out.keys():
        column, address = place
        through.setdefault(column, {})[address] = max(into.get(place, 0), out.get(place, 0))
    kept = {
        column: {one for one, _ in sorted(ones.items(), key=lambda item: (-item[1], item[0]))[: _room(ones, most)]}
        for column, ones in through.items()
        if column
    }
    merged = {column: len(ones) - len(kept[column]) for column, ones in through.items() if column}
    named = [_renamed(link, kept) for link in links]
    return Flow(
        token,
        tuple(_added(named)),
        {column: len(ones) for column, ones in through.items() if column},
        {column: number for column, number in merged.items() if number},
        unsure,
    )


def _room(ones: Mapping[str, int], most: int) -> int:
    """One address more is no larger than "1 more"."""
    return len(ones) if most and len(ones) == most + 1 else most


def _renamed(link: Link, kept: Mapping[int, set[str]]) -> Link:
    source = link.source if not link.column or link.source in kept[link.column] else REST
    if link.target in kept[link.column + 1]:
        return replace(link, source=source)
    return replace(link, source=source, target=REST, ends="")


def _added(links: Iterable[Link]) -> Iterator[Link]:
    """Add up links between the same places, in a settled order: by column, the largest first."""
    groups: dict[tuple[int, str, str], list[Link]] = {}
    for link in links:
        groups.setdefault((link.column, link.source, link.target), []).append(link)
    found = []
    for (column, source, target), parts in groups.items():
        usd = [part.usd for part in parts if part.usd is not None]
        sums: dict[str, Any] = {
            name: sum(getattr(part, name) for part in parts) for name in ("value", "unpriced", "sent")
        }
        ends = parts[0].ends if len(parts) == 1 else ""
        wallets = frozenset[str]().union(*(part.wallets for part in parts))
        found.append(Link(column, source, target, usd=sum(usd) if usd else None, ends=ends, wallets=wallets, **sums))
    yield from sorted(found, key=lambda link: (link.column, -link.value, link.source, link.target))
