"""One stage of one chain: asks what is missing, and builds the chain's tables from everything that is known by then."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from exposure.chain.audit import audit
from exposure.chain.authorizations import delegate_of
from exposure.chain.build import Decimals, Events, Raw, events_of, history_tables
from exposure.chain.client import Client
from exposure.chain.coverage import (
    DELTAS_NOTE,
    FILES_NOTE,
    STATE_NOTE,
    Asked,
    Layer,
    coverage_table,
    without,
    words,
)
from exposure.chain.files_state import file_decimals, file_state_tables
from exposure.chain.internal import inner_moves
from exposure.chain.native import ask_native
from exposure.chain.plan import (
    ATTACKER_SHAPES,
    Range,
    size,
)
from exposure.chain.presets import preset_of
from exposure.chain.query_logs import ask_candidates, ask_logs, topics
from exposure.chain.scope import Scope, attackers_logs, attackers_txs
from exposure.chain.snapshot import (
    Subject,
    common_questions,
    contract_questions,
    decimals_of,
    questions,
    questions_of,
    state_tables,
    subject_of,
    token_kinds,
    token_questions,
)
from exposure.chain.state import Answers, Question, State, code
from exposure.chain.work import Job, Stage


async def ask_stage(job: Job, scope: Scope, stage: Stage) -> None:
    """Ask what this stage wants and nobody knows yet. What fails is told in `job.problems`; the rest goes on."""
    if job.client is None:
        return
    if job.head_only:
        await _ask_state(job, job.client, scope, "state")
        return
    if stage != "state":
        await _ask_movements(job, job.client, scope, stage)
        await _check_movements(job, job.client, scope, stage)
    await _ask_details(job, job.client, scope)
    await _ask_state(job, job.client, scope, stage)


async def _ask_movements(job: Job, client: Client, scope: Scope, stage: Stage) -> None:
    if stage == "attackers":
        await ask_logs(job, client, job.store.log_tasks(scope, ATTACKER_SHAPES, topics(client)), "attacker")
        await ask_native(job, client, scope, stage)
    if stage == "history":
        await ask_candidates(job, client, scope)
        await _ask_executions(job, scope)
        await ask_native(job, client, scope, stage)


async def _check_movements(job: Job, client: Client, scope: Scope, stage: Stage) -> None:
    """Check a sample of what came against receipts. A node that lagged is asked once more before a person is told."""
    with job.trying():
        seed = job.here.block_hash.encode()
        found = await audit(client, job.headers, job.store.parts, seed, last=False)
        if found.disputes:
            await _ask_movements(job, client, scope, stage)
            found = await audit(client, job.headers, job.store.parts, seed, last=True)
        if found.checked:
            job.teller.line(f"{job.name}: {found.checked:,} blocks were checked in full against their receipts")
        if found.unchecked:
            job.teller.line(f"{job.name}: {found.unchecked:,} blocks could not be checked: nobody gives their receipts")
        for dispute in found.disputes:
            job.tell(dispute)


def smart_accounts(job: Job, scope: Scope) -> list[str]:
    """Give the candidates that run code of their own, as far as their code was asked for."""
    answers = Answers(job.answers.frame())
    codes = ((one, answers.get(code(one))) for one in sorted(scope.candidates))
    return [one for one, has in codes if has and delegate_of(has) is None]


async def _ask_executions(job: Job, scope: Scope) -> None:
    """Ask the candidates that run code what they say of their executions, as a Safe does."""
    if job.private is not None:
        tasks = job.store.safe_tasks(scope, smart_accounts(job, scope), topics(job.private))
        await ask_logs(job, job.private, tasks, "smart account")


async def _ask_details(job: Job, client: Client, scope: Scope) -> None:
    """Ask who sent the transactions of the logs, whether those of interest succeeded, and when their blocks were."""
    raw = read_raw(job, scope)
    known = raw.callers.get_column("transaction_hash")
    senders = raw.logs.filter(~pl.col("transaction_hash").is_in(known.implode())).get_column("transaction_hash")
    unread = raw.txs.filter(pl.col("input").is_null()).get_column("transaction_hash")
    settled = raw.receipts.get_column("transaction_hash")
    theirs = set(attackers_txs(scope, raw.txs))
    unsettled = raw.txs.filter(~pl.col("transaction_hash").is_in(settled.implode())).get_column("transaction_hash")
    lookups = job.store.lookups
    # A question about a candidate's transaction names the candidate.
    known_to_attackers = theirs | set(attackers_logs(scope, raw.logs))
    sides = [(client, known_to_attackers.__contains__)]
    if job.private is not None:
        sides.append((job.private, lambda one: one not in known_to_attackers))
    else:
        kept_back = {*unsettled, *senders} - known_to_attackers
        job.keep_back(
            len(kept_back), "transactions of candidates: whether they succeeded, or who sent them, is not known"
        )
    for asked, mine in sides:
        with job.trying(), _quiet() as count:
            wanted = filter(mine, {*unsettled, *_unlogged(raw, theirs)})
            lost = await lookups.ask_receipts(asked, wanted, theirs, count)
            if lost:
                job.tell(
                    f"{job.name}: nobody knows the receipts of {lost:,} transactions: whether they succeeded is not known, "
                    "and what they sent counts as moved"
                )
        with job.trying(), _quiet() as count:
            lost = await lookups.ask_transactions(asked, filter(mine, {*senders, *unread}), count)
            if lost:
                job.tell(f"{job.name}: nobody knows who sent {lost:,} transactions that moved tokens")
    with job.trying():
        timed = set(raw.headers.get_column("block_number"))
        lost_headers = await job.headers.ask({*raw.logs.get_column("block_number"), job.here.number} - timed)
        job.headers.facts.flush()
        if lost_headers:
            job.tell(f"{job.name}: the times of {len(lost_headers):,} blocks could not be read")


def _unlogged(raw: Raw, theirs: set[bytes]) -> set[bytes]:
    """Give the attackers' transactions whose receipt was kept without its logs."""
    with_logs = raw.receipts.filter(pl.col("with_logs")).get_column("transaction_hash")
    return theirs - set(with_logs)


