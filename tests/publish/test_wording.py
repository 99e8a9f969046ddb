"""The texts: golden files for each kind of incident, and what every text must hold or must never say."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from exposure.publish.lint.judge import draft_of, lint
from exposure.publish.texts.channels import CHANNELS, POST_BREAK
from tests.publish.scene import (
    ADVICE,
    END,
    HARDWARE,
    NOW,
    PHRASE,
    SIGNED,
    SINK,
    SPENDER,
    START,
    Scene,
    case_ground,
    wallet_address,
    write,
    write_files,
)

OVER = {"kind": "first_known_good", "time": END, "source": "deploy log 4712"}


def _victim_outside(scene: Scene) -> Scene:
    return scene.key_incident().wallet(90, at=START - timedelta(hours=2), lost=10**18)


def _start_unknown(scene: Scene) -> Scene:
    scene.key_incident().tell(status="contained", vector="dns")
    scene.rows["windows"].clear()
    return scene.window(start=None)


def _resolved(scene: Scene) -> Scene:
    scene.key_incident().tell(status="resolved", control="regained", facts=(OVER,), actions=(PHRASE, HARDWARE))
    return scene.tell(window={"cache": "4h"}, zones=("America/New_York", "Asia/Shanghai"))


def _toml_only(scene: Scene) -> Scene:
    return scene.tell(actions=(), advice={}, chains=(), zones=())


def _two_windows(scene: Scene) -> Scene:
    evening = {"start": START - timedelta(hours=12), "end": START - timedelta(hours=7), "window_id": "w2"}
    scene.key_incident().tell(status="contained", zones=("Europe/Berlin", "Asia/Shanghai")).window(**evening)
    return scene.wallet(60, at=START - timedelta(hours=11), lost=10**18)


def _dns(scene: Scene) -> Scene:
    good = {"kind": "last_known_good", "time": START, "source": "registrar's audit log"}
    scene.approval_incident().tell(vector="dns", control="unsure", facts=(good, {**OVER, "kind": "detected"}))
    return scene.attacker("0x" + "cafe" * 10, "spender", chain_id=1, confirmed=False, origin="discovered")


def _false_alarm(scene: Scene) -> Scene:
    scene.tokens().covered()
    for number in range(16, 40):
        scene.wallet(number, "no_sign", "viewed_portfolio", p_exposed=0.01)
    return scene


def _false_alarm_over(scene: Scene) -> Scene:
    return _false_alarm(scene).tell(status="resolved", control="regained")


CASES: dict[str, Callable[[Scene], Scene]] = {
    "key_ongoing": Scene.key_incident,
    "key_resolved": _resolved,
    "approval": Scene.approval_incident,
    "mixed": Scene.mixed_incident,
    "two_windows": _two_windows,
    "dns_hijack": _dns,
    "false_alarm": _false_alarm,
    "false_alarm_over": _false_alarm_over,
    "chain_only": Scene.chain_only,
    "incident_toml_only": _toml_only,
    "start_unknown": _start_unknown,
    "victim_outside": _victim_outside,
}


@pytest.mark.parametrize("name", CASES)
def test_each_kind_of_incident_has_its_golden_texts(
    name: str, scene: Scene, golden: Callable[[str, str], None]
) -> None:
    """A text changes when someone changes it, and a reviewer sees the whole of the new one: every message in every channel."""
    texts = write_files(CASES[name](scene), None if name == "incident_toml_only" else NOW)
    golden(f"{name}.txt", "\n".join(f"{'=' * 20} {file}\n\n{text}" for file, text in texts.items()))


@pytest.mark.parametrize("name", CASES)
def test_every_text_says_who_what_if_unsure_and_whom_to_trust(name: str, scene: Scene) -> None:
    """Each ready text leads with the condition, tells the unsure to act, warns of impostors, and breaks no rule of lint, held against the case."""
    built = CASES[name](scene)
    for file, text in write_files(built).items():
        errors = [one for one in lint(draft_of(file, text, case_ground(built))) if one.severity == "error"]
        assert errors == [], file
        said = " ".join(text.split())
        if said.startswith("**Not ready"):
            continue
        assert "If you are not sure, act as if you are affected." in said, file
        assert "Nobody from our team will ask for your recovery phrase" in said, file
        if file.split(".")[0] not in ("support", "reply", "banner") and not file.endswith(
            (".xml", "email.txt", ".status.txt")
        ):
            assert text.startswith(("**If ", "If ")), file


@pytest.mark.parametrize("name", CASES)
def test_each_post_fits_its_channel(name: str, scene: Scene) -> None:
    """280 weighted characters, 2,000, 4,096: no service cuts a text of ours, and no address is cut by us."""
    built = CASES[name](scene)
    for file, text in write_files(built).items():
        suffix = file[file.index(".") :]
        channel = next(channel for channel in CHANNELS.values() if channel.suffix == suffix)
        for post in text.strip().split(POST_BREAK):
            assert channel.count(post) <= channel.limit, file
        for address in re.findall(r"0x[0-9a-fA-F]+", text):
            assert len(address) == 42, file


@pytest.mark.parametrize("name", CASES)
def test_no_text_names_a_victim(name: str, scene: Scene) -> None:
    """Attackers' addresses are published, victims' never."""
    texts = " ".join(write(CASES[name](scene)).values()).lower()
    assert [row["address"] for row in scene.rows["wallets"] if row["address"][2:] in texts] == []


def test_while_it_goes_on_there_is_no_end(scene: Scene) -> None:
    """An ongoing attack has no T2, whatever the data suggests: the text says since."""
    scene.key_incident().tell(facts=(OVER,))
    text = write(scene)["initial"]
    assert "at any time since 09:00 UTC on Wednesday 4 March 2026" in text
    assert "10:4" not in text


def test_bounds_are_rounded_outward(scene: Scene) -> None:
    """09:12:37 to 10:40:05 becomes 09:00 to 10:45: nobody at the edge is left out."""
    text = write(scene.key_incident().tell(status="resolved"))["resolved"]
    assert "between 09:00 and 10:45 UTC on Wednesday 4 March 2026" in text


def test_a_key_incident_never_advises_to_revoke(scene: Scene) -> None:
    """Revoking does nothing for a phrase that was typed."""
    text = write(scene.key_incident())["initial"]
    assert "Revoke" not in text
    assert "Nothing can be revoked" in text
    assert "new recovery phrase" in text


def test_an_approval_incident_names_every_spender_on_its_chain(scene: Scene) -> None:
    """Exactly what to revoke, in full and checksummed, per chain."""
    text = write(scene.approval_incident())["initial"]
    assert "- base: `0x5BAD5bad5baD5BAd5BAd5bAd5bad5Bad5Bad5bAd`" in text
    assert "- ethereum: `0x5BAD5bad5baD5BAd5BAd5bAd5bad5Bad5Bad5bAd`" in text
    assert "new recovery phrase" not in text


def test_a_spender_nobody_confirmed_is_believed_only(scene: Scene) -> None:
    """A discovered spender is listed, apart and with "we believe"."""
    other = "0x" + "cafe" * 10
    scene.approval_incident().attacker(other, "spender", chain_id=1, confirmed=False, origin="discovered")
    before, after = write(scene)["initial"].split("We believe that these are the attacker's too")
    assert "0xCAfEcAfeCAfECaFeCaFecaFecaFECafECafeCaFe" in after
    assert "0xCAfEcAfeCAfECaFeCaFecaFecaFECafECafeCaFe" not in before


def test_a_known_spender_brings_the_second_remedy(scene: Scene) -> None:
    """All actions are key exposures, but an attacker was approved: signatures were taken too, and the text says both."""
    text = write(scene.key_incident().attacker(SPENDER, "spender", chain_id=1))["initial"]
    assert "If your wallet has approved one of the addresses below" in text
    assert "### If you entered your recovery phrase" in text
    assert "- ethereum: `0x5BAD5bad5baD5BAd5BAd5bAd5bad5Bad5Bad5bAd`" in text


def test_a_secret_in_a_line_brings_the_key_remedy(scene: Scene) -> None:
    """The team thinks of approvals alone, but a victim's phrase stands in a log line."""
    scene.approval_incident().add(
        "evidence", address=wallet_address(1), code="K2", weight=9.0, text="seed phrase", ref="log:0a1b2c3d:7"
    )
    text = write(scene)["initial"]
    assert "If you entered a recovery phrase, private key or keystore file on examplewallet[.]com, we believe" in text
    assert "new recovery phrase" in text


