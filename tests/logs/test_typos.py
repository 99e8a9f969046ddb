"""What incident.toml names and the logs do not know: a typo there would make victims look like people who did nothing."""

from pathlib import Path

import pytest

from exposure.incident import Action, Asset
from tests.logs.logbook import ALICE, UNLOCK, Logbook, cloudflare, combined

WRONG = UNLOCK.model_copy(update={"match": {"path": "^/api/unlok/mnemonic$"}})
EVENT = Action(name="signed", words="signed", exposure="approval", match={"event": "^sign$"})


def unlocks() -> list[str]:
    """Give three lines, one of them an unlock."""
    paths = ("/api/unlock/mnemonic?t=1", "/api/prices", f"/api/balance/{ALICE}")
    return [combined(path, method="POST") for path in paths]


def test_an_action_that_matches_nothing_names_what_was_asked_for(tmp_path: Path) -> None:
    """The nearest path stands there with its method and without its query."""
    book = Logbook(tmp_path, actions=(WRONG,))
    book.write("a.log", *unlocks())
    (said,) = book.read()["problems"]
    assert said == (
        "action entered_seed_phrase matched none of 3 requests; if it is mistyped, who did it looks like people who did nothing; "
        "nearest is POST /api/unlock/mnemonic. To go on: correct match under [[action]] (a request is the first action that "
        "matches), or add the logs that show it"
    )


def test_an_action_that_nobody_did_is_no_fault(tmp_path: Path) -> None:
    """Where no path comes so near that it was meant."""
    nobody = UNLOCK.model_copy(update={"name": "unlocked_keystore", "match": {"path": "^/api/keystores/open$"}})
    book = Logbook(tmp_path, actions=(UNLOCK, nobody))
    book.write("a.log", *unlocks())
    assert book.read()["problems"] == []


def test_an_action_that_matches_is_not_mentioned(tmp_path: Path) -> None:
    """Nor is one on events where no log of events was read: no line of an access log can match it."""
    book = Logbook(tmp_path, actions=(UNLOCK, EVENT))
    book.write("a.log", *unlocks())
    assert book.read()["problems"] == []


def test_an_asset_that_nobody_asked_for_is_told(tmp_path: Path) -> None:
    """An [[asset]] says which file carried the attack: a typo makes every client's file unknown."""
    book = Logbook(tmp_path, assets=(Asset(path="/js/ap.js"), Asset(path="/js/main.css")))
    book.write("a.log", combined("/js/app.js"), combined("/js/main.css"), *unlocks())
    (said,) = book.read()["problems"]
    assert said == (
        "asset /js/ap.js was asked for by none of 5 requests; nearest is /js/app.js, /js/main.css. To go on: correct path under [[asset]], "
        "or add the logs of the server that served it"
    )


@pytest.mark.parametrize(("site", "told"), [("exampelwallet.com", True), ("examplewallet.com", False)])
def test_a_site_that_no_line_names_is_told(tmp_path: Path, site: str, told: bool) -> None:
    """A host under the site is the site's; what the lines name instead is shown."""
    book = Logbook(tmp_path, site=(site,))
    book.write("a.log", cloudflare("/", ClientRequestHost="app.examplewallet.com"))
    said = [text for text in book.read()["problems"] if text.startswith("no line of the logs names")]
    named = f"no line of the logs names {site}: they name app.examplewallet.com"
    fix = "To go on: correct site under [incident], which the texts publish, or add the logs of that site"
    assert said == ([f"{named}. {fix}"] if told else [])


def test_logs_that_name_no_host_say_nothing_of_the_site(tmp_path: Path) -> None:
    """Combined lines name no host."""
    book = Logbook(tmp_path, site=("exampelwallet.com",))
    book.write("a.log", *unlocks())
    assert book.read()["problems"] == []
