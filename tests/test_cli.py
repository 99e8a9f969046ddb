"""The commands: what they say, where, and with which exit code."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
import typer
from typer.testing import CliRunner

from exposure.assess.takings import takings
from exposure.cli import app
from exposure.commands import Context, command
from exposure.docs import commands_page, rules_page, tables_page
from exposure.tables import TABLES
from tests.publish.sheet_builder import DRAINED, SINK, make_case


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


def test_a_file_that_cannot_be_written_is_three_sentences_and_exit_code_2(tmp_path: Path) -> None:
    """A script that goes on at exit code 1 would post the texts of an earlier run."""
    _run("init", str(tmp_path), "--attacker", SINK)
    (tmp_path / ".lock").mkdir()
    code, out, err = _run("run", str(tmp_path))
    assert (2, "") == (code, out)
    assert (
        f"error  {tmp_path}/.lock could not be written or read\n"
        "why    Is a directory; the files that were there are whole, and nothing is lost\n"
        "fix    move that folder away: a file belongs there, and run the same command again\n"
    ) == err


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_full_disk_behind_standard_output_is_said_once(options: list[str]) -> None:
    """Even where the error itself should stand in the file that cannot be written."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "exposure", "chains", *options],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert 2 == done.returncode
    assert (
        "error  standard output could not be written or read\n"
        "why    No space left on device; the files that were there are whole, and nothing is lost\n"
        "fix    make room on that disk, and run the same command again\n"
    ) == done.stderr


def test_a_terminal_that_lacks_a_character_shows_its_escape(tmp_path: Path) -> None:
    """Old terminals know Latin letters alone; titles are in any language."""
    _run("init", str(tmp_path), "--attacker", SINK)
    file = tmp_path / "incident.toml"
    file.write_text(re.sub("(?m)^title .*", 'title = "東京 é"', file.read_text(), count=1))
    done = subprocess.run(
        [sys.executable, "-m", "exposure", "status", str(tmp_path)],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
    )
    assert (0, b"") == (done.returncode, done.stderr)
    assert b"\\u6771\\u4eac \xe9 (" in done.stdout


class _PanicError(BaseException):
    """What a library in Rust raises where it panics: no Exception."""


@pytest.mark.parametrize("fault", [ValueError, _PanicError])
def test_a_fault_of_the_program_is_exit_code_2_and_does_not_quote_itself(fault: type[BaseException]) -> None:
    """Its text may hold a log line or a key; its kind and place mend it, and --debug shows the rest."""
    own = typer.Typer()

    @command(own)
    def fail(context: Context) -> None:
        raise fault("c4n4ry")

    result = CliRunner().invoke(own)
    assert (2, "") == (result.exit_code, result.stdout)
    assert re.fullmatch(
        "error  the command could not be finished\n"
        f"why    {fault.__name__} in test_cli.py, line [0-9]+; its text may quote a secret, and is not shown\n"
        "fix    this is a fault of the program; --debug shows where: report it. Files that were written before are whole\n",
        result.stderr,
    )
    debugged = CliRunner().invoke(own, ["--debug"])
    assert 2 == debugged.exit_code
    assert "c4n4ry" in debugged.stderr
    assert "Traceback (most recent call last)" in debugged.stderr


@pytest.mark.parametrize(
    ("address", "why", "fix"),
    [
        ("vitalik.eth", "'vitalik.eth' is a name, and names are not looked up", "write the address that it stands for"),
        (
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",
            "'0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD' has a wrong checksum, so a digit was mistyped",
            "copy it again from its source",
        ),
        ("0x12", "'0x12' is not an address", "write 0x and 40 hex digits"),
    ],
)
def test_explain_says_why_it_knows_no_such_wallet_and_how_to_name_it(
    tmp_path: Path, address: str, why: str, fix: str
) -> None:
    """Reason and remedy are two things."""
    _run("init", str(tmp_path), "--attacker", SINK)
    code, _, err = _run("explain", str(tmp_path), address)
    assert (2, f"error  this is not a wallet's address\nwhy    {why}\nfix    {fix}\n") == (code, err)


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


@pytest.mark.parametrize("name", ["tables.md", "cli.md", "lint.md"])
def test_generated_documents_are_in_step_with_the_code(name: str) -> None:
    """What users read is what the program does; run `make docs` where this fails."""
    page = {"tables.md": tables_page, "cli.md": commands_page, "lint.md": rules_page}[name]()
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


@pytest.fixture
def assessed(tmp_path: Path) -> Path:
    """A case of which everything is known."""
    folder = tmp_path / "case"
    _run("init", str(folder), "--attacker", SINK)
    case, _ = make_case(folder)
    case.write("takings", takings(case.read("losses"), case.read("tokens")))
    return folder


