"""The steps of `benchmarks.ingest`, each run in a process of its own.

    python -m benchmarks.ingest_steps ours|duckdb|duckdb_json|python|ripgrep|goaccess FILE

Each prints one JSON object as its last line.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.fresh import measure
from exposure.incident import Action

if TYPE_CHECKING:
    from exposure.logs.reading.reader import Reader

ADDRESS = "0x[0-9a-fA-F]{40}"
COMBINED = r'^(\S+) \S+ \S+ \[([^\]]+)\] "(\S+) (\S+) [^"]*" (\d{3}) (\d+|-) "([^"]*)" "([^"]*)"'
FIELDS = ("ip", "time", "method", "target", "status", "bytes", "referer", "ua")


ACTIONS = tuple(
    Action(name=name, words=words, exposure=kind, match=match)
    for name, words, kind, match in (
        ("typed_phrase", "entered your recovery phrase", "key", {"method": "POST", "path": "^/api/unlock"}),
        ("viewed_balance", "looked at your balance", "none", {"path": "^/api/balance/"}),
    )
)


def ours(file: Path) -> dict[str, Any]:
    """Ingest as the command does: every line accounted for, traffic, sessions, files, sightings, written as tables."""
    from exposure.logs.reading.reader import read_here

    return ingested(file, read_here)


def ingested(file: Path, reader: "Reader") -> dict[str, Any]:
    """Ingest by any reader."""
    from exposure.case import Case
    from exposure.console import Silent
    from exposure.incident import Asset, Attacker, Chain, Incident, LogSource
    from exposure.logs.ingest import ingest

    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        incident = Incident(
            folder=Path(folder),
            name="large",
            title="A large log",
            status="contained",
            actions=ACTIONS,
            assets=(Asset(path="/static/app.js"),),
            attackers=(Attacker(address="0x" + "1" * 40, role="sink"),),
            chains=(Chain(name="ethereum", id=1),),
            logs=(LogSource(path=str(file)),),
        )
        return measure(lambda: {"found": ingest(incident, Case(Path(folder)), Silent(), reader=reader)})


def duckdb(file: Path) -> dict[str, Any]:
    """Parse every line with one regular expression, and write all its fields and its first address."""
    told = ", ".join(f"'{name}'" for name in FIELDS)
    return _duckdb(
        file,
        f"""SELECT g.ip, strptime(g.time, '%d/%b/%Y:%H:%M:%S %z') AS time, g.method, g.target, g.status::USMALLINT AS status,
        try_cast(g.bytes AS BIGINT) AS bytes, g.referer, g.ua, regexp_extract(g.target || ' ' || g.referer, '{ADDRESS}') AS address
        FROM (SELECT regexp_extract(line, '{COMBINED}', [{told}]) AS g FROM read_csv('{file}', columns = {{'line': 'VARCHAR'}},
        delim = '\\x01', quote = '', escape = '', header = false, auto_detect = false))""",
    )


def duckdb_json(file: Path) -> dict[str, Any]:
    """Read all fields of JSON lines, and write them with the first address."""
    return _duckdb(file, f"SELECT *, regexp_extract(request_uri, '{ADDRESS}') AS address FROM read_ndjson('{file}')")


def _duckdb(file: Path, query: str) -> dict[str, Any]:
    import duckdb as engine

    with tempfile.TemporaryDirectory(dir=file.parent) as folder, engine.connect() as base:
        base.execute("SET threads = 2; SET TimeZone = 'UTC'")
        out = f"{folder}/out.parquet"
        done = measure(lambda: {"lines": base.execute(f"COPY ({query}) TO '{out}'").fetchall()[0][0]})
        return done | {"found": base.sql(f"SELECT count(*) FROM '{out}' WHERE address <> ''").fetchall()[0][0]}


def python(file: Path) -> dict[str, Any]:
    """Do as a script would that somebody writes in the hour: a regular expression a line, and the time read."""
    line, address = re.compile(COMBINED), re.compile(ADDRESS)

    def step() -> dict[str, Any]:
        lines = found = 0
        with file.open(encoding="utf-8", errors="replace") as text:
            for one in text:
                lines += 1
                match = line.match(one)
                if match:
                    datetime.strptime(match[2], "%d/%b/%Y:%H:%M:%S %z")
                    found += bool(address.search(match[4]) or address.search(match[7]))
        return {"lines": lines, "found": found}

    return measure(step)


def ripgrep(file: Path) -> dict[str, Any]:
    """Count the lines with an address: the least that anybody could do."""
    return _tool(["rg", "--count", ADDRESS, str(file)])


def goaccess(file: Path) -> dict[str, Any]:
    """Let GoAccess make its report."""
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        return _tool(
            ["goaccess", str(file), "--log-format=COMBINED", "--no-global-config", "-o", f"{folder}/report.json"]
        )


def _tool(command: list[str]) -> dict[str, Any]:
    if shutil.which(command[0]) is None:
        return {}
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return {"seconds": time.perf_counter() - start}


def main() -> None:
    """Do one step."""
    steps = {step.__name__: step for step in (ours, duckdb, duckdb_json, python, ripgrep, goaccess)}
    print(json.dumps(steps[sys.argv[1]](Path(sys.argv[2])), default=str))


if __name__ == "__main__":
    main()
