"""The rows of the report's timeline, each over the shaded window. Counts in, Altair charts out."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import altair as alt
import polars as pl

from exposure.console import escape
from exposure.publish.report.charts import BAND, BAND_EDGE, INK, MUTED, WIDTH, clock_axis, milliseconds
from exposure.publish.report.gaps import Gap
from exposure.publish.report.timeline_counts import Shade, View
from exposure.publish.times import show_date

_COUNT = "datum.value == 0 ? '0' : format(datum.value, '~s')"
# A gap of minutes on a picture of weeks is still seen: two pixels.
_LEAST_GAP = 2 / WIDTH
# The part of the width that the name of one end takes.
_EDGE = 0.14
# As wide as the other rows' axes, so that all of them begin at the same place.
_NO_AXIS = alt.Axis(values=[], labels=False, minExtent=40, maxExtent=40, title=None, ticks=False, domain=False)


def bars(
    steps: pl.DataFrame,
    view: View,
    shade: Shade | None,
    title: str,
    names: Sequence[str],
    colours: Sequence[str],
    height: int,
    *,
    labels: Sequence[Any] = (),
    last: bool = False,
) -> Any:
    """Draw stacked bars of some columns; with `labels` above, there is room for them; the `last` row carries the axis of time."""
    title_below = f"{_say_days(view)}, UTC" if last else None
    x = _x(view, clock_axis(10, labels=last, ticks=last, title=title_below))
    top = steps.select(pl.sum_horizontal(names).max()).item() or 0
    counts = round_ticks(int(top))
    scale = alt.Scale(domain=[0, counts[-1] * (1.4 if labels else 1)], nice=False)
    ticks = alt.Axis(values=counts, labelExpr=_COUNT, minExtent=40, maxExtent=40, title=None, ticks=False, domain=False)
    layers = [*shading(shade, view, x)]
    gap = timedelta(seconds=view.step.total_seconds() * 0.06)
    for place, (name, colour) in enumerate(zip(names, colours, strict=True)):
        rows = [
            {
                "start": milliseconds(row["start"] + gap),
                "end": milliseconds(row["end"] - gap),
                "y": sum(row[below] for below in names[:place]),
                "y2": sum(row[below] for below in names[: place + 1]),
            }
            for row in steps.iter_rows(named=True)
            if row[name]
        ]
        drawn = alt.Chart(alt.InlineData(values=rows)).mark_rect(color=colour, stroke=None)
        layers.append(drawn.encode(x=x, x2="end:T", y=alt.Y("y:Q", scale=scale, axis=ticks), y2="y2:Q"))
    return alt.layer(*layers, *labels).properties(width=WIDTH, height=height, title=_heading(title))


def gap_row(gaps: Sequence[Gap], view: View, shade: Shade | None) -> Any:
    """Draw when the logs say nothing (full height), or less than they should (half)."""
    x = _x(view, None)
    least = (view.high - view.low) * _LEAST_GAP
    rows = [
        {
            "start": milliseconds(max(gap.start, view.low)),
            "end": milliseconds(min(max(gap.end, gap.start + least), view.high)),
            "top": 1.0 if gap.kind in ("no logs", "silence") else 0.5,
        }
        for gap in gaps
    ]
    y = alt.Y("top:Q", scale=alt.Scale(domain=[0, 1]), axis=_NO_AXIS)
    drawn = alt.Chart(alt.InlineData(values=rows)).mark_rect(color=INK, stroke=None)
    layers = [*shading(shade, view, x), drawn.encode(x=x, x2="end:T", y=y, y2=alt.datum(0))]
    title = "gaps in the logs; half as high: one host is silent, or fewer visitors than on other days"
    return alt.layer(*layers).properties(width=WIDTH, height=12, title=_heading(title))


def _x(view: View, axis: alt.Axis | None) -> alt.X:
    domain = [milliseconds(view.low), milliseconds(view.high)]
    return alt.X("start:T", scale=alt.Scale(type="utc", domain=domain, nice=False), axis=axis)


def _heading(title: str) -> alt.TitleParams:
    return alt.TitleParams(
        escape(title), anchor="start", color=MUTED, fontSize=12, fontWeight="normal", offset=6, limit=WIDTH
    )


def shading(shade: Shade | None, view: View, x: alt.X) -> Iterator[Any]:
    """Shade the window: lightly where it may not have begun, or may be over; dashed at its published ends."""
    if shade is None:
        return
    low, high = max(shade.start or view.low, view.low), min(shade.end or view.high, view.high)
    if low >= high:
        return
    sure = (max(shade.start_latest or low, low), min(shade.end_earliest or high, high))
    inner = [sure] if sure[0] < sure[1] else []
    outer = [(low, sure[0]), (sure[1], high)] if inner else [(low, high)]
    for spans, colour in ((outer, BAND_EDGE), (inner, BAND)):
        rows = [{"start": milliseconds(a), "end": milliseconds(b)} for a, b in spans if a < b]
        yield alt.Chart(alt.InlineData(values=rows)).mark_rect(color=colour).encode(x=x, x2="end:T")
    ends = [
        {"start": milliseconds(time)} for time in (shade.start, shade.end) if time and view.low <= time <= view.high
    ]
    rules = alt.Chart(alt.InlineData(values=ends))
    yield rules.mark_rule(color=INK, strokeDash=[3, 3], strokeWidth=1).encode(x=x)
    turns = [{"start": milliseconds(time)} for time in sure if inner and low < time < high]
    yield (alt.Chart(alt.InlineData(values=turns)).mark_rule(color=MUTED, strokeDash=[1, 3], strokeWidth=1).encode(x=x))


def name_ends(shade: Shade, view: View) -> list[Any]:
    """Name both ends of the shaded window with their intervals, outside it, so that a thin window stays readable.

    Where one end is so near the picture's edge that its name would not fit, both stand at the other; where both are, inside.
    """
    start, end = shade.start or view.low, shade.end or view.high
    first = f"T1 {_clock(start, shade.start_latest)}" if shade.start else "nothing bounds T1"
    last = f"T2 {_clock(shade.end_earliest, end)}" if shade.end else "nothing bounds T2"
    last = f"now {end:%H:%M}" if shade.open else last
    rows: list[tuple[Literal["left", "right"], datetime, str]] = [
        ("right" if shade.start else "left", start, first),
        ("left" if shade.end else "right", end, last),
    ]
    edge = (view.high - view.low) * _EDGE
    left, right = bool(shade.start) and start - view.low < edge, bool(shade.end) and view.high - end < edge
    if left and right:
        rows = [("left", start, first), ("right", end, last)]
    elif left:
        rows = [("left", end, f"{first}, {last}")] if shade.end else [("left", start, f"{first}, {last}")]
    elif right:
        rows = [("right", start, f"{first}, {last}")] if shade.start else [("right", end, f"{first}, {last}")]
    layers = []
    for align, time, label in rows:
        if view.low <= time <= view.high:
            base = alt.Chart(alt.InlineData(values=[{"start": milliseconds(time), "label": label}]))
            text = base.mark_text(align=align, dx=6 if align == "left" else -6, baseline="top", fontSize=12, color=INK)
            layers.append(text.encode(x=alt.X("start:T"), y=alt.value(2), text="label:N"))
    return layers


def _clock(first: datetime | None, last: datetime | None) -> str:
    """Write one or two times of day: `09:00 to 09:12`."""
    return " to ".join(dict.fromkeys(f"{time:%H:%M}" for time in (first, last) if time))


def round_ticks(top: int) -> list[int]:
    """Choose two or three round whole numbers from 0 to at least `top`: nobody counts half wallets."""
    power = 10 ** max(len(str(max(top, 1))) - 1, 0)
    steps = [power * factor // 10 for factor in (1, 2, 5, 10, 20, 50) if power * factor >= 10]
    step = next((step for step in steps if 2 * step >= top), steps[-1])
    return [0, step] if step >= top else [0, step, 2 * step]


def _say_days(view: View) -> str:
    first, last = show_date(view.low), show_date(view.high - timedelta(seconds=1))
    return first if first == last else f"{first} to {last}"
