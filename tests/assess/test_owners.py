"""Which wallets are one owner's: too many only cost power, too few make a sink of somebody's new wallet."""

from itertools import pairwise

import polars as pl

from exposure.assess.owners import find_ties, owners, shared_places
from tests.assess.stories import Story, address, at

NOBODY = pl.DataFrame(schema={"address": pl.String, "since": pl.Datetime("us", "UTC")})


def groups(story: Story, *names: str, since: pl.DataFrame = NOBODY) -> set[frozenset[str]]:
    """Give the names grouped by owner."""
    tables = story.tables()
    wallets = pl.Series([address(name) for name in names])
    shared = shared_places(tables["sightings"].lazy())
    found = owners(find_ties(shared, tables["transfers"], wallets), wallets, since)
    owner = dict(found.iter_rows())
    parts: dict[str, set[str]] = {}
    for name in names:
        parts.setdefault(owner[address(name)], set()).add(name)
    return {frozenset(part) for part in parts.values()}


def alone(*names: str) -> set[frozenset[str]]:
    """Give each name as a group of its own."""
    return {frozenset((name,)) for name in names}


def test_one_browser_is_one_owner(story: Story) -> None:
    """Over any number of sessions."""
    story.sees("a", "10:00", client="x").sees("b", "+1 10:00", client="x").sees("c", "10:00", client="y")
    assert {frozenset("ab"), frozenset("c")} == groups(story, "a", "b", "c")


def test_an_office_is_not_one_owner(story: Story) -> None:
    """Nine addresses behind one client."""
    names = [f"w{index}" for index in range(9)]
    for name in names:
        story.sees(name, "10:00", client="office", session=f"session of {name}")
    assert alone(*names) == groups(story, *names)


def test_a_famous_address_ties_nobody(story: Story) -> None:
    """Many look at it, each beside their own wallet."""
    names = [f"w{index}" for index in range(14)]
    for name in names:
        story.sees(name, "10:00", client=name).sees("famous", "10:00", client=name)
    assert alone("famous", *names) == groups(story, "famous", *names)


def test_wallets_that_paid_each_other_are_one_owners(story: Story) -> None:
    """As far as anyone can tell."""
    story.pays("a", "b", 1, "10:00")
    assert {frozenset("ab"), frozenset("c")} == groups(story, "a", "b", "c")


def test_an_address_that_several_paid_ties_nobody(story: Story) -> None:
    """It may be the thief's: tying his victims to one owner would hide him."""
    story.pays("a", "s", 1, "10:00").pays("b", "s", 1, "10:00").pays("c", "s", 1, "10:00")
    assert alone("a", "b", "c", "s") == groups(story, "a", "b", "c", "s")


def test_a_counterfeits_transfer_ties_nobody(story: Story) -> None:
    """Its maker sent it, not the wallet."""
    story.pays("a", "b", 5, "10:00", "FAKE", by="poisoner")
    assert alone("a", "b") == groups(story, "a", "b")


def test_a_common_funder_ties_before_the_exposure_only(story: Story) -> None:
    """Afterwards it may be the thief who sends gas."""
    since = pl.DataFrame({"address": [address(n) for n in "abcd"], "since": [at("10:00")] * 4})
    story.pays("home", "a", 1, "08:00").pays("home", "b", 1, "08:00")
    story.pays("thief", "c", 1, "12:00").pays("thief", "d", 1, "12:00")
    assert {frozenset("ab"), frozenset("c"), frozenset("d")} == groups(story, "a", "b", "c", "d", since=since)


def test_an_exchange_that_funded_many_ties_nobody(story: Story) -> None:
    """Five withdrawals from one hot wallet."""
    for name in "abcde":
        story.pays("exchange", name, 1, "08:00")
    assert alone(*"abcde") == groups(story, *"abcde")


def test_half_a_town_is_not_one_owner(story: Story) -> None:
    """Payments from acquaintance to acquaintance; the logs' own ties stay."""
    names = [f"w{index}" for index in range(30)]
    for one, other in pairwise(names):
        story.pays(one, other, 1, "10:00")
    story.sees("w0", "10:00", client="x").sees("w1", "10:00", client="x")
    assert {frozenset(("w0", "w1"))} | alone(*names[2:]) == groups(story, *names)


def test_one_secret_opens_many_wallets(story: Story) -> None:
    """All that one line gave away belong to one owner, however many."""
    names = [f"w{index}" for index in range(12)]
    for name in names:
        story.sees(name, "10:00", None, link="key", ref="log:0a0a0a0a:77", client=None, session=None)
    assert {frozenset(names)} == groups(story, *names)


def test_what_left_after_its_exposure_ties_nobody(story: Story) -> None:
    """A thief who was looked up on the site is not the owner of those he robbed; what was paid before still ties."""
    story.pays("victim", "thief", 1, "12:00").pays("mine", "other", 1, "09:00")
    since = pl.DataFrame(
        {"address": [address("victim"), address("mine")], "since": [at("10:00")] * 2}, schema=NOBODY.schema
    )
    found = groups(story, "victim", "thief", "mine", "other", since=since)
    assert {frozenset({"victim"}), frozenset({"thief"}), frozenset({"mine", "other"})} == found
