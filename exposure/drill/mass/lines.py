"""Visits and strangers -> requests -> log lines, as nginx or Cloudflare write them. Pure."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from exposure.drill.mass.town import DAY, HOUR, Town
from exposure.drill.mass.visits import ERRAND, LOOK, WAYS, X_OF, Windows

HOST = "examplewallet.com"
ASSET = "/static/app.5d41c9a0.js"
GOOD, BAD = 412_338, 415_465
_PAGE = "https://examplewallet.com/wallet"
_AT_ONCE = 500_000
_REQUEST = pl.Schema(
    {
        "time": pl.Float64,
        "ip": pl.String,
        "agent": pl.String,
        "method": pl.String,
        "target": pl.String,
        "status": pl.Int64,
        "size": pl.Int64,
        "referer": pl.String,
    }
)


def requests(town: Town, visits: pl.DataFrame, served: Windows, paid: pl.DataFrame) -> pl.DataFrame:
    """Give every request in the order of time (columns of `_REQUEST`), before holes are cut into it.

    `paid` (wallet, time, to) are payments whose recipient the site looks up first.
    """
    names = town.book.hex()
    here = visits.filter(~pl.col("gone"))
    dice = town.knobs.dice("lines")
    parts = [
        _pages(here, names),
        *([_files(here)] if town.knobs.files else []),
        _acts(here, names, failed=True),
        _acts(here, names, failed=False),
        _errands(here),
        _looks(here, town, names),
        _checks(here, paid, names),
        _monitors(town, served),
        _bot(town, names, dice),
        _poisoner(town, served, names),
    ]
    whole = pl.concat([_request(part) for part in parts])
    return whole.sort("time", "ip", "target")


def kept(requests_: pl.DataFrame, town: Town, served: Windows) -> pl.DataFrame:
    """Leave out what the logs lack: what was asked before they begin or after they end, and what fell into their hole."""
    knobs = town.knobs
    start = town.start
    if knobs.late and served.spans:
        start = served.spans[0][0] + 0.35 * (served.spans[0][1] - served.spans[0][0])
    inside = (pl.col("time") >= start) & (pl.col("time") < town.end)
    if knobs.gap and served.spans:
        hole = served.spans[0][0] + 0.45 * (served.spans[0][1] - served.spans[0][0])
        inside = inside & ~pl.col("time").is_between(hole, hole + knobs.gap * HOUR)
    return requests_.filter(inside)


def _request(part: pl.DataFrame) -> pl.DataFrame:
    defaults = {"method": "GET", "status": 200, "size": 411, "referer": _PAGE}
    missing = [pl.lit(value).alias(name) for name, value in defaults.items() if name not in part.columns]
    return part.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in _REQUEST.items())


def _named(frame: pl.DataFrame, names: pl.Series, wallet: str = "wallet") -> pl.DataFrame:
    return frame.with_columns(name=names.gather(frame.get_column(wallet)))


def _pages(visits: pl.DataFrame, names: pl.Series) -> pl.DataFrame:
    shown = _named(visits, names)
    deep = pl.format("/wallet/{}", "name")
    return shown.select(
        "time",
        "ip",
        "agent",
        target=pl.when("deep").then(deep).otherwise(pl.lit("/wallet")),
        size=1987,
        referer=pl.lit("-"),
    )


def _files(visits: pl.DataFrame) -> pl.DataFrame:
    asked = visits.filter(pl.col("fetch") != "cached")
    unchanged = pl.col("fetch") == "unchanged"
    size = pl.when(unchanged).then(0).when("bad").then(BAD).otherwise(GOOD)
    return asked.select(
        pl.col("time") + 1,
        "ip",
        "agent",
        target=pl.lit(ASSET),
        status=pl.when(unchanged).then(304).otherwise(200),
        size=size,
    )


def _acts(visits: pl.DataFrame, names: pl.Series, *, failed: bool) -> pl.DataFrame:
    """Give the requests of actions: a failed try goes before the one that succeeds."""
    mine = _named(visits.filter("retry") if failed else visits, names)
    path = pl.col("way").replace_strict(range(len(WAYS)), [way.path for way in WAYS], return_dtype=pl.String)
    target = pl.when("named").then(pl.format("{}?account={}", path, "name")).otherwise(path)
    return mine.select(
        time=pl.col("time") + 6 if failed else pl.col("act"),
        ip="ip",
        agent="agent",
        method=pl.lit("POST"),
        target=target,
        status=pl.lit(401 if failed else 200),
        size=pl.lit(61 if failed else 248),
    )


def _errands(visits: pl.DataFrame) -> pl.DataFrame:
    return visits.filter("errand").select(
        time=pl.col("act") + 40, ip="ip", agent="agent", method=pl.lit(ERRAND.method), target=pl.lit(ERRAND.path)
    )


def _looks(visits: pl.DataFrame, town: Town, names: pl.Series) -> pl.DataFrame:
    """Ask for the balance of the wallet that was opened, some of the time also for its owner's others, and poll it once."""
    alone = visits.select("act", "ip", "agent", "wallet", "visit")
    family = pl.DataFrame({"wallet": np.arange(town.wallets), "phrase": town.phrase}).cast(pl.Int64)
    others = alone.join(family, on="wallet").join(family.rename({"wallet": "other"}), on="phrase")
    others = others.filter((pl.col("other") != pl.col("wallet")) & (pl.col("visit") % 2 == 0)).select(
        pl.col("act") + 1, "ip", "agent", wallet="other", visit="visit"
    )
    polls = alone.filter(pl.col("visit") % 3 == 0).with_columns(pl.col("act") + 45)
    looks = _named(pl.concat([alone, others.select(alone.columns), polls]), names)
    return looks.select(time=pl.col("act") + 1, ip="ip", agent="agent", target=pl.lit(LOOK.path) + pl.col("name"))


