"""Reports of people from a CSV file -> rows for the model, and problems for the lines that could not be read."""

import csv
from collections.abc import Collection
from pathlib import Path

from pydantic import ValidationError

from exposure.errors import ExposureError
from exposure.incident import Report

COLUMNS = ("address", "time", "did", "tx", "source")


def read_reports(path: Path, actions: Collection[object]) -> tuple[list[dict[str, str]], list[str]]:
    """Read a CSV with a header of `COLUMNS` (address is needed); `did` must be one of `actions`, or is left out.

    Gives the rows, and a problem for each line that could not be read: one mistyped claim must not stop the search for
    all victims. Raises ExposureError where the file itself cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is not UTF-8 text"
        raise ExposureError(f"{path.name} cannot be read", reason, "name a CSV file saved as UTF-8") from None
    reader = csv.DictReader(text.splitlines())
    header = [name.strip().lower() for name in reader.fieldnames or []]
    if "address" not in header:
        raise ExposureError(
            f"{path.name} has no column address",
            f"its first line reads {', '.join(header[:6]) or 'nothing'}",
            f"write a first line with {','.join(COLUMNS)}",
        )
    reader.fieldnames = header
    rows: list[dict[str, str]] = []
    problems: list[str] = []
    for row in reader:
        values = {key: (row.get(key) or "").strip() for key in COLUMNS}
        values = {key: value for key, value in values.items() if value} | {"source": values["source"] or path.name}
        if "did" in values and values["did"] not in actions:
            problems.append(
                f"{path.name} line {reader.line_num}: {values['did'][:60]!r} is not the name of an [[action]]; left empty"
            )
            del values["did"]
        try:
            Report.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            message = str(first["msg"]).removeprefix("Value error, ")
            problems.append(f"{path.name} line {reader.line_num}: {message}; this report was left out")
            continue
        rows.append(values)
    return rows, problems
