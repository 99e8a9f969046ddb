"""Contracts answer as they like: what one of them says or burns never hides or changes what the others say."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from web3.contract import Contract

from exposure.amounts import NATIVE
from exposure.chain.build import Events
from exposure.chain.events import GRANTS, MOVES
from exposure.chain.multicall import BALANCE_OF, DECIMALS, GET_OWNERS, GET_THRESHOLD, SYMBOL, address_word, word
from exposure.chain.snapshot import Here, questions, state_tables, subject_of
from exposure.chain.state import ANSWERS, Answers, call
from exposure.drill.anvil import Anvil
from tests.chain.village import CHAIN_ID, CONFIRMED, START, Village, incident, pull_all, set_answers, tables, wanted
from tests.drill.playground import Chain

NASTY = '=HYPERLINK("https://evil.example","x")\x1b[2J\u202e' + "y" * 5_000
# JUMPDEST, PUSH1 0, JUMP: burns all the gas it is given.
ENDLESS = "0x5b600056"
HERE = Here(1, 100, "0x" + "00" * 32, 1_772_500_000, "ETH")


@pytest.fixture
def chain(start_anvil: Callable[..., Anvil]) -> Chain:
    """A node with Multicall3 on which tests may leave hostile contracts."""
    chain = Chain(start_anvil(timestamp=START))
    chain.place("Multicall3")
    return chain


def minted(chain: Chain, symbol: str, decimals: int, amount: int) -> Contract:
    """Create a token that the owner holds some of."""
    token = chain.deploy("TestToken", "Token", symbol, decimals)
    chain.send(token.functions.mint(chain.owner, amount), chain.relayer)
    return token


def pull_owner(chain: Chain, folder: Path) -> dict[str, pl.DataFrame]:
    """Confirm, pull everything of the owner, and give the tables."""
    chain.node.call("anvil_mine", hex(CONFIRMED))
    owner = chain.owner.lower()
    village = Village(chain, owner, owner, owner, owner)
    figures = pull_all(incident(folder, village.url), wanted(village, [owner], []))
    assert [] == figures["problems"]
    return tables(folder)


def test_a_hostile_symbol_is_kept_as_data_and_cut(chain: Chain, tmp_path: Path) -> None:
    """A formula, an escape sequence and five thousand letters; decimals of 255 make a number as small as they say."""
    token = minted(chain, NASTY, 255, 5 * 10**76)
    found = pull_owner(chain, tmp_path)
    [row] = found["tokens"].filter(token_address=token.address.lower()).rows(named=True)
    assert (NASTY[:64], 255) == (row["symbol"], row["decimals"])
    [held] = found["balances"].filter(token_address=token.address.lower()).rows(named=True)
    assert (str(5 * 10**76), 5e-179) == (held["balance"], held["balance_f64"])


def test_a_token_that_burns_all_gas_hides_nobody_elses_balance(chain: Chain, tmp_path: Path) -> None:
    """In one call with it the others would fail too: what failed is asked again, alone."""
    tokens = [minted(chain, f"T{number}", 0, 100 + number) for number in range(4)]
    burner = tokens[1].address.lower()
    chain.node.call("anvil_setCode", burner, ENDLESS)
    found = pull_owner(chain, tmp_path)["balances"].filter(pl.col("token_address") != NATIVE)
    expected = {token.address.lower(): str(100 + n) for n, token in enumerate(tokens) if n != 1}
    assert expected == dict(found.select("token_address", "balance").iter_rows())


def test_a_token_whose_code_is_gone_has_no_balance_and_no_decimals(chain: Chain, tmp_path: Path) -> None:
    """It destroyed itself after its events: amounts are then given in base units, never guessed."""
    token = minted(chain, "GONE", 6, 7)
    chain.node.call("anvil_setCode", token.address, "0x")
    found = pull_owner(chain, tmp_path)
    assert [NATIVE] == found["balances"].get_column("token_address").to_list()
    row = found["tokens"].filter(token_address=token.address.lower()).select("symbol", "decimals").row(0)
    assert ((None, None), [7.0]) == (row, found["transfers"].get_column("value_f64").to_list())


def test_a_safe_is_told_by_its_owners_and_threshold(chain: Chain, tmp_path: Path) -> None:
    """A contract that answers both, and asks for no more signers than it has."""
    owners = word(32) + word(1) + word(int(chain.friend, 16))
    set_answers(chain.node, chain.owner, {GET_OWNERS: owners, GET_THRESHOLD: word(1)})
    [row] = pull_owner(chain, tmp_path)["accounts"].rows(named=True)
    assert (CHAIN_ID, "safe") == (row["chain_id"], row["kind"])


TOKEN, SPENDER = "0x" + "aa" * 20, "0x" + "bb" * 20
WALLETS = ["0x" + f"{number:02x}" * 20 for number in range(1, 6)]


def moved(*rows: tuple[str, str, str]) -> Events:
    """Make events of ERC-20 transfers: token, from, to."""
    place = {
        "block_number": 1,
        "transaction_index": 0,
        "transaction_hash": "0x" + "00" * 32,
        "log_index": 0,
        "value": "1",
    }
    moves = [
        {**place, "standard": "erc20", "token_address": token, "from_address": sender, "to_address": to}
        for token, sender, to in rows
    ]
    return Events(pl.DataFrame(moves, schema=MOVES), pl.DataFrame(schema=GRANTS), 0)


def test_a_token_that_several_wallets_were_seen_with_is_asked_of_all() -> None:
    """Who got theirs long ago still holds it: without this their savings would be invisible."""
    events = moved(*((TOKEN, SPENDER, wallet) for wallet in WALLETS[:3]))
    subject = subject_of(events, WALLETS, [], [])
    assert [(wallet, TOKEN) for wallet in WALLETS[:3]] == list(subject.seen)
    assert [(wallet, TOKEN) for wallet in WALLETS[3:]] == list(subject.guessed)
    assert () == subject_of(moved((TOKEN, SPENDER, WALLETS[0])), WALLETS, [], []).guessed


def test_of_a_guess_only_what_is_held_becomes_a_row() -> None:
    """A zero that somebody was seen with says that it is gone; a zero of a guess says nothing."""
    events = moved(*((TOKEN, SPENDER, wallet) for wallet in WALLETS[:3]))
    subject = subject_of(events, WALLETS, [], [])
    held = dict(zip(WALLETS, (0, 5, 6, 0, 7), strict=True))
    rows = [
        {"question": call(TOKEN, BALANCE_OF + address_word(wallet)).key, "answer": word(amount)}
        for wallet, amount in held.items()
    ]
    built = state_tables(subject, Answers(pl.DataFrame(rows, schema=ANSWERS)), HERE)
    found = dict(built["balances"].select("address", "balance").iter_rows())
    assert {WALLETS[0]: "0", WALLETS[1]: "5", WALLETS[2]: "6", WALLETS[4]: "7"} == found


def test_decimals_that_do_not_fit_a_byte_are_no_answer() -> None:
    """2^255 decimals are a hostile token's."""
    subject = subject_of(moved((TOKEN, SPENDER, WALLETS[0])), [], [], [])
    rows = [
        {"question": call(TOKEN, DECIMALS).key, "answer": word(2**255)},
        {"question": call(TOKEN, SYMBOL).key, "answer": None},
    ]
    built = state_tables(subject, Answers(pl.DataFrame(rows, schema=ANSWERS)), HERE)
    assert [(None, None)] == built["tokens"].filter(token_address=TOKEN).select("symbol", "decimals").rows()


def test_nothing_is_asked_about_nobody() -> None:
    """No wallets, no events."""
    assert [] == questions(subject_of(moved(), [], [], []))
