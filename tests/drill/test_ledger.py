"""The chain in memory: nobody sends what they do not have, and blocks hold one sender each."""

import pytest

from exposure.drill.calls import call, create
from exposure.drill.dice import Dice
from exposure.drill.keys import derive
from exposure.drill.ledger import SLOT, Ledger

START = 1_772_000_000
ALICE, BOB = derive("alice"), derive("bob")


def _ledger() -> Ledger:
    ledger = Ledger(Dice("ledger"), START)
    ledger.ether[ALICE.address] = ledger.ether[BOB.address] = 10**18
    return ledger


def test_events_run_in_order_of_time_and_may_bring_others() -> None:
    """What is scheduled for the past happens now."""
    ledger, seen = _ledger(), []
    ledger.at(START + 50, seen.append, "late")
    ledger.at(START + 10, lambda: (seen.append("early"), ledger.at(START, seen.append, "brought")))
    ledger.run()
    assert seen == ["early", "brought", "late"]


def test_a_block_holds_one_sender() -> None:
    """So that the order of transactions is ours and not the node's: a second sender waits for the next slot."""
    ledger = _ledger()
    sent = [ledger.send(ALICE, BOB.address, 1), ledger.send(ALICE, BOB.address, 2), ledger.send(BOB, ALICE.address, 3)]
    assert [(one.time - START, one.nonce) for one in sent] == [(0, 0), (0, 1), (SLOT, 0)]


def test_sending_all_leaves_nothing() -> None:
    """The fee is known beforehand, as the price is fixed."""
    ledger = _ledger()
    sent = ledger.send_all(ALICE, BOB.address)
    assert sent.value + 21_000 * sent.max_fee == 10**18
    assert sent.max_fee == sent.tip
    assert ledger.ether[ALICE.address] == 0


def test_sending_more_than_there_is_is_a_fault_of_the_program() -> None:
    """Acts ask first whether they can pay."""
    ledger = _ledger()
    assert not ledger.can_pay(ALICE.address, 21_000, 10**18)
    with pytest.raises(ValueError, match="a drill's act must ask can_pay first"):
        ledger.send(ALICE, BOB.address, 10**18)


def test_calls_are_encoded_as_solidity_does() -> None:
    """Known selectors, and arguments with tuples and arrays."""
    assert call("transfer(address,uint256)", BOB.address, 5).hex() == (
        "a9059cbb" + BOB.address[2:].rjust(64, "0") + "5".rjust(64, "0")
    )
    assert call("aggregate3((address,bool,bytes)[])", [(BOB.address, False, b"")])[:4].hex() == "82ad56cb"
    assert create("0x6001", "(uint8)", 7).hex() == "6001" + "7".rjust(64, "0")
