"""Each verdict, and what must not lead to it."""

from typing import Any

import pytest

from exposure.incident import Attacker, Report
from tests.assess.stories import ACTIONS, SINK, SPENDER, Story, address, at


def test_value_that_moved_to_a_confirmed_attacker_is_compromised(story: Story) -> None:
    """The wallet itself signed the transfer to an address that the team named: proof."""
    result = story.sees("alice", "10:00").pays("alice", "sink", 1.5, "11:00").assess()
    assert "compromised" == result.verdict("alice")


def test_harm_without_a_seen_exposure_is_compromised_all_the_same(story: Story) -> None:
    """Proof does not depend on the window: logs may have holes."""
    result = story.sees("alice", "-1 10:00", "viewed").pays("alice", "sink", 1.5, "11:00").assess()
    assert "compromised" == result.verdict("alice")


def test_a_secret_in_a_line_is_compromised_though_nothing_was_taken(story: Story) -> None:
    """Whoever reads the line holds the key, whatever the window says."""
    result = story.sees("alice", "-1 10:00", None, link="key").holds("alice", 1).assess()
    assert "compromised" == result.verdict("alice")


def test_what_exposes_in_the_window_is_exposed(story: Story) -> None:
    """No harm yet, and it must act."""
    result = story.sees("alice", "10:00").holds("alice", 1).assess()
    assert ("exposed", "at_risk") == (result.verdict("alice"), result.wallet("alice")["harm"])


@pytest.mark.parametrize("clock", ["09:00", "15:00"])
def test_the_ends_of_the_window_belong_to_it(story: Story, clock: str) -> None:
    """Bounds are inclusive: who did X in the very second of T1 or T2 is told."""
    assert "exposed" == story.sees("alice", clock).assess().verdict("alice")


def test_visit_after_the_window_is_not_exposed(story: Story) -> None:
    """The site was good again; the logs cover the window, so that there is no sign."""
    assert "no_sign" == story.sees("alice", "20:00").assess().verdict("alice")


def test_just_outside_the_window_is_possible(story: Story) -> None:
    """Clocks differ: three minutes outside nobody is sent away."""
    assert "possible" == story.sees("alice", "15:03").assess().verdict("alice")


def test_a_crowded_client_makes_possible_at_most(story: Story) -> None:
    """One of five wallets behind a client did it: which one, nobody knows."""
    assert "possible" == story.sees("alice", "10:00", link="session", strength=0.2).assess().verdict("alice")


def test_a_list_of_a_thousand_addresses_says_nothing(story: Story) -> None:
    """Anyone can request a million addresses: poisoned logs must not frighten their owners."""
    assert "no_sign" == story.sees("alice", "10:00", strength=0.001).assess().verdict("alice")


def test_a_torn_line_leaves_its_wallet_possible(story: Story) -> None:
    """What its owner did, and when, could not be read; a torn line that lists many addresses says nothing on any."""
    torn: dict[str, Any] = {"strength": 0.5, "client": None, "session": None}
    for who, ref in [("alice", "log:0a0a0a0a:71"), *((f"listed {n}", "log:0a0a0a0a:72") for n in range(9))]:
        story.adds("sightings", address=address(who), link="direct", ref=ref, **torn)
    result = story.sees("bob", "10:00", "viewed").assess()
    assert ("possible", "no_sign", "no_sign") == tuple(result.verdict(who) for who in ("alice", "listed 3", "bob"))


def test_a_look_at_a_balance_in_the_window_is_no_sign(story: Story) -> None:
    """Seen, well covered, and nothing points to X."""
    assert "no_sign" == story.sees("alice", "10:00", "viewed").assess().verdict("alice")


def test_without_coverage_there_is_no_no_sign(story: Story) -> None:
    """Before logs and chain are read nobody can say that there is no sign."""
    story.covered = False
    assert "possible" == story.sees("alice", "10:00", "viewed").assess().verdict("alice")


