"""What one endpoint allows: learned from its answers, kept for the next run, and grown again with care."""

import asyncio
from collections.abc import Callable
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
# What a second without complaint adds to the pace: exchanges a second, but no more than this share of it.
_FASTER, _FASTER_SHARE = 1.0, 0.05
# A complaint makes it slower by the share that was refused since the last one, within these bounds.
_SLOWER = (0.5, 0.97)
# Of a rate that the provider names.
_MARGIN = 0.95


@dataclass(slots=True)
class Limits:
    """Limits of one endpoint. `ranges` holds blocks per pattern of query; `said` is a limit that the provider named itself.

    `ceilings` are the widest ranges below one that was refused without a number, `steady` the successes since. `archive` says
    whether it answered about the state of old blocks when it was asked last; null: never asked. `rate` is how many exchanges
    a second it took after it had complained; null: it never did. `batch` may fall below `most_batch`, the largest batch that is
    not refused as such, where an answer took too long.
    """

    ranges: dict[str, int] = field(default_factory=dict)
    ceilings: dict[str, int] = field(default_factory=dict)
    steady: dict[str, int] = field(default_factory=dict)
    said: int | None = None
    topics: int = FIRST_TOPICS
    batch: int = FIRST_BATCH
    most_batch: int = FIRST_BATCH
    archive: bool | None = None
    rate: float | None = None

    def blocks(self, shape: str) -> int:
        """Give how many blocks to ask for at once."""
        return self.ranges.get(shape, min(FIRST_RANGE, self.said or FIRST_RANGE))

    def narrow(self, shape: str, asked: int, limit: int | None) -> None:
        """Learn from a refusal of `asked` blocks; `limit` is how many the provider answers at most, wherever they lie."""
        if limit is not None and 0 < limit < asked:
            self.said = min(limit, self.said or limit)
            self.ranges[shape] = min(limit, self.ranges.get(shape, limit))
        else:
            self.crowded(shape, asked, None)

    def crowded(self, shape: str, asked: int, fit: int | None) -> None:
        """Learn that `asked` blocks hold too much, though fewer may do elsewhere; `fit` is how many would do here."""
        less = fit if fit is not None and 0 < fit < asked else max(1, asked // 2)
        # A question that was under way when the range was narrowed must not widen it again.
        self.ranges[shape] = min(less, self.ranges.get(shape, less))
        self.ceilings[shape] = max(1, min(asked - 1, self.ceilings.get(shape, asked)))
        self.steady[shape] = 0

    def blame(self, shape: str, busy: str, asked: int) -> None:
        """Learn that one address in a list is to blame: lists with it go on under `busy`, all others as before."""
        for kept in (self.ranges, self.ceilings, self.steady):
            kept.pop(shape, None)
        self.ranges[busy] = min(asked, self.ranges.get(busy, asked))

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
        """Learn that the endpoint takes no batches of `asked` calls."""
        self.lighter_batch(asked, limit)
        self.most_batch = min(self.most_batch, self.batch)

    def lighter_batch(self, asked: int, limit: int | None = None) -> None:
        """Learn that a batch of `asked` calls was too much this once."""
        self.batch = max(1, min(limit if limit and limit < asked else asked // 2, self.batch))

    def fuller_batch(self, asked: int) -> None:
        """Learn from an answer to a whole batch of `asked` calls."""
        if asked >= self.batch:
            self.batch = min(self.most_batch, self.batch + 1)

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
        for name in ("topics", "batch", "most_batch", "said"):
            if isinstance(kept.get(name), int) and not isinstance(kept[name], bool) and kept[name] > 0:
                setattr(limits, name, kept[name])
        rate = kept.get("rate")
        if isinstance(rate, int | float) and not isinstance(rate, bool) and LEAST_RATE <= rate <= MOST_RATE:
            limits.rate = float(rate)
        if isinstance(kept.get("archive"), bool):
            limits.archive = kept["archive"]
        for name in ("ranges", "ceilings", "steady"):
            by_shape = kept.get(name)
            if isinstance(by_shape, dict):
                setattr(limits, name, {str(k): v for k, v in by_shape.items() if isinstance(v, int) and v >= 0})
        limits.ranges = {shape: blocks for shape, blocks in limits.ranges.items() if blocks}
        return limits


def _now() -> float:
    return asyncio.get_running_loop().time()


class Pace:
    """How many exchanges a second one endpoint is asked for: slower by what it refused when it complains, faster while it does not.

    Where a tenth is refused a tenth less is taken: to halve the pace each time would leave most of what it allows unused.
    `known` is the pace that an earlier run came to; `clock` gives seconds.
    """

    def __init__(self, *, local: bool = False, known: float | None = None, clock: Callable[[], float] = _now) -> None:
        self.rate = known or (_LOCAL_RATE if local else FIRST_RATE)
        self._most = _LOCAL_RATE if local else MOST_RATE
        self._clock = clock
        self._next = self._slowed = 0.0
        self._answers = self._delivered = self._refused = 0

    @property
    def due(self) -> float:
        """Give when the next turn is, on the clock."""
        return self._next

    async def turn(self) -> None:
        """Wait for the next turn."""
        wait = self.book()
        if wait > 0:
            await asyncio.sleep(wait)

    def book(self) -> float:
        """Take the next turn; give how many seconds it is away."""
        now = self._clock()
        start = max(now, self._next)
        self._next = start + 1 / self.rate
        return start - now

    def answered(self) -> None:
        """Note an answer; a second's worth of them makes the pace a little faster."""
        self._delivered += 1
        self._answers += 1
        if self._answers >= self.rate:
            self._answers = 0
            self.rate = min(self._most, self.rate + min(_FASTER, _FASTER_SHARE * self.rate))

    def complained(self, wait: float, said: int | None = None) -> None:
        """Note a refusal for being too fast, and keep still for `wait` seconds; `said` is the rate that the provider names."""
        now, before = self._clock(), self.rate
        self._refused += 1
        # Those that were under way when the first was refused are no further complaint.
        if now >= self._slowed + 1.0:
            delivered = self._delivered / (self._delivered + self._refused)
            least, most = _SLOWER
            self.rate = max(LEAST_RATE, min(before, MOST_RATE) * max(least, min(most, delivered)))
            self._slowed, self._delivered, self._refused = now, 0, 0
        if said:
            self._most = max(LEAST_RATE, min(self._most, _MARGIN * said))
            # Where the pace was above a limit that is named now, it is that and no slower.
            self.rate = self._most if before > said else min(self.rate, self._most)
        self._next = max(self._next, now + wait)
