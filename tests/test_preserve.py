"""What disappears first is saved first, and a file that arrived and changed is noticed."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from exposure.cli import app
from exposure.incident import Incident, LogSource
from exposure.incident_toml import load_incident
from exposure.preserve import checklist, choose, lines
from exposure.preserve_list import EVIDENCE, LEVELS

CASE = """
[incident]
name = "x"
title = "Malicious script on examplewallet.com"
vector = "{vector}"

[[logs]]
path = "logs/*.log"

[[action]]
name = "typed"
words = "typed"
exposure = "key"
match = {{ path = "^/typed" }}

[[chain]]
name = "ethereum"
rpc = ["http://127.0.0.1:9"]
"""
LINE = '203.0.113.7 - - [04/Mar/2026:09:12:00 +0000] "GET / HTTP/1.1" 200 612 "-" "Mozilla/5.0"\n'
SECTIONS = (
    "[[fact]]",
    "[[logs]]",
    "[[asset]]",
    "[[attacker]]",
    "[[report]]",
    "[[action]]",
    "[window]",
    "control",
    "vector",
)


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A case with one log."""
    (tmp_path / "incident.toml").write_text(CASE.format(vector="script"))
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_text(LINE)
    return tmp_path


def run(*arguments: object) -> tuple[int, str]:
    """Run the program; gives exit code and output."""
    result = CliRunner().invoke(app, [*map(str, arguments), "--now", "2026-03-05T10:00:00Z"], prog_name="exposure")
    return result.exit_code, result.stdout


def keys(vector: str, **more: object) -> list[str]:
    """Give the order of what to save in an incident of that kind."""
    incident = Incident.model_validate({"folder": Path(), "name": "x", "title": "X", "vector": vector, **more})
    return [item.evidence.key for item in choose(incident)]


def test_what_the_attack_points_to_comes_first() -> None:
    """A DNS hijack is proved by answers that are gone within minutes; an extension's versions matter to extensions alone."""
    assert keys("dns")[0] in ("dns", "payload")
    assert keys("dns").index("registrar") < keys("dns").index("cdn")
    assert keys("script").index("payload") < keys("script").index("origin")
    assert keys("package").index("package") < keys("package").index("dns")
    assert "extension" in keys("extension")
    assert "extension" not in keys("dns")
    assert len(EVIDENCE) == len(keys("unknown")) == len(set(keys("unknown")))


@pytest.mark.parametrize("one", EVIDENCE, ids=lambda one: one.key)
def test_everything_says_what_it_is_good_for_here(one: object) -> None:
    """A section of incident.toml that it fills; and a number of days is never given without saying to check."""
    item = next(known for known in EVIDENCE if known is one)
    assert any(section in item.use for section in SECTIONS)
    assert item.level in LEVELS
    assert "days" not in item.lost or "check" in item.lost


def test_logs_that_are_named_are_named_in_the_list() -> None:
    """So that people see whether all of it is there."""
    incident = Incident(
        folder=Path(), name="x", title="X", logs=(LogSource(path="cdn/*.gz"), LogSource(path="ga.csv", kind="events"))
    )
    told = "\n".join(lines(choose(incident)))
    assert "    named       cdn/*.gz: see that all of it is there" in told
    assert "    named       ga.csv: see that all of it is there" in told


def test_ticks_and_notes_stay_when_the_list_is_made_again() -> None:
    """People work it through for days, and the list may change with the incident."""
    first = checklist("X", choose(None), "")
    assert len(EVIDENCE) == first.count("- [ ] ")
    worked = first.replace("- [ ] **Error reports**", "- [X] **Error reports**")
    worked = worked.replace("<!-- cdn -->\n", "<!-- cdn -->\n  > done, 10:20 UTC: logs/cdn\n")
    again = checklist("X", choose(None), worked)
    assert "- [x] **Error reports** <!-- errors -->" in again
    assert "  > done, 10:20 UTC: logs/cdn\n" in again.split("<!-- cdn -->")[1].split("<!--")[0]
    assert again == checklist("X", choose(None), again)


def test_files_are_hashed_when_they_arrive_and_a_changed_one_is_said(case: Path) -> None:
    """Growth is no change; another content is, until a person has decided."""
    (case / "evidence").mkdir()
    (case / "evidence" / "app.js").write_text("bad()")
    code, out = run("preserve", case)
    assert 0 == code
    assert "hashed 2 files, 2 of them new" in out
    (case / "logs" / "a.log").write_text(LINE * 2)
    code, out = run("preserve", case)
    assert 0 == code
    assert "grew: logs/a.log" in out
    (case / "evidence" / "app.js").write_text("good()")
    (case / "logs" / "a.log").unlink()
    for _ in range(2):
        code, out = run("preserve", case)
        assert 1 == code
        assert (
            "needs a person: evidence/app.js is not the file that arrived 2026-03-05T10:00:00+00:00: its SHA-256 was "
            in out
        )
        assert "needs a person: logs/a.log, which arrived 2026-03-05T10:00:00+00:00, is gone." in out


def test_ingest_hashes_what_it_reads_and_says_what_changed(case: Path) -> None:
    """A log that was edited after it arrived is evidence of nothing."""
    code, out = run("ingest", case, "--json")
    assert 0 == code, out
    manifest = json.loads((case / "manifest.json").read_text())
    assert ["logs/a.log"] == list(manifest["inputs"])
    (case / "logs" / "a.log").write_text(LINE.replace("GET", "PUT"))
    code, out = run("ingest", case, "--json")
    assert 1 == code
    assert json.loads(out)["problems"][0].startswith("logs/a.log is not the file that arrived ")


def test_it_works_before_incident_toml_is_complete(tmp_path: Path) -> None:
    """Evidence does not wait: `exposure init`, then this."""
    run("init", tmp_path / "case")
    code, out = run("preserve", tmp_path / "case")
    assert 0 == code
    assert out.startswith("AT ONCE\n  A copy of what was served, with its hash\n")
    assert "incident.toml is not complete yet: this is the list for any kind of incident" in out
    assert (tmp_path / "case" / "preserve.md").read_text().startswith("# What to save first: case\n")


def test_machines_get_the_same(case: Path) -> None:
    """One object on stdout."""
    code, out = run("preserve", case, "--json")
    found = json.loads(out)
    assert (0, {"items", "list", "inputs", "new", "grown", "problems"}) == (code, set(found))
    assert [item.evidence.key for item in choose(load_incident(case))] == [item["key"] for item in found["items"]]
