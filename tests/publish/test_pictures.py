"""The report's pictures of time, files and money: what they show, what they leave out, and that their tables are exact."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from exposure.amounts import to_f64
from exposure.publish.facts import gather
from exposure.publish.report.charts import Picture
from exposure.publish.report.flows import find_flows
from exposure.publish.report.money import money_picture
from exposure.publish.report.served_files import served_files
from exposure.publish.report.timeline import PUBLIC_STEP, timeline
from exposure.publish.report.timeline_counts import find_shade
from exposure.publish.texts.sentences import checksum
from tests.publish.scene import END, NATIVE, NOW, PHRASE, SIGNED, SINK, START, Scene, wallet_address

HOSTILE = '<script>alert(1)</script>" onload=x \x1b[31m \u202egnp {{ 7*7 }}'
APP = "/static/app.js"


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """An incident to write rows into."""
    return Scene(tmp_path)


def times(scene: Scene, least: timedelta = timedelta(minutes=1)) -> tuple[Picture, ...]:
    """Draw the timeline."""
    return timeline(scene.tables, scene.incident, gather(scene.tables, scene.incident, NOW), least)


def files(scene: Scene) -> Picture | None:
    """Draw the site's files."""
    facts = gather(scene.tables, scene.incident, NOW)
    return served_files(scene.tables, scene.incident, find_shade(scene.tables, scene.incident, facts))


def money(scene: Scene, *, public: bool = False) -> Picture:
    """Draw where the money went."""
    facts = gather(scene.tables, scene.incident, NOW)
    picture = money_picture(find_flows(scene.tables, scene.incident, facts, public=public))
    assert picture is not None
    return picture


def bound(scene: Scene, which: str, **ends: datetime | None) -> None:
    """Change a published bound."""
    for row in scene.rows["windows"]:
        if row["bound"] == which:
            row.update(ends)


def visits(scene: Scene, first: datetime, last: datetime) -> None:
    """Have a request in every minute from one time to another."""
    minute = first.replace(second=0, microsecond=0)
    while minute < last:
        scene.add("traffic", minute=minute, host="examplewallet.com", requests=3, clients=2, bytes=900, errors=0)
        minute += timedelta(minutes=1)


def test_both_ends_of_the_window_are_shaded_as_intervals(scene: Scene) -> None:
    """It began somewhere in one interval and ended somewhere in another: neither is a point."""
    scene.key_incident().tell(status="resolved")
    bound(scene, "T1", earliest=START - timedelta(minutes=12), latest=START + timedelta(minutes=5))
    bound(scene, "T2", earliest=END, latest=END + timedelta(hours=4))
    (picture,) = times(scene)
    assert "Shaded: from 2026-03-04 09:00:37 UTC to 2026-03-04 14:40:05 UTC." in picture.alt
    assert "It had begun by 2026-03-04 09:17:37 UTC: what lies before is shaded more lightly." in picture.alt
    assert "It went on until 2026-03-04 10:40:05 UTC at least: what follows is shaded more lightly." in picture.alt
    assert all(
        part in picture.svg for part in ("T1 09:00 to 09:17", "T2 10:40 to 14:40", "var(--band)", "var(--band-edge)")
    )


def test_the_ends_of_a_window_at_the_edge_are_named_where_there_is_room(scene: Scene) -> None:
    """Losses went on for a week: T1 lies at the left edge, and its name must not lie over the axis."""
    scene.key_incident().tell(status="resolved")
    scene.rows["losses"][0]["time"] = END + timedelta(days=7)
    _, whole = times(scene)
    assert "T1 09:12, T2 10:40" in whole.svg


def test_an_end_that_one_window_lacks_is_not_taken_from_another(scene: Scene) -> None:
    """The phrase's window is closed and the approval's is not: who signed later must not look as if they stood outside."""
    scene.mixed_incident().tell(status="contained")
    for row in scene.rows["windows"]:
        if row["exposure"] == "approval" and row["bound"] == "T2":
            row.update(latest=None)
    picture = times(scene)[-1]
    assert "to the right edge, since nothing bounds T2." in picture.alt
    assert "nothing bounds T2" in picture.svg


