"""The public page's look-up, driven in a real browser against real nodes, one for each chain of the incident."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from web3 import Web3

from exposure.drill.anvil import Anvil
from tests.drill.playground import FOREVER, Chain
from tests.pages.conftest import publish
from tests.publish.scene import ETHEREUM, SPENDER, START, Scene, wallet_address

READING = {"eth_chainId", "eth_call", "eth_getLogs", "eth_getCode"}
DELEGATE = "0x" + "7702" * 10
THEIRS = Web3.to_checksum_address(SPENDER)
NO_SIGN = "We have no sign. That does not show that you are safe."
NOT_WHOLE = "The look-up is not complete. It shows nothing either way."
ACT = "The attacker can still take from this address. Act now."
Go = Callable[..., Any]


@dataclass
class Street:
    """One chain: who gave the attacker what there, and the tokens that it was of."""

    node: Anvil
    token: str
    nft: str
    approved: str
    for_all: str
    by_permit2: str
    delegated: str
    expired: str
    nobody: str


def build(node: Anvil) -> Street:
    """Give the attacker one permission of each kind; one of Permit2 is over."""
    chain = Chain(node)
    approved, for_all, by_permit2, delegated, expired = chain.web3.eth.accounts[5:10]
    token, nft, permit2 = chain.token(approved), chain.deploy("TestNft", "Apes", "APE"), chain.place("Permit2Lookalike")
    chain.send(token.functions.approve(THEIRS, 5), approved)
    chain.send(nft.functions.setApprovalForAll(THEIRS, True), for_all)
    chain.send(permit2.functions.approve(token.address, THEIRS, 7, FOREVER), by_permit2)
    chain.send(permit2.functions.approve(token.address, THEIRS, 7, 1), expired)
    node.call("anvil_setCode", delegated, "0xef0100" + DELEGATE[2:])
    nobody = "0x" + "a0" * 20
    return Street(
        node, token.address.lower(), nft.address.lower(), approved, for_all, by_permit2, delegated, expired, nobody
    )


@pytest.fixture(scope="module")
def streets() -> Iterator[tuple[Street, Street]]:
    """Ethereum and Base, each on a node of its own; tests only read them."""
    with Anvil(1) as first, Anvil(8453) as second:
        yield build(first), build(second)


@pytest.fixture
def page(scene: Scene, visit: Go) -> Any:
    """The look-up page of an incident on both chains, open."""
    scene.approval_incident().tell(status="contained")
    scene.attacker(DELEGATE, "delegate", chain_id=1).attacker(DELEGATE, "delegate", chain_id=8453)
    return visit(publish(scene).with_name("lookup.html"))


def look_up(seen: Any, address: str, ethereum: str, base: str = "") -> str:
    """Type an address and endpoints, and wait for what the page says."""
    seen.page.get_by_label("Address of your wallet").fill(address)
    seen.page.get_by_label("Endpoint (RPC) for ethereum").fill(ethereum)
    if base:
        seen.page.get_by_label("Endpoint (RPC) for base").fill(base)
    seen.page.get_by_role("button", name="Look it up").click()
    seen.page.locator("#result h2").wait_for()
    return str(seen.page.locator("#result").inner_text())


def of_chains(text: str) -> tuple[str, str]:
    """Split what was said into Ethereum's part and Base's."""
    head, _, rest = text.partition("\nethereum\n")
    assert head
    return rest.partition("\nbase\n")[0], rest.partition("\nbase\n")[2]


@pytest.mark.parametrize(
    ("who", "what"),
    [
        ("approved", "an approval of {token} to"),
        ("for_all", "an approval for all of {nft} to"),
        ("by_permit2", "a Permit2 permission for {token} to"),
        ("delegated", "a delegation (EIP-7702) to"),
    ],
)
def test_each_kind_of_permission_is_found_on_every_chain(
    page: Any, streets: tuple[Street, Street], who: str, what: str
) -> None:
    """Of tokens that the case does not know, since the chain's logs are searched; it leads to the remedy, and asks nobody else."""
    text = look_up(page, getattr(streets[0], who), *(street.node.url for street in streets))
    assert text.startswith(ACT)
    for street, said in zip(streets, of_chains(text), strict=True):
        theirs = to_checksum_address(DELEGATE) if who == "delegated" else THEIRS
        assert f"{what.format(token=street.token, nft=street.nft)} {theirs} stands" in said
        assert said.count(" stands") == 1
    assert {url.rstrip("/") for url in page.out} == {street.node.url for street in streets}
    page.page.get_by_role("link", name="What to do, step by step").click()
    assert "Revoke every approval" in page.page.locator("#end-a").inner_text()


