"""The commands: what they say, where, and with which exit code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from exposure.cli import app
from exposure.docs import commands_page, tables_page
from exposure.tables import TABLES


def _run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments), prog_name="exposure")
    return result.exit_code, result.stdout, result.stderr


def test_help_answers_without_loading_the_heavy_libraries() -> None:
    """Who types --help in an incident waits for nothing: polars, web3 and the like load only when a command runs."""
    code = "import sys, exposure.cli; print([name for name in ('polars', 'web3', 'scipy', 'altair', 'pyarrow') if name in sys.modules])"
    assert "[]\n" == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_every_command_shows_an_example() -> None:
    """Help texts show how a command is typed."""
    missing = [
        command.callback.__name__
        for command in app.registered_commands
        if command.callback and "Example: exposure" not in (command.callback.__doc__ or "")
    ]
    assert [] == missing


def test_a_missing_case_is_three_sentences_and_exit_code_2(tmp_path: Path) -> None:
    """No traceback for bad input: what, why, and what to do, on stderr."""
    code, out, err = _run("status", str(tmp_path))
    assert (2, "") == (code, out)
    assert (
        f"error  {tmp_path} holds no incident\n"
        f"why    there is no file {tmp_path}/incident.toml\n"
        f"fix    name a case folder or its incident.toml, or start one with: exposure init {tmp_path}\n"
    ) == err


def test_an_error_is_json_where_a_machine_asked(tmp_path: Path) -> None:
    """`--json` puts an object on stdout whatever happens."""
    code, out, _ = _run("run", str(tmp_path), "--json")
    assert (2, f"{tmp_path} holds no incident") == (code, json.loads(out)["error"]["what"])


def test_a_clock_that_is_no_time_is_refused(tmp_path: Path) -> None:
    """--now takes a time with a zone."""
    code, _, err = _run("tables", "--now", "yesterday")
    assert 2 == code
    assert (
        "error  --now yesterday is not usable\n"
        "why    'yesterday' is not a time: write 2026-03-04T09:12:00Z\n"
        "fix    write --now 2026-03-04T12:00:00Z\n"
    ) == err


def test_a_hostile_argument_reaches_the_terminal_escaped() -> None:
    """A path with an escape sequence does not rewrite the screen."""
    _, _, err = _run("status", "no\x1b[2Jsuch")
    assert "\x1b" not in err
    assert r"no\x1b[2Jsuch" in err


def test_init_writes_a_case_and_says_what_comes_next(tmp_path: Path) -> None:
    """One command starts a case, the answer names the next."""
    case = tmp_path / "case"
    code, out, _ = _run("init", str(case), "--attacker", "0x" + "11" * 20)
    assert (0, f"wrote {case}/incident.toml\nnext: exposure run {case}\n") == (code, out)


def test_an_unknown_wallet_is_never_called_safe(tmp_path: Path) -> None:
    """`explain` of an address that nobody saw names the condition instead of giving comfort."""
    _run("init", str(tmp_path / "case"), "--attacker", "0x" + "11" * 20)
    code, out, _ = _run("explain", str(tmp_path / "case"), "0x" + "22" * 20)
    assert 0 == code
    assert "That is no sign that it is safe: what counts is whether its owner did what the advisory names." in out


@pytest.mark.parametrize("name", ["tables.md", "cli.md"])
def test_generated_documents_are_in_step_with_the_code(name: str) -> None:
    """What users read is what the program does; run `make docs` where this fails."""
    page = {"tables.md": tables_page, "cli.md": commands_page}[name]()
    assert page == (Path(__file__).parents[1] / "docs" / name).read_text()


def test_every_command_and_table_is_documented() -> None:
    """Nothing public is left out of docs/."""
    commands, tables = commands_page(), tables_page()
    assert [] == [
        c.callback.__name__
        for c in app.registered_commands
        if c.callback and f"## exposure {c.callback.__name__}\n" not in commands
    ]
    assert [] == [name for name in TABLES if f"## {name}\n" not in tables]
