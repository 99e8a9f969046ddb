"""The temporal scan: which window best parts the harmed from the others, and how surely."""

import tracemalloc
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.assess.bounds import Bound, Pair
from exposure.assess.scan import Scan, scan_bounds
from exposure.tables import TIME
from tests.assess.stories import at

SCHEMA = {"address": pl.String, "time": pl.Datetime("us", "UTC"), "harmed_at": pl.Datetime("us", "UTC")}
HOUR = timedelta(hours=1)
Visit = tuple[str, datetime, datetime | None]


def frame(visits: list[Visit]) -> pl.DataFrame:
    """Give visits as a table."""
    return pl.DataFrame(visits, schema=SCHEMA, orient="row")


def spared(start: str, end: str, step: timedelta = timedelta(minutes=20), name: str = "spared") -> list[Visit]:
    """Let a new wallet come every 20 minutes and go unharmed."""
    count = int((at(end) - at(start)) / step)
    return [(f"{name} {start} {number}", at(start) + number * step, None) for number in range(count)]


def harmed(
    start: str, end: str, step: timedelta = timedelta(minutes=30), wait: timedelta = timedelta(minutes=1)
) -> list[Visit]:
    """Let a new wallet come every half hour and be robbed after a while."""
    count = int((at(end) - at(start)) / step)
    times = [at(start) + number * step for number in range(count)]
    return [(f"harmed {start} {number}", time, time + wait) for number, time in enumerate(times)]


def both(scan: Scan) -> tuple[Bound, Bound]:
    """Give T1 and T2 of all windows."""
    assert scan.hull.t1 is not None
    assert scan.hull.t2 is not None
    return scan.hull.t1, scan.hull.t2


ATTACK = harmed("09:00", "15:00") + spared("09:05", "15:00", HOUR)
AROUND = spared("-2 00:00", "09:00") + spared("15:00", "+2 00:00")


def test_the_window_lies_between_the_spared_and_the_harmed() -> None:
    """Somebody was harmed every half hour: hours of spared wallets on either side are none of it."""
    t1, t2 = both(scan_bounds(frame(ATTACK + AROUND)))
    assert (at("09:00"), at("14:30")) == (t1.estimate, t2.estimate)
    assert (at("09:00"), at("14:30"), 0.95) == (t1.latest, t2.earliest, t1.level)
    assert t1.earliest is not None
    assert t2.latest is not None
    assert at("07:30") < t1.earliest < at("09:00")
    assert at("14:30") < t2.latest < at("16:00")
    text = "12 of 17 wallets exposed from 2026-03-04 09:00:00 UTC to 2026-03-04 14:30:00 UTC were harmed, and 0 of 270 others"
    assert (text, text) == (t1.reason, t2.reason)


def test_two_stray_wallets_the_day_before_do_not_move_t1() -> None:
    """The logs lost what they did in the window: what they did the day before is no start of an attack."""
    strays = [("stray 1", at("-1 10:07"), at("12:00")), ("stray 2", at("-1 13:27"), at("12:00"))]
    t1, _ = both(scan_bounds(frame(ATTACK + AROUND + strays)))
    assert t1.earliest is not None
    assert at("07:30") < t1.earliest < at("09:00")
    assert "2 of 272 others" in t1.reason


def test_a_theft_before_t1_widens_it() -> None:
    """It cannot follow from an exposure that the logs lost in the window: T1 may lie before it, as far as others were spared there."""
    early = [("early", at("-1 10:07"), at("-1 11:00"))]
    scan = scan_bounds(frame(ATTACK + AROUND + early))
    t1, t2 = both(scan)
    assert (1, at("09:00"), at("09:00"), at("14:30")) == (len(scan.pairs), t1.estimate, t1.latest, t2.estimate)
    assert t1.earliest is not None
    assert at("-1 08:00") < t1.earliest < at("-1 10:07")
    text = "; before 2026-03-04 07:40:05 UTC 1 who had done it were robbed already: it may have begun by then"
    assert t1.reason.endswith(text)


def test_two_thefts_days_before_t1_are_both_inside() -> None:
    """Each shows it by itself, however unlikely a window of two days with so little harm is."""
    early = [("early 1", at("-2 10:07"), at("-2 11:00")), ("early 2", at("-1 10:07"), at("-1 11:00"))]
    t1, _ = both(scan_bounds(frame(ATTACK + AROUND + early)))
    assert t1.earliest is not None
    assert t1.earliest < at("-2 10:07")


def test_one_stray_wallet_is_no_window() -> None:
    """Nor are two."""
    strays = [("stray 1", at("+1 10:07"), at("+1 12:00")), ("stray 2", at("+1 13:27"), at("+1 13:30"))]
    assert 1 == len(scan_bounds(frame(ATTACK + AROUND + strays)).pairs)


