"""What counts as a loss, exactly, and what only looks like one."""

from exposure.incident import Attacker
from tests.assess.stories import SINK, SPENDER, Result, Story, address, token

DELEGATE = Attacker(address=address("delegate"), role="delegate")


def lost(result: Result) -> dict[tuple[str, str], int]:
    """Give what each wallet lost of each token, in base units."""
    sums: dict[tuple[str, str], int] = {}
    for who, what, amount in result.tables["losses"].select("address", "token", "amount").iter_rows():
        sums[who, what] = sums.get((who, what), 0) + int(amount)
    return sums


def test_sums_are_exact_to_the_wei(story: Story) -> None:
    """Floats would lose the last digits of 1.000000000000000001 ether."""
    story.sees("alice", "10:00").pays("alice", "sink", 1, "11:00").pays("alice", "sink", 2, "11:01")
    story.rows["transfers"][0]["value"] = "1000000000000000001"
    result = story.assess()
    assert {(address("alice"), token("ETH")): 3 * 10**18 + 1} == lost(result)
    assert "3.000000000000000001 ETH" == result.wallet("alice")["lost"]


def test_dust_beside_a_theft_belongs_to_it(story: Story) -> None:
    """A sweep's last wei are part of the sum; dust alone is no theft."""
    story.sees("alice", "10:00").pays("alice", "sink", 1, "11:00").pays("alice", "sink", 0.000001, "11:01")
    story.sees("bob", "10:00", "viewed").pays("bob", "sink", 0.000001, "11:00")
    result = story.assess()
    assert {(address("alice"), token("ETH")): 10**18 + 10**12} == lost(result)
    assert ("no_sign", ["A0"]) == (result.verdict("bob"), result.codes("bob"))


def test_a_counterfeit_token_is_no_loss(story: Story) -> None:
    """Its maker announces transfers out of other people's wallets; nobody signed anything."""
    story.sees("alice", "10:00", "viewed").pays("alice", "sink", 900, "11:00", "FAKE", by="poisoner")
    result = story.assess()
    assert ({}, "no_sign", ["A0"]) == (lost(result), result.verdict("alice"), result.codes("alice"))


def test_a_counterfeit_cannot_pretend_an_approval_either(story: Story) -> None:
    """An Approval event that its owner did not sign, of a token that nobody uses, gives no authority."""
    story.sees("alice", "10:00", "viewed").approves("alice", "sink", "10:30", "FAKE", by="poisoner")
    story.pays("alice", "sink", 900, "11:00", "FAKE", by="poisoner")
    assert {} == lost(story.assess())


def test_a_counterfeit_that_one_person_tried_to_sell_is_one_all_the_same(story: Story) -> None:
    """One visitor approved a router for it, and its maker moves it to the thief in the names of three who signed nothing."""
    story.sees("curious", "10:00", "viewed").approves("curious", "router", "-1 10:00", "FAKE")
    for who in ("alice", "bob", "carol"):
        story.sees(who, "10:00", "viewed").pays(who, "sink", 900, "11:00", "FAKE", by="poisoner")
    result = story.assess()
    assert ({}, "no_sign", ["A0"]) == (lost(result), result.verdict("alice"), result.codes("alice"))


def test_a_token_that_three_people_send_is_real_however_many_were_robbed_of_it(story: Story) -> None:
    """Old approvals that no event shows: the robbed may be more than those who use the token by themselves."""
    for who in ("dan", "eve", "fay"):
        story.sees(who, "10:00", "viewed").pays(who, "shop", 5, "10:00", "USDC")
    for number in range(5):
        story.sees(f"robbed {number}", "10:00", "signed")
        story.pays(f"robbed {number}", "sink", 300, "10:05", "USDC", by="stranger")
    assert "compromised" == story.assess().verdict("robbed 4")


