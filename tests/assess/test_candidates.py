"""Whom the chain is asked about, and over which times."""

from datetime import timedelta

import polars as pl
import pytest

from exposure.assess import candidates as module
from exposure.assess.attackers import configured_attackers
from exposure.assess.candidates import candidates, signers, span, with_attacker_side
from exposure.incident import Fact, Incident, WindowSettings
from exposure.tables import TABLES
from tests.assess.stories import NOW, PLAIN, Story, address, at


def asked(story: Story, incident: Incident) -> dict[str, set[str]]:
    """Give the reasons of each candidate."""
    tables = story.tables()
    found = candidates(tables["sightings"], incident, tables["people"], configured_attackers(incident))
    reasons: dict[str, set[str]] = {}
    for who, reason in found.select("address", "reason").iter_rows():
        reasons.setdefault(who, set()).add(reason)
    return reasons


def times(story: Story, incident: Incident) -> tuple[object, object]:
    """Give the span of the history."""
    return span(story.tables()["sightings"], incident, configured_attackers(incident), NOW)


def test_everybody_who_may_be_exposed_is_asked_about_with_the_reason(story: Story) -> None:
    """Logs, secrets, reports, contract users, people's own rows; others as controls; attackers never."""
    story.sees("logged", "10:00").sees("secret", "10:00", None, link="key").sees("user", "10:00", None, link="contract")
    story.adds("sightings", address=address("reporter"), link="report", strength=0.7, ref="report:1")
    story.sees("viewer", "10:00", "viewed").sees("sink", "10:00").adds("people", address=address("phoned"), added=True)
    story.sees("logged", "11:00", "viewed").adds("people", address=address("viewer"), added=False)
    expected = {
        "logged": "log",
        "secret": "log",
        "user": "contract",
        "reporter": "report",
        "viewer": "control",
        "phoned": "person",
    }
    assert {address(who): {reason} for who, reason in expected.items()} == asked(story, story.incident())


def test_up_to_five_controls_an_exposed_wallet_from_the_same_days(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million visitors are not asked about one by one; the same draw each time."""
    monkeypatch.setattr(module, "ALL_BELOW", 10)
    story.sees("alice", "10:00").sees("bob", "+1 10:00").crowd(40, "08:00", "viewed", "same day")
    story.crowd(40, "+1 08:00", "viewed", "next day").crowd(40, "-1 08:00", "viewed", "day before")
    reasons = asked(story, story.incident())
    drawn = [who for who, reason in reasons.items() if reason == {"control"}]
    by_day = [
        sum(address(f"{day} {index}") in drawn for index in range(40)) for day in ("same day", "next day", "day before")
    ]
    assert [5, 5, 0] == by_day
    assert reasons == asked(story, story.incident())


def test_a_small_case_asks_about_everybody(story: Story) -> None:
    """Harm where nobody expects it is seen too."""
    reasons = asked(story.sees("alice", "10:00").crowd(200, "08:00", "viewed"), story.incident())
    assert 201 == len(reasons)


def test_an_empty_case_asks_about_nobody(story: Story) -> None:
    """Nothing read yet."""
    assert {} == asked(story, story.incident())


def test_history_covers_lead_to_tail(story: Story) -> None:
    """First exposure − lead to last exposure + tail, where no attacker is known."""
    incident = story.incident(
        **PLAIN, facts=(), window=WindowSettings(lead=timedelta(days=2), tail=timedelta(hours=10))
    )
    story.sees("alice", "10:00").sees("bob", "16:00").sees("viewer", "-2 10:00", "viewed")
    assert (at("10:00") - timedelta(days=2), at("16:00") + timedelta(hours=10)) == times(story, incident)


def test_with_an_attacker_known_history_reaches_the_present(story: Story) -> None:
    """Thefts may come months after."""
    assert (at("-2 10:00") - timedelta(days=5), NOW) == times(story.sees("alice", "10:00"), story.incident(facts=()))


def test_nothing_is_asked_of_the_future(story: Story) -> None:
    """The end is capped at as_of."""
    incident = story.incident(**PLAIN, facts=())
    assert NOW == times(story.sees("alice", "+4 23:00"), incident)[1]


def test_facts_keep_a_year_of_logs_from_costing_a_year_of_blocks(story: Story) -> None:
    """Exposures outside what facts bound do not lengthen the history."""
    facts = (
        Fact(kind="last_known_good", time=at("09:00"), source="x"),
        Fact(kind="first_known_good", time=at("15:00"), source="x"),
    )
    story.sees("alice", "10:00").sees("early", "-2 10:00").sees("late", "+2 10:00")
    expected = (at("09:00") - timedelta(days=7), at("15:00") + timedelta(hours=72))
    assert expected == times(story, story.incident(**PLAIN, facts=facts))


def test_without_any_time_it_is_the_last_thirty_days(story: Story) -> None:
    """An attacker and a victim's address, and nothing else."""
    story.adds("sightings", address=address("alice"), link="report", strength=0.7, ref="report:1")
    assert (NOW - timedelta(days=30), NOW) == times(story, story.incident(facts=()))


def test_the_table_is_whole(story: Story) -> None:
    """Columns, types and order as declared."""
    tables = story.sees("alice", "10:00").tables()
    found = candidates(tables["sightings"], story.incident(), tables["people"], configured_attackers(story.incident()))
    assert TABLES["candidates"].schema == found.schema
    assert [(address("alice"), "log", at("10:00"), at("10:00"))] == found.rows()
    assert isinstance(found, pl.DataFrame)


def test_of_very_many_signers_the_most_urgent_are_asked_about_and_the_others_counted(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was asked about before stays, so that rounds end; the robbed and those seen anyway take nobody's place."""
    monkeypatch.setattr(module, "SIGNERS_MOST", 2)
    for who, urgency in (("poor", 0.1), ("rich", 0.9), ("middling", 0.5), ("logged", 0.8), ("robbed", 0.7)):
        story.adds("evidence", address=address(who), code="A6", weight=3.0, text="", ref=f"tx:1:{who}")
        story.adds("wallets", address=address(who), urgency=urgency)
    story.adds("evidence", address=address("visitor"), code="X1", weight=3.0, text="", ref="log:1:1")
    story.adds("losses", address=address("robbed"), chain_id=1).sees("logged", "10:00")
    tables = story.tables()
    seen = candidates(tables["sightings"], story.incident(), tables["people"], tables["attackers"])
    signed = signers(tables["evidence"].lazy(), tables["wallets"].lazy())

    def reasons(before: pl.DataFrame) -> tuple[dict[str, str], int]:
        found, left_out = with_attacker_side(seen, tables["losses"], signed, before)
        return dict(found.select("address", "reason").iter_rows()), left_out

    always = {address("logged"): "log", address("robbed"): "attacker_side"}
    first = {**always, address("rich"): "signature", address("middling"): "signature"}
    assert (first, 1) == reasons(TABLES["candidates"].empty())
    before = TABLES["candidates"].frame([{"address": address("poor"), "reason": "signature"}])
    assert ({**always, address("poor"): "signature", address("rich"): "signature"}, 1) == reasons(before)
