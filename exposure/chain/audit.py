"""Check a sample of blocks in full: what was kept of them against their receipts, which the block's header commits to.

A node that lags or drops logs answers with less, and says nothing. Of every stretch that was pulled since the last check some
blocks are asked for again as receipts: one that gave logs, and one that gave none though its bloom filter says that it may hold
some. Where the two answers differ all logs that came since are dropped, and asked for anew. If they differ again the caller tells a
person, and what was answered stays known without covering anything.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import polars as pl
from eth_utils.crypto import keccak

from exposure.chain.batches import ask_many
from exposure.chain.client import Client, NoEndpointError
from exposure.chain.columns import octets
from exposure.chain.heads import Headers
from exposure.chain.history import asked_for
from exposure.chain.parts import Facts, Part, Parts
from exposure.chain.plan import (
    ATTACKER_SHAPES,
    CANDIDATE_SHAPES,
    LOG_BLOCKS,
    MOST_BLOCKS,
    OPEN_SHAPE,
    PROBES,
    Range,
    merge,
    slices,
    subtract,
)
from exposure.chain.proof import WireBlockReceipt, WireSealed, may_hold, read_bloom, receipts_root
from exposure.chain.rpc import RefusedError
from exposure.chain.wire import MalformedError, decoder, frame_of_logs, header_row

AUDITED = pl.Schema({"part": pl.String})

# Where no endpoint gives the receipts of a whole block they are asked one by one, of so many blocks.
SINGLY = 2
# The filter of a full block says maybe to half of everything: of more addresses nothing is learned from it.
_MOST_ADDRESSES = 500
# A part of this kind holds logs of a disputed answer, and covers nothing.
DISPUTED = "x"
_SHAPES = {shape.name: shape for shape in (*ATTACKER_SHAPES, *CANDIDATE_SHAPES, OPEN_SHAPE)}
_CONTENT = ("transaction_hash", "address", "topic0", "topic1", "topic2", "topic3", "data")

_sealed, _receipt, _receipts = decoder(WireSealed), decoder(WireBlockReceipt), decoder(list[WireBlockReceipt])


@dataclass(slots=True)
class Findings:
    """How many blocks were checked, how many could not be, and where two answers differ, in words fit to be shown."""

    checked: int = 0
    unchecked: int = 0
    disputes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Block:
    number: int
    block_hash: bytes
    sealed: WireSealed
    receipts: Sequence[WireBlockReceipt]


async def audit(client: Client, headers: Headers, parts: Parts, seed: bytes, *, last: bool) -> Findings:
    """Check a sample of what was pulled since the last check; `seed` (the pinned hash) decides which blocks.

    With `last` nothing is asked anew in this run, and what a disputed part held is kept. A part whose blocks agree, or cannot be
    checked, is not looked at again. Raises NoEndpointError.
    """
    return await _Audit(client, headers, parts, seed, last=last).run()


class _Audit:
    """One check of what is new."""

    def __init__(self, client: Client, headers: Headers, parts: Parts, seed: bytes, *, last: bool) -> None:
        self._last = last
        self._client, self._headers, self._parts, self._seed = client, headers, parts, seed
        self._seen = Facts(parts.folder / "audited", AUDITED, "part")
        self._logs = [part for part in parts.logs() if part.shape in _SHAPES]
        self._full = parts.blocks()
        self._by_hash = 0
        self._disputed: set[int] = set()
        self.found = Findings()

    async def run(self) -> Findings:
        fresh = [part for part in (*self._logs, *self._full) if part.path.name not in self._seen]
        numbers = await self._choose(fresh) if fresh else []
        differs: set[int] = set()
        for number in numbers:
            block = await self._ask(number)
            if block is None:
                self.found.unchecked += 1
                continue
            self.found.checked += 1
            if self._differs(block):
                differs.add(number)
        # What left one log out may have left out others: nothing that came with it is believed.
        for part in fresh if self._disputed else ():
            if part.shape:
                self._set_aside(part, self._disputed)
        for part in fresh:
            if part.path.exists() and not any(part.blocks[0] <= number <= part.blocks[1] for number in differs):
                self._seen.add({"part": part.path.name})
        self._seen.flush()
        self._drop_settled()
        return self.found

    async def _choose(self, fresh: Sequence[Part]) -> list[int]:
        """Choose blocks of every stretch: one that gave logs, and one that gave none and may hold some."""
        held = set(self._parts.read([part for part in fresh if part.shape]).get_column("block_number"))
        cuts = [cut for whole in merge(part.blocks for part in fresh) for cut in slices(whole, LOG_BLOCKS)]
        chosen = []
        for cut in self._shuffled(cuts)[: MOST_BLOCKS // 2]:
            chosen += self._shuffled(number for number in held if cut[0] <= number <= cut[1])[:1]
            quiet = self._shuffled(number for number in self._probes(cut) if number not in held)
            chosen += (await self._suspicious(quiet, cut) or quiet)[:1]
        return sorted(chosen)

    def _probes(self, cut: Range) -> set[int]:
        size = cut[1] - cut[0] + 1
        if size <= PROBES:
            return set(range(cut[0], cut[1] + 1))
        drawn = (keccak(self._seed + f"{cut}{n}".encode()) for n in range(PROBES))
        return {cut[0] + int.from_bytes(one, "big") % size for one in drawn}

    def _shuffled(self, things: Iterable[int | Range]) -> list:  # type: ignore[type-arg]
        return sorted(things, key=lambda thing: keccak(self._seed + repr(thing).encode()))

    async def _suspicious(self, numbers: Sequence[int], cut: Range) -> list[int]:
        """Give those of some blocks without wanted logs whose bloom filter says that they may hold some."""
        asked = [part for part in self._logs if part.blocks[0] <= cut[1] and part.blocks[1] >= cut[0]]
        wanted = {
            (part.shape, part.addresses): sorted(self._parts.addresses(part.addresses))[:_MOST_ADDRESSES]
            for part in asked
        }
        answers = await ask_many(self._client, "eth_getBlockByNumber", [[hex(one), False] for one in numbers], _sealed)
        found = []
        for number, answer in zip(numbers, answers, strict=True):
            if isinstance(answer, RefusedError):
                continue
            try:
                bloom = read_bloom(answer)
            except MalformedError:
                continue
            if any(
                may_hold(bloom, map(_topic, _SHAPES[shape].events), map(_topic, addresses))
                for (shape, _), addresses in wanted.items()
            ):
                found.append(number)
        return found

    async def _ask(self, number: int) -> _Block | None:
        """Ask for a block's header and all its receipts; None where nobody gives them."""
        try:
            sealed = await self._client.one("eth_getBlockByNumber", [hex(number), False], _sealed)
            _, block_hash, _ = header_row(sealed, number)
            receipts = await self._receipts(sealed, number)
        except (NoEndpointError, RefusedError, MalformedError):
            return None
        return None if receipts is None else _Block(number, block_hash, sealed, receipts)

    async def _receipts(self, sealed: WireSealed, number: int) -> Sequence[WireBlockReceipt] | None:
        try:
            return await self._client.one("eth_getBlockReceipts", [hex(number)], _receipts)
        except (NoEndpointError, RefusedError):
            self._by_hash += 1
        if self._by_hash > SINGLY:
            return None
        rows = [[one] for one in sealed.transactions]
        answers = await ask_many(self._client, "eth_getTransactionReceipt", rows, _receipt, nulls=True)
        given = [answer for answer in answers if not isinstance(answer, RefusedError)]
        return given if len(given) == len(rows) else None

    def _differs(self, block: _Block) -> bool:
        """Compare; note what differs, and have it asked for anew."""
        words = _unproven(block) or self._forked(block)
        if words:
            self._note(block, words)
            return True
        logs, _ = frame_of_logs([log for one in block.receipts for log in one.logs], 0)
        found = [self._compare_logs(block, part, logs) for part in self._logs if _holds(part, block.number)]
        found += [self._compare_txs(block, part) for part in self._full if _holds(part, block.number)]
        return any(found)

    def _forked(self, block: _Block) -> str:
        known = self._headers.known(block.number)
        if known is None or known[0] == block.block_hash:
            return ""
        return (
            f"it had the hash 0x{known[0].hex()} and has 0x{block.block_hash.hex()} now: run again with --refresh, "
            "and if this stays leave only endpoints of one chain in incident.toml"
        )

    def _compare_logs(self, block: _Block, part: Part, logs: pl.DataFrame) -> bool:
        shape, addresses = _SHAPES[part.shape], sorted(self._parts.addresses(part.addresses))
        kept = self._parts.read([part], "", pl.col("block_number") == block.number)
        wanted = logs.filter(asked_for(shape, addresses, (block.number, block.number)))
        ours, theirs = Counter(kept.select(_CONTENT).iter_rows()), Counter(wanted.select(_CONTENT).iter_rows())
        odd = sorted(((ours - theirs) + (theirs - ours)).elements(), key=repr)
        if not odd:
            return False
        self._note(
            block,
            f"{self._client.name('eth_getLogs')} gave {kept.height:,} of the logs that were asked for, and the receipts of "
            f"{self._client.name('eth_getBlockReceipts')} hold {wanted.height:,} (transaction 0x{odd[0][0].hex()} differs). "
            "All logs of this run are asked for again in the next one; if this stays put another endpoint first in incident.toml",
        )
        self._disputed.add(block.number)
        return True

    def _set_aside(self, part: Part, disputed: Collection[int]) -> None:
        """Forget that a part covers anything; what it held outside disputed blocks stays known until its range is asked anew."""
        if self._last:
            rest = self._parts.read([part], "", ~pl.col("block_number").is_in(list(disputed)))
            addresses, end_hash = sorted(self._parts.addresses(part.addresses)), bytes.fromhex(part.end_hash)
            self._parts.write_logs(DISPUTED + part.shape, addresses, part.blocks, end_hash, rest, 0)
        self._parts.drop(part)

    def _drop_settled(self) -> None:
        """Drop what was set aside, where its range has been asked anew."""
        parts = self._parts.logs()
        for old in parts:
            same = [one.blocks for one in parts if DISPUTED + one.shape == old.shape and one.addresses == old.addresses]
            if old.shape.startswith(DISPUTED) and not subtract(old.blocks, same):
                self._parts.drop(old)

    def _compare_txs(self, block: _Block, part: Part) -> bool:
        kept = self._parts.read([part], "txs", pl.col("block_number") == block.number)
        ours = set(kept.get_column("transaction_hash"))
        if ours == {octets(one, 32) for one in block.sealed.transactions} or part.rejected:
            return False
        self._note(
            block,
            f"it came with {len(ours):,} transactions, and {self._client.name('eth_getBlockByNumber')} lists "
            f"{len(block.sealed.transactions):,} of it. The blocks {part.blocks[0]} to {part.blocks[1]} are left out and asked "
            "for again in the next run",
        )
        self._parts.drop(part)
        return True

    def _note(self, block: _Block, words: str) -> None:
        self.found.disputes.append(
            f"{self._client.chain}: two answers about block {block.number} do not agree: {words}"
        )


def _unproven(block: _Block) -> str:
    """Say in what the receipts are not those that the header commits to; empty where they are, or nobody can tell."""
    named = [one.transaction_hash for one in block.receipts]
    if named != block.sealed.transactions:
        return (
            f"it lists {len(block.sealed.transactions):,} transactions, and its {len(named):,} receipts are not theirs"
        )
    try:
        root = receipts_root(block.receipts)
    except MalformedError:
        return "its receipts cannot be read"
    if root is None or root == octets(block.sealed.receipts_root, 32):
        return ""
    return f"its receipts have the root 0x{root.hex()}, and its header names {block.sealed.receipts_root[:66]}"


def _holds(part: Part, number: int) -> bool:
    return part.blocks[0] <= number <= part.blocks[1] and part.path.exists()


def _topic(text: str) -> bytes:
    return bytes.fromhex(text[2:]).rjust(32, b"\0")
