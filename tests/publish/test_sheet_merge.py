"""Copies that people worked in apart come together: nothing is lost, and what they disagree on is listed."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from openpyxl.comments import Comment
from typer.testing import CliRunner

from exposure.case import Case, hash_file
from exposure.cli import app
from exposure.errors import ExposureError
from exposure.incident import Incident
from exposure.publish.sheet.keep import read_people, write_sheet
from exposure.publish.sheet.own import OwnSheet, together
from exposure.publish.sheet.pages import Page
from exposure.publish.sheet.xlsx import write_workbook
from exposure.tables import TABLES
from tests.publish.sheet_builder import (
    DRAINED,
    EXPOSED,
    MOVED,
    PARTLY,
    SAVEABLE,
    START,
    cells,
    edit_csv,
    edit_workbook,
    make_case,
    open_workbook,
    wallet,
)

NEW = "0x52908400098527886e0f7030069857d2e4169ee7"


def copies_of(tmp_path: Path) -> tuple[Case, Incident, Path, Path]:
    """Write a sheet, and give two copies of it."""
    case, incident = make_case(tmp_path / "case")
    write_sheet(case, incident)
    ada, bob = tmp_path / "ada.xlsx", tmp_path / "bob.xlsx"
    for copy in (ada, bob):
        shutil.copy(case.sheet / "affected.xlsx", copy)
    return case, incident, ada, bob


def people_of(case: Case) -> dict[str, dict[str, object]]:
    """Give what people typed, by address, without what is empty."""
    rows = read_people(case)[0].drop("overrides_by").to_dicts()
    return {row.pop("address"): {key: value for key, value in row.items() if value} for row in rows}


def test_what_two_people_typed_apart_comes_together(tmp_path: Path) -> None:
    """Other cells, other rows, and words that were typed into the case's own sheet meanwhile."""
    case, incident, ada, bob = copies_of(tmp_path)
    edit_workbook(ada, {DRAINED: {"status": "Impacted"}}, added=[{"address": NEW}])
    edit_workbook(bob, {DRAINED: {"assigned_to": "Bob"}, MOVED: {"harm": "moved_by_owner"}})
    edit_csv(case.sheet / "affected.csv", {SAVEABLE: {"note": "calm"}})
    figures = write_sheet(case, incident, copies=(ada, bob))
    assert ([], 0) == (figures["problems"], figures["conflicts"])
    assert {
        DRAINED: {"status": "Impacted", "assigned_to": "Bob"},
        MOVED: {"overrides": '{"harm": "moved_by_owner"}'},
        SAVEABLE: {"note": "calm"},
        NEW: {"added": True},
    } == people_of(case)


def test_what_they_disagree_on_stands_on_the_page_conflicts_until_it_is_settled(tmp_path: Path) -> None:
    """Both words are there from the start; it goes when a person has taken the other word out of the note."""
    case, incident, ada, bob = copies_of(tmp_path)
    edit_workbook(ada, {DRAINED: {"status": "Impacted"}, MOVED: {"harm": "moved_by_owner"}, EXPOSED: {"note": "tall"}})
    edit_workbook(bob, {DRAINED: {"status": "Saved"}, MOVED: {"harm": "drained\nsurely"}, EXPOSED: {"note": "calm"}})
    figures = write_sheet(case, incident, copies=(ada, bob))
    assert [f"bob.xlsx, sheet wallets, row {row}: two people typed into {column} of {address}; this file's words stand "
            "there, the other's in the note" for row, column, address in ((3, "status", DRAINED), (7, "harm", MOVED))
    ] == figures["problems"]  # fmt: skip
    for _ in range(2):
        rows = list(open_workbook(case.sheet / "affected.xlsx")["conflicts"].iter_rows(min_row=2, values_only=True))
        assert [("status", "Saved", "Impacted"), ("harm", "drained / surely", "moved_by_owner")] == [
            row[1:] for row in rows
        ]
        assert [] == write_sheet(case, incident)["problems"]
    assert "calm\ntall" == cells(case.sheet / "affected.xlsx")[EXPOSED]["note"]
    edit_workbook(case.sheet / "affected.xlsx", {DRAINED: {"note": ""}, MOVED: {"note": "asked: it was he"}})
    assert 0 == write_sheet(case, incident)["conflicts"]
    assert "conflicts" not in open_workbook(case.sheet / "affected.xlsx").sheetnames


