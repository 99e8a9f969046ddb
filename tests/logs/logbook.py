"""Lines as servers write them, and a short way from lines to tables."""

import gzip
import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from exposure.case import Case
from exposure.console import Silent
from exposure.incident import Action, Incident, LogSource
from exposure.logs.ingest import ingest
from exposure.logs.reading.lines import to_lines

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
ALICE = "0x52908400098527886e0f7030069857d2e4169ee7"
BOB = "0x8617e340b3d01fa5f11f306f4090fd50e238070d"
CAROL = "0xde709f2102306220921060314715629080e2fb77"
CHECKSUMMED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0"

UNLOCK = Action(
    name="entered_seed_phrase",
    words="entered your recovery phrase",
    exposure="key",
    match={"method": "POST", "path": "^/api/unlock/mnemonic"},
)


def at(seconds: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def combined(
    target: str = "/",
    time: datetime = NOON,
    ip: str = "203.0.113.7",
    method: str = "GET",
    status: int | None = 200,
    size: int | None = 612,
    referer: str = "-",
    ua: str = CHROME,
) -> str:
    r"""Write a line as nginx does, quotes and odd bytes as \\xHH."""
    request = f"{method} {hexed(target)} HTTP/1.1"
    answer = f"{'-' if status is None else status} {'-' if size is None else size}"
    return f'{ip} - - [{time:%d/%b/%Y:%H:%M:%S %z}] "{request}" {answer} "{hexed(referer)}" "{hexed(ua)}"'


def hexed(text: str) -> str:
    """Escape as nginx does."""
    odd = re.compile(rb'["\\\x00-\x1f\x7f-\xff]')
    return odd.sub(lambda match: b"\\x%02X" % match[0][0], text.encode()).decode()


def cloudflare(
    target: str = "/", time: object = "2026-03-04T12:00:00Z", ray: str | None = None, **fields: object
) -> str:
    """Write a line as Logpush does."""
    row: dict[str, object] = {
        "ClientIP": "203.0.113.7",
        "ClientRequestHost": "examplewallet.com",
        "ClientRequestMethod": "GET",
        "ClientRequestURI": target,
        "ClientRequestReferer": "",
        "ClientRequestUserAgent": CHROME,
        "EdgeResponseStatus": 200,
        "EdgeResponseBodyBytes": 612,
        "EdgeStartTimestamp": time,
        "RayID": ray,
    }
    return json.dumps({name: value for name, value in {**row, **fields}.items() if value is not None})


def lines_of(*texts: str) -> pl.DataFrame:
    """Number lines as the reader does."""
    return to_lines("\n".join(texts).encode(), 0, 1)


class Logbook:
    """A case folder with logs, read on demand: `write` files, then `read`, then look at tables."""

    def __init__(self, folder: Path, **incident: Any) -> None:
        self.folder = folder
        self.case = Case(folder)
        self.settings: dict[str, Any] = {"actions": (UNLOCK,), **incident}
        self.logs: list[LogSource] = []

    def write(self, name: str, *lines: str | bytes, ending: bytes = b"\n", listed: bool = True) -> Path:
        """Write a log file (packed where its name ends in .gz), and list it under [[logs]]."""
        content = b"".join((line.encode() if isinstance(line, str) else line) + ending for line in lines)
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        if listed:
            self.name(name)
        return path

    def name(self, path: str, **settings: Any) -> None:
        """List a path under [[logs]]."""
        self.logs.append(LogSource(path=path, **settings))

    def read(self, **options: Any) -> dict[str, Any]:
        """Ingest; gives the figures."""
        incident = Incident(folder=self.folder, name="x", title="X", logs=tuple(self.logs), **self.settings)
        return ingest(incident, self.case, Silent(), **options)

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """Give a table's rows, only these columns, sorted."""
        return sorted(self.case.read(table).select(columns).rows(), key=str)

    def notes(self) -> list[str]:
        """Give the notes of coverage."""
        return self.case.read("coverage").get_column("note").to_list()


LogbookMaker = Callable[..., Logbook]


def texts(rows: pl.DataFrame, column: str) -> Sequence[Any]:
    """Give a column by line."""
    return rows.sort("source", "line").get_column(column).to_list()
