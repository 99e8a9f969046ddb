"""advisory/review.json: who has read which text. The thin edge of review.py."""

import json
import pwd
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from exposure.case import Case, write_atomically
from exposure.errors import ExposureError
from exposure.publish.lint.judge import NOT_READY
from exposure.publish.texts.review import Review, Standing, standing

FILE = "review.json"
# What stands in advisory/ and is no text for the public.
_NO_TEXT = (".json",)


def read_reviews(case: Case) -> list[Review]:
    """Read all reviews, oldest first; none where there is no file yet. Raises ExposureError where it is damaged."""
    path = case.advisory / FILE
    if not path.exists():
        return []
    try:
        rows = json.loads(path.read_bytes())["reviews"]
        return [Review(**row | {"time": datetime.fromisoformat(row["time"])}) for row in rows]
    except (ValueError, KeyError, TypeError):
        raise ExposureError(
            f"{path} is damaged",
            "it does not hold the reviews that `exposure review` writes",
            "move it away: all texts then count as not reviewed, and are read again",
        ) from None


def write_reviews(case: Case, reviews: Sequence[Review]) -> None:
    """Write all reviews."""
    rows = [
        {
            "file": review.file,
            "by": review.by,
            "author": review.author,
            "time": review.time.isoformat(),
            "text_sha256": review.text_sha256,
            "facts_sha256": review.facts_sha256,
        }
        for review in reviews
    ]
    text = json.dumps({"reviews": rows}, indent=2, sort_keys=True) + "\n"
    write_atomically(case.advisory / FILE, text.encode())


def text_files(case: Case) -> list[Path]:
    """List the texts of advisory/ that could be posted, by name; those whose time has not come are left out."""
    if not case.advisory.is_dir():
        return []
    files = sorted(file for file in case.advisory.iterdir() if file.is_file() and not file.name.startswith("."))
    return [file for file in files if file.suffix not in _NO_TEXT and not read_text(file).startswith(NOT_READY)]


def read_text(file: Path) -> str:
    """Read a text of ours, or one that a person has changed; bytes that are no UTF-8 are told apart, not refused."""
    return file.read_text(encoding="utf-8", errors="surrogateescape").encode("utf-8", "backslashreplace").decode()


def standings(case: Case, facts: str) -> list[Standing]:
    """Tell where each text of advisory/ stands now, with the facts of this hash behind it."""
    reviews = read_reviews(case)
    return [standing(file.name, read_text(file), facts, reviews) for file in text_files(case)]


def facts_hash(case: Case) -> str:
    """Give the hash of the facts that the texts were written from; "" where claims.json does not say."""
    path = case.advisory / "claims.json"
    try:
        return str(json.loads(path.read_bytes()).get("facts_sha256", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def authors_of(file: Path) -> tuple[str, ...]:
    """Give the names of the account that wrote a file: who ran `exposure advise`, or changed the text by hand."""
    try:
        account = pwd.getpwuid(file.stat().st_uid)
    except KeyError:
        return ()
    return tuple(name for name in (account.pw_name, account.pw_gecos.split(",")[0]) if name)
