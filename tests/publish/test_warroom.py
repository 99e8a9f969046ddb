"""The war room's line, and what each missing fact would change."""

from exposure.publish.facts import gather
from exposure.publish.texts.standing import standing
from exposure.publish.texts.warroom import missing_facts, war_room_line
from tests.publish.scene import ADVICE, END, NOW, PHRASE, START, Scene
from tests.publish.test_advise import fill

MANIFEST = {"as_of": {"chains": {"1": {"number": 24_583_112}}}}


def line(scene: Scene, files: int | None = 23, sheet: str | None = "case/sheet/affected.xlsx") -> str:
    """Write the line of a scene."""
    facts = gather(scene.tables, scene.incident, NOW)
    return war_room_line(scene.tables, scene.incident, facts, MANIFEST, files, sheet)


def missing(scene: Scene) -> dict[str, str]:
    """List what is missing, by key."""
    found = missing_facts(scene.tables, scene.incident, gather(scene.tables, scene.incident, NOW))
    return {item.key: item.change for item in found}


def test_one_line_says_where_the_case_stands(scene: Scene) -> None:
    """Logs of how many, the chain's block, wallets, what can still be saved, the sheet, the next update."""
    assert line(scene.key_incident()) == (
        "Logs 1 of 23 files; ethereum to block 24,583,112; 39 wallets, 10 drained, 5 can still be saved; "
        "sheet: case/sheet/affected.xlsx; next update due 13:15 UTC"
    )


def test_the_line_comes_before_anything_was_read(scene: Scene) -> None:
    """Nothing is known, and it says so."""
    case = fill(scene.tell(advice={}))
    told, _ = standing(case, scene.incident, NOW)
    assert told == (
        "No logs; ethereum not asked yet; 0 wallets, 0 drained, 0 can still be saved; no sheet yet; "
        "no time named for the next update"
    )


def test_a_missing_start_says_whom_it_frightens(scene: Scene) -> None:
    """Without T1 the texts say "at any time": the deploy log would end that."""
    scene.key_incident()
    scene.rows["windows"].clear()
    change = missing(scene.window(start=None))['[[fact]] kind = "last_known_good"']
    assert change == (
        'the texts could say since when (it describes 15 wallets now); now they say "at any time"; '
        "it was there at 2026-03-04 09:12:37 UTC"
    )


def test_what_is_given_is_not_missing(scene: Scene) -> None:
    """Every key of [advice], both bounds, the cache: what remains is what really is."""
    good = {"kind": "last_known_good", "time": START, "source": "deploy log"}
    over = {"kind": "first_known_good", "time": END, "source": "deploy log"}
    cleared = PHRASE | {"name": "looked", "exposure": "none", "cleared_by": "R. Reader", "cleared_why": "read"}
    scene.key_incident().tell(status="resolved", control="regained", facts=(good, over), window={"cache": "4h"})
    scene.tell(actions=(PHRASE, cleared), logs=({"path": "logs/*.gz"},))
    assert missing(scene) == {}


def test_each_key_of_advice_says_what_it_would_change(scene: Scene) -> None:
    """One line a key."""
    told = missing(scene.key_incident().tell(advice={}))
    assert all(f"[advice] {key}" in told for key in ADVICE)
