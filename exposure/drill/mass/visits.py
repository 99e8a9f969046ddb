"""Visits, what is done in each, which version of the file the browser ran, and whose keys or signatures that gave away. Pure."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from exposure.drill.mass.knobs import Knobs
from exposure.drill.mass.town import DAY, HOUR, Town, other_ips
from exposure.drill.sites import Action

# Visits by hour of the day, UTC: people of several continents, most of them awake from 7 to 22.
_HOURS = np.array([2, 1.5, 1.2, 1, 1, 1.4, 2.2, 3.6, 5, 6, 6.2, 6, 5.6, 6.2, 6.6, 6.6, 6.2, 6, 6, 6.2, 6, 5, 4, 3])


# `share` is each one's part of those whose usual way is not X.
WAYS = (
    Action("entered_seed_phrase", "entered your recovery phrase", "key", "POST", "/api/unlock/mnemonic", 0.16),
    Action("imported_private_key", "pasted a private key", "key", "POST", "/api/unlock/private-key", 0.08),
    Action("claimed_rewards", "claimed rewards", "approval", "POST", "/api/claim", 0.12),
    Action("deposited", "made a deposit", "approval", "POST", "/api/deposit", 0.14),
    Action("connected_hardware_wallet", "connected a hardware wallet", "none", "POST", "/api/connect/hardware", 0.25),
    Action("connected_browser_wallet", "connected a browser wallet", "none", "POST", "/api/connect/injected", 0.25),
)
ERRAND = Action("sent_transaction", "sent a transaction", "none", "POST", "/api/tx/broadcast", 0)
LOOK = Action("viewed_balance", "viewed your balance", "none", "GET", "/api/balance/", 0)
X_OF = {"key": (0,), "approval": (2,), "both": (0, 2), "quiet": (0,)}


@dataclass(frozen=True, slots=True)
class Windows:
    """When the malicious file was served: pairs of Unix seconds, by time. Empty in quiet drills."""

    spans: tuple[tuple[float, float], ...]

    @property
    def t1(self) -> float:
        """Give the first moment."""
        return self.spans[0][0]

    @property
    def t2(self) -> float:
        """Give the last moment."""
        return self.spans[-1][1]

    def hold(self, times: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which times lie inside."""
        inside = np.zeros(len(times), dtype=bool)
        for start, end in self.spans:
            inside |= (times >= start) & (times < end)
        return inside


def windows(town: Town) -> Windows:
    """Place the windows in the time of the logs."""
    knobs = town.knobs
    if not knobs.attack:
        return Windows(())
    start = town.start + knobs.t1 * HOUR
    spans = [(start, start + knobs.length * HOUR)]
    if knobs.second:
        spans.append((spans[0][1] + DAY, spans[0][1] + DAY + knobs.second * HOUR))
    return Windows(tuple(spans))


def visits(town: Town, served: Windows) -> pl.DataFrame:
    """Draw all visits, by time.

    Columns: visit, owner, wallet, time, act (when the action succeeded), way (number in WAYS), ip, agent, errand, retry, named,
    deep, gone (it went to a hijacked site, and stands in no log), fetch (full, unchanged or cached), bad (the malicious file
    ran), caught (and the payload made use of it).
    """
    knobs, dice = town.knobs, town.knobs.dice("visits")
    daily = np.flatnonzero(town.daily)
    days = int(knobs.days)
    often = np.repeat(daily, days)
    day_times = (
        np.tile(np.arange(days), len(daily)) + (town.hour[often] + dice.uniform(-1.2, 1.2, len(often))) / 24
    ) * DAY
    rest = np.flatnonzero(~town.daily)
    seldom = np.repeat(rest, 1 + dice.poisson(knobs.visits, len(rest)))
    owner = np.concatenate([often, seldom])
    offset = np.concatenate([day_times, moments(dice, len(seldom), knobs.days)])
    usual = _usual_ways(dice, knobs)
    other = dice.random(len(owner)) < knobs.other_way
    way = np.where(other, _other_ways(dice, len(owner)), usual[owner])
    mine = dice.random(len(owner)) < 0.8
    pick = town.first[owner] + np.where(mine, 0, (dice.random(len(owner)) * town.count[owner]).astype(np.int64))
    does_x = np.isin(way, X_OF[knobs.kind])
    time, retry = np.round(town.start + offset), dice.random(len(owner)) < knobs.retry
    frame = pl.DataFrame(
        {
            "owner": owner,
            "wallet": pick,
            "time": time,
            "act": time + 6 + np.where(retry, 25, 0),
            "way": way,
            "errand": dice.random(len(owner)) < np.where(does_x, knobs.errand_with_x, knobs.errand),
            "retry": retry,
            "named": dice.random(len(owner)) < knobs.named,
            "deep": dice.random(len(owner)) < knobs.deep,
            "caught": dice.random(len(owner)) < knobs.capture,
            "gone": served.hold(time) & (dice.random(len(owner)) < knobs.hijack),
            "served": dice.random(len(owner)) < knobs.serving,
            "ip": _ips(town, dice, owner),
            "agent": pl.Series(town.agent, dtype=pl.String).gather(owner),
        }
    )
    frame = frame.filter(pl.col("time") < town.end).sort("time", "owner").with_row_index("visit")
    return _versions(frame, town, served)


