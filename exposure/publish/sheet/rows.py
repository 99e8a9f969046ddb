"""Wallets and people's words -> the rows of the shared sheet, most urgent first. Pure.

Two frames, row by row the same: `values` holds exact, typed values (what Parquet gets, and Excel's numbers and times);
`written` holds every cell as text, with what is needed to tell later who changed what (see sheet_diff.py).
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from exposure.publish.sheet.columns import (
    ATTENTION,
    JUDGED_NAMES,
    PEOPLE_NAMES,
    VERDICT_ORDER,
    VERSION,
    tool_columns,
)
from exposure.publish.sheet.diff import ADDED, BY, OVERRIDES, READABLE, TOOL, Row, tail_of, tool_says
from exposure.publish.sheet.people import complain

_NO_LONGER = "no longer listed by the tool"
Replacements = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class SheetRows:
    """The rows of the wallets sheet. `extras` are columns that people added, by their headers."""

    values: pl.DataFrame
    written: pl.DataFrame
    extras: tuple[str, ...]
    digest: str

    @property
    def marks(self) -> pl.Series:
        """The column `sheet_version`: this version, and what ties it to the row."""
        tails = [tail_of(address) for address in self.written.get_column("address").to_list()]
        return pl.Series(VERSION.name, [f"{self.digest}.{tail}" for tail in tails], dtype=pl.String)


def build_rows(
    wallets: pl.DataFrame, people: pl.DataFrame, unreadable: Sequence[Row], newest: pl.DataFrame | None
) -> SheetRows:
    """Put wallets, and what people typed about them or beside them, into the rows of the sheet.

    `newest` is the version written last, from which a wallet that the tool no longer lists keeps its last verdict in words.
    """
    overrides = _json_column(people, "overrides")
    values = _values(wallets, people, unreadable)
    extras = tuple(sorted(_extras(overrides, unreadable)))
    said = _text(values)
    tool = {row["address"]: row for row in said.filter(pl.col("address").is_in(list(overrides))).to_dicts()}
    for row in unreadable:
        overrides[row["address"]] = {k: v for k, v in row.items() if k not in ("address", *PEOPLE_NAMES)}
    by = _json_column(people, "overrides_by")
    attention = _attention(values, overrides, tool, newest, by)
    added = people.filter("added").get_column("address")
    addresses = said.get_column("address")
    columns: dict[str, pl.Series] = {"address": addresses}
    for name in (*(column.name for column in tool_columns()[1:]), *PEOPLE_NAMES):
        columns[name] = _replace(said.get_column(name), addresses, overrides, name)
    columns[ATTENTION.name] = pl.Series([attention.get(address, "") for address in addresses], dtype=pl.String)
    written = pl.DataFrame(columns).with_columns(
        values.get_column(READABLE),
        addresses.is_in(added.implode()).alias(ADDED),
        _json_of(addresses, overrides).alias(OVERRIDES),
        _json_of(addresses, _covered_up(tool, overrides)).alias(TOOL),
        _json_of(addresses, by).alias(BY),
    )
    # Never a number: a spreadsheet program that imports 12345678.12345678 keeps a dozen of its digits.
    digest = "v" + hashlib.sha256(written.write_csv().encode()).hexdigest()[:8]
    return SheetRows(values, written, extras, digest)


def _json_column(people: pl.DataFrame, name: str) -> Replacements:
    rows = people.drop_nulls(name).select("address", name).iter_rows()
    return {address: json.loads(text) for address, text in rows}


def _extras(overrides: Replacements, unreadable: Sequence[Row]) -> set[str]:
    typed = {name for row in overrides.values() for name in row} | {name for row in unreadable for name in row}
    return typed - {"address", *JUDGED_NAMES, *PEOPLE_NAMES}


def _values(wallets: pl.DataFrame, people: pl.DataFrame, unreadable: Sequence[Row]) -> pl.DataFrame:
    """Join wallets and people by address, add rows that only people know, and sort: most urgent first.

    Rows that nobody can read an address in come first of all: each may be a victim who asked for help.
    """
    typed = pl.DataFrame(
        [{"address": row["address"], **{name: row.get(name) for name in PEOPLE_NAMES}} for row in unreadable],
        schema={"address": pl.String, **dict.fromkeys(PEOPLE_NAMES, pl.String)},
    )
    ours = wallets.select("address", *JUDGED_NAMES)
    joined = ours.join(people.select("address", *PEOPLE_NAMES), on="address", how="full", coalesce=True)
    rows = pl.concat(
        [
            joined.with_columns(pl.lit(value=True).alias(READABLE)),
            typed.with_columns(pl.lit(value=False).alias(READABLE)),
        ],
        how="diagonal",
    )
    rank = pl.col("verdict").replace_strict({name: i for i, name in enumerate(VERDICT_ORDER)}, default=3.5)
    urgency = pl.col("urgency").fill_null(0.0).fill_nan(0.0)
    return rows.sort(READABLE, -urgency, rank, "address", *PEOPLE_NAMES)


def _text(values: pl.DataFrame) -> pl.DataFrame:
    """Give every cell as text; null is empty."""
    shown = []
    for name in values.columns:
        column = pl.col(name)
        if isinstance(values.schema[name], pl.Datetime):
            column = column.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        shown.append(column.cast(pl.String).fill_null(""))
    return values.select(shown).with_columns(pl.lit("").alias(ATTENTION.name))


def _replace(said: pl.Series, addresses: pl.Series, overrides: Replacements, name: str) -> pl.Series:
    """Put a person's words where they typed over the tool's."""
    if name in PEOPLE_NAMES or not any(name in row for row in overrides.values()):
        return said
    pairs = zip(addresses.to_list(), said.to_list(), strict=True)
    return pl.Series(name, [overrides.get(address, {}).get(name, text) for address, text in pairs], dtype=pl.String)


def _covered_up(tool: dict[str, Row], overrides: Replacements) -> Replacements:
    """Give what the tool says in the cells that show a person's words."""
    return {
        address: {name: row[name] for name in overrides[address] if name in JUDGED_NAMES}
        for address, row in tool.items()
    }