def test_a_real_token_moved_by_the_spender_is_a_loss_wherever_it_went(story: Story) -> None:
    """One spender, many sinks (BadgerDAO 2021): the spender's own deed counts, not its recipient."""
    story.sees("alice", "10:00", "signed").approves("alice", "spender", "10:01")
    story.pays("alice", "one of nine", 700, "+1 02:00", "USDC", by="spender")
    result = story.assess(attackers=(SPENDER,))
    assert ("compromised", {(address("alice"), token("USDC")): 700 * 10**6}) == (result.verdict("alice"), lost(result))
    assert [SPENDER.address] == result.tables["losses"]["attacker"].to_list()


def test_a_permit_is_a_signature_without_a_transaction_of_the_victim(story: Story) -> None:
    """The attacker sends the permit and takes the token at once."""
    tx = "0x" + "5" * 64
    story.sees("alice", "10:00", "signed").approves("alice", "spender", "10:05", by="spender", tx=tx)
    story.pays("alice", "sink", 300, "10:05", "USDC", by="spender", tx=tx)
    result = story.assess(attackers=(SPENDER,))
    assert ("compromised", "300 USDC") == (result.verdict("alice"), result.wallet("alice")["lost"].split(" (")[0])


def test_an_old_approval_that_no_event_shows_is_authority_all_the_same(story: Story) -> None:
    """A token that others use cannot be moved without it."""
    story.sees("bob", "10:00", "viewed").pays("bob", "shop", 5, "10:00", "USDC")
    story.sees("alice", "10:00", "signed").pays("alice", "sink", 300, "10:05", "USDC", by="stranger")
    assert "compromised" == story.assess().verdict("alice")


def test_everything_that_left_in_a_theft_for_nothing_belongs_to_it(story: Story) -> None:
    """The operator's share goes to an address that nobody has named yet."""
    tx = "0x" + "6" * 64
    story.sees("alice", "10:00", "signed").approves("alice", "tool", "10:01")
    for to, part in (("sink", 80), ("operator", 20)):
        story.pays("alice", to, part, "11:00", "USDC", by="operator", through="tool", tx=tx)
    assert {(address("alice"), token("USDC")): 100 * 10**6} == lost(story.assess())


def test_an_nft_is_lost_by_its_number(story: Story) -> None:
    """Collections are taken one by one, after one approval for all."""
    story.sees("alice", "10:00", "signed").approves("alice", "spender", "10:01", "CATS", standard="for_all", value=1)
    story.pays("alice", "sink", 1, "11:00", "CATS", by="spender", standard="erc721", token_id="77")
    wallet = story.assess(attackers=(SPENDER,)).wallet("alice")
    assert ("compromised", True) == (wallet["verdict"], wallet["lost"].endswith("#77"))


def test_what_a_delegates_code_moved_is_its_theft(story: Story) -> None:
    """EIP-7702: the account itself runs the attacker's code, somebody else sends the transaction."""
    story.is_a("alice", "eip7702").sees("alice", "10:00").delegates("alice", "delegate", "10:30")
    story.pays("bob", "carol", 1, "09:00", "USDC").sees("bob", "09:00", "viewed")
    story.pays("alice", "somewhere", 50, "10:40", "USDC", by="relayer", through="alice")
    result = story.assess(attackers=(DELEGATE,))
    assert ("compromised", "50 USDC") == (result.verdict("alice"), result.wallet("alice")["lost"].split(" (")[0])


def test_a_smart_accounts_own_act_comes_through_a_relayer(story: Story) -> None:
    """A UserOperation or a Safe's execution is the wallet's own act: here, a payment to the attacker."""
    story.is_a("alice", "safe").sees("alice", "10:00", "signed").approves("alice", "shop", "-1 10:00")
    story.pays("alice", "sink", 50, "11:00", "USDC", by="relayer", through="alice")
    assert "compromised" == story.assess().verdict("alice")


