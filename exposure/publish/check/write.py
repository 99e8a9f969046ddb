"""The public "am I affected?" page: the advisory's own sentences as questions that need no script. It writes check/.

The page holds the condition and never a list of victims: addresses can be enumerated, so a list cannot be hidden. It loads and
asks for nothing. The look-up of approvals is a page of its own, so that only there may the browser ask an endpoint.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
from markupsafe import Markup

from exposure.case import Case, write_atomically
from exposure.incident import Incident
from exposure.publish.check.lookup import lookup_data
from exposure.publish.check.questions import questions, steps
from exposure.publish.check.review import FOLDER, PAGES, disagreeing, mark, page_standing, unread
from exposure.publish.facts import Facts
from exposure.publish.html import csp_hash, page_environment
from exposure.publish.markdown import break_host, inert, join_or, plain
from exposure.publish.markup import to_html
from exposure.publish.texts.advise import READS, compose, faults_of
from exposure.publish.texts.claims import Checks, problems
from exposure.publish.texts.remedies import Remedy
from exposure.publish.texts.sentences import Sentence, Speaker
from exposure.publish.texts.wording import Message
from exposure.publish.times import show_locally

# The first load, in bytes: for a telephone in a bad network.
MOST = 150_000
_TEMPLATES = Path(__file__).parent / "templates"
# Any host may stand there, since the visitor chooses the endpoint; their own node may be on their machine.
_CONNECT = "connect-src https: http://localhost:* http://127.0.0.1:*"


def write_check(
    case: Case, incident: Incident, clock: datetime | None = None, *, to_publish: bool = False
) -> dict[str, object]:
    """Write check/ and give the figures of the step; while the texts are held back there is no page, and an old one goes.

    A page whose text no second person has read, as it is now, says at its top that it is a draft. A review that is void is a
    problem, and so is a missing one where the page alone is asked for, `to_publish` it. `clock` is the present: a hold is judged
    by it.
    """
    tables = {name: case.read(name) for name in READS}
    said = compose(case, incident, tables, clock)
    facts, checks = said.facts, said.checks
    message = chosen(facts, said.messages)
    folder = case.folder / FOLDER
    if message.not_ready:
        for name in PAGES:
            (folder / name).unlink(missing_ok=True)
        told = [f"the public page is not there: {'; '.join(message.not_ready)}"]
        return {"pages": 0, "needs_person": True, "problems": told}
    stands = page_standing(case, facts, message)
    pages = render_check(tables, incident, facts, checks, message, draft=stands.state != "reviewed")
    for name in PAGES:
        if name in pages:
            # Readable by a web server that is run by somebody else; its folder is not, until it is copied there.
            write_atomically(folder / name, pages[name].encode(), mode=0o644)
        else:
            (folder / name).unlink(missing_ok=True)
    found = [*facts.problems, *problems(checks), *_told(pages, facts), *disagreeing(case, message)]
    found += unread(stands) if to_publish or stands.state == "void" else []
    return {
        "pages": len(pages),
        "bytes": len(pages["index.html"].encode()),
        "review": stands.state,
        "path": str(folder / "index.html"),
        "needs_person": bool(found),
        "problems": found,
    }


def chosen(facts: Facts, messages: Sequence[Message]) -> Message:
    """Give the message whose sentences the page says: `initial`, or `resolved` when the attack is over."""
    wanted = "initial" if facts.status == "ongoing" else "resolved"
    return next(message for message in messages if message.name == wanted)


def render_check(
    tables: Mapping[str, pl.DataFrame],
    incident: Incident,
    facts: Facts,
    checks: Checks,
    message: Message,
    *,
    draft: bool = True,
) -> dict[str, str]:
    """Make the pages by name. Pure; lookup.html is there where there is an approval or a delegation to look up.

    A `draft` says at its top that nobody has read it.
    """
    speaker = Speaker(facts, checks)
    asked = questions(speaker)
    walked, endings = steps(asked, any_time=bool(checks["condition"].rows))
    found = lookup_data(tables, incident, facts)
    links = (facts.links.guide, facts.links.support, facts.links.source)
    shared: dict[str, Any] = {
        "title": "Am I affected?",
        "incident": plain(inert(facts.title)),
        "sites": join_or([plain(break_host(site)) for site in facts.sites]) if facts.sites else "",
        "parts": {name: [_html(sentence, links) for sentence in part] for name, part in message.parts.items()},
        "trusted": facts.control == "regained",
        "source": to_html(facts.links.source, links) if facts.links.source else "",
        "signer": facts.links.signer,
        "lookup": bool(found["chains"]),
        "advisory": mark(message),
        "draft": draft,
    }
    pages = {
        "index.html": _page(
            "check.html.j2",
            "check.js",
            "",
            shared
            | {
                "steps": walked,
                "endings": [(ending, _remedies(ending.gave, facts, message, links)) for ending in endings],
                "first": walked[0].name,
                # Who is not sure does all of it.
                "whole": max((ending.name for ending in endings), key=len),
                "asked": len(asked),
                "locally": lambda question: show_locally(question.start, question.end, facts.zones),
                "html": lambda text: to_html(text, links),
            },
        )
    }
    if found["chains"]:
        act = next((ending.name for ending in endings if "approval" in ending.gave), "start")
        text = json.dumps(found | {"act": act}, sort_keys=True, ensure_ascii=True).replace("<", "\\u003c")
        extra = {"data": Markup(text), "chains": found["chains"]}  # noqa: S704  "<" is written as an escape
        pages["lookup.html"] = _page("check_lookup.html.j2", "check_lookup.js", _CONNECT, shared | extra)
    return pages


def _html(sentence: Sentence, links: tuple[str | None, ...]) -> Markup:
    return to_html(sentence.text, links)


def _remedies(
    gave: tuple[str, ...], facts: Facts, message: Message, links: tuple[str | None, ...]
) -> list[tuple[str, str, list[Markup]]]:
    """Give the remedies of what was given away, as (exposure, heading, steps)."""
    known: dict[str, Remedy] = dict(zip(facts.remedies, message.remedies, strict=True))
    return [
        (exposure, plain(known[exposure].heading), [_html(step, links) for step in known[exposure].steps])
        for exposure in gave
        if exposure in known
    ]


def _page(template: str, script: str, connect: str, values: Mapping[str, Any]) -> str:
    """Fill a template; its own style and script, by their hashes, are all that its policy lets run."""
    style = (_TEMPLATES / "check.css").read_text(encoding="utf-8")
    code = (_TEMPLATES / script).read_text(encoding="utf-8")
    policy = ["default-src 'none'", "img-src data:", f"style-src '{csp_hash(style)}'", f"script-src '{csp_hash(code)}'"]
    policy += [part for part in (connect, "base-uri 'none'", "form-action 'none'") if part]
    environment = page_environment("exposure.publish.check")
    environment.filters |= {"iso": lambda time: f"{time:%Y-%m-%dT%H:%M:%SZ}"}
    own = {"style": Markup(style), "script": Markup(code), "policy": "; ".join(policy)}  # noqa: S704  our own files
    return environment.get_template(template).render(**own, **values)


def _told(pages: Mapping[str, str], facts: Facts) -> list[str]:
    """Say what is wrong with the pages: what must stand in no public text, and a first load that is too large."""
    found = [
        f"check/{name} line {fault.line}: {fault.rule} ({fault.excerpt}): {fault.why}"
        for name, page in pages.items()
        for fault in faults_of(page, facts)
        if fault.rule == "live-site"
    ]
    size = len(pages["index.html"].encode())
    if size > MOST:
        found.append(f"check/index.html has {size:,} bytes: more than {MOST:,}, which is slow on a telephone")
    return found
