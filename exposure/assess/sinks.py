"""Shared recipients and spenders of the exposed, tested against controls. Pure (design, section 7.1).

Nominated without looking at actions; counted in owners, not addresses; compared with logged wallets that were not exposed and
with the same wallets' own past, so that exchanges, routers, bridges and sales show by themselves that they are ordinary. The
bound on false finds is Bonferroni's over every address that could have been nominated, whoever used it: 1 %, family-wise.
Thieves rotate their addresses, so that each alone has few victims: those that look like a thief's whoever paid them (several
owners emptied into them, nobody before the first exposure) are also tested as if they were one. Beside addresses that people
named or that stand out by themselves, whose victims would lend a young sale a thief's numbers, its own numbers must bear it.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from exposure.amounts import NATIVE
from exposure.assess.holdings import Left
from exposure.assess.intake import plain
from exposure.assess.intervals import fisher_many, odds_ratio
from exposure.assess.moves import ZERO
from exposure.tables import TABLES, TIME

ROLE = pl.Enum(["sink", "spender", "delegate", "funder"])
_SINK = pl.lit("sink", ROLE)

OWNERS_LEAST = 3
FAMILY = 0.01
SUSPECT = 0.05
# Addresses that rotate: all of them together must stand out so far, and each by itself so far.
FAMILY_TOGETHER, ALONE = 0.001, 0.05
# A service that gives something back in so many of its dealings is one, whoever uses it.
TRADES_MOST = 0.2
# Of the owners who paid an attacker, so many were emptied of what they paid with; a payment leaves the rest where it is.
SWEPT_LEAST = 0.5
LEFT_MOST = 0.2
# So many owners' approvals must have been used by somebody else for nothing: being approved is what every dapp asks for.
USED_LEAST = 2
# What more than a tenth of the controls use is a service, however many more of the exposed do.
COMMON_MOST = 0.1


@dataclass(frozen=True, slots=True)
class Groups:
    """Who is compared: exposed wallets with the time since when, all wallets that were looked at, and their owners.

    `exposed`: address, since. `watched`: addresses. `owners`: address, owner.
    """

    exposed: pl.DataFrame
    watched: pl.Series
    owners: pl.DataFrame


def dealings(moves: pl.DataFrame, approvals: pl.DataFrame, nobody: pl.Series) -> pl.DataFrame:
    """Give who dealt with whom: role (sink: assets went there; spender: was approved), party, wallet, time, chain_id, plain.

    `nobody` are addresses that cannot be attackers: tokens, the dapp's own contracts. Trades, dust and moves without the
    wallet's authority are no dealings. `plain` says that nothing but the payment happened: a thief sends what there is to an
    address, or has it moved; whoever calls a contract uses a service, as far as anyone can see.
    """
    # Only the exposed are traced: what is told by traces alone would make the services that they use look like theirs alone.
    paid = moves.filter(pl.col("watched") & pl.col("authorised") & ~pl.col("back") & ~pl.col("dust") & ~pl.col("inner"))
    by_call = (
        pl.when(pl.col("token") == NATIVE)
        .then("called")
        .otherwise((pl.col("transaction_to") != pl.col("token")).fill_null(value=False))
    )
    plain = ~(pl.col("own").fill_null(value=False) & by_call)
    allowed = approvals.filter(pl.col("value") != "0")
    rows = pl.concat(
        [
            paid.select("chain_id", "wallet", "time", "token", "value_f64", role=_SINK, party="to", plain=plain),
            allowed.select(
                "chain_id",
                role=pl.lit("spender", ROLE),
                party="to_address",
                wallet="from_address",
                time="timestamp",
                token=pl.col("token_address"),
                plain=pl.lit(value=True),
            ),
        ],
        how="diagonal",
    )
    return rows.filter(~pl.col("party").is_in(nobody.implode()) & (pl.col("party") != ZERO))


def count_owners(rows: pl.DataFrame, groups: Groups) -> pl.DataFrame:
    """Count, for each role and party, independent owners among the exposed (`victims`) and among the controls (`controls`).

    An exposed owner counts as victim where they first dealt with it after their exposure, and else as a control: their past
    is what they do of their own will. Wallets of the party's own owner do not count: that is somebody's new wallet.
    """
    told = _of_owners(rows.lazy().select("role", "party", "wallet", "time"), groups)
    party_owner = groups.owners.lazy().rename({"owner": "party_owner"})
    told = told.join(party_owner, left_on="party", right_on="address", how="left")
    told = told.filter((pl.col("owner") != pl.col("party_owner")).fill_null(value=True))
    by_owner = told.group_by("role", "party", "owner").agg(pl.col("after").all())
    counted = by_owner.group_by("role", "party").agg(
        victims=pl.col("after").sum().cast(pl.Int64), controls=(~pl.col("after")).sum().cast(pl.Int64)
    )
    return counted.collect(engine="streaming")


def _of_owners(rows: pl.LazyFrame, groups: Groups) -> pl.LazyFrame:
    """Add owner, and `after`: its owner was exposed by then. A second wallet of an exposed owner stands with the first."""
    since = groups.exposed.join(groups.owners, on="address").group_by("owner").agg(since=pl.col("since").min())
    owned = groups.owners.join(since, on="owner", how="left")
    told = rows.join(owned.lazy(), left_on="wallet", right_on="address")
    return told.with_columns(after=(pl.col("time") >= pl.col("since")).fill_null(value=False))


def group_sizes(told: pl.LazyFrame, groups: Groups) -> tuple[int, int]:
    """Give the number of owners exposed, and of controls: the others, and those exposed who did anything before."""
    owners = groups.owners.filter(pl.col("address").is_in(groups.watched.implode()))
    exposed = owners.join(groups.exposed, on="address").get_column("owner").unique()
    others = owners.filter(~pl.col("owner").is_in(exposed.implode())).get_column("owner").n_unique()
    before = told.filter(pl.col("since").is_not_null() & ~pl.col("after")).select("owner").unique()
    return exposed.len(), others + before.collect(engine="streaming").height


def compare_parties(counted: pl.DataFrame, sizes: tuple[int, int]) -> pl.DataFrame:
    """Add p_value, q_value (family-wise) and odds_ratio to counted parties."""
    total, others = sizes
    # Whoever is used by fewer owners than are needed cannot be found, whichever group they are in: it is no test.
    tests = max(1, counted.filter(pl.col("victims") + pl.col("controls") >= OWNERS_LEAST).height)
    # A million parties have a few hundred different counts.
    cases = counted.select("victims", "controls").unique()
    victims, controls = cases.get_column("victims").to_numpy(), cases.get_column("controls").to_numpy()
    p_values = fisher_many(victims, total, controls, others)
    odds = [odds_ratio(int(a), total, int(c), others) for a, c in zip(victims, controls, strict=True)]
    figures = cases.with_columns(
        p_value=pl.Series(p_values, dtype=pl.Float64),
        q_value=pl.Series(np.minimum(p_values * tests, 1.0), dtype=pl.Float64),
        odds_ratio=pl.Series(odds, dtype=pl.Float64),
    )
    return counted.join(figures, on=["victims", "controls"], how="left")


def find_sinks(
    rows: pl.DataFrame,
    moves: pl.DataFrame,
    approvals: pl.DataFrame,
    left: Left,
    groups: Groups,
    known: pl.DataFrame,
    counted: pl.DataFrame,
) -> pl.DataFrame:
    """Test every party: columns role, party, chain_id, known, victims, controls, odds_ratio, p_value, q_value, verdict.

    `rows` are `dealings`, `left` what wallets hold now, `known` table `attackers`, `counted` what `count_owners` gives.
    Parties that no exposed owner dealt with are left out unless they are known.
    """
    known_keys = known.select(pl.col("role").cast(ROLE), party="address", known=pl.lit(value=True)).unique()
    missing = known_keys.join(counted, on=["role", "party"], how="anti").select(
        "role", "party", victims=pl.lit(0, pl.Int64), controls=pl.lit(0, pl.Int64)
    )
    told = _of_owners(rows.lazy(), groups)
    sizes = group_sizes(told, groups)
    tested = compare_parties(pl.concat([counted, missing]), sizes).join(known_keys, on=["role", "party"], how="left")
    tested = tested.with_columns(pl.col("known").fill_null(value=False)).filter(
        (pl.col("victims") > 0) | pl.col("known")
    )
    parties = tested.get_column("party")
    for signs in (_trade_share(moves, parties), _use_share(moves, approvals), _habits(told, left)):
        tested = tested.join(signs, on=["role", "party"], how="left")
    said = tested.filter(pl.col("known") | (pl.col("q_value") <= FAMILY)).get_column("party")
    turns = rotating(told, left, groups, sizes, counted, said)
    tested = tested.with_columns(
        rotates=pl.col("party").is_in(turns.parties.implode())
        & (pl.col("role") == "sink")
        & (pl.col("p_value") <= turns.bound)
    )
    chains = rows.filter(pl.col("party").is_in(parties.implode())).select("role", "party", "chain_id").unique()
    found = _judge(tested, sizes[1]).join(chains, on=["role", "party"], how="left")
    return found.with_columns(pl.col("role").cast(pl.String))


@dataclass(frozen=True, slots=True)
class Turns:
    """Parties that look like one thief's, and how unlikely each must be by itself; none, where together they are not."""

    parties: pl.Series
    bound: float


