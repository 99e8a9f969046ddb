"""Commands that work on a case: each step, all of them, and what people bring to it or take from it."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from exposure.cli.endings import AllowUntrusted, ending, figures, pipeline_of
from exposure.cli.program import WORK, app
from exposure.commands import Context, IncidentArgument, command
from exposure.errors import ExitCode

_Refresh = Annotated[bool, typer.Option("--refresh", help="Move as_of to the chain's present head.")]
_Head = Annotated[str, typer.Option(help="Which head as_of is pinned to: finalized, safe or latest.")]
_Victims = Annotated[
    bool, typer.Option("--victims", help="With --share public: name who lost everything, too. Read the warning.")
]


_Engine = Annotated[
    str, typer.Option(metavar="ENGINE", help="Who reads the logs: local, dask://HOST:PORT or spark://HOST:PORT.")
]
_Parts = Annotated[
    str,
    typer.Option(
        metavar="PLACE", help="With --engine: a shared folder or a bucket for what workers find, not the network."
    ),
]


@command(app, rich_help_panel=WORK)
def run(
    context: Context,
    incident: IncidentArgument,
    refresh: _Refresh = False,
    head: _Head = "finalized",
    allow_untrusted: AllowUntrusted = False,
    engine: _Engine = "local",
    parts: _Parts = "",
) -> ExitCode:
    """Do all steps, in stages that publish as they go.

    Example: exposure run case
    """
    pipeline = pipeline_of(context, incident, allow_untrusted=allow_untrusted, engine=engine, parts=parts)
    with pipeline.case.lock():
        outcome = pipeline.run(refresh=refresh, head=head)
        return ending(context, pipeline, outcome)


@command(app, rich_help_panel=WORK)
def watch(
    context: Context,
    incident: IncidentArgument,
    every: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=0.1, help="From look to look; else a block of the fastest chain."),
    ] = None,
    head: Annotated[
        str, typer.Option(help="Which block counts as the chain's head: latest, safe or finalized.")
    ] = "latest",
    on_event: Annotated[
        str | None,
        typer.Option("--on-event", metavar="CMD", help="A program that gets each event as JSON on its standard input."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Look once and end.")] = False,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="End then (2026-03-04T18:00:00Z).")] = None,
    minutes: Annotated[float | None, typer.Option("--for", metavar="MINUTES", help="End after so long.")] = None,
    allow_untrusted: AllowUntrusted = False,
) -> ExitCode:
    """Follow growing and rotating logs and the chain's head while the attack goes on.

    Tables and sheet are kept up to date, merged with people's edits; every new victim, loss and attacker is told, loudest of all
    a victim whom the published texts do not describe. Ends with whole tables on Ctrl-C or SIGTERM, and goes on where it was. Texts
    are left alone: a person decides. See docs/watch.md.

    Example: exposure watch case

    Example: exposure watch case --on-event ./to-chat.sh
    """
    from exposure.watch.command import run_watch

    return run_watch(context, incident, every, head, on_event, once, until, minutes, allow_untrusted=allow_untrusted)


@command(app, rich_help_panel=WORK)
def ingest(context: Context, incident: IncidentArgument, engine: _Engine = "local", parts: _Parts = "") -> ExitCode:
    """Read the logs into requests, sightings, traffic, assets and rejects; the same tables whoever reads.

    Example: exposure ingest case

    Example: exposure ingest case --engine dask://10.0.0.7:8786
    """
    pipeline = pipeline_of(context, incident, engine=engine, parts=parts)
    with pipeline.case.lock():
        pipeline.ingest()
        return figures(context, pipeline.outcome)


@command(app, rich_help_panel=WORK)
def pull(
    context: Context,
    incident: IncidentArgument,
    refresh: _Refresh = False,
    head: _Head = "finalized",
    allow_untrusted: AllowUntrusted = False,
) -> ExitCode:
    """Ask the chain about the attackers and the wallets seen so far; an interrupted pull goes on.

    Example: exposure pull case
    """
    pipeline = pipeline_of(context, incident, allow_untrusted=allow_untrusted)
    with pipeline.case.lock():
        pipeline.read_people()
        pipeline.pin(refresh=refresh, head=head)
        pipeline.pull()
        return figures(context, pipeline.outcome)


@command(app, rich_help_panel=WORK)
def assess(context: Context, incident: IncidentArgument) -> ExitCode:
    """Find X, T1, T2 and the attackers, and judge every wallet.

    Example: exposure assess case
    """
    pipeline = pipeline_of(context, incident)
    with pipeline.case.lock():
        pipeline.assess()
        return ending(context, pipeline, pipeline.outcome)


@command(app, rich_help_panel=WORK)
def sheet(
    context: Context,
    incident: IncidentArgument = Path(),
    merge: Annotated[
        tuple[Path, Path] | None, typer.Option(metavar="A B", help="Merge two people's copies of the sheet into it.")
    ] = None,
    share: Annotated[
        Literal["team", "partners", "public"],
        typer.Option(help="Who it is for: team, partners (no notes, balances, chances) or public (attackers)."),
    ] = "team",
    victims: _Victims = False,
) -> ExitCode:
    """Write the shared spreadsheet, keeping what people typed into it.

    What two people typed into the same cell is listed on the page `conflicts`, and the exit code is 1.

    Example: exposure sheet case

    Example: exposure sheet case --merge ada.xlsx bob.xlsx

    Example: exposure sheet case --share partners
    """
    from exposure.sharing import share_sheet

    pipeline = pipeline_of(context, incident)
    with pipeline.case.lock():
        share_sheet(pipeline, share, merge or (), victims=victims)
        return figures(context, pipeline.outcome)


@command(app, rich_help_panel=WORK)
def export(
    context: Context,
    incident: IncidentArgument,
    misp: Annotated[bool, typer.Option("--misp", help="An event for MISP.")] = False,
    stix: Annotated[bool, typer.Option("--stix", help="A STIX 2.1 bundle.")] = False,
    share: Annotated[
        Literal["team", "partners", "public"],
        typer.Option(help="Who it is for: the public gets attackers, the others victims too."),
    ] = "partners",
    victims: _Victims = False,
) -> ExitCode:
    """Write attackers' and victims' addresses for other teams' programs; both formats where none is named.

    Example: exposure export case --misp --share public
    """
    from exposure.sharing import export as write

    pipeline = pipeline_of(context, incident)
    with pipeline.case.lock():
        write(pipeline, share, misp=misp, stix=stix, victims=victims)
        return figures(context, pipeline.outcome)


@command(app, rich_help_panel=WORK)
def advise(context: Context, incident: IncidentArgument) -> ExitCode:
    """Write the advisory texts, each sentence checked on the data.

    Example: exposure advise case
    """
    pipeline = pipeline_of(context, incident)
    with pipeline.case.lock():
        pipeline.advise()
        return figures(context, pipeline.outcome)


@command(app, rich_help_panel=WORK)
def report(
    context: Context,
    incident: IncidentArgument,
    share: Annotated[
        Literal["team", "public"],
        typer.Option(help="Who it is for: the public version names no victim and no source of data."),
    ] = "team",
) -> ExitCode:
    """Write the report, one self-contained page: report/index.html, or report/public.html with --share public.

    Example: exposure report case

    Example: exposure report case --share public
    """
    pipeline = pipeline_of(context, incident)
    with pipeline.case.lock():
        pipeline.report(public=share == "public")
        return figures(context, pipeline.outcome)


@command(app, rich_help_panel=WORK)
def check(context: Context, incident: IncidentArgument) -> ExitCode:
    """Write the public "am I affected?" page to check/, a folder for any static host.

    It asks the advisory's condition in steps and ends with what to do. It holds no list of wallets, asks for no secret, and sends
    nothing. Put it where the texts say that updates are, never on the affected site while control of it is lost. Until a second
    person has read the text that it is made of (`exposure review`), the page says that it is a draft, and the command ends with 1.

    Example: exposure check case
    """
    pipeline = pipeline_of(context, incident)
    with pipeline.case.lock():
        pipeline.check(to_publish=True)
        return figures(context, pipeline.outcome)


@command(app, rich_help_panel=WORK)
def handoff(context: Context, incident: IncidentArgument) -> ExitCode:
    """Write a file for each of those who can help, with only what they need; nothing is sent.

    Exchanges, issuers of tokens, makers of wallets, keepers of blocklists, SEAL 911. Read handoff/README.md first.

    Example: exposure handoff case
    """
    pipeline = pipeline_of(context, incident)
    with pipeline.case.lock():
        pipeline.handoff()
        return figures(context, pipeline.outcome)


@command(app, rich_help_panel=WORK)
def review(
    context: Context,
    incident: IncidentArgument,
    message: Annotated[
        str | None,
        typer.Argument(metavar="[MESSAGE]", help="initial, resolved ..., or one file of advisory/; none lists them."),
    ] = None,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who has read it.")] = None,
    author: Annotated[
        str | None, typer.Option("--author", metavar="NAME", help="Who wrote or changed it; they cannot review it.")
    ] = None,
) -> ExitCode:
    """Record that a second person has read a message; any change of its text or its facts voids that. Nothing is sent.

    Example: exposure review case initial --by "Ada Lovelace"
    """
    from exposure.errors import ExposureError
    from exposure.reviewing import review as record
    from exposure.reviewing import show_standings

    if message is None:
        return show_standings(context, incident)
    if by is None:
        raise ExposureError("nobody is named who has read it", "--by is missing", 'write --by "Ada Lovelace"')
    with pipeline_of(context, incident).case.lock():
        return record(context, incident, message, by, author)
