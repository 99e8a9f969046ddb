"""incident.toml -> Incident, with every fault named at its line and key, and a hint. Reads the file and the environment."""

import codecs
import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from exposure import incident as model
from exposure.case import INCIDENT_FILE, find_case
from exposure.chain.presets import CHAINS
from exposure.errors import ExposureError
from exposure.incident import Incident
from exposure.incident_checks import check_incident, doubts, find_future
from exposure.report_files import read_reports
from exposure.toml_lines import KeyPath, TomlLines, read_lines

# What the file calls each list, and what the model calls it.
_LISTS = {
    "fact": "facts",
    "logs": "logs",
    "action": "actions",
    "asset": "assets",
    "contract": "contracts",
    "attacker": "attackers",
    "report": "reports",
    "chain": "chains",
}
_SECTIONS = ("window", "advice", "disclosure")
_MODELS: dict[str, type[BaseModel]] = {
    "incident": Incident,
    "fact": model.Fact,
    "window": model.WindowSettings,
    "logs": model.LogSource,
    "action": model.Action,
    "asset": model.Asset,
    "contract": model.Contract,
    "attacker": model.Attacker,
    "report": model.Report,
    "chain": model.Chain,
    "advice": model.Advice,
    "disclosure": model.Disclosure,
}
# A value that begins with a typographic quote, as word processors and chats make them.
_CURLY = re.compile("=[ \\t]*\\[?[ \\t]*[\u201c\u201d\u201e\u2018\u2019]")
# How tomllib ends its words.
_PLACE = re.compile(r" \(at (?:line ([0-9]+), column [0-9]+|end of document)\)$")


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault of incident.toml."""

    line: int
    key: str
    text: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.key}: {self.text}"


def load_incident(path: Path, environment: Mapping[str, str] | None = None, now: datetime | None = None) -> Incident:
    """Read and validate INCIDENT, a case folder or its incident.toml; `now` is the run's clock: no fact lies after it.

    Raises ExposureError that lists every fault. An RPC variable that is not set is no fault yet: steps that ask no RPC work.
    """
    folder = find_case(path)
    # Notepad puts a byte order mark before the text; TOML knows none.
    content = (folder / INCIDENT_FILE).read_bytes().removeprefix(codecs.BOM_UTF8)
    lines = read_lines(content)
    raw = _parse(content, lines)
    incident, faults = _build(raw, folder, lines, os.environ if environment is None else environment)
    if incident is not None and now is not None:
        faults += [Fault(lines.line(path), _name(path), text) for path, text in find_future(incident, now)]
    if faults or incident is None:
        raise _faulty(sorted(set(faults)))
    return incident


def _parse(content: bytes, lines: TomlLines) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _faulty([Fault(line, "text", "this is not UTF-8: save the file as UTF-8")]) from None
    except tomllib.TOMLDecodeError as error:
        raise _faulty(_syntax(content.decode("utf-8"), lines, str(error))) from None


def _syntax(text: str, lines: TomlLines, said: str) -> list[Fault]:
    """Name the lines that are not TOML; where the grammar sees none (a table that stands twice), the one that the parser `said`."""
    curly = [number for number, line in enumerate(text.split("\n"), 1) if _CURLY.search(line)]
    hints = dict.fromkeys(lines.broken, "text needs quotes, and = stands once")
    hints |= dict.fromkeys(curly, "use straight quotes (\" or '), not curly ones")
    if hints:
        return [Fault(line, "syntax", f"this is not TOML: {hint}") for line, hint in sorted(hints.items())]
    place = _PLACE.search(said)
    number = int(place[1]) if place and place[1] else text.count("\n") + 1 if place else 1
    return [Fault(number, "syntax", f"this is not TOML: {_PLACE.sub('', said)}")]


def _faulty(faults: list[Fault]) -> ExposureError:
    count = f"{len(faults)} fault" + ("s" if len(faults) != 1 else "")
    listed = "".join(f"\n    {fault}" for fault in faults)
    return ExposureError(
        f"{INCIDENT_FILE} has {count}",
        f"nothing was read or asked, since a wrong case gives wrong answers:{listed}",
        "mend these lines and run again; `exposure init DIR` writes an example of every key",
    )


def _name(path: KeyPath) -> str:
    """Write a key path for people: action[2].match.path counts from 1, as the blocks stand in the file."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else (f".{part}" if text else part)
    return text


