"""Log files: opened, unpacked, told apart, and read in blocks of whole lines."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from exposure.errors import ExposureError
from exposure.incident import LogSource
from exposure.logs.formats.known import FORMATS, Format, asked_for, detect
from exposure.logs.reading.blocks import Block, Piece
from exposure.logs.reading.lines import LONGEST_LINE, count_lines, to_lines
from exposure.logs.reading.places import ZIP, Listener, Place
from exposure.logs.reading.plain import HEAD, dress, peek, to_plain
from exposure.logs.reading.tabular import as_objects
from exposure.logs.reading.unpack import ENOUGH, DamagedError, guarded, packing, unpack
from exposure.logs.secrets.redaction import excerpt

# Whole lines that are read at once. Larger blocks are no faster and take ten times their size in memory.
BLOCK = 8 << 20
_SAMPLE = 200
_PEEKS, _PEEK = 8, 64 << 10
# Of a file with comments, these name what the lines below mean.
_HEADERS = ("#Fields", "#Date")
# What a file begins with -> what it is, and how to get lines out of it.
_OTHER_KINDS = (
    (ZIP, "a zip archive that holds no log or is damaged", "unpack it"),
    (b"PK\x05\x06", "a zip archive without files", "export it again"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it"),
    (b"SQLite format 3\x00", "a SQLite database", "export its table as lines"),
)
# A tar archive says so behind the name of its first file.
_TAR_AT, _TAR = 257, b"ustar"
_WORN = {"utf-16": "UTF-16", "utf-32": "UTF-32", "cr": "lines that end in carriage returns alone"}


@dataclass(slots=True)
class SourceFile:
    """A file that is read. What reading finds out is filled in as it goes on: `fault` where it gave nothing.

    `whole` tells that its lines are its bytes: nothing was unpacked or converted. `remarks` are what else was noticed.
    """

    number: int
    id: str
    place: Place
    shown: str
    log: LogSource
    format: Format | None = None
    lines: int = 0
    stored: int = 0
    sha256: str = ""
    header: tuple[str, ...] = ()
    damage: str = ""
    fault: ExposureError | None = None
    whole: bool = True
    remarks: list[str] = field(default_factory=list)

    @property
    def path(self) -> Path | None:
        """Give the local file, where it is one: not a member of an archive, a pipe or an object of a bucket."""
        return self.place.path

    @property
    def events(self) -> bool:
        """Tell whether its lines are events: incident.toml says so, or its format does and no mapping says otherwise."""
        known = self.format is not None and self.format.events and not self.log.fields
        return known or self.log.kind == "events"


def name_files(folder: Path, found: Sequence[tuple[LogSource, Place]]) -> list[SourceFile]:
    """Give every file its number and its id, which stays the same when files are added. A file named twice is read once."""
    files: dict[str, SourceFile] = {}
    taken: set[str] = set()
    for log, place in found:
        shown = place.name(folder)
        if shown in files:
            continue
        digest = hashlib.sha256(shown.encode()).hexdigest()
        short = next(digest[:length] for length in range(8, 65) if digest[:length] not in taken)
        taken.add(short)
        files[shown] = SourceFile(len(files), short, place, shown, log)
    return list(files.values())


def read_blocks(files: Sequence[SourceFile], size: int = BLOCK, listener: Listener | None = None) -> Iterator[Block]:
    """Read all files, small ones of one format together. A file that gives nothing gets its `fault`, and the next one is read.

    `listener` hears what a person must know at once: a pipe that stalls, a file that grows.
    """
    waiting: list[Piece] = []
    held = 0
    before: SourceFile | None = None
    for file in files:
        for piece in _pieces(file, size, listener or Listener()):
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


def _pieces(file: SourceFile, size: int, listener: Listener) -> Iterator[Piece]:
    """Read one file in pieces of whole lines."""
    try:
        for block in _whole_lines(as_objects(_unpacked(file, listener), file.log, file.shown), size):
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


def _unpacked(file: SourceFile, listener: Listener) -> Iterator[bytes]:
    """Give a file's content as UTF-8 lines, in chunks; what is stored is hashed on the way. A damaged end is noted."""
    stored = _stored(file, listener)
    try:
        head, content = peek(stored, ENOUGH)
        known = packing(head)
        if known is not None:
            content = guarded(unpack(content, known), lambda: file.place.packed or file.stored)
        elif file.place.packed:
            content = guarded(content, lambda: file.place.packed)
        head, content = peek(content, HEAD)
        _refuse(file, head)
        worn = dress(head)
        if worn:
            file.remarks.append(f"converted from {_WORN[worn]}")
        file.whole = not (worn or known)
        yield from to_plain(content, worn)
    except DamagedError as error:
        file.damage = str(error)
        for _ in stored:  # to its end, for the hash
            pass


def _refuse(file: SourceFile, head: bytes) -> None:
    """Refuse what is known to hold no lines. What is packed twice is not followed: bombs are made so."""
    kinds = [(kind, way) for magic, kind, way in _OTHER_KINDS if head.startswith(magic)]
    if head[_TAR_AT:].startswith(_TAR):
        kinds.append(("a tar archive", "unpack it with: tar -xf FILE"))
    if packing(head) is not None:
        kinds.append(("packed twice", "unpack it once"))
    for kind, way in kinds:
        raise ExposureError(f"{file.shown} is no log file", f"it is {kind}, which is not read", way)


def _stored(file: SourceFile, listener: Listener) -> Iterator[bytes]:
    digest = hashlib.sha256()

    def note(text: str) -> None:
        file.remarks.append(text)
        listener.say(f"{file.shown}: {text}")

    try:
        for chunk in file.place.chunks(replace(listener, note=note, shown=file.shown)):
            digest.update(chunk)
            file.stored += len(chunk)
            yield chunk
    finally:
        file.sha256 = digest.hexdigest()


def _whole_lines(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Cut a stream after line feeds into blocks: each holds the lines that begin within its `size` bytes of the stream.

    So a block is the same wherever one begins to read. Of a line that is longer than any, the start is kept.
    """
    parts: list[bytes] = []
    limit, at, skipping = size, 0, False
    for chunk in chunks:
        begin = chunk.find(b"\n") if skipping else 0
        end = at + len(chunk)
        if begin < 0:
            at = end
            continue
        skipping = False
        while end >= limit and (feed := chunk.find(b"\n", max(begin, limit - 1 - at))) >= 0:
            yield b"".join([*parts, chunk[begin : feed + 1]])
            parts, begin = [], feed + 1
            limit = (at + begin) // size * size + size
        parts.append(chunk[begin:])
        at = end
        if at - limit > LONGEST_LINE:
            block = b"".join(parts)
            cut = block.rfind(b"\n") + 1
            parts, skipping = [block[: cut + LONGEST_LINE + 1]], True
    last = b"".join(parts)
    if last:
        yield last


def _choose(file: SourceFile, block: bytes) -> Format:
    """Find the format of a file: the one that incident.toml names, or the one that most sampled lines are in."""
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
    if file.path is None or not file.whole:
        return []
    total = file.path.stat().st_size
    if total <= 4 * _PEEK * _PEEKS:
        return []
    sample: list[str] = []
    with file.path.open("rb") as handle:
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
