"""Work one step ahead of its reader, in a thread: the next block is read and parsed while the one before is taken in."""

from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")

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
