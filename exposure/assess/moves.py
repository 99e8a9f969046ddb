"""Transfers -> moves out of wallets: with whose authority, for what in return, and whether the asset is one at all. Pure."""

from typing import Literal

import polars as pl

from exposure.amounts import NATIVE

ZERO = "0x" + "0" * 40
# Permit2 stands at one address on every chain. It moves what others were allowed through it, and names them in events of its
# own: approved by nearly everybody who signs, it is neither attacker nor spender.
PERMIT2 = "0x000000000022d473030f116ddee9f6b43ac78ba3"
# Below this a payment is dust: address poisoners and mistakes send it, and no thief moves it alone.
DUST_NATIVE, DUST_TOKEN = 1e-5, 1e-6
# A payment with words in it ("please return my funds") is a message as long as it is this small.
MESSAGE_MOST = 0.01
# Accounts that act through others: a bundler or relayer sends their transactions, and that is their own act.
SMART_KINDS = ("safe", "erc4337", "eip7702")
# An account that sent so many transactions is a service. One that pays a thief is paying out to a customer of its own.
SERVICE_NONCE = 50_000
# Counterfeits are sent around by their makers; so many independent senders of their own make a token real.
REAL_SENDERS = 3

# One transaction, by its number (`intake.tx_id`), which holds the chain.
TX = ["tx"]
ASSET = ["chain_id", "token_address"]
# Eager joins and groups copy whole frames; a stream does not.
STREAM: Literal["streaming"] = "streaming"


def kinds_of(accounts: pl.DataFrame) -> pl.DataFrame:
    """Give one row an address over all chains: address, kind (the most telling one), nonce (the greatest)."""
    order = ["eoa", "contract", "erc4337", "safe", "eip7702"]
    rank = pl.col("kind").replace_strict(order, range(len(order)), default=None, return_dtype=pl.Int32)
    latest = pl.col("block_number").max().over("chain_id", "address")
    now = accounts.filter(pl.col("block_number").eq_missing(latest))
    best = now.group_by("address").agg(rank=rank.max(), nonce=pl.col("nonce").max())
    kind = pl.col("rank").replace_strict(range(len(order)), order, default=None, return_dtype=pl.String)
    return best.select("address", "nonce", kind=kind.cast(accounts.schema["kind"]))


def real_tokens(
    transfers: pl.DataFrame, approvals: pl.DataFrame, watched: pl.Series, hostile: pl.Series
) -> pl.DataFrame:
    """Give the tokens that somebody other than the attackers uses of their own will: chain_id, token_address.

    A counterfeit's transfers are made by its maker: it "moves" from wallets whose owners signed nothing. A token counts as
    real where watched wallets themselves sent, took or approved it in a transaction of their own, or several strangers sent
    it. A few people try to sell any counterfeit: where more watched wallets seem to have paid an attacker by strangers' hands
    than use it, and few send it, it is none.
    """
    friendly = ~pl.col("transaction_from").is_in(hostile.implode())
    signer = pl.col("transaction_from")
    moved = (
        transfers.lazy()
        .filter((pl.col("standard") != "native") & (pl.col("value") != "0") & friendly)
        .select(*ASSET, "from_address", "to_address", "transaction_from")
    )
    own = (signer == pl.col("from_address")) | (signer == pl.col("to_address"))
    mine = (
        moved.filter(signer.is_in(watched.implode()) & own).select(*ASSET, user=signer).unique().collect(engine=STREAM)
    )
    sent = moved.filter(signer == pl.col("from_address")).select(*ASSET, "from_address").unique()
    many = sent.group_by(ASSET).agg(senders=pl.len()).filter(pl.col("senders") >= REAL_SENDERS).collect(engine=STREAM)
    signed = approvals.filter((signer == pl.col("from_address")) & signer.is_in(watched.implode()))
    allowed = signed.filter(~pl.col("to_address").is_in(hostile.implode()))
    users = pl.concat([mine, allowed.select(*ASSET, user=signer)])
    pretended = (
        moved.filter(
            pl.col("to_address").is_in(hostile.implode())
            & pl.col("from_address").is_in(watched.implode())
            & (signer != pl.col("from_address"))
        )
        .collect(engine=STREAM)
        .join(signed.select(*ASSET, "from_address").unique(), on=[*ASSET, "from_address"], how="anti")
        .group_by(ASSET)
        .agg(pretended=pl.col("from_address").n_unique())
    )
    used = users.group_by(ASSET).agg(users=pl.col("user").n_unique()).join(pretended, on=ASSET, how="left")
    used = used.filter(pl.col("users") >= pl.col("pretended").fill_null(0))
    return pl.concat([used.select(ASSET), many.select(ASSET)]).unique().sort(ASSET)


