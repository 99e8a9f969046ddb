"""A real Spark cluster on this machine gives what this machine gives by itself, whatever happens to its workers."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.clusters import Workers
from exposure.engines.choose import reader_of
from exposure.engines.gather import Cluster
from exposure.engines.spark import Spark
from exposure.errors import ExposureError
from tests.engines.conftest import Library
from tests.engines.stories import SMALL, after, book, read, visits

# A busy machine takes its time to start so many programs.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def engine(spark: Workers) -> Iterator[Spark]:
    """One session for the tests that hurt workers: to start it takes longer than to read."""
    spark.have(2)
    engine = Spark(spark.address)
    engine._session = engine._connected()
    yield engine
    engine._session.stop()


def test_two_workers_give_the_same_tables(long: Library, spark: Workers) -> None:
    """Byte by byte, and the same figures and problems."""
    made, tables, figures = long
    spark.have(2)
    reader = reader_of(f"spark://{spark.address}")
    assert reader is not None
    assert (tables, figures) == read(made, block=SMALL, reader=reader)


def test_a_worker_that_is_killed_is_not_missed(long: Library, spark: Workers, engine: Spark) -> None:
    """With its executor: what it did not finish, another one does."""
    made, tables, figures = long
    victim = spark.have(2)[0]
    reader = after(5, Cluster(engine), lambda: victim.send(signal.SIGKILL))
    assert (tables, figures) == read(made, block=SMALL, reader=reader)
    spark.lose(victim)


def test_a_file_that_goes_away_is_said(tmp_path: Path, engine: Spark) -> None:
    """Every worker that is asked for its ranges says so; what was read before stays."""
    made = book(tmp_path)
    path = made.write("access.log", *visits(0, 5_000))
    _, figures = read(made, block=SMALL, reader=after(5, Cluster(engine), path.unlink))
    (row,) = made.case.read("coverage").rows(named=True)
    assert 0 < row["lines"] == row["parsed"] + row["rejected"] < 5_000
    said = [text for text in figures["problems"] if "nothing behind it was read, either" in text]
    assert ["access.log, bytes"] == [text[: len("access.log, bytes")] for text in said]
    assert any("the SHA-256 of access.log is not known" in text for text in figures["problems"])


def test_a_master_that_is_not_there(long: Library) -> None:
    """Three sentences, and not after minutes."""
    with pytest.raises(ExposureError) as raised:
        read(long[0], reader=Cluster(Spark("127.0.0.1:1")))
    assert str(raised.value) == (
        "the Spark master at 127.0.0.1:1 does not answer\n"
        "  why: nothing is there, or it cannot be reached from here\n"
        "  fix: see that it runs, and name it as its own page does: spark://HOST:PORT"
    )
