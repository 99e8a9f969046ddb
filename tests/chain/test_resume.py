"""An interrupted pull goes on where it stopped, and a chain that changed is noticed."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from aiohttp import web

from exposure.case import Case
from exposure.chain.pull import Wanted, pin, pull
from exposure.console import Silent
from exposure.drill.anvil import Anvil
from exposure.errors import ExposureError
from exposure.tables import TIME
from tests.chain.proxy import CANARY, Asked, DropError, Fault, Forward, Proxy
from tests.chain.village import (
    CONFIRMED,
    ERIN,
    HASTY,
    STAGES,
    START,
    Village,
    build_village,
    incident,
    pull_all,
    tables,
    wanted,
)

LATE = datetime(2100, 1, 1, tzinfo=UTC)


def everybody(village: Village) -> tuple[list[str], list[str]]:
    """Give the wallets, and the attacker's addresses."""
    wallets = [village.alice, village.bob, village.carol, village.dave, ERIN.address.lower()]
    return wallets, [village.drainer, village.sink, village.delegate]


def data(folder: Path) -> dict[str, bytes]:
    """Read all tables as bytes."""
    return {path.name: path.read_bytes() for path in sorted((folder / "data").iterdir())}


def narrow(limit: int, dies_after: int | None = None) -> Fault:
    """Allow few blocks a log query and few calls a batch, so that a pull takes many requests; and die in the middle."""

    async def fault(asked: Asked, forward: Forward) -> web.Response | None:
        if dies_after is not None and asked.number > dies_after:
            raise DropError
        call = asked.calls[0]
        if call["method"] == "eth_getLogs":
            query = call["params"][0]
            if int(query["toBlock"], 16) - int(query["fromBlock"], 16) + 1 > limit:
                return asked.refuse(f"exceed maximum block range: {limit}")
        if len(asked.calls) > 3:
            return asked.refuse("Batch of more than 3 requests are not allowed on free tier", 31, 500)
        return None

    return fault


def requests_of(village: Village, folder: Path, fault: Fault) -> tuple[int, dict[str, object]]:
    """Pull everything through a faulty endpoint; give how many requests came, and the figures."""
    with Proxy(village.url, fault) as proxy:
        figures = pull_all(incident(folder, proxy.url), wanted(village, *everybody(village)))
        return len(proxy.asked), figures