def credible_approvals(approvals: pl.DataFrame, real: pl.DataFrame) -> pl.DataFrame:
    """Keep approvals that their owner signed, and permits of real tokens: a counterfeit announces what nobody gave."""
    signed = (pl.col("transaction_from") == pl.col("from_address")).fill_null(value=True)
    used = approvals.join(real.with_columns(used=pl.lit(value=True)), on=ASSET, how="left")
    return used.filter(signed | pl.col("used").fill_null(value=False)).drop("used")


def moves_of(
    tables: dict[str, pl.DataFrame],
    kinds: pl.DataFrame,
    watched: pl.Series,
    hostile: pl.Series,
    takers: pl.Series,
    real: pl.DataFrame,
) -> pl.DataFrame:
    """Give moves out of watched wallets, and out of anybody's towards or through `takers`.

    `kinds` is what `kinds_of` gives, `real` what `real_tokens` does.

    Columns: row, chain_id, tx, wallet, to, token, time, value, value_f64, transaction_from, transaction_to, called, and
    own         the wallet signed it (or acts through others); null where nobody read who sent the transaction
    authorised  the move itself could only happen with the wallet's authority
    approved    an approval of the wallet covers it
    back        another asset came to the wallet in the same transaction: a trade
    dust        nothing of worth, or a message
    real        the asset is used by others than the attackers
    watched     the wallet is one of `watched`
    message     a small payment with words
    kind        what kind of account the wallet is; null where not asked
    busy        the wallet sent so many transactions that it is a service
    """
    takes = takers.implode()
    touched = (
        (
            pl.col("from_address").is_in(watched.implode())
            | pl.col("to_address").is_in(takes)
            | pl.col("transaction_from").is_in(takes)
            | pl.col("transaction_to").is_in(takes)
        )
        & (pl.col("from_address") != pl.col("to_address"))
        & (pl.col("from_address") != ZERO)
        & ~pl.col("from_address").is_in(hostile.implode())
    )
    real = real.with_columns(used=pl.lit(value=True))
    native = pl.col("standard") == "native"
    accounts = kinds.lazy().select("kind", from_address="address", busy=pl.col("nonce") >= SERVICE_NONCE)
    moved = (
        tables["transfers"]
        .lazy()
        .filter(touched)
        .join(real.lazy(), on=ASSET, how="left")
        .join(accounts, on="from_address", how="left")
        .with_columns(real=pl.col("used").fill_null(value=False) | native)
        .drop("used")
        .collect(engine=STREAM)
    )
    moved = _add_approved(moved, tables["approvals"])
    moved = _add_back(moved, tables["transfers"], real)
    moved = _add_dust(moved)
    smart = pl.col("kind").is_in(SMART_KINDS).fill_null(value=False)
    # Of an account whose executions are seen, what an approval covers and no execution did was done by whoever it approved.
    acts = tables["executions"].get_column("address").unique().implode()
    used = pl.col("from_address").is_in(acts) & pl.col("approved")
    used = used & (pl.col("transaction_to") != pl.col("from_address")).fill_null(value=False)
    # A counterfeit can claim to leave a smart account as well as any other.
    own = native | (smart & pl.col("real") & ~used) | (pl.col("transaction_from") == pl.col("from_address"))
    sender_read = pl.col("transaction_from").is_not_null()
    by_taker = pl.col("transaction_from").is_in(takes) | pl.col("transaction_to").is_in(takes)
    signed = pl.col("approved_by_owner") | (pl.col("approved") & by_taker.fill_null(value=False))
    # Where no sender of a token's transactions was read at all (exported logs alone), the move speaks for itself.
    unread = ~sender_read & (pl.col("real") | pl.col("approved") | _among(_unheard(moved)))
    flagged = moved.with_columns(
        own=own,
        authorised=own.fill_null(value=False) | (sender_read & (signed | pl.col("real"))) | unread,
        watched=pl.col("from_address").is_in(watched.implode()),
    )
    return flagged.drop("block_number", "standard", "several", "approved_by_owner").rename(
        {"from_address": "wallet", "to_address": "to", "token_address": "token", "timestamp": "time"}
    )


