"""What owners are told to do: never to revoke a stolen key, never a new account under the old phrase."""

from exposure.assess.naming import checksummed
from exposure.assess.remedy import KEY, UNSEEN
from exposure.incident import Attacker, Chain
from tests.assess.stories import ACTIONS, SINK, SPENDER, Story, address, token

KEY_ONLY = tuple(action for action in ACTIONS if action.exposure != "approval")
APPROVAL_ONLY = tuple(action for action in ACTIONS if action.exposure != "key")


def test_a_key_needs_a_new_recovery_phrase(story: Story) -> None:
    """Nothing can be revoked, and the old phrase is never used again."""
    remedy = story.sees("alice", "10:00").assess().wallet("alice")["remedy"]
    assert KEY == remedy
    assert "new recovery phrase" in remedy
    assert "a new account" not in remedy
    assert "nothing can be revoked" in remedy


def test_an_approval_is_revoked_by_name(story: Story) -> None:
    """Which token, which spender, which chain."""
    story.sees("alice", "10:00", "signed").approves("alice", "spender", "10:01").allows("alice", "spender")
    expected = (
        f"Revoke the approval of USDC ({checksummed(token('USDC'))}) to {checksummed(address('spender'))} on ethereum."
    )
    assert expected == story.assess(attackers=(SPENDER,)).wallet("alice")["remedy"]


def test_a_wallet_that_gave_both_away_is_told_both(story: Story) -> None:
    """CoW 2026: first signatures, then a false unlock prompt."""
    story.sees("alice", "10:00", "signed").sees("alice", "10:05").approves("alice", "spender", "10:01").allows(
        "alice", "spender"
    )
    remedy = story.assess(attackers=(SPENDER,)).wallet("alice")["remedy"]
    assert remedy.startswith(KEY + " Revoke the approval of USDC")


def test_a_signature_that_nobody_sees_cannot_be_revoked(story: Story) -> None:
    """Then the assets must move."""
    remedy = story.sees("alice", "10:00", "signed").assess(attackers=(SPENDER,)).wallet("alice")["remedy"]
    assert remedy.endswith(UNSEEN)
    assert "recovery phrase" not in remedy


def test_a_delegation_is_cleared(story: Story) -> None:
    """By a sponsored transaction: ether sent for gas is swept."""
    delegate = Attacker(address=address("delegate"), role="delegate")
    story.sees("alice", "10:00").delegates("alice", "delegate", "10:30")
    remedy = story.assess(attackers=(delegate,)).wallet("alice")["remedy"]
    assert (
        f"Clear the delegation to {checksummed(address('delegate'))} on ethereum, with a sponsored transaction."
        in remedy
    )


def test_where_nobody_knows_what_was_given_both_are_acted_on(story: Story) -> None:
    """A report that does not say what was done, in an incident that may hold both."""
    story.adds("sightings", address=address("alice"), link="report", strength=0.7, ref="report:1")
    remedy = story.assess().wallet("alice")["remedy"]
    assert remedy.startswith("It is not known whether a key or a signature was given away; act on both. " + KEY)
    assert "Revoke every approval that was given in the window." in remedy


def test_an_incident_of_one_kind_tells_its_own_remedy(story: Story) -> None:
    """Where only phrases were typed nobody is sent to revoke, and the other way round."""
    story.adds("sightings", address=address("alice"), link="report", strength=0.7, ref="report:1")
    assert KEY == story.assess(actions=KEY_ONLY).wallet("alice")["remedy"]
    assert "phrase" not in story.assess(actions=APPROVAL_ONLY).wallet("alice")["remedy"]


def test_a_victim_that_only_the_chain_shows_is_told_by_how_it_was_robbed(story: Story) -> None:
    """Its own signature on the transfer: the key. Somebody else's: an approval."""
    story.pays("alice", "sink", 2, "11:00").approves("bob", "spender", "10:00").allows("bob", "spender")
    story.pays("bob", "sink", 50, "11:00", "USDC", by="spender")
    result = story.assess(attackers=(SINK, SPENDER), chains=(Chain(name="ethereum", id=1),))
    assert KEY == result.wallet("alice")["remedy"]
    assert result.wallet("bob")["remedy"].startswith("Revoke the approval of USDC")


def test_possible_wallets_are_told_the_condition(story: Story) -> None:
    """If they are not sure, they act as if they were affected."""
    remedy = story.sees("alice", "10:00", link="session", strength=0.2).assess().wallet("alice")["remedy"]
    assert "If the owner is not sure whether they did it, they should act as if they had: " + KEY == remedy


def test_no_sign_has_no_remedy_and_is_never_called_safe(story: Story) -> None:
    """The column stays empty."""
    assert None is story.sees("alice", "10:00", "viewed").assess().wallet("alice")["remedy"]
