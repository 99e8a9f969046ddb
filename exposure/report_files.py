"""Reports of people from a file (CSV, JSON lines, Parquet) -> rows for the model, and problems for what could not be read."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from exposure.errors import ExposureError
from exposure.incident import LogSource, Report

COLUMNS = ("address", "time", "did", "tx", "source")
_CHUNK = 1 << 20
_SHOWN = 60


def read_reports(path: Path, actions: Collection[object]) -> tuple[list[dict[str, str]], list[str]]:
    """Read a table with `COLUMNS` (address is needed); `did` must be one of `actions`, or is left out.

    Gives the rows, and a problem for each line that could not be read: one mistyped claim must not stop the search for
    all victims. Raises ExposureError where the file itself cannot be read, or has no column address.
    """
    rows: list[dict[str, str]] = []
    problems: list[str] = []
    columns: set[str] = set()
    for line, found in read_lines(path):
        if isinstance(found, list) and line == 1:
            columns.update(found)
            continue
        if not isinstance(found, dict):
            what = "is not a JSON object" if found is None else "does not have as many values as there are columns"
            problems.append(f"{path.name} line {line}: this {what}; this report was left out")
            continue
        columns.update(found)
        values = {key: found[key] for key in COLUMNS if found.get(key)}
        values.setdefault("source", path.name)
        if "did" in values and values["did"] not in actions:
            problems.append(
                f"{path.name} line {line}: {values['did'][:_SHOWN]!r} is not the name of an [[action]]; left empty"
            )
            del values["did"]
        try:
            Report.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            message = str(first["msg"]).removeprefix("Value error, ")
            problems.append(f"{path.name} line {line}: {message}; this report was left out")
            continue
        rows.append(values)
    if "address" not in columns:
        raise ExposureError(
            f"{path.name} has no column address",
            f"its columns are {', '.join(sorted(columns)[:6]) or 'none'}",
            f"write a first line with {','.join(COLUMNS)}",
        )
    return rows, problems


def read_lines(path: Path) -> Iterator[tuple[int, list[str] | dict[str, str] | None]]:
    """Give each line's number and what it holds: names of columns or a row that does not fit them, a report, or nothing known."""
    from exposure.logs.formats.json_lines import (
        parse_inside,
        to_text,
    )  # with polars behind them: only where there is such a file
    from exposure.logs.reading.tabular import as_objects

    content = b"".join(as_objects(_chunks(path), LogSource(path=path.name, kind="events"), path.name))
    try:
        lines = content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise _unreadable(path, "it is not UTF-8 text") from None
    for number, text in enumerate(lines, start=1):
        if text.strip():
            yield number, _tidied(parse_inside(text.strip()), to_text)


def _tidied(found: Any, to_text: Any) -> list[str] | dict[str, str] | None:
    if isinstance(found, list):
        return [str(name).strip().lower() for name in found]
    if isinstance(found, dict):
        return {str(name).strip().lower(): (to_text(value) or "").strip() for name, value in found.items()}
    return None


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise _unreadable(path, error.strerror or "reading failed") from None


def _unreadable(path: Path, reason: str) -> ExposureError:
    return ExposureError(f"{path.name} cannot be read", reason, "name a CSV, JSON lines or Parquet file, in UTF-8")
