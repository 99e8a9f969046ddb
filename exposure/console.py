"""What a person sees on a terminal: progress, lines, escaped text. People's lines go to stderr, data to stdout."""

import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

# C0, C1, delete, bidirectional controls, zero-width characters, line separators: all can rewrite what a terminal shows.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufff9-\ufffb]|[\U000e0000-\U000e007f]"
)


def escape(text: str) -> str:
    """Show hostile text on one line, with every control or invisible character written as an escape."""
    return _UNSAFE.sub(lambda match: match[0].encode("unicode_escape", "surrogatepass").decode("ascii"), text)


class Tick(Protocol):
    """Counts one running task."""

    def __call__(self, done: int, total: int | None = None) -> None:
        """Say how much is done in all, and how much there is, where that is known."""


class Teller(Protocol):
    """What a step may say to a person while it works."""

    def line(self, text: str) -> None:
        """Say one line; `text` is escaped."""

    @contextmanager
    def task(self, label: str, unit: str) -> Iterator[Tick]:
        """Show progress of one piece of work, counted in `unit`."""


def _count_nothing(done: int, total: int | None = None) -> None:
    """Stand in for a bar where nothing is shown."""


class Silent:
    """A teller for tests and `--quiet`."""

    def line(self, text: str) -> None:
        """Say nothing."""

    @contextmanager
    def task(self, label: str, unit: str) -> Iterator[Tick]:  # noqa: ARG002 - the Teller's signature
        """Count nothing."""
        yield _count_nothing


class Console:
    """A teller on stderr: bars on a terminal, one plain line when a task ends otherwise."""

    def __init__(self) -> None:
        self._rich = RichConsole(stderr=True, highlight=False, soft_wrap=True)
        # One display for all bars: chains are asked side by side, and a terminal holds one at a time.
        self._progress: Progress | None = None
        self._bars = 0

    def line(self, text: str) -> None:
        """Say one line."""
        self._rich.print(escape(text), markup=False)

    @contextmanager
    def task(self, label: str, unit: str) -> Iterator[Tick]:
        """Show a bar on a terminal; else say the count once at the end."""
        if self._rich.is_terminal:
            with self._bar(label, unit) as tick:
                yield tick
            return
        counted = {"done": 0}

        def count(done: int, total: int | None = None) -> None:  # noqa: ARG001 - the Tick's signature
            counted["done"] = done

        yield count
        self.line(f"{label}: {counted['done']:,} {unit}")

    @contextmanager
    def _bar(self, label: str, unit: str) -> Iterator[Tick]:
        if self._progress is None:
            self._progress = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[unit]}", markup=False),
                TimeElapsedColumn(),
                console=self._rich,
            )
            self._progress.start()
        progress = self._progress
        self._bars += 1
        bar = progress.add_task(escape(label), total=None, unit=unit)

        def tick(done: int, total: int | None = None) -> None:
            progress.update(bar, completed=done, total=total)

        try:
            yield tick
        finally:
            self._bars -= 1
            if not self._bars:
                progress.stop()
                self._progress = None


def never_refuse_a_character() -> None:
    """Let a terminal that lacks a character (PYTHONIOENCODING=latin-1) show it as an escape, in place of an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_data(text: str) -> None:
    """Write data for machines to stdout."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()  # a watch is read while it runs
    except OSError as error:
        error.filename = "standard output"  # such as a file on a full disk
        raise
