"""A hold ends: an hour after it was first seen at the most, by the present and not by as_of, and loudly."""

from datetime import timedelta

from exposure.publish.texts.advise import advise
from tests.publish.scene import NOW, Scene
from tests.publish.test_advise import fill

HOUR = timedelta(hours=1)


def held(scene: Scene, hours: float) -> Scene:
    """Hold the texts back."""
    return scene.key_incident().tell(disclosure={"hold_until": NOW + hours * HOUR, "why": "rescue", "by": "lead"})


def test_a_hold_marks_every_text_in_every_channel(scene: Scene) -> None:
    """Whoever copies one file sees it."""
    case = fill(held(scene, 0.5))
    figures = advise(case, scene.incident, NOW)
    assert figures["ready"] == ""
    assert figures["problems"] == []
    for file in case.advisory.iterdir():
        if file.is_file() and file.suffix != ".json":
            text = file.read_text().upper()
            assert any(
                mark in text for mark in ("DO NOT POST", "DO NOT USE", "DO NOT PUBLISH", "NOT READY", ">DRAFT<")
            ), file.name


def test_a_hold_lasts_an_hour_at_most(scene: Scene) -> None:
    """Three hours were asked for: it is said at once, and after an hour the texts are free, and a person is told."""
    case = fill(held(scene, 3))
    assert advise(case, scene.incident, NOW)["problems"] == [
        "[disclosure] hold_until is more than an hour away: the texts are held back until 2026-03-04 13:10:00 UTC, and no longer"
    ]
    later = advise(case, scene.incident, NOW + HOUR)
    assert "initial" in str(later["ready"])
    assert later["problems"] == [
        (
            "[disclosure] hold_until has passed (an hour after it was first seen, the most that a hold may last "
            "(2026-03-04 13:10:00 UTC)): the texts are no longer held back, post them"
        )
    ]


def test_a_hold_that_is_moved_on_does_not_begin_anew(scene: Scene) -> None:
    """Nobody can hold a text back half an hour at a time."""
    case = fill(held(scene, 0.5))
    advise(case, scene.incident, NOW)
    scene.tell(disclosure={"hold_until": NOW + 1.5 * HOUR, "why": "rescue", "by": "lead"})
    assert "initial" in str(advise(case, scene.incident, NOW + HOUR)["ready"])
