"""Keys, phrases and keystores in text that open a wallet. Pure.

This is about proof, `secrets.py` about what is replaced: there doubt is enough. Nothing found here is ever written: the objects
show no value when they are printed, and `derive.py` makes addresses of them.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from exposure.logs.secrets.phrases import Phrase, composed, find_phrases

Kind = Literal["private_key", "phrase", "keystore", "extended_key"]

_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:0[xX])?([0-9a-fA-F]{64})(?![0-9A-Za-z])")
# The name in front of a value: privateKey=…, "private_key":"…", /import/…, my private key: …
_NAME = re.compile(r"([A-Za-z][A-Za-z_. -]{0,40})[\"'\])\\]{0,4} {0,2}[=:/(\[,]{0,2}[ \"'\\\[{]{0,4}$")
_BEFORE = 64
# A name that is one of these, or ends so: not publicKey, apiKey, cache_key.
_KEY_NAME = re.compile(
    r"(?:keys?|k|[ps]k|pri?v|secret|seed|mnemonic|(?:pass)?phrase|pwd|pass(?:word)?|import|unlock|signer|account|(?:hex|raw|eth)key)"
)
_KEY_ENDS: tuple[str, ...] = (
    "privatekey",
    "privatekeys",
    "privatekeyhex",
    "privkey",
    "secretkey",
    "walletkey",
    "signingkey",
    "importkey",
)
_KEY_ENDS += ("accountkey", "mnemonic", "seedphrase", "recoveryphrase", "secretphrase")
# The one method of nodes that takes a key.
_KEY_METHOD = "importrawkey"
_CIPHER = re.compile(r"(?i)ciphertext[\"'\\ ]{0,4}[:=]")
_STORE_ADDRESS = re.compile(r"(?i)(?<![a-z])address[\"'\\ ]{0,4}[:=][\"'\\ ]{0,4}(?:0x)?([0-9a-f]{40})(?![0-9a-z])")
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_EXTENDED = re.compile(rf"(?<![0-9A-Za-z])[xyztuvYZUV]prv[{_BASE58}]{{107,108}}(?![0-9A-Za-z])")
_EXTENDED_BYTES = 82
# More in one text is a list of words, not somebody's phrases.
_MOST_PHRASES = 64


@dataclass(frozen=True, slots=True)
class Secret:
    """Something that opens a wallet. `named`: what stands around it says so; else a number of that length may be any hash.

    `value` is for `derive.addresses_of`; it is not shown.
    """

    kind: Kind
    value: bytes | Phrase | str = field(repr=False)
    named: bool = True


def find_secrets(text: str) -> list[Secret]:
    """Find what opens a wallet in a decoded text; each once. A keystore's value is the address that it names, or empty."""
    text = composed(text)
    found: dict[Secret, None] = dict.fromkeys(_find_keys(text))
    found |= dict.fromkeys(Secret("phrase", phrase) for phrase in find_phrases(text)[:_MOST_PHRASES])
    if "prv" in text:
        raws = (_unpack(word) for word in _EXTENDED.findall(text))
        found |= dict.fromkeys(Secret("extended_key", raw) for raw in raws if raw is not None)
    if "crypto" in text.lower() and _CIPHER.search(text):
        owners = [f"0x{address.lower()}" for address in _STORE_ADDRESS.findall(text)]
        found |= dict.fromkeys(Secret("keystore", owner) for owner in owners or [""])
    return list(found)


def _find_keys(text: str) -> Iterator[Secret]:
    called = _KEY_METHOD in text.lower()
    for match in _HEX.finditer(text):
        if 0 < int(match[1], 16) < _ORDER:
            named = called or _names(text[max(0, match.start() - _BEFORE) : match.start()])
            yield Secret("private_key", bytes.fromhex(match[1]), named)


@lru_cache(maxsize=1 << 12)
def _names(before: str) -> bool:
    """Tell whether a text ends in a name that says that a private key follows. A public key, an API's key, a hash are others."""
    name = _NAME.search(before)
    if name is None:
        return False
    words = name[1]
    words = re.sub(r" (?:is|was)$", "", words.strip(" .-_").lower())
    last = re.sub(r"[^a-z]", "", re.split(r"[ .]", words)[-1])
    return _KEY_NAME.fullmatch(last) is not None or re.sub(r"[^a-z]", "", words).endswith(_KEY_ENDS)


def _unpack(word: str) -> bytes | None:
    """Read base58 with its checksum; None where it is wrong, or no private key of that form."""
    number = 0
    for letter in word:
        number = number * 58 + _BASE58.index(letter)
    if number >> (8 * _EXTENDED_BYTES):
        return None
    raw = number.to_bytes(_EXTENDED_BYTES, "big")
    check = hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4]
    return raw[:-4] if check == raw[-4:] and raw[45] == 0 and 0 < int.from_bytes(raw[46:78], "big") < _ORDER else None
