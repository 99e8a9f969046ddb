"""Tables -> the pages of the workbook: what each shows, in what order, with which links. Pure; sheet_xlsx.py writes them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from exposure.amounts import NATIVE, NATIVE_DECIMALS, show, sum_by
from exposure.publish.sheet.columns import JUDGED_NAMES, PEOPLE, PEOPLE_NAMES, VERSION, tool_columns, visible
from exposure.publish.sheet.diff import OVERRIDES, READABLE
from exposure.publish.sheet.rows import SheetRows
from exposure.tables import TABLES, Audience, Column

Tables = Mapping[str, pl.DataFrame]
# chain id -> base URL of its explorer.
Explorers = Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Page:
    """One sheet.

    `links` gives URLs, row by row, for a column; `people` are the columns that people fill; `typed` are the cells of the
    tool that a person wrote over, by row and column; `wide` are columns whose text makes a row higher, `clipped` those whose
    text ends at the row's height.
    """

    name: str
    columns: tuple[Column, ...]
    frame: pl.DataFrame
    links: Mapping[str, pl.Series] = field(default_factory=dict)
    people: tuple[str, ...] = ()
    typed: Mapping[tuple[int, str], str] = field(default_factory=dict)
    wide: tuple[str, ...] = ()
    clipped: tuple[str, ...] = ()


_WIDE = ("at_risk", "lost", "attention", "actions")
# The same long words in most rows: whoever wants to read on opens the cell.
_CLIPPED = ("remedy", "covered", "not_covered")


# Where an owner sees and revokes approvals; besides the explorer the only place that a link leads to.
APPROVAL_CHECKER = "https://revoke.cash/address"


def wallets_page(rows: SheetRows, explorer: str, chain: int | None = None) -> Page:
    """Show one row per wallet: the tool's columns, then people's, then those that people added.

    Where approvals to attackers stand, their number leads to the approval checker on the incident's first chain.
    """
    overrides: list[dict[str, str]] = [
        json.loads(text or "{}") for text in rows.written.get_column(OVERRIDES).to_list()
    ]
    typed = {
        (number, name): text
        for number, row in enumerate(overrides)
        for name, text in row.items()
        if name in JUDGED_NAMES
    }
    frame = rows.values.with_columns(
        rows.written.get_column("attention").replace("", None),
        rows.marks,
        *(pl.Series(name, [row.get(name) for row in overrides], dtype=pl.String) for name in rows.extras),
    )
    extras = tuple(Column(name, pl.String, "A column that a person added") for name in rows.extras)
    columns = (*tool_columns(), *PEOPLE, *extras, VERSION)
    readable = pl.when(READABLE).then("address")
    links = address_links(frame.select(readable.alias("address")).to_series(), explorer)
    if chain is not None:
        where = pl.concat_str(pl.lit(f"{APPROVAL_CHECKER}/"), readable, pl.lit(f"?chainId={chain}"))
        links["live_approvals"] = frame.select(pl.when(pl.col("live_approvals") > 0).then(where)).to_series()
    return Page("wallets", columns, frame, links, (*PEOPLE_NAMES, *rows.extras), typed, _WIDE, _CLIPPED)


def shared_wallets_page(wallets: pl.DataFrame, share: Audience, explorer: str) -> Page:
    """Show the wallets to a wider circle: by address, since a ranked list is a list of targets."""
    frame = wallets.sort("address")
    columns = visible((column for column in tool_columns() if column.name in frame.columns), share)
    links = address_links(frame.get_column("address"), explorer)
    return Page("wallets", columns, frame, links, wide=_WIDE, clipped=_CLIPPED)


def drained_victims(tables: Tables) -> tuple[pl.DataFrame, str]:
    """Give the wallets that lost everything to the attackers, by address, and what to say of those that are left out.

    Whoever still holds something is left out, since thieves read public lists too; so is who was robbed by the same thief
    with no tie to this incident.
    """
    wallets = tables["wallets"]
    exclusive = tables["attackers"].filter("exclusive").get_column("address")
    theirs = tables["losses"].filter(pl.col("attacker").is_in(exclusive.implode())).get_column("address")
    tied = (pl.col("link_to_incident") != "chain_only") | pl.col("address").is_in(theirs.implode())
    robbed = wallets.filter(pl.col("verdict").is_in(["compromised", "probable"]) & pl.col("lost").is_not_null() & tied)
    drained = robbed.filter(pl.col("harm") == "drained").sort("address")
    kept_back = robbed.height - drained.height
    said = (
        f"{drained.height} of {robbed.height} wallets with losses are named; {kept_back} are left out, since something may "
        "be left to steal from them"
    )
    return drained, said if kept_back else ""


def victims_page(tables: Tables, explorer: str) -> tuple[Page, list[str]]:
    """Show who lost everything to the attackers; gives what to say of those that are left out, too."""
    drained, said = drained_victims(tables)
    frame = drained.select("address", "lost")
    columns = (
        Column("address", pl.String, "A wallet that lost everything to these attackers", audience="public"),
        Column("lost", pl.String, "What went to the attacker, exact, per token", "whole tokens", "public"),
    )
    links = address_links(frame.get_column("address"), explorer)
    return Page("victims", columns, frame, links, wide=("lost",)), [said] if said else []


def evidence_page(tables: Tables, share: Audience, explorer: str, explorers: Explorers) -> Page:
    """Show every reason, by wallet. What would tie wallets to each other by their visits is left out in every circle."""
    columns = visible(TABLES["evidence"].columns, share)
    frame = _untied(tables["evidence"]).sort(
        "address", pl.col("weight").abs().neg(), "code", "ref", "text", nulls_last=True
    )
    if share != "team":  # how sure a link is, is a chance
        frame = frame.with_columns(pl.col("text").str.replace_all(r" \(strength [0-9.e-]+\)", ""))
    links = {
        **address_links(frame.get_column("address"), explorer),
        "ref": reference_links(frame.get_column("ref"), explorers),
    }
    return Page("evidence", columns, frame, links, wide=("text",))


def _untied(evidence: pl.DataFrame) -> pl.DataFrame:
    """Leave out that two wallets belong to one visitor: N1's other wallet, and log lines that several wallets share.

    `exposure explain` shows both to whoever holds the case folder.
    """
    own = pl.col("code") == "N1"
    direct = pl.col("code").is_in(["X1", "K1", "K2", "K3"])
    return evidence.with_columns(
        pl.when(own)
        .then(pl.lit("it moved assets to an address that is tied to its owner"))
        .otherwise("text")
        .alias("text"),
        pl.when(~own).then(lone_reference(direct)).alias("ref"),
    ).unique(maintain_order=True)


def lone_reference(direct: pl.Expr) -> pl.Expr:
    """Give `ref`, but a log line that several wallets refer to only where one alone does so directly; else null."""
    shared = pl.col("ref").str.starts_with("log:") & (pl.col("address").n_unique().over("ref") > 1)
    mine = direct & (pl.col("address").filter(direct).n_unique().over("ref") == 1)
    return pl.when(~shared.fill_null(value=False) | mine).then("ref")


ATTACKER_TOTALS = (
    Column("wallets", pl.UInt32, "Wallets of this case that lost something to it", audience="public"),
    Column("losses", pl.UInt32, "Losses to it that were seen", audience="public"),
    Column("taken", pl.String, "What it took from wallets of this case, exact, per token", "whole tokens", "public"),
)


def attackers_page(tables: Tables, explorer: str, explorers: Explorers) -> Page:
    """Show the attacker's addresses, with what each took from whom, in numbers."""
    losses = tables["losses"]
    took = losses.group_by("attacker").agg(
        pl.col("address").n_unique().cast(pl.UInt32).alias("wallets"), pl.len().cast(pl.UInt32).alias("losses")
    )
    frame = (
        tables["attackers"]
        .join(took, left_on="address", right_on="attacker", how="left")
        .join(_taken(losses, tables["tokens"]), left_on="address", right_on="attacker", how="left")
        .with_columns(pl.col("wallets", "losses").fill_null(0))
        .sort("wallets", "losses", "address", "role", descending=[True, True, False, False])
    )
    chains = frame.get_column("chain_id").to_list()
    urls = [
        _url(explorers.get(chain, "") if chain is not None else explorer, "address", address)
        for chain, address in zip(chains, frame.get_column("address").to_list(), strict=True)
    ]
    links = {"address": pl.Series(urls, dtype=pl.String)}
    return Page("attackers", (*TABLES["attackers"].columns, *ATTACKER_TOTALS), frame, links)


