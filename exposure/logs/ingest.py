"""Log files -> the tables sources, requests, sightings, traffic, assets, rejects, and their part of coverage."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import polars as pl

from exposure.case import Case
from exposure.console import Teller
from exposure.errors import ExposureError
from exposure.incident import Incident, LogSource
from exposure.logs.assets import study
from exposure.logs.faults import unquoted
from exposure.logs.finish import finish, with_ids
from exposure.logs.formats.known import FORMATS, asked_for
from exposure.logs.intake import Intake
from exposure.logs.noticing.clocks import tell_jumps
from exposure.logs.noticing.coverage import coverage_row, hostless, outside, problems
from exposure.logs.noticing.noticed import Noticed, notice
from exposure.logs.reading.finding import find_places
from exposure.logs.reading.places import Listener, LocalFile, Place
from exposure.logs.reading.reader import Reader, Reading, Taken, read_here
from exposure.logs.reading.sources import BLOCK, SourceFile, name_files
from exposure.logs.secrets.proofs import Proven
from exposure.logs.secrets.purge import count_secrets, secrets_of, to_purge
from exposure.logs.traffic import Times, make_traffic, source_times
from exposure.tables import TABLES

_LINKS = ["direct", "session", "key", "event"]


def ingest(
    incident: Incident, case: Case, teller: Teller, *, block: int = BLOCK, reader: Reader = read_here
) -> dict[str, object]:
    """Read all [[logs]] of an incident into the case's tables, in blocks of so many bytes, by `reader`.

    Gives figures: sources, lines, parsed, kept, rejected, duplicates, secrets, and `problems`, what needs a person. A file that
    cannot be read is a problem, and the rest goes on; raises ExposureError where no line of any could be read. Without [[logs]]
    the tables are empty.
    """
    files, missing = find_files(incident)
    listener = Listener(say=teller.line)

    def read(intake: Intake) -> Iterator[Taken]:
        return reader(Reading(incident, files, case.key(), block, listener, intake.wanted))

    return make_tables(incident, case, teller, files, missing, read)


def make_tables(
    incident: Incident,
    case: Case,
    teller: Teller,
    files: list[SourceFile],
    missing: Sequence[str],
    read: Callable[[Intake], Iterator[Taken]],
) -> dict[str, object]:
    """Take in what `read` gives of `files`, and write the tables. `missing` says what was not found. Gives `ingest`'s figures."""
    said = list(missing)
    with case.scratch("ingest") as scratch:
        intake = Intake(scratch, files)
        with teller.task("reading logs", "lines") as tick:
            done = 0
            with unquoted():
                for taken in read(intake):
                    intake.add(taken.file, taken.digest)
                    done += taken.lines
                    tick(done)
        proven = intake.proofs.settle(intake.seen())
        intake.counts.opening.update(count_secrets(proven.secrets))
        said += [text for file in files for text in problems(file, intake.counts)]
        said += [*hostless(files, incident.actions), *intake.proofs.limits()]
        if done or not incident.logs:
            times = source_times(intake.cells.scan())
            noticed = notice(
                [file for file in files if file.lines], intake.cells.scan(), _beside(incident.folder, files)
            )
            for source, jumps in tell_jumps(intake.jumps, intake.counts.parsed).items():
                for text in jumps:
                    noticed.note(source, text)
            said += noticed.problems
            _write(incident, case, files, intake, times, noticed, proven)
            said += _outside(incident, files, times)
        # last: it is what remains to be done when all else is read
        said += [text for file in files for text in to_purge(file, intake.counts)]
    if incident.logs and not intake.counts.parsed.total():
        raise ExposureError("no log could be read", "; ".join(said), "correct [[logs]] in incident.toml, or the files")
    return {**_figures(files, intake, done), "problems": said}


def _figures(files: Sequence[SourceFile], intake: Intake, lines: int) -> dict[str, int]:
    counts = intake.counts
    return {
        "sources": sum(file.lines > 0 for file in files),
        "lines": lines,
        "parsed": counts.parsed.total(),
        "kept": counts.kept.total(),
        "rejected": counts.rejected.total(),
        "duplicates": counts.duplicates.total(),
        "secrets": sum(secrets_of(file.number, counts) for file in files),
    }


