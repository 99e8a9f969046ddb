"""The report's picture of where the money went: bands from the wallets to the attackers and on. Flows in, a picture out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import altair as alt

from exposure.console import escape
from exposure.publish.report.charts import CALM, HARM, INK, MUTED, TRAFFIC, WIDTH, Picture, draw
from exposure.publish.report.flows import ELSEWHERE, OURS, REST, Flow, Link
from exposure.publish.tallies import shorten
from exposure.publish.texts.sentences import checksum, show_count

# Pixels: what the largest column measures without the room between places, that room (two lines of text), a place's width.
_TALL, _ROOM, _WIDE = 96, 30, 9
# What the last column's labels need at its right.
_LABEL = 170
_THIN = 1.5
_POINTS = 9
_COLUMNS = ("taken from", "to the attacker", "1st hop", "2nd hop", "3rd hop")
# Short, since they stand on the picture; table onward and the list below say it in whole sentences.
_ENDS = {
    "attacker": "attacker's",
    "wallet": "case wallet",
    "seen": "seen before",
    "rests": "still there",
    "hidden": "then unseen",
    "hops": "not followed on",
    "budget": "not followed",
    "not_asked": "not asked",
}

Place = tuple[int, str]


@dataclass(frozen=True, slots=True)
class _Box:
    """One place on the picture, in pixels, and what its label says."""

    x: float
    top: float
    tall: float
    value: int
    ends: str


def money_picture(flows: Sequence[Flow]) -> Picture | None:
    """Draw each token's flow; the data has every band with its exact amount. No flow gives no picture."""
    if not flows:
        return None
    charts = [_chart(flow) for flow in flows]
    headers = ("from", "to", "token", "amount", "US dollars", "wallets", "transactions", "the trail stops there")
    rows = tuple(row for flow in flows for row in _rows(flow))
    note = "A band is as high as the amount. Of each column the largest are drawn, and the rest are one."
    note += " What left an address may be more or less than came from the wallets, or another token."
    return Picture(
        draw(alt.vconcat(*charts, spacing=26), right=30), note, " ".join(_say(flow) for flow in flows), headers, rows
    )


def _say(flow: Flow) -> str:
    token, addresses = flow.token, flow.addresses
    hops = sum(number for column, number in addresses.items() if column > 1)
    wallets, places = show_count(token.wallets, "wallet"), _plural(addresses.get(1, 0))
    text = f"{token.text} went from {wallets} to {places} of the attacker"
    return text + (f", and from there on to {_plural(hops)}." if hops else ".")


def _plural(number: int) -> str:
    return f"{number:,} address" + ("" if number == 1 else "es")


def _rows(flow: Flow) -> Iterator[tuple[str, ...]]:
    for link in flow.links:
        usd = "" if link.usd is None else f"{link.usd:,.0f}"
        usd += f" ({link.unpriced:,} without a price)" if link.usd is not None and link.unpriced else ""
        ends = _ENDS.get(link.ends, link.ends)
        amount = replace(flow.token, value=link.value)
        token = f"{amount.unit} ({flow.token.short}) on {flow.token.chain}"
        places = (_name(flow, (link.column, link.source)), _name(flow, (link.column + 1, link.target)))
        wallets = f"{len(link.wallets):,}" if link.wallets else ""
        yield (*places, token, amount.number, usd, wallets, f"{link.sent:,}", ends)


def _name(flow: Flow, place: Place) -> str:
    column, one = place
    if one == REST:
        number = flow.merged.get(column, 0)
        return f"{_plural(number)}" if number == flow.addresses.get(column) else f"{number:,} more"
    return one if one in (OURS, ELSEWHERE) else checksum(one)


def _chart(flow: Flow) -> Any:
    boxes, height = _layout(flow)
    layers: list[Any] = []
    for stolen, colour in ((False, TRAFFIC), (True, HARM)):
        points = [point for point in _bands(flow.links, boxes) if (point["column"] == 0) is stolen]
        bands = alt.Chart(alt.InlineData(values=points)).mark_area(color=colour, opacity=0.4, line=False)
        y2 = alt.Y2("y2:Q")
        layers.append(bands.encode(x=_x(), y=_y(height), y2=y2, detail="band:N"))
    for ended, colour in ((False, INK), (True, CALM)):
        marks = alt.Chart(alt.InlineData(values=[_rect(box) for box in boxes.values() if bool(box.ends) is ended]))
        rects = marks.mark_rect(color=colour, stroke=None)
        layers.append(rects.encode(x=_x(), x2="x2:Q", y=_y(height), y2="y2:Q"))
    labels: list[dict[str, Any]] = [
        {"x": box.x + _WIDE, "y": box.top + box.tall / 2, "lines": _label(flow, place, box)}
        for place, box in boxes.items()
    ]
    for line, (dy, size) in enumerate(((-7, 12), (7, 11))):
        rows = [{**label, "lines": label["lines"][line]} for label in labels]
        texts = alt.Chart(alt.InlineData(values=rows)).mark_text(align="left", dx=5, dy=dy, fontSize=size, color=INK)
        layers.append(texts.encode(x=_x(), y=_y(height), text="lines:N"))
    columns = sorted({(column, box.x) for (column, _), box in boxes.items()})
    heads = [{"x": x, "y": 0, "text": _COLUMNS[column]} for column, x in columns]
    head = alt.Chart(alt.InlineData(values=heads)).mark_text(align="left", dy=-14, fontSize=11, color=MUTED)
    layers.append(head.encode(x=_x(), y=_y(height), text="text:N"))
    where = f"{flow.token.unit}{'' if flow.token.native else ' ' + flow.token.short} on {flow.token.chain}"
    title = alt.TitleParams(escape(where), anchor="start", fontSize=13, fontWeight="normal", color=INK, offset=20)
    return alt.layer(*layers).properties(width=WIDTH, height=height, title=title)