def test_a_daily_user_does_not_stretch_the_window() -> None:
    """It was exposed once; its other visits did nothing."""
    times = ["-2 11:00", "-1 11:00", "11:00"]
    daily: list[Visit] = [(f"daily {n}", at(time) + n * HOUR / 4, at("12:00")) for n in range(4) for time in times]
    spared_daily: list[Visit] = [(f"lucky {n}", at(time), None) for n in range(4) for time in ["-1 12:00", "+1 12:00"]]
    t1, t2 = both(scan_bounds(frame(ATTACK + AROUND + daily + spared_daily)))
    assert (at("09:00"), at("14:30")) == (t1.estimate, t2.estimate)
    assert t1.earliest is not None
    assert at("07:30") < t1.earliest


def test_two_windows_are_told_apart_and_their_hull_leaves_nobody_out() -> None:
    """The attackers came back a day later; in between dozens were spared."""
    again = harmed("+1 09:00", "+1 12:00")
    quiet = spared("-2 00:00", "09:00") + spared("15:00", "+1 09:00") + spared("+1 12:00", "+3 00:00")
    scan = scan_bounds(frame(ATTACK + again + quiet))
    starts = [pair.t1.estimate for pair in scan.pairs if pair.t1]
    ends = [pair.t2.estimate for pair in scan.pairs if pair.t2]
    assert ([at("09:00"), at("+1 09:00")], [at("14:30"), at("+1 11:30")]) == (starts, ends)
    t1, t2 = both(scan)
    assert (at("09:00"), at("+1 11:30")) == (t1.estimate, t2.estimate)
    assert t1.reason.startswith("the harmed were exposed in 2 windows, of which this is the first: 12 of 17 wallets")
    assert t2.reason.startswith("the harmed were exposed in 2 windows, of which this is the last: 6 of 6 wallets")


def test_harm_that_stops_before_exposure_does_leaves_t2_open() -> None:
    """The attackers took everything at three: who came after that was spared by it, and the site may have been bad still."""
    taken: list[Visit] = [(name, time, at("15:00")) for name, time, _ in harmed("09:00", "15:00")]
    t1, t2 = both(scan_bounds(frame(taken + AROUND)))
    assert (at("14:30"), None) == (t2.estimate, t2.latest)
    assert t2.reason.endswith("; the thefts end before exposure does, so that nothing tells when it ended")
    assert t1.earliest is not None


def test_harm_months_later_bounds_t2_all_the_same() -> None:
    """Each waited for its own time; who came a day after the repair would have been robbed as well by now."""
    dice = np.random.default_rng(1)
    slow: list[Visit] = [
        (name, time, time + timedelta(days=float(dice.uniform(20, 90)))) for name, time, _ in harmed("09:00", "15:00")
    ]
    _, t2 = both(scan_bounds(frame(slow + AROUND)))
    assert t2.latest is not None
    assert at("14:30") < t2.latest < at("17:00")


def test_who_was_exposed_shortly_before_the_last_theft_says_little() -> None:
    """Each victim was robbed six hours after its exposure, the last at eight: by then nobody exposed after two would be."""
    slow = harmed("09:00", "14:30", wait=6 * HOUR)
    _, t2 = both(scan_bounds(frame(slow + AROUND + spared("14:30", "15:00"))))
    assert None is t2.latest


def test_logs_that_begin_in_the_attack_do_not_bound_t1() -> None:
    """Two wallets were spared before the first was harmed; so they may be inside."""
    t1, t2 = both(
        scan_bounds(frame(ATTACK + spared("08:40", "09:00", timedelta(minutes=10)) + spared("15:00", "+2 00:00")))
    )
    assert (None, True) == (t1.earliest, t2.latest is not None)
    assert t1.reason.endswith("; too few were exposed before to tell when it began")


def test_harmed_wallets_alone_bound_nothing() -> None:
    """Nobody shows when the site did no harm."""
    t1, t2 = both(scan_bounds(frame(harmed("09:00", "15:00"))))
    assert (at("09:00"), None, at("14:30"), None) == (t1.estimate, t1.earliest, t2.estimate, t2.latest)


def test_all_at_one_moment() -> None:
    """Three harmed in the only second there is: nothing is bounded, and nothing fails."""
    t1, t2 = both(scan_bounds(frame([(f"harmed {n}", at("09:00"), at("09:01")) for n in range(3)])))
    assert (at("09:00"), None, None) == (t1.estimate, t1.earliest, t2.latest)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_harmed_give_no_window(count: int) -> None:
    """Their range says next to nothing."""
    assert Scan((), Pair(None, None)) == scan_bounds(frame([*ATTACK[:count], *AROUND]))


def test_no_exposures_give_no_window() -> None:
    """As with no logs at all, or none that tell the time."""
    assert Scan((), Pair(None, None)) == scan_bounds(frame([]))
    assert Scan((), Pair(None, None)) == scan_bounds(frame([("someone", None, None)] * 5))  # type: ignore[list-item]