def test_a_cleared_action_is_said_and_a_veto_drops_it(scene: Scene) -> None:
    """A named person's word counts until a harmed wallet did that and nothing worse."""
    scene.key_incident().tell(actions=(PHRASE, HARDWARE))
    said = "If you connected a hardware wallet on examplewallet[.]com: that alone did not put your wallet at risk"
    assert said in write(scene)["initial"]
    scene.wallet(91, "probable", HARDWARE["name"], lost=10**18)
    assert said not in write(scene)["initial"]


@pytest.mark.parametrize(
    "change",
    [
        {"actions": (PHRASE, SIGNED)},
        {"vector": "dns"},
    ],
)
def test_hardware_is_called_safe_where_every_exposure_is_a_key(change: dict[str, object], scene: Scene) -> None:
    """A hardware wallet does not protect from a signature, and nobody knows what a hijacked copy of the site asked for."""
    said = "A hardware wallet is not affected, unless you typed its recovery phrase."
    assert said in write(scene.key_incident())["initial"]
    assert said not in write(scene.tell(**change))["initial"]


def test_an_action_that_was_ruled_out_comes_back_for_a_wallet_that_must_act(scene: Scene) -> None:
    """The sheet calls a wallet exposed by an action that the rates rule out: the text must name that action."""
    keystore = PHRASE | {"name": "uploaded_keystore", "words": "uploaded a keystore file"}
    scene.key_incident().tell(actions=(PHRASE, keystore)).rate("uploaded_keystore", "no", 9, 1)
    assert "uploaded a keystore file" not in write(scene)["initial"]
    scene.wallet(92, "exposed", "uploaded_keystore")
    text = write(scene)["initial"]
    assert (
        "**If you entered your recovery phrase on examplewallet[.]com at any time since 09:00 UTC on Wednesday 4 March 2026, your"
        in text
    )
    assert (
        "**If you uploaded a keystore file on examplewallet[.]com at any time since 09:00 UTC on Wednesday 4 March 2026, we believe"
        in text
    )
    assert text.count("In New York") == 1


