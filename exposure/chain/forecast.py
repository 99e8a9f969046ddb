"""What a pull would cost before anything is asked, who would learn which addresses, and what it would not see. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from exposure.chain.costs import (
    BLOCKS_A_DAY,
    TXS_A_DAY,
    Price,
    block_price,
    delta_price,
    is_fast,
    log_price,
    prefer_deltas,
    state_price,
)
from exposure.chain.limits import FIRST_RANGE, Limits
from exposure.chain.plan import (
    ATTACKER_SHAPES,
    BLOCKS_A_RUN,
    CANDIDATE_SHAPES,
    HOPS,
    LOG_BLOCKS,
    MOST_BLOCKS,
    ONWARD_CALLS,
    ONWARD_SHAPES,
    PROBES,
    SEARCHED_AT_ONCE,
    SOON_BLOCKS,
    TRACED_TXS,
    TRACED_WALLETS,
    Covered,
    LogTask,
    Range,
    log_tasks,
    open_tasks,
    size,
    slices,
    subtract,
)

# The head, the chain's id and the search for the blocks of three times.
SEARCH_CALLS = 30
# Of each transaction of a wallet the receipt is asked for.
TX_BYTES = 1_500
RECEIPTS_BYTES, HEADER_BYTES = 700_000, 1_000
# What a recipient of the attackers' money is, who pays it, who sent what left it, and whether that succeeded.
HOP_CALLS = 6
# The trace of a transaction of some ten calls.
TRACE_BYTES = 8_000


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be pulled of one chain: how many of whom, over which blocks, and what is known already.

    `contracts` says whether one of the attackers is known to be one. `at_t1` says that what wallets held at T1 is asked too.
    `offline`: exported files stand for every endpoint, so that nothing is asked; `lacking` says what these do not hold.
    """

    name: str
    attackers: Sequence[str]
    candidates: Sequence[str]
    blocks: Range
    limits: Limits = field(default_factory=Limits)
    trusted: tuple[str, ...] = ()
    untrusted: tuple[str, ...] = ()
    covered: Sequence[Covered] = ()
    covered_blocks: Sequence[Range] = ()
    # How many wallets the last assessment says must act: those are traced.
    flagged: int = 0
    block_seconds: float = 12.0
    contracts: bool = False
    at_t1: bool = False
    offline: bool = False
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a plan: what it asks, its price, and who learns whom we ask about (`nobody` where no address is named)."""

    layer: str
    how: str
    price: Price
    learns: str


def forecast(asked: Question, *, allow_untrusted: bool = False, head_only: bool = False) -> list[Step]:
    """Give the steps of the cheapest plan of one chain, in the order in which they are asked; what is known costs nothing.

    `head_only` is for a chain of which nothing but balances, nonces and code is asked.
    """
    if asked.offline:
        return []
    every = ", ".join((*asked.trusted, *asked.untrusted)) or "nobody"
    private = every if allow_untrusted else ", ".join(asked.trusted)
    topics = asked.limits.topics
    theirs = log_tasks(ATTACKER_SHAPES, asked.attackers, asked.blocks, asked.covered, topics) if asked.attackers else []
    steps = [
        Step("blocks of the times", "search by time", Price(SEARCH_CALLS, SEARCH_CALLS * 1_000), "nobody"),
        Step("attackers' logs", "by their addresses", log_price(theirs, asked.limits), f"attackers: {every}"),
    ]
    if private:
        steps.append(
            Step(
                "state",
                "Multicall3, nonces, code",
                state_price(len(asked.candidates), asked.limits),
                f"wallets: {private}",
            )
        )
    if head_only:
        return [step for step in steps if step.layer in ("blocks of the times", "state")]
    if asked.candidates:
        steps.append(_candidates(asked, private))
    missing = subtract(asked.blocks, asked.covered_blocks)
    steps.append(_native(asked, private, every))
    if private and asked.at_t1 and asked.candidates and asked.limits.archive is not False:
        where = "" if asked.limits.archive else ", where old state is kept"
        price = state_price(len(asked.candidates), asked.limits)
        steps.append(Step("state at T1", f"as at the head{where}", price, f"wallets: {private}"))
    steps.append(
        Step("check", "a sample of blocks against their receipts", _check_price(missing, asked.limits), "nobody")
    )
    receipts = len(asked.candidates) * TXS_A_DAY * size(missing) // BLOCKS_A_DAY
    if private and receipts:
        price = Price(-(-receipts // asked.limits.batch), receipts * TX_BYTES)
        steps.append(
            Step("receipts", "of the wallets' transactions, if each has one a day", price, f"wallets: {private}")
        )
    if asked.attackers:
        how = f"three hops at most, stopping at services and after {ONWARD_CALLS:,} calls"
        steps.append(Step("attackers' money", how, _onward_price(asked), f"attackers: {every}"))
    if private and asked.flagged:
        how = "traces of the wallets that must act, where an endpoint gives them"
        steps.append(Step("internal ETH", how, _trace_price(asked), f"wallets: {private}"))
    return steps


def _onward_price(asked: Question) -> Price:
    """Give what one recipient a hop costs to follow: most trails are short."""
    trail = tuple(asked.attackers[:1])
    tasks = [LogTask(shape, trail, cut) for shape in ONWARD_SHAPES for cut in slices(asked.blocks, LOG_BLOCKS)]
    hop = log_price(tasks, asked.limits) + Price(HOP_CALLS, HOP_CALLS * TX_BYTES)
    return Price(min(ONWARD_CALLS, HOPS * hop.calls), HOPS * hop.bytes)


def _trace_price(asked: Question) -> Price:
    """Give what a search for the wallets costs, and the traces of one transaction a day of each."""
    wallets = min(asked.flagged, TRACED_WALLETS)
    days = -(-size([asked.blocks]) // BLOCKS_A_DAY)
    searches = (
        2
        * -(-wallets // SEARCHED_AT_ONCE)
        * -(-size([asked.blocks]) // asked.limits.ranges.get("trace_filter", FIRST_RANGE))
    )
    traced = min(wallets * TXS_A_DAY * days, TRACED_TXS)
    return Price(searches + -(-traced // asked.limits.batch), searches * TX_BYTES + traced * TRACE_BYTES)


def _deltas(asked: Question, private: str) -> tuple[Price, bool]:
    """Price plain payments by nonces and balances, and tell whether they would be asked for so, were old state kept."""
    missing = subtract(asked.blocks, asked.covered_blocks)
    people = len(asked.candidates) + len(asked.attackers)
    price = delta_price(people, size([asked.blocks]), asked.block_seconds, asked.limits)
    hidden = asked.contracts and not is_fast(asked.block_seconds)
    worth = size(missing) > SOON_BLOCKS and prefer_deltas(price, block_price(missing, asked.limits))
    return price, worth and not hidden and bool(private or not asked.candidates)


def _native(asked: Question, private: str, every: str) -> Step:
    """Choose between full blocks, and nonces and balances."""
    price, chosen = _deltas(asked, private)
    if chosen and asked.limits.archive:
        learned = f"wallets: {private or 'nobody'}; attackers: {every}"
        return Step("plain payments", "nonces and balances, and the blocks where they change", price, learned)
    how = "plain payments, EIP-7702"
    if chosen and asked.limits.archive is None:
        how += f"; {price.calls:,} calls for nonces and balances instead where old state is kept"
    missing = subtract(asked.blocks, asked.covered_blocks)
    return Step("full blocks", how, block_price(missing, asked.limits), "nobody")


def _check_price(missing: Sequence[Range], limits: Limits) -> Price:
    """Give what the checks of two stages cost at most: of each stretch two blocks with their receipts, and headers before."""
    cuts = min(sum(len(slices(blocks, LOG_BLOCKS)) for blocks in missing), MOST_BLOCKS // 2)
    headers = min(size(missing), PROBES * cuts)
    calls = 2 * (cuts * 2 * 2 + -(-headers // limits.batch))
    return Price(calls, 2 * (cuts * 2 * RECEIPTS_BYTES + headers * HEADER_BYTES))


def _candidates(asked: Question, private: str) -> Step:
    """Choose between lists of addresses and everybody's logs."""
    listed = log_price(
        log_tasks(CANDIDATE_SHAPES, asked.candidates, asked.blocks, asked.covered, asked.limits.topics), asked.limits
    )
    everybodys = log_price(open_tasks(asked.candidates, asked.blocks, asked.covered), asked.limits)
    if not private or everybodys < listed:
        return Step("candidates' logs", "everybody's, kept where they are theirs", everybodys, "nobody")
    return Step("candidates' logs", "by their addresses", listed, f"wallets: {private}")


