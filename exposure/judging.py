"""Carries `exposure reports` out: reads the file of reports, judges it by the case's tables, keeps the answer in `reports`."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from exposure.assess.report_judging import claims_of, judge_reports, report_claims, unreadable
from exposure.assess.report_particulars import Claim
from exposure.case import Case
from exposure.claim_files import ClaimFile, read_claims
from exposure.commands import Context
from exposure.errors import ExposureError
from exposure.incident import Incident
from exposure.incident_toml import load_incident
from exposure.publish.texts.sentences import show_count
from exposure.tables import TABLES

_READS = ("attackers", "windows", "tokens", "coverage", "wallets", "sightings", "candidates", "names")
_LOOKED_UP = ("losses", "transfers", "transactions")
_OWN = "incident.toml"
_JUDGEMENTS = ("supported", "contradicted", "cannot_tell")
# What people who look through the reports need; the rest stands in the table.
SHOWN = (
    "line",
    "source",
    "address",
    "judgement",
    "verdict",
    "tx_says",
    "time_says",
    "amount_says",
    "did_says",
    "duplicate_of",
    "reason",
    "refs",
)


def judge_again(case: Case, incident: Incident, now: datetime, claims: Iterable[Claim] | None = None) -> pl.DataFrame:
    """Judge the [[report]]s of incident.toml, and all claims that were handed in, by what is known by now: table `reports`."""
    handed_in = claims_of(case.read("reports")) if claims is None else claims
    others = [claim for claim in handed_in if claim.file != _OWN]
    own = report_claims(incident, {claim.file for claim in others})
    if not (own or others):
        return TABLES["reports"].empty()
    tables = {name: case.scan(name) for name in (*_READS, *_LOOKED_UP)}
    return judge_reports([*own, *others], tables, incident, now)


def judge_file(context: Context, path: Path, file: Path) -> tuple[pl.DataFrame, list[str], dict[str, Any], list[str]]:
    """Judge a file of reports and keep the answer. Gives the rows of that file, lines to print, data, and what needs a person.

    Raises ExposureError where the case was not assessed yet, or the file cannot be read.
    """
    incident = load_incident(path, now=context.now)
    case, now = Case(incident.folder), Case(incident.folder).now()
    if not case.has("wallets") or now is None:
        raise ExposureError(
            f"{file.name} cannot be judged yet",
            f"nothing was assessed in {case.folder}",
            f"run: exposure run {case.folder}",
        )
    read = read_claims(file, context.now)
    with case.lock():
        earlier = claims_of(case.read("reports"))
        kept = [claim for claim in earlier if claim.file != read.name]
        judged = judge_again(case, incident, now, [*kept, *read.claims])
        case.write("reports", judged)
    mine = judged.filter(pl.col("file") == read.name)
    told = _summary(mine, read, path)
    if len(kept) < len(earlier):
        told.append(
            f"these take the place of {show_count(len(earlier) - len(kept), 'report')} of an earlier {read.name}"
        )
    problems = [*unreadable(mine), *_secret_lines(read)]
    return mine, told, _data(mine, read, problems), problems


def _secret_lines(read: ClaimFile) -> list[str]:
    if not read.secrets:
        return []
    lines = ", ".join(map(str, read.secrets[:10])) + (" and more" if len(read.secrets) > 10 else "")
    told = f"{read.name}: what may be a private key or recovery phrase stands in line {lines}. If it is one, its owner must move "
    return [
        told + "everything now; purge the file and the form that it comes from: whoever reads it can take the wallet"
    ]


def _counts(rows: pl.DataFrame) -> dict[str, int]:
    found = dict(rows.group_by("judgement").len().iter_rows())
    return {
        "reports": rows.height,
        "wallets": rows.get_column("address").drop_nulls().n_unique(),
        **{judgement: found.get(judgement, 0) for judgement in _JUDGEMENTS},
        "duplicates": rows.get_column("duplicate_of").drop_nulls().len(),
        "not_readable": rows.get_column("address").null_count(),
    }


def _summary(rows: pl.DataFrame, read: ClaimFile, path: Path) -> list[str]:
    counts = _counts(rows)
    lines = ["read: " + ", ".join(f"{key} from {column!r}" for key, column in read.columns.items())]
    if read.ignored:
        lines.append(f"not read: {', '.join(map(repr, read.ignored))}")
    whom = f"{show_count(counts['reports'], 'report')} of {show_count(counts['wallets'], 'wallet')}"
    found = ", ".join(f"{counts[name]:,} {name.replace('cannot_tell', 'cannot be told')}" for name in _JUDGEMENTS)
    again = f"{counts['duplicates']:,} of a wallet that an earlier line reports"
    lines += [f"{whom}: {found}", f"{again}; {counts['not_readable']:,} not readable"]
    lines.append("contradicted is the report, never the wallet: whoever is in danger stays so, and is told to act")
    strangers = (
        rows.filter(pl.col("address").is_not_null() & pl.col("verdict").is_null()).get_column("address").n_unique()
    )
    if strangers:
        lines.append(
            f"{show_count(strangers, 'wallet')} not known to this case: paste the addresses into the sheet (or name them under "
            f"[[report]]), and the chain is asked about them by: exposure run {path}"
        )
    return lines


def _data(rows: pl.DataFrame, read: ClaimFile, problems: list[str]) -> dict[str, Any]:
    return {
        "counts": _counts(rows),
        "columns": dict(read.columns),
        "not_read": list(read.ignored),
        "reports": rows.to_dicts(),
        "problems": problems,
    }
