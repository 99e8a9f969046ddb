"""What wallets held, had sent, allowed and ran when the attack began: the state at T1, where an endpoint keeps old state."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import polars as pl

from exposure.chain.archive import keeps_old_state
from exposure.chain.authorizations import delegate_of
from exposure.chain.client import NoEndpointError
from exposure.chain.coverage import Asked, asked_rows
from exposure.chain.layers import Moment, find_moments, known_moments, state_at
from exposure.chain.scope import Scope
from exposure.chain.snapshot import (
    Here,
    Subject,
    allowance_table,
    allowances_of,
    balance_table,
    decimals_of,
    head_delegations,
    kind_of,
    questions_of,
)
from exposure.chain.stages import subject_now
from exposure.chain.state import Answers, code, nonce
from exposure.chain.work import Job
from exposure.tables import TABLES

LAYER = "state at T1"
Tables = dict[str, pl.DataFrame]


async def ask_earlier(job: Job, scope: Scope, time: datetime | None) -> None:
    """Ask what the wallets held, had sent, allowed and ran at a time. An endpoint that keeps no old state is no problem."""
    if job.private is None or time is None or job.head_only:
        return
    asked = questions_of(subject_now(job, scope))
    moment = None
    with job.trying():
        moment = (await find_moments(job, [time])).get(time)
    if moment is None or moment.here.number >= job.here.number:
        return
    missing = sum(question.key not in moment.facts for question in asked)
    if not missing:
        return
    if not await keeps_old_state(job.private, job.headers, moment.here.number):
        job.teller.line(f"{job.name}: what wallets held at T1 is not known: no endpoint keeps the state of old blocks")
        return
    try:
        with job.counting("what wallets held at T1", "questions", missing) as count:
            await state_at(job, job.private, moment).ask(asked, count)
    except NoEndpointError as error:
        job.teller.line(f"{job.name}: what wallets held at T1 is not known: {error.why}")


def add_earlier(tables: Tables, job: Job, scope: Scope, time: datetime | None, last: datetime) -> None:
    """Add the rows of the block of T1 to balances, allowances, accounts, delegations and coverage.

    A row of T1 stands beside one of the pinned block, so that the latest row of a wallet always is what is now: what was held
    and is gone has a row of zero there, a delegation that was cleared one without delegate.
    """
    if time is None or job.head_only or not scope.candidates or time.timestamp() >= job.here.seconds:
        return
    moment = known_moments(job, [time]).get(time)
    subject = subject_now(job, scope)
    wanted, known = questions_of(subject), 0
    if moment is not None:
        then, now = Answers(moment.facts.frame()), Answers(job.answers.frame())
        known = sum(question in then for question in wanted)
        for name, frame in _rows(subject, moment, job, then, now).items():
            tables[name] = _one(name, pl.concat([tables[name], frame]))
    asked = Asked(LAYER, len(wanted), known, known, _note(job, len(wanted) - known))
    # That nobody keeps old state is no refusal of a question: the note says what is not known.
    rows = asked_rows(job.here.chain_id, [asked], last).with_columns(rejected=pl.lit(0, pl.UInt64))
    tables["coverage"] = pl.concat([tables["coverage"], rows])


def _note(job: Job, missing: int) -> str:
    """Say why something is not known."""
    if not missing:
        return ""
    if job.client is None:
        why = "exported files are read at the pinned block alone"
    elif job.private is None:
        why = "no endpoint is trusted to learn of whom"
    elif any(endpoint.limits.archive for endpoint in job.private.endpoints):
        why = "a part of the questions was refused"
    else:
        why = "no endpoint keeps the state of old blocks (an archive node does)"
    return f"what wallets held and allowed when the attack began is not known: {why}"


def _rows(subject: Subject, moment: Moment, job: Job, then: Answers, now: Answers) -> Tables:
    """Give the rows of T1 and those that they need beside them at the pinned block."""
    decimals = decimals_of(subject.tokens, now)
    held, gone = [], []
    for pair, question, keep in subject.holdings():
        before, after = then.uint(question), now.uint(question)
        if before is None or after is None or not (before or keep):
            continue
        held.append((*pair, before))
        gone += [] if after or keep else [(*pair, 0)]
    standing = {grant[:5] for grant in allowances_of(subject, now, job.here.seconds)}
    allowed = [
        grant for grant in allowances_of(subject, then, moment.here.seconds) if grant[5] and grant[:5] in standing
    ]
    ran, cleared = _delegates(subject, then, now)
    return {
        "blocks": _block(moment.here),
        "balances": pl.concat([balance_table(held, decimals, moment.here), balance_table(gone, decimals, job.here)]),
        "allowances": allowance_table(allowed, decimals, moment.here),
        "accounts": TABLES["accounts"].frame(list(_accounts(subject, moment, then, now))),
        "delegations": pl.concat(
            [head_delegations(ran, moment.here), head_delegations([(one, None) for one in cleared], job.here)]
        ),
    }


def _block(here: Here) -> pl.DataFrame:
    time = datetime.fromtimestamp(here.seconds, UTC)
    row = {"chain_id": here.chain_id, "block_number": here.number, "block_hash": here.block_hash, "timestamp": time}
    return TABLES["blocks"].frame([row])


def _delegates(subject: Subject, then: Answers, now: Answers) -> tuple[list[tuple[str, str | None]], list[str]]:
    """Give what code wallets ran then, and which of them run none now."""
    ran = [(one, delegate_of(then.get(code(one)))) for one in subject.wallets if code(one) in now]
    delegated: list[tuple[str, str | None]] = [(one, delegate) for one, delegate in ran if delegate is not None]
    return delegated, [one for one, _ in delegated if delegate_of(now.get(code(one))) is None]


def _accounts(subject: Subject, moment: Moment, then: Answers, now: Answers) -> Iterator[dict[str, Any]]:
    for wallet in subject.wallets:
        has, sent = then.get(code(wallet)), then.uint(nonce(wallet))
        if code(wallet) not in then or code(wallet) not in now:
            continue
        # What kind of contract it is was asked at the pinned block alone.
        kind = "eoa" if not has else "eip7702" if delegate_of(has) else kind_of(wallet, now)
        yield {
            "chain_id": moment.here.chain_id,
            "block_number": moment.here.number,
            "address": wallet,
            "kind": kind,
            "nonce": sent if sent is None or sent < 2**63 else None,
        }


def _one(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Give one row a key: an authorization tells more than the code of its block."""
    table = TABLES[name]
    return table.check(table.check(frame).unique(table.key, keep="first", maintain_order=True))
