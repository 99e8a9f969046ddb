"""Carries `exposure lint` out: reads drafts, holds them against the case where there is one, prints what the rules found."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import wrap

from exposure.case import Case
from exposure.commands import Context
from exposure.console import escape, print_data
from exposure.errors import ExitCode, ExposureError
from exposure.publish.lint.draft import Ground
from exposure.publish.lint.judge import KINDS, Finding, draft_of, ground_of_facts, ground_of_sites, lint, rules
from exposure.publish.lint.rule import Rule
from exposure.publish.lint.size import LIMITS

# The longest message of any channel has 65,536 characters; what is larger is no message, and may be a log by mistake.
MOST_BYTES = 64 * 1024
STDIN = "-"


@dataclass(frozen=True, slots=True)
class Options:
    """What a text is judged as."""

    sites: tuple[str, ...] = ()
    channel: str = ""
    kind: str = ""
    github: bool = False


def lint_files(context: Context, files: Sequence[str], incident: Path | None, options: Options) -> ExitCode:
    """Judge each file ("-": standard input) and print the findings. 1 where there is an error among them.

    Raises ExposureError where a file cannot be read as text, or an option is not known.
    """
    _known("--channel", options.channel, LIMITS)
    _known("--kind", options.kind, KINDS)
    if not files:
        raise ExposureError("there is nothing to judge", "no FILE was named", "name a file, or - for standard input")
    ground = ground_of_case(incident) if incident else ground_of_sites(options.sites)
    if options.sites:
        ground = replace(ground, sites=(*ground.sites, *(site.lower() for site in options.sites)))
    ground = ground if ground.year else replace(ground, year=context.now.year)
    texts = [(name, read_text(name)) for name in files]
    found = []
    for name, text in texts:
        draft = draft_of(name, text, ground, options.kind, options.channel)
        found += [("stdin" if name == STDIN else name, finding) for finding in lint(draft)]
    _show(context, found, len(texts), github=options.github)
    errors = any(finding.severity == "error" for _, finding in found)
    return ExitCode.NEEDS_A_PERSON if errors else ExitCode.DONE


def _known(option: str, value: str, known: Sequence[str] | dict[str, int]) -> None:
    if value and value not in known:
        raise ExposureError(
            f"{option} {value} is not known", f"known are {', '.join(known)}", "take one of them, or leave it out"
        )


def read_text(name: str) -> str:
    """Read a draft whole: UTF-8, or UTF-16 where it says so. Raises ExposureError where it is no text, or too large."""
    try:
        if name == STDIN:
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ExposureError(
            f"{name} cannot be read", error.strerror or str(error), "name a text file, or - for standard input"
        ) from None
    if len(data) > MOST_BYTES:
        raise ExposureError(
            f"{name} is too large",
            f"a message has at most {MOST_BYTES // 1024} KiB",
            "name the draft, not a log or an archive",
        )
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        where = f"byte {error.start:,} is not UTF-8"
        raise ExposureError(f"{name} is no plain text", where, "save the draft as plain text (UTF-8)") from None
    if "\x00" in text:
        raise ExposureError(f"{name} is no plain text", "it holds zero bytes", "save the draft as plain text (UTF-8)")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def ground_of_case(path: Path) -> Ground:
    """Give what a draft is held against: facts and checks of the case, its sites, links and wallets."""
    from exposure.incident_toml import load_incident
    from exposure.publish.facts import gather
    from exposure.publish.texts.advise import READS
    from exposure.publish.texts.claims import check_claims

    incident = load_incident(path)
    case = Case(incident.folder)
    tables = {name: case.read(name) for name in READS}
    facts = gather(tables, incident, case.now())
    return ground_of_facts(facts, check_claims(facts), tables["wallets"].get_column("address").to_list())


def _show(context: Context, found: list[tuple[str, Finding]], texts: int, *, github: bool) -> None:
    if context.as_json:
        for name, finding in found:
            print_data(json.dumps(as_object(name, finding)))
        return
    if github:
        for name, finding in found:
            print_data(as_annotation(name, finding))
        return
    told: set[str] = set()
    for name, finding in found:
        for line in _lines(name, finding, why=finding.rule not in told):
            print_data(escape(line))
        told.add(finding.rule)
    errors = sum(finding.severity == "error" for _, finding in found)
    ending = f"{_number(errors, 'error')}, {_number(len(found) - errors, 'warning')} in {_number(texts, 'text')}"
    print_data(ending if found else f"nothing found in {_number(texts, 'text')}")


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def as_object(name: str, finding: Finding) -> dict[str, object]:
    """Give a finding for machines."""
    return {
        "file": name,
        "line": finding.line,
        "column": finding.column,
        "end_line": finding.end_line,
        "end_column": finding.end_column,
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "excerpt": finding.excerpt,
        "suggestion": finding.suggestion,
        "guide": finding.guide,
    }


def as_annotation(name: str, finding: Finding) -> str:
    """Give a finding as GitHub Actions shows it beside the line."""

    def data(text: str) -> str:
        return escape(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    def value(text: str) -> str:
        return data(text).replace(":", "%3A").replace(",", "%2C")

    place = f"line={finding.line},endLine={finding.end_line},col={finding.column},endColumn={finding.end_column}"
    text = f"{finding.message}: {finding.suggestion}" if finding.suggestion else finding.message
    title = value(f"exposure {finding.rule}")
    return f"::{finding.severity} file={value(name)},{place},title={title}::{data(text)} ({finding.guide})"


def _lines(name: str, finding: Finding, *, why: bool) -> Iterator[str]:
    yield f"{name}:{finding.line}:{finding.column}: {finding.severity}[{finding.rule}] {finding.message}"
    if finding.excerpt:
        yield f"    > {finding.excerpt}"
    if finding.suggestion:
        yield f"    fix: {finding.suggestion}"
    rule = rules()[finding.rule]
    yield f"    why: {rule.why} ({rule.guide})" if why else f"    why: {rule.guide}"


def explain(context: Context, name: str) -> ExitCode:
    """Print a rule's page; "all" lists the rules. Raises ExposureError where there is no such rule."""
    known = rules()
    if name == "all":
        lines = [f"{rule.name:20} {rule.severity:8} {rule.title}" for rule in known.values()]
        context.show(
            lines, {"rules": {rule.name: {"severity": rule.severity, "title": rule.title} for rule in known.values()}}
        )
        return ExitCode.DONE
    rule = known.get(name)
    if rule is None:
        raise ExposureError(
            f"{name} is no rule", f"known are {', '.join(known)}", "list them with: exposure lint --explain all"
        )
    data = {
        key: getattr(rule, key) for key in ("name", "severity", "title", "why", "guide", "bad", "good", "needs_case")
    }
    context.show(page(rule), data)
    return ExitCode.DONE


def page(rule: Rule) -> list[str]:
    """Give a rule's page for a terminal."""

    def quoted(text: str) -> list[str]:
        return [f"    {line}" for line in wrap(shorten(text), 96)]

    case = " It needs --case." if rule.needs_case else ""
    return [
        f"{rule.name} ({rule.severity}): {rule.title}",
        "",
        *wrap(f"{rule.why}{case}", 100),
        "",
        "bad:",
        *quoted(rule.bad),
        "good:",
        *quoted(rule.good),
        "",
        f"guide: {rule.guide}",
    ]


def shorten(example: str) -> str:
    """Show an example on few lines: some are long by their nature."""
    return escape(example if len(example) <= 600 else example[:300].rsplit(" ", 1)[0] + " ...")
