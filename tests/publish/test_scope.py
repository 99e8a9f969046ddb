"""What changed since a second person read it: said aloud, and who was wrongly told that they were safe comes first."""

import json
from datetime import timedelta

from exposure.case import Case
from exposure.publish.facts import gather
from exposure.publish.texts.advise import advise
from exposure.publish.texts.review import Review, hash_text
from exposure.publish.texts.review_store import write_reviews
from exposure.publish.texts.scope import Scope, changes, scope_of
from tests.publish.scene import END, HARDWARE, NOW, PHRASE, SIGNED, SPENDER, START, Scene, wallet_address
from tests.publish.test_advise import fill


def scope(scene: Scene, *passed: str) -> Scope:
    """Draw the scope of a scene; `passed` checks besides those that say that all of it is proven."""
    facts = gather(scene.tables, scene.incident, NOW)
    proven = {"condition", *(c.x_check for c in facts.conditions), *(c.window_check for c in facts.conditions)}
    return scope_of(facts, {*proven, *passed})


def said(old: Scope, new: Scope) -> list[tuple[bool, str]]:
    """Give the changes as (wrongly told safe, text)."""
    return [(change.wrongly_safe, change.text) for change in changes(old, new)]


def moved(scene: Scene, start: timedelta, end: timedelta = timedelta(0)) -> Scope:
    """Move the window."""
    scene.rows["windows"].clear()
    scene.window(START + start, END + end)
    scene.rows["windows"][-1]["latest"] = END + end
    return scope(scene)


def review(case: Case, message: str) -> None:
    """Note as read by a second person what stands in a message's file."""
    digest = hash_text((case.advisory / f"{message}.md").read_text(encoding="utf-8"))
    write_reviews(case, [Review(f"{message}.md", "S. Second", "A. First", NOW, digest, "0" * 64)])


def test_the_same_scope_changes_nothing(scene: Scene) -> None:
    """And it survives its file."""
    one = scope(scene.key_incident())
    assert changes(one, one) == ()
    assert Scope.from_json(one.to_json()) == one


def test_an_earlier_start_affects_people_who_were_told_otherwise(scene: Scene) -> None:
    """The sentence names the old start, the new one, and the time in between."""
    before = scope(scene.key_incident().tell(status="resolved"))
    assert said(before, moved(scene, timedelta(minutes=-40))) == [
        (
            True,
            (
                "If you entered your recovery phrase on examplewallet[.]com between 08:30 and 09:00 UTC on Wednesday 4 March 2026, you "
                "are affected too. Earlier we said 09:00 UTC; the correct start is 08:30 UTC on Wednesday 4 March 2026."
            ),
        )
    ]


def test_a_later_start_calls_nobody_safe(scene: Scene) -> None:
    """Who acted on the earlier time lost nothing, and who is not sure acts."""
    before = scope(scene.key_incident().tell(status="resolved"))
    ((wrongly, text),) = said(before, moved(scene, timedelta(minutes=40)))
    assert not wrongly
    assert text.endswith("you lost nothing by it; if you are not sure, act as if you are affected.")


def test_a_later_end_and_an_end_that_was_none(scene: Scene) -> None:
    """Both affect people whom we had told that it was over."""
    before = scope(scene.key_incident().tell(status="resolved"))
    assert said(before, moved(scene, timedelta(0), timedelta(hours=1)))[0] == (
        True,
        (
            "If you entered your recovery phrase on examplewallet[.]com between 10:45 and 11:45 UTC on Wednesday 4 March 2026, you are "
            "affected too. Earlier we said that it ended at 10:45 UTC on Wednesday 4 March 2026; the correct end is 11:45 UTC on "
            "Wednesday 4 March 2026."
        ),
    )
    ((wrongly, text),) = said(before, scope(scene.tell(status="ongoing")))
    assert wrongly
    assert text.startswith(
        "If you entered your recovery phrase on examplewallet[.]com after 10:45 UTC on Wednesday 4 March 2026, "
    )
    assert text.endswith("Earlier we said that it ended then; it has not ended.")


