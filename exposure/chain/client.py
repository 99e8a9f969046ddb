"""Ask one chain through its endpoints: tries again, moves on to the next endpoint, and says why when none is left.

tenacity is the one retry policy. A refusal that the caller must answer with another question (a narrower range, a shorter list)
goes to the caller; everything else ends here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_exponential

from exposure.chain.limits import Limits, Pace
from exposure.chain.reactions import Kind
from exposure.chain.rpc import ChainProvider, RefusedError
from exposure.chain.wire import MalformedError, WireHeader, decoder, header_row
from exposure.errors import ExposureError

T = TypeVar("T")
Read = Callable[[msgspec.Raw], T]

# What a caller answers with another question; an eth_call that reverts is an answer.
FOR_THE_CALLER = (Kind.SPLIT_LIST, Kind.RANGE, Kind.HALVE, Kind.REVERTED)
# Of these less can be asked for; any other question that took too long is asked again as it is.
_DIVISIBLE = ("eth_getLogs", "trace_filter", "eth_call")
# Longer than this nobody waits for one endpoint, whatever Retry-After says.
LONGEST_WAIT = 60.0
CONCURRENT = 8

# The ability that not every endpoint has: to say what stood at blocks that are long past.
ARCHIVE = "the state of old blocks"

# Blocks are asked for by their numbers, whoever serves them.
_SHARED = ("eth_getBlockByNumber", "eth_getBlockReceipts")

_header = decoder(WireHeader)


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long one endpoint is tried before the next one is asked (times in seconds)."""

    tries: int = 5
    first: float = 0.5
    longest: float = 20.0
    timeout: float = 30.0


class NoEndpointError(ExposureError):
    """No endpoint of a chain answers a question."""


class _AgainError(Exception):
    """Try the same endpoint once more; `pause` is the least time to wait."""

    def __init__(self, error: RefusedError, pause: float) -> None:
        super().__init__()
        self.error = error
        self.pause = pause


class _MoveOnError(Exception):
    """This endpoint cannot answer this: ask the next."""

    def __init__(self, error: RefusedError) -> None:
        super().__init__()
        self.error = error


@dataclass(eq=False)
class Endpoint:
    """One endpoint and what was learned of it. `parked` and `lacks` hold the reason, fit to be shown."""

    provider: ChainProvider
    trusted: bool = False
    limits: Limits = field(default_factory=Limits)
    pace: Pace = field(default_factory=Pace)
    parked: str = ""
    lacks: dict[str, str] = field(default_factory=dict)
    ready: bool = False
    silent: int = 0
    door: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONCURRENT))
    check: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def name(self) -> str:
        """Give the endpoint as it may be shown."""
        return self.provider.name

    def miss(self, method: str, reason: str) -> None:
        """Note that it will not answer a method, or has not an ability."""
        self.lacks[method] = reason
        if method == ARCHIVE:
            self.limits.archive = False