def _taken(losses: pl.DataFrame, tokens: pl.DataFrame) -> pl.DataFrame:
    """Add up what each attacker took: exact, one text."""
    sums = sum_by(losses.filter(pl.col("token_id").is_null()), ["attacker", "chain_id", "token"], "amount")
    nfts = (
        losses.drop_nulls("token_id")
        .group_by("attacker", "chain_id", "token")
        .len("amount")
        .cast({"amount": pl.String})
    )
    named = symbols(tokens)
    texts: dict[str, list[str]] = {}
    for attacker, chain, token, amount in sums.iter_rows():
        symbol, decimals = named.get((chain, token), unknown_token(token))
        texts.setdefault(attacker, []).append(show(int(amount), decimals, symbol))
    for attacker, chain, token, count in nfts.sort("attacker", "chain_id", "token").iter_rows():
        texts.setdefault(attacker, []).append(f"{count} NFT of {named.get((chain, token), unknown_token(token))[0]}")
    rows = [{"attacker": attacker, "taken": "; ".join(parts)} for attacker, parts in sorted(texts.items())]
    return pl.DataFrame(rows, schema={"attacker": pl.String, "taken": pl.String})


def symbols(tokens: pl.DataFrame) -> dict[tuple[int, str], tuple[str, int | None]]:
    """Give symbol and decimals by (chain, token)."""
    rows = tokens.select("chain_id", "token_address", "symbol", "decimals").iter_rows()
    return {(chain, token): (symbol or unknown_token(token)[0], decimals) for chain, token, symbol, decimals in rows}


