"""Who used the dapp's own contracts: who called them, or whose account acted when they logged something."""

import polars as pl

from exposure.chain.build import hexed
from exposure.chain.client import Client
from exposure.chain.coverage import Asked
from exposure.chain.executions import ENTRY_POINTS, executions_of
from exposure.chain.history import Pull, pull_logs
from exposure.chain.plan import size
from exposure.chain.presets import preset_of
from exposure.chain.scope import Scope, binary
from exposure.chain.snapshot import contract_questions, kind_of
from exposure.chain.stages import read_raw
from exposure.chain.state import Answers, State, code
from exposure.chain.work import Job
from exposure.tables import TABLES

# A contract can be used through other front ends than the one that was attacked.
USED = 0.5
# Who says that it executed something, and is such an account, acted itself: who sent the transaction only carried it.
_SMART = ("safe", "erc4337")


async def ask_users(job: Job, client: Client, scope: Scope) -> None:
    """Ask for the logs of the dapp's contracts, who sent the transactions that caused them, and for whom."""
    tasks = job.store.contract_tasks(scope)
    if tasks:
        with (
            job.trying(),
            job.counting("the dapp's contracts", "blocks asked", sum(size([one.blocks]) for one in tasks)) as count,
        ):
            outcome = Pull()
            await pull_logs(client, job.headers, job.store.parts, tasks, count, outcome)
            for _, why in outcome.refused:
                job.tell(f"{job.name}: a part of the logs of [[contract]] was refused: {why}")
    logs, callers = job.store.contract_users(scope)
    known = callers.get_column("transaction_hash")
    with job.trying():
        unknown = logs.filter(~pl.col("transaction_hash").is_in(known.implode())).get_column("transaction_hash")
        await job.store.lookups.ask_transactions(client, unknown, lambda _: None)
        timed = set(read_raw(job, scope).headers.get_column("block_number"))
        await job.headers.ask({*logs.get_column("block_number"), *callers.get_column("block_number")} - timed)
        job.headers.facts.flush()
    with job.trying():
        through = _through_others(job, scope).get_column("transaction_hash").unique().to_list()
        await job.store.lookups.ask_receipts(client, through, through, lambda _: None)
    await _ask_kinds(job, scope)


async def _ask_kinds(job: Job, scope: Scope) -> None:
    """Ask those who say that they executed something what they are: any contract can say so."""
    if job.private is None:
        return
    said = sorted(set(_acts(job, scope).filter(pl.col("kind") != "userop").get_column("address")))
    state = State(job.private, job.answers, job.here.number, preset_of(job.here.chain_id).multicall)
    with job.trying():
        await state.ask([code(one) for one in said], lambda _: None)
        await state.ask(contract_questions(said, Answers(job.answers.frame())), lambda _: None)


def _through_others(job: Job, scope: Scope) -> pl.DataFrame:
    """Give the transactions that reached the dapp's contracts through another contract: an account may have acted by it."""
    _, callers = job.store.contract_users(scope)
    return callers.filter(~pl.col("to_address").is_in(binary(scope.contracts)).fill_null(value=False))


def _acts(job: Job, scope: Scope) -> pl.DataFrame:
    """Give what accounts executed in those transactions, by their receipts."""
    through = _through_others(job, scope).select("transaction_hash").unique()
    logs = job.store.lookups.logs().join(through, on="transaction_hash", how="semi")
    own = pl.Series(sorted(scope.contracts), dtype=pl.String)
    # What the dapp's contract says of itself is no user's act.
    return executions_of(logs).filter(~pl.col("address").is_in(own.implode()))


def users(job: Job, scope: Scope) -> tuple[pl.DataFrame, Asked]:
    """Give the sightings of who used the dapp's contracts, and what came of asking.

    An account whose execution made a contract log something is its user, and not who sent the transaction. Who only says so, and
    is no account that could be told by its answers, is named beside the sender: a contract must not hide its victim.
    """
    logs, callers = job.store.contract_users(scope)
    callers = callers.unique("transaction_hash", keep="first", maintain_order=True)
    acts = _acts(job, scope)
    acting = _acting(logs, acts) if not acts.is_empty() else acts.select("transaction_hash", "address", "kind").clear()
    answers = Answers(job.answers.frame())
    sure = [
        kind == "userop" or kind_of(address, answers) in _SMART
        for address, kind in acting.select("address", "kind").rows()
    ]
    carried = acting.filter(pl.Series(sure, dtype=pl.Boolean)).get_column("transaction_hash")
    bundled = pl.col("to_address").is_in(list(ENTRY_POINTS)).fill_null(value=False)
    sent = callers.select("block_number", *map(hexed, ("from_address", "to_address", "transaction_hash")))
    own = sent.filter(~bundled & ~pl.col("transaction_hash").is_in(carried.implode()))
    placed = acting.select("transaction_hash", from_address="address").unique()
    placed = placed.join(sent.select("block_number", "transaction_hash"), on="transaction_hash")
    columns = ["block_number", "from_address", "transaction_hash"]
    rows = pl.concat([own.select(columns), placed.select(columns)]).unique()
    missed = sent.filter(bundled).join(acting, on="transaction_hash", how="anti").height
    note = f"for whom {missed:,} bundles of ERC-4337 used the contracts is not known" if missed else ""
    hashes = {*logs.get_column("transaction_hash"), *callers.get_column("transaction_hash")}
    answered = len(hashes & set(callers.get_column("transaction_hash")))
    seen = _sightings(job, scope, rows)
    return TABLES["sightings"].check(seen), Asked("contracts", len(hashes), answered, seen.height, note)


def _acting(logs: pl.DataFrame, acts: pl.DataFrame) -> pl.DataFrame:
    """Give who acted when the contracts logged something: transaction_hash, address, kind.

    An execution is told after what it did: of several in a bundle the first after the log is meant.
    """
    later = logs.select(hexed("transaction_hash"), logged="log_index").join(acts, on="transaction_hash")
    later = later.filter(pl.col("log_index") > pl.col("logged")).sort("transaction_hash", "logged", "log_index")
    first = later.unique(["transaction_hash", "logged"], keep="first", maintain_order=True)
    return first.select("transaction_hash", "address", "kind").unique(maintain_order=True)


def _sightings(job: Job, scope: Scope, rows: pl.DataFrame) -> pl.DataFrame:
    headers = pl.concat([read_raw(job, scope).headers, job.headers.facts.frame()]).unique("block_number", keep="first")
    timed = rows.join(headers, on="block_number", how="left")
    time = pl.from_epoch("timestamp", "s").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    empty = {name: pl.lit(None, pl.String) for name in ("client", "session", "action")}
    return timed.select(
        address="from_address",
        time=time,
        link=pl.lit("contract"),
        strength=pl.lit(USED),
        **empty,
        ref=pl.format("tx:{}:{}", pl.lit(job.here.chain_id), "transaction_hash"),
    )
