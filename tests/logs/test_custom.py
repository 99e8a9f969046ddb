"""Any log_format of nginx and any LogFormat of Apache is read as the server wrote it, or refused with a reason."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.errors import ExposureError
from exposure.incident import LogSource
from exposure.logs.formats.custom import compile_layout, parse_custom
from exposure.logs.formats.known import asked_for
from exposure.logs.formats.layouts import NO_SHAPE, NO_TIME
from exposure.logs.noticing.coverage import UNZONED
from tests.logs.logbook import ALICE, NOON, Logbook, at, hexed, lines_of
from tests.logs.test_combined import TARGETS, TEXTS, TIMES, apache

FIELDS = (
    "ip",
    "forwarded",
    "host",
    "method",
    "target",
    "status",
    "bytes",
    "referer",
    "ua",
    "request_id",
    "session",
    "body",
)
STAMP = "04/Mar/2026:12:00:00 +0000"


MAIN = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
)


@pytest.fixture
def logbook(tmp_path: Path) -> Logbook:
    """An empty case."""
    return Logbook(tmp_path)


def read(line: str, log_format: str, **log: Any) -> dict[str, object]:
    """Read one line; it must be a record of noon."""
    parsed = parse_custom(lines_of(line), LogSource(path="x.log", log_format=log_format, **log))
    assert (1, 0) == (parsed.records.height, parsed.rejects.height)
    row = parsed.records.row(0, named=True)
    assert NOON == row["time"]
    return {name: row[name] for name in FIELDS if row[name] is not None}


PAGE: dict[str, object] = {"ip": "203.0.113.7", "method": "GET", "target": "/a?b", "status": 200, "bytes": 612}


@pytest.mark.parametrize(
    ("log_format", "line", "expected"),
    [
        (
            MAIN + ' "$http_x_forwarded_for"',
            f'203.0.113.7 - - [{STAMP}] "GET /a?b HTTP/1.1" 200 612 "-" "UA 1" "198.51.100.1, 10.0.0.2"',
            {**PAGE, "ua": "UA 1", "forwarded": "198.51.100.1, 10.0.0.2"},
        ),
        (
            '$http_x_forwarded_for - [$time_iso8601] $host "$request_uri" $request_method $status $upstream_response_time $bytes_sent',
            '198.51.100.1, 203.0.113.7 - [2026-03-04T13:00:00+01:00] shop.example.com "/a?b" GET 200 0.004, 0.010 : 0.100 612',
            {**PAGE, "ip": "203.0.113.7", "forwarded": "198.51.100.1, 203.0.113.7", "host": "shop.example.com"},
        ),
        (
            "$msec\t$remote_addr\t$request_method\t$scheme://$host$request_uri\t$status\t$body_bytes_sent",
            "1772625600.000\t203.0.113.7\tGET\thttps://shop.example.com/a?b\t200\t612",
            {**PAGE, "host": "shop.example.com"},
        ),
        (
            "$time_iso8601|$remote_addr|$request_method|$uri$is_args$args|$status|$body_bytes_sent|$request_id",
            "2026-03-04T12:00:00+00:00|203.0.113.7|GET|/a?b|200|612|7f9c",
            {**PAGE, "request_id": "7f9c"},
        ),
        (
            '{"t":"$time_iso8601","ip":"$remote_addr","r":"$request","s":$status,"b":$body_bytes_sent}',
            '{"t":"2026-03-04T12:00:00+00:00","ip":"203.0.113.7","r":"GET /a?b HTTP/2.0","s":200,"b":612}',
            PAGE,
        ),
        (
            "log_format main '$remote_addr [$time_local] '\n   '\"$request\" $status $body_bytes_sent';",
            f'203.0.113.7 [{STAMP}] "GET /a?b HTTP/1.1" 200 612',
            PAGE,
        ),
        (
            '$remote_addr [$time_local] "$request" $status $body_bytes_sent "$request_body"',
            f'203.0.113.7 [{STAMP}] "POST /rpc HTTP/1.1" 200 612 "{{\\x22params\\x22:[\\x22{ALICE}\\x22]}}"',
            {**PAGE, "method": "POST", "target": "/rpc", "body": f'{{"params":["{ALICE}"]}}'},
        ),
        (
            '%v:%p %h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\" %{X-Forwarded-For}i',
            f'shop.example.com:443 203.0.113.7 - joe doe [{STAMP}] "GET /a?b HTTP/1.1" 200 612 "http://x/" "U\\"A" 198.51.100.1, 10.0.0.1',
            {**PAGE, "host": "shop.example.com", "referer": "http://x/", "ua": 'U"A', "forwarded": "198.51.100.1, 10.0.0.1"},
        ),
        (
            "%a [%{%d/%b/%Y %T}t.%{usec_frac}t %{%z}t] %m %U%q %H %s %B %D %T %X %I %{UNIQUE_ID}e",
            "203.0.113.7 [04/Mar/2026 13:00:00.123456 +0100] GET /a?b HTTP/1.1 200 612 1 0 + 77 XkLm",
            {**PAGE, "request_id": "XkLm"},
        ),
        (
            "$remote_addr [$time_local] $request $status $body_bytes_sent $http_user_agent $request_time",
            f"203.0.113.7 [{STAMP}] GET /a?b HTTP/1.1 200 612 Mozilla/5.0 (X11) 0.004",
            {**PAGE, "ua": "Mozilla/5.0 (X11)"},
        ),
        (
            'LogFormat "%{c}a %{msec}t \\"%r\\" %>s %b" short',
            '203.0.113.7 1772625600000 "GET /a?b HTTP/1.1" 200 612',
            PAGE,
        ),
        (
            "%{begin:%Y-%m-%dT%H:%M:%S%z}t %h %V %!200,304{Referer}i %r",
            "2026-03-04T12:00:00+0000 203.0.113.7 shop.example.com http://x/ GET /a?b HTTP/1.1",
            {"ip": "203.0.113.7", "method": "GET", "target": "/a?b", "host": "shop.example.com", "referer": "http://x/"},
        ),
    ],
    ids=[
        "forwarded last", "forwarded alone", "tabs", "bars", "by hand as JSON", "pasted nginx", "body", "apache", "apache time in pieces",
        "no quotes",
        "pasted apache", "apache strftime",
    ],
)  # fmt: skip
def test_a_line_is_read_by_the_text_of_its_format(log_format: str, line: str, expected: dict[str, object]) -> None:
    """As teams copy it from their server's configuration."""
    assert expected == read(line, log_format)


