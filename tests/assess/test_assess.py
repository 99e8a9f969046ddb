"""The whole assessment: what holds for every incident."""

import random
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exposure.assess.assess import assess
from exposure.incident import Attacker, Report
from exposure.tables import TABLES
from tests.assess.stories import NOW, SINK, SPENDER, Story, address, at

GIVEN = {"attackers", "sinks", "attack_rates", "windows", "losses", "holdings", "evidence", "wallets"}
AT_LEAST_EXPOSED = {"exposed", "probable", "compromised"}


def incident_of_both_kinds(story: Story) -> Story:
    """Tell a story with phrases, signatures, sweeps, rescues, ordinary life and traps."""
    for index in range(6):
        story.sees(f"typed {index}", f"1{index % 4}:1{index}").holds(f"typed {index}", index / 10)
        story.pays(f"typed {index}", "fresh", 2, "16:00").pays(f"typed {index}", "fresh", 50, "16:01", "USDC")
        story.sees(f"signed {index}", f"1{index % 4}:2{index}", "signed").approves(
            f"signed {index}", "spender", "14:00"
        )
        story.allows(f"signed {index}", "spender").holds(f"signed {index}", 9 + index, "USDC")
        story.sees(f"fled {index}", "11:00").pays(f"fled {index}", f"home {index}", 3, "17:00").holds(
            f"fled {index}", 0
        )
        story.pays(f"poisoned {index}", "sink", 0, "12:00", "USDC", by="poisoner")
        story.sees(f"poisoned {index}", "12:00", "viewed", client="office")
        story.pays(f"stranger {index}", "sink", 1 + index, "13:00")
    story.serves(100, "-1 00:00", "09:01").serves(120, "09:05", "14:58").serves(100, "15:02", "20:00")
    return story.crowd(40, "10:00", "viewed").crowd(10, "-1 10:00", "entered_seed", "early")


def test_every_table_is_given_whole(story: Story) -> None:
    """Checked against its declaration, for a full story and for nothing at all."""
    for result in (incident_of_both_kinds(story).assess(attackers=(SINK, SPENDER)), Story(story.folder).assess()):
        assert GIVEN == set(result.tables)
        assert all(TABLES[name].schema == frame.schema for name, frame in result.tables.items())


def test_missing_tables_count_as_empty(story: Story) -> None:
    """The first stage has no logs yet, and a case without a chain no transfers."""
    found = assess({}, story.incident(attackers=()), NOW)
    assert {name: 0 for name in GIVEN if name != "windows"} == {n: f.height for n, f in found.items() if n != "windows"}


def test_the_order_of_rows_changes_nothing(story: Story) -> None:
    """Polars keeps no order, and two runs must give the same bytes."""
    tables = incident_of_both_kinds(story).tables()
    incident = story.incident(attackers=(SINK, SPENDER), facts=())
    expected = assess(tables, incident, NOW)
    for seed in range(3):
        shuffled = {name: frame.sample(fraction=1.0, shuffle=True, seed=seed) for name, frame in tables.items()}
        found = assess(shuffled, incident, NOW)
        for name, frame in expected.items():
            assert frame.equals(found[name]), name


def test_what_is_dated_in_the_future_does_not_count(story: Story) -> None:
    """As_of is the end of the world: a clock that is off makes no exposure."""
    story.sees("alice", "+9 10:00").pays("bob", "sink", 1, "+9 10:00").sees("bob", "10:00")
    result = story.assess(status="ongoing", facts=())
    assert (False, "exposed") == (result.listed("alice"), result.verdict("bob"))


def test_every_wallet_that_must_act_knows_why_and_what_to_do(story: Story) -> None:
    """No verdict without evidence, no evidence without a reference, no alarm without a remedy."""
    result = incident_of_both_kinds(story).assess(attackers=(SINK, SPENDER))
    act = result.tables["wallets"].filter(pl.col("verdict").is_in(AT_LEAST_EXPOSED))
    assert 6 * 4 == act.height
    assert [] == act.filter(pl.col("remedy").is_null()).rows()
    shown = result.tables["evidence"]
    assert set() == set(act["address"]) - set(shown["address"])
    assert (
        shown.filter(
            pl.col("ref").str.contains(r"^(log:[0-9a-f]{8}:\d+|tx:\d+:0x[0-9a-f]{64}(:\d+)?|report:\d+)$")
        ).height
        == shown.height
    )


