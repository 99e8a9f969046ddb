"""Logs that grow, rotate, are cut and vanish: no line is lost, none is there twice, and one run over the files says the same."""

import gzip
import os
import random
import shutil
from pathlib import Path

import pytest

from exposure.logs.reading.sources import BLOCK as REAL_BLOCK
from exposure.watch.journal import left_out
from tests.logs.logbook import cloudflare
from tests.watch.site import Site, line, same_bytes, wallet


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site that has served forty requests, and was looked at once."""
    site = Site(tmp_path / "case")
    site.write(40)
    site.look()
    return site


def test_what_is_new_is_digested_and_what_was_read_is_not(site: Site) -> None:
    """A block that is whole is digested once: only what follows it is looked at again."""
    site.heard.clear()
    site.write(1)
    assert site.look().changed
    lines = sum(digest.parsed.total() for digest in site.heard)
    assert 1 <= lines < 20
    site.heard.clear()
    assert not site.look().changed
    assert [] == site.heard


def test_a_torn_line_waits_for_its_end(site: Site) -> None:
    """Half of an address is no address: the line counts when the server has written its end."""
    half = len(line(41)) // 2
    with site.log.open("a") as file:
        file.write(line(41)[:half])
    site.look()
    assert site.written == site.numbers()
    with site.log.open("a") as file:
        file.write(line(41)[half:])
    site.look()
    assert [*site.written, 41] == site.numbers()


def test_a_line_whose_end_never_comes_is_not_lost(site: Site) -> None:
    """A server that was killed in the middle of a line leaves it: at the next look without growth it is taken as it is."""
    with site.log.open("a") as file:
        file.write(line(41).rstrip("\n"))
    site.look()
    assert site.written == site.numbers()
    site.look()
    assert [*site.written, 41] == site.numbers()
    with site.log.open("a") as file:  # the server was only slow
        file.write("\n" + line(42))
    site.look()
    assert [*site.written, 41, 42] == site.numbers()


def test_rotation_by_renaming_loses_nothing_and_reads_nothing_twice(site: Site, tmp_path: Path) -> None:
    """access.log becomes access.log.1, .2 and .2.gz; the server writes to the old file for a moment after the rename."""
    site.rename()
    site.write(3, site.rotated(1))
    site.write(5)
    site.look()
    site.rename()
    site.write(5)
    site.look()
    site.pack(site.rotated(2))
    site.look()
    assert site.written == site.numbers()  # the packed file is still being written, for all that anybody knows
    site.look()
    assert site.written == site.numbers()
    assert {"logs/access.log": "", "logs/access.log.1": "", "logs/access.log.2.gz": ""} == site.names()
    assert [] == same_bytes(site.case, site.one_run(tmp_path / "run"))


def test_rotation_by_copying_and_cutting(site: Site, tmp_path: Path) -> None:
    """The copy is the log that was read, under another inode; the file that was cut begins anew."""
    site.write(5)
    site.copy_truncate("access.log.1")
    site.write(4)
    site.heard.clear()
    site.look()
    assert site.written == site.numbers()
    assert {"logs/access.log.1": "", "logs/access.log": ""} == site.names()
    assert [] == same_bytes(site.case, site.one_run(tmp_path / "run"))


def test_a_copy_that_is_seen_before_the_cut(site: Site, tmp_path: Path) -> None:
    """For a moment both files hold the same lines: they count once, then and afterwards."""
    shutil.copyfile(site.log, site.rotated(1))
    site.look()
    assert site.written == site.numbers()
    os.truncate(site.log, 0)
    site.write(2)
    site.look()
    assert site.written == site.numbers()
    assert {"logs/access.log.1": "", "logs/access.log": ""} == site.names()
    assert [] == same_bytes(site.case, site.one_run(tmp_path / "run"))


def test_what_was_read_of_a_truncated_log_stays_and_is_told(site: Site) -> None:
    """`> access.log` destroys the server's evidence, not ours."""
    os.truncate(site.log, 0)
    site.write(2)
    site.look()
    tables = site.tables()
    notes = tables["coverage"].get_column("note").to_list()
    assert site.written == site.numbers()
    assert 1 == sum(
        "its file was cut short where it lay (truncated); what was read of it before stays" in note for note in notes
    )


