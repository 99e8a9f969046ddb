"""What is too large for memory is laid down and worked on a stretch at a time: that changes nothing in what comes out."""

from pathlib import Path

import pytest

from exposure.assess.assess import assess, assess_on
from exposure.assess.shelf import Shelf
from tests.assess.stories import NOW, SINK, SPENDER, Result, Story, address


def told(story: Story) -> Story:
    """Tell of phrases, signatures, browsers that several share, torn lines, secrets, rescues and reports, over many addresses."""
    for index in range(6):
        story.sees(f"typed {index}", f"1{index % 4}:1{index}", host="site.example", asset_state="bad")
        story.sees(f"typed {index}", f"+1 1{index % 4}:1{index}", host="www.site.example", asset_state="good")
        story.sees(f"beside {index}", "-1 08:00", None, client=f"client of typed {index}")
        story.pays(f"typed {index}", "fresh", 2, "16:00").holds(f"typed {index}", index / 10)
        story.sees(f"signed {index}", "10:30", "signed").approves(f"signed {index}", "spender", "14:00")
        story.allows(f"signed {index}", "spender").holds(f"signed {index}", 9 + index, "USDC")
        story.sees(f"fled {index}", "11:00").pays(f"fled {index}", f"home {index}", 3, "17:00").holds(
            f"fled {index}", 0
        )
        story.pays(f"stranger {index}", "sink", 1 + index, "13:00")
        # One torn line names two wallets, another six: the first says something on each, the second nothing on any.
        for line, named in ((901, index < 2), (902, True)):
            if named:
                torn = {"address": address(f"torn {line} {index}"), "link": "direct", "strength": 0.5}
                story.adds("sightings", **torn, ref=f"log:0a0a0a0a:{line}")
    story.sees("leaked", "12:00", "pasted_key", link="key").crowd(40, "10:00", "viewed", host="site.example")
    return story.crowd(10, "-1 10:00", "entered_seed", "early")


@pytest.mark.parametrize(("together", "looked_up"), [(1, 3), (7, 20), (1_000_000, 1_000_000)])
def test_the_size_of_a_stretch_changes_nothing(story: Story, tmp_path: Path, together: int, looked_up: int) -> None:
    """Every table is the same whether all wallets are judged at once in memory, or each by itself from disk."""
    tables, incident = told(story).tables(), story.incident(attackers=(SINK, SPENDER))
    expected = assess(tables, incident, NOW)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    lazy = {name: frame.lazy() for name, frame in tables.items()}
    found = assess_on(Shelf(scratch, together, looked_up), lazy, incident, NOW)
    assert {name: frame.to_dicts() for name, frame in expected.items()} == {
        name: frame.collect().to_dicts() for name, frame in found.items()
    }


def test_a_veto_reads_the_deeds_again(story: Story, tmp_path: Path) -> None:
    """Where the data speaks against a cleared action, its doers are exposed on disk as they are in memory."""
    for index in range(12):
        story.sees(f"victim {index}", "10:00", "viewed").pays(f"victim {index}", "sink", 2, "12:00")
    story.crowd(60, "-1 10:00", "viewed").crowd(30, "10:00", "hardware", "others")
    tables, incident = story.tables(), story.incident()
    expected = assess(tables, incident, NOW)
    assert "yes" == Result(expected).is_x("viewed")
    found = assess_on(Shelf(tmp_path, 5, 5), tables, incident, NOW)
    assert expected["wallets"].to_dicts() == found["wallets"].collect().to_dicts()


def test_a_torn_line_of_many_wallets_says_nothing_on_any(story: Story, tmp_path: Path) -> None:
    """Its wallets lie in different stretches, and are counted over all of them."""
    found = assess_on(Shelf(tmp_path, 1, 1), told(story).tables(), story.incident(), NOW)
    verdicts = dict(found["wallets"].select("address", "verdict").collect().iter_rows())
    assert {"possible"} == {verdicts[address(f"torn 901 {index}")] for index in range(2)}
    assert {"no_sign"} == {verdicts[address(f"torn 902 {index}")] for index in range(6)}
