"""W3C extended logs of IIS and CloudFront are read by the names that stand above their lines, wherever these change."""

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.errors import ExposureError
from exposure.incident import LogSource
from exposure.logs.formats.layouts import NO_TIME
from exposure.logs.formats.w3c import COMMENT, NO_FIELDS, OTHER_NUMBER, TOO_MANY, is_cloudfront, is_w3c, parse_w3c
from tests.logs.logbook import ALICE, NOON, Logbook, at, lines_of
from tests.logs.test_combined import TEXTS

IIS = (
    "#Software: Microsoft Internet Information Services 10.0",
    "#Version: 1.0",
    "#Date: 2026-03-04 12:00:00",
    (
        "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Cookie) cs(Referer) cs-host "
        "sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken"
    ),
)
CLOUDFRONT = (
    "#Version: 1.0",
    (
        "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query "
        "cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for sc-content-len"
    ),
)


def iis(
    stem: str = "/a", query: str = "-", ua: str = "Mozilla/5.0+(X11)", cookie: str = "-", time: str = "12:00:00"
) -> str:
    """Write a line as IIS does, by IIS."""
    return (
        f"2026-03-04 {time} 10.0.0.5 POST {stem} {query} 443 - 203.0.113.7 {ua} {cookie} https://examplewallet.com/ "
        "examplewallet.com 200 0 0 1405 242 283"
    )


def edge(
    stem: str = "/a",
    query: str = "-",
    ua: str = "Mozilla/5.0%20(X11)",
    cookie: str = "-",
    status: str = "200",
    length: str = "612",
    request_id: str = "k6WG==",
) -> str:
    """Write a line as CloudFront does, by CLOUDFRONT."""
    fields = (
        "2026-03-04", "12:00:00", "FRA56-P1", "900", "203.0.113.7", "POST", "d111.cloudfront.net", stem, status, "https://x/", ua, query,
        cookie, "Hit", request_id, "examplewallet.com", "https", "23", "0.001", "198.51.100.1, 10.0.0.1", length,
    )  # fmt: skip
    return "\t".join(fields)


@pytest.fixture
def logbook(tmp_path: Path) -> Logbook:
    """An empty case."""
    return Logbook(tmp_path)


def test_a_line_of_iis_is_read_to_its_fields() -> None:
    """Stem and query are one target; `+` in the browser's name is a space; bytes count headers."""
    parsed = parse_w3c(lines_of(*IIS, iis("/a", "b=1")))
    assert [(number, COMMENT) for number in range(1, 5)] == sorted(parsed.others.select("line", "reason").rows())
    row = parsed.records.row(0, named=True)
    names = ("time", "ip", "host", "method", "target", "status", "bytes", "headers", "referer", "ua", "request_id")
    assert (
        NOON,
        "203.0.113.7",
        "examplewallet.com",
        "POST",
        "/a?b=1",
        200,
        1405,
        True,
        "https://examplewallet.com/",
        "Mozilla/5.0 (X11)",
        None,
    ) == tuple(row[name] for name in names)


def test_a_line_of_cloudfront_is_read_to_its_fields() -> None:
    """The host is the viewer's, not the distribution's; the length of the content is the body's."""
    row = parse_w3c(lines_of(*CLOUDFRONT, edge("/a", "b=1"))).records.row(0, named=True)
    names = (
        "time",
        "ip",
        "host",
        "method",
        "target",
        "status",
        "bytes",
        "headers",
        "referer",
        "ua",
        "request_id",
        "forwarded",
    )
    assert (
        NOON,
        "203.0.113.7",
        "examplewallet.com",
        "POST",
        "/a?b=1",
        200,
        612,
        False,
        "https://x/",
        "Mozilla/5.0 (X11)",
        "k6WG==",
        "198.51.100.1, 10.0.0.1",
    ) == tuple(row[name] for name in names)


def test_cloudfront_without_a_length_or_an_answer() -> None:
    """Where the length is missing, bytes count headers too; status 000 is a viewer who left before the answer."""
    row = parse_w3c(lines_of(*CLOUDFRONT, edge(status="000", length="-"))).records.row(0, named=True)
    assert (0, 900, True) == (row["status"], row["bytes"], row["headers"])
    short = "\t".join(edge().split("\t")[:16])
    assert [900] == parse_w3c(lines_of(*CLOUDFRONT, short)).records.get_column("bytes").to_list()


