"""Read what a person has saved: a workbook or a CSV, by whatever program, in whatever order of rows and columns.

Every cell comes as the text that the person sees. Nothing here knows what the tool had written; sheet_people.py compares.
"""

import codecs
import csv
import html
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl

from exposure.errors import ExposureError
from exposure.publish.sheet.columns import PEOPLE_NAMES, VERSION, Headers, read_headers
from exposure.publish.sheet.parts import column_place, comments, saved_by, worksheet_part
from exposure.publish.sheet.text import UNQUOTE

# No header can hold a zero byte, so that this never meets a column that a person named.
ROW = "\0row"
# What people wrote as comments on cells stands in a column of this name.
COMMENTS = "comments"
# People put a title or a warning above the headers.
HEADER_WITHIN = 20


@dataclass(frozen=True, slots=True)
class ReadSheet:
    """One sheet that a person saved. `rows` holds text: the columns of `headers`, and the row's number in the file."""

    name: str
    headers: Headers
    rows: pl.DataFrame
    # A CSV may hold the rows of a filter only: what is missing there was not deleted.
    complete: bool
    # What each column of the file means, also those without a header.
    header_names: tuple[str | None, ...] = ()
    # Who saved it and when, as far as the file says.
    saved: str = ""


def read_file(path: Path, label: str = "") -> list[ReadSheet]:
    """Read a file of the shared sheet; `label` is how people know it, where that is not its name.

    Raises ExposureError where it is damaged; it is never overwritten then.
    """
    return _read_csv(path, label) if path.suffix.lower() in (".csv", ".tsv") else _read_xlsx(path, label)


def _damaged(path: Path, why: str) -> ExposureError:
    return ExposureError(
        f"{path.name} cannot be read",
        f"{why}; what people typed into it would be lost, so nothing was written over it",
        f"open {path} and save it again, or put the newest copy beside it ({path.stem}.*{path.suffix}) in its place; "
        "to start a new sheet, move the file away",
    )


def arrange(name: str, grid: pl.DataFrame, *, complete: bool) -> ReadSheet | None:
    """Find the row of headers and name the columns; None where no column holds addresses."""
    best, at = Headers(()), -1
    for number, cells in enumerate(grid.head(HEADER_WITHIN).iter_rows()):
        headers = read_headers(cells)
        if "address" in headers.known and len(headers.known) > len(best.known):
            best, at = headers, number
    if at < 0:
        return None
    body = grid.slice(at + 1).with_columns(pl.int_range(at + 2, pl.len() + at + 2, dtype=pl.UInt32).alias(ROW))
    columns = {name: place for place, name in enumerate(best.names) if name is not None}
    unnamed = [place for place, name in enumerate(best.names) if name is None]
    for place in unnamed:  # words beside the table are words that somebody typed
        if body.to_series(place).str.strip_chars().str.len_bytes().fill_null(0).max():
            columns[f"column {place + 1}"] = place
    shaped = body.select(pl.col(ROW), *(body.to_series(place).alias(name) for name, place in columns.items()))
    filled = pl.any_horizontal(
        pl.col(column).str.strip_chars().fill_null("") != "" for column in columns if column != VERSION.name
    )
    return ReadSheet(name, Headers(tuple(columns)), shaped.filter(filled), complete, best.names)


def _read_xlsx(path: Path, label: str) -> list[ReadSheet]:
    """Read every sheet of a workbook that holds addresses and something that people type."""
    import fastexcel

    found, addresses = [], 0
    try:
        reader = open_workbook(path)
        for name in reader.sheet_names:
            head = worksheet(reader, name, HEADER_WITHIN)
            sheet = None if head is None else arrange(name, head, complete=True)
            if sheet is None:
                continue
            addresses += 1
            if sheet.headers.known & {*PEOPLE_NAMES, VERSION.name}:
                grid = with_formulas(path, name, _grid(reader, name, None))
                whole = arrange(f"{label or path.name}, sheet {name}", grid, complete=True)
                if whole is not None:
                    found.append(replace(_with_comments(path, name, whole), saved=saved_by(path)))
    except (fastexcel.FastExcelError, zipfile.BadZipFile, ElementTree.ParseError, KeyError, OSError) as error:
        raise _damaged(path, f"it is not a whole workbook ({_first_line(error)})") from None
    if not found:
        reason = "none of its sheets has a column `address` beside one that people fill, such as `status` or `note`"
        raise _damaged(path, reason if addresses else "none of its sheets has a column `address`")
    return found


def open_workbook(path: Path) -> Any:
    """Open a workbook for `worksheet`. Raises fastexcel.FastExcelError."""
    import fastexcel

    return fastexcel.read_excel(path)


def worksheet(reader: Any, name: str, rows: int | None = None) -> pl.DataFrame | None:
    """Give the cells of one sheet as text, or its first rows; None where the sheet is one big chart."""
    import fastexcel

    try:
        reader.load_sheet(name, header_row=None, n_rows=0)
    except fastexcel.FastExcelError as error:
        if "not a valid worksheet" in str(error):
            return None
        raise
    return _grid(reader, name, rows)


