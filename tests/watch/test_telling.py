"""What is told, to whom, how often: events from tables and lines, the texts that no longer hold, and the command of --on-event."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from exposure.errors import ExposureError
from exposure.incident import Incident
from exposure.publish.texts.scope import Said, Scope
from exposure.publish.texts.versions import Said as Version
from exposure.tables import TABLES
from exposure.watch.conditions import READS, misfits
from exposure.watch.events import MOST, Event, exposed_in, news, shortened
from exposure.watch.hook import Hook, split_command
from exposure.watch.ledger import Ledger
from exposure.watch.telling import Telling
from tests.logs.logbook import ALICE, BOB, CAROL
from tests.watch.site import Site, wallet

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
_SHORT = "0x52908400098527886E0F7030069857D2E4169EE7"


def _tables(**rows: list[dict[str, Any]]) -> dict[str, pl.DataFrame]:
    """Make tables from rows; the others are empty."""
    names = {*READS, "tokens", *rows}
    return {name: TABLES[name].frame(rows.get(name, [])) for name in names}


def _wallet(address: str, verdict: str, harm: str = "none") -> dict[str, Any]:
    return {
        "address": address,
        "verdict": verdict,
        "harm": harm,
        "actions": "entered_seed_phrase",
        "link_to_incident": "logged",
    }


def _seen(address: str, time: datetime, action: str = "entered_seed_phrase") -> dict[str, Any]:
    return {"address": address, "time": time, "link": "direct", "strength": 1.0, "action": action, "ref": "log:a:7"}


def _said(t1: datetime | None, t2: datetime | None, action: str = "entered_seed_phrase") -> Said:
    iso = [None if time is None else time.isoformat() for time in (t1, t2)]
    return Said("key", action, "entered your recovery phrase", (), iso[0], iso[1], t2 is None, proven=True)


def _version(*said: Said, reviewed: bool = True) -> Version:
    return Version(Scope(NOW.isoformat(), said, (), False, ()), ("initial",), reviewed)


def test_a_victim_before_the_published_start_makes_the_message_wrong() -> None:
    """The worst that a text can do is tell a victim that nothing happened: it is named, with both times."""
    early, inside = NOW - timedelta(minutes=29), NOW
    tables = _tables(
        wallets=[_wallet(ALICE, "compromised", "drained"), _wallet(BOB, "compromised", "drained")],
        sightings=[_seen(ALICE, early), _seen(BOB, inside)],
    )
    found = list(misfits(_version(_said(NOW - timedelta(minutes=20), None)), tables))
    assert ["text_wrong"] == [event.kind for event in found]
    assert (
        f"a victim at 11:31 UTC lies before the published 11:40: message `initial` is wrong ({_SHORT})" == found[0].text
    )
    assert (ALICE, ["initial"], True) == tuple(found[0].facts[name] for name in ("address", "messages", "reviewed"))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            _said(NOW - timedelta(hours=2), NOW - timedelta(hours=1)),
            "a victim at 12:00 UTC lies after the published 11:00",
        ),
        (_said(NOW + timedelta(days=1), None), "a victim at 12:00 UTC lies before the published 2026-03-05 12:00 UTC"),
        (_said(None, None, "signed"), "a victim at 12:00 UTC did entered_seed_phrase, which is not named"),
    ],
    ids=["after", "another day", "another deed"],
)
def test_it_is_said_how_a_victim_lies_to_what_was_published(said: Said, words: str) -> None:
    """Before, after, or doing what no text names; nobody has read the texts yet, so that they are drafts."""
    tables = _tables(wallets=[_wallet(ALICE, "compromised")], sightings=[_seen(ALICE, NOW)])
    found = list(misfits(_version(said, reviewed=False), tables))
    assert [f"{words}: draft `initial` is wrong ({_SHORT})"] == [event.text for event in found]


def test_who_is_not_proven_or_not_of_this_incident_makes_no_text_wrong() -> None:
    """One drainer runs on many sites; and a base rate proves nobody a victim."""
    early = NOW - timedelta(hours=1)
    tables = _tables(
        wallets=[
            _wallet(ALICE, "probable", "drained"),
            _wallet(BOB, "exposed"),
            _wallet(CAROL, "compromised", "drained") | {"link_to_incident": "chain_only"},
        ],
        sightings=[_seen(ALICE, early), _seen(BOB, early), _seen(CAROL, early)],
    )
    assert [] == list(misfits(_version(_said(NOW, None)), tables))
    assert [] == list(misfits(None, tables))


def test_each_news_is_a_sentence_and_its_fields() -> None:
    """A new victim with its loss to the last unit, and a new attacker; what was known before is no news."""
    token = "0x" + "5" * 40
    loss = {
        "chain_id": 1, "transaction_hash": "0x" + "ab" * 32, "log_index": 3, "address": ALICE, "token": token,
        "amount": "1500000000000000001", "attacker": BOB, "time": NOW,
    }  # fmt: skip
    before = _tables(wallets=[_wallet(ALICE, "exposed"), _wallet(CAROL, "probable")])
    after = _tables(
        wallets=[
            _wallet(ALICE, "compromised", "partly_drained"),
            _wallet(CAROL, "compromised"),
            _wallet(BOB, "exposed"),
        ],
        losses=[loss],
        attackers=[{"address": BOB, "role": "sink", "origin": "discovered", "confirmed": False, "exclusive": False}],
        tokens=[{"chain_id": 1, "token_address": token, "standard": "erc20", "symbol": "USDX", "decimals": 18}],
    )
    site = Incident(folder=Path(), name="site", title="Site")
    assert [] == news(after, after, site)
    found = {event.kind: event for event in news(before, after, site)}
    assert {"victim", "exposed", "loss", "attacker"} == set(found)
    assert f"{_SHORT} is compromised (partly drained)" == found["victim"].text
    assert "lost 1.500000000000000001 USDX to 0x8617E340B3D01FA5F11F306F4090FD50E238070D" in found["loss"].text
    assert "1500000000000000001" == found["loss"].facts["amount"]
    assert (
        "0x8617E340B3D01FA5F11F306F4090FD50E238070D was discovered as the attacker's sink; a person must confirm it"
        == found["attacker"].text
    )


def test_who_did_x_is_told_from_the_line_itself(tmp_path: Path) -> None:
    """Before any table is made: the address, what was done, when, and the line; not whose browser it was."""
    site = Site(tmp_path / "case")
    site.write(3)  # the first wallet of them, 0x…01, is nobody's
    events: list[Event] = []
    site.follower.look(site.incident, lambda source, digest: events.extend(exposed_in(digest, source, site.incident)))
    source = site.tables()["sources"].item(0, "source")
    assert [wallet(2), wallet(3)] == [event.facts["address"] for event in events]
    data = events[0].to_json("site", NOW)
    assert {
        "kind": "exposed",
        "id": events[0].id,
        "incident": "site",
        "as_of": "2026-03-04T12:00:00+00:00",
        "text": "0x0000000000000000000000000000000000000002 did entered_seed_phrase at 2026-03-04 12:00:02 UTC",
        "address": wallet(2),
        "action": "entered_seed_phrase",
        "time": "2026-03-04T12:00:02+00:00",
        "ref": f"log:{source}:2",
    } == data
    assert "203.0.113" not in json.dumps(data)


def test_a_flood_is_counted() -> None:
    """A bot that asks for a million addresses must not run a command a million times."""
    many = [Event("exposed", str(number), f"wallet {number}") for number in range(MOST + 5)]
    given = shortened([*many, Event("loss", "x", "a loss")])
    assert MOST + 2 == len(given)
    assert ["and 5 more of the kind exposed: see the sheet"] == [event.text for event in given if event.kind == "more"]


def test_everything_is_told_once_though_the_watch_is_killed(tmp_path: Path) -> None:
    """What was told stands in the ledger before it is told again."""
    said: list[str] = []

    def telling() -> Telling:
        return Telling(tmp_path, lambda line, _: said.append(line), None, said.append)

    event = Event("victim", ALICE, "Alice is a victim")
    telling().tell([event, event], "site", NOW)
    telling().tell([event], "site", NOW)
    assert ["!!! VICTIM: Alice is a victim"] == said


def test_what_was_there_before_anybody_watched_is_no_news(tmp_path: Path) -> None:
    """The first look says nothing of the two hundred victims that a run has found; the next one tells the next."""
    said: list[str] = []
    telling = Telling(tmp_path, lambda line, _: said.append(line), None, said.append)
    assert telling.fresh
    telling.know([Event("victim", ALICE, "Alice")])
    assert not telling.fresh
    telling.tell([Event("victim", ALICE, "Alice"), Event("victim", BOB, "Bob")], "site", NOW)
    assert ["!!! VICTIM: Bob"] == said


def _program(folder: Path, code: str) -> list[str]:
    path = folder / "hook.py"
    path.write_text(code)
    return [sys.executable, str(path)]


def test_the_command_gets_one_object_on_its_standard_input(tmp_path: Path) -> None:
    """What the data says is data: no shell ever sees it."""
    out = tmp_path / "out"
    command = _program(tmp_path, f"import sys; open({str(out)!r}, 'a').write(repr(sys.argv[1:]) + sys.stdin.read())")
    ledger_done: list[str] = []
    failed: list[str] = []
    hook = Hook(command, ledger_done.append, failed.append)
    hostile = "$(touch /tmp/owned); `id` \" ' \n"
    hook.send({"id": "1", "kind": "loss", "text": hostile})
    hook.close(30)
    assert ["1"] == ledger_done
    assert [] == failed
    text = out.read_text()
    assert text.startswith("[]")
    assert hostile == json.loads(text[2:])["text"]


def test_a_command_that_fails_is_told_and_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chat that is down: three tries, a sentence, and the event waits for the next watch."""
    monkeypatch.setattr("exposure.watch.hook._PAUSES", (0.01, 0.01))
    tries = tmp_path / "tries"
    command = _program(tmp_path, f"import sys; open({str(tries)!r}, 'a').write('x'); sys.exit(7)")
    failed: list[str] = []
    ledger = Ledger(tmp_path / "told.json")
    ledger.note(["1"], [{"id": "1", "kind": "loss"}])
    hook = Hook(command, ledger.took, failed.append)
    hook.send({"id": "1", "kind": "loss"})
    hook.close(60)
    assert ["the command of --on-event failed for loss 1: it ended with 7"] == failed
    assert "xxx" == tries.read_text()
    assert ["1"] == [event["id"] for event in Ledger(tmp_path / "told.json").waiting()]


