"""People, their visits, their browsers: who ends up exposed follows from what they do and when."""

from dataclasses import replace

import pytest

from exposure.drill.browsers import exposures, loads
from exposure.drill.casting import cast
from exposure.drill.keys import created_address, derive, lookalike
from exposure.drill.people import Person, Wallet, people
from exposure.drill.presets import scenario
from exposure.drill.scenario import HOUR, Attack, Scenario
from exposure.drill.sites import WALLET_SITE
from exposure.drill.visits import Act, Visit, in_order, visits
from exposure.errors import ExposureError

SAMPLE = scenario("sample", 1)
ATTACK = Attack()
T1, T2 = ATTACK.t1, ATTACK.t2
X = WALLET_SITE.action("entered_seed_phrase")
OTHER = WALLET_SITE.action("unlocked_keystore")


def _person(*phrases: str) -> Person:
    wallets = tuple(
        Wallet(derive("test", n), phrase, (("ETH", 10**18),), nft=False) for n, phrase in enumerate(phrases)
    )
    return Person("p1", wallets, "198.18.0.1", "Mozilla/5.0 (X)", False, False, 12.0, X, "lower", False)


def _visit(person: Person, start: float, action: object = X, after: float = 30) -> Visit:
    acts = (Act(start + after, action, person.wallets[0]),)  # type: ignore[arg-type]
    return Visit(f"v{start}", person, person.ip, start, 300, person.wallets, acts, None, deep=False)


def _exposed(*drawn: Visit, scenario: Scenario = SAMPLE) -> list[tuple[str, float]]:
    ordered = in_order(drawn)
    return [(one.wallet.phrase, one.time) for one in exposures(scenario, ordered, loads(scenario, ordered))]


def test_doing_x_with_the_file_of_the_window_exposes() -> None:
    """From the moment it was done."""
    assert _exposed(_visit(_person("a"), T1 + 60)) == [("a", T1 + 90)]


@pytest.mark.parametrize("start", [T1 - 2 * HOUR, T2 + 60])
def test_a_visit_outside_the_window_does_not_expose(start: float) -> None:
    """Whatever its owner did."""
    assert _exposed(_visit(_person("a"), start)) == []


def test_doing_something_else_in_the_window_does_not_expose() -> None:
    """The payload listens to X alone."""
    assert _exposed(_visit(_person("a"), T1 + 60, OTHER)) == []


def test_a_tab_that_was_open_before_t1_runs_the_good_file() -> None:
    """What counts is when the file was loaded."""
    assert _exposed(_visit(_person("a"), T1 - 600, after=1800)) == []


def test_a_tab_that_is_open_after_t2_still_runs_the_bad_file() -> None:
    """So X may come after T2."""
    assert _exposed(_visit(_person("a"), T2 - 60, after=1800)) == [("a", T2 + 1740)]


def test_a_browser_keeps_the_file_for_as_long_as_it_may() -> None:
    """Good from before T1, bad after T2, and no longer than the cache time, forced reloads apart."""
    person = _person("a")
    before = [_visit(person, T1 - HOUR, OTHER), _visit(person, T1 + HOUR)]
    after = [_visit(person, T2 - HOUR, OTHER), _visit(person, T2 + 2 * HOUR)]
    later = [_visit(person, T2 - HOUR, OTHER), _visit(person, T2 + 5 * HOUR)]
    assert [_exposed(*before), _exposed(*after), _exposed(*later)] == [[], [("a", T2 + 2 * HOUR + 30)], []]


def test_a_phrase_gives_away_all_its_wallets_and_a_keystore_only_one() -> None:
    """The second wallet of a phrase falls with the first, used or not."""
    keystore = replace(SAMPLE, attack=replace(ATTACK, x="unlocked_keystore"))
    phrases = _exposed(_visit(_person("a", "a", "b"), T1 + 60))
    stores = _exposed(_visit(_person("a", "a", "b"), T1 + 60, OTHER), scenario=keystore)
    assert ([phrase for phrase, _ in phrases], [phrase for phrase, _ in stores]) == (["a", "a"], ["a"])


def test_a_quiet_drill_exposes_nobody() -> None:
    """There is no malicious file."""
    assert _exposed(_visit(_person("a"), T1 + 60), scenario=replace(SAMPLE, attack=None)) == []


def test_cast_people_come_in_the_gap_and_with_an_old_file() -> None:
    """The first in the gap has no other visit; those with the old file came shortly before T1."""
    drawn = cast(SAMPLE, visits(SAMPLE, people(SAMPLE)))
    placed = [visit for visit in drawn if "/cast/" in visit.name]
    gap = SAMPLE.logs.start + (SAMPLE.logs.gap or (0, 0))[0]
    in_gap = [visit for visit in placed if gap < visit.start < gap + 26 * 60 and T1 < visit.start]
    others = {visit.person.name: sum(one.person.name == visit.person.name for one in drawn) for visit in in_gap}
    assert min(others.values()) == 1
    assert sum(visit.start < T1 for visit in placed) == ATTACK.stale


def test_victims_are_drawn_like_everybody_else() -> None:
    """Another window makes other victims out of the same people and the same visits."""
    crowd = people(SAMPLE)
    later = replace(SAMPLE, attack=replace(ATTACK, t1=T1 + 20 * HOUR, t2=T2 + 20 * HOUR))
    assert people(later) == crowd
    assert visits(later, crowd) == visits(SAMPLE, crowd)


def test_seeds_turn_the_knobs() -> None:
    """No two of the first seeds are the same incident, and X, T1 and the number of receiving addresses differ."""
    attacks = [scenario("sample", seed).attack for seed in range(1, 13)]
    assert len({attack.t1 for attack in attacks if attack}) == 12
    assert len({attack.x for attack in attacks if attack}) >= 2
    assert len({attack.sinks for attack in attacks if attack}) >= 3


def test_an_unknown_preset_is_named_with_those_that_there_are() -> None:
    """The whole message."""
    with pytest.raises(ExposureError) as error:
        scenario("sampel", 1)
    assert str(error.value) == (
        "there is no drill named 'sampel'\n"
        "  why: the presets are sample, approval, quiet, mass, drawn\n"
        "  fix: choose one of them: exposure drill DIR --preset sample"
    )


def test_addresses_are_what_ethereum_makes_of_their_names() -> None:
    """A created contract's address as in the yellow paper's rule; a look-alike agrees at both ends and nowhere else."""
    sender = "0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0"
    assert created_address(sender, 0) == "0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d"
    assert created_address(sender, 1) == "0x343c43a37d37dff08ae8c4a11544c718abb4fcf8"
    fake = lookalike(sender)
    assert (fake[:6], fake[-4:], len(fake), fake != sender) == (sender[:6], sender[-4:], 42, True)
