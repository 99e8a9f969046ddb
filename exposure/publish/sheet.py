"""The shared spreadsheet: read what people typed, write what is known, lose nothing.

Every write starts by reading what people have saved since the last one, and ends with whole files or the old ones.
"""

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from exposure.case import Case, hash_file
from exposure.errors import ExposureError
from exposure.incident import Incident
from exposure.publish.sheet_columns import TLP
from exposure.publish.sheet_diff import ADDED, READABLE
from exposure.publish.sheet_pages import (
    Page,
    attackers_page,
    coverage_page,
    evidence_page,
    shared_wallets_page,
    wallets_page,
)
from exposure.publish.sheet_people import Merged, merge
from exposure.publish.sheet_read import ReadSheet, read_file
from exposure.publish.sheet_readme import evidence_codes, readme_page
from exposure.publish.sheet_rows import SheetRows, build_rows
from exposure.publish.sheet_store import Store
from exposure.publish.sheet_timeline import timeline_page
from exposure.publish.sheet_twins import csv_of, exact_frame, parquet_metadata
from exposure.publish.sheet_xlsx import write_workbook
from exposure.tables import Audience

# In this order: where both were changed in the same cell, the workbook's words stand.
_EDITED = ("affected.csv", "affected.xlsx")
_TABLES = ("wallets", "evidence", "losses", "attackers", "coverage", "sightings", "windows", "tokens")
_ATTEMPTS = 3
# Copies of our own that nobody saved: each stage of a run leaves one, and watch would leave thousands.
_COPIES = 5


def read_people(case: Case) -> tuple[pl.DataFrame, list[str]]:
    """Read what people typed into sheet/affected.xlsx and affected.csv, merged into what they had typed before.

    Gives table `people`, and problems in words: what is no address, what two people typed into the same cell. Writes
    nothing. Raises ExposureError where a file is damaged or scrambled.
    """
    merged = _read(case).merged
    return merged.people, merged.problems


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was read, and from which bytes: they are compared again before anything is written over them."""

    merged: Merged
    hashes: dict[str, str]


def _read(case: Case) -> _Reading:
    store = Store(case.sheet)
    versions, hashes, sheets = store.versions(), {}, list[ReadSheet]()
    for name in _EDITED:
        path = case.sheet / name
        if not path.exists():
            continue
        hashes[name] = hash_file(path)
        if not store.wrote(name, hashes[name]):
            sheets += read_file(path)
    known = case.read("people") if case.has("people") else versions.people()
    return _Reading(merge(known, sheets, versions), hashes)


def write_sheet(case: Case, incident: Incident, share: Audience = "team") -> dict[str, object]:
    """Write sheet/affected.xlsx, .csv and .parquet; gives figures, with `problems` that need a person.

    For `partners` and `public` the files bear the circle's name and hold only what it may see; people's words are the
    team's. Raises ExposureError where a file that people have edited cannot be read, or nothing can be written.
    """
    case.sheet.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in case.sheet.glob(".writing-*"):  # of a run that was killed
        shutil.rmtree(left, ignore_errors=True)
    try:
        if share != "team":
            return _write_shared(case, incident, share)
        for _ in range(_ATTEMPTS):
            figures = _write_team(case, incident)
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


def _write_team(case: Case, incident: Incident) -> dict[str, object] | None:
    """Write the team's sheet; None where somebody saved a file meanwhile."""
    reading, store = _read(case), Store(case.sheet)
    merged, newest = reading.merged, store.versions().newest()
    tables = {name: case.read(name) for name in _TABLES}
    rows = build_rows(tables["wallets"], merged.people, merged.unreadable, newest)
    explorers, explorer = _explorers(incident)
    pages = [
        wallets_page(rows, explorer),
        evidence_page(tables, "team", explorer, explorers),
        timeline_page(tables, incident, "team", explorer, explorers),
        attackers_page(tables, explorer, explorers),
        coverage_page(tables, "team"),
    ]
    case.write("people", merged.people)
    output = _Output("affected", "team", pages, rows.written, exact_frame(pages[0], merged.people), rows.digest)
    with tempfile.TemporaryDirectory(dir=case.sheet, prefix=".writing-") as folder:
        files, remarks = _make_files(Path(folder), output, case, incident)
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


def _write_shared(case: Case, incident: Incident, share: Audience) -> dict[str, object]:
    """Write what a wider circle may see: no names of people, no balances, no chances, no order of urgency."""
    tables = {name: case.read(name) for name in _TABLES}
    explorers, explorer = _explorers(incident)
    pages = [attackers_page(tables, explorer, explorers)]
    if share == "partners":
        pages = [
            shared_wallets_page(tables["wallets"], share, explorer),
            evidence_page(tables, share, explorer, explorers),
            timeline_page(tables, incident, share, explorer, explorers),
            *pages,
            coverage_page(tables, share),
        ]
    stem = f"affected.{share}.{TLP[share].replace(':', '-')}"
    exact = pages[0].frame.select(column.name for column in pages[0].columns)
    with tempfile.TemporaryDirectory(dir=case.sheet, prefix=".writing-") as folder:
        files, remarks = _make_files(Path(folder), _Output(stem, share, pages, None, exact, ""), case, incident)
        for path in files:
            path.replace(case.sheet / path.name)
    return {"rows": pages[0].frame.height, "limits": remarks, "problems": []}


@dataclass(frozen=True, slots=True)
class _Output:
    """What is written. `written` is the text of the first page's cells where people may have typed over them."""

    stem: str
    share: Audience
    pages: Sequence[Page]
    written: pl.DataFrame | None
    exact: pl.DataFrame
    digest: str


def _make_files(folder: Path, output: _Output, case: Case, incident: Incident) -> tuple[list[Path], list[str]]:
    """Make the three files in a folder of their own; gives their paths, and what did not fit into the workbook."""
    workbook, text, exact = (folder / f"{output.stem}{suffix}" for suffix in (".xlsx", ".csv", ".parquet"))
    manifest, first = case.read_manifest(), output.pages[0]
    remarks = write_workbook(
        workbook,
        output.pages,
        lambda remarks: readme_page(incident, manifest, output.share, evidence_codes(), remarks, output.digest),
        title=incident.title,
        mark=TLP[output.share],
        created=case.now() or datetime(2000, 1, 1, tzinfo=UTC),
    )
    text.write_bytes(csv_of(first, output.written))
    output.exact.write_parquet(exact, compression="zstd", metadata=parquet_metadata(first, output.share))
    for path in (text, exact, workbook):
        path.chmod(0o600)
        with path.open("rb") as file:
            os.fsync(file.fileno())
    return [text, exact, workbook], remarks


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


def _explorers(incident: Incident) -> tuple[dict[int, str], str]:
    """Give the explorers by chain, and the one for addresses: that of the incident's first chain that has one."""
    from exposure.chain.presets import CHAINS

    known = {preset.id: preset.explorer for preset in CHAINS.values() if preset.explorer}
    return known, next((known[chain.id] for chain in incident.chains if chain.id in known), "")
