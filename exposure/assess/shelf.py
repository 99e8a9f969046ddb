"""Where the assessment lays down what may not fit into memory: files of a scratch folder, or memory where there is none."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

# Rows of sightings whose wallets are judged together: with all that is said of them some 500 megabytes.
TOGETHER = 1_500_000
# Requests that are looked up together, and sightings whose sessions are: about a gigabyte each.
LOOKED_UP = 25_000_000


class Shelf:
    """Rows that are worked out once and read as often as wanted.

    `folder` must be there and empty; whoever gives it removes it. `together` and `looked_up` are numbers of rows that are worked on
    at a time; they change nothing in what comes out.
    """

    def __init__(self, folder: Path | None = None, together: int = TOGETHER, looked_up: int = LOOKED_UP) -> None:
        self.together = together
        self.looked_up = looked_up
        self._folder = folder
        self._count = 0

    def keep(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Lay rows down in their order, and give them back, to be read later."""
        if self._folder is None:
            return rows.collect(engine="streaming").lazy()
        path = self._next(self._folder)
        rows.sink_parquet(path, compression="lz4", row_group_size=65_536)
        return pl.scan_parquet(path)

    def keep_parts(self, parts: Iterable[pl.DataFrame]) -> pl.LazyFrame:
        """Lay down parts as they come (at least one), and give them back as one, in their order."""
        return pl.concat([self.keep(part.lazy()) for part in parts])

    def _next(self, folder: Path) -> Path:
        self._count += 1
        return folder / f"{self._count:06}.parquet"
