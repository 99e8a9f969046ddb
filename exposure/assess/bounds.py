"""A bound of the window as one source gives it. Pure."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of the window: best estimate, and the bracket that holds it; null = not bounded on that side."""

    estimate: datetime | None
    earliest: datetime | None
    latest: datetime | None
    reason: str
    level: float | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Both ends by one method. `t2` is None where the source says nothing of the end."""

    t1: Bound | None
    t2: Bound | None


def stamp(time: datetime | None) -> str:
    """Write a time for a reason: to the second, UTC."""
    return "an unknown time" if time is None else f"{time:%Y-%m-%d %H:%M:%S} UTC"