def test_a_log_that_is_written_anew_is_another_log(site: Site) -> None:
    """The same file with other, longer content is not taken for growth; what it held before stays."""
    before = site.written[:]
    site.log.write_text("".join(line(number) for number in range(1_001, 1_101)))
    site.look()
    assert [*before, *range(1_001, 1_101)] == site.numbers()
    assert 1 == sum(gone == "rewritten" for gone in (stream.gone for stream in site.follower.streams.values()))


def test_content_that_changed_behind_its_first_bytes_is_noticed(site: Site) -> None:
    """An editor that saves over the log keeps its start: the hash of what was read tells."""
    kept = site.log.read_text().splitlines(keepends=True)
    changed = [*kept[:39], line(7_777), line(7_778)]
    with site.log.open("r+") as file:
        file.write("".join(changed))
        file.truncate()
    site.look()
    site.look()
    assert [*site.written, 7_777, 7_778] == site.numbers()


def test_a_deleted_log_is_read_to_its_end_and_stays(site: Site) -> None:
    """The server still writes to the file that rm has taken out of the folder: those lines count, too."""
    with site.log.open("a") as server:
        site.log.unlink()
        site.write(0, site.folder / "unused")
        server.write(line(41) + line(42))
        server.flush()
        site.log.write_text(line(43))
        site.look()
    assert [*site.written, 41, 42, 43] == site.numbers()
    said = left_out(site.case)
    assert 1 == len(said)
    assert said[0].startswith(
        "1 log that a watch has read is not there any more, and is not in these tables (logs/access.log)"
    )
    notes = site.tables()["coverage"].get_column("note").to_list()
    assert 1 == sum("its file is not there any more; what was read of it stays" in note for note in notes)


@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
def test_a_log_that_is_rotated_out_of_what_is_named_is_read_to_its_end(tmp_path: Path, *, restarted: bool) -> None:
    """`path` names access.log alone: what the server wrote between the last look and the rename is in access.log.1."""
    site = Site(tmp_path / "case", "logs/access.log")
    site.write(10)
    site.look()
    site.write(5)
    site.rename()
    site.write(5)
    if restarted:
        site.start()
    site.look()
    assert site.written == site.numbers()


def test_a_file_that_is_replaced_by_a_longer_copy_of_itself_has_grown(site: Site, tmp_path: Path) -> None:
    """Rsync writes a new file beside the old one and renames it: every time another inode, with the same start."""
    for _ in range(3):
        copy = site.log.with_name(".access.log.XyZ")
        shutil.copyfile(site.log, copy)
        site.write(4, copy)
        copy.rename(site.log)
        site.heard.clear()
        site.look()
        assert sum(digest.parsed.total() for digest in site.heard) < 20
    assert site.written == site.numbers()
    assert {"logs/access.log": ""} == site.names()
    assert [] == same_bytes(site.case, site.one_run(tmp_path / "run"))


def test_a_file_that_is_gone_for_one_look_comes_back(site: Site, tmp_path: Path) -> None:
    """A network folder that hiccups makes no second log."""
    away = tmp_path / "away"
    site.log.rename(away)
    site.look()
    assert site.written == site.numbers()
    shutil.copyfile(away, site.log)
    site.write(3)
    site.look()
    assert site.written == site.numbers()
    assert {"logs/access.log": ""} == site.names()
    assert [] == same_bytes(site.case, site.one_run(tmp_path / "run"))


