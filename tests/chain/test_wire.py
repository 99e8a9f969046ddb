"""A node's answers are hostile: what does not fit is left out and counted, never guessed, and never ends the run."""

import json
from typing import Any

import pytest

from exposure.chain.columns import octets
from exposure.chain.wire import (
    MalformedError,
    WireHeader,
    WireReceipt,
    WireTx,
    decoder,
    frame_of_blocks,
    frame_of_txs,
    header_row,
    quantity,
    read_block,
    read_logs,
    receipt_row,
)

HASH, ADDRESS = "0x" + "ab" * 32, "0x" + "cd" * 20


def log(**changes: Any) -> dict[str, Any]:
    """Give a sound log as a node writes it, with changes."""
    sound = {
        "address": ADDRESS,
        "topics": [HASH],
        "data": "0x",
        "blockNumber": "0x5",
        "blockHash": HASH,
        "transactionHash": HASH,
        "transactionIndex": "0x1",
        "logIndex": "0x2",
        "removed": False,
        "somethingNew": {"deep": [1, 2]},
    }
    return {**sound, **changes}


def tx(**changes: Any) -> dict[str, Any]:
    """Give a sound transaction, with changes."""
    sound = {
        "hash": HASH,
        "nonce": "0x1",
        "blockNumber": "0x5",
        "transactionIndex": "0x0",
        "from": ADDRESS,
        "to": ADDRESS,
        "value": "0x10",
        "input": "0x",
        "type": "0x2",
    }
    return {**sound, **changes}


@pytest.mark.parametrize(
    "changes",
    [
        {"blockNumber": 5},
        {"blockNumber": None},
        {"blockNumber": "0x-5"},
        {"blockNumber": "0x" + "f" * 40},
        {"logIndex": "0x1ffffffff"},
        {"address": "0xabc"},
        {"address": ADDRESS + "00"},
        {"topics": []},
        {"topics": [HASH] * 5},
        {"topics": [HASH, "0x12"]},
        {"topics": "0x"},
        {"data": "0x1"},
        {"data": None},
        {"data": "hello"},
        {"removed": True},
        {"transactionHash": ""},
    ],
)
def test_a_log_of_wrong_shape_is_left_out_and_the_others_stay(changes: dict[str, Any]) -> None:
    """Wrong types, missing values, numbers that no chain has, topics that cannot be read."""
    frame, rejected = read_logs(json.dumps([log(), log(**changes), log(logIndex="0x3")]).encode())
    assert (1, [2, 3]) == (rejected, frame.get_column("log_index").to_list())


def test_a_log_without_a_field_is_left_out() -> None:
    """An older or stranger node may not send all."""
    broken = log()
    del broken["blockHash"]
    assert 1 == read_logs(json.dumps([broken]).encode())[1]


@pytest.mark.parametrize("answer", [b"{}", b"17", b'"0x"', b"[[[[", b"[" * 100_000, b"\xff\xfe"])
def test_what_is_no_list_of_logs_is_no_answer(answer: bytes) -> None:
    """Then the endpoint is asked again, or another one."""
    with pytest.raises(MalformedError):
        read_logs(answer)


def test_a_value_beyond_256_bits_is_left_out_and_counted() -> None:
    """No chain can move it."""
    block = {"number": "0x5", "hash": HASH, "timestamp": "0x6", "transactions": [tx(), tx(value="0x1" + "0" * 64)]}
    header = read_block(json.dumps(block).encode())
    frame, rejected, _ = frame_of_blocks([header.transactions])
    assert (5, HASH, 1, 1) == (int(header.number, 16), header.hash, frame.height, rejected)
    assert (16).to_bytes(32, "big") == frame.item(0, "value")


def test_one_malformed_transaction_does_not_cost_the_block() -> None:
    """The others are read one by one."""
    block = {"number": "0x5", "hash": HASH, "timestamp": "0x6", "transactions": [tx(value=7), tx(), "0x", None]}
    frame, rejected, _ = frame_of_blocks([read_block(json.dumps(block).encode()).transactions])
    assert (1, 3) == (frame.height, rejected)


@pytest.mark.parametrize("transactions", [{}, None, "0x", 5])
def test_a_block_without_a_list_of_transactions_is_no_answer(transactions: object) -> None:
    """Then it is asked again: a block without transactions has an empty list."""
    block = {"number": "0x5", "hash": HASH, "timestamp": "0x6", "transactions": transactions}
    with pytest.raises(MalformedError):
        read_block(json.dumps(block).encode())


def test_a_recipient_that_cannot_be_read_is_not_a_contract_creation() -> None:
    """A null recipient means that a contract is created; a broken one means nothing."""
    read = decoder(WireTx)
    frame, rejected = frame_of_txs([read(json.dumps(tx(to=to)).encode()) for to in (None, "0x12")], 2)
    assert ([None], 1) == (frame.get_column("to_address").to_list(), rejected)


@pytest.mark.parametrize(
    "header",
    [
        WireHeader("0x6", HASH, "0x1"),
        WireHeader("0x5", "0x12", "0x1"),
        WireHeader("0x5", HASH, "0x" + "f" * 20),
        WireHeader("five", HASH, "0x1"),
    ],
)
def test_a_header_must_be_the_one_that_was_asked(header: WireHeader) -> None:
    """Another block's header, a short hash, a time beyond all years."""
    with pytest.raises(MalformedError):
        header_row(header, 5)


def test_a_receipt_must_be_its_transactions() -> None:
    """A receipt before Byzantium has no status: then success is not known."""
    sound = WireReceipt(HASH, HASH, "0x5208", None)
    row = receipt_row(sound, bytes.fromhex(HASH[2:]))
    assert (None, 21_000) == (row["success"], row["gas_used"])
    with pytest.raises(MalformedError):
        receipt_row(sound, bytes(32))


def test_quantities_and_bytes_are_read_strictly() -> None:
    """Signs, blanks, underscores and odd digits are no numbers."""
    texts = ("0x1f", "0x", "1f", "0x-1", "0x 1", "0x1_0", 31, None, "0x" + "f" * 65)
    assert [31, *[None] * 8] == [quantity(text, 2**256) for text in texts]
    assert [b"\x01", None, None, None, b""] == [octets(text) for text in ("0x01", "0x1", "0x0 ", 1, "0x")]
