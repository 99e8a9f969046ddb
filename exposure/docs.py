"""Generated documents: docs/tables.md from tables.py, docs/cli.md from the commands' own help, docs/lint.md from the rules.

`python -m exposure.docs` writes them; with --check it only says which are out of step, and ends with 1.
"""

import os
import sys
from pathlib import Path

from exposure.console import print_data
from exposure.tables import TABLES

_WIDTH = "100"


def tables_page() -> str:
    """Give docs/tables.md."""
    lines = [
        "# Tables",
        "",
        "Made by `make docs` from `exposure/tables.py`; do not edit. Every table is a Parquet file in the case's `data/` folder,",
        "sorted by its key. Addresses and hashes are lowercase `0x` hex strings. Amounts are exact decimal strings in base units,",
        "with a rounded `_f64` twin in whole tokens for sorting and charts. Times are UTC. *Who* is the widest circle that may see",
        "a column: team, partners or public.",
    ]
    for table in TABLES.values():
        lines += [
            "",
            f"## {table.name}",
            "",
            f"One row is {table.one_row}. Key: {', '.join(f'`{name}`' for name in table.key)}.",
            "",
        ]
        lines += ["| column | type | unit | who | meaning |", "| --- | --- | --- | --- | --- |"]
        for column in table.columns:
            kind = str(column.dtype).split("(")[0]
            meaning = column.meaning.replace("|", "\\|")
            lines.append(f"| `{column.name}` | {kind} | {column.unit} | {column.audience} | {meaning} |")
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    """Give docs/cli.md: the help of the program and of every command, as a terminal of 100 columns shows it."""
    os.environ.update({"COLUMNS": _WIDTH, "TERMINAL_WIDTH": _WIDTH, "NO_COLOR": "1", "TERM": "dumb"})
    from typer.testing import CliRunner

    from exposure.cli import app

    runner = CliRunner()

    def help_of(*command: str) -> str:
        text = runner.invoke(app, [*command, "--help"], prog_name="exposure").stdout
        return "\n".join(line.rstrip() for line in text.strip().splitlines())

    lines = ["# Commands", "", "Made by `make docs` from the commands' own help; do not edit.", ""]
    lines += ["Exit codes: 0 done; 1 done, but something needs a person; 2 could not run.", ""]
    lines += ["```text", help_of(), "```"]
    for command in app.registered_commands:
        name = command.name or (command.callback.__name__ if command.callback else "")
        lines += ["", f"## exposure {name}", "", "```text", help_of(name), "```"]
    return "\n".join(lines) + "\n"


def rules_page() -> str:
    """Give docs/lint.md: every rule with its reason and two examples."""
    from exposure.linting import shorten
    from exposure.publish.lint.judge import rules

    lines = [
        "# Rules of `exposure lint`",
        "",
        "Made by `make docs` from the rules themselves; do not edit. The guide: [wording.md](wording.md); how many",
        "faults of drafts they find, and how many that are none: [there](wording.md#how-far-lint-can-be-trusted).",
        "",
    ]
    lines += ["| rule | severity | says |", "| --- | --- | --- |"]
    lines += [f"| [`{rule.name}`](#{rule.name}) | {rule.severity} | {rule.title} |" for rule in rules().values()]
    for rule in rules().values():
        case = " Needs `--case`." if rule.needs_case else ""
        kinds = f" Not asked of: {', '.join(sorted(rule.not_for))}." if rule.not_for else ""
        lines += ["", f"## {rule.name}", "", f"{rule.title} ({rule.severity}).{case}{kinds}", ""]
        lines += [f"{rule.why} ([guide](wording.md#{rule.section}))", ""]
        lines += [f"- bad: `{shorten(rule.bad)}`", f"- good: `{shorten(rule.good)}`"]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the documents, or check them."""
    folder = Path(__file__).resolve().parents[1] / "docs"
    stale = []
    for name, text in (("tables.md", tables_page()), ("cli.md", commands_page()), ("lint.md", rules_page())):
        path = folder / name
        if "--check" not in arguments:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(name)
    if stale:
        print_data(f"out of step with the code: {', '.join(stale)} in docs/; run: make docs")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
