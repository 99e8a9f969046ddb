"""One wallet's story: every sighting, movement and piece of evidence in time order, with references. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from exposure.amounts import NATIVE, show


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to a wallet. `time` is UTC; None where it has none. `session` is that of a sighting."""

    time: datetime | None
    text: str
    ref: str
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """A wallet's verdict and what led to it."""

    address: str
    wallet: dict[str, object]
    moments: tuple[Moment, ...]
    evidence: tuple[dict[str, object], ...]

    def to_json(self) -> dict[str, object]:
        """Give plain values."""
        moments = [{"time": _stamp(moment.time), "text": moment.text, "ref": moment.ref} for moment in self.moments]
        wallet = {key: _stamp(value) if isinstance(value, datetime) else value for key, value in self.wallet.items()}
        return {"address": self.address, "wallet": wallet, "moments": moments, "evidence": list(self.evidence)}

    def lines(self) -> list[str]:
        """Give lines for a terminal; the caller escapes them."""
        wallet = self.wallet
        lines = [f"{self.address}: {wallet['verdict']}, harm {wallet['harm']}"]
        lines += [f"  {label}: {wallet[key]}" for key, label in _SHOWN if wallet.get(key) not in (None, "", 0)]
        chance = wallet.get("p_exposed")
        if wallet["verdict"] == "exposed" and isinstance(chance, float) and chance < DOUBTFUL:
            lines.append("  a small chance is no safety: it tells whom to call first; its owner must act all the same")
        lines.append("what happened (UTC):")
        lines += happened(self.moments) or ["  nothing was seen"]
        lines.append("why this verdict:")
        lines += [
            f"  {row['code']:3} {row['weight']:+.1f}  {row['text']}  [{row['ref']}]" for row in self.evidence
        ] or ["  no evidence for or against"]
        return lines


def happened(moments: tuple[Moment, ...]) -> list[str]:
    """Give a line for each moment; what one session did again and again (a page asks each half minute) is one line."""
    runs: dict[tuple[object, ...], list[Moment]] = {}
    for number, moment in enumerate(moments):
        key = (moment.session, moment.text) if moment.session else (number,)
        runs.setdefault(key, []).append(moment)
    lines = []
    for run in runs.values():
        first, last = run[0], run[-1]
        again = f", {len(run)} times until {_stamp(last.time)}" if len(run) > 1 else ""
        lines.append(f"  {_stamp(first.time) or 'no time':20}  {first.text}{again}  [{first.ref}]")
    return lines


# Below this somebody may take the chance for an all-clear.
DOUBTFUL = 0.5

_SHOWN = (
    ("link_to_incident", "tied to this incident by"),
    ("actions", "did"),
    ("p_exposed", "chance that the attacker holds its key or a signature"),
    ("p_harmed", "chance that its loss is this attacker's"),
    ("lost", "lost"),
    ("at_risk", "still to save"),
    ("live_approvals", "live approvals to attackers"),
    ("remedy", "what to do"),
    ("covered", "looked at"),
    ("not_covered", "not looked at"),
)


def _stamp(value: object) -> str:
    return value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else ""


def explain(tables: Mapping[str, pl.DataFrame], address: str) -> Story | None:
    """Tell the story of one address (lowercase); None where no table knows it."""
    wallets = tables["wallets"].filter(pl.col("address") == address).to_dicts()
    if not wallets:
        return None
    evidence = tables["evidence"].filter(pl.col("address") == address).sort("weight", descending=True)
    moments = [*_sightings(tables, address), *_transfers(tables, address), *_approvals(tables, address)]
    moments += _holdings(tables, address)
    moments.sort(key=lambda moment: (moment.time is None, moment.time, moment.ref))
    rows = evidence.select("code", "weight", "text", "ref").to_dicts()
    return Story(address, wallets[0], tuple(moments), tuple(rows))


def _sightings(tables: Mapping[str, pl.DataFrame], address: str) -> list[Moment]:
    seen = tables["sightings"].filter(pl.col("address") == address)
    moments = []
    for row in seen.iter_rows(named=True):
        did = f"did {row['action']}" if row["action"] else "was seen"
        moments.append(
            Moment(row["time"], f"{did} ({row['link']}, strength {row['strength']:.2f})", row["ref"], row["session"])
        )
    return moments


