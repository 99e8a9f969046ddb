"""Evidence: no code without its reasons, and a story for each code that is implemented."""

from dataclasses import replace
from typing import Any

import pytest

from exposure.assess.evidence import CODES, ROWS_MOST, Code
from exposure.incident import Attacker, Report, WindowSettings
from tests.assess.stories import ACTIONS, SPENDER, Story, address, at, token

FUNDER = Attacker(address=address("funder"), role="funder")
DELEGATE = Attacker(address=address("delegate"), role="delegate")


def test_a_code_needs_a_reason_a_doubt_and_an_advice() -> None:
    """Whoever adds a code must say why it counts, when it misleads and what to do."""
    with pytest.raises(TypeError):
        Code(code="Z1", title="a title", weight=1.0, why="because")  # type: ignore[call-arg]
    with pytest.raises(ValueError, match=r"^evidence code Z1 lacks misleads, advice$"):
        Code(code="Z1", title="a title", weight=1.0, why="because", misleads=" ", advice="")


def test_every_designed_code_is_there_once_under_its_own_name() -> None:
    """The codes are the public interface: scripts rely on them."""
    designed = [
        "K1",
        "K2",
        "K3",
        *(f"X{n}" for n in range(1, 5)),
        *(f"A{n}" for n in range(9)),
        *(f"N{n}" for n in range(1, 5)),
    ]
    assert sorted(designed) == sorted(CODES)
    assert all(code == spec.code for code, spec in CODES.items())


def test_what_proves_nothing_weighs_nothing_and_what_speaks_against_is_negative() -> None:
    """A0 is shown only; N codes lower the odds."""
    assert 0.0 == CODES["A0"].weight
    assert all((spec.weight < 0) == code.startswith("N") for code, spec in CODES.items())
    assert replace(CODES["A1"], weight=1.0).weight == 1.0


def test_each_row_names_its_line_or_transaction(story: Story) -> None:
    """Evidence without a reference cannot be checked by anybody."""
    story.sees("alice", "10:00").pays("alice", "sink", 1, "11:00", tx="0x" + "1" * 64)
    story.pays("alice", "sink", 5, "11:01", "USDC", tx="0x" + "2" * 64)
    result = story.assess()
    refs = result.tables["evidence"].get_column("ref").to_list()
    assert ["log:0a0a0a0a:1", "tx:1:0x" + "1" * 64, "tx:1:0x" + "2" * 64 + ":3"] == sorted(refs)


def test_ten_payments_are_shown_five_times_and_counted_once(story: Story) -> None:
    """Rows of one code are not independent: they are capped, and say how many there were."""
    story.sees("alice", "10:00")
    for minute in range(10):
        story.pays("alice", "sink", 1, f"11:{minute:02}")
    evidence = story.assess().tables["evidence"].filter(code="A1")
    assert ROWS_MOST == evidence.height
    assert all(text.endswith("(one of 10)") for text in evidence.get_column("text"))


def test_k1_secret_in_a_line(story: Story) -> None:
    """Proof, wherever the line stood."""
    assert {"K1": "log:0a0a0a0a:1"} == story.sees("alice", "-1 10:00", None, link="key").assess().evidence("alice")


def test_x1_direct_and_x2_session(story: Story) -> None:
    """In the request itself, or in another request of its session."""
    story.sees("alice", "10:00").sees("bob", "10:00", link="session", strength=0.75)
    result = story.assess()
    assert (["X1"], ["X2"]) == (result.codes("alice"), result.codes("bob"))


def test_x2_another_wallet_of_the_browser_that_gave_its_phrase_away(story: Story) -> None:
    """One phrase opens several wallets: one that was not on the screen that day is possible, and not no_sign."""
    story.sees("alice", "10:00", client="browser").sees("alice 2", "-1 10:00", "viewed", client="browser")
    result = story.assess()
    assert ("possible", ["X2"]) == (result.verdict("alice 2"), result.codes("alice 2"))


def test_x3_with_a_file_that_a_browser_may_have_kept(story: Story) -> None:
    """Between the repair and the end of the cache's life: exposed, less surely."""
    window = WindowSettings(cache="4h")  # type: ignore[arg-type]
    result = story.sees("alice", "17:00").sees("bob", "10:00").assess(window=window)
    assert ("exposed", ["X3"]) == (result.verdict("alice"), result.codes("alice"))
    assert result.wallet("alice")["p_exposed"] < result.wallet("bob")["p_exposed"]