def blind_spots(asked: Question, *, allow_untrusted: bool = False) -> list[str]:
    """Say what the plan will not see."""
    if asked.offline:
        traced, lacking = "", [f"{asked.name}: {what}" for what in asked.lacking]
    else:
        traced, lacking = ", except of wallets that must act where there are traces", list[str]()
    spots = [
        *lacking,
        f"{asked.name}: ETH that contracts send on (internal transfers){traced}",
        f"{asked.name}: signatures that nobody has used yet (permits, orders) stand on no chain",
        f"{asked.name}: holdings of tokens that did not move or were not approved in these blocks",
        f"{asked.name}: where the attackers' money went beyond three hops, or through services",
    ]
    if asked.offline:
        return spots
    if not (asked.trusted or allow_untrusted):
        spots.insert(
            0,
            f"{asked.name}: what wallets hold and allow: no endpoint is trusted (trusted = true, or --allow-untrusted)",
        )
    private = bool(asked.trusted or allow_untrusted)
    if asked.limits.archive is False and asked.at_t1:
        spots.append(f"{asked.name}: what wallets held at T1: no endpoint keeps the state of old blocks")
    if asked.limits.archive and _deltas(asked, "any" if private else "")[1]:
        spots.append(
            f"{asked.name}: messages of nothing, and ETH that wallets which no log shows sent through contracts of attackers: "
            "full blocks are not read"
        )
    elif size(subtract(asked.blocks, asked.covered_blocks)) > BLOCKS_A_RUN:
        spots.append(
            f"{asked.name}: one run reads {BLOCKS_A_RUN:,} full blocks; plain payments in the others wait for the next runs"
        )
    return spots


def total(steps: Sequence[Step]) -> Price:
    """Sum the prices of steps."""
    return sum((step.price for step in steps), Price())
