"""What the chain says for and against harm, as evidence rows: A1 to A8, A0, N1, N2. Pure."""

import polars as pl

from exposure.assess.evidence import CODES, rows_of
from exposure.assess.losses import pretences
from exposure.assess.moves import DUST_NATIVE, TX
from exposure.assess.naming import Names, checksummed
from exposure.assess.sinks import TRADES_MOST

# What operators of drainer services keep of a theft, in the same transaction.
_SPLITS = (0.1, 0.125, 0.15, 0.175, 0.2, 0.225, 0.25, 0.3)
_SPLIT_SLACK = 0.001
# An approval of next to nothing, or of what its owner does not hold: a researcher's.
_IDLE_WEIGHT = 1.0
_CLEARED_WEIGHT = 3.0
_OLD_WEIGHT = 0.5


def taking_rows(taken: pl.DataFrame, names: Names) -> list[pl.DataFrame]:
    """Give A1 (to or by a confirmed attacker) and A2 (a discovered one)."""
    parts = []
    for code, mine in (("A1", taken.filter("confirmed")), ("A2", taken.filter(~pl.col("confirmed")))):
        texts = [
            f"{names.amount(row['chain_id'], row['token'], int(row['value']), row['token_id'])}{names.place(row['chain_id'])} "
            f"went to {names.attacker(row['to'])}"
            + ("" if row["to"] == row["attacker"] else f", moved by {names.attacker(row['attacker'])}")
            + f" at {row['time']:%Y-%m-%d %H:%M:%S} UTC"
            for row in mine.iter_rows(named=True)
        ]
        parts.append(rows_of(code, mine.select("ref", pl.Series("text", texts, pl.String), address="wallet")))
    return parts


def foreign_moves(
    moves: pl.DataFrame, taken: pl.DataFrame, since: pl.DataFrame, approvals: pl.DataFrame
) -> pl.DataFrame:
    """Give moves of exposed wallets by a mover that nothing shows to be ordinary, for nothing in return, after exposure.

    `since` (address, since) are the exposed. A mover is ordinary where it moved a control's assets, or those of an exposed
    wallet before its exposure, or where its moves are trades; so are relayers and settlements known without any list.
    """
    mover = (
        pl.when(pl.col("transaction_to") == pl.col("token"))
        .then(pl.col("transaction_from"))
        .otherwise(pl.col("transaction_to"))
    )
    foreign = moves.filter(
        pl.col("watched") & ~pl.col("own").fill_null(value=True) & pl.col("authorised") & ~pl.col("dust")
    ).with_columns(mover=mover)
    foreign = _without_own_code(foreign, approvals).join(since, left_on="wallet", right_on="address", how="left")
    after = (pl.col("time") >= pl.col("since")).fill_null(value=False)
    usual = foreign.filter(~after)
    known = pl.concat([usual.get_column("mover"), usual.get_column("transaction_from")]).drop_nulls().unique()
    trader = pl.col("back").mean().over("mover") >= TRADES_MOST
    odd = foreign.with_columns(trader=trader).filter(
        after & ~pl.col("back") & ~pl.col("trader") & ~pl.col("mover").is_in(known.implode())
    )
    odd = odd.filter(~pl.col("transaction_from").is_in(known.implode()))
    odd = odd.join(_covering(odd, approvals), on="row", how="left").filter(~pl.col("only_old").fill_null(value=False))
    odd = odd.with_columns(approved_since=pl.col("only_old").is_not_null()).drop("only_old")
    return odd.join(taken.select(*TX, "wallet").unique(), on=[*TX, "wallet"], how="anti")


def _covering(odd: pl.DataFrame, approvals: pl.DataFrame) -> pl.DataFrame:
    """Give the moves that an approval covers: row, only_old: every such approval is from before the exposure.

    Where only an old one covers it, it belongs to something that its owner used already: a subscription, a keeper, an exchange
    of orders. A sender who calls the token itself can use no approval but its own; a contract may call the one that was approved.
    """
    keys = {"from_address": "wallet", "token_address": "token"}
    given = approvals.filter(pl.col("value") != "0").rename(keys)
    given = given.select("chain_id", "wallet", "token", spender="to_address", approved="timestamp")
    both = odd.select("row", "chain_id", "wallet", "token", "time", "since", "transaction_from", "transaction_to").join(
        given, on=["chain_id", "wallet", "token"]
    )
    direct = (pl.col("transaction_to") == pl.col("token")).fill_null(value=False)
    usable = (pl.col("approved") <= pl.col("time")) & (~direct | (pl.col("spender") == pl.col("transaction_from")))
    used = both.filter(usable.fill_null(value=True))
    return used.group_by("row").agg(only_old=(pl.col("approved") < pl.col("since")).all())


