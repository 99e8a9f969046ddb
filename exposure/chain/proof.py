"""What a block's header commits to: the root of its receipts, and the bloom filter of its logs. Pure.

Whoever gives a block's receipts in full can be checked without being believed: the root of the trie that they make stands in
the header, and the header's hash in every block after it (Ethereum Yellow Paper, 4.3.2 and 4.4.3; EIP-2718 for typed receipts).
"""

from collections.abc import Iterable, Sequence

import msgspec
import rlp
from eth_bloom.bloom import BloomFilter
from trie.hexary import HexaryTrie

from exposure.chain.columns import octets
from exposure.chain.wire import MalformedError, WireHeader, WireLog, quantity

# Other chains have receipts of their own kinds, whose encoding this module does not know.
_KNOWN_TYPES = range(5)


class WireSealed(WireHeader, rename="camel"):
    """A header with what it commits to, and the hashes of its transactions."""

    logs_bloom: str
    receipts_root: str
    transactions: list[str]


class WireBlockReceipt(msgspec.Struct, rename="camel"):
    """A receipt of a block, with all that its encoding holds."""

    transaction_hash: str
    transaction_index: str
    cumulative_gas_used: str
    logs: list[WireLog]
    status: str | None = None
    root: str | None = None
    type: str = "0x0"


def receipts_root(receipts: Sequence[WireBlockReceipt]) -> bytes | None:
    """Compute the root of all receipts of a block; None where one is of a kind that only its own chain knows.

    Raises MalformedError where a receipt cannot be encoded.
    """
    trie = HexaryTrie({}, prune=True)
    for receipt in receipts:
        kind = quantity(receipt.type)
        if kind is None or kind not in _KNOWN_TYPES:
            return None
        body = rlp.encode(_fields(receipt))
        trie[rlp.encode(_int(receipt.transaction_index))] = bytes([kind]) + body if kind else body
    return bytes(trie.root_hash)


def _fields(receipt: WireBlockReceipt) -> list[object]:
    # before Byzantium a receipt held the state's root in place of the status
    outcome = _bytes(receipt.root, 32) if receipt.status is None else _int(receipt.status)
    logs = [
        [_bytes(log.address, 20), [_bytes(topic, 32) for topic in log.topics], _bytes(log.data)] for log in receipt.logs
    ]
    return [outcome, _int(receipt.cumulative_gas_used), int(bloom_of(receipt.logs)).to_bytes(256, "big"), logs]


def bloom_of(logs: Iterable[WireLog]) -> BloomFilter:
    """Compute the bloom filter of logs. Raises MalformedError where one cannot be read."""
    bloom = BloomFilter()
    for log in logs:
        bloom.add(_bytes(log.address, 20))
        for topic in log.topics:
            bloom.add(_bytes(topic, 32))
    return bloom


def read_bloom(sealed: WireSealed) -> BloomFilter:
    """Give a header's bloom filter. Raises MalformedError where it is none."""
    return BloomFilter(int.from_bytes(_bytes(sealed.logs_bloom, 256), "big"))


def may_hold(bloom: BloomFilter, events: Iterable[bytes], topics: Iterable[bytes]) -> bool:
    """Tell whether a block may hold a log of one of these events with one of these topics; a filter is never wrong with no."""
    return any(event in bloom for event in events) and any(topic in bloom for topic in topics)


def _int(text: object) -> int:
    value = quantity(text)
    if value is None:
        raise MalformedError("a receipt's number cannot be read")
    return value


def _bytes(text: object, length: int | None = None) -> bytes:
    value = octets(text, length)
    if value is None:
        raise MalformedError("a receipt's bytes cannot be read")
    return value
