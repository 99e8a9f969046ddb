"""What the owner of a wallet must do, by what they gave away. Pure (design, section 1)."""

from collections.abc import Mapping, Sequence

import polars as pl

from exposure.assess.naming import Names, checksummed

KEY = (
    "Make a wallet with a new recovery phrase, in software that is not affected, and move everything of the old phrase there, on "
    "every chain. Another account under the old phrase is not safe, and nothing can be revoked. Never use the old phrase or key "
    "again, even if it is empty now."
)
UNSEEN = (
    "A signature may exist that the chain does not show yet and that cannot be found to revoke: move the assets that "
    "this wallet could have signed away to another wallet, and confirm nothing that you did not start yourself."
)
APPROVAL = "Revoke every approval that was given in the window."
UNSURE = "If the owner is not sure whether they did it, they should act as if they had: "
EITHER = "It is not known whether a key or a signature was given away; act on both. "


def revoke_texts(permissions: pl.DataFrame, delegated: pl.DataFrame, names: Names) -> dict[str, str]:
    """Say for each wallet exactly what to revoke: which token's approval, to which spender, on which chain."""
    found: dict[str, list[str]] = {}
    order = ["address", "chain_id", "token", "spender", "standard"]
    for row in permissions.sort(order).iter_rows(named=True):
        what = f"the approval of {names.token(row['chain_id'], row['token'])}"
        if row["standard"] == "permit2":
            what = f"the Permit2 permission for {names.token(row['chain_id'], row['token'])}"
        elif row["standard"] == "for_all":
            what = f"the approval for all of {names.token(row['chain_id'], row['token'])}"
        text = f"Revoke {what} to {checksummed(row['spender'])} on {names.chain(row['chain_id'])}."
        found.setdefault(row["address"], []).append(text)
    for row in delegated.sort("wallet", "chain_id", "delegate").iter_rows(named=True):
        where = f"{checksummed(row['delegate'])} on {names.chain(row['chain_id'])}"
        text = f"Clear the delegation to {where}, with a sponsored transaction."
        found.setdefault(row["wallet"], []).append(text)
    return {address: " ".join(dict.fromkeys(texts)) for address, texts in found.items()}


def remedies(wallets: pl.DataFrame, revoke: Mapping[str, str]) -> pl.DataFrame:
    """Add `remedy`; null for no_sign.

    `wallets` has verdict, key and approval (what it gave away; both where nobody knows), known (it is known which), and
    unseen_signature.
    """
    texts = pl.DataFrame(
        {"address": list(revoke), "revoke": list(revoke.values())}, schema={"address": pl.String, "revoke": pl.String}
    )
    texts = texts.with_columns(pl.col("address").cast(wallets.schema["address"]))
    ready = wallets.join(texts, on="address", how="left")
    signed = pl.when(pl.col("revoke").is_not_null()).then("revoke").otherwise(pl.lit(APPROVAL))
    parts: Sequence[pl.Expr] = (
        pl.when(pl.col("verdict") == "possible").then(pl.lit(UNSURE)).otherwise(pl.lit("")),
        pl.when(~pl.col("known")).then(pl.lit(EITHER)).otherwise(pl.lit("")),
        pl.when("key").then(pl.lit(KEY + " ")).otherwise(pl.lit("")),
        # Where the key is gone the approvals that stand still let the spender take what comes in.
        pl.when(pl.col("approval") | pl.col("revoke").is_not_null())
        .then(pl.concat_str(signed, pl.lit(" ")))
        .otherwise(pl.lit("")),
        pl.when("unseen_signature").then(pl.lit(UNSEEN)).otherwise(pl.lit("")),
    )
    text = pl.concat_str(*parts).str.strip_chars()
    return ready.with_columns(remedy=pl.when(pl.col("verdict") != "no_sign").then(text)).drop("revoke")
