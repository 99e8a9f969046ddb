"""The war room's one line, and what each missing fact would change. Pure.

Whoever asks "where are we?" gets one line to pass on; whoever asks "what can I do?" gets the facts that are missing, the ones that
would change most for readers first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from exposure.incident import Incident
from exposure.publish import times
from exposure.publish.facts import HARMED, MUST_ACT, Facts
from exposure.publish.texts.sentences import show_count


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact that nobody has given: where it is written, and what would change with it."""

    key: str
    change: str

    def line(self) -> str:
        """Write it for a terminal."""
        return f"{self.key}: {self.change}"


def war_room_line(
    tables: Mapping[str, pl.DataFrame],
    incident: Incident,
    facts: Facts,
    manifest: Mapping[str, Any],
    log_files: int | None,
    sheet: str | None,
) -> str:
    """Write where the case stands, for a chat: logs, chain, wallets, sheet, what comes next. Files of logs: `log_files` in all."""
    wallets = tables["wallets"]
    drained = wallets.filter(
        pl.col("harm").is_in(["drained", "partly_drained"]) & pl.col("verdict").is_in(HARMED)
    ).height
    saved = tables["holdings"].filter(pl.col("at_risk")).get_column("address").unique()
    can_save = wallets.filter(pl.col("verdict").is_in(MUST_ACT) & pl.col("address").is_in(saved.implode())).height
    parts = [
        _logs(tables, log_files),
        _chain(incident, manifest),
        f"{show_count(wallets.height, 'wallet')}, {drained:,} drained, {can_save:,} can still be saved",
        f"sheet: {sheet}" if sheet else "no sheet yet",
        _next(facts),
    ]
    return "; ".join(part for part in parts if part)


def _logs(tables: Mapping[str, pl.DataFrame], files: int | None) -> str:
    read = tables["sources"].height
    if not files and not read:
        return "No logs"
    return f"Logs {read:,} of {show_count(max(files or 0, read), 'file')}"


def _chain(incident: Incident, manifest: Mapping[str, Any]) -> str:
    heads = manifest.get("as_of", {}).get("chains", {})
    found = []
    for chain in incident.chains:
        head = heads.get(str(chain.id)) or heads.get(chain.name) or {}
        number = head.get("number") if isinstance(head, dict) else None
        found.append(f"{chain.name} to block {number:,}" if isinstance(number, int) else f"{chain.name} not asked yet")
    return ", ".join(found) or "no chain"


def _next(facts: Facts) -> str:
    """Say when readers expect the next update: a moment, since a line is read later than it is written."""
    due: datetime | None = facts.links.next_update
    return f"next update due {times.ceil_quarter(due):%H:%M} UTC" if due else "no time named for the next update"


def missing_facts(tables: Mapping[str, pl.DataFrame], incident: Incident, facts: Facts) -> tuple[Missing, ...]:
    """List what nobody has given yet, and what each would change; what readers would feel most comes first."""
    return tuple(
        item
        for part in (_what(incident, facts), _when(incident, facts), _who(tables, incident, facts), _texts(incident))
        for item in part
    )


def _what(incident: Incident, facts: Facts) -> Iterator[Missing]:
    if not incident.actions:
        text = "the texts could name what is dangerous; now they warn of every secret and every signature, with both remedies"
        yield Missing("[[action]]", text)
    unsure = sorted({name for c in facts.conditions if c.is_x != "yes" for name in c.actions})
    if unsure:
        text = f'the texts could say it without "we believe": nothing proves yet that {", ".join(unsure)} is X'
        yield Missing("logs or reports of who did what, of harmed and unharmed wallets", text)
    if not facts.attack_shown:
        yield Missing(
            "a sign of the attack", "logs and chain show none: a person should decide before anything is posted"
        )
    if incident.vector == "unknown":
        yield Missing("[incident] vector", "holes could be named: a DNS hijack leaves no records of its victims")


def _when(incident: Incident, facts: Facts) -> Iterator[Missing]:
    spans = facts.conditions or (facts.unknown_span,)
    described = f" (it describes {show_count(facts.counts.described, 'wallet')} now)" if facts.counts.described else ""
    if any(span.t1 is None for span in spans):
        signs = [span.first_sign for span in spans if span.first_sign]
        sign = f"; it was there at {times.show_exact(min(signs))}" if signs else ""
        text = f'the texts could say since when{described}; now they say "at any time"{sign}'
        yield Missing('[[fact]] kind = "last_known_good"', text)
    elif incident.fact("last_known_good") is None:
        yield Missing('[[fact]] kind = "last_known_good"', "T1 would rest on what a person saw, not on the data alone")
    if incident.status != "ongoing":
        if any(span.t2 is None for span in spans):
            text = 'the texts could say until when, and that it is over without "we believe"'
            yield Missing('[[fact]] kind = "first_known_good"', text)
        elif not any(kind in ("last_bad", "first_known_good") for kind, _ in facts.timeline):
            yield Missing(
                '[[fact]] kind = "first_known_good"', 'the texts could say that it is over without "we believe"'
            )
    else:
        yield Missing(
            "[incident] status", "once it is contained or resolved: T2, and the texts resolved, followup and postmortem"
        )
    if not incident.window.cache and incident.vector in ("script", "cdn", "dns", "package", "unknown"):
        text = "T2 would include those whose browser kept the malicious file; without it they are told that it was over"
        yield Missing("[window] cache", text)


def _who(tables: Mapping[str, pl.DataFrame], incident: Incident, facts: Facts) -> Iterator[Missing]:
    waiting = sum(not enemy.confirmed for enemy in facts.enemies)
    if not facts.enemies:
        yield Missing(
            "[[attacker]]", "losses could be found on the chain, and approval texts could name what to revoke"
        )
    elif waiting:
        probable = tables["wallets"].filter(pl.col("verdict") == "probable").height
        text = f'{show_count(waiting, "discovered address")} could be named without "we believe", and up to '
        yield Missing(
            "[[attacker]], or a person's word in the sheet", f"{text}{show_count(probable, 'probable wallet')} proven"
        )
    if not incident.logs:
        yield Missing("[[logs]]", "who did X would be known from more than reports and the chain")
    if not any(action.cleared_by for action in incident.actions):
        text = "the texts could say of some action that it was not dangerous, once a named person has read the malicious code"
        yield Missing("[[action]] cleared_by", text)
    if facts.control != "regained":
        yield Missing(
            "[incident] control", f"it is {facts.control}: once regained, followup and banner may link the site"
        )


def _texts(incident: Incident) -> Iterator[Missing]:
    advice = incident.advice
    for key, value, text in (
        ("source", advice.source, 'the texts could name one place for updates; now they say "where you read this"'),
        ("next_update", advice.next_update, "the texts could say when the next update comes"),
        ("support", advice.support, "the texts could say whom to ask, and reporters where to write in private"),
        ("guide", advice.guide, "the texts could link how to do what they ask"),
        ("signer", advice.signer, "the texts could say who speaks"),
    ):
        if not value:
            yield Missing(f"[advice] {key}", text)
    if not incident.zones:
        yield Missing("[incident] zones", "the times could stand in your users' zones beside UTC")
