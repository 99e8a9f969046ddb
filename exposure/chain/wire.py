"""A node's JSON -> checked raw frames. Everything that a node says is hostile: wrong types, missing fields, huge numbers. Pure.

Only the needed fields are decoded (msgspec; web3's formatters cost a hundred times as much). What does not fit is left out and
counted, one log or transaction at a time. Raw frames hold addresses and hashes as bytes and are what parts on disk hold.
"""

import re
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any, TypeVar

import msgspec
import polars as pl

from exposure.chain.columns import Texts, binary, indexes, octets, readable, words
from exposure.chain.wire_scan import scan_logs, scan_txs

T = TypeVar("T")

# Block numbers, indexes and times beyond this are nonsense, and would not fit the columns.
_MOST = 2**62
# From this size on machine code reads what came. It takes a while to load: what is said of a few wallets is read sooner without.
MACHINE_BYTES = 2**20
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")

LOGS = pl.Schema(
    {
        "block_number": pl.UInt64,
        "block_hash": pl.Binary,
        "transaction_index": pl.UInt32,
        "log_index": pl.UInt32,
        "transaction_hash": pl.Binary,
        "address": pl.Binary,
        "topic0": pl.Binary,
        "topic1": pl.Binary,
        "topic2": pl.Binary,
        "topic3": pl.Binary,
        "data": pl.Binary,
    }
)
# `input` is null where only its length was kept; `success` and `gas_used` come from receipts or exported files.
TXS = pl.Schema(
    {
        "block_number": pl.UInt64,
        "transaction_index": pl.UInt32,
        "transaction_hash": pl.Binary,
        "from_address": pl.Binary,
        "to_address": pl.Binary,
        "value": pl.Binary,
        "nonce": pl.UInt64,
        "transaction_type": pl.UInt32,
        "input": pl.Binary,
        "n_input_bytes": pl.UInt32,
    }
)
HEADERS = pl.Schema({"block_number": pl.UInt64, "block_hash": pl.Binary, "timestamp": pl.Int64})
AUTHS = pl.Schema(
    {
        "block_number": pl.UInt64,
        "transaction_index": pl.UInt32,
        "transaction_hash": pl.Binary,
        "auth_index": pl.UInt32,
        "from_address": pl.Binary,
        "to_address": pl.Binary,
        "chain_id": pl.UInt64,
    }
)
RECEIPTS = pl.Schema(
    {
        "transaction_hash": pl.Binary,
        "block_hash": pl.Binary,
        "success": pl.Boolean,
        "gas_used": pl.UInt64,
        "contract_address": pl.Binary,
        "with_logs": pl.Boolean,
    }
)


class WireLog(msgspec.Struct, rename="camel", gc=False):
    """One log as eth_getLogs and receipts give it."""

    address: str
    # Of tuples of text the garbage collector soon lets go; lists of a million logs it would visit again and again.
    topics: tuple[str, ...]
    data: str
    block_number: str
    block_hash: str
    transaction_hash: str
    transaction_index: str
    log_index: str
    removed: bool = False


class WireAuth(msgspec.Struct, rename="camel", gc=False):
    """One EIP-7702 authorization of a type-4 transaction."""

    chain_id: str
    address: str
    nonce: str
    y_parity: str
    r: str
    s: str


class WireTx(msgspec.Struct, rename="camel", gc=False):
    """One transaction of a full block, or as eth_getTransactionByHash gives it."""

    hash: str
    nonce: str
    block_number: str
    transaction_index: str
    value: str
    input: str
    from_address: str = msgspec.field(name="from")
    to_address: str | None = msgspec.field(name="to", default=None)
    type: str = "0x0"
    authorization_list: list[WireAuth] | None = None


class WireHeader(msgspec.Struct, rename="camel"):
    """What is needed of a block's header."""

    number: str
    hash: str
    timestamp: str


class WireBlock(WireHeader, rename="camel"):
    """A full block. Its transactions stay undecoded: those of many blocks are read at once (frame_of_blocks)."""

    transactions: msgspec.Raw


class WireReceipt(msgspec.Struct, rename="camel"):
    """What is needed of a receipt."""

    transaction_hash: str
    block_hash: str
    gas_used: str
    status: str | None = None
    contract_address: str | None = None
    logs: list[msgspec.Raw] = []


