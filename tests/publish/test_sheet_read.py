"""A file is read whatever program saved it, and a damaged one is an error in three sentences."""

from pathlib import Path

import pytest

from exposure.errors import ExposureError
from exposure.publish.sheet.columns import read_headers
from exposure.publish.sheet.read import ROW, read_file

A = "0x" + "a1" * 20


def rows_of(path: Path) -> list[dict[str, object]]:
    """Read a file with one sheet, without the numbers of its rows."""
    (sheet,) = read_file(path)
    return sheet.rows.drop(ROW).to_dicts()


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (f"address,note\n{A},é\n".encode(), "é"),
        (f"\ufeffaddress,note\r\n{A},é\r\n".encode(), "é"),
        (f"Address;Notes\n{A};é\n".encode("cp1252"), "é"),
        (f"Address Link\tNotes\n{A}\té\n".encode("utf-16"), "é"),
        (f'address,note\n{A},"one\ntwo, ""three"""\n'.encode(), 'one\ntwo, "three"'),
        (f"address,note\n{A},'=1+1\n".encode(), "=1+1"),
    ],
)
def test_a_csv_is_read_in_the_ways_that_programs_write_it(tmp_path: Path, content: bytes, note: str) -> None:
    """Excel in Europe writes semicolons and its own code page, Google Sheets CRLF, LibreOffice what one chooses."""
    path = tmp_path / "affected.csv"
    path.write_bytes(content)
    assert [{"address": A, "note": note}] == rows_of(path)


def test_words_beside_the_table_are_words_that_somebody_typed(tmp_path: Path) -> None:
    """A cell without a header, a row without an address: both are read; empty rows are not."""
    path = tmp_path / "affected.csv"
    path.write_text(f"note,address,\nx,{A},look here\n,,\nno address,,\n")
    assert [
        {"note": "x", "address": A, "column 3": "look here"},
        {"note": "no address", "address": "", "column 3": ""},
    ] == rows_of(path)


def test_headers_are_known_in_any_spelling_and_a_second_one_is_a_persons_own() -> None:
    """SEAL's own headers are understood, so that its sheet can be merged; what is unknown is kept by its name."""
    headers = read_headers(["Address Link", "STATUS", "Notes", "first_exposed (UTC)", "note", "Telegram", None, "note"])
    names = ("address", "status", "note", "first_exposed", "note (2)", "Telegram", None, "note (3)")
    assert (names, ("note (2)", "Telegram", "note (3)")) == (headers.names, headers.extras)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("affected.csv", b"", "it has no column `address`"),
        ("affected.csv", b"name,note\nBob,x\n", "it has no column `address`"),
        ("affected.csv", b"address,note\n0x1,\x00\n", "it holds zero bytes: it is not a text file"),
        ("affected.csv", b'address,note\n0x1,"cut off he', "it is no CSV (unexpected end of data)"),
        (
            "affected.xlsx",
            b"address,note\n",
            "it is not a whole workbook (calamine error: Xlsx error: Zip error: invalid Zip archive: Could not find EOCD)",
        ),
    ],
)
def test_a_damaged_file_is_an_error_that_says_what_to_do(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    """Nothing is guessed from half a file, and nothing is written over it."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ExposureError) as raised:
        read_file(path)
    assert (
        f"{name} cannot be read\n  why: {why}; what people typed into it would be lost, so nothing was written over it\n"
        f"  fix: open {path} and save it again, or put the newest copy beside it (affected.*{path.suffix}) in its place; "
        "to start a new sheet, move the file away"
    ) == str(raised.value)


def test_a_workbook_without_our_sheet_is_an_error(tmp_path: Path) -> None:
    """Somebody saved another workbook under our name: it is not taken for an empty sheet."""
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["address", "balance"])
    book.save(tmp_path / "affected.xlsx")
    with pytest.raises(ExposureError) as raised:
        read_file(tmp_path / "affected.xlsx")
    assert (
        "none of its sheets has a column `address` beside one that people fill, such as `status` or `note`; what people typed "
        "into it would be lost, so nothing was written over it"
    ) == raised.value.why


def test_every_sheet_that_people_fill_is_read_and_a_chart_is_passed_over(tmp_path: Path) -> None:
    """Teams copy a sheet to work on a part of it: words typed there count too."""
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["address", "note"])
    book.active.append([A, "one"])
    copy = book.create_sheet("my part")
    copy.append(["address", "note"])
    copy.append([A, "two"])
    book.create_sheet("evidence").append(["address", "code"])
    book.create_chartsheet("chart")
    book.save(tmp_path / "affected.xlsx")
    notes = [sheet.rows.get_column("note").to_list() for sheet in read_file(tmp_path / "affected.xlsx")]
    assert [["one"], ["two"]] == notes
