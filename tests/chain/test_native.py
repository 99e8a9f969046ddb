"""Plain payments by nonces and balances are those of full blocks, up to what cannot be seen so, which coverage says."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from aiohttp import web

from exposure.chain.deltas import Look, ReadBlocks, look, unknown
from exposure.chain.pull import Wanted
from exposure.drill.anvil import Anvil
from tests.chain.proxy import Asked, Forward, Proxy
from tests.chain.test_earlier import STATE, NoArchive
from tests.chain.village import CONFIRMED, ERIN, START, Village, build_village, incident, pull_all, tables, wanted
from tests.drill.playground import ETHER

# More than are read in full without a second thought.
QUIET = 1_200
# anvil forgets the state of older blocks than its last 3,600, as it is.
STATES = 5_000
NAMES = (
    "transactions",
    "transfers",
    "approvals",
    "delegations",
    "balances",
    "allowances",
    "tokens",
    "accounts",
    "blocks",
)


def build_hamlet(node: Anvil) -> Village:
    """A village after which little happens for thousands of blocks: payments to and fro, and a message of nothing."""
    village = build_village(node)
    chain = village.chain
    web3 = chain.web3
    alice, bob, carol, dave = (
        web3.to_checksum_address(one) for one in (village.alice, village.bob, village.carol, village.dave)
    )
    for number in range(3):
        node.call("anvil_mine", hex(QUIET))
        chain.pay(bob, chain.sink, ETHER + number)
        chain.pay(chain.relayer, carol, ETHER // 2)
    # In and out between two halvings: the balance alone would not show it.
    chain.pay(chain.relayer, dave, ETHER)
    node.call("anvil_mine", hex(7))
    chain.pay(dave, chain.sink, ETHER // 3)
    chain.pay(chain.relayer, alice, 0)
    village.hashes["message"] = web3.eth.get_block("latest", full_transactions=False)["transactions"][0].to_0x_hex()  # type: ignore[union-attr]
    node.call("anvil_mine", hex(CONFIRMED))
    return village


@pytest.fixture(scope="module")
def hamlet() -> Iterator[Village]:
    """The hamlet, on a node that keeps all states."""
    with Anvil(timestamp=START, max_states=STATES) as node:
        yield build_hamlet(node)


def _asked(village: Village) -> Wanted:
    everybody = [village.alice, village.bob, village.carol, village.dave, ERIN.address.lower()]
    return wanted(village, everybody, [village.sink])


def _full_blocks(proxy: Proxy) -> int:
    return sum(
        call["method"] == "eth_getBlockByNumber" and call["params"][1] is True
        for one in proxy.asked
        for call in one.calls
    )


def test_the_same_chain_both_ways_gives_the_same_tables(hamlet: Village, tmp_path: Path) -> None:
    """Everything that moved is the same to the byte; of 3,700 blocks two dozen are read. A message of nothing is not seen."""
    head = hamlet.chain.web3.eth.get_block("finalized")["number"]
    few, all_blocks = tmp_path / "few", tmp_path / "all"
    with Proxy(hamlet.url) as proxy:
        assert [] == pull_all(incident(few, proxy.url), _asked(hamlet))["problems"]
        assert 0 < _full_blocks(proxy) <= 40
    with Proxy(hamlet.url, NoArchive(head)) as proxy:
        assert [] == pull_all(incident(all_blocks, proxy.url), _asked(hamlet))["problems"]
        assert head < _full_blocks(proxy)
    ours, theirs = tables(few), tables(all_blocks)
    message = pl.col("transaction_hash").eq_missing(hamlet.hashes["message"])
    for name in NAMES:
        expected = theirs[name].filter(~message) if "transaction_hash" in theirs[name].columns else theirs[name]
        if name == "blocks":
            [silent] = theirs["transactions"].filter(message).get_column("block_number")
            expected = expected.filter(pl.col("block_number") != silent)
        assert expected.equals(ours[name]), name
    assert 1 == theirs["transactions"].filter(message).height
    by_layer = {row["layer"]: row for row in ours["coverage"].rows(named=True)}
    assert (0, 0) == (by_layer["native"]["gaps"], by_layer["native"]["rejected"])
    assert (
        "plain payments were found by nonces and balances: calls and payments of nothing" in by_layer["native"]["note"]
    )
    assert "nonces" not in (theirs["coverage"].row(by_predicate=pl.col("layer") == "native", named=True)["note"] or "")


def test_a_second_pull_by_nonces_and_balances_asks_nothing(hamlet: Village, tmp_path: Path) -> None:
    """What was asked is kept, and tells by itself what was covered."""
    told = incident(tmp_path, hamlet.url)
    pull_all(told, _asked(hamlet))
    first = tables(tmp_path)
    assert 0 == pull_all(told, _asked(hamlet))["calls"]
    for name, frame in first.items():
        assert frame.equals(tables(tmp_path)[name]), name


def test_one_more_wallet_is_looked_for_alone(hamlet: Village, tmp_path: Path) -> None:
    """What is known of the others is not asked again; the tables are those of asking for all at once."""
    at_once, later = tmp_path / "once", tmp_path / "later"
    pull_all(incident(at_once, hamlet.url), _asked(hamlet))
    pull_all(incident(later, hamlet.url), wanted(hamlet, [hamlet.bob, hamlet.carol], [hamlet.sink]))
    with Proxy(hamlet.url) as proxy:
        pull_all(incident(later, proxy.url), _asked(hamlet))
        named = {
            call["params"][0]
            for one in proxy.asked
            for call in one.calls
            if call["method"] == "eth_getTransactionCount"
        }
    assert hamlet.sink not in named
    assert tables(at_once)["transactions"].equals(tables(later)["transactions"])


def test_where_an_attacker_is_a_contract_full_blocks_are_read(hamlet: Village, tmp_path: Path) -> None:
    """Ether passes through a contract at once: who sent it would not be seen, and on this chain full blocks can be had."""
    asked = wanted(hamlet, [hamlet.bob], [hamlet.sink, hamlet.drainer])
    with Proxy(hamlet.url) as proxy:
        pull_all(incident(tmp_path, proxy.url), asked)
        assert 3 * QUIET < _full_blocks(proxy)
    assert "nonces" not in (tables(tmp_path)["coverage"].filter(layer="native").item(0, "note") or "")


class HeadForOld:
    """Answers about its head whatever block is asked, and says nothing of it."""

    async def __call__(self, asked: Asked, forward: Forward) -> web.Response | None:
        """Change the block of questions about the state."""
        for call in asked.calls:
            if call["method"] in STATE:
                call["params"][1] = "latest"
        return None


def test_a_node_that_answers_with_its_head_is_not_believed(hamlet: Village, tmp_path: Path) -> None:
    """All nonces would be the same at both ends, and nobody would have sent anything: its time of the block tells."""
    with Proxy(hamlet.url, HeadForOld()) as proxy:
        figures = pull_all(incident(tmp_path, proxy.url), replace(_asked(hamlet), before=hamlet.time_of(5)))
        assert 3 * QUIET < _full_blocks(proxy)
    assert [] == figures["problems"]
    found = tables(tmp_path)
    assert 4 == found["transfers"].filter(from_address=hamlet.bob, token_address="0x" + "e" * 40).height
    assert 0 == found["coverage"].filter(layer="state at T1").item(0, "parsed")


def test_on_a_fast_chain_full_blocks_are_the_last_resort(tmp_path: Path) -> None:
    """Blocks of 250 ms: even with a contract among the attackers nonces and balances are asked, and what that hides is said."""
    with Anvil(42161, timestamp=START, max_states=STATES) as node:
        hamlet = build_hamlet(node)
        with Proxy(hamlet.url) as proxy:
            told = incident(tmp_path, proxy.url, name="arbitrum", id=42161)
            assert (
                []
                == pull_all(told, wanted(hamlet, [hamlet.bob, hamlet.dave], [hamlet.sink, hamlet.drainer]))["problems"]
            )
            assert _full_blocks(proxy) <= 40
    found = tables(tmp_path)
    paid = found["transfers"].filter(to_address=hamlet.sink, token_address="0x" + "e" * 40).get_column("from_address")
    assert [hamlet.bob] * 4 + [hamlet.dave] == paid.sort().to_list()


POOR, RICH = (0, b"\x00"), (0, b"\x01")


def test_halving_ends_at_the_blocks_of_change() -> None:
    """Ends first, then the middle of what differs; neighbours that differ are a block to read, and one that was read is done."""
    nothing = ReadBlocks([])
    assert Look(ask=[9, 30]) == look({}, (10, 30), nothing)
    assert Look() == look({9: POOR, 30: POOR}, (10, 30), nothing)
    assert Look(ask=[19]) == look({9: POOR, 30: RICH}, (10, 30), nothing)
    known = {9: POOR, 19: POOR, 20: RICH, 30: RICH}
    assert Look(read=[20]) == look(known, (10, 30), nothing)
    assert [(20, 20)] == unknown(known, (10, 30), nothing)
    assert Look() == look(known, (10, 30), ReadBlocks([(20, 20)]))
    assert [] == unknown(known, (10, 30), ReadBlocks([(20, 20)]))


def test_what_was_read_in_full_is_not_halved() -> None:
    """A stretch that full blocks cover needs no question, and of one that they cover in part the rest is unknown."""
    known = {0: POOR, 100: RICH}
    assert Look() == look({}, (1, 100), ReadBlocks([(1, 100)]))
    assert [(51, 100)] == unknown(known, (1, 100), ReadBlocks([(1, 50)]))
    assert [(1, 9), (21, 100)] == unknown({}, (1, 100), ReadBlocks([(10, 20)]))
    assert Look(ask=[0, 100]) == look({}, (0, 100), ReadBlocks([]))
