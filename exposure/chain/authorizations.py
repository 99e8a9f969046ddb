"""EIP-7702 authorizations of type-4 transactions -> who delegated to whom. Pure.

The authority signs, and anyone may send the transaction: so it is recovered from the signature. Whether an authorization took
effect (its nonce must fit) the block does not say; the code at the head does, for what stands now.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
from eth_account.typed_transactions.set_code_transaction import Authorization
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from exposure.chain.columns import octets
from exposure.chain.wire import AUTHS, WireAuth, WireTx, quantity

_DELEGATION = bytes.fromhex("ef0100")


def authorizations(txs: Sequence[WireTx], chain_id: int) -> tuple[pl.DataFrame, int]:
    """Give the authorizations of these transactions that hold on this chain (wire.AUTHS), and how many cannot be read.

    An authorization for chain 0 holds on every chain.
    """
    rows: list[dict[str, Any]] = []
    rejected = 0
    for tx in txs:
        for index, auth in enumerate(tx.authorization_list or ()):
            row = _row(tx, index, auth)
            if row is None:
                rejected += 1
            elif row["chain_id"] in (0, chain_id):
                rows.append(row)
    return pl.DataFrame(rows, schema=AUTHS), rejected


def _row(tx: WireTx, index: int, auth: WireAuth) -> dict[str, Any] | None:
    delegate, authority = octets(auth.address, 20), recover(auth)
    number, place, chain = quantity(tx.block_number), quantity(tx.transaction_index), quantity(auth.chain_id)
    if delegate is None or authority is None or number is None or place is None or chain is None:
        return None
    return {
        "block_number": number,
        "transaction_index": place,
        "transaction_hash": octets(tx.hash, 32),
        "auth_index": index,
        "from_address": authority,
        "to_address": delegate,
        "chain_id": chain,
    }


def recover(auth: WireAuth) -> bytes | None:
    """Recover who signed an authorization; None where the signature is none."""
    numbers = [quantity(text, 2**256 - 1) for text in (auth.chain_id, auth.nonce, auth.y_parity, auth.r, auth.s)]
    delegate = octets(auth.address, 20)
    chain, nonce, parity, r, s = numbers
    if delegate is None or chain is None or nonce is None or parity is None or r is None or s is None or parity > 1:
        return None
    try:
        message = Authorization(chain, delegate, nonce).hash()
        key = Signature(vrs=(parity, r, s)).recover_public_key_from_msg_hash(message)
    except (BadSignature, ValidationError, ValueError):
        return None
    return key.to_canonical_address()


def delegate_of(code: bytes | None) -> str | None:
    """Give the delegate that an account's code names; None where the code is no delegation."""
    if code is None or len(code) != 23 or not code.startswith(_DELEGATION):
        return None
    return "0x" + code[3:].hex()


def latest(auths: pl.DataFrame) -> Iterator[tuple[int, str, str, str]]:
    """Give (block, transaction, authority, delegate), the last of each authority in a block: a later one takes its place."""
    ordered = auths.sort("block_number", "transaction_index", "auth_index")
    last = ordered.unique(["block_number", "from_address"], keep="last", maintain_order=True)
    for row in last.iter_rows(named=True):
        hexed = ("0x" + row[name].hex() for name in ("transaction_hash", "from_address", "to_address"))
        transaction, authority, delegate = hexed
        yield row["block_number"], transaction, authority, delegate
