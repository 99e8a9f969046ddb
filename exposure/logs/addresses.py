"""Wallet addresses in hostile text. Pure.

An address is 0x and exactly 40 hex digits that are no part of a longer word: a transaction hash is 64 of them. Upper and lower
case say nothing; mixed case is a checksum (EIP-55), and a wrong one is a typo: someone's address, but not this one. In a call's
data an address fills a word of 64 digits from the right, after 24 zeros.
"""

from functools import lru_cache

import polars as pl

from exposure.logs.formats.records import shape
from exposure.logs.hints import MENTIONED, may_hold_address
from exposure.logs.secrets.encodings import decode

_ADDRESS = r"(?-u:\b)0[xX][0-9a-fA-F]{40}(?-u:\b)"
# A call's data: a selector, then words; one word alone is a topic or a slot. Many more words are a program, no call.
_CALL = r"(?-u:\b)0[xX](?:[0-9a-fA-F]{8})?(?:[0-9a-fA-F]{64}){1,64}(?-u:\b)"
_WORD, _PADDING = 64, "0" * 24
# Numbers are padded as well: an address with eight zeros in front is four billion times rarer than a number.
_PADDED = r"^0{24}[0-9a-fA-F]{40}$"
_NUMBER = "^0{32}"
_NAME = r"(?i)(?:^|[^a-z0-9._-])(?:[a-z0-9_-]{1,63}\.){0,8}[a-z0-9_-]{3,63}\.eth(?:$|[^a-z0-9._-])"
_ENCODED = r"%|&|\\"
# They stand for nobody: the zero address, the usual sign for the native asset, and two that tokens are burnt at.
_NOBODY = ["0x" + "0" * 40, "0x" + "e" * 40, "0x" + "0" * 36 + "dead", "0xdead" + "0" * 32 + "dead"]
_NOBODY += ["0x" + "0" * 39 + "1", "0x" + "f" * 40]

# An address in a line. `in_target`: in the request itself, not only in the referer; `typo`: its checksum is wrong.
MENTIONS = shape(source=pl.UInt32, line=pl.UInt64, address=pl.String, in_target=pl.Boolean, typo=pl.Boolean)


def lines_with_names(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """Give the rows that hold an ENS name, such as name.eth, in a column."""
    likely = rows.filter(
        pl.col(column).str.contains(".eth", literal=True)
    )  # plain text first: it passes nearly all over
    return likely.filter(pl.col(column).str.contains(_NAME))


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
    encoded = pl.col("text").str.contains(_ENCODED)
    plain, other = texts.filter(~encoded), texts.filter(encoded)
    decoded = other.with_columns(pl.Series("text", [decode(text) for text in other["text"]], dtype=pl.String))
    # an underscore joins words for regular expressions, not for people who build names such as user_0x...
    spaced = pl.concat([plain, decoded]).with_columns(pl.col("text").str.replace_all("_", " ", literal=True))
    found = spaced.select("source", "line", "in_target", word=pl.col("text").str.extract_all(_ADDRESS))
    return pl.concat([found.explode("word").drop_nulls("word"), _words_of_calls(spaced.filter("in_target"))])


def _words_of_calls(texts: pl.DataFrame) -> pl.DataFrame:
    """Give the addresses that fill words of calls' data in `text`, as `_words` does."""
    padded = texts.filter(pl.col("text").str.contains(_PADDING, literal=True))
    calls = padded.select("source", "line", "in_target", call=pl.col("text").str.extract_all(_CALL))
    calls = calls.explode("call").drop_nulls("call")
    digits = pl.col("call").str.slice(2)
    body = digits.str.slice(digits.str.len_bytes() % _WORD)
    words = calls.select("source", "line", "in_target", word=body.str.extract_all(rf".{{{_WORD}}}")).explode("word")
    fit = words.filter(pl.col("word").str.contains(_PADDED) & ~pl.col("word").str.contains(_NUMBER))
    return fit.with_columns(word=pl.lit("0x") + pl.col("word").str.slice(len(_PADDING)))


@lru_cache(maxsize=1 << 20)
def _is_typo(word: str) -> bool:
    digits = word[2:]
    if digits in (digits.lower(), digits.upper()):
        return False
    from eth_utils.address import is_checksum_address  # 0.2 s to import: only where there are mixed-case addresses

    return not is_checksum_address("0x" + digits)
