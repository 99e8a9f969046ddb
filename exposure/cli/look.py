"""Commands that look: at a case, at a text, at what the program reads and writes."""

from pathlib import Path
from textwrap import indent
from typing import Annotated

import typer

from exposure.cli.endings import ending, pipeline_of
from exposure.cli.program import LOOK, app
from exposure.commands import Context, IncidentArgument, command
from exposure.errors import ExitCode


@command(app, rich_help_panel=LOOK)
def status(context: Context, incident: IncidentArgument) -> ExitCode:
    """Print one line for the war room, where the case stands, and what each missing fact would change.

    Example: exposure status case
    """
    from exposure.publish.texts.standing import standing

    pipeline = pipeline_of(context, incident)
    line, missing = standing(pipeline.case, pipeline.incident, context.now)
    last = tuple(f"would help   {item.line()}" for item in missing)
    data = {"line": line, "missing": [{"key": item.key, "change": item.change} for item in missing]}
    return ending(context, pipeline, pipeline.outcome, (line,), last, data)


@command(app, rich_help_panel=LOOK)
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

    pipeline = pipeline_of(context, incident)
    try:
        known = parse_address(address)
    except ValueError as error:
        why, _, fix = str(error).rpartition(": ")
        raise ExposureError("this is not a wallet's address", why, fix) from None
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


@command(app, rich_help_panel=LOOK)
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
    answer = run_query(pipeline_of(context, incident).case, question)
    show_answer(context, answer, question, {"query": question, "rows": answer.to_dicts()}, as_csv=as_csv, xlsx=xlsx)


@command(app, rich_help_panel=LOOK)
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


@command(app, rich_help_panel=LOOK)
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


@command(app, rich_help_panel=LOOK)
def formats(context: Context) -> None:
    """List the log formats that can be read, with an example line of each.

    Example: exposure formats
    """
    from exposure.logs.formats.known import FORMATS

    lines = []
    for known in FORMATS.values():
        lines += [f"{known.name}: {known.title}", *indent(known.example, "    ").split("\n")]
    context.show(
        lines, {"formats": {known.name: {"title": known.title, "example": known.example} for known in FORMATS.values()}}
    )


@command(app, rich_help_panel=LOOK)
def chains(context: Context) -> None:
    """List the chains that are known by name.

    Example: exposure chains
    """
    from exposure.chain.presets import CHAINS

    lines = [f"{name:14} id {chain.id:<10} {chain.symbol:6} {chain.explorer}" for name, chain in CHAINS.items()]
    context.show(lines, {"chains": {name: chain.id for name, chain in CHAINS.items()}})


@command(app, rich_help_panel=LOOK)
def tables(context: Context) -> None:
    """List the tables that a case holds, with their columns.

    Example: exposure tables
    """
    from exposure.tables import TABLES

    lines = [f"{table.name:14} {table.one_row}: {', '.join(table.schema.names())}" for table in TABLES.values()]
    data = {table.name: {column.name: str(column.dtype) for column in table.columns} for table in TABLES.values()}
    context.show(lines, {"tables": data})
