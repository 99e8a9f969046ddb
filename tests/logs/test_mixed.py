"""No line is lost because another format stands in the same file."""

from pathlib import Path

import polars as pl
import pytest

from exposure.incident import LogSource
from exposure.logs.formats.known import FORMATS, Format
from exposure.logs.formats.mixed import parse_mixed
from exposure.logs.reading.blocks import Block, Piece
from tests.logs.logbook import ALICE, BOB, Logbook, at, cloudflare, combined
from tests.logs.test_formats import CUSTOM


@pytest.fixture
def logbook(tmp_path: Path) -> Logbook:
    """An empty case."""
    return Logbook(tmp_path)


def settings(name: str) -> dict[str, str]:
    """Give what [[logs]] must say for a format."""
    return {"log_format": CUSTOM} if name == "custom" else {}


def block_of(known: Format, *lines: str) -> Block:
    """Give a block as the reader makes it."""
    log = LogSource.model_validate({"path": "x", **settings(known.name)})
    return Block(log, known, [Piece(0, 1, "\n".join(lines).encode(), len(lines))], len(lines))


def test_lines_of_a_second_format_are_read_with_it(logbook: Logbook) -> None:
    """Someone joined two exports, in the middle of an incident; both addresses are found, and it is said."""
    logbook.write(
        "joined.log",
        *[combined(f"/{number}", at(number)) for number in range(20)],
        combined(f"/wallet/{ALICE}", at(30)),
        *[cloudflare(f"/wallet/{BOB}", ray=f"r{number}") for number in range(5)],
        "garbage",
    )
    figures = logbook.read()
    assert (27, 26, 1) == tuple(figures[name] for name in ("lines", "parsed", "rejected"))
    assert {ALICE, BOB} == set(logbook.case.read("sightings").get_column("address"))
    assert [
        "joined.log holds two formats: 5 of 27 lines were read as cloudflare. To go on: see whether two logs were joined by mistake"
    ] == figures["problems"]
    (note,) = logbook.notes()
    assert (
        "5 lines are in the format cloudflare; 1 line not read: the line is not in the common or combined layout"
        in note
    )


def test_the_format_that_incident_toml_names_is_the_only_one(logbook: Logbook) -> None:
    """Whoever names it is told what the others look like, and decides."""
    logbook.write("named.log", *[combined()] * 9, *[cloudflare(ray="a")] * 3, listed=False)
    logbook.name("named.log", format="combined")
    figures = logbook.read()
    assert (9, 3) == (figures["parsed"], figures["rejected"])
    assert [
        "3 of 12 lines of named.log could not be read; the likely format is cloudflare. To go on: see the reasons in the table rejects"
    ] == figures["problems"]


@pytest.mark.parametrize("known", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("other", FORMATS.values(), ids=FORMATS)
def test_every_line_stays_accounted_for(known: object, other: object) -> None:
    """Any two formats in one file: read + set aside + refused is every line, each once."""
    assert hasattr(known, "example")
    assert hasattr(other, "example")
    first, second = FORMATS[known.name], FORMATS[other.name]  # type: ignore[attr-defined]
    block = block_of(first, *first.example.split("\n"), *second.example.split("\n") * 3, "garbage", "", "garbage again")
    parsed, _ = parse_mixed(block)
    numbers = pl.concat([parsed.records["line"], parsed.rejects["line"], parsed.others["line"]]).sort().to_list()
    assert list(range(1, block.lines + 1)) == numbers


def test_a_few_torn_lines_are_torn_lines() -> None:
    """Below one in twenty nobody looks for another format: a request may quote one."""
    parsed, others = parse_mixed(block_of(FORMATS["combined"], *[combined()] * 40, cloudflare(ray="a")))
    assert (40, 1, 0) == (parsed.records.height, parsed.rejects.height, others.read.total())


@pytest.mark.parametrize("name", FORMATS)
def test_lines_read_are_kept_not_kept_or_rejected(logbook: Logbook, name: str) -> None:
    """For every format, through the whole way: what goes in is in the figures of coverage."""
    example = FORMATS[name].example.split("\n")
    logbook.write("a.log", *example * 3, "garbage", "", *example, "\x1b[31mred\x1b[0m", listed=False)
    logbook.name("a.log", **settings(name))
    logbook.read(block=1000)
    (row,) = logbook.case.read("coverage").iter_rows(named=True)
    assert row["lines"] == row["parsed"] + row["rejected"] == len(example) * 4 + 3
    assert row["kept"] <= row["parsed"] - row["duplicates"]
    assert row["rejected"] == logbook.case.read("rejects").height
