"""An attacker who got people's keys: robs those worth it with their own signatures, hours later, into rotating addresses."""

from collections.abc import Sequence

from exposure.drill.browsers import Exposure
from exposure.drill.dice import Dice
from exposure.drill.keys import Account
from exposure.drill.life import ASSETS, copy_to, do, move_home
from exposure.drill.moves import FORWARD_GAS, TRANSFER_GAS, pay, transfer
from exposure.drill.people import Wallet
from exposure.drill.scenario import HOUR, MINUTE, Attack
from exposure.drill.story import Story
from exposure.drill.world import World, give

_ENOUGH = 12 * 10**16  # wei with which one can move everything and still has something to live on
_SWEEP_FLOOR = 10**15  # wei below which nobody pays a fee to take it
_PLEA = b"please return my funds, it was all I had"
_STAKE = 3 * 10**17  # what the funder starts with


def rob(story: Story, attack: Attack, exposures: Sequence[Exposure]) -> None:
    """Schedule the thefts, the rescues, and what the attacker does with the loot."""
    world = story.world
    sinks = [world.account("sink", number) for number in range(attack.sinks)]
    funder = world.account("funder")
    world.fund(funder.address, _STAKE)
    for exposure in exposures:
        story.expose(exposure)
    saved = _rescue(story, attack, exposures)
    for exposure in exposures:
        if exposure.wallet.address not in saved:
            account, time = exposure.wallet.account, harvest_time(world, attack, exposure)
            world.ledger.at(time, _harvest, story, attack, account, sinks, funder)
    _rob_elsewhere(story, attack, sinks, funder)
    world.ledger.at(attack.t2 + attack.delay_max, _forward, world, sinks)
    note_attackers(story, "sink", sinks)
    note_attackers(story, "funder", [funder])
    note_attackers(story, "collector", [world.account("collector")])
    look_alikes(story, sinks[0].address)


def harvest_time(world: World, attack: Attack, exposure: Exposure) -> float:
    """Draw when a wallet is robbed: minutes to hours after its exposure."""
    delay = world.dice("delay", exposure.wallet.address).lognormal(attack.delay, attack.delay_sigma)
    return exposure.time + min(max(delay, 2 * MINUTE), attack.delay_max)


def note_attackers(story: Story, role: str, accounts: Sequence[Account]) -> None:
    """Keep the attacker's addresses for the truth."""
    story.attackers[role] += [account.address for account in accounts]


def look_alikes(story: Story, sink: str) -> None:
    """Tie uninvolved wallets to the attacker by transfers of nothing and by messages, which prove nothing."""
    world, attack, life = story.world, story.world.scenario.attack, story.world.scenario.life
    assert attack is not None
    dice = world.dice("look-alikes")
    uninvolved = (p for p in story.people if not any(wallet.address in story.exposed for wallet in p.wallets))
    others = [person.wallets[0] for person in uninvolved if dict(person.wallets[0].purse)["ETH"] > 10**17]
    chosen = dice.sample(others, life.zero_value + life.messages)
    for wallet in chosen[: life.zero_value]:
        copy_to(world, world.addresses["USDX"], wallet.address, sink, attack.t2 + dice.uniform(0.2, 6) * HOUR)
    for wallet in chosen[life.zero_value :]:
        time = attack.t2 + attack.notice + dice.uniform(0.3, 5) * HOUR
        world.ledger.at(time, pay, world, wallet.account, sink, 0, 40_000, _PLEA)


def _rescue(story: Story, attack: Attack, exposures: Sequence[Exposure]) -> set[str]:
    """Let a few owners hear the notice in time: they bring everything to a fresh address, and go on living there."""
    world = story.world
    dice = world.dice("rescue")
    notice = attack.t2 + attack.notice
    able = [one for one in exposures if one.time < notice and len(one.person.wallets) == 1 and _ether(one) > _ENOUGH]
    # Those whom the attacker would have come for last are still in time.
    last = sorted(able, key=lambda one: -harvest_time(world, attack, one))
    saved = set()
    for exposure in last[: attack.rescues]:
        wallet, person = exposure.wallet, exposure.person
        home = world.account(person.name, "rescued")
        time = notice + dice.uniform(7, 75) * MINUTE
        world.ledger.at(time, move_home, story, wallet.account, home.address)
        later = time + dice.uniform(1, 5) * HOUR
        kind, number = dice.pick(("send", "deposit", "swap")), dice.integer(0, 10**9)
        moved = Wallet(home, f"{person.name}/rescued", (("ETH", 0),), nft=False)
        world.ledger.at(later, do, story, person, moved, kind, number)
        story.homes.append(home.address)
        saved.add(wallet.address)
    return saved


