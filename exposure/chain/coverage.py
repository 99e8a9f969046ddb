"""What was covered of one chain, in the terms of the table `coverage`. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from exposure.chain.plan import Range, merge, size, subtract
from exposure.tables import TABLES

INTERNAL_NOTE = (
    "internal transfers of ETH were looked for in wallets that must act alone: {found}; what contracts sent to or from any other "
    "wallet inside a transaction is not known (it shows in traces alone)"
)
FILES_NOTE = "exported files hold no EIP-7702 authorizations: a delegation shows where it still stands in the code"
DELTAS_NOTE = (
    "plain payments were found by nonces and balances: calls and payments of nothing by others (messages) are not seen, nor are "
    "payments that passed through an account with code, nor wallets beside these that delegated to an attacker's code"
)
STATE_NOTE = "holdings are of tokens that were seen moving or being approved in the blocks read"
_SHOWN_HOLES = 3


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: the blocks wanted, those that lack something, and what came of it."""

    name: str
    wanted: Sequence[Range]
    holes: Sequence[Range]
    kept: int
    rejected: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """Single things asked or decoded (state, events): how many, and how many of them in vain."""

    name: str
    asked: int
    answered: int
    kept: int
    note: str = ""


def coverage_table(
    chain_id: int, layers: Sequence[Layer], asked: Sequence[Asked], first: datetime, last: datetime
) -> pl.DataFrame:
    """Build the rows of `coverage` of one chain; `first` and `last` are the times that were wanted."""
    rows = [_layer_row(chain_id, layer, first, last) for layer in layers]
    rows += [_asked_row(chain_id, one, last) for one in asked]
    return TABLES["coverage"].frame(rows)


def asked_rows(chain_id: int, asked: Sequence[Asked], last: datetime) -> pl.DataFrame:
    """Build rows of `coverage` for single things that were asked."""
    return TABLES["coverage"].frame([_asked_row(chain_id, one, last) for one in asked])


def _layer_row(chain_id: int, layer: Layer, first: datetime, last: datetime) -> dict[str, Any]:
    wanted, holes = merge(layer.wanted), merge(layer.holes)
    whole, lost = size(wanted), size(holes)
    read = whole - lost
    notes = [layer.note] if layer.note else []
    if holes:
        notes.append(f"not read: blocks {words(holes)}")
    if layer.rejected:
        notes.append(f"{layer.rejected:,} rows of the node's answers could not be read")
    return {
        "source": f"chain:{chain_id}",
        "layer": layer.name,
        "first": first if read else None,
        "last": last if read else None,
        "lines": whole,
        "parsed": read,
        "kept": layer.kept,
        "rejected": lost + layer.rejected,
        "duplicates": 0,
        "gaps": len(holes),
        "note": "; ".join(notes) or None,
    }


def _asked_row(chain_id: int, one: Asked, last: datetime) -> dict[str, Any]:
    return {
        "source": f"chain:{chain_id}",
        "layer": one.name,
        "first": last if one.name == "state" else None,
        "last": last if one.name == "state" else None,
        "lines": one.asked,
        "parsed": one.answered,
        "kept": one.kept,
        "rejected": one.asked - one.answered,
        "duplicates": 0,
        "gaps": 0,
        "note": one.note or None,
    }


def marked(coverage: pl.DataFrame, head: str, number: int) -> pl.DataFrame:
    """Say in every row that the pinned head was not final: `head` is the tag that it was pinned by, `number` its block."""
    if head in ("finalized", "files"):
        return coverage
    note = f"block {number} was not final when it was pinned (--head {head}): run again with --refresh to be sure"
    return coverage.with_columns(note=pl.concat_str("note", pl.lit(note), separator="; ", ignore_nulls=True))


def words(ranges: Sequence[Range]) -> str:
    """Name some ranges: `100 to 199, 300 to 300 and 4 more ranges`."""
    shown = ", ".join(f"{first} to {last}" for first, last in ranges[:_SHOWN_HOLES])
    more = len(ranges) - _SHOWN_HOLES
    return shown + (f" and {more} more ranges" if more > 0 else "")


def without(wanted: Sequence[Range], covered: Sequence[Range]) -> list[Range]:
    """Give what of the wanted blocks is not covered."""
    return [left for whole in merge(wanted) for left in subtract(whole, covered)]
