"""Standing, evidence, coverage -> p_exposed, p_harmed, verdict and harm of each wallet. Pure (design, section 6).

Where two readings are open the safe one is taken: an action that exposes on paper and is not X still makes its doer `exposed`
in the window, since attackers wait and skip the poor, and no harm so far is little proof of safety.
"""

import polars as pl

from exposure.assess.evidence import SIGNS
from exposure.assess.standing import BASE_CHAIN_ONLY, BASE_HOLE, BASE_SEEN

# Only a sign of harm lifts p_harmed past this: never the base rate alone, and never a move that may be a rescue.
WITHOUT_SIGN = 0.49
# Signs without a loss: how many of the exposed are harmed where nothing measured it.
PRIOR_EXPOSED, PRIOR_SEEN = 0.3, 0.02
PRIOR_RANGE = (0.05, 0.5)
NO_SIGN_AT_ALL = 0.002
TOLD_THEFT = 0.6
# The same thief robs people on other sites: a loss to them says little about this incident, unless they work here only.
ELSEWHERE_MOST = 0.3
EXCLUSIVE_BASE = 0.5

_A = ["A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8"]
_HARM = [*_A, "N1", "N2"]
_EXPOSED = ["A1", "A2", "A3", "A4", "A6", "A7", "A8"]


def code_weights(evidence: pl.DataFrame) -> pl.DataFrame:
    """Give one row a wallet with the strongest weight of each code that changes its odds; 0 where it has none.

    Ten payments to one attacker are one piece of evidence: they are not independent.
    """
    codes = [*_HARM, "K1", "K2", "K3", "N3", "N4"]
    strongest = []
    for code in codes:
        weight = pl.col("weight").filter(pl.col("code") == code)
        strongest.append((weight.min() if code.startswith("N") else weight.max()).fill_null(0.0).alias(code))
    has = [(pl.col("code") == code).any().alias(f"has_{code}") for code in codes]
    return evidence.group_by("address").agg(*strongest, *has)


def judge(wallets: pl.DataFrame, attack_rate: float | None) -> pl.DataFrame:
    """Add p_exposed, p_harmed and verdict.

    `wallets` has the columns of `standing` (nulls where the wallet was not seen), those of `code_weights`, `spared` (the weight of
    not having been harmed by now), and the flags
    proof (a confirmed attacker got or moved something), secret (it stood in a line), told_theft (its owner names the
    transaction), exclusive, covered (logs and chain), person (a person added it). `attack_rate` is the share of those exposed
    that was harmed; None where not known.
    """
    ready = wallets.with_columns(
        *[pl.col(f"has_{code}").fill_null(value=False) for code in [*_HARM, "K1", "K2", "K3"]],
        *[pl.col(code).fill_null(0.0) for code in [*_HARM, "K1", "K2", "K3"]],
        *[pl.col(name).fill_null(value=False) for name in _FLAGS],
        pl.col("chance").fill_null(0.0),
    )
    sign = pl.any_horizontal(*[pl.col(f"has_{code}") for code in SIGNS])
    ready = ready.with_columns(sign=sign | pl.col("told_theft"), chain_only=pl.col("link") == "chain_only")
    low, high = PRIOR_RANGE
    prior = PRIOR_EXPOSED if attack_rate is None else min(max(attack_rate, low), high)
    return ready.with_columns(p_exposed=_p_exposed(), p_harmed=_p_harmed(prior)).with_columns(verdict=_verdict())


_FLAGS = [
    "strong",
    "weak",
    "near",
    "outside",
    "cleared",
    "reported",
    "told_theft",
    "proof",
    "secret",
    "exclusive",
    "covered",
    "person",
]


def _log_odds(chance: pl.Expr) -> pl.Expr:
    bounded = chance.clip(1e-4, 1 - 1e-4)
    return (bounded / (1 - bounded)).log()


def _chance(log_odds: pl.Expr) -> pl.Expr:
    return 1 / (1 + (-log_odds).exp())


