"""The report's timeline: traffic, gaps in the logs, exposures by action and losses, with T1 and T2 shaded. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import altair as alt
import polars as pl

from exposure.incident import Incident
from exposure.publish.facts import Facts
from exposure.publish.report.charts import CALM, HARM, TRAFFIC, Picture, draw
from exposure.publish.report.gaps import Gap
from exposure.publish.report.timeline_counts import (
    ACTIONS,
    Deeds,
    Shade,
    View,
    choose_view,
    count_steps,
    find_deeds,
    find_losses,
    find_shade,
    gaps_in,
)
from exposure.publish.report.timeline_panels import bars, gap_row, name_ends
from exposure.publish.texts.sentences import show_count
from exposure.publish.times import show_exact

# A window that would be a hair's breadth on the whole picture gets a closer one.
_THIN = 0.06
# To the public a step is a quarter of an hour at least, as times in the texts are: a minute could point at one visitor.
PUBLIC_STEP = timedelta(minutes=15)


def timeline(
    tables: Mapping[str, pl.DataFrame], incident: Incident, facts: Facts, least: timedelta = timedelta(minutes=1)
) -> tuple[Picture, ...]:
    """Draw it in steps of `least` or more; a second, closer picture where the window is thin. Nothing dated gives no picture."""
    deeds, lost, shade = find_deeds(tables, incident, facts), find_losses(tables), find_shade(tables, incident, facts)
    known = _moments(facts, deeds, lost, shade)
    if not known:
        return ()
    whole = choose_view(min(known), max(known), least)
    views = [whole]
    if shade and shade.start and shade.end and (shade.end - shade.start) < _THIN * (whole.high - whole.low):
        near = (shade.end - shade.start) / 2
        views.insert(0, choose_view(shade.start - near, shade.end + near, least))
    titles = ("The whole time.",) if len(views) == 1 else ("Around the window.", "The whole time.")
    return tuple(_picture(tables, deeds, lost, shade, view, title) for view, title in zip(views, titles, strict=True))


def _moments(facts: Facts, deeds: Sequence[Deeds], lost: pl.DataFrame, shade: Shade | None) -> list[datetime]:
    """Give what the picture must reach: the window, what the harmed did, and losses; else all that exposes."""
    named = [one.rows.filter("harmed").get_column("time") for one in deeds if one.named]
    ends = (shade.start, shade.start_latest, shade.end) if shade else ()
    signs = [condition.first_sign for condition in facts.conditions]
    found = [time for time in (*ends, *signs, *_reach([*named, lost.get_column("time")])) if time]
    return found or list(_reach([one.rows.get_column("time") for one in deeds]))


def _reach(columns: Sequence[pl.Series]) -> Iterator[datetime]:
    for column in columns:
        for time in (column.min(), column.max()):
            if isinstance(time, datetime):
                yield time


def _picture(
    tables: Mapping[str, pl.DataFrame],
    deeds: Sequence[Deeds],
    lost: pl.DataFrame,
    shade: Shade | None,
    view: View,
    title: str,
) -> Picture:
    drawn, more = deeds[:ACTIONS], len(deeds[ACTIONS:])
    gaps = gaps_in(tables, view)
    steps = count_steps(view, tables["traffic"], drawn, lost, gaps)
    step = _say_step(view.step)
    caption = f"{title} One bar is {step}. Times are UTC."
    if more:
        caption += f" {show_count(more, 'more action')} that may expose {'is' if more == 1 else 'are'} not drawn."
    headers = (
        f"{step} from",
        "requests",
        *(f"{one.words}: {kind}" for one in drawn for kind in ("harmed", "no harm seen")),
        "assets taken",
        "gaps in the logs",
    )
    numbers = [name for name in steps.columns if name not in ("start", "end", "gap")]
    shown = steps.filter((pl.sum_horizontal(pl.col(numbers).exclude("requests")) > 0) | (pl.col("gap") != ""))
    rows = tuple(
        (show_exact(row["start"]), *(f"{row[name]:,}" for name in numbers), row["gap"])
        for row in shown.iter_rows(named=True)
    )
    chart = _chart(steps, drawn, gaps, shade, view, traffic=tables["traffic"].height > 0)
    return Picture(draw(chart), caption, _say(drawn, lost, gaps, shade, view), headers, rows)


def _chart(
    steps: pl.DataFrame, deeds: Sequence[Deeds], gaps: Sequence[Gap], shade: Shade | None, view: View, *, traffic: bool
) -> Any:
    """Stack the rows of the timeline; the last carries the axis of time, the first names T1 and T2."""
    rows: list[tuple[str, tuple[str, ...], tuple[str, ...], int]] = []
    if traffic:
        rows.append(("requests, all visitors", ("requests",), (TRAFFIC,), 64))
    tall = 110 if len(deeds) < 3 else 76
    for place, one in enumerate(deeds):
        is_x = {"yes": " (X)", "no": "", "unknown": ""}.get(one.is_x, " (X, or not: it cannot be told)")
        rows.append((f"{one.words}{is_x}: wallets", (f"harmed{place}", f"unharmed{place}"), (HARM, CALM), tall))
    rows.append(("wallets whose assets were taken", ("lost",), (HARM,), 84))
    panels: list[Any] = []
    for place, (title, names, colours, height) in enumerate(rows):
        first = name_ends(shade, view) if place == 0 and shade else []
        panels.append(
            bars(steps, view, shade, title, names, colours, height, labels=first, last=place == len(rows) - 1)
        )
        if place == 0 and traffic and gaps:
            panels.append(gap_row(gaps, view, shade))
    return alt.vconcat(*panels, spacing=16)


def _say_step(step: timedelta) -> str:
    minutes = int(step.total_seconds()) // 60
    number, unit = (
        (minutes, "minute") if minutes < 60 else (minutes // 60, "hour") if minutes < 1440 else (minutes // 1440, "day")
    )
    return show_count(number, unit)


def _say(deeds: Sequence[Deeds], lost: pl.DataFrame, gaps: Sequence[Gap], shade: Shade | None, view: View) -> str:
    """Say what the picture shows, for those who do not see it."""
    said = [f"From {show_exact(view.low)} to {show_exact(view.high)}:"]
    parts = []
    for one in deeds:
        inside = one.rows.filter(pl.col("time").is_between(view.low, view.high))
        harmed = inside.filter("harmed").get_column("address").n_unique()
        count = show_count(inside.get_column("address").n_unique(), "wallet")
        parts.append(f"{one.words}: {count}, {harmed:,} of them harmed")
    taken = lost.filter(pl.col("time").is_between(view.low, view.high)).get_column("address").n_unique()
    said.append("; ".join([*parts, f"assets were taken from {show_count(taken, 'wallet')}"]) + ".")
    said += _say_shade(shade)
    kinds = list(dict.fromkeys(gap.kind for gap in gaps))
    said += [f"Gaps in the logs: {len(gaps):,} ({', '.join(kinds)})."] if gaps else []
    return " ".join(said)


def _say_shade(shade: Shade | None) -> Iterator[str]:
    if shade is None:
        return
    begin = show_exact(shade.start) if shade.start else "the left edge, since nothing bounds T1,"
    end = show_exact(shade.end) if shade.end else "the right edge, since nothing bounds T2"
    yield f"Shaded: from {begin} to {end}" + (", still open." if shade.open else ".")
    if shade.start_latest and shade.start_latest != shade.start:
        yield f"It had begun by {show_exact(shade.start_latest)}: what lies before is shaded more lightly."
    if shade.end_earliest and shade.end_earliest != shade.end:
        yield f"It went on until {show_exact(shade.end_earliest)} at least: what follows is shaded more lightly."