def _without_own_code(foreign: pl.DataFrame, approvals: pl.DataFrame) -> pl.DataFrame:
    """Leave out what a wallet that runs code moved by itself: a smart account by its bundler, an exchange's deposit address.

    Where it had approved whoever moved it, it was not its own code.
    """
    names = {"from_address": "wallet", "token_address": "token", "to_address": "mover"}
    given = approvals.filter(pl.col("value") != "0").rename(names)
    keys = ["chain_id", "wallet", "token", "mover"]
    allowed = given.select(*keys, was_allowed=pl.lit(value=True)).unique()
    marked = foreign.join(allowed, on=keys, how="left")
    code = (pl.col("kind") == "contract").fill_null(value=False)
    return marked.filter(~code | pl.col("was_allowed").fill_null(value=False)).drop("was_allowed")


def foreign_rows(odd: pl.DataFrame, names: Names) -> pl.DataFrame:
    """Give A3; a move that no approval since the exposure covers may use one from before all that was read: it weighs little."""
    texts = [
        f"{names.amount(row['chain_id'], row['token'], int(row['value']), row['token_id'])}{names.place(row['chain_id'])} "
        f"was moved to {checksummed(row['to'])} by {checksummed(row['mover'])}, for nothing in return"
        for row in odd.iter_rows(named=True)
    ]
    rows = odd.select("ref", "approved_since", pl.Series("text", texts, pl.String), address="wallet")
    return rows_of("A3", rows, weight=pl.when("approved_since").then(CODES["A3"].weight).otherwise(_OLD_WEIGHT))


def gas_sent(transfers: pl.DataFrame, attackers: pl.DataFrame, since: pl.DataFrame) -> pl.DataFrame:
    """Give native assets that an attacker of any role sent to an exposed or harmed wallet (`since`: address, since)."""
    known = attackers.get_column("address").implode()
    gas = transfers.filter(
        (pl.col("standard") == "native") & pl.col("from_address").is_in(known) & (pl.col("value_f64") >= DUST_NATIVE)
    ).join(since, left_on="to_address", right_on="address")
    return gas.filter(pl.col("timestamp") >= pl.col("since"))


def gas_rows(gas: pl.DataFrame, names: Names) -> pl.DataFrame:
    """Give A4."""
    texts = [
        f"{names.attacker(row['from_address'])} sent it {names.amount(row['chain_id'], row['token_address'], int(row['value']))}"
        for row in gas.iter_rows(named=True)
    ]
    ref = pl.format("tx:{}:{}", "chain_id", "transaction_hash")
    return rows_of("A4", gas.select(pl.Series("text", texts, pl.String), ref=ref, address="to_address"))


def permission_rows(permissions: pl.DataFrame, risk: pl.DataFrame, strangers: pl.Series, names: Names) -> pl.DataFrame:
    """Give A6; one that covers nothing of a wallet that nothing ties to this incident weighs little."""
    held = risk.select("chain_id", "address", "token", some=pl.lit(value=True)).unique()
    rows = permissions.join(held, on=["chain_id", "address", "token"], how="left")
    idle = pl.col("some").is_null() & pl.col("address").is_in(strangers.implode())
    texts = [
        f"{'all' if row['unlimited'] else names.amount(row['chain_id'], row['token'], int(row['value']))} of "
        f"{names.token(row['chain_id'], row['token'])}{names.place(row['chain_id'])} stands approved to "
        f"{names.attacker(row['spender'])}"
        if row["unlimited"] or row["standard"] not in ("erc20", "permit2")
        else f"{names.amount(row['chain_id'], row['token'], int(row['value']))}{names.place(row['chain_id'])} stands approved "
        f"to {names.attacker(row['spender'])}"
        for row in rows.iter_rows(named=True)
    ]
    weight = pl.when(idle).then(_IDLE_WEIGHT).otherwise(CODES["A6"].weight)
    return rows_of("A6", rows.with_columns(pl.Series("text", texts, pl.String)), weight=weight)


