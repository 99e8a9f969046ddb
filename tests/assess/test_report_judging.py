"""Reports of loss: a true one is supported, a false one contradicted where the data shows it, and nobody is held to what it cannot show."""

from typing import Any

import polars as pl
import pytest

from exposure.assess.report_judging import claims_of, judge_reports, report_claims
from exposure.assess.report_particulars import Claim
from exposure.incident import Chain, Report
from tests.assess.stories import NOW, Story, address, at


@pytest.fixture
def robbed(story: Story) -> Story:
    """Six people are robbed of all by a known sink, one is exposed and untouched, and others have nothing to do with it."""
    for number in range(6):
        who = f"victim {number}"
        story.sees(who, f"10:{number:02}").pays(who, "sink", 1.5 + number, f"12:{number:02}").is_a(who, "eoa").holds(
            who, 0
        )
    story.pays("victim 0", "sink", 3000, "12:30", "USDC", by="sink").approves("victim 0", "sink", "12:10")
    story.sees("lucky", "10:30").is_a("lucky", "eoa").holds("lucky", 4)
    story.sees("safe", "11:00", "viewed").is_a("safe", "eoa").holds("safe", 4)
    story.sees("spender", "11:00", "viewed").is_a("spender", "eoa").pays("spender", "shop", 1, "13:00")
    story.sees("safe", "-1 11:00", "viewed").is_a("contract", "contract").sees("contract", "11:00", "viewed")
    return story


def judge(story: Story, *claims: Claim, unasked: tuple[str, ...] = (), **more: Any) -> list[dict[str, Any]]:
    """Assess the story, and judge reports by it; everybody seen was asked about on chain, except `unasked`."""
    given = story.tables()
    tables = given | story.assess(**more).tables
    seen = [
        who
        for who in given["sightings"].get_column("address").unique()
        if who not in [address(name) for name in unasked]
    ]
    rows = [{"address": who, "reason": "log"} for who in seen]
    tables["candidates"] = given["candidates"].vstack(pl.DataFrame(rows, schema=given["candidates"].schema))
    return judge_reports(list(claims), tables, story.incident(**more), NOW).to_dicts()


def claim(who: str, line: int = 2, **said: Any) -> Claim:
    """Report about somebody."""
    return Claim("reports.csv", line, address=address(who), **said)


def tx_of(story: Story, who: str) -> str:
    """Give the transaction of somebody's first payment."""
    return str(next(row["transaction_hash"] for row in story.rows["transfers"] if row["from_address"] == address(who)))


def test_a_true_report_is_supported_by_each_of_its_particulars(robbed: Story) -> None:
    """With the losses, the deed and their references."""
    tx = tx_of(robbed, "victim 1")
    said = claim(
        "victim 1",
        time=at("12:01"),
        amount="2.5 ETH",
        transaction_hash=tx,
        did="I entered my recovery phrase",
        chain="Ethereum",
    )
    row = judge(robbed, said)[0]
    assert ("supported", "compromised", "yes", "yes", "yes", "yes") == tuple(
        row[name] for name in ("judgement", "verdict", "tx_says", "time_says", "amount_says", "did_says")
    )
    assert f"tx:1:{tx}" in row["refs"]
    assert "log:0a0a0a0a:" in row["refs"]
    assert row["reason"].startswith("This wallet lost 2.5 ETH at 2026-03-04 12:01:00 UTC to ")


