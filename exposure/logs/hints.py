"""What a record may hold, so that it is worth a closer look: a record without the hint holds none for sure. Pure.

The closer looks are slow, and hardly any line needs one. Where a format is read in machine code, that finds the hints on the way;
for all others they are found here by columns.
"""

import polars as pl

ADDRESS, SECRET = 1, 2
# Words of a phrase that someone may have cut or mistyped; fewer are a page's address.
PHRASE_WORDS = 8
# Where addresses are looked for. The referer is the page before; what else a request holds is its own.
SECRET_IN = ("target", "body", "referer")
MENTIONED = ("target", "body", "ua", "referer")
# True of every line with an address, however it is percent-encoded.
_MAYBE = r"0[xX]|%(?:30|78|58|25)"


def may_hold_address(*columns: str) -> pl.Expr:
    """Tell which rows are worth a closer look; never false for a row with an address."""
    return pl.any_horizontal(pl.col(name).str.contains(_MAYBE).fill_null(value=False) for name in columns)


def may_hold_secret(*columns: str) -> pl.Expr:
    """Tell which rows may hold a secret or an IP address; never false for one with a text that `secrets.redact` would change."""
    return pl.any_horizontal(_may_hold_secret(pl.col(name)).fill_null(value=False) for name in columns)


def _may_hold_secret(text: pl.Expr) -> pl.Expr:
    return (
        text.str.contains(r"[0-9a-fA-F]{41}|prv[1-9A-Za-z]{50}|[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|:[0-9a-fA-F]{0,4}:")
        | (text.str.count_matches(r"[A-Za-z]{3,}") >= PHRASE_WORDS)
        # hidden behind percent-encoding, whatever it is
        | (text.str.count_matches("%", literal=True) >= 3)
    )


def hint_expr() -> pl.Expr:
    """Give the hints of records as one number of bits."""
    address = pl.when(may_hold_address(*MENTIONED)).then(pl.lit(ADDRESS, pl.UInt8)).otherwise(pl.lit(0, pl.UInt8))
    secret = pl.when(may_hold_secret(*SECRET_IN)).then(pl.lit(SECRET, pl.UInt8)).otherwise(pl.lit(0, pl.UInt8))
    return address | secret


def holds(hint: int) -> pl.Expr:
    """Tell which records have a hint."""
    return (pl.col("hints") & hint) > 0
