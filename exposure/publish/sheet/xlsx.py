"""Write pages into a workbook: inert text, real times, frozen and filtered headers, few links.

Links lead to the chain's explorer and to the approval checker only. The same pages give the same bytes. Rows go to disk as
they come, so that memory does not grow with their number.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from exposure.publish.sheet.columns import CHOICES, VERSION, header
from exposure.publish.sheet.own import OwnSheet
from exposure.publish.sheet.pages import Page
from exposure.publish.sheet.readme import meaning
from exposure.publish.sheet.text import CELL_LIMIT, checksum, fit, inert, inert_all
from exposure.tables import Column

_GREY, _CREAM, _PALE, _ORANGE = "#D9D9D9", "#FFE9A8", "#FFFAEB", "#F8B878"
# Colours only say again what the text says; no_sign has none: nothing here is green, since nothing is called safe.
_VERDICT_COLOURS = {
    "compromised": ("#F4B6A6", "#7A1F0E"),
    "probable": ("#FAD7B5", "#7A430E"),
    "exposed": ("#FFF0B8", "#6B5200"),
    "possible": ("#E8E8E8", "#404040"),
}
_WIDTHS = {
    "address": 46,
    "attacker": 46,
    "transaction_hash": 70,
    "verdict": 13,
    "harm": 18,
    "lost": 40,
    "at_risk": 40,
    "taken": 40,
    "remedy": 40,
    "attention": 34,
    "actions": 24,
    "covered": 24,
    "not_covered": 30,
    "ref": 30,
    "note": 40,
    "status": 14,
    "assigned_to": 16,
    "contacted_at": 18,
    "rescue": 22,
    "text": 100,
    "about": 26,
    "link_to_incident": 16,
    "column": 18,
    "stands": 40,
    "typed_too": 40,
    "comments": 40,
    "sheet_version": 19,
}
# What is typed on the tool's own pages would not survive, so that programs refuse it; there is no password. The wallets stay
# open: Excel cannot sort a protected sheet.
_PROTECTION = dict.fromkeys(("sort", "autofilter", "format_columns", "format_rows", "format_cells"), True)
# The colours of TLP 2.0.
_TAB_COLOURS = {"TLP:AMBER+STRICT": "#FFC000", "TLP:AMBER": "#FFC000", "TLP:CLEAR": "#FFFFFF"}
_EXCEL_DAY_0 = datetime(1899, 12, 30)  # noqa: DTZ001 - Excel's times have no zone
_AT_ONCE = 8_192
_LINE_HEIGHT, _LINES_MOST = 13.5, 7
_SPARE_ROWS = 1_000  # below the last row, where people paste addresses: the dropdowns reach there


@dataclass(frozen=True, slots=True)
class Limits:
    """What a sheet of Excel holds. xlsxwriter drops what is beyond with a warning; here it is said in the workbook.

    Excel holds 65,530 links a sheet, but LibreOffice 7.4 takes three minutes and a half to save so many, since its time grows with
    their square (docs/performance.md).
    """

    rows: int = 1_048_576
    links: int = 20_000
    characters: int = CELL_LIMIT


@dataclass(slots=True)
class _Book:
    """A workbook under way."""

    workbook: Any
    mark: str
    limits: Limits
    remarks: list[str] = field(default_factory=list)
    formats: dict[str, Any] = field(default_factory=dict)

    def style(self, name: str) -> Any:
        """Give a format by name."""
        if name not in self.formats:
            self.formats[name] = self.workbook.add_format({"valign": "top", "font_size": 10, **_STYLES[name]})
        return self.formats[name]


_STYLES: dict[str, dict[str, Any]] = {
    "tool header": {"bold": True, "bg_color": _GREY, "border": 1, "border_color": "#A6A6A6", "text_wrap": True},
    "people header": {"bold": True, "bg_color": _CREAM, "border": 1, "border_color": "#C9A227", "text_wrap": True},
    "text": {},
    "wide": {"text_wrap": True},
    "link": {"font_color": "#1F4E9E", "underline": 1},
    "linked number": {"num_format": "0", "font_color": "#1F4E9E", "underline": 1},
    "time": {"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"},
    "chance": {"num_format": "0.00"},
    # At least two decimals, so that a program that saves what it shows does not make another number of it.
    "amount": {"num_format": "[>=1]#,##0.00;0.0000"},
    "whole": {"num_format": "0"},
    # As text, so that Excel keeps what people type as they typed it: 3/4 does not become a date.
    "people": {"bg_color": _PALE, "num_format": "@", "text_wrap": True, "border": 1, "border_color": "#EFE3BE"},
    "own": {"num_format": "@", "text_wrap": True},
    "typed": {"bg_color": _ORANGE, "bold": True},
    "faint": {"font_color": "#8C8C8C", "font_size": 8},
    "title": {"bold": True, "font_size": 13, "bg_color": _GREY},
    "about": {"bold": True, "text_wrap": True},
}


def write_workbook(
    path: Path,
    pages: Sequence[Page],
    readme: Callable[[Sequence[str]], Page],
    *,
    title: str,
    mark: str,
    created: datetime,
    limits: Limits | None = None,
    own: Sequence[OwnSheet] = (),
) -> list[str]:
    """Write the pages, then the readme, which is told what did not fit, then sheets of people's own; gives these remarks.

    `mark` is the TLP mark, `created` the only time in the file. Temporary files stay in the folder of `path`. Raises OSError.
    """
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    options = {
        "constant_memory": True,
        "tmpdir": str(path.parent),  # they hold victims' data: not in a folder that all can read
        "strings_to_urls": False,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "remove_timezone": True,
    }
    workbook = xlsxwriter.Workbook(str(path), options)
    workbook.set_properties(
        {"title": inert(title), "author": "exposure", "comments": mark, "created": created.replace(tzinfo=None)}
    )
    book = _Book(workbook, mark, limits or Limits())
    for page in pages:
        _write_page(book, page)
    _write_readme(book, readme(tuple(book.remarks)))
    for sheet in own:
        _write_own(book, sheet)
    try:
        workbook.close()
    except FileCreateError as error:
        raise OSError(str(error)) from error
    return book.remarks


def _write_page(book: _Book, page: Page) -> None:
    sheet = book.workbook.add_worksheet(page.name)
    _set_up_print(book, sheet, across=1 + sum(map(_width, page.columns)) // 240)
    height = min(page.frame.height, book.limits.rows - 1)
    if height < page.frame.height:
        book.remarks.append(
            f"page {page.name} shows the first {height:,} of {page.frame.height:,} rows: a sheet holds no more; "
            "affected.csv, affected.parquet and the tables in data/ hold all"
        )
    for place, column in enumerate(page.columns):
        people = column.name in page.people
        sheet.set_column(place, place, _width(column), book.style("people" if people else "text"))
        sheet.write_string(0, place, header(column), book.style("people header" if people else "tool header"))
        sheet.write_comment(
            0,
            place,
            _comment(column, people=people, mark="" if place else book.mark),
            {"author": "exposure", "x_scale": 2, "y_scale": 1.2},
        )
    sheet.set_row(0, 30)
    sheet.freeze_panes(1, 1)
    if not page.people:
        sheet.protect("", _PROTECTION)
    if page.columns:
        sheet.autofilter(0, 0, max(height, 1), len(page.columns) - 1)
    _add_choices(book, sheet, page, height)
    _colour(book, sheet, page, height)
    _write_rows(book, sheet, page, height)
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{height + _SPARE_ROWS}"})


def _set_up_print(book: _Book, sheet: Any, *, across: int = 1) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(across, 0)
    sheet.repeat_rows(0)
    if across > 1:
        sheet.repeat_columns(0)
    sheet.set_tab_color(_TAB_COLOURS.get(book.mark, _GREY))
    # As TLP 2.0 asks: in header and footer of every page, at the right, twelve points.
    sheet.set_header(f'&L&A&R&"Calibri,Bold"&12{book.mark}')
    sheet.set_footer(f'&LPage &P of &N&R&"Calibri,Bold"&12{book.mark}')


def _width(column: Column) -> int:
    if column.name in _WIDTHS:
        return _WIDTHS[column.name]
    return 20 if isinstance(column.dtype, pl.Datetime) else max(12, min(len(column.name) + 5, 24))


def _comment(column: Column, *, people: bool, mark: str) -> str:
    """Say what a column means; the first one says who may see the sheet, too."""
    return inert(f"{'Yours. ' if people else ''}{meaning(column)}{f'. {mark}' if mark else ''}")


def _add_choices(book: _Book, sheet: Any, page: Page, height: int) -> None:
    """Offer the words of the war room; other words may be typed all the same."""
    for place, column in enumerate(page.columns):
        if column.name in page.people and column.name in CHOICES:
            last = min(height + _SPARE_ROWS, book.limits.rows - 1)
            rule = {"validate": "list", "source": list(CHOICES[column.name]), "error_type": "information"}
            rule |= {
                "error_title": "Another word",
                "error_message": "This is none of the usual words. It is kept as typed.",
            }
            sheet.data_validation(1, place, last, place, rule)


def _colour(book: _Book, sheet: Any, page: Page, height: int) -> None:
    """Colour by rules, so that colours follow what people type and sort."""
    last = max(1, min(height + _SPARE_ROWS, book.limits.rows - 1))
    for place, column in enumerate(page.columns):
        if column.name == "verdict":
            for word, (background, ink) in _VERDICT_COLOURS.items():
                style = book.workbook.add_format(
                    {"bg_color": background, "font_color": ink, "bold": word == "compromised"}
                )
                rule = {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": style}
                sheet.conditional_format(1, place, last, place, rule)
        elif column.name == "attention":
            style = book.workbook.add_format({"bg_color": "#FBD9B5"})
            sheet.conditional_format(1, place, last, place, {"type": "no_blanks", "format": style})
        elif column.name == "urgency":
            sheet.conditional_format(
                1, place, last, place, {"type": "data_bar", "bar_color": "#E08E79", "bar_solid": True}
            )


def _write_rows(book: _Book, sheet: Any, page: Page, height: int) -> None:
    links = sum(urls.head(height).count() for urls in page.links.values())
    if links > book.limits.links:
        book.remarks.append(
            f"page {page.name}: the first {book.limits.links:,} of {links:,} addresses and hashes are links to the explorer, "
            "the others plain text: Excel holds 65,530 a sheet, and LibreOffice takes minutes to save that many"
        )
    cells = _Cells(book, sheet, page, book.limits.links)
    for start in range(0, height, _AT_ONCE):
        part = page.frame.slice(start, min(_AT_ONCE, height - start))
        for place, column in enumerate(page.columns):
            cells.begin(place, column, part.get_column(column.name), start)
        lines = _lines(part, page)
        for row in range(part.height):
            sheet.set_row(start + row + 1, _LINE_HEIGHT * lines[row])
            for place in range(len(page.columns)):
                cells.write(start + row, place, row)
    if cells.cut:
        book.remarks.append(
            f"page {page.name}: texts longer than the {book.limits.characters:,} characters of a cell: {cells.cut:,}; they are "
            "cut and say so; affected.csv, affected.parquet and the tables in data/ hold all"
        )


def _lines(part: pl.DataFrame, page: Page) -> list[int]:
    """Guess how many lines each row needs: LibreOffice does not fit rows to wrapped text by itself. At most a few."""
    wrapped = [column for column in page.columns if column.name in (*page.wide, *page.people)]
    if not wrapped:
        return [1] * part.height
    needed = []
    for column in wrapped:
        text = pl.col(column.name).fill_null("")
        breaks = text.str.count_matches("\n", literal=True) if column.name in page.people else pl.lit(0)
        # Amounts bear contracts' addresses, which do not break.
        share = 1.3 if column.name in ("lost", "at_risk", "taken") else 0.95
        needed.append((text.str.len_chars() * share / _width(column)).ceil().cast(pl.Int64) + breaks)
    return part.select(pl.max_horizontal(*needed).clip(1, _LINES_MOST)).to_series().to_list()


class _Cells:
    """The cells of one page under way, some thousand rows at a time."""

    def __init__(self, book: _Book, sheet: Any, page: Page, links: int) -> None:
        self.cut = 0
        self._book, self._sheet, self._page, self._links = book, sheet, page, links
        self._values: dict[int, list[Any]] = {}
        self._urls: dict[int, list[str | None]] = {}
        self._styles = [book.style(_style_of(page, column)) for column in page.columns]
        self._texts = [column.dtype == pl.String for column in page.columns]
        self._typed = {place: column.name in page.people for place, column in enumerate(page.columns)}

    def begin(self, place: int, column: Column, values: pl.Series, start: int) -> None:
        """Take the next rows of a column."""
        if values.dtype == pl.String:
            values = inert_all(values, typed=self._typed[place])
        self._values[place] = _excel_values(values, column)
        if column.name in self._page.links:
            self._urls[place] = self._page.links[column.name].slice(start, len(values)).to_list()

    def write(self, row: int, place: int, at: int) -> None:
        """Write one cell; `row` counts from 0 in the page, `at` in the rows taken last."""
        value, style = self._values[place][at], self._styles[place]
        if self._page.typed:
            over = self._page.typed.get((row, self._page.columns[place].name))
            if over is not None:
                self._text(row, place, inert(over, typed=True), self._book.style("typed"), None)
                return
        if value is None:
            return
        if self._texts[place]:
            url = self._urls[place][at] if place in self._urls else None
            self._text(row, place, value, style, url)
        elif isinstance(value, bool):  # as words: LibreOffice shows 0 and 1
            self._sheet.write_string(row + 1, place, "yes" if value else "no", style)
        else:
            url = self._urls[place][at] if place in self._urls else None
            if url is not None and self._links > 0:
                self._links -= 1
                self._sheet.write_url(row + 1, place, url, style)
                style = self._book.style("linked number")
            self._sheet.write_number(row + 1, place, value, style)  # over the link's text, so that it stays a number

    def _text(self, row: int, place: int, text: str, style: Any, url: str | None) -> None:
        shown = fit(text, self._book.limits.characters)
        self.cut += shown != text
        if not shown:
            self._sheet.write_blank(row + 1, place, None, style)
        elif url is not None and self._links > 0:
            self._links -= 1
            self._sheet.write_url(row + 1, place, url, self._book.style("link"), shown)
        else:
            self._sheet.write_string(row + 1, place, shown, style)


def _excel_values(values: pl.Series, column: Column) -> list[Any]:
    """Give a column's values as Excel takes them: times as days since its day 0, addresses with their checksum."""
    if isinstance(values.dtype, pl.Datetime):
        seconds = (values.dt.replace_time_zone(None) - _EXCEL_DAY_0).dt.total_seconds()
        return (seconds / 86_400).to_list()
    if values.dtype == pl.Float64:
        return pl.select(pl.when(values.is_finite()).then(values)).to_series().to_list()
    if column.name in ("address", "attacker"):
        return [text and checksum(text) for text in values.to_list()]
    return values.to_list()


