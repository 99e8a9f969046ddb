"""Where the attackers' money went: up to three hops on, stopping at services, from what is known by now. Pure.

A recipient is judged by what the chain shows: what very many strangers pay, or what has sent very many transactions, is a
service (an exchange, a bridge, a mixer), and a contract that strangers use is an ordinary one. Money that reaches either is
everybody's, and nothing that leaves it is followed. What leaves a wallet after the attackers' money came is followed whole:
the chain does not tell which ether is which. A transfer counts only where the money's holder made it: anyone can emit a log in
another's name.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from exposure.amounts import NATIVE, sum_by
from exposure.chain.authorizations import delegate_of
from exposure.chain.multicall import read_uint
from exposure.chain.plan import HOPS
from exposure.chain.services import service_name
from exposure.chain.state import Answers, Question, code, nonce

# Of so many addresses what left them is asked, the greatest receivers first: a budget of calls, whatever the trail.
FOLLOWED_MOST = 100
# More movements than these in one incident are a service's.
FLOWS_MOST = 1_000
# So many independent payers make a service of a plain account. A thief's that collects from others' victims may have them too.
STRANGERS_ACCOUNT, STRANGERS_CONTRACT = 100, 10
# An account that sent so many transactions is a service.
SENT_MOST = 50_000
# What attackers send for gas, and what nobody sends for its worth (wei).
GAS_MOST, DUST = 5 * 10**16, 10**13
_NOBODY = ("0x" + "0" * 40, "0x" + "0" * 36 + "dead")

_BY = ("from_address", "to_address", "token_address", "token_id")
_HIDDEN = ("hidden", "it runs code, or may: the ETH that it sends on is not visible without traces")
_BUDGET = ("budget", f"{FOLLOWED_MOST} addresses are followed, the greatest receivers first")
_UNASKED = ("not_asked", "nobody was asked what it is, or what left it")


class Known(Protocol):
    """What is known of one chain."""

    chain_id: int
    answers: Answers
    # Whether any endpoint can be asked: exported files tell nothing of codes and nonces.
    asks: bool

    def outflows(self, arrivals: Mapping[str, int]) -> pl.DataFrame:
        """Give what left addresses since a block each: build.MOVES, transaction_from, transaction_to, timestamp."""

    def unasked(self, arrivals: Mapping[str, int]) -> frozenset[str]:
        """Give those of some addresses of which nobody was asked what left them."""

    def hidden(self, arrivals: Mapping[str, int]) -> frozenset[str]:
        """Give those of some addresses that run code, or may, and whose ETH nobody followed by traces."""

    def strangers(self, arrivals: Mapping[str, int], apart: Collection[str]) -> Mapping[str, int | None]:
        """Count who paid or called addresses, without those of `apart`; null where nobody was asked."""


@dataclass(frozen=True, slots=True)
class Origins:
    """Where the trail begins: the attackers that hold money, since a block; and who is never followed.

    `hostile` are all attackers' addresses, `payers` who paid an attacker, `wallets` those that the case is about: attackers look
    at their own wallets too, so that money is followed through one unless it paid an attacker, or nobody may learn of it (`mute`).
    """

    attackers: tuple[str, ...]
    since: int
    hostile: frozenset[str]
    wallets: frozenset[str]
    payers: frozenset[str]
    mute: bool = False


@dataclass(slots=True)
class Trail:
    """What was found, and what has to be asked before more can be.

    `rows` are those of table `onward`, by hop; `pretended` movements were made by strangers and left out; `followed` addresses
    have been followed beside the origins, `cut` were too many. Missing is what left `unasked` addresses (since a block), what
    `unjudged` recipients are, who sent `unsent` transactions, and what ETH `hidden` contracts sent on.
    """

    rows: list[pl.DataFrame] = field(default_factory=list)
    followed: int = 0
    cut: int = 0
    pretended: int = 0
    unasked: dict[str, int] = field(default_factory=dict)
    unjudged: dict[str, int] = field(default_factory=dict)
    unsent: frozenset[str] = frozenset()
    hidden: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Receipt:
    """What one recipient got in one hop."""

    address: str
    block: int
    wei: int
    tokens: int


def follow(origins: Origins, known: Known) -> Trail:
    """Follow the money as far as what is known goes. No attackers give an empty trail."""
    trail = Trail()
    frontier = dict.fromkeys(origins.attackers, origins.since)
    been = set(frontier)
    for hop in range(1, HOPS + 1):
        if not frontier:
            break
        flows, ends = _flows(trail, origins, known, frontier, been)
        if trail.rows:
            trail.rows[-1] = _stopped(trail.rows[-1], ends)
        received = _received(flows)
        judged = _judge_all(trail, origins, known, received, hop, been, flows)
        trail.rows.append(_rows(flows, hop, judged, known))
        going_on = [one for one in received if judged[one.address] is None]
        going_on.sort(key=_by_worth)
        room = max(0, FOLLOWED_MOST - trail.followed)
        frontier = {one.address: one.block for one in going_on[:room]}
        trail.followed += len(frontier)
        trail.cut += len(going_on) - len(frontier)
        been |= set(frontier)
        beyond = {one.address: _BUDGET for one in going_on[room:]}
        trail.rows[-1] = _stopped(trail.rows[-1], beyond)
    return trail


def _flows(
    trail: Trail, origins: Origins, known: Known, frontier: dict[str, int], been: set[str]
) -> tuple[pl.DataFrame, dict[str, tuple[str, str]]]:
    """Give what left the frontier by its holders' will, and why the trail stops at those that it does not leave."""
    missing = known.unasked(frontier)
    trail.unasked |= {one: frontier[one] for one in missing}
    every = known.outflows({one: block for one, block in frontier.items() if one not in missing})
    trail.hidden |= {one: frontier[one] for one in known.hidden(frontier)}
    moved = every.filter((pl.col("value") != "0") & (pl.col("to_address") != pl.col("from_address")))
    counts = dict(moved.group_by("from_address").len().iter_rows())
    busy = {one: n for one, n in counts.items() if n > FLOWS_MOST and one not in origins.attackers}
    moved = moved.filter(~pl.col("from_address").is_in(sorted(busy)))
    sent = pl.col("transaction_from")
    trail.unsent |= frozenset(moved.filter(sent.is_null()).get_column("transaction_hash"))
    contracts = [one for one in frontier if kind_of(one, known.answers) == "contract"]
    # Whoever calls the attackers' own contract serves them. What strangers make another contract pay is the strangers'.
    theirs = pl.col("from_address").is_in([one for one in contracts if one in origins.hostile])
    called = (pl.col("transaction_to") == pl.col("from_address")) | (pl.col("token_address") == NATIVE)
    own = (sent.is_in(sorted(been | origins.hostile)) | (theirs & called)).fill_null(value=False)
    others = moved.filter(~own & sent.is_not_null())
    trail.pretended += others.height
    own_moves = moved.filter(own)
    silent = set(frontier) - missing - set(busy) - set(own_moves.get_column("from_address"))
    ends = dict.fromkeys(silent, ("rests", "nothing left it by the pinned block"))
    ends |= {one: _HIDDEN for one in silent if one in trail.hidden}
    made = dict(others.filter(pl.col("from_address").is_in(contracts)).group_by("from_address").len().iter_rows())
    ends |= {
        one: ("contract", f"others made what left it: {n:,} movements") for one, n in made.items() if one in silent
    }
    ends |= {one: ("service", f"{number:,} movements left it") for one, number in busy.items()}
    ends |= dict.fromkeys(missing, _UNASKED)
    return own_moves, ends


