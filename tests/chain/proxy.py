"""A proxy in front of a node that fails as providers do. The code under test cannot tell it from one."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web

# The key that every URL of a proxy carries, and that must never be seen again.
CANARY = "c4n4ryc4n4ryc4n4ryc4n4ry"


@dataclass(frozen=True)
class Asked:
    """One HTTP request: its number from 1, and the JSON-RPC calls in it; `batch` says that they came as a list."""

    number: int
    calls: list[dict[str, Any]]
    batch: bool

    @property
    def methods(self) -> set[str]:
        """Give the methods asked."""
        return {call["method"] for call in self.calls}

    def refuse(self, message: str, code: int = -32000, status: int = 200, **headers: str) -> web.Response:
        """Answer with a JSON-RPC error."""
        body = {"jsonrpc": "2.0", "id": self.calls[0]["id"], "error": {"code": code, "message": message}}
        return web.json_response(body, status=status, headers=headers)

    def results(self, answers: list[dict[str, Any]]) -> web.Response:
        """Answer with given JSON-RPC answers."""
        return web.json_response(answers if self.batch else answers[0])


Forward = Callable[[], Awaitable[list[dict[str, Any]]]]
Fault = Callable[[Asked, Forward], Awaitable[web.Response | None]]


async def honest(asked: Asked, forward: Forward) -> web.Response | None:
    """Pass everything on."""
    return None


class DropError(Exception):
    """Break the connection off."""


@dataclass
class Proxy:
    """Runs in a thread of its own. `asked` lists what came in; `fault` may answer in the node's place, or raise DropError."""

    target: str
    fault: Fault = honest
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(started,), daemon=True)
        self._thread.start()
        started.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _serve(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._run(started))
        self._loop.close()

    async def _run(self, started: threading.Event) -> None:
        self._stop = asyncio.Event()
        async with aiohttp.ClientSession() as self._session:
            app = web.Application(client_max_size=2**26)
            app.router.add_post("/{rest:.*}", self._answer)
            runner = web.AppRunner(app, shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            self.url = f"http://127.0.0.1:{port}/v3/{CANARY}"
            started.set()
            await self._stop.wait()
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        read = json.loads(body)
        calls = read if isinstance(read, list) else [read]
        asked = Asked(len(self.asked) + 1, calls, isinstance(read, list))
        self.asked.append(asked)

        async def forward() -> list[dict[str, Any]]:
            async with self._session.post(
                # as the fault left the calls: a node may be asked another thing than it was meant to answer
                self.target,
                data=json.dumps(read),
                headers={"Content-Type": "application/json"},
            ) as answer:
                came = await answer.json()
                return came if isinstance(came, list) else [came]

        try:
            response = await self.fault(asked, forward)
            return response if response is not None else asked.results(await forward())
        except DropError:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()

    def count(self, method: str) -> int:
        """Count the calls of a method."""
        return sum(call["method"] == method for asked in self.asked for call in asked.calls)
