"""A script is played on a real node: same blocks every time, and a clear word where it cannot be."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from exposure.drill.anvil import Anvil
from exposure.drill.dice import Dice
from exposure.drill.keys import derive
from exposure.drill.ledger import BASE_FEE, Ledger
from exposure.drill.replay import anvil_for, replay
from exposure.drill.script import Script, read, sign, write
from exposure.errors import ExposureError

START = 1_772_000_000
ALICE, BOB = derive("alice"), derive("bob")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """Alice, who has two ether, pays Bob one; then seventy-two blocks pass."""
    ledger = Ledger(Dice("replay"), START + 12)
    ledger.ether[ALICE.address] = 2 * 10**18
    raw, _ = sign(ledger.send(ALICE, BOB.address, 10**18))
    steps = (
        {"set_balance": ALICE.address, "wei": str(2 * 10**18)},
        {"mine": START + 12, "transactions": [raw]},
        {"mine_empty": 72, "first": START + 24, "interval": 12},
    )
    path = tmp_path / "transactions.json"
    write(path, Script(1, START, BASE_FEE, steps))
    return path


def _end(script: Path) -> tuple[str, str, str, int]:
    with anvil_for(script) as node:
        replay(script, node.url)
        head = node.call("eth_getBlockByNumber", "latest", False)
        final = node.call("eth_getBlockByNumber", "finalized", False)
        return (
            head["hash"],
            head["timestamp"],
            final["number"],
            int(node.call("eth_getBalance", BOB.address, "latest"), 16),
        )


def test_two_replays_end_at_the_same_block(script: Path) -> None:
    """Same hash, the time that the script says, the payment made, and `finalized` behind it."""
    first = _end(script)
    assert first == _end(script)
    assert first[1:] == (hex(START + 24 + 71 * 12), "0x9", 10**18)


def test_a_chain_of_another_id_is_refused(script: Path, start_anvil: Callable[..., Anvil]) -> None:
    """Its transactions would be void there."""
    with pytest.raises(ExposureError) as error:
        replay(script, start_anvil(31337, timestamp=START).url)
    assert str(error.value) == (
        "the node has the chain id 31337\n"
        "  why: the script's transactions are signed for 1, and are void elsewhere\n"
        "  fix: start it with --chain-id 1"
    )


def test_a_chain_that_has_begun_is_refused(script: Path, start_anvil: Callable[..., Anvil]) -> None:
    """The story's blocks could not get their times."""
    node = start_anvil(1, timestamp=START, mining=False)
    node.call("evm_setNextBlockTimestamp", START + 500)
    node.call("evm_mine")
    with pytest.raises(ExposureError) as error:
        replay(script, node.url)
    assert str(error.value) == (
        "the node's chain is not fresh\n"
        f"  why: it stands at block 1 of time {START + 500}; the script begins at time {START}\n"
        f"  fix: start a new one with --timestamp {START} --no-mining"
    )


def test_a_transaction_that_fails_is_named(script: Path) -> None:
    """Here Alice's ether is missing for the call that the script holds: the node takes it and it reverts."""
    content = json.loads(script.read_text())
    content["steps"].insert(0, {"set_code": BOB.address, "code": "0x5f5ffd"})  # a contract that always reverts
    ledger = Ledger(Dice("failing"), START + 12)
    ledger.ether[ALICE.address] = 2 * 10**18
    raw, hash_ = sign(ledger.send(ALICE, BOB.address, 1, gas=60_000))
    content["steps"][2]["transactions"] = [raw]
    script.write_text(json.dumps(content))
    with anvil_for(script) as node, pytest.raises(ExposureError) as error:
        replay(script, node.url)
    assert str(error.value) == (
        "1 of 1 transactions of the script failed\n"
        f"  why: the first of them is {hash_}\n"
        "  fix: this is a fault of the drill or of this anvil's version: make the drill again, "
        "or use the anvil that make installs"
    )


def test_no_node_at_all_is_said(script: Path) -> None:
    """Nothing listens there."""
    with pytest.raises(ExposureError) as error:
        replay(script, "http://127.0.0.1:9")
    assert str(error.value) == (
        "the drill's node does not answer\n"
        "  why: ConnectionRefusedError while talking JSON-RPC to 127.0.0.1:9\n"
        "  fix: start an anvil and name its address; `exposure demo` does both"
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "there is no such file"),
        ("{", 'it is not a script of the format "exposure drill 1"'),
        ('{"format": "exposure drill 9"}', 'it is not a script of the format "exposure drill 1"'),
    ],
)
def test_a_file_that_is_no_script_is_refused(tmp_path: Path, content: str | None, why: str) -> None:
    """Missing, torn, or of another version."""
    path = tmp_path / "transactions.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ExposureError) as error:
        read(path)
    assert str(error.value) == (
        f"{path} cannot be played\n  why: {why}\n  fix: make the drill again: exposure drill DIR --force"
    )
