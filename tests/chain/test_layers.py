"""ENS names both ways, prices, users of the dapp's contracts, and kinds of accounts, from a real node."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from ens.utils import raw_name_to_hash
from eth_utils.crypto import keccak

from exposure.case import Case
from exposure.chain.ens import REGISTRY as ENS
from exposure.chain.ens import normal
from exposure.chain.multicall import ENTRY_POINT, GET_OWNERS, GET_THRESHOLD, selector, word
from exposure.chain.prices import REGISTRY as FEEDS
from exposure.chain.prices import price_table
from exposure.chain.worth import with_usd
from exposure.drill.anvil import Anvil
from exposure.incident import Contract, Incident
from exposure.logs.names import named_sightings, names_in
from exposure.tables import TABLES
from tests.chain.proxy import Proxy
from tests.chain.village import START, Village, build_village, incident, pull_all, set_answers, tables, wanted

# sload(the first argument); the same as a string of up to 32 bytes, with its length in the slot after
_LOOK_UP = "0x6004355460005260206000f3"
_LOOK_UP_TEXT = "0x6020600052600435600101546020526004355460405260606000f3"
_PEOPLE, _CLAIMS = "0x" + "5e" * 20, "0x" + "5f" * 20


def _padded(address: str) -> str:
    return "0x" + "0" * 24 + address[2:]


class _Registry:
    """An ENS registry and two resolvers made of storage: one says addresses, the other names."""

    def __init__(self, node: Anvil) -> None:
        self._node = node
        for place, code in ((ENS, _LOOK_UP), (_PEOPLE, _LOOK_UP), (_CLAIMS, _LOOK_UP_TEXT)):
            node.call("anvil_setCode", place, code)

    def _store(self, place: str, slot: bytes, value: str) -> None:
        self._node.call("anvil_setStorageAt", place, "0x" + slot.hex(), value)

    def stands_for(self, name: str, address: str) -> None:
        """Let a name stand for an address."""
        node = bytes(raw_name_to_hash(name))
        self._store(ENS, node, _padded(_PEOPLE))
        self._store(_PEOPLE, node, _padded(address))

    def claims(self, address: str, name: str) -> None:
        """Let an address claim a name."""
        node = keccak(bytes(raw_name_to_hash("addr.reverse")) + keccak(text=address[2:]))
        self._store(ENS, node, _padded(_CLAIMS))
        self._store(_CLAIMS, node, "0x" + name.encode().ljust(32, b"\0").hex())
        self._store(_CLAIMS, word(int.from_bytes(node, "big") + 1), "0x" + word(len(name)).hex())


def _feeds(node: Anvil, price: int, decimals: int, renewed: int) -> None:
    """Let the feed registry give one price for everything: the price in slot 0, its time in slot 1, decimals in slot 2."""
    asks_decimals = selector("decimals(address,address)").hex()
    code = f"0x60003560e01c63{asks_decimals}14602557600160005260005460205260006040526001546060526001608052"
    end = "60a06000f3"
    jump = (len(code) - 2) // 2 + len(end) // 2
    code = code.replace("602557", f"60{jump:02x}57") + end + "5b60025460005260206000f3"
    node.call("anvil_setCode", FEEDS, code)
    for slot, value in enumerate((price, renewed, decimals)):
        node.call("anvil_setStorageAt", FEEDS, "0x" + word(slot).hex(), "0x" + word(value).hex())


SAFE, SMART, CLAIMANT = "0x" + "a1" * 20, "0x" + "a2" * 20, "0x" + "a3" * 20


@pytest.fixture(scope="module")
def town() -> Iterator[Village]:
    """A village with names, prices, a Safe and an ERC-4337 account; alice.eth changes hands at the end."""
    with Anvil(timestamp=START) as node:
        village = build_village(node)
        names = _Registry(node)
        names.stands_for("alice.eth", village.alice)
        names.claims(village.alice, "alice.eth")
        names.stands_for("pay.bob.eth", village.bob)
        # Carol claims a name that is not hers, Dave one that is none.
        names.claims(village.carol, "alice.eth")
        names.claims(village.dave, "not a name")
        owners = word(32) + word(2) + word(int(village.alice, 16)) + word(int(village.bob, 16))
        set_answers(node, SAFE, {GET_OWNERS: owners, GET_THRESHOLD: word(2)})
        set_answers(node, SMART, {ENTRY_POINT: word(int("0x0000000071727de22e5e9d8baf0edac6f37da032", 16))})
        # Whoever says that five of two owners must sign is no Safe.
        set_answers(node, CLAIMANT, {GET_OWNERS: owners, GET_THRESHOLD: word(5)})
        latest = int(village.time_of("latest").timestamp())
        _feeds(node, 2_500 * 10**8, 8, latest)
        node.call("anvil_mine", hex(600))
        names.stands_for("alice.eth", village.bob)
        node.call("anvil_mine", hex(400))
        yield village


def _asked(town: Village, names: pl.DataFrame | None = None) -> object:
    wallets = [town.alice, town.bob, town.carol, town.dave, SAFE, SMART, CLAIMANT]
    return replace(wanted(town, wallets, [town.sink, town.drainer]), names=names)


def _names(town: Village, *rows: tuple[str, datetime]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"name": pl.String, "time": pl.Datetime("us", "UTC")}, orient="row")


def test_a_name_in_the_logs_stands_for_whom_it_stood_for_then(town: Village, tmp_path: Path) -> None:
    """alice.eth was Alice's at the visit and is Bob's now; a name below another resolves, one that nobody has does not."""
    then, later = town.time_of(500), town.time_of(950)
    asked = _names(town, ("alice.eth", then), ("alice.eth", later), ("pay.bob.eth", later), ("nobody.eth", later))
    figures = pull_all(incident(tmp_path, town.url), _asked(town, asked), head="latest")  # type: ignore[arg-type]
    assert [] == figures["problems"]
    expected = sorted(
        [(town.alice, "alice.eth", then), (town.bob, "alice.eth", later), (town.bob, "pay.bob.eth", later)]
    )
    assert expected == sorted(Case(tmp_path).read("names").rows())
    assert [(4, 4)] == tables(tmp_path)["coverage"].filter(pl.col("layer") == "names").select("lines", "parsed").rows()


def test_an_address_bears_a_name_only_where_it_leads_back(town: Village, tmp_path: Path) -> None:
    """At a block where alice.eth is Alice's: Carol's claim of it, and Dave's of no name, count for nothing."""
    until = town.time_of(600)
    told = incident(tmp_path, town.url)
    figures = pull_all(told, _asked(town), head="latest", now=until)  # type: ignore[arg-type]
    assert [] == figures["problems"]
    assert [(town.alice, "alice.eth", until)] == Case(tmp_path).read("names").rows()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vitalik.eth", "vitalik.eth"),
        ("Vitalik.ETH", "vitalik.eth"),
        ("vitalik", None),
        ("not a name.eth", None),
        ("vit\u0430lik.eth", None),
        ("vitalik\u200b.eth", "vitalik.eth"),
        (None, None),
    ],
)
def test_names_are_taken_in_their_normal_form_only(name: str | None, expected: str | None) -> None:
    """A Cyrillic letter among Latin ones, makes no name; a character that nobody sees is left out."""
    assert expected == normal(name)


