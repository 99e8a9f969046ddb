"""Plain payments of one chain: by full blocks, or by nonces and balances where that is cheaper and old state is kept."""

from collections.abc import Iterable

from exposure.chain.archive import keeps_old_state, read_number
from exposure.chain.batches import ask_many
from exposure.chain.client import ARCHIVE, Client, NoEndpointError
from exposure.chain.costs import Price, block_price, delta_price, is_fast, prefer_deltas
from exposure.chain.deltas import ReadBlocks, key_of, look, points_of
from exposure.chain.history import pull_blocks
from exposure.chain.multicall import word
from exposure.chain.plan import SOON_BLOCKS, Range, first_blocks, merge, size
from exposure.chain.presets import preset_of
from exposure.chain.rpc import RefusedError
from exposure.chain.scope import Scope
from exposure.chain.state import Answers, State, code
from exposure.chain.work import Job, Stage

# Who is asked, about whom, over which blocks.
Side = tuple[Client, frozenset[str], Range]


async def ask_native(job: Job, client: Client, scope: Scope, stage: Stage) -> None:
    """Ask for the plain payments that are not known yet: of the attackers in the first stage, of everybody in the last.

    Few blocks are read in full: then the first sheet already knows of plain payments, and nothing stays unseen.
    """
    left = size(job.store.native_holes(scope))
    if not left:
        return
    if left > SOON_BLOCKS and await _ask_deltas(job, client, scope, stage):
        return
    if left <= SOON_BLOCKS or stage == "history":
        await _ask_blocks(job, client, scope)


async def _ask_blocks(job: Job, client: Client, scope: Scope) -> None:
    whole = job.store.missing_blocks(scope.native_in_order)
    missing = first_blocks(whole, job.blocks_a_run)
    if not missing:
        return
    if size(whole) > size(missing):
        job.teller.line(
            f"{job.name}: {size(whole):,} full blocks are wanted; this run asks for {size(missing):,} of them"
        )
    expected = block_price(missing, client.limits("eth_getBlockByNumber"))
    job.teller.line(f"{job.name}: {size(missing):,} full blocks, about {expected.calls:,} calls")
    await _read(job, client, scope, missing)


async def _read(job: Job, client: Client, scope: Scope, missing: list[Range]) -> None:
    interesting = frozenset(bytes.fromhex(address[2:]) for address in scope.everybody)
    with job.trying(), job.counting("full blocks", "blocks", size(missing)) as count:
        lost = await pull_blocks(client, job.store.parts, missing, interesting, count)
        if lost:
            job.tell(f"{job.name}: {lost:,} full blocks could not be read: no endpoint answers them; run again later")


async def _ask_deltas(job: Job, client: Client, scope: Scope, stage: Stage) -> bool:
    """Find the blocks of payments by nonces and balances, and read these; tell whether that was done, or begun at least.

    Where it turns out to cost more than full blocks would, these are read.
    """
    sides = _sides(job, client, scope)
    limits = client.limits("eth_getBlockByNumber")
    full = block_price(job.store.missing_blocks(scope.native), limits)
    seconds = preset_of(job.here.chain_id).block_seconds
    planned = sum((delta_price(len(who), size([blocks]), seconds, limits) for _, who, blocks in sides), Price())
    if not sides or not prefer_deltas(planned, full):
        return False
    for asked, _, blocks in sides:
        if not await keeps_old_state(asked, job.headers, max(0, blocks[0] - 1)):
            return False
    if not is_fast(seconds) and await _run_code(job, client, scope):
        return False
    mine = sides if stage == "history" else [side for side in sides if side[1] == scope.attackers]
    if not mine:
        return True
    people = sum(len(who) for _, who, _ in mine)
    job.teller.line(
        f"{job.name}: plain payments of {people:,} addresses by nonces and balances, about {planned.calls:,} calls "
        f"instead of {full.calls:,} for full blocks"
    )
    return await _bisect(job, client, scope, mine, full)


