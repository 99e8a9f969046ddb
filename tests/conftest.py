"""A real Ethereum node for every test that asks for one. Where there is no anvil these tests fail; none is skipped."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import settings

from exposure.drill.anvil import Anvil
from exposure.drill.demo import sample_folder
from exposure.drill.replay import anvil_for, replay

# A busy machine is no fault of the code.
settings.register_profile("exposure", deadline=None)
settings.load_profile("exposure")


@pytest.fixture(scope="session")
def anvil() -> Iterator[Anvil]:
    """One node for the whole run, for tests that only read, or that do not mind what others have written."""
    with Anvil() as node:
        yield node


@pytest.fixture(scope="session")
def anvil_url(anvil: Anvil) -> str:
    """The HTTP endpoint of the shared node."""
    return anvil.url


@pytest.fixture
def start_anvil() -> Iterator[Callable[..., Anvil]]:
    """Start nodes with `Anvil`'s options, stopped when the test ends: `start_anvil(1, timestamp=1_700_000_000)`."""
    with ExitStack() as running:

        def start(chain_id: int = 31337, **options: Any) -> Anvil:
            return running.enter_context(Anvil(chain_id, **options))

        yield start


@pytest.fixture
def fresh_anvil(start_anvil: Callable[..., Anvil]) -> Anvil:
    """A node that no other test has touched."""
    return start_anvil()


@pytest.fixture(scope="session")
def sample_url() -> Iterator[str]:
    """The HTTP endpoint of a node that has the sample incident's chain; tests only read it."""
    script = sample_folder() / "transactions.json"
    with anvil_for(script) as node:
        replay(script, node.url)
        yield node.url