def test_accounts_say_what_they_are(town: Village, tmp_path: Path) -> None:
    """A Safe with its owners, an ERC-4337 account by its entry point; a contract whose answers make no sense is a contract."""
    pull_all(incident(tmp_path, town.url), _asked(town), head="latest")  # type: ignore[arg-type]
    columns = ["kind", "owners", "threshold"]
    found = {row[0]: row[1:] for row in tables(tmp_path)["accounts"].select("address", *columns).rows()}
    assert ("safe", f"{town.alice},{town.bob}", 2) == found[SAFE]
    assert ("erc4337", None, None) == found[SMART]
    assert ("contract", None, None) == found[CLAIMANT]
    assert ("eoa", None, None) == found[town.alice]


def test_what_has_a_feed_is_priced_at_the_head_and_when_it_was_lost(town: Village, tmp_path: Path) -> None:
    """The registry answers for the native asset; before it stood there nothing was priced."""
    pull_all(incident(tmp_path, town.url), _asked(town), head="latest")  # type: ignore[arg-type]
    prices = Case(tmp_path).read("prices")
    assert {2_500.0} == set(prices.get_column("usd"))
    assert "0x" + "e" * 40 in prices.get_column("token_address")
    assert {FEEDS} == set(prices.get_column("feed"))


def test_a_price_that_was_not_renewed_is_none(town: Village, tmp_path: Path) -> None:
    """Three days later the same answer is stale, and nothing is priced; a person reads how many assets that leaves."""
    with Anvil(timestamp=START) as node:
        stale = build_village(node)
        _feeds(node, 2_500 * 10**8, 8, START - 3 * 86_400)
        node.call("anvil_mine", "0x1")
        pull_all(incident(tmp_path, stale.url), wanted(stale, [stale.alice], [stale.sink]), head="latest")
    assert Case(tmp_path).read("prices").is_empty()
    note = tables(tmp_path)["coverage"].filter(pl.col("layer") == "prices").item(0, "note")
    assert "2 assets have no Chainlink feed here and are unpriced" in note


