"""Make the files again that LibreOffice saved, for tests/publish/test_sheet_libreoffice.py; needs LibreOffice with python3-uno.

    python -m tools.save_with_libreoffice             # writes tests/publish/libreoffice/
    python -m tools.save_with_libreoffice --large N   # instead: opens a sheet of N wallets, says how long and whether whole

The tests read what is kept, so that they need no office on the machine. What a person does in it stands in STORY.
"""

import argparse
import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from exposure.publish.sheet.keep import write_sheet
from exposure.publish.sheet.read import ROW, read_file
from exposure.tables import TABLES
from tests.publish.libreoffice_story import CSV_STORY, STORY, hostile_case
from tests.publish.sheet_builder import make_case, wallet

_KEPT = Path(__file__).resolve().parents[1] / "tests" / "publish" / "libreoffice"
_PERSON = Path(__file__).with_name("libreoffice_person.py")
# Comma, quotes, UTF-8, from the first line; the last but three: let it find dates and numbers by itself, as people do.
_IMPORT = "44,34,76,1,,0,false,true"


def main() -> None:
    """Make the files, or open a large sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", type=int, metavar="N", help="open a sheet of N wallets instead, and keep nothing")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.large:
            _open_large(Path(folder), options.large)
        else:
            _make(Path(folder))


def _make(folder: Path) -> None:
    case, incident = make_case(folder / "case")
    write_sheet(case, incident)
    hostile, told = hostile_case(folder / "hostile")
    write_sheet(hostile, told)
    for source, name in ((case, "affected.xlsx"), (case, "affected.csv"), (hostile, "affected.csv")):
        shutil.copy(source.sheet / name, folder / f"{source.folder.name}-{name}")
    _play(
        folder,
        [
            {"open": "case-affected.xlsx", "do": STORY, "save": "worked.xlsx"},
            {"open": "case-affected.csv", "csv": _IMPORT, "do": CSV_STORY, "save": "worked.csv"},
            {"open": "hostile-affected.csv", "csv": _IMPORT, "do": [], "save": "hostile.xlsx"},
        ],
    )
    shutil.rmtree(_KEPT, ignore_errors=True)
    _KEPT.mkdir()
    for name in ("worked.xlsx", "worked.csv", "hostile.xlsx"):
        shutil.copy(folder / name, _KEPT / name)
    shutil.copytree(case.sheet / ".versions", _KEPT / "versions")
    print(f"{_office_version()}: wrote {', '.join(sorted(path.name for path in _KEPT.iterdir()))} to {_KEPT}")


def _open_large(folder: Path, number: int) -> None:
    wallets = TABLES["wallets"].frame([wallet(f"0x{place:040x}", "exposed", float(place)) for place in range(number)])
    case, incident = make_case(folder / "case", wallets=wallets)
    write_sheet(case, incident)
    shutil.copy(case.sheet / "affected.xlsx", folder / "large.xlsx")
    note = ["type", f"0x{number - 1:040x}", "note", "seen in LibreOffice"]
    start = time.perf_counter()
    _play(folder, [{"open": "large.xlsx", "do": [note], "save": "saved.xlsx"}])
    seconds = time.perf_counter() - start
    (sheet,) = read_file(folder / "saved.xlsx")
    notes = sheet.rows.drop_nulls("note").select(ROW, "note").rows()
    print(
        f"{_office_version()}: {sheet.rows.height:,} of {number:,} wallets opened and saved in {seconds:.0f} s; {notes}"
    )


def _play(folder: Path, script: list[dict[str, object]]) -> None:
    """Start the office with a profile of its own, and let the person work in it."""
    (folder / "script.json").write_text(json.dumps(script))
    pipe = f"exposure-{folder.name}"
    office = subprocess.Popen(
        [
            "soffice",
            "--headless",
            "--norestore",
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            f"--accept=pipe,name={pipe};urp;",
        ]
    )
    try:
        subprocess.run([_python(), str(_PERSON), str(folder), pipe], check=True)
        office.wait(timeout=60)
    finally:
        office.kill()


def _python() -> str:
    """Find a Python that can talk to LibreOffice."""
    for python in ("/usr/bin/python3", "/opt/libreoffice/program/python", shutil.which("python3") or "python3"):
        if (
            Path(python).exists()
            and not subprocess.run([python, "-c", "import uno"], capture_output=True, check=False).returncode
        ):
            return python
    raise SystemExit("no Python can import uno: install LibreOffice Calc and python3-uno")


def _office_version() -> str:
    return subprocess.run(["soffice", "--version"], capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
