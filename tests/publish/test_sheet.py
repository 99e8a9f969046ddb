"""What people typed into the shared sheet survives every run, and what the tool writes is whole and harmless."""

import json
import resource
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from exposure.case import Case, hash_file
from exposure.errors import ExposureError
from exposure.publish.sheet.keep import read_people, write_sheet
from exposure.tables import TABLES
from tests.publish.sheet_builder import (
    DRAINED,
    EXPOSED,
    MOVED,
    PARTLY,
    POSSIBLE,
    QUIET,
    SAVEABLE,
    cells,
    edit_csv,
    edit_workbook,
    make_case,
    open_workbook,
    wallet,
    wallets,
)

NEW = "0x52908400098527886e0f7030069857d2e4169ee7"
CHECKSUMMED = "0x52908400098527886E0F7030069857D2E4169EE7"


def people_of(case: Case) -> dict[str, dict[str, object]]:
    """Give what people typed, by address, without what is empty."""
    rows, _ = read_people(case)
    return {row.pop("address"): {key: value for key, value in row.items() if value} for row in rows.to_dicts()}


def text_of(case: Case) -> str:
    """Give the CSV, which shows every cell."""
    return (case.sheet / "affected.csv").read_text(encoding="utf-8-sig")


def test_the_most_urgent_wallet_stands_first(tmp_path: Path) -> None:
    """By urgency, then by verdict, then by address: who can still lose most is called first."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    assert [SAVEABLE, DRAINED, PARTLY, EXPOSED, POSSIBLE, MOVED, QUIET] == list(cells(case.sheet / "affected.xlsx"))


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    """The files hold no time but the pinned one, so that a digest means something."""
    digests = []
    for name in ("one", "two"):
        case, incident = make_case(tmp_path / name)
        write_sheet(case, incident)
        digests.append([hash_file(case.sheet / f"affected.{kind}") for kind in ("xlsx", "csv", "parquet")])
    assert digests[0] == digests[1]


def test_a_second_run_without_changes_keeps_no_copy(tmp_path: Path) -> None:
    """Nothing was changed, so nothing is written and nothing is kept."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    assert [] == write_sheet(case, incident)["kept"]
    assert ["affected.csv", "affected.parquet", "affected.xlsx"] == sorted(p.name for p in case.sheet.glob("a*"))


def test_what_people_typed_survives_a_run_with_other_findings(tmp_path: Path) -> None:
    """The tool's columns change under people's words, and their words stay."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    words = {
        "status": "Saved",
        "assigned_to": "Ada",
        "contacted_at": "11:30 by phone",
        "rescue": "owner move",
        "note": "calm",
    }
    edit_workbook(case.sheet / "affected.xlsx", {SAVEABLE: {**words}})
    case.write("wallets", TABLES["wallets"].frame([wallet(SAVEABLE, "compromised", 1.0, harm="drained")]))
    write_sheet(case, incident)
    shown = cells(case.sheet / "affected.xlsx")[SAVEABLE]
    assert ("compromised", *words.values()) == tuple(shown[name] for name in ("verdict", *words))
    assert {"added": False, **words} == {"added": False, **people_of(case)[SAVEABLE]}


def test_the_file_before_is_kept(tmp_path: Path) -> None:
    """Whatever a merge does, the file that a person saved is still there, under its digest."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    edit_workbook(case.sheet / "affected.xlsx", {SAVEABLE: {"note": "calm"}})
    saved = (case.sheet / "affected.xlsx").read_bytes()
    kept = f"affected.{hash_file(case.sheet / 'affected.xlsx')[:8]}.xlsx"
    assert [kept] == write_sheet(case, incident)["kept"]
    assert saved == (case.sheet / kept).read_bytes()


def test_of_files_that_nobody_touched_the_last_five_are_kept(tmp_path: Path) -> None:
    """A watch writes every minute; what a person has saved is never among what is removed."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    edit_workbook(case.sheet / "affected.xlsx", {SAVEABLE: {"note": "calm"}})
    saved = hash_file(case.sheet / "affected.xlsx")[:8]
    kept: list[object] = []
    for urgency in range(8):
        case.write("wallets", TABLES["wallets"].frame([wallet(SAVEABLE, urgency=float(urgency))]))
        kept += write_sheet(case, incident)["kept"]  # type: ignore[arg-type]
    expected = [f"affected.{saved}.xlsx", *kept[-5:]]
    assert sorted(map(str, expected)) == sorted(path.name for path in case.sheet.glob("affected.*.xlsx"))


def test_a_bare_pasted_address_is_enough(tmp_path: Path) -> None:
    """It is read in any case, joins the people table for the next pull, and stands in the sheet with its checksum."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    edit_workbook(case.sheet / "affected.xlsx", {}, added=[{"address": NEW.upper().replace("0X", "0x")}])
    assert {NEW: {"added": True}} == people_of(case)
    write_sheet(case, incident)
    assert CHECKSUMMED in text_of(case)
    assert (
        "added by a person; the tool says nothing on it yet: `exposure run` looks it up"
        == cells(case.sheet / "affected.xlsx")[NEW]["attention"]
    )


