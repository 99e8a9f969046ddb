"""The plan names its calls, who learns of whom, and what it will not see; what was planned is what is done."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from exposure.chain.forecast import Question, blind_spots, forecast, total
from exposure.chain.limits import Limits
from exposure.chain.plan import ATTACKER_SHAPES, CANDIDATE_SHAPES, Covered
from exposure.cli import app
from tests.chain.village import Village, incident, pull_all, wanted

DAY = 7_200


def _question(wallets: int, days: int, **more: object) -> Question:
    people = [f"0x{number:040x}" for number in range(1, wallets + 1)]
    return Question("ethereum", ["0x" + "a" * 40], people, (1, days * DAY), **{"trusted": ("mine",), **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wallets", "days", "logs"),
    [(10, 1, 3), (1_000, 1, 3), (50_000, 1, 150), (10, 4, 9), (1_000, 4, 9), (50_000, 4, 450)],
)
def test_calls_grow_with_wallets_and_days_as_planned(wallets: int, days: int, logs: int) -> None:
    """Three queries for each list of 1,000 wallets and 10,000 blocks; full blocks by days alone."""
    steps = {step.layer: step for step in forecast(_question(wallets, days))}
    assert logs == steps["candidates' logs"].price.calls
    assert days * 360 == steps["full blocks"].price.calls
    assert -(-wallets * 4 // 500) + -(-wallets * 2 // 20) == steps["state"].price.calls


def test_a_narrow_range_and_many_wallets_make_the_plan_read_everybodys_logs() -> None:
    """At ten blocks a query lists of 50,000 wallets cost 108,000 calls a day."""
    steps = {step.layer: step for step in forecast(_question(50_000, 1, limits=Limits(said=10)))}
    assert ("everybody's, kept where they are theirs", 720, "nobody") == (
        steps["candidates' logs"].how,
        steps["candidates' logs"].price.calls,
        steps["candidates' logs"].learns,
    )


@pytest.mark.parametrize(
    ("wallets", "seconds", "archive", "contracts", "layer", "calls"),
    [
        (10, 12.0, True, False, "plain payments", 18),
        (10, 12.0, False, False, "full blocks", 360),
        (10, 12.0, None, False, "full blocks", 360),
        (10, 12.0, True, True, "full blocks", 360),
        (5_000, 12.0, True, False, "full blocks", 360),
        (50, 0.25, True, True, "plain payments", 111),
    ],
)
def test_the_plan_weighs_nonces_and_balances_against_full_blocks(
    wallets: int, seconds: float, archive: bool | None, contracts: bool, layer: str, calls: int
) -> None:
    """A few wallets are halved down to; many, or a contract among the attackers, take full blocks, unless these come too fast."""
    blocks = (1, round(86_400 / seconds))
    more = {"blocks": blocks, "limits": Limits(archive=archive), "block_seconds": seconds, "contracts": contracts}
    asked = replace(_question(wallets, 1), **more)  # type: ignore[arg-type]
    [step] = [step for step in forecast(asked) if step.layer in ("plain payments", "full blocks")]
    assert (layer, calls) == (step.layer, step.price.calls)
    assert (layer == "plain payments") == any("full blocks are not read" in spot for spot in blind_spots(asked))
    assert (archive is None) == ("where old state is kept" in step.how)


def test_few_blocks_are_read_in_full() -> None:
    """A minute's worth costs little, and shows messages of nothing as well."""
    few = replace(_question(10, 1, limits=Limits(archive=True)), blocks=(1, 3_000))
    assert "full blocks" in {step.layer for step in forecast(few)}


def test_what_wallets_held_at_t1_is_planned_where_old_state_is_kept() -> None:
    """Once more what the head costs; an endpoint that refused it is not planned for, and the plan says what is not seen."""
    steps = {step.layer: step for step in forecast(_question(10, 1, at_t1=True, limits=Limits(archive=True)))}
    assert steps["state"].price == steps["state at T1"].price
    poor = _question(10, 1, at_t1=True, limits=Limits(archive=False))
    assert "state at T1" not in {step.layer for step in forecast(poor)}
    assert "ethereum: what wallets held at T1: no endpoint keeps the state of old blocks" in blind_spots(poor)


