"""Files for those who can help, each with only what they need: the thin edge that writes handoff/. Nothing is sent.

None of them holds an IP address, a user agent, a client, a session, a line of a log, or what a person noted.
"""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from exposure.answers import csv_text
from exposure.case import Case, write_atomically
from exposure.incident import Incident
from exposure.publish.facts import Facts, gather
from exposure.publish.handoff.rows import (
    MUST_ACT,
    READS,
    Assets,
    blocklist_rows,
    exchange_rows,
    issuer_rows,
    seal_addresses,
    seal_funds,
    vendor_rows,
)
from exposure.publish.handoff.seal import seal_summary
from exposure.publish.sheet.columns import TLP
from exposure.publish.summary import summarise
from exposure.publish.texts.advise import READS as FACT_READS
from exposure.publish.texts.claims import check_claims
from exposure.publish.texts.holding import note_hold
from exposure.publish.texts.sentences import show_count
from exposure.publish.times import show_exact, show_time

FOLDER = "handoff"
_AMBER, _CLEAR = TLP["partners"], TLP["public"]
_WHOM = {
    "exchanges": "exchanges: hold what came to a deposit_address of yours by transaction_hash (others are wallets or bridges)",
    "wallet-vendors": "makers of wallets: whom to warn inside the app, and what to tell them; in no order of worth",
    "blocklist": "keepers of blocklists: what a person has confirmed, and nothing that the data alone suspects",
    "seal911": "SEAL 911: a summary to begin with",
    "seal911-addresses": "SEAL 911: for the sheet of affected addresses",
    "seal911-funds": "SEAL 911: for the sheet of funds' movements",
}
_ISSUER = "token-issuers-"
_WARNING = """# What to hand to whom

Nothing was sent: a person sends these files, to people whom they know or have called back. Whoever asks for a list of
victims unasked may be the thief, or live on the "recovery" of stolen funds.
"""
_LEFT_OUT = """
## What is not in them

- IP addresses, user agents, sessions, lines of logs, notes of people, chances, and what wallets still hold.
- Wallets listed as `possible` ({possible:,}): the public text is for them. Listed are those whose owners must act ({acting:,}).
- Addresses that the data alone takes for the attacker's ({waiting:,}) are in no blocklist, and marked in the other files. Look at
  them, and name those that are the attacker's in incident.toml.
- Addresses that unharmed wallets use as well (exchanges, routers), whatever they were named.

CSV cells that a spreadsheet program would run begin with an apostrophe. Amounts are exact.
"""


def write_handoff(case: Case, incident: Incident, clock: datetime | None = None) -> dict[str, object]:
    """Write the files of which there is something to say, remove those of an earlier run, and give the figures of the step."""
    tables = {name: case.read(name) for name in dict.fromkeys((*READS, *FACT_READS))}
    clock = clock or case.now()
    facts = gather(tables, incident, case.now(), held_since=note_hold(case, incident, clock), clock=clock)
    files = make_files(tables, incident, facts)
    folder = case.folder / FOLDER
    for old in folder.glob("*.TLP-*"):
        if old.name not in files:
            old.unlink()
    for name, text in files.items():
        write_atomically(folder / name, text.encode())
    held = _held(facts)
    rows = {name.partition(".")[0]: text.count("\n") - 1 for name, text in files.items() if name.endswith(".csv")}
    return {"files": ", ".join(sorted(files)), **rows, "path": str(folder), "problems": held}


def make_files(tables: Mapping[str, pl.DataFrame], incident: Incident, facts: Facts) -> dict[str, str]:
    """Give the text of every file by its name. Pure."""
    assets = Assets(tables, incident)
    parts = {
        "exchanges": exchange_rows(tables, assets),
        **{f"{_ISSUER}{name}": frame for name, frame in issuer_rows(tables, assets).items()},
        "wallet-vendors": vendor_rows(tables),
        "blocklist": blocklist_rows(facts.enemies, incident),
        "seal911-addresses": seal_addresses(tables),
        "seal911-funds": seal_funds(tables, assets),
    }
    marks = {name: _CLEAR if name == "blocklist" else _AMBER for name in parts}
    frames = {_file(name, marks[name], "csv"): frame for name, frame in parts.items() if frame.height}
    texts = {name: csv_text(frame) for name, frame in frames.items()}
    summed = summarise(tables, incident, facts, check_claims(facts), {})
    seal = {name: frame for name, frame in frames.items() if name.startswith("seal911-")}
    texts[_file("seal911", _AMBER, "md")] = seal_summary(facts, summed, incident, seal, _AMBER)
    texts["README.md"] = _readme(tables, facts, parts, marks)
    return texts


def _file(name: str, mark: str, suffix: str) -> str:
    return f"{name}.{mark.replace(':', '-')}.{suffix}"


def _held(facts: Facts) -> list[str]:
    """Say that [disclosure] holds everything back, while it does."""
    if facts.held_until is None:
        return []
    until = show_time(facts.held_until)
    return [f"[disclosure] of incident.toml holds this back until {until}: hand over only to those who keep it"]


def _readme(
    tables: Mapping[str, pl.DataFrame], facts: Facts, parts: Mapping[str, pl.DataFrame], marks: Mapping[str, str]
) -> str:
    lines = [_WARNING]
    if facts.as_of:
        lines.append(f"As of {show_exact(facts.as_of)}.\n")
    lines += [f"{held}.\n" for held in _held(facts)]
    for name, frame in parts.items():
        whom = _WHOM.get(name) or _issuer(name.removeprefix(_ISSUER))
        if frame.height:
            lines.append(
                f"- `{_file(name, marks[name], 'csv')}` ({marks[name]}, {show_count(frame.height, 'row')}), for {whom}."
            )
        else:
            lines.append(f"- {name}: nothing to hand over yet.")
    lines.append(f"- `{_file('seal911', _AMBER, 'md')}` ({_AMBER}), for {_WHOM['seal911']}.")
    wallets = tables["wallets"]
    possible = wallets.filter(pl.col("verdict") == "possible").height
    acting = wallets.filter(pl.col("verdict").is_in(MUST_ACT)).height
    waiting = sum(1 for enemy in facts.enemies if not enemy.confirmed)
    lines.append(_LEFT_OUT.format(possible=possible, acting=acting, waiting=waiting))
    return "\n".join(lines)


def _issuer(name: str) -> str:
    if name == "others":
        return "whoever issues these tokens, if anybody can freeze them (ask the token's team)"
    return f"{name}: what addresses of the attacker hold of its tokens, as far as was read; freeze holder"
