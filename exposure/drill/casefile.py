"""incident.toml of a drill: what a team would know in the first hour, and no more."""

import json
from collections.abc import Iterable, Iterator, Mapping

from exposure.drill.scenario import HOUR, MINUTE, Scenario
from exposure.drill.sites import Action
from exposure.drill.story import Story
from exposure.drill.truth import stamp

SOURCES = {
    "last_known_good": "hourly check of the site's files",
    "first_known_good": "CDN purged, hash of the file checked by two people",
    "detected": "support tickets, then a look at the file's diff",
    "public_notice": "first post on the status page",
}


def incident(story: Story) -> str:
    """Write incident.toml."""
    scenario = story.world.scenario
    parts = (_head(scenario), _facts(story), _logs(), _actions(scenario), _chain(story), advice_table())
    return "\n".join(line for part in parts for line in part)


def _head(scenario: Scenario) -> Iterator[str]:
    site, quiet = scenario.site, scenario.attack is None
    title = f"Reports of lost funds at {site.name}" if quiet else f"Malicious script on {site.host}"
    yield f"# A drill: {site.name} and everybody in it are made up. Preset {scenario.preset}, seed {scenario.seed}."
    yield "# The answers are in truth.toml and truth.parquet."
    yield ""
    yield "[incident]"
    yield f'name    = "{site.name.lower()}-{stamp(scenario.logs.start)[:7]}"'
    yield f'title   = "{title}"'
    yield f'site    = ["{site.host}"]'
    yield f'vector  = "{"unknown" if quiet else "script"}"'
    yield f'status  = "{"ongoing" if quiet else "contained"}"'
    yield f'control = "{"unsure" if quiet else "regained"}"'
    yield 'zones   = ["America/New_York", "Europe/Berlin"]'
    yield ""


def fact_tables(times: Mapping[str, float]) -> Iterator[str]:
    """Write [[fact]] for each time (Unix seconds) by its kind."""
    for kind, time in sorted(times.items(), key=lambda item: item[1]):
        yield "[[fact]]"
        yield f'kind   = "{kind}"'
        yield f"time   = {stamp(time)}"
        yield f'source = "{SOURCES[kind]}"'
        yield ""


def _facts(story: Story) -> Iterator[str]:
    scenario = story.world.scenario
    attack, dice = scenario.attack, story.world.dice("facts")
    if attack is None:
        times = {"detected": scenario.logs.end - dice.integer(300, 900) * MINUTE}
    else:
        times = {
            "last_known_good": attack.t1 // HOUR * HOUR,
            "first_known_good": attack.t2 + dice.integer(3, 14) * MINUTE,
            "detected": max(attack.t2 + attack.detected, attack.t1 + 20 * MINUTE),
            "public_notice": attack.t2 + attack.notice,
        }
        # People note whole minutes; seconds would give T1 and T2 away.
        times = {kind: -(-time // MINUTE) * MINUTE for kind, time in times.items() if kind in attack.facts}
    yield from fact_tables(times)
    yield "[window]"
    yield f'cache = "{scenario.cache // HOUR}h"    # max-age of the file'
    yield ""


def _logs() -> Iterator[str]:
    for path in ("logs/cdn/*.log.gz", "logs/origin/access.log-*.gz"):
        yield "[[logs]]"
        yield f'path = "{path}"'
        yield 'kind = "access"'
        yield ""


def _actions(scenario: Scenario) -> Iterator[str]:
    yield from action_tables(scenario.site.actions)
    yield "[[asset]]"
    yield f'path = "{scenario.site.asset.path}"'
    yield ""


def action_tables(actions: Iterable[Action]) -> Iterator[str]:
    """Write [[action]] for each."""
    for action in actions:
        end = "" if action.path.endswith("/") else "$"
        yield "[[action]]"
        yield f'name     = "{action.name}"'
        yield f'words    = "{action.words}"'
        yield f'exposure = "{action.exposure}"'
        yield f"match    = {{ method = \"{action.method}\", path = '^{action.path}{end}' }}"
        yield ""


def _chain(story: Story) -> Iterator[str]:
    scenario = story.world.scenario
    if scenario.site.kind == "dapp":
        yield "[[contract]]"
        yield f'address = "{story.world.router}"'
        yield 'chain   = "ethereum"'
        yield ""
    known = scenario.attack.known if scenario.attack else 0
    role = "spender" if scenario.kind == "approval" else "sink"
    for address in story.attackers[role][:known]:
        yield "[[attacker]]"
        yield f'address = "{address}"'
        yield f'role    = "{role}"'
        yield ""
    yield "[[chain]]"
    yield 'name = "ethereum"'
    yield "id   = 1"
    yield 'rpc  = ["$ETH_RPC_URL"]'
    yield '# data = "chain-export"    # the same chain from files: take the # away, and put one before rpc'
    yield ""


def advice_table() -> Iterator[str]:
    """Write [advice]: addresses that lead nowhere."""
    values = {
        "guide": "https://help.example/new-wallet",
        "support": "support@help.example",
        "source": "https://status.example/incident",
        "signer": "The security team",
        "next_update": "60m",
    }
    yield "[advice]"
    for key, value in values.items():
        yield f"{key:<11} = {json.dumps(value)}"
    yield ""
