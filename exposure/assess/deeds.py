"""Sightings -> deeds: who did what, when, how surely, and whether that exposes. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

import polars as pl

from exposure.assess.actions import action_frame
from exposure.assess.intake import Intake, plain
from exposure.assess.shelf import Shelf
from exposure.incident import Incident

AnyFrame = TypeVar("AnyFrame", pl.DataFrame, pl.LazyFrame)
# From here on a sighting says more about this wallet's owner than about the crowd that shares a client with them.
STRONG = 0.5
# One recovery phrase opens all wallets under it: another wallet of a browser that gave one away may be lost with it. Browsers
# that show more wallets than this are offices and readers of explorers.
KIN, KIN_MOST = 0.1, 10
# A request may be logged when it ended, or after the transaction that it led to: harm so little before a deed is its harm.
CLOCK_SLACK = timedelta(minutes=5)
# A clock that is off, a request that was logged when it ended: so near to the window nobody is sent away.
NEAR_LEAST, NEAR_MOST, NEAR_SHARE = timedelta(minutes=15), timedelta(hours=3), 0.05


@dataclass(frozen=True, slots=True)
class Window:
    """The published window, ends inclusive; a null end is not bounded, and everything on that side counts.

    `served_until` is T2 before the cache was added: after it only files that a browser kept can have done harm.
    """

    t1: datetime | None = None
    t2: datetime | None = None
    served_until: datetime | None = None

    def holds(self, time: pl.Expr) -> pl.Expr:
        """Tell whether a time lies inside; an unknown one counts as inside."""
        return self._within(time, timedelta(0))

    def nearly_holds(self, time: pl.Expr) -> pl.Expr:
        """Tell whether a time lies inside or just outside."""
        return self._within(time, self.margin)

    @property
    def margin(self) -> timedelta:
        """Give how far outside still counts as near: 5 % of the window, at least 15 minutes, at most 3 hours."""
        if self.t1 is None or self.t2 is None:
            return NEAR_LEAST
        return min(max((self.t2 - self.t1) * NEAR_SHARE, NEAR_LEAST), NEAR_MOST)

    def _within(self, time: pl.Expr, slack: timedelta) -> pl.Expr:
        late = pl.lit(value=True) if self.t1 is None else time >= self.t1 - slack
        early = pl.lit(value=True) if self.t2 is None else time <= self.t2 + slack
        return (late & early).fill_null(value=True)


EXPOSING = ("address", "action", "link", "time", "strength", "asset_state", "exposure", "cleared", "exposing")


@dataclass(frozen=True, slots=True)
class Deeds:
    """All deeds: more than memory may hold, so that they are read anew each time, a stretch of addresses where wanted.

    `seen` are the sightings as they were laid down, as text, with those of kin; `actions` says what each action means; `exposing`
    are the deeds that expose, of which there are few; `kin` are the wallets against which another's deed is held.
    """

    intake: Intake
    seen: pl.LazyFrame
    actions: pl.DataFrame
    kin: pl.Series
    exposing: pl.DataFrame

    def read(self, stretch: pl.Expr | None = None) -> pl.LazyFrame:
        """Read deeds (`deeds_of`), of some addresses alone: `stretch` compares column `address` as text."""
        seen = self.seen if stretch is None else self.seen.filter(stretch)
        return deeds_of(self.intake.encode_seen(seen), self.actions)


def gather_deeds(
    intake: Intake,
    seen: pl.LazyFrame,
    browsers: pl.DataFrame,
    incident: Incident,
    shelf: Shelf,
    vetoed: Collection[str] = (),
) -> Deeds:
    """Give the deeds that sightings are, and those of kin. `browsers` are the clients that showed several wallets: address, group.

    `vetoed` are actions that expose though a person cleared them.
    """
    actions = action_frame(incident, vetoed).with_columns(
        pl.col("action").cast(intake.address), pl.col("exposure").cast(intake.word)
    )
    kin = kin_deeds(deeds_of(intake.encode_seen(seen), actions), browsers).sort("address")
    laid = shelf.keep(plain(kin).lazy().select(seen.collect_schema().names()))
    others = kin.get_column("address").unique()
    found = Deeds(intake, pl.concat([seen, laid]), actions, others, kin.select(EXPOSING).clear())
    return replace(found, exposing=found.read().filter("exposing").select(EXPOSING).collect(engine="streaming"))


def deeds_of(sightings: pl.LazyFrame, actions: pl.DataFrame) -> pl.LazyFrame:
    """Give the sightings with what they mean: exposure, cleared, exposing; `actions` is what `action_frame` gives.

    A report exposes unless it names an action that exposes nobody; a secret in a line exposes whatever the action. An action
    that exposes has its own `exposure`; a report that does not say what was done has null.
    """
    told = sightings.join(actions.lazy(), on="action", how="left")
    secret, unsaid = pl.col("link") == "key", (pl.col("link") == "report") & pl.col("exposure").is_null()
    return told.with_columns(
        exposure=pl.when(secret).then(pl.lit("key")).otherwise(pl.col("exposure")),
        cleared=pl.col("cleared").fill_null(value=False),
        exposing=pl.col("exposing").fill_null(value=False) | secret | unsaid,
        strength=pl.col("strength").fill_null(0.0),
    )


def kin_deeds(deeds: pl.LazyFrame, browsers: pl.DataFrame) -> pl.DataFrame:
    """Give deeds with link `kin`: what exposed a key, for other wallets that a browser of that wallet showed at other times.

    They are weak, so that such a wallet is `possible` and no more; wallets that the deed names itself get none.
    """
    shown = browsers.rename({"group": "client"}).filter(pl.len().over("client").is_between(2, KIN_MOST))
    given = deeds.filter(
        pl.col("exposing") & (pl.col("exposure") == "key") & (pl.col("link") != "key") & (pl.col("strength") > 0)
    )
    told = pl.any_horizontal(pl.col(name).is_in(shown.get_column(name).implode()) for name in ("client", "address"))
    key = given.filter(told.fill_null(value=False)).collect(engine="streaming").sort("strength", descending=True)
    # One row a deed: its request may stand there for several wallets.
    once = key.unique(["client", "ref"], keep="first", maintain_order=True)
    by_browser = once.drop("address").join(shown, on="client")
    # People who change their IP address are a new client each time; what a browser showed together stays together.
    beside = shown.join(shown.rename({"address": "other"}), on="client").filter(pl.col("address") != pl.col("other"))
    sure = key.filter(pl.col("strength") >= STRONG)
    by_wallet = sure.join(beside.select("address", "other").unique(), on="address").drop("address")
    by_wallet = by_wallet.rename({"other": "address"})
    others = pl.concat([by_browser, by_wallet.select(by_browser.columns)])
    others = others.join(key.select("address", "ref"), on=["address", "ref"], how="anti")
    others = others.unique(["address", "ref"], keep="first", maintain_order=True)
    return others.with_columns(
        link=pl.lit("kin").cast(key.schema["link"]), strength=pl.min_horizontal("strength", pl.lit(KIN))
    )


@dataclass(frozen=True, slots=True)
class Placing:
    """How deeds are placed; see `place`. Addresses of `hostile` do nothing that counts."""

    window: Window
    bad_files: bool
    hostile: pl.Series
    physical: Window | None = None

    def of(self, deeds: AnyFrame) -> AnyFrame:
        """Place deeds."""
        mine = deeds.filter(~pl.col("address").is_in(self.hostile.implode()))
        return place(mine, self.window, self.bad_files, self.physical)


def place(deeds: AnyFrame, window: Window, bad_files: bool, physical: Window | None = None) -> AnyFrame:
    """Add `inside`, `cached` and `near`: how each deed lies to the window.

    What facts and files (`physical`) leave inside, and only statistics put out, counts as near: nobody is sent away by statistics.
    `bad_files` says that the malicious file is known: then a client whose last full fetch was that file is still exposed
    after T2, for as long as it has not fetched another (an open tab, a file that a proxy kept).
    """
    holding = (pl.col("asset_state") == "bad").fill_null(value=False) if bad_files else pl.lit(value=False)
    after = (pl.col("time") > window.t2).fill_null(value=False) if window.t2 is not None else pl.lit(value=False)
    kept = (
        (pl.col("time") > window.served_until).fill_null(value=False)
        if window.served_until is not None
        else pl.lit(value=False)
    )
    inside = window.holds(pl.col("time"))
    near = window.nearly_holds(pl.col("time"))
    if physical is not None and physical != window:
        near = near | physical.holds(pl.col("time"))
    return deeds.with_columns(
        inside=inside | (holding & after),
        cached=(inside & kept) | (holding & after),
        near=near,
    )
