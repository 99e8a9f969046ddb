"""The sample incident gives the same wallets through limited providers, and through other programs' files."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from exposure.case import Case
from tests.chain.exports import CRYO_RUNS, read_chain, write_cryo, write_etl
from tests.chain.profiles import PROFILES
from tests.chain.proxy import Proxy
from tests.chain.sample import TOLD, Judged, at_sample_size, judge, read_logs, size_of


@pytest.fixture(scope="module")
def honest(sample_url: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Judged]:
    """The case as an endpoint without limits gives it: its folder, and what came of it."""
    folder = tmp_path_factory.mktemp("honest")
    return folder / "case", judge(read_logs(folder / "logs"), folder / "case", [sample_url])


@pytest.mark.parametrize("name", ["1rpc", "Infura", "geth"])
def test_a_limited_provider_gives_the_wallets_of_an_honest_one(
    honest: tuple[Path, Judged], sample_url: str, tmp_path: Path, name: str
) -> None:
    """Ids, verdicts and amounts are the same, and so is what is said to be covered; its limits stand to the sample's size."""
    folder, expected = honest
    size = size_of(folder, expected.wallets.height)
    [profile] = [at_sample_size(one, size) for one in PROFILES if one.name == name]
    with Proxy(sample_url, profile) as proxy:
        found = judge(folder, tmp_path / "case", [proxy.url], again=True)
    assert ([], []) == (found.problems, found.differs(expected))
    assert profile.refused > 0


def _etl(url: str, folder: Path) -> None:
    write_etl(read_chain(url), folder)


def _cryo(url: str, folder: Path) -> None:
    write_cryo(url, folder, "ethereum")


@pytest.mark.parametrize("write", [_etl, _cryo] if CRYO_RUNS else [_etl])
def test_files_of_other_programs_give_the_wallets_of_an_honest_endpoint(
    honest: tuple[Path, Judged], sample_url: str, tmp_path: Path, write: Callable[[str, Path], None]
) -> None:
    """They hold the history; an RPC beside them is asked for what they lack, and never for logs or full blocks."""
    folder, expected = honest
    with Proxy(sample_url) as proxy:
        found = judge(folder, tmp_path / "case", [proxy.url], partial(write, sample_url), again=True)
        assert 0 == proxy.count("eth_getLogs")
    assert [] == found.problems
    assert expected.wallets.select(TOLD).equals(found.wallets.select(TOLD))


def test_a_case_of_an_older_version_is_brought_up_to_date_by_a_run(
    honest: tuple[Path, Judged], sample_url: str, tmp_path: Path
) -> None:
    """Its tables lack columns that were added since; afterwards they are those of a new case."""
    folder, expected = honest
    old = shutil.copytree(folder, tmp_path / "old")
    for name in ("transfers", "losses", "candidates", "wallets", "evidence"):
        path = Case(old).path(name)
        table = pl.read_parquet(path)
        table.drop(table.columns[-1]).write_parquet(path)
    found = judge(old, tmp_path / "new", [sample_url])
    assert ([], []) == (found.problems, found.differs(expected))
    for name in ("transfers", "losses", "candidates", "evidence"):
        assert Case(folder).read(name).equals(Case(tmp_path / "new").read(name)), name
