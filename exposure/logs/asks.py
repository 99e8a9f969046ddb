"""What requests ask for: which action each is, and which file. Pure.

Millions of requests ask for a few thousand things, so that each different one is judged once.
"""

from collections.abc import Sequence

import polars as pl

from exposure.incident import Action, Asset
from exposure.logs.actions import fields_of, find_action, path_of
from exposure.logs.formats.records import NUMBERED, number_of

# What browsers run or build pages from. Pictures and fonts carry no attack; `/` is the page itself.
_STATIC = r"(?i)^[^?#]*(?:\.(?:m?js|cjs|css|x?html?|wasm|json|webmanifest|svg|map)|/)(?:\?|$)"


class Asks:
    """Judges what records ask for, by the actions and assets of an incident."""

    def __init__(self, actions: Sequence[Action], assets: Sequence[Asset]) -> None:
        self._more = sorted(fields_of(actions) - set(NUMBERED["ask"]))
        path = path_of()
        self._judged = {
            "action": find_action(actions),
            "static": pl.col("target").str.contains(_STATIC).fill_null(value=False),
            "watched": path.is_in([asset.path for asset in assets]).fill_null(value=False),
            "file": pl.struct("host", path).hash(),
            # `ask` may be another number in another process (combined_scan's seed)
            "name": pl.struct(NUMBERED["ask"]).hash(),
        }

    def judge(self, records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Give records with `ask` (a number for all that counts), `action`, `static`, `watched`, `file` and `name`.

        `file` is a number of host and path, `name` of host and target; both are the same in every process. Gives also each
        different thing asked once: ask, name, file, static, watched, host, target.
        """
        if self._more:
            records = records.with_columns(ask=pl.col("ask") * 31 + number_of(self._more))
        different = records.select("ask", *NUMBERED["ask"], *self._more).unique("ask")
        different = different.lazy().with_columns(**self._judged).collect()
        known = different.select("ask", *self._judged)
        told = records.select("ask").join(known, on="ask", how="left", maintain_order="left")
        return records.with_columns(told), different.select(
            "ask", "name", "file", "static", "watched", "host", "target"
        )
