"""Whatever a provider does, the tables are those of an honest one, or the run says in whole sentences what is missing."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from exposure.case import Case
from exposure.chain.client import Patience
from exposure.chain.pull import pin
from exposure.console import Silent
from exposure.errors import ExposureError
from exposure.incident import Incident
from tests.chain.proxy import CANARY, Asked, DropError, Fault, Forward, Proxy
from tests.chain.village import ERIN, HASTY, Village, incident, pull_all, wanted

LATE = datetime(2100, 1, 1, tzinfo=UTC)


def wallets(village: Village) -> list[str]:
    """The wallets of the village."""
    return [village.alice, village.bob, village.carol, village.dave, ERIN.address.lower()]


def attackers(village: Village) -> list[str]:
    """The addresses of the attacker."""
    return [village.drainer, village.sink, village.delegate]


def data(folder: Path) -> dict[str, bytes]:
    """Read all tables as bytes."""
    return {path.name: path.read_bytes() for path in sorted((folder / "data").iterdir())}


@pytest.fixture(scope="module")
def truth(village: Village, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The tables that an honest endpoint gives."""
    folder = tmp_path_factory.mktemp("truth")
    pull_all(incident(folder, village.url), wanted(village, wallets(village), attackers(village)))
    return data(folder)


def span(asked: Asked) -> int:
    """Count the blocks of a log query; 0 for other calls."""
    call = asked.calls[0]
    if call["method"] != "eth_getLogs":
        return 0
    query = call["params"][0]
    return int(query["toBlock"], 16) - int(query["fromBlock"], 16) + 1


def listed(asked: Asked) -> int:
    """Count the addresses of a log query; 0 for other calls."""
    call = asked.calls[0]
    return len(call["params"][0]["topics"][-1]) if call["method"] == "eth_getLogs" else 0


async def alchemy_free(asked: Asked, forward: Forward) -> web.Response | None:
    """Ten blocks at once, said with HTTP 400 and a range that would work."""
    if span(asked) <= 10:
        return None
    first = int(asked.calls[0]["params"][0]["fromBlock"], 16)
    text = f"You can make eth_getLogs requests with up to a 10 block range. this block range should work: [{first:#x}, {first + 9:#x}]"
    return asked.refuse(text, -32600, 400)


async def quicknode(asked: Asked, forward: Forward) -> web.Response | None:
    """Five blocks at once, said with HTTP 413."""
    return asked.refuse("eth_getLogs is limited to a 5 range", -32614, 413) if span(asked) > 5 else None


async def too_wide(asked: Asked, forward: Forward) -> web.Response | None:
    """A limit that is not named."""
    return asked.refuse("block range is too wide", -32600) if span(asked) > 13 else None


async def unheard_of(asked: Asked, forward: Forward) -> web.Response | None:
    """A limit in words that no rule knows."""
    return asked.refuse("das ist zu viel", -32099) if span(asked) > 13 else None


async def few_results(asked: Asked, forward: Forward) -> web.Response | None:
    """At most two logs an answer: a busy block must be asked address by address."""
    if not span(asked):
        return None
    answers = await forward()
    return (
        asked.refuse("query exceeds max results 2", -32602) if len(answers[0]["result"]) > 2 else asked.results(answers)
    )


async def short_lists(asked: Asked, forward: Forward) -> web.Response | None:
    """Two topics a position."""
    return asked.refuse("exceed max addresses or topics per search position") if listed(asked) > 2 else None


async def drpc_batches(asked: Asked, forward: Forward) -> web.Response | None:
    """Three calls a batch, refused with one object and HTTP 500."""
    if len(asked.calls) <= 3:
        return None
    return asked.refuse("Batch of more than 3 requests are not allowed on free tier", 31, 500)


async def no_batches(asked: Asked, forward: Forward) -> web.Response | None:
    """A node that answers a batch with one nonsense object."""
    return web.json_response({"jsonrpc": "2.0", "id": None, "result": "0x"}) if asked.batch else None


