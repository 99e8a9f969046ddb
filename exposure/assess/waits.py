"""How long the attackers waited, and so whose harm would show by now. Pure numbers, no tables.

Harm shows when attackers harvest. Who was exposed shortly before they stopped may have been spared by that, and says little on
whether the site was still bad. Attackers wait for hours with each victim, or for a night when they take all that they have; both
are told in thefts: a victim for whom no more thefts of others were waited for than the ones still to come would be harmed by now.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from exposure.assess.scan_grid import Floats, Ints, Spells

# Thefts that follow within minutes show that nothing was waited for: then their end says nothing on the window's.
AT_ONCE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Wait:
    """`weight`: for each exposure the share of the harm it does that would show by now; `until`: the last theft in microseconds.

    Where harm comes at once, every weight is 1 and `until` is None.
    """

    weight: Floats
    until: int | None


def show_by_now(times: Ints, harmed_at: Ints, spells: Spells, window: tuple[int, int]) -> Wait:
    """Weigh exposures by how far their harm would show.

    `times` (microseconds) belong to the indices of `spells` and of the window, `harmed_at` (microseconds) to its rows. A wait
    begins with a harmed wallet's first exposure inside the window; harm at once (in the median) and nobody harmed inside give
    weights of 1.
    """
    always = np.ones(len(spells.at))
    rows = spells.harmed & (spells.at >= window[0]) & (spells.at <= window[1])
    wallets, firsts = np.unique(spells.wallet[rows], return_index=True)
    if not len(wallets):
        return Wait(always, None)
    began, ended = times[spells.at[rows][firsts]], harmed_at[rows][firsts]
    delays = np.maximum(ended - began, 0)
    if np.median(delays) <= AT_ONCE / timedelta(microseconds=1):
        return Wait(always, None)
    ones = np.unique(spells.wallet[spells.harmed], return_index=True)[1]
    thefts = np.sort(harmed_at[spells.harmed][ones])
    waited = np.searchsorted(thefts, ended, "left") - np.searchsorted(thefts, began, "right")
    waited = np.sort(np.maximum(waited, 0))
    at = times[spells.at]
    to_come = len(thefts) - np.searchsorted(thefts, at, "right")
    share = np.searchsorted(waited, to_come, "left") / len(waited)
    # Nobody was robbed sooner than so after their exposure: whether anybody would be, nothing shows.
    shortest = max(int(delays.min()), 1)
    ready = np.clip((thefts[-1] - at) / shortest, 0.0, 1.0)
    return Wait(np.where(spells.harmed, 1.0, share * ready), int(thefts[-1]))
