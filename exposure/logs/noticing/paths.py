"""What is asked of the site most often, so that a pattern which matches nothing can be told what it may have meant. Pure."""

from collections import Counter
from dataclasses import dataclass, field

import polars as pl

from exposure.logs.actions import path_of
from exposure.logs.formats.records import shape
from exposure.logs.secrets.redaction import redact

PATHS = shape(method=pl.String, path=pl.String, requests=pl.UInt32)
# So many of a block, and of all logs: paths that hold an address or a number are without end, and hints need few.
_OF_BLOCK, _MOST = 200, 5_000
# Longer paths are no hint that a person reads.
_LONGEST = 120


def frequent_paths(judged: pl.DataFrame) -> pl.DataFrame:
    """Give the paths (PATHS) that a block's judged records ask for most often, files of the page left out; redacted."""
    asked = judged.filter(~pl.col("static") & (path_of().str.len_chars() <= _LONGEST))
    asked = asked.group_by("ask").agg(pl.col("method").first(), pl.col("target").first(), requests=pl.len())
    paths = asked.group_by("method", path=path_of()).agg(pl.col("requests").sum().cast(pl.UInt32))
    most = paths.sort("requests", "method", "path", descending=[True, False, False]).head(_OF_BLOCK)
    clean = [redact(path)[0] for path in most.get_column("path")]
    return most.with_columns(path=pl.Series(clean, dtype=pl.String)).select(PATHS.names())


@dataclass(slots=True)
class Paths:
    """The methods and paths of all blocks, up to a number of them."""

    counted: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, rows: pl.DataFrame | None) -> None:
        """Count a block's (PATHS); None counts nothing."""
        if rows is None:
            return
        for method, path, requests in rows.iter_rows():
            key = (method or "", path)
            if key in self.counted or len(self.counted) < _MOST:
                self.counted[key] += requests