def test_a_packed_file_is_read_when_it_does_not_change_any_more(site: Site) -> None:
    """Gzip is still at work: half of its file is no damaged log."""
    packed = gzip.compress("".join(line(number) for number in range(41, 200)).encode())
    path = site.log.with_name("access.log.7.gz")
    path.write_bytes(packed[: len(packed) // 2])
    site.look()
    path.write_bytes(packed)
    site.look()
    assert site.written == site.numbers()
    site.look()
    assert list(range(1, 200)) == site.numbers()


def test_a_packed_file_that_is_gone_for_one_look_is_not_read_again(site: Site, tmp_path: Path) -> None:
    """Nor is it there twice."""
    path = site.log.with_name("access.log.7.gz")
    path.write_bytes(gzip.compress("".join(line(number) for number in range(41, 60)).encode()))
    site.look(settled=True)
    path.rename(tmp_path / "away")
    site.look()
    (tmp_path / "away").rename(path)
    site.heard.clear()
    site.look()
    site.look()
    assert [] == site.heard
    assert list(range(1, 60)) == site.numbers()
    assert {"logs/access.log": "", "logs/access.log.7.gz": ""} == site.names()


def test_a_table_that_grows_is_read_anew(site: Site) -> None:
    """A JSON list or a CSV has no lines that stay: it is read again, and what it held is not there twice."""
    path = site.log.with_name("access.log.json")

    def row(number: int) -> str:
        return cloudflare(f"/api/unlock/mnemonic?a={wallet(number)}", ray=f"ray{number}", ClientRequestMethod="POST")

    def rows(until: int) -> str:
        return "[" + ",\n".join(map(row, range(100, until))) + "]"

    path.write_text(rows(105))
    site.look(settled=True)
    path.write_text(rows(110))
    site.look(settled=True)
    assert [*site.written, *range(100, 110)] == site.numbers()


def test_a_file_in_no_known_format_is_told_until_it_is_readable(site: Site) -> None:
    """An error page at the start of a log does not end the watch, and what is read meanwhile stands."""
    odd = site.log.with_name("access.log.odd")
    odd.write_text("service unavailable\n")
    site.look()
    tables = site.tables()
    assert site.written == site.numbers()
    assert 1 == tables["sources"].height
    odd.write_text("".join(line(number) for number in range(41, 61)))
    site.look()
    site.look()
    assert list(range(1, 61)) == site.numbers()


def test_other_actions_are_looked_for_in_everything_that_was_read(site: Site) -> None:
    """An action that is added to incident.toml holds for the past as well."""
    other = site.incident.actions[0].model_copy(update={"name": "renamed"})
    site.incident = site.incident.model_copy(update={"actions": (other,)})
    site.look()
    assert ["renamed"] == site.tables()["requests"].get_column("action").unique().to_list()
    assert site.written == site.numbers()


def test_the_journal_holds_no_secret_and_is_nobodys_to_read(tmp_path: Path) -> None:
    """What is kept of a line with a key in it is not the key; and the files are their owner's."""
    site = Site(tmp_path / "case")
    secret = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
    site.log.write_text(line(1).replace("?a=", f"?privateKey={secret}&a="))
    site.look()
    files = [path for path in site.follower.journal.folder.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert {0o600} == {path.stat().st_mode & 0o777 for path in files}
    assert all(secret.encode() not in path.read_bytes() for path in files)
    assert 1 == site.tables()["secrets"].height


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_to_the_logs_every_line_counts_once(tmp_path: Path, seed: int) -> None:
    """Rotations of every kind, restarts without warning and looks at any moment, in random order."""
    dice = random.Random(seed)
    site = Site(tmp_path / "case")
    for step in range(40):
        match dice.choice(["write", "write", "write", "look", "look", "rename", "pack", "copy", "kill", "delete"]):
            case "write":
                site.write(dice.randrange(1, 30))
            case "look":
                site.look()
            case "rename" if site.log.exists():
                site.rename()
            case "pack":
                plain = [path for number in range(2, 10) if (path := site.rotated(number)).exists()]
                for path in plain[:1]:
                    site.pack(path)
            case "copy":
                site.copy_truncate(f"access.log-copy{step}")
            case "kill":
                site.start()
            case "delete":
                site.look(settled=True)
                old = sorted(site.log.parent.glob("access.log-copy*"))
                for path in old[:1]:
                    path.unlink()
    site.look(settled=True)
    assert site.written == site.numbers()
    if not any(stream.gone for stream in site.follower.streams.values()):
        assert [] == same_bytes(site.case, site.one_run(tmp_path / "run"))


def test_the_journal_of_a_log_is_a_fraction_of_it(tmp_path: Path) -> None:
    """A week of logs must not fill the case's disk: 20,000 lines in real blocks take less than a third of their size."""
    site = Site(tmp_path / "case")
    site.write(20_000)
    follower = type(site.follower)(site.case, size=REAL_BLOCK)
    follower.look(site.incident, lambda *_: None)
    kept = sum(path.stat().st_size for path in follower.journal.folder.rglob("*") if path.is_file())
    assert kept < site.log.stat().st_size / 3
    assert 20_000 == sum(stream.lines for stream in follower.streams.values())
