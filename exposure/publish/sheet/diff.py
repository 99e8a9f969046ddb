"""What of a saved sheet differs from the version that the tool wrote. Pure, by whole columns: people touch a few rows of many.

A written version is a frame of text: the cells as shown, and behind them (in columns that no header can name) whether the
address can be read, whether a person added the row, what people had overridden, and what the tool says there instead.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from exposure.errors import ExposureError
from exposure.publish.sheet.columns import JUDGED, JUDGED_NAMES, PEOPLE_NAMES, VERSION
from exposure.publish.sheet.read import ROW, ReadSheet
from exposure.tables import TABLES

READABLE, ADDED, OVERRIDES, TOOL = "\0readable", "\0added", "\0overrides", "\0tool"
BY = "\0by"
KEY, DIGEST, TAIL = "\0key", "\0digest", "\0tail"
# The tail of `sheet_version` in a row whose address is none.
TYPED = "typed"

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions that the tool wrote, by digest; the newest is `last`."""

    frames: Mapping[str, pl.DataFrame]
    last: str | None

    def newest(self) -> pl.DataFrame | None:
        """Give the newest version; None where nothing was written yet."""
        return self.frames.get(self.last) if self.last else None

    def people(self) -> pl.DataFrame:
        """Give what people had typed by the newest version, for a case whose tables were deleted."""
        newest, table = self.newest(), TABLES["people"]
        if newest is None:
            return table.empty()
        touched = pl.col(ADDED) | (pl.col(OVERRIDES) != "") | pl.any_horizontal(pl.col(PEOPLE_NAMES) != "")
        return table.check(
            newest.filter(READABLE)
            .filter(touched)
            .select(
                "address",
                *(pl.col(name).replace("", None) for name in PEOPLE_NAMES),
                pl.col(ADDED).alias("added"),
                pl.col(OVERRIDES).replace("", None).alias("overrides"),
                _by(newest).alias("overrides_by"),
            )
        )

    def unreadable(self) -> list[Row]:
        """Give the newest version's rows whose address is none."""
        newest = self.newest()
        return [] if newest is None else [typed_cells(row) for row in newest.filter(~pl.col(READABLE)).to_dicts()]


def _by(written: pl.DataFrame) -> pl.Expr:
    """Give who typed over the tool's columns; the first versions did not note it."""
    return pl.col(BY).replace("", None) if BY in written.columns else pl.lit(None, pl.String)


def tail_of(address: str) -> str:
    """Give the end of `sheet_version`, which ties it to its row: it shows where columns were sorted apart."""
    if address.startswith("0x") and len(address) == 42:
        return address[2:10]
    return TYPED + hashlib.sha256(address.encode()).hexdigest()[:6]


def digests(sheet: ReadSheet, versions: Versions) -> set[str]:
    """Give the versions that a sheet's rows came from."""
    if VERSION.name not in sheet.headers.known:
        return {versions.last} if versions.last else set()
    found = sheet.rows.get_column(VERSION.name).drop_nulls().str.strip_chars().str.split(".").list.first()
    return {digest for digest in found.unique().to_list() if digest}


def changed_rows(sheet: ReadSheet, versions: Versions) -> list[Row]:
    """Keep the rows that differ from what was written.

    Each is a row of text, blank cells empty, and has KEY (its address in lowercase), DIGEST and TAIL (of `sheet_version`;
    where that column is gone, the first row of an address counts as one of the newest version). May hold rows that differ
    in notation only; never misses one that differs.
    """
    cells = [name for name in sheet.rows.columns if name != ROW]
    rows = sheet.rows.with_columns(
        pl.col(cells).fill_null("").str.replace_all("\r\n?", "\n"), pl.col(ROW).cast(pl.String)
    ).with_columns(pl.col("address").str.strip_chars().str.to_lowercase().alias(KEY))
    if VERSION.name in cells:
        parts = pl.col(VERSION.name).str.strip_chars().str.splitn(".", 2).struct
        rows = rows.with_columns(parts[0].fill_null("").alias(DIGEST), parts[1].fill_null("").alias(TAIL))
    else:
        first = pl.int_range(pl.len()).over(KEY) == 0
        last = pl.when(first).then(pl.lit(versions.last or "")).otherwise(pl.lit(""))
        rows = rows.with_columns(last.alias(DIGEST), pl.lit("").alias(TAIL))
    left = []
    for (digest,), group in rows.group_by(DIGEST, maintain_order=True):
        written = versions.frames.get(str(digest))
        left.append(group if written is None else _differing(group, written, sheet))
    if not left:
        return []
    return pl.concat(left).sort(pl.col(ROW).cast(pl.UInt32)).to_dicts()


