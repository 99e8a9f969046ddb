"""Which action is X: the one whose doers were harmed, not the one that they did too."""

import pytest

from tests.assess.stories import Story, address, at


def attack(story: Story, number: int, did: str = "entered_seed", *also: str) -> Story:
    """Let so many wallets do X, and other things, and be robbed."""
    for index in range(number):
        for minute, action in enumerate((did, *also)):
            story.sees(f"victim {index}", f"10:{minute:02}", action)
        story.pays(f"victim {index}", "sink", 1, "11:00")
    return story


def test_the_action_whose_risk_stands_out_is_x(story: Story) -> None:
    """Counts, rate and interval stand beside the answer."""
    result = attack(story, 8).crowd(2, "10:00", "entered_seed", "spared").crowd(30, "10:00", "viewed").assess()
    rows = {r["action"]: r for r in result.tables["attack_rates"].to_dicts() if r["host"] is None}
    row = rows["entered_seed"]
    assert ("yes", 10, 8, 0.8) == (row["is_x"], row["exposed"], row["harmed"], row["rate"])
    assert row["rr_low"] > 1
    assert row["q_value"] < 0.001
    assert "no" == rows["viewed"]["is_x"]


def test_a_popular_harmless_action_of_the_victims_is_not_blamed(story: Story) -> None:
    """All victims looked at their balance as well; so did many who were not harmed."""
    result = (
        attack(story, 12, "entered_seed", "viewed")
        .crowd(60, "10:00", "viewed")
        .crowd(30, "10:00", None, "idle")
        .assess()
    )
    assert ("yes", "no") == (result.is_x("entered_seed"), result.is_x("viewed"))


def test_two_actions_that_were_both_hooked_are_both_x(story: Story) -> None:
    """Each harmed people who did not do the other."""
    attack(story, 10)
    for index in range(10):
        story.sees(f"key victim {index}", "10:00", "pasted_key").pays(f"key victim {index}", "sink", 1, "11:00")
    result = story.crowd(40, "10:00", "viewed").assess()
    assert ("yes", "yes") == (result.is_x("entered_seed"), result.is_x("pasted_key"))


def test_where_everyone_did_it_x_cannot_be_told(story: Story) -> None:
    """No comparison, no answer: the result says so instead of guessing."""
    result = attack(story, 8).crowd(8, "10:00", "entered_seed", "spared").assess()
    assert "cannot_tell" == result.is_x("entered_seed")


def test_two_that_always_went_together_cannot_be_told_apart(story: Story) -> None:
    """Both could be it."""
    result = attack(story, 12, "entered_seed", "pasted_key").crowd(30, "10:00", "viewed").assess()
    assert ("cannot_tell", "cannot_tell") == (result.is_x("entered_seed"), result.is_x("pasted_key"))


def test_of_two_that_went_together_the_one_that_exposes_is_x(story: Story) -> None:
    """The team says that connecting hardware exposes nobody: then it is the other."""
    result = attack(story, 12, "entered_seed", "hardware").crowd(30, "10:00", "viewed").assess()
    assert ("yes", "cannot_tell") == (result.is_x("entered_seed"), result.is_x("hardware"))


def test_what_everybody_does_who_comes_is_not_blamed_for_what_no_line_shows(story: Story) -> None:
    """Who views a balance in the window was there: a second wallet under the phrase is robbed, and only looked at."""
    attack(story, 12, "entered_seed", "viewed").crowd(30, "10:00", "viewed")
    for index in range(4):
        story.sees(f"second wallet {index}", "10:30", "viewed").pays(f"second wallet {index}", "sink", 1, "11:00")
    result = story.crowd(200, "-1 10:00", "viewed", "day before").assess()
    assert ("yes", "cannot_tell") == (result.is_x("entered_seed"), result.is_x("viewed"))


def test_where_everybody_who_came_did_x_nothing_harmless_is_blamed(story: Story) -> None:
    """Nobody else came, so that X cannot be told from looking at a balance: neither is named, neither is cleared."""
    attack(story, 12, "entered_seed", "viewed").crowd(30, "10:00", "entered_seed", "spared")
    story.crowd(30, "10:01", "viewed", "spared")
    for index in range(4):
        story.sees(f"second wallet {index}", "10:30", "viewed").pays(f"second wallet {index}", "sink", 1, "11:00")
    result = story.crowd(200, "-1 10:00", "viewed", "day before").assess()
    assert ("cannot_tell", "cannot_tell") == (result.is_x("entered_seed"), result.is_x("viewed"))
    assert ("attacker", "exposed") == (result.sink("sink"), result.verdict("spared 1"))


