"""Providers as they are known to refuse, each with its own texts, codes and HTTP statuses, small enough for a test's chain.

The texts are those that others have met (tests/chain/test_reactions.py has the whole catalogue); the numbers in them are scaled
down to the village (tests/chain/village.py), and for a larger chain up again: each limit stands to what the chain holds of blocks,
logs or people as it stands to that in the village.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.chain.proxy import Asked, DropError, Forward

Say = Callable[[Asked], web.Response]
Check = Callable[[Asked, Forward], Awaitable[web.Response | None]]


@dataclass(frozen=True)
class Size:
    """How much is asked for: blocks, the logs that they hold of the people, and these."""

    blocks: int
    logs: int
    people: int


VILLAGE = Size(blocks=56, logs=10, people=5)


def _scaled(most: int, here: int, village: int) -> int:
    return max(1, most * here // village)


Rule = Callable[[Size], Check]


@dataclass
class Profile:
    """One provider: what it does to a request. `complete` says whether it can give everything at all."""

    name: str
    about: str
    rules: tuple[Rule, ...]
    complete: bool = True
    size: Size = VILLAGE
    refused: int = 0
    checks: tuple[Check, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.checks = tuple(rule(self.size) for rule in self.rules)

    async def __call__(self, asked: Asked, forward: Forward) -> web.Response | None:
        """Refuse what the provider would refuse."""
        for check in self.checks:
            try:
                response = await check(asked, forward)
            except DropError:
                self.refused += 1
                raise
            if response is not None:
                self.refused += 1
                return response
        return None


def always(check: Check) -> Rule:
    """Make a rule of a check that no chain's size changes."""
    return lambda _: check


def _query(asked: Asked) -> dict[str, Any] | None:
    call = asked.calls[0]
    return call["params"][0] if call["method"] == "eth_getLogs" else None


def _range(asked: Asked) -> tuple[int, int]:
    query = _query(asked) or {}
    return int(query.get("fromBlock", "0x0"), 16), int(query.get("toBlock", "0x0"), 16)


def span(most: int, text: str, code: int, status: int = 200) -> Rule:
    """Answer log queries over at most so many blocks; `text` may name {n}, and a range {first} to {last} that would work."""

    def rule(size: Size) -> Check:
        n = _scaled(most, size.blocks, VILLAGE.blocks)

        async def check(asked: Asked, forward: Forward) -> web.Response | None:
            first, last = _range(asked)
            if _query(asked) is None or last - first + 1 <= n:
                return None
            words = text.format(n=n, first=hex(first), last=hex(first + n - 1), a=first, b=first + n - 1)
            return asked.refuse(words, code, status)

        return check

    return rule


