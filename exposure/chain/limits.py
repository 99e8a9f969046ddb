"""What one endpoint allows: learned from its answers, kept for the next run, and grown again with care."""

import asyncio
from dataclasses import asdict, dataclass, field
from typing import Any

# Most public endpoints allow this many blocks a log query; the others say so, and cost one refusal.
FIRST_RANGE = 10_000
# geth and Erigon refuse longer lists of topics by default.
FIRST_TOPICS = 1_000
FIRST_BATCH = 20
# Exchanges a second. Public endpoints start to refuse between 5 and 50; the pace finds out.
FIRST_RATE, LEAST_RATE, MOST_RATE = 20.0, 0.5, 200.0
_LOCAL_RATE = 10_000.0
_GROW, _SHRINK = 1.25, 0.5
# After so many successes just below a range that was refused, wider ones are tried again: a busy stretch may have ended.
_STEADY = 50
# What a second without complaint adds to the pace (AIMD, as congestion control has it): exchanges a second.
_FASTER = 1.0


@dataclass(slots=True)
class Limits:
    """Limits of one endpoint. `ranges` holds blocks per query shape; `said` is a limit that the provider named itself.

    `ceilings` are the widest ranges below one that was refused without a number, `steady` the successes since. `archive` says
    whether it answered about the state of old blocks when it was asked last; null: never asked.
    """

    ranges: dict[str, int] = field(default_factory=dict)
    ceilings: dict[str, int] = field(default_factory=dict)
    steady: dict[str, int] = field(default_factory=dict)
    said: int | None = None
    topics: int = FIRST_TOPICS
    batch: int = FIRST_BATCH
    archive: bool | None = None

    def blocks(self, shape: str) -> int:
        """Give how many blocks to ask for at once."""
        return self.ranges.get(shape, min(FIRST_RANGE, self.said or FIRST_RANGE))

    def narrow(self, shape: str, asked: int, limit: int | None) -> None:
        """Learn from a refusal of `asked` blocks; `limit` is what the provider says would work."""
        if limit is not None and 0 < limit < asked:
            self.said = min(limit, self.said or limit)
            self.ranges[shape] = limit
        else:
            self.ranges[shape] = max(1, asked // 2)
            self.ceilings[shape], self.steady[shape] = max(1, asked - 1), 0

    def widen(self, shape: str, asked: int) -> None:
        """Learn from a success of `asked` blocks: after a halving the range grows again, never past what was said."""
        if shape not in self.ranges or asked < self.ranges[shape]:
            return
        grown = min(self.said or FIRST_RANGE, max(asked + 1, int(asked * _GROW)))
        ceiling = self.ceilings.get(shape, grown)
        if shape in self.ceilings and asked >= ceiling:
            self.steady[shape] = self.steady.get(shape, 0) + 1
            if self.steady[shape] >= _STEADY:
                del self.ceilings[shape], self.steady[shape]
        self.ranges[shape] = max(asked, min(grown, ceiling))

    def smaller_batch(self, asked: int, limit: int | None) -> None:
        """Learn from a refusal of a batch of `asked` calls."""
        self.batch = max(1, min(limit if limit and limit < asked else asked // 2, self.batch))

    def shorter_lists(self, asked: int, limit: int | None) -> None:
        """Learn from a refusal of a list of `asked` topics."""
        self.topics = max(1, min(limit if limit and limit < asked else asked // 2, self.topics))

    def as_dict(self) -> dict[str, Any]:
        """Give what is kept for the next run."""
        return asdict(self)

    @classmethod
    def from_dict(cls, kept: object) -> "Limits":
        """Take up what an earlier run learned; anything that does not fit is learned anew."""
        limits = cls()
        if not isinstance(kept, dict):
            return limits
        for name in ("topics", "batch", "said"):
            if isinstance(kept.get(name), int) and not isinstance(kept[name], bool) and kept[name] > 0:
                setattr(limits, name, kept[name])
        if isinstance(kept.get("archive"), bool):
            limits.archive = kept["archive"]
        for name in ("ranges", "ceilings", "steady"):
            by_shape = kept.get(name)
            if isinstance(by_shape, dict):
                setattr(limits, name, {str(k): v for k, v in by_shape.items() if isinstance(v, int) and v >= 0})
        limits.ranges = {shape: blocks for shape, blocks in limits.ranges.items() if blocks}
        return limits


class Pace:
    """How many exchanges a second one endpoint is asked for: halved when it complains, raised step by step while it does not."""

    def __init__(self, *, local: bool = False) -> None:
        self.rate = _LOCAL_RATE if local else FIRST_RATE
        self._most = _LOCAL_RATE if local else MOST_RATE
        self._next = 0.0
        self._slowed = 0.0
        self._answers = 0

    @property
    def due(self) -> float:
        """Give when the next turn is, on the clock of the event loop."""
        return self._next

    async def turn(self) -> None:
        """Wait for the next turn."""
        now = asyncio.get_running_loop().time()
        start = max(now, self._next)
        self._next = start + 1 / self.rate
        if start > now:
            await asyncio.sleep(start - now)

    def answered(self) -> None:
        """Note an answer; a second's worth of them makes the pace a little faster."""
        self._answers += 1
        if self._answers >= self.rate:
            self._answers = 0
            self.rate = min(self._most, self.rate + _FASTER)

    def complained(self, wait: float) -> None:
        """Note a refusal for being too fast, and keep still for `wait` seconds."""
        now = asyncio.get_running_loop().time()
        # Those that were under way when the first was refused are no further complaint.
        if now >= self._slowed + 1.0:
            self._slowed, self._answers = now, 0
            self.rate = max(LEAST_RATE, min(self.rate, MOST_RATE) * _SHRINK)
        self._next = max(self._next, now + wait)
