"""Carries `exposure preserve` out: reads the case, hashes what arrived, writes the list."""

from pathlib import Path

from exposure.arrivals import evidence_files, hash_files, note_arrivals
from exposure.case import Case, find_case, write_atomically
from exposure.commands import Context
from exposure.errors import ExitCode, ExposureError
from exposure.incident import Incident
from exposure.preserve import LIST_FILE, checklist, choose, lines


def preserve(context: Context, path: Path) -> ExitCode:
    """Write the list and the hashes, and print both. Raises ExposureError where there is no case."""
    folder = find_case(path)
    case = Case(folder)
    incident, faults = _load(folder)
    items = choose(incident)
    file = folder / LIST_FILE
    with case.lock():
        arrivals = note_arrivals(case, hash_files(evidence_files(folder, _named(incident))), context.now)
        before = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
        write_atomically(file, checklist(incident.title if incident else folder.name, items, before).encode())
        held = case.read_manifest()["inputs"]
    told = [*lines(items), "", *faults]
    told += [f"hashed {len(held):,} files, {len(arrivals.new):,} of them new", f"list to tick off: {file}"]
    told += [f"grew: {name}" for name in arrivals.grown]
    told += [f"needs a person: {problem}" for problem in arrivals.problems]
    context.show(
        told,
        {
            "items": [item.to_json() for item in items],
            "list": str(file),
            "inputs": held,
            "new": list(arrivals.new),
            "grown": list(arrivals.grown),
            "problems": list(arrivals.problems),
        },
    )
    return ExitCode.NEEDS_A_PERSON if arrivals.problems else ExitCode.DONE


def _load(folder: Path) -> tuple[Incident | None, list[str]]:
    """Read the incident as far as it is written: evidence does not wait until incident.toml is complete."""
    from exposure.incident_toml import load_incident

    try:
        return load_incident(folder), []
    except ExposureError:
        return None, ["incident.toml is not complete yet: this is the list for any kind of incident"]


def _named(incident: Incident | None) -> list[Path]:
    """Give the local files that [[logs]] names; what is not there yet is no fault here."""
    from exposure.logs.reading.finding import local_files

    return [path for log in incident.logs for path in local_files(incident.folder, log)] if incident else []
