"""A plain check of advisory texts: what must never stand in one, whoever wrote it. Pure.

It looks at our own texts before they are written, since words and names in them come from people in a hurry.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from exposure.publish.links import domain_of

_ONLY = re.compile(r"\bonly\b", re.IGNORECASE)
_ALL_OTHERS = re.compile(
    r"\b(all (the )?(other|others|remaining)\b|every(one|body) else\b|(all|your) funds are safe\b|nothing else is affected\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a text: line from 1, the rule's name, what stands there, and why that is wrong."""

    line: int
    rule: str
    excerpt: str
    why: str


def find_faults(text: str, sites: Sequence[str], allowed: Sequence[str] = ()) -> tuple[Fault, ...]:
    """Find live links or names of the affected sites, and claims about everyone else that no check can prove.

    `allowed` are links that [advice] names and that were checked: on the affected domain they stand once control is regained.
    """
    domains = sorted({domain_of(site) for site in sites} | set(sites), key=len, reverse=True)
    live = re.compile("|".join(map(re.escape, domains)), re.IGNORECASE) if domains else None
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        bare = line
        for link in allowed:
            bare = bare.replace(link, "")
        if live and (hit := live.search(bare)):
            found.append(Fault(number, "live-site", hit[0], "programs make a link of it: write examplewallet[.]com"))
        if hit := _ONLY.search(bare):
            found.append(Fault(number, "unproven-only", hit[0], '"only" claims that no one else is affected'))
        if hit := _ALL_OTHERS.search(bare):
            found.append(Fault(number, "unproven-all", hit[0], "no data shows that the others are safe"))
    return tuple(found)
