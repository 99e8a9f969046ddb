"""Where the case stands: the thin edge that reads it for the war room's line."""

from datetime import datetime

from exposure.case import Case
from exposure.incident import Incident
from exposure.logs.reading.finding import local_files
from exposure.publish.facts import gather
from exposure.publish.texts.advise import READS
from exposure.publish.texts.warroom import Missing, missing_facts, war_room_line


def standing(case: Case, incident: Incident, now: datetime) -> tuple[str, tuple[Missing, ...]]:
    """Give the line and the missing facts. Works at any stage; `now` stands in for as_of where nothing has run yet."""
    tables = {name: case.read(name) for name in READS}
    facts = gather(tables, incident, case.now() or now, clock=now)
    sheet = case.sheet / "affected.xlsx"
    line = war_room_line(
        tables, incident, facts, case.read_manifest(), _log_files(incident), str(sheet) if sheet.exists() else None
    )
    return line, missing_facts(tables, incident, facts)


def _log_files(incident: Incident) -> int | None:
    """Count the files of logs that lie on this machine; buckets and standard input are counted once they are read."""
    return sum(len(local_files(incident.folder, log)) for log in incident.logs) or None