def rotating(
    told: pl.LazyFrame,
    left: Left,
    groups: Groups,
    sizes: tuple[int, int],
    counted: pl.DataFrame,
    said: pl.Series,
) -> Turns:
    """Give the parties that look like one thief's whoever paid them, where together they stand out.

    Nominated without a look at who was exposed: at least three owners sent them all they had of something and called nothing,
    and nobody dealt with them before the first exposure. Where they stand out only together with `said`, parties that something
    else tells of already, these may be all there is to it: then the others share one family's bound.
    """
    several = counted.filter(pl.col("victims") + pl.col("controls") >= OWNERS_LEAST).get_column("party")
    told = told.filter(
        (pl.col("role") == "sink")
        & pl.col("party").is_in(several.implode())
        & ~pl.col("party").is_in(groups.watched.implode())
    )
    begin = pl.lit(groups.exposed.get_column("since").min(), TIME)
    young = told.group_by("party").agg(first=pl.col("time").min()).filter(pl.col("first") >= begin)
    parties = young.select("party").collect(engine="streaming").to_series()
    told = told.filter(pl.col("party").is_in(parties.implode()))
    assets = told.group_by("party", "owner", "after", "chain_id", "wallet", "token").agg(
        paid=pl.col("value_f64").sum(), plain=pl.col("plain").any()
    )
    emptied = left.of(assets.collect()).filter(pl.col("plain") & (pl.col("left_f64") <= LEFT_MOST * pl.col("paid")))
    by_party = emptied.group_by("party").agg(owners=pl.col("owner").n_unique())
    nominated = by_party.filter(pl.col("owners") >= OWNERS_LEAST).get_column("party")
    unsaid = nominated.filter(~nominated.is_in(said.implode())).sort()
    if unsaid.is_empty():
        return Turns(unsaid, 0.0)
    if _chance(emptied, unsaid, sizes) <= FAMILY_TOGETHER:
        return Turns(unsaid, ALONE)
    if _chance(emptied, nominated, sizes) <= FAMILY_TOGETHER:
        return Turns(unsaid, FAMILY / unsaid.len())
    return Turns(unsaid.clear(), 0.0)