def test_a_pasted_text_that_is_no_address_stays_as_typed_and_is_said(tmp_path: Path) -> None:
    """A victim's mistyped address is not thrown away: it stands on top until a person has mended it."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    edit_workbook(case.sheet / "affected.xlsx", {}, added=[{"address": "0x1234", "note": "Bob, ticket 815"}])
    problem = "the sheet: '0x1234' is not a wallet's address: write 0x and 40 hex digits"
    assert {} == people_of(case)
    for _ in range(3):
        assert [problem] == write_sheet(case, incident)["problems"]
    first = next(iter(cells(case.sheet / "affected.xlsx").values()))
    assert ("0x1234", "Bob, ticket 815") == (first["address"], first["note"])
    edit_workbook(case.sheet / "affected.xlsx", {"0x1234": {"address": NEW}})
    assert [] == write_sheet(case, incident)["problems"]
    assert {NEW: {"added": True, "note": "Bob, ticket 815"}} == people_of(case)
    assert "0x1234" not in text_of(case)


def test_a_text_that_may_be_a_private_key_is_not_repeated(tmp_path: Path) -> None:
    """Problems go to terminals and tickets: a long text in the place of an address is not quoted there."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    edit_workbook(case.sheet / "affected.xlsx", {}, added=[{"address": "0x" + "4c" * 32}])
    problem = (
        "the sheet: a text of 66 characters is not a wallet's address: 64 hex digits are a transaction's hash or a private "
        "key: write the wallet's address; a private key must not stand in a shared sheet at all"
    )
    assert [problem] == write_sheet(case, incident)["problems"]


def test_an_edit_in_a_column_of_the_tool_stands_and_shows_the_disagreement(tmp_path: Path) -> None:
    """A person knows better than the tool, or errs: either way both words are seen, through every later run."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    edit_workbook(case.sheet / "affected.xlsx", {MOVED: {"harm": "moved_by_owner"}}, by="Ada")
    for _ in range(2):
        write_sheet(case, incident)
    shown = cells(case.sheet / "affected.xlsx")[MOVED]
    assert "moved_by_owner" == shown["harm"]
    person = "harm: a person (Ada, 2026-03-05 11:00 UTC) says 'moved_by_owner'"
    assert f"{person}, the tool says 'moved_unconfirmed'" == shown["attention"]
    assert {"harm": "moved_by_owner"} == json.loads(str(people_of(case)[MOVED]["overrides"]))
    changed = [row | {"harm": "drained"} if row["address"] == MOVED else row for row in wallets()]
    case.write("wallets", TABLES["wallets"].frame(changed))
    write_sheet(case, incident)
    assert f"{person}, the tool says 'drained'" == cells(case.sheet / "affected.xlsx")[MOVED]["attention"]


def test_typing_the_tools_word_again_takes_the_edit_back(tmp_path: Path) -> None:
    """A slip can be undone by the person who made it."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    edit_workbook(case.sheet / "affected.xlsx", {MOVED: {"harm": "moved_by_owner"}})
    write_sheet(case, incident)
    edit_workbook(case.sheet / "affected.xlsx", {MOVED: {"harm": "moved_unconfirmed"}})
    write_sheet(case, incident)
    assert {} == people_of(case)
    assert cells(case.sheet / "affected.xlsx")[MOVED]["attention"] is None


