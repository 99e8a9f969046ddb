"""Exported files in cryo's layout give the tables that the same chain gives through RPC."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from exposure.amounts import NATIVE
from exposure.case import Case
from exposure.chain.files import ExportedFiles
from exposure.chain.plan import APPROVAL, TRANSFER
from exposure.chain.pull import Wanted, pin
from exposure.console import Silent
from exposure.drill.export import export
from exposure.errors import ExposureError
from exposure.tables import TABLES
from tests.chain.village import ERIN, HASTY, Village, incident, pull_all, tables, wanted

TOKEN, VICTIM, SINK, OTHER = ("0x" + digit * 40 for digit in "abcd")
START = 1_772_500_000
MAX = 2**256 - 1


def raw(text: str) -> bytes:
    """Give hex as bytes."""
    return bytes.fromhex(text[2:])


def topic(address: str) -> bytes:
    """Pad an address."""
    return bytes(12) + raw(address)


def frames() -> dict[str, pl.DataFrame]:
    """Three blocks as cryo writes them: the victim pays the sink and loses a token to it; a stranger's payment."""
    u256 = {"value_binary": pl.Binary, "value_string": pl.String, "value_f64": pl.Float64}
    paid: list[tuple[Any, ...]] = [
        (101, 0, b"\x01" * 32, 4, raw(VICTIM), raw(SINK), (7).to_bytes(32, "big"), "7", 7.0, b"", 21_000, 2, True),
        (101, 1, b"\x02" * 32, 0, raw(OTHER), raw(TOKEN), bytes(32), "0", 0.0, b"\xaa\xbb", 50_000, 2, True),
        (102, 0, b"\x03" * 32, 5, raw(VICTIM), raw(SINK), (9).to_bytes(32, "big"), "9", 9.0, b"", 21_000, 2, False),
        (102, 1, b"\x04" * 32, 1, raw(OTHER), raw(OTHER), (1).to_bytes(32, "big"), "1", 1.0, b"", 21_000, 2, True),
    ]
    transactions = {
        "block_number": pl.UInt32,
        "transaction_index": pl.UInt32,
        "transaction_hash": pl.Binary,
        "nonce": pl.UInt64,
        "from_address": pl.Binary,
        "to_address": pl.Binary,
        **u256,
        "input": pl.Binary,
        "gas_used": pl.UInt64,
        "transaction_type": pl.UInt32,
        "success": pl.Boolean,
    }
    event = (
        101,
        1,
        0,
        b"\x02" * 32,
        raw(TOKEN),
        raw(TRANSFER),
        topic(VICTIM),
        topic(SINK),
        None,
        (5).to_bytes(32, "big"),
    )
    given = (
        101,
        1,
        1,
        b"\x02" * 32,
        raw(TOKEN),
        raw(APPROVAL),
        topic(VICTIM),
        topic(SINK),
        None,
        MAX.to_bytes(32, "big"),
    )
    logs = {
        **dict.fromkeys(("block_number", "transaction_index", "log_index"), pl.UInt32),
        **dict.fromkeys(("transaction_hash", "address", "topic0", "topic1", "topic2", "topic3", "data"), pl.Binary),
    }
    blocks = {"block_number": pl.UInt32, "block_hash": pl.Binary, "timestamp": pl.UInt32}
    made = {
        "blocks": pl.DataFrame(
            [(n, bytes([n]) * 32, START + 12 * n) for n in (100, 101, 102)], schema=blocks, orient="row"
        ),
        "transactions": pl.DataFrame(paid, schema=transactions, orient="row"),
        "logs": pl.DataFrame([event, given], schema=logs, orient="row"),
        "balances": pl.DataFrame(
            [(102, raw(VICTIM), "123"), (102, raw(OTHER), "9")],
            schema={"block_number": pl.UInt32, "address": pl.Binary, "balance_string": pl.String},
            orient="row",
        ),
        "erc20_metadata": pl.DataFrame(
            [(102, raw(TOKEN), "=Token", 6)],
            schema={"block_number": pl.UInt32, "erc20": pl.Binary, "symbol": pl.String, "decimals": pl.UInt32},
            orient="row",
        ),
    }
    return {name: frame.with_columns(chain_id=pl.lit(1, pl.UInt64)) for name, frame in made.items()}


