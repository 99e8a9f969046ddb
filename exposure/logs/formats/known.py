"""The formats that can be read: one entry a format, with how it is recognised, how it is read, and an example line. Pure.

A further format is a further entry. `recognise` looks at one line, never at a file's name; `parse` takes LINES and the [[logs]]
entry that names their file, and gives Parsed.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Literal

import polars as pl

from exposure.errors import ExposureError
from exposure.incident import LogSource
from exposure.logs.formats.aws import is_balancer, is_s3, parse_balancer, parse_s3
from exposure.logs.formats.clf_variants import is_syslog, is_traefik_clf, parse_syslog, parse_traefik_clf
from exposure.logs.formats.combined import FIELDS, parse_combined, parse_line
from exposure.logs.formats.combined_scan import scan_combined
from exposure.logs.formats.custom import compile_layout, parse_custom
from exposure.logs.formats.event_layouts import EVENTS
from exposure.logs.formats.haproxy import is_haproxy, parse_haproxy
from exposure.logs.formats.json_layouts import REQUESTS
from exposure.logs.formats.json_records import Layout, parse_by, recognise_by
from exposure.logs.formats.records import Parsed, join, reject
from exposure.logs.formats.rpc_bodies import read_rpc
from exposure.logs.formats.w3c import gives_session as w3c_gives_session
from exposure.logs.formats.w3c import is_cloudfront, is_w3c, parse_w3c
from exposure.logs.reading.lines import LONGEST_LINE

# Of a sample's lines, this part must be recognised: less is chance, and a wrong guess would refuse nearly every line.
_ENOUGH = 0.05
_LONGEST_SAMPLE = 64 << 10

EMPTY = "the line is empty"
TOO_LONG = "the line is longer than a mebibyte"


@dataclass(frozen=True, slots=True)
class Format:
    """A format.

    `example`: one request; above it, where there are such, the names of columns. `request_ids`: the server names each request,
    so that one delivered twice is known by its name. `header`: which lines name the columns of those below: `first` the file's
    first, `#` those that begin so. The reader repeats the last one above every further block as line 0. `scan` reads the plain
    lines of a block in machine code: UTF-8 without NUL bytes, number of the source and of the first line -> records, and LINES
    that it leaves to `parse`.
    """

    name: str
    title: str
    example: str
    recognise: Callable[[str], bool]
    parse: Callable[[pl.DataFrame, LogSource], Parsed]
    request_ids: bool = False
    header: Literal["", "first", "#"] = ""
    scan: Callable[[bytes, int, int, int], tuple[pl.DataFrame, pl.DataFrame]] | None = None
    names_host: bool = True
    # Its lines are JSON objects, so that the same fields are read from CSV, Parquet and JSON arrays, and may be mapped.
    objects: bool = False
    # Its lines are events: what a person did in an app, not what a browser asked of a server.
    events: bool = False
    # What these lines do not say, and what that costs; empty where nothing is missing.
    limits: str = ""
    # False: times bear no offset, and are those of `timezone` under [[logs]], else UTC.
    zoned: bool = True
    # Tells whether lines such as these hold what `session` of [[logs]] asks for.
    gives_session: Callable[[str, Sequence[str]], bool] = lambda _session, _sample: False


def _is_combined(text: str) -> bool:
    return _is_bare(text) and _has_agent(parse_line(text))


def _is_common(text: str) -> bool:
    return _is_bare(text) and parse_line(text) is not None


def _is_vhost(text: str) -> bool:
    return _has_host(text) and not is_syslog(text) and parse_line(text, vhost=True) is not None


def _is_bare(text: str) -> bool:
    """Tell whether nothing stands in front that would be taken for the client, and nothing behind tells another server."""
    return not _has_host(text) and not is_syslog(text) and not is_traefik_clf(text)


def _has_host(text: str) -> bool:
    """Tell whether the IP address comes second; else a user name with a space would look the same."""
    return re.match(r"[^ \[]+ [0-9a-fA-F.:]{3,} ", text) is not None


def _has_agent(fields: tuple[object, ...] | None) -> bool:
    """Tell combined from common: referer and user agent follow, be they empty."""
    return fields is not None and fields[list(FIELDS).index("ua")] is not None


_NO_HOST = "these lines do not name the host"
_NO_AGENT = "these lines do not name the browser: people behind one IP address count as one"


def _objects(layout: Layout) -> Format:
    """Make the entry of a format of JSON objects."""
    return Format(
        layout.name,
        layout.title,
        layout.example,
        partial(_is_only if layout.general else recognise_by, layout),
        partial(parse_by, layout),
        request_ids=layout.request_ids,
        names_host="host" in layout.fields or "target" in layout.fields,
        limits=layout.limits,
        objects=True,
        events=layout.events,
    )


def _is_only(layout: Layout, text: str) -> bool:
    """Tell whether a line is in a layout of common names, and in none with names of its own."""
    others = (other for other in (*REQUESTS, *EVENTS) if not other.general)
    return recognise_by(layout, text) and not any(recognise_by(other, text) for other in others)


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
            "Apache, combined or common with the virtual host in front",
            'examplewallet.com:443 203.0.113.7 - - [04/Mar/2026:09:12:00 +0000] "GET / HTTP/1.1" 200 612 "-" "Mozilla/5.0"',
            _is_vhost,
            partial(parse_combined, vhost=True),
            scan=partial(scan_combined, vhost=True),
        ),
        Format(
            "common",
            "nginx and Apache, common",
            '203.0.113.7 - - [04/Mar/2026:09:12:00 +0000] "GET /static/app.js HTTP/1.1" 200 183422',
            _is_common,
            parse_combined,
            scan=scan_combined,
            names_host=False,
            limits=_NO_HOST + ", the page before, or the browser, so that people behind one IP address count as one",
        ),
        Format(
            "custom",
            "nginx log_format or Apache LogFormat, its text given as log_format under [[logs]]",
            'examplewallet.com 203.0.113.7 [04/Mar/2026:09:12:00 +0000] "GET / HTTP/1.1" 200 612 "sid=7c1f" 0.004',
            lambda _text: False,
            parse_custom,
        ),
        Format(
            "traefik_clf",
            "Traefik, common log format",
            '203.0.113.7 - - [04/Mar/2026:09:12:00 +0000] "GET / HTTP/1.1" 200 612 "-" "Mozilla/5.0" 262 "site@docker" '
            '"http://10.0.0.5:3000" 2ms',
            is_traefik_clf,
            parse_traefik_clf,
            names_host=False,
            limits=_NO_HOST,
        ),
        Format(
            "syslog",
            "Fastly classic, nginx and others: common or combined behind a syslog prefix",
            "<134>2026-03-04T09:12:00Z cache-fra19123 site[62959]: 203.0.113.7 - - [04/Mar/2026:09:12:00 +0000] "
            '"GET /static/app.js HTTP/1.1" 200 183422',
            is_syslog,
            parse_syslog,
            names_host=False,
            limits=_NO_HOST + ", and by Fastly's default neither the page before nor the browser",
        ),
        Format(
            "haproxy",
            "HAProxy, HTTP log (option httplog)",
            "Mar  4 09:12:00 lb1 haproxy[14389]: 203.0.113.7:33317 [04/Mar/2026:09:12:00.655] https-in~ app/web1 10/0/30/69/109 "
            '200 2750 - - ---- 1/1/1/1/0 0/0 {examplewallet.com|Mozilla/5.0} {} "GET /static/app.js HTTP/1.1"',
            is_haproxy,
            parse_haproxy,
            limits="captured headers are told by their look: host, browser and page before may be missing",
            zoned=False,
        ),
        Format(
            "alb",
            "AWS load balancers, application and classic",
            "https 2026-03-04T09:12:00.356586Z app/site/d5b1c9f1e5b9a3f0 203.0.113.7:44325 10.0.0.5:443 0.013 0.164 0.000 200 200 "
            '391 183422 "GET https://examplewallet.com:443/static/app.js HTTP/1.1" "Mozilla/5.0" ECDHE-RSA-AES128-GCM-SHA256 '
            "TLSv1.2 arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/site/943f017f100becff "
            '"Root=1-58337262-36d228ad5d99923122bbe354" "examplewallet.com" "session-reused" 0 2026-03-04T09:12:00.179000Z '
            '"forward" "-" "-" "10.0.0.5:443" "200" "-" "-"',
            is_balancer,
            parse_balancer,
            limits="these lines do not say the page before",
        ),
        Format(
            "s3",
            "AWS S3, server access logs",
            "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be examplewallet [04/Mar/2026:09:12:00 +0000] "
            '203.0.113.7 - 3E57427F3EXAMPLE WEBSITE.GET.OBJECT static/app.js "GET /static/app.js HTTP/1.1" 200 - 183422 183422 '
            '17 16 "https://examplewallet.com/" "Mozilla/5.0" - s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkF= - - - '
            "examplewallet.com - - -",
            is_s3,
            parse_s3,
            request_ids=True,
            limits="S3 delivers these lines on a best-effort basis: a request that is not there may have been made",
        ),
        Format(
            "cloudfront",
            "AWS CloudFront, standard logs (tabs)",
            "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) "
            "cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header\n"
            "2026-03-04\t09:12:00\tFRA56-P1\t183422\t203.0.113.7\tGET\td111111abcdef8.cloudfront.net\t/static/app.js\t200\t"
            "https://examplewallet.com/\tMozilla/5.0%20(X11)\t-\t-\tHit\tk6WGMNkEzR5BEM_SaF47gjtX9zBDO2m349OY2an0QPEaUum1ZOLrow==\t"
            "examplewallet.com",
            is_cloudfront,
            parse_w3c,
            request_ids=True,
            header="#",
            limits="CloudFront delivers up to 24 hours late, on a best-effort basis, and no request with a very long URL",
            gives_session=w3c_gives_session,
        ),
        Format(
            "w3c",
            "IIS and other W3C extended logs",
            "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) "
            "sc-status\n"
            "2026-03-04 09:12:00 10.0.0.5 GET /static/app.js - 443 - 203.0.113.7 Mozilla/5.0+(X11) https://examplewallet.com/ 200",
            is_w3c,
            parse_w3c,
            header="#",
            gives_session=w3c_gives_session,
        ),
        *(_objects(layout) for layout in (*REQUESTS, *EVENTS)),
    )
}


def asked_for(log: LogSource) -> Format | None:
    """Give the format that a [[logs]] entry names, by name or by log_format; None for auto. Raises ExposureError."""
    asked = f"logs {log.path} cannot be read"
    if log.log_format is not None:
        if log.format not in ("auto", "custom"):
            why = f"it has format = {log.format!r} and a log_format"
            raise ExposureError(asked, why, 'take one of them out: log_format alone means "custom"')
        return _custom(log.log_format, log.session)
    if log.format == "auto":
        return None
    if log.format not in FORMATS:
        known = ", ".join(FORMATS)
        raise ExposureError(asked, f"format {log.format!r} is not known", f"write auto, or one of {known}")
    if log.format == "custom":
        why = 'format = "custom" needs log_format'
        raise ExposureError(asked, why, "write as log_format the text of log_format (nginx) or LogFormat (Apache)")
    return FORMATS[log.format]


@lru_cache(maxsize=64)
def _custom(text: str, session: str | None) -> Format:
    """Say of a log_format what its lines can tell; the same text gives the same object."""
    layout = compile_layout(text, session)
    missing = [said for said, there in ((_NO_HOST, layout.says("host")), (_NO_AGENT, layout.says("ua"))) if not there]
    return replace(
        FORMATS["custom"],
        request_ids="request_id" in layout.names,
        names_host=layout.says("host"),
        zoned=layout.zoned,
        limits=", and ".join(missing),
        gives_session=lambda session, _sample: layout.session(session) is not None,
    )


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
        return _parse(lines, known, log)
    fit = lines.filter(length.is_between(1, LONGEST_LINE))
    parts = [
        _parse(fit, known, log),
        reject(lines.filter(length == 0), EMPTY),
        reject(lines.filter(length > LONGEST_LINE), TOO_LONG),
    ]
    return join(parts)


def _parse(lines: pl.DataFrame, known: Format, log: LogSource) -> Parsed:
    parsed = known.parse(lines, log)
    return replace(parsed, records=read_rpc(parsed.records))
