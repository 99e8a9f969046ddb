"""Attack rates: of those who did each action in the window, how many were harmed; and which action is X. Pure.

The unit is the wallet. Compared with a doer are the logged wallets that were looked at over the same blocks and did not do it
in the window. A popular harmless action that the victims did too stands out as well, until all are weighed together (hazards.py).
Beside the actions stands presence: whoever came in the window at all was likelier harmed than who did not, and who came often than
who came once, also by what no line shows (a wallet under the phrase of another, a lost request). What everybody does who
comes, or does now and then, must tell more than that.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from exposure.assess import hazards, intervals
from exposure.assess.deeds import CLOCK_SLACK, STRONG
from exposure.tables import TABLES

FALSE_FINDS = 0.05
# So many wallets that did an action and not X must have stayed unharmed, before the action is said not to be X.
TELLING = 5
# Without an action that is X the harm must be so much less likely.
NEEDED = 0.01
# The same, where a person says that the action exposes nobody: only strong data contradicts them.
NEEDED_AGAINST = 0.001
# Who may have done the other action, however weakly tied to it, does not speak for this one.
MAYBE = 0.05
# Who comes in more hours than this is harmed no likelier for it.
HOURS_MOST = 10
# The Host header is the sender's own invention: only the commonest hosts get rows of their own.
HOSTS_MOST = 20

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rates:
    """Table attack_rates, and what it says: the actions that are X, and cleared or harmless ones that stand out (a veto)."""

    table: pl.DataFrame
    x: tuple[str, ...]
    vetoed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """What is counted of deeds, wallet by wallet: of millions of deeds this fits into memory.

    `people`: whoever was seen (address). `surely`: what they surely did in the window (address, action, host, asset_state,
    exposure, cleared, time of the first, rows). `maybe`: what they may have done there (address, action, strength). `hours`: in
    which hours they surely came (address, hour).
    """

    people: pl.DataFrame
    surely: pl.DataFrame
    maybe: pl.DataFrame
    hours: pl.DataFrame


def count_deeds(deeds: pl.LazyFrame, people: pl.Series) -> Done:
    """Count placed deeds (column `inside`) of people: logged wallets whose chain history was read, in order.

    Nobody else can be known to be unharmed.
    """
    logged = deeds.filter(~pl.col("link").is_in(["report", "contract"]) & pl.col("address").is_in(people.implode()))
    inside = logged.filter(pl.col("inside") & (pl.col("strength") >= MAYBE))
    sure = pl.col("strength") >= STRONG
    surely = inside.filter(sure & pl.col("action").is_not_null() & pl.col("time").is_not_null())
    kinds = ("action", "host", "asset_state", "exposure", "cleared")
    done, maybe, hours = pl.collect_all(
        [
            surely.group_by("address", *kinds).agg(pl.col("time").min(), rows=pl.len()),
            inside.group_by("address", "action").agg(pl.col("strength").max()),
            inside.filter(sure & (pl.col("link") != "kin"))
            .select("address", hour=pl.col("time").dt.truncate("1h"))
            .unique(),
        ],
        engine="streaming",
    )
    return Done(people.to_frame("address"), done, maybe, hours)


def attack_rates(done: Done, harmed: pl.DataFrame, owners: pl.DataFrame | None = None) -> Rates:
    """Measure every action, alone and by host and asset_state.

    `harmed` has the columns address and harmed_at. `owners` (address, owner): what a person did with one wallet counts for
    their others where causes are told apart, since one phrase opens several. No harm gives rows whose is_x is cannot_tell.
    """
    kinds = done.surely.select("action", "exposure", "cleared").unique("action").sort("action")
    strata = _strata(done.surely)
    if strata.is_empty():
        return Rates(TABLES["attack_rates"].empty(), (), ())
    rows = _measure(strata, done.surely, done.people, harmed)
    whole = {str(row["action"]): row for row in rows if row["host"] is None and row["asset_state"] is None}
    doers = _doers(done, harmed, list(whole), owners)
    verdicts = _which_is_x(whole, doers, kinds)
    x = tuple(action for action, is_x in sorted(verdicts.items()) if is_x == "yes")
    for row in rows:
        row["is_x"] = verdicts[str(row["action"])]
    for name, row in whole.items():
        row.update(_beside(name, x, doers))
    harmless = {action for action, exposure, cleared in kinds.iter_rows() if exposure == "none" or cleared}
    columns = TABLES["attack_rates"].schema.names()
    table = TABLES["attack_rates"].frame([{name: row[name] for name in columns} for row in rows])
    return Rates(table, x, tuple(action for action in x if action in harmless))


def _strata(done: pl.DataFrame) -> pl.DataFrame:
    """Give the strata: each action alone, by host, by asset_state."""
    nothing = pl.lit(None, done.schema["host"])
    hosts = done.drop_nulls("host").group_by("host").agg(pl.col("rows").sum())
    hosts = hosts.sort("rows", "host", descending=[True, False])
    common = hosts.head(HOSTS_MOST).get_column("host").implode()
    parts = [
        done.select("action", host=nothing, asset_state=nothing),
        done.select("action", "host", asset_state=nothing).filter(pl.col("host").is_in(common)),
        done.select("action", "asset_state", host=nothing).filter(pl.col("asset_state").is_not_null()),
    ]
    return (
        pl.concat([part.select("action", "host", "asset_state") for part in parts])
        .unique()
        .sort("action", "host", "asset_state", nulls_last=False)
    )


def _measure(
    strata: pl.DataFrame, done: pl.DataFrame, people: pl.DataFrame, harmed: pl.DataFrame
) -> list[dict[str, object]]:
    """Count exposed and harmed of each stratum and of those who did not do the action at all."""
    population, all_harmed = people.height, people.join(harmed, on="address").height
    rows: list[dict[str, object]] = []
    everyone: dict[str, tuple[int, int]] = {}
    for action, host, state in strata.iter_rows():
        mine = done.filter(pl.col("action") == action)
        mine = mine if host is None else mine.filter(pl.col("host") == host)
        mine = mine if state is None else mine.filter(pl.col("asset_state") == state)
        exposed, hit = _count(mine, harmed)
        if host is None and state is None:
            ever = mine.select("address").unique()
            everyone[action] = (population - ever.height, all_harmed - ever.join(harmed, on="address").height)
        others, other_hits = everyone[action]
        rows.append(
            {"action": action, "host": host, "asset_state": state, **_figures(hit, exposed, other_hits, others)}
        )
    q_values = intervals.benjamini_hochberg([_number(row["p_value"]) for row in rows])
    return [{**row, "q_value": q} for row, q in zip(rows, q_values, strict=True)]


def _number(value: object) -> float:
    return value if isinstance(value, float) else 1.0


def _count(mine: pl.DataFrame, harmed: pl.DataFrame) -> tuple[int, int]:
    """Give how many wallets did it, and how many of those were harmed after."""
    first = mine.group_by("address").agg(pl.col("time").min())
    hit = first.join(harmed, on="address").filter(
        (pl.col("harmed_at") >= pl.col("time") - CLOCK_SLACK).fill_null(value=True)
    )
    return first.height, hit.height


def _figures(hit: int, exposed: int, other_hits: int, others: int) -> dict[str, object]:
    low, high = intervals.wilson(hit, exposed)
    ratio = intervals.relative_risk((hit, exposed, other_hits, others))
    return {
        "exposed": exposed,
        "harmed": hit,
        "rate": hit / exposed if exposed else None,
        "rate_low": low,
        "rate_high": high,
        "relative_risk": ratio.value if ratio else None,
        "rr_low": ratio.low if ratio else None,
        "rr_high": ratio.high if ratio else None,
        "p_value": ratio.p_value if ratio else 1.0,
        "_other_high": intervals.wilson(other_hits, others)[1],
    }


@dataclass(frozen=True, slots=True)
class _Doers:
    """Over all owners in one order: how surely each did each action, and who was harmed.

    `came`: how surely each came at all, and in how many hours more than one (two columns).
    """

    strength: dict[str, NDArray[np.float64]]
    came: NDArray[np.float64]
    hurt: Flags

    def surely(self, action: str) -> Flags:
        """Tell who surely did it."""
        return self.strength[action] >= STRONG

    def maybe(self, action: str) -> Flags:
        """Tell who may have done it."""
        return self.strength[action] >= MAYBE


def _doers(done: Done, harmed: pl.DataFrame, actions: Iterable[str], owners: pl.DataFrame | None) -> _Doers:
    """Mark which owner did what."""
    people = done.people
    if owners is None:
        owners = people.select("address", owner="address")
    owned = people.join(owners, on="address", how="left").select("address", owner=pl.coalesce("owner", "address"))
    everybody = owned.select("owner").unique().sort("owner")
    did = done.maybe.join(owned, on="address").group_by("owner", "action").agg(pl.col("strength").max())
    by_owner = done.hours.join(owned, on="address").group_by("owner")
    hours = by_owner.agg(more=(pl.col("hour").n_unique() - 1.0).clip(0, HOURS_MOST))

    def in_order(rows: pl.DataFrame, name: str) -> NDArray[np.float64]:
        most = rows.group_by("owner").agg(pl.col(name).max())
        mine = everybody.join(most, on="owner", how="left", maintain_order="left")
        return mine.get_column(name).fill_null(0.0).to_numpy()

    strength = {action: in_order(did.filter(pl.col("action") == action), "strength") for action in actions}
    came = np.column_stack([in_order(did, "strength"), in_order(hours, "more")])
    return _Doers(strength, came, _among(everybody, owned.join(harmed, on="address", how="semi")))


def _among(owners: pl.DataFrame, rows: pl.DataFrame) -> Flags:
    return owners.select(pl.col("owner").is_in(rows.get_column("owner").implode())).to_series().to_numpy()


def _which_is_x(whole: Mapping[str, Mapping[str, object]], doers: _Doers, kinds: pl.DataFrame) -> dict[str, str]:
    """Say of each action whether it is X: yes, no, or cannot_tell.

    yes: its risk stands out, and no other action explains it. no: another that stands out explains it, or enough people did
    it without doing X and were hardly harmed. Where two always went together neither can be told, unless the team says that
    one of them exposes nobody: then it is the other.
    """
    standing = [name for name, row in whole.items() if _number(row["q_value"]) <= FALSE_FINDS and _low(row) > 1]
    exposing = {
        name for name, exposure, cleared in kinds.iter_rows() if exposure in ("key", "approval") and not cleared
    }
    told = _explain(standing, exposing, doers)
    x = [name for name, is_x in told.items() if is_x == "yes"]
    for name in whole:
        if name not in told:
            told[name] = "no" if x and _cleared_by_data(name, x, whole, doers) else "cannot_tell"
    return told


def _beside(name: str, x: Sequence[str], doers: _Doers) -> dict[str, float | None]:
    """Compare an action's doers with others who did alike of the actions that are X; empty where that says nothing.

    Victims do many things more often than others: beside X that is no risk any more.
    """
    others = [action for action in x if action != name]
    if not others:
        return {}
    patterns = np.column_stack([doers.surely(action) for action in others])
    _, member = _alike(patterns)
    strata = [_table(member == one, doers.surely(name), doers.hurt) for one in range(int(member.max()) + 1)]
    ratio = intervals.mantel_haenszel(strata)
    if ratio is None:
        return dict.fromkeys(("relative_risk", "rr_low", "rr_high"))
    return {"relative_risk": ratio.value, "rr_low": ratio.low, "rr_high": ratio.high}


def _alike(patterns: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Group equal rows, in order: the distinct ones, and which of them each row is (`np.unique` by axis sorts rows as bytes)."""
    member = np.zeros(len(patterns), dtype=np.int64)
    for column in patterns.T:
        values, place = np.unique(column, return_inverse=True)
        _, member = np.unique(member * len(values) + place, return_inverse=True)
    _, first = np.unique(member, return_index=True)
    return patterns[first], member


