"""Ask where the attackers' money went, within a budget of calls, and build table `onward` from what is known by now.

It is the attackers' side, and recipients are asked about at any endpoint; where one is a wallet of the case (attackers look at
their own on the site), only an endpoint that may learn whom we suspect is asked.
"""

from collections.abc import Collection, Mapping

import polars as pl

from exposure.amounts import NATIVE, NATIVE_DECIMALS
from exposure.chain.build import Raw, block_table_rows, events_of, hexed, with_f64
from exposure.chain.client import Client
from exposure.chain.costs import log_price
from exposure.chain.coverage import Asked
from exposure.chain.history import Pull, pull_logs
from exposure.chain.internal import SEARCH, Tracing, inner_moves, searches
from exposure.chain.limits import FIRST_TOPICS
from exposure.chain.multicall import DECIMALS
from exposure.chain.plan import (
    ONWARD_SHAPES,
    PAYERS_SHAPE,
    LogTask,
    Range,
    log_tasks,
    merge,
    size,
    subtract,
)
from exposure.chain.presets import preset_of
from exposure.chain.scope import Scope, binary
from exposure.chain.snapshot import decimals_of
from exposure.chain.stages import read_raw
from exposure.chain.state import Answers, State, call
from exposure.chain.trail import Origins, Trail, about, follow, kind_of
from exposure.chain.work import Job
from exposure.tables import TABLES

# Who pays a recipient is looked for in so many blocks around the first payment: an hour of mainnet.
SAMPLE_BLOCKS = 300


class _Known:
    """What the parts on disk tell of the trail (trail.Known)."""

    def __init__(self, job: Job, scope: Scope) -> None:
        self.chain_id = job.here.chain_id
        self.answers = Answers(job.answers.frame())
        self.asks = job.client is not None
        self._job, self._scope = job, scope
        # Transactions whose success nobody told, and blocks whose time nobody told.
        self.unsettled: set[bytes] = set()
        self.untimed: set[int] = set()
        self.tokens: set[str] = set()
        # Of these, the transactions of the case's own wallets.
        self.private: set[bytes] = set()

    def _span(self, arrivals: Mapping[str, int]) -> Range:
        return min(arrivals.values()), self._job.here.number

    def log_tasks(self, arrivals: Mapping[str, int]) -> list[LogTask]:
        """Give the queries for what left some addresses that were not made yet; the attackers' own were made before."""
        others = frozenset(arrivals) - self._scope.attackers
        covered = self._job.store.covered_logs(others)
        sides = (others - self._scope.candidates, others & self._scope.candidates)
        span = self._span(arrivals) if others else (1, 0)
        return [task for side in sides for task in log_tasks(ONWARD_SHAPES, side, span, covered, self._topics)]

    def payer_tasks(self, arrivals: Mapping[str, int]) -> list[LogTask]:
        """Give the queries for who pays some addresses that were not made yet."""
        covered = self._job.store.covered_logs(frozenset(arrivals))
        by_sample: dict[tuple[Range, bool], list[str]] = {}
        for address, sample in self._samples(arrivals).items():
            by_sample.setdefault((sample, address in self._scope.candidates), []).append(address)
        return [
            task
            for (sample, _), addresses in by_sample.items()
            for task in log_tasks((PAYERS_SHAPE,), addresses, sample, covered, self._topics)
        ]

    @property
    def _topics(self) -> int:
        client = self._job.client
        return client.limits("eth_getLogs").topics if client else FIRST_TOPICS

    def _samples(self, arrivals: Mapping[str, int]) -> dict[str, Range]:
        begins = {one: block - block % SAMPLE_BLOCKS for one, block in arrivals.items()}
        return {one: (at, min(at + SAMPLE_BLOCKS - 1, self._job.here.number)) for one, at in begins.items()}

    def unasked(self, arrivals: Mapping[str, int]) -> frozenset[str]:
        """Give those of some addresses of which nobody was asked what left them."""
        return frozenset(address for task in self.log_tasks(arrivals) for address in task.addresses)

    def hidden(self, arrivals: Mapping[str, int]) -> frozenset[str]:
        """Give those of some addresses that run code, and whose ETH nobody followed by traces."""
        coded = [one for one in arrivals if kind_of(one, self.answers) in ("contract", None)]
        trail = self._job.store.trail
        untraced = trail.found.frame().join(trail.traced.frame(), on="transaction_hash", how="anti").height
        left = trail.unsearched(coded, self._scope.attack) if not untraced else {(): coded}
        return frozenset(one for group in left.values() for one in group)

    def outflows(self, arrivals: Mapping[str, int]) -> pl.DataFrame:
        """Give what left addresses since a block each: build.MOVES, transaction_from, transaction_to, timestamp."""
        span = self._span(arrivals) if arrivals else (1, 0)
        job = self._job
        raw = job.store.outflows(job.here.chain_id, arrivals, span, job.headers.facts.frame())
        since = pl.DataFrame(
            {"from_address": list(arrivals), "since": list(arrivals.values())}, schema_overrides=_SINCE
        )
        inner, carriers = inner_moves(job.store, arrivals, span, job.store.trail)
        sent = inner.filter(pl.col("from_address").is_in(list(arrivals))).drop("trace_address")
        moves = (
            pl.concat([events_of(raw).moves, sent])
            .join(since, on="from_address")
            .filter(pl.col("block_number") >= pl.col("since"))
        )
        self._note(raw, moves)
        callers = pl.concat([raw.txs, raw.callers, carriers]).unique(
            "transaction_hash", keep="first", maintain_order=True
        )
        named = callers.select(
            hexed("transaction_hash"),
            transaction_from=hexed("from_address").alias("transaction_from"),
            transaction_to=hexed("to_address").alias("transaction_to"),
        )
        times = block_table_rows(raw.headers).select("block_number", "timestamp")
        placed = moves.drop("since").join(named, on="transaction_hash", how="left")
        return placed.join(times, on="block_number", how="left")

    def _note(self, raw: Raw, moves: pl.DataFrame) -> None:
        settled = raw.receipts.get_column("transaction_hash").implode()
        self.unsettled |= set(raw.txs.filter(~pl.col("transaction_hash").is_in(settled)).get_column("transaction_hash"))
        ours = binary(self._scope.candidates)
        logged = raw.logs.filter(pl.any_horizontal(pl.col(f"topic{n}").bin.tail(20).is_in(ours) for n in (1, 2)))
        sent = raw.txs.filter(pl.col("from_address").is_in(ours))
        self.private |= {*logged.get_column("transaction_hash"), *sent.get_column("transaction_hash")}
        self.untimed |= set(moves.get_column("block_number")) - set(raw.headers.get_column("block_number"))
        self.tokens |= set(moves.filter(standard="erc20").get_column("token_address"))

    def strangers(self, arrivals: Mapping[str, int], apart: Collection[str]) -> Mapping[str, int | None]:
        """Count who paid or called addresses, without those of `apart`; null where nobody was asked."""
        if not arrivals:
            return {}
        unknown = {address for task in self.payer_tasks(arrivals) for address in task.addresses}
        paid = self._job.store.payers(self._samples(arrivals), self._scope.attack)
        paid = paid.filter(~pl.col("from_address").is_in(binary(apart)))
        counts = dict(paid.group_by(hexed("to_address")).len().iter_rows())
        return {one: None if one in unknown else counts.get(one, 0) for one in arrivals}


