"""Logs -> what accounts that run code did themselves, whoever sent the transaction: UserOperations and Safe executions. Pure.

An entry point of ERC-4337 says whose operation it carried out; anybody can send operations that others signed. A Safe says itself
that it executed what its owners signed, or what a module did that they had enabled. Both are said after what was done.
"""

import polars as pl

from exposure.chain.plan import MODULE_FAILURE, MODULE_SUCCESS, SAFE_FAILURE, SAFE_SUCCESS, USER_OPERATION

# Entry points of ERC-4337 (0.6, 0.7, 0.8, 0.9): who sends to them is a bundler, and not the user.
ENTRY_POINTS = (
    "0x5ff137d4b0fdcd49dca30c7cf57e578a026d2789",
    "0x0000000071727de22e5e9d8baf0edac6f37da032",
    "0x4337084d9e255ff0702461cf8895ce9e3b5ff108",
    "0x433709009b8330fda32311df1c2afa402ed8d009",
)
EXECUTIONS = pl.Schema(
    {
        "block_number": pl.UInt64,
        "transaction_index": pl.UInt32,
        "transaction_hash": pl.String,
        "log_index": pl.UInt32,
        "address": pl.String,
        "kind": pl.String,
        "success": pl.Boolean,
    }
)
# kind and success by event
_SAYS = {
    SAFE_SUCCESS: ("safe", True),
    SAFE_FAILURE: ("safe", False),
    MODULE_SUCCESS: ("module", True),
    MODULE_FAILURE: ("module", False),
}


def executions_of(logs: pl.DataFrame) -> pl.DataFrame:
    """Give the executions among logs (wire.LOGS), in the order of the chain; others, and what has not their form, are passed over.

    An event of that name by any other contract than an entry point says nothing of its sender. A Safe's event speaks for the
    contract that it comes from, which may call itself what it likes.
    """
    rows = [row for row in map(_row, logs.filter(_is_execution()).iter_rows(named=True)) if row is not None]
    return pl.DataFrame(rows, schema=EXECUTIONS).sort("block_number", "log_index")


def _is_execution() -> pl.Expr:
    events = pl.Series([bytes.fromhex(one[2:]) for one in (USER_OPERATION, *_SAYS)], dtype=pl.Binary)
    return pl.col("topic0").is_in(events.implode())


def _row(log: dict[str, object]) -> dict[str, object] | None:
    emitter, event = _hex(log["address"]), _hex(log["topic0"])
    place = {name: log[name] for name in ("block_number", "transaction_index", "log_index")}
    place["transaction_hash"] = _hex(log["transaction_hash"])
    if event != USER_OPERATION:
        kind, success = _SAYS[event]
        return {**place, "address": emitter, "kind": kind, "success": success}
    sender, data = log["topic2"], log["data"]
    # nonce, success, cost and gas are data
    if emitter not in ENTRY_POINTS or not isinstance(sender, bytes) or not isinstance(data, bytes):
        return None
    if any(sender[:12]) or len(data) < 64:
        return None
    return {**place, "address": _hex(sender[12:]), "kind": "userop", "success": any(data[32:64])}


def _hex(value: object) -> str:
    assert isinstance(value, bytes)
    return "0x" + value.hex()