def _rect(box: _Box) -> dict[str, float]:
    return {"x": box.x, "x2": box.x + _WIDE, "y": box.top, "y2": box.top + box.tall}


def _x() -> alt.X:
    return alt.X("x:Q", scale=alt.Scale(domain=[0, WIDTH], nice=False), axis=None)


def _y(height: float) -> alt.Y:
    return alt.Y("y:Q", scale=alt.Scale(domain=[height, 0], nice=False), axis=None)


def _label(flow: Flow, place: Place, box: _Box) -> tuple[str, str]:
    """Name a place: which, and how much; both lines are short, the table below has them whole."""
    column, one = place
    if one in (OURS, ELSEWHERE):
        lost = [link.wallets for link in flow.links if (link.column, link.source) == place]
        name = show_count(len(frozenset[str]().union(*lost)), "wallet") + ("" if one == OURS else ", not this site's")
    else:
        name = _name(flow, place) if one == REST else shorten(checksum(one))
    amount = replace(flow.token, value=box.value)
    notes = (_ENDS.get(box.ends, box.ends), "unconfirmed" if column == 1 and one in flow.unsure else "")
    return name, ", ".join(part for part in (f"{amount.brief} {amount.unit}", *notes) if part)


def _layout(flow: Flow) -> tuple[dict[Place, _Box], float]:
    """Put the places into columns, the largest of each on top and what is merged below; give them, and the height."""
    into: dict[Place, int] = {}
    out: dict[Place, int] = {}
    ends: dict[Place, str] = {}
    for link in flow.links:
        target = (link.column + 1, link.target)
        into[target] = into.get(target, 0) + link.value
        out[link.column, link.source] = out.get((link.column, link.source), 0) + link.value
        ends[target] = link.ends
    value = {place: max(into.get(place, 0), out.get(place, 0)) for place in into.keys() | out.keys()}
    columns: dict[int, list[Place]] = {}
    for place in sorted(value, key=lambda place: (place[1] == REST, -value[place], place)):
        columns.setdefault(place[0], []).append(place)
    most = max(sum(value[place] for place in places) for places in columns.values()) or 1
    tall = {place: max(_TALL * value[place] / most, _THIN) for place in value}
    height = max(sum(max(tall[place], _ROOM) for place in places) for places in columns.values())
    boxes: dict[Place, _Box] = {}
    for number, column in enumerate(sorted(columns)):
        top = 0.0
        for place in columns[column]:
            space = max(tall[place], _ROOM)
            x = number * (WIDTH - _LABEL) / max(len(columns) - 1, 1)
            boxes[place] = _Box(x, top + (space - tall[place]) / 2, tall[place], value[place], ends.get(place, ""))
            top += space + (4 if space > _ROOM else 0)
        height = max(height, top)
    return boxes, height


def _bands(links: Sequence[Link], boxes: Mapping[Place, _Box]) -> Iterator[dict[str, Any]]:
    """Give the outline of each band: from its sender's right edge to its receiver's left, stacked at both in the same order."""
    left: dict[Place, float] = {}
    right: dict[Place, float] = {}
    order = sorted(
        links, key=lambda link: (boxes[link.column, link.source].top, boxes[link.column + 1, link.target].top)
    )
    for number, link in enumerate(order):
        source, target = (link.column, link.source), (link.column + 1, link.target)
        a, b = boxes[source], boxes[target]
        thick = (a.tall * link.value / (a.value or 1), b.tall * link.value / (b.value or 1))
        y = (a.top + left.get(source, 0.0), b.top + right.get(target, 0.0))
        left[source], right[target] = left.get(source, 0.0) + thick[0], right.get(target, 0.0) + thick[1]
        for point in range(_POINTS):
            way = point / (_POINTS - 1)
            bend = way * way * (3 - 2 * way)
            top, high = y[0] + (y[1] - y[0]) * bend, thick[0] + (thick[1] - thick[0]) * bend
            x = a.x + _WIDE + (b.x - a.x - _WIDE) * way
            yield {
                "band": number,
                "column": link.column,
                "x": round(x, 1),
                "y": round(top, 1),
                "y2": round(top + max(high, _THIN), 1),
            }
