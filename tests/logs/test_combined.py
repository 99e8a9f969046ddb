"""Every combined and common line is read to its fields, whatever the server escaped and the client sent."""

import re
from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.incident import LogSource
from exposure.logs.formats.combined import NO_SHAPE, NO_TIME, NO_ZONE, parse_combined
from tests.logs.logbook import NOON, combined, lines_of

FIELDS = ("ip", "host", "method", "target", "status", "bytes", "referer", "ua", "forwarded")
FRONT = "203.0.113.7 - - [04/Mar/2026:12:00:00 +0000]"


def read(line: str, *, vhost: bool = False) -> dict[str, object]:
    """Read one line; it must be a record."""
    parsed = parse_combined(lines_of(line), vhost=vhost)
    assert 0 == parsed.rejects.height
    row = parsed.records.row(0, named=True)
    return {name: row[name] for name in FIELDS if row[name] not in (None, "")}


def refused(line: str) -> list[str]:
    """Read one line; it must be refused."""
    parsed = parse_combined(lines_of(line))
    assert 0 == parsed.records.height
    return parsed.rejects.get_column("reason").to_list()


PAGE: dict[str, object] = {"ip": "203.0.113.7", "method": "GET", "target": "/a", "status": 200, "bytes": 612}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f'{FRONT} "GET /a HTTP/1.1" 200 612 "http://x/" "UA 1"', {**PAGE, "referer": "http://x/", "ua": "UA 1"}),
        (f'{FRONT} "GET /a HTTP/1.1" 200 612', PAGE),
        (f'{FRONT} "GET /a HTTP/1.1" 304 - "-" "-"', {"ip": "203.0.113.7", "method": "GET", "target": "/a", "status": 304}),
        (f'{FRONT} "GET /a b HTTP/1.1" 200 612', {**PAGE, "target": "/a b"}),
        (f'{FRONT} "GET /a" 200 612', PAGE),
        (f'{FRONT} "GET /\\x22a\\xC3\\xA4 HTTP/2.0" 200 612 "-" "U\\x22A"', {**PAGE, "target": '/"aä', "ua": 'U"A'}),
        (f'{FRONT} "GET /a\\"b HTTP/1.1" 200 612 "-" "U\\"A\\\\"', {**PAGE, "target": '/a"b', "ua": 'U"A\\'}),
        (f'{FRONT} "GET /a"b HTTP/1.1" 200 612 "-" "UA"', {**PAGE, "target": '/a"b', "ua": "UA"}),
        (f'{FRONT} "GET /a HTTP/1.1" 200 612 "http://x/"y" "UA"', {**PAGE, "referer": 'http://x/"y', "ua": "UA"}),
        (f'{FRONT} "GET /a HTTP/1.1" 200 612 "-" "U"A"', {**PAGE, "ua": 'U"A'}),
        (
            f'{FRONT} "GET /a HTTP/1.1" 200 612 "-" "UA" "198.51.100.1, 10.0.0.2" 0.004',
            {**PAGE, "ua": "UA", "forwarded": ' "198.51.100.1, 10.0.0.2" 0.004'},
        ),
        (
            f'{FRONT} "GET https://Shop.Example.com:8443/a HTTP/1.1" 200 612',
            {**PAGE, "host": "shop.example.com"},
        ),
        (f'{FRONT} "GET http://shop.example.com?q HTTP/1.1" 200 612', {**PAGE, "host": "shop.example.com", "target": "/?q"}),
        (f'{FRONT} "\\x16\\x03\\x01" 400 157 "-" "-"', {"ip": "203.0.113.7", "target": "\x16\x03\x01", "status": 400, "bytes": 157}),
        (f'{FRONT} "" 400 0 "-" "-"', {"ip": "203.0.113.7", "status": 400, "bytes": 0}),
        (f'{FRONT} "-" 408 - "-" "-"', {"ip": "203.0.113.7", "target": "-", "status": 408}),
        (f'{FRONT} "PROPFIND /a HTTP/1.1" 200 612', {**PAGE, "method": "PROPFIND"}),
        (f'{FRONT} "GET /a HTTP/1.1" 200 612'.replace(".7 ", ".7:4711 "), PAGE),
        (
            '[2001:db8::1]:4711 - - [04/Mar/2026:12:00:00 +0000] "GET /a HTTP/1.1" 200 612',
            {**PAGE, "ip": "2001:db8::1"},
        ),
        (
            '2001:db8::1 - frank doe [04/Mar/2026:12:00:00 +0000] "GET /a HTTP/1.1" 200 612',
            {**PAGE, "ip": "2001:db8::1"},
        ),
    ],
    ids=[
        "combined", "common", "no body", "space in path", "http 0.9", "nginx escapes", "apache escapes", "quote in path",
        "quote in referer", "quote in agent", "further fields", "absolute", "absolute without path", "handshake", "empty request",
        "no request", "rare method", "port", "port of ipv6", "user with space",
    ],
)  # fmt: skip
def test_a_line_is_read_to_its_fields(line: str, expected: dict[str, object]) -> None:
    """Servers differ in what they escape; none of it may cost a line."""
    assert expected == read(line)