def _symbols(tables: Mapping[str, pl.DataFrame]) -> dict[tuple[int, str], tuple[str, int | None]]:
    rows = tables["tokens"].select("chain_id", "token_address", "symbol", "decimals").iter_rows()
    return {(chain, token): (symbol or token, decimals) for chain, token, symbol, decimals in rows}


def _attackers(tables: Mapping[str, pl.DataFrame]) -> set[str]:
    return set(tables["attackers"].get_column("address").to_list())


def _transfers(tables: Mapping[str, pl.DataFrame], address: str) -> list[Moment]:
    symbols, attackers = _symbols(tables), _attackers(tables)
    either = (pl.col("from_address") == address) | (pl.col("to_address") == address)
    moments = []
    for row in tables["transfers"].filter(either).iter_rows(named=True):
        known = symbols.get((row["chain_id"], row["token_address"]))
        native = row["token_address"] == NATIVE
        symbol, decimals = known or (("native", 18) if native else (row["token_address"], None))
        amount = f"{symbol} #{row['token_id']}" if row["token_id"] else show(int(row["value"]), decimals, symbol)
        out = row["from_address"] == address
        other = row["to_address"] if out else row["from_address"]
        marked = f"{other} (attacker)" if other in attackers else other
        text = f"sent {amount} to {marked}" if out else f"received {amount} from {marked}"
        if row["transaction_from"] not in (None, row["from_address"]):
            text += f", moved by {row['transaction_from']}"
        if row["trace_address"] is not None:
            text += f" (inside the transaction, {row['trace_address']} of its trace)"
        moments.append(Moment(row["timestamp"], text, _ref(row)))
    return moments


def _approvals(tables: Mapping[str, pl.DataFrame], address: str) -> list[Moment]:
    symbols, attackers = _symbols(tables), _attackers(tables)
    moments = []
    for row in tables["approvals"].filter(pl.col("from_address") == address).iter_rows(named=True):
        symbol = symbols.get((row["chain_id"], row["token_address"]), (row["token_address"], None))[0]
        spender = row["to_address"] + (" (attacker)" if row["to_address"] in attackers else "")
        verb = "took back the approval of" if row["value"] == "0" else "approved"
        text = f"{verb} {symbol} to {spender}" + (", unlimited" if row["unlimited"] else "")
        moments.append(Moment(row["timestamp"], text, _ref(row)))
    return moments


def _holdings(tables: Mapping[str, pl.DataFrame], address: str) -> list[Moment]:
    """Tell what it held when the attack began and what of it is left, where an archive said so."""
    symbols = _symbols(tables)
    mine = tables["balances"].filter(pl.col("address") == address)
    held: dict[tuple[int, str], list[tuple[int, str]]] = {}
    for chain, token, block, amount in (
        mine.sort("block_number").select("chain_id", "token_address", "block_number", "balance").iter_rows()
    ):
        held.setdefault((chain, token), []).append((block, amount))
    moments = []
    for (chain, token), amounts in held.items():
        (block, before), (_, now) = amounts[0], amounts[-1]
        if len(amounts) < 2 or before == "0":
            continue
        symbol, decimals = symbols.get((chain, token), ("native", 18) if token == NATIVE else (token, None))
        left = "as much now" if now == before else f"{show(int(now), decimals, symbol)} now"
        text = f"held {show(int(before), decimals, symbol)} when the attack began, {left}"
        moments.append(Moment(_time_of(tables, chain, block), text, f"block:{chain}:{block}"))
    return moments


def _time_of(tables: Mapping[str, pl.DataFrame], chain: int, block: int) -> datetime | None:
    """Give the time of a block; None where its header is not in the tables."""
    found = tables["blocks"].filter((pl.col("chain_id") == chain) & (pl.col("block_number") == block))
    time = found.get_column("timestamp").min()
    return time if isinstance(time, datetime) else None


def _ref(row: Mapping[str, object]) -> str:
    log = "" if row["log_index"] is None else f":{row['log_index']}"
    return f"tx:{row['chain_id']}:{row['transaction_hash']}{log}"
