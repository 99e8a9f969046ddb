"""What was not looked at limits what may be said."""

from datetime import timedelta

import pytest

from exposure.incident import Chain, Fact, WindowSettings
from tests.assess.stories import SPENDER, Story, at


@pytest.fixture
def story(story: Story) -> Story:
    """Alice and Bob, whose state was read."""
    for who in ("alice", "bob"):
        story.holds(who, 1).is_a(who, "eoa")
    return story


def busy(story: Story, start: str, minutes: int, silent: range, host: str | None = "site.example") -> Story:
    """Log a request every minute but in a silent stretch."""
    for minute in range(minutes):
        if minute not in silent:
            story.adds("traffic", minute=at(start) + timedelta(minutes=minute), host=host, requests=9, clients=3)
    return story


def test_a_hole_in_the_logs_inside_the_window_forbids_no_sign(story: Story) -> None:
    """Whoever did X in those minutes is in nobody's logs."""
    busy(story, "08:00", 600, range(180, 205)).sees("alice", "12:00", "viewed")
    wallet = story.assess().wallet("alice")
    assert ("possible", "no request is logged from 2026-03-04 11:00:00 UTC to 2026-03-04 11:25:00 UTC") == (
        wallet["verdict"],
        wallet["not_covered"],
    )


def test_a_hole_outside_the_window_limits_nothing(story: Story) -> None:
    """Nobody was exposed then."""
    busy(story, "04:00", 900, range(60, 85)).sees("alice", "12:00", "viewed")
    assert "no_sign" == story.assess().verdict("alice")


def test_a_quiet_night_is_no_hole(story: Story) -> None:
    """Small sites have long silences: only one that is too long for that hour counts."""
    for minute in range(0, 600, 17):
        story.adds("traffic", minute=at("07:00") + timedelta(minutes=minute), host=None, requests=4, clients=1)
    assert "no_sign" == story.sees("alice", "12:00", "viewed").assess().verdict("alice")


def test_each_host_falls_silent_by_itself(story: Story) -> None:
    """The CDN goes on logging while the origin is silent: the origin's hole is a hole."""
    busy(story, "08:00", 600, range(0), "cdn.example")
    busy(story, "08:00", 600, range(180, 205), None).sees("alice", "12:00", "viewed")
    assert "possible" == story.assess().verdict("alice")


def test_a_dip_of_traffic_inside_the_window_forbids_no_sign(story: Story) -> None:
    """A DNS hijack sent most visitors elsewhere for three hours: a few still came, so that no minute is silent."""
    for minute in range(-4 * 1440, 2 * 1440):
        time = at("00:00") + timedelta(minutes=minute)
        few = at("11:00") <= time < at("14:00") or at("-2 05:00") <= time < at("-2 07:00")
        story.adds("traffic", minute=time, host="site.example", requests=9, clients=1 if few else 5)
    wallet = story.sees("alice", "12:00", "viewed").assess().wallet("alice")
    hole = "the traffic of site.example dips from 2026-03-04 11:00 to 2026-03-04 14:00 UTC to 20 % of what is usual"
    assert ("possible", hole) == (wallet["verdict"], wallet["not_covered"])


def test_logs_that_begin_after_t1_forbid_no_sign(story: Story) -> None:
    """What was done before is not in them."""
    story.log_span = (at("10:00"), at("+1 00:00"))
    wallet = story.sees("alice", "12:00", "viewed").assess().wallet("alice")
    assert ("possible", "the logs begin at 2026-03-04 10:00:00 UTC, after T1") == (
        wallet["verdict"],
        wallet["not_covered"],
    )


def test_logs_that_end_before_t2_forbid_no_sign(story: Story) -> None:
    """CloudFront delivers up to a day late: the last hours are missing."""
    story.log_span = (at("-1 10:00"), at("14:00"))
    wallet = story.sees("alice", "12:00", "viewed").assess().wallet("alice")
    assert ("possible", "the logs end at 2026-03-04 14:00:00 UTC, before T2") == (
        wallet["verdict"],
        wallet["not_covered"],
    )


def test_many_unreadable_lines_forbid_no_sign(story: Story) -> None:
    """A part of the log that nobody has read; a few broken lines are usual."""
    story.covered = False
    story.sees("alice", "12:00", "viewed")
    span = {"first": at("-2 00:00"), "last": at("+2 00:00")}
    for layer in ("logs", "native"):
        story.adds("coverage", source="chain:1", layer=layer, lines=9, parsed=9, rejected=0, gaps=0, **span)
    story.adds("coverage", source="0a0a0a0a", layer="lines", lines=1000, parsed=995, rejected=5, **span)
    assert "no_sign" == story.assess().verdict("alice")
    story.rows["coverage"][-1] |= {"parsed": 900, "rejected": 100}
    wallet = story.assess().wallet("alice")
    assert ("possible", True) == (
        wallet["verdict"],
        wallet["not_covered"].startswith("100 of 1,000 lines of source 0a0a0a0a could not be read"),
    )


def test_blocks_that_were_not_pulled_forbid_no_sign(story: Story) -> None:
    """A loss may stand in them."""
    story.covered = False
    story.rows |= {"balances": [], "accounts": []}
    story.sees("alice", "12:00", "viewed")
    span = {"first": at("-2 00:00"), "last": at("+2 00:00")}
    story.adds("coverage", source="0a0a0a0a", layer="lines", lines=1000, parsed=1000, rejected=0, **span)
    story.adds("coverage", source="chain:1", layer="logs", lines=500, parsed=400, rejected=100, gaps=1, **span)
    wallet = story.assess().wallet("alice")
    assert (
        "possible",
        "ethereum: native not pulled; ethereum: a part of logs could not be pulled; ethereum: holdings not read",
    ) == (
        wallet["verdict"],
        wallet["not_covered"],
    )


