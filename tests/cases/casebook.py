"""A case file -> one checked `Case`. Whatever is misspelt is an error that names file, line and key. See README.md."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from exposure.assess.evidence import CODES
from exposure.chain.presets import CHAINS
from exposure.incident import Action, Asset
from exposure.toml_lines import KeyPath, TomlLines, read_lines
from tests.cases.blocks import (
    NUMBER,
    PLACEHOLDER,
    TOKENS,
    Case,
    ChainRow,
    Expect,
    ExpectAction,
    ExpectParty,
    Hole,
    LogRow,
    ReportRow,
    Setting,
    SheetRow,
    Thief,
    say_fault,
)


class CaseError(Exception):
    """A case file is wrong; the text says where, one fault a line."""


def read_case(path: Path) -> Case:
    """Read a case file. Raises CaseError with all of its faults."""
    content = path.read_bytes()
    where = read_lines(content)
    try:
        raw = tomllib.loads(content.decode(), parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise CaseError(f"{path.name}: this is not TOML: {error}") from None
    try:
        case = Case(path=path, where=where, **raw)
    except ValidationError as error:
        faults = [_pydantic(path, where, raw, one) for one in error.errors()]
        raise CaseError("\n".join(faults)) from None
    faults = [case.fault(key, text) for key, text in _faults(case)]
    if faults:
        raise CaseError("\n".join(faults))
    return case


def read_cases(folder: Path) -> list[Case]:
    """Read all case files of a folder. Raises CaseError with all faults of all files."""
    cases, faults = [], []
    for path in sorted(folder.glob("*.toml")):
        try:
            cases.append(read_case(path))
        except CaseError as error:
            faults.append(str(error))
    if faults:
        raise CaseError("\n".join(faults))
    return cases


def _pydantic(path: Path, where: TomlLines, raw: dict[str, Any], error: Any) -> str:
    """Say a fault of pydantic's in our words."""
    key = tuple(part for part in error["loc"] if part != "[key]")
    text = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        text = "there is no such key" + _hint(str(key[-1]), _keys_of(key))
    elif error["type"] == "missing":
        text = "this is needed"
    elif error["type"] == "literal_error":
        words = re.findall(r"'([^']*)'", error["ctx"]["expected"])
        text = f"{error['input']!r} is not known here: write {', '.join(words)}" + _hint(str(error["input"]), words)
    return say_fault(path, where, key, text)


def _keys_of(key: tuple[str | int, ...]) -> list[str]:
    model = _MODELS.get(tuple(part for part in key[:-1] if isinstance(part, str)))
    fields = model.model_fields if model else {}
    return [field.alias or name for name, field in fields.items() if name not in ("path", "where")]


_MODELS: dict[tuple[str, ...], type[BaseModel]] = {
    (): Case,
    ("incident",): Setting,
    ("incident", "attackers"): Thief,
    ("incident", "log_holes"): Hole,
    ("action",): Action,
    ("asset",): Asset,
    ("log",): LogRow,
    ("chain",): ChainRow,
    ("report",): ReportRow,
    ("sheet",): SheetRow,
    ("expect",): Expect,
    ("expect_party",): ExpectParty,
    ("expect_action",): ExpectAction,
}


