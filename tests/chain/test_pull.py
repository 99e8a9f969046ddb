"""What a pull brings from a real node: every movement and permission of the wallets asked about, and nothing of others."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from exposure.amounts import NATIVE
from exposure.case import Case
from exposure.chain.coverage import INTERNAL_NOTE
from exposure.chain.pull import pin, pull
from exposure.console import Silent
from exposure.errors import ExposureError
from tests.chain.proxy import CANARY, Asked, Forward, Proxy
from tests.chain.village import ERIN, HASTY, ZERO, Village, incident, pull_all, tables, wanted
from tests.drill.playground import ETHER

MAX = 2**256 - 1


def everybody(village: Village) -> list[str]:
    """The wallets of the village."""
    return [village.alice, village.bob, village.carol, village.dave, ERIN.address.lower()]


def attackers(village: Village) -> list[str]:
    """The addresses of the attacker."""
    return [village.drainer, village.sink, village.delegate]


@pytest.fixture(scope="module")
def pulled(village: Village, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    """The tables of a whole pull."""
    folder = tmp_path_factory.mktemp("pulled")
    figures = pull_all(incident(folder, village.url), wanted(village, everybody(village), attackers(village)))
    assert [] == figures["problems"]
    return tables(folder)


def rows(frame: pl.DataFrame, *names: str) -> list[tuple[Any, ...]]:
    """Give some columns as rows."""
    return frame.select(names).rows()


def test_every_movement_of_the_wallets_is_there_exact(village: Village, pulled: dict[str, pl.DataFrame]) -> None:
    """Tokens by their logs, ether by full blocks; the failed payment moved nothing; zero is kept; one ERC-1155 id is added up."""
    friend = village.chain.friend.lower()
    assert [
        ("erc20", village.token, ZERO, village.alice, None, "1000000", 1.0),
        ("erc20", village.token, village.alice, village.sink, None, "750000", 0.75),
        ("erc20", village.token, village.alice, friend, None, "0", 0.0),
        ("native", NATIVE, village.bob, village.sink, None, str(3 * ETHER), 3.0),
        ("erc721", village.nft, ZERO, village.carol, "7", "1", 1.0),
        ("erc1155", village.multi, ZERO, village.carol, "5", "40", 40.0),
        ("erc1155", village.multi, village.carol, friend, "5", "12", 12.0),
    ] == rows(
        pulled["transfers"], "standard", "token_address", "from_address", "to_address", "token_id", "value", "value_f64"
    )


def test_who_sent_the_transaction_stands_beside_the_movement(village: Village, pulled: dict[str, pl.DataFrame]) -> None:
    """Alice's tokens left in a transaction that somebody else sent to the drainer."""
    [drain] = pulled["transfers"].filter(transaction_hash=village.hashes["drain"]).rows(named=True)
    assert (village.chain.relayer.lower(), village.drainer) == (drain["transaction_from"], drain["transaction_to"])


def test_every_permission_is_there(village: Village, pulled: dict[str, pl.DataFrame]) -> None:
    """An unlimited approval, all NFTs of a collection, and two of Permit2 under the token that they are about."""
    operator = village.chain.operator.lower()
    assert [
        ("erc20", village.token, village.alice, village.drainer, str(MAX), True),
        ("for_all", village.nft, village.carol, village.drainer, "1", True),
        ("permit2", village.token, village.dave, village.drainer, "55", False),
        ("permit2", village.token, village.dave, operator, "66", False),
    ] == rows(pulled["approvals"], "standard", "token_address", "from_address", "to_address", "value", "unlimited")


def test_permissions_stand_as_they_are_at_the_head(village: Village, pulled: dict[str, pl.DataFrame]) -> None:
    """The one that has expired is worth nothing; the unlimited one is not counted down by the drain."""
    found = set(rows(pulled["allowances"], "standard", "from_address", "to_address", "value", "unlimited"))
    assert {
        ("erc20", village.alice, village.drainer, str(MAX), True),
        ("for_all", village.carol, village.drainer, "1", True),
        ("permit2", village.dave, village.drainer, "55", False),
        ("permit2", village.dave, village.chain.operator.lower(), "0", False),
    } == found


def test_a_delegation_is_seen_in_the_transaction_and_in_the_code(
    village: Village, pulled: dict[str, pl.DataFrame]
) -> None:
    """Erin signed, a sponsor sent: the authority is recovered from the signature, and the code says the same."""
    erin = ERIN.address.lower()
    found = rows(pulled["delegations"], "transaction_hash", "from_address", "to_address")
    assert [(village.hashes["delegate"], erin, village.delegate), (None, erin, village.delegate)] == found


