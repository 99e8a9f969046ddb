"""The report: one page that answers first, shows its evidence, and lets nothing hostile through."""

import base64
import hashlib
import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from exposure.case import Case
from exposure.publish.facts import gather
from exposure.publish.report.charts import attack_rates
from exposure.publish.report.pages import trail_rows, wallet_rows
from exposure.publish.report.reach import reach
from exposure.publish.report.savings import still_to_save
from exposure.publish.report.timeline import timeline
from exposure.publish.report.write import render_report, write_report
from exposure.publish.summary import find_rates
from exposure.publish.texts.sentences import checksum
from tests.publish.scene import END, HARDWARE, NATIVE, NOW, PHRASE, SINK, START, Scene, wallet_address

MANIFEST = {"as_of": {"time": NOW.isoformat(), "chains": {"1": {"number": 99, "hash": "0xabc"}}}, "tables": {}}
HOSTILE = '<script>alert(1)</script>" onload=x \x1b[31m \u202egnp \u200b =CMD() javascript:alert(2) {{ 7*7 }} ${x}'


def render(scene: Scene) -> str:
    """Render a scene."""
    tables, incident = scene.tables, scene.incident
    return render_report(tables, incident, gather(tables, incident, NOW), MANIFEST)


class Page(HTMLParser):
    """Tags, attributes and text of a page, and whether every tag is closed."""

    VOID = ("meta", "br", "rect", "path", "line", "link", "img", "input", "hr")

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.text += "" if tag == "span" else " "
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that closes itself."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Close a tag; it must be the one opened last."""
        self.text += "" if tag == "span" else " "
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Collect text."""
        self.text += data


def test_the_first_screen_answers(scene: Scene) -> None:
    """Who, what X, from when to when, how sure, lost, still to save, what the data cannot show."""
    scene.key_incident().tell(status="resolved")
    scene.rows["coverage"][0]["rejected"] = 3
    text = " ".join(Page(render(scene)).text.split("When it happened")[0].split())
    for said in (
        "If you entered your recovery phrase on examplewallet[.]com between 09:00 and 10:45 UTC on Wednesday 4 March 2026",
        "9 compromised 1 probable 4 exposed 1 possible 24 no sign of 39 wallets",
        "9 of 12 who did it were harmed (75 %, 55 % to 90 %)",
        "from (T1) 2026-03-04 09:12:37 UTC deploy log",
        "to (T2) 2026-03-04 10:40:05 UTC asset's size",
        "9 of 9 confirmed victims fit the condition. It describes 15 wallets, 5 of them unharmed so far.",
        "10 .100000000000000028 ETH",
        "50 .4 ETH",
        "3 of 9,000 lines could not be read, in 1 of 1 log sources (table rejects)",
    ):
        assert said in text


def test_the_page_is_whole_and_loads_nothing(scene: Scene) -> None:
    """Every tag is closed; no link out, no inline style; its policy allows its own style and script and nothing else."""
    html = render(scene.mixed_incident())
    page = Page(html)
    assert page.open == []
    names = {tag for tag, _ in page.tags}
    assert names & {"link", "img", "iframe", "object", "a"} <= {"a"}
    attributes = {(key, value) for _, attrs in page.tags for key, value in attrs.items()}
    assert [
        value
        for key, value in attributes
        if key in ("href", "src", "xlink:href", "style") and not str(value).startswith("#")
    ] == []
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    assert script is not None
    allowed = [base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode() for found in (style, script)]
    policy = f"default-src 'none'; style-src 'sha256-{allowed[0]}'; script-src 'sha256-{allowed[1]}'; "
    policy += "base-uri 'none'; form-action 'none'"
    assert ("content", policy) in attributes


def test_hostile_text_in_every_field_is_inert(scene: Scene) -> None:
    """Markup, quotes, escapes and direction changes show as text, wherever a log, a token or a person can put them."""
    action = PHRASE | {"words": f"typed {HOSTILE}"}
    scene.key_incident().tell(title=HOSTILE, actions=(action, HARDWARE))
    scene.rows["attack_rates"][0]["host"] = None
    fields: dict[str, tuple[str, ...]] = {
        "wallets": ("actions", "remedy", "not_covered", "covered", "lost", "at_risk", "kind", "harm"),
        "evidence": ("text", "ref", "code"),
        "windows": ("reason",),
        "sources": ("path", "format"),
        "coverage": ("note",),
        "tokens": ("symbol",),
    }
    for table, names in fields.items():
        for row in scene.rows[table]:
            row.update(dict.fromkeys(names, HOSTILE))
    html = render(scene)
    page = Page(html)
    assert page.open == []
    assert [attrs.get("type") for tag, attrs in page.tags if tag == "script"] == ["application/octet-stream", None]
    assert [key for _, attrs in page.tags for key in attrs if key.startswith("on")] == []
    assert [char for char in "\x1b\u202e\u200b" if char in html] == []
    assert "{{ 7*7 }}" in page.text


def test_nothing_of_the_network_is_on_the_page(scene: Scene) -> None:
    """Neither clients nor sessions: who joins wallets with people must ask the team's own tables."""
    scene.key_incident()
    for row in scene.rows["sightings"]:
        row.update(client="c0ffee00c0ffee00", session="5e55104a5e55104a")
    html = render(scene)
    assert ("c0ffee00" in html, "5e55104a" in html) == (False, False)


