"""incident.toml as one frozen, validated model.

This module says what an incident is; incident_toml.py reads the file and names its faults. Nothing here touches the world.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from exposure.incident_values import (
    parse_address,
    parse_duration,
    parse_host,
    parse_pattern,
    parse_transaction_hash,
    parse_utc,
    parse_zone,
)

Address = Annotated[str, BeforeValidator(parse_address)]
TransactionHash = Annotated[str, BeforeValidator(parse_transaction_hash)]
Utc = Annotated[datetime, BeforeValidator(parse_utc)]
Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Host = Annotated[str, AfterValidator(parse_host)]
Zone = Annotated[str, AfterValidator(parse_zone)]
Pattern = Annotated[str, AfterValidator(parse_pattern)]
Exposure = Literal["key", "approval", "none"]
Role = Literal["sink", "spender", "delegate", "funder"]
FactKind = Literal["last_known_good", "first_bad", "last_bad", "first_known_good", "detected", "public_notice"]
MatchField = Literal["host", "path", "query", "method", "status", "referer", "event", "version"]

# What a mapping under [[logs]] may name, and what it then reads.
LogField = Literal[
    "time", "address", "event", "session", "version", "ip", "path", "query", "method", "status", "host", "referer", "user_agent",
    "bytes", "body",
]  # fmt: skip


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fact(_Model):
    """Something that people found out, with its source."""

    kind: FactKind
    time: Utc
    source: str


class WindowSettings(_Model):
    """How far around the window data is looked at, and how long a browser may have kept the malicious file."""

    lead: Duration = timedelta(days=7)
    tail: Duration = timedelta(hours=72)
    cache: Duration = timedelta(0)


class LogSource(_Model):
    """A set of log files. `path` may be a file, a folder, a glob, a URL of object storage, or `-`."""

    path: str
    kind: Literal["access", "events"] = "access"
    format: str = "auto"
    log_format: str | None = None
    fields: dict[LogField, str] | None = None
    timezone: Zone | None = None
    trusted_proxies: tuple[str, ...] = ()
    session: str | None = None
    session_gap: Duration = timedelta(minutes=30)


class Action(_Model):
    """A possible X. A request gets the first action whose patterns all match."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    words: str = Field(min_length=1)
    exposure: Exposure
    match: dict[MatchField, Pattern] = Field(min_length=1)
    cleared_by: str | None = None
    cleared_why: str | None = None


class Asset(_Model):
    """The file that carried the attack; `bytes` are the sizes of the malicious version, if known."""

    path: str
    bytes: tuple[int, ...] = ()


class Contract(_Model):
    """A contract of the dapp: who used it in the window is a sighting too."""

    address: Address
    chain: str


class Attacker(_Model):
    """An address of the attacker, on any chain."""

    address: Address
    role: Role
    exclusive: bool = False


class Report(_Model):
    """What a person reported."""

    address: Address
    time: Utc | None = None
    did: str | None = None
    tx: TransactionHash | None = None
    source: str = ""


class Endpoint(_Model):
    """An RPC endpoint. The URL may carry a key: it is shown only through `exposure.chain.rpc.redact`.

    `variable` is the environment variable that it came from; where that is not set, `url` is empty. Whoever runs an endpoint
    learns what it is asked: only a `trusted` one is asked about candidates. Where that is not said, a node on this machine is.
    """

    url: SecretStr
    trusted: bool | None = None
    variable: str | None = None


class Chain(_Model):
    """An EVM chain of the incident, with endpoints in order of preference, or exported files.

    `look` says how closely: at everything, or at the head alone (native balances, nonces, code).
    """

    name: str
    id: int = Field(gt=0)
    rpc: tuple[Endpoint, ...] = ()
    data: str | None = None
    look: Literal["all", "head"] = "all"


class Advice(_Model):
    """What the texts point to."""

    guide: str | None = None
    support: str | None = None
    source: str | None = None
    signer: str | None = None
    next_update: Duration | None = None


class Disclosure(_Model):
    """Only where speaking would itself cause loss."""

    hold_until: Utc
    why: str
    by: str


class Incident(_Model):
    """Everything that the team knows. `folder` is where incident.toml lies: relative paths start there.

    The lists bear the plural of their key in the file: `[[attacker]]` is `attackers`.
    """

    folder: Path
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    title: str
    site: tuple[Host, ...] = ()
    vector: Literal["dns", "cdn", "script", "extension", "package", "backend", "unknown"] = "unknown"
    status: Literal["ongoing", "contained", "resolved"] = "ongoing"
    control: Literal["lost", "unsure", "regained"] = "unsure"
    zones: tuple[Zone, ...] = ()
    facts: tuple[Fact, ...] = ()
    window: WindowSettings = WindowSettings()
    logs: tuple[LogSource, ...] = ()
    actions: tuple[Action, ...] = ()
    assets: tuple[Asset, ...] = ()
    contracts: tuple[Contract, ...] = ()
    attackers: tuple[Attacker, ...] = ()
    reports: tuple[Report, ...] = ()
    chains: tuple[Chain, ...] = ()
    advice: Advice = Advice()
    disclosure: Disclosure | None = None
    # Faults that need a person and do not stop the work, such as a line of a reports CSV that could not be read.
    problems: tuple[str, ...] = ()

    def action(self, name: str) -> Action | None:
        """Find an action by name."""
        return next((action for action in self.actions if action.name == name), None)

    def fact(self, kind: FactKind) -> Fact | None:
        """Give the fact of that kind: the earliest where there are several first_*, else the latest."""
        found = sorted((fact for fact in self.facts if fact.kind == kind), key=lambda fact: fact.time)
        if not found:
            return None
        return found[0] if kind in ("first_bad", "detected", "public_notice") else found[-1]
