"""What the attacker does with keys and signatures, what owners do against it, and what only looks like theft. Pure."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from exposure.drill.mass.ledger import LEAST, Plan
from exposure.drill.mass.life import empty
from exposure.drill.mass.town import DAY, ETH, FAKE, GOV, HOUR, USDX, Numbers, Town
from exposure.drill.mass.visits import Windows

_ASSET_FLOOR = 20.0  # dollars: what an asset must be worth to be taken
_GAS = 140_000  # gwei that a funder sends to a wallet without ether
_NIGHT = 2.0  # hour, UTC


@dataclass(slots=True)
class Gang:
    """The attacker's addresses by number; `delegated` are the wallets whose account runs the code of `delegate` in the end."""

    sinks: Numbers
    spender: int
    operator: int
    funder: int
    drainer: int
    delegate: int
    one_time: list[Numbers]
    delegated: Numbers

    @staticmethod
    def of(town: Town) -> "Gang":
        """Enter the attacker into the book."""
        book = town.book
        nothing = np.zeros(0, dtype=np.int64)
        return Gang(book.new(town.knobs.sinks), book.one(), book.one(), book.one(), book.one(), book.one(), [], nothing)

    def roles(self, knobs_split: float, *, key: bool, approval: bool) -> dict[str, list[int]]:
        """Give who did what, for the truth."""
        own = np.concatenate([self.sinks, *self.one_time]) if self.one_time else self.sinks
        found = {"sink": own.tolist()}
        if key:
            found |= {"funder": [self.funder], "delegate": [self.delegate]}
        if approval:
            found["spender"] = [self.drainer if knobs_split else self.spender]
            found["sink"] = [*found["sink"], *([self.operator] if knobs_split else [])]
        return found


def rob(plan: Plan, gang: Gang, exposed: pl.DataFrame, served: Windows, end: float) -> None:
    """Plan rescues, thefts by key and by signature, thefts on other sites, and pretences."""
    knobs, dice = plan.town.knobs, plan.town.knobs.dice("rob")
    saved = _rescue(plan, exposed, served, dice)
    left = exposed.filter(~pl.col("wallet").is_in(saved.implode()))
    last = served.spans[0][0] + knobs.stops * (served.t2 - served.spans[0][0])
    alive = left.filter(pl.col("time") <= last)
    _rob_keys(plan, gang, alive.filter(pl.col("way") < 2), end, dice)
    # Who moved everything has still signed.
    _rob_signers(plan, gang, exposed.filter(pl.col("way") >= 2), served, dice)
    _rob_elsewhere(plan, gang, exposed.height, served, end, dice)
    _pretend(plan, gang, served, dice)


