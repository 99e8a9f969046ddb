"""What happened, as the generator knows it while it plays: the source of the truth that a drill is marked against."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from exposure.drill.browsers import Exposure
from exposure.drill.ledger import Transaction
from exposure.drill.people import Person
from exposure.drill.visits import Visit
from exposure.drill.world import World


@dataclass(slots=True)
class Story:
    """The people's side (`visits`), the chain's side (`world`), and what came of it. Addresses are lowercase."""

    world: World
    people: Sequence[Person]
    visits: Sequence[Visit]
    # visit -> what its person sent on chain during it
    sent: defaultdict[str, list[Transaction]] = field(default_factory=lambda: defaultdict(list))
    # wallets whose key or signature the attacker has, by their first exposure
    exposed: dict[str, float] = field(default_factory=dict)
    # wallet -> asset as tables name it -> base units (number of NFTs)
    lost: dict[str, dict[str, int]] = field(default_factory=dict)
    harmed_at: dict[str, int] = field(default_factory=dict)
    # wallet -> when its owner brought everything to a fresh address
    moved_home: dict[str, int] = field(default_factory=dict)
    homes: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    attackers: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def lose(self, address: str, token: str, amount: int, time: int) -> None:
        """Book a loss to the attacker."""
        losses = self.lost.setdefault(address, {})
        losses[token] = losses.get(token, 0) + amount
        self.harmed_at.setdefault(address, time)

    def expose(self, exposure: Exposure) -> None:
        """Note that the attacker has this wallet's key or signature."""
        self.exposed.setdefault(exposure.wallet.address, exposure.time)
