"""Files of reports are read whatever form they come from; no row is lost, and nothing is kept that is not needed."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exposure.claim_files import ClaimFile, read_claims
from exposure.errors import ExposureError

NOW = datetime(2026, 3, 10, tzinfo=UTC)
ALICE, BOB = "0x" + "a1" * 20, "0x" + "b0" * 20
# A key of anvil's, which opens this wallet; and a phrase of the standard's own test vectors.
KEY, OWNER = (
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
)
PHRASE = "legal winner thank year wave sausage worth useful legal winner thank yellow"


def read(folder: Path, text: str, name: str = "reports.csv") -> ClaimFile:
    """Write and read a file."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return read_claims(file, NOW)


def test_a_forms_export_is_understood(tmp_path: Path) -> None:
    """Questions as headers; when the form was sent, names and mail addresses are not what is asked for, and not kept."""
    head = "Timestamp,Email Address,What is your wallet address?,When did it happen?,What did you do?,How much did you lose?,Transaction link,New (safe) wallet"
    row = f'3/5/2026 10:00,a@example.org,{ALICE},2026-03-04 09:12 UTC,"typed my phrase","1.5 ETH",https://etherscan.io/tx/0x{"cd" * 32},{BOB}'
    found = read(tmp_path, f"{head}\n{row}\n")
    one = found.claims[0]
    assert (ALICE, datetime(2026, 3, 4, 9, 12, tzinfo=UTC), "typed my phrase", "1.5 ETH", "0x" + "cd" * 32) == (
        one.address,
        one.time,
        one.did,
        one.amount,
        one.transaction_hash,
    )
    assert ("timestamp", "email address", "new (safe) wallet") == found.ignored
    assert "example.org" not in repr(found.claims)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("r.csv", f"\ufeffaddress;amount;token\n{ALICE};1,5;ETH\n"),
        ("r.tsv", f"Address\tAmount\tToken\n{ALICE}\t1,5\tETH\n"),
        ("r.jsonl", json.dumps({"address": ALICE, "amount": "1,5", "token": "ETH"}) + "\n"),
        ("r.json", json.dumps([{"address": ALICE, "amount": "1,5", "token": "ETH"}])),
    ],
)
def test_tables_of_any_kind(tmp_path: Path, name: str, text: str) -> None:
    """Semicolons, tabs, JSON lines, JSON lists."""
    found = read(tmp_path, text, name)
    assert [(ALICE, "1,5 ETH", None)] == [(one.address, one.amount, one.fault) for one in found.claims]


def test_parquet(tmp_path: Path) -> None:
    """From a help desk's warehouse."""
    pl.DataFrame({"wallet": [ALICE], "ticket": ["815"]}).write_parquet(tmp_path / "r.parquet")
    found = read_claims(tmp_path / "r.parquet", NOW)
    assert [(ALICE, "815")] == [(one.address, one.source) for one in found.claims]


def test_no_row_is_lost(tmp_path: Path) -> None:
    """What cannot be read becomes a claim with its line and its fault; empty lines are none."""
    found = read(tmp_path, f"address,time\n{ALICE},yesterday\nthe blue one,\n,\n{BOB}\n{BOB},2027-01-01T00:00:00Z\n")
    assert [
        (2, ALICE, "the time cannot be read: write 2026-03-04 09:12 UTC"),
        (3, None, "it names no address: 0x and 40 hex digits"),
        (5, None, "the line does not have as many values as there are columns"),
        (6, BOB, "the time lies in the future"),
    ] == [(one.line, one.address, one.fault) for one in found.claims]


@pytest.mark.parametrize(
    "row",
    [f"{ALICE},{PHRASE},", f"{KEY},typed it,", f"{OWNER},my key was stolen,{KEY}", f"{ALICE},private key {KEY[2:]},"],
)
def test_secrets_are_never_kept(tmp_path: Path, row: str) -> None:
    """People paste recovery phrases and keys into forms: the line is named, the secret is not, also where a hash is asked for."""
    found = read(tmp_path, f"address,did,tx\n{row}\n")
    assert (2,) == found.secrets
    assert "it holds what may be a private key or recovery phrase, which was not kept" in str(found.claims[0].fault)
    for secret in ("sausage", KEY[2:]):
        assert secret not in repr(found)


def test_objects_may_differ_in_their_keys(tmp_path: Path) -> None:
    """A help desk's JSON lines name what they have, and a later form names it otherwise."""
    found = read(
        tmp_path,
        "".join(json.dumps(row) + "\n" for row in ({"wallet": ALICE}, {"address": BOB, "note": "x"})),
        "r.jsonl",
    )
    assert ([ALICE, BOB], ("note",)) == ([one.address for one in found.claims], found.ignored)


def test_ip_addresses_are_not_kept_and_hostile_text_is_shown_inert(tmp_path: Path) -> None:
    """Escape sequences, direction marks and endless texts."""
    found = read(
        tmp_path, f'address,did,source\n{ALICE},"from 203.0.113.9 a@example.org \x1b[2J\u202e {"x" * 500}",=1+1\n'
    )
    did = str(found.claims[0].did)
    assert did.startswith(r"from [ip] [mail] \x1b[2J\u202e xxx")
    assert len(did) < 210


def test_a_file_without_addresses_is_an_error(tmp_path: Path) -> None:
    """With the columns that it has, and what to write."""
    with pytest.raises(ExposureError) as raised:
        read(tmp_path, "name,email\nAlice,a@example.org\n")
    assert (
        "reports.csv has no column with wallet addresses\n"
        "  why: its columns are: name, email\n"
        "  fix: name the columns in its first line: address,did,time,amount,asset,chain,tx,source (only address is needed)"
    ) == str(raised.value)


def test_a_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    """Three sentences."""
    with pytest.raises(ExposureError) as raised:
        read_claims(tmp_path / "none.csv", NOW)
    assert (
        "none.csv cannot be read\n  why: No such file or directory\n  fix: name a CSV, JSON lines or Parquet file, in UTF-8"
        == str(raised.value)
    )


@given(st.binary(max_size=2_000) | st.text(max_size=600).map(lambda text: f"address,time\n{text}".encode()))
def test_no_content_breaks_the_reader(content: bytes) -> None:
    """Whatever stands in a file, it is read, or refused in three sentences."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "r.csv"
        file.write_bytes(content)
        with suppress(ExposureError):
            read_claims(file, NOW)
