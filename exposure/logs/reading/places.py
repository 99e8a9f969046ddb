"""Where the bytes of a log lie: a file, a pipe, a member of a zip archive. Each gives its bytes in order, in chunks.

With sources.py the edge of logs/: nothing else opens a log.
"""

import os
import select
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from exposure.errors import ExposureError
from exposure.logs.reading.unpack import DamagedError, Packing, inflate, packing, unpack

CHUNK = 1 << 20
ZIP = b"PK\x03\x04"
# After so many seconds without a byte a person is told what is waited for, and again after as many.
PATIENCE = 15.0
# Both are `zipfile`'s numbers; it has no name for the second before Python 3.14.
_BZIP2, _ZSTANDARD = zipfile.ZIP_BZIP2, 93
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_OFFICE = "[Content_Types].xml"


@dataclass(frozen=True, slots=True)
class Listener:
    """Who hears what happens while the source `shown` is read: `say` at once, `note` what belongs to the source."""

    shown: str = ""
    say: Callable[[str], None] = lambda _text: None
    note: Callable[[str], None] = lambda _text: None
    patience: float = PATIENCE


class Place(Protocol):
    """Something that bytes can be read from. `path` is the local file where it is one."""

    @property
    def path(self) -> Path | None:
        """Give the local file that is read whole, or None."""

    @property
    def packed(self) -> int:
        """Give the bytes that its content is packed in, where that is known and not what `chunks` gives; else 0."""

    def name(self, folder: Path) -> str:
        """Give the name that people know it by, from the folder of incident.toml on."""

    def size(self) -> int | None:
        """Give how many bytes it holds, where `part` can give any of them; else None. Raises OSError."""

    def part(self, begin: int, end: int) -> Iterator[bytes]:
        """Give the bytes from `begin` to `end`, of a place that knows its size. Raises as `chunks` does."""

    def chunks(self, listener: Listener) -> Iterator[bytes]:
        """Give its bytes. Raises OSError, ExposureError, or DamagedError after what could be read."""


