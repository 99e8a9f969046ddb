"""The particulars of a report of loss (transaction, time, amount, deed) held against what the case knows. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from exposure.amounts import NATIVE, NATIVE_DECIMALS
from exposure.assess.bounds import stamp
from exposure.assess.report_facts import Known
from exposure.assess.report_values import Amount, read_amounts
from exposure.chain.presets import CHAINS, preset_of

Says = Literal["yes", "no", "cannot_tell"]
# People round the time; and they tell when they noticed, which is up to a day after it happened.
NEAR, NOTICED = timedelta(hours=2), timedelta(hours=24)
# People round amounts, and prices move while they do.
ROUNDED, ROUNDED_USD = Decimal("0.05"), Decimal("0.3")


@dataclass(frozen=True, slots=True)
class Claim:
    """One report as it was read; `fault` says what could not be read. `address` may be an ENS name. Times are UTC."""

    file: str
    line: int
    source: str | None = None
    address: str | None = None
    time: datetime | None = None
    time_slack: float = 0.0
    did: str | None = None
    amount: str | None = None
    chain: str | None = None
    transaction_hash: str | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What one particular of a report comes to, in words, and with its evidence."""

    says: Says
    text: str = ""
    refs: tuple[str, ...] = ()


def on_transaction(claim: Claim, known: Known) -> Answer | None:
    """Ask whether the named transaction took something from this wallet."""
    named = claim.transaction_hash
    if named is None:
        return None
    stolen = known.losses_by_tx.get(named, [])
    mine = [row for row in stolen if row["address"] == claim.address]
    if mine:
        return Answer("yes", "The named transaction is one of its losses.", (loss_ref(mine[0]),))
    moves = known.moves_by_tx.get(named, [])
    if not stolen and not moves:
        return Answer("cannot_tell", "The named transaction is not among those that were read.")
    chain = (stolen or moves)[0]["chain_id"]
    refs = (ref_of(chain, named),)
    if any(row["from_address"] == claim.address for row in moves):
        return Answer(
            "cannot_tell",
            "In the named transaction it sent something to an address that is not known as the attacker's.",
            refs,
        )
    if stolen:
        return Answer("no", "The named transaction took from another wallet.", refs)
    if claim.address not in known.asked:
        return Answer(
            "cannot_tell",
            "In what was read of the named transaction this wallet sent nothing, but it was not asked about.",
            refs,
        )
    received = any(row["to_address"] == claim.address for row in moves)
    return Answer(
        "no", f"In the named transaction this wallet {'only received' if received else 'moved nothing'}.", refs
    )


def _exposing(known: Known) -> frozenset[str]:
    return frozenset(action.name for action in known.incident.actions if action.exposure != "none")


def on_time(claim: Claim, known: Known) -> Answer | None:
    """Ask whether the time fits: that of a loss, or of a deed that exposes."""
    if claim.time is None:
        return None
    if claim.time - timedelta(hours=claim.time_slack) > known.now:
        return Answer(
            "cannot_tell", f"The time reported is later than what this case has read (until {stamp(known.now)})."
        )
    losses = known.losses.get(str(claim.address), [])
    exposing = _exposing(known)
    deeds = [row for row in known.deeds.get(str(claim.address), []) if row["action"] in exposing]
    room = NEAR + timedelta(hours=claim.time_slack)
    for row in deeds:
        if abs(row["time"] - claim.time) <= room:
            return Answer("yes", f"At {stamp(row['time'])} it did {row['action']}.", (row["ref"],))
    times = sorted(row["time"] for row in losses)
    if any(abs(time - claim.time) <= room for time in times) or (
        times and times[0] - room <= claim.time <= times[-1] + NOTICED + room
    ):
        return Answer("yes")
    if known.began is not None and claim.time + room < min([known.began, *times]):
        return Answer("no", f"The time reported lies before the attack began (not before {stamp(known.began)}).")
    if not times or claim.time < times[0]:
        return Answer("cannot_tell")
    if not _all_read(claim, known, claim.time):
        return Answer(
            "cannot_tell",
            f"Its last known loss was at {stamp(times[-1])}; what left it later was not read, or not in full.",
        )
    if any(abs(row["timestamp"] - claim.time) <= room for row in known.departures.get(str(claim.address), [])):
        return Answer("cannot_tell", "At the time reported something else left it.")
    return Answer("no", f"At the time reported nothing left it; its last known loss was at {stamp(times[-1])}.")


def _all_read(claim: Claim, known: Known, time: datetime) -> bool:
    """Tell whether everything that left the wallet around a time would be known."""
    wallet = known.wallets.get(str(claim.address))
    if (
        known.read is None
        or claim.address not in known.asked
        or elsewhere(claim, known)
        or wallet is None
        or wallet["kind"] != "eoa"
    ):
        return False
    return known.read[0] <= time - NEAR and time + NEAR <= known.read[1]


