"""What the traffic of the sources shows over time, and their names: dips, wrong zones, missing pieces. In words; pure.

The pieces of a rotated log, and exports by hour, are one log here: none of them alone is long enough to be judged.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

from exposure.logs.noticing.dips import Dip, find_dips, tell_dip
from exposure.logs.noticing.rotation import beside, piece, tell_missing
from exposure.logs.noticing.zones import blame, find_shifts
from exposure.logs.reading.sources import SourceFile

# Logs that are compared with each other, the largest: a wrong zone shows against any of them.
_COMPARED = 30
_SHOWN = 3


@dataclass(slots=True)
class Noticed:
    """What was noticed: by number of the source what its row of coverage says, how many dips it has, and what needs a person."""

    notes: dict[int, list[str]] = field(default_factory=dict)
    dips: dict[int, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def note(self, source: int, text: str) -> None:
        """Note something of a source."""
        self.notes.setdefault(source, []).append(text)


def notice(files: Sequence[SourceFile], cells: pl.LazyFrame, there: Sequence[str] = ()) -> Noticed:
    """Look at the sources that were read and at their CELLS; `there` are the names of what lies beside them and was not named."""
    found = Noticed()
    sets = {file.number: f"{file.log.path}\0{piece(file.shown).set}" for file in files}
    _notice_pieces(found, files, there)
    if files:
        numbered = pl.DataFrame(list(sets.items()), schema={"source": pl.UInt32, "log": pl.String}, orient="row")
        logs = cells.join(numbered.lazy(), on="source")
        _notice_dips(found, files, sets, logs)
        _notice_zones(found, files, sets, logs)
    return found


def _notice_pieces(found: Noticed, files: Sequence[SourceFile], there: Sequence[str]) -> None:
    names = [file.shown for file in files]
    first: dict[str, int] = {}
    for file in files:
        first.setdefault(piece(file.shown).set, file.number)
    # a whole set is no limit, and is not said
    for name, lost in tell_missing(names).items():
        found.note(first[name], f"of {name} these pieces are missing: {lost}")
        found.problems.append(
            f"of {name} these pieces are missing: {lost}. To go on: copy them beside the others, if they still exist"
        )
    for file in files:
        if forgotten := beside(file.shown, there, names):
            more = f" and {len(forgotten) - _SHOWN:,} more" if len(forgotten) > _SHOWN else ""
            found.problems.append(
                f"{', '.join(forgotten[:_SHOWN])}{more} were rotated out of {file.shown} and are not read. "
                f'To go on: write path = "{file.log.path}*" under [[logs]]'
            )


def _notice_dips(found: Noticed, files: Sequence[SourceFile], sets: Mapping[int, str], logs: pl.LazyFrame) -> None:
    # What a client does in a minute counts once: its requests come in clusters.
    hours = logs.group_by("log", hour=pl.col("minute").dt.truncate("1h")).agg(count=pl.len()).collect()
    spans = {
        source: (first, last)
        for source, first, last in logs.group_by("source")
        .agg(first=pl.col("first").min(), last=pl.col("last").max())
        .collect()
        .iter_rows()
    }
    for (log,), rows in hours.sort("log").group_by("log", maintain_order=True):
        mine = [file.number for file in files if sets[file.number] == log and file.number in spans]
        dips = find_dips(rows)
        of_source: dict[int, list[Dip]] = {}
        for dip in dips:
            for source in [one for one in mine if _overlap(spans[one], dip)] or mine[:1]:
                of_source.setdefault(source, []).append(dip)
        for source, its in of_source.items():
            found.dips[source] = len(its)
            for text in _tell_dips(its):
                found.note(source, text)


def _overlap(span: tuple[datetime, datetime], dip: Dip) -> bool:
    return span[0] < dip.end and span[1] >= dip.start


def _tell_dips(dips: Sequence[Dip]) -> Iterator[str]:
    worst = sorted(sorted(dips, key=lambda dip: dip.seen - dip.expected)[:_SHOWN], key=lambda dip: dip.start)
    for dip in worst:
        yield tell_dip(dip)
    if len(dips) > _SHOWN:
        yield f"traffic dips {len(dips) - _SHOWN:,} more times"


def _notice_zones(found: Noticed, files: Sequence[SourceFile], sets: Mapping[int, str], logs: pl.LazyFrame) -> None:
    lines: dict[str, int] = {}
    for file in files:
        lines[sets[file.number]] = lines.get(sets[file.number], 0) + file.lines
    compared = sorted(lines, key=lambda log: (-lines[log], log))[:_COMPARED]
    if len(compared) < 2:
        return
    chosen = logs.filter(pl.col("log").is_in(compared))
    bins = chosen.group_by("log", bin=pl.col("minute").dt.truncate("30m")).agg(count=pl.len()).collect()
    named = chosen.filter(pl.col("host").is_not_null()).group_by("log").agg(pl.col("host").unique()).collect()
    hosts = {log: frozenset(of_log) for log, of_log in named.iter_rows()}
    for off, against, by in blame(find_shifts(bins, hosts), {log: lines[log] for log in compared}):
        one, other = off.partition("\0")[2], against.partition("\0")[2]
        apart = tell_hours(abs(by))
        told = f"{apart} {'later' if by > timedelta(0) else 'earlier'} than that of {other}"
        for file in files:
            if sets[file.number] == off:
                found.note(file.number, f"its traffic rises and falls {told}: its time zone may be wrong")
        found.problems.append(
            f"{one} seems to be {apart} off: its traffic rises and falls {told}. To go on: set timezone under [[logs]] "
            "if its lines carry none, else see whose clock was wrong"
        )


def tell_hours(time: timedelta) -> str:
    """Say a number of hours."""
    hours = time / timedelta(hours=1)
    return f"{hours:g} {'hour' if hours == 1 else 'hours'}"
