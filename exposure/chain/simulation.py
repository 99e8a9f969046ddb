"""Ether that moved inside a transaction, by running its block again: for endpoints that simulate but do not trace (eth_simulateV1).

A transaction is run on the state before its block, after those that came before it there. The answer is believed only where it
used the gas that the receipt says, and ended as it did: else something was different, and nothing is known.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import polars as pl

from exposure.amounts import NATIVE
from exposure.chain.client import Client
from exposure.chain.columns import octets
from exposure.chain.plan import TRANSFER
from exposure.chain.scope import Store
from exposure.chain.traces import Inner
from exposure.chain.wire import MalformedError, WireLog, decoder, quantity

SIMULATE = "eth_simulateV1"
# So many blocks are run again at most: each costs a node as much as a second of its life.
BLOCKS_MOST = 100


class _Sent(msgspec.Struct, rename="camel"):
    """A transaction, as it is sent again."""

    hash: str
    value: str
    input: str
    gas: str
    sender: str = msgspec.field(name="from")
    to: str | None = None


class _Block(msgspec.Struct, rename="camel"):
    """A full block with what its transactions may have looked at."""

    number: str
    timestamp: str
    gas_limit: str
    miner: str
    mix_hash: str
    transactions: list[_Sent]


class _Ran(msgspec.Struct, rename="camel"):
    """What one call of a simulation did."""

    status: str
    gas_used: str
    logs: list[WireLog] = []


class _RanBlock(msgspec.Struct):
    calls: list[_Ran]


_block, _ran = decoder(_Block), decoder(list[_RanBlock])


async def simulate(client: Client, store: Store, wanted: Iterable[bytes]) -> dict[bytes, list[Inner]]:
    """Run the blocks of transactions again; give what moved inside those that came out as they did.

    Raises NoEndpointError, or RefusedError where an endpoint does not simulate.
    """
    hashes = sorted(wanted)
    await store.lookups.ask_receipts(client, hashes, (), lambda _: None)
    known = dict(store.lookups.receipts.frame().select("transaction_hash", "gas_used").iter_rows())
    good = dict(store.lookups.receipts.frame().select("transaction_hash", "success").iter_rows())
    txs = store.transactions(pl.Series("transaction_hash", hashes, dtype=pl.Binary))
    by_block: dict[int, set[bytes]] = defaultdict(set)
    for one, number in txs.select("transaction_hash", "block_number").iter_rows():
        by_block[number].add(one)
    found: dict[bytes, list[Inner]] = {}
    for number in sorted(by_block)[:BLOCKS_MOST]:
        block = _readable(await client.one("eth_getBlockByNumber", [hex(number), True], bytes), _block)
        places = (
            [n for n, one in enumerate(block.transactions) if octets(one.hash) in by_block[number]] if block else []
        )
        if block is None or not places or number == 0:
            continue
        sent = block.transactions[: places[-1] + 1]
        answer = _readable(await client.one(SIMULATE, _question(block, sent, number), bytes), _ran)
        ran = answer[0].calls if answer else []
        for place in places if len(ran) == len(sent) else ():
            one, did = octets(sent[place].hash, 32), ran[place]
            same = one is not None and quantity(did.gas_used) == known.get(one)
            if one is not None and same and (quantity(did.status) == 1) == good.get(one):
                found[one] = _inner(sent[place], did.logs) if good[one] else []
    return found


def _readable(answer: bytes, decode: Any) -> Any:
    try:
        return decode(answer)
    except MalformedError:
        return None


def _question(block: _Block, sent: Sequence[_Sent], number: int) -> list[object]:
    """Give the parameters: the first transactions of a block, on the state of the block before it."""
    overrides = {
        "number": block.number,
        "time": block.timestamp,
        "gasLimit": block.gas_limit,
        "feeRecipient": block.miner,
        "prevRandao": block.mix_hash,
    }
    calls = [
        {"from": one.sender, "value": one.value, "input": one.input, "gas": one.gas}
        | ({"to": one.to} if one.to else {})
        for one in sent
    ]
    state = {"blockOverrides": overrides, "calls": calls}
    return [{"blockStateCalls": [state], "traceTransfers": True, "validation": False}, hex(number - 1)]


def _inner(sent: _Sent, logs: Sequence[WireLog]) -> list[Inner]:
    """Read the movements of ether, which stand among the logs; the first is the transaction's own where it paid anything."""
    moved: list[Inner] = []
    for log in logs:
        if log.address.lower() != NATIVE or len(log.topics) != 3 or log.topics[0] != TRANSFER:
            continue
        payer, payee, data = octets(log.topics[1], 32), octets(log.topics[2], 32), octets(log.data, 32)
        if payer is not None and payee is not None and data is not None:
            moved.append(Inner(f"#{len(moved)}", payer[12:], payee[12:], int.from_bytes(data, "big")))
    own = 1 if quantity(sent.value, 2**256 - 1) else 0
    return [one for one in moved[own:] if one.value and one.sender != one.to]