def test_each_action_that_exposes_has_a_row_of_its_own(scene: Scene) -> None:
    """Harmed and unharmed wallets of each; what incident.toml calls harmless has none."""
    scene.mixed_incident()
    picture = times(scene)[-1]
    words = ("entered your recovery phrase", "confirmed an approval")
    assert picture.headers[2:6] == tuple(f"{one}: {kind}" for one in words for kind in ("harmed", "no harm seen"))
    assert [sum(int(row[column]) for row in picture.rows) for column in range(2, 6)] == [10, 4, 1, 0]
    assert "entered your recovery phrase (X): wallets" in picture.svg


def test_actions_beyond_the_fourth_are_counted(scene: Scene) -> None:
    """Nothing is left out unsaid."""
    more = [SIGNED | {"name": f"a{n}", "words": f"did thing {n}", "match": {"path": f"^/{n}"}} for n in range(6)]
    scene.key_incident().tell(actions=(PHRASE, *more))
    for number in range(6):
        scene.wallet(60 + number, "no_sign", f"a{number}")
    assert "3 more actions that may expose are not drawn." in times(scene)[0].caption


def test_gaps_in_the_logs_stand_below_the_traffic(scene: Scene) -> None:
    """A silence, and what lies before and after all logs, in the picture and in its table."""
    scene.key_incident().tell(status="resolved")
    for row in scene.rows["coverage"]:
        row.update(first=START - timedelta(minutes=5), last=END + timedelta(minutes=10))
    visits(scene, START - timedelta(minutes=5), START + timedelta(minutes=20))
    visits(scene, START + timedelta(minutes=50), END + timedelta(minutes=10))
    (picture,) = times(scene)
    gaps = {row[-1] for row in picture.rows}
    assert gaps == {"", "no logs", "silence"}
    silent = [row[0] for row in picture.rows if row[-1] == "silence"]
    assert (silent[0], silent[-1]) == ("2026-03-04 09:32:00 UTC", "2026-03-04 10:00:00 UTC")
    assert "Gaps in the logs: 3 (no logs, silence)." in picture.alt
    assert "gaps in the logs" in picture.svg


def test_the_public_timeline_has_steps_of_a_quarter_of_an_hour(scene: Scene) -> None:
    """A minute with one visitor could be found again; a quarter of an hour is what the texts say, too."""
    scene.key_incident().tell(status="resolved")
    (picture,) = times(scene, PUBLIC_STEP)
    assert picture.headers[0] == "15 minutes from"
    assert {row[0][14:16] for row in picture.rows} <= {"00", "15", "30", "45"}


def serve(scene: Scene, size: int, start: datetime, end: datetime, path: str = APP, hits: int = 500) -> None:
    """Have one size of a file served for a while."""
    scene.add("assets", host="examplewallet.com", path=path, encoding="", size=size, start=start, end=end, hits=hits)


def changed_file(scene: Scene) -> Scene:
    """Serve one file, another for the window, and the first again; a style sheet changes for good, and a picture never does."""
    day = timedelta(days=1)
    serve(scene, 412_338, START - day, START)
    serve(scene, 415_465, START + timedelta(seconds=40), END, hits=90)
    serve(scene, 412_338, END + timedelta(seconds=30), END + day)
    serve(scene, 14_031, START - day, END, "/app.css")
    serve(scene, 14_086, END + timedelta(minutes=1), END + day, "/app.css")
    serve(scene, 900, START - day, END + day, "/logo.png")
    return scene


