"""The command itself: killed at any moment, stopped in order, and one watch for a case."""

import json
import random
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread
from time import sleep

import pytest

from exposure.case import Case
from tests.watch.running import Watching
from tests.watch.site import Site, same_bytes
from tests.watch.test_chain import _TOML

_RPC = "http://127.0.0.1:9"  # nobody answers there


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A case whose logs are all there is: its chain never answers."""
    site = Site(tmp_path / "case")
    (site.folder / "incident.toml").write_text(_TOML.replace("URL", _RPC).replace("SINK", "0x" + "5" * 40))
    return site


def _numbers(case: Case) -> list[int]:
    """Give the numbers of the lines that the tables hold, a line that is there twice twice."""
    return sorted(int(path[-40:], 16) for path in case.read("requests").get_column("path"))


def _once(folder: Path) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-m", "exposure", "watch", str(folder), "--once", "--json", "--now", "2026-03-05T00:00:00Z"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert 1 == done.returncode, done.stderr  # done, and somebody must see to the endpoint
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_killed_at_random_moments_while_the_logs_rotate(site: Site, tmp_path: Path) -> None:
    """Three kills, a server that never pauses, rotations: afterwards each line is there once, as one run over the files says."""
    dice = random.Random(11)
    over = Event()

    def serve() -> None:
        while not over.is_set():
            for _ in range(dice.randrange(5, 20)):
                site.write(dice.randrange(1, 8))
                sleep(0.02)
            site.rename()

    site.write(50)
    server = Thread(target=serve)
    server.start()
    try:
        for _ in range(3):
            with Watching(site.folder, "--every", "0.1") as watching:
                watching.wait_until(
                    lambda: bool(list((site.folder / "watch").glob("logs/*/*.digest"))), "a first digest"
                )
                sleep(dice.uniform(0.0, 1.5))
                watching.kill()
            for path in site.case.data.glob("*.parquet"):
                site.case.read(path.stem)  # whole, or it raises
    finally:
        over.set()
        server.join()
    _once(site.folder)
    assert site.written == _numbers(site.case)
    assert [] == [name for name in same_bytes(site.case, site.one_run(tmp_path / "run")) if name in _OF_LOGS]


# What one `exposure ingest` makes of the same files.
_OF_LOGS = (
    "requests.parquet",
    "traffic.parquet",
    "assets.parquet",
    "rejects.parquet",
    "secrets.parquet",
    "sources.parquet",
)


def test_a_watch_that_is_stopped_ends_in_order_and_holds_its_case_alone(site: Site) -> None:
    """SIGTERM: the tables are whole, the exit code says that somebody must act; a second watch is refused meanwhile."""
    site.write(5)
    with Watching(site.folder, "--every", "0.2") as watching:
        watching.wait_until(lambda: site.case.has("wallets"), "the first tables")
        second = subprocess.run(
            [sys.executable, "-m", "exposure", "watch", str(site.folder), "--once"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert 2 == second.returncode
        assert f"error  the case folder {site.folder} is watched already\n" in second.stderr
        site.write(5)
        watching.wait_until(lambda: len(watching.kinds("exposed")) == 5, "five events")
        watching.wait_until(lambda: site.written == _numbers(site.case), "the new lines")
        assert 1 == watching.stop()
    assert 5 == len(watching.kinds("exposed"))
    assert ["end"] == [event["kind"] for event in watching.events[-1:]]
    # not at every look, of which there were many: once, and once more where the line has new figures
    assert 1 <= sum("anvil has not answered since" in line for line in watching.lines) <= 2
    assert not any("Traceback" in line for line in watching.lines)


def test_an_incident_that_becomes_invalid_ends_no_watch(site: Site) -> None:
    """Somebody edits incident.toml in the middle of the night: the fault is said, and the last one that was valid stands."""
    site.write(5)
    file = site.folder / "incident.toml"
    valid = file.read_text()
    with Watching(site.folder, "--every", "0.2") as watching:
        watching.wait_until(lambda: site.case.has("wallets"), "the first tables")
        file.write_text(valid.replace("[[action]]", "[[action]"))
        watching.wait_until(
            lambda: any("incident.toml as it is now cannot be used" in line for line in watching.lines), "the fault"
        )
        file.write_text(valid.replace("entered_seed_phrase", "typed_it"))
        watching.wait_until(
            lambda: "typed_it" in site.case.read("requests").get_column("action").to_list(), "the new action"
        )
        assert 1 == watching.stop()
    assert site.written == _numbers(site.case)
