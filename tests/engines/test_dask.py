"""A real Dask cluster on this machine gives what this machine gives by itself, whatever happens to its workers."""

import signal
from pathlib import Path

import boto3
import pytest

from benchmarks.clusters import Workers, dask_cluster
from exposure.engines.choose import reader_of
from exposure.engines.dask import Dask
from exposure.engines.gather import Cluster
from exposure.errors import ExposureError
from tests.engines.conftest import Library
from tests.engines.stories import SMALL, after, book, read, text, visits


def test_two_workers_give_the_same_tables(library: Library, dask: Workers) -> None:
    """Files of every kind, byte by byte, and the same figures and problems."""
    made, tables, figures = library
    dask.have(2)
    reader = reader_of(f"dask://{dask.address}")
    assert reader is not None
    assert (tables, figures) == read(made, reader=reader)


def test_a_worker_that_is_killed_is_not_missed(long: Library, dask: Workers) -> None:
    """What it did not finish, or had finished and not handed over, another one does."""
    made, tables, figures = long
    victim = dask.have(2)[0]
    reader = after(5, Cluster(Dask(dask.address)), lambda: victim.send(signal.SIGKILL))
    assert (tables, figures) == read(made, block=SMALL, reader=reader)
    dask.lose(victim)


def test_a_worker_that_hangs_is_not_waited_for(long: Library, dask: Workers) -> None:
    """It is alive to the scheduler, and does nothing: a second worker is asked."""
    made, tables, figures = long
    victim = dask.have(2)[1]
    reader = after(5, Cluster(Dask(dask.address, patience=2)), lambda: victim.send(signal.SIGSTOP))
    assert (tables, figures) == read(made, block=SMALL, reader=reader)
    dask.lose(victim)


def test_a_file_that_goes_away_is_said(tmp_path: Path, dask: Workers) -> None:
    """Every worker that is asked for its ranges says so; what was read before stays."""
    made = book(tmp_path)
    path = made.write("access.log", *visits(0, 5_000))
    dask.have(2)
    _, figures = read(made, block=SMALL, reader=after(5, Cluster(Dask(dask.address)), path.unlink))
    (row,) = made.case.read("coverage").rows(named=True)
    assert 0 < row["lines"] == row["parsed"] + row["rejected"] < 5_000
    said = [text for text in figures["problems"] if "nothing behind it was read, either" in text]
    assert ["access.log, bytes"] == [text[: len("access.log, bytes")] for text in said]
    assert any("the SHA-256 of access.log is not known" in text for text in figures["problems"])


def test_objects_of_a_bucket_are_read_by_the_workers(
    dask: Workers, bucket: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """By ranges, and what they find goes by way of another bucket, where nothing stays behind."""
    made = book(tmp_path_factory.mktemp("case"))
    client = boto3.client("s3", endpoint_url=bucket, region_name="us-east-1")
    client.put_object(Bucket="cluster-logs", Key="cdn/a.log", Body=text(visits(0, 6_000)))
    client.put_object(Bucket="cluster-logs", Key="cdn/b.log", Body=text(visits(9_000, 100)))
    made.name("s3://cluster-logs/cdn")
    expected = read(made)
    dask.have(2)
    seen: list[int] = []

    def look() -> None:
        seen.append(client.list_objects_v2(Bucket="cluster-parts", Prefix="run/exposure-")["KeyCount"])

    reader = Cluster(Dask(dask.address), "s3://cluster-parts/run")
    assert expected == read(made, reader=after(3, reader, look))
    assert seen[0] > 0
    assert client.list_objects_v2(Bucket="cluster-parts", Prefix="run/exposure-")["KeyCount"] == 0


def test_a_scheduler_that_is_not_there(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three sentences, and not after minutes."""
    monkeypatch.setattr("exposure.engines.dask._CONNECT", 1)
    with pytest.raises(ExposureError) as raised:
        read(library[0], reader=Cluster(Dask("127.0.0.1:1")))
    assert str(raised.value) == (
        "the Dask scheduler at 127.0.0.1:1 does not answer\n"
        "  why: nothing is there, it is not a scheduler, or it wants TLS\n"
        "  fix: see that it runs and can be reached; where it wants TLS, name the certificates in Dask's configuration"
    )


def test_a_scheduler_that_goes_away_is_said(long: Library, tmp_path: Path) -> None:
    """And the tables stay as they were."""
    made, tables, _ = long
    read(made, block=SMALL)
    with dask_cluster(tmp_path) as doomed:
        doomed.have(1)
        reader = after(2, Cluster(Dask(doomed.address)), lambda: doomed.head.send(signal.SIGKILL))
        with pytest.raises(ExposureError, match=f"the Dask scheduler at {doomed.address} went away"):
            made.read(block=SMALL, reader=reader)
    assert tables == {path.name: path.read_bytes() for path in sorted(made.case.data.glob("*.parquet"))}
