"""What is asked beside history and state: ENS names, prices, and who used the dapp's own contracts."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import polars as pl

from exposure.chain.build import events_of
from exposure.chain.client import Client, NoEndpointError
from exposure.chain.coverage import Asked, asked_rows
from exposure.chain.ens import ENS_CHAINS, Steps, follow, forward, next_questions, normal, reverse
from exposure.chain.ens import REGISTRY as ENS_REGISTRY
from exposure.chain.internal import Tracing, known_transactions, trace_table
from exposure.chain.onward import ask_onward, onward_table
from exposure.chain.parts import Facts
from exposure.chain.plan import TRACED_WALLETS
from exposure.chain.presets import preset_of
from exposure.chain.prices import Feed, feeds, price_rows, price_table
from exposure.chain.scope import Scope
from exposure.chain.snapshot import Here, token_kinds
from exposure.chain.stages import read_raw
from exposure.chain.state import ANSWERS, Answers, State, code
from exposure.chain.users import ask_users, users
from exposure.chain.work import Job, Stage
from exposure.tables import TABLES

# Losses are priced at the head of their hour; more hours than these are priced at the nearest of them.
PRICED_HOURS = 48
_NO_NAMES = pl.DataFrame(schema={"name": pl.String, "time": pl.Datetime("us", "UTC")})


@dataclass(frozen=True, slots=True)
class Moment:
    """A block whose state is asked about beside the pinned one, and what it answered."""

    here: Here
    facts: Facts


async def ask_layers(job: Job, scope: Scope, stage: Stage, names: pl.DataFrame | None) -> None:
    """Ask what this stage wants beside history and state. `names` are those to resolve (name, time)."""
    if job.client is None:
        return
    if stage == "history":
        await ask_users(job, job.client, scope)
        await ask_onward(job, job.client, scope)
        await _ask_traces(job, scope)
    if stage == "attackers":
        return
    await _ask_prices(job, job.client, scope)
    if job.here.chain_id in ENS_CHAINS:
        await _ask_names(job, job.client, scope, _NO_NAMES if names is None else names)


def layer_tables(job: Job, scope: Scope, names: pl.DataFrame | None, last: datetime) -> dict[str, pl.DataFrame]:
    """Build prices, names, the sightings by the dapp's contracts, and their rows of coverage, from what is known by now."""
    prices, priced = _prices(job, scope)
    found, resolved = _names(job, scope, _NO_NAMES if names is None else names)
    seen, used = users(job, scope)
    onward, went = onward_table(job, scope)
    asked = [priced, resolved, used if scope.contracts else None, went]
    traced = TABLES["traces"].empty()
    if not job.head_only:
        traced, internal = trace_table(job.store, scope, read_raw(job, scope), job.here.chain_id)
        asked.append(internal)
    coverage = asked_rows(job.here.chain_id, [one for one in asked if one is not None], last)
    return {
        "prices": prices,
        "names": found,
        "sightings": seen,
        "onward": onward,
        "traces": traced,
        "coverage": coverage,
    }


async def _ask_traces(job: Job, scope: Scope) -> None:
    """Look for the internal ETH of the wallets that matter most, and for what carried it."""
    wallets = scope.flagged[:TRACED_WALLETS]
    if not wallets or scope.history[0] > scope.history[1]:
        return
    if job.private is None:
        job.keep_back(len(wallets), "wallets: ETH that contracts sent them, or sent on for them, is not known")
        return
    traces = job.store.traces
    tracing = Tracing(job.store, traces, wallets, scope.history, f"{job.here.number}-{job.here.block_hash[2:10]}")
    with job.trying():
        await tracing.ask(job.private, lambda: known_transactions(read_raw(job, scope), wallets))
        inner = traces.inner.frame().get_column("transaction_hash").unique()
        known = set(job.store.transactions(inner).get_column("transaction_hash"))
        await job.store.lookups.ask_transactions(job.private, set(inner) - known, lambda _: None)
        carriers = job.store.transactions(inner).get_column("block_number")
        await job.headers.ask(set(carriers) - set(read_raw(job, scope).headers.get_column("block_number")))
        job.headers.facts.flush()


