"""Every case of this folder: what an expert wrote down as right is what the assessment says. See README.md."""

from pathlib import Path

import pytest

from tests.cases.casebook import read_case
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
