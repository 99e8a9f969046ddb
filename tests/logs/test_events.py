"""Exports of analytics, error reports and sign-ins name wallets that no web server saw."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from exposure.incident import Action
from exposure.logs.addresses import find_in_text
from exposure.logs.formats.known import FORMATS, detect
from tests.logs.logbook import ALICE, BOB, NOON, Logbook, combined
from tests.logs.test_json_formats import first

KEY = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
UNLOCKED = Action(name="unlocked", words="unlocked", exposure="key", match={"event": "^unlock", "version": r"^2\.68"})


@pytest.fixture
def logbook(tmp_path: Path) -> Iterator[Logbook]:
    """A case that asks for an event of one version."""
    return Logbook(tmp_path, actions=(UNLOCKED,))


SEGMENT = {
    "anonymousId": "23adfd82-aa0f-45a7-a756-24f2a7a4c895",
    "context": {
        "app": {"version": "2.68.0"}, "ip": "108.0.78.21", "library": {"name": "analytics.js", "version": "2.11.1"},
        "page": {"path": "/unlock", "referrer": "https://a.example/", "url": "https://app.example/unlock?x"},
        "userAgent": "Mozilla/5.0", "traits": {"wallet_address": ALICE},
    },
    "event": "unlocked", "integrations": {}, "messageId": "ajs-f8ca", "originalTimestamp": "2026-03-04T11:59:00.000Z",
    "properties": {"to": BOB}, "receivedAt": "2026-03-04T12:00:01.000Z", "sentAt": "2026-03-04T12:00:00.500Z",
    "timestamp": "2026-03-04T12:00:00.000Z", "type": "track", "userId": "u-97980", "version": "1.1",
}  # fmt: skip
AMPLITUDE = {
    "$insert_id": "5f0adeff", "amplitude_id": 2345, "app": 2000, "client_event_time": "2026-03-04 11:59:59.912000",
    "device_id": "C8F9E604-F01A-4BD9-95C6", "event_id": 1, "event_properties": {"walletAddress": ALICE, "token": BOB},
    "event_time": "2026-03-04 12:00:00.000000", "event_type": "unlocked", "ip_address": "127.0.0.1", "platform": "Web",
    "session_id": 1396381378123, "user_id": "datamonster@example.com", "user_properties": {}, "uuid": "bf0b9b2a",
    "version_name": "2.68.0",
}  # fmt: skip
MIXPANEL = {
    "event": "unlocked",
    "properties": {
        "time": 1772625600, "distinct_id": ALICE, "$browser": "Chrome", "$current_url": "https://app.example/unlock",
        "$insert_id": "29fc2962-6d9c-455d-95ad-95b84f09b9e4", "$app_version_string": "2.68.0", "ip": "136.24.0.114",
    },
}  # fmt: skip
POSTHOG = {
    "uuid": "0188f3a4-7a1b", "event": "unlocked", "team_id": 1, "distinct_id": "0188f3a4-0000", "timestamp":
    "2026-03-04T12:00:00.000000Z", "created_at": "2026-03-04T12:00:01Z", "properties": json.dumps({
        "$ip": "203.0.113.7", "$session_id": "s-1", "$current_url": "https://app.example/unlock", "$lib": "web",
        "$raw_user_agent": "Mozilla/5.0", "$set": {"wallet": ALICE}, "$app_version": "2.68.0",
    }),
}  # fmt: skip
SENTRY = {
    "event_id": "fc6d8c0c43fc4630ad850ee518f1b9d0", "culprit": "unlock(app)", "timestamp": "2026-03-04T12:00:00.000Z",
    "platform": "javascript", "release": "2.68.0", "environment": "production", "message": "unlock failed",
    "request": {"url": "https://app.example/unlock", "headers": [["User-Agent", "Mozilla/5.0"]]},
    "tags": [["browser", "Chrome 126"], ["wallet", ALICE]], "user": {"id": "1", "ip_address": "203.0.113.7"},
}  # fmt: skip
GA4 = {
    "event_date": "20260304", "event_timestamp": "1772625600000000", "event_name": "unlocked",
    "event_params": [
        {"key": "ga_session_id", "value": {"string_value": None, "int_value": "1772625000"}},
        {"key": "page_location", "value": {"string_value": "https://app.example/unlock", "int_value": None}},
        {"key": "app_version", "value": {"string_value": "2.68.0"}},
    ],
    "user_pseudo_id": "1026454.4271112504", "device": {"web_info": {"hostname": "app.example"}},
    "user_properties": [{"key": "wallet_address", "value": {"string_value": ALICE, "set_timestamp_micros": "1"}}],
}  # fmt: skip
PLAIN = {
    "time": "2026-03-04T12:00:00Z", "address": ALICE, "event": "unlocked", "session": "s", "version": "2.68.0", "chain": 1,
    "connector": "injected",
}  # fmt: skip
EXPORTS = {
    "segment": SEGMENT, "amplitude": AMPLITUDE, "mixpanel": MIXPANEL, "posthog": POSTHOG, "sentry": SENTRY,
    "ga4_bigquery": GA4, "plain": PLAIN,
}  # fmt: skip


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_found_and_read(name: str) -> None:
    """Who, when, what, with which version; addresses of others stay out of it."""
    found = detect([json.dumps(EXPORTS[name])])
    assert found is not None
    assert name == found.name
    row = first(name, EXPORTS[name])
    assert (NOON, "unlock failed" if name == "sentry" else "unlocked", "2.68.0") == (
        row["time"],
        row["event"],
        row["version"],
    )
    assert [ALICE] == find_in_text(row["body"])
    assert row["session"]
    if name not in ("amplitude", "plain"):
        assert ("app.example", "/unlock") == (row["host"], row["target"].split("?")[0])


def test_a_sign_in_message_says_all_by_itself() -> None:
    """EIP-4361 text, as the example in the standard has it."""
    message = (
        f"example.com wants you to sign in with your Ethereum account:\n{ALICE}\n\nI accept the Terms of Service\n\n"
        "URI: https://example.com/login\nVersion: 1\nChain ID: 1\nNonce: 32891756\nIssued At: 2026-03-04T12:00:00Z"
    )
    row = first("siwe", {"message": message, "signature": "0x00"})
    assert (NOON, "example.com", "sign_in", [ALICE]) == (
        row["time"],
        row["host"],
        row["event"],
        find_in_text(row["body"]),
    )
    session = {
        "session_id": "s1",
        "siwe": {"address": ALICE, "domain": "example.com", "issuedAt": "2026-03-04T12:00:00Z"},
    }
    assert (NOON, "example.com", "s1", ALICE) == tuple(
        first("siwe", session)[key] for key in ("time", "host", "session", "body")
    )


def test_an_event_exposes_those_of_the_version_alone(logbook: Logbook) -> None:
    """For an extension the exposure of a user ends when that user's version changes."""
    later = {**PLAIN, "version": "2.69.0", "time": "2026-03-05T12:00:00Z"}
    other = {**PLAIN, "address": BOB, "session": "t", "version": "2.67.0"}
    logbook.write("events.jsonl", *map(json.dumps, (PLAIN, later, other)), listed=False)
    logbook.name("events.jsonl", kind="events")
    logbook.read()
    assert [(ALICE, "event", "unlocked"), (ALICE, "event", None), (BOB, "event", None)] == logbook.rows(
        "sightings", "address", "link", "action"
    )
    assert [("events", "plain")] == logbook.rows("sources", "kind", "format")


