"""What people write into a form about a loss -> values: a wallet, a time and how far it may be off, amounts. Pure.

Each reader gives what it found, or raises ValueError in words that are fit to be shown: what was typed is not repeated, since
people paste recovery phrases and private keys into forms.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from exposure.incident_values import parse_address

_ADDRESS = re.compile(r"(?<![0-9a-zA-Z])0[xX][0-9a-fA-F]{40}(?![0-9a-zA-Z])")
_HASH = re.compile(r"(?<![0-9a-zA-Z])0[xX][0-9a-fA-F]{64}(?![0-9a-zA-Z])")
_BARE_HASH = re.compile(r"[0-9a-fA-F]{64}")
_NAME = re.compile(r"[^\s.@/]+(\.[^\s.@/]+)*\.eth", re.IGNORECASE)

# The zones of the inhabited world lie between UTC-12 and UTC+14: a time without one may be off by so much.
ZONE_SLACK = 14.0
DAY_SLACK = 12.0 + ZONE_SLACK
_LAYOUTS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
)
_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%B %d %Y", "%b %d, %Y", "%b %d %Y")
# 03/04/2026 is two days, a month apart: only a number above 12 tells which.
_SLASHED = re.compile(
    r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})(?: +([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?: *([AaPp][Mm]))?)?"
)


def read_wallet(text: str) -> str:
    """Give the one address in a text, lowercase: a bare one, or one inside a link or a sentence.

    An ENS name is given as it is, lowercase: whoever knows the names looks it up.
    """
    found = {match.lower(): match for match in _ADDRESS.findall(text)}
    if len(found) > 1:
        raise ValueError("it names several addresses; write one report for each")
    if found:
        try:
            return parse_address(next(iter(found.values())))
        except ValueError:
            raise ValueError(
                "the address has a wrong checksum: a digit was mistyped, so nobody knows which wallet is meant"
            ) from None
    name = text.strip()
    if len(name) <= 255 and _NAME.fullmatch(name):
        return name.lower()
    raise ValueError("it names no address: 0x and 40 hex digits" if text.strip() else "it names no address")


def read_hash(text: str) -> str | None:
    """Give the one transaction hash in a text, lowercase; None where the text is empty."""
    text = text.strip()
    if not text:
        return None
    found: set[str] = {match.lower() for match in _HASH.findall(text)}
    if not found and _BARE_HASH.fullmatch(text):
        found = {"0x" + text.lower()}
    if len(found) != 1:
        raise ValueError("the transaction is not one hash: 0x and 64 hex digits")
    return found.pop()


def read_time(text: str) -> tuple[datetime | None, float]:
    """Give a time (UTC) and how many hours it may be off: 0 with a zone, 14 without one, 26 for a day alone."""
    text = re.sub(r"\s+", " ", text.strip())
    if not text:
        return None, 0.0
    plain = re.sub(r" ?(?:UTC|GMT|Z)$", "+00:00", text, flags=re.IGNORECASE)
    try:
        time = datetime.fromisoformat(plain)
    except ValueError:
        return _loose_time(re.sub(r"\+00:00$", "", plain), zoned=plain.endswith("+00:00"))
    if re.fullmatch(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}", plain):
        return time.replace(hour=12, tzinfo=UTC), DAY_SLACK
    try:
        return (time.replace(tzinfo=UTC), ZONE_SLACK) if time.tzinfo is None else (time.astimezone(UTC), 0.0)
    except OverflowError:
        raise ValueError(_NO_TIME) from None


_NO_TIME = "the time cannot be read: write 2026-03-04 09:12 UTC"


def _loose_time(text: str, *, zoned: bool) -> tuple[datetime, float]:
    slashed = _SLASHED.fullmatch(text)
    if slashed:
        return _slashed_time(slashed, zoned=zoned)
    for layouts, slack in ((_LAYOUTS, 0.0 if zoned else ZONE_SLACK), (_DAYS, DAY_SLACK)):
        for layout in layouts:
            try:
                time = datetime.strptime(text, layout).replace(tzinfo=UTC)
            except ValueError:
                continue
            return (time.replace(hour=12) if slack == DAY_SLACK else time), slack
    raise ValueError(_NO_TIME)


def _slashed_time(match: re.Match[str], *, zoned: bool) -> tuple[datetime, float]:
    first, second, year = int(match[1]), int(match[2]), int(match[3])
    if first <= 12 and second <= 12 and first != second:
        raise ValueError("the date can be read in two ways, day first or month first: write 2026-03-04")
    month, day = (first, second) if first <= 12 else (second, first)
    hour, slack = 12, DAY_SLACK
    if match[4]:
        hour, slack = int(match[4]), 0.0 if zoned else ZONE_SLACK
        if match[7]:
            hour = hour % 12 + (12 if match[7].lower() == "pm" else 0)
    try:
        return datetime(year, month, day, hour, int(match[5] or 0), int(match[6] or 0), tzinfo=UTC), slack
    except ValueError:
        raise ValueError(_NO_TIME) from None


@dataclass(frozen=True, slots=True)
class Amount:
    """One amount as reported: ways to read its number, its symbol in capitals (empty: not said), and its last digit's worth."""

    readings: tuple[Decimal, ...]
    symbol: str
    unit: Decimal


