"""The banner, in a real browser, on sites as they are: light and dark, with styles of their own that nobody wrote for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.pages.conftest import DESKTOP
from tests.publish.scene import ADVICE, PHRASE, SPENDER, Scene, write_files
from tests.publish.test_wording import HOSTILE

NARROW = {"width": 320, "height": 640}
NAME = "Security notice: is your wallet affected?"
LONG = "https://status.example/" + "incident-of-the-fourth-of-march-2026-" * 4
# Sites whose own styles would make the banner's text unreadable, shouting or wider than the screen.
SITES = {
    "plain": "",
    "dark": "body{background:#111;color:#ddd} p,li,h2,strong{color:#eee} body.site a{color:#9cf;text-decoration:none}",
    "loud": "h2{text-transform:uppercase;color:#f00} p{white-space:nowrap;font-size:11px;opacity:.5} ul{list-style:none} "
    "body.site section{width:900px} body.site p,body.site li{background:#000;letter-spacing:4px}",
}
Go = Callable[..., Any]


def page_with(banner: str, folder: Path, style: str = "") -> Path:
    """Put a banner on top of a site's page."""
    file = folder / "site.html"
    file.write_text(
        '<!doctype html><html lang="de"><head><meta charset="utf-8"><title>ExampleWallet</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{style}</style></head>'
        f'<body class="site">{banner}<main><h1>ExampleWallet</h1><p>Willkommen.</p></main></body></html>',
        encoding="utf-8",
    )
    return file


def banner_of(scene: Scene) -> str:
    """Write the banner of a scene."""
    return write_files(scene)["banner.html"]


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("size", [NARROW, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("site", SITES)
def test_anyone_can_read_it_on_any_site(scene: Scene, visit: Go, site: str, size: dict[str, int], colours: str) -> None:
    """axe-core finds nothing (contrast included), nothing is wider than the screen, no word shouts, nothing is loaded."""
    banner = banner_of(scene.mixed_incident().tell(advice=ADVICE | {"source": LONG}))
    seen = visit(page_with(banner, scene.folder, SITES[site]), viewport=size, color_scheme=colours)
    found = Axe().run(seen.page, context=".exposure-banner")
    assert found.violations_count == 0, found.generate_report()
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    shown = seen.page.locator(".exposure-banner").inner_text()
    assert shown.startswith(NAME)
    assert (seen.out, seen.complaints) == ([], [])


@pytest.mark.parametrize("site", SITES)
def test_whole_addresses_stand_inside_the_screen(scene: Scene, visit: Go, site: str) -> None:
    """An address that is cut off cannot be compared: each wraps, and can be copied as one word."""
    page = visit(page_with(banner_of(scene.approval_incident()), scene.folder, SITES[site]), viewport=NARROW).page
    items = page.locator(".exposure-banner li")
    assert [text.lower() for text in items.all_inner_texts()] == [f"base: {SPENDER}", f"ethereum: {SPENDER}"]
    for item in items.all():
        box = item.bounding_box()
        assert box
        assert 0 <= box["x"]
        assert box["x"] + box["width"] <= NARROW["width"]
        assert item.evaluate("item => item.scrollWidth <= item.clientWidth")


def test_a_screen_reader_hears_what_it_is_in_its_own_language(scene: Scene, visit: Go) -> None:
    """A landmark with a name, a heading, who is affected right behind it, lists of addresses, links that say where they lead."""
    page = visit(page_with(banner_of(scene.mixed_incident()), scene.folder)).page
    region = page.get_by_role("region", name=NAME, exact=True)
    assert region.get_attribute("lang") == "en"
    assert region.get_by_role("heading", level=2).all_inner_texts() == [NAME]
    heard = [line.strip() for line in region.aria_snapshot().splitlines()]
    assert heard[0] == f"- 'region \"{NAME}\"':"
    assert heard[1] == f"- 'heading \"{NAME}\" [level=2]'"
    lead = "If you entered your recovery phrase on examplewallet[.]com at any time since 09:00 UTC on Wednesday 4 March 2026, "
    assert heard[2:4] == [
        "- paragraph:",
        f"- strong: {lead}your wallet is no longer safe, even if nothing is missing yet. Act now.",
    ]
    assert any(line.startswith('- listitem: "ethereum: 0x5BAD') for line in heard)
    links = region.get_by_role("link").all()
    assert {link.inner_text() for link in links} == {ADVICE["guide"], ADVICE["source"]}
    for link in links:
        page.keyboard.press("Tab")
        assert (
            link.evaluate("link => link === document.activeElement && getComputedStyle(link).outlineStyle") == "solid"
        )


def test_hostile_text_is_text(scene: Scene, visit: Go) -> None:
    """Markup in any field makes no element, no request and no script; it is shown as it is."""
    action = PHRASE | {"words": f"typed {HOSTILE} </section></style><script>alert(1)</script>"}
    scene.key_incident().tell(title=HOSTILE, actions=(action,), advice=ADVICE | {"signer": HOSTILE})
    hold = {"hold_until": "2026-03-04T12:40:00Z", "why": f"--> {HOSTILE}", "by": HOSTILE}
    seen = visit(page_with(banner_of(scene.tell(disclosure=hold)), scene.folder), viewport=NARROW)
    banner = seen.page.locator(".exposure-banner")
    assert "<script>alert(1)</script>" in banner.inner_text()
    assert seen.page.locator("img, script, iframe").count() == 0
    assert {link.get_attribute("href") for link in banner.get_by_role("link").all()} == {
        ADVICE["guide"],
        ADVICE["source"],
    }
    assert seen.page.locator("main h1").count() == 1
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert (seen.out, seen.complaints) == ([], [])
