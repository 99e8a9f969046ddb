"""Tables in, tables out: the whole assessment. Pure."""

from datetime import datetime

import polars as pl

from exposure.assess.attackers import when_seen
from exposure.assess.gathering import gather
from exposure.assess.intake import Given, plain, take_in
from exposure.assess.losses import loss_table
from exposure.assess.outbreak import investigate, set_scene
from exposure.assess.shelf import Shelf
from exposure.assess.sinks import sink_table
from exposure.assess.wallets import judge_wallets
from exposure.incident import Incident


def assess(tables: Given, incident: Incident, now: datetime) -> dict[str, pl.DataFrame]:
    """Find X, the window and the attackers, and judge every wallet, in memory; see `assess_on`."""
    found = assess_on(Shelf(), tables, incident, now)
    return {name: table.collect() for name, table in found.items()}


def assess_on(shelf: Shelf, tables: Given, incident: Incident, now: datetime) -> dict[str, pl.LazyFrame]:
    """Find X, the window and the attackers, and judge every wallet, in little memory: what is large is laid down on the shelf.

    `tables` holds tables by name, read or still to be read (then only what is needed is); missing ones are empty. Gives
    attackers, sinks, attack_rates, windows, losses, holdings, evidence and wallets, each checked and sorted, to be read while the
    shelf stands. Rows dated after `now` (UTC) do not count: a clock that is off must not make the future.
    """
    gathered = gather(investigate(set_scene(take_in(tables, now), incident, shelf)), shelf.together)
    found, losses = gathered.found, loss_table(gathered.found.taken)
    judged = judge_wallets(gathered, shelf)
    approvals = found.scene.approvals.select("value", "to_address", "timestamp")
    whole = {
        "attackers": when_seen(found.attackers, losses, plain(approvals)),
        "sinks": sink_table(found.sinks),
        "attack_rates": found.rates.table,
        "windows": found.windows.table,
        "losses": losses,
    }
    laid = {"holdings": judged.holdings, "evidence": judged.evidence, "wallets": judged.wallets}
    return {name: table.lazy() for name, table in whole.items()} | laid