def test_a_wallet_that_the_tool_no_longer_lists_stays_while_a_person_touched_it(tmp_path: Path) -> None:
    """Somebody has spoken with its owner: the row stays, marked, with the verdict that it had; untouched ones are counted."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    edit_workbook(case.sheet / "affected.xlsx", {POSSIBLE: {"note": "owner called"}})
    write_sheet(case, incident)
    left = [row for row in wallets() if row["address"] not in (POSSIBLE, QUIET)]
    case.write("wallets", TABLES["wallets"].frame(left))
    assert 1 == write_sheet(case, incident)["no_longer_listed"]
    write_sheet(case, incident)
    shown = cells(case.sheet / "affected.xlsx")
    assert QUIET not in shown
    assert (
        "owner called",
        "no longer listed by the tool, which last said 'possible': what has changed since? Kept, because people wrote here",
    ) == (shown[POSSIBLE]["note"], shown[POSSIBLE]["attention"])


def test_sorting_filtering_and_moving_columns_is_no_edit(tmp_path: Path) -> None:
    """Rows and columns in another order, a column deleted, a title above, a renamed sheet: words go to their wallets."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    path = case.sheet / "affected.xlsx"
    edit_workbook(path, {DRAINED: {"status": "Impacted"}, QUIET: {"note": "is fine"}})
    book = open_workbook(path)
    rows = [list(row) for row in book["wallets"].iter_rows(values_only=True)]
    gone = rows[0].index("covered")
    moved = [[value for place, value in enumerate(row) if place != gone][::-1] for row in rows]
    for name in book.sheetnames:
        del book[name]
    sheet = book.create_sheet("War room")
    for row in [["do not share"], [], moved[0], *sorted(moved[1:], key=str)]:
        sheet.append(row)
    book.save(path)
    assert {DRAINED: {"status": "Impacted"}, QUIET: {"note": "is fine"}} == people_of(case)


def test_numbers_and_dates_that_excel_made_are_read_as_people_see_them(tmp_path: Path) -> None:
    """Excel turns what looks like a number or a date into one; what comes back is what stands in the cell."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    time = datetime(2026, 3, 4, 11, 30)  # noqa: DTZ001 - spreadsheets know no zones
    typed = {"contacted_at": time, "note": 815, "assigned_to": time.replace(hour=0, minute=0), "status": True}
    edit_workbook(case.sheet / "affected.xlsx", {DRAINED: {**typed}})
    read = {"contacted_at": "2026-03-04 11:30:00", "note": "815", "assigned_to": "2026-03-04", "status": "true"}
    assert {DRAINED: read} == people_of(case)
    write_sheet(case, incident)
    write_sheet(case, incident)
    assert {DRAINED: read} == people_of(case)


def test_a_formula_that_a_program_saved_comes_back_as_its_text(tmp_path: Path) -> None:
    """A program saves formulas without results: to a reader of values the cell is empty, and the words would be gone."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    path = case.sheet / "affected.xlsx"
    book = open_workbook(path)
    note = next(cell.column for cell in book["wallets"][1] if cell.value == "note")
    book["wallets"].cell(3, note).value = '=HYPERLINK("http://evil.example","call \u05d0")'
    book.save(path)
    assert {DRAINED: {"note": '=HYPERLINK("http://evil.example","call \u05d0")'}} == people_of(case)
    write_sheet(case, incident)
    with zipfile.ZipFile(path) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_a_google_sheets_user_edits_the_csv(tmp_path: Path) -> None:
    """What Sheets makes of numbers, booleans and apostrophes is no edit; what the person typed is one."""
    hostile = [row | {"not_covered": "=1+1", "remedy": "@SUM(A1)"} for row in wallets()]
    case, incident = make_case(tmp_path, wallets=TABLES["wallets"].frame(hostile))
    write_sheet(case, incident)
    edit_csv(
        case.sheet / "affected.csv",
        {SAVEABLE: {"status": "At Risk", "note": "=call again"}},
        added=[{"address": CHECKSUMMED, "note": "told us on the phone"}],
    )
    expected = {
        SAVEABLE: {"status": "At Risk", "note": "=call again"},
        NEW: {"added": True, "note": "told us on the phone"},
    }
    assert expected == people_of(case)
    write_sheet(case, incident)
    assert expected == people_of(case)
    assert "'=call again" in text_of(case)


