"""Secrets -> the addresses that they control. Pure."""

import hmac
from collections.abc import Iterator
from functools import cache

from coincurve import PublicKey
from Crypto.Hash import keccak

from exposure.logs.secrets.keys import Secret
from exposure.logs.secrets.phrases import PUBLISHED, Phrase

# Small numbers fill calldata, and are the keys that everybody tries first.
_SMALL = 1 << 32
# BIP-44's first accounts; Ledger Live's accounts; those of Ledger's first app.
_ACCOUNTS, _LEDGER = 20, 10
_ACCOUNT_DEPTH = 3


def is_published(secret: Secret) -> bool:
    """Tell a phrase or key that tools and specifications print: it is nobody's secret."""
    if isinstance(secret.value, Phrase):
        return secret.value.published
    if secret.kind != "private_key" or not isinstance(secret.value, bytes):
        return False
    return int.from_bytes(secret.value, "big") < _SMALL or secret.value in _published_keys()


def addresses_of(secret: Secret) -> list[tuple[str, bool]]:
    """Give the addresses that a secret controls, lowercase, each once; true for the first of each usual path.

    Phrases and master keys: m/44'/60'/0'/0/0..19, Ledger Live m/44'/60'/0..9'/0/0, Ledger legacy m/44'/60'/0'/0..9. Other extended
    keys: their children 0..19, and 0/0..19 of an account's. A keystore: the address that it names.
    """
    if isinstance(secret.value, str):
        return [(secret.value, True)] if secret.value else []
    if isinstance(secret.value, Phrase):
        keys = _wallet_keys(*_master(secret.value.seed))
    elif secret.kind == "extended_key":
        depth, code, key = secret.value[4], secret.value[13:45], secret.value[46:78]
        keys = _keys_under(key, code, depth)
    else:
        keys = iter([(secret.value, True)])
    found: dict[str, bool] = {}
    for key, first in keys:
        found.setdefault(_address(key), first)
    return list(found.items())


@cache
def _published_keys() -> frozenset[bytes]:
    """Give the keys that Anvil, Hardhat and Ganache print when they start, and those of other published phrases."""
    keys: set[bytes] = set()
    for sentence in PUBLISHED:
        seed = Phrase(tuple(sentence.split()), b"").seed
        keys.update(key for key, _ in _wallet_keys(*_master(seed)))
    return frozenset(keys)


def _master(seed: bytes) -> tuple[bytes, bytes]:
    digest = hmac.digest(b"Bitcoin seed", seed, "sha512")
    return digest[:32], digest[32:]


def _wallet_keys(key: bytes, code: bytes) -> Iterator[tuple[bytes, bool]]:
    """Derive the keys of the usual paths from a master key; true for the first of each path."""
    coin = _descend(key, code, "44'", "60'")
    account = _descend(*coin, "0'")
    yield from _child_keys(*_descend(*account, "0"))
    yield from ((_descend(*coin, f"{number}'", "0", "0")[0], False) for number in range(1, _LEDGER))
    yield from ((_descend(*account, str(number))[0], number == 0) for number in range(_LEDGER))


def _child_keys(key: bytes, code: bytes) -> Iterator[tuple[bytes, bool]]:
    yield from ((_descend(key, code, str(number))[0], number == 0) for number in range(_ACCOUNTS))


def _keys_under(key: bytes, code: bytes, depth: int) -> Iterator[tuple[bytes, bool]]:
    """Derive the keys that an extended key is kept for; an account's own are one step further down than its children."""
    if depth == 0:
        yield from _wallet_keys(key, code)
        return
    yield from _child_keys(key, code)
    if depth == _ACCOUNT_DEPTH:
        yield from _child_keys(*_descend(key, code, "0"))


def _descend(key: bytes, code: bytes, *path: str) -> tuple[bytes, bytes]:
    from eth_account.hdaccount.deterministic import (
        Node,
        derive_child_key,
    )  # half a second: only where there is a phrase

    for node in path:
        key, code = derive_child_key(key, code, Node.decode(node))
    return key, code


def _address(key: bytes) -> str:
    """Give the address of a private key, lowercase. Every hash in the logs is tried: libsecp256k1 takes 25 microseconds."""
    point = PublicKey.from_secret(key).format(compressed=False)
    return "0x" + keccak.new(digest_bits=256, data=point[1:]).digest()[-20:].hex()