async def hurried(asked: Asked, forward: Forward) -> web.Response | None:
    """Every fifth request comes too fast."""
    if asked.number % 5:
        return None
    return web.Response(status=429, headers={"Retry-After": "0.02"}, text="Too Many Requests")


async def flaky(asked: Asked, forward: Forward) -> web.Response | None:
    """Every third request meets something else that is broken."""
    if asked.number % 3:
        return None
    broken = asked.number // 3 % 5
    if broken == 0:
        raise DropError
    if broken == 1:
        return web.Response(
            status=502, text="<html>Bad Gateway: too many topics, limit is 3</html>", content_type="text/html"
        )
    if broken == 2:
        return web.Response(text='{"jsonrpc": "2.0", "id"')
    if broken == 3:
        return asked.results([{"jsonrpc": "2.0", "id": call["id"], "result": {"surprise": []}} for call in asked.calls])
    return asked.results(
        [
            {"jsonrpc": "2.0", "id": call["id"], "error": {"code": -32603, "message": "Internal error"}}
            for call in asked.calls
        ]
    )


async def halves_batches(asked: Asked, forward: Forward) -> web.Response | None:
    """Answers every second call of each batch, in the wrong order, and some twice."""
    if not asked.batch:
        return None
    answers = await forward()
    return asked.results([*answers[::-2], answers[0]])


async def talks_too_much(asked: Asked, forward: Forward) -> web.Response | None:
    """Adds logs that nobody asked for, and repeats those that were asked."""
    if not span(asked):
        return None
    [answer] = await forward()
    logs = answer["result"]
    strange = [{**log, "topics": ["0x" + "77" * 32, *log["topics"][1:]]} for log in logs]
    far = [{**log, "blockNumber": "0xfffff"} for log in logs]
    return asked.results([{**answer, "result": [*far, *logs, *strange, *logs]}])


async def capped_calls(asked: Asked, forward: Forward) -> web.Response | None:
    """Refuses eth_calls of many contracts at once for want of gas."""
    call = asked.calls[0]
    large = call["method"] == "eth_call" and len(call["params"][0]["data"]) > 3_000
    return asked.refuse("out of gas: gas required exceeds allowance 50000000") if large else None


SOUND = (
    alchemy_free,
    quicknode,
    too_wide,
    unheard_of,
    few_results,
    short_lists,
    drpc_batches,
    no_batches,
    hurried,
    flaky,
    halves_batches,
    capped_calls,
)


@pytest.mark.parametrize("fault", SOUND, ids=[fault.__name__ for fault in SOUND])
def test_a_difficult_provider_gives_the_same_tables(
    village: Village, truth: dict[str, bytes], tmp_path: Path, fault: Fault
) -> None:
    """Limits, throttling, nonsense and outages cost calls, never rows."""
    with Proxy(village.url, fault) as proxy:
        told = incident(tmp_path, proxy.url)
        figures = pull_all(told, wanted(village, wallets(village), attackers(village)))
    assert [] == figures["problems"]
    assert truth == data(tmp_path)


def test_logs_that_nobody_asked_for_are_left_out_and_counted(
    village: Village, truth: dict[str, bytes], tmp_path: Path
) -> None:
    """A broken node's surplus changes coverage, and nothing else."""
    with Proxy(village.url, talks_too_much) as proxy:
        pull_all(incident(tmp_path, proxy.url), wanted(village, wallets(village), attackers(village)))
    found = data(tmp_path)
    assert [] == [name for name in truth if name != "coverage.parquet" and truth[name] != found[name]]
    assert Case(tmp_path).read("coverage").filter(layer="logs").item(0, "rejected") > 0


def test_a_limit_that_was_learned_is_not_learned_again(village: Village, tmp_path: Path) -> None:
    """The second case of that endpoint asks for ranges that work from the first call on."""
    with Proxy(village.url, quicknode) as proxy:
        told, asked = incident(tmp_path, proxy.url), wanted(village, [village.alice], [village.sink])
        pull_all(told, asked)
        before = len(proxy.asked)
        pull_all(told, wanted(village, [village.alice, village.bob], [village.sink]))
        assert [] == [one for one in proxy.asked[before:] if span(one) > 5]


