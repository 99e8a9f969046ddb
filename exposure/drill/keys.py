"""Accounts of a drill: private keys made from names by keccak. They are public knowledge: never send value to them."""

from dataclasses import dataclass, field

from eth_account import Account as EthAccount
from eth_utils.crypto import keccak


@dataclass(frozen=True, slots=True)
class Account:
    """An account that can sign. `address` is lowercase."""

    address: str
    key: bytes = field(repr=False)


def derive(*names: object) -> Account:
    """Make the account of that name."""
    key = keccak(text="/".join(["exposure drill", *(str(name) for name in names)]))
    return Account(EthAccount.from_key(key).address.lower(), key)


def stranger(*names: object) -> str:
    """Make an address of which nobody has the key."""
    return "0x" + keccak(text="/".join(["stranger", *(str(name) for name in names)]))[12:].hex()


def lookalike(address: str, *names: object) -> str:
    """Make an address that reads like another at both ends, as address poisoners do."""
    return address[:6] + stranger(address, *names)[6:38] + address[38:]


def created_address(sender: str, nonce: int) -> str:
    """Give the address of the contract that `sender` creates with its transaction number `nonce` (below 128)."""
    number = b"\x80" if nonce == 0 else bytes([nonce])
    return "0x" + keccak(b"\xd6\x94" + bytes.fromhex(sender[2:]) + number)[12:].hex()