class WireError(msgspec.Struct):
    """A JSON-RPC error; providers put numbers, text and objects everywhere."""

    code: Any = None
    message: Any = None
    data: Any = None


class Envelope(msgspec.Struct):
    """One JSON-RPC answer; `result` stays undecoded, since only its method knows its shape. Empty: there is none."""

    id: Any = None
    result: msgspec.Raw = msgspec.Raw()
    error: Any = None


class MalformedError(ValueError):
    """The node's answer has not the shape that the method gives."""


def decoder(kind: type[T]) -> Callable[[msgspec.Raw | bytes], T]:
    """Give a function that decodes a result, raising MalformedError where it does not fit."""
    decode = msgspec.json.Decoder(kind).decode

    def checked(raw: msgspec.Raw | bytes) -> T:
        try:
            return decode(raw)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise MalformedError(str(error)) from None

    return checked


_log, _tx = decoder(WireLog), decoder(WireTx)
_logs, _txs = decoder(list[WireLog]), decoder(list[WireTx])
_raw_list, _block = decoder(list[msgspec.Raw]), decoder(WireBlock)


def quantity(text: object, most: int = _MOST) -> int | None:
    """Read a hex quantity; None where it is not one or exceeds `most`."""
    if not isinstance(text, str) or not _QUANTITY.fullmatch(text):
        return None
    value = int(text, 16)
    return value if value <= most else None


def _each(
    raw: msgspec.Raw | bytes, decode_all: Callable[[Any], list[T]], decode: Callable[[Any], T]
) -> tuple[list[T], int]:
    """Decode a list, one by one where not all of it can be; give what could be, and how many there are. Raises MalformedError."""
    try:
        found = decode_all(raw)
        return found, len(found)
    except MalformedError:
        each = _raw_list(raw)
    return _sound(each, decode), len(each)


def _sound(raw: Sequence[msgspec.Raw | bytes], decode: Callable[[Any], T]) -> list[T]:
    """Decode what can be decoded."""
    found = []
    for one in raw:
        try:
            found.append(decode(one))
        except MalformedError:
            continue
    return found


def read_logs(raw: msgspec.Raw | bytes) -> tuple[pl.DataFrame, int]:
    """Decode a list of logs; give the frame (schema LOGS) and how many were left out. Raises MalformedError where it is no list."""
    text = memoryview(raw)
    plain = scan_logs(text) if len(text) >= MACHINE_BYTES else None
    if plain is not None:
        return pl.DataFrame(plain.columns).match_to_schema(LOGS), plain.left_out
    return frame_of_logs(*_each(raw, _logs, _log))


def frame_of_logs(logs: Sequence[WireLog], total: int) -> tuple[pl.DataFrame, int]:
    """Check decoded logs and give them as a frame (schema LOGS), with how many of `total` were left out."""
    kept = [log for log in logs if 1 <= len(log.topics) <= 4 and not log.removed]
    topics = list(zip_longest(*(log.topics for log in kept)))
    texts: dict[str, Texts] = {
        "block_number": (numbers := [log.block_number for log in kept]),
        "block_hash": [log.block_hash for log in kept],
        "transaction_index": (places := [log.transaction_index for log in kept]),
        "log_index": (indices := [log.log_index for log in kept]),
        "transaction_hash": [log.transaction_hash for log in kept],
        "address": [log.address for log in kept],
        **{f"topic{n}": topics[n] if n < len(topics) else [None] * len(kept) for n in range(4)},
        "data": [log.data for log in kept],
    }
    columns = {
        "block_number": indexes(numbers, 64),
        "block_hash": binary(texts["block_hash"], 32),
        "transaction_index": indexes(places, 32),
        "log_index": indexes(indices, 32),
        "transaction_hash": binary(texts["transaction_hash"], 32),
        "address": binary(texts["address"], 20),
        **{f"topic{n}": binary(texts[f"topic{n}"], 32) for n in range(4)},
        "data": binary(texts["data"]),
    }
    # A topic that was there and could not be read must not turn an ERC-721 transfer into an ERC-20 one.
    good = readable(columns, texts)
    return good, total - good.height


