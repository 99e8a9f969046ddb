"""A request is the first action whose patterns all match."""

import polars as pl
import pytest

from exposure.incident import Action
from exposure.logs.actions import find_action
from exposure.logs.formats.records import RECORD


def action(name: str, **match: str) -> Action:
    """Make an action."""
    return Action.model_validate({"name": name, "words": "did it", "exposure": "key", "match": match})


def found(*actions: Action, **request: object) -> str | None:
    """Give the action of one request."""
    fields = {"target": "/a?b=1", "method": "GET", "status": 200, **request}
    frame = pl.DataFrame([dict.fromkeys(RECORD) | fields], schema=RECORD)
    name: str | None = frame.select(find_action(actions)).item()
    return name


def test_the_first_action_that_matches_wins() -> None:
    """The most specific stands first in incident.toml."""
    special, general = action("special", path="^/a/b"), action("general", path="^/a")
    assert ("special", "general", None) == tuple(found(special, general, target=path) for path in ("/a/b", "/a", "/c"))
    assert "general" == found(general, special, target="/a/b")


def test_every_pattern_must_match() -> None:
    """A GET of the page where phrases are entered is no entering."""
    unlock = action("unlock", method="^POST$", path="^/unlock")
    assert (None, "unlock") == (found(unlock, target="/unlock"), found(unlock, target="/unlock", method="POST"))


@pytest.mark.parametrize(
    ("match", "request_", "expected"),
    [
        ({"path": "^/a$"}, {}, "x"),
        ({"path": "b=1"}, {}, None),
        ({"query": "^b=1$"}, {}, "x"),
        ({"query": "^$"}, {"target": "/a"}, "x"),
        ({"status": "^2"}, {}, "x"),
        ({"status": "^2"}, {"status": 404}, None),
        ({"referer": "^https://x/"}, {"referer": "https://x/y"}, "x"),
        ({"referer": "."}, {}, None),
        ({"host": "^app[.]example[.]com$"}, {"host": "app.example.com"}, "x"),
        ({"host": ".*"}, {}, None),
        ({"event": "^wallet_"}, {"event": "wallet_connected", "target": None}, "x"),
        ({"version": "^2[.]68"}, {"version": "2.68.0"}, "x"),
        ({"event": ".*"}, {}, None),
        ({"version": ".*"}, {}, None),
        ({"path": "."}, {"target": None}, None),
    ],
)
def test_each_key_looks_at_its_field(match: dict[str, str], request_: dict[str, object], expected: str | None) -> None:
    """A field that a line does not have matches no pattern, not even one that matches everything."""
    assert expected == found(action("x", **match), **request_)


def test_without_actions_nothing_is_one() -> None:
    """An incident may have none yet."""
    assert None is found()
