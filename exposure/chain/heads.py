"""Blocks by number and by time: few calls, on chains whose blocks come as they like."""

from collections.abc import Generator, Iterable

import msgspec

from exposure.chain.batches import ask_many
from exposure.chain.client import Client, NoEndpointError
from exposure.chain.parts import Facts
from exposure.chain.rpc import RefusedError
from exposure.chain.wire import WireHeader, decoder, header_row

# Where a chain has no finalized tag: mainnet finalizes after two epochs of 32 blocks.
CONFIRMATIONS = 64
# From here on every second probe halves what is left, so that no chain can make the search long.
_PATIENT_PROBES = 8

_header = decoder(WireHeader)


def search(target: int, head: tuple[int, int], block_seconds: float) -> Generator[int, int, int]:
    """Find the first block at or after a time: yields block numbers, is sent their times, returns the number.

    `head` is (number, time) of the last block; times are Unix seconds that never go back. Where every block is earlier the
    number after the head is returned; where every block is later, 0.
    """
    high, high_time = head
    if high_time < target:
        return high + 1
    low, low_time = -1, None
    side, run, probes = 0, 0, 0
    while high - low > 1:
        probes += 1
        if low_time is None:
            guess = high - max(1, round((high_time - target) / block_seconds)) * 2**run
        elif probes > _PATIENT_PROBES and probes % 2:
            guess = (low + high) // 2
        else:
            share = (target - low_time) / max(1, high_time - low_time)
            # One end tends to stay while the other creeps: step past the target by more each time.
            guess = round(low + share * (high - low)) + side * (2**run - 1)
        guess = min(max(guess, low + 1), high - 1)
        time = yield guess
        moved = -1 if time >= target else 1
        run = run + 1 if moved == side else 0
        side = moved
        if time >= target:
            high, high_time = guess, time
        else:
            low, low_time = guess, time
    return high


class Headers:
    """Headers of one chain, kept as facts: what was asked once is not asked again."""

    def __init__(self, client: Client | None, facts: Facts) -> None:
        self._given = client
        self.facts = facts
        rows = facts.frame()
        self._rows: dict[int, tuple[bytes, int]] = {
            number: (block_hash, time) for number, block_hash, time in rows.iter_rows()
        }

    @property
    def _client(self) -> Client:
        assert self._given is not None, "exported files have all their headers"
        return self._given

    def known(self, number: int) -> tuple[bytes, int] | None:
        """Give hash and time of a block that was asked before."""
        return self._rows.get(number)

    def clear(self) -> None:
        """Forget everything: the chain was reorganised."""
        self.facts.clear()
        self._rows = {}

    def _note(self, number: int, block_hash: bytes, time: int) -> None:
        self._rows[number] = (block_hash, time)
        self.facts.add({"block_number": number, "block_hash": block_hash, "timestamp": time})

    async def get(self, number: int) -> tuple[bytes, int]:
        """Give hash and time of a block. Raises NoEndpointError."""
        if number not in self._rows:
            await self.ask([number])
        if number not in self._rows:
            raise NoEndpointError(
                f"{self._client.chain}: block {number} could not be read",
                "the endpoint refuses it, or answers with another block",
                "add another endpoint, or run again later; what was pulled is kept",
            )
        return self._rows[number]

    async def ask(self, numbers: Iterable[int]) -> list[int]:
        """Ask for the headers that are not known yet; give those that nobody could answer."""
        wanted = sorted(set(numbers) - self._rows.keys())

        def read(raw: msgspec.Raw) -> tuple[int, bytes, int]:
            return header_row(_header(raw))

        rows = await ask_many(self._client, "eth_getBlockByNumber", [[hex(number), False] for number in wanted], read)
        lost = []
        for number, row in zip(wanted, rows, strict=True):
            if isinstance(row, RefusedError) or row[0] != number:
                lost.append(number)
            else:
                self._note(*row)
        return lost

    async def at(self, tag: str) -> tuple[int, bytes, int]:
        """Ask for the block of a tag; `finalized` and `safe` fall back where a chain does not know them."""
        try:
            return await self._client.one(
                "eth_getBlockByNumber", [tag, False], lambda raw: header_row(_header(raw)), ability=f"the tag {tag}"
            )
        except (NoEndpointError, RefusedError):
            if tag == "latest" or all(endpoint.parked for endpoint in self._client.endpoints):
                raise
        latest = await self.at("latest")
        number = max(0, latest[0] - CONFIRMATIONS)
        return (number, *await self.get(number))

    async def first_at_or_after(self, target: int, head: tuple[int, int], block_seconds: float) -> int:
        """Find the first block at or after a time (Unix seconds); the number after the head where there is none."""
        probing = search(target, head, block_seconds)
        try:
            number = next(probing)
            while True:
                number = probing.send((await self.get(number))[1])
        except StopIteration as found:
            return int(found.value)
