"""A block is found by its time in few calls, on chains whose blocks come as they like."""

from bisect import bisect_left

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.chain.heads import search


def find(times: list[int], target: int, block_seconds: float = 12.0) -> tuple[int, int]:
    """Search a chain given by its blocks' times; give the block and how many were asked."""
    probing = search(target, (len(times) - 1, times[-1]), block_seconds)
    asked = 0
    try:
        number = next(probing)
        while True:
            asked += 1
            assert 0 <= number < len(times)
            number = probing.send(times[number])
    except StopIteration as found:
        return found.value, asked


@given(
    st.lists(st.integers(0, 10_000), min_size=1, max_size=300),
    st.integers(0, 20_000),
    st.sampled_from([0.25, 2.0, 12.0, 600.0]),
)
@settings(max_examples=300, deadline=None)
def test_the_first_block_at_or_after_a_time_is_found(times: list[int], target: int, block_seconds: float) -> None:
    """Whatever the blocks' times, even several in one second, and whatever the chain is said to aim at."""
    times.sort()
    assert bisect_left(times, target) == find(times, target, block_seconds)[0]


def test_a_regular_chain_takes_few_calls() -> None:
    """A million blocks of twelve seconds, with a slot missed here and there."""
    times, now = [], 1_700_000_000
    for number in range(1_000_000):
        now += 12 if number % 97 else 24
        times.append(now)
    for back in (7_200, 50_000, 400_000):
        number, asked = find(times, times[-back] - 5)
        assert (len(times) - back, True) == (number, asked <= 8)


@pytest.mark.parametrize("jump", [1, 500, 900])
def test_a_test_nodes_jumps_in_time_do_not_make_the_search_long(jump: int) -> None:
    """Blocks of one second, then a year at once, then seconds again: at most three halvings' worth of calls."""
    times = [number if number < jump else number + 31_536_000 for number in range(1_000)]
    for target in (0, jump - 1, jump, jump + 1, 31_536_000, times[-1], times[-1] + 1):
        number, asked = find(times, target)
        assert (bisect_left(times, target), True) == (number, asked <= 30)


def test_mainnets_first_block_has_no_time() -> None:
    """Block 0 of mainnet says 1970: it must not mislead the search."""
    times = [0, *range(1_438_269_988, 1_438_269_988 + 12 * 5_000, 12)]
    assert 1 == find(times, 1_438_000_000)[0]
    assert 2_501 == find(times, times[2_501])[0]
