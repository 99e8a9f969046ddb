"""Settled moves and approvals -> frames in cryo's layout: blocks, transactions, logs, and the state at the last block. Pure."""

import hashlib

import numpy as np
import polars as pl
from eth_utils.crypto import keccak
from numpy.typing import NDArray

from exposure.drill.mass.town import DECIMALS, ETH, FAKE, GOV, SYMBOLS, UNIT, USDX, Town

SLOT = 12.0
_TRANSFER = keccak(text="Transfer(address,address,uint256)")
_APPROVAL = keccak(text="Approval(address,address,uint256)")
_CALL = bytes.fromhex("a9059cbb") + bytes(64)
_PLEA = b"please return my funds, it was all I had"
_UNLIMITED = b"\xff" * 32


def words(amounts: NDArray[np.int64], unit: NDArray[np.int64]) -> pl.Series:
    """Give amount × unit as 32 bytes, big-endian; units are 1 or 10^9, so that the product fits 128 bits."""
    value, factor = amounts.astype(np.uint64), unit.astype(np.uint64)
    low_half, high_half = value & np.uint64(0xFFFFFFFF), value >> np.uint64(32)
    low = low_half * factor
    high = high_half * factor + (low >> np.uint64(32))
    out = np.zeros((len(value), 4), dtype=">u8")
    out[:, 3] = (high << np.uint64(32)) | (low & np.uint64(0xFFFFFFFF))
    out[:, 2] = high >> np.uint64(32)
    raw = out.tobytes()
    return pl.Series("word", [raw[start : start + 32] for start in range(0, len(raw), 32)], pl.Binary)


def decimals(amounts: pl.Expr, asset: pl.Expr) -> pl.Expr:
    """Give amounts in base units as decimal strings."""
    zeros = asset.replace_strict(list(UNIT), [str(unit)[1:] for unit in UNIT.values()], return_dtype=pl.String)
    return pl.when(amounts == 0).then(pl.lit("0")).otherwise(amounts.cast(pl.String) + zeros)


def chain_frames(
    town: Town, moves: pl.DataFrame, approvals: pl.DataFrame, held: pl.DataFrame, delegated: dict[int, int], end: float
) -> dict[str, pl.DataFrame]:
    """Give dataset -> frame; what the chain says until `end`, and the state then."""
    moves = moves.filter(pl.col("time") < end)
    approvals = approvals.filter(pl.col("time") < end)
    places = _places(moves, approvals)
    last = int(places.get_column("block_number").max() or 0) + 1  # type: ignore[arg-type]
    raw = town.book.raw()
    frames = {
        "blocks": _blocks(places, last, town, end),
        "transactions": _transactions(moves, places, raw),
        "logs": _logs(town, moves, approvals, places, raw),
        **_state(town, moves, approvals, held, delegated, raw),
    }
    at = pl.lit(last, pl.UInt32).alias("block_number")
    made = {
        name: frame if "block_number" in frame.columns else frame.select(at, pl.all()) for name, frame in frames.items()
    }
    return {name: frame.with_columns(chain_id=pl.lit(1, pl.UInt64)) for name, frame in made.items()}


def _places(moves: pl.DataFrame, approvals: pl.DataFrame) -> pl.DataFrame:
    """Give each transaction (tx) its block and place, its time and stamp, its sender and what it called."""
    columns = ["tx", "time", "sender", "called"]
    first = (
        pl.concat([moves.select(columns), approvals.select(columns)])
        .sort("time", "tx")
        .unique("tx", keep="first", maintain_order=True)
    )
    slot = (pl.col("time") / SLOT).floor()
    placed = first.with_columns(block_number=slot.rank("dense").cast(pl.UInt32), stamp=(slot * SLOT).cast(pl.UInt32))
    placed = placed.with_columns(transaction_index=pl.int_range(pl.len()).over("block_number").cast(pl.UInt32))
    hashes = pl.Series(
        [hashlib.blake2b(tx.to_bytes(8, "big"), digest_size=32).digest() for tx in placed.get_column("tx")],
        dtype=pl.Binary,
    )
    return placed.with_columns(transaction_hash=hashes)


