"""The command `exposure watch`: its options, its lines on the terminal, and its exit code."""

from datetime import datetime
from pathlib import Path
from time import monotonic

from exposure.commands import Context, present
from exposure.errors import ExitCode, ExposureError
from exposure.incident_values import parse_utc
from exposure.watch.look import Clocks
from exposure.watch.watch import Settings, watch


def run_watch(
    context: Context,
    incident: Path,
    every: float | None,
    head: str,
    on_event: str | None,
    once: bool,
    until: str | None,
    minutes: float | None,
    *,
    allow_untrusted: bool,
) -> ExitCode:
    """Watch a case until it is stopped or its time is over. Raises ExposureError where it cannot begin."""
    settings = Settings(
        every, head, on_event, once, _time(until), None if minutes is None else minutes * 60, allow_untrusted
    )
    clocks = Clocks(present, monotonic, context.now if context.fixed else None)
    state = watch(incident, settings, context.teller, context.show_line, clocks)
    if context.as_json:
        context.show_line(state.status, {"kind": "end", "text": state.status, "problems": state.problems})
    return ExitCode.NEEDS_A_PERSON if state.problems else ExitCode.DONE


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_utc(text)
    except ValueError as error:
        raise ExposureError(f"--until {text} is not usable", str(error), "write --until 2026-03-04T18:00:00Z") from None
