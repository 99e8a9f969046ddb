"""What a run would read and ask, from what is on this machine: asks nobody, writes nothing."""

from datetime import datetime
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
from exposure.chain.presets import COMMON, preset_of
from exposure.chain.scope import Scope, Store
from exposure.errors import ExposureError
from exposure.incident import Chain, Incident
from exposure.logs.reading.finding import local_files


def make_plan(
    incident: Incident, case: Case, now: datetime, *, allow_untrusted: bool
) -> tuple[list[str], dict[str, Any]]:
    """Give the plan in lines for people, and as an object for machines."""
    logs = [
        {"path": log.path, "bytes": sum(file.stat().st_size for file in local_files(incident.folder, log))}
        for log in incident.logs
    ]
    lines = [f"logs {log['path']}: {_size(int(str(log['bytes'])))} to read" for log in logs]
    logged = case.scan("sightings").filter(pl.col("link") != "report")
    sightings = pl.concat([logged, report_sightings(incident).lazy()])
    attackers = case.read("attackers") if case.has("attackers") else configured_attackers(incident)
    asked = candidates(sightings, incident, case.read("people"), attackers)
    signed = signers(case.scan("evidence"), case.scan("wallets"))
    asked, _ = with_attacker_side(asked, case.read("losses"), signed, case.read("candidates"))
    start, end = span(sightings, incident, attackers, case.now() or now)
    wallets = sorted(set(asked.get_column("address")) - set(attackers.get_column("address")))
    if incident.logs and not case.has("requests"):
        lines.append("the logs were not read yet: run `exposure ingest` first, and the plan knows their wallets")
    chains = []
    for chain in incident.chains:
        try:
            question = _question(
                incident, case, chain, sorted(set(attackers.get_column("address"))), wallets, (start, end)
            )
        except ExposureError as error:
            lines.append(f"{chain.name}: {error.what}: {error.why}")
            continue
        steps = forecast(question, allow_untrusted=allow_untrusted, head_only=chain.look == "head")
        blind, price = blind_spots(question, allow_untrusted=allow_untrusted), total(steps)
        blocks = question.blocks[1] - question.blocks[0] + 1
        lines.append(
            f"{chain.name}: {len(wallets):,} wallets and {len(question.attackers):,} attackers over about {blocks:,} blocks"
        )
        for step in steps:
            cost = f"{step.price.calls:,} calls, {_size(step.price.bytes)}"
            lines.append(f"  {step.layer} ({step.how}): {cost}; learns of {step.learns}")
        lines.append(
            f"  in all about {price.calls:,} calls, {_size(price.bytes)}, {max(1, round(price.seconds / 60)):,} minutes"
        )
        lines += [f"  not seen: {spot.removeprefix(chain.name + ': ')}" for spot in blind]
        chains.append(
            {
                "chain": chain.name,
                "wallets": len(wallets),
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
        )
    named = {chain.name for chain in incident.chains}
    unnamed = [name for name in COMMON if name not in named]
    if unnamed:
        lines.append(
            f'not looked at: {", ".join(unnamed)}; name each under [[chain]], with look = "head" for balances and nonces alone'
        )
    return lines, {"logs": logs, "chains": chains, "not_looked_at": unnamed}


def _question(
    incident: Incident,
    case: Case,
    chain: Chain,
    attackers: list[str],
    wallets: list[str],
    times: tuple[datetime, datetime],
) -> Question:
    """Say what would be asked of a chain. Blocks are counted back from the pinned head; where none is, from the span's length."""
    parts = Parts(case.chain / str(chain.id))
    seconds = preset_of(chain.id).block_seconds
    pinned = case.read_manifest().get("as_of", {}).get("chains", {}).get(str(chain.id))
    count = max(1, round((times[1] - times[0]).total_seconds() / seconds))
    head, behind = count, 0
    if pinned is not None:
        head = int(pinned["number"])
        behind = max(0, round((datetime.fromisoformat(pinned["timestamp"]) - times[1]).total_seconds() / seconds))
    blocks = (max(0, head - behind - count + 1), head - behind)
    files = ExportedFiles(incident.folder / chain.data, chain.name, chain.id) if chain.data else None
    store = Store(parts, Lookups(parts.folder / "lookups"), files)
    everybody = Scope(frozenset(wallets) - frozenset(attackers), frozenset(attackers), blocks, blocks)
    accounts = case.read("accounts").filter((pl.col("chain_id") == chain.id) & pl.col("address").is_in(attackers))
    endpoints = connect(chain, parts, Patience()).endpoints if chain.rpc else []
    return Question(
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
    )


def _size(count: int) -> str:
    """Write a number of bytes for people."""
    size, unit = float(count), "bytes"
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < 1_000 or unit == "GB":
            break
        size /= 1_000
    return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
