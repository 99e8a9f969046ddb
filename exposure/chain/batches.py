"""Ask many things of one method in batches, each answer on its own: what one row is refused does not cost the others."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec

from exposure.chain.client import CONCURRENT, Client, Endpoint, NoEndpointError, Read, malformed, note_silence, together
from exposure.chain.reactions import Kind
from exposure.chain.rpc import RefusedError
from exposure.chain.wire import MalformedError

T = TypeVar("T")

# A single row that stays broken so often is put aside for another endpoint; the endpoint itself still answers the others.
ROW_TRIES = 3
_BROKEN = (Kind.RETRY, Kind.HALVE, Kind.RANGE, Kind.FATAL)


async def ask_many(
    client: Client,
    method: str,
    rows: Sequence[Sequence[Any]],
    read: Read[T],
    *,
    nulls: bool = False,
    ability: str = "",
) -> list[T | RefusedError]:
    """Call one method for each row of parameters; results in the order of the rows.

    A row that no endpoint answers, or whose call reverts, gives its error; with `nulls` so does one that is answered with
    null, which otherwise means a lagging node. `ability` names what an endpoint may lack without lacking the whole method.
    Raises NoEndpointError where all endpoints fail.
    """
    size = max(1, client.limits(ability or method).batch)
    groups = [
        _Group(client, method, rows[at : at + size], read, nulls=nulls, ability=ability)
        for at in range(0, len(rows), size)
    ]
    await together([group.run() for group in groups], CONCURRENT)
    return [result for group in groups for result in group.ordered()]


class _Group(Generic[T]):
    """The rows of one batch, until each has an answer."""

    def __init__(
        self,
        client: Client,
        method: str,
        rows: Sequence[Sequence[Any]],
        read: Read[T],
        *,
        nulls: bool,
        ability: str = "",
    ) -> None:
        self._client = client
        self._method = method
        self._ability = ability or method
        self._rows = rows
        self._read = read
        self._settled = (Kind.REVERTED, Kind.WAIT) if nulls else (Kind.REVERTED,)
        self._results: dict[int, T | RefusedError] = {}
        self._tries: Counter[int] = Counter()
        self._served: list[Endpoint] = []

    def ordered(self) -> list[T | RefusedError]:
        """Give the results in the order of the rows."""
        return [self._results[index] for index in range(len(self._rows))]

    async def run(self) -> None:
        """Ask until each row has an answer, or no endpoint is left that could give one."""
        try:
            await self._client.failover(self._ability, self._send, batch=True)
        except RefusedError as error:
            for index in range(len(self._rows)):
                self._results.setdefault(index, error)
            return
        while broken := {n: error for n, error in self._results.items() if _is_broken(error)}:
            for index in broken:
                del self._results[index]
            self._tries.clear()
            try:
                await self._client.failover(self._ability, self._send, batch=True, skip=self._served)
            except (NoEndpointError, RefusedError):
                self._results = {**broken, **self._results}
                return

    async def _send(self, endpoint: Endpoint) -> None:
        """Ask one endpoint for what is missing. Raises the worst refusal that another try may mend."""
        self._served.append(endpoint)
        while missing := [index for index in range(len(self._rows)) if index not in self._results]:
            part = missing[: endpoint.limits.batch]
            answers = await self._exchange(endpoint, [self._rows[index] for index in part])
            worst = self._sort(endpoint, part, answers)
            answered = sum(index in self._results for index in part)
            # A proxy that loses a part of each batch still gets through; only standing still uses up the patience.
            if worst is None or (worst.kind is Kind.RETRY and answered):
                continue
            if worst.kind is Kind.BACK_OFF:
                # Some providers count each row: as many as were answered is what they allow at once.
                endpoint.limits.lighter_batch(len(part), answered)
            raise worst

    def _sort(
        self, endpoint: Endpoint, part: Sequence[int], answers: Sequence[msgspec.Raw | RefusedError]
    ) -> RefusedError | None:
        """Keep what is answered, or refused for good; give a refusal that another try may mend."""
        worst: RefusedError | None = None
        for index, answer in zip(part, answers, strict=True):
            outcome = self._read_row(endpoint, answer)
            if isinstance(outcome, RefusedError) and outcome.kind not in self._settled:
                self._tries[index] += outcome.of_call
                if not _is_broken(outcome) or self._tries[index] < ROW_TRIES:
                    worst = outcome
                    continue
            self._results[index] = outcome
        return worst

    def _read_row(self, endpoint: Endpoint, answer: msgspec.Raw | RefusedError) -> T | RefusedError:
        if isinstance(answer, RefusedError):
            return answer
        try:
            return self._read(answer)
        except MalformedError:
            return malformed(endpoint, self._method)

    async def _exchange(
        self, endpoint: Endpoint, rows: Sequence[Sequence[Any]]
    ) -> Sequence[msgspec.Raw | RefusedError]:
        """Send some rows as one batch, or as a single call where there is one; learn smaller batches."""
        client, provider, limits = self._client, endpoint.provider, endpoint.limits
        if len(rows) == 1:
            try:
                answer = await client.exchange(endpoint, provider.ask(self._method, rows[0]))
            except RefusedError as error:
                if error.of_call:
                    return [error]
                raise
            limits.fuller_batch(1)
            return [answer]
        try:
            answers = await client.exchange(endpoint, provider.ask_batch(self._method, rows))
        except RefusedError as error:
            if error.kind not in (Kind.SMALLER_BATCH, Kind.HALVE):
                raise
            note_silence(endpoint, error, client.patience)
            if endpoint.parked:
                raise
            learn = limits.smaller_batch if error.kind is Kind.SMALLER_BATCH else limits.lighter_batch
            learn(len(rows), error.reaction.limit)
            return await self._exchange_in_parts(endpoint, rows)
        limits.fuller_batch(len(rows))
        return answers

    async def _exchange_in_parts(
        self, endpoint: Endpoint, rows: Sequence[Sequence[Any]]
    ) -> Sequence[msgspec.Raw | RefusedError]:
        """Send what was too much at once in as many batches as it takes by now."""
        answers: list[msgspec.Raw | RefusedError] = []
        while len(answers) < len(rows):
            # Other groups may have found meanwhile that more is taken again: of these rows it was too much.
            at, some = len(answers), min(endpoint.limits.batch, len(rows) // 2)
            answers += await self._exchange(endpoint, rows[at : at + some])
        return answers


def _is_broken(outcome: object) -> bool:
    return isinstance(outcome, RefusedError) and outcome.kind in _BROKEN
