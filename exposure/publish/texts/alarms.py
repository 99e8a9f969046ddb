"""Does anything but the team's word show an attack? A false alarm tells thousands of safe people to move their funds. Pure."""

from collections.abc import Mapping

import polars as pl

NOTHING_SHOWN = (
    "nothing in the logs or on the chain shows an attack (no loss, no approval to an attacker, no served file that came and went): "
    "the texts rest on incident.toml alone; let a person decide before they are posted"
)


def unshown_attack(tables: Mapping[str, pl.DataFrame]) -> tuple[str, ...]:
    """Warn where logs and chain were both read and neither shows an attack; empty where something does, or where they were not."""
    read = tables["coverage"].get_column("source").str.starts_with("chain:")
    if not (read.any() and (~read).any()):
        return ()
    harmed = tables["wallets"].filter(pl.col("verdict").is_in(["compromised", "probable"]))
    suspected = tables["sinks"].filter(pl.col("verdict") != "ordinary")
    file = tables["windows"].filter(pl.col("method") == "asset")
    return () if harmed.height or suspected.height or file.height or tables["losses"].height else (NOTHING_SHOWN,)