@pytest.mark.parametrize("who", ["nobody", "expired"])
def test_an_empty_look_up_is_no_all_clear(page: Any, streets: tuple[Street, Street], who: str) -> None:
    """It says the condition, and what it cannot see; a permission that is over is none."""
    text = look_up(page, getattr(streets[0], who), *(street.node.url for street in streets))
    assert text.startswith(NO_SIGN)
    assert text.count("No approval or delegation to the attacker's addresses was found.") == 2
    assert "If you confirmed an approval on examplewallet[.]com" in text
    assert "signed messages that were not used yet" in text


def test_a_delegation_to_somebody_unknown_is_said(page: Any, streets: tuple[Street, Street]) -> None:
    """It may be the owner's own wallet software, or another attacker's."""
    street, account = streets[0], "0x" + "de" * 20
    street.node.call("anvil_setCode", account, "0xef0100" + "12" * 20)
    text = look_up(page, account, street.node.url)
    assert "This account is delegated to 0x" + "12" * 20 + ", which we do not know." in text
    assert not text.startswith("You")


def test_known_tokens_are_asked_where_logs_are_not_searched(
    scene: Scene, visit: Go, streets: tuple[Street, Street]
) -> None:
    """Many endpoints refuse a long search: what victims approved is asked about, and that there may be more is said."""
    street = streets[0]
    scene.approval_incident().tell(chains=(ETHEREUM,))
    row = {
        "chain_id": 1,
        "block_number": 1,
        "log_index": 1,
        "transaction_hash": "0x1",
        "value": "5",
        "timestamp": START,
    }
    victim = {"from_address": wallet_address(5), "to_address": SPENDER}
    scene.add("approvals", token_address=street.token, **row, **victim)
    seen = visit(publish(scene).with_name("lookup.html"))
    refuse = {"error": {"code": -32005, "message": "query returned more than 10000 results"}}
    through(seen, street, lambda asked: refuse if asked["method"] == "eth_getLogs" else None)
    text = look_up(seen, street.approved, LIAR)
    assert text.startswith(ACT)
    assert f"an approval of {to_checksum_address(street.token)} to {THEIRS} stands" in text
    text = look_up(seen, street.for_all, LIAR)
    assert text.startswith(NOT_WHOLE)
    assert "It does not search the chain's logs, so 1 known tokens were asked about: there may be others." in text


LIAR = "https://rpc.example/"


def through(seen: Any, street: Street, fault: Callable[[dict[str, Any]], Any]) -> None:
    """Stand an endpoint before a real node: `fault` gives what it says instead, a whole body as text, or None."""

    def answer(route: Any) -> None:
        asked = json.loads(route.request.post_data)
        said = fault(asked)
        if said == "gone":
            route.abort("connectionfailed")
            return
        allowed = {"access-control-allow-origin": "*", "content-type": "application/json"}
        if said is None:
            route.fulfill(response=route.fetch(url=street.node.url), headers=allowed)
            return
        body = said if isinstance(said, str) else json.dumps({"jsonrpc": "2.0", "id": asked["id"], **said})
        route.fulfill(body=body, headers=allowed)

    seen.page.route(LIAR + "**", answer)


