"""Carries `exposure review` out: shows what a second person should look at twice, and records that they have read the text."""

import json
from pathlib import Path
from typing import Any

from exposure.case import Case
from exposure.commands import Context
from exposure.errors import ExitCode, ExposureError
from exposure.incident_toml import load_incident
from exposure.linting import ground_of_case
from exposure.publish.check.review import outdated
from exposure.publish.lint.judge import draft_of, kind_of, lint
from exposure.publish.texts.review import Review, hash_text, usable_name, wrote_it
from exposure.publish.texts.review_store import (
    authors_of,
    facts_hash,
    read_reviews,
    read_text,
    standings,
    text_files,
    write_reviews,
)


def show_standings(context: Context, path: Path) -> ExitCode:
    """List every text with its review, and pages of check/ that say something else by now. 1 where anything needs a person."""
    case = Case(load_incident(path).folder)
    found = standings(case, facts_hash(case))
    if not found:
        raise ExposureError(
            f"{case.advisory} holds no text", "exposure advise has written none yet", f"run: exposure advise {path}"
        )
    pages = outdated(case)
    data = {"texts": [{"file": one.file, "state": one.state} for one in found], "pages": pages}
    context.show([*(one.line for one in found), *pages], data)
    read = all(one.state == "reviewed" for one in found) and not pages
    return ExitCode.DONE if read else ExitCode.NEEDS_A_PERSON


def review(context: Context, path: Path, message: str, by: str, author: str | None) -> ExitCode:
    """Record that `by` has read a message: all its files (initial.md ...), or one by its name.

    Prints what lint finds and which sentences no check proves; 1 where lint finds an error. Raises ExposureError where there is
    no such text, it is not ready, or the reviewer wrote it.
    """
    incident = load_incident(path)
    case = Case(incident.folder)
    reader, writer = _name("--by", by), _name("--author", author) if author else ""
    files = _files(case, message, path)
    signer = incident.advice.signer or ""
    for file in files:
        if wrote_it(reader, (writer, signer, *authors_of(file))):
            raise ExposureError(
                f"{reader} cannot review {file.name}",
                "whoever wrote a text reads what they meant, not what it says",
                "let a second person read it: exposure review ... --by NAME",
            )
    facts = facts_hash(case)
    ground = ground_of_case(path)
    lines: list[str] = []
    errors = 0
    made: list[Review] = []
    for file in files:
        text = read_text(file)
        found = lint(draft_of(file.name, text, ground))
        errors += sum(finding.severity == "error" for finding in found)
        lines += [f"{file.name}:{f.line}:{f.column}: {f.severity}[{f.rule}] {f.message}" for f in found]
        made.append(Review(file.name, reader, writer, context.now, hash_text(text), facts))
    lines += [f"not proven: {sentence}" for sentence in _unproven(case, {kind_of(file.name) for file in files})]
    write_reviews(case, [*read_reviews(case), *made])
    lines += [f"{one.file}: read by {one.by}, {one.time:%Y-%m-%d %H:%M} UTC; any change voids this" for one in made]
    data: dict[str, Any] = {
        "reviewed": [one.file for one in made],
        "by": reader,
        "lint_errors": errors,
        "not_proven": sum(line.startswith("not proven: ") for line in lines),
    }
    context.show(lines, data)
    return ExitCode.NEEDS_A_PERSON if errors else ExitCode.DONE


def _name(option: str, value: str) -> str:
    try:
        return usable_name(value)
    except ValueError as error:
        raise ExposureError(f"{option} is not usable", str(error), f'write {option} "Ada Lovelace"') from None


def _files(case: Case, message: str, path: Path) -> list[Path]:
    ready = text_files(case)
    named = [file for file in ready if message in (file.name, file.name.split(".")[0])]
    if named:
        return named
    if any(message in (file.name, file.name.split(".")[0]) for file in case.advisory.glob("*")):
        why = "its time has not come: the file says what it waits for"
        raise ExposureError(f"{message} is not ready", why, f"see {case.advisory}, and run: exposure advise {path}")
    known = ", ".join(sorted({file.name.split(".")[0] for file in ready})) or "none: run exposure advise first"
    raise ExposureError(f"there is no message {message}", f"{case.advisory} holds {known}", "name one of these")


def _unproven(case: Case, kinds: set[str]) -> list[str]:
    """Give the sentences of the messages that no check proves: the second reader looks at these twice."""
    try:
        claims = json.loads((case.advisory / "claims.json").read_bytes())["claims"]
        mine = [claim for claim in claims if claim["message"] in kinds and claim["result"] != "passed"]
        return list(dict.fromkeys(f"{claim['sentence']} ({claim['result']})".replace("\n", " ") for claim in mine))
    except (OSError, ValueError, KeyError, TypeError):
        return []