def test_a_hijacked_dns_leaves_nobody_without_a_sign(story: Story) -> None:
    """The victims' visits are in nobody's logs: absence from them proves nothing."""
    assert "possible" == story.sees("alice", "10:00", "viewed").assess(vector="dns").verdict("alice")


def test_a_live_approval_to_an_attacker_is_probable(story: Story) -> None:
    """A sign of harm to come: the spender can take it at any moment."""
    story.sees("alice", "10:00", "signed").approves("alice", "spender", "10:01").allows("alice", "spender")
    result = story.holds("alice", 500, "USDC").assess(attackers=(SPENDER,))
    assert ("probable", "at_risk", 1) == tuple(result.wallet("alice")[k] for k in ("verdict", "harm", "live_approvals"))


def test_a_revoked_approval_leaves_it_exposed(story: Story) -> None:
    """Nothing stands any more, but other signatures may exist: it must still act."""
    story.sees("alice", "10:00", "signed").approves("alice", "spender", "10:01").approves(
        "alice", "spender", "12:00", value=0
    )
    result = story.holds("alice", 500, "USDC").assess(attackers=(SPENDER,))
    assert ("exposed", 0) == (result.verdict("alice"), result.wallet("alice")["live_approvals"])


def test_another_key_action_than_x_stays_exposed(story: Story) -> None:
    """The data says that pasting a key was not X; attackers wait, so that the safe reading is taken."""
    for number in range(12):
        story.sees(f"victim {number}", "10:00").pays(f"victim {number}", "sink", 1, "11:00")
        story.sees(f"other {number}", "10:00", "pasted_key")
    result = story.crowd(30, "10:00", "viewed").assess()
    assert ("yes", "no", "exposed") == (
        result.is_x("entered_seed"),
        result.is_x("pasted_key"),
        result.verdict("other 3"),
    )


def test_a_report_makes_its_wallet_exposed(story: Story) -> None:
    """Reports and attackers alone must work: who says that it happened is told to act."""
    reports = (Report(address=address("alice"), time=at("10:00"), source="ticket 1"),)
    story.adds("sightings", address=address("alice"), time=at("10:00"), link="report", strength=0.7, ref="report:1")
    result = story.assess(reports=reports, actions=())
    wallet = result.wallet("alice")
    assert ("exposed", "reported") == (wallet["verdict"], wallet["link_to_incident"])
    assert {"X4": "report:1"} == result.evidence("alice")


def test_a_reported_theft_to_an_unknown_address_is_probable(story: Story) -> None:
    """The owner names the transaction that they did not send: a sign, and no proof."""
    story.pays("alice", "somebody", 2, "11:00", tx="0x" + "7" * 64).holds("alice", 0)
    story.adds("sightings", address=address("alice"), link="report", strength=0.7, ref="report:1")
    report = Report(address=address("alice"), tx="0x" + "7" * 64, source="ticket 1")
    result = story.assess(reports=(report,), attackers=())
    assert ("probable", "suspect") == (result.verdict("alice"), result.sink("somebody"))


def test_a_person_who_adds_a_wallet_to_the_sheet_is_heard(story: Story) -> None:
    """A row that a person typed is never answered with no sign."""
    story.adds("people", address=address("alice"), added=True, note="phoned in")
    wallet = story.sees("bob", "10:00").assess().wallet("alice")
    assert ("possible", "reported") == (wallet["verdict"], wallet["link_to_incident"])


def test_an_attacker_who_visits_the_site_is_no_victim(story: Story) -> None:
    """Thieves test their own page: their wallets, tokens and the dapp's contracts are nobody to warn."""
    story.sees("sink", "10:00").sees("alice", "10:00").sees("0x" + "ab" * 20, "10:00")
    story.pays("alice", "bob", 5, "-1 10:00", "USDC")
    from exposure.incident import Contract
    from tests.assess.stories import token

    story.sees(token("USDC"), "10:01")
    result = story.assess(contracts=(Contract(address="0x" + "ab" * 20, chain="ethereum"),))
    assert [address("alice")] == result.tables["wallets"].get_column("address").to_list()


