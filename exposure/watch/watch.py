"""`exposure watch`: looks again and again until somebody stops it, and ends with whole tables whenever that is."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event as Flag
from types import FrameType
from typing import Any

from exposure.case import INCIDENT_FILE, WATCH, Case, hash_file, hold
from exposure.console import Silent, Teller
from exposure.errors import ExposureError
from exposure.incident import Incident
from exposure.incident_toml import load_incident
from exposure.watch.follow import Follower
from exposure.watch.heads import pace
from exposure.watch.hook import split_command
from exposure.watch.look import Clocks, Looker, State
from exposure.watch.telling import Show, Telling

# After a look that failed (a full disk), the next comes later and later.
_LONGEST_PAUSE = 300.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command was asked: seconds between looks (None: a block), the head, a command for events, and when it ends.

    `until` is a wall time, `seconds` from now on; whichever comes first. `once`: one look.
    """

    every: float | None = None
    head: str = "latest"
    on_event: str | None = None
    once: bool = False
    until: datetime | None = None
    seconds: float | None = None
    allow_untrusted: bool = False


def watch(path: Path, settings: Settings, teller: Teller, show: Show, clocks: Clocks) -> State:
    """Watch the case at `path`; gives where it stood at the end.

    Raises ExposureError where the case is not there, incident.toml is not valid at the start, or another watch runs.
    """
    incident = load_incident(path)
    case = Case(incident.folder)
    command = split_command(settings.on_event) if settings.on_event else None
    with _alone(case), _stopping() as stop:
        follower = Follower(case, stop=stop.is_set)
        telling = Telling(case.folder / "watch", show, command, teller.line)
        looker = Looker(
            case, follower, telling, Silent(), clocks,
            stop=stop.is_set, head=settings.head, once=settings.once, allow_untrusted=settings.allow_untrusted,
        )  # fmt: skip
        try:
            return _loop(path, incident, settings, looker, teller, clocks, stop)
        finally:
            telling.close()
            follower.close()


def _loop(
    path: Path, incident: Incident, settings: Settings, looker: Looker, teller: Teller, clocks: Clocks, stop: Flag
) -> State:
    said = _Said(teller)
    end = None if settings.seconds is None else clocks.monotonic() + settings.seconds
    failures = 0
    while True:
        incident = _again(path, incident, said)
        started = clocks.monotonic()
        try:
            state = looker.look(incident)
            failures = 0
            said.state(state)
        except OSError as error:
            failures += 1
            said.once(
                f"this look failed: {error.strerror or error}; what was there before stands, and the watch goes on"
            )
            state = looker.state
        every = settings.every or pace(incident)
        pause = (
            max(0.0, every - (clocks.monotonic() - started))
            if not failures
            else min(every * 2**failures, _LONGEST_PAUSE)
        )
        if settings.once or stop.is_set() or _over(settings, clocks, end, pause):
            return state
        stop.wait(pause)
        if stop.is_set():
            return state


def _over(settings: Settings, clocks: Clocks, end: float | None, pause: float) -> bool:
    """Tell whether the next look would come after the end."""
    if end is not None and clocks.monotonic() + pause > end:
        return True
    return settings.until is not None and clocks.wall() >= settings.until


def _again(path: Path, incident: Incident, said: "_Said") -> Incident:
    """Read incident.toml again where somebody changed it; one that is not valid is told, and the one before stands."""
    try:
        digest = hash_file(incident.folder / INCIDENT_FILE)
        if digest == said.incident:
            return incident
        said.incident = digest
        return load_incident(path)
    except (ExposureError, OSError) as error:
        why = f"{error.what}: {error.why}" if isinstance(error, ExposureError) else str(error.strerror)
        said.once(f"incident.toml as it is now cannot be used, and is left as it was before: {why}")
        return incident


class _Said:
    """What people were told: the same is not said twice in a row."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._status = ""
        self._told: set[str] = set()
        self.incident = ""

    def once(self, text: str) -> None:
        """Say something that was not said yet."""
        if text not in self._told:
            self._teller.line(text)
        self._told.add(text)

    def state(self, state: State) -> None:
        """Say where the watch stands, where that is new, and each problem once; one that is over may be said again."""
        for problem in state.problems:
            self.once(f"needs a person: {problem}")
        self._told &= {f"needs a person: {problem}" for problem in state.problems}
        if state.status != self._status:
            self._status = state.status
            self._teller.line(state.status)


@contextmanager
def _alone(case: Case) -> Iterator[None]:
    """Hold the watch's own lock; the case's is held while a look works, so that others can work on it between looks."""
    lock = hold(case.folder / "watch" / ".lock", WATCH)
    try:
        lock.__enter__()
    except ExposureError:
        raise ExposureError(
            f"the case folder {case.folder} is watched already",
            "another `exposure watch` runs on it; two would tell everything twice",
            "stop the other one first",
        ) from None
    try:
        yield
    finally:
        lock.__exit__(None, None, None)


@contextmanager
def _stopping() -> Iterator[Flag]:
    """Turn SIGTERM and Ctrl-C into a flag: the look under way is finished. A second one ends it where it is."""
    flag = Flag()
    signals = (signal.SIGTERM, signal.SIGINT)

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a handler's signature
        if flag.is_set():
            raise KeyboardInterrupt
        flag.set()

    before: dict[int, Any] = {number: signal.signal(number, stop) for number in signals}
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
