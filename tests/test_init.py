"""A case starts with one command, asking nothing."""

import re
from pathlib import Path

import pytest

from exposure.errors import ExposureError
from exposure.incident_toml import load_incident
from exposure.init import init_case

SINK, VICTIM, TX = "0x" + "11" * 20, "0x" + "22" * 20, "0x" + "33" * 32


def test_one_attacker_and_one_victim_make_a_case_that_runs(tmp_path: Path) -> None:
    """`exposure init --attacker --victim --tx` needs no further edit."""
    init_case(tmp_path / "case", [SINK], [VICTIM], [TX])
    incident = load_incident(tmp_path / "case")
    assert (SINK, VICTIM, TX) == (incident.attackers[0].address, incident.reports[0].address, incident.reports[0].tx)


def test_every_key_that_is_explained_in_a_comment_is_a_real_one(tmp_path: Path) -> None:
    """Who uncomments all of the example gets a case that validates."""
    init_case(tmp_path, [SINK], [VICTIM], [])
    text = (tmp_path / "incident.toml").read_text()
    (tmp_path / "incident.toml").write_text(re.sub(r"^# (?=\S+ *=|\[)", "", text, flags=re.MULTILINE))
    incident = load_incident(tmp_path)
    assert ("entered_seed_phrase", "logs/*.log.gz") == (incident.actions[0].name, incident.logs[0].path)


def test_a_case_is_never_overwritten(tmp_path: Path) -> None:
    """What the team wrote down stays."""
    init_case(tmp_path, [], [], [])
    with pytest.raises(ExposureError) as raised:
        init_case(tmp_path, [], [], [])
    assert (
        f"{tmp_path}/incident.toml is there already\n  why: init never overwrites a case\n"
        "  fix: edit it, or name another folder"
    ) == str(raised.value)


def test_an_address_that_is_not_one_is_an_error(tmp_path: Path) -> None:
    """A mistyped attacker would send the search the wrong way."""
    with pytest.raises(ExposureError) as raised:
        init_case(tmp_path, ["0x123"], [], [])
    assert (
        "--attacker is not usable\n  why: '0x123' is not an address: write 0x and 40 hex digits\n"
        "  fix: give --attacker once for each, and check what was copied"
    ) == str(raised.value)