def test_without_a_trusted_endpoint_no_step_names_a_wallet() -> None:
    """Nobody is asked what they hold, and the plan says so; --allow-untrusted names who learns it."""
    asked = _question(10, 1, trusted=(), untrusted=("https://rpc.example",))
    learned = [step.learns for step in forecast(asked)]
    assert {"nobody", "attackers: https://rpc.example"} == set(learned)
    expected = "ethereum: what wallets hold and allow: no endpoint is trusted (trusted = true, or --allow-untrusted)"
    assert expected == blind_spots(asked)[0]
    assert "wallets: https://rpc.example" in [step.learns for step in forecast(asked, allow_untrusted=True)]
    assert expected not in blind_spots(asked, allow_untrusted=True)


def test_what_was_pulled_costs_nothing_again() -> None:
    """Covered logs and blocks are not planned."""
    asked = _question(10, 1)
    everybody = frozenset({*asked.candidates, *asked.attackers})
    covered = [Covered(shape.name, everybody, asked.blocks) for shape in (*ATTACKER_SHAPES, *CANDIDATE_SHAPES)]
    again = _question(10, 1, covered=covered, covered_blocks=[asked.blocks])
    prices = {step.layer: step.price.calls for step in forecast(again)}
    assert (0, 0, 0) == (prices["attackers' logs"], prices["candidates' logs"], prices["full blocks"])
    assert total(forecast(again)).calls < total(forecast(asked)).calls


def test_a_pull_takes_no_more_calls_than_were_planned(village: Village, tmp_path: Path) -> None:
    """On a real node: the whole pull against the whole plan."""
    wallets, attackers = [village.alice, village.bob, village.carol, village.dave], [village.sink, village.drainer]
    last = village.chain.web3.eth.get_block("finalized")["number"]
    asked = Question("anvil", attackers, wallets, (0, last), trusted=("mine",))
    figures = pull_all(incident(tmp_path, village.url), wanted(village, wallets, attackers))
    assert int(str(figures["calls"])) <= total(forecast(asked)).calls


def test_the_command_plans_without_asking_anybody(tmp_path: Path) -> None:
    """An endpoint that nobody listens on, and a key that must not show."""
    (tmp_path / "incident.toml").write_text(
        '[incident]\nname = "x"\ntitle = "X"\n[[attacker]]\naddress = "0x' + "a" * 40 + '"\nrole = "sink"\n'
        '[[report]]\naddress = "0x' + "b" * 40 + '"\ntime = 2026-03-04T11:30:00Z\n'
        '[[chain]]\nname = "ethereum"\nrpc = ["https://rpc.invalid/c4n4ryc4n4ryc4n4ryc4n4ry"]\n'
    )
    result = CliRunner().invoke(app, ["plan", str(tmp_path), "--now", "2026-03-05T00:00:00Z"], prog_name="exposure")
    assert 0 == result.exit_code
    assert "c4n4ry" not in result.output
    assert "ethereum: 1 wallets and 1 attackers over about 54,150 blocks" in result.output
    assert "not seen: what wallets hold and allow: no endpoint is trusted" in result.output
    assert "not looked at: arbitrum, avalanche, base, bsc" in result.output
    assert ["incident.toml"] == [path.name for path in tmp_path.iterdir()]


SAMPLE = Path(__file__).parents[2] / "sample_data"


def _plan(folder: Path, chain: str, logs: str = "") -> tuple[int, list[str], dict[str, Any]]:
    """Write a case with that chain, and give the plan's exit code, lines and object."""
    (folder / "incident.toml").write_text(
        f'[incident]\nname = "x"\ntitle = "X"\n{logs}[[attacker]]\naddress = "0x{"a" * 40}"\nrole = "sink"\n'
        f'[[report]]\naddress = "0x{"b" * 40}"\ntime = 2026-03-04T11:30:00Z\n[[chain]]\nname = "ethereum"\n{chain}\n'
    )
    arguments = ["plan", str(folder), "--now", "2026-03-08T00:00:00Z"]
    shown = CliRunner().invoke(app, arguments, prog_name="exposure", env={"NOT_SET": None})
    data = CliRunner().invoke(app, [*arguments, "--json"], prog_name="exposure", env={"NOT_SET": None})
    assert shown.exit_code == data.exit_code
    return shown.exit_code, shown.stdout.splitlines(), json.loads(data.stdout)


