"""What a smart account does is its own act, whoever sends the transaction: of UserOperations, and of executions as a Safe tells them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from eth_account import Account
from web3.contract import Contract

from exposure.assess.intake import take_in
from exposure.assess.moves import moves_of
from exposure.case import Case
from exposure.chain.executions import ENTRY_POINTS, executions_of
from exposure.chain.multicall import word
from exposure.chain.plan import SAFE_SUCCESS, USER_OPERATION
from exposure.chain.wire import LOGS
from exposure.drill.anvil import Anvil
from exposure.incident import Contract as Named
from exposure.tables import TABLES
from tests.chain.village import CONFIRMED, START, Village, incident, pull_all, tables, wanted
from tests.drill.playground import Chain
from tests.drill.test_contract_actors import operation

NOT_A_SAFE = "0x" + "d1" * 20


@dataclass
class Square:
    """A node with two smart accounts of one owner, a drainer and a dapp."""

    village: Village
    account: str
    second: str
    owner: str
    hashes: dict[str, str]


def build_square(node: Anvil) -> Square:
    """Let the accounts pay, allow and use the dapp, by bundles and by their owner; a drainer takes what was allowed."""
    chain = Chain(node)
    chain.place("Multicall3")
    entry = chain.place("MinimalEntryPoint")
    owner = Account.from_key("0x" + "0f" * 32)
    chain.pay(chain.relayer, owner.address, 10**18)
    accounts = [chain.deploy("AccountProxy", owner.address, entry.address) for _ in range(2)]
    token, dapp = chain.token(accounts[0].address), chain.token(accounts[1].address)
    chain.send(token.functions.mint(accounts[1].address, 1000), chain.relayer)
    drainer = chain.deploy("Drainer", chain.operator, chain.friend, 0)
    did: dict[str, str] = {}

    def note(name: str, receipt: Any) -> None:
        did[name] = receipt["transactionHash"].to_0x_hex()

    def spend(account: Contract, target: Contract, *call: Any) -> str:
        return str(account.encode_abi("exec", [target.address, 0, target.encode_abi(call[0], list(call[1:]))]))

    def bundle(*asked: tuple[Contract, str]) -> Any:
        signed = [
            operation(entry, account.address, data, owner, entry.functions.getNonce(account.address, 0).call())
            for account, data in asked
        ]
        return chain.send(entry.functions.handleOps(signed, chain.relayer), chain.relayer)

    first, second = accounts
    note("bundled", bundle((first, spend(first, token, "transfer", chain.sink, 300))))
    note("failed", bundle((first, spend(first, token, "transfer", chain.sink, 10_000))))
    allow = bundle((first, spend(first, token, "approve", drainer.address, 500)))
    note("allowed", allow)
    note("drained", chain.send(drainer.functions.pull(token.address, first.address, chain.sink, 500), chain.friend))
    # Two operations in one bundle: one uses the dapp, the other does not.
    note(
        "both",
        bundle(
            (second, spend(second, dapp, "approve", chain.friend, 1)),
            (first, spend(first, token, "approve", chain.friend, 1)),
        ),
    )
    sent = _as_owner(chain, owner, second, spend(second, dapp, "approve", chain.friend, 2))
    note("owner", sent)
    node.call("anvil_mine", hex(CONFIRMED))
    addresses = [one.address.lower() for one in accounts]
    village = Village(chain, addresses[0], addresses[1], owner.address.lower(), owner.address.lower())
    village.token, village.sink, village.drainer = token.address.lower(), chain.sink.lower(), drainer.address.lower()
    village.nft = dapp.address.lower()
    return Square(village, *addresses, owner.address.lower(), did)


def _as_owner(chain: Chain, owner: Any, account: Contract, data: str) -> Any:
    """Let the owner send a transaction to the account, as owners of a Safe do."""
    web3 = chain.web3
    fields = {
        "to": account.address,
        "data": data,
        "nonce": web3.eth.get_transaction_count(owner.address),
        "gas": 300_000,
        "gasPrice": 10**10,
        "chainId": web3.eth.chain_id,
        "value": 0,
    }
    sent = web3.eth.send_raw_transaction(owner.sign_transaction(fields).raw_transaction)
    return web3.eth.wait_for_transaction_receipt(sent)


@pytest.fixture(scope="module")
def square() -> Iterator[Square]:
    """The square, confirmed."""
    with Anvil(timestamp=START) as node:
        yield build_square(node)


def _pull(square: Square, folder: Path, **more: Any) -> Any:
    told = incident(folder, square.village.url).model_copy(update=more)
    asked = wanted(square.village, [square.account, square.second], [square.village.sink])
    asked = replace(asked, used_from=asked.start, used_until=asked.end)
    assert [] == pull_all(told, asked)["problems"]
    return asked


def test_executions_are_told_with_their_account_and_whether_they_were_done(square: Square, tmp_path: Path) -> None:
    """The entry point names the account of each operation; the account itself says what its owner had it execute."""
    _pull(square, tmp_path)
    found = Case(tmp_path).read("executions")
    by_hash = found.group_by("transaction_hash").agg(pl.struct("address", "kind", "success"))
    told = {one: {tuple(row.values()) for row in rows} for one, rows in by_hash.iter_rows()}
    assert {(square.account, "safe", True), (square.account, "userop", True)} == told[square.hashes["bundled"]]
    assert {(square.account, "userop", False)} == told[square.hashes["failed"]]
    assert {(square.second, "safe", True)} == told[square.hashes["owner"]]
    assert square.hashes["drained"] not in told
    relayer = square.village.chain.relayer.lower()
    assert {relayer, square.owner} == set(found.get_column("transaction_from"))
    [row] = tables(tmp_path)["coverage"].filter(layer="executions").rows(named=True)
    assert (2, 2) == (row["lines"], row["parsed"])


def test_what_an_account_executed_is_its_own_and_what_it_allowed_is_not(square: Square, tmp_path: Path) -> None:
    """The bundler sent its payment, and the payment is its own; what the drainer pulled by its approval is the drainer's."""
    _pull(square, tmp_path)
    given = {name: Case(tmp_path).read(name) for name in TABLES}
    intake = take_in(given, square.village.time_of("latest"))
    intake.read_transfers()
    watched, sink = intake.addresses([square.account, square.second]), intake.addresses([square.village.sink])
    real = pl.DataFrame(
        {"chain_id": [31337], "token_address": [square.village.token]},
        schema={"chain_id": pl.UInt64, "token_address": pl.String},
    )
    moves = moves_of(intake.tables, intake.kinds, watched, sink, sink, intake.encode(real))
    own = dict(moves.select(pl.col("value_f64") * 10**6, "own").iter_rows())
    assert {300.0: True, 500.0: False} == own
    assert moves.get_column("authorised").all()
    signed = intake.tables["approvals"].filter(pl.col("from_address") == pl.col("transaction_from"))
    assert 4 == signed.height


