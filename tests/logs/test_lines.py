"""Lines are numbered as `sed -n` numbers them, and no byte of a log can stop the reading."""

import pytest

from exposure.logs.reading.lines import to_lines


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
