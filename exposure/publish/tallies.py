"""Exact sums per token, and how they are shown. Pure.

Symbols are hostile: anyone can name a token USDC or write a link into its name. A symbol that is not a short plain word is not
shown, and a token other than the native asset always carries its contract's address.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from exposure import amounts
from exposure.amounts import NATIVE, NATIVE_DECIMALS
from exposure.chain.presets import CHAINS
from exposure.incident import Incident

_PLAIN_SYMBOL = re.compile(r"[A-Za-z0-9$+-]{1,12}")


@dataclass(frozen=True, slots=True)
class Tally:
    """What one token adds up to over some wallets. `value` is in base units; NFTs count as items."""

    chain_id: int
    chain: str
    token: str
    symbol: str
    decimals: int | None
    items: bool
    value: int
    wallets: int

    @property
    def native(self) -> bool:
        """Tell whether it is the chain's own asset."""
        return self.token == NATIVE

    @property
    def short(self) -> str:
        """Give the contract's address shortened, where its full form stands elsewhere."""
        return shorten(self.token)

    @property
    def number(self) -> str:
        """Give the exact amount in whole tokens with thousands grouped; base units where the decimals are not known."""
        if self.items:
            return f"{self.value:,}"
        whole, _, fraction = amounts.show(self.value, self.decimals or 0, "").strip().partition(".")
        return f"{int(whole):,}" + (f".{fraction}" if fraction else "")

    @property
    def brief(self) -> str:
        """Give the number cut to what a label holds, where the exact one stands elsewhere: `1,234`, `0.0012`."""
        whole, _, fraction = self.number.partition(".")
        cut = fraction[: max(0, 5 - len(whole))]
        if self.value and whole == "0" and not cut.strip("0"):
            return "<0.0001"
        return whole + (f".{cut}" if cut else "")

    @property
    def unit(self) -> str:
        """Name the token: its symbol where that is a plain word, and what is odd about it."""
        name = self.symbol or "unnamed token"
        if self.items:
            return f"{name} NFT" + ("" if self.value == 1 else "s")
        return name if self.decimals is not None else f"base units of {name}"

    @property
    def text(self) -> str:
        """Write it on one line: `41.5 ETH`, `3,000 USDC (0xa0b8…eb48)`."""
        return f"{self.number} {self.unit}" + ("" if self.native else f" ({shorten(self.token)})")


def shorten(address: str) -> str:
    """Shorten an address for a caption; never where someone must compare it, since look-alikes share both ends."""
    return f"{address[:6]}…{address[-4:]}" if len(address) > 12 else address


def chain_name(incident: Incident, chain_id: int) -> str:
    """Name a chain as incident.toml does."""
    return next((chain.name for chain in incident.chains if chain.id == chain_id), f"chain {chain_id}")


def plain_symbol(symbol: str | None) -> str:
    """Give a token's symbol where it is a short plain word; else nothing."""
    return symbol if symbol and _PLAIN_SYMBOL.fullmatch(symbol) else ""


def token_facts(tables: Mapping[str, pl.DataFrame], incident: Incident) -> dict[tuple[int, str], Tally]:
    """Give an empty tally for each token known; `tokens` of `tables` may be empty. Native assets are known by their chain."""
    symbols = {preset.id: preset.symbol for preset in CHAINS.values()}
    known = {}
    for chain in incident.chains:
        symbol = symbols.get(chain.id, f"native asset of {chain.name}")
        known[chain.id, NATIVE] = Tally(chain.id, chain.name, NATIVE, symbol, NATIVE_DECIMALS, False, 0, 0)
    for row in tables["tokens"].iter_rows(named=True):
        chain_id, token = row["chain_id"], row["token_address"]
        if (chain_id, token) in known and not plain_symbol(row["symbol"]):
            continue
        decimals = NATIVE_DECIMALS if token == NATIVE else row["decimals"]
        items = row["standard"] in ("erc721", "erc1155")
        name = chain_name(incident, chain_id)
        known[chain_id, token] = Tally(chain_id, name, token, plain_symbol(row["symbol"]), decimals, items, 0, 0)
    return known


def tally(rows: pl.DataFrame, known: Mapping[tuple[int, str], Tally], incident: Incident) -> tuple[Tally, ...]:
    """Add up `losses` or `holdings` per token, exactly; native assets first, then by wallets. No rows give nothing.

    A row with a `token_id` is an NFT and counts as one item (ERC-1155: its amount).
    """
    if rows.is_empty():
        return ()
    ids = pl.col("token_id").is_not_null() if "token_id" in rows.columns else pl.lit(value=False)
    rows = rows.with_columns(items=ids)
    by = ["chain_id", "token", "items"]
    sums = amounts.sum_by(rows, by, "amount")
    wallets = rows.group_by(by).agg(pl.col("address").n_unique().alias("wallets"))
    found = []
    for row in sums.join(wallets, on=by, how="left").iter_rows(named=True):
        fact = known.get((row["chain_id"], row["token"]))
        symbol, decimals = (fact.symbol, fact.decimals) if fact else ("", None)
        if fact is None and row["token"] == NATIVE:
            symbol, decimals = "native asset", NATIVE_DECIMALS
        items = row["items"] or (fact is not None and fact.items)
        name = chain_name(incident, row["chain_id"])
        value = int(row["amount"])
        if value:
            found.append(Tally(row["chain_id"], name, row["token"], symbol, decimals, items, value, row["wallets"]))
    return tuple(sorted(found, key=lambda t: (not t.native, -t.wallets, t.chain_id, t.token)))