def write(folder: Path, made: dict[str, pl.DataFrame]) -> None:
    """Write an export."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in made.items():
        frame.write_parquet(folder / f"ethereum__{name}__00000100_to_00000102.parquet")


def pull_files(case: Path) -> dict[str, object]:
    """Pull the victim and the sink from an export beside the case."""
    told = incident(case, name="ethereum", id=1, data="export", rpc=())
    row: list[dict[str, object]] = [{"address": VICTIM, "reason": "log"}]
    theirs: list[dict[str, object]] = [{"address": SINK, "role": "sink"}]
    begin = datetime.fromtimestamp(START + 1_200, UTC)
    asked = Wanted(
        TABLES["candidates"].frame(row), TABLES["attackers"].frame(theirs), begin, datetime(2100, 1, 1, tzinfo=UTC)
    )
    return pull_all(told, asked)


def test_cryos_binary_columns_become_the_tables(tmp_path: Path) -> None:
    """Amounts, senders, times and receipts, without a single call; the failed payment moved nothing."""
    write(tmp_path / "export", frames())
    figures = pull_files(tmp_path)
    assert (0, []) == (figures["calls"], figures["problems"])
    found = tables(tmp_path)
    time = datetime.fromtimestamp(START + 1_212, UTC)
    columns = [
        "standard",
        "token_address",
        "from_address",
        "to_address",
        "value",
        "value_f64",
        "transaction_from",
        "timestamp",
    ]
    assert [
        ("erc20", TOKEN, VICTIM, SINK, "5", 5e-06, OTHER, time),
        ("native", NATIVE, VICTIM, SINK, "7", 7e-18, VICTIM, time),
    ] == found["transfers"].sort("standard").select(columns).rows()
    assert [("erc20", str(MAX), True, OTHER)] == found["approvals"].select(
        "standard", "value", "unlimited", "transaction_from"
    ).rows()
    assert [(4, True, 21_000), (5, False, 21_000)] == found["transactions"].select(
        "nonce", "success", "gas_used"
    ).rows()
    assert [(VICTIM, NATIVE, "123")] == found["balances"].select("address", "token_address", "balance").rows()
    assert [(TOKEN, "=Token", 6), (NATIVE, "ETH", 18)] == found["tokens"].select(
        "token_address", "symbol", "decimals"
    ).rows()


def test_hex_columns_give_the_same_as_binary_ones(tmp_path: Path) -> None:
    """Cryo writes either."""
    made = frames()
    texts = {
        name: frame.with_columns(
            (pl.lit("0x") + pl.col(column).bin.encode("hex")).alias(column)
            for column, dtype in frame.schema.items()
            if dtype == pl.Binary
        )
        for name, frame in made.items()
    }
    one, other = tmp_path / "one", tmp_path / "other"
    write(one / "export", made)
    write(other / "export", texts)
    pull_files(one)
    pull_files(other)
    for path in (one / "data").iterdir():
        assert path.read_bytes() == (other / "data" / path.name).read_bytes(), path.name


def test_what_an_export_does_not_hold_is_said(tmp_path: Path) -> None:
    """Without balances there is no layer `state`; where the files begin too late a person is told."""
    made = frames()
    del made["balances"]
    write(tmp_path / "export", made)
    told = incident(tmp_path, name="ethereum", id=1, data="export", rpc=())
    none = TABLES["attackers"].empty()
    row: list[dict[str, object]] = [{"address": VICTIM, "reason": "log"}]
    asked = Wanted(
        TABLES["candidates"].frame(row), none, datetime(2026, 3, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    )
    figures = pull_all(told, asked)
    assert [
        "ethereum: the files begin at 2026-03-03 01:26:40 UTC; what happened from 2026-03-01 00:00:00 UTC on is not in them"
    ] == figures["problems"]
    assert ["events", "internal", "logs", "native"] == tables(tmp_path)["coverage"].get_column("layer").to_list()


def test_the_same_chain_through_files_and_through_rpc(village: Village, tmp_path: Path) -> None:
    """Every table of history is the same to the byte; of the state, what an export can hold."""
    wallets = [village.alice, village.bob, village.carol, village.dave, ERIN.address.lower()]
    asked = wanted(village, wallets, [village.drainer, village.sink, village.delegate])
    export(village.url, tmp_path / "files/export", wallets, "anvil")
    pull_all(incident(tmp_path / "rpc", village.url), asked)
    pull_all(incident(tmp_path / "files", data="export", rpc=()), asked)
    one, other = tables(tmp_path / "rpc"), tables(tmp_path / "files")
    for name in ("transactions", "transfers", "approvals", "balances"):
        assert one[name].equals(other[name]), name
    # Nobody ever sent anything to the delegate's code, so the drill does not export it.
    assert one["accounts"].filter(pl.col("address") != village.delegate).equals(other["accounts"])
    # The drill's export gives amounts of Permit2 without the day on which they end: the expired one differs.
    lasting = pl.col("to_address") != village.chain.operator.lower()
    assert one["allowances"].filter(lasting).equals(other["allowances"].filter(lasting))
    # An export's transactions carry no authorizations: the delegation shows in the code alone.
    assert [None] == other["delegations"].get_column("transaction_hash").to_list()
    delegated = one["delegations"].filter(pl.col("transaction_hash").is_not_null()).get_column("block_number")
    assert one["blocks"].filter(~pl.col("block_number").is_in(delegated.implode())).equals(other["blocks"])
    plain = pl.col("standard").is_in(["native", "erc20"])
    assert one["tokens"].filter(plain).equals(other["tokens"].filter(plain))


def test_files_beside_rpc_spare_the_calls_that_they_answer(village: Village, tmp_path: Path) -> None:
    """The export covers all blocks: RPC is asked for the state alone."""
    wallets = [village.alice, village.bob]
    asked = wanted(village, wallets, [village.sink])
    export(village.url, tmp_path / "both/export", wallets, "anvil")
    alone = pull_all(incident(tmp_path / "rpc", village.url), asked)
    both = pull_all(incident(tmp_path / "both", village.url, data="export"), asked)
    assert ([], True) == (both["problems"], int(str(both["calls"])) < int(str(alone["calls"])))
    for name in ("transactions", "transfers", "approvals", "balances", "allowances", "accounts"):
        assert tables(tmp_path / "rpc")[name].equals(tables(tmp_path / "both")[name]), name


@pytest.mark.parametrize("missing", ["blocks", "transactions", "logs"])
def test_a_folder_without_a_needed_dataset_is_named(tmp_path: Path, missing: str) -> None:
    """Which one, and how a file is to be named."""
    made = frames()
    del made[missing]
    write(tmp_path / "export", made)
    with pytest.raises(ExposureError) as error:
        ExportedFiles(tmp_path / "export", "ethereum", 1)
    assert (
        f"{tmp_path}/export cannot stand in for ethereum\n"
        f"  why: it holds no files of {missing}; a file is named such as ethereum__logs__18000000_to_18000999.parquet, or logs.csv\n"
        "  fix: export blocks, transactions and logs with cryo, ethereum-etl or a query of queries/warehouse/, or name an rpc "
        "under [[chain]] in incident.toml"
    ) == str(error.value)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A typing error in incident.toml."""
    told = incident(tmp_path, name="ethereum", id=1, data="exprot", rpc=())
    with pytest.raises(ExposureError) as error:
        pin(told, Case(tmp_path), Silent(), datetime(2100, 1, 1, tzinfo=UTC), refresh=False, patience=HASTY)
    assert (
        f"{tmp_path}/exprot cannot stand in for ethereum\n"
        "  why: there is no such folder; a file is named such as ethereum__logs__18000000_to_18000999.parquet, or logs.csv\n"
        "  fix: export blocks, transactions and logs with cryo, ethereum-etl or a query of queries/warehouse/, or name an rpc "
        "under [[chain]] in incident.toml"
    ) == str(error.value)


