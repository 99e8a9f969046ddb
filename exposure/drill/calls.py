"""Call data of the few contract functions that a drill uses. Pure."""

from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

FOREVER = 2**48 - 1
UNLIMITED = 2**256 - 1
UNLIMITED_PERMIT2 = 2**160 - 1


def call(signature: str, *arguments: Any) -> bytes:
    """Encode a call from its canonical signature, such as "transfer(address,uint256)", and its arguments."""
    return keccak(text=signature)[:4] + encode(_types(signature[signature.index("(") :]), arguments)


def create(bytecode: str, types: str, *arguments: Any) -> bytes:
    """Encode the creation of a contract: its bytecode and its constructor's arguments, of types such as "(string,uint8)"."""
    return bytes.fromhex(bytecode[2:]) + encode(_types(types), arguments)


def aggregate(target: str, calls: list[bytes]) -> bytes:
    """Encode many calls of one contract as one call of Multicall3."""
    return call("aggregate3((address,bool,bytes)[])", [(target, False, data) for data in calls])


def _types(text: str) -> list[str]:
    """Split "(a,(b,c)[],d)" at its outer commas."""
    parts, depth, start = [], 0, 1
    for place, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if (letter == "," and depth == 1) or depth == 0:
            if place > start:
                parts.append(text[start:place])
            start = place + 1
            if depth == 0:
                break
    return parts
