"""One village for all tests of a pull that only read."""

from collections.abc import Iterator

import pytest

from exposure.drill.anvil import Anvil
from tests.chain.village import START, Village, build_village


@pytest.fixture(scope="package")
def village() -> Iterator[Village]:
    """The village, confirmed, on a node of its own."""
    with Anvil(timestamp=START) as node:
        yield build_village(node)
