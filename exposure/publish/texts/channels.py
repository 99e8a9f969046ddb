"""What each channel takes: its limit, how it counts, and a text cut into as many posts as it needs. Pure.

A post ends between sentences; an address is never cut. Limits as published by each service in 2026: X 280 weighted
characters (a link counts 23), Discord 2,000 characters, Telegram 4,096 UTF-16 units, Reddit 40,000, GitHub 65,536.
"""

import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exposure.publish.markdown import plain

_URL = re.compile(r"https?://\S+")
_X_URL = 23
# The code points that X counts twice (twitter-text 3.1).
_X_DOUBLE = re.compile(r"[^\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")
_MAIL_WIDTH = 72


def count_x(text: str) -> int:
    """Count as X does: a link is 23, an ideograph or emoji 2."""
    links = len(_URL.findall(text))
    rest = _URL.sub("", text)
    return links * _X_URL + len(rest) + len(_X_DOUBLE.findall(rest))


def count_utf16(text: str) -> int:
    """Count as Telegram does."""
    return len(text.encode("utf-16-le")) // 2


@dataclass(frozen=True, slots=True)
class Channel:
    """A place where a text is posted. `limit` is per post; `numbered` posts say which of how many they are."""

    name: str
    title: str
    suffix: str
    limit: int
    count: Callable[[str], int] = len
    markdown: bool = False
    numbered: bool = True


CHANNELS: dict[str, Channel] = {
    channel.name: channel
    for channel in (
        Channel("x", "X/Twitter", ".x.txt", 280, count_x),
        Channel("discord", "Discord", ".discord.md", 2_000, markdown=True),
        Channel("telegram", "Telegram", ".telegram.txt", 4_096, count_utf16),
        Channel("markdown", "Reddit, GitHub", ".md", 40_000, markdown=True, numbered=False),
        Channel("email", "e-mail", ".txt", 100_000, numbered=False),
        Channel("status", "status page", ".status.txt", 10_000, numbered=False),
        Channel("cap", "CAP 1.2", ".cap.xml", 100_000, numbered=False),
        Channel("html", "web banner", ".html", 100_000, numbered=False),
    )
}
# Between two posts of a thread in one file: nobody's text holds it.
POST_BREAK = "\n\n-----\n\n"


def posts(blocks: Sequence[Sequence[str]], channel: Channel) -> tuple[str, ...]:
    """Pack blocks of sentences (Markdown) into posts within the channel's limit, in order, numbered where there are several.

    Each post starts with a block where that costs no more posts; a sentence that is too long alone is cut between words.
    """
    shown = [[text if channel.markdown else plain(text) for text in block] for block in blocks if block]
    whole = "\n\n".join(map(join, shown))
    if channel.count(whole) <= channel.limit:
        return (whole,)
    room = channel.limit - len(" 999/999")
    found: list[str] = []
    for block in shown:
        for place, piece in enumerate(part for text in block for part in _pieces(text, channel, room)):
            together = join([found[-1], piece]) if found and place else f"{found[-1]}\n\n{piece}" if found else piece
            if found and channel.count(together) <= room:
                found[-1] = together
            else:
                found.append(piece)
    return (
        tuple(_numbered(post, number, len(found)) for number, post in enumerate(found, 1))
        if channel.numbered
        else tuple(found)
    )


def join(texts: Sequence[str]) -> str:
    """Set sentences one after the other; a list stands on its own lines, and what ends in a link ends its line."""
    text = ""
    for more in texts:
        before = text.rstrip()
        if not before:
            gap = ""
        elif text.endswith("\n"):
            gap = "\n\n"
        elif (
            more.startswith("- ")
            or _last_line(before).startswith("- ")
            or not before.endswith((".", "*", ":", "…", "?"))
        ):
            gap = "\n"
        else:
            gap = " "
        text = f"{before}{gap}{more}"
    return text.rstrip()


def _last_line(text: str) -> str:
    return text.rpartition("\n")[2]


def _numbered(post: str, number: int, of: int) -> str:
    """Write the number of a post; not beside an address, where people would copy it along."""
    return f"{post.rstrip()}{chr(10) if _last_line(post.rstrip()).startswith('- ') else ' '}{number}/{of}"


def _pieces(text: str, channel: Channel, room: int) -> list[str]:
    """Cut a sentence that does not fit: at its lines first (lists of addresses), then between words."""
    if channel.count(text) <= room:
        return [text]
    found: list[str] = []
    for line in text.split("\n"):
        words, here = line.split(" "), ""
        for word in words:
            longer = f"{here} {word}" if here else word
            if here and channel.count(longer) + len(" ……") > room:
                found.append(f"{here} …")
                here = word
            else:
                here = longer
        joined = f"{found[-1]}\n{here}" if found and not found[-1].endswith(" …") else ""
        if joined and channel.count(joined) <= room:
            found[-1] = joined
        elif here:
            found.append(here)
    return found


def fold(text: str) -> str:
    """Write Markdown of ours as a plain mail: 72 columns, headings underlined; links and addresses stay whole."""
    found = []
    for line in text.split("\n"):
        heading = re.fullmatch(r"#+ (.*)", line)
        shown = plain(heading[1] if heading else line)
        indent = re.match(r" *(?:(?:\d+\.|[->]) )?", shown)
        wrapped = textwrap.wrap(
            shown,
            _MAIL_WIDTH,
            subsequent_indent=" " * len(indent[0] if indent else ""),
            break_long_words=False,
            break_on_hyphens=False,
        )
        found += wrapped or [""]
        if heading:
            found.append(("=" if line.startswith("# ") else "-") * min(len(shown), _MAIL_WIDTH))
    return "\n".join(found)
