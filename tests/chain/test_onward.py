"""Where the attackers' money went, three hops on, on a real node; the trail stops at services, and names no wallet of the case."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from aiohttp import web

from exposure.amounts import NATIVE
from exposure.case import Case
from exposure.chain.events import MOVES
from exposure.chain.forecast import Question, forecast
from exposure.chain.pull import Wanted, pin, pull
from exposure.chain.state import ANSWERS, Answers
from exposure.chain.trail import (
    FLOWS_MOST,
    FOLLOWED_MOST,
    STRANGERS_ACCOUNT,
    STRANGERS_CONTRACT,
    Origins,
    Trail,
    follow,
)
from exposure.console import Silent
from exposure.drill.anvil import Anvil
from exposure.drill.export import export
from exposure.tables import TIME
from tests.chain.proxy import Asked, Forward, Proxy
from tests.chain.village import CONFIRMED, HASTY, STAGES, START, Village, build_village, incident, pull_all, wanted
from tests.drill.playground import ETHER


def _who(number: int) -> str:
    return "0x" + f"{number:040x}"


MULE, BOSS, THIRD, FOURTH = (_who(0xB0B0000 + number) for number in range(1, 5))
EXCHANGE, IDLER, HIDDEN, CAROLS = (_who(0xCE00000 + number) for number in range(1, 5))


@pytest.fixture(scope="module")
def town() -> Iterator[Village]:
    """The sink pays a mule, who pays the boss, an exchange and a shop; the boss's money goes on for two hops more than are followed."""
    with Anvil(timestamp=START) as node:
        village = build_village(node)
        chain = village.chain
        token = chain.web3.eth.contract(
            chain.web3.to_checksum_address(village.token), abi=chain.token(chain.owner, 5).abi
        )
        # Everybody mints there: a contract that strangers use.
        shop = chain.deploy("TestMulti")
        village.hashes["shop"] = shop.address.lower()
        node.call("anvil_autoImpersonateAccount", True)
        strangers = [_who(0x57A0000 + number) for number in range(STRANGERS_ACCOUNT + 5)]
        for one in (*strangers, MULE, BOSS, THIRD):
            node.call("anvil_setBalance", one, hex(ETHER))

        def check(address: str) -> str:
            return str(chain.web3.to_checksum_address(address))

        for one in strangers:
            chain.pay(check(one), check(EXCHANGE), 10**15)
        for one in strangers[: STRANGERS_CONTRACT + 1]:
            chain.send(shop.functions.mint(check(one), 1, 1), check(one))
        chain.pay(chain.sink, check(MULE), 2 * ETHER)
        chain.pay(chain.sink, check(IDLER), ETHER // 2)
        chain.pay(chain.sink, check(village.carol), ETHER // 10)
        # A deposit address of code, which sends on what comes in a call that no log shows.
        forwarder = chain.deploy("Forwarder", check(HIDDEN))
        village.hashes["forwarder"] = forwarder.address.lower()
        chain.pay(chain.sink, forwarder.address, ETHER // 8)
        # The exchange itself takes tokens out of another one: whose they are then nobody can tell.
        flushed = chain.deploy("Forwarder", check(HIDDEN))
        village.hashes["flushed"] = flushed.address.lower()
        chain.send(token.functions.transfer(flushed.address, 777), chain.sink)
        chain.send(flushed.functions.flush(token.address), chain.relayer)
        chain.pay(chain.sink, check(village.alice), ETHER // 5)
        chain.send(token.functions.transfer(check(MULE), 500_000), chain.sink)
        chain.send(token.functions.transfer(check(BOSS), 400_000), check(MULE))
        chain.send(token.functions.transfer(check(EXCHANGE), 99_000), check(MULE))
        chain.send(token.functions.transfer(shop.address, 1_000), check(MULE))
        # A stranger moves nothing in the mule's name: the log says that the mule paid.
        chain.send(token.functions.transferFrom(check(MULE), check(FOURTH), 0), chain.relayer)
        chain.send(shop.functions.mint(check(MULE), 9, 3), check(MULE))
        chain.pay(check(MULE), check(BOSS), ETHER)
        chain.pay(check(village.carol), check(CAROLS), ETHER // 20)
        chain.pay(check(BOSS), check(THIRD), ETHER // 2)
        chain.pay(check(THIRD), check(FOURTH), ETHER // 4)
        chain.pay(check(EXCHANGE), check(FOURTH), 10**15)
        node.call("anvil_mine", hex(CONFIRMED))
        yield village


def _asked(town: Village) -> Wanted:
    return wanted(town, [town.alice, town.bob, town.carol], [town.sink, town.drainer])


def _ends(folder: Path) -> dict[tuple[int, str, str], tuple[str | None, str | None]]:
    rows = Case(folder).read("onward").iter_rows(named=True)
    return {(row["hop"], row["to_address"], row["token_address"]): (row["stop"], row["value"]) for row in rows}


def test_the_money_is_followed_three_hops_and_not_through_an_exchange(town: Village, tmp_path: Path) -> None:
    """Each hop's sums are exact, and every end says why. Carol is seen in the logs and paid by the sink: the money goes on."""
    figures = pull_all(incident(tmp_path, town.url), _asked(town))
    assert [] == figures["problems"]
    ends = _ends(tmp_path)
    assert {
        (1, MULE, NATIVE): (None, str(2 * ETHER)),
        (1, MULE, town.token): (None, "500000"),
        (1, IDLER, NATIVE): ("rests", str(ETHER // 2)),
        (1, town.hashes["forwarder"], NATIVE): (None, str(ETHER // 8)),
        (1, town.hashes["flushed"], town.token): ("contract", "777"),
        (1, town.alice, NATIVE): ("wallet", str(ETHER // 5)),
        (1, town.carol, NATIVE): (None, str(ETHER // 10)),
        (2, CAROLS, NATIVE): ("rests", str(ETHER // 20)),
        (2, HIDDEN, NATIVE): ("rests", str(ETHER // 8)),
        (2, BOSS, NATIVE): (None, str(ETHER)),
        (2, BOSS, town.token): (None, "400000"),
        (2, EXCHANGE, town.token): ("service", "99000"),
        (2, town.hashes["shop"], town.token): ("contract", "1000"),
        (3, THIRD, NATIVE): ("hops", str(ETHER // 2)),
    } == ends
    onward = Case(tmp_path).read("onward")
    why = onward.filter(stop="service").item(0, "why")
    assert f"{STRANGERS_ACCOUNT + 5:,} others paid it in the blocks read" == why
    times = onward.filter((pl.col("hop") == 2) & (pl.col("token_address") == NATIVE))
    assert times.item(0, "first") == times.item(0, "last")
    assert ("eoa", 1) == times.select("kind", "transactions").row(0)


def test_a_second_run_asks_nothing_and_writes_the_same(town: Village, tmp_path: Path) -> None:
    """What is known of the trail is kept like everything else."""
    told = incident(tmp_path, town.url)
    pull_all(told, _asked(town))
    before = (tmp_path / "data" / "onward.parquet").read_bytes()
    assert 0 == pull_all(told, _asked(town))["calls"]
    assert before == (tmp_path / "data" / "onward.parquet").read_bytes()


def test_no_wallet_of_the_case_is_named_to_an_untrusted_endpoint(town: Village, tmp_path: Path) -> None:
    """The sink paid Carol, who is a candidate: the trail ends there, and nobody is asked about her."""
    with Proxy(town.url) as proxy:
        told = incident(tmp_path, rpc=({"url": proxy.url, "trusted": False},))
        pull_all(told, _asked(town))
        text = json.dumps([asked.calls for asked in proxy.asked]).lower()
    assert "wallet" == _ends(tmp_path)[1, town.carol, NATIVE][0]
    assert "service" == _ends(tmp_path)[2, EXCHANGE, town.token][0]
    assert [] == [one for one in (town.alice, town.bob, town.carol) if one[2:] in text]


def test_what_is_left_out_to_save_calls_is_said(town: Village, tmp_path: Path) -> None:
    """Where the way on costs more than it is worth, coverage says that nobody was asked; a later run with more to spend goes on."""
    told, case = incident(tmp_path, town.url), Case(tmp_path)
    pin(told, case, Silent(), datetime(2100, 1, 1, tzinfo=UTC), refresh=False, patience=HASTY)
    for stage in STAGES:
        pull(told, case, _asked(town), stage, Silent(), patience=HASTY, onward_calls=1)
    assert {"not_asked"} == {end[0] for key, end in _ends(tmp_path).items() if key[1] in (MULE, IDLER)}
    row = Case(tmp_path).read("coverage").filter(layer="onward")
    assert "5 addresses were not asked about, to save calls or since it was refused" in row.item(0, "note")
    pull(told, case, _asked(town), "history", Silent(), patience=HASTY)
    assert ("hops", str(ETHER // 2)) == _ends(tmp_path)[3, THIRD, NATIVE]


def test_where_nobody_traces_a_contract_is_no_place_of_rest(town: Village, tmp_path: Path) -> None:
    """Its ETH may be gone: the trail stops there, and says that it cannot be seen."""

    async def fault(asked: Asked, forward: Forward) -> web.Response | None:
        if "trace_filter" in asked.methods:
            return asked.refuse("the method trace_filter does not exist/is not available", -32601)
        return None

    with Proxy(town.url, fault) as proxy:
        told = incident(tmp_path, proxy.url)
        assert [] == pull_all(told, _asked(town))["problems"]
        assert 0 == pull_all(told, _asked(town))["calls"]
    ends = _ends(tmp_path)
    assert ("hidden", str(ETHER // 8)) == ends[1, town.hashes["forwarder"], NATIVE]
    assert (2, HIDDEN, NATIVE) not in ends
    row = Case(tmp_path).read("coverage").filter(layer="onward")
    assert "contracts sent on is not visible without traces" in row.item(0, "note")


@dataclass
class _Paper:
    """A trail on paper: everybody in `pays` pays somebody, a thousand wei more each."""

    pays: list[tuple[str, str]]
    chain_id: int = 1
    asks: bool = False
    answers: Answers = field(default_factory=lambda: Answers(pl.DataFrame(schema=ANSWERS)))

    def outflows(self, arrivals: Mapping[str, int]) -> pl.DataFrame:
        rows = [
            {
                "block_number": number,
                "transaction_index": 0,
                "transaction_hash": f"0x{number:064x}",
                "log_index": None,
                "standard": "native",
                "token_address": NATIVE,
                "from_address": payer,
                "to_address": payee,
                "token_id": None,
                "value": str(ETHER + 1_000 * number),
                "transaction_from": payer,
                "transaction_to": payee,
                "timestamp": datetime(2026, 3, 4, tzinfo=UTC),
            }
            for number, (payer, payee) in enumerate(self.pays)
            if payer in arrivals
        ]
        more = {"transaction_from": pl.String, "transaction_to": pl.String, "timestamp": TIME}
        return pl.DataFrame(rows, schema={**MOVES, **more})

    def unasked(self, arrivals: Mapping[str, int]) -> frozenset[str]:
        return frozenset()

    def hidden(self, arrivals: Mapping[str, int]) -> frozenset[str]:
        return frozenset()

    def strangers(self, arrivals: Mapping[str, int], apart: Collection[str]) -> Mapping[str, int | None]:
        return dict.fromkeys(arrivals, 0)


SINK, OTHER = _who(0xA1), _who(0xA2)


def _follow(pays: list[tuple[str, str]], **who: frozenset[str]) -> tuple[Trail, dict[str, str | None]]:
    nobody: frozenset[str] = frozenset()
    origins = Origins((SINK,), 0, frozenset({SINK, OTHER}), who.get("wallets", nobody), who.get("payers", nobody))
    trail = follow(origins, _Paper(pays))
    stops = pl.concat(trail.rows).select("to_address", "stop").iter_rows()
    return trail, dict(stops)


def test_only_so_many_addresses_are_followed_the_richest_first() -> None:
    """A thief who pays two thousand addresses does not cost two thousand questions."""
    mules = [_who(0xB000 + number) for number in range(FOLLOWED_MOST + 20)]
    trail, stops = _follow([(SINK, mule) for mule in mules])
    assert (FOLLOWED_MOST, 20) == (trail.followed, trail.cut)
    assert {"budget"} == {stops[mule] for mule in mules[:20]}
    assert {"rests"} == {stops[mule] for mule in mules[20:]}


def test_an_address_that_moves_a_thousand_times_is_a_service() -> None:
    """Whatever else it seems: what leaves it is not listed."""
    _, stops = _follow([(SINK, MULE), *[(MULE, _who(0xC000 + n)) for n in range(FLOWS_MOST + 1)]])
    assert {MULE: "service"} == stops


def test_money_in_circles_ends() -> None:
    """An address is followed once, and the attackers' own are followed from where they stand."""
    _, stops = _follow([(SINK, MULE), (MULE, BOSS), (BOSS, MULE), (BOSS, OTHER), (BOSS, SINK)])
    assert {MULE: "seen", BOSS: None, OTHER: "attacker", SINK: "attacker"} == stops


def test_a_mixer_is_known_by_name() -> None:
    """Nothing need be asked of it."""
    _, stops = _follow([(SINK, "0x910cbd523d972eb0a6f4cae4618ad62622b39dbf")])
    assert ["service"] == list(stops.values())


def test_the_plan_names_the_budget() -> None:
    """Nobody is surprised by what it costs."""
    steps = {step.layer: step for step in forecast(Question("ethereum", [SINK], [], (1, 7_200), trusted=("mine",)))}
    step = steps["attackers' money"]
    assert "three hops at most, stopping at services and after 600 calls" == step.how
    assert (24, "attackers: mine") == (step.price.calls, step.learns)


def test_exported_files_tell_the_same_trail_but_for_what_runs_code(town: Village, tmp_path: Path) -> None:
    """Files hold no traces, nor codes of recipients: the sums are the same, and nothing is said to rest."""
    export(town.url, tmp_path / "files/export", [town.alice], "anvil")
    pull_all(incident(tmp_path / "rpc", town.url), _asked(town))
    pull_all(incident(tmp_path / "files", data="export", rpc=()), _asked(town))
    told, files = _ends(tmp_path / "rpc"), _ends(tmp_path / "files")
    # What the forwarder sent on moved inside a transaction.
    assert set(told) - {(2, HIDDEN, NATIVE)} == set(files)
    assert {key: told[key][1] for key in files} == {key: value for key, (_, value) in files.items()}
    assert {"hidden", "service", "wallet", "hops", None} == {end for end, _ in files.values()}
