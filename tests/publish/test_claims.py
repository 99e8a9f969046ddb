"""Claims: each is checked on the data, and what contradicts it is listed."""

from datetime import timedelta

from exposure.incident import Fact
from exposure.publish.facts import gather
from exposure.publish.texts.claims import Check, Checks, check_claims, problems, worst
from tests.publish.scene import END, HARDWARE, NOW, PHRASE, SINK, START, Scene, wallet_address


def check(scene: Scene) -> Checks:
    """Check a scene."""
    return check_claims(gather(scene.tables, scene.incident, NOW))


def test_every_confirmed_victim_fits(scene: Scene) -> None:
    """The claim passes, and says whom else the condition describes."""
    found = check(scene.key_incident())["condition"]
    assert (found.result, found.rows) == ("passed", ())
    assert found.note == (
        "9 of 9 confirmed victims fit, 0 do not, 0 cannot be told; it describes 15 wallets, 5 of them without harm so far"
    )


def test_a_confirmed_victim_outside_the_window_is_listed(scene: Scene) -> None:
    """It did X two hours before T1: the claim fails, names it with its log line, and needs a person."""
    checks = check(scene.key_incident().wallet(90, at=START - timedelta(hours=2), lost=10**18))
    assert checks["condition"].result == "failed"
    assert checks["condition"].rows == (
        {
            "address": wallet_address(90),
            "verdict": "compromised",
            "why": "did entered_seed_phrase at 2026-03-04 07:12:37 UTC, outside the published window",
            "ref": "log:0a1b2c3d:190",
        },
    )
    assert problems(checks) == [
        f"1 confirmed victim lies outside what the texts say ({wallet_address(90)}): see advisory/claims.json"
    ]


def test_a_confirmed_victim_who_did_something_else_is_listed(scene: Scene) -> None:
    """X is not what this one did."""
    checks = check(scene.key_incident().wallet(90, did=HARDWARE["name"], lost=10**18))
    assert [row["why"] for row in checks["condition"].rows] == [
        "was seen doing connected_hardware_wallet at 2026-03-04 09:55:37 UTC, which the condition does not name"
    ]


def test_a_deed_that_no_sentence_names_is_not_covered_by_another_one_of_that_time(scene: Scene) -> None:
    """Two hours before, it did X; within, something that the rates rule out: its owner reads nothing that is true of them."""
    keystore = PHRASE | {"name": "uploaded_keystore", "words": "uploaded a keystore file"}
    scene.key_incident().tell(actions=(PHRASE, keystore)).rate("uploaded_keystore", "no", 9, 1)
    scene.wallet(90, did=f"{PHRASE['name']}, uploaded_keystore", at=None, first_exposed=START, lost=10**18)
    seen = {"address": wallet_address(90), "link": "direct", "strength": 0.98, "client": "c", "session": "s"}
    scene.add("sightings", **seen, action=PHRASE["name"], time=START - timedelta(hours=2), ref="log:0a1b2c3d:1")
    scene.add("sightings", **seen, action="uploaded_keystore", time=START, ref="log:0a1b2c3d:2")
    assert [row["address"] for row in check(scene)["condition"].rows] == [wallet_address(90)]


def test_the_edge_of_the_rounded_window_is_inside(scene: Scene) -> None:
    """What is published is 09:00 to 10:45, so a victim at 09:00:00 fits."""
    scene.key_incident().tell(status="resolved")
    scene.wallet(90, at=START.replace(minute=0, second=0), lost=1).wallet(
        91, at=END.replace(minute=45, second=0), lost=1
    )
    assert check(scene)["condition"].result == "passed"
    assert check(scene.wallet(92, at=END.replace(minute=45, second=1), lost=1))["condition"].result == "failed"


def test_a_weak_tie_proves_and_contradicts_nothing(scene: Scene) -> None:
    """A sighting through a crowded client does not tell whether this wallet's owner did X."""
    checks = check(scene.key_incident().wallet(90, strength=0.1, link="session", lost=1))
    assert checks["condition"].result == "passed"
    assert "9 of 10 confirmed victims fit, 0 do not, 1 cannot be told" in checks["condition"].note


def test_a_victim_of_the_same_attacker_elsewhere_does_not_count(scene: Scene) -> None:
    """One drainer runs on many sites: who was harmed elsewhere does not lie outside our condition."""
    checks = check(scene.key_incident().wallet(90, did="", link_to_incident="chain_only", lost=1))
    assert checks["condition"].result == "passed"


def test_a_report_that_says_nothing_cannot_be_told(scene: Scene) -> None:
    """Only an address was reported."""
    scene.key_incident().wallet(90, did="", link_to_incident="reported", lost=1)
    scene.add("sightings", address=wallet_address(90), link="report", strength=0.9, ref="report:1", time=START)
    assert check(scene)["condition"].result == "passed"


