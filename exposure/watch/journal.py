"""case/watch/logs/: what was read of every log, on disk, so that a watch that was killed goes on where it was.

A stream is a folder with stream.json and the digests that it names. Each file is written beside and renamed, digests first:
whenever the end comes, stream.json names digests that are whole. No digest holds a secret (logs/parts.py).
"""

import json
import shutil
from pathlib import Path

from exposure.case import Case, write_atomically
from exposure.errors import ExposureError
from exposure.logs.digest import Digest
from exposure.logs.parts import pack, unpack
from exposure.watch.streams import Stream

_STREAM = "stream.json"
_SHOWN = 3


def journal_of(case: Case) -> "Journal":
    """Give the journal of a case."""
    return Journal(case.folder / "watch" / "logs")


def left_out(case: Case) -> list[str]:
    """Say in words which logs a watch has read that are not there any more: a run reads the files that are there."""
    streams, _ = journal_of(case).load()
    gone = sorted(stream.shown for stream in streams if stream.gone)
    if not gone:
        return []
    named = ", ".join(gone[:_SHOWN]) + (f" and {len(gone) - _SHOWN:,} more" if len(gone) > _SHOWN else "")
    are, logs = ("is", "log") if len(gone) == 1 else ("are", "logs")
    text = (
        f"{len(gone):,} {logs} that a watch has read {are} not there any more, and {are} not in these tables ({named})"
    )
    return [f"{text}. To go on: `exposure watch {case.folder} --once` makes the tables with them"]


class Journal:
    """The streams of one case, on disk. `folder` is made with the first of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self) -> tuple[list[Stream], list[str]]:
        """Give the streams, by id, and in words what cannot be read. What no stream names any more is removed."""
        found: list[Stream] = []
        said: list[str] = []
        for folder in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            path = folder / _STREAM
            if not path.exists():  # killed before it was whole, or while it was dropped
                shutil.rmtree(folder, ignore_errors=True)
                continue
            try:
                stream = Stream.from_json(json.loads(path.read_bytes()))
            except (ValueError, KeyError, TypeError, OSError):
                said.append(
                    f"{path} is damaged: what was read of that log is read again, where its file is still there. "
                    f"To go on: delete {folder}"
                )
                continue
            if any(not (folder / section.file).exists() for section in stream.sections):
                said.append(
                    f"{stream.name}: a part of what was read is missing in {folder}: it is read again, where it is there"
                )
                shutil.rmtree(folder, ignore_errors=True)
                continue
            self._sweep(stream)
            found.append(stream)
        return found, said

    def write_digest(self, stream: Stream, name: str, digest: Digest) -> None:
        """Keep a digest. It counts once `write` has named it."""
        write_atomically(self.folder / stream.id / name, pack(digest))

    def write(self, stream: Stream) -> None:
        """Keep what a stream is now. Digests that it does not name any more go."""
        write_atomically(self.folder / stream.id / _STREAM, json.dumps(stream.to_json(), sort_keys=True).encode())
        self._sweep(stream)

    def digest(self, stream: Stream, file: str) -> Digest:
        """Read a digest again. Raises ExposureError where it is damaged, or another polars made it."""
        path = self.folder / stream.id / file
        try:
            return unpack(path.read_bytes())
        except OSError as error:
            raise ExposureError(
                f"{path} cannot be read", error.strerror or "reading failed", "bring it back from a copy"
            ) from None

    def drop(self, stream: Stream) -> None:
        """Forget a stream. Its list goes first: what is left of a folder without one is removed by the next start."""
        (self.folder / stream.id / _STREAM).unlink(missing_ok=True)
        shutil.rmtree(self.folder / stream.id, ignore_errors=True)

    def _sweep(self, stream: Stream) -> None:
        named = {section.file for section in stream.sections} | {_STREAM}
        for path in (self.folder / stream.id).iterdir():
            if path.name not in named:
                path.unlink(missing_ok=True)
