"""Log files: found, opened, told apart, and read in blocks of whole lines. The edge of logs/: nothing else opens a file here."""

import glob
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from exposure.errors import ExposureError
from exposure.incident import LogSource
from exposure.logs.blocks import Block, Piece
from exposure.logs.formats import FORMATS, Format, asked_for, detect
from exposure.logs.gzip_stream import DamagedError, gunzip
from exposure.logs.lines import LONGEST_LINE, count_lines, to_lines
from exposure.logs.secrets import excerpt
from exposure.logs.tabular import as_objects

# Whole lines that are read at once. Larger blocks are no faster and take ten times their size in memory.
BLOCK = 8 << 20
_CHUNK = 1 << 20
_SAMPLE = 200
_PEEKS, _PEEK = 8, 64 << 10
# Of a file with comments, these name what the lines below mean.
_HEADERS = ("#Fields", "#Date")
_GZ = b"\x1f\x8b"
# What a file begins with -> what it is, and how to get lines out of it.
_OTHER_KINDS = (
    (b"PK\x03\x04", "a zip archive", "unpack it"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd", "unpack it with: zstd -d FILE"),
    (b"BZh", "packed by bzip2", "unpack it with: bunzip2 FILE"),
    (b"\xfd7zXZ\x00", "packed by xz", "unpack it with: unxz FILE"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it"),
    (b"SQLite format 3\x00", "a SQLite database", "export its table as lines"),
    (b"\xff\xfe", "text in UTF-16", "convert it with: iconv -f UTF-16 -t UTF-8 FILE"),
    (b"\xfe\xff", "text in UTF-16", "convert it with: iconv -f UTF-16 -t UTF-8 FILE"),
)


@dataclass(slots=True)
class SourceFile:
    """A file that is read. What reading finds out is filled in as it goes on: `fault` where it gave nothing."""

    number: int
    id: str
    path: Path
    shown: str
    log: LogSource
    format: Format | None = None
    lines: int = 0
    stored: int = 0
    sha256: str = ""
    header: tuple[str, ...] = ()
    damage: str = ""
    fault: ExposureError | None = None

    @property
    def events(self) -> bool:
        """Tell whether its lines are events: incident.toml says so, or its format does and no mapping says otherwise."""
        known = self.format is not None and self.format.events and not self.log.fields
        return known or self.log.kind == "events"


def find_files(folder: Path, log: LogSource) -> list[Path]:
    """Give the files that a [[logs]] entry names, sorted; relative paths start at `folder`. Raises ExposureError for none."""
    if log.path == "-" or "://" in log.path:
        raise ExposureError(
            f"logs {log.path} cannot be read",
            "standard input and object storage are not read yet",
            "copy the files beside incident.toml and name their folder",
        )
    named = folder / log.path
    if named.is_file():
        return [named]
    pattern = glob.escape(log.path) + "/**" if named.is_dir() else log.path
    found = [folder / name for name in glob.glob(pattern, root_dir=folder, recursive=True)]  # noqa: PTH207 - Path.glob refuses absolute patterns
    files = sorted(path for path in found if path.is_file())
    if files:
        return files
    if named.is_dir():
        raise ExposureError(f"logs {log.path} holds no file", "the folder is empty", "copy the logs into it")
    wild = glob.has_magic(log.path)
    raise ExposureError(
        f"logs {log.path} {'matches no file' if wild else 'is not there'}",
        "relative paths start at the folder of incident.toml" if not Path(log.path).is_absolute() else "no such file",
        "correct path under [[logs]] in incident.toml, or copy the file there",
    )


def name_files(folder: Path, found: Sequence[tuple[LogSource, Path]]) -> list[SourceFile]:
    """Give every file its number and its id, which stays the same when files are added. A file named twice is read once."""
    files: dict[str, SourceFile] = {}
    taken: set[str] = set()
    for log, path in found:
        shown = os.fsencode(Path(os.path.relpath(path, folder)).as_posix()).decode("utf-8", "replace")
        if shown in files:
            continue
        digest = hashlib.sha256(shown.encode()).hexdigest()
        short = next(digest[:length] for length in range(8, 65) if digest[:length] not in taken)
        taken.add(short)
        files[shown] = SourceFile(len(files), short, path, shown, log)
    return list(files.values())


def read_blocks(files: Sequence[SourceFile], size: int = BLOCK) -> Iterator[Block]:
    """Read all files, small ones of one format together. A file that gives nothing gets its `fault`, and the next one is read."""
    waiting: list[Piece] = []
    held = 0
    before: SourceFile | None = None
    for file in files:
        for piece in _pieces(file, size):
            if before is not None and waiting and (before.log is not file.log or before.format is not file.format):
                yield _block(before, waiting)
                waiting, held = [], 0
            waiting.append(piece)
            held += len(piece.data)
            before = file
            if held >= size:
                yield _block(file, waiting)
                waiting, held = [], 0
    if before is not None and waiting:
        yield _block(before, waiting)


def _block(file: SourceFile, waiting: list[Piece]) -> Block:
    assert file.format is not None
    return Block(file.log, file.format, waiting, sum(piece.lines for piece in waiting))


def _pieces(file: SourceFile, size: int) -> Iterator[Piece]:
    """Read one file in pieces of whole lines."""
    try:
        for block in _whole_lines(as_objects(_unpacked(file), file.log, file.shown), size):
            if file.format is None:
                file.format = _choose(file, block)
            piece = Piece(file.number, file.lines + 1, block, count_lines(block), file.header)
            file.lines += piece.lines
            _remember_header(file, piece)
            yield piece
        if not file.lines:
            raise _empty(file)
    except OSError as error:
        reason = error.strerror or "reading failed"
        file.fault = ExposureError(f"{file.shown} could not be read", reason, "see who may read it, or copy it again")
    except ExposureError as error:
        file.fault = error


def _remember_header(file: SourceFile, piece: Piece) -> None:
    """Remember the lines that name the columns of those below: the file's first, or the last #Fields and #Date."""
    assert file.format is not None
    if file.format.header == "first" and piece.first == 1:
        first = to_lines(piece.data[: piece.data.find(b"\n") + 1] or piece.data, file.number, 1)
        file.header = (first.item(0, "text"),)
    if file.format.header == "#" and any(sign.encode() in piece.data for sign in _HEADERS):
        known = [*file.header, *to_lines(piece.data, file.number, 1).get_column("text")]
        last = ([text for text in known if text.startswith(sign)][-1:] for sign in _HEADERS)
        file.header = tuple(text for found in last for text in found)


def _empty(file: SourceFile) -> ExposureError:
    why = file.damage or ("it has 0 bytes" if not file.stored else "nothing is packed in it")
    return ExposureError(f"{file.shown} is empty", why, "export it again, or take it out of [[logs]]")


def _unpacked(file: SourceFile) -> Iterator[bytes]:
    """Give a file's content in chunks; what is stored is hashed on the way. A damaged end is noted."""
    stored = _stored(file)
    first = next(stored, b"")
    for magic, kind, way in _OTHER_KINDS:
        if first.startswith(magic):
            raise ExposureError(f"{file.shown} is no log file", f"it is {kind}, which is not read yet", way)
    try:
        whole = _chain(first, stored)
        yield from gunzip(whole) if first.startswith(_GZ) else whole
    except DamagedError as error:
        file.damage = str(error)
        for _ in stored:  # to its end, for the hash
            pass


def _stored(file: SourceFile) -> Iterator[bytes]:
    digest = hashlib.sha256()
    with file.path.open("rb", buffering=0) as handle:
        while chunk := handle.read(_CHUNK):
            digest.update(chunk)
            file.stored += len(chunk)
            yield chunk
    file.sha256 = digest.hexdigest()


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _whole_lines(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Cut a stream after line feeds into blocks of about `size`. Of a line that is longer than any, the start is kept."""
    parts: list[bytes] = []
    held = 0
    skipping = False
    for chunk in chunks:
        begin = chunk.find(b"\n") if skipping else 0
        if begin < 0:
            continue
        skipping = False
        parts.append(chunk[begin:])
        held += len(chunk) - begin
        if held < size:
            continue
        block = b"".join(parts)
        cut = block.rfind(b"\n") + 1
        if cut:
            yield block[:cut]
        rest = block[cut:]
        skipping = len(rest) > LONGEST_LINE
        parts = [rest[: LONGEST_LINE + 1]]
        held = len(parts[0])
    last = b"".join(parts)
    if last:
        yield last


def _choose(file: SourceFile, block: bytes) -> Format:
    """Find the format of a file: the one that incident.toml names, or the one that most sampled lines are in."""
    head = block[:_PEEK]
    if b"\n" not in head and head.count(b"\r") > 1:
        # else all of it would be one line, and the first request would stand for all
        why = "its lines end in carriage returns alone"
        raise ExposureError(f"{file.shown} cannot be read", why, "convert it with: tr '\\r' '\\n'")
    lines = to_lines(block[: 4 * _PEEK * _PEEKS], file.number, 1).get_column("text")
    sample = [*lines.gather_every(max(1, len(lines) // _SAMPLE))[:_SAMPLE], *_peek(file)]
    found = asked_for(file.log) or detect(sample)
    if (found is None or not found.objects) and (file.log.fields or file.log.kind == "events"):
        found = FORMATS["plain"]  # people name fields where no format of ours is known to have them
    if found is None:
        raise _unknown(file, block, sample)
    session = file.log.session
    if session is not None and not found.gives_session(session, [*lines.head(_SAMPLE), *sample]):
        raise ExposureError(
            f"{file.shown} cannot be read",
            f"session = {session!r} is asked for, and its lines (format {found.name}) do not hold that",
            "take session out, or export a log that holds it, such as log_format with $cookie_NAME",
        )
    return found


def _peek(file: SourceFile) -> list[str]:
    """Sample lines of a plain file's later parts: its start may be of another time, or an error page."""
    total = file.path.stat().st_size
    if total <= 4 * _PEEK * _PEEKS:
        return []
    sample: list[str] = []
    with file.path.open("rb") as handle:
        if handle.read(2) == _GZ:
            return []
        for number in range(1, _PEEKS):
            handle.seek(total * number // _PEEKS)
            lines = to_lines(handle.read(_PEEK), file.number, 2).get_column("text")[1:-1]
            sample += lines.gather_every(max(1, len(lines) // (_SAMPLE // _PEEKS))).to_list()
    return sample


def _unknown(file: SourceFile, block: bytes, sample: Sequence[str]) -> ExposureError:
    """Say that a file is in no format that we know. Nothing of it is repeated but its redacted start."""
    head = block[:_PEEK]
    odd = sum(byte < 32 and byte not in b"\t\n\r\x1b" for byte in head)
    if odd * 20 > len(head):
        return ExposureError(
            f"{file.shown} is no log file",
            "its content is binary",
            "export the log as text, or take the file out of [[logs]]",
        )
    first = next((text for text in sample if text.strip()), "")
    shown = f"its first line is: {excerpt(first)[0]}" if first else "all its lines are empty"
    known = ", ".join(FORMATS)
    return ExposureError(
        f"{file.shown} is in an unknown format", shown, f"write format = one of {known} under [[logs]], or export it so"
    )
