"""The report's wallets as data for the page's own script: every row, and each wallet's story, packed to a byte budget. Pure.

Lines of JSON, gzipped and in base64: first what follows, then a line for each wallet in the page's order, then the stories in
the same order. What does not fit is counted and said, worst verdicts first: the sheet and `exposure explain` hold all.
"""

import base64
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from exposure.explain import explain, happened
from exposure.publish.report.pages import WalletRow
from exposure.tables import TABLES

# Bytes after compression; base64 makes four thirds of it, and the whole page is to stay under 2 MB.
ROWS_MOST = 820_000
WHOLE_MOST = 1_080_000
# Whose whole story is told, sightings and movements included; the others' evidence is.
STORIES = 1_000
# What a story is told from, beside what the texts look at.
STORY_READS = ("transfers", "balances", "blocks")
_STORY_TABLES = ("wallets", "sightings", "evidence", "approvals", "transfers", "balances")


@dataclass(frozen=True, slots=True)
class Packed:
    """The data block, how many wallets are in it, and of how many it has the evidence and the whole story."""

    text: str
    wallets: int
    evidence: int
    stories: int


def pack(rows: tuple[WalletRow, ...], told: Mapping[str, list[str]]) -> Packed:
    """Pack rows and stories, as many as fit. `told` are the lines of "what happened" by checksummed address."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    out = bytearray()
    shown = _add(packer, out, (_row(row) for row in rows), ROWS_MOST)
    out += packer.compress(b"\n")
    evidence = _add(packer, out, (_story(row, told) for row in rows[:shown]), WHOLE_MOST)
    out += packer.flush()
    stories = sum(1 for row in rows[:evidence] if row.address in told)
    return Packed(base64.b64encode(bytes(out)).decode(), shown, evidence, stories)


def _add(packer: "zlib._Compress", out: bytearray, lines: Iterable[object], most: int) -> int:
    """Add lines until the budget is used up; give how many."""
    count = 0
    waiting = 0
    for line in lines:
        text = (json.dumps(line, ensure_ascii=True, separators=(",", ":")) + "\n").encode()
        # What the packer still holds back is at most what was given to it since; a third of that is a cautious guess.
        waiting = waiting + len(text)
        if len(out) + waiting // 3 > most:
            break
        before = len(out)
        out += packer.compress(text)
        waiting = 0 if len(out) > before else waiting
        count += 1
    return count


def _row(row: WalletRow) -> list[object]:
    return [
        row.address,
        row.verdict,
        row.did,
        row.when,
        row.tied,
        row.harm,
        list(row.lost),
        list(row.to_save),
        row.approvals,
        row.lost_rank,
        row.save_rank,
    ]


def _story(row: WalletRow, told: Mapping[str, list[str]]) -> list[object]:
    reasons = [[reason.code, reason.weight, reason.text, reason.ref] for reason in row.reasons]
    return [reasons, row.remedy, row.not_covered, told.get(row.address, [])]


def stories(tables: Mapping[str, pl.DataFrame], rows: tuple[WalletRow, ...]) -> dict[str, list[str]]:
    """Tell what happened to the first wallets, in the words of `exposure explain`: lines by checksummed address."""
    chosen = {row.address.lower(): row.address for row in rows[:STORIES]}
    known = {name: tables.get(name, TABLES[name].frame([])) for name in _STORY_TABLES}
    parts = {name: _by_wallet(known[name], name, chosen) for name in _STORY_TABLES}
    shared = {name: tables.get(name, table.frame([])) for name, table in TABLES.items() if name not in parts}
    # Of the headers it needs those of the blocks that balances were asked at, a handful.
    asked = known["balances"].select("chain_id", "block_number").unique()
    shared["blocks"] = shared["blocks"].join(asked, on=["chain_id", "block_number"], how="semi")
    empty = {name: known[name].clear() for name in _STORY_TABLES}
    found: dict[str, list[str]] = {}
    for address, shown in chosen.items():
        mine = shared | {name: parts[name].get(address, empty[name]) for name in _STORY_TABLES}
        story = explain(mine, address)
        if story is not None:
            found[shown] = [line.strip() for line in happened(story.moments)]
    return found


def _by_wallet(frame: pl.DataFrame, name: str, chosen: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    """Give each wallet's rows; a transfer belongs to both of its ends."""
    columns = {"transfers": ("from_address", "to_address"), "approvals": ("from_address",)}.get(name, ("address",))
    found: dict[str, pl.DataFrame] = {}
    for column in columns:
        rows = frame.filter(pl.col(column).is_in(list(chosen)))
        for key, part in _groups(rows, column):
            found[key] = part if key not in found else pl.concat([found[key], part]).unique(maintain_order=True)
    return found


def _groups(rows: pl.DataFrame, column: str) -> Iterator[tuple[str, pl.DataFrame]]:
    for (key,), part in rows.partition_by(column, as_dict=True, maintain_order=True).items():
        yield str(key), part