def known_moments(job: Job, times: Iterable[datetime]) -> dict[datetime, Moment]:
    """Give the blocks of times whose headers are known; the pinned block for a time at or after it."""
    found = {}
    for time in times:
        seconds = int(time.timestamp())
        if seconds >= job.here.seconds:
            found[time] = Moment(job.here, job.answers)
            continue
        number = job.moments.get(seconds)
        header = job.headers.known(number) if number is not None else None
        if number is not None and header is not None:
            here = Here(job.here.chain_id, number, "0x" + header[0].hex(), header[1], job.here.symbol)
            folder = job.store.parts.folder / "state" / f"{number}-{header[0].hex()[:8]}"
            found[time] = Moment(here, Facts(folder, ANSWERS, "question"))
    return found


async def find_moments(job: Job, times: Iterable[datetime]) -> dict[datetime, Moment]:
    """Find the last block at or before each time."""
    seconds = preset_of(job.here.chain_id).block_seconds
    for time in times:
        at = int(time.timestamp())
        if at < job.here.seconds and at not in job.moments:
            after = await job.headers.first_at_or_after(at + 1, (job.here.number, job.here.seconds), seconds)
            job.moments[at] = max(0, after - 1)
            await job.headers.ask([job.moments[at]])
    return known_moments(job, times)


