"""Text of cells: made inert for Excel and for CSV, and compared with what spreadsheet programs make of it. Pure.

A cell that was not touched must never look like an edit, whatever Excel, LibreOffice or Google Sheets did to it on the way;
a cell that was touched must never look untouched.
"""

import re
from datetime import datetime, timedelta
from functools import lru_cache

import polars as pl

from exposure.console import escape

# Excel counts UTF-16 units; a longer text makes it "repair" the file by throwing the text away.
CELL_LIMIT = 32_767
# In people's own words a line break, a tab and the joiners of emoji and of Persian or Indic scripts stay as typed.
_TYPED = re.compile("([\n\t\u200c\u200d]+)")
_ADDRESS = re.compile("0x[0-9a-f]{40}")
_NOT_XML = re.compile("[\ufffe\uffff]")
# What makes Excel, LibreOffice or Google Sheets run a CSV cell as a formula (CWE-1236), also in its full-width forms.
_FORMULA = "=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20"
_DANGEROUS = re.compile(f"'*[{_FORMULA}]")
# The same rules for polars, which applies them to whole columns: each with "${1}" as its replacement.
QUOTE = f"^('*[{_FORMULA}])"
UNQUOTE = f"^'('*[{_FORMULA}])"


def inert(text: str, *, typed: bool = False) -> str:
    """Give a text as a cell may show it: control and invisible characters as escapes, but typed line breaks as typed."""
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n")
    text = _NOT_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    if not typed:
        return escape(text)
    return "".join(part if _TYPED.fullmatch(part) else escape(part) for part in _TYPED.split(text))


def inert_all(values: pl.Series, *, typed: bool = False) -> pl.Series:
    """Do the same to a whole column, where few texts need it."""
    unusual = values.str.contains(r"[^\x20-\x7e]").fill_null(value=False)
    if not unusual.any():
        return values
    known = {text: inert(text, typed=typed) for text in values.filter(unusual).unique().to_list()}
    return pl.Series(values.name, [known.get(text, text) for text in values.to_list()], dtype=pl.String)


@lru_cache(maxsize=262_144)
def checksum(address: str) -> str:
    """Write an address with its checksum (EIP-55); a text that is none stays as it is."""
    from eth_utils.address import to_checksum_address

    return str(to_checksum_address(address)) if _ADDRESS.fullmatch(address) else address


def fit(text: str, limit: int = CELL_LIMIT) -> str:
    """Cut a text to what a cell of Excel holds, and say so in the cell."""
    if len(text) <= limit // 2:
        return text
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) <= 2 * limit:
        return text
    tail = f" … [cut: {len(text):,} characters are too many for Excel; whole in affected.csv and affected.parquet]"
    kept = units[: 2 * (limit - len(tail))].decode("utf-16-le", "ignore")
    return kept + tail


