"""Facts: what the tables allow a text to use."""

from datetime import timedelta

from exposure.publish.enemies import Enemy
from exposure.publish.facts import gather
from exposure.publish.texts.alarms import NOTHING_SHOWN, unshown_attack
from tests.publish.scene import END, NOW, PHRASE, SINK, SPENDER, START, Scene, wallet_address


def test_nothing_known_gives_facts_that_claim_nothing(scene: Scene) -> None:
    """Empty tables are no error: no condition, both remedies, no count."""
    facts = gather(scene.tell(actions=(), chains=()).tables, scene.incident, None)
    assert facts.conditions == ()
    assert facts.remedies == ("key", "approval")
    assert (facts.counts.taken_from, facts.counts.elsewhere, facts.lost) == (0, 0, ())


def test_published_bounds_are_the_outer_ends(scene: Scene) -> None:
    """T1 is the earliest and T2 the latest of the published rows; the estimate is not published."""
    scene.key_incident().tell(status="resolved")
    (condition,) = gather(scene.tables, scene.incident, NOW).conditions
    assert (condition.t1, condition.t2, condition.is_x) == (START, END, "yes")


def test_without_an_assessment_a_first_bad_sighting_is_no_bound(scene: Scene) -> None:
    """It was bad by then; when it began, nobody knows. Detection says even less."""
    bad = {"kind": "first_bad", "time": START, "source": "deploy log"}
    seen = {"kind": "detected", "time": END, "source": "call"}
    (condition,) = gather(scene.tell(facts=(bad, seen)).tables, scene.incident, NOW).conditions
    assert (condition.t1, condition.first_sign) == (None, START)


def test_without_an_assessment_the_facts_bound_the_window(scene: Scene) -> None:
    """The last known good and the first known good bound it, the latter with the cache."""
    good = {"kind": "last_known_good", "time": START, "source": "deploy log"}
    over = {"kind": "first_known_good", "time": END, "source": "deploy log"}
    scene.tell(facts=(good, over), status="resolved", window={"cache": "4h"})
    (condition,) = gather(scene.tables, scene.incident, NOW).conditions
    assert (condition.t1, condition.t2) == (START, END + timedelta(hours=4))


def test_a_window_of_unknown_exposure_holds_for_every_kind(scene: Scene) -> None:
    """Before X is known the window has no exposure."""
    scene.mixed_incident()
    scene.rows["windows"].clear()
    scene.window(exposure=None)  # type: ignore[arg-type]
    conditions = gather(scene.tables, scene.incident, NOW).conditions
    assert [(condition.exposure, condition.t1) for condition in conditions] == [("key", START), ("approval", START)]


def test_lost_counts_proven_victims_of_this_incident_exactly(scene: Scene) -> None:
    """Neither a probable victim's loss nor one that nothing ties to the site is "at least" taken; wei are exact."""
    scene.key_incident().wallet(60, did="", link_to_incident="chain_only", lost=9 * 10**18)
    lost = gather(scene.tables, scene.incident, NOW).lost
    assert [tally.text for tally in lost] == ["7.100000000000000028 ETH", "2.5 USDC (0xa0b8…a0b8)"]


def test_an_approved_attacker_is_a_spender_whatever_its_role(scene: Scene) -> None:
    """A sink that a wallet approved has to be revoked, on the chain where it was approved."""
    scene.key_incident().add(
        "approvals",
        chain_id=1,
        block_number=1,
        transaction_hash="0x1",
        from_address=wallet_address(1),
        to_address=SINK,
        token_address=SPENDER,
        value="5",
    )
    enemies = gather(scene.tables, scene.incident, NOW).enemies
    assert enemies == (Enemy(SINK, "spender", "ethereum", True), Enemy(SINK, "sink", None, True))


def test_an_approval_taken_back_makes_no_spender(scene: Scene) -> None:
    """Value zero is a revocation."""
    scene.key_incident().add(
        "approvals", chain_id=1, from_address=wallet_address(1), to_address=SINK, token_address=SPENDER, value="0"
    )
    assert gather(scene.tables, scene.incident, NOW).revocable == ()


def test_attackers_of_incident_toml_stand_before_any_assessment(scene: Scene) -> None:
    """The first text can name them."""
    scene.tell(attackers=({"address": SPENDER, "role": "spender"},))
    assert gather(scene.tables, scene.incident, None).enemies == (Enemy(SPENDER, "spender", None, True),)


def test_weak_sightings_frighten_nobody_into_the_count(scene: Scene) -> None:
    """The condition describes wallets by what their owners did, inside the rounded bounds."""
    counts = gather(scene.key_incident().tables, scene.incident, NOW).counts
    assert (counts.described, counts.described_unharmed) == (15, 5)


def test_a_hole_in_the_logs_is_found_inside_the_window(scene: Scene) -> None:
    """Ten silent minutes on a site that is asked every minute."""
    scene.key_incident()
    for minute in range(180):
        if not 40 <= minute < 60:
            row = {"requests": 9, "clients": 3, "bytes": 1, "errors": 0}
            scene.add("traffic", minute=START.replace(second=0) + timedelta(minutes=minute), host="h", **row)
    holes = gather(scene.tables, scene.incident, NOW).holes
    assert [(hole.kind, hole.text, hole.public) for hole in holes] == [
        (
            "silence",
            "no request is logged from 2026-03-04 09:52:00 UTC to 2026-03-04 10:12:00 UTC, inside the window",
            "Our records have no entries between 09:52 and 10:12 UTC on Wednesday 4 March 2026.",
        )
    ]


