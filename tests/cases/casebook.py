"""A case file -> one checked `Case`. Whatever is misspelt is an error that names file, line and key. See README.md."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from exposure.assess.evidence import CODES
from exposure.chain.presets import CHAINS
from exposure.incident import Action, Asset, FactKind, Role
from exposure.incident_values import parse_duration, parse_utc
from exposure.toml_lines import KeyPath, TomlLines, read_lines

# Stands for the number of a wallet of a crowd: `visitor #` is visitor 1, visitor 2 and so on.
NUMBER = "#"
PLACEHOLDER = re.compile(r"\{([^{}]+)\}")

Verdict = Literal["compromised", "probable", "exposed", "possible", "no_sign"]
Harm = Literal[
    "drained", "partly_drained", "at_risk", "moved_unconfirmed", "moved_by_owner", "empty", "none", "not_known"
]
Link = Literal["logged", "event", "contract", "reported", "chain_only"]
PartyVerdict = Literal["attacker", "suspect", "ordinary", "not listed"]


def _many(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _amount(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value < 0:
        raise ValueError(f"{value} is no amount: write a number such as 0.5")
    return Decimal(value)


Utc = Annotated[datetime, BeforeValidator(parse_utc)]
Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Amount = Annotated[Decimal, BeforeValidator(_amount)]
Many = Annotated[tuple[str, ...], BeforeValidator(_many)]
Verdicts = Annotated[tuple[Verdict, ...], BeforeValidator(_many)]
PartyVerdicts = Annotated[tuple[PartyVerdict, ...], BeforeValidator(_many)]


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Thief(_Block):
    """An attacker that the team knows."""

    who: str
    role: Role
    exclusive: bool = False


class Hole(_Block):
    """A time for which there are no log lines."""

    start: Utc = Field(alias="from")
    end: Utc = Field(alias="to")


class Setting(_Block):
    """What the team knows: the part of incident.toml that a case needs."""

    vector: Literal["dns", "cdn", "script", "extension", "package", "backend", "unknown"] = "unknown"
    status: Literal["ongoing", "contained", "resolved"] = "resolved"
    cache: Duration = timedelta(0)
    facts: dict[FactKind, Utc] = {}
    attackers: tuple[Thief, ...] = ()
    contracts: tuple[str, ...] = ()
    chains: tuple[str, ...] = ("ethereum",)
    chains_not_read: tuple[str, ...] = ()
    logs_from: Utc | None = None
    logs_to: Utc | None = None
    log_holes: tuple[Hole, ...] = ()
    as_of: Utc | None = None


class TokenFacts(_Block):
    """A token of the story: its contract comes from its name here, its symbol is what it calls itself."""

    symbol: str | None = None
    decimals: int | None = 18
    nft: bool = False


class LogRow(_Block):
    """Lines as the server wrote them, or one sighting in short."""

    lines: str | None = None
    unreadable: bool = False
    who: Many = ()
    when: Utc | None = None
    did: str | None = None
    link: Literal["direct", "session", "key", "event", "contract"] = "direct"
    strength: float | None = Field(default=None, gt=0, le=1)
    client: str | None = None
    file: Literal["bad", "good", "mixed", "unknown"] | None = None
    crowd: int | None = Field(default=None, gt=1, le=5000)
    every: Duration = timedelta(minutes=1)


class ChainRow(_Block):
    """What happened on chain, or what stands there at the end."""

    who: Many
    did: Literal[
        "pays", "approves", "approves all", "revokes", "delegates", "undelegates", "holds", "still allows", "is"
    ]
    when: Utc | None = None
    to: str | None = None
    amount: Amount | None = None
    what: str = "ETH"
    token_id: str | None = None
    by: str | None = None
    through: str | None = None
    tx: str | None = None
    words: str | None = None
    calls: str | None = None
    via: Literal["permit2"] | None = None
    kind: Literal["eoa", "safe", "erc4337", "eip7702", "contract"] | None = None
    nonce: int = 5
    chain: str = "ethereum"
    crowd: int | None = Field(default=None, gt=1, le=5000)
    every: Duration = timedelta(minutes=1)


class ReportRow(_Block):
    """What an owner told the team."""

    who: str
    when: Utc | None = None
    did: str | None = None
    tx: str | None = None


class SheetRow(_Block):
    """What a person typed into the shared sheet."""

    who: str
    harm: Literal["moved_by_owner"] | None = None
    added: bool = False


class Expect(_Block):
    """What must come out for a wallet, or for each of several."""

    who: Many
    crowd: int | None = Field(default=None, gt=1, le=5000)
    listed: bool = True
    verdict: Verdicts = ()
    harm: Harm | None = None
    link_to_incident: Link | None = None
    evidence: Many = ()
    no_evidence: Many = ()
    only_evidence: Many | None = None
    remedy: Many = ()
    no_remedy: Many = ()
    lost: str | None = None
    at_risk: str | None = None
    live_approvals: int | None = None
    unseen_signature: bool | None = None
    p_exposed_at_most: Amount | None = None
    p_exposed_at_least: Amount | None = None
    not_covered: Many = ()


class ExpectParty(_Block):
    """What must come out for a recipient, spender, delegate or funder."""

    who: str
    role: Role
    verdict: PartyVerdicts


class ExpectAction(_Block):
    """Whether an action is X."""

    action: str
    is_x: Literal["yes", "no", "cannot_tell"]


class Case(_Block):
    """One case file. `path` names it in errors, `where` leads from a key to its line."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    path: Path
    where: TomlLines
    title: str = Field(min_length=8)
    origin: str = Field(alias="from", min_length=4)
    why: str = Field(min_length=40)
    cast: dict[str, str]
    incident: Setting = Setting()
    action: tuple[Action, ...] = ()
    asset: tuple[Asset, ...] = ()
    tokens: dict[str, TokenFacts] = {}
    log: tuple[LogRow, ...] = ()
    chain: tuple[ChainRow, ...] = ()
    report: tuple[ReportRow, ...] = ()
    sheet: tuple[SheetRow, ...] = ()
    expect: tuple[Expect, ...] = ()
    expect_party: tuple[ExpectParty, ...] = ()
    expect_action: tuple[ExpectAction, ...] = ()
    expect_window: dict[Literal["T1", "T2"], Utc | Literal["none"]] = {}

    @property
    def actions(self) -> tuple[Action, ...]:
        """The actions of the case, or those that every case knows."""
        return self.action or ACTIONS

    def fault(self, path: KeyPath, text: str) -> str:
        """Say what is wrong, and where it stands."""
        return _said(self.path, self.where, path, text)


def _action(name: str, words: str, exposure: Literal["key", "approval", "none"], path: str) -> Action:
    return Action(name=name, words=words, exposure=exposure, match={"method": "POST", "path": f"^/api/{path}"})


# What a wallet site's log shows. A case whose site is another one brings its own.
ACTIONS = (
    _action("entered_phrase", "entered your recovery phrase", "key", "unlock/phrase"),
    _action("entered_key", "entered your private key", "key", "unlock/key"),
    _action("used_keystore", "opened your keystore file with its password", "key", "unlock/keystore"),
    _action("signed", "confirmed a signature or transaction", "approval", "sign"),
    _action("connected", "connected a hardware wallet", "none", "connect"),
    Action(name="viewed", words="looked at a balance", exposure="none", match={"path": "^/wallet/"}),
)
TOKENS = {"ETH": TokenFacts(), "USDC": TokenFacts(decimals=6)}


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


def _said(path: Path, where: TomlLines, key: KeyPath, text: str) -> str:
    name = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in key).lstrip(".")
    return f"{path.name}, line {where.line(key)}, {name}: {text}"


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
    return _said(path, where, key, text)


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
