"""Has a second person read what the public page says? The page's words are those of one text, so that text's review is the page's.

Each page carries the hash of the text it is made of: what lies in check/ can be held against the text at any later time.
"""

import re

from exposure.case import Case
from exposure.publish.facts import Facts
from exposure.publish.texts.rendering import render
from exposure.publish.texts.review import Standing, hash_facts, hash_text, standing
from exposure.publish.texts.review_store import read_reviews, read_text
from exposure.publish.texts.wording import Message

FOLDER = "check"
PAGES = ("index.html", "lookup.html")
_MARK = re.compile(r'<meta name="advisory" content="([a-z]+\.md) sha256:([0-9a-f]{64})">')


def file_of(message: Message) -> str:
    """Name the text that people review, of the message that the page says."""
    return f"{message.name}.md"


def mark(message: Message) -> str:
    """Give what a page carries of its text: its name and hash."""
    return f"{file_of(message)} sha256:{hash_text(render(message))}"


def page_standing(case: Case, facts: Facts, message: Message) -> Standing:
    """Tell where the page's words stand: held against the last review of their text, whatever the file on disk says by now."""
    return standing(file_of(message), render(message), hash_facts(facts), read_reviews(case))


def unread(stands: Standing) -> list[str]:
    """Say that the page says something that nobody has read, or not as it is now; nothing where it was read."""
    if stands.state == "reviewed":
        return []
    why = "was not reviewed" if stands.last is None else f"is not reviewed as it is now ({stands.line})"
    message = stands.file.partition(".")[0]
    text = f"check/ is a draft, and says so: {stands.file}, whose words it says, {why}."
    return [f"{text} Have it read (exposure review CASE {message} --by NAME), then run `exposure check` again"]


def disagreeing(case: Case, message: Message) -> list[str]:
    """Say that the text on disk, which people review, says something else than the page."""
    file = case.advisory / file_of(message)
    if not file.exists():
        return [f"advisory/{file.name}, whose sentences the page says, was not written yet: run `exposure advise`"]
    if read_text(file) == render(message):
        return []
    return [f"advisory/{file.name} says something else than the page: run `exposure advise`, and have it read again"]


def outdated(case: Case) -> list[str]:
    """Say which pages in check/ are made of another text than the one that lies in advisory/ now."""
    found = []
    for name in PAGES:
        page = case.folder / FOLDER / name
        made_of = _MARK.search(read_text(page)) if page.exists() else None
        file = case.advisory / made_of[1] if made_of else None
        if page.exists() and not (made_of and file and file.exists() and hash_text(read_text(file)) == made_of[2]):
            text = made_of[1] if made_of else "its text"
            found.append(f"check/{name}: says something else than {text} does now: run `exposure check`")
    return found