def test_a_million_exposures_do_not_blow_memory() -> None:
    """What numpy holds at any time stays under 300 MB, and the window is found to minutes."""
    dice = np.random.default_rng(1)
    seconds = np.sort(dice.integers(0, 30 * 86_400, 1_000_000))
    wallet = dice.integers(0, 400_000, 1_000_000)
    hit = (seconds >= 15 * 86_400) & (seconds < 15 * 86_400 + 36_000) & (wallet % 20 == 0)
    bad = np.isin(wallet, np.unique(wallet[hit]))
    start = at("-15 00:00")
    rows = pl.DataFrame({"address": wallet, "seconds": seconds, "bad": bad, "hit": hit}).select(
        pl.col("address").cast(pl.String),
        time=pl.lit(start) + pl.duration(seconds="seconds"),
        harmed_at=pl.when("bad").then(
            pl.lit(start) + pl.duration(seconds=pl.col("seconds").filter("hit").min().over("address"))
        ),
    )
    told = rows.filter(pl.col("harmed_at").is_null() | (pl.col("time") <= pl.col("harmed_at")))
    tracemalloc.start()
    t1, t2 = both(scan_bounds(told))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300 * 2**20
    assert t1.earliest is not None
    assert t2.latest is not None
    assert at("-1 23:45") < t1.earliest <= at("00:00") + timedelta(minutes=5)
    assert at("09:55") < t2.latest < at("10:15")


minutes = st.integers(0, 4 * 1440)
worlds = st.tuples(st.lists(minutes, min_size=3, max_size=40), st.lists(minutes, max_size=60))


def world(drawn: tuple[list[int], list[int]], shift: timedelta = timedelta(0)) -> list[Visit]:
    """Make any exposures, harmed and not; every second wallet comes twice."""
    bad = [at("-2 00:00") + shift + timedelta(minutes=minute) for minute in drawn[0]]
    good = [at("-2 00:00") + shift + timedelta(minutes=minute) for minute in drawn[1]]
    rows: list[Visit] = [
        (f"harmed {n // 2 if n % 4 > 1 else n}", time, time + 100 * HOUR) for n, time in enumerate(bad)
    ]
    return rows + [(f"spared {n // 2 if n % 4 > 1 else n}", time, None) for n, time in enumerate(good)]


@settings(deadline=None, max_examples=40)
@given(worlds, st.integers(-100, 100))
def test_shifting_all_times_shifts_the_bounds(drawn: tuple[list[int], list[int]], days: int) -> None:
    """Nothing depends on the calendar."""
    shift = timedelta(days=days)
    here, there = scan_bounds(frame(world(drawn))), scan_bounds(frame(world(drawn, shift)))
    moments = [
        [
            moment
            for bound in (scan.hull.t1, scan.hull.t2)
            if bound
            for moment in (bound.estimate, bound.earliest, bound.latest)
        ]
        for scan in (here, there)
    ]
    assert len(moments[0]) == len(moments[1])
    for before, after in zip(*moments, strict=True):
        assert (before is None) == (after is None)
        assert before is None or after is None or abs(before + shift - after) <= timedelta(milliseconds=10)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2000), st.booleans(), st.integers(1, 4))
def test_an_unharmed_wallet_far_outside_does_not_widen(minute: int, before: bool, every: int) -> None:
    """It says that the site did no harm there, which was known."""
    visits = [*ATTACK[::every], *AROUND]
    extra = at("-2 00:00") if before else at("+1 00:00")
    moment = extra + timedelta(minutes=minute * 2 // 3)
    (t1, t2), (more_t1, more_t2) = (
        both(scan_bounds(frame(rows))) for rows in (visits, [*visits, ("far", moment, None)])
    )
    assert t1.earliest is not None
    assert t2.latest is not None
    assert more_t1.earliest is not None
    assert more_t2.latest is not None
    assert more_t1.earliest >= t1.earliest - timedelta(seconds=20)
    assert more_t2.latest <= t2.latest + timedelta(seconds=20)


def test_the_time_after_the_attack_is_not_taken_for_it() -> None:
    """Nearly all come again afterwards, and few of them were harmed: that parts the two sharply too, and is no window."""
    start, minute = at("-2 00:00"), timedelta(minutes=1)
    rows: list[tuple[str, datetime, datetime | None]] = []
    for number in range(60):
        time = start + (1440 + 5 * number) * minute
        rows.append((f"victim {number}", time, time + 2 * minute))
    for number in range(400):
        regular = [
            start + (3 * number) * minute,
            start + (1440 + 0.7 * number) * minute,
            start + (1800 + 3 * number) * minute,
        ]
        rows += [(f"regular {number}", time, None) for time in (regular if number % 2 else regular[::2])]
    stray = start + 2400 * minute
    rows += [(f"stray {number}", stray, stray + minute) for number in range(2)]
    schema = {"address": pl.String, "time": TIME, "harmed_at": TIME}
    found = scan_bounds(pl.DataFrame(rows, schema=schema, orient="row")).hull
    assert found.t1
    assert found.t2
    assert start + 1400 * minute <= found.t1.estimate <= start + 1500 * minute
    assert start + 1700 * minute <= found.t2.estimate <= start + 1800 * minute
