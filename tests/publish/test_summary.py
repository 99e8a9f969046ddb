"""The answer in a few lines, for the terminal and for machines."""

import json
from datetime import timedelta
from pathlib import Path

from exposure.case import Case
from exposure.publish.facts import gather
from exposure.publish.summary import Summary, summarise, summary
from exposure.publish.texts.claims import check_claims
from tests.publish.scene import END, NOW, PHRASE, SINK, START, Scene


def sum_up(scene: Scene) -> Summary:
    """Sum up a scene."""
    tables, incident = scene.tables, scene.incident
    facts = gather(tables, incident, NOW)
    return summarise(tables, incident, facts, check_claims(facts), {"sheet": "case/sheet/affected.xlsx"})


def test_the_terminal_answers_who_what_when_lost_and_still_to_save(scene: Scene) -> None:
    """Every count has its denominator, every amount is exact, no sign is never called safe."""
    scene.key_incident().tell(status="resolved").wallet(60, did="", link_to_incident="chain_only", lost=10**18)
    scene.rows["coverage"][0]["rejected"] = 3
    assert sum_up(scene).lines() == [
        "Malicious script on examplewallet.com (examplewallet-2026-03): resolved, as of 2026-03-04 12:10:00 UTC",
        "who          10 compromised, 1 probable, 4 exposed, 1 possible, of 40 wallets",
        "             24 show no sign, which does not mean that they are safe",
        "X            entered_seed_phrase: 9 of 12 who did it were harmed (75 %, 55 % to 90 %)",
        "T1 key       2026-03-04 09:12:37 UTC (deploy log)",
        "T2 key       2026-03-04 10:40:05 UTC (asset's size)",
        "lost         10.100000000000000028 ETH; 2.5 USDC (0xa0b8…a0b8)",
        "elsewhere    1 ETH, from 1 wallet that nothing ties to this incident",
        "to save      50.4 ETH, in 5 wallets",
        "attackers    1 confirmed, 0 discovered",
        "not seen     3 of 9,000 lines could not be read, in 1 of 1 log sources (table rejects)",
        'believed     the texts say "we believe", since these claims did not pass: over',
        "sheet        case/sheet/affected.xlsx",
    ]


def test_what_is_not_known_is_said(scene: Scene) -> None:
    """No X, no bounds, no losses: each line says so instead of leaving a gap."""
    bad = {"kind": "first_bad", "time": START, "source": "deploy log"}
    lines = sum_up(scene.tell(facts=(bad,), status="contained", chains=())).lines()
    assert lines[3:8] == [
        "X            not known",
        "T1 key       not bounded; it had begun by 2026-03-04 09:12:37 UTC",
        "T2 key       not bounded",
        "lost         nothing that is known",
        "to save      nothing that is known",
    ]


def test_an_x_that_cannot_be_told_names_the_candidates(scene: Scene) -> None:
    """The line does not choose for the reader."""
    scene.key_incident()
    scene.rows["attack_rates"].clear()
    assert sum_up(scene.rate(PHRASE["name"], "cannot_tell")).lines()[3] == (
        "X            cannot be told: it may be entered_seed_phrase"
    )


def test_while_it_goes_on_the_end_is_open(scene: Scene) -> None:
    """There is no T2 during the attack."""
    assert sum_up(scene.key_incident()).lines()[5] == "T2 key       still open"


def test_machines_get_exact_amounts_as_strings(scene: Scene) -> None:
    """JSON numbers lose wei."""
    data = json.loads(json.dumps(sum_up(scene.key_incident()).to_json()))
    assert data["lost"][0]["value"] == "10100000000000000028"
    assert data["verdicts"] == {"compromised": 9, "probable": 1, "exposed": 4, "possible": 1, "no_sign": 24}
    assert data["windows"][0]["t1"] == "2026-03-04T09:12:37+00:00"
    assert data["attackers"][0]["address"] == SINK


def test_a_hostile_symbol_is_not_shown(scene: Scene) -> None:
    """A token's name is anyone's text: one that is not a plain short word is left out, and the contract stands there."""
    scene.key_incident()
    scene.rows["tokens"][1]["symbol"] = "visit evil.com"
    assert sum_up(scene).lines()[6] == "lost         10.100000000000000028 ETH; 2.5 unnamed token (0xa0b8…a0b8)"


def test_unknown_decimals_are_said(scene: Scene) -> None:
    """A token that does not answer has base units, never a guess."""
    scene.key_incident()
    scene.rows["tokens"][1]["decimals"] = None
    assert "2,500,000 base units of USDC (0xa0b8…a0b8)" in sum_up(scene).lines()[6]


def test_a_case_at_any_stage_can_be_summed_up(scene: Scene) -> None:
    """Nothing was read yet."""
    found = summary(Case(scene.folder), scene.incident)
    assert (found.wallets, found.lost, found.paths) == (0, (), {})


def test_results_that_are_there_are_named(scene: Scene, tmp_path: Path) -> None:
    """A path is shown once its file is there."""
    case = Case(tmp_path)
    case.report.mkdir()
    (case.report / "index.html").write_text("x")
    assert summary(case, scene.incident).paths == {"report": str(tmp_path / "report" / "index.html")}


def test_many_holes_are_cut_and_counted(scene: Scene) -> None:
    """The last screen stays short, and says what it leaves out."""
    scene.key_incident()
    for number in range(9):
        row = {
            "layer": "lines",
            "first": START - timedelta(days=9),
            "last": END + timedelta(days=1),
            "note": f"n{number}",
        }
        scene.add("coverage", source=f"{number:08x}", **row)
    lines = sum_up(scene).lines()
    assert "not seen     and 3 more limits: see the report" in lines
