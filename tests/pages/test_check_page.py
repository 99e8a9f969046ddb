"""The public page, driven in a real browser as a visitor would."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from eth_utils.address import to_checksum_address

from tests.pages.conftest import DESKTOP, PHONE, publish
from tests.publish.scene import ETHEREUM, PHRASE, SIGNED, SPENDER, START, Scene, wallet_address

HOSTILE = '<img src=x onerror=alert(1)><script>alert(2)</script>" onload=x \x1b[31m \u202egnp {{ 7*7 }} [a](https://evil.example) </style>'
YES, UNSURE, NO = "Yes, that is so", "I am not sure", "No, I never did that"
THEN, ELSE = "Yes, or partly in that time", "No, certainly at another time"
Go = Callable[..., Any]


@pytest.mark.parametrize("javascript", [True, False])
def test_who_typed_a_phrase_gets_the_steps_for_a_key(scene: Scene, visit: Go, javascript: bool) -> None:
    """With JavaScript and without: the phrase is replaced, and nothing is said of revoking approvals."""
    seen = visit(publish(scene.key_incident().tell(status="contained")), java_script_enabled=javascript)
    seen.answer("Answer one question", YES, THEN)
    assert seen.heading() == "Act now, as one who is affected"
    text = seen.page.locator("#end-k").inner_text()
    assert "Make a wallet with a new recovery phrase" in text
    assert "Nothing can be revoked" in text
    assert (seen.out, seen.complaints) == ([], [])


@pytest.mark.parametrize(
    "ways", [(UNSURE, THEN), (UNSURE, "I am not sure when it was"), (YES, "I am not sure when it was")]
)
def test_not_sure_counts_as_affected(scene: Scene, visit: Go, ways: tuple[str, ...]) -> None:
    """The texts say so, too."""
    seen = visit(publish(scene.key_incident().tell(status="contained")), java_script_enabled=False)
    seen.answer("Answer one question", *ways)
    assert seen.heading() == "Act now, as one who is affected"


@pytest.mark.parametrize("ways", [(NO,), (YES, ELSE)])
def test_answers_that_do_not_fit_are_never_called_safe(scene: Scene, visit: Go, ways: tuple[str, ...]) -> None:
    """The visitor reads the condition again, and how to act when in doubt."""
    seen = visit(publish(scene.key_incident().tell(status="contained")), java_script_enabled=False)
    seen.answer("Answer one question", *ways)
    assert seen.heading() == "Your answers do not fit what we know. This is no sign that you are safe."
    text = seen.page.locator("#end").inner_text()
    assert "If you entered your recovery phrase on examplewallet[.]com between 09:00 and 10:45 UTC" in text
    assert "If you are not sure, act as if you are affected." in text
    seen.answer("I am not sure: what should I do?")
    assert seen.heading() == "Act now, as one who is affected"


def test_another_time_counts_where_victims_lie_outside(scene: Scene, visit: Go) -> None:
    """The text says "if you did the same at another time, act as if you are affected": the page must not disagree."""
    scene.key_incident().tell(status="contained").wallet(90, at=START - timedelta(hours=2), lost=10**18)
    seen = visit(publish(scene))
    seen.answer("Answer one question", YES, ELSE)
    assert seen.heading() == "Act now, as one who is affected"


def test_two_kinds_of_harm_get_both_remedies_in_order(scene: Scene, visit: Go) -> None:
    """A phrase and an approval: both, the key first; one alone gets its own."""
    page = publish(scene.mixed_incident().tell(status="contained"))
    seen = visit(page, java_script_enabled=False)
    seen.answer("Answer 2 questions", YES, THEN, YES, THEN)
    assert seen.page.url.endswith("#end-ka")
    text = seen.page.locator("#end-ka").inner_text()
    assert text.index("new recovery phrase") < text.index("Revoke every approval")
    assert to_checksum_address(SPENDER) in text
    alone = visit(page, java_script_enabled=False)
    alone.answer("Answer 2 questions", NO, YES, THEN)
    assert "Nothing can be revoked" not in alone.page.locator("#end-a").inner_text()


def test_the_visitors_own_clock_stands_beside_utc(scene: Scene, visit: Go) -> None:
    """In the browser's zone; a visitor in Tokyo is past midnight."""
    page = publish(scene.key_incident().tell(status="contained"))
    seen = visit(page, timezone_id="Asia/Tokyo")
    seen.answer("Answer one question", YES)
    assert "On your clock (Asia/Tokyo): from 18:00 GMT+9 on Wednesday 4 March 2026 to 19:45 GMT+9" in (
        seen.page.locator("#when-1").inner_text()
    )


