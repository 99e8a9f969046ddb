"""The report, opened in a real browser, from a file and without any network."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from axe_playwright_python.sync_playwright import Axe

from exposure.case import Case
from exposure.publish.report.write import write_report
from exposure.publish.texts.sentences import checksum
from tests.pages.conftest import DESKTOP, PHONE
from tests.publish.scene import NATIVE, PHRASE, SINK, START, Scene, wallet_address

HOSTILE = (
    '<img src=x onerror=alert(1)><script>alert(2)</script>" onload=x \x1b[31m \u202egnp {{ 7*7 }} </script></style>'
)
Go = Callable[..., Any]


def write(scene: Scene, *, public: bool = False, many: int = 0) -> Path:
    """Write the report of a scene, with `many` copies of its exposed wallets besides."""
    case = Case(scene.folder)
    for name, frame in scene.tables.items():
        case.write(name, pl.concat([frame, crowd(frame, many)]) if many and name == "wallets" else frame)
    return write_report(case, scene.incident, public=public)


def crowd(frame: pl.DataFrame, many: int) -> pl.DataFrame:
    """Give many wallets like the first exposed one, each with an address and an amount of its own."""
    one = frame.filter(pl.col("verdict") == "exposed").head(1)
    numbers = pl.int_range(many, eager=True)
    rows = pl.concat([one] * many)
    addresses = pl.Series(
        "address", [checksum(f"0x{number * 2654435761 + 10**40:040x}"[-42:]).lower() for number in numbers]
    )
    urgency = pl.Series("urgency", [float(number * 7919 % many) for number in numbers])
    return rows.with_columns(addresses, urgency)


def wait(seen: Any) -> Any:
    """Wait for the script, and give the rows of the wallets that show."""
    seen.page.locator("#explorer").wait_for()
    return seen.page.locator("#rows > tr:not(.why)")


def test_wallets_are_searched_filtered_sorted_and_opened(scene: Scene, visit: Go) -> None:
    """In the page itself: an address, a verdict, the most to save first, and the story behind each."""
    scene.key_incident()
    seen = visit(write(scene), viewport=DESKTOP)
    rows = wait(seen)
    assert seen.page.locator("#found").inner_text() == "39 of 39 wallets"
    seen.page.get_by_label("Verdict").select_option("exposed")
    assert seen.page.locator("#found").inner_text() == "4 of 39 wallets"
    seen.page.get_by_role("button", name="Still to save").click()
    assert [row.split("\n")[-1].strip() for row in rows.all_inner_texts()] == ["14 ETH", "13 ETH", "12 ETH", "11 ETH"]
    seen.page.get_by_label("Verdict").select_option("")
    seen.page.get_by_label("Search").fill(wallet_address(3))
    assert rows.count() == 1
    seen.page.locator("#rows summary").click()
    seen.page.locator("#rows .reasons").wait_for()
    story = seen.page.locator("#rows .why").inner_text()
    assert f"its assets went to {SINK}" in story
    assert "log:0a1b2c3d:103" in story
    assert "did entered_seed_phrase (direct, strength 0.98)" in story
    assert (seen.out, seen.complaints) == ([], [])


def test_ten_thousand_wallets_fit_and_sort_quickly(scene: Scene, visit: Go) -> None:
    """Under two megabytes, and the page stays usable."""
    page = write(scene.key_incident(), many=10_000)
    assert page.stat().st_size < 2_000_000
    seen = visit(page, viewport=DESKTOP)
    wait(seen)
    assert seen.page.locator("#found").inner_text() == "10,039 of 10,039 wallets"
    seen.page.get_by_role("button", name="Still to save").click()
    assert seen.page.locator("#page").inner_text() == "1 of 201"


def test_without_javascript_the_worst_wallets_are_there(scene: Scene, visit: Go) -> None:
    """With their evidence, and the count of all."""
    seen = visit(write(scene.key_incident()), java_script_enabled=False)
    text = seen.page.locator("#plain").inner_text()
    assert text.startswith("15 of 15 wallets with a sign")
    assert checksum(wallet_address(1)) in text
    assert not seen.page.locator("#explorer").is_visible()


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_anyone_can_read_it(scene: Scene, visit: Go, size: dict[str, int], colours: str) -> None:
    """axe-core finds nothing, and nothing but a picture's own frame is wider than the screen."""
    seen = visit(write(scene.mixed_incident()), viewport=size, color_scheme=colours)
    wait(seen)
    found = Axe().run(seen.page)
    assert found.violations_count == 0, found.generate_report()
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= size["width"]


