"""The chain's side on a real node: its head moves, its endpoint is gone for a while, its last blocks are replaced."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from exposure.case import Case
from exposure.chain.client import Patience
from exposure.console import Silent
from exposure.drill.anvil import Anvil
from exposure.incident_toml import load_incident
from exposure.pipeline import Pipeline
from exposure.watch.clock import as_of
from exposure.watch.follow import Follower
from exposure.watch.heads import pace
from exposure.watch.look import Clocks, Looker, State
from exposure.watch.telling import Telling
from tests.chain.proxy import Asked, DropError, Forward, Proxy, honest
from tests.drill.playground import ETHER, Chain
from tests.logs.logbook import combined
from tests.watch.site import same_bytes

_TOML = """
[incident]
name  = "watched"
title = "A watched site"
site  = ["site.example"]

[[logs]]
path = "logs/access.log*"

[[action]]
name     = "entered_seed_phrase"
words    = "entered your recovery phrase"
exposure = "key"
match    = { method = "POST", path = '^/api/unlock/mnemonic' }

[[attacker]]
address = "SINK"
role    = "sink"

[[chain]]
name = "anvil"
id   = 31337
rpc  = ["URL"]
"""


async def gone(asked: Asked, forward: Forward) -> web.Response | None:
    """Answer nobody."""
    raise DropError


class Watched:
    """A case with one chain, and a watch whose looks and clocks the test moves by hand."""

    def __init__(self, folder: Path, url: str, sink: str) -> None:
        self.folder = folder
        (folder / "logs").mkdir(parents=True)
        (folder / "incident.toml").write_text(_TOML.replace("URL", url).replace("SINK", sink.lower()))
        self.case = Case(folder)
        self.events: list[dict[str, Any]] = []
        self.seconds = 0.0
        self.start()

    def start(self) -> None:
        """Begin to watch."""
        clocks = Clocks(lambda: datetime.now(UTC).replace(microsecond=0), lambda: self.seconds)
        telling = Telling(self.folder / "watch", lambda _, event: self.events.append(event), None, print)
        self.looker = Looker(
            self.case, Follower(self.case), telling, Silent(), clocks, stop=lambda: False, head="latest", once=False,
            patience=Patience(tries=2, first=0.01, longest=0.02, timeout=5.0),
        )  # fmt: skip

    def look(self) -> State:
        """Look once, a minute after the last time."""
        self.seconds += 60
        return self.looker.look(load_incident(self.folder))

    def did(self, who: str) -> None:
        """Let somebody enter their phrase."""
        with (self.folder / "logs" / "access.log").open("a") as file:
            time = datetime.now(UTC).replace(microsecond=0)
            file.write(
                combined(f"/api/unlock/mnemonic?a={who.lower()}", time, method="POST", ip=f"203.0.113.{who[-1]}") + "\n"
            )

    def verdicts(self) -> dict[str, str]:
        """Give each wallet's verdict."""
        return dict(self.case.read("wallets").select("address", "verdict").iter_rows())

    def robbed(self) -> set[str]:
        """Give who lost something."""
        return set(self.case.read("losses").get_column("address"))

    def told(self, kind: str) -> list[str]:
        """Give the addresses of the events of a kind."""
        return [event["address"] for event in self.events if event["kind"] == kind]

    def one_run(self, folder: Path) -> Case:
        """Run once over the same data, in a case of its own with the same key and time."""
        folder.mkdir()
        shutil.copytree(self.folder / "logs", folder / "logs")
        for name in (".pseudonym.key", "incident.toml"):
            shutil.copy(self.folder / name, folder)
        case = Case(folder)
        now = self.case.now()
        assert now is not None
        with case.lock():
            Pipeline(load_incident(folder), case, Silent(), now).run(head="latest")
        return case


def test_losses_come_and_go_with_the_chain(fresh_anvil: Anvil, tmp_path: Path) -> None:
    """A loss shows with its block; an outage is said and hides nothing; a block that is replaced takes its loss away."""
    chain = Chain(fresh_anvil)
    payers = chain.web3.eth.accounts[6:8]
    alice, bob = (one.lower() for one in payers)
    with Proxy(fresh_anvil.url) as proxy:
        watched = Watched(tmp_path / "case", proxy.url, chain.sink)
        watched.did(alice)
        state = watched.look()
        assert [] == state.notes
        assert {alice: "exposed"} == watched.verdicts()
        chain.pay(payers[0], chain.sink, ETHER)
        state = watched.look()
        assert f"anvil to block {chain.web3.eth.block_number}" in state.status
        assert {alice: "compromised"} == watched.verdicts()
        assert ([alice], [alice]) == (watched.told("victim"), watched.told("loss"))

        _outage(watched, proxy, bob)

        chain.pay(payers[1], chain.sink, ETHER)
        watched.seconds += 1_000
        assert [] == watched.look().notes
        assert {alice: "compromised", bob: "compromised"} == watched.verdicts()
        assert [alice, bob] == watched.told("loss")

        fresh_anvil.call("anvil_reorg", 1, [])
        watched.look()
        assert {alice} == watched.robbed()
        assert {alice: "compromised", bob: "exposed"} == watched.verdicts()
        looks = watched.looker.state.tables
        watched.look()
        assert looks == watched.looker.state.tables  # nothing is new: nothing is made anew
        assert [] == same_bytes(watched.case, watched.one_run(tmp_path / "run"))


