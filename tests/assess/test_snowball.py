"""From one known address to the others of the same hands, and to victims that no log shows."""

from exposure.incident import Report
from tests.assess.stories import PLAIN, SINK, SPENDER, Story, address


def test_the_attackers_other_victims_are_found(story: Story) -> None:
    """One attacker address is enough: who paid it by their own signature, and who approved it."""
    for index in range(3):
        story.pays(f"stranger {index}", "sink", 1, "11:00")
    story.approves("careless", "spender", "12:00").allows("careless", "spender").holds("careless", 10, "USDC")
    result = story.assess(attackers=(SINK, SPENDER), actions=(), facts=())
    assert ["compromised"] * 3 == [result.verdict(f"stranger {index}") for index in range(3)]
    assert ("probable", "chain_only", "10 USDC") == (
        result.verdict("careless"),
        result.wallet("careless")["link_to_incident"],
        result.wallet("careless")["at_risk"].split(" (")[0],
    )


def test_a_researchers_test_approval_is_possible_at_most(story: Story) -> None:
    """Nothing ties it to this site, and it holds nothing of that token."""
    story.sees("bob", "10:00").approves("researcher", "spender", "12:00", value=0.000001).holds("researcher", 3)
    story.allows("researcher", "spender", value=0.000001)
    result = story.assess(attackers=(SPENDER,))
    assert ("possible", ["A6"]) == (result.verdict("researcher"), result.codes("researcher"))


def test_recipients_of_a_confirmed_spender_are_attackers(story: Story) -> None:
    """One spender, nine sinks: an account that calls the token itself chose where it goes."""
    for index in range(2):
        story.approves(f"signer {index}", "spender", "10:00")
        story.pays(f"signer {index}", "other sink", 50, "12:00", "USDC", by="spender")
    result = story.assess(attackers=(SPENDER,), actions=(), facts=())
    assert "attacker" == result.sink("other sink")
    assert address("other sink") in result.tables["attackers"].filter(origin="discovered")["address"].to_list()


def test_a_pool_that_the_loot_went_through_is_no_attacker(story: Story) -> None:
    """A drainer's contract sells at once: its recipient may be a pool, and stays a suspect."""
    for index in range(3):
        story.approves(f"signer {index}", "spender", "10:00")
        story.pays(f"signer {index}", "pool", 50, "12:00", "USDC", by="operator", through="spender")
    result = story.assess(attackers=(SPENDER,), actions=(), facts=())
    assert ("suspect", 1) == (result.sink("pool"), result.tables["attackers"].height)


def test_what_left_beside_a_theft_went_to_a_suspect(story: Story) -> None:
    """Three victims of the known sink paid the same other address within minutes."""
    for index in range(3):
        story.sees(f"victim {index}", "10:00").pays(f"victim {index}", "sink", 1, "11:00")
        story.pays(f"victim {index}", "second", 70, "11:04", "USDC")
    assert "suspect" == story.assess().sink("second")


def test_one_reported_theft_names_a_suspect_three_an_attacker(story: Story) -> None:
    """Half of all claims can be false, and two strangers may use one exchange."""
    reports = []
    for index in range(3):
        tx = f"0x{index + 1:064x}"
        story.pays(f"owner {index}", "taker", 2, "11:00", tx=tx)
        reports.append(Report(address=address(f"owner {index}"), tx=tx))
    story.pays("single", "loner", 2, "11:00", tx="0x" + "9" * 64)
    reports.append(Report(address=address("single"), tx="0x" + "9" * 64))
    for number, report in enumerate(reports, start=1):
        story.adds("sightings", address=report.address, link="report", strength=0.7, ref=f"report:{number}")
    result = story.assess(**PLAIN, reports=tuple(reports), actions=(), facts=())
    assert ("attacker", "suspect") == (result.sink("taker"), result.sink("loner"))
    assert "probable" == result.verdict("owner 0")


def test_a_reported_payment_to_what_others_use_is_ordinary(story: Story) -> None:
    """Three reports name the same exchange, which wallets that were not exposed pay as well."""
    reports = []
    for index in range(3):
        tx = f"0x{index + 1:064x}"
        story.pays(f"owner {index}", "exchange", 2, "11:00", tx=tx)
        reports.append(Report(address=address(f"owner {index}"), tx=tx))
        story.adds(
            "sightings", address=address(f"owner {index}"), link="report", strength=0.7, ref=f"report:{index + 1}"
        )
    story.sees("bob", "10:00", "viewed").pays("bob", "exchange", 1, "12:00")
    assert "ordinary" == story.assess(**PLAIN, reports=tuple(reports)).sink("exchange")


def test_a_person_can_confirm_what_was_discovered(story: Story) -> None:
    """A row of origin `person` in the attackers table counts like incident.toml's."""
    story.sees("alice", "10:00").pays("alice", "fresh", 1, "11:00")
    story.adds("attackers", address=address("fresh"), role="sink", origin="person", confirmed=True, exclusive=False)
    story.adds(
        "attackers", address=address("stale"), role="sink", origin="discovered", confirmed=False, exclusive=False
    )
    result = story.assess(**PLAIN)
    assert ("compromised", ["person"]) == (result.verdict("alice"), result.tables["attackers"]["origin"].to_list())
