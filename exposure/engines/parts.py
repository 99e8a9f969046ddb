"""Where workers write what they found, and the driver reads it: a folder that all machines share, or a bucket.

Each part is written whole or not at all, under the name of its task: one that two workers write is the same part.
"""

import shutil
from pathlib import Path
from typing import Any

from exposure.case import write_atomically
from exposure.errors import ExposureError
from exposure.logs.reading.buckets import connect_once, is_bucket, refused


def write_part(place: str, run: str, task: str, data: bytes) -> str:
    """Write what a task found; gives the part's name. Raises ExposureError."""
    name = f"{run}/{task}.part"
    try:
        if is_bucket(place):
            storage, folder = _bucket(place)
            with storage.open_output_stream(f"{folder}/{name}") as stream:
                stream.write(data)
        else:
            write_atomically(Path(place) / name, data)
    except OSError as error:
        raise _failed(place, "written", error) from None
    return name


def read_part(place: str, name: str) -> bytes:
    """Read a part. Raises ExposureError."""
    try:
        if not is_bucket(place):
            return (Path(place) / name).read_bytes()
        storage, folder = _bucket(place)
        with storage.open_input_stream(f"{folder}/{name}", compression=None) as stream:
            return bytes(stream.read())
    except OSError as error:
        raise _failed(place, "read", error) from None


def remove_parts(place: str, run: str) -> None:
    """Remove the parts of a run. What cannot be removed stays: they hold no secrets."""
    try:
        if is_bucket(place):
            storage, folder = _bucket(place)
            storage.delete_dir(f"{folder}/{run}")
        else:
            shutil.rmtree(Path(place) / run, ignore_errors=True)
    except OSError:
        pass


def _bucket(place: str) -> tuple[Any, str]:
    """Open a bucket, and give the folder in it."""
    scheme, _, folder = place.partition("://")
    return connect_once(scheme, folder.partition("/")[0]), folder.rstrip("/")


def _failed(place: str, what: str, error: OSError) -> ExposureError:
    scheme = place.partition("://")[0]
    if is_bucket(place):
        return refused(f"parts in {place}", scheme, error)
    return ExposureError(
        f"a part in {place} could not be {what}",
        error.strerror or "the disk refused",
        "name with --parts a folder that all machines share, or a bucket",
    )
