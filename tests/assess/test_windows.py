"""The window: facts, files and the harmed side by side, and what is published of them."""

from datetime import timedelta

import pytest

from exposure.incident import Asset, Fact, WindowSettings
from tests.assess.stories import PLAIN, Story, at


def fact(kind: str, clock: str) -> Fact:
    """Make a fact."""
    return Fact(kind=kind, time=at(clock), source="deploy log")  # type: ignore[arg-type]


def bad_file(story: Story) -> Story:
    """Serve a file that changes at about 09:05 and changes back at about 15:00."""
    return story.serves(100, "-1 00:00", "09:01").serves(120, "09:05", "14:58").serves(100, "15:02", "+1 20:00")


def robbed(story: Story, *clocks: str) -> Story:
    """Let wallets be exposed at these times and robbed at night."""
    for number, clock in enumerate(clocks):
        story.sees(f"victim {number}", clock).pays(f"victim {number}", "sink", 1, "+1 03:00")
    return story


SPREAD = ("09:10", "09:50", "10:30", "11:10", "11:50", "12:30", "13:10", "13:50", "14:30", "14:50")


def test_facts_bracket_both_ends(story: Story) -> None:
    """T1 lies after the last known good, T2 before the first known good."""
    facts = (
        fact("last_known_good", "09:00"),
        fact("first_bad", "09:12"),
        fact("last_bad", "14:50"),
        fact("first_known_good", "15:00"),
    )
    result = story.sees("alice", "10:00").assess(facts=facts)
    t1, t2 = result.bound("T1", "fact"), result.bound("T2", "fact")
    assert (at("09:12"), at("09:00"), at("09:12")) == (t1["estimate"], t1["earliest"], t1["latest"])
    assert (at("14:50"), at("14:50"), at("15:00")) == (t2["estimate"], t2["earliest"], t2["latest"])
    assert (at("09:00"), at("15:00")) == (result.bound("T1")["earliest"], result.bound("T2")["latest"])


def test_detection_is_no_start(story: Story) -> None:
    """It only says that the attack had begun by then."""
    result = story.sees("alice", "10:00").assess(facts=(fact("detected", "14:00"),))
    published = result.bound("T1")
    assert (None, None, at("14:00")) == (published["estimate"], published["earliest"], published["latest"])
    assert "T1 is not bounded: nothing says when the site was still good" == published["reason"]


def test_an_end_that_is_not_bounded_leaves_that_side_open(story: Story) -> None:
    """A first bad sighting alone: everybody before it may have been exposed."""
    result = story.sees("early", "-2 10:00").assess(
        facts=(fact("first_bad", "09:12"), fact("first_known_good", "15:00"))
    )
    assert "exposed" == result.verdict("early")


def test_while_the_attack_goes_on_there_is_no_t2(story: Story) -> None:
    """Whatever facts and files say."""
    bad_file(story).sees("late", "+1 10:00")
    result = story.assess(status="ongoing", assets=(Asset(path="/app.js", bytes=(120,)),))
    assert (None, None) == (result.bound("T2")["estimate"], result.bound("T2")["latest"])
    assert "exposed" == result.verdict("late")


def test_the_cache_is_added_to_t2_once(story: Story) -> None:
    """A browser may have kept the file for four hours after the repair."""
    window = WindowSettings(cache=timedelta(hours=4))
    assert at("19:00") == story.sees("alice", "10:00").assess(window=window).bound("T2")["latest"]