def test_x3_with_the_malicious_file_still_open_after_the_end(story: Story) -> None:
    """A tab that stayed open runs the bad file whatever the server serves by now."""
    story.serves(100, "00:00", "08:59").serves(120, "09:05", "14:55").serves(100, "15:05", "20:00")
    story.sees("alice", "19:00", asset_state="bad").sees("bob", "19:00", asset_state="good")
    from exposure.incident import Asset

    result = story.assess(assets=(Asset(path="/app.js", bytes=(120,)),))
    assert (("exposed", ["X3"]), "no_sign") == ((result.verdict("alice"), result.codes("alice")), result.verdict("bob"))


def test_x4_reported(story: Story) -> None:
    """An owner's word, by the number of the report."""
    story.adds("sightings", address=address("alice"), time=at("10:00"), link="report", strength=0.7, ref="report:1")
    result = story.assess(reports=(Report(address=address("alice"), time=at("10:00")),))
    assert {"X4": "report:1"} == result.evidence("alice")


def test_a1_and_a2_known_and_discovered(story: Story) -> None:
    """The same payment proves something only where a person named the address."""
    for number in range(6):
        story.sees(f"victim {number}", "10:00").pays(f"victim {number}", "fresh", 1, "11:00").holds(
            f"victim {number}", 0
        )
    result = story.pays("victim 0", "sink", 1, "11:05").crowd(40, "10:00", "viewed").assess()
    assert (["A1", "A2", "X1"], "compromised") == (result.codes("victim 0"), result.verdict("victim 0"))
    assert (["A2", "X1"], "probable") == (result.codes("victim 1"), result.verdict("victim 1"))


def test_a3_moved_by_a_stranger_for_nothing(story: Story) -> None:
    """Somebody else's transaction took a real token after the wallet signed something."""
    story.pays("bob", "carol", 5, "-1 10:00", "USDC").sees("bob", "-1 10:00", "viewed")
    story.sees("alice", "10:00", "signed").approves("alice", "unknown", "10:01")
    story.pays("alice", "somewhere", 500, "12:00", "USDC", by="unknown").holds("alice", 0, "USDC")
    result = story.crowd(10, "10:00", "viewed").assess(attackers=())
    assert ("A3" in result.codes("alice"), "probable") == (True, result.verdict("alice"))


def test_a3_an_approval_to_somebody_else_covers_nothing(story: Story) -> None:
    """A keeper of old calls the token itself: what its owner approved to some other app since is not what it uses."""
    story.pays("bob", "carol", 5, "-1 10:00", "USDC").sees("bob", "-1 10:00", "viewed")
    story.sees("alice", "10:00", "signed").approves("alice", "some app", "10:01")
    story.pays("alice", "keeper", 20, "12:00", "USDC", by="keeper", through=token("USDC")).holds("alice", 800, "USDC")
    result = story.crowd(10, "10:00", "viewed").assess(attackers=())
    assert ("A3" in result.codes("alice"), "exposed") == (True, result.verdict("alice"))


def test_a3_not_for_a_settlement_that_controls_use_too(story: Story) -> None:
    """Intent settlements move assets for their users: a mover of controls is ordinary, without any list."""
    for number in range(3):
        story.sees(f"trader {number}", "10:00", "viewed").approves(f"trader {number}", "vault", "-1 10:00")
        story.pays(f"trader {number}", "pool", 50, "11:00", "USDC", by="solver", through="settlement")
    story.sees("alice", "10:00", "signed").approves("alice", "vault", "-1 11:00")
    story.pays("alice", "pool", 500, "12:00", "USDC", by="solver", through="settlement").holds("alice", 1, "USDC")
    result = story.assess(attackers=())
    assert (False, "exposed") == ("A3" in result.codes("alice"), result.verdict("alice"))


def test_a4_gas_from_an_attacker(story: Story) -> None:
    """A thief pays the gas of a wallet that holds tokens and no ether."""
    result = story.sees("alice", "10:00").pays("funder", "alice", 0.002, "10:30").assess(attackers=(FUNDER,))
    assert ("probable", ["A4", "X1"]) == (result.verdict("alice"), result.codes("alice"))


def test_a5_swept_to_an_address_that_nobody_else_uses(story: Story) -> None:
    """A drainer's one-time address or the owner's new wallet: shown, and never enough."""
    result = story.sees("alice", "10:00").pays("alice", "new home", 3, "16:00").holds("alice", 0).assess()
    assert (["A5", "X1"], "exposed") == (result.codes("alice"), result.verdict("alice"))


