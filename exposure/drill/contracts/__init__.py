"""The contracts that tests, drills and the demo deploy, compiled: no compiler is needed to use them.

Each stands here as NAME.sol and NAME.json; `python -m exposure.drill.build_contracts` makes the second from the first.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

NAMES = (
    "AccountProxy",
    "Delegate7702",
    "Drainer",
    "Forwarder",
    "MinimalEntryPoint",
    "Multicall3",
    "Permit2Lookalike",
    "Router",
    "TestMulti",
    "TestNft",
    "TestToken",
)

# Where wallets and tools expect these; a test chain sets their runtime code there (anvil_setCode).
PLACES = {
    "MinimalEntryPoint": "0x0000000071727de22e5e9d8baf0edac6f37da032",
    "Multicall3": "0xca11bde05977b3631167028862be2a173976ca11",
    "Permit2Lookalike": "0x000000000022d473030f116ddee9f6b43ac78ba3",
}


@dataclass(frozen=True)
class Contract:
    """One compiled contract.

    `abi` is what web3 takes as it is. `bytecode` (0x hex) goes into a creating transaction, followed by the encoded
    arguments of the constructor. `runtime` (0x hex) is the code that then stands on chain; what the constructor would
    have put into it is zero here, so only the contracts of PLACES may be set with it.
    """

    name: str
    abi: list[dict[str, Any]]
    bytecode: str
    runtime: str


@cache
def load(name: str) -> Contract:
    """Read one of NAMES; any other name raises FileNotFoundError."""
    built = json.loads(resources.files(__name__).joinpath(f"{name}.json").read_text(encoding="utf-8"))
    return Contract(name, built["abi"], built["bytecode"], built["runtime"])
