"""The ready questions give the right answer, and the same one in polars and in DuckDB."""

from datetime import timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from exposure.amounts import NATIVE
from exposure.case import Case
from exposure.drill.truth import SCHEMA
from exposure.query import DRILL_TABLE, list_queries, run_query
from exposure.tables import TABLES
from tests.publish.sheet_builder import DRAINED, EXPOSED, PARTLY, SAVEABLE, SINK, SPENDER, START, USDC, make_case

ROOT = Path(__file__).parents[2]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A small incident; it is taken for a drill, so that its truth can be asked too."""
    case = make_case(tmp_path)[0]
    address = case.read("wallets").get_column("address")
    pl.select(address=address, exposed=True, harmed=address.is_in([DRAINED, PARTLY]), in_logs=True).write_parquet(
        case.folder / f"{DRILL_TABLE}.parquet"
    )
    return case


def in_duckdb(case: Case, sql: str) -> pl.DataFrame:
    """Answer in DuckDB, over the same files."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name in TABLES:
            if case.has(name):
                connection.execute(f"CREATE VIEW {name} AS SELECT * FROM '{case.path(name)}'")
        truth = case.folder / f"{DRILL_TABLE}.parquet"
        connection.execute(f"CREATE VIEW {DRILL_TABLE} AS SELECT * FROM '{truth}'")
        return pl.DataFrame(connection.sql(sql).to_arrow_table())


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Forget widths of integers and units of times, in which engines differ."""
    times = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Datetime)]
    whole = [name for name, dtype in frame.schema.items() if dtype.is_integer() or dtype.is_decimal()]
    return frame.with_columns(
        pl.col(times).dt.replace_time_zone(None).dt.cast_time_unit("us"), pl.col(whole).cast(pl.Int64)
    )


@pytest.mark.parametrize("name", sorted(list_queries()))
def test_polars_and_duckdb_answer_alike(case: Case, name: str) -> None:
    """The same text, the same rows in the same order: nobody is bound to one engine."""
    sql = (ROOT / "queries" / f"{name}.sql").read_text()
    answer = run_query(case, name)
    assert_frame_equal(plain(answer), plain(in_duckdb(case, sql)))
    assert answer.height > 0


@pytest.mark.parametrize("name", sorted(list_queries()))
def test_the_header_names_every_column_of_the_answer(case: Case, name: str) -> None:
    """The question, then each column with its meaning, in order: the file explains itself."""
    lines = (ROOT / "queries" / f"{name}.sql").read_text().splitlines()
    named = [line.split()[1] for line in lines if line.startswith("--   ")]
    assert run_query(case, name).columns == named


@pytest.mark.parametrize("name", sorted(list_queries()))
def test_a_case_in_which_nothing_was_found_has_an_empty_answer(tmp_path: Path, name: str) -> None:
    """No loss yet is no fault."""
    case = Case(tmp_path)
    for table in ("wallets", "losses", "holdings", "attackers", "tokens"):
        case.write(table, TABLES[table].empty())
    pl.DataFrame(schema=SCHEMA).write_parquet(case.folder / f"{DRILL_TABLE}.parquet")
    assert 0 == run_query(case, name).height


def test_who_is_drained(case: Case) -> None:
    """Each wallet once, with exact amounts, in the order in which they were robbed."""
    answer = run_query(case, "who_is_drained").select(
        "address", "lost", "losses", "recipients", "first_loss", "last_loss"
    )
    hour = timedelta(hours=1)
    assert [
        (DRAINED, "12.000000000000000001 ETH", 1, 1, START + hour, START + hour),
        (PARTLY, "1.5 ETH", 2, 2, START + 2 * hour, START + 3 * hour),
    ] == answer.rows()


def test_still_to_save(case: Case) -> None:
    """Most urgent first, each asset with its exact amount; what is not at risk is not in it."""
    answer = run_query(case, "still_to_save").select("address", "symbol", "token", "amount")
    assert [
        (SAVEABLE, "USDC", USDC, "40000000000"),
        (SAVEABLE, "ETH", NATIVE, "55200000000000000000"),
        (EXPOSED, "ETH", NATIVE, "440000000000000000"),
    ] == answer.rows()


def test_who_took_from_whom(case: Case) -> None:
    """By recipient, with how surely it is the attacker's."""
    answer = run_query(case, "who_took_from_whom").select(
        "attacker", "origin", "confirmed", "address", "symbol", "about_tokens"
    )
    assert [
        (SINK, "config", 1, DRAINED, "ETH", 12.0),
        (SINK, "config", 1, PARTLY, "ETH", 1.5),
        (SPENDER, "discovered", 0, PARTLY, "USDC", 70.0),
    ] == answer.rows()
