"""A client is a pseudonym of IP address and browser that nobody can turn back without the key."""

from ipaddress import ip_network

import polars as pl
import pytest

from exposure.logs.clients import Networks, Pseudonyms, client_address, show_clients
from exposure.logs.formats.records import NUMBERED, number_of

PROXIES: Networks = (ip_network("10.0.0.0/8"), ip_network("2001:db8:aaaa::/48"))
KEY = bytes(32)


def clients(
    *people: tuple[str | None, str | None, str | None], key: bytes = KEY, trusted: tuple[str, ...] = ()
) -> list[int | None]:
    """Give the pseudonyms of (ip, forwarded, ua)."""
    schema = {"ip": pl.String, "forwarded": pl.String, "ua": pl.String}
    rows = pl.DataFrame(people, schema=schema, orient="row").with_columns(session=pl.lit(None, pl.String))
    return Pseudonyms(key, trusted).attach(numbered(rows)).get_column("client").to_list()


def numbered(rows: pl.DataFrame) -> pl.DataFrame:
    """Give rows of people the number that records have."""
    return rows.with_columns(who=number_of(NUMBERED["who"]))


def test_the_same_person_has_the_same_pseudonym_and_others_have_others() -> None:
    """IP address and browser together tell people apart as well as a log can."""
    one, again, other_ip, other_ua, no_ua = clients(
        ("203.0.113.7", None, "A"), ("203.0.113.7", None, "A"), ("203.0.113.8", None, "A"), ("203.0.113.7", None, "B"),
        ("203.0.113.7", None, None),
    )  # fmt: skip
    assert (one, 4) == (again, len({one, other_ip, other_ua, no_ua}))


def test_the_pseudonym_depends_on_the_key() -> None:
    """Without the key all four billion addresses could be tried."""
    assert clients(("203.0.113.7", None, "A")) != clients(("203.0.113.7", None, "A"), key=b"1" * 32)


def test_a_pseudonym_is_the_same_in_every_block_and_run() -> None:
    """The same client in another file, or tomorrow, is the same client."""
    pseudonyms = Pseudonyms(KEY)
    rows = pl.DataFrame(
        {"ip": ["203.0.113.7"], "forwarded": [None], "ua": ["A"]}, schema_overrides={"forwarded": pl.String}
    ).with_columns(session=pl.lit(None, pl.String))
    rows = numbered(rows)
    first = pseudonyms.attach(rows).get_column("client").to_list()
    assert first == pseudonyms.attach(rows).get_column("client").to_list() == clients(("203.0.113.7", None, "A"))


def test_lines_without_an_ip_address_have_no_client() -> None:
    """All of them as one client would tie strangers together."""
    assert [None, None] == clients((None, None, "A"), ("", None, "A"))


@pytest.mark.parametrize(
    ("ip", "forwarded", "trusted", "expected"),
    [
        ("203.0.113.7", "", (), "203.0.113.7"),
        ("203.0.113.7:51234", "", (), "203.0.113.7"),
        ("::ffff:203.0.113.7", "", (), "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "", (), "2001:db8:1:2::"),
        ("[2001:db8:1:2::9]:443", "", (), "2001:db8:1:2::"),
        ("fe80::1%eth0", "", (), "fe80::"),
        ("Dsl-7.Example.net", "", (), "dsl-7.example.net"),
        ("10.0.0.1", ' "198.51.100.1"', (), "10.0.0.1"),
        ("10.0.0.1", ' "198.51.100.1"', PROXIES, "198.51.100.1"),
        ("10.0.0.1", ' "6.6.6.6, 198.51.100.1, 10.2.2.2"', PROXIES, "198.51.100.1"),
        ("203.0.113.7", ' "6.6.6.6"', PROXIES, "203.0.113.7"),
        ("10.0.0.1", ' "-"', PROXIES, "10.0.0.1"),
        ("10.0.0.1", ' 0.004 "unknown, 198.51.100.1:4711"', PROXIES, "198.51.100.1"),
        ("2001:db8:aaaa::1", ' "2001:db8:1:2:3::4"', PROXIES, "2001:db8:1:2::"),
    ],
)
def test_the_address_that_counts(ip: str, forwarded: str, trusted: Networks, expected: str) -> None:
    """Ports go, IPv6 counts by /64, and X-Forwarded-For is believed as far as trusted proxies wrote it."""
    assert expected == client_address(ip, forwarded, trusted)


def test_behind_a_trusted_proxy_people_are_told_apart() -> None:
    """Else the proxy would be one client with everybody's wallets."""
    people = (("10.0.0.1", ' "198.51.100.1"', "A"), ("10.0.0.1", ' "198.51.100.2"', "A"))
    assert (1, 2) == (len(set(clients(*people))), len(set(clients(*people, trusted=("10.0.0.0/8",)))))


def test_a_session_of_the_site_tells_people_of_one_ip_address_apart() -> None:
    """A cookie names the browser better than address and user agent do; an event may have nothing else."""
    schema = dict.fromkeys(("ip", "ua", "session", "forwarded"), pl.String)
    people = [("203.0.113.7", "A", "s1"), ("203.0.113.7", "A", "s2"), ("203.0.113.7", "A", None), (None, None, "s1")]
    rows = [(*person, None) for person in people]
    found = Pseudonyms(KEY).attach(numbered(pl.DataFrame(rows, schema=schema, orient="row")))["client"]
    assert (4, 0) == (found.n_unique(), found.null_count())


def test_pseudonyms_are_shown_as_16_hex_digits() -> None:
    """Also small ones."""
    shown = show_clients(pl.Series([255, 255, None, 2**64 - 1], dtype=pl.UInt64))
    assert [(255, "00000000000000ff"), (2**64 - 1, "f" * 16)] == sorted(shown.rows())
