"""A long time in a short one: thousands of looks, dozens of rotations, and neither memory nor the journal grows but by what was read."""

import os
from pathlib import Path

from tests.watch.site import Site

_PAGE = os.sysconf("SC_PAGE_SIZE")


def _memory() -> int:
    """Give the bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def _week(site: Site, lines: int, kept: int) -> None:
    """Let the server write and rotate, keeping so many rotated files, and look five times after each line."""
    for number in range(lines):
        site.write(1)
        for _ in range(5):
            site.look()
        site.heard.clear()
        if number % 10 == 9:
            site.rename()
            for old in sorted(site.log.parent.glob("access.log.*"), key=lambda path: int(path.suffix[1:]))[kept:]:
                site.look()
                old.unlink()


def test_a_long_watch_holds_no_more_than_it_has_read(tmp_path: Path) -> None:
    """After a first stretch, five times as many looks and rotations add a few megabytes at most, and no open file."""
    site = Site(tmp_path / "case")
    _week(site, 100, kept=3)
    memory, files = _memory(), _open_files()
    _week(site, 500, kept=3)
    assert _memory() - memory < 48 << 20
    assert _open_files() <= files + 5
    assert 600 == len(site.numbers())
    journal = [path for path in site.follower.journal.folder.rglob("*") if path.is_file()]
    assert len(journal) <= 2 * 65
    assert sum(path.stat().st_size for path in journal) < 8_000 * 65
    assert len(site.follower.streams) <= 65
