"""What was said, as data: who, when, where, what is safe, what to revoke. Kept by version, so that a change is said aloud.

A window or an X that is revised leaves people who were told that they were safe: they come first. Pure but for the last part.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import polars as pl

from exposure.logs.sessions import only_derived
from exposure.publish import times
from exposure.publish.facts import MUST_ACT, Condition, Facts
from exposure.publish.markdown import break_host, inert, join_or
from exposure.publish.texts.addressees import danger
from exposure.publish.texts.sentences import checksum, show_words_of


@dataclass(frozen=True, slots=True)
class Said:
    """One "if you X between T1 and T2" as it was published: bounds rounded, ISO 8601 in UTC; None = not bounded."""

    exposure: str
    action: str
    words: str
    hosts: tuple[str, ...]
    t1: str | None
    t2: str | None
    open: bool
    proven: bool

    @property
    def too(self) -> str:
        """Say that it affects more people than was said, as surely as the data backs it."""
        return "you are affected too" if self.proven else "we believe that you are affected too"

    @property
    def start(self) -> datetime | None:
        """Give T1."""
        return datetime.fromisoformat(self.t1) if self.t1 else None

    @property
    def end(self) -> datetime | None:
        """Give T2; None while it goes on."""
        return datetime.fromisoformat(self.t2) if self.t2 else None


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything that one version of the texts said about who is affected and who is not."""

    as_of: str | None
    said: tuple[Said, ...]
    cleared: tuple[tuple[str, str], ...]
    hardware: bool
    revoke: tuple[tuple[str, str], ...]

    @property
    def digest(self) -> str:
        """Give the SHA-256 of what it says; the same scope at another time has the same."""
        return hashlib.sha256(json.dumps(asdict(self) | {"as_of": None}, sort_keys=True).encode()).hexdigest()

    def to_json(self) -> str:
        """Write it for the folder of versions."""
        return json.dumps({"digest": self.digest, **asdict(self)}, indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Scope":
        """Read a version. Raises ValueError, KeyError or TypeError where it is none."""
        raw = json.loads(text)
        said = tuple(Said(**row | {"hosts": tuple(row["hosts"])}) for row in raw["said"])
        pairs = {key: tuple((a, b) for a, b in raw[key]) for key in ("cleared", "revoke")}
        return cls(raw["as_of"], said, pairs["cleared"], raw["hardware"], pairs["revoke"])


@dataclass(frozen=True, slots=True)
class Change:
    """One difference to the last reviewed version, in words; `wrongly_safe`: it makes people affected who were told otherwise."""

    text: str
    wrongly_safe: bool = False


def scope_of(facts: Facts, passed: Collection[str]) -> Scope:
    """Draw the scope from the facts. `passed`: the names of the checks that passed, which say what is proven and what is safe."""
    said = [
        Said(c.exposure, action, words, c.hosts, _iso(c.public_t1), _iso(c.public_t2), c.open, _proven(c, passed))
        for c in facts.conditions
        for action, words in zip(c.actions, c.words, strict=True)
    ]
    revoke = {(enemy.chain or "", enemy.address) for enemy in facts.revocable}
    return Scope(
        as_of=_iso(facts.as_of),
        said=tuple(sorted(said, key=lambda s: (s.action, s.t1 or "", s.hosts))),
        cleared=tuple(
            (cleared.name, cleared.words) for cleared in facts.cleared if f"cleared:{cleared.name}" in passed
        ),
        hardware="hardware" in passed,
        revoke=tuple(sorted(revoke)),
    )


def _proven(condition: Condition, passed: Collection[str]) -> bool:
    return {"condition", condition.x_check, condition.window_check} <= set(passed)


def _iso(time: datetime | None) -> str | None:
    return time.astimezone(UTC).isoformat() if time else None


def changes(old: Scope, new: Scope) -> tuple[Change, ...]:
    """Say what changed; who was wrongly told that they were safe comes first. The same scope gives nothing."""
    found = [*_safe_no_more(old, new), *_actions(old, new), *_bounds(old, new), *_revoke(old, new)]
    return tuple(sorted(dict.fromkeys(found), key=lambda change: not change.wrongly_safe))


def _safe_no_more(old: Scope, new: Scope) -> Iterator[Change]:
    for name, words in old.cleared:
        if name not in {known for known, _ in new.cleared}:
            text = f"If you {inert(words)}, act as if you are affected. Earlier we said that this did not put your wallet at risk; "
            yield Change(f"{text}that does not hold any more.", wrongly_safe=True)
    if old.hardware and not new.hardware:
        text = (
            "If you did what we describe here, act as if you are affected, whatever wallet you use. Earlier we said that "
            "hardware wallets are not affected; "
        )
        yield Change(f"{text}that does not hold any more.", wrongly_safe=True)


def _actions(old: Scope, new: Scope) -> Iterator[Change]:
    before, after = {said.action for said in old.said}, {said.action for said in new.said}
    for said in new.said:
        if said.action not in before and old.said:
            text = f"If you {_did(said)} {_when(said)}, {said.too}: {danger(said.exposure, sure=said.proven)}"
            yield Change(f"{text} Earlier we did not name this.", wrongly_safe=True)
    for said in old.said:
        if said.action not in after:
            text = (
                f"Earlier we named those who {_did(said)}. We now believe that others are affected. This does not "
                "show that it was "
            )
            yield Change(f"{text}safe: if you have not acted and are not sure, act.")


def _bounds(old: Scope, new: Scope) -> Iterator[Change]:
    for said in new.said:
        earlier = [before for before in old.said if before.action == said.action]
        if not earlier or said in earlier:
            continue
        match = [before for before in earlier if _overlap(before, said)]
        if not match:
            text = f"If you {_did(said)} {_when(said)}, {said.too}. Earlier we did not name this time."
            yield Change(text, wrongly_safe=True)
            continue
        match = [before for before in match if before.hosts == said.hosts] or match
        before = min(match, key=lambda b: (abs(_gap(b.start, said.start)), abs(_gap(b.end, said.end))))
        new_hosts = [host for host in said.hosts if not any(host in b.hosts for b in earlier)]
        if new_hosts and before.hosts:
            where = join_or(map(break_host, new_hosts))
            text = f"If you {inert(said.words)} on {where} {_when(said)}, {said.too}. Earlier we did not name {where}."
            yield Change(text, wrongly_safe=True)
        yield from _start(before, said)
        yield from _end(before, said)
    for before in old.said:
        later = [said for said in new.said if said.action == before.action]
        if later and not any(_overlap(before, said) for said in later):
            text = (
                f"Earlier we named those who {_did(before)} {_when(before)}; we now believe that it was not then. "
                "This does not show "
            )
            yield Change(f"{text}that it was safe: if you are not sure, act as if you are affected.")


def _overlap(a: Said, b: Said) -> bool:
    """Tell whether two windows share a moment; an open bound reaches on for ever."""
    return not (a.end and b.start and a.end < b.start) and not (b.end and a.start and b.end < a.start)


def _start(before: Said, said: Said) -> Iterator[Change]:
    a, b = before.start, said.start
    if a == b:
        return
    if b is None and a is not None:
        text = f"If you {_did(said)} before {times.show_time(a)}, you may be affected too. Earlier we said that it began then; "
        yield Change(f"{text}now we do not know when it began.", wrongly_safe=True)
    elif a is not None and b is not None and b < a:
        text = f"If you {_did(said)} {times.show_span(b, min(a, said.end or a))}, {said.too}. Earlier we said {_clock(a, b)}; "
        yield Change(f"{text}the correct start is {times.show_time(b)}.", wrongly_safe=True)
    elif a is not None and b is not None:
        text = (
            f"Earlier we said {_clock(a, b)}; the correct start is {times.show_time(b)}. If you acted on the "
            "earlier time, you "
        )
        yield Change(f"{text}lost nothing by it; if you are not sure, act as if you are affected.")
    elif b is not None:
        yield Change(f"Earlier we did not know when it began; it began no earlier than {times.show_time(b)}.")


def _end(before: Said, said: Said) -> Iterator[Change]:
    a, b = before.end, said.end
    if a == b:
        return
    if b is None and a is not None:
        text = f"If you {_did(said)} after {times.show_time(a)}, {said.too}. Earlier we said that it ended then; "
        yield Change(
            text + ("it has not ended." if said.open else "now we do not know when it ended."), wrongly_safe=True
        )
    elif a is not None and b is not None and b > a:
        text = (
            f"If you {_did(said)} {times.show_span(max(a, said.start or a), b)}, {said.too}. Earlier we said that it ended at "
            f"{times.show_time(a)}; "
        )
        yield Change(f"{text}the correct end is {times.show_time(b)}.", wrongly_safe=True)
    elif a is not None and b is not None:
        text = (
            f"Earlier we said that it ended at {times.show_time(a)}; the correct end is {times.show_time(b)}. If "
            "you acted on the "
        )
        yield Change(f"{text}earlier time, you lost nothing by it; if you are not sure, act as if you are affected.")
    elif b is not None:
        yield Change(
            f"We now know when it ended: {times.show_time(b)}, with the time for which browsers may have kept the file."
        )


def _revoke(old: Scope, new: Scope) -> Iterator[Change]:
    more = [pair for pair in new.revoke if pair not in old.revoke]
    if more and old.revoke:
        listed = "".join(
            f"\n- {inert(chain) if chain else 'any chain'}: `{checksum(address)}`" for chain, address in more
        )
        text = "If you have revoked what we named earlier, look again: there are more addresses to revoke:"
        yield Change(f"{text}{listed}", wrongly_safe=True)
    gone = [pair for pair in old.revoke if pair not in new.revoke]
    if gone:
        listed = "".join(
            f"\n- {inert(chain) if chain else 'any chain'}: `{checksum(address)}`" for chain, address in gone
        )
        yield Change(f"Earlier we named these addresses as the attacker's; we no longer do:{listed}")


def _gap(a: datetime | None, b: datetime | None) -> float:
    return 0.0 if a == b else float("inf") if a is None or b is None else (a - b).total_seconds()


def _clock(time: datetime, beside: datetime) -> str:
    """Name the day as well where it is another one."""
    return f"{time:%H:%M} UTC" if time.date() == beside.date() else times.show_time(time)


def _did(said: Said) -> str:
    where = f" on {join_or(map(break_host, said.hosts))}" if said.hosts else ""
    return f"{show_words_of([said.words])}{where}"


def _when(said: Said) -> str:
    return times.show_when(said.start, said.end)


def newly_described(old: Scope, new: Scope, tables: Mapping[str, pl.DataFrame]) -> list[str]:
    """Give the wallets that must act and that the new scope describes, but the old one did not: write to them first.

    Sorted; wallets whose owners were seen doing it through a crowded client alone are left out, as in the counts.
    """
    must = tables["wallets"].filter(pl.col("verdict").is_in(MUST_ACT)).get_column("address")
    seen = tables["sightings"].filter(~only_derived() & pl.col("address").is_in(must.implode()))
    now, then = _described(seen, new), _described(seen, old)
    return sorted(now - then)


def _described(seen: pl.DataFrame, scope: Scope) -> set[str]:
    inside = pl.lit(value=False)
    for said in scope.said:
        here = pl.col("action") == said.action
        here = here if said.start is None else here & (pl.col("time") >= said.start)
        inside |= here if said.end is None else here & (pl.col("time") <= said.end)
    return set(seen.filter(inside).get_column("address"))
