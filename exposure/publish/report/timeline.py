"""The report's timeline: requests, exposures to X and losses over time, with T1 to T2 shaded. Tables in, pictures out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import altair as alt
import polars as pl

from exposure.publish.facts import HARMED, Facts
from exposure.publish.report.charts import BAND, CALM, HARM, INK, MUTED, TRAFFIC, WIDTH, Picture, draw
from exposure.publish.times import show_date, show_exact

_BINS = 90
_STEPS = tuple(
    timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080)
)
# A window that would be a hair's breadth on the whole picture gets a closer one.
_THIN = 0.06
_SURE = 0.5


@dataclass(frozen=True, slots=True)
class _View:
    """A stretch of time in equal steps."""

    low: datetime
    high: datetime
    step: timedelta

    @property
    def domain(self) -> list[int]:
        return [_ms(self.low), _ms(self.high)]


def _ms(time: datetime) -> int:
    return round(time.timestamp() * 1000)


def timeline(tables: Mapping[str, pl.DataFrame], facts: Facts) -> tuple[Picture, ...]:
    """Draw requests, exposures to X and losses over time, T1 to T2 shaded; a second, closer picture where the window is thin.

    Nothing dated gives no picture.
    """
    exposed, lost = exposures(tables, facts), losses(tables)
    start, end = _window(facts)
    harmed = exposed.filter(pl.col("harmed")).get_column("time")
    signs = [condition.first_sign for condition in facts.conditions]
    marks = [
        time for time in (start, end, *signs, harmed.min(), harmed.max(), _of(lost, "min"), _of(lost, "max")) if time
    ]
    if not marks:
        marks = [time for time in (exposed.get_column("time").min(), exposed.get_column("time").max()) if time]
    known = [time for time in marks if isinstance(time, datetime)]
    if not known:
        return ()
    whole = _view(min(known), max(known))
    views = [whole]
    if start and end and (end - start) < _THIN * (whole.high - whole.low):
        near = (end - start) / 2
        views.insert(0, _view(start - near, end + near))
    titles = ("The whole time.",) if len(views) == 1 else ("Around the window.", "The whole time.")
    return tuple(
        _timeline(tables, facts, exposed, lost, view, title) for view, title in zip(views, titles, strict=True)
    )


def exposures(tables: Mapping[str, pl.DataFrame], facts: Facts) -> pl.DataFrame:
    """Give each time that a wallet did what the conditions name: address, time, harmed."""
    actions = sorted({action for condition in facts.conditions for action in condition.actions})
    harmed = tables["wallets"].filter(pl.col("verdict").is_in(HARMED)).get_column("address")
    rows = tables["sightings"].filter(
        pl.col("action").is_in(actions) & (pl.col("strength") >= _SURE) & pl.col("time").is_not_null()
    )
    return (
        rows.select("address", "time", harmed=pl.col("address").is_in(harmed.implode()))
        .unique()
        .sort("time", "address")
    )


def losses(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Give each loss of a harmed wallet: address, time."""
    harmed = tables["wallets"].filter(pl.col("verdict").is_in(HARMED)).get_column("address")
    mine = pl.col("address").is_in(harmed.implode()) & pl.col("time").is_not_null()
    return tables["losses"].filter(mine).select("address", "time").unique().sort("time", "address")


def _of(frame: pl.DataFrame, what: str) -> object:
    column = frame.get_column("time")
    return column.min() if what == "min" else column.max()


def _window(facts: Facts) -> tuple[datetime | None, datetime | None]:
    """Give the shaded stretch: T1 to T2, or to the present while it goes on; no start where nothing bounds T1."""
    starts = [condition.t1 for condition in facts.conditions]
    ends = [facts.as_of if condition.open else condition.t2 for condition in facts.conditions]
    start = None if None in starts else min((t for t in starts if t), default=None)
    return start, max((t for t in ends if t), default=None)


def _shaded(facts: Facts, view: _View) -> tuple[datetime, datetime] | None:
    """Give the shaded stretch of a picture: from its left edge where nothing bounds T1."""
    start, end = _window(facts)
    return (start or view.low, end) if end and facts.conditions else None


def _view(low: datetime, high: datetime) -> _View:
    """Choose whole steps around a stretch, with room on both sides."""
    room = max((high - low) * 0.08, timedelta(minutes=10))
    low, high = low - room, high + room
    step = next((step for step in _STEPS if (high - low) <= step * _BINS), _STEPS[-1])
    epoch = datetime(1970, 1, 1, tzinfo=low.tzinfo)
    return _View(low - (low - epoch) % step, high + (epoch - high) % step, step)


