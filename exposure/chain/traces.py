"""What nodes say of a transaction's inner calls -> the ether that they moved. Pure.

Two dialects: parity's flat traces (`trace_*`) and geth's call tree (`debug_traceTransaction` with callTracer). What failed moved
nothing, nor did anything that it called. Only a call, a creation and a self-destruct move ether: callTracer repeats the value on
a delegatecall that moves none. The outermost call is the transaction itself, and stands in its own right.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from exposure.chain.columns import octets
from exposure.chain.wire import MalformedError, decoder, quantity

# Deeper than the EVM's own limit no honest call tree goes; wider ones than this are nonsense, or a bomb.
_DEPTH_MOST, _CALLS_MOST = 1_100, 200_000


@dataclass(frozen=True, slots=True)
class Inner:
    """One movement of ether inside a transaction. `path` says which call it was: `0.2` is the third call of the first."""

    path: str
    sender: bytes
    to: bytes
    value: int


class _Action(msgspec.Struct, rename="camel"):
    """The action of a call, a creation or a self-destruct, as parity has it."""

    value: str = "0x0"
    call_type: str = ""
    sender: str | None = msgspec.field(name="from", default=None)
    to: str | None = None
    # of a self-destruct
    address: str | None = None
    refund_address: str | None = None
    balance: str | None = None


class _Result(msgspec.Struct):
    address: str | None = None


class Parity(msgspec.Struct, rename="camel"):
    """One flat trace."""

    action: _Action
    type: str
    trace_address: tuple[int, ...]
    transaction_hash: str | None = None
    error: str | None = None
    result: _Result | None = None


class Call(msgspec.Struct):
    """One call of geth's tree."""

    type: str
    sender: str = msgspec.field(name="from")
    to: str | None = None
    value: str | None = None
    error: str | None = None
    calls: "list[Call]" = []


read_flat, read_tree = decoder(list[Parity]), decoder(Call)


def hashes_of(traces: Sequence[Parity]) -> set[bytes]:
    """Give the transactions in which an inner call moved ether."""
    found = (octets(one.transaction_hash, 32) for one in traces if one.trace_address and _of_flat(one) is not None)
    return {one for one in found if one is not None}


def inner_of_flat(traces: Sequence[Parity], transaction_hash: bytes) -> list[Inner]:
    """Give what the inner calls of a transaction moved. Raises MalformedError where the traces are another's."""
    if any(octets(one.transaction_hash, 32) != transaction_hash for one in traces):
        raise MalformedError("the traces are another transaction's")
    failed = {one.trace_address for one in traces if one.error is not None}
    found = []
    for one in traces:
        path = one.trace_address
        moved = _of_flat(one)
        if path and moved is not None and not any(path[:depth] in failed for depth in range(len(path) + 1)):
            found.append(Inner(_path(path), *moved))
    return found


def _of_flat(one: Parity) -> tuple[bytes, bytes, int] | None:
    """Give who moved how much to whom; None where nothing was moved."""
    action = one.action
    if one.type == "suicide":
        return _moved(action.address, action.refund_address, action.balance)
    if one.type == "create":
        return _moved(action.sender, one.result.address if one.result else None, action.value)
    if one.type == "call" and action.call_type == "call":
        return _moved(action.sender, action.to, action.value)
    return None


def inner_of_tree(root: Call) -> list[Inner]:
    """Give what the inner calls of a call tree moved. Raises MalformedError where there are too many."""
    return [] if root.error is not None else list(_walk(root))


def _walk(root: Call) -> Iterator[Inner]:
    stack: list[tuple[tuple[int, ...], Call]] = [((), root)]
    seen = 0
    while stack:
        path, one = stack.pop()
        seen += 1
        if seen > _CALLS_MOST or len(path) > _DEPTH_MOST:
            raise MalformedError("more calls than any transaction makes")
        moves = one.type in ("CALL", "CREATE", "CREATE2", "SELFDESTRUCT")
        moved = _moved(one.sender, one.to, one.value) if path and moves else None
        if moved is not None:
            yield Inner(_path(path), *moved)
        stack += [((*path, n), child) for n, child in reversed(list(enumerate(one.calls))) if child.error is None]


def _moved(sender: str | None, to: str | None, value: str | None) -> tuple[bytes, bytes, int] | None:
    """Read who moved how much to whom; None where it is nothing, or cannot be read."""
    payer, payee, amount = octets(sender, 20), octets(to, 20), quantity(value or "0x0", 2**256 - 1)
    if payer is None or payee is None or not amount or payer == payee:
        return None
    return payer, payee, amount


def _path(path: tuple[int, ...]) -> str:
    return ".".join(str(step) for step in path)
