"""What machine code reads of plain lines is what the regular expressions read, and it leaves the others to them."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exposure.logs.formats.combined import parse_combined
from exposure.logs.formats.combined_scan import scan_combined
from exposure.logs.formats.records import NUMBERED, RECORD, Parsed, join
from exposure.logs.hints import hint_expr, odd_agent
from exposure.logs.reading.lines import clean_text, count_lines, to_lines
from tests.logs.logbook import ALICE, CHROME, combined

TIMES = ["04/Mar/2026:09:12:00 +0000", "29/Feb/2024:23:59:59 -0330", "29/Feb/2026:00:00:00 +0000", "01/Jan/1970:00:00:00 +1400",
         "31/Dec/1999:24:00:00 +0000", "4/Mar/2026:09:12:00 +0000", "04/Mär/2026:09:12:0 +0000", "04/Mar/2026 09:12:00 +0000"]  # fmt: skip
TARGETS = ["/", "*", "/a?b=1", f"/api/{ALICE}", "/" + "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318",
           "http://evil.example/x", "/one-two-three-four-five-six-seven-eight", "/é/ü", "/%30xabc", "/&#48;xabc", "/&amp;#48;xabc", "", "/a b", "/1.2.3.4", "/[::1]",
           "/xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi"]  # fmt: skip
REFERERS = [
    "-",
    "",
    "https://wallet.example/account",
    f"https://x.example/{ALICE}",
    "a \\x22b",
    'a "b',
    "legal winner thank year wave sausage worth useful",
]
AGENTS = ["-", "", CHROME, "curl/8", "x" * 13, f"bot {ALICE}", "é" * 7]
REQUESTS = [
    "{m} {t} HTTP/1.1",
    "{m} {t}",
    "{m} {t} HTTP/2.0",
    "{m}  {t} HTTP/1.1",
    "{t}",
    "",
    "{m} {t} HTTP/1.1 x",
    "{m} {t} http/1.1",
]
ANSWERS = ["200 612", "200 -", "- -", "304 0", "200 612 ", "99 1", "2000 1", "200 1234567890123456789", "200", "abc 1"]
TAILS = ["", ' "198.51.100.1" 0.004', " 0.004", ' "odd', "x", " "]
FRONTS = [
    "203.0.113.7 - -",
    "2001:db8::1 - frank",
    "a.example:443 203.0.113.7 - -",
    "203.0.113.7",
    " - -",
    "203.0.113.7 - joe doe",
    "203.0.113.7:4711 - -",
    "[2001:db8::1]:4711 - -",
    "a.example 203.0.113.7:4711 - -",
]

line = st.builds(
    lambda front, time, request, method, target, answer, referer, agent, tail: (
        f'{front} [{time}] "{request.format(m=method, t=target)}" {answer} "{referer}" "{agent}"{tail}'
    ),
    *(st.sampled_from(values) for values in (FRONTS, TIMES, REQUESTS, ["GET", "POST", "PROPFIND", "get", "OPTIONS"], TARGETS, ANSWERS, REFERERS, AGENTS, TAILS)),
)  # fmt: skip
common = line.map(lambda text: text.rsplit(' "', 2)[0])
noise = st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]), max_size=40)


@pytest.mark.parametrize("vhost", [False, True])
@given(
    st.lists(st.one_of(line, common, noise), min_size=1, max_size=12), st.sampled_from(["\n", "\r\n"]), st.booleans()
)
def test_machine_code_reads_what_the_regular_expressions_read(
    vhost: bool, lines: list[str], end: str, last: bool
) -> None:
    """Line for line and field for field; and no line is in both or in neither."""
    block = clean_text((end.join(lines) + (end if last else "")).encode(), 5) or b"\n"
    records, others = scan_combined(block, 3, 5, count_lines(block), vhost=vhost)
    mixed = join([Parsed(records), parse_combined(others, vhost=vhost)])
    plain = parse_combined(to_lines(block, 3, 5), vhost=vhost)
    names = [name for name in RECORD if name not in ("hints", "forwarded", *NUMBERED)]
    assert plain.records.sort("line").select(names).rows() == mixed.records.sort("line").select(names).rows()
    assert plain.rejects.sort("line").rows() == mixed.rejects.sort("line").rows()


@given(st.lists(line, min_size=1, max_size=5))
def test_no_hint_is_missed(lines: list[str]) -> None:
    """A line without the hint is never looked at more closely."""
    records, _ = scan_combined("\n".join(lines).encode(), 0, 1, len(lines))
    asked = records.select(missed=hint_expr(odd_agent(pl.col("ua"))) & ~pl.col("hints"))["missed"]
    assert [] == records.filter(asked > 0)["text"].to_list()


@given(st.lists(st.one_of(line, common), min_size=1, max_size=12))
def test_numbers_stand_for_texts(lines: list[str]) -> None:
    """Requests of one client have one number, and those of others another; so have the things asked for."""
    records, _ = scan_combined("\n".join(lines).encode(), 0, 1, len(lines), vhost=False)
    for number, columns in (("who", ["ip", "ua"]), ("ask", ["target"])):
        pairs = records.select(number, *columns).unique()
        assert pairs.height == pairs.select(columns).unique().height == pairs.get_column(number).n_unique()


def test_plain_lines_are_not_left_to_the_slow_way() -> None:
    """Else the speed would be gone, and no other test would say so."""
    records, others = scan_combined("\n".join([combined(), combined("/a?b", status=404)] * 50).encode(), 0, 1, 100)
    assert (100, 0) == (records.height, others.height)
