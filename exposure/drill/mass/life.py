"""Ordinary life on chain: what everybody does, victim or not. Much of it looks like theft at first sight. Pure."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from exposure.drill.mass.ledger import LEAST, Plan
from exposure.drill.mass.town import DAY, ETH, FAKE, GOV, HOUR, USDX, Numbers
from exposure.drill.mass.visits import moments

LEAD = 9 * DAY
# How people move money: to friends, to the exchange, by a router, a bridge, a settlement of intents, a subscription.
_KINDS = ("friend", "exchange", "router", "bridge", "intent", "keeper")
_SHARES = np.array([0.3, 0.22, 0.22, 0.08, 0.12, 0.06])


def live(plan: Plan, visits: pl.DataFrame, end: float) -> None:
    """Plan the ordinary life of everybody until `end`."""
    town, knobs = plan.town, plan.town.knobs
    dice = knobs.dice("life")
    begin = town.start - LEAD
    weeks = (end - begin) / (7 * DAY)
    times = dice.poisson(knobs.week * weeks, town.wallets)
    wallet = np.repeat(np.arange(town.wallets), times)
    _spend(plan, dice, wallet, begin + moments(dice, len(wallet), (end - begin) / DAY))
    after = visits.filter(pl.Series(dice.random(visits.height) < knobs.after_visit))
    _spend(
        plan,
        dice,
        after.get_column("wallet").to_numpy(),
        after.get_column("act").to_numpy() + dice.uniform(20, 200, after.height),
    )
    _withdraw(plan, dice, begin, end)
    _sale(plan, dice)
    _approve_apps(plan, dice, begin, end)
    _gifts(plan, dice)
    _move_on(plan, dice, begin, end)
    _gather(plan, dice)


def _spend(plan: Plan, dice: np.random.Generator, wallet: Numbers, time: NDArray[np.float64]) -> None:
    """Let each of these wallets do one thing at its time, as far as it can."""
    town, parties = plan.town, plan.town.parties
    kind = dice.choice(len(_KINDS), size=len(wallet), p=_SHARES / _SHARES.sum())
    has_dollars = town.purse[USDX][wallet] > LEAST[USDX]
    asset = np.where(has_dollars & (dice.random(len(wallet)) < 0.6), USDX, ETH)
    asset = np.where(np.isin(kind, (4, 5)), np.where(has_dollars, USDX, ETH), asset)
    purse = np.where(asset == ETH, town.purse[ETH][wallet], town.purse[USDX][wallet])
    amount = (
        purse * np.where(kind == 1, dice.uniform(0.1, 0.6, len(wallet)), dice.uniform(0.01, 0.25, len(wallet)))
    ).astype(np.int64)
    least = np.where(asset == ETH, LEAST[ETH], LEAST[USDX])
    able = (amount >= least) & (town.purse[ETH][wallet] > LEAST[ETH]) & ~((kind >= 4) & (asset == ETH))
    rows = {
        "wallet": wallet[able],
        "time": np.round(time[able]),
        "asset": asset[able],
        "amount": amount[able],
        "kind": kind[able],
    }
    friend = _friends(plan, dice, rows["wallet"])
    deposit = _deposits(plan, rows["wallet"])
    payee = np.select([rows["kind"] == 0, rows["kind"] == 1], [friend, deposit], parties.bridge)
    _pay(plan, rows, rows["kind"] <= 1, payee, "plain")
    _pay(plan, rows, rows["kind"] == 3, payee, "call")
    _trade(plan, dice, rows, rows["kind"] == 2, parties.router, None)
    _trade(plan, dice, rows, rows["kind"] == 4, parties.settlement, parties.solver)
    _subscribe(plan, rows, rows["kind"] == 5)


def _pay(plan: Plan, rows: dict[str, Numbers], mine: NDArray[np.bool_], payee: Numbers, how: str) -> None:
    """Pay plainly, or by a call of the payee's contract; smart accounts are served by a bundler."""
    town, parties = plan.town, plan.town.parties
    wallet, asset, to = rows["wallet"][mine], rows["asset"][mine], payee[mine]
    smart = town.smart[wallet]
    contract = plan.token(asset)
    called = np.where(contract < 0, to, contract) if how == "plain" else to
    plan.move(
        "life",
        time=rows["time"][mine],
        frm=wallet,
        to=to,
        asset=asset,
        amount=rows["amount"][mine],
        sender=np.where(smart & (asset != ETH), parties.bundler, wallet),
        called=np.where(smart & (asset != ETH), parties.entry_point, called),
        input=np.where((asset == ETH) & (how == "plain"), "plain", "call"),
    )


