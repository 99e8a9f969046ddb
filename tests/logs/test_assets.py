"""Files that changed are found among all that were served, and every act knows what file its browser had."""

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from exposure.incident import Asset
from exposure.logs.asks import Asks
from exposure.logs.assets import FETCHES, NAMES, Found, asset_states, file_names, full_fetches, study
from exposure.logs.formats.records import NUMBERED, number_of
from exposure.logs.spill import Spill
from tests.logs.logbook import at

APP, CSS = "/static/app.js", "/static/app.css"
RECORD = {
    "source": pl.UInt32, "line": pl.UInt64, "time": FETCHES["time"], "client": pl.UInt64, "host": pl.String,
    "method": pl.String, "target": pl.String, "status": pl.UInt16, "bytes": pl.Int64, "headers": pl.Boolean,
}  # fmt: skip


def records(*rows: dict[str, object]) -> pl.DataFrame:
    """Make records, one a line; each is a full fetch of APP unless it says otherwise."""
    usual = {
        "source": 0,
        "time": at(0),
        "client": 1,
        "host": None,
        "method": "GET",
        "target": APP,
        "status": 200,
        "bytes": 100,
    }
    made = [{**usual, "headers": False, "line": number + 1, **row} for number, row in enumerate(rows)]
    return pl.DataFrame(made, schema=RECORD).with_columns(ask=number_of(NUMBERED["ask"]))


def fetched(*rows: dict[str, object], assets: tuple[Asset, ...] = ()) -> list[int]:
    """Give the lines that are full fetches."""
    return full_fetches(Asks((), assets).judge(records(*rows))[0]).get_column("line").to_list()


@pytest.mark.parametrize(
    ("row", "counts"),
    [
        ({}, True),
        ({"target": "/static/app.js?v=7"}, True),
        ({"target": "/"}, True),
        ({"target": "/index.HTML"}, True),
        ({"target": "/app/"}, True),
        ({"method": "HEAD", "bytes": 0}, False),
        ({"method": "HEAD"}, False),
        ({"method": "POST"}, False),
        ({"status": 304, "bytes": 0}, False),
        ({"status": 206}, False),
        ({"status": 404}, False),
        ({"bytes": None}, False),
        ({"target": "/api/prices"}, False),
        ({"target": "/api/prices?file=app.js"}, False),
        ({"target": "/logo.png"}, False),
        ({"target": None}, False),
    ],
)
def test_a_full_fetch_is_a_whole_body_of_a_file_that_can_carry_an_attack(row: dict[str, object], counts: bool) -> None:
    """Ranges, unchanged answers and heads have other sizes and are no change."""
    assert ([1] if counts else []) == fetched(row)


def test_a_named_asset_counts_whatever_its_name() -> None:
    """Loaders are served from paths without an ending."""
    assert ([], [1]) == (
        fetched({"target": "/loader?x"}),
        fetched({"target": "/loader?x"}, assets=(Asset(path="/loader"),)),
    )


def steady(size: int, first: int, last: int, **fields: object) -> list[dict[str, object]]:
    """Fetch a file every minute."""
    return [{"time": at(second), "bytes": size, "client": second, **fields} for second in range(first, last, 60)]


def found(folder: Path, *rows: dict[str, object], assets: tuple[Asset, ...] = (), held: int = 10**6) -> Found:
    """Study fetches."""
    pile = Spill(folder, "fetches", FETCHES, "path", held)
    names = Spill(folder, "files", NAMES, "ask", held)
    judged, asked = Asks((), assets).judge(records(*rows))
    pile.add(full_fetches(judged))
    names.add(file_names(asked))
    return study(pile, names, assets)


CHANGED = [*steady(100, 0, 6000), *steady(150, 6000, 9000), *steady(100, 9000, 12_000)]


@pytest.mark.parametrize("held", [10**6, 10])
def test_the_table_holds_every_path_and_each_of_its_runs(tmp_path: Path, held: int) -> None:
    """Also where there are more fetches than memory holds."""
    assets = found(tmp_path, *CHANGED, *steady(70, 0, 600, target=CSS + "?v=1"), held=held).assets
    assert [
        (None, CSS, "", 70, at(0), at(540), 10),
        (None, APP, "", 100, at(0), at(5940), 100),
        (None, APP, "", 150, at(6000), at(8940), 50),
        (None, APP, "", 100, at(9000), at(11_940), 50),
    ] == assets.rows()


