"""The public page without a browser: what is asked, where each answer leads, what is written and when."""

import json
import re
from datetime import timedelta

import pytest

from exposure.case import Case
from exposure.publish.check.questions import questions, steps
from exposure.publish.check.write import chosen, render_check, write_check
from exposure.publish.facts import gather
from exposure.publish.markup import to_html
from exposure.publish.texts.advise import advise
from exposure.publish.texts.claims import check_claims
from exposure.publish.texts.sentences import Speaker
from exposure.publish.texts.wording import write_messages
from tests.publish.scene import NOW, SPENDER, Scene, wallet_address


def pages(scene: Scene) -> dict[str, str]:
    """Render a scene."""
    facts = gather(scene.tables, scene.incident, NOW)
    checks = check_claims(facts)
    message = chosen(facts, write_messages(facts, checks))
    return render_check(scene.tables, scene.incident, facts, checks, message)


def walk(scene: Scene) -> tuple[dict[str, dict[str, str]], set[str]]:
    """Give each step's answers by name, and the endings."""
    facts = gather(scene.tables, scene.incident, NOW)
    checks = check_claims(facts)
    found, endings = steps(questions(Speaker(facts, checks)), any_time=bool(checks["condition"].rows))
    return {step.name: {answer.text: answer.to for answer in step.answers} for step in found}, {e.name for e in endings}


def stored(scene: Scene) -> Case:
    """Write a scene's tables into its case."""
    case = Case(scene.folder)
    for name, frame in scene.tables.items():
        case.write(name, frame)
    return case


@pytest.mark.parametrize("kind", ["key_incident", "approval_incident", "mixed_incident", "chain_only"])
def test_every_answer_leads_on_and_every_step_is_reached(scene: Scene, kind: str) -> None:
    """No dead end and no orphan; whoever says yes or is not sure to everything ends with all that there is to do."""
    ways, endings = walk(getattr(scene, kind)())
    targets = {target for answers in ways.values() for target in answers.values()}
    assert targets <= set(ways) | endings
    assert set(ways) - targets == {"did-1"}
    assert endings - targets == set()
    place = "did-1"
    while place in ways:
        place = next(iter(ways[place].values()))
    assert place == max(endings, key=len)


def test_what_is_x_and_what_is_only_believed_is_asked_once(scene: Scene) -> None:
    """Two sentences of the text, one question for the visitor."""
    scene.key_incident()
    pasted = {"name": "pasted_key", "words": "pasted a private key", "exposure": "key", "match": {"path": "^/k"}}
    scene.tell(actions=(scene.incident.actions[0].model_dump(), pasted)).rate("pasted_key", "cannot_tell", 6, 2)
    facts = gather(scene.tables, scene.incident, NOW)
    (asked,) = questions(Speaker(facts, check_claims(facts)))
    assert asked.said == "You entered your recovery phrase, or pasted a private key on examplewallet[.]com."


def test_every_link_inside_the_page_has_its_place(scene: Scene) -> None:
    """And no name is given twice."""
    html = pages(scene.mixed_incident())["index.html"]
    names = re.findall(r' id="([^"]+)"', html)
    assert len(names) == len(set(names))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(names)


def test_the_look_up_names_attackers_and_tokens_and_no_wallet(scene: Scene) -> None:
    """What the texts name, chain by chain; a key incident has nothing to look up."""
    scene.approval_incident()
    scene.add("approvals", chain_id=1, block_number=190_000, token_address="0x" + "cd" * 20, to_address=SPENDER)
    scene.rows["approvals"][0] |= {
        "from_address": wallet_address(5),
        "value": "5",
        "transaction_hash": "0x1",
        "log_index": 1,
    }
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', pages(scene)["lookup.html"])
    assert found is not None
    data = json.loads(found[1])
    assert [(chain["name"], len(chain["spenders"]), len(chain["tokens"])) for chain in data["chains"]] == [
        ("ethereum", 1, 1),
        ("base", 1, 0),
    ]
    assert data["chains"][0]["since"] == 100_000
    assert wallet_address(5)[2:] not in found[1].lower()


def test_a_key_incident_has_no_look_up(scene: Scene) -> None:
    """Nothing on chain shows a phrase that was typed: a look-up could only mislead."""
    assert list(pages(scene.key_incident())) == ["index.html"]


def test_the_command_says_whether_page_and_reviewed_text_agree(scene: Scene) -> None:
    """It asks for the text first, is content with it, and notices when it was changed."""
    case = stored(scene.key_incident())
    missing = "advisory/initial.md, whose sentences the page says, was not written yet: run `exposure advise`"
    assert missing in write_check(case, scene.incident)["problems"]
    advise(case, scene.incident)
    assert write_check(case, scene.incident)["problems"] == []
    (case.advisory / "initial.md").write_text("Something else.\n")
    changed = "advisory/initial.md says something else than the page: run `exposure advise`, and have it read again"
    assert write_check(case, scene.incident)["problems"] == [changed]


def test_while_the_texts_are_held_back_there_is_no_page(scene: Scene) -> None:
    """Not even an old one."""
    case = stored(scene.key_incident())
    write_check(case, scene.incident)
    page = scene.folder / "check" / "index.html"
    assert page.exists()
    hold = {"hold_until": NOW + timedelta(days=9999), "why": "talks with an exchange", "by": "R. Reader"}
    figures = write_check(case, scene.tell(disclosure=hold).incident)
    assert (figures["pages"], page.exists()) == (0, False)
    assert str(figures["problems"]).startswith(
        "['the public page is not there: [disclosure] of incident.toml holds it back"
    )


def test_markdown_of_ours_becomes_html_and_nothing_else_does() -> None:
    """Escapes, bold, code, lists; a link only where it is one of those that were checked."""
    text = "**Act\\* now** on my\\_a[.]com, `0xAb`:\n- one &amp; <b>\n- https://evil.example\n\nSee https://help.example/x."
    assert str(to_html(text, ["https://help.example/x", None])) == (
        "<p><strong>Act* now</strong> on my_a[.]com, <code>0xAb</code>:</p>"
        "<ul><li>one &amp; &lt;b&gt;</li><li>https://evil.example</li></ul>"
        '<p>See <a href="https://help.example/x" rel="noreferrer noopener">https://help.example/x</a>.</p>'
    )
