"""A file's format is told from its content, and every entry reads the example that it shows."""

import re
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pytest

from exposure.incident import LogSource
from exposure.logs.formats.known import EMPTY, FORMATS, TOO_LONG, detect, parse
from exposure.logs.reading.lines import LONGEST_LINE
from tests.logs.logbook import ALICE, CHROME, NOON, at, cloudflare, combined, lines_of

COMMON = combined().split(' "-"')[0]


# The text that the example of `custom` was written by.
CUSTOM = '$host $remote_addr [$time_local] "$request" $status $body_bytes_sent "$http_cookie" $request_time'


def log_of(name: str) -> LogSource:
    """Give the [[logs]] entry that a format's example needs."""
    return LogSource(path="x.log", log_format=CUSTOM if name == "custom" else None)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_reads_its_own_example(name: str) -> None:
    """The example is what `exposure formats` shows people."""
    known = FORMATS[name]
    parsed = parse(lines_of(known.example), known, log_of(name))
    assert (name, 1, 0) == (known.name, parsed.records.height, parsed.rejects.height)


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"custom"}))
def test_every_example_is_in_its_own_format_alone(name: str) -> None:
    """Only common reads lines of another, combined: what they say more is not needed."""
    known = FORMATS[name]
    lines = known.example.split("\n")
    assert known is detect(lines)
    for line in lines:
        others = {other.name for other in FORMATS.values() if other.recognise(line)}
        assert {name} == others - ({"common"} if name in ("combined", "vhost_combined") else set())


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ([combined()], "combined"),
        ([combined() + ' "198.51.100.1" 0.004'], "combined"),
        ([COMMON], "common"),
        (["examplewallet.com:443 " + combined()], "vhost_combined"),
        ([cloudflare(ray="a")], "cloudflare"),
        (["an error page"] * 9 + [combined()], "combined"),
        ([COMMON] * 2 + [combined()] * 3, "common"),
        (["", "", cloudflare(ray="a")], "cloudflare"),
        (["examplewallet.com " + COMMON], "vhost_combined"),
        ([COMMON.replace(" +0000", "")], "common"),
        ([COMMON.replace("203.0.113.7", "203.0.113.7:4711")], "common"),
    ],
    ids=[
        "combined", "further fields", "common", "vhost", "cloudflare", "mostly noise", "mixed", "empty lines", "vhost common",
        "no zone", "port",
    ],
)  # fmt: skip
def test_the_format_is_the_one_that_most_lines_are_in(sample: list[str], expected: str) -> None:
    """The name of a file says nothing: exports are renamed, packed and joined. Common reads combined lines, too."""
    found = detect(sample)
    assert found is not None
    assert expected == found.name


@pytest.mark.parametrize("sample", [[], [""], ["hello"], ['{"time":"now"}'], ["noise"] * 99 + [combined()]])
def test_what_is_in_no_format_is_not_guessed(sample: list[str]) -> None:
    """Nearly every line would be refused."""
    assert None is detect(sample)


HOSTILE = [
    "x" * (1 << 20),
    '" ' * (1 << 18),
    "1 [04/Mar/2026:12:00:00 +0000] " * (1 << 14),
    "#Fields: " + "time c-ip " * (1 << 14),
    "2026-03-04T12:00:00Z a b:1 " * (1 << 14),
    "Mar  4 12:00:00 x: " * (1 << 14),
    '- "a" 200 5 "b" "c" 5 - ' * (1 << 14) + " 1ms",
    "haproxy[1]: 1:1 [04/Mar/2026:12:00:00] a b/c 1/1 200 1 - - ---- 1/1 0/0 {" * (1 << 12),
]


