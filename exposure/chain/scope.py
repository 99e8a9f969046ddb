"""What one pull is about: whose addresses, over which blocks; and what of it the parts on disk already hold."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from exposure.chain.build import Raw
from exposure.chain.deltas import DELTAS, holes
from exposure.chain.files import ExportedFiles
from exposure.chain.history import asked_for
from exposure.chain.lookups import Lookups
from exposure.chain.parts import Facts, Parts
from exposure.chain.plan import (
    ATTACKER_SHAPES,
    CANDIDATE_SHAPES,
    CONTRACT_SHAPE,
    EVENTS,
    ONWARD_SHAPES,
    OPEN_SHAPE,
    PAYERS_SHAPE,
    SAFE_SHAPE,
    Covered,
    LogTask,
    Range,
    Shape,
    answered,
    log_tasks,
    merge,
    open_tasks,
    subtract,
)
from exposure.chain.traced import Traces
from exposure.chain.wire import AUTHS, HEADERS, LOGS, RECEIPTS, TXS

_CANDIDATE_NAMES = tuple(shape.name for shape in CANDIDATE_SHAPES)


@dataclass(frozen=True, slots=True)
class Scope:
    """Candidates over `history`, attackers over `attack` (to the pinned head). A range that ends before it begins is empty.

    `focus` is the block of the first sighting: what came after it matters before what came before it. `contracts` are the dapp's
    own: who used them over `used` is a sighting. `holders` are the attackers whose money is followed, `flagged`
    the candidates whose internal ETH is looked for, the most urgent first.
    """

    candidates: frozenset[str]
    attackers: frozenset[str]
    history: Range
    attack: Range
    focus: int = 0
    contracts: frozenset[str] = frozenset()
    used: Range = (1, 0)
    holders: frozenset[str] = frozenset()
    flagged: tuple[str, ...] = ()

    @property
    def sides(self) -> tuple[tuple[tuple[Shape, ...], frozenset[str], Range], ...]:
        """Give query shapes with their addresses and blocks: attackers first."""
        return (
            (ATTACKER_SHAPES, self.attackers, self.attack),
            (CANDIDATE_SHAPES, self.candidates, self.history),
        )

    @property
    def everybody(self) -> frozenset[str]:
        """Give candidates and attackers."""
        return self.candidates | self.attackers

    @property
    def native(self) -> list[Range]:
        """Give the blocks whose plain payments are wanted."""
        wanted = [(self.candidates, self.history), (self.attackers, self.attack)]
        return merge(blocks for addresses, blocks in wanted if addresses and blocks[0] <= blocks[1])

    @property
    def native_in_order(self) -> list[Range]:
        """Give the same blocks, the most telling first: from the first sighting on, then those before it."""
        later = [(max(first, self.focus), last) for first, last in self.native if last >= self.focus]
        earlier = [(first, min(last, self.focus - 1)) for first, last in self.native if first < self.focus]
        return later + earlier

    def touches(self, one: str, other: str) -> pl.Expr:
        """Tell which rows have a wanted address in one of two columns of bytes, in the blocks wanted of it."""
        found = pl.lit(value=False)
        for addresses, blocks in ((self.candidates, self.history), (self.attackers, self.attack)):
            named = binary(addresses)
            either = pl.col(one).is_in(named) | pl.col(other).is_in(named)
            found |= (either & pl.col("block_number").is_between(*blocks)).fill_null(value=False)
        return found


def binary(addresses: Iterable[str]) -> pl.Expr:
    """Give addresses as bytes, to look others up in."""
    return pl.lit(pl.Series(sorted(bytes.fromhex(one[2:]) for one in addresses), dtype=pl.Binary).implode())


class Store:
    """What is known of one chain: parts and look-ups of earlier pulls, and exported files."""

    def __init__(self, parts: Parts, lookups: Lookups, files: ExportedFiles | None) -> None:
        self.parts = parts
        self.lookups = lookups
        self.traces = Traces(parts.folder / "traces")
        # What was traced of contracts on the attackers' trail, which any endpoint may learn of.
        self.trail = Traces(parts.folder / "trail")
        self.files = files
        # what was asked where plain payments are found by nonces and balances
        self.deltas = Facts(parts.folder / "deltas", DELTAS, "key")

    def covered_logs(self, everybody: frozenset[str]) -> list[Covered]:
        """List what logs were asked for; files hold the logs of everybody."""
        found = [
            Covered(name, self.parts.addresses(part.addresses), part.blocks)
            for part in self.parts.logs()
            for name in (_CANDIDATE_NAMES if part.shape == OPEN_SHAPE.name else (part.shape,))
        ]
        if self.files is not None:
            shapes = (*ATTACKER_SHAPES, *CANDIDATE_SHAPES, CONTRACT_SHAPE, *ONWARD_SHAPES, PAYERS_SHAPE, SAFE_SHAPE)
            found += [
                Covered(shape.name, everybody, blocks) for shape in shapes for blocks in self.files.ranges("logs")
            ]
        return found

    def covered_blocks(self) -> list[Range]:
        """List the blocks whose transactions are known."""
        ranges = [part.blocks for part in self.parts.blocks()]
        if self.files is not None:
            ranges += self.files.ranges("blocks", "transactions")
        return merge(ranges)

    def log_tasks(self, scope: Scope, shapes: Sequence[Shape], topics: int) -> list[LogTask]:
        """Give the log queries that are still to be asked."""
        covered = self.covered_logs(scope.everybody)
        return [
            task
            for mine, addresses, blocks in scope.sides
            if mine == shapes and addresses
            for task in log_tasks(mine, addresses, blocks, covered, topics)
        ]

    def open_tasks(self, scope: Scope) -> list[LogTask]:
        """Give the unfiltered queries that would tell of the candidates what their own queries have not told yet."""
        return open_tasks(scope.candidates, scope.history, self.covered_logs(scope.everybody))

    def contract_tasks(self, scope: Scope) -> list[LogTask]:
        """Give the queries for the logs of the dapp's contracts that are still to be asked."""
        covered = self.covered_logs(scope.contracts)
        return log_tasks((CONTRACT_SHAPE,), scope.contracts, scope.used, covered, len(scope.contracts) or 1)

    def safe_tasks(self, scope: Scope, smart: Collection[str], topics: int) -> list[LogTask]:
        """Give the queries for what `smart` accounts say of their executions that are still to be asked."""
        return log_tasks((SAFE_SHAPE,), smart, scope.history, self.covered_logs(scope.everybody), topics)

    def safe_holes(self, scope: Scope, smart: Collection[str]) -> list[Range]:
        """Give the blocks over which a smart account's executions were not asked for."""
        return subtract(
            scope.history, answered((SAFE_SHAPE,), smart, scope.history, self.covered_logs(scope.everybody))
        )

    def contract_users(self, scope: Scope) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Give the logs of the dapp's contracts, and the transactions that caused them or called the contracts."""
        mine = asked_for(CONTRACT_SHAPE, sorted(scope.contracts), scope.used)
        logs = [self.parts.read((part for part in self.parts.logs() if part.shape == CONTRACT_SHAPE.name), "", mine)]
        called = pl.col("to_address").is_in(binary(scope.contracts)).fill_null(value=False)
        called &= pl.col("block_number").is_between(*scope.used)
        callers = [self.parts.read(self.parts.blocks(), "txs", called)]
        if self.files is not None:
            logs.append(self.files.logs(mine))
            callers.append(self.files.transactions(called)[0])
        emitted = _one(pl.concat(logs), LOGS, "block_number", "log_index")
        caused = self._callers(emitted).join(emitted, on="transaction_hash", how="semi")
        return emitted, _one(pl.concat([*callers, caused]), TXS, "transaction_hash")

    def outflows(self, chain_id: int, addresses: Collection[str], blocks: Range, headers: pl.DataFrame) -> Raw:
        """Give the transactions that addresses sent, and the logs of what left them."""
        asked = pl.any_horizontal(asked_for(shape, sorted(addresses), blocks) for shape in ONWARD_SHAPES)
        logs = [self.parts.read(self.parts.logs(), "", asked)]
        sent = pl.col("from_address").is_in(binary(addresses)) & pl.col("block_number").is_between(*blocks)
        txs = [self.parts.read(self.parts.blocks(), "txs", sent)]
        receipts, heads = [self.lookups.receipts.frame()], [headers, self.parts.read(self.parts.blocks(), "headers")]
        if self.files is not None:
            of_files, their_receipts = self.files.transactions(sent)
            logs, txs = [*logs, self.files.logs(asked)], [*txs, of_files]
            receipts, heads = [*receipts, their_receipts], [*heads, self.files.headers()]
        kept = _one(pl.concat(logs), LOGS, "block_number", "log_index")
        return Raw(
            chain_id=chain_id,
            logs=kept,
            txs=_one(pl.concat(txs), TXS, "transaction_hash"),
            callers=self._callers(kept),
            headers=_one(pl.concat(heads), HEADERS, "block_number"),
            auths=pl.DataFrame(schema=AUTHS),
            receipts=_one(pl.concat(receipts), RECEIPTS, "transaction_hash"),
        )

    def payers(self, samples: Mapping[str, Range], blocks: Range) -> pl.DataFrame:
        """Give who sent transactions to addresses over `blocks`, or tokens in the sample of each (from_address, to_address)."""
        named = pl.col("to_address").is_in(binary(samples)).fill_null(value=False)
        called = named & pl.col("block_number").is_between(*blocks)
        found = [self.parts.read(self.parts.blocks(), "txs", called)]
        asked = pl.any_horizontal(asked_for(PAYERS_SHAPE, [one], sample) for one, sample in samples.items())
        logs = [self.parts.read(self.parts.logs(), "", asked)]
        if self.files is not None:
            found.append(self.files.transactions(called)[0])
            logs.append(self.files.logs(asked))
        paid = pl.concat(logs).select(
            from_address=pl.col("topic1").bin.slice(12), to_address=pl.col("topic2").bin.slice(12)
        )
        return pl.concat([*(one.select(paid.columns) for one in found), paid]).unique()

    def missing_blocks(self, wanted: Iterable[Range]) -> list[Range]:
        """Give the blocks that are still to be asked in full."""
        covered = self.covered_blocks()
        return [left for whole in wanted for left in subtract(whole, covered)]

    def native_holes(self, scope: Scope) -> list[Range]:
        """Give the blocks that may hold plain payments of somebody wanted, and were not read."""
        covered = self.covered_blocks()
        if self.deltas.frame().is_empty():
            return [left for whole in scope.native for left in subtract(whole, covered)]
        sides = [(sorted(scope.candidates), scope.history), (sorted(scope.attackers), scope.attack)]
        return holes(sides, self.deltas.frame(), covered)

    def log_holes(self, scope: Scope) -> list[Range]:
        """Give the blocks over which somebody was not asked."""
        covered = self.covered_logs(scope.everybody)
        found: list[Range] = []
        for shapes, addresses, blocks in scope.sides:
            if addresses and blocks[0] <= blocks[1]:
                found += subtract(blocks, answered(shapes, addresses, blocks, covered))
        return merge(found)

    def rejected_logs(self) -> int:
        """Count what log queries returned and could not be read."""
        return sum(part.rejected for part in self.parts.logs())

    def rejected_blocks(self) -> int:
        """Count transactions of full blocks that could not be read."""
        return sum(part.rejected for part in self.parts.blocks())

    def _wanted_logs(self, scope: Scope) -> pl.Expr:
        found = asked_for(SAFE_SHAPE, sorted(scope.candidates), scope.history)
        for shapes, addresses, blocks in scope.sides:
            for shape in shapes:
                found |= asked_for(shape, sorted(addresses), blocks)
        return found

    def raw(self, chain_id: int, scope: Scope, headers: pl.DataFrame) -> Raw:
        """Give everything that is known of the wanted addresses; `headers` are those that were asked alone."""
        parts, files = self.parts, self.files
        touching = scope.touches("from_address", "to_address")
        txs = [parts.read(parts.blocks(), "txs", touching)]
        receipts = [self.lookups.receipts.frame()]
        heads = [headers, parts.read(parts.blocks(), "headers")]
        if files is not None:
            of_files, their_receipts = files.transactions(touching)
            txs, receipts, heads = [*txs, of_files], [*receipts, their_receipts], [*heads, files.headers()]
        kept = _one(pl.concat(txs), TXS, "transaction_hash")
        logs = self._logs(scope, kept)
        auths = parts.read(parts.blocks(), "auths", touching)
        return Raw(
            chain_id=chain_id,
            logs=logs,
            txs=kept,
            callers=self._callers(logs),
            headers=_one(pl.concat(heads), HEADERS, "block_number"),
            auths=_one(auths, AUTHS, "block_number", "transaction_index", "auth_index"),
            receipts=_one(pl.concat(receipts), RECEIPTS, "transaction_hash"),
        )

    def _logs(self, scope: Scope, txs: pl.DataFrame) -> pl.DataFrame:
        """Read the wanted logs, and all that transactions of attackers logged: whom their contracts took from, and for whom."""
        theirs = pl.Series(attackers_txs(scope, txs), dtype=pl.Binary).implode()
        by_them = pl.col("transaction_hash").is_in(pl.lit(theirs)) & _is_event()
        wanted = self._wanted_logs(scope)
        found = [self.parts.read(self.parts.logs(), "", wanted), self.lookups.logs().filter(by_them)]
        if self.files is not None:
            found.append(self.files.logs(wanted | by_them))
        return _one(pl.concat(found), LOGS, "block_number", "log_index")

    def transactions(self, hashes: pl.Series) -> pl.DataFrame:
        """Read what is known of some transactions (wire.TXS)."""
        found = self._callers(hashes.to_frame())
        return _one(found.filter(pl.col("transaction_hash").is_in(hashes.implode())), TXS, "transaction_hash")

    def _callers(self, logs: pl.DataFrame) -> pl.DataFrame:
        """Read the transactions that carried these logs, and those that were looked up."""
        hashes = logs.get_column("transaction_hash").unique().sort()
        carried = pl.col("transaction_hash").is_in(pl.lit(hashes.implode()))
        found = [self.lookups.transactions.frame(), self.parts.read(self.parts.blocks(), "txs", carried)]
        if self.files is not None:
            found.append(self.files.transactions(carried)[0])
        return pl.concat(found)


