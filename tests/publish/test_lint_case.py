"""Rules that hold a text against the case: the window, what goes on, kinds of harm, counts, addresses."""

from datetime import timedelta

import pytest

from exposure.publish.lint.draft import Draft
from exposure.publish.lint.judge import lint, rules
from tests.publish.scene import HARDWARE, NOW, PHRASE, SINK, SPENDER, START, Scene, case_ground, wallet_address

VIEWED = HARDWARE | {"name": "viewed_portfolio", "words": "viewed your portfolio", "match": {"path": "^/api/portfolio"}}


def found(scene: Scene, text: str) -> list[tuple[str, str]]:
    """Judge a text against a scene: rule and message of what needs a case."""
    return [(f.rule, f.message) for f in lint(Draft(text, case_ground(scene))) if rules()[f.rule].needs_case]


@pytest.mark.parametrize("name", [name for name, rule in rules().items() if rule.needs_case])
def test_each_rule_strikes_its_bad_example_and_spares_its_good_one(name: str, scene: Scene) -> None:
    """The examples of `--explain`, on the key incident that they speak of; it is ongoing."""
    ground = case_ground(scene.key_incident())
    assert name in {f.rule for f in lint(Draft(rules()[name].bad, ground))}
    assert name not in {f.rule for f in lint(Draft(rules()[name].good, ground))}


def test_a_start_later_than_the_data_leaves_victims_out(scene: Scene) -> None:
    """The first exposure is at 09:12:37: a text that begins at 09:15 loses whoever came before, in any zone."""
    scene.key_incident().tell(status="resolved")
    text = "If you entered your recovery phrase on examplewallet[.]com between {} on Wednesday 4 March 2026, move everything."
    late = [("case-window", "later than the start that the data shows: victims before it are left out")]
    assert late == found(scene, text.format("09:15 and 10:45 UTC"))
    assert late == found(scene, text.format("04:15 and 05:45 EST"))
    assert [] == found(scene, text.format("09:12 and 10:45 UTC"))
    assert [("case-window", "earlier than the end that the data shows: victims after it are left out")] == found(
        scene, text.format("09:00 and 10:40 UTC")
    )


def test_the_day_of_a_window_counts(scene: Scene) -> None:
    """The right clock on the wrong day is the wrong window."""
    scene.key_incident().tell(status="resolved")
    text = "If you entered your recovery phrase there between 09:00 and 10:45 UTC on Thursday 5 March 2026, move everything."
    assert "case-window" in {rule for rule, _ in found(scene, text)}


def test_the_time_of_detection_is_told_from_the_start(scene: Scene) -> None:
    """The case knows when it was detected; a text that begins there is told so."""
    detected = START + timedelta(minutes=48, seconds=23)
    scene.key_incident().tell(facts=({"kind": "detected", "time": detected, "source": "ticket 1"},))
    text = "If you entered your recovery phrase there at any time since 10:01 UTC on Wednesday 4 March 2026, move everything."
    findings = lint(Draft(text, case_ground(scene)))
    assert "the case says that this is when it was detected" in {f.message for f in findings}


def test_both_kinds_of_harm_are_asked_for(scene: Scene) -> None:
    """A mixed incident whose text speaks of signatures alone leaves those out who typed their phrase."""
    text = "If you confirmed an approval there at any time since 09:00 UTC on Wednesday 4 March 2026, revoke it: {}."
    assert ("case-exposure", "the data shows that secrets were typed or taken, and the text does not say so") in found(
        scene.mixed_incident(), text.format(SPENDER)
    )


def test_every_spender_is_named_and_no_stranger(scene: Scene) -> None:
    """Whoever is told to revoke gets all addresses, and no one else's."""
    scene.approval_incident()
    text = "If you confirmed an approval there since 09:00 UTC on Wednesday 4 March 2026, revoke it for {}. It is still going on, and we post every update at {}."
    links = "https://status.example/incident, where all is told that does not stand here, in full and with each chain by its name"
    assert [] == found(scene, text.format(SPENDER, links))
    stranger = "0x" + "12" * 20
    assert {"case-address"} == {rule for rule, _ in found(scene, text.format(stranger, links))}


def test_counts_are_those_of_this_site(scene: Scene) -> None:
    """At least nine is right, at least seven is true as well; 212 is nobody's count."""
    scene.key_incident()
    assert [] == found(scene, "So far we know of at least 9 wallets from which assets were taken.")
    assert [] == found(scene, "So far we know of at least 7 wallets from which assets were taken.")
    assert [("case-count", "no count of the case is 212")] == found(scene, "So far we know of at least 212 wallets.")


def test_not_affected_needs_a_person_and_no_veto(scene: Scene) -> None:
    """A cleared action may be called so; the same words without a person, or against the data, may not."""
    text = "If you viewed your portfolio on examplewallet[.]com, you are not affected."
    told = [("case-not-affected", "no cleared action of the case allows this")]
    assert told == found(Scene(scene.folder).key_incident(), text)
    assert [] == found(Scene(scene.folder).key_incident().tell(actions=(PHRASE, VIEWED)), text)
    vetoed = (
        Scene(scene.folder)
        .key_incident()
        .tell(actions=(PHRASE, VIEWED))
        .wallet(77, did=VIEWED["name"], lost=10**18, first_exposed=None)
    )
    assert told == found(vetoed, text)


def test_a_victims_address_never_stands_in_a_text(scene: Scene) -> None:
    """The attacker's may, a wallet of the case may not."""
    scene.key_incident()
    assert [] == found(scene, f"The attacker's address is {SINK}.")
    assert ["case-victim"] == [rule for rule, _ in found(scene, f"Among the victims is {wallet_address(3)}.")]


def test_control_and_the_end_are_those_of_incident_toml(scene: Scene) -> None:
    """Words like "resolved" while it goes on, and "ours again" while it is not, send people back to the attacker."""
    scene.key_incident()
    text = "We have resolved the incident and regained control of our domain."
    assert {"case-over"} == {rule for rule, _ in found(scene, text)}
    assert [] == found(scene.tell(status="resolved", control="regained"), text)
    assert NOW > START