def test_accounts_say_what_they_are(village: Village, pulled: dict[str, pl.DataFrame]) -> None:
    """Wallets and attackers: plain accounts, a delegated one, contracts; with their nonces."""
    assert {
        village.alice: ("eoa", 1),
        village.bob: ("eoa", 2),
        village.carol: ("eoa", 2),
        village.dave: ("eoa", 2),
        ERIN.address.lower(): ("eip7702", 1),
        village.drainer: ("contract", 1),
        village.sink: ("eoa", 0),
        village.delegate: ("contract", 1),
    } == {address: (kind, nonce) for address, kind, nonce in rows(pulled["accounts"], "address", "kind", "nonce")}


def test_balances_are_those_of_the_pinned_head(village: Village, pulled: dict[str, pl.DataFrame]) -> None:
    """Native ones of all wallets to the wei, tokens that they were seen with, NFTs counted; none of the attackers'."""
    number = pulled["balances"].item(0, "block_number")
    ether = village.chain.web3.eth.get_balance
    found = {
        (who, token): amount for who, token, amount in rows(pulled["balances"], "address", "token_address", "balance")
    }
    native = {
        (who, NATIVE): str(ether(village.chain.web3.to_checksum_address(who), number)) for who in everybody(village)
    }
    tokens = {
        (village.alice, village.token): "250000",
        (village.carol, village.nft): "1",
        (village.dave, village.token): "0",
    }
    assert native | tokens == found


def test_transactions_carry_their_receipts(village: Village, pulled: dict[str, pl.DataFrame]) -> None:
    """The failed payment says so, with the gas that it burned."""
    found = pulled["transactions"].filter(transaction_hash=village.hashes["fail"])
    assert [(False, "0x", str(ETHER))] == rows(found, "success", "input", "value")
    assert found.item(0, "gas_used") > 21_000
    assert 8 == pulled["transactions"].height


def test_tokens_say_what_they_claim(village: Village, pulled: dict[str, pl.DataFrame]) -> None:
    """With the native asset under its ERC-7528 address."""
    assert {
        (NATIVE, "native", "ETH", 18),
        (village.token, "erc20", "USD", 6),
        (village.nft, "erc721", "APE", None),
        (village.multi, "erc1155", None, None),
    } == set(rows(pulled["tokens"], "token_address", "standard", "symbol", "decimals"))


def test_coverage_says_what_was_read_and_what_cannot_be_seen(pulled: dict[str, pl.DataFrame]) -> None:
    """Every block of every layer, and in words what no public endpoint shows."""
    found = {
        layer: rest for layer, *rest in rows(pulled["coverage"], "layer", "lines", "parsed", "rejected", "gaps", "note")
    }
    blocks = found["logs"][0]
    assert {
        "logs": [blocks, blocks, 0, 0, None],
        "native": [
            blocks,
            blocks,
            0,
            0,
            None,
        ],
        "internal": [
            0,
            0,
            0,
            0,
            INTERNAL_NOTE.format(found="so far there are none"),
        ],
        "events": [10, 10, 0, 0, None],
        "prices": [2, 2, 0, 0, "2 assets have no Chainlink feed here and are unpriced"],
        "onward": [
            3,
            3,
            0,
            0,
            "the attackers' money is followed three hops on, and not through services",
        ],
        "state": [
            found["state"][0],
            found["state"][0],
            0,
            0,
            "holdings are of tokens that were seen moving or being approved in the blocks read",
        ],
    } == found


def test_times_are_those_of_the_blocks(village: Village, pulled: dict[str, pl.DataFrame]) -> None:
    """Also for logs, which carry none."""
    for number, time in rows(pulled["transfers"], "block_number", "timestamp"):
        assert village.time_of(number) == time


def test_attackers_alone_lead_to_their_victims(village: Village, tmp_path: Path) -> None:
    """Without a single log line: who lost to them, who still allows them something, and what those hold."""
    pull_all(incident(tmp_path, village.url), wanted(village, [], attackers(village)))
    found = tables(tmp_path)
    assert {village.alice, village.bob} == set(found["transfers"].get_column("from_address"))
    assert {village.alice, village.carol, village.dave} == set(found["approvals"].get_column("from_address"))
    assert {(village.alice, village.token, "250000"), (village.carol, village.nft, "1")} <= set(
        rows(found["balances"], "address", "token_address", "balance")
    )
    assert {ERIN.address.lower()} == set(found["delegations"].get_column("from_address"))


