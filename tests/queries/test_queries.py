"""The ready questions give the right answer, and the same one in polars and in DuckDB."""

from datetime import timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
import sqlglot
from polars.testing import assert_frame_equal
from sqlglot import expressions

from exposure.amounts import NATIVE
from exposure.assess.report_judging import judge_reports
from exposure.assess.report_particulars import Claim
from exposure.assess.takings import fact_table, takings
from exposure.case import Case
from exposure.drill.truth import SCHEMA
from exposure.incident import Fact
from exposure.query import DRILL_TABLE, list_queries, run_query
from exposure.tables import TABLES
from tests.publish.sheet_builder import (
    DRAINED,
    EXPOSED,
    MOVED,
    PARTLY,
    POSSIBLE,
    SAVEABLE,
    SINK,
    SPENDER,
    START,
    USDC,
    make_case,
    wallet,
    wallets,
)

ROOT = Path(__file__).parents[2]
UNSEEN = "0x" + "ff" * 20
DEPOSIT = "0x" + "de" * 20
NOTICE = START + timedelta(hours=1, minutes=30)
# A uint256 has up to 78 digits: a sum of two must not wrap, round or become infinite.
HUGE = 2**255 + 1


def place(number: int, hours: float, **more: object) -> dict[str, object]:
    """Give where an event of the chain stands."""
    row = {"chain_id": 1, "block_number": number, "block_hash": "0xb", "timestamp": START + timedelta(hours=hours)}
    return row | {"transaction_index": 0, "transaction_hash": f"0x{number:064x}"} | more


def chain() -> dict[str, pl.DataFrame]:
    """Give what the chain says: approvals that stand, that were taken back, and that nobody read again; what moved."""
    given = {"log_index": 1, "standard": "erc20", "token_address": USDC, "value_f64": 1.0, "unlimited": False}
    held = {"chain_id": 1, "token_address": USDC, "standard": "erc20", "value_f64": 1.0, "unlimited": False}
    sent = {"log_index": 2, "standard": "erc20", "token_address": USDC, "value_f64": 1.0}
    return {
        "allowances": TABLES["allowances"].frame([
            held | {"block_number": 90, "from_address": PARTLY, "to_address": SPENDER, "value": "5"},
            held | {"block_number": 99, "from_address": PARTLY, "to_address": SPENDER, "value": str(HUGE), "unlimited": True},
            held | {"block_number": 90, "from_address": MOVED, "to_address": SPENDER, "value": "7"},
            held | {"block_number": 99, "from_address": MOVED, "to_address": SPENDER, "value": "0"},
            held | {"block_number": 99, "from_address": MOVED, "to_address": DEPOSIT, "value": "7"},
        ]),
        "approvals": TABLES["approvals"].frame([
            place(11, 0, **given, from_address=PARTLY, to_address=SPENDER, value=str(HUGE)),
            place(12, 0, **given, from_address=EXPOSED, to_address=SPENDER, value="8"),
            place(13, 0, **given, from_address=SAVEABLE, to_address=SPENDER, value="8"),
            place(14, 1, **given, from_address=SAVEABLE, to_address=SPENDER, value="0"),
        ]),
        "accounts": TABLES["accounts"].frame([
            {"chain_id": 1, "block_number": 99, "address": address, "kind": "eoa", "nonce": 1} for address in (PARTLY, MOVED)
        ]),
        "balances": TABLES["balances"].empty(),
        "delegations": TABLES["delegations"].frame([
            {"chain_id": 1, "block_number": block, "block_hash": "0xb", "timestamp": START, "transaction_hash": f"0x{block:064x}",
             "from_address": who, "to_address": code}
            for block, who, code in ((11, SAVEABLE, SINK), (12, SAVEABLE, None), (13, DRAINED, SINK))
        ]),
        "transfers": TABLES["transfers"].frame([
            place(1, 1, from_address=DRAINED, to_address=SINK, standard="native", token_address=NATIVE, value="12", value_f64=1.0),
            place(2, 2, from_address=PARTLY, to_address=SINK, standard="native", token_address=NATIVE, value="15", value_f64=1.0),
            place(3, 3, **sent, from_address=SINK, to_address=DEPOSIT, value="70000000"),
            place(4, 4, **sent, from_address=SAVEABLE, to_address=UNSEEN, value="9"),
            place(5, 4, **sent, from_address=SAVEABLE, to_address=SINK, value="0"),
        ]),
    }  # fmt: skip


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A small incident; it is taken for a drill, so that its truth can be asked too."""
    victim = wallet(UNSEEN, "probable", 1.0, link_to_incident="chain_only", harm="drained", lost="3 USDC")
    case, incident = make_case(tmp_path, **chain(), wallets=TABLES["wallets"].frame([*wallets(), victim]))
    incident = incident.model_copy(
        update={"facts": (*incident.facts, Fact(kind="public_notice", time=NOTICE, source="post"))}
    )
    case.write("takings", takings(case.read("losses"), case.read("tokens")))
    case.write("facts", fact_table(incident))
    tables = {name: case.read(name) for name in TABLES}
    told = [
        Claim("reports.csv", 2, address=DRAINED),
        Claim("reports.csv", 3, address="0x" + "9" * 40),
        Claim("reports.csv", 4),
    ]
    now = case.now()
    assert now
    case.write("reports", judge_reports(told, tables, incident, now))
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
    """Forget widths of integers and units of times, in which engines differ, and what an empty column is called."""
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
    for table in TABLES:
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
    """By recipient, exact, with how surely it is the attacker's."""
    answer = run_query(case, "who_took_from_whom").select(
        "attacker", "origin", "confirmed", "address", "symbol", "amount"
    )
    assert [
        (SINK, "config", 1, DRAINED, "ETH", "12000000000000000001"),
        (SINK, "config", 1, PARTLY, "ETH", "1500000000000000000"),
        (SPENDER, "discovered", 0, PARTLY, "USDC", "70000000"),
    ] == answer.rows()


