"""The files that [[logs]] names, as they are now: what tells each from the others, and what tells that it changed."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from exposure.logs.reading.buckets import Object
from exposure.logs.reading.places import CHUNK, Listener, LocalFile, Member, Pipe
from exposure.logs.reading.places import Stream as OneWay
from exposure.logs.reading.sources import SourceFile

if TYPE_CHECKING:
    from hashlib import _Hash


class ShrunkError(Exception):
    """The file became shorter while it was read."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is there. `place` tells it whatever it is called, `stamp` changes with its content, `size` is in bytes."""

    file: SourceFile
    place: str
    stamp: str
    size: int = 0

    @property
    def local(self) -> bool:
        """Tell whether it is a file of this machine that is read for itself."""
        return isinstance(self.file.place, LocalFile)


@dataclass(frozen=True, slots=True)
class Held(OneWay):
    """A log without a name of its own: its file is gone, or moved out of what [[logs]] names."""

    shown: str
    path: None = None
    packed: int = 0

    def name(self, folder: Path) -> str:  # noqa: ARG002 - the Place's signature
        """Give the name that people know it by."""
        return self.shown

    def chunks(self, listener: Listener) -> Iterator[bytes]:  # noqa: ARG002 - the Place's signature
        """Give nothing: what there was of it is in the journal."""
        return iter(())


def look_at(files: Sequence[SourceFile]) -> tuple[list[Found], list[str]]:
    """Look at files, without reading them; gives them, and in words those that cannot be followed. What just went is left out."""
    found, said = [], []
    for file in files:
        place = file.place
        if isinstance(place, Pipe):
            said.append(
                f"{file.shown} cannot be watched: a pipe is read once, to its end. To go on: write it to a file "
                "(… >> logs/live.log), and name that file under [[logs]]"
            )
        elif isinstance(place, Object):
            found.append(Found(file, place.name(Path()), place.stamp))
        elif isinstance(place, Member):
            archive = place.archive
            told = stat_of(archive.path) if isinstance(archive, LocalFile) else (archive.name(Path()), "", 0)
            if told is not None:
                inside = f"{place.info.CRC:08x}:{place.info.file_size}"
                found.append(Found(file, f"{told[0]}!{place.info.filename}", f"{inside}:{told[1]}"))
        elif file.path is not None and (told := stat_of(file.path)) is not None:
            found.append(Found(file, *told))
    return found, said


def stat_of(path: Path) -> tuple[str, str, int] | None:
    """Give what tells a file, what tells that it changed, and its size; None where it is not there."""
    try:
        return told_by(path.stat())
    except OSError:
        return None


def told_by(found: os.stat_result) -> tuple[str, str, int]:
    """Give the same of what was looked up."""
    return f"{found.st_dev}:{found.st_ino}", f"{found.st_size}:{found.st_mtime_ns}", found.st_size


def sibling(path: Path, place: str) -> Path | None:
    """Find the file that was moved to another name in its folder; None where it is not there."""
    inode = int(place.rpartition(":")[2])
    try:
        with os.scandir(path.parent) as entries:
            near = [Path(entry.path) for entry in entries if entry.inode() == inode]
    except OSError:
        return None
    return next((one for one in near if (told := stat_of(one)) is not None and told[0] == place), None)


def between(handle: IO[bytes], start: int, end: int) -> Iterator[bytes]:
    """Give the bytes from `start` to `end`, in chunks. Raises ShrunkError where they are not there."""
    at = start
    while at < end:
        handle.seek(at)
        chunk = handle.read(min(CHUNK, end - at))
        if not chunk:
            raise ShrunkError
        at += len(chunk)
        yield chunk


def after_feed(handle: IO[bytes], start: int, end: int) -> int | None:
    """Give where the line ends that holds `start`, with its line feed; None where there is no line feed before `end`."""
    at = start
    for chunk in between(handle, start, end):
        feed = chunk.find(b"\n")
        if feed >= 0:
            return at + feed + 1
        at += len(chunk)
    return None


def whole_lines_end(handle: IO[bytes], start: int, end: int) -> int:
    """Give where the last whole line before `end` ends; `start` where no line ends after it."""
    at = end
    while at > start:
        low = max(start, at - CHUNK)
        feed = b"".join(between(handle, low, at)).rfind(b"\n")
        if feed >= 0:
            return low + feed + 1
        at = low
    return start


def hash_until(handle: IO[bytes], end: int, start: int = 0, known: "_Hash | None" = None) -> "_Hash":
    """Hash a file's bytes from `start` to `end`, on top of what is known."""
    digest = hashlib.sha256() if known is None else known.copy()
    for chunk in between(handle, start, end):
        digest.update(chunk)
    return digest
