"""From a secret in a line to a wallet that is compromised, and to who must purge which source."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from eth_account import Account
from mnemonic import Mnemonic

from exposure.assess.assess import assess
from exposure.assess.candidates import candidates
from exposure.incident import Fact, Incident
from exposure.logs.secrets import proofs
from exposure.tables import TABLES
from tests.logs.logbook import ALICE, BOB, UNLOCK, Logbook, at, cloudflare, combined

Account.enable_unaudited_hdwallet_features()
PHRASE = Mnemonic("english").to_mnemonic(hashlib.sha256(b"a victim's phrase").digest()[:16])
PATHS = {"second": "m/44'/60'/0'/0/1", "live": "m/44'/60'/3'/0/0", "legacy": "m/44'/60'/0'/7"}
OWNED = {name: Account.from_mnemonic(PHRASE, account_path=path).address.lower() for name, path in PATHS.items()}
FIRST = Account.from_mnemonic(PHRASE).address.lower()
KEY = hashlib.sha256(b"a victim's key").hexdigest()
OWNER = Account.from_key(KEY).address.lower()
HASH = hashlib.sha256(b"a transaction").hexdigest()
JUNK = "test test test test test test test test test test test junk"
NOW = datetime(2026, 3, 9, tzinfo=UTC)
# The window ends before the secrets of these tests stand in a line: a secret counts whenever it is seen.
WINDOW = (
    Fact(kind="last_known_good", time=at(-9000), source="x"),
    Fact(kind="first_known_good", time=at(-6000), source="x"),
)


@pytest.fixture
def logbook(tmp_path: Path) -> Logbook:
    """An empty case."""
    return Logbook(tmp_path)


def opened(logbook: Logbook) -> set[str]:
    """Give the wallets that the logs name and a secret opens."""
    keys = logbook.case.read("sightings").filter((pl.col("link") == "key") & (pl.col("strength") == 1))
    return set(keys.get_column("address"))


def judged(logbook: Logbook, **chain: list[dict[str, Any]]) -> dict[str, tuple[str, set[str]]]:
    """Assess the case with what the chain says: verdict and K codes of each wallet."""
    incident = Incident(folder=logbook.folder, name="x", title="X", actions=(UNLOCK,), facts=WINDOW)
    tables = {name: logbook.case.read(name) for name in TABLES}
    tables |= {name: TABLES[name].frame(rows) for name, rows in chain.items()}
    result = assess(tables, incident, NOW)
    codes = result["evidence"].filter(pl.col("code").str.starts_with("K"))
    found = dict(codes.group_by("address").agg("code").iter_rows())
    rows = result["wallets"].select("address", "verdict").iter_rows()
    return {address: (verdict, set(found.get(address, []))) for address, verdict in rows}


@pytest.mark.parametrize("path", PATHS)
def test_whoever_typed_a_phrase_is_compromised_wherever_the_wallet_was_seen(logbook: Logbook, path: str) -> None:
    """Ingest and assess: the phrase in one line, a wallet of one of its paths in another, outside the window."""
    logbook.write("a.log", combined(f"/u?p={PHRASE.replace(' ', '+')}"), combined(f"/wallet/{OWNED[path]}", at(3600)))
    logbook.read()
    assert {OWNED[path]} == opened(logbook)
    assert {OWNED[path]: ("compromised", {"K2"})} == judged(logbook)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (combined(f"/u?privateKey={KEY}"), "K1"),
        (combined(f"/api/{KEY}/x"), "K1"),
        (combined(f"/tx/0x{KEY}"), "K1"),
        (combined("/", referer=f"https://x.example/import?pk={KEY}"), "K1"),
        (combined("/", ua=f"agent {KEY}"), "K1"),
        (f"torn line with privateKey={KEY}", "K1"),
        (combined("/u?k=" + json.dumps(Account.encrypt(KEY, "x", kdf="pbkdf2", iterations=2))), "K3"),
    ],
    ids=["named", "in a path", "like a hash", "referer", "agent", "torn line", "keystore"],
)
def test_each_kind_has_its_code(logbook: Logbook, line: str, code: str) -> None:
    """A number that is named as nothing, even as a transaction, is proof where its address stands in the logs."""
    logbook.write("a.log", line, combined(f"/wallet/{OWNER}", at(3600)))
    logbook.read()
    assert ("compromised", {code}) == judged(logbook)[OWNER]
    assert KEY not in str(logbook.case.read("requests").to_dicts())


def test_an_extended_key_opens_its_wallets(logbook: Logbook) -> None:
    """It is a private key, K1."""
    master = Mnemonic.to_hd_master_key(Mnemonic.to_seed(PHRASE))
    logbook.write("a.log", combined(f"/u?x={master}"), combined(f"/wallet/{OWNED['live']}"))
    logbook.read()
    assert {OWNED["live"]: ("compromised", {"K1"})} == judged(logbook)


@pytest.mark.parametrize("ua", [PHRASE, f"Mozilla/5.0 ({PHRASE})", PHRASE.replace(" ", "%20")])
def test_a_phrase_in_a_browsers_name_is_found(logbook: Logbook, ua: str) -> None:
    """Scripts put whatever they have into any header."""
    logbook.write("a.log", *[combined("/", at(n)) for n in range(9)], combined("/", ua=ua), combined(f"/w/{FIRST}"))
    logbook.read()
    assert {FIRST} == opened(logbook)


def test_a_hash_is_no_key(logbook: Logbook) -> None:
    """A transaction's hash derives an address that nobody ever saw."""
    logbook.write("a.log", combined(f"/tx/0x{HASH}"), combined(f"/wallet/{ALICE}"))
    assert (0, []) == (logbook.read()["secrets"], logbook.rows("secrets"))
    assert {ALICE: set()} == {address: codes for address, (_, codes) in judged(logbook).items()}