class Stream:
    """A place that is read from its start to its end alone."""

    def size(self) -> int | None:
        """Know nothing."""
        return None

    def part(self, begin: int, end: int) -> Iterator[bytes]:
        """Refuse: nobody asks who has asked for the size."""
        raise NotImplementedError(f"{begin} to {end} of a stream")


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file of this machine. It is read up to the size that it has when it is opened: a log may grow for ever."""

    path: Path
    packed: int = 0

    def name(self, folder: Path) -> str:
        """Give its path from the folder on; what is no UTF-8 in it is replaced."""
        return os.fsencode(Path(os.path.relpath(self.path, folder)).as_posix()).decode("utf-8", "replace")

    def open(self) -> IO[bytes]:
        """Open it for reading anywhere in it."""
        return self.path.open("rb")

    def size(self) -> int | None:
        """Give its size of now."""
        return self.path.stat().st_size

    def part(self, begin: int, end: int) -> Iterator[bytes]:
        """Give the bytes from `begin` to `end`; raises DamagedError where it was cut meanwhile."""
        with self.path.open("rb", buffering=0) as handle:
            handle.seek(begin)
            yield from read_until(handle, end - begin)

    def chunks(self, listener: Listener) -> Iterator[bytes]:
        """Give its bytes; notes where it grew or was rotated away, and raises DamagedError where it was cut."""
        with self.path.open("rb", buffering=0) as handle:
            opened = os.fstat(handle.fileno())
            left = opened.st_size
            while left and (chunk := handle.read(min(CHUNK, left))):
                left -= len(chunk)
                yield chunk
            size = os.fstat(handle.fileno()).st_size
        if left:
            raise DamagedError("it became shorter while it was read")
        if size > opened.st_size:
            listener.note(grew(opened.st_size))
        elif self._identity() != (opened.st_dev, opened.st_ino):
            listener.note("it was moved away while it was read: what is written at its place now was not read")

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


@dataclass(frozen=True, slots=True)
class Pipe(Stream):
    """Standard input, or a named pipe. It ends when its writer does, and a person is told while nothing comes."""

    fifo: Path | None = None
    path: None = None
    packed: int = 0

    def name(self, folder: Path) -> str:
        """Give the path of a named pipe from the folder on."""
        return "standard input" if self.fifo is None else LocalFile(self.fifo).name(folder)

    def chunks(self, listener: Listener) -> Iterator[bytes]:
        """Give what comes."""
        if self.fifo is None and sys.__stdin__ is not None and os.isatty(0):
            raise ExposureError(
                "standard input is no log", "it is a terminal", "write: exposure ingest CASE < access.log"
            )
        # opened without waiting for a writer: the wait is then below, where it is said
        handle = 0 if self.fifo is None else os.open(self.fifo, os.O_RDONLY | os.O_NONBLOCK)
        waited = 0.0
        try:
            while True:
                if not select.select([handle], [], [], listener.patience)[0]:
                    waited += listener.patience
                    listener.say(f"waiting for data from {listener.shown}: nothing came for {waited:,.0f} seconds")
                    continue
                try:
                    chunk = os.read(handle, CHUNK)
                except BlockingIOError:
                    continue
                if not chunk:
                    return
                waited = 0.0
                yield chunk
        finally:
            if self.fifo is not None:
                os.close(handle)


class Archive(Protocol):
    """Something that can be read anywhere in it, as a zip archive must be."""

    def open(self) -> IO[bytes]:
        """Open it for reading anywhere in it."""

    def name(self, folder: Path) -> str:
        """Give the name that people know it by."""


@dataclass(frozen=True, slots=True)
class Member(Stream):
    """A file in a zip archive, as it is once taken out. `packed` is what it takes in the archive."""

    archive: Archive
    info: zipfile.ZipInfo = field(hash=False)
    path: None = None

    @property
    def packed(self) -> int:
        """Give the bytes that it takes in the archive."""
        return self.info.compress_size

    def name(self, folder: Path) -> str:
        """Give `archive!member`."""
        return f"{self.archive.name(folder)}!{self.info.filename}"

    def chunks(self, listener: Listener) -> Iterator[bytes]:
        """Give its content; it is checked against its checksum at the end."""
        if self.info.flag_bits & 0x1:
            raise ExposureError(
                f"{listener.shown} cannot be read", "it is encrypted", "unpack the archive with its password"
            )
        methods: dict[int, Callable[[Iterator[bytes]], Iterator[bytes]]] = {
            zipfile.ZIP_STORED: lambda chunks: chunks,
            zipfile.ZIP_DEFLATED: inflate,
            _BZIP2: _unpacked,
            _ZSTANDARD: _unpacked,
        }
        if self.info.compress_type not in methods:
            way = "unpack the archive, or make it with deflate"
            raise ExposureError(f"{listener.shown} cannot be read", "it is packed in a way that is not read", way)
        checksum = size = 0
        for chunk in methods[self.info.compress_type](self._raw()):
            checksum = zlib.crc32(chunk, checksum)
            size += len(chunk)
            yield chunk
        if (checksum, size) != (self.info.CRC, self.info.file_size):
            raise DamagedError("its checksum in the zip archive is another one")

    def _raw(self) -> Iterator[bytes]:
        """Give what stands in the archive: `zipfile` unpacks some methods without any limit to memory."""
        with self.archive.open() as handle:
            handle.seek(self.info.header_offset)
            head = handle.read(_LOCAL_HEADER.size)
            if len(head) < _LOCAL_HEADER.size:
                raise DamagedError("the zip archive ends before it")
            magic, name, extra = _LOCAL_HEADER.unpack(head)
            if magic != ZIP:
                raise DamagedError("the zip archive is damaged where it begins")
            handle.seek(name + extra, os.SEEK_CUR)
            left = self.info.compress_size
            while left and (chunk := handle.read(min(CHUNK, left))):
                left -= len(chunk)
                yield chunk


def grew(read: int) -> str:
    """Say that a file grew, of which so many bytes were read."""
    return f"it grew while it was read: what follows its first {read:,} bytes was not read"


def read_until(handle: IO[bytes], left: int) -> Iterator[bytes]:
    """Give so many bytes of what is open, in chunks. Raises DamagedError where there are fewer."""
    while left and (chunk := handle.read(min(CHUNK, left))):
        left -= len(chunk)
        yield chunk
    if left:
        raise DamagedError("it became shorter while it was read")


def _unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    first = next(chunks, b"")
    known: Packing | None = packing(first)
    if known is None:
        raise DamagedError("the zip data is damaged")
    return unpack(_chain(first, chunks), known)


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def members(archive: Archive) -> list[Member]:
    """Give the files in a zip archive, hidden ones left out; none where it is no whole archive, or an office document."""
    try:
        with archive.open() as handle:
            if handle.read(len(ZIP)) != ZIP:
                return []
            size = handle.seek(0, os.SEEK_END)
            infos = [info for info in zipfile.ZipFile(handle).infolist() if not info.is_dir()]
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError):
        return []
    # Members that lie one over the other make a small archive endless.
    if any(info.filename == _OFFICE for info in infos) or sum(info.compress_size for info in infos) > size:
        return []
    hidden = ("__MACOSX/", ".")
    return [
        Member(archive, info)
        for info in sorted(infos, key=lambda info: info.filename)
        if not info.filename.startswith(hidden) and "/." not in info.filename
    ]