def test_sinks_takings(case: Case) -> None:
    """Each address with its exact sum, from how many wallets, first and last."""
    answer = run_query(case, "sinks_takings").select(
        "attacker", "symbol", "amount", "wallets", "first_loss", "last_loss"
    )
    hour = timedelta(hours=1)
    assert [
        (SINK, "ETH", "13500000000000000001", 2, START + hour, START + 2 * hour),
        (SPENDER, "USDC", "70000000", 1, START + 3 * hour, START + 3 * hour),
    ] == answer.rows()


def test_live_approvals(case: Case) -> None:
    """What the state says counts over events, the newest state over older ones; what was taken back is not there."""
    answer = run_query(case, "live_approvals").select("address", "what", "spender", "value", "unlimited", "known_by")
    assert [
        (DRAINED, "delegation", SINK, None, 0, "state"),
        (PARTLY, "erc20", SPENDER, str(HUGE), 1, "state"),
        (EXPOSED, "erc20", SPENDER, "8", 0, "event"),
    ] == answer.rows()


def test_exposed_untouched(case: Case) -> None:
    """Exposed, and nothing taken: most urgent first."""
    assert [SAVEABLE, EXPOSED, UNSEEN, MOVED] == run_query(case, "exposed_untouched").get_column("address").to_list()


def test_cannot_rule_out(case: Case) -> None:
    """The wallets of which nobody can say."""
    assert [POSSIBLE] == run_query(case, "cannot_rule_out").get_column("address").to_list()


def test_victims_no_log_shows(case: Case) -> None:
    """Robbed, and in no line of any log."""
    assert [(UNSEEN, "chain_only", 0)] == run_query(case, "victims_no_log_shows").select(
        "address", "link_to_incident", "reported"
    ).rows()


def test_moved_after_notice(case: Case) -> None:
    """Losses that still came, what the attacker sent on and what owners moved; a loss is told once, and nothing moved by nothing."""
    answer = run_query(case, "moved_after_notice").select("time", "what", "from_address", "amount")
    hour = timedelta(hours=1)
    expected = [
        (START + 2 * hour, "loss", PARTLY, "1500000000000000000"),
        (START + 3 * hour, "loss", PARTLY, "70000000"),
        (START + 3 * hour, "attacker_sent", SINK, "70000000"),
        (START + 4 * hour, "wallet_sent", SAVEABLE, "9"),
    ]
    assert sorted(expected) == sorted(answer.rows())


def test_losses_by_hour(case: Case) -> None:
    """Hours with losses, exact sums."""
    hours = run_query(case, "losses_by_hour").select("hour", "symbol", "amount", "wallets").rows()
    top = START.replace(minute=0, second=0)
    assert [
        (top + timedelta(hours=1), "ETH", "12000000000000000001", 1),
        (top + timedelta(hours=2), "ETH", "1500000000000000000", 1),
        (top + timedelta(hours=3), "USDC", "70000000", 1),
    ] == hours


def test_reports_judged(case: Case) -> None:
    """What needs a person first, each with the wallet's own verdict beside it."""
    answer = run_query(case, "reports_judged").select("line", "judgement", "address", "verdict")
    assert [
        (3, "cannot_tell", "0x" + "9" * 40, None),
        (4, "cannot_tell", None, None),
        (2, "supported", DRAINED, "compromised"),
    ] == answer.rows()


def test_all_that_a_team_asks_is_there() -> None:
    """The questions of the first week, each in a file of its own."""
    wanted = {
        "who_is_drained",
        "who_took_from_whom",
        "still_to_save",
        "live_approvals",
        "exposed_untouched",
        "cannot_rule_out",
    }
    wanted |= {"victims_no_log_shows", "sinks_takings", "moved_after_notice", "losses_by_hour", "reports_judged"}
    assert set() == wanted - set(list_queries())


@pytest.mark.parametrize("name", sorted(list_queries()))
def test_every_question_is_plain_enough_for_spark(name: str) -> None:
    """Spark SQL reads the same text as DuckDB does, to the same tree; and no function is used that only one engine knows."""
    sql = (ROOT / "queries" / f"{name}.sql").read_text()
    spark, duck = sqlglot.parse_one(sql, read="spark"), sqlglot.parse_one(sql, read="duckdb")
    assert sqlglot.parse_one(spark.sql(dialect="spark"), read="spark") == spark
    assert [] == [call.name for call in spark.find_all(expressions.Anonymous)]
    # Spark's casts give null where they fail, unless it is told to follow the standard: of null they give null in any case.
    assert {type(node) for node in spark.walk()} - {expressions.TryCast} == {type(node) for node in duck.walk()} - {
        expressions.Cast
    }


@pytest.mark.parametrize("name", sorted(list_queries()))
def test_the_header_says_which_parameters_there_are(name: str) -> None:
    """Question, parameters, columns: in this order."""
    header = [line for line in (ROOT / "queries" / f"{name}.sql").read_text().splitlines() if line.startswith("-- ")]
    kinds = [
        line.split(":")[0] for line in header if line.split(":")[0] in ("-- question", "-- parameters", "-- columns")
    ]
    assert ["-- question", "-- parameters", "-- columns"] == kinds