def test_an_address_that_no_log_names_is_listed_if_the_chain_knows_it(logbook: Logbook) -> None:
    """It is asked about; unused accounts of a phrase are nobody's wallet."""
    logbook.write("a.log", combined(f"/u?p={PHRASE.replace(' ', '-')}"), combined(f"/wallet/{ALICE}"))
    logbook.read()
    incident = Incident(folder=logbook.folder, name="x", title="X")
    none = TABLES["people"].empty(), TABLES["attackers"].empty()
    asked = candidates(logbook.case.read("sightings"), incident, *none).get_column("address")
    assert {FIRST, *OWNED.values()} <= set(asked)
    account = {"chain_id": 1, "block_number": 1, "kind": "eoa"}
    balance = {"chain_id": 1, "block_number": 1, "token_address": "0x" + "e" * 40, "balance_f64": 0.0}
    assert {ALICE} == set(judged(logbook))
    chain = {
        "accounts": [account | {"address": FIRST, "nonce": 3}, account | {"address": OWNED["live"], "nonce": 0}],
        "balances": [
            balance | {"address": OWNED["second"], "balance": "7"},
            balance | {"address": OWNED["live"], "balance": "0"},
        ],
    }
    alive = {address: found for address, found in judged(logbook, **chain).items() if address != ALICE}
    assert {FIRST: ("compromised", {"K2"}), OWNED["second"]: ("compromised", {"K2"})} == alive


