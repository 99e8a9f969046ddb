"""What became of each wallet's assets: every harm state, what is left, and how urgent it is."""

import json

import pytest

from exposure.incident import Chain
from tests.assess.stories import SPENDER, Story, address, token


def test_drained(story: Story) -> None:
    """Everything went to the attacker; dust and gas change are nothing to save."""
    result = story.sees("alice", "10:00").pays("alice", "sink", 2, "11:00").holds("alice", 0.0004).assess()
    assert ("drained", None, "2 ETH") == tuple(result.wallet("alice")[k] for k in ("harm", "at_risk", "lost"))


def test_partly_drained(story: Story) -> None:
    """The thief left tokens behind: there is something to save."""
    story.sees("alice", "10:00").pays("alice", "sink", 2, "11:00").holds("alice", 0).holds("alice", 70, "USDC")
    wallet = story.assess().wallet("alice")
    assert ("partly_drained", "70 USDC") == (wallet["harm"], wallet["at_risk"].split(" (")[0])


def test_nobody_is_called_drained_before_the_holdings_were_read(story: Story) -> None:
    """There may be something left to save."""
    assert (
        "partly_drained"
        == story.sees("alice", "10:00").pays("alice", "sink", 2, "11:00").assess().wallet("alice")["harm"]
    )


def test_at_risk(story: Story) -> None:
    """A key is out: everything that the wallet holds can go."""
    story.sees("alice", "10:00").holds("alice", 2).holds("alice", 70, "USDC")
    wallet = story.assess().wallet("alice")
    assert ("at_risk", f"2 ETH; 70 USDC ({_shown('USDC')})") == (wallet["harm"], wallet["at_risk"])


def _shown(name: str) -> str:
    from exposure.assess.naming import checksummed

    return checksummed(token(name))


def test_moved_unconfirmed(story: Story) -> None:
    """Gone to a wallet that nobody else uses: likely the owner's, but drainers make one-time addresses too."""
    story.sees("alice", "10:00").pays("alice", "new home", 3, "16:00").pays("alice", "new home", 70, "16:01", "USDC")
    wallet = story.holds("alice", 0).holds("alice", 0, "USDC").assess().wallet("alice")
    assert ("moved_unconfirmed", "exposed") == (wallet["harm"], wallet["verdict"])


def test_a_payment_before_the_exposure_is_no_rescue(story: Story) -> None:
    """Only what left afterwards can be a flight."""
    story.sees("alice", "10:00").pays("alice", "friend", 3, "08:00").holds("alice", 0)
    assert "empty" == story.assess().wallet("alice")["harm"]


def test_an_ordinary_payment_is_no_rescue(story: Story) -> None:
    """Most of what the wallet had is still there."""
    story.sees("alice", "10:00").pays("alice", "friend", 0.2, "16:00").holds("alice", 3)
    assert "at_risk" == story.assess().wallet("alice")["harm"]


def test_counterfeits_do_not_make_a_rescue_look_half_done(story: Story) -> None:
    """They were sent to the wallet by their makers and cannot be moved."""
    story.sees("alice", "10:00").pays("alice", "new home", 3, "16:00").holds("alice", 0)
    assert "moved_unconfirmed" == story.holds("alice", 900, "FAKE").assess().wallet("alice")["harm"]


def test_a_person_makes_it_moved_by_owner(story: Story) -> None:
    """The owner answered the phone; the sheet says so."""
    story.sees("alice", "10:00").pays("alice", "new home", 3, "16:00").holds("alice", 0)
    story.adds("people", address=address("alice"), added=False, overrides=json.dumps({"harm": "moved_by_owner"}))
    assert "moved_by_owner" == story.assess().wallet("alice")["harm"]


def test_a_theft_is_not_talked_away(story: Story) -> None:
    """What went to a known attacker was not moved by the owner, whatever the sheet says."""
    story.sees("alice", "10:00").pays("alice", "sink", 3, "16:00").holds("alice", 0)
    story.adds("people", address=address("alice"), added=False, overrides=json.dumps({"harm": "moved_by_owner"}))
    assert "drained" == story.assess().wallet("alice")["harm"]


