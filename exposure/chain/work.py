"""What one chain's part of a pull works with: who is asked, where it is kept, and what is told to people."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from exposure.chain.client import Client, NoEndpointError
from exposure.chain.heads import Headers
from exposure.chain.parts import Facts
from exposure.chain.plan import BLOCKS_A_RUN, ONWARD_CALLS
from exposure.chain.scope import Store
from exposure.chain.snapshot import Here
from exposure.console import Teller

Stage = Literal["attackers", "state", "history"]


@dataclass(slots=True)
class Job:
    """One chain in one stage. `client` is null where there are only files.

    What names candidates is asked of `private`, which is null where no endpoint may learn whom we suspect.
    """

    name: str
    here: Here
    store: Store
    headers: Headers
    answers: Facts
    client: Client | None
    teller: Teller
    head: str = "finalized"
    contracts: frozenset[str] = frozenset()
    head_only: bool = False
    blocks_a_run: int = BLOCKS_A_RUN
    onward_calls: int = ONWARD_CALLS
    allow_untrusted: bool = False
    private: Client | None = None
    # Unix seconds -> the last block until then, as it was found in this run
    moments: dict[int, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def tell(self, problem: str) -> None:
        """Note what needs a person, once."""
        if problem not in self.problems:
            self.problems.append(problem)

    def keep_back(self, number: int, what: str) -> None:
        """Say what no endpoint was asked, since none may learn whom we suspect."""
        if number:
            self.tell(
                f"{self.name}: no endpoint is trusted, so nobody was asked about {number:,} {what}. Write "
                "{ url = …, trusted = true } for an endpoint that may learn whom you suspect, or run with --allow-untrusted"
            )

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Go on with what is there where no endpoint answers: a person is told."""
        try:
            yield
        except NoEndpointError as error:
            self.tell(f"{error.what}: {error.why}. {error.fix}")

    @contextmanager
    def counting(self, what: str, unit: str, total: int) -> Iterator[Callable[[int], None]]:
        """Show progress of a part of the work."""
        done = 0
        with self.teller.task(f"{self.name}: {what}", unit) as tick:
            tick(0, total)

            def count(more: int) -> None:
                nonlocal done
                done += more
                tick(done, total)

            yield count
