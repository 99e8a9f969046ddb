"""The versions of what was said: kept by content beside the texts, and held against what a second person has read.

Reads and writes advisory/versions/. A version holds the scope and the SHA-256 of every file that said it, so that a review tells by
the hash of its text which version was read, and which alerts a later one follows.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exposure.case import Case, write_atomically
from exposure.errors import ExposureError
from exposure.publish.texts.cap import reference_of
from exposure.publish.texts.channels import CHANNELS
from exposure.publish.texts.review import hash_text
from exposure.publish.texts.review_store import read_reviews
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


def last_reviewed(case: Case) -> Scope | None:
    """Give the scope that a second person read last, by the times of `review.json`; None where nothing was reviewed."""
    hashes = {review.text_sha256: review.time.isoformat() for review in read_reviews(case)}
    found: list[tuple[str, str, Scope]] = []
    for path in sorted((case.advisory / FOLDER).glob("*.json")):
        raw = _read(path)
        try:
            times = [hashes[digest] for digest in raw["files"] if digest in hashes]
            if times:
                found.append((max(times), path.name, Scope.from_json(json.dumps(raw))))
        except (KeyError, TypeError, ValueError):
            raise _damaged(path, "it does not hold what `exposure advise` writes") from None
    return max(found, key=lambda item: item[:2])[2] if found else None


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