_SINCE = {"from_address": pl.String, "since": pl.UInt64}


def _origins(job: Job, scope: Scope) -> Origins:
    moves = events_of(read_raw(job, scope)).moves
    paid = moves.filter(pl.col("to_address").is_in(sorted(scope.attackers)) & (pl.col("value") != "0"))
    payers = frozenset(paid.get_column("from_address").drop_nulls()) - scope.attackers
    mute = job.client is not None and job.private is None
    return Origins(tuple(sorted(scope.holders)), scope.attack[0], scope.attackers, scope.candidates, payers, mute)


async def ask_onward(job: Job, client: Client, scope: Scope) -> None:
    """Ask hop by hop until the trail ends, or the budget of calls is spent; then a person is told."""
    if not scope.holders or scope.attack[0] > scope.attack[1]:
        return
    origins, begun, before = _origins(job, scope), client.exchanges, None
    with job.trying():
        while True:
            known = _Known(job, scope)
            trail = follow(origins, known)
            tracing = _tracing(job, scope, trail)
            hidden = tracing.wallets if tracing.offered(client) else ()
            missing = _missing(trail, known, hidden)
            if not missing or missing == before:
                break
            spent = client.exchanges - begun
            tasks = known.log_tasks(trail.unasked) if trail.unasked else []
            tasks += known.payer_tasks(trail.unjudged) if trail.unjudged else []
            price = log_price(tasks, client.limits("eth_getLogs")).calls
            price += searches(client.limits(SEARCH), scope.attack) if hidden else 0
            lookups = 2 * len(trail.unjudged) + len(trail.unsent) + len(known.unsettled)
            price += lookups // client.limits("eth_getCode").batch
            if spent + price > job.onward_calls:
                job.teller.line(f"{job.name}: where the attackers' money went further is left out, to save calls")
                break
            before = missing
            if hidden:
                await _trace(job, client, tracing)
            await _ask(job, client, scope, trail, known, tasks)
        await State(client, job.answers, job.here.number, preset_of(job.here.chain_id).multicall).ask(
            [call(token, DECIMALS) for token in sorted(known.tokens)], lambda _: None
        )


