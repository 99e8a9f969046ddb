"""The report's pictures: tables -> inline SVG whose colours follow the page, each with a text and a table of its data.

Altair builds them, vl-convert draws them without network. Colours in the drawing are placeholders that become CSS variables, so
that one picture serves light, dark and paper; harmed and unharmed differ in lightness too, for grey prints and colour-blind eyes.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import altair as alt
import vl_convert

from exposure.console import escape
from exposure.publish.summary import Rate

# Placeholders: each is replaced by the CSS variable of the page's theme.
_COLOURS = {
    "#0a0a01": "var(--ink)",
    "#0a0a02": "var(--muted)",
    "#0a0a03": "var(--line)",
    "#0a0a04": "var(--harm)",
    "#0a0a05": "var(--calm)",
    "#0a0a06": "var(--traffic)",
    "#0a0a07": "var(--band)",
    "#0a0a08": "var(--band-edge)",
}
INK, MUTED, LINE, HARM, CALM, TRAFFIC, BAND, BAND_EDGE = _COLOURS
WIDTH = 780


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its SVG (already safe to inline), what it shows in words, and its data."""

    svg: str
    caption: str
    alt: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def attack_rates(rates: tuple[Rate, ...]) -> Picture | None:
    """Draw harmed ÷ exposed of every action with its 95 % interval; X in the colour of harm. No rates give no picture."""
    rates = tuple(rate for rate in rates if rate.exposed)
    if not rates:
        return None
    values = [
        {
            "name": escape(rate.words),
            "rate": rate.rate,
            "low": rate.low,
            "high": rate.high,
            "label": f"{rate.harmed:,} of {rate.exposed:,}",
            "place": place,
        }
        for place, rate in enumerate(rates)
    ]
    axis = alt.Axis(
        format="%", tickCount=5, title="harmed, of those who did it in the window (95 % interval)", gridColor=LINE
    )
    x = alt.X("low:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)
    y = alt.Y("name:N", sort=[escape(rate.words) for rate in rates], title=None)
    y = y.axis(
        labelLimit=250,
        minExtent=260,
        maxExtent=260,
        labelFontSize=13,
        labelPadding=14,
        ticks=False,
        domain=False,
        grid=False,
    )
    layers: list[Any] = []
    for is_x, colour in ((True, HARM), (False, CALM)):
        mine = [value for value, rate in zip(values, rates, strict=True) if (rate.is_x == "yes") is is_x]
        base = alt.Chart(alt.InlineData(values=mine))
        layers.append(base.mark_rule(color=colour, strokeWidth=3, strokeCap="round").encode(x=x, x2="high:Q", y=y))
        dot = base.mark_point(filled=True, size=110, opacity=1, color=colour, shape="circle" if is_x else "diamond")
        layers.append(dot.encode(x=alt.X("rate:Q"), y=y))
        text = base.mark_text(align="left", dx=10, fontSize=12, color=INK, limit=120)
        layers.append(text.encode(x=alt.X("high:Q"), y=y, text="label:N"))
    chart = alt.layer(*layers).properties(width=WIDTH - 320, height=alt.Step(34))
    says = "; ".join(f"{rate.words}: {rate.harmed:,} of {rate.exposed:,} harmed" for rate in rates)
    rows = tuple(
        (
            r.words,
            r.exposure,
            _IS_X.get(r.is_x, r.is_x),
            f"{r.harmed:,}",
            f"{r.exposed:,}",
            *(_percent(v) for v in (r.rate, r.low, r.high)),
        )
        for r in rates
    )
    headers = ("what was done", "exposure", "is it X", "harmed", "did it", "rate", "from", "to")
    return Picture(draw(chart, right=100), "Round: X. Diamond: not X, or it cannot be told.", says, headers, rows)


_IS_X = {"yes": "yes", "no": "no", "cannot_tell": "cannot be told"}


def _percent(value: float) -> str:
    return f"{value:.0%}".replace("%", " %")


# Midnight shows its date; 24-hour clock everywhere.
_CLOCK = (
    "utchours(datum.value) == 0 && utcminutes(datum.value) == 0 "
    "? utcFormat(datum.value, '%-d %b') : utcFormat(datum.value, '%H:%M')"
)


def clock_axis(ticks_about: int, **options: Any) -> alt.Axis:
    """Give an axis of time in UTC; `options` are Altair's."""
    return alt.Axis(labelExpr=_CLOCK, tickCount=ticks_about, grid=False, **options)


def milliseconds(time: datetime) -> int:
    """Give a time as Vega counts it."""
    return round(time.timestamp() * 1000)


def draw(chart: Any, *, right: int = 4) -> str:
    """Draw a chart as SVG for the page: no fonts, ids or colours of its own, no accessibility tree (the page has its text)."""
    chart = (
        chart.configure(
            background="transparent", padding={"left": 4, "top": 4, "bottom": 4, "right": right}, aria=False
        )
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=MUTED,
            titleColor=MUTED,
            domainColor=LINE,
            tickColor=LINE,
            gridColor=LINE,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            titlePadding=8,
        )
    )
    version = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    svg = vl_convert.vegalite_to_svg(_inert(chart.to_dict()), vl_version=version)
    return _tidy(svg)


def _inert(value: Any) -> Any:
    """Write control characters of every text as escapes: one that is drawn aborts vl-convert, and the whole program with it."""
    if isinstance(value, dict):
        return {key: _inert(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_inert(part) for part in value]
    return escape(value) if isinstance(value, str) else value


def _tidy(svg: str) -> str:
    for placeholder, variable in _COLOURS.items():
        svg = svg.replace(placeholder, variable)
    svg = re.sub(r' (font-family|aria-[a-z]+|role|class)="[^"]*"', "", svg)
    width = re.search(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"', svg)
    size = f' width="{width[1]}" height="{width[2]}"' if width else ""
    svg = re.sub(
        r'^<svg [^>]*viewBox="([^"]*)"[^>]*>', rf'<svg viewBox="\1"{size} aria-hidden="true" focusable="false">', svg
    )
    # Clip paths are named clip0, clip1 ... in every drawing, and all drawings stand on one page.
    mark = hashlib.sha256(svg.encode()).hexdigest()[:8]
    return re.sub(r'(id="|url\(#)(clip|gradient)', rf"\1p{mark}-\2", svg)
