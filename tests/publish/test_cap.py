"""CAP 1.2: valid by the standard's own schema, for every kind of incident; and what a machine reads in it."""

from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema

from tests.publish.scene import NOW, SPENDER, Scene, write_files
from tests.publish.test_wording import CASES, HOSTILE

SCHEMA = xmlschema.XMLSchema(Path(__file__).parent / "cap" / "CAP-v1.2.xsd")
CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"


@pytest.mark.parametrize("name", CASES)
def test_every_alert_is_valid(name: str, scene: Scene) -> None:
    """Each message that goes to machines, whatever is known."""
    texts = {file: text for file, text in write_files(CASES[name](scene)).items() if file.endswith(".cap.xml")}
    assert "initial.cap.xml" in texts
    for text in texts.values():
        SCHEMA.validate(text)


def test_hostile_words_are_text(scene: Scene) -> None:
    """A title with markup and control characters makes no element, and no broken file."""
    scene.key_incident().tell(title=HOSTILE, advice={"signer": HOSTILE, "support": "help@team.example"})
    SCHEMA.validate(write_files(scene)["initial.cap.xml"])


def test_it_says_scope_and_what_to_revoke(scene: Scene) -> None:
    """In parameters, since the internet has no area; a hold makes it a draft."""
    hold = {"hold_until": NOW + timedelta(minutes=30), "why": "rescue", "by": "lead"}
    alert = ET.fromstring(write_files(scene.approval_incident().tell(disclosure=hold))["initial.cap.xml"])  # noqa: S314  ours
    assert alert.findtext(f"{CAP}status") == "Draft"
    values = [value.text or "" for value in alert.iter(f"{CAP}value")]
    assert "approval: confirmed an approval: 2026-03-04T09:00:00-00:00/open" in values
    assert [value.lower() for value in values if value.startswith("base")] == [f"base: {SPENDER}"]
