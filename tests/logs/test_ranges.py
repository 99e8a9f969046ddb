"""A large file is cut only where a range can be read by itself, and then a range holds what it holds within the whole."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from exposure.incident import LogSource
from exposure.logs.reading.places import LocalFile
from exposure.logs.reading.ranges import Span, TornError, find_spans, from_start, read_span
from exposure.logs.reading.sources import SourceFile, hash_stored, name_files, read_blocks
from exposure.logs.reading.unpack import zstd
from tests.logs.logbook import at, combined
from tests.logs.test_w3c import IIS, iis

BLOCK = 1 << 14
LENGTH = 4 * BLOCK
LINES = "".join(combined(f"/wallet/0x{number:040x}", at(number)) + "\n" for number in range(2_000)).encode()
SKIPPED = bytes([0x50, 0x2A, 0x4D, 0x18]) + (4).to_bytes(4, "little") + b"abcd"


def file_of(folder: Path, content: bytes) -> SourceFile:
    """Write a file, and give it as it is before it is read."""
    path = folder / "access.log"
    path.write_bytes(content)
    return name_files(folder, [(LogSource(path="access.log"), LocalFile(path))])[0]


def framed(content: bytes, size: int = 10_007) -> Iterator[bytes]:
    """Pack in frames that say what they hold."""
    for begin in range(0, len(content), size):
        yield zstd.compress(content[begin : begin + size])


def streamed(content: bytes) -> bytes:
    """Pack in a frame that does not say what it holds."""
    packer = zstd.ZstdCompressor()
    return packer.compress(content) + packer.flush()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(LINES, id="plain"),
        pytest.param(LINES[: 3 * LENGTH], id="an end on the edge"),
        pytest.param(b"".join(framed(LINES)), id="frames"),
        pytest.param(SKIPPED + SKIPPED.join(framed(LINES)) + SKIPPED, id="frames with others between"),
    ],
)
def test_ranges_hold_together_what_the_whole_holds(tmp_path: Path, content: bytes) -> None:
    """Block by block; only the numbers of lines begin anew."""
    whole = [block.pieces[0].data for block in read_blocks([file_of(tmp_path, content)], BLOCK)]
    file = file_of(tmp_path, content)
    spans = find_spans(file, LENGTH, BLOCK)
    assert len(spans) > 2
    assert file.format is not None
    read = [list(read_span(file, span, BLOCK)) for span in spans]
    assert whole == [block.pieces[0].data for blocks in read for block in blocks]
    assert [1] + [2] * (len(spans) - 1) == [blocks[0].pieces[0].first for blocks in read if blocks][: len(spans)]
    assert whole == [block.pieces[0].data for span in spans for block in read_span(file, from_start(span), BLOCK)]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(LINES[:LENGTH], id="small"),
        pytest.param(gzip.compress(LINES * 4, 0), id="gz"),
        pytest.param(b"".join(framed(LINES)) + streamed(LINES), id="a frame that does not say what it holds"),
        pytest.param(zstd.compress(LINES * 4), id="one frame"),
        pytest.param(b"".join(framed(LINES))[:-9], id="frames, cut off"),
        pytest.param(b"".join(framed(LINES)) + b"more", id="frames with more behind"),
        pytest.param(LINES.decode().encode("utf-16"), id="converted"),
        pytest.param("\n".join([*IIS, *[iis()] * 2_000]).encode(), id="columns named above"),
        pytest.param(b'[{"a": 1},' + b'{"a": 2},\n' * 20_000 + b"{}]", id="a list"),
        pytest.param(bytes(range(256)) * 2_000, id="no log"),
    ],
)
def test_what_can_only_be_read_from_its_start_is_not_cut(tmp_path: Path, content: bytes) -> None:
    """It is one task, and whoever reads it finds its format or its fault."""
    file = file_of(tmp_path, content)
    assert [] == find_spans(file, LENGTH, BLOCK)
    assert (None, None, []) == (file.format, file.fault, file.remarks)


def test_frames_that_might_be_a_bomb_are_not_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One who reads from the start looks out for it."""
    file = file_of(tmp_path, b"".join(framed(LINES)))
    monkeypatch.setattr("exposure.logs.reading.ranges.FREE", 20_000)
    assert find_spans(file, LENGTH, BLOCK)
    monkeypatch.setattr("exposure.logs.reading.ranges.RATIO", 2)
    assert [] == find_spans(file, LENGTH, BLOCK)


def test_a_damaged_frame_is_read_again_from_the_start(tmp_path: Path) -> None:
    """How much of it can be read depends on where one began."""
    frames = list(framed(LINES))
    frames[15] = frames[15][:40] + b"#####" + frames[15][45:]
    file = file_of(tmp_path, b"".join(frames))
    spans = find_spans(file, LENGTH, BLOCK)
    hurt = next(span for span in spans if span.begin <= 15 * 10_007 < (span.end or 1 << 30))
    with pytest.raises(TornError):
        list(read_span(file, hurt, BLOCK))
    list(read_span(file, from_start(hurt), BLOCK))
    assert "the zst data is damaged" == file.damage


def test_a_file_that_became_shorter_or_longer_is_said(tmp_path: Path) -> None:
    """What it had when it was cut into ranges counts."""
    file = file_of(tmp_path, LINES)
    assert find_spans(file, LENGTH, BLOCK)
    list(read_span(file, Span(LENGTH, None, LENGTH - 1, LENGTH - 1, len(LINES) + 7), BLOCK))
    assert "it became shorter while it was read" == file.damage
    hash_stored(file, len(LINES) - 7)
    assert [f"it grew while it was read: what follows its first {len(LINES) - 7:,} bytes was not read"] == file.remarks