def _ether(exposure: Exposure) -> int:
    return dict(exposure.wallet.purse)["ETH"]


def _harvest(story: Story, attack: Attack, victim: Account, sinks: Sequence[Account], funder: Account) -> None:
    """Rob one wallet now, if it is worth it; where it lacks ether for the fees, lend it some first."""
    world = story.world
    goods = [name for name in ASSETS if world.worth(name, victim.address) >= attack.asset_floor]
    ether = world.worth("ETH", victim.address) >= attack.asset_floor
    total = sum(world.worth(name, victim.address) for name in (*ASSETS, "ETH"))
    if total < attack.value_filter or not (goods or ether):
        return
    dice = world.dice("harvest", victim.address)
    sink = dice.pick(sinks).address
    goods.sort(key=lambda name: -world.worth(name, victim.address))
    time = float(world.ledger.now)
    if goods and not world.ledger.can_pay(victim.address, TRANSFER_GAS * len(goods)):
        if pay(world, funder, victim.address, len(goods) * 14 * 10**13) is None:
            return
        time += dice.uniform(13, 70)
    for name in goods:
        world.ledger.at(time, _take, story, victim, name, sink)
        time += dice.uniform(1, 40)
    if ether:
        world.ledger.at(time, _take_ether, story, victim, sink)


def _take(story: Story, victim: Account, name: str, sink: str) -> None:
    amount = story.world.held(name, victim.address)
    sent = transfer(story.world, name, victim, sink, amount)
    if sent:
        story.lose(victim.address, story.world.token_address(name), amount, sent.time)


def _take_ether(story: Story, victim: Account, sink: str) -> None:
    if story.world.ledger.ether[victim.address] > _SWEEP_FLOOR:
        sent = story.world.ledger.send_all(victim, sink)
        story.lose(victim.address, story.world.token_address("ETH"), sent.value, sent.time)


def _rob_elsewhere(story: Story, attack: Attack, sinks: Sequence[Account], funder: Account) -> None:
    """Rob people of other sites too: nothing but the same attacker ties them to this incident."""
    world = story.world
    for number in range(attack.elsewhere):
        dice = world.dice("elsewhere", number)
        victim = world.account("elsewhere", number)
        world.fund(victim.address, dice.integer(300, 4000) * 10**15 + dice.integer(0, 10**15))
        tokens = dice.integer(200 * 10**6, 3000 * 10**6)
        world.ledger.at(world.genesis + 2 * HOUR, give, world, "USDX", [(victim.address, tokens)])
        _one_payment(world, victim, dice)
        time = attack.t1 + dice.uniform(1, (attack.t2 - attack.t1) / HOUR + 6) * HOUR
        world.ledger.at(time, _harvest, story, attack, victim, sinks, funder)
        story.elsewhere.append(victim.address)


def _one_payment(world: World, account: Account, dice: Dice) -> None:
    time = world.scenario.logs.start - dice.uniform(0.5, 6) * 24 * HOUR
    amount = dice.integer(5, 90) * 10**15
    world.ledger.at(time, pay, world, account, world.exchange.address, amount)


def _forward(world: World, sinks: Sequence[Account]) -> None:
    """Gather the loot, and bring a part of it to an exchange: that the attacker pays there makes no attacker of it."""
    collector = world.account("collector")
    for sink in sinks:
        transfer(world, "USDX", sink, collector.address, world.held("USDX", sink.address))
        pay(world, sink, collector.address, world.held("ETH", sink.address) * 92 // 100)
    part = world.held("ETH", collector.address) // 3
    world.ledger.at(world.ledger.now + HOUR, pay, world, collector, world.deposits[-1], part, FORWARD_GAS)
