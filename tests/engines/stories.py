"""A folder of logs of every kind that is cut or not, read by one machine and by an engine, and what was made of it."""

import gzip
import hashlib
import io
import json
import pickle
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from exposure.engines.gather import Failure
from exposure.engines.tasks import Job, Task, Whole
from exposure.engines.work import work
from exposure.incident import Asset
from exposure.logs.reading.reader import Reader, Reading, Taken
from exposure.logs.reading.unpack import zstd
from tests.logs.logbook import ALICE, BOB, Logbook, at, cloudflare, combined
from tests.logs.test_proofs import KEY, PHRASE

# Bytes of a block; a range has eight of them.
BLOCK, SMALL = 64 << 10, 16 << 10
W3C = """#Version: 1.0
#Fields: date time c-ip cs-method cs-uri-stem cs-uri-query sc-status
"""


def visits(start: float, count: int, ip: str = "203.0.113.7") -> list[str]:
    """Write lines of a site: people look at wallets, fetch files, unlock, and a few lines are broken or hold secrets."""
    lines = []
    for number in range(count):
        time, who = at(start + number), f"{ip.rpartition('.')[0]}.{number % 50}"
        page = f"https://examplewallet.com/{hashlib.sha256(b'%d' % number).hexdigest()[:24]}"
        kind = number % 97
        if kind == 0:
            lines.append(combined("/api/unlock/mnemonic", time, who, method="POST"))
        elif kind == 1:
            lines.append(f"garbage {number} with {BOB}")
        elif kind == 2:
            lines.append(combined(f"/u?p={PHRASE.replace(' ', '+')}", time, who))
        elif kind == 3:
            lines.append(combined(f"/u?pk={KEY}", at(start + number - 7_200), who))
        elif kind < 40:
            lines.append(combined(f"/wallet/0x{number % 500:040x}", time, who, referer=page))
        else:
            lines.append(
                combined(f"/static/app.js?v={number % 7}", time, who, size=4000 + 1000 * (number > count // 2))
            )
    return lines


def text(lines: list[str]) -> bytes:
    """Put lines into bytes."""
    return "".join(line + "\n" for line in lines).encode()


def framed(content: bytes, size: int, damaged: int = -1) -> bytes:
    """Pack in frames that say what they hold, as pzstd does: cut anywhere. One of them may be damaged within."""
    checked = {zstd.CompressionParameter.checksum_flag: 1}
    frames = [zstd.compress(content[at : at + size], options=checked) for at in range(0, len(content), size)]
    if damaged >= 0:
        middle = len(frames[damaged]) // 2
        frames[damaged] = frames[damaged][:middle] + b"#####" + frames[damaged][middle + 5 :]
    return b"".join(frames)


def write_all(book: Logbook) -> None:
    """Write logs of every kind, and list them."""
    large = text(visits(0, 6_000))
    odd = large[: len(large) // 2] + b"x" * (2 << 20) + b"\n" + b"\xef\xbb\xbf\0" + large[len(large) // 2 :]
    files = {
        "logs/large.log": large + b"no feed at the end",
        "logs/odd.log": odd,
        "logs/overlap.log": large[len(large) // 3 :] + text(visits(12_000, 2_500, "198.51.100.1")),
        "logs/framed.log.zst": framed(text(visits(20_000, 5_000)), 150_001),
        "logs/stream.log.zst": zstd.compress(text(visits(30_000, 1_000))),
        "logs/packed.log.gz": gzip.compress(text(visits(40_000, 1_000)), mtime=0),
        "logs/cut.log.gz": gzip.compress(text(visits(50_000, 2_000)), mtime=0)[:-900],
        "logs/cut.log.zst": framed(text(visits(60_000, 500)), 20_003)[:-40],
        "logs/damaged.log.zst": framed(text(visits(60_000, 7_000)), 200_003, damaged=4),
        "logs/wide.log": text(visits(70_000, 1_000)).decode().encode("utf-16"),
        "logs/empty.log": b"",
        "iis/u_ex.log": (
            W3C
            + "".join(f"2026-03-04 {at(n):%H:%M:%S} 192.0.2.{n % 9} GET /wallet/{ALICE} - 200\n" for n in range(9_000))
        ).encode(),
        "edge/cdn.json": "\n".join(
            cloudflare(f"/wallet/0x{n % 300:040x}", f"{at(n):%Y-%m-%dT%H:%M:%SZ}", f"{n % 2_400}") for n in range(2_500)
        ).encode(),
        "edge/again.json": "\n".join(
            cloudflare(f"/wallet/0x{n % 300:040x}", f"{at(n):%Y-%m-%dT%H:%M:%SZ}", f"{n}") for n in range(2_000, 2_600)
        ).encode(),
        "events/list.json": json.dumps(
            [{"timestamp": f"{at(n):%Y-%m-%dT%H:%M:%SZ}", "event": "unlock", "user": ALICE} for n in range(20)]
        ).encode(),
        "small/none.log": bytes(range(128)) * 50,
    }
    for number in range(6):
        files[f"small/{number}.log"] = text(visits(80_000 + 100 * number, 60))
    for name, content in files.items():
        path = book.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a.log", "b.log"):
            archive.writestr(name, text(visits(90_000, 100)))
    (book.folder / "logs" / "export.zip").write_bytes(held.getvalue())
    book.name("logs", trusted_proxies=("192.0.2.0/24",))
    for folder in ("iis", "edge", "small"):
        book.name(folder)
    book.name("events", kind="events", fields={"time": "timestamp", "event": "event", "address": "user"})
    book.name("nowhere")


def book(folder: Path) -> Logbook:
    """Give an empty logbook with a file under suspicion."""
    return Logbook(folder, assets=(Asset(path="/static/app.js", bytes=(4000,)),))


def read(book: Logbook, **options: Any) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Read afresh; gives the bytes of every table, and the figures."""
    for table in book.case.data.glob("*.parquet"):
        table.unlink()
    figures = book.read(**{"block": BLOCK, **options})
    return {path.name: path.read_bytes() for path in sorted(book.case.data.glob("*.parquet"))}, figures


def after(blocks: int, reader: Reader, then: Callable[[], object]) -> Reader:
    """Read, and do something after so many blocks."""

    def reading(what: Reading) -> Iterator[Taken]:
        for number, taken in enumerate(reader(what)):
            if number == blocks:
                then()
            yield taken

    return reading


class Pickled:
    """An engine of one: what goes to a worker and comes back is bytes, as with any. `done` are the tasks it was given.

    Those whose name, or the name of a file, holds `broken` fail for good; the others are done so many `times`.
    """

    def __init__(self, broken: str = "", times: int = 1) -> None:
        self.done: list[str] = []
        self.names: list[str] = []
        self._broken = broken
        self._times = times

    def run(self, job: Job, tasks: Iterator[Task]) -> Iterator[tuple[Task, bytes | Failure]]:
        """Do the tasks, one by one."""
        for task in tasks:
            self.done.append(str(task))
            self.names.append(task.name)
            names = [file.shown for file in task.files] if isinstance(task, Whole) else [str(task)]
            if self._broken and any(self._broken in name for name in names):
                yield task, Failure("every worker that tried it died")
            else:
                found = [work(*pickle.loads(pickle.dumps((job, task)))) for _ in range(self._times)]  # noqa: S301 - our own
                yield task, found[-1]
