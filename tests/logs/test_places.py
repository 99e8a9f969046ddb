"""Logs come as files, archives, pipes and objects of buckets, in any packing: the same lines are read from each."""

import bz2
import gzip
import io
import json
import lzma
import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import boto3
import pytest
from backports import zstd
from moto.server import ThreadedMotoServer

from exposure.errors import ExposureError
from exposure.incident import LogSource
from exposure.logs.ahead import one_ahead
from exposure.logs.reading.finding import find_places
from exposure.logs.reading.places import Listener, LocalFile, Pipe
from exposure.logs.reading.sources import SourceFile, name_files, read_blocks
from exposure.logs.reading.unpack import DamagedError
from tests.logs.logbook import ALICE, BOB, Logbook, at, combined

KEY_ID, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMIbPxRfiCYEXAMPLEKEY"
LINES = [combined(f"/wallet/{ALICE}", at(0)), combined("/", at(1)), combined(f"/wallet/{BOB}", at(2))]
CASE = """
[incident]
name = "x"
title = "X"

[[logs]]
path = "-"

[[action]]
name = "typed"
words = "typed"
exposure = "key"
match = { path = "^/typed" }

[[chain]]
name = "ethereum"
rpc = ["http://127.0.0.1:9"]
"""
TEXT = "".join(line + "\n" for line in LINES).encode()


@pytest.fixture
def logbook(tmp_path: Path) -> Logbook:
    """An empty case."""
    return Logbook(tmp_path)


