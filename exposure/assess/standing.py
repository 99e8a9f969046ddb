"""Deeds -> how each wallet stands to X: tied by what, exposed how surely, since when; and its X and N evidence. Pure."""

import polars as pl

from exposure.assess.deeds import STRONG
from exposure.assess.evidence import CODES, rows_of

# A deed that only a kept file can have hooked, and one just outside the window, count for so much of one inside.
CACHED = 0.4
NEAR = 0.1
# Below this a wallet stands in a list of hundreds: such a list says nothing on any one of them.
TELLS_LEAST = 0.01
# A torn line that names so few may hold anything that they did; one that names more is a list.
TORN_MOST = 3
# What is left for a wallet that did nothing: a request that no log shows.
BASE_SEEN, BASE_HOLE, BASE_CHAIN_ONLY = 0.002, 0.02, 0.02

_LINKS = ["logged", "event", "contract", "reported", "chain_only"]


def weigh(deeds: pl.DataFrame, chances: pl.DataFrame) -> pl.DataFrame:
    """Add `chance` to placed deeds: that the attacker got this wallet's key or signature through this deed.

    Link strength × `given` of its action and file (columns of `deed_chances`); 0 for deeds that do not expose.
    """
    # A join would copy every deed for the sake of a few dozen numbers.
    given = pl.lit(0.0)
    for action, state, number in chances.select("action", "asset_state", "given").iter_rows():
        same = pl.col("action").eq_missing(pl.lit(action, pl.String)) & (
            pl.col("asset_state").fill_null("unknown") == state
        )
        given = pl.when(same).then(pl.lit(number, pl.Float64)).otherwise(given)
    # A secret in a line was seen by whoever read the line; what the page did with it does not matter.
    chance = pl.when(pl.col("link") == "key").then(1.0).otherwise(pl.col("strength") * given)
    guessed = pl.col("cached") & (pl.col("asset_state") != "bad").fill_null(value=True)
    chance = pl.when(guessed).then(chance * CACHED).otherwise(chance)
    placed = pl.when("inside").then(chance).when("near").then(chance * NEAR).otherwise(0.0)
    return deeds.with_columns(chance=pl.when("exposing").then(placed).otherwise(0.0))


def crowded_lines(deeds: pl.LazyFrame) -> pl.DataFrame:
    """Give the lines that could not be read and that name so many wallets that they say nothing on any one of them: ref."""
    torn = deeds.filter(_torn()).select("ref").unique().collect(engine="streaming")
    if torn.is_empty():
        return torn
    named = deeds.select("ref").join(torn.lazy(), on="ref", how="semi", nulls_equal=True)
    return named.group_by("ref").len().filter(pl.col("len") > TORN_MOST).select("ref").collect(engine="streaming")


def _torn() -> pl.Expr:
    """Tell a line that could not be read: nobody knows what its owner did, and when."""
    return (pl.col("link") == "direct") & pl.col("time").is_null()


def standing(
    deeds: pl.DataFrame, vetoed: tuple[str, ...], nothing_exposes: bool, crowded: pl.DataFrame
) -> pl.DataFrame:
    """Give one row a wallet that was seen.

    link: what ties it to the incident; actions; first_exposed, last_exposed: exposing deeds in the window; key, approval,
    unsaid: kinds of its exposure there, however weakly tied; strong: surely did it; weak: may have; near: did it just outside;
    reported; cleared: did only what a person cleared; outside: did it outside only; chance: the greatest of its deeds.
    `vetoed` actions expose nobody on paper, and stand out in the data: who did one may have been exposed. `nothing_exposes`
    says that the incident names no action that exposes: then everybody seen in the window may have been. `crowded` is what
    `crowded_lines` gives.
    """
    rank = pl.col("link").replace_strict(
        {"direct": 0, "session": 0, "key": 0, "event": 1, "contract": 2, "report": 3}, default=0, return_dtype=pl.Int32
    )
    hit = pl.col("exposing") & pl.col("inside")
    sure = hit & ((pl.col("strength") >= STRONG) | (pl.col("link") == "key"))
    may = pl.col("inside") & (pl.col("strength") >= TELLS_LEAST)
    doubtful = may & (pl.col("exposing") | pl.col("action").is_in(list(vetoed)) | pl.lit(value=nothing_exposes))
    # A use of the dapp's contract says that its owner was there, and not what they signed.
    doubtful = doubtful | (may & (pl.col("link") == "contract"))
    doubtful = doubtful | (may & pl.col("torn"))
    told = doubtful.fill_null(value=False)
    exposure = pl.col("exposure")
    lines = crowded.with_columns(crowd=pl.lit(value=True))
    marked = deeds.join(lines, on="ref", how="left", nulls_equal=True)
    return (
        marked.with_columns(torn=_torn() & pl.col("crowd").is_null())
        .group_by("address")
        .agg(
            link=rank.min().replace_strict(range(4), _LINKS[:4], return_dtype=pl.String),
            actions=pl.col("action").drop_nulls().unique().sort().cast(pl.String).str.join(", "),
            first_exposed=pl.col("time").filter(hit).min(),
            last_exposed=pl.col("time").filter(hit).max(),
            key=(told & (exposure == "key")).fill_null(value=False).any(),
            approval=(told & (exposure == "approval")).fill_null(value=False).any(),
            unsaid=(told & (exposure.is_null() | (exposure == "none"))).any(),
            strong=sure.any(),
            weak=told.any(),
            near=(pl.col("exposing") & pl.col("near") & ~pl.col("inside") & (pl.col("strength") >= TELLS_LEAST)).any(),
            reported=(pl.col("link") == "report").any(),
            cleared=(pl.col("cleared") & pl.col("inside")).any() & ~hit.any(),
            outside=pl.col("exposing").any() & ~hit.any(),
            chance=pl.col("chance").max(),
        )
    )


