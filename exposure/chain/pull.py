"""Pin the chains' heads, and carry a pull out stage by stage: an interrupted one goes on where it stopped.

This module joins the others: what to ask (plan, scope, snapshot), whom (connect), where it is kept (parts), what it makes (build).
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import polars as pl

from exposure.case import Case
from exposure.chain.client import Client, Patience
from exposure.chain.connect import confidant, connect, keep_limits
from exposure.chain.coverage import marked
from exposure.chain.earlier import add_earlier, ask_earlier
from exposure.chain.ens import ENS_CHAINS
from exposure.chain.files import ExportedFiles
from exposure.chain.heads import Headers
from exposure.chain.layers import ask_layers, layer_tables
from exposure.chain.lookups import Lookups
from exposure.chain.parts import Facts, Part, Parts
from exposure.chain.plan import BLOCKS_A_RUN, ONWARD_CALLS, Range
from exposure.chain.presets import preset_of
from exposure.chain.rpc import RefusedError
from exposure.chain.scope import Scope, Store
from exposure.chain.snapshot import Here
from exposure.chain.stages import Built, ask_stage, build
from exposure.chain.state import ANSWERS
from exposure.chain.wire import HEADERS
from exposure.chain.work import Job, Stage
from exposure.console import Teller
from exposure.errors import ExposureError
from exposure.incident import Chain, Incident

__all__ = ["CHAIN_TABLES", "Patience", "Stage", "Wanted", "head_of", "pin", "pull"]

T = TypeVar("T")

CHAIN_TABLES = (
    "blocks",
    "transactions",
    "transfers",
    "approvals",
    "delegations",
    "executions",
    "balances",
    "allowances",
    "tokens",
    "accounts",
    "prices",
    "onward",
    "traces",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom the chain is asked about (tables candidates and attackers), and the times that history must cover (UTC).

    Attackers are followed from `start` to the pinned head, whatever `end` says. `names` (name, time) are ENS names to resolve.
    Who used the dapp's contracts is looked for between `used_from` and `used_until`; null: nobody is. `flagged` are wallets whose
    internal ETH is looked for, where an endpoint traces. `before` is when the attack began (T1): what wallets held then is asked
    as well.
    """

    candidates: pl.DataFrame
    attackers: pl.DataFrame
    start: datetime
    end: datetime
    names: pl.DataFrame | None = None
    used_from: datetime | None = None
    used_until: datetime | None = None
    flagged: tuple[str, ...] = ()
    before: datetime | None = None


def pin(
    incident: Incident,
    case: Case,
    teller: Teller,
    now: datetime,
    refresh: bool,
    head: str = "finalized",
    *,
    patience: Patience | None = None,
) -> None:
    """Pin wall time and the head of every chain in the manifest; what is pinned stays, unless `refresh`.

    The head is the chain's `head` block, or the last one before `now` where that is earlier. A chain that cannot be reached stays
    where it was pinned before; it is noted under `failed`, and pull tells of it. Raises ExposureError where none can be reached.
    """
    kept = case.read_manifest().get("as_of", {})
    before: dict[str, Any] = kept.get("chains", {})
    chains = {} if refresh else dict(before)
    failed: dict[str, str] = {}
    errors: list[ExposureError] = []
    for chain in incident.chains:
        if str(chain.id) in chains:
            continue
        try:
            chains[str(chain.id)] = head_of(incident, case, chain, now, head, patience or Patience())
        except ExposureError as error:
            errors.append(error)
            failed[str(chain.id)] = f"{error.what}: {error.why}. {error.fix}"
            teller.line(f"{chain.name} was not pinned: {error.what}")
    reached = bool(chains)
    chains |= {chain: before[chain] for chain in failed if chain in before}
    time = kept.get("time", now.isoformat()) if not refresh or (errors and not reached) else now.isoformat()
    with case.manifest() as manifest:
        manifest["as_of"] = {"time": time, "chains": chains}
        if failed:
            manifest["as_of"]["failed"] = failed
    if errors and not reached:
        raise errors[0]


