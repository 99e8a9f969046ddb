"""The public page, driven in a real browser as a visitor would."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from eth_utils.address import to_checksum_address

from exposure.case import Case
from exposure.drill.anvil import Anvil
from exposure.drill.calls import UNLIMITED, call, create
from exposure.drill.contracts import load
from exposure.publish.check.write import write_check
from tests.pages.conftest import DESKTOP, PHONE
from tests.publish.scene import ETHEREUM, PHRASE, SIGNED, SPENDER, START, Scene, wallet_address

HOSTILE = '<img src=x onerror=alert(1)><script>alert(2)</script>" onload=x \x1b[31m \u202egnp {{ 7*7 }} [a](https://evil.example) </style>'
YES, UNSURE, NO = "Yes, that is so", "I am not sure", "No, I never did that"
THEN, ELSE = "Yes, or partly in that time", "No, certainly at another time"
Go = Callable[..., Any]


def publish(scene: Scene) -> Path:
    """Write the page of a scene, and give it."""
    case = Case(scene.folder)
    for name, frame in scene.tables.items():
        case.write(name, frame)
    write_check(case, scene.incident)
    return scene.folder / "check" / "index.html"


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


class Chain:
    """A token on a real node, a wallet that approved the attacker, and one that did not."""

    def __init__(self, node: Anvil) -> None:
        self.node = node
        self.owner, self.other = node.call("eth_accounts")[:2]
        code = create(load("TestToken").bytecode, "(string,string,uint8)", "Dollar", "USDX", 6)
        self.token = self._send(None, code)["contractAddress"]
        self._send(self.token, call("approve(address,uint256)", SPENDER, UNLIMITED))

    def _send(self, to: str | None, data: bytes) -> Any:
        target = {} if to is None else {"to": to}
        sent = self.node.call("eth_sendTransaction", {"from": self.owner, "data": "0x" + data.hex(), **target})
        while (receipt := self.node.call("eth_getTransactionReceipt", sent)) is None:
            time.sleep(0.02)
        return receipt


@pytest.fixture
def chain(start_anvil: Callable[..., Anvil]) -> Chain:
    """Start a node with it."""
    return Chain(start_anvil(1))


def look_up(seen: Any, address: str, url: str) -> str:
    """Type an address and an endpoint, and wait for what the page says."""
    seen.page.get_by_label("Address of your wallet").fill(address)
    seen.page.get_by_label("Endpoint (RPC) for ethereum").fill(url)
    seen.page.get_by_role("button", name="Look it up").click()
    seen.page.locator("#result h2").wait_for()
    return str(seen.page.locator("#result").inner_text())


def test_a_live_approval_is_found_on_a_real_chain(scene: Scene, visit: Go, chain: Chain) -> None:
    """Even of a token that the case does not know, since the chain's logs are searched; and it leads to the remedy."""
    page = publish(scene.approval_incident().tell(status="contained", chains=(ETHEREUM,)))
    seen = visit(page.with_name("lookup.html"))
    text = look_up(seen, chain.owner, chain.node.url)
    assert text.startswith("The attacker can still take from this address. Act now.")
    assert f"an approval of {chain.token} to {to_checksum_address(SPENDER)} stands" in text
    assert {url.rstrip("/") for url in seen.out} == {chain.node.url}
    seen.page.get_by_role("link", name="What to do, step by step").click()
    assert "Revoke every approval" in seen.page.locator("#end-a").inner_text()


def test_an_empty_look_up_is_no_all_clear(scene: Scene, visit: Go, chain: Chain) -> None:
    """It says the condition, and what it cannot see."""
    seen = visit(publish(scene.approval_incident().tell(chains=(ETHEREUM,))).with_name("lookup.html"))
    text = look_up(seen, chain.other, chain.node.url)
    assert text.startswith("We have no sign. That does not show that you are safe.")
    assert "If you confirmed an approval on examplewallet[.]com" in text
    assert "signed messages that were not used yet" in text


def test_a_delegation_to_the_attacker_is_found(scene: Scene, visit: Go, chain: Chain) -> None:
    """EIP-7702: the account's code says to whom; one to an unknown contract is said, too."""
    delegate = "0x" + "7702" * 10
    scene.approval_incident().tell(chains=(ETHEREUM,)).attacker(delegate, "delegate", chain_id=1)
    page = publish(scene).with_name("lookup.html")
    chain.node.call("anvil_setCode", chain.other, "0xef0100" + delegate[2:])
    text = look_up(visit(page), chain.other, chain.node.url)
    assert f"a delegation (EIP-7702) to {to_checksum_address(delegate)} stands" in text
    chain.node.call("anvil_setCode", chain.other, "0xef0100" + "12" * 20)
    text = look_up(visit(page), chain.other, chain.node.url)
    assert "This account is delegated to 0x" + "12" * 20 + ", which we do not know." in text


def test_an_endpoint_of_another_chain_or_none_shows_nothing(
    scene: Scene, visit: Go, start_anvil: Callable[..., Anvil]
) -> None:
    """What could not be asked is said, and is no sign of anything."""
    page = publish(scene.approval_incident()).with_name("lookup.html")
    text = look_up(visit(page), wallet_address(1), start_anvil(5).url)
    assert text.startswith("The look-up is not complete. It shows nothing either way.")
    assert "Not looked at: it answers for the chain with id 5, not 1" in text
    assert "Not asked: base." in text
    text = look_up(visit(page), wallet_address(1), "http://127.0.0.1:9")
    assert text.startswith("The look-up is not complete.")


@pytest.mark.parametrize("secret", ["abandon " * 11 + "about", "0x" + "4c" * 32])
def test_a_secret_in_the_field_is_removed_and_sent_nowhere(scene: Scene, visit: Go, secret: str, chain: Chain) -> None:
    """People paste what they have at hand."""
    seen = visit(publish(scene.approval_incident()).with_name("lookup.html"))
    text = look_up(seen, secret, chain.node.url)
    assert text.startswith("That looks like a recovery phrase or a private key. It was removed, and sent to nobody.")
    assert (seen.page.locator("#address").input_value(), seen.out) == ("", [])


def test_a_wallets_own_endpoint_is_asked_without_connecting(scene: Scene, visit: Go) -> None:
    """The wallet in the browser is asked to read, and never for accounts or a signature."""
    page = publish(scene.approval_incident()).with_name("lookup.html")
    seen = visit(page, java_script_enabled=True)
    seen.page.add_init_script(
        "window.methods = []; window.ethereum = { request: async ({ method }) => "
        "{ window.methods.push(method); return { eth_chainId: '0x1', eth_getLogs: [], eth_getCode: '0x' }[method] ?? '0x'; } };"
    )
    seen.page.reload()
    seen.page.get_by_label("Address of your wallet").fill(wallet_address(1))
    seen.page.get_by_role("button", name="Ask through the wallet in this browser").click()
    seen.page.locator("#result h2").wait_for()
    assert set(seen.page.evaluate("window.methods")) <= {"eth_chainId", "eth_call", "eth_getLogs", "eth_getCode"}
    assert seen.out == []
