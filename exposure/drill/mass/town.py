"""Everybody in a mass drill: owners and their wallets, browsers and purses, and the parties that all of them deal with. Pure."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from exposure.drill.mass.knobs import Knobs

Numbers = NDArray[np.int64]

# Assets by number. Amounts are whole gwei for ether and GOV (18 decimals) and base units for the others, so that 64 bits hold them.
ETH, USDX, GOV, FAKE = range(4)
UNIT = {ETH: 10**9, USDX: 1, GOV: 10**9, FAKE: 1}
DECIMALS = {ETH: 18, USDX: 6, GOV: 18, FAKE: 6}
SYMBOLS = {USDX: "USDX", GOV: "GOV", FAKE: "USDX"}
PRICES = {ETH: 2600.0, USDX: 1.0, GOV: 4.2, FAKE: 0.0}
_GAS_POOR = 30_000  # gwei that pay for nothing

HOUR, DAY = 3600.0, 86400.0


@dataclass(slots=True)
class Book:
    """Gives every address a number; `addresses` holds 20 bytes a number."""

    dice: np.random.Generator
    addresses: list[NDArray[np.uint8]] = field(default_factory=list)
    size: int = 0

    def new(self, count: int) -> Numbers:
        """Enter so many new addresses; gives their numbers."""
        self.addresses.append(self.dice.integers(0, 256, size=(count, 20), dtype=np.uint8))
        self.size += count
        return np.arange(self.size - count, self.size)

    def one(self) -> int:
        """Enter one new address."""
        return int(self.new(1)[0])

    def hex(self) -> pl.Series:
        """Give all addresses as lowercase hex, by number."""
        return pl.Series("address", ["0x" + row.tobytes().hex() for row in np.concatenate(self.addresses)], pl.String)

    def raw(self) -> pl.Series:
        """Give all addresses as 20 bytes, by number."""
        return pl.Series("address", [row.tobytes() for row in np.concatenate(self.addresses)], pl.Binary)


@dataclass(frozen=True, slots=True)
class Parties:
    """The numbers of those who are nobody's wallet."""

    tokens: dict[int, int]
    exchange: int
    deposits: Numbers  # addresses of customers at the exchange
    router: int
    bridge: int
    settlement: int
    solver: int
    bundler: int
    entry_point: int
    keeper: int  # moves subscriptions
    sale: int
    apps: Numbers  # contracts of other apps that people approve
    minter: int
    poisoner: int
    asked: Numbers  # addresses of strangers that a bot asks for
    false: Numbers  # addresses that one client says it did X with


@dataclass(frozen=True, slots=True)
class Town:
    """People and wallets, one array element each.

    Of wallets: owner, phrase (wallets of one number hang on one recovery phrase), purse by asset (units of `UNIT`), smart (a
    bundler sends for it). Of owners: first wallet, how many, ip, agent, mobile, daily, hour of the day.
    """

    knobs: Knobs
    book: Book
    parties: Parties
    owner: Numbers
    phrase: Numbers
    purse: dict[int, Numbers]
    smart: NDArray[np.bool_]
    first: Numbers
    count: Numbers
    ip: list[str]
    agent: list[str]
    mobile: NDArray[np.bool_]
    daily: NDArray[np.bool_]
    hour: NDArray[np.float64]
    start: float  # of the logs, Unix seconds

    @property
    def end(self) -> float:
        """Give the end of the logs."""
        return self.start + self.knobs.days * DAY

    @property
    def wallets(self) -> int:
        """Give the number of wallets: they have the numbers from 0 on."""
        return len(self.owner)

    def worth(self) -> NDArray[np.float64]:
        """Give what each wallet holds at first, in US dollars."""
        value = np.zeros(self.wallets)
        for asset, amounts in self.purse.items():
            value += self.dollars(asset, amounts)
        return value

    @staticmethod
    def dollars(asset: int, amounts: Numbers) -> NDArray[np.float64]:
        """Give the worth of amounts."""
        return np.asarray(amounts * (PRICES[asset] * UNIT[asset] / 10.0 ** DECIMALS[asset]), dtype=np.float64)


