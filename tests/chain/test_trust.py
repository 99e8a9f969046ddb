"""Whoever runs an untrusted endpoint does not learn whom we suspect; chains are asked side by side."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from aiohttp import web
from pydantic import SecretStr

from exposure.case import Case
from exposure.chain.connect import connect
from exposure.chain.costs import block_price, log_price
from exposure.chain.limits import Limits
from exposure.chain.parts import Parts
from exposure.chain.plan import ATTACKER_SHAPES, CANDIDATE_SHAPES, log_tasks, open_tasks
from exposure.chain.pull import pin, pull
from exposure.console import Silent
from exposure.drill.anvil import Anvil
from exposure.incident import Chain, Endpoint, Incident
from tests.chain.proxy import Asked, Forward, Proxy
from tests.chain.village import ERIN, HASTY, STAGES, Village, incident, pull_all, tables, wanted

NOW = datetime(2100, 1, 1, tzinfo=UTC)


def _guarded(folder: Path, *endpoints: tuple[str, bool | None]) -> Incident:
    entries = tuple(Endpoint(url=SecretStr(url), trusted=trusted) for url, trusted in endpoints)
    return incident(folder, rpc=entries)


def _pull(told: Incident, village: Village, *, allow_untrusted: bool = False) -> list[str]:
    """Pull the village's wallets in all stages; give what needs a person."""
    case = Case(told.folder)
    asked = wanted(village, _wallets(village), [village.drainer, village.sink, village.delegate])
    pin(told, case, Silent(), NOW, refresh=False, patience=HASTY)
    problems: list[str] = []
    for stage in STAGES:
        figures = pull(told, case, asked, stage, Silent(), patience=HASTY, allow_untrusted=allow_untrusted)
        problems += [str(one) for one in figures["problems"] if one not in problems]  # type: ignore[attr-defined]
    return problems


def _wallets(village: Village) -> list[str]:
    return [village.alice, village.bob, village.carol, village.dave, ERIN.address.lower()]


def _learned(proxy: Proxy, village: Village) -> set[str]:
    """Give the candidates whose addresses stood in any request."""
    text = json.dumps([asked.calls for asked in proxy.asked]).lower()
    return {wallet for wallet in _wallets(village) if wallet[2:] in text}


def test_an_untrusted_endpoint_never_sees_a_candidate(village: Village, tmp_path: Path) -> None:
    """It serves heads, blocks and the attackers' side; the trusted one behind it is asked about the wallets."""
    with Proxy(village.url) as public:
        told = _guarded(tmp_path / "both", (public.url, False), (village.url, True))
        assert [] == _pull(told, village)
        assert public.asked
        assert set() == _learned(public, village)
    pull_all(
        incident(tmp_path / "own", village.url),
        wanted(village, _wallets(village), [village.drainer, village.sink, village.delegate]),
    )
    for name, table in tables(tmp_path / "own").items():
        assert table.equals(tables(tmp_path / "both")[name]), name


def test_without_a_trusted_endpoint_history_comes_from_everybodys_logs(village: Village, tmp_path: Path) -> None:
    """Transfers and approvals are complete; what wallets hold was not asked, and a person is told how to allow it."""
    with Proxy(village.url) as public:
        problems = _pull(_guarded(tmp_path / "public", (public.url, False)), village)
        assert set() == _learned(public, village)
    expected = (
        "anvil: no endpoint is trusted, so nobody was asked about 5 wallets: what they hold and allow is not known. Write "
        "{ url = …, trusted = true } for an endpoint that may learn whom you suspect, or run with --allow-untrusted"
    )
    assert [expected] == [problem for problem in problems if "wallets" in problem]
    pull_all(
        incident(tmp_path / "own", village.url),
        wanted(village, _wallets(village), [village.drainer, village.sink, village.delegate]),
    )
    own, public_tables = tables(tmp_path / "own"), tables(tmp_path / "public")
    for name in ("transfers", "approvals"):
        told_of = ["transaction_hash", "log_index", "from_address", "to_address", "value"]
        assert (
            own[name]
            .filter(pl.col("log_index").is_not_null())
            .select(told_of)
            .equals(public_tables[name].filter(pl.col("log_index").is_not_null()).select(told_of))
        ), name
    assert public_tables["balances"].is_empty()
    assert public_tables["coverage"].filter(pl.col("layer") == "state").is_empty()


