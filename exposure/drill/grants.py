"""Permissions that a drill's attacker gets, in the ways that real ones do: how their owner gives them, and how they are used."""

from collections.abc import Sequence
from dataclasses import dataclass

from eth_account import Account as EthAccount

from exposure.drill import calls
from exposure.drill.keys import Account
from exposure.drill.moves import APPROVE_GAS, allow, approve, pay
from exposure.drill.world import CHAIN_ID, PERMIT2, TOKENS, World

_USE_GAS = 190_000
_MOVE = "transferFrom(address,address,uint256)"
_MOVE_PERMIT2 = "transferFrom(address,address,uint160,address)"
_SPLIT = "pull(address,address,address,uint256)"
_PERMIT = "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"
_PERMIT2 = "permit(address,((address,uint160,uint48,uint48),address,uint256),bytes)"
_PERMIT_FIELDS = "owner:address spender:address value:uint256 nonce:uint256 deadline:uint256"
_DETAILS_FIELDS = "token:address amount:uint160 expiration:uint48 nonce:uint48"
_SINGLE_FIELDS = "details:PermitDetails spender:address sigDeadline:uint256"


@dataclass(slots=True)
class Gang:
    """The attacker: who runs it, who is approved, who receives; `bps` is the operator's share of a contract that splits."""

    operator: Account
    spender: str
    sinks: Sequence[Account]
    bps: int


@dataclass(slots=True)
class Grant:
    """One permission. `way`: approve, increase, permit, permit2 or nft; `asset` is a token's name."""

    owner: Account
    way: str
    asset: str
    amount: int
    deadline: int
    revoked: bool = False


def ask(world: World, gang: Gang, grant: Grant) -> bool:
    """Let the owner do their part on chain, where there is one: a permit is signed off it. False where they cannot."""
    if grant.way == "nft":
        return _for_all(world, gang, grant, given=True)
    token = world.addresses[grant.asset]
    if grant.way == "increase":
        signature = "increaseAllowance(address,uint256)"
        return allow(world, token, grant.owner, gang.spender, grant.amount, signature) is not None
    if grant.way == "approve":
        return approve(world, token, grant.owner, gang.spender, grant.amount) is not None
    if grant.way == "permit2" and world.ledger.allowed[grant.owner.address, token, PERMIT2] == 0:
        return approve(world, token, grant.owner, PERMIT2, calls.UNLIMITED) is not None
    return True


def revoke(world: World, gang: Gang, grant: Grant) -> None:
    """Let the owner take it back, used or not."""
    if grant.way == "nft":
        grant.revoked = _for_all(world, gang, grant, given=False)
    else:
        grant.revoked = approve(world, world.addresses[grant.asset], grant.owner, gang.spender, 0) is not None


def use(world: World, gang: Gang, grant: Grant, sink: str) -> tuple[str, int, int] | None:
    """Take what the permission gives now: token, amount and time, or None where there is nothing left to take."""
    owner = grant.owner.address
    if grant.way == "nft":
        time = _send(world, gang, world.nft, calls.call(_MOVE, owner, sink, world.nfts[owner]))
        return world.nft, 1, time
    token = world.addresses[grant.asset]
    amount = world.ledger.tokens[token, owner]
    if grant.way in ("increase", "approve"):
        amount = min(amount, world.ledger.allowed[owner, token, gang.spender])
    if amount == 0:
        return None
    if grant.way == "permit":
        _send(world, gang, token, _permit(world, gang, grant))
    if grant.way == "permit2":
        _send(world, gang, PERMIT2, _permit2(world, gang, grant))
        time = _send(world, gang, PERMIT2, calls.call(_MOVE_PERMIT2, owner, sink, amount, token))
    elif gang.bps:
        time = _send(world, gang, gang.spender, calls.call(_SPLIT, token, owner, sink, amount))
    else:
        time = _send(world, gang, token, calls.call(_MOVE, owner, sink, amount))
    share = amount * gang.bps // 10_000
    world.ledger.tokens[token, owner] -= amount
    world.ledger.tokens[token, gang.operator.address] += share
    world.ledger.tokens[token, sink] += amount - share
    return token, amount, time


def _for_all(world: World, gang: Gang, grant: Grant, *, given: bool) -> bool:
    data = calls.call("setApprovalForAll(address,bool)", gang.spender, given)
    return pay(world, grant.owner, world.nft, 0, APPROVE_GAS, data) is not None


def _send(world: World, gang: Gang, to: str, data: bytes) -> int:
    """Send a call from the operator's account; gives the time of its block."""
    return world.ledger.send(gang.operator, to, data=data, gas=_USE_GAS).time


def _permit(world: World, gang: Gang, grant: Grant) -> bytes:
    """Write the token's permit call with the owner's signature (EIP-2612)."""
    token, owner = world.addresses[grant.asset], grant.owner.address
    long_name, _, _ = TOKENS[grant.asset]
    domain = {"name": long_name, "version": "1", "chainId": CHAIN_ID, "verifyingContract": token}
    values = (owner, gang.spender, grant.amount, 0, grant.deadline)
    message = dict(zip((name for name, _ in _fields(_PERMIT_FIELDS)), values, strict=True))
    v, r, s = _sign(grant.owner, domain, {"Permit": _PERMIT_FIELDS}, message)
    return calls.call(_PERMIT, owner, gang.spender, grant.amount, grant.deadline, v, r, s)


def _permit2(world: World, gang: Gang, grant: Grant) -> bytes:
    """Write Permit2's permit call with the owner's signature."""
    token = world.addresses[grant.asset]
    domain = {"name": "Permit2", "chainId": CHAIN_ID, "verifyingContract": PERMIT2}
    details = {"token": token, "amount": grant.amount, "expiration": grant.deadline, "nonce": 0}
    message = {"details": details, "spender": gang.spender, "sigDeadline": grant.deadline}
    types = {"PermitSingle": _SINGLE_FIELDS, "PermitDetails": _DETAILS_FIELDS}
    v, r, s = _sign(grant.owner, domain, types, message)
    single = (tuple(details.values()), gang.spender, grant.deadline)
    return calls.call(_PERMIT2, grant.owner.address, single, r + s + bytes([v]))


def _sign(
    owner: Account, domain: dict[str, object], types: dict[str, str], message: dict[str, object]
) -> tuple[int, bytes, bytes]:
    shapes = {kind: [{"name": name, "type": of} for name, of in _fields(text)] for kind, text in types.items()}
    signed = EthAccount.sign_typed_data(owner.key, domain, shapes, message)
    return signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")


def _fields(text: str) -> list[tuple[str, str]]:
    return [(name, of) for name, of in (field.split(":") for field in text.split())]
