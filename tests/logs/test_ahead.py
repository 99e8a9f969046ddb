"""Blocks are worked on side by side, and nobody who takes the results can tell."""

from collections.abc import Iterator
from threading import Barrier

import pytest

from exposure.logs.ahead import MOST_AT_ONCE, in_order


def test_results_come_in_the_order_of_the_items() -> None:
    """However many are worked on at once, and though that changes on the way."""
    for at_once in (lambda _: 1, lambda _: MOST_AT_ONCE, lambda item: 1 + item % MOST_AT_ONCE):
        assert [item * item for item in range(20)] == list(in_order(lambda item: item * item, iter(range(20)), at_once))


def test_items_are_worked_on_at_the_same_time() -> None:
    """Two that wait for each other would never end one after the other."""
    both = Barrier(2, timeout=30)

    def work(item: int) -> int:
        both.wait()
        return item

    assert [1, 2] == list(in_order(work, iter([1, 2]), lambda _: 2))


def test_an_error_comes_where_its_result_would_and_nothing_more_is_read() -> None:
    """What was read before it is not lost."""
    read: list[int] = []
    got: list[float] = []

    def items() -> Iterator[int]:
        for item in (2, 1, 0, 1, 1, 1, 1, 1, 1):
            read.append(item)
            yield item

    with pytest.raises(ZeroDivisionError):
        got.extend(
            one for one in in_order(lambda item: 2 / item, items(), lambda _: 2) if not got.append(one) and False
        )  # type: ignore[func-returns-value]
    assert ([1.0, 2.0], 4) == (got, len(read))
