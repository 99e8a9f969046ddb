"""Days of traffic as sites have it: a daily course, weekends, moods that last hours, and requests in clusters."""

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Rates = NDArray[np.float64]


def course(dice: np.random.Generator, hours: int, rate: float, *, a_day: int = 24, moods: float = 0.2) -> Rates:
    """Give the mean requests of each bin (`a_day` of them a day), with a random course, weekend and moods."""
    days = np.arange(hours * a_day // 24) / a_day
    swing, peak = dice.uniform(0.2, 1.2), dice.uniform()
    logs = swing * np.cos(2 * np.pi * (days - peak)) + 0.2 * swing * np.cos(4 * np.pi * (days - peak))
    weekend = (days.astype(int) + dice.integers(7)) % 7 >= 5
    return rate * np.exp(logs + dice.uniform(-0.7, 0.2) * weekend + mood(dice, len(days), dice.uniform(0, moods)))


def mood(dice: np.random.Generator, bins: int, width: float) -> Rates:
    """Give a walk that stays near zero: what makes an hour busier than its neighbours."""
    memory = dice.uniform(0, 0.95)
    walk = np.zeros(bins)
    steps = dice.normal(size=bins) * width * np.sqrt(1 - memory**2)
    for place in range(1, bins):
        walk[place] = memory * walk[place - 1] + steps[place]
    return walk


def clustered(dice: np.random.Generator, means: Rates) -> Counts:
    """Draw requests that come one by one, or in clusters."""
    size = int(dice.choice([1, 1, 3, 8]))
    visits = dice.poisson(means / size)
    return visits if size == 1 else visits + dice.negative_binomial(np.maximum(visits, 1), 1 / size) * (visits > 0)
