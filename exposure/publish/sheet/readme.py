"""The page `readme` of the workbook: how to read it, how to write into it, what it cannot show. Pure."""

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import polars as pl

from exposure.incident import Incident
from exposure.publish.sheet.columns import CHOICES, PEOPLE, TLP, VERSION, tool_columns, visible
from exposure.publish.sheet.pages import Page
from exposure.tables import Audience, Column

COLUMNS = (Column("about", pl.String, "What it is about"), Column("text", pl.String, "What there is to know"))


def fixed_sections() -> dict[str, dict[str, str]]:
    """Give the sections that are the same in every case."""
    source = files("exposure.publish.sheet").joinpath("readme.toml")
    sections: dict[str, dict[str, str]] = tomllib.loads(source.read_text(encoding="utf-8"))
    return sections


def run_digest(manifest: Mapping[str, Any]) -> str:
    """Give one digest of all tables of the case, as the manifest notes them."""
    tables = {name: entry.get("sha256", "") for name, entry in manifest.get("tables", {}).items() if name != "people"}
    return hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()


def readme_page(
    incident: Incident,
    manifest: Mapping[str, Any],
    share: Audience,
    codes: Sequence[tuple[str, str]],
    remarks: Sequence[str],
    version: str,
    warnings: Sequence[str] = (),
) -> Page:
    """Say how to read the workbook and how to write into it.

    `remarks` are what did not fit into it, `warnings` what to know before it is passed on.
    """
    fixed = {title: tuple(lines.items()) for title, lines in fixed_sections().items()}
    sections: dict[str, Sequence[tuple[str, str]]] = {
        incident.title: _what_it_is(incident, manifest, share, version),
        "Before you pass it on": [("warning", warning) for warning in warnings],
        "What did not fit": [("limit of Excel", remark) for remark in remarks],
    }
    if share == "team":
        sections |= {title: fixed[title] for title in ("How to read it", "How to write into it")}
    if share != "public":
        sections |= {title: fixed[title] for title in ("Verdicts", "Harm")}
        sections |= {"Evidence codes": codes, "Columns of wallets": _legend(share)}
    sections["What it cannot show"] = fixed["What it cannot show"]
    rows: list[dict[str, str | None]] = []
    for title, lines in sections.items():
        if lines:
            rows.append({"about": title, "text": None})
            rows += [{"about": about, "text": text} for about, text in lines]
    return Page("readme", COLUMNS, pl.DataFrame(rows, schema={"about": pl.String, "text": pl.String}), wide=("text",))


def evidence_codes() -> list[tuple[str, str]]:
    """Give every evidence code with why it counts, when it misleads and what to do."""
    from exposure.assess.evidence import CODES

    return [
        (code.code, f"{code.title}. Counts, since {code.why}. Misleads: {code.misleads}. To do: {code.advice}")
        for code in CODES.values()
    ]


def _what_it_is(
    incident: Incident, manifest: Mapping[str, Any], share: Audience, version: str
) -> list[tuple[str, str]]:
    pinned = manifest.get("as_of", {})
    lines = [("incident", incident.name), ("who may see it", f"{TLP[share]} ({share})")]
    if pinned.get("time"):
        lines.append(("as of (UTC)", str(pinned["time"]).replace("+00:00", "").replace("T", " ")))
    names = {str(chain.id): chain.name for chain in incident.chains}
    for chain, block in sorted(pinned.get("chains", {}).items()):
        lines.append((f"head of {names.get(chain, chain)}", f"block {block['number']:,}, {block['hash']}"))
    lines.append(("digest of the run", run_digest(manifest)))
    return [*lines, ("version of this sheet", version)] if version else lines


def _legend(share: Audience) -> list[tuple[str, str]]:
    lines = [(column.name, meaning(column)) for column in visible(tool_columns(), share)]
    if share == "team":
        lines += [(column.name, f"Yours. {meaning(column)}") for column in PEOPLE]
        lines.append((VERSION.name, meaning(VERSION)))
    return lines


def meaning(column: Column) -> str:
    """Give a column's meaning with its unit, and the words to choose from where there are such."""
    text = f"{column.meaning} ({column.unit})" if column.unit else column.meaning
    words = CHOICES.get(column.name)
    return f"{text}. Choose: {', '.join(words)}" if words else text
