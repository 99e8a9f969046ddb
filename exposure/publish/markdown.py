"""Hostile text made inert for Markdown and for chat programs that link, embed or ping by themselves. Pure.

Logs, token symbols and even incident.toml (people paste into it) may hold markup, links, mentions or invisible characters.
"""

import re
from collections.abc import Iterable, Sequence

from exposure.console import escape

# What Markdown (and Discord, GitHub's mathematics, spoilers) gives a meaning to in running text.
_MARKUP = re.compile(r"([\\`*_\[\]<>|~$])")
# A dot before letters makes a host name, which many programs link without being asked.
_HOST_DOT = re.compile(r"(?<=[^\W_])\.(?=[^\W\d_]{2})")
# At the start of a line these would make a heading, a list, a quote or a rule.
_BLOCK_START = re.compile(r"^(\d{0,9})([#>+=.)-])")
_LINK = re.compile(r"https?://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5})?([/?#][A-Za-z0-9_/?#@!$&'(),;=.~%+:-]*)?")
_MAIL = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


def break_host(host: str) -> str:
    """Write a host so that no program makes a link of it: `app[.]examplewallet[.]com`."""
    return host.replace("_", "\\_").replace(".", "[.]")


def inert(text: str) -> str:
    """Write text from outside so that it shows as it is, on one line, and does nothing.

    Control, invisible and direction-changing characters become escapes; markup is escaped; links, host names, mail
    addresses and mentions are broken.
    """
    line = escape(" ".join(text.split()))
    line = _MARKUP.sub(r"\\\1", line.replace("&", "&amp;"))
    line = line.replace("://", "[:]//").replace("@", "(at)")
    line = _HOST_DOT.sub("[.]", line)
    return _BLOCK_START.sub(r"\1\\\2", line)


def plain_link(text: str) -> str | None:
    """Give a link that may be shown as it is: http or https, a plain host, nothing that ends it early; else None."""
    return text if _LINK.fullmatch(text) else None


def plain_mail(text: str) -> str | None:
    """Give a mail address that may be shown as it is; else None."""
    return text if _MAIL.fullmatch(text) else None


def join_or(words: Iterable[str]) -> str:
    """Join alternatives: `a`, `a or b`, `a, b or c`; nothing gives ""."""
    return _joined(list(words), "or")


def join_and(words: Iterable[str]) -> str:
    """Join parts: `a`, `a and b`, `a, b and c`; nothing gives ""."""
    return _joined(list(words), "and")


def _joined(words: Sequence[str], word: str) -> str:
    return f"{', '.join(words[:-1])} {word} {words[-1]}" if len(words) > 1 else "".join(words)


def plain(text: str) -> str:
    """Take the Markdown off a sentence of ours, for where it is shown otherwise: `inert` undone, emphasis dropped."""
    bare = re.sub(r"(?<!\\)(\*\*|`)", "", text)
    return re.sub(r"\\(.)", r"\1", bare).replace("&amp;", "&")
