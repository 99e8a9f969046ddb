"""Load balancers' and S3's lines are read to their fields; what is no request is set apart."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.logs.formats.aws import CONNECTION, NO_REQUEST, parse_balancer, parse_s3
from exposure.logs.formats.layouts import NO_SHAPE, NO_TIME
from tests.logs.logbook import ALICE, NOON, at, hexed, lines_of
from tests.logs.test_combined import TARGETS, TEXTS

TAIL = (
    'ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/t/943f "Root=1-5833" '
    '"examplewallet.com" "session-reused" 0 2026-03-04T12:00:00.500000Z "waf,forward" "-" "-" "10.0.0.5:443" "200" "-" "-" TID_7c1f'
)


def balanced(
    request: str = f"GET https://examplewallet.com:443/a?{ALICE} HTTP/1.1",
    ua: str = "Mozilla/5.0",
    front: str = "https 2026-03-04T12:00:02.356586Z",
    tail: str = TAIL,
    client: str = "203.0.113.7:44325",
) -> str:
    """Write a line as an application load balancer does."""
    return f'{front} app/site/d5b1 {client} 10.0.0.5:443 0.013 0.164 0.000 200 200 391 612 "{request}" "{ua}" {tail}'


def test_a_line_of_a_load_balancer_is_read_to_its_fields() -> None:
    """The URL is absolute: it gives host and path; bytes count the headers too; the client's port is no part of it."""
    row = parse_balancer(lines_of(balanced())).records.row(0, named=True)
    assert (
        at(0.5),
        "203.0.113.7",
        "examplewallet.com",
        "GET",
        f"/a?{ALICE}",
        200,
        612,
        True,
        None,
        "Mozilla/5.0",
    ) == tuple(
        row[name] for name in ("time", "ip", "host", "method", "target", "status", "bytes", "headers", "referer", "ua")
    )


@pytest.mark.parametrize(
    ("line", "time"),
    [
        (balanced(), at(0.5)),
        (balanced(tail="- -"), at(2.356586)),
        (balanced(front="2026-03-04T12:00:02.356586Z", tail="- -"), at(2.356586)),
        (balanced(front="2026-03-04T12:00:02", tail="ECDHE-RSA-AES128-SHA TLSv1.0"), at(2)),
        (balanced(front="wss 2026-03-04T14:00:00.000000Z"), at(0.5)),
        (balanced(tail=TAIL.replace("2026-03-04T12:00:00.500000Z", "-")), at(2.356586)),
    ],
    ids=["created", "older", "classic", "classic without zone", "websocket", "not created"],
)
def test_the_time_is_when_the_request_came(line: str, time: datetime) -> None:
    """The first field is when the answer went, which for a websocket is hours later."""
    assert [time] == parse_balancer(lines_of(line)).records.get_column("time").to_list()


@pytest.mark.parametrize(
    ("asked", "method", "target", "host"),
    [
        ("GET http://203.0.113.9:80/a?x+ y HTTP/1.1", "GET", "/a?x+ y", "[ip]"),
        ("- http://lb-1.example.com:80-/ ", None, "- http://lb-1.example.com:80-/ ", None),
        ("-", None, "-", None),
        ('GET https://examplewallet.com:443/"a HTTP/1.1', "GET", '/"a', "examplewallet.com"),
    ],
)
def test_odd_requests_are_no_reason_to_refuse_a_line(
    asked: str, method: str | None, target: str, host: str | None
) -> None:
    """Scanners send them all day."""
    row = parse_balancer(lines_of(balanced(asked))).records.row(0, named=True)
    assert (method, target, host) == (row["method"], row["target"], row["host"])


def test_lines_of_connections_are_no_requests() -> None:
    """Network load balancers and connection logs are delivered to the same bucket."""
    parsed = parse_balancer(
        lines_of(
            "tls 2.0 2026-03-04T12:00:00 net/lb/c6e7 g3d4 203.0.113.7:2817 10.0.0.1:80 5 2 98 246 - arn:aws:acm:x - A tlsv12 - - - - -",
            '2026-03-04T12:00:00.514108Z 203.0.113.7 36280 443 TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 4.036 "CN=x" - - Success',
            "garbage",
            balanced().replace("2026", "9999"),
        )
    )
    assert [(1, CONNECTION), (2, CONNECTION)] == sorted(parsed.others.select("line", "reason").rows())
    assert [(3, NO_SHAPE)] == sorted(parsed.rejects.select("line", "reason").rows())


