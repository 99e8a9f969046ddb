"""A case folder of any size, as ingest and pull would leave it: tables with a known attack in them. Seeded, vectorised.

Twelve days of a web wallet. Three wallets in ten enter their recovery phrase now and then; from T1 to T2 a script sends the phrases
off, and half of those who typed one are emptied within hours, into two addresses of which the team knows one. Everybody pays
exchanges, swaps on routers, gets paid, and approves spenders. All wallets' histories were read: the hardest case, and
what `candidates` asks for where so many did what exposes at some time.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.large_chain import write_chain
from exposure.incident import Action, Attacker, Chain, Exposure, Fact, Incident, WindowSettings
from exposure.tables import TABLES, TIME

EACH = 20  # sightings a wallet
DAYS, SECOND = 12, 1_000_000
START = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp()) * SECOND
DAY, HOUR = 86_400 * SECOND, 3_600 * SECOND
T1, T2 = START + 8 * DAY + 9 * HOUR, START + 8 * DAY + 15 * HOUR
NOW = datetime(2026, 3, 20, tzinfo=UTC)
TYPISTS, HARMED = 0.3, 0.5
CHUNK = 50_000  # wallets made at a time

ACTIONS = ("entered_seed_phrase", "unlocked_keystore", "connected_hardware", "sent_transaction", "viewed_balance")
# Shares of what a wallet does with each sighting; what is left is no action: a request that only carries the address.
OF_TYPISTS, OF_OTHERS = (0.15, 0.0, 0.0, 0.08, 0.47), (0.0, 0.02, 0.06, 0.05, 0.55)
HOSTS, STATES = ("examplewallet.com", "www.examplewallet.com"), ("bad", "good", "mixed", "unknown")

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shape:
    """How a case is shaped: transfers a wallet, the part of the wallets that any are of, and whether a few hoard sightings.

    The shape that is dear has twenty transfers of every wallet; on a real site most people come a few times, some every day,
    and in two weeks three in four move nothing.
    """

    transfers: float = 20.0
    active: float = 1.0
    hoarders: bool = False


DEAR, REAL = Shape(), Shape(transfers=4.0, active=0.25, hoarders=True)


@dataclass(frozen=True, slots=True)
class Wallets:
    """Wallets in order of their addresses, and those who were robbed: place, time of the exposure."""

    addresses: pl.Series
    robbed: Ints
    exposed_at: Ints


def hexed(rng: np.random.Generator, count: int, size: int) -> pl.Series:
    """Give random hex strings of `size` bytes."""
    data = pa.FixedSizeBinaryArray.from_buffers(pa.binary(size), count, [None, pa.py_buffer(rng.bytes(count * size))])
    return pl.select("0x" + pl.Series(pl.from_arrow(data.cast(pa.binary()))).bin.encode("hex")).to_series()


def incident(folder: Path, sink: str) -> Incident:
    """Give what the team knows of the attack."""
    exposure: tuple[Exposure, ...] = ("key", "key", "none", "none", "none")
    return Incident(
        folder=folder,
        name="large",
        title="A large incident",
        status="contained",
        facts=(
            Fact(kind="last_known_good", time=_time(T1 - HOUR // 6), source="hourly check"),
            Fact(kind="first_known_good", time=_time(T2 + HOUR // 6), source="CDN purged"),
        ),
        window=WindowSettings(),
        actions=tuple(
            Action(name=name, words=name.replace("_", " your "), exposure=kind, match={"path": f"^/api/{name}"})
            for name, kind in zip(ACTIONS, exposure, strict=True)
        ),
        attackers=(Attacker(address=sink, role="sink"),),
        chains=(Chain(name="ethereum", id=1),),
    )


def make_case(folder: Path, wallets: int, seed: int, shape: Shape = DEAR) -> dict[str, object]:
    """Write the tables into folder/data; gives the number of rows of each and the two addresses of the attacker."""
    rng = np.random.default_rng(seed)
    data = folder / "data"
    data.mkdir(parents=True)
    addresses = hexed(rng, wallets, 20).sort()
    people = _write_sightings(data, rng, addresses, shape)
    sinks = hexed(rng, 2, 20)
    write_chain(data, rng, people, sinks, shape)
    _write_rest(data, addresses)
    rows = {name: pl.scan_parquet(data / f"{name}.parquet").select(pl.len()).collect().item() for name in _BIG}
    return {"rows": rows, "known": sinks[0], "hidden": sinks[1]}


_BIG = ("sightings", "requests", "transfers", "transactions", "approvals", "balances")


def _time(micros: int) -> datetime:
    return datetime.fromtimestamp(micros / SECOND, UTC)


def _write_sightings(data: Path, rng: np.random.Generator, addresses: pl.Series, shape: Shape) -> Wallets:
    """Write sightings, the requests that they were read from, and candidates."""
    parts = data / "parts"
    parts.mkdir()
    robbed, exposed_at, done = [], [], 0
    for start in range(0, addresses.len(), CHUNK):
        mine = addresses.slice(start, CHUNK)
        rows = _visits(rng, start, _counts(rng, mine.len(), shape), done)
        done += rows.height
        hit = rows.filter(
            pl.col("action").eq(ACTIONS[0]) & pl.col("time").is_between(T1, T2) & (pl.col("strength") > 0.5)
        )
        first = hit.group_by("place").agg(pl.col("time").min()).sort("place")
        first = first.filter(pl.Series(rng.random(first.height) < HARMED))
        robbed.append(first["place"].to_numpy())
        exposed_at.append(first["time"].to_numpy())
        named = rows.with_columns(address=mine.gather(rows["place"] - start), time=pl.col("time").cast(TIME))
        named.write_parquet(parts / f"visits-{start:09}.parquet", compression="lz4")
        # One file a source, so that no source is looked for in all of them.
        for (source,), rows in named.partition_by("source", as_dict=True).items():
            rows.write_parquet(parts / f"of-{source}-{start:09}.parquet", compression="lz4")
        _asked(named).write_parquet(parts / f"asked-{start:09}.parquet", compression="lz4")
    visits = pl.scan_parquet(parts / "visits-*.parquet")
    ref = pl.format("log:{}:{}", "source", "line")
    seen = visits.with_columns(ref=ref).select(TABLES["sightings"].schema.names())
    seen.sink_parquet(data / "sightings.parquet", compression="zstd", row_group_size=262_144)
    _write_requests(data, parts)
    pl.scan_parquet(parts / "asked-*.parquet").sink_parquet(data / "candidates.parquet", row_group_size=262_144)
    for part in parts.iterdir():
        part.unlink()
    parts.rmdir()
    return Wallets(addresses, np.concatenate(robbed), np.concatenate(exposed_at))


def _counts(rng: np.random.Generator, wallets: int, shape: Shape) -> Ints:
    """Give how many sightings each wallet has: EACH in the mean; with hoarders half of the wallets have seven or fewer."""
    if shape.hoarders:
        return np.floor(rng.lognormal(np.log(EACH - 0.5) - 1.125, 1.5, wallets)).astype(np.int64) + 1
    return rng.geometric(1 / EACH, wallets)


def _visits(rng: np.random.Generator, start: int, counts: Ints, done: int) -> pl.DataFrame:
    """Give visits of a range of wallets, sorted by wallet and time: sessions of up to three requests."""
    wallets = len(counts)
    place = np.repeat(np.arange(wallets), counts)
    number = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
    session = number // 3
    opened = np.concatenate([[True], (np.diff(place) != 0) | (np.diff(session) != 0)])
    begun = rng.integers(0, DAYS, opened.sum()) * DAY + (rng.beta(3, 2, opened.sum()) * DAY).astype(np.int64)
    time = START + begun[np.cumsum(opened) - 1] + (number % 3) * 40 * SECOND
    client, strength = _clients(rng, start, wallets)
    typist = np.repeat(rng.random(wallets) < TYPISTS, counts)
    dice = rng.random(len(place))
    action = np.where(typist, _choose(dice, OF_TYPISTS), _choose(dice, OF_OTHERS))
    through_session = (action < 2) & (rng.random(len(place)) < 0.2)
    inside = (time >= T1) & (time <= T2)
    state = np.where(inside, np.where(dice * 7 % 1 < 0.7, 0, 3), np.where(dice * 7 % 1 < 0.6, 1, 3))
    line = (np.arange(done, done + len(place)) * 7_919) % 1_000_003_133
    strength = np.where(through_session, 0.7, 0.98) * strength[place]
    return (
        pl.DataFrame({"place": place + start, "time": time, "strength": strength, "line": line.astype(np.uint64)})
        .with_columns(
            link=pl.Series(["direct", "session"]).gather(through_session.astype(np.uint32)),
            client=client.gather(place),
            number=pl.Series(session),
            action=pl.Series([*ACTIONS, None]).gather(action),
            host=pl.Series(HOSTS).gather((place % 5 == 0).astype(np.uint32)),
            asset_state=pl.Series(STATES).gather(state),
            source=pl.format("{}", ((pl.col("time") - START) // (DAY // 2) + 0x1A2B3C00)),
        )
        .with_columns(session=pl.format("{}-{}", "client", "number"))
        .sort("place", "time")
    )


def _choose(dice: NDArray[np.float64], shares: tuple[float, ...]) -> Ints:
    return np.searchsorted(np.cumsum(shares), dice, side="right")


def _clients(rng: np.random.Generator, start: int, wallets: int) -> tuple[pl.Series, NDArray[np.float64]]:
    """Give each wallet's client and how surely it is its owner's: most have their own, some two, offices show forty."""
    dice = rng.random(wallets // 40 + 1)[np.arange(wallets) // 40]
    number = np.arange(start, start + wallets)
    number = np.where(dice < 0.12, number // 2 * 2, np.where(dice > 0.96, number // 40 * 40, number))
    mixed = (number.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    names = pa.FixedSizeBinaryArray.from_buffers(pa.binary(8), wallets, [None, pa.py_buffer(mixed.tobytes())])
    hexes = pl.Series(pl.from_arrow(names.cast(pa.binary()))).bin.encode("hex")
    return hexes, np.where(dice > 0.96, 0.03, 1.0)


def _asked(visits: pl.DataFrame) -> pl.DataFrame:
    """Give table candidates of some wallets."""
    asked = visits.group_by("address").agg(
        first=pl.col("time").min(), last=pl.col("time").max(), log=pl.col("action").is_in(ACTIONS[:2]).any()
    )
    reason = pl.when("log").then(pl.lit("log")).otherwise(pl.lit("control"))
    return TABLES["candidates"].check(asked.with_columns(reason=reason).drop("log"))


def _write_requests(data: Path, parts: Path) -> None:
    """Write requests sorted by source and line, one source at a time."""
    sources = sorted({path.name.split("-")[1] for path in parts.glob("of-*.parquet")})
    written = []
    for source in sources:
        rows = pl.scan_parquet(parts / f"of-{source}-*.parquet").with_columns(
            method=pl.when(pl.col("action").is_in(ACTIONS[:3])).then(pl.lit("POST")).otherwise(pl.lit("GET")),
            path=pl.format("/api/{}/{}", pl.col("action").fill_null("address"), "address"),
            status=pl.lit(200, pl.UInt16),
            bytes=pl.lit(512, pl.Int64),
            event=pl.lit(None, pl.String),
            version=pl.lit(None, pl.String),
        )
        path = parts / f"requests-{source}.parquet"
        rows.select(TABLES["requests"].schema.names()).sort("line").collect().write_parquet(path, compression="lz4")
        written.append(path)
    pl.scan_parquet(written).sink_parquet(data / "requests.parquet", compression="zstd", row_group_size=262_144)


def _write_rest(data: Path, addresses: pl.Series) -> None:
    """Write coverage, traffic, assets and accounts."""
    first, last = _time(START), _time(START + DAYS * DAY)
    counts = {"lines": 1000, "parsed": 1000, "kept": 1000, "rejected": 0, "duplicates": 0, "gaps": 0}
    span = {"first": first, "last": last, **counts}
    layers = [("0a0a0a0a", "lines"), *(("chain:1", layer) for layer in ("logs", "native", "state"))]
    write(data, "coverage", TABLES["coverage"].frame([{"source": s, "layer": name, **span} for s, name in layers]))
    minutes = pl.Series("minute", np.arange(START, START + DAYS * DAY, 60 * SECOND)).cast(TIME)
    traffic = pl.DataFrame(minutes).join(pl.DataFrame({"host": HOSTS}), how="cross")
    schema = TABLES["traffic"].schema
    numbers = [pl.lit(100, schema[name]).alias(name) for name in ("requests", "clients", "bytes", "errors")]
    write(data, "traffic", traffic.with_columns(numbers))
    runs = [(412_338, START, T1), (415_465, T1 + SECOND, T2 - SECOND), (412_338, T2, START + DAYS * DAY)]
    rows = [
        {"host": HOSTS[0], "path": "/app.js", "encoding": "", "size": size, "hits": 9_000}
        | {"start": _time(start), "end": _time(end)}
        for size, start, end in runs
    ]
    write(data, "assets", TABLES["assets"].frame(rows))
    number = pl.int_range(pl.len(), dtype=pl.UInt64)
    accounts = pl.DataFrame({"address": addresses}).with_columns(
        chain_id=pl.lit(1, pl.UInt64),
        block_number=pl.lit(24_200_000, pl.UInt64),
        kind=pl.lit("eoa"),
        nonce=number % 900,
        owners=pl.lit(None, TABLES["accounts"].schema["owners"]),
        threshold=pl.lit(None, TABLES["accounts"].schema["threshold"]),
    )
    write(data, "accounts", accounts)


def write(data: Path, name: str, rows: pl.DataFrame) -> None:
    """Write a table as the case folder does."""
    checked = TABLES[name].check(rows)
    checked.write_parquet(data / f"{name}.parquet", compression="zstd", row_group_size=262_144)
