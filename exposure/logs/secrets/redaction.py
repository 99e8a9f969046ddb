"""Secrets in hostile text: found and replaced before anything is written, shown or raised. Pure.

Looked for: private keys as hex (a keystore's ciphertext, too), extended private keys, recovery phrases of all ten lists, IP
addresses. What is in doubt is replaced: a lost transaction hash costs a look into the log, a kept key costs a wallet.
"""

import re

import polars as pl

from exposure.console import escape
from exposure.logs.hints import PHRASE_WORDS, may_hold_secret
from exposure.logs.secrets.encodings import decode
from exposure.logs.secrets.phrases import composed, phrase_spans

MARK = "[secret]"
IP = "[ip]"
EXCERPT = 200

# 41 digits and more: a key whose end was cut off is found by trying.
_HEX = re.compile(r"(?<![0-9a-fA-F])(?:0[xX])?([0-9a-fA-F]{41,})")
_EXTENDED = re.compile(r"[xyztuvYZUVXT]prv[1-9A-HJ-NP-Za-km-z]{50,}")
# Words that stand before a hash of that length and never before a key.
_HASH_BEFORE = re.compile(
    r"(?i)(?:tx|txn|txs|txid|tx_?hash|transactions?|transaction_?hash|blocks?|block_?hash|receipts?|(?:state_?)?root|topics?"
    r"|user_?op(?:eration)?(?:_?hash)?|hash|sha256|digest|integrity|commit|etag)[^0-9a-zA-Z]{1,8}$"
)
# Files are named by the hash of their content: app.3f2a….js
_FILE_AFTER = re.compile(
    r"\.(?:[a-z0-9]{1,12}\.)?(?:m?js|css|map|wasm|html?|json|svg|png|jpe?g|webp|gif|ico|woff2?)(?![a-z])"
)

# A phrase has 12 words or more. Some may be mistyped, not typed yet, or cut off, and a form may put its own words between them
# (w1=…&w2=…). Eight words leave a thief four to try; ordinary addresses of pages hardly ever hold eight words of the list.
_PHRASE_WORDS_CUT = 5

_IPV4 = re.compile(r"(?<![0-9A-Za-z.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9A-Za-z]|\.[0-9])")
_GROUP = "[0-9a-fA-F]{1,4}"
_IPV6 = re.compile(
    rf"(?<![0-9A-Za-z:])(?:(?:{_GROUP}:){{7}}{_GROUP}|(?:{_GROUP}(?::{_GROUP}){{0,6}})?::(?:{_GROUP}(?::{_GROUP}){{0,6}})?)"
    r"(?![0-9A-Za-z:])"
)


def redact(text: str) -> tuple[str, int]:
    """Replace secrets and IP addresses in a path or query. Gives the text and how many secrets there were.

    Percent-encoding is undone where something was replaced in what it hides, else the text stays as it was sent.
    """
    plain = composed(decode(text))
    clean, secrets = _without_secrets(plain, cut=False)
    clean = _without_ips(clean)
    return (text, 0) if clean == plain else (clean, secrets)


def excerpt(text: str) -> tuple[str, int]:
    """Give the start of a line that could not be read, redacted, controls shown as escapes, and how many secrets it held.

    A broken line may break off within a secret: parts of one are replaced too.
    """
    clean, secrets = _without_secrets(composed(decode(text)), cut=True)
    shown = escape(_without_ips(clean))
    return (shown if len(shown) <= EXCERPT else shown[:EXCERPT] + " …"), secrets


def redact_column(rows: pl.DataFrame, column: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Redact a column of text. Gives the rows, and of those with secrets `source`, `line` and `secrets`, their number."""
    rows = rows.with_row_index("_row")
    likely = rows.filter(may_hold_secret(column))
    if likely.is_empty():
        return rows.drop("_row"), rows.select("source", "line", secrets=pl.lit(0, pl.UInt32)).clear()
    cleaned = [redact(text) for text in likely.get_column(column)]
    changed = pl.DataFrame(
        {
            "_row": likely.get_column("_row"),
            "_clean": [text for text, _ in cleaned],
            "secrets": [n for _, n in cleaned],
        },
        schema={"_row": pl.UInt32, "_clean": pl.String, "secrets": pl.UInt32},
    )
    joined = rows.join(changed, on="_row", how="left", maintain_order="left")
    counts = joined.filter(pl.col("secrets") > 0).select("source", "line", "secrets")
    return joined.with_columns(pl.coalesce("_clean", column).alias(column)).drop("_row", "_clean", "secrets"), counts


def _without_secrets(text: str, *, cut: bool) -> tuple[str, int]:
    """Replace secrets. `cut`: parts of a secret, and long hex of any kind, are replaced as well."""
    found = 0
    # phrases first: the mark itself holds a word of the list
    spans = phrase_spans(text, _PHRASE_WORDS_CUT if cut else PHRASE_WORDS)
    if cut and spans:
        text = text[: spans[0][0]] + MARK  # four letters of a word that was cut off name it: the rest goes, too
    ends = [0, *(end for _, end in spans)]
    between = [text[end:start] for end, (start, _) in zip(ends, spans, strict=False)]
    text = text if cut else MARK.join([*between, text[ends[-1] :]])

    def judge(match: re.Match[str]) -> str:
        nonlocal found
        before, after = text[max(0, match.start() - 40) : match.start()], text[match.end() : match.end() + 24]
        call = len(match[1]) > 64 and len(match[1]) % 64 == 8  # a selector and whole words
        if not cut and (call or _HASH_BEFORE.search(before) or _FILE_AFTER.match(after)):
            return match[0]
        found += 1
        return MARK

    clean, extended = _EXTENDED.subn(MARK, _HEX.sub(judge, text))
    return clean, found + extended + len(spans)


def _without_ips(text: str) -> str:
    return _IPV6.sub(IP, _IPV4.sub(IP, text))
