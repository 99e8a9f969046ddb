"""Questions in SQL over the case's tables: the ready ones of queries/, or a file of one's own.

The text is plain SQL that polars, DuckDB and Spark answer alike. Exact amounts are text in the tables and cannot be added up
in SQL: their exact sums stand in the table `takings`, and their rounded twins (`_f64`) can be added.
"""

import re
from difflib import get_close_matches
from pathlib import Path

import polars as pl

from exposure.case import Case
from exposure.errors import ExposureError
from exposure.tables import TABLES

# In an installed package the questions lie inside it; in a clone they stand at the top, for people to read.
_PLACES = (Path(__file__).parent / "_queries", Path(__file__).parents[1] / "queries")
# What is true of a drill lies beside its incident.toml, and can be asked like a table.
DRILL_TABLE = "truth"


def list_queries() -> dict[str, str]:
    """Give the ready questions: name -> the question in words, from the first comment of its file."""
    return {path.stem: _question(path.read_text(encoding="utf-8")) for path in _files()}


def run_query(case: Case, name_or_file: str) -> pl.DataFrame:
    """Answer a ready question by its name, or one in a file, over the tables in the case's data/.

    Only the tables that the SQL names are read. Raises ExposureError where there is no such question or file, the SQL has a
    fault, or a table was not written yet.
    """
    text = _read(name_or_file)
    context = pl.SQLContext()
    named = set(re.findall(r"\w+", _without_texts(text)))
    for name in sorted(named & set(TABLES)):
        if case.has(name):
            context.register(name, case.scan(name))
    truth = case.folder / f"{DRILL_TABLE}.parquet"
    if DRILL_TABLE in named and truth.is_file():
        context.register(DRILL_TABLE, pl.scan_parquet(truth))
    try:
        return context.execute(text, eager=True)
    except pl.exceptions.PolarsError as error:
        raise _fault(case, name_or_file, str(error)) from None


def _files() -> list[Path]:
    folder = next((place for place in _PLACES if place.is_dir()), None)
    return sorted(folder.glob("*.sql")) if folder else []


def _question(text: str) -> str:
    """Read the question from a file's header, which may run over several comment lines."""
    lines = []
    for line in text.splitlines():
        comment = re.match(r"--\s*(.*)", line)
        if comment is None or comment[1].startswith(("parameters:", "columns:")):
            break
        lines.append(comment[1].removeprefix("question:").strip())
    return " ".join(lines)


def _read(name_or_file: str) -> str:
    ready = {path.stem: path for path in _files()}
    path = ready.get(name_or_file, Path(name_or_file))
    if name_or_file not in ready and path.suffix != ".sql":
        near = get_close_matches(name_or_file, ready, n=1)
        raise ExposureError(
            f"there is no question {name_or_file!r}",
            f"the ready questions are: {', '.join(ready)}",
            f"did you mean {near[0]}?" if near else "name one of them, or a file that ends in .sql",
        )
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise ExposureError(f"{path} cannot be read", str(reason), "name a file with one SQL question") from None


def _without_texts(sql: str) -> str:
    """Drop comments and quoted texts: a table's name in them names no table."""
    return re.sub(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", " ", sql, flags=re.DOTALL)


def _fault(case: Case, name: str, reason: str) -> ExposureError:
    missing = re.search(r"relation '(\w+)' was not found", reason)
    if missing and missing[1] in TABLES:
        return ExposureError(
            f"{name} cannot be answered yet",
            f"no step has written the table {missing[1]} into {case.data}",
            f"run: exposure run {case.folder}",
        )
    if missing and missing[1] == DRILL_TABLE:
        return ExposureError(
            f"{name} cannot be answered",
            f"there is no truth.parquet in {case.folder}: only drills have one",
            "make a drill and run it: exposure drill practice --preset drawn --seed 7, exposure run practice",
        )
    if missing:
        near = get_close_matches(missing[1], TABLES, n=1)
        return ExposureError(
            f"{name} cannot be answered",
            f"there is no table {missing[1]!r}",
            f"did you mean {near[0]}?" if near else "see the tables and their columns with: exposure tables",
        )
    return ExposureError(
        f"{name} cannot be answered",
        reason.strip().split("\n\n")[0],
        "correct the SQL; tables and columns are shown by: exposure tables",
    )