def test_no_victim_yet_means_not_checked(scene: Scene) -> None:
    """Nothing contradicts the condition, but nothing backs it either."""
    checks = check(scene.window())
    assert (checks["condition"].result, checks["x:key:unknown"].result) == ("not_checked", "not_checked")


def test_an_attacker_that_everyone_uses_is_questioned(scene: Scene) -> None:
    """The team named an exchange as attacker: the data says so."""
    scene.key_incident().add(
        "sinks", chain_id=1, address=SINK, role="sink", known=True, victims=3, controls=40, verdict="ordinary"
    )
    assert problems(check(scene)) == [f"named as attacker, but unexposed wallets use it too: {SINK}"]


def test_a_veto_of_a_cleared_action_needs_a_person(scene: Scene) -> None:
    """A named person vouched for it, and a harmed wallet did nothing else."""
    scene.key_incident().tell(actions=(PHRASE, HARDWARE)).wallet(91, "probable", HARDWARE["name"], lost=1)
    assert problems(check(scene)) == [
        (
            "the texts do not call connected_hardware_wallet safe: vouched for by R. Reader: the script reads what is typed into "
            "the page, and a hardware wallet types nothing there; but 1 harmed wallet did it without surely fitting the "
            "condition, or the rates call it X"
        )
    ]


def test_an_action_thought_harmless_that_is_x_needs_a_person(scene: Scene) -> None:
    """The rates call it X: incident.toml is wrong."""
    hover = {"name": "connected", "words": "connected", "exposure": "none", "match": {"path": "x"}}
    scene.key_incident().tell(actions=(PHRASE, hover)).rate("connected", "yes")
    assert problems(check(scene)) == [
        (
            "the data calls an action X that was thought harmless (connected: yes; but incident.toml says that it exposes "
            "nobody: read the malicious code again, and set its exposure)"
        )
    ]


def test_a_sentence_is_as_proven_as_its_weakest_claim() -> None:
    """One failed check fails the sentence."""
    passed, failed = Check("a", "", "passed"), Check("b", "", "failed")
    unchecked = Check("c", "", "not_checked")
    assert [worst([passed, unchecked]), worst([unchecked, failed, passed]), worst([])] == [
        "not_checked",
        "failed",
        "passed",
    ]


def test_a_victim_whose_owner_did_x_with_another_wallet_is_described(scene: Scene) -> None:
    """The text speaks to owners: two wallets under one phrase are lost together, though one request names one of them."""
    scene.key_incident().wallet(90, did="viewed_balance", first_exposed=START + timedelta(minutes=3), lost=10**18)
    assert () == check(scene)["condition"].rows


def window_results(checks: Checks) -> set[str]:
    """Give the results of all checks of bounds."""
    return {check.result for name, check in checks.items() if name.startswith("window:")}


def test_a_fact_that_the_logs_contradict_fails_the_window(scene: Scene) -> None:
    """The files show the bad one until an hour after the first known good: a person must settle which is wrong."""
    over = Fact(kind="first_known_good", time=END - timedelta(hours=1), source="deploy log")
    scene.key_incident().tell(facts=(over,), status="resolved")
    assert window_results(check(scene)) == {"passed"}
    scene.add(
        "windows", window_id="w1", method="asset", bound="T2", estimate=END, earliest=END, latest=END, reason="size"
    )
    checks = check(scene)
    assert window_results(checks) == {"failed"}
    assert problems(checks) == [
        (
            f"first_known_good {over.time:%Y-%m-%d %H:%M:%S} UTC contradicts the logs, where the malicious file was served until "
            f"{END:%Y-%m-%d %H:%M:%S} UTC: one of the two is wrong (zone? date? timezone of [[logs]]? bytes of [[asset]]?): mend it in "
            "incident.toml; until then it is no bound, and the texts take the wider one"
        )
    ]


def test_a_contradiction_among_facts_is_named_before_anything_was_assessed(scene: Scene) -> None:
    """No table yet: the site was detected as bad before it was last known good."""
    heard = Fact(kind="detected", time=START, source="ticket")
    scene.tell(facts=(heard, Fact(kind="last_known_good", time=END, source="deploy log")))
    facts = gather(scene.tables, scene.incident, NOW)
    assert [condition.t1 for condition in facts.conditions] == [None]
    assert "last_known_good" in problems(check_claims(facts))[0]


def test_a_window_that_ends_before_it_begins_fails(scene: Scene) -> None:
    """Whatever wrote it."""
    checks = check(scene.window(END, START).tell(status="resolved"))
    assert window_results(checks) == {"failed"}
    assert problems(checks) == [
        (
            f"T1 {END:%Y-%m-%d %H:%M:%S} UTC does not lie before T2 {START:%Y-%m-%d %H:%M:%S} UTC: one of the two times is wrong "
            "(zone? date?)"
        )
    ]
