"""What every command shares: the common options, the exit code, and errors shown as three sentences."""

import functools
import inspect
import json
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from exposure.console import Console, Silent, Teller, escape, print_data
from exposure.errors import ExitCode, ExposureError
from exposure.unforeseen import told

IncidentArgument = Annotated[Path, typer.Argument(metavar="INCIDENT", help="The case folder, or its incident.toml.")]

_COMMON = {
    "as_json": Annotated[bool, typer.Option("--json", help="Print one JSON object for machines on stdout.")],
    "quiet": Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing while working.")],
    "debug": Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")],
    "now": Annotated[
        str | None,
        typer.Option("--now", metavar="TIME", help="Fix the clock (2026-03-04T12:00:00Z), so that two runs agree."),
    ],
}


@dataclass(frozen=True, slots=True)
class Context:
    """The common options of one call. `now` is UTC; `fixed`: --now says it."""

    as_json: bool
    teller: Teller
    now: datetime
    fixed: bool = False

    def show(self, lines: list[str], data: dict[str, Any]) -> None:
        """Print the answer: lines for people on stderr's sister stdout, or one JSON object."""
        if self.as_json:
            print_data(json.dumps(data, indent=2, sort_keys=True, default=str))
            return
        for line in lines:
            print_data(escape(line))

    def show_line(self, line: str, data: dict[str, Any]) -> None:
        """Print one line of many: for people, or one JSON object for machines."""
        print_data(json.dumps(data, sort_keys=True, default=str) if self.as_json else escape(line))


def command(app: typer.Typer, **options: Any) -> Callable[[Callable[..., ExitCode | None]], Callable[..., None]]:
    """Register a command: its function takes a Context first, and gets --json, --quiet, --debug and --now."""

    def register(function: Callable[..., ExitCode | None]) -> Callable[..., None]:
        @functools.wraps(function)
        def run(*, as_json: bool, quiet: bool, debug: bool, now: str | None, **values: Any) -> None:
            try:
                context = Context(as_json, Silent() if quiet else Console(), _clock(now), now is not None)
                code = function(context, **values)
            except KeyboardInterrupt:
                typer.echo("stopped: nothing is lost, run the same command to go on", err=True)
                code = ExitCode.COULD_NOT_RUN
            except (SystemExit, BrokenPipeError):  # an end that was wanted, and a reader that went away (| head)
                raise
            except BaseException as error:  # noqa: BLE001 - a panic in a Rust library is no Exception
                code = _tell_failure(error, as_json=as_json, debug=debug)
            raise typer.Exit(int(code or ExitCode.DONE))

        run.__signature__ = _signature(function)  # type: ignore[attr-defined]
        return app.command(**options)(run)

    return register


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    """Give the function's parameters without the Context, and the common options behind them."""
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    defaults = {"now": None}
    common = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=defaults.get(name, False), annotation=annotation
        )
        for name, annotation in _COMMON.items()
    ]
    return inspect.Signature([*(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own), *common])


def present() -> datetime:
    """Give the present (UTC), to the second. The only place that reads a clock."""
    return datetime.now(UTC).replace(microsecond=0)


def _clock(text: str | None) -> datetime:
    """Give the present, or the time that --now fixes."""
    from exposure.incident_values import parse_utc

    if text is None:
        return present()
    try:
        return parse_utc(text)
    except ValueError as error:
        raise ExposureError(f"--now {text} is not usable", str(error), "write --now 2026-03-04T12:00:00Z") from None


def _tell_failure(error: BaseException, *, as_json: bool, debug: bool) -> ExitCode:
    """Show why a command ended before its work was done, and give its exit code: never 1, which says that the work is done."""
    if debug:
        traceback.print_exception(error)
    failure = error if isinstance(error, ExposureError) else told(error)
    _show_error(failure, as_json=as_json)
    return failure.exit_code


def _show_error(error: ExposureError, *, as_json: bool) -> None:
    for label, text in (("error", error.what), ("why", error.why), ("fix", error.fix)):
        first, *rest = text.split("\n")
        typer.echo(f"{label:6} {escape(first)}", err=True)
        for line in rest:
            typer.echo(f"       {escape(line.strip())}", err=True)
    if as_json:
        with suppress(OSError):  # what failed may be standard output itself
            print_data(json.dumps({"error": {"what": error.what, "why": error.why, "fix": error.fix}}, indent=2))
