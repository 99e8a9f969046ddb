"""The case folder: read, write, lock, and the manifest of hashes.

Every table goes through `Case.write`: checked against its declaration, sorted, written to a temporary file and renamed, and
its hash noted in manifest.json, so that a killed run leaves whole files and two runs leave the same bytes.
"""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from time import sleep
from typing import Any, Literal

import polars as pl
import pyarrow.parquet as pq

from exposure import __version__
from exposure.errors import ExposureError
from exposure.tables import TABLES
from exposure.unforeseen import os_error

INCIDENT_FILE = "incident.toml"
KEY_FILE = ".pseudonym.key"
MANIFEST_FILE = "manifest.json"
LOCK_FILE = ".lock"
# How a watch is named in a lock file. It works for seconds, and others wait so many times so long for it.
WATCH = "watch"
_TRIES, _PAUSE = 300, 0.2


def find_case(path: Path) -> Path:
    """Give the case folder of INCIDENT, which is the folder or its incident.toml. Raises ExposureError where there is none."""
    file = path / INCIDENT_FILE if path.is_dir() else path
    if not file.is_file():
        raise ExposureError(
            f"{path} holds no incident",
            f"there is no file {file}",
            f"name a case folder or its incident.toml, or start one with: exposure init {path}",
        )
    return file.parent.resolve()


@contextmanager
def hold(path: Path, holder: str) -> Iterator[None]:
    """Hold a lock file. Where a watch holds it, it is free soon, and is waited for; raises ExposureError where another run does."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a+") as file:
        for left in reversed(range(_TRIES)):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                file.seek(0)
                other = file.read().strip() or "another process"
                if not left or holder.startswith(WATCH) or not other.startswith(WATCH):
                    raise ExposureError(
                        f"the case folder {path.parent} is in use",
                        f"another run holds it ({other}); two at once would overwrite each other's tables",
                        "wait for it to end, or stop it; reading (explain, query, status) works meanwhile",
                    ) from None
                sleep(_PAUSE)
        with _naming(path):
            path.write_text(holder)
        yield


def write_atomically(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a file whole or not at all: a crash or a full disk leaves the old one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with _replacing(path, Path(name), mode), os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _replacing(path: Path, temporary: Path, mode: int = 0o600) -> Iterator[None]:
    """Put a temporary file in the place of `path` when the block ends well, else remove it; an OSError names `path`."""
    try:
        with _naming(path):
            yield
            temporary.chmod(mode)
            temporary.replace(path)
    except BaseException:
        with suppress(OSError):  # a disk that turned read-only
            temporary.unlink(missing_ok=True)
        raise


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let an error of the disk name `path`: a write that fails does not say of which file, nor does polars."""
    try:
        yield
    except Exception as error:
        number = os_error(error)
        if number is None:
            raise
        raise OSError(number, os.strerror(number), str(path)) from error


