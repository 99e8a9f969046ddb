"""The advisory texts and their claims: the thin edge that reads the case and writes advisory/."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from exposure.case import Case, write_atomically
from exposure.incident import Incident
from exposure.publish.facts import Facts, gather
from exposure.publish.lint.draft import Draft, Ground
from exposure.publish.lint.judge import Finding, draft_of, ground_of_facts, lint
from exposure.publish.texts.channels import CHANNELS
from exposure.publish.texts.claims import Check, Checks, check_claims, problems
from exposure.publish.texts.holding import hold_problems, note_hold
from exposure.publish.texts.rendering import files
from exposure.publish.texts.review import by_message, hash_facts
from exposure.publish.texts.review_store import standings
from exposure.publish.texts.scope import Change, Scope, changes, newly_described, scope_of
from exposure.publish.texts.sentences import Sentence, show_count
from exposure.publish.texts.versions import keep_version, last_reviewed, reviewed_alerts
from exposure.publish.texts.wording import Message, write_messages

# What the texts look at; requests and transactions can be large and say nothing here.
READS = (
    "sources",
    "sightings",
    "traffic",
    "coverage",
    "approvals",
    "delegations",
    "allowances",
    "tokens",
    "attackers",
    "sinks",
    "attack_rates",
    "windows",
    "losses",
    "holdings",
    "onward",
    "evidence",
    "wallets",
)


@dataclass(frozen=True, slots=True)
class Composition:
    """The messages, and what they are made of; `before` is what was said when a second person last read it."""

    facts: Facts
    checks: Checks
    messages: tuple[Message, ...]
    scope: Scope
    before: Scope | None
    changed: Sequence[Change]
    held_since: datetime | None


def compose(case: Case, incident: Incident, tables: Mapping[str, pl.DataFrame], clock: datetime | None) -> Composition:
    """Make the messages from the tables (READS), at a time by which a hold is judged."""
    clock = clock or case.now()
    since = note_hold(case, incident, clock)
    facts = gather(tables, incident, case.now() or clock, held_since=since, clock=clock)
    checks = dict(check_claims(facts))
    scope = scope_of(facts, [name for name, check in checks.items() if check.result == "passed"])
    before = last_reviewed(case)
    changed = changes(before, scope) if before else ()
    checks["scope"] = scope_check(before, changed)
    return Composition(facts, checks, write_messages(facts, checks, changed), scope, before, changed, since)


def advise(case: Case, incident: Incident, clock: datetime | None = None) -> dict[str, object]:
    """Write every message in every channel, claims.json and changes.json to advisory/, and give the figures of the step.

    Works with almost nothing known, and is never held up by a claim that fails: `problems` then says what needs a person, and
    `needs_person` is true. `clock` is the present: a hold is judged by it, and a case that has not run yet is as of it.
    """
    tables = {name: case.read(name) for name in READS}
    said = compose(case, incident, tables, clock)
    facts, checks, messages = said.facts, said.checks, said.messages
    read = reviewed_alerts(case)
    texts = {message.name: files(message, facts, read) for message in messages}
    by_file = {name: text for named in texts.values() for name, text in named.items()}
    told = newly_described(said.before, said.scope, tables) if said.before else []
    faults = judge(by_file, ground_of_facts(facts, checks, tables["wallets"].get_column("address").to_list()))
    found = [
        *facts.problems,
        *problems(checks),
        *_misled(told),
        *hold_problems(incident, said.held_since, clock or case.now()),
        *_said(faults),
    ]
    _write(case, list(texts), by_file)
    reviews = by_message(standings(case, hash_facts(facts)))
    found += [one.line for one in reviews if one.state == "void"]
    claims = claims_json(facts, checks, messages, texts, found)
    write_atomically(case.advisory / "claims.json", claims.encode())
    write_atomically(case.advisory / "changes.json", changes_json(said.before, said.changed, told).encode())
    keep_version(case, said.scope, by_file)
    ready = [message.name for message in messages if not message.not_ready]
    return {
        "ready": ", ".join(ready),
        "not_ready": ", ".join(message.name for message in messages if message.not_ready),
        "files": len(by_file),
        "unreviewed": ", ".join(one.file for one in reviews if one.state != "reviewed"),
        "lint_warnings": sum(fault.severity == "warning" for _, fault in faults),
        **_results([sentence for message in messages for sentence in message.sentences]),
        "path": str(case.advisory),
        "needs_person": bool(found),
        "problems": found,
    }


def scope_check(before: Scope | None, changed: Sequence[Change]) -> Check:
    """Say against which version the texts were held."""
    how = "the conditions, cleared actions and addresses, compared with the last version that a second person has read"
    if before is None:
        return Check("scope", how, "passed", "no version was reviewed yet: nothing is corrected")
    return Check("scope", how, "passed", f"compared with the version of {before.as_of}: {len(changed)} changes")


def _misled(told: Sequence[str]) -> list[str]:
    if not told:
        return []
    who = "1 wallet that must act was" if len(told) == 1 else f"{len(told)} wallets that must act were"
    return [f"{who} not named by the last reviewed texts: write to their owners first (advisory/changes.json)"]


def changes_json(before: Scope | None, changed: Sequence[Change], told: Sequence[str]) -> str:
    """Write what changed against the last reviewed version, and which wallets were wrongly told that they were safe."""
    data = {
        "against": None if before is None else {"as_of": before.as_of, "digest": before.digest},
        "changes": [{"text": change.text, "wrongly_safe": change.wrongly_safe} for change in changed],
        "wrongly_told_safe": list(told),
    }
    return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=True) + "\n"


def _write(case: Case, messages: Sequence[str], written: Mapping[str, str]) -> None:
    """Write the files; one of an earlier run that is no longer said goes, so that nobody posts it."""
    for message in messages:
        # A person's own file, such as a translation, is not ours to take away.
        for channel in CHANNELS.values():
            old = case.advisory / f"{message}{channel.suffix}"
            if old.name not in written:
                old.unlink(missing_ok=True)
    for name, text in written.items():
        write_atomically(case.advisory / name, text.encode())


def _results(sentences: Sequence[Sentence]) -> dict[str, int]:
    """Count sentences by the result of their claims."""
    results = [sentence.result for sentence in sentences]
    return {f"sentences_{result}": results.count(result) for result in ("passed", "failed", "not_checked")}


def judge(texts: Mapping[str, str], ground: Ground) -> list[tuple[str, Finding]]:
    """Give what the rules of `exposure lint` find in texts of ours, by file."""
    return [(name, found) for name, text in texts.items() for found in lint(draft_of(name, text, ground))]


def faults_of(text: str, facts: Facts) -> tuple[Finding, ...]:
    """Give what the rules find in another text of ours, such as a page."""
    return lint(Draft(text, ground_of_facts(facts, check_claims(facts), ())))


def _said(faults: Sequence[tuple[str, Finding]]) -> list[str]:
    """Name each error once, at its first place: the same sentence stands in many files."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, fault in faults:
        if fault.severity == "error":
            shown = f" ({fault.excerpt})" if fault.excerpt else ""
            where = f"{name} line {fault.line}: {fault.rule}{shown}: {fault.message}"
            found.setdefault((fault.rule, fault.excerpt), []).append(where)
    more = {key: len({where.partition(" ")[0] for where in places}) - 1 for key, places in found.items()}
    return [
        places[0] + (f" (and in {show_count(more[key], 'more file')})" if more[key] else "")
        for key, places in found.items()
    ]


