"""What an account can do on chain. Each does nothing and gives None where it lacks the means; else the transaction that it sent."""

from exposure.drill import calls
from exposure.drill.keys import Account
from exposure.drill.ledger import PLAIN_GAS, Transaction
from exposure.drill.people import DECIMALS, PRICES, worth
from exposure.drill.world import World

TRANSFER_GAS, APPROVE_GAS, SWAP_GAS, FORWARD_GAS = 90_000, 70_000, 260_000, 60_000


def pay(
    world: World, sender: Account, to: str, amount: int, gas: int = PLAIN_GAS, data: bytes = b""
) -> Transaction | None:
    """Send ether."""
    if amount < 0 or not world.ledger.can_pay(sender.address, gas, amount):
        return None
    return world.ledger.send(sender, to, amount, data, gas)


def transfer(world: World, name: str, sender: Account, to: str, amount: int) -> Transaction | None:
    """Send a token."""
    token = world.addresses[name]
    if amount <= 0 or world.ledger.tokens[token, sender.address] < amount:
        return None
    if not world.ledger.can_pay(sender.address, TRANSFER_GAS):
        return None
    world.ledger.tokens[token, sender.address] -= amount
    world.ledger.tokens[token, to] += amount
    data = calls.call("transfer(address,uint256)", to, amount)
    return world.ledger.send(sender, token, data=data, gas=TRANSFER_GAS)


def approve(world: World, token: str, owner: Account, spender: str, amount: int) -> Transaction | None:
    """Allow a spender so much of a token (by its address); 0 takes the permission back."""
    return allow(world, token, owner, spender, amount, "approve(address,uint256)")


def allow(world: World, token: str, owner: Account, spender: str, amount: int, signature: str) -> Transaction | None:
    """Allow a spender so much, by approve or increaseAllowance."""
    if not world.ledger.can_pay(owner.address, APPROVE_GAS):
        return None
    key = (owner.address, token, spender)
    before = world.ledger.allowed[key] if signature.startswith("increase") else 0
    world.ledger.allowed[key] = before + amount
    return world.ledger.send(owner, token, data=calls.call(signature, spender, amount), gas=APPROVE_GAS)


def swap(world: World, trader: Account, give: str, amount: int, get: str, price: float = 0.997) -> list[Transaction]:
    """Trade through the router, allowing it the token first where it is not; gives one or two transactions, or none."""
    if amount <= 0 or world.held(give, trader.address) < amount:
        return []
    if not world.ledger.can_pay(trader.address, SWAP_GAS + APPROVE_GAS, amount if give == "ETH" else 0):
        return []
    sent: list[Transaction] = []
    if give != "ETH":
        token = world.addresses[give]
        key = (trader.address, token, world.router)
        if world.ledger.allowed[key] < amount:
            unlimited = world.dice("allow", trader.address, len(world.ledger.transactions)).chance(0.6)
            allowed = approve(world, token, trader, world.router, calls.UNLIMITED if unlimited else amount)
            sent += [allowed] if allowed else []
        if world.ledger.allowed[key] != calls.UNLIMITED:
            world.ledger.allowed[key] -= amount
        world.ledger.tokens[token, trader.address] -= amount
        world.ledger.tokens[token, world.router] += amount
    out = _convert(give, amount, get, price)
    tokens = (world.token_address(give), amount, world.token_address(get), out)
    data = calls.call("swap(address,uint256,address,uint256)", *tokens)
    sent.append(world.ledger.send(trader, world.router, amount if give == "ETH" else 0, data, SWAP_GAS))
    if get == "ETH":
        world.ledger.ether[world.router] -= out
        world.ledger.ether[trader.address] += out
    else:
        world.ledger.tokens[world.addresses[get], world.router] -= out
        world.ledger.tokens[world.addresses[get], trader.address] += out
    return sent


def empty_into(world: World, owner: Account, home: str, assets: tuple[str, ...]) -> list[Transaction]:
    """Send everything that an owner holds to one address: tokens first, ether last."""
    sent = []
    for name in assets:
        moved = transfer(world, name, owner, home, world.held(name, owner.address))
        sent += [moved] if moved else []
    if world.held("ETH", owner.address) > 10**15:
        sent.append(world.ledger.send_all(owner, home))
    return sent


def _convert(give: str, amount: int, get: str, price: float) -> int:
    """Give what a trade pays, in base units; cut to nine digits, so that no float's last bit matters."""
    whole = worth({give: amount}) * price / PRICES[get]
    return int(float(f"{whole:.9g}") * 10**9) * int(10 ** DECIMALS[get]) // 10**9
