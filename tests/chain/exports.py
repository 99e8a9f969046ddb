"""The files that other programs make of a chain: ethereum-etl's CSV, and cryo's Parquet by cryo itself."""

import sys
from pathlib import Path
from typing import Any

import polars as pl

from exposure.drill.node import Node

# cryo comes as one wheel, for this system and this Python: there it must be installed.
CRYO_RUNS = sys.platform == "linux" and sys.version_info[:2] == (3, 11)

Rows = dict[str, list[dict[str, Any]]]


def read_chain(url: str) -> Rows:
    """Read the whole chain plainly: blocks, transactions with their receipts, logs."""
    with Node(url) as node:
        last = int(node.call("eth_getBlockByNumber", "finalized", False)["number"], 16)
        blocks = node.batch("eth_getBlockByNumber", [[hex(one), True] for one in range(last + 1)])
        receipts = [one for of in node.batch("eth_getBlockReceipts", [[hex(n)] for n in range(last + 1)]) for one in of]
    by_hash = {receipt["transactionHash"]: receipt for receipt in receipts}
    times = {block["number"]: int(block["timestamp"], 16) for block in blocks}
    rows: Rows = {"blocks": [], "transactions": [], "logs": []}
    for block in blocks:
        rows["blocks"].append(
            {"number": int(block["number"], 16), "hash": block["hash"], "time": times[block["number"]]}
        )
        for tx in block["transactions"]:
            receipt = by_hash[tx["hash"]]
            rows["transactions"].append(
                {
                    "hash": tx["hash"],
                    "nonce": int(tx["nonce"], 16),
                    "block_hash": block["hash"],
                    "block_number": int(block["number"], 16),
                    "time": times[block["number"]],
                    "transaction_index": int(tx["transactionIndex"], 16),
                    "from_address": tx["from"],
                    "to_address": tx["to"],
                    "value": int(tx["value"], 16),
                    "input": tx["input"],
                    "transaction_type": int(tx["type"], 16),
                    "status": int(receipt["status"], 16),
                    "gas_used": int(receipt["gasUsed"], 16),
                    "contract_address": receipt["contractAddress"],
                }
            )
    for log in (log for receipt in receipts for log in receipt["logs"]):
        rows["logs"].append(
            {
                "log_index": int(log["logIndex"], 16),
                "transaction_hash": log["transactionHash"],
                "transaction_index": int(log["transactionIndex"], 16),
                "block_hash": log["blockHash"],
                "block_number": int(log["blockNumber"], 16),
                "time": times[log["blockNumber"]],
                "address": log["address"],
                "data": log["data"],
                "topics": log["topics"],
            }
        )
    return rows


def write_etl(rows: Rows, folder: Path) -> None:
    """Write the columns of ethereum-etl that matter, receipts apart, in the files that its export_all makes."""
    receipt = ["status", "gas_used", "contract_address"]
    txs = pl.DataFrame(rows["transactions"], infer_schema_length=None).with_columns(pl.col("value").cast(pl.String))
    logs = pl.DataFrame(rows["logs"]).with_columns(pl.col("topics").list.join(","))
    frames = {
        "blocks": pl.DataFrame(rows["blocks"]).rename({"time": "timestamp"}),
        "transactions": txs.drop("time", *receipt),
        "receipts": txs.select("block_number", *receipt, transaction_hash="hash"),
        "logs": logs.drop("time"),
    }
    for name, frame in frames.items():
        for part, half in enumerate((frame.head(frame.height // 2), frame.tail(-(frame.height // 2)))):
            path = folder / name / f"{name}_{part:08}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            half.write_csv(path)


def write_cryo(url: str, folder: Path, network: str) -> None:
    """Let cryo write blocks, transactions and logs up to the finalized block."""
    import cryo

    with Node(url) as node:
        last = int(node.call("eth_getBlockByNumber", "finalized", False)["number"], 16)
    for dataset in ("blocks", "transactions", "logs"):
        cryo.freeze(
            dataset,
            blocks=[f"0:{last + 1}"],
            rpc=url,
            output_dir=str(folder),
            include_columns=["block_hash"],
            network_name=network,
            no_report=True,
            verbose=False,
        )
