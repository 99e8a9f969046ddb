"""CAP 1.2: valid by the standard's own schema, for every kind of incident; and what a machine reads in it."""

from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema

from exposure.case import Case
from exposure.publish.texts.advise import advise
from exposure.publish.texts.review import Review, hash_text
from exposure.publish.texts.review_store import read_reviews, write_reviews
from tests.publish.scene import NOW, SPENDER, Scene, write_files
from tests.publish.test_advise import fill
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


def review_alert(case: Case, message: str) -> None:
    """Note as read by a second person what stands in a message's alert."""
    file = f"{message}.cap.xml"
    digest = hash_text((case.advisory / file).read_text(encoding="utf-8"))
    write_reviews(case, [*read_reviews(case), Review(file, "S. Second", "A. First", NOW, digest, "0" * 64)])


def alert(case: Case, message: str) -> ET.Element:
    """Read a message's alert, and hold it against the schema."""
    text = (case.advisory / f"{message}.cap.xml").read_text(encoding="utf-8")
    SCHEMA.validate(text)
    return ET.fromstring(text)  # noqa: S314  ours


def later(case: Case, hours: int) -> None:
    """Move as_of, as `--refresh` does."""
    with case.manifest() as manifest:
        manifest["as_of"] = {"time": (NOW + timedelta(hours=hours)).isoformat()}


def test_what_follows_an_alert_that_was_read_updates_it(scene: Scene) -> None:
    """Update names the first alert, resolved names both; while nobody has read one, and at the same time, each is an alert."""
    case = fill(scene.key_incident())
    advise(case, scene.incident)
    assert {alert(case, name).findtext(f"{CAP}msgType") for name in ("initial", "update")} == {"Alert"}
    assert alert(case, "update").find(f"{CAP}references") is None
    review_alert(case, "initial")
    advise(case, scene.incident)
    assert alert(case, "initial").findtext(f"{CAP}msgType") == "Alert"
    later(case, 1)
    advise(case, scene.incident)
    first = "help@team.example,examplewallet-2026-03.initial.20260304T121000Z,2026-03-04T12:10:00-00:00"
    update = alert(case, "update")
    assert (update.findtext(f"{CAP}msgType"), update.findtext(f"{CAP}references")) == ("Update", first)
    review_alert(case, "update")
    later(case, 2)
    scene.tell(status="resolved")
    advise(case, scene.incident)
    second = "help@team.example,examplewallet-2026-03.update.20260304T131000Z,2026-03-04T13:10:00-00:00"
    resolved = alert(case, "resolved")
    assert (resolved.findtext(f"{CAP}msgType"), resolved.findtext(f"{CAP}references")) == (
        "Update",
        f"{first} {second}",
    )


def test_a_false_alarm_cancels_what_was_read_and_says_why(scene: Scene) -> None:
    """The end of an attack does not: what was given away stays given away."""
    case = fill(CASES["false_alarm"](scene))
    advise(case, scene.incident)
    review_alert(case, "initial")
    later(case, 5)
    advise(case, scene.tell(status="resolved", control="regained").incident)
    cancel = alert(case, "resolved")
    assert cancel.findtext(f"{CAP}msgType") == "Cancel"
    assert (cancel.findtext(f"{CAP}note") or "").startswith(
        "Our records and the chain show no sign that there was an attack."
    )
    assert ".initial.20260304T121000Z," in (cancel.findtext(f"{CAP}references") or "")
    assert alert(case, "followup").findtext(f"{CAP}msgType") == "Update"