def _received(flows: pl.DataFrame) -> list[_Receipt]:
    """Sum what each recipient got."""
    native = flows.filter(pl.col("token_address") == NATIVE)
    wei = {to: int(value) for to, value in sum_by(native, ["to_address"]).iter_rows()}
    by = flows.group_by("to_address").agg(
        pl.col("block_number").min(),
        tokens=pl.col("token_address").filter(pl.col("token_address") != NATIVE).n_unique(),
    )
    return [_Receipt(to, block, wei.get(to, 0), tokens) for to, block, tokens in by.sort("to_address").iter_rows()]


def _by_worth(one: _Receipt) -> tuple[int, int, str]:
    return -one.wei, -one.tokens, one.address


Verdict = tuple[str, str] | None


def _judge_all(
    trail: Trail,
    origins: Origins,
    known: Known,
    received: Iterable[_Receipt],
    hop: int,
    been: set[str],
    flows: pl.DataFrame,
) -> dict[str, Verdict]:
    """Say of each recipient why the trail stops there; None where it goes on."""
    tokens = set(flows.get_column("token_address"))
    settled = {one.address: _settled(origins, known, one, been, tokens) for one in received}
    open_ = sorted((one for one in received if settled[one.address] is None), key=_by_worth)
    # Whoever pays thousands must not cost thousands of questions: the greatest receivers are asked about.
    room = 2 * max(0, FOLLOWED_MOST - trail.followed)
    trail.cut += len(open_[room:])
    settled |= {one.address: _BUDGET for one in open_[room:]}
    asked = {one.address: one.block for one in open_[:room]}
    strangers = known.strangers(asked, been | origins.hostile | origins.payers)
    judged: dict[str, Verdict] = {}
    for address, verdict in settled.items():
        if verdict is not None:
            judged[address] = verdict
        elif strangers[address] is None or (known.asks and any(one not in known.answers for one in about(address))):
            trail.unjudged[address] = asked[address]
            judged[address] = _UNASKED
        else:
            judged[address] = _judge(known, address, strangers[address] or 0, hop)
    return judged


