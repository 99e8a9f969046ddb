"""Logs that are held open while they are written: one that loses its name, or is deleted, can still be read to its end."""

import os
from pathlib import Path
from typing import IO

from exposure.watch.files import sibling, told_by
from exposure.watch.streams import Stream

# Systems let a process hold a thousand files by default.
MOST = 200
# A file without a name that did not grow for so many looks has no writer any more.
_QUIET = 5


class Handles:
    """Files held open by the id of their stream; the one that was asked for longest ago goes first."""

    def __init__(self) -> None:
        self._held: dict[str, IO[bytes]] = {}
        self._quiet: dict[str, int] = {}

    def open(self, stream: Stream, path: Path) -> IO[bytes]:
        """Give the file at `path`, opened once. Raises OSError."""
        held = self._held.pop(stream.id, None)
        if held is not None and told_by(os.fstat(held.fileno()))[0] != told_by(path.stat())[0]:
            held.close()
            held = None
        self._held[stream.id] = held or path.open("rb", buffering=0)
        self._quiet.pop(stream.id, None)
        while len(self._held) > MOST:
            self._held.pop(next(iter(self._held))).close()
        return self._held[stream.id]

    def reach(self, stream: Stream, path: Path | None = None) -> IO[bytes] | None:
        """Give the file of a stream that lost its name: held open, or beside its old name under another one; else None."""
        if stream.id in self._held:
            return self._held[stream.id]
        if stream.id in self._quiet or path is None:
            return None
        moved = sibling(path, stream.place)
        try:
            if moved is not None:
                return self.open(stream, moved)
        except OSError:
            pass
        self._quiet[stream.id] = _QUIET  # it is looked for once
        return None

    def stat(self, stream: Stream) -> os.stat_result:
        """Look at a file that is held."""
        return os.fstat(self._held[stream.id].fileno())

    def holds(self, stream: Stream) -> bool:
        """Tell whether a stream's file is held."""
        return stream.id in self._held

    def tire(self, stream: Stream) -> None:
        """Count a look that found nothing new; after some of them the file is let go."""
        self._quiet[stream.id] = self._quiet.get(stream.id, 0) + 1
        if self._quiet[stream.id] > _QUIET and (held := self._held.pop(stream.id, None)) is not None:
            held.close()

    def release(self, stream: Stream) -> None:
        """Let a file go."""
        if (held := self._held.pop(stream.id, None)) is not None:
            held.close()
        self._quiet.pop(stream.id, None)

    def close(self) -> None:
        """Let all go."""
        for held in self._held.values():
            held.close()
        self._held.clear()
