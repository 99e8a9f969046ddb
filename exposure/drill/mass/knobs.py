"""The knobs of a mass drill: one frozen `Knobs` says all that is true before any dice are thrown for its people.

Shares and chances are 0 to 1, durations hours unless said otherwise, money US dollars. Defaults and ranges follow published
incidents: what attackers waited, skipped and reused, and what the logs of real sites lack.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np

from exposure.errors import ExposureError

Kind = Literal["key", "approval", "both", "quiet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """One incident."""

    seed: int = 1
    kind: Kind = "key"

    # who uses the site, and how
    people: int = 300
    second_wallet: float = 0.13  # owners of two wallets
    same_phrase: float = 0.7  # of those, both under one recovery phrase
    hoarders: float = 0.01  # owners of many wallets, who bring them together one day
    daily: float = 0.12  # people who come every day
    visits: float = 1.6  # others: mean visits beside the first
    crowd: float = 0.04  # people behind one IP address with few browsers
    mobile: float = 0.15  # people whose IP address changes from visit to visit

    # what they do
    x_share: float = 0.4  # people whose usual way is X
    other_way: float = 0.12  # visits in which one comes in another way than usual
    errand: float = 0.2  # visits that also do the harmless action
    errand_with_x: float = 0.3  # the same, among visits that do X
    retry: float = 0.15  # tries that fail and are made again
    named: float = 0.5  # requests of an action that name the wallet; the session ties the others
    deep: float = 0.25  # visits that begin with a link that names the wallet

    # the logs
    days: float = 4.0
    log_format: Literal["combined", "cloudflare"] = "combined"
    files: bool = True  # static files are logged too
    monitors: int = 1  # uptime checks that fetch the file every minute
    gap: float = 0.0  # hours without lines, inside the window
    late: bool = False  # the logs begin after T1
    hijack: float = 0.0  # visits in the window that went elsewhere and stand in nobody's logs
    bots: int = 150  # addresses that a bot asks for
    poison: int = 0  # false addresses that one client says it did X with
    broken: float = 0.001  # lines that cannot be read
    checks: float = 0.1  # payments whose recipient the site looks up first

    # the attack
    t1: float = 30.0  # after the start of the logs
    length: float = 8.0  # of the (first) window
    second: float = 0.0  # length of a second window, a day later; 0: none
    serving: float = 1.0  # of the fetches in the window get the malicious file
    capture: float = 1.0  # of the exposures the payload makes use of
    cache: float = 4.0  # how long browsers keep the file
    delay: float = 1.2  # median from exposure to loss
    delay_sigma: float = 1.1
    nights: bool = False  # thefts wait for the next night
    stops: float = 1.0  # part of the window after which the attacker harvests nothing more
    value_filter: float = 100.0  # what a wallet must be worth to be robbed
    sinks: int = 2
    rotate: bool = False  # sinks follow each other in time
    one_time: bool = False  # a sink (or spender) for each victim, as CREATE2 drainers have
    known: int = 1  # attackers that the team knows
    fund_gas: bool = True
    rescued: float = 0.05  # exposed owners who bring their wallet to safety, most of them after the notice
    elsewhere: float = 0.1  # victims of the same attacker on other sites, to each one here
    delegated: float = 0.0  # robbed wallets that are left running the attacker's code (EIP-7702)
    notice: float = 1.0  # after T2
    facts: tuple[str, ...] = ("detected", "public_notice")

    # signatures
    accept: float = 0.85
    permit: float = 0.25  # signatures that show on chain only when they are used
    split: float = 0.0  # the operator's share of each theft
    batch: float = 11.0  # after T2: when the approvals are used, all in one night
    unused: float = 0.25
    revoked: float = 0.15

    # ordinary life on chain
    week: float = 0.5  # moves of a wallet a week
    after_visit: float = 0.12  # visits that end in a transaction
    fresh: float = 0.02  # wallets that move all they hold to a new address, for reasons of their own
    apps: float = 0.2  # wallets that approve the contract of some other app
    sale: float = 0.03  # people who pay into a young sale
    airdrop: float = 0.08
    zero_value: float = 0.01  # wallets in whose name nothing was sent to a thief
    counterfeit: float = 0.01  # wallets in whose name a false token was sent to a thief
    messages: int = 1  # "please return my funds"

    @property
    def attack(self) -> bool:
        """Tell whether there is an attack at all."""
        return self.kind != "quiet"

    def dice(self, *names: str) -> np.random.Generator:
        """Start a stream of draws of its own, so that a new draw in one room does not change another room's."""
        return np.random.default_rng([self.seed, *(int.from_bytes(name.encode()[:8], "big") for name in names)])


