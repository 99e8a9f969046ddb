"""The results of tasks -> digests in the order of the files, as one machine that reads them all would give them.

What no worker could do is said: its lines are counted here, so that those behind keep their numbers, and the rest goes on.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

import msgspec

from exposure import __version__
from exposure.engines.parts import read_part, remove_parts
from exposure.engines.tasks import Hash, Job, Range, Task, Whole, plan
from exposure.engines.work import Findings, Told, format_of
from exposure.errors import ExposureError
from exposure.logs.ahead import one_ahead
from exposure.logs.digest import empty_digest
from exposure.logs.parts import placed, unpack
from exposure.logs.reading.places import Pipe
from exposure.logs.reading.ranges import TornError, from_start, read_span
from exposure.logs.reading.reader import Reading, Taken
from exposure.logs.reading.sources import SourceFile, hash_stored

LOST = "no worker could read this part of the file"


@dataclass(frozen=True, slots=True)
class Failure:
    """A task that no worker could do, and why, in words of ours: an engine's may quote what they like."""

    why: str


class Engine(Protocol):
    """Something that does tasks elsewhere."""

    def run(self, job: Job, tasks: Iterator[Task]) -> Iterator[tuple[Task, bytes | Failure]]:
        """Give what `work` gives of each task, in their order, few of them under way. Raises ExposureError where it is lost."""


@dataclass(slots=True)
class Cluster:
    """Reads logs by the workers of an engine; what they find comes back over the network, or by way of `parts`."""

    engine: Engine
    parts: str = ""
    _ended: set[int] = field(default_factory=set)

    def __call__(self, reading: Reading) -> Iterator[Taken]:
        """Read all files; where there are none, nobody is asked."""
        if not reading.files:
            return
        actions, assets = reading.incident.actions, reading.incident.assets
        run = f"exposure-{secrets.token_hex(8)}"
        job = Job(tuple(actions), tuple(assets), reading.key, reading.block, self.parts, run)
        self._ended.clear()
        for file in reading.files:
            if isinstance(file.place, Pipe):
                file.fault = _no_pipe(file)
        try:
            yield from self._take(reading, job, one_ahead(plan(reading.files, reading.block)))
        finally:
            if self.parts:
                remove_parts(self.parts, run)

    def _take(self, reading: Reading, job: Job, tasks: Iterator[Task]) -> Iterator[Taken]:
        for task, result in self.engine.run(job, tasks):
            found = self._findings(result)
            if isinstance(found, Failure):
                yield from self._without(reading, job, task, found.why)
            else:
                yield from self._found(reading, task, found)

    def _findings(self, result: bytes | Failure) -> Findings | Failure:
        if isinstance(result, Failure):
            return result
        found = _decode(result)
        if not found.part:
            return found
        try:
            return _decode(read_part(self.parts, found.part))
        except ExposureError as error:
            return Failure(f"{error.what}: {error.why}")

    def _found(self, reading: Reading, task: Task, found: Findings) -> Iterator[Taken]:
        """Take in what a task found; of a file that ends in damage, what lies behind it is not."""
        behind = task.span.begin if isinstance(task, Range) else 0
        if isinstance(task, Range) and task.file.number in self._ended:
            return
        for told in found.files:
            _note(reading.files[told.number], told, whole=isinstance(task, Whole))
        for kept in found.kept:
            digest = unpack(kept.digest)
            if behind:
                # the first line of a range has number 2 (see read_span)
                digest = placed(digest, {kept.file: (kept.file, reading.files[kept.file].lines - 1)})
            yield Taken(reading.files[kept.file], digest, kept.lines)
        if isinstance(task, Range):
            for told in found.files:
                reading.files[told.number].lines += told.lines
                if told.damage:
                    self._ended.add(told.number)

    def _without(self, reading: Reading, job: Job, task: Task, why: str) -> Iterator[Taken]:
        """Go on without a task: files that were read together are read one by one, and what then remains is said."""
        if isinstance(task, Whole) and len(task.files) > 1:
            yield from self._take(reading, job, iter(task.alone()))
            return
        fix = "see the workers' logs for why, and read again; --engine local needs no workers"
        if isinstance(task, Whole):
            reading.files[task.files[0].number].fault = ExposureError(f"{task} could not be read", why, fix)
            return
        file = reading.files[task.file.number]
        if isinstance(task, Hash):
            _hash_here(file, task.stored)
            return
        if file.number in self._ended:
            return
        lines = _count_here(task, job.block)
        if lines is None:
            self._ended.add(file.number)
        file.lost.append(_lost(task, why, fix, lines))
        if lines:
            file.lines += lines
            yield Taken(file, empty_digest(file.number, lines, LOST), lines)


def _decode(data: bytes) -> Findings:
    found = msgspec.msgpack.decode(data, type=Findings)
    if found.version != __version__:
        raise ExposureError(
            "the workers' findings cannot be used",
            f"they run version {found.version} of exposure, and this machine {__version__}",
            "install the same version on all machines",
        )
    return found


def _note(file: SourceFile, told: Told, *, whole: bool) -> None:
    """Fill in what a worker found out about a file."""
    if told.format:
        file.format = format_of(file, told.format)
    if told.fault is not None:
        file.fault = ExposureError(*told.fault)
    if whole:
        file.lines = told.lines
    if told.sha256:
        file.stored, file.sha256 = told.stored, told.sha256
    file.damage = file.damage or told.damage
    file.remarks += [text for text in told.remarks if text not in file.remarks]


def _no_pipe(file: SourceFile) -> ExposureError:
    return ExposureError(
        f"{file.shown} could not be read",
        "it is a pipe of this machine, and the workers are others",
        "write it to a file, or read it with --engine local",
    )


def _hash_here(file: SourceFile, stored: int) -> None:
    """Hash a file that no worker could hash; where this machine cannot either, that is said."""
    try:
        hash_stored(file, stored)
    except (OSError, ExposureError):
        file.stored = stored
        file.lost.append(f"the SHA-256 of {file.shown} is not known: it could not be read again. To go on: read again")


def _count_here(task: Range, block: int) -> int | None:
    """Count the lines of a range that no worker could read; None where this machine cannot read it either."""
    file = task.file
    file.format, file.lines = format_of(file, task.format), 0
    try:
        for _ in read_span(file, task.span, block):
            pass
    except TornError:
        return _count_here(replace(task, span=from_start(task.span)), block)
    except (OSError, ExposureError):
        return None
    return None if file.damage else file.lines


def _lost(task: Range, why: str, fix: str, lines: int | None) -> str:
    rest = "nothing behind it was read, either" if lines is None else f"{lines:,} lines in it were not read"
    return f"{task} could not be read: {why}; {rest}. To go on: {fix}"
