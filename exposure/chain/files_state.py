"""State of exported files -> balances, allowances, tokens and accounts, as a pull's state gives them. Pure but for the reading."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from exposure.amounts import NATIVE
from exposure.chain.authorizations import delegate_of
from exposure.chain.files import ExportedFiles
from exposure.chain.multicall import SYMBOL_CHARACTERS
from exposure.chain.snapshot import Here, Subject, allowance_table, balance_table, head_delegations, token_table
from exposure.tables import TABLES


def file_decimals(files: ExportedFiles, here: Here) -> dict[str, int | None]:
    """Give decimals by token, where the export has erc20_metadata."""
    frame = files.state("erc20_metadata", here.number)
    if not {"erc20", "decimals"} <= set(frame.columns):
        return {}
    rows = frame.select("erc20", pl.col("decimals").cast(pl.Int64, strict=False)).iter_rows()
    return {token: decimals if decimals is not None and 0 <= decimals <= 255 else None for token, decimals in rows}


def file_state_tables(
    files: ExportedFiles, subject: Subject, decimals: Mapping[str, int | None], here: Here
) -> dict[str, pl.DataFrame]:
    """Build the tables of the state; what the export has no files of stays empty."""
    codes = _by_address(files, "codes", "code", here)
    return {
        "balances": balance_table(_balances(files, subject, here), decimals, here),
        "allowances": allowance_table(_allowances(files, subject, here), decimals, here),
        "tokens": token_table(subject.tokens, _symbols(files, here), decimals, here),
        "accounts": TABLES["accounts"].frame(list(_accounts(files, subject, codes, here))),
        "delegations": head_delegations(
            [(one, delegate) for one in _all(subject) if (delegate := delegate_of(_bytes(codes.get(one)))) is not None],
            here,
        ),
    }


def _all(subject: Subject) -> tuple[str, ...]:
    return (*subject.wallets, *subject.others)


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text.removeprefix("0x"))


def _by_address(files: ExportedFiles, dataset: str, column: str, here: Here) -> dict[str, Any]:
    frame = files.state(dataset, here.number)
    if not {"address", column} <= set(frame.columns):
        return {}
    return dict(frame.select("address", column).drop_nulls().iter_rows())


def _balances(files: ExportedFiles, subject: Subject, here: Here) -> Iterator[tuple[str, str, int]]:
    native = _by_address(files, "balances", "balance", here)
    for wallet in subject.wallets:
        if wallet in native:
            yield wallet, NATIVE, int(native[wallet])
    wallets, seen = set(subject.wallets), set(subject.seen)
    for dataset, column in (("erc20_balances", "erc20"), ("erc721_balances", "erc721")):
        frame = files.state(dataset, here.number)
        if {column, "address", "balance"} <= set(frame.columns):
            for token, wallet, value in (
                frame.select(column, "address", "balance").drop_nulls().sort(pl.all()).iter_rows()
            ):
                if wallet in wallets and token in subject.tokens and (value != "0" or (wallet, token) in seen):
                    yield wallet, token, int(value)


def _allowances(
    files: ExportedFiles, subject: Subject, here: Here
) -> Iterator[tuple[str, str, str, str, str | None, int]]:
    frame = files.state("allowances", here.number)
    names = ["standard", "token_address", "from_address", "to_address", "value"]
    if not set(names) <= set(frame.columns):
        return
    known = {row[:4]: row[4] for row in frame.select(names).iter_rows()}
    for grant in subject.grants:
        value = known.get(grant[:4]) if grant[4] is None else None
        if value is not None:
            yield *grant, int(value)


def _symbols(files: ExportedFiles, here: Here) -> dict[str, str | None]:
    frame = files.state("erc20_metadata", here.number)
    if not {"erc20", "symbol"} <= set(frame.columns):
        return {}
    return {
        token: (symbol or "")[:SYMBOL_CHARACTERS] or None
        for token, symbol in frame.select("erc20", "symbol").iter_rows()
    }


def _accounts(files: ExportedFiles, subject: Subject, codes: Mapping[str, str], here: Here) -> Iterator[dict[str, Any]]:
    nonces = _by_address(files, "nonces", "nonce", here)
    for address in _all(subject):
        if address not in codes:
            continue
        has = _bytes(codes[address])
        kind = "eoa" if not has else "contract" if delegate_of(has) is None else "eip7702"
        yield {
            "chain_id": here.chain_id,
            "block_number": here.number,
            "address": address,
            "kind": kind,
            "nonce": nonces.get(address),
        }