def test_of_many_phrases_only_the_first_addresses_are_asked_about(
    logbook: Logbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs the endpoint need not learn of thousands of unused accounts."""
    monkeypatch.setattr(proofs, "MOST_ASKED", 38)
    logbook.write("a.log", combined(f"/u?p={PHRASE.replace(' ', '-')}"))
    logbook.read()
    legacy = Account.from_mnemonic(PHRASE, account_path="m/44'/60'/0'/0").address.lower()
    assert sorted([(FIRST,), (legacy,)]) == logbook.rows("sightings", "address")


def test_published_phrases_and_keys_are_counted_and_ignored(logbook: Logbook) -> None:
    """Developers test with them; Anvil's accounts are nobody's, even where they stand in a path."""
    anvil = Account.from_mnemonic(JUNK)
    lines = [f"/u?p={JUNK.replace(' ', '+')}", f"/wallet/{anvil.address}", f"/u?key={anvil.key.hex()}"]
    logbook.write("a.log", *map(combined, [*lines, f"/tx/0x{anvil.key.hex()}"]))
    assert [] == logbook.read()["problems"]
    assert (set(), []) == (opened(logbook), logbook.rows("secrets"))
    assert "2 published test phrases or keys were ignored" in logbook.notes()[0]


def test_the_end_says_who_must_purge_what(logbook: Logbook) -> None:
    """By source and kind, whether a line is kept or not; the table names the lines."""
    store = json.dumps(Account.encrypt(KEY, "x", kdf="pbkdf2", iterations=2))
    logbook.write("a.log", combined(f"/u?p={PHRASE.replace(' ', '+')}"), combined(f"/u?p={PHRASE.replace(' ', '-')}"))
    logbook.write("b.json", cloudflare("/", ray="a"), cloudflare("/u?k=" + store, ray="b"))
    logbook.write("c.log", combined(f"/wallet/{BOB}"))
    figures = logbook.read()
    text = (
        "{} holds what opens wallets: {}. Whoever can read it can take them. To go on: when the evidence is kept safe, whoever "
        "runs what writes it ({}) purges it, with its copies, backups and exports, and stops logging such requests; the table "
        "secrets names the lines"
    )
    expected = [
        text.format("a.log", "recovery phrases in 2 lines", "nginx and Apache"),
        text.format("b.json", "keystores in 1 line", "Cloudflare Logpush"),
    ]
    assert (3, expected) == (figures["secrets"], figures["problems"])
    ids = {path: source for source, path in logbook.rows("sources", "source", "path")}
    lines = logbook.case.read("secrets").select("source", "line", "kind").unique()
    assert {(ids["a.log"], 1, "phrase"), (ids["a.log"], 2, "phrase"), (ids["b.json"], 2, "keystore")} == set(
        lines.rows()
    )


def test_each_export_that_holds_it_must_be_purged(logbook: Logbook) -> None:
    """The same request in two exports counts once as a request, and stands in both."""
    for name in ("a.log", "b.log"):
        logbook.write(name, combined(f"/u?p={PHRASE.replace(' ', '+')}"), combined("/", at(9)), listed=False)
    logbook.name("*.log")
    assert ["a.log holds", "b.log holds"] == [text[:11] for text in logbook.read()["problems"]]


def test_more_numbers_than_can_be_tried_are_said(logbook: Logbook, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of transactions holds millions of numbers; the same one is tried once."""
    monkeypatch.setattr(proofs, "MOST_NUMBERS", 2)
    hashes = [hashlib.sha256(bytes([n])).hexdigest() for n in (1, 2, 1, 2, 3, 4)]
    logbook.write("a.log", *[combined(f"/tx/0x{one}", at(n)) for n, one in enumerate(hashes)])
    (said,) = logbook.read()["problems"]
    assert said == (
        "2 numbers that may be private keys beyond the first 2 were not tried: whose wallets they open is not known. "
        "To go on: read the logs in parts, each as a case of its own"
    )


def test_the_session_of_whoever_typed_it_is_named(logbook: Logbook) -> None:
    """It ties the secret's line to what the same browser did."""
    logbook.write(
        "a.log", combined(f"/u?pk={KEY}"), combined(f"/w/{OWNER}", at(60)), combined("/", at(90) + timedelta(days=1))
    )
    logbook.read()
    mine = logbook.case.read("sightings").filter(pl.col("address") == OWNER)
    assert (2, 1) == (mine.height, mine.select("client", "session").n_unique())
