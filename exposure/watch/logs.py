"""What was followed -> the tables that `exposure ingest` makes of the same files, by the same code."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from exposure.case import Case
from exposure.console import Teller
from exposure.incident import Incident
from exposure.logs.ingest import make_tables
from exposure.logs.reading.sources import SourceFile
from exposure.watch.follow import Follower


def write_tables(
    incident: Incident, case: Case, teller: Teller, follower: Follower, missing: Sequence[str]
) -> Mapping[str, object]:
    """Write the tables of all that was followed; gives the figures of `ingest`. Raises ExposureError where nothing was read."""
    sources = [(file, stream) for file, stream in follower.sources(incident) if file.lines or file.fault]
    files = [file for file, _ in sources]
    return make_tables(incident, case, teller, files, missing, lambda intake: follower.read(sources, intake))


def note_followed(case: Case, files: Sequence[SourceFile], now: datetime) -> None:
    """Note in the manifest the hashes of the logs as they were read: rotation gives a name to another file, which is no fault."""
    there = {file.shown: file for file in files if file.path is not None and file.lines}
    with case.manifest() as manifest:
        known = manifest.setdefault("inputs", {})
        for name, file in there.items():
            before = known.get(name)
            if before is None or before["sha256"] != file.sha256:
                arrived = before["arrived"] if before else now.isoformat()
                known[name] = {"bytes": file.stored, "sha256": file.sha256, "arrived": arrived}
        for name in [name for name in known if name not in there and not (case.folder / name).is_file()]:
            if any(file.shown.startswith(f"{name}@") for file in files):
                del known[name]
