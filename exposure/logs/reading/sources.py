"""Log files: opened, unpacked, told apart, and read in blocks of whole lines."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from exposure.errors import ExposureError
from exposure.incident import LogSource
from exposure.logs.formats.known import FORMATS, Format, asked_for, detect
from exposure.logs.reading.blocks import Block, Piece
from exposure.logs.reading.lines import count_lines, to_lines, whole_lines
from exposure.logs.reading.places import ZIP, Listener, Place, grew
from exposure.logs.reading.plain import HEAD, dress, peek, to_plain
from exposure.logs.reading.tabular import table_in, table_of, to_objects
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

    `packing` is what packed it; `as_is` tells that its lines are its content: nothing was converted or made of a table. `remarks`
    are what else was noticed, `lost` the parts of it that could not be read though others behind them were.
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
    packing: str = ""
    as_is: bool = True
    remarks: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

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
        for piece in read_pieces(file, size, listener or Listener()):
            # the later pieces of a file stand alone, so that each of them is a block wherever one begins to read
            alone = before is not None and (before.log is not file.log or before.format is not file.format)
            if before is not None and waiting and (alone or piece.first > 1):
                yield _block(before, waiting)
                waiting, held = [], 0
            waiting.append(piece)
            held += len(piece.data)
            before = file
            if held >= size or piece.first > 1:
                yield _block(file, waiting)
                waiting, held = [], 0
    if before is not None and waiting:
        yield _block(before, waiting)


def _block(file: SourceFile, waiting: list[Piece]) -> Block:
    assert file.format is not None
    return Block(file.log, file.format, waiting, sum(piece.lines for piece in waiting))


def read_pieces(file: SourceFile, size: int, listener: Listener) -> Iterator[Piece]:
    """Read one file in pieces of whole lines."""
    try:
        table, content = table_in(_unpacked(file, listener), file.log)
        file.as_is &= not table
        yield from pieces_of(file, whole_lines(to_objects(content, table, file.shown), size))
        if not file.lines:
            raise empty(file)
    except OSError as error:
        reason = error.strerror or "reading failed"
        file.fault = ExposureError(f"{file.shown} could not be read", reason, "see who may read it, or copy it again")
    except ExposureError as error:
        file.fault = error


def pieces_of(file: SourceFile, blocks: Iterable[bytes]) -> Iterator[Piece]:
    """Give a file's next blocks with the numbers of their lines. Raises ExposureError where its format is not known."""
    for block in blocks:
        if file.format is None:
            file.format = choose(file, block)
        piece = Piece(file.number, file.lines + 1, block, count_lines(block), file.header)
        file.lines += piece.lines
        _remember_header(file, piece)
        yield piece


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


def empty(file: SourceFile) -> ExposureError:
    """Say that a file gave no line."""
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
        file.packing, file.as_is = known.name if known else "", not worn
        yield from to_plain(content, worn)
    except DamagedError as error:
        file.damage = str(error)
        for _ in stored:  # to its end, for the hash
            pass


def is_plain(head: bytes, log: LogSource) -> bool:
    """Tell by the first bytes (TELLING of them) whether a file's lines are its bytes: it is not packed, converted or a table."""
    return not (packing(head) or dress(head[:HEAD]) or _no_lines(head) or table_of(head, log))


def _refuse(file: SourceFile, head: bytes) -> None:
    """Refuse what is known to hold no lines. What is packed twice is not followed: bombs are made so."""
    kinds = _no_lines(head)
    if packing(head) is not None:
        kinds.append(("packed twice", "unpack it once"))
    for kind, way in kinds:
        raise ExposureError(f"{file.shown} is no log file", f"it is {kind}, which is not read", way)


def _no_lines(head: bytes) -> list[tuple[str, str]]:
    kinds = [(kind, way) for magic, kind, way in _OTHER_KINDS if head.startswith(magic)]
    if head[_TAR_AT:].startswith(_TAR):
        kinds.append(("a tar archive", "unpack it with: tar -xf FILE"))
    return kinds


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


def hash_stored(file: SourceFile, until: int) -> None:
    """Hash what is stored of a file that is read in ranges, up to the size that it had. Raises OSError and ExposureError."""
    digest = hashlib.sha256()
    try:
        for chunk in file.place.part(0, until):
            digest.update(chunk)
            file.stored += len(chunk)
    except DamagedError as error:
        file.damage = str(error)
    file.sha256 = digest.hexdigest()
    if (file.place.size() or 0) > until:
        file.remarks.append(grew(until))


def choose(file: SourceFile, block: bytes) -> Format:
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
    if file.path is None or file.packing or not file.as_is:
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