def test_the_virtual_host_in_front_is_the_host() -> None:
    """Apache's vhost_combined is the only one of these layouts that says which site was asked."""
    line = 'shop.example.com:443 203.0.113.7 - - [04/Mar/2026:12:00:00 +0000] "GET /a HTTP/1.1" 200 612 "-" "U\\"A"'
    expected = {**PAGE, "host": "shop.example.com", "ua": 'U"A'}
    assert expected == read(line, vhost=True)
    assert {**expected, "ua": "UA"} == read(line.replace('\\"', ""), vhost=True)


@pytest.mark.parametrize(
    ("stamp", "utc"),
    [
        ("25/Oct/2026:02:30:00 +0200", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("25/Oct/2026:02:30:00 +0100", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("01/Jan/2026:02:00:00 +0330", datetime(2025, 12, 31, 22, 30, tzinfo=UTC)),
        ("28/Feb/2026:23:59:59 -0730", datetime(2026, 3, 1, 7, 29, 59, tzinfo=UTC)),
    ],
)
def test_times_are_read_with_their_offset(stamp: str, utc: datetime) -> None:
    """The offset flips within one file when summer time ends; half hours exist."""
    line = f'203.0.113.7 - - [{stamp}] "GET /a HTTP/1.1" 200 612'
    for text in (line, line.replace("/a ", "/a b ")):
        assert [utc] == parse_combined(lines_of(text)).records.get_column("time").to_list()


def test_a_time_without_an_offset_is_read_where_the_zone_is_given() -> None:
    """CherryPy writes none. An hour wrong is a victim on the wrong side of the window: it is not guessed."""
    line = '203.0.113.7 - - [04/Mar/2026:12:00:00] "GET /a HTTP/1.1" 200 612 "" "UA"'
    assert [NO_ZONE] == refused(line)
    for zone, utc in (("Europe/Berlin", NOON - timedelta(hours=1)), ("UTC", NOON)):
        parsed = parse_combined(lines_of(line, combined()), LogSource(path="x.log", timezone=zone))
        assert [utc, NOON] == parsed.records.sort("line").get_column("time").to_list()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("garbage", NO_SHAPE),
        (FRONT, NO_SHAPE),
        (f'{FRONT} "GET /a HTTP/1.1" 200', NO_SHAPE),
        (f'{FRONT} "GET /a HTTP/1.1" OK 612', NO_SHAPE),
        ('203.0.113.7 - - [04/Foo/2026:12:00:00 +0000] "GET /a HTTP/1.1" 200 612', NO_TIME),
        ('203.0.113.7 - - [32/Mar/2026:12:00:00 +0000] "GET /a HTTP/1.1" 200 612', NO_TIME),
    ],
)
def test_a_line_that_cannot_be_read_says_why(line: str, reason: str) -> None:
    """The reasons are fixed texts: nothing of the line is in them."""
    assert [reason] == refused(line)


