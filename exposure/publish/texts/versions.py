"""The versions of what was said: kept by content beside the texts, and held against what a second person has read.

Reads and writes advisory/versions/. A version holds the scope and the SHA-256 of every file that said it, so that a review tells by
the hash of its text which version was read, and which alerts a later one follows.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exposure.case import Case, write_atomically
from exposure.errors import ExposureError
from exposure.publish.texts.cap import reference_of
from exposure.publish.texts.channels import CHANNELS
from exposure.publish.texts.review import hash_text
from exposure.publish.texts.review_store import read_reviews, read_text, text_files
from exposure.publish.texts.scope import Scope

FOLDER = "versions"
_ALERT = CHANNELS["cap"].suffix


def keep_version(case: Case, scope: Scope, texts: Mapping[str, str]) -> None:
    """Keep what the texts say now, under its digest; hashes of other texts that said the same stay."""
    path = case.advisory / FOLDER / f"{scope.digest[:16]}.json"
    known = _read(path) if path.exists() else {}
    digests = {name: hash_text(text) for name, text in texts.items()}
    alerts = {digests[name]: reference_of(text) for name, text in texts.items() if name.endswith(_ALERT)}
    data = {
        **json.loads(scope.to_json()),
        "files": sorted({*known.get("files", []), *digests.values()}),
        "alerts": known.get("alerts", {}) | alerts,
    }
    write_atomically(path, (json.dumps(data, indent=2, sort_keys=True) + "\n").encode())


@dataclass(frozen=True, slots=True)
class Said:
    """A version of what was said: the names of the messages that said it, and whether a second person has read them."""

    scope: Scope
    messages: tuple[str, ...]
    reviewed: bool


def last_reviewed(case: Case) -> Scope | None:
    """Give the scope that a second person read last, by the times of `review.json`; None where nothing was reviewed."""
    found = _last_reviewed(case)
    return found.scope if found else None


def last_said(case: Case) -> Said | None:
    """Give what a second person read last; where nobody has read anything, what the texts in advisory/ say; else None."""
    reviewed = _last_reviewed(case)
    if reviewed is not None:
        return reviewed
    texts = {hash_text(read_text(path)): path.name for path in text_files(case)}
    found = [
        (len(said), path.name, scope, said)
        for path, scope, hashes in _versions(case)
        if (said := {texts[digest].split(".")[0] for digest in hashes if digest in texts})
    ]
    if not found:
        return None
    _, _, scope, said = max(found, key=lambda item: item[:2])
    return Said(scope, tuple(sorted(said)), reviewed=False)


def _last_reviewed(case: Case) -> Said | None:
    reviews = {review.text_sha256: review for review in read_reviews(case)}
    found: list[tuple[str, str, Said]] = []
    for path, scope, hashes in _versions(case):
        mine = [reviews[digest] for digest in hashes if digest in reviews]
        if mine:
            names = tuple(sorted({review.file.split(".")[0] for review in mine}))
            newest = max(review.time.isoformat() for review in mine)
            found.append((newest, path.name, Said(scope, names, reviewed=True)))
    return max(found, key=lambda item: item[:2])[2] if found else None


def _versions(case: Case) -> Iterator[tuple[Path, Scope, list[str]]]:
    """Give every version that was kept, and the hashes of the texts that said it."""
    for path in sorted((case.advisory / FOLDER).glob("*.json")):
        raw = _read(path)
        try:
            yield path, Scope.from_json(json.dumps(raw)), list(raw["files"])
        except (KeyError, TypeError, ValueError):
            raise _damaged(path, "it does not hold what `exposure advise` writes") from None


def reviewed_alerts(case: Case) -> tuple[str, ...]:
    """Give the references of the alerts (CAP) that a second person has read, in order of their time."""
    read = {review.text_sha256 for review in read_reviews(case)}
    found: set[str] = set()
    for path in sorted((case.advisory / FOLDER).glob("*.json")):
        try:
            found |= {reference for digest, reference in _read(path).get("alerts", {}).items() if digest in read}
        except AttributeError:
            raise _damaged(path, "it does not hold what `exposure advise` writes") from None
    return tuple(sorted(found, key=lambda reference: reference.split(",")[::-1]))


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except ValueError:
        raise _damaged(path, "it is not JSON") from None


def _damaged(path: Path, why: str) -> ExposureError:
    return ExposureError(
        f"{path} is damaged",
        why,
        "bring it back from a copy, or delete it: what was said then is no longer compared with",
    )
