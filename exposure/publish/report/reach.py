"""The report's picture of what was read: each source's stretch of time against the window. Tables in, a picture out."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import polars as pl

from exposure.console import escape
from exposure.incident import Incident
from exposure.publish.facts import Facts, widest
from exposure.publish.report.charts import BAND, HARM, INK, TRAFFIC, WIDTH, Picture, clock_axis, draw, milliseconds
from exposure.publish.report.pages import cover_rows
from exposure.publish.times import show_exact

_MOST = 24
_NAME = 44


def reach(tables: Mapping[str, pl.DataFrame], incident: Incident, facts: Facts) -> Picture | None:
    """Draw from when to when each source and layer was read, those with holes first; nothing dated gives no picture."""
    rows = zip(tables["coverage"].iter_rows(named=True), cover_rows(tables, incident), strict=True)
    dated = [(row, shown) for row, shown in rows if row["first"] is not None and row["last"] is not None]
    if not dated:
        return None
    dated.sort(key=lambda pair: (-(pair[0]["gaps"] or 0), pair[1].source, pair[1].layer))
    drawn = dated[:_MOST]
    values = [
        {
            "name": f"{place + 1}. {_name(shown.source, shown.layer)}",
            "start": milliseconds(row["first"]),
            "end": milliseconds(row["last"]),
            "label": f"{row['gaps']:,} gap{'' if row['gaps'] == 1 else 's'}" if row["gaps"] else "",
        }
        for place, (row, shown) in enumerate(drawn)
    ]
    more = len(dated) - len(drawn)
    note = "Shaded: T1 to T2. Where a bar does not cover it, what happened there was not read. Times are UTC."
    note += f" {more:,} more are in the table under “What was read”." if more else ""
    holed = sum(1 for row, _ in dated if row["gaps"])
    says = f"{len(dated):,} sources and layers were read, {holed:,} of them with gaps in time."
    data = tuple(
        (shown.source, shown.layer, show_exact(row["first"]), show_exact(row["last"]), shown.gaps)
        for row, shown in drawn
    )
    return Picture(draw(_chart(values, facts), right=80), note, says, ("source", "layer", "from", "to", "gaps"), data)


def _name(source: str, layer: str) -> str:
    """Name a bar; of a long path its end tells more than its beginning."""
    name = escape(source if layer == "lines" else f"{source}, {layer}")
    return name if len(name) <= _NAME else "…" + name[1 - _NAME :]


def _chart(values: list[dict[str, Any]], facts: Facts) -> Any:
    names = [value["name"] for value in values]
    low, high = min(value["start"] for value in values), max(value["end"] for value in values)
    axis = clock_axis(7, title=None)
    x = alt.X("start:T", scale=alt.Scale(type="utc", domain=[low, max(high, low + 60_000)], clamp=True), axis=axis)
    y = alt.Y("name:N", sort=names, title=None).axis(
        ticks=False, domain=False, labelLimit=300, labelFontSize=11, minExtent=300, maxExtent=300
    )
    layers: list[Any] = []
    span = widest(facts.conditions, facts.as_of) if facts.conditions else None
    if span is not None and (span.start or span.end):
        ends = {
            "start": milliseconds(span.start) if span.start else low,
            "end": milliseconds(span.end) if span.end else high,
        }
        band = alt.Chart(alt.InlineData(values=[ends]))
        layers.append(band.mark_rect(color=BAND).encode(x=x, x2="end:T"))
    base = alt.Chart(alt.InlineData(values=values))
    layers.append(base.mark_bar(color=TRAFFIC, height=9).encode(x=x, x2="end:T", y=y))
    holed = alt.Chart(alt.InlineData(values=[value for value in values if value["label"]]))
    layers.append(holed.mark_bar(color=HARM, height=3).encode(x=x, x2="end:T", y=y))
    text = holed.mark_text(align="left", dx=6, fontSize=11, color=INK)
    layers.append(text.encode(x=alt.X("end:T"), y=y, text="label:N"))
    return alt.layer(*layers).properties(width=WIDTH - 400, height=alt.Step(17))
