"""The sample incident as it happened: its chain is played and its logs grow while a watch runs, as people would run it."""

import gzip
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from exposure.case import Case
from exposure.console import Silent
from exposure.drill import script as scripts
from exposure.drill.demo import sample_folder
from exposure.drill.node import Node
from exposure.drill.replay import anvil_for, play
from exposure.incident_toml import load_incident
from exposure.pipeline import Pipeline
from exposure.publish.texts.review import Review, hash_text
from exposure.publish.texts.review_store import facts_hash, write_reviews
from tests.watch.running import Watching
from tests.watch.site import same_bytes

_TIME = re.compile(rb"\[([^\]]{26})\]")
_MORNING, _EVENING = (datetime(2026, 3, 4, hour, tzinfo=UTC) for hour in (7, 20))


class Drill:
    """A case with the sample's chain, not yet played, and its server's log, not yet written; both go on with `until`."""

    def __init__(self, folder: Path, node: Node) -> None:
        self.folder = folder
        self.node = node
        self.case = Case(folder)
        self._script = scripts.read(sample_folder() / "transactions.json")
        self._lines = sorted(_lines(), key=lambda row: row[0])
        self._steps = list(self._script.steps)
        self.log = folder / "logs" / "access.log"
        self.log.parent.mkdir(parents=True)
        node.call("anvil_setNextBlockBaseFeePerGas", hex(self._script.base_fee))
        toml = (sample_folder() / "incident.toml").read_text()
        # the attack goes on: nobody knows yet when it will be over; and somebody is wrong about when it began
        toml = re.sub(
            r'\[\[fact\]\]\nkind   = "(?:detected|first_known_good|public_notice)".*?\n\n', "", toml, flags=re.DOTALL
        )
        toml = re.sub(r'\[\[logs\]\]\npath = "logs/cdn.*?\n\n', "", toml, flags=re.DOTALL)
        toml = toml.replace('"logs/origin/access.log-*.gz"', '"logs/access.log*"').replace('"contained"', '"ongoing"')
        self._toml = toml
        self.believe("11:30")

    def believe(self, start: str) -> None:
        """Write incident.toml, as somebody does who believes that it began no earlier."""
        (self.folder / "incident.toml").write_text(
            self._toml.replace("2026-03-04T09:00:00Z", f"2026-03-04T{start}:00Z")
        )

    def until(self, clock: str) -> None:
        """Let the story go on until a time of 4 March 2026."""
        moment = datetime.fromisoformat(f"2026-03-04T{clock}:00+00:00")
        now = [step for step in self._steps if _when(step) <= moment.timestamp()]
        self._steps = self._steps[len(now) :]
        play(self.node, now)
        new = [line for time, line in self._lines if time <= moment]
        self._lines = self._lines[len(new) :]
        with self.log.open("ab") as file:
            file.write(b"".join(new))

    def at_head(self) -> bool:
        """Tell whether the tables are those of the chain's head and of all lines."""
        head = int(self.node.call("eth_blockNumber"), 16)
        seen = self.case.read_manifest().get("as_of", {}).get("chains", {}).get("1", {}).get("number")
        lines = self.log.read_bytes().count(b"\n")
        return bool(head == seen and lines == self.case.read("sources").get_column("lines").sum())

    def publish(self) -> None:
        """Write the texts, and let a second person read `initial`."""
        incident = load_incident(self.folder, {"ETH_RPC_URL": ""})
        with self.case.lock():
            Pipeline(incident, self.case, Silent(), datetime.now(UTC)).advise()
            file = self.case.advisory / "initial.md"
            sha256 = hash_text(file.read_text())
            time = datetime.now(UTC)
            write_reviews(self.case, [Review(file.name, "Ada", "Bob", time, sha256, facts_hash(self.case))])


def _lines() -> Iterator[tuple[datetime, bytes]]:
    """Give the server's lines of the day of the attack until its evening, with their times; torn ones follow the one before."""
    time = _MORNING
    for path in sorted((sample_folder() / "logs" / "origin").glob("*.gz")):
        for line in gzip.decompress(path.read_bytes()).splitlines(keepends=True):
            found = _TIME.search(line)
            with suppress(ValueError):
                time = datetime.strptime(found[1].decode(), "%d/%b/%Y:%H:%M:%S %z") if found else time
            if _MORNING <= time < _EVENING:
                yield time, line


def _when(step: dict[str, object]) -> float:
    return float(str(step.get("mine", step.get("first", 0))))


@pytest.fixture
def drill(tmp_path: Path) -> Iterator[tuple[Drill, str]]:
    """A drill, and the URL of its node."""
    with anvil_for(sample_folder() / "transactions.json") as anvil, Node(anvil.url) as node:
        yield Drill(tmp_path / "case", node), anvil.url


def test_an_attack_is_watched_from_its_first_hour_to_its_end(
    drill: tuple[Drill, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The published start is wrong, a victim shows it, the watch is killed, the start is corrected: in the end all is right."""
    story, url = drill
    monkeypatch.setenv("ETH_RPC_URL", url)
    story.until("11:00")
    with Watching(story.folder, "--every", "0.5") as watching:
        watching.wait_until(
            lambda: story.at_head() and story.case.sheet.joinpath("affected.xlsx").exists(), "a first sheet"
        )
        assert [] == watching.events  # what was there before is no news
        story.publish()
        story.until("12:00")
        watching.wait_until(lambda: bool(watching.kinds("text_wrong")), "the warning")
        wrong = watching.kinds("text_wrong")[0]
        told = story.folder / "watch" / "told.json"
        watching.wait_until(lambda: wrong["id"] in told.read_text(), "the note that it was told")
        watching.kill()
    said = r"a victim at 09:3\d UTC lies before the published 11:30: message `initial` is wrong \(0x[0-9a-fA-F]{40}\)"
    assert re.fullmatch(said, wrong["text"])
    story.believe("09:00")
    story.until("20:00")
    with Watching(story.folder, "--every", "0.5") as watching:
        watching.wait_until(story.at_head, "the evening's tables")
        watching.wait_until(
            lambda: any(f"ethereum to block {_head(story):,}" in line for line in watching.lines), "the line"
        )
        # who was told of is not told of again; others whom the text that people know does not describe are
        assert wrong["id"] not in {event["id"] for event in watching.kinds("text_wrong")}
        assert len(watching.kinds("victim")) > 5
        watching.stop()
    _is_right(story, tmp_path)


def _head(story: Drill) -> int:
    return int(story.node.call("eth_blockNumber"), 16)


def _is_right(story: Drill, tmp_path: Path) -> None:
    """The tables name the wallets of the truth, and are those of one run over the same data."""
    now = story.case.now()
    assert now is not None
    fresh = tmp_path / "run"
    fresh.mkdir()
    shutil.copytree(story.folder / "logs", fresh / "logs")
    for name in ("incident.toml", ".pseudonym.key"):
        shutil.copy(story.folder / name, fresh)
    run = Case(fresh)
    with run.lock():
        Pipeline(load_incident(fresh), run, Silent(), now).run(head="latest")
    assert [] == same_bytes(story.case, run)
    truth = pl.read_parquet(sample_folder() / "truth.parquet")
    robbed = truth.filter(pl.col("harmed") & (pl.col("harmed_at") < _EVENING)).get_column("address")
    found = dict(story.case.read("wallets").select("address", "verdict").iter_rows())
    called = {address for address, verdict in found.items() if verdict in ("compromised", "probable")}
    unharmed = set(truth.filter(~pl.col("harmed") & ~pl.col("exposed")).get_column("address"))
    assert set(robbed) <= called
    assert set() == called & unharmed