def test_a_pool_that_serves_the_attacker_is_no_victim(story: Story) -> None:
    """Thieves sell what they took: the pool pays them, and nobody robbed the pool."""
    tx = "0x" + "8" * 64
    story.sees("alice", "10:00").pays("alice", "sink", 500, "11:00", "USDC")
    story.pays("sink", "pool", 500, "12:00", "USDC", through="router", tx=tx)
    story.pays("pool", "sink", 499, "12:00", "SHARE", by="sink", through="router", tx=tx)
    assert {address("alice")} == {who for who, _ in lost(story.assess())}


def test_a_bridge_that_pays_out_to_the_attacker_is_no_victim(story: Story) -> None:
    """Once the chain says that it runs code, it is nobody to warn."""
    story.sees("alice", "10:00").pays("alice", "sink", 5, "11:00").is_a("bridge", "contract")
    story.pays("bridge", "sink", 700, "12:00", "USDC", by="sink", through="bridge")
    assert {address("alice")} == {who for who, _ in lost(story.assess())}


def test_an_exchange_that_pays_out_to_the_attacker_is_no_victim(story: Story) -> None:
    """An account with a hundred thousand transactions is a service."""
    story.sees("alice", "10:00").pays("alice", "sink", 5, "11:00").is_a("exchange", "eoa", nonce=400_000)
    story.pays("exchange", "sink", 2, "08:00")
    assert {address("alice")} == {who for who, _ in lost(story.assess())}


def test_the_attackers_own_hop_is_no_victim(story: Story) -> None:
    """A wallet that got loot from the attacker before it sent any back is the attacker's."""
    story.sees("alice", "10:00").pays("alice", "sink", 5, "11:00")
    story.pays("sink", "hop", 4, "12:00").pays("hop", "sink", 3, "13:00")
    assert {address("alice")} == {who for who, _ in lost(story.assess())}


def test_a_victim_that_got_gas_first_stays_a_victim(story: Story) -> None:
    """Gas for a sweep is no loot."""
    story.pays("sink", "stranger", 0.003, "10:00").pays("stranger", "sink", 900, "10:01", "USDC")
    assert {(address("stranger"), token("USDC")): 900 * 10**6} == lost(story.assess())


def test_payments_to_a_funder_are_no_losses(story: Story) -> None:
    """Who sends thieves gas may be an exchange; what people pay it proves nothing."""
    story.sees("alice", "10:00", "viewed").pays("alice", "shop", 2, "11:00")
    assert {} == lost(story.assess(attackers=(Attacker(address=address("shop"), role="funder"),)))


def test_exported_logs_without_senders_still_show_thefts(story: Story) -> None:
    """Where nobody read who sent the transactions, a token's move to the attacker speaks for itself."""
    story.sees("alice", "10:00").pays("alice", "sink", 500, "11:00", "USDC")
    for row in story.rows["transfers"]:
        row["transaction_from"] = row["transaction_to"] = None
    assert "compromised" == story.assess(attackers=(SINK,)).verdict("alice")


def test_what_an_attackers_code_moved_inside_a_transaction_is_lost(story: Story) -> None:
    """Only a trace shows it: the account sent nothing, and no log says so. The loss names the inner call."""
    story.sees("alice", "12:00").delegates("alice", "sink", "12:30").is_a("alice", "eip7702")
    story.pays("alice", "sink", 3, "13:00", by="relayer", through="alice", trace_address="0.1")
    losses = story.assess().tables["losses"]
    assert [("3000000000000000000", "0.1")] == losses.select("amount", "trace_address").rows()


def test_what_only_traces_show_makes_nobody_an_attacker(story: Story) -> None:
    """The exposed are traced and the controls are not: a service that all use through contracts would look like a thief."""
    for number in range(6):
        story.sees(f"person {number}", "12:00").is_a(f"person {number}", "safe")
        story.pays(f"person {number}", "shop", 2, f"13:{number:02}", through="gate", trace_address="0")
    story.crowd(40, "12:00", "viewed", "control")
    assert story.assess().sink("shop") in (None, "ordinary")
