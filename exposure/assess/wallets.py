"""The outbreak -> table `wallets`, one row a wallet over all chains, with `evidence` and `holdings`. Pure."""

import json
from dataclasses import dataclass, replace

import polars as pl

from exposure.assess.actions import exposures_of
from exposure.assess.chances import deed_chances, spared_weight, taken_by, typical_wait
from exposure.assess.coverage import Coverage, find_coverage, read_until
from exposure.assess.deeds import CLOCK_SLACK
from exposure.assess.evidence import evidence_table
from exposure.assess.holdings import at_risk, balances_now, departures, holding_table, moved_most, unshared
from exposure.assess.intake import add_exact, plain
from exposure.assess.layers import wallet_layers
from exposure.assess.losses import loss_table
from exposure.assess.moves import TX, kinds_of
from exposure.assess.naming import Names
from exposure.assess.outbreak import Outbreak
from exposure.assess.remedy import remedies, revoke_texts
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
from exposure.assess.standing import exposure_evidence, standing, weigh
from exposure.assess.summing import amount_texts, urgency
from exposure.assess.unseen import unseen_losses, unseen_rows
from exposure.assess.verdict import code_weights, harm_states, judge
from exposure.tables import TABLES

_MUST_ACT = ["compromised", "probable", "exposed"]


@dataclass(frozen=True, slots=True)
class Judged:
    """Tables evidence, holdings, losses and wallets."""

    evidence: pl.DataFrame
    holdings: pl.DataFrame
    losses: pl.DataFrame
    wallets: pl.DataFrame


def judge_wallets(found: Outbreak) -> Judged:
    """Judge every wallet that logs, people, reports or the attackers' side of the chain name."""
    tables, incident = found.scene.tables, found.scene.incident
    names = Names(tables, incident, found.attackers)
    is_x = dict(
        found.rates.table.filter(pl.col("host").is_null() & pl.col("asset_state").is_null())
        .select("action", "is_x")
        .iter_rows()
    )
    until = read_until(tables["coverage"], incident)
    chances = deed_chances(found.deeds, found.harmed, found.scene.watched, is_x, until)
    deeds = weigh(found.deeds, chances)
    nothing_exposes = not any(action.exposure != "none" for action in incident.actions)
    stand = standing(deeds, found.rates.vetoed, nothing_exposes)
    coverage = find_coverage(tables, incident, found.windows.published)
    rows = _everybody(found, stand).join(stand, on="address", how="left")
    rows = rows.with_columns(link=pl.coalesce("link", "tie")).drop("tie")
    held = balances_now(tables["balances"])
    story = _story(found)
    found = replace(found, taken=story.taken)
    gone = _gone(found, story, held)
    words = {action.name: action.words for action in incident.actions}
    unseen = unseen_losses(tables["balances"], found.moves, found.exposed, found.windows.published.t1)
    parts = [*exposure_evidence(deeds, words, tables["secrets"]), *_signs(found, story, names, gone, rows, held)]
    parts.append(unseen_rows(unseen, names))
    evidence = evidence_table(parts)
    weights = code_weights(found.scene.intake.encode(evidence))
    rows = _add_flags(rows, found, coverage).join(weights, on="address", how="left")
    spared = spared_weight(taken_by(pl.col("last_exposed"), until, typical_wait(found.deeds, found.harmed)))
    rows = judge(rows.with_columns(spared=spared), _attack_rate(found))
    rows = _add_exposure_kind(rows, found)
    rows = _add_unseen(rows, found)
    must_act = rows.filter(pl.col("verdict").is_in(_MUST_ACT))
    risk = at_risk(held, must_act.filter("key"), must_act.filter("unseen_signature"), found.permissions)
    rows = _add_harm(rows, found, coverage, held, risk, gone)
    rows = remedies(rows, revoke_texts(found.permissions, found.delegated.filter("live"), names))
    table = _table(rows, found, coverage, risk, names)
    listed = table.select("address")
    evidence = TABLES["evidence"].check(evidence.join(listed, on="address", how="semi"))
    listed = found.scene.intake.encode(listed)
    return Judged(evidence, holding_table(held, risk, listed), loss_table(found.taken), table)