@pytest.mark.parametrize("name", sorted(FORMATS))
@pytest.mark.parametrize("line", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_line_takes_no_longer_than_its_length(name: str, line: str) -> None:
    """A pattern that tries again from everywhere would take hours for a mebibyte; then this test would be stopped."""
    known = FORMATS[name]
    known.recognise(line[: 64 << 10])
    lines = lines_of(line[:LONGEST_LINE], *known.example.split("\n"))
    parsed = parse(lines, known, log_of(name))
    assert lines.height == parsed.records.height + parsed.rejects.height + parsed.others.height


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_empty_and_endless_lines_are_refused_in_every_format(name: str) -> None:
    """They are counted like all others."""
    known = FORMATS[name]
    lines = lines_of("", "x" * (LONGEST_LINE + 1), *known.example.split("\n"))
    parsed = parse(lines, known, log_of(name))
    assert [(1, EMPTY), (2, TOO_LONG)] == sorted(parsed.rejects.select("line", "reason").rows())
    assert [(lines.height, NOON.date())] == parsed.records.select("line", pl.col("time").dt.date()).rows()


REQUESTS = [
    ("GET", "/", 200, 612, "-", CHROME),
    ("GET", "/static/app.js", 304, 0, "https://examplewallet.com/", CHROME),
    ("POST", "/api/unlock/mnemonic", 200, 17, "https://examplewallet.com/unlock?a=b", "curl/8.5.0"),
    ("GET", f"/account/{ALICE}?tab=nft&x=%20y", 404, 1290, "-", "-"),
    ("HEAD", "/robots.txt", 301, 0, "-", "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"),
]


def sample_of(name: str) -> list[str]:
    """Write twenty lines as the servers of a format do, of several requests, minutes and clients."""
    lines = []
    for number in range(20):
        method, target, status, size, referer, ua = REQUESTS[number % len(REQUESTS)]
        time = at(60 * number)
        ip = f"203.0.113.{number}"
        clf = combined(target, time, ip, method, status, size, referer, ua)
        stem, _, query = target.partition("?")
        day, clock = f"{time:%Y-%m-%d}", f"{time:%H:%M:%S}"
        lines.append(
            {
                "combined": clf,
                "common": clf.rsplit(' "', 2)[0],
                "vhost_combined": f"examplewallet.com:443 {clf}",
                "cloudflare": cloudflare(target, f"{day}T{clock}Z", str(number)),
                "traefik_clf": f'{clf} {number} "site@docker" "http://10.0.0.5:3000" {number}ms',
                "syslog": f"<134>{day}T{clock}Z cache-fra19123 site[62959]: {clf}",
                "haproxy": f"{time:%b %d %H:%M:%S} lb haproxy[9]: {ip}:3317 [{time:%d/%b/%Y:%H:%M:%S}.655] in~ app/web{number} "
                f'0/0/1/3{number}/69 {status} {size} - - ---- 1/1/1/1/0 0/0 "{method} {target} HTTP/1.1"',
                "alb": f"h2 {day}T{clock}.356586Z app/site/d5b1 {ip}:4432 10.0.0.5:443 0.0{number} 0.164 0.000 {status} {status} 391 "
                f'{size} "{method} https://examplewallet.com:443{target} HTTP/2.0" "{ua}" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:x '
                f'"Root=1-{number}" "examplewallet.com" "arn:y" 0 {day}T{clock}.179000Z "forward" "-" "-" "-" "-" "-" "-"',
                "s3": f"79a59df900b949e5 wallet [{time:%d/%b/%Y:%H:%M:%S} +0000] {ip} - 3E57{number} REST.{method}.OBJECT app.js "
                f'"{method} {target} HTTP/1.1" {status} - {size} 9 17 16 "{referer}" "{ua}" - s9= SigV4 - - wallet.example TLSv1.2 -',
                "cloudfront": f"{day}\t{clock}\tFRA56-P1\t{size}\t{ip}\t{method}\td1.cloudfront.net\t{stem}\t{status}\t{referer}\t"
                f"{quote(ua)}\t{query or '-'}\t-\tHit\tk6WG{number}==\texamplewallet.com\thttps",
                "w3c": f"{day} {clock} 10.0.0.5 {method} {stem} {query or '-'} 443 - {ip} {ua.replace(' ', '+')} {referer} {status} 0 0 {size}",
            }[name]
        )
    return lines


@pytest.mark.parametrize(
    "name",
    sorted(name for name, known in FORMATS.items() if name != "custom" and (not known.objects or name == "cloudflare")),
)
def test_twenty_lines_of_a_server_are_told_from_all_others(name: str) -> None:
    """From the middle of a file, where nothing names the columns."""
    lines = sample_of(name)
    found = detect(lines)
    assert found is not None
    assert name == found.name
    for line in lines:
        others = {known.name for known in FORMATS.values() if known.recognise(line)}
        assert {name} == others - ({"common"} if name in ("combined", "vhost_combined") else set())


def test_every_format_has_its_row_in_the_documents() -> None:
    """People choose by it, and learn what their logs cannot say."""
    page = (Path(__file__).parents[2] / "docs" / "logs.md").read_text()
    assert sorted(FORMATS) == sorted(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