def _sides(job: Job, client: Client, scope: Scope) -> list[Side]:
    """Give whom to ask about whom; nothing where nobody may learn of the candidates."""
    given = [(client, scope.attackers, scope.attack), (job.private, scope.candidates, scope.history)]
    wanted = [side for side in given if side[1] and side[2][0] <= side[2][1]]
    sides = [(asked, who, blocks) for asked, who, blocks in wanted if asked is not None]
    return sides if len(sides) == len(wanted) else []


async def _run_code(job: Job, client: Client, scope: Scope) -> bool:
    """Tell whether an attacker is a contract: ether passes through it, and leaves no trace in nonces and balances."""
    asked = [code(one) for one in sorted(scope.attackers)]
    state = State(client, job.answers, job.here.number, preset_of(job.here.chain_id).multicall)
    with job.trying():
        await state.ask(asked, lambda _: None)
        answers = Answers(job.answers.frame())
        return any(one not in answers or answers.get(one) for one in asked)
    return True


async def _bisect(job: Job, client: Client, scope: Scope, sides: list[Side], full: Price) -> bool:
    """Ask, halve, and read what is found; False where full blocks are cheaper after all, or somebody stopped answering."""
    covered, refused, reads = ReadBlocks(job.store.covered_blocks()), set[str](), set[int]()
    pending = [(asked, one, blocks) for asked, who, blocks in sides for one in sorted(who)]
    limits = client.limits("eth_getBlockByNumber")
    with job.counting("nonces and balances", "asked", 0) as count:
        while pending:
            known = points_of(job.store.deltas.frame())
            looks = [(side, look(known.get(side[1], {}), side[2], covered)) for side in pending]
            reads |= {block for _, found in looks for block in found.read}
            level = [
                (asked, one, block)
                for (asked, one, _), found in looks
                for block in found.ask
                if key_of(one, block) not in refused
            ]
            busy = {(one, asked) for asked, one, _ in level}
            pending = [side for side in pending if (side[1], side[0]) in busy]
            # What an interrupted run has asked counts too, so that it comes to the same end.
            spent = len(level) + sum(len(known.get(one, {})) for _, who, _ in sides for one in who)
            if full < Price(-(-2 * spent // limits.batch)) + block_price(merge((one, one) for one in reads), limits):
                job.teller.line(f"{job.name}: they send and get so much that full blocks are cheaper")
                return False
            for asked, _, _ in sides:
                try:
                    refused |= await _ask_points(job, asked, [(one, at) for who, one, at in level if who is asked])
                except NoEndpointError as error:
                    job.teller.line(f"{job.name}: nonces and balances are not answered any more: {error.why}")
                    return False
            count(len(level))
    if refused:
        job.tell(f"{job.name}: {len(refused):,} questions for nonces and balances were refused; run again later")
    if reads:
        job.teller.line(f"{job.name}: they sent or got something in {len(reads):,} blocks that were not read yet")
        await _read(job, client, scope, merge((one, one) for one in reads))
    return True


async def _ask_points(job: Job, client: Client, rows: Iterable[tuple[str, int]]) -> set[str]:
    """Ask nonce and balance of addresses at blocks, and keep them; give the keys of what was refused."""
    asked = sorted(set(rows))
    params = [[one, hex(block)] for one, block in asked]
    facts, refused = job.store.deltas, set()
    try:
        nonces = await ask_many(client, "eth_getTransactionCount", params, read_number, ability=ARCHIVE)
        balances = await ask_many(client, "eth_getBalance", params, read_number, ability=ARCHIVE)
        for (one, block), nonce, balance in zip(asked, nonces, balances, strict=True):
            key = key_of(one, block)
            if isinstance(nonce, RefusedError) or isinstance(balance, RefusedError) or nonce >= 2**63:
                refused.add(key)
                continue
            facts.add({"key": key, "address": one, "block_number": block, "nonce": nonce, "balance": word(balance)})
    finally:
        facts.flush()
    return refused
