"""A file that cannot be read says what, why, and what to do; the other files are read all the same."""

import bz2
import gzip
import hashlib
import io
import lzma
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from exposure.errors import ExposureError
from exposure.incident import LogSource
from exposure.logs.formats.known import FORMATS
from exposure.logs.reading.finding import find_places
from exposure.logs.reading.lines import LONGEST_LINE
from exposure.logs.reading.places import LocalFile
from exposure.logs.reading.sources import name_files, read_blocks
from tests.logs.logbook import ALICE, Logbook, cloudflare, combined

KEY = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
NO_LOG_FORMAT = (
    'format = "custom" needs log_format. '
    "To go on: write as log_format the text of log_format (nginx) or LogFormat (Apache)"
)
KNOWN = ", ".join(FORMATS)


@pytest.fixture
def logbook(tmp_path: Path) -> Logbook:
    """A case with one good log, so that there is work to go on with."""
    made = Logbook(tmp_path)
    made.write("good.log", combined(f"/wallet/{ALICE}"))
    return made


def problems(logbook: Logbook) -> list[str]:
    """Read, and give the problems; the good log was read whatever happened."""
    figures = logbook.read()
    assert [(ALICE,)] == logbook.rows("sightings", "address")
    told = figures["problems"]
    assert isinstance(told, list)
    return told


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            "logs/access.log",
            (
                "logs logs/access.log is not there: relative paths start at the folder of incident.toml. "
                "To go on: correct path under [[logs]] in incident.toml, or copy the file there"
            ),
        ),
        (
            "logs/cdn-*.log.gz",
            (
                "logs logs/cdn-*.log.gz matches no file: relative paths start at the folder of incident.toml. "
                "To go on: correct path under [[logs]] in incident.toml, or copy the file there"
            ),
        ),
        (
            "/nowhere/access.log",
            (
                "logs /nowhere/access.log is not there: no such file. "
                "To go on: correct path under [[logs]] in incident.toml, or copy the file there"
            ),
        ),
        ("hollow", "logs hollow holds no file: the folder is empty. To go on: copy the logs into it"),
        (
            "https://user:hunter2@logs.example/access.log",
            (
                "logs https://… cannot be read: object storage is read from s3://, gs://, az://. "
                "To go on: copy the files beside incident.toml and name their folder"
            ),
        ),
        (
            "s3://AKIAIOSFODNN7EXAMPLE:hunter2@bucket/logs",
            (
                "logs s3://[secret] cannot be read: the address holds credentials, and incident.toml is shared. To go on: take them out, "
                "and set them in the environment (AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; AWS_REGION; AWS_ENDPOINT_URL)"
            ),
        ),
        ("s3:///logs", "logs s3:///logs cannot be read: it names no bucket. To go on: write s3://BUCKET/PREFIX"),
    ],
)
def test_a_path_that_names_no_file(logbook: Logbook, path: str, expected: str) -> None:
    """A glob that matches nothing is no empty log."""
    (logbook.folder / "hollow").mkdir()
    logbook.name(path)
    assert [expected] == problems(logbook)