def zipped(**files: bytes) -> bytes:
    """Put files into a zip archive; `_` in a name stands for a dot."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(re.sub("_(?=[a-z])", ".", name), content)
    return held.getvalue()


PACKED: dict[str, bytes] = {
    "gz": gzip.compress(TEXT[:99]) + gzip.compress(TEXT[99:]),
    "zst": zstd.compress(TEXT[:99]) + zstd.compress(TEXT[99:]),
    "bz2": bz2.compress(TEXT[:99]) + bz2.compress(TEXT[99:]),
    "xz": lzma.compress(TEXT[:99]) + lzma.compress(TEXT[99:]),
    "utf-16": TEXT.decode().encode("utf-16"),
    "utf-16-be": b"\xfe\xff" + TEXT.decode().encode("utf-16-be"),
    "utf-32": TEXT.decode().encode("utf-32"),
    "utf-16 in gz": gzip.compress(TEXT.decode().replace("\n", "\r\n").encode("utf-16")),
    "cr": TEXT.replace(b"\n", b"\r"),
}


@pytest.mark.parametrize("content", PACKED.values(), ids=PACKED)
def test_what_a_log_is_packed_in_makes_no_difference(logbook: Logbook, content: bytes) -> None:
    """Told by content: the name says nothing."""
    (logbook.folder / "some.file").write_bytes(content)
    logbook.name("some.file")
    figures = logbook.read()
    assert (3, 3, []) == (figures["lines"], figures["parsed"], figures["problems"])
    assert [(ALICE,), (BOB,)] == sorted(logbook.rows("sightings", "address"))
    assert [len(content)] == logbook.case.read("sources").get_column("bytes").to_list()


@pytest.mark.parametrize("name", ["gz", "zst", "bz2", "xz"])
def test_half_a_packed_log_keeps_what_is_readable(logbook: Logbook, name: str) -> None:
    """What stands before the cut is read, and the loss is said."""
    pack = {"gz": gzip.compress, "zst": zstd.compress, "bz2": bz2.compress, "xz": lzma.compress}[name]
    many = "".join(combined(f"/{os.urandom(40).hex()}", at(number)) + "\n" for number in range(30_000)).encode()
    packed = pack(many)
    (logbook.folder / "half").write_bytes(packed[: len(packed) * 2 // 3])
    logbook.name("half")
    figures = logbook.read()
    assert 10_000 < figures["parsed"] < 25_000
    assert f"half is cut short: the {name} data ends in the middle" in figures["problems"][0]


def test_each_member_of_a_zip_is_a_source(logbook: Logbook) -> None:
    """Hidden members and folders are none, a packed member is unpacked, and what cannot be read is said by its name."""
    archive = zipped(
        a_log=TEXT, b_log_gz=gzip.compress(combined(f"/wallet/{BOB}", at(99)).encode()), readme_txt=b"no log\n" * 9
    )
    with zipfile.ZipFile(logbook.folder / "logs.zip", "w") as made:
        made.writestr("nested/c.log", TEXT.replace(b"wallet", b"purse"))
        made.writestr("__MACOSX/c.log", b"\0")
        made.writestr("nested/.DS_Store", b"\0")
        made.writestr("nested/d.log", combined("/", at(9)), zipfile.ZIP_BZIP2)
    (logbook.folder / "more.zip").write_bytes(archive)
    logbook.name("*.zip")
    figures = logbook.read()
    assert ["logs.zip!nested/c.log", "logs.zip!nested/d.log", "more.zip!a.log", "more.zip!b.log.gz"] == sorted(
        logbook.case.read("sources").get_column("path")
    )
    assert 8 == figures["parsed"]
    (problem,) = figures["problems"]
    assert problem.startswith("more.zip!readme.txt is in an unknown format: its first line is: no log")


def test_a_zip_with_password_a_damaged_one_and_an_office_document(logbook: Logbook) -> None:
    """None is read as something else, and each says what it is."""
    logbook.write("good.log", *LINES)
    whole = zipped(a_log=TEXT * 50)
    (logbook.folder / "cut.zip").write_bytes(whole[: len(whole) // 2])
    (logbook.folder / "table.xlsx").write_bytes(zipped(**{"[Content_Types].xml": b"<x/>", "sheet_xml": b"<y/>"}))
    locked = bytearray(whole)
    locked[whole.index(b"PK\x01\x02") + 8] |= 1
    (logbook.folder / "locked.zip").write_bytes(locked)
    flipped = bytearray(whole)
    flipped[60] ^= 0xFF
    (logbook.folder / "flipped.zip").write_bytes(flipped)
    for name in ("cut.zip", "table.xlsx", "locked.zip", "flipped.zip"):
        logbook.name(name)
    no_log = (
        "is no log file: it is a zip archive that holds no log or is damaged, which is not read. To go on: unpack it"
    )
    told = logbook.read()["problems"]
    assert [f"cut.zip {no_log}", f"table.xlsx {no_log}"] == told[:2]
    assert "locked.zip!a.log cannot be read: it is encrypted. To go on: unpack the archive with its password" == told[2]
    assert told[3].startswith("flipped.zip!a.log is ")


def read(source: SourceFile, listener: Listener) -> str:
    """Read one source to its end; gives its lines."""
    blocks = read_blocks([source], listener=listener)
    return b"".join(piece.data for block in blocks for piece in block.pieces).decode()


def test_a_pipe_that_stalls_is_said_and_then_read(tmp_path: Path) -> None:
    """Nobody may think that the program hangs, and nothing that comes late is lost."""
    fifo = tmp_path / "live.log"
    os.mkfifo(fifo)
    (place,) = find_places(tmp_path, LogSource(path="live.log"))
    assert Pipe(fifo) == place
    said: list[str] = []

    def write() -> None:
        while len(said) < 2:
            time.sleep(0.01)
        with fifo.open("wb") as handle:
            handle.write(TEXT[:100])
            handle.flush()
            while len(said) < 3:
                time.sleep(0.01)
            handle.write(TEXT[100:])

    writer = Thread(target=write)
    writer.start()
    (source,) = name_files(tmp_path, [(LogSource(path="live.log"), place)])
    assert TEXT.decode() == read(source, Listener(say=said.append, patience=0.05))
    writer.join()
    assert "waiting for data from live.log: nothing came for 0 seconds" == said[0]
    assert len(TEXT) == source.stored


def test_ctrl_c_ends_a_run_that_waits_for_a_pipe(tmp_path: Path) -> None:
    """Whatever the pipe does, and though polars has its own handler for it."""
    os.mkfifo(tmp_path / "live.log")
    (tmp_path / "incident.toml").write_text(CASE.replace('"-"', '"live.log"'))
    code = (
        "import os, signal, threading, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a job in the background inherits that it is ignored
        "def stop():\n    time.sleep(6)\n    os.kill(os.getpid(), signal.SIGINT)\n"
        "threading.Thread(target=stop, daemon=True).start()\n"
        f"import sys; sys.argv = ['exposure', 'ingest', {str(tmp_path)!r}]\n"
        "from exposure.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (2, "stopped: nothing is lost, run the same command to go on\n") == (done.returncode, done.stderr)


def test_an_error_comes_where_its_item_would() -> None:
    """What was made before it is not lost."""

    def items() -> Iterator[int]:
        yield from (1, 2)
        raise DamagedError("broken")

    got: list[int] = []
    with pytest.raises(DamagedError, match="broken"):
        got.extend(item for item in one_ahead(items()) if not got.append(item) and False)  # type: ignore[func-returns-value]
    assert [1, 2] == got


def test_standard_input_is_read(tmp_path: Path) -> None:
    """`zcat … | exposure ingest CASE`, packed or not."""
    (tmp_path / "incident.toml").write_text(CASE)
    command = [sys.executable, "-c", "from exposure.cli import main; main()", "ingest", str(tmp_path), "--json"]
    done = subprocess.run(command, input=gzip.compress(TEXT), capture_output=True, check=False, timeout=120)
    assert 0 == done.returncode, done.stderr.decode()
    assert (3, []) == ((found := json.loads(done.stdout))["stages"]["ingest"]["parsed"], found["problems"])
    from exposure.case import Case

    assert ["standard input"] == Case(tmp_path).read("sources").get_column("path").to_list()


def watched(tmp_path: Path, change: Callable[[Path], None]) -> tuple[list[str], str]:
    """Read a file of three mebibytes that changes after its first chunk; gives what is noted, and what the damage is."""
    path = tmp_path / "grows.log"
    path.write_bytes(b"x" * (3 << 20))
    noted: list[str] = []
    chunks = LocalFile(path).chunks(Listener(note=noted.append))
    next(chunks)
    change(path)
    try:
        total = (1 << 20) + sum(map(len, chunks))
    except DamagedError as error:
        return noted, str(error)
    assert 3 << 20 == total
    return noted, ""


def append(path: Path) -> None:
    """Write on."""
    with path.open("ab") as handle:
        handle.write(b"more")


def rotate(path: Path) -> None:
    """Do as logrotate does."""
    path.rename(path.with_suffix(".1"))
    path.write_bytes(b"new")


@pytest.mark.parametrize(
    ("change", "note", "damage"),
    [
        (append, "it grew while it was read: what follows its first 3,145,728 bytes was not read", ""),
        (rotate, "it was moved away while it was read: what is written at its place now was not read", ""),
        (lambda path: os.truncate(path, 100), "", "it became shorter while it was read"),
        (lambda _path: None, "", ""),
    ],
    ids=["grows", "rotated", "cut", "left alone"],
)
def test_a_file_that_changes_while_it_is_read(
    tmp_path: Path, change: Callable[[Path], None], note: str, damage: str
) -> None:
    """It is read up to the size that it had when it was opened, and what happened is said."""
    assert ([note] if note else [], damage) == watched(tmp_path, change)


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """Start an S3 server on this machine with the bucket `logs`; gives its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    yield url
    server.stop()