@dataclass(frozen=True, slots=True)
class _Story:
    """Moves of those whom evidence is about, with what names them exactly; `odd` ones by strangers; `gas` that attackers sent."""

    moves: pl.DataFrame
    taken: pl.DataFrame
    odd: pl.DataFrame
    gas: pl.DataFrame


def _story(found: Outbreak) -> _Story:
    """Pick the moves that may become evidence: of the exposed and the robbed, and whatever has to do with an attacker."""
    takes = found.takers.get_column("address").implode()
    wallets = pl.concat([found.exposed.get_column("address"), found.taken.get_column("wallet")]).unique().implode()
    near = pl.any_horizontal(
        pl.col("wallet").is_in(wallets),
        *[pl.col(name).is_in(takes) for name in ("to", "transaction_from", "transaction_to")],
    )
    moves = found.moves.filter(near.fill_null(value=False))
    odd = foreign_moves(found.moves, found.taken, found.exposed, found.scene.approvals)
    hurt = found.taken.group_by(address="wallet").agg(since=pl.col("time").min() - CLOCK_SLACK)
    since = pl.concat([found.exposed, hurt.join(found.exposed, on="address", how="anti")])
    gas = gas_sent(found.scene.tables["transfers"], found.attackers, since)
    exact = found.scene.intake.exact(pl.concat([moves.get_column("row"), gas.get_column("row")]))
    return _Story(*[add_exact(rows, exact) for rows in (moves, found.taken, odd, gas)])


def _everybody(found: Outbreak, stand: pl.DataFrame) -> pl.DataFrame:
    """Give address and `tie` of every wallet: those seen, people's own rows, and those that only the chain shows."""
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
            stand.select("address", tie=pl.lit(None, pl.String), rank=pl.lit(0)),
            people.select("address", tie=pl.lit("reported"), rank=pl.lit(1)),
            chain.select("address", tie=pl.lit("chain_only"), rank=pl.lit(2)),
        ]
    )
    nobody = found.scene.nobody.implode()
    kept = every.filter(~pl.col("address").is_in(hostile) & ~pl.col("address").is_in(nobody))
    return kept.sort("address", "rank").unique("address", keep="first", maintain_order=True).drop("rank")


@dataclass(frozen=True, slots=True)
class _Gone:
    """What exposed wallets sent away after their exposure, what of it to addresses of their own, and who sent most so."""

    departed: pl.DataFrame
    most: pl.DataFrame


def _gone(found: Outbreak, story: _Story, held: pl.DataFrame) -> _Gone:
    departed = departures(story.moves, found.exposed, found.taken)
    busy = found.counted.filter((pl.col("role") == "sink") & (pl.col("controls") > 0)).get_column("party")
    suspects = found.sinks.filter(pl.col("verdict") != "ordinary").get_column("party")
    code = kinds_of(found.scene.tables["accounts"]).filter(pl.col("kind") == "contract").get_column("address")
    others = pl.concat([busy, suspects, code, found.scene.nobody, found.attackers.get_column("address")]).unique()
    alone = unshared(departed, found.moves, found.owners, others)
    most = moved_most(alone, held, found.scene.real)
    # Who was robbed by the attacker did not move it themself.
    return _Gone(departed, most.join(found.taken.select(address="wallet"), on="address", how="anti"))


def _signs(
    found: Outbreak, story: _Story, names: Names, gone: _Gone, rows: pl.DataFrame, held: pl.DataFrame
) -> list[pl.DataFrame]:
    """Give the A and N rows of the chain."""
    suspects = pl.concat([found.taken.select(*TX, "wallet"), story.odd.select(*TX, "wallet")])
    earlier = story.moves.join(found.exposed, left_on="wallet", right_on="address").filter(
        (pl.col("time") < pl.col("since")) & pl.col("authorised") & ~pl.col("dust")
    )
    strangers = rows.filter(pl.col("link") == "chain_only").get_column("address")
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


