"""Reports of loss, judged by the data: supported, contradicted, or cannot tell, each with its evidence. Pure.

What is judged is the report, never whether its owner is safe: a wallet that is known to be in danger stays so, whatever was
said of it. A report supports nothing by itself, so that evidence X4 does not count here. `contradicted` needs something that the
data shows; what no log and no chain of this case would show is never held against anybody.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from exposure.assess.bounds import stamp
from exposure.assess.intake import Given
from exposure.assess.naming import checksummed
from exposure.assess.report_facts import Known, look_up
from exposure.assess.report_particulars import (
    NEAR,
    Answer,
    Claim,
    elsewhere,
    loss_ref,
    on_amount,
    on_deed,
    on_time,
    on_transaction,
    ref_of,
)
from exposure.incident import Incident
from exposure.tables import TABLES

_HARMED = ("compromised", "probable")
_MUST_ACT = (*_HARMED, "exposed")
_REFS_MOST = 3


def judge_reports(claims: Sequence[Claim], tables: Given, incident: Incident, now: datetime) -> pl.DataFrame:
    """Give table `reports`. `tables` are those of the case; rows of claims stand in the order of file and line."""
    claims = _resolved(sorted(claims, key=lambda claim: (claim.file, claim.line)), tables)
    known = look_up(
        tables,
        incident,
        now,
        [claim.address for claim in claims if claim.address],
        [claim.transaction_hash for claim in claims if claim.transaction_hash],
    )
    first_of: dict[str, str] = {}
    named_by: dict[str, Claim] = {}
    rows = []
    for claim in claims:
        place = f"{claim.file}:{claim.line}"
        row = _judged(claim, known)
        if claim.address:
            row["duplicate_of"] = first_of.get(claim.address)
            first_of.setdefault(claim.address, place)
        other = named_by.setdefault(claim.transaction_hash, claim) if claim.transaction_hash else claim
        if other.address != claim.address:
            row["reason"] += f" {other.file}:{other.line} names the same transaction for another wallet."
        rows.append(row)
    return TABLES["reports"].frame(rows)


def claims_of(reports: pl.DataFrame) -> list[Claim]:
    """Take the claims out of table `reports` again, to judge them by what is known by now."""
    names = Claim.__dataclass_fields__
    return [Claim(**row) for row in reports.select(list(names)).iter_rows(named=True)]


def _resolved(claims: list[Claim], tables: Given) -> list[Claim]:
    """Put the address in the place of an ENS name that the case has resolved; others cannot be judged."""
    asked = {claim.address for claim in claims if claim.address and not claim.address.startswith("0x")}
    rows = tables["names"].lazy().filter(pl.col("name").is_in(list(asked))).select("name", "address").unique().collect()
    found = {name: list(group.get_column("address")) for (name,), group in rows.group_by("name")} if asked else {}
    told = []
    for given in claims:
        claim = given
        if claim.address in asked:
            owners = found.get(claim.address, [])
            fault = "it names an ENS name that this case has not resolved: write its address"
            claim = (
                replace(claim, address=owners[0])
                if len(owners) == 1
                else replace(claim, address=None, fault=_joined(claim.fault, fault))
            )
        told.append(claim)
    return told


def _joined(*faults: str | None) -> str:
    return "; ".join(fault for fault in faults if fault)


def _judged(claim: Claim, known: Known) -> dict[str, Any]:
    """Judge one claim; gives a row of table `reports`."""
    row: dict[str, Any] = {name: getattr(claim, name) for name in Claim.__dataclass_fields__}
    if claim.address is None:
        reason = f"It cannot be judged: {claim.fault or 'it names no wallet'}."
        return row | {"judgement": "cannot_tell", "reason": reason, "refs": None}
    particulars = {
        "tx_says": on_transaction(claim, known),
        "time_says": on_time(claim, known),
        "amount_says": on_amount(claim, known),
        "did_says": on_deed(claim, known),
    }
    judgement, text, refs = _overall(claim, known, particulars)
    said = [text, *(answer.text for answer in particulars.values() if answer)]
    if claim.fault:
        said.append(f"Not read: {claim.fault}.")
    wallet = known.wallets.get(claim.address)
    if wallet and wallet["verdict"] in _MUST_ACT and claim.address not in known.attackers:
        said.append(f"Whatever the report is worth, the wallet is listed as {wallet['verdict']}: its owner must act.")
    every = dict.fromkeys((*refs, *(ref for answer in particulars.values() if answer for ref in answer.refs)))
    return row | {
        "judgement": judgement,
        "verdict": wallet["verdict"] if wallet else None,
        **{name: answer.says if answer else None for name, answer in particulars.items()},
        "reason": " ".join(part for part in said if part),
        "refs": " ".join(every) or None,
    }


def _overall(claim: Claim, known: Known, particulars: dict[str, Answer | None]) -> tuple[str, str, tuple[str, ...]]:
    """Say what the report comes to, why, and with which evidence."""
    assert claim.address is not None
    if claim.address in known.attackers:
        if known.attackers[claim.address]:
            return "contradicted", "The address is one of the attacker's own, as the team has named it.", ()
        return (
            "cannot_tell",
            "The data takes this address for one of the attacker's own; nobody has confirmed that.",
            (),
        )
    losses = known.losses.get(claim.address, [])
    wrong = any(answer is not None and answer.says == "no" for answer in particulars.values())
    if losses:
        wallet = known.wallets.get(claim.address)
        proven = any(known.attackers.get(row["attacker"]) for row in losses)
        told = _told_losses(losses, known)
        refs = tuple(loss_ref(row) for row in losses[:_REFS_MOST])
        if not proven and (wallet is None or wallet["verdict"] not in _HARMED):
            return (
                "cannot_tell",
                f"{told}, but no person has confirmed that this is an attacker, and little else speaks for it.",
                refs,
            )
        return (
            ("contradicted", f"{told}; but the report says otherwise of it.", refs)
            if wrong
            else ("supported", f"{told}.", refs)
        )
    doubt, refs = _doubt(claim, known, particulars)
    transaction = particulars["tx_says"]
    # A transaction that was read is proof; a date may be misremembered, and then it is about a loss that nobody has looked for.
    if doubt and not (transaction is not None and transaction.says == "no"):
        return "cannot_tell", f"No loss of this wallet to the attacker is known, but {doubt}.", refs
    if wrong:
        return "contradicted", f"No loss of this wallet to the attacker is known{f'; {doubt}' if doubt else ''}.", refs
    chains, span = ", ".join(chain.name for chain in known.incident.chains), known.read or (None, None)
    read = f"On {chains} the chain was read from {stamp(span[0])} to {stamp(span[1])}, and nothing left this wallet."
    return "contradicted", f"{read} A loss on another chain would not show here.", ()


def _doubt(claim: Claim, known: Known, particulars: dict[str, Answer | None]) -> tuple[str, tuple[str, ...]]:
    """Say why no loss seen is not no loss, and with which evidence; empty where the data would have shown it."""
    address = str(claim.address)
    wallet = known.wallets.get(address)
    if address not in known.asked:
        return "the chain was not asked about it: paste it into the sheet, and run again", ()
    if elsewhere(claim, known):
        return "this case does not look at the chain that the report names", ()
    if known.read is None:
        return "a part of the chain could not be read", ()
    first, last = known.read
    start, end = _span(claim, known, first, last)
    left = [row for row in known.departures.get(address, []) if row["timestamp"] >= start]
    if left:
        other, at = checksummed(left[0]["to_address"]), stamp(left[0]["timestamp"])
        others = f" (and {len(left) - 1} more such)" if len(left) > 1 else ""
        refs = tuple(ref_of(row["chain_id"], row["transaction_hash"], row["log_index"]) for row in left[:_REFS_MOST])
        return f"{other} got something from it at {at}{others}, and nobody knows whose that is", refs
    if wallet is None or not wallet["kind"]:
        return "nobody read what kind of account it is", ()
    if wallet["kind"] != "eoa":
        return "what contracts move out of it is not visible", ()
    if wallet["verdict"] in _MUST_ACT:
        return "it is in danger, and what was taken may have gone where this case does not look", ()
    if first > start or last < end:
        return f"the chain was read from {stamp(first)} to {stamp(last)} only", ()
    transaction = particulars["tx_says"]
    if transaction is not None and transaction.says == "cannot_tell":
        return "the transaction that it names was not read", ()
    return "", ()


def _span(claim: Claim, known: Known, first: datetime, last: datetime) -> tuple[datetime, datetime]:
    """Give the stretch in which the loss must lie: from the attack's start, or the time reported, until that time or now."""
    start, end = known.began or first, min(known.now, last)
    if claim.time is not None:
        room = NEAR + timedelta(hours=claim.time_slack)
        until = min(claim.time + room, known.now) if claim.time <= known.now else claim.time
        start, end = min(start, claim.time - room), max(end, until)
    return start, end