def test_an_older_copy_saved_over_a_newer_file_undoes_nothing(tmp_path: Path) -> None:
    """Ada kept the file open over a run; her copy is compared with the version that she had, not with the newest."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    path, hers = case.sheet / "affected.xlsx", tmp_path / "hers.xlsx"
    shutil.copy(path, hers)
    edit_workbook(path, {DRAINED: {"status": "Impacted"}})
    changed = [row | {"verdict": "compromised"} if row["address"] == SAVEABLE else row for row in wallets()]
    case.write("wallets", TABLES["wallets"].frame(changed))
    write_sheet(case, incident)
    edit_workbook(hers, {QUIET: {"note": "is fine"}})
    shutil.copy(hers, path)
    write_sheet(case, incident)
    assert {DRAINED: {"status": "Impacted"}, QUIET: {"note": "is fine"}} == people_of(case)
    assert "compromised" == cells(path)[SAVEABLE]["verdict"]


def test_two_people_who_typed_into_the_same_cell_both_stay(tmp_path: Path) -> None:
    """One in the workbook, one in the CSV: the workbook's word stands, the other is in the note, and a person is told."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    edit_workbook(case.sheet / "affected.xlsx", {DRAINED: {"status": "Impacted", "note": "by Ada"}})
    edit_csv(case.sheet / "affected.csv", {DRAINED: {"status": "Saved", "note": "by Bob"}})
    problem = (
        f"affected.xlsx, sheet wallets, row 3: two people typed into status of {DRAINED}; "
        "this file's words stand there, the other's in the note"
    )
    assert [problem] == write_sheet(case, incident)["problems"]
    assert {DRAINED: {"status": "Impacted", "note": "by Ada\nby Bob\n[status was also typed as: Saved]"}} == people_of(
        case
    )
    assert [] == write_sheet(case, incident)["problems"]


def test_a_column_that_a_person_added_stays(tmp_path: Path) -> None:
    """Teams add what they need; its words are kept like any others."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    path = case.sheet / "affected.xlsx"
    book = open_workbook(path)
    sheet = book["wallets"]
    place = sheet.max_column + 1
    sheet.cell(1, place).value, sheet.cell(2, place).value = "telegram", "@ada"
    book.save(path)
    for _ in range(2):
        write_sheet(case, incident)
    assert "@ada" == cells(path)[SAVEABLE]["telegram"]
    edit_workbook(path, {SAVEABLE: {"telegram": None}})
    write_sheet(case, incident)
    assert {} == people_of(case)


def test_words_survive_where_the_tables_were_deleted(tmp_path: Path) -> None:
    """Somebody deletes data/ to start over: the sheet that nobody has saved since is no empty sheet."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    edit_workbook(case.sheet / "affected.xlsx", {DRAINED: {"note": "calm"}}, added=[{"address": NEW}])
    write_sheet(case, incident)
    shutil.rmtree(case.data)
    assert {DRAINED: {"note": "calm"}, NEW: {"added": True}} == people_of(case)


def test_words_survive_where_the_written_versions_were_deleted(tmp_path: Path) -> None:
    """Without what was written, people's own columns are read all the same, and the rest is said."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    edit_workbook(case.sheet / "affected.xlsx", {DRAINED: {"note": "calm", "harm": "none"}})
    version = str(cells(case.sheet / "affected.xlsx")[DRAINED]["sheet_version"]).partition(".")[0]
    shutil.rmtree(case.sheet / ".versions")
    problem = (
        f"affected.xlsx, sheet wallets came from a version that this case has no copy of ({version}): what people typed into "
        "their own columns was read, changes to the tool's columns could not be told from older data"
    )
    (case.sheet / "affected.csv").unlink()
    assert [problem] == read_people(case)[1]
    assert {DRAINED: {"note": "calm"}} == people_of(case)


def test_a_damaged_workbook_is_an_error_and_is_not_written_over(tmp_path: Path) -> None:
    """Half a file may be a day of somebody's work."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    path = case.sheet / "affected.xlsx"
    path.write_bytes(path.read_bytes()[:9000])
    half = path.read_bytes()
    with pytest.raises(ExposureError) as raised:
        write_sheet(case, incident)
    assert (
        "affected.xlsx cannot be read\n"
        "  why: it is not a whole workbook (calamine error: Xlsx error: Zip error: invalid Zip archive: Could not find EOCD); "
        "what people typed into it would be lost, so nothing was written over it\n"
        f"  fix: open {path} and save it again, or put the newest copy beside it (affected.*.xlsx) in its place; "
        "to start a new sheet, move the file away"
    ) == str(raised.value)
    assert half == path.read_bytes()


