"""case/watch/told.json: what was told, so that it is told once, and what the command of --on-event has not taken yet."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from exposure.case import write_atomically
from exposure.errors import ExposureError

# An event that is told again after so many others is no repetition that anybody would notice.
MOST = 200_000


class Ledger:
    """What was told, by id. Used by the watch and by the thread of the hook."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self.fresh = not path.exists()
        raw = {"told": [], "waiting": []} if self.fresh else _read(path)
        self._told: dict[str, None] = dict.fromkeys(raw["told"])
        self._waiting: dict[str, Mapping[str, Any]] = {event["id"]: event for event in raw["waiting"]}

    def knows(self, event: str) -> bool:
        """Tell whether an event was told."""
        return event in self._told

    def note(self, told: Iterable[str], waiting: Sequence[Mapping[str, Any]] = ()) -> None:
        """Note events as told, and those that a command must still take."""
        with self._lock:
            before = (len(self._told), len(self._waiting))
            self._told |= dict.fromkeys(told)
            while len(self._told) > MOST:
                del self._told[next(iter(self._told))]
            self._waiting |= {event["id"]: event for event in waiting}
            if (len(self._told), len(self._waiting)) != before or self.fresh:
                self._write()

    def took(self, event: str) -> None:
        """Note that the command took an event."""
        with self._lock:
            if self._waiting.pop(event, None) is not None:
                self._write()

    def waiting(self) -> list[Mapping[str, Any]]:
        """Give the events that no command has taken yet, the oldest first."""
        with self._lock:
            return list(self._waiting.values())

    def _write(self) -> None:
        data = {"told": list(self._told), "waiting": list(self._waiting.values())}
        write_atomically(self._path, json.dumps(data).encode())
        self.fresh = False


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = json.loads(path.read_bytes())
        return {"told": list(raw["told"]), "waiting": list(raw["waiting"])}
    except (ValueError, KeyError, TypeError):
        raise ExposureError(
            f"{path} is damaged",
            "it does not hold what a watch writes",
            "delete it: what is known by now counts as told",
        ) from None
