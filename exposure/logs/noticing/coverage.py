"""What was read of each source, and what these logs cannot show, in words. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from exposure.incident import Action, Fact
from exposure.logs.digest import MOST_REJECTS
from exposure.logs.intake import Counts
from exposure.logs.noticing.noticed import Noticed
from exposure.logs.reading.sources import SourceFile
from exposure.logs.secrets.purge import secret_notes
from exposure.logs.traffic import Times

LAYER = "lines"
UNREAD = " not read: "
# Above this part of its lines, a source needs a person: its format may be another one.
_MANY = 0.05
UNZONED = "these lines name no zone: UTC was assumed (timezone under [[logs]] says another)"
_STARTS = ("last_known_good", "first_bad")
_ENDS = ("last_bad", "first_known_good")


def coverage_row(file: SourceFile, times: Times, counts: Counts, noticed: Noticed) -> dict[str, object]:
    """Give a source's row of the table coverage. A dip of its traffic is a hole as a silence is."""
    return {
        "source": file.id,
        "layer": LAYER,
        "first": times.first,
        "last": times.last,
        "lines": file.lines,
        "parsed": counts.parsed[file.number],
        "kept": counts.kept[file.number],
        "rejected": counts.rejected[file.number],
        "duplicates": counts.duplicates[file.number],
        "gaps": times.gaps + noticed.dips.get(file.number, 0),
        "note": "; ".join(
            [*_notes(file, times, counts), *_address_notes(file, counts), *noticed.notes.get(file.number, ())]
        ),
    }


def _notes(file: SourceFile, times: Times, counts: Counts) -> Iterator[str]:
    if file.format is not None and file.format.limits:
        yield file.format.limits
    if file.format is not None and not file.format.zoned and file.log.timezone is None:
        yield UNZONED
    if file.damage:
        yield f"cut short: {file.damage}, {_lines(file.lines)} could be read"
    yield from file.remarks
    if times.hole_start is not None:
        yield f"the longest silence is {times.hole_minutes} minutes from {_stamp(times.hole_start)}"
    for name, number in _of(counts.second.read, file):
        yield f"{_lines(number)} {'is' if number == 1 else 'are'} in the format {name}"
    for reason, number in _of(counts.reasons, file):
        yield f"{_lines(number)}{UNREAD}{reason}"
    if number := counts.others[file.number]:
        yield f"{_lines(number)} {'is no request' if number == 1 else 'are no requests'} (names of columns, messages)"
    if counts.rejected[file.number] > MOST_REJECTS:
        yield f"the table rejects holds the first {MOST_REJECTS:,} of {counts.rejected[file.number]:,} lines"


def _address_notes(file: SourceFile, counts: Counts) -> Iterator[str]:
    if file.events and not counts.addressed[file.number]:
        yield "no event names an address: tell under fields = { address = ... } where it stands"
    if number := counts.named[file.number]:
        yield f"{_lines(number)} {'holds' if number == 1 else 'hold'} an ENS name, which is tied to no wallet"
    if number := counts.unread_with_address[file.number]:
        is_, holds = ("is", "holds") if number == 1 else ("are", "hold")
        yield f"{_lines(number)} that {is_} no readable request {holds} an address"
    if number := counts.typos[file.number]:
        yield f"{number:,} {'address has' if number == 1 else 'addresses have'} a wrong checksum: tied to no wallet"
    yield from secret_notes(file.number, counts)


def problems(file: SourceFile, counts: Counts) -> Iterator[str]:
    """Say what of a source needs a person."""
    if file.fault is not None:
        yield f"{file.fault.what}: {file.fault.why}. To go on: {file.fault.fix}"
        return
    if file.damage:
        yield (
            f"{file.shown} is cut short: {file.damage}. The {_lines(file.lines)} before were read. "
            "To go on: copy the file again from where it was made, and see who made it"
        )
    yield from file.lost
    rejected, known = counts.rejected[file.number], file.format
    alike = "".join(f"; the likely format is {name}" for name, _ in _of(counts.second.alike, file)[:1])
    for name, number in _of(counts.second.read, file):
        yield (
            f"{file.shown} holds two formats: {number:,} of {_lines(file.lines)} were read as {name}. "
            "To go on: see whether two logs were joined by mistake"
        )
    if rejected == file.lines:
        name = known.name if known else "lines"
        yield (
            f"no line of {file.shown} could be read: all {_lines(rejected)} were refused as {name}{alike}. "
            "To go on: see the reasons in the table rejects, and correct format under [[logs]]"
        )
    elif rejected > _MANY * file.lines:
        yield (
            f"{rejected:,} of {_lines(file.lines)} of {file.shown} could not be read{alike}. "
            "To go on: see the reasons in the table rejects"
        )


def hostless(files: Sequence[SourceFile], actions: Sequence[Action]) -> list[str]:
    """Warn of actions that ask for a host where lines name none: those lines can never match, whoever did it."""
    asking = ", ".join(action.name for action in actions if "host" in action.match)
    nameless = {
        file.log.path: file.format.name for file in files if file.format and not file.format.names_host and asking
    }
    return [
        f"no line of {path} can match {asking}: the pattern asks for a host, and lines in the format {name} name none. "
        "To go on: take host out of match under [[action]], or log the host"
        for path, name in nameless.items()
    ]


def outside(path: str, times: Sequence[Times], facts: Sequence[Fact]) -> str | None:
    """Warn where no line of a [[logs]] entry lies inside the window that the facts span; None where one may."""
    starts = [fact.time for fact in facts if fact.kind in _STARTS]
    ends = [fact.time for fact in facts if fact.kind in _ENDS]
    first = min((one.first for one in times if one.first is not None), default=None)
    last = max((one.last for one in times if one.last is not None), default=None)
    if first is None or last is None or not (starts or ends):
        return None
    before = bool(starts) and last < min(starts)
    after = bool(ends) and first > max(ends)
    if not (before or after):
        return None
    bounds = [f"from {_stamp(min(starts))}"] if starts else []
    bounds += [f"to {_stamp(max(ends))}"] if ends else []
    window = " ".join(bounds)
    return (
        f"no line of {path} lies inside the window {window} that the facts of incident.toml span: it holds "
        f"{_stamp(first)} to {_stamp(last)}. To go on: add the logs of that time, or correct the facts (zone?)"
    )


def _of(counted: Counter[tuple[int, str]], file: SourceFile) -> list[tuple[str, int]]:
    """Give what was counted of a source, the most first."""
    mine = ((name, number) for (source, name), number in counted.items() if source == file.number and number)
    return sorted(mine, key=lambda named: (-named[1], named[0]))


def _lines(number: int) -> str:
    return f"{number:,} {'line' if number == 1 else 'lines'}"


def _stamp(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"
