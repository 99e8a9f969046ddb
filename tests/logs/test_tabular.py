"""Tables and lists become lines of objects; every row keeps its number."""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.errors import ExposureError
from exposure.incident import LogSource
from exposure.logs.reading.tabular import as_objects
from tests.logs.logbook import ALICE, BOB, Logbook, combined

EVENTS = {"kind": "events"}


def convert(content: bytes, size: int = 7, **log: Any) -> list[str]:
    """Give the lines of a file that comes in chunks."""
    chunks = (content[at : at + size] for at in range(0, len(content), size))
    return b"".join(as_objects(chunks, LogSource(path="x", **log), "x")).decode("utf-8", "replace").split("\n")[:-1]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_csv_is_read_whatever_wrote_it(delimiter: str, mark: str, ending: str) -> None:
    """Spreadsheets of half the world write semicolons, a byte order mark, and two bytes at a line's end."""
    text = mark + ending.join([f"time{delimiter}address", f'1{delimiter}"a{delimiter}""b""\nc"', f"2{delimiter}", ""])
    assert ['["time","address"]', json.dumps({"time": "1", "address": f'a{delimiter}"b"\nc'}, separators=(",", ":")),
            '{"time":"2","address":""}'] == convert(text.encode(), **EVENTS)  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["1,2,3"], ['["1","2","3"]']),
        (["1"], ['["1"]']),
        (['1,"2', "3,4"], ['{"a":"1","b":"2"}', '{"a":"3","b":"4"}']),
        (['1,x"y', "3,4"], ['{"a":"1","b":"x\\"y"}', '{"a":"3","b":"4"}']),
        (["", "3,4"], ["", '{"a":"3","b":"4"}']),
        (["\0,\x1b"], ['{"a":"\\u0000","b":"\\u001b"}']),
    ],
)
def test_a_row_that_does_not_fit_is_kept_and_takes_no_other_with_it(rows: list[str], expected: list[str]) -> None:
    """Too many or too few values, an open quote, a stray one, none at all."""
    assert ['["a","b"]', *expected] == convert("\n".join(["a,b", *rows]).encode() + b"\n", **EVENTS)


def test_a_quote_that_is_never_closed_does_not_swallow_the_file() -> None:
    """Ten thousand rows below it are rows."""
    lines = convert(b'a,b\n1,"2\n' + b"3,4\n" * 10_000, 1 << 16, **EVENTS)
    assert (10_002, '{"a":"1","b":"2"}', '{"a":"3","b":"4"}') == (len(lines), lines[1], lines[-1])


CELL = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r"), max_size=8)


