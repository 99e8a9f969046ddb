"""What came out beside what was expected: every difference in one sentence."""

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.assess.stories import Result
from tests.cases.blocks import Case, Expect
from tests.cases.staging import numbered

# Amounts are expected without the contract's address: "5 USDC", not "5 USDC (0x…)".
_CONTRACT = re.compile(r" \(0x[0-9a-fA-F]{40}\)")


def differences(case: Case, result: Result) -> list[str]:
    """Say where the assessment differs from what the case expects; nothing where it does not."""
    found: list[str] = []
    for expect in case.expect:
        for number in range(1, (expect.crowd or 1) + 1):
            for name in expect.who:
                who = numbered(name, number)
                found += [f"{who}: {text}" for text in _of_wallet(expect, who, result)]
    for party in case.expect_party:
        verdict = result.sink(party.who, party.role) or "not listed"
        if verdict not in party.verdict:
            found.append(f"{party.who} as {party.role}: is {verdict}, must be {' or '.join(party.verdict)}")
    for action in case.expect_action:
        is_x = result.is_x(action.action)
        if is_x != action.is_x:
            found.append(f"action {action.action}: is_x is {is_x}, must be {action.is_x}")
    return [*found, *_of_window(case, result)]


def _of_wallet(expect: Expect, who: str, result: Result) -> Iterator[str]:
    if not expect.listed or not result.listed(who):
        if expect.listed != result.listed(who):
            yield f"must {'' if expect.listed else 'not '}be listed"
        return
    row, codes = result.wallet(who), set(result.codes(who))
    if expect.verdict and row["verdict"] not in expect.verdict:
        yield f"verdict is {row['verdict']} ({', '.join(sorted(codes))}), must be {' or '.join(expect.verdict)}"
    for key in ("harm", "link_to_incident", "live_approvals", "unseen_signature"):
        wanted = getattr(expect, key)
        if wanted is not None and row[key] != wanted:
            yield f"{key} is {row[key]}, must be {wanted}"
    for key in ("lost", "at_risk"):
        wanted, shown = getattr(expect, key), _CONTRACT.sub("", row[key] or "nothing")
        if wanted is not None and shown != wanted:
            yield f"{key} is {shown}, must be {wanted}"
    yield from _of_evidence(expect, codes)
    yield from _of_words(expect, row)
    yield from _of_chance(expect, row)


def _of_words(expect: Expect, row: dict[str, Any]) -> Iterator[str]:
    for key in ("remedy", "not_covered"):
        for words in getattr(expect, key):
            if words not in (row[key] or ""):
                yield f"{key} must say {words!r}, and says: {row[key]}"
    for words in expect.no_remedy:
        if words in (row["remedy"] or ""):
            yield f"remedy must not say {words!r}, and says: {row['remedy']}"


def _of_evidence(expect: Expect, codes: set[str]) -> Iterator[str]:
    shown = ", ".join(sorted(codes)) or "none"
    if missing := set(expect.evidence) - codes:
        yield f"evidence {', '.join(sorted(missing))} is missing (there is {shown})"
    if wrong := set(expect.no_evidence) & codes:
        yield f"evidence {', '.join(sorted(wrong))} must not be there"
    if expect.only_evidence is not None and set(expect.only_evidence) != codes:
        yield f"evidence is {shown}, must be {', '.join(expect.only_evidence) or 'none'}"


def _of_chance(expect: Expect, row: dict[str, Any]) -> Iterator[str]:
    chance = Decimal(str(row["p_exposed"]))
    if expect.p_exposed_at_most is not None and chance > expect.p_exposed_at_most:
        yield f"p_exposed is {chance}, must be at most {expect.p_exposed_at_most}"
    if expect.p_exposed_at_least is not None and chance < expect.p_exposed_at_least:
        yield f"p_exposed is {chance}, must be at least {expect.p_exposed_at_least}"


def _of_window(case: Case, result: Result) -> Iterator[str]:
    """Compare the published window: T1 by its earliest, T2 by its latest."""
    for name, wanted in case.expect_window.items():
        bound = result.bound(name)["earliest" if name == "T1" else "latest"]
        if (wanted if isinstance(wanted, datetime) else None) != bound:
            yield f"published {name} is {bound or 'none'}, must be {wanted}"
