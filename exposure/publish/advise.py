"""The advisory texts and their claims: the thin edge that reads the case and writes advisory/."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from exposure.case import Case, write_atomically
from exposure.incident import Incident
from exposure.publish.claims import Checks, check_claims, problems
from exposure.publish.facts import Facts, gather
from exposure.publish.lint import Fault, find_faults
from exposure.publish.review import by_message, hash_facts
from exposure.publish.review_store import standings
from exposure.publish.sentences import Sentence
from exposure.publish.times import show_exact
from exposure.publish.wording import Message, write_messages

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


def advise(case: Case, incident: Incident) -> dict[str, object]:
    """Write every message and claims.json to advisory/, and give the figures of the step.

    Works with almost nothing known, and is never held up by a claim that fails: `problems` then says what needs a person, and
    `needs_person` is true.
    """
    tables = {name: case.read(name) for name in READS}
    facts = gather(tables, incident, case.now())
    checks = check_claims(facts)
    messages = write_messages(facts, checks)
    texts = {message.name: render(message) for message in messages}
    faults = {name: faults_of(text, facts) for name, text in texts.items()}
    found = [*facts.problems, *problems(checks), *_expired(facts), *_said(faults)]
    for name, text in texts.items():
        write_atomically(case.advisory / f"{name}.md", text.encode())
    claims = claims_json(facts, checks, messages, found)
    write_atomically(case.advisory / "claims.json", claims.encode())
    reviews = by_message(standings(case))
    found += [one.line for one in reviews if one.state == "void"]
    ready = [message.name for message in messages if not message.not_ready]
    return {
        "ready": ", ".join(ready),
        "not_ready": ", ".join(message.name for message in messages if message.not_ready),
        "unreviewed": ", ".join(one.file for one in reviews if one.state != "reviewed"),
        **_results([sentence for message in messages for sentence in message.sentences]),
        "path": str(case.advisory),
        "needs_person": bool(found),
        "problems": found,
    }


def _results(sentences: Sequence[Sentence]) -> dict[str, int]:
    """Count sentences by the result of their claims."""
    results = [sentence.result for sentence in sentences]
    return {f"sentences_{result}": results.count(result) for result in ("passed", "failed", "not_checked")}


def render(message: Message) -> str:
    """Fill the message's template. Pure: the sentences are already safe for Markdown, so nothing is escaped again."""
    environment = Environment(  # noqa: S701  Markdown, not HTML; wording.py escapes what comes from outside
        loader=PackageLoader("exposure.publish"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=False,
        keep_trailing_newline=True,
    )
    environment.filters |= {"paragraphs": _paragraphs, "bullets": _bullets, "steps": _steps}
    text = environment.get_template(f"{message.name}.md.j2").render(message=message)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _paragraphs(sentences: Sequence[Sentence]) -> str:
    return "\n\n".join(sentence.text for sentence in sentences)


def _bullets(sentences: Sequence[Sentence]) -> str:
    return "\n".join("- " + _hang(sentence.text, 2) for sentence in sentences)


def _steps(sentences: Sequence[Sentence]) -> str:
    return "\n".join(f"{number}. " + _hang(sentence.text, 3) for number, sentence in enumerate(sentences, 1))


def _hang(text: str, width: int) -> str:
    """Indent all lines but the first, so that they stay inside their item of a list."""
    first, *rest = text.split("\n")
    return "\n".join([first, *(" " * width + line.strip() if line.strip() else "" for line in rest)])


def faults_of(text: str, facts: Facts) -> tuple[Fault, ...]:
    """Look for what must not stand in our own text."""
    links = (facts.links.guide, facts.links.support, facts.links.source)
    return find_faults(text, facts.sites, [link for link in links if link])


def _said(faults: Mapping[str, tuple[Fault, ...]]) -> list[str]:
    return [
        f"{name}.md line {fault.line}: {fault.rule} ({fault.excerpt}): {fault.why}"
        for name, found in faults.items()
        for fault in found
    ]


def _expired(facts: Facts) -> list[str]:
    """Say loudly that a hold has ended: a text that is held back helps nobody."""
    if facts.hold_until is None or facts.as_of is None or facts.as_of < facts.hold_until:
        return []
    return [
        f"[disclosure] hold_until has passed ({show_exact(facts.hold_until)}): the texts are no longer held back, post them"
    ]


def claims_json(facts: Facts, checks: Checks, messages: tuple[Message, ...], found: list[str]) -> str:
    """Write every sentence with its claim, check, result and contradicting rows. For the team: it names wallets."""
    data: dict[str, Any] = {
        "incident": facts.name,
        "as_of": facts.as_of.isoformat() if facts.as_of else None,
        "facts_sha256": hash_facts(facts),
        "messages": {
            message.name: {
                "file": f"{message.name}.md",
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
