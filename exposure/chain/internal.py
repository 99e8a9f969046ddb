"""Ether that contracts sent on, of the wallets that matter: asked of endpoints that trace, and kept like everything else.

Where an endpoint searches traces (`trace_filter`) every such movement of these wallets is found; elsewhere the transactions
that are known of them are traced one by one (`trace_transaction`, or `debug_traceTransaction`), or run again (`eth_simulateV1`).
What no endpoint offers is noted for the pinned head, so that it is asked again when endpoints change or the case moves on.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from exposure.amounts import NATIVE
from exposure.chain.batches import ROW_TRIES, ask_many
from exposure.chain.build import Raw, decimal, hexed
from exposure.chain.client import Client, NoEndpointError
from exposure.chain.coverage import INTERNAL_NOTE, Asked
from exposure.chain.events import MOVES
from exposure.chain.limits import FIRST_RANGE, Limits
from exposure.chain.plan import SEARCHED_AT_ONCE, TRACED_TXS, TRACED_WALLETS, Range, size
from exposure.chain.reactions import Kind
from exposure.chain.rpc import RefusedError
from exposure.chain.scope import Scope, Store, binary
from exposure.chain.simulation import SIMULATE, simulate
from exposure.chain.traced import Traces
from exposure.chain.traces import Parity, hashes_of, inner_of_flat, inner_of_tree, read_flat, read_tree
from exposure.chain.wire import MalformedError
from exposure.tables import TABLES

SEARCH, FLAT, TREE = "trace_filter", "trace_transaction", "debug_traceTransaction"
_NARROWER = (Kind.RANGE, Kind.HALVE)


@dataclass(slots=True)
class Tracing:
    """One chain's traces in one stage: whom they are about, over which blocks, and at which pinned head."""

    store: Store
    traces: Traces
    wallets: tuple[str, ...]
    blocks: Range
    head: str
    lost: int = 0

    async def ask(self, client: Client, known: Callable[[], pl.DataFrame]) -> None:
        """Search for movements, and trace the transactions in which there may be any. Raises NoEndpointError.

        `known` gives the transactions that are known of the wallets (transaction_hash), asked only where nobody can search.
        """
        try:
            searched = await self._search(client)
            wanted = self.traces.found.frame() if searched else known()
            await self._trace(client, wanted.get_column("transaction_hash").to_list())
        finally:
            self.traces.flush()

    def offered(self, client: Client) -> bool:
        """Tell whether anybody may search traces, as far as is known."""
        return not self._lacks(client, SEARCH)

    def _key(self, client: Client, method: str) -> str:
        names = ",".join(sorted(endpoint.name for endpoint in client.endpoints))
        return f"{method}@{self.head}:{names}"

    def _lacks(self, client: Client, method: str) -> bool:
        return self._key(client, method) in self.traces.absent

    def _learn(self, client: Client, method: str, error: Exception) -> None:
        """Note that nobody offers a method. Raises NoEndpointError where nobody answers anything."""
        if isinstance(error, NoEndpointError) and all(endpoint.parked for endpoint in client.endpoints):
            raise error
        why = error.shown if isinstance(error, RefusedError) else getattr(error, "why", str(error))
        client.without(method, why)
        self.traces.absent.add({"key": self._key(client, method), "why": why[:500]})

    async def _search(self, client: Client) -> bool:
        """Find the transactions in which ether moved from or to the wallets; tell whether anybody can."""
        groups = self.traces.unsearched(self.wallets, self.blocks)
        if not groups or self._lacks(client, SEARCH):
            return not groups
        for left, members in groups.items():
            for at in range(0, len(members), SEARCHED_AT_ONCE):
                part = members[at : at + SEARCHED_AT_ONCE]
                for blocks in left:
                    if not await self._search_range(client, part, blocks):
                        return False
        return True

    async def _search_range(self, client: Client, wallets: Sequence[str], blocks: Range) -> bool:
        at, last = blocks
        slow = 0
        while at <= last:
            limits = client.limits(SEARCH)
            span = min(blocks_at_once(limits), last - at + 1)
            try:
                for side in ("fromAddress", "toAddress"):
                    query = {"fromBlock": hex(at), "toBlock": hex(at + span - 1), side: list(wallets)}
                    # Traces that cannot be read are no reason to ask this endpoint nothing else any more.
                    endpoint, answer = await client.one_from(SEARCH, [query], bytes)
                    traces = _readable(answer)
                    if traces is None:
                        raise endpoint.provider.refused(Kind.FATAL, "its traces cannot be read", of_call=True)
                    for one in hashes_of(traces):
                        self.traces.found.add({"transaction_hash": one})
            except RefusedError as error:
                # Less than a block cannot be asked for; that it took too long once does not mean that it always will.
                slow += span == 1
                if error.kind in _NARROWER and slow < ROW_TRIES:
                    said = error.reaction.limit
                    limits.ranges[SEARCH] = said if said and said < span else max(1, span // 2)
                    continue
                self._learn(client, SEARCH, error)
                return False
            except NoEndpointError as error:
                self._learn(client, SEARCH, error)
                return False
            slow = 0
            self.traces.found.flush()
            for wallet in wallets:
                self.traces.searched.add(
                    {"key": f"{wallet}:{at}:{at + span - 1}", "address": wallet, "first": at, "last": at + span - 1}
                )
            at += span
        return True

    async def _trace(self, client: Client, hashes: Iterable[bytes]) -> None:
        """Trace transactions by whichever method is offered; what none answers is counted in `lost`."""
        wanted = sorted(one for one in hashes if one not in self.traces.traced)[:TRACED_TXS]
        for method in (FLAT, TREE):
            if wanted and not self._lacks(client, method):
                wanted = await self._trace_by(client, method, wanted)
        if wanted and not self._lacks(client, SIMULATE):
            wanted = await self._simulate(client, wanted)
        self.lost += len(wanted)

    async def _simulate(self, client: Client, wanted: Sequence[bytes]) -> list[bytes]:
        """Run the blocks of transactions again; give those of which nothing is known still."""
        try:
            found = await simulate(client, self.store, wanted)
        except (NoEndpointError, RefusedError) as error:
            self._learn(client, SIMULATE, error)
            return list(wanted)
        for one, moved in found.items():
            self.traces.keep(one, moved, SIMULATE)
        if not found:
            self.traces.absent.add({"key": self._key(client, SIMULATE), "why": "no transaction came out as it did"})
        return [one for one in wanted if one not in found]

    async def _trace_by(self, client: Client, method: str, wanted: Sequence[bytes]) -> list[bytes]:
        """Trace transactions by one method; give those that are still to be traced."""
        more: list[Any] = [] if method == FLAT else [{"tracer": "callTracer"}]
        left: list[bytes] = []
        size = max(1, client.limits(method).batch)
        for at in range(0, len(wanted), size):
            part = wanted[at : at + size]
            try:
                answers = await ask_many(client, method, [["0x" + one.hex(), *more] for one in part], bytes, nulls=True)
            except NoEndpointError as error:
                self._learn(client, method, error)
                return [*left, *wanted[at:]]
            for one, answer in zip(part, answers, strict=True):
                if isinstance(answer, RefusedError) or not self._read(one, answer, method):
                    left.append(one)
        if len(left) == len(wanted):
            self.traces.absent.add({"key": self._key(client, method), "why": "it gives no traces that can be read"})
        return left

    def _read(self, transaction_hash: bytes, answer: bytes, method: str) -> bool:
        """Keep what one answer says; tell whether it could be read."""
        try:
            if method == FLAT:
                traces = read_flat(answer)
                if not traces:
                    return False
                moved = inner_of_flat(traces, transaction_hash)
            else:
                moved = inner_of_tree(read_tree(answer))
        except MalformedError:
            return False
        self.traces.keep(transaction_hash, moved, method)
        return True


def blocks_at_once(limits: Limits) -> int:
    """Say over how many blocks traces are searched at once; what an endpoint says of logs is said of logs."""
    return limits.ranges.get(SEARCH, FIRST_RANGE)


def searches(limits: Limits, blocks: Range) -> int:
    """Count the calls of a search: who sent, and who got."""
    return 2 * -(-size([blocks]) // blocks_at_once(limits))


def _readable(answer: bytes) -> list[Parity] | None:
    """Read traces; None where they are none."""
    try:
        return read_flat(answer)
    except MalformedError:
        return None


def known_transactions(raw: Raw, wallets: Iterable[str]) -> pl.DataFrame:
    """Give the transactions of wallets in which code may have run: transaction_hash, wallet (bytes)."""
    mine = binary(wallets)
    ran = raw.txs.filter(pl.col("n_input_bytes") > 0).select("transaction_hash", wallet="from_address")
    called = raw.txs.select("transaction_hash", wallet="to_address")
    logged = [raw.logs.select("transaction_hash", wallet=pl.col(f"topic{n}").bin.tail(20)) for n in (1, 2, 3)]
    rows = pl.concat([ran, called, *logged]).filter(pl.col("wallet").is_in(mine).fill_null(value=False))
    return rows.unique().sort("transaction_hash", "wallet")


def inner_moves(
    store: Store, wallets: Iterable[str], blocks: Range, traces: Traces | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give the ether that moved from or to wallets inside transactions (build.MOVES, trace_address), and these (wire.TXS)."""
    mine = binary(wallets)
    touching = (
        (traces or store.traces)
        .inner.frame()
        .filter(pl.col("from_address").is_in(mine) | pl.col("to_address").is_in(mine))
    )
    txs = store.transactions(touching.get_column("transaction_hash"))
    placed = touching.join(
        txs.select("transaction_hash", "block_number", "transaction_index"), on="transaction_hash", how="inner"
    ).filter(pl.col("block_number").is_between(*blocks))
    moves = placed.select(
        "block_number",
        "transaction_index",
        hexed("transaction_hash"),
        log_index=pl.lit(None, pl.UInt32),
        standard=pl.lit("native"),
        token_address=pl.lit(NATIVE),
        from_address=hexed("from_address"),
        to_address=hexed("to_address"),
        token_id=pl.lit(None, pl.String),
        value=decimal("value"),
        trace_address="path",
    )
    return moves.match_to_schema(pl.Schema([*MOVES.items(), ("trace_address", pl.String)])), txs


def trace_table(store: Store, scope: Scope, raw: Raw, chain_id: int) -> tuple[pl.DataFrame, Asked]:
    """Build table `traces`, and what came of asking."""
    wallets = scope.flagged[:TRACED_WALLETS]
    if not wallets:
        return TABLES["traces"].empty(), Asked("internal", 0, 0, 0, INTERNAL_NOTE.format(found="so far there are none"))
    traces = store.traces
    unsearched = {one for group in traces.unsearched(wallets, scope.history).values() for one in group}
    known = known_transactions(raw, wallets).with_columns(done=pl.col("transaction_hash").is_in(_done(traces)))
    counts = {
        f"0x{wallet.hex()}": (all_, done)
        for wallet, all_, done in known.group_by("wallet").agg(pl.len(), done=pl.col("done").sum()).iter_rows()
    }
    lost = traces.found.frame().filter(~pl.col("transaction_hash").is_in(_done(traces))).height
    # Of a wallet of which no transaction is known nothing need be traced, where anything can be.
    tracing = not traces.traced.frame().is_empty()
    rows = []
    for wallet in wallets:
        every, done = counts.get(wallet, (0, 0))
        searched = wallet not in unsearched and scope.history[0] <= scope.history[1]
        whole = done == every and bool(every or tracing)
        how = "searched" if searched and not lost else "known" if whole else "partly" if done else "none"
        rows.append({"chain_id": chain_id, "address": wallet, "how": how, "transactions": every, "traced": done})
    table = TABLES["traces"].frame(rows)
    # Wallets that nobody can trace are no part of the chain that failed to be read: the note says how many there are.
    seen = table.filter(pl.col("how") != "none").height
    kept = inner_moves(store, wallets, scope.history)[0].height
    return table, Asked("internal", seen, seen, kept, INTERNAL_NOTE.format(found=_told(table)))


def _done(traces: Traces) -> pl.Expr:
    return pl.lit(traces.traced.frame().get_column("transaction_hash").implode())


def _told(table: pl.DataFrame) -> str:
    """Say how the wallets' internal ETH was looked for."""
    counts = dict(table.group_by("how").len().iter_rows())
    told = {
        "searched": "searched in full",
        "known": "in every transaction that was seen of them",
        "partly": "in a part of the transactions that were seen of them",
        "none": "not at all, since no endpoint traces",
    }
    return ", ".join(f"{counts[how]:,} of {table.height:,} {text}" for how, text in told.items() if how in counts)