def test_a_session_ties_an_event_to_the_wallet_that_another_names(logbook: Logbook) -> None:
    """The session id is the client, where there is no IP address."""
    unlock = {key: value for key, value in PLAIN.items() if key != "address"}
    connect = {**PLAIN, "event": "connect", "time": "2026-03-04T11:59:00Z"}
    logbook.write(
        "events.jsonl", *map(json.dumps, (connect, unlock, {**PLAIN, "address": BOB, "session": "t", "event": "x"}))
    )
    logbook.logs[0] = logbook.logs[0].model_copy(update={"kind": "events"})
    logbook.read()
    seen = logbook.rows("sightings", "address", "link", "action")
    assert (ALICE, "session", "unlocked") in seen
    assert not [row for row in seen if row[0] == BOB and row[2]]


def test_events_that_name_no_address_are_said(logbook: Logbook) -> None:
    """Else nobody would notice that the mapping is missing."""
    line = {"time": "2026-03-04T12:00:00Z", "event": "unlock", "who": ALICE}
    logbook.write("events.jsonl", json.dumps(line), listed=False)
    logbook.name("events.jsonl", kind="events")
    logbook.read()
    assert any(
        "no event names an address: tell under fields = { address = ... } where it stands" in note
        for note in logbook.notes()
    )
    logbook.logs = [logbook.logs[0].model_copy(update={"fields": {"address": "who"}})]
    logbook.read()
    assert not any("no event names" in note for note in logbook.notes())
    assert [(ALICE,)] == logbook.rows("sightings", "address")


@pytest.mark.parametrize("name", ["sentry", "segment", "plain"])
def test_a_secret_in_an_event_is_written_nowhere(logbook: Logbook, name: str) -> None:
    """Slope's app sent phrases to an error tracker: in names, messages, versions, sessions."""
    line: dict[str, Any] = json.loads(json.dumps(EXPORTS[name]))
    line |= {
        "event": f"unlock {KEY}",
        "message": f"unlock {KEY} {ALICE}",
        "version": KEY,
        "release": KEY,
        "session": KEY,
    }
    logbook.write("events.jsonl", json.dumps(line), json.dumps({"x": KEY}), '{"broken": "' + KEY)
    logbook.read()
    for file in logbook.folder.rglob("*.parquet"):
        assert KEY not in str(pl.read_parquet(file).to_dicts())


def test_lines_that_are_no_events_do_not_become_such(logbook: Logbook) -> None:
    """An access log under kind = events is read as what it is, and said."""
    logbook.write("access.log", combined(), listed=False)
    logbook.write("good.jsonl", json.dumps(PLAIN))
    logbook.name("access.log", kind="events")
    problems = logbook.read()["problems"]
    assert any("access.log holds two formats: 1 of 1 line were read as combined" in text for text in problems)


def test_every_event_format_says_that_it_is_one() -> None:
    """So their addresses are linked as events."""
    assert set(EXPORTS) | {"siwe"} == {name for name, known in FORMATS.items() if known.events}
