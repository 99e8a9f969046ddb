"""Keys and keystores are told from hashes by what stands around them, and give the addresses that wallets show."""

import hashlib
import json
from typing import Any

import pytest
from eth_account import Account
from mnemonic import Mnemonic

from exposure.logs.secrets.derive import addresses_of, is_published
from exposure.logs.secrets.encodings import decode
from exposure.logs.secrets.keys import Secret, find_secrets

Account.enable_unaudited_hdwallet_features()

KEY = hashlib.sha256(b"a key").hexdigest()
OWNER = Account.from_key(KEY).address.lower()
PHRASE = Mnemonic("english").to_mnemonic(hashlib.sha256(b"a phrase").digest()[:20])
MASTER = Mnemonic.to_hd_master_key(Mnemonic.to_seed(PHRASE))
STORE: dict[str, Any] = Account.encrypt(KEY, "password", kdf="pbkdf2", iterations=2)


def named(text: str) -> list[bool]:
    """Tell of each number in a text whether it is named as a key."""
    return [secret.named for secret in find_secrets(decode(text)) if secret.kind == "private_key"]


@pytest.mark.parametrize(
    "text",
    [
        f"/u?privateKey={KEY}",
        f"/u?private_key=0x{KEY.upper()}",
        f"/u?pk={KEY}&next=1",
        f"/u?key={KEY}",
        f"/u?pwd={KEY}",
        f"/u?wallet[secret]={KEY}",
        f"/api/import/{KEY}",
        f"/unlock/private-key/0x{KEY}",
        f'{{"privKey":"{KEY}"}}',
        f'{{"event":"x","body":"{{\\"seed\\":\\"0x{KEY}\\"}}"}}',
        f"%7B%22mnemonic%22%3A%20%22{KEY}%22%7D",
        f'{{"method":"personal_importRawKey","params":["{KEY}","password"]}}',
        f"my private key: {KEY}",
        f"the private key is {KEY}",
        f"user.privateKey = '{KEY}'",
        f"?privateKey%3D{''.join(f'%{ord(digit):02x}' for digit in KEY)}",
    ],
)
def test_a_key_is_told_by_its_name(text: str) -> None:
    """Parameters, keys of JSON, parts of paths, the one RPC method that takes a key."""
    assert [True] == named(text)


@pytest.mark.parametrize(
    "text",
    [
        f"/tx/0x{KEY}",
        f"/u?hash={KEY}",
        f"/u?publicKey={KEY}",
        f"/u?apiKey={KEY}",
        f"/u?cache_key={KEY}",
        f"/u?idempotency-key={KEY}",
        f"/u?clientSecret={KEY}",
        f'{{"method":"eth_getTransactionByHash","params":["0x{KEY}"]}}',
        f"/{KEY}",
        f'{{"ciphertext":"{KEY}"}}',
    ],
)
def test_a_hash_is_only_a_number_that_may_be_a_key(text: str) -> None:
    """Its address decides: nobody names the address of a hash."""
    assert [False] == named(text)


@pytest.mark.parametrize(
    "text", [f"/u?key={KEY}0", f"/u?key=a{KEY}", f"/u?key={KEY[:-1]}", "/u?key=" + "0" * 64, "/u?key=" + "f" * 64]
)
def test_what_cannot_be_a_key_is_none(text: str) -> None:
    """Part of a longer number, a shorter one, zero, beyond the order of the curve."""
    assert [] == named(text)


def test_a_phrase_gives_the_addresses_of_the_usual_paths() -> None:
    """BIP-44's first twenty, Ledger Live's and Ledger's old ten; those that begin a path are marked."""
    (secret,) = find_secrets(PHRASE)
    paths = [f"m/44'/60'/0'/0/{n}" for n in range(20)] + [f"m/44'/60'/{n}'/0/0" for n in range(10)]
    paths += [f"m/44'/60'/0'/{n}" for n in range(10)]
    expected = {path: Account.from_mnemonic(PHRASE, account_path=path).address.lower() for path in paths}
    found = dict(addresses_of(secret))
    assert set(expected.values()) == set(found)
    assert {expected["m/44'/60'/0'/0/0"], expected["m/44'/60'/0'/0"]} == {one for one, first in found.items() if first}


def test_a_master_key_gives_the_same_as_its_phrase() -> None:
    """An xprv of depth 0 is the phrase in another dress."""
    (phrase,), (extended,) = find_secrets(PHRASE), find_secrets(f"/u?x={MASTER}")
    assert ("extended_key", addresses_of(phrase)) == (extended.kind, addresses_of(extended))


def test_an_extended_key_with_a_wrong_checksum_is_none() -> None:
    """Typed wrong it opens nothing that could be told."""
    assert [] == find_secrets(MASTER[:-1] + ("x" if MASTER[-1] != "x" else "y"))


def test_a_key_gives_its_address() -> None:
    """As eth-account derives it."""
    (secret,) = find_secrets(f"key={KEY}")
    assert [(OWNER, True)] == addresses_of(secret)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(STORE),
        json.dumps(STORE).replace('"crypto"', '"Crypto"').replace(OWNER[2:], OWNER[2:].upper()),
        json.dumps(json.dumps(STORE)),
        json.dumps({**STORE, "address": OWNER}),
    ],
    ids=["geth", "older", "in a string", "with 0x"],
)
def test_a_keystore_names_its_wallet(text: str) -> None:
    """V3 files write the address without 0x."""
    stores = [secret for secret in find_secrets(text) if secret.kind == "keystore"]
    assert [[(OWNER, True)]] == [addresses_of(secret) for secret in stores]


def test_a_keystore_without_an_address_is_still_a_secret() -> None:
    """Some tools leave it out for privacy."""
    text = json.dumps({name: value for name, value in STORE.items() if name != "address"})
    assert [[]] == [addresses_of(secret) for secret in find_secrets(text) if secret.kind == "keystore"]


def test_published_keys_are_nobodys() -> None:
    """Anvil's ten, and the small numbers that fill calldata."""
    junk = "test test test test test test test test test test test junk"
    keys = [Account.from_mnemonic(junk, account_path=f"m/44'/60'/0'/0/{n}").key.hex() for n in range(10)]
    found = [secret for key in [*keys, f"{1:064x}"] for secret in find_secrets(f"key={key}")]
    assert [True] * 11 == [is_published(secret) for secret in found]
    assert not is_published(Secret("private_key", bytes.fromhex(KEY)))


def test_a_secret_does_not_show_itself() -> None:
    """An object in a traceback is printed by its name."""
    assert "Secret(kind='private_key', named=True)" == repr(find_secrets(f"key={KEY}")[0])
