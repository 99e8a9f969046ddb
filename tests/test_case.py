"""The case folder loses nothing and tells what is wrong."""

import errno
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from exposure.case import Case, find_case, write_atomically, write_parquet, write_parquet_parts
from exposure.errors import ExposureError
from exposure.tables import TABLES

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def test_a_folder_without_an_incident_is_an_error_that_says_how_to_start(tmp_path: Path) -> None:
    """A mistyped folder is not silently a new case."""
    with pytest.raises(ExposureError) as raised:
        find_case(tmp_path)
    assert (
        f"{tmp_path} holds no incident\n  why: there is no file {tmp_path}/incident.toml\n"
        f"  fix: name a case folder or its incident.toml, or start one with: exposure init {tmp_path}"
    ) == str(raised.value)


@contextmanager
def _file_limit(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond `size` bytes: the system then fails a write as it does on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


_NOISE = pl.DataFrame({"noise": [os.urandom(100_000)]})


@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_atomically(path, bytes(100_000)),
        lambda path: write_parquet(path, _NOISE),
        lambda path: write_parquet_parts(path, _NOISE.schema, [_NOISE]),
    ],
    ids=["bytes", "a table", "a table in parts"],
)
def test_a_write_that_fails_names_its_file_and_leaves_the_old_one(
    tmp_path: Path, write: Callable[[Path], object]
) -> None:
    """Whether Python, polars or Arrow wrote: all say it in other words, and none says where."""
    path = tmp_path / "table"
    path.write_bytes(b"old")
    with _file_limit(20_000), pytest.raises(OSError, match="File too large") as raised:
        write(path)
    assert (errno.EFBIG, str(path)) == (raised.value.errno, raised.value.filename)
    assert [(path, b"old")] == [(file, file.read_bytes()) for file in tmp_path.iterdir()]


