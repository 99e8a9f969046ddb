"""advise: the files, the claims, the bytes, and what needs a person."""

import json
from datetime import timedelta

from typer.testing import CliRunner

from exposure.case import Case
from exposure.cli import app
from exposure.incident_toml import load_incident
from exposure.publish.facts import gather
from exposure.publish.texts.advise import advise
from exposure.publish.texts.claims import check_claims
from exposure.publish.texts.wording import MESSAGES
from tests.publish.scene import ADVICE, HARDWARE, NOW, PHRASE, SIGNED, SINK, START, Scene, wallet_address

# Written by people in a hurry: no [advice], and words that a text should not hold.
HASTY = f"""
[incident]
name = "examplewallet-2026-03"
title = "Malicious script on examplewallet.com"
site = ["examplewallet.com"]
status = "contained"
[[action]]
name = "entered_seed_phrase"
words = "entered your recovery phrase yesterday (all other users are safe)"
exposure = "key"
match = {{ method = "POST", path = "^/api/unlock" }}
[[attacker]]
address = "{SINK}"
role = "sink"
[[chain]]
name = "ethereum"
data = "chain-export"
"""


def fill(scene: Scene) -> Case:
    """Write a scene's tables into a case folder."""
    case = Case(scene.folder)
    for name, frame in scene.tables.items():
        case.write(name, frame)
    with case.manifest() as manifest:
        manifest["as_of"] = {"time": NOW.isoformat()}
    return case


def test_it_writes_every_text_and_its_claims(scene: Scene) -> None:
    """A case whose claims hold needs no person; each message comes in each of its channels."""
    case = fill(scene.key_incident().tell(status="resolved"))
    figures = advise(case, scene.incident)
    assert (figures["ready"], figures["not_ready"]) == (", ".join(MESSAGES), "")
    assert (figures["needs_person"], figures["problems"]) == (False, [])
    written = {file.name for file in case.advisory.iterdir() if file.is_file()} - {"claims.json", "changes.json"}
    told = json.loads((case.advisory / "claims.json").read_text())["messages"]
    assert {name for message in told.values() for name in message["files"]} == written
    assert len(written) == figures["files"] == 36


def test_an_empty_case_gets_its_first_message(scene: Scene) -> None:
    """Nothing was read yet, no step has run: the message comes, and needs no person."""
    case = Case(scene.folder)
    figures = advise(case, scene.incident)
    assert (
        (case.advisory / "initial.md")
        .read_text()
        .startswith("**If you entered your recovery phrase on examplewallet[.]com")
    )
    assert figures["problems"] == []


def test_every_sentence_stands_in_claims_with_its_check(scene: Scene) -> None:
    """What is posted and what is proven cannot drift apart."""
    case = fill(scene.mixed_incident())
    advise(case, scene.incident)
    claims = json.loads((case.advisory / "claims.json").read_text())
    mine = [claim for claim in claims["claims"] if claim["message"] == "initial"]
    texts = [(case.advisory / name).read_text() for name in claims["messages"]["initial"]["files"]]
    assert all(any(claim["sentence"].split("\n")[0] in text for text in texts) for claim in mine)
    assert all(name in claims["checks"] for claim in mine for name in claim["check"])
    assert {claim["result"] for claim in mine if "we believe" not in claim["sentence"].lower()} == {"passed"}


def test_a_confirmed_victim_outside_is_listed_and_the_text_still_comes(scene: Scene) -> None:
    """The sentence says "we believe", claims.json names the wallet, a person is needed, and nothing is held up."""
    case = fill(scene.key_incident().wallet(90, at=START - timedelta(hours=2), lost=10**18))
    figures = advise(case, scene.incident)
    claims = json.loads((case.advisory / "claims.json").read_text())
    lead = claims["claims"][0]
    assert (lead["result"], [row["address"] for row in lead["contradicting"]]) == ("failed", [wallet_address(90)])
    assert "we believe that your wallet is no longer safe" in (case.advisory / "initial.md").read_text()
    assert figures["needs_person"] is True
    assert figures["problems"] == [
        f"1 confirmed victim lies outside what the texts say ({wallet_address(90)}): see advisory/claims.json"
    ]


