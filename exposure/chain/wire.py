"""A node's JSON -> checked raw frames. Everything that a node says is hostile: wrong types, missing fields, huge numbers. Pure.

Only the needed fields are decoded (msgspec; web3's formatters cost a hundred times as much). What does not fit is left out and
counted, one log or transaction at a time. Raw frames hold addresses and hashes as bytes and are what parts on disk hold.
"""

import re
from binascii import unhexlify
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
import polars as pl
import pyarrow as pa

T = TypeVar("T")

# Block numbers, indexes and times beyond this are nonsense, and would not fit the columns.
_MOST = 2**62
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
    """A full block; its transactions are decoded one by one only where one of them is malformed."""

    transactions: list[msgspec.Raw]


class WireFullBlock(WireHeader, rename="camel"):
    """A full block whose transactions all fit."""

    transactions: list[WireTx]


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
_logs, _full = decoder(list[WireLog]), decoder(WireFullBlock)
_raw_list, _loose = decoder(list[msgspec.Raw]), decoder(WireBlock)


def quantity(text: object, most: int = _MOST) -> int | None:
    """Read a hex quantity; None where it is not one or exceeds `most`."""
    if not isinstance(text, str) or not _QUANTITY.fullmatch(text):
        return None
    value = int(text, 16)
    return value if value <= most else None


def octets(text: object, length: int | None = None) -> bytes | None:
    """Read hex bytes of the given length; None where it is not that."""
    if not isinstance(text, str) or not text.startswith("0x"):
        return None
    try:
        value = bytes.fromhex(text[2:])
    except ValueError:
        return None
    # bytes.fromhex also takes blanks between the digits
    return value if 2 * len(value) == len(text) - 2 and length in (None, len(value)) else None


def _each(raw: list[msgspec.Raw], decode: Callable[[msgspec.Raw], T]) -> list[T]:
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
    try:
        logs = _logs(raw)
        total = len(logs)
    except MalformedError:
        parts = _raw_list(raw)
        total, logs = len(parts), _each(parts, _log)
    return frame_of_logs(logs, total)


def frame_of_logs(logs: Sequence[WireLog], total: int) -> tuple[pl.DataFrame, int]:
    """Check decoded logs and give them as a frame (schema LOGS), with how many of `total` were left out."""
    kept = [log for log in logs if 1 <= len(log.topics) <= 4 and not log.removed]
    text = pl.DataFrame(
        {
            "block_number": [log.block_number for log in kept],
            "block_hash": [log.block_hash for log in kept],
            "transaction_index": [log.transaction_index for log in kept],
            "log_index": [log.log_index for log in kept],
            "transaction_hash": [log.transaction_hash for log in kept],
            "address": [log.address for log in kept],
            **{f"topic{n}": [log.topics[n] if len(log.topics) > n else None for log in kept] for n in range(4)},
            "data": [log.data for log in kept],
        },
        schema=dict.fromkeys(LOGS, pl.String),
    )
    frame = text.with_columns(
        _whole("block_number", pl.UInt64),
        _whole("transaction_index", pl.UInt32),
        _whole("log_index", pl.UInt32),
        *_hex(text, ["block_hash", "transaction_hash", *(f"topic{n}" for n in range(4))], 32),
        *_hex(text, ["address"], 20),
        *_hex(text, ["data"]),
    )
    # A topic that was there and could not be read must not turn an ERC-721 transfer into an ERC-20 one.
    good = _readable(text, frame, optional=("topic1", "topic2", "topic3"))
    return good, total - good.height


def _readable(text: pl.DataFrame, frame: pl.DataFrame, optional: Sequence[str]) -> pl.DataFrame:
    """Keep the rows in which all was read: of `optional` columns what was there, of the others everything."""
    if all(frame[name].null_count() == (text[name].null_count() if name in optional else 0) for name in text.columns):
        return frame
    needed = pl.all_horizontal(frame[name].is_not_null() for name in text.columns if name not in optional)
    same = pl.all_horizontal(frame[name].is_null() == text[name].is_null() for name in optional)
    return frame.filter(needed & same)