def test_a_harmless_action_that_the_data_calls_x_is_in_the_condition(scene: Scene) -> None:
    """incident.toml was wrong: the victims are told, with "we believe" and both remedies."""
    hover = {"name": "connected", "words": "connected your wallet", "exposure": "none", "match": {"path": "x"}}
    scene.key_incident().tell(actions=(PHRASE, hover)).rate("connected", "yes")
    text = write(scene)["initial"]
    assert "**If you connected your wallet on examplewallet[.]com" in text
    assert "we believe that your wallet may not be safe" in text
    assert "### If you confirmed a signature or a transaction" in text


def test_two_actions_and_no_telling_which_are_both_named(scene: Scene) -> None:
    """Where X cannot be told, the text says so and takes each as dangerous."""
    keystore = PHRASE | {"name": "uploaded_keystore", "words": "uploaded a keystore file"}
    scene.key_incident().tell(actions=(PHRASE, keystore))
    scene.rows["attack_rates"].clear()
    scene.rate(PHRASE["name"], "cannot_tell").rate("uploaded_keystore", "cannot_tell")
    text = write(scene)["initial"]
    assert "we believe that your wallet is no longer safe" in text
    assert "We do not know yet which of these actions exposed people: take each as dangerous." in text


def test_wallets_that_nothing_ties_to_the_site_are_not_counted(scene: Scene) -> None:
    """One drainer runs on many sites: its other victims are said apart."""
    scene.key_incident()
    for number in range(70, 80):
        scene.wallet(number, did="", link_to_incident="chain_only", lost=10**18)
    text = write(scene)["initial"]
    assert "at least 9 wallets from which assets were taken" in text
    assert "at least 10 more wallets that we cannot tie to this site yet" in text


def test_an_exclusive_attacker_ties_its_victims(scene: Scene) -> None:
    """Where the attacker is known to work here alone, its victims are this incident's."""
    scene.chain_only()
    scene.rows["attackers"].clear()
    text = write(scene.attacker(exclusive=True))["initial"]
    assert "at least 9 wallets from which assets were taken" in text


