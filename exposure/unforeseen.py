"""Failures that no step foresaw, in three sentences: a disk that is full or read-only, or a fault of this program. Pure."""

import errno
import os
import re
import traceback
from pathlib import Path

from exposure.errors import ExposureError

_ROOM = "make room on that disk"
_RIGHTS = "give yourself the right to write there"
_FIXES = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: "put the case on a disk that takes larger files, or raise the limit (ulimit -f)",
    errno.EROFS: "mount that disk so that it can be written, or copy the case to one that can",
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EISDIR: "move that folder away: a file belongs there",
    errno.ENOTDIR: "move that file away: a folder belongs there",
    errno.EEXIST: "move that file away: a folder belongs there",
    errno.ENOENT: "bring that file or folder back",
    errno.EIO: "check that disk",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
}

_HIDDEN = re.compile(r"\(os error ([0-9]+)\)")


def told(error: BaseException) -> ExposureError:
    """Give what a person reads of it. The text of an exception may quote a secret and is not in it; its kind and place are."""
    number = os_error(error)
    if number in _FIXES:
        return _of_the_disk(error, number)
    steps = traceback.extract_tb(error.__traceback__)
    place = f" in {Path(steps[-1].filename).name}, line {steps[-1].lineno}" if steps else ""
    return ExposureError(
        "the command could not be finished",
        f"{type(error).__name__}{place}; its text may quote a secret, and is not shown",
        "this is a fault of the program; --debug shows where: report it. Files that were written before are whole",
    )


def os_error(error: BaseException) -> int | None:
    """Give the number by which the system says what failed; None where it was not the system. polars hides it in its text."""
    if isinstance(error, OSError):
        return error.errno
    hidden = _HIDDEN.search(str(error)) if type(error).__module__.startswith("polars") else None
    return int(hidden[1]) if hidden else None


def _of_the_disk(error: BaseException, number: int) -> ExposureError:
    named = getattr(error, "filename", None)
    # A file that is open knows its number alone, and standard output has no name.
    what = os.fsdecode(named) if isinstance(named, str | bytes | os.PathLike) else "a file"
    return ExposureError(
        f"{what} could not be written or read",
        f"{os.strerror(number)}; the files that were there are whole, and nothing is lost",
        f"{_FIXES[number]}, and run the same command again",
    )
