"""ethereum-etl's CSV, results of the warehouse queries and cryo's own files give the tables that the same chain gives through RPC."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import sqlglot

from exposure.chain.exports import find_exports, read_export
from exposure.chain.plan import EVENTS, SAFE_SHAPE
from exposure.errors import ExposureError
from tests.chain.exports import CRYO_RUNS, Rows, read_chain, write_cryo, write_etl
from tests.chain.village import ERIN, Village, incident, pull_all, tables, wanted

WAREHOUSE = Path(__file__).parents[2] / "queries" / "warehouse"
KINDS = {0: "Legacy", 1: "AccessList", 2: "DynamicFee", 3: "Blob", 4: "SetCode"}


def _engine_bigquery(rows: Rows) -> tuple[duckdb.DuckDBPyConnection, dict[str, Any]]:
    """Make the dataset's tables as BigQuery declares them."""
    engine = duckdb.connect()
    engine.execute("ATTACH ':memory:' AS \"bigquery-public-data\"")
    engine.execute('CREATE SCHEMA "bigquery-public-data".crypto_ethereum')
    stamp = (pl.col("time") * 1_000_000).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    receipt = {
        "status": "receipt_status",
        "gas_used": "receipt_gas_used",
        "contract_address": "receipt_contract_address",
    }
    frames = {
        "blocks": pl.DataFrame(rows["blocks"]).with_columns(timestamp=stamp),
        "transactions": pl.DataFrame(rows["transactions"])
        .with_columns(pl.col("value").cast(pl.Decimal(38, 0)), block_timestamp=stamp)
        .rename(receipt),
        "logs": pl.DataFrame(rows["logs"]).with_columns(block_timestamp=stamp),
    }
    for name, frame in frames.items():
        engine.register("made", frame.to_arrow())
        engine.execute(f'CREATE TABLE "bigquery-public-data".crypto_ethereum.{name} AS SELECT * FROM made')
    return engine, {"first": datetime(2000, 1, 1, tzinfo=UTC), "last": datetime(2100, 1, 1, tzinfo=UTC)}


def _engine_dune(rows: Rows) -> tuple[duckdb.DuckDBPyConnection, dict[str, Any]]:
    """Make Dune's tables: hashes and addresses as varbinary, the type of a transaction as a word."""
    engine = duckdb.connect()
    engine.execute("CREATE SCHEMA ethereum")
    stamp = (pl.col("time") * 1_000_000).cast(pl.Datetime("us"))

    def binary(*names: str) -> list[pl.Expr]:
        return [pl.col(name).str.slice(2).str.decode("hex") for name in names]

    topics = [
        pl.col("topics").list.get(n, null_on_oob=True).str.slice(2).str.decode("hex").alias(f"topic{n}")
        for n in range(4)
    ]
    frames = {
        "blocks": pl.DataFrame(rows["blocks"]).with_columns(*binary("hash"), time=stamp),
        "transactions": pl.DataFrame(rows["transactions"])
        .with_columns(
            *binary("hash", "from_address", "to_address", "input"),
            pl.col("value").cast(pl.Decimal(38, 0)),
            type=pl.col("transaction_type").replace_strict(KINDS),
            success=pl.col("status") == 1,
            block_time=stamp,
        )
        .rename({"from_address": "from", "to_address": "to", "input": "data", "transaction_index": "index"}),
        "logs": pl.DataFrame(rows["logs"])
        .with_columns(*binary("transaction_hash", "block_hash", "address", "data"), *topics, block_time=stamp)
        .drop("topics")
        .rename(
            {
                "transaction_hash": "tx_hash",
                "transaction_index": "tx_index",
                "log_index": "index",
                "address": "contract_address",
            }
        ),
    }
    for name, frame in frames.items():
        engine.register("made", frame.to_arrow())
        engine.execute(f"CREATE TABLE ethereum.{name} AS SELECT * FROM made")
    return engine, {}


def _run_queries(
    file: str, dialect: str, engine: duckdb.DuckDBPyConnection, values: dict[str, Any], folder: Path, kind: str
) -> None:
    """Run a file's three statements in its own dialect's words, and save the results as a person would."""
    text = (
        (WAREHOUSE / file)
        .read_text()
        .replace("{{first}}", "2000-01-01 00:00:00")
        .replace("{{last}}", "2100-01-01 00:00:00")
    )
    folder.mkdir(parents=True)
    statements = sqlglot.transpile(text, read=dialect, write="duckdb")
    for name, statement in zip(("blocks", "transactions", "logs"), statements, strict=True):
        found = pl.DataFrame(engine.execute(statement, values or None).to_arrow_table())
        (found.write_csv if kind == "csv" else found.write_parquet)(folder / f"{name}.{kind}")


def _through_etl(village: Village, folder: Path) -> None:
    write_etl(read_chain(village.url), folder)


