"""Files that LibreOffice really saved (tests/publish/libreoffice/, made by tools/save_with_libreoffice.py) are read whole.

In them a person has typed, sorted, hidden a row, moved and deleted columns, renamed the sheet, commented and added a sheet:
see libreoffice_story.py. The sheet that they opened was written before the findings of these tests.
"""

import re
import shutil
import zipfile
from pathlib import Path

import pytest

from exposure.case import Case
from exposure.incident import Incident
from exposure.publish.sheet.keep import read_people, write_sheet
from exposure.tables import TABLES
from tests.publish.libreoffice_story import HOSTILE, NEW, hostile_case
from tests.publish.sheet_builder import (
    DRAINED,
    EXPOSED,
    MOVED,
    PARTLY,
    POSSIBLE,
    SAVEABLE,
    cells,
    make_case,
    open_workbook,
    wallet,
)

SAVED = Path(__file__).parent / "libreoffice"
HEBREW = 'שלום 😀, "calm"; a,b'


def case_with(folder: Path, name: str) -> tuple[Case, Incident]:
    """Give a case whose sheet LibreOffice has saved, and whose findings have changed since it was written."""
    found = [
        wallet(address, "compromised", 5.0, harm="drained", lost="9 ETH") for address in (SAVEABLE, MOVED, POSSIBLE)
    ]
    case, incident = make_case(folder, wallets=TABLES["wallets"].frame(found))
    case.sheet.mkdir(mode=0o700)
    shutil.copy(SAVED / name, case.sheet / f"affected{Path(name).suffix}")
    shutil.copytree(SAVED / "versions", case.sheet / ".versions")
    return case, incident


def people_of(case: Case) -> dict[str, dict[str, object]]:
    """Give what people typed, by address, without what is empty and without who saved it."""
    rows = read_people(case)[0].drop("overrides_by").to_dicts()
    return {row.pop("address"): {key: value for key, value in row.items() if value} for row in rows}


def test_nothing_typed_in_libreoffice_is_lost_over_other_findings(tmp_path: Path) -> None:
    """Words, dates, leading zeros, a formula, right-to-left and emoji, a comment, a bare address: through two more runs."""
    case, incident = case_with(tmp_path, "worked.xlsx")
    typed = {
        SAVEABLE: {"status": "At Risk", "contacted_at": "2026-03-05 11:30", "note": "3/4/2026"},
        DRAINED: {"status": "Impacted", "assigned_to": "007", "note": "=1+1"},
        PARTLY: {"note": HEBREW},
        EXPOSED: {"overrides": '{"comments": "[status] ask Ada first"}'},
        MOVED: {"overrides": '{"harm": "moved_by_owner"}'},
        NEW: {"added": True},
    }
    assert typed == people_of(case)
    for _ in range(2):
        write_sheet(case, incident)
        assert typed == people_of(case)
    shown = cells(case.sheet / "affected.xlsx")
    assert ("compromised", "moved_by_owner", HEBREW) == (
        shown[SAVEABLE]["verdict"],
        shown[MOVED]["harm"],
        shown[PARTLY]["note"],
    )
    assert "told us on the phone" == shown["bob's wallet"]["note"]


def test_a_sheet_that_a_person_added_in_libreoffice_stays(tmp_path: Path) -> None:
    """The workbook is written anew, and the team's phone list is in it as it was."""
    case, incident = case_with(tmp_path, "worked.xlsx")
    for _ in range(2):
        assert ["phone list"] == write_sheet(case, incident)["own_sheets"]
    rows = list(open_workbook(case.sheet / "affected.xlsx")["phone list"].iter_rows(values_only=True))
    assert [("who", "when", "number"), ("Ada", "2026-03-05", "0171 123"), ("Bob", None, "42")] == rows


def test_a_csv_that_libreoffice_saved_is_read(tmp_path: Path) -> None:
    """It has written 950.0 as 950, true as TRUE and a date in its own way: only what was typed is an edit."""
    case, incident = case_with(tmp_path, "worked.csv")
    typed = {
        SAVEABLE: {"status": "Saved"},
        POSSIBLE: {"owner_confirmed": "no", "note": "03/04/2026"},
        NEW: {"added": True, "note": "by mail"},
    }
    assert typed == people_of(case)
    write_sheet(case, incident)
    assert typed == people_of(case)


def test_libreoffice_finds_no_formula_and_no_link_in_a_hostile_csv(tmp_path: Path) -> None:
    """What LibreOffice made of our CSV, saved as a workbook: every hostile text came in as text."""
    with zipfile.ZipFile(SAVED / "hostile.xlsx") as archive:
        xml = "".join(archive.read(name).decode() for name in archive.namelist() if name.endswith((".xml", ".rels")))
    assert [0, 0, 0] == [len(re.findall(sign, xml)) for sign in ("<f[ >]", 'Target="http', "\u202e")]
    case, incident = hostile_case(tmp_path)
    write_sheet(case, incident)
    texts = {str(row["not_covered"]) for row in cells(SAVED / "hostile.xlsx", "hostile-affected").values()}
    escaped = HOSTILE.replace("\u202e", "\\u202e").replace("\x07", "\\x07")
    assert {f"'{escaped}", "'-2+3", "'@SUM(1+1)*cmd|' /C calc'!A0"} <= texts


@pytest.mark.parametrize("name", ["worked.xlsx", "worked.csv"])
def test_the_file_that_libreoffice_saved_is_kept(tmp_path: Path, name: str) -> None:
    """Whatever a merge does, it can be looked up."""
    case, incident = case_with(tmp_path, name)
    (kept,) = write_sheet(case, incident)["kept"]  # type: ignore[misc]
    assert (SAVED / name).read_bytes() == (case.sheet / kept).read_bytes()
