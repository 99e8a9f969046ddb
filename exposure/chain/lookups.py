"""Transactions and receipts asked by hash, and kept as facts: who sent a transaction, whether it succeeded, what it logged."""

from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import msgspec
import polars as pl

from exposure.chain.batches import ask_many
from exposure.chain.client import Client
from exposure.chain.parts import Facts
from exposure.chain.rpc import RefusedError
from exposure.chain.wire import (
    LOGS,
    RECEIPTS,
    TXS,
    MalformedError,
    WireReceipt,
    WireTx,
    decoder,
    frame_of_txs,
    receipt_logs,
    receipt_row,
)

_KEYED_LOGS = pl.Schema([("key", pl.String), *LOGS.items()])
# So many are asked between two looks at the disk.
_AT_ONCE = 500

_tx, _receipt = decoder(WireTx), decoder(WireReceipt)


class Lookups:
    """What was asked by transaction hash so far."""

    def __init__(self, folder: Path) -> None:
        self.transactions = Facts(folder / "transactions", TXS, "transaction_hash")
        self.receipts = Facts(folder / "receipts", RECEIPTS, "transaction_hash")
        self._logs = Facts(folder / "receipt_logs", _KEYED_LOGS, "key")

    def logs(self) -> pl.DataFrame:
        """Give the logs of receipts that were kept with them (wire.LOGS)."""
        return self._logs.frame().select(LOGS.names())

    def clear(self) -> None:
        """Forget everything: another fork may hold other transactions."""
        for facts in (self.transactions, self.receipts, self._logs):
            facts.clear()

    async def ask_transactions(self, client: Client, hashes: Iterable[bytes], tick: Callable[[int], None]) -> int:
        """Ask who sent transactions; give how many nobody knows. Raises NoEndpointError."""
        wanted = sorted(one for one in set(hashes) if one not in self.transactions)

        def read(raw: msgspec.Raw) -> pl.DataFrame:
            frame, rejected = frame_of_txs([_tx(raw)], 1)
            if rejected:
                raise MalformedError("eth_getTransactionByHash")
            return frame

        lost = 0
        try:
            for at in range(0, len(wanted), _AT_ONCE):
                part = wanted[at : at + _AT_ONCE]
                rows = [["0x" + one.hex()] for one in part]
                answers = await ask_many(client, "eth_getTransactionByHash", rows, read, nulls=True)
                for one, answer in zip(part, answers, strict=True):
                    if isinstance(answer, RefusedError) or answer.item(0, "transaction_hash") != one:
                        lost += 1
                    else:
                        self.transactions.add(answer.row(0, named=True))
                tick(len(part))
        finally:
            self.transactions.flush()
        return lost

    async def ask_receipts(
        self, client: Client, hashes: Iterable[bytes], with_logs: Collection[bytes], tick: Callable[[int], None]
    ) -> int:
        """Ask for receipts, keeping the logs of those in `with_logs`; give how many nobody knows. Raises NoEndpointError."""
        known = dict(self.receipts.frame().select("transaction_hash", "with_logs").iter_rows())
        wanted = sorted(one for one in set(hashes) if one not in known or (one in with_logs and not known[one]))
        lost = 0
        try:
            for at in range(0, len(wanted), _AT_ONCE):
                part = wanted[at : at + _AT_ONCE]
                rows = [["0x" + one.hex()] for one in part]
                answers = await ask_many(client, "eth_getTransactionReceipt", rows, _receipt, nulls=True)
                for one, answer in zip(part, answers, strict=True):
                    lost += isinstance(answer, RefusedError) or not self._keep(one, answer, with_logs=one in with_logs)
                # The logs first: a receipt that says it has them must have them.
                self._logs.flush()
                self.receipts.flush()
                tick(len(part))
        finally:
            self._logs.flush()
            self.receipts.flush()
        return lost

    def _keep(self, transaction_hash: bytes, receipt: WireReceipt, *, with_logs: bool) -> bool:
        """Keep a receipt; tell whether it was this transaction's."""
        try:
            row = receipt_row(receipt, transaction_hash)
        except MalformedError:
            return False
        if with_logs:
            frame, _ = receipt_logs(receipt)
            for log in frame.filter(pl.col("transaction_hash") == transaction_hash).iter_rows(named=True):
                self._logs.add({"key": f"{log['block_number']}:{log['log_index']}", **log})
        self.receipts.add({**row, "with_logs": with_logs})
        return True