def about(address: str) -> tuple[Question, Question]:
    """Give what is asked of a recipient at the head."""
    return code(address), nonce(address)


def _settled(origins: Origins, known: Known, one: _Receipt, been: set[str], tokens: set[str]) -> Verdict:
    """Say where the trail stops without a question."""
    name = service_name(known.chain_id, one.address)
    if one.address in origins.hostile:
        return "attacker", "an address of the attackers: followed from there"
    if one.address in been:
        return "seen", "followed already, from an earlier hop"
    if one.address in _NOBODY:
        return "burned", "nobody holds this address"
    if name is not None:
        return "service", f"known by name: {name}"
    if one.address in tokens:
        return "contract", "a token's own contract"
    small = not one.tokens and one.wei <= GAS_MOST
    if not one.tokens and one.wei <= DUST:
        return "dust", "nothing of worth went there"
    if small and one.address in origins.payers:
        return "gas", "it paid the attackers, and got no more than gas from them"
    if one.address in origins.wallets and one.address in origins.payers:
        return "wallet", "a wallet of this case, which paid the attackers too"
    if one.address in origins.wallets and origins.mute:
        return "wallet", "a wallet of this case, and no endpoint may learn of it"
    return None


def _judge(known: Known, address: str, strangers: int, hop: int) -> Verdict:
    """Say by what the chain shows whether an address is a service."""
    sent = read_uint(known.answers.get(nonce(address))) or 0
    contract = kind_of(address, known.answers) == "contract"
    if contract and strangers >= STRANGERS_CONTRACT:
        return "contract", f"{strangers:,} others use this contract"
    if not contract and sent >= SENT_MOST:
        return "service", f"it has sent {sent:,} transactions"
    if not contract and strangers >= STRANGERS_ACCOUNT:
        return "service", f"{strangers:,} others paid it in the blocks read"
    return ("hops", f"{HOPS} hops are followed") if hop == HOPS else None


def kind_of(address: str, answers: Answers) -> str | None:
    """Say what kind of account it is; None where nobody was asked."""
    if code(address) not in answers:
        return None
    has = answers.get(code(address))
    if not has:
        return "eoa"
    return "eip7702" if delegate_of(has) is not None else "contract"


def _rows(flows: pl.DataFrame, hop: int, judged: Mapping[str, Verdict], known: Known) -> pl.DataFrame:
    """Sum the flows of one hop: one row for each pair of addresses and asset."""
    sums = sum_by(flows.with_columns(pl.col("token_id").fill_null("")), _BY)
    spans = flows.with_columns(pl.col("token_id").fill_null("")).group_by(_BY)
    times = spans.agg(
        pl.col("standard").first(),
        first=pl.col("timestamp").min(),
        last=pl.col("timestamp").max(),
        transactions=pl.col("transaction_hash").n_unique().cast(pl.UInt32),
    )
    rows = sums.join(times, on=_BY, how="left").with_columns(
        token_id=pl.when(pl.col("token_id") != "").then("token_id"), hop=pl.lit(hop, pl.UInt32)
    )
    kinds = [kind_of(one, known.answers) for one in rows.get_column("to_address")]
    ends = [judged[one] or (None, None) for one in rows.get_column("to_address")]
    return rows.with_columns(
        pl.Series("kind", kinds, pl.String),
        pl.Series("stop", [end[0] for end in ends], pl.String),
        pl.Series("why", [end[1] for end in ends], pl.String),
    )


def _stopped(rows: pl.DataFrame, ends: Mapping[str, tuple[str, str]]) -> pl.DataFrame:
    """Write why the trail stops at some recipients at which it seemed to go on."""
    open_ends = pl.col("stop").is_null() & pl.col("to_address").is_in(sorted(ends))
    stop, why = ({to: end[n] for to, end in ends.items()} for n in (0, 1))
    to = pl.col("to_address")
    return rows.with_columns(
        stop=pl.when(open_ends).then(to.replace_strict(stop, default=None, return_dtype=pl.String)).otherwise("stop"),
        why=pl.when(open_ends).then(to.replace_strict(why, default=None, return_dtype=pl.String)).otherwise("why"),
    )
