"""From known attackers and reports to the other addresses of the same hands. Pure."""

from datetime import timedelta

import polars as pl

from exposure.assess.moves import TX

# A thief empties a wallet in minutes; what else left it then went to the same hands, or was its owner's flight.
BURST = timedelta(minutes=10)
BURST_VICTIMS = 3
# So many wallets robbed by a known attacker's own spender into one address make that address the attacker's.
MOVED_VICTIMS = 2
# Half of all claims can be false (Trust Wallet 2.68), and two strangers may well use one exchange.
REPORTS_AGREE = 3

_TYPES = pl.Schema({"chain_id": pl.UInt64, "victims": pl.Int64, "controls": pl.Int64})


def follow(
    taken: pl.DataFrame,
    moves: pl.DataFrame,
    approvals: pl.DataFrame,
    reported: pl.DataFrame,
    counted: pl.DataFrame,
    kinds: pl.DataFrame,
    sure: pl.Series,
    not_it: pl.Series,
) -> pl.DataFrame:
    """Give further sinks and spenders in the columns of `find_sinks`: attackers that are shown by others' deeds, and suspects.

    `taken` are the losses so far, `approvals` those that are credible,
    `reported` (address, tx) the thefts that reports name, `counted` says how
    many controls use a party, `kinds` (address, kind) what runs code, `sure` are confirmed attackers, `not_it` who is known, a
    token or the dapp's own.
    """
    code = kinds.filter(pl.col("kind") == "contract").get_column("address")
    sinks = [_moved_to(taken, kinds, sure), _beside(taken, moves), _named_by_reports(moves, reported)]
    found = pl.concat(sinks).filter(~pl.col("party").is_in(code.implode()))
    mine = counted.filter(pl.col("party").is_in(found.get_column("party").unique().implode()))
    used = mine.select(pl.col("role").cast(pl.String), "party", used="controls")
    found = found.join(used, on=["role", "party"], how="left")
    movers = _moved_by(taken, moves, approvals).with_columns(used=pl.lit(0, pl.Int64))
    found = pl.concat([found, movers]).filter(~pl.col("party").is_in(not_it.implode()))
    worst = pl.col("verdict") == "attacker"
    best = found.group_by("role", "party", "chain_id").agg(
        victims=pl.col("victims").max(), attacker=worst.any(), controls=pl.col("used").max().fill_null(0)
    )
    verdict = (
        pl.when(pl.col("controls") > 0)
        .then(pl.lit("ordinary"))
        .when("attacker")
        .then(pl.lit("attacker"))
        .otherwise(pl.lit("suspect"))
    )
    nothing = pl.lit(None, pl.Float64)
    return best.select(
        role="role",
        party="party",
        chain_id="chain_id",
        known=pl.lit(value=False),
        victims="victims",
        controls="controls",
        odds_ratio=nothing,
        p_value=nothing,
        q_value=nothing,
        verdict=verdict,
    ).cast(_TYPES)


def _moved_to(taken: pl.DataFrame, kinds: pl.DataFrame, sure: pl.Series) -> pl.DataFrame:
    """Give recipients of what a confirmed attacker itself moved out of wallets (one spender, nine sinks: BadgerDAO 2021).

    Loot that a contract moves may go to a pool, to be sold at once: such a recipient is a suspect, unless it runs no code.
    """
    person = kinds.filter(pl.col("kind") == "eoa").get_column("address").implode()
    chosen = (pl.col("transaction_to") == pl.col("token")).fill_null(value=False) | pl.col("to").is_in(person)
    # Asked of the mover, so that a recipient that was found in an earlier pass is found again.
    known = sure.implode()
    by_sure = pl.col("transaction_to").is_in(known) | pl.col("transaction_from").is_in(known)
    moved = taken.filter(by_sure.fill_null(value=False) & ~pl.col("to").is_in(known) & ~pl.col("back"))
    by_party = moved.group_by("chain_id", party="to").agg(victims=pl.col("wallet").n_unique(), chosen=chosen.all())
    enough = by_party.filter(pl.col("victims") >= MOVED_VICTIMS)
    return pl.concat([_as(enough.filter("chosen"), "attacker"), _as(enough.filter(~pl.col("chosen")), "suspect")])


def _beside(taken: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """Give recipients of what else left several victims within minutes of a confirmed theft."""
    thefts = taken.filter("confirmed").group_by("wallet").agg(theft=pl.col("time").min(), end=pl.col("time").max())
    near = moves.filter(pl.col("authorised") & ~pl.col("dust") & ~pl.col("back")).join(thefts, on="wallet")
    near = near.filter(pl.col("time").is_between(pl.col("theft") - BURST, pl.col("end") + BURST))
    near = near.join(taken.select(*TX, "to").unique(), on=[*TX, "to"], how="anti")
    by_party = near.group_by("chain_id", party="to").agg(victims=pl.col("wallet").n_unique())
    return _as(by_party.filter(pl.col("victims") >= BURST_VICTIMS), "suspect")


def _named_by_reports(moves: pl.DataFrame, reported: pl.DataFrame) -> pl.DataFrame:
    """Give recipients of what left a reporter in the transaction that they call the theft; two who agree name an attacker."""
    named = moves.filter(~pl.col("dust")).join(reported.select("tx", wallet="address").unique(), on=["tx", "wallet"])
    by_party = named.group_by("chain_id", party="to").agg(victims=pl.col("wallet").n_unique())
    agree = pl.col("victims") >= REPORTS_AGREE
    return pl.concat([_as(by_party.filter(agree), "attacker"), _as(by_party.filter(~agree), "suspect")])


def _moved_by(taken: pl.DataFrame, moves: pl.DataFrame, approvals: pl.DataFrame) -> pl.DataFrame:
    """Give who moved wallets' assets to an attacker, for nothing, by these wallets' permission; and never anywhere else.

    A settlement contract that also serves a thief serves others too.
    """
    direct = pl.col("transaction_to") == pl.col("token")
    mover = pl.when(direct).then(pl.col("transaction_from")).otherwise(pl.col("transaction_to"))
    foreign = ~pl.col("own").fill_null(value=True)
    thefts = taken.select(TX).unique()
    fair = moves.filter(foreign & ~pl.col("dust")).join(thefts, on=TX, how="anti").select(party=mover).unique()
    others = taken.filter(foreign & ~pl.col("back")).with_columns(party=mover).join(fair, on="party", how="anti")
    names = {"from_address": "wallet", "token_address": "token", "to_address": "party"}
    given = approvals.filter(pl.col("value") != "0").rename(names).select("chain_id", *names.values()).unique()
    moved = others.join(given, on=["chain_id", *names.values()], how="semi")
    by_party = moved.group_by("chain_id", "party").agg(victims=pl.col("wallet").n_unique())
    return _as(by_party.filter(pl.col("victims") >= MOVED_VICTIMS), "attacker", "spender")


def _as(by_party: pl.DataFrame, verdict: str, role: str = "sink") -> pl.DataFrame:
    return by_party.select(
        "party", "chain_id", pl.col("victims").cast(pl.Int64), role=pl.lit(role), verdict=pl.lit(verdict)
    )