def test_wallets_that_only_the_chain_shows_are_kept_apart(story: Story) -> None:
    """One drainer runs on many sites: its other victims are listed as chain_only."""
    wallet = story.sees("bob", "10:00").pays("alice", "sink", 2, "11:00").assess().wallet("alice")
    assert ("compromised", "chain_only", True) == (
        wallet["verdict"],
        wallet["link_to_incident"],
        wallet["p_exposed"] <= 0.3,
    )


def test_an_attacker_of_this_incident_alone_ties_its_victims_closer(story: Story) -> None:
    """`exclusive` says that the address was never seen elsewhere."""
    story.sees("bob", "10:00").pays("alice", "sink", 2, "11:00")
    attackers = (Attacker(address=address("sink"), role="sink", exclusive=True),)
    assert story.assess(attackers=attackers).wallet("alice")["p_exposed"] > 0.9


def test_logs_without_an_exposing_action_leave_everyone_in_the_window_possible(story: Story) -> None:
    """Where nothing on the list exposes anyone, nobody can say what X was."""
    actions = tuple(action for action in ACTIONS if action.exposure == "none")
    story.sees("alice", "10:00", "viewed").sees("bob", "-1 10:00", "viewed")
    result = story.assess(actions=actions)
    assert ("possible", "no_sign") == (result.verdict("alice"), result.verdict("bob"))


def test_a_cleared_action_is_no_exposure_and_never_hides_one(story: Story) -> None:
    """A person vouches for pasting keys; who also typed the phrase stays exposed."""
    cleared: dict[str, Any] = {"cleared_by": "R. Reader", "cleared_why": "the payload hooks the phrase form only"}
    actions = tuple(a.model_copy(update=cleared) if a.name == "pasted_key" else a for a in ACTIONS)
    story.sees("alice", "10:00", "pasted_key").sees("bob", "10:00", "pasted_key").sees("bob", "10:05")
    result = story.assess(actions=actions)
    assert ("no_sign", ["N3"]) == (result.verdict("alice"), result.codes("alice"))
    assert ("exposed", ["X1"]) == (result.verdict("bob"), result.codes("bob"))


def test_the_data_vetoes_a_cleared_action(story: Story) -> None:
    """Where those who did the cleared action are the ones robbed, its doers are exposed after all."""
    cleared: dict[str, Any] = {"cleared_by": "R. Reader", "cleared_why": "hooks the phrase form only"}
    actions = tuple(a.model_copy(update=cleared) if a.name == "pasted_key" else a for a in ACTIONS)
    for number in range(12):
        story.sees(f"victim {number}", "10:00", "pasted_key").pays(f"victim {number}", "sink", 1, "11:00")
    result = story.sees("alice", "12:00", "pasted_key").crowd(30, "10:00", "viewed").assess(actions=actions)
    assert ("yes", "exposed") == (result.is_x("pasted_key"), result.verdict("alice"))


def test_a_harmless_action_that_stands_out_alone_leaves_its_doers_possible(story: Story) -> None:
    """Marked none, and yet its doers were robbed: the others who did it must not be told that there is no sign."""
    for number in range(12):
        story.sees(f"victim {number}", "10:00", "hardware").pays(f"victim {number}", "sink", 1, "11:00")
    result = story.sees("alice", "12:00", "hardware").crowd(30, "10:00", "viewed").assess()
    assert ("yes", "possible") == (result.is_x("hardware"), result.verdict("alice"))


def test_known_attackers_are_sinks(story: Story) -> None:
    """What incident.toml names keeps its place in the tables."""
    result = story.sees("alice", "10:00").assess()
    assert ("attacker", [SINK.address]) == (result.sink("sink"), result.tables["attackers"]["address"].to_list())
