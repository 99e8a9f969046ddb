"""What was delivered twice counts once, and what happened twice counts twice."""

from pathlib import Path

import polars as pl

from exposure.logs.duplicates import SEEN, Duplicates, name_lines
from exposure.logs.formats.combined import parse_combined
from exposure.logs.reading.lines import to_lines
from exposure.logs.spill import Spill
from tests.logs.logbook import at, combined

ONE, TWO, THREE = (combined(f"/{number}", at(number)) for number in (1, 2, 3))


def named(records: pl.DataFrame, *, by_id: bool) -> pl.DataFrame:
    """Give records, whose clients do not matter here, as they are compared."""
    other = [pl.lit(None).alias(name) for name in ("client", "host", "bytes", "status") if name not in records.columns]
    return name_lines(records.with_columns(other), by_id=by_id)


def kept(folder: Path, *blocks: dict[int, list[str]], held: int = 1000) -> list[list[tuple[int, int]]]:
    """Give (source, line) of what is kept of each block; a block is source -> lines, and sources go on counting."""
    memory = Duplicates(Spill(folder, "seen", SEEN, "hour", held), request_ids=False)
    counted: dict[int, int] = {}
    results = []
    for block in blocks:
        parts = []
        for source, texts in block.items():
            parts.append(to_lines("\n".join(texts).encode(), source, counted.get(source, 0) + 1))
            counted[source] = counted.get(source, 0) + len(texts)
        records = parse_combined(pl.concat(parts)).records
        results.append(memory.drop(named(records, by_id=False)).select("source", "line").rows())
    return results


def test_equal_lines_of_one_file_are_requests_of_their_own(tmp_path: Path) -> None:
    """A browser asks twice within a second, and a log counts by seconds; also across the end of a block."""
    assert [[(0, 1), (0, 2)], [(0, 3)]] == kept(tmp_path, {0: [ONE, ONE]}, {0: [ONE]})


def test_a_line_in_two_overlapping_files_counts_once(tmp_path: Path) -> None:
    """The end of one export is the start of the next."""
    assert [[(0, 1), (0, 2)], [(1, 2)]] == kept(tmp_path, {0: [ONE, TWO]}, {1: [TWO, THREE]})


def test_two_small_files_in_one_block_are_compared_too(tmp_path: Path) -> None:
    """Small files are read together."""
    assert [[(0, 1), (0, 2), (1, 2)]] == kept(tmp_path, {0: [ONE, TWO], 1: [TWO, THREE]})


def test_a_line_counts_as_often_as_the_file_that_holds_it_most_often(tmp_path: Path) -> None:
    """Twice here and three times there is three requests, not five and not one."""
    assert [[(0, 1), (0, 2)], [(1, 3)]] == kept(tmp_path, {0: [ONE, ONE]}, {1: [ONE, ONE, ONE]})


def test_what_is_seen_may_outgrow_memory(tmp_path: Path) -> None:
    """Then it is found in files as well."""
    assert [[(0, 1)], [(0, 2)], [(1, 3)]] == kept(tmp_path, {0: [ONE]}, {0: [TWO]}, {1: [TWO, ONE, THREE]}, held=0)
    assert 3 == len(list(tmp_path.glob("seen-*.parquet")))


def test_a_request_id_counts_once_wherever_it_stands(tmp_path: Path) -> None:
    """Logpush delivers at least once: in one file, in two, and the lines need not be equal."""
    memory = Duplicates(Spill(tmp_path, "seen", SEEN, "hour"), request_ids=True)

    def drop(*rows: tuple[int, int, str | None]) -> list[tuple[int, int]]:
        frame = pl.DataFrame(
            rows, schema={"source": pl.UInt32, "line": pl.UInt64, "request_id": pl.String}, orient="row"
        )
        return memory.drop(named(frame.with_columns(time=at(0)), by_id=True)).select("source", "line").rows()

    assert [(0, 1), (0, 3)] == drop((0, 1, "a"), (0, 2, "a"), (0, 3, "b"))
    assert [(0, 5)] == drop((0, 4, "b"), (0, 5, "c"))
    assert [(1, 2)] == drop((1, 1, "c"), (1, 2, "d"))
    assert [(1, 3), (1, 4)] == drop((1, 3, None), (1, 4, None))
