"""What is read at once by one worker: small files together, a large file in ranges. Nothing here knows an engine."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from exposure.incident import Action, Asset
from exposure.logs.reading.places import Pipe
from exposure.logs.reading.ranges import Span, find_spans
from exposure.logs.reading.sources import SourceFile

# A range is so many blocks: 64 MiB, which a core reads in a second or two.
BLOCKS = 8
# Small files are read together: packed ones hold ten times what they take.
_TOGETHER = 16 << 20
_MOST_FILES = 256


@dataclass(frozen=True, slots=True)
class Job:
    """What is the same for all tasks of a run. `key` is the case's, for pseudonyms: it goes to the workers and is written nowhere.

    `parts` is where results are written (empty: they come back over the network), `run` the folder there.
    """

    actions: tuple[Action, ...]
    assets: tuple[Asset, ...]
    key: bytes = field(repr=False)
    block: int
    parts: str = ""
    run: str = ""


@dataclass(frozen=True, slots=True)
class Whole:
    """Files to be read from start to end, in their order; those `repeated`, by number, may hold what others of their entry hold."""

    name: str
    files: tuple[SourceFile, ...]
    repeated: frozenset[int]

    def alone(self) -> "list[Whole]":
        """Give a task for each of the files."""
        return [replace(self, name=f"{self.name}.{file.number}", files=(file,)) for file in self.files]

    def __str__(self) -> str:
        first, more = self.files[0].shown, len(self.files) - 1
        return f"{first} and {more} more" if more else first


@dataclass(frozen=True, slots=True)
class Range:
    """A range of one file, whose format is known: the name of one, unless the [[logs]] entry says it."""

    name: str
    file: SourceFile
    span: Span
    format: str
    repeated: frozenset[int]

    def __str__(self) -> str:
        end = "the end" if self.span.end is None else f"{self.span.end:,}"
        return f"{self.file.shown}, bytes {self.span.begin:,} to {end}{' of its content' if self.file.packing else ''}"


@dataclass(frozen=True, slots=True)
class Hash:
    """All bytes of a file that was read in ranges, for its SHA-256."""

    name: str
    file: SourceFile
    stored: int

    def __str__(self) -> str:
        return f"the SHA-256 of {self.file.shown}"


Task = Whole | Range | Hash


def plan(files: Sequence[SourceFile], block: int) -> Iterator[Task]:
    """Give the tasks of all files, in the order in which their results are taken; hashes come last.

    Large files are looked into on the way, and get their format. A pipe is nobody else's to read: it gets no task.
    """
    several = Counter(id(file.log) for file in files)
    numbers = count()
    waiting: list[SourceFile] = []
    cut: list[tuple[SourceFile, int]] = []

    def repeated(*some: SourceFile) -> frozenset[int]:
        return frozenset(file.number for file in some if several[id(file.log)] > 1)

    def name() -> str:
        return f"{next(numbers):08}"

    def together() -> Iterator[Task]:
        if waiting:
            yield Whole(name(), tuple(waiting), repeated(*waiting))
            waiting.clear()

    for file in files:
        if isinstance(file.place, Pipe):
            continue
        spans = find_spans(file, BLOCKS * block, block)
        if not spans:
            if len(waiting) == _MOST_FILES or sum(map(_weight, waiting)) + _weight(file) > _TOGETHER:
                yield from together()
            waiting.append(_sent(file))
            continue
        yield from together()
        assert file.format is not None
        for span in spans:
            yield Range(name(), _sent(file), span, file.format.name, repeated(file))
        cut.append((file, spans[0].stored))
    yield from together()
    for file, stored in sorted(cut, key=lambda one: -one[1]):  # the longest first: it is what all wait for at the end
        yield Hash(name(), _sent(file), stored)


def _weight(file: SourceFile) -> int:
    """Give what a file takes, as far as that is known without opening it."""
    try:
        return file.place.packed or file.place.size() or 0
    except OSError:
        return 0


def _sent(file: SourceFile) -> SourceFile:
    """Give a file as it goes to a worker: with nothing that was found out so far. A format holds functions of this program's."""
    return SourceFile(file.number, file.id, file.place, file.shown, file.log, packing=file.packing)
