"""One task -> what is kept of its lines, as bytes: the one function that every engine runs. It knows no engine."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import msgspec

from exposure import __version__
from exposure.engines.parts import write_part
from exposure.engines.tasks import Hash, Job, Range, Task, Whole
from exposure.errors import ExposureError
from exposure.logs.digest import MOST_REJECTS, Digester, Wanted, parse
from exposure.logs.faults import unquoted
from exposure.logs.formats.known import FORMATS, Format, asked_for
from exposure.logs.parts import PROBE, pack
from exposure.logs.reading.blocks import Block
from exposure.logs.reading.ranges import TornError, from_start, read_span
from exposure.logs.reading.sources import SourceFile, hash_stored, read_blocks


class Told(msgspec.Struct):
    """What reading a file found out, see SourceFile; `fault` as what, why and fix."""

    number: int
    format: str
    lines: int
    stored: int
    sha256: str
    damage: str
    remarks: list[str]
    fault: tuple[str, str, str] | None


class Kept(msgspec.Struct):
    """The packed digest of a block: `file` is the number of its first file, `lines` how many it has."""

    file: int
    lines: int
    digest: bytes


class Findings(msgspec.Struct):
    """What a task gives. `version` is that of the program that made it; where `part` is named, all else lies there."""

    version: str = __version__
    part: str = ""
    files: list[Told] = []
    kept: list[Kept] = []


def introduce() -> str:
    """Say what runs here: who asks must have the same."""
    return f"exposure {__version__}, polars {PROBE}"


def known_by(told: Mapping[object, str]) -> None:
    """Refuse workers that run something else, by what they said of themselves. Raises ExposureError."""
    others = sorted({text for text in told.values() if text != introduce()})
    if others:
        raise ExposureError(
            "the workers cannot be used",
            f"they run {'; '.join(others)}, and this machine {introduce()}: the same numbers would name other things",
            "install the same versions on all machines, of the same kind of processor",
        )


def work(job: Job, task: Task) -> bytes:
    """Do a task. Raises ExposureError where a range cannot be read; what is wrong with a whole file, its findings say."""
    with unquoted():
        found = msgspec.msgpack.encode(_do(job, task))
        if not job.parts:
            return found
        return msgspec.msgpack.encode(Findings(part=write_part(job.parts, job.run, task.name, found)))


def _do(job: Job, task: Task) -> Findings:
    if isinstance(task, Whole):
        # the worker may do a task again, and reading changes what it is given
        files = [replace(file, remarks=[]) for file in task.files]
        kept = list(_digest(job, task.repeated, read_blocks(files, job.block)))
        return Findings(files=[_told(file) for file in files], kept=kept)
    file = replace(task.file, remarks=[])
    try:
        if isinstance(task, Hash):
            hash_stored(file, task.stored)
            return Findings(files=[_told(file)])
        file.format = format_of(file, task.format)
        kept = list(_digest(job, task.repeated, read_span(file, task.span, job.block)))
    except TornError:
        assert isinstance(task, Range)
        return _do(job, replace(task, span=from_start(task.span)))
    except OSError as error:
        reason = error.strerror or "reading failed"
        raise ExposureError(f"{task} could not be read", reason, "see that every worker may read it there") from None
    return Findings(files=[_told(file)], kept=kept)


def _digest(job: Job, repeated: frozenset[int], blocks: Iterator[Block]) -> Iterator[Kept]:
    digester = Digester(job.actions, job.assets, job.key)
    rejected: dict[int, int] = {}
    for block in blocks:
        sources = [piece.source for piece in block.pieces]
        wanted = Wanted(
            lines=block.format.request_ids or sources[0] in repeated,
            rejects={source: max(0, MOST_REJECTS - rejected.get(source, 0)) for source in sources},
        )
        digest = digester.digest(parse(block), wanted)
        for source, number in digest.unread.rejected.items():
            rejected[source] = rejected.get(source, 0) + number
        yield Kept(sources[0], block.lines, pack(digest))


def format_of(file: SourceFile, name: str) -> Format:
    """Give the format of that name, or the one that the file's [[logs]] entry describes."""
    return asked_for(file.log) or FORMATS[name]


def _told(file: SourceFile) -> Told:
    fault = file.fault
    return Told(
        number=file.number,
        format=file.format.name if file.format else "",
        lines=file.lines,
        stored=file.stored,
        sha256=file.sha256,
        damage=file.damage,
        remarks=file.remarks,
        fault=(fault.what, fault.why, fault.fix) if isinstance(fault, ExposureError) else None,
    )
