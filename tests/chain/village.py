"""A small chain on a real node: four wallets, an attacker's drainer and sink, every kind of movement and permission once."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from eth_account import Account
from web3.contract import Contract

from exposure.case import Case
from exposure.chain.client import Patience
from exposure.chain.pull import Stage, Wanted, pin, pull
from exposure.console import Silent
from exposure.drill.anvil import Anvil
from exposure.incident import Chain as ChainEntry
from exposure.incident import Incident
from exposure.tables import TABLES
from tests.drill.playground import ETHER, FOREVER, ZERO, Chain

CHAIN_ID = 31337
# Nothing in a test waits for long; a real run waits half a second before it asks again.
HASTY = Patience(tries=3, first=0.01, longest=0.02, timeout=5.0)
# 100 empty blocks put everything below `finalized`.
CONFIRMED = 100


@dataclass
class Village:
    """The node, who is who (lowercase addresses), and the contracts."""

    chain: Chain
    alice: str
    bob: str
    carol: str
    dave: str
    drainer: str = ""
    sink: str = ""
    delegate: str = ""
    token: str = ""
    nft: str = ""
    multi: str = ""
    hashes: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Give the node's endpoint."""
        return self.chain.node.url

    def time_of(self, number: int | str) -> datetime:
        """Give a block's time."""
        return datetime.fromtimestamp(self.chain.web3.eth.get_block(number)["timestamp"], UTC)  # type: ignore[arg-type]


START = 1_772_500_000


def build_village(node: Anvil) -> Village:
    """Play the story, every transaction in a block of its own, and confirm it."""
    node.call("anvil_setBlockTimestampInterval", 12)
    chain = Chain(node)
    accounts = chain.web3.eth.accounts
    alice, bob, carol, dave = accounts[6:10]
    chain.place("Multicall3")
    permit2 = chain.place("Permit2Lookalike")
    token = chain.token(alice, 1_000_000)
    nft, multi = chain.deploy("TestNft", "Apes", "APE"), chain.deploy("TestMulti")
    drainer, sweeper = (
        chain.deploy("Drainer", chain.operator, chain.friend, 0),
        chain.deploy("Delegate7702", chain.sink),
    )
    village = Village(chain, *(who.lower() for who in (alice, bob, carol, dave)))
    village.token, village.nft, village.multi = (one.address.lower() for one in (token, nft, multi))
    village.drainer, village.sink, village.delegate = (
        drainer.address.lower(),
        chain.sink.lower(),
        sweeper.address.lower(),
    )
    did = village.hashes

    def note(name: str, receipt: Any) -> None:
        did[name] = receipt["transactionHash"].to_0x_hex()

    note("approve", chain.send(token.functions.approve(drainer.address, 2**256 - 1), alice))
    note("drain", chain.send(drainer.functions.pull(token.address, alice, chain.sink, 750_000), chain.relayer))
    note("poison", chain.send(token.functions.transferFrom(alice, chain.friend, 0), chain.relayer))
    note("pay", chain.pay(bob, chain.sink, 3 * ETHER))
    note("fail", _failing(chain, bob, token))
    note("mint", chain.send(nft.functions.mint(carol, 7), chain.relayer))
    note("for_all", chain.send(nft.functions.setApprovalForAll(drainer.address, True), carol))
    note("single", chain.send(multi.functions.mint(carol, 5, 40), chain.relayer))
    batch = multi.functions.safeBatchTransferFrom(carol, chain.friend, [5, 5], [10, 2], b"")
    note("batch", chain.send(batch, carol))
    note("permit2", chain.send(permit2.functions.approve(token.address, drainer.address, 55, FOREVER), dave))
    note("stale", chain.send(permit2.functions.approve(token.address, chain.operator, 66, 1), dave))
    note("delegate", _delegate(chain, sweeper))
    node.call("anvil_mine", hex(CONFIRMED))
    return village


def _failing(chain: Chain, sender: str, token: Contract) -> Any:
    """Pay a contract that takes no ether: the transaction is in a block and moves nothing."""
    sent = chain.web3.eth.send_transaction({"from": sender, "to": token.address, "value": ETHER, "gas": 100_000})
    return chain.web3.eth.wait_for_transaction_receipt(sent)


ERIN = Account.from_key("0x" + "e1" * 32)


