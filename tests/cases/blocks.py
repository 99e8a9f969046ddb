"""What a case file holds: its blocks and their keys, as README.md explains them."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from exposure.incident import Action, Asset, FactKind, Role
from exposure.incident_values import parse_duration, parse_utc
from exposure.toml_lines import KeyPath, TomlLines

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


def say_fault(path: Path, where: TomlLines, key: KeyPath, text: str) -> str:
    """Say what is wrong, with file, line and key; blocks are counted from 1, as they stand in the file."""
    name = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in key).lstrip(".")
    return f"{path.name}, line {where.line(key)}, {name}: {text}"


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
        return say_fault(self.path, self.where, path, text)


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