def test_an_address_alone_is_enough(robbed: Story) -> None:
    """Nothing else was said, so nothing else can be wrong."""
    row = judge(robbed, claim("victim 2"))[0]
    assert ("supported", None, None) == (row["judgement"], row["time_says"], row["amount_says"])


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"time": at("-2 12:00")}, ("time_says", "no")),
        ({"time": at("+1 18:00")}, ("time_says", "no")),
        ({"amount": "50 ETH"}, ("amount_says", "no")),
        ({"amount": "2.5 ETH", "time": at("12:00")}, ("amount_says", "yes")),
        ({"amount": "about 2,4 eth"}, ("amount_says", "yes")),
        ({"amount": "1 ETH"}, ("amount_says", "yes")),
        ({"amount": "7 DOGE"}, ("amount_says", "cannot_tell")),
        ({"amount": "50 ETH", "chain": "Base"}, ("amount_says", "cannot_tell")),
        ({"time": at("10:05")}, ("time_says", "yes")),
        ({"time": at("+1 09:00")}, ("time_says", "yes")),
        ({"time": at("-1 12:00"), "time_slack": 26.0}, ("time_says", "yes")),
        ({"time": at("+4 18:00")}, ("time_says", "cannot_tell")),
        ({"did": "signed something"}, ("did_says", "cannot_tell")),
        ({"transaction_hash": "0x" + "77" * 32}, ("tx_says", "cannot_tell")),
    ],
)
def test_a_particular_that_the_data_shows_to_be_wrong_contradicts_the_report(
    robbed: Story, said: dict[str, Any], says: tuple[str, str]
) -> None:
    """And never the wallet: it stays listed, its owner is told to act. What cannot be told does not weaken a true report."""
    row = judge(robbed, claim("victim 1", **said))[0]
    name, expected = says
    assert expected == row[name]
    assert ("contradicted" if expected == "no" else "supported") == row["judgement"]
    assert "This wallet lost 2.5 ETH" in row["reason"]
    assert "its owner must act" in row["reason"]


def test_somebody_elses_transaction_is_no_proof(robbed: Story) -> None:
    """A transaction that took from another wallet, one that only paid this one, and one in which this wallet paid a shop."""
    robbed.pays("victim 5", "victim 4", 1, "09:30")
    others = tx_of(robbed, "victim 3")
    paid = robbed.rows["transfers"][-1]["transaction_hash"]
    shop = tx_of(robbed, "spender")
    rows = judge(
        robbed,
        claim("victim 1", 2, transaction_hash=others),
        claim("victim 4", 3, transaction_hash=paid),
        claim("spender", 4, transaction_hash=shop),
    )
    assert [("contradicted", "no"), ("contradicted", "no"), ("cannot_tell", "cannot_tell")] == [
        (row["judgement"], row["tx_says"]) for row in rows
    ]


def test_who_lost_nothing_is_contradicted_only_where_everything_was_read(robbed: Story) -> None:
    """Nothing left the wallet on a chain that was read in full. Whoever was not asked about, paid anybody, runs code, or is exposed: cannot tell."""
    said: dict[str, Any] = {"time": at("12:00"), "amount": "4 ETH"}
    people = ("safe", "spender", "contract", "lucky", "stranger")
    rows = judge(robbed, *[claim(who, line, **said) for line, who in enumerate(people, 2)])
    assert ["contradicted", "cannot_tell", "cannot_tell", "cannot_tell", "cannot_tell"] == [
        row["judgement"] for row in rows
    ]
    span = "from 2026-03-02 00:00:00 UTC to 2026-03-06 00:00:00 UTC"
    told = f"On ethereum the chain was read {span}, and nothing left this wallet. A loss on another chain would not show here."
    assert told == rows[0]["reason"]
    assert f"tx:1:{tx_of(robbed, 'spender')}" == rows[1]["refs"]
    assert "got something from it at 2026-03-04 13:00:00 UTC, and nobody knows whose that is" in rows[1]["reason"]
    assert "what contracts move out of it is not visible" in rows[2]["reason"]
    assert "it is in danger, and what was taken may have gone where this case does not look" in rows[3]["reason"]
    assert "the chain was not asked about it" in rows[4]["reason"]
    assert None is rows[4]["verdict"]


def test_a_loss_on_a_chain_that_nobody_looked_at_cannot_be_told(robbed: Story) -> None:
    """The report names another chain, or the case itself looks at the head of one only."""
    assert "cannot_tell" == judge(robbed, claim("safe", chain="Polygon"))[0]["judgement"]
    head_only = (Chain(name="ethereum", id=1), Chain(name="base", id=8453, look="head"))
    assert "cannot_tell" == judge(robbed, claim("safe"), chains=head_only)[0]["judgement"]


def test_a_hole_in_the_chain_forgives(robbed: Story) -> None:
    """Where a part could not be read, nobody is told that nothing left."""
    robbed.adds(
        "coverage",
        source="chain:1",
        layer="logs",
        first=at("-2 00:00"),
        last=at("+2 00:00"),
        lines=10,
        parsed=7,
        gaps=3,
    )
    robbed.covered = False
    assert "cannot_tell" == judge(robbed, claim("safe"))[0]["judgement"]


