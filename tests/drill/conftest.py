"""Drills made once for all tests that read them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from exposure.console import Silent
from exposure.drill.make import make_drill
from tests.drill.made import Made


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Made]:
    """Make a drill with a real node, or give the one that is there: `made("approval", 3)`."""
    ready: dict[tuple[str, int], Made] = {}

    def make(preset: str, seed: int) -> Made:
        if (preset, seed) not in ready:
            folder: Path = tmp_path_factory.mktemp(f"{preset}-{seed}")
            make_drill(folder, preset, seed, Silent())
            ready[preset, seed] = Made(folder)
        return ready[preset, seed]

    return make
