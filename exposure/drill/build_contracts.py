"""Compile the contracts beside this file: `python -m exposure.drill.build_contracts [--check]`.

For developers, in a checkout: it writes into the package. It needs node and npm, which install the pinned compiler into
.tools/solc on the first run. The same sources give the same bytes, so `--check` compares and writes nothing.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exposure.console import Console
from exposure.drill.contracts import NAMES
from exposure.errors import ExitCode, ExposureError

SOLC = "0.8.37"
SETTINGS = {
    "optimizer": {"enabled": True, "runs": 200},
    # The oldest EVM that has all we use, so that the code runs under Cancun, Prague and later.
    "evmVersion": "cancun",
    # No hash of the sources in the code: a changed comment leaves the bytecode as it is.
    "metadata": {"appendCBOR": False, "bytecodeHash": "none"},
}
_OUTPUTS = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]
# The package's own command line cuts an answer at 64 KiB where its output is a pipe, so its library is called instead.
_COMPILE = (
    "const solc = require(process.argv[1]); const task = require('fs').readFileSync(0, 'utf8');"
    "process.stdout.write(JSON.stringify({version: solc.version(), result: solc.compile(task)}));"
)
_COMMAND = "python -m exposure.drill.build_contracts"
CONTRACTS = Path(__file__).with_name("contracts")
_TOOLS = Path(__file__).resolve().parents[2] / ".tools" / "solc"


def read_sources(folder: Path) -> dict[str, str]:
    """Read every .sol of a folder: file name -> text with plain line ends."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.sol"))}


def fingerprints(sources: Mapping[str, str]) -> str:
    """Write sources.json: file name -> SHA-256 of its text. It shows without a compiler that a build is out of step."""
    hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in sources.items()}
    return json.dumps(hashes, indent=2) + "\n"


def render(compiler: str, compiled: Mapping[str, Any]) -> str:
    """Write one contract's JSON, one line for each entry of its ABI. `compiled` is solc's answer for the contract."""
    entries = ",\n".join("    " + json.dumps(_slim(entry)) for entry in compiled["abi"])
    evm = compiled["evm"]
    return (
        "{\n"
        f'  "compiler": {json.dumps(compiler)},\n'
        f'  "settings": {json.dumps(SETTINGS)},\n'
        f'  "abi": [\n{entries}\n  ],\n'
        f'  "bytecode": "0x{evm["bytecode"]["object"]}",\n'
        f'  "runtime": "0x{evm["deployedBytecode"]["object"]}"\n'
        "}\n"
    )


def read_answer(answer: str) -> tuple[str, dict[str, Any]]:
    """Read what the compiler said: its full version, and its outputs (file -> contract -> outputs).

    Raises ExposureError where it has any complaint.
    """
    said = json.loads(answer)
    result = json.loads(said["result"])
    if complaints := [entry["formattedMessage"] for entry in result.get("errors", [])]:
        raise ExposureError(
            f"solc {SOLC} complains about the contracts.",
            "\n".join(complaints).strip(),
            "Mend the sources; warnings count as errors here.",
        )
    contracts: dict[str, Any] = result["contracts"]
    return said["version"], contracts


def differing(built: Mapping[str, str], folder: Path) -> list[str]:
    """Name the files of a build that the folder lacks or holds with other text."""
    return [
        name
        for name, text in built.items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


def build(sources: Mapping[str, str], tools: Path = _TOOLS) -> dict[str, str]:
    """Compile: sources (file name -> text) -> file name and text of every JSON.

    Raises ExposureError where node or npm is missing, or the compiler objects.
    """
    compiler, compiled = read_answer(_ask(_install(tools), sources))
    files = {f"{name}.json": render(compiler, compiled[f"{name}.sol"][name]) for name in NAMES}
    return files | {"sources.json": fingerprints(sources)}


def main(arguments: list[str] | None = None) -> int:
    """Build, or compare with what is there; return the exit code."""
    parser = argparse.ArgumentParser(prog=_COMMAND, description="Compile the drill's contracts.")
    parser.add_argument("--check", action="store_true", help="compare with the files that are there; write nothing")
    check = parser.parse_args(arguments).check
    console = Console()
    try:
        built = build(read_sources(CONTRACTS))
        stale = differing(built, CONTRACTS)
        if check and stale:
            raise ExposureError(
                f"The compiled contracts are out of step with their sources: {', '.join(stale)}.",
                f"solc {SOLC} makes something else of the .sol files that are there.",
                f"Run `{_COMMAND}` and commit what it writes.",
                exit_code=ExitCode.NEEDS_A_PERSON,
            )
    except ExposureError as error:
        for line in str(error).splitlines():
            console.line(line)
        return error.exit_code
    for name in stale:
        (CONTRACTS / name).write_text(built[name], encoding="utf-8", newline="\n")
    console.line(f"{len(stale)} of {len(built)} files written, the others were right")
    return ExitCode.DONE


def _slim(entry: Any) -> Any:
    """Leave out Solidity's own type names, which nothing needs to encode or decode."""
    if isinstance(entry, list):
        return [_slim(item) for item in entry]
    if isinstance(entry, dict):
        return {key: _slim(value) for key, value in entry.items() if key != "internalType"}
    return entry


def _install(tools: Path) -> Path:
    """Make sure that the pinned compiler is there; return its package."""
    package = tools / "node_modules" / "solc"
    described = package / "package.json"
    if not described.is_file() or json.loads(described.read_text(encoding="utf-8"))["version"] != SOLC:
        tools.mkdir(parents=True, exist_ok=True)
        wanted = ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", f"solc@{SOLC}"]
        _run("npm", [*wanted, "--prefix", str(tools)], given=None)
    return package


def _ask(package: Path, sources: Mapping[str, str]) -> str:
    """Run the compiler once over all sources; return its version and answer, as read_answer takes them."""
    task = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sources.items()},
        "settings": {**SETTINGS, "outputSelection": {"*": {"*": _OUTPUTS}}},
    }
    return _run("node", ["-e", _COMPILE, str(package)], given=json.dumps(task))


def _run(program: str, arguments: list[str], given: str | None) -> str:
    """Run a program of node's to its end and return what it printed."""
    found = shutil.which(program)
    if found is None:
        raise ExposureError(
            f"{program} was not found.",
            f"The compiler, solc {SOLC}, is an npm package and runs in node.",
            "Install node, which brings npm. Only rebuilding the contracts needs them, using them does not.",
        )
    command = [found, *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise ExposureError(
            f"{program} {arguments[0]} ended with exit code {done.returncode}.",
            (done.stderr or done.stdout).strip()[-2000:] or "It said nothing.",
            "See its message above. The first run needs the network, to fetch the compiler.",
        )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