def _hint(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _faults(case: Case) -> Iterator[tuple[KeyPath, str]]:
    """Give what no single key can know: names that nobody bears, and rows that say too much or too little."""
    yield from _name_faults(case)
    if not case.expect:
        yield ("expect",), "a case needs at least one [[expect]]"
    for number, row in enumerate(case.log):
        yield from _log_faults(("log", number), row)
    for number, chain_row in enumerate(case.chain):
        yield from _chain_faults(("chain", number), chain_row)
    for number, expect in enumerate(case.expect):
        yield from _crowd_faults(("expect", number), expect.crowd, "".join(expect.who))
        for key in ("evidence", "no_evidence", "only_evidence"):
            for code in getattr(expect, key) or ():
                if code not in CODES:
                    yield ("expect", number, key), f"there is no evidence code {code!r}{_hint(code, CODES)}"


def _name_faults(case: Case) -> Iterator[tuple[KeyPath, str]]:
    """Check people, actions, tokens and chains by name."""
    people = set(case.cast)
    crowds = [re.compile(re.escape(name).replace(re.escape(NUMBER), "[0-9]+")) for name in people if NUMBER in name]
    known: dict[str, set[str]] = {
        "action": {action.name for action in case.actions},
        "token": {*TOKENS, *case.tokens},
        "chain": set(case.incident.chains),
    }
    for kind, key, name in _names(case):
        if kind == "person":
            if (
                not re.fullmatch("0x[0-9a-f]{40}", name)
                and name not in people
                and not any(crowd.fullmatch(name) for crowd in crowds)
            ):
                yield key, f"{name!r} is not in [cast]{_hint(name, people)}"
        elif name not in known[kind]:
            yield key, f"there is no {kind} {name!r} in this case{_hint(name, known[kind])}"
    for number, chain in enumerate(case.incident.chains):
        if chain not in CHAINS:
            yield ("incident", "chains", number), f"there is no chain {chain!r}{_hint(chain, CHAINS)}"


def _names(case: Case) -> Iterator[tuple[str, KeyPath, str]]:
    """Give every name that a case uses: its kind, where it stands, and itself."""
    for number, thief in enumerate(case.incident.attackers):
        yield "person", ("incident", "attackers", number), thief.who
    for name in case.incident.contracts:
        yield "person", ("incident", "contracts"), name
    for name in case.incident.chains_not_read:
        yield "chain", ("incident", "chains_not_read"), name
    for block in ("log", "chain", "report", "sheet", "expect", "expect_party", "expect_action"):
        for number, row in enumerate(getattr(case, block)):
            for key, kind in _KINDS.items():
                value = getattr(row, key, None)
                if (block == "chain" and key == "did") or value is None:
                    continue
                for name in (value,) if isinstance(value, str) else value:
                    yield kind, (block, number, key), name
    for number, row in enumerate(case.log):
        for name in PLACEHOLDER.findall(row.lines or ""):
            yield "person", ("log", number, "lines"), name


_KINDS = {
    "who": "person",
    "to": "person",
    "by": "person",
    "through": "person",
    "did": "action",
    "action": "action",
    "what": "token",
    "chain": "chain",
}


def _log_faults(key: KeyPath, row: LogRow) -> Iterator[tuple[KeyPath, str]]:
    if row.lines is not None:
        more = row.model_fields_set - {"lines", "crowd", "unreadable"}
        if more:
            said = "a block with lines says all of it in its lines: only crowd or unreadable may stand beside them"
            yield (*key, min(more)), said
    elif not row.who or row.when is None:
        yield key, "write lines, or who and when"
    yield from _crowd_faults(key, row.crowd, row.lines or "".join(row.who))


# What each deed needs, and what may stand beside it.
_DEEDS: dict[str, tuple[set[str], set[str]]] = {
    "pays": ({"when", "to"}, {"amount", "what", "token_id", "by", "through", "tx", "words", "calls"}),
    "approves": ({"when", "to", "what"}, {"amount", "by", "tx", "via"}),
    "approves all": ({"when", "to", "what"}, {"by", "tx"}),
    "revokes": ({"when", "to", "what"}, {"tx", "via"}),
    "delegates": ({"when", "to"}, {"by", "tx"}),
    "undelegates": ({"when"}, {"by", "tx"}),
    "holds": ({"amount"}, {"what"}),
    "still allows": ({"to", "what"}, {"amount", "via"}),
    "is": ({"kind"}, {"nonce"}),
}


def _chain_faults(key: KeyPath, row: ChainRow) -> Iterator[tuple[KeyPath, str]]:
    needed, more = _DEEDS[row.did]
    given = row.model_fields_set - {"who", "did", "chain", "crowd", "every"}
    for name in sorted(needed - given):
        yield key, f"{row.did!r} needs {name}"
    for name in sorted(given - needed - more):
        yield (*key, name), f"{row.did!r} has no {name}"
    if row.did == "pays" and row.amount is None and row.token_id is None:
        yield key, "'pays' needs an amount, or the token_id of an NFT"
    yield from _crowd_faults(key, row.crowd, "".join((*row.who, row.to or "", row.by or "", row.tx or "")))


def _crowd_faults(key: KeyPath, crowd: int | None, text: str) -> Iterator[tuple[KeyPath, str]]:
    if crowd is not None and NUMBER not in text:
        yield (*key, "crowd"), f"a crowd needs {NUMBER} in its name: it stands for the number of each"
    elif crowd is None and NUMBER in text:
        yield key, f"{NUMBER} stands for the number of each of a crowd: say crowd = how many"
