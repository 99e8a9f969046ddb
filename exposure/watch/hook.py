"""The command of `--on-event`: run once an event, with one JSON object on its standard input. It never holds up the watch."""

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Mapping
from queue import Empty, Queue
from threading import Event as Flag
from threading import Thread
from typing import Any

from exposure.errors import ExposureError

# A chat that is down for a moment gets it a little later.
_PAUSES = (1.0, 5.0)
SECONDS = 30.0


def split_command(text: str) -> list[str]:
    """Give a command's words. It is run as it stands, by no shell. Raises ExposureError where it is none."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ExposureError(f"--on-event {text} is no command", str(error), "quote it as for a shell") from None
    if not words:
        raise ExposureError("--on-event is no command", "it is empty", "name a program: --on-event ./to-chat.sh")
    return words


class Hook:
    """Runs the command in a thread of its own. `done` hears the event's id once it was delivered, `failed` why it was not."""

    def __init__(
        self, command: list[str], done: Callable[[str], None], failed: Callable[[str], None], seconds: float = SECONDS
    ) -> None:
        self._command = command
        self._done = done
        self._failed = failed
        self._seconds = seconds
        self._waiting: Queue[Mapping[str, Any] | None] = Queue()
        self._ending = Flag()
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    def send(self, event: Mapping[str, Any]) -> None:
        """Hand an event to the command; returns at once."""
        self._waiting.put(event)

    def close(self, seconds: float) -> None:
        """Wait so long for what is under way; what is not delivered by then is left to the next watch."""
        self._waiting.put(None)
        self._thread.join(seconds)
        self._ending.set()

    def _work(self) -> None:
        while not self._ending.is_set():
            try:
                event = self._waiting.get(timeout=1.0)
            except Empty:
                continue
            if event is None:
                return
            self._deliver(event)

    def _deliver(self, event: Mapping[str, Any]) -> None:
        for pause in (*_PAUSES, None):
            why = self._run(json.dumps(event, sort_keys=True).encode() + b"\n")
            if not why:
                self._done(event["id"])
                return
            if pause is None or self._ending.wait(pause):
                break
        self._failed(f"the command of --on-event failed for {event['kind']} {event['id']}: {why}")

    def _run(self, data: bytes) -> str:
        """Run the command once; give why it failed, empty where it did not."""
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C stops the watch, and the command ends in order
            )
        except OSError as error:
            return f"it could not be started ({error.strerror or 'reason unknown'})"
        try:
            process.communicate(data, timeout=self._seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return f"it took longer than {self._seconds:g} seconds and was ended"
        return f"it ended with {process.returncode}" if process.returncode else ""