def test_columns_that_were_sorted_apart_are_an_error(tmp_path: Path) -> None:
    """A sort of one column alone would give every note to the wrong victim."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    path = case.sheet / "affected.xlsx"
    book = open_workbook(path)
    sheet = book["wallets"]
    for row, address in enumerate(sorted(str(sheet.cell(row, 1).value) for row in range(2, 9)), 2):
        sheet.cell(row, 1).value = address
    book.save(path)
    with pytest.raises(ExposureError) as raised:
        read_people(case)
    assert (
        "affected.xlsx, sheet wallets was sorted by some of its columns without the others\n"
        "  why: in 5 rows, row 2 the first, address and sheet_version belong to different wallets: notes would be given to the "
        "wrong people, so nothing was written over it\n"
        "  fix: undo that sort, or put the newest copy (affected.*.xlsx) in its place; the arrows in the header sort whole rows"
    ) == str(raised.value)


def test_a_full_disk_leaves_the_old_file_whole(tmp_path: Path) -> None:
    """The file that people work in is replaced by a whole one or not at all."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    before = {path.name: path.read_bytes() for path in case.sheet.glob("affected.*")}
    case.write("wallets", TABLES["wallets"].frame([wallet(f"0x{number:040x}") for number in range(300)]))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (25_000, hard))
    try:
        with pytest.raises(ExposureError) as raised:
            write_sheet(case, incident)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (
        f"the sheet in {case.sheet} could not be written\n"
        "  why: File too large; the files that were there are whole\n"
        "  fix: make room or close the program that holds the file, then run: exposure sheet"
    ) == str(raised.value)
    assert before == {path.name: path.read_bytes() for path in case.sheet.glob("affected.*")}
    assert [".versions"] == [path.name for path in case.sheet.glob(".*")]


def test_a_run_that_is_killed_while_it_writes_leaves_the_old_files_whole(tmp_path: Path) -> None:
    """The power goes, or somebody is impatient: what people typed is in the files, and the next run goes on from them."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    edit_workbook(case.sheet / "affected.xlsx", {SAVEABLE: {"note": "calm"}})
    before = {path.name: path.read_bytes() for path in case.sheet.glob("affected.*")}
    found = [wallet(SAVEABLE), *(wallet(f"0x{number:040x}", "exposed") for number in range(5_000))]
    case.write("wallets", TABLES["wallets"].frame(found))
    program = (
        "from pathlib import Path; from exposure.case import Case; from exposure.publish.sheet.keep import write_sheet; "
        f"from tests.publish.sheet_builder import incident; write_sheet(Case(Path({str(tmp_path)!r})), incident(Path('.')))"
    )
    writing = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[2])
    while not any(case.sheet.glob(".writing-*/*")):
        assert writing.poll() is None, "it ended before it began to write"
        time.sleep(0.005)
    writing.kill()
    assert -signal.SIGKILL == writing.wait()
    assert before == {path.name: path.read_bytes() for path in case.sheet.glob("affected.*")}
    assert 5_001 == write_sheet(case, incident)["rows"]
    assert {SAVEABLE: {"note": "calm"}} == people_of(case)
    assert not any(case.sheet.glob(".writing-*"))


def test_the_rest_of_a_killed_run_is_cleared_away(tmp_path: Path) -> None:
    """A killed run leaves a folder of half-made files, which hold victims' data."""
    case, incident = make_case(tmp_path)
    left = case.sheet / ".writing-killed"
    left.mkdir(parents=True)
    (left / "affected.xlsx").write_bytes(b"half")
    write_sheet(case, incident)
    assert not left.exists()


def test_parquet_is_exact_and_documented(tmp_path: Path) -> None:
    """Scripts read the values as they are: lowercase addresses, typed times, and what each column means."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    edit_workbook(case.sheet / "affected.xlsx", {MOVED: {"harm": "moved_by_owner", "note": "=1+1"}})
    write_sheet(case, incident)
    path = case.sheet / "affected.parquet"
    row = pl.read_parquet(path).filter(pl.col("address") == MOVED).to_dicts()[0]
    assert ("moved_unconfirmed", '{"harm": "moved_by_owner"}', "=1+1", False) == tuple(
        row[name] for name in ("harm", "overrides", "note", "added")
    )
    assert TABLES["wallets"].schema["first_exposed"] == pl.read_parquet_schema(path)["first_exposed"]
    metadata = pl.read_parquet_metadata(path)
    assert "TLP:AMBER+STRICT" == metadata["exposure.tlp"]
    assert "What is left to save, exact, per token" == json.loads(metadata["exposure.columns"])["at_risk"]["meaning"]


def test_a_case_without_any_wallet_has_a_sheet_to_paste_into(tmp_path: Path) -> None:
    """The first minutes: nothing is known, and the team already pastes addresses."""
    case, incident = make_case(tmp_path, **{name: TABLES[name].empty() for name in ("wallets", "evidence", "losses")})
    assert 0 == write_sheet(case, incident)["rows"]
    edit_workbook(case.sheet / "affected.xlsx", {}, added=[{"address": NEW, "status": "Needs Review"}])
    write_sheet(case, incident)
    assert {NEW: {"added": True, "status": "Needs Review"}} == people_of(case)
