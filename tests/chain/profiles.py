"""Providers as they are known to refuse, each with its own texts, codes and HTTP statuses, small enough for a test's chain.

The texts are those that others have met (tests/chain/test_reactions.py has the whole catalogue); the numbers in them are scaled
down to the 56 final blocks of a test's chain.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.chain.proxy import Asked, DropError, Forward

Say = Callable[[Asked], web.Response]
Check = Callable[[Asked, Forward], Awaitable[web.Response | None]]


@dataclass
class Profile:
    """One provider: what it does to a request. `complete` says whether it can give everything at all."""

    name: str
    about: str
    checks: tuple[Check, ...]
    complete: bool = True
    refused: int = 0

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


def _query(asked: Asked) -> dict[str, Any] | None:
    call = asked.calls[0]
    return call["params"][0] if call["method"] == "eth_getLogs" else None


def _range(asked: Asked) -> tuple[int, int]:
    query = _query(asked) or {}
    return int(query.get("fromBlock", "0x0"), 16), int(query.get("toBlock", "0x0"), 16)


def span(most: int, text: str, code: int, status: int = 200) -> Check:
    """Answer log queries over at most so many blocks; `text` may name {n}, and a range {first} to {last} that would work."""

    async def check(asked: Asked, forward: Forward) -> web.Response | None:
        first, last = _range(asked)
        if _query(asked) is None or last - first + 1 <= most:
            return None
        words = text.format(n=most, first=hex(first), last=hex(first + most - 1), a=first, b=first + most - 1)
        return asked.refuse(words, code, status)

    return check


def results(most: int, text: str, code: int, status: int = 200) -> Check:
    """Give at most so many logs an answer."""

    async def check(asked: Asked, forward: Forward) -> web.Response | None:
        if _query(asked) is None:
            return None
        first, last = _range(asked)
        [answer] = await forward()
        if len(answer["result"]) <= most:
            return None
        half = first + max(0, (last - first) // 2)
        words = text.format(n=most, first=hex(first), last=hex(half), a=first, b=half)
        return asked.refuse(words, code, status)

    return check


def topics(most: int, text: str, code: int = -32000) -> Check:
    """Take lists of at most so many topics."""

    async def check(asked: Asked, forward: Forward) -> web.Response | None:
        query = _query(asked)
        if query is None or len(query["topics"][-1]) <= most:
            return None
        return asked.refuse(text.format(n=most, asked=len(query["topics"][-1])), code)

    return check


def batches(most: int, text: str, code: int, status: int = 200) -> Check:
    """Take at most so many calls at once; the refusal is one object."""

    async def check(asked: Asked, forward: Forward) -> web.Response | None:
        return asked.refuse(text.format(n=most), code, status) if len(asked.calls) > most else None

    return check


def rate(every: int, say: Say) -> Check:
    """Refuse every so manieth request as too fast."""

    async def check(asked: Asked, forward: Forward) -> web.Response | None:
        return say(asked) if asked.number % every == 0 else None

    return check


def methods(names: tuple[str, ...], text: str, code: int, status: int = 200) -> Check:
    """Refuse some methods always."""

    async def check(asked: Asked, forward: Forward) -> web.Response | None:
        return asked.refuse(text, code, status) if asked.methods & set(names) else None

    return check


def quota(most: int, text: str, code: int) -> Check:
    """Answer so many requests, and no more."""

    async def check(asked: Asked, forward: Forward) -> web.Response | None:
        return asked.refuse(text, code) if asked.number > most else None

    return check


def words(text: str, code: int, status: int = 200, **headers: str) -> Say:
    """Say one thing."""
    return lambda asked: asked.refuse(text, code, status, **headers)


async def outage_in_the_middle(asked: Asked, forward: Forward) -> web.Response | None:
    """Be away for a few requests: dropped connections, a gateway's page, nonsense."""
    if not 10 <= asked.number <= 13:
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
            rate(11, words("Your app has exceeded its compute units per second capacity.", 429, 429)),
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
            rate(13, words("15/second request limit reached - reduce calls per second", -32007)),
        ),
    ),
    Profile("QuickNode credits", "credits a second", (rate(7, words("credits limited to 6000/sec", -32012, 429)),)),
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
            rate(17, words("Request timeout on the free tier, please upgrade your tier to the paid one", 30, 408)),
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
    Profile("geth behind a balancer", "some nodes lag", (lagging,)),
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
        (rate(5, lambda _: web.Response(status=429, headers={"Retry-After": "0.02"}, text="Too Many Requests")),),
    ),
    Profile("an outage", "dropped connections and a gateway's pages for a while", (outage_in_the_middle,)),
    Profile("lies by omission", "the first answers about logs are empty", (empty_at_first,)),
    Profile("broken proxy", "null in place of every third list of logs", (null_logs,)),
    Profile(
        "wants a key",
        "refuses everything",
        (rate(1, words("Unauthorized: You must authenticate your request with an API key", -32000)),),
        complete=False,
    ),
)