def test_a_host_that_falls_silent_while_others_go_on_is_a_hole(scene: Scene) -> None:
    """It keeps wallets from being told that there is no sign, so that it must be said."""
    scene.key_incident()
    for minute in range(180):
        for host in ("a", "b") if not 40 <= minute < 80 else ("a",):
            row = {"requests": 9, "clients": 3, "bytes": 1, "errors": 0}
            scene.add("traffic", minute=START.replace(second=0) + timedelta(minutes=minute), host=host, **row)
    [hole] = gather(scene.tables, scene.incident, NOW).holes
    assert (hole.kind, hole.text) == (
        "silence",
        "no request of b is logged from 2026-03-04 09:52:00 UTC to 2026-03-04 10:32:00 UTC, inside the window",
    )


def test_what_many_sources_lack_is_said_once(scene: Scene) -> None:
    """A folder of forty rotated files would hide everything else; lines that were not read are counted for all."""
    scene.key_incident()
    first = scene.rows["coverage"][0]
    first["note"] = "these lines do not name the host; 4 lines not read: the line is empty"
    scene.rows["coverage"].append({**first, "source": "zz", "note": "these lines do not name the host"})
    [hole] = [hole.text for hole in gather(scene.tables, scene.incident, NOW).holes]
    assert hole.endswith(" and 1 more: these lines do not name the host")


def test_logs_that_begin_after_t1_are_a_hole(scene: Scene) -> None:
    """What was done before the logs begin is in nobody's table."""
    scene.key_incident()
    scene.rows["coverage"][0] |= {"first": START + timedelta(minutes=30), "rejected": 3}
    holes = [hole.text for hole in gather(scene.tables, scene.incident, NOW).holes]
    assert holes == [
        "the logs begin at 2026-03-04 09:42:37 UTC, after T1 (2026-03-04 09:12:37 UTC): what was done before is not in them",
        "3 of 9,000 lines could not be read, in 1 of 1 log sources (table rejects)",
    ]


def test_a_chain_that_was_not_pulled_is_a_hole(scene: Scene) -> None:
    """Losses there are not known, and the text may not pretend."""
    holes = [hole.text for hole in gather(scene.tell(actions=(PHRASE,)).tables, scene.incident, NOW).holes]
    assert holes == [
        "there are no logs: who did X is known from reports and the chain alone",
        "nothing was pulled of ethereum: losses and holdings there are not known",
    ]


def test_what_attackers_approve_among_themselves_makes_no_spender(scene: Scene) -> None:
    """The sink approved the attacker's own contract: no victim has to revoke anything."""
    scene.key_incident().attacker(SPENDER).add(
        "approvals", chain_id=1, from_address=SINK, to_address=SPENDER, token_address=SPENDER, value="7"
    )
    facts = gather(scene.tables, scene.incident, NOW)
    assert (facts.revocable, facts.remedies) == ((), ("key",))


def test_a_cleared_action_is_no_condition_until_the_data_says_so(scene: Scene) -> None:
    """A person vouched for a key action: it is left out, until a wallet that must act did nothing else."""
    keystore = PHRASE | {
        "name": "keystore",
        "words": "uploaded a keystore file",
        "cleared_by": "R.",
        "cleared_why": "w",
    }
    scene.key_incident().tell(actions=(PHRASE, keystore))
    facts = gather(scene.tables, scene.incident, NOW)
    assert ([c.actions for c in facts.conditions], facts.cleared[0].vetoed) == ([("entered_seed_phrase",)], 0)
    scene.wallet(95, "probable", "keystore", lost=1)
    facts = gather(scene.tables, scene.incident, NOW)
    assert [c.actions for c in facts.conditions] == [("entered_seed_phrase",), ("keystore",)]
    assert facts.cleared[0].vetoed == 1


def test_logs_that_end_while_it_goes_on_are_a_hole(scene: Scene) -> None:
    """The newest logs are three hours old: what was done since cannot be seen."""
    scene.key_incident()
    scene.rows["coverage"][0]["last"] = NOW - timedelta(hours=3)
    (hole,) = gather(scene.tables, scene.incident, NOW).holes
    assert (hole.text, hole.public) == (
        "the logs end at 2026-03-04 09:10:00 UTC",
        "Our records end at 09:10 UTC on Wednesday 4 March 2026: what happened after that, we cannot see.",
    )


def test_an_alarm_that_neither_logs_nor_chain_bear_out_needs_a_person(scene: Scene) -> None:
    """A false alarm would tell thousands of safe people to move their funds; where there is a loss nothing is said."""
    for source in ("0a1b2c3d", "chain:1"):
        scene.add("coverage", source=source, layer="lines")
    assert (NOTHING_SHOWN,) == unshown_attack(scene.tables)
    scene.wallet(1, lost=10**18)
    assert () == unshown_attack(scene.tables)
