"""The plain check of our own texts, and the rules for any text."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.lint import REST, expected_rules, read_drafts
from exposure.publish.lint.draft import Draft
from exposure.publish.lint.judge import draft_of, ground_of_sites, lint, rules
from tests.publish.scene import Scene, case_ground, write
from tests.publish.test_wording import CASES


@pytest.mark.parametrize(
    ("text", "rule", "excerpt"),
    [
        ("Do not use examplewallet.com", "live-site", "examplewallet.com"),
        ("See https://app.ExampleWallet.com/help", "live-site", "https://app.ExampleWallet.com"),
        ("Only users who signed are affected", "unproven-only", "Only"),
        ("All other users are safe", "unproven-all", "All other users are"),
        ("everyone else need not act", "unproven-all", "everyone else need not"),
    ],
)
def test_what_must_never_stand_in_a_text_is_found(text: str, rule: str, excerpt: str) -> None:
    """A live site, "only", and words about everyone else, at their line."""
    found = lint(Draft(f"first line\n\n{text}", ground_of_sites(["app.examplewallet.com"])))
    assert (3, excerpt) in [(one.line, one.excerpt) for one in found if one.rule == rule]


def test_a_broken_site_and_a_checked_link_are_no_faults() -> None:
    """The broken form stands everywhere, and a link of [advice] on the regained site is allowed."""
    text = "On examplewallet[.]com\nUpdates: https://status.examplewallet.com/x"
    sites, link = ["examplewallet.com"], "https://status.examplewallet.com/x"
    assert "live-site" not in {one.rule for one in lint(Draft(text, ground_of_sites(sites, [link])))}
    assert [2] == [one.line for one in lint(Draft(text, ground_of_sites(sites))) if one.rule == "live-site"]


def test_a_file_of_ours_says_by_its_name_what_it_is(scene: Scene) -> None:
    """Message and channel: a post for X is held against X's limit; one whose time has not come is no text yet."""
    ground = ground_of_sites(())
    assert ("initial", "x") == (
        draft_of("a/initial.x.txt", "", ground).kind,
        draft_of("a/initial.x.txt", "", ground).channel,
    )
    assert ("", "") == (draft_of("draft.md", "", ground).kind, draft_of("draft.md", "", ground).channel)
    assert "discord" == draft_of("initial.x.txt", "", ground, channel="discord").channel
    assert () == lint(draft_of("resolved.md", write(scene.key_incident())["resolved"], ground))


def rules_found(text: str, **more: Any) -> list[str]:
    """Judge a text without a case, and give the rules that struck."""
    return [finding.rule for finding in lint(Draft(text, ground_of_sites((), year=2026), **more))]


@pytest.mark.parametrize("name", [name for name, rule in rules().items() if not rule.needs_case])
def test_each_rule_strikes_its_bad_example_and_spares_its_good_one(name: str) -> None:
    """The examples that `--explain` shows are true."""
    rule = rules()[name]
    channel = "x" if name == "length" else ""
    assert name in rules_found(rule.bad, channel=channel)
    assert name not in rules_found(rule.good, channel=channel)


def test_each_rule_points_to_a_section_of_the_guide() -> None:
    """A finding leads to where the guide gives the reason."""
    headings = re.findall(r"^## (.*)$", (Path(__file__).parents[2] / "docs" / "wording.md").read_text(), re.MULTILINE)
    assert {rule.section for rule in rules().values()} <= set(headings)


DRAFTS = {str(draft["name"]): draft for draft in read_drafts()}


@pytest.mark.parametrize("name", DRAFTS)
def test_a_draft_breaks_the_rules_that_a_careful_reader_says(name: str) -> None:
    """Fifty drafts of the first hour, each with what is wrong with it; the benchmark prints precision and recall."""
    want = expected_rules(list(DRAFTS[name]["rules"]))  # type: ignore[call-overload]
    # Where lint and the reader differ, the draft itself says so.
    want = want - set(DRAFTS[name].get("missed", [])) | set(DRAFTS[name].get("extra", []))  # type: ignore[call-overload]
    assert want == set(rules_found(str(DRAFTS[name]["text"]).strip("\n")))


def test_the_guide_and_the_rules_judge_its_three_kinds_alike() -> None:
    """The worst: no who, no action, a live link, blame. The half: a who, but hours, alarm and an old phrase. The best: nothing."""
    found = {name: set(rules_found(str(draft["text"]))) for name, draft in DRAFTS.items() if draft.get("guide")}
    assert {"testable-who", "act-if-affected", "live-site", "blame"} <= found["guide-worst"]
    assert {"relative-time", "panic", "new-account"} <= found["guide-half"]
    assert not {"who-first", "testable-who", "act-if-affected"} & found["guide-half"]
    assert found["guide-best"] == set()