@pytest.mark.parametrize(
    ("above", "line", "session", "expected"),
    [
        (IIS, iis(cookie="a=1;+sid=7c1f;+b=2"), "cookie:sid", "7c1f"),
        (CLOUDFRONT, edge(cookie="a=1;%20sid=7c1f"), "cookie:sid", "7c1f"),
        (CLOUDFRONT, edge(), "cookie:sid", None),
        (IIS, iis(cookie="psid=1"), "cookie:sid", None),
        (CLOUDFRONT, edge(), "x-edge-request-id", "k6WG=="),
        (IIS, iis(), "cs-host", None),
    ],
)
def test_a_session_is_a_cookie_or_a_field(
    above: tuple[str, ...], line: str, session: str, expected: str | None
) -> None:
    """Both servers log cookies where they are told to."""
    parsed = parse_w3c(lines_of(*above, line), LogSource(path="x.log", session=session))
    found = parsed.records.get_column("session").to_list()
    assert found == ([expected] if session != "cs-host" else ["examplewallet.com"])


def test_columns_may_change_within_a_file() -> None:
    """IIS writes its head again when it starts again, and when someone chose other columns."""
    lines = (
        "#Fields: time c-ip cs-method cs-uri-stem",
        "#Date: 2026-03-04 12:00:00",
        "12:00:00 203.0.113.7 GET /1",
        "#Fields: date time cs-uri-stem  c-ip sc-status",
        "2026-03-04 12:00:01 /2  203.0.113.8 404",
        "2026-03-04 12:00:02 /3 203.0.113.8",
        "2026-03-04 12:00:02 /3 x 203.0.113.8 200",
        "2026-13-04 12:00:02 /3 203.0.113.8 200",
    )
    parsed = parse_w3c(lines_of(*lines))
    columns = ("line", "time", "target", "ip", "status")
    assert [(3, NOON, "/1", "203.0.113.7", None), (5, at(1), "/2", "203.0.113.8", 404)] == parsed.records.select(
        columns
    ).rows()
    expected = [(6, OTHER_NUMBER), (7, OTHER_NUMBER), (8, NO_TIME)]
    assert expected == sorted(parsed.rejects.select("line", "reason").rows())


def test_names_without_end_are_no_names() -> None:
    """Each would be a column of every line below."""
    parsed = parse_w3c(lines_of("#Fields: date time c-ip" + " x" * 1000, "2026-03-04 12:00:00 203.0.113.7"))
    assert [TOO_MANY] == parsed.rejects.get_column("reason").to_list()


def test_the_day_of_lines_with_a_time_alone_is_the_last_date_above() -> None:
    """A time before that of the date is of the next day."""
    lines = ("#Fields: time c-ip", "#Date: 2026-03-04 23:59:50", "23:59:59 203.0.113.7", "00:00:01 203.0.113.7")
    expected = [datetime(2026, 3, 4, 23, 59, 59, tzinfo=UTC), datetime(2026, 3, 5, 0, 0, 1, tzinfo=UTC)]
    assert expected == sorted(parse_w3c(lines_of(*lines)).records.get_column("time").to_list())
    assert [NO_TIME] == parse_w3c(lines_of(lines[0], lines[2])).rejects.get_column("reason").to_list()


def test_lines_without_names_of_columns_are_refused() -> None:
    """The layout is anyone's choice: guessing would put a path in the place of a client."""
    assert [NO_FIELDS] == parse_w3c(lines_of(iis())).rejects.get_column("reason").to_list()


