"""The sheet as CSV, inert and ready for a person's program, and as Parquet, exact and documented. Pure."""

import io
import json

import polars as pl

from exposure.publish.sheet.columns import PEOPLE, TLP, VERSION, tool_columns
from exposure.publish.sheet.pages import Page
from exposure.publish.sheet.text import QUOTE, checksum, inert_all, quote_csv
from exposure.tables import TABLES, Audience, Column


def csv_of(page: Page, written: pl.DataFrame | None = None) -> bytes:
    """Give a page as CSV: UTF-8 with a mark that Excel understands, times as 2026-03-04T09:12:00Z.

    `written` gives the cells' text where people may have typed over values; else it is made from the page.
    """
    columns = []
    for column in page.columns:
        values = page.frame.get_column(column.name)
        if written is not None and column.name in written.columns:
            values = written.get_column(column.name)
        elif isinstance(values.dtype, pl.Datetime):
            values = values.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        if values.dtype == pl.String:
            values = _inert_texts(values.replace("", None), column, typed=column.name in page.people)
        columns.append(values.alias(quote_csv(column.name)))
    buffer = io.BytesIO()
    pl.DataFrame(columns).write_csv(buffer, include_bom=True, line_terminator="\n")
    return buffer.getvalue()


def _inert_texts(values: pl.Series, column: Column, *, typed: bool) -> pl.Series:
    if column.name in ("address", "attacker"):
        values = pl.Series([text and checksum(text) for text in values.to_list()], dtype=pl.String)
    values = inert_all(values, typed=typed)
    quoted = values.str.replace(QUOTE, "'${1}")
    if column.dtype == pl.String:
        return quoted
    # The tool's own numbers stay as they are, also negative ones; what a person typed over them is text.
    number = values.str.contains(r"^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$")
    return pl.select(pl.when(number).then(values).otherwise(quoted)).to_series()


def parquet_metadata(page: Page, share: Audience) -> dict[str, str]:
    """Give what a reader of the Parquet file should know: meaning and unit of every column, who may see it."""
    columns = {column.name: {"meaning": column.meaning, "unit": column.unit} for column in (*page.columns, *_BESIDE)}
    return {"exposure.columns": json.dumps(columns, sort_keys=True), "exposure.tlp": TLP[share]}


_BESIDE = tuple(column for column in TABLES["people"].columns if column.name in ("added", "overrides", "overrides_by"))
EXACT = tuple(column.name for column in (*tool_columns(), *PEOPLE, VERSION))


def exact_frame(page: Page, people: pl.DataFrame) -> pl.DataFrame:
    """Give the page's rows exact and typed: the tool's values, and beside them what people typed, also over them."""
    names = [column.name for column in page.columns if column.name in EXACT]
    beside = people.select("address", *(column.name for column in _BESIDE))
    frame = page.frame.select(names).join(beside, on="address", how="left", maintain_order="left")
    return frame.with_columns(pl.col("added").fill_null(value=False))
