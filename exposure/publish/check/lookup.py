"""What the public page may look up for one address: the attackers' spenders and delegates, chain by chain. Pure.

It names the attackers' addresses, which the texts name too, and contracts of tokens. Nothing in it comes from one wallet.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from exposure.incident import Incident
from exposure.publish.enemies import Enemy
from exposure.publish.facts import Facts
from exposure.publish.tallies import token_facts
from exposure.publish.texts.sentences import checksum

# Most thieves ask for the same few tokens; each is one question for each spender.
MOST_TOKENS = 60
# Where an endpoint does not search the whole chain, it is asked for this stretch before the first approval known.
_BLOCKS_BEFORE = 50_000


def lookup_data(tables: Mapping[str, pl.DataFrame], incident: Incident, facts: Facts) -> dict[str, Any]:
    """Give `chains`: id, name, spenders and delegates (address, confirmed), tokens (address, symbol), `since`.

    `since` is the block to search from.
    """
    chains = []
    for chain in incident.chains:
        mine = [enemy for enemy in facts.revocable if enemy.chain in (None, chain.name)]
        spenders, delegates = _of(mine, "spender"), _of(mine, "delegate")
        if not (spenders or delegates):
            continue
        wanted = [enemy.address for enemy in mine]
        given = _given(tables, chain.id, wanted)
        chains.append(
            {
                "id": chain.id,
                "name": chain.name,
                "spenders": spenders,
                "delegates": delegates,
                "tokens": _tokens(tables, incident, chain.id, given),
                "since": _since(tables, chain.id, wanted),
            }
        )
    return {"chains": chains}


def _of(enemies: list[Enemy], role: str) -> list[dict[str, Any]]:
    found: dict[str, bool] = {}
    for enemy in enemies:
        if enemy.role == role:
            sure = enemy.confirmed and not enemy.ordinary
            found[enemy.address] = found.get(enemy.address, False) or sure
    return [{"address": checksum(address), "confirmed": sure} for address, sure in sorted(found.items())]


def _given(tables: Mapping[str, pl.DataFrame], chain_id: int, enemies: list[str]) -> pl.DataFrame:
    """Count the wallets that approved each token to them: token_address, wallets."""
    parts = [
        tables[name]
        .filter((pl.col("chain_id") == chain_id) & pl.col("to_address").is_in(enemies))
        .select("token_address", "from_address")
        for name in ("approvals", "allowances")
    ]
    rows = pl.concat(parts).drop_nulls("token_address")
    counted = rows.group_by("token_address").agg(pl.col("from_address").n_unique().alias("wallets"))
    return counted.sort("wallets", "token_address", descending=[True, False])


def _tokens(
    tables: Mapping[str, pl.DataFrame], incident: Incident, chain_id: int, given: pl.DataFrame
) -> list[dict[str, str]]:
    """Give what was approved to them, the most frequent chosen, sorted by address so that the order says nothing."""
    known = token_facts(tables, incident)
    chosen = sorted(given.get_column("token_address").head(MOST_TOKENS))
    found = []
    for token in chosen:
        fact = known.get((chain_id, token))
        found.append({"address": checksum(token), "symbol": fact.symbol if fact else ""})
    return found


def _since(tables: Mapping[str, pl.DataFrame], chain_id: int, enemies: list[str]) -> int:
    """Give a round block before the first approval to them that is known; 0 where none is."""
    mine = tables["approvals"].filter((pl.col("chain_id") == chain_id) & pl.col("to_address").is_in(enemies))
    first = mine.get_column("block_number").min()
    return max(0, int(first) // _BLOCKS_BEFORE * _BLOCKS_BEFORE - _BLOCKS_BEFORE) if isinstance(first, int) else 0
