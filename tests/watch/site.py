"""A site whose server writes and rotates its logs as real ones do, and remembers every line."""

import gzip
import os
import shutil
from datetime import timedelta
from pathlib import Path

import polars as pl

from exposure.case import Case
from exposure.console import Silent
from exposure.incident import Incident, LogSource
from exposure.logs.digest import Digest
from exposure.logs.ingest import ingest
from exposure.watch.follow import Follower, Looked
from exposure.watch.logs import write_tables
from tests.logs.logbook import NOON, UNLOCK, combined

# So small that a test's logs have several blocks.
BLOCK = 2_000


def wallet(number: int) -> str:
    """Give the wallet that did X in the line of that number."""
    return f"0x{number:040x}"


def line(number: int) -> str:
    """Write the line of a number: another second, another client, another wallet, doing X."""
    time = NOON + timedelta(seconds=number)
    target = f"/api/unlock/mnemonic?a={wallet(number)}"
    return combined(target, time, ip=f"203.0.113.{number % 250}", method="POST") + "\n"


class Site:
    """A case folder with `logs/access.log`. `written` are the numbers of the lines so far, each once."""

    def __init__(self, folder: Path, path: str = "logs/access.log*") -> None:
        self.folder = folder
        self.log = folder / "logs" / "access.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.case = Case(folder)
        self.incident = Incident(
            folder=folder, name="site", title="Site", logs=(LogSource(path=path),), actions=(UNLOCK,)
        )
        self.written: list[int] = []
        self.heard: list[Digest] = []
        self.follower = self.start()

    def start(self) -> Follower:
        """Begin to follow, as a watch does that was killed before: nothing but the journal is left of the one before."""
        self.follower = Follower(self.case, size=BLOCK)
        return self.follower

    def write(self, number: int, to: Path | None = None) -> None:
        """Append so many lines."""
        new = range(len(self.written) + 1, len(self.written) + number + 1)
        with (to or self.log).open("a") as file:
            file.write("".join(map(line, new)))
        self.written += new

    def rotated(self, number: int) -> Path:
        """Give the path of a rotated log."""
        return self.log.with_name(f"access.log.{number}")

    def rename(self) -> None:
        """Rotate by renaming: access.log.1 is access.log from now on, and so forth; access.log is new and empty."""
        for number in range(len(list(self.log.parent.iterdir())), 0, -1):
            for end in ("", ".gz"):
                old = self.log.with_name(f"access.log.{number}{end}")
                if old.exists():
                    old.rename(self.log.with_name(f"access.log.{number + 1}{end}"))
        self.log.rename(self.rotated(1))
        self.log.touch()

    def copy_truncate(self, name: str) -> None:
        """Rotate by copying and cutting: the server keeps its file."""
        shutil.copyfile(self.log, self.log.with_name(name))
        os.truncate(self.log, 0)

    def pack(self, path: Path) -> None:
        """Compress as gzip does: the packed file is there before the other one goes."""
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()

    def look(self, *, settled: bool = False) -> Looked:
        """Look once."""
        return self.follower.look(self.incident, lambda _, digest: self.heard.append(digest), settled=settled)

    def tables(self) -> dict[str, pl.DataFrame]:
        """Make the tables of what was followed, and read them."""
        write_tables(self.incident, self.case, Silent(), self.follower, [])
        return {path.stem: pl.read_parquet(path) for path in sorted(self.case.data.iterdir())}

    def numbers(self) -> list[int]:
        """Give the numbers of the lines that the tables hold, sorted; a line that is there twice is there twice."""
        paths = self.tables()["requests"].get_column("path")
        return sorted(int(path[-40:], 16) for path in paths)

    def names(self) -> dict[str, str]:
        """Give why each log that is known is gone (empty: it is there), by the name of its file."""
        return {stream.shown: stream.gone for stream in self.follower.streams.values()}

    def one_run(self, folder: Path) -> Case:
        """Read the same files once, by `exposure ingest`, in a case of its own with the same key."""
        shutil.copytree(self.log.parent, folder / "logs")
        shutil.copy(self.folder / ".pseudonym.key", folder)
        case = Case(folder)
        ingest(self.incident.model_copy(update={"folder": folder}), case, Silent(), block=BLOCK)
        return case


def same_bytes(one: Case, other: Case) -> list[str]:
    """Give the tables that two cases hold with different bytes, or only one of them holds."""
    names = {path.name for case in (one, other) for path in case.data.glob("*.parquet")}

    def read(case: Case, name: str) -> bytes:
        path = case.data / name
        return path.read_bytes() if path.exists() else b""

    return [name for name in sorted(names) if read(one, name) != read(other, name)]