def _table(part: Flags, did: Flags, hurt: Flags) -> intervals.Table:
    yes, no = part & did, part & ~did
    return int(hurt[yes].sum()), int(yes.sum()), int(hurt[no].sum()), int(no.sum())


def _low(row: Mapping[str, object]) -> float:
    return _number(row["rr_low"]) if row["rr_low"] is not None else 0.0


def _explain(standing: Sequence[str], exposing: Collection[str], doers: _Doers) -> dict[str, str]:
    """Say of each action that stands out whether the harm needs it: yes, no (others explain it), or cannot_tell.

    Where two always went together and only one exposes on paper, it is that one. Presence is weighed like an action that
    exposes nobody; where it alone explains the harm no action is said to, and none is said not to.
    """
    if not standing:
        return {}
    did = np.column_stack([*(doers.strength[name] for name in standing), doers.came])
    groups, member = _alike(np.round(did, 2))
    hurt = np.bincount(member, weights=doers.hurt, minlength=len(groups)).astype(np.float64)
    unhurt = np.bincount(member, weights=~doers.hurt, minlength=len(groups)).astype(np.float64)
    harmless = {one: NEEDED_AGAINST for one, name in enumerate(standing) if name not in exposing}
    sure, doubtful = hazards.needed(groups, hurt, unhurt, NEEDED, harmless)
    # The columns from here on are presence.
    own = len(standing)
    likely = [one for one in doubtful if one < own and standing[one] in exposing]
    if len(likely) == 1:
        sure, doubtful = [*sure, *likely], [one for one in doubtful if one not in likely]
    here = any(one >= own for one in (*sure, *doubtful))
    sure, doubtful = [one for one in sure if one < own], [one for one in doubtful if one < own]
    answers = dict.fromkeys(standing, "cannot_tell" if here and not sure else "no")
    answers |= {standing[one]: "cannot_tell" for one in doubtful}
    return answers | {standing[one]: "yes" for one in sure}


def _cleared_by_data(name: str, x: Iterable[str], whole: Mapping[str, Mapping[str, object]], doers: _Doers) -> bool:
    """Tell whether enough people did it and no X, and were harmed less than any X's doers can have been."""
    alone = doers.surely(name)
    for other in x:
        alone = alone & ~doers.maybe(other)
    number, hits = int(alone.sum()), int(doers.hurt[alone].sum())
    worst = min(_number(whole[other]["rate_low"]) for other in x)
    return number >= TELLING and intervals.wilson(hits, number)[1] < worst
