"""Judges any advisory text, ours or a person's draft, by named rules. Pure.

The rules stand in lint_who, lint_remedy, lint_times, lint_links, lint_trust, lint_words, lint_size and, where there is a case,
lint_case. Each has its reason, a place in the guide (docs/wording.md) and two examples, from which `exposure lint --explain` and
docs/lint.md are made.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from exposure.publish.lint.draft import Draft, Ground
from exposure.publish.lint.rule import RULES, Hit, Rule, Severity
from exposure.publish.texts.links import domain_of

# A flood of one fault is told by its first ones and its number.
MOST = 20
# The kinds of messages; a file is told by its name: initial.md, initial.discord.md, draft.md (any).
KINDS = (
    "initial",
    "update",
    "reply",
    "amplify",
    "resolved",
    "followup",
    "banner",
    "email",
    "support",
    "postmortem",
    "status",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: where (line and column from 1, the line's end of the stretch), which rule, what is wrong, what to write."""

    line: int
    column: int
    end_line: int
    end_column: int
    rule: str
    severity: Severity
    message: str
    excerpt: str
    suggestion: str

    @property
    def guide(self) -> str:
        """Point into the guide."""
        return rules()[self.rule].guide


@cache
def rules() -> Mapping[str, Rule]:
    """Give every rule by name, in the order of the guide."""
    from exposure.publish.lint import case as lint_case
    from exposure.publish.lint import links as lint_links
    from exposure.publish.lint import remedy as lint_remedy
    from exposure.publish.lint import size as lint_size
    from exposure.publish.lint import times as lint_times
    from exposure.publish.lint import trust as lint_trust
    from exposure.publish.lint import who as lint_who
    from exposure.publish.lint import words as lint_words

    modules = (lint_who, lint_remedy, lint_times, lint_links, lint_trust, lint_words, lint_size, lint_case)
    order = {module.__name__: place for place, module in enumerate(modules)}
    return dict(sorted(RULES.items(), key=lambda one: order[one[1].check.__module__]))


def kind_of(name: str) -> str:
    """Tell the kind of message from a file's name; "" where it does not say."""
    first = re.split(r"[._-]", name.rsplit("/", 1)[-1].lower())[0]
    return first if first in KINDS else ""


def lint(draft: Draft) -> tuple[Finding, ...]:
    """Judge a draft by every rule that applies; findings in the order of the text. An empty text has none."""
    found = []
    for rule in rules().values():
        if (rule.needs_case and draft.ground.facts is None) or draft.kind in rule.not_for:
            continue
        hits = list(rule.check(draft))
        for place, hit in enumerate(hits[:MOST]):
            more = len(hits) - MOST if place == MOST - 1 else 0
            found.append(_finding(draft, rule, hit, more))
    return tuple(sorted(found, key=lambda one: (one.line, one.column, one.rule)))


def _finding(draft: Draft, rule: Rule, hit: Hit, more: int) -> Finding:
    place = draft.place_raw if hit.raw else draft.place
    message = hit.message + (f" (and {more:,} more like it)" if more > 0 else "")
    shown = "" if hit.raw else draft.excerpt(hit.start, hit.end)
    ends = place(max(hit.start, hit.end - 1))
    return Finding(*place(hit.start), ends[0], ends[1] + 1, rule.name, rule.severity, message, shown, hit.suggestion)


def ground_of_sites(sites: Sequence[str], allowed: Sequence[str] = (), year: int | None = None) -> Ground:
    """Give what a draft is held against where there is no case."""
    return Ground(sites=tuple(site.lower() for site in sites), allowed=tuple(allowed), year=year)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a text of ours: line from 1, the rule's name, what stands there, and why that is wrong."""

    line: int
    rule: str
    excerpt: str
    why: str


_OWN_ONLY = re.compile(r"\bonly\b", re.IGNORECASE)
_ALL_OTHERS = re.compile(
    r"\b(all (the )?(other|others|remaining)\b|every(one|body) else\b|(all|your) funds are safe\b"
    r"|nothing else is affected\b)",
    re.IGNORECASE,
)


def find_faults(text: str, sites: Sequence[str], allowed: Sequence[str] = ()) -> tuple[Fault, ...]:
    """Find live links or names of the affected sites, and claims about everyone else that no check can prove.

    Stricter and plainer than the rules: words and names in our own texts come from people in a hurry, and none of ours needs
    these words. `allowed` are links that [advice] names and that were checked: on the affected domain they stand once control is
    regained.
    """
    domains = sorted({domain_of(site) for site in sites} | set(sites), key=len, reverse=True)
    live = re.compile("|".join(map(re.escape, domains)), re.IGNORECASE) if domains else None
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        bare = line
        for link in allowed:
            bare = bare.replace(link, "")
        if live and (hit := live.search(bare)):
            found.append(Fault(number, "live-site", hit[0], "programs make a link of it: write examplewallet[.]com"))
        if hit := _OWN_ONLY.search(bare):
            found.append(Fault(number, "unproven-only", hit[0], '"only" claims that no one else is affected'))
        if hit := _ALL_OTHERS.search(bare):
            found.append(Fault(number, "unproven-all", hit[0], "no data shows that the others are safe"))
    return tuple(found)
