"""The truth comes from the story; the chain that a real EVM made of it, and the log lines, must say the same."""

from collections.abc import Callable
from datetime import datetime, timedelta

import polars as pl
import pytest

from exposure.tables import TIME
from tests.drill.made import Made

Make = Callable[[str, int], Made]
ATTACKS = [("sample", 1), ("sample", 4), ("approval", 2), ("approval", 4)]
ALL = [*ATTACKS, ("quiet", 1)]


@pytest.mark.parametrize(("preset", "seed"), ALL)
def test_lost_is_to_the_base_unit_what_the_chain_shows_going_to_the_attacker(
    made: Make, preset: str, seed: int
) -> None:
    """Ether sent and Transfer events to the attacker's receiving addresses add up to `lost`, wallet by wallet."""
    drill = made(preset, seed)
    assert drill.taken() == drill.lost()


@pytest.mark.parametrize(("preset", "seed"), ATTACKS)
def test_harmed_at_is_the_time_of_the_first_taking(made: Make, preset: str, seed: int) -> None:
    """The time of the block in which a wallet first lost something."""
    drill = made(preset, seed)
    receivers = set(drill.answer["attackers"]["sink"])
    first: dict[str, int] = {}
    for time, _, sender, to, amount in drill.moves:
        if to in receivers and amount:
            first.setdefault(sender, time)
    harmed = drill.truth.filter("harmed")
    assert {address: first[address] for address in harmed["address"]} == dict(
        zip(harmed["address"], harmed["harmed_at"].dt.epoch("s"), strict=True)
    )


@pytest.mark.parametrize(("preset", "seed"), ATTACKS)
def test_every_exposure_lies_between_t1_and_the_end_of_the_cache(made: Make, preset: str, seed: int) -> None:
    """A browser may run the malicious file for as long as it keeps it, or as a tab stays open, and never before T1."""
    drill = made(preset, seed)
    times = drill.truth.filter("exposed")["exposed_at"]
    open_tab = timedelta(hours=2)
    last: datetime = drill.answer["T2"] + timedelta(seconds=drill.answer["cache_seconds"]) + open_tab
    assert times.len() > 0
    assert times.filter((times < drill.answer["T1"]) | (times > last)).to_list() == []


@pytest.mark.parametrize(("preset", "seed"), ALL)
def test_in_logs_says_whether_any_line_names_the_wallet(made: Make, preset: str, seed: int) -> None:
    """Searched in all lines, decoded twice; what the logs name beside wallets is the attacker's."""
    drill = made(preset, seed)
    named = drill.named_in_logs()
    assert set(drill.truth.filter("in_logs")["address"]) == named - drill.attackers


@pytest.mark.parametrize(("preset", "seed"), ALL)
def test_columns_agree_with_each_other(made: Make, preset: str, seed: int) -> None:
    """Times and action stand where they belong, safe means neither, and no address is there twice or the attacker's."""
    drill = made(preset, seed)
    truth = drill.truth
    odd = truth.filter(
        (pl.col("safe") != ~(pl.col("exposed") | pl.col("harmed")))
        | (pl.col("exposed") != pl.col("exposed_at").is_not_null())
        | (pl.col("exposed") != pl.col("action").is_not_null())
        | (pl.col("harmed") != pl.col("harmed_at").is_not_null())
        | (pl.col("harmed") != (pl.col("lost") != "{}"))
        | (pl.col("rescued") & ~pl.col("exposed"))
        | pl.col("address").is_in(list(drill.attackers))
    )
    assert odd.height == 0
    assert truth["address"].n_unique() == truth.height
    assert dict(truth.schema) == {
        "address": pl.String,
        "exposed": pl.Boolean,
        "action": pl.String,
        "exposed_at": TIME,
        "harmed": pl.Boolean,
        "harmed_at": TIME,
        "lost": pl.String,
        "safe": pl.Boolean,
        "rescued": pl.Boolean,
        "in_logs": pl.Boolean,
    }


def test_a_quiet_drill_has_no_victims_no_attackers_and_no_window(made: Make) -> None:
    """Nothing happened: the right answer is that nothing is found."""
    drill = made("quiet", 1)
    assert drill.answer == {"kind": "quiet", "preset": "quiet", "seed": 1, "attackers": {}}
    assert drill.truth.filter(~pl.col("safe")).height == 0


def test_the_rescued_moved_all_they_had_to_a_fresh_address_that_no_one_else_uses(made: Make) -> None:
    """After the public notice, and to addresses that the truth calls safe."""
    drill = made("sample", 1)
    rescued = drill.truth.filter("rescued")
    notice = datetime.fromisoformat("2026-03-04T16:20:08+00:00").timestamp()
    homes = []
    for address in rescued["address"]:
        out = [
            (time, to) for time, _, sender, to, amount in drill.moves if sender == address and amount and time > notice
        ]
        (home,) = {to for _, to in out}
        assert {sender for _, _, sender, to, _ in drill.moves if to == home} == {address}
        homes.append(home)
    assert rescued.height == 2
    assert rescued["harmed"].to_list() == [False, False]
    assert drill.truth.filter(pl.col("address").is_in(homes))["safe"].to_list() == [True, True]
