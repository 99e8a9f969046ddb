"""Addresses are found however they are written, and nothing else is taken for one."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.logs.addresses import find_in_text, find_mentions, lines_with_names, may_hold_address
from tests.logs.logbook import ALICE, BOB, CAROL, CHECKSUMMED

HASH = "0x" + "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
TYPO = CHECKSUMMED[:-1] + "D"


def mentions(target: str | None, referer: str | None = None) -> list[tuple[str, bool, bool]]:
    """Give address, in_target and typo of one line."""
    rows = pl.DataFrame(
        {"source": [0], "line": [1], "target": [target], "referer": [referer]},
        schema={"source": pl.UInt32, "line": pl.UInt64, "target": pl.String, "referer": pl.String},
    )
    return sorted(find_mentions(rows).select("address", "in_target", "typo").rows())


@pytest.mark.parametrize(
    "target",
    [
        f"/wallet/{ALICE}",
        f"/wallet/0x{ALICE[2:].upper()}",
        f"/wallet/0X{ALICE[2:].upper()}",
        f"/wallet?a={ALICE}&b=1",
        f"/q?to=%7B%22to%22%3A%22{ALICE}%22%7D",
        f"/out?to=%2Flogin%3Fnext%3D%252Fwallet%252F{ALICE}%253Fref",
        f"/wallet/%30%78{ALICE[2:]}",
        f"/wallet/%2530x{ALICE[2:]}",
        f"/wallet/0x{''.join(f'%{ord(digit):02X}' for digit in ALICE[2:])}",
        f"/wallet/&#48;x{ALICE[2:]}",
        f"/wallet/0&#120;{ALICE[2:]}",
        f"/wallet/&#x30;&#x78;{ALICE[2:]}",
        f"/wallet?x=1&amp;a={ALICE}&amp;b=2",
        f"/wallet?x=1&amp;a=&amp;#48;x{ALICE[2:]}",
        f"/wallet/%26%2348;x{ALICE[2:]}",
        f"/wallet/{''.join(f'&#{ord(sign)};' for sign in ALICE)}",
        f'{{"a":"\\u0030x{ALICE[2:]}"}}',
        f'{{"a":"\\u0030\\u0078{ALICE[2:].upper()}"}}',
        f'"{{\\"a\\":\\"\\\\u0030x{ALICE[2:]}\\"}}"',
        f"/wallet/%5Cu0030x{ALICE[2:]}",
        f"/wallet/\\x30x{ALICE[2:]}",
        f'{{"a":"to:\\n{ALICE}"}}',
        f"/users/user_{ALICE}_1",
        f"/eip155:1:{ALICE}",
        f"/{ALICE}.json",
        ALICE,
    ],
)
def test_an_address_is_found_in_any_spelling(target: str) -> None:
    """Lowercase, uppercase, percent-encoded once, twice, in part or wholly, joined by punctuation."""
    assert [(ALICE, True, False)] == mentions(target)


WORD = ALICE[2:].rjust(64, "0")


@pytest.mark.parametrize(
    "target",
    [
        f"/call?data=0x70a08231{WORD}",
        f"/call?data=0xdd62ed3e{WORD}{'1'.rjust(64, '0')}",
        f"/logs?topic=0x{WORD}",
        f"/logs?topics=[%220x{WORD.upper()}%22]",
        f"/call?data=0x{HASH[2:]}{WORD}",
    ],
)
def test_an_address_in_a_word_of_calldata_is_found(target: str) -> None:
    """After a selector, among other words, or as a topic of its own."""
    assert [(ALICE, True, False)] == mentions(target)


@pytest.mark.parametrize(
    "target",
    [
        f"/call?data=0xa9059cbb{'3e8'.rjust(64, '0')}",
        f"/call?data=0xa9059cbb{('f' * 32).rjust(64, '0')}",
        f"/call?data=0xa9059cbb{('f' * 40).rjust(64, '0')}",
        f"/call?data=0x70a08231{WORD}0",
        f"/call?data=0x70a082{WORD}",
        f"/x/{WORD}",
    ],
)
def test_a_padded_number_is_no_address(target: str) -> None:
    """Amounts are padded as well; what is no whole words is no call."""
    assert [] == mentions(target)


@pytest.mark.parametrize(
    "target",
    [
        f"/tx/{HASH}",
        f"/{ALICE}0",
        f"/0{ALICE}",
        f"/a{ALICE}",
        f"/{ALICE}xyz",
        f"/{ALICE[:-1]}",
        f"/{ALICE}%41",
        f"/{ALICE}&#65;",
        f"/{ALICE}\\u0041",
        f"/&#48;x{ALICE[2:]}0",
        f"/tx/&#48;x{HASH[2:]}",
        f"/{ALICE[2:]}",
        f"/app.{ALICE[2:]}.js",
        "/0x" + "0" * 40,
        "/0x" + "E" * 40,
        "/",
        None,
    ],
)
def test_other_hex_is_no_address(target: str | None) -> None:
    """Transaction hashes, longer and shorter numbers, hashes of files, and addresses that stand for nobody."""
    assert [] == mentions(target)


def test_a_checksum_that_is_right_joins_and_a_wrong_one_is_a_typo() -> None:
    """A mistyped digit makes the address of somebody else, or of nobody; case is where it shows."""
    assert [(CHECKSUMMED.lower(), True, False)] == mentions(f"/wallet/{CHECKSUMMED}")
    assert [(TYPO.lower(), True, True)] == mentions(f"/wallet/{TYPO}")
    assert [(CHECKSUMMED.lower(), True, False)] == mentions(f"/wallet/{TYPO}?again={CHECKSUMMED}")


def test_several_addresses_of_one_line_are_each_found_once() -> None:
    """Even where one character stands between them; the referer's are told apart."""
    found = mentions(f"/balances?of={ALICE},{BOB},{ALICE.upper().replace('X', 'x')}", f"https://x/{BOB}/{CAROL}")
    assert [(ALICE, True, False), (BOB, True, False), (CAROL, False, False)] == found


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("/address/alice.eth", True),
        ("/q?name=pay.Alice-1.eth&b", True),
        ('{"name":"alice.eth"}', True),
        ("alice.eth", True),
        ("/alice.ethereum.org", False),
        ("/alice.eth.limo", False),
        ("/.eth", False),
        ("/ab.eth", False),
        (None, False),
    ],
)
def test_lines_with_ens_names_are_counted(text: str | None, named: bool) -> None:
    """They name a wallet that is not known yet; a host of that name is none."""
    rows = pl.DataFrame({"target": [text, None]}, schema={"target": pl.String})
    assert (1 if named else 0) == lines_with_names(rows, "target").height