def test_another_action_comes_first_and_a_dropped_one_is_not_called_safe(scene: Scene) -> None:
    """X is revised: those who did the new one come first."""
    before = scope(scene.key_incident())
    scene.tell(actions=(SIGNED,)).window(exposure="approval", window_id="w2").rate(SIGNED["name"])
    for row in scene.rows["wallets"]:
        row["actions"] = ""
    (first, second) = said(before, scope(scene))
    assert first[0]
    assert first[1].startswith("If you confirmed an approval on examplewallet[.]com")
    assert first[1].endswith("Earlier we did not name this.")
    assert not second[0]
    assert "This does not show that it was safe" in second[1]


def test_what_was_called_safe_and_is_no_more_comes_first(scene: Scene) -> None:
    """A cleared action that the data vetoes, and hardware wallets."""
    scene.key_incident().tell(actions=(PHRASE, HARDWARE))
    before = scope(scene, "hardware", f"cleared:{HARDWARE['name']}")
    told = said(before, scope(scene))
    assert [wrongly for wrongly, _ in told] == [True, True]
    assert told[0][1].startswith(
        "If you connected a hardware wallet, act as if you are affected. Earlier we said that this did not"
    )
    assert "hardware wallets are not affected; that does not hold any more." in told[1][1]


def test_another_window_is_named_as_such(scene: Scene) -> None:
    """A second time is no correction of the first."""
    before = scope(scene.key_incident().tell(status="resolved"))
    scene.window(START - timedelta(hours=12), START - timedelta(hours=7), window_id="w2")
    ((wrongly, text),) = said(before, scope(scene))
    assert wrongly
    assert text.startswith("If you entered your recovery phrase")
    assert text.endswith("you are affected too. Earlier we did not name this time.")


def test_more_addresses_to_revoke_are_listed_in_full(scene: Scene) -> None:
    """Who revoked what we named is not done."""
    before = scope(scene.approval_incident())
    scene.attacker("0x" + "cafe" * 10, "spender", chain_id=1)
    ((wrongly, text),) = said(before, scope(scene))
    assert wrongly
    assert text.endswith("\n- ethereum: `0xCAfEcAfeCAfECaFeCaFecaFecaFECafECafeCaFe`")
    assert SPENDER not in text.lower()


def test_update_leads_with_those_who_were_wrongly_told_that_they_were_safe(scene: Scene) -> None:
    """A text was reviewed, then T1 moved: update, e-mail and support say so, and the wallets are listed for the team."""
    scene.key_incident().tell(status="resolved").wallet(90, "exposed", at=START - timedelta(minutes=30))
    case = fill(scene)
    advise(case, scene.incident)
    assert json.loads((case.advisory / "changes.json").read_text())["against"] is None
    review(case, "initial")
    for row in scene.rows["windows"]:
        if row["bound"] == "T1":
            row["earliest"] = START - timedelta(minutes=40)
    case = fill(scene)
    figures = advise(case, scene.incident)
    for name in ("update.md", "update.x.txt", "email.txt", "support.md"):
        assert "the correct start is 08:30" in " ".join((case.advisory / name).read_text().split())
    assert (
        (case.advisory / "update.md")
        .read_text()
        .startswith(
            "**If you entered your recovery phrase on examplewallet[.]com between 08:30 and 09:00 UTC on Wednesday 4 March"
        )
    )
    told = json.loads((case.advisory / "changes.json").read_text())
    assert told["wrongly_told_safe"] == [wallet_address(90)]
    assert figures["problems"] == [
        "1 wallet that must act was not named by the last reviewed texts: write to their owners first (advisory/changes.json)",
        "initial: its review by S. Second at 2026-03-04 12:10 UTC is void, since the text and facts behind it changed: it must be read again",
    ]


def test_what_nobody_reviewed_is_not_corrected(scene: Scene) -> None:
    """A draft that nobody has read was not said."""
    case = fill(scene.key_incident())
    advise(case, scene.incident)
    scene.rows["windows"][0]["earliest"] = START - timedelta(hours=3)
    advise(fill(scene), scene.incident)
    assert "Earlier we said" not in (case.advisory / "update.md").read_text()


def test_what_is_not_proven_is_corrected_with_we_believe(scene: Scene) -> None:
    """A victim lies outside the condition: the correction is no surer than the condition itself."""
    before = scope(scene.key_incident().tell(status="resolved"))
    scene.rows["windows"].clear()
    facts = gather(scene.window(START - timedelta(hours=2)).tables, scene.incident, NOW)
    ((_, text),) = said(before, scope_of(facts, ()))
    assert "we believe that you are affected too." in text
