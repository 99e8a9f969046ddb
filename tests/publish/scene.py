"""A small incident whose tables are written by hand: what facts, texts, report and summary are tested on."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from exposure.amounts import NATIVE, show, to_f64
from exposure.incident import Incident
from exposure.publish.facts import gather
from exposure.publish.lint.draft import Ground
from exposure.publish.lint.judge import ground_of_facts
from exposure.publish.texts.claims import check_claims
from exposure.publish.texts.rendering import files
from exposure.publish.texts.wording import MESSAGES, write_messages
from exposure.tables import TABLES

NOW = datetime(2026, 3, 4, 12, 10, tzinfo=UTC)
START = datetime(2026, 3, 4, 9, 12, 37, tzinfo=UTC)
END = datetime(2026, 3, 4, 10, 40, 5, tzinfo=UTC)
USDC = "0x" + "a0b8" * 10
SINK = "0x" + "bad1" * 10
SPENDER = "0x" + "5bad" * 10

PHRASE = {
    "name": "entered_seed_phrase",
    "words": "entered your recovery phrase",
    "exposure": "key",
    "match": {"method": "POST", "path": "^/api/unlock"},
}
SIGNED = {
    "name": "signed_approval",
    "words": "confirmed an approval",
    "exposure": "approval",
    "match": {"path": "^/api/approve"},
}
HARDWARE = {
    "name": "connected_hardware_wallet",
    "words": "connected a hardware wallet",
    "exposure": "none",
    "match": {"path": "^/api/hardware"},
    "cleared_by": "R. Reader",
    "cleared_why": "the script reads what is typed into the page, and a hardware wallet types nothing there",
}
ADVICE = {
    "guide": "https://help.example/new-wallet",
    "support": "help@team.example",
    "source": "https://status.example/incident",
    "signer": "ExampleWallet security team",
    "next_update": "60m",
}
ETHEREUM = {"name": "ethereum", "id": 1, "data": "chain-export"}


def wallet_address(number: int) -> str:
    """Give the address of a test's wallet by number."""
    return f"0x{number:040x}"


