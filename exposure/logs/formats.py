"""The formats that can be read: one entry a format, with how it is recognised, how it is read, and an example line. Pure.

A further format is a further entry. `recognise` looks at one line, never at a file's name; `parse` takes LINES and the [[logs]]
entry that names their file, and gives Parsed.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import polars as pl

from exposure.incident import LogSource
from exposure.logs.cloudflare import is_cloudflare, parse_cloudflare
from exposure.logs.combined import FIELDS, parse_combined, parse_line
from exposure.logs.combined_scan import scan_combined
from exposure.logs.lines import LONGEST_LINE
from exposure.logs.records import Parsed, join, reject

# Of a sample's lines, this part must be recognised: less is chance, and a wrong guess would refuse nearly every line.
_ENOUGH = 0.05
_LONGEST_SAMPLE = 64 << 10

EMPTY = "the line is empty"
TOO_LONG = "the line is longer than a mebibyte"


@dataclass(frozen=True, slots=True)
class Format:
    """A format. `request_ids`: the server names each request, so that one delivered twice is known by its name.

    `header`: which lines name the columns of those below: `first` the file's first, `#` those that begin so. The reader repeats
    the last one above every further block as line 0. `scan` reads the plain lines of a block in machine code: UTF-8 without NUL
    bytes, number of the source and of the first line -> records, and LINES that it leaves to `parse`.
    """

    name: str
    title: str
    example: str
    recognise: Callable[[str], bool]
    parse: Callable[[pl.DataFrame, LogSource], Parsed]
    request_ids: bool = False
    header: Literal["", "first", "#"] = ""
    scan: Callable[[bytes, int, int], tuple[pl.DataFrame, pl.DataFrame]] | None = None
    names_host: bool = True
    # What these lines do not say, and what that costs; empty where nothing is missing.
    limits: str = ""


def _is_combined(text: str) -> bool:
    return not _has_host(text) and _has_agent(parse_line(text))


def _is_vhost_combined(text: str) -> bool:
    return _has_host(text) and _has_agent(parse_line(text, vhost=True))


def _has_host(text: str) -> bool:
    """Tell whether the IP address comes second; else a user name with a space would look the same."""
    return re.match(r"[^ \[]+ [0-9a-fA-F.:]{3,} ", text) is not None


def _has_agent(fields: tuple[object, ...] | None) -> bool:
    """Tell combined from common: referer and user agent follow, be they empty."""
    return fields is not None and fields[list(FIELDS).index("ua")] is not None


_NO_HOST = "these lines do not name the host"

FORMATS: dict[str, Format] = {
    known.name: known
    for known in (
        Format(
            "combined",
            "nginx and Apache, combined (further fields may follow)",
            '203.0.113.7 - - [04/Mar/2026:09:12:00 +0000] "GET /static/app.js HTTP/1.1" 200 183422 '
            '"https://examplewallet.com/" "Mozilla/5.0"',
            _is_combined,
            parse_combined,
            scan=scan_combined,
            names_host=False,
            limits=_NO_HOST,
        ),
        Format(
            "vhost_combined",
            "Apache, combined with the virtual host in front",
            'examplewallet.com:443 203.0.113.7 - - [04/Mar/2026:09:12:00 +0000] "GET / HTTP/1.1" 200 612 "-" "Mozilla/5.0"',
            _is_vhost_combined,
            partial(parse_combined, vhost=True),
            scan=partial(scan_combined, vhost=True),
        ),
        Format(
            "common",
            "nginx and Apache, common",
            '203.0.113.7 - - [04/Mar/2026:09:12:00 +0000] "GET /static/app.js HTTP/1.1" 200 183422',
            lambda text: parse_line(text) is not None,
            parse_combined,
            scan=scan_combined,
            names_host=False,
            limits=_NO_HOST + ", the page before, or the browser, so that people behind one IP address count as one",
        ),
        Format(
            "cloudflare",
            "Cloudflare Logpush, HTTP requests as JSON lines",
            '{"ClientIP":"203.0.113.7","ClientRequestHost":"examplewallet.com","ClientRequestMethod":"GET",'
            '"ClientRequestURI":"/static/app.js","ClientRequestUserAgent":"Mozilla/5.0","EdgeResponseBytes":183422,'
            '"EdgeResponseStatus":200,"EdgeStartTimestamp":"2026-03-04T09:12:00Z","RayID":"710e98d9367f357d"}',
            is_cloudflare,
            parse_cloudflare,
            request_ids=True,
        ),
    )
}


def detect(sample: Sequence[str], without: Format | None = None) -> Format | None:
    """Give the format that most of these lines are in, the first named of equals; None where hardly any line is in one.

    `without` is a format that is known to be none of them.
    """
    lines = [text for text in sample if 0 < len(text) <= _LONGEST_SAMPLE] or [text for text in sample if text][:2]
    counted = [
        (sum(known.recognise(text) for text in lines), known) for known in FORMATS.values() if known is not without
    ]
    best, found = max(counted, key=lambda counted: counted[0])
    return found if best > 0 and best >= _ENOUGH * len(lines) else None


def parse(lines: pl.DataFrame, known: Format, log: LogSource) -> Parsed:
    """Read lines (LINES) of one format. Every line is in the records or in the rejects."""
    length = pl.col("text").str.len_bytes()
    bounds = lines.select(least=length.min(), most=length.max()).row(0)
    if lines.is_empty() or (bounds[0] > 0 and bounds[1] <= LONGEST_LINE):
        return known.parse(lines, log)
    fit = lines.filter(length.is_between(1, LONGEST_LINE))
    parts = [
        known.parse(fit, log),
        reject(lines.filter(length == 0), EMPTY),
        reject(lines.filter(length > LONGEST_LINE), TOO_LONG),
    ]
    return join(parts)