def test_a_day_that_is_none_is_refused() -> None:
    """Neither time can be read."""
    parsed = parse_balancer(lines_of(balanced(front="http 2026-13-04T12:00:02.0Z", tail="- -")))
    assert [NO_TIME] == parsed.rejects.get_column("reason").to_list()


OWNER = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"


def stored(
    request: str = '"GET /static/app.js HTTP/1.1"',
    referer: str = '"https://examplewallet.com/"',
    ua: str = '"Mozilla/5.0"',
    operation: str = "WEBSITE.GET.OBJECT",
    host: str = "examplewallet.com",
    size: str = "612",
) -> str:
    """Write a line as S3 does."""
    return (
        f"{OWNER} examplewallet [04/Mar/2026:12:00:00 +0000] 203.0.113.7 - 3E57427F3EXAMPLE {operation} static/app.js {request} "
        f"200 - {size} 183422 17 16 {referer} {ua} - s9lzHYrFp76ZVxRcpX9= SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader {host} TLSV1.2 - -"
    )


def test_a_line_of_s3_is_read_to_its_fields() -> None:
    """Bytes are those of the body; the host is the Host header's."""
    row = parse_s3(lines_of(stored())).records.row(0, named=True)
    names = ("time", "ip", "host", "method", "target", "status", "bytes", "headers", "referer", "ua", "request_id")
    assert (
        NOON,
        "203.0.113.7",
        "examplewallet.com",
        "GET",
        "/static/app.js",
        200,
        612,
        False,
        "https://examplewallet.com/",
        "Mozilla/5.0",
        "3E57427F3EXAMPLE",
    ) == tuple(row[name] for name in names)


@pytest.mark.parametrize("size", ["-", "612"])
def test_fields_that_came_later_may_be_missing(size: str) -> None:
    """AWS appends fields; any may be a dash."""
    line = stored(size=size, referer='"-"').split(" - s9lz")[0]
    row = parse_s3(lines_of(line)).records.row(0, named=True)
    assert (None if size == "-" else 612, None, None) == (row["bytes"], row["referer"], row["host"])


def test_what_s3_did_itself_is_no_request() -> None:
    """Lifecycle rules and batches have no request line, or a dash in quotes."""
    lines = lines_of(
        stored("-", "-", "-", operation="BATCH.DELETE.OBJECT"),
        stored('"-"', '"-"', '"-"', operation="S3.EXPIRE.OBJECT"),
        stored(),
        "garbage",
    )
    parsed = parse_s3(lines)
    assert [(1, NO_REQUEST), (2, NO_REQUEST)] == sorted(parsed.others.select("line", "reason").rows())
    assert [(4, NO_SHAPE)] == parsed.rejects.select("line", "reason").rows()
    assert [3] == parsed.records.get_column("line").to_list()


@settings(deadline=None)
@given(target=TARGETS, method=st.sampled_from(["GET", "POST", "M-SEARCH"]), referer=TEXTS, ua=TEXTS)
def test_any_request_is_read_back_as_it_was_written(target: str, method: str, referer: str, ua: str) -> None:
    """Whatever clients send."""
    request = f"{method} https://examplewallet.com:443{hexed(target)} HTTP/1.1"
    row = parse_balancer(lines_of(balanced(request, hexed(ua)))).records.row(0, named=True)
    assert (method, target, ua, at(0.5)) == (row["method"], row["target"], row["ua"], row["time"])
    line = stored(f'"{method} {hexed(target)} HTTP/1.1"', f'"{hexed(referer)}"', f'"{hexed(ua)}"')
    row = parse_s3(lines_of(line)).records.row(0, named=True)
    assert (method, target, ua, referer) == (row["method"], row["target"], row["ua"], row["referer"])


@settings(deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cs",)), max_size=60)
        | st.sampled_from([balanced(), stored(), stored("-"), "tls 2.0 x", balanced()[:99], stored()[:150]]),
        min_size=1,
    )
)
def test_no_text_is_lost_or_fatal(texts: list[str]) -> None:
    """Records, rejects and others together are all lines, each once."""
    lines = lines_of(*texts)
    for parse in (parse_balancer, parse_s3):
        parsed = parse(lines)
        all_of = [line for part in (parsed.records, parsed.rejects, parsed.others) for line in part["line"]]
        assert lines.get_column("line").to_list() == sorted(all_of)
