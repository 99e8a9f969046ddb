"""Play a drill's transactions.json on an anvil: in seconds, with the same block hashes every time."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from exposure.drill import script as scripts
from exposure.drill.anvil import Anvil
from exposure.drill.node import Node
from exposure.drill.script import Script
from exposure.errors import ExposureError


def anvil_for(script: Path) -> Anvil:
    """Give the anvil, not yet started, that a script can be played on: its chain id, its first time, no mining of its own."""
    read = scripts.read(script)
    return Anvil(read.chain_id, timestamp=read.genesis, mining=False)


def replay(script: Path, rpc_url: str) -> None:
    """Play a script on a fresh anvil (see `anvil_for`), so that `finalized` stands behind its last transaction.

    Raises ExposureError where the script or the node is the wrong one, or a transaction fails.
    """
    read = scripts.read(script)
    with Node(rpc_url) as node:
        _check(read, node)
        node.call("anvil_setNextBlockBaseFeePerGas", hex(read.base_fee))
        play(node, read.steps)
        _confirm(read, node)


def play(node: Node, steps: Iterable[dict[str, Any]]) -> None:
    """Play some of a script's steps, in order; who plays all of them piece by piece has the same chain in the end."""
    for step in steps:
        _play(node, step)


def _check(script: Script, node: Node) -> None:
    """Refuse a chain of another id, or one on which the story's time has passed."""
    chain_id, head = int(node.call("eth_chainId"), 16), node.call("eth_getBlockByNumber", "latest", False)
    if chain_id != script.chain_id:
        raise ExposureError(
            f"the node has the chain id {chain_id}",
            f"the script's transactions are signed for {script.chain_id}, and are void elsewhere",
            f"start it with --chain-id {script.chain_id}",
        )
    if int(head["number"], 16) > 0 or int(head["timestamp"], 16) > script.genesis:
        raise ExposureError(
            "the node's chain is not fresh",
            f"it stands at block {int(head['number'], 16)} of time {int(head['timestamp'], 16)}; "
            f"the script begins at time {script.genesis}",
            f"start a new one with --timestamp {script.genesis} --no-mining",
        )


def _play(node: Node, step: dict[str, Any]) -> None:
    if "set_code" in step:
        node.call("anvil_setCode", step["set_code"], step["code"])
    elif "set_balance" in step:
        node.call("anvil_setBalance", step["set_balance"], hex(int(step["wei"])))
    elif "mine_empty" in step:
        for number in range(step["mine_empty"]):
            _mine(node, step["first"] + number * step["interval"])
    else:
        for raw in step["transactions"]:
            node.call("eth_sendRawTransaction", raw)
        _mine(node, step["mine"])


def _mine(node: Node, time: int) -> None:
    # Every block's time is set: one that the clock chose would change the hash of all that follow.
    node.call("evm_setNextBlockTimestamp", time)
    node.call("evm_mine")


def _confirm(script: Script, node: Node) -> None:
    hashes = script.hashes
    receipts = node.batch("eth_getTransactionReceipt", [[one] for one in hashes])
    failed = [
        one for one, receipt in zip(hashes, receipts, strict=True) if receipt is None or receipt["status"] != "0x1"
    ]
    if failed:
        raise ExposureError(
            f"{len(failed)} of {len(hashes)} transactions of the script failed",
            f"the first of them is {failed[0]}",
            "this is a fault of the drill or of this anvil's version: make the drill again, or use the anvil that make installs",
        )
