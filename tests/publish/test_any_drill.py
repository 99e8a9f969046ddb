"""For any drill: every confirmed victim satisfies what is published, and no sentence stands without a passed claim."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from exposure.case import Case
from exposure.console import Silent
from exposure.drill.mass.knobs import Knobs, drawn
from exposure.drill.mass.make import make_mass_drill
from exposure.incident_toml import load_incident
from exposure.pipeline import Pipeline
from exposure.publish.facts import Facts, gather, tied_wallets
from exposure.publish.summary import READS
from exposure.publish.texts.claims import check_claims

NOW = datetime(2027, 6, 1, tzinfo=UTC)
BASE = Knobs(people=150, days=2.0, bots=20)
DRILLS: dict[str, Knobs] = {
    "key": BASE,
    "approval": replace(BASE, kind="approval", seed=2, split=0.2),
    "both": replace(BASE, kind="both", seed=3),
    "quiet": replace(BASE, kind="quiet", seed=4),
    "two_windows": replace(BASE, seed=5, days=3.0, t1=12.0, length=5.0, second=4.0),
    "dns_hijack": replace(BASE, kind="approval", seed=6, hijack=0.6),
    "logs_late": replace(BASE, seed=7, late=True),
    **{f"drawn_{seed}": replace(drawn(seed), people=150, bots=20) for seed in (11, 12, 13)},
}
HEDGES = ("we believe", "do not know", "cannot see", "no sign")


def investigate(folder: Path, knobs: Knobs) -> tuple[Case, dict[str, pl.DataFrame], Facts]:
    """Make the drill, and investigate it from logs and files as `exposure run` does."""
    make_mass_drill(folder, knobs, Silent())
    case, incident = Case(folder), load_incident(folder)
    pipeline = Pipeline(incident, case, Silent(), NOW)
    with case.lock():
        pipeline.pin()
        pipeline.read_people()
        pipeline.ingest()
        for _ in range(2):
            pipeline.pull()
            pipeline.assess()
        pipeline.advise()
    tables = {name: case.read(name) for name in READS}
    return case, tables, gather(tables, incident, case.now(), clock=NOW)


@pytest.mark.parametrize("name", DRILLS)
def test_every_confirmed_victim_is_described_and_every_sentence_is_proven(name: str, tmp_path: Path) -> None:
    """Held against the drill's own truth, not against the sightings that the check itself looks at."""
    folder = tmp_path / "drill"
    folder.mkdir()
    case, tables, facts = investigate(folder, DRILLS[name])
    claims: dict[str, Any] = json.loads((case.advisory / "claims.json").read_text())

    truth = {row["address"]: row for row in pl.read_parquet(folder / "truth.parquet").iter_rows(named=True)}
    listed = {row["address"] for row in claims["checks"]["condition"]["contradicting"]}
    confirmed = tied_wallets(tables).filter(pl.col("verdict") == "compromised").get_column("address")
    unseen = {fit.address for fit in facts.fits if fit.answer == "cannot_tell"}
    left_out = []
    for address in confirmed:
        real = truth.get(address)
        if real is None or real["exposed_at"] is None or not real["in_logs"] or address in listed | unseen:
            continue
        if not any(c.holds(action, real["exposed_at"]) for c in facts.conditions for action in c.actions):
            left_out.append((address, real["exposed_at"]))
    assert left_out == []

    bad = [claim for claim in claims["claims"] if claim["result"] != "passed"]
    assert [c["sentence"] for c in bad if not any(hedge in c["sentence"].lower() for hedge in HEDGES)] == []
    if listed:
        assert any("outside what the texts say" in problem for problem in claims["problems"])
    assert claims["checks"]["condition"]["result"] == check_claims(facts)["condition"].result