def _style_of(page: Page, column: Column) -> str:
    if column.name in page.people:
        return "people"
    if column.name == VERSION.name:
        return "faint"
    if isinstance(column.dtype, pl.Datetime):
        return "time"
    if column.dtype == pl.Float64:
        return "chance" if column.unit == "0 to 1" or column.name == "weight" else "amount"
    if column.dtype == pl.String:
        return "wide" if column.name in (*page.wide, *page.clipped) else "text"
    return "whole" if column.dtype != pl.Boolean else "text"


def _write_own(book: _Book, own: OwnSheet) -> None:
    """Write a person's own sheet: its words, where they stood."""
    sheet = book.workbook.add_worksheet(own.name)
    _set_up_print(book, sheet)
    style = book.style("own")
    sheet.set_column(0, max(0, max(map(len, own.cells), default=0) - 1), 24)
    for row, cells in enumerate(own.cells[: book.limits.rows]):
        for place, text in enumerate(cells):
            if text:
                sheet.write_string(row, place, fit(inert(text, typed=True), book.limits.characters), style)


def _write_readme(book: _Book, page: Page) -> None:
    sheet = book.workbook.add_worksheet(page.name)
    _set_up_print(book, sheet)
    sheet.hide_gridlines(2)
    sheet.protect("", _PROTECTION)
    for place, column in enumerate(page.columns):
        sheet.set_column(place, place, _width(column))
    lines = _lines(page.frame, page)
    for row, (about, text) in enumerate(page.frame.iter_rows()):
        style = book.style("title" if text is None else "about")
        sheet.set_row(row, 20 if text is None else _LINE_HEIGHT * lines[row])
        sheet.write_string(row, 0, fit(inert(about)), style)
        if text is None:
            sheet.write_blank(row, 1, None, style)
        else:
            sheet.write_string(row, 1, fit(inert(text)), book.style("wide"))