def test_a_wallet_that_nobody_asked_about_is_not_contradicted(robbed: Story) -> None:
    """Only controls are asked about; the others' history is not known."""
    assert "cannot_tell" == judge(robbed, claim("safe"), unasked=("safe",))[0]["judgement"]


def test_a_wrong_date_does_not_contradict_where_nobody_has_looked(robbed: Story) -> None:
    """A stranger who misremembers the day may be a victim all the same."""
    assert "cannot_tell" == judge(robbed, claim("stranger", time=at("-2 12:00")))[0]["judgement"]


def test_the_attacker_may_not_claim(robbed: Story) -> None:
    """The address is named as theirs."""
    row = judge(robbed, claim("sink", amount="100 ETH"))[0]
    assert ("contradicted", "The address is one of the attacker's own, as the team has named it.") == (
        row["judgement"],
        row["reason"],
    )


def test_a_report_does_not_support_itself(robbed: Story) -> None:
    """Named in incident.toml with a payment of its own as the theft, it is probable, and still not supported by any loss."""
    tx = tx_of(robbed, "spender")
    reports = (Report(address=address("spender"), tx=tx, did="entered_seed", time=at("12:00")),)
    robbed.sees("spender", "12:00", "entered_seed", link="report", ref="report:1")
    rows = judge(robbed, *report_claims(robbed.incident(reports=reports)), reports=reports)
    assert ("probable", "cannot_tell") == (rows[0]["verdict"], rows[0]["judgement"])


def test_duplicates_are_found(robbed: Story) -> None:
    """The first report of a wallet stands; later ones point to it, also from another file; so does a transaction named twice."""
    tx = tx_of(robbed, "victim 1")
    again = Claim("late.csv", 9, address=address("victim 1"), transaction_hash=tx)
    rows = judge(robbed, claim("victim 1", 2), claim("victim 1", 7), claim("safe", 8, transaction_hash=tx), again)
    told = {(row["file"], row["line"]): row["duplicate_of"] for row in rows}
    assert told == {
        ("late.csv", 9): None,
        ("reports.csv", 2): "late.csv:9",
        ("reports.csv", 7): "late.csv:9",
        ("reports.csv", 8): None,
    }
    assert rows[-1]["reason"].endswith("late.csv:9 names the same transaction for another wallet.")


def test_what_could_not_be_read_is_said_and_not_judged(robbed: Story) -> None:
    """No wallet, no judgement; a fault in another column leaves the rest to be judged."""
    rows = judge(
        robbed,
        Claim("r.csv", 2, fault="it names no address"),
        Claim("r.csv", 3, address=address("victim 1"), fault="the time cannot be read"),
    )
    assert ("cannot_tell", "It cannot be judged: it names no address.") == (rows[0]["judgement"], rows[0]["reason"])
    assert "supported" == rows[1]["judgement"]
    assert "Not read: the time cannot be read." in rows[1]["reason"]


def test_names_are_resolved_by_the_case_alone(robbed: Story) -> None:
    """An ENS name that the case has resolved once stands for its address; another is not guessed."""
    robbed.adds("names", address=address("victim 1"), name="alice.eth", time=at("12:00"))
    rows = judge(robbed, Claim("r.csv", 2, address="alice.eth"), Claim("r.csv", 3, address="bob.eth"))
    assert [address("victim 1"), None] == [row["address"] for row in rows]
    assert "ENS name that this case has not resolved" in rows[1]["reason"]


def test_counterfeits_do_not_make_a_loss(robbed: Story) -> None:
    """A token that somebody makes up and moves in the safe person's name is no support; nor does it leave the data without doubt."""
    robbed.pays("safe", "sink", 5000, "12:00", "FAKE", by="sink")
    row = judge(robbed, claim("safe", amount="5000 FAKE"))[0]
    assert row["judgement"] != "supported"


def test_claims_come_out_of_the_table_as_they_went_in(robbed: Story) -> None:
    """So that they are judged again by whatever is known later."""
    claims = [
        claim("victim 1", 2, time=at("12:00"), time_slack=14.0, did="x", amount="1 ETH", chain="base", source="t"),
        Claim("reports.csv", 3, fault="none"),
    ]
    given = robbed.tables() | robbed.assess().tables
    table = judge_reports(claims, given, robbed.incident(), NOW)
    assert claims == claims_of(table)
