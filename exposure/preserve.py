"""`exposure preserve`: what to save first, adapted to the incident, as lines, JSON, and a list that people tick off. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from exposure.incident import Incident
from exposure.preserve_list import EVIDENCE, LEVELS, Evidence

LIST_FILE = "preserve.md"
_ITEM = re.compile(r"^- \[(?P<tick>[ xX])\] .*<!-- (?P<key>[a-z]+) -->$")


@dataclass(frozen=True, slots=True)
class Item:
    """A thing to save in this incident, how soon, and what [[logs]] already names of its kind."""

    evidence: Evidence
    level: str
    named: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Give it for machines."""
        one = self.evidence
        return {
            "key": one.key,
            "title": one.title,
            "when": self.level,
            "lost": one.lost,
            "save": one.save,
            "use": one.use,
            "named": list(self.named),
        }


def choose(incident: Incident | None) -> list[Item]:
    """Give what to save, most urgent first; what the vector points to comes a step sooner. None, an unfinished case, gives all."""
    vector = incident.vector if incident else "unknown"
    items = [
        Item(one, _level(one, vector), _named(one, incident))
        for one in EVIDENCE
        if not one.only or vector in ("unknown", *one.vectors)
    ]
    return sorted(items, key=lambda item: (LEVELS.index(item.level), vector not in item.evidence.vectors))


def _level(one: Evidence, vector: str) -> str:
    place = LEVELS.index(one.level)
    return LEVELS[max(place - 1, 0)] if vector in one.vectors else one.level


def _named(one: Evidence, incident: Incident | None) -> tuple[str, ...]:
    return tuple(log.path for log in incident.logs if log.kind == one.kind) if incident and one.kind else ()


def lines(items: Sequence[Item]) -> list[str]:
    """Give the list for a terminal."""
    return list(_lines(items))


def _lines(items: Sequence[Item]) -> Iterator[str]:
    level = ""
    for item in items:
        if item.level != level:
            level = item.level
            yield f"{level.upper()}"
        one = item.evidence
        yield f"  {one.title}"
        yield f"    disappears  {one.lost}"
        yield f"    save        {one.save}"
        yield f"    good for    {one.use}"
        if item.named:
            yield f"    named       {', '.join(item.named)}: see that all of it is there"


def checklist(title: str, items: Sequence[Item], before: str) -> str:
    """Give the list as Markdown. What people did in the one before stays: ticks, and the lines that they wrote below an item."""
    ticked, written = _people(before)
    parts = [
        f"# What to save first: {title}",
        "",
        "Made by `exposure preserve`. Tick what is done, and write below an item, with `>` in front, who did it, when, and where",
        "it lies: both stay when the list is made again. Work on copies. What lies in logs/ and evidence/ is hashed.",
    ]
    level = ""
    for item in items:
        if item.level != level:
            level = item.level
            parts += ["", f"## {level.capitalize()}"]
        one = item.evidence
        parts += [
            "",
            f"- [{'x' if one.key in ticked else ' '}] **{one.title}** <!-- {one.key} -->",
            f"  - Disappears: {one.lost}.",
            f"  - Save: {one.save}.",
            f"  - Good for: {one.use}.",
        ]
        parts += [f"  - Named: {', '.join(item.named)}: see that all of it is there."] if item.named else []
        parts += written.get(one.key, [])
    return "\n".join(parts) + "\n"


def _people(before: str) -> tuple[set[str], Mapping[str, list[str]]]:
    """Read ticks and notes out of the list as people left it."""
    ticked: set[str] = set()
    written: dict[str, list[str]] = {}
    key = ""
    for line in before.splitlines():
        if found := _ITEM.match(line):
            key = found["key"]
            if found["tick"] != " ":
                ticked.add(key)
        elif line.lstrip().startswith(">") and key:
            written.setdefault(key, []).append(line)
    return ticked, written
