"""What a record may hold, so that it is worth a closer look: a record without the hint holds none for sure. Pure.

The closer looks are slow, and hardly any line needs one. Where a format is read in machine code, that finds the hints on the way;
for all others they are found here by columns.
"""

import polars as pl

ADDRESS, SECRET = 1, 2
# Words of a phrase that someone may have cut or mistyped; fewer are a page's address.
PHRASE_WORDS = 8
PHRASE = 12  # of the shortest whole one
# Where addresses are looked for. The referer is the page before; what else a request holds is its own.
SECRET_IN = ("target", "body", "referer")
MENTIONED = ("target", "body", "ua", "referer")
# True of every line with an address, whatever hides it (encodings.py): %30x, &#48;x, &amp;#48;x, \\u0030x, one in another.
_MAYBE = r"0[xX]|%(?:30|78|58|25|26|23|5[cC])|[&;]#|\\"
# Long hex, extended keys, IP addresses; text in other scripts; what entities and escapes hide.
_ODD = (
    r"[0-9a-fA-F%]{41}|prv[1-9A-Za-z%]{50}|[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|:[0-9a-fA-F]{0,4}:"
    r"|[^\x00-\x7F]|[&;]#|\\"
)
# A key, an extended key or a keystore as a whole, or what may hide one: letters and digits that need no encoding.
_OPENS = (
    r"[0-9a-fA-F%]{64}|prv[1-9A-Za-z%]{107}|(?i:ciphertext)|%(?:25)*(?:[46][1-9a-fA-F]|[57][0-9aA]|3[0-9])"
    r"|[&;]#|\\[ux]|%(?:25)*5[cC]"
)
# Of these in a browser's name: as above, but for numbers that look like addresses, and names of programs.
_ODD_AGENT = r"[0-9a-fA-F%]{41}|prv[1-9A-Za-z%]{50}|[^\x00-\x7F]|[&;]#|\\"
# Scripts that UTF-8 writes in two or three bytes, percent-encoded; and as they are.
_FOREIGN = r"%(?:25)*[89A-Fa-f][0-9A-Fa-f]|[^\x00-\x7F]"
# In a browser's name, `Safari/537` is no word.
_WORD, _AGENT_WORD = r"[A-Za-z]{3,}", r"[A-Za-z]{3,}(?:[^A-Za-z/]|$)"


def may_hold_address(*columns: str) -> pl.Expr:
    """Tell which rows are worth a closer look; never false for a row with an address."""
    return pl.any_horizontal(pl.col(name).str.contains(_MAYBE).fill_null(value=False) for name in columns)


def may_hold_secret(*columns: str) -> pl.Expr:
    """Tell which rows may hold a secret or an IP address; never false for one with a text that `secrets.redact` would change."""
    return pl.any_horizontal(_may_hold_secret(pl.col(name)).fill_null(value=False) for name in columns)


def _may_hold_secret(text: pl.Expr) -> pl.Expr:
    return (
        text.str.contains(_ODD)
        | (text.str.count_matches(_WORD) >= PHRASE_WORDS)
        # hidden behind percent-encoding, whatever it is
        | (text.str.count_matches("%", literal=True) >= 3)
    )


def may_open_wallet(column: str, *, agent: bool = False) -> pl.Expr:
    """Tell which texts are worth reading for secrets that open a wallet; never false for one with such.

    `agent`: the text is a browser's name, which holds a dozen words for other reasons.
    """
    text = pl.col(column)
    words = text.str.count_matches(_AGENT_WORD if agent else _WORD) >= PHRASE
    opens = text.str.contains(_OPENS) | words | (text.str.count_matches(_FOREIGN) >= PHRASE)
    return opens.fill_null(value=False)


def odd_agent(ua: pl.Expr) -> pl.Expr:
    """Tell which browsers' names may hold what opens a wallet. Few names are in millions of lines: ask of each one once."""
    words = ua.str.count_matches(_AGENT_WORD) >= PHRASE
    return (ua.str.contains(_ODD_AGENT) | words | (ua.str.count_matches("%", literal=True) >= 3)).fill_null(value=False)


def hint_expr(odd_agents: pl.Expr | pl.Series) -> pl.Expr:
    """Give the hints of records as one number of bits; `odd_agents` is what `odd_agent` says of their `ua`."""
    address = pl.when(may_hold_address(*MENTIONED)).then(pl.lit(ADDRESS, pl.UInt8)).otherwise(pl.lit(0, pl.UInt8))
    odd = may_hold_secret(*SECRET_IN) | odd_agents
    return address | pl.when(odd).then(pl.lit(SECRET, pl.UInt8)).otherwise(pl.lit(0, pl.UInt8))


def holds(hint: int) -> pl.Expr:
    """Tell which records have a hint."""
    return (pl.col("hints") & hint) > 0
