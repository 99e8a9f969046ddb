"""Ordinary life on chain: what everybody does, victim or not. Much of it looks like theft at first sight."""

from exposure.drill import calls
from exposure.drill.dice import Dice
from exposure.drill.keys import Account, lookalike, stranger
from exposure.drill.ledger import SLOT, Transaction
from exposure.drill.moves import (
    FORWARD_GAS,
    TRANSFER_GAS,
    empty_into,
    pay,
    swap,
    transfer,
)
from exposure.drill.people import DECIMALS, Person, Wallet
from exposure.drill.scenario import DAY, HOUR
from exposure.drill.story import Story
from exposure.drill.visits import ERRANDS, Visit, moment
from exposure.drill.world import World, give

ASSETS = ("USDX", "GOV", "POOL")


def live(story: Story) -> None:
    """Schedule the ordinary life of everybody."""
    world = story.world
    logs, life = world.scenario.logs, world.scenario.life
    after = (world.scenario.story_end - logs.end) / DAY
    for person in story.people:
        for wallet in person.wallets:
            dice = world.dice("life", wallet.address)
            for _ in range(dice.poisson(life.before)):
                _plan(story, person, wallet, moment(dice, logs.start - life.lead, life.lead // DAY), dice)
            for _ in range(dice.poisson(life.before * after * DAY / life.lead) if after > 0 else 0):
                _plan(story, person, wallet, logs.end + dice.uniform(0, after * DAY - HOUR), dice)
    for visit in story.visits:
        _errands(story, visit)
    _withdraw(story)
    _airdrop(story)
    _sale(story)
    _dust(story)
    _gather(story)


def _plan(story: Story, person: Person, wallet: Wallet, time: float, dice: Dice) -> None:
    kind = dice.weighted(ERRANDS, (0.35, 0.2, 0.2, 0.25))
    story.world.ledger.at(time, do, story, person, wallet, kind, dice.integer(0, 10**9))


def _errands(story: Story, visit: Visit) -> None:
    """Schedule what people do on chain while they visit: on the wallet site an errand, on the dapp what they clicked."""
    world = story.world
    dice = world.dice("errand", visit.name)
    if visit.errand:
        number, wait = dice.integer(0, 10**9), dice.uniform(25, 140)
        world.ledger.at(visit.acts[-1].time + wait, _run_errand, story, visit, visit.errand, number)
    for act in visit.acts:
        name, account, part = act.action.name, act.wallet.account, dice.uniform(0.1, 0.6)
        time = act.time + dice.uniform(9, 50)
        if name in ("swapped", "deposited") and dice.chance(0.8):
            out = "POOL" if name == "deposited" else dice.pick(("ETH", "GOV"))
            world.ledger.at(time, _trade_on_site, story, visit, account, part, out)
        elif name == "claimed_rewards":
            world.ledger.at(time + SLOT, _reward, world, account, dice.integer(1, 30))


def _run_errand(story: Story, visit: Visit, kind: str, number: int) -> None:
    story.sent[visit.name] += do(story, visit.person, visit.acts[-1].wallet, kind, number)


def _trade_on_site(story: Story, visit: Visit, account: Account, part: float, get: str) -> None:
    story.sent[visit.name] += _spend(story.world, account, part, get)


def do(story: Story, person: Person, wallet: Wallet, kind: str, number: int) -> list[Transaction]:
    """Do one ordinary thing now, as far as the wallet can: send, token, swap or deposit."""
    world, account = story.world, wallet.account
    dice = world.dice("do", wallet.address, number)
    if kind == "swap":
        if world.worth("USDX", account.address) > world.worth("ETH", account.address):
            return _spend(world, account, dice.uniform(0.1, 0.7), "ETH")
        part = int(world.held("ETH", account.address) * dice.integer(50, 500) // 1000)
        return swap(world, account, "ETH", part, dice.pick(("USDX", "GOV")))
    name = "ETH"
    if kind == "token" or (kind == "deposit" and dice.chance(0.45)):
        name = max(ASSETS, key=lambda one: world.worth(one, account.address))
    part = dice.integer(300, 960) if kind == "deposit" else dice.integer(20, 600)
    amount = world.held(name, account.address) * part // 1000
    if dice.chance(0.5):  # people like round numbers
        unit = 10 ** (DECIMALS[name] - (2 if name == "ETH" else 0))
        amount = amount // unit * unit
    if amount == 0:
        return []
    to = _deposit_address(world, person) if kind == "deposit" else _friend(story, person, dice)
    if name == "ETH":
        sent = pay(world, account, to, amount, FORWARD_GAS if to in world.deposits else 21_000)
    else:
        sent = transfer(world, name, account, to, amount)
        if sent:
            _after_transfer(world, account, name, to, dice)
    return [sent] if sent else []


def _spend(world: World, account: Account, part: float, get: str) -> list[Transaction]:
    held = world.held("USDX", account.address)
    return swap(world, account, "USDX", held * int(part * 1000) // 1000, get)


def _friend(story: Story, person: Person, dice: Dice) -> str:
    """Choose whom to pay: one of two habitual contacts, or somebody else of the site."""
    if dice.chance(0.3):
        other = dice.pick(story.people)
        if other.name != person.name:
            return other.wallets[0].address
    return stranger(story.world.scenario.preset, story.world.scenario.seed, person.name, dice.integer(0, 1))


def _deposit_address(world: World, person: Person) -> str:
    """Most pay into the exchange's own wallet, a few have an address of their own there."""
    number = int(person.name[1:])
    return (
        world.deposits[number // 5] if number % 5 == 0 and number // 5 < len(world.deposits) else world.exchange.address
    )


def _after_transfer(world: World, sender: Account, name: str, to: str, dice: Dice) -> None:
    """Sweep a deposit address after a while; copy the recipient's looks into a transfer of nothing, as poisoners do."""
    token = world.addresses[name]
    if to in world.deposits:
        flush = calls.call("flush(address)", token)
        time = world.ledger.now + dice.uniform(0.3, 3) * HOUR
        world.ledger.at(time, pay, world, world.exchange, to, 0, TRANSFER_GAS, flush)
    elif dice.chance(world.scenario.life.poisoned):
        copy_to(world, token, sender.address, lookalike(to), world.ledger.now + dice.uniform(30, 400))


def copy_to(world: World, token: str, victim: str, to: str, time: float) -> None:
    """Let the poisoner move nothing out of somebody's wallet: needs no permission, and shows in their history."""
    data = calls.call("transferFrom(address,address,uint256)", victim, to, 0)
    world.ledger.at(time, pay, world, world.poisoner, token, 0, TRANSFER_GAS, data)


def _reward(world: World, account: Account, tokens: int) -> None:
    transfer(world, "GOV", world.rewards, account.address, tokens * 10**17)


def _withdraw(story: Story) -> None:
    world, life = story.world, story.world.scenario.life
    dice = world.dice("withdraw")
    start, days = world.scenario.logs.start - life.lead, life.lead // DAY + world.scenario.logs.days
    for _ in range(life.withdrawals):
        wallet = dice.pick(dice.pick(story.people).wallets).address
        time, name, amount = moment(dice, start, days), dice.pick(("ETH", "USDX")), dice.integer(40, 1500)
        if name == "ETH":
            world.ledger.at(time, pay, world, world.exchange, wallet, amount * 10**15)
        else:
            world.ledger.at(time, transfer, world, "USDX", world.exchange, wallet, amount * 10**6)


def _airdrop(story: Story) -> None:
    """Drop a true token on many, and a false one with the name of a true one on others."""
    world, logs = story.world, story.world.scenario.logs
    dice = world.dice("airdrop")
    for name, unit, count in (("GOV", 10**18, world.scenario.life.airdrop), ("FAKE", 10**6, 25)):
        reached = dice.sample([wallet.address for person in story.people for wallet in person.wallets], count)
        parts = [(address, dice.integer(3, 40) * unit) for address in reached]
        time = moment(dice, logs.start, logs.days)
        world.ledger.at(time, give, world, name, parts, world.rewards)


def _sale(story: Story) -> None:
    """Let people pay into a token sale that began the other day: a new address shared by many, and no attacker."""
    world, logs = story.world, story.world.scenario.logs
    dice = world.dice("sale")
    owners = dice.sample(story.people, world.scenario.life.sale)
    for person in owners:
        time, part = moment(dice, logs.start, logs.days), dice.integer(5, 200) * 10**15
        world.ledger.at(time, pay, world, person.wallets[0].account, world.sale, part)


def _dust(story: Story) -> None:
    world, logs = story.world, story.world.scenario.logs
    dice = world.dice("dust")
    for person in dice.sample(story.people, world.scenario.life.dust):
        time, wei = moment(dice, logs.start, logs.days), dice.integer(1, 9999)
        world.ledger.at(time, pay, world, world.poisoner, person.wallets[0].address, wei)


def _gather(story: Story) -> None:
    """Let owners of many wallets bring them together in a new one, all within minutes: it looks like a sweep."""
    world, logs = story.world, story.world.scenario.logs
    for person in story.people:
        if len(person.wallets) < 3:
            continue
        dice = world.dice("gather", person.name)
        home = world.account(person.name, "home").address
        story.homes.append(home)
        time = moment(dice, logs.start, logs.days)
        for wallet in person.wallets:
            time += dice.uniform(30, 500)
            world.ledger.at(time, move_home, story, wallet.account, home)


def move_home(story: Story, owner: Account, home: str) -> None:
    """Let an owner bring everything to an address of their own."""
    if empty_into(story.world, owner, home, ASSETS):
        story.moved_home.setdefault(owner.address, story.world.ledger.now)
