"""Wallet addresses in hostile text. Pure.

An address is 0x and exactly 40 hex digits that are no part of a longer word: a transaction hash is 64 of them. Upper and lower
case say nothing; mixed case is a checksum (EIP-55), and a wrong one is a typo: someone's address, but not this one. In a call's
data an address fills a word of 64 digits from the right, after 24 zeros.
"""

from functools import lru_cache
from urllib.parse import unquote

import polars as pl

from exposure.logs.records import shape

# Looked for in every line: fast, and true of every line with an address, however it is percent-encoded.
_MAYBE = r"0[xX]|%(?:30|78|58|25)"
_ADDRESS = r"(?-u:\b)0[xX][0-9a-fA-F]{40}(?-u:\b)"
# A call's data: a selector, then words; one word alone is a topic or a slot. Many more words are a program, no call.
_CALL = r"(?-u:\b)0[xX](?:[0-9a-fA-F]{8})?(?:[0-9a-fA-F]{64}){1,64}(?-u:\b)"
_WORD, _PADDING = 64, "0" * 24
# Numbers are padded as well: an address with eight zeros in front is four billion times rarer than a number.
_PADDED = r"^0{24}[0-9a-fA-F]{40}$"
_NUMBER = "^0{32}"
# Where a call's data and names stand.
_CALLING = ("target", "body")
_NAME = r"(?i)(?:^|[^a-z0-9._-])(?:[a-z0-9_-]{1,63}\.){0,8}[a-z0-9_-]{3,63}\.eth(?:$|[^a-z0-9._-])"
# They stand for nobody: the zero address, the usual sign for the native asset, and two that tokens are burnt at.
_NOBODY = ["0x" + "0" * 40, "0x" + "e" * 40, "0x" + "0" * 36 + "dead", "0xdead" + "0" * 32 + "dead"]
_NOBODY += ["0x" + "0" * 39 + "1", "0x" + "f" * 40]

# Where addresses are looked for. The referer is the page before; what else a request holds is its own.
MENTIONED = ("target", "body", "ua", "referer")
# An address in a line. `in_target`: in the request itself, not only in the referer; `typo`: its checksum is wrong.
MENTIONS = shape(source=pl.UInt32, line=pl.UInt64, address=pl.String, in_target=pl.Boolean, typo=pl.Boolean)


def may_hold_address(*columns: str) -> pl.Expr:
    """Tell which rows are worth a closer look; never false for a row with an address."""
    return pl.any_horizontal(pl.col(name).str.contains(_MAYBE).fill_null(value=False) for name in columns)


def lines_with_names(rows: pl.DataFrame) -> pl.DataFrame:
    """Give the rows whose target or body holds an ENS name, such as name.eth."""
    for part in (".eth", _NAME):  # plain text first, which passes over nearly every line
        literal = part == ".eth"
        rows = rows.filter(pl.any_horizontal(pl.col(*_CALLING).str.contains(part, literal=literal)))
    return rows


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
    found = pl.concat(
        [
            _find_in(rows, name).with_columns(in_target=pl.lit(name != "referer"))
            for name in MENTIONED
            if name in rows.columns
        ]
    )
    digits = pl.col("word").str.slice(2)
    mixed = (digits != digits.str.to_lowercase()) & (digits != digits.str.to_uppercase())
    checked = found.filter(mixed).select(pl.col("word").unique())
    typos = checked.filter(pl.Series([_is_typo(word) for word in checked["word"]], dtype=pl.Boolean))
    mentions = found.with_columns(
        address=pl.col("word").str.to_lowercase(), typo=pl.col("word").is_in(typos["word"].implode())
    ).filter(~pl.col("address").is_in(_NOBODY))
    once = mentions.group_by("source", "line", "address").agg(pl.col("in_target").any(), pl.col("typo").all())
    return once.select(MENTIONS.names())


def find_in_text(text: str) -> list[str]:
    """Give the addresses in a text that could not be read as a request, lowercase, without typos; each once."""
    words = pl.Series([decode(text).replace("_", " ")]).str.extract_all(_ADDRESS).explode().drop_nulls()
    good = {word.lower() for word in words if not _is_typo(word)}
    return sorted(good - set(_NOBODY))


def _find_in(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    some = rows.filter(may_hold_address(column)).select("source", "line", text=column)
    encoded = pl.col("text").str.contains("%", literal=True)
    plain, other = some.filter(~encoded), some.filter(encoded)
    decoded = other.with_columns(pl.Series("text", [decode(text) for text in other["text"]], dtype=pl.String))
    # an underscore joins words for regular expressions, not for people who build names such as user_0x...
    spaced = pl.concat([plain, decoded]).with_columns(pl.col("text").str.replace_all("_", " ", literal=True))
    found = spaced.select("source", "line", word=pl.col("text").str.extract_all(_ADDRESS))
    found = found.explode("word").drop_nulls("word")
    return pl.concat([found, _find_in_calls(spaced)]) if column in _CALLING else found


def _find_in_calls(rows: pl.DataFrame) -> pl.DataFrame:
    """Find the addresses in words of calls' data, in `text` beside `source` and `line`."""
    padded = rows.filter(pl.col("text").str.contains(_PADDING, literal=True))
    calls = (
        padded.select("source", "line", call=pl.col("text").str.extract_all(_CALL)).explode("call").drop_nulls("call")
    )
    digits = pl.col("call").str.slice(2)
    body = digits.str.slice(digits.str.len_bytes() % _WORD)
    words = calls.select("source", "line", word=body.str.extract_all(rf".{{{_WORD}}}")).explode("word")
    fit = words.filter(pl.col("word").str.contains(_PADDED) & ~pl.col("word").str.contains(_NUMBER))
    return fit.with_columns(word=pl.lit("0x") + pl.col("word").str.slice(len(_PADDING)))


@lru_cache(maxsize=1 << 20)
def _is_typo(word: str) -> bool:
    digits = word[2:]
    if digits in (digits.lower(), digits.upper()):
        return False
    from eth_utils.address import is_checksum_address  # 0.2 s to import: only where there are mixed-case addresses

    return not is_checksum_address("0x" + digits)
