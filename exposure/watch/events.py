"""What is new since the last look, each as one event: who did X, who was robbed, who robs. Pure.

An event's `kind` and fields are the interface of `--on-event` (docs/watch.md). No event holds an IP address, a user agent or
a secret.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from exposure import amounts
from exposure.amounts import NATIVE, NATIVE_DECIMALS
from exposure.chain.presets import preset_of
from exposure.incident import Incident
from exposure.logs.digest import Digest
from exposure.publish.facts import HARMED
from exposure.publish.tallies import plain_symbol
from exposure.publish.texts.sentences import checksum

# What stands out of how much it is told by: a flood of one kind is counted, after so many.
MOST = 20


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `text` is a sentence for people, `facts` are plain values; `key` is what it is told once by."""

    kind: str
    key: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Give 16 hex digits that are the same whenever the same thing is told."""
        return hashlib.sha256(f"{self.kind}\n{self.key}".encode()).hexdigest()[:16]

    def to_json(self, incident: str, as_of: datetime) -> dict[str, Any]:
        """Give what a command gets on its standard input."""
        times = {
            name: value.isoformat() if isinstance(value, datetime) else value for name, value in self.facts.items()
        }
        return {
            "kind": self.kind,
            "id": self.id,
            "incident": incident,
            "as_of": as_of.isoformat(),
            "text": self.text,
            **times,
        }


def exposed_in(digest: Digest, source: str, incident: Incident) -> Iterator[Event]:
    """Give the wallets that did something dangerous in lines that were just read: the address stands in the line itself."""
    did = digest.requests.filter(pl.col("action").is_in(_dangerous(incident))).select(
        "source", "line", "time", "action"
    )
    seen = digest.mentions.filter(~pl.col("typo")).select("source", "line", "address").unique()
    rows = did.join(seen, on=["source", "line"]).sort("line", "address")
    for row in rows.unique("address", keep="first", maintain_order=True).iter_rows(named=True):
        yield _exposed(row["address"], row["action"], row["time"], f"log:{source}:{row['line']}")


def _exposed(address: str, action: str | None, time: datetime | None, ref: str) -> Event:
    what = f"did {action}" if action else "is exposed"
    when = f" at {time:%Y-%m-%d %H:%M:%S} UTC" if time else ""
    facts = {"address": address, "action": action, "time": time, "ref": ref}
    return Event("exposed", address, f"{checksum(address)} {what}{when}", facts)


def news(before: Mapping[str, pl.DataFrame], after: Mapping[str, pl.DataFrame], incident: Incident) -> list[Event]:
    """Give what the tables `wallets`, `losses` and `attackers` (and `tokens`) hold that they did not hold before."""
    return [
        *_wallets(before, after, _dangerous(incident)),
        *_losses(before, after),
        *_attackers(before, after, incident),
    ]


def _dangerous(incident: Incident) -> list[str]:
    return [action.name for action in incident.actions if action.exposure != "none"]


def _wallets(
    before: Mapping[str, pl.DataFrame], after: Mapping[str, pl.DataFrame], dangerous: Sequence[str]
) -> Iterator[Event]:
    earlier = before["wallets"].select("address", earlier="verdict")
    rows = after["wallets"].join(earlier, on="address", how="left").sort("address")
    harmed = pl.col("verdict").is_in(HARMED) & ~pl.col("earlier").is_in(HARMED).fill_null(value=False)
    for row in rows.filter(harmed).iter_rows(named=True):
        facts = {"address": row["address"], "verdict": row["verdict"], "harm": row["harm"]}
        facts |= {"actions": row["actions"], "time": row["first_exposed"]}
        text = f"{checksum(row['address'])} is {row['verdict']} ({str(row['harm']).replace('_', ' ')})"
        yield Event("victim", row["address"], text, facts)
    new = (pl.col("verdict") == "exposed") & pl.col("earlier").is_null()
    for row in rows.filter(new).iter_rows(named=True):
        did = [name for name in str(row["actions"] or "").split(", ") if name in dangerous]
        yield _exposed(row["address"], ", ".join(did) or None, row["first_exposed"], "")


def _losses(before: Mapping[str, pl.DataFrame], after: Mapping[str, pl.DataFrame]) -> Iterator[Event]:
    key = ["chain_id", "transaction_hash", "log_index", "trace_address", "address", "token"]
    rows = after["losses"].join(before["losses"], on=key, how="anti", nulls_equal=True)
    tokens = {(row["chain_id"], row["token_address"]): row for row in after["tokens"].iter_rows(named=True)}
    for row in rows.sort(*key, nulls_last=True).iter_rows(named=True):
        amount = _amount(row, tokens.get((row["chain_id"], row["token"])))
        facts = {name: row[name] for name in ("address", "chain_id", "token", "token_id", "amount", "attacker")}
        facts |= {"amount_text": amount, "transaction_hash": row["transaction_hash"], "time": row["time"]}
        when = f" at {row['time']:%Y-%m-%d %H:%M:%S} UTC" if row["time"] else ""
        text = f"{checksum(row['address'])} lost {amount} to {checksum(row['attacker'])}{when}"
        yield Event("loss", "\n".join(str(row[name]) for name in key), text, facts)


def _amount(row: Mapping[str, Any], token: Mapping[str, Any] | None) -> str:
    if row["token_id"] is not None:
        return f"an NFT of {checksum(row['token'])}"
    if row["token"] == NATIVE:
        return amounts.show(int(row["amount"]), NATIVE_DECIMALS, preset_of(row["chain_id"]).symbol)
    name = plain_symbol(token["symbol"] if token else None) or checksum(row["token"])
    return amounts.show(int(row["amount"]), token["decimals"] if token else None, name)


def _attackers(
    before: Mapping[str, pl.DataFrame], after: Mapping[str, pl.DataFrame], incident: Incident
) -> Iterator[Event]:
    known = {attacker.address for attacker in incident.attackers}
    rows = after["attackers"].join(before["attackers"], on="address", how="anti").sort("address", "role")
    for row in rows.filter(~pl.col("address").is_in(list(known))).iter_rows(named=True):
        facts = {"address": row["address"], "role": row["role"], "confirmed": row["confirmed"]}
        text = f"{checksum(row['address'])} was discovered as the attacker's {row['role']}; a person must confirm it"
        yield Event("attacker", f"{row['address']}\n{row['role']}", text, facts)


def shortened(events: Sequence[Event]) -> list[Event]:
    """Give the first events of each kind, and one that counts the rest of it."""
    given: list[Event] = []
    kinds = dict.fromkeys(event.kind for event in events)
    for kind in kinds:
        mine = [event for event in events if event.kind == kind]
        given += mine[:MOST]
        rest = mine[MOST:]
        if rest:
            text = f"and {len(rest):,} more of the kind {kind}: see the sheet"
            key = "\n".join([kind, *(event.id for event in rest)])
            given.append(Event("more", key, text, {"of": kind, "number": len(rest)}))
    return given
