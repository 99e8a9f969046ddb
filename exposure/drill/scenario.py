"""The knobs of a drill: one frozen `Scenario` says all that is true of an incident before any dice are thrown for its people.

Times are Unix seconds (UTC), durations seconds, chances 0 to 1, money US dollars at the drill's own prices.
"""

from dataclasses import dataclass, field
from typing import Literal

from exposure.drill.sites import WALLET_SITE, Site

MINUTE, HOUR, DAY = 60, 3600, 86400
Kind = Literal["key", "approval", "quiet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Who uses the site, and how."""

    people: int = 188
    second_wallet: float = 0.13  # owners who use two wallets
    same_phrase: float = 0.7  # of those, both under one recovery phrase
    hoarders: int = 2  # owners of many wallets, who bring them together one day
    daily: float = 0.12  # people who come every day
    more_visits: float = 2.1  # others: mean visits beside the first, while logs are kept
    second_way: float = 0.12  # visits in which one comes in another way than usual
    retry: float = 0.16  # first tries that fail
    mobile: float = 0.18  # people whose IP address changes from visit to visit
    office: int = 14  # people behind one IP address with the office's few user agents
    dollars: float = 0.5  # wallets that hold the stablecoin
    governance: float = 0.3  # wallets that hold the governance token
    no_gas: float = 0.08  # wallets with tokens and next to no ether


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """What the logs hold beside people."""

    start: int = 1_772_496_000  # 2026-03-03T00:00:00Z
    days: int = 3
    offset_minutes: int = 60  # of the origin's local time
    gap: tuple[int, int] | None = (DAY + 11 * HOUR + 20 * MINUTE, 26 * MINUTE)  # origin only: after the start, how long
    monitors: int = 2  # uptime checks that fetch the file every minute
    passers_by: int = 900  # visits without a wallet
    bot_addresses: int = 320  # asked for by a bot
    bot_known: float = 0.09  # of those, wallets of our people
    checks: float = 0.4  # payments whose recipient the site looks up first: an address that is not the visitor's
    poison: int = 0  # false addresses that one client says it did X with
    scanners: int = 9
    broken: int = 34  # unreadable lines per log
    doubled: float = 0.006  # CDN lines delivered twice
    body_bytes: bool = True  # the CDN's lines also carry the size without headers

    @property
    def end(self) -> int:
        """Give the end of the logs."""
        return self.start + self.days * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """The incident. `t1` and `t2` are when the site began and ceased to serve the malicious file."""

    x: str = "entered_seed_phrase"
    t1: int = 1_772_615_561  # 2026-03-04T09:12:41Z
    t2: int = 1_772_639_228  # 2026-03-04T15:47:08Z
    capture: float = 1.0  # exposures that the payload made use of
    value_filter: float = 500.0  # what a wallet must be worth to be robbed
    asset_floor: float = 20.0  # what an asset must be worth to be taken
    delay: float = 70 * MINUTE  # median from exposure to loss
    delay_sigma: float = 1.1
    delay_max: int = 20 * HOUR
    sinks: int = 2
    known: int = 1  # of those, known to the team
    detected: int = -52 * MINUTE  # after t2
    notice: int = 33 * MINUTE  # after t2
    rescues: int = 2
    in_gap: int = 2  # victims whose exposure fell into the gap of the logs
    stale: int = 2  # people who did X with a file that their browser kept from before
    elsewhere: int = 1  # victims of the same attacker on another site
    facts: tuple[str, ...] = ("last_known_good", "first_known_good", "detected", "public_notice")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatures:
    """For approvals: what the page asks for, and what becomes of it."""

    accept: float = 0.85  # people who confirm what they are asked
    permit: float = 0.2  # of those, by a signature off the chain
    permit2: float = 0.15
    increase: float = 0.3  # increaseAllowance; the rest approve
    nft: float = 0.12  # setApprovalForAll, where one has an NFT
    operator_bps: int = 0  # above 0: a drainer contract that splits, else an account that spends itself
    batch: int = 11 * HOUR  # after t2: when the approvals are used, all at once
    left: float = 0.2  # approvals worth taking that are not used
    revoke: float = 0.25  # owners who take their approval back before that


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLife:
    """Ordinary life on chain."""

    lead: int = 8 * DAY  # before the logs start
    before: float = 0.42  # moves per wallet in that time
    errands: float = 0.15  # visits that end in a transaction (wallet site)
    withdrawals: int = 9
    airdrop: int = 38  # wallets that an airdrop reaches
    sale: int = 11  # buyers of a young token sale: a new address that many pay into
    poisoned: float = 0.25  # token transfers that an address poisoner copies
    dust: int = 5
    zero_value: int = 3  # zero-value transfers from uninvolved wallets to a sink
    messages: int = 1  # "please return my funds"
    empty_blocks: int = 76  # at the end, so that `finalized` passes the last transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One incident. `attack` is None in quiet drills; `signatures` counts for approvals only."""

    preset: str
    seed: int
    kind: Kind
    site: Site = WALLET_SITE
    crowd: Crowd = field(default_factory=Crowd)
    logs: Logs = field(default_factory=Logs)
    attack: Attack | None = field(default_factory=Attack)
    signatures: Signatures = field(default_factory=Signatures)
    life: ChainLife = field(default_factory=ChainLife)
    cache: int = 4 * HOUR  # how long browsers keep the file
    end: int = 0  # of the chain's story; 0: with the logs

    @property
    def story_end(self) -> int:
        """Give the time after which nothing happens on chain."""
        return self.end or self.logs.end

    @property
    def notice(self) -> int | None:
        """Give the time of the public notice."""
        return self.attack.t2 + self.attack.notice if self.attack else None
