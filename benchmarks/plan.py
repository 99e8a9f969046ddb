"""Calls planned against calls made, for more wallets and more days: `python -m benchmarks.plan`.

A quiet chain on this machine answers every question at once, so that what is counted is the plan and no provider's limits: no
transactions, no logs, Multicall3 in its place. Once it keeps the state of old blocks, once it does not: then plain payments
take full blocks, and what wallets held at T1 is not known.
"""

import argparse
import asyncio
import hashlib
import json
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from aiohttp import web
from pydantic import SecretStr

from exposure.case import Case
from exposure.chain.forecast import Question, forecast, total
from exposure.chain.limits import Limits
from exposure.chain.presets import MULTICALL3
from exposure.chain.pull import Stage, Wanted, pin, pull
from exposure.console import Silent
from exposure.incident import Chain, Endpoint, Incident
from exposure.tables import TABLES

SIZES = [(wallets, days) for days in (1, 4) for wallets in (10, 1_000, 50_000)]
QUICK = [(10, 1), (1_000, 1)]
DAY, SECONDS, START = 7_200, 12, 1_772_500_000
STAGES: tuple[Stage, ...] = ("attackers", "state", "history")
STATE = ("eth_call", "eth_getBalance", "eth_getCode", "eth_getTransactionCount")
# The root of a trie without leaves.
NO_RECEIPTS = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
ATTACKER = "0x" + "a" * 40


class QuietChain:
    """A node of a chain on which nothing happens, with its head at block `head`; `archive`: it keeps the state of old blocks."""

    def __init__(self, head: int, *, archive: bool) -> None:
        self.head = head
        self.archive = archive
        self.exchanges = 0
        self.url = ""

    def __enter__(self) -> "QuietChain":
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application(client_max_size=2**28)
        app.router.add_post("/", self._answer)
        runner = web.AppRunner(app)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _answer(self, request: web.Request) -> web.Response:
        self.exchanges += 1
        body = await request.json()
        calls = body if isinstance(body, list) else [body]
        answers = [{"jsonrpc": "2.0", "id": one["id"], **self._response(one["method"], one["params"])} for one in calls]
        return web.json_response(answers if isinstance(body, list) else answers[0])

    def _response(self, method: str, params: list[Any]) -> dict[str, Any]:
        old = method in STATE and int(params[1], 16) < self.head
        if old and not self.archive:
            return {"error": {"code": -32000, "message": "missing trie node (path ) state is not available"}}
        return {"result": self._result(method, params)}

    def _result(self, method: str, params: list[Any]) -> Any:
        if method == "eth_getBlockByNumber":
            number = self.head if params[0] in ("latest", "finalized", "safe") else int(params[0], 16)
            digest = hashlib.sha256(str(number).encode()).hexdigest()
            time = hex(START + SECONDS * number)
            sealed = {"receiptsRoot": NO_RECEIPTS, "logsBloom": "0x" + "00" * 256}
            return {"number": hex(number), "hash": "0x" + digest, "timestamp": time, "transactions": [], **sealed}
        if method == "eth_getBlockReceipts":
            return []
        if method == "eth_call" and "to" not in params[0]:
            return "0x" + (START + SECONDS * int(params[1], 16)).to_bytes(32, "big").hex()
        if method == "eth_call":
            return "0x" + _aggregate(int(params[0]["data"][2 + 8 + 64 : 2 + 8 + 128], 16)).hex()
        code = "0x00" if params and params[0] == MULTICALL3 else "0x"
        return {"eth_chainId": "0x1", "eth_getLogs": [], "eth_getCode": code}.get(method, "0x0")


def _aggregate(count: int) -> bytes:
    """Answer aggregate3: every call succeeded, and said zero."""
    word = (0).to_bytes(32, "big")
    item = b"".join(value.to_bytes(32, "big") for value in (1, 64, 32)) + word
    offsets = b"".join((32 * count + 128 * number).to_bytes(32, "big") for number in range(count))
    return (32).to_bytes(32, "big") + count.to_bytes(32, "big") + offsets + item * count


def measure(wallets: int, days: int, *, archive: bool) -> dict[str, int | bool]:
    """Plan and pull so many wallets over so many days; give calls planned and made."""
    people = [f"0x{number:040x}" for number in range(1, wallets + 1)]
    # As a plan is made once the endpoint was asked: what it keeps is known then.
    limits = Limits(archive=archive)
    question = Question("ethereum", [ATTACKER], people, (1, days * DAY), limits, trusted=("node",), at_t1=True)
    planned = total(forecast(question)).calls
    with QuietChain(days * DAY, archive=archive) as node, tempfile.TemporaryDirectory() as folder:
        endpoint = Endpoint(url=SecretStr(node.url), trusted=True)
        chain = Chain(name="ethereum", id=1, rpc=(endpoint,))
        incident = Incident(folder=Path(folder), name="plan", title="Plan", chains=(chain,))
        case = Case(incident.folder)
        pin(incident, case, Silent(), datetime(2100, 1, 1, tzinfo=UTC), refresh=False)
        start = datetime.fromtimestamp(START + SECONDS, UTC)
        asked = Wanted(
            candidates=TABLES["candidates"].check(
                pl.DataFrame({"address": people, "reason": "log"}).with_columns(
                    first=pl.lit(start, TABLES["candidates"].schema["first"]),
                    last=pl.lit(None, TABLES["candidates"].schema["last"]),
                )
            ),
            attackers=TABLES["attackers"].frame(
                [{"address": ATTACKER, "role": "sink", "origin": "config", "confirmed": True}]
            ),
            start=start,
            end=start + timedelta(days=days),
            before=start + timedelta(hours=6),
        )
        for stage in STAGES:
            problems = pull(incident, case, asked, stage, Silent())["problems"]
            if problems:
                raise SystemExit(f"the pull was not whole: {problems}")
        return {"wallets": wallets, "days": days, "archive": archive, "planned": planned, "done": node.exchanges}


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="two sizes")
    options.add_argument("--json", action="store_true", help="the last line is one object")
    chosen = options.parse_args()
    rows = []
    print(f"{'wallets':>8} {'days':>5} {'old state':>10} {'planned':>8} {'done':>8} {'done/planned':>13}")
    for wallets, days in QUICK if chosen.quick else SIZES:
        for archive in (False, True):
            row = measure(wallets, days, archive=archive)
            rows.append(row)
            share = f"{row['done'] / row['planned']:>13.2f}"
            kept = "kept" if archive else "no"
            print(f"{wallets:>8,} {days:>5} {kept:>10} {row['planned']:>8,} {row['done']:>8,} {share}", flush=True)
    if chosen.json:
        print(json.dumps({"calls": rows}))


if __name__ == "__main__":
    main()