def test_what_attackers_transactions_moved_is_seen_though_it_went_to_a_stranger(
    village: Village, tmp_path: Path
) -> None:
    """Only the drainer is known: its transactions' receipts show from whom it took, and for whom."""
    pull_all(incident(tmp_path, village.url), wanted(village, [], [village.drainer]))
    found = tables(tmp_path)["transfers"]
    assert [(village.alice, village.sink, "750000")] == rows(found, "from_address", "to_address", "value")


def test_nobody_asked_about_gives_empty_tables(village: Village, tmp_path: Path) -> None:
    """No candidates and no attackers: no rows but the pinned block, and no error."""
    figures = pull_all(incident(tmp_path, village.url), wanted(village, [], []))
    assert ([], 0, 1) == (figures["problems"], figures["transfers"], tables(tmp_path)["blocks"].height)


def test_the_window_bounds_the_candidates_history_but_not_the_attackers(village: Village, tmp_path: Path) -> None:
    """History ends before the drain; what the sink got later is there all the same."""
    until = village.time_of(1)
    pull_all(incident(tmp_path, village.url), wanted(village, [village.carol], [village.sink], end=until))
    found = tables(tmp_path)["transfers"]
    assert [(village.alice, village.sink), (village.bob, village.sink)] == rows(found, "from_address", "to_address")


def test_the_head_is_pinned_once_and_moved_only_on_demand(village: Village, tmp_path: Path) -> None:
    """Two runs ask about the same state; --refresh asks about the present."""
    told, case = incident(tmp_path, village.url), Case(tmp_path)
    early, late = village.time_of(5), datetime(2100, 1, 1, tzinfo=UTC)

    def pinned() -> dict[str, Any]:
        found: dict[str, Any] = case.read_manifest()["as_of"]
        return found

    pin(told, case, Silent(), early, refresh=False)
    first = pinned()
    pin(told, case, Silent(), late, refresh=False)
    assert first == pinned()
    pin(told, case, Silent(), late, refresh=True)
    assert late.isoformat() == pinned()["time"]
    block = village.chain.web3.eth.get_block("finalized")
    assert {
        "number": block["number"],
        "hash": block["hash"].to_0x_hex(),
        "timestamp": village.time_of(block["number"]).isoformat(),
        "head": "finalized",
    } == pinned()["chains"]["31337"]


def test_a_chain_that_is_down_when_it_is_refreshed_stays_where_it_was(village: Village, tmp_path: Path) -> None:
    """What was pulled is not lost with it, neither the block nor the time that it was true of; a person is told."""
    told, case = incident(tmp_path, village.url), Case(tmp_path)
    pin(told, case, Silent(), village.time_of(5), refresh=False)
    before = case.read_manifest()["as_of"]
    down = incident(tmp_path, "http://127.0.0.1:1/")
    with pytest.raises(ExposureError, match="anvil cannot be asked"):
        pin(down, case, Silent(), datetime(2100, 1, 1, tzinfo=UTC), refresh=True, patience=HASTY)
    after = case.read_manifest()["as_of"]
    assert before == {name: value for name, value in after.items() if name != "failed"}
    problems = pull(told, case, wanted(village, [village.alice], []), "attackers", Silent())["problems"]
    assert isinstance(problems, list)
    assert problems[0].startswith(
        f"anvil stays as it was at block {before['chains']['31337']['number']}: anvil cannot be asked"
    )


def test_a_fixed_now_in_the_past_pins_the_last_block_before_it(village: Village, tmp_path: Path) -> None:
    """Whatever the chain has grown to since: the same --now gives the same head."""
    pin(incident(tmp_path, village.url), Case(tmp_path), Silent(), village.time_of(5), refresh=False)
    number = Case(tmp_path).read_manifest()["as_of"]["chains"]["31337"]["number"]
    later = village.chain.web3.eth.get_block(number + 1)["timestamp"]
    assert (True, True) == (village.time_of(number) <= village.time_of(5), later > village.time_of(5).timestamp())


