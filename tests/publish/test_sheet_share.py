"""Who may see what: no circle gets more than it needs, and none gets what ties visitors to wallets."""

import re
import zipfile
from pathlib import Path

import polars as pl
import pytest

from exposure.case import Case
from exposure.publish.sheet.keep import write_sheet
from exposure.tables import TABLES
from tests.publish.sheet_builder import (
    DRAINED,
    PARTLY,
    SAVEABLE,
    START,
    cells,
    edit_workbook,
    make_case,
    open_workbook,
    tables,
    wallets,
)


def everything_in(case: Case, stem: str) -> bytes:
    """Give all that the three files of a circle hold."""
    with zipfile.ZipFile(case.sheet / f"{stem}.xlsx") as archive:
        found = b"".join(archive.read(name) for name in archive.namelist())
    found += (case.sheet / f"{stem}.csv").read_bytes()
    return found + pl.read_parquet(case.sheet / f"{stem}.parquet").write_csv().encode()


def test_no_client_session_or_request_stands_in_any_file(tmp_path: Path) -> None:
    """The join of a person's network and wallet is the most sensitive thing in a case: it stays in data/."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    with zipfile.ZipFile(case.sheet / "affected.xlsx") as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    everything += (case.sheet / "affected.csv").read_bytes()
    everything += pl.read_parquet(case.sheet / "affected.parquet").write_csv().encode()
    assert b"c0ffee0123456789" not in everything


def test_partners_get_no_balances_chances_notes_or_order(tmp_path: Path) -> None:
    """A list ranked by what is left to steal is a list of targets."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    edit_workbook(case.sheet / "affected.xlsx", {SAVEABLE: {"note": "calm"}})
    write_sheet(case, incident, share="partners")
    frame = pl.read_csv(case.sheet / "affected.partners.TLP-AMBER.csv")
    assert sorted(row["address"] for row in wallets()) == [text.lower() for text in frame.get_column("address")]
    hidden = {
        "p_exposed",
        "p_harmed",
        "at_risk",
        "urgency",
        "covered",
        "not_covered",
        "note",
        "attention",
        "sheet_version",
    }
    assert set() == hidden & set(frame.columns)
    assert "calm" not in frame.write_csv()


def test_the_public_gets_attackers_and_no_victims(tmp_path: Path) -> None:
    """Whoever has a list of victims offers to recover their money."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident, share="public")
    with zipfile.ZipFile(case.sheet / "affected.public.TLP-CLEAR.xlsx") as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist()).lower()
    assert [True, False, False] == [
        address[2:].encode() in everything for address in ("0x" + "51" * 20, DRAINED, SAVEABLE)
    ]


@pytest.mark.parametrize("share", ["team", "partners", "public"])
def test_no_circle_learns_that_two_wallets_belong_to_one_visitor(tmp_path: Path, share: str) -> None:
    """Neither by a log line that both stand in, nor by the sentence that ties one to the other."""
    line = "log:ab12cd34:4711"
    reasons = [
        {"address": DRAINED, "code": "X2", "weight": 2.0, "text": "did it (strength 0.98)", "ref": line},
        {"address": SAVEABLE, "code": "X1", "weight": 4.6, "text": "did it", "ref": line},
        {"address": PARTLY, "code": "X1", "weight": 4.6, "text": "did it", "ref": "log:ab12cd34:4713"},
        {"address": PARTLY, "code": "N1", "weight": -3.0, "text": f"it moved assets to {SAVEABLE}, which the same owner has used",
         "ref": f"tx:1:0x{9:064x}"},
    ]  # fmt: skip
    seen = [
        {"address": address, "time": START, "link": "direct", "strength": 0.98, "client": "c0ffee0123456789",
         "session": "c0ffee0123456789-1", "action": "entered_seed_phrase", "ref": line}
        for address in (DRAINED, SAVEABLE)
    ]  # fmt: skip
    case, incident = make_case(
        tmp_path, evidence=TABLES["evidence"].frame(reasons), sightings=TABLES["sightings"].frame(seen)
    )
    write_sheet(case, incident, share)  # type: ignore[arg-type]
    (book,) = case.sheet.glob("*.xlsx")
    found = everything_in(case, book.stem)
    ties = (f"{9:064x}".encode(), b"same owner has used", b"c0ffee0123456789")
    assert [False] * 3 == [tie in found for tie in ties]
    if share == "team":
        for name, place in (("evidence", 4), ("timeline", 7)):
            rows = open_workbook(book)[name].iter_rows(min_row=2, values_only=True)
            told = {str(row[place]): row[0] for row in rows}
            assert (name == "evidence") == (line in told)
            assert name == "timeline" or SAVEABLE == str(told[line]).lower()
    assert (share == "team") == (b"log:ab12cd34:4713" in found)
    assert (share == "team") == (b"strength 0.98" in found)


def test_the_public_gets_victims_only_on_demand_and_with_a_warning(tmp_path: Path) -> None:
    """Named is who has nothing left to steal; the rest are counted. The file itself says why it should not be published."""
    case, incident = make_case(tmp_path)
    figures = write_sheet(case, incident, "public", victims=True)
    book = case.sheet / "affected.public-with-victims.TLP-CLEAR.xlsx"
    assert [DRAINED] == list(cells(book, "victims"))
    assert {"address", "lost"} == set(cells(book, "victims")[DRAINED])
    scammers, left_out = figures["warnings"]  # type: ignore[misc]
    assert "recovery scammers" in scammers
    assert (
        "1 of 2 wallets with losses are named; 1 are left out, since something may be left to steal from them"
        == left_out
    )
    told = [row[1] for row in open_workbook(book)["readme"].iter_rows(values_only=True) if row[0] == "warning"]
    assert [scammers, left_out] == told


@pytest.mark.parametrize(
    ("share", "mark"), [("team", "TLP:AMBER+STRICT"), ("partners", "TLP:AMBER"), ("public", "TLP:CLEAR")]
)
def test_every_sheet_bears_the_mark_of_who_may_see_it(tmp_path: Path, share: str, mark: str) -> None:
    """In header and footer of each page as TLP 2.0 asks, at the first cell, on the readme, in Parquet's metadata."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident, share)  # type: ignore[arg-type]
    (path,) = case.sheet.glob("*.xlsx")
    book = open_workbook(path)
    for sheet in book:
        assert (mark, mark) == (sheet.oddHeader.right.text, sheet.oddFooter.right.text)
        assert sheet.title == "readme" or sheet["A1"].comment.text.endswith(mark)
    assert mark == pl.read_parquet_metadata(path.with_suffix(".parquet"))["exposure.tlp"]
    assert share == "team" or mark.replace(":", "-") in path.name


def test_what_partners_get_is_in_the_order_of_addresses(tmp_path: Path) -> None:
    """On every page with victims, so that no order gives away who still holds most."""
    case, incident = make_case(tmp_path, evidence=tables()["evidence"])
    write_sheet(case, incident, "partners")
    book = open_workbook(case.sheet / "affected.partners.TLP-AMBER.xlsx")
    for name in ("wallets", "evidence"):
        shown = [str(row[0]).lower() for row in book[name].iter_rows(min_row=2, values_only=True)]
        assert sorted(shown) == shown
    assert not any(re.search("p_exposed|urgency|at_risk \\(|weight", str(cell.value)) for cell in book["wallets"][1])
