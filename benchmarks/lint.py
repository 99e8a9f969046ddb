"""How well `exposure lint` finds what a careful reader finds: drafts of our own writing, each with the rules that it breaks.

python -m benchmarks.lint [--quick] [--json]; `--quick` changes nothing: it takes a second.
The drafts were labelled by whoever wrote the rules. Those marked `held_out` were written when the rules were done, and no rule
was changed before their first run, whose figures stand in docs/wording.md. For those marked `later` no rule was changed at all:
their figures are nearest to what the next message will see.
"""

import argparse
import json
import os
import sys
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from exposure.publish.lint.draft import Draft
from exposure.publish.lint.judge import ground_of_sites, lint

DRAFTS = Path(__file__).resolve().parents[1] / "tests" / "publish" / "drafts.toml"
REST = ("act-if-not", "who-is-not", "if-unsure", "source-of-truth", "next-update", "secret-warning")
YEAR = 2026
# Those with which the rules were made; those of the first run after; and those written later, for which no rule was changed.
SETS = ("known", "held out", "later")


@dataclass
class Score:
    """What was found, what was expected, and where the two differ."""

    found: int = 0
    expected: int = 0
    both: int = 0
    missed: list[tuple[str, str]] = field(default_factory=list)
    extra: list[tuple[str, str]] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """Of what was found, the share that was expected."""
        return self.both / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Of what was expected, the share that was found."""
        return self.both / self.expected if self.expected else 1.0


def expected_rules(rules: list[str]) -> set[str]:
    """Give the rules that a draft breaks: "@rest" is all six, "-name" takes one out again."""
    named = {name for name in rules if not name.startswith(("@", "-"))}
    named |= set(REST) if "@rest" in rules else set()
    return named - {name[1:] for name in rules if name.startswith("-")}


def read_drafts() -> list[dict[str, object]]:
    """Read the drafts: name, text, rules, guide."""
    return list(tomllib.loads(DRAFTS.read_text(encoding="utf-8"))["draft"])


def score(which: str) -> Score:
    """Judge the drafts of one of SETS, and compare."""
    total = Score()
    for draft in read_drafts():
        if which != ("later" if draft.get("later") else "held out" if draft.get("held_out") else "known"):
            continue
        name, rules = str(draft["name"]), draft["rules"]
        assert isinstance(rules, list)
        want = expected_rules(rules)
        got = {finding.rule for finding in lint(Draft(str(draft["text"]).strip("\n"), ground_of_sites((), year=YEAR)))}
        total.found += len(got)
        total.expected += len(want)
        total.both += len(got & want)
        total.missed += [(name, rule) for rule in sorted(want - got)]
        total.extra += [(name, rule) for rule in sorted(got - want)]
    return total


def main(arguments: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    scores = {name: score(name) for name in SETS}
    seconds = time.perf_counter() - started
    drafts = read_drafts()
    bad = sum(bool(expected_rules(list(draft["rules"]))) for draft in drafts)  # type: ignore[call-overload]
    print(f"{len(drafts)} drafts, {bad} of them with faults; {os.cpu_count()} cores, {seconds:.2f} s")
    print(f"{'drafts':10} {'expected':>8} {'found':>6} {'both':>5} {'precision':>9} {'recall':>7}")
    for label, total in scores.items():
        print(
            f"{label:10} {total.expected:8} {total.found:6} {total.both:5} {total.precision:9.3f} {total.recall:7.3f}"
        )
    for total in scores.values():
        for label, pairs in (("missed", total.missed), ("not expected", total.extra)):
            for name, rule in pairs:
                print(f"  {label}: {rule} in {name}")
    if options.json:
        print(
            json.dumps(
                {"drafts": len(drafts), "precision": total.precision, "recall": total.recall, "seconds": seconds}
            )
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
