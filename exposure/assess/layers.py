"""Which layers of each wallet were looked at, chain by chain, and which were not, and why. Pure.

Wallets with the same answers share their words: a million wallets have a few dozen of them.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from exposure.assess.coverage import Coverage
from exposure.incident import Chain, Incident

_KEYS = ["chain_id", "from_address", "to_address", "token_address", "token_id", "standard"]
# What these layers lack is said of each wallet.
_SAID_BY_WALLET = ("internal", "onward")


def layer_flags(wallets: pl.DataFrame, tables: Mapping[str, pl.DataFrame], incident: Incident) -> pl.DataFrame:
    """Give for each wallet (column address) what was looked at: asked, and chain by chain what `layer_words` asks for.

    A wallet's own history was read where it stands in `candidates`; where that table is empty, everybody's was.
    """
    asked = tables["candidates"].get_column("address").unique()
    flags = wallets.select(
        "address", asked=pl.col("address").is_in(asked.implode()) if asked.len() else pl.lit(value=True)
    )
    unread = _unread_grants(tables)
    for chain in incident.chains:
        here = pl.col("chain_id") == chain.id
        for name, frame in (("balances", tables["balances"]), ("accounts", tables["accounts"]), ("grants", unread)):
            mine = frame.filter(here).get_column("address").unique()
            flags = flags.with_columns(pl.col("address").is_in(mine.implode()).alias(f"{name} {chain.id}"))
        traced = tables["traces"].filter(here).select("address", pl.col("how").alias(f"traces {chain.id}"))
        flags = flags.join(traced, on="address", how="left")
    return flags


def layer_words(wallets: pl.DataFrame, coverage: pl.DataFrame, incident: Incident, found: Coverage) -> pl.DataFrame:
    """Give `covered` and `not_covered` in words for each wallet (columns link and those of `layer_flags`)."""
    names = [name for chain in incident.chains for name in _flag_names(chain)]
    flags = wallets.select("address", "asked", *names, stranger=(pl.col("link") == "chain_only").fill_null(value=False))
    combined = [name for name in flags.columns if name != "address"]
    kinds = flags.select(combined).unique(maintain_order=True)
    words = [_words(row, coverage, incident, found) for row in kinds.iter_rows(named=True)]
    told = kinds.with_columns(
        pl.Series("covered", [covered for covered, _ in words], pl.String),
        pl.Series("not_covered", [missing for _, missing in words], pl.String),
    )
    joined = flags.join(told, on=combined, how="left", nulls_equal=True)
    return joined.select("address", "covered", "not_covered")


def _flag_names(chain: Chain) -> list[str]:
    return [f"{name} {chain.id}" for name in ("balances", "accounts", "grants", "traces")]


def _unread_grants(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Give the owners of approvals of which nobody read how much of them stands: chain_id, address."""
    given = tables["approvals"].select(_KEYS).unique()
    unread = given.join(tables["allowances"].select(_KEYS).unique(), on=_KEYS, how="anti", nulls_equal=True)
    return unread.select("chain_id", address="from_address").unique()


def _words(row: Mapping[str, Any], coverage: pl.DataFrame, incident: Incident, found: Coverage) -> tuple[str, str]:
    """Say what was looked at, and what was not, of wallets with the same answers."""
    covered, missing = [found.span], []
    chains = [(chain, coverage.filter(pl.col("source") == f"chain:{chain.id}")) for chain in incident.chains]
    holdings = any(row[f"balances {chain.id}"] for chain in incident.chains)
    if not row["asked"]:
        covered.append("what went to known attackers" if any(not rows.is_empty() for _, rows in chains) else "")
        own = "its own history on chain" if holdings else "its own history and holdings on chain"
        why = "the attackers' side alone shows it" if row["stranger"] else "it was not drawn as a control"
        missing.append(f"{own}: {why}")
    missing += [*found.log_holes, *found.chain_holes]
    for chain, rows in chains:
        read, unread = _chain_words(row, chain, rows)
        covered += [f"{chain.name}: {', '.join(read)}"] if read else []
        missing += [f"{chain.name}: {text}" for text in unread]
    return "; ".join(text for text in covered if text), "; ".join(missing)


def _chain_words(row: Mapping[str, Any], chain: Chain, rows: pl.DataFrame) -> tuple[list[str], list[str]]:
    """Say the same of one chain; `rows` are its rows of coverage."""
    layers = set(rows.get_column("layer"))
    head, asked, id_ = chain.look == "head", bool(row["asked"]), chain.id
    read: list[str] = []
    unread = ["only what wallets hold of its native asset was looked at, not what they did"] if head else []
    if asked and not head:
        history = {"logs": "transfers and approvals", "native": "plain payments"}
        read += [text for layer, text in history.items() if layer in layers]
    state = {
        "the native balance" if head else "balances": row[f"balances {id_}"],
        "kind of account": row[f"accounts {id_}"],
    }
    if not head and any(state.values()):
        state["standing approvals"] = not row[f"grants {id_}"]
    read += [text for text, known in state.items() if known]
    if layers and not any(state.values()) and (asked or "state" not in layers):
        unread.append(
            "holdings not read" if "state" not in layers else "balances, approvals and kind of account not read"
        )
    elif asked and any(state.values()):
        unread += [f"{text} not read" for text, known in state.items() if not known]
    if "internal" in layers:
        internal, hidden = _internal(row[f"traces {id_}"])
        read += internal
        unread += hidden
    notes = rows.filter(pl.col("note").is_not_null() & ~pl.col("layer").is_in(_SAID_BY_WALLET)).sort("layer")
    unread += [f"{layer}: {note}" for layer, note in notes.select("layer", "note").iter_rows() if note]
    return read, unread


def _internal(how: str | None) -> tuple[list[str], list[str]]:
    """Say what is known of the ether that contracts sent a wallet, or sent on for it."""
    if how == "searched":
        return ["internal ETH by traces"], []
    if how == "known":
        return ["internal ETH of the transactions known of it"], [
            "internal ETH of other transactions: not searched for"
        ]
    if how == "partly":
        return ["internal ETH of a part of its transactions"], [
            "internal ETH of the others: not visible without traces"
        ]
    return [], ["internal ETH: not visible without traces"]
