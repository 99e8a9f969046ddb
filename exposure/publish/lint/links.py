"""Rules on links and names of hosts: nothing leads to the attacker, nothing is linked by accident. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from exposure.incident_checks import public_suffixes
from exposure.publish.lint.draft import Draft, Sentence
from exposure.publish.lint.rule import Hit, rule
from exposure.publish.lint.who import conditions
from exposure.publish.markdown import break_host
from exposure.publish.texts.links import SHORTENERS, domain_of

_I = re.IGNORECASE
_HOST = re.compile(
    r"(?<![\w.@-])(?P<scheme>[a-z][a-z0-9+.-]{1,15}://)?(?P<host>(?:[\w-]{1,63}\.){1,8}[^\W\d_][\w-]{1,62})\b(?!@)", _I
)
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?P<host>(?:[\w-]{1,63}\.){1,8}[^\W\d_][\w-]{1,62})\b")
_BROKEN = re.compile(
    r"\b(?:hxxps?(?:\[?:\]?//))?(?P<host>[\w-]{1,63}(?:\s?[\[({]\.[\])}]\s?[\w-]{1,63}"
    r"|\s?[\[({]dot[\])}]\s?[\w-]{1,63}|\.[\w-]{1,63}){1,8})",
    _I,
)
# Words that say of a host, in its sentence, that the attacker had it.
_COMPROMISED = re.compile(
    r"\b(?:compromis|hijack|hack|malicious|phish|infect|inject|poison|redirect|spoof|fake|(?:do not|don.t|stop"
    r"|avoid|never) (?:use|using|visit|visiting|open|go|interact"
    r"|connect|access)|affected site|our (?:site|website|front ?end|domain|dapp|app))",
    _I,
)


@dataclass(frozen=True, slots=True)
class Host:
    """A host that programs make a link of: where it stands, in lower case, and whether a scheme stands before it."""

    start: int
    end: int
    name: str
    scheme: str
    link: str


@lru_cache(maxsize=4096)
def _registrable(host: str) -> str:
    """Give the registrable domain of a host under a known suffix; "" where programs would make no link of it."""
    return public_suffixes().privatesuffix(host, accept_unknown=False) or ""


@lru_cache(maxsize=8)
def hosts(draft: Draft) -> tuple[Host, ...]:
    """Give the hosts that would become links; those of mail addresses too."""
    text, found = draft.seen, []
    for match in _HOST.finditer(text):
        name = match["host"].lower().strip("-")
        if match["scheme"] and match["scheme"].lower().startswith("hxxp"):
            continue
        if not match["scheme"] and not _registrable(name):
            continue
        link = re.match(r"\S*", text[match.start() :])
        found.append(
            Host(
                match.start(), match.end(), name, match["scheme"] or "", (link[0] if link else "").rstrip(".,;:!?)>\"'")
            )
        )
    found += [Host(m.start(), m.end(), m["host"].lower(), "mailto:", m[0]) for m in _MAIL.finditer(text)]
    return tuple(sorted(found, key=lambda host: host.start))


@lru_cache(maxsize=8)
def affected(draft: Draft) -> frozenset[str]:
    """Give the registrable domains that belong to the attacker for now: those of the case, else those that the text tells."""
    named = {domain_of(site.lower()) for site in draft.ground.sites}
    if draft.ground.sites:
        return frozenset(named)
    for match in _BROKEN.finditer(draft.seen):
        if re.search(r"[\[({]", match[0]):
            name = re.sub(r"\s?[\[({](?:\.|dot)[\])}]\s?", ".", match["host"], flags=_I).lower()
            named.add(domain_of(name))
    for sentence in draft.sentences:
        told = bool(_COMPROMISED.search(sentence.text))
        for host in _within(draft, sentence):
            before = draft.seen[sentence.start : host.start]
            # A whole link beside it is where to read on, unless it is what people are warned of.
            if (not host.scheme and (told or _TROUBLE.search(sentence.text))) or (
                told and not named and not _READ_ON.search(before)
            ):
                named.add(domain_of(host.name))
    for sentence, _ in conditions(draft) if not named else ():
        # "If you signed on x.com": what people did there, they did on the affected site.
        for host in _within(draft, sentence):
            if not host.scheme and _DID_THERE.search(draft.seen[sentence.start : host.start]):
                named.add(domain_of(host.name))
    return frozenset(named)


def _within(draft: Draft, sentence: Sentence) -> list[Host]:
    return [host for host in hosts(draft) if sentence.start <= host.start < sentence.end and host.name not in _KNOWN]


_READ_ON = re.compile(
    r"\b(?:updates?|status|read|guide|how|details?|more|help|see|list(?:ed)?|source|at|follow|support|check"
    r"|write|contact|questions?)\b[^.!?]{0,30}$",
    _I,
)
_TROUBLE = re.compile(r"\b(?:issue|problem|incident|attack|exploit|breach|front[- ]?end)\b", _I)
_DID_THERE = re.compile(
    r"^(?!.*\b(?:revoke|move|guide|how to|updates?)\b).*\b(?:on|to|at|used|visited|opened"
    r"|with|from|of)\s+$",
    _I | re.DOTALL,
)
# A tool that is named in the same sentence as the site is not the site.
_KNOWN = frozenset(
    ["revoke.cash", "etherscan.io", "app.revoke.cash", "twitter.com", "x.com", "github.com", "discord.gg", "t.me"]
)


def _allowed(draft: Draft, host: Host) -> bool:
    return any(host.link.startswith(link) or link.startswith(host.link) for link in draft.ground.allowed if host.link)


@rule(
    "live-site",
    "error",
    "The affected site never stands as a link",
    why="Programs make a link of it, people click links, and the page behind it belongs to the attacker. 2 of 13 "
    "first messages did this.",
    section="links",
    bad="Do not use examplewallet.com, it is compromised.",
    good="Do not use examplewallet[.]com, it is compromised.",
)
def live_site(draft: Draft) -> Iterator[Hit]:
    """Look for the affected hosts in any form that a program would link."""
    for host in hosts(draft):
        if domain_of(host.name) in affected(draft) and not _allowed(draft, host):
            shown = break_host(host.name)
            yield Hit(host.start, host.end, "programs make a link of the affected site", f"write {shown}")
    for site in draft.ground.sites:
        # Also where no known suffix stands: an internal name, a host of a test.
        for match in re.finditer(rf"(?<![\w.-]){re.escape(site)}(?![\w-])", draft.seen, _I):
            if not any(host.start <= match.start() < host.end for host in hosts(draft)):
                yield Hit(
                    match.start(),
                    match.end(),
                    "programs make a link of the affected site",
                    f"write {break_host(match[0])}",
                )


@rule(
    "look-alike",
    "error",
    "No live link to a look-alike",
    why="Copies appear within the hour, in the incident's own threads; a warning that links them sends people there.",
    section="links",
    bad="Do not use examplewallet[.]com. Beware of fix-examplewallet.com, too.",
    good="Do not use examplewallet[.]com. Beware of fix-examplewallet[.]com, too.",
)
def look_alike(draft: Draft) -> Iterator[Hit]:
    """Look for live hosts whose name holds, or nearly is, that of the affected site, and for names that mix alphabets."""
    for host in hosts(draft):
        if why := _likeness(draft, host):
            yield Hit(host.start, host.end, why, f"write {break_host(host.name)}, or take it out")


def _likeness(draft: Draft, host: Host) -> str:
    """Say how a host's name deceives; "" where it does not, or is the affected site itself."""
    domain = domain_of(host.name)
    if domain in affected(draft) or _allowed(draft, host):
        return ""
    labels = {name.split(".")[0] for name in affected(draft) if len(name.split(".")[0]) >= 5}
    label = domain.split(".")[0]
    if any(mine in host.name or _distance(mine, label) <= 1 + len(mine) // 8 for mine in labels):
        return "this looks like the affected site's name"
    mixed = not host.name.isascii() and bool(re.search("[a-z]", host.name))
    return "this name mixes alphabets or hides them" if mixed or "xn--" in host.name else ""


def _distance(left: str, right: str) -> int:
    """Count the letters that differ (Levenshtein); names are short."""
    if abs(len(left) - len(right)) > 3:
        return 9
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        last, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]


