"""Which addresses the chain is asked about, and from when to when. Pure.

Everybody who may be exposed is asked about; of the others so many as the comparison needs (design, section 7).
"""

import hashlib
from datetime import datetime, timedelta

import polars as pl

from exposure.assess.actions import action_frame
from exposure.incident import Incident
from exposure.tables import TABLES, TIME

# Controls per exposed wallet: more than five add next to nothing to a comparison's power.
CONTROLS_EACH = 5
# Up to so many wallets cost little: all are asked about, so that harm where nobody expects it is seen too.
ALL_BELOW = 2_000
# Wallets that only their signature for an attacker shows: so many have their own history read, the most urgent first. One drainer's
# contract holds the approvals of a hundred sites; what these wallets hold and allow is read of all of them.
SIGNERS_MOST = 5_000
# Why a wallet that only the attackers' side of the chain shows is asked about: it was robbed, or it signed.
FROM_CHAIN = ("attacker_side", "signature")
# Where no time is known at all: long enough for a night's theft that was found late, short enough for a public endpoint.
BLIND_LOOK_BACK = timedelta(days=30)


def candidates(
    sightings: pl.DataFrame | pl.LazyFrame, incident: Incident, people: pl.DataFrame, attackers: pl.DataFrame
) -> pl.DataFrame:
    """Give table `candidates`: exposed, reported, contract users, people's own rows, and controls; never an attacker.

    Controls are drawn by hash of the address, as many from each day as there are exposed wallets, so that the same incident
    gives the same controls. A wallet may stand there for several reasons. Empty sightings and people give an empty table.
    """
    known = attackers.get_column("address").implode()
    mine = sightings.lazy().filter(~pl.col("address").is_in(known))
    exposing = action_frame(incident).filter("exposing").select("action", "exposing")
    reasons = mine.join(exposing.lazy(), on="action", how="left")
    reasons = reasons.with_columns(
        reason=pl.when(pl.col("link") == "report")
        .then(pl.lit("report"))
        .when(pl.col("link") == "contract")
        .then(pl.lit("contract"))
        .when(pl.col("exposing").fill_null(value=False) | (pl.col("link") == "key"))
        .then(pl.lit("log"))
        .otherwise(pl.lit("control"))
    )
    spans = reasons.group_by("address", "reason").agg(first=pl.col("time").min(), last=pl.col("time").max())
    asked = spans.collect(engine="streaming")
    others = asked.filter(pl.col("reason") != "control")
    controls = asked.filter(pl.col("reason") == "control").join(others, on="address", how="anti")
    persons = people.filter(pl.col("added").fill_null(value=False) & ~pl.col("address").is_in(known)).select(
        "address", reason=pl.lit("person"), first=pl.lit(None, TIME), last=pl.lit(None, TIME)
    )
    return TABLES["candidates"].check(pl.concat([others, _draw(controls, others), persons.select(others.columns)]))


def signers(evidence: pl.LazyFrame, wallets: pl.LazyFrame) -> pl.DataFrame:
    """Give address and `urgency` (0 where not known) of whose approval or delegation to an attacker is evidence (A6, A7)."""
    signed = evidence.filter(pl.col("code").is_in(["A6", "A7"])).select("address").unique()
    urgent = wallets.select("address", "urgency")
    return signed.join(urgent, on="address", how="left").with_columns(pl.col("urgency").fill_null(0.0)).collect()


def with_attacker_side(
    asked: pl.DataFrame, losses: pl.DataFrame, signed: pl.DataFrame, before: pl.DataFrame
) -> tuple[pl.DataFrame, int]:
    """Add wallets that only the attackers' side of the chain shows to table `candidates`; also give how many were left out.

    These are the robbed (`attacker_side`), and those who signed (`signature`; `signed` is what `signers` gives) though nothing
    was taken of them yet: they can still be saved. Of the latter the most urgent are kept, up to SIGNERS_MOST; who was asked
    about `before` (the last table `candidates`) comes first, so that the rounds come to an end. Empty tables add nothing.
    """
    robbed = losses.select("address").unique().join(asked, on="address", how="anti").sort("address")
    earlier = before.filter(pl.col("reason") == "signature").get_column("address").implode()
    known = pl.concat([asked.select("address"), robbed])
    ranked = signed.join(known, on="address", how="anti").sort(
        pl.col("address").is_in(earlier), "urgency", "address", descending=[True, True, False]
    )
    kept = ranked.head(SIGNERS_MOST)
    rows = [{"address": one, "reason": "attacker_side"} for one in robbed.get_column("address")]
    rows += [{"address": one, "reason": "signature"} for one in kept.get_column("address")]
    both = pl.concat([asked, TABLES["candidates"].frame(rows)])
    return TABLES["candidates"].check(both), ranked.height - kept.height


