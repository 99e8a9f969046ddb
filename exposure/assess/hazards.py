"""Which of several actions did the harm: each adds its own risk, and none can take any away. Pure numbers.

The chance to stay unharmed is exp(-(h0 + sum of h_a x_a)): independent causes, as in a noisy or. Its likelihood is concave, so that
there is one best answer; an action that victims merely did as well gets a risk of nothing. Two causes at once, each of which hides
the other from a comparison of two actions, are told apart too.
"""

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

Floats = NDArray[np.float64]

_FAINT, _MOST = 1e-9, 30.0


def log_likelihood(did: Floats, hurt: Floats, unhurt: Floats, without: Collection[int] = ()) -> float:
    """Give the greatest log likelihood.

    `did` (groups × actions, 0 to 1: how surely), `hurt` and `unhurt` (wallets in each group), `without`: actions left out.
    """
    return _fit(did, hurt, unhurt, without)[0]


def _fit(did: Floats, hurt: Floats, unhurt: Floats, without: Collection[int]) -> tuple[float, Floats]:
    kept = [column for column in range(did.shape[1]) if column not in without]
    design = np.hstack([np.ones((len(did), 1)), did[:, kept]])

    def loss(hazard: Floats) -> tuple[float, Floats]:
        total = np.maximum(design @ hazard, _FAINT)
        spared = np.exp(-total)
        value = -(hurt * np.log(-np.expm1(-total)) - unhurt * total).sum()
        slope = design.T @ (unhurt - hurt * spared / -np.expm1(-total))
        return float(value), slope

    rate = (hurt.sum() + 0.5) / (hurt.sum() + unhurt.sum() + 1)
    start = np.full(design.shape[1], -np.log1p(-rate) / 2)
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, _MOST)] * design.shape[1])
    return -float(found.fun), found.x


def needed(
    did: Floats, hurt: Floats, unhurt: Floats, level: float, strict: Mapping[int, float] | None = None
) -> tuple[list[int], list[int]]:
    """Give the actions without which the harm is not explained, and those of which one is needed and nobody can say which.

    `strict` has a level of its own for actions that need more to be named by themselves.
    Each test is a likelihood ratio at the edge of what is possible (a risk cannot be negative): half the chance of one degree of
    freedom. No harm, or none spared, needs nothing.
    """
    whole = log_likelihood(did, hurt, unhurt)
    actions = range(did.shape[1])
    levels = dict.fromkeys(actions, level) | dict(strict or {})
    sure = [one for one in actions if _chance(whole, log_likelihood(did, hurt, unhurt, [one])) <= levels[one]]
    rest = [one for one in actions if one not in sure]
    if _chance(whole, log_likelihood(did, hurt, unhurt, rest)) > level:
        return sure, []
    # Together they are needed, and each can be done without: whoever alone does as well as the best of them is doubtful.
    without = log_likelihood(did, hurt, unhurt, rest)
    alone = {one: log_likelihood(did, hurt, unhurt, [other for other in rest if other != one]) for one in rest}
    best = max(alone.values())
    helps = [one for one in rest if _chance(alone[one], without) <= level]
    return sure, [one for one in helps if _chance(best, alone[one]) > level]


def _chance(with_it: float, without: float) -> float:
    gain = 2 * (with_it - without)
    return 1.0 if gain <= 0 else float(stats.chi2.sf(gain, 1) / 2)