def unknown_token(token: str) -> tuple[str, int | None]:
    """Name a token that no table knows: the native asset, or its contract."""
    return ("native", NATIVE_DECIMALS) if token == NATIVE else (token, None)


def coverage_page(tables: Tables, share: Audience) -> Page:
    """Show what was read and pulled, and what was not."""
    return Page("coverage", visible(TABLES["coverage"].columns, share), tables["coverage"], wide=("note",))


def reference_links(references: pl.Series, explorers: Explorers) -> pl.Series:
    """Give the explorer's page of every `tx:CHAIN:HASH[:LOG]`; null for the others."""
    parts = references.str.extract_groups(r"^tx:(?<chain>[0-9]{1,18}):(?<hash>0x[0-9a-f]{64})(?::|$)").struct
    return transaction_links(parts.field("chain").cast(pl.UInt64), parts.field("hash"), explorers)


def transaction_links(chains: pl.Series, hashes: pl.Series, explorers: Explorers) -> pl.Series:
    """Give the explorer's page of every transaction; null where there is no explorer."""
    known = {chain: f"{base}/tx/" for chain, base in explorers.items() if base}
    if not known:
        return pl.Series([None] * chains.len(), dtype=pl.String)
    pages = chains.replace_strict(known, default=None, return_dtype=pl.String)
    return pl.select(pl.concat_str(pages, hashes)).to_series()


def address_links(addresses: pl.Series, explorer: str) -> dict[str, pl.Series]:
    """Give the explorer's page of every address of a column, by the column's name; nothing without an explorer."""
    if not explorer:
        return {}
    return {addresses.name: pl.select(pl.concat_str(pl.lit(f"{explorer}/address/"), addresses)).to_series()}


def _url(base: str, kind: str, what: str) -> str | None:
    return f"{base}/{kind}/{what}" if base else None
