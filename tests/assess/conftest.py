"""Every test of the assessment tells a story: who did what on the site, who paid whom on chain."""

from pathlib import Path

import pytest

from tests.assess.stories import Story


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """An empty story."""
    return Story(tmp_path)
