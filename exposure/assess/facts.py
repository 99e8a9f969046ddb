"""The window by what people found out. Pure."""

from exposure.assess.bounds import Bound, Pair
from exposure.incident import Fact, Incident


def fact_bounds(incident: Incident) -> Pair:
    """Give T1 in (last known good, first bad] and T2 in [last bad, first known good); either may be missing.

    Detection and notice only say that it had begun by then: they are no start (the commonest error in published windows).
    """
    good, bad = incident.fact("last_known_good"), incident.fact("first_bad")
    heard = [fact for fact in (incident.fact("detected"), incident.fact("public_notice")) if fact]
    begun = bad or min(heard, key=lambda fact: fact.time, default=None)
    t1 = None
    if good or begun:
        named = bad or good
        t1 = Bound(
            named.time if named else None,
            good.time if good else None,
            begun.time if begun else None,
            _reason(good, begun),
        )
    last, over = incident.fact("last_bad"), incident.fact("first_known_good")
    t2 = None
    if last or over:
        named = last or over
        t2 = Bound(
            named.time if named else None, last.time if last else None, over.time if over else None, _reason(last, over)
        )
    return Pair(t1, t2)


def _reason(*facts: Fact | None) -> str:
    return "; ".join(f"{fact.kind.replace('_', ' ')}: {fact.source}" for fact in facts if fact)
