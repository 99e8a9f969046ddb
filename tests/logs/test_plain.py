"""Text in any dress becomes UTF-8 with line feeds, however it is cut into chunks."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exposure.logs.reading.plain import dress, peek, to_plain
from exposure.logs.reading.unpack import DamagedError

LINES = st.lists(
    st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]), max_size=9), min_size=2
)


def convert(content: bytes, size: int) -> str:
    """Convert content that comes in chunks of so many bytes."""
    chunks = (content[start : start + size] for start in range(0, len(content), size))
    head, again = peek(chunks, 16)
    assert content[:16] == head
    return b"".join(to_plain(again, dress(head))).decode()


@given(lines=LINES, encoding=st.sampled_from(["utf-16", "utf-32"]), size=st.integers(1, 9))
def test_marked_text_is_read_as_it_was_written(lines: list[str], encoding: str, size: int) -> None:
    """A character may be cut in the middle."""
    text = "\n".join(["first", *lines])
    assert text == convert(text.encode(encoding), size)


@given(lines=LINES, size=st.integers(1, 9))
def test_lines_that_end_in_carriage_returns_are_lines(lines: list[str], size: int) -> None:
    """Their number is kept, also where the file goes on with both further down."""
    text = "\r".join(["first", "second", *lines])
    plain = "\n".join(["first", "second", *lines, "third", "fourth"])
    assert plain == convert((text + "\rthird\r\nfourth").encode(), size)


@pytest.mark.parametrize("text", [b"a\r\nb\r\n", b"a\nb\rc", b"a\r", b"", b"\xef\xbb\xbfa\n"])
def test_what_needs_nothing_is_left_alone(text: bytes) -> None:
    """Carriage returns before or between line feeds are `sed`'s."""
    assert "" == dress(text)


def test_half_a_character_and_lone_surrogates_are_replaced() -> None:
    """A log that was cut, or written by a program that cuts, stops nothing."""
    assert "a\N{REPLACEMENT CHARACTER}" == convert("a€".encode("utf-16")[:-1], 3)
    assert "a\N{REPLACEMENT CHARACTER}b" == convert(b"\xff\xfea\0\x00\xd8b\0", 1)


def test_damage_near_the_start_does_not_hide_what_came_before() -> None:
    """The first bytes are given, then the damage."""

    def broken() -> Iterator[bytes]:
        yield b"one\n"
        raise DamagedError("broken")

    head, again = peek(broken(), 100)
    assert (b"one\n", b"one\n") == (head, next(again))
    with pytest.raises(DamagedError, match="broken"):
        next(again)