def tarred(name: str, content: bytes) -> bytes:
    """Put a file into a tar archive."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return held.getvalue()


NO_PACKING = "bad.log is no log file: it is {kind}, which is not read. To go on: {way}"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "bad.log is empty: it has 0 bytes. To go on: export it again, or take it out of [[logs]]"),
        (
            gzip.compress(b""),
            "bad.log is empty: nothing is packed in it. To go on: export it again, or take it out of [[logs]]",
        ),
        (
            gzip.compress(b"some line\n")[:10],
            "bad.log is empty: the gz data ends in the middle. To go on: export it again, or take it out of [[logs]]",
        ),
        (
            bytes(range(256)) * 50,
            "bad.log is no log file: its content is binary. To go on: export the log as text, or take the file out of [[logs]]",
        ),
        (
            b"PK\x03\x04rest",
            NO_PACKING.format(kind="a zip archive that holds no log or is damaged", way="unpack it"),
        ),
        (gzip.compress(bz2.compress(b"x\n")), NO_PACKING.format(kind="packed twice", way="unpack it once")),
        (
            lzma.compress(tarred("a.log", b"x\n")),
            NO_PACKING.format(kind="a tar archive", way="unpack it with: tar -xf FILE"),
        ),
        (
            f"203.0.113.7 said \x1b[31m{KEY} yesterday\nmore\n".encode(),
            (
                "bad.log is in an unknown format: its first line is: [ip] said \\x1b[31m[secret] yesterday. "
                f"To go on: write format = one of {KNOWN} under [[logs]], or export it so"
            ),
        ),
        (
            b"\n\n\n",
            (
                "bad.log is in an unknown format: all its lines are empty. "
                f"To go on: write format = one of {KNOWN} under [[logs]], or export it so"
            ),
        ),
    ],
    ids=["empty", "empty gz", "cut gz", "binary", "zip", "twice", "tar", "unknown", "blank"],
)
def test_a_file_that_holds_no_log(logbook: Logbook, content: bytes, expected: str) -> None:
    """What it is, as far as that can be told, redacted and harmless to show."""
    (logbook.folder / "bad.log").write_bytes(content)
    logbook.name("bad.log")
    assert [expected] == problems(logbook)


def test_a_folder_in_the_place_of_a_file_and_a_file_that_may_not_be_read(logbook: Logbook, tmp_path: Path) -> None:
    """The operating system's reason is passed on."""
    (logbook.folder / "gone.log").symlink_to(tmp_path / "loop.log")
    (tmp_path / "loop.log").write_text(combined())
    (source,) = name_files(tmp_path, [(LogSource(path="gone.log"), LocalFile(tmp_path / "gone.log"))])
    (tmp_path / "loop.log").unlink()
    assert [] == list(read_blocks([source]))
    assert source.fault is not None
    assert (
        "gone.log could not be read\n  why: No such file or directory\n  fix: see who may read it, or copy it again"
    ) == str(source.fault)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (
            {"format": "combined", "fields": {"time": "ts"}},
            "the lines of combined have no named fields. To go on: take fields out, or correct format",
        ),
        (
            {"format": "custom"},
            NO_LOG_FORMAT,
        ),
        (
            {"format": "combined", "log_format": "$remote_addr [$time_local]"},
            "it has format = 'combined' and a log_format. To go on: take one of them out: log_format alone means \"custom\"",
        ),
        (
            {"trusted_proxies": ("10.0.0.0/8", "proxy.internal")},
            "trusted_proxies: 'proxy.internal' is no network. To go on: write 10.0.0.0/8 or an IP address",
        ),
        ({"format": "iis"}, f"format 'iis' is not known. To go on: write auto, or one of {KNOWN}"),
    ],
)
def test_what_is_asked_for_and_cannot_be_done_is_said(logbook: Logbook, settings: dict[str, Any], why: str) -> None:
    """Read in another way than asked, a log would say something else."""
    logbook.write("other.log", combined(), listed=False)
    logbook.name("other.log", **settings)
    assert [f"logs other.log cannot be read: {why}"] == problems(logbook)


def test_a_log_whose_every_line_is_refused_is_said(logbook: Logbook) -> None:
    """The format that incident.toml names is the wrong one."""
    logbook.write("other.log", *[cloudflare(ray="a")] * 3, listed=False)
    logbook.name("other.log", format="combined")
    assert [
        (
            "no line of other.log could be read: all 3 lines were refused as combined; the likely format is cloudflare. "
            "To go on: see the reasons in the table rejects, and correct format under [[logs]]"
        )
    ] == problems(logbook)
    assert 3 == logbook.case.read("rejects").height


def test_many_refused_lines_are_said(logbook: Logbook) -> None:
    """One in ten is more than torn ends."""
    logbook.write("other.log", *[combined()] * 9, "garbage")
    assert ["1 of 10 lines of other.log could not be read. To go on: see the reasons in the table rejects"] == problems(
        logbook
    )


def test_where_no_log_could_be_read_the_step_fails_with_all_reasons(tmp_path: Path) -> None:
    """Nothing is written: what an earlier run found stays."""
    logbook = Logbook(tmp_path)
    logbook.write("a.log")
    logbook.name("b.log")
    with pytest.raises(ExposureError) as raised:
        logbook.read()
    assert (
        "no log could be read\n"
        "  why: logs b.log is not there: relative paths start at the folder of incident.toml. To go on: correct path under [[logs]] "
        "in incident.toml, or copy the file there; a.log is empty: it has 0 bytes. To go on: export it again, or take it out of "
        "[[logs]]\n"
        "  fix: correct [[logs]] in incident.toml, or the files"
    ) == str(raised.value)
    assert not logbook.case.has("requests")