def _checks(visits: pl.DataFrame, paid: pl.DataFrame, names: pl.Series) -> pl.DataFrame:
    """Look up whom one is about to pay: an address that is not the visitor's."""
    near = (
        visits.select("act", "ip", "agent", "wallet")
        .sort("act")
        .join_asof(
            paid.sort("time"),
            left_on="act",
            right_on="time",
            by="wallet",
            strategy="forward",
            tolerance=240.0,
            check_sortedness=False,
        )
    )
    found = _named(near.drop_nulls("to"), names, "to")
    return found.select(time=pl.col("act") + 12, ip="ip", agent="agent", target=pl.format("/api/check?to={}", "name"))


def _monitors(town: Town, served: Windows) -> pl.DataFrame:
    """Let uptime checks fetch the file every minute."""
    minutes = np.arange(town.start, town.end, 60.0)
    time = (
        np.concatenate([minutes + 7.0 * number for number in range(town.knobs.monitors)])
        if town.knobs.monitors
        else np.zeros(0)
    )
    if not town.knobs.files or town.knobs.hijack:
        time = time[:0]
    size = np.where(served.hold(time), BAD, GOOD)
    frame = pl.DataFrame({"time": time, "size": size}, schema={"time": pl.Float64, "size": pl.Int64})
    return frame.with_columns(
        ip=pl.lit("192.0.2.10"), agent=pl.lit("UptimeCheck/2.1"), target=pl.lit(ASSET), referer=pl.lit("-")
    )


def _bot(town: Town, names: pl.Series, dice: np.random.Generator) -> pl.DataFrame:
    """Let a bot ask for the balances of strangers, and of some of our people."""
    ours = dice.integers(0, town.wallets, town.knobs.bots // 10)
    asked = names.gather(np.concatenate([ours, town.parties.asked]))
    begin = town.start + dice.uniform(0, max(town.knobs.days - 1, 0.1)) * DAY
    frame = pl.DataFrame(
        {"time": begin + 2.0 * np.arange(len(asked)), "target": LOOK.path + asked},
        schema_overrides={"time": pl.Float64},
    )
    return frame.with_columns(ip=pl.lit("203.0.113.66"), agent=pl.lit("python-requests/2.32"), referer=pl.lit("-"))


def _poisoner(town: Town, served: Windows, names: pl.Series) -> pl.DataFrame:
    """Let one client say that thousands of false addresses did X in the window."""
    path = WAYS[X_OF[town.knobs.kind][0]].path
    false = path + "?account=" + names.gather(town.parties.false)
    begin = served.spans[0][0] if served.spans else town.start + DAY
    frame = pl.DataFrame(
        {"time": begin + 1.5 * np.arange(len(false)), "target": false}, schema_overrides={"time": pl.Float64}
    )
    return frame.with_columns(
        method=pl.lit("POST"), ip=pl.lit("203.0.113.99"), agent=pl.lit("curl/8.5.0"), referer=pl.lit("-")
    )


def write(requests_: pl.DataFrame, town: Town) -> Iterator[bytes]:
    """Write the lines of a log, some of them broken; gives some hundred thousand at a time."""
    dice = town.knobs.dice("broken")
    for start in range(0, requests_.height, _AT_ONCE):
        rows = requests_.slice(start, _AT_ONCE)
        lines = _combined(rows) if town.knobs.log_format == "combined" else _cloudflare(rows, start)
        torn = pl.Series(dice.random(len(lines)) < town.knobs.broken)
        text = pl.select(line=pl.when(torn).then(lines.str.slice(0, 40)).otherwise(lines))
        yield text.write_csv(include_header=False, quote_style="never").encode()


def nginx_line(time: pl.Expr) -> pl.Expr:
    """Give the line that nginx writes of a request at `time`: ip, method, target, status, size, referer, agent."""
    stamp = time.dt.strftime("%d/%b/%Y:%H:%M:%S +0000")
    rest = ("method", "target", "status", "size", "referer", "agent")
    return pl.format('{} - - [{}] "{} {} HTTP/1.1" {} {} "{}" "{}"', "ip", stamp, *rest)


def _combined(rows: pl.DataFrame) -> pl.Series:
    line = nginx_line(pl.from_epoch(pl.col("time").cast(pl.Int64), time_unit="s"))
    return rows.select(line.alias("line")).to_series()


def _cloudflare(rows: pl.DataFrame, start: int) -> pl.Series:
    stamp = pl.from_epoch(pl.col("time").cast(pl.Int64), time_unit="s").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    shaped = rows.with_row_index("n", offset=start).select(
        EdgeStartTimestamp=stamp,
        RayID=pl.format("{}{}", pl.lit("69a6"), pl.col("n").cast(pl.String).str.zfill(12)),
        ClientIP="ip",
        ClientRequestHost=pl.lit(HOST),
        ClientRequestMethod="method",
        ClientRequestURI="target",
        ClientRequestReferer=pl.col("referer").replace("-", ""),
        ClientRequestUserAgent="agent",
        EdgeResponseStatus="status",
        EdgeResponseBodyBytes="size",
        EdgeResponseBytes=pl.col("size") + 540,
    )
    text = shaped.write_ndjson()
    return pl.Series("line", text.splitlines(), pl.String)
