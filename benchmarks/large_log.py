"""Access logs of any size as nginx writes them: visits of people, seeded, made by columns.

Visits of some forty requests within ten minutes over a week; a tenth of the lines carry an address, a hundredth a transaction hash,
which is none. About 230 bytes a line.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.large_case import hexed
from exposure.drill.mass.lines import nginx_line

START = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())
DAYS, DAY, VISIT = 7, 86_400, 600
PER_VISIT = 40
CHUNK = 1_000_000  # lines made at a time; a chunk is a stretch of time
STATIC = [
    f"/static/{name}.{end}"
    for name in ("app", "vendor", "main", "wallet", "swap")
    for end in ("js", "css", "woff2", "png")
]
SIZES = {name: 2_000 + 977 * number for number, name in enumerate(STATIC)}
PAGES = (
    "/",
    "/swap",
    "/wallet",
    "/api/prices?currency=usd",
    "/api/tokens/list",
    "/api/pools?first=20&skip=0",
    "/api/gas",
    "/api/health",
)
SYSTEMS = (
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux x86_64",
    "iPhone; CPU iPhone OS 17_4 like Mac OS X",
)
REFERERS = ("-", "https://examplewallet.com/", "https://examplewallet.com/swap", "https://examplewallet.com/wallet")
# Shares of what a line asks for: a balance, a transaction, the phrase; the rest are files and pages.
BALANCE, TRANSACTION, PHRASE, FILES = 0.10, 0.01, 0.001, 0.45


def write_log(path: Path, lines: int, seed: int, kind: str = "combined") -> None:
    """Write so many lines; `kind` is combined or json (nginx's own JSON, a line an object)."""
    with path.open("wb") as file:
        for rows in _chunks(lines, seed):
            _write(file, rows, kind)


def _chunks(lines: int, seed: int) -> Iterator[pl.DataFrame]:
    rng = np.random.default_rng(seed)
    wallets = hexed(rng, max(lines // 300, 10), 20)
    parts = -(-lines // CHUNK)
    for part in range(parts):
        count = min(CHUNK, lines - part * CHUNK)
        yield _requests(rng, wallets, count, part / parts * DAYS * DAY, DAYS * DAY / parts)


def _requests(rng: np.random.Generator, wallets: pl.Series, count: int, start: float, span: float) -> pl.DataFrame:
    visits = max(count // PER_VISIT, 1)
    begun = start + span * rng.beta(2, 2, visits)
    visit = rng.integers(0, visits, count)
    time = np.sort((begun[visit] + rng.random(count) * min(VISIT, span)).astype(np.int64))
    order = np.argsort(begun[visit], kind="stable")
    visit = visit[order]
    ip = rng.integers(1 << 24, 224 << 24, visits)[visit]
    agent = rng.integers(0, len(SYSTEMS) * 30, visits)[visit]
    wallet = rng.integers(0, wallets.len(), visits)[visit]
    dice = rng.random(count)
    return pl.DataFrame({"time": pl.Series((START + time) * 1_000_000).cast(pl.Datetime("us", "UTC"))}).with_columns(
        ip=pl.Series(ip), agent=pl.Series(agent), target=_targets(rng, wallets, wallet, dice),
        method=pl.Series(np.where((dice >= 1 - PHRASE), 1, 0)).replace_strict({0: "GET", 1: "POST"}),
        status=pl.Series(np.where(rng.random(count) < 0.93, 200, 304)),
        referer=pl.Series(REFERERS).gather(rng.integers(0, len(REFERERS), count)),
        noise=pl.Series(rng.integers(80, 9_000, count)),
    ).with_columns(size=pl.col("target").replace_strict(SIZES, default=pl.col("noise"), return_dtype=pl.Int64))  # fmt: skip


def _targets(
    rng: np.random.Generator, wallets: pl.Series, wallet: NDArray[np.int64], dice: NDArray[np.float64]
) -> pl.Series:
    file = pl.Series(list(SIZES)).gather(rng.integers(0, len(SIZES), len(dice)))
    page = pl.Series(PAGES).gather(rng.integers(0, len(PAGES), len(dice)))
    hashes = hexed(rng, 4096, 32).gather(rng.integers(0, 4096, len(dice)))
    drawn = pl.DataFrame({"dice": dice, "file": file, "page": page, "hash": hashes, "wallet": wallets.gather(wallet)})
    at = pl.col("dice")
    return drawn.select(
        pl.when(at < BALANCE)
        .then("/api/balance/" + pl.col("wallet"))
        .when(at < BALANCE + TRANSACTION)
        .then("/tx/" + pl.col("hash"))
        .when(at >= 1 - PHRASE)
        .then(pl.lit("/api/unlock/mnemonic"))
        .when(at < BALANCE + TRANSACTION + FILES)
        .then("file")
        .otherwise("page")
    ).to_series()


def _write(file: IO[bytes], rows: pl.DataFrame, kind: str) -> None:
    octets = [((pl.col("ip") // (1 << shift)) % 256).cast(pl.String) for shift in (24, 16, 8, 0)]
    system = pl.Series(SYSTEMS)
    agent = pl.format(
        "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36",
        pl.lit(system).gather(pl.col("agent") % len(SYSTEMS)),
        100 + pl.col("agent") // len(SYSTEMS),
    )
    told = rows.select(
        "method",
        "target",
        "status",
        "size",
        "referer",
        time="time",
        ip=pl.concat_str(octets, separator="."),
        agent=agent,
    )
    if kind == "json":
        told.select(
            time_iso8601=pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%S+00:00"), remote_addr="ip", request_method="method",
            request_uri="target", status=pl.col("status").cast(pl.String), body_bytes_sent=pl.col("size").cast(pl.String),
            http_referer="referer", http_user_agent="agent",
        ).write_ndjson(file)  # fmt: skip
        return
    told.select(nginx_line(pl.col("time"))).write_csv(file, include_header=False, quote_style="never")
