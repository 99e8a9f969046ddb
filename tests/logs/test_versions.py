"""A file's changes are found to the second, and what is no change is not taken for one."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random

import polars as pl
import pytest

from exposure.logs.versions import Version, find_versions, judge
from exposure.tables import TIME
from tests.logs.logbook import NOON, at

# Sizes of one file plain, gzipped, and in brotli; the malicious version is a little larger in each.
GOOD, BAD = (412_338, 128_411, 104_992), (415_465, 129_654, 106_060)
SHARES = (0.05, 0.3, 0.65)
Fetch = tuple[datetime, int, int]


def fetches(rows: Iterable[Fetch], *, headers: bool = False) -> pl.DataFrame:
    """Make fetches of (time, size, client)."""
    numbered = [(time, number, size, client, headers) for number, (time, size, client) in enumerate(sorted(rows))]
    schema = {"time": TIME, "line": pl.UInt64, "size": pl.Int64, "client": pl.UInt64, "headers": pl.Boolean}
    return pl.DataFrame(numbered, schema=schema, orient="row")


def runs(versions: list[Version]) -> list[list[tuple[int, float, float, int]]]:
    """Give each version's runs as (size, start, end, hits), in seconds after noon."""

    def seconds(time: datetime) -> float:
        return (time - NOON).total_seconds()

    return [[(one.size, seconds(run.start), seconds(run.end), run.hits) for run in one.runs] for one in versions]


def steady(size: int, first: int, last: int, step: int = 60) -> list[Fetch]:
    """Fetch one size every minute, each time by another client."""
    return [(at(second), size, second) for second in range(first, last, step)]


def test_a_size_that_never_changes_is_one_run() -> None:
    """From the first fetch to the last."""
    assert [[(100, 0, 540, 10)]] == runs(find_versions(fetches(steady(100, 0, 600))))


def test_a_size_that_comes_and_goes_is_found_to_the_second() -> None:
    """T1 and T2 come from here: first and last full fetch of the other size, and what came back is the old version."""
    rows = [*steady(100, 0, 6000), *steady(150, 6007, 9000), *steady(100, 9011, 15_000)]
    expected = [[(100, 0, 5940, 100), (100, 9011, 14_951, 100)], [(150, 6007, 8947, 50)]]
    assert expected == runs(find_versions(fetches(rows)))


def test_a_change_that_stays_is_two_versions() -> None:
    """A deploy, or an attack that goes on."""
    rows = [*steady(100, 0, 6000), *steady(150, 6007, 9000)]
    assert [[(100, 0, 5940, 100)], [(150, 6007, 8947, 50)]] == runs(find_versions(fetches(rows)))


def simulated(
    seed: int, *, count: int = 5000, t1: int = 30_000, t2: int = 40_000, border: int = 0, aborts: float = 0.0, stale: float = 0.0,
    jitter: int = 0,
) -> list[Fetch]:  # fmt: skip
    """Fetch a file over a day in three encodings, with a malicious version from t1 to t2, and what happens in the field."""
    dice, cookies = Random(seed), Random(seed)
    rows = []
    for _ in range(count):
        second = dice.randrange(86_400)
        bad = t1 <= second < t2
        if bad and dice.random() < max((t1 + border - second) / border if border else 0, stale):
            bad = False  # a node that has the old file still
        if t2 <= second < t2 + border and dice.random() < 1 - (second - t2) / border:
            bad = True
        size = dice.choices(BAD if bad else GOOD, SHARES)[0]
        if dice.random() < aborts:
            size = dice.choice([16_384, 32_768, 65_536, dice.randrange(1, 100_000)])
        if jitter:
            size += 700 + cookies.randrange(jitter) + cookies.choice([0, 0, 190])
        rows.append((at(second), size, dice.randrange(count)))
    return rows


def bounds(rows: list[Fetch], *, headers: bool = False) -> tuple[datetime, datetime, int]:
    """Give first and last fetch of the one run of the malicious version, and its hits; the other version has two runs or more."""
    versions = find_versions(fetches(rows, headers=headers))
    assert ["good", "bad"] == judge(versions)
    (run,) = versions[1].runs
    return run.start, run.end, run.hits


