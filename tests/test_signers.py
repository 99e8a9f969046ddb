"""Wallets that no log shows and that nothing was taken from yet, though they signed for an attacker: they can still be saved."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from exposure.case import Case
from exposure.console import Silent
from exposure.drill.anvil import Anvil
from exposure.drill.make import make_drill
from exposure.drill.node import Node
from exposure.drill.replay import anvil_for, replay
from exposure.incident_toml import load_incident
from exposure.pipeline import Pipeline
from tests.chain.village import CHAIN_ID, ERIN, START, Village, build_village
from tests.drill.made import FOR_ALL, Made, text

ALLOWANCE, APPROVED_FOR_ALL = "0xdd62ed3e", "0xe985e9c5"


@pytest.fixture(scope="module")
def village() -> Iterator[Village]:
    """People who allowed an attacker something in every way that there is."""
    with Anvil(timestamp=START) as node:
        yield build_village(node)


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A drill of signatures: some are used in one night, and some are left standing."""
    folder = tmp_path_factory.mktemp("approval")
    make_drill(folder, "approval", 4, Silent())
    return Made(folder)


def _run(folder: Path, attackers: dict[str, str], url: str, now: datetime, chain_id: int = 1) -> tuple[Case, Pipeline]:
    """Run a case that knows nothing but attackers (address: role)."""
    folder.mkdir(exist_ok=True)
    named = "".join(f'[[attacker]]\naddress = "{one}"\nrole = "{role}"\n' for one, role in attackers.items())
    told = f'[incident]\nname = "signers"\ntitle = "Signers"\n{named}[[chain]]\nname = "here"\nid = {chain_id}\nrpc = ["$URL"]\n'
    (folder / "incident.toml").write_text(told)
    incident = load_incident(folder, {"URL": url})
    case = Case(folder)
    with case.lock():
        pipeline = Pipeline(incident, case, Silent(), now)
        pipeline.run()
    return case, pipeline


def _standing(drill: Made, url: str) -> set[str]:
    """Ask the node itself who allows a known attacker anything at the last final block."""
    pairs = set()
    for row in drill.chain("logs").iter_rows(named=True):
        if row["topic2"] and text(row["topic2"][12:]) in drill.attackers:
            pairs.add(
                (text(row["address"]), text(row["topic1"][12:]), text(row["topic2"][12:]), row["topic0"] == FOR_ALL)
            )
    found = set()
    with Node(url) as node:
        for token, owner, spender, for_all in pairs:
            data = (APPROVED_FOR_ALL if for_all else ALLOWANCE) + "".join(
                one[2:].rjust(64, "0") for one in (owner, spender)
            )
            answer = node.call("eth_call", {"to": token, "data": data}, "finalized")
            found |= {owner} if int(answer, 16) else set()
    return found


def test_an_approval_a_permit2_and_a_delegation_alone_make_a_candidate(village: Village, tmp_path: Path) -> None:
    """Carol (all her apes), Dave (Permit2) and Erin (EIP-7702): what they hold, what else they did, and what to do."""
    roles = {village.drainer: "spender", village.delegate: "delegate"}
    case, pipeline = _run(tmp_path / "case", roles, village.url, datetime(2026, 3, 10, tzinfo=UTC), CHAIN_ID)
    carol, dave, erin = village.carol, village.dave, ERIN.address.lower()
    reasons = dict(case.read("candidates").select("address", "reason").iter_rows())
    assert {village.alice: "attacker_side", carol: "signature", dave: "signature", erin: "signature"} == reasons
    wallets = {row["address"]: row for row in case.read("wallets").iter_rows(named=True)}
    # What Dave allowed covers nothing of his, and he may have done it on another site: that alone is no sign of harm.
    verdicts = {one: (wallets[one]["verdict"], wallets[one]["live_approvals"]) for one in (carol, dave, erin)}
    assert {carol: ("probable", 1), dave: ("possible", 1), erin: ("probable", 0)} == verdicts
    assert {carol, dave, erin} <= set(case.read("balances").get_column("address"))
    assert village.hashes["batch"] in case.read("transactions").get_column("transaction_hash")
    assert not any(re.search("its own history", str(wallets[one]["not_covered"])) for one in (carol, dave, erin))
    assert [] == pipeline.outcome.problems


def test_in_a_drill_whoever_still_allows_the_attacker_something_is_followed_like_a_victim(
    drill: Made, tmp_path: Path
) -> None:
    """The node says who does; the rounds come to an end, and a second run asks nothing and changes nothing."""
    script = drill.folder / "transactions.json"
    [spender] = drill.answer["attackers"]["spender"]
    now = datetime.fromtimestamp(max(drill.times.values()), UTC)
    with anvil_for(script) as node:
        replay(script, node.url)
        standing = _standing(drill, node.url)
        case, pipeline = _run(tmp_path / "case", {spender: "spender"}, node.url, now)
        before = {path.name: path.read_bytes() for path in sorted(case.data.glob("*.parquet"))}
        _, again = _run(tmp_path / "case", {spender: "spender"}, node.url, now)
    assert ([], []) == (pipeline.outcome.problems, again.outcome.problems)
    assert [] == [name for name, content in before.items() if (case.data / name).read_bytes() != content]
    assert {0} == {again.outcome.figures[f"pull {stage}"]["calls"] for stage in ("attackers", "state", "history")}
    truth = drill.truth
    spared = standing - set(truth.filter("harmed").get_column("address"))
    assert len(spared) >= 5
    signed = case.read("candidates").filter(pl.col("reason") == "signature").get_column("address")
    assert spared == set(signed)
    wallets = case.read("wallets").filter(pl.col("address").is_in(sorted(spared)))
    assert {("probable", "at_risk")} == set(wallets.select("verdict", "harm").iter_rows())
    sent = case.read("transactions").filter(pl.col("from_address").is_in(sorted(spared)))
    assert sent.filter(pl.col("timestamp") < pl.lit(drill.answer["T1"])).height
    assert set() == set(wallets.get_column("address")) & set(truth.filter("safe").get_column("address"))
