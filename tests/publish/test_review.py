"""Review: a second person, one text, one set of facts; any change voids it where people see it."""

import getpass
import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from exposure.cli import app
from exposure.publish.check.write import write_check
from exposure.publish.texts.advise import advise
from exposure.publish.texts.review import Standing, by_message, same_person, usable_name
from tests.publish.scene import NOW, PHRASE, Scene
from tests.publish.test_advise import fill

TOML = """
[incident]
name = "examplewallet-2026-03"
title = "Malicious script on examplewallet.com"
site = ["examplewallet.com"]
control = "lost"
[[action]]
name = "entered_seed_phrase"
words = "entered your recovery phrase"
exposure = "key"
match = { method = "POST", path = "^/api/unlock" }
[[attacker]]
address = "0x%s"
role = "sink"
[[chain]]
name = "ethereum"
data = "chain-export"
[advice]
support = "help@team.example"
source = "https://status.example/incident"
guide = "https://help.example/new-wallet"
signer = "ExampleWallet security team"
next_update = "60m"
""" % ("bad1" * 10)


# The messages of an incident that goes on.
UNREAD = "amplify, banner, email, initial, reply, support, update"


def run(*arguments: str) -> tuple[int, str, str]:
    """Run a command; gives its exit code, stdout and stderr."""
    result = CliRunner().invoke(app, list(arguments), prog_name="exposure")
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def case(scene: Scene) -> Scene:
    """A key incident whose texts are written."""
    scene.key_incident()
    advise(fill(scene), scene.incident)
    (scene.folder / "incident.toml").write_text(TOML)
    return scene


def test_nothing_is_reviewed_at_first_and_advise_says_so(scene: Scene) -> None:
    """Those whose time has not come are not among them; none of it holds anything up."""
    figures = advise(fill(scene.key_incident()), scene.incident)
    assert (UNREAD, False) == (figures["unreviewed"], figures["needs_person"])


def test_a_second_person_reads_and_it_is_recorded(case: Scene) -> None:
    """Name, time, and the hashes of text and facts, of each file; then advise no longer lists the message."""
    code, out, _ = run("review", str(case.folder), "initial", "--by", "Ada Lovelace", "--now", "2026-03-04T12:30:00Z")
    assert 0 == code
    assert "initial.md: read by Ada Lovelace, 2026-03-04 12:30 UTC; any change voids this\n" in out
    rows = json.loads((case.folder / "advisory" / "review.json").read_text())["reviews"]
    assert {file.name for file in (case.folder / "advisory").glob("initial.*")} == {row["file"] for row in rows}
    kept = next(row for row in rows if row["file"] == "initial.md")
    assert ("Ada Lovelace", "2026-03-04T12:30:00+00:00") == (kept["by"], kept["time"])
    assert {64} == {len(kept["text_sha256"]), len(kept["facts_sha256"])}
    assert UNREAD.replace("initial, ", "") == advise(fill(case), case.incident)["unreviewed"]
    assert "initial.md: reviewed by Ada Lovelace at 2026-03-04 12:30 UTC\n" in run("review", str(case.folder))[1]


def test_a_changed_word_voids_it_visibly(case: Scene) -> None:
    """One letter by hand: the list says void, and the exit code is 1."""
    run("review", str(case.folder), "initial", "--by", "Ada Lovelace", "--now", "2026-03-04T12:30:00Z")
    file = case.folder / "advisory" / "initial.md"
    file.write_text(file.read_text().replace("10:45", "10:40") + "\n")
    told = "initial.md: its review by Ada Lovelace at 2026-03-04 12:30 UTC is void, since the text changed: it must be read again\n"
    code, out, _ = run("review", str(case.folder))
    assert (1, True) == (code, told in out)


def test_a_changed_fact_voids_it_though_the_text_is_the_same(case: Scene) -> None:
    """A victim who lies outside, seen by no sentence of this message, was not known to the reviewer; advise needs a person."""
    run("review", str(case.folder), "initial", "--by", "Ada Lovelace", "--now", "2026-03-04T12:30:00Z")
    text = (case.folder / "advisory" / "initial.md").read_bytes()
    case.wallet(60, "exposed", at=NOW - timedelta(hours=2))
    figures = advise(fill(case), case.incident)
    assert text == (case.folder / "advisory" / "initial.md").read_bytes()
    assert figures["problems"] == [
        "initial: its review by Ada Lovelace at 2026-03-04 12:30 UTC is void, since the facts behind it changed: it must be read again"
    ]
    assert (figures["unreviewed"], figures["needs_person"]) == (UNREAD, True)
    assert json.loads((case.folder / "advisory" / "claims.json").read_text())["problems"] == figures["problems"]


@pytest.mark.parametrize("by", [getpass.getuser(), "grace hopper", "Grace  Hopper.", "EXAMPLEWALLET security-team"])
def test_the_author_is_not_the_reviewer(case: Scene, by: str) -> None:
    """Neither the account that wrote the file, nor who is named as author, nor the signer; case and dots do not help."""
    code, _, err = run("review", str(case.folder), "initial.md", "--by", by, "--author", "Grace Hopper")
    assert 2 == code
    assert "cannot review initial.md\nwhy    whoever wrote a text reads what they meant, not what it says\n" in err
    assert not (case.folder / "advisory" / "review.json").exists()