class Scene:
    """Tables of one incident, written row by row. Every method gives the scene back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
        self.told: dict[str, Any] = {
            "name": "examplewallet-2026-03",
            "title": "Malicious script on examplewallet.com",
            "site": ("examplewallet.com",),
            "vector": "script",
            "control": "lost",
            "zones": ("America/New_York",),
            "actions": (PHRASE,),
            "chains": (ETHEREUM,),
            "advice": ADVICE,
        }

    @property
    def incident(self) -> Incident:
        """The incident as told so far."""
        return Incident(folder=self.folder, **self.told)

    @property
    def tables(self) -> dict[str, pl.DataFrame]:
        """Every table by name, checked as the case folder checks it."""
        return {name: TABLES[name].frame(rows) for name, rows in self.rows.items()}

    def tell(self, **told: Any) -> "Scene":
        """Change incident.toml."""
        self.told |= told
        return self

    def add(self, table: str, **row: Any) -> "Scene":
        """Add a row to a table."""
        self.rows[table].append(row)
        return self

    def window(
        self, start: datetime | None = START, end: datetime | None = END, exposure: str = "key", **more: Any
    ) -> "Scene":
        """Publish bounds."""
        row = {"window_id": "w1", "exposure": exposure, "method": "published", **more}
        self.add(
            "windows", **row, bound="T1", estimate=start or START, earliest=start, latest=START, reason="deploy log"
        )
        return self.add(
            "windows", **row, bound="T2", estimate=end or END, earliest=END, latest=end, reason="asset's size"
        )

    def rate(self, action: str, is_x: str = "yes", exposed: int = 12, harmed: int = 9) -> "Scene":
        """Say how many of those who did it were harmed."""
        rate = harmed / exposed
        bounds = {"rate_low": max(0.0, rate - 0.2), "rate_high": min(1.0, rate + 0.15)}
        return self.add("attack_rates", action=action, is_x=is_x, exposed=exposed, harmed=harmed, rate=rate, **bounds)

    def attacker(self, address: str = SINK, role: str = "sink", **more: Any) -> "Scene":
        """Name an attacker."""
        row = {"origin": "config", "confirmed": True, "exclusive": False, "first_seen": START, "last_seen": NOW}
        return self.add("attackers", address=address, role=role, **row | more)

    def wallet(self, number: int, verdict: str = "compromised", did: str = PHRASE["name"], **more: Any) -> "Scene":
        """Add a wallet that did something at `at` (default: inside the window), with its sighting, loss and evidence."""
        at = more.pop("at", START + timedelta(minutes=7 * (number % 12) + 1))
        lost, token = more.pop("lost", 0), more.pop("token", NATIVE)
        saved, strength = more.pop("saved", 0), more.pop("strength", 0.98)
        link, taker = more.pop("link", "direct"), more.pop("attacker", SINK)
        address = wallet_address(number)
        ref = f"log:0a1b2c3d:{100 + number}"
        known = {NATIVE: (18, "ETH"), USDC: (6, "USDC")}.get(token, (None, token))
        if at is not None and did:
            row = {"time": at, "link": link, "strength": strength, "client": "c1" * 8, "session": "s"}
            self.add("sightings", address=address, action=did, ref=ref, **row)
            text = f"did {did} in the window"
            self.add("evidence", address=address, code="X1", weight=2.0, text=text, ref=ref)
        if lost:
            self._lose(number, address, lost, token, taker, at or START)
        if saved:
            amount = {"amount": str(saved), "amount_f64": to_f64(saved, known[0])}
            self.add("holdings", address=address, chain_id=1, token=token, **amount, at_risk=True)
        row = {
            "kind": "eoa",
            "verdict": verdict,
            "p_exposed": 0.98,
            "p_harmed": 0.97 if lost else 0.1,
            "harm": "drained" if lost and not saved else "partly_drained" if lost else "at_risk" if saved else "none",
            "link_to_incident": "logged",
            "actions": did,
            "first_exposed": None if did == HARDWARE["name"] else at,
            "last_exposed": None if did == HARDWARE["name"] else at,
            "lost": show(lost, *known) if lost else None,
            "at_risk": show(saved, *known) if saved else None,
            "live_approvals": 0,
            "unseen_signature": False,
            "remedy": "new recovery phrase, move everything",
            "covered": "logs, native, tokens",
            "urgency": to_f64(saved, 18),
        }
        return self.add("wallets", address=address, **row | more)

    def _lose(self, number: int, address: str, lost: int, token: str, taker: str, at: datetime) -> None:
        time, tx = at + timedelta(minutes=40), f"0x{number:064x}"
        known = {NATIVE: 18, USDC: 6}.get(token)
        amount = {"amount": str(lost), "amount_f64": to_f64(lost, known)}
        row = {
            "chain_id": 1,
            "token": token,
            "attacker": taker,
            "transaction_hash": tx,
            "log_index": None,
            "time": time,
        }
        self.add("losses", address=address, **row, **amount)
        text = f"its assets went to {taker}"
        self.add("evidence", address=address, code="A1", weight=5.0, text=text, ref=f"tx:1:{tx}")

    def tokens(self) -> "Scene":
        """Know Ether and a dollar token."""
        self.add("tokens", chain_id=1, token_address=NATIVE, standard="native", symbol="ETH", decimals=18)
        return self.add("tokens", chain_id=1, token_address=USDC, standard="erc20", symbol="USDC", decimals=6)

    def covered(self) -> "Scene":
        """Have read logs from a week before to the present, and all of the chain's layers."""
        first = START - timedelta(days=7)
        row = {"first": first, "last": NOW, "rejected": 0, "duplicates": 0, "gaps": 0}
        self.add("sources", source="0a1b2c3d", path="logs/cdn.log.gz", kind="access", format="nginx", lines=9000)
        self.add("coverage", source="0a1b2c3d", layer="lines", lines=9000, parsed=9000, kept=700, **row)
        for layer in ("logs", "native", "state"):
            self.add("coverage", source="chain:1", layer=layer, lines=50_000, parsed=50_000, kept=900, **row)
        return self

    def key_incident(self) -> "Scene":
        """Add ten victims, four who still hold everything, and those who did nothing dangerous."""
        self.tokens().covered().window().rate(PHRASE["name"]).attacker()
        for number in range(1, 8):
            self.wallet(number, lost=10**18 + number)
        self.wallet(8, lost=2_500_000, token=USDC).wallet(9, lost=10**17, saved=4 * 10**17)
        self.wallet(10, "probable", lost=3 * 10**18)
        for number in range(11, 15):
            self.wallet(number, "exposed", saved=number * 10**18)
        self.wallet(15, "possible", strength=0.2, link="session")
        for number in range(16, 40):
            self.wallet(number, "no_sign", "viewed_portfolio", p_exposed=0.01)
        return self

    def approval_incident(self) -> "Scene":
        """Add victims of a spender: some drained, some whose approval stands."""
        self.tell(actions=(SIGNED,), chains=(ETHEREUM, {"name": "base", "id": 8453, "data": "base-export"}))
        self.tokens().covered().window(exposure="approval").rate(SIGNED["name"])
        self.add("coverage", source="chain:8453", layer="logs", first=START - timedelta(days=7), last=NOW)
        self.attacker(SPENDER, "spender", chain_id=1).attacker(SPENDER, "spender", chain_id=8453)
        for number in range(1, 5):
            self.wallet(number, did=SIGNED["name"], lost=number * 10**6, token=USDC, attacker=SPENDER)
        for number in range(5, 9):
            self.wallet(number, "probable", SIGNED["name"], live_approvals=1, unseen_signature=True)
        return self

    def mixed_incident(self) -> "Scene":
        """Add an approval by the same attacker to the key incident."""
        self.key_incident().tell(actions=(PHRASE, SIGNED, HARDWARE))
        self.window(exposure="approval", window_id="w2").rate(SIGNED["name"], exposed=5, harmed=3)
        self.attacker(SPENDER, "spender", chain_id=1)
        return self.wallet(50, did=SIGNED["name"], lost=5 * 10**6, token=USDC, attacker=SPENDER)

    def chain_only(self) -> "Scene":
        """Know one attacker and one report, and find eight more victims on the chain."""
        sink = {"address": SINK, "role": "sink"}
        self.tell(title="Wallets drained by one address", site=(), actions=(), advice={}, zones=(), attackers=(sink,))
        self.tokens().attacker()
        self.add("coverage", source="chain:1", layer="logs", first=START, last=NOW, lines=7000, rejected=0)
        self.wallet(1, did="", link_to_incident="reported", lost=10**18)
        for number in range(2, 10):
            self.wallet(number, did="", link_to_incident="chain_only", lost=10**18)
        return self


def write_files(scene: Scene, now: datetime | None = NOW) -> dict[str, str]:
    """Write all messages of a scene in all channels, by file."""
    facts = gather(scene.tables, scene.incident, now)
    messages = write_messages(facts, check_claims(facts))
    return {name: text for message in messages for name, text in files(message, facts).items()}


def write(scene: Scene, now: datetime | None = NOW) -> dict[str, str]:
    """Write the Markdown of all messages of a scene, by name; of the banner and the e-mail, their own form."""
    texts = write_files(scene, now)
    own = {name.partition(".")[0]: text for name, text in texts.items() if not name.endswith(".md")}
    long = {
        name.removesuffix(".md"): text for name, text in texts.items() if name.endswith(".md") and name.count(".") == 1
    }
    return {name: text for name, text in (own | long).items() if name in MESSAGES}


def case_ground(scene: Scene) -> Ground:
    """Give what a draft is held against, from a scene's own tables."""
    facts = gather(scene.tables, scene.incident, NOW)
    return ground_of_facts(facts, check_claims(facts), [row["address"] for row in scene.rows["wallets"]])
