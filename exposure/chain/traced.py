"""Which transactions were traced so far, what moved inside them, and what no endpoint offers: kept as facts."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from exposure.chain.parts import Facts
from exposure.chain.plan import Range, merge, subtract
from exposure.chain.traces import Inner

INNER = pl.Schema(
    {
        "key": pl.String,
        "transaction_hash": pl.Binary,
        "path": pl.String,
        "from_address": pl.Binary,
        "to_address": pl.Binary,
        "value": pl.Binary,
    }
)
TRACED = pl.Schema({"transaction_hash": pl.Binary, "how": pl.String})
SEARCHED = pl.Schema({"key": pl.String, "address": pl.String, "first": pl.UInt64, "last": pl.UInt64})
ABSENT = pl.Schema({"key": pl.String, "why": pl.String})


class Traces:
    """What was traced so far of one chain."""

    def __init__(self, folder: Path) -> None:
        self.inner = Facts(folder / "inner", INNER, "key")
        self.traced = Facts(folder / "traced", TRACED, "transaction_hash")
        self.searched = Facts(folder / "searched", SEARCHED, "key")
        self.absent = Facts(folder / "absent", ABSENT, "key")
        # Which transactions a search found; which were traced is told by `traced`.
        self.found = Facts(folder / "found", pl.Schema({"transaction_hash": pl.Binary}), "transaction_hash")

    def clear(self) -> None:
        """Forget everything: another fork may hold other transactions."""
        for facts in (self.inner, self.traced, self.searched, self.absent, self.found):
            facts.clear()

    def unsearched(self, wallets: Iterable[str], blocks: Range) -> dict[tuple[Range, ...], list[str]]:
        """Group wallets by the blocks over which nobody searched for them yet."""
        done: dict[str, list[Range]] = {}
        for address, first, last in self.searched.frame().select("address", "first", "last").iter_rows():
            done.setdefault(address, []).append((first, last))
        groups: dict[tuple[Range, ...], list[str]] = {}
        for wallet in sorted(wallets):
            left = tuple(subtract(blocks, merge(done.get(wallet, []))))
            if left:
                groups.setdefault(left, []).append(wallet)
        return groups

    def keep(self, transaction_hash: bytes, moved: Sequence[Inner], how: str) -> None:
        """Keep what a transaction moved inside; the movements first, so that what is called traced is."""
        for one in moved:
            self.inner.add(
                {
                    "key": f"{transaction_hash.hex()}:{one.path}",
                    "transaction_hash": transaction_hash,
                    "path": one.path,
                    "from_address": one.sender,
                    "to_address": one.to,
                    "value": one.value.to_bytes(32, "big"),
                }
            )
        self.traced.add({"transaction_hash": transaction_hash, "how": how})

    def flush(self) -> None:
        """Write what is new; the movements before what says that they are complete."""
        for facts in (self.inner, self.traced, self.found, self.searched, self.absent):
            facts.flush()