def test_texts_carry_no_secret_and_no_invisible_character(story: Story) -> None:
    """A token's symbol is the attacker's own text."""
    story.sees("alice", "10:00").pays("alice", "sink", 5, "11:00", "USDC").holds("alice", 7, "USDC")
    tables = story.tables()
    hostile = "US\u202eDC](http://evil.example) =cmd|"
    tables["tokens"] = tables["tokens"].with_columns(symbol=pl.lit(hostile))
    found = assess(tables, story.incident(), NOW)
    texts = [*found["evidence"]["text"], *(text for text in found["wallets"].row(0) if isinstance(text, str))]
    assert not any("evil" in text or "\u202e" in text or "=cmd" in text for text in texts)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_exposed_key_is_never_below_exposed(story: Story, data: st.DataObject) -> None:
    """Whatever else logs and chain say: rescues, ordinary payments, good files, cleared actions, other links."""
    told = Story(story.folder)
    told.sees(
        "alice",
        "12:00",
        strength=data.draw(st.floats(0.5, 1)),
        asset_state=data.draw(st.sampled_from(["bad", "good", "mixed", None])),
    )
    choices: list[Any] = [
        lambda: told.sees("alice", "12:05", "hardware"),
        lambda: told.sees("alice", "20:00", "viewed", strength=0.1),
        lambda: told.sees("alice", "-1 12:00"),
        lambda: told.pays("alice", "home", 3, "17:00"),
        lambda: told.pays("alice", "exchange", 1, "13:00"),
        lambda: told.holds("alice", 0),
        lambda: told.holds("alice", 3),
        lambda: told.is_a("alice", "contract"),
        lambda: told.sees("alice 2", "12:00", "viewed", client="client of alice"),
        lambda: told.crowd(30, "12:00", "entered_seed", "spared"),
        lambda: told.crowd(30, "12:00", "viewed"),
        lambda: told.pays("crowd 1", "exchange", 1, "13:00"),
        lambda: told.pays("crowd 2", "sink", 1, "13:00"),
        lambda: told.serves(100, "-1 00:00", "+1 00:00"),
        lambda: told.adds("people", address=address("alice"), added=True, overrides='{"harm": "moved_by_owner"}'),
    ]
    for choice in data.draw(st.lists(st.sampled_from(choices), max_size=8)):
        choice()
    told.covered = data.draw(st.booleans())
    result = told.assess(
        vector=data.draw(st.sampled_from(["dns", "script"])), status=data.draw(st.sampled_from(["ongoing", "resolved"]))
    )
    assert result.verdict("alice") in AT_LEAST_EXPOSED
    assert 0 <= result.wallet("alice")["p_harmed"] <= 1
    assert 0 < result.wallet("alice")["p_exposed"] <= 1


def test_nobody_who_did_nothing_is_compromised_or_probable(story: Story) -> None:
    """In the fullest story: viewers, early visitors, poisoned addresses and rescues."""
    result = incident_of_both_kinds(story).assess(attackers=(SINK, SPENDER))
    wallets = {row["address"]: row["verdict"] for row in result.tables["wallets"].to_dicts()}
    harmless = [f"crowd {n}" for n in range(40)] + [f"early {n}" for n in range(10)]
    assert {"no_sign"} == {wallets[address(name)] for name in harmless}
    assert {"no_sign"} == {wallets[address(f"poisoned {n}")] for n in range(6)}
    assert {("exposed", "moved_unconfirmed")} == {
        (result.verdict(f"fled {n}"), result.wallet(f"fled {n}")["harm"]) for n in range(6)
    }
    assert {"probable"} == {wallets[address(f"typed {n}")] for n in range(6)}


def test_chain_alone_gives_the_attackers_victims_losses_and_approvals(story: Story) -> None:
    """`init --attacker --victim --tx`: no logs, no actions, no facts."""
    tx = "0x" + "c" * 64
    story.pays("alice", "sink", 2, "11:00", tx=tx).pays("stranger", "sink", 1, "12:00")
    story.approves("careless", "sink", "12:00").allows("careless", "sink").holds("careless", 10, "USDC")
    story.adds("sightings", address=address("alice"), link="report", strength=0.7, ref="report:1")
    reports = (Report(address=address("alice"), tx=tx, source="named at the start of the case"),)
    result = story.assess(reports=reports, actions=(), facts=(), status="ongoing", vector="unknown")
    rows = result.tables["wallets"].select("address", "verdict", "link_to_incident").rows()
    expected = [
        (address("alice"), "compromised", "reported"),
        (address("stranger"), "compromised", "chain_only"),
        (address("careless"), "probable", "chain_only"),
    ]
    assert sorted(expected) == sorted(rows)
    assert 0 == result.tables["attack_rates"].height


def test_an_attacker_with_two_roles_is_one_address(story: Story) -> None:
    """A drainer's contract both is approved and receives."""
    both = (Attacker(address=address("sink"), role="sink"), Attacker(address=address("sink"), role="spender"))
    story.sees("alice", "10:00", "signed").approves("alice", "sink", "10:01").pays(
        "alice", "sink", 5, "11:00", "USDC", by="sink"
    )
    result = story.assess(attackers=both)
    assert ("compromised", 1) == (result.verdict("alice"), result.tables["losses"].height)
    seen = result.tables["attackers"].select("role", "first_seen", "last_seen").rows()
    assert [("sink", at("10:01"), at("11:00")), ("spender", at("10:01"), at("11:00"))] == seen


@pytest.mark.parametrize("seed", range(4))
def test_quiet_crowds_raise_no_alarm(story: Story, seed: int) -> None:
    """No attack at all: owners with several wallets, shops, exchanges, friends."""
    dice = random.Random(seed)
    for person in range(80):
        wallets = [f"person {person} wallet {n}" for n in range(dice.choice([1, 1, 1, 2, 4]))]
        for wallet in wallets:
            did = dice.choice(["entered_seed", "viewed", "hardware", "pasted_key"])
            story.sees(wallet, f"{dice.randint(8, 18)}:{dice.randint(10, 59)}", did, client=f"browser {person}")
            story.pays(
                wallet,
                dice.choice(["exchange", "shop", f"friend {person}", f"person {dice.randint(0, 79)} wallet 0"]),
                1,
                "19:00",
            )
        if len(wallets) == 4:
            for wallet in wallets:
                story.pays(wallet, f"new home {person}", 5, "20:00").holds(wallet, 0)
    result = story.assess(attackers=(), facts=())
    assert set() == set(result.tables["wallets"]["verdict"]) & {"compromised", "probable"}
    assert 0 == result.tables["attackers"].height