def on_amount(claim: Claim, known: Known) -> Answer | None:
    """Ask whether what is said to be lost fits: rounded, one of several losses, or less than all. Each amount named must."""
    if not claim.amount:
        return None
    amounts = read_amounts(claim.amount)
    if not amounts:
        return Answer("cannot_tell", "The amount cannot be read.")
    answers = [_one_amount(amount, claim, known) for amount in amounts]
    for says in ("no", "cannot_tell", "yes"):
        for answer in answers:
            if answer.says == says:
                return answer
    return None


def _one_amount(amount: Amount, claim: Claim, known: Known) -> Answer:
    losses = [row for row in known.losses.get(str(claim.address), []) if row["token_id"] is None]
    lost = _worth(losses) if amount.symbol == "USD" else _whole_tokens(losses, amount.symbol, known)
    if not lost:
        return Answer(
            "cannot_tell", "What is known of its losses does not tell whether the amount fits." if losses else ""
        )
    room = ROUNDED_USD if amount.symbol == "USD" else ROUNDED
    least = min(amount.readings)
    totals = [sum(parts, Decimal(0)) for parts in lost]
    for parts, total in zip(lost, totals, strict=True):
        for reading in amount.readings:
            if any(abs(reading - part) <= part * room + amount.unit / 2 for part in (*parts, total)):
                return Answer("yes")
    if any(least <= total for total in totals):
        return Answer("yes", "The report names less than what is known to be lost.")
    if (
        amount.symbol
        and amount.symbol != "USD"
        and _all_read(claim, known, losses[-1]["time"])
        and not _other_departures(claim, known)
    ):
        return Answer("no", "The report names more than all that went to the attacker.")
    return Answer(
        "cannot_tell",
        "The report names more than what is known to be lost; it may have gone where this case does not look.",
    )


def _other_departures(claim: Claim, known: Known) -> bool:
    since = known.began
    return any(since is None or row["timestamp"] >= since for row in known.departures.get(str(claim.address), []))


def _whole_tokens(losses: list[dict[str, Any]], symbol: str, known: Known) -> list[list[Decimal]]:
    """Give, for each token of that symbol (any where none is said), the losses in whole tokens."""
    found: dict[tuple[int, str], list[Decimal]] = {}
    for row in losses:
        name, decimals = known.tokens.get((row["chain_id"], row["token"]), ("", None))
        if row["token"] == NATIVE:
            native = preset_of(row["chain_id"])
            name, decimals = native.symbol or name, NATIVE_DECIMALS
        if decimals is not None and (not symbol or name.upper() == symbol):
            found.setdefault((row["chain_id"], row["token"]), []).append(Decimal(row["amount"]).scaleb(-decimals))
    return list(found.values())


def _worth(losses: list[dict[str, Any]]) -> list[list[Decimal]]:
    """Give the losses in US dollars; nothing where one of them has no price."""
    if not losses or any(row["usd"] is None for row in losses):
        return []
    return [[Decimal(str(row["usd"])) for row in losses]]


def on_deed(claim: Claim, known: Known) -> Answer | None:
    """Ask whether the logs show the deed. They do not show everything: never `no`."""
    if not claim.did:
        return None
    told = _plain(claim.did)
    actions = [
        a.name for a in known.incident.actions if told == a.name or _plain(a.words) in told or _plain(a.name) in told
    ]
    for row in known.deeds.get(str(claim.address), []):
        if row["action"] in actions:
            return Answer("yes", f"The logs show that it did {row['action']} at {stamp(row['time'])}.", (row["ref"],))
    return Answer("cannot_tell")


def _plain(text: str) -> str:
    words = text.lower().replace("_", " ").split()
    return " ".join("my" if word in ("your", "my", "their", "the", "a") else word for word in words)


def elsewhere(claim: Claim, known: Known) -> bool:
    """Tell whether the report names a chain that this case does not look at."""
    named = (claim.chain or "").strip().lower()
    if not named:
        return False
    mine = {str(chain.id) for chain in known.incident.chains} | {chain.name.lower() for chain in known.incident.chains}
    ids = {chain.id for chain in known.incident.chains}
    mine |= {name for name, preset in CHAINS.items() if preset.id in ids}
    mine |= {"eth", "mainnet"} if 1 in ids else set()
    return not any(named == name or named in (f"{name} mainnet", f"{name} chain", f"eip155:{name}") for name in mine)


def loss_ref(row: dict[str, Any]) -> str:
    """Name a loss as evidence does."""
    return ref_of(row["chain_id"], row["transaction_hash"], row["log_index"])


def ref_of(chain_id: int, transaction_hash: str, log_index: int | None = None) -> str:
    """Name a transaction, or one of its logs, as evidence does."""
    return f"tx:{chain_id}:{transaction_hash}" + ("" if log_index is None else f":{log_index}")
