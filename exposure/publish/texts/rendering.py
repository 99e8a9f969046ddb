"""Messages -> the text of each channel. Pure: the sentences are already safe for Markdown, so nothing is escaped again there."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from exposure.publish import times
from exposure.publish.facts import Facts
from exposure.publish.markdown import inert, plain
from exposure.publish.texts.cap import cap_xml
from exposure.publish.texts.channels import CHANNELS, POST_BREAK, fold, join, posts
from exposure.publish.texts.sentences import Sentence, show_sites, subject
from exposure.publish.texts.wording import Message

_HOLD = "DO NOT POST YET"


def render(message: Message) -> str:
    """Fill the message's template with its long form, in Markdown."""
    text = _environment().get_template(f"{message.name}.md.j2").render(message=message)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


@cache
def _environment() -> Environment:
    environment = Environment(  # noqa: S701  Markdown, not HTML; wording.py escapes what comes from outside
        loader=PackageLoader("exposure.publish.texts"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=False,
        keep_trailing_newline=True,
    )
    environment.filters |= {"paragraphs": _paragraphs, "bullets": _bullets, "steps": _steps, "running": running}
    return environment


def _paragraphs(sentences: Sequence[Sentence]) -> str:
    return "\n\n".join(sentence.text for sentence in sentences)


def _bullets(sentences: Sequence[Sentence]) -> str:
    return "\n".join("- " + _hang(sentence.text, 2) for sentence in sentences)


def _steps(sentences: Sequence[Sentence]) -> str:
    return "\n".join(f"{number}. " + _hang(sentence.text, 3) for number, sentence in enumerate(sentences, 1))


def _hang(text: str, width: int) -> str:
    """Indent all lines but the first, so that they stay inside their item of a list."""
    first, *rest = text.split("\n")
    return "\n".join([first, *(" " * width + line.strip() if line.strip() else "" for line in rest)])


def running(block: Sequence[Sentence]) -> str:
    """Write the sentences of a block one after the other; a list ends the line."""
    return join([sentence.text for sentence in block])


def files(message: Message, facts: Facts, read: Sequence[str] = ()) -> dict[str, str]:
    """Give the text of every channel of a message by its file's name; one that is not to be written yet gives its reasons alone.

    `read` are the references of the alerts (CAP) that a second person has read.
    """
    empty = not (message.parts or message.blocks)
    found = {}
    for name in message.channels:
        channel = CHANNELS[name]
        if empty and name != "markdown":
            continue
        text = render_channel(message, name, facts, read)
        if text:
            found[f"{message.name}{channel.suffix}"] = text
    return found


def render_channel(message: Message, name: str, facts: Facts, read: Sequence[str] = ()) -> str:
    """Write a message as one channel takes it; empty where the channel cannot carry it yet (CAP needs a time)."""
    if name == "markdown":
        return render(message)
    if name == "email":
        return email(message, facts)
    if name == "status":
        return status_entry(message, facts)
    if name == "cap":
        return cap_xml(message, facts, read) if facts.as_of else ""
    if name == "html":
        return banner(message)
    found = posts([[s.text for s in block] for block in message.blocks], CHANNELS[name])
    return _held(message) + POST_BREAK.join(post.strip() for post in found) + "\n"


def _held(message: Message) -> str:
    return f"{_HOLD}: {'; '.join(map(plain, message.not_ready))}.{POST_BREAK}" if message.not_ready else ""


def email(message: Message, facts: Facts) -> str:
    """Write the plain mail: a subject that says whom it is for, the long form in 72 columns, and why one can trust it."""
    text = render(replace(message, not_ready=()))
    note = "This mail has no attachment, asks for no answer, and asks for nothing that is secret. Compare it with what we publish"
    place = facts.links.within("email").source
    note += f": {place}" if place else "."
    return f"{_held(message)}Subject: {subject(facts)}\n\n{fold(text).strip()}\n\n{fold(note)}\n"


def status_entry(message: Message, facts: Facts) -> str:
    """Write a status page's entry: title, state, times in ISO 8601, and the short form."""
    state = {"contained": "Monitoring", "resolved": "Resolved"}.get(facts.status)
    state = state or ("Identified" if facts.conditions and facts.attack_shown else "Investigating")
    starts = [c.public_t1 or c.first_sign for c in facts.conditions]
    start = min((time for time in starts if time), default=None)
    ends = [c.public_t2 for c in facts.conditions if not c.open]
    end = max((time for time in ends if time), default=None)
    lines = [
        f"Title: {plain(inert(facts.title))}",
        f"Status: {state}",
        f"Affected: {show_sites(facts) or plain(inert(facts.title))}",
        f"Started: {times.show_exact(start) if start else 'not known yet'}",
        f"Ended: {times.show_exact(end) if end else 'still open' if facts.status == 'ongoing' else 'not known yet'}",
    ]
    body = "\n\n".join(join([plain(sentence.text) for sentence in block]) for block in message.blocks)
    return f"{_held(message)}" + "\n".join(lines) + f"\n\n{body}\n"


def banner(message: Message) -> str:
    """Write the banner: one HTML fragment with its own style, no script, nothing loaded, links of [advice] alone."""
    environment = Environment(
        loader=PackageLoader("exposure.publish.texts"), undefined=StrictUndefined, trim_blocks=True, autoescape=True
    )
    environment.filters["shown"] = _shown
    blocks = [[_lines(sentence.text) for sentence in block] for block in message.blocks]
    # A comment must not be ended by what a person typed.
    held = [plain(why).replace("--", "- -") for why in message.not_ready]
    text = environment.get_template("banner.html.j2").render(blocks=blocks, held=held)
    return re.sub(r"\n{2,}", "\n", text).strip() + "\n"


def _shown(text: str) -> Markup:
    """Write Markdown of ours as HTML: what is strong stays so, links are links, everything else is text."""
    strong = Markup("<strong>{}</strong>")
    parts = (strong.format(_linked(part)) if odd % 2 else _linked(part) for odd, part in enumerate(text.split("**")))
    return Markup("").join(parts)


def _linked(text: str) -> Markup:
    found = Markup("")
    for odd, part in enumerate(re.split(r"(https?://[^\s<>]+)", text)):
        word = plain(part)
        found += Markup('<a href="{0}" rel="noopener noreferrer">{0}</a>').format(word) if odd % 2 else escape(word)
    return found


def _lines(text: str) -> tuple[str, list[str]]:
    """Part a sentence from the list under it."""
    first, *rest = text.strip().split("\n")
    return first, [line.strip().removeprefix("- ") for line in rest if line.strip()]