def test_a_second_endpoint_answers_what_the_first_cannot(
    village: Village, truth: dict[str, bytes], tmp_path: Path
) -> None:
    """The first keeps no old state and serves no receipts; only those questions go to the second."""

    async def pruned(asked: Asked, forward: Forward) -> web.Response | None:
        if asked.methods & {"eth_call", "eth_getBalance", "eth_getCode", "eth_getTransactionCount"}:
            return asked.refuse("missing trie node 0b2d (path ) state 0x12 is not available, not found")
        if "eth_getTransactionReceipt" in asked.methods:
            return asked.refuse("the method eth_getTransactionReceipt does not exist/is not available", -32601)
        return None

    with Proxy(village.url, pruned) as first, Proxy(village.url) as second:
        told = incident(tmp_path, first.url, second.url)
        figures = pull_all(told, wanted(village, wallets(village), attackers(village)))
        assert ([], truth) == (figures["problems"], data(tmp_path))
        # The second confirms what the first found empty, and no more.
        assert first.count("eth_getLogs") > second.count("eth_getLogs") > 0


def test_blocks_are_asked_of_whichever_endpoint_is_free(
    village: Village, truth: dict[str, bytes], tmp_path: Path
) -> None:
    """Their numbers tell nobody whom we suspect; what names a wallet goes to the first endpoint, while it answers."""
    with Proxy(village.url) as first, Proxy(village.url) as second:
        told = incident(tmp_path, first.url, second.url)
        figures = pull_all(told, wanted(village, wallets(village), attackers(village)))
        full = [
            sum(
                call["method"] == "eth_getBlockByNumber" and call["params"][1]
                for one in proxy.asked
                for call in one.calls
            )
            for proxy in (first, second)
        ]
        assert 0 == second.count("eth_getBalance") + second.count("eth_call")
    assert min(full) > 0
    assert ([], truth) == (figures["problems"], data(tmp_path))


def test_an_endpoint_that_dies_is_left_for_the_next(village: Village, truth: dict[str, bytes], tmp_path: Path) -> None:
    """Nothing is lost, and nobody needs to be told."""
    with Proxy(village.url, dies_after(6)) as first, Proxy(village.url) as second:
        told = incident(tmp_path, first.url, second.url)
        figures = pull_all(told, wanted(village, wallets(village), attackers(village)))
    assert ([], truth) == (figures["problems"], data(tmp_path))


def dies_after(number: int) -> Fault:
    """Answer so many requests, and then no more."""

    async def dying(asked: Asked, forward: Forward) -> web.Response | None:
        if asked.number > number:
            raise DropError
        return None

    return dying


def test_an_endpoint_of_another_chain_is_told_of_though_the_next_one_serves(village: Village, tmp_path: Path) -> None:
    """A wrong entry is a fault that a person should mend."""

    async def other(asked: Asked, forward: Forward) -> web.Response | None:
        return asked.results([{"jsonrpc": "2.0", "id": asked.calls[0]["id"], "result": "0x38"}])

    with Proxy(village.url, other) as first:
        told = incident(tmp_path, first.url, village.url)
        figures = pull_all(told, wanted(village, [village.alice], []))
        shown = first.url.replace(f"/v3/{CANARY}", "/…")
    assert [f"{shown} is not asked: it serves chain 56, not 31337 (anvil)"] == figures["problems"]


def test_an_endpoint_on_another_fork_is_not_believed(village: Village, tmp_path: Path) -> None:
    """Its block at the pinned height has another hash: an error with a way out, never a silent mixture."""

    async def forked(asked: Asked, forward: Forward) -> web.Response | None:
        answers = await forward()
        for answer in answers:
            if isinstance(answer["result"], dict) and "parentHash" in answer["result"]:
                answer["result"]["hash"] = "0x" + "99" * 32
        return asked.results(answers)

    pin(incident(tmp_path, village.url), Case(tmp_path), Silent(), LATE, refresh=False)
    with Proxy(village.url, forked) as proxy:
        figures = pull_all(incident(tmp_path, proxy.url), wanted(village, [village.alice], []))
        shown = proxy.url.replace(f"/v3/{CANARY}", "/…")
    number = Case(tmp_path).read_manifest()["as_of"]["chains"]["31337"]["number"]
    fault = f"its block {number} is not the one to which this case is pinned (another chain or fork)"
    fix = "name an endpoint of that chain, or run with --refresh to start from the chain as it is now"
    assert [f"anvil cannot be asked: {shown}: {fault}. {fix}", f"{shown} is not asked: {fault}"] == figures["problems"]


