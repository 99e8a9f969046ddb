"""Two formats in one file: what the file's own format refuses is read in the other one that knows it. Pure."""

from collections import Counter
from dataclasses import dataclass, field

import polars as pl

from exposure.logs.formats.known import asked_for, detect, parse
from exposure.logs.formats.records import LINES, Parsed, join
from exposure.logs.reading.blocks import Block, parse_block

# Torn lines are fewer; above this part of a source's lines in a block, another format is looked for.
_MANY = 0.05
_SAMPLE = 200


@dataclass(slots=True)
class Others:
    """Lines of a second format, by source and its name: those that it read, and those that only look so."""

    read: Counter[tuple[int, str]] = field(default_factory=Counter)
    alike: Counter[tuple[int, str]] = field(default_factory=Counter)

    def update(self, more: "Others") -> None:
        """Count more of them."""
        self.read.update(more.read)
        self.alike.update(more.alike)


def parse_mixed(block: Block) -> tuple[Parsed, Others]:
    """Read a block in its format, and where that refuses many lines of a source, those in the other that most of them are in.

    A format that incident.toml names is the only one used; then it is said what the others look like. So are those whose
    columns are named by a line of the file. What the second format refuses too keeps the first one's reason.
    """
    parsed, others = parse_block(block), Others()
    refused = parsed.rejects.group_by("source").len().sort("source")
    for source, number in refused.iter_rows():
        if number > _MANY * sum(piece.lines for piece in block.pieces if piece.source == source):
            parsed = _read_again(parsed, others, source, block)
    return parsed, others


def _read_again(parsed: Parsed, others: Others, source: int, block: Block) -> Parsed:
    mine = parsed.rejects.filter(pl.col("source") == source).sort("line")
    texts = mine.get_column("text")
    second = detect(texts.gather_every(max(1, len(texts) // _SAMPLE)).to_list(), without=block.format)
    if second is None:
        return parsed
    if asked_for(block.log) is not None or second.header:
        others.alike[source, second.name] += mine.height
        return parsed
    again = parse(mine.select(list(LINES)), second, block.log)
    others.read[source, second.name] += mine.height - again.rejects.height
    place = ["source", "line"]
    still = mine.join(again.rejects, on=place, how="semi")
    rest = parsed.rejects.filter(pl.col("source") != source)
    return join(
        [
            Parsed(parsed.records, pl.concat([rest, still]), parsed.others),
            Parsed(again.records, others=again.others),
        ]
    )