def test_what_those_do_who_come_often_is_not_blamed_for_that(story: Story) -> None:
    """Each visit was one more chance to be robbed, and one more to send a transaction."""
    for index in range(60):
        often = index % 3 == 0
        for hour in ("10", "11", "12", "13") if often else ("10",):
            story.sees(f"guest {index}", f"{hour}:{index:02}", "entered_seed")
        if index % 15 == 1 or (often and index % 9):
            story.sees(f"guest {index}", f"10:{index:02}", "hardware")
        if index % 12 == 1 or (often and index % 6):
            story.pays(f"guest {index}", "sink", 1, "14:00")
    result = story.crowd(200, "-1 10:00", "viewed", "day before").assess()
    assert ("yes", "no") == (result.is_x("entered_seed"), result.is_x("hardware"))


def test_no_harm_tells_nothing(story: Story) -> None:
    """No sign of harm is no sign of safety."""
    result = story.crowd(10, "10:00", "entered_seed").crowd(30, "10:00", "viewed", "other").assess()
    assert ("cannot_tell", "cannot_tell") == (result.is_x("entered_seed"), result.is_x("viewed"))


def test_harm_before_the_deed_is_not_its_harm(story: Story) -> None:
    """Who was robbed on another site the day before does not speak against this action."""
    for index in range(8):
        story.sees(f"early {index}", "10:00", "pasted_key").pays(f"early {index}", "sink", 1, "-1 10:00")
    result = attack(story, 8).crowd(30, "10:00", "viewed").assess()
    rows = {r["action"]: r["harmed"] for r in result.tables["attack_rates"].to_dicts()}
    assert (8, 0) == (rows["entered_seed"], rows["pasted_key"])


def test_a_deed_logged_just_after_its_transaction_counts(story: Story) -> None:
    """The page reports back when the wallet has confirmed: two minutes after the approval."""
    for index in range(8):
        story.sees(f"victim {index}", "10:02").pays(f"victim {index}", "sink", 1, "10:00")
    result = story.crowd(30, "10:00", "viewed").assess()
    assert "yes" == result.is_x("entered_seed")


def test_rates_by_host_and_by_file(story: Story) -> None:
    """The malicious file ran on one of two hosts; the strata stand beside the whole."""
    for index in range(8):
        story.sees(f"victim {index}", "10:00", host="app.example", asset_state="bad").pays(
            f"victim {index}", "sink", 1, "11:00"
        )
        story.sees(f"spared {index}", "10:00", host="old.example", asset_state="good")
    result = story.crowd(30, "10:00", "viewed").assess()
    rows = (
        result.tables["attack_rates"].filter(action="entered_seed").select("host", "asset_state", "exposed", "harmed")
    )
    expected = [
        (None, None, 16, 8),
        (None, "bad", 8, 8),
        (None, "good", 8, 0),
        ("app.example", None, 8, 8),
        ("old.example", None, 8, 0),
    ]
    assert sorted(expected, key=str) == sorted(rows.rows(), key=str)


def test_outside_the_window_nobody_counts_as_exposed(story: Story) -> None:
    """Rates are of the window: visits before and after are controls."""
    result = attack(story, 5).crowd(20, "-1 10:00", "entered_seed", "early").crowd(9, "10:00", "viewed").assess()
    rows = {r["action"]: r["exposed"] for r in result.tables["attack_rates"].to_dicts()}
    assert 5 == rows["entered_seed"]


def test_only_wallets_whose_history_was_read_are_compared(story: Story) -> None:
    """Nobody else can be known to be unharmed."""
    attack(story, 5).crowd(20, "10:00", "viewed")
    for index in range(5):
        story.adds("candidates", address=address(f"victim {index}"), reason="log", first=at("10:00"), last=at("10:00"))
    for index in range(7):
        story.adds(
            "candidates", address=address(f"crowd {index}"), reason="control", first=at("10:00"), last=at("10:00")
        )
    rows = {r["action"]: r["exposed"] for r in story.assess().tables["attack_rates"].to_dicts()}
    assert {"entered_seed": 5, "viewed": 7} == rows


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_rows_does_not_matter(story: Story, order: int) -> None:
    """Sightings and transfers may come in any order."""
    attack(story, 8, "entered_seed", "viewed").crowd(30, "10:00", "viewed")
    for rows in story.rows.values():
        rows[:] = rows[::order]
    assert "yes" == story.assess().is_x("entered_seed")
