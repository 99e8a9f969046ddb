"""A small language for stories: who did what on the site, who paid whom on chain, and what the assessment makes of it."""

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from exposure.amounts import NATIVE
from exposure.assess.assess import assess
from exposure.incident import Action, Attacker, Chain, Fact, Incident, WindowSettings
from exposure.tables import TABLES

When = str | datetime
Amount = float | Decimal
DAY = datetime(2026, 3, 4, tzinfo=UTC)
NOW = DAY + timedelta(days=5)
TOKEN_DECIMALS = {"ETH": 18, "USDC": 6, "FAKE": 6, "SHARE": 18, "CATS": None}
# The block of the day of the attack, and the head: far enough from 0 for stories that happened years before.
ATTACK_BLOCK, HEAD_BLOCK = 40_000_000, 60_000_000


def at(clock: str | datetime) -> datetime:
    """Read `10:00` of the day of the attack, `-2 10:00` two days earlier, `+1 10:00` a day later; a time stays as it is."""
    if isinstance(clock, datetime):
        return clock
    days, _, time = clock.rpartition(" ")
    hour, minute = time.split(":")
    return DAY + timedelta(days=int(days or 0), hours=int(hour), minutes=int(minute))


def address(name: str) -> str:
    """Give the address of a name; an address stays as it is."""
    return name if name.startswith("0x") else "0x" + hashlib.sha256(name.encode()).hexdigest()[:40]


def token(name: str) -> str:
    """Give the contract of a token by its name."""
    return NATIVE if name == "ETH" else address("token " + name)


ACTIONS = (
    Action(name="entered_seed", words="entered your recovery phrase", exposure="key", match={"path": "^/seed"}),
    Action(name="pasted_key", words="pasted a private key", exposure="key", match={"path": "^/key"}),
    Action(name="signed", words="signed a request", exposure="approval", match={"path": "^/sign"}),
    Action(name="hardware", words="connected a hardware wallet", exposure="none", match={"path": "^/hw"}),
    Action(name="viewed", words="viewed your balance", exposure="none", match={"path": "^/view"}),
)
SINK = Attacker(address=address("sink"), role="sink")
SPENDER = Attacker(address=address("spender"), role="spender")
KNOWN_WINDOW = (
    Fact(kind="last_known_good", time=at("09:00"), source="deploy log"),
    Fact(kind="first_known_good", time=at("15:00"), source="deploy log"),
)


PLAIN: dict[str, Any] = {"attackers": ()}


class Result:
    """What the assessment made of a story."""

    def __init__(self, tables: dict[str, pl.DataFrame]) -> None:
        self.tables = tables

    def wallet(self, name: str) -> dict[str, Any]:
        """Give a wallet's row."""
        rows = self.tables["wallets"].filter(pl.col("address") == address(name)).to_dicts()
        assert len(rows) == 1, f"{name} has {len(rows)} rows in wallets"
        return rows[0]

    def verdict(self, name: str) -> str:
        """Give a wallet's verdict."""
        return str(self.wallet(name)["verdict"])

    def listed(self, name: str) -> bool:
        """Tell whether the wallet has a row."""
        return self.tables["wallets"].filter(pl.col("address") == address(name)).height == 1

    def codes(self, name: str) -> list[str]:
        """Give the codes of a wallet's evidence, each once."""
        return sorted(set(self.evidence(name)))

    def evidence(self, name: str) -> dict[str, str]:
        """Give the first ref of each code of a wallet."""
        mine = self.tables["evidence"].filter(pl.col("address") == address(name)).sort("code", "ref")
        return dict(mine.unique("code", keep="first", maintain_order=True).select("code", "ref").iter_rows())

    def sink(self, name: str, role: str = "sink") -> str | None:
        """Give the verdict on a party; None where it was not tested."""
        rows = self.tables["sinks"].filter((pl.col("address") == address(name)) & (pl.col("role") == role))
        return str(rows.item(0, "verdict")) if rows.height else None

    def is_x(self, action: str) -> str:
        """Say whether an action is X."""
        rows = self.tables["attack_rates"].filter(
            (pl.col("action") == action) & pl.col("host").is_null() & pl.col("asset_state").is_null()
        )
        return str(rows.item(0, "is_x"))

    def bound(self, bound: str, method: str = "published") -> dict[str, Any]:
        """Give a bound of the window."""
        rows = self.tables["windows"].filter((pl.col("bound") == bound) & (pl.col("method") == method))
        return rows.to_dicts()[0]


