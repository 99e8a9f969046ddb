"""Merge what people typed: the cells they saved, against the version they started from, into what was known. Pure.

Three-way, cell by cell: a cell that says what was written into it is no edit, however old the copy is; a cell that was
changed wins; where two people changed the same cell, the later file wins and the other words go into the note.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from exposure.incident_values import NAME, NOT_LOOKED_UP, parse_address
from exposure.publish.sheet.columns import JUDGED, JUDGED_NAMES, PEOPLE_NAMES, VERSION
from exposure.publish.sheet.diff import (
    ADDED,
    DIGEST,
    KEY,
    OVERRIDES,
    READABLE,
    TAIL,
    Row,
    Versions,
    changed_rows,
    digests,
    is_ours,
    refuse_scrambled,
    tail_of,
    tool_says,
    typed_cells,
    written_rows,
)
from exposure.publish.sheet.read import ROW, ReadSheet
from exposure.publish.sheet.text import same
from exposure.tables import TABLES

_TYPES = {column.name: column.dtype for column in JUDGED}
_TEXT = pl.String()


@dataclass(frozen=True, slots=True)
class Merged:
    """What people typed. `unreadable` are rows whose address is none: column -> text as typed, kept where it stands."""

    people: pl.DataFrame
    unreadable: list[Row]
    problems: list[str]


def merge(known: pl.DataFrame, sheets: Sequence[ReadSheet], versions: Versions) -> Merged:
    """Fold what people saved into what they had typed before.

    `known` is table `people`; `sheets` are the files that changed, the one that wins last; both may be empty.
    Raises ExposureError where a sheet's columns were sorted apart from each other.
    """
    fold = _Fold(known, versions)
    for sheet in sheets:
        fold.read(sheet)
    return fold.result()


def read_address(text: str) -> str:
    """Find the one address in what a person pasted: bare, in any case, in an explorer's link, with words around it.

    Gives it in lowercase; raises ValueError saying what the text is instead.
    """
    plain = re.sub("[\\s\u200b-\u200f\u2060\ufeff\"'`]+", " ", text).strip()
    found = re.findall(r"(?<![0-9a-zA-Z])(?:0[xX])?([0-9a-fA-F]{40})(?![0-9a-zA-Z])", plain)
    distinct = {digits.lower() for digits in found}
    if len(distinct) == 1:
        return parse_address("0x" + found[0])
    if distinct:
        raise ValueError(f"it holds {len(distinct)} addresses: write one a row")
    if re.search(r"(?<![0-9a-zA-Z])(?:0[xX])?[0-9a-fA-F]{64}(?![0-9a-zA-Z])", plain):
        raise ValueError(
            "64 hex digits are a transaction's hash or a private key: write the wallet's address; a private key must not "
            "stand in a shared sheet at all"
        )
    if NAME.fullmatch(plain):
        raise ValueError(NOT_LOOKED_UP)
    raise ValueError("write 0x and 40 hex digits" if plain else "its row holds words, but no address")


def complain(text: str) -> str:
    """Say what is wrong with a text that stands where an address should. A long one may be a secret: it is not repeated."""
    shown = repr(text) if len(text) <= 44 else f"a text of {len(text)} characters"
    try:
        read_address(text)
    except ValueError as error:
        return f"{shown} is not a wallet's address: {error}" if text.strip() else f"a row has no address: {error}"
    return f"{shown} was not read as an address yet"


class _Fold:
    """The merge under way."""

    def __init__(self, known: pl.DataFrame, versions: Versions) -> None:
        self._versions = versions
        self._records: dict[str, dict[str, str | None]] = {}
        self._overrides: dict[str, dict[str, str]] = {}
        self._by: dict[str, dict[str, str]] = {}
        self._added: set[str] = set()
        for row in known.iter_rows(named=True):
            self._records[row["address"]] = {name: row[name] for name in PEOPLE_NAMES}
            self._overrides[row["address"]] = json.loads(row["overrides"] or "{}")
            self._by[row["address"]] = json.loads(row.get("overrides_by") or "{}")
            self._added.update([row["address"]] if row["added"] else [])
        newest = versions.newest()
        listed = pl.col(READABLE) & ~pl.col(ADDED)
        self._listed = set() if newest is None else set(newest.filter(listed).get_column("address").to_list())
        self._unreadable: list[Row] = []
        self._settled: set[str] = set()
        self._problems: list[str] = []

    def read(self, sheet: ReadSheet) -> None:
        """Fold one sheet in."""
        rows = changed_rows(sheet, self._versions)
        written = written_rows(rows, self._versions)
        refuse_scrambled(sheet, rows, written)
        unreadable = []
        for row in rows:
            base = written.get((row[DIGEST], row[KEY]))
            try:
                address = row[KEY] if base else read_address(row["address"])
            except ValueError:
                unreadable.append(typed_cells(row, without=JUDGED_NAMES if is_ours(row) else ()))
                continue
            self._fold_row(sheet, row, address, base)
        self._unreadable += unreadable
        self._settle_unreadable(sheet, rows, {row["address"] for row in unreadable})
        unknown = digests(sheet, self._versions) - set(self._versions.frames)
        if unknown and any(row[DIGEST] in unknown for row in rows):
            self._problems.append(
                f"{sheet.name} came from a version that this case has no copy of ({', '.join(sorted(unknown))}): what people "
                "typed into their own columns was read, changes to the tool's columns could not be told from older data"
            )

    def _settle_unreadable(self, sheet: ReadSheet, rows: Sequence[Row], present: set[str]) -> None:
        """Note which rows without an address were mended or deleted since they were written."""
        tails = {row[TAIL] for row in rows if row["address"] not in present}
        for digest in digests(sheet, self._versions) & set(self._versions.frames):
            frame = self._versions.frames[digest]
            for text in frame.filter(~pl.col(READABLE)).get_column("address").to_list():
                if text not in present and (sheet.complete or tail_of(text) in tails):
                    self._settled.add(text)

    def result(self) -> Merged:
        """Give the people table, the rows without an address, and what a person should settle."""
        rows: list[dict[str, object]] = []
        for address, record in self._records.items():
            overrides = self._overrides[address]
            by = {name: text for name, text in self._by[address].items() if name in overrides}
            added = address in self._added
            if added or overrides or any(record.values()):
                texts = {"overrides": _json(overrides), "overrides_by": _json(by)}
                rows.append({"address": address, **record, "added": added, **texts})
        mine = {row["address"] for row in self._unreadable}
        left = [row for row in self._versions.unreadable() if row["address"] not in mine | self._settled]
        unreadable = _join_repeats([*self._unreadable, *left])
        problems = [*self._problems, *(f"the sheet: {complain(row['address'])}" for row in unreadable)]
        return Merged(TABLES["people"].frame(rows), unreadable, problems)

    def _fold_row(self, sheet: ReadSheet, row: Row, address: str, base: Row | None) -> None:
        self._records.setdefault(address, dict.fromkeys(PEOPLE_NAMES))
        self._overrides.setdefault(address, {})
        self._by.setdefault(address, {})
        place = f"{sheet.name}, row {row[ROW]}"
        # A row of a version that we have no copy of is the tool's own, whatever it says.
        forgotten = row[DIGEST] != "" and row[DIGEST] not in self._versions.frames
        if base is None and not forgotten:
            if address not in self._listed:
                self._added.add(address)
            if is_ours(row) and row[TAIL] != tail_of(address):
                self._problems.append(
                    f"{place}: the address was changed to {address}, which counts as added; the one before stays listed"
                )
        if base is None and row[KEY].removeprefix("0x") != address[2:]:
            self._remark(address, f"[pasted as: {row['address'].strip()}]")
        # The tool's cells in a row that is not to be compared say nothing about this wallet.
        skipped: set[str] = set()
        if base is None and row[TAIL]:
            skipped = {"attention", *JUDGED_NAMES} if is_ours(row) else {"attention"}
        for column, cell in row.items():
            if not column.startswith("\0") and column not in {"address", VERSION.name, *skipped}:
                self._fold_cell(_Place(place, sheet.saved), address, column, cell, base)

    def _fold_cell(self, place: "_Place", address: str, column: str, cell: str, base: Row | None) -> None:
        overrides: dict[str, str] = json.loads(base[OVERRIDES] or "{}") if base else {}
        was = (base.get(column) or overrides.get(column, "")) if base else ""
        if not base and not cell.strip():
            return
        # Where a person's words stand in a column of the tool, they are text, whatever the column's type.
        if same(_TEXT if column in overrides else _TYPES.get(column, _TEXT), was, cell):
            return
        if column == "attention":
            self._remark(address, f"[typed under attention: {cell.strip()}]" if cell.strip() else "")
            return
        back = base is not None and column in _TYPES and same(_TYPES[column], tool_says(base, column), cell)
        truth = self._truth(address, column, was)
        if same(_TEXT, truth, cell) and not back:
            return
        if truth.strip() and not same(_TEXT, was, truth):
            if not cell.strip() or typed_too(column, cell) in (self._records[address]["note"] or ""):
                return
            cell = self._settle(place.name, address, column, cell, truth)
        self._set(address, column, cell, back=back)
        self._by[address].pop(column, None)
        if place.saved and column in JUDGED_NAMES and column in self._overrides[address]:
            self._by[address][column] = place.saved

    def _truth(self, address: str, column: str, was: str) -> str:
        if column in PEOPLE_NAMES:
            return self._records[address][column] or ""
        return self._overrides[address].get(column, was if column in JUDGED_NAMES else "")

    def _settle(self, place: str, address: str, column: str, cell: str, other: str) -> str:
        """Keep the words of both where two people typed into the same cell."""
        if column == "note":
            return other if cell.strip() in other else cell if other.strip() in cell else f"{cell}\n{other}"
        self._remark(address, typed_too(column, other))
        self._problems.append(
            f"{place}: two people typed into {column} of {address}; this file's words stand there, the other's in the note"
        )
        return cell

    def _remark(self, address: str, text: str) -> None:
        note = self._records[address]["note"] or ""
        if text and text not in note:
            self._records[address]["note"] = f"{note}\n{text}" if note else text

    def _set(self, address: str, column: str, cell: str, *, back: bool) -> None:
        if column in PEOPLE_NAMES:
            self._records[address][column] = cell if cell.strip() else None
        elif back or (column not in JUDGED_NAMES and not cell.strip()):
            self._overrides[address].pop(column, None)
        else:
            self._overrides[address][column] = cell


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a cell stands, in words, and who saved that file and when."""

    name: str
    saved: str


def _json(texts: dict[str, str]) -> str | None:
    return json.dumps(texts, sort_keys=True, ensure_ascii=False) if texts else None


def typed_too(column: str, text: str) -> str:
    """Give the words by which the note keeps what another person typed into a column."""
    return f"[{column} was also typed as: {text.strip()}]"


def _join_repeats(rows: Sequence[Row]) -> list[Row]:
    """Make one row of those that stand under the same text: every word of each stays."""
    joined: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: sorted(row.items())):
        kept = joined.setdefault(row["address"], {})
        for name, text in row.items():
            other = kept.get(name, "")
            kept[name] = text if other in text else other if text in other else f"{other}\n{text}"
    return list(joined.values())