@pytest.mark.parametrize("name", CASES)
def test_our_own_texts_break_no_rule(name: str, scene: Scene) -> None:
    """Held against the case too. Where [advice] names no next update, saying so is right, and the one thing that is found."""
    built = CASES[name](scene)
    missing = {"next-update"} if "next_update" not in built.told["advice"] else set()
    for message, text in write(built).items():
        if not text.startswith("**Not ready"):
            found = {finding.rule for finding in lint(Draft(text, case_ground(built), kind=message))}
            assert found <= missing, message


def test_a_pasted_phrase_is_found_and_never_repeated() -> None:
    """However it is written: in a row, as a list, over lines, in an encoding; nothing of it stands in any finding."""
    words = [
        "legal",
        "winner",
        "thank",
        "year",
        "wave",
        "sausage",
        "worth",
        "useful",
        "legal",
        "winner",
        "thank",
        "yellow",
    ]
    forms = (
        " ".join(words),
        "\n".join(f"{place}. {word}" for place, word in enumerate(words, 1)),
        ", ".join(words),
        "https://status.example/?p=" + "%20".join(words),
        "**" + " ".join(words).upper() + "**",
        "\uff4c\uff45\uff47\uff41\uff4c " + " ".join(words[1:]),
    )
    for form in forms:
        found = lint(Draft(f"If you signed, your words were {form} and we are all sorry", ground_of_sites(())))
        assert "secret-in-text" in {finding.rule for finding in found}, form
        told = " ".join(f"{f.message} {f.excerpt} {f.suggestion}" for f in found).lower()
        assert not {"sausage", "yellow", "winner"} & set(re.findall(r"[a-z]+", told)), form


def test_a_pasted_key_is_found_and_a_transaction_hash_is_not() -> None:
    """64 digits are a key unless the words before them say that they are a hash."""
    key = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
    assert "secret-in-text" in rules_found(f"The key 0x{key} was used")
    assert key[:12] not in repr(lint(Draft(f"URGENT 0x{key}!!! only", ground_of_sites(()))))
    assert "secret-in-text" not in rules_found(f"The theft is transaction 0x{key}")
    assert "secret-in-text" in rules_found(f"The transaction was signed with the key 0x{key}")


def test_ordinary_words_of_the_list_are_no_phrase() -> None:
    """A third of English prose stands in the word list; sentences of ours must not be masked."""
    text = "You must act now: move all that you have to another wallet, then wait until we say that you can use this page again."
    assert "secret-in-text" not in rules_found(text)


@pytest.mark.parametrize(
    ("hidden", "rule"),
    [
        ("examplewal\u200blet.com", "live-site"),
        ("\uff45xamplewallet.com", "live-site"),
        ("example\u00adwallet.com", "live-site"),
        ("ex&#97;mplewallet.com", None),
        ("<a href='https://examplewallet.com/x'>here</a>", "live-site"),
        ("[here](https://examplewallet.com)", "live-site"),
        ("ехamplewallet.com", "look-alike"),
    ],
)
def test_a_live_site_in_costume_is_found(hidden: str, rule: str | None) -> None:
    """Zero-width and full-width characters, links in tags and Markdown, letters of other alphabets."""
    found = {
        f.rule
        for f in lint(Draft(f"If you signed there, do not use {hidden} now.", ground_of_sites(["examplewallet.com"])))
    }
    assert rule is None or rule in found


def test_a_wall_of_one_fault_is_told_shortly() -> None:
    """Twenty places and the number of the others; none is dropped without a word."""
    found = [f for f in lint(Draft("Only users!! " * 3000, ground_of_sites(()))) if f.rule == "unproven-only"]
    assert (20, '"only" claims that no one else is affected (and 2,980 more like it)') == (
        len(found),
        found[-1].message,
    )


@pytest.mark.parametrize(
    "wall",
    [
        "a" * 65_000,
        "0x" * 30_000,
        "<" * 65_000,
        "If you " * 9_000,
        "[" * 65_000,
        "09:00 " * 10_000,
        "a." * 30_000,
        "09:00 UTC 4 March 2026 " * 1_000,
        "examplewallet.com " * 2_000,
        "\u202e" * 30_000,
    ],
)
def test_hostile_walls_of_text_end(wall: str) -> None:
    """No rule takes more than its share of a text that was made to keep it busy; pytest's own limit is the only clock."""
    assert isinstance(lint(Draft(wall, ground_of_sites(["examplewallet.com"]))), tuple)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("If you signed between 09:00 and 10:00 UTC on Tuesday 31 February 2026, revoke.", "real-weekday"),
        ("If you signed between 09:00 and 10:00 UTC on Wednesday 2026-03-04, revoke.", None),
        ("If you signed between 2026-03-04T09:00:00Z and 2026-03-04T10:00:00Z, revoke.", None),
        ("If you signed at 09:00 PST on Wednesday 15 July 2026 (16:00 UTC), revoke.", "wrong-season"),
        ("If you signed at 01:30 EST on Sunday 8 March 2026 (06:30 UTC), revoke.", None),
        ("If you signed at 03:30 EST on Sunday 8 March 2026 (08:30 UTC), revoke.", "wrong-season"),
        ("If you signed at 01:30 EST on Sunday 1 November 2026 (06:30 UTC), revoke.", None),
        ("If you signed at 09:00 AKST on Wednesday 15 July 2026 (18:00 UTC), revoke.", "wrong-season"),
        ("If you signed at 09:00 IDT on Wednesday 14 January 2026 (06:00 UTC), revoke.", "wrong-season"),
        ("If you signed at 09:00 EAT on Wednesday 14 January 2026 (06:00 UTC), revoke.", None),
        ("If you signed at 09:00 PDT on Wednesday 15 July 2026 (16:00 UTC), revoke.", None),
        ("If you signed from 12 am to 4 am UTC on Saturday 14 May 2022, revoke.", "lost-am-pm"),
    ],
)
def test_times_are_held_against_the_calendar(text: str, rule: str | None) -> None:
    """Weekdays, days that do not exist, summer time, midnight."""
    found = {"real-weekday", "wrong-season", "lost-am-pm"} & set(rules_found(text))
    assert ({rule} if rule else set()) == found


