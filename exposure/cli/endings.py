"""How commands begin and end: a case is opened, its answer or its figures are shown, and the exit code says who must act."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exposure.commands import Context
from exposure.errors import ExitCode

if TYPE_CHECKING:
    from exposure.pipeline import Outcome, Pipeline

AllowUntrusted = Annotated[
    bool, typer.Option("--allow-untrusted", help="Let endpoints that are not trusted learn whom we suspect.")
]


def pipeline_of(
    context: Context, path: Path, *, allow_untrusted: bool = False, engine: str = "local", parts: str = ""
) -> "Pipeline":
    """Open the case of an incident, whose logs `engine` reads."""
    from exposure.case import Case
    from exposure.engines.choose import reader_of
    from exposure.incident_toml import load_incident
    from exposure.pipeline import Pipeline

    incident = load_incident(path, now=context.now)
    return Pipeline(
        incident,
        Case(incident.folder),
        context.teller,
        context.now,
        allow_untrusted=allow_untrusted,
        reader=reader_of(engine, parts),
    )


def ending(
    context: Context,
    pipeline: "Pipeline",
    outcome: "Outcome",
    first: tuple[str, ...] = (),
    last: tuple[str, ...] = (),
    more: Mapping[str, object] | None = None,
) -> ExitCode:
    """Print the case's answer between what stands `first` and `last`, and say by the exit code whether it needs a person."""
    from exposure.publish.summary import summary

    found = summary(pipeline.case, pipeline.incident)
    outcome.note(found.problems)
    problems = [f"needs a person: {problem}" for problem in outcome.problems]
    data = {**found.to_json(), "stages": outcome.figures, "problems": outcome.problems, **(more or {})}
    context.show([*first, *found.lines(), *last, *problems], data)
    return outcome.exit_code


def figures(context: Context, outcome: "Outcome") -> ExitCode:
    """Print the figures of a single step."""
    lines = []
    for stage, found in outcome.figures.items():
        shown = (f"{key.replace('_', ' ')} {value}" for key, value in found.items() if value or value == 0)
        lines.append(f"{stage}: " + ", ".join(shown))
    lines += [f"needs a person: {problem}" for problem in outcome.problems]
    context.show(lines, {"stages": outcome.figures, "problems": outcome.problems})
    return outcome.exit_code