def with_settings(knobs: Knobs, settings: Iterable[str]) -> Knobs:
    """Turn knobs by texts KNOB=VALUE, as a command line gives them. Raises ExposureError for what is no knob or no value."""
    kinds = {field.name: type(getattr(knobs, field.name)) for field in fields(Knobs)}
    turned: dict[str, Any] = {}
    for name, _, text in (setting.partition("=") for setting in settings):
        if name not in kinds:
            raise ExposureError(
                f"a drill has no knob {name!r}", "the knobs are " + ", ".join(sorted(kinds)), "choose one: --set days=6"
            )
        try:
            turned[name] = _value(name, kinds[name], text)
        except ValueError:
            raise ExposureError(
                f"{text!r} is no value for the knob {name}",
                f"it takes {_takes(name, kinds[name])}",
                f"give it one: --set {name}={_shown(getattr(knobs, name))}",
            ) from None
    return _check(replace(knobs, **turned))


_FACTS = ("last_known_good", "first_known_good", "detected", "public_notice")
_WORDS = {"kind": ("key", "approval", "both", "quiet"), "log_format": ("combined", "cloudflare"), "facts": _FACTS}
# Knobs of fractions that may pass 1: hours, days, visits, moves, and victims elsewhere to each one here.
_FREE = {"visits", "days", "gap", "t1", "length", "second", "cache", "delay", "delay_sigma", "notice", "batch", "week"}
_FREE |= {"value_filter", "elsewhere"}
_LEAST = {"people": 10, "sinks": 1, "days": 1, "delay": 0.001, "length": 0.01}


def _takes(name: str, kind: type) -> str:
    if kind is bool:
        return "yes or no"
    if name in _WORDS:
        return ("some, joined by +, of " if kind is tuple else "one of ") + ", ".join(_WORDS[name])
    least, whole = _LEAST.get(name, 0), "a whole number" if kind is int else "a number"
    return f"{whole} from {least}" + ("" if kind is int or name in _FREE else " to 1")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "+".join(value) if isinstance(value, tuple) else str(value)


def _value(name: str, kind: type, text: str) -> object:
    """Read a value. Raises ValueError for one that does not fit."""
    if kind is bool or name in _WORDS:
        parts = tuple(part for part in text.split("+") if part) if kind is tuple else (text,)
        if not set(parts) <= set(_WORDS.get(name, ("yes", "no"))):
            raise ValueError(text)
        return text == "yes" if kind is bool else parts if kind is tuple else text
    number = kind(text)
    most = float("inf") if kind is int or name in _FREE else 1.0
    if not _LEAST.get(name, 0) <= number <= most or number == float("inf"):
        raise ValueError(text)
    return number


def _check(knobs: Knobs) -> Knobs:
    """Raise ExposureError where the attack does not fit into the time of the logs."""
    hours = knobs.t1 + knobs.length + (24 + knobs.second if knobs.second else 0)
    if knobs.attack and hours > knobs.days * 24:
        raise ExposureError(
            f"the attack ends {hours:g} hours after the logs begin",
            f"the logs end after {knobs.days:g} days: there would be nobody to compare its victims with",
            f"make it shorter or earlier (t1, length, second), or the logs longer: --set days={math.ceil(hours / 24) + 1}",
        )
    return knobs