def refused(told: Incident, patience: Patience = HASTY) -> str:
    """Pin, and give the whole error."""
    with pytest.raises(ExposureError) as error:
        pin(told, Case(told.folder), Silent(), LATE, refresh=False, patience=patience)
    return str(error.value)


FIX = "check the network and the rpc entries of incident.toml, or add another endpoint; what was pulled is kept"


def test_an_unreachable_endpoint_is_named_without_its_key(tmp_path: Path) -> None:
    """Nobody listens on that port."""
    assert (f"anvil cannot be asked\n  why: http://127.0.0.1:1/…: the connection was refused\n  fix: {FIX}") == refused(
        incident(tmp_path, f"http://127.0.0.1:1/v3/{CANARY}")
    )


def test_a_name_that_nobody_knows_is_said(tmp_path: Path) -> None:
    """A typing error in the host."""
    assert (
        f"anvil cannot be asked\n  why: http://rpc.invalid/…: its name is not known (DNS)\n  fix: {FIX}"
    ) == refused(incident(tmp_path, f"http://rpc.invalid/{CANARY}"))


def test_another_chain_is_named_by_its_id(village: Village, tmp_path: Path) -> None:
    """The URL of another chain was pasted."""
    told = incident(tmp_path, village.url, name="ethereum", id=1)
    assert (
        f"ethereum cannot be asked\n  why: {village.url}: it serves chain 31337, not 1 (ethereum)\n  fix: {FIX}"
    ) == refused(told)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            lambda: web.Response(text="<html>Sign in</html>", content_type="text/html"),
            "it answers HTML, not JSON-RPC (HTTP 200)",
        ),
        (lambda: web.Response(text="<html>", status=403), "it answers HTML, not JSON-RPC (HTTP 403)"),
        (lambda: web.Response(text="hello"), "it answers something that is not JSON-RPC (HTTP 200)"),
        (
            lambda: web.Response(status=302, headers={"Location": "https://evil.example/"}),
            "it answers something that is not JSON-RPC (HTTP 302)",
        ),
        (lambda: web.Response(body=b"[" * 200_000), "it answers something that is not JSON-RPC (HTTP 200)"),
        (lambda: web.json_response({"id": 0, "result": "0x" + "f" * 10_000}), "its chain id cannot be read"),
        (lambda: web.json_response({"id": 0, "result": {"a": 1}}), "its chain id cannot be read"),
        (
            lambda: web.json_response(
                {"id": 0, "error": {"message": f"invalid api key {CANARY}\u202e\x1b[31m"}}, status=401
            ),
            r"invalid api key …\u202e\x1b[31m (HTTP 401)",
        ),
    ],
)
def test_what_is_no_node_is_named_by_what_it_answers(
    village: Village, tmp_path: Path, answer: Callable[[], web.Response], words: str
) -> None:
    """A sign-in page, a greeting, a redirect that is not followed, nested brackets, huge or wrong ids, a refused key."""

    async def no_node(asked: Asked, forward: Forward) -> web.Response | None:
        return answer()

    with Proxy(village.url, no_node) as proxy:
        shown = proxy.url.replace(f"/v3/{CANARY}", "/…")
        assert f"anvil cannot be asked\n  why: {shown}: {words}\n  fix: {FIX}" == refused(incident(tmp_path, proxy.url))


