"""HAProxy's requests are read with and without syslog's prefix; its messages are no requests."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.incident import LogSource
from exposure.logs.formats.haproxy import NO_REQUEST, is_haproxy, parse_haproxy
from exposure.logs.formats.layouts import NO_SHAPE, NO_TIME
from tests.logs.logbook import NOON, at, lines_of
from tests.logs.test_combined import TARGETS

PREFIX = "Mar  4 12:00:01 lb1 haproxy[14389]: "


def proxied(
    request: str = '"GET /a?b HTTP/1.1"', captured: str = "{shop.example.com} {} ", prefix: str = PREFIX
) -> str:
    """Write a line as HAProxy does."""
    front = f"{prefix}203.0.113.7:33317 [04/Mar/2026:12:00:00.655] https-in~ app/web1"
    return f"{front} 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {captured}{request}"


FIELDS = ("time", "ip", "host", "method", "target", "status", "bytes", "headers", "referer", "ua", "forwarded")
PAGE = {
    "time": NOON, "ip": "203.0.113.7", "host": "shop.example.com", "method": "GET", "target": "/a?b", "status": 200, "bytes": 2750,
    "headers": True,
}  # fmt: skip
BARE = {name: value for name, value in PAGE.items() if name != "host"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (proxied(), PAGE),
        (proxied(prefix=""), PAGE),
        (proxied(prefix="<134>1 2026-03-04T12:00:01+00:00 lb1 haproxy 14389 - - haproxy[14389]: "), PAGE),
        (proxied(captured=""), BARE),
        (proxied(captured="{|} {||} "), BARE),
        (
            proxied(captured="{Mozilla/5.0 (X11; Linux)|shop.example.com:443|https://x/y|198.51.100.1, 10.0.0.2} "),
            {**PAGE, "ua": "Mozilla/5.0 (X11; Linux)", "referer": "https://x/y", "forwarded": "198.51.100.1, 10.0.0.2"},
        ),
        (proxied('"GET /a?b HTTP/1.1" 0/0000000000000000/0/0/0 shop.example.com/TLSv1.3/TLS_AES_256_GCM_SHA384'), PAGE),
        (proxied('"GET /#22a\\think#23" HTTP/1.1"'), {**PAGE, "target": '/"a\\think#"'}),
        (proxied('"GET /a?b'), PAGE),
        (proxied('"<BADREQ>"'), {**{k: v for k, v in PAGE.items() if k != "method"}, "target": "<BADREQ>"}),
        (proxied().replace("203.0.113.7:33317", "-:22222"), {k: v for k, v in PAGE.items() if k != "ip"}),
        (proxied().replace("203.0.113.7:", "2001:db8::7:"), {**PAGE, "ip": "2001:db8::7"}),
        (proxied().replace("app/web1 ", "app/web1 shop.example.com "), PAGE),
        (proxied().replace(" 200 2750", " 200 +2750"), PAGE),
        (proxied().replace("app/web1 10/0/30/69/109 200", "https-in~/<NOSRV> -1/-1/-1/-1/+0 503"), {**PAGE, "status": 503}),
        (proxied().replace(":00.655]", ":00.655 +0100]"), {**PAGE, "time": at(-3600)}),
    ],
    ids=[
        "default", "no prefix", "rfc 5424", "no captures", "empty captures", "captures", "https", "escapes", "cut off", "bad request",
        "no address", "ipv6", "a further field", "logasap", "no server", "with zone",
    ],
)  # fmt: skip
def test_a_line_is_read_to_its_fields(line: str, expected: dict[str, object]) -> None:
    """Fields differ by version and by what the configuration captures."""
    assert is_haproxy(line)
    parsed = parse_haproxy(lines_of(line))
    assert 0 == parsed.rejects.height + parsed.others.height
    row = parsed.records.row(0, named=True)
    assert expected == {name: row[name] for name in FIELDS if row[name] is not None}


def test_lines_name_no_zone() -> None:
    """Noon on a clock in Berlin."""
    log = LogSource(path="x.log", timezone="Europe/Berlin")
    assert [at(-3600)] == parse_haproxy(lines_of(proxied()), log).records.get_column("time").to_list()


@pytest.mark.parametrize(
    "message",
    [
        PREFIX + "Proxy https-in started.",
        PREFIX + "Server app/web1 is DOWN, reason: Layer4 timeout, check duration: 2001ms.",
        PREFIX + "Connect from 203.0.113.7:33312 to 10.0.3.31:8012 (www/HTTP)",
        PREFIX + "203.0.113.7:56059 [04/Mar/2026:12:00:00.380] https-in/f1: Connection error during SSL handshake",
        "203.0.113.7:33313 [04/Mar/2026:12:00:00.443] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0",
        PREFIX + "203.0.113.7:33313 [04/Mar/2026:12:00:00.443] fnt bck/<NOSRV> -1/-1/1 212 SC 0/0/0/0/3 0/0",
    ],
)
def test_messages_are_no_requests(message: str) -> None:
    """They are counted, and refused by nobody."""
    assert not is_haproxy(message)
    assert [(NO_REQUEST,)] == parse_haproxy(lines_of(message)).others.select("reason").rows()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("garbage", NO_SHAPE),
        (PREFIX + "something else", NO_SHAPE),
        (proxied()[:120], NO_SHAPE),
        (proxied().replace("/Mar/", "/Foo/"), NO_TIME),
    ],
)
def test_what_cannot_be_read_is_refused(line: str, reason: str) -> None:
    """A request that was cut off before its end is not a message."""
    assert [(reason,)] == parse_haproxy(lines_of(line)).rejects.select("reason").rows()


def hashed(text: str) -> str:
    """Escape as HAProxy does."""
    odd = re.compile(rb'["#\x00-\x1f\x7f-\xff]')
    return odd.sub(lambda match: b"#%02X" % match[0][0], text.encode()).decode()


@settings(deadline=None)
@given(target=TARGETS, method=st.sampled_from(["GET", "POST", "M-SEARCH"]), prefixed=st.booleans())
def test_any_request_is_read_back_as_it_was_written(target: str, method: str, prefixed: bool) -> None:
    """Whatever clients send."""
    line = proxied(f'"{method} {hashed(target)} HTTP/1.1"', prefix=PREFIX if prefixed else "")
    row = parse_haproxy(lines_of(line)).records.row(0, named=True)
    assert (method, target) == (row["method"], row["target"])


@settings(deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cs",)), max_size=60)
        | st.sampled_from([proxied(), proxied()[:140], PREFIX + "Proxy x started."]),
        min_size=1,
    )
)
def test_no_text_is_lost_or_fatal(texts: list[str]) -> None:
    """Records, rejects and others together are all lines, each once."""
    lines = lines_of(*texts)
    parsed = parse_haproxy(lines)
    all_of = [line for part in (parsed.records, parsed.rejects, parsed.others) for line in part["line"]]
    assert lines.get_column("line").to_list() == sorted(all_of)
