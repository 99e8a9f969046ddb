"""Requests -> sessions of a client, and how surely an address seen in one belongs to who acted in it. Pure."""

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from exposure.logs.clients import show_clients
from exposure.logs.formats.records import shape
from exposure.tables import TIME

# How surely the owner of an address did what a request did. These are judgements, measured on drills; one place to change them.
DIRECT = 0.98  # the address stands in the request itself: still, people look at addresses of others
# The address stands in another request of the session, or in the referer, which is the page before.
ALONE = 0.9  # it is the session's one address
FEW = 0.75  # of two or three: people have several wallets
FEW_ADDRESSES = 3  # with more than these, one of n: 1/n
# Sessions with more addresses are a list or a scan: 1/n would say nothing, and there would be n links for every action.
MOST_ADDRESSES = 50
# Clients with many addresses are offices, shared phones' networks, or bots: nothing is surer than this.
CROWDED_CLIENT, CROWDED = 20, 0.5
# Nobody has hundreds of wallets open: a bot, at most 1/n.
BOT_CLIENT = 100
# Addresses that many clients look at are known ones (contracts, exchanges, celebrities): a session proves little.
SHARED_ADDRESS, SHARED = 50, 0.5
FAMOUS_ADDRESS = 500  # at most one of n clients: 1/n
# An address in a line that could not be read: somebody was there, at a time that is not known.
UNREAD = 0.5

# A secret in a line opens it, and the logs name it; or it was only derived, and counts if the chain knows it.
OPENED, DERIVED = 1.0, 0.25

# When a client asked for anything: what sessions are made of.
SPANS = shape(client=pl.UInt64, first=TIME, last=TIME)
_LEAST_GAP = timedelta(minutes=1)  # cells are a minute wide


def only_derived() -> pl.Expr:
    """Tell which sightings are of a wallet that a secret opens and that no log names."""
    return (pl.col("link") == "key") & (pl.col("strength") <= DERIVED)


def find_sessions(spans: pl.LazyFrame, clients: pl.Series, gap: timedelta) -> pl.DataFrame:
    """Give the sessions of these clients: client, number (from 1), start; `gap` without a request begins a new one.

    Built from the SPANS of every request, in whatever order and source they came. A gap below a minute counts as a minute.
    """
    wanted = clients.unique().sort()
    if wanted.is_empty():
        return pl.DataFrame(schema={"client": pl.UInt64, "start": TIME, "number": pl.UInt32})
    near = spans.filter(pl.col("client").is_between(wanted[0], wanted[-1]))
    mine = near.join(wanted.to_frame("client").lazy(), on="client", how="semi").select("client", "first", "last")
    sorted_ = mine.collect().sort("client", "first")
    before = pl.col("last").cum_max().shift(1).over("client")
    begins = (pl.col("first") - before > max(gap, _LEAST_GAP)).fill_null(value=True)
    starts = sorted_.filter(begins).select("client", start="first")
    return starts.with_columns(number=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).over("client"))


def name_sessions(requests: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """Put into requests (with `client` as number, `time`) the text of client and session; null where there is no client."""
    known = requests.filter(pl.col("client").is_not_null()).sort("time")
    found = known.join_asof(
        sessions.sort("start").select("client", "number", "start"),
        left_on="time",
        right_on="start",
        by="client",
        strategy="backward",
        check_sortedness=False,
    ).drop("start")
    named = found.join(show_clients(known.get_column("client")), on="client", how="left")
    named = named.with_columns(client="shown", session=pl.concat_str("shown", pl.lit("-"), "number")).drop(
        "shown", "number"
    )
    nobody = requests.filter(pl.col("client").is_null())
    empty = nobody.with_columns(client=pl.lit(None, pl.String), session=pl.lit(None, pl.String))
    return pl.concat([named, empty.select(named.columns)])


def known_addresses(mentions: pl.LazyFrame) -> pl.DataFrame:
    """Give the addresses that many clients look at, over all logs: address, shares (how many)."""
    shown = mentions.filter(~pl.col("typo")).select("address", "client").drop_nulls().unique()
    counted = shown.group_by("address").agg(shares=pl.len()).filter(pl.col("shares") > SHARED_ADDRESS)
    return counted.collect(engine="streaming")


def link_sightings(
    requests: pl.DataFrame, mentions: pl.DataFrame, famous: pl.DataFrame, events: Sequence[int] = ()
) -> pl.DataFrame:
    """Tie addresses to actions: each where it stands (`direct`), and to the actions of the same session (`session`).

    `requests` holds source, line, time, client, session, action; `mentions` MENTIONS without typos. An address in a line of the
    sources `events` is linked as `event`. `famous` is what `known_addresses` gives; all rows of a client are given at once.
    Gives address, time, link, strength, client, session, action, source, line. No mentions give no rows.
    """
    seen = mentions.select("source", "line", "address", "in_target").join(requests, on=["source", "line"])
    crowds = seen.group_by("client").agg(crowd=pl.col("address").n_unique())
    together = seen.select("session", "address").drop_nulls("session").unique()
    sizes = together.group_by("session").agg(addresses=pl.len())

    def weigh(rows: pl.DataFrame, link: str, near: pl.Expr) -> pl.DataFrame:
        known = rows.join(crowds, on="client", how="left").join(famous, on="address", how="left")
        known = known.join(sizes, on="session", how="left").with_columns(
            pl.col("crowd", "addresses", "shares").fill_null(1)
        )
        weighed = known.with_columns(link=pl.lit(link), strength=pl.min_horizontal(near, _crowd_limit()))
        return weighed.select("address", "time", "link", "strength", "client", "session", "action", "source", "line")

    near = _session_strength()
    told = weigh(seen, "direct", pl.when("in_target").then(DIRECT).otherwise(near))
    is_event = pl.col("source").is_in(list(events))
    direct = told.with_columns(link=pl.when(is_event).then(pl.lit("event")).otherwise("link"))
    small = sizes.filter(pl.col("addresses") <= MOST_ADDRESSES).select("session")
    acted = requests.filter(pl.col("action").is_not_null()).join(small, on="session", how="semi")
    pairs = acted.join(together, on="session").join(seen, on=["source", "line", "address"], how="anti")
    return pl.concat([direct, weigh(pairs, "session", near)])


def _session_strength() -> pl.Expr:
    addresses = pl.col("addresses")
    few = pl.when(addresses <= FEW_ADDRESSES).then(FEW).otherwise(1.0 / addresses)
    shares = pl.col("shares")
    shared = pl.when(shares < FAMOUS_ADDRESS).then(SHARED).otherwise(1.0 / shares)
    limit = pl.when(shares <= SHARED_ADDRESS).then(1.0).otherwise(shared)
    return pl.min_horizontal(pl.when(addresses <= 1).then(ALONE).otherwise(few), limit)


def _crowd_limit() -> pl.Expr:
    crowd = pl.col("crowd")
    crowded = pl.when(crowd < BOT_CLIENT).then(CROWDED).otherwise(1.0 / crowd)
    return pl.when(crowd <= CROWDED_CLIENT).then(1.0).otherwise(crowded)
