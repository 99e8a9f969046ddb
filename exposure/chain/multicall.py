"""Calls of contracts as bytes, and many of them in one call of Multicall3. Encoded by hand: eth_abi costs 0.25 ms a call. Pure.

What contracts answer is hostile: every offset and length is checked, text is cut.
"""

from collections.abc import Sequence

from eth_utils.crypto import keccak

SYMBOL_CHARACTERS, NAME_CHARACTERS = 64, 255
# Of one answer no more is kept: a hostile token may return megabytes.
ANSWER_BYTES = 4_096


def selector(signature: str) -> bytes:
    """Give the first four bytes of a call."""
    return keccak(text=signature)[:4]


BALANCE_OF = selector("balanceOf(address)")
ALLOWANCE = selector("allowance(address,address)")
IS_APPROVED_FOR_ALL = selector("isApprovedForAll(address,address)")
GET_APPROVED = selector("getApproved(uint256)")
PERMIT2_ALLOWANCE = selector("allowance(address,address,address)")
SYMBOL = selector("symbol()")
DECIMALS = selector("decimals()")
GET_OWNERS = selector("getOwners()")
GET_THRESHOLD = selector("getThreshold()")
ENTRY_POINT = selector("entryPoint()")
GET_ETH_BALANCE = selector("getEthBalance(address)")
_AGGREGATE3 = selector("aggregate3((address,bool,bytes)[])")


def word(value: int) -> bytes:
    """Encode a uint256."""
    return value.to_bytes(32, "big")


def address_word(address: str) -> bytes:
    """Encode an address."""
    return bytes(12) + bytes.fromhex(address[2:])


def encode_aggregate(calls: Sequence[tuple[str, bytes]]) -> bytes:
    """Encode aggregate3 of (contract, call data), each of which may fail alone."""
    heads, tails, at = [], [], 32 * len(calls)
    for target, data in calls:
        heads.append(word(at))
        padded = data + bytes(-len(data) % 32)
        tail = address_word(target) + word(1) + word(96) + word(len(data)) + padded
        tails.append(tail)
        at += len(tail)
    return b"".join([_AGGREGATE3, word(32), word(len(calls)), *heads, *tails])


def decode_aggregate(answer: bytes, count: int) -> list[bytes | None] | None:
    """Decode what aggregate3 returned: an answer each, None where the call failed. None where it is no such answer."""
    body = _tail(answer, 0)
    if body is None or int.from_bytes(body[:32], "big") != count:
        return None
    body = body[32:]
    found: list[bytes | None] = []
    for number in range(count):
        item = _tail(body, 32 * number)
        if item is None or len(item) < 64:
            return None
        data = _tail(item, 32)
        length = int.from_bytes(data[:32], "big") if data is not None and len(data) >= 32 else -1
        if data is None or length < 0 or length > len(data) - 32:
            return None
        succeeded = item[31] == 1
        found.append(data[32 : 32 + min(length, ANSWER_BYTES)] if succeeded else None)
    return found


def _tail(data: bytes, at: int) -> bytes | None:
    """Follow an offset that stands at `at`."""
    if at + 32 > len(data):
        return None
    offset = int.from_bytes(data[at : at + 32], "big")
    return data[offset:] if offset <= len(data) else None


def read_uint(answer: bytes | None) -> int | None:
    """Read a number; None where the contract did not give one."""
    return int.from_bytes(answer[:32], "big") if answer is not None and len(answer) >= 32 else None


def read_address(answer: bytes | None) -> str | None:
    """Read an address; None where the contract did not give one."""
    if answer is None or len(answer) < 32 or any(answer[:12]):
        return None
    return "0x" + answer[12:32].hex()


def read_addresses(answer: bytes | None) -> list[str]:
    """Read a list of addresses; empty where the contract did not give one, or gave more than is kept of an answer."""
    body = _tail(answer, 0) if answer is not None else None
    length = int.from_bytes(body[:32], "big") if body is not None and len(body) >= 32 else 0
    if body is None or length > len(body) // 32 - 1:
        return []
    found = [read_address(body[32 * number : 32 * number + 32]) for number in range(1, length + 1)]
    return [address for address in found if address is not None]


def read_text(answer: bytes | None, most: int = SYMBOL_CHARACTERS) -> str | None:
    """Read a string, or a bytes32 as old tokens give; cut at `most` characters. It is data: anyone can claim any symbol."""
    if answer is None or len(answer) < 32:
        return None
    if len(answer) == 32:
        raw = answer.rstrip(b"\0")
    else:
        body = _tail(answer, 0)
        if body is None or len(body) < 32:
            return None
        length = int.from_bytes(body[:32], "big")
        raw = body[32 : 32 + min(length, ANSWER_BYTES)]
    return raw.decode("utf-8", "replace")[:most] or None
