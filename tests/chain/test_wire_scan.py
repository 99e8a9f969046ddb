"""Machine code reads large plain answers as msgspec reads them, and leaves everything else to it."""

import json
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from exposure.chain import wire
from exposure.chain.wire import MalformedError, frame_of_blocks, read_logs
from exposure.chain.wire_scan import Plain, prepare, scan_logs, scan_txs
from tests.chain.test_wire import ADDRESS, HASH, log, tx

AUTH = {"chainId": "0x1", "address": ADDRESS, "nonce": "0x0", "yParity": "0x0", "r": "0x1", "s": "0x1"}

# What a field may hold: sound values, and what a hostile node may send in their place.
_ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, 5, 1.5, True, 10**30, [], {}, [[{"a": [1, "}"]}]]),
        *(
            "",
            "0x",
            "0x1",
            "0x12",
            "0x12 ",
            "0xzz",
            "1x12",
            "0x-1",
            "0x" + "f" * 16,
            "0x0" + "f" * 16,
            'a"b',
            "\u00e9",
            "\\",
        ),
        *(HASH, ADDRESS, HASH.upper(), "0x" + HASH[2:].upper(), HASH + "00"),
    ]
)


@pytest.fixture(scope="module", autouse=True)
def _machine_code() -> None:
    """Without it msgspec would be compared with itself."""
    prepare()
    assert scan_logs(memoryview(b"[]")) is not None


def logs_with(value: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Make lists of logs, sound but for one field of some."""
    topics = st.lists(st.sampled_from([HASH, HASH, HASH, "0x12", 7]), max_size=5)
    changes = st.dictionaries(st.sampled_from([*log(), "to"]), value, max_size=1)
    sound = st.builds(
        lambda more, places, data: log(logIndex=hex(places), data="0x" + data.hex(), **more),
        st.fixed_dictionaries({}, optional={"topics": topics, "removed": st.booleans()}),
        st.integers(0, 2**33),
        st.binary(max_size=70),
    )
    return st.lists(st.builds(lambda one, more: {**one, **more}, sound, changes), max_size=4)


def txs_with(value: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Make lists of transactions, sound but for one field of some."""
    changes = st.dictionaries(st.sampled_from([*tx(), "accessList"]), value, max_size=1)
    lists: st.SearchStrategy[Any] = st.sampled_from([[], [AUTH], [{}], None, [AUTH, AUTH]])
    more = st.fixed_dictionaries({}, optional={"to": st.none(), "authorizationList": lists})
    sound = st.builds(
        lambda value, given, data: {**tx(value=hex(value), input="0x" + data.hex()), **given},
        st.integers(0, 2**257),
        more,
        st.binary(max_size=70),
    )
    return st.lists(st.builds(lambda one, change: {**one, **change}, sound, changes), max_size=4)


def by_msgspec(text: bytes) -> tuple[pl.DataFrame, int]:
    """Read logs without machine code: they are smaller than what it is loaded for."""
    assert len(text) < wire.MACHINE_BYTES
    return read_logs(text)


@given(logs_with(_ODD), st.sampled_from([None, 1]))
@example([log(), log(topics=[]), log(removed=True), log(topics=[HASH] * 4)], None)
def test_logs_that_are_plain_are_read_as_msgspec_reads_them(logs: list[Any], indent: int | None) -> None:
    """The same rows, the same bytes, the same count of those left out; or nothing, and msgspec has it."""
    text = json.dumps(logs, indent=indent, ensure_ascii=False).encode()
    plain = scan_logs(memoryview(text))
    if plain is not None:
        frame, left_out = by_msgspec(text)
        assert left_out == plain.left_out
        assert_frame_equal(frame, pl.DataFrame(plain.columns).match_to_schema(wire.LOGS))


@given(st.lists(txs_with(_ODD), max_size=3))
@example([[tx(), tx(to=None)], [tx(authorizationList=[AUTH])]])
def test_transactions_that_are_plain_are_read_as_msgspec_reads_them(blocks: list[list[Any]]) -> None:
    """Of several blocks at once, with those that hold authorizations."""
    texts = [json.dumps(block).encode() for block in blocks]
    plain = scan_txs([memoryview(text) for text in texts])
    delegating = (
        [wire.decoder(wire.WireTx)(text) for text in plain.noted] if plain is not None and _sound(plain) else None
    )
    if plain is not None and delegating is not None:
        frame, left_out, expected = frame_of_blocks([msgspec.Raw(text) for text in texts])
        assert (left_out, expected) == (plain.left_out, [one for one in delegating if one.authorization_list])
        assert_frame_equal(frame.drop("n_input_bytes"), pl.DataFrame(plain.columns).match_to_schema(_without_sizes()))


def _sound(plain: Plain) -> bool:
    try:
        for text in plain.noted:
            wire.decoder(wire.WireTx)(text)
    except MalformedError:
        return False
    return True


def _without_sizes() -> pl.Schema:
    return pl.Schema({name: dtype for name, dtype in wire.TXS.items() if name != "n_input_bytes"})


def test_sound_answers_are_plain() -> None:
    """Else nothing of the above would say anything."""
    strange = log(topics=[HASH] * 3, data="0x" + "ab" * 300, blockTimestamp="0x5", more={"deep": ["]", {"a": None}]})
    logs = scan_logs(memoryview(json.dumps([log(), strange, log(topics=[]), log(removed=True)]).encode()))
    txs = scan_txs([memoryview(json.dumps([tx(), tx(to=None), tx(authorizationList=[AUTH])]).encode())])
    assert logs is not None
    assert txs is not None
    assert (2, 2, 3, 1) == (len(logs.columns["data"]), logs.left_out, len(txs.columns["input"]), len(txs.noted))


@given(st.data())
def test_no_bytes_lead_out_of_the_answer(data: st.DataObject) -> None:
    """Answers that break off or are broken anywhere: what is not valid JSON was refused before, and here it does no harm."""
    sound = json.dumps([log(), log(topics=[HASH] * 4)]).encode()
    at = data.draw(st.integers(0, len(sound)))
    broken = sound[:at] + data.draw(st.binary(max_size=3)) + sound[at + data.draw(st.integers(0, 3)) :]
    for text in (broken, sound[:at]):
        found = scan_logs(memoryview(text))
        assert found is None or found.left_out + len(found.columns["data"]) <= 2


def test_a_large_answer_is_read_by_machine_code_and_one_bad_log_in_it_left_out() -> None:
    """One that is not plain is left to msgspec, and costs nobody else a log."""
    many = [log(logIndex=hex(index), data="0x" + "ab" * 500) for index in range(900)]
    text = json.dumps(many).encode()
    assert len(text) >= wire.MACHINE_BYTES
    broken = json.dumps([*many, log(address="0xabc")]).encode()
    frame, left_out = read_logs(broken)
    assert (900, 1) == (frame.height, left_out)
    assert_frame_equal(frame, read_logs(text)[0])
    with pytest.raises(MalformedError):
        read_logs(text[:-1])
