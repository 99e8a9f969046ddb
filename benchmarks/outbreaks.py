"""Outbreaks with a known window: who was exposed when, and who was harmed. Pure numbers, repeatable by seed."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
WALLETS_MOST = 20_000


@dataclass(frozen=True, slots=True)
class Setting:
    """What a kind of outbreak is like; times in seconds.

    `visits`: single, retries (most come again within minutes), daily (half come every day), or hazard (retries, each of which
    may do the harm). `wait`: none, lognormal (`delay` in the median), or nightly (taken at 3 o'clock). `before`, `after`: how
    much of the logs lies outside the window, None: as much as 20,000 wallets allow, up to 30 days. `second`: how long
    after the window another as long begins; `stop`: how long after T1 the thieves give up.
    """

    name: str
    harmed: int
    rate: float
    length: float
    noise: float = 0.03
    visits: str = "single"
    wait: str = "none"
    delay: float = 0.0
    before: float | None = None
    after: float | None = None
    rhythm: float = 0.8
    second: float = 0.0
    stop: float | None = None


@dataclass(frozen=True, slots=True)
class Outbreak:
    """Exposures as `scan_bounds` takes them, and the truth: window and rates of harm inside and outside."""

    exposures: pl.DataFrame
    t1: float
    t2: float
    rate: float
    outside: float


def any_setting(dice: np.random.Generator) -> Setting:
    """Draw a setting: what no one tuned for."""
    wait = str(dice.choice(["none", "none", "lognormal", "nightly"]))
    return Setting(
        "any",
        harmed=round(float(np.exp(dice.uniform(np.log(5), np.log(200))))),
        rate=float(np.exp(dice.uniform(np.log(0.05), 0))),
        length=float(np.exp(dice.uniform(np.log(10 * MINUTE), np.log(20 * DAY)))),
        noise=float(dice.uniform(0, 0.08)),
        visits=str(dice.choice(["single", "retries", "daily"])),
        wait=wait,
        delay=float(np.exp(dice.uniform(np.log(HOUR), np.log(30 * DAY)))) if wait == "lognormal" else 0.0,
        rhythm=float(dice.uniform(0, 0.9)),
    )


def make_outbreak(setting: Setting, dice: np.random.Generator) -> Outbreak:
    """Simulate one outbreak in which at least three wallets were harmed."""
    while True:
        made = _attempt(setting, dice)
        if made is not None:
            return made


def _attempt(setting: Setting, dice: np.random.Generator) -> Outbreak | None:
    intensity = setting.harmed / setting.rate / setting.length
    room = min(30 * DAY, max(0.5 * setting.length, (WALLETS_MOST / intensity - setting.length) / 2))
    before = room if setting.before is None else setting.before
    after = room if setting.after is None else setting.after
    t1 = float(dice.uniform(10 * DAY, 11 * DAY))
    t2 = t1 + setting.length
    begin, end = t1 - before, t2 + after
    wallet, time = _visits(setting, dice, (begin, end), intensity)
    inside = (time >= t1) & (time <= t2)
    count = int(wallet.max(initial=-1)) + 1
    touched = np.bincount(wallet[inside], minlength=count) if count else np.zeros(0)
    tries = touched if setting.visits == "hazard" else np.minimum(touched, 1)
    harmed = dice.random(count) < 1 - (1 - setting.rate) ** tries
    first = np.full(count, np.inf)
    np.minimum.at(first, wallet[inside], time[inside])
    harmed_at = np.where(harmed, _harm_times(setting, dice, first), np.inf)
    if setting.stop is not None:
        harmed &= harmed_at <= t1 + setting.stop
        harmed_at[~harmed] = np.inf
    if setting.second:
        # A second window, as long, so much later.
        again = (time >= t2 + setting.second) & (time <= t2 + setting.second + setting.length)
        struck = np.setdiff1d(np.unique(wallet[again]), np.flatnonzero(harmed))
        struck = struck[dice.random(len(struck)) < setting.rate]
        late = np.full(count, np.inf)
        np.minimum.at(late, wallet[again], time[again])
        harmed[struck] = True
        harmed_at[struck] = _harm_times(setting, dice, late[struck])
        t2 += setting.second + setting.length
        inside |= again
    lost = harmed & (dice.random(count) < setting.noise)
    # Their exposure is in a gap of the logs: what they did at another time is all that is seen, or else a stranger's harm.
    gone = lost[wallet] & inside
    blank = np.setdiff1d(np.flatnonzero(lost), np.unique(wallet[~inside]))
    moved = dice.uniform(begin, end, len(blank))
    wallet, time = np.concatenate([wallet[~gone], blank]), np.concatenate([time[~gone], moved])
    harmed_at[lost] = np.maximum(harmed_at[lost], t2)
    harmed_at[blank] = np.maximum(harmed_at[blank], moved)
    kept = time <= harmed_at[wallet]
    wallet, time = wallet[kept], time[kept]
    if len(np.unique(wallet[harmed[wallet]])) < 3:
        return None
    seen_outside = len(np.setdiff1d(wallet, wallet[(time >= t1) & (time <= t2)]))
    frame = pl.DataFrame({"wallet": wallet, "time": time, "harmed_at": np.where(harmed, harmed_at, np.nan)[wallet]})
    return Outbreak(_frame(frame), t1, t2, setting.rate, min(0.5, float(lost.sum()) / max(seen_outside, 1)))


def _frame(rows: pl.DataFrame) -> pl.DataFrame:
    """Give times as logs do, to the second, and wallets as addresses."""
    moment = (
        (pl.col("time", "harmed_at").fill_nan(None).round() * 1_000_000).cast(pl.Int64).cast(pl.Datetime("us", "UTC"))
    )
    return rows.select(pl.format("0x{}", pl.col("wallet").cast(pl.String).str.zfill(40)).alias("address"), moment)


def _visits(
    setting: Setting, dice: np.random.Generator, span: tuple[float, float], intensity: float
) -> tuple[NDArray[np.int64], Floats]:
    """Draw who came when: wallets first come at the intensity, more by day than by night."""
    expected = intensity * (span[1] - span[0])
    daily = setting.visits == "daily"
    days = (span[1] - span[0]) / DAY
    # Of daily users as many are seen a day as of others.
    regulars = dice.poisson(expected / 2 / max(days, 1)) if daily else 0
    times = dice.uniform(*span, dice.poisson(expected / (2 if daily else 1)))
    times = times[dice.random(len(times)) < _rhythm(times, setting.rhythm)]
    wallet = np.arange(len(times))
    if setting.visits in ("retries", "hazard"):
        again = dice.geometric(0.5, len(times)) - 1
        more = np.repeat(wallet, again)
        wallet, times = (
            np.concatenate([wallet, more]),
            np.concatenate([times, times[more] + dice.exponential(20 * MINUTE, len(more))]),
        )
    if regulars:
        hours = dice.uniform(0, DAY, 4 * regulars)
        hours = hours[dice.random(len(hours)) < _rhythm(hours, setting.rhythm)][:regulars]
        day = np.arange(np.floor(span[0] / DAY), np.ceil(span[1] / DAY) + 1) * DAY
        grid = day[None, :] + hours[:, None] + dice.normal(0, HOUR, (len(hours), len(day)))
        came = dice.random(grid.shape) < 0.7
        who = np.broadcast_to(np.arange(len(hours))[:, None] + len(wallet), grid.shape)
        wallet, times = np.concatenate([wallet, who[came]]), np.concatenate([times, grid[came]])
    seen = (times >= span[0]) & (times <= span[1])
    _, wallet = np.unique(wallet[seen], return_inverse=True)
    return wallet, times[seen]


def _rhythm(times: Floats, strength: float) -> Floats:
    """Give how likely a visit is at this hour against the busiest."""
    return np.asarray((1 + strength * np.cos((times / DAY - 0.625) * 2 * np.pi)) / (1 + strength), dtype=np.float64)


def _harm_times(setting: Setting, dice: np.random.Generator, exposed: Floats) -> Floats:
    """Give when each would be harmed, by when it was exposed."""
    if setting.wait == "lognormal":
        return exposed + setting.delay * np.exp(dice.normal(0, 1, len(exposed)))
    if setting.wait == "nightly":
        night = (np.ceil((exposed + HOUR) / DAY - 0.125) + 0.125) * DAY
        return np.asarray(night + dice.uniform(0, HOUR, len(exposed)), dtype=np.float64)
    return exposed + dice.uniform(0, 2 * MINUTE, len(exposed))
