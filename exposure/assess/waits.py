"""How long the attackers waited, and so whose harm would show by now. Pure numbers, no tables.

Harm shows when attackers harvest. Who was exposed shortly before they stopped may have been spared by that, and says little on
whether the site was still bad. How long they waited is told by those who were harmed, of whom the ones with long waits are
missing: the distribution is Lynden-Bell's for truncated data (1971), which takes that into account.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from exposure.assess.scan_grid import Floats, Ints, Spells

# Thefts that follow within minutes show that nothing was waited for: then their end says nothing on the window's.
AT_ONCE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Wait:
    """How far harm shows: `weight` is for each exposure the share of the harm it does that would show by now.

    `until` is the last theft (microseconds) from a wallet that was harmed inside; what was done later tells nothing and weighs
    nothing. Where harm comes at once, every weight is 1 and `until` is None.
    """

    weight: Floats
    until: int | None


def show_by_now(times: Ints, harmed_at: Ints, spells: Spells, window: tuple[int, int]) -> Wait:
    """Weigh exposures by how far their harm would show.

    `times` (microseconds) belong to the indices of `spells` and of the window, `harmed_at` (microseconds) to its wallets. A wait
    begins with a harmed wallet's first exposure inside the window; harm at once (in the median) and nobody harmed inside give
    weights of 1.
    """
    always = np.ones(len(spells.at))
    rows = spells.harmed & (spells.at >= window[0]) & (spells.at <= window[1])
    wallets, firsts = np.unique(spells.wallet[rows], return_index=True)
    if not len(wallets):
        return Wait(always, None)
    began, ended = times[spells.at[rows][firsts]], harmed_at[wallets]
    delays = np.maximum(ended - began, 0)
    if np.median(delays) <= AT_ONCE / timedelta(microseconds=1):
        return Wait(always, None)
    until = int(ended.max())
    since = until - times[spells.at]
    return Wait(np.where(spells.harmed, since >= 0, _shown(delays, until - began, since)), until)


def _shown(delays: Ints, room: Ints, asked: Ints) -> Floats:
    """Give the share of waits that are no longer than each of `asked`, from waits of which each had to be within its `room`.

    Nothing shows sooner than the shortest wait. One is added to those at risk, so that a single wallet never settles it.
    """
    steps, counts = np.unique(delays, return_counts=True)
    at_risk = np.cumsum(counts) - np.searchsorted(np.sort(room), steps, "left")
    factors = 1 - counts / (np.maximum(at_risk, counts) + 1)
    upto = np.append(np.cumprod(factors[::-1])[::-1], 1.0)
    place = np.searchsorted(steps, asked, "right")
    return np.where(place > 0, upto[place], 0.0)
