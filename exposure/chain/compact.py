"""Many small parts -> few: whoever pulls every block for a week must not read a hundred thousand files each time.

Parts of the same question whose blocks follow one another become one. Only those deep below the head are touched: a
reorganisation takes away the whole part in which it ends.
"""

from collections.abc import Iterator, Sequence

from exposure.chain.audit import AUDITED, DISPUTED
from exposure.chain.parts import Facts, Part, Parts

# So many small parts in a row become one; one of so many blocks is small no more.
MANY, LARGE = 16, 1_024
# So deep nothing was ever reorganised on any chain that finalizes.
DEEP = 128


def compact(parts: Parts, head: int) -> int:
    """Join small parts of one chain whose head is given; gives how many files fewer there are. What parts hold stays the same."""
    joined = 0
    for run in [*_runs(parts.logs(), head), *_runs(parts.blocks(), head)]:
        _join(parts, run)
        joined += len(run) - 1
    return joined


def _runs(parts: Sequence[Part], head: int) -> Iterator[list[Part]]:
    """Give the parts of one question that lie one behind the other, MANY at a time."""
    deep = [part for part in parts if part.blocks[1] <= head - DEEP and part.shape != DISPUTED]
    small = [part for part in deep if part.blocks[1] - part.blocks[0] < LARGE]
    run: list[Part] = []
    for part in sorted(small, key=lambda part: (part.shape, part.addresses, part.blocks)):
        follows = run and (run[-1].shape, run[-1].addresses) == (part.shape, part.addresses)
        if not (follows and part.blocks[0] == run[-1].blocks[1] + 1):
            run = []
        run.append(part)
        if len(run) == MANY:
            yield run
            run = []


def _join(parts: Parts, run: Sequence[Part]) -> None:
    """Write one part in the place of several. Killed in between, both are there, and hold the same."""
    before = {part.path.name for part in (*parts.logs(), *parts.blocks())}
    blocks, rejected = (run[0].blocks[0], run[-1].blocks[1]), sum(part.rejected for part in run)
    if run[0].shape:
        frame = parts.read(run)
        end_hash = bytes.fromhex(run[-1].end_hash)
        parts.write_logs(run[0].shape, sorted(parts.addresses(run[0].addresses)), blocks, end_hash, frame, rejected)
    else:
        headers, txs, auths = (parts.read(run, kind) for kind in ("headers", "txs", "auths"))
        parts.write_blocks(blocks, headers, txs, auths, rejected)
    audited = Facts(parts.folder / "audited", AUDITED, "part")
    if all(part.path.name in audited for part in run):
        for part in (*parts.logs(), *parts.blocks()):
            if part.path.name not in before:
                audited.add({"part": part.path.name})
        audited.flush()
    for part in run:
        (parts.drop if part.shape else parts.drop_whole)(part)
