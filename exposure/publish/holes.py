"""What the data cannot show: each hole limits what a text may claim. Pure.

A hole is said twice: to the team with its source and figures, to the public (where it matters there) in plain words.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from exposure.assess.coverage import dips
from exposure.incident import Incident
from exposure.logs.noticing.coverage import UNREAD
from exposure.logs.noticing.dips import tell_dip
from exposure.publish import times
from exposure.publish.report.gaps import silent, silent_hosts

# Fewer unreadable lines than this are the noise of every log: said to the team, not to the public.
_MANY = 0.01
# What is counted of each layer of a chain; of the others it is questions.
_UNITS = {"logs": "blocks", "native": "blocks", "events": "logs"}
# What limits the answer most comes first.
_ORDER = (
    "dns",
    "no_logs",
    "late_start",
    "early_end",
    "silence",
    "dip",
    "chain",
    "rejects",
    "blocks",
    "gaps",
    "note",
    "quiet",
)


@dataclass(frozen=True, slots=True)
class Hole:
    """One limit. `text` is for the team; `public` is empty where the public gains nothing from it."""

    kind: str
    text: str
    public: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """The widest stretch that the texts speak of; null ends are not known, or still open."""

    start: datetime | None
    end: datetime | None


def find_holes(tables: Mapping[str, pl.DataFrame], incident: Incident, span: Span) -> tuple[Hole, ...]:
    """List what limits the answer: logs that start late, end early or fall silent, lines and blocks not read."""
    paths = dict(tables["sources"].select("source", "path").iter_rows())
    coverage = tables["coverage"]
    logs = coverage.filter(~pl.col("source").str.starts_with("chain:"))
    found = (
        *_vector(incident),
        *_log_ends(logs, incident, span),
        *_silences(tables["traffic"], span),
        *_of_one_host(tables["traffic"], span),
        *_rejects(logs),
        *_log_notes(logs, paths),
        *_chains(coverage, incident),
    )
    return tuple(sorted(found, key=lambda hole: _ORDER.index(hole.kind)))


def _vector(incident: Incident) -> Iterator[Hole]:
    if incident.vector == "dns":
        yield Hole(
            "dns",
            "a DNS hijack sends visitors to a copy of the site: their visits are in nobody's logs",
            "During the attack visitors were sent to a copy of the site, and we have no records of what happened there.",
        )


def _log_ends(logs: pl.DataFrame, incident: Incident, span: Span) -> Iterator[Hole]:
    first, last = logs.get_column("first").min(), logs.get_column("last").max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        text = "logs are named in incident.toml, but none was read" if incident.logs else "there are no logs"
        yield Hole("no_logs", f"{text}: who did X is known from reports and the chain alone")
        return
    if span.start is None or first > span.start:
        after = "" if span.start is None else f", after T1 ({times.show_exact(span.start)})"
        yield Hole(
            "late_start",
            f"the logs begin at {times.show_exact(first)}{after}: what was done before is not in them",
            f"Our records begin at {times.show_time(first)}: what happened before that, we cannot see.",
        )
    if span.end is not None and last < span.end:
        before = "" if incident.status == "ongoing" else f", before T2 ({times.show_exact(span.end)})"
        yield Hole(
            "early_end",
            f"the logs end at {times.show_exact(last)}{before}",
            f"Our records end at {times.show_time(last)}: what happened after that, we cannot see.",
        )


def _silences(traffic: pl.DataFrame, span: Span) -> Iterator[Hole]:
    for start, end in silent(traffic):
        inside = (span.start is None or end > span.start) and (span.end is None or start < span.end)
        text = f"no request is logged from {times.show_exact(start)} to {times.show_exact(end)}"
        public = f"Our records have no entries {times.show_span(start, end)}." if inside else ""
        kind, where = ("silence", "inside") if inside else ("quiet", "outside")
        yield Hole(kind, f"{text}, {where} the window", public)


def _of_one_host(traffic: pl.DataFrame, span: Span) -> Iterator[Hole]:
    """Give the holes of one host's logs while others go on: they keep wallets from being told that there is no sign."""
    for host, start, end in silent_hosts(traffic, span.start, span.end):
        whose = f"of {host}" if host else "of the logs that name no host"
        text = (
            f"no request {whose} is logged from {times.show_exact(start)} to {times.show_exact(end)}, inside the window"
        )
        yield Hole("silence", text, f"A part of our records has no entries {times.show_span(start, end)}.")
    for host, dip in dips(traffic, span.start, span.end):
        yield Hole("dip", tell_dip(dip).replace("traffic", f"the traffic of {host}" if host else "traffic", 1))


def _rejects(logs: pl.DataFrame) -> Iterator[Hole]:
    bad = logs.filter(pl.col("rejected") > 0)
    if bad.is_empty():
        return
    rejected, lines = int(bad.get_column("rejected").sum()), int(logs.get_column("lines").sum())
    where = f"in {bad.height:,} of {logs.height:,} log sources"
    text = f"{rejected:,} of {lines:,} lines could not be read, {where} (table rejects)"
    yield Hole("rejects", text, "Some of our records could not be read." if rejected > _MANY * lines else "")


def _log_notes(logs: pl.DataFrame, paths: Mapping[str, str]) -> Iterator[Hole]:
    """Give what is said of single sources; the same of many of them once."""
    by_note: dict[str, list[str]] = {}
    for row in logs.sort("source").iter_rows(named=True):
        name = paths.get(row["source"], row["source"])
        if row["gaps"]:
            yield Hole("gaps", f"{row['gaps']:,} {'hole' if row['gaps'] == 1 else 'holes'} in time in {name}")
        for note in (row["note"] or "").split("; "):
            if note and UNREAD not in note:  # lines that could not be read are counted above, for all sources
                by_note.setdefault(note, []).append(name)
    for note, names in by_note.items():
        where = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1:,} more"
        yield Hole("note", f"{where}: {note}")


def _chains(coverage: pl.DataFrame, incident: Incident) -> Iterator[Hole]:
    for chain in incident.chains:
        layers = coverage.filter(pl.col("source") == f"chain:{chain.id}").sort("layer")
        if layers.is_empty():
            yield Hole(
                "chain",
                f"nothing was pulled of {chain.name}: losses and holdings there are not known",
                f"We have not yet looked at what happened on {_plain(chain.name)}.",
            )
        for row in layers.iter_rows(named=True):
            if row["rejected"] or row["gaps"]:
                count = row["rejected"] or row["gaps"]
                what = _UNITS.get(row["layer"], "questions") if row["rejected"] else "ranges"
                yield Hole("blocks", f"{chain.name}, {row['layer']}: {count:,} {what} could not be pulled")
            if row["note"]:
                yield Hole("note", f"{chain.name}, {row['layer']}: {row['note']}")


def _plain(name: str) -> str:
    """Give a chain's name for public text: names are `exposure chains`' own words, anything else is left out."""
    return name if name.replace("-", "").replace(" ", "").isalnum() else "one of the chains"


def public_holes(holes: Sequence[Hole]) -> tuple[str, ...]:
    """Give the sentences for the public, each once."""
    return tuple(dict.fromkeys(hole.public for hole in holes if hole.public))
