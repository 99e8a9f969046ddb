"""People -> their visits while logs are kept: when they come, which wallet they use, and what they do. Pure; no attack yet."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from exposure.drill.devices import ip_address, same_network
from exposure.drill.dice import Dice
from exposure.drill.people import Person, Wallet
from exposure.drill.scenario import DAY, HOUR, MINUTE, Scenario
from exposure.drill.sites import Action

# Visits by hour of the day, UTC: people of several continents, most of them awake from 7 to 22.
_HOURS = (2, 1.5, 1.2, 1, 1, 1.4, 2.2, 3.6, 5, 6, 6.2, 6, 5.6, 6.2, 6.6, 6.6, 6.2, 6, 6, 6.2, 6, 5, 4, 3)
ERRANDS = ("send", "token", "swap", "deposit")
_ERRAND_WEIGHTS = (0.4, 0.2, 0.2, 0.2)


@dataclass(frozen=True, slots=True)
class Act:
    """One action on the site. `ok` is false for a try that failed, such as a mistyped phrase."""

    time: float
    action: Action
    wallet: Wallet
    ok: bool = True


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit. `shown` are the wallets on the screen; `errand` is what one means to do on chain; `deep`: came by a link.

    `reload`: made the browser fetch everything again.
    """

    name: str
    person: Person
    ip: str
    start: float
    length: float
    shown: tuple[Wallet, ...]
    acts: tuple[Act, ...]
    errand: str | None
    deep: bool
    reload: bool = False


def visits(scenario: Scenario, crowd: Sequence[Person]) -> list[Visit]:
    """Draw all visits, by time."""
    return in_order(visit for person in crowd for visit in _visits_of(scenario, person))


def in_order(drawn: Iterable[Visit]) -> list[Visit]:
    """Sort visits by time."""
    return sorted(drawn, key=lambda visit: (visit.start, visit.name))


def moment(dice: Dice, start: int, days: int) -> float:
    """Draw a time of day as people come, on any of the days."""
    hour = dice.weighted(range(24), _HOURS)
    return start + dice.integer(0, days - 1) * DAY + (hour + dice.uniform(0, 1)) * HOUR


def _visits_of(scenario: Scenario, person: Person) -> Iterator[Visit]:
    dice = Dice(scenario.preset, scenario.seed, "visits", person.name)
    logs = scenario.logs
    if person.daily:
        times = [logs.start + day * DAY + (person.hour + dice.uniform(-1.2, 1.2)) * HOUR for day in range(logs.days)]
    else:
        times = [moment(dice, logs.start, logs.days) for _ in range(1 + dice.poisson(scenario.crowd.more_visits))]
    for number, start in enumerate(sorted(times)):
        yield _visit(scenario, person, f"{person.name}/v{number}", round(start, 3), dice)


def _visit(scenario: Scenario, person: Person, name: str, start: float, dice: Dice) -> Visit:
    site, crowd = scenario.site, scenario.crowd
    ip = ip_address(dice) if person.mobile and dice.chance(0.7) else same_network(person.ip, dice)
    wallet = person.wallets[0] if dice.chance(0.75) else dice.pick(person.wallets)
    way = person.way_in
    if dice.chance(crowd.second_way):
        way = dice.weighted(site.ways_in, [one.share for one in site.ways_in])
    # A tab that stays open keeps running the file that it was loaded with.
    first = start + (dice.uniform(20 * MINUTE, 90 * MINUTE) if dice.chance(0.03) else dice.uniform(7, 75))
    acts = []
    if dice.chance(crowd.retry) and way.method == "POST":
        acts.append(Act(first, way, wallet, ok=False))
        first += dice.uniform(6, 40)
    acts.append(Act(first, way, wallet))
    if dice.chance(0.05):
        other = dice.weighted(site.ways_in, [one.share for one in site.ways_in])
        if other is not way:
            first += dice.uniform(15, 90)
            acts.append(Act(first, other, wallet))
    errand = None
    if site.kind == "dapp":
        for action in site.errands:
            if dice.chance(action.share):
                first += dice.uniform(15, 120)
                acts.append(Act(first, action, wallet))
    elif dice.chance(scenario.life.errands) and way.name != "watched_address":
        errand = dice.weighted(ERRANDS, _ERRAND_WEIGHTS)
    together = [one for one in person.wallets if one is not wallet and one.phrase == wallet.phrase and dice.chance(0.8)]
    apart = [one for one in person.wallets if one.phrase != wallet.phrase and dice.chance(0.3)]
    length = first - start + dice.lognormal(150, 0.8)
    deep = person.bookmark and dice.chance(0.7)
    shown = (wallet, *together, *apart)
    reload = dice.chance(0.06)
    return Visit(name, person, ip, start, round(length, 3), shown, tuple(acts), errand, deep, reload)
