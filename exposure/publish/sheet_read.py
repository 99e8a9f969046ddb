"""Read what a person has saved: a workbook or a CSV, by whatever program, in whatever order of rows and columns.

Every cell comes as the text that the person sees. Nothing here knows what the tool had written; sheet_people.py compares.
"""

import codecs
import csv
import html
import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import polars as pl

from exposure.errors import ExposureError
from exposure.publish.sheet_columns import PEOPLE_NAMES, VERSION, Headers, read_headers
from exposure.publish.sheet_text import UNQUOTE

# No header can hold a zero byte, so that this never meets a column that a person named.
ROW = "\0row"
# People put a title or a warning above the headers.
_HEADER_WITHIN = 20


@dataclass(frozen=True, slots=True)
class ReadSheet:
    """One sheet that a person saved. `rows` holds text: the columns of `headers`, and the row's number in the file."""

    name: str
    headers: Headers
    rows: pl.DataFrame
    # A CSV may hold the rows of a filter only: what is missing there was not deleted.
    complete: bool


def read_file(path: Path) -> list[ReadSheet]:
    """Read a file of the shared sheet. Raises ExposureError where it is damaged; it is never overwritten then."""
    return _read_csv(path) if path.suffix == ".csv" else _read_xlsx(path)


def _damaged(path: Path, why: str) -> ExposureError:
    return ExposureError(
        f"{path.name} cannot be read",
        f"{why}; what people typed into it would be lost, so nothing was written over it",
        f"open {path} and save it again, or put the newest copy beside it ({path.stem}.*{path.suffix}) in its place; "
        "to start a new sheet, move the file away",
    )


def _arrange(name: str, grid: pl.DataFrame, *, complete: bool) -> ReadSheet | None:
    """Find the row of headers and name the columns; None where no column holds addresses."""
    best, at = Headers(()), -1
    for number, cells in enumerate(grid.head(_HEADER_WITHIN).iter_rows()):
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
    return ReadSheet(name, Headers(tuple(columns)), shaped.filter(filled), complete)


def _read_xlsx(path: Path) -> list[ReadSheet]:
    """Read every sheet of a workbook that holds addresses and something that people type."""
    import fastexcel

    found, addresses = [], 0
    try:
        reader = fastexcel.read_excel(path)
        for name in reader.sheet_names:
            if not _is_worksheet(reader, name):
                continue
            head = _grid(reader, name, _HEADER_WITHIN)
            sheet = _arrange(name, head, complete=True)
            if sheet is None:
                continue
            addresses += 1
            if sheet.headers.known & {*PEOPLE_NAMES, VERSION.name}:
                grid = _with_formulas(path, name, _grid(reader, name, None))
                whole = _arrange(f"{path.name}, sheet {name}", grid, complete=True)
                found += [whole] if whole is not None else []
    except (fastexcel.FastExcelError, zipfile.BadZipFile, ElementTree.ParseError, KeyError, OSError) as error:
        raise _damaged(path, f"it is not a whole workbook ({_first_line(error)})") from None
    if not found:
        reason = "none of its sheets has a column `address` beside one that people fill, such as `status` or `note`"
        raise _damaged(path, reason if addresses else "none of its sheets has a column `address`")
    return found


def _is_worksheet(reader: object, name: str) -> bool:
    """Tell a worksheet from a sheet that is one big chart."""
    import fastexcel

    try:
        reader.load_sheet(name, header_row=None, n_rows=0)  # type: ignore[attr-defined]
    except fastexcel.FastExcelError as error:
        if "not a valid worksheet" in str(error):
            return False
        raise
    return True


def _grid(reader: object, name: str, rows: int | None) -> pl.DataFrame:
    """Give a sheet's cells as text, with dates and numbers as a person sees them; empty rows are kept in their place."""
    sheet = reader.load_sheet(name, header_row=None, skip_rows=0, n_rows=rows, dtypes="string")  # type: ignore[attr-defined]
    grid: pl.DataFrame = sheet.to_polars()
    # Excel keeps a date as a time at midnight, and a time as one on its day 0.
    return grid.with_columns(
        pl.all()
        .str.replace(r"^(\d{4}-\d\d-\d\d) 00:00:00$", "${1}")
        .str.replace(r"^1899-12-3[01] (\d\d:\d\d:\d\d)$", "${1}")
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_CELL = re.compile(rb'<c r="([A-Z]{1,3})([0-9]+)"([^>]*)(?<!/)>(.*?)</c>', re.DOTALL)
_FORMULA = re.compile(rb"<f[^>]*>(.+?)</f>", re.DOTALL)
_VALUE = re.compile(rb"<(?:v|is)>(.*?)</(?:v|is)>", re.DOTALL)


def _with_formulas(path: Path, name: str, grid: pl.DataFrame) -> pl.DataFrame:
    """Put the text of formulas and error values where the reader of values sees nothing.

    A person who types `=1+1` or `#N/A` has typed something; a program that saves a formula without its result leaves the
    cell empty for every reader of values.
    """
    with zipfile.ZipFile(path) as archive:
        xml = archive.read(_part(archive, name))
    if not any(sign in xml for sign in (b"<f>", b"<f ", b't="e"')):
        return grid
    cells = [(_place(cell[1]), int(cell[2]) - 1, cell[3], cell[4]) for cell in _CELL.finditer(xml)]
    first = min((place for place, _, _, content in cells if _VALUE.search(content)), default=0)
    columns = {place: column.to_list() for place, column in enumerate(grid.iter_columns(), first)}
    for place, row, attributes, content in cells:
        formula, value = _FORMULA.search(content), _VALUE.search(content)
        typed = b"=" + formula[1] if formula else value[1] if value and b't="e"' in attributes else b""
        if typed and place in columns and row < grid.height and not columns[place][row]:
            columns[place][row] = html.unescape(typed.decode("utf-8", "replace"))
    return pl.DataFrame(dict(zip(grid.columns, columns.values(), strict=True)), schema=grid.schema)


def _part(archive: zipfile.ZipFile, name: str) -> str:
    """Give the file inside the workbook that holds this sheet."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - expat of 2.4.1 and later bounds entities
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    for sheet in book.iter(f"{_MAIN}sheet"):
        if sheet.get("name") == name:
            target = targets[sheet.get(_LINK)]
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    raise KeyError(name)


def _place(letters: bytes) -> int:
    """Give the place of a column from 0: A is 0, AA is 26."""
    place = 0
    for letter in letters:
        place = place * 26 + letter - 64
    return place - 1


def _read_csv(path: Path) -> list[ReadSheet]:
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
        sheet = _arrange(path.name, grid, complete=False)
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
