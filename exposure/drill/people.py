"""Scenario -> the people who use the site: their wallets, what those hold, their browsers and habits.

Nobody is a victim yet: all are drawn from the same distributions, and who is harmed follows from what they do and when.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from exposure.drill.devices import OFFICE_IP, ip_address, user_agent
from exposure.drill.dice import Dice
from exposure.drill.keys import Account, derive
from exposure.drill.scenario import Crowd, Scenario
from exposure.drill.sites import Action

# Dollars per whole token, and decimals. Prices stand still: a drill is not about markets.
PRICES = {"ETH": 2600.0, "USDX": 1.0, "GOV": 4.2, "POOL": 1.0}
DECIMALS = {"ETH": 18, "USDX": 6, "GOV": 18, "POOL": 18}
SPELLINGS = ("checksum", "lower", "upper", "encoded")
_SPELLING_WEIGHTS = (0.66, 0.24, 0.04, 0.06)


@dataclass(frozen=True, slots=True)
class Wallet:
    """A wallet: `phrase` numbers the recovery phrase that it hangs on; `purse` is what it holds at first, in base units."""

    account: Account
    phrase: str
    purse: tuple[tuple[str, int], ...]
    nft: bool

    @property
    def address(self) -> str:
        """Give the wallet's address, lowercase."""
        return self.account.address


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who uses the site. `spelling` is how their browser writes addresses."""

    name: str
    wallets: tuple[Wallet, ...]
    ip: str
    agent: str
    mobile: bool
    daily: bool
    hour: float
    way_in: Action
    spelling: str
    bookmark: bool


def people(scenario: Scenario) -> list[Person]:
    """Draw the people."""
    return list(_people(scenario))


def worth(purse: dict[str, int]) -> float:
    """Give the worth of amounts in base units, in US dollars."""
    return math.fsum(amount / float(10 ** DECIMALS[asset]) * PRICES[asset] for asset, amount in purse.items())


def _people(scenario: Scenario) -> Iterator[Person]:
    crowd, site = scenario.crowd, scenario.site
    # The office has two or three kinds of browser in all, so that its people cannot be told apart by them.
    agents = [user_agent(Dice(scenario.preset, scenario.seed, "office", n), mobile=False) for n in range(3)]
    for number in range(crowd.people):
        dice = Dice(scenario.preset, scenario.seed, "person", number)
        name = f"p{number}"
        office = number < crowd.office
        mobile = not office and dice.chance(crowd.mobile)
        hour = dice.uniform(7, 22)
        yield Person(
            name=name,
            wallets=_wallets(scenario, dice, name, hoarder=number >= crowd.people - crowd.hoarders),
            ip=OFFICE_IP if office else ip_address(dice),
            agent=dice.pick(agents) if office else user_agent(dice, mobile),
            mobile=mobile,
            daily=dice.chance(crowd.daily),
            hour=9 + (hour - 7) / 2 if office else hour,
            way_in=dice.weighted(site.ways_in, [way.share for way in site.ways_in]),
            spelling=dice.weighted(SPELLINGS, _SPELLING_WEIGHTS),
            bookmark=dice.chance(0.3),
        )


def _wallets(scenario: Scenario, dice: Dice, name: str, *, hoarder: bool) -> tuple[Wallet, ...]:
    crowd = scenario.crowd
    count = dice.integer(3, 6) if hoarder else 2 if dice.chance(crowd.second_wallet) else 1
    same = dice.chance(crowd.same_phrase)
    made = []
    for number in range(count):
        account = derive(scenario.preset, scenario.seed, name, number)
        phrase = f"{name}/{0 if same else number}"
        made.append(Wallet(account, phrase, _purse(dice, crowd), nft=dice.chance(0.14)))
    return tuple(made)


def _purse(dice: Dice, crowd: Crowd) -> tuple[tuple[str, int], ...]:
    """Draw what a wallet holds: most a little, few a lot."""
    poor_in_gas = dice.chance(crowd.no_gas)
    purse = {"ETH": _amount(dice, 0.00003 if poor_in_gas else 0.3, 0.3 if poor_in_gas else 1.5, 18)}
    if poor_in_gas or dice.chance(crowd.dollars):
        purse["USDX"] = _amount(dice, 620, 1.6, 6)
    if dice.chance(crowd.governance):
        purse["GOV"] = _amount(dice, 90, 1.5, 18)
    return tuple(purse.items())


def _amount(dice: Dice, median: float, sigma: float, decimals: int) -> int:
    """Draw an amount in base units that is no round number, from six digits that are the same on every machine."""
    coarse = round(dice.lognormal(median, sigma) * 10**6)
    if decimals <= 6:
        return coarse
    rest = int(10 ** (decimals - 6))
    return coarse * rest + dice.integer(0, rest - 1)