def truth(rows: list[Fetch]) -> tuple[datetime, datetime, int]:
    """Give the same of what was served."""
    served = sorted(time for time, size, _ in rows if size in BAD)
    return served[0], served[-1], len(served)


@pytest.mark.parametrize("seed", range(5))
def test_encodings_are_one_version(seed: int) -> None:
    """Browsers get brotli or gzip, programs the plain file: three sizes that alternate all the time, before and during."""
    rows = simulated(seed)
    versions = find_versions(fetches(rows))
    assert truth(rows) == bounds(rows)
    assert [frozenset(GOOD), frozenset(BAD)] == [version.sizes for version in versions]
    assert [(104_992, "104992+128411+412338"), (106_060, "106060+129654+415465")] == [
        (one.size, one.encoding) for one in versions
    ]


@pytest.mark.parametrize("seed", range(5))
def test_nodes_that_keep_the_old_file_for_minutes_blur_nothing(seed: int) -> None:
    """At both borders old and new are served in turns; the run is from the first to the last fetch of the new one."""
    rows = simulated(seed, border=600)
    assert truth(rows) == bounds(rows)


@pytest.mark.parametrize("seed", range(5))
def test_a_node_that_never_got_the_new_file_hides_nothing(seed: int) -> None:
    """One in seven still gets the good file while the other six get the bad one."""
    rows = simulated(seed, stale=0.15)
    assert truth(rows) == bounds(rows)


@pytest.mark.parametrize("seed", range(5))
def test_downloads_that_break_off_are_no_versions(seed: int) -> None:
    """They leave sizes of their own, some of them often, since servers send in blocks."""
    rows = simulated(seed, aborts=0.03)
    assert truth(rows) == bounds(rows)


@pytest.mark.parametrize("seed", range(5))
def test_sizes_with_headers_are_one_size_where_they_are_close(seed: int) -> None:
    """Cookies and ages make a hundred sizes of one; the malicious version stands out all the same."""
    start, end, hits = bounds(simulated(seed, jitter=40), headers=True)
    first, last, served = truth(simulated(seed))
    few = timedelta(minutes=5)  # the plain file is fetched too rarely for its hundred sizes to come together
    assert (True, True, True) == (abs(start - first) < few, abs(end - last) < few, 0.85 * served < hits <= served)


@pytest.mark.parametrize("seed", range(5))
def test_a_short_attack_is_found(seed: int) -> None:
    """Ten minutes of a busy site."""
    rows = simulated(seed, count=50_000, t2=30_600, border=60)
    assert truth(rows) == bounds(rows)


@pytest.mark.parametrize("seed", range(10))
def test_where_nothing_changed_nothing_is_found(seed: int) -> None:
    """A false change would put T1 and T2 where nothing happened."""
    versions = find_versions(fetches(simulated(seed, t1=0, t2=0, aborts=0.03)))
    assert 1 == len(versions)
    assert 1 == len(versions[0].runs)


def test_a_late_straggler_is_a_run_of_its_own() -> None:
    """A node that serves the bad file three hours later does harm then: T2 is later, and the run says so."""
    rows = [*steady(100, 0, 6000), *steady(150, 6007, 9000), *steady(100, 9011, 30_000), (at(20_000), 150, 7)]
    expected = [(150, 6007, 8947, 50), (150, 20_000, 20_000, 1)]
    assert expected == runs(find_versions(fetches(rows)))[1]


def test_a_size_of_one_client_is_no_version() -> None:
    """A crawler that fetches the plain file ten times in a row is not the site changing."""
    rows = [*steady(100, 0, 6000), *((at(3000 + second), 300, 1) for second in range(10))]
    assert [[(100, 0, 5940, 100)]] == runs(find_versions(fetches(rows)))


def test_what_an_uptime_check_got_for_hours_was_there() -> None:
    """At night nobody else may come: one client's fetches each minute are enough to see the file change and change back."""
    rows = [
        *steady(100, 0, 6000),
        *((time, size, 7) for time, size, _ in steady(150, 6000, 9000)),
        *steady(100, 9000, 15_000),
    ]
    expected = [[(100, 0, 5940, 100), (100, 9000, 14_940, 100)], [(150, 6000, 8940, 50)]]
    assert expected == runs(find_versions(fetches(rows)))


