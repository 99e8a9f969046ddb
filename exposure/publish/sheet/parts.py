"""What a workbook holds beside the cells: who saved it and when, comments on cells, the file behind each sheet.

Workbooks are zip archives of XML; the reader of cells gives neither. Nothing here knows what the tool had written.
"""

import posixpath
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_BY = "{http://schemas.openxmlformats.org/package/2006/metadata/core-properties}lastModifiedBy"
_WHEN = "{http://purl.org/dc/terms/}modified"
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]+)")
# Names that programs write in place of a person's.
_NOBODY = frozenset(("", "exposure", "openpyxl", "unknown author", "unknown", "author", "user", "none"))
# Excel puts this before a threaded comment for programs that know only plain ones.
_THREADED = re.compile(r"^\[Threaded comment\].*?\n\s*Comment:\s*", re.DOTALL)

# One comment: row from 1, column from 0, text.
Comment = tuple[int, int, str]


def worksheet_part(archive: zipfile.ZipFile, name: str) -> str:
    """Give the file inside the workbook that holds this sheet. Raises KeyError where there is none."""
    book = _parse(archive.read("xl/workbook.xml"))
    targets = {link_id: target for link_id, _, target in _links(archive, "xl/workbook.xml")}
    for sheet in book.iter(f"{_MAIN}sheet"):
        if sheet.get("name") == name:
            return targets[sheet.get(_LINK, "")]
    raise KeyError(name)


def saved_by(path: Path) -> str:
    """Say who saved a workbook and when (UTC), as far as the program that saved it says; empty where it does not."""
    with zipfile.ZipFile(path) as archive:
        if "docProps/core.xml" not in archive.namelist():
            return ""
        core = _parse(archive.read("docProps/core.xml"))
    who = (core.findtext(_BY) or "").strip()
    when = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d(\.\d+)?)?Z", (core.findtext(_WHEN) or "").strip())
    parts = ["" if who.lower() in _NOBODY else who, f"{when[1]} {when[2]} UTC" if when else ""]
    return ", ".join(part for part in parts if part)


def comments(path: Path, name: str) -> list[Comment]:
    """Give the comments on a sheet's cells, each with its author before it where that is a person."""
    with zipfile.ZipFile(path) as archive:
        part = worksheet_part(archive, name)
        found = []
        for _, kind, target in _links(archive, part):
            if kind.endswith("/comments") and target in archive.namelist():
                found += list(_comments(_parse(archive.read(target))))
    return sorted(found)


def _comments(root: ElementTree.Element) -> Iterator[Comment]:
    authors = [(author.text or "").strip() for author in root.iter(f"{_MAIN}author")]
    for comment in root.iter(f"{_MAIN}comment"):
        place = _REFERENCE.fullmatch(comment.get("ref", ""))
        text = _THREADED.sub("", "".join(part.text or "" for part in comment.iter(f"{_MAIN}t"))).strip()
        number = comment.get("authorId", "")
        author = authors[int(number)] if number.isdigit() and int(number) < len(authors) else ""
        if author.lower() not in _NOBODY and not author.startswith("tc=") and not text.startswith(author):
            text = f"{author}: {text}"
        if place and text:
            yield int(place[2]), column_place(place[1]), text


def column_place(letters: str) -> int:
    """Give the place of a column from 0: A is 0, AA is 26."""
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1


def _links(archive: zipfile.ZipFile, part: str) -> list[tuple[str, str, str]]:
    """Give what a part of the archive refers to: id, kind, and the file inside the archive."""
    folder, _, file = part.rpartition("/")
    listing = f"{folder}/_rels/{file}.rels"
    if listing not in archive.namelist():
        return []
    found = []
    for link in _parse(archive.read(listing)):
        target = link.get("Target", "")
        inside = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{folder}/{target}")
        found.append((link.get("Id", ""), link.get("Type", ""), inside))
    return found


def _parse(xml: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(xml)  # noqa: S314 - expat of 2.4.1 and later bounds entities
