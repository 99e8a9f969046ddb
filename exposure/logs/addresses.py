"""Wallet addresses in hostile text. Pure.

An address is 0x and exactly 40 hex digits that are no part of a longer word: a transaction hash is 64 of them. Upper and lower
case say nothing; mixed case is a checksum (EIP-55), and a wrong one is a typo: someone's address, but not this one.
"""

from functools import lru_cache
from urllib.parse import unquote

import polars as pl

from exposure.logs.hints import MENTIONED, may_hold_address
from exposure.logs.records import shape

_ADDRESS = r"(?-u:\b)0[xX][0-9a-fA-F]{40}(?-u:\b)"
# They stand for nobody: the zero address, the usual sign for the native asset, and two that tokens are burnt at.
_NOBODY = ["0x" + "0" * 40, "0x" + "e" * 40, "0x" + "0" * 36 + "dead", "0xdead" + "0" * 32 + "dead"]
_NOBODY += ["0x" + "0" * 39 + "1", "0x" + "f" * 40]

# An address in a line. `in_target`: in the request itself, not only in the referer; `typo`: its checksum is wrong.
MENTIONS = shape(source=pl.UInt32, line=pl.UInt64, address=pl.String, in_target=pl.Boolean, typo=pl.Boolean)


def decode(text: str) -> str:
    """Undo percent-encoding, also where it was done twice or three times."""
    for _ in range(3):
        if "%" not in text:
            break
        text = unquote(text, errors="replace")
    return text


def find_mentions(rows: pl.DataFrame) -> pl.DataFrame:
    """Find the addresses in those of the MENTIONED columns that rows have, beside `source` and `line`.

    Gives MENTIONS, each address of a line once, lowercase; addresses that stand for nobody are left out. No rows give none.
    """
    found = _words(rows)
    words = found.select(pl.col("word").unique())
    digits = pl.col("word").str.slice(2)
    mixed = (digits != digits.str.to_lowercase()) & (digits != digits.str.to_uppercase())
    checked = words.filter(mixed)["word"]
    typos = checked.filter(pl.Series([_is_typo(word) for word in checked], dtype=pl.Boolean))
    mentions = found.with_columns(
        address=pl.col("word").str.to_lowercase(), typo=pl.col("word").is_in(typos.implode())
    ).filter(~pl.col("address").is_in(_NOBODY))
    once = mentions.group_by("source", "line", "address").agg(pl.col("in_target").any(), pl.col("typo").all())
    return once.select(MENTIONS.names())


def find_in_text(text: str) -> list[str]:
    """Give the addresses in a text that could not be read as a request, lowercase, without typos; each once."""
    words = pl.Series([decode(text).replace("_", " ")]).str.extract_all(_ADDRESS).explode().drop_nulls()
    good = {word.lower() for word in words if not _is_typo(word)}
    return sorted(good - set(_NOBODY))


def _words(rows: pl.DataFrame) -> pl.DataFrame:
    """Give every word of 40 hex digits in the texts of rows: source, line, in_target, word."""
    texts = pl.concat(
        rows.filter(may_hold_address(name)).select("source", "line", text=name, in_target=pl.lit(name != "referer"))
        for name in MENTIONED
        if name in rows.columns
    )
    encoded = pl.col("text").str.contains("%", literal=True)
    plain, other = texts.filter(~encoded), texts.filter(encoded)
    decoded = other.with_columns(pl.Series("text", [decode(text) for text in other["text"]], dtype=pl.String))
    # an underscore joins words for regular expressions, not for people who build names such as user_0x...
    spaced = pl.concat([plain, decoded]).with_columns(pl.col("text").str.replace_all("_", " ", literal=True))
    found = spaced.select("source", "line", "in_target", word=pl.col("text").str.extract_all(_ADDRESS))
    return found.explode("word").drop_nulls("word")


@lru_cache(maxsize=1 << 20)
def _is_typo(word: str) -> bool:
    digits = word[2:]
    if digits in (digits.lower(), digits.upper()):
        return False
    from eth_utils.address import is_checksum_address  # 0.2 s to import: only where there are mixed-case addresses

    return not is_checksum_address("0x" + digits)
