"""Tables in, tables out: the whole assessment. Pure."""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from exposure.assess.attackers import when_seen
from exposure.assess.losses import loss_table
from exposure.assess.outbreak import investigate, set_scene
from exposure.assess.sinks import sink_table
from exposure.assess.wallets import judge_wallets
from exposure.incident import Incident


def assess(tables: Mapping[str, pl.DataFrame], incident: Incident, now: datetime) -> dict[str, pl.DataFrame]:
    """Find X, the window and the attackers, and judge every wallet.

    `tables` holds tables by name; missing ones are empty. Gives attackers, sinks, attack_rates, windows, losses, holdings,
    evidence and wallets, each checked and sorted. Rows dated after `now` (UTC) do not count: a clock that is off must not
    make the future.
    """
    past = {name: _until(frame, now) for name, frame in tables.items()}
    found = investigate(set_scene(past, incident))
    judged = judge_wallets(found)
    losses = loss_table(found.taken)
    return {
        "attackers": when_seen(found.attackers, losses, found.scene.approvals),
        "sinks": sink_table(found.sinks),
        "attack_rates": found.rates.table,
        "windows": found.windows.table,
        "losses": losses,
        "holdings": judged.holdings,
        "evidence": judged.evidence,
        "wallets": judged.wallets,
    }


def _until(frame: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Leave out what is dated later than `now`; nothing else is filtered by time."""
    column = next((name for name in ("time", "timestamp") if name in frame.columns), None)
    return frame if column is None else frame.filter((pl.col(column) <= now).fill_null(value=True))
