"""Reads a drill from its files as a stranger would, with nothing of the generator's: what the marks are checked against."""

import gzip
import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import polars as pl
from eth_utils.crypto import keccak

from exposure.amounts import NATIVE

TRANSFER = keccak(text="Transfer(address,address,uint256)")
APPROVAL = keccak(text="Approval(address,address,uint256)")
FOR_ALL = keccak(text="ApprovalForAll(address,address,bool)")
# A piece of a log line that is an address: 40 hex digits after 0x and no more.
ADDRESS = re.compile(r"0x[0-9a-f]{40}(?![0-9a-f])")


class Made:
    """One drill's files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def truth(self) -> pl.DataFrame:
        """The rows of truth.parquet."""
        return pl.read_parquet(self.folder / "truth.parquet")

    @cached_property
    def answer(self) -> dict[str, Any]:
        """The contents of truth.toml."""
        return tomllib.loads((self.folder / "truth.toml").read_text())

    @cached_property
    def attackers(self) -> set[str]:
        """Every address of the attacker."""
        return {address for addresses in self.answer["attackers"].values() for address in addresses}

    def chain(self, dataset: str) -> pl.DataFrame:
        """One dataset of the chain export."""
        return pl.read_parquet(next((self.folder / "chain-export").glob(f"ethereum__{dataset}__*.parquet")))

    @cached_property
    def times(self) -> dict[int, int]:
        """Block -> Unix time."""
        blocks = self.chain("blocks")
        return dict(zip(blocks["block_number"], blocks["timestamp"], strict=True))

    @cached_property
    def moves(self) -> list[tuple[int, str, str, str, int]]:
        """Every movement of ether by a transaction and of a token: time, token, from, to, amount (1 for an NFT)."""
        found = []
        for row in self.chain("transactions").filter("success").iter_rows(named=True):
            if row["to_address"] and row["value_string"] != "0":
                parties = (text(row["from_address"]), text(row["to_address"]))
                found.append((self.times[row["block_number"]], NATIVE, *parties, int(row["value_string"])))
        for row in self.chain("logs").filter(pl.col("topic0") == TRANSFER).iter_rows(named=True):
            parties = (text(row["topic1"][12:]), text(row["topic2"][12:]))
            amount = 1 if row["topic3"] else int.from_bytes(row["data"], "big")
            found.append((self.times[row["block_number"]], text(row["address"]), *parties, amount))
        return sorted(found)

    def taken(self) -> dict[str, dict[str, str]]:
        """What went from truth's wallets to receiving addresses of the attacker: wallet -> token -> base units."""
        receivers = set(self.answer["attackers"].get("sink", []))
        wallets = set(self.truth["address"])
        sums: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        for _, token, sender, to, amount in self.moves:
            if to in receivers and sender in wallets and amount:
                sums[sender][token] += amount
        return {wallet: {token: str(amount) for token, amount in by.items()} for wallet, by in sums.items()}

    def lost(self) -> dict[str, dict[str, str]]:
        """What truth.parquet says was lost, of those who lost something."""
        rows = self.truth.filter("harmed").select("address", "lost").iter_rows()
        return {address: json.loads(lost) for address, lost in rows}

    def lines(self, log: str = "*") -> Iterator[bytes]:
        """Every line of the logs, or of one of them (cdn or origin)."""
        for path in sorted(self.folder.glob(f"logs/{log}/*.gz")):
            yield from gzip.decompress(path.read_bytes()).splitlines()

    def named_in_logs(self) -> set[str]:
        """Every address in any line, decoded twice."""
        return {
            address
            for line in self.lines()
            for address in ADDRESS.findall(unquote(unquote(line.decode("utf-8", "replace"))).lower())
        }


def text(value: bytes) -> str:
    """Spell bytes as tables do."""
    return "0x" + value.hex()