def test_further_fields_are_let_pass() -> None:
    """A format is extended over time, and the log holds lines of before and after."""
    log_format = '$remote_addr [$time_local] "$request" $status $body_bytes_sent'
    line = f'203.0.113.7 [{STAMP}] "GET /a?b HTTP/1.1" 200 612'
    assert PAGE == read(f'{line} "-" 0.004', log_format)


SIDS = [
    ('$remote_addr [$time_local] "$request" "$cookie_sid"', f'203.0.113.7 [{STAMP}] "GET /" "7c1f"', "cookie:sid"),
    ('$remote_addr [$time_local] "$http_cookie"', f'203.0.113.7 [{STAMP}] "a=1; sid=7c1f; b=2"', "cookie:sid"),
    ('$remote_addr [$time_local] "$http_cookie"', f'203.0.113.7 [{STAMP}] "sid=7c1f"', "cookie:sid"),
    ("%h %t %{sid}C", f"203.0.113.7 [{STAMP}] 7c1f", "cookie:sid"),
    ('%h %t "%{Cookie}i"', f'203.0.113.7 [{STAMP}] "psid=5; sid=7c1f"', "cookie:sid"),
    ("%h %t %{my-sid}C", f"203.0.113.7 [{STAMP}] 7c1f", "cookie:my-sid"),
    ("$remote_addr [$time_local] $http_x_session_id", f"203.0.113.7 [{STAMP}] 7c1f", "X-Session-Id"),
    ("%h %t %{X-Session-Id}i", f"203.0.113.7 [{STAMP}] 7c1f", "X-Session-Id"),
    ("$remote_addr $remote_user [$time_local]", f"203.0.113.7 7c1f [{STAMP}]", "$remote_user"),
    ("$remote_addr [$time_local] $line $session", f"203.0.113.7 [{STAMP}] 7c1f x", "$line"),
    (
        '$remote_addr [$time_local] "$http_cookie" $session',
        f'203.0.113.7 [{STAMP}] "__Host-my.sid=7c1f" x',
        "cookie:__Host-my.sid",
    ),
    ('$remote_addr [$time_local] "$http_cookie"', f'203.0.113.7 [{STAMP}] "a b<#&~=7c1f"', "cookie:a b<#&~"),
]


@pytest.mark.parametrize(("log_format", "line", "session"), SIDS)
def test_a_session_is_a_cookie_a_header_or_a_field(log_format: str, line: str, session: str) -> None:
    """Without the cookie the line is read all the same."""
    assert "7c1f" == read(line, log_format, session=session)["session"]
    assert "session" not in read(line.replace("7c1f", "-").replace("sid=-", "a=b"), log_format, session=session)