_AMOUNT = re.compile(
    r"(?P<sign>[$€£])?\s*(?P<number>[0-9][0-9., '\u00a0\u202f]*[0-9]|[0-9]|\.[0-9]+)"
    r"(?P<kilo>[kKmM](?![A-Za-z]))?\s*(?P<symbol>[$€£]|[A-Za-z][A-Za-z0-9.]{0,15})?"
)
_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP"}
_NO_SYMBOL = frozenset(
    ("AND", "IN", "OF", "OR", "FROM", "ON", "THE", "MY", "WORTH", "TOTAL", "TOKENS", "TOKEN", "COINS")
)
_DIGITS_MOST = 78


def read_amounts(text: str) -> tuple[Amount, ...]:
    """Give the amounts in a text such as `1.5 ETH and 3,000 USDC`; empty where it holds none."""
    found = []
    for match in _AMOUNT.finditer(text[:400]):
        symbol = (match["symbol"] or "").upper().rstrip(".")
        symbol = _SIGNS.get(symbol, symbol) or _SIGNS.get(match["sign"] or "", "")
        if symbol in _NO_SYMBOL:
            symbol = _SIGNS.get(match["sign"] or "", "")
        readings = _readings(match["number"])
        factor = Decimal({"k": 1_000, "m": 1_000_000}.get((match["kilo"] or "").lower(), 1))
        if readings:
            unit = Decimal(1).scaleb(-max(0, -int(readings[0].as_tuple().exponent)))
            found.append(Amount(tuple(sorted({one * factor for one in readings})), symbol, unit * factor))
    return tuple(found)


def _readings(number: str) -> tuple[Decimal, ...]:
    """Read a number as the world writes it: 1,234.5 and 1.234,5 are plain, 1,234 is read in both ways."""
    text = re.sub(r"[ '\u00a0\u202f]", "", number)
    if len(text) > _DIGITS_MOST:
        return ()
    last = max(text.rfind(","), text.rfind("."))
    if last < 0:
        return (Decimal(text),)
    mark = text[last]
    other = "." if mark == "," else ","
    decimal = Decimal(text[:last].replace(",", "").replace(".", "") + "." + text[last + 1 :] or "0")
    grouped = re.fullmatch(rf"[0-9]{{1,3}}(?:\{mark}[0-9]{{3}})+", text) is not None
    if text.count(mark) > 1:
        return (Decimal(text.replace(mark, "")),) if grouped else ()
    if other in text or not grouped or text.startswith("0"):
        return (decimal,)
    return (decimal, Decimal(text.replace(mark, "")))
