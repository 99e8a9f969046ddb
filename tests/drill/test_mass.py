"""Drills of any size, made by columns: what the files say is what the truth says."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from exposure.amounts import NATIVE
from exposure.console import Silent
from exposure.drill.make import make_drill
from exposure.drill.mass.knobs import Knobs, drawn, with_settings
from exposure.drill.mass.make import Made, make_mass_drill
from exposure.errors import ExposureError

TRANSFER = bytes.fromhex("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
KEY = Knobs(seed=3, people=400, x_share=0.6)
APPROVAL = replace(KEY, kind="approval", split=0.2, permit=0.4, value_filter=0.0)


def make(folder: Path, knobs: Knobs) -> Made:
    """Make a drill in an empty folder."""
    folder.mkdir()
    return make_mass_drill(folder, knobs, Silent())


def export(folder: Path, dataset: str) -> pl.DataFrame:
    """Read one dataset of a drill's chain."""
    return pl.read_parquet(next((folder / "chain-export").glob(f"ethereum__{dataset}__*.parquet")))


def address(column: str) -> pl.Expr:
    """Write an address or a topic that holds one as hex."""
    return pl.lit("0x") + pl.col(column).bin.encode("hex").str.slice(-40)


def transfers(folder: Path) -> pl.DataFrame:
    """Give who moved how much of what to whom, read from the chain's files alone: frm, to, token, amount (exact)."""
    logs = export(folder, "logs").filter(pl.col("topic0") == TRANSFER)
    tokens = logs.select(frm=address("topic1"), to=address("topic2"), token=address("address"), word="data")
    ether = export(folder, "transactions").select(
        frm=address("from_address"), to=address("to_address"), token=pl.lit(NATIVE), word="value_binary"
    )
    both = pl.concat([tokens, ether])
    amounts = [int.from_bytes(word, "big") for word in both.get_column("word")]
    return both.drop("word").with_columns(pl.Series("amount", amounts, pl.Object))


@pytest.mark.parametrize("knobs", [KEY, APPROVAL], ids=["key", "approval"])
def test_what_was_lost_is_what_the_chain_moved_to_the_attackers(tmp_path: Path, knobs: Knobs) -> None:
    """To the last unit, and for every wallet: no loss without a transfer, no transfer to a thief without a loss."""
    made = make(tmp_path / "drill", knobs)
    sinks = set(made.attackers["sink"])
    moved: dict[str, dict[str, int]] = {}
    fakes = {row[0] for row in export(tmp_path / "drill", "erc20_metadata").select(address("erc20")).iter_rows()}
    for frm, to, token, amount in transfers(tmp_path / "drill").iter_rows():
        if to in sinks and amount and frm not in made.attackers.get("funder", []):
            moved.setdefault(frm, {})[token] = moved.get(frm, {}).get(token, 0) + amount
    counterfeit = sorted(fakes)  # tokens; the false one is moved by the poisoner, in other people's names
    told = {
        row["address"]: {token: int(amount) for token, amount in json.loads(row["lost"]).items()}
        for row in made.truth.filter("harmed").iter_rows(named=True)
    }
    assert told
    for wallet, lost in told.items():
        mine = {token: amount for token, amount in moved[wallet].items() if token in lost}
        assert lost == mine
    strangers = set(moved) - set(told)
    assert all(set(moved[wallet]) <= set(counterfeit) for wallet in strangers)


@pytest.mark.parametrize("knobs", [KEY, APPROVAL], ids=["key", "approval"])
def test_nobody_spends_what_they_do_not_have(tmp_path: Path, knobs: Knobs) -> None:
    """What a wallet holds in the end, plus what it sent, less what it got, is what it began with: never less than nothing."""
    made = make(tmp_path / "drill", knobs)
    begun: dict[tuple[str, str], int] = {}
    people = set(made.truth.get_column("address"))
    for dataset, token in (("balances", pl.lit(NATIVE)), ("erc20_balances", address("erc20"))):
        for wallet, asset, held in (
            export(tmp_path / "drill", dataset)
            .select(address("address"), token.alias("t"), "balance_string")
            .iter_rows()
        ):
            if wallet in people:
                begun[wallet, asset] = int(held)
    for frm, to, token, amount in transfers(tmp_path / "drill").iter_rows():
        if (frm, token) in begun:
            begun[frm, token] += amount
        if (to, token) in begun:
            begun[to, token] -= amount
    assert begun
    assert [] == [key for key, amount in begun.items() if amount < 0]


