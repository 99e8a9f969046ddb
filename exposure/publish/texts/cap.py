"""The machine form: a message as Common Alerting Protocol 1.2 (OASIS), which aggregators and screens read. Pure.

Times carry a numeric offset (UTC is -00:00 there, as the standard asks). Scope stands in `parameter`: there is no area on the
internet. An alert that is held back has the status Draft. One that follows others which a second person has read updates them, and
names them; where it all was a false alarm, it cancels them. The end of an attack cancels nothing: what was given away stays so, and
programs take a cancelled alert off the screen.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from exposure.publish.facts import Facts
from exposure.publish.markdown import break_host, inert, plain
from exposure.publish.texts.sentences import Sentence, checksum, subject

if TYPE_CHECKING:
    from exposure.publish.texts.wording import Message

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
# What screens show of a headline.
_HEADLINE = 160
# After this a reader should look for a newer alert, whatever became of us.
_EXPIRES = timedelta(hours=24)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def reference_of(alert: str) -> str:
    """Give how other alerts refer to this one of ours: sender, identifier and time, parted by commas."""
    root = ET.fromstring(alert)  # noqa: S314  written by cap_xml
    return ",".join(root.findtext(f"{{{NAMESPACE}}}{tag}") or "" for tag in ("sender", "identifier", "sent"))


def cap_xml(message: "Message", facts: Facts, read: Sequence[str] = ()) -> str:
    """Write one alert. `facts.as_of` must be known: it is when the alert was made.

    `read` are the references of alerts that a second person has read; those made before this one are what it follows.
    """
    assert facts.as_of is not None
    earlier = [
        one for one in read if datetime.fromisoformat(one.rsplit(",", 1)[1]) < facts.as_of.replace(microsecond=0)
    ]
    alert = ET.Element("alert", xmlns=NAMESPACE)
    links = facts.links.within(message.name)
    sender = links.support or links.source or facts.name
    for tag, text in (
        ("identifier", f"{_word(facts.name)}.{message.name}.{facts.as_of.astimezone(UTC):%Y%m%dT%H%M%SZ}"),
        ("sender", _word(sender)),
        ("sent", _time(facts.as_of)),
        ("status", "Draft" if message.not_ready else "Actual"),
        ("msgType", _kind(message, facts) if earlier else "Alert"),
        ("scope", "Public"),
        ("note", plain(message.parts["state"][0].text) if earlier and _false_alarm(message, facts) else ""),
        ("references", " ".join(earlier)),
        ("incidents", _word(facts.name)),
    ):
        if text:
            ET.SubElement(alert, tag).text = text
    info = ET.SubElement(alert, "info")
    for tag, text in _info(message, facts):
        ET.SubElement(info, tag).text = text
    for name, value in _parameters(facts):
        parameter = ET.SubElement(info, "parameter")
        ET.SubElement(parameter, "valueName").text = name
        ET.SubElement(parameter, "value").text = value
    ET.indent(alert)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(alert, encoding="unicode") + "\n"


def _kind(message: "Message", facts: Facts) -> str:
    return "Cancel" if _false_alarm(message, facts) else "Update"


def _false_alarm(message: "Message", facts: Facts) -> bool:
    """Tell whether this says, at the end, that nothing shows an attack."""
    return message.name == "resolved" and facts.status == "resolved" and not facts.attack_shown


def _info(message: "Message", facts: Facts) -> Iterator[tuple[str, str]]:
    links = facts.links.within(message.name)
    starts = [c.public_t1 for c in facts.conditions if c.public_t1]
    lead = message.parts["lead"]
    yield "language", "en-US"
    yield "category", "Security"
    yield "event", "Wallet compromise"
    for kind in ("Execute", "Avoid", "Monitor"):
        yield "responseType", kind
    yield "urgency", "Immediate"
    yield "severity", "Severe"
    yield "certainty", _certainty(lead, facts)
    yield "effective", _time(facts.as_of or _NEVER)
    if starts:
        yield "onset", _time(min(starts))
    yield "expires", _time((facts.as_of or _NEVER) + _EXPIRES)
    if links.signer:
        yield "senderName", plain(inert(links.signer))
    yield "headline", _headline(plain(lead[0].text), facts)
    yield (
        "description",
        _text((*message.parts.get("news", ()), *lead, *message.parts["state"], *message.parts["known"])),
    )
    yield "instruction", _instruction(message)
    if links.source:
        yield "web", links.source
    if links.support:
        yield "contact", links.support


def _certainty(lead: tuple[Sentence, ...], facts: Facts) -> str:
    """Give CAP's word: observed where the condition is proven, likely where it is named, else possible."""
    if lead[0].result == "passed":
        return "Observed"
    return "Likely" if facts.conditions and facts.attack_shown else "Possible"


def _instruction(message: "Message") -> str:
    lines = [plain(sentence.text) for sentence in message.parts["first"]]
    for remedy in message.remedies:
        if remedy.heading:
            lines.append(f"{plain(remedy.heading)}:")
        lines += [f"{number}. {plain(step.text)}" for number, step in enumerate(remedy.steps, 1)]
    return "\n".join([*lines, _text(message.parts["others"]), _text(message.parts["trust"])])


def _parameters(facts: Facts) -> Iterator[tuple[str, str]]:
    for host in facts.sites:
        yield "site", plain(break_host(host))
    for c in facts.conditions:
        bounds = f"{_time(c.public_t1) if c.public_t1 else 'unknown'}/"
        bounds += "open" if c.open else _time(c.public_t2) if c.public_t2 else "unknown"
        yield "exposure", f"{c.exposure}: {' or '.join(plain(inert(word)) for word in c.words)}: {bounds}"
    for enemy in facts.revocable:
        if enemy.confirmed and not enemy.ordinary:
            yield "revoke", f"{plain(inert(enemy.chain)) if enemy.chain else 'any chain'}: {checksum(enemy.address)}"


def _text(sentences: tuple[Sentence, ...]) -> str:
    return "\n".join(plain(sentence.text) for sentence in sentences)


def _headline(lead: str, facts: Facts) -> str:
    """Give who is affected where screens show all of it; a condition that is cut off is another one."""
    return lead if len(lead) <= _HEADLINE else subject(facts)


def _word(text: str) -> str:
    """Give an identifier as CAP wants it: no spaces, commas, < or &."""
    return re.sub(r"[\s,<&]", "-", text)


def _time(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}-00:00"
