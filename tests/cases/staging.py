"""A case -> the tables of its lines, by the project's real ingest, and of its rows -> what the assessment makes of them."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from exposure.assess.assess import assess
from exposure.assess.reports import report_sightings
from exposure.case import Case as CaseFolder
from exposure.chain.presets import CHAINS
from exposure.console import Silent
from exposure.errors import ExposureError
from exposure.incident import Attacker, Chain, Contract, Fact, Incident, LogSource, Report, WindowSettings
from exposure.logs.ingest import ingest
from exposure.tables import TABLES
from tests.assess.stories import Result, Story, address, token
from tests.cases.blocks import NUMBER, PLACEHOLDER, TOKENS, Case, ChainRow, LogRow
from tests.cases.casebook import CaseError

LINK_STRENGTH = {"direct": 0.98, "session": 0.9, "key": 1.0, "event": 0.95, "contract": 0.9}
# The lines of a case are a part of the log; the whole log is taken to reach this much further than anything told.
LOG_BEYOND = timedelta(days=1)
NOW_AFTER = timedelta(days=5)
# A kept row of requests and its sighting name the log line by this source where they come from a row told in short.
SOURCE = "0a0a0a0a"
_LOG_FILE = "access.log"
_MINUTE = timedelta(minutes=1)


def play(case: Case, folder: Path) -> Result:
    """Assess a case. Raises CaseError where a log line cannot be read."""
    incident = incident_of(case, folder)
    story = Story(folder)
    story.covered = False  # what was read is told below: a case can have holes
    for name, facts in case.tokens.items():
        story.decimals[name] = None if facts.nft else facts.decimals
    for row in case.log:
        if row.lines is None:
            _tell_log(story, row)
    for chain_row in case.chain:
        _tell_chain(story, case, chain_row)
    for sheet_row in case.sheet:
        overrides = None if sheet_row.harm is None else f'{{"harm": "{sheet_row.harm}"}}'
        story.adds("people", address=address(sheet_row.who), added=sheet_row.added, overrides=overrides)
    tables = story.tables()
    tables["tokens"] = _tokens(case)
    for name, frame in _read_lines(case, folder, incident).items():
        tables[name] = pl.concat([tables[name], frame.select(tables[name].columns)])
    tables["sightings"] = pl.concat([tables["sightings"], report_sightings(incident)])
    tables["coverage"], tables["traffic"] = _coverage(case), _traffic(case)
    return Result(assess(tables, incident, case.incident.as_of or max(_times(case)) + NOW_AFTER))


def incident_of(case: Case, folder: Path) -> Incident:
    """Make the incident.toml of a case."""
    told = case.incident
    return Incident(
        folder=folder,
        name="case",
        title=case.title,
        vector=told.vector,
        status=told.status,
        facts=tuple(Fact(kind=kind, time=time, source="the case") for kind, time in told.facts.items()),
        window=WindowSettings(cache=told.cache),
        logs=(LogSource(path=_LOG_FILE, format="combined"),),
        actions=case.actions,
        assets=case.asset,
        contracts=tuple(Contract(address=address(name), chain=told.chains[0]) for name in told.contracts),
        attackers=tuple(
            Attacker(address=address(one.who), role=one.role, exclusive=one.exclusive) for one in told.attackers
        ),
        reports=tuple(
            Report(address=address(one.who), time=one.when, did=one.did, tx=one.tx and transaction(one.tx))
            for one in case.report
        ),
        chains=tuple(Chain(name=name, id=CHAINS[name].id) for name in told.chains),
    )


def transaction(name: str) -> str:
    """Give the hash of a transaction by its name."""
    return "0x" + hashlib.sha256(f"transaction {name}".encode()).hexdigest()


def numbered(text: str, number: int) -> str:
    """Give the name of one of a crowd."""
    return text.replace(NUMBER, str(number))


def _each(row: LogRow | ChainRow) -> Iterator[tuple[int, str, datetime | None]]:
    """Give number, name and time of each wallet of a row; those of a crowd come one after the other."""
    for number in range(1, (row.crowd or 1) + 1):
        when = None if row.when is None else row.when + (number - 1) * row.every
        for who in row.who:
            yield number, numbered(who, number), when


def _tell_log(story: Story, row: LogRow) -> None:
    for number, who, when in _each(row):
        assert when is not None
        more: dict[str, Any] = {"link": row.link, "strength": row.strength or LINK_STRENGTH[row.link]}
        more |= {} if row.client is None else {"client": numbered(row.client, number)}
        story.sees(who, when, row.did, **more, asset_state=row.file)


def _tell_chain(story: Story, case: Case, row: ChainRow) -> None:
    nft = row.what in case.tokens and case.tokens[row.what].nft
    more: dict[str, Any] = {"chain": CHAINS[row.chain].id}
    if row.words is not None:
        more["input"] = "0x" + row.words.encode().hex()
    elif row.calls is not None:  # a selector and one word of arguments
        more["input"] = "0x" + hashlib.sha256(row.calls.encode()).hexdigest()[:8] + "00" * 32
    for number, who, when in _each(row):
        parties = {key: numbered(name, number) for key in ("by", "through") if (name := getattr(row, key))}
        if row.tx is not None:
            more["tx"] = transaction(numbered(row.tx, number))
        to = numbered(row.to, number) if row.to else ""
        _tell_deed(story, row, who, when or story.log_span[0], to, nft, more | parties)


def _tell_deed(story: Story, row: ChainRow, who: str, when: datetime, to: str, nft: bool, more: dict[str, Any]) -> None:
    chain = more["chain"]
    standard = {"standard": row.via or ("for_all" if nft else "erc20")}
    match row.did:
        case "pays":
            kind = {"standard": "erc721", "token_id": row.token_id} if nft else {}
            story.pays(who, to, 1 if row.amount is None else row.amount, when, row.what, **more, **kind)
        case "approves":
            story.approves(who, to, when, row.what, value=row.amount, **more, **standard)
        case "approves all":
            story.approves(who, to, when, row.what, value=1, **more, standard="for_all")
        case "revokes":
            story.approves(who, to, when, row.what, value=0, **more, **standard)
        case "delegates":
            story.delegates(who, to, when, **more)
        case "undelegates":
            story.delegates(who, "0x" + "0" * 40, when, **more)
        case "holds":
            story.holds(who, row.amount or 0, row.what, chain)
        case "still allows":
            story.allows(who, to, row.what, 1 if nft else row.amount, chain=chain, **standard)
        case "is":
            story.is_a(who, str(row.kind), row.nonce, chain)


def _tokens(case: Case) -> pl.DataFrame:
    rows: list[dict[str, Any]] = []
    for name, facts in {**TOKENS, **case.tokens}.items():
        standard = "native" if name == "ETH" else "erc721" if facts.nft else "erc20"
        row: dict[str, Any] = {"token_address": token(name), "symbol": facts.symbol or name, "standard": standard}
        row |= {"decimals": None if facts.nft else facts.decimals}
        rows += [row | {"chain_id": CHAINS[chain].id} for chain in case.incident.chains]
    return TABLES["tokens"].frame(rows)


def raw_lines(case: Case, *, readable: bool = False) -> list[str]:
    """Give the log lines of a case with addresses in the place of names; `readable` leaves out those that are torn."""
    lines = []
    for row in case.log:
        if readable and row.unreadable:
            continue
        for number in range(1, (row.crowd or 1) + 1) if row.lines else ():
            text = numbered(row.lines or "", number) if row.crowd else row.lines or ""
            named = PLACEHOLDER.sub(lambda match: address(match[1]), text)
            lines += [line for line in named.splitlines() if line.strip()]
    return lines


def _read_lines(case: Case, folder: Path, incident: Incident) -> dict[str, pl.DataFrame]:
    """Read the case's lines as `exposure ingest` does: tables requests, sightings and assets."""
    lines = raw_lines(case)
    if not lines:
        return {}
    (folder / _LOG_FILE).write_text("\n".join(lines) + "\n")
    home = CaseFolder(folder)
    with suppress(ExposureError):  # where no line at all could be read; each is told below
        ingest(incident, home, Silent())
    rejected = home.read("rejects")
    if rejected.height and not any(row.unreadable for row in case.log):
        reason, excerpt = rejected.sort("line").select("reason", "excerpt").row(0)
        raise CaseError(case.fault(("log",), f"a line cannot be read, {reason}: {excerpt}"))
    return {name: home.read(name) for name in ("requests", "sightings", "assets")}


