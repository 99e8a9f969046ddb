"""Does each harmed wallet fit what is published? The one check that matters most: a victim outside it is told nothing. Pure."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol

import polars as pl

from exposure.publish import times

# Below this a sighting says more about a crowded client than about this wallet's owner.
_TELLS = 0.5

Answer = Literal["inside", "outside", "cannot_tell"]


class Holds(Protocol):
    """What a published condition can answer."""

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions that it names."""

    def holds(self, action: str | None, time: datetime) -> bool:
        """Tell whether an exposure lies inside it."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether one harmed wallet fits the published condition, and why not; `actions` are those seen of it."""

    address: str
    verdict: str
    answer: Answer
    why: str
    ref: str
    actions: frozenset[str]


def surely_did(sightings: pl.DataFrame, addresses: pl.Series) -> dict[str, frozenset[str]]:
    """Give the actions that each of these wallets' owners did, as far as sightings tell more of them than of a crowd."""
    told = (
        (pl.col("strength") >= _TELLS) & pl.col("action").is_not_null() & pl.col("address").is_in(addresses.implode())
    )
    did = sightings.filter(told).group_by("address").agg(pl.col("action").unique())
    return {address: frozenset(actions) for address, actions in did.iter_rows()}


def fit_wallets(harmed: pl.DataFrame, sightings: pl.DataFrame, conditions: Sequence[Holds]) -> tuple[Fit, ...]:
    """Hold each row of `harmed` (columns address, verdict, first_exposed) against the conditions; sorted by address.

    A wallet that was not seen doing X, but whose owner did it with another wallet in the same browser (`first_exposed` says
    when), is described as well: the text speaks to its owner. No conditions fit nobody.
    """
    seen: dict[str, list[Mapping[str, object]]] = {}
    mine = sightings.filter(pl.col("address").is_in(harmed.get_column("address").implode()))
    for row in mine.sort("time", "ref", "link", nulls_last=True).iter_rows(named=True):
        seen.setdefault(row["address"], []).append(row)
    rows = harmed.select("address", "verdict", "first_exposed").sort("address").iter_rows()
    return tuple(
        _of_owner(_fit(address, verdict, seen.get(address, []), conditions), seen.get(address, []), first, conditions)
        for address, verdict, first in rows
    )


def _of_owner(
    fit: Fit, rows: list[Mapping[str, object]], first_exposed: datetime | None, conditions: Sequence[Holds]
) -> Fit:
    if fit.answer != "outside" or first_exposed is None:
        return fit
    # What this wallet itself did then is known, and no sentence names it.
    if any(row["action"] and row["time"] == first_exposed for row in rows):
        return fit
    described = any(c.holds(action, first_exposed) for c in conditions for action in c.actions)
    return replace(fit, answer="inside", why="") if described else fit


def _fit(address: str, verdict: str, rows: list[Mapping[str, object]], conditions: Sequence[Holds]) -> Fit:
    actions = frozenset(str(row["action"]) for row in rows if row["action"])
    answer, why, row = _judge(rows, conditions)
    return Fit(address, verdict, answer, why, str(row["ref"]) if row else "", actions)


def _judge(
    rows: list[Mapping[str, object]], conditions: Sequence[Holds]
) -> tuple[Answer, str, Mapping[str, object] | None]:
    holding = [row for row in rows if _holds(row, conditions)]
    for row in holding:
        if _strength(row) >= _TELLS:
            return "inside", "", row
    if holding:
        best = max(holding, key=_strength)
        return "cannot_tell", f"its tie to {best['action']} is weak (strength {_strength(best):.2f})", best
    if not rows:
        return "cannot_tell", "no log line or report shows what its owner did", None
    vague = next((row for row in rows if row["link"] == "report" and not (row["action"] and row["time"])), None)
    if vague is not None:
        return "cannot_tell", "its report does not say what was done, or when", vague
    named = {action for condition in conditions for action in condition.actions}
    return _outside(rows, named)


def _outside(
    rows: list[Mapping[str, object]], named: Container[object]
) -> tuple[Answer, str, Mapping[str, object] | None]:
    did = next((row for row in rows if row["action"] in named), None)
    if did is not None:
        return "outside", f"did {did['action']} at {_when(did)}, outside the published window", did
    other = next((row for row in rows if row["action"]), None)
    if other is not None:
        return (
            "outside",
            f"was seen doing {other['action']} at {_when(other)}, which the condition does not name",
            other,
        )
    return "outside", f"was seen at {_when(rows[0])}, doing nothing that the condition names", rows[0]


def _holds(row: Mapping[str, object], conditions: Sequence[Holds]) -> bool:
    action, time = row["action"], row["time"]
    return isinstance(time, datetime) and any(c.holds(str(action), time) for c in conditions if action)


def _strength(row: Mapping[str, object]) -> float:
    value = row["strength"]
    return value if isinstance(value, float) else 0.0


def _when(row: Mapping[str, object]) -> str:
    time = row["time"]
    return times.show_exact(time) if isinstance(time, datetime) else "an unknown time"
