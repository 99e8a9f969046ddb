"""The main job on the sample incident, on a real EVM, held against what is true of it."""

import json
import re
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from exposure.amounts import sum_by
from exposure.assess.report_particulars import Claim
from exposure.case import Case
from exposure.console import Silent
from exposure.drill.demo import copy_sample
from exposure.incident_toml import load_incident
from exposure.judging import judge_again
from exposure.pipeline import Outcome, Pipeline
from exposure.publish.handoff.write import write_handoff
from exposure.query import list_queries, run_query
from tests.queries.test_queries import in_duckdb, plain

NOW = datetime(2026, 3, 10, tzinfo=UTC)
AFFECTED = ["compromised", "probable"]


def _run(folder: Path, url: str, change: Callable[[str], str] = str) -> tuple[Case, Outcome]:
    copy_sample(folder)
    file = folder / "incident.toml"
    file.write_text(change(file.read_text()))
    incident = load_incident(folder, {"ETH_RPC_URL": url})
    case = Case(incident.folder)
    with case.lock():
        outcome = Pipeline(incident, case, Silent(), NOW).run()
    return case, outcome


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory, sample_url: str) -> Case:
    """The sample, with all that the team knows."""
    return _run(tmp_path_factory.mktemp("sample") / "case", sample_url)[0]


@pytest.fixture(scope="module")
def blind(tmp_path_factory: pytest.TempPathFactory, sample_url: str) -> Case:
    """The sample without any fact, watched file or known attacker."""
    return _run(tmp_path_factory.mktemp("blind") / "case", sample_url, _without("fact", "asset", "attacker"))[0]


def _without(*keys: str) -> Callable[[str], str]:
    pattern = rf"^\[\[(?:{'|'.join(keys)})\]\]\n(?:(?!\[).*\n)*"
    return lambda text: re.sub(pattern, "", text, flags=re.MULTILINE)


def _truth(case: Case) -> pl.DataFrame:
    """Truth beside the verdicts, one row a wallet of the truth."""
    return pl.read_parquet(case.folder / "truth.parquet").join(case.read("wallets"), on="address", how="left")


def _answer(case: Case) -> dict[str, object]:
    return tomllib.loads((case.folder / "truth.toml").read_text())


def test_every_robbed_wallet_is_called_compromised_or_probable(case: Case) -> None:
    """No victim is missed, not even those whom no log shows."""
    robbed = _truth(case).filter("harmed")
    assert robbed.height > 20
    assert [] == robbed.filter(~pl.col("verdict").is_in(AFFECTED) | pl.col("verdict").is_null()).rows()


def test_no_safe_wallet_is_called_affected(case: Case) -> None:
    """Nobody who neither gave a secret away nor lost anything is called robbed.

    Some are `exposed`, as they must be: they did X between the published bounds, just before T1 or while a browser may have
    kept the file.
    """
    safe = _truth(case).filter("safe")
    assert safe.height > 100
    assert [] == safe.filter(pl.col("verdict").is_in(AFFECTED)).select("address", "verdict").rows()


def test_no_exposed_wallet_is_called_no_sign(case: Case) -> None:
    """Telling a victim that nothing points to them is the worst fault that there is."""
    exposed = _truth(case).filter(pl.col("exposed") & pl.col("in_logs"))
    assert [] == exposed.filter(pl.col("verdict") == "no_sign").select("address").rows()


def test_both_rescues_are_moves_that_only_a_person_can_confirm(case: Case) -> None:
    """A wallet emptied into a fresh one is neither called robbed nor safe."""
    rescued = _truth(case).filter("rescued").select("harm", "verdict")
    assert [("moved_unconfirmed", "exposed")] * 2 == rescued.rows()


def test_losses_are_exact(case: Case) -> None:
    """What every wallet lost, per token, is the truth to the wei."""
    found = sum_by(case.read("losses"), ["address", "token"], "amount")
    truth = _truth(case).filter("harmed")
    expected = [
        (address, token, amount)
        for address, lost in truth.select("address", "lost").iter_rows()
        for token, amount in sorted(json.loads(lost).items())
    ]
    assert sorted(expected) == found.rows()


def test_the_window_is_found_within_a_minute_by_the_served_size(case: Case) -> None:
    """T1 and T2 of the watched file lie within a minute of when it was changed and changed back."""
    windows = case.read("windows").filter(pl.col("method") == "asset")
    found = dict(windows.select("bound", "estimate").iter_rows())
    answer = _answer(case)
    assert {"T1": True, "T2": True} == {
        bound: abs((found[bound] - answer[bound]).total_seconds()) <= 60 for bound in ("T1", "T2")
    }


def test_x_is_found(case: Case) -> None:
    """The action that compromised people is named, and no other."""
    rates = case.read("attack_rates").filter(pl.col("host").is_null() & pl.col("asset_state").is_null())
    assert [_answer(case)["X"]] == rates.filter(pl.col("is_x") == "yes").get_column("action").to_list()


def test_the_unknown_sink_is_discovered(case: Case) -> None:
    """All of the attacker's sinks are found, though the team knew only one; nothing else is called so."""
    attackers = case.read("attackers").filter(pl.col("role") == "sink").get_column("address").unique().sort().to_list()
    assert sorted(_answer(case)["attackers"]["sink"]) == attackers  # type: ignore[index]


