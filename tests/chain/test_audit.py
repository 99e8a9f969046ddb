"""What a node leaves out, or makes up, is noticed: by a second endpoint, or by what a block's header commits to."""

from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from aiohttp import web

from exposure.case import Case
from exposure.chain.proof import WireBlockReceipt, WireSealed, bloom_of, may_hold, read_bloom, receipts_root
from tests.chain.proxy import CANARY, Asked, Fault, Forward, Proxy
from tests.chain.test_refusals import attackers, data, truth, wallets
from tests.chain.village import Village, incident, pull_all, wanted

__all__ = ["truth"]


def blocks_of(village: Village) -> list[tuple[WireSealed, list[WireBlockReceipt]]]:
    """Give the blocks of the story, each with its receipts."""
    call = village.chain.node.call
    return [
        (
            msgspec.convert(call("eth_getBlockByNumber", hex(number), False), WireSealed),
            msgspec.convert(call("eth_getBlockReceipts", hex(number)), list[WireBlockReceipt]),
        )
        for number in range(40)
    ]


def test_the_root_and_the_bloom_of_real_receipts_are_those_of_their_header(village: Village) -> None:
    """Receipts of every kind that the node makes: empty blocks, failures, many logs, type 4."""
    for sealed, receipts in blocks_of(village):
        root = receipts_root(receipts)
        assert root is not None
        assert sealed.receipts_root == "0x" + root.hex()
        assert int(read_bloom(sealed)) == int(bloom_of(log for one in receipts for log in one.logs))


def test_one_changed_letter_gives_another_root(village: Village) -> None:
    """Amount, token, outcome: nothing of a receipt can be changed unnoticed."""
    sealed, [receipt, *_] = next(block for block in blocks_of(village) if any(one.logs for one in block[1]))
    log = receipt.logs[0]
    changes: list[Any] = [
        {"status": "0x0"},
        {"logs": []},
        {"logs": [msgspec.structs.replace(log, address="0x" + "11" * 20)]},
        {"logs": [msgspec.structs.replace(log, data=log.data[:-1] + ("1" if log.data[-1] == "0" else "0"))]},
    ]
    for change in changes:
        root = receipts_root([msgspec.structs.replace(receipt, **change)])
        assert root is not None
        assert sealed.receipts_root != "0x" + root.hex()


def test_a_receipt_of_another_chains_kind_proves_nothing(village: Village) -> None:
    """A rollup's deposit is encoded in its own way: no root is better than a wrong one."""
    receipt = next(one for _, receipts in blocks_of(village) for one in receipts)
    assert receipts_root([msgspec.structs.replace(receipt, type="0x7e")]) is None


def test_a_bloom_filter_never_denies_what_is_there(village: Village) -> None:
    """It may say maybe too often, and no only where that is true."""
    for sealed, receipts in blocks_of(village):
        bloom = read_bloom(sealed)
        for log in (log for one in receipts for log in one.logs if len(log.topics) > 1):
            assert may_hold(bloom, [bytes.fromhex(log.topics[0][2:])], [bytes.fromhex(log.topics[1][2:])])
    empty = next(read_bloom(sealed) for sealed, receipts in blocks_of(village) if not receipts)
    assert not may_hold(empty, [b"\x01" * 32], [b"\x02" * 32])


def forgets(times: int | None = None) -> Fault:
    """Answer log queries with nothing: the first so many times, or always."""
    told = [0]

    async def fault(asked: Asked, forward: Forward) -> web.Response | None:
        if asked.calls[0]["method"] != "eth_getLogs":
            return None
        answers = await forward()
        if not answers[0]["result"] or (times is not None and told[0] >= times):
            return asked.results(answers)
        told[0] += 1
        return asked.results([{**answers[0], "result": []}])

    return fault


def shown(url: str) -> str:
    """Give an endpoint as it may be shown."""
    return url.replace(f"/v3/{CANARY}", "/…")


def test_a_node_that_lagged_for_a_moment_is_asked_again(
    village: Village, truth: dict[str, bytes], tmp_path: Path
) -> None:
    """The first two answers are empty: the receipts say otherwise, and the second time the logs come."""
    with Proxy(village.url, forgets(2)) as proxy:
        figures = pull_all(incident(tmp_path, proxy.url), wanted(village, wallets(village), attackers(village)))
    assert ([], truth) == (figures["problems"], data(tmp_path))


def test_a_node_that_leaves_logs_out_is_told_of_with_both_answers(village: Village, tmp_path: Path) -> None:
    """It says nothing happened; its own receipts say what did. The block is a hole, not an empty block."""
    with Proxy(village.url, forgets()) as proxy:
        figures = pull_all(incident(tmp_path, proxy.url), wanted(village, wallets(village), attackers(village)))
        name = shown(proxy.url)
    problems: list[str] = figures["problems"]  # type: ignore[assignment]
    disputes = [one for one in problems if "do not agree" in one]
    assert disputes
    for one in disputes:
        assert f"{name} gave 0 of the logs that were asked for, and the receipts of {name} hold " in one
    assert [one for one in problems if one.startswith("anvil: logs are missing of blocks ")]


