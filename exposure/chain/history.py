"""Logs and full blocks of a range, pulled into parts: narrower ranges and shorter lists where an endpoint asks for them."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec
import polars as pl

from exposure.chain.authorizations import authorizations
from exposure.chain.batches import ask_many
from exposure.chain.client import CONCURRENT, Client, Endpoint, NoEndpointError, together
from exposure.chain.columns import ascends
from exposure.chain.heads import Headers
from exposure.chain.limits import Limits
from exposure.chain.parts import Parts
from exposure.chain.plan import EMITTER, FULL_BLOCKS, LogTask, Range, Shape, size, slices
from exposure.chain.reactions import Kind
from exposure.chain.rpc import RefusedError
from exposure.chain.wire import HEADERS, LOGS, frame_of_blocks, header_row, read_block, read_logs

Tick = Callable[[int], None]

# So many answers are written at once: a kill loses no more of a task than these.
ANSWERS_A_PART = 20
# In so few blocks one busy address fills the answer: it is taken out of the list instead.
FEW_BLOCKS = 64

# So many single blocks in a row that are too much to answer: then no more of them are tried.
HOPELESS = 3

# An empty answer is worth so many questions to a second endpoint, whose ranges may be narrower.
WITNESS_CALLS = 12

# An endpoint's unknown refusal of logs is most often one more way to say "too much".
_TOO_MUCH = (Kind.RANGE, Kind.HALVE, Kind.FATAL)


class Pull:
    """What one pull of logs came to: ranges that were refused, and why in words (`were refused: …`).

    `goes_on` is asked whenever something was learned of the endpoint: a pull that is not worth its price any more ends early,
    with what came by then kept.
    """

    def __init__(self, goes_on: Callable[[], bool] = lambda: True) -> None:
        self.refused: list[tuple[Range, str]] = []
        self.ended = False
        self._goes_on = goes_on

    def learned(self) -> None:
        """Ask whether to go on, now that another limit is known."""
        self.ended = self.ended or not self._goes_on()


async def pull_logs(
    client: Client, headers: Headers, parts: Parts, tasks: Sequence[LogTask], tick: Tick, outcome: Pull
) -> None:
    """Ask for the logs of every task and keep them as parts. `tick` counts blocks. Raises NoEndpointError."""
    # Where ranges are narrow a task is many answers: they need not wait for each other.
    cut = [
        replace(task, blocks=piece) for task in tasks for piece in slices(task.blocks, _blocks_a_piece(client, task))
    ]
    await together([_Logs(client, headers, parts, tick, outcome).pull(task) for task in cut], CONCURRENT)
    outcome.refused = sorted(set(outcome.refused))


def _blocks_a_piece(client: Client, task: LogTask) -> int:
    """Say how many blocks of a task are asked for one after the other: enough for a part, and work for everybody."""
    at_once = client.limits("eth_getLogs").blocks(task.pattern)
    answers = -(-size([task.blocks]) // at_once)
    return at_once * max(1, min(ANSWERS_A_PART, -(-answers // CONCURRENT)))


class _DisputedError(Exception):
    """One endpoint finds nothing where another finds logs. Its text goes on after "the logs of blocks …"."""

    def __init__(self, empty: str, full: str) -> None:
        super().__init__(
            f"are disputed: {empty} finds none, {full} finds some. They are left out; take the endpoint that is wrong "
            "(most often one that lags, or keeps no old logs) out of incident.toml, and run again"
        )


class _Logs:
    """One task of logs, asked from its first block upwards."""

    def __init__(self, client: Client, headers: Headers, parts: Parts, tick: Tick, outcome: Pull) -> None:
        self._client, self._headers, self._parts, self._tick = client, headers, parts, tick
        self._outcome = outcome

    async def pull(self, task: LogTask) -> None:
        """Ask for a task's logs, writing what came after every few answers."""
        begun, at, last = task.blocks[0], task.blocks[0], task.blocks[1]
        frames: list[pl.DataFrame] = []
        rejected = hopeless = 0
        slow = -1
        while at <= last and not self._outcome.ended:
            limits = self._client.limits("eth_getLogs")
            listed, span = task.listed, min(limits.blocks(task.pattern), last - at + 1)
            if listed > limits.topics:
                await self._keep(task, (begun, at - 1), frames, rejected)
                await self._split(task, at, limits.topics)
                return
            try:
                frame, left_out = await self._ask(task, (at, at + span - 1))
            except _DisputedError as error:
                await self._keep(task, (begun, at - 1), frames, rejected)
                self._outcome.refused.append(((at, at + span - 1), str(error)))
                at = begun = at + span
                frames, rejected = [], 0
                continue
            except RefusedError as error:
                if self._is_crowded(error, listed, span):
                    await self._keep(task, (begun, at - 1), frames, rejected)
                    limits.blame(task.shape.name, replace(task, busy=True).pattern, span)
                    await self._split(replace(task, busy=True), at, -(-listed // 2))
                    return
                if self._learn(task, error, listed, span):
                    self._outcome.learned()
                    continue
                if error.kind is Kind.HALVE and at != slow:
                    # One block, and perhaps it took too long only this once.
                    slow = at
                    continue
                await self._keep(task, (begun, at - 1), frames, rejected)
                hopeless += 1
                skipped = at if error.kind is Kind.HALVE and hopeless < HOPELESS else last
                self._outcome.refused.append(((at, skipped), f"were refused: {error.shown}"))
                at = begun = skipped + 1
                frames, rejected = [], 0
                continue
            hopeless = 0
            limits.widen(task.pattern, span)
            frames.append(frame)
            rejected += left_out
            at += span
            self._tick(span)
            if len(frames) >= ANSWERS_A_PART:
                await self._keep(task, (begun, at - 1), frames, rejected)
                begun, frames, rejected = at, [], 0
        await self._keep(task, (begun, at - 1), frames, rejected)

    def _is_crowded(self, error: RefusedError, listed: int, span: int) -> bool:
        """Tell whether a busy address in the list is to blame rather than the number of blocks."""
        return error.kind is Kind.HALVE and span <= FEW_BLOCKS and listed > 1

    def _learn(self, task: LogTask, error: RefusedError, listed: int, span: int) -> bool:
        """Ask for less from now on; tell whether that is possible."""
        limits = self._client.limits("eth_getLogs")
        if error.kind is Kind.SPLIT_LIST and listed > 1:
            limits.shorter_lists(listed, error.reaction.limit)
        elif error.kind in _TOO_MUCH and span > 1:
            _narrow(limits, task, span, error)
        elif error.kind is Kind.FATAL:
            # Not even a single block is answered, and nobody knows why: this endpoint serves no logs.
            self._client.without("eth_getLogs", error.shown)
        else:
            return False
        return True

    async def _ask(self, task: LogTask, blocks: Range) -> tuple[pl.DataFrame, int]:
        endpoint, good, left_out = await self._ask_one(task, blocks)
        witness = self._client.witness("eth_getLogs", endpoint)
        if good.is_empty() and witness is not None and not await self._agrees(task, blocks, witness):
            # A node behind a balancer may lag for a moment: it is heard once more.
            _, good, left_out = await self._ask_one(task, blocks, endpoint)
            if good.is_empty():
                raise _DisputedError(endpoint.name, witness.name)
        if not ascends(good, "block_number", "log_index"):
            good = good.unique(["block_number", "log_index"], keep="first", maintain_order=True)
        return good, left_out

    async def _ask_one(
        self, task: LogTask, blocks: Range, only: Endpoint | None = None
    ) -> tuple[Endpoint, pl.DataFrame, int]:
        """Ask for the logs of a range; give who answered, what fits the question, and how many logs were left out."""
        query = task.shape.filter(task.addresses, blocks)
        skip = [one for one in self._client.endpoints if only is not None and one is not only]
        endpoint, (frame, left_out) = await self._client.one_from("eth_getLogs", [query], read_logs, skip=skip)
        good = frame.filter(asked_for(task.shape, task.addresses, blocks))
        # Of an unfiltered query the logs of others are no fault of the node.
        return endpoint, good, left_out + (frame.height - good.height if task.shape.position else 0)

    async def _agrees(self, task: LogTask, blocks: Range, witness: Endpoint) -> bool:
        """Tell whether another endpoint too finds nothing in a range; one that cannot say so in a few answers agrees."""
        asked = 0
        at, last = blocks
        while at <= last and asked < WITNESS_CALLS:
            span = min(witness.limits.blocks(task.pattern), last - at + 1)
            asked += 1
            try:
                _, found, _ = await self._ask_one(task, (at, at + span - 1), witness)
            except NoEndpointError:
                return True
            except RefusedError as error:
                if error.kind not in _TOO_MUCH or span == 1:
                    return True
                _narrow(witness.limits, task, span, error)
                continue
            if not found.is_empty():
                return False
            at += span
        return True

    async def _keep(self, task: LogTask, blocks: Range, frames: list[pl.DataFrame], rejected: int) -> None:
        if blocks[0] > blocks[1]:
            return
        end_hash, _ = await self._headers.get(blocks[1])
        frame = pl.concat(frames) if frames else pl.DataFrame(schema=LOGS)
        self._parts.write_logs(task.shape.name, task.addresses, blocks, end_hash, frame, rejected)

    async def _split(self, task: LogTask, at: int, size: int) -> None:
        """Go on with the rest of the range in shorter lists."""
        for start in range(0, len(task.addresses), size):
            part = task.addresses[start : start + size]
            await self.pull(replace(task, addresses=part, blocks=(at, task.blocks[1])))


def _narrow(limits: Limits, task: LogTask, span: int, error: RefusedError) -> None:
    """Learn from a refusal of so many blocks: a limit of the endpoint's own counts everywhere, too much in some blocks does not."""
    learn = limits.crowded if error.kind is Kind.HALVE else limits.narrow
    learn(task.pattern, span, error.reaction.limit)


def asked_for(shape: Shape, addresses: Sequence[str], blocks: Range) -> pl.Expr:
    """Tell which logs a query asked for: a broken node answers with others."""
    if shape.position == EMITTER:
        emitters = pl.Series([bytes.fromhex(address[2:]) for address in addresses], dtype=pl.Binary)
        theirs = pl.col("block_number").is_between(*blocks) & pl.col("address").is_in(emitters.implode())
        return theirs & pl.col("topic0").is_in(_bytes(shape.events)) if shape.events else theirs
    padded = pl.Series([bytes(12) + bytes.fromhex(address[2:]) for address in addresses], dtype=pl.Binary)
    places = (shape.position,) if shape.position else (1, 2, 3)
    named = pl.any_horizontal(pl.col(f"topic{place}").is_in(padded.implode()) for place in places)
    inside = pl.col("block_number").is_between(*blocks) & pl.col("topic0").is_in(_bytes(shape.events))
    return (inside & named).fill_null(value=False)


def _bytes(events: Sequence[str]) -> pl.Series:
    return pl.Series([bytes.fromhex(event[2:]) for event in events], dtype=pl.Binary).implode()


async def pull_blocks(
    client: Client, parts: Parts, ranges: Sequence[Range], interesting: frozenset[bytes], tick: Tick
) -> int:
    """Ask for full blocks and keep them as parts; give how many nobody could answer. `tick` counts blocks.

    Call data is kept of transactions from or to `interesting` addresses. A range of which a block is missing is kept up to it.
    Raises NoEndpointError.
    """
    lost: list[int] = []
    wanted = pl.Series(sorted(interesting), dtype=pl.Binary).implode()

    async def pull(blocks: Range) -> None:
        lost.append(await _pull_range(client, parts, blocks, wanted))
        tick(blocks[1] - blocks[0] + 1)

    await together([pull(cut) for whole in ranges for cut in slices(whole, FULL_BLOCKS)], CONCURRENT)
    return sum(lost)


# A header's row, and the transactions.
_Block = tuple[tuple[int, bytes, int], msgspec.Raw]


def _read_full(raw: msgspec.Raw) -> _Block:
    block = read_block(raw)
    return header_row(block), block.transactions


async def _pull_range(client: Client, parts: Parts, blocks: Range, wanted: pl.Series) -> int:
    numbers = range(blocks[0], blocks[1] + 1)
    answers = await ask_many(client, "eth_getBlockByNumber", [[hex(number), True] for number in numbers], _read_full)
    run: list[_Block] = []
    lost = 0
    for number, answer in zip(numbers, answers, strict=True):
        if isinstance(answer, RefusedError) or answer[0][0] != number:
            lost += 1
            _keep_run(parts, run, client.chain_id, wanted)
            run = []
        else:
            run.append(answer)
    _keep_run(parts, run, client.chain_id, wanted)
    return lost


def _keep_run(parts: Parts, run: Sequence[_Block], chain_id: int, wanted: pl.Series) -> None:
    """Keep blocks that follow each other as one part."""
    if not run:
        return
    found, rejected, delegating = frame_of_blocks([transactions for _, transactions in run])
    # The blocks of a run follow each other.
    blocks = (run[0][0][0], run[-1][0][0])
    frame = found.filter(pl.col("block_number").is_between(*blocks))
    mine = pl.col("from_address").is_in(wanted) | pl.col("to_address").is_in(wanted).fill_null(value=False)
    kept = frame.with_columns(input=pl.when(mine | (pl.col("n_input_bytes") == 0)).then(pl.col("input")))
    auths, unread = authorizations(delegating, chain_id)
    headers = pl.DataFrame([row for row, _ in run], schema=HEADERS, orient="row")
    parts.write_blocks(blocks, headers, kept, auths, rejected + found.height - frame.height + unread)
