"""Work ahead of its reader, in threads: the next blocks are read and parsed while the one before is taken in."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

# Blocks that are worked on at once: each takes a hundred megabytes meanwhile.
MOST_AT_ONCE = 3

# How often who waits looks whether the other has left, or a person wants the end.
_LOOK = 0.2


def one_ahead(items: Iterator[T]) -> Iterator[T]:
    """Give the same items, each being made while the one before is used. Errors are raised where their item would come.

    The thread is nobody's to wait for: one that waits for a pipe must not hold up the program's end.
    """
    coming: Queue[tuple[T | None, BaseException | None]] = Queue(maxsize=1)
    left = Event()

    def put(item: T | None, error: BaseException | None = None) -> None:
        while not left.is_set():
            with suppress(Full):
                coming.put((item, error), timeout=_LOOK)
                return

    def work() -> None:
        try:
            for item in items:
                put(item)
                if left.is_set():
                    return
            put(None, StopIteration())
        except BaseException as error:  # noqa: BLE001 - it is raised in the reader's thread
            put(None, error)

    Thread(target=work, daemon=True).start()
    try:
        while True:
            try:
                # never without an end: polars' handler for Ctrl-C does not interrupt a wait
                item, error = coming.get(timeout=_LOOK)
            except Empty:
                continue
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item  # type: ignore[misc]
    finally:
        left.set()


def in_order(work: Callable[[T], R], items: Iterator[T], at_once: Callable[[T], int]) -> Iterator[R]:
    """Do the work on items side by side, on so many as `at_once` says of the newest, and give the results in the items' order."""
    coming: deque[Future[R]] = deque()
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        try:
            for item in items:
                coming.append(pool.submit(work, item))
                while len(coming) >= min(at_once(item), MOST_AT_ONCE):
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def cores() -> int:
    """Give how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