def exposure_evidence(deeds: pl.DataFrame, words: dict[str, str], secrets: pl.DataFrame) -> list[pl.DataFrame]:
    """Give the K, X, N3 and N4 rows of weighed deeds; `words` say each action as it reads after "If you ".

    `secrets` is the table: what kind of secret a deed with link `key` comes from. One that is not in it counts as a private key.
    """
    said = pl.col("action").replace_strict(words, default=None, return_dtype=pl.String)
    when = pl.coalesce(pl.col("time").dt.strftime("at %Y-%m-%d %H:%M:%S UTC"), pl.lit("at a time that is not known"))
    kept = deeds.filter(pl.col("exposing") | pl.col("link").is_in(["key", "report"]) | pl.col("cleared"))
    rows = kept.with_columns(
        pl.col("ref").cast(pl.String),
        did=pl.coalesce(pl.format('did "{}"', said), pl.lit("did something that is not said")),
        when=when,
    )
    hit = rows.filter(pl.col("exposing") & pl.col("inside"))
    strength = pl.col("strength").round(2)
    link, cached = pl.col("link"), pl.col("cached")
    texts = (
        (
            "X1",
            ~cached & ~link.is_in(["session", "report", "key", "kin"]),
            pl.format("{} {}, in the window, in a request of its own (strength {})", "did", "when", strength),
        ),
        (
            "X2",
            ~cached & (link == "session"),
            pl.format(
                "the session that {} {}, in the window, had this wallet open (strength {})", "did", "when", strength
            ),
        ),
        (
            "X2",
            link == "kin",
            pl.format(
                "a wallet that {} {} was shown by the same browser at some time: one phrase opens several",
                "did",
                "when",
            ),
        ),
        (
            "X3",
            cached & ~link.is_in(["report", "key", "kin"]),
            pl.format("{} {}, when its browser may still have run the bad file (strength {})", "did", "when", strength),
        ),
        ("X4", link == "report", pl.format("its owner reports: {}, {}", "did", "when")),
    )
    parts = [
        # A report is shown whenever it is about, and whatever it names.
        rows_of(
            code,
            (rows if code == "X4" else hit).filter(mine).with_columns(text=text),
            weight=_log_odds(CODES[code].weight),
        )
        for code, mine, text in texts
    ]
    secret = rows.filter(pl.col("link") == "key")
    kinds = secrets.select("address", "kind", ref=pl.format("log:{}:{}", "source", "line")).unique()
    told = secret.join(kinds, on=["address", "ref"], how="left").with_columns(pl.col("kind").cast(pl.String))
    parts += [
        rows_of(code, told.filter(mine).with_columns(text=pl.format("{} {}", pl.lit(text), "when")))
        for code, mine, text in (
            (
                "K1",
                ~pl.col("kind").is_in(["phrase", "keystore"]).fill_null(value=False),
                "a secret of this wallet stood in a line",
            ),
            ("K2", pl.col("kind") == "phrase", "a recovery phrase of this wallet stood in a line"),
            ("K3", pl.col("kind") == "keystore", "its keystore file stood in a line"),
        )
    ]
    inside = hit.select("address").unique()
    cleared = rows.filter(pl.col("cleared") & pl.col("inside") & ~pl.col("exposing")).join(
        inside, on="address", how="anti"
    )
    parts.append(
        rows_of("N3", cleared.with_columns(text=pl.format("{} {}, which a named person has cleared", "did", "when")))
    )
    outside = rows.filter(pl.col("exposing") & ~pl.col("inside") & (link != "key")).join(
        inside, on="address", how="anti"
    )
    parts.append(rows_of("N4", outside.with_columns(text=pl.format("{} {}, outside the window", "did", "when"))))
    return parts


def _log_odds(most: float) -> pl.Expr:
    """Give the log odds that a deed's chance starts the wallet from, at most the code's weight."""
    chance = pl.col("chance").clip(0.001, 0.999)
    return (chance / (1 - chance)).log().clip(-7.0, most)