def test_the_same_case_gives_the_same_bytes(scene: Scene) -> None:
    """Pictures included, and in whatever order rows came."""
    first = render(scene.mixed_incident())
    for rows in scene.rows.values():
        rows.reverse()
    assert render(scene) == first


def test_an_empty_case_has_a_page(scene: Scene) -> None:
    """Before any step: the page says what is not known."""
    scene.tell(chains=())
    path = write_report(Case(scene.folder), scene.incident)
    text = Page(path.read_text()).text
    assert "Nothing that has a time is known yet." in text
    assert "No loss is known." in text
    assert "there are no logs" in text


def test_each_wallet_has_its_evidence_with_references(scene: Scene) -> None:
    """Down to the log line and the transaction."""
    page = Page(render(scene.key_incident()))
    assert checksum(wallet_address(1)) in page.text
    assert "log:0a1b2c3d:101" in page.text
    assert f"tx:1:0x{1:064x}" in page.text


def test_wallets_beyond_the_limit_are_said(scene: Scene) -> None:
    """The worst and most urgent are shown, the count of all stands there."""
    scene.key_incident()
    rows = wallet_rows(scene.tables, scene.incident, ("compromised", "exposed"), 11)
    assert [row.verdict for row in rows] == ["compromised"] * 9 + ["exposed"] * 2
    assert [row.to_save for row in rows[-2:]] == [("14 ETH",), ("13 ETH",)]


def test_wallets_with_no_sign_are_folded_away(scene: Scene) -> None:
    """They are counted, shown on demand up to a limit, and the rest is said."""
    scene.key_incident()
    for number in range(100, 200):
        scene.wallet(number, "no_sign", "viewed_portfolio")
    assert "124 wallets with no sign; 20 shown, the sheet holds the rest" in Page(render(scene)).text


def test_a_victim_outside_the_condition_is_marked(scene: Scene) -> None:
    """The first screen says that it does not fit, and the last section that a person is needed."""
    scene.key_incident().wallet(90, at=START - timedelta(hours=2), lost=10**18)
    text = " ".join(Page(render(scene)).text.split())
    assert "9 of 10 confirmed victims fit the condition, 1 lies outside it." in text
    assert f"1 confirmed victim lies outside what the texts say ({wallet_address(90)})" in text


def test_the_timeline_has_a_text_and_its_numbers(scene: Scene) -> None:
    """Who cannot see the picture gets the same from its table."""
    scene.key_incident().tell(status="resolved")
    (picture,) = timeline(scene.tables, scene.incident, gather(scene.tables, scene.incident, NOW))
    assert picture.alt == (
        "From 2026-03-04 09:02:00 UTC to 2026-03-04 11:14:00 UTC: entered your recovery phrase: 14 wallets, 10 of them harmed; "
        "assets were taken from 10 wallets. Shaded: from 2026-03-04 09:12:37 UTC to 2026-03-04 10:40:05 UTC."
    )
    did = ("entered your recovery phrase: harmed", "entered your recovery phrase: no harm seen")
    assert picture.headers == ("2 minutes from", "requests", *did, "assets taken", "gaps in the logs")
    total = [sum(int(row[column]) for row in picture.rows) for column in (2, 3, 4)]
    assert total == [10, 4, 10]


def test_a_thin_window_gets_a_closer_picture(scene: Scene) -> None:
    """Losses went on for a week: the window alone would be a hair's breadth."""
    scene.key_incident().tell(status="resolved")
    scene.rows["losses"][0]["time"] = END + timedelta(days=7)
    near, whole = timeline(scene.tables, scene.incident, gather(scene.tables, scene.incident, NOW))
    assert near.caption == "Around the window. One bar is 5 minutes. Times are UTC."
    assert whole.caption == "The whole time. One bar is 3 hours. Times are UTC."


def test_a_start_that_nothing_bounds_is_shaded_from_the_left_edge(scene: Scene) -> None:
    """A first sign is no T1: who was exposed before it must not look as if they stood outside."""
    scene.key_incident().tell(status="resolved")
    for row in scene.rows["windows"]:
        if row["bound"] == "T1":
            row |= {"earliest": None, "estimate": None}
    pictures = timeline(scene.tables, scene.incident, gather(scene.tables, scene.incident, NOW))
    assert 1 == len(pictures)
    assert "Shaded: from the left edge, since nothing bounds T1, to 2026-03-04 10:40:05 UTC." in pictures[0].alt
    assert "nothing bounds T1" in pictures[0].svg