@rule(
    "auto-link",
    "warning",
    "No bare name of a host",
    why="Chat programs and X make a link of every name that could be a host; where it leads, nobody has checked.",
    section="links",
    bad="Check your approvals on revoke.cash today at 10:00 UTC.",
    good="Check your approvals: https://revoke.cash",
)
def auto_link(draft: Draft) -> Iterator[Hit]:
    """Look for hosts without a scheme that are not the affected site."""
    for host in hosts(draft):
        ours = domain_of(host.name) in affected(draft) or _allowed(draft, host)
        if not (host.scheme or ours or _likeness(draft, host)):
            text = "programs make a link of this by themselves"
            yield Hit(
                host.start, host.end, text, f"write the whole link (https://...), or break it: {break_host(host.name)}"
            )


@rule(
    "shortener",
    "error",
    "No shortened links",
    why="A shortened link hides where it leads, and impostors post the same kind. People in an incident must be "
    "able to read a link.",
    section="links",
    bad="How to move your funds: https://bit.ly/3abcdef",
    good="How to move your funds: https://help.example/new-wallet",
)
def shortener(draft: Draft) -> Iterator[Hit]:
    """Look for the known shorteners."""
    for host in hosts(draft):
        if host.name.removeprefix("www.") in SHORTENERS:
            yield Hit(host.start, host.end, "a shortened link", "write where it leads")
