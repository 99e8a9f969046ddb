"""Logs are read as their standards say, and what is not what it claims to be is left out and counted."""

from typing import Any

import polars as pl
import pytest
from eth_abi.abi import encode

from exposure.chain.events import PERMIT2, decode
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
from exposure.chain.wire import LOGS

TOKEN, OWNER, OTHER, OPERATOR = ("0x" + digit * 40 for digit in "abcd")
MAX = 2**256 - 1


def word(value: str | int) -> bytes:
    """Give a topic or data word of an address or a number."""
    number = int(value, 16) if isinstance(value, str) else value
    return number.to_bytes(32, "big")


def log(event: str, *topics: str | int, data: bytes = b"", address: str = TOKEN, index: int = 0) -> dict[str, Any]:
    """Give one raw log."""
    padded = [bytes.fromhex(event[2:]), *(word(topic) for topic in topics), None, None, None][:4]
    return {
        "block_number": 5,
        "block_hash": bytes(32),
        "transaction_index": 1,
        "log_index": index,
        "transaction_hash": b"\x11" * 32,
        "address": bytes.fromhex(address[2:]),
        **{f"topic{number}": topic for number, topic in enumerate(padded)},
        "data": data,
    }


def read(*logs: dict[str, Any]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]], int]:
    """Decode, and give the columns that differ."""
    moves, grants, rejected = decode(pl.DataFrame(list(logs), schema=LOGS))
    names = ["standard", "token_address", "from_address", "to_address", "token_id", "value"]
    return moves.select(names).rows(), grants.select(*names, "unlimited").rows(), rejected


def test_an_erc20_transfer_has_three_topics_and_its_amount_as_data() -> None:
    """Amounts up to 2^256-1 are exact; zero is kept, since address poisoning moves nothing."""
    moves, _, rejected = read(
        log(TRANSFER, OWNER, OTHER, data=word(MAX)), log(TRANSFER, OWNER, OTHER, data=word(0), index=1)
    )
    assert [
        ("erc20", TOKEN, OWNER, OTHER, None, str(MAX)),
        ("erc20", TOKEN, OWNER, OTHER, None, "0"),
    ] == moves
    assert 0 == rejected


def test_an_erc721_transfer_has_the_id_as_fourth_topic() -> None:
    """The same event's name, one NFT."""
    assert [("erc721", TOKEN, OWNER, OTHER, "77", "1")] == read(log(TRANSFER, OWNER, OTHER, 77))[0]


def test_an_erc1155_batch_gives_a_row_for_each_id_and_adds_the_same_id_up() -> None:
    """Ids and amounts are arrays in the data."""
    data = encode(["uint256[]", "uint256[]"], [[3, 4, 3], [10, 1, 5]])
    moves, _, _ = read(
        log(SINGLE, OPERATOR, OWNER, OTHER, data=word(9) + word(2)),
        log(BATCH, OPERATOR, OWNER, OTHER, data=data, index=1),
    )
    assert [
        ("erc1155", TOKEN, OWNER, OTHER, "9", "2"),
        ("erc1155", TOKEN, OWNER, OTHER, "3", "15"),
        ("erc1155", TOKEN, OWNER, OTHER, "4", "1"),
    ] == moves


def test_approvals_say_what_was_given_and_what_was_taken_back() -> None:
    """ERC-20 amounts, single NFTs (to nobody = taken back), whole collections."""
    _, grants, _ = read(
        log(APPROVAL, OWNER, OTHER, data=word(2**255)),
        log(APPROVAL, OWNER, OTHER, data=word(2**255 - 1), index=1),
        log(APPROVAL, OWNER, OTHER, 7, index=2),
        log(APPROVAL, OWNER, 0, 7, index=3),
        log(FOR_ALL, OWNER, OTHER, data=word(1), index=4),
        log(FOR_ALL, OWNER, OTHER, data=word(0), index=5),
    )
    nobody = "0x" + "0" * 40
    assert [
        ("erc20", TOKEN, OWNER, OTHER, None, str(2**255), True),
        ("erc20", TOKEN, OWNER, OTHER, None, str(2**255 - 1), False),
        ("erc721", TOKEN, OWNER, OTHER, "7", "1", False),
        ("erc721", TOKEN, OWNER, nobody, "7", "0", False),
        ("for_all", TOKEN, OWNER, OTHER, None, "1", True),
        ("for_all", TOKEN, OWNER, OTHER, None, "0", False),
    ] == grants


def test_permit2_names_owner_token_and_spender_in_this_order() -> None:
    """Its greatest amount is unlimited; a lockdown takes back; another contract's event of that name grants nothing."""
    amount = word(2**160 - 1) + word(99)
    _, grants, rejected = read(
        log(PERMIT2_APPROVAL, OWNER, TOKEN, OTHER, data=amount, address=PERMIT2),
        log(PERMIT2_PERMIT, OWNER, TOKEN, OTHER, data=word(5) + word(99) + word(0), address=PERMIT2, index=1),
        log(PERMIT2_LOCKDOWN, OWNER, data=word(TOKEN) + word(OTHER), address=PERMIT2, index=2),
        log(PERMIT2_APPROVAL, OWNER, TOKEN, OTHER, data=amount, index=3),
    )
    assert [
        ("permit2", TOKEN, OWNER, OTHER, None, str(2**160 - 1), True),
        ("permit2", TOKEN, OWNER, OTHER, None, "5", False),
        ("permit2", TOKEN, OWNER, OTHER, None, "0", False),
    ] == grants
    assert 0 == rejected


@pytest.mark.parametrize(
    "hostile",
    [
        log(TRANSFER, OWNER, OTHER),
        log(TRANSFER, OWNER, OTHER, data=b"\x01"),
        log(TRANSFER, OWNER),
        log(TRANSFER, MAX, OTHER, data=word(1)),
        log(SINGLE, OPERATOR, OWNER, OTHER, data=word(1)),
        log(BATCH, OPERATOR, OWNER, OTHER, data=word(MAX) + word(64)),
        log(BATCH, OPERATOR, OWNER, OTHER, data=word(64) + word(96) + word(MAX) + word(0)),
        log(BATCH, OPERATOR, OWNER, OTHER, data=encode(["uint256[]", "uint256[]"], [[1, 2], [1]])),
        log(BATCH, OPERATOR, OWNER, OTHER, data=encode(["uint256[]", "uint256[]"], [[1, 1], [MAX, 1]])),
        log(APPROVAL, OWNER, data=word(OTHER) + word(1)),
        log(FOR_ALL, OWNER, OTHER, data=word(2)),
        log(PERMIT2_APPROVAL, OWNER, TOKEN, OTHER, data=word(2**160), address=PERMIT2),
    ],
)
def test_a_log_that_is_not_what_it_claims_to_be_is_left_out_and_counted(hostile: dict[str, Any]) -> None:
    """Any contract can emit anything: too little data, offsets beyond the end, amounts that cannot be."""
    assert ([], [], 1) == read(hostile)


def test_logs_of_other_events_are_passed_over() -> None:
    """They are nobody's fault, and are not counted."""
    assert ([], [], 0) == read(log("0x" + "99" * 32, OWNER))


def test_no_logs_give_empty_tables() -> None:
    """With the columns in place."""
    moves, grants, rejected = decode(pl.DataFrame(schema=LOGS))
    assert (0, 0, 0) == (moves.height, grants.height, rejected)