def drawn(seed: int, kind: Kind | None = None) -> Knobs:
    """Draw an incident: every knob from a range that published incidents span."""
    dice = np.random.default_rng([seed, 4711])

    def pick(*values: Any) -> Any:
        return values[int(dice.integers(len(values)))]

    def between(low: float, high: float) -> float:
        return round(float(dice.uniform(low, high)), 4)

    def seldom(chance: float, value: Any, otherwise: Any) -> Any:
        return value if dice.random() < chance else otherwise

    kind = kind or pick("key", "key", "key", "approval", "approval", "both")
    days = pick(3.0, 4.0, 5.0, 7.0)
    length = min(float(np.exp(dice.uniform(np.log(1.0), np.log(40.0)))), (days - 2.0) * 24)
    everyone = dice.random() < 0.08
    second = seldom(0.08, between(1.0, 6.0), 0.0)
    return Knobs(
        seed=seed,
        kind=kind,
        people=int(min(max(dice.lognormal(np.log(350), 0.6), 90), 1500)),
        second_wallet=between(0.05, 0.3),
        hoarders=between(0.0, 0.02),
        daily=between(0.03, 0.25),
        visits=between(1.0, 2.8),
        crowd=between(0.0, 0.1),
        mobile=between(0.05, 0.3),
        x_share=1.0 if everyone else between(0.12, 0.55),
        other_way=0.0 if everyone else 0.12,
        errand=between(0.1, 0.5),
        errand_with_x=between(0.1, 0.8),
        retry=between(0.05, 0.3),
        named=between(0.2, 1.0),
        days=days,
        log_format=pick("combined", "cloudflare"),
        files=pick(True, True, False),
        monitors=pick(0, 1, 1),
        gap=seldom(0.15, between(0.1, 0.8), 0.0),
        late=seldom(0.06, True, False),
        hijack=seldom(0.06, between(0.3, 0.9), 0.0),
        bots=pick(0, 100, 300),
        poison=seldom(0.12, pick(200, 2000), 0),
        t1=between(20.0, 30.0),
        length=round(length, 4),
        second=second if length + second + 54 < days * 24 else 0.0,
        serving=seldom(0.15, between(0.3, 0.9), 1.0),
        capture=pick(1.0, 1.0, 0.85, 0.6, 0.3),
        cache=pick(0.0, 1.0, 4.0, 12.0),
        delay=round(float(np.exp(dice.uniform(np.log(0.05), np.log(40.0)))), 4),
        delay_sigma=between(0.5, 1.4),
        nights=seldom(0.2, True, False),
        stops=seldom(0.12, between(0.4, 0.9), 1.0),
        value_filter=pick(0.0, 50.0, 200.0, 500.0),
        sinks=pick(1, 1, 2, 3, 4),
        rotate=pick(True, False),
        one_time=seldom(0.08, True, False),
        known=pick(0, 1, 1),
        rescued=between(0.0, 0.12),
        elsewhere=between(0.0, 0.3),
        delegated=seldom(0.15, between(0.05, 0.3), 0.0),
        notice=between(0.2, 4.0),
        facts=(
            "detected",
            "public_notice",
            *seldom(0.4, ("last_known_good",), ()),
            *seldom(0.5, ("first_known_good",), ()),
        ),
        accept=between(0.6, 0.95),
        permit=between(0.1, 0.5),
        split=pick(0.0, 0.0, 0.2),
        batch=between(1.0, 40.0),
        unused=between(0.1, 0.4),
        revoked=between(0.05, 0.3),
        week=between(0.2, 1.0),
        after_visit=between(0.05, 0.25),
        fresh=between(0.0, 0.04),
        apps=between(0.05, 0.4),
        sale=between(0.01, 0.08),
        airdrop=between(0.02, 0.15),
        zero_value=between(0.0, 0.02),
        counterfeit=between(0.0, 0.02),
        messages=pick(0, 1, 3),
    )
