"""One input: any bytes as a log, in any format. Nothing may be raised, and every line is accounted for exactly once."""

from exposure.incident import LogSource
from exposure.logs.formats.known import FORMATS, detect
from exposure.logs.reading.blocks import Block, Piece, parse_block
from exposure.logs.reading.lines import clean_text, count_lines, to_lines

NAMES = sorted(FORMATS)
# A custom layout needs the text that describes it.
SETTINGS = {"custom": {"log_format": '$remote_addr - [$time_local] "$request" $status "$http_referer"'}}


def read(data: bytes) -> None:
    """Read bytes: the first line names the format, the others are the log. Raises AssertionError where a line is lost."""
    head, _, block = data.partition(b"\n")
    if not block:
        return
    named = head.decode("latin-1")
    name = named if named in FORMATS else NAMES[sum(head) % len(NAMES)]
    known = FORMATS[name]
    log = LogSource(path="fuzz.log", format=name, **SETTINGS.get(name, {}))
    piece = Piece(0, 1, block, count_lines(block))
    parsed = parse_block(Block(log, known, [piece], piece.lines))
    seen = [*parsed.records["line"], *parsed.rejects["line"], *parsed.others["line"]]
    assert sorted(set(seen)) == list(range(1, piece.lines + 1)), f"{name}: lines {sorted(seen)} of {piece.lines}"
    text = clean_text(block, 1)
    if known.scan is not None and b"\0" not in text:
        records, others = known.scan(text, 0, 1, piece.lines)
        assert sorted([*records["line"], *others["line"]]) == list(range(1, piece.lines + 1)), (
            f"{name}: lost by the scan"
        )
    detect(to_lines(block, 0, 1)["text"].to_list())