def _friends(plan: Plan, dice: np.random.Generator, wallet: Numbers) -> Numbers:
    """Choose whom to pay: somebody of the town, or somebody whom nobody here knows."""
    strangers = plan.town.book.new(len(wallet))
    return np.where(dice.random(len(wallet)) < 0.3, dice.integers(0, plan.town.wallets, len(wallet)), strangers)


def _deposits(plan: Plan, wallet: Numbers) -> Numbers:
    """Most pay into the exchange's own wallet, a few have an address of their own there."""
    parties = plan.town.parties
    own = plan.town.owner[wallet]
    return np.where(
        (own % 5 == 0) & (own // 5 < len(parties.deposits)),
        parties.deposits[(own // 5) % len(parties.deposits)],
        parties.exchange,
    )


def _trade(
    plan: Plan,
    dice: np.random.Generator,
    rows: dict[str, Numbers],
    mine: NDArray[np.bool_],
    venue: int,
    solver: int | None,
) -> None:
    """Give one asset and get another in one transaction: by the wallet's own call, or by a solver who settles its intent."""
    wallet, time, amount = rows["wallet"][mine], rows["time"][mine], rows["amount"][mine]
    asset = rows["asset"][mine]
    sender = wallet if solver is None else np.full(len(wallet), solver)
    tx = plan.transactions(len(wallet))
    both = {"time": time, "sender": sender, "called": np.full(len(wallet), venue), "tx": tx}
    allowed = asset != ETH
    plan.approve(
        time=time[allowed] - HOUR,
        owner=wallet[allowed],
        spender=np.full(int(allowed.sum()), venue),
        asset=asset[allowed],
        amount=np.where(dice.random(int(allowed.sum())) < 0.6, -1, amount[allowed]),
    )
    plan.move(
        "life",
        frm=wallet,
        to=np.full(len(wallet), venue),
        asset=asset,
        amount=amount,
        input=np.full(len(wallet), "call"),
        **both,
    )
    got = np.where(asset == ETH, amount // 400, amount // 5)  # GOV for ether, GOV for dollars: in round figures
    plan.move(
        "life",
        frm=np.full(len(wallet), venue),
        to=wallet,
        asset=np.full(len(wallet), GOV),
        amount=np.maximum(got, 1),
        input=np.full(len(wallet), "call"),
        **both,
    )


def _subscribe(plan: Plan, rows: dict[str, Numbers], mine: NDArray[np.bool_]) -> None:
    """Let a keeper collect what a wallet had allowed it weeks ago: a third party that moves assets for nothing in return."""
    parties = plan.town.parties
    wallet, asset, time = rows["wallet"][mine], rows["asset"][mine], rows["time"][mine]
    count = len(wallet)
    plan.approve(
        time=np.full(count, plan.town.start - LEAD - DAY) + np.arange(count),
        owner=wallet,
        spender=np.full(count, parties.keeper),
        asset=asset,
        amount=np.full(count, -1),
    )
    token = plan.token(asset)
    plan.move(
        "life",
        time=time,
        frm=wallet,
        to=np.full(count, parties.keeper),
        asset=asset,
        amount=np.minimum(rows["amount"][mine], 20_000_000),
        sender=np.full(count, parties.keeper),
        called=token,
        input=np.full(count, "call"),
    )


def _withdraw(plan: Plan, dice: np.random.Generator, begin: float, end: float) -> None:
    town, parties = plan.town, plan.town.parties
    count = town.wallets // 15
    wallet = dice.integers(0, town.wallets, count)
    plan.move(
        "party",
        time=np.round(dice.uniform(begin, end, count)),
        frm=np.full(count, parties.exchange),
        to=wallet,
        asset=np.where(dice.random(count) < 0.5, ETH, USDX),
        amount=dice.integers(4 * 10**7, 15 * 10**8, count),
    )


def _sale(plan: Plan, dice: np.random.Generator) -> None:
    """Let people pay into a sale that began the other day: a new address that many share, and no attacker."""
    town = plan.town
    buyers = np.flatnonzero(dice.random(town.knobs.people) < town.knobs.sale)
    wallet = town.first[buyers]
    amount = (town.purse[ETH][wallet] * dice.uniform(0.05, 0.5, len(wallet))).astype(np.int64)
    able = amount >= LEAST[ETH]
    plan.move(
        "life",
        time=np.round(town.start + moments(dice, int(able.sum()), town.knobs.days)),
        frm=wallet[able],
        to=np.full(int(able.sum()), town.parties.sale),
        asset=ETH,
        amount=amount[able],
    )


def _approve_apps(plan: Plan, dice: np.random.Generator, begin: float, end: float) -> None:
    """Let people approve other apps, most of them without a limit, and never hear of it again."""
    town = plan.town
    wallet = np.flatnonzero((dice.random(town.wallets) < town.knobs.apps) & (town.purse[USDX] > 0))
    count = len(wallet)
    app = town.parties.apps[np.minimum(dice.geometric(0.35, count) - 1, len(town.parties.apps) - 1)]
    plan.approve(
        time=np.round(dice.uniform(begin, end, count)),
        owner=wallet,
        spender=app,
        asset=np.full(count, USDX),
        amount=np.where(dice.random(count) < 0.6, -1, np.maximum(town.purse[USDX][wallet] // 3, 1)),
    )


def _gifts(plan: Plan, dice: np.random.Generator) -> None:
    """Drop a true token and a false one on many, in one transaction each; and dust on some."""
    town, parties = plan.town, plan.town.parties
    for asset, unit in ((GOV, 10**9), (FAKE, 10**6)):
        reached = np.flatnonzero(dice.random(town.wallets) < town.knobs.airdrop)
        count = len(reached)
        time = np.full(count, np.round(town.start + dice.uniform(0, town.knobs.days) * DAY))
        if not count:
            continue
        plan.move(
            "party",
            time=time,
            frm=np.full(count, parties.minter),
            to=reached,
            asset=asset,
            amount=dice.integers(3, 40, count) * unit,
            tx=np.full(count, plan.transactions(1)[0]),
            sender=np.full(count, parties.minter),
            called=np.full(count, parties.minter),
        )
    dusted = np.flatnonzero(dice.random(town.wallets) < 0.02)
    plan.move(
        "party",
        time=np.round(town.start + dice.uniform(0, town.knobs.days, len(dusted)) * DAY),
        frm=np.full(len(dusted), parties.poisoner),
        to=dusted,
        asset=ETH,
        amount=np.ones(len(dusted), dtype=np.int64),
    )


def empty(
    plan: Plan, why: str, wallet: Numbers, to: Numbers, time: NDArray[np.float64], dice: np.random.Generator
) -> None:
    """Let owners bring everything to an address of theirs, the tokens first; a contract cannot send for itself."""
    plain = ~plan.town.smart[wallet]
    wallet, to, time = wallet[plain], to[plain], time[plain]
    for asset in (USDX, GOV, ETH):
        has = plan.town.purse[asset][wallet] >= LEAST[asset]
        time = time + np.round(dice.uniform(12, 90, len(time)))
        plan.move(why, time=time[has], frm=wallet[has], to=to[has], asset=asset)


def _move_on(plan: Plan, dice: np.random.Generator, begin: float, end: float) -> None:
    """Let some owners bring all to a new address, for reasons of their own: to every eye it is what a one-time drainer does."""
    town = plan.town
    wallet = np.flatnonzero((dice.random(town.wallets) < town.knobs.fresh) & ~town.smart)
    empty(plan, "fresh", wallet, town.book.new(len(wallet)), np.round(dice.uniform(begin, end, len(wallet))), dice)


def _gather(plan: Plan, dice: np.random.Generator) -> None:
    """Let owners of many wallets bring them together in a new one within minutes: it looks like a sweep."""
    town = plan.town
    hoarders = np.flatnonzero(town.count >= 3)
    homes = town.book.new(len(hoarders))
    moment = np.round(town.start + dice.uniform(0, town.knobs.days, len(hoarders)) * DAY)
    home_of = np.zeros(town.knobs.people, dtype=np.int64)
    time_of = np.zeros(town.knobs.people)
    home_of[hoarders], time_of[hoarders] = homes, moment
    wallet = np.flatnonzero(np.isin(town.owner, hoarders))
    later = (wallet - town.first[town.owner[wallet]]) * 240
    empty(plan, "gather", wallet, home_of[town.owner[wallet]], time_of[town.owner[wallet]] + later, dice)
