"""How the blocks of logs become digests: here, by this machine's cores, or elsewhere by whoever does the same."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from exposure.incident import Incident
from exposure.logs.ahead import cores, in_order, one_ahead
from exposure.logs.digest import Digest, Digester, Wanted, parse
from exposure.logs.reading.blocks import Block
from exposure.logs.reading.places import Listener
from exposure.logs.reading.sources import SourceFile, read_blocks


@dataclass(frozen=True, slots=True)
class Taken:
    """What is kept of a block of `lines` lines; `file` is the first of its files."""

    file: SourceFile
    digest: Digest
    lines: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read, and for what: `key` is the case's, for pseudonyms; `block` bytes are read at once.

    `wanted` says what is wanted of a block, now that those before it are taken in; more does no harm.
    """

    incident: Incident
    files: Sequence[SourceFile]
    key: bytes
    block: int
    listener: Listener
    wanted: Callable[[Block], Wanted]


class Reader(Protocol):
    """Someone who reads logs: whoever it is, the same digests come in the same order. What is found out of a file is filled in."""

    def __call__(self, reading: Reading) -> Iterator[Taken]:
        """Read all files."""


def read_here(reading: Reading) -> Iterator[Taken]:
    """Read on this machine, ahead of whoever takes the digests."""
    digester = Digester(reading.incident.actions, reading.incident.assets, reading.key)
    blocks = one_ahead(read_blocks(reading.files, reading.block, reading.listener))
    for batch in one_ahead(in_order(parse, blocks, _at_once)):
        block = batch.block
        digest = digester.digest(batch, reading.wanted(block))
        yield Taken(reading.files[block.pieces[0].source], digest, block.lines)


def _at_once(block: Block) -> int:
    """Say how many blocks are parsed at once: what machine code reads is soon done, and a core is wanted for what follows."""
    return max(1, cores() - 1) if block.format.scan else cores()
