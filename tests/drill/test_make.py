"""`make_drill` leaves whole folders, never overwrites by accident, and makes incidents of both kinds of harm."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from exposure.console import Silent
from exposure.drill.make import make_drill
from exposure.errors import ExposureError
from exposure.incident_toml import load_incident
from tests.drill.made import APPROVAL, FOR_ALL, Made, text

Make = Callable[[str, int], Made]


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    """The whole message; what was there is still there."""
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ExposureError) as error:
        make_drill(tmp_path, "sample", 1, Silent())
    assert str(error.value) == (
        f"the folder {tmp_path} is not empty\n"
        "  why: a drill writes a case into it and could overwrite what is there\n"
        "  fix: name a new folder, or add --force to replace the drill that is there"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_without_anvil_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chain's export needs a node, and half a drill helps nobody."""
    monkeypatch.setenv("ANVIL_BIN", "no-such-anvil")
    with pytest.raises(ExposureError) as error:
        make_drill(tmp_path / "drill", "sample", 1, Silent())
    assert error.value.what == "There is no anvil at ANVIL_BIN=no-such-anvil."
    assert not (tmp_path / "drill").exists()


def test_force_replaces_a_drill_and_nothing_else(tmp_path: Path) -> None:
    """Old logs would be read with the new ones; a person's notes stay."""
    (tmp_path / "logs" / "origin").mkdir(parents=True)
    (tmp_path / "logs" / "origin" / "access.log-20200101.gz").write_bytes(b"old")
    (tmp_path / "README.md").write_text("mine")
    make_drill(tmp_path, "quiet", 4, Silent(), force=True)
    assert (tmp_path / "README.md").read_text() == "mine"
    assert not (tmp_path / "logs" / "origin" / "access.log-20200101.gz").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "README.md",
        "chain-export",
        "incident.toml",
        "logs",
        "transactions.json",
        "truth.parquet",
        "truth.toml",
    ]


def test_a_file_in_the_folders_place_is_named(tmp_path: Path) -> None:
    """The whole message."""
    (tmp_path / "drill").write_text("a file")
    with pytest.raises(ExposureError) as error:
        make_drill(tmp_path / "drill", "sample", 1, Silent())
    assert str(error.value) == (
        f"{tmp_path / 'drill'} is not a folder\n  why: a file of that name is there\n  fix: name another folder"
    )


@pytest.mark.parametrize(("preset", "seed"), [("sample", 4), ("approval", 4), ("quiet", 1)])
def test_every_drill_s_incident_can_be_read(made: Make, preset: str, seed: int) -> None:
    """Also with the exported chain in place of the RPC."""
    folder = made(preset, seed).folder
    incident = load_incident(folder, {})
    assert [(chain.name, chain.id, chain.data) for chain in incident.chains] == [("ethereum", 1, None)]
    file = folder / "incident.toml"
    before = file.read_text()
    try:
        file.write_text(before.replace("\nrpc ", "\n# rpc ").replace("\n# data ", "\ndata "))
        assert [(chain.rpc, chain.data) for chain in load_incident(folder, {}).chains] == [((), "chain-export")]
    finally:
        file.write_text(before)


def test_the_export_ends_with_the_finalized_block_and_holds_the_state_there(made: Make) -> None:
    """So that files and node give the same answer: every wallet's ether, tokens, nonce and code are in it."""
    drill = made("sample", 1)
    last = drill.chain("blocks")["block_number"].max()
    wallets = set(drill.truth["address"])
    tokens = drill.chain("erc20_metadata").height
    for dataset in ("balances", "nonces", "codes", "erc20_balances"):
        state = drill.chain(dataset)
        assert state["block_number"].unique().to_list() == [last]
        asked = [text(address) for address in state["address"]]
        assert wallets <= set(asked)
        assert len(asked) == len(set(asked)) * (tokens if dataset == "erc20_balances" else 1)
    assert drill.chain("transactions")["success"].all()
    assert drill.chain("transactions")["block_number"].max() < last


def test_in_an_approval_drill_permissions_are_used_taken_back_or_stand(made: Make) -> None:
    """Three fates of a signature: robbed, revoked in time, and live with something to take."""
    drill = made("approval", 4)
    (spender,) = drill.answer["attackers"]["spender"]
    logs = drill.chain("logs")
    given = logs.filter(pl.col("topic0").is_in([APPROVAL, FOR_ALL]) & pl.col("topic3").is_null())
    to_attacker = given.filter(pl.col("topic2").map_elements(lambda topic: text(topic[12:]), pl.String) == spender)
    elsewhere = given.height - to_attacker.height
    live = drill.chain("allowances").filter(
        (pl.col("to_address") == bytes.fromhex(spender[2:])) & (pl.col("value_string") != "0")
    )
    holders = drill.chain("erc20_balances").filter(pl.col("balance_f64") > 0)
    at_risk = live.join(holders, left_on=["from_address", "token_address"], right_on=["address", "erc20"])
    robbed = drill.truth.filter("harmed")["address"].to_list()
    standing = {text(address) for address in at_risk["from_address"]}
    assert len(robbed) >= 5
    assert standing - set(robbed)
    assert elsewhere > to_attacker.height
    revoked = to_attacker.filter(pl.col("data").map_elements(lambda data: not any(data), pl.Boolean))
    assert revoked.height >= 1


def test_what_an_approval_drill_takes_is_not_signed_by_its_owner(made: Make) -> None:
    """The operator sends the transaction; hours or days lie between signature and loss."""
    drill = made("approval", 4)
    harmed = drill.truth.filter("harmed")
    senders = {text(sender) for sender in drill.chain("transactions")["from_address"]}
    delays = (harmed["harmed_at"] - harmed["exposed_at"]).dt.total_hours()
    assert delays.min() >= 3
    assert set(drill.answer["attackers"]["sink"]) & senders or set(drill.answer["attackers"]["spender"]) & senders
    victims_own = {
        sender
        for _, _, sender, to, amount in drill.moves
        if amount and to in drill.answer["attackers"]["sink"] and sender in harmed["address"].to_list()
    }
    assert victims_own == set(harmed["address"])