def _bins(view: _View, exposed: pl.DataFrame, lost: pl.DataFrame, traffic: pl.DataFrame) -> pl.DataFrame:
    """Count per step: start, end, requests, harmed, unharmed, lost (wallets)."""
    every = f"{int(view.step.total_seconds())}s"
    frame = pl.DataFrame({"start": pl.datetime_range(view.low, view.high, every, closed="left", eager=True)})
    frame = frame.with_columns(pl.col("start").dt.cast_time_unit("us"), end=pl.col("start") + view.step)
    counted = {
        "requests": traffic.select(time="minute", n="requests").group_by(_step(view)).agg(pl.col("n").sum()),
        "harmed": _wallets(exposed.filter("harmed"), view),
        "unharmed": _wallets(exposed.filter(~pl.col("harmed")), view),
        "lost": _wallets(lost, view),
    }
    for name, counts in counted.items():
        renamed = counts.select("start", pl.col("n").cast(pl.Int64).alias(name))
        frame = frame.join(renamed, on="start", how="left").with_columns(pl.col(name).fill_null(0))
    return frame.sort("start")


def _step(view: _View) -> pl.Expr:
    seconds = int(view.step.total_seconds())
    return (
        pl.from_epoch(pl.col("time").dt.epoch("s") // seconds * seconds)
        .dt.replace_time_zone("UTC")
        .dt.cast_time_unit("us")
        .alias("start")
    )


def _wallets(rows: pl.DataFrame, view: _View) -> pl.DataFrame:
    return rows.group_by(_step(view)).agg(n=pl.col("address").n_unique())


def _timeline(
    tables: Mapping[str, pl.DataFrame], facts: Facts, exposed: pl.DataFrame, lost: pl.DataFrame, view: _View, title: str
) -> Picture:
    bins = _bins(view, exposed, lost, tables["traffic"])
    values = [{**row, "start": _ms(row["start"]), "end": _ms(row["end"])} for row in bins.iter_rows(named=True)]
    panels = []
    if tables["traffic"].height:
        panels.append(_panel(values, facts, view, "requests, all visitors", ("requests",), (TRAFFIC,), 64, first=True))
    if exposed.height:
        did = ("harmed", "unharmed"), (HARM, CALM), 120
        panels.append(_panel(values, facts, view, "wallets that did X", *did, first=not panels))
    panels.append(
        _panel(
            values, facts, view, "wallets whose assets were taken", ("lost",), (HARM,), 84, first=not panels, last=True
        )
    )
    chart = alt.vconcat(*panels, spacing=18)
    step = _say_step(view.step)
    shown = bins.filter(pl.sum_horizontal("harmed", "unharmed", "lost") > 0)
    inside = f"{exposed.filter(pl.col('time').is_between(view.low, view.high)).get_column('address').n_unique():,}"
    taken = f"{lost.filter(pl.col('time').is_between(view.low, view.high)).get_column('address').n_unique():,}"
    text = f"From {show_exact(view.low)} to {show_exact(view.high)}: {inside} wallets did X, {taken} had assets taken."
    text += _say_window(facts)
    rows = tuple(
        (show_exact(r["start"]), *(f"{r[name]:,}" for name in ("requests", "harmed", "unharmed", "lost")))
        for r in shown.iter_rows(named=True)
    )
    headers = (f"{step} from", "requests", "did X, harmed", "did X, no harm seen", "assets taken")
    return Picture(draw(chart), f"{title} One bar is {step}. Times are UTC.", text, headers, rows)


def _say_step(step: timedelta) -> str:
    minutes = int(step.total_seconds()) // 60
    number, unit = (
        (minutes, "minute") if minutes < 60 else (minutes // 60, "hour") if minutes < 1440 else (minutes // 1440, "day")
    )
    return f"{number} {unit}" + ("" if number == 1 else "s")


def _say_window(facts: Facts) -> str:
    start, end = _window(facts)
    if not end or not facts.conditions:
        return ""
    ongoing = any(condition.open for condition in facts.conditions)
    begin = f"{show_exact(start)} to" if start else "from the left edge, since nothing bounds T1, to"
    return f" Shaded: {begin} {show_exact(end)}" + (", still open." if ongoing else ".")


def _panel(
    values: list[dict[str, Any]],
    facts: Facts,
    view: _View,
    title: str,
    names: tuple[str, ...],
    colours: tuple[str, ...],
    height: int,
    *,
    first: bool = False,
    last: bool = False,
) -> Any:
    """Draw one row of the timeline: stacked bars over the shaded window."""
    axis = alt.Axis(
        labelExpr=_HOURS,
        tickCount=10,
        labels=last,
        ticks=last,
        title=f"{_say_days(view)}, UTC" if last else None,
        grid=False,
    )
    x = alt.X("start:T", scale=alt.Scale(type="utc", domain=view.domain, nice=False), axis=axis)
    top = max((sum(row[name] for name in names) for row in values), default=0)
    counts = _ticks(top)
    scale = alt.Scale(domain=[0, counts[-1] * (1.4 if first else 1)], nice=False)
    ticks = alt.Axis(values=counts, labelExpr=_COUNT, minExtent=40, maxExtent=40, title=None, ticks=False, domain=False)
    layers: list[Any] = []
    shaded = _shaded(facts, view)
    if shaded:
        start, end = shaded
        ends = [max(_ms(start), view.domain[0]), min(_ms(end), view.domain[1])]
        band = alt.Chart(alt.InlineData(values=[{"start": ends[0], "end": ends[1]}]))
        layers.append(band.mark_rect(color=BAND).encode(x=x, x2="end:T"))
        rules = alt.Chart(alt.InlineData(values=[{"start": end} for end in ends]))
        layers.append(rules.mark_rule(color=INK, strokeDash=[3, 3], strokeWidth=1).encode(x=x))
    gap = int(view.step.total_seconds() * 60)  # 6 % of a step on each side, in milliseconds
    for place, (name, colour) in enumerate(zip(names, colours, strict=True)):
        below = names[:place]
        rows = [
            {
                "start": row["start"] + gap,
                "end": row["end"] - gap,
                "y": sum(row[n] for n in below),
                "y2": sum(row[n] for n in (*below, name)),
            }
            for row in values
            if row[name]
        ]
        bars = alt.Chart(alt.InlineData(values=rows)).mark_rect(color=colour, stroke=None)
        y = alt.Y("y:Q", scale=scale, axis=ticks)
        layers.append(bars.encode(x=x, x2="end:T", y=y, y2="y2:Q"))
    if first and shaded:
        layers += _edges(*shaded, view, facts)
    heading = alt.TitleParams(title, anchor="start", color=MUTED, fontSize=12, fontWeight="normal", offset=6)
    return alt.layer(*layers).properties(width=WIDTH, height=height, title=heading)


def _ticks(top: int) -> list[int]:
    """Choose two or three round whole numbers from 0 to at least `top`: nobody counts half wallets."""
    power = 10 ** max(len(str(max(top, 1))) - 1, 0)
    steps = [power * factor // 10 for factor in (1, 2, 5, 10, 20, 50) if power * factor >= 10]
    step = next((step for step in steps if 2 * step >= top), steps[-1])
    return [0, step] if step >= top else [0, step, 2 * step]


def _edges(start: datetime, end: datetime, view: _View, facts: Facts) -> list[Any]:
    """Name both ends of the shaded window, outside it, so that a thin window stays readable."""
    ongoing = any(condition.open for condition in facts.conditions)
    rows: tuple[tuple[Literal["left", "right"], int, datetime, str], ...] = (
        ("right", -6, start, f"T1 {start:%H:%M}") if _window(facts)[0] else ("left", 6, start, "nothing bounds T1"),
        ("left", 6, end, f"now {end:%H:%M}" if ongoing else f"T2 {end:%H:%M}"),
    )
    layers = []
    for align, dx, time, label in rows:
        if view.low <= time <= view.high:
            base = alt.Chart(alt.InlineData(values=[{"start": _ms(time), "label": label}]))
            text = base.mark_text(align=align, dx=dx, baseline="top", fontSize=12, color=INK)
            layers.append(text.encode(x=alt.X("start:T"), y=alt.value(2), text="label:N"))
    return layers


_COUNT = "datum.value == 0 ? '0' : format(datum.value, '~s')"
# Midnight shows its date; 24-hour clock everywhere.
_HOURS = (
    "utchours(datum.value) == 0 && utcminutes(datum.value) == 0 "
    "? utcFormat(datum.value, '%-d %b') : utcFormat(datum.value, '%H:%M')"
)


def _say_days(view: _View) -> str:
    first, last = show_date(view.low), show_date(view.high - timedelta(seconds=1))
    return first if first == last else f"{first} to {last}"