@pytest.fixture
def storage(bucket: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bytes], None]:
    """Tell the program of the server as people do, and give a way to put objects into the bucket `logs`."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_ENDPOINT_URL": bucket,
        "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=bucket, region_name="us-east-1")
    client.create_bucket(Bucket="logs")

    def put(key: str, content: bytes) -> None:
        client.put_object(Bucket="logs", Key=key, Body=content)

    return put


def test_objects_of_a_bucket_are_read(logbook: Logbook, storage: Callable[[str, bytes], None]) -> None:
    """One by its key, all below a prefix, by a pattern; packed ones and archives too, larger than one request."""
    big = "".join(combined(f"/{os.urandom(60).hex()}", at(number)) + "\n" for number in range(60_000)).encode()
    storage("cdn/2026/03/a.log.gz", gzip.compress(TEXT))
    storage("cdn/2026/04/b.log", big)
    storage("cdn/2026/04/c.zip", zipped(d_log=TEXT.replace(b"wallet", b"purse")))
    storage("other/e.log", b"garbage\n")

    def named(path: str) -> list[str]:
        return [place.name(logbook.folder) for place in find_places(logbook.folder, LogSource(path=path))]

    whole = ["s3://logs/cdn/2026/03/a.log.gz", "s3://logs/cdn/2026/04/b.log", "s3://logs/cdn/2026/04/c.zip!d.log"]
    assert whole == named("s3://logs/cdn") == named("s3://logs/cdn/") == named("s3://logs/cdn/**")
    assert whole[:1] == named("s3://logs/cdn/2026/*/*.gz") == named("s3://logs/cdn/2026/03/a.log.gz")
    assert whole[1:2] == named("s3://logs/**/0[4-9]/?.log")
    logbook.name("s3://logs/cdn/**")
    figures = logbook.read()
    assert (60_006, 60_006, []) == (figures["lines"], figures["parsed"], figures["problems"])
    assert len(big) in logbook.case.read("sources").get_column("bytes").to_list()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("s3://nowhere/a.log", "logs s3://nowhere/a.log"),
        ("s3://logs/missing.log", "logs s3://logs/missing.log matches no object"),
        ("s3://logs/**/*.nothing", "logs s3://logs/**/*.nothing matches no object"),
    ],
)
def test_a_bucket_or_object_that_is_not_there(
    logbook: Logbook, storage: Callable[[str, bytes], None], path: str, expected: str
) -> None:
    """Three sentences, as for files."""
    storage("a.log", TEXT)
    with pytest.raises(ExposureError) as raised:
        find_places(logbook.folder, LogSource(path=path))
    assert str(raised.value).startswith(expected)
    assert "correct path under [[logs]]" in raised.value.fix


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (f"When listing objects: AWS Error ACCESS_DENIED for key {KEY_ID}", "access was denied"),
        (f"AWS Error INVALID_ACCESS_KEY_ID: {KEY_ID} does not exist", "access was denied"),
        ("AWS Error NO_SUCH_BUCKET during ListObjectsV2 operation", "there is no such bucket"),
        ("AWS Error NETWORK_CONNECTION: curlCode: 6, Couldn't resolve host name", "it could not be reached"),
        ("Could not create a OAuth2 access token: credentials not found", "there are no credentials for it"),
        (f"something new with {SECRET}", "the object storage answered with an error"),
    ],
)
def test_what_a_storage_answers_is_said_in_our_own_words(tmp_path: Path, answer: str, why: str) -> None:
    """An answer may quote a key."""
    from exposure.logs.reading.buckets import find_objects

    def connect(scheme: str, bucket: str) -> None:
        raise OSError(answer)

    with pytest.raises(ExposureError) as raised:
        find_objects("s3://logs/a.log", connect)
    assert why == raised.value.why
    assert KEY_ID not in str(raised.value)
    assert SECRET not in str(raised.value)


def test_an_azure_account_must_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address does not say it."""
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT", raising=False)
    with pytest.raises(ExposureError) as raised:
        find_places(tmp_path, LogSource(path="az://container/a.log"))
    assert (
        "logs az://container/a.log cannot be read\n  why: there are no credentials for it\n"
        "  fix: set them as the cloud's own tools do (AZURE_STORAGE_ACCOUNT, and AZURE_STORAGE_KEY or: az login)"
    ) == str(raised.value)


def test_overlapping_exports_in_different_packings_count_once(logbook: Logbook) -> None:
    """The same content as plain text, gz and zip, and a part of it once more: three requests were made."""
    (logbook.folder / "logs").mkdir()
    (logbook.folder / "logs" / "a.log").write_bytes(TEXT)
    (logbook.folder / "logs" / "a.log.gz").write_bytes(gzip.compress(TEXT))
    (logbook.folder / "logs" / "export.zip").write_bytes(zipped(a_log=TEXT, part_log=TEXT[: len(TEXT) // 2]))
    logbook.name("logs")
    figures = logbook.read()
    # the cut line of the part is no request
    assert (11, 10, 1, 7) == tuple(figures[name] for name in ("lines", "parsed", "rejected", "duplicates"))
    assert [(3,)] == logbook.case.read("traffic").select("requests").sum().rows()
