"""Who sent a request: a keyed pseudonym of IP address, user agent and session id. The IP address goes no further. Pure."""

import hmac
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import polars as pl

from exposure.logs.formats.records import NUMBERED

# Clients whose pseudonyms are not worked out again when they return: some forty megabytes. The others cost a microsecond each.
_REMEMBERED = 300_000

Networks = tuple[IPv4Network | IPv6Network, ...]


class Pseudonyms:
    """Gives every client its pseudonym: HMAC-SHA256 under the case's key, shortened to 64 bits.

    `trusted` are the networks of the proxies whose X-Forwarded-For is believed.
    """

    def __init__(self, key: bytes, trusted: Sequence[str] = ()) -> None:
        self._key = key
        self._trusted: Networks = tuple(ip_network(network, strict=False) for network in trusted)
        self._known: dict[int, int | None] = {}

    def attach(self, records: pl.DataFrame) -> pl.DataFrame:
        """Put `client` (a number; null where a line names neither IP address nor session) in the place of `ip` and `forwarded`."""
        names = [*NUMBERED["who"], "forwarded"] if self._trusted else list(NUMBERED["who"])
        who = records.select(who=pl.col("who") * 31 + pl.col("forwarded").hash() if self._trusted else "who")
        column = who.get_column("who").unique()
        different = column.to_list()
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        unknown = [number for number in different if number not in self._known]
        if unknown:
            new = pl.Series("who", unknown, pl.UInt64).to_frame()
            people = who.with_columns(records.select(names)).join(new, on="who", how="semi").unique("who")
            self._known.update(self._name(people).iter_rows())
        clients = pl.Series("client", [self._known[number] for number in different], pl.UInt64)
        known = pl.DataFrame([column, clients])
        client = who.join(known, on="who", how="left", maintain_order="left").get_column("client")
        return records.drop("ip", "forwarded", "who").with_columns(client)

    def _name(self, people: pl.DataFrame) -> pl.DataFrame:
        """Give people (who, ip, ua, session, and forwarded where proxies are trusted) their pseudonyms (who, client)."""
        some = people.filter((pl.col("ip").fill_null("") != "") | (pl.col("session").fill_null("") != ""))
        ips = some.get_column("ip").fill_null("")
        hops = some.get_column("forwarded").fill_null("") if self._trusted else [""] * len(ips)
        pairs = zip(ips.to_list(), hops, strict=True)
        addresses = [client_address(ip, hop, self._trusted) if ip else "" for ip, hop in pairs]
        told = some.select(pl.Series("address", addresses, pl.String), pl.col("ua", "session").fill_null(""))
        texts = told.select(pl.concat_str("address", "ua", "session", separator="\n")).to_series()
        key = self._key
        numbers = [int.from_bytes(hmac.digest(key, text.encode(), "sha256")[:8], "big") for text in texts.to_list()]
        named = some.select("who", pl.Series("client", numbers, pl.UInt64))
        return people.select("who").join(named, on="who", how="left")


def show_clients(clients: pl.Series) -> pl.DataFrame:
    """Give `client` numbers with their 16 hex digits in `shown`, each once."""
    once = clients.drop_nulls().unique()
    return pl.DataFrame(
        {"client": once, "shown": [f"{client:016x}" for client in once]}, schema_overrides={"shown": pl.String}
    )


def client_address(ip: str, forwarded: str, trusted: Networks) -> str:
    """Give the address that counts: the last one that no trusted proxy vouches for, of IPv6 its /64.

    `forwarded` may hold X-Forwarded-For among other fields; what comes before the client's own entry, the client wrote itself.
    """
    if not trusted and ip.count(".") == 3 and ip.replace(".", "").isdigit():
        return ip
    address = _read(ip)
    hops = [_read(hop) for hop in forwarded.replace('"', " ").replace(",", " ").split()]
    for hop in reversed([hop for hop in hops if not isinstance(hop, str)]):
        if isinstance(address, str) or not any(address in network for network in trusted):
            break
        address = hop
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False).network_address)
    return str(address)


def _read(text: str) -> IPv4Address | IPv6Address | str:
    """Read an IP address with or without port; what is none (a host name) stays text."""
    bare = text.strip().strip("[]") if text.count(":") != 1 else text.strip().split(":", 1)[0]
    bare = bare.split("]", 1)[0].split("%", 1)[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return text.lower()
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
