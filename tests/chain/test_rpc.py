"""One exchange with one endpoint: what its answer means, and that nothing of its URL gets out."""

import asyncio
import gzip
import heapq
import itertools
import logging
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from exposure.case import Case
from exposure.chain.client import Client, Endpoint, Patience
from exposure.chain.connect import connect
from exposure.chain.limits import FIRST_RANGE, MOST_RATE, Limits, Pace
from exposure.chain.parts import Parts
from exposure.chain.reactions import Kind
from exposure.chain.rpc import ChainProvider, RefusedError
from exposure.errors import ExposureError
from tests.chain.proxy import CANARY, Asked, Forward, Proxy
from tests.chain.village import Village, incident, pull_all, wanted


def refusal(url: str, **options: Any) -> RefusedError:
    """Ask for the block number, and give the refusal."""

    async def ask() -> RefusedError:
        async with ChainProvider(url, **options) as provider:
            with pytest.raises(RefusedError) as error:
                await provider.ask("eth_blockNumber", [])
            return error.value

    return asyncio.run(ask())


def test_the_words_of_an_http_error_are_kept(village: Village) -> None:
    """web3's own provider loses them, and with them the range that would work."""

    async def narrow(asked: Asked, forward: Forward) -> web.Response | None:
        return asked.refuse("eth_getLogs is limited to a 5 range", -32614, 413)

    with Proxy(village.url, narrow) as proxy:
        error = refusal(proxy.url)
    assert (Kind.RANGE, 5, "eth_getLogs is limited to a 5 range (HTTP 413)") == (
        error.kind,
        error.reaction.limit,
        error.shown,
    )


def test_a_refusal_is_met_once_and_waits_as_long_as_it_is_told(village: Village) -> None:
    """web3's own provider asks five times at once and reads no Retry-After."""

    async def busy(asked: Asked, forward: Forward) -> web.Response | None:
        return web.Response(status=429, headers={"Retry-After": "7"})

    with Proxy(village.url, busy) as proxy:
        error = refusal(proxy.url)
        assert (Kind.BACK_OFF, 7.0, 1) == (error.kind, error.reaction.wait, len(proxy.asked))


def test_an_answer_without_end_is_cut_off(village: Village) -> None:
    """A gigabyte in answer to one small question must not fill the memory."""

    async def endless(asked: Asked, forward: Forward) -> web.Response | None:
        return web.Response(body=b'{"id":0,"result":"' + b"x" * 3_000_000)

    with Proxy(village.url, endless) as proxy:
        error = refusal(proxy.url, most_bytes=1_000_000)
    assert (Kind.HALVE, "the answer is larger than 1,000,000 bytes") == (error.kind, error.shown)


def test_a_gigabyte_that_was_packed_small_is_cut_off_too(village: Village) -> None:
    """A megabyte of gzip becomes a gigabyte of blanks: it is not unpacked to its end."""
    packed = gzip.compress(b'{"id":0,"result":"' + b" " * 2**30, compresslevel=1)

    async def bomb(asked: Asked, forward: Forward) -> web.Response | None:
        return web.Response(body=packed, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})

    with Proxy(village.url, bomb) as proxy:
        tracemalloc.start()
        error = refusal(proxy.url, most_bytes=2**24)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (Kind.HALVE, "the answer is larger than 16,777,216 bytes") == (error.kind, error.shown)
    assert peak < 2**28


@pytest.mark.parametrize(
    "result",
    [
        '"0x' + "f" * 100_000 + '"',
        "[" * 5_000 + "]" * 5_000,
        '{"number":{"a":[1]},"hash":true,"timestamp":-1}',
        '{"number":"0x' + "9" * 70 + '","hash":"0x","timestamp":"0x1"}',
        "1e999",
        '"\\u202e\\u0000<script>=HYPERLINK(1)"',
    ],
    ids=["huge", "deep", "types", "long", "float", "text"],
)
def test_a_head_that_is_nonsense_is_refused_in_words(village: Village, tmp_path: Path, result: str) -> None:
    """Wrong types, huge numbers, brackets in brackets: an error that names the endpoint, never a traceback."""

    async def nonsense(asked: Asked, forward: Forward) -> web.Response | None:
        if asked.methods != {"eth_getBlockByNumber"}:
            return None
        return web.Response(text=f'{{"jsonrpc":"2.0","id":{asked.calls[0]["id"]},"result":{result}}}')

    with Proxy(village.url, nonsense) as proxy, pytest.raises(ExposureError) as error:
        pull_all(incident(tmp_path, proxy.url), wanted(village, [village.alice], []))
    shown = proxy.url.replace(f"/v3/{CANARY}", "/…")
    assert shown in error.value.why
    assert CANARY not in str(error.value)