def _json_of(addresses: pl.Series, rows: Replacements) -> pl.Series:
    if not rows:
        return pl.Series([""] * addresses.len(), dtype=pl.String)
    texts = {key: json.dumps(row, sort_keys=True, ensure_ascii=False) for key, row in rows.items() if row}
    return pl.Series([texts.get(address, "") for address in addresses], dtype=pl.String)


def _attention(
    values: pl.DataFrame,
    overrides: Replacements,
    tool: dict[str, Row],
    newest: pl.DataFrame | None,
    by: Replacements,
) -> dict[str, str]:
    """Say what a person should look at, by address."""
    said: dict[str, list[str]] = {}
    for address, row in tool.items():
        for name, text in overrides[address].items():
            if name in JUDGED_NAMES and row["verdict"] and text != row[name]:
                who = by.get(address, {}).get(name)
                person = f"a person ({who})" if who else "a person"
                was = f"{person} says {text!r}" if text else f"{person} cleared it"
                said.setdefault(address, []).append(f"{name}: {was}, the tool says {row[name]!r}")
    alone = values.filter(pl.col(READABLE) & pl.col("verdict").is_null()).get_column("address").to_list()
    before = (
        {}
        if newest is None
        else {row["address"]: row for row in newest.filter(pl.col("address").is_in(alone)).to_dicts()}
    )
    for address in alone:
        said.setdefault(address, []).append(_why_alone(before.get(address)))
    for address in values.filter(~pl.col(READABLE)).get_column("address").to_list():
        said[address] = [f"{complain(address)}. Nothing was looked up for this row"]
    return {address: "; ".join(texts) for address, texts in said.items()}


def _why_alone(before: Row | None) -> str:
    """Say why a wallet has words of people and no verdict."""
    if before is not None and (verdict := tool_says(before, "verdict")):
        return f"{_NO_LONGER}, which last said {verdict!r}: what has changed since? Kept, because people wrote here"
    if before is not None and _NO_LONGER in before[ATTENTION.name]:
        return before[ATTENTION.name].rpartition("; ")[2]
    return "added by a person; the tool says nothing on it yet: `exposure run` looks it up"