@settings(deadline=None)
@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL), max_size=8),
    size=st.integers(1, 50),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_any_table_is_read_back_as_it_was_written(rows: list[tuple[str, ...]], size: int, quoting: Any) -> None:
    """Wherever the chunks are cut."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=quoting, lineterminator="\n")
    writer.writerows([("time", "address", "x"), *rows])
    lines = convert(out.getvalue().encode(), size, **EVENTS)
    assert [["time", "address", "x"], *(dict(zip(("time", "address", "x"), row, strict=True)) for row in rows)] == [
        json.loads(line) for line in lines
    ]


@settings(deadline=None)
@given(content=st.binary(max_size=200), size=st.integers(1, 50))
def test_no_bytes_end_the_reading(content: bytes, size: int) -> None:
    """Whatever follows a header, a bracket, or nothing."""
    for head in (b"", b"a,b\n", b'[{"a":1},', b'[{"a":"'):
        with suppress(ExposureError):  # four bytes of it may say that it is Parquet
            convert(head + content, size, **EVENTS)


@pytest.mark.parametrize(
    "content",
    [
        combined().encode() + b"\n",
        b"a,b,c\n1,2,3\n",
        b'{"a":1,"b":2}\n{"a":1}\n',
        b'caddy | {"a":1,"b":2}\n',
        b"[04/Mar/2026] x, y\n",
        b"[]\n",
        b"",
    ],
)
def test_what_is_no_table_stays_as_it_is(content: bytes) -> None:
    """Lines of servers hold commas as well."""
    assert content.decode().split("\n")[:-1] == convert(content)


def test_a_table_of_a_known_format_is_found_without_being_told() -> None:
    """Logpush can write CSV."""
    content = b"ClientIP,RayID,EdgeStartTimestamp,ClientRequestURI\n1.1.1.1,a,2026-03-04T12:00:00Z,/x\n"
    assert (
        '{"ClientIP":"1.1.1.1","RayID":"a","EdgeStartTimestamp":"2026-03-04T12:00:00Z","ClientRequestURI":"/x"}'
        in convert(content)
    )


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_a_list_of_objects_is_cut_into_lines(size: int) -> None:
    """Written over many lines, several after another, with brackets in texts, with broken ones between."""
    content = '[{"a":1,\n "b":"x\\"}]["},\n\n{"a":{"c":[2]}}]\n[{"a":3},7,{"a":oops},\n{"é":4}]'
    assert ['{"a":1,  "b":"x\\"}]["}', '{"a":{"c":[2]}}', '{"a":3}', "7,", '{"a":oops}', '{"é":4}'] == convert(
        b"\xef\xbb\xbf" + content.encode(), size
    )


def test_a_list_that_breaks_off_keeps_what_was_whole() -> None:
    """An export that was cut short."""
    assert ['{"a":1}', '{"a":"tor'] == convert(b'[{"a":1},{"a":"tor')


def test_an_object_without_end_does_not_swallow_the_list() -> None:
    """Above a mebibyte it is given up, and the next one is looked for."""
    rest = b",".join([b'{"a":2}'] * 300_000)
    lines = convert(b'[{"a":"x},' + rest + b"]", 1 << 16)
    assert 299_990 < len(lines) <= 300_001
    assert '{"a":2}' == lines[-1]


VALUES = st.dictionaries(st.text(max_size=5), st.recursive(st.text(max_size=8) | st.integers() | st.none(), st.lists))


@settings(deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=5), st.integers(1, 40), st.sampled_from([None, 2]))
def test_any_list_is_read_back_as_it_was_written(items: list[dict[str, Any]], size: int, indent: int | None) -> None:
    """Wherever the chunks are cut."""
    content = json.dumps(items, indent=indent, ensure_ascii=False).encode("utf-8", "replace")
    assert items == [json.loads(line) for line in convert(content, size)]


def test_parquet_is_read_with_its_types(tmp_path: Path) -> None:
    """Times say whether they name a zone; bytes are hex, as addresses of chain exports are."""
    frame = pl.DataFrame(
        {
            "zoned": [datetime(2026, 3, 4, 12, tzinfo=UTC)], "naive": [datetime(2026, 3, 4, 12)],  # noqa: DTZ001
            "day": [datetime(2026, 3, 4).date()], "bytes": [bytes.fromhex(ALICE[2:])], "n": [7], "null": [None],  # noqa: DTZ001
            "nested": [{"list": ["a"], "b": 1.5}], "odd": [{"at": datetime(2026, 3, 4, tzinfo=UTC)}],
        }
    )  # fmt: skip
    frame.write_parquet(tmp_path / "x")
    (line,) = convert((tmp_path / "x").read_bytes(), 100)
    assert {
        "zoned": "2026-03-04T12:00:00.000000Z", "naive": "2026-03-04T12:00:00.000000", "day": "2026-03-04", "bytes": ALICE,
        "n": 7, "null": None, "nested": {"list": ["a"], "b": 1.5}, "odd": '{"at":"2026-03-04T00:00:00Z"}',
    } == json.loads(line)  # fmt: skip


def test_parquet_that_was_cut_short_is_said(tmp_path: Path) -> None:
    """Its list of contents stands at its end: nothing of it can be read."""
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "x")
    content = (tmp_path / "x").read_bytes()[:-20]
    with pytest.raises(ExposureError, match="x could not be read to its end"):
        convert(content, 100)


@pytest.fixture
def logbook(tmp_path: Path) -> Iterator[Logbook]:
    """An empty case."""
    return Logbook(tmp_path)


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet", "json"])
def test_a_table_of_events_becomes_sightings_that_lead_back_to_their_rows(logbook: Logbook, kind: str) -> None:
    """The header is line 1 of a CSV; rows of others count from 1. A row that does not fit is a reject with its number."""
    rows = [
        {"when": "2026-03-04T12:00:00Z", "user": ALICE, "what": "unlock"},
        {"when": "2026-03-04T12:01:00Z", "user": BOB},
    ]
    fields = {"time": "when", "address": "user", "event": "what"}
    file = logbook.folder / f"events.{kind}"
    if "csv" in kind:
        content = f"when,user,what\n{rows[0]['when']},{ALICE},unlock\n1,2,3,4\n{rows[1]['when']},{BOB},\n".encode()
        file.write_bytes(gzip.compress(content) if kind == "csv.gz" else content)
    elif kind == "parquet":
        pl.DataFrame(rows).write_parquet(file)
    else:
        file.write_text(json.dumps(rows, indent=1))
    logbook.name(file.name, kind="events", fields=fields)
    figures = logbook.read()
    lines = ["2", "4"] if "csv" in kind else ["1", "2"]
    seen = logbook.rows("sightings", "address", "link", "ref")
    assert [(ALICE, "event", lines[0]), (BOB, "event", lines[1])] == [
        (a, link, ref.split(":")[2]) for a, link, ref in seen
    ]
    assert figures["lines"] == figures["parsed"] + figures["rejected"] == (4 if "csv" in kind else 2)
    assert ([3] if "csv" in kind else []) == logbook.case.read("rejects").get_column("line").to_list()
    assert ["plain"] == logbook.case.read("sources").get_column("format").to_list()
