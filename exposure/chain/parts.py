"""What was pulled so far of one chain, on disk: parts that cover ranges of blocks, and facts that were asked one by one.

A part is written to a temporary file and renamed; its name says what it covers, so that a listing of the folder is the index and
nothing can disagree with it. Addresses of a log query stand in `sets/`, once, by hash: a later round with more addresses finds
which of them were asked already. The hash of a part's last block commits to every block before it: where it is no longer the
chain's, the part is dropped and pulled anew.

Of full blocks every transaction is kept (who, whom, how much, hash; the call data of those of interest only), since
addresses become interesting later: about 80 bytes each, 110 MB for a day of mainnet.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from exposure.case import write_atomically, write_parquet
from exposure.chain.columns import ascends
from exposure.chain.plan import Range
from exposure.chain.wire import AUTHS, HEADERS, LOGS, TXS
from exposure.errors import ExposureError

_LOG_PART = re.compile(r"([a-z0-9]+)-([0-9a-f]{32})-(\d+)-(\d+)-([0-9a-f]{16})-(\d+)\.parquet")
_BLOCK_PART = re.compile(r"(\d+)-(\d+)-([0-9a-f]{16})-(\d+)\.headers\.parquet")
# Hashes hardly shrink, and zstd takes four times as long over them.
_COMPRESSION: Literal["lz4"] = "lz4"
_FLUSH_ROWS = 5_000
# A watch adds a file every few seconds, and all are read each time.
_MOST_FILES = 32


@dataclass(frozen=True, slots=True)
class Part:
    """A part on disk. `shape` and `addresses` (the set's hash) are empty for full blocks; `rejected` rows were left out."""

    path: Path
    blocks: Range
    end_hash: str
    rejected: int
    shape: str = ""
    addresses: str = ""


class Parts:
    """The parts of one chain."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sets: dict[str, frozenset[str]] = {}

    def logs(self) -> list[Part]:
        """List the parts of log queries, in order of their names."""
        found = []
        for path in self._list("logs"):
            match = _LOG_PART.fullmatch(path.name)
            if match:
                shape, addresses, first, last, end_hash, rejected = match.groups()
                found.append(Part(path, (int(first), int(last)), end_hash, int(rejected), shape, addresses))
        return found

    def blocks(self) -> list[Part]:
        """List the parts of full blocks, in order of their names."""
        found = []
        for path in self._list("blocks"):
            match = _BLOCK_PART.fullmatch(path.name)
            if match:
                first, last, end_hash, rejected = match.groups()
                found.append(Part(path, (int(first), int(last)), end_hash, int(rejected)))
        return found

    def _list(self, kind: str) -> list[Path]:
        folder = self.folder / kind
        return sorted(folder.iterdir()) if folder.is_dir() else []

    def addresses(self, name: str) -> frozenset[str]:
        """Give the addresses of a set by its hash; a set whose file is gone is empty, so that its parts cover nothing."""
        if name not in self._sets:
            path = self.folder / "sets" / f"{name}.txt"
            self._sets[name] = frozenset(path.read_text().split()) if path.exists() else frozenset()
        return self._sets[name]

    def write_logs(
        self, shape: str, addresses: Sequence[str], blocks: Range, end_hash: bytes, frame: pl.DataFrame, rejected: int
    ) -> None:
        """Keep the logs of one query shape, address list and range."""
        text = "\n".join(sorted(addresses)) + "\n"
        name = hashlib.sha256(text.encode()).hexdigest()[:32]
        path = self.folder / "sets" / f"{name}.txt"
        if not path.exists():
            write_atomically(path, text.encode())
        file = f"{shape}-{name}-{blocks[0]}-{blocks[1]}-{end_hash.hex()[:16]}-{rejected}.parquet"
        ordered = _in_order(frame.match_to_schema(LOGS), "block_number", "log_index")
        write_parquet(self.folder / "logs" / file, ordered, _COMPRESSION)

    def write_blocks(
        self, blocks: Range, headers: pl.DataFrame, txs: pl.DataFrame, auths: pl.DataFrame, rejected: int
    ) -> None:
        """Keep full blocks of a range. The headers are written last: they make the part whole."""
        stem = f"{blocks[0]}-{blocks[1]}"
        ordered = headers.match_to_schema(HEADERS).sort("block_number")
        end_hash = bytes(ordered.get_column("block_hash")[-1]).hex()[:16]
        for kind, frame in (("txs", txs.match_to_schema(TXS)), ("auths", auths.match_to_schema(AUTHS))):
            by_place = _in_order(frame, "block_number", "transaction_index")
            write_parquet(self.folder / "blocks" / f"{stem}.{kind}.parquet", by_place, _COMPRESSION)
        write_parquet(self.folder / "blocks" / f"{stem}-{end_hash}-{rejected}.headers.parquet", ordered, _COMPRESSION)

    def drop(self, part: Part) -> None:
        """Forget a part."""
        part.path.unlink(missing_ok=True)

    def drop_whole(self, part: Part) -> None:
        """Forget a part of full blocks and its transactions; no other part is of the same blocks."""
        self.drop(part)  # the headers first: they make it whole
        for kind in ("txs", "auths"):
            _sibling(part, kind).unlink(missing_ok=True)

    def read(self, parts: Iterable[Part], kind: str = "", where: pl.Expr | None = None) -> pl.DataFrame:
        """Read what is wanted of some parts: logs, or of full blocks `headers`, `txs` or `auths`.

        Raises ExposureError where a file is damaged.
        """
        schema = {"": LOGS, "headers": HEADERS, "txs": TXS, "auths": AUTHS}[kind]
        files = [_sibling(part, kind) for part in parts]
        if not files:
            return pl.DataFrame(schema=schema)
        lazy = pl.scan_parquet(files, schema=schema)
        try:
            return (lazy if where is None else lazy.filter(where)).collect(engine="streaming")
        except (pl.exceptions.PolarsError, OSError):
            for file in files:
                read_part(file, schema)
            raise

    def verified_at(self) -> tuple[int, str] | None:
        """Give number and hash of the head under which the parts were last known to be the chain's."""
        path = self.folder / "verified.json"
        try:
            kept = json.loads(path.read_text())
            return int(kept["number"]), str(kept["hash"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def set_verified(self, number: int, block_hash: str) -> None:
        """Note that the parts are those of the chain with this head."""
        write_atomically(self.folder / "verified.json", json.dumps({"number": number, "hash": block_hash}).encode())

    def read_limits(self) -> Mapping[str, object]:
        """Give what earlier runs learned of the endpoints, by their redacted names."""
        try:
            kept = json.loads((self.folder / "limits.json").read_text())
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def write_limits(self, limits: Mapping[str, object]) -> None:
        """Keep what was learned of the endpoints."""
        if limits != self.read_limits():
            text = json.dumps(limits, indent=2, sort_keys=True) + "\n"
            write_atomically(self.folder / "limits.json", text.encode())


def _in_order(frame: pl.DataFrame, outer: str, inner: str) -> pl.DataFrame:
    """Sort by two numbers what does not stand in order yet, as most nodes give it."""
    return frame.rechunk() if ascends(frame, outer, inner) else frame.sort(outer, inner)


def _sibling(part: Part, kind: str) -> Path:
    if kind in ("", "headers"):
        return part.path
    return part.path.with_name(f"{part.blocks[0]}-{part.blocks[1]}.{kind}.parquet")


class Facts:
    """Rows that were asked one by one, known by their key: headers, receipts, answers of contracts.

    Without a folder they are kept in memory only.
    """

    def __init__(self, folder: Path | None, schema: pl.Schema, key: str) -> None:
        self.folder = folder
        self.schema = schema
        self.key = key
        self._new: list[Mapping[str, object]] = []
        self._kept = self._read()
        self._known = set(self._kept.get_column(key))

    def _read(self) -> pl.DataFrame:
        files = sorted(self.folder.glob("*.parquet")) if self.folder and self.folder.is_dir() else []
        if not files:
            return pl.DataFrame(schema=self.schema)
        frame = pl.concat([read_part(file, self.schema) for file in files])
        return frame.unique(self.key, keep="last", maintain_order=True)

    def __contains__(self, key: object) -> bool:
        return key in self._known

    def add(self, row: Mapping[str, object]) -> None:
        """Note a row; a later one with the same key takes its place."""
        self._new.append(row)
        self._known.add(row[self.key])
        if len(self._new) >= _FLUSH_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what is new to a file of its own."""
        if not self._new:
            return
        frame = pl.DataFrame(self._new, schema=self.schema)
        self._kept = pl.concat([self._kept, frame]).unique(self.key, keep="last", maintain_order=True)
        self._new = []
        if self.folder is not None:
            self._write(self.folder, frame)

    def _write(self, folder: Path, frame: pl.DataFrame) -> None:
        """Write a file more; where there are many, one with all rows in their place."""
        files = sorted(folder.glob("*.parquet"))
        number = 1 + max((int(path.stem) for path in files), default=0)
        many = len(files) >= _MOST_FILES
        write_parquet(folder / f"{number:06}.parquet", self._kept if many else frame)
        for path in files if many else ():
            path.unlink()

    def frame(self) -> pl.DataFrame:
        """Give all rows."""
        self.flush()
        return self._kept

    def clear(self) -> None:
        """Forget everything."""
        for path in self.folder.glob("*.parquet") if self.folder else ():
            path.unlink()
        self._new, self._known, self._kept = [], set(), pl.DataFrame(schema=self.schema)


def read_part(path: Path, schema: pl.Schema | None = None) -> pl.DataFrame:
    """Read one file of the chain folder. Raises ExposureError where it is damaged, or has other columns than `schema`."""
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ExposureError(
            f"{path} is damaged",
            f"it cannot be read as Parquet ({type(error).__name__})",
            "delete it and run again: what it held is asked for anew",
        ) from None
    if schema is not None and dict(frame.schema) != dict(schema):
        raise ExposureError(
            f"{path} was written by another version of exposure",
            "its columns are not those of this version",
            f"delete the folder {path.parent} and run again: what it held is asked for anew",
        )
    return frame
