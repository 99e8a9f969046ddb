"""Gathered evidence -> table `wallets`, one row a wallet over all chains, with `evidence` and `holdings`. Pure.

Wallets do not depend on each other here, so that they are judged a stretch of addresses at a time: millions do not fit into memory
at once. Only urgency compares them, and waits until all are judged.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from exposure.assess.actions import exposures_of
from exposure.assess.chances import spared_weight, taken_by
from exposure.assess.evidence import evidence_table
from exposure.assess.gathering import Gathered
from exposure.assess.holdings import at_risk, balances_now, holding_table
from exposure.assess.intake import plain
from exposure.assess.layers import layer_words
from exposure.assess.outbreak import Outbreak
from exposure.assess.remedy import remedies
from exposure.assess.shelf import Shelf
from exposure.assess.standing import exposure_evidence, standing, weigh
from exposure.assess.summing import amount_texts, urgency
from exposure.assess.verdict import code_weights, harm_states, judge
from exposure.tables import TABLES

_MUST_ACT = ["compromised", "probable", "exposed"]
# What the table needs of judged wallets, beside what names them.
_JUDGED = (
    *("verdict", "p_exposed", "p_harmed", "harm", "actions", "first_exposed", "last_exposed"),
    *("live_approvals", "unseen_signature", "remedy"),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """Tables evidence, holdings and wallets, each as it lies on the shelf, in order."""

    evidence: pl.LazyFrame
    holdings: pl.LazyFrame
    wallets: pl.LazyFrame


def judge_wallets(gathered: Gathered, shelf: Shelf) -> Judged:
    """Judge every wallet that logs, people, reports or the attackers' side of the chain name."""
    evidence, holdings, rows, saved = [], [], [], []
    for stretch in _stretches(gathered):
        judged = _judge(stretch, gathered)
        evidence.append(shelf.keep(judged.evidence.lazy()))
        holdings.append(shelf.keep(judged.holdings.lazy()))
        rows.append(shelf.keep(plain(judged.rows).lazy()))
        saved.append(judged.saved)
    risk = pl.concat(saved)
    exposed = risk.select("address", "verdict", "p_exposed").unique()
    urgent = urgency(exposed, risk.drop("verdict", "p_exposed")).select("address", "urgency")
    left = amount_texts(risk.select("address", "chain_id", "token", "amount"), gathered.names)
    lost = gathered.found.taken.select("chain_id", "token", "token_id", address="wallet", amount="value")
    texts = (
        amount_texts(lost, gathered.names).rename({"text": "lost_text"}),
        left.rename({"text": "risk_text"}),
        urgent.drop_nulls(),
    )
    told = [plain(frame) for frame in texts]
    tables = (_table(part.collect(), told, gathered) for part in rows)
    return Judged(pl.concat(evidence), pl.concat(holdings), shelf.keep_parts(tables))


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Some wallets, next to each other: their rows of `Gathered.wallets`, deeds, signs and holdings."""

    wallets: pl.DataFrame
    deeds: pl.DataFrame
    signs: pl.DataFrame
    held: pl.DataFrame


def _stretches(gathered: Gathered) -> Iterator[_Stretch]:
    """Cut wallets and what is known of them into stretches of addresses; there is at least one."""
    found, wallets = gathered.found, gathered.wallets
    numbers = wallets.select("address", "stretch")
    signs = gathered.signs.join(numbers, on="address").partition_by("stretch", as_dict=True)
    firsts = wallets.group_by("stretch").agg(pl.col("address").first(), pl.len()).sort("stretch")
    starts = plain(firsts).get_column("address").to_list()
    unsigned = gathered.signs.clear()
    sizes = firsts.select("stretch", "len").rows() or [(0, 0)]
    at = 0
    for (low, high), (number, length) in zip(pairwise([None, *starts[1:], None]), sizes, strict=True):
        here, scene = _between(low, high), found.scene
        deeds = found.placing.of(scene.deeds.read(here)).collect(engine="streaming")
        mine = wallets.slice(at, length)
        at += length
        key = (number,)
        yield _Stretch(
            wallets=mine.drop("stretch"),
            deeds=weigh(deeds, gathered.chances),
            signs=signs[key].drop("stretch") if key in signs else unsigned,
            held=balances_now(scene.intake.rows_where("balances", here)),
        )


def _between(low: str | None, high: str | None) -> pl.Expr:
    """Tell the addresses of a stretch, as text."""
    above = pl.lit(value=True) if low is None else pl.col("address") >= low
    return above if high is None else above & (pl.col("address") < high)


@dataclass(frozen=True, slots=True)
class _Rows:
    """What came of a stretch: rows for table wallets, tables evidence and holdings, and what of the holdings is still to save."""

    rows: pl.DataFrame
    evidence: pl.DataFrame
    holdings: pl.DataFrame
    saved: pl.DataFrame


def _judge(stretch: _Stretch, gathered: Gathered) -> _Rows:
    """Judge the wallets of a stretch."""
    found, deeds = gathered.found, stretch.deeds
    incident = found.scene.incident
    nothing_exposes = not any(action.exposure != "none" for action in incident.actions)
    stand = standing(deeds, found.rates.vetoed, nothing_exposes, gathered.crowded)
    rows = stretch.wallets.join(stand, on="address", how="left")
    rows = rows.with_columns(link=pl.coalesce("link", "tie")).drop("tie")
    words = {action.name: action.words for action in incident.actions}
    evidence = evidence_table([*exposure_evidence(deeds, words, found.scene.tables["secrets"]), stretch.signs])
    weights = code_weights(found.scene.intake.encode(evidence))
    rows = _add_flags(rows, gathered).join(weights, on="address", how="left")
    spared = spared_weight(taken_by(pl.col("last_exposed"), gathered.until, gathered.wait))
    rows = judge(rows.with_columns(spared=spared), _attack_rate(found))
    rows = _add_exposure_kind(rows, found)
    rows = _add_unseen(rows, gathered)
    must_act = rows.filter(pl.col("verdict").is_in(_MUST_ACT))
    risk = at_risk(stretch.held, must_act.filter("key"), must_act.filter("unseen_signature"), found.permissions)
    rows = _add_harm(rows, gathered, stretch.held, risk)
    rows = remedies(rows, gathered.revoke)
    listed = rows.select("address")
    mine = evidence.join(plain(listed), on="address", how="semi")
    saved = risk.filter("worth").join(must_act.select("address", "verdict", "p_exposed"), on="address")
    kept = rows.select(*stretch.wallets.drop("tie").columns, "link", *_JUDGED)
    return _Rows(kept, TABLES["evidence"].check(mine), holding_table(stretch.held, risk, listed), saved)


def _attack_rate(found: Outbreak) -> float | None:
    """Give the rate of X, the greatest where there are several; None where X is not known."""
    rates = found.rates.table.filter(
        (pl.col("is_x") == "yes") & pl.col("host").is_null() & pl.col("asset_state").is_null()
    ).get_column("rate")
    rate = rates.max()
    return rate if isinstance(rate, float) else None


def _in(column: str, addresses: pl.Series) -> pl.Expr:
    return pl.col("address").is_in(addresses.unique().implode()).alias(column)


def _add_flags(rows: pl.DataFrame, gathered: Gathered) -> pl.DataFrame:
    """Add what the verdict needs beside deeds and evidence."""
    found, coverage = gathered.found, gathered.coverage
    exclusive = found.takers.filter("exclusive").get_column("address").implode()
    only_here = pl.concat(
        [
            found.taken.filter(pl.col("attacker").is_in(exclusive)).get_column("wallet"),
            found.permissions.filter(pl.col("spender").is_in(exclusive)).get_column("address"),
            found.delegated.filter(pl.col("delegate").is_in(exclusive)).get_column("wallet"),
        ]
    )
    secrets = found.exposing.filter(pl.col("link") == "key").get_column("address")
    people = found.scene.tables["people"].filter(pl.col("added").fill_null(value=False)).get_column("address")
    covered = not coverage.log_holes and not coverage.chain_holes
    return rows.with_columns(
        _in("proof", found.taken.filter("confirmed").get_column("wallet")),
        _in("secret", secrets),
        _in("told_theft", gathered.told_theft),
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


def _add_harm(rows: pl.DataFrame, gathered: Gathered, held: pl.DataFrame, risk: pl.DataFrame) -> pl.DataFrame:
    """Add harm and live_approvals."""
    found = gathered.found
    stand_ups = found.permissions.group_by("address").agg(live_approvals=pl.len().cast(pl.UInt32))
    lost = pl.concat([found.taken.get_column("wallet"), rows.filter("told_theft").get_column("address")])
    flagged = rows.join(stand_ups, on="address", how="left").with_columns(
        _in("lost", lost),
        _in("left", risk.filter("worth").get_column("address")),
        _in("moved_most", gathered.moved_most),
        _in("moved_by_owner", gathered.moved_by_owner),
        ~_in("empty", held.filter("worth").get_column("address")),
        chain_covered=pl.lit(not gathered.coverage.chain_holes),
        live_approvals=pl.col("live_approvals").fill_null(0),
    )
    return harm_states(flagged)


def _add_unseen(rows: pl.DataFrame, gathered: Gathered) -> pl.DataFrame:
    """Add unseen_signature: permits and orders show only when they are used, and where none is seen one may be waiting."""
    harmed = gathered.found.harmed.get_column("address")
    seen = harmed.filter(harmed.is_in(gathered.signers.implode()))
    rows = rows.with_columns(_in("signature_seen", seen))
    waiting = pl.col("approval") & ~pl.col("signature_seen") & (pl.col("verdict") != "no_sign")
    return rows.with_columns(unseen_signature=waiting).drop("signature_seen")


def _table(rows: pl.DataFrame, told: list[pl.DataFrame], gathered: Gathered) -> pl.DataFrame:
    """Give table `wallets` of a stretch of judged rows; `told` adds columns by address."""
    found = gathered.found
    for frame in told:
        rows = rows.join(frame, on="address", how="left")
    looked = layer_words(rows, found.scene.tables["coverage"], found.scene.incident, gathered.coverage)
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
    return TABLES["wallets"].check(table)
