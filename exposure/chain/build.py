"""Raw frames of one chain -> blocks, transactions, transfers, approvals, delegations. Pure.

Rows are those that touch the wanted addresses in the wanted blocks, whatever else earlier rounds have pulled, so that the same
question gives the same tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from exposure.amounts import NATIVE, NATIVE_DECIMALS, to_f64
from exposure.chain.authorizations import latest
from exposure.chain.events import MOVES, decode
from exposure.chain.executions import EXECUTIONS, executions_of
from exposure.chain.wire import AUTHS, HEADERS, LOGS, RECEIPTS, TXS
from exposure.tables import TABLES

_NOBODY = "0x" + "0" * 40


@dataclass(frozen=True, slots=True)
class Raw:
    """What is known of one chain, in raw frames.

    `txs` are the transactions from or to wanted addresses, `callers` those that carried wanted logs (who sent them, and to
    which contract); both may hold the same transaction.
    """

    chain_id: int
    logs: pl.DataFrame
    txs: pl.DataFrame
    callers: pl.DataFrame
    headers: pl.DataFrame
    auths: pl.DataFrame
    receipts: pl.DataFrame

    @classmethod
    def empty(cls, chain_id: int) -> "Raw":
        """Give frames without rows."""
        schemas = (LOGS, TXS, TXS, HEADERS, AUTHS, RECEIPTS)
        return cls(chain_id, *(pl.DataFrame(schema=schema) for schema in schemas))


@dataclass(frozen=True, slots=True)
class Events:
    """Decoded logs, before tokens' decimals are known; `rejected` logs were not what they claim to be."""

    moves: pl.DataFrame
    grants: pl.DataFrame
    rejected: int
    executions: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=EXECUTIONS))


def events_of(raw: Raw) -> Events:
    """Decode the logs, and add the native transfers of successful transactions."""
    moves, grants, rejected = decode(raw.logs)
    return Events(pl.concat([moves, native_moves(raw)]), grants, rejected, executions_of(raw.logs))


def native_moves(raw: Raw) -> pl.DataFrame:
    """Give the native transfers of transactions that did not fail: those with a value, and empty ones (messages of nothing).

    A call of a contract without value moves nothing native. Where no receipt is known the value counts as moved: to tell a
    victim of nothing would be worse.
    """
    txs = raw.txs.join(
        raw.receipts.select("transaction_hash", "success", "contract_address"), on="transaction_hash", how="left"
    )
    moved = txs.filter(
        pl.col("success").fill_null(value=True) & ((pl.col("value") != bytes(32)) | (pl.col("n_input_bytes") == 0))
    )
    return moved.select(
        "block_number",
        "transaction_index",
        hexed("transaction_hash"),
        log_index=pl.lit(None, pl.UInt32),
        standard=pl.lit("native"),
        token_address=pl.lit(NATIVE),
        from_address=hexed("from_address"),
        # what creates a contract pays it
        to_address=pl.coalesce(hexed("to_address"), hexed("contract_address")),
        token_id=pl.lit(None, pl.String),
        value=decimal("value"),
    ).match_to_schema(MOVES)


def hexed(column: str) -> pl.Expr:
    """Write bytes as lowercase 0x hex."""
    return (pl.lit("0x") + pl.col(column).bin.encode("hex")).alias(column)


def decimal(column: str) -> pl.Expr:
    """Write a big-endian number as a decimal string."""
    return pl.col(column).map_elements(lambda raw: str(int.from_bytes(raw, "big")), return_dtype=pl.String)


Decimals = Mapping[str, int | None]


def with_f64(frame: pl.DataFrame, column: str, decimals: Decimals) -> pl.DataFrame:
    """Add the float twin of an amount by the decimals of its token."""
    pairs = frame.select(column, "token_address").iter_rows()
    twins = [None if value is None else to_f64(int(value), decimals.get(token)) for value, token in pairs]
    return frame.with_columns(pl.Series(f"{column}_f64", twins, pl.Float64))


def _placed(frame: pl.DataFrame, raw: Raw, block_hashes: pl.DataFrame) -> pl.DataFrame:
    """Add chain, block hash and time. A block whose header nobody gave has no time, and its rows are kept."""
    times = block_table_rows(raw.headers)
    placed = frame.join(times, on="block_number", how="left").join(block_hashes, on="block_number", how="left")
    return placed.with_columns(
        chain_id=pl.lit(raw.chain_id, pl.UInt64),
        block_hash=pl.coalesce("block_hash", "log_block_hash"),
    )


