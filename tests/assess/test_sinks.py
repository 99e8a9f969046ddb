"""Shared recipients and spenders: found where independent exposed owners share them, and nobody else does."""

from exposure.assess.sinks import FAMILY
from exposure.incident import Contract, Fact
from tests.assess.stories import PLAIN, Story, address, at, token


def robbed(story: Story, number: int, sink: str = "fresh", **more: str) -> Story:
    """Let so many exposed owners be emptied into one address."""
    for index in range(number):
        story.sees(f"{sink} victim {index}", "10:00", **more).holds(f"{sink} victim {index}", 0)
        story.pays(f"{sink} victim {index}", sink, 1 + index, "12:00")
    return story


def test_an_address_that_only_the_exposed_share_is_an_attacker_and_not_confirmed(story: Story) -> None:
    """Discovered: its victims are probable, never compromised, until a person confirms it."""
    result = robbed(story, 5).crowd(40, "10:00", "viewed").assess(**PLAIN)
    assert ("attacker", "probable") == (result.sink("fresh"), result.verdict("fresh victim 1"))
    found = result.tables["attackers"].to_dicts()[0]
    assert (address("fresh"), "discovered", False) == (found["address"], found["origin"], found["confirmed"])


def test_two_owners_are_not_enough(story: Story) -> None:
    """At least three independent owners, however improbable chance is."""
    result = robbed(story, 2).crowd(400, "10:00", "viewed").assess(**PLAIN)
    assert ("ordinary", "exposed") == (result.sink("fresh"), result.verdict("fresh victim 1"))


def test_one_owner_who_gathers_wallets_is_no_sink(story: Story) -> None:
    """People move several wallets to one new one: wallets of one browser are one owner."""
    result = robbed(story, 6, client="one browser").crowd(40, "10:00", "viewed").assess(**PLAIN)
    assert ("ordinary", 1) == (result.sink("fresh"), result.tables["sinks"].item(0, "victims"))


def test_wallets_funded_by_one_address_before_are_one_owner(story: Story) -> None:
    """Without a common browser the first gas ties them; gas sent after the exposure would be the thief's."""
    for index in range(4):
        story.pays("old home", f"fresh victim {index}", 1, "-1 10:00")
    result = robbed(story, 4).crowd(60, "10:00", "viewed").assess(**PLAIN)
    assert ("ordinary", 1) == (result.sink("fresh"), result.tables["sinks"].item(0, "victims"))


def test_gas_from_the_thief_does_not_make_victims_one_owner(story: Story) -> None:
    """He sends it after the exposure."""
    for index in range(4):
        story.pays("helper", f"fresh victim {index}", 0.002, "11:30")
    assert "attacker" == robbed(story, 4).crowd(60, "10:00", "viewed").assess(**PLAIN).sink("fresh")


def test_an_exchange_shows_many_controls(story: Story) -> None:
    """Those who were not exposed pay it as well."""
    robbed(story, 5, "exchange")
    for index in range(20):
        story.sees(f"other {index}", "10:00", "viewed").pays(f"other {index}", "exchange", 1, "12:00")
    result = story.crowd(20, "10:30", "viewed", "more").assess(**PLAIN)
    assert ("ordinary", "exposed") == (result.sink("exchange"), result.verdict("exchange victim 1"))


def test_an_address_that_its_payers_knew_before_is_no_sink(story: Story) -> None:
    """The same wallets' past is a control: they paid it before they were exposed."""
    for index in range(5):
        story.pays(f"landlord victim {index}", "landlord", 1, "-1 12:00")
    result = robbed(story, 5, "landlord").crowd(40, "10:00", "viewed").assess(**PLAIN)
    assert result.sink("landlord") in (None, "ordinary")