def test_merging_twice_changes_nothing(tmp_path: Path) -> None:
    """Somebody runs the command again, or in the other order."""
    case, incident, ada, bob = copies_of(tmp_path)
    edit_workbook(ada, {DRAINED: {"status": "Impacted"}})
    edit_workbook(bob, {DRAINED: {"status": "Saved"}})
    write_sheet(case, incident, copies=(ada, bob))
    once = people_of(case)
    for copies in ((ada, bob), (bob, ada)):
        assert [] == write_sheet(case, incident, copies=copies)["problems"]
    assert once == people_of(case)


def test_copies_of_an_older_version_are_merged_over_newer_findings(tmp_path: Path) -> None:
    """The tool went on while they worked: its new findings stand, and so do their words."""
    case, incident, ada, bob = copies_of(tmp_path)
    case.write("wallets", TABLES["wallets"].frame([wallet(SAVEABLE, "compromised", 1.0, harm="drained")]))
    write_sheet(case, incident)
    edit_workbook(ada, {SAVEABLE: {"status": "Saved"}, PARTLY: {"note": "gone abroad"}})
    edit_workbook(bob, {SAVEABLE: {"rescue": "owner move"}})
    write_sheet(case, incident, copies=(ada, bob))
    shown = cells(case.sheet / "affected.xlsx")
    assert ("compromised", "Saved", "owner move") == tuple(
        shown[SAVEABLE][name] for name in ("verdict", "status", "rescue")
    )
    assert "gone abroad" == shown[PARTLY]["note"]


def test_a_folder_in_the_place_of_the_sheet_is_called_one(tmp_path: Path) -> None:
    """It is there, so "no such file" would send people looking for the wrong thing."""
    case, incident, _, _ = copies_of(tmp_path)
    (case.sheet / "affected.xlsx").unlink()
    (case.sheet / "affected.xlsx").mkdir()
    with pytest.raises(ExposureError) as raised:
        write_sheet(case, incident)
    assert (
        f"{case.sheet}/affected.xlsx cannot be merged\n  why: it is a folder, not a file\n"
        "  fix: move the folder away, or name the file that is in it"
    ) == str(raised.value)


def test_a_copy_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """And nothing is written."""
    case, incident, ada, _ = copies_of(tmp_path)
    before = hash_file(case.sheet / "affected.xlsx")
    missing = tmp_path / "cyd.xlsx"
    with pytest.raises(ExposureError) as raised:
        write_sheet(case, incident, copies=(ada, missing))
    assert (
        f"{missing} cannot be merged\n  why: there is no such file\n  fix: name the copies of the sheet that people worked in"
    ) == str(raised.value)
    assert before == hash_file(case.sheet / "affected.xlsx")


def test_comments_on_cells_are_words_that_people_typed(tmp_path: Path) -> None:
    """They come back in a column of their own, with their authors; those at our headers are no words of people."""
    case, incident, _, _ = copies_of(tmp_path)
    path = case.sheet / "affected.xlsx"
    for text in ("call her", "she called"):
        book = open_workbook(path)
        status = next(cell.column for cell in book["wallets"][1] if cell.value == "status")
        book["wallets"].cell(2, status).comment = Comment(text, "Ada")
        book.save(path)
        write_sheet(case, incident)
    said = "[status] Ada: call her\n[status] Ada: she called"
    for _ in range(2):
        assert said == cells(path)[SAVEABLE]["comments"]
        write_sheet(case, incident)


def test_sheets_that_people_added_stay_also_from_copies(tmp_path: Path) -> None:
    """Each word where it stood; another sheet of the same name gets a number; a renamed page of ours is not theirs."""
    case, incident, ada, bob = copies_of(tmp_path)
    for path, number in ((ada, 1), (bob, 2)):
        book = open_workbook(path)
        book.create_sheet("calls").append(["Ada", "=1+1\u202e", number])
        book["evidence"].title = "Why"
        book.save(path)
    for copies in ((ada, bob), (), (bob, ada)):
        assert ["calls", "calls (2)"] == write_sheet(case, incident, copies=copies)["own_sheets"]
    book = open_workbook(case.sheet / "affected.xlsx")
    assert [
        "wallets",
        "evidence",
        "timeline",
        "attackers",
        "coverage",
        "readme",
        "calls",
        "calls (2)",
    ] == book.sheetnames
    assert {("=1+1\\u202e", "1"), ("=1+1\\u202e", "2")} == {
        next(book[name].iter_rows(values_only=True))[1:] for name in ("calls", "calls (2)")
    }