@pytest.mark.parametrize(
    ("cache", "words"),
    [
        (timedelta(minutes=5), "5 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(seconds=75), "75 seconds"),
    ],
)
def test_the_cache_is_said_as_people_say_it(story: Story, cache: timedelta, words: str) -> None:
    """Five minutes are not 0.0833333 hours."""
    result = story.sees("alice", "10:00").assess(window=WindowSettings(cache=cache))
    assert f", and {words} that a browser may have kept the file" in str(result.bound("T2")["reason"])


def test_a_named_size_brackets_to_the_second(story: Story) -> None:
    """T1 lies after the last good fetch and not after the first bad one, T2 likewise."""
    result = bad_file(story).sees("alice", "10:00").assess(facts=(), assets=(Asset(path="/app.js", bytes=(120,)),))
    t1, t2 = result.bound("T1", "asset"), result.bound("T2", "asset")
    assert (at("09:05"), at("09:01"), at("09:05")) == (t1["estimate"], t1["earliest"], t1["latest"])
    assert (at("14:58"), at("14:58"), at("15:02")) == (t2["estimate"], t2["earliest"], t2["latest"])
    assert (at("09:01"), at("15:02")) == (result.bound("T1")["earliest"], result.bound("T2")["latest"])


def test_a_size_among_the_encodings_of_a_version_is_recognised(story: Story) -> None:
    """The team knows the plain size; most browsers asked for the compressed file."""
    story.serves(40, "-1 00:00", "09:01", encoding="40+100").serves(45, "09:05", "14:58", encoding="45+120")
    story.serves(40, "15:02", "20:00", encoding="40+100").sees("alice", "10:00")
    result = story.assess(facts=(), assets=(Asset(path="/app.js", bytes=(120,)),))
    assert (at("09:05"), at("14:58")) == (
        result.bound("T1", "asset")["estimate"],
        result.bound("T2", "asset")["estimate"],
    )


def test_a_size_that_includes_headers_is_recognised_if_none_fits_exactly(story: Story) -> None:
    """Some logs count headers, which differ by cookies and ages."""
    story.serves(1100, "-1 00:00", "09:01").serves(2330, "09:05", "14:58").serves(1100, "15:02", "20:00")
    result = story.sees("alice", "10:00").assess(facts=(), assets=(Asset(path="/app.js", bytes=(2300,)),))
    assert at("09:05") == result.bound("T1", "asset")["estimate"]


def test_logs_that_hold_nothing_but_the_bad_file_do_not_bound_t1(story: Story) -> None:
    """They began too late: the bad size is there from the first line."""
    story.serves(120, "-1 00:00", "14:58").serves(100, "15:02", "20:00").sees("alice", "-1 10:00")
    result = story.assess(facts=(), assets=(Asset(path="/app.js", bytes=(120,)),))
    assert (None, at("15:02"), "exposed") == (
        result.bound("T1")["earliest"],
        result.bound("T2")["latest"],
        result.verdict("alice"),
    )


def test_a_named_file_needs_no_size(story: Story) -> None:
    """What came and went is the malicious version."""
    result = bad_file(story).sees("alice", "10:00").assess(facts=(), assets=(Asset(path="/app.js"),))
    assert (at("09:01"), at("15:02")) == (result.bound("T1")["earliest"], result.bound("T2")["latest"])


def test_nodes_that_go_on_serving_the_old_file_do_not_hide_the_change(story: Story) -> None:
    """The good run ends after the bad one began: the start is known to within seven of its mean gaps."""
    story.serves(100, "00:00", "09:20", hits=560).serves(120, "09:05", "14:58").serves(100, "15:02", "20:00")
    bound = story.sees("alice", "10:00").assess(facts=(), assets=(Asset(path="/app.js"),)).bound("T1", "asset")
    assert (at("09:05"), at("08:58")) == (bound["estimate"], bound["earliest"])


def test_an_ordinary_deploy_is_no_attack(story: Story) -> None:
    """A size that changes and stays, and nobody harmed: no row, and no bound."""
    story.serves(100, "-1 00:00", "10:00").serves(110, "10:01", "+1 20:00").crowd(20, "09:50", "entered_seed")
    result = story.assess(facts=())
    assert [] == result.tables["windows"].filter(method="asset").rows()
    assert None is result.bound("T1")["earliest"]


def test_a_deploy_that_was_rolled_back_is_no_attack_while_nobody_was_harmed(story: Story) -> None:
    """On its own a change says nothing; a window that is too narrow tells victims that they are safe."""
    result = bad_file(story).crowd(20, "09:50", "entered_seed").assess(facts=())
    assert [] == result.tables["windows"].filter(method="asset").rows()


def test_of_several_changed_files_the_one_that_separates_the_harmed(story: Story) -> None:
    """The style sheet was rolled back that day as well."""
    bad_file(robbed(story, *SPREAD)).crowd(30, "-1 12:00", "entered_seed", "before").crowd(
        30, "16:00", "entered_seed", "after"
    )
    story.serves(7, "-1 00:00", "06:00", path="/app.css").serves(8, "06:05", "20:00", path="/app.css")
    story.serves(7, "20:05", "+1 20:00", path="/app.css")
    result = story.assess(facts=())
    assert (at("09:05"), at("14:58")) == (
        result.bound("T1", "asset")["estimate"],
        result.bound("T2", "asset")["estimate"],
    )
    assert (at("09:01"), at("15:02")) == (result.bound("T1")["earliest"], result.bound("T2")["latest"])


def robbed_at_once(story: Story, *clocks: str) -> Story:
    """Let wallets be exposed at these times and robbed five minutes later."""
    for number, clock in enumerate(clocks):
        later = at(clock) + timedelta(minutes=5)
        story.sees(f"victim {number}", clock).pays(f"victim {number}", "sink", 1, f"{later:%H:%M}")
    return story


def passers(story: Story) -> Story:
    """Let wallets pass unharmed, one a minute, for an hour and a half on either side."""
    return story.crowd(90, "07:35", "entered_seed", "early").crowd(90, "14:55", "entered_seed", "late")


def test_without_facts_and_files_the_harmed_bound_the_window(story: Story) -> None:
    """Between those who were spared before and after: so many in a row would not all have been spared inside."""
    result = passers(robbed_at_once(story, *SPREAD)).assess(facts=())
    t1, t2 = result.bound("T1", "scan"), result.bound("T2", "scan")
    assert (at("09:10"), at("09:10"), 0.95) == (t1["estimate"], t1["latest"], t1["level"])
    assert (at("14:50"), at("14:50"), 0.95) == (t2["estimate"], t2["earliest"], t2["level"])
    assert at("08:50") < t1["earliest"] < at("09:10")
    assert at("14:50") < t2["latest"] < at("15:10")
    assert (t1["earliest"], t2["latest"]) == (result.bound("T1")["earliest"], result.bound("T2")["latest"])


def test_harmed_wallets_alone_do_not_bound_the_window(story: Story) -> None:
    """Where nobody did X outside, nothing shows when it did no harm: published is what is known, which is nothing."""
    result = robbed(story, *SPREAD).assess(facts=())
    assert (at("09:10"), None) == (result.bound("T1", "scan")["estimate"], result.bound("T1", "scan")["earliest"])
    assert (None, None) == (result.bound("T1")["earliest"], result.bound("T2")["latest"])


def test_two_windows_have_a_row_each_and_one_is_published(story: Story) -> None:
    """The attackers came back; a window that leaves out neither is what people are told."""
    for number, clock in enumerate(
        ("09:10", "09:20", "09:30", "09:40", "+1 09:10", "+1 09:20", "+1 09:30", "+1 09:40")
    ):
        day = clock.split(" ")[0] if " " in clock else "0"
        story.sees(f"victim {number}", clock).pays(f"victim {number}", "sink", 1, f"{day} 09:45")
    story.crowd(90, "07:35", "entered_seed", "early").crowd(400, "09:50", "entered_seed", "between")
    result = story.crowd(200, "+1 09:50", "entered_seed", "late").assess(facts=())
    rows = (
        result.tables["windows"]
        .filter(method="scan")
        .sort("window_id", "bound")
        .select("window_id", "bound", "estimate")
    )
    assert [
        ("w1", "T1", at("09:10")),
        ("w1", "T2", at("09:40")),
        ("w2", "T1", at("+1 09:10")),
        ("w2", "T2", at("+1 09:40")),
    ] == rows.rows()
    published = result.tables["windows"].filter(method="published")
    assert ["w1", "w1"] == published.get_column("window_id").to_list()
    assert "the harmed were exposed in 2 windows" in result.bound("T1")["reason"]
    assert ("compromised", "compromised") == (result.verdict("victim 0"), result.verdict("victim 7"))


def test_exposures_that_did_no_harm_narrow_the_scan(story: Story) -> None:
    """So many in a row would not all have been spared inside."""
    result = robbed(story, *SPREAD).crowd(20, "08:30", "entered_seed", "spared").assess(facts=())
    assert result.bound("T1", "scan")["earliest"] > at("08:30")


def test_two_harmed_wallets_bound_nothing(story: Story) -> None:
    """Their range says next to nothing: everybody counts as exposed."""
    result = robbed(story, "10:00", "11:00").sees("early", "-2 10:00").assess(facts=())
    assert (None, "exposed") == (result.bound("T1")["earliest"], result.verdict("early"))


def test_a_daily_user_does_not_stretch_the_window(story: Story) -> None:
    """The unit is the wallet: one of its visits lies among the others', and that one counts."""
    robbed(story, *SPREAD).sees("victim 0", "-2 09:00").sees("victim 0", "-1 09:00")
    assert at("09:10") == story.assess(facts=()).bound("T1", "scan")["latest"]


def test_thefts_that_end_before_exposure_does_leave_t2_open(story: Story) -> None:
    """The attacker harvested at noon; who came later was spared by that, and not because the site was good."""
    for number, clock in enumerate(SPREAD[:6]):
        story.sees(f"victim {number}", clock).pays(f"victim {number}", "sink", 1, "12:40")
    result = story.crowd(10, "12:50", "entered_seed", "later").assess(facts=())
    assert (None, "exposed") == (result.bound("T2", "scan")["latest"], result.verdict("later 9"))


def test_harmed_wallets_outside_the_bracket_widen_it(story: Story) -> None:
    """Two of twelve were exposed before the file changed: the file was not all of it."""
    bad_file(robbed(story, *SPREAD, "05:00", "06:00")).crowd(60, "-1 12:00", "entered_seed", "before")
    result = story.assess(facts=(), assets=(Asset(path="/app.js", bytes=(120,)),))
    assert result.bound("T1")["earliest"] < at("05:00")
    assert "by asset alone 2 of 12 harmed wallets were seen only before it" in result.bound("T1")["reason"]


def test_where_nothing_bounds_the_harmed_outside_the_bracket_nothing_is_published(story: Story) -> None:
    """Two of twelve were exposed before the file changed, and nobody was spared before them."""
    result = bad_file(robbed(story, *SPREAD, "05:00", "06:00")).assess(
        facts=(), assets=(Asset(path="/app.js", bytes=(120,)),)
    )
    assert None is result.bound("T1")["earliest"]
    assert result.bound("T1")["reason"].endswith("by asset alone 2 of 12 harmed wallets were seen only before it")


def test_one_harmed_wallet_outside_is_told_and_widens_nothing(story: Story) -> None:
    """Logs lose lines: its exposure in the window may be in nobody's logs."""
    bad_file(robbed(story, *SPREAD, "-1 06:00"))
    result = story.assess(facts=(), assets=(Asset(path="/app.js", bytes=(120,)),))
    assert at("09:01") == result.bound("T1")["earliest"]
    assert result.bound("T1")["reason"].endswith("; 1 of 11 harmed wallets was seen only before it")


def test_a_fact_is_not_moved_by_statistics_and_the_conflict_is_told(story: Story) -> None:
    """Design 7.3: the last known good is T1; a person must look at who was harmed before it."""
    result = robbed(story, *SPREAD, "05:00", "06:00").assess()
    assert (at("09:00"), "last known good: deploy log; 2 of 12 harmed wallets were seen only before it") == (
        result.bound("T1")["earliest"],
        result.bound("T1")["reason"],
    )


@pytest.mark.parametrize("method", ["fact", "asset", "scan", "published"])
def test_all_methods_stand_side_by_side(story: Story, method: str) -> None:
    """Each with its own reason, in the same window."""
    result = bad_file(robbed(story, *SPREAD)).assess(assets=(Asset(path="/app.js", bytes=(120,)),))
    row = result.bound("T1", method)
    assert ("w1", True) == (row["window_id"], len(row["reason"]) > 0)


def test_nothing_known_publishes_open_bounds(story: Story) -> None:
    """An incident without facts, files and harm: both rows are there, and bound nothing."""
    result = story.sees("alice", "10:00").assess(**PLAIN, facts=())
    assert [("T1", None, None), ("T2", None, None)] == result.tables["windows"].select(
        "bound", "earliest", "latest"
    ).rows()


BAD_FILE = (Asset(path="/app.js", bytes=(120,)),)


def test_a_first_known_good_that_the_logs_contradict_is_no_bound(story: Story) -> None:
    """The bad file was served until 14:58: who came after the wrong fact is still told, and the reason says what to settle."""
    facts = (fact("last_known_good", "09:00"), fact("first_known_good", "12:00"))
    result = bad_file(story).sees("late", "14:30").assess(facts=facts, assets=BAD_FILE)
    bound = result.bound("T2")
    assert (at("14:58"), at("15:02"), "exposed") == (bound["earliest"], bound["latest"], result.verdict("late"))
    assert (
        f"first_known_good {at('12:00'):%Y-%m-%d} 12:00:00 UTC contradicts the logs, where the malicious file was served until "
        f"{at('14:58'):%Y-%m-%d} 14:58:00 UTC: one of the two is wrong (zone?"
    ) in bound["reason"]


def test_a_bad_file_that_the_logs_never_see_replaced_contradicts_too(story: Story) -> None:
    """They end while it is served: then nothing bounds T2."""
    story.serves(100, "-1 00:00", "09:01").serves(120, "09:05", "14:58").sees("late", "14:30")
    result = story.assess(facts=(fact("first_known_good", "12:00"),), assets=BAD_FILE)
    assert (None, "exposed") == (result.bound("T2")["latest"], result.verdict("late"))


def test_a_last_known_good_that_the_logs_contradict_is_no_bound(story: Story) -> None:
    """The bad file was served from 09:05 on."""
    facts = (fact("last_known_good", "10:30"), fact("first_known_good", "15:00"))
    result = bad_file(story).sees("early", "09:30").assess(facts=facts, assets=BAD_FILE)
    bound = result.bound("T1")
    assert (at("09:01"), at("09:05"), "exposed") == (bound["earliest"], bound["latest"], result.verdict("early"))
    assert "contradicts the logs, where the malicious file was served from" in bound["reason"]


def test_a_file_that_facts_contradict_is_no_bound(story: Story) -> None:
    """It was bad before the file changed, and after it changed back: the file was not all of it."""
    facts = (fact("first_bad", "05:00"), fact("last_bad", "18:00"))
    result = bad_file(story).sees("alice", "10:00").assess(facts=facts, assets=BAD_FILE)
    assert (None, None) == (result.bound("T1")["earliest"], result.bound("T2")["latest"])


def test_a_time_noted_to_the_minute_contradicts_nothing(story: Story) -> None:
    """Two minutes inside what the logs show: the wider of the two holds, and nobody is bothered."""
    facts = (fact("last_known_good", "09:07"), fact("first_known_good", "14:56"))
    result = bad_file(story).sees("alice", "10:00").assess(facts=facts, assets=BAD_FILE)
    start, end = result.bound("T1"), result.bound("T2")
    assert (at("09:05"), at("14:58")) == (start["earliest"], end["latest"])
    assert "contradicts" not in start["reason"] + end["reason"]


@pytest.mark.parametrize("kind", ["first_known_good", "last_known_good"])
def test_a_fact_beyond_all_harmed_wallets_is_no_bound(story: Story, kind: str) -> None:
    """A wrong zone: T1 by the harmed would lie after T2, or before it began."""
    clock = {"first_known_good": "06:00", "last_known_good": "23:00"}[kind]
    result = passers(robbed_at_once(story, *SPREAD)).assess(facts=(fact(kind, clock),))
    start, end = result.bound("T1"), result.bound("T2")
    assert start["earliest"] < at("09:10") < at("14:50") < end["latest"]
    assert f"{kind} {at(clock):%Y-%m-%d %H:%M:%S} UTC contradicts the harmed wallets" in start["reason"] + end["reason"]


def test_a_last_known_good_after_it_was_detected_is_no_bound(story: Story) -> None:
    """It had begun by then."""
    facts = (fact("detected", "09:30"), fact("last_known_good", "12:00"))
    assert None is story.sees("alice", "10:00").assess(facts=facts).bound("T1")["earliest"]


def test_a_window_without_length_is_not_published(story: Story) -> None:
    """The same time for both ends is a mistake: neither is a bound."""
    result = story.sees("alice", "10:00").assess(
        facts=(fact("last_known_good", "09:00"), fact("first_known_good", "09:00"))
    )
    assert (None, None) == (result.bound("T1")["earliest"], result.bound("T2")["latest"])
    assert "does not lie before T2" in result.bound("T1")["reason"]
