"""What was followed, as the sources of a run: in the same order, with the same names and numbers, and their digests in place."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from exposure.errors import ExposureError
from exposure.incident import Incident, LogSource
from exposure.logs.formats.known import FORMATS, Format, asked_for
from exposure.logs.intake import Intake
from exposure.logs.parts import placed
from exposure.logs.reading.reader import Taken
from exposure.logs.reading.sources import SourceFile, name_files
from exposure.watch.files import Held
from exposure.watch.journal import Journal
from exposure.watch.streams import Stream

# What is told of a log whose file is gone, in its row of coverage, by why it is.
GONE = {
    "moved": "its file is not there any more; what was read of it stays",
    "truncated": "its file was cut short where it lay (truncated); what was read of it before stays",
    "rewritten": "its file holds something else now; what was read of it before stays",
}
OLD_SETTINGS = "it was read under earlier settings of incident.toml, and its file is not there to read it again"


def as_sources(
    incident: Incident,
    found: Collection[tuple[SourceFile, Stream]],
    streams: Iterable[Stream],
    settings: Callable[[LogSource], str],
) -> list[tuple[SourceFile, Stream]]:
    """Give the logs of the incident's entries as sources: those that were `found`, then those not seen now, then those gone."""
    logs = {log.path: log for log in reversed(incident.logs)}
    seen = {stream.id for _, stream in found}
    others = [one for one in streams if one.log in logs and one.id not in seen]
    others.sort(key=lambda one: (bool(one.gone), one.name))
    there = [(file.log, file.place) for file, _ in found]
    named = name_files(incident.folder, [*there, *((logs[one.log], Held(one.name)) for one in others)])
    by_name = {file.shown: stream for file, stream in found} | {one.name: one for one in others}
    return [(_filled(file, by_name[file.shown], settings(file.log)), by_name[file.shown]) for file in named]


def replay(
    sources: Iterable[tuple[SourceFile, Stream]],
    journal: Journal,
    intake: Intake,
    spoilt: Callable[[Stream, ExposureError], None],
) -> Iterator[Taken]:
    """Give what was read of the sources, from the journal; a log whose digest cannot be used is `spoilt`."""
    for file, stream in sources:
        for section in stream.sections:
            try:
                digest = journal.digest(stream, section.file)
            except ExposureError as error:
                spoilt(stream, error)
                break
            moved = placed(digest, {0: (file.number, 0)})
            assert file.format is not None
            if not intake.compares(file.log, file.format):
                moved = replace(moved, lines=None)
            yield Taken(file, moved, section.lines)


def format_of(log: LogSource, name: str) -> Format | None:
    """Give the format that an entry names, else the one that was found."""
    return asked_for(log) or FORMATS.get(name)


def _filled(file: SourceFile, stream: Stream, settings: str) -> SourceFile:
    """Fill in what reading found out."""
    file.format = format_of(file.log, stream.format) if stream.format else None
    file.lines = stream.lines
    file.stored = stream.read if stream.plain else stream.stored
    file.sha256 = stream.sha256 if stream.plain else stream.stored_sha256
    file.damage = stream.damage
    file.fault = ExposureError(*stream.fault) if stream.fault else None
    file.remarks = [*stream.remarks, *([GONE[stream.gone]] if stream.gone else [])]
    if stream.gone and stream.settings != settings:
        file.remarks.append(OLD_SETTINGS)
    return file