def test_a_router_gives_something_back(story: Story) -> None:
    """Consideration in the same transaction: a swap, whoever uses it."""
    for index in range(6):
        tx = f"0x{index:064x}"
        story.sees(f"trader {index}", "10:00").pays(f"trader {index}", "router", 1, "12:00", tx=tx, input="0x12345678")
        story.pays("router", f"trader {index}", 2000, "12:00", "USDC", by=f"trader {index}", through="router", tx=tx)
        story.approves(f"trader {index}", "router", "12:01")
    result = story.crowd(40, "10:00", "viewed").assess(**PLAIN)
    assert result.sink("router") in (None, "ordinary")
    assert "exposed" == result.verdict("trader 1")


def test_calling_a_contract_makes_a_suspect_at_most(story: Story) -> None:
    """A new sale or bridge draws the same people; a thief sends what there is, and calls nothing."""
    for index in range(6):
        story.sees(f"buyer {index}", "10:00").holds(f"buyer {index}", 0)
        story.pays(f"buyer {index}", "sale", 1, "12:00", input="0x12345678" + "00" * 32)
    result = story.crowd(40, "10:00", "viewed").assess(**PLAIN)
    assert ("suspect", "exposed") == (result.sink("sale"), result.verdict("buyer 1"))


def test_payments_that_leave_the_rest_where_it_is_make_a_suspect_at_most(story: Story) -> None:
    """A thief takes all of it."""
    for index in range(6):
        story.sees(f"donor {index}", "10:00").holds(f"donor {index}", 50).pays(f"donor {index}", "charity", 1, "12:00")
    assert "suspect" == story.crowd(40, "10:00", "viewed").assess(**PLAIN).sink("charity")


def test_unread_holdings_do_not_hide_a_sink(story: Story) -> None:
    """Where nobody asked what is left, the numbers decide."""
    for index in range(6):
        story.sees(f"victim {index}", "10:00").pays(f"victim {index}", "fresh", 1, "12:00")
    assert "attacker" == story.crowd(40, "10:00", "viewed").assess(**PLAIN).sink("fresh")


def test_the_dapps_own_contract_and_tokens_are_never_attackers(story: Story) -> None:
    """Named in incident.toml, or a token: everybody's, not a thief's."""
    result = (
        robbed(story, 6, "vault")
        .crowd(40, "10:00", "viewed")
        .assess(**PLAIN, contracts=(Contract(address=address("vault"), chain="ethereum"),))
    )
    assert (None, 0) == (result.sink("vault"), result.tables["attackers"].height)


def test_a_sink_that_is_looked_at_on_the_site_is_still_found(story: Story) -> None:
    """Victims and bots look the thief's address up: that makes no owner of it, and no victim."""
    robbed(story, 5)
    for index in range(5):
        story.sees("fresh", "14:00", "viewed", client=f"client of fresh victim {index}")
    result = story.crowd(40, "10:00", "viewed").assess(**PLAIN)
    assert ("attacker", False) == (result.sink("fresh"), result.listed("fresh"))


def test_a_spender_is_found_by_its_approvals_and_their_use(story: Story) -> None:
    """Approved by exposed owners only, and used by somebody else for nothing."""
    story.pays("other 1", "shop", 1, "-1 10:00", "USDC")
    for index in range(6):
        story.sees(f"signer {index}", "10:00", "signed").approves(f"signer {index}", "taker", "10:01")
        if index < 3:
            story.pays(f"signer {index}", "loot", 100, "+1 02:00", "USDC", by="taker")
    result = story.crowd(60, "10:00", "viewed", "other").assess(**PLAIN)
    assert ("attacker", "probable") == (result.sink("taker", "spender"), result.verdict("signer 1"))
    assert "probable" == result.verdict("signer 5"), "its approval stands, though nothing was taken yet"


def test_a_spender_that_nobody_has_used_is_a_suspect(story: Story) -> None:
    """Being approved is what every dapp asks for."""
    for index in range(6):
        story.sees(f"signer {index}", "10:00", "signed").approves(f"signer {index}", "vault", "10:01")
    result = story.crowd(60, "10:00", "viewed").assess(**PLAIN)
    assert ("suspect", "exposed") == (result.sink("vault", "spender"), result.verdict("signer 1"))


