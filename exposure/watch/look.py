"""One look, from the logs and the chains' heads to tables, sheet and news; watch.py repeats it.

What the logs show of new victims is told at once; the tables follow in the same look, or, where they take long, as soon as half of
the time has been left to others.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from exposure.case import LOCK_FILE, WATCH, Case, hash_file, hold
from exposure.chain.client import Patience
from exposure.chain.compact import compact
from exposure.chain.parts import Parts
from exposure.console import Teller
from exposure.errors import ExposureError
from exposure.incident import Incident
from exposure.logs.digest import Digest
from exposure.publish.sheet.keep import write_sheet
from exposure.publish.sheet.lock import sheet_lock
from exposure.publish.texts.standing import standing
from exposure.publish.texts.versions import last_said
from exposure.watch.clock import as_of
from exposure.watch.conditions import READS, misfits
from exposure.watch.draft import Draft
from exposure.watch.events import Event, exposed_in, news
from exposure.watch.follow import Follower, Looked
from exposure.watch.heads import HASTY, Heads, HeadWatch
from exposure.watch.tables import LookPipeline
from exposure.watch.telling import Telling

# What wallets held at so many of the last heads is kept.
_STATES = 3
# Whoever waits longer than this (seconds) for tables is told why.
_PATIENT = 60.0
# So often (seconds) the tables are made by the very way of a run; in between by a shorter one (tables.py).
_EXACT_EVERY = 3_600.0
_NEWS = ("wallets", "losses", "attackers", "tokens")


@dataclass(slots=True)
class Clocks:
    """`wall` gives the time (UTC), `monotonic` seconds that never go back; a `fixed` time stands for the first."""

    wall: Callable[[], datetime]
    monotonic: Callable[[], float]
    fixed: datetime | None = None


@dataclass(slots=True)
class State:
    """Where the watch stands: what is due, what it waits for, and the words of the status line."""

    due: bool = True
    sheet_due: bool = False
    not_before: float = 0.0
    line: str = ""
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    looks: int = 0
    tables: int = 0

    @property
    def status(self) -> str:
        """Give the status line."""
        return "; ".join([part for part in (self.line, *self.notes) if part])


class Looker:
    """Looks at one case. `head` is the block that counts as the chain's head; `once`: everything is read as it is now."""

    def __init__(
        self,
        case: Case,
        follower: Follower,
        telling: Telling,
        teller: Teller,
        clocks: Clocks,
        *,
        stop: Callable[[], bool],
        head: str,
        once: bool,
        allow_untrusted: bool = False,
        patience: Patience = HASTY,
    ) -> None:
        self.state = State()
        self._stop = stop
        self._case = case
        self._follower = follower
        self._telling = telling
        self._teller = teller
        self._clocks = clocks
        self._head = head
        self._once = once
        self._allow_untrusted = allow_untrusted
        self._heads = HeadWatch(clocks.monotonic, patience)
        self._time = case.now() if clocks.fixed is None else None
        self._inputs: object = None
        self._states: dict[str, list[Path]] = {}
        self._exact_at = clocks.monotonic()

    def look(self, incident: Incident) -> State:
        """Look once. Raises OSError where the case's disk is full or gone; all else is told, and the next look goes on."""
        state, tables, now = self.state, self.state.tables, self._now(None)
        state.notes, state.looks = [], state.looks + 1
        looked = self._follower.look(
            incident, lambda source, digest: self._hear(incident, now, source, digest), settled=self._once
        )
        if self._stop():
            return state
        heads = self._ask_heads(incident, now)
        now = self._now(heads)
        edited = self._other_inputs(incident)
        state.due |= looked.changed or edited or self._moved(heads)
        if state.due and (self._once or self._clocks.monotonic() >= state.not_before):
            self._make(incident, looked, heads, now)
        elif state.due and state.not_before - self._clocks.monotonic() > _PATIENT:
            state.notes.append("the tables follow: making them takes longer than the pause between two looks")
        self._write_sheet(incident)
        if state.tables > tables:
            state.line = standing(self._case, incident, now)[0]
            self._tidy(heads)
        self._note_down(incident, heads)
        return state

    def _ask_heads(self, incident: Incident, now: datetime) -> Heads:
        until = {} if self._clocks.fixed is None else {"until": self._clocks.fixed}
        return self._heads.look(incident, self._case, now, self._head, patient=not self._once, **until)

    def _now(self, heads: Heads | None) -> datetime:
        if self._clocks.fixed is not None:
            return self._clocks.fixed
        times = [datetime.fromisoformat(head["timestamp"]) for head in heads.there.values()] if heads else []
        found, odd = as_of(self._clocks.wall(), self._time, max(times, default=None))
        self._time = found
        if odd:
            self.state.notes.append(odd)
        return found

    def _hear(self, incident: Incident, now: datetime, source: str, digest: Digest) -> None:
        if not self._telling.fresh:
            self._telling.tell(list(exposed_in(digest, source, incident)), incident.name, now)

    def _moved(self, heads: Heads) -> bool:
        pinned = self._case.read_manifest().get("as_of", {}).get("chains", {})
        return any(
            (head["number"], head["hash"]) != (pinned.get(name, {}).get("number"), pinned.get(name, {}).get("hash"))
            for name, head in heads.there.items()
        )

    def _other_inputs(self, incident: Incident) -> bool:
        """Tell whether people changed something: incident.toml, or the sheet."""
        files = [
            self._case.folder / "incident.toml",
            *(self._case.sheet / f"affected{end}" for end in (".xlsx", ".csv")),
        ]
        found = [(path.name, hash_file(path)) for path in files if path.exists()]
        changed = self._inputs is not None and self._inputs != (incident, found)
        self._inputs = (incident, found)
        return changed

    def _make(self, incident: Incident, looked: Looked, heads: Heads, now: datetime) -> None:
        """Make the tables anew, tell what is new in them, and put them in their place."""
        state, started = self.state, self._clocks.monotonic()
        try:
            with hold(self._case.folder / LOCK_FILE, WATCH):
                problems = self._run(incident, looked, heads, now)
        except ExposureError as error:
            state.notes.append(f"no new tables: {error.what}: {error.why}")
            return
        state.due, state.sheet_due, state.problems = False, True, problems
        state.tables += 1
        took = self._clocks.monotonic() - started
        state.not_before = started + 2 * took

    def _run(self, incident: Incident, looked: Looked, heads: Heads, now: datetime) -> list[str]:
        draft, manifest = Draft(self._case), self._case.read_manifest()
        draft.begin(keep_chain=bool(heads.down) or not heads.there)
        exact = self._once or self._clocks.monotonic() >= self._exact_at
        pipeline = LookPipeline(
            incident,
            draft,
            self._teller,
            now,
            self._follower,
            looked.problems,
            heads,
            exact=exact,
            allow_untrusted=self._allow_untrusted,
        )
        outcome = pipeline.run(refresh=True, head=self._head)
        self._still_there(incident, heads, now)
        if exact:
            self._exact_at = self._clocks.monotonic() + _EXACT_EVERY
        self._tell_news(incident, draft, now)
        earlier = manifest.get("as_of", {}).get("chains", {})
        draft.publish(not outcome.problems, [(name, earlier[name]) for name in heads.down if name in earlier])
        return outcome.problems

    def _still_there(self, incident: Incident, heads: Heads, now: datetime) -> None:
        """Look whether the chains that were asked still answer: half of their answers are worse than those of the last look."""
        if not heads.there:
            return
        again = self._ask_heads(incident, now)
        if lost := set(again.down) - set(heads.down):
            why = "; ".join(again.down[name].why for name in sorted(lost))
            raise ExposureError("a chain stopped to answer while it was asked", why, "the next look goes on without it")

    def _tell_news(self, incident: Incident, draft: Draft, now: datetime) -> None:
        before = {name: self._case.read(name) for name in _NEWS}
        found = news(before, {name: draft.read(name) for name in _NEWS}, incident)
        if self._telling.fresh:
            # what was there before anybody watched is no news, and stands in the sheet
            known = found if not self._case.has("wallets") else []
            self._telling.know(known)
            found = [event for event in found if event not in known]
        wrong = list(self._misfits(draft))
        self._telling.tell([*wrong, *found], incident.name, now)

    def _misfits(self, case: Case) -> list[Event]:
        try:
            version = last_said(self._case)
        except ExposureError as error:
            self.state.notes.append(f"{error.what}: {error.why}")
            return []
        tables: Mapping[str, pl.DataFrame] = {name: case.read(name) for name in READS}
        return list(misfits(version, tables))

    def _write_sheet(self, incident: Incident) -> None:
        """Write the sheet, unless somebody has it open: then as soon as it is free."""
        state = self.state
        if not state.sheet_due:
            return
        if held := sheet_lock(self._case.sheet):
            state.notes.append(f"the sheet was not written: {held}; it is as soon as it is closed")
            return
        try:
            with hold(self._case.folder / LOCK_FILE, WATCH):
                before = self._case.read("people")
                figures = write_sheet(self._case, incident)
                state.due |= not before.equals(self._case.read("people"))
        except ExposureError as error:
            state.notes.append(f"the sheet was not written: {error.what}: {error.why}")
            return
        state.sheet_due = False
        state.problems += [text for text in figures["problems"] if text not in state.problems]  # type: ignore[attr-defined]
        self._other_inputs(incident)  # what we wrote is no change of people's

    def _tidy(self, heads: Heads) -> None:
        """Keep the chain's folder small: join what was pulled block by block, and forget the state of heads that are past."""
        for name, head in heads.there.items():
            folder = self._case.chain / name
            compact(Parts(folder), int(head["number"]))
            pinned = self._states.setdefault(name, [])
            pinned.append(folder / "state" / f"{head['number']}-{head['hash'][2:10]}")
            if pinned[-1] in pinned[:-1]:
                pinned.pop()
            while len(pinned) > _STATES:
                shutil.rmtree(pinned.pop(0), ignore_errors=True)

    def _note_down(self, incident: Incident, heads: Heads) -> None:
        names = {str(chain.id): chain.name for chain in incident.chains}
        for chain, down in sorted(heads.down.items()):
            self.state.notes.append(f"{names[chain]} has not answered since {down.since:%H:%M} UTC: {down.why}")