@pytest.mark.parametrize("public", [False, True])
def test_hostile_text_in_every_field_is_inert(scene: Scene, visit: Go, public: bool) -> None:
    """In the data of the script, too: it never becomes markup, and the policy has nothing to stop."""
    scene.key_incident().tell(title=HOSTILE, actions=(PHRASE | {"words": HOSTILE},))
    fields = {
        "wallets": ("remedy", "not_covered", "lost", "at_risk", "harm", "link_to_incident"),
        "evidence": ("text", "ref", "code"),
        "coverage": ("note",),
        "sources": ("path",),
        "tokens": ("symbol",),
        "windows": ("reason",),
    }
    for table, names in fields.items():
        for row in scene.rows[table]:
            row.update(dict.fromkeys(names, HOSTILE))
    for size in (77_123, 77_124):
        at = START + timedelta(minutes=size % 10)
        scene.add("assets", host=HOSTILE, path=HOSTILE, encoding="", size=size, start=at, end=at, hits=9)
    way = {
        "chain_id": 1,
        "token_address": NATIVE,
        "standard": "native",
        "first": START,
        "last": START,
        "transactions": 1,
    }
    moved = {"value": str(10**18), "value_f64": 1.0, "stop": HOSTILE, "why": HOSTILE}
    scene.add("onward", hop=1, from_address=SINK, to_address="0x" + "b1b1" * 10, **way, **moved)
    scene.add("traffic", minute=START.replace(second=0), host=HOSTILE, requests=5, clients=2, bytes=9, errors=0)
    seen = visit(write(scene, public=public))
    if not public:
        wait(seen)
        for closed in seen.page.locator("figure summary").all():
            closed.click()
        assert "<img src=x onerror=alert(1)>" in seen.page.locator("#files details").inner_text()
        seen.page.locator("#rows summary").first.click()
        seen.page.locator("#rows .reasons").first.wait_for()
        assert "<img src=x onerror=alert(1)>" in seen.page.locator("#rows").inner_text()
    assert seen.page.locator("img, iframe").count() == 0
    assert (seen.out, seen.complaints) == ([], [])


def test_the_public_version_names_no_wallet(scene: Scene, visit: Go) -> None:
    """No victim, no client, no log, no file, no source of a fact, no recipient; the attacker's confirmed address stays."""
    scene.mixed_incident().attacker("0x" + "5055" * 10, confirmed=False)
    way = {
        "chain_id": 1,
        "token_address": NATIVE,
        "standard": "native",
        "first": START,
        "last": START,
        "transactions": 1,
    }
    for hop, (sender, to) in enumerate(((SINK, "0x" + "b1b1" * 10), ("0x" + "b1b1" * 10, wallet_address(11))), start=1):
        scene.add("onward", hop=hop, from_address=sender, to_address=to, value=str(10**18), value_f64=1.0, **way)
    scene.add("assets", host="www", path="/served.js", encoding="", size=77_123, start=START, end=START, hits=9)
    page = write(scene, public=True)
    html = page.read_text().lower()
    assert [number for number in range(1, 51) if wallet_address(number)[2:] in html] == []
    hidden = ("log:0a1b2c3d", "cdn.log.gz", "deploy log", "5055505550", "examplewallet.com", 'id="data"')
    hidden += ("b1b1", "served.js", "77,123", "c1c1c1c1", "report:")
    assert [text for text in hidden if text in html] == []
    text = visit(page).page.locator("body").inner_text()
    assert checksum(SINK) in text
    assert "Still to save" not in text
    assert "do not publish" not in text


def test_public_figures_leave_out_wallets_that_nothing_ties_to_the_site(scene: Scene, visit: Go) -> None:
    """One drainer runs on many sites: its other victims are not this incident's."""
    scene.key_incident().wallet(70, link_to_incident="chain_only", did="", lost=10**21)
    text = visit(write(scene, public=True)).page.locator("body").inner_text()
    assert "of 39 wallets seen" in text
    assert "1,010" not in text


def test_it_prints_on_a4(scene: Scene, visit: Go) -> None:
    """The plain list of wallets and the pictures, not the controls."""
    seen = visit(write(scene.key_incident()), viewport=DESKTOP)
    wait(seen)
    seen.page.emulate_media(media="print")
    assert not seen.page.locator("#explorer").is_visible()
    assert seen.page.locator("#plain table").first.is_visible()
    assert len(seen.page.pdf(format="A4")) > 10_000
