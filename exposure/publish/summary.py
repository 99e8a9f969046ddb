"""The case's answer in a few lines: for the terminal's ending, for --json, and for the report's first screen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from exposure.case import Case
from exposure.incident import Incident
from exposure.publish.enemies import Enemy
from exposure.publish.facts import HARMED, VERDICTS, Facts, gather, tied_wallets
from exposure.publish.holes import Hole
from exposure.publish.tallies import Tally, tally, token_facts
from exposure.publish.texts.advise import READS
from exposure.publish.texts.claims import Checks, check_claims, problems
from exposure.publish.texts.sentences import show_count
from exposure.publish.times import show_exact

# The terminal's last screen is for the answer; the rest stands in the sheet and the report.
_TOKENS_SHOWN = 5
_HOLES_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Rate:
    """One action: is it X, and how many of those who did it in the window were harmed (95 % Wilson interval)."""

    action: str
    words: str
    exposure: str
    is_x: str
    exposed: int
    harmed: int
    rate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Window:
    """One published window, to the second; None = not bounded. `open`: the attack goes on."""

    exposure: str
    actions: tuple[str, ...]
    t1: datetime | None
    t1_source: str
    first_sign: datetime | None
    t2: datetime | None
    t2_source: str
    open: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """What the case says now. Counts by verdict are over all wallets; `lost` is of wallets tied to the incident."""

    name: str
    title: str
    status: str
    as_of: datetime | None
    wallets: int
    verdicts: Mapping[str, int]
    harms: Mapping[str, int]
    rates: tuple[Rate, ...]
    windows: tuple[Window, ...]
    lost: tuple[Tally, ...]
    lost_elsewhere: tuple[Tally, ...]
    to_save: tuple[Tally, ...]
    to_save_wallets: int
    elsewhere: int
    attackers: tuple[Enemy, ...]
    holes: tuple[Hole, ...]
    claims: Mapping[str, str]
    believed: tuple[str, ...]
    problems: tuple[str, ...]
    paths: Mapping[str, str]

    def lines(self) -> list[str]:
        """Give lines for a terminal; the caller escapes them."""
        head = f"{self.title} ({self.name}): {self.status}"
        lines = [head + (f", as of {show_exact(self.as_of)}" if self.as_of else "")]
        counts = ", ".join(f"{self.verdicts[verdict]:,} {verdict}" for verdict in VERDICTS[:-1])
        lines.append(f"who          {counts}, of {self.wallets:,} wallets")
        lines.append(f"             {self.verdicts['no_sign']:,} show no sign, which does not mean that they are safe")
        lines += [f"X            {line}" for line in self._x_lines()]
        for window in self.windows:
            lines += _window_lines(window)
        lines.append(f"lost         {_tokens(self.lost) or 'nothing that is known'}")
        if self.lost_elsewhere:
            text = f"{_tokens(self.lost_elsewhere)}, from {show_count(self.elsewhere, 'wallet')} that nothing ties to this incident"
            lines.append(f"elsewhere    {text}")
        saved = (
            f"{_tokens(self.to_save)}, in {show_count(self.to_save_wallets, 'wallet')}"
            if self.to_save
            else "nothing that is known"
        )
        lines.append(f"to save      {saved}")
        named = sum(enemy.confirmed for enemy in self.attackers)
        lines.append(f"attackers    {named} confirmed, {len(self.attackers) - named} discovered")
        lines += [f"not seen     {hole.text}" for hole in self.holes[:_HOLES_SHOWN]]
        if len(self.holes) > _HOLES_SHOWN:
            lines.append(f"not seen     and {len(self.holes) - _HOLES_SHOWN} more limits: see the report")
        if self.believed:
            lines.append(
                f'believed     the texts say "we believe", since these claims did not pass: {", ".join(self.believed)}'
            )
        return [*lines, *(f"{label:12} {path}" for label, path in self.paths.items())]

    def _x_lines(self) -> list[str]:
        found = [rate for rate in self.rates if rate.is_x == "yes"]
        if found:
            return [f"{rate.action}: {show_rate(rate)}" for rate in found]
        unsure = [rate.action for rate in self.rates if rate.is_x == "cannot_tell" and rate.exposure != "none"]
        if not unsure:
            return ["not known"]
        return [f"cannot be told: {'one of ' if len(unsure) > 1 else 'it may be '}{', '.join(unsure)}"]

    def to_json(self) -> dict[str, Any]:
        """Give plain values; amounts are exact strings in base units."""
        return {
            "incident": self.name,
            "title": self.title,
            "status": self.status,
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "wallets": self.wallets,
            "verdicts": dict(self.verdicts),
            "harm": dict(self.harms),
            "x": [_plain(rate) for rate in self.rates],
            "windows": [_plain(window) for window in self.windows],
            "lost": [_plain(token) for token in self.lost],
            "lost_elsewhere": [_plain(token) for token in self.lost_elsewhere],
            "to_save": [_plain(token) for token in self.to_save],
            "to_save_wallets": self.to_save_wallets,
            "attackers": [_plain(enemy) for enemy in self.attackers],
            "holes": [hole.text for hole in self.holes],
            "claims": dict(self.claims),
            "believed": list(self.believed),
            "problems": list(self.problems),
            "paths": dict(self.paths),
        }


def show_rate(rate: Rate) -> str:
    """Write an attack rate with its denominator and interval: `9 of 12 who did it were harmed (75 %, 47 to 91 %)`."""
    interval = f"{rate.rate:.0%}, {rate.low:.0%} to {rate.high:.0%}".replace("%", " %")
    return f"{rate.harmed:,} of {rate.exposed:,} who did it were harmed ({interval})"


def _window_lines(window: Window) -> list[str]:
    kind = (f"T1 {window.exposure}", f"T2 {window.exposure}")
    source1 = f"({window.t1_source})" if window.t1_source else ""
    source2 = f"({window.t2_source})" if window.t2_source else ""
    sign = f"; it had begun by {show_exact(window.first_sign)}" if window.first_sign else ""
    start = show_exact(window.t1) if window.t1 else f"not bounded{sign}"
    end = "still open" if window.open else show_exact(window.t2) if window.t2 else "not bounded"
    return [f"{kind[0]:13}{start} {source1}".rstrip(), f"{kind[1]:13}{end} {source2 if window.t2 else ''}".rstrip()]


def _tokens(tallies: tuple[Tally, ...]) -> str:
    shown = "; ".join(one.text for one in tallies[:_TOKENS_SHOWN])
    more = len(tallies) - _TOKENS_SHOWN
    return shown + (f"; and {more} more tokens" if more > 0 else "")


def _plain(value: Any) -> dict[str, Any]:
    """Give a dataclass as JSON can hold it: times in ISO, token amounts as exact strings."""
    found = {}
    for key in value.__slots__:
        item = getattr(value, key)
        exact = str(item) if key == "value" else item
        found[key] = item.isoformat() if isinstance(item, datetime) else exact
    return found


def summary(case: Case, incident: Incident) -> Summary:
    """Read the case and sum it up. Works at any stage: what no step has written yet is empty."""
    tables = {name: case.read(name) for name in READS}
    facts = gather(tables, incident, case.now())
    return summarise(tables, incident, facts, check_claims(facts), paths_of(case))


def paths_of(case: Case) -> dict[str, str]:
    """Give the results that are there."""
    wanted: dict[str, Path] = {
        "sheet": case.sheet / "affected.xlsx",
        "texts": case.advisory / "initial.md",
        "report": case.report / "index.html",
        "check": case.folder / "check" / "index.html",
        "handoff": case.folder / "handoff" / "README.md",
    }
    return {label: str(path) for label, path in wanted.items() if path.exists()}


def summarise(
    tables: Mapping[str, pl.DataFrame], incident: Incident, facts: Facts, checks: Checks, paths: Mapping[str, str]
) -> Summary:
    """Sum up tables and facts. Pure."""
    wallets = tables["wallets"]
    known = token_facts(tables, incident)
    tied = tied_wallets(tables).filter(pl.col("verdict").is_in(HARMED)).get_column("address")
    harmed = wallets.filter(pl.col("verdict").is_in(HARMED)).get_column("address")
    losses = tables["losses"].filter(pl.col("address").is_in(harmed.implode()))
    ours = pl.col("address").is_in(tied.implode())
    saved = tables["holdings"].filter(pl.col("at_risk"))
    harms = dict(wallets.group_by("harm").len().drop_nulls("harm").sort("harm").iter_rows())
    return Summary(
        name=incident.name,
        title=incident.title,
        status=incident.status,
        as_of=facts.as_of,
        wallets=wallets.height,
        verdicts={verdict: wallets.filter(pl.col("verdict") == verdict).height for verdict in VERDICTS},
        harms=harms,
        rates=find_rates(tables, incident),
        windows=find_windows(facts),
        lost=tally(losses.filter(ours), known, incident),
        lost_elsewhere=tally(losses.filter(~ours), known, incident),
        to_save=tally(saved, known, incident),
        to_save_wallets=saved.get_column("address").n_unique(),
        elsewhere=losses.filter(~ours).get_column("address").n_unique(),
        attackers=facts.enemies,
        holes=facts.holes,
        claims={check.name: check.result for check in checks.values()},
        believed=believed(facts, checks),
        problems=(*facts.problems, *problems(checks)),
        paths=paths,
    )


def believed(facts: Facts, checks: Checks) -> tuple[str, ...]:
    """Name the claims that the texts make with "we believe", since their check failed or could not be made."""
    made = {"condition", *(c.x_check for c in facts.conditions), *(c.window_check for c in facts.conditions)}
    made |= {"enemies"} if facts.enemies and not all(e.confirmed and not e.ordinary for e in facts.enemies) else set()
    made |= {"over"} if facts.status != "ongoing" else set()
    return tuple(sorted(name for name in made if checks[name].result != "passed"))


def find_rates(tables: Mapping[str, pl.DataFrame], incident: Incident) -> tuple[Rate, ...]:
    """Give the attack rate of every action over all hosts and asset states: X first, then by rate."""
    rows = tables["attack_rates"].filter(pl.col("host").is_null() & pl.col("asset_state").is_null())
    found = []
    for row in rows.iter_rows(named=True):
        action = incident.action(row["action"])
        words, exposure = (action.words, action.exposure) if action else (row["action"], "none")
        ends = (row["rate"] or 0.0, row["rate_low"] or 0.0, 1.0 if row["rate_high"] is None else row["rate_high"])
        found.append(Rate(row["action"], words, exposure, row["is_x"], row["exposed"] or 0, row["harmed"] or 0, *ends))
    order = {"yes": 0, "cannot_tell": 1}
    return tuple(sorted(found, key=lambda rate: (order.get(rate.is_x, 2), -rate.rate, rate.action)))


def find_windows(facts: Facts) -> tuple[Window, ...]:
    """Give the published windows; one of unknown exposure where nothing says what exposed people."""
    found: dict[tuple[object, ...], Window] = {}
    for c in facts.conditions:
        same = found.get((c.exposure, c.hosts, c.t1, c.t2))
        actions = (*same.actions, *c.actions) if same else c.actions
        window = Window(c.exposure, actions, c.t1, c.t1_reason, c.first_sign, c.t2, c.t2_reason, c.open)
        found[c.exposure, c.hosts, c.t1, c.t2] = window
    if found:
        return tuple(found.values())
    b = facts.unknown_span
    return (Window("", (), b.t1, b.t1_reason, b.first_sign, b.t2, b.t2_reason, facts.status == "ongoing"),)