def test_no_text_form_shows_the_key() -> None:
    """Whatever is printed, logged or shown in a traceback."""
    provider = ChainProvider(f"https://rpc.example/v3/{CANARY}")
    endpoint = Endpoint(provider)
    client = Client("ethereum", 1, [endpoint], Patience())
    error = provider.refused(Kind.FATAL, f"no such key: {CANARY}")
    for shown in (provider, endpoint, client, client.endpoints, error, error.args):
        assert CANARY not in f"{shown} {shown!r}"
    assert "RPC connection https://rpc.example/…" == str(provider)


def test_no_log_message_shows_the_key(village: Village, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not even those of web3 and aiohttp, at their most talkative."""
    caplog.set_level(logging.DEBUG)
    with Proxy(village.url) as proxy:
        pull_all(incident(tmp_path, proxy.url), wanted(village, [village.alice], []))
    foreign = [record for record in caplog.records if "aiohttp.access" not in record.name]
    assert [] == [record.getMessage() for record in foreign if CANARY in record.getMessage()]


def test_a_named_limit_is_kept_and_a_guessed_one_grows_again() -> None:
    """What the provider says stands; what was only halved is tried wider after each success."""
    said, guessed = Limits(), Limits()
    said.narrow("c1", 10_000, 500)
    guessed.narrow("c1", 10_000, None)
    assert (500, 5_000, FIRST_RANGE) == (said.blocks("c1"), guessed.blocks("c1"), guessed.blocks("c2"))
    # Another shape does not run into the limit that was named.
    assert 500 == said.blocks("c2")
    for _ in range(9):
        said.widen("c1", said.blocks("c1"))
        guessed.widen("c1", guessed.blocks("c1"))
    # What was refused is not asked again at once, and only after a long calm once more.
    assert (500, FIRST_RANGE - 1) == (said.blocks("c1"), guessed.blocks("c1"))
    for _ in range(60):
        said.widen("c1", said.blocks("c1"))
        guessed.widen("c1", guessed.blocks("c1"))
    assert (500, FIRST_RANGE) == (said.blocks("c1"), guessed.blocks("c1"))


def test_a_limit_that_nobody_names_is_found_with_few_refusals() -> None:
    """Thirty blocks work, more do not: after a few refusals the range stays at thirty."""
    limits, refusals = Limits(), 0
    for _ in range(60):
        asked = limits.blocks("c1")
        if asked > 30:
            limits.narrow("c1", asked, None)
            refusals += 1
        else:
            limits.widen("c1", asked)
    assert (30, True) == (limits.blocks("c1"), refusals < 16)


def test_a_suggestion_that_is_no_narrower_is_halved() -> None:
    """Some nodes suggest the very range that they refused."""
    limits = Limits()
    limits.narrow("c1", 100, 100)
    assert 50 == limits.blocks("c1")
    limits.narrow("c1", 1, None)
    assert 1 == limits.blocks("c1")


@pytest.mark.parametrize("kept", [None, [], "x", {"topics": -1, "batch": "x", "said": 0, "ranges": {"c1": None}}])
def test_limits_that_cannot_be_read_are_learned_anew(kept: object) -> None:
    """The file may be older, or damaged."""
    assert Limits() == Limits.from_dict(kept)


def test_a_batch_that_took_too_long_once_is_tried_again_and_one_that_is_refused_as_such_is_not() -> None:
    """A timeout must not leave single calls for good; three at most are three at most."""
    limits = Limits()
    limits.smaller_batch(20, 3)
    limits.lighter_batch(3)
    assert 1 == limits.batch
    for _ in range(30):
        limits.fuller_batch(limits.batch)
    assert 3 == limits.batch


def test_limits_survive_a_run() -> None:
    """What was learned is kept as it is."""
    limits = Limits(ranges={"c1": 7}, said=9, topics=100, batch=3, most_batch=4, rate=7.5)
    assert limits == Limits.from_dict(limits.as_dict())


def test_too_much_in_some_blocks_is_no_limit_of_the_endpoint() -> None:
    """Other queries, and other stretches, are asked as before; one that was under way meanwhile changes nothing."""
    limits = Limits()
    limits.crowded("c1", 10_000, 40)
    assert (40, FIRST_RANGE, None) == (limits.blocks("c1"), limits.blocks("c4"), limits.said)
    limits.crowded("c1", 10_000, None)
    assert 40 == limits.blocks("c1")
    for _ in range(40):
        limits.widen("c1", limits.blocks("c1"))
    assert FIRST_RANGE - 1 == limits.blocks("c1")


def test_one_busy_address_narrows_no_other_list() -> None:
    """The list that holds it goes on in its own range."""
    limits = Limits()
    limits.crowded("c1", 10_000, 60)
    limits.blame("c1", "c1+", 60)
    assert (FIRST_RANGE, 60) == (limits.blocks("c1"), limits.blocks("c1+"))


class _Bucket:
    """An endpoint that takes so many requests a second, asked by eight at a time in virtual time; answers take 50 ms."""

    def __init__(self, rate: float, **pace: Any) -> None:
        self.rate, self.left, self.filled = rate, rate, 0.0
        self.now = 0.0
        self.pace = Pace(clock=lambda: self.now, **pace)
        self.answers: list[float] = []
        self.refusals: list[float] = []
        self.limit: int | None = None

    def _takes(self) -> bool:
        self.left = min(self.rate, self.left + self.rate * (self.now - self.filled))
        self.filled = self.now
        if self.left < 1:
            return False
        self.left -= 1
        return True

    def play(self, seconds: float) -> None:
        """Ask until the time is up; whoever is refused waits half a second, then twice as long."""
        order = itertools.count()
        due: list[tuple[float, int, str, int]] = [(0.0, next(order), "book", 0) for _ in range(8)]
        while due[0][0] < seconds:
            self.now, _, what, tries = heapq.heappop(due)
            if what == "book":
                event = (self.now + self.pace.book(), next(order), "ask", tries)
            elif what == "ask":
                event = (self.now + 0.05, next(order), "answer" if self._takes() else "refusal", tries)
            elif what == "answer":
                self.answers.append(self.now)
                self.pace.answered()
                event = (self.now, next(order), "book", 0)
            else:
                self.refusals.append(self.now)
                self.pace.complained(0.0, self.limit)
                event = (self.now + 0.5 * 2**tries, next(order), "book", tries + 1)
            heapq.heappush(due, event)


@pytest.mark.parametrize("local", [False, True])
@pytest.mark.parametrize("rate", [5, 15, 50, 100])
def test_the_pace_uses_what_an_endpoint_takes_and_is_seldom_refused(rate: float, *, local: bool) -> None:
    """Of what it would take in the second minute nine tenths are used at least, and a tenth is refused at most."""
    endpoint = _Bucket(rate, local=local)
    endpoint.play(120)
    answers, refusals = (sum(at > 60 for at in times) for times in (endpoint.answers, endpoint.refusals))
    assert answers > 0.9 * 60 * rate
    assert refusals < 0.12 * answers


def test_a_rate_that_the_provider_names_is_kept_to_at_once() -> None:
    """After the first burst there are no more refusals, and the limit is used."""
    endpoint = _Bucket(15, local=True)
    endpoint.limit = 15
    endpoint.play(60)
    assert (True, 0) == (len(endpoint.answers) > 0.9 * 60 * 15, sum(at > 5 for at in endpoint.refusals))


def test_a_pace_that_was_learned_is_where_the_next_run_begins(village: Village, tmp_path: Path) -> None:
    """An endpoint that complained is not rushed at again."""

    async def busy(asked: Asked, forward: Forward) -> web.Response | None:
        return web.Response(status=429) if asked.number == 20 else None

    with Proxy(village.url, busy) as proxy:
        told = incident(tmp_path, proxy.url)
        pull_all(told, wanted(village, [village.alice], [village.sink]))
        [endpoint] = connect(told.chains[0], Parts(Case(tmp_path).chain / "31337"), Patience()).endpoints
    assert endpoint.limits.rate == endpoint.pace.rate < MOST_RATE


def test_the_pace_is_lowered_once_for_one_burst_of_complaints() -> None:
    """Those that were under way when the first was refused are no further complaint; answers make it faster again."""

    async def play() -> list[float]:
        pace = Pace()
        rates = [pace.rate]
        for _ in range(8):
            pace.complained(0.0)
        rates.append(pace.rate)
        for _ in range(10):
            pace.answered()
        rates.append(pace.rate)
        return rates

    assert [20.0, 10.0, 10.5] == asyncio.run(play())