def _grid(reader: Any, name: str, rows: int | None) -> pl.DataFrame:
    """Give a sheet's cells as text, with dates and numbers as a person sees them; empty rows are kept in their place."""
    sheet = reader.load_sheet(name, header_row=None, skip_rows=0, n_rows=rows, dtypes="string")
    grid: pl.DataFrame = sheet.to_polars()
    # Excel keeps a date as a time at midnight, and a time as one on its day 0.
    return grid.with_columns(
        pl.all()
        .str.replace(r"^(\d{4}-\d\d-\d\d) 00:00:00$", "${1}")
        .str.replace(r"^1899-12-3[01] (\d\d:\d\d:\d\d)$", "${1}")
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


_CELL = re.compile(rb'<c r="([A-Z]{1,3})([0-9]+)"([^>]*)(?<!/)>(.*?)</c>', re.DOTALL)
_FORMULA = re.compile(rb"<f[^>]*>(.+?)</f>", re.DOTALL)
_VALUE = re.compile(rb"<(?:v|is)>(.*?)</(?:v|is)>", re.DOTALL)


def with_formulas(path: Path, name: str, grid: pl.DataFrame) -> pl.DataFrame:
    """Put the text of formulas and error values where the reader of values sees nothing.

    A person who types `=1+1` or `#N/A` has typed something; a program that saves a formula without its result leaves the
    cell empty for every reader of values.
    """
    with zipfile.ZipFile(path) as archive:
        xml = archive.read(worksheet_part(archive, name))
    if not any(sign in xml for sign in (b"<f>", b"<f ", b't="e"')):
        return grid
    cells = list(_cells(xml))
    first = _first_column(cells)
    columns = {place: column.to_list() for place, column in enumerate(grid.iter_columns(), first)}
    for place, row, attributes, content in cells:
        formula, value = _FORMULA.search(content), _VALUE.search(content)
        typed = b"=" + formula[1] if formula else value[1] if value and b't="e"' in attributes else b""
        if typed and place in columns and row < grid.height and not columns[place][row]:
            columns[place][row] = html.unescape(typed.decode("utf-8", "replace"))
    return pl.DataFrame(dict(zip(grid.columns, columns.values(), strict=True)), schema=grid.schema)


_Cell = tuple[int, int, bytes, bytes]


def _cells(xml: bytes) -> Iterator[_Cell]:
    """Give a sheet's cells: column and row from 0, attributes, content."""
    for cell in _CELL.finditer(xml):
        yield column_place(cell[1].decode()), int(cell[2]) - 1, cell[3], cell[4]


def _first_column(cells: Iterable[_Cell]) -> int:
    """Give the first column with a value: there the grid of values begins."""
    return min((place for place, _, _, content in cells if _VALUE.search(content)), default=0)


def _with_comments(path: Path, name: str, sheet: ReadSheet) -> ReadSheet:
    """Put what people wrote as comments on cells into a column of its own; those at our headers are the tool's."""
    first_row = sheet.rows.get_column(ROW).min()
    said = [comment for comment in comments(path, name) if isinstance(first_row, int) and comment[0] >= first_row]
    if not said:
        return sheet
    with zipfile.ZipFile(path) as archive:
        first = _first_column(_cells(archive.read(worksheet_part(archive, name))))
    texts: dict[int, list[str]] = {}
    for row, place, text in said:
        names = sheet.header_names
        about = names[place - first] if 0 <= place - first < len(names) else None
        texts.setdefault(row, []).append(f"[{about or f'column {place + 1}'}] {text}")
    column = sheet.rows.get_column(COMMENTS).fill_null("") if COMMENTS in sheet.rows.columns else None
    whole = []
    for number, row in enumerate(sheet.rows.get_column(ROW).to_list()):
        before = column[number] if column is not None else ""
        new = [text for text in texts.get(row, []) if text not in before]
        whole.append("\n".join([before, *new] if before else new))
    names = tuple(dict.fromkeys((*(name for name in sheet.headers.names if name), COMMENTS)))
    rows = sheet.rows.with_columns(pl.Series(COMMENTS, whole, dtype=pl.String))
    return replace(sheet, headers=Headers(names), rows=rows)


def _read_csv(path: Path, label: str) -> list[ReadSheet]:
    """Read a CSV in the encoding and with the separator of whatever program wrote it."""
    content = path.read_bytes()
    if b"\0" in content and not content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _damaged(path, "it holds zero bytes: it is not a text file")
    text = _decode(content)
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    found, fault = None, ""
    for separator in (",", ";", "\t"):
        try:
            grid = _frame(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
        except csv.Error as error:  # the wrong separator, or a file that breaks off
            fault = fault or str(error)
            continue
        sheet = arrange(label or path.name, grid, complete=False)
        if sheet and (found is None or len(sheet.headers.known) > len(found.headers.known)):
            found = sheet
    if found is None:
        raise _damaged(path, f"it is no CSV ({fault})" if fault else "it has no column `address`")
    texts = [name for name in found.rows.columns if name != ROW]
    return [replace(found, rows=found.rows.with_columns(pl.col(texts).str.replace(UNQUOTE, "${1}")))]


def _decode(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")  # Excel's "CSV" without further words, in western Europe


def _frame(rows: Iterable[list[str]]) -> pl.DataFrame:
    table = list(rows)
    width = max((len(row) for row in table), default=0)
    columns = {f"{place}": [row[place] if place < len(row) else None for row in table] for place in range(width)}
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
