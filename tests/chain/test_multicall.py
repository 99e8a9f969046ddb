"""Calls are encoded as the ABI says, and what contracts answer is read with every offset and length checked."""

import pytest
from eth_abi.abi import encode

from exposure.chain.multicall import (
    ALLOWANCE,
    address_word,
    decode_aggregate,
    encode_aggregate,
    read_address,
    read_text,
    read_uint,
    word,
)

ONE, TWO = "0x" + "11" * 20, "0x" + "22" * 20


def test_many_calls_are_encoded_as_the_abi_says() -> None:
    """Ours by hand against eth_abi's, which is the reference and a hundred times slower."""
    calls = [(ONE, b""), (TWO, b"\x01\x02\x03"), (ONE, ALLOWANCE + address_word(ONE) + address_word(TWO))]
    expected = encode(["(address,bool,bytes)[]"], [[(target, True, data) for target, data in calls]])
    assert expected == encode_aggregate(calls)[4:]


def test_answers_are_decoded_each_on_its_own() -> None:
    """A call that failed has no answer, whatever it returned; a long one is cut."""
    answer = encode(["(bool,bytes)[]"], [[(True, b"\x05"), (False, b"because"), (True, b""), (True, b"x" * 9_000)]])
    assert [b"\x05", None, b"", b"x" * 4_096] == decode_aggregate(answer, 4)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        bytes(31),
        word(2**255),
        word(32) + word(3),
        word(32) + word(1) + word(2**200),
        word(32) + word(1) + word(32) + word(1) + word(2**64),
        word(32) + word(1) + word(32) + word(1) + word(64) + word(10**9),
    ],
)
def test_an_answer_that_lies_about_its_lengths_is_no_answer(answer: bytes) -> None:
    """Offsets and lengths beyond the end, and another number of answers than calls."""
    assert decode_aggregate(answer, 1) is None


def test_symbols_are_kept_as_hostile_text_and_cut() -> None:
    """A string, an old token's bytes32, invalid UTF-8, a formula, and one of a megabyte."""
    formula = '=HYPERLINK("https://x")\x1b[2J'
    assert formula == read_text(encode(["string"], [formula]))
    assert "MKR" == read_text(b"MKR".ljust(32, b"\0"))
    assert "a\ufffdb" == read_text(encode(["bytes"], [b"a\xffb"]))
    assert "x" * 64 == read_text(encode(["string"], ["x" * 1_000_000])[:4_096])


@pytest.mark.parametrize("answer", [None, b"", b"\x01", word(2**255) + word(1), encode(["string"], [""])])
def test_a_token_without_a_symbol_has_none(answer: bytes | None) -> None:
    """No answer, too little of it, or an offset that leads nowhere."""
    assert read_text(answer) is None


def test_numbers_and_addresses_are_read_where_there_are_some() -> None:
    """An address with something in its upper bytes is none."""
    assert (5, None, None) == (read_uint(word(5)), read_uint(b"\x05"), read_uint(None))
    assert (ONE, None, None) == (read_address(address_word(ONE)), read_address(word(2**255)), read_address(b""))
