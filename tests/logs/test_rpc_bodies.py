"""Of a JSON-RPC body only what names the user is looked at, and its methods are events."""

import json
from typing import Any

import polars as pl
import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.logs.formats.records import to_records
from exposure.logs.formats.rpc_bodies import read_body, read_rpc
from tests.logs.logbook import ALICE, BOB, CAROL, NOON, Logbook

SIGNER = Account.from_key("0x" + "11" * 32)
RAW = "0x" + SIGNER.sign_transaction(
    {"nonce": 0, "gasPrice": 1, "gas": 21000, "to": "0x" + "22" * 20, "value": 1, "data": b"", "chainId": 1}
).raw_transaction.hex().removeprefix("0x")  # fmt: skip


def word(address: str) -> str:
    """Pad an address to a word."""
    return address[2:].rjust(64, "0")


def call(method: str, *params: Any) -> dict[str, Any]:
    """Write a request."""
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}


@pytest.mark.parametrize(
    ("request_", "users"),
    [
        (call("eth_getBalance", ALICE, "latest"), ALICE),
        (call("eth_getTransactionCount", ALICE, "pending"), ALICE),
        (call("eth_getCode", ALICE, "latest"), ALICE),
        (call("eth_call", {"to": BOB, "from": ALICE, "data": "0x"}, "latest"), ALICE),
        (call("eth_call", {"to": BOB, "data": "0x70a08231" + word(ALICE)}, "latest"), ALICE),
        (call("eth_call", {"to": BOB, "input": "0xdd62ed3e" + word(ALICE) + word(CAROL)}, "latest"), ALICE),
        (call("eth_call", {"to": BOB, "data": "0x7ecebe00" + word(ALICE)}, "latest"), ALICE),
        (call("eth_call", {"to": BOB, "data": "0xa9059cbb" + word(CAROL) + "f".rjust(64, "0")}, "latest"), ""),
        (call("eth_estimateGas", {"from": ALICE, "to": BOB, "value": "0x1"}), ALICE),
        (call("eth_sendTransaction", {"from": ALICE, "to": BOB}), ALICE),
        (call("eth_sendUserOperation", {"sender": ALICE, "paymaster": BOB}, CAROL), ALICE),
        (call("personal_sign", "0x48656c6c6f", ALICE), ALICE),
        (call("eth_sign", ALICE, "0x48656c6c6f"), ALICE),
        (call("eth_signTypedData_v4", ALICE, json.dumps({"message": {"spender": BOB}})), ALICE),
        (call("eth_sendRawTransaction", RAW), SIGNER.address),
        (call("eth_sendPrivateTransaction", {"tx": RAW}), SIGNER.address),
        (call("eth_sendRawTransaction", "0x1234"), ""),
        (call("eth_sendRawTransaction", None), ""),
        (call("eth_getLogs", {"address": BOB, "topics": ["0x" + word(CAROL)]}), ""),
        (call("eth_blockNumber"), ""),
        ({"method": "eth_getBalance", "params": {"address": ALICE}}, ""),
        ({"method": "eth_getBalance"}, ""),
    ],
)
def test_what_names_the_user(request_: dict[str, Any], users: str) -> None:
    """Who asks for an account, calls, holds, or signs; never the contract or the recipient."""
    assert (users, request_["method"]) == read_body(json.dumps(request_))


def test_holders_inside_a_multicall_are_found() -> None:
    """Sites ask for all balances in one call."""
    inner = "70a08231" + word(ALICE) + "00" * 28
    data = "0x82ad56cb" + word("0x20") + word(BOB) + inner + "4d2301cc" + word(CAROL)
    assert (f"{ALICE} {CAROL}", "eth_call") == read_body(json.dumps(call("eth_call", {"to": BOB, "data": data})))


def test_a_batch_is_read_request_by_request() -> None:
    """Each method once, and each address once."""
    batch = [
        call("eth_getBalance", ALICE),
        call("eth_getBalance", BOB),
        call("eth_chainId"),
        call("eth_getBalance", ALICE),
        7,
    ]
    assert (f"{ALICE} {BOB}", "eth_getBalance,eth_chainId") == read_body(json.dumps(batch))


@pytest.mark.parametrize(
    "body",
    ["", "a=b", "{}", "[]", "[1]", '{"method":"POST"}', '{"method":7}', '{"method":"eth_getBalance"', "[" * 10_000],
)
def test_other_bodies_stay_as_they_are(body: str) -> None:
    """Forms and other JSON are searched as they came."""
    assert None is read_body(body)
    records = to_records(pl.DataFrame({"source": [0], "line": [1], "time": [NOON], "body": [body + ALICE]}))
    assert [body + ALICE] == read_rpc(records).get_column("body").to_list()


@settings(deadline=None)
@given(st.recursive(
    st.none() | st.text(max_size=50) | st.sampled_from([ALICE, RAW, "eth_call", "eth_sendRawTransaction", "personal_sign"]),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.sampled_from(["method", "params", "from", "data", "tx"]), one),
    max_leaves=12,
))  # fmt: skip
def test_no_body_ends_the_run(content: Any) -> None:
    """Bodies are written by anybody."""
    read_body(json.dumps(content))


def test_a_gateways_log_names_its_users_and_an_action_asks_for_the_method(tmp_path: Any) -> None:
    """The whole way: the contract that was called is nobody's sighting."""
    from exposure.incident import Action

    sent = Action(name="sent", words="sent", exposure="approval", match={"event": "eth_sendRawTransaction"})
    book = Logbook(tmp_path, actions=(sent,))
    line = {"time_iso8601": NOON.isoformat(), "remote_addr": "203.0.113.7", "request": "POST / HTTP/1.1", "status": 200}
    bodies = [
        json.dumps(call("eth_call", {"to": BOB, "data": "0x70a08231" + word(ALICE)}, "latest")),
        json.dumps([call("eth_chainId"), call("eth_sendRawTransaction", RAW)]),
    ]
    plain = [json.dumps({**line, "request_body": body}) for body in bodies]
    hexed = [
        json.dumps({**line, "remote_addr": "203.0.113.8", "request_body": "@"}).replace("@", body.replace('"', r"\x22"))
        for body in bodies
    ]
    book.write("a.log", *plain, *hexed)
    assert (4, 0) == (book.read()["parsed"], book.case.read("rejects").height)
    seen = book.rows("sightings", "address", "link", "action")
    assert {(ALICE, "direct", None), (SIGNER.address.lower(), "direct", "sent"), (ALICE, "session", "sent")} == set(
        seen
    )
    assert {"eth_call", "eth_chainId,eth_sendRawTransaction"} == set(book.case.read("requests").get_column("event"))