@pytest.mark.parametrize(
    ("log_format", "why", "fix"),
    [
        (
            '$remote_addr "$request"',
            "it names no time",
            "add $time_local, $time_iso8601 or $msec (nginx), or %t (Apache), if the lines hold it",
        ),
        ('%t "%r"', "it names no client", "add $remote_addr (nginx), or %h or %a (Apache), if the lines hold it"),
        (
            "combined",
            "it names no time",
            "add $time_local, $time_iso8601 or $msec (nginx), or %t (Apache), if the lines hold it",
        ),
        (
            'log_format main escape=json \'{"t":"$time_iso8601","ip":"$remote_addr"}\';',
            "it writes JSON (escape=json)",
            'take log_format out, and write format = "nginx_json": keys are read by their names',
        ),
        (
            "%h %{%c}t %r",
            "its time %{%c}t cannot be read",
            "write it of %Y %m %d %b %H %M %S %T %F %z, or use %t",
        ),
    ],
)
def test_a_format_that_cannot_be_used_says_why(log_format: str, why: str, fix: str) -> None:
    """Without when or who, a line shows nobody's exposure."""
    with pytest.raises(ExposureError) as caught:
        asked_for(LogSource(path="x.log", log_format=log_format))
    assert f"log_format under [[logs]] cannot be used\n  why: {why}\n  fix: {fix}" == str(caught.value)


def test_what_a_format_cannot_say_is_noted(logbook: Logbook) -> None:
    """The same as for formats with a name."""
    log = LogSource(path="x.log", log_format="%h %{%F %T}t %m %U")
    known = asked_for(log)
    assert known is not None
    assert known is asked_for(log.model_copy(update={"path": "y.log"}))
    assert (False, False, False) == (known.names_host, known.zoned, known.request_ids)
    assert (
        "these lines do not name the host, and these lines do not name the browser: people behind one IP address count as one"
    ) == known.limits
    logbook.write("a.log", "203.0.113.7 2026-03-04 12:00:00 GET /a", listed=False)
    logbook.name("a.log", log_format=log.log_format)
    logbook.read()
    assert [f"{known.limits}; {UNZONED}"] == logbook.notes()


def test_a_zone_is_given_where_lines_name_none(logbook: Logbook) -> None:
    """Noon in Berlin was eleven o'clock UTC, and the note of an assumption goes."""
    logbook.write("a.log", f"203.0.113.7 2026-03-04 12:00:00 POST /api/unlock/mnemonic?{ALICE}", listed=False)
    logbook.name("a.log", log_format="%h %{%F %T}t %m %U%q", timezone="Europe/Berlin")
    logbook.read()
    assert [(at(-3600),)] == logbook.rows("requests", "time")
    assert UNZONED not in logbook.notes()[0]


def test_a_session_that_lines_do_not_hold_is_an_error(logbook: Logbook) -> None:
    """Clients told apart less well than asked would be counted wrongly."""
    logbook.write("a.log", f"203.0.113.7 [{STAMP}] GET", listed=False)
    logbook.name("a.log", log_format="$remote_addr [$time_local] $request", session="cookie:sid")
    with pytest.raises(ExposureError) as caught:
        logbook.read()
    assert (
        "a.log cannot be read: session = 'cookie:sid' is asked for, and its lines (format custom) do not hold that. "
        "To go on: take session out, or export a log that holds it, such as log_format with $cookie_NAME"
    ) == caught.value.why


def test_a_session_tells_people_behind_one_address_apart(logbook: Logbook) -> None:
    """Same IP address, same browser, two cookies: two clients, and the address belongs to one session alone."""
    form = '$remote_addr [$time_local] "$request" $cookie_sid'
    logbook.write(
        "a.log",
        f'203.0.113.7 [{STAMP}] "POST /api/unlock/mnemonic HTTP/1.1" anna',
        f'203.0.113.7 [{STAMP}] "GET /?{ALICE} HTTP/1.1" berta',
        listed=False,
    )
    logbook.name("a.log", log_format=form, session="cookie:sid")
    logbook.read()
    clients = logbook.case.read("requests").get_column("client")
    assert (2, 0) == (clients.n_unique(), clients.null_count())
    assert [("direct",)] == logbook.rows("sightings", "link")


def test_lines_in_another_layout_and_impossible_times_are_refused() -> None:
    """Each with its reason."""
    log = LogSource(path="x.log", log_format='$remote_addr [$time_local] "$request"')
    parsed = parse_custom(lines_of("garbage", '1.2.3.4 [32/Mar/2026:12:00:00 +0000] "GET /"'), log)
    assert [(1, NO_SHAPE), (2, NO_TIME)] == sorted(parsed.rejects.select("line", "reason").rows())


