"""Names and amounts for people: checksummed addresses, symbols that cannot lie, chains by their name. Pure."""

import re
from collections.abc import Mapping
from functools import lru_cache

import polars as pl

from exposure.amounts import NATIVE, show
from exposure.incident import Incident

_PLAIN = re.compile(r"[A-Za-z0-9$.+-]{1,12}")


@lru_cache(maxsize=65_536)
def checksummed(address: str) -> str:
    """Write an address as people compare it (EIP-55)."""
    from eth_utils.address import to_checksum_address  # 0.2 s to import: only where there is something to write

    return str(to_checksum_address(address))


class Names:
    """How this incident's tokens, chains and attackers are called in text."""

    def __init__(self, tables: Mapping[str, pl.DataFrame], incident: Incident, attackers: pl.DataFrame) -> None:
        self._chains = {chain.id: chain.name for chain in incident.chains}
        rows = tables["tokens"].select("chain_id", "token_address", "symbol", "decimals", "standard").iter_rows()
        self._tokens = {
            (chain, token): (symbol, decimals, standard) for chain, token, symbol, decimals, standard in rows
        }
        self._confirmed = set(attackers.filter("confirmed").get_column("address"))
        self._known = set(attackers.get_column("address"))

    def chain(self, chain_id: int) -> str:
        """Name a chain as incident.toml does."""
        return self._chains.get(chain_id, f"chain {chain_id}")

    def place(self, chain_id: int) -> str:
        """Say on which chain, where there is more than one; else nothing."""
        return f" on {self.chain(chain_id)}" if len(self._chains) > 1 or chain_id not in self._chains else ""

    def token(self, chain_id: int, token: str) -> str:
        """Name a token: a symbol that is a plain word (anybody can claim any), and its contract."""
        symbol, _, _ = self._tokens.get((chain_id, token), (None, None, None))
        plain = symbol if symbol and _PLAIN.fullmatch(symbol) else None
        if token == NATIVE:
            return plain or "native asset"
        return f"{plain or 'token'} ({checksummed(token)})"

    def amount(self, chain_id: int, token: str, value: int, token_id: str | None = None) -> str:
        """Write an amount exactly."""
        if token_id is not None:
            return f"{self.token(chain_id, token)} #{token_id}" + (f" ×{value}" if value != 1 else "")
        _, decimals, standard = self._tokens.get((chain_id, token), (None, None, None))
        if token == NATIVE:
            decimals = 18
        if standard in ("erc721", "erc1155"):
            return f"{value} of {self.token(chain_id, token)}"
        return show(value, decimals, self.token(chain_id, token))

    def attacker(self, address: str) -> str:
        """Name an address, and whether the team or the data calls it an attacker."""
        if address in self._confirmed:
            return f"{checksummed(address)} (known attacker)"
        return f"{checksummed(address)} (discovered, not confirmed)" if address in self._known else checksummed(address)