def test_a_case_that_another_run_holds_is_refused(tmp_path: Path) -> None:
    """Two runs at once would overwrite each other's tables; the message names the other process."""
    code = (
        "import sys, pathlib; from exposure.case import Case\n"
        "with Case(pathlib.Path(sys.argv[1])).lock():\n    print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    try:
        with pytest.raises(ExposureError) as raised, Case(tmp_path).lock():
            pass
    finally:
        holder.communicate()
    assert (
        f"the case folder {tmp_path} is in use\n  why: another run holds it (process {holder.pid}); two at once would "
        "overwrite each other's tables\n  fix: wait for it to end, or stop it; reading (explain, query, status) works meanwhile"
    ) == str(raised.value)
    with Case(tmp_path).lock():
        assert f"process {os.getpid()}" == (tmp_path / ".lock").read_text()


def test_the_pseudonym_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    """Clients keep their pseudonym from run to run, and only the owner of the case can read the key."""
    first = Case(tmp_path).key()
    assert (first, 32) == (Case(tmp_path).key(), len(first))
    assert 0o600 == stat.S_IMODE((tmp_path / ".pseudonym.key").stat().st_mode)


def test_a_damaged_pseudonym_key_is_an_error(tmp_path: Path) -> None:
    """A new key would silently break the link between two runs."""
    (tmp_path / ".pseudonym.key").write_text("zz")
    with pytest.raises(ExposureError, match="is damaged"):
        Case(tmp_path).key()


def test_a_table_is_written_with_its_hash_and_read_back_equal(tmp_path: Path) -> None:
    """The manifest names what the table's file held when it was written."""
    case = Case(tmp_path)
    frame = TABLES["attackers"].frame([{"address": "0x1", "role": "sink", "confirmed": True}])
    case.write("attackers", frame)
    first = case.path("attackers").read_bytes()
    case.write("attackers", frame)
    assert frame.equals(case.read("attackers"))
    assert first == case.path("attackers").read_bytes()
    assert 1 == case.read_manifest()["tables"]["attackers"]["rows"]


def test_a_part_of_a_shared_table_is_replaced_alone(tmp_path: Path) -> None:
    """The chain's coverage does not wipe out the logs', and a second run does not double it."""
    case = Case(tmp_path)
    ours, theirs = pl.col("source").str.starts_with("chain:"), ~pl.col("source").str.starts_with("chain:")
    case.write_part("coverage", TABLES["coverage"].frame([{"source": "a1", "layer": "lines"}]), theirs)
    for _ in range(2):
        case.write_part("coverage", TABLES["coverage"].frame([{"source": "chain:1", "layer": "logs"}]), ours)
    assert ["a1", "chain:1"] == case.read("coverage").get_column("source").to_list()


def test_rows_that_are_there_already_are_not_written_again(tmp_path: Path) -> None:
    """A table of millions of rows is left alone where nothing changes."""
    case = Case(tmp_path)
    rows = TABLES["coverage"].frame([{"source": "a1", "layer": "lines"}])
    case.write_part("coverage", rows, pl.lit(value=True))
    written = case.path("coverage").stat().st_mtime_ns
    case.write_part("coverage", rows, pl.lit(value=True))
    assert written == case.path("coverage").stat().st_mtime_ns
    case.write_part("coverage", rows.clear(), pl.col("source") == "a1")
    assert 0 == case.count("coverage") == case.read("coverage").height


def test_added_rows_stand_where_one_write_of_all_would_put_them(tmp_path: Path) -> None:
    """In the order of the key, before, between, beside and behind those that were there; the bytes are the same."""
    case, whole = Case(tmp_path / "one"), Case(tmp_path / "other")
    rows = [
        {"address": address, "time": time, "ref": ref} for address in "bdf" for time, ref in ((None, "y"), (NOON, "x"))
    ]
    more = [{"address": address, "time": NOON, "ref": "w"} for address in "acdg"]
    case.write("sightings", TABLES["sightings"].frame(rows))
    case.add_rows("sightings", TABLES["sightings"].frame(more))
    whole.write("sightings", TABLES["sightings"].frame([*more, *rows]))
    assert case.path("sightings").read_bytes() == whole.path("sightings").read_bytes()


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """A full disk in the worst hour costs the new version, never the old one."""
    path = tmp_path / "x"
    write_atomically(path, b"old")
    with pytest.raises(TypeError):
        write_atomically(path, "not bytes")  # type: ignore[arg-type]
    assert b"old" == path.read_bytes()
    assert ["x"] == [file.name for file in tmp_path.iterdir()]


def test_a_table_of_another_version_is_an_error_that_names_the_command(tmp_path: Path) -> None:
    """A column was added since: neither a traceback, nor a table in which it silently says nothing."""
    case = Case(tmp_path)
    case.write("transfers", TABLES["transfers"].empty())
    TABLES["transfers"].empty().drop("trace_address").rename({"value": "amount"}).write_parquet(case.path("transfers"))
    for read in (case.read, case.scan):
        with pytest.raises(ExposureError) as raised:
            read("transfers")
        assert (
            f"{tmp_path}/data/transfers.parquet was written by another version of exposure\n"
            "  why: its columns are not those of this version: trace_address is missing, value is missing, amount is unknown\n"
            f"  fix: make the tables anew: exposure run {tmp_path} (what was pulled of the chain is kept)"
        ) == str(raised.value)


def test_tables_of_another_version_are_renewed_so_that_a_run_can_begin(tmp_path: Path) -> None:
    """What a table lacks is unknown in it; one whose columns mean something else is made anew; the others stay as they are."""
    case = Case(tmp_path)
    row = dict.fromkeys(TABLES["tokens"].schema) | {"chain_id": 1, "token_address": "0xaa", "symbol": "A"}
    for name in ("tokens", "transfers", "losses"):
        case.write(name, TABLES[name].empty())
    tokens = TABLES["tokens"].frame([row])
    tokens.drop("decimals").with_columns(old=pl.lit(1)).write_parquet(case.path("tokens"))
    TABLES["losses"].empty().cast({"amount": pl.Float64}).write_parquet(case.path("losses"))
    assert ["losses", "tokens"] == sorted(case.renew())
    assert tokens.equals(case.read("tokens"))
    assert (False, True) == (case.has("losses"), case.has("transfers"))
    assert {"tokens", "transfers"} == set(case.read_manifest()["tables"])
    assert [] == case.renew()
