"""Traefik's lines, and common and combined ones behind a syslog prefix, are read to their fields."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.incident import LogSource
from exposure.logs.formats.clf_variants import is_syslog, is_traefik_clf, parse_syslog, parse_traefik_clf
from exposure.logs.formats.layouts import NO_SHAPE, NO_TIME
from tests.logs.logbook import NOON, combined, lines_of
from tests.logs.test_combined import TARGETS, TEXTS, TIMES

STAMP = "04/Mar/2026:12:00:00 +0000"
FIELDS = ("time", "ip", "method", "target", "status", "bytes", "referer", "ua")
PAGE = {"time": NOON, "ip": "203.0.113.7", "method": "GET", "target": "/a", "status": 200, "bytes": 612}


def read(line: str, parse: object = parse_traefik_clf) -> dict[str, object]:
    """Read one line; it must be a record."""
    parsed = parse(lines_of(line))  # type: ignore[operator]
    assert (1, 0) == (parsed.records.height, parsed.rejects.height)
    row = parsed.records.row(0, named=True)
    return {name: row[name] for name in FIELDS if row[name] is not None}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            f'203.0.113.7 - - [{STAMP}] "GET /a HTTP/1.1" 200 612 "http://x/" "UA 1" 262 "site@docker" "http://10.0.0.5:80" 2ms',
            {**PAGE, "referer": "http://x/", "ua": "UA 1"},
        ),
        (
            f'203.0.113.7 - anna [{STAMP}] "GET /a HTTP/2.0" 200 612 - "UA" 13 "Host-0" "http://172.19.0.6:14008" 247ms',
            {**PAGE, "ua": "UA"},
        ),
        (
            f'203.0.113.7 - - [{STAMP}] "GET /a HTTP/1.1" - - "-" "-" 27 "-" "-" 0ms',
            {name: PAGE[name] for name in ("time", "ip", "method", "target")},
        ),
        (f'203.0.113.7 - - [{STAMP}] "GET /"a HTTP/1.1" 200 612 "-" "-" 27 "-" "-" 0ms', {**PAGE, "target": '/"a'}),
    ],
    ids=["whole", "unquoted referer", "nothing known", "quote"],
)
def test_a_line_of_traefik_is_read_to_its_fields(line: str, expected: dict[str, object]) -> None:
    """Router, server and duration follow."""
    assert is_traefik_clf(line)
    assert expected == read(line)
    assert not is_traefik_clf(line.rsplit(" ", 4)[0])


def test_common_lines_among_traefiks_are_read() -> None:
    """Versions differ in what they write behind the size."""
    assert PAGE == read(f'203.0.113.7 - - [{STAMP}] "GET /a HTTP/1.1" 200 612')


COMMON = f'203.0.113.7 - - [{STAMP}] "GET /a HTTP/1.1" 200 612'


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"<134>2026-03-04T12:00:01Z cache-fra19123 site[62959]: {COMMON}", PAGE),
        (f"<134>2026-03-04T12:00:01Z cache-fra19123 site[62959]: {COMMON}".replace("- -", '"-" "-"'), PAGE),
        (
            '<134>2026-03-04T12:00:01Z cache-fra19123 site[62959]: 203.0.113.7 "-" "-" Wed, 04 Mar 2026 12:00:00 GMT "GET /a" 200 612',
            PAGE,
        ),
        (
            f'<190>Mar  4 12:00:01 web1 nginx: {COMMON} "http://x/" "UA \\x22 1"',
            {**PAGE, "referer": "http://x/", "ua": 'UA " 1'},
        ),
        (f"Mar 14 12:00:01 web1 nginx[77]: {COMMON}", PAGE),
        (f"Mar  4 12:00:01 web1 httpd: {COMMON.replace('203.0.113.7', '2001:db8::7')}", {**PAGE, "ip": "2001:db8::7"}),
    ],
    ids=["fastly", "fastly quotes", "fastly http time", "nginx", "file of syslog", "ipv6"],
)
def test_a_line_behind_a_syslog_prefix_is_read_to_its_fields(line: str, expected: dict[str, object]) -> None:
    """The time is the request's own."""
    assert is_syslog(line)
    assert expected == read(line, parse_syslog)


@pytest.mark.parametrize(
    "line", [COMMON, combined(), "<134>2026-03-04T12:00:01Z cache x[1]: hello", f"shop.example.com {COMMON}"]
)
def test_other_lines_are_not_taken_for_syslog(line: str) -> None:
    """A prefix is a priority or a date without a year."""
    assert not is_syslog(line)


def test_times_without_offset_are_in_the_zone_that_is_given() -> None:
    """Both kinds of lines name their offset; where one does not, `timezone` counts."""
    log = LogSource(path="x.log", timezone="Europe/Berlin")
    line = COMMON.replace(" +0000", "").replace(":12:", ":13:")
    assert [NOON] == parse_traefik_clf(lines_of(line), log).records.get_column("time").to_list()
    assert [NOON] == parse_syslog(lines_of(f"<1>x: {line}"), log).records.get_column("time").to_list()
    assert [NO_TIME] == parse_traefik_clf(lines_of(line)).rejects.get_column("reason").to_list()


def test_what_cannot_be_read_is_refused() -> None:
    """Each with its reason."""
    for parse, prefix in ((parse_traefik_clf, ""), (parse_syslog, "<1>x: ")):
        parsed = parse(lines_of("garbage", prefix + COMMON.replace("Mar", "Foo"), prefix + COMMON))
        assert [(1, NO_SHAPE), (2, NO_TIME)] == sorted(parsed.rejects.select("line", "reason").rows())


@settings(deadline=None)
@given(target=TARGETS, time=TIMES, referer=TEXTS, ua=TEXTS, method=st.sampled_from(["GET", "POST", "M-SEARCH"]))
def test_any_request_is_read_back_as_it_was_written(
    target: str, time: datetime, referer: str, ua: str, method: str
) -> None:
    """Whatever clients send."""
    line = combined(target, time, referer=referer, ua=ua, method=method)
    for parse, written in (
        (parse_traefik_clf, f'{line} 262 "site@docker" "http://10.0.0.5:3000" 2ms'),
        (parse_syslog, f"<134>2026-03-04T12:00:01Z cache-fra19123 site[62959]: {line}"),
    ):
        row = parse(lines_of(written)).records.row(0, named=True)
        assert (target, time, method, referer, ua) == tuple(
            row[name] for name in ("target", "time", "method", "referer", "ua")
        )


@settings(deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cs",)), max_size=60) | st.sampled_from([COMMON, f"<1>x: {COMMON}"]),
        min_size=1,
    )
)
def test_no_text_is_lost_or_fatal(texts: list[str]) -> None:
    """Records and rejects together are all lines, each once."""
    lines = lines_of(*texts)
    for parse in (parse_traefik_clf, parse_syslog):
        parsed = parse(lines)
        both = [*parsed.records.get_column("line"), *parsed.rejects.get_column("line")]
        assert lines.get_column("line").to_list() == sorted(both)
