"""Work one step ahead of its reader, in a thread: the next block is read and parsed while the one before is taken in."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def one_ahead(items: Iterator[T]) -> Iterator[T]:
    """Give the same items, each being made while the one before is used. Errors are raised where their item would come."""
    done = object()
    with ThreadPoolExecutor(max_workers=1) as pool:
        coming = pool.submit(next, items, done)
        while (item := coming.result()) is not done:
            coming = pool.submit(next, items, done)
            yield item  # type: ignore[misc]
