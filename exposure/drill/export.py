"""A replayed chain -> Parquet files in cryo's layout, so that a drill can be worked on where no node runs.

Blocks, transactions and logs have cryo's names, columns and types (addresses, hashes and 256-bit numbers as binary). So has the
state, read at the last block of the files: balances, nonces, codes, erc20_balances, erc20_metadata. What cryo has no dataset
for is named in its manner: allowances (standard: erc20, for_all or permit2) and erc721_balances.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from exposure.case import write_parquet
from exposure.drill.export_state import read_state
from exposure.drill.node import Node
from exposure.drill.wire import Schema, number, raw, u256, u256_schema

_ZERO = bytes(20)


def export(rpc_url: str, folder: Path, wallets: Sequence[str], name: str = "ethereum") -> None:
    """Write the chain up to its finalized block, and the state there of `wallets` and of everybody who met a token."""
    with Node(rpc_url) as node:
        chain_id = int(node.call("eth_chainId"), 16)
        last = int(node.call("eth_getBlockByNumber", "finalized", False)["number"], 16)
        blocks = node.batch("eth_getBlockByNumber", [[hex(one), True] for one in range(last + 1)])
        receipts = node.batch("eth_getBlockReceipts", [[hex(one)] for one in range(last + 1)])
        flat = [receipt for of_block in receipts for receipt in of_block]
        logs = _logs([log for receipt in flat for log in receipt["logs"]])
        frames = {"blocks": _blocks(blocks), "transactions": _transactions(blocks, flat), "logs": logs}
        frames |= read_state(node, last, logs, _people(frames["transactions"], logs, wallets))
    folder.mkdir(parents=True, exist_ok=True)
    for dataset, frame in frames.items():
        whole = frame.with_columns(chain_id=pl.lit(chain_id, pl.UInt64))
        write_parquet(folder / f"{name}__{dataset}__{0:08}_to_{last:08}.parquet", whole)


def _blocks(blocks: Iterable[dict[str, Any]]) -> pl.DataFrame:
    rows = [
        (
            number(block["number"]),
            raw(block["hash"]),
            number(block["timestamp"]),
            raw(block["miner"]),
            number(block["gasUsed"]),
            raw(block["extraData"]),
            number(block["baseFeePerGas"]),
        )
        for block in blocks
    ]
    schema: Schema = {
        "block_number": pl.UInt32,
        "block_hash": pl.Binary,
        "timestamp": pl.UInt32,
        "author": pl.Binary,
        "gas_used": pl.UInt64,
        "extra_data": pl.Binary,
        "base_fee_per_gas": pl.UInt64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _transactions(blocks: Iterable[dict[str, Any]], receipts: Iterable[dict[str, Any]]) -> pl.DataFrame:
    by_hash = {receipt["transactionHash"]: receipt for receipt in receipts}
    rows = []
    for one in (transaction for block in blocks for transaction in block["transactions"]):
        receipt, data = by_hash[one["hash"]], raw(one["input"])
        rows.append(
            {
                "block_number": number(one["blockNumber"]),
                "transaction_index": number(one["transactionIndex"]),
                "transaction_hash": raw(one["hash"]),
                "nonce": number(one["nonce"]),
                "from_address": raw(one["from"]),
                "to_address": raw(one["to"]) if one["to"] else None,
                **u256("value", number(one["value"])),
                "input": data,
                "gas_limit": number(one["gas"]),
                "gas_used": number(receipt["gasUsed"]),
                "gas_price": number(receipt["effectiveGasPrice"]),
                "transaction_type": number(one["type"]),
                "max_priority_fee_per_gas": number(one["maxPriorityFeePerGas"]),
                "max_fee_per_gas": number(one["maxFeePerGas"]),
                "success": receipt["status"] == "0x1",
                "n_input_bytes": len(data),
                "n_input_zero_bytes": data.count(0),
                "n_input_nonzero_bytes": len(data) - data.count(0),
            }
        )
    schema: Schema = {
        "block_number": pl.UInt32,
        "transaction_index": pl.UInt32,
        "transaction_hash": pl.Binary,
        "nonce": pl.UInt64,
        "from_address": pl.Binary,
        "to_address": pl.Binary,
        **u256_schema("value"),
        "input": pl.Binary,
        **dict.fromkeys(("gas_limit", "gas_used", "gas_price"), pl.UInt64),
        "transaction_type": pl.UInt32,
        **dict.fromkeys(("max_priority_fee_per_gas", "max_fee_per_gas"), pl.UInt64),
        "success": pl.Boolean,
        **dict.fromkeys(("n_input_bytes", "n_input_zero_bytes", "n_input_nonzero_bytes"), pl.UInt32),
    }
    return pl.DataFrame(rows, schema=schema)


def _logs(logs: Iterable[dict[str, Any]]) -> pl.DataFrame:
    rows = []
    for log in logs:
        topics = [raw(topic) for topic in log["topics"]]
        data = raw(log["data"])
        rows.append(
            (
                number(log["blockNumber"]),
                number(log["transactionIndex"]),
                number(log["logIndex"]),
                raw(log["transactionHash"]),
                raw(log["address"]),
                *(topics + [None] * 4)[:4],
                data,
                len(data),
            )
        )
    schema: Schema = {
        **dict.fromkeys(("block_number", "transaction_index", "log_index"), pl.UInt32),
        **dict.fromkeys(("transaction_hash", "address", "topic0", "topic1", "topic2", "topic3", "data"), pl.Binary),
        "n_data_bytes": pl.UInt32,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _people(transactions: pl.DataFrame, logs: pl.DataFrame, wallets: Sequence[str]) -> list[bytes]:
    """Give every address that sent or got anything, and the wallets, sorted."""
    found = {bytes.fromhex(wallet[2:]) for wallet in wallets}
    for column in ("from_address", "to_address"):
        found.update(transactions.get_column(column).drop_nulls())
    for column in ("topic1", "topic2"):
        found.update(topic[12:] for topic in logs.get_column(column).drop_nulls() if topic[:12] == bytes(12))
    return sorted(found - {_ZERO})