def found(knobs: Knobs) -> Town:
    """Draw the people. Nobody is a victim yet: who is harmed follows from what they do and when."""
    dice = knobs.dice("town")
    people = knobs.people
    two = dice.random(people) < knobs.second_wallet
    hoards = dice.random(people) < knobs.hoarders
    count = np.where(hoards, dice.integers(3, 7, people), np.where(two, 2, 1))
    first = np.cumsum(count) - count
    owner = np.repeat(np.arange(people), count)
    same = dice.random(people) < knobs.same_phrase
    number = np.arange(len(owner))
    phrase = np.where(same[owner], first[owner], number)
    book = Book(knobs.dice("book"))
    book.new(len(owner))
    crowded = np.flatnonzero(dice.random(people) < knobs.crowd)
    agents = [
        _agent(int(major), int(kind))
        for major, kind in zip(dice.integers(120, 146, people), dice.integers(0, 4, people), strict=True)
    ]
    ips = [_ip(int(part)) for part in dice.integers(0, 2**24, people)]
    for person in crowded.tolist():
        ips[person], agents[person] = "198.51.100.7", _agent(140, int(person) % 3)
    start = 1_767_571_200 + int(dice.integers(0, 280)) * DAY  # a day of 2026
    return Town(
        knobs=knobs,
        book=book,
        parties=_parties(book, knobs),
        owner=owner,
        phrase=phrase,
        purse=_purses(dice, len(owner)),
        smart=dice.random(len(owner)) < 0.03,
        first=first,
        count=count,
        ip=ips,
        agent=agents,
        mobile=dice.random(people) < knobs.mobile,
        daily=dice.random(people) < knobs.daily,
        hour=dice.uniform(7, 22, people),
        start=start,
    )


def _parties(book: Book, knobs: Knobs) -> Parties:
    return Parties(
        tokens={asset: book.one() for asset in SYMBOLS},
        exchange=book.one(),
        deposits=book.new(60),
        router=book.one(),
        bridge=book.one(),
        settlement=book.one(),
        solver=book.one(),
        bundler=book.one(),
        entry_point=book.one(),
        keeper=book.one(),
        sale=book.one(),
        apps=book.new(8),
        minter=book.one(),
        poisoner=book.one(),
        asked=book.new(knobs.bots - knobs.bots // 10),
        false=book.new(knobs.poison),
    )


def _purses(dice: np.random.Generator, wallets: int) -> dict[int, Numbers]:
    """Draw what wallets hold: most a little, few a lot."""
    poor = dice.random(wallets) < 0.08
    ether = np.where(poor, _GAS_POOR, dice.lognormal(np.log(0.3e9), 1.5, wallets))
    dollars = np.where(poor | (dice.random(wallets) < 0.5), dice.lognormal(np.log(620e6), 1.6, wallets), 0)
    governance = np.where(dice.random(wallets) < 0.3, dice.lognormal(np.log(90e9), 1.5, wallets), 0)
    most = 4e17  # far below what 64 bits hold, whatever is added to it
    return {
        ETH: np.minimum(ether, most).astype(np.int64),
        USDX: np.minimum(dollars, most).astype(np.int64),
        GOV: np.minimum(governance, most).astype(np.int64),
    }


def _agent(major: int, kind: int) -> str:
    system = (
        "Windows NT 10.0; Win64; x64",
        "Macintosh; Intel Mac OS X 10_15_7",
        "X11; Linux x86_64",
        "Linux; Android 10; K",
    )[kind]
    return f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"


def _ip(part: int) -> str:
    """Give an address of the range for benchmarks: 198.18.0.0/15 holds too few, so IPv6 for documentation it is."""
    return f"2001:db8:{part >> 8:x}:{(part & 0xFF) << 8:x}::1"


def other_ips(dice: np.random.Generator, count: int) -> list[str]:
    """Draw IP addresses of mobile networks."""
    return [_ip(int(part)) for part in dice.integers(0, 2**24, count)]