def _chance(emptied: pl.DataFrame, parties: pl.Series, sizes: tuple[int, int]) -> float:
    """Give how likely so many of the owners emptied into any of these parties are exposed ones by chance."""
    mine = emptied.filter(pl.col("party").is_in(parties.implode()))
    owners = mine.group_by("owner").agg(pl.col("after").any())
    victims = int(owners.get_column("after").sum())
    return float(fisher_many(np.array([victims]), sizes[0], np.array([owners.height - victims]), sizes[1])[0])


def _judge(tested: pl.DataFrame, others: int) -> pl.DataFrame:
    """Give the verdict. Where the shape speaks against a thief the numbers make a suspect at most."""
    enough = pl.col("victims") >= OWNERS_LEAST
    shaped = (
        (pl.col("swept").fill_null(1.0) >= SWEPT_LEAST)
        & (pl.col("plain").fill_null(1.0) >= SWEPT_LEAST)
        & ((pl.col("role") != "spender") | (pl.col("used_by").fill_null(0) >= USED_LEAST))
        # Whom more others use than exposed ones is no thief of these, however unlikely the numbers are.
        & (pl.col("controls") <= pl.col("victims"))
    )
    service = (pl.col("traded").fill_null(0.0) >= TRADES_MOST) | (pl.col("controls") > COMMON_MOST * others)
    # The team may have named an exchange by mistake: many who were not exposed use it as well.
    mistaken = (pl.col("controls") >= OWNERS_LEAST) & (pl.col("p_value") > 0.5)
    return tested.with_columns(
        verdict=pl.when(pl.col("known"))
        .then(pl.when(mistaken).then(pl.lit("ordinary")).otherwise(pl.lit("attacker")))
        .when(service)
        .then(pl.lit("ordinary"))
        .when(enough & ((pl.col("q_value") <= FAMILY) | pl.col("rotates")) & shaped)
        .then(pl.lit("attacker"))
        .when(enough & (pl.col("q_value") <= SUSPECT))
        .then(pl.lit("suspect"))
        .otherwise(pl.lit("ordinary"))
    )


