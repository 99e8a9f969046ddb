"""Every case of this folder: what an expert wrote down as right is what the assessment says. See README.md."""

from pathlib import Path

import pytest

from tests.cases.casebook import read_case, read_cases
from tests.cases.judging import differences
from tests.cases.staging import play

FOLDER = Path(__file__).parent
FILES = sorted(path.name for path in FOLDER.glob("*.toml"))


@pytest.mark.parametrize("name", FILES)
def test_case(name: str, tmp_path: Path) -> None:
    """The verdicts, evidence and remedies are those that the case says, and no others where it says so."""
    case = read_case(FOLDER / name)
    found = differences(case, play(case, tmp_path))
    assert [] == found, f"{case.title}\n{case.why}"


@pytest.mark.parametrize(
    "name",
    [
        "MyEtherWallet 2018", "Hola 2018", "BadgerDAO 2021", "Slope 2022", "Galxe 2023", "Ledger Connect Kit 2023",
        "Trust Wallet 2.68", "CoW Swap 2026", "KLAYswap 2022", "PREMINT 2022", "Curve 2022", "Celer 2022", "KyberSwap 2022",
        "Trust Wallet WASM 2022", "trap: address poisoning", 'trap: "please return my funds"', "trap: researcher",
        "trap: settlement contract", "trap: airdrop", "trap: exchange", "trap: counterfeit", "trap: zero-value",
        "trap: dust",
    ],
)  # fmt: skip
def test_every_incident_and_trap_of_the_field_notes_is_there(name: str) -> None:
    """Whoever deletes one, or renames what it is drawn from, is told."""
    assert [] != [case for case in read_cases(FOLDER) if case.origin.startswith(name)]


def test_there_are_at_least_forty_cases() -> None:
    """Few cases would only show what the program can do."""
    assert len(FILES) >= 40