def _tracing(job: Job, scope: Scope, trail: Trail) -> Tracing:
    """Say which contracts on the trail are to be traced: never a wallet of the case."""
    contracts = tuple(one for one in sorted(trail.hidden) if one not in scope.candidates)
    return Tracing(
        job.store, job.store.trail, contracts, scope.attack, f"{job.here.number}-{job.here.block_hash[2:10]}"
    )


async def _trace(job: Job, client: Client, tracing: Tracing) -> None:
    """Find the ETH that contracts on the trail sent on, and who called them."""
    await tracing.ask(client, job.store.trail.found.frame)
    inner = job.store.trail.inner.frame().get_column("transaction_hash").unique()
    known = set(job.store.transactions(inner).get_column("transaction_hash"))
    await job.store.lookups.ask_transactions(client, set(inner) - known, lambda _: None)


def _missing(trail: Trail, known: _Known, hidden: Collection[str]) -> tuple[object, ...] | None:
    """Give what is left to ask, to see whether asking helps; None where nothing is."""
    found = (
        sorted(trail.unasked),
        sorted(trail.unjudged),
        sorted(trail.unsent),
        sorted(known.unsettled),
        sorted(known.untimed),
        sorted(hidden),
    )
    return found if any(found) else None


async def _ask(job: Job, client: Client, scope: Scope, trail: Trail, known: _Known, tasks: list[LogTask]) -> None:
    """Ask what the trail lacks at this point; what names a wallet of the case only of those that may learn of it."""
    sides = [(client, False)]
    if job.private is not None:
        sides.append((job.private, True))
    unsent = {bytes.fromhex(one[2:]) for one in trail.unsent}
    for asked, private in sides:
        mine = [task for task in tasks if (task.addresses[0] in scope.candidates) == private]
        outcome = Pull()
        await pull_logs(asked, job.headers, job.store.parts, mine, lambda _: None, outcome)
        for blocks, why in outcome.refused:
            job.teller.line(f"{job.name}: the logs of blocks {blocks[0]} to {blocks[1]} on the attackers' trail {why}")
        sent = [one for one in unsent if (one in known.private) == private]
        await job.store.lookups.ask_transactions(asked, sent, lambda _: None)
        settled = [one for one in known.unsettled if (one in known.private) == private]
        await job.store.lookups.ask_receipts(asked, settled, (), lambda _: None)
        judged = [one for one in sorted(trail.unjudged) if (one in scope.candidates) == private]
        state = State(asked, job.answers, job.here.number, preset_of(job.here.chain_id).multicall)
        await state.ask([question for one in judged for question in about(one)], lambda _: None)
    await job.headers.ask(known.untimed)
    job.headers.facts.flush()


def onward_table(job: Job, scope: Scope) -> tuple[pl.DataFrame, Asked | None]:
    """Build table `onward`, and what came of asking; null where no attacker's money is followed, or nobody was asked yet."""
    table = TABLES["onward"]
    if not scope.holders or job.head_only or scope.attack[0] > scope.attack[1]:
        return table.empty(), None
    known = _Known(job, scope)
    trail = follow(_origins(job, scope), known)
    rows = [rows for rows in trail.rows if rows.height]
    followed = len(scope.holders) + trail.followed
    asked = Asked("onward", followed, followed, sum(one.height for one in rows), _note(job, scope, trail))
    if not rows:
        return table.empty(), asked
    decimals = {**decimals_of(known.tokens, known.answers), NATIVE: NATIVE_DECIMALS}
    frame = with_f64(pl.concat(rows), "value", decimals)
    placed = frame.with_columns(chain_id=pl.lit(job.here.chain_id, pl.UInt64))
    return table.check(placed), asked


def _note(job: Job, scope: Scope, trail: Trail) -> str:
    """Say in words what limits the trail."""
    notes = ["the attackers' money is followed three hops on, and not through services"]
    lost = size(merge(subtract(scope.attack, job.store.covered_blocks())))
    if trail.hidden:
        notes.append(f"ETH that {len(trail.hidden):,} contracts sent on is not visible without traces")
    if lost:
        notes.append(f"{lost:,} blocks were not read in full, so plain payments in them are missing")
    if trail.cut:
        notes.append(f"{trail.cut:,} further addresses are not followed: it got to be too many")
    if trail.unasked or trail.unjudged:
        notes.append(
            f"{len(trail.unasked) + len(trail.unjudged):,} addresses were not asked about, to save calls or since it was refused"
        )
    if trail.unsent:
        notes.append(f"nobody told who sent {len(trail.unsent):,} transactions on the trail, and they are left out")
    if trail.pretended:
        notes.append(f"{trail.pretended:,} movements were made by strangers in the holders' names, and left out")
    return "; ".join(notes)