def _rescue(plan: Plan, exposed: pl.DataFrame, served: Windows, dice: np.random.Generator) -> pl.Series:
    """Let some owners bring their wallets to a fresh address, most of them after the notice, and go on living there."""
    knobs = plan.town.knobs
    chosen = exposed.filter(pl.Series(dice.random(exposed.height) < knobs.rescued))
    wallet = chosen.get_column("wallet").to_numpy()
    notice = served.t2 + knobs.notice * HOUR
    since = chosen.get_column("time").to_numpy()
    suspicious = dice.random(len(wallet)) < 0.2  # who saw at once that something was wrong
    heard = np.maximum(notice, since) + dice.uniform(0.1, 3, len(wallet)) * HOUR
    time = np.round(np.where(suspicious, since + dice.uniform(120, 1200, len(wallet)), heard)).astype(np.float64)
    homes = plan.town.book.new(len(wallet))
    empty(plan, "rescue", wallet, homes, time, dice)
    # The first payment from the new home: that its owner uses it on is all that tells it from a thief's.
    plan.move(
        "home",
        time=time + np.round(dice.uniform(1, 8, len(wallet)) * HOUR),
        frm=homes,
        to=np.full(len(wallet), plan.town.parties.exchange),
        asset=ETH,
        amount=np.maximum(plan.town.purse[ETH][wallet] // 50, 1),
    )
    # Those who were robbed before they heard of it are robbed; who was quicker is not.
    quick = time < since + knobs.delay * HOUR
    return pl.Series(wallet[quick | suspicious], dtype=pl.Int64)


def _worth_it(town: Town, wallet: Numbers) -> NDArray[np.bool_]:
    return town.worth()[wallet] >= max(town.knobs.value_filter, _ASSET_FLOOR)


def _harvest_times(plan: Plan, since: NDArray[np.float64], dice: np.random.Generator) -> NDArray[np.float64]:
    knobs = plan.town.knobs
    wait = dice.lognormal(np.log(knobs.delay * HOUR), knobs.delay_sigma, len(since))
    time = since + np.maximum(wait, 60)
    if knobs.nights:
        night = np.ceil((time - _NIGHT * HOUR) / DAY) * DAY + _NIGHT * HOUR
        time = night + dice.uniform(0, 2 * HOUR, len(time))
    return np.round(time)


def _sinks_for(gang: Gang, town: Town, time: NDArray[np.float64], dice: np.random.Generator) -> Numbers:
    """Choose where each theft goes: a sink by chance, one after the other, or a new one for each victim."""
    count = len(time)
    if town.knobs.one_time:
        own = town.book.new(count)
        gang.one_time.append(own)
        return own
    if town.knobs.rotate:
        rank = np.argsort(np.argsort(time, kind="stable"), kind="stable")
        return gang.sinks[rank * len(gang.sinks) // max(1, count)]
    return gang.sinks[dice.integers(0, len(gang.sinks), count)]


def _rob_keys(plan: Plan, gang: Gang, alive: pl.DataFrame, end: float, dice: np.random.Generator) -> None:
    """Rob by the wallets' own signatures: tokens first, then ether; where there is none for fees, lend it."""
    town, knobs = plan.town, plan.town.knobs
    wallet, since = alive.get_column("wallet").to_numpy(), alive.get_column("time").to_numpy()
    time = _harvest_times(plan, since, dice)
    # A stolen key does not open a smart account by itself.
    chosen = _worth_it(town, wallet) & (time < end - HOUR) & ~town.smart[wallet]
    wallet, time = wallet[chosen], time[chosen]
    sink = _sinks_for(gang, town, time, dice)
    poor = (town.purse[ETH][wallet] < LEAST[ETH]) & ((town.purse[USDX][wallet] > 0) | (town.purse[GOV][wallet] > 0))
    lent = poor & knobs.fund_gas
    plan.move(
        "gas",
        time=time[lent] - 40,
        frm=np.full(int(lent.sum()), gang.funder),
        to=wallet[lent],
        asset=ETH,
        amount=np.full(int(lent.sum()), _GAS),
    )
    able = ~poor | lent
    for asset in (USDX, GOV, ETH):
        time = time + np.round(dice.uniform(1, 40, len(time)))
        dollars = town.dollars(asset, town.purse[asset][wallet])
        takes = able & (dollars >= _ASSET_FLOOR)
        plan.move("theft", time=time[takes], frm=wallet[takes], to=sink[takes], asset=asset)
    gang.delegated = wallet[dice.random(len(wallet)) < knobs.delegated]


def _rob_signers(plan: Plan, gang: Gang, signed: pl.DataFrame, served: Windows, dice: np.random.Generator) -> None:
    """Let people approve, or sign what shows only when it is used; use most of what is worth it in one night."""
    town, knobs = plan.town, plan.town.knobs
    wallet, since = signed.get_column("wallet").to_numpy(), signed.get_column("time").to_numpy()
    dollars = (
        np.stack([town.dollars(asset, town.purse[asset][wallet]) for asset in (USDX, GOV)])
        if len(wallet)
        else np.zeros((2, 0))
    )
    asset = np.where(dollars[0] >= dollars[1], USDX, GOV)
    count = len(wallet)
    spender = np.full(count, gang.drainer if knobs.split else gang.spender)
    if knobs.one_time and count:
        spender = town.book.new(count)
        gang.one_time.append(spender)
    permit = dice.random(count) < knobs.permit
    open_ = ~permit
    plan.approve(
        time=np.round(since[open_] + dice.uniform(6, 60, int(open_.sum()))),
        owner=wallet[open_],
        spender=spender[open_],
        asset=asset[open_],
        amount=np.where(
            dice.random(int(open_.sum())) < 0.8,
            -1,
            np.maximum(
                np.where(asset[open_] == USDX, town.purse[USDX][wallet[open_]], town.purse[GOV][wallet[open_]]), 1
            ),
        ),
    )
    night = served.t2 + knobs.batch * HOUR
    revoked = open_ & (dice.random(count) < knobs.revoked)
    back = np.round(served.t2 + knobs.notice * HOUR + dice.lognormal(np.log(1.5 * HOUR), 0.7, count))
    plan.approve(
        time=back[revoked],
        owner=wallet[revoked],
        spender=spender[revoked],
        asset=asset[revoked],
        amount=np.zeros(int(revoked.sum()), dtype=np.int64),
    )
    worth = np.max(dollars, axis=0, initial=0) if count else np.zeros(0)
    used = (
        (worth >= max(knobs.value_filter, 5.0))
        & ~(revoked & (back < night + 2 * HOUR))
        & (dice.random(count) >= knobs.unused)
    )
    wallet, asset, spender, permit = wallet[used], asset[used], spender[used], permit[used]
    time = np.round(night + np.sort(dice.uniform(0, 2 * HOUR, len(wallet))))
    _use(plan, gang, wallet, asset, spender, permit, time, dice)


def _use(
    plan: Plan,
    gang: Gang,
    wallet: Numbers,
    asset: Numbers,
    spender: Numbers,
    permit: NDArray[np.bool_],
    time: NDArray[np.float64],
    dice: np.random.Generator,
) -> None:
    knobs = plan.town.knobs
    sink = gang.sinks[dice.integers(0, len(gang.sinks), len(wallet))]
    tx = plan.transactions(len(wallet))
    contract = bool(knobs.split) and not knobs.one_time
    sender = np.full(len(wallet), gang.operator) if contract or knobs.one_time else spender
    called = np.full(len(wallet), gang.drainer) if contract else spender if knobs.one_time else plan.token(asset)
    plan.approve(
        time=time[permit],
        owner=wallet[permit],
        spender=spender[permit],
        asset=asset[permit],
        amount=np.full(int(permit.sum()), -1),
        sender=sender[permit],
        called=called[permit],
        tx=tx[permit],
    )
    plan.move(
        "split" if contract else "theft",
        time=time,
        frm=wallet,
        to=sink,
        asset=asset,
        sender=sender,
        called=called,
        tx=tx,
        input=np.full(len(wallet), "call"),
    )


def split_loot(moves: pl.DataFrame, gang: Gang, share: float) -> pl.DataFrame:
    """Divide each theft of a drainer's contract: the operator's share goes to an address of its own, in the same transaction."""
    mine = moves.filter(pl.col("why") == "split")
    part = (pl.col("amount") * int(share * 1000)) // 1000
    cut = mine.with_columns(amount=part, to=pl.lit(gang.operator, pl.Int64), why=pl.lit("theft"))
    rest = mine.with_columns(amount=pl.col("amount") - part, why=pl.lit("theft"))
    others = moves.filter(pl.col("why") != "split")
    return (
        pl.concat([others, cut, rest])
        .filter((pl.col("amount") > 0) | (pl.col("why") == "pretence"))
        .sort("time", "tx", "to")
    )


def _rob_elsewhere(
    plan: Plan, gang: Gang, exposed: int, served: Windows, end: float, dice: np.random.Generator
) -> None:
    """Rob people of other sites: nothing but the same attacker ties them to this incident."""
    town, knobs = plan.town, plan.town.knobs
    count = round(knobs.elsewhere * exposed)
    victims = town.book.new(count)
    time = np.round(dice.uniform(served.t1 - DAY, min(served.t2 + 2 * DAY, end - HOUR), count))
    for asset, low, high in ((ETH, 3 * 10**8, 4 * 10**9), (USDX, 2 * 10**8, 3 * 10**9)):
        plan.move(
            "party",
            time=town.start - dice.uniform(2, 8, count) * DAY,
            frm=np.full(count, town.parties.exchange),
            to=victims,
            asset=asset,
            amount=dice.integers(low, high, count),
        )
    sink = _sinks_for(gang, town, time, dice)
    if knobs.kind == "approval":
        spender = np.full(count, gang.drainer if knobs.split else gang.spender)
        plan.approve(
            time=time - 300, owner=victims, spender=spender, asset=np.full(count, USDX), amount=np.full(count, -1)
        )
        sender = np.full(count, gang.operator) if knobs.split else spender
        plan.move(
            "elsewhere",
            time=time,
            frm=victims,
            to=sink,
            asset=USDX,
            sender=sender,
            called=spender if knobs.split else plan.token(np.full(count, USDX)),
            input=np.full(count, "call"),
        )
        return
    for asset in (USDX, ETH):
        plan.move("elsewhere", time=time + 30 * (asset == ETH), frm=victims, to=sink, asset=asset)


def _pretend(plan: Plan, gang: Gang, served: Windows, dice: np.random.Generator) -> None:
    """Send nothing, and false tokens, in other people's names to the thief; let some ask the thief for mercy."""
    town, knobs = plan.town, plan.town.knobs
    to = int(gang.sinks[0])
    for share, asset, amount in ((knobs.zero_value, USDX, 0), (knobs.counterfeit, FAKE, 500 * 10**6)):
        wallet = np.flatnonzero(dice.random(town.wallets) < share)
        count = len(wallet)
        plan.move(
            "pretence",
            time=np.round(served.t2 + dice.uniform(0.2, 9, count) * HOUR),
            frm=wallet,
            to=np.full(count, to),
            asset=asset,
            amount=np.full(count, amount),
            sender=np.full(count, town.parties.poisoner),
        )
    wallet = dice.integers(0, town.wallets, knobs.messages)
    plan.move(
        "pretence",
        time=np.round(served.t2 + knobs.notice * HOUR + dice.uniform(1, 5, len(wallet)) * HOUR),
        frm=wallet,
        to=np.full(len(wallet), to),
        asset=ETH,
        amount=np.zeros(len(wallet), dtype=np.int64),
        input=np.full(len(wallet), "text"),
    )
