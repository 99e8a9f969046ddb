"""Only what is not known yet is asked, in lists and ranges that another run would cut the same way."""

import pytest

from exposure.chain.plan import (
    ATTACKER_SHAPES,
    CANDIDATE_SHAPES,
    OPEN_SHAPE,
    TRANSFER,
    Covered,
    LogTask,
    Shape,
    answered,
    first_blocks,
    log_tasks,
    merge,
    open_tasks,
    slices,
    subtract,
)

ONE, TWO, THREE = ("0x" + digit * 40 for digit in "123")
SHAPE = Shape("c1", (TRANSFER,), 1)


def test_ranges_that_touch_or_overlap_are_joined() -> None:
    """Parts of several runs lie next to each other and over each other."""
    assert [(1, 9), (11, 12)] == merge([(5, 9), (11, 12), (1, 4), (2, 6)])
    assert [] == merge([])


@pytest.mark.parametrize(
    ("whole", "covered", "left"),
    [
        ((1, 10), [], [(1, 10)]),
        ((1, 10), [(1, 10)], []),
        ((1, 10), [(0, 3), (6, 7)], [(4, 5), (8, 10)]),
        ((5, 6), [(1, 2), (9, 12)], [(5, 6)]),
        ((7, 6), [], []),
    ],
)
def test_what_no_part_covers_is_left(
    whole: tuple[int, int], covered: list[tuple[int, int]], left: list[tuple[int, int]]
) -> None:
    """A range that ends before it begins is empty."""
    assert left == subtract(whole, covered)


def test_a_range_is_cut_at_multiples_so_that_other_ends_meet_the_same_cuts() -> None:
    """A later run whose window begins elsewhere asks for parts with the same ends."""
    assert [(95, 99), (100, 199), (200, 203)] == slices((95, 203), 100)
    assert [] == slices((5, 4), 100)


def test_a_log_query_names_events_and_padded_addresses_at_its_position() -> None:
    """Positions before it are open."""
    expected = {
        "fromBlock": "0x5",
        "toBlock": "0xf",
        "topics": [[TRANSFER], None, ["0x" + "0" * 24 + "1" * 40]],
    }
    assert expected == Shape("x", (TRANSFER,), 2).filter([ONE], (5, 15))


def test_a_first_pull_asks_for_everybody_in_lists_and_ranges() -> None:
    """Three addresses in lists of two, over a range that crosses a cut at 10,000."""
    tasks = log_tasks([SHAPE], [THREE, ONE, TWO], (9_990, 10_010), [], topics=2)
    assert [
        LogTask(SHAPE, (ONE, TWO), (9_990, 9_999)),
        LogTask(SHAPE, (THREE,), (9_990, 9_999)),
        LogTask(SHAPE, (ONE, TWO), (10_000, 10_010)),
        LogTask(SHAPE, (THREE,), (10_000, 10_010)),
    ] == tasks


def test_a_later_round_asks_for_the_new_address_and_the_new_blocks_only() -> None:
    """Two addresses are known up to block 50; the third is new, and blocks up to 60 are."""
    covered = [Covered("c1", frozenset({ONE, TWO}), (1, 30)), Covered("c1", frozenset({ONE, TWO}), (31, 50))]
    tasks = log_tasks([SHAPE], [ONE, TWO, THREE], (1, 60), covered, topics=10)
    assert [LogTask(SHAPE, (THREE,), (1, 60)), LogTask(SHAPE, (ONE, TWO), (51, 60))] == tasks
    assert [] == log_tasks([SHAPE], [ONE], (5, 50), covered, topics=10)


def test_another_shape_covers_nothing() -> None:
    """What was sent says nothing of what was received."""
    covered = [Covered("c2", frozenset({ONE}), (1, 60))]
    assert [LogTask(SHAPE, (ONE,), (1, 60))] == log_tasks([SHAPE], [ONE], (1, 60), covered, topics=10)


def test_blocks_count_as_answered_only_where_everybody_was_asked() -> None:
    """One address that was asked over half the range leaves the other half open for all."""
    covered = [Covered("c1", frozenset({ONE}), (1, 60)), Covered("c1", frozenset({TWO}), (1, 30))]
    assert [(1, 30)] == answered([SHAPE], [ONE, TWO], (1, 60), covered)
    assert [(1, 60)] == answered([SHAPE], [], (1, 60), covered)


def test_an_unfiltered_query_names_nobody_and_is_asked_until_every_shape_is_answered() -> None:
    """It stands for all three queries of the candidates at once."""
    tasks = open_tasks([ONE, TWO], (1, 60), [Covered("c1", frozenset({ONE, TWO}), (1, 60))])
    assert [LogTask(OPEN_SHAPE, (ONE, TWO), (1, 60))] == tasks
    assert {"fromBlock": "0x1", "toBlock": "0x3c", "topics": [list(OPEN_SHAPE.events)]} == OPEN_SHAPE.filter(
        [ONE], (1, 60)
    )
    covered = [Covered(shape.name, frozenset({ONE, TWO}), (1, 60)) for shape in CANDIDATE_SHAPES]
    assert [] == open_tasks([ONE, TWO], (1, 60), covered)


def test_every_shape_has_a_name_of_its_own() -> None:
    """Parts on disk are known by it."""
    names = [shape.name for shape in (*ATTACKER_SHAPES, *CANDIDATE_SHAPES, OPEN_SHAPE)]
    assert sorted(set(names)) == sorted(names)


def test_the_first_blocks_are_taken_in_the_order_that_is_asked_for() -> None:
    """One run asks for so many; the rest waits for the next."""
    assert [(50, 59), (10, 14)] == first_blocks([(50, 59), (10, 30), (90, 99)], 15)
    assert [] == first_blocks([(1, 2)], 0)
