"""The banner: readable by everyone, and nothing in it acts or loads."""

import re
from html.parser import HTMLParser

from tests.publish.scene import Scene, write_files


def luminance(colour: str) -> float:
    """Give the relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Give the contrast of two colours."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_text_and_links_stand_out(scene: Scene) -> None:
    """AAA for text and links (7 to 1), and links are underlined, not told by colour alone."""
    page = write_files(scene.mixed_incident())["banner.html"]
    back = re.search(r"background:(#\w{6})", page)
    text = re.search(r"[{;]color:(#\w{6})", page)
    link = re.search(r" a\{color:(#\w{6})!important;text-decoration:underline!important\}", page)
    assert back
    assert text
    assert link
    assert contrast(back[1], text[1]) >= 7
    assert contrast(back[1], link[1]) >= 7


def test_it_is_a_named_region_and_loads_nothing(scene: Scene) -> None:
    """A screen reader finds it by its heading; there is no script, form, image or foreign style, and every tag is closed."""
    page = write_files(scene.mixed_incident())["banner.html"]
    tags: list[tuple[str, dict[str, str | None]]] = []
    still: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append((tag, dict(attrs)))
            still.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert still.pop() == tag

    Reader().feed(page)
    assert still == []
    assert {tag for tag, _ in tags} == {"section", "style", "h2", "p", "strong", "ul", "li", "a"}
    region = tags[0][1]
    assert (region["role"], region["aria-labelledby"], region["lang"]) == ("region", "exposure-banner-title", "en")
    assert any(tag == "h2" and told.get("id") == "exposure-banner-title" for tag, told in tags)
    assert {told["href"] for tag, told in tags if tag == "a"} == {
        "https://help.example/new-wallet",
        "https://status.example/incident",
    }
