"""Exported files in place of a pull: cryo's Parquet, ethereum-etl's CSV, a warehouse's results -> the raw frames of a pull.

cryo's files are named NETWORK__DATASET__FROM_to_TO.parquet, both ends included; those of the others are told by exports.py.
Addresses, hashes and amounts may be binary (cryo's default) or hex. Read are blocks, transactions and logs; and where present
balances, nonces, codes, erc20_balances, erc721_balances, erc20_metadata, and allowances (named in cryo's manner: standard,
token_address, from_address, to_address, value). Logs are taken to be all logs of their blocks: a file's name does not say what an
export left out.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from exposure.amounts import UINT256_MAX
from exposure.chain.exports import find_exports
from exposure.chain.parts import read_part
from exposure.chain.plan import Range, merge
from exposure.chain.wire import HEADERS, LOGS, RECEIPTS, TXS
from exposure.errors import ExposureError

_NAME = re.compile(r"(?P<network>.+?)__(?P<dataset>[a-z0-9_]+?)__(?P<first>\d+)_to_(?P<last>\d+)\.parquet")
_AMOUNT = re.compile(r"[0-9]{1,78}")
_HEX_COLUMNS = ("address", "erc20", "erc721", "code", "token_address", "from_address", "to_address")
_NEEDED = ("blocks", "transactions", "logs")


@dataclass(frozen=True, slots=True)
class _File:
    """One file. `read` gives it with cryo's names; `blocks` are all that it covers."""

    path: Path
    blocks: tuple[Range, ...]
    read: Callable[[], pl.DataFrame]