def _blocks(places: pl.DataFrame, last: int, town: Town, end: float) -> pl.DataFrame:
    used = places.group_by("block_number").agg(timestamp=pl.col("stamp").first())
    ends = pl.DataFrame({"block_number": [0, last], "timestamp": [int(town.start) - 60 * 86400, int(end)]}).cast(
        used.schema
    )
    whole = pl.concat([used, ends]).sort("block_number")
    hashes = [
        hashlib.blake2b(b"block" + number.to_bytes(8, "big"), digest_size=32).digest()
        for number in whole.get_column("block_number")
    ]
    return whole.with_columns(block_hash=pl.Series(hashes, dtype=pl.Binary))


def _transactions(moves: pl.DataFrame, places: pl.DataFrame, raw: pl.Series) -> pl.DataFrame:
    ether = moves.filter((pl.col("asset") == ETH) & (pl.col("sender") == pl.col("frm")))
    sums = ether.group_by("tx").agg(pl.col("amount").sum())
    inputs = moves.group_by("tx").agg(pl.col("input").first())
    rows = (
        places.join(sums, on="tx", how="left")
        .join(inputs, on="tx", how="left")
        .sort("block_number", "transaction_index")
    )
    value = rows.get_column("amount").fill_null(0).to_numpy()
    data = (
        pl.when(pl.col("input") == "plain")
        .then(pl.lit(b""))
        .when(pl.col("input") == "text")
        .then(pl.lit(_PLEA))
        .otherwise(pl.lit(_CALL))
    )
    return rows.select(
        "block_number",
        "transaction_index",
        "transaction_hash",
        nonce=pl.lit(1, pl.UInt64),
        from_address=raw.gather(rows.get_column("sender")),
        to_address=raw.gather(rows.get_column("called")),
        value_binary=words(value, np.full(len(value), UNIT[ETH])),
        input=data,
        transaction_type=pl.lit(2, pl.UInt32),
        success=pl.lit(value=True),
    )


def _topic(raw: pl.Series, numbers: pl.Series) -> pl.Series:
    padded = pl.Series([bytes(12) + address for address in raw], dtype=pl.Binary)
    return padded.gather(numbers)


def _logs(
    town: Town, moves: pl.DataFrame, approvals: pl.DataFrame, places: pl.DataFrame, raw: pl.Series
) -> pl.DataFrame:
    tokens = moves.filter(pl.col("asset") != ETH)
    unit = np.array([UNIT[asset] for asset in range(4)])
    parts = []
    for frame, one, other, topic, order in (
        (approvals, "owner", "spender", _APPROVAL, 0),
        (tokens, "frm", "to", _TRANSFER, 1),
    ):
        amount = frame.get_column("amount").to_numpy()
        data = words(np.maximum(amount, 0), unit[frame.get_column("asset").to_numpy()])
        unlimited = pl.Series(amount < 0)
        parts.append(
            frame.select(
                "tx",
                asset="asset",
                topic0=pl.lit(topic),
                topic1=_topic(raw, frame.get_column(one)),
                topic2=_topic(raw, frame.get_column(other)),
                topic3=pl.lit(None, pl.Binary),
                data=pl.when(unlimited).then(pl.lit(_UNLIMITED)).otherwise(data),
                order=pl.lit(order),
            )
        )
    rows = pl.concat(parts).join(places.select("tx", "block_number", "transaction_index", "transaction_hash"), on="tx")
    rows = rows.sort("block_number", "transaction_index", "order", maintain_order=True)
    contract = pl.col("asset").replace_strict(
        list(town.parties.tokens), raw.gather(list(town.parties.tokens.values())).to_list(), return_dtype=pl.Binary
    )
    rows = rows.with_columns(address=contract).drop("asset", "order", "tx")
    return rows.with_columns(log_index=pl.int_range(pl.len()).over("block_number").cast(pl.UInt32))


