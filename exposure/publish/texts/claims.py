"""Each claim that a text may make, checked on the facts. Pure.

A check passes, fails (the data contradicts it: the rows are listed) or could not be made. Nothing here knows the words of a
sentence; wording.py asks for the results and changes or drops what is not proven.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from exposure.publish.facts import VERDICTS, Condition, Facts
from exposure.publish.fits import Fit
from exposure.publish.times import show_exact

Result = Literal["passed", "failed", "not_checked"]
_WORST: tuple[Result, ...] = ("failed", "not_checked", "passed")


@dataclass(frozen=True, slots=True)
class Check:
    """One check on the data: how it was made, its result, what to know about it, and the rows that contradict the claim."""

    name: str
    how: str
    result: Result
    note: str = ""
    rows: tuple[Mapping[str, str], ...] = ()


Checks = Mapping[str, Check]


def worst(checks: Iterable[Check]) -> Result:
    """Give the weakest result: a sentence is as proven as the least proven thing that it says. Nothing to check passes."""
    results = {check.result for check in checks}
    return next((result for result in _WORST if result in results), "passed")


def check_claims(facts: Facts) -> Checks:
    """Make every check."""
    made: list[Check] = [make(facts) for make in _CHECKS]
    made += [_window(condition, clashing=bool(facts.clashes)) for condition in facts.conditions]
    made += [Check(f"clash:{number}", _AGREE, "failed", text) for number, text in enumerate(facts.clashes, start=1)]
    made += [_is_x(condition) for condition in facts.conditions]
    for cleared in facts.cleared:
        note = f"vouched for by {cleared.by}: {cleared.why}"
        if cleared.vetoed:
            against = _number(cleared.vetoed, "harmed wallet")
            note += f"; but {against} did it without surely fitting the condition, or the rates call it X"
        how = "a named person has read the malicious code, and no harmed wallet did this without fitting the condition"
        made.append(Check(f"cleared:{cleared.name}", how, "failed" if cleared.vetoed else "passed", note))
    made.append(Check("none", "no claim on the data", "passed"))
    return {check.name: check for check in made}


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _row(fit: Fit) -> dict[str, str]:
    return {"address": fit.address, "verdict": fit.verdict, "why": fit.why, "ref": fit.ref}


def _condition(facts: Facts) -> Check:
    how = "every compromised wallet tied to the incident did X inside the published bounds (sightings)"
    fits = [fit for fit in facts.fits if fit.verdict == "compromised"]
    counts = {answer: sum(fit.answer == answer for fit in fits) for answer in ("inside", "outside", "cannot_tell")}
    note = f"{counts['inside']} of {len(fits)} confirmed victims fit, {counts['outside']} do not"
    note += f", {counts['cannot_tell']} cannot be told"
    probable = sum(fit.answer == "outside" for fit in facts.fits if fit.verdict == "probable")
    note += f"; {probable} probable victims lie outside too" if probable else ""
    note += f"; it describes {facts.counts.described} wallets, {facts.counts.described_unharmed} of them without harm so far"
    if not facts.conditions:
        return Check("condition", how, "not_checked", "incident.toml has no [[action]] that exposes anyone")
    rows = tuple(_row(fit) for fit in fits if fit.answer == "outside")
    result: Result = "failed" if rows else "passed" if counts["inside"] else "not_checked"
    return Check("condition", how, result, note, rows)


def _outside(facts: Facts) -> Check:
    how = "confirmed victims tied to the incident that surely did something, and nothing that lies inside the published bounds"
    number = sum(fit.answer == "outside" and fit.verdict == "compromised" for fit in facts.fits)
    return Check("outside", how, "passed" if number and facts.conditions else "not_checked", f"{number} counted")


def _complete(facts: Facts) -> Check:
    how = "every confirmed victim surely fits, every action named is proven to be X, and no copy of the site hides what was done"
    fits = [fit.answer == "inside" for fit in facts.fits if fit.verdict == "compromised"]
    proven = bool(facts.conditions) and all(c.is_x == "yes" and c.exposure != "none" for c in facts.conditions)
    named = {c.exposure for c in facts.conditions} >= facts.shown
    whole = bool(fits) and all(fits) and proven and named and facts.vector != "dns" and not facts.counts.elsewhere
    return Check("complete", how, "passed" if whole else "not_checked")


def _is_x(condition: Condition) -> Check:
    how = "attack_rates call every action of the sentence X"
    note = f"{', '.join(condition.actions)}: {condition.is_x}"
    if condition.exposure == "none":
        note += "; but incident.toml says that it exposes nobody: read the malicious code again, and set its exposure"
        return Check(condition.x_check, how, "failed", note)
    if condition.is_x == "no":
        note += "; but wallets that the sheet tells to act did nothing else, and a key that was given away is never ruled out"
    return Check(condition.x_check, how, "passed" if condition.is_x == "yes" else "not_checked", note)


_AGREE = "facts, served files and harmed wallets agree on when the attack went on"


def _window(condition: Condition, *, clashing: bool) -> Check:
    how = "T1 and T2 are the published bounds of table windows, or facts of incident.toml, rounded outward"
    bounded = condition.t1 and (condition.t2 or condition.open)
    note = f"{_bound(condition.t1, condition.t1_reason)} to {_bound(condition.t2, condition.t2_reason)}"
    result: Result = "failed" if clashing else "passed" if bounded else "not_checked"
    return Check(condition.window_check, how, result, note)


def _bound(time: datetime | None, reason: str) -> str:
    text = show_exact(time) if time else "not bounded"
    return f"{text} ({reason})" if reason else text


def _taken(facts: Facts) -> Check:
    how = "wallets with verdict compromised that stand in table losses, tied to the incident"
    tied = ", ".join(f"{facts.counts.verdicts[verdict]} {verdict}" for verdict in VERDICTS)
    result: Result = "passed" if facts.counts.taken_from else "not_checked"
    return Check("taken", how, result, f"{facts.counts.taken_from} counted; tied to the incident: {tied}")


def _elsewhere(facts: Facts) -> Check:
    how = "wallets with verdict compromised or probable that nothing ties to this site"
    result: Result = "passed" if facts.counts.elsewhere else "not_checked"
    return Check("elsewhere", how, result, f"{facts.counts.elsewhere} counted")


def _lost(facts: Facts) -> Check:
    how = "exact sums of table losses over compromised wallets tied to the incident"
    return Check("lost", how, "passed" if facts.lost else "not_checked", "; ".join(t.text for t in facts.lost))


def _enemies(facts: Facts) -> Check:
    how = "each address was named by the team or a person, and the data does not call it ordinary (table sinks)"
    rows = tuple(
        {"address": enemy.address, "verdict": "ordinary", "why": "wallets that are not exposed use it too", "ref": ""}
        for enemy in facts.enemies
        if enemy.confirmed and enemy.ordinary
    )
    confirmed = any(enemy.confirmed for enemy in facts.enemies)
    return Check("enemies", how, "failed" if rows else "passed" if confirmed else "not_checked", rows=rows)


def _over(facts: Facts) -> Check:
    how = "incident.toml says so, and a fact of it (last_bad or first_known_good) backs it"
    if facts.status == "ongoing":
        return Check("over", how, "not_checked", "incident.toml says that the attack is ongoing")
    backed = [f"{kind} {show_exact(time)}" for kind, time in facts.timeline if kind in ("last_bad", "first_known_good")]
    return Check("over", how, "passed" if backed else "not_checked", "; ".join(backed))


def _attack(facts: Facts) -> Check:
    how = "a loss, an approval to an attacker, a suspect, or a served file that came and went; or one of logs and chain is unread"
    return Check(
        "attack", how, "passed" if facts.attack_shown else "not_checked", f"shown or not yet read: {facts.attack_shown}"
    )


def _control(facts: Facts) -> Check:
    how = "incident.toml says so"
    return Check(
        "control", how, "passed" if facts.control == "regained" else "not_checked", f"control is {facts.control}"
    )


def _hardware(facts: Facts) -> Check:
    how = "every exposure is key and proven, nobody approved or delegated to an attacker, every confirmed victim surely fits"
    return Check("hardware", how, "passed" if facts.hardware_safe else "not_checked")


def _remedy(facts: Facts) -> Check:
    how = "the remedy follows from the exposure: a new phrase for keys, revoking for approvals, both where neither is known"
    return Check("remedy", how, "passed", ", ".join(facts.remedies))


def _stated(facts: Facts) -> Check:
    return Check("stated", "incident.toml says so", "passed", f"status is {facts.status}, control is {facts.control}")


def _holes(facts: Facts) -> Check:
    how = "coverage, traffic and rejects"
    return Check("holes", how, "passed", "; ".join(hole.text for hole in facts.holes))


_CHECKS: tuple[Callable[[Facts], Check], ...] = (
    _condition,
    _outside,
    _complete,
    _taken,
    _elsewhere,
    _lost,
    _enemies,
    _over,
    _attack,
    _control,
    _hardware,
    _remedy,
    _stated,
    _holes,
)


def problems(checks: Checks) -> list[str]:
    """Say what needs a person: each failed claim that the texts would like to make, with what contradicts it."""
    found = []
    for check in checks.values():
        if check.result != "failed":
            continue
        if check.name == "condition":
            found.append(
                f"{_wallets(len(check.rows))} outside what the texts say ({_addresses(check)}): see advisory/claims.json"
            )
        elif check.name == "enemies":
            found.append(f"named as attacker, but unexposed wallets use it too: {_addresses(check)}")
        elif check.name.startswith("window:"):
            continue  # fails where there is a clash, which is named
        elif check.name.startswith("clash:"):
            found.append(check.note)
        elif check.name.startswith("cleared:"):
            found.append(f"the texts do not call {check.name[8:]} safe: {check.note}")
        else:
            found.append(f"the data calls an action X that was thought harmless ({check.note})")
    return found


def _wallets(number: int) -> str:
    return _number(number, "confirmed victim") + (" lies" if number == 1 else " lie")


def _addresses(check: Check) -> str:
    shown = [row["address"] for row in check.rows[:3]]
    more = len(check.rows) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