def delegation_rows(delegated: pl.DataFrame, names: Names) -> pl.DataFrame:
    """Give A7; one that was cleared since weighs less, since a stolen key clears nothing."""
    texts = [
        f"its account {'runs' if row['live'] else 'ran'} the code of {names.attacker(row['delegate'])}"
        f"{names.place(row['chain_id'])}"
        for row in delegated.iter_rows(named=True)
    ]
    rows = delegated.select("ref", "live", pl.Series("text", texts, pl.String), address="wallet")
    return rows_of("A7", rows, weight=pl.when("live").then(CODES["A7"].weight).otherwise(_CLEARED_WEIGHT))


def split_rows(moves: pl.DataFrame, suspects: pl.DataFrame) -> pl.DataFrame:
    """Give A8: of one asset of a wallet two parts left in one transaction, at a drainer's ratio.

    Only `suspects` (tx, wallet) that are taken for thefts are looked at: royalties and referral shares
    split payments too.
    """
    keys = [*TX, "wallet", "token"]
    mine = moves.filter(~pl.col("dust") & ~pl.col("back")).join(suspects.unique(), on=[*TX, "wallet"], how="semi")
    pairs = mine.group_by(keys).agg(
        parts=pl.len(), least=pl.col("value_f64").min(), whole=pl.col("value_f64").sum(), ref=pl.col("ref").min()
    )
    share = pl.col("least") / pl.col("whole")
    near = pl.any_horizontal(*[(share - split).abs() <= _SPLIT_SLACK for split in _SPLITS])
    found = pairs.filter((pl.col("parts") == 2) & near)
    text = pl.format(
        "one transaction split what it took: {} % to one address, the rest to another", (share * 100).round(1)
    )
    return rows_of("A8", found.select("ref", text=text, address="wallet"))


def pretence_rows(moves: pl.DataFrame, taken: pl.DataFrame, takers: pl.DataFrame, names: Names) -> pl.DataFrame:
    """Give A0."""
    rows = pretences(moves, taken, takers)
    why = (
        pl.when(pl.col("value") == "0")
        .then(pl.lit("a transfer of nothing"))
        .when("message")
        .then(pl.lit("a message with a small payment"))
        .when("dust")
        .then(pl.lit("dust"))
        .otherwise(pl.lit("a counterfeit token's transfer, which its owner did not sign"))
    )
    texts = [names.attacker(address) for address in rows.get_column("attacker")]
    return rows_of(
        "A0",
        rows.with_columns(why=why, party=pl.Series(texts, dtype=pl.String)).select(
            "ref", text=pl.format("{} towards {}: it proves nothing", "why", "party"), address="wallet"
        ),
    )


def departure_rows(
    departed: pl.DataFrame, most: pl.DataFrame, counted: pl.DataFrame, owners: pl.DataFrame, earlier: pl.DataFrame
) -> list[pl.DataFrame]:
    """Give A5, N1 and N2 of what exposed wallets sent away after their exposure.

    `most` (address, ref) sent most of it to addresses that nobody else uses; `counted` says how many controls use a
    recipient; `earlier` (wallet, to) is what wallets had paid before their exposure.
    """
    text = "most of what it held left, after its exposure, to an address that nobody else here uses"
    parts = [rows_of("A5", most.with_columns(text=pl.lit(text)))]
    home = owners.rename({"owner": "home"})
    mine = departed.join(owners, left_on="wallet", right_on="address", how="left").join(
        home, left_on="to", right_on="address", how="left"
    )
    same = mine.filter((pl.col("owner") == pl.col("home")).fill_null(value=False) & (pl.col("wallet") != pl.col("to")))
    paid = departed.join(earlier.unique(), on=["wallet", "to"], how="semi")
    tied = pl.concat([same.select("wallet", "to", "ref"), paid.select("wallet", "to", "ref")]).unique()
    parts.append(_to("N1", tied, "it moved assets to {}, which the same owner has used"))
    usual = counted.filter((pl.col("role") == "sink") & (pl.col("controls") > 0)).select(to="party", used="controls")
    ordinary = departed.join(usual, on="to").join(tied.select("wallet", "to").unique(), on=["wallet", "to"], how="anti")
    parts.append(_to("N2", ordinary, "it paid {}, which wallets that were not exposed use too"))
    return parts


def _to(code: str, rows: pl.DataFrame, text: str) -> pl.DataFrame:
    shown = pl.Series("shown", [checksummed(address) for address in rows.get_column("to")], dtype=pl.String)
    return rows_of(code, rows.with_columns(shown).select("ref", text=pl.format(text, "shown"), address="wallet"))