def _p_exposed() -> pl.Expr:
    """Start from link × served, or from what remains for a wallet that did nothing, and update by the chain's evidence."""
    base = (
        pl.when("chain_only")
        .then(pl.when("exclusive").then(EXCLUSIVE_BASE).otherwise(BASE_CHAIN_ONLY))
        .when("covered")
        .then(BASE_SEEN)
        .otherwise(BASE_HOLE)
    )
    start = pl.max_horizontal(pl.col("chance"), base)
    # Who was exposed and left alone for so long is somewhat less likely to have been: a harmed one is no such case.
    unharmed = ~pl.any_horizontal(*[pl.col(f"has_{code}") for code in (*SIGNS, "A1", "A5")])
    spared = pl.when(unharmed & pl.col("spared").is_not_null() & (pl.col("chance") > 0)).then("spared").otherwise(0.0)
    updated = _chance(_log_odds(start) + pl.sum_horizontal(_EXPOSED) + spared)
    elsewhere = pl.col("chain_only") & ~pl.col("exclusive")
    capped = pl.when(elsewhere).then(pl.min_horizontal(updated, pl.lit(ELSEWHERE_MOST))).otherwise(updated)
    return pl.when("secret").then(pl.max_horizontal(capped, pl.lit(0.99))).otherwise(capped)


def _p_harmed(prior: float) -> pl.Expr:
    """Start from the attack rate of those exposed, and update; with no sign at all next to nothing is left."""
    start = pl.when(pl.col("strong")).then(prior).otherwise(PRIOR_SEEN)
    updated = _chance(_log_odds(start) + pl.sum_horizontal(_HARM))
    # An ordinary recipient beside a theft, and a move to a wallet of one's own, take nothing from the theft.
    proven = _chance(_log_odds(start) + pl.sum_horizontal(_A))
    quiet = pl.when("has_A5").then(pl.min_horizontal(updated, pl.lit(WITHOUT_SIGN))).otherwise(NO_SIGN_AT_ALL)
    # Owners who name the transaction know best what they did not send; half of all claims may be false.
    shown = pl.when("has_A2").then(proven).otherwise(updated)
    told = pl.when("told_theft").then(pl.max_horizontal(shown, pl.lit(TOLD_THEFT))).otherwise(shown)
    return pl.when("has_A1").then(pl.max_horizontal(proven, pl.lit(0.95))).when("sign").then(told).otherwise(quiet)


def _verdict() -> pl.Expr:
    """Give the verdict of the design's table."""
    unsure = (
        pl.col("weak")
        | pl.col("near")
        | pl.col("reported")
        | pl.col("person")
        | pl.col("sign")
        | pl.col("chain_only")
        | ~pl.col("covered")
    )
    return (
        pl.when(pl.col("proof") | pl.col("secret"))
        .then(pl.lit("compromised"))
        .when(pl.col("sign") & (pl.col("p_harmed") >= 0.5))
        .then(pl.lit("probable"))
        .when("strong")
        .then(pl.lit("exposed"))
        .when(unsure)
        .then(pl.lit("possible"))
        .otherwise(pl.lit("no_sign"))
    )


def harm_states(wallets: pl.DataFrame) -> pl.DataFrame:
    """Add `harm`.

    `wallets` has verdict and the flags lost, left (something of worth is at risk), empty (holds nothing of worth), state_read
    (on every chain), chain_covered, moved_most, moved_by_owner (a person says so).
    """
    must_act = pl.col("verdict").is_in(["compromised", "probable", "exposed"])
    harm = (
        # Until the holdings were read there may be something left to save: nobody is called drained before.
        pl.when(pl.col("lost") & (pl.col("left") | ~pl.col("state_read")))
        .then(pl.lit("partly_drained"))
        .when("lost")
        .then(pl.lit("drained"))
        .when("moved_by_owner")
        .then(pl.lit("moved_by_owner"))
        .when(must_act & pl.col("moved_most"))
        .then(pl.lit("moved_unconfirmed"))
        .when(must_act & pl.col("left"))
        .then(pl.lit("at_risk"))
        .when(must_act & pl.col("state_read") & pl.col("empty"))
        .then(pl.lit("empty"))
        .when(must_act & ~pl.col("state_read"))
        .then(pl.lit("not_known"))
        .when(pl.col("chain_covered"))
        .then(pl.lit("none"))
        .otherwise(pl.lit("not_known"))
    )
    return wallets.with_columns(harm=harm)