def test_a6_live_approval_points_to_the_event_that_gave_it(story: Story) -> None:
    """The text says which token to which spender; the reference is the approval's own transaction."""
    story.sees("alice", "10:00", "signed").approves("alice", "spender", "10:01", tx="0x" + "3" * 64)
    result = story.allows("alice", "spender").holds("alice", 9, "USDC").assess(attackers=(SPENDER,))
    assert result.evidence("alice")["A6"].startswith("tx:1:0x" + "3" * 64)


def test_a7_delegated_to_attacker_code(story: Story) -> None:
    """Most such delegations follow a stolen key."""
    story.sees("alice", "10:00").delegates("alice", "delegate", "10:30")
    result = story.assess(attackers=(DELEGATE,))
    assert ("probable", ["A7", "X1"]) == (result.verdict("alice"), result.codes("alice"))


def test_a8_split_at_a_drainers_ratio(story: Story) -> None:
    """20 % to the operator, 80 % to the affiliate, in one transaction; both parts are lost."""
    story.sees("alice", "10:00", "signed").approves("alice", "spender", "10:01")
    tx = "0x" + "4" * 64
    for to, part in (("affiliate", 80), ("operator", 20)):
        story.pays("alice", to, part, "11:00", "USDC", by="operator", through="spender", tx=tx)
    result = story.assess(attackers=(SPENDER,))
    assert ("A8" in result.codes("alice"), "100 USDC") == (True, result.wallet("alice")["lost"].split(" (")[0])


def test_a0_messages_and_transfers_of_nothing_prove_nothing(story: Story) -> None:
    """`Please return my funds` is a payment to the attacker, and no theft."""
    words = "0x" + b"please return my funds, it was all I had".hex()
    story.sees("alice", "10:00", "viewed").pays("alice", "sink", 0.0001, "20:00", input=words)
    story.sees("bob", "10:00", "viewed").pays("bob", "sink", 0, "20:00", "USDC", by="poisoner")
    result = story.assess()
    assert (["A0"], "no_sign") == (result.codes("alice"), result.verdict("alice"))
    assert (["A0"], "no_sign") == (result.codes("bob"), result.verdict("bob"))
    assert 0 == result.tables["losses"].height


def test_n1_moved_to_a_wallet_of_the_same_browser(story: Story) -> None:
    """It speaks for a rescue, and only a person can confirm it."""
    story.sees("alice", "10:00", client="browser").sees("alice 2", "-1 11:00", "viewed", client="browser")
    result = story.pays("alice", "alice 2", 3, "16:00").holds("alice", 0).assess()
    assert ("N1" in result.codes("alice"), "moved_unconfirmed") == (True, result.wallet("alice")["harm"])


def test_n2_an_exchange_that_controls_pay_too(story: Story) -> None:
    """An ordinary recipient takes the suspicion off a payment."""
    for number in range(4):
        story.sees(f"other {number}", "10:00", "viewed").pays(f"other {number}", "exchange", 1, "12:00")
    result = story.sees("alice", "10:00").pays("alice", "exchange", 1, "12:00").holds("alice", 2).assess()
    assert (["N2", "X1"], "exposed") == (result.codes("alice"), result.verdict("alice"))


def test_n3_cleared_and_n4_outside(story: Story) -> None:
    """What speaks against an exposure is shown too."""
    cleared: dict[str, Any] = {"cleared_by": "R. Reader", "cleared_why": "not hooked"}
    actions = tuple(a.model_copy(update=cleared) if a.name == "pasted_key" else a for a in ACTIONS)
    result = story.sees("alice", "10:00", "pasted_key").sees("bob", "20:00").assess(actions=actions)
    assert (["N3"], ["N4"]) == (result.codes("alice"), result.codes("bob"))


def test_a_phone_that_changes_its_address_still_ties_the_wallets_of_one_phrase(story: Story) -> None:
    """Two wallets stood side by side one day; on another, under another client, one of them gave its phrase away."""
    for wallet in ("first", "second"):
        story.sees(wallet, "-1 12:00", "viewed", client="phone at home")
    story.sees("first", "10:00", client="phone abroad")
    result = story.assess()
    assert ("exposed", "possible") == (result.verdict("first"), result.verdict("second"))
    assert ["X2"] == [code for code in result.codes("second") if code.startswith("X")]
