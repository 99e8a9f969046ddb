"""`exposure lint` as a person and a machine use it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from exposure.cli import app

BAD = "We were hacked. Do not use examplewallet.com!!!\n"
GOOD = (
    "If you signed an approval on exampleswap[.]io between 09:00 and 10:45 UTC on Wednesday 4 March 2026, revoke it now; the "
    "addresses and all else: https://status.example/incident\n"
)


def run(*arguments: str, stdin: bytes | None = None) -> tuple[int, str, str]:
    """Run a command; gives its exit code, stdout and stderr."""
    result = CliRunner().invoke(app, list(arguments), input=stdin, prog_name="exposure")
    return result.exit_code, result.stdout, result.stderr


def test_errors_end_with_1_and_a_good_text_with_0(tmp_path: Path) -> None:
    """Warnings alone do not stop a script."""
    (tmp_path / "bad.md").write_text(BAD)
    (tmp_path / "good.md").write_text(GOOD)
    assert 1 == run("lint", str(tmp_path / "bad.md"))[0]
    assert (0, "nothing found in 1 text\n") == run("lint", str(tmp_path / "good.md"))[:2]


def test_a_finding_says_where_which_rule_why_and_what_instead() -> None:
    """For people: place, severity, rule, what stands there, the fix, the reason with its place in the guide."""
    _, out, _ = run("lint", "-", stdin=BAD.encode())
    assert (
        "stdin:1:28: error[live-site] programs make a link of the affected site\n"
        "    > examplewallet.com\n"
        "    fix: write examplewallet[.]com\n"
        "    why: Programs make a link of it, people click links, and the page behind it belongs to the attacker. 2 of 13 first "
        "messages did this. (docs/wording.md#links)\n"
    ) in out


def test_machines_get_one_object_a_finding() -> None:
    """File, line, column, rule, severity, message, suggestion, as the design says."""
    _, out, _ = run("lint", "-", "--json", stdin=BAD.encode())
    findings = [json.loads(line) for line in out.splitlines()]
    live = next(one for one in findings if one["rule"] == "live-site")
    assert {"file", "line", "column", "rule", "severity", "message", "suggestion"} <= live.keys()
    assert ("stdin", 1, 28, "error", "write examplewallet[.]com") == tuple(
        live[key] for key in ("file", "line", "column", "severity", "suggestion")
    )


def test_github_gets_annotations_that_no_text_can_forge() -> None:
    """A line break or a colon in what is quoted starts no command of its own."""
    code, out, _ = run("lint", "-", "--github", stdin=b"Only users\n::error file=x::forged\n")
    assert 1 == code
    assert all(line.startswith(("::error file=stdin,line=", "::warning file=stdin,line=")) for line in out.splitlines())


def test_a_secret_in_a_draft_is_never_printed(tmp_path: Path) -> None:
    """Neither for people nor for machines nor for GitHub; and the draft itself is left as it is."""
    phrase = "legal winner thank year wave sausage worth useful legal winner thank yellow"
    draft = tmp_path / "draft.md"
    draft.write_text(
        f"URGENT only {phrase} !!!\nkey 4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318\n"
    )
    for form in ((), ("--json",), ("--github",)):
        code, out, err = run("lint", str(draft), *form)
        assert 1 == code
        assert "secret-in-text" in out
        assert not [word for word in ("sausage", "winner", "yellow", "4c0883a6", "d01a3f36") if word in out + err]


def test_control_characters_do_not_reach_the_terminal() -> None:
    """An escape sequence and a direction mark in a draft are shown as escapes."""
    _, out, _ = run("lint", "-", stdin="Only \x1b[2J\u202eusers who signed\n".encode())
    assert not set(out) & {"\x1b", "\u202e"}
    assert r"an invisible character (\x1b)" in out


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"a" * 70_000, "a message has at most 64 KiB"),
        (b"PK\x03\x04\x00\x00", "it holds zero bytes"),
        (b"\xff\xd8\xff\xe0", "byte 0 is not UTF-8"),
    ],
)
def test_what_is_no_draft_is_refused(content: bytes, why: str, tmp_path: Path) -> None:
    """A log, a Word file, a picture: three sentences and exit code 2."""
    file = tmp_path / "draft"
    file.write_bytes(content)
    code, _, err = run("lint", str(file))
    assert 2 == code
    assert f"why    {why}" in err


def test_a_text_in_utf_16_and_with_carriage_returns_is_read(tmp_path: Path) -> None:
    """Notepad writes both."""
    file = tmp_path / "draft.txt"
    file.write_bytes(BAD.replace("\n", "\r\n").encode("utf-16"))
    assert "draft.txt:1:28: error[live-site]" in run("lint", str(file))[1]


def test_options_that_are_not_known_are_named() -> None:
    """What is known stands in the error."""
    assert "why    known are x, twitter, discord, telegram" in run("lint", "-", "--channel", "fax", stdin=b"x")[2]
    assert "error  there is nothing to judge" in run("lint")[2]
    assert "error  nope is no rule" in run("lint", "--explain", "nope")[2]


def test_a_rule_explains_itself() -> None:
    """Title, reason, a bad and a good example, the place in the guide."""
    code, out, _ = run("lint", "--explain", "unproven-all")
    assert 0 == code
    assert (
        "unproven-all (error): Nothing about all the others\n\n"
        "No data shows that everyone else is safe: logs have holes, and a hijacked DNS sends the victims\nelsewhere.\n\n"
        "bad:\n    All other users are safe and need not act.\n"
        "good:\n    We cannot yet say that anything else was safe, so follow the updates.\n\n"
        "guide: docs/wording.md#safe\n"
    ) == out


def test_a_case_is_enough_of_its_toml(tmp_path: Path) -> None:
    """In the first minutes nothing was read yet: site and status are known, and a draft is held against them."""
    case = tmp_path / "case"
    run("init", str(case), "--attacker", "0x" + "11" * 20)
    draft = tmp_path / "draft.md"
    draft.write_text("The issue has been resolved. Revoke 0x1111111111111111111111111111111111111111.\n")
    assert (
        "error[case-over] incident.toml says that the attack is ongoing"
        in run("lint", str(draft), "--case", str(case))[1]
    )
