"""The time that a look is as of, from a clock that may jump. Pure.

A clock that goes back would make what was seen vanish, since rows that lie in the future do not count. The chain's head is a
witness: no block is from the future.
"""

from datetime import datetime, timedelta

# Clocks differ by seconds, and blocks may be dated some seconds ahead.
SLACK = timedelta(seconds=60)


def as_of(wall: datetime, last: datetime | None, head: datetime | None) -> tuple[datetime, str]:
    """Give the time of this look, and what is odd about the clock (empty: nothing). `last` is the time of the one before."""
    if head is not None and wall < head - SLACK:
        behind = f"this machine's clock is behind the chain ({wall:%Y-%m-%d %H:%M:%S} UTC)"
        return max(head, last or head), f"{behind}: the chain's time is used; see the clock"
    if last is None or wall >= last:
        return wall, ""
    if head is not None and last > head + SLACK and wall >= head - SLACK:
        return (
            wall,
            "this machine's clock was ahead, and was set back: what was dated in the future does not count any more",
        )
    if last - wall <= SLACK:
        return last, ""
    return (
        last,
        f"this machine's clock went back to {wall:%Y-%m-%d %H:%M:%S} UTC: the time stays where it was until it is past it",
    )
