"""A file's format is told from its content, and every entry reads the example that it shows."""

import pytest

from exposure.incident import LogSource
from exposure.logs.formats import EMPTY, FORMATS, TOO_LONG, detect, parse
from exposure.logs.lines import LONGEST_LINE
from tests.logs.logbook import NOON, cloudflare, combined, lines_of

COMMON = combined().split(' "-"')[0]


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_recognises_and_reads_its_own_example(name: str) -> None:
    """The example is what `exposure formats` shows people."""
    known = FORMATS[name]
    assert (known, name) == (detect([known.example]), known.name)
    assert (1, 0) == tuple(part.height for part in _parts(known.example, name))


@pytest.mark.parametrize("name", sorted(name for name, known in FORMATS.items() if known.objects))
def test_an_object_is_in_one_format_alone(name: str) -> None:
    """Formats with names that people choose leave the others' lines to them."""
    assert [name] == [known.name for known in FORMATS.values() if known.recognise(FORMATS[name].example)]


def _parts(line: str, name: str) -> tuple[object, ...]:
    parsed = parse(lines_of(line), FORMATS[name], LogSource(path="x.log"))
    return parsed.records, parsed.rejects


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


def test_empty_and_endless_lines_are_refused_in_every_format() -> None:
    """They are counted like all others."""
    for known in FORMATS.values():
        lines = lines_of("", "x" * (LONGEST_LINE + 1), known.example)
        parsed = parse(lines, known, LogSource(path="x.log"))
        assert [(1, EMPTY), (2, TOO_LONG)] == sorted(parsed.rejects.select("line", "reason").rows())
        assert [(3, NOON)] == [
            (line, time.replace(minute=0, hour=12, microsecond=0))
            for line, time in parsed.records.select("line", "time").rows()
        ]