def test_the_same_case_gives_the_same_bytes(scene: Scene) -> None:
    """Two runs, and rows in another order, change nothing."""
    case = fill(scene.mixed_incident())
    advise(case, scene.incident)
    first = {file.name: file.read_bytes() for file in case.advisory.rglob("*.*") if file.is_file()}
    for rows in scene.rows.values():
        rows.reverse()
    advise(fill(scene), scene.incident)
    assert {file.name: file.read_bytes() for file in case.advisory.rglob("*.*") if file.is_file()} == first


def test_a_word_that_claims_too_much_needs_a_person(scene: Scene) -> None:
    """incident.toml's words speak of everyone else: the text is written, and each fault is named at its line."""
    words = "typed your phrase, all other users are safe,"
    case = fill(scene.key_incident().tell(actions=(PHRASE | {"words": words},)))
    figures = advise(case, scene.incident)
    told = "unproven-all (all other users are): no data shows that the others are safe (and in 22 more files)"
    assert f"initial.md line 1: {told}" in figures["problems"]
    assert figures["needs_person"] is True


def test_advise_and_lint_say_the_same(scene: Scene) -> None:
    """Of every file, under one set of rules: what `exposure lint --case` calls an error needs a person, and nothing else does."""
    case = fill(scene.key_incident())
    (scene.folder / "incident.toml").write_text(HASTY)
    figures = advise(case, load_incident(scene.folder))
    files = sorted(str(file) for file in case.advisory.iterdir() if file.is_file() and file.suffix != ".json")
    result = CliRunner().invoke(app, ["lint", "--case", str(scene.folder), "--json", *files])
    told = [json.loads(line) for line in result.stdout.splitlines()]
    errors = {(one["rule"], one["excerpt"], one["message"]) for one in told if one["severity"] == "error"}
    said = [line for line in figures["problems"] if " line " in line]
    assert len(said) == len({(rule, excerpt) for rule, excerpt, _ in errors})
    assert [line for line in said if not any(f": {r} ({e}): {m}" in line for r, e, m in errors)] == []
    assert {"relative-time", "unproven-all"} <= {rule for rule, *_ in errors}
    assert figures["lint_warnings"] == sum(one["severity"] == "warning" for one in told) > 0


def test_a_dropped_link_and_a_hold_that_ended_need_a_person(scene: Scene) -> None:
    """Both are said, and the text is written without them."""
    hold = {"hold_until": NOW - timedelta(hours=1), "why": "rescue", "by": "lead"}
    advice = ADVICE | {"guide": "https://help.examplewallet.com/x"}
    case = fill(scene.key_incident().tell(advice=advice, disclosure=hold))
    assert advise(case, scene.incident)["problems"] == [
        "[advice] guide is not shown: it lies on the affected site while control is lost",
        "[disclosure] hold_until has passed (2026-03-04 11:10:00 UTC): the texts are no longer held back, post them",
    ]


def test_no_sentence_without_a_passed_claim_stands_unmarked(scene: Scene) -> None:
    """Over kinds of incidents: a sentence is proven, says "we believe", or says what is not known."""
    kinds = (Scene.key_incident, Scene.approval_incident, Scene.mixed_incident, Scene.chain_only)
    for build in kinds:
        fresh = build(Scene(scene.folder))
        case = fill(fresh)
        advise(case, fresh.incident)
        for claim in json.loads((case.advisory / "claims.json").read_text())["claims"]:
            hedged = any(word in claim["sentence"].lower() for word in ("we believe", "do not know", "cannot see"))
            assert claim["result"] == "passed" or hedged, claim


def test_the_words_of_our_own_templates_break_no_rule_in_any_channel(scene: Scene) -> None:
    """Every message of a mixed incident with all that can be said."""
    scene.mixed_incident().tell(status="contained", actions=(PHRASE, SIGNED, HARDWARE))
    figures = advise(fill(scene), scene.incident)
    assert check_claims(gather(scene.tables, scene.incident, NOW))["condition"].result == "passed"
    assert (figures["problems"], figures["lint_warnings"]) == ([], 0)