def test_a_known_size_counts_however_rare_it_is() -> None:
    """The team has the malicious file: a single fetch of its size is a victim's."""
    rows = [*steady(100, 0, 6000), (at(3010), 150, 1)]
    assert [[(100, 0, 5940, 100)]] == runs(find_versions(fetches(rows)))
    versions = find_versions(fetches(rows), known=[150, 9999])
    assert [[(150, 3010, 3010, 1)]] == [one for one in runs(versions) if one[0][0] == 150]
    assert {100: "good", 150: "bad"} == dict(zip((one.size for one in versions), judge(versions, [150]), strict=True))


def test_an_encoding_of_the_malicious_version_that_nobody_listed_is_bad_too() -> None:
    """The team knows the plain size; browsers got brotli."""
    rows = simulated(1)
    versions = find_versions(fetches(rows), known=[415_465])
    assert [(frozenset(GOOD), "good"), (frozenset(BAD), "bad")] == [
        (one.sizes, verdict) for one, verdict in zip(versions, judge(versions, [415_465]), strict=True)
    ]


def test_a_file_that_was_malicious_for_some_visitors_only_is_still_good_for_the_others() -> None:
    """Attackers spare bots and whole countries: good and bad sizes take turns, and the good one was there before and after."""
    rows = [*steady(100, 0, 30_000), *steady(150, 10_030, 20_000)]
    versions = find_versions(fetches(rows), known=[150])
    assert [(100, "good"), (150, "bad")] == [
        (one.size, verdict) for one, verdict in zip(versions, judge(versions, [150]), strict=True)
    ]


def test_where_only_the_attack_was_logged_other_sizes_are_unknown() -> None:
    """They may be encodings of the malicious version, or the good one for those who were spared."""
    versions = find_versions(fetches([*steady(100, 0, 6000), *steady(150, 30, 6000)]), known=[150])
    assert {100: "unknown", 150: "bad"} == dict(
        zip((one.size for one in versions), judge(versions, [150]), strict=True)
    )


def test_a_page_made_for_every_visitor_has_no_versions() -> None:
    """Every answer has its own size: nothing can be said."""
    rows = [(at(second), 1000 + second % 300, client) for second in range(3000) for client in (1, 2)]
    assert [] == find_versions(fetches(rows))
    assert [] == find_versions(fetches([]))


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("A", ["unknown"]),
        ("AB", ["unknown", "unknown"]),
        ("ABA", ["good", "bad"]),
        ("ABC", ["unknown", "unknown", "unknown"]),
        ("ABAC", ["good", "bad", "unknown"]),
        ("ABABA", ["good", "bad"]),
        ("ABACA", ["good", "bad", "bad"]),
    ],
)
def test_only_what_came_and_went_is_suspected(order: str, expected: list[str]) -> None:
    """A last change that stays may be an update or the attack; what the logs cannot tell is not told."""
    rows: list[Fetch] = []
    for place, letter in enumerate(order):
        rows += steady(100 + ord(letter), place * 6000, (place + 1) * 6000)
    assert expected == judge(find_versions(fetches(rows)))


def test_two_changes_within_minutes_of_each_other_stay_apart() -> None:
    """A ten-minute gap in the good version, in which the bad one was served, is not smoothed over."""
    rows = [*steady(100, 0, 6000, 10), *steady(150, 6000, 6400, 10), *steady(100, 6400, 9000, 10)]
    expected = [[(100, 0, 5990, 600), (100, 6400, 8990, 260)], [(150, 6000, 6390, 40)]]
    assert expected == runs(find_versions(fetches(rows)))


def test_the_time_of_a_fetch_has_its_parts_of_a_second() -> None:
    """Some logs are finer than seconds."""
    moment = NOON + timedelta(microseconds=250_000)
    assert moment == find_versions(fetches([(moment, 100, 1)]))[0].runs[0].start
