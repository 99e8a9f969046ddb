"""The chain's side of a large case: transfers, transactions, approvals and balances of its wallets. Seeded, vectorised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from exposure.amounts import NATIVE
from exposure.tables import TABLES, TIME

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.large_case import Ints, Shape, Wallets

SLICES = 24
BLOCK, FIRST_BLOCK = 12_000_000, 24_100_000
SERVICES, SPENDERS, COINS = 3_000, 100, 40
# What a transaction is, and how often: pays ether, pays a token, swaps, is paid, is poisoned (a transfer of nothing).
KINDS = {"ether": 0.36, "token": 0.26, "swap": 0.12, "paid": 0.22, "poison": 0.04}


@dataclass(frozen=True, slots=True)
class World:
    """Addresses that numbers stand for: wallets first, then services, tokens, the attackers; strangers are made on the spot."""

    names: pl.Series
    wallets: int
    shape: Shape

    def somebody(self, rng: np.random.Generator, count: int) -> Ints:
        """Draw wallets among those that move anything."""
        active = self.shape.active
        return (rng.integers(0, int(self.wallets * active), count) / active).astype(np.int64)

    @property
    def service(self) -> int:
        """Give the number of the first service: the first ten are routers, the rest exchanges and shops."""
        return self.wallets

    @property
    def token(self) -> int:
        """Give the number of the first token; the native asset stands before it."""
        return self.wallets + SERVICES + 1

    @property
    def sink(self) -> int:
        """Give the number of the sink that is known; the hidden one follows."""
        return self.token + COINS


def write_chain(data: Path, rng: np.random.Generator, people: Wallets, sinks: pl.Series, shape: Shape) -> None:
    """Write transfers, transactions, approvals, balances and tokens."""
    from benchmarks.large_case import hexed, write

    native = pl.Series([NATIVE])
    names = pl.concat([people.addresses, hexed(rng, SERVICES, 20), native, hexed(rng, COINS, 20), sinks])
    world = World(names, people.addresses.len(), shape)
    parts = data / "parts"
    parts.mkdir()
    thefts = _thefts(rng, people, world)
    for number in range(SLICES):
        _slice(rng, world, thefts, number, parts)
    for name in ("transfers", "transactions", "approvals"):
        whole = pl.scan_parquet(parts / f"{name}-*.parquet")
        whole.sink_parquet(data / f"{name}.parquet", compression="zstd", row_group_size=262_144)
    for part in parts.iterdir():
        part.unlink()
    parts.rmdir()
    one = pl.lit(1, pl.UInt64)
    coins = pl.DataFrame({"token_address": names.slice(world.token - 1, COINS + 1)}).with_row_index("n")
    coin = pl.when(pl.col("n") == 0).then(pl.lit("native")).otherwise(pl.lit("erc20"))
    coins = coins.with_columns(
        chain_id=one, standard=coin, symbol=pl.format("T{}", "n"), decimals=pl.lit(18, pl.UInt32)
    )
    write(data, "tokens", coins.drop("n"))
    write(data, "balances", _balances(rng, people, world))


def _thefts(rng: np.random.Generator, people: Wallets, world: World) -> pl.DataFrame:
    """Give two thefts of each robbed wallet, ether and a token, hours after its exposure: who, to, token, time, amount."""
    count = len(people.robbed)
    time = people.exposed_at + (rng.lognormal(1.0, 0.8, count) * 3.6e9).astype(np.int64)
    to = world.sink + (rng.random(count) < 0.3)
    coin = world.token + rng.integers(0, COINS, count)
    ether = pl.DataFrame({"who": people.robbed, "to": to, "token": world.token - 1, "time": time})
    coins = pl.DataFrame({"who": people.robbed, "to": to, "token": coin, "time": time + 24_000_000})
    both = pl.concat([ether.select(pl.all().cast(pl.Int64)), coins.select(pl.all().cast(pl.Int64))])
    return both.with_columns(amount=pl.Series(rng.lognormal(0, 1.5, both.height)))


def _slice(rng: np.random.Generator, world: World, thefts: pl.DataFrame, number: int, parts: Path) -> None:
    """Write one slice of time, sorted as the case folder sorts it."""
    from benchmarks.large_case import DAY, DAYS, START

    length = (DAYS + 2) * DAY // SLICES
    begin = START + number * length
    mine = thefts.filter(pl.col("time").is_between(begin, begin + length, closed="left"))
    rows = _ordinary(rng, world, round(world.wallets * world.shape.transfers / SLICES / 1.12), begin, length)
    stolen = mine.select(
        "time",
        "who",
        "token",
        "amount",
        frm="who",
        to="to",
        signer="who",
        called=pl.when(pl.col("token") == world.token - 1).then("to").otherwise("token"),
        kind=pl.lit("theft"),
    )
    every = pl.concat([rows, stolen.select(rows.columns)]).sort("time")
    named = _place(rng, every, world)
    made = {
        "transfers": _transfers(named),
        "transactions": _transactions(rng, named),
        "approvals": _approvals(rng, world, begin, length),
    }
    for name, table in made.items():
        # By the key alone: it tells all rows apart, and sorting by every column costs more than all the rest.
        ready = table.select(TABLES[name].schema.names()).sort(TABLES[name].key, nulls_last=True)
        ready.write_parquet(parts / f"{name}-{number:02}.parquet", compression="lz4")


def _ordinary(rng: np.random.Generator, world: World, count: int, begin: int, length: int) -> pl.DataFrame:
    """Give ordinary life as numbers: who, from, to, token, signer, called (-1: an address that nobody else uses)."""
    kind = rng.choice(len(KINDS), count, p=list(KINDS.values()))
    who = world.somebody(rng, count)
    service = world.service + np.minimum(rng.zipf(1.3, count) + 9, SERVICES - 1)
    router = world.service + rng.integers(0, 10, count)
    dice = rng.random(count)
    other = np.where(dice < 0.55, service, np.where(dice < 0.7, world.somebody(rng, count), -1))
    coin = world.token + rng.integers(0, COINS, count)
    ether, swap, paid, poison = kind == 0, kind == 2, kind == 3, kind == 4
    token = np.where(ether | (paid & (dice < 0.4)), world.token - 1, coin)
    frm, to = np.where(paid, other, who), np.where(paid, who, np.where(swap, router, np.where(poison, -1, other)))
    signer = np.where(poison, -1, frm)
    called = np.where(swap, router, np.where(token == world.token - 1, to, token))
    rows = pl.DataFrame(
        {"time": begin + rng.integers(0, length, count), "who": who, "token": token}
        | {"amount": np.where(poison, 0.0, rng.lognormal(0, 1.5, count))}
        | {"frm": frm, "to": to, "signer": signer, "called": called}
    )
    return rows.with_columns(kind=pl.Series(list(KINDS)).gather(kind))


def _place(rng: np.random.Generator, rows: pl.DataFrame, world: World) -> pl.DataFrame:
    """Give numbers their addresses, and each transaction its hash and its place in a block; a stranger is new each time."""
    from benchmarks.large_case import START, hexed

    strangers = hexed(rng, rows.height, 20)
    columns = {
        name: world.names.gather(pl.Series(rows[name]).clip(0)).alias(name)
        for name in ("frm", "to", "token", "signer", "called")
    }
    known = {name: rows[name] >= 0 for name in columns}
    named = rows.with_columns(
        [pl.when(known[name]).then(column).otherwise(strangers).alias(name) for name, column in columns.items()]
    )
    block = (pl.col("time") - START) // BLOCK
    return named.with_columns(
        chain_id=pl.lit(1, pl.UInt64),
        block_number=(block + FIRST_BLOCK).cast(pl.UInt64),
        timestamp=(START + block * BLOCK).cast(TIME),
        transaction_hash=hexed(rng, rows.height, 32),
        amount=pl.col("amount").round(6),
        paid_back=world.names.gather(world.token + rng.integers(0, COINS, rows.height)),
    ).with_columns(
        block_hash=pl.format("0x{}{}", pl.lit("a" * 48), (pl.col("block_number") * 99_999_989).cast(pl.String)),
        transaction_index=pl.int_range(pl.len(), dtype=pl.UInt32).over("block_number"),
    )


_PLACE = ["chain_id", "block_number", "block_hash", "timestamp", "transaction_index", "transaction_hash"]


def _value(amount: pl.Expr) -> pl.Expr:
    """Write an amount in base units of a token of 18 decimals."""
    return pl.format("{}{}", (amount * 1_000_000).cast(pl.Int64), pl.lit("0" * 12)).replace("0" * 13, "0")


def _transfers(rows: pl.DataFrame) -> pl.DataFrame:
    """Give table transfers; a swap has a second leg."""
    native = pl.col("token") == NATIVE
    first = rows.select(
        *_PLACE,
        log_index=pl.when(native).then(None).otherwise(pl.col("transaction_index") * 4),
        trace_address=pl.lit(None, pl.String),
        standard=pl.when(native).then(pl.lit("native")).otherwise(pl.lit("erc20")),
        token_address=pl.col("token"),
        from_address="frm",
        to_address="to",
        token_id=pl.lit(None, pl.String),
        value=_value(pl.col("amount")),
        value_f64="amount",
        transaction_from="signer",
        transaction_to="called",
    )
    second = rows.filter(pl.col("kind") == "swap").select(
        *_PLACE,
        log_index=pl.col("transaction_index") * 4 + 1,
        trace_address=pl.lit(None, pl.String),
        standard=pl.lit("erc20"),
        token_address=pl.col("paid_back"),
        from_address="to",
        to_address="frm",
        token_id=pl.lit(None, pl.String),
        value=_value(pl.col("amount") * 2),
        value_f64=pl.col("amount") * 2,
        transaction_from="signer",
        transaction_to="called",
    )
    return pl.concat([first, second])


def _transactions(rng: np.random.Generator, rows: pl.DataFrame) -> pl.DataFrame:
    """Give table transactions: those from or to a wallet; a call's data names its function and carries arguments."""
    from benchmarks.large_case import hexed

    mine = rows.filter((pl.col("kind") != "poison") & ((pl.col("kind") != "paid") | (pl.col("token") == NATIVE)))
    ether = pl.col("token") == NATIVE
    data = pl.concat_str(pl.lit("0xa9059cbb"), pl.lit("0" * 24), hexed(rng, mine.height, 44).str.slice(2))
    shop = ether & (pl.col("amount") < 0.3) & (pl.col("kind") == "ether")
    return mine.select(
        *_PLACE,
        nonce=pl.lit(7, pl.UInt64),
        from_address="signer",
        to_address="called",
        value=pl.when(ether).then(_value(pl.col("amount"))).otherwise(pl.lit("0")),
        value_f64=pl.when(ether).then("amount").otherwise(0.0),
        input=pl.when(ether & ~shop).then(pl.lit("0x")).otherwise(data),
        transaction_type=pl.lit(2, pl.UInt32),
        success=pl.lit(value=True),
        gas_used=pl.lit(21_000, pl.UInt64),
    )


