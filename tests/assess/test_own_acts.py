"""A smart account's own acts are its owner's, whoever carries them; what held ether and holds none now is looked at."""

from pathlib import Path

import polars as pl
import pytest

from exposure.assess.holdings import balances_now
from tests.assess.stories import SPENDER, Story, address, token

BUNDLE, OTHER = "0x" + "b1" * 32, "0x" + "b2" * 32


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """An empty story."""
    return Story(tmp_path)


def test_a_payment_by_a_user_operation_is_authorised_by_the_account(story: Story) -> None:
    """The account does not even say that it is one: the entry point named it, and the bundler only carried the payment."""
    story.is_a("alice", "contract").sees("alice", "10:00", "signed")
    story.pays("alice", "sink", 50, "11:00", "USDC", by="bundler", through="entry point", tx=BUNDLE)
    story.executes("alice", BUNDLE, "11:00")
    result = story.assess()
    assert ("compromised", "50 USDC") == (result.verdict("alice"), result.wallet("alice")["lost"].split(" (")[0])
    assert "A1" in result.codes("alice")


def test_an_approval_by_a_user_operation_was_signed_by_the_account(story: Story) -> None:
    """Of a token that nobody else uses: who signed it decides whether it counts, and the account did."""
    story.is_a("alice", "erc4337").sees("alice", "10:00", "signed").holds("alice", 5, "SHARE")
    story.approves("alice", "spender", "10:01", "SHARE", by="bundler", tx=BUNDLE).allows("alice", "spender", "SHARE")
    assert "A6" in story.executes("alice", BUNDLE, "10:01").assess(attackers=(SPENDER,)).codes("alice")


def test_what_a_spender_took_of_a_smart_account_is_a_signature_and_no_stolen_key(story: Story) -> None:
    """Its approval was its own act, the taking was not: the account's executions are seen, and this was none."""
    story.is_a("alice", "erc4337").sees("alice", "10:00", None)
    story.approves("alice", "spender", "10:01", by="bundler", tx=BUNDLE).executes("alice", BUNDLE, "10:01")
    story.pays("alice", "somewhere", 50, "11:00", "USDC", by="thief", through="spender", tx=OTHER)
    story.holds("alice", 10, "USDC").allows("alice", "spender")
    story.sees("bob", "09:00", "viewed").pays("bob", "carol", 1, "09:00", "USDC")
    result = story.assess(attackers=(SPENDER,))
    assert "compromised" == result.verdict("alice")
    assert "revoke" in result.wallet("alice")["remedy"].lower()
    assert "phrase" not in result.wallet("alice")["remedy"].lower()


def test_an_operation_that_failed_moved_nothing_by_its_own_act(story: Story) -> None:
    """A counterfeit that pretends to leave the account in the bundle where its operation failed proves nothing."""
    story.is_a("alice", "contract").sees("alice", "10:00", "signed")
    story.pays("alice", "sink", 50, "11:00", "FAKE", by="bundler", through="entry point", tx=BUNDLE)
    story.executes("alice", BUNDLE, "11:00", success=False)
    assert "A1" not in story.assess().codes("alice")


def test_ether_that_is_gone_and_was_not_seen_going_is_told(story: Story) -> None:
    """What a Safe sends on is in no transaction: the balance at T1 alone shows that it is gone. It proves nothing."""
    story.is_a("alice", "safe").sees("alice", "10:00").held("alice", 3.2).holds("alice", 0)
    story.is_a("bob", "eoa").sees("bob", "10:00").held("bob", 3.2).holds("bob", 0).pays("bob", "carol", 3.19, "12:00")
    story.sees("dave", "10:00").held("dave", 3.2).holds("dave", 3.1)
    story.sees("erin", "10:00").holds("erin", 0)
    result = story.assess()
    assert "exposed" == result.verdict("alice")
    text = result.tables["evidence"].filter(address=address("alice"), code="A5", weight=0).item(0, "text")
    assert (
        "it held 3.2 ETH when the attack began and holds 0 ETH now, and nothing that was read shows where it went"
        == text
    )
    missed = result.tables["evidence"].filter(pl.col("ref").str.starts_with("block:"))
    assert [address("alice")] == missed.get_column("address").to_list()


def test_what_is_now_is_the_latest_block(story: Story) -> None:
    """What stood at T1 is not still to save, and an approval that was taken back does not stand."""
    story.sees("alice", "10:00").held("alice", 50, "USDC").holds("alice", 0, "USDC").holds("alice", 1)
    story.sees("bob", "10:00", "signed").holds("bob", 5, "USDC").allows("bob", "spender")
    story.rows["allowances"].append({**story.rows["allowances"][-1], "value": "0", "unlimited": False})
    story.rows["allowances"][0]["block_number"] = 1
    result = story.assess(attackers=(SPENDER,))
    assert "1 ETH" == result.wallet("alice")["at_risk"]
    assert 0 == result.wallet("bob")["live_approvals"]
    held = balances_now(story.tables()["balances"])
    assert token("USDC") not in held.filter(address=address("alice")).get_column("token").to_list()
