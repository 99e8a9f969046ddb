"""Draws are the same everywhere, and one room's draws do not move another's."""

from exposure.drill.dice import Dice


def test_the_same_names_give_the_same_draws_for_ever() -> None:
    """Pinned numbers: a change here would change every drill that anybody ever made."""
    dice = Dice("sample", 1, "anything")
    drawn = (dice.integer(1, 100), dice.hex(8), dice.pick("abcdef"), dice.lognormal(70.0, 1.1), dice.poisson(3))
    assert drawn == (73, "c1a79125", "c", 46.3159, 2)


def test_a_split_stream_does_not_depend_on_what_was_drawn_before() -> None:
    """So that a new draw in one place leaves the others as they were."""
    one, two = Dice("a"), Dice("a")
    one.uniform(0, 1)
    assert one.split("b").hex(8) == two.split("b").hex(8)


def test_draws_follow_their_distributions() -> None:
    """Means and bounds of a few thousand draws lie where they should."""
    dice = Dice("many")
    numbers = [dice.integer(3, 5) for _ in range(3000)]
    assert (min(numbers), max(numbers)) == (3, 5)
    assert 3.95 < sum(numbers) / 3000 < 4.05
    assert 1.85 < sum(dice.poisson(2.0) for _ in range(3000)) / 3000 < 2.15
    assert 0.27 < sum(dice.chance(0.3) for _ in range(3000)) / 3000 < 0.33
    assert 0.66 < sum(dice.weighted("ab", (3, 1)) == "a" for _ in range(3000)) / 3000 < 0.84
    assert 95 < sorted(dice.lognormal(100, 1) for _ in range(3001))[1500] < 105


def test_shuffling_loses_nothing() -> None:
    """A sample holds different items, and all of them where more are asked for than there are."""
    dice = Dice("shuffle")
    assert sorted(dice.shuffled(range(50))) == list(range(50))
    assert len(set(dice.sample(range(50), 10))) == 10
    assert sorted(dice.sample(range(3), 10)) == [0, 1, 2]