def test_no_lines_give_no_records() -> None:
    """An empty block is no error."""
    parsed = parse_combined(lines_of("x").clear())
    assert (0, 0) == (parsed.records.height, parsed.rejects.height)


@pytest.mark.parametrize(
    "line",
    [
        FRONT + ' "GET /' + "a" * (1 << 20),
        "1 1 " + 'x [04/Mar/2026:12:00:00 +0000] "' * (1 << 15),
        '" 200 5 "' * (1 << 17),
        FRONT + ' "' + '\\"' * (1 << 19),
        FRONT + ' "a" 200 5 ' + '" ' * (1 << 19) + "\\",
        FRONT + ' "GET a' + " HTTP/1.1" * (1 << 17) + 'x" 200 5',
    ],
    ids=["long", "brackets", "answers", "escapes", "quotes", "versions"],
)
def test_a_hostile_line_takes_no_longer_than_its_length(line: str) -> None:
    """A pattern that tries again from every bracket would take hours for a mebibyte; then this test would be stopped."""
    parsed = parse_combined(lines_of(line, combined("/2")))
    assert 2 == parsed.records.height + parsed.rejects.height
    assert [2] == parsed.records.filter(pl.col("target") == "/2").get_column("line").to_list()


PRINTABLE = st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\n\r\0")
TARGETS = (
    st.text(PRINTABLE, max_size=40)
    .map(lambda text: "/" + text)
    .filter(lambda text: not re.search(r" HTTP/[0-9.]+$", text))
)
TEXTS = st.text(PRINTABLE, max_size=40).filter(lambda text: text not in ("", "-"))
BOUNDS = tuple(datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (2000, 2099))
OFFSETS = st.sampled_from([-720, -570, 0, 60, 120, 330, 345]).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(*BOUNDS, timezones=OFFSETS).map(lambda time: time.replace(microsecond=0))


def apache(text: str) -> str:
    """Escape as Apache does: quotes and backslashes by a backslash, controls in hex."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return re.sub("[\x00-\x1f\x7f]", lambda match: f"\\x{ord(match[0]):02x}", escaped)


@settings(deadline=None)
@given(
    target=TARGETS,
    time=TIMES,
    method=st.sampled_from(["GET", "POST", "HEAD", "PROPFIND", "M-SEARCH"]),
    status=st.none() | st.integers(100, 999),
    size=st.none() | st.integers(0, 10**15),
    referer=TEXTS,
    ua=TEXTS,
    by_apache=st.booleans(),
)
def test_any_request_is_read_back_as_it_was_written(
    target: str,
    time: datetime,
    method: str,
    status: int | None,
    size: int | None,
    referer: str,
    ua: str,
    by_apache: bool,
) -> None:
    """Whatever clients send, both servers' ways of escaping it are undone without loss."""
    line = combined(target, time, method=method, status=status, size=size, referer=referer, ua=ua)
    if by_apache:
        front, answer = line.split('"', 1)[0], f"{'-' if status is None else status} {'-' if size is None else size}"
        line = f'{front}"{method} {apache(target)} HTTP/1.1" {answer} "{apache(referer)}" "{apache(ua)}"'
    parsed = parse_combined(lines_of(line))
    assert 0 == parsed.rejects.height
    row = parsed.records.row(0, named=True)
    assert (target, time, method, status, size, referer, ua) == tuple(
        row[name] for name in ("target", "time", "method", "status", "bytes", "referer", "ua")
    )


@settings(deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cs",)), max_size=60) | st.just(combined('/"', NOON)), min_size=1
    )
)
def test_no_text_is_lost_or_fatal(texts: list[str]) -> None:
    """Records and rejects together are all lines, each once."""
    lines = lines_of(*texts)
    parsed = parse_combined(lines)
    both = [*parsed.records.get_column("line"), *parsed.rejects.get_column("line")]
    assert lines.get_column("line").to_list() == sorted(both)
