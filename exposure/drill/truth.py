"""What is true of a drill: truth.parquet, one row per wallet, and truth.toml, the answer to the incident as a whole."""

import json
from datetime import UTC, datetime

import polars as pl

from exposure.drill.story import Story
from exposure.tables import TIME

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "address": pl.String,
    "exposed": pl.Boolean,  # the attacker got its key, or a signature, by this incident
    "action": pl.String,
    "exposed_at": TIME,
    "harmed": pl.Boolean,  # the attacker took something, here or on another site
    "harmed_at": TIME,
    "lost": pl.String,  # JSON: token -> base units, as a decimal string; an NFT's collection -> number taken
    "safe": pl.Boolean,  # neither exposed nor harmed
    "rescued": pl.Boolean,  # exposed, and brought to safety by its owner
    "in_logs": pl.Boolean,  # its address stands in at least one line
}


def wallets(story: Story, logged: set[str]) -> pl.DataFrame:
    """Say what is true of every wallet: those of the site's people, those robbed elsewhere, and whatever else the logs name.

    The attacker's own addresses are left out: truth.toml has them.
    """
    attackers = {address for addresses in story.attackers.values() for address in addresses}
    own = {wallet.address for person in story.people for wallet in person.wallets}
    attack = story.world.scenario.attack
    rows = []
    for address in sorted((own | logged | {*story.elsewhere, *story.homes}) - attackers):
        exposed_at = story.exposed.get(address)
        lost = story.lost.get(address)
        moved = story.moved_home.get(address)
        rows.append(
            {
                "address": address,
                "exposed": exposed_at is not None,
                "action": attack.x if attack and exposed_at is not None else None,
                "exposed_at": _time(exposed_at),
                "harmed": lost is not None,
                "harmed_at": _time(story.harmed_at.get(address)),
                "lost": json.dumps({token: str(amount) for token, amount in sorted((lost or {}).items())}),
                "safe": exposed_at is None and lost is None,
                "rescued": exposed_at is not None and moved is not None and moved > exposed_at,
                "in_logs": address in logged,
            }
        )
    return pl.DataFrame(rows, schema=SCHEMA)


def answer(story: Story) -> str:
    """Write truth.toml: kind, T1, T2, X (none in a quiet drill) and the attacker's addresses by role."""
    scenario = story.world.scenario
    lines = [f'kind = "{scenario.kind}"', f'preset = "{scenario.preset}"', f"seed = {scenario.seed}"]
    if scenario.attack:
        lines += [
            f'X = "{scenario.attack.x}"',
            f"T1 = {stamp(scenario.attack.t1)}",
            f"T2 = {stamp(scenario.attack.t2)}",
        ]
        lines.append(f"cache_seconds = {scenario.cache}  # so long after T2 a browser may still have run the file")
    lines += ["", "[attackers]"]
    if story.attackers:
        lines.append("# collector: where the loot was gathered later; no victim paid it directly")
    for role, addresses in sorted(story.attackers.items()):
        lines.append(f"{role} = {json.dumps(addresses)}")
    return "\n".join(lines) + "\n"


def stamp(time: float) -> str:
    """Write a time as TOML does."""
    return datetime.fromtimestamp(int(time), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(time: float | None) -> datetime | None:
    return None if time is None else datetime.fromtimestamp(time, UTC)