def test_the_account_is_the_user_of_a_contract_and_not_its_bundler(square: Square, tmp_path: Path) -> None:
    """Of two operations in one bundle the one that used the dapp counts; an owner who sends to the account is carried too."""
    _pull(square, tmp_path, contracts=(Named(address=square.village.nft, chain="anvil"),))
    seen = Case(tmp_path).read("sightings")
    by_hash: dict[str, set[str]] = {}
    for address, ref in seen.select("address", "ref").iter_rows():
        by_hash.setdefault(ref.split(":")[2], set()).add(address)
    assert {square.second} == by_hash[square.hashes["both"]]
    assert {square.second} == by_hash[square.hashes["owner"]]
    assert square.account not in set(seen.get_column("address"))
    note = tables(tmp_path)["coverage"].filter(layer="contracts").item(0, "note")
    assert note is None


def test_who_only_says_that_it_executed_something_hides_nobody(square: Square, tmp_path: Path) -> None:
    """A contract that emits a Safe's event, and is none: its caller is seen as well."""
    chain = square.village.chain
    caller = chain.web3.eth.accounts[9]
    # calls the dapp's approve(1, 1), then logs ExecutionSuccess
    store = f"7f095ea7b3{'0' * 56}600052" + "6001600452" + "6001602452"
    call = f"6000600060446000600073{square.village.nft[2:]}5af150"
    body = f"{store}{call}6001" + f"7f{SAFE_SUCCESS[2:]}" + "60206000a200"
    chain.node.call("anvil_setCode", NOT_A_SAFE, "0x" + body)
    receipt = chain.pay(caller, chain.web3.to_checksum_address(NOT_A_SAFE), 0)
    assert 2 == len(receipt["logs"])
    chain.node.call("anvil_mine", hex(CONFIRMED))
    asked = wanted(square.village, [square.account], [square.village.sink])
    named = (Named(address=square.village.nft, chain="anvil"),)
    told = incident(tmp_path, square.village.url).model_copy(update={"contracts": named})
    assert [] == pull_all(told, replace(asked, used_from=asked.start, used_until=asked.end))["problems"]
    mine = Case(tmp_path).read("sightings").filter(pl.col("ref").str.contains(receipt["transactionHash"].to_0x_hex()))
    assert {caller.lower(), NOT_A_SAFE} == set(mine.get_column("address"))


def test_an_event_of_another_contract_makes_no_operation() -> None:
    """Anybody can log a UserOperationEvent with anybody's address: the known entry points alone are believed."""
    sender = bytes(12) + bytes.fromhex("ab" * 20)
    place = {
        "block_number": 1,
        "transaction_index": 0,
        "log_index": 5,
        "block_hash": bytes(32),
        "transaction_hash": bytes(32),
    }
    said = {
        **place,
        "topic0": bytes.fromhex(USER_OPERATION[2:]),
        "topic1": bytes(32),
        "topic2": sender,
        "topic3": bytes(32),
    }
    honest = {**said, "address": bytes.fromhex(ENTRY_POINTS[0][2:]), "data": word(0) + word(1) + word(0) + word(0)}
    odd = [
        {**honest, "address": bytes.fromhex("cd" * 20)},
        {**honest, "topic2": b"\x01" * 32},
        {**honest, "data": b""},
        {**honest, "topic2": None},
    ]
    found = executions_of(pl.DataFrame([honest, *odd], schema=LOGS))
    assert [("0x" + "ab" * 20, "userop", True)] == found.select("address", "kind", "success").rows()
    assert executions_of(pl.DataFrame(schema=LOGS)).is_empty()
