"""[disclosure] hold_until: how long a text is held back, and that it ends. Pure but for `note_hold`.

Silence costs the next victim everything, so a hold ends an hour after it was first seen, whatever incident.toml says.
"""

from datetime import datetime, timedelta

from exposure.case import Case
from exposure.incident import Incident
from exposure.publish.times import show_exact

LONGEST = timedelta(hours=1)


def held_until(incident: Incident, since: datetime | None, clock: datetime | None) -> datetime | None:
    """Give until when the texts are held back; None where they are not, or no longer. `since`: when the hold was first seen."""
    if incident.disclosure is None:
        return None
    end = incident.disclosure.hold_until
    if since is not None:
        end = min(end, since + LONGEST)
    return None if clock is not None and clock >= end else end


def hold_problems(incident: Incident, since: datetime | None, clock: datetime | None) -> list[str]:
    """Say loudly that a hold has ended, or that it was meant to be longer than it can be."""
    hold = incident.disclosure
    if hold is None or clock is None:
        return []
    capped = since is not None and since + LONGEST < hold.hold_until
    end = since + LONGEST if capped and since is not None else hold.hold_until
    if clock >= end:
        why = (
            f"an hour after it was first seen, the most that a hold may last ({show_exact(end)})"
            if capped
            else show_exact(end)
        )
        return [f"[disclosure] hold_until has passed ({why}): the texts are no longer held back, post them"]
    if capped:
        return [
            f"[disclosure] hold_until is more than an hour away: the texts are held back until {show_exact(end)}, and no longer"
        ]
    return []


def note_hold(case: Case, incident: Incident, clock: datetime | None) -> datetime | None:
    """Give when this case's hold was first seen, and note it in the manifest; a later hold_until does not start it anew."""
    if incident.disclosure is None or clock is None:
        return None
    with case.manifest() as manifest:
        return datetime.fromisoformat(manifest.setdefault("hold_since", clock.isoformat()))
