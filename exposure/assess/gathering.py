"""The outbreak -> what is known beyond single wallets, gathered once, so that wallets can be judged a stretch at a time. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl

from exposure.assess.chances import deed_chances, typical_wait
from exposure.assess.coverage import Coverage, find_coverage, read_until
from exposure.assess.deeds import CLOCK_SLACK
from exposure.assess.evidence import evidence_table
from exposure.assess.holdings import at_risk, balances_now, departures, moved_most, unshared
from exposure.assess.intake import add_exact
from exposure.assess.layers import layer_flags
from exposure.assess.moves import TX
from exposure.assess.naming import Names
from exposure.assess.outbreak import Outbreak
from exposure.assess.remedy import revoke_texts
from exposure.assess.signs import (
    delegation_rows,
    departure_rows,
    foreign_moves,
    foreign_rows,
    gas_rows,
    gas_sent,
    permission_rows,
    pretence_rows,
    split_rows,
    taking_rows,
)
from exposure.assess.standing import crowded_lines
from exposure.assess.unseen import unseen_losses, unseen_rows


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is known beyond single wallets. `found` comes without its moves, whose losses are `found.taken`, named exactly.

    `wallets`: everybody who is judged, in order of the address: address, stretch (its number), tie, kind, state_read, and the
    columns of `layer_flags`. `signs` (table evidence, addresses as held) is what the chain says of them. The rest are sets of
    wallets, and what holds for all.
    """

    found: Outbreak
    names: Names
    coverage: Coverage
    chances: pl.DataFrame
    until: datetime | None
    wait: timedelta
    crowded: pl.DataFrame
    wallets: pl.DataFrame
    signs: pl.DataFrame
    moved_most: pl.Series
    told_theft: pl.Series
    signers: pl.Series
    moved_by_owner: pl.Series
    revoke: Mapping[str, str]


def gather(found: Outbreak, together: int) -> Gathered:
    """Gather it, and let go of the transfers; wallets that have about `together` rows of sightings make a stretch."""
    tables, incident = found.scene.tables, found.scene.incident
    names = Names(tables, incident, found.attackers)
    is_x = dict(
        found.rates.table.filter(pl.col("host").is_null() & pl.col("asset_state").is_null())
        .select("action", "is_x")
        .iter_rows()
    )
    until = read_until(tables["coverage"], incident)
    chances = deed_chances(found.exposing, found.harmed, found.scene.watched, is_x, until)
    coverage = find_coverage(tables, incident, found.windows.published)
    wallets = _everybody(found, together)
    told_theft, gas = _told_theft(found), _gas(found)
    # Nothing else asks for transfers, and what follows needs their room.
    found.scene.intake.forget_transfers()
    story = _story(found, gas)
    found = replace(found, taken=story.taken)
    gone = _gone(found, story)
    held = found.scene.intake.rows_of("balances", found.exposed.get_column("address"))
    unseen = unseen_losses(held, found.moves, found.exposed, found.windows.published.t1)
    strangers = wallets.filter(pl.col("tie") == "chain_only").get_column("address")
    signs = evidence_table([*_signs(found, story, names, gone, strangers), unseen_rows(unseen, names)])
    found = replace(found, moves=found.moves.clear())
    return Gathered(
        found=found,
        names=names,
        coverage=coverage,
        chances=chances,
        until=until,
        wait=typical_wait(found.exposing, found.harmed),
        crowded=crowded_lines(found.placing.of(found.scene.deeds.read())),
        wallets=_with_flags(wallets, found, coverage),
        signs=found.scene.intake.encode(signs),
        moved_most=gone.most.get_column("address"),
        told_theft=told_theft,
        signers=_signers(found),
        moved_by_owner=_moved_by_owner(tables["people"]),
        revoke=revoke_texts(found.permissions, found.delegated.filter("live"), names),
    )


@dataclass(frozen=True, slots=True)
class _Story:
    """Moves of those whom evidence is about, with what names them exactly; `odd` ones by strangers; `gas` that attackers sent."""

    moves: pl.DataFrame
    taken: pl.DataFrame
    odd: pl.DataFrame
    gas: pl.DataFrame


def _gas(found: Outbreak) -> pl.DataFrame:
    """Give what attackers sent to the exposed and the robbed for gas."""
    hurt = found.taken.group_by(address="wallet").agg(since=pl.col("time").min() - CLOCK_SLACK)
    since = pl.concat([found.exposed, hurt.join(found.exposed, on="address", how="anti")])
    return gas_sent(found.scene.tables["transfers"], found.attackers, since)


def _story(found: Outbreak, gas: pl.DataFrame) -> _Story:
    """Pick the moves that may become evidence: of the exposed and the robbed, and whatever has to do with an attacker."""
    takes = found.takers.get_column("address").implode()
    wallets = pl.concat([found.exposed.get_column("address"), found.taken.get_column("wallet")]).unique().implode()
    near = pl.any_horizontal(
        pl.col("wallet").is_in(wallets),
        *[pl.col(name).is_in(takes) for name in ("to", "transaction_from", "transaction_to")],
    )
    moves = found.moves.filter(near.fill_null(value=False))
    odd = foreign_moves(found.moves, found.taken, found.exposed, found.scene.approvals)
    exact = found.scene.intake.exact(pl.concat([moves.get_column("row"), gas.get_column("row")]))
    return _Story(*[add_exact(rows, exact) for rows in (moves, found.taken, odd, gas)])