class Story:
    """Builds tables row by row, and assesses them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
        self.count = 0
        self.covered = True
        self.decimals: dict[str, int | None] = dict(TOKEN_DECIMALS)
        self.log_span = (at("-2 00:00"), at("+2 00:00"))

    def _next(self) -> int:
        self.count += 1
        return self.count

    def sees(self, who: str, when: When, did: str | None = "entered_seed", **more: Any) -> "Story":
        """Let the logs show a wallet: `link`, `strength`, `client`, `session`, `host`, `asset_state` as wanted."""
        line = self._next()
        client = more.pop("client", f"client of {who}")
        host, state = more.pop("host", None), more.pop("asset_state", None)
        row = {"address": address(who), "time": at(when), "link": "direct", "strength": 0.98, "action": did}
        row |= {"client": client, "session": f"{client} {when}", "ref": f"log:0a0a0a0a:{line}"} | more
        self.rows["sightings"].append(row)
        if host or state:
            request = {"source": "0a0a0a0a", "line": line, "time": at(when), "host": host, "action": did}
            self.rows["requests"].append(request | {"asset_state": state})
        return self

    def _transaction(self, sender: str, called: str | None, when: When, **more: Any) -> dict[str, Any]:
        number = self._next()
        hash_ = more.pop("tx", None) or "0x" + hashlib.sha256(f"tx {number}".encode()).hexdigest()
        chain = more.pop("chain", 1)
        time = at(when)
        block = ATTACK_BLOCK + int((time - DAY).total_seconds()) // 12
        place = {"chain_id": chain, "block_number": block, "block_hash": "0xb", "timestamp": time}
        place |= {"transaction_index": number, "transaction_hash": hash_}
        self.rows["transactions"].append(
            place
            | {"from_address": address(sender), "to_address": called, "value": "0", "value_f64": 0.0}
            | {"input": more.pop("input", "0x"), "nonce": number, "transaction_type": 2}
        )
        return place

    def pays(self, who: str, to: str, amount: Amount, when: When, what: str = "ETH", **more: Any) -> "Story":
        """Let a wallet pay, in a transaction of its own, or of `by` calling `through`."""
        native = what == "ETH"
        sender = more.pop("by", who)
        called = address(more.pop("through")) if "through" in more else address(to) if native else token(what)
        standard = more.pop("standard", "native" if native else "erc20")
        log_index = None if native else self._next()
        decimals = self.decimals[what]
        value = str(round(amount * 10 ** (decimals or 0)))
        token_id, trace = more.pop("token_id", None), more.pop("trace_address", None)
        place = self._transaction(sender, called, when, **more)
        self.rows["transfers"].append(
            place
            | {
                "log_index": log_index,
                "trace_address": trace,
                "standard": standard,
                "token_address": token(what),
                "token_id": token_id,
            }
            | {"from_address": address(who), "to_address": address(to), "value": value, "value_f64": float(amount)}
            | {"transaction_from": address(sender), "transaction_to": called}
        )
        return self

    def approves(self, who: str, spender: str, when: When, what: str = "USDC", **more: Any) -> "Story":
        """Let a wallet approve a spender; `value` None is unlimited, `by` sends a permit."""
        sender, value = more.pop("by", who), more.pop("value", None)
        standard = more.pop("standard", "erc20")
        place = self._transaction(sender, token(what), when, **more)
        units = 2**256 - 1 if value is None else round(value * 10 ** (self.decimals[what] or 0))
        self.rows["approvals"].append(
            place
            | {"log_index": self._next(), "standard": standard, "token_address": token(what)}
            | {"from_address": address(who), "to_address": address(spender), "value": str(units)}
            | {"value_f64": float(units), "unlimited": value is None, "transaction_from": address(sender)}
        )
        return self

    def allows(self, who: str, spender: str, what: str = "USDC", value: Amount | None = None, **more: Any) -> "Story":
        """Let an allowance stand at the head; `standard`, `chain` as wanted."""
        units = 2**256 - 1 if value is None else round(value * 10 ** (self.decimals[what] or 0))
        self.rows["allowances"].append(
            {"chain_id": more.get("chain", 1), "block_number": HEAD_BLOCK, "token_address": token(what)}
            | {"from_address": address(who), "to_address": address(spender)}
            | {"standard": more.get("standard", "erc20"), "value": str(units), "value_f64": float(units)}
            | {"unlimited": value is None}
        )
        return self

    def delegates(self, who: str, code: str, when: When, **more: Any) -> "Story":
        """Let a wallet delegate to code (EIP-7702), in a transaction of its own, or of `by`."""
        place = self._transaction(more.pop("by", who), address(who), when, **more)
        row = {key: place[key] for key in ("chain_id", "block_number", "block_hash", "timestamp", "transaction_hash")}
        self.rows["delegations"].append(row | {"from_address": address(who), "to_address": address(code)})
        return self

    def holds(self, who: str, amount: Amount, what: str = "ETH", chain: int = 1) -> "Story":
        """Let a wallet hold something at the head; 0 says that it was asked and holds nothing."""
        units = str(round(amount * 10 ** (self.decimals[what] or 0)))
        self.rows["balances"].append(
            {"chain_id": chain, "block_number": HEAD_BLOCK, "address": address(who), "token_address": token(what)}
            | {"balance": units, "balance_f64": float(amount)}
        )
        return self

    def held(self, who: str, amount: Amount, what: str = "ETH", chain: int = 1) -> "Story":
        """Let a wallet have held something when the attack began, as an archive says."""
        self.holds(who, amount, what, chain)
        self.rows["balances"][-1]["block_number"] = ATTACK_BLOCK
        return self

    def executes(self, who: str, tx: str, when: When, kind: str = "userop", **more: Any) -> "Story":
        """Let a smart account act by itself in a transaction (its hash) that somebody else sends; `success` as wanted."""
        block = ATTACK_BLOCK + int((at(when) - DAY).total_seconds()) // 12
        place = {"chain_id": 1, "block_number": block, "timestamp": at(when), "transaction_index": 0}
        place |= {"transaction_hash": tx, "log_index": self._next(), "address": address(who), "kind": kind}
        self.rows["executions"].append(place | {"success": more.get("success", True)})
        return self

    def is_a(self, who: str, kind: str, nonce: int = 5, chain: int = 1) -> "Story":
        """Say what kind of account an address is."""
        row = {"chain_id": chain, "block_number": HEAD_BLOCK, "address": address(who), "kind": kind, "nonce": nonce}
        self.rows["accounts"].append(row)
        return self

    def adds(self, table: str, **row: Any) -> "Story":
        """Add a row to any table."""
        self.rows[table].append(row)
        return self

    def serves(
        self, size: int, start: str, end: str, hits: int = 50, path: str = "/app.js", encoding: str = ""
    ) -> "Story":
        """Let a static file be served in one size for a while."""
        row = {"host": "site.example", "path": path, "encoding": encoding, "size": size, "hits": hits}
        self.rows["assets"].append(row | {"start": at(start), "end": at(end)})
        return self

    def crowd(self, number: int, when: When, did: str | None, name: str = "crowd", **more: Any) -> "Story":
        """Let so many wallets of separate owners do something, a minute apart."""
        for index in range(number):
            clock = at(when) + timedelta(minutes=index)
            days = (clock.date() - DAY.date()).days
            self.sees(f"{name} {index}", f"{days} {clock:%H:%M}", did, **more)
        return self

    def tables(self) -> dict[str, pl.DataFrame]:
        """Give the tables of the story."""
        rows = dict(self.rows)
        names = [(token(name), name, decimals) for name, decimals in self.decimals.items()]
        rows["tokens"] = [
            {"chain_id": 1, "token_address": contract, "symbol": name, "decimals": decimals}
            | {"standard": "native" if name == "ETH" else "erc721" if name == "CATS" else "erc20"}
            for contract, name, decimals in names
        ]
        if self.covered:
            span = {"first": self.log_span[0], "last": self.log_span[1], "lines": 1000, "parsed": 1000, "kept": 100}
            none = {"rejected": 0, "duplicates": 0, "gaps": 0}
            logs = [{"source": "0a0a0a0a", "layer": "lines"} | span | none] if rows["sightings"] else []
            layers = [{"source": "chain:1", "layer": layer} | span | none for layer in ("logs", "native", "state")]
            rows["coverage"] = [*rows["coverage"], *logs, *layers]
        return {name: table.frame(rows[name]) for name, table in TABLES.items()}

    def incident(self, **more: Any) -> Incident:
        """Make the story's incident: known window and sink, resolved, unless said otherwise."""
        settings: dict[str, Any] = {
            "folder": self.folder,
            "name": "story",
            "title": "A story",
            "status": "resolved",
            "facts": KNOWN_WINDOW,
            "actions": ACTIONS,
            "attackers": (SINK,),
            "chains": (Chain(name="ethereum", id=1),),
            "window": WindowSettings(),
        }
        return Incident(**(settings | more))

    def assess(self, **more: Any) -> Result:
        """Assess the story."""
        return Result(assess(self.tables(), self.incident(**more), NOW))