def claims_json(
    facts: Facts,
    checks: Checks,
    messages: tuple[Message, ...],
    texts: Mapping[str, Mapping[str, str]],
    found: list[str],
) -> str:
    """Write every sentence with its claim, check, result and contradicting rows. For the team: it names wallets."""
    data: dict[str, Any] = {
        "incident": facts.name,
        "as_of": facts.as_of.isoformat() if facts.as_of else None,
        "facts_sha256": hash_facts(facts),
        "messages": {
            message.name: {
                "file": next(iter(texts[message.name])),
                "files": sorted(texts[message.name]),
                "ready": not message.not_ready,
                "why_not": list(message.not_ready),
            }
            for message in messages
        },
        "checks": {
            check.name: {
                "how": check.how,
                "result": check.result,
                "note": check.note,
                "contradicting": list(check.rows),
            }
            for check in checks.values()
        },
        "claims": [_claim(message.name, sentence) for message in messages for sentence in message.sentences],
        "problems": found,
    }
    return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=True) + "\n"


def _claim(message: str, sentence: Sentence) -> dict[str, Any]:
    return {
        "message": message,
        "sentence": sentence.text,
        "claim": sentence.claim,
        "check": [check.name for check in sentence.checks],
        "result": sentence.result,
        "contradicting": [dict(row) for check in sentence.checks for row in check.rows],
    }