@pytest.mark.parametrize(
    ("asset", "why"),
    [
        ({"path": APP, "bytes": (415_465,)}, "its size is one that incident.toml names"),
        ({"path": APP}, "incident.toml names the file"),
    ],
)
def test_the_attacks_version_of_a_file_is_marked(scene: Scene, asset: dict[str, object], why: str) -> None:
    """With its times and why; the good version's two runs are told apart, and a deploy is no attack."""
    picture = files(changed_file(scene.key_incident().tell(assets=(asset,))))
    assert picture is not None
    assert (
        f"examplewallet.com{APP}, 415,465 bytes: {why}; served from 2026-03-04 09:13:17 UTC to 2026-03-04 10:40:05 UTC"
        in (picture.alt)
    )
    assert "3 static files were served, 2 of them in several versions or named by the team." in picture.alt
    told = [(row[0].removeprefix("examplewallet.com"), row[1], row[5]) for row in picture.rows]
    assert told == [
        *((APP, "412,338", "") for _ in range(2)),
        (APP, "415,465", why),
        ("/app.css", "14,031", ""),
        ("/app.css", "14,086", ""),
    ]
    assert "the attack's" in picture.svg


def test_a_version_that_the_harm_points_at_is_marked(scene: Scene) -> None:
    """The team has named no file: the assessed bounds say which version they rest on."""
    changed_file(scene.key_incident())
    row = {"window_id": "w1", "exposure": "key", "method": "asset", "reason": "first full fetch"}
    scene.add(
        "windows", **row, bound="T1", estimate=START + timedelta(seconds=40), latest=START + timedelta(seconds=40)
    )
    scene.add("windows", **row, bound="T2", estimate=END, earliest=END)
    picture = files(scene)
    assert picture is not None
    assert [row[1:2] + row[5:] for row in picture.rows if row[5]] == [
        ("415,465", "who used it and who was harmed go together")
    ]


def test_without_a_version_of_the_attack_none_is_marked(scene: Scene) -> None:
    """A change alone proves nothing, and a site whose files never changed has no picture."""
    picture = files(changed_file(scene.key_incident()))
    assert picture is not None
    assert {row[5] for row in picture.rows} == {""}
    assert "None of the versions is taken for the attack's." in picture.alt
    scene.rows["assets"] = [row for row in scene.rows["assets"] if row["path"] == "/logo.png"]
    assert files(scene) is None


def onward(scene: Scene, hop: int, sender: str, to: str, value: int, stop: str | None = None) -> None:
    """Move Ether on."""
    row = {"chain_id": 1, "token_address": NATIVE, "standard": "native", "transactions": 1, "kind": "eoa"}
    row |= {"first": NOW, "last": NOW, "value": str(value), "value_f64": to_f64(value, 18), "stop": stop}
    scene.add("onward", hop=hop, from_address=sender, to_address=to, **row)


def test_the_largest_sinks_are_drawn_and_the_rest_counted(scene: Scene) -> None:
    """Nine sinks: five by name, four as one; exact amounts add up to the exact total, and a wallet of two sinks counts once."""
    scene.tokens().covered().window().rate(PHRASE["name"])
    total = 0
    for number in range(9):
        sink, value = f"0x{number + 1:02x}" + "bad1" * 9 + "ff", (number + 1) * 10**18 + 1
        scene.attacker(sink).wallet(number, lost=value, attacker=sink)
        total += value
    scene.rows["losses"].append(
        scene.rows["losses"][0] | {"attacker": "0x09" + "bad1" * 9 + "ff", "transaction_hash": "0x1"}
    )
    total += 10**18 + 1
    picture = money(scene)
    assert [row[1] for row in picture.rows].count("4 more") == 1
    assert len(picture.rows) == 6
    assert int(sum(Decimal(row[3]) for row in picture.rows) * 10**18) == total
    assert f"{total // 10**18}.00000000000000001 ETH went from 9 wallets to 9 addresses of the attacker." == picture.alt
    assert "9 wallets" in picture.svg


