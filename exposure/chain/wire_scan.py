"""Large plain lists of logs and transactions -> checked columns, by machine code (wire_kernel.py). Pure.

Whatever is not plain gives None, and is read by msgspec: one way of judging, two speeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from threading import Event, Thread
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from exposure.chain.columns import of_bytes
from exposure.machine_code import load

# What a field holds: a number, bytes of one length, bytes of any, a 256-bit number, up to four topics, whether a log was taken
# back, authorizations (the transaction is noted, and read by msgspec too).
NUMBER, BYTES, CONTENT, WORD, TOPICS, REMOVED, AUTHORIZATIONS = range(7)
NOT_PLAIN = -1
# So many NUL bytes after a text: whatever is read of a fixed length ends before them.
PADDING = 80

_WIDTH = 32
_LONG = (BYTES,)


class _Field(NamedTuple):
    """A field of an object, and the column or columns that it fills. `size` is in bytes, of a number in bits."""

    name: str
    kind: int
    columns: tuple[str, ...] = ()
    size: int = 0
    needed: bool = True


_LOG = (
    _Field("address", BYTES, ("address",), 20),
    _Field("topics", TOPICS, ("topic0", "topic1", "topic2", "topic3"), 32),
    _Field("data", CONTENT, ("data",)),
    _Field("blockHash", BYTES, ("block_hash",), 32),
    _Field("blockNumber", NUMBER, ("block_number",), 64),
    _Field("transactionHash", BYTES, ("transaction_hash",), 32),
    _Field("transactionIndex", NUMBER, ("transaction_index",), 32),
    _Field("logIndex", NUMBER, ("log_index",), 32),
    _Field("removed", REMOVED, needed=False),
)
_TX = (
    _Field("blockNumber", NUMBER, ("block_number",), 64),
    _Field("from", BYTES, ("from_address",), 20),
    _Field("hash", BYTES, ("transaction_hash",), 32),
    _Field("input", CONTENT, ("input",)),
    _Field("nonce", NUMBER, ("nonce",), 64),
    _Field("to", BYTES, ("to_address",), 20, needed=False),
    _Field("transactionIndex", NUMBER, ("transaction_index",), 32),
    _Field("value", WORD, ("value",), 32),
    _Field("type", NUMBER, ("transaction_type",), 32, needed=False),
    _Field("authorizationList", AUTHORIZATIONS, needed=False),
)


@dataclass(frozen=True, slots=True)
class Plain:
    """What plain lists hold: columns by name, how many objects were left out, and the text of those that hold authorizations."""

    columns: dict[str, pl.Series]
    left_out: int
    noted: list[bytes]


def scan_logs(raw: memoryview) -> Plain | None:
    """Read a list of logs that is valid JSON."""
    return _scan(_LOG, [raw])


def scan_txs(raws: Sequence[memoryview]) -> Plain | None:
    """Read lists of transactions, each valid JSON, into the same columns."""
    return _scan(_TX, raws)


def prepare() -> None:
    """Wait until the machine code is there. Without it, what comes meanwhile is read by msgspec."""
    _machine_code().wait()


@cache
def _machine_code() -> Event:
    """Load it beside what goes on: its first run on a machine compiles for seconds, in which no answer may wait."""
    there = Event()

    def load_it() -> None:
        _read(_LOG, [memoryview(b"[]")])
        there.set()

    Thread(target=load_it, daemon=True).start()
    return there


def _scan(fields: Sequence[_Field], raws: Sequence[memoryview]) -> Plain | None:
    return _read(fields, raws) if _machine_code().is_set() else None


def _read(fields: Sequence[_Field], raws: Sequence[memoryview]) -> Plain | None:
    room = sum(map(len, raws)) // 2
    # An object is no shorter than its names and what they hold.
    rows = 2 * room // sum(len(field.name) + 2 * field.size for field in fields if field.kind in _LONG and field.needed)
    slots, numbers, fixed = _places(fields)
    values = np.empty((len(numbers), rows), dtype=np.uint64)
    table, there = np.empty((len(fixed), rows * _WIDTH), np.uint8), np.empty((len(fixed), rows), np.bool_)
    content, ends = np.empty(room, dtype=np.uint8), np.zeros(rows + 1, dtype=np.int64)
    places = np.empty((rows, 2), dtype=np.int64)
    names = np.frombuffer("".join(field.name for field in fields).encode(), dtype=np.uint8)
    name_ends = np.cumsum([len(field.name) for field in fields])
    kinds, sizes = np.array([field.kind for field in fields]), np.array([field.size for field in fields])
    needed = sum(field.needed << index for index, field in enumerate(fields))
    scan = load("exposure.chain.wire_kernel").scan
    row = filled = lost = 0
    noted = []
    for raw in raws:
        data = np.empty(len(raw) + PADDING, dtype=np.uint8)
        data[: len(raw)], data[len(raw) :] = np.frombuffer(raw, dtype=np.uint8), 0
        row, filled, left_out, notes = scan(
            data,
            names,
            name_ends,
            kinds,
            slots,
            sizes,
            needed,
            row,
            filled,
            values,
            table,
            there,
            content,
            ends,
            places,
        )
        if row == NOT_PLAIN:
            return None
        lost += left_out
        noted += [data[begin:end].tobytes() for begin, end in places[:notes].tolist()]
    # What is kept is copied: there was room for more than came.
    columns = {}
    for field in fields:
        for name in field.columns:
            if name in numbers:
                column = pl.Series(values[numbers[name], :row])
                columns[name] = column.cast(pl.UInt32) if field.size == 32 else column
            elif name in fixed:
                columns[name] = _fixed(table[fixed[name]], there[fixed[name], :row], field.size)
            else:
                columns[name] = of_bytes(content[:filled].copy(), ends[: row + 1].copy(), None)
    return Plain(columns, lost, noted)


def _places(fields: Sequence[_Field]) -> tuple[NDArray[np.int64], dict[str, int], dict[str, int]]:
    """Give the first place of each field, and the places of numbers and of bytes of one length by their columns."""
    numbers: dict[str, int] = {}
    fixed: dict[str, int] = {}
    slots = []
    for field in fields:
        held = numbers if field.kind == NUMBER else fixed
        slots.append(len(held))
        if field.kind != CONTENT:
            held |= {name: len(held) + index for index, name in enumerate(field.columns)}
    return np.array(slots), numbers, fixed


def _fixed(table: NDArray[np.uint8], there: NDArray[np.bool_], size: int) -> pl.Series:
    ends = np.arange(0, len(there) * size + 1, size, dtype=np.int64)
    return of_bytes(table[: len(there) * size].copy(), ends, None if there.all() else there)
