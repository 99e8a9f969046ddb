"""Prices in US dollars from Chainlink's feeds on chain: which to ask, and table `prices`. Pure.

On mainnet the feed registry answers for every token that has a feed, by the token's address: a counterfeit has none. Elsewhere the
native asset and its wrapped form have one. What has no feed stays unpriced. A price that was not renewed for two days, or is not
positive, is none.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from exposure.amounts import NATIVE
from exposure.chain.multicall import DECIMALS, address_word, read_uint, selector
from exposure.chain.snapshot import Here
from exposure.chain.state import Answers, Question, call
from exposure.tables import TABLES

REGISTRY = "0x47fb2585d2c56fe188d0e6ec628a38b74fceeedf"
# Mainnet, and a test's own chain.
REGISTRY_CHAINS = (1, 31337)
# ISO 4217's number of the US dollar; what the registry calls bitcoin.
_USD = "0x" + f"{840:040x}"
_BITCOIN = "0x" + "b" * 40
# Wrapped forms are worth what they wrap.
_ALIKE = {
    "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2": NATIVE,
    "0x2260fac5e5542a773aa44fbcfedf7c193bc2c599": _BITCOIN,
}
# chain -> (feed of the native asset, its wrapped form)
_NATIVE_FEEDS = {
    10: ("0x13e3ee699d1909e989722e753853ae30b17e08c5", "0x4200000000000000000000000000000000000006"),
    56: ("0x0567f2323251f0aab15c8dfb1967e4e8a7d42aee", "0xbb4cdb9cbd36b01bd1cbaebf2de08d9173bc095c"),
    137: ("0xab594600376ec9fd91f8e885dadf0ce036862de0", "0x0d500b1d8e8ef31e21c99d1db9a6444d3adf1270"),
    8453: ("0x71041dddad3595f9ced3dccfbe3d1f4b0a16bb70", "0x4200000000000000000000000000000000000006"),
    42161: ("0x639fe6ab55c921f74e7fac1ee960c0b6293ba612", "0x82af49447d8a07e3bd95bd0d56f35241523fbab1"),
    43114: ("0x0a77230d17318075983913bc2145db16c7366156", "0xb31f66aa3c1e785363f0875a1b74e27b85fd66c7"),
}
_LATEST, _LATEST_OF = selector("latestRoundData()"), selector("latestRoundData(address,address)")
_DECIMALS_OF = selector("decimals(address,address)")
# Feeds of steady assets are renewed once a day.
OLDEST_SECONDS = 2 * 86_400
MOST_DECIMALS = 36


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed: what it is asked, and whose price it gives."""

    token: str
    address: str
    price: Question
    decimals: Question


def feeds(chain_id: int, tokens: Mapping[str, str]) -> list[Feed]:
    """Give the feeds to ask about the native asset and these tokens (address -> standard); only fungible ones have a price."""
    plain = [NATIVE, *(token for token, kind in tokens.items() if kind == "erc20")]
    if chain_id in REGISTRY_CHAINS:
        return [_of_registry(token) for token in dict.fromkeys(plain)]
    feed, wrapped = _NATIVE_FEEDS.get(chain_id, ("", ""))
    return [
        Feed(token, feed, call(feed, _LATEST), call(feed, DECIMALS))
        for token in plain
        if feed and token in (NATIVE, wrapped)
    ]


def _of_registry(token: str) -> Feed:
    pair = address_word(_ALIKE.get(token, token)) + address_word(_USD)
    return Feed(token, REGISTRY, call(REGISTRY, _LATEST_OF + pair), call(REGISTRY, _DECIMALS_OF + pair))


def price_rows(asked: Iterable[Feed], answers: Answers, here: Here) -> Iterator[dict[str, Any]]:
    """Give rows of table `prices` at a block."""
    for feed in asked:
        usd = _read(answers.get(feed.price), read_uint(answers.get(feed.decimals)), here.seconds)
        if usd is not None:
            yield {
                "chain_id": here.chain_id,
                "token_address": feed.token,
                "block_number": here.number,
                "timestamp": here.seconds,
                "usd": usd,
                "feed": feed.address,
            }


def _read(answer: bytes | None, decimals: int | None, now: int) -> float | None:
    """Read latestRoundData: the round, the price, when it began, when it was renewed, and its round."""
    if answer is None or len(answer) < 160 or decimals is None or decimals > MOST_DECIMALS:
        return None
    value, renewed = int.from_bytes(answer[32:64], "big", signed=True), int.from_bytes(answer[96:128], "big")
    if value <= 0 or not now - OLDEST_SECONDS <= renewed <= now:
        return None
    return value / float(10**decimals)


def price_table(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Build table `prices`; times are Unix seconds."""
    columns = {"chain_id": pl.UInt64, "token_address": pl.String, "block_number": pl.UInt64, "timestamp": pl.Int64}
    frame = pl.DataFrame(list(rows), schema={**columns, "usd": pl.Float64, "feed": pl.String})
    time = pl.from_epoch("timestamp", "s").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return TABLES["prices"].check(frame.with_columns(timestamp=time))
