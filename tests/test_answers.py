"""Answers are whole and inert, in the terminal, in CSV and in a workbook."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from exposure import answers
from exposure.answers import csv_text, table_lines, write_xlsx
from exposure.errors import ExposureError

HOSTILE = [
    '=HYPERLINK("http://evil.example")',
    "@SUM(1)",
    "+1",
    "-1",
    "\t=1",
    "http://evil.example/x",
    "a\x1b[2J\u202eb",
    "'=1",
    "plain",
    None,
]
ANSWER = pl.DataFrame(
    {
        "text": HOSTILE,
        "time": [datetime(2026, 3, 4, 9, 12, 31, tzinfo=UTC)] + [None] * 9,
        "wei": ["115792089237316195423570985008687907853269984665640564039457584007913129639935"] * 10,
        "number": [2**53 + 1, 5, *[None] * 8],
        "rate": [0.25, float("inf"), *[None] * 8],
    },
    schema_overrides={"time": pl.Datetime("us", "UTC")},
)


def test_an_answer_is_shown_whole_and_inert() -> None:
    """No cell is cut, none can write to the terminal, and times are UTC."""
    answer = pl.DataFrame(
        {"time": [datetime(2026, 3, 4, 9, 12, 31, tzinfo=UTC), None], "reason": ["cut\x1b[2J off", "x" * 80]}
    )
    assert [
        "time                 reason",
        "-------------------  " + "-" * 80,
        "2026-03-04 09:12:31  cut\\x1b[2J off",
        " " * 21 + "x" * 80,
        "2 rows",
    ] == table_lines(answer)


def test_an_empty_answer_shows_its_columns(tmp_path: Path) -> None:
    """No rows is an answer too, in every form."""
    empty = pl.DataFrame({"address": []}, schema={"address": pl.String})
    assert ["address", "-------", "0 rows"] == table_lines(empty)
    assert "address\n" == csv_text(empty)
    write_xlsx(empty, tmp_path / "a.xlsx", "none")
    assert [("address",)] == list(openpyxl.load_workbook(tmp_path / "a.xlsx").active.iter_rows(values_only=True))


def test_csv_runs_nothing(tmp_path: Path) -> None:
    """What a spreadsheet program would run begins with an apostrophe; amounts are exact, times say their zone."""
    rows = list(csv.DictReader(io.StringIO(csv_text(ANSWER))))
    assert ["'" + HOSTILE[0], "'@SUM(1)", "'+1", "'-1"] == [row["text"] for row in rows[:4]]
    assert r"a\x1b[2J\u202eb" == rows[6]["text"]
    assert ("2026-03-04T09:12:31Z", ANSWER["wei"][0]) == (rows[0]["time"], rows[0]["wei"])
    assert not any(row["text"].startswith(("=", "@", "+", "-", "\t")) for row in rows)


def test_a_workbook_runs_nothing_and_rounds_nothing(tmp_path: Path) -> None:
    """No formula, no link; numbers that Excel would round are text; a header that stays, with a filter; the same bytes twice."""
    for name in ("a.xlsx", "b.xlsx"):
        write_xlsx(ANSWER, tmp_path / name, "=title")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert sheet is not None
    header, *rows = sheet.iter_rows()
    assert ["text", "time (UTC)", "wei", "number", "rate"] == [cell.value for cell in header]
    assert {"s", "d", "n"} >= {cell.data_type for row in rows for cell in row}
    assert [] == [cell for row in rows for cell in row if cell.hyperlink]
    assert HOSTILE[0] == rows[0][0].value
    cells = [cell.value for cell in rows[0][1:]]
    assert [datetime(2026, 3, 4, 9, 12, 31), ANSWER["wei"][0], str(2**53 + 1), 0.25] == cells  # noqa: DTZ001 - as Excel has it
    assert ("inf", "B2", "A1:E11") == (rows[1][4].value, sheet.freeze_panes, sheet.auto_filter.ref)


def test_what_excel_cannot_hold_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are never dropped."""
    monkeypatch.setattr(answers, "ROWS_MOST", 9)
    with pytest.raises(ExposureError) as raised:
        write_xlsx(ANSWER, tmp_path / "a.xlsx", "t")
    assert (
        "the answer does not fit into a.xlsx\n  why: it has 10 rows, and a sheet of Excel holds 9\n  fix: use --csv instead, or narrow the question"
    ) == str(raised.value)


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """Not a traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ExposureError, match=r"cannot be written"):
        write_xlsx(ANSWER, tmp_path / "file" / "a.xlsx", "t")
