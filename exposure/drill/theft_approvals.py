"""An attacker who got signatures: permissions given to one spender in the window, used by it in one night, hours or days later."""

from collections.abc import Sequence

from exposure.drill import calls
from exposure.drill.browsers import Exposure
from exposure.drill.contracts import load
from exposure.drill.dice import Dice
from exposure.drill.grants import Gang, Grant, ask, revoke, use
from exposure.drill.keys import Account, created_address
from exposure.drill.ledger import SLOT
from exposure.drill.life import ASSETS
from exposure.drill.moves import pay, transfer
from exposure.drill.scenario import DAY, HOUR, MINUTE, Attack, Signatures
from exposure.drill.story import Story
from exposure.drill.theft_keys import look_alikes, note_attackers
from exposure.drill.world import World

_STAKE = 2 * 10**18


def rob(story: Story, attack: Attack, exposures: Sequence[Exposure]) -> None:
    """Schedule the signatures, the revocations, and the night on which they are used."""
    world, signatures = story.world, story.world.scenario.signatures
    gang = _gang(story, attack, signatures)
    grants: list[Grant] = []
    for exposure in exposures:
        dice = world.dice("sign", exposure.wallet.address)
        if dice.chance(signatures.accept):
            time = exposure.time + dice.uniform(6, 45)
            world.ledger.at(time, _sign, story, attack, gang, exposure, dice, grants)
    world.ledger.at(attack.t2 + signatures.batch, _use, story, attack, gang, grants)
    look_alikes(story, gang.sinks[0].address)


def _gang(story: Story, attack: Attack, signatures: Signatures) -> Gang:
    """Found the attacker: an account that spends by itself, or a contract that keeps a share for its operator."""
    world = story.world
    operator = world.account("operator")
    world.fund(operator.address, _STAKE)
    sinks = [world.account("sink", number) for number in range(attack.sinks)]
    gang = Gang(operator, operator.address, sinks, signatures.operator_bps)
    if gang.bps:
        gang.spender = created_address(operator.address, 0)
        types, values = "(address,address,uint16)", (operator.address, sinks[0].address, gang.bps)
        code = calls.create(load("Drainer").bytecode, types, *values)
        world.ledger.at(attack.t1 - 3 * HOUR, world.ledger.send, operator, None, 0, code, 2_000_000)
        note_attackers(story, "sink", [operator])
    story.attackers["spender"].append(gang.spender)
    note_attackers(story, "sink", sinks)
    note_attackers(story, "collector", [world.account("collector")])
    return gang


def _sign(story: Story, attack: Attack, gang: Gang, exposure: Exposure, dice: Dice, grants: list[Grant]) -> None:
    """Let somebody confirm what the page asks for; some hear of it later and take it back."""
    world, signatures = story.world, story.world.scenario.signatures
    grant = _choose(world, signatures, gang, exposure, dice)
    if grant is None or not ask(world, gang, grant):
        return
    story.expose(exposure)
    grants.append(grant)
    if dice.chance(signatures.revoke) and grant.way in ("approve", "increase", "nft"):
        time = attack.t2 + attack.notice + dice.lognormal(90 * MINUTE, 0.7)
        world.ledger.at(time, revoke, world, gang, grant)


def _choose(world: World, signatures: Signatures, gang: Gang, exposure: Exposure, dice: Dice) -> Grant | None:
    """Choose what the page asks for: an NFT now and then, else the token that is worth most, in one of the usual ways."""
    owner = exposure.wallet.account
    deadline = world.ledger.now + 30 * DAY
    if owner.address in world.nfts and not gang.bps and dice.chance(signatures.nft):
        return Grant(owner, "nft", "NFT", 1, deadline)
    asset = max(ASSETS, key=lambda name: world.worth(name, owner.address))
    held = world.held(asset, owner.address)
    if held == 0:
        return None
    ways = ("permit", "permit2", "increase", "approve")
    permit2 = 0 if gang.bps else signatures.permit2  # a contract that splits cannot speak to Permit2
    rest = 1 - signatures.permit - permit2 - signatures.increase
    way = dice.weighted(ways, (signatures.permit, permit2, signatures.increase, rest))
    amounts = {"permit2": calls.UNLIMITED_PERMIT2, "increase": held}
    return Grant(owner, way, asset, amounts.get(way, calls.UNLIMITED), deadline)


def _use(story: Story, attack: Attack, gang: Gang, grants: Sequence[Grant]) -> None:
    """Use most of what stands and is worth it, within minutes."""
    world, signatures = story.world, story.world.scenario.signatures
    dice = world.dice("use")
    time = float(world.ledger.now)
    for grant in dice.shuffled(grants):
        worthy = grant.way == "nft" or world.worth(grant.asset, grant.owner.address) >= max(attack.value_filter, 5)
        if grant.revoked or not worthy or dice.chance(signatures.left):
            continue
        sink = dice.pick(gang.sinks).address
        world.ledger.at(time, _take, story, gang, grant, sink)
        time += dice.pick((0, 0, SLOT, 2 * SLOT))
    world.ledger.at(time + 3 * HOUR, _forward, world, gang)


def _take(story: Story, gang: Gang, grant: Grant, sink: str) -> None:
    taken = use(story.world, gang, grant, sink)
    if taken:
        token, amount, time = taken
        story.lose(grant.owner.address, token, amount, time)


def _forward(world: World, gang: Gang) -> None:
    """Give the receiving addresses ether for the fee, and gather the dollars."""
    for sink in gang.sinks:
        if pay(world, gang.operator, sink.address, 10**15):
            world.ledger.at(world.ledger.now + MINUTE, _gather, world, sink)


def _gather(world: World, sink: Account) -> None:
    transfer(world, "USDX", sink, world.account("collector").address, world.held("USDX", sink.address))
