"""The attacker's addresses: what each took, on which chain, and who says so. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from exposure.incident import Incident
from exposure.publish.tallies import chain_name


@dataclass(frozen=True, slots=True)
class Enemy:
    """An attacker's address on one chain (`chain` None: on every chain), and whether a person confirmed it."""

    address: str
    role: str
    chain: str | None
    confirmed: bool
    ordinary: bool = False


def find_enemies(tables: Mapping[str, pl.DataFrame], incident: Incident) -> tuple[Enemy, ...]:
    """List the attackers' addresses per chain: the table, or incident.toml before any assessment.

    An address that was approved is a spender too, whatever role it was given: its victims must revoke it.
    """
    ordinary = set(tables["sinks"].filter(pl.col("verdict") == "ordinary").get_column("address"))
    rows = [
        (r["address"], r["role"], r["chain_id"], bool(r["confirmed"]))
        for r in tables["attackers"].iter_rows(named=True)
    ]
    rows = rows or [(attacker.address, attacker.role, None, True) for attacker in incident.attackers]
    addresses = {address: confirmed for address, _, _, confirmed in sorted(rows, key=lambda row: row[3])}
    seen = _approved(tables, set(addresses))
    found = set()
    for address, role, chain_id, confirmed in rows:
        places = {chain_id} if chain_id is not None else {chain for chain, a, r in seen if (a, r) == (address, role)}
        for place in places or {None}:
            found.add((address, role, place, confirmed))
    for chain_id, address, role in seen:
        if not any((address, role, place) in {(a, r, p) for a, r, p, _ in found} for place in (chain_id, None)):
            found.add((address, role, chain_id, addresses[address]))
    enemies = [
        Enemy(address, role, None if place is None else chain_name(incident, place), confirmed, address in ordinary)
        for address, role, place, confirmed in found
    ]
    return tuple(sorted(enemies, key=lambda e: (not e.confirmed, e.chain or "~", e.role, e.address)))


def _approved(tables: Mapping[str, pl.DataFrame], attackers: set[str]) -> set[tuple[int, str, str]]:
    """Give (chain, address, role) of each attacker that a wallet approved or delegated to."""
    mine = pl.col("to_address").is_in(list(attackers))
    found: set[tuple[int, str, str]] = set()
    # What attackers approve among themselves says nothing of victims.
    given = ~pl.col("from_address").is_in(list(attackers))
    for table, role in (("approvals", "spender"), ("allowances", "spender"), ("delegations", "delegate")):
        rows = tables[table].filter(mine & given)
        if "value" in rows.columns:
            rows = rows.filter(pl.col("value").fill_null("0") != "0")
        found |= {(chain, address, role) for chain, address in rows.select("chain_id", "to_address").iter_rows()}
    return found
