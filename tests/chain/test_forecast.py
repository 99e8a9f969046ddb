"""The plan names its calls, who learns of whom, and what it will not see; what was planned is what is done."""

from pathlib import Path

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