def results(most: int, text: str, code: int, status: int = 200) -> Rule:
    """Give at most so many logs an answer."""

    def rule(size: Size) -> Check:
        n = _scaled(most, size.logs, VILLAGE.logs)

        async def check(asked: Asked, forward: Forward) -> web.Response | None:
            if _query(asked) is None:
                return None
            first, last = _range(asked)
            [answer] = await forward()
            if len(answer["result"]) <= n:
                return None
            half = first + max(0, (last - first) // 2)
            words = text.format(n=n, first=hex(first), last=hex(half), a=first, b=half)
            return asked.refuse(words, code, status)

        return check

    return rule


def topics(most: int, text: str, code: int = -32000) -> Rule:
    """Take lists of at most so many addresses."""

    def rule(size: Size) -> Check:
        n = _scaled(most, size.people, VILLAGE.people)

        async def check(asked: Asked, forward: Forward) -> web.Response | None:
            # The first position holds events, of which there are always few.
            lists = [len(one) for one in (_query(asked) or {"topics": []})["topics"][1:] if one]
            return asked.refuse(text.format(n=n, asked=max(lists)), code) if max(lists, default=0) > n else None

        return check

    return rule


def batches(most: int, text: str, code: int, status: int = 200) -> Rule:
    """Take at most so many calls at once; the refusal is one object."""

    async def check(asked: Asked, forward: Forward) -> web.Response | None:
        return asked.refuse(text.format(n=most), code, status) if len(asked.calls) > most else None

    return always(check)


def every(nth: int, say: Say) -> Rule:
    """Refuse every so manieth request."""

    async def check(asked: Asked, forward: Forward) -> web.Response | None:
        return say(asked) if asked.number % nth == 0 else None

    return always(check)


def too_fast(a_second: int, nth: int, say: Say) -> Rule:
    """Take so many requests a second, as a bucket that fills again. In the village, where nobody waits, every nth is refused."""

    def rule(size: Size) -> Check:
        if size == VILLAGE:
            return every(nth, say)(size)
        left, before = float(a_second), time.monotonic()

        async def check(asked: Asked, forward: Forward) -> web.Response | None:
            nonlocal left, before
            now = time.monotonic()
            left, before = min(float(a_second), left + a_second * (now - before)), now
            if left < 1:
                return say(asked)
            left -= 1
            return None

        return check

    return rule


def methods(names: tuple[str, ...], text: str, code: int, status: int = 200) -> Rule:
    """Refuse some methods always."""

    async def check(asked: Asked, forward: Forward) -> web.Response | None:
        return asked.refuse(text, code, status) if asked.methods & set(names) else None

    return always(check)


def quota(most: int, text: str, code: int) -> Rule:
    """Answer so many requests, and no more."""

    def rule(size: Size) -> Check:
        n = _scaled(most, size.blocks, VILLAGE.blocks)

        async def check(asked: Asked, forward: Forward) -> web.Response | None:
            return asked.refuse(text, code) if asked.number > n else None

        return check

    return rule


def words(text: str, code: int, status: int = 200, **headers: str) -> Say:
    """Say one thing."""
    return lambda asked: asked.refuse(text, code, status, **headers)


async def outage_in_the_middle(asked: Asked, forward: Forward) -> web.Response | None:
    """Be away for a moment: a gateway's page, a dropped connection. Tests try three times, and one request may meet both."""
    if not 10 <= asked.number <= 11:
        return None
    if asked.number % 2:
        raise DropError
    page = "<html>502 Bad Gateway: limit 3 topics</html>"
    return web.Response(status=502, text=page, content_type="text/html")


async def empty_at_first(asked: Asked, forward: Forward) -> web.Response | None:
    """Lag: the first answers about logs are empty."""
    if _query(asked) is None or asked.number > 12:
        return None
    return asked.results([{"jsonrpc": "2.0", "id": asked.calls[0]["id"], "result": []}])


async def null_logs(asked: Asked, forward: Forward) -> web.Response | None:
    """Answer some log queries with null, as broken proxies do."""
    if _query(asked) is None or asked.number % 3:
        return None
    return asked.results([{"jsonrpc": "2.0", "id": asked.calls[0]["id"], "result": None}])


async def lagging(asked: Asked, forward: Forward) -> web.Response | None:
    """Every fourth request reaches a node that has not the block yet."""
    if asked.number % 4 or _query(asked) is None:
        return None
    return asked.refuse("block range extends beyond current head block", -32602)


STATE = ("eth_call", "eth_getBalance", "eth_getCode", "eth_getTransactionCount")

PROFILES: tuple[Profile, ...] = (
    Profile("honest", "an endpoint without limits", ()),
    Profile(
        "Alchemy free",
        "10 blocks a log query, HTTP 400 with a range that works; compute units",
        (
            span(
                10,
                "Under the Free tier plan, you can make eth_getLogs requests with up to a {n} block range. "
                "Based on your parameters, this block range should work: [{first}, {last}]",
                -32600,
                400,
            ),
            too_fast(25, 11, words("Your app has exceeded its compute units per second capacity.", 429, 429)),
        ),
    ),
    Profile(
        "Alchemy",
        "answers of limited size, with a range that works",
        (
            results(
                4,
                "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit "
                "on the response size. Based on your parameters and the response size limit, this block range should "
                "work: [{first}, {last}]",
                -32602,
            ),
        ),
    ),
    Profile(
        "Infura",
        "results with a range that works, few filters",
        (
            results(3, "query returned more than {n} results. Try with this block range [{first}, {last}].", -32005),
            topics(2, "This query contains {asked} filters. The current limit is {n}.", -32602),
        ),
    ),
    Profile("Infura 2026", "a range without a suggestion", (span(40, "range 1000000 exceeds limit of {n}", -32602),)),
    Profile(
        "QuickNode trial",
        "5 blocks, HTTP 413; requests a second",
        (
            span(5, "eth_getLogs is limited to a {n} range", -32614, 413),
            too_fast(15, 13, words("15/second request limit reached - reduce calls per second", -32007)),
        ),
    ),
    Profile(
        "QuickNode credits", "credits a second", (too_fast(25, 7, words("credits limited to 6000/sec", -32012, 429)),)
    ),
    Profile(
        "Ankr",
        "a range without a number, results without one",
        (span(30, "block range is too wide", -32600), results(6, "query exceeds max results", -32600)),
    ),
    Profile("Cloudflare", "a range", (span(35, "Max range: {n}", -32047),)),
    Profile(
        "PublicNode",
        "a range; no old state without a token (HTTP 403)",
        (
            span(50, "exceed maximum block range: {n}", -32701),
            methods(
                STATE,
                "Archive requests require a personal token. Get one at: https://www.allnodes.com/publicnode",
                -32602,
                403,
            ),
        ),
        complete=False,
    ),
    Profile(
        "reth",
        "results with a range in decimal; a range",
        (
            span(30, "query exceeds max block range {n}", -32602),
            results(3, "query exceeds max results {n}, retry with the range {a}-{b}", -32602),
        ),
    ),
    Profile(
        "reth, useless hint",
        "the suggested range is the one that was asked",
        (span(20, "query exceeds max results 20000, retry with the range 0-1000000", -32602),),
    ),
    Profile(
        "dRPC free",
        "a range, batches of 3 (HTTP 500), timeouts (HTTP 408)",
        (
            span(50, "ranges over {n} blocks are not supported on freetier", 35, 400),
            batches(3, "Batch of more than {n} requests are not allowed on free tier", 31, 500),
            every(17, words("Request timeout on the free tier, please upgrade your tier to the paid one", 30, 408)),
        ),
    ),
    Profile(
        "1rpc",
        "a range, batches of 3",
        (
            span(25, "eth_getLogs is limited to a {n} blocks range", -32000),
            batches(3, "Batch size too large: batch of more than {n} requests", -32000),
        ),
    ),
    Profile(
        "1rpc, quota used up",
        "answers 20 requests, then none",
        (quota(20, "You've reached the usage limit for your current plan.", -32001),),
        complete=False,
    ),
    Profile("BlockPI", "a range", (span(32, "eth_getLogs is limited to {n} block range", -32602),)),
    Profile("Chainstack", "a range without a number", (span(33, "Block range limit exceeded.", -32602),)),
    Profile("merkle", "a range in thousands", (span(36, "eth_getLogs range is too large, max is 1k blocks", -32600),)),
    Profile("thirdweb", "a range", (span(24, "Maximum allowed number of requested blocks is {n}", -32005),)),
    Profile("Base node", "a range", (span(45, "please limit the query to at most {n} blocks", -32005),)),
    Profile(
        "Base public",
        "a range that is too wide, dressed as an outage",
        (span(28, "no backend is currently healthy to serve traffic", -32011, 503),),
    ),
    Profile(
        "Erigon",
        "a range, results, a list",
        (
            span(38, "query block range exceeds server limit, narrow your filter: {n}", -32000),
            topics(3, "query exceeds the maximum of {n} addresses or topics per search position", -32602),
            results(5, "query returns too many logs, narrow your filter: {n}", -32000),
        ),
    ),
    Profile("Besu", "batches of 5", (batches(5, "Batch size limit exceeded: batch request not allowed", -32600),)),
    Profile(
        "geth",
        "short lists, small batches",
        (
            topics(2, "exceed max addresses or topics per search position"),
            batches(10, "batch too large", -32600),
        ),
    ),
    Profile("geth behind a balancer", "some nodes lag", (always(lagging),)),
    Profile(
        "geth without archive",
        "no old state",
        (methods(STATE, "missing trie node 0b2d (path ) state 0x12 is not available, not found", -32000),),
        complete=False,
    ),
    Profile(
        "Nethermind without archive",
        "an internal error that means no old state",
        (methods(STATE, "Internal error: MissingTrieNodeException", -32603),),
        complete=False,
    ),
    Profile(
        "without receipts of blocks",
        "eth_getBlockReceipts is not served",
        (methods(("eth_getBlockReceipts",), "rpc method is not whitelisted", -32001),),
    ),
    Profile(
        "with Retry-After",
        "every fifth request is too fast, and the header says how long to wait",
        (
            too_fast(
                25, 5, lambda _: web.Response(status=429, headers={"Retry-After": "0.02"}, text="Too Many Requests")
            ),
        ),
    ),
    Profile("an outage", "dropped connections and a gateway's pages for a while", (always(outage_in_the_middle),)),
    Profile("lies by omission", "the first answers about logs are empty", (always(empty_at_first),)),
    Profile("broken proxy", "null in place of every third list of logs", (always(null_logs),)),
    Profile(
        "wants a key",
        "refuses everything",
        (every(1, words("Unauthorized: You must authenticate your request with an API key", -32000)),),
        complete=False,
    ),
)