def attackers_logs(scope: Scope, logs: pl.DataFrame) -> list[bytes]:
    """Give the transactions whose logs tell of attackers: whoever serves the attackers' side has seen them already."""
    asked = pl.lit(value=False)
    for shape in ATTACKER_SHAPES:
        asked |= asked_for(shape, sorted(scope.attackers), scope.attack)
    return logs.filter(asked).get_column("transaction_hash").unique().to_list()


def attackers_txs(scope: Scope, txs: pl.DataFrame) -> list[bytes]:
    """Give the transactions that attackers sent, or whose contracts were called."""
    named = binary(scope.attackers)
    theirs = (pl.col("from_address").is_in(named) | pl.col("to_address").is_in(named)).fill_null(value=False)
    inside = pl.col("block_number").is_between(*scope.attack)
    return txs.filter(theirs & inside).get_column("transaction_hash").to_list()


def _is_event() -> pl.Expr:
    known = pl.Series([bytes.fromhex(event[2:]) for event in EVENTS], dtype=pl.Binary)
    return pl.col("topic0").is_in(pl.lit(known.implode())).fill_null(value=False)


def _one(frame: pl.DataFrame, schema: pl.Schema, *key: str) -> pl.DataFrame:
    """Give one row a key, in order: parts of different rounds may hold the same."""
    rest = [name for name in schema if name not in key]
    ordered = frame.select(schema.names()).sort([*key, *rest], nulls_last=True)
    return ordered.unique(key, keep="first", maintain_order=True)
