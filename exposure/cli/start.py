"""Commands to begin with: the demo, a new case, evidence to keep, drills, the plan."""

from pathlib import Path
from typing import Annotated

import typer

from exposure.cli.endings import AllowUntrusted, ending
from exposure.cli.program import START, app
from exposure.commands import Context, IncidentArgument, command
from exposure.errors import ExitCode


@command(app, rich_help_panel=START)
def demo(
    context: Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the demo's case is made.")] = Path("demo-case"),
) -> ExitCode:
    """Run the sample incident end to end on a real EVM, and print where the results are.

    Example: exposure demo
    """
    from exposure.drill.demo import run_demo

    pipeline, outcome = run_demo(folder, context.teller, context.now)
    return ending(context, pipeline, outcome)


@command(app, rich_help_panel=START)
def init(
    context: Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The new case folder.")],
    attacker: Annotated[list[str] | None, typer.Option(help="An address of the attacker (repeat for more).")] = None,
    victim: Annotated[list[str] | None, typer.Option(help="An address of a victim (repeat for more).")] = None,
    tx: Annotated[list[str] | None, typer.Option(help="The theft's transaction, one for each victim.")] = None,
) -> None:
    """Write a commented incident.toml, asking nothing.

    Example: exposure init case --attacker 0x… --victim 0x… --tx 0x…
    """
    from exposure.init import init_case

    file = init_case(folder, attacker or [], victim or [], tx or [])
    chain_only = bool(attacker or victim)
    next_step = f"exposure run {folder}" if chain_only else f"edit it, then: exposure run {folder}"
    context.show([f"wrote {file}", f"next: {next_step}"], {"path": str(file)})


@command(app, rich_help_panel=START)
def preserve(context: Context, incident: IncidentArgument) -> ExitCode:
    """List what evidence disappears first and where to save it, and hash what has arrived.

    Works offline, and before incident.toml is complete. Writes preserve.md, a list to tick off: ticks and notes in it stay.
    Files in logs/ and evidence/, and those that [[logs]] names, are hashed into manifest.json; one that changed is said.

    Example: exposure preserve case
    """
    from exposure.preserving import preserve as make

    return make(context, incident)


@command(app, rich_help_panel=START)
def drill(
    context: Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the drill is made.")],
    preset: Annotated[
        str,
        typer.Option(help="sample, approval or quiet (played on a real EVM); mass or drawn (any size, by columns)."),
    ] = "sample",
    seed: Annotated[int, typer.Option(help="The same seed makes the same incident.")] = 1,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KNOB=VALUE", help="Turn a knob of mass or drawn (repeat for more)."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a folder that is not empty.")] = False,
) -> None:
    """Make a realistic incident with known truth, to practise on and to measure the tool by.

    Example: exposure drill practice --preset approval --seed 7

    Example: exposure drill large --preset mass --set people=100000 --set kind=both
    """
    from exposure.drill.make import make_drill

    make_drill(folder, preset, seed, context.teller, force, settings or [])
    context.show([f"made {folder}: next, exposure run {folder}"], {"path": str(folder), "preset": preset, "seed": seed})


@command(app, rich_help_panel=START)
def plan(context: Context, incident: IncidentArgument, allow_untrusted: AllowUntrusted = False) -> ExitCode:
    """Say what a run would read and ask, who would learn which addresses, and what it cannot see; asks nobody.

    Example: exposure plan case
    """
    from exposure.case import Case
    from exposure.incident_toml import load_incident
    from exposure.planning import make_plan

    told = load_incident(incident, now=context.now)
    lines, data = make_plan(told, Case(told.folder), context.now, allow_untrusted=allow_untrusted)
    context.show(lines, data)
    return ExitCode.NEEDS_A_PERSON if data["problems"] else ExitCode.DONE