def test_questions_are_listed_without_a_case_being_read(assessed: Path) -> None:
    """Name and question, one a line."""
    code, out, _ = _run("query", str(assessed))
    assert 0 == code
    assert "still_to_save            Who can still be saved, in which order, and how much is it?\n" in out


def test_an_answer_goes_where_it_was_asked_for(assessed: Path, tmp_path: Path) -> None:
    """As lines, as CSV on stdout, as JSON, and as a workbook; a file of one's own is asked like a ready question."""
    code, out, _ = _run("query", str(assessed), "sinks_takings")
    assert (0, "2 rows") == (code, out.splitlines()[-1])
    _, out, _ = _run("query", str(assessed), "sinks_takings", "--csv")
    assert out.startswith("attacker,roles,origin,confirmed,")
    assert 3 == len(out.splitlines())
    _, out, _ = _run("query", str(assessed), "sinks_takings", "--json")
    assert "13500000000000000001" == json.loads(out)["rows"][0]["amount"]
    mine = tmp_path / "mine.sql"
    mine.write_text("SELECT COUNT(*) AS n FROM losses")
    code, out, err = _run("query", str(assessed), str(mine), "--xlsx", str(tmp_path / "n.xlsx"))
    assert (0, "", f"wrote {tmp_path}/n.xlsx: 1 row\n") == (code, out, err)
    assert 3 == openpyxl.load_workbook(tmp_path / "n.xlsx")["answer"]["A2"].value


def test_reports_are_judged_and_stay_in_the_case(assessed: Path, tmp_path: Path) -> None:
    """What could be read is judged, what could not is said with exit code 1; the next question in SQL has it."""
    file = tmp_path / "reports.csv"
    file.write_text(f"address,amount\n{DRAINED},12 ETH\nthe blue one,\n")
    code, out, err = _run("reports", str(assessed), str(file), "--csv")
    assert 1 == code
    assert ["line,source,address,judgement", f"2,,{DRAINED},supported", "3,,,cannot_tell"] == [
        ",".join(line.split(",")[:4]) for line in out.splitlines()
    ]
    assert (
        "2 reports of 1 wallet: 1 supported, 0 contradicted, 1 cannot be told\n0 of a wallet that an earlier line reports; 1 not readable\n"
        in err
    )
    assert (
        "needs a person: reports.csv line 3: it names no address: 0x and 40 hex digits; this report is not judged\n"
        in err
    )
    _, out, _ = _run("query", str(assessed), "reports_judged", "--json")
    assert [("cannot_tell", 3), ("supported", 2)] == [
        (row["judgement"], row["line"]) for row in json.loads(out)["rows"]
    ]


def test_a_file_of_the_same_name_takes_the_place_of_the_earlier_one(assessed: Path, tmp_path: Path) -> None:
    """And says so: no report goes unsaid. Those of other files stay."""
    for name, wallets in (("a.csv", [DRAINED, SINK]), ("b.csv", [DRAINED])):
        (tmp_path / name).write_text("address\n" + "".join(f"{address}\n" for address in wallets))
        _run("reports", str(assessed), str(tmp_path / name))
    (tmp_path / "a.csv").write_text(f"address\n{DRAINED}\n")
    _, _, err = _run("reports", str(assessed), str(tmp_path / "a.csv"))
    assert "these take the place of 2 reports of an earlier a.csv\n" in err
    _, out, _ = _run("query", str(assessed), "reports_judged", "--json")
    assert [("a.csv", 2, None), ("b.csv", 2, "a.csv:2")] == [
        (row["file"], row["line"], row["duplicate_of"]) for row in json.loads(out)["rows"]
    ]


def test_reports_of_a_case_that_was_not_assessed_wait(tmp_path: Path) -> None:
    """An error with the command that comes first."""
    _run("init", str(tmp_path / "case"), "--attacker", SINK)
    (tmp_path / "r.csv").write_text(f"address\n{DRAINED}\n")
    code, _, err = _run("reports", str(tmp_path / "case"), str(tmp_path / "r.csv"))
    assert 2 == code
    assert err == (
        f"error  r.csv cannot be judged yet\nwhy    nothing was assessed in {tmp_path}/case\nfix    run: exposure run {tmp_path}/case\n"
    )


def test_handoff_says_what_it_wrote(assessed: Path) -> None:
    """The files, with how many rows each has."""
    code, out, _ = _run("handoff", str(assessed))
    assert 0 == code
    assert "handoff: files README.md, blocklist.TLP-CLEAR.csv, seal911-addresses.TLP-AMBER.csv" in out
    assert (assessed / "handoff" / "README.md").exists()