def test_blind_no_victim_is_missed_and_no_safe_wallet_called(blind: Case) -> None:
    """Without facts, watched file or attacker, the logs and the chain alone find the sinks, X and the victims."""
    truth = _truth(blind)
    logged = truth.filter(pl.col("harmed") & pl.col("in_logs"))
    missed = logged.filter(~pl.col("verdict").is_in(AFFECTED))
    assert [] == missed.select("address", "verdict").rows()
    assert [] == truth.filter(pl.col("safe") & pl.col("verdict").is_in(AFFECTED)).select("address").rows()


def test_the_chain_from_files_gives_the_same_wallets(case: Case, tmp_path: Path) -> None:
    """A machine without an EVM reads the same incident from exported files."""
    files, _ = _run(
        tmp_path / "files",
        "",
        lambda text: re.sub(
            r"^# data\b", "data", re.sub(r"^rpc\b", "# rpc", text, flags=re.MULTILINE), flags=re.MULTILINE
        ),
    )
    for table in ("losses", "attackers", "attack_rates", "windows"):
        assert case.read(table).equals(files.read(table)), table
    columns = ["address", "verdict", "harm", "lost", "at_risk"]
    assert case.read("wallets").select(columns).equals(files.read("wallets").select(columns))


def test_a_second_run_gives_the_same_bytes(case: Case, sample_url: str) -> None:
    """The same incident, logs, key, edits and as_of give the same tables and the same sheet."""
    watched = [*sorted(case.data.glob("*.parquet")), case.sheet / "affected.csv", case.sheet / "affected.xlsx"]
    before = {path.name: path.read_bytes() for path in watched}
    incident = load_incident(case.folder, {"ETH_RPC_URL": sample_url})
    with case.lock():
        Pipeline(incident, case, Silent(), NOW).run()
    assert [] == [path.name for path in watched if path.read_bytes() != before[path.name]]


def test_no_ip_address_stands_anywhere_in_the_case(case: Case) -> None:
    """What the logs know of visitors stays in the logs."""
    import gzip

    lines = gzip.decompress(next((case.folder / "logs").rglob("access.log*.gz")).read_bytes()).decode(
        "utf-8", "replace"
    )
    addresses = {match[1] for line in lines.splitlines()[:2000] if (match := re.match(r"(\d+\.\d+\.\d+\.\d+) ", line))}
    written = [
        path
        for folder in ("data", "sheet", "advisory", "report")
        for path in (case.folder / folder).rglob("*")
        if path.is_file()
    ]
    assert len(addresses) > 10
    content = b"".join(path.read_bytes() for path in written if path.suffix not in (".parquet", ".xlsx"))
    content += b"".join(pl.read_parquet(path).write_ndjson().encode() for path in written if path.suffix == ".parquet")
    assert [] == [address for address in addresses if re.search(rb"\b" + re.escape(address).encode() + rb"\b", content)]


@pytest.mark.parametrize("name", sorted(set(list_queries())))
def test_questions_are_answered_alike_by_two_engines(case: Case, name: str) -> None:
    """The same text over the tables of a whole incident: the same rows in the same order."""
    sql = (Path(__file__).parents[1] / "queries" / f"{name}.sql").read_text()
    assert_frame_equal(plain(run_query(case, name)), plain(in_duckdb(case, sql)))


def test_sums_in_questions_are_the_losses(case: Case) -> None:
    """What the sinks took, hour by hour, and from each wallet: each adds up to what the losses say, exactly."""
    whole = sum_by(case.read("losses"), ["token"], "amount").rows()
    for name in ("who_took_from_whom", "sinks_takings", "losses_by_hour"):
        answer = run_query(case, name).drop_nulls("token")
        assert whole == sum_by(answer, ["token"], "amount").rows()


def test_reports_of_true_victims_are_supported_and_those_of_safe_people_never(case: Case) -> None:
    """Everybody reports: whoever was robbed in truth is supported, whoever was not never is, and no victim is contradicted."""
    truth = pl.read_parquet(case.folder / "truth.parquet")
    claims = [Claim("all.csv", line, address=address) for line, address in enumerate(truth.get_column("address"), 2)]
    judged = judge_again(case, load_incident(case.folder), NOW, claims).filter(pl.col("file") == "all.csv")
    found = truth.join(judged, on="address")
    assert {"supported"} == set(found.filter("harmed").get_column("judgement"))
    assert "supported" not in set(found.filter(~pl.col("harmed")).get_column("judgement"))
    assert found.filter("safe").filter(pl.col("judgement") == "contradicted").height > 50


def test_nothing_of_visitors_is_handed_over(case: Case) -> None:
    """Every client, session, path of a log and line of it is looked for in every file for others, and none is there."""
    write_handoff(case, load_incident(case.folder))
    text = "\n".join(path.read_text() for path in (case.folder / "handoff").iterdir())
    assert len(text) > 10_000
    requests, sources = case.read("requests"), case.read("sources")
    hidden = [requests.get_column(name).unique() for name in ("client", "session")]
    hidden += [sources.get_column(name) for name in ("source", "path", "sha256")]
    hidden.append(
        case.read("sightings")
        .get_column("ref")
        .filter(case.read("sightings").get_column("ref").str.starts_with("log:"))
    )
    assert [] == [value for column in hidden for value in column.drop_nulls() if value in text]
    assert [] == re.findall(r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b|Mozilla|log:", text)
