"""Logs of one chain: which queries are made, by lists of addresses or of everybody, and what is done when one way fails."""

from collections.abc import Sequence
from dataclasses import dataclass

from exposure.chain.client import Client
from exposure.chain.costs import Price, log_price
from exposure.chain.coverage import words
from exposure.chain.history import Pull, pull_logs
from exposure.chain.plan import CANDIDATE_SHAPES, LogTask, size
from exposure.chain.scope import Scope
from exposure.chain.work import Job

# Whoever asks learns: lists turn out to be short, or answers small. So often the plan is made anew, and then carried through.
PLANS = 4
# Another way is taken where it costs less than this share of what is left: else two that cost the same would take turns.
WORTH_A_CHANGE = 0.5


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to the candidates' logs: whom to ask, what is left to be asked, and its price by what is known by now."""

    client: Client
    tasks: Sequence[LogTask]
    listed: bool

    @property
    def price(self) -> Price:
        return log_price(self.tasks, self.client.limits("eth_getLogs"))


def topics(client: Client) -> int:
    """Give how many addresses a list may hold."""
    return client.limits("eth_getLogs").topics


async def ask_candidates(job: Job, client: Client, scope: Scope) -> None:
    """Ask for the candidates' logs by their addresses, or for everybody's: where that is cheaper, or nobody may learn them.

    What an endpoint allows is often known only once it refused: then what is left is planned anew.
    """
    if job.private is None and job.store.open_tasks(scope):
        job.teller.line(f"{job.name}: no endpoint is trusted, so the logs of everybody are asked for")
    changes, only_lists = PLANS, False
    while True:
        way, other = _ways(job, client, scope, only_lists=only_lists)
        changes -= 1
        doubt = _Doubt(job, client, scope, way)
        outcome = Pull(doubt.goes_on) if changes and other is not None and not only_lists else Pull()
        await _ask(job, way.client, way.tasks, "candidate", outcome)
        if outcome.ended:
            job.teller.line(f"{job.name}: by what was learned of the endpoint another way to ask is cheaper")
        elif outcome.refused and other is not None and not way.listed:
            # A block that holds too much for one answer holds little of our wallets.
            only_lists = True
        else:
            _tell(job, outcome)
            return


def _ways(job: Job, client: Client, scope: Scope, *, only_lists: bool) -> tuple[_Way, _Way | None]:
    """Give the cheapest way for what is left, and the other where there is one."""
    open_way = _Way(client, job.store.open_tasks(scope), listed=False)
    if job.private is None:
        return open_way, None
    listed = _Way(job.private, job.store.log_tasks(scope, CANDIDATE_SHAPES, topics(job.private)), listed=True)
    if only_lists or not open_way.price < listed.price:
        return listed, open_way
    return open_way, listed


class _Doubt:
    """Tells whether the way that was taken is still worth its price."""

    def __init__(self, job: Job, client: Client, scope: Scope, way: _Way) -> None:
        self._job, self._client, self._scope, self._way = job, client, scope, way
        self._known = self._learned()

    def _learned(self) -> object:
        """Give what a price depends on, so roughly that it seldom changes: to plan anew takes a while."""
        limits = self._way.client.limits("eth_getLogs")
        return limits.topics, limits.said, {name: blocks.bit_length() for name, blocks in limits.ranges.items()}

    def goes_on(self) -> bool:
        """Tell whether what is left costs less by the other way, and by how much."""
        known, self._known = self._known, self._learned()
        if known == self._known:
            return True
        best, other = _ways(self._job, self._client, self._scope, only_lists=False)
        if best.listed == self._way.listed or other is None:
            return True
        return best.price.seconds >= WORTH_A_CHANGE * other.price.seconds


async def ask_logs(job: Job, client: Client, tasks: Sequence[LogTask], who: str) -> None:
    """Ask some queries; what is refused is told."""
    _tell(job, await _ask(job, client, tasks, who, Pull()))


async def _ask(job: Job, client: Client, tasks: Sequence[LogTask], who: str, outcome: Pull) -> Pull:
    if not tasks:
        return outcome
    expected = log_price(tasks, client.limits("eth_getLogs"))
    addresses = len({address for task in tasks for address in task.addresses})
    whose = f"{addresses:,} {who}" + ("s" if addresses != 1 else "")
    job.teller.line(f"{job.name}: logs of {whose}, about {expected.calls:,} calls")
    with job.trying(), job.counting("logs", "blocks asked", sum(size([task.blocks]) for task in tasks)) as count:
        await pull_logs(client, job.headers, job.store.parts, tasks, count, outcome)
    return outcome


def _tell(job: Job, outcome: Pull) -> None:
    for blocks, why in outcome.refused:
        job.tell(f"{job.name}: the logs of blocks {words([blocks])} {why}")