def find_files(incident: Incident) -> tuple[list[SourceFile], list[str]]:
    """Find the files of all [[logs]], and say what is missing."""
    found: list[tuple[LogSource, Place]] = []
    missing: list[str] = []
    for log in incident.logs:
        try:
            _check(log)
            found += [(log, place) for place in find_places(incident.folder, log)]
        except ExposureError as error:
            missing.append(f"{error.what}: {error.why}. To go on: {error.fix}")
    return name_files(incident.folder, found), missing


def _check(log: LogSource) -> None:
    """Refuse what incident.toml may ask for and this version cannot do: read wrongly would be worse than not read."""
    asked = f"logs {log.path} cannot be read"
    for proxy in log.trusted_proxies:
        try:
            ip_network(proxy, strict=False)
        except ValueError:
            raise ExposureError(
                asked, f"trusted_proxies: {proxy!r} is no network", "write 10.0.0.0/8 or an IP address"
            ) from None
    asked_for(log)
    if log.fields and log.format != "auto" and not FORMATS[log.format].objects:
        raise ExposureError(
            asked, f"the lines of {log.format} have no named fields", "take fields out, or correct format"
        )


def _beside(folder: Path, files: Sequence[SourceFile]) -> list[str]:
    """Give the names of the files that lie beside those that were read."""
    folders = {file.path.parent for file in files if file.path is not None}
    return sorted(LocalFile(path).name(folder) for parent in folders for path in parent.iterdir() if path.is_file())


def _write(
    incident: Incident,
    case: Case,
    files: list[SourceFile],
    intake: Intake,
    times: Mapping[int, Times],
    noticed: Noticed,
    proven: Proven,
) -> None:
    """Finish what needs all lines (sessions, versions of files), and write the tables."""
    ids = {file.number: file.id for file in files}
    found = study(intake.fetches, intake.files, incident.assets)
    gap = max((log.session_gap for log in incident.logs), default=timedelta(minutes=30))
    events = [file.number for file in files if file.events]
    finished = finish(intake, found, ids, gap, intake.scratch, events=events, proven=proven)
    intake.counts.kept.update(finished.kept)
    typos = intake.mentions.scan().filter("typo").group_by("source").agg(pl.col("address").n_unique()).collect()
    intake.counts.typos.update(dict(typos.iter_rows()))
    case.write_parts("requests", finished.parts("requests"))
    others = case.scan("sightings").filter(~pl.col("link").is_in(_LINKS)).collect(engine="streaming")
    finished.sightings.add(others)
    case.write_parts("sightings", finished.parts("sightings"))
    case.write("secrets", with_ids(proven.secrets, ids))
    case.write("traffic", make_traffic(intake.cells.scan()))
    case.write("assets", found.assets)
    case.write("rejects", with_ids(pl.concat(intake.unread).drop("secrets"), ids))
    read = [file for file in files if file.lines]
    rows = [coverage_row(file, times.get(file.number, Times()), intake.counts, noticed) for file in read]
    case.write_part("coverage", TABLES["coverage"].frame(rows), ~pl.col("source").str.starts_with("chain:"))
    case.write("sources", TABLES["sources"].frame([_source_row(file) for file in read]))


def _outside(incident: Incident, files: list[SourceFile], times: Mapping[int, Times]) -> list[str]:
    """Say which [[logs]] hold nothing of the time that matters."""
    warnings = []
    for log in incident.logs:
        of_log = [times[file.number] for file in files if file.log is log and file.number in times]
        warnings.append(outside(log.path, of_log, incident.facts))
    return [text for text in warnings if text]


def _source_row(file: SourceFile) -> dict[str, object]:
    assert file.format is not None
    return {
        "source": file.id,
        "path": file.shown,
        "kind": "events" if file.events else "access",
        "format": file.format.name,
        "bytes": file.stored,
        "sha256": file.sha256,
        "lines": file.lines,
    }
