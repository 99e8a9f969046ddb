"""Which calls answer the question at the least cost, and which of them were not made yet. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from eth_utils.crypto import keccak

# First and last block, both included.
Range = tuple[int, int]

# One part of a log query spans at most this many blocks, one of full blocks that many.
LOG_BLOCKS = 10_000
# Of what was pulled so many blocks are checked in full. Receipts of a block of mainnet are half a megabyte: it takes seconds.
MOST_BLOCKS = 16
# Of a stretch so many headers are looked at for one whose bloom filter promises more than was answered.
PROBES = 40
FULL_BLOCKS = 100
# So many full blocks take a minute or two on a public endpoint: then the first sheet already knows of plain payments.
SOON_BLOCKS = 3_000
# One run asks for at most so many full blocks (a week of mainnet, a quarter of an hour); the next run goes on with the rest.
BLOCKS_A_RUN = 50_000
# Where the attackers' money went further is worth so many calls a run, and no more.
ONWARD_CALLS, HOPS = 600, 3
# So many wallets are traced, the most urgent first, and so many transactions of all: a trace is the dearest call there is. In one
# question so many wallets are searched for.
TRACED_WALLETS, TRACED_TXS, SEARCHED_AT_ONCE = 500, 2_000, 50


def _topic(signature: str) -> str:
    return "0x" + keccak(text=signature).hex()


TRANSFER = _topic("Transfer(address,address,uint256)")
APPROVAL = _topic("Approval(address,address,uint256)")
FOR_ALL = _topic("ApprovalForAll(address,address,bool)")
SINGLE = _topic("TransferSingle(address,address,address,uint256,uint256)")
BATCH = _topic("TransferBatch(address,address,address,uint256[],uint256[])")
PERMIT2_APPROVAL = _topic("Approval(address,address,address,uint160,uint48)")
PERMIT2_PERMIT = _topic("Permit(address,address,address,uint160,uint48,uint48)")
PERMIT2_LOCKDOWN = _topic("Lockdown(address,address,address)")

# What an entry point of ERC-4337 says of an account; what a Safe says of itself.
USER_OPERATION = _topic("UserOperationEvent(bytes32,address,address,uint256,bool,uint256,uint256)")
SAFE_SUCCESS = _topic("ExecutionSuccess(bytes32,uint256)")
SAFE_FAILURE = _topic("ExecutionFailure(bytes32,uint256)")
MODULE_SUCCESS = _topic("ExecutionFromModuleSuccess(address)")
MODULE_FAILURE = _topic("ExecutionFromModuleFailure(address)")

EVENTS = (
    TRANSFER,
    APPROVAL,
    FOR_ALL,
    SINGLE,
    BATCH,
    PERMIT2_APPROVAL,
    PERMIT2_PERMIT,
    PERMIT2_LOCKDOWN,
    USER_OPERATION,
)


EMITTER = -1


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of log query: events, and the topic position that holds the addresses.

    Position 0 asks for everybody's logs; EMITTER for the logs of contracts, whatever their events where none are named.
    """

    name: str
    events: tuple[str, ...]
    position: int

    def filter(self, addresses: Sequence[str], blocks: Range) -> dict[str, object]:
        """Give the parameter of eth_getLogs."""
        if self.position == EMITTER:
            theirs: dict[str, object] = {
                "fromBlock": hex(blocks[0]),
                "toBlock": hex(blocks[1]),
                "address": list(addresses),
            }
            return {**theirs, "topics": [list(self.events)]} if self.events else theirs
        if not self.position:
            return {"fromBlock": hex(blocks[0]), "toBlock": hex(blocks[1]), "topics": [list(self.events)]}
        padded = ["0x" + "0" * 24 + address[2:] for address in addresses]
        topics: list[object] = [list(self.events), *[None] * (self.position - 1), padded]
        return {"fromBlock": hex(blocks[0]), "toBlock": hex(blocks[1]), "topics": topics}


# Candidates: what left them, what they allowed; what came to them, and their UserOperations; ERC-1155 that came to them.
# A name stands for its events: parts of a shape that asked for less have another.
CANDIDATE_SHAPES = (
    Shape("c1", (TRANSFER, APPROVAL, FOR_ALL, PERMIT2_APPROVAL, PERMIT2_PERMIT, PERMIT2_LOCKDOWN), 1),
    Shape("c4", (TRANSFER, SINGLE, BATCH, USER_OPERATION), 2),
    Shape("c3", (SINGLE, BATCH), 3),
)
# Attackers: what they passed on or moved as operators; what came to them or was allowed to them; Permit2 and ERC-1155.
ATTACKER_SHAPES = (
    Shape("a1", (TRANSFER, SINGLE, BATCH), 1),
    Shape("a4", (TRANSFER, APPROVAL, FOR_ALL, SINGLE, BATCH, USER_OPERATION), 2),
    Shape("a3", (PERMIT2_APPROVAL, PERMIT2_PERMIT, SINGLE, BATCH), 3),
)
# What left those that the attackers' money went to, and who else paid them.
ONWARD_SHAPES = (Shape("o1", (TRANSFER,), 1), Shape("o2", (SINGLE, BATCH), 2))
PAYERS_SHAPE = Shape("op", (TRANSFER,), 2)
# Who used the dapp's own contracts.
CONTRACT_SHAPE = Shape("used", (), EMITTER)
# What candidates that run code say of their own executions, as a Safe does.
SAFE_SHAPE = Shape("safe", (SAFE_SUCCESS, SAFE_FAILURE, MODULE_SUCCESS, MODULE_FAILURE), EMITTER)
# The same events of everybody, of which those of the candidates are kept: nobody learns whom we suspect.
OPEN_SHAPE = Shape("open2", tuple(dict.fromkeys(event for shape in CANDIDATE_SHAPES for event in shape.events)), 0)


