"""Plans of moves and approvals -> what really moved: amounts settled per wallet and asset in the order of time. Pure.

Fees are left out: what a wallet holds is all that can be taken from it.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from exposure.drill.mass.town import ETH, GOV, USDX, Numbers, Town

# One move: `amount` in the asset's units (null: all that is there), `sender` of the transaction, `called` by it, `tx` its number,
# `input` plain, call or text.
MOVES = pl.Schema(
    {
        "time": pl.Float64,
        "frm": pl.Int64,
        "to": pl.Int64,
        "asset": pl.Int64,
        "amount": pl.Int64,
        "sender": pl.Int64,
        "called": pl.Int64,
        "tx": pl.Int64,
        "input": pl.String,
        "why": pl.String,
    }
)
# One approval: `amount` in units, -1 unlimited, 0 taken back.
APPROVALS = pl.Schema(
    {
        "time": pl.Float64,
        "owner": pl.Int64,
        "spender": pl.Int64,
        "asset": pl.Int64,
        "amount": pl.Int64,
        "sender": pl.Int64,
        "called": pl.Int64,
        "tx": pl.Int64,
    }
)
# Nobody sends less of their own will.
LEAST = {ETH: 100_000, USDX: 1_000_000, GOV: 10**8}
_SPENT_MOST = 0.7


@dataclass(slots=True)
class Plan:
    """Collects moves and approvals; `number` gives transactions their numbers."""

    town: Town
    moves: list[pl.DataFrame] = field(default_factory=list)
    approvals: list[pl.DataFrame] = field(default_factory=list)
    number: int = 0

    def transactions(self, count: int) -> Numbers:
        """Give so many new transactions."""
        self.number += count
        return np.arange(self.number - count, self.number)

    def token(self, asset: NDArray[np.int64]) -> Numbers:
        """Give the contract of each asset; -1 for ether."""
        table = np.full(4, -1)
        for one, contract in self.town.parties.tokens.items():
            table[one] = contract
        return table[asset]

    def move(self, why: str, **columns: object) -> Numbers:
        """Add moves, each in a transaction of its own unless `tx` is given; gives the transactions.

        Needed are time, frm, to, asset; a plain payment is sent by its payer to the recipient, or to the token's contract.
        """
        frame = pl.DataFrame(columns)
        if frame.is_empty():
            return np.zeros(0, dtype=np.int64)
        count = frame.height
        given = dict(columns)
        asset = np.broadcast_to(np.asarray(given["asset"]), count)
        frame = frame.with_columns(pl.Series("asset", asset))
        contract = self.token(asset)
        to = frame.get_column("to").to_numpy()
        defaults: dict[str, Any] = {
            "amount": pl.Series("amount", [None] * count, pl.Int64),
            "sender": frame.get_column("frm"),
            "called": np.where(contract < 0, to, contract),
            "tx": self.transactions(count) if "tx" not in given else None,
            "input": np.where(contract < 0, "plain", "call"),
        }
        frame = frame.with_columns(
            *[
                pl.lit(value).alias(name) if np.isscalar(value) else pl.Series(name, value)
                for name, value in defaults.items()
                if name not in given
            ],
            why=pl.lit(why),
        )
        self.moves.append(frame.select(pl.col(name).cast(dtype) for name, dtype in MOVES.items()))
        return frame.get_column("tx").to_numpy()

    def approve(self, **columns: object) -> Numbers:
        """Add approvals, each in a transaction of its owner's unless `tx` and `sender` are given; gives the transactions."""
        frame = pl.DataFrame(columns)
        if frame.is_empty():
            return np.zeros(0, dtype=np.int64)
        asset = frame.get_column("asset").to_numpy()
        rest: dict[str, Any] = {"sender": frame.get_column("owner"), "called": self.token(asset)}
        if "tx" not in columns:
            rest["tx"] = self.transactions(frame.height)
        frame = frame.with_columns(pl.Series(name, value) for name, value in rest.items() if name not in columns)
        self.approvals.append(frame.select(pl.col(name).cast(dtype) for name, dtype in APPROVALS.items()))
        return frame.get_column("tx").to_numpy()

    def settle(self) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Give the moves that happened with their amounts, the approvals, and what is held in the end (address, asset, held)."""
        moves = pl.concat([pl.DataFrame(schema=MOVES), *self.moves]).sort("time", "tx", maintain_order=True)
        approvals = pl.concat([pl.DataFrame(schema=APPROVALS), *self.approvals]).sort("time", "tx", maintain_order=True)
        purses = self._purses()
        moves = _affordable(moves.filter(pl.col("frm") != pl.col("to")), purses, self.town.wallets)
        moves = _fill(moves, purses)
        ins = moves.select("asset", address="to", held="amount")
        outs = moves.select("asset", address="frm", held=-pl.col("amount"))
        first = purses.select("asset", address="frm", held="purse")
        held = pl.concat([first.select(ins.columns), ins, outs]).group_by("address", "asset").agg(pl.col("held").sum())
        # The exchange, the router and the like have more than anybody asks for.
        return moves, approvals, held.with_columns(pl.col("held").clip(0)).sort("address", "asset")

    def _purses(self) -> pl.DataFrame:
        parts = [
            pl.DataFrame({"frm": np.arange(self.town.wallets), "asset": asset, "purse": amounts}).cast(pl.Int64)
            for asset, amounts in self.town.purse.items()
        ]
        return pl.concat(parts).filter(pl.col("purse") > 0)


def _affordable(moves: pl.DataFrame, purses: pl.DataFrame, wallets: int) -> pl.DataFrame:
    """Leave out what a wallet of the town cannot pay: more than most of its purse in all, or anything after it was emptied."""
    rows = moves.join(purses, on=["frm", "asset"], how="left")
    emptied = moves.filter(pl.col("amount").is_null()).group_by("frm", "asset").agg(emptied=pl.col("time").min())
    rows = rows.join(emptied, on=["frm", "asset"], how="left").sort("time", "tx", maintain_order=True)
    spent = pl.col("amount").fill_null(0).cum_sum().over("frm", "asset")
    own = (pl.col("why") == "life") & (pl.col("frm") < wallets)
    late = (pl.col("time") >= pl.col("emptied")).fill_null(value=False)
    poor = (spent > _SPENT_MOST * pl.col("purse").fill_null(0)) & (pl.col("amount") > 0)
    # One leg of a trade that cannot be paid takes the other with it.
    bad = (own & pl.col("amount").is_not_null() & (late | poor)).any().over("tx")
    return rows.filter(~bad).select(moves.columns)


def _fill(moves: pl.DataFrame, purses: pl.DataFrame) -> pl.DataFrame:
    """Settle moves of everything: what the purse held and what came in since the last such move, less what went out."""
    everything = moves.filter(pl.col("amount").is_null()).select("frm", "asset").unique()
    parts = moves.with_row_index("row")
    outs = parts.select("row", "time", "asset", address="frm", change=-pl.col("amount"))
    ins = parts.filter(pl.col("amount").is_not_null()).select("row", "time", "asset", address="to", change="amount")
    rows = pl.concat([outs, ins.select(outs.columns)]).join(
        everything.rename({"frm": "address"}), on=["address", "asset"], how="semi"
    )
    rows = rows.sort("address", "asset", "time", "row")
    ends = pl.col("change").is_null()
    key = ["address", "asset"]
    # Rows up to and with a move of everything form one stretch.
    rows = rows.with_columns(stretch=(ends.cum_sum() - ends.cast(pl.UInt32)).over(key))
    rows = rows.join(purses.rename({"frm": "address"}), on=key, how="left")
    begins = pl.when(pl.col("stretch") == 0).then(pl.col("purse").fill_null(0)).otherwise(0)
    sums = (
        rows.with_columns(begins=begins)
        .group_by(*key, "stretch")
        .agg(
            taken=pl.col("change").fill_null(0).sum() + pl.col("begins").first(), row=pl.col("row").filter(ends).first()
        )
    )
    taken = sums.drop_nulls("row").select("row", "taken")
    filled = parts.join(taken, on="row", how="left").with_columns(amount=pl.coalesce("amount", "taken"))
    return filled.filter((pl.col("amount") > 0) | (pl.col("why") == "pretence")).sort("row").select(moves.columns)