def test_the_same_knobs_make_the_same_files(tmp_path: Path) -> None:
    """Byte for byte, so that a drill can be named by its seed."""
    for name in ("one", "other"):
        make(tmp_path / name, drawn(11))
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert 13 == len(files)
    assert all((tmp_path / "one" / file).read_bytes() == (tmp_path / "other" / file).read_bytes() for file in files)


def test_every_exposed_wallet_did_x_with_the_malicious_file(tmp_path: Path) -> None:
    """Inside the window, or within the time that a browser keeps the file."""
    made = make(tmp_path / "drill", KEY)
    exposed = made.truth.filter("exposed")
    times = exposed.get_column("exposed_at").dt.epoch("s")
    assert exposed.height > 10
    assert ["entered_seed_phrase"] == exposed.get_column("action").unique().to_list()
    assert made.served.t1 <= times.min()
    assert times.max() <= made.served.t2 + KEY.cache * 3600 * 2 + 60


def test_a_quiet_drill_has_no_victim_and_no_attacker(tmp_path: Path) -> None:
    """Its people live on as always, and its incident names nobody."""
    make(tmp_path / "drill", replace(KEY, kind="quiet"))
    truth = pl.read_parquet(tmp_path / "drill" / "truth.parquet")
    answer = tomllib.loads((tmp_path / "drill" / "truth.toml").read_text())
    assert {True} == set(truth.get_column("safe"))
    assert {"kind": "quiet", "preset": "mass", "seed": 3, "attackers": {}} == answer


def test_holes_take_lines_and_leave_the_chain(tmp_path: Path) -> None:
    """A late log, a gap and a hijacked name hide visits; what happened on chain stays the same."""
    whole = make(tmp_path / "whole", KEY)
    for name, turned in (("late", {"late": True}), ("gap", {"gap": 0.8})):
        holed = make(tmp_path / name, replace(KEY, **turned))  # type: ignore[arg-type]
        assert whole.truth.drop("in_logs").equals(holed.truth.drop("in_logs"))
        assert holed.truth.get_column("in_logs").sum() < whole.truth.get_column("in_logs").sum() or name == "gap"
        sizes = [len((tmp_path / one / "logs" / "access.log.gz").read_bytes()) for one in ("whole", name)]
        assert sizes[1] < sizes[0]


@pytest.mark.parametrize("seed", range(20, 32))
def test_any_drawn_incident_can_be_made(tmp_path: Path, seed: int) -> None:
    """Whatever the dice say, in all kinds."""
    made = make(tmp_path / "drill", drawn(seed))
    assert made.truth.height > made.town.knobs.people
    assert made.truth.filter(pl.col("safe") & (pl.col("exposed") | pl.col("harmed"))).is_empty()


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (
            "people=abc",
            (
                "'abc' is no value for the knob people",
                "it takes a whole number from 10",
                "give it one: --set people=300",
            ),
        ),
        (
            "named=2",
            ("'2' is no value for the knob named", "it takes a number from 0 to 1", "give it one: --set named=0.5"),
        ),
        ("late=maybe", ("'maybe' is no value for the knob late", "it takes yes or no", "give it one: --set late=no")),
        (
            "kind=x",
            (
                "'x' is no value for the knob kind",
                "it takes one of key, approval, both, quiet",
                "give it one: --set kind=key",
            ),
        ),
        (
            "length=100",
            (
                "the attack ends 130 hours after the logs begin",
                "the logs end after 4 days: there would be nobody to compare its victims with",
                "make it shorter or earlier (t1, length, second), or the logs longer: --set days=7",
            ),
        ),
    ],
)
def test_a_knob_that_cannot_be_turned_so_says_what_it_takes(setting: str, expected: tuple[str, str, str]) -> None:
    """And how to turn it."""
    with pytest.raises(ExposureError) as caught:
        with_settings(Knobs(), [setting])
    assert expected == (caught.value.what, caught.value.why, caught.value.fix)


def test_the_played_presets_take_no_knobs(tmp_path: Path) -> None:
    """They are played by a real EVM, as they are."""
    with pytest.raises(ExposureError) as caught:
        make_drill(tmp_path / "drill", "sample", 1, Silent(), settings=["people=9"])
    assert "the drill 'sample' has no knobs to set" == caught.value.what


def test_the_command_line_makes_one(tmp_path: Path) -> None:
    """`exposure drill DIR --preset mass --set people=50`."""
    make_drill(tmp_path / "drill", "mass", 5, Silent(), settings=["people=50"])
    assert 50 <= pl.read_parquet(tmp_path / "drill" / "truth.parquet").height
