"""What incident.toml got wrong must not send a victim away: a customer named as the attacker, a pattern that matches nothing."""

import polars as pl

from exposure.assess.doubts import doubted
from exposure.incident import Attacker, LogSource
from tests.assess.stories import ACTIONS, SINK, Result, Story, address

CUSTOMER = Attacker(address=address("customer"), role="sink")
LOGS = (LogSource(path="a.log"),)


def in_doubt(result: Result) -> list[str]:
    """Give the addresses that stand in both tables."""
    return list(doubted(result.tables["attackers"], result.tables["wallets"]))


def test_a_customer_named_as_attacker_is_judged_as_a_wallet(story: Story) -> None:
    """From and to were mixed up: who signed in and took nothing is in doubt, and what they lost is a loss."""
    story.sees("alice", "10:00").pays("alice", "sink", 5, "10:30")
    story.sees("customer", "10:05").pays("customer", "sink", 5, "10:40")
    result = story.assess(attackers=(SINK, CUSTOMER))
    assert in_doubt(result) == [CUSTOMER.address]
    assert result.verdict("customer") == "compromised"
    named = result.tables["attackers"].filter(pl.col("address") == CUSTOMER.address)
    assert named.select("origin", "confirmed").rows() == [("config", True)]


def test_a_thief_who_tried_the_site_stays_an_attacker(story: Story) -> None:
    """Thieves try what they attack: who took something is in no doubt."""
    story.sees("alice", "10:00").pays("alice", "sink", 5, "10:30").sees("sink", "09:30")
    result = story.assess()
    assert in_doubt(result) == []
    assert not result.listed("sink")


def test_an_attacker_that_was_approved_or_is_not_in_the_logs_is_in_no_doubt(story: Story) -> None:
    """An approval waits to be used, and losses may be unseen."""
    story.sees("alice", "10:00", "signed").approves("alice", "customer", "10:30").sees("customer", "10:05")
    result = story.assess(attackers=(SINK, CUSTOMER))
    assert in_doubt(result) == []


def test_a_customer_is_in_doubt_while_what_exposes_matches_nothing(story: Story) -> None:
    """A mistyped action and a mistyped attacker come together: whoever was on the site may have done it."""
    story.sees("alice", "10:00").pays("alice", "sink", 5, "10:30").sees("customer", "10:05", "viewed")
    result = story.assess(attackers=(SINK, CUSTOMER), logs=LOGS)
    assert in_doubt(result) == [CUSTOMER.address]
    assert result.verdict("customer") == "possible"


def test_nobody_shows_no_sign_while_an_exposing_action_matches_nothing(story: Story) -> None:
    """Who did what a mistyped pattern meant looks like who did nothing."""
    typed = tuple(action for action in ACTIONS if action.name in ("entered_seed", "viewed"))
    story.sees("alice", "10:00").sees("bob", "10:05", "viewed").holds("bob", 1)
    assert story.assess(actions=typed, logs=LOGS).verdict("bob") == "no_sign"
    result = story.assess(actions=(*typed, ACTIONS[1]), logs=LOGS)
    assert result.verdict("bob") == "possible"
    assert "no line of the logs matches the action pasted_key" in str(result.wallet("bob")["not_covered"])
