"""Lines are numbered as `sed -n` numbers them, and no byte of a log can stop the reading."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.logs.reading.lines import LONGEST_LINE, to_lines, whole_lines


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (b"a\nb\n", [(1, "a"), (2, "b")]),
        (b"a\nb", [(1, "a"), (2, "b")]),
        (b"a\r\n\r\nb\r\n", [(1, "a"), (2, ""), (3, "b")]),
        (b"\xef\xbb\xbfa\n", [(1, "a")]),
        (b"\xef\xbb\xbf", [(1, "")]),
        (b"a\xff\xfeb\nc\n", [(1, "a\ufffd\ufffdb"), (2, "c")]),
        (b"a\xe2\n\x82b\n", [(1, "a\ufffd"), (2, "\ufffdb")]),
        (b"\0\0\0a\0b\0\n\0\n", [(1, "a\0b"), (2, "")]),
        (b"a\x0bb\x0cc\xc2\x85d\xe2\x80\xa8e\rf\n", [(1, "a\x0bb\x0cc\x85d\u2028e\rf")]),
        (b"\n\n", [(1, ""), (2, "")]),
    ],
    ids=["plain", "no end", "crlf", "mark", "only mark", "bad utf-8", "torn utf-8", "nul", "other breaks", "empty"],
)
def test_lines_end_at_line_feeds_only(block: bytes, expected: list[tuple[int, str]]) -> None:
    """What else looks like the end of a line somewhere would shift every number behind it."""
    assert expected == to_lines(block, 0, 1).select("line", "text").rows()


def test_a_later_block_goes_on_counting_and_keeps_a_mark_that_is_no_start() -> None:
    """Only the first bytes of a file can be a byte order mark."""
    assert [(7, 41, "\ufeffa"), (7, 42, "b")] == to_lines(b"\xef\xbb\xbfa\nb\n", 7, 41).rows()


@settings(max_examples=200)
@given(
    lines=st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"")), max_size=40),
    feed=st.booleans(),
    size=st.integers(8, 64),
    chunk=st.integers(1, 50),
)
def test_a_block_is_the_same_wherever_one_begins_to_read(lines: list[bytes], feed: bool, size: int, chunk: int) -> None:
    """However long its lines are and however it comes in; together the blocks are all there is."""
    content = b"\n".join(lines) + b"\n" * feed

    def read(begin: int, end: int | None) -> list[bytes]:
        ahead = content[max(begin - 1, 0) :]
        chunks = iter([ahead[at : at + chunk] for at in range(0, len(ahead), chunk)])
        return list(whole_lines(chunks, size, begin, end))

    whole = read(0, None)
    assert content == b"".join(whole)
    assert all(block.endswith(b"\n") for block in whole[:-1])
    begins = range(0, len(content) + 2 * size, 2 * size)
    assert whole == [block for begin in begins for block in read(begin, begin + 2 * size)]


@pytest.mark.parametrize("chunk", [1 << 20, 777_777])
def test_of_an_endless_line_the_same_start_is_kept(chunk: int) -> None:
    """One byte more than a line may have, however it comes in, and the next line is read."""
    size = 1 << 18
    content = b"a\n" + b"x" * (3 << 20) + b"\nb\n"
    chunks = [content[at : at + chunk] for at in range(0, len(content), chunk)]
    kept = b"x" * (LONGEST_LINE + 1) + b"\n"
    assert [b"a\n" + kept, b"b\n"] == list(whole_lines(iter(chunks), size))
    assert [b"b\n"] == list(whole_lines(iter([content[size - 1 :]]), size, size))