def _everybody(found: Outbreak, together: int) -> pl.DataFrame:
    """Give address, stretch and `tie` of every wallet: those seen, people's own rows, and those that only the chain shows."""
    hostile = found.attackers.get_column("address").implode()
    people = found.scene.tables["people"].filter(pl.col("added").fill_null(value=False)).select("address")
    chain = pl.concat(
        [
            found.taken.select(address="wallet"),
            found.permissions.select("address"),
            found.delegated.select(address="wallet"),
        ]
    )
    every = pl.concat(
        [
            found.scene.sighted.select("address", "rows", tie=pl.lit(None, pl.String), rank=pl.lit(0)),
            people.select("address", tie=pl.lit("reported"), rank=pl.lit(1)),
            chain.select("address", tie=pl.lit("chain_only"), rank=pl.lit(2)),
        ],
        how="diagonal",
    )
    nobody = found.scene.nobody.implode()
    kept = every.filter(~pl.col("address").is_in(hostile) & ~pl.col("address").is_in(nobody))
    once = kept.sort("address", "rank").unique("address", keep="first", maintain_order=True)
    upto = pl.col("rows").fill_null(0).cast(pl.Int64).cum_sum()
    # A wallet without sightings is some work as well.
    stretch = (upto + pl.int_range(pl.len())) // together
    return once.select("address", "tie", stretch=stretch.cast(pl.UInt32))


def _with_flags(wallets: pl.DataFrame, found: Outbreak, coverage: Coverage) -> pl.DataFrame:
    """Add kind, state_read, and what was looked at."""
    tables, incident = found.scene.tables, found.scene.incident
    chains = [chain.id for chain in incident.chains]
    read = coverage.state_read.filter(pl.col("chain_id").is_in(chains))
    read = read.group_by("address").agg(chains=pl.col("chain_id").n_unique())
    whole = read.filter(pl.col("chains") == len(chains)).get_column("address") if chains else read["address"].clear()
    kinds = found.scene.intake.kinds.select("address", "kind")
    flags = layer_flags(wallets, tables, incident)
    return (
        wallets.with_columns(state_read=pl.col("address").is_in(whole.implode()))
        .join(kinds, on="address", how="left", maintain_order="left")
        .join(flags, on="address", how="left", maintain_order="left")
    )


@dataclass(frozen=True, slots=True)
class _Gone:
    """What exposed wallets sent away after their exposure, what of it to addresses of their own, and who sent most so."""

    departed: pl.DataFrame
    most: pl.DataFrame


def _gone(found: Outbreak, story: _Story) -> _Gone:
    departed = departures(story.moves, found.exposed, found.taken)
    busy = found.counted.filter((pl.col("role") == "sink") & (pl.col("controls") > 0)).get_column("party")
    suspects = found.sinks.filter(pl.col("verdict") != "ordinary").get_column("party")
    code = found.scene.intake.kinds.filter(pl.col("kind") == "contract").get_column("address")
    others = pl.concat([busy, suspects, code, found.scene.nobody, found.attackers.get_column("address")]).unique()
    alone = unshared(departed, found.moves, found.owners, others)
    theirs = found.scene.intake.rows_of("balances", alone.get_column("wallet"))
    most = moved_most(alone, balances_now(theirs), found.scene.real)
    # Who was robbed by the attacker did not move it themself.
    return _Gone(departed, most.join(found.taken.select(address="wallet"), on="address", how="anti"))


def _signs(found: Outbreak, story: _Story, names: Names, gone: _Gone, strangers: pl.Series) -> list[pl.DataFrame]:
    """Give the A and N rows of the chain; `strangers` are the wallets that only the chain shows."""
    suspects = pl.concat([found.taken.select(*TX, "wallet"), story.odd.select(*TX, "wallet")])
    earlier = story.moves.join(found.exposed, left_on="wallet", right_on="address").filter(
        (pl.col("time") < pl.col("since")) & pl.col("authorised") & ~pl.col("dust")
    )
    held = balances_now(found.scene.intake.rows_of("balances", found.permissions.get_column("address")))
    nobody = held.head(0)
    return [
        *taking_rows(found.taken, names),
        foreign_rows(story.odd, names),
        gas_rows(story.gas, names),
        permission_rows(found.permissions, at_risk(held, nobody, nobody, found.permissions), strangers, names),
        delegation_rows(found.delegated, names),
        split_rows(story.moves, suspects),
        pretence_rows(story.moves, found.taken, found.takers, names),
        *departure_rows(gone.departed, gone.most, found.counted, found.owners, earlier.select("wallet", "to")),
    ]


def _told_theft(found: Outbreak) -> pl.Series:
    """Give the wallets whose owners name the transaction that robbed them, where it moved something of theirs."""
    thefts = found.scene.intake.reported(found.scene.incident).select("tx", wallet="address")
    named = found.moves.lazy().filter(~pl.col("dust")).select("tx", "wallet")
    told = named.join(thefts.lazy(), on=["tx", "wallet"], how="semi").collect(engine="streaming")
    return told.get_column("wallet").unique()


def _signers(found: Outbreak) -> pl.Series:
    """Give the wallets whose signature for an attacker the chain shows: an approval or a delegation."""
    known = found.takers.get_column("address").implode()
    signed = found.scene.approvals.filter(pl.col("to_address").is_in(known) & (pl.col("value") != "0"))
    both = pl.concat([signed.select(address="from_address"), found.delegated.select(address="wallet")])
    return both.get_column("address").unique()


def _moved_by_owner(people: pl.DataFrame) -> pl.Series:
    """Give the wallets whose harm a person set to moved_by_owner in the sheet."""
    set_by_hand = pl.col("overrides").map_elements(_says_moved, return_dtype=pl.Boolean, skip_nulls=True)
    return people.filter(set_by_hand).get_column("address")


def _says_moved(overrides: str) -> bool:
    try:
        return bool(json.loads(overrides).get("harm") == "moved_by_owner")
    except (ValueError, AttributeError):
        return False