def _attack_rate(found: Outbreak) -> float | None:
    """Give the rate of X, the greatest where there are several; None where X is not known."""
    rates = found.rates.table.filter(
        (pl.col("is_x") == "yes") & pl.col("host").is_null() & pl.col("asset_state").is_null()
    ).get_column("rate")
    rate = rates.max()
    return rate if isinstance(rate, float) else None


def _in(column: str, addresses: pl.Series) -> pl.Expr:
    return pl.col("address").is_in(addresses.unique().implode()).alias(column)


def _add_flags(rows: pl.DataFrame, found: Outbreak, coverage: Coverage) -> pl.DataFrame:
    """Add what the verdict needs beside deeds and evidence."""
    tables = found.scene.tables
    exclusive = found.takers.filter("exclusive").get_column("address").implode()
    only_here = pl.concat(
        [
            found.taken.filter(pl.col("attacker").is_in(exclusive)).get_column("wallet"),
            found.permissions.filter(pl.col("spender").is_in(exclusive)).get_column("address"),
            found.delegated.filter(pl.col("delegate").is_in(exclusive)).get_column("wallet"),
        ]
    )
    thefts = found.scene.intake.reported(found.scene.incident).select("tx", wallet="address")
    named = (
        found.moves.lazy()
        .filter(~pl.col("dust"))
        .select("tx", "wallet")
        .join(thefts.lazy(), on=["tx", "wallet"], how="semi")
    )
    told = named.collect(engine="streaming")
    secrets = found.deeds.filter(pl.col("link") == "key").get_column("address")
    people = tables["people"].filter(pl.col("added").fill_null(value=False)).get_column("address")
    covered = not coverage.log_holes and not coverage.chain_holes
    return rows.with_columns(
        _in("proof", found.taken.filter("confirmed").get_column("wallet")),
        _in("secret", secrets),
        _in("told_theft", told.get_column("wallet")),
        _in("exclusive", only_here),
        _in("person", people),
        covered=pl.lit(value=covered),
    )


def _add_exposure_kind(rows: pl.DataFrame, found: Outbreak) -> pl.DataFrame:
    """Settle `key` and `approval`: what each wallet gave away, and `known`: whether anything tells.

    Deeds tell; else the way it was robbed (who signs away assets by the wallet's own transactions holds its key, who moves
    them holds a signature); else what the incident can hold. Where both stay possible both are acted on.
    """
    kinds = exposures_of(found.scene.incident)
    signed = pl.concat(
        [
            found.permissions.get_column("address"),
            found.delegated.get_column("wallet"),
            found.taken.filter(~pl.col("own").fill_null(value=True)).get_column("wallet"),
        ]
    )
    sent = found.taken.filter(pl.col("own").fill_null(value=True)).get_column("wallet")
    rows = rows.with_columns(
        _in("signed", signed), _in("sent", sent), pl.col("key", "approval", "unsaid").fill_null(value=False)
    )
    one = len(kinds) == 1
    deed = pl.col("key") | pl.col("approval") | pl.col("secret")
    # A wallet that sent everything itself although it only signed on the site: its key is out as well (CoW 2026 held both).
    key = pl.col("key") | pl.col("secret") | (pl.col("sent") & ~pl.col("approval"))
    approval = pl.col("approval") | pl.col("signed")
    untold = ~deed & ~pl.col("signed") & ~pl.col("sent")
    return rows.with_columns(
        key=key | (untold & pl.lit("key" in kinds)),
        approval=approval | (untold & pl.lit("approval" in kinds)),
        known=~untold | pl.lit(one),
    )


