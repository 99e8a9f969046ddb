"""What stands on the report's page, as plain rows. Pure. No client, session or address of the network is ever among them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from exposure.incident import Incident
from exposure.publish.facts import VERDICTS, Facts
from exposure.publish.tallies import Tally, chain_name, shorten, tally, token_facts
from exposure.publish.texts.sentences import checksum
from exposure.publish.times import show_exact

# What stands on the page without its script, and on paper; the script shows the rest, and the sheet holds every row.
ROWS = 60
ROWS_NO_SIGN = 20
ROWS_TRAIL = 60
# More rows than this never fit into the page's data.
WALLETS_MOST = 20_000


@dataclass(frozen=True, slots=True)
class Reason:
    """One piece of evidence, with where it stands."""

    code: str
    weight: str
    text: str
    ref: str


@dataclass(frozen=True, slots=True)
class WalletRow:
    """One wallet as the page shows it."""

    address: str
    verdict: str
    harm: str
    tied: str
    did: str
    when: str
    lost: tuple[str, ...]
    to_save: tuple[str, ...]
    approvals: int
    remedy: str
    not_covered: str
    reasons: tuple[Reason, ...]
    lost_rank: float = 0.0
    save_rank: float = 0.0


@dataclass(frozen=True, slots=True)
class Taker:
    """What one attacker's address received, from how many wallets."""

    address: str
    role: str
    confirmed: bool
    wallets: int
    tallies: tuple[Tally, ...]
    when: str


@dataclass(frozen=True, slots=True)
class TrailRow:
    """What went from one address to another on the way of the attackers' money, and how the trail goes on."""

    hop: int
    sender: str
    to: str
    tallies: tuple[Tally, ...]
    when: str
    end: str


@dataclass(frozen=True, slots=True)
class CoverRow:
    """What was read of one source or layer."""

    source: str
    layer: str
    span: str
    lines: str
    parsed: str
    kept: str
    rejected: str
    duplicates: str
    gaps: str
    note: str


def wallet_rows(
    tables: Mapping[str, pl.DataFrame], incident: Incident, verdicts: tuple[str, ...], limit: int
) -> tuple[WalletRow, ...]:
    """Give the wallets of these verdicts, worst verdict first and then by urgency, at most `limit`."""
    order = {verdict: place for place, verdict in enumerate(VERDICTS)}
    rows = tables["wallets"].filter(pl.col("verdict").is_in(verdicts))
    rows = rows.with_columns(place=pl.col("verdict").replace_strict(order, default=len(order), return_dtype=pl.Int32))
    rows = rows.sort("place", pl.col("urgency").fill_null(0.0), "address", descending=[False, True, False]).head(limit)
    shown = pl.col("address").is_in(rows.get_column("address").implode())
    evidence = (
        tables["evidence"]
        .filter(shown)
        .sort("address", "weight", "code", "ref", descending=[False, True, False, False])
    )
    reasons: dict[str, list[Reason]] = {}
    for row in evidence.iter_rows(named=True):
        reasons.setdefault(row["address"], []).append(
            Reason(row["code"], f"{row['weight'] or 0.0:+.1f}", row["text"], row["ref"])
        )
    # Few tokens have a price: a loss is weighed by its share of all that was lost of that token, as the sheet's order is.
    share = pl.col("amount_f64") / pl.col("amount_f64").sum().over("chain_id", "token")
    lost = dict(
        tables["losses"].select("address", share=share).group_by("address").agg(pl.col("share").sum()).iter_rows()
    )
    return tuple(
        _wallet(row, incident, tuple(reasons.get(row["address"], ())), lost.get(row["address"]) or 0.0)
        for row in rows.iter_rows(named=True)
    )


