"""Names in incident.toml that the logs do not know: an [[action]] or [[asset]] that matches nothing, a site of other hosts. Pure.

A typo there is silent: victims who did what the pattern meant look like people who did nothing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from ipaddress import ip_address
from typing import TYPE_CHECKING

import polars as pl

from exposure.console import escape
from exposure.incident import Action, Incident
from exposure.logs.actions import path_of
from exposure.logs.noticing.paths import Paths
from exposure.logs.reading.sources import SourceFile

if TYPE_CHECKING:
    from exposure.logs.intake import Intake

_NEAREST, _ALIKE = 3, 0.5
# A path that is so alike is what a mistyped pattern meant; without one, nobody may have done it.
_MEANT = 0.85
_HOSTS = 3
# Only events name these: no line of an access log can match them.
_OF_EVENTS = {"event", "version"}


def unmatched(incident: Incident, files: Sequence[SourceFile], intake: "Intake") -> list[str]:
    """Say which actions and assets match none of the requests read, and what comes near; nothing where none was read.

    An action that nobody did is no fault: either is told where a path comes so near that a typo is likely.
    """
    read = [file for file in files if file.lines]
    found = intake.requests.scan().select(pl.col("action").drop_nulls().unique()).collect().to_series()
    said = []
    for action in incident.actions:
        of_kind = [file for file in read if file.events or not _OF_EVENTS & set(action.match)]
        number = sum(intake.counts.parsed[file.number] for file in of_kind)
        if action.name in found or not number:
            continue
        text, meant = _nothing(action, number, intake.paths)
        said += [text] if meant else []
    number = sum(intake.counts.parsed[file.number] for file in read if not file.events)
    if incident.assets and number:
        paths = set(intake.files.scan().select(path=path_of()).unique().collect().to_series())
        for asset in incident.assets:
            near = [] if asset.path in paths else _best(asset.path, paths)
            if _is_meant(asset.path, near):
                said.append(
                    f"asset {asset.path} was asked for by none of {number:,} requests{_near(near)}. "
                    "To go on: correct path under [[asset]], or add the logs of the server that served it"
                )
    return said


def _nothing(action: Action, number: int, paths: Paths) -> tuple[str, bool]:
    """Say that an action matches nothing, and tell whether a path is there that was probably meant."""
    wanted = _plain(action.match.get("path", ""))
    named = {path: f"{method} {path}".strip() for (method, path), _ in paths.counted.most_common()}
    near = _best(wanted, named) if wanted else []
    victims = "" if action.exposure == "none" else "; if it is mistyped, who did it looks like people who did nothing"
    text = (
        f"action {action.name} matched none of {number:,} requests{victims}{_near([named[path] for path in near])}. "
        "To go on: correct match under [[action]] (a request is the first action that matches), or add the logs that show it"
    )
    return text, _is_meant(wanted, near)


def _plain(pattern: str) -> str:
    """Give what a pattern would match were it text."""
    return re.sub(r"\\(.)", r"\1", pattern).strip("^$")


def _is_meant(wanted: str, near: Sequence[str]) -> bool:
    return any(SequenceMatcher(a=path, b=wanted, autojunk=False).ratio() >= _MEANT for path in near)


def _best(wanted: str, paths: Iterable[str]) -> list[str]:
    rated = []
    for path in paths:
        matcher = SequenceMatcher(a=path, b=wanted, autojunk=False)
        if matcher.quick_ratio() >= _ALIKE and (ratio := matcher.ratio()) >= _ALIKE:
            rated.append((-ratio, path))
    return [path for _, path in sorted(rated)[:_NEAREST]]


def _near(names: Sequence[str]) -> str:
    return f"; nearest is {', '.join(map(escape, names))}" if names else ""


def strange_hosts(incident: Incident, cells: pl.LazyFrame) -> list[str]:
    """Say that no host in the logs (CELLS) is a named site or lies under one; nothing where the logs name no host."""
    if not incident.site:
        return []
    counted = cells.group_by("host").agg(pl.col("requests").sum()).drop_nulls("host").collect()
    hosts = list(_names(counted.sort("requests", "host", descending=[True, False])))
    if not hosts or any(host == site or host.endswith(f".{site}") for host in hosts for site in incident.site):
        return []
    more = f" and {len(hosts) - _HOSTS:,} more" if len(hosts) > _HOSTS else ""
    named = f"no line of the logs names {', '.join(incident.site)}: they name {', '.join(map(escape, hosts[:_HOSTS]))}{more}"
    return [f"{named}. To go on: correct site under [incident], which the texts publish, or add the logs of that site"]


def _names(counted: pl.DataFrame) -> Iterator[str]:
    """Give the hosts that are names; servers inside are often named by their IP address, or by one word."""
    for host in counted.get_column("host"):
        name = re.sub(r":[0-9]+$", "", host).lower().rstrip(".")
        try:
            ip_address(name.strip("[]"))
        except ValueError:
            if "." in name:
                yield name