def test_the_way_on_is_drawn_to_where_it_stops(scene: Scene) -> None:
    """Three hops, in their order; a service and an address where it rests say so. Losses of other sites stand apart."""
    scene.key_incident().wallet(70, link_to_incident="chain_only", did="", lost=10**21)
    mule, exchange, rests = (f"0x{byte}" * 1 + byte * 19 for byte in ("b1", "ce", "d0"))
    onward(scene, 1, SINK, mule, 3 * 10**18 + 1)
    onward(scene, 2, mule, exchange, 10**18, "service")
    onward(scene, 2, mule, rests, 2 * 10**18, "rests")
    picture = money(scene)
    told = [
        (row[0], row[1], row[3], row[6], row[7])
        for row in picture.rows
        if "ETH" in row[2] and row[0] != "other wallets"
    ]
    assert told[0][:2] == ("wallets of this incident", checksum(SINK))
    assert told[1:] == [
        (checksum(SINK), checksum(mule), "3.000000000000000001", "1", ""),
        (checksum(mule), checksum(rests), "2", "1", "still there"),
        (checksum(mule), checksum(exchange), "1", "1", "service"),
    ]
    assert [row[3] for row in picture.rows if row[0] == "other wallets"] == ["1,000"]
    assert all(part in picture.svg for part in ("1 wallet, not this site's", "1 ETH, service", "2 ETH, still there"))


def test_dollars_stand_where_there_is_a_price(scene: Scene) -> None:
    """And where some movements have none, their number."""
    scene.key_incident()
    mule = "0x" + "b1" * 20
    onward(scene, 1, SINK, mule, 2 * 10**18)
    scene.add("prices", chain_id=1, token_address=NATIVE, block_number=5, timestamp=NOW, usd=2_000.0, feed=SINK)
    for row in scene.rows["losses"][:3]:
        row["usd"] = 1_500.0
    dollars = {row[:2]: row[4] for row in money(scene).rows if "ETH" in row[2]}
    assert dollars == {
        ("wallets of this incident", checksum(SINK)): "4,500 (6 without a price)",
        (checksum(SINK), checksum(mule)): "4,000",
    }


def test_to_the_public_only_totals_are_told(scene: Scene) -> None:
    """No wallet, no recipient, and nothing of an address that nobody has confirmed: in the picture, its words and its table."""
    scene.key_incident().attacker("0x" + "5055" * 10, confirmed=False).wallet(
        60, lost=7 * 10**18, attacker="0x" + "5055" * 10
    )
    mule = "0x" + "b1" * 20
    onward(scene, 1, SINK, mule, 3 * 10**18)
    onward(scene, 2, mule, wallet_address(11), 3 * 10**18, "wallet")
    picture = money(scene, public=True)
    said = " ".join(
        [picture.svg, picture.alt, picture.caption, *(cell for row in picture.rows for cell in row)]
    ).lower()
    known = [wallet_address(n) for n in (1, 11, 60)] + [mule, SINK, "0x" + "5055" * 10]
    assert [one for one in known if one[2:] in said or one[-4:] + "<" in said] == []
    assert [row[:2] for row in picture.rows if "ETH" in row[2]] == [
        ("wallets of this incident", "1 address"),
        ("1 address", "1 address"),
    ]
    assert "17" not in {row[3] for row in picture.rows}


def test_hostile_names_are_inert_in_every_picture(scene: Scene) -> None:
    """Paths of logs, symbols of tokens, words of people: text, never markup."""
    scene.key_incident().tell(actions=(PHRASE | {"words": HOSTILE},), assets=({"path": f"/{HOSTILE}"},))
    for row in scene.rows["tokens"]:
        row["symbol"] = HOSTILE
    changed_file(scene)
    onward(scene, 1, SINK, "0x" + "b1" * 20, 10**18, HOSTILE)
    for row in scene.rows["assets"]:
        row["path"] = f"/{HOSTILE}" if row["path"] == APP else row["path"]
    pictures = [*times(scene), files(scene), money(scene)]
    assert [
        one for one in pictures if one is None or "<script" in one.svg or "\u202e" in one.svg or "\x1b" in one.svg
    ] == []
