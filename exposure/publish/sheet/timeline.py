"""Tables -> the timeline: what people found out, exposures and losses, in one order of time. Pure."""

import polars as pl

from exposure.amounts import show
from exposure.incident import Incident
from exposure.publish.sheet.columns import visible
from exposure.publish.sheet.pages import (
    Explorers,
    Page,
    Tables,
    address_links,
    lone_reference,
    symbols,
    transaction_links,
    unknown_token,
)
from exposure.tables import TIME, Audience, Column

COLUMNS = (
    Column("time", TIME, "When", "UTC", "partners"),
    Column("what", pl.String, "fact, window, exposure or loss", audience="partners"),
    Column("address", pl.String, "The wallet; empty for facts and windows", audience="partners"),
    Column("text", pl.String, "What happened", audience="partners"),
    Column("attacker", pl.String, "Who got it", audience="public"),
    Column("chain_id", pl.UInt64, "The chain's id (EIP-155)", audience="public"),
    Column("transaction_hash", pl.String, "Hash of the transaction", audience="public"),
    Column("ref", pl.String, "Where it stands: log:SOURCE:LINE, tx:CHAIN:HASH[:LOG], report:N or incident.toml"),
)
_SCHEMA = {column.name: column.dtype for column in COLUMNS}


def timeline_page(tables: Tables, incident: Incident, share: Audience, explorer: str, explorers: Explorers) -> Page:
    """Show exposures and losses in time order, between what people found out and the windows."""
    parts = [_facts(incident), _windows(tables["windows"]), _exposures(tables, incident), _losses(tables)]
    frame = pl.concat(parts).sort("time", "what", "address", "ref", "text", nulls_last=True)
    links = address_links(frame.get_column("address"), explorer) | {
        "transaction_hash": transaction_links(
            frame.get_column("chain_id"), frame.get_column("transaction_hash"), explorers
        )
    }
    return Page("timeline", visible(COLUMNS, share), frame, links, wide=("text",))


def _frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=_SCHEMA)


def _facts(incident: Incident) -> pl.DataFrame:
    return _frame(
        [
            {"time": fact.time, "what": "fact", "text": f"{fact.kind}, by {fact.source}", "ref": "incident.toml"}
            for fact in incident.facts
        ]
    )


def _windows(windows: pl.DataFrame) -> pl.DataFrame:
    """Show the published bounds, where they are known."""
    published = windows.filter((pl.col("method") == "published") & pl.col("estimate").is_not_null())
    rows = []
    for row in published.to_dicts():
        about = f" ({row['action']})" if row["action"] else ""
        text = f"{row['bound']} of {row['window_id']}{about}: {row['reason']}"
        rows.append({"time": row["estimate"], "what": "window", "text": text})
    return _frame(rows)


def _exposures(tables: Tables, incident: Incident) -> pl.DataFrame:
    """Show what exposed each wallet inside the window, one row a sighting."""
    risky = {action.name: action.words for action in incident.actions if action.exposure != "none"}
    inside = (
        tables["sightings"]
        .join(tables["wallets"].select("address", "first_exposed", "last_exposed"), on="address")
        .filter(pl.col("action").is_in(list(risky)) & pl.col("time").is_between("first_exposed", "last_exposed"))
    )
    said = pl.concat_str(
        pl.col("action").replace_strict(risky, default=pl.col("action")), pl.lit(" ("), pl.col("link"), pl.lit(")")
    )
    return inside.select(
        "time",
        pl.lit("exposure").alias("what"),
        "address",
        said.alias("text"),
        pl.lit(None, pl.String).alias("attacker"),
        pl.lit(None, pl.UInt64).alias("chain_id"),
        pl.lit(None, pl.String).alias("transaction_hash"),
        lone_reference(pl.col("link").is_in(["direct", "key"])).alias("ref"),
    ).unique()


def _losses(tables: Tables) -> pl.DataFrame:
    named = symbols(tables["tokens"])
    rows: list[dict[str, object]] = []
    for row in tables["losses"].to_dicts():
        symbol, decimals = named.get((row["chain_id"], row["token"]), unknown_token(row["token"]))
        amount = f"{symbol} #{row['token_id']}" if row["token_id"] else show(int(row["amount"] or 0), decimals, symbol)
        log = "" if row["log_index"] is None else f":{row['log_index']}"
        rows.append(
            {
                "time": row["time"],
                "what": "loss",
                "address": row["address"],
                "text": f"lost {amount}",
                "attacker": row["attacker"],
                "chain_id": row["chain_id"],
                "transaction_hash": row["transaction_hash"],
                "ref": f"tx:{row['chain_id']}:{row['transaction_hash']}{log}",
            }
        )
    return _frame(rows)
