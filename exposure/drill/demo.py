"""`exposure demo`: the sample incident, from start to end, on a real EVM."""

import os
import re
import shutil
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from exposure.case import INCIDENT_FILE, Case
from exposure.console import Teller
from exposure.drill.anvil import find_anvil
from exposure.drill.replay import anvil_for, replay
from exposure.errors import ExposureError
from exposure.incident_toml import load_incident
from exposure.pipeline import Outcome, Pipeline

_PACKAGE = Path(__file__).resolve().parents[1]
# In an installed package the sample travels inside it; in a clone it stands beside it, for people to read.
_PLACES = (_PACKAGE / "_sample", _PACKAGE.parent / "sample_data")


def sample_folder() -> Path:
    """Give the folder of the sample incident. Raises ExposureError where the installation lacks it."""
    found = next((place for place in _PLACES if (place / INCIDENT_FILE).is_file()), None)
    if found is None:
        raise ExposureError(
            "the sample incident is not there",
            "neither the installed package nor a clone around it holds sample_data",
            "install the package again, or make the sample: exposure drill sample_data --preset sample --seed 1",
        )
    return found


def copy_sample(folder: Path) -> None:
    """Copy the sample into a new or emptied case folder; a folder that holds anything else is left alone."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / "truth.toml").is_file():
            raise ExposureError(
                f"{folder} is not empty",
                "the demo makes its case anew, and this folder holds something that no demo made",
                "name another folder: exposure demo DIR",
            )
        shutil.rmtree(folder)
    shutil.copytree(sample_folder(), folder)


def run_demo(folder: Path, teller: Teller, now: datetime) -> tuple[Pipeline, Outcome]:
    """Run all steps on the sample in `folder`: its transactions are replayed on anvil, or read from files where there is none."""
    copy_sample(folder)
    with ExitStack() as stack:
        environment = dict(os.environ)
        try:
            find_anvil()
        except ExposureError as error:
            teller.line(f"no EVM here ({error.what}): reading the same chain from exported files instead")
            _read_files_instead(folder / INCIDENT_FILE)
        else:
            teller.line("starting anvil, a local EVM, and replaying the sample's transactions on it")
            script = folder / "transactions.json"
            node = stack.enter_context(anvil_for(script))
            replay(script, node.url)
            environment["ETH_RPC_URL"] = node.url
        incident = load_incident(folder, environment)
        pipeline = Pipeline(incident, Case(incident.folder), teller, now)
        with pipeline.case.lock():
            outcome = pipeline.run()
    return pipeline, outcome


def _read_files_instead(file: Path) -> None:
    """Let the case read chain-export/ in place of the RPC."""
    text = re.sub(r"^rpc\b", "# rpc", file.read_text(), flags=re.MULTILINE)
    file.write_text(re.sub(r"^# data\b", "data", text, flags=re.MULTILINE))