def _unheard(moved: pl.DataFrame) -> pl.Series:
    """Give the rows of tokens of which no transaction's sender was read."""
    mute = moved.filter(pl.col("transaction_from").is_null())
    if mute.is_empty():
        return mute.get_column("row")
    heard = moved.filter(pl.col("transaction_from").is_not_null()).select(ASSET).unique()
    return mute.join(heard, on=ASSET, how="anti").get_column("row")


def _add_approved(moved: pl.DataFrame, approvals: pl.DataFrame) -> pl.DataFrame:
    """Add whether an approval of the wallet for this token stood by then, and whether its owner signed it themself.

    A counterfeit can also pretend that its victim approved: what its owner did not sign counts only where more speaks for it.
    """
    given = approvals.filter(pl.col("value") != "0")
    signed = (pl.col("transaction_from") == pl.col("from_address")).fill_null(value=True)
    first = given.group_by("chain_id", "from_address", "token_address").agg(
        first_any=pl.col("block_number").min(), first_signed=pl.col("block_number").filter(signed).min()
    )
    givers = given.get_column("from_address").unique().implode()
    mine = (
        moved.lazy().select("row", "block_number", *ASSET, "from_address").filter(pl.col("from_address").is_in(givers))
    )
    mine = mine.join(first.lazy(), on=[*ASSET, "from_address"])
    by_then = mine.filter(pl.col("first_any") <= pl.col("block_number"))
    found = by_then.select("row", signed=pl.col("first_signed") <= pl.col("block_number")).collect()
    return moved.with_columns(
        approved=_among(found.get_column("row")),
        approved_by_owner=_among(found.filter("signed").get_column("row")),
    )


def _among(rows: pl.Series) -> pl.Expr:
    return pl.col("row").is_in(rows.implode())


def _add_back(moved: pl.DataFrame, transfers: pl.DataFrame, real: pl.DataFrame) -> pl.DataFrame:
    """Add whether another real asset came back in the same transaction. Ether sent by a contract is not visible."""
    # Ether that its owner sends is never the other half of somebody else's transaction.
    other = (pl.col("standard") != "native") | (pl.col("transaction_from") != pl.col("from_address"))
    here = transfers.lazy().filter(pl.col("several") & other.fill_null(value=True) & (pl.col("value") != "0"))
    out = moved.lazy().filter("several").select("row", *TX, "from_address", "token_address")
    came = (
        here.join(real.lazy(), on=ASSET, how="left")
        .filter(pl.col("used").fill_null(value=False) | (pl.col("token_address") == NATIVE))
        .select(*TX, from_address="to_address", token_back=pl.col("token_address"))
    )
    trades = out.join(came, on=[*TX, "from_address"]).filter(pl.col("token_back") != pl.col("token_address"))
    return moved.with_columns(back=_among(trades.select(pl.col("row").unique()).collect(engine=STREAM).to_series()))


def _add_dust(moved: pl.DataFrame) -> pl.DataFrame:
    """Add whether a move is nothing: zero, dust, or a small payment that carries words."""
    native, amount = pl.col("standard") == "native", pl.col("value_f64")
    message = native & pl.col("words") & (amount < MESSAGE_MOST)
    small = (native & (amount < DUST_NATIVE)) | ((pl.col("standard") == "erc20") & (amount < DUST_TOKEN))
    zero = pl.col("value") == "0"
    return moved.with_columns(message=message, dust=(zero | small | message).fill_null(value=False)).drop("words")
