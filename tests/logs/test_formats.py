"""A file's format is told from its content, and every entry reads the example that it shows."""

import polars as pl
import pytest

from exposure.incident import LogSource
from exposure.logs.formats import EMPTY, FORMATS, TOO_LONG, detect, parse
from exposure.logs.lines import LONGEST_LINE
from tests.logs.logbook import NOON, cloudflare, combined, lines_of

COMMON = combined().split(' "-"')[0]


# The text that the example of `custom` was written by.
CUSTOM = '$host $remote_addr [$time_local] "$request" $status $body_bytes_sent "$http_cookie" $request_time'


def log_of(name: str) -> LogSource:
    """Give the [[logs]] entry that a format's example needs."""
    return LogSource(path="x.log", log_format=CUSTOM if name == "custom" else None)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_reads_its_own_example(name: str) -> None:
    """The example is what `exposure formats` shows people."""
    known = FORMATS[name]
    parsed = parse(lines_of(known.example), known, log_of(name))
    assert (name, 1, 0) == (known.name, parsed.records.height, parsed.rejects.height)


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"custom"}))
def test_every_example_is_in_its_own_format_alone(name: str) -> None:
    """Only common reads lines of another, combined: what they say more is not needed."""
    known = FORMATS[name]
    lines = known.example.split("\n")
    assert known is detect(lines)
    for line in lines:
        others = {other.name for other in FORMATS.values() if other.recognise(line)}
        assert {name} == others - ({"common"} if name in ("combined", "vhost_combined") else set())


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ([combined()], "combined"),
        ([combined() + ' "198.51.100.1" 0.004'], "combined"),
        ([COMMON], "common"),
        (["examplewallet.com:443 " + combined()], "vhost_combined"),
        ([cloudflare(ray="a")], "cloudflare"),
        (["an error page"] * 9 + [combined()], "combined"),
        ([COMMON] * 2 + [combined()] * 3, "common"),
        (["", "", cloudflare(ray="a")], "cloudflare"),
    ],
    ids=["combined", "further fields", "common", "vhost", "cloudflare", "mostly noise", "mixed", "empty lines"],
)
def test_the_format_is_the_one_that_most_lines_are_in(sample: list[str], expected: str) -> None:
    """The name of a file says nothing: exports are renamed, packed and joined. Common reads combined lines, too."""
    found = detect(sample)
    assert found is not None
    assert expected == found.name


@pytest.mark.parametrize("sample", [[], [""], ["hello"], ['{"time":"now"}'], ["noise"] * 99 + [combined()]])
def test_what_is_in_no_format_is_not_guessed(sample: list[str]) -> None:
    """Nearly every line would be refused."""
    assert None is detect(sample)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_empty_and_endless_lines_are_refused_in_every_format(name: str) -> None:
    """They are counted like all others."""
    known = FORMATS[name]
    lines = lines_of("", "x" * (LONGEST_LINE + 1), *known.example.split("\n"))
    parsed = parse(lines, known, log_of(name))
    assert [(1, EMPTY), (2, TOO_LONG)] == sorted(parsed.rejects.select("line", "reason").rows())
    assert [(lines.height, NOON.date())] == parsed.records.select("line", pl.col("time").dt.date()).rows()
