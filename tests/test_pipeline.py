"""The stages: what is published when, what goes on without what, and what starts from almost nothing."""

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from exposure.case import Case
from exposure.console import Silent, Tick
from exposure.drill.demo import copy_sample, sample_folder
from exposure.errors import ExitCode, ExposureError
from exposure.incident_toml import load_incident
from exposure.init import init_case
from exposure.pipeline import Outcome, Pipeline

NOW = datetime(2026, 3, 10, tzinfo=UTC)


class Listener(Silent):
    """A teller that remembers what was said and begun."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def line(self, text: str) -> None:
        """Remember a line."""
        self.said.append(text)

    @contextmanager
    def task(self, label: str, unit: str) -> Iterator[Tick]:
        """Remember a piece of work."""
        self.said.append(label)
        with super().task(label, unit) as tick:
            yield tick


def _run(folder: Path, url: str, teller: Silent | None = None) -> tuple[Case, Outcome]:
    incident = load_incident(folder, {"ETH_RPC_URL": url})
    case = Case(incident.folder)
    with case.lock():
        return case, Pipeline(incident, case, teller or Silent(), NOW).run()


def _sinks() -> list[str]:
    return list(tomllib.loads((sample_folder() / "truth.toml").read_text())["attackers"]["sink"])


def test_a_first_sheet_is_there_before_the_logs_are_read(tmp_path: Path, sample_url: str) -> None:
    """Minutes count: the attackers' side and the head state are published while gigabytes of logs still wait."""
    copy_sample(tmp_path / "case")
    teller = Listener()
    _run(tmp_path / "case", sample_url, teller)
    first = next(number for number, text in enumerate(teller.said) if text.startswith("sheet after attackers' side: "))
    assert first < teller.said.index("reading logs")
    assert re.fullmatch(r"sheet after attackers' side: 1\d wallets, .*/sheet/affected.xlsx", teller.said[first])


def test_without_logs_one_attacker_and_one_victim_show_the_others(tmp_path: Path, sample_url: str) -> None:
    """`init --attacker --victim --tx` and `run`: all who paid that attacker, what they lost, and a text that claims no more."""
    truth = pl.read_parquet(sample_folder() / "truth.parquet")
    export = pl.read_parquet(next((sample_folder() / "chain-export").glob("*__transactions__*")))
    sink = _sinks()[0]
    theft = export.filter(pl.col("to_address").bin.encode("hex") == sink[2:]).row(0, named=True)
    victim = "0x" + theft["from_address"].hex()
    init_case(tmp_path, [sink], [victim], ["0x" + theft["transaction_hash"].hex()])
    case, outcome = _run(tmp_path, sample_url)
    wallets = case.read("wallets")
    found = dict(wallets.select("address", "verdict").iter_rows())
    robbed_here = set(case.read("losses").filter(pl.col("attacker") == sink).get_column("address"))
    assert (ExitCode.DONE, []) == (outcome.exit_code, outcome.problems)
    assert "compromised" == found[victim]
    assert robbed_here >= {victim}
    assert len(robbed_here) > 5
    assert robbed_here <= set(truth.filter("harmed").get_column("address"))
    assert {"compromised"} == {found[address] for address in robbed_here}
    text = (case.advisory / "initial.md").read_text()
    assert "If you" in text
    assert "between" not in text


def test_a_chain_that_cannot_be_asked_does_not_stop_the_logs(tmp_path: Path) -> None:
    """Whoever did X in the window is told so even while every RPC is down; the exit code and the summary say what is missing."""
    copy_sample(tmp_path / "case")
    case, outcome = _run(tmp_path / "case", "http://127.0.0.1:9")
    verdicts = case.read("wallets").get_column("verdict").value_counts()
    counts = dict(verdicts.iter_rows())
    assert ExitCode.NEEDS_A_PERSON == outcome.exit_code
    assert any("127.0.0.1:9" in problem for problem in outcome.problems)
    assert counts.get("exposed", 0) > 50
    assert 0 == counts.get("no_sign", 0)


def test_neither_logs_nor_chain_is_an_error(tmp_path: Path) -> None:
    """A case that can read nothing ends with exit code 2, not with an empty sheet."""
    init_case(tmp_path, [_sinks()[0]], [], [])
    with pytest.raises(ExposureError) as raised:
        _run(tmp_path, "http://127.0.0.1:9")
    assert (ExitCode.COULD_NOT_RUN, "there is nothing to work with") == (raised.value.exit_code, raised.value.what)


def test_an_address_that_a_person_adds_to_the_sheet_is_assessed_on_the_next_run(
    tmp_path: Path, sample_url: str
) -> None:
    """A pasted address is enough: it is pulled and judged like the others, and what was typed beside it stays."""
    second = _sinks()[1]
    init_case(tmp_path, [_sinks()[0]], [], [])
    case, _ = _run(tmp_path, sample_url)
    truth = pl.read_parquet(sample_folder() / "truth.parquet").filter("harmed").get_column("address")
    pasted = truth.filter(~truth.is_in(case.read("wallets").get_column("address").implode()))[0]
    book = openpyxl.load_workbook(case.sheet / "affected.xlsx")
    sheet = book["wallets"]
    header = [str(cell.value) for cell in sheet[1]]
    row = sheet.max_row + 1
    sheet.cell(row, header.index("address") + 1, pasted)
    sheet.cell(row, header.index("note") + 1, "called us at noon")
    book.save(case.sheet / "affected.xlsx")
    _run(tmp_path, sample_url)
    assert [("called us at noon", True)] == case.read("people").filter(pl.col("address") == pasted).select(
        "note", "added"
    ).rows()
    assert pasted in case.read("balances").get_column("address").to_list()
    assert [(pasted,)] == case.read("wallets").filter(pl.col("address") == pasted).select("address").rows()
    assert second not in case.read("wallets").get_column("address").to_list()


def test_each_wallet_says_what_was_read_of_it(tmp_path: Path, sample_url: str) -> None:
    """On a node that traces: who must act was searched for in traces, the others were not, and every word is true of the tables."""
    copy_sample(tmp_path / "case")
    case, _ = _run(tmp_path / "case", sample_url)
    wallets, traced = case.read("wallets"), case.read("traces")
    must_act = wallets.filter(pl.col("verdict").is_in(["compromised", "probable", "exposed"]))
    assert set(must_act.get_column("address")) == set(traced.filter(how="searched").get_column("address"))
    held, kinds = (set(case.read(name).get_column("address")) for name in ("balances", "accounts"))
    asked = set(case.read("candidates").get_column("address"))
    wrong = [
        row["address"]
        for row in wallets.iter_rows(named=True)
        if ("internal ETH by traces" in row["covered"]) == ("internal ETH: not visible" in row["not_covered"])
        or ("internal ETH by traces" in row["covered"]) != (row["address"] in set(must_act.get_column("address")))
        or ("balances" in row["covered"]) != (row["address"] in held)
        or ("kind of account" in row["covered"]) != (row["address"] in kinds)
        or ("plain payments" in row["covered"]) != (row["address"] in asked)
    ]
    assert [] == wrong
