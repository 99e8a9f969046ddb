"""The sample incident, pulled and judged through a provider, or through another program's files beside one."""

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from exposure.case import Case
from exposure.console import Silent
from exposure.drill.demo import copy_sample
from exposure.incident_toml import load_incident
from exposure.pipeline import Pipeline
from exposure.tables import Audience
from tests.chain.profiles import Profile, Size

NOW = datetime(2026, 3, 10, tzinfo=UTC)
# What a wallet is told: who, what became of it, and how much. What was read of it may differ where files stand in for a node.
TOLD = ["address", "verdict", "harm", "lost", "at_risk"]


class Judging(Pipeline):
    """The real pipeline over logs that were read before, without what people read of it."""

    def ingest(self) -> None:
        """Take the logs as they were read."""

    def sheet(
        self, share: Audience = "team", *, victims: bool = False, copies: Sequence[Path] = ()
    ) -> Mapping[str, Any]:
        """Write none."""
        return {}

    def publish(self) -> None:
        """Write nothing."""


@dataclass(frozen=True)
class Judged:
    """What came of a run."""

    wallets: pl.DataFrame
    problems: list[str]

    def differs(self, other: "Judged") -> list[str]:
        """Name the columns of `wallets` that are not the same."""
        if self.wallets.height != other.wallets.height:
            return ["address"]
        return [name for name in self.wallets.columns if not self.wallets[name].equals(other.wallets[name])]


def read_logs(folder: Path) -> Path:
    """Copy the sample and read its access logs, once for all runs; give the folder."""
    copy_sample(folder)
    case = Case(folder)
    with case.lock():
        pipeline = Pipeline(load_incident(folder, {"ETH_RPC_URL": "http://127.0.0.1:1"}), case, Silent(), NOW)
        pipeline.read_people()
        pipeline.ingest()
    return folder


def judge(
    prepared: Path,
    folder: Path,
    urls: Sequence[str],
    export: Callable[[Path], None] | None = None,
    *,
    again: bool = False,
) -> Judged:
    """Pull and judge a copy of a prepared case through endpoints; `export` writes files that stand in for their history.

    `again`: the case was judged before, so that candidates and attackers are known, and one round tells what comes of them.
    """
    shutil.copytree(prepared, folder, ignore=shutil.ignore_patterns("chain"))
    file = folder / "incident.toml"
    named = ", ".join(f'"{url}"' for url in urls)
    text = re.sub(r"^rpc .*$", f"rpc = [{named}]", file.read_text(), flags=re.MULTILINE)
    if export is not None:
        export(folder / "export")
        text = re.sub(r"^# data .*$", 'data = "export"', text, flags=re.MULTILINE)
    file.write_text(text)
    case = Case(folder)
    with case.lock():
        pipeline = Judging(load_incident(folder, {}), case, Silent(), NOW)
        if again:
            pipeline.pull()
            pipeline.assess()
        else:
            pipeline.run()
    return Judged(case.read("wallets"), pipeline.outcome.problems)


def at_sample_size(profile: Profile, size: Size) -> Profile:
    """Give a profile whose limits stand to the sample as they stand to the village."""
    return replace(profile, size=size)


def size_of(folder: Path, people: int) -> Size:
    """Say how much of what limits are about a judged case met: blocks asked, and logs that came."""
    coverage = Case(folder).read("coverage")
    blocks, logs = (int(coverage.filter(layer=layer).item(0, "lines")) for layer in ("logs", "events"))
    return Size(blocks, logs, people)