def test_a_person_may_let_untrusted_endpoints_learn_it(village: Village, tmp_path: Path) -> None:
    """--allow-untrusted asks them about the wallets."""
    with Proxy(village.url) as public:
        assert [] == _pull(_guarded(tmp_path, (public.url, False)), village, allow_untrusted=True)
        assert set(_wallets(village)) == _learned(public, village)


@pytest.mark.parametrize(
    ("url", "said", "trusted"),
    [
        ("http://127.0.0.1:8545", None, True),
        ("http://127.0.0.1:8545", False, False),
        ("https://rpc.example", None, False),
        ("https://rpc.example", True, True),
    ],
)
def test_a_node_on_this_machine_is_trusted_unless_it_is_said_not_to_be(
    tmp_path: Path, url: str, said: bool | None, trusted: bool
) -> None:
    """A local proxy before a public provider has to be named as untrusted."""
    chain = Chain(name="ethereum", id=1, rpc=(Endpoint(url=SecretStr(url), trusted=said),))
    client = connect(chain, Parts(tmp_path), HASTY)
    assert [trusted] == [endpoint.trusted for endpoint in client.endpoints]


def test_chains_are_asked_side_by_side(village: Village, tmp_path: Path) -> None:
    """Each waits for a question to the other before it answers: one after the other would never end."""
    with Anvil(chain_id=8453) as second:
        second.call("anvil_mine", hex(100))
        seen: list[str] = []

        def meeting(mine: str, other: str) -> Any:
            async def fault(asked: Asked, forward: Forward) -> web.Response | None:
                if "eth_getLogs" in asked.methods:
                    seen.append(mine)
                    for _ in range(200):
                        if other in seen:
                            return None
                        await asyncio.sleep(0.01)
                    return asked.refuse("the other chain was never asked", status=500)
                return None

            return fault

        with Proxy(village.url, meeting("one", "two")) as one, Proxy(second.url, meeting("two", "one")) as two:
            chains = (
                Chain(name="anvil", id=31337, rpc=(Endpoint(url=SecretStr(one.url)),)),
                Chain(name="base", id=8453, rpc=(Endpoint(url=SecretStr(two.url)),)),
            )
            told = Incident(folder=tmp_path, name="two", title="Two", chains=chains)
            case = Case(tmp_path)
            pin(told, case, Silent(), NOW, refresh=False, patience=HASTY)
            asked = wanted(village, [village.alice], [village.sink])
            figures = pull(told, case, asked, "attackers", Silent(), patience=HASTY)
    assert [] == figures["problems"]
    assert {"one", "two"} == set(seen)
    assert [31337, 8453] == sorted(case.read("blocks").get_column("chain_id").unique(), reverse=True)


def test_prices_follow_the_range_that_an_endpoint_allows() -> None:
    """At ten blocks a query everybody's logs of a day take fewer calls than lists of 50,000 wallets; at 10,000 they do not."""
    wallets = [f"0x{number:040x}" for number in range(50_000)]
    listed, everybodys = (
        log_tasks(CANDIDATE_SHAPES, wallets, (0, 7_199), [], 1_000),
        open_tasks(wallets, (0, 7_199), []),
    )
    narrow, wide = Limits(said=10), Limits()
    assert (108_000, 720) == (log_price(listed, narrow).calls, log_price(everybodys, narrow).calls)
    assert (150, 328) == (log_price(listed, wide).calls, log_price(everybodys, wide).calls)
    assert log_price(everybodys, narrow) < log_price(listed, narrow)
    assert log_price(listed, wide) < log_price(everybodys, wide)
    assert 3 == log_price(log_tasks(ATTACKER_SHAPES, wallets[:9], (0, 7_199), [], 1_000), wide).calls
    assert 360 == block_price([(0, 7_199)], wide).calls
