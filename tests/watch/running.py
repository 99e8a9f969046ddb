"""`exposure watch` in a process of its own, as people run it: started, listened to, stopped or killed."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Self

# On a machine that is busy with other tests.
_PATIENCE = 240.0


class Watching:
    """A watch of a case. `events` are the objects that it printed, `lines` what it told people."""

    def __init__(self, case: Path, *options: str, **environment: str) -> None:
        self.case = case
        self.events: list[dict[str, Any]] = []
        self.lines: list[str] = []
        self._command = [sys.executable, "-m", "exposure", "watch", str(case), "--json", *options]
        self._environment = {**os.environ, **environment}

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self._environment
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        heard = (self._process.stdout, lambda line: self.events.append(json.loads(line)))
        told = (self._process.stderr, lambda line: self.lines.append(line.rstrip("\n")))
        self._threads = [threading.Thread(target=_read, args=pair, daemon=True) for pair in (heard, told)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def kinds(self, kind: str) -> list[dict[str, Any]]:
        """Give the events of a kind."""
        return [event for event in self.events if event["kind"] == kind]

    def wait_until(self, reached: Callable[[], bool], what: str) -> None:
        """Wait for something that it does."""
        end = monotonic() + _PATIENCE
        while not reached():
            running = self._process.poll() is None
            assert running, f"the watch ended before there was {what}: {self.lines}"
            assert monotonic() < end, f"there never was {what}: {self.lines}"
            sleep(0.3)

    def kill(self) -> None:
        """End it at once, wherever it is: kill -9."""
        self._process.kill()
        self._ended()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end; gives its exit code."""
        self._process.send_signal(number)
        return self._ended()

    def _ended(self) -> int:
        code = self._process.wait(_PATIENCE)
        for thread in self._threads:
            thread.join(_PATIENCE)
        return code


def _read(stream: Any, take: Callable[[str], None]) -> None:
    for line in stream:
        take(line)
