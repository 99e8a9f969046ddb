"""In which blocks an account sent or got ether, by its nonce and balance at a few blocks: halving what lies between. Pure.

Where nonce and balance of a plain account are the same at two blocks nothing happened between them: it cannot lose ether without
sending, and what it gets it keeps until it sends. So blocks are asked about until every change lies in one block, which is then
read in full. What is not seen so: payments of nothing, and what passed through an account with code and left it at once.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import polars as pl

from exposure.chain.plan import Range, merge, subtract

DELTAS = pl.Schema(
    {"key": pl.String, "address": pl.String, "block_number": pl.UInt64, "nonce": pl.UInt64, "balance": pl.Binary}
)

Point = tuple[int, bytes]
Points = Mapping[int, Point]


def key_of(address: str, block: int) -> str:
    """Give the key under which nonce and balance of an address at a block are kept."""
    return f"{address}:{block}"


def points_of(facts: pl.DataFrame) -> dict[str, dict[int, Point]]:
    """Give what is known of each address: nonce and balance by block."""
    found: dict[str, dict[int, Point]] = {}
    for address, block, nonce, balance in facts.select("address", "block_number", "nonce", "balance").iter_rows():
        found.setdefault(address, {})[block] = (nonce, balance)
    return found


class ReadBlocks:
    """The blocks that were read in full; what is missing of a range is found without looking at all of them."""

    def __init__(self, ranges: Iterable[Range]) -> None:
        self._ranges = merge(ranges)
        self._starts = [first for first, _ in self._ranges]

    def missing(self, whole: Range) -> list[Range]:
        """Give what of a range was not read."""
        begin, end = max(0, bisect_right(self._starts, whole[0]) - 1), bisect_right(self._starts, whole[1])
        return subtract(whole, self._ranges[begin:end])


@dataclass(slots=True)
class Look:
    """What is still to be done for one address: blocks to ask its nonce and balance at, and blocks to read in full."""

    ask: list[int] = field(default_factory=list)
    read: list[int] = field(default_factory=list)


def look(points: Points, blocks: Range, full: ReadBlocks) -> Look:
    """Say what to do next to know everything that an address sent and got in a range of blocks."""
    if not full.missing(blocks):
        return Look()
    ends = [block for block in _ends(blocks) if block not in points]
    if ends:
        return Look(ask=ends)
    found = Look()
    for before, after in _changes(points, blocks, full):
        if after - before == 1:
            found.read.append(after)
        else:
            found.ask.append((before + after) // 2)
    return found


def unknown(points: Points, blocks: Range, full: ReadBlocks) -> list[Range]:
    """Give the blocks in which an address may have sent or got something that was not read."""
    if any(block not in points for block in _ends(blocks)):
        return full.missing(blocks)
    return [left for before, after in _changes(points, blocks, full) for left in full.missing((before + 1, after))]


def holes(sides: Iterable[tuple[Iterable[str], Range]], facts: pl.DataFrame, ranges: Sequence[Range]) -> list[Range]:
    """Give the blocks that may hold something of the addresses of each side and were not read."""
    full, known = ReadBlocks(ranges), points_of(facts)
    found: set[Range] = set()
    for addresses, blocks in sides:
        whole = full.missing(blocks) if blocks[0] <= blocks[1] else []
        for address in addresses if whole else ():
            left = unknown(known.get(address, {}), blocks, full)
            found.update(left)
            if left == whole:
                break
    return merge(found)


def _ends(blocks: Range) -> list[int]:
    """Give the blocks after which an address stood as before the range, and as at its end; genesis has no transactions."""
    return sorted({max(0, blocks[0] - 1), blocks[1]})


def _changes(points: Points, blocks: Range, full: ReadBlocks) -> Iterator[tuple[int, int]]:
    """Give neighbours among the known blocks between which something happened that was not read."""
    first, last = _ends(blocks)[0], blocks[1]
    inside = sorted(block for block in points if first <= block <= last)
    for before, after in pairwise(inside):
        if points[before] != points[after] and full.missing((before + 1, after)):
            yield before, after