def test_a_sheet_whose_name_excel_does_not_allow_stays_under_another(tmp_path: Path) -> None:
    """Google Sheets and LibreOffice allow it; the sheet must not keep the whole workbook from being written."""
    cells_of = (("call back",),)
    own = [OwnSheet(name, cells_of) for name in ("History", "a/b:c", "x" * 40, "'quoted'", "readme")]
    names = [sheet.name for sheet in together(own)]
    assert ["History (2)", "a_b_c", "x" * 31, "quoted", "readme (2)"] == names
    book = tmp_path / "a.xlsx"
    nothing = Page("readme", (), pl.DataFrame())
    write_workbook(book, [], lambda _: nothing, title="t", mark="TLP:AMBER", created=START, own=together(own))
    assert ["readme", *names] == open_workbook(book).sheetnames


def test_words_beside_a_page_of_the_tool_are_told_of(tmp_path: Path) -> None:
    """Programs refuse to type there, unless somebody takes the protection away; the file with these words is kept."""
    case, incident, _, _ = copies_of(tmp_path)
    path = case.sheet / "affected.xlsx"
    book = open_workbook(path)
    assert [False, True, True] == [book[name].protection.sheet for name in ("wallets", "evidence", "readme")]
    book["evidence"].cell(2, 9).value = "this is wrong"
    book.save(path)
    figures = write_sheet(case, incident)
    told = (
        "affected.xlsx, sheet evidence: words stand beside the tool's columns; they stay in the copy of this file that is "
        "kept, and nowhere else: write them into your columns of the page wallets, or onto a sheet of your own"
    )
    assert [told] == figures["problems"]
    assert "this is wrong" == open_workbook(case.sheet / figures["kept"][0])["evidence"].cell(2, 9).value  # type: ignore[index]


INCIDENT = """
[incident]
name  = "examplewallet-2026-03"
title = "Malicious script on examplewallet.com"

[[chain]]
name = "ethereum"
rpc  = ["http://127.0.0.1:1"]

[[attacker]]
address = "0x5151515151515151515151515151515151515151"
role    = "sink"
"""


def test_the_command_merges_and_says_by_its_exit_code_that_a_person_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From inside the case folder, as the team's notes say: exposure sheet --merge A B."""
    case, _, ada, bob = copies_of(tmp_path)
    (case.folder / "incident.toml").write_text(INCIDENT)
    monkeypatch.chdir(case.folder)
    edit_workbook(ada, {DRAINED: {"status": "Impacted"}})
    edit_workbook(bob, {DRAINED: {"status": "Saved"}})
    run = CliRunner().invoke(app, ["sheet", "--merge", str(ada), str(bob), "--json"])
    told = json.loads(run.stdout)
    assert (1, 1, 1) == (run.exit_code, told["stages"]["sheet"]["conflicts"], len(told["problems"]))
    assert 0 == CliRunner().invoke(app, ["sheet"]).exit_code


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--victims"], "error  --victims does not go with --share team"),
        (["--share", "public", "--merge", "a", "b"], "error  --merge does not go with --share public"),
    ],
)
def test_options_that_contradict_each_other_are_an_error(tmp_path: Path, arguments: list[str], error: str) -> None:
    """Nothing is written then."""
    case, _, _, _ = copies_of(tmp_path)
    (case.folder / "incident.toml").write_text(INCIDENT)
    run = CliRunner().invoke(app, ["sheet", str(case.folder), *arguments])
    assert (2, error) == (run.exit_code, run.stderr.splitlines()[0])


def test_the_command_warns_before_victims_are_named(tmp_path: Path) -> None:
    """On the terminal, beside the figures."""
    case, _, _, _ = copies_of(tmp_path)
    (case.folder / "incident.toml").write_text(INCIDENT)
    run = CliRunner().invoke(app, ["sheet", str(case.folder), "--share", "public", "--victims"])
    assert (0, True) == (run.exit_code, "warning: these files name victims. Lists of victims are what" in run.stderr)