def _trade_share(moves: pl.DataFrame, parties: pl.Series) -> pl.DataFrame:
    """Give, for recipients, in how many of its dealings something came back."""
    seen = moves.filter(pl.col("watched") & ~pl.col("dust") & pl.col("to").is_in(parties.implode()))
    return seen.group_by(party=pl.col("to")).agg(traded=pl.col("back").mean()).with_columns(role=_SINK)


def _use_share(moves: pl.DataFrame, approvals: pl.DataFrame) -> pl.DataFrame:
    """Give, for spenders, from how many wallets they moved what these had approved to them, for nothing in return.

    What somebody else moved is no use of theirs: old approvals are not all seen, and bundlers move what smart accounts tell them.
    """
    given = approvals.filter(pl.col("value") != "0").group_by("chain_id", "from_address", "token_address", "to_address")
    first = given.agg(first=pl.col("timestamp").min()).rename(
        {"from_address": "wallet", "token_address": "token", "to_address": "party"}
    )
    used = moves.filter(~pl.col("own").fill_null(value=True) & ~pl.col("dust")).join(
        first, on=["chain_id", "wallet", "token"]
    )
    used = used.filter(pl.col("time") >= pl.col("first"))
    mover = pl.col("transaction_to"), pl.col("transaction_from")
    used = used.filter(pl.any_horizontal((pl.col("party") == one).fill_null(value=False) for one in mover))
    by_party = used.group_by("party").agg(
        used_by=pl.col("wallet").filter(~pl.col("back")).n_unique(), traded_by=pl.col("back").mean()
    )
    fair = pl.col("traded_by") < TRADES_MOST
    return by_party.select("party", role=pl.lit("spender", ROLE), used_by=pl.when(fair).then("used_by").otherwise(0))


def _habits(told: pl.LazyFrame, left: Left) -> pl.DataFrame:
    """Give, over a party's exposed owners: `swept`, the share that it left empty, and `plain`, the share that only paid."""
    told = told.filter(pl.col("after") & (pl.col("role") == "sink"))
    assets = told.group_by("party", "owner", "chain_id", "wallet", "token").agg(
        paid=pl.col("value_f64").sum(), plain=pl.col("plain").any()
    )
    by_owner = (
        left.of(assets.collect())
        .group_by("party", "owner")
        .agg(
            swept=(pl.col("left_f64") <= LEFT_MOST * pl.col("paid")).any(ignore_nulls=False),
            plain=pl.col("plain").any(),
        )
    )
    # A wallet that nobody asked about says nothing on how it was left: null, and no part of the mean.
    return (
        by_owner.group_by("party")
        .agg(swept=pl.col("swept").cast(pl.Float64).mean(), plain=pl.col("plain").cast(pl.Float64).mean())
        .with_columns(role=_SINK)
    )


def sink_table(found: pl.DataFrame) -> pl.DataFrame:
    """Give table `sinks` of what `find_sinks` and the snowball found."""
    return TABLES["sinks"].check(
        plain(found).select(
            "chain_id",
            "role",
            "known",
            "odds_ratio",
            "p_value",
            "q_value",
            "verdict",
            address="party",
            victims=pl.col("victims").cast(pl.UInt32),
            controls=pl.col("controls").cast(pl.UInt32),
        )
    )