def odd_logs(asked: dict[str, Any]) -> Any:
    """Answer the first search with a log that names no contract, and the one at Permit2 honestly."""
    return {"result": [{}]} if asked["method"] == "eth_getLogs" and "address" not in asked["params"][0] else None


HOSTILE = "<img src=x onerror=alert(1)> You are safe" * 40


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(lambda _: "gone", id="nobody there"),
        pytest.param(lambda _: "<html>502 Bad Gateway</html>", id="no JSON"),
        pytest.param(lambda _: "null", id="null"),
        pytest.param(lambda _: {}, id="no result"),
        pytest.param(lambda _: {"result": "banana"}, id="banana"),
        pytest.param(lambda _: {"error": {"code": -32000, "message": HOSTILE}}, id="an error"),
        pytest.param(lambda _: {"result": "0x5"}, id="another chain"),
        pytest.param(lambda asked: {"result": None} if asked["method"] != "eth_chainId" else None, id="nothing known"),
        pytest.param(odd_logs, id="odd logs"),
        pytest.param(lambda asked: {"result": None} if asked["method"] == "eth_getCode" else None, id="no code"),
    ],
)
def test_what_an_endpoint_did_not_answer_is_never_taken_for_nothing(
    page: Any, streets: tuple[Street, Street], fault: Callable[[dict[str, Any]], Any]
) -> None:
    """It fails, or talks nonsense: the look-up is not complete, says so, and its words are text."""
    through(page, streets[0], fault)
    text = look_up(page, streets[0].nobody, LIAR)
    assert text.startswith(NOT_WHOLE)
    assert "Not asked: base." in text
    assert "If you confirmed an approval on examplewallet[.]com" in text
    assert page.page.locator("#result img").count() == 0


def test_half_an_answer_about_a_token_is_none(page: Any, streets: tuple[Street, Street]) -> None:
    """Zero in fewer digits than a contract gives: the approval may stand."""
    through(page, streets[0], lambda asked: {"result": "0x0"} if asked["method"] == "eth_call" else None)
    text = look_up(page, streets[0].approved, LIAR)
    assert text.startswith(NOT_WHOLE)
    assert "3 of 4 questions were not answered: this look-up is not complete." in text


def test_an_endpoint_that_lies_about_all_of_it_still_makes_nobody_safe(
    page: Any, streets: tuple[Street, Street]
) -> None:
    """Nobody can see through a liar who is consistent; the page never promises anything by what it was told."""
    nothing = {"eth_chainId": "0x1", "eth_getLogs": [], "eth_getCode": "0x", "eth_call": "0x" + "0" * 64}
    through(page, streets[0], lambda asked: {"result": nothing[asked["method"]]})
    text = look_up(page, streets[0].approved, LIAR)
    assert text.startswith(NO_SIGN)
    assert "The condition is" in text


def test_an_endpoint_of_another_chain_is_not_looked_at(page: Any, streets: tuple[Street, Street]) -> None:
    """Base's node in Ethereum's field, and the other way round."""
    text = look_up(page, streets[0].approved, streets[1].node.url, streets[0].node.url)
    assert text.startswith(NOT_WHOLE)
    ethereum, base = of_chains(text)
    assert "Not looked at: it answers for the chain with id 8453, not 1" in ethereum
    assert "Not looked at: it answers for the chain with id 1, not 8453" in base


@pytest.mark.parametrize("secret", ["abandon " * 11 + "about", "0x" + "4c" * 32])
def test_a_secret_in_the_field_is_removed_and_sent_nowhere(
    page: Any, streets: tuple[Street, Street], secret: str
) -> None:
    """People paste what they have at hand."""
    text = look_up(page, secret, streets[0].node.url)
    assert text.startswith("That looks like a recovery phrase or a private key. It was removed, and sent to nobody.")
    assert (page.page.locator("#address").input_value(), page.out) == ("", [])