def _times(case: Case) -> list[datetime]:
    """Give every time that a case tells."""
    several: list[LogRow | ChainRow] = [*case.log, *case.chain]
    rows = [row.when + (row.crowd or 1) * row.every for row in several if row.when is not None]
    facts = list(case.incident.facts.values())
    told = [hole.start for hole in case.incident.log_holes] + [hole.end for hole in case.incident.log_holes]
    return [*rows, *facts, *told, *line_times(case)]


def line_times(case: Case) -> list[datetime]:
    """Give the times of the raw lines of a case."""
    stamps = [line.partition("[")[2].partition("]")[0] for line in raw_lines(case, readable=True)]
    times = []
    for stamp in stamps:
        try:
            times.append(datetime.strptime(stamp, "%d/%b/%Y:%H:%M:%S %z"))
        except ValueError:
            raise CaseError(case.fault(("log",), f"a line has no time that can be read: [{stamp}]")) from None
    return times


def _log_span(case: Case) -> tuple[datetime, datetime] | None:
    """Give from when to when the whole log reaches; None where there are no logs."""
    if not case.log:
        return None
    told = case.incident
    seen = [*line_times(case), *(row.when for row in case.log if row.when is not None), *told.facts.values()]
    first, last = min(seen) - LOG_BEYOND, max(seen) + told.cache + LOG_BEYOND
    return told.logs_from or first, told.logs_to or last


def _coverage(case: Case) -> pl.DataFrame:
    rows: list[dict[str, Any]] = []
    whole = {"lines": 1000, "parsed": 1000, "kept": 100, "rejected": 0, "duplicates": 0, "gaps": 0}
    if span := _log_span(case):
        rows.append({"source": SOURCE, "layer": "lines", "first": span[0], "last": span[1], **whole})
    for chain in case.incident.chains:
        if chain not in case.incident.chains_not_read:
            of = {"source": f"chain:{CHAINS[chain].id}"}
            rows += [{**of, "layer": layer, **whole} for layer in ("logs", "native", "state")]
    return TABLES["coverage"].frame(rows)


def _traffic(case: Case) -> pl.DataFrame:
    """Give a few visitors in every minute around each hole, and none inside."""
    rows = []
    for hole in case.incident.log_holes:
        for side in (hole.start - 120 * _MINUTE, hole.end):
            rows += [
                {"minute": side + number * _MINUTE, "requests": 5, "clients": 3, "bytes": 5000, "errors": 0}
                for number in range(120)
            ]
    return TABLES["traffic"].frame(rows)