def test_what_is_not_ready_or_not_there_cannot_be_reviewed(case: Scene) -> None:
    """A message whose time has not come, an unknown one, no name, a name of nothing."""
    assert "error  resolved is not ready" in run("review", str(case.folder), "resolved", "--by", "Ada")[2]
    assert "error  there is no message letter" in run("review", str(case.folder), "letter", "--by", "Ada")[2]
    assert "error  there is no message review.json" in run("review", str(case.folder), "review.json", "--by", "Ada")[2]
    assert "error  nobody is named who has read it" in run("review", str(case.folder), "initial")[2]
    assert "error  --by is not usable" in run("review", str(case.folder), "initial", "--by", " \u202e ")[2]


def test_what_lint_finds_is_shown_to_the_reviewer(case: Scene) -> None:
    """A text that was changed by hand: the error stands before the record, and the exit code is 1."""
    file = case.folder / "advisory" / "initial.md"
    file.write_text(file.read_text() + "\nAll other users are safe.\n")
    code, out, _ = run("review", str(case.folder), "initial", "--by", "Ada Lovelace")
    assert 1 == code
    assert "error[unproven-all] no data shows that the others are safe" in out


def test_a_damaged_record_is_said(case: Scene) -> None:
    """Three sentences, no traceback."""
    (case.folder / "advisory" / "review.json").write_text("[]")
    code, _, err = run("review", str(case.folder), "initial", "--by", "Ada")
    assert 2 == code
    assert "why    it does not hold the reviews that `exposure review` writes" in err


def test_names_are_compared_as_people_read_them() -> None:
    """Accents, case and spaces do not make two people; an invisible name is none."""
    assert same_person("José  Núñez", "jose nunez")
    assert not same_person("Ada", "Grace")
    assert not same_person("...", "---")
    assert usable_name("  Ada   Lovelace ") == "Ada Lovelace"
    with pytest.raises(ValueError, match="at most 80"):
        usable_name("a" * 81)
    assert PHRASE["exposure"] == "key"


def test_a_message_is_as_reviewed_as_its_least_reviewed_file() -> None:
    """One post of a message that nobody has read is a message that nobody has read."""
    read = Standing("initial.md", "reviewed")
    assert ["initial: reviewed"] == [f"{one.file}: {one.state}" for one in by_message([read])]
    unread, stale = Standing("initial.x.txt", "unreviewed"), Standing("initial.cap.xml", "void")
    assert ["unreviewed"] == [one.state for one in by_message([read, unread])]
    assert ["void"] == [one.state for one in by_message([read, stale, unread])]


def test_the_public_page_is_a_draft_until_its_text_was_read(case: Scene) -> None:
    """The command ends with 1 and the page says it at its top; once the text was read, neither does."""
    folder, page = str(case.folder), case.folder / "check" / "index.html"
    now = ("--now", "2026-03-04T12:30:00Z")
    run("advise", folder, *now)
    code, out, _ = run("check", folder, *now)
    assert 1 == code
    assert "needs a person: check/ is a draft, and says so: initial.md, whose words it says, was not reviewed. " in out
    assert "Draft: not for the public." in page.read_text()
    run("review", folder, "initial", "--by", "Ada Lovelace", *now)
    code, out, _ = run("check", folder, *now)
    assert (0, True) == (code, "review reviewed" in out)
    assert "Draft" not in page.read_text()


def test_another_fact_makes_the_public_page_a_draft_again(case: Scene) -> None:
    """What was read is not what the page says now: also in a run, where a text that nobody has read yet is no problem."""
    write_check(fill(case), case.incident)
    assert [] == write_check(fill(case), case.incident)["problems"]
    run("review", str(case.folder), "initial", "--by", "Ada Lovelace", "--now", "2026-03-04T12:30:00Z")
    case.wallet(80, lost=10**18)
    figures = write_check(fill(case), case.incident)
    assert "void" == figures["review"]
    changed = "its review by Ada Lovelace at 2026-03-04 12:30 UTC is void, since the text and facts behind it changed"
    assert any(changed in problem for problem in figures["problems"])  # type: ignore[attr-defined]
    assert "Draft: not for the public." in (case.folder / "check" / "index.html").read_text()


def test_a_page_cannot_say_something_else_than_the_text_that_was_read(case: Scene) -> None:
    """A person changed the text and had it read; the page, which is made from the facts, does not say that: it is a draft."""
    file = case.folder / "advisory" / "initial.md"
    file.write_text(file.read_text().replace("recovery phrase", "password"))
    run("review", str(case.folder), "initial", "--by", "Ada Lovelace")
    figures = write_check(fill(case), case.incident, to_publish=True)
    assert ("void", 2) == (figures["review"], len(figures["problems"]))  # type: ignore[arg-type]
    assert "Draft: not for the public." in (case.folder / "check" / "index.html").read_text()


def test_a_page_of_an_older_text_is_named_among_the_reviews(case: Scene) -> None:
    """Nobody ran `exposure check` since: what lies in check/ says what was true before."""
    write_check(fill(case), case.incident)
    advise(fill(case.tell(status="contained", control="regained")), case.incident)
    code, out, _ = run("review", str(case.folder))
    assert 1 == code
    assert "check/index.html: says something else than initial.md does now: run `exposure check`\n" in out