@dataclass(frozen=True, slots=True)
class LogTask:
    """Logs to ask for: one shape, a list of addresses, a range of blocks. `busy`: among the addresses is one that fills answers."""

    shape: Shape
    addresses: tuple[str, ...]
    blocks: Range
    busy: bool = False

    @property
    def pattern(self) -> str:
        """Name what has a range of its own: one busy address must not narrow the range of all others."""
        return f"{self.shape.name}+" if self.busy else self.shape.name

    @property
    def listed(self) -> int:
        """Count the addresses that the query names."""
        return len(self.addresses) if self.shape.position else 1


@dataclass(frozen=True, slots=True)
class Covered:
    """One range that a shape was asked over for a set of addresses."""

    shape: str
    addresses: frozenset[str]
    blocks: Range


def merge(ranges: Iterable[Range]) -> list[Range]:
    """Join ranges that touch or overlap; sorted."""
    joined: list[Range] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def subtract(whole: Range, ranges: Iterable[Range]) -> list[Range]:
    """Give what of `whole` no range covers; nothing where `whole` is empty (ends before it begins)."""
    left, at = [], whole[0]
    for first, last in merge(ranges):
        if last < at or first > whole[1]:
            continue
        if first > at:
            left.append((at, first - 1))
        at = max(at, last + 1)
    if at <= whole[1]:
        left.append((at, whole[1]))
    return left


def size(ranges: Iterable[Range]) -> int:
    """Count blocks."""
    return sum(last - first + 1 for first, last in ranges)


def slices(whole: Range, step: int) -> list[Range]:
    """Cut a range at multiples of `step`, so that another run with other ends meets the same cuts."""
    cuts, at = [], whole[0]
    while at <= whole[1]:
        last = min(whole[1], at - at % step + step - 1)
        cuts.append((at, last))
        at = last + 1
    return cuts


def first_blocks(ranges: Iterable[Range], most: int) -> list[Range]:
    """Take the first `most` blocks of ranges, in their order."""
    taken = []
    for first, last in ranges:
        if most <= 0:
            break
        cut = (first, min(last, first + most - 1))
        most -= size([cut])
        taken.append(cut)
    return taken


def missing_ranges(
    shape: str, addresses: Collection[str], whole: Range, covered: Iterable[Covered]
) -> dict[tuple[Range, ...], list[str]]:
    """Group addresses by what of `whole` they were not asked over yet; those with nothing missing are left out."""
    groups: dict[frozenset[int], list[str]] = {}
    mine = [one for one in covered if one.shape == shape]
    by_set: dict[frozenset[str], list[Range]] = {}
    for one in mine:
        by_set.setdefault(one.addresses, []).append(one.blocks)
    sets = list(by_set)
    for address in sorted(addresses):
        groups.setdefault(frozenset(n for n, known in enumerate(sets) if address in known), []).append(address)
    found: dict[tuple[Range, ...], list[str]] = {}
    for numbers, members in groups.items():
        left = tuple(subtract(whole, [blocks for n in numbers for blocks in by_set[sets[n]]]))
        if left:
            found.setdefault(left, []).extend(members)
    return {left: sorted(members) for left, members in found.items()}


def log_tasks(
    shapes: Iterable[Shape], addresses: Collection[str], whole: Range, covered: Sequence[Covered], topics: int
) -> list[LogTask]:
    """Give the log queries that were not made yet, oldest blocks first; lists hold at most `topics` addresses."""
    tasks = []
    for shape in shapes:
        for left, members in missing_ranges(shape.name, addresses, whole, covered).items():
            lists = [tuple(members[at : at + topics]) for at in range(0, len(members), topics)]
            for blocks in left:
                cuts = slices(blocks, LOG_BLOCKS)
                tasks += [LogTask(shape, one, cut) for one in lists for cut in cuts]
    return sorted(tasks, key=lambda task: (task.blocks, task.shape.name, task.addresses))


def open_tasks(addresses: Collection[str], whole: Range, covered: Sequence[Covered]) -> list[LogTask]:
    """Give the unfiltered queries over the blocks in which some candidate was not asked about yet."""
    left = subtract(whole, answered(CANDIDATE_SHAPES, addresses, whole, covered))
    everybody = tuple(sorted(addresses))
    return [LogTask(OPEN_SHAPE, everybody, cut) for blocks in left for cut in slices(blocks, LOG_BLOCKS)]


def answered(
    shapes: Iterable[Shape], addresses: Collection[str], whole: Range, covered: Sequence[Covered]
) -> list[Range]:
    """Give the blocks over which every address was asked in every shape."""
    holes: list[Range] = []
    for shape in shapes:
        for left in missing_ranges(shape.name, addresses, whole, covered):
            holes.extend(left)
    return subtract(whole, holes)