def hash_file(path: Path) -> str:
    """Give the SHA-256 of a file as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Case:
    """One case folder. Every step reads and writes through it; nothing else writes to data/ or manifest.json."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.manifest_file = folder / MANIFEST_FILE
        self.chain = folder / "chain"
        self.sheet = folder / "sheet"
        self.advisory = folder / "advisory"
        self.report = folder / "report"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the case for one run. Raises ExposureError where another run holds it; a watch lets go of it between two looks."""
        with hold(self.folder / LOCK_FILE, f"process {os.getpid()}"):
            yield

    @contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        """Give an empty folder for one step's own files, removed in the end; what a killed run left of it is removed first."""
        for left in self.folder.glob(f".{name}-*"):
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=f".{name}-") as folder:
            yield Path(folder)

    def key(self) -> bytes:
        """Give the key of the client pseudonyms (32 bytes), made once with mode 0600."""
        path = self.folder / KEY_FILE
        if not path.exists():
            write_atomically(path, secrets.token_hex(32).encode(), mode=0o600)
        try:
            return bytes.fromhex(path.read_text().strip())
        except ValueError:
            raise ExposureError(
                f"{path} is damaged",
                "it does not hold 64 hex digits, so that clients of this run could not be compared with earlier ones",
                "bring the file back from a copy, or delete it and run again from the logs",
            ) from None

    def path(self, table: str) -> Path:
        """Give the file of a table in data/."""
        return self.data / f"{TABLES[table].name}.parquet"

    def has(self, table: str) -> bool:
        """Tell whether the table was written."""
        return self.path(table).exists()

    def read(self, table: str) -> pl.DataFrame:
        """Read a table of data/; one that no step has written yet is empty. Raises ExposureError where another version wrote it."""
        return self.scan(table).collect() if self.has(table) else TABLES[table].empty()

    def scan(self, table: str) -> pl.LazyFrame:
        """Read a table of data/ later, and of it only what is asked for; one that no step has written yet is empty.

        Raises ExposureError where another version of this program wrote it with other columns.
        """
        path = self.path(table)
        if not path.exists():
            return TABLES[table].empty().lazy()
        lazy = pl.scan_parquet(path)
        other = _other_columns(lazy.collect_schema(), TABLES[table].schema)
        if other:
            raise ExposureError(
                f"{path} was written by another version of exposure",
                f"its columns are not those of this version: {other}",
                f"make the tables anew: exposure run {self.folder} (what was pulled of the chain is kept)",
            )
        return lazy

    def renew(self) -> list[str]:
        """Give tables of another version the columns of this one, so that a run can make them anew; give their names.

        What they lack is null until then. A table whose columns have other types is dropped.
        """
        renewed = []
        for name, table in TABLES.items():
            path = self.path(name)
            if not path.exists() or not _other_columns(pl.read_parquet_schema(path), table.schema):
                continue
            renewed.append(name)
            try:
                kept = pl.read_parquet(path).match_to_schema(
                    table.schema, missing_columns="insert", extra_columns="ignore"
                )
            except pl.exceptions.SchemaError:
                path.unlink()
                with self.manifest() as manifest:
                    manifest.get("tables", {}).pop(name, None)
            else:
                self.write(name, kept)
        return renewed

    def count(self, table: str) -> int:
        """Count the rows of a table of data/, without reading them."""
        return pq.read_metadata(self.path(table)).num_rows if self.has(table) else 0

    def write(self, table: str, frame: pl.DataFrame) -> None:
        """Check, sort and write a table of data/, and note its hash in the manifest."""
        path = self.path(table)
        checked = TABLES[table].check(frame)
        write_parquet(path, checked)
        with self.manifest() as manifest:
            manifest.setdefault("tables", {})[table] = {"rows": checked.height, "sha256": hash_file(path)}

    def write_parts(self, table: str, parts: Iterable[pl.DataFrame]) -> None:
        """Check, sort and write a table that is too large for memory, from parts whose order is that of its key."""
        path = self.path(table)
        rows = write_parquet_parts(path, TABLES[table].schema, (TABLES[table].check(part) for part in parts))
        with self.manifest() as manifest:
            manifest.setdefault("tables", {})[table] = {"rows": rows, "sha256": hash_file(path)}

    def write_sorted(self, table: str, rows: pl.LazyFrame) -> None:
        """Write a table that may be too large for memory, from rows that are checked and in the order of its key already."""
        path = self.path(table)
        write_parquet(path, rows.match_to_schema(TABLES[table].schema))
        with self.manifest() as manifest:
            manifest.setdefault("tables", {})[table] = {"rows": self.count(table), "sha256": hash_file(path)}

    def write_part(self, table: str, frame: pl.DataFrame, mine: pl.Expr) -> None:
        """Replace the rows of a shared table for which `mine` is true, and keep the others' rows."""
        stored, new = self.scan(table), TABLES[table].check(frame)
        noted = self.has(table) and table in self.read_manifest().get("tables", {})
        if noted and stored.filter(mine).collect(engine="streaming").equals(new):
            return
        self.add_rows(table, new, stored.filter(~mine))

    def add_rows(self, table: str, frame: pl.DataFrame, stored: pl.LazyFrame | None = None) -> None:
        """Add rows to a table that may be too large for memory (to what is `stored` of it, which is in order)."""
        kept = self.scan(table) if stored is None else stored
        # What begins alike is sorted anew; the rest is in order, and differs from it in the first column.
        first = TABLES[table].key[0]
        alike = pl.col(first).is_in(frame.get_column(first).unique().implode()).fill_null(value=True)
        beside = kept.filter(alike).collect(engine="streaming")
        new = TABLES[table].check(pl.concat([beside, frame.select(beside.columns)]))
        self.write_sorted(table, kept.filter(~alike).merge_sorted(new.lazy(), first, maintain_order=True))

    def read_manifest(self) -> dict[str, Any]:
        """Give the manifest; a new case has {"complete": false}."""
        path = self.manifest_file
        if not path.exists():
            return {"complete": False}
        try:
            manifest = json.loads(path.read_bytes())
        except ValueError:
            manifest = None
        if not isinstance(manifest, dict):
            raise ExposureError(
                f"{path} is damaged",
                "it is not a JSON object",
                "delete it: the next run makes it again (as_of moves to the present)",
            )
        return manifest

    @contextmanager
    def manifest(self) -> Iterator[dict[str, Any]]:
        """Change the manifest: yields it, and writes it when the block ends well."""
        manifest = self.read_manifest()
        before = json.dumps(manifest, sort_keys=True)
        yield manifest
        manifest["version"] = __version__
        if json.dumps(manifest, sort_keys=True) != before:
            text = json.dumps(manifest, indent=2, sort_keys=True) + "\n"
            write_atomically(self.manifest_file, text.encode())

    def now(self) -> datetime | None:
        """Give the wall time pinned on the first run (UTC); None before it. No other module reads a clock."""
        pinned = self.read_manifest().get("as_of", {}).get("time")
        return datetime.fromisoformat(pinned) if pinned else None

    def finish_stage(self, stage: str, facts: Mapping[str, object]) -> None:
        """Note that a stage is done, with the figures that its summary shows."""
        with self.manifest() as manifest:
            manifest.setdefault("stages", {})[stage] = dict(facts)