def test_a_command_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And its children with it."""
    monkeypatch.setattr("exposure.watch.hook._PAUSES", ())
    command = _program(tmp_path, "import time; time.sleep(600)")
    failed: list[str] = []
    hook = Hook(command, lambda _: None, failed.append, seconds=0.3)
    hook.send({"id": "1", "kind": "loss"})
    hook.close(60)
    assert ["the command of --on-event failed for loss 1: it took longer than 0.3 seconds and was ended"] == failed


def test_what_no_command_has_taken_is_handed_over_by_the_next_watch(tmp_path: Path) -> None:
    """Killed between the telling and the command: nothing is lost to the chat."""
    out = tmp_path / "out"
    Ledger(tmp_path / "told.json").note(["1"], [{"id": "1", "kind": "loss"}])
    command = _program(tmp_path, f"import sys; open({str(out)!r}, 'a').write(sys.stdin.read())")
    telling = Telling(tmp_path, lambda *_: None, command, lambda _: None)
    telling.close()
    assert {"id": "1", "kind": "loss"} == json.loads(out.read_text())
    assert [] == Ledger(tmp_path / "told.json").waiting()


@pytest.mark.parametrize("text", ["", "  ", "'unclosed"])
def test_a_command_that_is_none_is_refused(text: str) -> None:
    """Before the watch begins, not at the first victim."""
    with pytest.raises(ExposureError, match="--on-event"):
        split_command(text)


def test_a_command_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A typing error in a path ends no watch."""
    monkeypatch.setattr("exposure.watch.hook._PAUSES", ())
    failed: list[str] = []
    hook = Hook([str(tmp_path / "nothing")], lambda _: None, failed.append)
    hook.send({"id": "1", "kind": "loss"})
    hook.close(30)
    assert [
        "the command of --on-event failed for loss 1: it could not be started (No such file or directory)"
    ] == failed