def test_without_multicall_single_calls_give_the_same(
    village: Village, pulled: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    """A chain on which Multicall3 is not deployed: here its code is hidden."""

    async def hide(asked: Asked, forward: Forward) -> Any:
        if "eth_getCode" not in asked.methods:
            return None
        answers = await forward()
        for call, answer in zip(asked.calls, answers, strict=True):
            if call["params"][0].startswith("0xca11bde0"):
                answer["result"] = "0x"
        return asked.results(answers)

    with Proxy(village.url, hide) as proxy:
        pull_all(incident(tmp_path, proxy.url), wanted(village, everybody(village), attackers(village)))
        data = [
            str(call["params"][0].get("data"))
            for asked in proxy.asked
            for call in asked.calls
            if "eth_call" in asked.methods
        ]
    assert [] == [one for one in data if one.startswith("0x82ad56cb")]
    found = tables(tmp_path)
    for name in ("balances", "allowances", "accounts", "tokens"):
        assert pulled[name].equals(found[name]), name


def test_the_key_in_the_url_is_in_no_file(village: Village, tmp_path: Path) -> None:
    """Neither in the manifest nor in a part, a table, or what was learned of the endpoint."""
    with Proxy(village.url) as proxy:
        assert CANARY in proxy.url
        pull_all(incident(tmp_path, proxy.url), wanted(village, everybody(village), attackers(village)))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 20
    assert [] == [path for path in files if CANARY.encode() in path.read_bytes() or CANARY in path.name]


def test_a_second_run_asks_nothing_and_writes_the_same_bytes(village: Village, tmp_path: Path) -> None:
    """Everything that was asked is kept."""
    with Proxy(village.url) as proxy:
        told, asked = incident(tmp_path, proxy.url), wanted(village, everybody(village), attackers(village))
        pull_all(told, asked)
        before, written = len(proxy.asked), _bytes(tmp_path)
        figures = pull_all(told, asked)
        assert (before, 0) == (len(proxy.asked), figures["calls"])
    assert written == _bytes(tmp_path)


def test_a_later_round_asks_for_the_new_address_only(village: Village, tmp_path: Path) -> None:
    """Bob is found later: the logs are asked for him alone, and no block a second time."""
    with Proxy(village.url) as proxy:
        told = incident(tmp_path, proxy.url)
        pull_all(told, wanted(village, [village.alice], attackers(village)))
        before = len(proxy.asked)
        pull_all(told, wanted(village, [village.alice, village.bob], attackers(village)))
        later = [call for asked in proxy.asked[before:] for call in asked.calls]
    topics = [call["params"][0]["topics"] for call in later if call["method"] == "eth_getLogs"]
    assert [village.bob[2:]] * 3 == [one[26:] for query in topics for one in query[-1]]
    full = [call for call in later if call["method"] == "eth_getBlockByNumber" and call["params"][1]]
    assert [] == full


def test_rounds_and_one_pull_give_the_same_bytes(village: Village, tmp_path: Path) -> None:
    """However the addresses came, the tables are those of the last question."""
    one, other = tmp_path / "one", tmp_path / "other"
    asked = wanted(village, everybody(village), attackers(village))
    pull_all(incident(one, village.url), asked)
    pull_all(incident(other, village.url), wanted(village, [village.dave, village.alice], [village.sink]))
    pull_all(incident(other, village.url), asked)
    assert _bytes(one) == _bytes(other)


def test_an_address_that_is_not_asked_about_any_more_leaves_the_tables(village: Village, tmp_path: Path) -> None:
    """A wrong attacker was taken out of incident.toml: nothing of it stays, though its parts are kept."""
    told = incident(tmp_path, village.url)
    pull_all(told, wanted(village, [village.alice], [village.sink]))
    pull_all(told, wanted(village, [village.alice], []))
    assert {village.alice} == {
        one for row in rows(tables(tmp_path)["transfers"], "from_address", "to_address") for one in row
    } - {ZERO, village.sink, village.chain.friend.lower()}
    assert 0 == tables(tmp_path)["transfers"].filter(from_address=village.bob).height


def test_the_first_stage_alone_shows_the_attackers_side(village: Village, tmp_path: Path) -> None:
    """A first sheet within minutes: losses to the sink are there before any candidate's history, and coverage admits the rest."""
    told, case = incident(tmp_path, village.url), Case(tmp_path)
    pin(told, case, Silent(), datetime(2100, 1, 1, tzinfo=UTC), refresh=False)
    pull(told, case, wanted(village, [village.carol], [village.sink]), "attackers", Silent())
    lost = rows(case.read("transfers"), "from_address", "value")
    assert [(village.alice, "750000"), (village.bob, str(3 * ETHER))] == lost
    found = case.read("coverage").filter(layer="logs").rows(named=True)[0]
    assert (found["lines"], 0, 1) == (found["rejected"], found["parsed"], found["gaps"])


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "data").iterdir())}
