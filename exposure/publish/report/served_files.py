"""The report's picture of the site's files: which version was served when, and which is taken for the attack's. Pure.

Only full fetches and their sizes are in the logs: they show that a file changed, not what changed in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import altair as alt
import polars as pl

from exposure.assess.served import behind_bounds
from exposure.console import escape
from exposure.incident import Incident
from exposure.publish.report.charts import HARM, INK, TRAFFIC, WIDTH, Picture, clock_axis, draw, milliseconds
from exposure.publish.report.timeline_counts import Shade, View
from exposure.publish.report.timeline_panels import shading
from exposure.publish.texts.sentences import show_count
from exposure.publish.times import show_exact

# Versions that are drawn, and runs of them in the table.
_MOST, _RUNS = 14, 100
_NAME = 42
_SIDE = 350
# A run of one fetch is still seen.
_LEAST = 2 / (WIDTH - _SIDE)


@dataclass(frozen=True, slots=True)
class _Version:
    """One version of one file. `taken` says why it is taken for the attack's; `runs` are start, end, full fetches."""

    host: str
    path: str
    size: int
    taken: str
    named: bool
    runs: tuple[tuple[datetime, datetime, int], ...]

    @property
    def hits(self) -> int:
        return sum(hits for _, _, hits in self.runs)

    @property
    def file(self) -> str:
        return f"{self.host}{self.path}" if self.host else f"(no host) {self.path}"

    @property
    def label(self) -> str:
        """Name a bar; of a long path its end tells more than its beginning."""
        file = escape(self.file)
        return f"{file if len(file) <= _NAME else '…' + file[1 - _NAME :]}, {self.size:,} bytes"


def served_files(tables: Mapping[str, pl.DataFrame], incident: Incident, shade: Shade | None) -> Picture | None:
    """Draw the versions of files that changed, or that incident.toml names; none gives no picture."""
    assets = tables["assets"]
    versions = _versions(assets, incident, tables["windows"])
    if not versions:
        return None
    drawn = versions[:_MOST]
    view = _view(drawn, shade)
    paths = {(one.host, one.path) for one in versions}
    files = assets.select("host", "path").unique().height
    bad = [one for one in versions if one.taken]
    says = f"{show_count(files, 'static file')} {'was' if files == 1 else 'were'} served,"
    says += f" {len(paths):,} of them in several versions or named by the team."
    says += "".join(f" {one.file}, {one.size:,} bytes: {one.taken}; {_spans(one)}." for one in bad)
    says += "" if bad else " None of the versions is taken for the attack's."
    note = "Tall and named beside it: taken for the attack's."
    note += " A served size shows that a file changed, not what changed in it. Times are UTC."
    more = len(versions) - len(drawn)
    note += f" {show_count(more, 'more version')} {'is' if more == 1 else 'are'} in table assets." if more > 0 else ""
    headers = ("file", "bytes served", "from", "to", "full fetches", "taken for the attack's")
    rows = [
        (one.file, f"{one.size:,}", show_exact(start), show_exact(end), f"{hits:,}", one.taken)
        for one in drawn
        for start, end, hits in one.runs
    ]
    return Picture(draw(_chart(drawn, view, shade), right=16), note, says, headers, tuple(rows[:_RUNS]))


def _versions(assets: pl.DataFrame, incident: Incident, windows: pl.DataFrame) -> list[_Version]:
    """Give the versions worth a look: those taken for the attack's first, then files that the team names, then by fetches."""
    taken = {
        (run.host, run.path, run.encoding, run.size): _why(run.miss, named=run.named)
        for run in behind_bounds(assets, incident, windows)
    }
    named = {asset.path for asset in incident.assets}
    several = (pl.struct("encoding", "size").n_unique().over("host", "path") > 1) | pl.col("path").is_in(list(named))
    found = []
    for (host, path, encoding, size), rows in assets.filter(several).group_by("host", "path", "encoding", "size"):
        runs = tuple(rows.sort("start").select("start", "end", "hits").iter_rows())
        why = taken.get((host, path, encoding or "", size), "")
        found.append(_Version(str(host or ""), str(path), int(str(size)), why, path in named, runs))
    files = {(one.host, one.path) for one in found if one.taken}
    return sorted(
        found,
        key=lambda one: (
            (one.host, one.path) not in files,
            not one.named,
            one.path,
            one.host,
            one.runs[0][0],
            one.size,
        ),
    )


def _why(miss: int | None, *, named: bool) -> str:
    if miss is not None:
        return "its size is one that incident.toml names"
    return "incident.toml names the file" if named else "who used it and who was harmed go together"


def _spans(version: _Version) -> str:
    first, last = version.runs[0][0], max(end for _, end, _ in version.runs)
    return f"served from {show_exact(first)} to {show_exact(last)}, {version.hits:,} full fetches"


def _view(versions: list[_Version], shade: Shade | None) -> View:
    """Choose the time to show: the attack's versions and the window, with as much again around them, or all there is."""
    runs = [(start, end) for one in versions for start, end, _ in one.runs]
    whole = min(start for start, _ in runs), max(end for _, end in runs)
    ends = [time for one in versions if one.taken for start, end, _ in one.runs for time in (start, end)]
    ends += [time for time in (shade.start, shade.end) if time] if shade and ends else []
    if ends:
        room = max(max(ends) - min(ends), timedelta(hours=1))
        whole = max(whole[0], min(ends) - room), min(whole[1], max(ends) + room)
    return View(whole[0], max(whole[1], whole[0] + timedelta(minutes=1)), timedelta(minutes=1))


def _chart(versions: list[_Version], view: View, shade: Shade | None) -> Any:
    labels = [f"{place}. {one.label}" for place, one in enumerate(versions, start=1)]
    x = alt.X(
        "start:T",
        scale=alt.Scale(type="utc", domain=[milliseconds(view.low), milliseconds(view.high)], nice=False),
        axis=clock_axis(6, title=None),
    )
    y = alt.Y("name:N", sort=labels, title=None).axis(
        ticks=False, domain=False, labelLimit=_SIDE, labelFontSize=11, minExtent=_SIDE - 10, maxExtent=_SIDE - 10
    )
    least = (view.high - view.low) * _LEAST
    layers: list[Any] = [*shading(shade, view, x)]
    for bad, colour, height in ((False, TRAFFIC, 9), (True, HARM, 13)):
        rows = [
            {
                "name": label,
                "start": milliseconds(max(start, view.low)),
                "end": milliseconds(min(max(end, start + least), view.high)),
            }
            for label, one in zip(labels, versions, strict=True)
            for start, end, _ in one.runs
            if bool(one.taken) is bad and end >= view.low and start <= view.high
        ]
        bars = alt.Chart(alt.InlineData(values=rows)).mark_bar(color=colour, height=height)
        layers.append(bars.encode(x=x, x2="end:T", y=y))
        texts = bars.mark_text(align="left", dx=5, fontSize=11, color=INK) if bad else None
        if texts:
            last = {row["name"]: row | {"label": "the attack's"} for row in rows}
            layers.append(
                texts.properties(data=alt.InlineData(values=list(last.values()))).encode(x="end:T", y=y, text="label:N")
            )
    # A version none of whose runs lies in view keeps its row.
    names = alt.Chart(alt.InlineData(values=[{"name": label} for label in labels]))
    layers.append(names.mark_text(text="", color=INK).encode(y=y))
    return alt.layer(*layers).properties(width=WIDTH - _SIDE - 20, height=alt.Step(19))