def _told_losses(losses: list[dict[str, Any]], known: Known) -> str:
    parts = [
        f"{known.names.amount(row['chain_id'], row['token'], int(row['amount']), row['token_id'])} at {stamp(row['time'])}"
        for row in losses[:_REFS_MOST]
    ]
    more = f" and {len(losses) - _REFS_MOST} more" if len(losses) > _REFS_MOST else ""
    takers = sorted({row["attacker"] for row in losses})
    others = f" and {len(takers) - 1} more" if len(takers) > 1 else ""
    return f"This wallet lost {', '.join(parts)}{more} to {known.names.attacker(takers[0])}{others}"


def unreadable(reports: pl.DataFrame) -> Iterator[str]:
    """Say which reports could not be judged at all."""
    rows = reports.filter(pl.col("address").is_null())
    for file, line, fault in rows.select("file", "line", "fault").iter_rows():
        yield f"{file} line {line}: {fault or 'it names no wallet'}; this report is not judged"


def report_claims(incident: Incident, files: Iterable[str] = ()) -> list[Claim]:
    """Give the [[report]]s of incident.toml as claims, but not those that come from one of `files`: they stand there already."""
    left_out = set(files)
    return [
        Claim(
            "incident.toml",
            number,
            report.source or None,
            report.address,
            report.time,
            0.0,
            report.did,
            transaction_hash=report.tx,
        )
        for number, report in enumerate(incident.reports, start=1)
        if report.source not in left_out
    ]
