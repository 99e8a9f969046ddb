"""A case file that is wrong says so, with file, line and key: an expert without Python must see what to mend."""

from pathlib import Path

import pytest

from tests.cases.blocks import (
    ACTIONS,
    ChainRow,
    Expect,
    ExpectAction,
    ExpectParty,
    LogRow,
    ReportRow,
    Setting,
    SheetRow,
)
from tests.cases.casebook import CaseError, read_case
from tests.cases.judging import differences
from tests.cases.staging import play

GOOD = """\
title = "One who typed a key"
from  = "an example"
why   = "Alice typed her phrase while the site was bad, so that she has to move to a new one."

[cast]
"alice" = "typed her phrase"
"thief" = "the known attacker"

[incident]
facts     = { last_known_good = 2026-03-04T09:00:00Z, first_known_good = 2026-03-04T15:00:00Z }
attackers = [{ who = "thief", role = "sink" }]

[[log]]
lines = '''
203.0.113.7 - - [04/Mar/2026:10:00:00 +0000] "POST /api/unlock/phrase?for={alice} HTTP/1.1" 200 99 "-" "Firefox"
'''

[[chain]]
who    = "alice"
did    = "holds"
amount = 2

[[expect]]
who      = "alice"
verdict  = "exposed"
harm     = "at_risk"
evidence = ["X1"]
at_risk  = "2 ETH"
"""


def write(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write the good case with some of its text changed."""
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "alice.toml"
    path.write_text(text)
    return path


def fault(folder: Path, *changes: tuple[str, str]) -> str:
    """Give what is said of the case with these changes."""
    with pytest.raises(CaseError) as caught:
        play(read_case(write(folder, *changes)), folder)
    return str(caught.value)


def test_a_good_case_is_read_and_holds(tmp_path: Path) -> None:
    """The lines go through the real ingest, and what came out is what was expected."""
    case = read_case(write(tmp_path))
    assert [] == differences(case, play(case, tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"exposed"', '"possible"', "alice: verdict is exposed (X1), must be possible"),
        ('"at_risk"', '"empty"', "alice: harm is at_risk, must be empty"),
        ('["X1"]', '["A1"]', "alice: evidence A1 is missing (there is X1)"),
        ("evidence = ", "no_evidence = ", "alice: evidence X1 must not be there"),
        ("evidence = ", "only_evidence = ['N4'] #", "alice: evidence is X1, must be N4"),
        ('"2 ETH"', '"3 ETH"', "alice: at_risk is 2 ETH, must be 3 ETH"),
        ("verdict  =", "listed = false #", "alice: must not be listed"),
        ("verdict  =", "link_to_incident = 'event' #", "alice: link_to_incident is logged, must be event"),
        ("verdict  =", "p_exposed_at_most = 0.1 #", "alice: p_exposed is 0.7056, must be at most 0.1"),
    ],
)
def test_every_difference_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    """A case that expects something else fails with a sentence on what is different."""
    case = read_case(write(tmp_path, (old, new)))
    assert [said] == differences(case, play(case, tmp_path))


def test_a_remedy_is_compared_by_its_words(tmp_path: Path) -> None:
    """Both what must be told and what must not."""
    case = read_case(write(tmp_path, ("verdict  =", "remedy = ['Revoke']\nno_remedy = ['phrase']\nverdict  =")))
    found = differences(case, play(case, tmp_path))
    assert ["alice: remedy must say 'Revoke'", "alice: remedy must not say 'phrase'"] == [
        text.partition(", and says")[0] for text in found
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("harm     =", "harms =", "alice.toml, line 26, expect[1].harms: there is no such key; did you mean 'harm'?"),
        ("amount =", "amuont =", "alice.toml, line 21, chain[1].amuont: there is no such key; did you mean 'amount'?"),
        ("[[log]]", "[[logs]]", "alice.toml, line 13, logs: there is no such key; did you mean 'log'?"),
        ("role =", "roll =", "alice.toml, line 11, incident.attackers[1].role: this is needed\nalice.toml, line 11, incident.attackers[1].roll: there is no such key; did you mean 'role'?"),
        ("who      = \"alice\"", "who = \"alcie\"", "alice.toml, line 24, expect[1].who: 'alcie' is not in [cast]; did you mean 'alice'?"),
        ("{alice}", "{alcie}", "alice.toml, line 14, log[1].lines: 'alcie' is not in [cast]; did you mean 'alice'?"),
        ('"holds"', '"hold"', "alice.toml, line 20, chain[1].did: 'hold' is not known here: write pays, approves, approves all, revokes, delegates, undelegates, holds, still allows, is; did you mean 'holds'?"),
        ('"exposed"', '"exposd"', "alice.toml, line 25, expect[1].verdict[1]: 'exposd' is not known here: write compromised, probable, exposed, possible, no_sign; did you mean 'exposed'?"),
        ('["X1"]', '["X11"]', "alice.toml, line 27, expect[1].evidence: there is no evidence code 'X11'; did you mean 'X1'?"),
        ("amount = 2", "amount = 2\nwhat = \"USDD\"", "alice.toml, line 22, chain[1].what: there is no token 'USDD' in this case; did you mean 'USDC'?"),
        ("amount = 2", "amount = 2\nto = \"thief\"", "alice.toml, line 22, chain[1].to: 'holds' has no to"),
        ("amount = 2", "", "alice.toml, line 18, chain[1]: 'holds' needs amount"),
        ("amount = 2", "amount = 2\ncrowd = 3", "alice.toml, line 22, chain[1].crowd: a crowd needs # in its name: it stands for the number of each"),
        ("15:00:00Z", "15:00:00", "alice.toml, line 10, incident.facts.first_known_good: 2026-03-04T15:00:00 has no zone: write 2026-03-04T15:00:00Z for UTC, or add its offset"),
    ],
)  # fmt: skip
def test_a_fault_names_file_line_and_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    """And what was meant, where something near to it is known."""
    assert said == fault(tmp_path, (old, new))


def test_a_line_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """Else its case would quietly be about nothing."""
    said = fault(
        tmp_path, ('"POST /api/unlock/phrase?for={alice} HTTP/1.1" 200', '"POST /api/unlock/phrase" two hundred')
    )
    assert said.startswith("alice.toml, line 13, log: a line cannot be read, ")


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """Nobody mends one and runs again, one by one."""
    assert 2 == len(fault(tmp_path, ("{alice}", "{alcie}"), ('["X1"]', '["X11"]')).splitlines())


def test_the_example_of_the_readme_holds(tmp_path: Path) -> None:
    """What people copy from must work."""
    text = Path(__file__).with_name("README.md").read_text()
    path = tmp_path / "example.toml"
    path.write_text(text.partition("```toml\n")[2].partition("```")[0])
    case = read_case(path)
    assert [] == differences(case, play(case, tmp_path))


def test_the_readme_explains_every_key() -> None:
    """And every action that a case knows by itself."""
    text = Path(__file__).with_name("README.md").read_text()
    models = (Setting, LogRow, ChainRow, ReportRow, SheetRow, Expect, ExpectParty, ExpectAction)
    keys = {name for model in models for name in model.model_fields} | {action.name for action in ACTIONS}
    assert [] == sorted(key for key in keys if f"`{key}" not in text and f"{key} =" not in text)
