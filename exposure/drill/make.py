"""Make a drill: a folder with an incident as a team would meet it, and beside it what is true of it."""

import gzip
import shutil
from collections.abc import Sequence
from pathlib import Path

from exposure.case import write_atomically, write_parquet
from exposure.console import Teller
from exposure.drill import browsers, casefile, life, logfiles, script, theft_approvals, theft_keys, truth
from exposure.drill.anvil import find_anvil
from exposure.drill.casting import cast
from exposure.drill.export import export
from exposure.drill.mass.knobs import Knobs, drawn, with_settings
from exposure.drill.mass.make import make_mass_drill
from exposure.drill.people import people
from exposure.drill.presets import scenario as set_knobs
from exposure.drill.replay import anvil_for, replay
from exposure.drill.requests import Request, requests_of
from exposure.drill.scenario import Scenario
from exposure.drill.story import Story
from exposure.drill.strangers import strangers
from exposure.drill.visits import visits
from exposure.drill.world import build
from exposure.errors import ExposureError

EXPORT = "chain-export"
SCRIPT = "transactions.json"
# What a drill writes; --force removes these before, and nothing else.
_MADE = ("incident.toml", "logs", EXPORT, SCRIPT, "truth.parquet", "truth.toml")


def make_drill(
    folder: Path, preset: str, seed: int, teller: Teller, force: bool = False, settings: Sequence[str] = ()
) -> None:
    """Write incident.toml, logs/, chain-export/, truth.parquet and truth.toml into `folder`; where an EVM plays, transactions.json.

    The same preset and seed give the same content on every machine. `settings` (KNOB=VALUE) turn the knobs of the presets mass
    and drawn; the others need anvil. Raises ExposureError for an unknown preset or knob, a folder that is not empty (unless
    `force`, which replaces what a drill writes and leaves the rest), and where there is no anvil.
    """
    if preset in ("mass", "drawn"):
        knobs = Knobs(seed=seed) if preset == "mass" else drawn(seed)
        knobs = with_settings(knobs, settings)
        _prepare(folder, force)
        make_mass_drill(folder, knobs, teller)
        return
    if settings:
        raise ExposureError(
            f"the drill {preset!r} has no knobs to set",
            "only the presets mass and drawn take --set",
            f"add --preset mass: exposure drill {folder} --preset mass --set {settings[0]}",
        )
    scenario = set_knobs(preset, seed)
    find_anvil()  # before anything is written
    _prepare(folder, force)
    with teller.task("making up the incident", "transactions") as tick:
        story, loaded = tell(scenario)
        signed = [script.sign(transaction) for transaction in story.world.ledger.transactions]
        tick(len(signed), len(signed))
    script.write(folder / SCRIPT, script.build(story.world, [raw for raw, _ in signed]))
    hashes = dict(zip(story.world.ledger.transactions, (hash_ for _, hash_ in signed), strict=True))
    with teller.task("writing logs", "lines") as tick:
        addresses = {address for addresses in story.attackers.values() for address in addresses}
        sent = [
            *(
                one
                for visit in story.visits
                for one in requests_of(scenario, visit, loaded[visit.name], story.sent[visit.name], hashes)
            ),
            *strangers(scenario, _wallets(story), sorted(addresses)),
        ]
        logged = _write_logs(folder, scenario, sent)
        tick(len(sent), len(sent))
    known = truth.wallets(story, logged)
    write_parquet(folder / "truth.parquet", known)
    _write(folder / "truth.toml", truth.answer(story))
    _write(folder / "incident.toml", casefile.incident(story))
    with teller.task("playing it on a real EVM, for chain-export", "wallets") as tick:
        with anvil_for(folder / SCRIPT) as node:
            replay(folder / SCRIPT, node.url)
            export(node.url, folder / EXPORT, known.get_column("address").to_list())
        tick(known.height, known.height)


def tell(scenario: Scenario) -> tuple[Story, dict[str, browsers.Load]]:
    """Play a scenario through, people and chain; gives what happened, and what each visit's browser ran. Pure."""
    crowd = people(scenario)
    coming = cast(scenario, visits(scenario, crowd))
    loaded = browsers.loads(scenario, coming)
    exposures = browsers.exposures(scenario, coming, loaded)
    story = Story(build(scenario, [wallet for person in crowd for wallet in person.wallets]), crowd, coming)
    if scenario.attack:
        rob = theft_approvals.rob if scenario.kind == "approval" else theft_keys.rob
        rob(story, scenario.attack, exposures)
    life.live(story)
    story.world.ledger.run()
    return story, loaded


def _prepare(folder: Path, force: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise ExposureError(f"{folder} is not a folder", "a file of that name is there", "name another folder")
    if folder.exists() and any(folder.iterdir()):
        if not force:
            raise ExposureError(
                f"the folder {folder} is not empty",
                "a drill writes a case into it and could overwrite what is there",
                "name a new folder, or add --force to replace the drill that is there",
            )
        for name in _MADE:
            made = folder / name
            if made.is_dir():
                shutil.rmtree(made)
            else:
                made.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)


def _wallets(story: Story) -> list[str]:
    return [wallet.address for person in story.people for wallet in person.wallets]


def _write_logs(folder: Path, scenario: Scenario, sent: list[Request]) -> set[str]:
    """Write the logs gzipped, without times or names in the gzip header; gives the addresses that stand in them."""
    cdn, origin = logfiles.split(scenario, sent)
    for name, content in logfiles.files(scenario, cdn, origin).items():
        path = folder / f"{name}.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, gzip.compress(content, compresslevel=9, mtime=0), mode=0o644)
    return logfiles.logged_addresses([*cdn, *origin])


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