def head_of(
    incident: Incident, case: Case, chain: Chain, now: datetime, head: str, patience: Patience
) -> dict[str, Any]:
    """Give a chain's `head` block, or the last one before `now`, as the manifest notes it. Raises ExposureError."""
    parts = Parts(case.chain / str(chain.id))
    if not chain.rpc and chain.data:
        number, block_hash, time = _files(incident, chain).head(int(now.timestamp()))
    else:
        number, block_hash, time = _run(_find_head(chain, parts, now, head, patience))
    return {
        "number": number,
        "hash": f"0x{block_hash.hex()}",
        "timestamp": datetime.fromtimestamp(time, UTC).isoformat(),
        "head": head if chain.rpc else "files",
    }


async def _find_head(
    chain: Chain, parts: Parts, now: datetime, head: str, patience: Patience
) -> tuple[int, bytes, int]:
    client = connect(chain, parts, patience)
    async with client:
        # Nothing of an earlier pin is trusted here: a test chain may have been made anew.
        headers = _unkept_headers(client)
        try:
            found = await headers.at(head)
            limit = int(now.timestamp())
            if found[2] > limit:
                seconds = preset_of(chain.id).block_seconds
                number = await headers.first_at_or_after(limit + 1, (found[0], found[2]), seconds) - 1
                found = (max(0, number), *await headers.get(max(0, number)))
        except RefusedError as error:
            raise ExposureError(
                f"{chain.name}: the head could not be read",
                error.shown,
                "check the rpc entries of incident.toml, or add another endpoint",
            ) from None
        keep_limits(client, parts)
        return found


def _files(incident: Incident, chain: Chain) -> ExportedFiles:
    return ExportedFiles(incident.folder / str(chain.data), chain.name, chain.id)


def pull(
    incident: Incident,
    case: Case,
    wanted: Wanted,
    stage: Stage,
    teller: Teller,
    *,
    patience: Patience | None = None,
    blocks_a_run: int = BLOCKS_A_RUN,
    onward_calls: int = ONWARD_CALLS,
    allow_untrusted: bool = False,
) -> dict[str, object]:
    """Ask every chain what this stage wants and is not known yet; write the chain tables and `coverage`.

    `attackers`: what went to and from attackers. `state`: what wallets hold and allow at the pinned head. `history`: what
    candidates did. Gives figures, and `problems`: what could not be pulled, in words fit to be shown. The tables hold what is
    known all the same. Of full blocks at most `blocks_a_run` are asked for, and where attackers' money went is worth at most
    `onward_calls`; the next run goes on. Chains are asked side by side.
    Untrusted endpoints are asked what names no candidate, unless `allow_untrusted`. Raises ExposureError where a file of the
    case is damaged.
    """
    as_of = case.read_manifest().get("as_of", {})
    figures: dict[str, int] = {"calls": 0}
    problems: list[str] = []
    jobs: list[Job] = []
    for chain in incident.chains:
        pinned = as_of.get("chains", {}).get(str(chain.id))
        why = as_of.get("failed", {}).get(str(chain.id), "its head is not pinned: run `exposure pull` again")
        if pinned is None:
            problems.append(f"{chain.name} was not asked: {why}")
            continue
        if str(chain.id) in as_of.get("failed", {}):
            problems.append(f"{chain.name} stays as it was at block {pinned['number']:,}: {why}")
        try:
            jobs.append(_job(incident, case, chain, pinned, teller, patience or Patience()))
        except ExposureError as error:
            problems.append(f"{error.what}: {error.why}. {error.fix}")
            continue
        jobs[-1].blocks_a_run, jobs[-1].onward_calls = blocks_a_run, onward_calls
        jobs[-1].allow_untrusted = allow_untrusted
    scopes = _run(_side_by_side([_ask(job, wanted, stage) for job in jobs]))
    for job, scope in zip(jobs, scopes, strict=True):
        built = _build_chain(job, case, wanted, stage, scope)
        problems += job.problems
        figures["calls"] += job.client.exchanges if job.client else 0
        for name, number in (built.figures if built else {}).items():
            figures[name] = figures.get(name, 0) + number
    return {**figures, "problems": problems}


