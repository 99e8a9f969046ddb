"""The sheets that people added to the workbook for themselves: kept as text, whatever stands in them.

A sheet with addresses and columns that people fill is none of these: its words go to the wallets (sheet_people.py).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from exposure.publish.sheet.columns import PEOPLE_NAMES, VERSION, header
from exposure.publish.sheet.pages import ATTACKER_TOTALS
from exposure.publish.sheet.read import HEADER_WITHIN, arrange, open_workbook, with_formulas, worksheet
from exposure.publish.sheet.text import inert
from exposure.publish.sheet.timeline import COLUMNS as TIMELINE
from exposure.tables import TABLES

PAGES = ("wallets", "conflicts", "evidence", "timeline", "attackers", "coverage", "readme")
_NAME_LIMIT = 31
# By these headers a page of ours is known though somebody renamed it.
_SIGNS = (
    {"address", "code", "text"},
    {"time (UTC)", "what", "text"},
    {"address", "role", "origin"},
    {"source", "layer", "parsed"},
    {"address", "column", "stands", "typed_too"},
)
_README_SIGN = "digest of the run"
_OURS = frozenset(
    (
        *(header(column) for table in TABLES.values() for column in table.columns),
        *(header(column) for column in (*TIMELINE, *ATTACKER_TOTALS)),
        "column",
        "stands",
        "typed_too",
    )
)


@dataclass(frozen=True, slots=True)
class OwnSheet:
    """One sheet of a person's: its name, and its cells as text."""

    name: str
    cells: tuple[tuple[str, ...], ...]


def own_sheets(path: Path, *, edited: bool) -> tuple[list[OwnSheet], list[str]]:
    """Give the sheets of a workbook that people made for themselves, and names of our pages that words stand beside.

    An unedited workbook is one that the tool wrote: beside its pages stands nothing. Raises what the reader raises.
    """
    reader = open_workbook(path)
    found, beside = [], []
    for name in reader.sheet_names:
        if name in PAGES and not edited:
            continue
        grid = worksheet(reader, name)
        if grid is None or grid.is_empty():
            continue
        if _is_peoples(name, grid):
            continue
        if _is_ours(name, grid):
            beside += [name] if _has_words_beside(name, grid) else []
            continue
        whole = with_formulas(path, name, grid)
        rows = tuple(tuple(inert(cell or "", typed=True) for cell in row) for row in whole.iter_rows())
        if any(cell.strip() for row in rows for cell in row):
            found.append(OwnSheet(name, rows))
    return found, beside


def together(sheets: Iterable[OwnSheet]) -> list[OwnSheet]:
    """Keep every sheet once; another one of the same name, or of the name of a page of ours, gets a number."""
    kept: list[OwnSheet] = []
    taken = {*PAGES, "history"}  # Excel keeps that name to itself
    for sheet in sheets:
        if any(sheet.cells == other.cells and _stem(sheet.name) == _stem(other.name) for other in kept):
            continue
        # Google Sheets and LibreOffice allow names that Excel does not.
        stem = name = re.sub(r"[\[\]:*?/\\]", "_", inert(sheet.name)).strip("' ")[:_NAME_LIMIT] or "sheet"
        number = 2
        while name.lower() in taken:
            tail = f" ({number})"
            name, number = stem[: _NAME_LIMIT - len(tail)] + tail, number + 1
        taken.add(name.lower())
        kept.append(OwnSheet(name, sheet.cells))
    return kept


def _stem(name: str) -> str:
    head, _, tail = name.lower().rpartition(" (")
    return head if head and tail.rstrip(")").isdigit() else name.lower()


def _is_peoples(name: str, grid: pl.DataFrame) -> bool:
    sheet = arrange(name, grid.head(HEADER_WITHIN), complete=True)
    return sheet is not None and bool(sheet.headers.known & {*PEOPLE_NAMES, VERSION.name})


def _first_row(grid: pl.DataFrame) -> Sequence[str]:
    return [cell or "" for cell in grid.row(0)]


def _is_ours(name: str, grid: pl.DataFrame) -> bool:
    if name == "readme" or _README_SIGN in grid.to_series(0).head(HEADER_WITHIN).to_list():
        return True
    return any(signs <= set(_first_row(grid)) for signs in _SIGNS)


def _has_words_beside(name: str, grid: pl.DataFrame) -> bool:
    """Tell whether a column of a page of ours is not one of ours. People's words belong to the page wallets."""
    headers = _first_row(grid)
    places = range(2, grid.width) if name == "readme" else [i for i, text in enumerate(headers) if text not in _OURS]
    return any(grid.to_series(place).str.strip_chars().str.len_bytes().fill_null(0).max() for place in places)
