"""What a [[logs]] entry names -> the places to read: files, folders, globs, pipes, archives, objects of a bucket."""

import glob
from pathlib import Path

from exposure.errors import ExposureError
from exposure.incident import LogSource
from exposure.logs.reading.buckets import SCHEMES, find_objects, is_bucket
from exposure.logs.reading.places import LocalFile, Pipe, Place, members


def find_places(folder: Path, log: LogSource) -> list[Place]:
    """Give what a [[logs]] entry names, sorted; relative paths start at `folder`. Raises ExposureError for nothing."""
    if log.path == "-":
        return [Pipe()]
    if is_bucket(log.path):
        return find_objects(log.path)
    if "://" in log.path:
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        scheme = log.path.partition("://")[0]
        raise ExposureError(
            f"logs {scheme}://… cannot be read",
            f"object storage is read from {known}",
            "copy the files beside incident.toml and name their folder",
        )
    if (folder / log.path).is_fifo():
        return [Pipe(folder / log.path)]
    places: list[Place] = []
    for path in _find_files(folder, log.path):
        one = LocalFile(path)
        places += members(one) or [one]
    return places


def local_files(folder: Path, log: LogSource) -> list[Path]:
    """Give the files of this machine that a [[logs]] entry names; none where it names none, or something else."""
    try:
        return files_here(folder, log) or []
    except ExposureError:
        return []


def files_here(folder: Path, log: LogSource) -> list[Path] | None:
    """Give the files of this machine that a [[logs]] entry names; None for pipes and buckets. Raises ExposureError for nothing."""
    if log.path == "-" or "://" in log.path or (folder / log.path).is_fifo():
        return None
    return _find_files(folder, log.path)


def _find_files(folder: Path, path: str) -> list[Path]:
    named = folder / path
    if named.is_file():
        return [named]
    pattern = glob.escape(path) + "/**" if named.is_dir() else path
    found = [folder / name for name in glob.glob(pattern, root_dir=folder, recursive=True)]  # noqa: PTH207 - Path.glob refuses absolute patterns
    files = sorted(file for file in found if file.is_file())
    if files:
        return files
    if named.is_dir():
        raise ExposureError(f"logs {path} holds no file", "the folder is empty", "copy the logs into it")
    wild = glob.has_magic(path)
    raise ExposureError(
        f"logs {path} {'matches no file' if wild else 'is not there'}",
        "relative paths start at the folder of incident.toml" if not Path(path).is_absolute() else "no such file",
        "correct path under [[logs]] in incident.toml, or copy the file there",
    )