def test_a_team_that_names_an_exchange_is_told(story: Story) -> None:
    """The address stays an attacker, since people named it; the table says that others use it."""
    for index in range(20):
        story.sees(f"other {index}", "10:00", "viewed").pays(f"other {index}", "sink", 1, "12:00")
    result = story.sees("alice", "10:00").assess()
    assert ("ordinary", True) == (result.sink("sink"), result.tables["attackers"].item(0, "confirmed"))


def test_without_controls_nothing_is_found(story: Story) -> None:
    """Where everybody in the logs was exposed there is nobody to compare with."""
    result = robbed(story, 8).assess(**PLAIN)
    assert ("ordinary", True) == (result.sink("fresh"), result.tables["sinks"].item(0, "q_value") > FAMILY)


def test_quiet_logs_give_no_sink(story: Story) -> None:
    """No attack at all: people pay shops, exchanges and each other. Nothing bounds a window, so that nobody is told "no sign"."""
    for index in range(60):
        did = ("entered_seed", "viewed", "hardware")[index % 3]
        story.sees(f"person {index}", "10:00", did).pays(f"person {index}", f"shop {index % 4}", 1, "12:00")
    result = story.assess(**PLAIN, facts=())
    assert [] == result.tables["sinks"].filter(verdict="attacker").rows()
    assert {"exposed", "possible"} == set(result.tables["wallets"].get_column("verdict"))
    assert at("10:00") == result.wallet("person 0")["first_exposed"]


def test_a_file_that_changed_back_tells_the_hours_to_look_at(story: Story) -> None:
    """Nothing bounds the attack, and its few victims drown among all who ever typed a phrase; in the right hours they do not."""
    robbed(story, 4).crowd(90, "-1 08:00", "entered_seed", "before").crowd(30, "10:00", "viewed")
    expected = {False: ("ordinary", "exposed"), True: ("attacker", "probable")}
    found = {}
    for known in expected:
        if known:
            story.serves(100, "-1 00:00", "09:01").serves(120, "09:05", "14:58").serves(100, "15:02", "+1 20:00")
        result = story.assess(**PLAIN, facts=())
        found[known] = (result.sink("fresh"), result.verdict("fresh victim 1"))
    assert expected == found


def test_until_people_were_told_is_where_an_attack_without_an_end_is_sought(story: Story) -> None:
    """It began after nine; nothing says when it ended, and its few victims drown among all who typed a phrase since."""
    robbed(story, 4).crowd(90, "+1 08:00", "entered_seed", "after").crowd(30, "10:00", "viewed")
    good = Fact(kind="last_known_good", time=at("09:00"), source="deploy log")
    notice = Fact(kind="public_notice", time=at("16:00"), source="a post")
    found = {}
    for facts in ((good,), (good, notice)):
        result = story.assess(**PLAIN, facts=facts)
        found[len(facts)] = (result.sink("fresh"), result.verdict("fresh victim 1"))
    assert {1: ("ordinary", "exposed"), 2: ("attacker", "probable")} == found


def test_once_x_is_known_further_sinks_are_sought_among_its_doers(story: Story) -> None:
    """Three victims are too few among all who did anything that exposes, and enough among those who did X."""
    robbed(story, 9).crowd(40, "10:00", "pasted_key", "other way").crowd(40, "10:00", "viewed")
    for index in range(3):
        story.sees(f"late victim {index}", "11:00").holds(f"late victim {index}", 0)
        story.pays(f"late victim {index}", "second", 1, "12:30")
    result = story.assess(**PLAIN)
    assert ("attacker", "attacker", "probable") == (
        result.sink("fresh"),
        result.sink("second"),
        result.verdict("late victim 1"),
    )


