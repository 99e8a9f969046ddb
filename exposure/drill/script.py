"""transactions.json: the chain's side of a drill as a list of steps that a node can play, signed and ready.

A step is one of: `set_code`, `set_balance`, `mine` (a block at a time, with raw transactions) and `mine_empty` (blocks at an
interval). One step stands on one line, so that two versions can be compared.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from eth_account import Account as EthAccount
from eth_utils.crypto import keccak

from exposure.drill.ledger import BASE_FEE, SLOT, Transaction
from exposure.drill.world import CHAIN_ID, World
from exposure.errors import ExposureError

_FORMAT = "exposure drill 1"


@dataclass(frozen=True, slots=True)
class Script:
    """A chain to play: its id, the time of its first block, the first base fee, and the steps."""

    chain_id: int
    genesis: int
    base_fee: int
    steps: tuple[dict[str, Any], ...]

    @property
    def hashes(self) -> list[str]:
        """Give the hashes of all transactions, in order."""
        raws = (raw for step in self.steps if "mine" in step for raw in step["transactions"])
        return ["0x" + keccak(hexstr=raw).hex() for raw in raws]


def sign(transaction: Transaction) -> tuple[str, str]:
    """Sign one transaction; gives it raw and its hash, both 0x hex. The same transaction always gets the same signature."""
    fields: dict[str, Any] = {
        "type": 2,
        "chainId": CHAIN_ID,
        "nonce": transaction.nonce,
        "to": bytes.fromhex(transaction.to[2:]) if transaction.to else b"",
        "value": transaction.value,
        "data": transaction.data,
        "gas": transaction.gas,
        "maxFeePerGas": transaction.max_fee,
        "maxPriorityFeePerGas": transaction.tip,
    }
    signed = EthAccount.sign_transaction(fields, transaction.sender.key)
    return "0x" + signed.raw_transaction.hex().removeprefix("0x"), "0x" + signed.hash.hex().removeprefix("0x")


def build(world: World, raws: list[str]) -> Script:
    """Put a played world into steps; `raws` are its signed transactions in order."""
    steps = [*_founding(world), *_blocks(world, raws)]
    last = world.ledger.transactions[-1].time if raws else world.genesis
    end = max(last + SLOT, world.scenario.story_end)
    # A block at the story's end, so that the chain is known to have been quiet until then.
    steps.append({"mine": end, "transactions": []})
    steps.append({"mine_empty": world.scenario.life.empty_blocks, "first": end + SLOT, "interval": SLOT})
    return Script(CHAIN_ID, world.genesis, BASE_FEE, tuple(steps))


def write(path: Path, script: Script) -> None:
    """Write transactions.json."""
    head = {"format": _FORMAT, "chain_id": script.chain_id, "genesis": script.genesis, "base_fee": script.base_fee}
    lines = ",\n".join("    " + json.dumps(step) for step in script.steps)
    text = json.dumps(head)[1:-1] + f',\n  "steps": [\n{lines}\n  ]'
    path.write_text("{\n  " + text + "\n}\n", encoding="utf-8", newline="\n")


def read(path: Path) -> Script:
    """Read transactions.json. Raises ExposureError where it is missing or is something else."""
    try:
        content = json.loads(path.read_bytes())
        if content["format"] != _FORMAT:
            raise KeyError("format")
        return Script(content["chain_id"], content["genesis"], content["base_fee"], tuple(content["steps"]))
    except FileNotFoundError:
        why = "there is no such file"
    except (ValueError, KeyError, TypeError):
        why = f'it is not a script of the format "{_FORMAT}"'
    raise ExposureError(f"{path} cannot be played", why, "make the drill again: exposure drill DIR --force")


def _founding(world: World) -> Iterator[dict[str, Any]]:
    for address, code in sorted(world.codes.items()):
        yield {"set_code": address, "code": code}
    for address, wei in sorted(world.balances.items()):
        yield {"set_balance": address, "wei": str(wei)}


def _blocks(world: World, raws: list[str]) -> Iterator[dict[str, Any]]:
    pairs = zip(world.ledger.transactions, raws, strict=True)
    for time, group in groupby(pairs, key=lambda pair: pair[0].time):
        yield {"mine": time, "transactions": [raw for _, raw in group]}
