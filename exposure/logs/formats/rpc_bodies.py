"""JSON-RPC requests in bodies -> what in them names the user, and the methods. Pure.

A body names many addresses, and few of them are the user's: the account whose balance is asked for, who calls, who holds a token,
who signs, who signed a raw transaction. The contract that is called, or who receives, is somebody else.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import polars as pl

from exposure.logs.formats.json_lines import parse_inside
from exposure.logs.hints import ADDRESS

# Requests of one batch that are read. Wallets send dozens.
_MOST_REQUESTS = 1_000
_LIKELY = r'"method"\s*:'
_METHOD = re.compile(r"[a-z][a-z0-9]{1,15}_[A-Za-z0-9_]{1,60}")
_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{40}")

# The first parameter is the account that is asked about.
_FIRST = {
    "eth_getBalance",
    "eth_getTransactionCount",
    "eth_getCode",
    "eth_getProof",
    "alchemy_getTokenBalances",
}
# The caller or signer stands in a parameter that is an object, under one of these keys.
_CALLERS = ("from", "sender", "fromAddress")
_CALLS = {
    "eth_call",
    "eth_estimateGas",
    "eth_createAccessList",
    "eth_sendTransaction",
    "eth_signTransaction",
    "eth_fillTransaction",
    "eth_sendUserOperation",
    "eth_estimateUserOperationGas",
    "debug_traceCall",
    "personal_sendTransaction",
    "personal_signTransaction",
    "alchemy_getAssetTransfers",
}
# Of who signs, the address is a parameter of its own; the message stands before or after it.
_SIGNS = re.compile(r"personal_|eth_sign")
_RAW = {
    "eth_sendRawTransaction",
    "eth_sendRawTransactionSync",
    "eth_sendPrivateTransaction",
    "eth_sendPrivateRawTransaction",
}

# Functions whose first argument is the holder: also as they stand inside another call, such as a multicall.
_HOLDER = (
    "70a08231",  # balanceOf(address)
    "dd62ed3e",  # allowance(address owner, address spender)
    "7ecebe00",  # nonces(address), before a permit
    "d505accf",  # permit(address owner, ...)
    "8fcbaf5e",  # permit(address holder, ...) of DAI
    "00fdd58e",  # balanceOf(address, uint256)
    "e985e9c5",  # isApprovedForAll(address owner, address operator)
    "2f745c59",  # tokenOfOwnerByIndex(address, uint256)
    "927da105",  # allowance(address user, address token, address spender) of Permit2
    "2b67b570",  # permit(address owner, ...) of Permit2
    "4d2301cc",  # getEthBalance(address) of Multicall
    "1d98d2a5",  # scaledBalanceOf(address)
)
_HOLDERS = re.compile(rf"(?i)(?:{'|'.join(_HOLDER)})0{{24}}([0-9a-f]{{40}})")


def read_rpc(records: pl.DataFrame) -> pl.DataFrame:
    """Put into `body` of records (RECORD) that hold JSON-RPC only what names the user, and their methods into `event`.

    Other bodies stay as they are. Several methods of a batch stand in `event` once each, with commas between them.
    """
    likely = pl.col("body").str.contains(_LIKELY).fill_null(value=False)
    numbered = records.with_row_index("_row")
    some = numbered.filter(likely)
    if some.is_empty():
        return records
    read = [read_body(body) for body in some.get_column("body")]
    found = pl.DataFrame(
        {
            "_row": some.get_column("_row"),
            "_users": [one and one[0] for one in read],
            "_event": [one and one[1] for one in read],
        },
        schema={"_row": pl.UInt32, "_users": pl.String, "_event": pl.String},
    )
    joined = numbered.join(found, on="_row", how="left", maintain_order="left")
    hints = pl.when(pl.col("_users").str.len_bytes() > 0).then(pl.col("hints") | ADDRESS).otherwise("hints")
    changed = joined.with_columns(body=pl.coalesce("_users", "body"), event=pl.coalesce("_event", "event"), hints=hints)
    return changed.select(records.columns)


def read_body(body: str) -> tuple[str, str] | None:
    """Give the addresses of the user in a JSON-RPC request or batch, with spaces between them, and its methods; None for others."""
    content = parse_inside(body.strip())
    batch = content if isinstance(content, list) else [content]
    calls = [one for one in batch[:_MOST_REQUESTS] if isinstance(one, dict) and _is_method(one.get("method"))]
    if not calls:
        return None
    users = dict.fromkeys(user for call in calls for user in _users(call["method"], call.get("params")))
    methods = dict.fromkeys(call["method"] for call in calls)
    return " ".join(users), ",".join(methods)


def _is_method(value: object) -> bool:
    return isinstance(value, str) and _METHOD.fullmatch(value) is not None


def _users(method: str, params: Any) -> Iterator[str]:
    """Give the addresses that one request names as the user's."""
    given = params if isinstance(params, list) else [params]
    if method in _FIRST:
        yield from _addresses(given[:1])
    elif method in _CALLS:
        for call in given:
            if isinstance(call, dict):
                yield from _addresses(call.get(key) for key in _CALLERS)
                yield from _holders(call)
    elif method in _RAW:
        yield from (sender for raw in given[:1] if (sender := _sender(raw)))
    elif _SIGNS.match(method):
        yield from _addresses(given)


def _addresses(values: Any) -> Iterator[str]:
    return (value for value in values if isinstance(value, str) and _ADDRESS.fullmatch(value))


def _holders(call: Mapping[str, Any]) -> Iterator[str]:
    for data in (call.get("data"), call.get("input")):
        if isinstance(data, str):
            yield from ("0x" + digits for digits in _HOLDERS.findall(data))


def _sender(raw: Any) -> str | None:
    """Give who signed a raw transaction; None where it is none."""
    text = raw.get("tx") if isinstance(raw, dict) else raw
    return _recover(text) if isinstance(text, str) and re.fullmatch(r"0[xX](?:[0-9a-fA-F]{2})+", text) else None


@lru_cache(maxsize=1 << 14)
def _recover(raw: str) -> str | None:
    from eth_account import Account  # half a second to import: only where there are raw transactions

    try:
        return str(Account.recover_transaction(raw))
    except Exception:  # noqa: BLE001 - of hostile bytes rlp, eth-account and eth-keys raise a dozen kinds
        return None
