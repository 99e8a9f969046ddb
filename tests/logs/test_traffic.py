"""Every request is counted in its minute, whatever else becomes of it; silence that means something is noticed."""

from datetime import datetime, timedelta

import polars as pl

from exposure.logs.traffic import CELLS, Times, count_cells, make_traffic, source_times, without_lines
from tests.logs.logbook import NOON, at


def records(*rows: tuple[datetime, str | None, int | None, int | None, int]) -> pl.DataFrame:
    """Give records of (time, host, client, bytes, status)."""
    schema = {"time": CELLS["minute"], "host": pl.String, "client": pl.UInt64, "bytes": pl.Int64, "status": pl.UInt16}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(source=pl.lit(0, pl.UInt32))


def test_a_minute_counts_requests_clients_bytes_and_errors() -> None:
    """By host; a client without an address is a request all the same."""
    cells = count_cells(
        records(
            (at(0), "a", 1, 100, 200),
            (at(59), "a", 1, 50, 503),
            (at(30), "a", 2, None, 404),
            (at(31), "a", None, 1, 500),
            (at(60), "a", 1, 7, 200),
            (at(0), None, 1, 7, 200),
        )
    )
    assert [
        (at(0), "a", 4, 2, 151, 2),
        (at(0), None, 1, 1, 7, 0),
        (at(60), "a", 1, 1, 7, 0),
    ] == make_traffic(cells.lazy()).rows()


def test_a_client_of_two_blocks_and_sources_is_counted_once() -> None:
    """A minute rarely ends where a block does, and a CDN and an origin see the same person."""
    one = count_cells(records((at(0), "a", 1, 1, 200)))
    other = count_cells(records((at(5), "a", 1, 1, 200), (at(6), "a", 2, 1, 200))).with_columns(
        source=pl.lit(1, pl.UInt32)
    )
    assert [(at(0), "a", 3, 2, 3, 0)] == make_traffic(pl.concat([one, other]).lazy()).rows()


def test_a_line_that_stood_elsewhere_is_taken_out_of_its_minute() -> None:
    """Its cell counts what remains, and goes where nothing does; a request without a size takes none away."""
    all_rows = [(at(0), "a", 1, 100, 200), (at(1), "a", 1, 50, 503), (at(2), "a", 1, None, 200), (at(3), None, None, 7, 200)]  # fmt: skip
    cells = without_lines(count_cells(records(*all_rows)), records(*all_rows[1:]))
    assert [(at(0), "a", 1, 1, 100, 0)] == make_traffic(cells.lazy()).rows()


def test_no_requests_make_no_traffic() -> None:
    """An empty table, not an error."""
    assert (0, {}) == (make_traffic(CELLS.to_frame().lazy()).height, source_times(CELLS.to_frame().lazy()))


def times(minutes: list[int]) -> Times:
    """Give what is said of a source with a request in each of these minutes after noon."""
    rows = [(at(60 * minute), "a", 1, 1, 200) for minute in minutes]
    return source_times(count_cells(records(*rows)).lazy())[0]


def test_a_silence_of_a_busy_site_is_a_hole() -> None:
    """A request in every minute, then twenty minutes with none: something did not log."""
    silent = [*range(200), *range(220, 400)]
    assert Times(NOON, at(399 * 60), 1, at(200 * 60), 20) == times(silent)


def test_a_silence_of_a_quiet_site_is_none() -> None:
    """Where a request comes every twelve minutes, an hour without one is chance."""
    minutes = [*range(0, 600, 12), *range(660, 1200, 12)]
    assert Times(NOON, at(max(minutes) * 60), 0, None, None) == times(minutes)


def test_the_night_is_no_hole() -> None:
    """How busy a source is changes with the hour: only its neighbourhood in time counts."""
    evening, night = list(range(600)), list(range(600, 1000, 15))
    assert 0 == times([*evening, *night, *range(1000, 1400)]).gaps


def test_several_holes_are_counted_and_the_longest_is_named() -> None:
    """It limits the claim most."""
    minutes = [minute for minute in range(1000) if not (300 <= minute < 320 or 600 <= minute < 640)]
    assert Times(NOON, at(999 * 60), 2, NOON + timedelta(minutes=600), 40) == times(minutes)
