"""The committed contracts are what their sources compile to, and the rebuild says plainly what stands in its way."""

import json
from pathlib import Path

import pytest

from exposure.drill.build_contracts import (
    CONTRACTS,
    SETTINGS,
    build,
    differing,
    fingerprints,
    read_answer,
    read_sources,
    render,
)
from exposure.drill.contracts import NAMES
from exposure.errors import ExposureError


def test_no_source_was_changed_without_a_rebuild() -> None:
    """The hashes that the last build wrote are those of the sources that are there."""
    assert fingerprints(read_sources(CONTRACTS)) == (CONTRACTS / "sources.json").read_text(encoding="utf-8")


def test_every_contract_is_committed_and_nothing_else_is() -> None:
    """A contract that is renamed or dropped leaves no old JSON behind."""
    assert sorted([*NAMES, "sources"]) == sorted(path.stem for path in CONTRACTS.glob("*.json"))


@pytest.mark.parametrize("name", NAMES)
def test_a_contract_says_how_it_was_compiled(name: str) -> None:
    """Whoever wants the same bytes finds the compiler's full version and settings beside them."""
    built = json.loads((CONTRACTS / f"{name}.json").read_text(encoding="utf-8"))
    assert ["compiler", "settings", "abi", "bytecode", "runtime"] == list(built)
    assert ("0.8.37+commit.f401782d.Emscripten.clang", SETTINGS) == (built["compiler"], built["settings"])


def test_an_abi_takes_one_line_an_entry() -> None:
    """A change of one function shows as a change of one line, and Solidity's own type names are left out."""
    argument = {"internalType": "contract Token", "name": "token", "type": "address"}
    compiled = {
        "abi": [{"type": "function", "name": "go", "inputs": [argument]}, {"type": "receive"}],
        "evm": {"bytecode": {"object": "6001"}, "deployedBytecode": {"object": "00"}},
    }
    assert (
        "{\n"
        '  "compiler": "0.8.37",\n'
        f'  "settings": {json.dumps(SETTINGS)},\n'
        '  "abi": [\n'
        '    {"type": "function", "name": "go", "inputs": [{"name": "token", "type": "address"}]},\n'
        '    {"type": "receive"}\n'
        "  ],\n"
        '  "bytecode": "0x6001",\n'
        '  "runtime": "0x00"\n'
        "}\n"
    ) == render("0.8.37", compiled)


def test_a_check_names_the_files_that_differ_or_are_missing(tmp_path: Path) -> None:
    """Of three files one is right, one has other text, one is not there."""
    (tmp_path / "Right.json").write_text("1")
    (tmp_path / "Other.json").write_text("1")
    assert ["Other.json", "Gone.json"] == differing({"Right.json": "1", "Other.json": "2", "Gone.json": "3"}, tmp_path)


def test_a_warning_of_the_compiler_stops_the_build() -> None:
    """Nothing is written that the compiler has doubts about."""
    result = {
        "contracts": {},
        "errors": [{"severity": "warning", "formattedMessage": "Warning: unused\n --> A.sol:3\n"}],
    }
    with pytest.raises(ExposureError) as error:
        read_answer(json.dumps({"version": "0.8.37", "result": json.dumps(result)}))
    assert str(error.value) == (
        "solc 0.8.37 complains about the contracts.\n"
        "  why: Warning: unused\n --> A.sol:3\n"
        "  fix: Mend the sources; warnings count as errors here."
    )


def test_a_machine_without_npm_is_told_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiler is an npm package; who only uses the contracts does not need it, and the error says so."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ExposureError) as error:
        build({}, tmp_path / "solc")
    assert str(error.value) == (
        "npm was not found.\n"
        "  why: The compiler, solc 0.8.37, is an npm package and runs in node.\n"
        "  fix: Install node, which brings npm. Only rebuilding the contracts needs them, using them does not."
    )
