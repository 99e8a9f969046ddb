"""The summary for SEAL 911: what happened, to whom, where the funds are, and what is asked. Pure; hostile text is inert in it."""

from collections.abc import Mapping

import polars as pl

from exposure.incident import Incident
from exposure.publish.facts import VERDICTS, Facts
from exposure.publish.markdown import break_host, inert
from exposure.publish.summary import Summary
from exposure.publish.tallies import Tally
from exposure.publish.texts.sentences import checksum, show_count, show_words
from exposure.publish.times import show_exact

_CONTROL = {"lost": "others hold it", "unsure": "we are not sure", "regained": "we hold it again"}
_WHAT = {
    "last_known_good": "last known good",
    "first_bad": "first seen bad",
    "last_bad": "last seen bad",
    "first_known_good": "first known good again",
    "detected": "noticed",
    "public_notice": "public told",
}


def seal_summary(
    facts: Facts, summed: Summary, incident: Incident, files: Mapping[str, pl.DataFrame], mark: str
) -> str:
    """Write the summary as Markdown. `files` are the tables that go with it, by file name."""
    parts = [
        f"# {inert(facts.title)}\n\n{mark}. All times are UTC."
        + (f" As of {show_exact(facts.as_of)}." if facts.as_of else ""),
        "## What happened\n\n" + _bullets(_what_happened(facts, incident)),
        "## Who is affected\n\n" + _bullets(_who(facts, summed)),
        "## When\n\n" + _bullets(_when(facts, summed)),
        "## Where the funds are\n\n" + _bullets(_funds(facts)),
        "## What is not known\n\n"
        + _bullets(
            [inert(hole.public) for hole in facts.holes if hole.public]
            or ["nothing more that a public text would name"]
        ),
        "## What helps\n\n" + _bullets(_asked(facts)),
        "## Files that go with this\n\n"
        + _bullets([f"{name}: {show_count(frame.height, 'row')}" for name, frame in files.items()]),
    ]
    return "\n\n".join(parts) + "\n"


def _bullets(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _what_happened(facts: Facts, incident: Incident) -> list[str]:
    sites = ", ".join(map(break_host, facts.sites)) or "no site is named"
    kinds = sorted({condition.exposure for condition in facts.conditions} | facts.shown)
    given = {"key": "keys or recovery phrases", "approval": "signatures (approvals, permits, delegations)"}
    said = " and ".join(given[kind] for kind in kinds if kind in given) or "not known"
    chains = ", ".join(f"{inert(chain.name)} ({chain.id})" for chain in incident.chains)
    contact = facts.links.support or "whoever handed this over"
    return [
        f"Affected: {sites}",
        f"How: {facts.vector}; status: {facts.status}; the site: {_CONTROL.get(facts.control, facts.control)}",
        f"What users gave away: {said}",
        f"Chains looked at: {chains or 'none'}",
        f"Contact: {inert(contact)}" + (f" ({inert(facts.links.signer)})" if facts.links.signer else ""),
    ]


def _who(facts: Facts, summed: Summary) -> list[str]:
    counts = ", ".join(f"{summed.verdicts[verdict]:,} {verdict}" for verdict in VERDICTS[:-1])
    lines = [f"{counts}, of {summed.wallets:,} wallets seen (no_sign is never called safe)"]
    lines += [
        f"Who {show_words(condition)}" + (" (proven)" if condition.is_x == "yes" else " (we believe)")
        for condition in facts.conditions
    ]
    lines.append("Lost (proven, tied to this site): " + (_tokens(facts.lost) or "nothing that is known"))
    if facts.counts.elsewhere:
        lines.append(
            f"The same attacker took from {show_count(facts.counts.elsewhere, 'wallet')} that nothing ties to this site"
        )
    return lines


def _tokens(tallies: tuple[Tally, ...]) -> str:
    return "; ".join(
        f"{one.number} {inert(one.unit)} on {inert(one.chain)}" + ("" if one.native else f" ({checksum(one.token)})")
        for one in tallies
    )


def _when(facts: Facts, summed: Summary) -> list[str]:
    lines = []
    for window in summed.windows:
        start = show_exact(window.t1) if window.t1 else "not bounded"
        end = "still open" if window.open else show_exact(window.t2) if window.t2 else "not bounded"
        lines.append(f"Exposure{f' ({window.exposure})' if window.exposure else ''}: from {start} to {end}")
    return lines + [f"{show_exact(time)}: {_WHAT.get(kind, kind)}" for kind, time in facts.timeline]


def _funds(facts: Facts) -> list[str]:
    named = [enemy for enemy in facts.enemies if not enemy.ordinary]
    lines = [
        f"{checksum(enemy.address)}: {enemy.role} on {inert(enemy.chain or 'any chain')}, "
        + ("confirmed by the team" if enemy.confirmed else "found by the data, not confirmed by a person")
        for enemy in named
    ]
    return lines or ["No address of the attacker is known"]


def _asked(facts: Facts) -> list[str]:
    asked = ["Trace what the addresses above sent on, and tell us of further addresses of the same attacker"]
    if any(not enemy.confirmed for enemy in facts.enemies):
        asked.append("Confirm or refute the addresses that only the data found")
    if "approval" in facts.remedies:
        asked.append("Warn those whose approvals are live, and block the spenders in wallets")
    asked.append("Bring this to exchanges and issuers that you reach faster than we do")
    return asked