def own_wallet(seen: Any, street: Street, request: str = "return window.node(method, params ?? [])") -> None:
    """Put a wallet into the browser that asks a real node, and notes what it was asked for."""
    seen.page.expose_function("node", lambda method, params: street.node.call(method, *params))
    script = "window.methods = []; window.ethereum = { request: async ({ method, params }) => { window.methods.push(method); %s; } };"
    seen.page.add_init_script(script % request)
    seen.page.reload()


def ask_wallet(seen: Any, address: str) -> str:
    """Ask through it, and give what the page says; it was asked to read, and for nothing else."""
    seen.page.get_by_label("Address of your wallet").fill(address)
    seen.page.get_by_role("button", name="Ask through the wallet in this browser").click()
    seen.page.locator("#result h2").wait_for()
    assert set(seen.page.evaluate("window.methods")) <= READING
    assert seen.out == []
    return str(seen.page.locator("#result").inner_text())


@pytest.mark.parametrize("number", [0, 1], ids=["ethereum", "base"])
@pytest.mark.parametrize("who", ["approved", "for_all", "by_permit2", "delegated", "nobody"])
def test_ones_own_wallet_is_asked_without_connecting(
    page: Any, streets: tuple[Street, Street], who: str, number: int
) -> None:
    """Never for accounts, a signature or another chain; what it cannot be asked about is said."""
    own_wallet(page, streets[number])
    text = ask_wallet(page, getattr(streets[number], who))
    assert text.startswith(NO_SIGN if who == "nobody" else ACT)
    assert f"Not asked: {('base', 'ethereum')[number]}." in text


def test_a_wallet_on_another_chain_is_told_which_to_choose(page: Any, streets: tuple[Street, Street]) -> None:
    """The page does not switch it."""
    own_wallet(page, streets[0], "return '0x89'")
    assert ask_wallet(page, streets[0].approved).startswith("Your wallet is on another chain, or did not answer.")


def test_a_wallet_that_changes_chains_meanwhile_shows_nothing(page: Any, streets: tuple[Street, Street]) -> None:
    """Half of the answers would be another chain's."""
    turn = "const asked = window.methods.filter((one) => one === 'eth_chainId').length; "
    turn += "return method === 'eth_chainId' && asked > 2 ? '0x2105' : window.node(method, params ?? [])"
    own_wallet(page, streets[0], turn)
    text = ask_wallet(page, streets[0].nobody)
    assert text.startswith(NOT_WHOLE)
    assert "Not looked at: it answers for the chain with id 8453, not 1" in text


def test_a_wallet_that_refuses_shows_nothing(page: Any, streets: tuple[Street, Street]) -> None:
    """Some read nothing before they are connected: that is no answer, and the page does not ask to connect."""
    refuse = (
        "if (method === 'eth_chainId') return '0x1'; throw Object.assign(new Error('Unauthorized'), { code: 4100 })"
    )
    own_wallet(page, streets[0], refuse)
    text = ask_wallet(page, streets[0].approved)
    assert text.startswith(NOT_WHOLE)
    assert "questions were not answered: this look-up is not complete." in text


def test_a_wallet_that_never_answers_is_not_waited_for(page: Any, streets: tuple[Street, Street]) -> None:
    """It may have opened a window that its owner overlooked: after a while the page says that it was not answered."""
    page.page.clock.install()
    own_wallet(page, streets[0], "return method === 'eth_chainId' ? '0x1' : new Promise(() => {})")
    page.page.get_by_label("Address of your wallet").fill(streets[0].approved)
    page.page.get_by_role("button", name="Ask through the wallet in this browser").click()
    for _ in range(4):
        page.page.clock.run_for(21_000)
    page.page.locator("#result h2").wait_for()
    assert page.page.locator("#result").inner_text().startswith(NOT_WHOLE)