def _through_bigquery(village: Village, folder: Path) -> None:
    engine, values = _engine_bigquery(read_chain(village.url))
    _run_queries("bigquery.sql", "bigquery", engine, values, folder, "csv")


def _through_dune(village: Village, folder: Path) -> None:
    engine, values = _engine_dune(read_chain(village.url))
    _run_queries("dune.sql", "trino", engine, values, folder, "parquet")


def _through_cryo(village: Village, folder: Path) -> None:
    write_cryo(village.url, folder, "anvil")


@pytest.mark.parametrize(
    "through", [_through_etl, _through_bigquery, _through_dune, *([_through_cryo] if CRYO_RUNS else [])]
)
def test_the_same_chain_through_another_programs_files_and_through_rpc(
    village: Village, tmp_path: Path, through: Callable[[Village, Path], None]
) -> None:
    """Files alone: every transaction, transfer and approval, but for what no such file holds, tokens' decimals and delegations.

    Beside an RPC, which is then asked for the state alone, the decimals are there as well.
    """
    wallets = [village.alice, village.bob, village.carol, village.dave, ERIN.address.lower()]
    asked = wanted(village, wallets, [village.drainer, village.sink, village.delegate])
    through(village, tmp_path / "files/export")
    pull_all(incident(tmp_path / "rpc", village.url), asked)
    figures = pull_all(incident(tmp_path / "files", data="export", rpc=()), asked)
    assert (0, []) == (figures["calls"], figures["problems"])
    assert (
        [] == pull_all(incident(tmp_path / "both", village.url, data=str(tmp_path / "files/export")), asked)["problems"]
    )
    one, files, both = (tables(tmp_path / name) for name in ("rpc", "files", "both"))
    for name in ("transactions", "transfers", "approvals"):
        assert one[name].height >= 3
        decimals = [] if name == "transactions" else ["value_f64"]
        assert one[name].drop(decimals).equals(files[name].drop(decimals)), name
        assert one[name].equals(both[name]), name
    for name in ("balances", "allowances", "accounts", "tokens"):
        assert one[name].equals(both[name]), name
    delegated = one["delegations"].filter(pl.col("transaction_hash").is_not_null()).get_column("block_number")
    assert one["blocks"].filter(~pl.col("block_number").is_in(delegated.implode())).equals(files["blocks"])
    note = files["coverage"].filter(pl.col("layer") == "native").item(0, "note")
    assert "exported files hold no EIP-7702 authorizations" in note


def test_the_warehouse_queries_ask_for_every_event_that_is_read() -> None:
    """A new event must reach these files too."""
    for file in ("bigquery.sql", "dune.sql"):
        found = set(re.findall(r"'(?:0x)?([0-9a-f]{64})'", (WAREHOUSE / file).read_text()))
        assert {event[2:] for event in (*EVENTS, *SAFE_SHAPE.events)} == found, file


def test_files_cover_the_blocks_that_they_hold(tmp_path: Path) -> None:
    """A hole in the file of blocks is a hole of all."""
    (tmp_path / "blocks.csv").write_text("number,hash,timestamp\n5,0x05,60\n6,0x06,72\n9,0x09,108\n")
    (tmp_path / "logs_5_9.csv").write_text("block_number,topics\n5,\n")
    found = {dataset: blocks for dataset, _, blocks, _ in find_exports(tmp_path, ())}
    assert {"blocks": ((5, 6), (9, 9)), "logs": ((5, 6), (9, 9))} == found
    assert [] == list(find_exports(tmp_path, ("blocks",)))


def test_a_csv_that_is_none_is_named(tmp_path: Path) -> None:
    """A Parquet file under a CSV's name, and the other way round."""
    (tmp_path / "blocks.parquet").write_text("number,hash\n")
    with pytest.raises(ExposureError) as error:
        read_export("blocks", tmp_path / "blocks.parquet")
    assert (
        f"{tmp_path}/blocks.parquet cannot be read\n"
        "  why: it is not the parquet that its name says (ComputeError)\n"
        "  fix: export it again; what was read of other files is kept"
    ) == str(error.value)


def test_topics_are_read_as_text_with_commas_and_as_lists(tmp_path: Path) -> None:
    """ethereum-etl writes the one, warehouses export the other."""
    expected = [("0xaa", "0xbb", None, None)]
    (tmp_path / "logs.csv").write_text('block_number,topics\n1,"0xaa,0xbb"\n')
    (tmp_path / "logs_2.csv").write_text("block_number,topics\n1,\"['0xaa', '0xbb']\"\n")
    pl.DataFrame({"block_number": [1], "topics": [["0xaa", "0xbb"]]}).write_parquet(tmp_path / "logs.parquet")
    for file in ("logs.csv", "logs_2.csv", "logs.parquet"):
        assert expected == read_export("logs", tmp_path / file).select("topic0", "topic1", "topic2", "topic3").rows(), (
            file
        )
