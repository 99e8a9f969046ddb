"""Reports as sightings."""

from exposure.assess.reports import REPORT_STRENGTH, report_sightings, reported_transactions
from exposure.incident import Report
from tests.assess.stories import Story, address, at


def test_reports_are_numbered_from_one_in_order(story: Story) -> None:
    """Evidence points back to the number; what a report does not say stays null."""
    reports = (
        Report(address=address("alice"), time=at("10:00"), did="entered_seed", source="ticket 815"),
        Report(address=address("bob")),
    )
    rows = report_sightings(story.incident(reports=reports)).select(
        "address", "time", "link", "strength", "action", "ref"
    )
    expected = [
        (address("alice"), at("10:00"), "report", REPORT_STRENGTH, "entered_seed", "report:1"),
        (address("bob"), None, "report", REPORT_STRENGTH, None, "report:2"),
    ]
    assert sorted(expected) == sorted(rows.rows())


def test_no_reports_give_an_empty_table(story: Story) -> None:
    """Nothing reported yet."""
    assert (0, 0) == (report_sightings(story.incident()).height, reported_transactions(story.incident()).height)


def test_the_thefts_that_reports_name(story: Story) -> None:
    """Only those with a transaction; the number stays that of the report."""
    reports = (Report(address=address("bob")), Report(address=address("alice"), tx="0x" + "a" * 64))
    expected = [(address("alice"), "0x" + "a" * 64, "report:2")]
    assert expected == reported_transactions(story.incident(reports=reports)).rows()
