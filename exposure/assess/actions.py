"""The actions of the incident: which of them expose their doer. Pure."""

from collections.abc import Collection

import polars as pl

from exposure.incident import Exposure, Incident

ACTIONS = pl.Schema({"action": pl.String, "exposure": pl.String, "cleared": pl.Boolean, "exposing": pl.Boolean})


def action_frame(incident: Incident, vetoed: Collection[str] = ()) -> pl.DataFrame:
    """Give one row an action: its exposure, whether a person cleared it, and whether it exposes its doer.

    A cleared action does not expose, unless the data vetoes that (`vetoed`): a named person vouches, the harmed object.
    """
    rows = []
    for action in incident.actions:
        cleared = action.cleared_by is not None
        exposing = action.exposure != "none" and (not cleared or action.name in vetoed)
        rows.append((action.name, action.exposure, cleared, exposing))
    return pl.DataFrame(rows, schema=ACTIONS, orient="row")


def exposures_of(incident: Incident) -> tuple[Exposure, ...]:
    """Give the kinds of exposure that the incident can hold; both where no action tells."""
    found = {action.exposure for action in incident.actions if action.exposure != "none" and action.cleared_by is None}
    return tuple(kind for kind in ("key", "approval") if kind in found) or ("key", "approval")
