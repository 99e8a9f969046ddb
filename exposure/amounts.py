"""Exact token amounts: parse, sum, show.

A token amount is a uint256 in base units. Tables hold it as a decimal string (`value`) with a float twin in whole tokens
(`value_f64`) that is for sorting and charts only. This is the only module that adds amounts up.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal, localcontext

import polars as pl

# ERC-7528 names the native asset (ETH, POL, ...) of every chain by this address.
NATIVE = "0x" + "e" * 40
NATIVE_DECIMALS = 18
# From here on an approval counts as unlimited: wallets write 2^256-1, some 2^255 or 2^255-1 + 1.
UNLIMITED = 2**255
UINT256_MAX = 2**256 - 1
# pl.Decimal holds 38 digits and its sum does not check; beyond this Python's integers add.
_DECIMAL_DIGITS = 37


def sum_by(frame: pl.DataFrame, by: Sequence[str], column: str = "value") -> pl.DataFrame:
    """Sum exact amounts by group.

    `frame` has the columns `by` and `column` (decimal strings, base units; null counts as nothing). Returns `by` + `column`
    (decimal strings), sorted by `by`; an empty frame gives an empty one. Raises ValueError where a string is not a whole number.
    """
    rows = frame.select(*by, column).drop_nulls(column)
    if rows.is_empty():
        return rows
    if not rows.get_column(column).str.contains(r"^-?[0-9]+$").all():
        raise ValueError(f"column {column!r} holds something that is not a whole number")
    longest = int(rows.get_column(column).str.len_bytes().max())  # type: ignore[arg-type]
    if longest + len(str(rows.height)) <= _DECIMAL_DIGITS:
        exact = pl.col(column).cast(pl.Decimal(38, 0)).sum().cast(pl.String)
        return rows.group_by(*by).agg(exact).sort(*by)
    totals: dict[tuple[object, ...], int] = {}
    for *key, value in rows.iter_rows():
        totals[tuple(key)] = totals.get(tuple(key), 0) + int(value)
    schema = rows.schema
    records = [(*key, str(total)) for key, total in totals.items()]
    return pl.DataFrame(records, schema=schema, orient="row").sort(*by)


def total(values: Iterable[str]) -> int:
    """Add decimal strings exactly."""
    return sum(int(value) for value in values)


def to_f64(value: int, decimals: int | None) -> float:
    """Give the float twin in whole tokens; unknown decimals count as 0, so that the twin is never made up."""
    with localcontext() as context:
        context.prec = 80
        return float(Decimal(value).scaleb(-(decimals or 0)))


def show(value: int, decimals: int | None, symbol: str) -> str:
    """Write an amount exactly, in whole tokens: `12.5 ETH`. Unknown decimals are said: `7 base units of X`."""
    if decimals is None:
        return f"{value} base units of {symbol}"
    with localcontext() as context:
        context.prec = 400  # decimals may be as large as 255, and nothing may be rounded
        text = format(Decimal(value).scaleb(-decimals), "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text} {symbol}"