def test_a_chain_that_comes_from_files_costs_nothing_and_nobody_learns_of_it(tmp_path: Path) -> None:
    """No calls are priced that nobody makes, and no endpoint is missed that nobody named."""
    code, lines, data = _plan(tmp_path, f'data = "{SAMPLE}/chain-export"')
    assert 0 == code
    assert (
        f"  it comes from the files in {SAMPLE}/chain-export: no endpoint is asked, and nobody learns anything" in lines
    )
    [chain] = data["chains"]
    assert (1, 0, 0, []) == (chain["wallets"], chain["calls"], chain["bytes"], chain["steps"])
    assert not [line for line in lines if "trusted" in line or "calls" in line]
    headers = pl.read_parquet(SAMPLE / "chain-export" / "*__blocks__*.parquet")
    assert 0 < chain["blocks"] <= headers.height


def test_beside_files_an_endpoint_is_priced_for_what_these_do_not_hold(tmp_path: Path) -> None:
    """The last block of the files says where in the chain the span lies."""
    without = _plan(tmp_path, 'rpc = ["http://127.0.0.1:9"]')[2]["chains"][0]
    beside = _plan(tmp_path, f'rpc = ["http://127.0.0.1:9"]\ndata = "{SAMPLE}/chain-export"')[2]["chains"][0]
    full = {name: plan["steps"] for name, plan in (("without", without), ("beside", beside))}
    calls = {
        name: sum(step["calls"] for step in steps if step["layer"] == "full blocks") for name, steps in full.items()
    }
    assert 0 < calls["beside"] < calls["without"]


@pytest.mark.parametrize(
    ("chain", "problem"),
    [
        (
            'rpc = ["$NOT_SET"]',
            "ethereum has no RPC endpoint that can be asked: the environment variable NOT_SET is not set, or empty. ",
        ),
        (
            'rpc = ["$NOT_SET", "http://127.0.0.1:9"]',
            "ethereum: the environment variable NOT_SET is not set, or empty",
        ),
        ('data = "nowhere"', "{folder}/nowhere cannot stand in for ethereum: there is no such folder; "),
    ],
    ids=["no variable", "one variable of two", "no folder"],
)
def test_what_a_run_would_stumble_over_is_said_before_it(tmp_path: Path, chain: str, problem: str) -> None:
    """Exit code 1, since a person has something to mend."""
    code, lines, data = _plan(tmp_path, chain)
    [said] = data["problems"]
    assert 1 == code
    assert said.startswith(problem.format(folder=tmp_path))
    assert f"needs a person: {said}" == lines[-1]


def test_a_path_that_names_no_log_is_said_as_a_run_says_it(tmp_path: Path) -> None:
    """Zero bytes to read would look like a plan. Of what is not on this machine the size is not known."""
    logs = '[[action]]\nname = "came"\nwords = "came"\nexposure = "key"\nmatch = { path = "^/" }\n'
    logs += '[[logs]]\npath = "lgos/*.gz"\n[[logs]]\npath = "-"\n'
    code, lines, data = _plan(tmp_path, f'data = "{SAMPLE}/chain-export"', logs)
    assert 1 == code
    assert [
        (
            "logs lgos/*.gz matches no file: relative paths start at the folder of incident.toml. To go on: correct path under "
            "[[logs]] in incident.toml, or copy the file there"
        )
    ] == data["problems"]
    assert "logs -: not on this machine, or a pipe: how much there is to read is not known" in lines
    assert [{"path": "-", "bytes": None}] == data["logs"]