@contextmanager
def _quiet() -> Iterator[Callable[[int], None]]:
    yield lambda _: None


async def _ask_state(job: Job, client: Client, scope: Scope, stage: Stage) -> None:
    raw = read_raw(job, scope)
    events = events_of(raw)
    if stage == "attackers":
        state = State(client, job.answers, job.here.number, preset_of(job.here.chain_id).multicall)
        with job.trying(), _quiet() as count:
            await state.ask(token_questions(token_kinds(events)), count)
        return
    subject = _subject(scope, raw, events)
    await _ask_answers(job, client, "tokens", common_questions(subject), subject.others)
    if job.private is not None:
        await _ask_answers(job, job.private, "balances and approvals", questions_of(subject), subject.wallets)
    else:
        job.keep_back(len(subject.wallets), "wallets: what they hold and allow is not known")


async def _ask_answers(
    job: Job, client: Client, what: str, asked: Sequence[Question], addresses: Sequence[str]
) -> None:
    """Ask what is not known yet, and of those of `addresses` that turn out to have code what kind of account they are."""
    state = State(client, job.answers, job.here.number, preset_of(job.here.chain_id).multicall)
    missing = sum(question.key not in job.answers for question in asked)
    with job.trying():
        if missing:
            with job.counting(what, "questions", missing) as count:
                await state.ask(asked, count)
        with _quiet() as count:
            await state.ask(contract_questions(addresses, Answers(job.answers.frame())), count)
    if state.unanswered:
        job.tell(
            f"{job.name}: {state.unanswered:,} questions about block {job.here.number} were refused; run again later"
        )


def _subject(scope: Scope, raw: Raw, events: Events) -> Subject:
    theirs = [bytes.fromhex(one[2:]) for one in scope.attackers]
    delegators = raw.auths.filter(pl.col("to_address").is_in(theirs)).get_column("from_address")
    return subject_of(events, scope.candidates, scope.attackers, [f"0x{one.hex()}" for one in delegators])


def subject_now(job: Job, scope: Scope) -> Subject:
    """Say whom and what the state is asked about, by everything that is known by now."""
    raw = read_raw(job, scope)
    return _subject(scope, raw, events_of(raw))


def read_raw(job: Job, scope: Scope) -> Raw:
    """Read everything that is known by now."""
    return job.store.raw(job.here.chain_id, scope, job.headers.facts.frame())


@dataclass(frozen=True, slots=True)
class Built:
    """The tables of one chain after a stage, with figures for the summary."""

    tables: dict[str, pl.DataFrame]
    figures: dict[str, int]