class Client:
    """One chain's endpoints in order of preference. Use it as `async with`."""

    def __init__(self, chain: str, chain_id: int, endpoints: Sequence[Endpoint], patience: Patience) -> None:
        self.chain = chain
        self.chain_id = chain_id
        self.endpoints = list(endpoints)
        self.patience = patience
        # (number, hash) of the pinned head: an endpoint that has not that block lags, or serves another chain.
        self.pinned: tuple[int, bytes] | None = None
        self.warnings: list[str] = []

    async def __aenter__(self) -> Self:
        for endpoint in self.endpoints:
            await endpoint.provider.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for endpoint in self.endpoints:
            await endpoint.provider.__aexit__()

    @property
    def exchanges(self) -> int:
        """Give how many HTTP exchanges there were so far."""
        return sum(endpoint.provider.exchanges for endpoint in self.endpoints)

    def limits(self, method: str) -> Limits:
        """Give the limits of the endpoint that is asked next."""
        return self._next(method).limits

    def name(self, method: str) -> str:
        """Give the endpoint that is asked next, as it may be shown."""
        return self._next(method).name

    def _next(self, method: str) -> Endpoint:
        usable = (endpoint for endpoint in self.endpoints if not endpoint.parked and method not in endpoint.lacks)
        return next(usable, self.endpoints[0])

    def without(self, method: str, reason: str) -> None:
        """Ask no endpoint for a method any more that all of them refuse."""
        for endpoint in self.endpoints:
            if not endpoint.parked:
                endpoint.lacks.setdefault(method, reason)

    async def one(self, method: str, params: Sequence[Any], read: Read[T], *, ability: str = "") -> T:
        """Call one method. Raises RefusedError of a kind in FOR_THE_CALLER or FATAL, else NoEndpointError.

        `ability` names what an endpoint may lack without lacking the whole method, such as a block's tag.
        """
        return (await self.one_from(method, params, read, ability=ability))[1]

    async def one_from(
        self,
        method: str,
        params: Sequence[Any],
        read: Read[T],
        *,
        ability: str = "",
        skip: Collection[Endpoint] = (),
    ) -> tuple[Endpoint, T]:
        """Call one method of an endpoint that is not in `skip`; give who answered, and the answer. Raises as `one` does."""

        async def send(endpoint: Endpoint) -> tuple[Endpoint, T]:
            raw = await self.exchange(endpoint, endpoint.provider.ask(method, params))
            try:
                return endpoint, read(raw)
            except MalformedError:
                raise malformed(endpoint, method) from None

        return await self.failover(ability or method, send, skip=skip)

    def witness(self, method: str, other: Endpoint) -> Endpoint | None:
        """Give an endpoint that can say whether another one is right; None where there is none."""
        usable = (one for one in self.endpoints if one is not other and not one.parked and method not in one.lacks)
        return next(usable, None)

    async def exchange(self, endpoint: Endpoint, question: Coroutine[Any, Any, T]) -> T:
        """Do one exchange in the endpoint's pace."""
        try:
            async with endpoint.door:
                await endpoint.pace.turn()
                answer = await question
        except BaseException:
            question.close()
            raise
        endpoint.pace.answered()
        endpoint.silent = 0
        return answer

    async def failover(
        self,
        method: str,
        send: Callable[[Endpoint], Awaitable[T]],
        *,
        batch: bool = False,
        skip: Collection[Endpoint] = (),
    ) -> T:
        """Ask the endpoints in order until one answers; `batch` says that no refusal is the caller's to answer.

        What names nobody is asked of the endpoint whose turn comes first: two endpoints serve twice as many blocks.
        """
        fatal: RefusedError | None = None
        shared = method in _SHARED
        for endpoint in sorted(self.endpoints, key=lambda one: one.pace.due) if shared else self.endpoints:
            if endpoint.parked or method in endpoint.lacks or endpoint in skip:
                continue
            try:
                await self._prepare(endpoint)
                answer = await self._patiently(endpoint, method, send, batch=batch)
                if method == ARCHIVE:
                    endpoint.limits.archive = True
                return answer
            except _MoveOnError as moved:
                if moved.error.kind is Kind.FATAL:
                    fatal = moved.error
        if fatal is not None:
            raise fatal
        raise self._nobody(method)

    async def _patiently(
        self, endpoint: Endpoint, method: str, send: Callable[[Endpoint], Awaitable[T]], *, batch: bool = False
    ) -> T:
        """Try one endpoint under the one retry policy. Raises _MoveOnError where it is of no use."""

        async def attempt() -> T:
            if endpoint.parked:
                raise _MoveOnError(endpoint.provider.refused(Kind.PARK, endpoint.parked))
            try:
                return await send(endpoint)
            except RefusedError as error:
                raise self._judge(endpoint, method, error, batch=batch) from None

        policy = AsyncRetrying(
            retry=retry_if_exception_type(_AgainError),
            stop=stop_after_attempt(self.patience.tries),
            wait=self._wait,
            reraise=True,
        )
        try:
            return await policy(attempt)
        except _AgainError as tired:
            reason = tired.error.shown
            if tired.error.kind is Kind.WAIT:
                endpoint.miss(method, reason)
            else:
                endpoint.parked = reason
            raise _MoveOnError(tired.error) from None

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.pause if isinstance(error, _AgainError) else 0.0
        usual = wait_exponential(multiplier=self.patience.first, max=self.patience.longest)(state)
        return max(asked, usual)

    def _judge(self, endpoint: Endpoint, method: str, error: RefusedError, *, batch: bool) -> Exception:
        """Turn a refusal into what to do: again, the next endpoint, or the caller's own answer."""
        kind = error.kind
        note_silence(endpoint, error, self.patience)
        if endpoint.parked:
            return _MoveOnError(error)
        if kind in FOR_THE_CALLER and not batch and (kind is not Kind.HALVE or method in _DIVISIBLE):
            return error
        if kind is Kind.BACK_OFF:
            pause = min(error.reaction.wait or 0.0, LONGEST_WAIT)
            endpoint.pace.complained(pause, error.reaction.limit)
            endpoint.limits.rate = round(endpoint.pace.rate, 1)
            return _AgainError(error, pause)
        if kind is Kind.PARK:
            endpoint.parked = error.shown
            return _MoveOnError(error)
        if kind in (Kind.SWITCH, Kind.NO_METHOD):
            endpoint.miss(method, error.shown)
            return _MoveOnError(error)
        if kind is Kind.FATAL:
            return _MoveOnError(error)
        return _AgainError(error, 0.0)

    async def _prepare(self, endpoint: Endpoint) -> None:
        """Check once that an endpoint serves this chain, and has the pinned head. Raises _MoveOnError where not."""
        async with endpoint.check:
            if endpoint.ready or endpoint.parked:
                return
            try:
                wrong = await self._find_fault(endpoint)
            except _MoveOnError as moved:
                endpoint.parked = moved.error.shown
                raise
            if wrong:
                endpoint.parked = wrong
                self.warnings.append(f"{endpoint.name} is not asked: {wrong}")
                raise _MoveOnError(endpoint.provider.refused(Kind.PARK, wrong))
            endpoint.ready = True

    async def _find_fault(self, endpoint: Endpoint) -> str:
        """Say why an endpoint is the wrong one; empty where it is not."""
        found = await self._patiently(endpoint, "eth_chainId", lambda one: self.exchange(one, one.provider.chain_id()))
        if found != self.chain_id:
            return f"it serves chain {found}, not {self.chain_id} ({self.chain})"
        if self.pinned is None:
            return ""
        number, expected = self.pinned
        params = [hex(number), False]

        async def read(one: Endpoint) -> bytes:
            raw = await self.exchange(one, one.provider.ask("eth_getBlockByNumber", params))
            try:
                return header_row(_header(raw), number)[1]
            except MalformedError:
                # Nonsense says nothing about the chain: it is asked again.
                raise malformed(one, "eth_getBlockByNumber") from None

        try:
            known = await self._patiently(endpoint, "eth_getBlockByNumber", read) == expected
        except _MoveOnError as moved:
            if moved.error.kind is not Kind.WAIT:
                raise
            return f"it does not have block {number}, to which this case is pinned (it lags, or serves another chain)"
        return (
            "" if known else f"its block {number} is not the one to which this case is pinned (another chain or fork)"
        )

    def _nobody(self, method: str) -> NoEndpointError:
        reasons = [
            f"{endpoint.name}: {endpoint.parked or endpoint.lacks.get(method, 'it does not answer')}"
            for endpoint in self.endpoints
        ]
        fix = "check the network and the rpc entries of incident.toml, or add another endpoint; what was pulled is kept"
        if any("is pinned (" in endpoint.parked for endpoint in self.endpoints):
            fix = "name an endpoint of that chain, or run with --refresh to start from the chain as it is now"
        elif any(method in endpoint.lacks for endpoint in self.endpoints):
            fix = f"add an endpoint that serves {method} (for old blocks: an archive node); what was pulled is kept"
        if all(endpoint.parked for endpoint in self.endpoints):
            return NoEndpointError(f"{self.chain} cannot be asked", "; ".join(reasons), fix)
        return NoEndpointError(f"{self.chain}: no endpoint answers {method}", "; ".join(reasons), fix)


def malformed(endpoint: Endpoint, method: str) -> RefusedError:
    """Make the error of an answer that does not fit its method."""
    text = f"its answer to {method} does not have the shape of one"
    return endpoint.provider.refused(Kind.RETRY, text, of_call=True)


def note_silence(endpoint: Endpoint, error: RefusedError, patience: Patience) -> None:
    """Park an endpoint that keeps silent: a smaller question would not wake it."""
    if error.kind is Kind.HALVE and error.reaction.text.startswith("no answer within"):
        endpoint.silent += 1
        if endpoint.silent >= patience.tries:
            endpoint.parked = error.shown


async def together(jobs: Iterable[Coroutine[Any, Any, Any]], at_once: int) -> None:
    """Run jobs, a few at a time, in order; the first failure stops the others and is raised when they have ended."""
    door = asyncio.Semaphore(at_once)

    async def run(job: Coroutine[Any, Any, Any]) -> None:
        try:
            async with door:
                await job
        finally:
            job.close()

    tasks = [asyncio.create_task(run(job)) for job in jobs]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
