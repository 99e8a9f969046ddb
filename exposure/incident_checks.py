"""Checks of incident.toml across its keys. Pure: a model in, faults with their key paths out."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from exposure.incident import Incident
from exposure.toml_lines import KeyPath

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

Finding = tuple[KeyPath, str]


def check_incident(incident: Incident) -> list[Finding]:
    """Give every fault that needs more than one key to be seen."""
    checks = (_starting_points, _facts_in_order, _names, _references, _attackers, _advice)
    return [finding for check in checks for finding in check(incident)]


def _starting_points(incident: Incident) -> Iterator[Finding]:
    if not incident.chains:
        yield ("incident",), 'a chain is needed: write [[chain]] with name = "ethereum" and rpc = ["$ETH_RPC_URL"]'
    if not (incident.logs or incident.attackers or incident.reports):
        yield ("incident",), "there is nothing to start from: write one of [[logs]], [[attacker]] or [[report]]"
    if incident.logs and not incident.actions:
        yield (
            ("logs",),
            "logs alone do not say what exposed people: write an [[action]] for each thing that a user could do",
        )


def _facts_in_order(incident: Incident) -> Iterator[Finding]:
    order = ("last_known_good", "first_bad", "last_bad", "first_known_good")
    placed = [(index, fact) for index, fact in enumerate(incident.facts) if fact.kind in order]
    for index, fact in placed:
        for _, other in placed:
            if order.index(other.kind) < order.index(fact.kind) and other.time > fact.time:
                text = f"{fact.kind} {fact.time:%Y-%m-%d %H:%M:%S} lies before {other.kind} {other.time:%Y-%m-%d %H:%M:%S}: "
                yield ("fact", index, "time"), text + "one of the two times is wrong (zone?)"


def doubts(incident: Incident) -> list[Finding]:
    """Give what may be right, but is mostly a mistake: a person must look, and the work goes on.

    An attack may be over before anybody notices it; who knows that it was can say when it was last seen.
    """
    over, last = incident.fact("first_known_good"), incident.fact("last_bad")
    heard = [fact for fact in incident.facts if fact.kind in ("detected", "public_notice")]
    first = min(heard, key=lambda fact: fact.time, default=None)
    if over is None or last is not None or first is None or over.time >= first.time:
        return []
    text = f"first_known_good {over.time:%Y-%m-%d %H:%M:%S} lies before {first.kind} {first.time:%Y-%m-%d %H:%M:%S}: "
    text += (
        "is one of the two times wrong (zone?)? If it was over before anybody noticed, write a [[fact]] last_bad, too"
    )
    return [(("fact", incident.facts.index(over), "time"), text)]


def find_future(incident: Incident, now: datetime) -> list[Finding]:
    """Give the facts that nobody can have found out yet; `now` is the run's clock, UTC."""
    return [
        (
            ("fact", index, "time"),
            f"{fact.kind} {fact.time:%Y-%m-%d %H:%M:%S} lies in the future (it is {now:%Y-%m-%d %H:%M:%S} UTC): year? zone?",
        )
        for index, fact in enumerate(incident.facts)
        if fact.time > now
    ]


def _names(incident: Incident) -> Iterator[Finding]:
    for key, names in (
        ("action", [action.name for action in incident.actions]),
        ("chain", [chain.name for chain in incident.chains]),
    ):
        for index, name in enumerate(names):
            if name in names[:index]:
                yield (key, index, "name"), f"{name!r} stands twice: merge the two blocks, or rename one"
    ids = [chain.id for chain in incident.chains]
    for index, chain_id in enumerate(ids):
        if chain_id in ids[:index]:
            yield ("chain", index), f"chain id {chain_id} stands twice: write all its endpoints into one rpc list"


def _references(incident: Incident) -> Iterator[Finding]:
    actions = {action.name for action in incident.actions}
    for index, report in enumerate(incident.reports):
        if report.did is not None and report.did not in actions:
            known = ", ".join(sorted(actions)) or "none yet"
            yield ("report", index, "did"), f"{report.did!r} is not the name of an [[action]]: known are {known}"
    chains = {chain.name for chain in incident.chains}
    for index, contract in enumerate(incident.contracts):
        if contract.chain not in chains:
            yield (
                ("contract", index, "chain"),
                f"{contract.chain!r} is not a [[chain]] of this incident: {sorted(chains)}",
            )
    for index, action in enumerate(incident.actions):
        if (action.cleared_by is None) != (action.cleared_why is None):
            yield (
                ("action", index),
                "cleared_by and cleared_why go together: who read the malicious code, and what they found",
            )


def _attackers(incident: Incident) -> Iterator[Finding]:
    seen = [(attacker.address, attacker.role) for attacker in incident.attackers]
    reported = {report.address for report in incident.reports}
    for index, (address, role) in enumerate(seen):
        if (address, role) in seen[:index]:
            yield ("attacker", index, "address"), f"{address} stands twice as {role}: delete one"
        if address in reported:
            yield (
                ("attacker", index, "address"),
                f"{address} is also named in a [[report]] as a victim: one of the two is wrong",
            )


def _advice(incident: Incident) -> Iterator[Finding]:
    """Whoever holds the site's DNS holds every link and mailbox on it."""
    if incident.control == "regained":
        return
    affected = {registrable_domain(host) for host in incident.site}
    for key, value in (
        ("guide", incident.advice.guide),
        ("support", incident.advice.support),
        ("source", incident.advice.source),
    ):
        host = link_host(value or "")
        if host and registrable_domain(host) in affected:
            text = (
                f"this lies on the affected site's domain while control is {incident.control!r}: whoever holds its DNS "
            )
            yield ("advice", key), text + 'holds it too; name a place elsewhere, or set control = "regained"'


def link_host(value: str) -> str:
    """Give the host of a link or of an e-mail address, lowercase; empty where there is none."""
    value = value.strip().removeprefix("mailto:")
    if "://" in value:
        return (urlsplit(value).hostname or "").lower()
    if "@" in value:
        return value.rsplit("@", 1)[1].lower()
    return (urlsplit("//" + value).hostname or "").lower() if "." in value else ""


@cache
def registrable_domain(host: str) -> str:
    """Give the part of a host that its owner registered: app.example.co.uk -> example.co.uk."""
    return public_suffixes().privatesuffix(host) or host


@cache
def public_suffixes() -> "PublicSuffixList":
    """Give the public-suffix list, read once: that takes 0.1 s, so only where a text or a link is judged."""
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()