def test_two_windows_are_two_conditions(scene: Scene) -> None:
    """An attacker who comes twice gets two sentences, in order of time."""
    later = timedelta(days=2)
    scene.key_incident().tell(status="resolved")
    scene.window(START + later, END + later, window_id="w2")
    text = write(scene)["resolved"]
    first = text.index("between 09:00 and 10:45 UTC on Wednesday 4 March 2026")
    second = text.index("between 09:00 and 10:45 UTC on Friday 6 March 2026")
    assert first < second


def test_several_hosts_are_named_and_broken(scene: Scene) -> None:
    """No host is left for a program to link."""
    scene.key_incident().tell(site=("examplewallet.com", "app.examplewallet.com"))
    assert "on examplewallet[.]com or app[.]examplewallet[.]com at any time" in write(scene)["initial"]


def test_a_text_that_is_held_back_says_so(scene: Scene) -> None:
    """[disclosure] marks every text until its time."""
    hold = {"hold_until": NOW + timedelta(minutes=30), "why": "bots front-run a rescue", "by": "lead"}
    text = write(scene.key_incident().tell(disclosure=hold))["initial"]
    assert text.startswith(
        "> **Do not post yet.** [disclosure] of incident.toml holds it back until 12:40 UTC on Wednesday 4 March 2026."
    )


HOSTILE = "<img src=x onerror=alert(1)> [click](https://evil.example/x) @everyone =HYPERLINK(1) \x1b[31m\u202egnp.exe www.evil.com `x` **b**"


def test_hostile_words_everywhere_do_nothing(scene: Scene) -> None:
    """Markup, links, mentions, escapes and direction changes in any field show as text."""
    action = PHRASE | {"words": f"typed {HOSTILE}"}
    cleared = HARDWARE | {"words": HOSTILE, "cleared_why": HOSTILE, "cleared_by": HOSTILE}
    scene.key_incident().tell(title=HOSTILE, actions=(action, cleared), advice=ADVICE | {"signer": HOSTILE})
    scene.rows["tokens"][1]["symbol"] = HOSTILE
    for row in scene.rows["windows"]:
        row["reason"] = HOSTILE
    scene.rows["sources"][0]["path"] = HOSTILE
    scene.tell(status="resolved")
    for name, text in write(scene).items():
        if name == "banner":
            assert "<img" not in text
        elif name != "email":  # a plain mail has no markup
            assert "<img" not in text.replace("\\<img", "")
            assert "](https" not in text.replace("\\](https", "")
        for alive in ("https://evil", "@everyone", "www.evil", "\x1b", "\u202e", "evil.com"):
            assert alive not in text


def test_an_unusable_link_is_left_out(scene: Scene) -> None:
    """No link on the affected domain while others hold it, and none that is not plain."""
    guide = {"guide": "https://help.examplewallet.com/x", "source": "javascript:alert(1)"}
    text = write(scene.key_incident().tell(advice=guide))["initial"]
    assert "help.examplewallet" not in text
    assert "javascript" not in text
    assert "We post updates where you read this." in text


def test_a_sink_is_no_address_to_revoke(scene: Scene) -> None:
    """The key incident's sink stands in the follow-up, where people trace it, and in no list of approvals."""
    texts = write(scene.key_incident().tell(status="resolved"))
    assert SINK not in texts["resolved"].lower()
    assert SINK in texts["followup"].lower()


def test_a_site_that_is_ours_again_is_linked_in_followup_and_banner_alone(scene: Scene) -> None:
    """Whoever reads an older post must not be led there while we are not sure of it."""
    own = ADVICE | {"guide": "https://help.examplewallet.com/x"}
    texts = write_files(scene.key_incident().tell(status="resolved", control="regained", advice=own))
    linking = {file.split(".")[0] for file, text in texts.items() if "https://help.examplewallet.com/x" in text}
    assert linking == {"followup", "banner"}


def test_a_shortened_link_is_left_out(scene: Scene) -> None:
    """Readers are told not to follow what hides where it leads."""
    texts = write_files(scene.key_incident().tell(advice=ADVICE | {"guide": "https://bit.ly/3xyz"}))
    assert [file for file, text in texts.items() if "bit.ly" in text] == []