def test_a_line_that_could_not_be_read_still_gives_its_addresses() -> None:
    """It is evidence that somebody was there; typos and hashes are not."""
    assert [ALICE, BOB] == find_in_text(
        f'{{"a": "{BOB.upper().replace("X", "x")}", "b": "/%30x{ALICE[2:]}", "{TYPO}", "{HASH}"'
    )


DRESSES = (
    lambda sign: sign,
    lambda sign: "".join(f"%{byte:02x}" for byte in sign.encode("utf-8", "replace")),
    lambda sign: f"&#{ord(sign)};",
    lambda sign: f"&#x{ord(sign):X};",
    lambda sign: f"\\u{ord(sign):04x}" if ord(sign) < 1 << 16 else sign,
    lambda sign: sign.replace("&", "&amp;").replace("%", "%25").replace("\\", "%5C"),
)


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=20), st.integers(0, 2**160 - 1), st.text(max_size=20), st.data())
def test_the_quick_look_never_overlooks_an_address(before: str, number: int, after: str, data: st.DataObject) -> None:
    """What it passes over is never looked at again: each character in a dress of its own, up to three over each other."""
    text = f"{before}0x{number:040x}{after}"
    for _ in range(data.draw(st.integers(0, 3))):
        worn = data.draw(st.lists(st.sampled_from(DRESSES), min_size=1, max_size=8))
        text = "".join(worn[place % len(worn)](sign) for place, sign in enumerate(text))
    quick = pl.DataFrame({"text": [text]}, schema={"text": pl.String}).select(may_hold_address("text")).item()
    assert quick or not find_in_text(text)
