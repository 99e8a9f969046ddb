"""A few people whose visits are placed by hand, since chance alone seldom brings the cases that teach most."""

from collections.abc import Sequence
from dataclasses import replace

from exposure.drill.dice import Dice
from exposure.drill.people import Person, worth
from exposure.drill.scenario import HOUR, MINUTE, Attack, Scenario
from exposure.drill.visits import Act, Visit, in_order


def cast(scenario: Scenario, visits: Sequence[Visit]) -> list[Visit]:
    """Let some do X while the logs have their gap, and some with a file that their browser kept from before T1."""
    attack = scenario.attack
    if attack is None:
        return list(visits)
    dice = Dice(scenario.preset, scenario.seed, "casting")
    away = dice.shuffled(_away(attack, visits))
    in_gap, stale = away[: attack.in_gap], away[attack.in_gap : attack.in_gap + attack.stale]
    added = [*_visits_in_gap(scenario, attack, in_gap, dice), *_visits_with_old_file(scenario, attack, stale, dice)]
    # The first of them came at no other time: nothing in the logs names that wallet.
    unseen = in_gap[0].name if in_gap and added else None
    return in_order([*(visit for visit in visits if visit.person.name != unseen), *added])


def _away(attack: Attack, visits: Sequence[Visit]) -> list[Person]:
    """Give people with one wallet that is worth robbing, who have nothing to do with the window."""
    came = {visit.person.name for visit in visits if attack.t1 - 12 * HOUR <= visit.start < attack.t2 + 12 * HOUR}
    everybody = {visit.person.name: visit.person for visit in visits}
    return [
        person
        for name, person in everybody.items()
        if name not in came
        and len(person.wallets) == 1
        and not person.mobile
        and dict(person.wallets[0].purse)["ETH"] > 10**17
        and worth(dict(person.wallets[0].purse)) > attack.value_filter + 100
    ]


def _visits_in_gap(scenario: Scenario, attack: Attack, chosen: Sequence[Person], dice: Dice) -> list[Visit]:
    gap = scenario.logs.gap
    if gap is None:
        return []
    start, length = scenario.logs.start + gap[0], gap[1]
    if not (attack.t1 < start and start + length < attack.t2):
        return []
    return [
        _visit(scenario, attack, person, start + dice.uniform(90, length / 2), dice.uniform(60, length / 3), dice)
        for person in chosen
    ]


def _visits_with_old_file(scenario: Scenario, attack: Attack, chosen: Sequence[Person], dice: Dice) -> list[Visit]:
    made: list[Visit] = []
    if scenario.cache < HOUR:
        return made
    for number, person in enumerate(chosen):
        before = dice.uniform(5 * MINUTE, scenario.cache / 3)
        after = dice.uniform(15 * MINUTE, min(scenario.cache / 2, attack.t2 - attack.t1))
        first, second = (
            _visit(scenario, attack, person, time, dice.uniform(120, 500), dice)
            for time in (attack.t1 - before, attack.t1 + after)
        )
        # Of every second the log shows the fetch of the old file, of the others only that they were here before.
        made += [replace(first, reload=number % 2 == 0), second]
    return made


def _visit(scenario: Scenario, attack: Attack, person: Person, start: float, length: float, dice: Dice) -> Visit:
    """Make a plain visit that does X, from a bare page: no link that names the account."""
    act = Act(round(start + dice.uniform(8, 40), 3), scenario.site.action(attack.x), person.wallets[0])
    plain = replace(person, bookmark=False)
    name = f"{person.name}/cast/{int(start)}"
    return Visit(name, plain, person.ip, round(start, 3), round(length, 3), person.wallets, (act,), None, deep=False)
