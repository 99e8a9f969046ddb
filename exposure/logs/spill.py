"""Rows that outgrow memory: kept in it while they are few, else in files of a scratch folder, and read back lazily."""

from pathlib import Path

import polars as pl

# Rows of one kind that are held in memory: at 60 bytes a row about 60 megabytes.
_HELD = 1_000_000


class Spill:
    """A growing pile of rows of one schema. Parts are sorted by `by`, so that a filter on it reads little of each.

    `rows` counts all of them.
    """

    def __init__(self, folder: Path, name: str, schema: pl.Schema, by: str, held: int = _HELD) -> None:
        self._folder = folder
        self._name = name
        self._schema = schema
        self._by = by
        self._limit = held
        self._held: list[pl.DataFrame] = []
        self._waiting = 0
        self.rows = 0
        self._parts: list[Path] = []

    def add(self, rows: pl.DataFrame) -> None:
        """Put rows on the pile. Their text is held as it is: views of a block hold all of it (records.compact)."""
        self._held.append(rows.select(self._schema.names()).cast(self._schema))
        self._waiting += rows.height
        self.rows += rows.height
        if self._waiting > self._limit:
            path = self._folder / f"{self._name}-{len(self._parts)}.parquet"
            pl.concat(self._held).sort(self._by).write_parquet(path, compression="lz4", row_group_size=65_536)
            self._parts.append(path)
            self._held, self._waiting = [], 0

    def scan(self) -> pl.LazyFrame:
        """Give all rows, in no order."""
        held = [self._schema.to_frame(), *self._held]
        return pl.concat([*(pl.scan_parquet(part) for part in self._parts), pl.concat(held).lazy()])
