"""The program that measures how right we are: what it counts is what happened."""

from pathlib import Path

import pytest

from benchmarks.calibration import MARKS, measure, put_into, table
from benchmarks.rivals import by_approvers, from_sink
from benchmarks.scoring import score
from exposure.tables import TABLES


@pytest.fixture(scope="module")
def row() -> dict[str, object]:
    """One drill, whole way."""
    return score(4, None)


def test_a_drill_goes_the_whole_way_and_is_counted(row: dict[str, object]) -> None:
    """Victims, thieves and X of one known incident are found, and nobody safe is called."""
    assert row["broken"] is None
    assert 0 < row["victims"] == row["victims_found"]
    assert (0, 0, 0) == (row["false_called"], row["false_sinks"], row["lost_wrong"])
    assert ["entered_seed_phrase"] == row["x_named"]


def test_every_figure_stands_with_its_interval_and_its_target(row: dict[str, object]) -> None:
    """And the keys for machines are those that the design names."""
    quiet = score(4, "quiet")
    figures = measure([row, quiet])
    lines = table(figures)
    assert all(line.count("|") == 6 for line in lines)
    assert {"drills", "t1_inside", "victims_found", "false_called", "false_sinks", "quiet_alarms"} <= set(
        figures["json"]
    )
    assert 0.0 == figures["json"]["quiet_alarms"]


def test_a_drill_that_breaks_the_program_is_shown_and_not_counted(row: dict[str, object]) -> None:
    """A traceback is a result."""
    figures = measure([row, {"seed": 9, "kind": "key", "broken": "Traceback"}])
    assert (1, 1) == (figures["json"]["drills"], figures["json"]["broken"])


def test_the_table_replaces_what_stood_between_the_marks(tmp_path: Path) -> None:
    """What people wrote around it stays."""
    document = tmp_path / "accuracy.md"
    document.write_text(f"before\n{MARKS[0]}\nold\n{MARKS[1]}\nafter\n")
    put_into(document, ["new"])
    assert f"before\n{MARKS[0]}\n\nnew\n\n{MARKS[1]}\nafter\n" == document.read_text()


def test_the_rivals_find_a_spender_and_also_what_everybody_approves() -> None:
    """Six owners approve a plain account, twelve the contract of an app: thresholds take both for thieves."""
    place = {
        "chain_id": 1,
        "block_number": 1,
        "transaction_index": 0,
        "log_index": 0,
        "value": "5",
        "standard": "erc20",
    }
    approvals = TABLES["approvals"].frame(
        [place | {"from_address": f"0x{n}", "to_address": "thief"} for n in range(6)]
        + [place | {"from_address": f"0x{n}", "to_address": "app"} for n in range(12)]
    )
    accounts = TABLES["accounts"].frame(
        [{"chain_id": 1, "block_number": 1, "address": "app", "kind": "contract", "nonce": 1}]
    )
    assert {"thief", "app"} == by_approvers(approvals, accounts, [])
    moved = {"transaction_hash": "0xa", "token_address": "token", "from_address": "0x1", "to_address": "sink"}
    moved |= {"transaction_from": "thief", "transaction_to": "token"}
    transfers = TABLES["transfers"].frame([place | moved | {"value": "2000000"}])
    assert {"thief"} == from_sink(transfers, "sink", [])
