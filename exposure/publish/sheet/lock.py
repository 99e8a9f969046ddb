"""Does somebody have the sheet open? Spreadsheet programs lay a file beside the one that they hold."""

import csv
from pathlib import Path

# LibreOffice names who holds it in its file; Excel's holds the name in a form of its own.
_LIBREOFFICE, _EXCEL = ".~lock.{}#", "~${}"


def sheet_lock(folder: Path, names: tuple[str, ...] = ("affected.xlsx", "affected.csv")) -> str:
    """Say who holds one of the sheet's files, and by which file; empty where nobody does."""
    for name in names:
        for pattern in (_LIBREOFFICE, _EXCEL):
            lock = folder / pattern.format(name)
            if lock.exists():
                return f"{_owner(lock) or 'somebody'} has {name} open ({lock.name})"
    return ""


def _owner(lock: Path) -> str:
    """Read the name that LibreOffice writes: the first of its fields that is not empty."""
    try:
        fields = next(csv.reader([lock.read_text(errors="replace")[:500]]), [])
    except (OSError, csv.Error):
        return ""
    return next((field.strip() for field in fields[:2] if field.strip().isprintable() and field.strip()), "")[:80]
