"""Follows the files of [[logs]] from look to look: each is known by its content, and what was read of it is in the journal.

A look finds the files anew, tells which log each of them holds (matching.py), digests what is new (reading.py), and keeps what is
not there any more: it was read, and nothing else has it.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from exposure.case import Case
from exposure.errors import ExposureError
from exposure.incident import Incident, LogSource
from exposure.logs.digest import Digest, Digester
from exposure.logs.ingest import find_files
from exposure.logs.intake import Intake
from exposure.logs.reading.buckets import is_bucket
from exposure.logs.reading.lines import block_limit
from exposure.logs.reading.reader import Taken
from exposure.logs.reading.sources import BLOCK, SourceFile, empty, name_files
from exposure.watch.files import Found, Held, ShrunkError, hash_until, look_at, told_by
from exposure.watch.handles import Handles
from exposure.watch.journal import journal_of
from exposure.watch.matching import match, superseded
from exposure.watch.reading import (
    RewrittenError,
    format_changed,
    growth_end,
    kept_sections,
    read_growth,
    read_whole,
    reads_plain,
)
from exposure.watch.settings import settings_of
from exposure.watch.sources import as_sources, format_of, replay
from exposure.watch.streams import HEAD, Section, Stream

if TYPE_CHECKING:
    from hashlib import _Hash

# A packed file that still changes is being written; after so many looks it is read as it is.
_PATIENCE = 5
_KEEP_EVERY = 16

# Who hears each new digest: the id of its source, and the digest, whose lines are those of the file.
Hear = Callable[[str, Digest], None]


@dataclass(slots=True)
class Looked:
    """What a look found: whether anything is new, and in words what cannot be found or followed."""

    changed: bool = False
    problems: list[str] = field(default_factory=list)


class Follower:
    """The logs of one case, followed. Hold the watch's lock around it. `size` is that of the blocks."""

    def __init__(self, case: Case, *, size: int = BLOCK, stop: Callable[[], bool] = lambda: False) -> None:
        self._case = case
        self._size = size
        self._stop = stop
        self.journal = journal_of(case)
        streams, self._said = self.journal.load()
        self.streams = {stream.id: stream for stream in streams}
        self._open: dict[str, _Hash] = {}
        self._handles = Handles()
        self._seen: dict[str, str] = {}
        self._waits: dict[str, tuple[str, int]] = {}
        self._found: dict[str, tuple[SourceFile, Stream]] = {}
        self._incident: Incident | None = None

    def look(self, incident: Incident, hear: Hear, *, settled: bool = False) -> Looked:
        """Find the files of the [[logs]] entries and read what is new. `settled`: what has no end yet is read as it is."""
        looked = Looked()
        files, looked.problems = find_files(incident)
        found, said = look_at(files)
        looked.problems += [*said, *self._said]
        self._incident, self._said = incident, []
        round_ = _Round(incident, Digester(incident.actions, incident.assets, self._case.key()), hear, settled=settled)
        self._forget_other_settings(round_, looked)
        streams = self._of_log(round_)
        by_place = {(stream.log, stream.place): stream for stream in streams if not stream.gone}
        written = [
            one for one in found if not self._is_ready(one, by_place.get((one.file.log.path, one.place)), round_)
        ]
        waiting = [(one, stream) for one in written if (stream := by_place.get((one.file.log.path, one.place)))]
        ready = [one for one in found if one not in written]
        # a storage that does not answer has lost nothing
        seen = {one.file.log.path for one in found}
        blind = {log.path for log in incident.logs if is_bucket(log.path)} - seen
        held = {id(known) for _, known in waiting}
        others = [stream for stream in streams if id(stream) not in held and stream.log not in blind]
        pairs, left = match(ready, others)
        there = [*waiting, *((one, stream) for one, stream in pairs if stream is not None)]
        self._found = {one.file.shown: (one.file, stream) for one, stream in there}
        for one, stream in pairs:
            if self._stop():
                return looked
            looked.changed |= self._read(one, stream, round_)
        for stream, why in left:
            looked.changed |= self._lose(stream, why, round_)
        looked.changed |= self._drop_superseded(round_)
        self._seen = {one.place: one.stamp for one in found}
        looked.problems += self._said
        self._said = []
        return looked

    def sources(self, incident: Incident) -> list[tuple[SourceFile, Stream]]:
        """Give the logs as sources, in the order in which a run reads them; what is gone follows what is there."""
        return as_sources(
            incident, self._found.values(), self.streams.values(), lambda log: self._settings(incident, log)
        )

    def read(self, sources: list[tuple[SourceFile, Stream]], intake: Intake) -> Iterator[Taken]:
        """Give what was read of the sources, from the journal."""
        return replay(sources, self.journal, intake, self._spoilt)

    def close(self) -> None:
        """Close the files that are held open."""
        self._handles.close()

    def _settings(self, incident: Incident, log: LogSource) -> str:
        return settings_of(incident, log, self._case.key(), self._size)

    def _of_log(self, round_: "_Round") -> list[Stream]:
        """Give the streams of the entries that incident.toml has now; those of others wait for their return."""
        return [stream for stream in self.streams.values() if stream.log in round_.logs]

    def _forget_other_settings(self, round_: "_Round", looked: Looked) -> None:
        """Read again what was read under other actions, assets or settings of its entry; what is gone stays as it was read."""
        for stream in self._of_log(round_):
            if not stream.gone and stream.settings != self._settings(round_.incident, round_.logs[stream.log]):
                self._drop(stream)
                looked.changed = True

    def _is_ready(self, one: Found, known: Stream | None, round_: "_Round") -> bool:
        """Tell whether a file may be read: what is packed waits until it does not change any more."""
        same = known is not None and known.stamp == one.stamp
        if same or not one.local or round_.settled or reads_plain(one, known):
            self._waits.pop(one.place, None)
            return True
        stamp, looks = self._waits.get(one.place, ("", 0))
        self._waits[one.place] = (one.stamp, looks + 1)
        return stamp == one.stamp or looks >= _PATIENCE

    def _read(self, one: Found, stream: Stream | None, round_: "_Round") -> bool:
        """Read what is new of a file; tells whether anything is."""
        renamed = stream is not None and stream.shown != one.file.shown
        if stream is not None and renamed:
            stream.shown = one.file.shown  # rotated: the same log under another name
            self._keep(stream)
        if stream is not None and stream.stamp == one.stamp and (not stream.plain or stream.read == one.size):
            return renamed
        if not one.local or not reads_plain(one, stream):
            return self._read_whole(one, stream, round_)
        return self._read_plain(one, stream, round_) or renamed

    def _read_plain(self, one: Found, known: Stream | None, round_: "_Round") -> bool:
        """Read on in a file whose lines are its bytes."""
        assert one.file.path is not None
        if known is not None and not known.plain:
            self._drop(known)
            known = None
        stream = known or self._new(one, round_)
        new = known is None
        try:
            self._handles.open(stream, one.file.path)
            place, stamp, length = told_by(self._handles.stat(stream))
            if place != one.place:  # moved between the look and now: the next look tells
                return new
            settled = round_.settled or self._seen.get(one.place) == one.stamp
            stream.stamp = stamp
            return self._grow(stream, one.file, length, round_, settled=settled) or new
        except ShrunkError:
            return new
        except RewrittenError:
            return self._lose(stream, "rewritten", round_)
        except OSError as error:
            self._said.append(f"{stream.shown} could not be read: {error.strerror or 'reading failed'}")
            return new

    def _grow(self, stream: Stream, file: SourceFile, length: int, round_: "_Round", *, settled: bool) -> bool:
        """Digest what a plain log has grown by, and keep it as it comes; tells whether anything is new."""
        handle = self._handles.reach(stream)
        assert handle is not None
        working = SourceFile(0, file.id, file.place, file.shown, file.log)
        kept = kept_sections(stream, self._size)
        working.format = format_of(file.log, stream.format) if kept else None
        fault = stream.fault
        try:
            if not length:
                raise empty(working)
            end = growth_end(stream, handle, length, self._size, settled=settled)
            if end <= stream.read:
                return False
            self._take_growth(stream, working, handle, end, round_)
        except ExposureError as error:
            stream.fault = (error.what, error.why, error.fix)
            self._keep(stream)
            return fault != stream.fault
        if len(stream.sections) > len(kept) + 1 and format_changed(stream, file, handle):
            self._drop(stream)  # its start was not like the rest: it is read anew
        return True

    def _take_growth(self, stream: Stream, working: SourceFile, handle: IO[bytes], end: int, round_: "_Round") -> None:
        kept = kept_sections(stream, self._size)
        known = self._open.get(stream.id) or hash_until(handle, kept[-1].end if kept else 0)
        self._open[stream.id] = known
        steps = read_growth(stream, working, handle, end, known, round_.digester, self._size)
        for number, (section, digest, at) in enumerate(steps, 1):
            self.journal.write_digest(stream, section.file, digest)
            assert working.format is not None
            stream.sections = [*kept, section]
            stream.read, stream.sha256 = section.end, at.hexdigest()
            stream.format, stream.fault = working.format.name, None
            if section.start < HEAD:
                stream.head = hash_until(handle, min(HEAD, stream.read)).hexdigest()
            if section.end >= block_limit(section.start, self._size):
                kept, self._open[stream.id] = stream.sections, at
            round_.touched.add(stream.id)
            round_.hear(working.id, digest)
            if self._stop():
                break
            if not number % _KEEP_EVERY:  # who is killed while a backlog is read goes on near here
                self._keep(stream)
        self._keep(stream)

    def _read_whole(self, one: Found, before: Stream | None, round_: "_Round") -> bool:
        """Read all of a file anew, as another log; the old one is dropped where its content is the start of the new one's."""
        stream = self._new(one, round_)
        stream.plain = False
        file = SourceFile(0, one.file.id, one.file.place, one.file.shown, one.file.log)

        def take(section: Section, digest: Digest) -> None:
            self.journal.write_digest(stream, section.file, digest)
            round_.hear(file.id, digest)

        read = read_whole(file, round_.digester, take, size=self._size, stop=self._stop)
        if read is None:
            self._drop(stream)
            return False
        stream.sections, stream.sha256, stream.head = read
        stream.read = stream.sections[-1].end if stream.sections else 0
        stream.format = file.format.name if file.format else ""
        stream.stored, stream.stored_sha256, stream.stamp = file.stored, file.sha256, one.stamp
        stream.damage, stream.remarks = file.damage, tuple(file.remarks)
        stream.fault = (file.fault.what, file.fault.why, file.fault.fix) if file.fault else None
        self._keep(stream)
        round_.touched.add(stream.id)
        if before is not None:
            self._lose(before, "rewritten", round_)
        return True

    def _new(self, one: Found, round_: "_Round") -> Stream:
        log = one.file.log
        stream = Stream(secrets.token_hex(8), log.path, self._settings(round_.incident, log), one.file.shown, one.place)
        self.streams[stream.id] = stream
        self._found[one.file.shown] = (one.file, stream)
        return stream

    def _lose(self, stream: Stream, why: str, round_: "_Round") -> bool:
        """Note that a log's file is gone, and read what was written to it until then; tells whether anything is new."""
        new = not stream.gone
        if new:
            stream.gone = why
            round_.touched.add(stream.id)
            self._found = {shown: pair for shown, pair in self._found.items() if pair[1] is not stream}
        if why == "moved":
            new |= self._drain(stream, round_)
        else:
            self._handles.release(stream)
        if not stream.lines:
            if not self._handles.holds(stream):
                self._drop(stream)
        elif new:
            self._keep(stream)
        return new

    def _drain(self, stream: Stream, round_: "_Round") -> bool:
        """Read on in a file without a name that [[logs]] names: its writer may not have noticed yet."""
        if not stream.plain or self._handles.reach(stream, round_.incident.folder / stream.shown) is None:
            return False
        log = round_.logs[stream.log]
        with suppress(OSError, ShrunkError, RewrittenError):
            _, stamp, length = told_by(self._handles.stat(stream))
            settled = stamp == stream.stamp or round_.settled
            stream.stamp = stamp
            file = SourceFile(0, self._id_of(stream, log, round_), Held(stream.name), stream.name, log)
            if length > stream.read and self._grow(stream, file, length, round_, settled=settled):
                return True
            self._handles.tire(stream)
        return False

    def _id_of(self, stream: Stream, log: LogSource, round_: "_Round") -> str:
        return name_files(round_.incident.folder, [(log, Held(stream.name))])[0].id

    def _drop_superseded(self, round_: "_Round") -> bool:
        """Drop what is gone and stands, all of it, in another log: packed after it was rotated, or copied before it was cut."""
        files = {stream.id: file for file, stream in self._found.values()}
        old = superseded(self._of_log(round_), files, round_.touched, self._size)
        for stream in old:
            self._drop(stream)
        return bool(old)

    def _spoilt(self, stream: Stream, error: ExposureError) -> None:
        """Forget a log whose digest cannot be used: it is read again where it is there."""
        if stream.gone:
            self._said.append(
                f"{stream.name}: {error.what}: {error.why}. Its file is gone: what it held is in the tables no more"
            )
        self._drop(stream)

    def _keep(self, stream: Stream) -> None:
        self.journal.write(stream)

    def _drop(self, stream: Stream) -> None:
        self.streams.pop(stream.id, None)
        self._open.pop(stream.id, None)
        self._handles.release(stream)
        self._found = {shown: pair for shown, pair in self._found.items() if pair[1] is not stream}
        self.journal.drop(stream)


class _Round:
    """What one look works with."""

    def __init__(self, incident: Incident, digester: Digester, hear: Hear, *, settled: bool) -> None:
        self.incident = incident
        self.logs = {log.path: log for log in reversed(incident.logs)}
        self.digester = digester
        self.hear = hear
        self.settled = settled
        self.touched: set[str] = set()