def moments(dice: np.random.Generator, count: int, days: float) -> NDArray[np.float64]:
    """Draw times of day as people come, on any of the days; seconds from the start."""
    hours = dice.choice(24, size=count, p=_HOURS / _HOURS.sum()) + dice.random(count)
    return dice.integers(0, max(1, int(days)), count) * DAY + hours * HOUR


def _usual_ways(dice: np.random.Generator, knobs: Knobs) -> NDArray[np.int64]:
    x = X_OF[knobs.kind]
    others = np.array([0.0 if number in x else way.share for number, way in enumerate(WAYS)])
    usual = dice.choice(len(WAYS), size=knobs.people, p=others / others.sum())
    does = dice.random(knobs.people) < knobs.x_share
    return np.where(does, np.array(x)[dice.integers(0, len(x), knobs.people)], usual)


def _other_ways(dice: np.random.Generator, count: int) -> NDArray[np.int64]:
    shares = np.array([way.share for way in WAYS])
    return dice.choice(len(WAYS), size=count, p=shares / shares.sum())


def _ips(town: Town, dice: np.random.Generator, owner: NDArray[np.int64]) -> pl.Series:
    fixed = pl.Series(town.ip, dtype=pl.String).gather(owner)
    roaming = town.mobile[owner] & (dice.random(len(owner)) < 0.7)
    other = pl.Series(other_ips(dice, len(owner)), dtype=pl.String)
    return pl.select(pl.when(pl.Series(roaming)).then(other).otherwise(fixed)).to_series()


def _versions(frame: pl.DataFrame, town: Town, served: Windows) -> pl.DataFrame:
    """Say what each visit's browser ran: what it fetched, or what it had kept from a visit shortly before."""
    cache = town.knobs.cache * HOUR
    offered = served.hold(frame.get_column("time").to_numpy()) & frame.get_column("served").to_numpy()
    if town.knobs.hijack:
        # A hijacked name leads some people elsewhere; who still comes to the site itself gets the good file.
        offered = offered & frame.get_column("gone").to_numpy()
    frame = frame.with_columns(pl.Series("offered", offered))
    since = pl.col("time").diff().over("owner", order_by="time")
    kept = (since < cache).fill_null(value=False)
    frame = frame.with_columns(kept=kept, seen_before=since.is_not_null())
    version = pl.when(~pl.col("kept")).then("offered").forward_fill().over("owner", order_by="time")
    frame = frame.with_columns(bad=version)
    same = (pl.col("bad") == pl.col("bad").shift(1).over("owner", order_by="time")).fill_null(value=False)
    fetch = (
        pl.when("kept")
        .then(pl.lit("cached"))
        .when(pl.col("seen_before") & same)
        .then(pl.lit("unchanged"))
        .otherwise(pl.lit("full"))
    )
    return frame.with_columns(fetch=fetch).drop("kept", "seen_before", "served").sort("visit")


def exposures(town: Town, frame: pl.DataFrame) -> pl.DataFrame:
    """Give who did X with the malicious file: wallet, way, time (the first), by wallet.

    A recovery phrase gives away every wallet under it; a signature only the one, and only where its owner confirms it.
    """
    knobs = town.knobs
    if not knobs.attack:
        return pl.DataFrame(schema={"wallet": pl.Int64, "way": pl.Int64, "time": pl.Float64})
    hit = frame.filter(pl.col("bad") & pl.col("caught") & pl.col("way").is_in(X_OF[knobs.kind])).select(
        "wallet", "way", time="act"
    )
    phrases = pl.DataFrame({"other": np.arange(town.wallets), "phrase": town.phrase})
    hit = hit.with_columns(phrase=pl.Series(town.phrase).gather(hit.get_column("wallet")))
    seed = hit.filter(pl.col("way") == 0).join(phrases, on="phrase").select("way", "time", wallet="other")
    alone = hit.filter(pl.col("way") != 0).select("way", "time", "wallet")
    signs = pl.Series(knobs.dice("accept").random(town.wallets) < knobs.accept)
    alone = alone.filter(signs.gather(alone.get_column("wallet")) | (pl.col("way") < 2))
    both = pl.concat([seed, alone.select(seed.columns)]).sort("wallet", "time", "way")
    return both.unique("wallet", keep="first", maintain_order=True).select("wallet", "way", "time")