def test_an_endpoint_that_keeps_silent_is_given_up(village: Village, tmp_path: Path) -> None:
    """It takes the question and never answers."""

    async def silent(asked: Asked, forward: Forward) -> web.Response | None:
        await asyncio.sleep(5)
        return None

    with Proxy(village.url, silent) as proxy:
        shown = proxy.url.replace(f"/v3/{CANARY}", "/…")
        patience = Patience(tries=2, first=0.01, longest=0.02, timeout=0.1)
        assert (f"anvil cannot be asked\n  why: {shown}: no answer within 0.1 seconds\n  fix: {FIX}") == refused(
            incident(tmp_path, proxy.url), patience
        )


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"url": "", "variable": "ETH_RPC_URL"}, "the environment variable ETH_RPC_URL is not set, or empty"),
        ({"url": "  "}, "rpc entry 1 is empty"),
        (
            {"url": f"wss://rpc.example/{CANARY}", "variable": "ETH_RPC_URL"},
            "the environment variable ETH_RPC_URL holds wss://rpc.example/…, which is not an http or https URL",
        ),
        ({"url": CANARY}, "rpc entry 1 holds an endpoint, which is not an http or https URL"),
    ],
)
def test_an_endpoint_that_is_none_is_said_before_anything_is_asked(
    tmp_path: Path, entry: dict[str, Any], why: str
) -> None:
    """An empty variable, an empty entry, a URL that is not HTTP, a key without a URL."""
    told = incident(tmp_path, rpc=(entry,))
    assert (
        "anvil has no RPC endpoint that can be asked\n"
        f"  why: {why}\n"
        "  fix: set the variable (export NAME=https://…) or write a URL under [[chain]] rpc in incident.toml, and run again"
    ) == refused(told)


def test_a_provider_that_serves_no_logs_leaves_the_rest(village: Village, tmp_path: Path) -> None:
    """Plain payments and balances are there; the problems name what is missing, and coverage shows it."""

    async def no_logs(asked: Asked, forward: Forward) -> web.Response | None:
        return asked.refuse("rpc method is not whitelisted", -32001) if span(asked) else None

    with Proxy(village.url, no_logs) as proxy:
        figures = pull_all(incident(tmp_path, proxy.url), wanted(village, [village.bob], [village.sink]))
        shown = proxy.url.replace(f"/v3/{CANARY}", "/…")
    case = Case(tmp_path)
    last = case.read_manifest()["as_of"]["chains"]["31337"]["number"]
    fix = "add an endpoint that serves eth_getLogs (for old blocks: an archive node); what was pulled is kept"
    assert [
        f"anvil: no endpoint answers eth_getLogs: {shown}: rpc method is not whitelisted. {fix}",
        f"anvil: logs are missing of blocks 0 to {last}; run again: it goes on where it stopped",
    ] == figures["problems"]
    assert [village.bob] == case.read("transfers").get_column("from_address").to_list()
    assert {"logs": last + 1, "native": 0} == {
        layer: rejected
        for layer, rejected in case.read("coverage").select("layer", "rejected").iter_rows()
        if layer in ("logs", "native")
    }


def test_receipts_that_nobody_knows_leave_a_payment_counted_and_said(village: Village, tmp_path: Path) -> None:
    """Not knowing whether Bob's payment succeeded is no reason to tell him that he lost nothing."""

    async def no_receipts(asked: Asked, forward: Forward) -> web.Response | None:
        if "eth_getTransactionReceipt" not in asked.methods:
            return None
        return asked.results([{"jsonrpc": "2.0", "id": call["id"], "result": None} for call in asked.calls])

    with Proxy(village.url, no_receipts) as proxy:
        figures = pull_all(incident(tmp_path, proxy.url), wanted(village, [village.bob], []))
    [problem] = figures["problems"]  # type: ignore[misc]
    assert (
        "anvil: nobody knows the receipts of 2 transactions: "
        "whether they succeeded is not known, and what they sent counts as moved"
    ) == problem
    assert ["3.0", "1.0"] == [str(value) for value in Case(tmp_path).read("transfers").get_column("value_f64")]
    assert [None, None] == Case(tmp_path).read("transactions").get_column("success").to_list()