async def _side_by_side(questions: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Ask all chains at the same time: each has its own endpoints, and the slowest says how long it takes."""
    return await asyncio.gather(*questions)


def _job(
    incident: Incident, case: Case, chain: Chain, pinned: dict[str, Any], teller: Teller, patience: Patience
) -> Job:
    """Open what is known of a chain, and its endpoints. Raises ExposureError where there is nothing to ask."""
    parts = Parts(case.chain / str(chain.id))
    seconds = int(datetime.fromisoformat(pinned["timestamp"]).timestamp())
    here = Here(chain.id, int(pinned["number"]), str(pinned["hash"]), seconds, preset_of(chain.id).symbol)
    client = connect(chain, parts, patience) if chain.rpc else None
    return Job(
        name=chain.name,
        here=here,
        store=Store(parts, Lookups(parts.folder / "lookups"), _files(incident, chain) if chain.data else None),
        headers=Headers(client, Facts(parts.folder / "headers", HEADERS, "block_number")),
        answers=Facts(parts.folder / "state" / f"{here.number}-{here.block_hash[2:10]}", ANSWERS, "question"),
        client=client,
        teller=teller,
        head=str(pinned.get("head", "finalized")),
        head_only=chain.look == "head",
        contracts=frozenset(contract.address for contract in incident.contracts if contract.chain == chain.name),
    )


def _build_chain(job: Job, case: Case, wanted: Wanted, stage: Stage, scope: Scope | None) -> Built | None:
    """Build and write one chain's tables from what is known by now; None where not even its blocks are known."""
    chain_id = job.here.chain_id
    if job.client is not None:
        job.problems += [warning for warning in job.client.warnings if warning not in job.problems]
    if scope is None:
        return None
    last = min(wanted.end, datetime.fromtimestamp(job.here.seconds, UTC))
    built = build(job, scope, stage, min(wanted.start, last), last)
    extra = layer_tables(job, scope, None if job.head_only else wanted.names, last)
    coverage = pl.concat([built.tables["coverage"], extra.pop("coverage")])
    tables = {**built.tables, **extra, "coverage": coverage}
    if stage == "history":
        add_earlier(tables, job, scope, wanted.before, last)
    for name in CHAIN_TABLES:
        case.write_part(name, tables[name], pl.col("chain_id") == chain_id)
    coverage = marked(tables["coverage"], job.head, job.here.number)
    case.write_part("coverage", coverage, pl.col("source") == f"chain:{chain_id}")
    if scope.contracts:
        case.write_part("sightings", tables["sightings"], pl.col("ref").str.starts_with(f"tx:{chain_id}:"))
    if chain_id in ENS_CHAINS:
        case.write("names", tables["names"])
    return built


async def _ask(job: Job, wanted: Wanted, stage: Stage) -> Scope | None:
    """Ask what is missing; give what the pull is about, or None where not even the range of blocks could be found."""
    scope = None
    client = job.client
    if client is None:
        return _file_scope(job, wanted)
    with job.trying():
        client.pinned = (job.here.number, bytes.fromhex(job.here.block_hash[2:]))
        async with client:
            job.private = confidant(client, allow_untrusted=job.allow_untrusted)
            await _check_parts(job, client)
            scope = await _find_scope(job, wanted)
            before = client.exchanges
            await ask_stage(job, scope, stage)
            if not job.head_only:
                await ask_layers(job, scope, stage, wanted.names)
            if stage == "history":
                await ask_earlier(job, scope, wanted.before)
            if job.head != "finalized" and client.exchanges > before:
                await _check_head(job, client)
            keep_limits(client, job.store.parts)
    job.headers.facts.flush()
    return scope


async def _find_scope(job: Job, wanted: Wanted) -> Scope:
    """Turn times into blocks."""
    here = job.here
    seconds = preset_of(here.chain_id).block_seconds
    head = (here.number, here.seconds)
    first = await job.headers.first_at_or_after(_ceil(wanted.start), head, seconds)
    # The last block at or before the end is the one before the first after it.
    last = await job.headers.first_at_or_after(int(wanted.end.timestamp()) + 1, head, seconds) - 1
    seen = wanted.candidates.get_column("first").min()
    focus = first
    if isinstance(seen, datetime) and seen > wanted.start:
        focus = await job.headers.first_at_or_after(int(seen.timestamp()), head, seconds)
    scope = _scope(wanted, (first, last), (first, here.number), focus)
    if not job.contracts or wanted.used_from is None or wanted.used_until is None:
        return scope
    begin = await job.headers.first_at_or_after(_ceil(wanted.used_from), head, seconds)
    end = await job.headers.first_at_or_after(int(wanted.used_until.timestamp()) + 1, head, seconds) - 1
    return replace(scope, contracts=job.contracts, used=(begin, end))


def _file_scope(job: Job, wanted: Wanted) -> Scope:
    """Turn times into blocks by the headers of exported files, and tell where the files begin too late."""
    assert job.store.files is not None
    headers = job.store.files.headers().filter(pl.col("block_number") <= job.here.number).sort("block_number")
    start, end = _ceil(wanted.start), int(wanted.end.timestamp())
    inside = headers.filter(pl.col("timestamp").is_between(start, end)).get_column("block_number")
    later = headers.filter(pl.col("timestamp") >= start).get_column("block_number")
    if headers.item(0, "block_number") > 0 and headers.item(0, "timestamp") > start:
        begin = datetime.fromtimestamp(headers.item(0, "timestamp"), UTC)
        job.tell(
            f"{job.name}: the files begin at {begin:%Y-%m-%d %H:%M:%S} UTC; what happened from "
            f"{wanted.start:%Y-%m-%d %H:%M:%S} UTC on is not in them"
        )
    nothing = (job.here.number + 1, job.here.number)
    history = (int(inside[0]), int(inside[-1])) if inside.len() else nothing
    attack = (int(later[0]), job.here.number) if later.len() else nothing
    scope = _scope(wanted, history, attack)
    if not job.contracts or wanted.used_from is None or wanted.used_until is None:
        return scope
    between = pl.col("timestamp").is_between(_ceil(wanted.used_from), int(wanted.used_until.timestamp()))
    used = headers.filter(between).get_column("block_number")
    return replace(scope, contracts=job.contracts, used=(int(used[0]), int(used[-1])) if used.len() else nothing)


def _scope(wanted: Wanted, history: Range, attack: Range, focus: int = 0) -> Scope:
    attackers = frozenset(wanted.attackers.get_column("address"))
    # Who pays attackers' gas is often an exchange: what it pays out besides is not theirs.
    holders = frozenset(wanted.attackers.filter(pl.col("role") != "funder").get_column("address"))
    candidates = frozenset(wanted.candidates.get_column("address")) - attackers
    flagged = tuple(one for one in wanted.flagged if one in candidates)
    return Scope(candidates, attackers, history, attack, focus, holders=holders, flagged=flagged)


def _ceil(time: datetime) -> int:
    """Give the first whole second at or after a time."""
    whole = int(time.timestamp())
    return whole + (time.timestamp() > whole)


def _unkept_headers(client: Client) -> Headers:
    return Headers(client, Facts(None, HEADERS, "block_number"))


async def _check_parts(job: Job, client: Client) -> None:
    """Drop what is not of this chain any more: a reorganisation took the last block of those parts."""
    parts, here = job.store.parts, job.here
    verified = parts.verified_at()
    if verified == (here.number, here.block_hash):
        return
    asked = _unkept_headers(client)
    # A block's hash commits to all before it: where the old head still stands, so does all that was pulled under it.
    if verified is None or not await _stands(asked, *verified):
        kept: list[Part] = [*parts.logs(), *parts.blocks()]
        await asked.ask({part.blocks[1] for part in kept})
        lost = [part for part in kept if not _is_hash(asked.known(part.blocks[1]), part.end_hash)]
        for part in lost:
            parts.drop(part)
        job.headers.clear()
        job.store.lookups.clear()
        job.store.traces.clear()
        job.store.trail.clear()
        job.store.deltas.clear()
        if lost:
            job.teller.line(f"{job.name}: {len(lost):,} parts are not of this chain any more and are pulled anew")
    parts.set_verified(here.number, here.block_hash)


async def _stands(headers: Headers, number: int, block_hash: str) -> bool:
    await headers.ask([number])
    return _is_hash(headers.known(number), block_hash[2:])


def _is_hash(header: tuple[bytes, int] | None, start: str) -> bool:
    return header is not None and header[0].hex().startswith(start)


async def _check_head(job: Job, client: Client) -> None:
    """See whether the pinned head is still the chain's after all these questions, where it was not final."""
    block_hash, _ = await _unkept_headers(client).get(job.here.number)
    if f"0x{block_hash.hex()}" != job.here.block_hash:
        job.tell(
            f"{job.name}: the chain was reorganised below block {job.here.number} while it was asked: "
            "run again with --refresh"
        )


def _run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)
