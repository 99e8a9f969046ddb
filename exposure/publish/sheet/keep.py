"""The shared spreadsheet: read what people typed, write what is known, lose nothing.

Every write starts by reading what people have saved since the last one, and ends with whole files or the old ones.
"""

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from exposure.case import Case, hash_file
from exposure.errors import ExposureError
from exposure.incident import Incident
from exposure.publish.sheet.conflicts import conflicts_page
from exposure.publish.sheet.diff import ADDED, READABLE
from exposure.publish.sheet.files import SHEET_TABLES, Output, known_explorers, make_files, shared_output
from exposure.publish.sheet.own import OwnSheet, own_sheets, together
from exposure.publish.sheet.pages import attackers_page, coverage_page, evidence_page, wallets_page
from exposure.publish.sheet.people import Merged, merge
from exposure.publish.sheet.read import ReadSheet, read_file
from exposure.publish.sheet.rows import SheetRows, build_rows
from exposure.publish.sheet.store import Store
from exposure.publish.sheet.timeline import timeline_page
from exposure.publish.sheet.twins import exact_frame
from exposure.tables import Audience

# In this order: where both were changed in the same cell, the workbook's words stand.
_EDITED = ("affected.csv", "affected.xlsx")
_ATTEMPTS = 3
# Copies of our own that nobody saved: each stage of a run leaves one, and watch would leave thousands.
_COPIES = 5
_BESIDE = (
    "words stand beside the tool's columns; they stay in the copy of this file that is kept, and nowhere else: "
    "write them into your columns of the page wallets, or onto a sheet of your own"
)


def read_people(case: Case, copies: Sequence[Path] = ()) -> tuple[pl.DataFrame, list[str]]:
    """Read what people typed into sheet/affected.xlsx and affected.csv, merged into what they had typed before.

    `copies` are further copies of the sheet that people worked in; they are read last. Gives table `people`, and problems in
    words: what is no address, what two people typed into the same cell. Writes nothing. Raises ExposureError where a file
    is missing, damaged or scrambled.
    """
    merged = _read(case, copies).merged
    return merged.people, merged.problems


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was read, and from which bytes: they are compared again before anything is written over them."""

    merged: Merged
    hashes: dict[str, str]
    own: list[OwnSheet]


def _read(case: Case, copies: Sequence[Path]) -> _Reading:
    store = Store(case.sheet)
    versions, hashes, sheets, own, beside = store.versions(), {}, list[ReadSheet](), list[OwnSheet](), list[str]()
    files = [(case.sheet / name, name) for name in _EDITED if (case.sheet / name).exists()]
    files += zip(copies, _labels(copies), strict=True)
    for path, label in files:
        if path.is_dir():
            raise ExposureError(
                f"{path} cannot be merged",
                "it is a folder, not a file",
                "move the folder away, or name the file that is in it",
            )
        if not path.is_file():
            raise ExposureError(
                f"{path} cannot be merged",
                "there is no such file",
                "name the copies of the sheet that people worked in",
            )
        sha256 = hash_file(path)
        edited = not store.wrote(f"affected{path.suffix}", sha256)
        if path.parent == case.sheet and label in _EDITED:
            hashes[label] = sha256
        if edited:
            sheets += read_file(path, label)
        if path.suffix.lower() == ".xlsx":
            found, words = own_sheets(path, edited=edited)
            own += found
            beside += [f"{label}, sheet {name}: {_BESIDE}" for name in words]
    known = case.read("people") if case.has("people") else versions.people()
    merged = merge(known, sheets, versions)
    return _Reading(replace(merged, problems=[*merged.problems, *beside]), hashes, together(own))


def _labels(copies: Sequence[Path]) -> list[str]:
    """Name copies by their file names; with their folders where these are the same, or those of the case's own files."""
    names = [*_EDITED, *(path.name for path in copies)]
    return [path.name if names.count(path.name) == 1 else str(path) for path in copies]


def write_sheet(
    case: Case, incident: Incident, share: Audience = "team", *, victims: bool = False, copies: Sequence[Path] = ()
) -> dict[str, object]:
    """Write sheet/affected.xlsx, .csv and .parquet; gives figures, with `problems` that need a person.

    For `partners` and `public` the files bear the circle's name and hold only what it may see; people's words are the
    team's. `victims` puts into the public's files who lost everything. `copies` are merged into the team's sheet. Raises
    ExposureError where a file that people have edited cannot be read, or nothing can be written.
    """
    case.sheet.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in case.sheet.glob(".writing-*"):  # of a run that was killed
        shutil.rmtree(left, ignore_errors=True)
    try:
        if share != "team":
            return _write_shared(case, incident, share, victims=victims)
        for _ in range(_ATTEMPTS):
            figures = _write_team(case, incident, copies)
            if figures is not None:
                return figures
    except OSError as error:
        raise ExposureError(
            f"the sheet in {case.sheet} could not be written",
            f"{error.strerror or error}; the files that were there are whole",
            "make room or close the program that holds the file, then run: exposure sheet",
        ) from None
    raise ExposureError(
        f"the sheet in {case.sheet} was not written",
        f"somebody saved it while it was being written, {_ATTEMPTS} times in a row: their words would have been lost",
        "run again: exposure sheet",
    )


