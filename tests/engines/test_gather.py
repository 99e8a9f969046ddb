"""What workers find, put together, is what one machine finds, byte by byte; and what none of them can do is said."""

import pickle
import sys
from pathlib import Path

import polars as pl
import pytest

from exposure.engines.choose import reader_of
from exposure.engines.gather import LOST, Cluster
from exposure.engines.tasks import Job
from exposure.engines.work import introduce, known_by
from exposure.errors import ExposureError
from tests.engines.conftest import Library
from tests.engines.stories import SMALL, Pickled, after, book, read, visits
from tests.logs.logbook import combined
from tests.logs.test_leaks import held
from tests.logs.test_proofs import KEY, PHRASE


def test_every_kind_of_file_gives_the_same_tables(library: Library) -> None:
    """Cut in ranges or read whole, together or alone, with lines that go over every edge."""
    made, tables, figures = library
    engine = Pickled()
    assert (tables, figures) == read(made, reader=Cluster(engine))
    cut = {name.partition(", bytes")[0] for name in engine.done if ", bytes" in name}
    logs = ("large.log", "odd.log", "overlap.log", "framed.log.zst", "damaged.log.zst")
    assert {"edge/cdn.json", *(f"logs/{name}" for name in logs)} == cut
    assert {f"the SHA-256 of {name}" for name in cut} == {name for name in engine.done if name.startswith("the SHA")}


def test_a_part_that_is_written_twice_counts_once(long: Library, tmp_path: Path) -> None:
    """Two workers that did the same task wrote the same part; when all is read, no part is left."""
    made, tables, figures = long
    seen: list[int] = []
    reader = Cluster(Pickled(times=2), str(tmp_path))
    watched = after(20, reader, lambda: seen.append(len(list(tmp_path.rglob("*")))))
    assert (tables, figures) == read(made, block=SMALL, reader=watched)
    assert (True, []) == (seen[0] > 1, list(tmp_path.iterdir()))


def test_a_range_that_nobody_can_read_is_said_and_the_rest_goes_on(long: Library) -> None:
    """Its lines are counted as not read, and those behind it keep their numbers."""
    made, tables, _ = long
    broken = "bytes 131,072 to 262,144"
    _, figures = read(made, block=SMALL, reader=Cluster(Pickled(broken)))
    (problem,) = (text for text in figures["problems"] if broken in text)
    (row,) = made.case.read("coverage").rows(named=True)
    whole = pl.read_parquet(tables["requests.parquet"])
    found = made.case.read("requests")
    lost = whole.height - found.height
    assert (
        f"access.log, {broken} could not be read: every worker that tried it died; 771 lines in it were not read. "
        "To go on: see the workers' logs for why, and read again; --engine local needs no workers"
    ) == problem
    assert 5_000 == row["lines"] == row["parsed"] + row["rejected"]
    assert f"771 lines not read: {LOST}" in row["note"]
    assert 700 < lost < 771
    assert found.drop("session").equals(
        whole.drop("session").join(found.select("source", "line"), on=["source", "line"], how="semi")
    )


def test_a_file_that_nobody_can_read_is_said_by_name(tmp_path: Path) -> None:
    """Files that were read together are tried one by one: only the one that fails is lost."""
    made = book(tmp_path)
    for name in "abc":
        made.write(f"logs/{name}.log", *visits(0, 20, f"192.0.2.{ord(name)}"), listed=False)
    made.name("logs")

    engine = Pickled(broken="b.log")
    _, figures = read(made, reader=Cluster(engine))
    assert 4 == len(set(engine.names))
    assert [("logs/a.log",), ("logs/c.log",)] == made.rows("sources", "path")
    assert (
        "logs/b.log could not be read: every worker that tried it died. To go on: see the workers' logs for why, and read "
        "again; --engine local needs no workers"
    ) == figures["problems"][0]


def test_a_file_that_changed_meanwhile_is_said(long: Library, tmp_path: Path) -> None:
    """It was cut: what is behind the cut cannot be read, and no later range is taken."""
    made = book(tmp_path)
    path = made.write("access.log", *visits(0, 3_000))

    def cut() -> None:
        with path.open("r+b") as file:
            file.truncate(200_000)

    _, figures = read(made, block=SMALL, reader=after(2, Cluster(Pickled()), cut))
    (row,) = made.case.read("coverage").rows(named=True)
    assert any("access.log is cut short: it became shorter while it was read" in text for text in figures["problems"])
    assert row["lines"] == row["parsed"] + row["rejected"] < 3_000


def test_a_pipe_is_not_for_workers(tmp_path: Path) -> None:
    """It is this machine's."""
    made = book(tmp_path)
    made.write("a.log", combined("/"))
    made.name("-")
    _, figures = read(made, reader=Cluster(Pickled()))
    (problem,) = figures["problems"]
    assert (
        "standard input could not be read: it is a pipe of this machine, and the workers are others. "
        "To go on: write it to a file, or read it with --engine local"
    ) == problem


def test_the_key_and_secrets_are_shown_nowhere(long: Library, tmp_path: Path) -> None:
    """The key goes to the workers and is written nowhere; what they leave in parts holds no secret of the logs."""
    made = long[0]
    key = made.case.key()
    job = Job((), (), key, SMALL)
    assert key.hex() not in repr(job)
    assert repr(key) not in repr(job)
    assert key in pickle.dumps(job)
    parts: list[tuple[str, str]] = []
    read(made, block=SMALL, reader=after(20, Cluster(Pickled(), str(tmp_path)), lambda: parts.extend(held(tmp_path))))
    assert parts
    for _, content in parts:
        assert not [secret for secret in (KEY, PHRASE, key.hex(), key.decode("latin-1")) if secret in content]


def test_workers_of_another_version_are_refused(long: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their numbers would name other things."""
    known_by({"tcp://a": introduce()})
    with pytest.raises(ExposureError, match="the workers cannot be used"):
        known_by({"tcp://a": introduce(), "tcp://b": "exposure 0.0.1, polars 1"})
    monkeypatch.setattr("exposure.engines.gather.__version__", "9.9.9")
    with pytest.raises(ExposureError, match="findings cannot be used"):
        read(long[0], block=SMALL, reader=Cluster(Pickled()))


@pytest.mark.parametrize(
    ("engine", "parts", "what"),
    [
        ("ray://a:1", "", "--engine ray://a:1 is not known"),
        ("dask://a", "", "--engine dask://a is not known"),
        ("spark://:7077", "", "--engine spark://:7077 is not known"),
        ("local", "parts", "--parts has no use here"),
        ("dask://a:1", "s3://me:key@parts", "--parts s3://[secret] cannot be read"),
    ],
)
def test_what_is_no_engine_is_refused(engine: str, parts: str, what: str) -> None:
    """Before any work."""
    with pytest.raises(ExposureError) as raised:
        reader_of(engine, parts)
    assert what == raised.value.what


@pytest.mark.parametrize(("engine", "package"), [("dask", "distributed"), ("spark", "pyspark.sql")])
def test_a_package_that_is_missing_is_named(
    long: Library, monkeypatch: pytest.MonkeyPatch, engine: str, package: str
) -> None:
    """With what to install."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ExposureError) as raised:
        read(long[0], block=SMALL, reader=reader_of(f"{engine}://127.0.0.1:1"))
    assert (
        f"logs cannot be read by {engine.title()}\n  why: the package is not installed\n  fix: pip install 'exposure[{engine}]'"
    ) == str(raised.value)