@pytest.mark.parametrize("broken", ["[]", "{", '"moved_by_owner"', "null"])
def test_a_damaged_edit_changes_nothing(story: Story, broken: str) -> None:
    """People's cells can hold anything."""
    story.sees("alice", "10:00").holds("alice", 3)
    story.adds("people", address=address("alice"), added=False, overrides=broken)
    assert "at_risk" == story.assess().wallet("alice")["harm"]


def test_empty_only_where_every_chain_was_asked(story: Story) -> None:
    """Of two chains one has not answered: what is there is not known."""
    chains = (Chain(name="ethereum", id=1), Chain(name="base", id=8453))
    story.sees("alice", "10:00").holds("alice", 0)
    assert ("empty", "not_known") == (
        story.assess().wallet("alice")["harm"],
        story.assess(chains=chains).wallet("alice")["harm"],
    )


def test_none_and_not_known(story: Story) -> None:
    """No exposure and the chain was read: none. Not read: nobody knows."""
    assert "none" == story.sees("alice", "10:00", "viewed").assess().wallet("alice")["harm"]
    story.covered = False
    assert "not_known" == story.assess().wallet("alice")["harm"]


def test_an_approval_puts_at_risk_what_it_covers_and_no_more(story: Story) -> None:
    """The lesser of allowance and balance; other tokens are not in reach of a spender."""
    story.sees("alice", "10:00", "signed").approves("alice", "spender", "10:01", value=50).allows(
        "alice", "spender", value=50
    )
    story.holds("alice", 500, "USDC").holds("alice", 4).sees("bob", "10:00", "signed").approves(
        "bob", "spender", "10:01"
    )
    result = story.allows("bob", "spender").holds("bob", 20, "USDC").assess(attackers=(SPENDER,))
    texts = {who: result.wallet(who)["at_risk"].split(" (")[0] for who in ("alice", "bob")}
    assert {"alice": "50 USDC", "bob": "20 USDC"} == texts
    at_risk = result.tables["holdings"].filter(address=address("alice")).select("token", "at_risk").rows()
    assert {(token("USDC"), True), (token("ETH"), False)} == set(at_risk)


def test_an_unused_signature_may_wait_unseen(story: Story) -> None:
    """Who signed in the window and shows no approval on chain may have signed a permit or an order."""
    story.sees("alice", "10:00", "signed").sees("bob", "10:00", "signed").approves("bob", "spender", "10:01")
    result = story.sees("carol", "10:00").assess(attackers=(SPENDER,))
    assert [True, False, False] == [result.wallet(who)["unseen_signature"] for who in ("alice", "bob", "carol")]


def test_the_most_urgent_is_who_has_most_to_save(story: Story) -> None:
    """Without prices: shares of what is at risk of each token in the case, weighed by p_exposed."""
    story.sees("rich", "10:00").holds("rich", 90).sees("poor", "10:00").holds("poor", 10)
    story.sees("spammed", "10:00").holds("spammed", 1).holds("spammed", 10**6, "FAKE")
    result = story.sees("drained", "10:00").pays("drained", "sink", 1, "11:00").holds("drained", 0).assess()
    urgencies = {who: result.wallet(who)["urgency"] for who in ("rich", "poor", "spammed", "drained")}
    assert None is urgencies.pop("drained")
    assert "rich" == max(urgencies, key=lambda who: urgencies[who])


def test_tokens_are_at_risk_while_a_signature_may_lie_unused(story: Story) -> None:
    """Who signed in the window and shows no approval may have given a permit: their tokens can go at any moment, ether cannot."""
    story.sees("alice", "10:00", "signed").holds("alice", 500, "USDC").holds("alice", 2)
    story.sees("bob", "10:00", "signed").holds("bob", 3)
    result = story.assess(attackers=(SPENDER,))
    assert ("at_risk", "500 USDC", True) == (
        result.wallet("alice")["harm"],
        str(result.wallet("alice")["at_risk"]).split(" (")[0],
        result.wallet("alice")["unseen_signature"],
    )
    assert ("none", None) == (result.wallet("bob")["harm"], result.wallet("bob")["at_risk"])