def test_an_endpoint_that_dies_half_way_loses_nothing(village: Village, tmp_path: Path) -> None:
    """The second run asks for what is missing: both together ask little more than one run that nobody disturbed."""
    whole, _ = requests_of(village, tmp_path / "whole", narrow(1))
    first, told = requests_of(village, tmp_path / "cut", narrow(1, dies_after=whole // 2))
    assert first > whole // 2
    assert [] != told["problems"]
    second, told = requests_of(village, tmp_path / "cut", narrow(1))
    assert [] == told["problems"]
    # What a part had not been written of is asked again, and the endpoint is checked anew.
    assert (True, True) == (second < whole * 3 // 4, whole // 2 + second < whole * 5 // 4)
    assert data(tmp_path / "whole") == data(tmp_path / "cut")
    third, told = requests_of(village, tmp_path / "cut", narrow(1))
    assert (0, []) == (third, told["problems"])


def test_the_first_run_says_what_is_missing(village: Village, tmp_path: Path) -> None:
    """The endpoint dies in the middle of the candidates' history: who, why, which blocks, and what to do."""

    async def dies_in_history(asked: Asked, forward: Forward) -> web.Response | None:
        if asked.calls[0]["method"] == "eth_getLogs" and village.carol[2:] in str(asked.calls[0]["params"]):
            raise DropError
        return None

    with Proxy(village.url, dies_in_history) as proxy:
        figures = pull_all(incident(tmp_path, proxy.url), wanted(village, [village.carol], [village.sink]))
        shown = proxy.url.replace(f"/v3/{CANARY}", "/…")
    last = Case(tmp_path).read_manifest()["as_of"]["chains"]["31337"]["number"]
    fix = "check the network and the rpc entries of incident.toml, or add another endpoint; what was pulled is kept"
    assert [
        f"anvil cannot be asked: {shown}: the connection broke off. {fix}",
        f"anvil: logs are missing of blocks 0 to {last}; run again: it goes on where it stopped",
    ] == figures["problems"]
    assert 2 == Case(tmp_path).read("transfers").height


KILLED = """
import sys
from pathlib import Path
from exposure.case import Case
from exposure.chain.pull import Wanted, pull
from exposure.console import Silent
from tests.chain.village import HASTY, incident, wanted_from
told = incident(Path(sys.argv[1]), sys.argv[2])
for stage in ("attackers", "state", "history"):
    pull(told, Case(told.folder), wanted_from(*sys.argv[3:]), stage, Silent(), patience=HASTY)
"""


KILLS = 20


def test_a_run_that_is_killed_again_and_again_ends_as_one_that_was_not(village: Village, tmp_path: Path) -> None:
    """SIGKILL at twenty random requests: every next run goes on, and the last gives the bytes of an undisturbed one."""
    whole, _ = requests_of(village, tmp_path / "whole", narrow(4))
    process: list[subprocess.Popen[bytes]] = []
    dice, left, base = random.Random(20), [0], narrow(4)

    async def kills(asked: Asked, forward: Forward) -> web.Response | None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(process[-1].pid, signal.SIGKILL)
        return await base(asked, forward)

    people = [",".join(some) for some in everybody(village)]
    times = [village.time_of(0).isoformat(), village.time_of("latest").isoformat()]
    killed, folder = 0, tmp_path / "0"
    with Proxy(village.url, kills) as proxy:
        while killed < KILLS:
            pin(incident(folder, village.url), Case(folder), Silent(), LATE, refresh=False)
            # Early ones fall into the checks of an endpoint, late ones into the writing of parts and tables.
            left[0] = dice.randint(1, whole // 6)
            command = [sys.executable, "-c", KILLED, str(folder), proxy.url, *people, *times]
            process.append(subprocess.Popen(command, cwd=Path(__file__).parents[2]))
            if process[-1].wait() == -signal.SIGKILL:
                killed += 1
                continue
            assert data(tmp_path / "whole") == data(folder)
            folder = tmp_path / str(killed)
    _, told = requests_of(village, folder, narrow(4))
    assert [] == told["problems"]
    assert data(tmp_path / "whole") == data(folder)
    assert 0 == requests_of(village, folder, narrow(4))[0]


def test_a_damaged_part_is_named(village: Village, tmp_path: Path) -> None:
    """A disk that lost a part's end: which file, and that deleting it is enough."""
    told, asked = incident(tmp_path, village.url), wanted(village, [village.alice], [village.sink])
    pull_all(told, asked)
    before = data(tmp_path)
    part = max((tmp_path / "chain/31337/logs").iterdir(), key=lambda path: path.stat().st_size)
    part.write_bytes(part.read_bytes()[:-100])
    with pytest.raises(ExposureError) as error:
        pull_all(told, asked)
    assert (
        f"{part} is damaged\n"
        "  why: it cannot be read as Parquet (ComputeError)\n"
        "  fix: delete it and run again: what it held is asked for anew"
    ) == str(error.value)
    part.unlink()
    pull_all(told, asked)
    assert before == data(tmp_path)


def pull_latest(village: Village, folder: Path, *, refresh: bool) -> dict[str, object]:
    """Pull up to the very head, which is not final."""
    told, case = incident(folder, village.url), Case(folder)
    pin(told, case, Silent(), LATE, refresh=refresh, head="latest")
    figures: dict[str, object] = {}
    for stage in STAGES:
        figures = pull(told, case, wanted(village, *everybody(village)), stage, Silent(), patience=HASTY)
    return figures


def paid(folder: Path) -> list[str]:
    """Give the native amounts."""
    return tables(folder)["transfers"].filter(standard="native").get_column("value").to_list()


def test_a_reorganisation_is_noticed_and_its_parts_are_pulled_anew(
    start_anvil: Callable[..., Anvil], tmp_path: Path
) -> None:
    """A payment that was in the chain yesterday is not any more: refreshing takes it out of the tables."""
    village = build_village(start_anvil(timestamp=START))
    chain = village.chain
    bob = chain.web3.to_checksum_address(village.bob)
    chain.pay(bob, chain.sink, 7)
    pull_latest(village, tmp_path / "case", refresh=False)
    assert ["3000000000000000000", "7"] == paid(tmp_path / "case")
    notes = tables(tmp_path / "case")["coverage"].get_column("note").to_list()
    assert [] == [note for note in notes if "was not final when it was pinned (--head latest)" not in note]
    chain.node.call("anvil_reorg", 3, [])
    chain.node.call("anvil_mine", "0x2")
    chain.pay(bob, chain.sink, 8)
    fresh = pull_latest(village, tmp_path / "case", refresh=True)
    assert [] == fresh["problems"]
    assert ["3000000000000000000", "8"] == paid(tmp_path / "case")
    pull_latest(village, tmp_path / "anew", refresh=False)
    assert data(tmp_path / "anew") == data(tmp_path / "case")


def test_a_head_that_moved_asks_for_the_new_blocks_only(start_anvil: Callable[..., Anvil], tmp_path: Path) -> None:
    """Old parts are known to stand by the hash of the old head: one question for all of them."""
    village = build_village(start_anvil(timestamp=START))
    asked = wanted(village, *everybody(village))
    told, case = incident(tmp_path, village.url), Case(tmp_path)
    pull_all(told, asked)
    bob = village.chain.web3.to_checksum_address(village.bob)
    village.chain.pay(bob, village.chain.sink, 9)
    village.chain.node.call("anvil_mine", hex(CONFIRMED))
    with Proxy(village.url) as proxy:
        told = incident(tmp_path, proxy.url)
        pin(told, case, Silent(), LATE, refresh=True)
        old = max(tables(tmp_path)["coverage"].get_column("lines"))
        later = wanted(village, *everybody(village))
        for stage in STAGES:
            pull(told, case, later, stage, Silent(), patience=HASTY)
        full = [
            int(call["params"][0], 16)
            for one in proxy.asked
            for call in one.calls
            if call["method"] == "eth_getBlockByNumber" and call["params"][1]
        ]
        logs = [call["params"][0] for one in proxy.asked for call in one.calls if call["method"] == "eth_getLogs"]
    assert old == min(full)
    assert {old} == {int(query["fromBlock"], 16) for query in logs}
    assert ["3000000000000000000", "9"] == paid(tmp_path)


def test_a_run_asks_for_so_many_full_blocks_and_the_next_for_the_rest(village: Village, tmp_path: Path) -> None:
    """Months of blocks are no reason to show nothing for hours: what followed the first sighting comes first."""
    pull_all(incident(tmp_path / "whole", village.url), wanted(village, [village.bob], []))
    told, case = incident(tmp_path / "bit", village.url), Case(tmp_path / "bit")
    asked = wanted(village, [village.bob], [])
    seen = asked.candidates.with_columns(first=pl.lit(village.time_of(10), TIME))
    asked = Wanted(seen, asked.attackers, asked.start, asked.end)
    pin(told, case, Silent(), LATE, refresh=False)
    last = case.read_manifest()["as_of"]["chains"]["31337"]["number"]
    rest = last + 1 - 20
    problems = [
        pull(told, case, asked, "history", Silent(), patience=HASTY, blocks_a_run=most)["problems"]
        for most in (20, rest, 1)
    ]
    again = "run again: it goes on where it stopped"
    missing = f"anvil: plain payments are missing of blocks 0 to 9, 30 to {last}; {again}"
    assert [[missing], [], []] == problems
    assert data(tmp_path / "whole") == data(tmp_path / "bit")