def test_a_second_chain_that_was_not_asked_forbids_no_sign(story: Story) -> None:
    """A stolen key is stolen on all of them."""
    chains = (Chain(name="ethereum", id=1), Chain(name="base", id=8453))
    wallet = story.sees("alice", "12:00", "viewed").assess(chains=chains).wallet("alice")
    assert ("possible", "base: logs and native not pulled") == (wallet["verdict"], wallet["not_covered"])


def test_a_wallet_that_was_not_drawn_as_control_says_so(story: Story) -> None:
    """Its own history was not read; what went to known attackers was."""
    story.sees("alice", "12:00", "viewed").sees("bob", "12:00", "viewed")
    story.adds("candidates", address=story.rows["sightings"][1]["address"], reason="control")
    result = story.assess()
    assert "its own history on chain: it was not drawn as a control" == result.wallet("alice")["not_covered"]
    logs = "logs from 2026-03-02 00:00:00 UTC to 2026-03-06 00:00:00 UTC"
    assert (
        f"{logs}; what went to known attackers; ethereum: balances, kind of account, standing approvals"
        == (result.wallet("alice")["covered"])
    )
    assert ("no_sign", None) == (result.verdict("bob"), result.wallet("bob")["not_covered"])


def test_the_cache_lengthens_the_window_that_logs_must_cover(story: Story) -> None:
    """T2 is published with it."""
    story.log_span = (at("-1 10:00"), at("17:00"))
    window = WindowSettings(cache=timedelta(hours=4))
    assert "possible" == story.sees("alice", "12:00", "viewed").assess(window=window).verdict("alice")


def test_a_window_that_nothing_bounds_forbids_no_sign(story: Story) -> None:
    """Logs may begin long after the attack did: what was done before stands in no line."""
    story.sees("alice", "12:00", "viewed")
    over = (Fact(kind="first_known_good", time=at("15:00"), source="deploy log"),)
    wallet = story.assess(facts=over).wallet("alice")
    assert (
        "possible",
        "T1 is not bounded: what was done before the logs begin at 2026-03-02 00:00:00 UTC stands in no line",
    ) == (wallet["verdict"], wallet["not_covered"])


def test_an_end_that_nothing_bounds_forbids_no_sign_once_it_is_over(story: Story) -> None:
    """While the attack goes on the text says so; afterwards a missing end is a hole."""
    story.sees("alice", "12:00", "viewed")
    begun = (Fact(kind="last_known_good", time=at("09:00"), source="deploy log"),)
    verdicts = [story.assess(facts=begun, status=status).verdict("alice") for status in ("resolved", "ongoing")]
    assert ["possible", "no_sign"] == verdicts


def test_each_wallet_says_which_layers_were_looked_at(story: Story) -> None:
    """Alice was traced and her approvals read; of Bob an approval was not; nobody read what Carol holds."""
    story.sees("alice", "12:00").sees("bob", "12:00").sees("carol", "12:00")
    story.approves("alice", SPENDER.address, "12:30").allows("alice", SPENDER.address)
    story.approves("bob", SPENDER.address, "12:30")
    story.adds("coverage", source="chain:1", layer="internal", lines=1, parsed=1, note="for the team")
    story.adds("traces", chain_id=1, address=story.rows["sightings"][0]["address"], how="searched")
    result = story.assess(attackers=(SPENDER,))
    told = {
        who: (result.wallet(who)["covered"], result.wallet(who)["not_covered"]) for who in ("alice", "bob", "carol")
    }
    hidden = "ethereum: internal ETH: not visible without traces"
    start = "logs from 2026-03-02 00:00:00 UTC to 2026-03-06 00:00:00 UTC; ethereum: transfers and approvals, plain payments"
    assert {
        "alice": (f"{start}, balances, kind of account, standing approvals, internal ETH by traces", None),
        "bob": (
            f"{start}, balances, kind of account",
            f"ethereum: standing approvals not read; {hidden}",
        ),
        "carol": (
            start,
            f"ethereum: balances, approvals and kind of account not read; {hidden}",
        ),
    } == told


def test_of_a_chain_whose_head_alone_is_looked_at_only_that_is_covered(story: Story) -> None:
    """What a wallet did there is not known, and said."""
    chains = (Chain(name="ethereum", id=1), Chain(name="base", id=8453, look="head"))
    story.sees("alice", "12:00", "viewed").holds("alice", 2, chain=8453).is_a("alice", "eoa", chain=8453)
    story.adds("coverage", source="chain:8453", layer="state", lines=1, parsed=1)
    wallet = story.assess(chains=chains).wallet("alice")
    assert wallet["covered"].endswith("; base: the native balance, kind of account")
    head = "base: only what wallets hold of its native asset was looked at, not what they did"
    assert head == wallet["not_covered"]


def test_a_wallet_that_only_the_chain_shows_says_that_its_history_was_not_read(story: Story) -> None:
    """It allowed something to the attacker and was asked what it holds; what else it did nobody read."""
    story.sees("alice", "12:00").approves("bob", SPENDER.address, "12:30").allows("bob", SPENDER.address)
    story.adds("candidates", address=story.rows["sightings"][0]["address"], reason="log")
    wallet = story.assess(attackers=(SPENDER,)).wallet("bob")
    assert "its own history on chain: the attackers' side alone shows it" == wallet["not_covered"]
