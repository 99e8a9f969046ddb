"""What other teams' programs get: in formats that their own libraries read, marked, and never a victim to be blocked."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import stix2
from pymisp import MISPEvent

from exposure.case import hash_file
from exposure.console import Silent
from exposure.errors import ExposureError
from exposure.pipeline import Pipeline
from exposure.sharing import export
from exposure.tables import TABLES
from tests.publish.sheet_builder import DRAINED, PARTLY, SINK, SPENDER, make_case

NOW = datetime(2026, 3, 6, 12, tzinfo=UTC)


def pipeline_in(folder: Path, **changed: pl.DataFrame) -> Pipeline:
    """Give the small incident, assessed."""
    case, incident = make_case(folder, **changed)
    return Pipeline(incident, case, Silent(), NOW)


def misp_of(pipeline: Pipeline, share: str, *, victims: bool = False) -> MISPEvent:
    """Write for MISP, and read it as MISP's own library does."""
    (path,) = export(pipeline, share, misp=True, stix=False, victims=victims)  # type: ignore[arg-type]
    event = MISPEvent()
    event.load_file(str(path))
    return event


def shown(event: MISPEvent) -> dict[str, tuple[bool, str]]:
    """Give each address with whether programs shall act on it, and its text."""
    found = {}
    for own in event.objects:
        assert "coin-address" == own.name
        (address,), (text,) = (own.get_attributes_by_relation(name) for name in ("address-crypto", "text"))
        found[address.value.lower()] = (address.to_ids, text.value)
    return found


def test_misp_gets_one_object_an_address_and_acts_on_confirmed_attackers_alone(tmp_path: Path) -> None:
    """A victim in a blocklist, or an address that nobody has confirmed, would do harm."""
    event = misp_of(pipeline_in(tmp_path), "partners")
    assert (["tlp:amber"], "Malicious script on examplewallet.com: addresses") == (
        [tag.name for tag in event.tags],
        event.info,
    )
    assert {
        SINK: (True, "attacker, sink; confirmed"),
        SPENDER: (False, "attacker, spender; suspected from the data alone: nobody has confirmed it"),
        DRAINED: (False, "victim, compromised, drained"),
        PARTLY: (False, "victim, compromised, partly_drained"),
    } == shown(event)


def stix_of(pipeline: Pipeline, share: str, *, victims: bool = False) -> list[dict[str, Any]]:
    """Write for STIX, have its own library read and check it, and give the objects."""
    (path,) = export(pipeline, share, misp=False, stix=True, victims=victims)  # type: ignore[arg-type]
    bundle = stix2.parse(path.read_text(), allow_custom=True)
    assert len(bundle.objects) == len({own.id for own in bundle.objects})
    return [json.loads(own.serialize()) if hasattr(own, "serialize") else own for own in bundle.objects]


def test_stix_has_observables_an_indicator_for_each_confirmed_attacker_and_the_mark_on_all(tmp_path: Path) -> None:
    """In the words that OpenCTI reads: cryptocurrency-wallet, based-on, related-to, TLP 2.0."""
    objects = stix_of(pipeline_in(tmp_path), "partners")
    of = {kind: [own for own in objects if own["type"] == kind] for kind in {own["type"] for own in objects}}
    assert sorted([SINK, SPENDER, DRAINED, PARTLY]) == sorted(
        own["value"].lower() for own in of["cryptocurrency-wallet"]
    )
    (sign,) = of["indicator"]
    assert SINK in sign["pattern"].lower()
    assert {"related-to": 4, "based-on": 1} == {
        kind: sum(own["relationship_type"] == kind for own in of["relationship"]) for kind in ("related-to", "based-on")
    }
    (marking,) = of["marking-definition"]
    assert "TLP:AMBER" == marking["name"]
    assert all([marking["id"]] == own["object_marking_refs"] for own in objects if own is not marking)


def test_the_public_gets_attackers_and_victims_on_demand_only(tmp_path: Path) -> None:
    """And then those alone who have nothing left to steal; the file's name says it."""
    pipeline = pipeline_in(tmp_path)
    assert {SINK, SPENDER} == set(shown(misp_of(pipeline, "public")))
    assert {SINK, SPENDER, DRAINED} == set(shown(misp_of(pipeline, "public", victims=True)))
    assert {SINK, SPENDER} == {
        own["value"].lower() for own in stix_of(pipeline, "public") if own["type"] == "cryptocurrency-wallet"
    }
    names = [
        "addresses.public-with-victims.TLP-CLEAR.misp.json",
        "addresses.public.TLP-CLEAR.misp.json",
        "addresses.public.TLP-CLEAR.stix.json",
    ]
    assert names == sorted(path.name for path in (tmp_path / "export").iterdir())


def test_a_victim_that_is_an_attacker_too_is_one_observable(tmp_path: Path) -> None:
    """Thieves rob thieves: the bundle stays valid, and both ties stand in it."""
    both = TABLES["attackers"].frame(
        [{"address": DRAINED, "role": "sink", "origin": "config", "confirmed": True, "exclusive": True}]
    )
    objects = stix_of(pipeline_in(tmp_path, attackers=both), "partners")
    assert 1 == sum(own.get("value", "").lower() == DRAINED for own in objects)


def test_two_exports_give_the_same_bytes(tmp_path: Path) -> None:
    """Ids stay as well, so that a program that imports it again updates what it has."""
    digests = []
    for name in ("one", "two"):
        pipeline = pipeline_in(tmp_path / name)
        digests.append([hash_file(path) for path in export(pipeline, "team", misp=True, stix=True, victims=False)])
    assert digests[0] == digests[1]


def test_a_case_that_was_not_assessed_has_nothing_to_export(tmp_path: Path) -> None:
    """An empty file would say that there are no attackers."""
    pipeline = pipeline_in(tmp_path)
    pipeline.case.path("attackers").unlink()
    with pytest.raises(ExposureError) as raised:
        export(pipeline, "partners", misp=True, stix=False, victims=False)
    assert (
        f"there is nothing to export\n  why: this case was not assessed yet\n  fix: run: exposure run {tmp_path}"
    ) == str(raised.value)


def test_victims_are_named_to_the_public_alone(tmp_path: Path) -> None:
    """The other circles' files hold them anyway."""
    with pytest.raises(ExposureError) as raised:
        export(pipeline_in(tmp_path), "partners", misp=True, stix=False, victims=True)
    assert (
        "--victims does not go with --share partners\n  why: it says that the public's files name victims; the other circles' "
        "files do anyway\n  fix: write --share public --victims, or leave --victims out"
    ) == str(raised.value)