class ExportedFiles:
    """The export of one chain."""

    def __init__(self, folder: Path, chain: str, chain_id: int) -> None:
        """Index the folder. Raises ExposureError where it is missing, or lacks blocks, transactions or logs."""
        self.folder = folder
        self.chain = chain
        self.chain_id = chain_id
        self._files: dict[str, list[_File]] = {}
        for path in sorted(folder.glob("*.parquet")) if folder.is_dir() else []:
            match = _NAME.fullmatch(path.name)
            if match:
                whole = (int(match["first"]), int(match["last"]))
                self._files.setdefault(match["dataset"], []).append(_File(path, (whole,), partial(read_part, path)))
        for dataset, path, blocks, read in find_exports(folder, self._files):
            self._files.setdefault(dataset, []).append(_File(path, blocks, read))
        missing = [name for name in _NEEDED if name not in self._files]
        if missing:
            what = "there is no such folder" if not folder.is_dir() else f"it holds no files of {' and '.join(missing)}"
            raise ExposureError(
                f"{folder} cannot stand in for {chain}",
                f"{what}; a file is named such as ethereum__logs__18000000_to_18000999.parquet, or logs.csv",
                "export blocks, transactions and logs with cryo, ethereum-etl or a query of queries/warehouse/, or name an rpc "
                "under [[chain]] in incident.toml",
            )

    def has(self, dataset: str) -> bool:
        """Tell whether there are files of a dataset."""
        return dataset in self._files

    def ranges(self, *datasets: str) -> list[Range]:
        """Give the blocks that all of these datasets cover."""
        covered = [merge(blocks for file in self._files.get(name, []) for blocks in file.blocks) for name in datasets]
        common = covered[0]
        for other in covered[1:]:
            common = [(max(a, c), min(b, d)) for a, b in common for c, d in other if max(a, c) <= min(b, d)]
        return merge(common)

    def head(self, latest: int) -> tuple[int, bytes, int]:
        """Give number, hash and time of the last block at or before a time (Unix seconds).

        Raises ExposureError where there is none.
        """
        found = self.headers().filter(pl.col("timestamp") <= latest).sort("block_number").tail(1)
        if found.is_empty():
            raise ExposureError(
                f"{self.folder} holds no block of {self.chain} before the present",
                "the files of blocks are empty, or all later than the time that this run is pinned to",
                "export the blocks of the days around the incident",
            )
        number, block_hash, time = found.row(0)
        return number, block_hash or b"", time

    def headers(self) -> pl.DataFrame:
        """Read the headers (wire.HEADERS)."""
        return self._read("blocks", lambda frame: _fit(frame, HEADERS))

    def logs(self, where: pl.Expr) -> pl.DataFrame:
        """Read the logs that are wanted (wire.LOGS)."""
        return self._read("logs", lambda frame: _fit(frame, LOGS).filter(where))

    def transactions(self, where: pl.Expr) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Read the transactions that are wanted (wire.TXS), and what their receipts said (wire.RECEIPTS)."""
        schema = pl.Schema([*TXS.items(), *((name, dtype) for name, dtype in RECEIPTS.items() if name not in TXS)])

        def read(frame: pl.DataFrame) -> pl.DataFrame:
            sized = _with_value(_with_bytes(frame, TXS))
            n_input_bytes = pl.col("input").bin.size() if "input" in sized.columns else pl.lit(None)
            sized = sized.with_columns(n_input_bytes=n_input_bytes, with_logs=pl.lit(value=True))
            return _fit(sized, schema).filter(where)

        kept = self._read("transactions", read)
        return kept.select(TXS.names()), kept.select(RECEIPTS.names())

    def state(self, dataset: str, latest: int) -> pl.DataFrame:
        """Read a dataset of the state as it stood last at or before a block; addresses as hex, amounts as decimal strings.

        Empty where there are no files of it.
        """
        if dataset not in self._files:
            return pl.DataFrame()
        frame = self._read(dataset, lambda frame: _texts(frame).filter(pl.col("block_number") <= latest))
        amounts = [name for name in frame.columns if name.endswith("_string")]
        frame = frame.rename({name: name.removesuffix("_string") for name in amounts})
        return frame.filter(pl.col("block_number") == pl.col("block_number").max())

    def _read(self, dataset: str, shape: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
        """Read the files of a dataset, one at a time: an export may be larger than memory, what is wanted of it is not."""
        frames = []
        for file in self._files[dataset]:
            frame = file.read()
            if "block_number" not in frame.columns:
                raise _unfit(file.path, "block_number")
            if "chain_id" in frame.columns:
                others = frame.filter(pl.col("chain_id") != self.chain_id)
                if not others.is_empty():
                    raise ExposureError(
                        f"{self.folder} holds another chain than {self.chain}",
                        f"its {dataset} are of chain {others.item(0, 'chain_id')}, not {self.chain_id}",
                        "name the folder of this chain as data under [[chain]] in incident.toml",
                    )
            try:
                frames.append(shape(frame.with_columns(pl.col("block_number").cast(pl.UInt64))))
            except pl.exceptions.PolarsError as error:
                raise ExposureError(
                    f"{file.path} is not in cryo's layout",
                    f"a column has another type than cryo gives it ({type(error).__name__})",
                    "export it with cryo; addresses and hashes may be binary or hex",
                ) from None
        return pl.concat(frames, how="vertical_relaxed")


def _unfit(place: object, column: str) -> ExposureError:
    return ExposureError(
        f"{place} is not in cryo's layout",
        f"it has no column {column}",
        "export it with cryo, or name its columns as cryo does",
    )


def _with_bytes(frame: pl.DataFrame, schema: Mapping[str, Any]) -> pl.DataFrame:
    """Turn hex columns into bytes where the schema has bytes."""
    hexed = [name for name, dtype in schema.items() if dtype == pl.Binary and frame.schema.get(name) == pl.String]
    return frame.with_columns(
        pl.col(name).str.strip_prefix("0x").str.decode("hex", strict=False) for name in hexed if name != "value"
    )


def _with_value(frame: pl.DataFrame) -> pl.DataFrame:
    """Give `value` as 32 bytes from cryo's value_binary, or from a decimal string; null where it is none."""
    if "value_binary" in frame.columns:
        raw = pl.col("value_binary")
        if frame.schema["value_binary"] == pl.String:
            raw = raw.str.strip_prefix("0x").str.decode("hex", strict=False)
        return frame.with_columns(value=raw.bin.encode("hex").str.zfill(64).str.decode("hex"))
    column = "value_string" if "value_string" in frame.columns else "value"
    if column not in frame.columns:
        raise _unfit("the file of transactions", "value_binary or value_string")
    texts = frame.get_column(column).cast(pl.String)
    numbers = [int(text) if text and _AMOUNT.fullmatch(text) else -1 for text in texts]
    words = [number.to_bytes(32, "big") if 0 <= number <= UINT256_MAX else None for number in numbers]
    return frame.with_columns(pl.Series("value", words, pl.Binary))


def _texts(frame: pl.DataFrame) -> pl.DataFrame:
    """Turn bytes into lowercase hex, and hex into lowercase."""
    binary = [name for name, dtype in frame.schema.items() if dtype == pl.Binary]
    text = [name for name in _HEX_COLUMNS if frame.schema.get(name) == pl.String]
    return frame.with_columns(
        *((pl.lit("0x") + pl.col(name).bin.encode("hex")).alias(name) for name in binary),
        *(pl.col(name).str.to_lowercase() for name in text),
    )


# Columns that an export may lack: what is missing is null, and said to be unknown.
_OPTIONAL = {
    "block_hash",
    "nonce",
    "transaction_type",
    "success",
    "gas_used",
    "contract_address",
    "input",
    "n_input_bytes",
}


def _fit(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """Give the columns of a raw frame. Raises ExposureError where a needed one is missing."""
    lacking = [name for name in schema if name not in frame.columns]
    for name in lacking:
        if name not in _OPTIONAL:
            raise _unfit("the export", name)
    full = _with_bytes(frame.with_columns(pl.lit(None, schema[name]).alias(name) for name in lacking), schema)
    return full.select(pl.col(name).cast(dtype) for name, dtype in schema.items())