def test_files_of_another_chain_are_refused(tmp_path: Path) -> None:
    """The folder of Base was named for Ethereum."""
    write(tmp_path / "export", frames())
    with pytest.raises(ExposureError) as error:
        ExportedFiles(tmp_path / "export", "base", 8453).headers()
    assert (
        f"{tmp_path}/export holds another chain than base\n"
        "  why: its blocks are of chain 1, not 8453\n"
        "  fix: name the folder of this chain as data under [[chain]] in incident.toml"
    ) == str(error.value)


def test_a_file_with_other_columns_is_named(tmp_path: Path) -> None:
    """Logs of another tool under cryo's name."""
    made = frames()
    made["logs"] = made["logs"].rename({"topic0": "topics"})
    write(tmp_path / "export", made)
    with pytest.raises(ExposureError) as error:
        pull_files(tmp_path)
    assert (
        "the export is not in cryo's layout\n"
        "  why: it has no column topic0\n"
        "  fix: export it with cryo, or name its columns as cryo does"
    ) == str(error.value)


def test_an_amount_that_is_none_is_unknown(tmp_path: Path) -> None:
    """Text, a negative number and 2^256 in the place of an amount do not end the run."""
    made = frames()
    amounts = pl.Series("value_string", ["seven", "-1", str(2**256), "1"])
    made["transactions"] = made["transactions"].drop("value_binary").with_columns(amounts)
    write(tmp_path / "export", made)
    pull_files(tmp_path)
    assert [None, None] == tables(tmp_path)["transactions"].get_column("value").to_list()


def test_an_export_is_pinned_at_its_last_block_before_now(tmp_path: Path) -> None:
    """Whatever came after `now` is not looked at."""
    write(tmp_path / "export", frames())
    told = incident(tmp_path, name="ethereum", id=1, data="export", rpc=())
    pin(told, Case(tmp_path), Silent(), datetime.fromtimestamp(START + 1_220, UTC), refresh=False)
    expected = {
        "number": 101,
        "hash": "0x" + "65" * 32,
        "timestamp": datetime.fromtimestamp(START + 1_212, UTC).isoformat(),
        "head": "files",
    }
    assert expected == Case(tmp_path).read_manifest()["as_of"]["chains"]["1"]