def _build(
    raw: dict[str, Any], folder: Path, lines: TomlLines, environment: Mapping[str, str]
) -> tuple[Incident | None, list[Fault]]:
    """Turn the parsed file into the model, collecting every fault."""
    faults = [_unknown(lines, (key,), ["incident", *_LISTS, *_SECTIONS]) for key in raw if key not in _MODELS]
    head = raw.get("incident")
    if not isinstance(head, dict):
        faults.append(
            Fault(lines.line(("incident",)), "incident", "this section is needed: write [incident] with name and title")
        )
        head = {}
    values: dict[str, Any] = {"folder": folder, **head}
    for key, plural in _LISTS.items():
        blocks = raw.get(key, [])
        if not isinstance(blocks, list):
            faults.append(Fault(lines.line((key,)), key, f"write it in double brackets: [[{key}]]"))
            blocks = []
        values[plural] = blocks
    values.update({key: raw[key] for key in _SECTIONS if key in raw})
    values["actions"] = [_pattern_text(block) for block in values["actions"]]
    values["chains"] = [
        _chain(block, index, lines, environment, faults) for index, block in enumerate(values["chains"])
    ]
    reserved = [key for key in ("folder", "problems", *_LISTS.values()) if key in head]
    faults += [_unknown(lines, ("incident", key), _fields(Incident)) for key in reserved]
    values["reports"], origins, problems = _reports(values, folder, lines, faults)
    try:
        incident = Incident(**values, problems=problems)
    except ValidationError as error:
        known = {fault.line for fault in faults}
        found = [_fault(dict(item), lines, origins) for item in error.errors(include_input=False, include_url=False)]
        return None, faults + [fault for fault in found if fault.line not in known]
    if not faults:
        placed = ((_file_path(path, origins), text) for path, text in check_incident(incident))
        faults = [Fault(lines.line(path), _name(path), text) for path, text in placed]
        said = tuple(f"{INCIDENT_FILE} {Fault(lines.line(path), _name(path), text)}" for path, text in doubts(incident))
        incident = incident.model_copy(update={"problems": (*incident.problems, *said)})
    return incident, faults


def _pattern_text(block: Any) -> Any:
    """Let a status be written as a number: match = { status = 200 }."""
    if isinstance(block, dict) and isinstance(block.get("match"), dict):
        match = {key: str(value) if type(value) is int else value for key, value in block["match"].items()}
        return {**block, "match": match}
    return block


