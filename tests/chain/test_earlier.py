"""What wallets held, allowed and ran when the attack began stands beside what is now, where an endpoint keeps old state."""

from dataclasses import replace
from pathlib import Path

import polars as pl
from aiohttp import web

from exposure.amounts import NATIVE
from exposure.assess.holdings import balances_now
from exposure.assess.losses import permissions
from exposure.case import Case
from exposure.chain.parts import Parts
from exposure.chain.pull import Wanted
from exposure.explain import explain
from exposure.tables import TABLES
from tests.chain.proxy import Asked, Forward, Proxy
from tests.chain.village import Village, incident, pull_all, tables, wanted
from tests.drill.playground import ETHER

STATE = ("eth_call", "eth_getBalance", "eth_getCode", "eth_getTransactionCount")


class NoArchive:
    """Answers about the state of the head alone, with PublicNode's words for the rest."""

    def __init__(self, head: int) -> None:
        self.head = head

    async def __call__(self, asked: Asked, forward: Forward) -> web.Response | None:
        """Refuse what asks about an old state."""
        for call in asked.calls:
            if call["method"] in STATE and int(call["params"][1], 16) < self.head:
                words = "Archive requests require a personal token. Get one at: https://www.allnodes.com/publicnode"
                return asked.refuse(words, -32602, 403)
        return None


def _asked(village: Village, name: str) -> Wanted:
    """Ask about everybody; the attack begins with the block of a transaction."""
    block = village.chain.web3.eth.get_transaction(village.hashes[name])["blockNumber"]  # type: ignore[arg-type]
    everybody = [village.alice, village.bob, village.carol, village.dave]
    return replace(wanted(village, everybody, [village.sink, village.drainer]), before=village.time_of(block))


def _blocks(frame: pl.DataFrame) -> list[int]:
    return sorted(frame.get_column("block_number").unique())


def test_what_a_wallet_held_when_the_attack_began_stands_beside_what_it_holds_now(
    village: Village, tmp_path: Path
) -> None:
    """Alice held a million when she approved, and a quarter is left; Bob had not paid yet, and had sent nothing."""
    figures = pull_all(incident(tmp_path, village.url), _asked(village, "approve"))
    assert [] == figures["problems"]
    found = tables(tmp_path)
    held = found["balances"].filter(address=village.alice, token_address=village.token).sort("block_number")
    assert ["1000000", "250000"] == held.get_column("balance").to_list()
    ether = found["balances"].filter(address=village.bob, token_address=NATIVE).sort("block_number")
    before, after = (int(amount) for amount in ether.get_column("balance"))
    assert 3 * ETHER <= before - after < 3 * ETHER + ETHER // 100
    assert [0, 2] == found["accounts"].filter(address=village.bob).sort("block_number").get_column("nonce").to_list()
    assert _blocks(found["balances"]) == _blocks(found["allowances"]) == _blocks(found["accounts"])
    [row] = found["coverage"].filter(layer="state at T1").rows(named=True)
    assert (row["lines"], None) == (row["parsed"], row["note"])


def test_what_is_now_is_what_the_pinned_block_says(village: Village, tmp_path: Path) -> None:
    """Rows of T1 change neither what a wallet is said to hold, nor which approvals are said to stand."""
    then, now = tmp_path / "then", tmp_path / "now"
    asked = _asked(village, "permit2")
    pull_all(incident(then, village.url), asked)
    pull_all(incident(now, village.url), replace(asked, before=None))
    with_t1, without = tables(then), tables(now)
    assert 2 == len(_blocks(with_t1["balances"]))
    by_all = ["chain_id", "address", "token"]
    assert balances_now(without["balances"]).sort(by_all).equals(balances_now(with_t1["balances"]).sort(by_all))
    takers = pl.DataFrame({"address": [village.drainer], "confirmed": [True]})
    read = pl.DataFrame(schema={"chain_id": pl.UInt64, "address": pl.String})
    standing = [permissions(one, takers, read).sort(pl.all()) for one in (with_t1, without)]
    assert standing[0].equals(standing[1])
    for name in ("transactions", "transfers", "approvals", "tokens"):
        assert without[name].equals(with_t1[name])


def test_an_endpoint_without_archive_gives_the_same_tables_of_the_head_and_says_what_is_not_known(
    village: Village, tmp_path: Path
) -> None:
    """Nobody is told of a problem: most public endpoints keep no old state. Coverage says it, and the plan knows it."""
    asked = _asked(village, "drain")
    head = village.chain.web3.eth.get_block("finalized")["number"]
    full, poor = tmp_path / "full", tmp_path / "poor"
    pull_all(incident(full, village.url), replace(asked, before=None))
    with Proxy(village.url, NoArchive(head)) as proxy:
        figures = pull_all(incident(poor, proxy.url), asked)
    assert [] == figures["problems"]
    for name, frame in tables(full).items():
        if name != "coverage":
            assert frame.equals(tables(poor)[name]), name
    [row] = tables(poor)["coverage"].filter(layer="state at T1").rows(named=True)
    assert 0 == row["parsed"]
    assert (
        "what wallets held and allowed when the attack began is not known: no endpoint keeps the state of old blocks "
        "(an archive node does)"
    ) == row["note"]
    [learned] = Parts(poor / "chain" / "31337").read_limits().values()
    assert learned["archive"] is False  # type: ignore[index]


def test_a_second_pull_asks_nothing_about_t1_again(village: Village, tmp_path: Path) -> None:
    """What was answered of the old block is kept."""
    told, asked = incident(tmp_path, village.url), _asked(village, "pay")
    pull_all(told, asked)
    first = tables(tmp_path)
    assert 0 == pull_all(told, asked)["calls"]
    for name, frame in first.items():
        assert frame.equals(tables(tmp_path)[name]), name


def test_the_story_of_a_wallet_tells_what_it_held_and_what_is_left(village: Village, tmp_path: Path) -> None:
    """In whole tokens, at the time of the block."""
    asked = _asked(village, "approve")
    pull_all(incident(tmp_path, village.url), asked)
    wallets = TABLES["wallets"].frame([{"address": village.alice, "verdict": "compromised", "harm": "partly_drained"}])
    read = {name: Case(tmp_path).read(name) for name in TABLES}
    story = explain({**read, "wallets": wallets}, village.alice)
    assert story is not None
    told = [moment for moment in story.moments if moment.ref.startswith("block:")]
    assert "held 1 USD when the attack began, 0.25 USD now" in [moment.text for moment in told]
    assert {asked.before} == {moment.time for moment in told}
