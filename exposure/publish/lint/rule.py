"""What a rule is. A rule cannot be defined without why it counts, where the guide says so, and a bad and a good example."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from exposure.publish.lint.draft import Draft

Severity = Literal["error", "warning"]
GUIDE = "docs/wording.md"


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a rule struck: a stretch of `Draft.seen` (or, `raw`, of the text as written), what is wrong, what to write."""

    start: int
    end: int
    message: str
    suggestion: str = ""
    raw: bool = False


Check = Callable[[Draft], Iterator[Hit]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `error`: it can cost someone money, or is provably wrong; `warning`: the text would serve its readers better."""

    name: str
    severity: Severity
    title: str
    why: str
    section: str
    bad: str
    good: str
    check: Check
    needs_case: bool = False
    not_for: frozenset[str] = frozenset()

    @property
    def guide(self) -> str:
        """Point into the guide."""
        return f"{GUIDE}#{self.section}"


RULES: dict[str, Rule] = {}


def rule(
    name: str,
    severity: Severity,
    title: str,
    *,
    why: str,
    section: str,
    bad: str,
    good: str,
    needs_case: bool = False,
    not_for: tuple[str, ...] = (),
) -> Callable[[Check], Check]:
    """Register a rule under its name."""

    def register(check: Check) -> Check:
        if name in RULES:
            raise ValueError(f"two rules are called {name}")
        RULES[name] = Rule(name, severity, title, why, section, bad, good, check, needs_case, frozenset(not_for))
        return check

    return register