def _chain(
    block: Any, index: int, lines: TomlLines, environment: Mapping[str, str], faults: list[Fault]
) -> dict[str, Any]:
    """Complete a [[chain]]: its id from the presets, its endpoints from the environment."""
    path: KeyPath = ("chain", index)
    if not isinstance(block, dict):
        return {"name": "", "id": 1}
    values = dict(block)
    name = values.get("name")
    if isinstance(name, str) and name in CHAINS:
        values.setdefault("id", CHAINS[name].id)
    elif "id" in values:
        preset = next((known for known, chain in CHAINS.items() if chain.id == values["id"]), None)
        values.setdefault("name", preset or f"chain-{values['id']}")
    elif "name" in values:
        close = difflib.get_close_matches(str(name), CHAINS, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        text = f"{name!r} is not a chain that is known by name: {hint}`exposure chains` lists them, or add id = its chain id"
        faults.append(Fault(lines.line((*path, "name")), _name((*path, "name")), text))
        values["id"] = 1
    endpoints = values.get("rpc", [])
    if isinstance(endpoints, str):
        endpoints = [endpoints]
    if isinstance(endpoints, list):
        values["rpc"] = [_endpoint(item, environment) for item in endpoints]
    if not values.get("rpc") and not values.get("data"):
        text = 'nothing to read this chain from: add rpc = ["$ETH_RPC_URL"], or data = "a folder of exported files"'
        faults.append(Fault(lines.line(path), _name(path), text))
    return values


def _endpoint(item: Any, environment: Mapping[str, str]) -> Any:
    block = {"url": item} if isinstance(item, str) else item
    if not isinstance(block, dict) or not isinstance(block.get("url"), str):
        return block
    url = block["url"]
    if url.startswith("$"):
        variable = url[1:].strip("{}")
        return {**block, "url": SecretStr(environment.get(variable, "")), "variable": variable}
    return {**block, "url": SecretStr(url)}


def _reports(
    values: dict[str, Any], folder: Path, lines: TomlLines, faults: list[Fault]
) -> tuple[list[Any], list[KeyPath], tuple[str, ...]]:
    """Put the rows of `[[report]] file = …` in the place of their block; give each report's origin in the file."""
    actions = {block.get("name") for block in values["actions"] if isinstance(block, dict)}
    reports: list[Any] = []
    origins: list[KeyPath] = []
    problems: list[str] = []
    for index, block in enumerate(values["reports"]):
        path: KeyPath = ("report", index)
        if not isinstance(block, dict) or "file" not in block:
            reports.append(block)
            origins.append(path)
            continue
        try:
            rows, wrong = read_reports(folder / str(block["file"]), actions)
        except ExposureError as error:
            faults.append(
                Fault(lines.line((*path, "file")), _name((*path, "file")), f"{error.what}: {error.why}; {error.fix}")
            )
            continue
        reports.extend(rows)
        origins.extend([path] * len(rows))
        problems.extend(wrong)
    return reports, origins, tuple(problems)


def _fields(kind: type[BaseModel]) -> list[str]:
    internal = {"folder", "problems", "variable", *_LISTS.values(), *_SECTIONS} if kind is Incident else {"variable"}
    return [name for name in kind.model_fields if name not in internal]


def _unknown(lines: TomlLines, path: KeyPath, known: list[str]) -> Fault:
    close = difflib.get_close_matches(str(path[-1]), known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else "known here are " + ", ".join(known)
    return Fault(lines.line(path), _name(path), f"this key is not known: {hint}")


def _fault(error: dict[str, Any], lines: TomlLines, origins: list[KeyPath]) -> Fault:
    """Turn one pydantic error into a fault at its line."""
    path = _file_path(tuple(part for part in error["loc"] if part != "[key]"), origins)
    message = str(error["msg"]).removeprefix("Value error, ")
    kind = _MODELS.get(str(path[0]), Incident)
    if error["type"] == "extra_forbidden":
        return _unknown(lines, path, _fields(kind) if len(path) <= 3 else ["url", "trusted"])
    if error["type"] == "missing":
        parent = path[:-1]
        return Fault(lines.line(parent), _name(path), "this key is needed")
    if error["type"] == "literal_error":
        message = f"write one of {error['ctx']['expected']}"
    elif error["type"] in ("model_type", "dict_type"):
        message = "this must be a table of keys and values"
    elif error["type"] == "string_pattern_mismatch":
        message = f"this has characters that a name may not have: it must match {error['ctx']['pattern']}"
    return Fault(lines.line(path), _name(path), message[:1].lower() + message[1:])


def _file_path(loc: tuple[str | int, ...], origins: list[KeyPath]) -> KeyPath:
    singular = {plural: key for key, plural in _LISTS.items()}
    first = str(loc[0])
    if first in ("report", "reports") and len(loc) > 1:
        return (*origins[int(loc[1])], *loc[2:])
    if first in singular:
        return (singular[first], *loc[1:])
    return loc if first in _MODELS else ("incident", *loc)