def _delegate(chain: Chain, sweeper: Contract) -> Any:
    """Let Erin's account delegate to the sweeper; a sponsor sends her authorization."""
    sponsor = Account.from_key("0x" + "5b" * 32)
    chain.pay(chain.relayer, sponsor.address, ETHER)
    signed = ERIN.sign_authorization({"chainId": chain.node.chain_id, "address": sweeper.address, "nonce": 0})
    fields: dict[str, Any] = {
        "type": 4,
        "chainId": chain.node.chain_id,
        "nonce": 0,
        "to": sponsor.address,
        "value": 0,
        "gas": 100_000,
        "maxFeePerGas": 10**11,
        "maxPriorityFeePerGas": 10**9,
        "authorizationList": [signed],
    }
    sent = chain.web3.eth.send_raw_transaction(sponsor.sign_transaction(fields).raw_transaction)
    return chain.web3.eth.wait_for_transaction_receipt(sent)


def incident(folder: Path, *urls: str, **chain: Any) -> Incident:
    """Make an incident with one chain; `chain` overrides its name, id or data."""
    entry: dict[str, Any] = {"name": "anvil", "id": CHAIN_ID, "rpc": tuple({"url": url} for url in urls), **chain}
    return Incident(folder=folder, name="village", title="Village", chains=(ChainEntry(**entry),))


def wanted(village: Village, candidates: list[str], attackers: list[str], end: datetime | None = None) -> Wanted:
    """Ask about some addresses over the whole chain."""
    rows: list[dict[str, object]] = [{"address": one, "reason": "log"} for one in candidates]
    theirs: list[dict[str, object]] = [
        {"address": one, "role": "sink", "origin": "config", "confirmed": True, "exclusive": True} for one in attackers
    ]
    return Wanted(
        candidates=TABLES["candidates"].frame(rows),
        attackers=TABLES["attackers"].frame(theirs),
        start=village.time_of(0),
        end=end or village.time_of("latest"),
    )


def wanted_from(candidates: str, attackers: str, start: str, end: str) -> Wanted:
    """Ask about addresses that stand in one text each; for a process of its own."""
    rows: list[dict[str, object]] = [{"address": one, "reason": "log"} for one in candidates.split(",")]
    theirs: list[dict[str, object]] = [{"address": one, "role": "sink"} for one in attackers.split(",")]
    return Wanted(
        candidates=TABLES["candidates"].frame(rows),
        attackers=TABLES["attackers"].frame(theirs),
        start=datetime.fromisoformat(start),
        end=datetime.fromisoformat(end),
    )


STAGES: tuple[Stage, ...] = ("attackers", "state", "history")


def pull_all(
    told: Incident, asked: Wanted, *, head: str = "finalized", now: datetime | None = None
) -> dict[str, object]:
    """Pin and pull every stage into a case; give the figures of the last stage, the calls of all, and every problem."""
    case = Case(told.folder)
    pin(told, case, Silent(), now or datetime(2100, 1, 1, tzinfo=UTC), refresh=False, head=head, patience=HASTY)
    figures: dict[str, object] = {}
    calls, problems = 0, []
    for stage in STAGES:
        figures = pull(told, case, asked, stage, Silent(), patience=HASTY)
        calls += int(str(figures["calls"]))
        problems += [problem for problem in figures["problems"] if problem not in problems]  # type: ignore[attr-defined]
    return {**figures, "calls": calls, "problems": problems}


def tables(folder: Path) -> dict[str, pl.DataFrame]:
    """Read all chain tables of a case."""
    names = ("blocks", "transactions", "transfers", "approvals", "delegations", "balances", "allowances", "tokens")
    return {name: Case(folder).read(name) for name in (*names, "accounts", "coverage")}


def set_answers(node: Anvil, address: str, answers: dict[bytes, bytes]) -> None:
    """Set code at an address that answers each selector with fixed bytes of one to three words, and nothing else."""
    body = ""
    heads = "60003560e01c"
    at = len(heads) // 2 + 11 * len(answers) + 5
    jumps = ""
    for asked, answer in answers.items():
        jumps += f"8063{asked.hex()}1461{at:04x}57"
        part = (
            "5b"
            + "".join(f"7f{answer[n : n + 32].hex()}60{n:02x}52" for n in range(0, len(answer), 32))
            + f"60{len(answer):02x}6000f3"
        )
        body += part
        at += len(part) // 2
    node.call("anvil_setCode", address, "0x" + heads + jumps + "60006000fd" + body)


__all__ = [
    "ERIN",
    "HASTY",
    "ZERO",
    "Village",
    "build_village",
    "incident",
    "pull_all",
    "set_answers",
    "tables",
    "wanted",
]