def _approvals(rng: np.random.Generator, world: World, begin: int, length: int) -> pl.DataFrame:
    """Give table approvals: three wallets in ten approve a popular spender."""
    count = round(world.wallets * 0.3 / SLICES)
    rows = pl.DataFrame(
        {"time": begin + rng.integers(0, length, count), "frm": rng.integers(0, world.wallets, count)}
        | {"to": world.service + np.minimum(rng.zipf(1.5, count) - 1, SPENDERS - 1)}
        | {"token": world.token + rng.integers(0, COINS, count), "amount": rng.lognormal(3, 1, count)}
    )
    rows = rows.with_columns(signer="frm", called="token").sort("time")
    return _place(rng, rows, world).select(
        *_PLACE,
        log_index=pl.col("transaction_index") * 4 + 2,
        standard=pl.lit("erc20"),
        token_address=pl.col("token"),
        from_address="frm",
        to_address="to",
        token_id=pl.lit(None, pl.String),
        value=_value(pl.col("amount")),
        value_f64="amount",
        unlimited=pl.lit(value=False),
        transaction_from="signer",
    )


def _balances(rng: np.random.Generator, people: Wallets, world: World) -> pl.DataFrame:
    """Give table balances: everybody's ether and four wallets' in ten token; of the robbed next to nothing."""
    left = np.ones(world.wallets)
    left[people.robbed] = 1e-5
    ether: Ints = np.arange(world.wallets)
    coins = np.flatnonzero(rng.random(world.wallets) < 0.4)
    who = np.concatenate([ether, coins])
    token = np.concatenate([np.full(len(ether), world.token - 1), world.token + coins % COINS])
    amount = pl.Series(rng.lognormal(0, 1, len(who)) * left[who]).round(6)
    return pl.DataFrame({"address": world.names.gather(who), "token_address": world.names.gather(token)}).with_columns(
        chain_id=pl.lit(1, pl.UInt64),
        block_number=pl.lit(24_200_000, pl.UInt64),
        balance=_value(pl.lit(amount)),
        balance_f64=pl.lit(amount),
    )