def test_losses_are_worth_what_they_were_worth_then_and_holdings_what_they_are_now() -> None:
    """The nearest price within a day; an NFT, and what has no price, is worth nothing known."""
    rows = [
        {"chain_id": 1, "token_address": "0xt", "block_number": n, "timestamp": at, "usd": usd, "feed": "0xf"}
        for n, at, usd in ((1, 0, 2.0), (2, 100_000, 3.0))
    ]
    prices = price_table(rows)
    place = {"address": "0xw", "chain_id": 1, "attacker": "0xa", "transaction_hash": "0x1"}
    losses = TABLES["losses"].frame(
        [
            {**place, "token": "0xt", "amount_f64": 10.0, "time": datetime.fromtimestamp(10, UTC)},
            {**place, "token": "0xt", "amount_f64": 10.0, "time": datetime.fromtimestamp(90_000, UTC)},
            {**place, "token": "0xt", "amount_f64": 10.0, "time": datetime.fromtimestamp(400_000, UTC)},
            {**place, "token": "0xt", "token_id": "7", "amount_f64": 1.0, "time": datetime.fromtimestamp(10, UTC)},
            {**place, "token": "0xu", "amount_f64": 10.0, "time": datetime.fromtimestamp(10, UTC)},
        ]
    )
    found = with_usd(losses.lazy(), prices).collect()
    by_time = {(row["token"], row["token_id"], row["time"]): row["usd"] for row in found.iter_rows(named=True)}
    expected = {
        ("0xt", None, 10): 20.0,
        ("0xt", None, 90_000): 30.0,
        ("0xt", None, 400_000): None,
        ("0xt", "7", 10): None,
        ("0xu", None, 10): None,
    }
    assert {(a, b, datetime.fromtimestamp(c, UTC)): usd for (a, b, c), usd in expected.items()} == by_time
    held = TABLES["holdings"].frame(
        [{"address": "0xw", "chain_id": 1, "token": "0xt", "amount_f64": 10.0, "at_risk": True}]
    )
    assert [30.0] == with_usd(held.lazy(), prices).collect().get_column("usd").to_list()


def test_who_used_the_dapps_contract_is_a_sighting(town: Village, tmp_path: Path) -> None:
    """Whoever called the token in the window, and whoever caused it to log, as the sender of the transaction; nobody before it."""
    told = Incident(
        **{**dict(incident(tmp_path, town.url)), "contracts": (Contract(address=town.token, chain="anvil"),)}
    )
    asked = wanted(town, [], [town.sink], None)
    since = replace(asked, used_from=asked.start, used_until=asked.end)
    assert [] == pull_all(told, since)["problems"]
    seen = Case(tmp_path).read("sightings")
    assert {("contract", 0.5)} == set(seen.select("link", "strength").iter_rows())
    refs = {ref.split(":")[2]: address for address, ref in seen.select("address", "ref").iter_rows()}
    assert town.alice == refs[town.hashes["approve"]]
    assert town.chain.relayer.lower() == refs[town.hashes["drain"]]
    assert town.bob == refs[town.hashes["fail"]]
    approved = seen.filter(pl.col("ref").str.contains(town.hashes["approve"])).item(0, "time")
    later = replace(asked, used_from=approved + timedelta(seconds=1), used_until=asked.end)
    pull_all(told, later)
    after = Case(tmp_path).read("sightings")
    assert after.height < seen.height
    assert town.hashes["approve"] not in "".join(after.get_column("ref"))


def test_names_in_requests_become_sightings_with_the_session_of_their_line() -> None:
    """The name stands in one request, the action in another of the same session; encoded names are read."""
    time = datetime(2026, 3, 4, 9, 12, tzinfo=UTC)
    told = {"source": "s1", "client": "c", "session": "c-1"}
    requests = TABLES["requests"].frame(
        [
            {**told, "line": 1, "time": time, "path": "/profile/Pay.Bob%2eeth?x=1"},
            {**told, "line": 2, "time": time + timedelta(minutes=1), "path": "/api/unlock", "action": "entered"},
            {"source": "s1", "line": 3, "time": time, "path": "/methods.ethics/other.ether"},
        ]
    )
    found = names_in(requests.lazy())
    hour = time.replace(minute=0)
    assert [("s1", 1, "pay.bob.eth", hour)] == found.rows()
    names = TABLES["names"].frame([{"address": "0xb", "name": "pay.bob.eth", "time": hour}])
    seen = named_sightings(requests.lazy(), found, names)
    assert [("0xb", "direct", None, "log:s1:1"), ("0xb", "session", "entered", "log:s1:2")] == seen.select(
        "address", "link", "action", "ref"
    ).rows()
    assert named_sightings(requests.lazy(), found, TABLES["names"].empty()).is_empty()


def test_a_chain_that_is_looked_at_by_its_head_is_asked_for_balances_and_nonces_alone(
    town: Village, tmp_path: Path
) -> None:
    """No logs and no blocks are asked for; each wallet has its balance and account."""
    asked = wanted(town, [town.alice, town.bob], [town.sink])
    with Proxy(town.url) as proxy:
        figures = pull_all(incident(tmp_path, proxy.url, look="head"), asked, head="latest")
        methods = {method for one in proxy.asked for method in one.methods}
    assert [] == figures["problems"]
    assert not {"eth_getLogs", "eth_getTransactionReceipt", "eth_getTransactionByHash"} & methods
    assert [False] == list(
        {call["params"][1] for one in proxy.asked for call in one.calls if call["method"] == "eth_getBlockByNumber"}
    )
    found = tables(tmp_path)
    assert {town.alice, town.bob} == set(found["balances"].get_column("address"))
    nonces = dict(found["accounts"].select("address", "nonce").iter_rows())
    web3 = town.chain.web3
    assert web3.eth.get_transaction_count(web3.to_checksum_address(town.alice)) == nonces[town.alice]
    assert ["state"] == found["coverage"].get_column("layer").to_list()
