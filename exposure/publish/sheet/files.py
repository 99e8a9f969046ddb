"""Pages -> the three files of the sheet, and which pages each circle gets."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from exposure.case import Case
from exposure.incident import Incident
from exposure.publish.sheet.columns import TLP
from exposure.publish.sheet.own import OwnSheet
from exposure.publish.sheet.pages import (
    Page,
    attackers_page,
    coverage_page,
    evidence_page,
    shared_wallets_page,
    victims_page,
)
from exposure.publish.sheet.readme import evidence_codes, readme_page
from exposure.publish.sheet.timeline import timeline_page
from exposure.publish.sheet.twins import csv_of, parquet_metadata
from exposure.publish.sheet.xlsx import write_workbook
from exposure.tables import Audience

SHEET_TABLES = ("wallets", "evidence", "losses", "attackers", "coverage", "sightings", "windows", "tokens")
WHY_NOT = (
    "these files name victims. Lists of victims are what recovery scammers look for: they write to each one, say that the "
    "money can be brought back, and steal again. Numbers and the attackers' addresses serve the public as well; "
    "ask the victims first, and a second person, before you publish this"
)


@dataclass(frozen=True, slots=True)
class Output:
    """What is written.

    `written` is the text of the first page's cells where people may have typed over them, `own` are sheets of theirs,
    `warnings` what whoever passes these files on should know.
    """

    stem: str
    share: Audience
    pages: Sequence[Page]
    written: pl.DataFrame | None
    exact: pl.DataFrame
    digest: str
    own: Sequence[OwnSheet] = ()
    warnings: Sequence[str] = ()


def shared_output(case: Case, incident: Incident, share: Audience, *, victims: bool) -> Output:
    """Give what a wider circle may see: no words of people, no balances, no chances, no order of urgency.

    Partners get the wallets by address. The public gets the attackers and, only where `victims` is asked for, who lost
    everything to them.
    """
    tables = {name: case.read(name) for name in SHEET_TABLES}
    explorers, explorer = known_explorers(incident)
    pages, warnings = [attackers_page(tables, explorer, explorers)], list[str]()
    stem = f"affected.{share}.{TLP[share].replace(':', '-')}"
    if share == "partners":
        pages = [
            shared_wallets_page(tables["wallets"], share, explorer),
            evidence_page(tables, share, explorer, explorers),
            timeline_page(tables, incident, share, explorer, explorers),
            *pages,
            coverage_page(tables, share),
        ]
    elif victims:
        page, left_out = victims_page(tables, explorer)
        pages.append(page)
        warnings = [WHY_NOT, *left_out]
        stem = f"affected.{share}-with-victims.{TLP[share].replace(':', '-')}"
    exact = pages[0].frame.select(column.name for column in pages[0].columns)
    return Output(stem, share, pages, None, exact, "", warnings=warnings)


def make_files(folder: Path, output: Output, case: Case, incident: Incident) -> tuple[list[Path], list[str]]:
    """Make the three files in a folder of their own; gives their paths, and what did not fit into the workbook."""
    workbook, text, exact = (folder / f"{output.stem}{suffix}" for suffix in (".xlsx", ".csv", ".parquet"))
    manifest, first = case.read_manifest(), output.pages[0]
    remarks = write_workbook(
        workbook,
        output.pages,
        lambda remarks: readme_page(
            incident, manifest, output.share, evidence_codes(), remarks, output.digest, output.warnings
        ),
        title=incident.title,
        mark=TLP[output.share],
        created=case.now() or datetime(2000, 1, 1, tzinfo=UTC),
        own=output.own,
    )
    text.write_bytes(csv_of(first, output.written))
    output.exact.write_parquet(exact, compression="zstd", metadata=parquet_metadata(first, output.share))
    for path in (text, exact, workbook):
        path.chmod(0o600)
        with path.open("rb") as file:
            os.fsync(file.fileno())
    return [text, exact, workbook], remarks


def known_explorers(incident: Incident) -> tuple[dict[int, str], str]:
    """Give the explorers by chain, and the one for addresses: that of the incident's first chain that has one."""
    from exposure.chain.presets import CHAINS

    known = {preset.id: preset.explorer for preset in CHAINS.values() if preset.explorer}
    return known, next((known[chain.id] for chain in incident.chains if chain.id in known), "")
