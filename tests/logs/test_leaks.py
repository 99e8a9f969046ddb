"""Nothing leaks: canaries in every field of every format and on every way to fail, and none in what is written or said."""

import gzip
import hashlib
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from eth_account import Account
from mnemonic import Mnemonic

from exposure.errors import ExposureError
from exposure.logs import intake
from exposure.logs.formats.known import FORMATS
from exposure.logs.secrets.encodings import decode
from tests.logs.logbook import ALICE, Logbook, combined
from tests.logs.test_formats import CUSTOM

PHRASE = Mnemonic("english").to_mnemonic(hashlib.sha256(b"canary").digest()[:16])
KANA = Mnemonic("japanese").to_mnemonic(hashlib.sha256(b"kana").digest()[:16])
KEY = hashlib.sha256(b"canary key").hexdigest()
MASTER = Mnemonic.to_hd_master_key(Mnemonic.to_seed(PHRASE))
STORE = json.dumps(Account.encrypt(KEY, "password", kdf="pbkdf2", iterations=2), separators=(",", ":"))
SEALED = json.loads(STORE)["crypto"]
CANARIES = (
    f"privateKey=0x{KEY}",
    KEY.upper(),
    PHRASE.replace(" ", "+"),
    PHRASE.replace(" ", "%2520"),
    PHRASE.replace(" ", "."),
    KANA.replace("\u3000", "+").replace(" ", "+"),
    MASTER,
    STORE.replace('"', "%22"),
)
# Whole secrets in any dress, most of one, and any four words on end.
HIDDEN = [KEY[:41], KEY[-41:], MASTER.lower()[:50], SEALED["ciphertext"], SEALED["mac"]]
HIDDEN += [r"[\W_]+".join(PHRASE.split()[start : start + 4]) for start in range(9)]
HIDDEN += [r"[\W_]+".join(KANA.split()[start : start + 4]) for start in range(9)]
PATTERNS = [re.compile(text) for text in HIDDEN]


def leaks(text: str) -> list[str]:
    """Name what of the canaries is in a text, as it is and decoded, in any case."""
    return [pattern.pattern for form in (text, decode(text)) for pattern in PATTERNS if pattern.search(form.lower())]


def dressed(example: str) -> Iterator[str]:
    """Put each canary in the place of each word of a format's example; then broken off, and with more behind."""
    *above, line = example.split("\n")
    yield from above
    yield line
    for canary in CANARIES:
        for word in re.finditer(r'[^\s"\[\]{}|,]+', line):
            yield line[: word.start()] + canary + line[word.end() :]
        yield f"{line} {canary}"
        yield canary
        yield f'{line[: len(line) // 2]}{canary}"'


def held(folder: Path) -> Iterator[tuple[str, str]]:
    """Give all that a folder holds as text: raw bytes, and what packed formats hide."""
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        yield path.name, path.read_text("latin-1")
        yield path.name, path.read_bytes().decode("utf-8", "replace")
        if path.suffix == ".parquet":
            yield path.name, str(pl.read_parquet(path).to_dicts())
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                yield from ((path.name, packed.read(name).decode("utf-8", "replace")) for name in packed.namelist())