def test_names_of_columns_count_for_all_blocks_below(logbook: Logbook) -> None:
    """Files are read in blocks; the names stand in the first, and the day of the last `#Date` too."""
    names = "#Fields: time c-ip cs-method cs-uri-stem cs-uri-query"
    many = ["12:00:00 203.0.113.7 GET /static/app.js -"] * 30_000
    asked = f"12:00:00 203.0.113.7 GET /app address={ALICE}"
    logbook.write(
        "a.log", "#Date: 2026-03-04 11:00:00", names, *many, asked, "#Date: 2026-03-05 11:00:00", *many, asked
    )
    logbook.write("b.log", "#Date: 2026-03-06 11:00:00", names, asked)
    figures = logbook.read(block=1 << 20)
    assert (60_008, 60_008, 0) == (figures["lines"], figures["parsed"], figures["rejected"])
    assert [(NOON,), (at(86400),), (at(2 * 86400),)] == logbook.rows("requests", "time")
    assert [2, 3] == sorted(int(note[note.index(" lines are no requests") - 1]) for note in logbook.notes())


def test_a_request_that_cloudfront_delivers_twice_counts_once(logbook: Logbook) -> None:
    """Several files hold the same period."""
    logbook.write("logs/a.log", *CLOUDFRONT, edge(f"/{ALICE}"), edge(f"/{ALICE}", request_id="b"), listed=False)
    logbook.write("logs/b.log", *CLOUDFRONT, edge(f"/{ALICE}"), listed=False)
    logbook.name("logs")
    assert (7, 1, 2) == tuple(logbook.read()[name] for name in ("parsed", "duplicates", "kept"))


def test_a_session_that_no_column_holds_is_an_error(logbook: Logbook) -> None:
    """IIS logs no cookies by default."""
    logbook.write("a.log", "#Fields: date time c-ip", "2026-03-04 12:00:00 203.0.113.7", listed=False)
    logbook.name("a.log", session="cookie:sid", format="w3c")
    with pytest.raises(ExposureError, match="no log could be read") as caught:
        logbook.read()
    assert "session = 'cookie:sid' is asked for, and its lines (format w3c) do not hold that" in caught.value.why


@pytest.mark.parametrize("line", [*(iis(), IIS[3]), "12:00:00 203.0.113.7 GET /a 200"])
def test_lines_of_iis_are_told_one_by_one(line: str) -> None:
    """A file is sampled all over, not at its head alone."""
    assert (True, False) == (is_w3c(line), is_cloudfront(line))


@pytest.mark.parametrize("line", [edge(), CLOUDFRONT[1], edge(status="000", length="-")])
def test_lines_of_cloudfront_are_told_one_by_one(line: str) -> None:
    """Tabs, and the code of an edge location."""
    assert (False, True) == (is_w3c(line), is_cloudfront(line))


STEMS = st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), max_size=30).map(
    lambda text: "/" + text
)
QUERIES = st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), min_size=1, max_size=30).filter(
    lambda text: text != "-" and not text.startswith("?")
)


@settings(deadline=None)
@given(stem=STEMS, query=QUERIES, ua=TEXTS, number=st.integers(0, 86399))
def test_any_request_is_read_back_as_it_was_written(stem: str, query: str, ua: str, number: int) -> None:
    """Of what IIS writes of a browser's name, only `+` is lost: spaces look the same."""
    time = f"{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}"
    row = parse_w3c(lines_of(*CLOUDFRONT, edge(stem, query, quote(ua)))).records.row(0, named=True)
    assert (f"{stem}?{query}", ua) == (row["target"], row["ua"])
    plain = "".join("_" if text in "+\t" or not text.isprintable() else text for text in ua)
    row = parse_w3c(lines_of(*IIS, iis(stem, query, plain.replace(" ", "+"), time=time))).records.row(0, named=True)
    assert (f"{stem}?{query}", plain, time) == (row["target"], row["ua"], f"{row['time']:%H:%M:%S}")


@settings(deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cs",)), max_size=60)
        | st.text("#Fields: datec-ip\t", max_size=30)
        | st.sampled_from([*IIS, *CLOUDFRONT, iis(), edge(), "#Fields:", "#Fields: source line text time", "#Date: x"]),
        min_size=1,
    )
)
def test_no_text_is_lost_or_fatal(texts: list[str]) -> None:
    """Records, rejects and others together are all lines, each once."""
    lines = lines_of(*texts)
    parsed = parse_w3c(lines, LogSource(path="x.log", session="cookie:sid"))
    all_of = [line for part in (parsed.records, parsed.rejects, parsed.others) for line in part["line"]]
    assert lines.get_column("line").to_list() == sorted(all_of)