def _add_harm(
    rows: pl.DataFrame,
    found: Outbreak,
    coverage: Coverage,
    held: pl.DataFrame,
    risk: pl.DataFrame,
    gone: _Gone,
) -> pl.DataFrame:
    """Add harm and live_approvals."""
    tables, incident = found.scene.tables, found.scene.incident
    chains = [chain.id for chain in incident.chains]
    read = coverage.state_read.filter(pl.col("chain_id").is_in(chains))
    read = read.group_by("address").agg(chains=pl.col("chain_id").n_unique())
    stand_ups = found.permissions.group_by("address").agg(live_approvals=pl.len().cast(pl.UInt32))
    owned = tables["people"].filter(
        pl.col("overrides").map_elements(_moved_by_owner, return_dtype=pl.Boolean, skip_nulls=True)
    )
    lost = pl.concat([found.taken.get_column("wallet"), rows.filter("told_theft").get_column("address")])
    rows = (
        rows.join(read, on="address", how="left")
        .join(stand_ups, on="address", how="left")
        .with_columns(
            _in("lost_some", lost),
            _in("left", risk.filter("worth").get_column("address")),
            _in("moved_most", gone.most.get_column("address")),
            _in("moved_by_owner", owned.get_column("address")),
            ~_in("empty", held.filter("worth").get_column("address")),
            state_read=(pl.col("chains") == len(chains)).fill_null(value=False) & pl.lit(bool(chains)),
            chain_covered=pl.lit(not coverage.chain_holes),
            live_approvals=pl.col("live_approvals").fill_null(0),
        )
        .rename({"lost_some": "lost"})
    )
    return harm_states(rows)


def _add_unseen(rows: pl.DataFrame, found: Outbreak) -> pl.DataFrame:
    """Add unseen_signature: permits and orders show only when they are used, and where none is seen one may be waiting."""
    seen = found.harmed.join(_signers(found), on="address", how="semi").get_column("address")
    rows = rows.with_columns(_in("signature_seen", seen))
    waiting = pl.col("approval") & ~pl.col("signature_seen") & (pl.col("verdict") != "no_sign")
    return rows.with_columns(unseen_signature=waiting).drop("signature_seen")


def _signers(found: Outbreak) -> pl.DataFrame:
    """Give the wallets whose signature for an attacker the chain shows: an approval or a delegation."""
    known = found.takers.get_column("address").implode()
    signed = found.scene.approvals.filter(pl.col("to_address").is_in(known) & (pl.col("value") != "0"))
    return pl.concat([signed.select(address="from_address"), found.delegated.select(address="wallet")]).unique()


def _moved_by_owner(overrides: str) -> bool:
    """Tell whether a person set the wallet's harm to moved_by_owner in the sheet."""
    try:
        return bool(json.loads(overrides).get("harm") == "moved_by_owner")
    except (ValueError, AttributeError):
        return False


def _table(rows: pl.DataFrame, found: Outbreak, coverage: Coverage, risk: pl.DataFrame, names: Names) -> pl.DataFrame:
    """Give table `wallets` of judged rows."""
    must_act = rows.filter(pl.col("verdict").is_in(_MUST_ACT)).select("address")
    saved = risk.filter("worth").join(must_act, on="address", how="semi")
    lost = amount_texts(
        found.taken.select("chain_id", "token", "token_id", address="wallet", amount="value"), names
    ).rename({"text": "lost_text"})
    left = amount_texts(saved.select("address", "chain_id", "token", "amount"), names).rename({"text": "risk_text"})
    kinds = kinds_of(found.scene.tables["accounts"]).select("address", "kind")
    rows = rows.join(lost, on="address", how="left").join(left, on="address", how="left")
    rows = urgency(rows.join(kinds, on="address", how="left"), saved)
    looked = wallet_layers(rows.select("address", "link"), found.scene.tables, found.scene.incident, coverage)
    rows = rows.join(looked.rename({"covered": "covered_words"}), on="address", how="left")
    table = rows.select(
        "address",
        "kind",
        "verdict",
        pl.col("p_exposed", "p_harmed").round(6),
        "harm",
        "actions",
        "first_exposed",
        "last_exposed",
        "live_approvals",
        "unseen_signature",
        "remedy",
        "urgency",
        link_to_incident="link",
        lost="lost_text",
        at_risk="risk_text",
        covered="covered_words",
        not_covered="not_covered",
    ).with_columns(pl.col("actions", "covered", "not_covered").replace("", None))
    return TABLES["wallets"].check(plain(table))
