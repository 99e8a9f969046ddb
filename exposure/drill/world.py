"""The chain's first day: contracts, tokens, an exchange, and what everybody holds before the story begins."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from exposure.amounts import NATIVE
from exposure.drill import calls
from exposure.drill.contracts import PLACES, load
from exposure.drill.dice import Dice
from exposure.drill.keys import Account, created_address, derive, stranger
from exposure.drill.ledger import SLOT, Ledger
from exposure.drill.people import DECIMALS, Wallet, worth
from exposure.drill.scenario import DAY, HOUR, Scenario

MULTICALL = PLACES["Multicall3"]
PERMIT2 = PLACES["Permit2Lookalike"]
CHAIN_ID = 1
# name -> (long name, symbol, decimals); FAKE calls itself what USDX is called: anybody can.
TOKENS = {
    "USDX": ("Drill Dollar", "USDX", 6),
    "GOV": ("Drill Governance", "GOV", 18),
    "FAKE": ("Drill Dollar", "USDX", 6),
    "POOL": ("Drill Pool Share", "POOL", 18),
}
_DEPOSIT_ADDRESSES = 6
_MINTS_PER_CALL = 90
_STOCK = 10**6
_RICH = 3000 * 10**18


@dataclass(slots=True)
class World:
    """Everything on chain that is not somebody's wallet. `addresses` gives a token's address by its name."""

    scenario: Scenario
    ledger: Ledger
    genesis: int
    addresses: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    balances: dict[str, int] = field(default_factory=dict)
    router: str = ""
    nft: str = ""
    nfts: dict[str, int] = field(default_factory=dict)
    deposits: list[str] = field(default_factory=list)
    deployer: Account = field(default_factory=lambda: derive("unset"))
    exchange: Account = field(default_factory=lambda: derive("unset"))
    rewards: Account = field(default_factory=lambda: derive("unset"))
    poisoner: Account = field(default_factory=lambda: derive("unset"))
    sale: str = ""

    def dice(self, *names: object) -> Dice:
        """Start a stream of draws of this scenario."""
        return Dice(self.scenario.preset, self.scenario.seed, *names)

    def account(self, *names: object) -> Account:
        """Make an account of this scenario."""
        return derive(self.scenario.preset, self.scenario.seed, *names)

    def asset(self, name: str) -> str:
        """Give the ledger's name of an asset: a token's address, or "ETH"."""
        return "ETH" if name == "ETH" else self.addresses[name]

    def token_address(self, name: str) -> str:
        """Give the address that tables use: NATIVE for ether."""
        return NATIVE if name == "ETH" else self.addresses[name]

    def held(self, name: str, address: str) -> int:
        """Give what an address holds of an asset, in base units."""
        return self.ledger.held(self.asset(name), address)

    def worth(self, name: str, address: str) -> float:
        """Give what that is worth, in US dollars."""
        return worth({name: self.held(name, address)})

    def fund(self, address: str, wei: int) -> None:
        """Give ether to an address before the story begins."""
        self.balances[address] = self.balances.get(address, 0) + wei
        self.ledger.ether[address] += wei


def build(scenario: Scenario, wallets: Sequence[Wallet]) -> World:
    """Found the world: contracts a month before the story, tokens to those who hold them from the start.

    Gives it with its first hour played; whatever else is to happen is yet to be scheduled.
    """
    genesis = scenario.logs.start - scenario.life.lead - 30 * DAY
    world = World(scenario, Ledger(Dice(scenario.preset, scenario.seed, "fees"), genesis), genesis)
    world.deployer, world.exchange = world.account("deployer"), world.account("exchange")
    world.rewards, world.poisoner = world.account("rewards"), world.account("poisoner")
    world.sale = stranger(scenario.preset, scenario.seed, "sale")
    for account in (world.deployer, world.exchange, world.rewards):
        world.fund(account.address, _RICH)
    world.fund(world.poisoner.address, 10**17)
    for wallet in wallets:
        world.fund(wallet.address, dict(wallet.purse)["ETH"])
    for name, place in PLACES.items():
        world.codes[place] = load(name).runtime
    world.ledger.at(genesis + SLOT, _deploy, world)
    world.ledger.at(genesis + HOUR, _mint, world, wallets)
    world.ledger.run()
    return world


def _deploy(world: World) -> None:
    for name, (long_name, symbol, decimals) in TOKENS.items():
        code = calls.create(load("TestToken").bytecode, "(string,string,uint8)", long_name, symbol, decimals)
        world.addresses[name] = _create(world, code)
    world.router = _create(world, calls.create(load("Router").bytecode, "()"))
    world.fund(world.router, _RICH)
    forwarder = load("Forwarder").bytecode
    for _ in range(_DEPOSIT_ADDRESSES):
        world.deposits.append(_create(world, calls.create(forwarder, "(address)", world.exchange.address)))
    if world.scenario.kind == "approval":
        world.nft = _create(world, calls.create(load("TestNft").bytecode, "(string,string)", "Drill Cats", "CATS"))


def _create(world: World, code: bytes) -> str:
    sent = world.ledger.send(world.deployer, None, data=code, gas=3_000_000)
    return created_address(world.deployer.address, sent.nonce)


def _mint(world: World, wallets: Sequence[Wallet]) -> None:
    for name in ("USDX", "GOV"):
        stock = [(address, _STOCK * 10 ** DECIMALS[name]) for address in _stocked(world)]
        purses = ((wallet.address, dict(wallet.purse).get(name, 0)) for wallet in wallets)
        give(world, name, [*stock, *(part for part in purses if part[1])])
    give(world, "POOL", [(world.router, _STOCK * 10**18)])
    if world.nft:
        owners = [wallet.address for wallet in wallets if wallet.nft]
        world.nfts = {address: number for number, address in enumerate(owners, start=1)}
        mints = [calls.call("mint(address,uint256)", address, number) for address, number in world.nfts.items()]
        for chunk in _chunks(mints):
            _multicall(world, world.deployer, world.nft, chunk)


def _stocked(world: World) -> Iterable[str]:
    return (world.router, world.exchange.address, world.rewards.address)


def give(world: World, name: str, parts: Sequence[tuple[str, int]], sender: Account | None = None) -> None:
    """Mint a token to many at once, as at a launch or an airdrop."""
    token = world.addresses[name]
    mints = [calls.call("mint(address,uint256)", address, amount) for address, amount in parts]
    for chunk in _chunks(mints):
        _multicall(world, sender or world.deployer, token, chunk)
    for address, amount in parts:
        world.ledger.tokens[token, address] += amount


def _multicall(world: World, sender: Account, target: str, data: list[bytes]) -> None:
    world.ledger.send(sender, MULTICALL, data=calls.aggregate(target, data), gas=120_000 + 75_000 * len(data))


def _chunks(items: Sequence[bytes]) -> Iterable[list[bytes]]:
    for start in range(0, len(items), _MINTS_PER_CALL):
        yield list(items[start : start + _MINTS_PER_CALL])