def build(job: Job, scope: Scope, stage: Stage, first: datetime, last: datetime) -> Built:
    """Build the chain's tables and its rows of `coverage`; tell what this stage wanted and did not get."""
    raw = read_raw(job, scope)
    events = events_of(raw)
    subject = _subject(scope, raw, events)
    answers = Answers(job.answers.frame())
    state, decimals, asked = _state(job, subject, answers)
    inner, carriers = inner_moves(job.store, scope.candidates, scope.history)
    raw = replace(raw, callers=pl.concat([raw.callers, carriers]))
    tables = history_tables(raw, events, decimals, job.here.number, inner)
    tables["delegations"] = pl.concat([tables["delegations"], state.pop("delegations")])
    tables |= state
    tables["accounts"] = _by_deed(tables["accounts"], events)
    asks = [asked] if asked else []
    if job.head_only:
        tables["coverage"] = coverage_table(job.here.chain_id, [], asks, first, last)
        return Built(tables, {"wallets": len(subject.wallets)})
    log_holes = job.store.log_holes(scope)
    native_holes = job.store.native_holes(scope)
    if stage == "history":
        _tell_holes(job, log_holes, native_holes)
    note = FILES_NOTE if job.store.files is not None else ""
    if size(without(scope.native, job.store.covered_blocks())) > size(native_holes):
        note = f"{note}; {DELTAS_NOTE}" if note else DELTAS_NOTE
    layers = [
        Layer(
            "logs",
            [blocks for _, addresses, blocks in scope.sides if addresses and blocks[0] <= blocks[1]],
            log_holes,
            raw.logs.height,
            job.store.rejected_logs(),
        ),
        Layer("native", scope.native, native_holes, raw.txs.height, job.store.rejected_blocks(), note),
    ]
    kept = events.moves.filter(pl.col("log_index").is_not_null()).height + events.grants.height
    if stage == "history" and (smart := smart_accounts(job, scope)):
        asks.append(_executions(job, scope, smart, tables["executions"].height))
    decoded = Asked("events", raw.logs.height, raw.logs.height - events.rejected, kept, _odd(events))
    tables["coverage"] = coverage_table(job.here.chain_id, layers, [decoded, *asks], first, last)
    figures = {name: tables[name].height for name in ("transactions", "transfers", "approvals", "delegations")}
    return Built(tables, {**figures, "wallets": len(subject.wallets), "rejected": events.rejected})


def _by_deed(accounts: pl.DataFrame, events: Events) -> pl.DataFrame:
    """Tell contracts whose operations an entry point carried out from others: what they do says more than what they answer."""
    acted = events.executions.filter(pl.col("kind") == "userop").get_column("address").unique()
    smart = (pl.col("kind") == "contract") & pl.col("address").is_in(acted.implode())
    return accounts.with_columns(kind=pl.when(smart).then(pl.lit("erc4337")).otherwise("kind"))


def _executions(job: Job, scope: Scope, smart: Sequence[str], found: int) -> Asked:
    """Say of how many smart accounts their own executions were asked for."""
    holes = job.store.safe_holes(scope, smart)
    note = f"what Safes and the like executed themselves was not asked for in blocks {words(holes)}" if holes else ""
    return Asked("executions", len(smart), 0 if holes else len(smart), found, note)


def _odd(events: Events) -> str:
    return f"{events.rejected:,} logs are not what they claim to be and were left out" if events.rejected else ""


def _tell_holes(job: Job, log_holes: list[Range], native_holes: list[Range]) -> None:
    again = "run again: it goes on where it stopped" if job.client else "export these blocks too, or add an rpc"
    if log_holes:
        job.tell(f"{job.name}: logs are missing of blocks {words(log_holes)}; {again}")
    if native_holes:
        job.tell(f"{job.name}: plain payments are missing of blocks {words(native_holes)}; {again}")


def _state(job: Job, subject: Subject, answers: Answers) -> tuple[dict[str, pl.DataFrame], Decimals, Asked | None]:
    """Give the tables of the state, tokens' decimals, and what was answered; null where nobody was asked yet."""
    files = job.store.files
    if job.client is None and files is not None:
        decimals: Decimals = file_decimals(files, job.here)
        tables = file_state_tables(files, subject, decimals, job.here)
        known = tables["balances"].get_column("address").n_unique()
        asked = Asked("state", len(subject.wallets), known, tables["balances"].height, STATE_NOTE)
        return tables, decimals, asked if known else None
    decimals = decimals_of(subject.tokens, answers)
    tables = state_tables(subject, answers, job.here)
    wanted = questions(subject)
    known = sum(question in answers for question in wanted)
    read = any(question in answers for question in wanted if question.method == "eth_getBalance")
    asked = Asked("state", len(wanted), known, tables["balances"].height, STATE_NOTE)
    return tables, decimals, asked if read else None
