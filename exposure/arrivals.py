"""Files that arrived in a case: hashed into the manifest once, so that one that changes later is noticed."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from exposure.case import Case, hash_file

# What people put into a case folder. All else in it is made by the program.
FOLDERS = ("logs", "evidence")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file as it is now."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What was compared: files that are new, that only grew, and what needs a person."""

    new: tuple[str, ...]
    grown: tuple[str, ...]
    problems: tuple[str, ...]


def evidence_files(folder: Path, named: Iterable[Path] = ()) -> dict[str, Path]:
    """Give the files in logs/ and evidence/ of a case and those named elsewhere, by the path that people know, sorted."""
    inside = (path for name in FOLDERS for path in (folder / name).rglob("*"))
    files = (path for path in (*inside, *named) if path.is_file() and not path.name.startswith("."))
    shown = {Path(os.path.relpath(path, folder)).as_posix(): path for path in files}
    return {name: shown[name] for name in sorted(shown)}


def hash_files(files: Mapping[str, Path]) -> dict[str, Arrival]:
    """Hash files as they are now."""
    return {name: Arrival(path.stat().st_size, hash_file(path)) for name, path in files.items()}


def read_files(case: Case) -> dict[str, Arrival]:
    """Give the files that the last ingest read, as it hashed them; members of archives and objects of buckets are none."""
    rows = case.read("sources").select("path", "bytes", "sha256").iter_rows()
    return {name: Arrival(size, digest) for name, size, digest in rows if (case.folder / name).is_file()}


def note_arrivals(case: Case, found: Mapping[str, Arrival], now: datetime) -> Arrivals:
    """Compare files with the manifest, and note those that are new there.

    A log that only grew is what it was and more: its hash moves on. A changed file keeps the hash that it arrived with, so that it
    is said until a person has decided.
    """
    new, grown, problems = [], [], []
    with case.manifest() as manifest:
        known: dict[str, dict[str, Any]] = manifest.setdefault("inputs", {})
        for name, file in found.items():
            before = known.get(name)
            if before is None:
                known[name] = {"bytes": file.size, "sha256": file.sha256, "arrived": now.isoformat()}
                new.append(name)
            elif before["sha256"] == file.sha256:
                continue
            elif file.size > before["bytes"] and _start(case.folder / name, before["bytes"]) == before["sha256"]:
                known[name] = {**before, "bytes": file.size, "sha256": file.sha256}
                grown.append(name)
            else:
                problems.append(
                    f"{name} is not the file that arrived {before['arrived']}: its SHA-256 was {before['sha256'][:12]}… and is "
                    f"{file.sha256[:12]}… To go on: bring the old file back, or take its entry out of inputs in manifest.json"
                )
        problems += [
            f"{name}, which arrived {before['arrived']}, is gone. To go on: bring it back, or take its entry out of "
            "inputs in manifest.json"
            for name, before in known.items()
            if name not in found and not (case.folder / name).is_file()
        ]
    return Arrivals(tuple(new), tuple(grown), tuple(problems))


def _start(path: Path, size: int) -> str:
    """Hash the first bytes of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while size and (chunk := handle.read(min(size, 1 << 20))):
            digest.update(chunk)
            size -= len(chunk)
    return digest.hexdigest()
