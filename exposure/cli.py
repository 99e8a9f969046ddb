"""The commands: parse, call, render. Nothing heavy is imported until a command runs."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from exposure import __version__
from exposure.commands import Context, IncidentArgument, command
from exposure.errors import ExitCode

if TYPE_CHECKING:
    from exposure.pipeline import Outcome, Pipeline

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Find out which wallets a web3 front-end compromise exposed, what their owners did and when, and what "
    "to tell them.",
)

_START, _RUN, _LOOK = "Start", "Work", "Look"


def main() -> None:
    """Run the program."""
    app()


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


_AllowUntrusted = Annotated[
    bool, typer.Option("--allow-untrusted", help="Let endpoints that are not trusted learn whom we suspect.")
]


def _pipeline(context: Context, path: Path, *, allow_untrusted: bool = False) -> "Pipeline":
    from exposure.case import Case
    from exposure.incident_toml import load_incident
    from exposure.pipeline import Pipeline

    incident = load_incident(path)
    return Pipeline(incident, Case(incident.folder), context.teller, context.now, allow_untrusted=allow_untrusted)


def _ending(
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


def _figures(context: Context, outcome: "Outcome") -> ExitCode:
    """Print the figures of a single step."""
    lines = []
    for stage, figures in outcome.figures.items():
        shown = (f"{key.replace('_', ' ')} {value}" for key, value in figures.items() if value or value == 0)
        lines.append(f"{stage}: " + ", ".join(shown))
    lines += [f"needs a person: {problem}" for problem in outcome.problems]
    context.show(lines, {"stages": outcome.figures, "problems": outcome.problems})
    return outcome.exit_code


@command(app, rich_help_panel=_START)
def demo(
    context: Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the demo's case is made.")] = Path("demo-case"),
) -> ExitCode:
    """Run the sample incident end to end on a real EVM, and print where the results are.

    Example: exposure demo
    """
    from exposure.drill.demo import run_demo

    pipeline, outcome = run_demo(folder, context.teller, context.now)
    return _ending(context, pipeline, outcome)


@command(app, rich_help_panel=_START)
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


@command(app, rich_help_panel=_START)
def preserve(context: Context, incident: IncidentArgument) -> ExitCode:
    """List what evidence disappears first and where to save it, and hash what has arrived.

    Works offline, and before incident.toml is complete. Writes preserve.md, a list to tick off: ticks and notes in it stay.
    Files in logs/ and evidence/, and those that [[logs]] names, are hashed into manifest.json; one that changed is said.

    Example: exposure preserve case
    """
    from exposure.preserving import preserve as make

    return make(context, incident)


@command(app, rich_help_panel=_START)
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


@command(app, rich_help_panel=_START)
def plan(context: Context, incident: IncidentArgument, allow_untrusted: _AllowUntrusted = False) -> ExitCode:
    """Say what a run would read and ask, who would learn which addresses, and what it cannot see; asks nobody.

    Example: exposure plan case
    """
    from exposure.case import Case
    from exposure.incident_toml import load_incident
    from exposure.planning import make_plan

    told = load_incident(incident)
    lines, data = make_plan(told, Case(told.folder), context.now, allow_untrusted=allow_untrusted)
    context.show(lines, data)
    return ExitCode.DONE


@command(app, rich_help_panel=_RUN)
def run(
    context: Context,
    incident: IncidentArgument,
    refresh: Annotated[bool, typer.Option("--refresh", help="Move as_of to the chain's present head.")] = False,
    head: Annotated[str, typer.Option(help="Which head as_of is pinned to: finalized, safe or latest.")] = "finalized",
    allow_untrusted: _AllowUntrusted = False,
) -> ExitCode:
    """Do all steps, in stages that publish as they go.

    Example: exposure run case
    """
    pipeline = _pipeline(context, incident, allow_untrusted=allow_untrusted)
    with pipeline.case.lock():
        outcome = pipeline.run(refresh=refresh, head=head)
        return _ending(context, pipeline, outcome)


@command(app, rich_help_panel=_RUN)
def ingest(context: Context, incident: IncidentArgument) -> ExitCode:
    """Read the logs into requests, sightings, traffic, assets and rejects.

    Example: exposure ingest case
    """
    pipeline = _pipeline(context, incident)
    with pipeline.case.lock():
        pipeline.ingest()
        return _figures(context, pipeline.outcome)


@command(app, rich_help_panel=_RUN)
def pull(
    context: Context,
    incident: IncidentArgument,
    refresh: Annotated[bool, typer.Option("--refresh", help="Move as_of to the chain's present head.")] = False,
    head: Annotated[str, typer.Option(help="Which head as_of is pinned to: finalized, safe or latest.")] = "finalized",
    allow_untrusted: _AllowUntrusted = False,
) -> ExitCode:
    """Ask the chain about the attackers and the wallets seen so far; an interrupted pull goes on.

    Example: exposure pull case
    """
    pipeline = _pipeline(context, incident, allow_untrusted=allow_untrusted)
    with pipeline.case.lock():
        pipeline.read_people()
        pipeline.pin(refresh=refresh, head=head)
        pipeline.pull()
        return _figures(context, pipeline.outcome)


@command(app, rich_help_panel=_RUN)
def assess(context: Context, incident: IncidentArgument) -> ExitCode:
    """Find X, T1, T2 and the attackers, and judge every wallet.

    Example: exposure assess case
    """
    pipeline = _pipeline(context, incident)
    with pipeline.case.lock():
        pipeline.assess()
        return _ending(context, pipeline, pipeline.outcome)


@command(app, rich_help_panel=_RUN)
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
    victims: Annotated[
        bool, typer.Option("--victims", help="With --share public: name who lost everything, too. Read the warning.")
    ] = False,
) -> ExitCode:
    """Write the shared spreadsheet, keeping what people typed into it.

    What two people typed into the same cell is listed on the page `conflicts`, and the exit code is 1.

    Example: exposure sheet case

    Example: exposure sheet case --merge ada.xlsx bob.xlsx

    Example: exposure sheet case --share partners
    """
    from exposure.sharing import share_sheet

    pipeline = _pipeline(context, incident)
    with pipeline.case.lock():
        share_sheet(pipeline, share, merge or (), victims=victims)
        return _figures(context, pipeline.outcome)


@command(app, rich_help_panel=_RUN)
def export(
    context: Context,
    incident: IncidentArgument,
    misp: Annotated[bool, typer.Option("--misp", help="An event for MISP.")] = False,
    stix: Annotated[bool, typer.Option("--stix", help="A STIX 2.1 bundle.")] = False,
    share: Annotated[
        Literal["team", "partners", "public"],
        typer.Option(help="Who it is for: the public gets attackers, the others victims too."),
    ] = "partners",
    victims: Annotated[
        bool, typer.Option("--victims", help="With --share public: name who lost everything, too. Read the warning.")
    ] = False,
) -> ExitCode:
    """Write attackers' and victims' addresses for other teams' programs; both formats where none is named.

    Example: exposure export case --misp --share public
    """
    from exposure.sharing import export as write

    pipeline = _pipeline(context, incident)
    with pipeline.case.lock():
        write(pipeline, share, misp=misp, stix=stix, victims=victims)
        return _figures(context, pipeline.outcome)


@command(app, rich_help_panel=_RUN)
def advise(context: Context, incident: IncidentArgument) -> ExitCode:
    """Write the advisory texts, each sentence checked on the data.

    Example: exposure advise case
    """
    pipeline = _pipeline(context, incident)
    with pipeline.case.lock():
        pipeline.advise()
        return _figures(context, pipeline.outcome)


@command(app, rich_help_panel=_RUN)
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
    pipeline = _pipeline(context, incident)
    with pipeline.case.lock():
        pipeline.report(public=share == "public")
        return _figures(context, pipeline.outcome)


@command(app, rich_help_panel=_RUN)
def check(context: Context, incident: IncidentArgument) -> ExitCode:
    """Write the public "am I affected?" page to check/, a folder for any static host.

    It asks the advisory's condition in steps and ends with what to do. It holds no list of wallets, asks for no secret, and sends
    nothing. Put it where the texts say that updates are, never on the affected site while control of it is lost.

    Example: exposure check case
    """
    pipeline = _pipeline(context, incident)
    with pipeline.case.lock():
        pipeline.check()
        return _figures(context, pipeline.outcome)


@command(app, rich_help_panel=_LOOK)
def status(context: Context, incident: IncidentArgument) -> ExitCode:
    """Print one line for the war room, where the case stands, and what each missing fact would change.

    Example: exposure status case
    """
    from exposure.publish.standing import standing

    pipeline = _pipeline(context, incident)
    line, missing = standing(pipeline.case, pipeline.incident, context.now)
    last = tuple(f"would help   {item.line()}" for item in missing)
    data = {"line": line, "missing": [{"key": item.key, "change": item.change} for item in missing]}
    return _ending(context, pipeline, pipeline.outcome, (line,), last, data)


@command(app, rich_help_panel=_LOOK)
def explain(
    context: Context,
    incident: IncidentArgument,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The wallet.")],
) -> ExitCode:
    """Tell one wallet's story, with references to log lines and transactions.

    Example: exposure explain case 0x…
    """
    from exposure.errors import ExposureError
    from exposure.explain import explain as tell
    from exposure.incident_values import parse_address
    from exposure.tables import TABLES

    pipeline = _pipeline(context, incident)
    try:
        known = parse_address(address)
    except ValueError as error:
        raise ExposureError(
            "this is not a wallet's address", str(error), "copy the address again from its source"
        ) from None
    story = tell({name: pipeline.case.read(name) for name in TABLES}, known)
    if story is None:
        context.show(
            [
                f"{known} was not seen by this case: neither in its logs and reports nor with the attackers on chain.",
                "That is no sign that it is safe: what counts is whether its owner did what the advisory names.",
            ],
            {"address": known, "wallet": None},
        )
        return ExitCode.DONE
    context.show(story.lines(), story.to_json())
    return ExitCode.DONE


_AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV on stdout, safe to open in a spreadsheet program.")]
_AsXlsx = Annotated[Path | None, typer.Option("--xlsx", metavar="FILE", help="Write a workbook.")]


@command(app, rich_help_panel=_LOOK)
def query(
    context: Context,
    incident: IncidentArgument,
    question: Annotated[
        str | None, typer.Argument(metavar="[NAME or FILE.sql]", help="The question; none lists them.")
    ] = None,
    as_csv: _AsCsv = False,
    xlsx: _AsXlsx = None,
) -> None:
    """List the questions in queries/, or run one over the case's tables.

    Example: exposure query case who_is_drained

    Example: exposure query case still_to_save --xlsx to-save.xlsx
    """
    from exposure.answers import show_answer
    from exposure.query import list_queries, run_query

    if question is None:
        known = list_queries()
        context.show([f"{name:24} {text}" for name, text in known.items()], {"queries": known})
        return
    answer = run_query(_pipeline(context, incident).case, question)
    show_answer(context, answer, question, {"query": question, "rows": answer.to_dicts()}, as_csv=as_csv, xlsx=xlsx)


@command(app, rich_help_panel=_LOOK)
def reports(
    context: Context,
    incident: IncidentArgument,
    file: Annotated[
        Path, typer.Argument(metavar="REPORTS.csv", help="What people reported; only addresses are needed.")
    ],
    as_csv: _AsCsv = False,
    xlsx: _AsXlsx = None,
) -> ExitCode:
    """Judge people's reports of loss by the data: supported, contradicted, or cannot tell, with the evidence.

    Columns are told by their names: address, did, time, amount, asset, chain, tx, source; a form's export will do. Duplicates
    are found. Nothing is sent, and names and mail addresses are not kept. The answer stays in the table `reports`.

    Example: exposure reports case reports.csv --xlsx judged.xlsx
    """
    from exposure.answers import show_answer
    from exposure.judging import SHOWN, judge_file

    rows, told, data, problems = judge_file(context, incident, file)
    for line in told:
        context.teller.line(line)
    show_answer(context, rows.select(SHOWN), file.name, data, as_csv=as_csv, xlsx=xlsx)
    for problem in problems:
        context.teller.line(f"needs a person: {problem}")
    return ExitCode.NEEDS_A_PERSON if problems else ExitCode.DONE


@command(app, rich_help_panel=_RUN)
def handoff(context: Context, incident: IncidentArgument) -> ExitCode:
    """Write a file for each of those who can help, with only what they need; nothing is sent.

    Exchanges, issuers of tokens, makers of wallets, keepers of blocklists, SEAL 911. Read handoff/README.md first.

    Example: exposure handoff case
    """
    pipeline = _pipeline(context, incident)
    with pipeline.case.lock():
        pipeline.handoff()
        return _figures(context, pipeline.outcome)


@command(app, rich_help_panel=_LOOK)
def lint(
    context: Context,
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILE...", help="Texts to judge; - reads standard input.")
    ] = None,
    case: Annotated[
        Path | None,
        typer.Option("--case", metavar="INCIDENT", help="Hold times, counts and X against this case's data."),
    ] = None,
    site: Annotated[
        list[str] | None,
        typer.Option("--site", metavar="HOST", help="An affected host, where there is no case (repeat)."),
    ] = None,
    channel: Annotated[
        str, typer.Option("--channel", help="Where it will be posted: x, discord, telegram, reddit, github.")
    ] = "",
    kind: Annotated[
        str,
        typer.Option("--kind", help="Which message it is (initial, reply, support ...); else its file's name says so."),
    ] = "",
    github: Annotated[bool, typer.Option("--github", help="Print annotations for GitHub Actions.")] = False,
    explain: Annotated[
        str | None,
        typer.Option("--explain", metavar="RULE", help="Show a rule with a bad and a good example; all lists them."),
    ] = None,
) -> ExitCode:
    """Judge any advisory text, ours or a person's draft, by named rules.

    Each finding names its rule, its place, why it counts and what to write instead. Exit code 1: there are errors. Secrets
    that were pasted into a draft are found and never repeated. docs/lint.md lists the rules, docs/wording.md is their guide.

    Example: exposure lint draft.md --case case

    Example: pbpaste | exposure lint - --channel x --site examplewallet.com

    Example: exposure lint --explain who-first
    """
    from exposure.linting import Options, lint_files
    from exposure.linting import explain as tell

    if explain is not None:
        return tell(context, explain)
    return lint_files(context, files or [], case, Options(tuple(site or ()), channel, kind, github))


@command(app, rich_help_panel=_RUN)
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
    with _pipeline(context, incident).case.lock():
        return record(context, incident, message, by, author)


@command(app, rich_help_panel=_LOOK)
def formats(context: Context) -> None:
    """List the log formats that can be read, with an example line of each.

    Example: exposure formats
    """
    from exposure.logs.formats import FORMATS

    lines = []
    for known in FORMATS.values():
        lines += [f"{known.name}: {known.title}", *indent(known.example, "    ").split("\n")]
    context.show(
        lines, {"formats": {known.name: {"title": known.title, "example": known.example} for known in FORMATS.values()}}
    )


@command(app, rich_help_panel=_LOOK)
def chains(context: Context) -> None:
    """List the chains that are known by name.

    Example: exposure chains
    """
    from exposure.chain.presets import CHAINS

    lines = [f"{name:14} id {chain.id:<10} {chain.symbol:6} {chain.explorer}" for name, chain in CHAINS.items()]
    context.show(lines, {"chains": {name: chain.id for name, chain in CHAINS.items()}})


@command(app, rich_help_panel=_LOOK)
def tables(context: Context) -> None:
    """List the tables that a case holds, with their columns.

    Example: exposure tables
    """
    from exposure.tables import TABLES

    lines = [f"{table.name:14} {table.one_row}: {', '.join(table.schema.names())}" for table in TABLES.values()]
    data = {table.name: {column.name: str(column.dtype) for column in table.columns} for table in TABLES.values()}
    context.show(lines, {"tables": data})