def test_where_every_line_was_refused_the_reasons_can_be_looked_up(tmp_path: Path) -> None:
    """The step fails, but the table rejects is there."""
    logbook = Logbook(tmp_path)
    logbook.write("a.log", "garbage", listed=False)
    logbook.name("a.log", format="combined")
    with pytest.raises(ExposureError) as raised:
        logbook.read()
    assert (
        "no log could be read\n"
        "  why: no line of a.log could be read: all 1 line were refused as combined. To go on: see the reasons in the table "
        "rejects, and correct format under [[logs]]\n"
        "  fix: correct [[logs]] in incident.toml, or the files"
    ) == str(raised.value)
    assert [(1, "the line is not in the common or combined layout", "garbage")] == logbook.rows(
        "rejects", "line", "reason", "excerpt"
    )


def found(folder: Path, path: str) -> list[str]:
    """Give the names of the files that a path names."""
    return [place.name(folder) for place in find_places(folder, LogSource(path=path))]


def test_files_folders_and_globs(tmp_path: Path) -> None:
    """A folder means all files in it, however deep; names may hold brackets."""
    for name in ("logs/b.log", "logs/a.log.gz", "logs/old/c.log", "odd[1].log"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    everything = ["logs/a.log.gz", "logs/b.log", "logs/old/c.log"]
    assert (
        everything == found(tmp_path, "logs") == found(tmp_path, "logs/**") == found(tmp_path, str(tmp_path / "logs"))
    )
    assert (["logs/b.log"], ["odd[1].log"]) == (found(tmp_path, "logs/*.log"), found(tmp_path, "odd[1].log"))


def test_a_source_keeps_its_id_when_files_are_added(tmp_path: Path) -> None:
    """References in a shared sheet must lead to the same file tomorrow; a file named twice is read once."""
    log = LogSource(path="*")
    before = name_files(tmp_path, [(log, LocalFile(tmp_path / "b.log"))])
    after = name_files(tmp_path, [(log, LocalFile(tmp_path / name)) for name in ("a.log", "b.log", "a.log")])
    assert [("b.log", hashlib.sha256(b"b.log").hexdigest()[:8])] == [(file.shown, file.id) for file in before]
    assert ["a.log", "b.log"] == [file.shown for file in after]
    assert before[0].id == after[1].id


def test_a_source_is_described_as_it_is_stored(logbook: Logbook) -> None:
    """Size and hash are of the packed file, so that it can be told from another export."""
    path = logbook.write("logs/b.log.gz", cloudflare(ray="a"), cloudflare(ray="b"))
    logbook.read()
    stored = path.read_bytes()
    row = ("logs/b.log.gz", "access", "cloudflare", len(stored), hashlib.sha256(stored).hexdigest(), 2)
    assert row in logbook.rows("sources", "path", "kind", "format", "bytes", "sha256", "lines")


def test_a_line_without_end_is_refused_and_the_next_one_is_read(logbook: Logbook) -> None:
    """Fifty megabytes on one line are one line, and are never held whole."""
    logbook.write("long.log", combined("/1"), "x" * (50 << 20), combined(f"/wallet/{ALICE}"), combined("/3"))
    logbook.read(block=1 << 20)
    assert [(2, "the line is longer than a mebibyte")] == logbook.rows("rejects", "line", "reason")
    assert [(1,), (3,)] == logbook.rows("requests", "line")


def test_a_line_of_a_mebibyte_is_read(logbook: Logbook) -> None:
    """The limit is for what is no request."""
    line = combined("/" + "a" * (LONGEST_LINE - len(combined("/"))))
    logbook.write("long.log", line, line + "x")
    figures = logbook.read(block=100_000)
    assert (2, 1) == (figures["parsed"], figures["rejected"])


def test_the_format_is_told_by_lines_from_the_whole_file(logbook: Logbook) -> None:
    """A log that begins with a megabyte of something else is still that log; what cannot be read is counted."""
    page = "<p>error page</p>" + "x" * 80
    logbook.write("mixed.log", *[page] * 40_000, *[combined("/")] * 40_000)
    figures = logbook.read()
    assert (80_001, 40_001, 40_000) == tuple(figures[name] for name in ("lines", "parsed", "rejected"))
    assert 10_000 == logbook.case.read("rejects").height
    assert "the table rejects holds the first 10,000 of 40,000 lines" in "".join(logbook.notes())


def test_hidden_files_of_a_folder_are_left_alone(tmp_path: Path) -> None:
    """Desktops and editors leave theirs."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / ".DS_Store").write_bytes(os.urandom(10))
    (tmp_path / "logs" / "a.log").write_text("x")
    assert ["logs/a.log"] == found(tmp_path, "logs")
