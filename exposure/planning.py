"""What a run would read and ask, from what is on this machine: asks nobody, writes nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl

from exposure.assess.attackers import configured_attackers
from exposure.assess.candidates import candidates, signers, span, with_attacker_side
from exposure.assess.reports import report_sightings
from exposure.case import Case
from exposure.chain.client import Patience
from exposure.chain.connect import connect
from exposure.chain.coverage import without
from exposure.chain.files import ExportedFiles
from exposure.chain.forecast import Question, blind_spots, forecast, total
from exposure.chain.limits import Limits
from exposure.chain.lookups import Lookups
from exposure.chain.parts import Parts
from exposure.chain.plan import Range
from exposure.chain.presets import COMMON, preset_of
from exposure.chain.scope import Scope, Store
from exposure.errors import ExposureError
from exposure.incident import Chain, Incident
from exposure.logs.reading.finding import files_here

# The datasets of exported files that say what wallets hold and allow.
_STATE = ("balances", "erc20_balances", "erc721_balances", "allowances")


def make_plan(
    incident: Incident, case: Case, now: datetime, *, allow_untrusted: bool
) -> tuple[list[str], dict[str, Any]]:
    """Give the plan in lines for people, and as an object for machines; its `problems` are what a run would stumble over."""
    lines, logs, problems = _logs(incident)
    problems = [*incident.problems, *problems]
    logged = case.scan("sightings").filter(pl.col("link") != "report")
    sightings = pl.concat([logged, report_sightings(incident).lazy()])
    attackers = case.read("attackers") if case.has("attackers") else configured_attackers(incident)
    asked = candidates(sightings, incident, case.read("people"), attackers)
    signed = signers(case.scan("evidence"), case.scan("wallets"))
    asked, _ = with_attacker_side(asked, case.read("losses"), signed, case.read("candidates"))
    times = span(sightings, incident, attackers, case.now() or now)
    wallets = sorted(set(asked.get_column("address")) - set(attackers.get_column("address")))
    if incident.logs and not case.has("requests"):
        lines.append("the logs were not read yet: run `exposure ingest` first, and the plan knows their wallets")
    chains = []
    for chain in incident.chains:
        try:
            question, useless = _question(
                incident, case, chain, sorted(set(attackers.get_column("address"))), wallets, times
            )
        except ExposureError as error:
            problems.append(f"{error.what}: {error.why}. {error.fix}")
            continue
        problems += [f"{chain.name}: {fault}" for fault in useless]
        shown, data = _chain(chain, question, allow_untrusted=allow_untrusted)
        lines += shown
        chains.append(data)
    named = {chain.name for chain in incident.chains}
    unnamed = [name for name in COMMON if name not in named]
    if unnamed:
        lines.append(
            f'not looked at: {", ".join(unnamed)}; name each under [[chain]], with look = "head" for balances and nonces alone'
        )
    lines += [f"needs a person: {problem}" for problem in problems]
    return lines, {"logs": logs, "chains": chains, "not_looked_at": unnamed, "problems": problems}


def _logs(incident: Incident) -> tuple[list[str], list[dict[str, Any]], list[str]]:
    """Say how much there is to read, in lines and for machines (null: not known), and which entries name nothing."""
    lines, logs, problems = [], [], []
    for log in incident.logs:
        try:
            files = files_here(incident.folder, log)
        except ExposureError as error:
            problems.append(f"{error.what}: {error.why}. To go on: {error.fix}")
            continue
        size = None if files is None else sum(file.stat().st_size for file in files)
        told = "not on this machine, or a pipe: how much there is to read is not known"
        lines.append(f"logs {log.path}: " + (told if size is None else f"{_size(size)} to read"))
        logs.append({"path": log.path, "bytes": size})
    return lines, logs, problems


def _chain(chain: Chain, question: Question, *, allow_untrusted: bool) -> tuple[list[str], dict[str, Any]]:
    """Say what one chain would be asked, and what is not seen, in lines and for machines."""
    steps = forecast(question, allow_untrusted=allow_untrusted, head_only=chain.look == "head")
    blind, price = blind_spots(question, allow_untrusted=allow_untrusted), total(steps)
    wallets, blocks = len(question.candidates), question.blocks[1] - question.blocks[0] + 1
    lines = [
        f"{chain.name}: {wallets:,} wallets and {len(question.attackers):,} attackers over about {blocks:,} blocks"
    ]
    for step in steps:
        cost = f"{step.price.calls:,} calls, {_size(step.price.bytes)}"
        lines.append(f"  {step.layer} ({step.how}): {cost}; learns of {step.learns}")
    if chain.rpc:
        minutes = max(1, round(price.seconds / 60))
        lines.append(f"  in all about {price.calls:,} calls, {_size(price.bytes)}, {minutes:,} minutes")
    else:
        lines.append(f"  it comes from the files in {chain.data}: no endpoint is asked, and nobody learns anything")
    lines += [f"  not seen: {spot.removeprefix(chain.name + ': ')}" for spot in blind]
    return lines, {
        "chain": chain.name,
        "wallets": wallets,
        "blocks": blocks,
        "calls": price.calls,
        "bytes": price.bytes,
        "minutes": round(price.seconds / 60, 1),
        "steps": [
            {
                "layer": step.layer,
                "how": step.how,
                "calls": step.price.calls,
                "bytes": step.price.bytes,
                "learns": step.learns,
            }
            for step in steps
        ],
        "not_seen": blind,
    }


def _question(
    incident: Incident,
    case: Case,
    chain: Chain,
    attackers: list[str],
    wallets: list[str],
    times: tuple[datetime, datetime],
) -> tuple[Question, list[str]]:
    """Say what would be asked of a chain, and which of its endpoints are of no use. Raises ExposureError as a run would.

    Blocks are counted back from the pinned head, or from the last block of exported files; where there are neither, from the
    span's length. Files that stand for every endpoint tell their blocks' times themselves.
    """
    parts = Parts(case.chain / str(chain.id))
    seconds = preset_of(chain.id).block_seconds
    files = ExportedFiles(incident.folder / chain.data, chain.name, chain.id) if chain.data else None
    client = connect(chain, parts, Patience()) if chain.rpc else None
    lacking: tuple[str, ...] = ()
    if files is not None and client is None:
        blocks, lacking = _blocks_of(files, times)
    else:
        pinned = case.read_manifest().get("as_of", {}).get("chains", {}).get(str(chain.id))
        blocks = _blocks_back(times, seconds, pinned, files)
    store = Store(parts, Lookups(parts.folder / "lookups"), files)
    everybody = Scope(frozenset(wallets) - frozenset(attackers), frozenset(attackers), blocks, blocks)
    accounts = case.read("accounts").filter((pl.col("chain_id") == chain.id) & pl.col("address").is_in(attackers))
    endpoints = client.endpoints if client else []
    asked = Question(
        name=chain.name,
        attackers=attackers,
        candidates=wallets,
        blocks=blocks,
        limits=endpoints[0].limits if endpoints else Limits(),
        trusted=tuple(one.name for one in endpoints if one.trusted),
        untrusted=tuple(one.name for one in endpoints if not one.trusted),
        covered=store.covered_logs(frozenset({*attackers, *wallets})),
        covered_blocks=without([blocks], store.native_holes(everybody)),
        flagged=case.read("wallets").filter(pl.col("verdict").is_in(["compromised", "probable", "exposed"])).height,
        block_seconds=seconds,
        contracts=bool((accounts.get_column("kind") != "eoa").any()),
        at_t1=bool(wallets),
        offline=client is None,
        lacking=lacking,
    )
    return asked, client.warnings if client else []


def _blocks_back(
    times: tuple[datetime, datetime], seconds: float, pinned: Mapping[str, Any] | None, files: ExportedFiles | None
) -> Range:
    """Give the blocks of a span, about, counted back from a block whose time is known."""
    count = max(1, round((times[1] - times[0]).total_seconds() / seconds))
    if pinned is not None:
        ahead = (datetime.fromisoformat(pinned["timestamp"]) - times[1]).total_seconds() / seconds
        last = int(pinned["number"]) - max(0, round(ahead))
    elif files is not None and (newest := _newest(files)) is not None:
        last = newest[0] + round((times[1].timestamp() - newest[1]) / seconds)
    else:
        last = count
    return max(0, last - count + 1), last


def _newest(files: ExportedFiles) -> tuple[int, int] | None:
    """Give number and time (Unix seconds) of the last block of exported files; None where they hold none."""
    rows = files.headers().sort("block_number").tail(1).select("block_number", "timestamp").rows()
    return rows[0] if rows else None


def _blocks_of(files: ExportedFiles, times: tuple[datetime, datetime]) -> tuple[Range, tuple[str, ...]]:
    """Give the blocks of a span by the headers of exported files, and say what a run would miss in these."""
    headers = files.headers().sort("block_number")
    start, end = times[0].timestamp(), times[1].timestamp()
    inside = headers.filter(pl.col("timestamp").is_between(start, end)).get_column("block_number")
    lacking = []
    if not inside.len():
        lacking.append(
            f"anything: the files hold no block between {times[0]:%Y-%m-%d %H:%M} and {times[1]:%Y-%m-%d %H:%M} UTC"
        )
    elif int(headers.item(0, "block_number")) > 0 and headers.item(0, "timestamp") > start:
        begin = datetime.fromtimestamp(headers.item(0, "timestamp"), UTC)
        lacking.append(
            f"what happened from {times[0]:%Y-%m-%d %H:%M} to {begin:%Y-%m-%d %H:%M} UTC: the files begin there"
        )
    if not any(files.has(name) for name in _STATE):
        lacking.append(f"what wallets hold and allow: the files have none of {', '.join(_STATE)}")
    return (int(inside[0]), int(inside[-1])) if inside.len() else (1, 0), tuple(lacking)


def _size(count: int) -> str:
    """Write a number of bytes for people."""
    size, unit = float(count), "bytes"
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < 1_000 or unit == "GB":
            break
        size /= 1_000
    return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
