"""Does what was said still hold for every victim? A victim whom the texts do not describe was told that they are safe. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from exposure.publish.facts import tied_wallets
from exposure.publish.fits import fit_wallets
from exposure.publish.texts.scope import Said
from exposure.publish.texts.sentences import checksum
from exposure.publish.texts.versions import Said as Version
from exposure.watch.events import Event

# What is compared: the tables that `misfits` looks at.
READS = ("wallets", "losses", "attackers", "allowances", "sightings")


@dataclass(frozen=True, slots=True)
class _Published:
    """A condition as it was published, to hold wallets against."""

    said: Said

    @property
    def actions(self) -> tuple[str, ...]:
        """Give the one action that it names."""
        return (self.said.action,)

    def holds(self, action: str | None, time: datetime) -> bool:
        """Tell whether an exposure lies inside."""
        start, end = self.said.start, self.said.end
        return action == self.said.action and (start is None or time >= start) and (end is None or time <= end)


def misfits(version: Version | None, tables: Mapping[str, pl.DataFrame]) -> Iterator[Event]:
    """Give an event for each confirmed victim, tied to the incident, whom what was said does not describe."""
    if version is None or not version.scope.said:
        return
    tied = tied_wallets(tables)
    confirmed = tied.filter(pl.col("verdict") == "compromised")
    fits = fit_wallets(confirmed, tables["sightings"], [_Published(said) for said in version.scope.said])
    outside = {fit.address: fit for fit in fits if fit.answer == "outside"}
    seen = tables["sightings"].filter(pl.col("address").is_in(list(outside)))
    for address, fit in outside.items():
        rows = seen.filter((pl.col("address") == address) & (pl.col("ref") == fit.ref)).sort("time", nulls_last=True)
        action, time = rows.row(0, named=True)["action"], rows.row(0, named=True)["time"]
        why = _why(version.scope.said, action, time) if isinstance(time, datetime) else f"a victim {fit.why}"
        text = f"{why}: {_who_said(version)} wrong"
        facts = {"address": address, "action": action, "time": time, "ref": fit.ref, "messages": list(version.messages)}
        facts |= {"reviewed": version.reviewed}
        yield Event("text_wrong", f"{version.scope.digest}\n{address}", f"{text} ({checksum(address)})", facts)


def _why(said: Sequence[Said], action: str | None, time: datetime) -> str:
    """Say how a victim's deed lies to what was published of that deed."""
    named = [one for one in said if one.action == action]
    if not named:
        did = f"did {action}" if action else "did nothing"
        return f"a victim at {_clock(time)} {did}, which is not named"
    starts = [one.start for one in named if one.start is not None]
    ends = [one.end for one in named if one.end is not None]
    if starts and time < min(starts):
        return f"a victim at {_clock(time)} lies before the published {_clock(min(starts), time)}"
    if ends and time > max(ends):
        return f"a victim at {_clock(time)} lies after the published {_clock(max(ends), time)}"
    return f"a victim at {_clock(time)} lies between the published windows"


def _clock(time: datetime, beside: datetime | None = None) -> str:
    """Write a time of day; of another day than `beside` with its date."""
    if beside is None:
        return f"{time:%H:%M} UTC"
    return f"{time:%H:%M}" if time.date() == beside.date() else f"{time:%Y-%m-%d %H:%M} UTC"


def _who_said(version: Version) -> str:
    names = ", ".join(f"`{name}`" for name in version.messages)
    kind = "message" if version.reviewed else "draft"
    return f"{kind} {names} is" if len(version.messages) == 1 else f"{kind}s {names} are"
