"""Questions in SQL are answered over the case's tables, and a wrong one is an error that helps."""

from pathlib import Path

import polars as pl
import pytest

from exposure.case import Case
from exposure.errors import ExposureError
from exposure.query import list_queries, run_query
from exposure.tables import TABLES


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A case of which only the rejects are known."""
    case = Case(tmp_path)
    case.write(
        "rejects", TABLES["rejects"].frame([{"source": "ab", "line": 7, "reason": "cut off", "excerpt": "GET /"}])
    )
    return case


def ask(case: Case, tmp_path: Path, sql: str) -> pl.DataFrame:
    """Ask a question of one's own."""
    file = tmp_path / "mine.sql"
    file.write_text(sql)
    return run_query(case, str(file))


def test_a_file_of_ones_own_is_answered(case: Case, tmp_path: Path) -> None:
    """A team's own question needs no more than a file; a comment or a text that names a table reads none."""
    sql = "-- from wallets\nSELECT line, 'losses' AS word FROM rejects WHERE reason = 'cut off';"
    assert [(7, "losses")] == ask(case, tmp_path, sql).rows()


def test_the_ready_questions_are_listed_in_words() -> None:
    """Whoever types `exposure query CASE` sees what can be asked."""
    listed = list_queries()
    assert {"who_is_drained", "still_to_save", "who_took_from_whom"} <= set(listed)
    assert "Who can still be saved, in which order, and how much is it?" == listed["still_to_save"]


@pytest.mark.parametrize(
    ("sql", "what", "why", "fix"),
    [
        (
            "SELECT * FROM losses",
            "cannot be answered yet",
            "no step has written the table losses into {data}",
            "run: exposure run {folder}",
        ),
        ("SELECT * FROM walets", "cannot be answered", "there is no table 'walets'", "did you mean wallets?"),
        (
            "SELECT * FROM zebras",
            "cannot be answered",
            "there is no table 'zebras'",
            "see the tables and their columns with: exposure tables",
        ),
        (
            "SELECT lines FROM rejects",
            "cannot be answered",
            'unable to find column "lines"; valid columns: ["source", "line", "reason", "excerpt"]',
            "correct the SQL; tables and columns are shown by: exposure tables",
        ),
        (
            "SELEC 1",
            "cannot be answered",
            "sql parser error: Expected: an SQL statement, found: SELEC at Line: 1, Column: 1",
            "correct the SQL; tables and columns are shown by: exposure tables",
        ),
        (
            "",
            "cannot be answered",
            "one (and only one) statement can be parsed at a time",
            "correct the SQL; tables and columns are shown by: exposure tables",
        ),
    ],
)
def test_a_wrong_question_is_an_error_that_helps(
    case: Case, tmp_path: Path, sql: str, what: str, why: str, fix: str
) -> None:
    """A fault in the SQL, a table that is none, one that no step has written yet: each is said in three sentences."""
    with pytest.raises(ExposureError) as raised:
        ask(case, tmp_path, sql)
    expected = f"{tmp_path}/mine.sql {what}\n  why: {why}\n  fix: {fix}"
    assert expected.format(data=case.data, folder=case.folder) == str(raised.value)


def test_an_unknown_name_is_an_error_with_the_known_ones(case: Case) -> None:
    """The nearest is offered."""
    with pytest.raises(ExposureError) as raised:
        run_query(case, "who_is_draind")
    assert (
        "there is no question 'who_is_draind'\n"
        f"  why: the ready questions are: {', '.join(list_queries())}\n"
        "  fix: did you mean who_is_drained?"
    ) == str(raised.value)


def test_a_file_that_is_missing_is_an_error(case: Case, tmp_path: Path) -> None:
    """Named as it was given."""
    with pytest.raises(ExposureError) as raised:
        run_query(case, f"{tmp_path}/none.sql")
    assert (
        f"{tmp_path}/none.sql cannot be read\n  why: No such file or directory\n  fix: name a file with one SQL question"
    ) == str(raised.value)


def test_a_drill_can_be_asked_how_right_the_answer_was(case: Case) -> None:
    """Its truth lies beside incident.toml; a wallet that the program does not list is not forgotten."""
    truth = {"address": ["0xa", "0xb"], "exposed": [True, False], "harmed": [True, False], "in_logs": [False, True]}
    pl.DataFrame(truth).write_parquet(case.folder / "truth.parquet")
    wallets = TABLES["wallets"].empty()
    row = {name: [None] for name in wallets.columns} | {"address": ["0xb"], "verdict": ["no_sign"]}
    case.write("wallets", pl.DataFrame(row, schema=wallets.schema))
    expected = [(True, True, "not listed", 1, 0), (False, False, "no_sign", 1, 1)]
    assert expected == run_query(case, "drill_score").rows()


def test_a_case_that_is_no_drill_has_no_truth(case: Case) -> None:
    """And the error says what has one."""
    with pytest.raises(ExposureError) as caught:
        run_query(case, "drill_score")
    assert (
        "drill_score cannot be answered",
        f"there is no truth.parquet in {case.folder}: only drills have one",
        "make a drill and run it: exposure drill practice --preset drawn --seed 7, exposure run practice",
    ) == (caught.value.what, caught.value.why, caught.value.fix)
