"""Logpush's lines are read whatever form its job was set to, and one broken line kills no other."""

import json
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.incident import LogSource
from exposure.logs.formats.json_records import NO_JSON, NO_TIME
from exposure.logs.formats.known import FORMATS
from exposure.logs.formats.records import Parsed
from exposure.logs.formats.times import parse_time
from tests.logs.logbook import NOON, cloudflare, lines_of


def parse_cloudflare(lines: pl.DataFrame) -> Parsed:
    """Read lines as Logpush writes them."""
    return FORMATS["cloudflare"].parse(lines, LogSource(path="x.log"))


def test_a_line_is_read_to_its_fields() -> None:
    """The fields that the tables need, from the names that Cloudflare gives them."""
    line = cloudflare(
        "/a?b", ray="710e98d9367f357d", ClientRequestReferer="https://x/", ClientRequestHost="Shop.Example.com"
    )
    row = parse_cloudflare(lines_of(line)).records.row(0, named=True)
    assert (
        NOON,
        "203.0.113.7",
        "shop.example.com",
        "GET",
        "/a?b",
        200,
        612,
        False,
        "https://x/",
        "710e98d9367f357d",
    ) == tuple(
        row[name]
        for name in ("time", "ip", "host", "method", "target", "status", "bytes", "headers", "referer", "request_id")
    )


@pytest.mark.parametrize(
    "time",
    [
        "2026-03-04T12:00:00Z",
        "2026-03-04T12:00:00.000000000Z",
        "2026-03-04T13:00:00+01:00",
        1772625600,
        "1772625600",
        1772625600000,
        1772625600000000000,
        "1772625600000000000",
    ],
)
def test_times_are_read_in_all_three_forms(time: object) -> None:
    """RFC 3339, unix and unixnano, as numbers or as text, which the job's settings choose."""
    assert [NOON] == parse_cloudflare(lines_of(cloudflare(time=time))).records.get_column("time").to_list()


def test_the_end_stands_in_for_a_missing_start() -> None:
    """A job may have been set up with the end alone."""
    line = cloudflare(time=None, ray="a", EdgeEndTimestamp="2026-03-04T12:00:00Z")
    assert [NOON] == parse_cloudflare(lines_of(line)).records.get_column("time").to_list()


def test_bytes_of_the_whole_response_are_marked() -> None:
    """Where the body's size is missing, the size holds headers, which differ by cookies."""
    line = cloudflare(EdgeResponseBodyBytes=None, EdgeResponseBytes="1152")
    records = parse_cloudflare(lines_of(line)).records
    assert [(1152, True)] == records.select("bytes", "headers").rows()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("garbage", NO_JSON),
        ("[1]", NO_JSON),
        ("null", NO_JSON),
        ('{"EdgeStartTimestamp":"2026-03-04T12:00:00Z"', NO_JSON),
        ('{"a":1},{"b":2}', NO_JSON),
        ("[" * 100_000, NO_JSON),
        ("{}", NO_TIME),
        ('{"EdgeStartTimestamp":"yesterday"}', NO_TIME),
        ('{"EdgeStartTimestamp":{"a":1}}', NO_TIME),
    ],
    ids=["text", "list", "null", "torn", "two", "deep", "nothing", "no time", "no value"],
)
def test_one_broken_line_is_refused_alone(line: str, reason: str) -> None:
    """Polars gives up a whole block for one of these; the lines around it are read."""
    parsed = parse_cloudflare(lines_of(cloudflare("/1", ray="a"), line, cloudflare("/3", ray="b")))
    assert [(1, "/1"), (3, "/3")] == sorted(parsed.records.select("line", "target").rows())
    assert [(2, reason)] == parsed.rejects.select("line", "reason").rows()


def test_broken_lines_cannot_shift_the_others() -> None:
    """One line that is two objects, and one that is none, would keep the count right and every line's number wrong."""
    lines = lines_of('{"RayID":"x"},{"RayID":"y"}', cloudflare("/2", ray="b"), "", cloudflare("/4", ray="d"))
    parsed = parse_cloudflare(lines)
    assert [(2, "/2"), (4, "/4")] == sorted(parsed.records.select("line", "target").rows())


TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=40).filter(
    lambda text: text != "-"
)


@settings(deadline=None)
@given(
    target=TEXT.map(lambda text: "/" + text),
    seconds=st.integers(10**9, 4 * 10**9),
    form=st.sampled_from(["rfc3339", "unix", "unixnano"]),
    method=st.sampled_from(["GET", "POST", "M-SEARCH"]),
    status=st.integers(0, 999),
    size=st.integers(0, 2**53),
    referer=TEXT,
    ua=TEXT,
    ascii_only=st.booleans(),
)
def test_any_request_is_read_back_as_it_was_written(
    target: str, seconds: int, form: str, method: str, status: int, size: int, referer: str, ua: str, ascii_only: bool
) -> None:
    """Whatever a client sends survives JSON's escapes."""
    time = datetime.fromtimestamp(seconds, UTC)
    stamps = {"rfc3339": f"{time:%Y-%m-%dT%H:%M:%SZ}", "unix": seconds, "unixnano": seconds * 10**9}
    row = {
        "ClientIP": "203.0.113.7",
        "ClientRequestMethod": method,
        "ClientRequestURI": target,
        "ClientRequestReferer": referer,
        "ClientRequestUserAgent": ua,
        "EdgeResponseStatus": status,
        "EdgeResponseBodyBytes": size,
        "EdgeStartTimestamp": stamps[form],
    }
    parsed = parse_cloudflare(lines_of(json.dumps(row, ensure_ascii=ascii_only)))
    assert 0 == parsed.rejects.height
    read = parsed.records.row(0, named=True)
    assert (target, time, method, status, size, referer, ua) == tuple(
        read[name] for name in ("target", "time", "method", "status", "bytes", "referer", "ua")
    )


@settings(deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=60) | st.just(cloudflare(ray="a")), min_size=1)
)
def test_no_text_is_lost_or_fatal(texts: list[str]) -> None:
    """Records and rejects together are all lines, each once."""
    lines = lines_of(*texts)
    parsed = parse_cloudflare(lines)
    both = [*parsed.records.get_column("line"), *parsed.rejects.get_column("line")]
    assert lines.get_column("line").to_list() == sorted(both)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-04 12:00:00.5+0000", datetime(2026, 3, 4, 12, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-03-04T12:00:00.1234567891Z", datetime(2026, 3, 4, 12, 0, 0, 123_456, tzinfo=UTC)),
        ("1772625600.25", datetime(2026, 3, 4, 12, 0, 0, 250_000, tzinfo=UTC)),
        ("1772625600000001", datetime(2026, 3, 4, 12, 0, 0, 1, tzinfo=UTC)),
        ("2026-03-04T12:00:00", None),
        ("99999999999999999999", None),
        ("-5", None),
        ("", None),
        (None, None),
    ],
)
def test_a_time_without_a_zone_is_not_guessed(text: str | None, expected: datetime | None) -> None:
    """An hour wrong is a victim on the wrong side of the window."""
    frame = pl.DataFrame({"time": [text]}, schema={"time": pl.String})
    assert [expected] == frame.select(parse_time(pl.col("time"))).to_series().to_list()
