"""The heads of the chains, looked at again and again: one that does not answer is asked less often, and never ends a watch."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from exposure.case import Case
from exposure.chain.client import Patience
from exposure.chain.presets import preset_of
from exposure.chain.pull import head_of
from exposure.errors import ExposureError
from exposure.incident import Chain, Incident

# A look is short: the next one comes in seconds.
HASTY = Patience(tries=2, first=0.5, longest=2.0, timeout=10.0)
_FIRST, _LONGEST = 5.0, 300.0
# Endpoints behind one address differ by some blocks; one that stays behind so long says that the chain is shorter now.
_BEHIND = 20
_FASTEST, _SLOWEST = 2.0, 12.0

# Whose clock is wrong is told by the chain's head, so that no clock of ours says which block that is.
_FUTURE = datetime(9999, 1, 1, tzinfo=UTC)

Head = dict[str, Any]


@dataclass(slots=True)
class Down:
    """A chain that does not answer: since when, how often it was tried, why at first, and when it is tried again (monotonic)."""

    since: datetime
    tries: int
    why: str
    again: float


@dataclass(frozen=True, slots=True)
class Heads:
    """What a look found: the heads of chains that answer, by chain id, and those that do not."""

    there: dict[str, Head]
    down: dict[str, Down]


@dataclass(slots=True)
class HeadWatch:
    """The heads of a case's chains. `monotonic` counts seconds."""

    monotonic: Callable[[], float]
    patience: Patience = HASTY
    _last: dict[str, Head] = field(default_factory=dict)
    _behind: dict[str, int] = field(default_factory=dict)
    _down: dict[str, Down] = field(default_factory=dict)

    def look(
        self,
        incident: Incident,
        case: Case,
        now: datetime,
        tag: str,
        *,
        until: datetime = _FUTURE,
        patient: bool = True,
    ) -> Heads:
        """Ask every chain for its head, but those that did not answer a short while ago; not `patient`: those as well.

        The head is the `tag` block, or the last one before `until`.
        """
        there: dict[str, Head] = {}
        for chain in incident.chains:
            name = str(chain.id)
            down = self._down.get(name)
            if down is not None and patient and self.monotonic() < down.again:
                continue
            try:
                there[name] = self._later(name, head_of(incident, case, chain, until, tag, self.patience))
                self._down.pop(name, None)
            except ExposureError as error:
                self.fail(chain, now, f"{error.what}: {error.why}")
        known = {str(chain.id) for chain in incident.chains}
        return Heads(there, {name: down for name, down in self._down.items() if name in known})

    def fail(self, chain: Chain, now: datetime, why: str) -> None:
        """Note that a chain did not answer."""
        down = self._down.setdefault(str(chain.id), Down(now, 0, why, 0.0))
        down.tries += 1
        down.again = self.monotonic() + min(_FIRST * 2 ** (down.tries - 1), _LONGEST)

    def _later(self, name: str, found: Head) -> Head:
        """Keep the last head while another endpoint is behind it: what it showed must not vanish for a moment."""
        last = self._last.get(name)
        if last is not None and found["number"] < last["number"] and self._behind.get(name, 0) < _BEHIND:
            self._behind[name] = self._behind.get(name, 0) + 1
            return last
        self._behind[name] = 0
        self._last[name] = found
        return found


def pace(incident: Incident) -> float:
    """Give how many seconds lie between two looks: a block of the fastest chain, within bounds."""
    return min([_SLOWEST, *(max(_FASTEST, preset_of(chain.id).block_seconds) for chain in incident.chains)])
