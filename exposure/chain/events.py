"""Raw logs -> transfers and approvals, as each event's standard says. Pure.

Any contract can emit any log: what cannot be decoded is left out and counted, and what is decoded is what a contract says, not
what happened. Amounts are exact decimal strings of base units.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from exposure.amounts import UNLIMITED
from exposure.chain.plan import (
    APPROVAL,
    BATCH,
    FOR_ALL,
    PERMIT2_APPROVAL,
    PERMIT2_LOCKDOWN,
    PERMIT2_PERMIT,
    SINGLE,
    TRANSFER,
)

PERMIT2 = "0x000000000022d473030f116ddee9f6b43ac78ba3"
# Permit2 holds amounts in 160 bits; its greatest stands for unlimited.
PERMIT2_UNLIMITED = 2**160 - 1

_PLACE: dict[str, Any] = {
    "block_number": pl.UInt64,
    "transaction_index": pl.UInt32,
    "transaction_hash": pl.String,
    "log_index": pl.UInt32,
    "standard": pl.String,
    "token_address": pl.String,
    "from_address": pl.String,
    "to_address": pl.String,
    "token_id": pl.String,
    "value": pl.String,
}
MOVES = pl.Schema(_PLACE)
GRANTS = pl.Schema({**_PLACE, "unlimited": pl.Boolean})

_Row = dict[str, Any]


class _UndecodableError(ValueError):
    """A log that does not have the form of its event."""


def decode(logs: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Decode logs (wire.LOGS) into transfers (MOVES), approvals (GRANTS), and how many were not what they claim to be.

    Logs of other events are passed over. Empty input gives empty tables.
    """
    plain = logs.filter(_is_plain_transfer())
    moves: list[_Row] = []
    grants: list[_Row] = []
    rejected = 0
    for log in logs.filter(~_is_plain_transfer()).iter_rows(named=True):
        event = "0x" + log["topic0"].hex()
        reader, table = _READERS.get(event, (None, ""))
        if reader is None or (event in _ONLY_PERMIT2 and log["address"] != _PERMIT2_BYTES):
            continue
        place = {
            "block_number": log["block_number"],
            "transaction_index": log["transaction_index"],
            "transaction_hash": "0x" + log["transaction_hash"].hex(),
            "log_index": log["log_index"],
        }
        try:
            rows = [{**place, **row} for row in reader(log)]
        except _UndecodableError:
            rejected += 1
            continue
        (moves if table == "moves" else grants).extend(rows)
    every = pl.concat([_plain_transfers(plain), pl.DataFrame(moves, schema=MOVES)])
    in_order = ["block_number", "log_index"]
    return every.sort(in_order, maintain_order=True), pl.DataFrame(grants, schema=GRANTS), rejected


def _hex(column: str) -> pl.Expr:
    return pl.col(column).bin.encode("hex")


def _is_plain_transfer() -> pl.Expr:
    """Tell a sound ERC-20 transfer, which nearly all logs are: these are read as columns, the others one by one."""
    addresses = pl.all_horizontal(_hex(f"topic{number}").str.starts_with("0" * 24) for number in (1, 2))
    event = pl.col("topic0") == bytes.fromhex(TRANSFER[2:])
    sound = event & addresses & pl.col("topic3").is_null() & (pl.col("data").bin.size() >= 32)
    return sound.fill_null(value=False)


def _plain_transfers(logs: pl.DataFrame) -> pl.DataFrame:
    values = [str(int.from_bytes(data[:32], "big")) for data in logs.get_column("data")]
    return logs.select(
        "block_number",
        "transaction_index",
        (pl.lit("0x") + _hex("transaction_hash")).alias("transaction_hash"),
        "log_index",
        standard=pl.lit("erc20"),
        token_address=pl.lit("0x") + _hex("address"),
        from_address=pl.lit("0x") + _hex("topic1").str.slice(24),
        to_address=pl.lit("0x") + _hex("topic2").str.slice(24),
        token_id=pl.lit(None, pl.String),
        value=pl.Series(values, dtype=pl.String),
    ).select(MOVES.names())


def _address(word: bytes | None) -> str:
    """Read an address of a topic or a word; its upper twelve bytes must be empty."""
    if word is None or len(word) != 32 or any(word[:12]):
        raise _UndecodableError
    return "0x" + word[12:].hex()


def _word(data: bytes, number: int) -> bytes:
    """Give a 32-byte word of the data."""
    word = data[32 * number : 32 * number + 32]
    if len(word) != 32:
        raise _UndecodableError
    return word


def _uint(word: bytes) -> int:
    return int.from_bytes(word, "big")


def _token(log: Mapping[str, Any]) -> str:
    return f"0x{log['address'].hex()}"


def _topics(log: Mapping[str, Any]) -> int:
    return sum(log[f"topic{number}"] is not None for number in range(4))


def _move(standard: str, token: str, sender: str, to: str, value: int, token_id: int | None = None) -> _Row:
    return {
        "standard": standard,
        "token_address": token,
        "from_address": sender,
        "to_address": to,
        "token_id": None if token_id is None else str(token_id),
        "value": str(value),
    }


