"""Fixtures of the tests of exposure/publish: the scene, and golden texts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.publish.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """An incident of which nothing is known but incident.toml."""
    return Scene(tmp_path)


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with its golden file: `golden("initial_key_ongoing.md", text)`."""

    def compare(name: str, text: str) -> None:
        file = Path(__file__).parent / "golden" / name
        assert file.read_text(encoding="utf-8") == text

    return compare
