"""Our own Markdown sentences -> HTML, for pages that say what the texts say. Pure; everything is escaped.

The sentences hold a small part of Markdown: paragraphs, lists, bold, code, backslash escapes. Whatever else stands in one shows
as it is.
"""

import re
from collections.abc import Iterable
from html import escape as html_escape

from markupsafe import Markup

from exposure.console import escape

# In this order: an escaped character, code, bold, and the rest.
_TOKEN = re.compile(r"\\(?P<plain>[^A-Za-z0-9\s])|`(?P<code>[^`]*)`|(?P<bold>\*\*)|&amp;")


def to_html(text: str, links: Iterable[str | None] = ()) -> Markup:
    """Write a sentence as HTML blocks. Only `links`, which were checked before, become links; mail addresses among them, too."""
    known = [link for link in links if link]
    blocks: list[str] = []
    for paragraph in re.split(r"\n{2,}", text.strip()):
        items: list[str] = []
        for line in paragraph.split("\n"):
            if line.lstrip().startswith("- "):
                items.append(f"<li>{_inline(line.lstrip()[2:], known)}</li>")
                continue
            if items:
                blocks.append(f"<ul>{''.join(items)}</ul>")
                items = []
            blocks.append(f"<p>{_inline(line.strip(), known)}</p>")
        if items:
            blocks.append(f"<ul>{''.join(items)}</ul>")
    return Markup("".join(blocks))  # noqa: S704  every piece was escaped by _inline


def _inline(text: str, links: list[str]) -> str:
    parts: list[str] = []
    bold = False
    last = 0
    for hit in _TOKEN.finditer(text):
        parts.append(_linked(text[last : hit.start()], links))
        last = hit.end()
        if hit["plain"] is not None:
            parts.append(_safe(hit["plain"]))
        elif hit["code"] is not None:
            parts.append(f"<code>{_safe(hit['code'])}</code>")
        elif hit["bold"]:
            parts.append("</strong>" if bold else "<strong>")
            bold = not bold
        else:
            parts.append("&amp;")
    parts.append(_linked(text[last:], links))
    return "".join(parts) + ("</strong>" if bold else "")


def _linked(text: str, links: list[str]) -> str:
    """Escape text and make links of what is exactly one of `links`."""
    if not links:
        return _safe(text)
    pieces = re.split("(" + "|".join(re.escape(link) for link in sorted(links, key=len, reverse=True)) + ")", text)
    return "".join(_anchor(piece) if number % 2 else _safe(piece) for number, piece in enumerate(pieces))


def _anchor(link: str) -> str:
    target = link if "://" in link else f"mailto:{link}"
    return f'<a href="{_safe(target)}" rel="noreferrer noopener">{_safe(link)}</a>'


def _safe(text: str) -> str:
    """Escape for HTML; control, invisible and direction-changing characters show as escapes."""
    return html_escape(escape(text))