def test_the_page_knows_no_wallet_and_sends_nothing(scene: Scene, visit: Go) -> None:
    """Addresses can be enumerated, so a list cannot be hidden: there is none. The first load is small, and not for search engines."""
    page = publish(scene.mixed_incident())
    html = "".join(file.read_text() for file in page.parent.iterdir()).lower()
    assert [number for number in range(1, 51) if wallet_address(number)[2:] in html] == []
    assert page.stat().st_size < 150_000
    seen = visit(page)
    assert seen.page.locator("input, form, iframe, img").count() == 0
    assert seen.page.locator("meta[name=robots]").get_attribute("content") == "noindex, nofollow, noarchive"
    seen.answer("Answer 2 questions", YES)
    assert (seen.out, seen.complaints) == ([], [])
    first = seen.page.locator("[role=note]").inner_text()
    assert first.startswith(
        "This page never asks for a recovery phrase, a private key or a password, to connect a wallet, to sign"
    )


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_anyone_can_read_it(scene: Scene, visit: Go, size: dict[str, int], colours: str) -> None:
    """axe-core finds nothing on any step, and nothing is wider than the screen."""
    page = publish(scene.mixed_incident().tell(status="contained"))
    for path, steps in ((page, ("", "#did-1", "#when-1", "#end-ka", "#end")), (page.with_name("lookup.html"), ("",))):
        for step in steps:
            seen = visit(path, step, viewport=size, color_scheme=colours)
            found = Axe().run(seen.page)
            assert found.violations_count == 0, found.generate_report()
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_hostile_text_in_every_field_is_inert(scene: Scene, visit: Go) -> None:
    """Whatever a log, a token or a person puts anywhere: no markup, no script, no link out, and the policy has nothing to stop."""
    scene.mixed_incident().tell(title=HOSTILE, actions=(PHRASE | {"words": HOSTILE}, SIGNED | {"words": HOSTILE}))
    scene.tell(advice={"guide": "https://help.example/x", "signer": HOSTILE, "source": f"https://x.example/{HOSTILE}"})
    scene.tell(chains=(ETHEREUM | {"name": HOSTILE},))
    for row in scene.rows["tokens"]:
        row["symbol"] = HOSTILE
    page = publish(scene)
    for path, steps in ((page, ("", "#did-1", "#end-ka", "#end")), (page.with_name("lookup.html"), ("",))):
        for step in steps:
            seen = visit(path, step)
            assert (seen.complaints, seen.out) == ([], [])
            assert seen.page.locator("img").count() == 0
            links = seen.page.locator("a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
            assert {link for link in links if not link.startswith(("#", "index.html", "lookup.html"))} <= {
                "https://help.example/x"
            }
            assert [char for char in "\x1b\u202e" if char in path.read_text()] == []


def test_while_nobody_knows_what_it_was_both_kinds_are_asked(scene: Scene, visit: Go) -> None:
    """Before any table: the page asks about phrases and signatures, without a time."""
    seen = visit(publish(scene.tell(actions=(), chains=())))
    seen.answer("Answer 2 questions", UNSURE, NO)
    assert "new recovery phrase" in seen.page.locator("#end-k").inner_text()