def test_what_a_disputed_answer_held_stays_until_another_endpoint_settles_it(
    village: Village, truth: dict[str, bytes], tmp_path: Path
) -> None:
    """A few of the logs are better than none, and cover nothing; the next endpoint's answers are the truth, and all of it."""

    async def forgets_most(asked: Asked, forward: Forward) -> web.Response | None:
        if asked.calls[0]["method"] != "eth_getLogs":
            return None
        [answer] = await forward()
        return asked.results([{**answer, "result": answer["result"][:1]}])

    asked = wanted(village, wallets(village), attackers(village))
    with Proxy(village.url, forgets_most) as proxy:
        figures = pull_all(incident(tmp_path, proxy.url), asked)
    assert [words for words in figures["problems"] if "do not agree" in words]  # type: ignore[attr-defined]
    assert Case(tmp_path).read("transfers").filter(pl.col("log_index").is_not_null()).height > 0
    assert [] == pull_all(incident(tmp_path, village.url), asked)["problems"]
    assert truth == data(tmp_path)
    assert [] == list((tmp_path / "chain/31337/logs").glob("x*"))


def test_logs_that_never_were_are_noticed(village: Village, tmp_path: Path) -> None:
    """A transfer that fits the question and that no receipt holds: somebody may want to frame an address."""

    async def invents(asked: Asked, forward: Forward) -> web.Response | None:
        if asked.calls[0]["method"] != "eth_getLogs":
            return None
        [answer] = await forward()
        return asked.results([{**answer, "result": [{**log, "data": "0x" + "ff" * 32} for log in answer["result"]]}])

    with Proxy(village.url, invents) as proxy:
        figures = pull_all(incident(tmp_path, proxy.url), wanted(village, [village.alice], [village.sink]))
    assert [one for one in figures["problems"] if "do not agree" in one]  # type: ignore[attr-defined]


def test_blocks_with_transactions_left_out_are_noticed(village: Village, tmp_path: Path) -> None:
    """A full block that lacks its only payment looks like an empty one."""

    async def hides(asked: Asked, forward: Forward) -> web.Response | None:
        answers = await forward()
        full = {call["id"] for call in asked.calls if call["method"] == "eth_getBlockByNumber" and call["params"][1]}
        for answer in answers:
            if answer["id"] in full:
                answer["result"]["transactions"] = []
        return asked.results(answers)

    with Proxy(village.url, hides) as proxy:
        figures = pull_all(incident(tmp_path, proxy.url), wanted(village, [village.alice], [village.sink]))
    problems: list[str] = figures["problems"]  # type: ignore[assignment]
    assert [one for one in problems if "it came with 0 transactions, and" in one]
    assert [one for one in problems if one.startswith("anvil: plain payments are missing of blocks ")]


def test_receipts_that_are_not_those_of_their_block_are_noticed(village: Village, tmp_path: Path) -> None:
    """One amount is another: the root shows it, though nothing else can be compared."""

    async def forges(asked: Asked, forward: Forward) -> web.Response | None:
        if "eth_getBlockReceipts" not in asked.methods:
            return None
        answers = await forward()
        for answer in answers:
            for receipt in answer["result"]:
                receipt["cumulativeGasUsed"] = "0x1"
        return asked.results(answers)

    with Proxy(village.url, forges) as proxy:
        figures = pull_all(incident(tmp_path, proxy.url), wanted(village, [village.alice], [village.sink]))
    assert [one for one in figures["problems"] if "its receipts have the root 0x" in one]  # type: ignore[attr-defined]


@pytest.mark.parametrize("single", [False, True])
def test_an_endpoint_without_block_receipts_is_checked_by_single_ones(
    village: Village, truth: dict[str, bytes], tmp_path: Path, *, single: bool
) -> None:
    """Many endpoints do not serve them. Where nobody gives any, the pull goes on, and nothing is claimed."""

    async def lacks(asked: Asked, forward: Forward) -> web.Response | None:
        if "eth_getBlockReceipts" in asked.methods:
            return asked.refuse("the method eth_getBlockReceipts does not exist/is not available", -32601)
        return await forgets()(asked, forward) if single else None

    with Proxy(village.url, lacks) as proxy:
        figures = pull_all(incident(tmp_path, proxy.url), wanted(village, wallets(village), attackers(village)))
    disputed = any("do not agree" in one for one in figures["problems"])  # type: ignore[attr-defined]
    assert (single, not single) == (disputed, data(tmp_path) == truth)


def test_an_empty_answer_is_not_believed_against_a_second_endpoint(village: Village, tmp_path: Path) -> None:
    """Both answers are named, and the blocks are a hole until somebody decides."""
    with Proxy(village.url, forgets()) as first, Proxy(village.url) as second:
        told = incident(tmp_path, first.url, second.url)
        figures = pull_all(told, wanted(village, wallets(village), attackers(village)))
        one, other = shown(first.url), shown(second.url)
    problems: list[str] = figures["problems"]  # type: ignore[assignment]
    assert [
        words for words in problems if f"are disputed: {one} finds none, {other} finds some. They are left out" in words
    ]
    assert [words for words in problems if words.startswith("anvil: logs are missing of blocks ")]


def test_a_second_endpoint_with_narrow_ranges_confirms_in_pieces(
    village: Village, truth: dict[str, bytes], tmp_path: Path
) -> None:
    """Its limits are its own, and what it refuses is no disagreement."""

    async def narrow(asked: Asked, forward: Forward) -> web.Response | None:
        call = asked.calls[0]
        if call["method"] != "eth_getLogs":
            return None
        query = call["params"][0]
        span = int(query["toBlock"], 16) - int(query["fromBlock"], 16) + 1
        return asked.refuse("exceed maximum block range: 30") if span > 30 else None

    with Proxy(village.url) as first, Proxy(village.url, narrow) as second:
        told = incident(tmp_path, first.url, second.url)
        figures = pull_all(told, wanted(village, wallets(village), attackers(village)))
        assert second.count("eth_getLogs") > 1
    assert ([], truth) == (figures["problems"], data(tmp_path))
