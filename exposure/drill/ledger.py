"""A chain in memory: who holds what, and the transactions that are to be signed. It plays scheduled events in time order.

Token balances and allowances are exact. Ether is a lower bound, since every transaction is charged its gas limit at its
highest price: what somebody sends is always there when the real node plays it.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from exposure.drill.dice import Dice
from exposure.drill.keys import Account

SLOT = 12
PLAIN_GAS = 21_000
GWEI = 10**9
BASE_FEE = GWEI // 100


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction to sign. `time` is that of its block; `to` is None where it creates a contract; fees are wei per gas."""

    time: int
    sender: Account
    nonce: int
    to: str | None
    value: int
    data: bytes
    gas: int
    max_fee: int
    tip: int


class Ledger:
    """Balances, nonces, allowances and the transactions so far. Events run by `run`, in order of time, then of scheduling."""

    def __init__(self, dice: Dice, start: int) -> None:
        self.ether: defaultdict[str, int] = defaultdict(int)
        self.tokens: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.allowed: defaultdict[tuple[str, str, str], int] = defaultdict(int)  # owner, token, spender
        self.nonces: defaultdict[str, int] = defaultdict(int)
        self.transactions: list[Transaction] = []
        self.now = start
        self._dice = dice
        self._start = start
        self._events: list[tuple[int, int, Callable[..., object], tuple[Any, ...]]] = []
        self._scheduled = 0

    def at(self, time: float, event: Callable[..., object], *arguments: Any) -> None:
        """Schedule a call; one in the past happens now."""
        heapq.heappush(self._events, (max(int(time), self.now), self._scheduled, event, arguments))
        self._scheduled += 1

    def run(self) -> None:
        """Play all events, and those that they schedule."""
        while self._events:
            self.now, _, event, arguments = heapq.heappop(self._events)
            event(*arguments)

    def held(self, asset: str, address: str) -> int:
        """Give a balance in base units; `asset` is a token's address, or "ETH"."""
        return self.ether[address] if asset == "ETH" else self.tokens[asset, address]

    def can_pay(self, sender: str, gas: int, value: int = 0) -> bool:
        """Tell whether there is ether for a transaction at any price that `send` may draw."""
        return self.ether[sender] >= value + gas * GWEI

    def send(
        self, sender: Account, to: str | None, value: int = 0, data: bytes = b"", gas: int = PLAIN_GAS
    ) -> Transaction:
        """Add a transaction in the next free slot, and move its ether; what its call does is booked by who calls this."""
        tip = self._dice.integer(15, 200) * GWEI // 1000
        max_fee = tip + self._dice.integer(20, 400) * GWEI // 1000
        return self._add(sender, to, value, data, gas, max_fee, tip)

    def send_all(self, sender: Account, to: str) -> Transaction:
        """Send all ether but the fee; the fee leaves nothing over, as the tip takes up the whole price."""
        tip = self._dice.integer(100, 600) * GWEI // 1000
        value = self.ether[sender.address] - PLAIN_GAS * tip
        return self._add(sender, to, value, b"", PLAIN_GAS, tip, tip)

    def _add(
        self, sender: Account, to: str | None, value: int, data: bytes, gas: int, max_fee: int, tip: int
    ) -> Transaction:
        cost = value + gas * max_fee
        if value < 0 or self.ether[sender.address] < cost:
            raise ValueError(f"{sender.address} has no ether for this: a drill's act must ask can_pay first")
        self.ether[sender.address] -= cost
        if to is not None:
            self.ether[to] += value
        sent = Transaction(self._slot(sender), sender, self.nonces[sender.address], to, value, data, gas, max_fee, tip)
        self.nonces[sender.address] += 1
        self.transactions.append(sent)
        return sent

    def _slot(self, sender: Account) -> int:
        """Find the block: one sender per block, so that the order in it is by nonce and never by what the node prefers."""
        slot = self._start + -(-(self.now - self._start) // SLOT) * SLOT
        if self.transactions:
            last = self.transactions[-1]
            earliest = last.time if last.sender.address == sender.address else last.time + SLOT
            slot = max(slot, earliest)
        return slot