def frame_of_txs(txs: Sequence[WireTx], total: int) -> tuple[pl.DataFrame, int]:
    """Check decoded transactions and give them as a frame (schema TXS, with input), with how many of `total` were left out."""
    texts: dict[str, Texts] = {
        "block_number": (numbers := [tx.block_number for tx in txs]),
        "transaction_index": (places := [tx.transaction_index for tx in txs]),
        "transaction_hash": [tx.hash for tx in txs],
        "from_address": [tx.from_address for tx in txs],
        "to_address": [tx.to_address for tx in txs],
        "value": (values := [tx.value for tx in txs]),
        "input": [tx.input for tx in txs],
    }
    inputs = binary(texts["input"])
    columns = {
        "block_number": indexes(numbers, 64),
        "transaction_index": indexes(places, 32),
        "transaction_hash": binary(texts["transaction_hash"], 32),
        "from_address": binary(texts["from_address"], 20),
        "to_address": binary(texts["to_address"], 20),
        "value": words(values),
        "nonce": indexes([tx.nonce for tx in txs], 64),
        "transaction_type": indexes([tx.type for tx in txs], 32),
        "input": inputs,
        "n_input_bytes": inputs.bin.size().cast(pl.UInt32),
    }
    # Whether a nonce or a type can be read matters to nobody's loss; a recipient that cannot be is no contract's creation.
    good = readable(columns, texts)
    return good, total - good.height


def read_block(raw: msgspec.Raw | bytes) -> WireBlock:
    """Decode a full block's header and find its list of transactions. Raises MalformedError."""
    block = _block(raw)
    if not bytes(memoryview(block.transactions)[:1]) == b"[":
        raise MalformedError("its transactions are no list")
    return block


def frame_of_blocks(blocks: Sequence[msgspec.Raw]) -> tuple[pl.DataFrame, int, list[WireTx]]:
    """Decode the transactions of full blocks, a list each.

    Gives the frame (schema TXS, with input), how many were left out, and those that hold authorizations.
    """
    texts = [memoryview(raw) for raw in blocks]
    plain = scan_txs(texts) if sum(map(len, texts)) >= MACHINE_BYTES else None
    if plain is not None:
        delegating = _sound(plain.noted, _tx)
        if len(delegating) == len(plain.noted):
            sizes = plain.columns["input"].bin.size().cast(pl.UInt32)
            frame = pl.DataFrame({**plain.columns, "n_input_bytes": sizes}).match_to_schema(TXS)
            return frame, plain.left_out, [tx for tx in delegating if tx.authorization_list]
    read = [_each(raw, _txs, _tx) for raw in blocks]
    txs = [tx for found, _ in read for tx in found]
    frame, rejected = frame_of_txs(txs, sum(total for _, total in read))
    return frame, rejected, [tx for tx in txs if tx.authorization_list]


def header_row(header: WireHeader, number: int | None = None) -> tuple[int, bytes, int]:
    """Check a header and give (number, hash, timestamp). Raises MalformedError where it does not fit, or is of another block."""
    row = quantity(header.number), octets(header.hash, 32), quantity(header.timestamp, 2**40)
    if row[0] is None or row[1] is None or row[2] is None or (number is not None and row[0] != number):
        raise MalformedError(f"the header says block {header.number[:20]!r}")
    return row[0], row[1], row[2]


def receipt_row(receipt: WireReceipt, transaction_hash: bytes) -> dict[str, Any]:
    """Check a receipt and give its row (schema RECEIPTS). Raises MalformedError where it is not this transaction's."""
    block_hash, gas = octets(receipt.block_hash, 32), quantity(receipt.gas_used)
    if octets(receipt.transaction_hash, 32) != transaction_hash or block_hash is None:
        raise MalformedError("the receipt is another transaction's")
    status = quantity(receipt.status)
    return {
        "transaction_hash": transaction_hash,
        "block_hash": block_hash,
        # before Byzantium receipts had no status
        "success": None if status is None else status == 1,
        "gas_used": gas,
        "contract_address": octets(receipt.contract_address, 20),
        "with_logs": True,
    }


def receipt_logs(receipt: WireReceipt) -> tuple[pl.DataFrame, int]:
    """Give a receipt's logs as a frame (schema LOGS), with how many were left out."""
    return frame_of_logs(_sound(receipt.logs, _log), len(receipt.logs))