def _draw(controls: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Keep as many controls as the comparison needs, by day of their first sighting and by hash."""
    exposed = others.group_by("address").agg(pl.col("first").min())
    if controls.height + exposed.height <= ALL_BELOW:
        return controls
    # polars' own hash may change with its version, and the same case would then ask about other wallets.
    drawn = [hashlib.sha256(address.encode()).hexdigest() for address in controls.get_column("address")]
    days = exposed.group_by(day=pl.col("first").dt.date()).agg(quota=CONTROLS_EACH * pl.len())
    ranked = controls.with_columns(pl.Series("draw", drawn, pl.String), day=pl.col("first").dt.date())
    ranked = ranked.with_columns(rank=pl.col("draw").rank("ordinal").over("day"))
    ranked = ranked.join(days, on="day", how="left", nulls_equal=True)
    # First each day's own quota, then whoever is left, until there are enough: some days have too few.
    spare = pl.col("rank") > pl.col("quota").fill_null(0)
    enough = max(CONTROLS_EACH * exposed.height, ALL_BELOW - exposed.height)
    return ranked.sort(spare, "draw").head(enough).select(controls.columns)


def span(
    sightings: pl.DataFrame | pl.LazyFrame, incident: Incident, attackers: pl.DataFrame, now: datetime
) -> tuple[datetime, datetime]:
    """Give the times that the chain's history must cover: first exposure − lead to last exposure + tail, at most `now`.

    Where facts bound the attack, exposures outside do not lengthen it: a year of logs must not cost a year of blocks. With
    attackers known the end is `now`, since they may take at any time; with no time known it is the last 30 days.
    """
    exposing = action_frame(incident).filter("exposing").get_column("action").implode()
    tied = pl.col("action").is_in(exposing) | pl.col("link").is_in(["report", "key", "contract"])
    low, high = _fact_bounds(incident)
    time = pl.col("time")
    inside = sightings.lazy().filter(tied.fill_null(value=False))
    inside = inside.filter(time >= low) if low else inside
    inside = inside.filter(time <= high) if high else inside
    first, last = inside.select(first=time.min(), last=time.max()).collect(engine="streaming").row(0)
    starts = [time for time in (low, first, *_dates(incident)) if isinstance(time, datetime)]
    ends = [time for time in (high, last, *_dates(incident)) if isinstance(time, datetime)]
    settings = incident.window
    start = min(starts) - settings.lead if starts else now - max(settings.lead, BLIND_LOOK_BACK)
    end = max(ends) + settings.tail if ends and attackers.is_empty() else now
    return min(start, now), min(end, now)


def attack_start(windows: pl.DataFrame, sightings: pl.LazyFrame, incident: Incident) -> datetime | None:
    """Give when the attack began, as far as is known, rounded down to the quarter hour, so that a better T1 seldom moves it.

    The published T1 of the last assessment; before there is one, what facts say; else the first exposure. None: nobody knows.
    """
    t1 = windows.filter((pl.col("bound") == "T1") & (pl.col("method") == "published"))
    found = t1.select(pl.coalesce("earliest", "estimate").min()).item() if not t1.is_empty() else None
    facts = [fact.time for kind in ("last_known_good", "first_bad") if (fact := incident.fact(kind))]
    exposing = action_frame(incident).filter("exposing").get_column("action").implode()
    tied = pl.col("action").is_in(exposing) | pl.col("link").is_in(["report", "key"])
    seen = sightings.filter(tied.fill_null(value=False)).select(pl.col("time").min()).collect(engine="streaming")
    known = [time for time in (found, *facts, seen.item()) if isinstance(time, datetime)]
    return known[0].replace(minute=known[0].minute // 15 * 15, second=0, microsecond=0) if known else None


def _fact_bounds(incident: Incident) -> tuple[datetime | None, datetime | None]:
    """Give the outermost times that facts set the attack; None where they do not bound it."""
    good, over = incident.fact("last_known_good"), incident.fact("first_known_good")
    end = over.time + incident.window.cache if over and incident.status != "ongoing" else None
    return (good.time if good else None), end


def _dates(incident: Incident) -> list[datetime]:
    return [fact.time for fact in incident.facts if fact.kind in ("first_bad", "last_bad")]
