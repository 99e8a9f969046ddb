"""Answers of questions in SQL: for a terminal, for spreadsheet programs, for machines. Their text may be hostile: shown inert."""

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from exposure.case import write_atomically
from exposure.commands import Context
from exposure.console import escape, print_data
from exposure.errors import ExposureError
from exposure.publish.sheet.text import QUOTE, fit, inert_all, quote_csv

# What a sheet of Excel holds below its header.
ROWS_MOST = 1_048_575
_WIDEST = 70


def show_answer(
    context: Context, answer: pl.DataFrame, title: str, data: dict[str, Any], *, as_csv: bool, xlsx: Path | None
) -> None:
    """Give an answer as lines, as CSV or (`data`) as JSON on stdout, or as a workbook."""
    if xlsx is not None:
        write_xlsx(answer, xlsx, title)
        context.teller.line(f"wrote {xlsx}: {answer.height:,} row{'' if answer.height == 1 else 's'}")
    if as_csv and not context.as_json:
        print_data(csv_text(answer).rstrip("\n"))
    elif context.as_json or xlsx is None:
        context.show(table_lines(answer), data)


def table_lines(answer: pl.DataFrame) -> list[str]:
    """Show an answer as lines for a terminal: nothing is cut, times are UTC, null is empty."""
    rows = [[_cell(value) for value in row] for row in answer.iter_rows()]
    headers = [escape(name) for name in answer.columns]
    widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
    ruled = [headers, ["-" * width for width in widths], *rows]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in ruled]
    return [*lines, f"{answer.height:,} row{'' if answer.height == 1 else 's'}"]


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return "" if value is None else escape(str(value))


def csv_text(answer: pl.DataFrame) -> str:
    """Give an answer as CSV that no spreadsheet program runs: times as 2026-03-04T09:12:00Z, null as nothing."""
    columns = [_plain(column) for column in answer.iter_columns()]
    quoted = [
        (column.str.replace(QUOTE, "'${1}") if column.dtype == pl.String else column).alias(
            quote_csv(escape(column.name))
        )
        for column in columns
    ]
    buffer = io.BytesIO()
    pl.DataFrame(quoted).write_csv(buffer, line_terminator="\n")
    return buffer.getvalue().decode()


def write_xlsx(answer: pl.DataFrame, path: Path, title: str) -> None:
    """Write an answer as a workbook of one sheet: frozen and filtered header, no formula, no link. The file is put there whole.

    Raises ExposureError where Excel cannot hold it, or the file cannot be written.
    """
    if answer.height > ROWS_MOST:
        raise ExposureError(
            f"the answer does not fit into {path.name}",
            f"it has {answer.height:,} rows, and a sheet of Excel holds {ROWS_MOST:,}",
            "use --csv instead, or narrow the question",
        )
    buffer = io.BytesIO()
    options = {"strings_to_urls": False, "strings_to_formulas": False, "strings_to_numbers": False, "in_memory": True}
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"title": title, "created": datetime(2000, 1, 1)})  # noqa: DTZ001 - the same answer, the same bytes
        book.set_calc_mode("manual")
        sheet = book.add_worksheet("answer")
        head = book.add_format({"bold": True, "bg_color": "#D9D9D9", "border": 1, "border_color": "#A6A6A6"})
        times = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"})
        for place, column in enumerate(answer.iter_columns()):
            _write_column(sheet, place, column, head, times)
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, max(answer.height, 1), max(answer.width - 1, 0))
    try:
        write_atomically(path, buffer.getvalue())
    except OSError as error:
        raise ExposureError(
            f"{path} cannot be written",
            error.strerror or "writing failed",
            "name a file in a folder that you may write to",
        ) from None


def _write_column(
    sheet: xlsxwriter.worksheet.Worksheet, place: int, column: pl.Series, head: object, times: object
) -> None:
    dated = isinstance(column.dtype, pl.Datetime)
    name = f"{escape(column.name)} (UTC)" if dated else escape(column.name)
    sheet.write_string(0, place, name, head)
    if dated:
        width = 20
        for row, value in enumerate(column.dt.replace_time_zone(None), 1):
            if value is not None:
                sheet.write_datetime(row, place, value, times)
    elif column.dtype.is_integer() or column.dtype.is_float():
        width = 14
        for row, value in enumerate(column, 1):
            # Excel's numbers hold fifteen digits, and no infinities: what is longer is text.
            exact = value is not None and abs(value) < 10**15
            if exact:
                sheet.write_number(row, place, value)
            elif value is not None:
                sheet.write_string(row, place, str(value))
    else:
        texts = [None if text is None else fit(text) for text in _plain(column).cast(pl.String)]
        width = max((len(text) for text in texts if text), default=0) + 2
        for row, text in enumerate(texts, 1):
            if text is not None:
                sheet.write_string(row, place, text)
    sheet.set_column(place, place, max(len(name) + 4, min(width, _WIDEST)))


def _plain(column: pl.Series) -> pl.Series:
    """Give a column as text or numbers: times as text, hostile characters as escapes, lists and the like as text."""
    if isinstance(column.dtype, pl.Datetime):
        return column.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    if column.dtype == pl.String or column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Date):
        return inert_all(column) if column.dtype == pl.String else column
    return inert_all(
        pl.Series(column.name, [None if value is None else str(value) for value in column], dtype=pl.String)
    )
