"""What the sources' names and traffic show is in their coverage, and what needs a person is said."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.logs.logbook import Logbook, at, combined


@pytest.fixture
def logbook(tmp_path: Path) -> Logbook:
    """An empty case."""
    return Logbook(tmp_path)


def test_pieces_of_a_set_are_named_and_missed(logbook: Logbook) -> None:
    """access.log.2 is gone, and access.log.9 was not asked for."""
    for number, name in enumerate(("access.log", "access.log.1", "access.log.3")):
        logbook.write(f"logs/{name}", combined("/", at(number)))
    logbook.write("logs/api.log", combined("/", at(9)))
    logbook.write("logs/api.log.1", combined("/", at(8)), listed=False)
    assert [
        ("of logs/access.log these pieces are missing: .2. To go on: copy them beside the others, if they still exist"),
        (
            "logs/api.log.1 were rotated out of logs/api.log and are not read. "
            'To go on: write path = "logs/api.log*" under [[logs]]'
        ),
    ] == logbook.read()["problems"]
    assert 1 == sum("of logs/access.log these pieces are missing: .2" in note for note in logbook.notes())


def days(logbook: Logbook, name: str, counts: "np.ndarray[tuple[int], np.dtype[np.int64]]", later: float = 0) -> None:
    """Write a log with so many visitors in each half hour."""
    lines = [
        combined(
            "/", at((place * 1800 + visit * 1800 / count) + later * 3600), ip=f"198.51.{visit % 100}.{place % 250}"
        )
        for place, count in enumerate(counts)
        for visit in range(count)
    ]
    logbook.write(name, *lines)


def test_a_dip_and_a_wrong_zone(logbook: Logbook) -> None:
    """The server's log runs five hours late, and on its fifth day nearly nobody came for three hours."""
    dice = np.random.default_rng(5)
    seen = dice.poisson(40 * np.exp(0.5 * np.cos(2 * np.pi * np.arange(48 * 6) / 48) + 0.2 * dice.normal(size=48 * 6)))
    served = dice.binomial(seen, 0.7)
    seen[210:216] = 1
    days(logbook, "cdn.log", seen)
    days(logbook, "origin.log", served, later=5)
    problems = logbook.read()["problems"]
    assert [
        (
            "origin.log seems to be 5 hours off: its traffic rises and falls 5 hours later than that of cdn.log. "
            "To go on: set timezone under [[logs]] if its lines carry none, else see whose clock was wrong"
        )
    ] == problems
    start = at(105 * 3600)
    coverage = {row["first"] < at(3600): row for row in logbook.case.read("coverage").iter_rows(named=True)}
    assert (
        f"traffic dips from {start:%Y-%m-%d %H:%M} to {start + timedelta(hours=3):%Y-%m-%d %H:%M} UTC to "
        in coverage[True]["note"]
    )
    assert (1, 0) == (coverage[True]["gaps"], coverage[False]["gaps"])
