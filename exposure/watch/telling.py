"""Says what is new, loudly and once: to people, and to the command of --on-event."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from exposure.watch.events import Event, shortened
from exposure.watch.hook import Hook
from exposure.watch.ledger import Ledger

# How each kind begins, so that an eye that runs over a terminal stops there.
LOUD = {
    "text_wrong": "!!! WRONG TEXT",
    "victim": "!!! VICTIM",
    "loss": "!!! LOSS",
    "attacker": "!!! ATTACKER",
    "exposed": "!   EXPOSED",
    "more": "!   MORE",
}
_LAST_SECONDS = 10.0

# Shows an event: its loud line, and its fields.
Show = Callable[[str, dict[str, object]], None]


class Telling:
    """What was told stands in the ledger before anybody hears it again."""

    def __init__(self, folder: Path, show: Show, command: list[str] | None, failed: Callable[[str], None]) -> None:
        self._ledger = Ledger(folder / "told.json")
        self._show = show
        self._hook = Hook(command, self._ledger.took, failed) if command else None
        if self._hook is not None:
            for event in self._ledger.waiting():
                self._hook.send(event)

    def tell(self, events: Sequence[Event], incident: str, now: datetime) -> None:
        """Tell those that nobody was told yet."""
        new = [event for event in {event.id: event for event in events}.values() if not self._ledger.knows(event.id)]
        if not new:
            return
        given = [(event, event.to_json(incident, now)) for event in shortened(new)]
        for event, data in given:
            self._show(f"{LOUD[event.kind]}: {event.text}", data)
        waiting = [data for _, data in given] if self._hook is not None else []
        self._ledger.note([*(event.id for event in new), *(event.id for event, _ in given)], waiting)
        for data in waiting:
            assert self._hook is not None
            self._hook.send(data)

    @property
    def fresh(self) -> bool:
        """Tell whether nothing was ever told of this case: what is known by now is no news then."""
        return self._ledger.fresh

    def know(self, events: Sequence[Event]) -> None:
        """Note what was there before the watch began, though it be nothing: it is not told."""
        self._ledger.note([event.id for event in events])

    def close(self) -> None:
        """Give the command a moment for what it has not taken yet; the rest is for the next watch."""
        if self._hook is not None:
            self._hook.close(_LAST_SECONDS)
