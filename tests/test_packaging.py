"""What is installed is what is locked, from whatever index, and it is enough to run the command."""

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ["requirements.lock", "tools/node.lock", "tools/fuzz.lock", "tools/engines.lock"]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--no-input"]
# Importing a module does not run the imports inside its functions (there are many: --help must answer at once), so those are
# read from the source and only looked up.
IMPORT_EVERYTHING = """
import ast, importlib, importlib.util, pathlib, pkgutil, exposure
def stop(name): raise
for module in pkgutil.walk_packages(exposure.__path__, "exposure.", stop):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
for file in pathlib.Path(exposure.__file__).parent.rglob("*.py"):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
        for name in {name.partition(".")[0] for name in names} - {"distributed", "py4j", "pyspark"}:  # extras
            assert importlib.util.find_spec(name), f"{file.name} imports {name}"
"""


def run(*command: str | Path) -> str:
    """Run a command to its end and return what it printed; a failure shows what it said."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def locked(lock: str) -> dict[str, str]:
    """Map each package of a lock to its entry, hashes and all; where markers choose between two, both are in it."""
    entries: dict[str, str] = {}
    for entry in re.split(r"^(?=\w)", (ROOT / lock).read_text(), flags=re.MULTILINE)[1:]:
        name = canonicalize_name(re.split(r"[=\s]", entry, maxsplit=1)[0])
        entries[name] = entries.get(name, "") + entry
    return entries


def needed_at_run_time() -> set[str]:
    """Follow what `exposure` requires, and what that requires, as it applies to this machine."""
    found: set[str] = set()
    waiting = [Requirement(text) for text in project()["project"]["dependencies"]]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in found or not applies(requirement):
            continue
        found.add(name)
        waiting += [
            needed
            for needed in map(Requirement, distribution(name).requires or [])
            if any(applies(needed, extra) for extra in {"", *requirement.extras})
        ]
    return found


def applies(requirement: Requirement, extra: str = "") -> bool:
    """Tell whether a requirement's marker holds on this machine."""
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def project() -> dict[str, dict[str, list[str]]]:
    """Read pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.mark.parametrize("file", [*LOCKS, "pyproject.toml", "tools/node.in"])
def test_no_file_names_where_packages_come_from(file: str) -> None:
    """No URL, index or find-links: the same files work behind any mirror, and tell nobody's."""
    named = re.findall(r"\w*://\S*|--(?:extra-)?index-url|--find-links|file:\S*|git\+\S*", (ROOT / file).read_text())
    assert [] == named


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_one_version_and_its_hashes(lock: str) -> None:
    """The installer refuses whatever is not byte for byte what was locked."""
    loose = [
        name
        for name, entry in locked(lock).items()
        if not re.match(r"\S+==\S+ (; .* )?\\\n    --hash=sha256:[0-9a-f]{64}", entry)
    ]
    assert [] == loose


def test_the_lock_holds_what_pyproject_asks_for() -> None:
    """A dependency added to pyproject.toml without `make lock` is found here, not on a user's machine."""
    asked = project()["project"]["dependencies"] + project()["dependency-groups"]["dev"]
    asked += project()["build-system"]["requires"]
    entries = locked("requirements.lock")
    missing = [text for text in asked if not satisfied(Requirement(text), entries)]
    assert [] == missing


def test_the_engines_are_locked_as_the_extras_ask_for_them() -> None:
    """What is tested is what `pip install exposure[dask]` or `exposure[spark]` may bring, beside the versions of all else."""
    asked = [text for extra in project()["project"]["optional-dependencies"].values() for text in extra]
    entries, others = locked("tools/engines.lock"), locked("requirements.lock")
    assert [] == [text for text in asked if not satisfied(Requirement(text), entries)]
    both = entries.keys() & others.keys()
    versions = re.compile(r"==(\S+)")
    assert [] == [name for name in both if versions.findall(entries[name]) != versions.findall(others[name])]


def satisfied(requirement: Requirement, entries: dict[str, str]) -> bool:
    """Tell whether each version that is locked of a package is one that is asked for."""
    versions = re.findall(r"^[\w.-]+==(\S+)", entries.get(canonicalize_name(requirement.name), ""), flags=re.MULTILINE)
    return versions != [] and all(requirement.specifier.contains(version) for version in versions)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build what `pip install .` installs."""
    folder = tmp_path_factory.mktemp("wheel")
    run(*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT)
    (built,) = folder.iterdir()
    return built


def test_the_wheel_carries_every_file_of_the_package_and_the_questions(wheel: Path) -> None:
    """Templates, contracts and queries are there after `pip install .` as they are in a clone."""
    files = [path.relative_to(ROOT).as_posix() for top in ("exposure", "queries") for path in (ROOT / top).rglob("*.*")]
    expected = {re.sub(r"^queries/", "exposure/_queries/", file) for file in files if "__pycache__" not in file}
    carried = set(zipfile.ZipFile(wheel).namelist())
    assert set() == expected - carried


def test_the_command_works_without_what_developers_need(wheel: Path, tmp_path: Path) -> None:
    """`pip install .` into an empty environment is enough: the command answers, and every module can be imported."""
    entries = locked("requirements.lock")
    lock = tmp_path / "runtime.lock"
    lock.write_text("".join(entries[name] for name in sorted(needed_at_run_time())))
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv")
    programs = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    pip = [*PIP, "--python", str(programs / "python")]
    run(*pip, "install", "--no-compile", "--no-deps", "--require-hashes", "-r", lock)
    run(*pip, "install", "--no-compile", "--no-deps", wheel)
    run(*pip, "check")
    run(programs / "python", "-I", "-c", IMPORT_EVERYTHING)
    assert "Usage: exposure" in run(programs / "exposure", "--help")