def _transfer(log: Mapping[str, Any]) -> Iterator[_Row]:
    """Read Transfer: with four topics the last is the id of an NFT, with three the amount is data."""
    topics = _topics(log)
    if topics not in (3, 4):
        raise _UndecodableError
    sender, to = _address(log["topic1"]), _address(log["topic2"])
    if topics == 4:
        yield _move("erc721", _token(log), sender, to, 1, _uint(log["topic3"]))
    else:
        yield _move("erc20", _token(log), sender, to, _uint(_word(log["data"], 0)))


def _single(log: Mapping[str, Any]) -> Iterator[_Row]:
    """Read TransferSingle: operator, from and to are topics, id and amount data."""
    if _topics(log) != 4:
        raise _UndecodableError
    token_id, value = _uint(_word(log["data"], 0)), _uint(_word(log["data"], 1))
    yield _move("erc1155", _token(log), _address(log["topic2"]), _address(log["topic3"]), value, token_id)


def _batch(log: Mapping[str, Any]) -> Iterator[_Row]:
    """Read TransferBatch: two arrays of the same length; the same id twice is one movement of both amounts."""
    if _topics(log) != 4:
        raise _UndecodableError
    data: bytes = log["data"]
    ids, values = _array(data, 0), _array(data, 1)
    if len(ids) != len(values):
        raise _UndecodableError
    totals: dict[int, int] = {}
    for token_id, value in zip(ids, values, strict=True):
        totals[token_id] = totals.get(token_id, 0) + value
    if any(value >= 2**256 for value in totals.values()):
        raise _UndecodableError
    sender, to = _address(log["topic2"]), _address(log["topic3"])
    for token_id, value in totals.items():
        yield _move("erc1155", _token(log), sender, to, value, token_id)


def _array(data: bytes, number: int) -> list[int]:
    offset = _uint(_word(data, number))
    if offset > len(data):
        raise _UndecodableError
    body = data[offset:]
    length = _uint(_word(body, 0))
    if length > len(body) // 32 - 1:
        raise _UndecodableError
    return [_uint(_word(body, 1 + index)) for index in range(length)]


def _approval(log: Mapping[str, Any]) -> Iterator[_Row]:
    """Read Approval: with four topics of a single NFT (to nobody = taken back), with three of an amount."""
    topics = _topics(log)
    if topics not in (3, 4):
        raise _UndecodableError
    owner, spender = _address(log["topic1"]), _address(log["topic2"])
    if topics == 4:
        given = 0 if _uint(log["topic2"]) == 0 else 1
        yield {**_move("erc721", _token(log), owner, spender, given, _uint(log["topic3"])), "unlimited": False}
    else:
        value = _uint(_word(log["data"], 0))
        yield {**_move("erc20", _token(log), owner, spender, value), "unlimited": value >= UNLIMITED}


def _for_all(log: Mapping[str, Any]) -> Iterator[_Row]:
    """Read ApprovalForAll: all NFTs of a collection to one operator."""
    if _topics(log) != 3:
        raise _UndecodableError
    given = _uint(_word(log["data"], 0))
    if given > 1:
        raise _UndecodableError
    owner, operator = _address(log["topic1"]), _address(log["topic2"])
    yield {**_move("for_all", _token(log), owner, operator, given), "unlimited": given == 1}


def _permit2(log: Mapping[str, Any]) -> Iterator[_Row]:
    """Read Permit2's Approval and Permit: owner, token and spender are topics; the amount is the first word."""
    if _topics(log) != 4:
        raise _UndecodableError
    value = _uint(_word(log["data"], 0))
    if value > PERMIT2_UNLIMITED:
        raise _UndecodableError
    owner, token, spender = (_address(log[f"topic{number}"]) for number in (1, 2, 3))
    yield {**_move("permit2", token, owner, spender, value), "unlimited": value == PERMIT2_UNLIMITED}


def _lockdown(log: Mapping[str, Any]) -> Iterator[_Row]:
    """Read Permit2's Lockdown: the owner takes an approval back."""
    if _topics(log) != 2:
        raise _UndecodableError
    token, spender = _address(_word(log["data"], 0)), _address(_word(log["data"], 1))
    yield {**_move("permit2", token, _address(log["topic1"]), spender, 0), "unlimited": False}


_PERMIT2_BYTES = bytes.fromhex(PERMIT2[2:])
# Another contract's event of that name grants nothing: only Permit2 itself moves tokens by it.
_ONLY_PERMIT2 = (PERMIT2_APPROVAL, PERMIT2_PERMIT, PERMIT2_LOCKDOWN)
_READERS: dict[str, tuple[Any, str]] = {
    TRANSFER: (_transfer, "moves"),
    SINGLE: (_single, "moves"),
    BATCH: (_batch, "moves"),
    APPROVAL: (_approval, "grants"),
    FOR_ALL: (_for_all, "grants"),
    PERMIT2_APPROVAL: (_permit2, "grants"),
    PERMIT2_PERMIT: (_permit2, "grants"),
    PERMIT2_LOCKDOWN: (_lockdown, "grants"),
}