def _outage(watched: Watched, proxy: Proxy, bob: str) -> None:
    """The endpoint is gone: logs go on, what the chain told before stands, and it is asked less and less often."""
    proxy.fault = gone
    before = (watched.robbed(), watched.case.read_manifest()["as_of"]["chains"])
    watched.did(bob)
    state = watched.look()
    since = f"anvil has not answered since {datetime.now(UTC):%H:}"
    assert 1 == sum(note.startswith(since) for note in state.notes)
    assert before == (watched.robbed(), watched.case.read_manifest()["as_of"]["chains"])
    assert "exposed" == watched.verdicts()[bob]
    assert bob in watched.told("exposed")
    for _ in range(3):
        watched.look()
    asked = len(proxy.asked)
    watched.seconds -= 59
    watched.look()
    assert asked == len(proxy.asked)
    assert proxy.url not in (watched.folder / "manifest.json").read_text()
    proxy.fault = honest


def test_between_two_looks_other_commands_have_the_case(tmp_path: Path) -> None:
    """`exposure review` and the like work while a case is watched."""
    watched = Watched(tmp_path / "case", "http://127.0.0.1:9", "0x" + "5" * 40)
    watched.did("0x" + "7" * 40)
    watched.look()
    with watched.case.lock():
        watched.did("0x" + "8" * 40)
        state = watched.look()
        assert 1 == sum(note.startswith("no new tables: the case folder") for note in state.notes)
    watched.look()
    assert {"0x" + "7" * 40, "0x" + "8" * 40} == set(watched.verdicts())


def test_a_sheet_that_somebody_has_open_is_written_when_it_is_closed(tmp_path: Path) -> None:
    """What is written under an open spreadsheet is overwritten by its next save: tables go on, the sheet waits."""
    watched = Watched(tmp_path / "case", "http://127.0.0.1:9", "0x" + "5" * 40)
    watched.did("0x" + "7" * 40)
    watched.look()
    sheet = watched.case.sheet / "affected.xlsx"
    before = sheet.read_bytes()
    lock = watched.case.sheet / ".~lock.affected.xlsx#"
    lock.write_text(",Ada Lovelace,desk,04.03.2026 12:00,file:///x;")
    watched.did("0x" + "8" * 40)
    state = watched.look()
    assert (2, before) == (len(watched.verdicts()), sheet.read_bytes())
    said = "the sheet was not written: Ada Lovelace has affected.xlsx open (.~lock.affected.xlsx#); it is as soon as it is closed"
    assert said in state.status
    lock.unlink()
    (watched.case.sheet / "~$affected.xlsx").write_bytes(b"\x03Ada")
    assert "somebody has affected.xlsx open (~$affected.xlsx)" in watched.look().status
    (watched.case.sheet / "~$affected.xlsx").unlink()
    assert "not written" not in watched.look().status
    assert before != sheet.read_bytes()


@pytest.mark.parametrize(
    ("wall", "last", "head", "time", "odd"),
    [
        ("12:00", None, None, "12:00", ""),
        ("12:01", "12:00", "12:00", "12:01", ""),
        ("11:00", "12:00", None, "12:00", "went back to"),
        ("11:59", "12:00", None, "12:00", ""),
        ("11:00", "12:00", "12:01", "12:01", "is behind the chain"),
        ("12:00", "23:00", "12:00", "12:00", "was ahead, and was set back"),
        ("12:00", "23:00", None, "23:00", "went back to"),
    ],
    ids=["first", "on", "back", "a little back", "behind the chain", "ahead and corrected", "ahead, no chain"],
)
def test_a_clock_that_jumps_makes_nothing_vanish(
    wall: str, last: str | None, head: str | None, time: str, odd: str
) -> None:
    """Rows from the future do not count, so that the time of a look must not go back; the chain tells which clock is wrong."""

    def at(text: str | None) -> datetime | None:
        return None if text is None else datetime.fromisoformat(f"2026-03-04T{text}:00+00:00")

    now = at(wall)
    assert now is not None
    found, remark = as_of(now, at(last), at(head))
    assert at(time) == found
    assert odd in remark
    assert bool(odd) == bool(remark)


def test_the_pace_is_a_block_of_the_fastest_chain(tmp_path: Path) -> None:
    """Within bounds: chains with four blocks a second are not asked four times a second."""
    watched = Watched(tmp_path / "case", "http://127.0.0.1:9", "0x" + "5" * 40)
    incident = load_incident(watched.folder)
    assert 12.0 == pace(incident)
    fast = incident.chains[0].model_copy(update={"id": 42161})
    assert 2.0 == pace(incident.model_copy(update={"chains": (*incident.chains, fast)}))