@pytest.mark.parametrize(
    "line",
    [
        f'1 - - [{STAMP}] "GET /' + "a" * (1 << 20),
        f"1 - x [{STAMP}] " * (1 << 14),
        '" 200 5 "' * (1 << 16),
        f'1 - - [{STAMP}] "' + '\\"' * (1 << 19),
        f'1 - - [{STAMP}] "a" 200 5 ' + '" "' * (1 << 18) + "\\",
    ],
    ids=["long", "brackets", "answers", "escapes", "quotes"],
)
def test_a_hostile_line_takes_no_longer_than_its_length(line: str) -> None:
    """The patterns are linear; then this test would be stopped."""
    parsed = parse_custom(lines_of(line), LogSource(path="x.log", log_format=MAIN))
    assert 1 == parsed.records.height + parsed.rejects.height


# Every field in quotes or brackets, in any order: what stands between them cannot be taken for a field's own.
NGINX = {
    "time": "[$time_local]", "ip": "$remote_addr", "request": '"$request"', "status": "$status", "bytes": "$body_bytes_sent",
    "referer": '"$http_referer"', "ua": '"$http_user_agent"', "host": "$host", "forwarded": '"$http_x_forwarded_for"',
    "session": '"$cookie_sid"', "skipped": "$request_time",
}  # fmt: skip
APACHE = {
    "time": "%t", "ip": "%h", "request": '"%r"', "status": "%>s", "bytes": "%B", "referer": '"%{Referer}i"',
    "ua": '"%{User-Agent}i"', "host": "%v", "forwarded": '"%{X-Forwarded-For}i"', "session": '"%{sid}C"', "skipped": "%D",
}  # fmt: skip


@settings(deadline=None)
@given(
    order=st.permutations(sorted(NGINX)),
    separator=st.sampled_from([" ", "\t", "|", " | ", ";"]),
    by_apache=st.booleans(),
    time=TIMES,
    target=TARGETS,
    method=st.sampled_from(["GET", "POST", "M-SEARCH"]),
    status=st.integers(100, 999),
    size=st.integers(0, 10**15),
    referer=TEXTS,
    ua=TEXTS,
    session=TEXTS,
)
def test_any_request_is_read_back_as_it_was_written(
    order: list[str],
    separator: str,
    by_apache: bool,
    time: datetime,
    target: str,
    method: str,
    status: int,
    size: int,
    referer: str,
    ua: str,
    session: str,
) -> None:
    """Whatever the order of fields, what parts them, and what clients put in them."""
    escape = apache if by_apache else hexed
    written = {
        "time": f"[{time:%d/%b/%Y:%H:%M:%S %z}]",
        "ip": "203.0.113.7",
        "request": f'"{method} {escape(target)} HTTP/1.1"',
        "status": str(status),
        "bytes": str(size),
        "referer": f'"{escape(referer)}"',
        "ua": f'"{escape(ua)}"',
        "host": "shop.example.com",
        "forwarded": '"198.51.100.1, 10.0.0.2"',
        "session": f'"{escape(session)}"',
        "skipped": "0.004",
    }
    layout = separator.join((APACHE if by_apache else NGINX)[name] for name in order)
    line = separator.join(written[name] for name in order)
    parsed = parse_custom(lines_of(line), LogSource(path="x.log", log_format=layout, session="cookie:sid"))
    assert 0 == parsed.rejects.height
    row = parsed.records.row(0, named=True)
    names = ("time", "ip", "method", "target", "status", "bytes", "referer", "ua", "host", "forwarded", "session")
    expected = (
        time,
        "203.0.113.7",
        method,
        target,
        status,
        size,
        referer,
        ua,
        "shop.example.com",
        "198.51.100.1, 10.0.0.2",
    )
    assert (*expected, session) == tuple(row[name] for name in names)


@settings(deadline=None)
@given(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=60),
    st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=60), min_size=1),
)
def test_no_text_is_lost_or_fatal_and_no_format_crashes(layout: str, texts: list[str]) -> None:
    """Whatever stands around the fields, records and rejects together are all lines, each once."""
    log = LogSource(path="x.log", log_format=f"$remote_addr [$time_local] {layout}")
    try:
        compile_layout(log.log_format or "")
    except ExposureError:
        return
    lines = lines_of(*texts, f"1 [{STAMP}] {layout}")
    parsed = parse_custom(lines, log)
    both = [*parsed.records.get_column("line"), *parsed.rejects.get_column("line")]
    assert lines.get_column("line").to_list() == sorted(both)