def test_a_known_thief_lends_its_numbers_to_nobody(story: Story) -> None:
    """A sale opened that day, and some put all they had into it; half of everybody was exposed, and its buyers by chance."""
    robbed(story, 8, "sink")
    for index in range(6):
        story.sees(f"buyer {index}", "10:00").holds(f"buyer {index}", 0).pays(f"buyer {index}", "sale", 1, "13:00")
    story.crowd(46, "10:00", "entered_seed", "spared").crowd(60, "10:00", "viewed")
    result = story.assess()
    assert ("attacker", "suspect") == (result.sink("sink"), result.sink("sale"))
    assert "exposed" == result.verdict("buyer 1")


def test_beside_a_known_thief_a_further_one_needs_less(story: Story) -> None:
    """Three of three were exposed, who are a seventh of all: too little among all who may be one, enough beside the thief."""
    robbed(robbed(story, 8, "sink"), 3, "second")
    for number in range(8):
        story.crowd(3, "10:00", "viewed", f"guest {number}")
        for index in range(3):
            story.pays(f"guest {number} {index}", f"shop {number}", 1, "12:00")
    story.crowd(10, "10:00", "entered_seed", "spared").crowd(100, "10:00", "viewed")
    assert ("attacker", "probable") == ((result := story.assess()).sink("second"), result.verdict("second victim 1"))


def test_addresses_that_follow_each_other_stand_out_together(story: Story) -> None:
    """Each has three victims, which is too few by itself; nobody who was not exposed paid any of them."""
    for name in ("first", "second", "third"):
        robbed(story, 3, name)
    result = story.crowd(40, "10:00", "entered_seed", "spared").crowd(100, "10:00", "viewed").assess(**PLAIN)
    assert ["attacker"] * 3 == [result.sink(name) for name in ("first", "second", "third")]


def test_an_x_that_is_said_to_expose_nobody_hides_no_sink(story: Story) -> None:
    """The data vetoes the word on it; until then its doers stand among the controls, and nothing is sought among them alone."""
    for index in range(14):
        story.sees(f"connected {index}", "10:00", "hardware").pays(f"connected {index}", "sink", 1, "12:00")
    for index in range(6):
        story.sees(f"both {index}", "10:00").sees(f"both {index}", "10:01", "hardware").holds(f"both {index}", 0)
        story.pays(f"both {index}", "fresh", 1, "12:00")
    result = story.crowd(40, "10:00", "viewed").crowd(10, "10:00", "entered_seed", "spared").assess()
    assert ("yes", "attacker", "probable") == (result.is_x("hardware"), result.sink("fresh"), result.verdict("both 1"))


def test_whom_more_others_use_than_the_exposed_is_no_thief(story: Story) -> None:
    """A keeper collects from many; that some of them were exposed lately makes no thief of it, however odd the numbers."""
    for index in range(14):
        who, did = f"member {index}", "entered_seed" if index < 6 else "viewed"
        story.sees(who, "10:00", did).approves(who, "keeper", "-1 10:00" if index >= 6 else "11:00")
        story.pays(who, "keeper", 5, "-1 12:00" if index >= 6 else "12:00", "USDC", by="keeper", through=token("USDC"))
    story.crowd(300, "10:00", "viewed")
    assert "attacker" != story.assess(**PLAIN).sink("keeper", "spender")


def test_what_somebody_else_moved_is_no_use_of_an_approval(story: Story) -> None:
    """The exposed are the busier people: more of them approve a router, and a keeper of old moves their tokens now and then."""
    for index in range(12):
        who = f"busy {index}"
        story.sees(who, "10:00").approves(who, "router", "11:00").holds(who, 50, "USDC")
        if index < 4:
            story.pays(who, "old keeper", 5, "12:00", "USDC", by="old keeper", through=token("USDC"))
    story.crowd(300, "10:00", "viewed")
    assert "attacker" != story.assess(**PLAIN).sink("router", "spender")