def _state(
    town: Town,
    moves: pl.DataFrame,
    approvals: pl.DataFrame,
    held: pl.DataFrame,
    delegated: dict[int, int],
    raw: pl.Series,
) -> dict[str, pl.DataFrame]:
    parties = town.parties
    tokens = raw.gather(list(parties.tokens.values())).to_list()
    contract = dict(zip(parties.tokens, tokens, strict=True))
    named = np.concatenate([np.arange(town.wallets), parties.asked, parties.false])
    people = pl.concat(
        [moves.select(a="frm"), moves.select(a="to"), approvals.select(a="spender"), pl.DataFrame({"a": named})]
    )
    everybody = people.unique().sort("a").get_column("a")
    address = raw.gather(everybody)
    contracts = (
        *parties.apps.tolist(),
        parties.router,
        parties.bridge,
        parties.settlement,
        parties.entry_point,
        parties.minter,
    )
    code = dict.fromkeys((*parties.tokens.values(), *contracts), b"\x60\x80")
    code |= {int(number): b"\x60\x80" for number in np.flatnonzero(town.smart)}
    code |= {wallet: b"\xef\x01\x00" + raw[to] for wallet, to in delegated.items()}
    amount = decimals(pl.col("held"), pl.col("asset"))
    owned = held.with_columns(address=raw.gather(held.get_column("address")))
    ether = pl.DataFrame({"address": address}).join(
        owned.filter(pl.col("asset") == ETH).select("address", "asset", "held"), on="address", how="left"
    )
    ether = ether.with_columns(pl.col("held").fill_null(0), pl.col("asset").fill_null(ETH))
    plain = owned.filter(pl.col("asset") != ETH).with_columns(
        erc20=pl.col("asset").replace_strict(list(contract), tokens, return_dtype=pl.Binary)
    )
    return {
        "balances": ether.select("address", balance_string=amount),
        "nonces": pl.DataFrame({"address": address, "nonce": pl.Series([7] * len(address), dtype=pl.UInt64)}),
        "codes": pl.DataFrame(
            {"address": address, "code": pl.Series([code.get(int(one), b"") for one in everybody], dtype=pl.Binary)}
        ),
        "erc20_balances": plain.select("erc20", "address", balance_string=amount),
        "erc20_metadata": pl.DataFrame(
            [
                {"erc20": contract[asset], "name": "Drill", "symbol": SYMBOLS[asset], "decimals": DECIMALS[asset]}
                for asset in (USDX, GOV, FAKE)
            ],
            schema_overrides={"decimals": pl.UInt32},
        ),
        "allowances": _allowances(moves, approvals, contract, raw),
    }


def _allowances(
    moves: pl.DataFrame, approvals: pl.DataFrame, contract: dict[int, bytes], raw: pl.Series
) -> pl.DataFrame:
    """Give every permission ever given as it stands: the last approval; a limited one that was used is used up."""
    last = approvals.sort("time", "tx").group_by("owner", "spender", "asset").agg(pl.col("amount", "time").last())
    used = (
        moves.filter((pl.col("sender") != pl.col("frm")) & (pl.col("amount") > 0))
        .group_by(owner="frm", asset="asset")
        .agg(used=pl.col("time").max())
    )
    rows = last.join(used, on=["owner", "asset"], how="left").sort("owner", "spender", "asset")
    spent = (pl.col("used") >= pl.col("time")).fill_null(value=False) & (pl.col("amount") > 0)
    left = pl.when(spent).then(0).otherwise("amount")
    value = pl.when(left < 0).then(pl.lit(str(2**256 - 1))).otherwise(decimals(left, pl.col("asset")))
    return rows.select(
        standard=pl.lit("erc20"),
        token_address=pl.col("asset").replace_strict(list(contract), list(contract.values()), return_dtype=pl.Binary),
        from_address=raw.gather(rows.get_column("owner")),
        to_address=raw.gather(rows.get_column("spender")),
        value_string=value,
    )
