"""Tables and incident.toml -> the few facts that a text may use. Pure. Wording sees nothing else.

A fact here is raw (not yet escaped, not yet rounded for the public). "Tied to the incident" is said of a wallet that logs,
events, contracts or a report connect with this site; a wallet harmed by the same attacker elsewhere is not, unless one of its
attackers is `exclusive` to this incident.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

from exposure.assess.bounds import stamp
from exposure.assess.clashes import clashes_of
from exposure.incident import Action, Exposure, Incident
from exposure.logs.sessions import only_derived
from exposure.publish import times
from exposure.publish.bounds import Bounds, bounds_of
from exposure.publish.enemies import Enemy, find_enemies
from exposure.publish.fits import Fit, fit_wallets, surely_did
from exposure.publish.holes import Hole, Span, find_holes
from exposure.publish.tallies import Tally, tally, token_facts
from exposure.publish.texts.alarms import unshown_attack
from exposure.publish.texts.holding import held_until
from exposure.publish.texts.links import Links, usable_links

HARMED = ("compromised", "probable")
MUST_ACT = (*HARMED, "exposed")
# "none" has a condition only where the data contradicts incident.toml: harm shows an action to be X that was said to expose nobody.
EXPOSURES: tuple[Exposure, ...] = ("key", "approval", "none")
# Secrets in a line, and gas that the attacker sent: someone else has the key.
KEY_SIGNS = ("K1", "K2", "K3", "A4")
# A live approval to an attacker, a delegation to its code.
APPROVAL_SIGNS = ("A6", "A7")
VERDICTS = (*MUST_ACT, "possible", "no_sign")


@dataclass(frozen=True, slots=True)
class Condition:
    """One "if you X between T1 and T2". `t1`/`t2` are the published bounds, to the second; None = not bounded, or still open.

    `is_x`: yes, no (only the wallets' own evidence speaks for it), cannot_tell, or unknown (no attack rates).
    `first_sign` is the best estimate of the start where there is no bound.
    """

    exposure: Exposure
    actions: tuple[str, ...]
    words: tuple[str, ...]
    hosts: tuple[str, ...]
    is_x: str
    t1: datetime | None
    t2: datetime | None
    open: bool
    first_sign: datetime | None = None
    t1_reason: str = ""
    t2_reason: str = ""

    @property
    def x_check(self) -> str:
        """Name the check that an action of this condition is X."""
        return f"x:{self.exposure}:{self.is_x}"

    @property
    def window_check(self) -> str:
        """Name the check of these bounds: one window that is not bounded takes nothing from another that is."""
        ends = (f"{time:%Y-%m-%dT%H:%M:%SZ}" if time else "" for time in (self.t1, self.t2))
        return f"window:{self.exposure}:{'/'.join(ends)}"

    @property
    def public_t1(self) -> datetime | None:
        """Give T1 rounded outward to the quarter hour."""
        return None if self.t1 is None else times.floor_quarter(self.t1)

    @property
    def public_t2(self) -> datetime | None:
        """Give T2 rounded outward to the quarter hour."""
        return None if self.t2 is None else times.ceil_quarter(self.t2)

    def holds(self, action: str | None, time: datetime) -> bool:
        """Tell whether an exposure lies inside what is published."""
        low, high = self.public_t1, self.public_t2
        return action in self.actions and (low is None or low <= time) and (high is None or time <= high)


@dataclass(frozen=True, slots=True)
class Cleared:
    """An action that a named person has vouched for. `vetoed` counts tied, harmed wallets that did it and nothing worse."""

    name: str
    words: str
    by: str
    why: str
    vetoed: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Wallets tied to the incident by verdict, those whose assets were taken, and those of the same attacker elsewhere.

    `described` wallets fit the condition; `described_unharmed` of them show no harm (yet): whom the text may frighten.
    """

    verdicts: Mapping[str, int]
    taken_from: int
    elsewhere: int
    described: int
    described_unharmed: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a text may use. `clashes` says where the sources of the window contradict each other."""

    name: str
    title: str
    sites: tuple[str, ...]
    vector: str
    status: str
    control: str
    zones: tuple[str, ...]
    as_of: datetime | None
    conditions: tuple[Condition, ...]
    fits: tuple[Fit, ...]
    shown: frozenset[Exposure]
    unknown_span: Bounds
    enemies: tuple[Enemy, ...]
    counts: Counts
    lost: tuple[Tally, ...]
    to_save: tuple[Tally, ...]
    cleared: tuple[Cleared, ...]
    hardware_safe: bool
    holes: tuple[Hole, ...]
    links: Links
    timeline: tuple[tuple[str, datetime], ...] = ()
    held_until: datetime | None = None
    attack_shown: bool = True
    cache: timedelta = timedelta(0)
    problems: tuple[str, ...] = field(default=())
    clashes: tuple[str, ...] = ()

    @property
    def revocable(self) -> tuple[Enemy, ...]:
        """Give what was approved or delegated to: spenders and delegates."""
        return tuple(enemy for enemy in self.enemies if enemy.role in ("spender", "delegate"))

    @property
    def remedies(self) -> tuple[Exposure, ...]:
        """Say which remedies the texts must hold; both where nobody knows yet what was given away."""
        named = {condition.exposure for condition in self.conditions}
        found = named | self.shown if named and "none" not in named else {"key", "approval"}
        return tuple(exposure for exposure in EXPOSURES if exposure in found)

    def condition_of(self, exposure: Exposure) -> tuple[Condition, ...]:
        """Give the conditions of one kind of exposure."""
        return tuple(condition for condition in self.conditions if condition.exposure == exposure)


def gather(
    tables: Mapping[str, pl.DataFrame],
    incident: Incident,
    now: datetime | None,
    *,
    held_since: datetime | None = None,
    clock: datetime | None = None,
) -> Facts:
    """Draw the facts from the tables (missing rows: everything may be empty) and incident.toml.

    `now` is the pinned as_of. A hold of [disclosure] is judged by `clock`, the present (None: as_of), and counts from
    `held_since`, when it was first seen.
    """
    tied = tied_wallets(tables)
    conditions = find_conditions(tables, incident, tied)
    fits = fit_wallets(tied.filter(pl.col("verdict").is_in(HARMED)), tables["sightings"], conditions)
    enemies = find_enemies(tables, incident)
    # What the public is told was "at least" taken is what is proven: a probable victim's loss is not.
    losses = tables["losses"].filter(pl.col("address").is_in(_of(tied, ("compromised",)).implode()))
    holdings = tables["holdings"].filter(pl.col("at_risk") & pl.col("address").is_in(_of(tied, MUST_ACT).implode()))
    known = token_facts(tables, incident)
    links = usable_links(incident, now)
    alarm = unshown_attack(tables)
    clashes = (*(clash.text for clash in clashes_of(tables["windows"], incident)), *_crossed(conditions))
    return Facts(
        name=incident.name,
        title=incident.title,
        sites=incident.site,
        vector=incident.vector,
        status=incident.status,
        control=incident.control,
        zones=incident.zones,
        as_of=now,
        conditions=conditions,
        fits=fits,
        shown=find_shown(tables, tied, enemies),
        unknown_span=bounds_of(tables, incident, None)[0],
        enemies=enemies,
        counts=count(tables, tied, losses, conditions),
        lost=tally(losses, known, incident),
        to_save=tally(holdings, known, incident),
        cleared=find_cleared(incident, conditions, fits),
        hardware_safe=hardware_is_safe(tables, incident, conditions, enemies, fits),
        holes=find_holes(tables, incident, widest(conditions, now)),
        links=links,
        timeline=tuple((fact.kind, fact.time) for fact in sorted(incident.facts, key=lambda fact: fact.time)),
        held_until=held_until(incident, held_since or clock or now, clock or now),
        attack_shown=not alarm,
        cache=incident.window.cache,
        problems=(*links.problems, *alarm),
        clashes=clashes,
    )


def _crossed(conditions: tuple[Condition, ...]) -> tuple[str, ...]:
    """Name windows that do not end after they begin."""
    spans = {(c.t1, c.t2) for c in conditions if c.t1 is not None and c.t2 is not None and c.t1 >= c.t2}
    return tuple(
        f"T1 {stamp(start)} does not lie before T2 {stamp(end)}: one of the two times is wrong (zone? date?)"
        for start, end in sorted(spans)
    )


def tied_wallets(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Give the rows of `wallets` that this incident is tied to: not those of a drainer that runs on many sites."""
    wallets, losses = tables["wallets"], tables["losses"]
    exclusive = tables["attackers"].filter(pl.col("exclusive")).get_column("address")
    took = losses.filter(pl.col("attacker").is_in(exclusive.implode())).get_column("address")
    allowed = tables["allowances"].filter(pl.col("to_address").is_in(exclusive.implode())).get_column("from_address")
    ours = pl.col("address").is_in(pl.concat([took, allowed]).implode())
    return wallets.filter((pl.col("link_to_incident") != "chain_only").fill_null(value=True) | ours)


def _of(tied: pl.DataFrame, verdicts: tuple[str, ...]) -> pl.Series:
    return tied.filter(pl.col("verdict").is_in(verdicts)).get_column("address")


def _actions(row: Mapping[str, object]) -> frozenset[str]:
    """Give the actions of a wallet's row: they stand comma-separated."""
    return frozenset(name.strip() for name in str(row["actions"] or "").split(",") if name.strip())


def find_conditions(
    tables: Mapping[str, pl.DataFrame], incident: Incident, tied: pl.DataFrame
) -> tuple[Condition, ...]:
    """Say who is affected: one condition per window and kind of exposure.

    An action belongs to it unless the attack rates say that it is not X. One that they rule out comes back in where a
    wallet that the sheet tells to act surely did nothing else that exposes: text and sheet must not disagree. One that the team
    calls harmless, or that a person cleared, belongs to it where the rates call it X: a victim who is told nothing is the worst
    that can happen.
    """
    states = _x_states(tables)
    exposing = [action for action in incident.actions if action.exposure != "none" or states.get(action.name) == "yes"]
    chosen = {action.name for action in exposing if states.get(action.name) != "no" and not action.cleared_by}
    chosen |= {action.name for action in exposing if states.get(action.name) == "yes"}
    names = {action.name for action in exposing}
    must_act = tied.filter(pl.col("verdict").is_in(MUST_ACT))
    sure = surely_did(tables["sightings"], must_act.get_column("address"))
    for row in must_act.iter_rows(named=True):
        did = sure.get(row["address"], frozenset()) & names or _actions(row) & names
        if did and not did & chosen:
            chosen |= did
    found: list[Condition] = []
    for exposure in EXPOSURES:
        actions = [action for action in exposing if action.exposure == exposure and action.name in chosen]
        for bounds in bounds_of(tables, incident, exposure) if actions else ():
            mine = [action for action in actions if bounds.action in (None, action.name)]
            # What is proven and what is not stand in two sentences, so that the doubt of one does not weaken the other.
            proven = [action for action in mine if states.get(action.name) == "yes"]
            parts = (proven, [action for action in mine if action not in proven])
            found += [_condition(part, bounds, states, incident) for part in parts if part]
    return tuple(found)


def find_shown(
    tables: Mapping[str, pl.DataFrame], tied: pl.DataFrame, enemies: tuple[Enemy, ...]
) -> frozenset[Exposure]:
    """Say what the data shows was given away, whatever incident.toml names: one incident can hold both kinds.

    A known spender or delegate takes signatures; a secret in a line, or gas from the attacker, shows a key.
    """
    ours = pl.col("address").is_in(_of(tied, HARMED).implode())
    codes = set(tables["evidence"].filter(ours).get_column("code"))
    found: set[Exposure] = set()
    if codes.intersection(KEY_SIGNS):
        found.add("key")
    signers = any(enemy.role in ("spender", "delegate") and not enemy.ordinary for enemy in enemies)
    if signers or codes.intersection(APPROVAL_SIGNS):
        found.add("approval")
    return frozenset(found)


def _condition(actions: list[Action], bounds: Bounds, states: Mapping[str, str], incident: Incident) -> Condition:
    told = [states.get(action.name, "unknown") for action in actions]
    return Condition(
        exposure=actions[0].exposure,
        actions=tuple(action.name for action in actions),
        words=tuple(action.words for action in actions),
        hosts=(bounds.host,) if bounds.host else incident.site,
        is_x=next((state for state in ("yes", "cannot_tell", "unknown") if state in told), "no"),
        t1=bounds.t1,
        t2=bounds.t2,
        open=incident.status == "ongoing",
        first_sign=bounds.first_sign,
        t1_reason=bounds.t1_reason,
        t2_reason=bounds.t2_reason,
    )


def _x_states(tables: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    """Give is_x of every action over all hosts and asset states."""
    rates = tables["attack_rates"].filter(pl.col("host").is_null() & pl.col("asset_state").is_null())
    return dict(rates.select("action", "is_x").iter_rows())


def widest(conditions: tuple[Condition, ...], now: datetime | None) -> Span:
    """Give the stretch that all conditions together cover, up to the present while it goes on; None = not bounded."""
    # Logs are delivered late: a quarter of an hour is no hole.
    present = now - timedelta(minutes=15) if now else None
    starts, ends = [c.t1 for c in conditions], [present if c.open else c.t2 for c in conditions]
    return Span(
        min((t for t in starts if t), default=None) if None not in starts else None,
        max((t for t in ends if t), default=None) if None not in ends else None,
    )


def count(
    tables: Mapping[str, pl.DataFrame], tied: pl.DataFrame, losses: pl.DataFrame, conditions: tuple[Condition, ...]
) -> Counts:
    """Count wallets. Those whose assets were taken are counted by the verdict and by the losses; the lower number stands."""
    by_verdict = {verdict: tied.filter(pl.col("verdict") == verdict).height for verdict in VERDICTS}
    ours = tied.get_column("address")
    # Counted alike here and there: a probable victim is in neither public number.
    proven = pl.col("verdict") == "compromised"
    elsewhere = tables["wallets"].filter(proven & ~pl.col("address").is_in(ours.implode()))
    told = tables["sightings"].filter(~only_derived() | pl.col("address").is_in(ours.implode()))
    described = told.filter(pl.any_horizontal(pl.lit(value=False), *map(_inside, conditions)))
    addresses = described.get_column("address").unique()
    unharmed = addresses.filter(~addresses.is_in(_of(tied, HARMED).implode()))
    return Counts(
        by_verdict, losses.get_column("address").n_unique(), elsewhere.height, addresses.len(), unharmed.len()
    )


def _inside(condition: Condition) -> pl.Expr:
    """Give `Condition.holds` for the table of sightings."""
    low, high = condition.public_t1, condition.public_t2
    inside = pl.col("action").is_in(condition.actions)
    if low is not None:
        inside &= pl.col("time") >= low
    return inside if high is None else inside & (pl.col("time") <= high)


def find_cleared(incident: Incident, conditions: tuple[Condition, ...], fits: tuple[Fit, ...]) -> tuple[Cleared, ...]:
    """List the actions that a named person vouches for, with the wallets whose harm speaks against it.

    No harm is no proof of safety, so the data alone clears nothing; but a harmed wallet that did this and does not surely fit
    the conditions is a veto, and so is a condition that had to name the action.
    """
    named = {name for condition in conditions for name in condition.actions}
    found = []
    for action in incident.actions:
        if action.cleared_by and action.cleared_why:
            against = sum(1 for fit in fits if fit.answer != "inside" and action.name in fit.actions)
            vetoed = against + (action.name in named)
            found.append(Cleared(action.name, action.words, action.cleared_by, action.cleared_why, vetoed))
    return tuple(found)


def hardware_is_safe(
    tables: Mapping[str, pl.DataFrame],
    incident: Incident,
    conditions: tuple[Condition, ...],
    enemies: tuple[Enemy, ...],
    fits: tuple[Fit, ...],
) -> bool:
    """Tell whether a text may say that hardware wallets are not affected (unless their phrase was typed).

    They protect a key, never a signature that their owner confirmed: so only where every exposure is `key` and the data says
    that one of them is X, no attacker was approved or delegated to, no wallet may have signed anything, every confirmed victim
    surely fits, and no probable one lies outside: of whom nobody can tell what they did, they may have signed. A hijacked DNS
    shows visitors a copy that no one has records of: then nothing can be said.
    """
    if incident.vector == "dns" or not any(condition.is_x == "yes" for condition in conditions):
        return False
    if any(action.exposure == "approval" for action in incident.actions):
        return False
    if any(enemy.role in ("spender", "delegate") for enemy in enemies):
        return False
    if any(fit.answer == "outside" or (fit.verdict == "compromised" and fit.answer != "inside") for fit in fits):
        return False
    signs = (pl.col("live_approvals").fill_null(0) > 0) | pl.col("unseen_signature").fill_null(value=False)
    return tables["wallets"].filter(signs).is_empty()
