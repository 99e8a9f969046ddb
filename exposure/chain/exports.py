"""Files of ethereum-etl and results of warehouse queries -> frames with cryo's column names.

A file is named by what it holds: blocks, transactions, receipts or logs, with whatever stands behind an underscore (ethereum-etl
writes blocks_00000000_00000099.csv), as CSV or Parquet, in the folder or below it. Which blocks the files cover is what the files
of blocks hold: the others are taken to be complete for them, since they were exported together. Receipts are optional:
ethereum-etl keeps them apart, a warehouse has them beside the transactions.

Sources: docs/schema.md of blockchain-etl/ethereum-etl; queries/warehouse/.
"""

import re
from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path

import polars as pl

from exposure.chain.plan import Range, merge
from exposure.errors import ExposureError

_NAME = re.compile(r"(?P<dataset>blocks|transactions|receipts|logs)(?:_.*)?\.(?P<kind>csv|parquet)", re.IGNORECASE)
# What ethereum-etl calls a column, and what cryo does.
_RENAMED = {
    "blocks": {"number": "block_number", "hash": "block_hash"},
    "transactions": {"hash": "transaction_hash", "receipt_gas_used": "gas_used"},
    "receipts": {},
    "logs": {},
}
_WHOLE = ("block_number", "timestamp", "transaction_index", "nonce", "gas_used", "transaction_type", "log_index")
_RECEIPT = ("success", "gas_used", "contract_address")

Found = tuple[str, Path, tuple[Range, ...], Callable[[], pl.DataFrame]]


def find_exports(folder: Path, known: Collection[str]) -> Iterator[Found]:
    """Give (dataset, path, blocks, reader) of each file of a folder that is named so; none for datasets already `known`.

    Raises ExposureError where a file of blocks cannot be read.
    """
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        match = _NAME.fullmatch(path.name)
        if match and path.is_file():
            files.setdefault(match["dataset"].lower(), []).append(path)
    if "blocks" in known or "blocks" not in files:
        return
    blocks = merge(run for path in files["blocks"] for run in _runs(read_export("blocks", path)))
    receipts = files.pop("receipts", [])
    for dataset, paths in files.items():
        for path in paths:
            extra = receipts if dataset == "transactions" else []
            yield dataset, path, tuple(blocks), partial(_read_with, dataset, path, extra)


def _runs(frame: pl.DataFrame) -> Iterator[Range]:
    """Give the blocks of a frame as ranges."""
    numbers = frame.get_column("block_number").drop_nulls().unique().sort()
    breaks = (numbers.diff() != 1).fill_null(value=True).cum_sum()
    ends = pl.DataFrame({"run": breaks, "number": numbers}).group_by("run", maintain_order=True)
    for _, first, last in ends.agg(
        pl.col("number").min().alias("first"), pl.col("number").max().alias("last")
    ).iter_rows():
        yield first, last


def _read_with(dataset: str, path: Path, receipts: list[Path]) -> pl.DataFrame:
    frame = read_export(dataset, path)
    if not receipts or set(_RECEIPT) & set(frame.columns):
        return frame
    told = pl.concat([read_export("receipts", one).select("transaction_hash", *_RECEIPT) for one in receipts])
    return frame.join(told.unique("transaction_hash"), on="transaction_hash", how="left")


def read_export(dataset: str, path: Path) -> pl.DataFrame:
    """Read one file with cryo's column names; hashes and addresses stay hex. Raises ExposureError where it is damaged."""
    try:
        # Every column of a CSV as text: amounts exceed any integer, and an empty column has no type.
        frame = pl.read_parquet(path) if path.suffix.lower() == ".parquet" else pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ExposureError(
            f"{path} cannot be read",
            f"it is not the {path.suffix[1:]} that its name says ({type(error).__name__})",
            "export it again; what was read of other files is kept",
        ) from None
    frame = frame.rename(
        {old: new for old, new in _RENAMED[dataset].items() if old in frame.columns and new not in frame.columns}
    )
    wanted = [name for name in _WHOLE if name in frame.columns and frame.schema[name] != pl.Datetime]
    frame = frame.with_columns(pl.col(name).cast(pl.Int64, strict=False) for name in wanted)
    return _with_success(_with_topics(_without_empty(frame)))


def _without_empty(frame: pl.DataFrame) -> pl.DataFrame:
    """Turn empty text into null: a CSV has no other way to say it."""
    text = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    return frame.with_columns(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in text)


def _with_topics(frame: pl.DataFrame) -> pl.DataFrame:
    """Split a column of topics, a list or text with commas, into four."""
    if "topics" not in frame.columns:
        return frame
    topics = pl.col("topics")
    if frame.schema["topics"] == pl.String:
        topics = topics.str.replace_all(r"[\[\]'\"\s]", "").str.split(",")
    split = [topics.list.get(number, null_on_oob=True).alias(f"topic{number}") for number in range(4)]
    return frame.with_columns(split).drop("topics")


def _with_success(frame: pl.DataFrame) -> pl.DataFrame:
    """Turn a receipt's status, 1 or 0, or the words true and false, into a boolean."""
    if "status" in frame.columns:
        status = pl.col("status").cast(pl.String)
        return frame.with_columns(success=pl.when(status.is_in(["0", "1"])).then(status == "1")).drop("status")
    if frame.schema.get("success") == pl.String:
        word = pl.col("success").str.to_lowercase()
        return frame.with_columns(success=pl.when(word.is_in(["true", "false"])).then(word == "true"))
    return frame