def _wallet(row: Mapping[str, object], incident: Incident, reasons: tuple[Reason, ...], lost_rank: float) -> WalletRow:
    names = [name.strip() for name in str(row["actions"] or "").split(",") if name.strip()]
    words = [action.words if (action := incident.action(name)) else name.replace("_", " ") for name in names]
    return WalletRow(
        address=checksum(str(row["address"])),
        verdict=str(row["verdict"]),
        harm=str(row["harm"] or "not_known").replace("_", " "),
        tied=str(row["link_to_incident"] or "").replace("_", " "),
        did=", ".join(words),
        when=_span(row["first_exposed"], row["last_exposed"]),
        lost=_parts(row["lost"]),
        to_save=_parts(row["at_risk"]),
        approvals=int(str(row["live_approvals"] or 0)),
        remedy=str(row["remedy"] or ""),
        not_covered=str(row["not_covered"] or ""),
        reasons=reasons,
        lost_rank=lost_rank,
        save_rank=float(str(row["urgency"] or 0.0)),
    )


def _parts(text: object) -> tuple[str, ...]:
    """Give one amount a line; a token's address, which the first screen names in full, is shortened here."""
    short = re.sub(r"0x[0-9a-fA-F]{40}", lambda match: shorten(match[0]), str(text or ""))
    return tuple(part.strip() for part in short.replace(";", ",").split(",") if part.strip())


def _span(first: object, last: object) -> str:
    from datetime import datetime

    if not isinstance(first, datetime):
        return ""
    start = show_exact(first)
    return start if not isinstance(last, datetime) or last == first else f"{start} to {show_exact(last)}"


def takers(tables: Mapping[str, pl.DataFrame], incident: Incident, facts: Facts) -> tuple[Taker, ...]:
    """Say where the money went: one row per receiving address, most wallets first."""
    known = token_facts(tables, incident)
    found = []
    roles = {enemy.address: enemy for enemy in facts.enemies}
    for (address,), rows in tables["losses"].group_by("attacker"):
        enemy = roles.get(str(address))
        role, confirmed = (enemy.role, enemy.confirmed) if enemy else ("", False)
        wallets = rows.get_column("address").n_unique()
        when = _span(rows.get_column("time").min(), rows.get_column("time").max())
        found.append(Taker(checksum(str(address)), role, confirmed, wallets, tally(rows, known, incident), when))
    return tuple(sorted(found, key=lambda taker: (-taker.wallets, taker.address)))


def trail_rows(tables: Mapping[str, pl.DataFrame], incident: Incident) -> tuple[TrailRow, ...]:
    """Say where the attackers' money went on, hop by hop; `end` says why the trail stops, and is empty where it goes on."""
    known = token_facts(tables, incident)
    found = []
    for _, rows in tables["onward"].group_by("chain_id", "hop", "from_address", "to_address"):
        first = rows.row(0, named=True)
        moved = rows.rename({"token_address": "token", "value": "amount", "to_address": "address"})
        found.append(
            TrailRow(
                int(first["hop"]),
                checksum(str(first["from_address"])),
                checksum(str(first["to_address"])),
                tally(moved, known, incident),
                _span(rows.get_column("first").min(), rows.get_column("last").max()),
                str(first["why"] or ""),
            )
        )
    return tuple(sorted(found, key=lambda row: (row.hop, row.sender, row.to)))


def cover_rows(tables: Mapping[str, pl.DataFrame], incident: Incident) -> tuple[CoverRow, ...]:
    """Say what was read, source by source."""
    paths = dict(tables["sources"].select("source", "path").iter_rows())
    found = []
    for row in tables["coverage"].iter_rows(named=True):
        source = str(row["source"])
        number = source.removeprefix("chain:")
        name = chain_name(incident, int(number)) if source != number and number.isdigit() else paths.get(source, source)
        counts = {key: "" if row[key] is None else f"{row[key]:,}" for key in _COUNTS}
        found.append(CoverRow(name, row["layer"], _span(row["first"], row["last"]), note=row["note"] or "", **counts))
    return tuple(found)


_COUNTS = ("lines", "parsed", "kept", "rejected", "duplicates", "gaps")
