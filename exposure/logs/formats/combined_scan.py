"""Blocks of combined and common lines -> records, without copying their text. Pure."""

from secrets import randbits
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from exposure.logs.formats.records import LINES, fill, tidy_clients, tidy_hosts, with_hints
from exposure.machine_code import load

# Nobody can make texts whose numbers are the same without it.
_SEED = np.uint64(randbits(64))


def scan_combined(
    block: bytes, source: int, first: int, lines: int, *, vhost: bool = False
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read the plain lines of a block of whole lines (UTF-8, without NUL bytes).

    `first` is the number of its first line, `lines` how many there are. Gives records by RECORD, whose text is that of the block,
    and LINES of all other lines.
    """
    kernel = load("exposure.logs.formats.combined_kernel")
    data = np.frombuffer(block, dtype=np.uint8)
    views = np.empty((len(kernel.VIEWS), lines, 2), dtype=np.uint64)
    there = np.empty((len(kernel.VIEWS), lines), dtype=np.bool_)
    numbers = np.empty((len(kernel.NUMBERS), lines), dtype=np.uint64)
    times, sizes, places = np.empty((3, lines), dtype=np.int64)
    status, hints, sized = np.empty(lines, np.uint16), np.empty(lines, np.uint8), np.empty(lines, np.bool_)
    others = np.empty((lines, 3), dtype=np.int64)
    kinds = np.empty(kernel.KINDS, dtype=np.uint8)
    found, left = kernel.scan(
        data, kinds, _SEED, vhost, views, there, numbers, times, status, sizes, sized, places, hints, others
    )
    columns: dict[str, Any] = {
        "line": pl.Series(places[:found] + first, dtype=pl.UInt64),
        "time": pl.Series(times[:found] * 1_000_000).cast(pl.Datetime("us", "UTC")),
        "status": pl.Series(status[:found]),
        "bytes": pl.from_arrow(pa.array(sizes[:found], mask=~sized[:found])),
        "hints": pl.Series(hints[:found]),
    }
    columns |= {name: pl.Series(numbers[row, :found]) for row, name in enumerate(kernel.NUMBERS)}
    buffer = pa.py_buffer(block)
    columns |= {
        name: _strings(views[row, :found], there[row, :found], buffer)
        for row, name in enumerate(kernel.VIEWS)
        if vhost or name != "host"
    }
    rows = fill(pl.DataFrame(columns).with_columns(source=pl.lit(source, pl.UInt32)))
    rows = tidy_clients(tidy_hosts(rows) if vhost else rows)
    if not block.isascii():  # servers escape such bytes: hardly any block has one, and the machine code looks for none
        rows = with_hints(rows)
    texts = [block[begin:end].decode() for _, begin, end in others[:left].tolist()]
    rest = pl.DataFrame({"source": source, "line": others[:left, 0] + first, "text": texts}, schema=LINES)
    return rows, rest


def _strings(views: NDArray[np.uint64], there: NDArray[np.bool_], buffer: Any) -> pl.Series:
    """Make a column of views of one buffer."""
    valid = None if there.all() else pa.py_buffer(np.packbits(there, bitorder="little"))
    array = pa.Array.from_buffers(pa.string_view(), len(views), [valid, pa.py_buffer(views), buffer])
    series = pl.from_arrow(array)
    assert isinstance(series, pl.Series)
    return series
