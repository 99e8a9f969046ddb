"""The versions of the sheet that the tool wrote, in sheet/.versions: without them nobody could tell who changed what."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from exposure.case import write_atomically, write_parquet
from exposure.errors import ExposureError
from exposure.publish.sheet.diff import Versions

# A copy that is older than this is merged too, but only what stands in people's own columns.
KEPT = 50


class _Frames(Mapping[str, pl.DataFrame]):
    """Frames that are read when they are asked for: most runs need one of many."""

    def __init__(self, folder: Path, digests: list[str]) -> None:
        self._folder, self._digests = folder, digests
        self._read: dict[str, pl.DataFrame] = {}

    def __getitem__(self, digest: str) -> pl.DataFrame:
        if digest not in self._digests:
            raise KeyError(digest)
        if digest not in self._read:
            self._read[digest] = pl.read_parquet(self._folder / f"{digest}.parquet")
        return self._read[digest]

    def __contains__(self, digest: object) -> bool:
        return digest in self._digests

    def __iter__(self) -> Iterator[str]:
        return iter(self._digests)

    def __len__(self) -> int:
        return len(self._digests)


class Store:
    """The written versions of one case."""

    def __init__(self, sheet: Path) -> None:
        self._folder = sheet / ".versions"
        self._index = self._folder / "index.json"

    def _entries(self) -> list[dict[str, Any]]:
        """Give the versions, the newest last: digest, and the hashes of the files that it was written into."""
        if not self._index.exists():
            return []
        try:
            entries = json.loads(self._index.read_bytes())["versions"]
            return [{"digest": str(entry["digest"]), "files": dict(entry["files"])} for entry in entries]
        except (ValueError, KeyError, TypeError):
            raise ExposureError(
                f"{self._index} is damaged",
                "it does not list the versions of the sheet that were written",
                f"delete the folder {self._folder}: what people typed is kept in the sheet and in data/people.parquet",
            ) from None

    def versions(self) -> Versions:
        """Give the written versions."""
        digests = [entry["digest"] for entry in self._entries()]
        there = [digest for digest in digests if (self._folder / f"{digest}.parquet").exists()]
        return Versions(_Frames(self._folder, there), there[-1] if there else None)

    def wrote(self, name: str, sha256: str) -> bool:
        """Tell whether a file is, byte for byte, one that the tool wrote."""
        return sha256 in self.written_files(name)

    def written_files(self, name: str) -> list[str]:
        """Give the hashes of all files of that name that the tool wrote, the newest last."""
        return [sha256 for entry in self._entries() for sha256 in entry["files"].get(name, [])]

    def add(self, digest: str, written: pl.DataFrame, files: Mapping[str, str]) -> None:
        """Remember a version and the hashes of its files, before the files come into their place."""
        entries = self._entries()
        entry: dict[str, Any] = next(
            (other for other in entries if other["digest"] == digest), {"digest": digest, "files": {}}
        )
        for name, sha256 in files.items():
            known = entry["files"].setdefault(name, [])
            entry["files"][name] = [*(other for other in known if other != sha256), sha256]
        if not (self._folder / f"{digest}.parquet").exists():
            write_parquet(self._folder / f"{digest}.parquet", written)
        kept = [*(other for other in entries if other["digest"] != digest), entry]
        text = json.dumps({"versions": kept[-KEPT:]}, indent=1, sort_keys=True) + "\n"
        write_atomically(self._index, text.encode())
        for old in kept[:-KEPT]:
            (self._folder / f"{old['digest']}.parquet").unlink(missing_ok=True)
