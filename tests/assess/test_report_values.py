"""What people type into a form is read as they meant it, or not at all."""

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exposure.assess.report_values import read_amounts, read_hash, read_time, read_wallet

GOOD = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
HASH = "0x" + "ab" * 32


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.lower(),
        f"  {GOOD}\n",
        f"https://etherscan.io/address/{GOOD}#tokentxns",
        f"eip155:1:{GOOD}",
        f"mine is {GOOD}, thanks",
        f"{GOOD} {GOOD.lower()}",
    ],
)
def test_one_address_is_found_wherever_it_stands(text: str) -> None:
    """Bare, in a link, in a sentence, or twice."""
    assert GOOD.lower() == read_wallet(text)


def test_an_ens_name_is_kept_for_whoever_knows_it() -> None:
    """Names are resolved by the case, not guessed."""
    assert "vitalik.eth" == read_wallet(" Vitalik.eth ")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it names no address"),
        ("the blue one", "it names no address: 0x and 40 hex digits"),
        (HASH, "it names no address: 0x and 40 hex digits"),
        (
            GOOD[:-1] + "7",
            "the address has a wrong checksum: a digit was mistyped, so nobody knows which wallet is meant",
        ),
        (f"{GOOD} and 0x{'1' * 40}", "it names several addresses; write one report for each"),
    ],
)
def test_what_is_no_address_is_not_guessed(text: str, why: str) -> None:
    """A wrong guess judges somebody else's wallet."""
    with pytest.raises(ValueError, match=f"^{why}$"):
        read_wallet(text)


def test_hashes() -> None:
    """Bare, in a link, without 0x; none is none; anything else is a fault."""
    assert [HASH, HASH, HASH, None] == [
        read_hash(t) for t in (HASH.upper().replace("0X", "0x"), f"https://etherscan.io/tx/{HASH}", HASH[2:], " ")
    ]
    with pytest.raises(ValueError, match="not one hash"):
        read_hash("0x1234")


@pytest.mark.parametrize(
    ("text", "time", "slack"),
    [
        ("2026-03-04T09:12:00Z", (9, 12), 0.0),
        ("2026-03-04 09:12 UTC", (9, 12), 0.0),
        ("2026-03-04T10:12:00+01:00", (9, 12), 0.0),
        ("2026-03-04 09:12", (9, 12), 14.0),
        ("4 March 2026", (12, 0), 26.0),
        ("2026-03-04", (12, 0), 26.0),
        ("04.03.2026 09:12", (9, 12), 14.0),
    ],
)
def test_a_time_says_how_far_it_may_be_off(text: str, time: tuple[int, int], slack: float) -> None:
    """Without a zone by half a world, without a time of day by a day as well."""
    assert (datetime(2026, 3, 4, *time, tzinfo=UTC), slack) == read_time(text)


def test_a_date_with_two_readings_is_refused() -> None:
    """03/04 is two days, a month apart; where only one reading is a date, it is that."""
    with pytest.raises(ValueError, match="two ways"):
        read_time("03/04/2026")
    assert (datetime(2026, 3, 14, 14, 33, tzinfo=UTC), 14.0) == read_time("3/14/2026 2:33 PM")
    assert (None, 0.0) == read_time("  ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.5 ETH", [((Decimal("1.5"),), "ETH")]),
        ("1.5 ETH and 3,000.25 USDC", [((Decimal("1.5"),), "ETH"), ((Decimal("3000.25"),), "USDC")]),
        ("1,234", [((Decimal("1.234"), Decimal(1234)), "")]),
        ("1.234,5 EUR", [((Decimal("1234.5"),), "EUR")]),
        ("$3k", [((Decimal(3000),), "USD")]),
        ("about 0,5 eth", [((Decimal("0.5"),), "ETH")]),
        ("all of it", []),
    ],
)
def test_amounts_as_the_world_writes_them(text: str, expected: list[tuple[tuple[Decimal, ...], str]]) -> None:
    """Where a comma may be either, both readings stand."""
    assert expected == [(amount.readings, amount.symbol) for amount in read_amounts(text)]


@given(st.text(max_size=300))
def test_no_text_breaks_a_reader(text: str) -> None:
    """Forms are filled by everybody, also by those who wish us ill."""
    read_amounts(text)
    for read in (read_time, read_wallet, read_hash):
        with suppress(ValueError):
            read(text)


def test_what_was_typed_is_never_repeated_in_a_fault() -> None:
    """It may be a recovery phrase or a private key in the wrong place."""
    for read in (read_time, read_wallet, read_hash):
        with pytest.raises(ValueError, match=r"^(the|it) ") as raised:
            read("legal winner thank year")
        assert "winner" not in str(raised.value)