def block_table_rows(headers: pl.DataFrame) -> pl.DataFrame:
    """Give block_number, block_hash (hex) and timestamp of headers, one row a block."""
    one = headers.unique("block_number", keep="last", maintain_order=True)
    # Not every export has hashes; and a time beyond the year 9999 is a hostile node's.
    seconds = pl.when(pl.col("timestamp").is_between(0, 253_402_300_799)).then(pl.col("timestamp"))
    time = pl.from_epoch(seconds, "s").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return one.select("block_number", hexed("block_hash"), timestamp=time)


def history_tables(
    raw: Raw, events: Events, decimals: Decimals, pinned: int, inner: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """Build the tables of history; `pinned` is the head's block, which always stands in `blocks`.

    `inner` is ether that moved inside transactions (MOVES, trace_address).
    """
    decimals = {**decimals, NATIVE: NATIVE_DECIMALS}
    hashes = raw.logs.select("block_number", log_block_hash=hexed("block_hash").alias("log_block_hash"))
    hashes = hashes.unique("block_number", keep="first", maintain_order=True)
    callers = pl.concat([raw.txs, raw.callers]).select(
        hexed("transaction_hash"),
        transaction_from=hexed("from_address").alias("transaction_from"),
        transaction_to=hexed("to_address").alias("transaction_to"),
    )
    callers = callers.unique("transaction_hash", keep="first", maintain_order=True)
    built = {}
    moves = pl.concat([events.moves.with_columns(trace_address=pl.lit(None, pl.String)), inner])
    for name, frame in (("transfers", moves), ("approvals", events.grants)):
        full = _placed(with_f64(frame, "value", decimals), raw, hashes).join(callers, on="transaction_hash", how="left")
        built[name] = _distinct(name, full)
    acts = _placed(events.executions, raw, hashes).join(callers, on="transaction_hash", how="left")
    built["executions"] = _distinct("executions", acts)
    built["transactions"] = _distinct("transactions", _placed(_transactions(raw, decimals), raw, hashes))
    built["delegations"] = _delegations(raw, hashes)
    used = pl.concat([frame.select("block_number") for frame in built.values()]).to_series()
    rows = block_table_rows(raw.headers).filter(
        pl.col("block_number").is_in(used.unique().implode()) | (pl.col("block_number") == pinned)
    )
    built["blocks"] = _distinct("blocks", rows.with_columns(chain_id=pl.lit(raw.chain_id, pl.UInt64)))
    return built


def _transactions(raw: Raw, decimals: Decimals) -> pl.DataFrame:
    """Write transactions with their receipts; call data that a part left out comes from a look-up by hash."""
    inputs = raw.callers.filter(pl.col("input").is_not_null()).select("transaction_hash", asked="input")
    inputs = inputs.unique("transaction_hash", keep="first", maintain_order=True)
    one = raw.txs.unique("transaction_hash", keep="first", maintain_order=True)
    joined = one.join(inputs, on="transaction_hash", how="left").join(
        raw.receipts.select("transaction_hash", "success", "gas_used"), on="transaction_hash", how="left"
    )
    rows = joined.select(
        "block_number",
        "transaction_index",
        hexed("transaction_hash"),
        "nonce",
        hexed("from_address"),
        hexed("to_address"),
        decimal("value"),
        (pl.lit("0x") + pl.coalesce("input", "asked").bin.encode("hex")).alias("input"),
        "transaction_type",
        "success",
        "gas_used",
    )
    twins = with_f64(rows.with_columns(token_address=pl.lit(NATIVE)), "value", decimals)
    return twins.drop("token_address")


def _delegations(raw: Raw, hashes: pl.DataFrame) -> pl.DataFrame:
    rows = [
        (block, transaction, authority, None if delegate == _NOBODY else delegate)
        for block, transaction, authority, delegate in latest(raw.auths)
    ]
    schema = {
        "block_number": pl.UInt64,
        "transaction_hash": pl.String,
        "from_address": pl.String,
        "to_address": pl.String,
    }
    return _distinct("delegations", _placed(pl.DataFrame(rows, schema=schema, orient="row"), raw, hashes))


def _distinct(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Give the declared columns, one row a key; the table is sorted at the door of the case folder."""
    table = TABLES[name]
    return table.check(frame.select(table.schema.names()).unique(table.key, keep="first", maintain_order=True))
