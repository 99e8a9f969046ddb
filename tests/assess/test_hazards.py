"""Which of several actions did the harm, by numbers alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.assess.hazards import log_likelihood, needed

LEVEL = 0.01


def groups(*rows: tuple[list[float], int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give what `needed` takes from rows of (what they did, harmed, unharmed)."""
    return (
        np.array([row[0] for row in rows], dtype=float),
        np.array([row[1] for row in rows], dtype=float),
        np.array([row[2] for row in rows], dtype=float),
    )


def test_what_victims_merely_did_as_well_is_not_needed() -> None:
    """Everybody looks at a balance; only those who typed a phrase were harmed."""
    assert ([0], []) == needed(*groups(([1, 1], 20, 20), ([0, 1], 0, 100), ([0, 0], 0, 100)), LEVEL)


def test_two_causes_do_not_hide_each_other_behind_what_both_groups_did() -> None:
    """Phrases and signatures were stolen at once, and all looked at balances: looking did no harm."""
    rows = groups(([1, 0, 1], 15, 15), ([0, 1, 1], 12, 12), ([0, 0, 1], 0, 150), ([0, 0, 0], 0, 60))
    assert ([0, 1], []) == needed(*rows, LEVEL)


def test_two_that_always_went_together_cannot_be_told_apart() -> None:
    """One of them did it, and the numbers alone cannot say which."""
    assert ([], [0, 1]) == needed(*groups(([1, 1], 20, 20), ([0, 0], 0, 200)), LEVEL)


def test_one_who_may_have_done_it_says_so_much_less() -> None:
    """A crowded client ties half the office to the deed: harm among them does not make another action a cause."""
    rows = groups(([1, 0], 30, 10), ([0.3, 1], 6, 34), ([0, 1], 0, 60), ([0, 0], 0, 200))
    assert ([0], []) == needed(*rows, LEVEL)


def test_what_is_said_to_be_harmless_needs_more_to_be_named() -> None:
    """One in two hundred by chance: enough for an action that exposes, and no contradiction of a person's word."""
    rows = groups(([1, 0], 16, 174), ([1, 1], 20, 84), ([0, 0], 0, 100))
    assert ([0, 1], []) == needed(*rows, LEVEL)
    assert ([0], [1]) == needed(*rows, LEVEL, {1: LEVEL / 10})


def test_no_harm_needs_no_cause() -> None:
    """Nor does harm that meets everybody alike."""
    assert ([], []) == needed(*groups(([1], 0, 50), ([0], 0, 50)), LEVEL)
    assert ([], []) == needed(*groups(([1], 25, 25), ([0], 25, 25)), LEVEL)


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=4, max_size=4),
)
def test_an_action_more_never_explains_less(counts: list[tuple[int, int]]) -> None:
    """The likelihood with an action is at least that without it."""
    did = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    hurt, unhurt = (np.array(column, dtype=float) for column in zip(*counts, strict=True))
    if hurt.sum() + unhurt.sum() == 0:
        return
    whole = log_likelihood(did, hurt, unhurt)
    assert whole >= max(log_likelihood(did, hurt, unhurt, [one]) for one in (0, 1)) - 1e-4


def test_the_likelihood_is_that_of_independent_risks() -> None:
    """One group: the best rate is its own."""
    expected = 20 * np.log(0.25) + 60 * np.log(0.75)
    assert expected == pytest.approx(log_likelihood(np.zeros((1, 0)), np.array([20.0]), np.array([60.0])), abs=1e-4)
