"""Visits -> which of them ran the malicious file, and how they got it. Browsers keep files: this is where T1 and T2 blur."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from exposure.drill.dice import Dice
from exposure.drill.people import Person, Wallet
from exposure.drill.scenario import DAY, Scenario
from exposure.drill.visits import Visit


@dataclass(frozen=True, slots=True)
class Load:
    """How a visit got the file: in full, unchanged (304), or from its browser's cache, and whether it was malicious."""

    bad: bool
    fetch: Literal["full", "unchanged", "cached"]
    first: bool


@dataclass(frozen=True, slots=True)
class Exposure:
    """A wallet whose key or signature was within the attacker's reach, first at `time`."""

    wallet: Wallet
    person: Person
    time: float
    visit: str


def serves_bad(scenario: Scenario, time: float) -> bool:
    """Tell whether the site serves the malicious file at that time."""
    return scenario.attack is not None and scenario.attack.t1 <= time < scenario.attack.t2


def loads(scenario: Scenario, visits: Sequence[Visit]) -> dict[str, Load]:
    """Play every browser's cache through its visits, which are sorted by time: visit's name -> Load."""
    kept: dict[str, tuple[bool, float]] = {}
    done: dict[str, Load] = {}
    for visit in visits:
        dice = Dice(scenario.preset, scenario.seed, "load", visit.name)
        who = visit.person.name
        first = who not in kept
        if first and dice.chance(0.55):  # was here before the logs begin
            kept[who] = (False, scenario.logs.start - dice.uniform(0, 6 * DAY))
            first = False
        served = serves_bad(scenario, visit.start)
        bad, since = kept.get(who, (served, visit.start))
        if first or visit.reload:  # nothing kept, or not asked for what is kept
            done[visit.name] = Load(served, "full", first)
        elif visit.start - since < scenario.cache:
            done[visit.name] = Load(bad, "cached", first=False)
            continue
        elif bad == served:
            done[visit.name] = Load(served, "unchanged", first=False)
        else:
            done[visit.name] = Load(served, "full", first=False)
        kept[who] = (served, visit.start)
    return done


def exposures(scenario: Scenario, visits: Sequence[Visit], loaded: Mapping[str, Load]) -> list[Exposure]:
    """Find who did X with the malicious file: the first time of each wallet that hangs on what was given away, by time."""
    attack = scenario.attack
    if attack is None:
        return []
    found: dict[str, Exposure] = {}
    for visit in visits:
        caught = loaded[visit.name].bad and Dice(scenario.preset, scenario.seed, "caught", visit.name).chance(
            attack.capture
        )
        for act in visit.acts if caught else ():
            if act.action.name != attack.x or not act.ok:
                continue
            for wallet in _given_away(scenario, visit.person, act.wallet):
                known = found.get(wallet.address)
                if known is None or act.time < known.time:
                    found[wallet.address] = Exposure(wallet, visit.person, act.time, visit.name)
    return sorted(found.values(), key=lambda exposure: (exposure.time, exposure.wallet.address))


def _given_away(scenario: Scenario, person: Person, wallet: Wallet) -> list[Wallet]:
    """List what is lost with it: a recovery phrase gives away every wallet under it, all else only the one."""
    if scenario.attack is not None and scenario.attack.x == "entered_seed_phrase":
        return [one for one in person.wallets if one.phrase == wallet.phrase]
    return [wallet]