def _whole(name: str, dtype: type[pl.DataType]) -> pl.Expr:
    """Read a quantity into an unsigned column; null where it does not fit."""
    text = pl.col(name)
    plain = text.str.contains(r"^0x[0-9a-fA-F]{1,15}$")
    number = text.str.slice(2).str.to_integer(base=16, strict=False)
    return pl.when(plain).then(number).otherwise(None).cast(dtype, strict=False).alias(name)


def _hex(text: pl.DataFrame, names: Sequence[str], length: int | None = None) -> list[pl.Series]:
    """Read columns of hex bytes into binary ones; null where they do not fit."""
    one = pl.col("text").fill_null("0x" + "00" * (length or 0))
    size = one.str.len_bytes().cast(pl.Int64) - 2
    fits = one.str.starts_with("0x") & (size % 2 == 0) & (size == 2 * length if length else True)
    column = pl.concat([text[name].alias("text") for name in names]).to_frame()
    digits = column.select(one.str.slice(2).alias("text"), size=size, fits=fits)
    try:
        # A column that fits is read as one text, in a fifth of the time that polars takes row by row.
        whole = unhexlify(digits["text"].str.join("").item()) if digits["fits"].all() else None
    except ValueError:
        whole = None
    if whole is None:
        by_row = pl.when("fits").then("text").str.decode("hex", strict=False)
        read = digits.select(by_row).to_series()
    else:
        ends = pl.concat([pl.Series([0], dtype=pl.Int64), digits["size"].cum_sum() // 2])
        buffers = [None, pa.py_buffer(ends.to_numpy()), pa.py_buffer(whole)]
        read = pl.Series(pa.Array.from_buffers(pa.large_binary(), column.height, buffers))
    if column["text"].has_nulls():
        read = column.select(pl.when(pl.col("text").is_not_null()).then(read)).to_series()
    return [read.slice(at * text.height, text.height).alias(name) for at, name in enumerate(names)]


def _word(text: pl.DataFrame, name: str) -> list[pl.Series]:
    """Read a uint256 quantity into 32 bytes; null where it is larger or no quantity."""
    fits = pl.col(name).str.contains("^0x[0-9a-fA-F]{1,64}$")
    padded = pl.when(fits).then("0x" + pl.col(name).str.slice(2).str.zfill(64)).alias(name)
    return _hex(text.select(padded), [name], 32)


def frame_of_txs(txs: Sequence[WireTx], total: int) -> tuple[pl.DataFrame, int]:
    """Check decoded transactions and give them as a frame (schema TXS, with input), with how many of `total` were left out."""
    text = pl.DataFrame(
        {
            "block_number": [tx.block_number for tx in txs],
            "transaction_index": [tx.transaction_index for tx in txs],
            "transaction_hash": [tx.hash for tx in txs],
            "from_address": [tx.from_address for tx in txs],
            "to_address": [tx.to_address for tx in txs],
            "value": [tx.value for tx in txs],
            "nonce": [tx.nonce for tx in txs],
            "transaction_type": [tx.type for tx in txs],
            "input": [tx.input for tx in txs],
        },
        schema={name: pl.String for name in TXS if name != "n_input_bytes"},
    )
    frame = text.with_columns(
        _whole("block_number", pl.UInt64),
        _whole("transaction_index", pl.UInt32),
        _whole("nonce", pl.UInt64),
        _whole("transaction_type", pl.UInt32),
        *_hex(text, ["transaction_hash"], 32),
        *_hex(text, ["from_address", "to_address"], 20),
        *_word(text, "value"),
        *_hex(text, ["input"]),
    ).with_columns(n_input_bytes=pl.col("input").bin.size().cast(pl.UInt32))
    # Whether a nonce or a type can be read matters to nobody's loss; a recipient that cannot be is no contract's creation.
    good = _readable(text.drop("nonce", "transaction_type"), frame, optional=("to_address",))
    return good, total - good.height


def read_block(raw: msgspec.Raw | bytes) -> tuple[WireHeader, list[WireTx], int]:
    """Decode a full block: its header, the transactions that fit, and how many there are. Raises MalformedError."""
    try:
        block = _full(raw)
        return block, block.transactions, len(block.transactions)
    except MalformedError:
        loose = _loose(raw)
        return loose, _each(loose.transactions, _tx), len(loose.transactions)


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
    return frame_of_logs(_each(receipt.logs, _log), len(receipt.logs))