def test_pictures_follow_the_theme_and_carry_no_style(scene: Scene) -> None:
    """Colours are the page's variables, so that dark and paper follow; clip ids of two pictures never meet."""
    scene.key_incident()
    rates = attack_rates(find_rates(scene.tables, scene.incident))
    assert rates is not None
    pictures = [*timeline(scene.tables, scene.incident, gather(scene.tables, scene.incident, NOW)), rates]
    colours = {value for picture in pictures for value in re.findall(r'(?:fill|stroke)="([^"]+)"', picture.svg)}
    assert [
        colour for colour in colours if not colour.startswith("var(--") and colour not in ("none", "transparent")
    ] == []
    ids = [value for picture in pictures for value in set(re.findall(r'id="([^"]+)"', picture.svg))]
    assert len(ids) == len(set(ids))


def test_what_can_still_be_saved_is_drawn_by_wallet(scene: Scene) -> None:
    """Whom to call first: the largest holdings of each token, exact in the table; tokens without a price are not added up."""
    scene.key_incident()
    picture = still_to_save(scene.tables, scene.incident)
    assert picture is not None
    assert picture.alt == "Still to save: 50.4 ETH in 5 wallets"
    assert [row[1:3] for row in picture.rows] == [
        *(("exposed", str(n)) for n in (14, 13, 12, 11)),
        ("compromised", "0.4"),
    ]
    assert picture.rows[0][0] == checksum(wallet_address(14))
    scene.rows["holdings"].clear()
    assert still_to_save(scene.tables, scene.incident) is None


def test_what_was_read_is_drawn_against_the_window(scene: Scene) -> None:
    """Each source's stretch of time, those with gaps first; names from logs are hostile, and shown as they are."""
    scene.key_incident()
    scene.rows["sources"][0]["path"] = HOSTILE
    scene.rows["coverage"][2]["gaps"] = 2
    picture = reach(scene.tables, scene.incident, gather(scene.tables, scene.incident, NOW))
    assert picture is not None
    assert picture.alt == "4 sources and layers were read, 1 of them with gaps in time."
    assert (picture.rows[0][1], picture.rows[0][4]) == ("native", "2")
    assert "<script" not in picture.svg
    assert "\u202e" not in picture.svg


@pytest.mark.parametrize("field", ["exposed", "harmed"])
def test_rates_say_their_denominators(field: str, scene: Scene) -> None:
    """The picture's table has every number that its dots show."""
    rates: Any = attack_rates(find_rates(scene.key_incident().tables, scene.incident))
    assert rates.rows == (("entered your recovery phrase", "key", "yes", "9", "12", "75 %", "55 %", "90 %"),)
    assert rates.alt == "entered your recovery phrase: 9 of 12 harmed"


def test_money_is_summed_by_who_took_it(scene: Scene) -> None:
    """Each receiving address with its wallets and exact amounts."""
    text = " ".join(Page(render(scene.key_incident())).text.split("Where it went")[1].split("Wallets")[1].split())
    assert text.startswith(f"What it took When {checksum(SINK)} sink 10 10 .100000000000000028 ETH 2 .5 USDC")


def test_each_zone_has_its_own_line(scene: Scene) -> None:
    """The condition's local times stand apart, without the list marks of the text files."""
    scene.key_incident().tell(zones=("America/New_York", "Asia/Shanghai"))
    text = Page(render(scene)).text
    assert "In New York: at any time since 04:00 EST on Wednesday 4 March 2026." in text
    assert "- In" not in text


def test_the_report_follows_the_money_on(scene: Scene) -> None:
    """Hop by hop, exact, and each end says why; a recipient is not called an accomplice."""
    scene.key_incident()
    mule, exchange = "0x" + "b1" * 20, "0x" + "ce" * 20
    way = {"chain_id": 1, "token_address": NATIVE, "standard": "native", "first": START, "last": END, "transactions": 1}
    scene.add("onward", hop=1, from_address=SINK, to_address=mule, value=str(3 * 10**18 + 1), kind="eoa", **way)
    end = {"stop": "service", "why": "212 others paid it in the blocks read"}
    scene.add("onward", hop=2, from_address=mule, to_address=exchange, value=str(10**18), kind="eoa", **way, **end)
    text = render(scene)
    assert ["goes on", "212 others paid it in the blocks read"] == [
        row.end or "goes on" for row in trail_rows(scene.tables, scene.incident)
    ]
    assert all(part in text for part in ("And from there", checksum(mule), checksum(exchange), "212 others paid it"))
    assert "not an accomplice" in text
