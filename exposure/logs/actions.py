"""Which action a request is: the first [[action]] whose patterns all match. Pure."""

from collections.abc import Sequence

import polars as pl

from exposure.incident import Action

_PARTS = pl.col("target").str.splitn("?", 2)


def path_of() -> pl.Expr:
    """Give the path of `target`, without the query."""
    return _PARTS.struct.field("field_0")


# What a pattern's key looks at. Access logs have no events: a pattern on event or version matches none of their lines.
_FIELDS = {
    "host": pl.col("host"),
    "path": path_of(),
    "query": _PARTS.struct.field("field_1").fill_null(""),
    "method": pl.col("method"),
    "status": pl.col("status").cast(pl.String),
    "referer": pl.col("referer"),
    "event": pl.col("event"),
    "version": pl.col("version"),
}


def fields_of(actions: Sequence[Action]) -> set[str]:
    """Give the columns of records that the patterns of these actions look at."""
    return {name for action in actions for key in action.match for name in _FIELDS[key].meta.root_names()}


def find_action(actions: Sequence[Action]) -> pl.Expr:
    """Give an expression over records: the name of the first action that matches, null where none does.

    Every pattern of an action must match; a field that a line does not have matches no pattern.
    """
    found = pl.lit(None, pl.String)
    for action in reversed(actions):
        matches = [_FIELDS[key].str.contains(pattern).fill_null(value=False) for key, pattern in action.match.items()]
        found = pl.when(pl.all_horizontal(matches)).then(pl.lit(action.name)).otherwise(found)
    return found
