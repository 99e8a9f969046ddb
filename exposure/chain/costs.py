"""What questions cost before they are asked: exchanges, bytes, minutes. Pure.

The sizes are those of a mainnet block of 2025 (202 transactions, 463 logs); other chains have smaller ones, so that an estimate is
seldom too low. What an endpoint allows is what was learned of it, or the usual limits of a public one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from exposure.chain.limits import FIRST_RATE, Limits
from exposure.chain.plan import LogTask, Range, size
from exposure.chain.state import CALLS_AT_ONCE

# JSON of one block, before compression.
BLOCK_BYTES = 311_000
OPEN_BYTES = 170_000
# Logs of one wallet a day at about 670 bytes each; one address in a query's list.
LOGS_A_DAY, LOG_BYTES, TOPIC_BYTES = 5, 670, 70
BLOCKS_A_DAY = 7_200
# A wallet of interest sends or gets about one transaction a day.
TXS_A_DAY, DAY_SECONDS = 1, 86_400
# Nonces and balances show less than full blocks, which shrink to a fifth on their way: so they must take at most this share.
WORTH_IT = 0.25
# From here on a chain has so many blocks that full ones are the last resort.
FAST_SECONDS = 1.0
# Public endpoints answer with at most 10,000 logs, which 22 blocks hold.
OPEN_BLOCKS = 22
# A call of Multicall3 and its answer; a nonce or code with its envelope.
CALL_BYTES, ACCOUNT_BYTES = 830, 250
# A line of 40 Mbit/s.
BYTES_A_SECOND = 5_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """What some questions cost: exchanges, and bytes sent and received before compression. Prices compare by their time."""

    calls: int = 0
    bytes: int = 0

    @property
    def seconds(self) -> float:
        """Give how long it takes at the pace at which a public endpoint is asked first."""
        return self.calls / FIRST_RATE + self.bytes / BYTES_A_SECOND

    def __add__(self, other: "Price") -> "Price":
        return Price(self.calls + other.calls, self.bytes + other.bytes)

    def __lt__(self, other: "Price") -> bool:
        return self.seconds < other.seconds


def log_price(tasks: Sequence[LogTask], limits: Limits) -> Price:
    """Price log queries at the range that the endpoint allows."""
    calls = total = 0
    for task in tasks:
        blocks = size([task.blocks])
        if task.shape.position:
            calls += (some := -(-blocks // limits.blocks(task.shape.name)))
            answers = len(task.addresses) * LOGS_A_DAY * LOG_BYTES * blocks // BLOCKS_A_DAY // 3
            total += some * len(task.addresses) * TOPIC_BYTES + answers
        else:
            most = limits.ranges.get(task.shape.name, OPEN_BLOCKS)
            calls += -(-blocks // min(limits.blocks(task.shape.name), most))
            total += blocks * OPEN_BYTES
    return Price(calls, total)


def block_price(ranges: Iterable[Range], limits: Limits) -> Price:
    """Price full blocks in batches."""
    blocks = list(ranges)
    return Price(sum(-(-size([one]) // limits.batch) for one in blocks), size(blocks) * BLOCK_BYTES)


def state_price(wallets: int, limits: Limits, *, calls_each: int = 3) -> Price:
    """Price the state of wallets: balance and `calls_each` calls through Multicall3, nonce and code in batches."""
    through = wallets * (1 + calls_each)
    alone = 2 * wallets
    return Price(-(-through // CALLS_AT_ONCE) + -(-alone // limits.batch), through * CALL_BYTES + alone * ACCOUNT_BYTES)


def delta_price(wallets: int, blocks: int, block_seconds: float, limits: Limits) -> Price:
    """Price finding by nonces and balances in which blocks wallets sent or got something, and reading these blocks."""
    days = blocks * block_seconds / DAY_SECONDS
    events = min(blocks, max(1, round(wallets * TXS_A_DAY * days)))
    rows = 2 * (2 * wallets + events * max(1, blocks.bit_length()))
    found = Price(-(-events // limits.batch), events * BLOCK_BYTES)
    return Price(-(-rows // limits.batch), rows * ACCOUNT_BYTES) + found


def is_fast(block_seconds: float) -> bool:
    """Tell a chain of so many blocks that full ones are the last resort, whatever is not seen without them."""
    return block_seconds <= FAST_SECONDS


def prefer_deltas(deltas: Price, full: Price) -> bool:
    """Tell whether nonces and balances are so much cheaper than full blocks that what they do not show is worth it."""
    return deltas.seconds <= WORTH_IT * full.seconds