def _loss_hours(job: Job, scope: Scope) -> list[datetime]:
    """Give the ends of the hours in which something went to attackers, so many at most, spread evenly."""
    raw = read_raw(job, scope)
    moves = events_of(raw).moves.filter(pl.col("to_address").is_in(sorted(scope.attackers)))
    stamps = raw.headers.filter(pl.col("block_number").is_in(moves.get_column("block_number").implode())).get_column(
        "timestamp"
    )
    hours = sorted({stamp - stamp % 3_600 + 3_599 for stamp in stamps if stamp < job.here.seconds})
    step = -(-len(hours) // PRICED_HOURS) or 1
    return [datetime.fromtimestamp(hour, UTC) for hour in hours[::step]]


def _feeds(job: Job, scope: Scope) -> list[Feed]:
    return feeds(job.here.chain_id, token_kinds(events_of(read_raw(job, scope))))


async def _ask_prices(job: Job, client: Client, scope: Scope) -> None:
    """Ask the feeds at the head, and at the hours of losses where an archive answers."""
    asked = _feeds(job, scope)
    contracts = sorted({feed.address for feed in asked})
    with job.trying():
        times = [datetime.fromtimestamp(job.here.seconds, UTC), *_loss_hours(job, scope)]
        for moment in (await find_moments(job, times)).values():
            state = state_at(job, client, moment)
            try:
                await state.ask([code(one) for one in contracts], lambda _: None)
                answers = Answers(moment.facts.frame())
                there = [feed for feed in asked if answers.get(code(feed.address))]
                await state.ask([one for feed in there for one in (feed.price, feed.decimals)], lambda _: None)
            except NoEndpointError as error:
                if moment.here.number == job.here.number:
                    raise
                # Most public endpoints keep no old state: coverage says what is priced at the head alone.
                job.teller.line(f"{job.name}: what was lost is not priced by the hour: {error.why}")
                break


def state_at(job: Job, client: Client, moment: Moment) -> State:
    """Give what answers at a moment; before the pinned block only an archive does."""
    multicall = preset_of(job.here.chain_id).multicall
    return State(client, moment.facts, moment.here.number, multicall, old=moment.here.number < job.here.number)


def _prices(job: Job, scope: Scope) -> tuple[pl.DataFrame, Asked | None]:
    """Give table `prices`, and what came of asking; null where nobody was asked yet."""
    asked = _feeds(job, scope)
    if not asked:
        return price_table([]), Asked("prices", 0, 0, 0, "no Chainlink feed is known on this chain: nothing is priced")
    times = [datetime.fromtimestamp(job.here.seconds, UTC), *_loss_hours(job, scope)]
    moments = known_moments(job, times)
    known = {one.here.number: (one.here, Answers(one.facts.frame())) for one in moments.values()}
    rows = [row for here, answers in known.values() for row in price_rows(asked, answers, here)]
    table = price_table(rows)
    if not any(code(feed.address) in answers for feed in asked for _, answers in known.values()):
        return table, None
    unpriced = len(asked) - table.get_column("token_address").n_unique()
    notes = [f"{unpriced:,} assets have no Chainlink feed here and are unpriced"] if unpriced else []
    first = code(asked[0].address)
    mute = sum(time not in moments or first not in known[moments[time].here.number][1] for time in times)
    if mute:
        notes.append(f"no endpoint keeps the state of {mute:,} hours of losses: they are priced by other hours, or not")
    return table, Asked("prices", len(asked), len(asked), table.height, "; ".join(notes))


def _ways(scope: Scope) -> dict[str, Callable[[], Steps[str | None]]]:
    return {address: partial(reverse, address) for address in sorted(scope.everybody)}


def _resolvable(names: pl.DataFrame) -> dict[datetime, list[str]]:
    """Give the normal names to resolve, by time."""
    found: dict[datetime, list[str]] = {}
    for name, time in names.select("name", "time").unique().sort("time", "name").iter_rows():
        if (known := normal(name)) is not None:
            found.setdefault(time, []).append(known)
    return found


async def _ask_names(job: Job, client: Client, scope: Scope, names: pl.DataFrame) -> None:
    """Ask which names the addresses bear at the head, and for whom the logs' names stood when they were seen."""
    head = Moment(job.here, job.answers)
    with job.trying():
        await state_at(job, client, head).ask([code(ENS_REGISTRY)], lambda _: None)
        if not Answers(job.answers.frame()).get(code(ENS_REGISTRY)):
            return
        if job.private is None:
            job.keep_back(len(scope.candidates) + names.height, "ENS names: who bears them is not known")
            return
        await _walk(job, job.private, head, list(_ways(scope).values()))
        by_time = _resolvable(names)
        unanswered = 0
        for time, moment in (await find_moments(job, by_time)).items():
            unanswered += await _walk(job, job.private, moment, [partial(forward, name) for name in by_time[time]])
        if unanswered:
            job.tell(
                f"{job.name}: {unanswered:,} questions about ENS names at old blocks were refused: add an archive endpoint"
            )


async def _walk(job: Job, client: Client, moment: Moment, ways: list[Callable[[], Steps[str | None]]]) -> int:
    """Ask until every way has come to its end; give how many questions were refused."""
    state = state_at(job, client, moment)
    while not state.unanswered and (questions := next_questions(ways, Answers(moment.facts.frame()))):
        await state.ask(questions, lambda _: None)
    return state.unanswered


def _names(job: Job, scope: Scope, names: pl.DataFrame) -> tuple[pl.DataFrame, Asked | None]:
    """Give table `names`, and what came of asking; null where this chain has no ENS."""
    head = Answers(job.answers.frame())
    if job.here.chain_id not in ENS_CHAINS or not head.get(code(ENS_REGISTRY)):
        return TABLES["names"].empty(), None
    now = datetime.fromtimestamp(job.here.seconds, UTC)
    rows = [(address, found, now) for address, way in _ways(scope).items() if (found := follow(way, head)[0])]
    by_time, resolved = _resolvable(names), 0
    answers: Mapping[datetime, Answers] = {
        time: Answers(one.facts.frame()) for time, one in known_moments(job, by_time).items()
    }
    for time, known in answers.items():
        for name in by_time[time]:
            address, question = follow(partial(forward, name), known)
            resolved += question is None
            rows += [(address, name, time)] if address else []
    wanted = names.select("name", "time").n_unique()
    told = "names off chain (CCIP-read) and under wildcards do not resolve" if wanted else ""
    frame = pl.DataFrame(rows, schema=TABLES["names"].schema, orient="row").unique()
    return TABLES["names"].check(frame), Asked("names", wanted, resolved, len(rows), told)
