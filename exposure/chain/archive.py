"""Whether an endpoint really says what stood at an old block: some answer with the head, and say nothing of it."""

import msgspec

from exposure.chain.client import ARCHIVE, Client, NoEndpointError
from exposure.chain.columns import octets
from exposure.chain.heads import Headers
from exposure.chain.multicall import read_uint
from exposure.chain.rpc import RefusedError
from exposure.chain.wire import MalformedError, decoder, quantity

_NOBODY = "0x" + "0" * 40
# TIMESTAMP, kept in memory and returned: code that no account holds, run on the state of the block that is asked.
_WHAT_TIME = "0x4260005260206000f3"

_text = decoder(str)


async def keeps_old_state(client: Client, headers: Headers, block: int) -> bool:
    """Tell whether an endpoint answers about the state of a block, by the time that it believes to be there.

    It tells nobody whom we look at. An endpoint that gives the time of another block is not asked about old state any more.
    """
    try:
        _, time = await headers.get(block)
        while True:
            endpoint, found = await client.one_from(
                "eth_call", [{"data": _WHAT_TIME}, hex(block)], _read_time, ability=ARCHIVE
            )
            if found == time:
                return True
            endpoint.miss(ARCHIVE, f"asked about block {block} it answers about another one")
    except NoEndpointError:
        return False
    except RefusedError:
        # Not every chain runs code that no account holds.
        return await _answers(client, block)


async def _answers(client: Client, block: int) -> bool:
    try:
        await client.one("eth_getBalance", [_NOBODY, hex(block)], read_number, ability=ARCHIVE)
    except (NoEndpointError, RefusedError):
        return False
    return True


def read_number(raw: msgspec.Raw) -> int:
    """Read a quantity of up to 256 bits. Raises MalformedError."""
    number = quantity(_text(raw), 2**256 - 1)
    if number is None:
        raise MalformedError("a quantity")
    return number


def _read_time(raw: msgspec.Raw) -> int:
    time = read_uint(octets(_text(raw)))
    if time is None:
        raise MalformedError("a time")
    return time