@pytest.mark.parametrize(
    ("zone", "month"),
    [
        ("America/Jamaica", 7),
        ("America/Phoenix", 7),
        ("Australia/Brisbane", 1),
        ("Africa/Tripoli", 7),
        ("America/New_York", 7),
    ],
)
def test_the_abbreviations_of_our_own_texts_are_right_in_every_zone_of_the_incident(
    zone: str, month: int, scene: Scene
) -> None:
    """Some clocks never change: EST in July is Jamaica's time, and its local line says the same hours as the one in UTC."""
    start = datetime(2026, month, 15, 9, 12, 37, tzinfo=UTC)
    scene.key_incident().tell(zones=(zone,), status="contained")
    scene.rows["windows"].clear()
    scene.window(start, start + timedelta(hours=2))
    scene.rows["windows"][-1]["earliest"] = start
    text = write(scene)["initial"]
    assert zone.rpartition("/")[2].replace("_", " ") in text
    found = [one.rule for one in lint(Draft(text, case_ground(scene), kind="initial"))]
    assert {"wrong-season", "case-window", "case-wide", "utc-first"}.isdisjoint(found)


def test_over_the_turn_of_the_year_a_date_has_the_year_of_its_own_stretch(scene: Scene) -> None:
    """One window lies over two days of December 2025, the text is of 2026: the first date of the window names no year."""
    start = datetime(2025, 12, 30, 6, 6, tzinfo=UTC)
    scene.mixed_incident().tell(status="contained")
    scene.rows["windows"].clear()
    scene.window(start, start + timedelta(hours=27))
    scene.window(start + timedelta(hours=2), start + timedelta(hours=3), exposure="approval", window_id="w2")
    text = write(scene)["initial"]
    assert "between 06:00 UTC on Tuesday 30 December and 09:15 UTC on Wednesday 31 December 2025" in text
    assert not [one for one in lint(Draft(text, case_ground(scene), kind="initial")) if one.severity == "error"]


def test_x_counts_links_and_wide_letters_its_own_way() -> None:
    """A link is 23 characters however long it is, a Chinese character two; posts of a thread count alone."""
    link = "https://status.example/" + "x" * 200
    assert "length" not in rules_found("If you signed, revoke. Updates: " + link, channel="x")
    assert "length" in rules_found("\u5b57" * 141, channel="x")
    assert "length" not in rules_found("a" * 280 + "\n---\n" + "b" * 280, channel="x")
    assert "length" in rules_found("a" * 281, channel="x")


@pytest.mark.parametrize(
    "text",
    [
        "Revoke all other approvals that you do not know.",
        "Everyone else: please wait for the next message.",
        "Nobody else can revoke for you, and no one else will write to you.",
        "The only place for updates is the page above.",
        "Use only the links on that page, and trust only our own account.",
        "If anyone asks you to confirm your recovery phrase, it is a scam.",
        "The malicious page asked people to enter your recovery phrase.",
        "Impostors may tell you to send us your private key.",
        "Never type your recovery phrase into a page.",
        "If you use several wallets, look at each of them.",
        "We do not know yet whether funds are safe.",
        "We cannot promise that you are safe after that.",
        "A wallet with a new recovery phrase is needed; a new account is not safe.",
        "Version 2.68 of 2026-03-04 holds the code, version 2.69 does not.",
        "Do not panic.",
        "The transaction is 0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318 on Ethereum.",
    ],
)
def test_sentences_of_a_careful_writer_break_no_rule_about_words(text: str) -> None:
    """What a good message says stays unmarked: a linter that cries at everything is turned off."""
    general = {"who-first", "testable-who", "act-if-affected", "no-time", "no-zone", "open-window", "missing-indicator"}
    assert [] == [rule for rule in rules_found(text) if rule not in general | set(REST)]
