"""Requests that were delivered twice: counted and merged. Pure but for its pile.

A server's request id tells them apart for sure. Without one, the same line may stand in two exports that overlap; within one file
equal lines are requests of their own (a browser may ask twice within a second). So a line counts as often as it stands in
the file that holds it most often.
"""

from datetime import timedelta

import polars as pl

from exposure.logs.formats.records import shape
from exposure.logs.spill import Spill

# What the pile of keys holds; it is sorted by `hour` (since 1970), since only the same hour can hold a request again.
SEEN = shape(hour=pl.Int32, key=pl.UInt64)
_TAIL = shape(source=pl.UInt32, _text=pl.UInt64, _equal=pl.UInt32)
# Equal lines bear the same second: of the block before, only its end can hold the others.
_END = timedelta(seconds=60)


def name_lines(records: pl.DataFrame, *, by_id: bool) -> pl.DataFrame:
    """Give records with `client` a `name`: a number for their text, or for the server's id of the request (null where it has none).

    Gives source, line, time, name, and what cells are counted from.
    """
    name = pl.col("request_id" if by_id else "text").hash()
    name = pl.when(pl.col("request_id").is_not_null()).then(name) if by_id else name
    return records.select("source", "line", "time", "client", "host", "bytes", "status", name=name)


class Duplicates:
    """What was seen of one set of files. Feed it their blocks in order. Lines without a time are not records, so never here."""

    def __init__(self, seen: Spill, *, request_ids: bool) -> None:
        self._seen = seen
        self._by_id = request_ids
        self._hours: dict[int, set[int]] = {}
        self._tail = _TAIL.to_frame()

    def drop(self, named: pl.DataFrame) -> pl.DataFrame:
        """Give the rows of a block (what `name_lines` gives) that were not seen before."""
        keys = named.get_column("name") if self._by_id else self._line_keys(named)
        keyed = named.with_columns(
            _key=keys,
            _hour=(pl.col("time").dt.epoch("s") // 3600).cast(pl.Int32),
            _named=pl.col("name").is_not_null(),
        )
        first = keyed.filter(~pl.col("_named") | pl.struct("_key", "_named").is_first_distinct())
        fresh = first.filter(~pl.col("_named") | ~pl.col("_key").is_in(self._seen_before(first).implode()))
        self._remember(fresh.filter("_named"))
        return fresh.drop("_hour", "_key", "_named")

    def _line_keys(self, named: pl.DataFrame) -> pl.Series:
        """Give each line a key: its text, and which of the equal lines of its file it is."""
        lines = named.select("source", "time", _text="name")
        lines = lines.with_columns(_nth=pl.int_range(pl.len(), dtype=pl.UInt32).over("source", "_text"))
        lines = lines.join(self._tail, on=["source", "_text"], how="left", maintain_order="left")
        lines = lines.with_columns(_nth=pl.col("_nth") + pl.col("_equal").fill_null(0))
        last = lines.filter(pl.col("source") == pl.col("source").last())
        end = last.filter(pl.col("time") >= pl.col("time").max() - _END)
        self._tail = end.group_by("source", "_text").agg(_equal=pl.col("_nth").max() + 1).cast(_TAIL)
        return lines.select(pl.struct("_text", "_nth").hash()).to_series()

    def _seen_before(self, keyed: pl.DataFrame) -> pl.Series:
        """Give the keys that may stand in these records again: of other files, and with request ids of any."""
        shared: set[int] = set()
        for source, hours in keyed.group_by("source").agg(pl.col("_hour").unique()).iter_rows():
            for other, seen in self._hours.items():
                if self._by_id or other != source:
                    shared |= seen.intersection(hours)
        if not shared:
            return pl.Series(dtype=pl.UInt64)
        return self._seen.scan().filter(pl.col("hour").is_in(sorted(shared))).select("key").collect().to_series()

    def _remember(self, fresh: pl.DataFrame) -> None:
        self._seen.add(fresh.select(hour="_hour", key="_key"))
        for source, hours in fresh.group_by("source").agg(pl.col("_hour").unique()).iter_rows():
            self._hours.setdefault(source, set()).update(hours)
