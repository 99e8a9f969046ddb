"""Tables in, tables out: the whole assessment. Pure."""

from datetime import datetime

import polars as pl

from exposure.assess.attackers import when_seen
from exposure.assess.intake import Given, plain, take_in
from exposure.assess.outbreak import investigate, set_scene
from exposure.assess.sinks import sink_table
from exposure.assess.wallets import judge_wallets
from exposure.incident import Incident


def assess(tables: Given, incident: Incident, now: datetime) -> dict[str, pl.DataFrame]:
    """Find X, the window and the attackers, and judge every wallet.

    `tables` holds tables by name, read or still to be read (then only what is needed is); missing ones are empty. Gives
    attackers, sinks, attack_rates, windows, losses, holdings, evidence and wallets, each checked and sorted. Rows dated after
    `now` (UTC) do not count: a clock that is off must not make the future.
    """
    intake = take_in(tables, now)
    found = investigate(set_scene(intake, incident))
    judged = judge_wallets(found)
    return {
        "attackers": when_seen(found.attackers, judged.losses, plain(found.scene.approvals)),
        "sinks": sink_table(found.sinks),
        "attack_rates": found.rates.table,
        "windows": found.windows.table,
        "losses": judged.losses,
        "holdings": judged.holdings,
        "evidence": judged.evidence,
        "wallets": judged.wallets,
    }