def write_case(folder: Path) -> Path:
    """Write a case whose logs hold the canaries in every format, and files that cannot be read; the logs lie outside of it."""
    case, logs = folder / "case", folder / "logs"
    case.mkdir()
    logs.mkdir()
    text = (
        '[incident]\nname = "x"\ntitle = "X"\nsite = ["examplewallet.com"]\nvector = "script"\nstatus = "contained"\n'
    )
    text += 'control = "regained"\n[[chain]]\nname = "ethereum"\nrpc = ["http://127.0.0.1:9"]\n'
    text += '[[action]]\nname = "seed"\nwords = "did it"\nexposure = "key"\nmatch = { path = "." }\n'
    for name, known in FORMATS.items():
        (logs / name).write_text("\n".join(dressed(known.example)) + "\n")
        entry = f'[[logs]]\npath = "../logs/{name}"\nformat = "{name}"\n'
        text += entry + (f"log_format = '{CUSTOM}'\n" if name == "custom" else "")
    packed = gzip.compress("\n".join(dressed(FORMATS["combined"].example)).encode())
    (logs / "half.gz").write_bytes(packed[: len(packed) * 2 // 3])
    (logs / "unknown").write_text("\n".join(CANARIES))
    (logs / "wrong").write_text("\n".join(dressed(FORMATS["combined"].example)))
    (logs / "broken").write_text("\n".join(line[:-9] for line in dressed(FORMATS["cloudflare"].example)))
    for name, more in (
        ("half.gz", ""),
        ("unknown", ""),
        ("wrong", 'format = "cloudflare"\n'),
        ("broken", 'format = "cloudflare"\n'),
    ):
        text += f'[[logs]]\npath = "../logs/{name}"\n{more}'
    (case / "incident.toml").write_text(text)
    assert set(HIDDEN) == {hidden for _, content in held(logs) for hidden in leaks(content)}
    return case


def said(*arguments: str | Path, code: str = "") -> str:
    """Run the program and give all that it says."""
    start = f"from exposure.cli import main; {code}\nmain()"
    command = [sys.executable, "-c", start, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    return done.stdout + done.stderr


def test_no_canary_is_written_or_said(tmp_path: Path) -> None:
    """The commands from the logs to the report, every file of the case, and every word on the terminal."""
    case = write_case(tmp_path)
    spoken = said("ingest", case, "--debug", "--now", "2026-03-09T00:00:00Z")
    assert "holds what opens wallets" in spoken
    assert "is cut short" in spoken
    assert "unknown is in an unknown format" in spoken
    for command in (["ingest", "--json"], ["assess"], ["sheet"], ["advise"], ["report"], ["status", "--json"]):
        spoken += said(command[0], case, *command[1:], "--debug", "--now", "2026-03-09T00:00:00Z")
    assert [] == leaks(spoken)
    found = [(name, leaks(text)) for name, text in held(case) if text and leaks(text)]
    assert [] == found
    rejects = pl.read_parquet(case / "data" / "rejects.parquet")
    assert rejects.get_column("excerpt").str.contains("[secret]", literal=True).sum() > 100
    requests = pl.read_parquet(case / "data" / "requests.parquet")
    redacted = requests.filter(pl.any_horizontal(pl.col("path", "event").str.contains("[secret]", literal=True)))
    assert redacted.get_column("source").n_unique() > 10


def test_an_error_does_not_repeat_the_line(tmp_path: Path) -> None:
    """With --debug the traceback is shown, and quotes no log either."""
    case = write_case(tmp_path)
    text = (case / "incident.toml").read_text()
    head = text.split("[[logs]]")[0]
    (case / "incident.toml").write_text(f'{head}[[logs]]\npath = "../logs/unknown"\n')
    spoken = said("ingest", case, "--debug")
    assert "Traceback" in spoken
    assert [] == leaks(spoken)


def test_a_fault_of_a_library_quotes_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Polars names values that it cannot read; only kind and place of the fault are passed on."""

    def fail(*_: object) -> None:
        raise pl.exceptions.ComputeError(f"could not parse '{PHRASE}'")

    monkeypatch.setattr(intake.Intake, "add", fail)
    logbook = Logbook(tmp_path)
    logbook.write("a.log", combined(f"/wallet/{ALICE}"))
    with pytest.raises(ExposureError, match="the logs could not be read to the end") as caught:
        logbook.read()
    assert "ComputeError in test_leaks.py, line" in caught.value.why
    assert ([], None) == (leaks(str(caught.value)), caught.value.__cause__)


def test_a_run_that_is_killed_leaves_no_canary(tmp_path: Path) -> None:
    """What is put aside on disk while the logs are read holds redacted text, hashes and addresses."""
    case = write_case(tmp_path)
    patch = "import os, exposure.logs.ingest as i, exposure.logs.spill as s\nold = s.Spill.__init__\n"
    patch += "def small(self, folder, name, schema, by, held=0): old(self, folder, name, schema, by, 0)\n"
    patch += "s.Spill.__init__ = small\ni._write = lambda *_: os._exit(9)"
    spoken = said("ingest", case, code=patch)
    scratch = [path for path in case.rglob("*.parquet") if ".ingest-" in str(path)]
    assert len(scratch) > 10
    assert [] == leaks(spoken)
    assert [] == [(name, leaks(text)) for name, text in held(case) if leaks(text)]
