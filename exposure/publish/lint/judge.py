"""Judges any advisory text, ours or a person's draft, by named rules. Pure.

The rules stand in lint_who, lint_remedy, lint_times, lint_links, lint_trust, lint_words, lint_size and, where there is a case,
lint_case. Each has its reason, a place in the guide (docs/wording.md) and two examples, from which `exposure lint --explain` and
docs/lint.md are made.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from exposure.publish.facts import Facts
from exposure.publish.lint.draft import Draft, Ground
from exposure.publish.lint.rule import RULES, Hit, Rule, Severity
from exposure.publish.lint.size import LIMITS
from exposure.publish.texts.channels import CHANNELS
from exposure.publish.texts.claims import Checks

# A flood of one fault is told by its first ones and its number.
MOST = 20
# The first words of a message of ours whose time has not come: there is nothing to judge, to review or to post.
NOT_READY = "**Not ready"
_HELD = re.compile(r"\A(?:> \*\*Do not (?:post|use) yet\.\*\* [^\n]*|DO NOT POST YET: [^\n]*(?:\n\n-----\n)?)")
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

    @property
    def why(self) -> str:
        """Give the rule's reason."""
        return rules()[self.rule].why


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
    if draft.raw.startswith(NOT_READY):
        return ()
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


def draft_of(name: str, text: str, ground: Ground, kind: str = "", channel: str = "") -> Draft:
    """Give a text to judge; what nobody said of it, its file's name says: initial.x.txt is the first message, on X."""
    found = next((one.name for one in CHANNELS.values() if name.endswith(one.suffix) and one.name in LIMITS), "")
    # What says that a text of ours is held back is not posted with it; lines and columns stay.
    bare = _HELD.sub(lambda notice: re.sub(r"\S", " ", notice[0]), text)
    return Draft(bare, ground, kind or kind_of(name), channel or found)


def ground_of_facts(facts: Facts, checks: Checks, addresses: Collection[str]) -> Ground:
    """Give what a text is held against where there is a case. `addresses`: of all its wallets, of which none may be named."""
    links = (facts.links.guide, facts.links.support, facts.links.source)
    return Ground(
        sites=tuple(site.lower() for site in facts.sites),
        allowed=tuple(link for link in links if link),
        year=facts.as_of.year if facts.as_of else None,
        facts=facts,
        checks=checks,
        wallets=frozenset(addresses) - {enemy.address.lower() for enemy in facts.enemies},
    )


def ground_of_sites(sites: Sequence[str], allowed: Sequence[str] = (), year: int | None = None) -> Ground:
    """Give what a draft is held against where there is no case."""
    return Ground(sites=tuple(site.lower() for site in sites), allowed=tuple(allowed), year=year)
