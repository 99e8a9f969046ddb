"""A mock RPC of blocks as large as mainnet's: 190 transactions, 450 logs, 50 ms before every answer.

    python -m benchmarks.rpc_mock [LATENCY]

Prints its port as the first line and serves until it is killed. Blocks differ in their number and hashes only, so that the server
costs as little as it can: a template of a block is copied with its number in place of a mark.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from random import Random
from typing import Any

from aiohttp import web

FIRST = 0x1400000
TXS, LOGS = 190, 450
# Addresses that logs are from: all of them are asked for, so that everything that is sent is kept.
PEOPLE = [f"0x{Random(n).randbytes(20).hex()}" for n in range(100)]
TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
# Seven letters for the seven hex digits of a block's number; no hex digit is among them.
MARK = "NNNNNNN"
_BLOOM = "0x" + "00" * 256


def _hash(kind: str, index: int) -> str:
    return "0x" + MARK + f"{kind}{index:06x}".ljust(57, "0")


def _transaction(index: int, dice: Random) -> dict[str, Any]:
    sender, recipient = dice.sample(PEOPLE, 2)
    return {
        "blockHash": _hash("b", 0),
        "blockNumber": "0x" + MARK,
        "from": sender,
        "gas": "0x5208",
        "gasPrice": "0x3b9aca00",
        "maxFeePerGas": "0x3b9aca00",
        "maxPriorityFeePerGas": "0x3b9aca00",
        "hash": _hash("a", index),
        "input": "0x" + dice.randbytes(dice.choice((0, 68, 68, 260, 900))).hex(),
        "nonce": hex(index),
        "to": recipient,
        "transactionIndex": hex(index),
        "value": hex(dice.randrange(10**18)),
        "type": "0x2",
        "accessList": [],
        "chainId": "0x1",
        "v": "0x1",
        "yParity": "0x1",
        "r": "0x" + "12" * 32,
        "s": "0x" + "34" * 32,
    }


def _log(index: int, dice: Random) -> dict[str, Any]:
    sender, recipient = dice.sample(PEOPLE, 2)
    return {
        "address": dice.choice(PEOPLE),
        "topics": [TRANSFER, *("0x" + "0" * 24 + one[2:] for one in (sender, recipient))],
        "data": "0x" + dice.randbytes(32).hex(),
        "blockHash": _hash("b", 0),
        "blockNumber": "0x" + MARK,
        "blockTimestamp": "0x65f00000",
        "transactionHash": _hash("a", index % TXS),
        "transactionIndex": hex(index % TXS),
        "logIndex": hex(index),
        "removed": False,
    }


def _receipt(index: int, logs: list[dict[str, Any]], dice: Random) -> dict[str, Any]:
    sender, recipient = dice.sample(PEOPLE, 2)
    return {
        "blockHash": _hash("b", 0),
        "blockNumber": "0x" + MARK,
        "contractAddress": None,
        "cumulativeGasUsed": hex(21_000 * (index + 1)),
        "effectiveGasPrice": "0x3b9aca00",
        "from": sender,
        "gasUsed": "0x5208",
        "logs": [log for log in logs if int(log["transactionIndex"], 16) == index],
        "logsBloom": _BLOOM,
        "status": "0x1",
        "to": recipient,
        "transactionHash": _hash("a", index),
        "transactionIndex": hex(index),
        "type": "0x2",
    }


def _header() -> dict[str, Any]:
    zero = "0x" + "00" * 32
    return {
        "number": "0x" + MARK,
        "hash": _hash("b", 0),
        "parentHash": zero,
        "timestamp": "0x65f00000",
        "miner": PEOPLE[0],
        "gasUsed": "0xe4e1c0",
        "gasLimit": "0x1c9c380",
        "baseFeePerGas": "0x3b9aca00",
        "extraData": "0x",
        "logsBloom": _BLOOM,
        "stateRoot": zero,
        "receiptsRoot": zero,
        "transactionsRoot": zero,
        "sha3Uncles": zero,
        "mixHash": zero,
        "nonce": "0x0000000000000000",
        "difficulty": "0x0",
        "totalDifficulty": "0x0",
        "size": "0x10000",
        "uncles": [],
    }


def _templates() -> dict[str, bytes]:
    dice = Random(1)
    txs = [_transaction(index, dice) for index in range(TXS)]
    logs = [_log(index, dice) for index in range(LOGS)]
    parts: dict[str, Any] = {
        "full": {**_header(), "transactions": txs},
        "header": {**_header(), "transactions": [tx["hash"] for tx in txs]},
        "receipts": [_receipt(index, logs, dice) for index in range(TXS)],
        "logs": logs,
    }
    return {name: json.dumps(part, separators=(",", ":")).encode() for name, part in parts.items()}


class Server:
    """Answers what pulls ask."""

    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._parts = _templates()
        self._methods: dict[str, Callable[[list[Any]], bytes]] = {
            "eth_chainId": lambda _: b'"0x1"',
            "net_version": lambda _: b'"1"',
            "eth_blockNumber": lambda _: f'"{hex(FIRST + 10**6)}"'.encode(),
            "eth_getBlockByNumber": lambda params: self._of("full" if params[1] else "header", int(params[0], 16)),
            "eth_getBlockReceipts": lambda params: self._of("receipts", int(params[0], 16)),
            "eth_getLogs": self._logs,
        }

    def _of(self, part: str, number: int) -> bytes:
        return self._parts[part].replace(MARK.encode(), f"{number:07x}".encode())

    def _logs(self, params: list[Any]) -> bytes:
        first, last = (int(params[0][name], 16) for name in ("fromBlock", "toBlock"))
        return b"[" + b",".join(self._of("logs", number)[1:-1] for number in range(first, last + 1)) + b"]"

    def _one(self, call: dict[str, Any]) -> bytes:
        head = b'{"jsonrpc":"2.0","id":' + json.dumps(call["id"]).encode()
        answer = self._methods.get(call["method"])
        if answer is None:
            return head + b',"error":{"code":-32601,"message":"the method does not exist"}}'
        return head + b',"result":' + answer(call.get("params") or []) + b"}"

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one call, or a batch."""
        asked = json.loads(await request.read())
        await asyncio.sleep(self._latency)
        body = b"[" + b",".join(map(self._one, asked)) + b"]" if isinstance(asked, list) else self._one(asked)
        return web.Response(body=body, content_type="application/json")


async def serve(latency: float) -> None:
    """Serve on a free port until the process ends."""
    app = web.Application(client_max_size=2**26)
    app.router.add_post("/", Server(latency).answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.05))