def _differing(rows: pl.DataFrame, written: pl.DataFrame, sheet: ReadSheet) -> pl.DataFrame:
    compared = [name for name in sheet.headers.known if name in written.columns and name != "address"]
    was = written.filter(READABLE).select(
        pl.col("address").alias(KEY), *(pl.col(name).alias(f"\0was {name}") for name in (*compared, OVERRIDES))
    )
    equal = [_untouched(name) for name in compared]
    equal += [pl.col(name).str.strip_chars() == "" for name in sheet.headers.extras]
    equal += [pl.col(f"\0was {OVERRIDES}") == "", (pl.col(TAIL) == "") | (pl.col(TAIL) == pl.col(KEY).str.slice(2, 8))]
    untouched = pl.all_horizontal(equal).fill_null(value=False)
    return rows.join(was, on=KEY, how="left", maintain_order="left").filter(~untouched).select(rows.columns)


_TYPES = {column.name: column.dtype for column in JUDGED}


def _untouched(column: str) -> pl.Expr:
    """Compare a column in the commonest notations, so that few rows need the slow comparison."""
    cell, was, dtype = pl.col(column).str.strip_chars(), pl.col(f"\0was {column}").str.strip_chars(), _TYPES.get(column)
    if isinstance(dtype, pl.Datetime):
        return was == cell.str.replace(r"^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$", "${1}T${2}Z")
    if dtype == pl.Boolean:
        return was == cell.str.to_lowercase().replace({"yes": "true", "no": "false"})
    if dtype == pl.Float64:  # Excel keeps 16 digits
        one, other = was.cast(pl.Float64, strict=False), cell.cast(pl.Float64, strict=False)
        near = one.is_finite() & ((one - other).abs() <= 1e-9 * one.abs())
        return (was == cell) | near.fill_null(value=False)
    return was == cell


def written_rows(rows: Sequence[Row], versions: Versions) -> dict[tuple[str, str], Row]:
    """Give the written row behind each of these rows, by (digest, address)."""
    found = {}
    for digest in {row[DIGEST] for row in rows} & set(versions.frames):
        keys = [row[KEY] for row in rows if row[DIGEST] == digest]
        for base in versions.frames[digest].filter(pl.col(READABLE) & pl.col("address").is_in(keys)).to_dicts():
            found[digest, base["address"]] = base
    return found


def refuse_scrambled(sheet: ReadSheet, rows: Sequence[Row], written: Mapping[tuple[str, str], Row]) -> None:
    """Raise where a sheet was sorted by some of its columns without the others: notes would go to the wrong people."""
    apart = [
        row for row in rows if is_ours(row) and row[TAIL] != tail_of(row[KEY]) and (row[DIGEST], row[KEY]) in written
    ]
    if len(apart) < 2:
        return
    raise ExposureError(
        f"{sheet.name} was sorted by some of its columns without the others",
        f"in {len(apart)} rows, row {apart[0][ROW]} the first, address and sheet_version belong to different wallets: notes "
        "would be given to the wrong people, so nothing was written over it",
        "undo that sort, or put the newest copy (affected.*.xlsx) in its place; the arrows in the header sort whole rows",
    )


def is_ours(row: Row) -> bool:
    """Tell whether the tool wrote this row about a wallet, by its `sheet_version`."""
    return row[TAIL] != "" and not row[TAIL].startswith(TYPED)


def typed_cells(row: Mapping[str, object], *, without: Sequence[str] = ()) -> Row:
    """Keep of a row what a person typed: its address as it stands, and every cell that is not blank."""
    extras = json.loads(str(row.get(OVERRIDES) or "{}"))
    hidden = {VERSION.name, "attention", *without}
    cells = {name: text for name, text in {**row, **extras}.items() if isinstance(text, str) and text.strip()}
    shown = {name: text for name, text in cells.items() if not name.startswith("\0") and name not in hidden}
    return {"address": str(row["address"]), **shown}


def tool_says(written: Row | None, column: str) -> str:
    """Give what the tool said in a cell of its own, also where it showed a person's words."""
    if written is None or column not in JUDGED_NAMES:
        return ""
    says: dict[str, str] = json.loads(written[TOOL] or "{}")
    return says.get(column, written[column])