def test_the_same_path_of_two_hosts_is_two_files(tmp_path: Path) -> None:
    """One of them may be the malicious copy."""
    rows = [*steady(100, 0, 6000, host="a.example"), *steady(150, 0, 6000, host="b.example")]
    expected = [("a.example", 100, 100), ("b.example", 150, 100)]
    assert expected == found(tmp_path, *rows).assets.select("host", "size", "hits").rows()


def test_fetches_of_a_changed_file_are_kept_with_a_verdict(tmp_path: Path) -> None:
    """What came and went is suspected; files that never changed are not kept."""
    result = found(tmp_path, *CHANGED, *steady(70, 0, 600, target=CSS))
    counts = result.watched.group_by("verdict").len().sort("verdict").rows()
    assert (1, [("bad", 50), ("good", 150)]) == (result.changed_paths, counts)


def test_where_the_team_names_the_file_other_changes_decide_nothing(tmp_path: Path) -> None:
    """A stylesheet that was rolled back on the same day is not the attack; its fetches stay in view."""
    css = [{**row, "target": CSS} for row in CHANGED]
    watched = found(tmp_path, *css, *steady(100, 0, 600), assets=(Asset(path=APP),)).watched
    target = pl.col("target").alias("path")
    assert [(CSS, None), (APP, "unknown")] == watched.group_by(target, "verdict").len().sort("path").select(
        "path", "verdict"
    ).rows()


def test_a_secret_in_a_files_address_goes_no_further(tmp_path: Path) -> None:
    """Fetches are written to a scratch folder when they are many."""
    key = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
    result = found(tmp_path, *steady(100, 0, 600, target=f"/u/{key}/?k={key}"), held=1)
    assert ["/u/[secret]/"] == result.assets.get_column("path").unique().to_list()
    assert [] == [path.name for path in tmp_path.iterdir() if key[:41].encode() in path.read_bytes()]


def states(fetches: list[tuple[datetime, int, str, str]], acts: list[tuple[datetime, int | None]]) -> list[str]:
    """Give the state of acts (time, client) after fetches (time, client, path, verdict)."""
    schema = {"time": FETCHES["time"], "client": pl.UInt64, "path": pl.String, "verdict": pl.String}
    watched = pl.DataFrame(fetches, schema=schema, orient="row").with_columns(path=pl.col("path").hash())
    actions = pl.DataFrame(acts, schema={"time": FETCHES["time"], "client": pl.UInt64}, orient="row")
    actions = actions.with_columns(source=pl.lit(0, pl.UInt32), line=pl.int_range(1, pl.len() + 1, dtype=pl.UInt64))
    return asset_states(actions, watched).sort("line").get_column("asset_state").to_list()


def test_an_act_has_the_state_of_the_last_full_fetch_before() -> None:
    """Browsers keep what they fetched: good before the attack is good during it, and bad stays bad after."""
    fetches = [(at(0), 1, APP, "good"), (at(600), 1, APP, "bad"), (at(1200), 1, APP, "good"), (at(600), 2, APP, "bad")]
    acts = [(at(599), 1), (at(600), 1), (at(1199), 1), (at(1201), 1), (at(9999), 2)]
    assert ["good", "bad", "bad", "good", "bad"] == states(fetches, acts)


def test_without_a_fetch_nothing_is_known() -> None:
    """It may have been fetched before the logs begin, or under another IP address."""
    assert ["unknown", "unknown", "unknown"] == states(
        [(at(600), 1, APP, "bad")], [(at(599), 1), (at(900), 2), (at(900), None)]
    )


def test_fetches_that_contradict_each_other_are_mixed() -> None:
    """Two answers within a second, or a good and a bad one of two files that carried the attack."""
    same = [(at(0), 1, APP, "good"), (at(0), 1, APP, "bad")]
    two = [(at(0), 2, APP, "good"), (at(0), 3, APP, "bad"), (at(0), 2, CSS, "bad")]
    assert ["mixed", "mixed", "bad"] == states([*same, *two], [(at(9), 1), (at(9), 2), (at(9), 3)])


def test_a_size_that_says_nothing_is_unknown() -> None:
    """A download that broke off may have been of either version."""
    fetches = [(at(0), 1, APP, "unknown"), (at(0), 2, APP, "bad")]
    assert ["unknown"] == states(fetches, [(at(9), 1)])


def test_a_file_that_was_never_bad_says_nothing() -> None:
    """Where no file is suspected, none makes an act safe."""
    assert ["unknown"] == states([(at(0), 1, APP, "good")], [(at(9), 1)])
