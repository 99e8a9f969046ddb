"""Repeatable draws: the same names give the same numbers on every machine and every Python."""

import hashlib
import math
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """One stream of draws, named by what it is for, so that a new draw in one room does not change another room's.

    Only `Random.random()` is asked: it is the one method whose sequence Python promises to keep. What goes through libm
    is rounded to six digits, since its last bit differs between machines.
    """

    def __init__(self, *names: object) -> None:
        self._names = names
        digest = hashlib.sha256("/".join(str(name) for name in names).encode()).digest()
        self._random = random.Random(int.from_bytes(digest, "big"))

    def split(self, *names: object) -> "Dice":
        """Start an independent stream."""
        return Dice(*self._names, *names)

    def uniform(self, low: float, high: float) -> float:
        """Draw evenly from [low, high)."""
        return low + (high - low) * self._random.random()

    def chance(self, probability: float) -> bool:
        """Be true that often."""
        return self._random.random() < probability

    def integer(self, low: int, high: int) -> int:
        """Draw a whole number from low to high, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def pick(self, items: Sequence[T]) -> T:
        """Draw one item."""
        return items[int(self._random.random() * len(items))]

    def weighted(self, items: Sequence[T], weights: Sequence[float]) -> T:
        """Draw one item by its weight."""
        left = self._random.random() * math.fsum(weights)
        for item, weight in zip(items, weights, strict=True):
            left -= weight
            if left < 0:
                return item
        return items[-1]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Give the items in a random order."""
        rest = list(items)
        for last in range(len(rest) - 1, 0, -1):
            other = self.integer(0, last)
            rest[last], rest[other] = rest[other], rest[last]
        return rest

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """Draw so many different items, or all where there are fewer."""
        return self.shuffled(items)[:count]

    def lognormal(self, median: float, sigma: float) -> float:
        """Draw from a lognormal distribution, rounded to six digits."""
        radius = math.sqrt(-2 * math.log(1 - self._random.random()))
        normal = radius * math.cos(2 * math.pi * self._random.random())
        return float(f"{median * math.exp(sigma * normal):.6g}")

    def poisson(self, mean: float) -> int:
        """Draw a count; meant for means below about 50."""
        limit = float(f"{math.exp(-mean):.6g}")
        count, product = 0, self._random.random()
        while product > limit:
            count += 1
            product *= self._random.random()
        return count

    def hex(self, digits: int) -> str:
        """Draw so many hex digits."""
        return "".join(self.pick("0123456789abcdef") for _ in range(digits))
