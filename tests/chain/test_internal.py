"""Ether that contracts move for wallets that matter, told by the traces of a real node; what no endpoint traces is said."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from aiohttp import web
from web3 import Web3

from exposure.case import Case
from exposure.chain.pull import Wanted
from exposure.chain.traces import inner_of_flat, inner_of_tree, read_flat, read_tree
from exposure.chain.wire import MalformedError
from exposure.drill.anvil import Anvil
from tests.chain.proxy import Asked, Fault, Forward, Proxy
from tests.chain.village import CONFIRMED, ERIN, START, Village, build_village, incident, pull_all, wanted
from tests.drill.playground import ETHER

VICTIM = ERIN.address.lower()
ALL = ("trace_filter", "trace_transaction", "debug_traceTransaction", "eth_simulateV1")


@pytest.fixture(scope="module")
def town() -> Iterator[Village]:
    """Erin's account runs the attacker's code: what comes to it goes on to the sink; so does what lay there, when anyone calls it."""
    with Anvil(timestamp=START) as node:
        village = build_village(node)
        chain = village.chain
        sent = chain.web3.eth.send_transaction(
            {"from": chain.friend, "to": ERIN.address, "value": 2 * ETHER, "gas": 200_000}
        )
        chain.web3.eth.wait_for_transaction_receipt(sent)
        node.call("anvil_setBalance", ERIN.address, hex(3 * ETHER))
        swept = chain.web3.eth.contract(Web3.to_checksum_address(VICTIM), abi=_sweeper_abi())
        village.hashes["swept"] = chain.send(swept.functions.sweep([]), chain.relayer)["transactionHash"].to_0x_hex()
        node.call("anvil_mine", hex(CONFIRMED))
        yield village


def _sweeper_abi() -> Any:
    from exposure.drill.contracts import load

    return load("Delegate7702").abi


def _asked(town: Village, *flagged: str) -> Wanted:
    asked = wanted(town, [town.alice, town.bob, VICTIM], [town.sink, town.drainer, town.delegate])
    return replace(asked, flagged=flagged)


def _inner(folder: Path) -> list[tuple[str, str, str, str]]:
    rows = Case(folder).read("transfers").filter(pl.col("trace_address").is_not_null())
    return rows.select("from_address", "to_address", "value", "trace_address").rows()


def _refusing(*methods: str) -> Fault:
    async def fault(asked: Asked, forward: Forward) -> web.Response | None:
        if asked.methods & set(methods):
            method = min(asked.methods & set(methods))
            return asked.refuse(f"the method {method} does not exist/is not available", -32601)
        return None

    return fault


def _both(town: Village) -> list[tuple[str, str, str, str]]:
    return [(VICTIM, town.sink, str(2 * ETHER), "0"), (VICTIM, town.sink, str(3 * ETHER), "0")]


@pytest.mark.parametrize(
    ("lacks", "how"),
    [
        ((), "searched"),
        (("trace_filter",), "known"),
        (("trace_filter", "trace_transaction"), "known"),
        (("trace_filter", "trace_transaction", "debug_traceTransaction"), "known"),
    ],
    ids=["trace_filter", "trace_transaction", "debug_traceTransaction", "eth_simulateV1"],
)
def test_every_kind_of_trace_tells_the_same(town: Village, tmp_path: Path, lacks: tuple[str, ...], how: str) -> None:
    """What the endpoint offers is used, from the best on; the transfers say which inner call it was."""
    with Proxy(town.url, _refusing(*lacks)) as proxy:
        told = incident(tmp_path, proxy.url)
        figures = pull_all(told, _asked(town, VICTIM))
        assert [] == figures["problems"]
        # A simulation lists what moved, and not in which call: the first is the payment itself where there is one.
        moved = [(*row[:3], row[3].replace("#1", "0").replace("#0", "0")) for row in _inner(tmp_path)]
        assert _both(town) == moved
        before = len(proxy.asked)
        assert 0 == pull_all(told, _asked(town, VICTIM))["calls"]
        assert before == len(proxy.asked)
    traced = Case(tmp_path).read("traces")
    assert [(VICTIM, how)] == traced.select("address", "how").rows()
    swept = Case(tmp_path).read("transfers").filter(transaction_hash=town.hashes["swept"])
    assert [(town.chain.relayer.lower(), VICTIM)] == swept.select("transaction_from", "transaction_to").rows()


def test_where_nobody_traces_that_is_learned_and_said(town: Village, tmp_path: Path) -> None:
    """It is no problem, since nearly every public endpoint is so; coverage says it, and nobody is asked twice."""
    with Proxy(town.url, _refusing(*ALL)) as proxy:
        told = incident(tmp_path, proxy.url)
        assert [] == pull_all(told, _asked(town, VICTIM))["problems"]
        assert 0 == pull_all(told, _asked(town, VICTIM))["calls"]
    assert [] == _inner(tmp_path)
    assert ["none"] == Case(tmp_path).read("traces").get_column("how").to_list()
    row = Case(tmp_path).read("coverage").filter(layer="internal")
    assert (
        "internal transfers of ETH were looked for in wallets that must act alone: 1 of 1 not at all, since no endpoint traces; what "
        "contracts sent to or from any other wallet inside a transaction is not known (it shows in traces alone)"
    ) == row.item(0, "note")


def test_only_wallets_that_matter_are_traced_and_only_by_trusted_endpoints(town: Village, tmp_path: Path) -> None:
    """A trace names the wallet, and is the dearest call there is."""
    with Proxy(town.url) as proxy:
        pull_all(incident(tmp_path / "none", proxy.url), _asked(town))
        public = incident(tmp_path / "public", rpc=({"url": proxy.url, "trusted": False},))
        problems = pull_all(public, _asked(town, VICTIM))["problems"]
        traced = [call for one in proxy.asked for call in one.calls if "trace" in call["method"]]
    # The attackers' own contracts are anybody's to know.
    assert traced
    assert VICTIM[2:] not in json.dumps(traced)
    assert any("ETH that contracts sent them, or sent on for them, is not known" in one for one in problems)  # type: ignore[attr-defined]


def test_a_narrow_endpoint_is_searched_in_pieces(town: Village, tmp_path: Path) -> None:
    """Erigon and Besu limit trace_filter as they limit logs."""

    async def narrow(asked: Asked, forward: Forward) -> web.Response | None:
        query = asked.calls[0]["params"][0] if asked.methods == {"trace_filter"} else None
        if query and int(query["toBlock"], 16) - int(query["fromBlock"], 16) >= 50:
            return asked.refuse("exceed maximum block range: 50", -32602)
        return None

    with Proxy(town.url, narrow) as proxy:
        assert [] == pull_all(incident(tmp_path, proxy.url), _asked(town, VICTIM))["problems"]
    assert _both(town) == _inner(tmp_path)


def test_a_block_that_took_too_long_once_is_searched_again(town: Village, tmp_path: Path) -> None:
    """Less than a block cannot be asked for, and one timeout is no reason to search no more."""
    slow: list[int] = []

    async def late(asked: Asked, forward: Forward) -> web.Response | None:
        if asked.methods == {"trace_filter"} and len(slow) < 8:
            slow.append(asked.number)
            return asked.refuse("request timed out", -32002)
        return None

    with Proxy(town.url, late) as proxy:
        assert [] == pull_all(incident(tmp_path, proxy.url), _asked(town, VICTIM))["problems"]
    assert (8, ["searched"]) == (len(slow), Case(tmp_path).read("traces").get_column("how").to_list())


@pytest.mark.parametrize("nonsense", [[{"foo": 1}], {"a": "b"}, "0x", 7], ids=["rows", "object", "text", "number"])
def test_nonsense_in_place_of_traces_is_as_good_as_none(town: Village, tmp_path: Path, nonsense: object) -> None:
    """The endpoint goes on being asked for everything else, and the next way to trace is taken."""

    async def fault(asked: Asked, forward: Forward) -> web.Response | None:
        if asked.methods & {"trace_filter", "trace_transaction"}:
            return asked.results([{"jsonrpc": "2.0", "id": call["id"], "result": nonsense} for call in asked.calls])
        return None

    with Proxy(town.url, fault) as proxy:
        told = incident(tmp_path, proxy.url)
        assert [] == pull_all(told, _asked(town, VICTIM))["problems"]
        assert 0 == pull_all(told, _asked(town, VICTIM))["calls"]
    assert (_both(town), ["known"]) == (_inner(tmp_path), Case(tmp_path).read("traces").get_column("how").to_list())


def test_a_run_that_came_out_otherwise_is_not_believed(town: Village, tmp_path: Path) -> None:
    """It used other gas than the receipt says: something was different then."""

    async def other(asked: Asked, forward: Forward) -> web.Response | None:
        if asked.methods & set(ALL[:3]):
            return await _refusing(*ALL[:3])(asked, forward)
        if asked.methods != {"eth_simulateV1"}:
            return None
        answers = await forward()
        for call in answers[0]["result"][0]["calls"]:
            call["gasUsed"] = hex(int(call["gasUsed"], 16) + 1)
        return asked.results(answers)

    with Proxy(town.url, other) as proxy:
        assert [] == pull_all(incident(tmp_path, proxy.url), _asked(town, VICTIM))["problems"]
    assert ([], ["none"]) == (_inner(tmp_path), Case(tmp_path).read("traces").get_column("how").to_list())


A, B, C = ("0x" + f"{number:040x}" for number in (0xA, 0xB, 0xC))
TX = "0x" + "77" * 32


def _flat(path: list[int], sender: str, to: str, value: int, **more: Any) -> dict[str, Any]:
    action = {"from": sender, "to": to, "value": hex(value), "callType": more.pop("call", "call")}
    return {"action": action, "type": "call", "traceAddress": path, "transactionHash": TX, **more}


def _told(traces: list[dict[str, Any]]) -> list[tuple[str, int]]:
    read = read_flat(msgspec.json.encode(traces))
    return [(one.path, one.value) for one in inner_of_flat(read, bytes.fromhex(TX[2:]))]


def test_what_failed_moved_nothing_nor_did_what_it_called() -> None:
    """A swallowed failure gives back all that moved inside it."""
    outer, inner = _flat([0], A, B, 5, error="Reverted"), _flat([0, 0], B, C, 4)
    assert [("1", 3)] == _told([_flat([], A, B, 9), outer, inner, _flat([1], B, C, 3)])
    assert [] == _told([_flat([], A, B, 9, error="Out of gas"), _flat([0], B, C, 4)])


def test_a_delegatecall_moves_nothing_and_a_selfdestruct_does() -> None:
    """The value of a delegatecall is its caller's."""
    killed = {"action": {"address": B, "refundAddress": C, "balance": "0x7"}, "type": "suicide", "traceAddress": [1]}
    assert [("1", 7)] == _told([_flat([0], A, B, 5, call="delegatecall"), killed | {"transactionHash": TX}])
    tree = {"type": "CALL", "from": A, "to": B, "value": "0x9", "calls": []}
    tree["calls"] = [
        {"type": "DELEGATECALL", "from": B, "to": C, "value": "0x9"},
        {"type": "CALL", "from": B, "to": C, "value": "0x8", "error": "execution reverted", "calls": []},
        {"type": "CREATE2", "from": B, "to": C, "value": "0x6"},
    ]
    assert [("2", 6)] == [(one.path, one.value) for one in inner_of_tree(read_tree(msgspec.json.encode(tree)))]


def test_traces_of_another_transaction_or_none_at_all_are_refused() -> None:
    """A node that answers with something else is not believed: anvil gives structLogs of old blocks."""
    with pytest.raises(MalformedError):
        inner_of_flat(read_flat(msgspec.json.encode([_flat([0], A, B, 5)])), b"\x01" * 32)
    with pytest.raises(MalformedError):
        read_tree(b'{"gas": 21000, "failed": false, "returnValue": "", "structLogs": []}')
