"""Values are found by their paths, on whatever way a block of lines is read."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.logs.formats.json_lines import _decode_block, _read_each, decode_object, decode_paths, find
from tests.logs.logbook import lines_of

PAIRS = [{"key": "wallet", "value": {"string_value": None, "int_value": 7}}, {"key": "b", "value": "x"}]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.b", "deep"),
        ("c.d", "flat"),
        ("list[]", "first"),
        ("list", "first"),
        ("objects.name", "one"),
        ("pairs[wallet]", "7"),
        ("pairs[b]", "x"),
        ("tags[release]", "2.68.0"),
        ("inner.wallet", "0x1"),
        ("said ~ Issued At: (\\S+)", "today"),
        ("said ~ Never: (\\S+)", None),
        ("a", None),
        ("a.b.c", None),
        ("nothing", None),
        ("empty[]", None),
        ("yes", "true"),
        ("float", "1.5"),
        ("whole", "1772625600"),
        ("null", None),
    ],
)
def test_a_path_leads_to_its_value(path: str, expected: str | None) -> None:
    """Nested, flattened, in lists, in lists of pairs, in JSON inside a text, or part of a text."""
    item = {
        "a": {"b": "deep"},
        "c.d": "flat",
        "list": ["first", "second"],
        "objects": [{"name": "one"}],
        "pairs": PAIRS,
        "tags": [["browser", "Chrome"], ["release", "2.68.0"]],
        "inner": '{"wallet": "0x1"}',
        "said": "Nonce: 1\nIssued At: today",
        "empty": [],
        "yes": True,
        "float": 1.5,
        "whole": 1772625600.0,
        "null": None,
    }
    assert expected == find(item, path)
    known, values, broken = decode_paths(lines_of(json.dumps(item)), [path])
    assert ([expected], 1, 0) == (values.get_column(path).to_list(), known.height, broken.height)


@pytest.mark.parametrize(
    "line",
    [
        r'{"a":"GET /\x22\xC3\xA9\x0A HTTP/1.1"}',
        r'{"a":"GET /\"\u00e9\n HTTP/1.1"}',
        'caddy  | {"a":"GET /\\"é\\n HTTP/1.1"}',
        '<134>2026-03-04T12:00:00Z cache-fra1 name[1]: {"a":"GET /\\"é\\n HTTP/1.1"}',
        ' {"a":"GET /\\"é\\n HTTP/1.1"} \t',
    ],
)
def test_a_line_is_read_however_a_server_wraps_it(line: str) -> None:
    r"""Nginx's \xHH is no JSON, and collectors put names before the object."""
    lines = lines_of('{"a":"one"}', line, '{"a":"three"}')
    known, values, broken = decode_paths(lines, ["a"])
    rows = dict(zip(known.get_column("line"), values.get_column("a"), strict=True))
    assert {1: "one", 2: 'GET /"é\n HTTP/1.1', 3: "three"} == rows
    assert 0 == broken.height


def test_an_escaped_backslash_is_no_escape_of_nginx() -> None:
    r"""\\x41 is a backslash and x41."""
    _, values, _ = decode_paths(lines_of(r'{"a":"\\x41"}'), ["a"])
    assert [r"\x41"] == values.get_column("a").to_list()


@pytest.fixture
def _raised_limit() -> Iterator[None]:
    """As py_ecc leaves it, which eth-account imports."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    yield
    sys.setrecursionlimit(limit)


@pytest.mark.usefixtures("_raised_limit")
def test_deep_json_is_refused_and_not_followed() -> None:
    """The stack would overflow, and the whole run with it."""
    assert None is decode_object("[" * 100_000)
    assert None is decode_object('{"a":' * 100_000)
    assert None is decode_object('{"a":' + "[" * 100_000 + "]" * 100_000 + "}")
    assert None is find({"a": '{"b":' * 100_000}, "a.b")
    assert {"a": [{}] * 500} == decode_object('{"a":[' + ",".join(["{}"] * 500) + "]}")
    assert {"a": '"[' * 500} == decode_object(json.dumps({"a": '"[' * 500}))


KEYS = st.sampled_from(["a", "b", "c", "a.b", "x"])
LEAVES = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=12)
VALUES = st.recursive(
    LEAVES, lambda one: st.lists(one, max_size=3) | st.dictionaries(KEYS, one, max_size=3), max_leaves=8
)
PATHS = ["a.b", "b", "c[]", "x.a.c[]"]


@settings(deadline=None, max_examples=200)
@given(st.lists(st.dictionaries(KEYS, VALUES, max_size=4), min_size=1, max_size=4))
def test_the_fast_way_says_what_the_slow_way_says(items: list[dict[str, Any]]) -> None:
    """By columns or object by object is a matter of speed alone."""
    texts = pl.Series([json.dumps(item) for item in items if item] or ['{"q":1}'])
    fast = _decode_block(texts, PATHS)
    slow = _read_each([json.loads(text) for text in texts], PATHS)
    if fast is not None:
        assert slow.to_dicts() == fast.to_dicts()


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=40) | st.just('{"a":1}'), min_size=1))
def test_no_line_is_lost_or_taken_twice(texts: list[str]) -> None:
    """Known and broken lines together are all lines."""
    lines = lines_of(*texts)
    known, values, broken = decode_paths(lines, ["a", "b.c", "d[]"])
    assert known.height == values.height
    assert lines.get_column("line").to_list() == sorted([*known.get_column("line"), *broken.get_column("line")])