def quote_csv(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet program would run as a formula."""
    return "'" + text if _DANGEROUS.match(text) else text


def unquote_csv(text: str) -> str:
    """Take that apostrophe away again."""
    return text[1:] if text.startswith("'") and _DANGEROUS.match(text) else text


def same(dtype: pl.DataType | type[pl.DataType], written: str, cell: str) -> bool:
    """Tell whether a cell still says what was written, in whatever notation a spreadsheet program has saved it.

    `written` is the text form of the value. A number that shows at least two decimals may be rounded to them, a time may
    have lost its seconds: both come from display formats, not from people. Digits that differ in the same notation are
    an edit: programs change notations, people change digits.
    """
    if _plain(written) == _plain(cell):
        return True
    if not written or not cell:
        return False
    if dtype == pl.String and _same_text(written, cell):
        return True
    if _layout(written) == _layout(cell):
        return False
    if dtype == pl.Boolean:
        return _truth(written) == _truth(cell)
    if isinstance(dtype, pl.Datetime):
        return _same_time(written, cell)
    if dtype == pl.String:
        return _same_plain_number(written, cell) or _same_time(written, cell)
    return _same_number(written, cell)


def _plain(text: str) -> str:
    """Forget what programs change on saving: kinds of line ends, and blanks at the end."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _layout(text: str) -> str:
    """Give a text's notation: every digit as 0."""
    return re.sub("[0-9]", "0", text.strip())


def _same_text(written: str, cell: str) -> bool:
    plain = _plain(cell)
    shapes = (inert(written), inert(written, typed=True))
    return any(plain in (_plain(shape), _plain(fit(shape))) for shape in shapes) or _plain(written) == _plain(
        unquote_csv(cell)
    )


_TRUE = frozenset(("true", "1", "yes", "wahr", "vrai", "verdadero"))
_FALSE = frozenset(("false", "0", "no", "falsch", "faux", "falso"))


def _truth(text: str) -> bool | str:
    word = text.strip().lower()
    return True if word in _TRUE else False if word in _FALSE else word


_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")


def _same_plain_number(written: str, cell: str) -> bool:
    """Compare numbers that a person typed: Google Sheets makes 7 of 007 and 4.91511E+12 of a telephone number."""
    if not (_PLAIN_NUMBER.fullmatch(written.strip()) and _PLAIN_NUMBER.fullmatch(cell.strip())):
        return False
    tolerance = _tolerance(cell.strip()) if "e" in cell.lower() else 0.0
    return abs(float(written) - float(cell)) <= tolerance


_NUMBER = re.compile(r"[+-]?[0-9][0-9., '\u00a0\u202f]*(?:[eE][+-]?[0-9]{1,3})?\s*%?|[+-]?[.,][0-9]+")


@lru_cache(maxsize=65_536)
def _numbers(text: str) -> tuple[tuple[float, float], ...]:
    """Read a number in every way that a locale may have written it: (value, how far it may have been rounded)."""
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return ()
    scale = 100.0 if text.endswith("%") else 1.0
    text = re.sub(r"[ '\u00a0\u202f%]", "", text)
    found = set()
    for spelling in (text, text.replace(",", ""), text.replace(".", "").replace(",", ".")):
        try:
            found.add((float(spelling) / scale, _tolerance(spelling) / scale))
        except ValueError:
            continue
    return tuple(sorted(found))


def _tolerance(spelling: str) -> float:
    """Give half a unit of the last decimal shown; nothing where fewer than two are: then it was not rounded, but typed."""
    mantissa, _, exponent = spelling.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return 0.5000001 * 10.0 ** (int(exponent or 0) - decimals) if decimals >= 2 else 0.0


def _same_number(written: str, cell: str) -> bool:
    try:
        value = float(written)
    except ValueError:  # a person's words over a number
        return False
    return any(abs(value - other) <= max(tolerance, 1e-9 * abs(value)) for other, tolerance in _numbers(cell))


_DAYS = ("%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%Y/%m/%d", "%d-%m-%Y")
_HOURS = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p")
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - Excel's day 0; spreadsheets know no zones


@lru_cache(maxsize=65_536)
def _times(text: str) -> tuple[tuple[datetime, bool], ...]:
    """Read a time in every way that a locale may have written it: (time, whether it is exact to the second)."""
    text = re.sub(r"\s*(?:UTC|Z)$", "", text.strip()).replace("T", " ").replace(",", "")
    text = re.sub(r"(:[0-9]{2}:[0-9]{2})\.[0-9]+$", r"\1", text)
    if not 6 <= len(text) <= 30 or not text[0].isdigit():
        return ()
    if re.fullmatch(r"[0-9]{5}\.[0-9]+", text):  # a serial number, where the column lost its format
        return ((_EPOCH + timedelta(seconds=round(float(text) * 86_400)), True),)
    found = []
    for layout in (day + hour for day in _DAYS for hour in _HOURS):
        try:
            found.append((datetime.strptime(text, layout), not layout.endswith(("%M", "%M %p"))))  # noqa: DTZ007
        except ValueError:
            continue
    return tuple(found)


def _same_time(written: str, cell: str) -> bool:
    for value, _ in _times(written):
        for other, exact in _times(cell):
            if value == other or (not exact and value.replace(second=0) == other):
                return True
    return False
