"""A file of people's reports of loss, as a form or a help desk exports it -> claims to be judged.

Columns are recognised by their names, and what was taken for what is said. No row is lost: one that cannot be read becomes a
claim with its fault. Secrets that people pasted are never kept, nor is any column that the judgement does not need (names and
mail addresses of people among them).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from exposure.assess.report_particulars import Claim
from exposure.assess.report_values import read_hash, read_time, read_wallet
from exposure.console import escape
from exposure.errors import ExposureError
from exposure.report_files import read_lines

# What a form calls each column: the whole name, or words that it holds. `timestamp` is none: forms call the time of sending so.
_NAMES: dict[str, tuple[frozenset[str], re.Pattern[str]]] = {
    "address": (
        frozenset(("address", "wallet", "wallet address", "victim", "account", "ens")),
        re.compile(r"\b(address|wallet)\b"),
    ),
    "time": (
        frozenset(("time", "when", "date", "datetime", "time utc", "when utc", "date utc")),
        re.compile(r"\bwhen\b|\b(time|date) of\b"),
    ),
    "did": (frozenset(("did", "action", "what", "deed")), re.compile(r"\bwhat (did|happened|have)\b|\bwhat you did\b")),
    "amount": (
        frozenset(("amount", "loss", "lost", "losses", "value", "amount lost")),
        re.compile(r"\bhow much\b|\bamount\b|\blost\b"),
    ),
    "asset": (
        frozenset(("asset", "token", "symbol", "coin", "currency")),
        re.compile(r"\b(asset|token|coin|currency)\b"),
    ),
    "chain": (frozenset(("chain", "network", "blockchain", "chain id")), re.compile(r"\b(network|blockchain)\b")),
    "tx": (
        frozenset(("tx", "txid", "hash", "tx hash", "transaction", "transaction hash")),
        re.compile(r"\b(tx|txid|transaction)\b"),
    ),
    "source": (frozenset(("source", "ticket", "case", "reference", "ticket id")), re.compile(r"\bticket\b")),
}
# Other people's addresses, and other kinds of address.
_OTHERS = re.compile(
    r"\b(e ?mail|mail|ip|attackers?|thie(f|ves)|hackers?|scammers?|recipients?|sent to|new|safe|refund|payout|contact"
    r"|website|url)\b"
)
_MAIL = re.compile(r"[^\s@<>,;:]+@[^\s@<>,;:]+\.[^\s@<>,;:]+")
_NO_ROW = "the line does not have as many values as there are columns"
# A cell for people to read is short; a longer one is kept in part.
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class ClaimFile:
    """What a file held: claims in its order, which column was read as what, which were not read, and lines with secrets."""

    name: str
    claims: tuple[Claim, ...]
    columns: Mapping[str, str]
    ignored: tuple[str, ...]
    secrets: tuple[int, ...]


def read_claims(path: Path, now: datetime) -> ClaimFile:
    """Read CSV, JSON lines or Parquet. Raises ExposureError where the file cannot be read, or no column holds addresses."""
    claims: list[Claim] = []
    # Objects of JSON lines may differ in their keys; a table has one shape.
    shapes: dict[tuple[str, ...], dict[str, str]] = {}
    secrets = []
    name = escape(path.name)
    for line, found in read_lines(path):
        if isinstance(found, list) and line == 1:
            shapes[tuple(found)] = _columns(found)
            continue
        if not isinstance(found, dict):
            fault = _NO_ROW if isinstance(found, list) else "the line cannot be read"
            claims.append(Claim(name, line, fault=fault))
            continue
        shape = tuple(found)
        if shape not in shapes:
            shapes[shape] = _columns(list(found))
        if not any(found.values()):
            continue
        claim, secret = _claim(name, line, {key: found[column] for key, column in shapes[shape].items()}, now)
        claims.append(claim)
        if secret:
            secrets.append(line)
    columns = {key: column for shape in reversed(shapes.values()) for key, column in shape.items()}
    seen = list(dict.fromkeys(column for shape in shapes for column in shape))
    if "address" not in columns:
        names = ", ".join(escape(column)[:40] for column in seen[:6])
        raise ExposureError(
            f"{name} has no column with wallet addresses",
            f"its columns are: {names or 'none'}",
            "name the columns in its first line: address,did,time,amount,asset,chain,tx,source (only address is needed)",
        )
    used = {column for shape in shapes.values() for column in shape.values()}
    ignored = tuple(escape(column)[:40] for column in seen if column not in used)
    shown = {
        key: escape(column)[:40] for key, column in sorted(columns.items(), key=lambda one: list(_NAMES).index(one[0]))
    }
    return ClaimFile(name, tuple(claims), shown, ignored, tuple(secrets))


def _columns(names: list[str]) -> dict[str, str]:
    """Say which column is what: by its whole name first, then by words in it; each column once, the first that fits."""
    plain = {name: re.sub(r"[^a-z0-9]+", " ", name.lower()).strip() for name in names}
    found: dict[str, str] = {}
    for by_words in (False, True):
        for key, (whole, words) in _NAMES.items():
            for name, text in plain.items():
                if key in found or name in found.values():
                    continue
                if text in whole or (by_words and words.search(text) and not _OTHERS.search(text)):
                    found[key] = name
    return found


def _claim(file: str, line: int, values: dict[str, str], now: datetime) -> tuple[Claim, bool]:
    """Make a claim of a row; gives it, and whether the row held a secret."""
    faults: list[str] = []
    address = time = transaction = None
    slack = 0.0
    try:
        address = read_wallet(values.get("address", ""))
    except ValueError as error:
        faults.append(str(error))
    try:
        transaction = read_hash(values.get("tx", ""))
    except ValueError as error:
        faults.append(str(error))
    try:
        time, slack = read_time(values.get("time", ""))
    except ValueError as error:
        faults.append(str(error))
    if time is not None and (time - now).total_seconds() > 3_600 * (slack + 1):
        faults.append("the time lies in the future")
        time, slack = None, 0.0
    secret = (
        _holds_secret(values.get("address", ""))
        or _opens(transaction, address)
        or _holds_secret(values.get("time", ""))
    )
    transaction = None if _opens(transaction, address) else transaction
    texts = {}
    for key in ("did", "amount", "asset", "chain", "source"):
        texts[key], held = _clean(values.get(key, ""))
        secret = secret or held
    if secret:
        faults.append("it holds what may be a private key or recovery phrase, which was not kept")
    amount = " ".join(part for part in (texts["amount"], texts["asset"]) if part) or None
    return (
        Claim(
            file,
            line,
            texts["source"],
            address,
            time,
            slack,
            texts["did"],
            amount,
            texts["chain"],
            transaction,
            "; ".join(faults) or None,
        ),
        secret,
    )


def _clean(text: str) -> tuple[str | None, bool]:
    """Give a cell as it may be kept: redacted, on one line, short; and whether it held a secret."""
    from exposure.logs.secrets.redaction import redact

    clean, secrets = redact(text)
    shown = escape(_MAIL.sub("[mail]", " ".join(clean.split())))
    return (shown if len(shown) <= _LONGEST else shown[:_LONGEST] + " …") or None, secrets > 0


def _holds_secret(text: str) -> bool:
    from exposure.logs.secrets.redaction import redact

    return redact(text)[1] > 0


def _opens(transaction: str | None, address: str | None) -> bool:
    """Tell whether what stands in the place of a hash is the private key of the wallet itself."""
    from coincurve import PrivateKey
    from eth_utils.crypto import keccak

    if transaction is None or address is None:
        return False
    try:
        public = PrivateKey(bytes.fromhex(transaction[2:])).public_key.format(compressed=False)
    except ValueError:
        return False
    return bool("0x" + keccak(public[1:])[-20:].hex() == address)