def _other_columns(found: Mapping[str, pl.DataType], declared: Mapping[str, pl.DataType]) -> str:
    """Say in which columns a table is not as it is declared; empty where it is."""
    return ", ".join(
        f"{name} is {'missing' if name not in found else 'unknown' if name not in declared else f'a {found[name]}'}"
        for name in dict.fromkeys([*declared, *found])
        if found.get(name) != declared.get(name)
    )


def write_parquet(path: Path, frame: pl.DataFrame | pl.LazyFrame, compression: Literal["zstd", "lz4"] = "zstd") -> None:
    """Write Parquet whole or not at all, with the same bytes for the same frame."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    with _replacing(path, temporary):
        frame.lazy().sink_parquet(temporary, compression=compression, statistics=True, row_group_size=262_144)


def write_parquet_parts(path: Path, schema: pl.Schema, parts: Iterable[pl.DataFrame]) -> int:
    """Write frames of one schema into one Parquet file, whole or not at all; gives the number of rows."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    rows = 0
    oldest = pl.CompatLevel.oldest()  # string views are not known everywhere
    arrow = pl.DataFrame(schema=schema).to_arrow(compat_level=oldest).schema
    with _replacing(path, temporary), pq.ParquetWriter(temporary, arrow, compression="zstd") as writer:
        for part in parts:
            writer.write_table(part.to_arrow(compat_level=oldest), row_group_size=262_144)
            rows += part.height
    return rows
