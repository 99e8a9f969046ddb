"""The steps of `benchmarks.pull`, each run in a process of its own.

    python -m benchmarks.pull_steps NAME URL BLOCKS

Each prints one JSON object as its last line. What is not installed prints an empty one.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import aiohttp
from web3 import AsyncHTTPProvider, AsyncWeb3, HTTPProvider, Web3

from benchmarks.fresh import measure
from benchmarks.rpc_mock import FIRST, PEOPLE
from exposure.chain.client import Client, Endpoint, Patience
from exposure.chain.heads import Headers
from exposure.chain.history import Pull, pull_blocks, pull_logs
from exposure.chain.limits import Limits, Pace
from exposure.chain.parts import Facts, Parts
from exposure.chain.plan import CANDIDATE_SHAPES, LogTask
from exposure.chain.rpc import ChainProvider
from exposure.chain.wire import HEADERS
from exposure.chain.wire_scan import prepare

# Programs are imported before the clock runs, and machine code is loaded: a second of that says nothing about a pull of hours.
try:
    import cryo
except ImportError:
    cryo = None

BATCH, AT_ONCE = 20, 8
LOG_BLOCKS = 10


async def _together(jobs: list[Coroutine[Any, Any, Any]], at_once: int) -> None:
    door = asyncio.Semaphore(at_once)

    async def run(job: Coroutine[Any, Any, Any]) -> None:
        async with door:
            await job

    await asyncio.gather(*map(run, jobs))


async def _read_only(url: str, requests: list[Any]) -> None:
    """Send requests and read what comes, without looking at it."""
    async with aiohttp.ClientSession() as session:

        async def one(request: Any) -> None:
            async with session.post(url, json=request) as answer:
                await answer.read()

        await _together([one(request) for request in requests], AT_ONCE)


def _call(number: int, method: str, *params: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


async def read_blocks(url: str, blocks: int) -> None:
    """Read full blocks in the batches that we ask for, and do nothing with them."""
    numbers = range(FIRST, FIRST + blocks)
    calls = [_call(number, "eth_getBlockByNumber", hex(number), True) for number in numbers]
    await _read_only(url, [calls[at : at + BATCH] for at in range(0, blocks, BATCH)])


async def read_logs(url: str, blocks: int) -> None:
    """Read logs in the ranges that we ask for, and do nothing with them."""
    starts = range(FIRST, FIRST + blocks, LOG_BLOCKS)
    queries = [{"fromBlock": hex(at), "toBlock": hex(at + LOG_BLOCKS - 1)} for at in starts]
    await _read_only(url, [_call(n, "eth_getLogs", query) for n, query in enumerate(queries)])


async def web3_loop(url: str, blocks: int) -> None:
    """Ask block by block, as a script does."""
    web3 = Web3(HTTPProvider(url))
    for number in range(FIRST, FIRST + blocks):
        web3.eth.get_block(number, full_transactions=True)


async def async_web3(url: str, blocks: int) -> None:
    """Ask sixteen blocks at a time."""
    web3 = AsyncWeb3(AsyncHTTPProvider(url))
    jobs = [web3.eth.get_block(number, full_transactions=True) for number in range(FIRST, FIRST + blocks)]
    await _together(jobs, 16)
    await web3.provider.disconnect()


async def async_web3_batch(url: str, blocks: int) -> None:
    """Ask four batches of twenty at a time."""
    web3 = AsyncWeb3(AsyncHTTPProvider(url))

    async def one(at: int) -> None:
        async with web3.batch_requests() as batch:
            for number in range(at, min(at + BATCH, FIRST + blocks)):
                batch.add(web3.eth.get_block(number, full_transactions=True))
            await batch.async_execute()

    await _together([one(at) for at in range(FIRST, FIRST + blocks, BATCH)], 4)
    await web3.provider.disconnect()


async def _cryo(kind: str, url: str, blocks: int, **more: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        await cryo.async_freeze(
            [kind],
            blocks=[f"{FIRST}:{FIRST + blocks}"],
            rpc=url,
            network_name="mock",
            output_dir=folder,
            no_verbose=True,
            max_concurrent_requests=16,
            max_concurrent_chunks=16,
            chunk_size=100,
            **more,
        )
        assert _count_files(folder) == -(-blocks // 100), "cryo did not write all files"


def _count_files(folder: str) -> int:
    return len(list(Path(folder).glob("*.parquet")))


async def cryo_blocks(url: str, blocks: int) -> None:
    """Let cryo write transactions as Parquet. It asks for the receipts of each block too."""
    await _cryo("transactions", url, blocks)


async def cryo_logs(url: str, blocks: int) -> None:
    """Let cryo write logs as Parquet."""
    await _cryo("logs", url, blocks, inner_request_size=LOG_BLOCKS)


async def _ours(url: str, work: Callable[[Client, Parts], Awaitable[object]]) -> None:
    limits = Limits(ranges={"c1": LOG_BLOCKS}, said=LOG_BLOCKS)
    endpoint = Endpoint(ChainProvider(url), limits=limits, pace=Pace(local=True))
    with tempfile.TemporaryDirectory() as folder:
        async with Client("mock", 1, [endpoint], Patience()) as client:
            await work(client, Parts(Path(folder)))


async def our_blocks(url: str, blocks: int) -> None:
    """Pull full blocks into parts: every transaction, checked, as Parquet."""
    people = frozenset(bytes.fromhex(one[2:]) for one in PEOPLE[:10])
    whole = (FIRST, FIRST + blocks - 1)
    await _ours(url, lambda client, parts: pull_blocks(client, parts, [whole], people, lambda _: None))


async def our_logs(url: str, blocks: int) -> None:
    """Pull logs into parts: every log, checked, as Parquet."""
    task = LogTask(CANDIDATE_SHAPES[0], tuple(sorted(PEOPLE)), (FIRST, FIRST + blocks - 1))

    async def work(client: Client, parts: Parts) -> None:
        headers = Headers(client, Facts(None, HEADERS, "block_number"))
        outcome = Pull()
        await pull_logs(client, headers, parts, [task], lambda _: None, outcome)
        assert not outcome.refused, outcome.refused
        held = sum(parts.read([part]).height for part in parts.logs()[:1])
        assert held, "nothing was kept"

    await _ours(url, work)


STEPS: dict[str, Callable[[str, int], Coroutine[Any, Any, None]]] = {
    step.__name__: step
    for step in (
        read_blocks,
        read_logs,
        web3_loop,
        async_web3,
        async_web3_batch,
        cryo_blocks,
        cryo_logs,
        our_blocks,
        our_logs,
    )
}


def main() -> None:
    """Run one step."""
    name, url, blocks = sys.argv[1], sys.argv[2], int(sys.argv[3])
    prepare()

    def step() -> dict[str, Any]:
        asyncio.run(STEPS[name](url, blocks))
        return {}

    print("{}" if name.startswith("cryo") and cryo is None else json.dumps(measure(step)))


if __name__ == "__main__":
    main()