def _write_team(case: Case, incident: Incident, copies: Sequence[Path]) -> dict[str, object] | None:
    """Write the team's sheet; None where somebody saved a file meanwhile."""
    reading, store = _read(case, copies), Store(case.sheet)
    merged, newest = reading.merged, store.versions().newest()
    tables = {name: case.read(name) for name in SHEET_TABLES}
    rows = build_rows(tables["wallets"], merged.people, merged.unreadable, newest)
    explorers, explorer = known_explorers(incident)
    conflicts = conflicts_page(rows, explorer)
    pages = [
        wallets_page(rows, explorer, incident.chains[0].id if incident.chains else None),
        *([conflicts] if conflicts else []),
        evidence_page(tables, "team", explorer, explorers),
        timeline_page(tables, incident, "team", explorer, explorers),
        attackers_page(tables, explorer, explorers),
        coverage_page(tables, "team"),
    ]
    case.write("people", merged.people)
    exact = exact_frame(pages[0], merged.people)
    output = Output("affected", "team", pages, rows.written, exact, rows.digest, reading.own)
    with tempfile.TemporaryDirectory(dir=case.sheet, prefix=".writing-") as folder:
        files, remarks = make_files(Path(folder), output, case, incident)
        if reading.hashes != {name: hash_file(case.sheet / name) for name in _EDITED if (case.sheet / name).exists()}:
            return None
        store.add(rows.digest, rows.written, {path.name: hash_file(path) for path in files if path.name in _EDITED})
        kept = [_put(path, case.sheet, store) for path in files]
    _thin_out(case.sheet, store)
    return {
        "rows": rows.values.height,
        "people": merged.people.height,
        "unreadable": len(merged.unreadable),
        "no_longer_listed": _gone(newest, rows),
        "conflicts": conflicts.frame.height if conflicts else 0,
        "own_sheets": [sheet.name for sheet in reading.own],
        "kept": [name for name in kept if name],
        "limits": remarks,
        "problems": merged.problems,
    }


def _gone(newest: pl.DataFrame | None, rows: SheetRows) -> int:
    """Count the wallets that stood in the sheet and that nobody lists any more."""
    if newest is None:
        return 0
    before = newest.filter(pl.col(READABLE) & ~pl.col(ADDED)).select("address")
    return before.join(rows.written.select("address"), on="address", how="anti").height


def _write_shared(case: Case, incident: Incident, share: Audience, *, victims: bool) -> dict[str, object]:
    """Write what a wider circle may see; the files before are replaced, since people type nothing into them."""
    output = shared_output(case, incident, share, victims=victims)
    with tempfile.TemporaryDirectory(dir=case.sheet, prefix=".writing-") as folder:
        files, remarks = make_files(Path(folder), output, case, incident)
        for path in files:
            path.replace(case.sheet / path.name)
    return {
        "rows": output.pages[0].frame.height,
        "files": [path.name for path in files],
        "limits": remarks,
        "warnings": list(output.warnings),
        "problems": [],
    }


def _put(path: Path, folder: Path, store: Store) -> str | None:
    """Put a file in its place, and keep the one before under a name of its own; gives that name.

    The workbook before is kept always, the CSV where a person changed it. At no moment is there no whole file.
    """
    target, name = folder / path.name, None
    if target.exists():
        before = hash_file(target)
        if before == hash_file(path):
            return None
        if path.suffix == ".xlsx" or (path.suffix == ".csv" and not store.wrote(path.name, before)):
            name = f"{path.stem}.{before[:8]}{path.suffix}"
            if not (folder / name).exists():
                _copy(target, folder / name)
    path.replace(target)
    return name


def _thin_out(folder: Path, store: Store) -> None:
    """Remove all but the newest copies that nobody has touched; a file that a person saved is never removed."""
    order = store.written_files("affected.xlsx")
    copies = {hash_file(path): path for path in folder.glob(f"affected.{'[0-9a-f]' * 8}.xlsx")}
    untouched = sorted((sha256 for sha256 in copies if sha256 in order), key=order.index)
    for sha256 in untouched[:-_COPIES]:
        copies[sha256].unlink()


def _copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target)
